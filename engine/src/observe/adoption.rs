//! What an object that is nobody's would be as ours: who must let go of what, and what the server makes of it then.
//!
//! No single dry-run shows that, because fields go only after they have changed hands. So the outcome is put together here, and
//! tried on the server as a change of the object's content.

use serde_json::{Value, json};

use super::object::{Tried, try_apply};
use super::stand_in::StandIn;
use crate::cluster::error::Cause;
use crate::cluster::{Cluster, ClusterError, Status};
use engine_core::object::{Object, field_managers, marks};
use engine_core::observation::takeover::{self, FieldSteps};
use engine_core::observation::{Check, State, Takeover};

/// How often the server may name further fields that stand in the way.
const ROUNDS: usize = 3;

/// The parts of metadata that an apply changes.
const METADATA: [&str; 3] = ["annotations", "finalizers", "labels"];

/// Looks at an object that is there and nobody's.
pub(super) async fn observe(object: &Object, live: Value, cluster: &Cluster) -> Result<State, ClusterError> {
    if let Some(why) = reason_against(object, &live) {
        return Ok(State::Unadoptable { why });
    }
    match try_apply(object, cluster).await? {
        Tried::Taken(proposed) => {
            let Some(sent) = field_managers::ours(&proposed).map(|ours| ours.fields().clone()) else {
                return Ok(unadoptable("the server does not say who owns its fields"));
            };
            let outcome = RunSummary { object, live, sent };
            outcome.of(Some(proposed), Vec::new(), cluster).await
        }
        Tried::Refused(status) => beside_others(object, live, &status, cluster).await,
        // It was deleted meanwhile.
        Tried::WouldCreate => Ok(State::Absent {
            check: Check::Accepted,
        }),
        Tried::NotServed => Ok(unadoptable("the server does not serve its kind any more")),
    }
}

fn unadoptable(why: &str) -> State {
    State::Unadoptable { why: why.to_owned() }
}

fn reason_against(object: &Object, live: &Value) -> Option<String> {
    let kind = &object.id().kind;
    if marks::is_terminating(live) {
        return Some("it is being deleted".to_owned());
    }
    if let Some(owner) = controller(live) {
        return Some(format!("it belongs to {owner}"));
    }
    let holds_data = kind.is("", "PersistentVolumeClaim") || kind.is("", "PersistentVolume");
    holds_data.then(|| "it may hold somebody's data".to_owned())
}

fn controller(live: &Value) -> Option<String> {
    let owners = live["metadata"]["ownerReferences"].as_array()?;
    let owner = owners.iter().find(|owner| owner["controller"] == true)?;
    let text = |field: &str| owner[field].as_str().unwrap_or_default();
    Some(format!("{}/{}", text("kind"), text("name")))
}

/// The server refuses ours beside what is there: finds the foreign fields that exclude ours.
async fn beside_others(
    object: &Object,
    live: Value,
    status: &Status,
    cluster: &Cluster,
) -> Result<State, ClusterError> {
    let refused = State::Refused {
        message: status.to_string(),
    };
    let immutable = super::immutable::immutable_fields(status);
    if let Some(first) = immutable.first() {
        return Ok(State::Unadoptable {
            why: format!(
                "the server does not change its `{}` in place ({})",
                first.field, first.why
            ),
        });
    }
    // Ours alone must be valid, and its field set says what we would send.
    let Ok(alone) = anew(object, cluster).await? else {
        return Ok(refused);
    };
    let Some(sent) = field_managers::ours(&alone).map(|ours| ours.fields().clone()) else {
        return Ok(refused);
    };
    let outcome = RunSummary { object, live, sent };
    let mut excluded = Vec::new();
    let mut causes = status.details.causes.clone();
    for _ in 0..ROUNDS {
        let Some(more) = outcome.in_the_way(&causes) else {
            return Ok(refused);
        };
        excluded.extend(more);
        match outcome.of(None, excluded.clone(), cluster).await? {
            State::Refused { .. } => {
                // The server may have more to say once the first fault is gone.
                let Err(status) = outcome
                    .tried(&outcome.content(None, &excluded).0, cluster)
                    .await?
                else {
                    return Ok(refused);
                };
                causes.clone_from(&status.details.causes);
            }
            state => return Ok(state),
        }
    }
    Ok(refused)
}

/// What the server would make of an object under another name, or why it does not say.
pub(super) async fn anew(object: &Object, cluster: &Cluster) -> Result<Result<Value, String>, ClusterError> {
    let stand_in = StandIn::beside(object);
    match cluster.dry_run(&stand_in.id, &stand_in.json).await {
        Ok(applied) if applied.created => {
            let mut anew = applied.object()?;
            anew["metadata"]["name"] = json!(object.id().name);
            super::node_port::put_back(&mut anew, &object.json());
            Ok(Ok(anew))
        }
        Ok(_) => Ok(Err(format!("{} is there", stand_in.id))),
        Err(ClusterError::Refused { status, .. }) => Ok(Err(stand_in.in_its_own_words(&status.to_string()))),
        Err(error) => Err(error),
    }
}

/// An object, and what we would send of it.
struct RunSummary<'a> {
    object: &'a Object,
    live: Value,
    sent: Value,
}

impl RunSummary<'_> {
    /// The foreign fields that the server's complaints are about; `None` when one cannot be explained so.
    fn in_the_way(&self, causes: &[Cause]) -> Option<Vec<FieldSteps>> {
        if causes.is_empty() {
            return None;
        }
        let mut found = Vec::new();
        for cause in causes {
            let fields = takeover::beside(&self.live, &self.sent, &cause.field);
            if fields.is_empty() {
                return None;
            }
            found.extend(fields);
        }
        Some(found)
    }

    /// What the object would be. `applied` is the server's answer to the apply alone, when it took that.
    async fn of(
        &self,
        applied: Option<Value>,
        excluded: Vec<FieldSteps>,
        cluster: &Cluster,
    ) -> Result<State, ClusterError> {
        let was_taken = applied.is_some();
        let (content, removed) = self.content(applied, &excluded);
        let proposed = if was_taken && removed.is_empty() {
            content
        } else {
            match self.tried(&content, cluster).await? {
                Ok(proposed) => proposed,
                Err(status) => {
                    return Ok(match super::immutable::immutable_fields(&status).first() {
                        Some(first) => State::Unadoptable {
                            why: format!(
                                "the server does not change its `{}` in place ({})",
                                first.field, first.why
                            ),
                        },
                        None => State::Refused {
                            message: status.to_string(),
                        },
                    });
                }
            }
        };
        Ok(State::Adoptable {
            live: self.live.clone(),
            proposed,
            takeover: Takeover { excluded, removed },
        })
    }

    /// The object with ours in it, and without what goes.
    fn content(
        &self,
        applied: Option<Value>,
        excluded: &[FieldSteps],
    ) -> (Value, Vec<engine_core::object::path::Path>) {
        let mut content = applied.unwrap_or_else(|| {
            let mut content = self.live.clone();
            takeover::lay_over(&mut content, &self.object.json(), &self.sent);
            content
        });
        let api_version = self.object.id().kind.api_version();
        let removed = match takeover::managers_after(&self.live, &api_version, excluded) {
            Some(managers) => takeover::strip(&mut content, &managers, &self.sent),
            None => Vec::new(),
        };
        // The number of replicas is handed over, whoever set it.
        if self.object.json()["spec"]["replicas"].is_null() && self.live["spec"]["replicas"].is_i64() {
            content["spec"]["replicas"] = self.live["spec"]["replicas"].clone();
        }
        (content, removed)
    }

    /// Lets the server check the content, and fill in its defaults.
    async fn tried(
        &self,
        content: &Value,
        cluster: &Cluster,
    ) -> Result<Result<Value, Box<Status>>, ClusterError> {
        let operations = operations(&self.live, content);
        match cluster.dry_run_patch(self.object.id(), &operations).await {
            Ok(proposed) => Ok(Ok(proposed)),
            Err(ClusterError::Refused { status, .. }) => Ok(Err(status)),
            Err(error) => Err(error),
        }
    }
}

/// The operations that give an object another content.
fn operations(live: &Value, content: &Value) -> Value {
    let mut operations = vec![json!({"op": "test", "path": "/metadata/uid", "value": marks::uid(live)})];
    let mut set = |parent: &str, name: &str, before: Option<&Value>, after: Option<&Value>| {
        let path = format!("{parent}/{}", name.replace('~', "~0").replace('/', "~1"));
        match (before, after) {
            (before, after) if before == after => {}
            (_, Some(value)) => operations.push(json!({"op": "add", "path": path, "value": value})),
            (_, None) => operations.push(json!({"op": "remove", "path": path})),
        }
    };
    for name in METADATA {
        set(
            "/metadata",
            name,
            live["metadata"].get(name),
            content["metadata"].get(name),
        );
    }
    let names = |value: &Value| -> Vec<String> {
        let fields = value.as_object();
        fields
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .collect()
    };
    let mut all = [names(live), names(content)].concat();
    all.sort();
    all.dedup();
    for name in all {
        if !matches!(name.as_str(), "apiVersion" | "kind" | "metadata" | "status") {
            set("", &name, live.get(&name), content.get(&name));
        }
    }
    Value::Array(operations)
}

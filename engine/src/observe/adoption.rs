//! Determines whether an object that nothing manages can be adopted, and the result.
//!
//! No single dry-run shows that, because an apply removes only fields that our entry already owns. So the result is built
//! here and dry-run as a patch of the content.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::dry_run::{ABSENT, DryRun, apply, recreate};
use super::immutable::immutable_fields;
use crate::cluster::error::Cause;
use crate::cluster::{Cluster, ClusterError, Status};
use engine_core::object::field_managers::ours;
use engine_core::object::field_set::FieldSet;
use engine_core::object::path::Path;
use engine_core::object::{Object, marks};
use engine_core::observation::State;
use engine_core::observation::adoption::{self, Adoption};

/// Number of times that the server may name further fields that exclude ours.
const ROUNDS: usize = 3;

/// The parts of metadata that an apply changes.
const METADATA: [&str; 3] = ["annotations", "finalizers", "labels"];

/// Observes an object that exists and that nothing manages.
pub(super) async fn observe(object: &Object, live: Value, cluster: &Cluster) -> Result<State, ClusterError> {
    if let Some(why) = obstacle(object, &live) {
        return Ok(State::Unadoptable { why });
    }
    match apply(object, cluster).await? {
        DryRun::Applied(proposed) => {
            let Some(sent) = sent_fields(&proposed) else {
                return Ok(unadoptable("the server did not report its managed fields"));
            };
            let candidate = Candidate { object, live, sent };
            candidate.observe(Some(proposed), Vec::new(), cluster).await
        }
        DryRun::Refused(status) => without_exclusive_fields(object, live, &status, cluster).await,
        // It has been deleted in the meantime.
        DryRun::WouldCreate => Ok(ABSENT),
        DryRun::NotServed => Ok(unadoptable("the server no longer serves its kind")),
    }
}

fn unadoptable(why: &str) -> State {
    State::Unadoptable { why: why.to_owned() }
}

/// Returns the fields that an apply sends, from the server's response to one.
fn sent_fields(applied: &Value) -> Option<FieldSet<'static>> {
    ours(applied).map(|ours| ours.fields().into_owned())
}

fn obstacle(object: &Object, live: &Value) -> Option<String> {
    let kind = &object.id().kind;
    if marks::is_terminating(live) {
        return Some("it is being deleted".to_owned());
    }
    if let Some(owner) = controller(live) {
        return Some(format!("it is controlled by {owner}"));
    }
    let holds_data = kind.is("", "PersistentVolumeClaim") || kind.is("", "PersistentVolume");
    holds_data.then(|| "it may hold data".to_owned())
}

fn controller(live: &Value) -> Option<String> {
    let owners = live["metadata"]["ownerReferences"].as_array()?;
    let owner = owners.iter().find(|owner| owner["controller"] == true)?;
    let text = |field: &str| owner[field].as_str().unwrap_or_default();
    Some(format!("{}/{}", text("kind"), text("name")))
}

/// Finds the foreign fields that exclude ours, after the server has refused the apply.
async fn without_exclusive_fields(
    object: &Object,
    live: Value,
    status: &Status,
    cluster: &Cluster,
) -> Result<State, ClusterError> {
    let refusal = state_of_refusal(status);
    if matches!(refusal, State::Unadoptable { .. }) {
        return Ok(refusal);
    }
    // Our configuration must be valid on its own; the field set of the result lists what we would send.
    let Ok(alone) = recreate(object, cluster).await? else {
        return Ok(refusal);
    };
    let Some(sent) = sent_fields(&alone) else {
        return Ok(refusal);
    };
    let candidate = Candidate { object, live, sent };
    let mut excluded = Vec::new();
    let mut causes = status.details.causes.clone();
    for _ in 0..ROUNDS {
        let Some(more) = candidate.exclusive_fields(&causes) else {
            return Ok(refusal);
        };
        excluded.extend(more);
        match candidate.observe(None, excluded.clone(), cluster).await? {
            State::Refused { .. } => {
                // The server may report more errors once the first one is fixed.
                let (content, _) = candidate.content(None, &excluded);
                let Err(status) = candidate.dry_run(&content, cluster).await? else {
                    return Ok(refusal);
                };
                causes.clone_from(&status.details.causes);
            }
            state => return Ok(state),
        }
    }
    Ok(refusal)
}

fn state_of_refusal(status: &Status) -> State {
    match immutable_fields(status).first() {
        Some(first) => State::Unadoptable {
            why: format!("`{}` cannot be changed in place ({})", first.field, first.why),
        },
        None => State::Refused {
            message: status.to_string(),
        },
    }
}

/// A candidate for adoption.
struct Candidate<'a> {
    object: &'a Object,
    live: Value,
    /// The fields that an apply sends.
    sent: FieldSet<'static>,
}

impl Candidate<'_> {
    /// Returns the foreign fields that the server rejects together with ours; `None` when a cause has another reason.
    fn exclusive_fields(&self, causes: &[Cause]) -> Option<Vec<Path>> {
        let mut found = Vec::new();
        for cause in causes {
            let fields = adoption::exclusive_fields(&self.live, &self.sent, &cause.field);
            if fields.is_empty() {
                return None;
            }
            found.extend(fields);
        }
        (!found.is_empty()).then_some(found)
    }

    /// Observes the result of the adoption. `applied` is the server's response to the plain apply, if it accepted that.
    async fn observe(
        &self,
        applied: Option<Value>,
        excluded: Vec<Path>,
        cluster: &Cluster,
    ) -> Result<State, ClusterError> {
        let was_applied = applied.is_some();
        let (content, removed) = self.content(applied, &excluded);
        let proposed = if was_applied && removed.is_empty() {
            content
        } else {
            match self.dry_run(&content, cluster).await? {
                Ok(proposed) => proposed,
                Err(status) => return Ok(state_of_refusal(&status)),
            }
        };
        Ok(State::Adoptable {
            live: self.live.clone(),
            proposed,
            adoption: Adoption { excluded, removed },
        })
    }

    /// Returns the object with our configuration and without the removed fields, and those fields.
    fn content(&self, applied: Option<Value>, excluded: &[Path]) -> (Value, Vec<Path>) {
        let desired = self.object.json();
        let mut content = applied.unwrap_or_else(|| {
            let mut content = self.live.clone();
            adoption::merge(&mut content, &desired, &self.sent);
            content
        });
        let api_version = self.object.id().kind.api_version();
        let removed = match adoption::migrated_managers(&self.live, &api_version, excluded) {
            Some(migrated) => adoption::prune(&mut content, &migrated, &self.sent),
            None => Vec::new(),
        };
        // The number of replicas is handed over, no matter which field manager set it.
        if desired["spec"]["replicas"].is_null() && self.live["spec"]["replicas"].is_i64() {
            content["spec"]["replicas"] = self.live["spec"]["replicas"].clone();
        }
        (content, removed)
    }

    /// Lets the server check the content and fill in its defaults.
    async fn dry_run(
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

/// Builds the JSON patch from the live object to its new content.
fn operations<'a>(live: &'a Value, content: &'a Value) -> Value {
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
    let names = |value: &'a Value| value.as_object().into_iter().flat_map(Map::keys);
    let all: BTreeSet<&String> = names(live).chain(names(content)).collect();
    for name in all {
        if !matches!(name.as_str(), "apiVersion" | "kind" | "metadata" | "status") {
            set("", name, live.get(name), content.get(name));
        }
    }
    Value::Array(operations)
}

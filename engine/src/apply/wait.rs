//! Waits until an object is current or gone, and reports what delays it.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use serde_json::Value;
use tokio::time::Instant;

use super::Run;
use super::event::Event;
use super::summary::ObjectError;
use crate::cluster::ClusterError;
use engine_core::object::{ObjectId, kind_of, marks};
use engine_core::status::pods::{Cause, Outlook, current_revision, explain};
use engine_core::status::{self, Status};

/// Interval between two reads of an object.
const PAUSE: Duration = Duration::from_millis(300);

/// Delay before the first message and between messages: shorter waits are not worth reporting.
const QUIET_FOR: Duration = Duration::from_secs(2);

/// How long to wait on a cause that rarely resolves by itself before giving up.
const STUCK_FOR: Duration = Duration::from_mins(1);

/// Conditions that show what remains in a namespace that is being deleted.
const REMAINS: [&str; 2] = ["NamespaceContentRemaining", "NamespaceFinalizersRemaining"];

/// The messages of one wait.
struct Story<'a> {
    id: &'a ObjectId,
    run: &'a Run<'a>,
    told: Option<String>,
    quiet_since: Instant,
}

impl<'a> Story<'a> {
    fn begin(id: &'a ObjectId, run: &'a Run<'a>) -> Self {
        Self {
            id,
            run,
            told: None,
            quiet_since: Instant::now(),
        }
    }

    fn tell(&mut self, message: &str) {
        if self.quiet_since.elapsed() < QUIET_FOR || self.told.as_deref() == Some(message) {
            return;
        }
        self.run.tell(Event::Waiting {
            id: self.id.clone(),
            cause: message.to_owned(),
        });
        self.told = Some(message.to_owned());
        self.quiet_since = Instant::now();
    }

    /// Reports the end of the wait, if the wait was reported at all.
    fn end(&self) {
        if self.told.is_some() {
            self.run.tell(Event::Ready { id: self.id.clone() });
        }
    }
}

/// Waits until an object is current. `live` is the object as just written, if it was.
pub(super) async fn wait(id: &ObjectId, live: Option<Value>, run: &Run<'_>) -> Result<(), ObjectError> {
    if !status::has_rule(&id.kind) {
        return Ok(());
    }
    let mut live = live.map(Arc::new);
    let mut story = Story::begin(id, run);
    let mut stuck_since: Option<Instant> = None;
    // An object that was just written needs a read that begins now; for others, any read of this run will do.
    let mut since = if live.is_some() { Instant::now() } else { run.begun };
    loop {
        let is_just_written = live.is_some();
        let object = match live.take() {
            Some(object) => object,
            None => match run.poller.read(id, since, run.cluster).await {
                Ok(Some(object)) => object,
                Ok(None) => return Err(not_ready("it was deleted before it became ready")),
                Err(error) => return Err(ObjectError::Failed(error.to_string())),
            },
        };
        let message = match status::status(&id.kind, &object) {
            Status::Current => {
                story.end();
                return Ok(());
            }
            Status::InProgress { message } => message,
            Status::Failed { message } => return Err(not_ready(message)),
        };
        // An object that was just written has no pods yet that could show a cause.
        let cause = if is_just_written {
            None
        } else {
            cause(id, &object, run).await
        };
        // A run may wait for hundreds of objects: none stays in memory during the pause.
        drop(object);
        let outlook = cause.as_ref().map_or(Outlook::Passing, |cause| cause.outlook);
        let message = match cause {
            Some(cause) => format!("{message}: {}", cause.message),
            None => message,
        };
        if outlook == Outlook::Stuck {
            stuck_since.get_or_insert_with(Instant::now);
        } else {
            stuck_since = None;
        }
        let has_no_hope =
            outlook == Outlook::Hopeless || stuck_since.is_some_and(|since| since.elapsed() > STUCK_FOR);
        if has_no_hope {
            return Err(not_ready(message));
        }
        story.tell(&message);
        if !run.pause(PAUSE).await {
            return Err(not_ready(format!("not ready in time: {message}")));
        }
        since = Instant::now();
    }
}

/// Waits until a deleted object is gone, or another object has its name.
pub(super) async fn wait_until_gone(id: &ObjectId, uid: &str, run: &Run<'_>) -> Result<(), ObjectError> {
    let mut story = Story::begin(id, run);
    loop {
        let look = run.poller.read(id, Instant::now(), run.cluster).await;
        let live = look.map_err(|error| ObjectError::Failed(error.to_string()))?;
        let holds = live
            .filter(|live| marks::uid(live) == uid)
            .map(|live| what_holds(&live));
        match holds {
            Some(why) => wait_on(&why, &mut story, run).await?,
            None => return Ok(()),
        }
    }
}

/// Waits until no object has this name; with a UID, until that object no longer has it.
pub(super) async fn wait_until_free(
    id: &ObjectId,
    uid: Option<&str>,
    run: &Run<'_>,
) -> Result<(), ObjectError> {
    let mut story = Story::begin(id, run);
    loop {
        let read = run.cluster.read(id).await;
        let live = read.map_err(|error| ObjectError::Failed(error.to_string()))?;
        let holds = live
            .filter(|live| uid.is_none_or(|uid| marks::uid(live) == uid))
            .map(|live| what_holds(&live));
        match holds {
            Some(why) => wait_on(&why, &mut story, run).await?,
            None => return Ok(()),
        }
    }
}

async fn wait_on(why: &str, story: &mut Story<'_>, run: &Run<'_>) -> Result<(), ObjectError> {
    story.tell(why);
    if run.pause(PAUSE).await {
        Ok(())
    } else {
        Err(not_ready(format!("not gone in time: {why}")))
    }
}

fn not_ready(why: impl Into<String>) -> ObjectError {
    ObjectError::NotReady(why.into())
}

fn what_holds(live: &Value) -> String {
    let names = |list: &Value| {
        let names: Vec<String> = list
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        names.join("`, `")
    };
    let finalizers = names(&live["metadata"]["finalizers"]);
    let conditions = live["status"]["conditions"].as_array();
    let of_namespace = |condition: &&Value| {
        let kind = condition["type"].as_str().unwrap_or_default();
        condition["status"] == "True" && REMAINS.contains(&kind)
    };
    let remaining: Vec<&str> = conditions
        .into_iter()
        .flatten()
        .filter(of_namespace)
        .filter_map(|condition| condition["message"].as_str())
        .collect();
    if !remaining.is_empty() {
        remaining.join("; ")
    } else if finalizers.is_empty() {
        "being deleted".to_owned()
    } else {
        format!("being deleted, finalizer `{finalizers}`")
    }
}

/// Finds the cause in an object's pods and claims. If they cannot be read, the wait continues without a cause.
async fn cause(id: &ObjectId, object: &Value, run: &Run<'_>) -> Option<Cause> {
    if !status::runs_pods(&id.kind) {
        return None;
    }
    let namespace = id.namespace.as_deref();
    let selector = selector(object)?;
    // Pods of earlier revisions may be failing for reasons that are already fixed.
    let sets = if id.kind.is("apps", "Deployment") {
        run.cluster
            .list(&kind_of::<ReplicaSet>(), namespace, &selector)
            .await
            .ok()?
    } else {
        Vec::new()
    };
    let revision = current_revision(object, &sets)?;
    let pods = run
        .cluster
        .list(&kind_of::<Pod>(), namespace, &format!("{selector},{revision}"))
        .await
        .ok()?;
    let cause = explain(&pods)?;
    if !cause.message.contains("unbound") {
        return Some(cause);
    }
    let claims = pending_claims(namespace, &selector, run).await.ok()?;
    Some(Cause {
        message: format!("{} ({})", cause.message, claims.join(", ")),
        ..cause
    })
}

async fn pending_claims(
    namespace: Option<&str>,
    selector: &str,
    run: &Run<'_>,
) -> Result<Vec<String>, ClusterError> {
    let kind = kind_of::<PersistentVolumeClaim>();
    let claims = run.cluster.list(&kind, namespace, selector).await?;
    Ok(claims
        .iter()
        .filter(|claim| claim["status"]["phase"] != "Bound")
        .map(|claim| {
            let text = |value: &Value| value.as_str().unwrap_or("none").to_owned();
            format!(
                "claim {} is {}, storage class `{}`",
                text(&claim["metadata"]["name"]),
                text(&claim["status"]["phase"]),
                text(&claim["spec"]["storageClassName"]),
            )
        })
        .collect())
}

/// Returns the label selector of a workload's pods.
fn selector(object: &Value) -> Option<String> {
    let labels = object["spec"]["selector"]["matchLabels"].as_object()?;
    let pairs: Vec<String> = labels
        .iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", value.as_str()?)))
        .collect();
    Some(pairs.join(","))
}

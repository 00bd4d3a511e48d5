//! Why pods are not ready, from their own status. Pure.

use serde_json::Value;

use crate::object::marks;

/// A cause for which a pod is not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The cause in one sentence, with the pod's name.
    pub message: String,
    /// Whether waiting can help.
    pub outlook: Outlook,
}

/// Whether waiting helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outlook {
    /// A normal phase of a start.
    Passing,
    /// May pass, but needs attention.
    Stuck,
    /// Lasts until the configuration changes.
    Hopeless,
}

/// Finds the most serious cause among these pods; `None` when all are ready.
#[must_use]
pub fn explain(pods: &[Value]) -> Option<Cause> {
    pods.iter()
        .filter(|pod| !pod["metadata"]["deletionTimestamp"].is_string())
        .filter_map(explain_pod)
        .max_by_key(|cause| cause.outlook)
}

/// The label selector of a workload's latest revision; `None` until its controller has created that.
///
/// `sets` are the `ReplicaSet`s of a Deployment.
#[must_use]
pub fn current_revision(workload: &Value, sets: &[Value]) -> Option<String> {
    const REVISION: &str = "deployment.kubernetes.io/revision";
    if let Some(revision) = workload["status"]["updateRevision"].as_str() {
        return Some(format!("controller-revision-hash={revision}"));
    }
    if workload["metadata"]["generation"] != workload["status"]["observedGeneration"] {
        return None;
    }
    let current = marks::annotation(workload, REVISION)?;
    let set = sets.iter().find(|set| {
        marks::annotation(set, REVISION) == Some(current)
            && set["metadata"]["ownerReferences"][0]["uid"] == workload["metadata"]["uid"]
    })?;
    let hash = marks::label(set, "pod-template-hash")?;
    Some(format!("pod-template-hash={hash}"))
}

fn explain_pod(pod: &Value) -> Option<Cause> {
    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
    let (text, outlook) = cause(pod)?;
    Some(Cause {
        message: format!("pod {name}: {text}"),
        outlook,
    })
}

/// Finds the cause for which a pod is not ready, without the pod's name; `None` when it is ready.
#[must_use]
pub fn cause(pod: &Value) -> Option<(String, Outlook)> {
    let status = &pod["status"];
    for container in ["initContainerStatuses", "containerStatuses"]
        .into_iter()
        .filter_map(|field| status[field].as_array())
        .flatten()
    {
        if let Some(cause) = explain_container(container) {
            return Some(cause);
        }
    }
    let conditions = || status["conditions"].as_array().into_iter().flatten();
    let unscheduled =
        conditions().find(|condition| condition["type"] == "PodScheduled" && condition["status"] == "False");
    if let Some(condition) = unscheduled {
        let message = condition["message"].as_str().unwrap_or("no node takes it");
        return Some((format!("not scheduled: {message}"), Outlook::Stuck));
    }
    let is_ready =
        conditions().any(|condition| condition["type"] == "Ready" && condition["status"] == "True");
    if is_ready {
        return None;
    }
    let running = status["containerStatuses"].as_array().into_iter().flatten();
    let unready: Vec<&str> = running
        .filter(|container| container["state"]["running"].is_object() && container["ready"] == false)
        .filter_map(|container| container["name"].as_str())
        .collect();
    if unready.is_empty() {
        let phase = status["phase"].as_str().unwrap_or("not seen by a node yet");
        Some((phase.to_lowercase(), Outlook::Passing))
    } else {
        let names = unready.join("`, `");
        Some((
            format!("container `{names}` runs but its readiness probe fails"),
            Outlook::Passing,
        ))
    }
}

fn explain_container(container: &Value) -> Option<(String, Outlook)> {
    let name = container["name"].as_str().unwrap_or_default();
    let waiting = &container["state"]["waiting"];
    let reason = waiting["reason"].as_str()?;
    let message = waiting["message"].as_str().unwrap_or_default();
    let image = container["image"].as_str().unwrap_or_default();
    match reason {
        "ErrImageNeverPull" => Some((
            format!("image `{image}` is not on the node, and its pull policy is `Never`"),
            Outlook::Hopeless,
        )),
        "InvalidImageName" => Some((format!("`{image}` is no image name"), Outlook::Hopeless)),
        "ErrImagePull" | "ImagePullBackOff" => Some((
            format!("image `{image}` cannot be pulled ({reason}): {message}"),
            Outlook::Stuck,
        )),
        "CrashLoopBackOff" => {
            let last = &container["lastState"]["terminated"];
            let code = last["exitCode"].as_i64().unwrap_or_default();
            let restarts = container["restartCount"].as_i64().unwrap_or_default();
            Some((
                format!(
                    "container `{name}` crashes: it ended with exit code {code}, {restarts} restarts so far"
                ),
                Outlook::Stuck,
            ))
        }
        "PodInitializing" | "ContainerCreating" => None,
        other => Some((
            format!("container `{name}` waits: {other}: {message}"),
            Outlook::Stuck,
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(status: &Value, expected: Option<&str>) {
        let pod = json!({"metadata": {"name": "api-1"}, "status": status});
        let shown = explain(&[pod]).map(|cause| format!("{:?}: {}", cause.outlook, cause.message));
        assert_eq!(shown.as_deref(), expected);
    }

    fn waiting(reason: &str, message: &str) -> Value {
        json!({"containerStatuses": [{
            "name": "api", "image": "service:dev", "restartCount": 3,
            "state": {"waiting": {"reason": reason, "message": message}},
            "lastState": {"terminated": {"exitCode": 2}},
        }]})
    }

    #[test]
    fn a_ready_pod_needs_no_explanation() {
        check(
            &json!({"conditions": [{"type": "Ready", "status": "True"}]}),
            None,
        );
    }

    #[test]
    fn an_image_that_is_never_pulled_is_hopeless() {
        check(
            &waiting("ErrImageNeverPull", ""),
            Some(
                "Hopeless: pod api-1: image `service:dev` is not on the node, and its pull policy is `Never`",
            ),
        );
    }

    #[test]
    fn a_failed_pull_says_what_the_registry_said() {
        check(
            &waiting("ImagePullBackOff", "not found"),
            Some("Stuck: pod api-1: image `service:dev` cannot be pulled (ImagePullBackOff): not found"),
        );
    }

    #[test]
    fn a_crash_loop_says_the_exit_code() {
        check(
            &waiting("CrashLoopBackOff", ""),
            Some("Stuck: pod api-1: container `api` crashes: it ended with exit code 2, 3 restarts so far"),
        );
    }

    #[test]
    fn an_unscheduled_pod_says_what_the_scheduler_said() {
        check(
            &json!({"phase": "Pending", "conditions": [
                {"type": "PodScheduled", "status": "False", "message": "0/2 nodes are available"}
            ]}),
            Some("Stuck: pod api-1: not scheduled: 0/2 nodes are available"),
        );
    }

    #[test]
    fn a_running_container_that_is_not_ready_is_named() {
        check(
            &json!({"containerStatuses": [{"name": "api", "ready": false, "state": {"running": {}}}]}),
            Some("Passing: pod api-1: container `api` runs but its readiness probe fails"),
        );
    }

    #[test]
    fn a_pod_on_its_way_is_passing() {
        check(&json!({"phase": "Pending"}), Some("Passing: pod api-1: pending"));
    }
}

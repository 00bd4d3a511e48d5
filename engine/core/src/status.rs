//! The status of a live object. Pure: computed from its JSON alone.

pub mod pods;
pub mod tree;
#[cfg(test)]
mod tree_tests;

use serde_json::Value;

use crate::object::Kind;

/// How far a controller has come with an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Ready for use.
    Current,
    /// Not ready yet.
    InProgress {
        /// What is still missing.
        message: String,
    },
    /// Its controller has given up.
    Failed {
        /// The controller's message.
        message: String,
    },
}

fn in_progress(message: impl Into<String>) -> Status {
    Status::InProgress {
        message: message.into(),
    }
}

/// Determines an object's status. Kinds without a rule are current as soon as they exist.
#[must_use]
pub fn status(kind: &Kind, object: &Value) -> Status {
    if object["metadata"]["deletionTimestamp"].is_string() {
        return in_progress("being deleted");
    }
    let generation = object["metadata"]["generation"].as_i64();
    let observed = object["status"]["observedGeneration"].as_i64();
    if let (Some(generation), Some(observed)) = (generation, observed)
        && observed < generation
    {
        return in_progress("its controller has not seen the change yet");
    }
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("apps", "Deployment") => deployment(object),
        ("apps", "StatefulSet") => stateful_set(object),
        ("", "PersistentVolumeClaim") => phase(object, "Bound"),
        ("", "Namespace") => phase(object, "Active"),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(object),
        _ => Status::Current,
    }
}

/// Whether objects of this kind take time to become current.
#[must_use]
pub fn has_rule(kind: &Kind) -> bool {
    runs_pods(kind) || kind.is("", "PersistentVolumeClaim") || kind.is("", "Namespace") || defines_kind(kind)
}

/// Whether objects of this kind define further kinds.
#[must_use]
pub fn defines_kind(kind: &Kind) -> bool {
    kind.is("apiextensions.k8s.io", "CustomResourceDefinition")
}

/// Whether objects of this kind run pods, which then explain why they are not current.
#[must_use]
pub fn runs_pods(kind: &Kind) -> bool {
    kind.is("apps", "Deployment") || kind.is("apps", "StatefulSet")
}

fn phase(object: &Value, wanted: &str) -> Status {
    match object["status"]["phase"].as_str() {
        Some(phase) if phase == wanted => Status::Current,
        Some(phase) => in_progress(format!("{phase}, not {wanted}")),
        None => in_progress(format!("not {wanted} yet")),
    }
}

fn definition(object: &Value) -> Status {
    let find = |wanted: &str| conditions(object).find(|condition| condition["type"] == wanted);
    if find("Established").is_some_and(|condition| condition["status"] == "True") {
        return Status::Current;
    }
    match find("NamesAccepted").filter(|condition| condition["status"] == "False") {
        Some(condition) => Status::Failed {
            message: condition["message"].as_str().unwrap_or_default().to_owned(),
        },
        None => in_progress("not established yet"),
    }
}

fn number(object: &Value, field: &str) -> i64 {
    object["status"][field].as_i64().unwrap_or(0)
}

fn deployment(object: &Value) -> Status {
    let stuck = conditions(object).find(|condition| {
        condition["type"] == "Progressing" && condition["reason"] == "ProgressDeadlineExceeded"
    });
    if let Some(condition) = stuck {
        return Status::Failed {
            message: condition["message"].as_str().unwrap_or_default().to_owned(),
        };
    }
    if object["status"]["observedGeneration"].is_null() {
        return in_progress("its controller has not seen it yet");
    }
    let wanted = object["spec"]["replicas"].as_i64().unwrap_or(1);
    let updated = number(object, "updatedReplicas");
    let available = number(object, "availableReplicas");
    // A quota or a policy may reject the pods themselves; then no pod exists to report it.
    let refusal = conditions(object)
        .find(|condition| condition["type"] == "ReplicaFailure" && condition["status"] == "True")
        .and_then(|condition| condition["message"].as_str());
    if updated < wanted {
        let refusal = refusal.map_or_else(String::new, |message| format!(": {message}"));
        in_progress(format!("{updated} of {wanted} pods are new{refusal}"))
    } else if number(object, "replicas") > updated {
        let old = number(object, "replicas") - updated;
        in_progress(format!("{old} old pods still run"))
    } else if available < wanted {
        in_progress(format!("{available} of {wanted} pods are ready"))
    } else {
        Status::Current
    }
}

fn stateful_set(object: &Value) -> Status {
    if object["status"]["observedGeneration"].is_null() {
        return in_progress("its controller has not seen it yet");
    }
    let wanted = object["spec"]["replicas"].as_i64().unwrap_or(1);
    let ready = number(object, "readyReplicas");
    let status = &object["status"];
    if status["updateRevision"] != status["currentRevision"] {
        let updated = number(object, "updatedReplicas");
        return in_progress(format!("{updated} of {wanted} pods are new"));
    }
    if ready < wanted {
        return in_progress(format!("{ready} of {wanted} pods are ready"));
    }
    Status::Current
}

fn conditions(object: &Value) -> impl Iterator<Item = &Value> {
    object["status"]["conditions"].as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::object::KindNames;

    fn check(kind: &str, object: &Value, expected: &str) {
        let kind = Kind::from(KindNames {
            group: if matches!(kind, "Deployment" | "StatefulSet") {
                "apps"
            } else {
                ""
            }
            .to_owned(),
            version: "v1".to_owned(),
            kind: kind.to_owned(),
            plural: String::new(),
            namespaced: true,
        });
        let shown = match status(&kind, object) {
            Status::Current => "current".to_owned(),
            Status::InProgress { message } => message,
            Status::Failed { message } => format!("failed: {message}"),
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_deployment_is_current_when_all_its_pods_are_new_and_available() {
        let status =
            json!({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2});
        let object = |status: &Value| json!({"metadata": {"generation": 2}, "spec": {"replicas": 2}, "status": status});
        let with = |field: &str, value: i64| {
            let mut status = status.clone();
            status[field] = json!(value);
            object(&status)
        };
        check("Deployment", &object(&status), "current");
        check(
            "Deployment",
            &with("observedGeneration", 1),
            "its controller has not seen the change yet",
        );
        check("Deployment", &with("updatedReplicas", 1), "1 of 2 pods are new");
        check("Deployment", &with("replicas", 3), "1 old pods still run");
        check(
            "Deployment",
            &with("availableReplicas", 1),
            "1 of 2 pods are ready",
        );
        check(
            "Deployment",
            &object(&json!({})),
            "its controller has not seen it yet",
        );
    }

    #[test]
    fn a_deployment_past_its_deadline_has_failed() {
        check(
            "Deployment",
            &json!({"status": {"conditions": [
                {"type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "timed out"}
            ]}}),
            "failed: timed out",
        );
    }

    #[test]
    fn a_stateful_set_is_current_when_its_pods_are_ready_in_the_current_revision() {
        let object = |ready: i64, current: &str| {
            json!({"spec": {"replicas": 1}, "status": {
                "observedGeneration": 1, "readyReplicas": ready, "updateRevision": "b", "currentRevision": current,
            }})
        };
        check("StatefulSet", &object(1, "b"), "current");
        check("StatefulSet", &object(0, "b"), "0 of 1 pods are ready");
        check("StatefulSet", &object(1, "a"), "0 of 1 pods are new");
    }

    #[test]
    fn claims_and_namespaces_go_by_their_phase() {
        check(
            "PersistentVolumeClaim",
            &json!({"status": {"phase": "Pending"}}),
            "Pending, not Bound",
        );
        check(
            "PersistentVolumeClaim",
            &json!({"status": {"phase": "Bound"}}),
            "current",
        );
        check("Namespace", &json!({}), "not Active yet");
    }

    #[test]
    fn a_kind_without_a_rule_is_current_when_it_is_there() {
        check("ConfigMap", &json!({}), "current");
    }
}

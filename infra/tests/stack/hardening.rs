//! Every stack follows every rule, and a stack that lacks a hardening field breaks one.

use crate::environments::{all, chosen, shipped};
use crate::mutations::{MUTATIONS, without};
use crate::rules::breaches;

#[test]
fn every_environment_keeps_to_every_rule() {
    for (name, objects) in all() {
        assert_eq!(breaches(&objects), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn every_field_that_is_dropped_is_missed() {
    let host_path = chosen("[mongodb.host_path]\npath = '/srv/mongodb'\nnode = 'minikube'");
    let minikube = shipped("minikube");
    for (object, field) in MUTATIONS {
        let objects = if object.starts_with("PersistentVolume") {
            &host_path
        } else {
            &minikube
        };
        let found = breaches(&without(objects, object, field));
        assert!(!found.is_empty(), "nobody misses {field} of {object}");
    }
    assert!(MUTATIONS.len() >= 30, "{} mutations", MUTATIONS.len());
}

#[test]
fn every_object_that_is_dropped_is_missed() {
    let minikube = shipped("minikube");
    for kind in ["ServiceAccount", "NetworkPolicy", "PodDisruptionBudget"] {
        for position in (0..minikube.len()).filter(|position| minikube[*position]["kind"] == kind) {
            let mut objects = minikube.clone();
            let dropped = objects.remove(position);
            assert!(
                !breaches(&objects).is_empty(),
                "nobody misses {kind} {}",
                dropped["metadata"]["name"]
            );
        }
    }
}

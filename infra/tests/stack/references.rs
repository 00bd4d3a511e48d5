//! The dependencies of each object, and the name by which the data API finds its database.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine_core::stack::{Stack, StackObject, Until};

use crate::environments::{CHOICES, stack};

fn declared<'stack>(stack: &'stack Stack, title: &str) -> &'stack StackObject {
    let found = stack
        .objects
        .iter()
        .find(|declared| declared.object.id().to_string() == title);
    found.unwrap()
}

/// The dependencies of an object, sorted by name.
fn check(lines: &str, title: &str, expected: &[&str]) {
    let stack = stack(lines);
    let mut needs: Vec<String> = declared(&stack, title)
        .needs
        .iter()
        .map(|need| match need.until {
            Until::Applied => need.id.to_string(),
            Until::Current => format!("{} is ready", need.id),
        })
        .collect();
    needs.sort_unstable();
    assert_eq!(needs, expected);
}

const EXTRAS: &str = CHOICES[5].1;

#[test]
fn no_pod_comes_before_its_guards() {
    check(
        EXTRAS,
        "Deployment/app/api",
        &[
            "Namespace/app",
            "NetworkPolicy/app/api",
            "ResourceQuota/app/data-api",
            "Secret/app/api-mongodb",
            "Secret/app/image-pull",
            "ServiceAccount/app/api",
            "StatefulSet/database/mongodb is ready",
        ],
    );
    check(
        EXTRAS,
        "StatefulSet/database/mongodb",
        &[
            "ConfigMap/database/mongodb-scripts",
            "Namespace/database",
            "NetworkPolicy/database/mongodb",
            "ResourceQuota/database/data-api",
            "Secret/database/image-pull",
            "Secret/database/mongodb-users",
            "Service/database/mongodb",
            "ServiceAccount/database/mongodb",
        ],
    );
}

#[test]
fn a_claim_to_a_directory_waits_for_its_volume_and_the_database_for_its_claim() {
    let lines = "[mongodb.host_path]\npath = '/srv/mongodb'\nnode = 'minikube'";
    check(
        lines,
        "PersistentVolumeClaim/database/mongodb-data",
        &["Namespace/database", "PersistentVolume/shop-mongodb-data"],
    );
    let stack = stack(lines);
    let database = declared(&stack, "StatefulSet/database/mongodb");
    let needs = database.needs.iter().map(|need| need.id.to_string());
    assert!(
        needs
            .into_iter()
            .any(|need| need == "PersistentVolumeClaim/database/mongodb-data")
    );
}

#[test]
fn every_object_comes_after_those_it_waits_for() {
    for (name, lines) in CHOICES {
        let stack = stack(lines);
        for (position, declared) in stack.objects.iter().enumerate() {
            for need in &declared.needs {
                let place = stack
                    .objects
                    .iter()
                    .position(|other| *other.object.id() == need.id);
                assert!(
                    place < Some(position) && place.is_some(),
                    "{name}: {}",
                    declared.object.id()
                );
            }
        }
    }
}

#[test]
fn the_database_is_found_by_its_full_name_from_another_namespace() {
    let uri = |lines: &str, title: &str| {
        let stack = stack(lines);
        let data = declared(&stack, title).object.json()["data"]["uri"].clone();
        String::from_utf8(STANDARD.decode(data.as_str().unwrap()).unwrap()).unwrap()
    };
    assert_eq!(
        uri("", "Secret/app/api-mongodb"),
        "mongodb://api:application%2Dpassword@mongodb.database.svc.cluster.local:27017/flask_db?authSource=flask_db"
    );
    assert_eq!(
        uri(CHOICES[0].1, "Secret/shop/api-mongodb"),
        "mongodb://api:application%2Dpassword@mongodb:27017/flask_db?authSource=flask_db"
    );
}

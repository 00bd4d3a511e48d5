//! Policies that rewrite or refuse requests.

use serde_json::json;

use super::bed::{Bed, config_map, thing};
use crate::fixture::World;

const NOTHING: [String; 0] = [];

const GROUP: &str = "/apis/admissionregistration.k8s.io/v1";

#[tokio::test]
async fn a_policy_that_rewrites_one_of_our_fields_is_no_drift_for_ever() {
    let bed = Bed::new().await;
    let name = format!("{}-rewrites", bed.world.name);
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "matchConstraints": {"resourceRules": [{
                "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"],
            }]},
            "reinvocationPolicy": "Never",
            "failurePolicy": "Fail",
            "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {
                "expression": r#"Object{data: {"note": "rewritten", "more": "added"}}"#,
            }}],
        },
    });
    bed.world
        .create(&format!("{GROUP}/mutatingadmissionpolicies"), &policy)
        .await;
    let binding = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name, "matchResources": {"objectSelector": {
            "matchLabels": {"infra.internal/environment": bed.world.name},
        }}},
    });
    bed.world
        .create(&format!("{GROUP}/mutatingadmissionpolicybindings"), &binding)
        .await;
    // A policy is in force a moment after it was made.
    let probe = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"note": "ours"}, "metadata": {
        "name": name, "labels": {"infra.internal/environment": bed.world.name},
    }});
    let probes = "/api/v1/namespaces/default/configmaps";
    let wait = async {
        loop {
            let made = bed.world.create(probes, &probe).await;
            bed.world.delete(&format!("{probes}/{name}")).await;
            if made["data"]["note"] == "rewritten" {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_mins(1), wait)
        .await
        .expect("the policy is in force");
    let things = [config_map("a", &json!({"note": "ours", "kept": "ours"}))];
    bed.apply(&things).await;
    for _ in 0..2 {
        assert_eq!(bed.lines(&things).await, NOTHING);
        bed.apply(&things).await;
    }
    let live = bed.world.read(&bed.path(&things[0])).await.unwrap();
    assert_eq!(
        live["data"],
        json!({"note": "rewritten", "more": "added", "kept": "ours"})
    );
    // A change of something else does not bring it up either.
    let changed = [config_map("a", &json!({"note": "ours", "kept": "changed"}))];
    assert_eq!(
        bed.lines(&changed).await,
        [r#"~ ConfigMap/shop/a data.kept: "ours" -> "changed" (configuration)"#]
    );
    bed.apply(&changed).await;
    assert_eq!(bed.lines(&changed).await, NOTHING);
    for kind in ["mutatingadmissionpolicybindings", "mutatingadmissionpolicies"] {
        bed.world.delete(&format!("{GROUP}/{kind}/{name}")).await;
    }
}

/// Nothing of a first apply is in the cluster.
async fn expect_nothing(world: &World) {
    assert!(world.read(&world.record()).await.is_none());
    for namespace in [&world.app, &world.database] {
        assert!(
            world
                .read(&format!("/api/v1/namespaces/{namespace}"))
                .await
                .is_none()
        );
    }
}

#[tokio::test]
async fn what_a_policy_refuses_is_said_under_its_object_and_nothing_is_written() {
    let world = World::new().await;
    world.forbid("services", "CREATE", "no doors in this house").await;
    for arguments in [&["plan"][..], &["apply", "--yes"]] {
        world
            .infra(arguments[0], &arguments[1..])
            .await
            .expect_code(1)
            .expect_text(&format!(
                "! refuse Service/{}/api: the server refuses it: ",
                world.app
            ))
            .expect_text("no doors in this house")
            .expect_text(&format!("+ create Deployment/{}/api", world.app));
    }
    expect_nothing(&world).await;
    world.allow("services", "CREATE").await;
    world.apply().await.expect_code(0);
}

#[tokio::test]
async fn what_a_quota_refuses_is_said_under_its_object_and_nothing_is_written() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let quotas = format!("/api/v1/namespaces/{}/resourcequotas", world.app);
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tight"}, "spec": {
        "hard": {"count/networkpolicies.networking.k8s.io": "0"},
    }});
    world.create(&quotas, &quota).await;
    world
        .wait_for(&format!("{quotas}/tight"), |quota| {
            quota.is_some_and(|quota| !quota["status"]["hard"].is_null())
        })
        .await;
    let policy = format!(
        "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies/api",
        world.app
    );
    world.delete(&policy).await;
    world
        .edit(
            &world.service(),
            &json!({"metadata": {"labels": {"app.kubernetes.io/name": "x"}}}),
        )
        .await;
    let before = world.read(&world.service()).await;
    world
        .apply()
        .await
        .expect_code(1)
        .expect_text(&format!(
            "! refuse NetworkPolicy/{}/api: the server refuses it: ",
            world.app
        ))
        .expect_text("exceeded quota: tight")
        .expect_text(&format!("~ change Service/{}/api", world.app));
    assert_eq!(world.read(&world.service()).await, before);
    world.delete(&format!("{quotas}/tight")).await;
    world.apply().await.expect_code(0);
}

#[tokio::test]
async fn pods_that_are_refused_are_named_with_the_reason() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let quotas = format!("/api/v1/namespaces/{}/resourcequotas", world.app);
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tight"}, "spec": {
        "hard": {"pods": "2"},
    }});
    world.create(&quotas, &quota).await;
    world
        .wait_for(&format!("{quotas}/tight"), |quota| {
            quota.is_some_and(|quota| quota["status"]["used"]["pods"] == "2")
        })
        .await;
    world.configure(|settings| settings.service.push("image = \"service:next\"".to_owned()));
    world
        .infra("apply", &["--yes", "--timeout", "8s"])
        .await
        .expect_code(3)
        .expect_text("0 of 2 pods are new: pods \"api-")
        .expect_text("exceeded quota: tight");
}

#[tokio::test]
async fn a_field_that_the_server_does_not_know_is_refused_under_its_object() {
    let bed = Bed::new().await;
    let wrong = thing(
        "",
        "v1",
        "Service",
        "services",
        true,
        json!({"metadata": {"name": "a"}, "spec": {
            "clusterIP": "None", "ports": [{"port": 80, "prot": "TCP"}],
        }}),
    );
    let things = [config_map("a", &json!({"a": "b"})), wrong];
    let lines = bed.lines(&things).await;
    assert_eq!(lines[..2], ["+ Namespace/shop", "+ ConfigMap/shop/a"]);
    assert!(
        lines[2].starts_with("! Service/shop/a: the server refuses it: ") && lines[2].contains("prot"),
        "{lines:#?}"
    );
}

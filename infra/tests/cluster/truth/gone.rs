//! Objects that others delete are recreated, once their finalizers are gone.

use std::time::Duration;

use serde_json::{Value, json};

use super::bed::{Bed, config_map};
use crate::fixture::{World, ended};

const NOTHING: [String; 0] = [];

fn finalized(finalizers: &Value) -> Value {
    json!({"metadata": {"finalizers": finalizers}})
}

#[tokio::test]
async fn what_is_deleted_by_hand_is_made_anew() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let policy = format!(
        "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies/api",
        world.app
    );
    for path in [
        &world.service(),
        &world.autoscaler(),
        &policy,
        &world.stateful_set(),
    ] {
        world.delete(path).await;
        world.wait_for(path, |object| object.is_none()).await;
    }
    world
        .plan()
        .await
        .expect_code(0)
        .expect_line(&format!("+ create Service/{}/api", world.app))
        .expect_line(&format!("+ create NetworkPolicy/{}/api", world.app))
        .expect_line(&format!("+ create HorizontalPodAutoscaler/{}/api", world.app))
        .expect_line(&format!("+ create StatefulSet/{}/mongodb", world.database));
    world
        .apply()
        .await
        .expect_code(0)
        .expect_text("Applied: 4 created, ");
    assert!(world.plan().await.last_line().starts_with("No changes."));
}

#[tokio::test]
async fn what_is_being_deleted_is_waited_for_with_its_finalizer_named() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let service = world.service();
    world
        .edit(&service, &finalized(&json!(["shop.internal/hold"])))
        .await;
    world.delete(&service).await;
    world.plan().await.expect_code(0).expect_line(&format!(
        "+ create Service/{}/api (after its pending deletion; finalizer `shop.internal/hold`)",
        world.app
    ));
    // A finalizer holds it for longer than the timeout.
    let begun = std::time::Instant::now();
    world
        .infra("apply", &["--yes", "--timeout", "4s"])
        .await
        .expect_code(3)
        .expect_text("not gone in time: being deleted, finalizer `shop.internal/hold`");
    assert!(begun.elapsed() < Duration::from_secs(30));
    // Once it is released, the waiting apply continues.
    let child = world.start(&["apply", &world.name, "--yes"]);
    tokio::time::sleep(Duration::from_secs(3)).await;
    world.edit(&service, &finalized(&Value::Null)).await;
    ended(child).await.expect_code(0).expect_text("1 created");
    assert!(world.plan().await.last_line().starts_with("No changes."));
}

#[tokio::test]
async fn a_namespace_that_is_being_deleted_is_waited_for_and_made_anew_with_all_in_it() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let held = format!("/api/v1/namespaces/{}/configmaps", world.app);
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {
        "name": "held", "finalizers": ["shop.internal/hold"],
    }});
    world.create(&held, &object).await;
    let namespace = format!("/api/v1/namespaces/{}", world.app);
    world.delete(&namespace).await;
    let names_it = |live: Option<&Value>| {
        live.is_some_and(|live| live["status"].to_string().contains("shop.internal/hold"))
    };
    world.wait_for(&namespace, names_it).await;
    world
        .plan()
        .await
        .expect_code(0)
        .expect_line(&format!(
            "+ create Namespace/{} (after its pending deletion; finalizer `shop.internal/hold`)",
            world.app
        ))
        .expect_line(&format!(
            "+ create Service/{}/api (checked once namespace `{}` exists)",
            world.app, world.app
        ));
    world
        .infra("apply", &["--yes", "--timeout", "4s"])
        .await
        .expect_code(3)
        .expect_text("shop.internal/hold in 1 resource instances");
    let child = world.start(&["apply", &world.name, "--yes"]);
    tokio::time::sleep(Duration::from_secs(3)).await;
    world
        .edit(&format!("{held}/held"), &finalized(&Value::Null))
        .await;
    ended(child).await.expect_code(0);
    assert!(world.plan().await.last_line().starts_with("No changes."));
}

#[tokio::test]
async fn an_object_that_is_as_it_should_be_in_a_namespace_that_goes_is_made_anew() {
    let bed = Bed::new().await;
    let things = [
        config_map("a", &json!({"a": "b"})),
        config_map("b", &json!({"a": "b"})),
    ];
    bed.apply(&things).await;
    // A policy forbids the deletion, so the object stays untouched in a terminating namespace.
    bed.world.forbid("configmaps", "DELETE", "not now").await;
    bed.world
        .delete(&format!("/api/v1/namespaces/{}", bed.namespace))
        .await;
    let a = bed.path(&things[0]);
    let live = bed.world.read(&a).await.unwrap();
    assert!(live["metadata"]["deletionTimestamp"].is_null());
    let planned = bed.lines(&things).await;
    assert_eq!(
        planned,
        [
            "+ Namespace/shop (after )",
            "+ ConfigMap/shop/a (checked once namespace `shop` exists)",
            "+ ConfigMap/shop/b (checked once namespace `shop` exists)",
        ]
    );
    bed.world.allow("configmaps", "DELETE").await;
    bed.apply(&things).await;
    assert_eq!(bed.lines(&things).await, NOTHING);
    assert!(bed.world.read(&a).await.is_some());
}

#[tokio::test]
async fn a_renamed_component_leaves_nothing_behind_and_goes_in_the_order_of_its_kinds() {
    use super::bed::{Thing, thing};
    use crate::proxy::{Harm, Proxy};
    let world = World::new().await;
    let proxy = Proxy::start(world.client(), Harm::None).await;
    let bed = Bed::with(world, Some(proxy.kubeconfig())).await;
    let component = |name: &str| -> Vec<Thing> {
        let labels = json!({"app": name});
        let metadata = json!({"name": name});
        let pod = json!({"containers": [{"name": "main", "image": "ours:1"}]});
        vec![
            config_map(name, &json!({"a": "b"})),
            thing(
                "",
                "v1",
                "Secret",
                "secrets",
                true,
                json!({"metadata": metadata, "data": {}}),
            ),
            thing(
                "",
                "v1",
                "Service",
                "services",
                true,
                json!({"metadata": metadata, "spec": {
                    "clusterIP": "None", "selector": labels, "ports": [{"port": 80}],
                }}),
            ),
            thing(
                "apps",
                "v1",
                "Deployment",
                "deployments",
                true,
                json!({"metadata": metadata, "spec": {
                    "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod},
                }}),
            ),
            thing(
                "autoscaling",
                "v2",
                "HorizontalPodAutoscaler",
                "horizontalpodautoscalers",
                true,
                json!({
                    "metadata": metadata, "spec": {
                        "maxReplicas": 1, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
                    },
                }),
            ),
        ]
    };
    bed.apply(&component("old")).await;
    let new = component("new");
    let lines = bed.lines(&new).await;
    assert_eq!(
        lines,
        [
            "+ ConfigMap/shop/new",
            "+ Secret/shop/new",
            "+ Service/shop/new",
            "+ Deployment/shop/new",
            "+ HorizontalPodAutoscaler/shop/new",
            "- HorizontalPodAutoscaler/shop/old",
            "- Deployment/shop/old [outage (its pods end)]",
            "- Service/shop/old",
            "- ConfigMap/shop/old",
            "- Secret/shop/old",
        ]
    );
    proxy.take();
    bed.apply(&new).await;
    let requests = proxy.take();
    let deletions: Vec<&str> = requests
        .iter()
        .filter(|request| request.starts_with("DELETE ") && !request.contains("infra-system"))
        .map(|request| request.rsplit('/').nth(1).unwrap())
        .collect();
    assert_eq!(
        deletions[..3],
        ["horizontalpodautoscalers", "deployments", "services"]
    );
    assert_eq!(deletions.len(), 5);
    let of = |request: &String, verb: &str| request.starts_with(verb) && !request.contains("infra-system");
    let last_apply = requests
        .iter()
        .rposition(|request| of(request, "PATCH ") && !request.contains("dryRun"));
    // An autoscaler goes first, so that it does not work against what is applied; all others go last.
    let first_deletion = requests
        .iter()
        .position(|request| of(request, "DELETE ") && !request.contains("autoscalers"));
    assert!(last_apply < first_deletion, "{requests:#?}");
    assert_eq!(bed.lines(&new).await, NOTHING);
}

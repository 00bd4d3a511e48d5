//! Fields of others in our objects: shown with --verbose without extra requests, and attributed to their managers.

use serde_json::json;

use crate::fixture::World;
use crate::proxy::{Harm, Proxy, through};

async fn with_others() -> World {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let sidecar = json!({
        "metadata": {"annotations": {"team": "shop"}},
        "spec": {"template": {"spec": {"containers": [{
            "name": "sidecar", "image": "mesh:1",
            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
        }]}}},
    });
    let path = format!("{}?fieldManager=mesh", world.deployment());
    world
        .request("PATCH", &path, "application/strategic-merge-patch+json", &sidecar)
        .await
        .expect("the patch is taken");
    let theirs = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "api", "labels": {"cost-centre": "7"}},
    });
    world.apply_as("argocd", &world.service(), &theirs).await;
    world
}

#[tokio::test]
async fn what_others_own_is_shown_to_those_who_ask_for_more_and_stays() {
    let world = with_others().await;
    let plan = world.plan().await.expect_code(0);
    assert!(!plan.stdout.contains("owns"), "{}", plan.stdout);
    let verbose = world
        .infra("plan", &["-v"])
        .await
        .expect_code(0)
        .expect_text(&format!("i note Deployment/{}/api: mesh at 20", world.app))
        .expect_text(" owns metadata.annotations.team, spec.template.spec.containers[sidecar], which stays")
        .expect_text(&format!("i note Service/{}/api: argocd at 20", world.app))
        .expect_text(" owns metadata.labels.cost-centre, which stays");
    assert_eq!(verbose.last_line(), plan.last_line());
    assert!(plan.last_line().starts_with("No changes."));
    // Only these two are shown: the control plane's own bookkeeping is not.
    assert_eq!(verbose.stdout.matches(" owns ").count(), 2, "{}", verbose.stdout);
    world.apply().await.expect_code(0);
    let live = world.read(&world.deployment()).await.unwrap();
    assert_eq!(live["metadata"]["annotations"]["team"], "shop");
    let containers = live["spec"]["template"]["spec"]["containers"].as_array().unwrap();
    assert_eq!(containers.len(), 2);
}

#[tokio::test]
async fn to_show_what_others_own_costs_no_request_and_reveals_no_secret() {
    let world = with_others().await;
    world
        .edit(&world.users(), &json!({"stringData": {"more": "geheim"}}))
        .await;
    let proxy = Proxy::start(world.client(), Harm::None).await;
    through(&proxy, &world, &["plan"]).await.expect_code(0);
    let few = proxy.take().len();
    let verbose = through(&proxy, &world, &["plan", "-v"])
        .await
        .expect_code(0)
        .expect_text(" owns data.more, which stays");
    assert_eq!(proxy.take().len(), few);
    assert!(!verbose.stdout.contains("geheim") && !verbose.stdout.contains("Z2VoZWlt"));
}

#[tokio::test]
async fn what_an_autoscaler_owns_is_no_drift_and_is_shown_beside_a_change() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let scale = format!("{}/scale?fieldManager=kubectl", world.deployment());
    let wanted = json!({"spec": {"replicas": 4}});
    world
        .request("PATCH", &scale, "application/merge-patch+json", &wanted)
        .await
        .expect("the scale is taken");
    world
        .edit(
            &world.deployment(),
            &json!({"spec": {"minReadySeconds": 7, "revisionHistoryLimit": 4}}),
        )
        .await;
    world
        .infra("plan", &["-v"])
        .await
        .expect_code(0)
        .expect_text("spec.replicas is owned by the autoscaler (now 4)")
        .expect_text("kubectl (through scale) owns spec.replicas, which stays");
}

#[tokio::test]
async fn drift_has_who_how_and_when_for_people_and_for_programs() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let theirs = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"},
        "spec": {"strategy": {"rollingUpdate": {"maxSurge": 2}}},
    });
    world.apply_as("argocd", &world.deployment(), &theirs).await;
    world
        .infra("plan", &["--force-conflicts"])
        .await
        .expect_code(0)
        .expect_text("declared by argocd at 20");
    let plan = world
        .infra("plan", &["--force-conflicts", "--output", "json"])
        .await
        .expect_code(0);
    let document: serde_json::Value = serde_json::from_str(&plan.stdout).unwrap();
    let by = &document["changes"][0]["fields"][0]["cause"]["by"];
    assert_eq!(by["manager"], "argocd");
    assert_eq!(by["operation"], "Apply");
    assert_eq!(by["subresource"], "");
    assert!(by["time"].as_str().unwrap().starts_with("20"));
}

#[tokio::test]
async fn effects_are_counted_in_a_line() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    // A change without an effect has no such line.
    world
        .edit(
            &world.service(),
            &json!({"metadata": {"labels": {"app.kubernetes.io/name": "x"}}}),
        )
        .await;
    let plan = world.plan().await.expect_code(0);
    assert!(!plan.stdout.contains("Effects:"), "{}", plan.stdout);
    world.configure(|settings| {
        settings.service.push("image = \"service:next\"".to_owned());
        settings.more.push_str("[mongodb]\nimage = \"mongo:8.1\"\n");
    });
    world
        .plan()
        .await
        .expect_code(0)
        .expect_text("[rolling restart (2 pods)]")
        .expect_text("[outage (its pod restarts)]")
        .expect_line("Effects: 1 rolling restart (2 pods), 1 outage.");
    world
        .infra("destroy", &["--purge-data", "--confirm", &world.name])
        .await
        .expect_code(6)
        .expect_text("[data is lost]")
        .expect_line("Effects: 2 outages, 1 data loss.");
}

//! Accounts that may not read the cluster's identity.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::fixture::World;

/// A user with every right but to read other namespaces than the environment's.
async fn user_without_the_identity(world: &World) -> PathBuf {
    let everything = |group: &str, resources: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": ["*"]});
    let mut rules: Vec<Value> = [
        "apps",
        "autoscaling",
        "networking.k8s.io",
        "policy",
        "coordination.k8s.io",
    ]
    .map(|group| everything(group, &["*"]))
    .to_vec();
    let core = [
        "configmaps",
        "persistentvolumeclaims",
        "persistentvolumes",
        "pods",
        "secrets",
        "serviceaccounts",
        "services",
    ];
    rules.push(everything("", &core));
    let namespaces = ["infra-system", &world.app, &world.database];
    rules.push(
        json!({"apiGroups": [""], "resources": ["namespaces"], "verbs": ["*"], "resourceNames": namespaces}),
    );
    rules.push(json!({"apiGroups": [""], "resources": ["namespaces"], "verbs": ["list"]}));
    world.user(&rules).await
}

#[tokio::test]
async fn a_cluster_that_a_user_may_not_identify_needs_its_id_in_the_file() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let system = world.read("/api/v1/namespaces/kube-system").await.unwrap();
    let live = system["metadata"]["uid"].as_str().unwrap();
    let user = user_without_the_identity(&world).await;
    let flags = ["--kubeconfig", user.to_str().unwrap()];
    let pin = |id: &str| {
        world.configure(|settings| {
            settings.cluster.push(format!("id = \"{id}\""));
            settings.service.push("image = \"service:next\"".to_owned());
        });
    };

    world
        .infra("plan", &flags)
        .await
        .expect_code(6)
        .expect_line(
            "error: cannot identify the cluster of context `sandbox`: this user lacks `get` on namespace `kube-system`",
        )
        .expect_text("set `id` in the `[cluster]` table");

    pin(live);
    world
        .infra("apply", &["--yes", "--kubeconfig", flags[1]])
        .await
        .expect_code(0)
        .expect_line(&format!(
            "warning: cluster {live} could not be verified: this user lacks `get` on namespace `kube-system`"
        ))
        .expect_text("1 changed");

    // The record still tells which cluster it was made for.
    pin("00000000-0000-0000-0000-000000000000");
    world
        .infra("plan", &flags)
        .await
        .expect_code(6)
        .expect_text(&format!("was made for another cluster ({live})"));
}

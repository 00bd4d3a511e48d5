//! The variables of flags lead to the cluster that they name.

use crate::fixture::World;

#[tokio::test]
async fn the_variable_of_the_kubeconfig_chooses_the_cluster() {
    let world = World::new().await;
    let kubeconfig = world.kubeconfig.to_str().unwrap();
    let nowhere = ("INFRA_KUBECONFIG", "/no/such/kubeconfig");
    world
        .infra_with(&[nowhere], &["apply", "--yes"])
        .await
        .expect_code(1)
        .expect_text("there is no kubeconfig at `/no/such/kubeconfig`");
    assert!(world.read(&world.record()).await.is_none());
    // It wins over the file as the flag does, and the flag wins over it.
    world.configure(|settings| settings.cluster[1] = "kubeconfig = \"/neither/this\"".to_owned());
    world
        .infra_with(&[("INFRA_KUBECONFIG", kubeconfig)], &["plan"])
        .await
        .expect_code(0);
    world
        .infra_with(&[nowhere], &["plan", "--kubeconfig", kubeconfig])
        .await
        .expect_code(0);
}

#[tokio::test]
async fn the_variable_of_the_timeout_ends_the_wait() {
    let world = World::new().await;
    world
        .infra_with(&[("INFRA_TIMEOUT", "0s")], &["apply", "--yes"])
        .await
        .expect_code(3);
}

//! Servers with the older form of discovery.

use serde_json::json;

use crate::fixture::World;
use crate::proxy::{Harm, Proxy, through};

#[tokio::test]
async fn a_server_without_aggregated_discovery_hides_nothing_in_a_namespace() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let core = format!("/api/v1/namespaces/{}/configmaps", world.app);
    let named = format!(
        "/apis/coordination.k8s.io/v1/namespaces/{}/leases",
        world.database
    );
    for path in [&core, &named] {
        world.create(path, &json!({"metadata": {"name": "theirs"}})).await;
    }
    let proxy = Proxy::start(world.client(), Harm::LegacyDiscovery).await;
    let direct = world.infra("plan", &["--destroy"]).await.expect_code(0);
    let legacy = through(&proxy, &world, &["plan", "--destroy"])
        .await
        .expect_code(0);
    assert_eq!(legacy.stdout, direct.stdout);
    for theirs in ["ConfigMap", "Lease"] {
        assert!(legacy.stdout.contains(&format!("{theirs}/")), "{}", legacy.stdout);
    }
    through(&proxy, &world, &["destroy", "--yes"])
        .await
        .expect_code(0);
    for path in [&core, &named] {
        assert!(world.read(&format!("{path}/theirs")).await.is_some());
    }
    assert!(world.read(&world.deployment()).await.is_none());
}

//! Lost and corrupted answers of the real API server.

use crate::fixture::World;
use crate::proxy::{Harm, Proxy, through};

#[tokio::test]
async fn a_server_that_answers_404_to_everything_is_no_empty_cluster() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let proxy = Proxy::start(world.client(), Harm::NotFound).await;
    for command in [&["plan"][..], &["destroy", "--yes"]] {
        through(&proxy, &world, command)
            .await
            .expect_code(1)
            .expect_text("it has no namespace `kube-system`");
    }
}

#[tokio::test]
async fn a_creation_whose_answer_is_lost_is_taken_for_ours() {
    let world = World::new().await;
    let harm = Harm::LoseAnswer(
        "PATCH",
        "/configmaps/mongodb-scripts?fieldManager=infra&force=false&fieldValidation=Strict",
    );
    let proxy = Proxy::start(world.client(), harm).await;
    through(&proxy, &world, &["apply", "--yes"])
        .await
        .expect_code(0)
        .expect_text("; retrying in ");
    assert!(
        world
            .plan()
            .await
            .expect_code(0)
            .last_line()
            .starts_with("No changes.")
    );
}

#[tokio::test]
async fn a_record_whose_answer_is_lost_is_read_back() {
    let world = World::new().await;
    let proxy = Proxy::start(world.client(), Harm::LoseAnswer("PUT", "/secrets/infra-")).await;
    through(&proxy, &world, &["apply", "--yes"]).await.expect_code(0);
    assert!(
        world
            .plan()
            .await
            .expect_code(0)
            .last_line()
            .starts_with("No changes.")
    );
}

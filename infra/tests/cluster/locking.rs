//! Two applies never write at once, and a dead one does not block the others.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::fixture::{World, ended};
use crate::proxy::{Harm, Proxy};

fn lease(world: &World) -> String {
    format!(
        "/apis/coordination.k8s.io/v1/namespaces/infra-system/leases/infra-{}",
        world.name
    )
}

/// Takes the lock as another holder, after a first apply has created its namespace.
async fn locked() -> World {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let leases = "/apis/coordination.k8s.io/v1/namespaces/infra-system/leases";
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": format!("infra-{}", world.name)},
        "spec": {"holderIdentity": "ann@desk", "acquireTime": "2026-01-01T00:00:00.000000Z"},
    });
    world.create(leases, &lease).await;
    world.configure(|settings| settings.service.push("image = \"service:next\"".to_owned()));
    world
}

#[tokio::test]
async fn the_lock_is_given_back() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    assert!(world.read(&lease(&world)).await.is_none());
}

#[tokio::test]
async fn a_lock_whose_holder_is_alive_is_respected() {
    let world = locked().await;
    let before = world.read(&world.deployment()).await.unwrap();
    let alive = async {
        for beat in 0.. {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let spec = json!({"spec": {"leaseTransitions": beat}});
            let lease = lease(&world);
            world
                .request("PATCH", &lease, "application/merge-patch+json", &spec)
                .await;
        }
    };
    let run = tokio::select! {
        run = world.apply() => run,
        () = alive => return,
    };
    let last = run.expect_code(4).expect_line(&format!(
        "error: another run holds the lock of `{}`: ann@desk, since 2026-01-01T00:00:00.000000Z",
        world.name
    ));
    assert!(
        last.stderr.contains("hint: wait for it to finish"),
        "{}",
        last.stderr
    );
    let after = world.read(&world.deployment()).await.unwrap();
    assert_eq!(before["metadata"]["generation"], after["metadata"]["generation"]);
}

#[tokio::test]
async fn a_lock_whose_holder_has_died_is_taken_over() {
    let world = locked().await;
    world.apply().await.expect_code(0);
    assert_eq!(world.read(&lease(&world)).await, None::<Value>);
}

#[tokio::test]
async fn a_lost_lock_ends_the_run_and_is_left_to_its_holder() {
    let world = World::new().await;
    // An image that never comes keeps the run waiting, with the lock held.
    world.configure(|settings| {
        settings.service.push("image = \"service:missing\"".to_owned());
        settings.service.push("image_pull_policy = \"Always\"".to_owned());
    });
    let child = world.start(&["apply", &world.name, "--yes"]);
    world
        .wait_for(&world.deployment(), |deployment| deployment.is_some())
        .await;
    let taken = json!({"spec": {"holderIdentity": "ann@desk"}});
    world.edit(&lease(&world), &taken).await;
    ended(child)
        .await
        .expect_code(4)
        .expect_text(&format!("the lock of `{}` was lost to ann@desk", world.name))
        .expect_text("Not done: ");
    assert!(world.read(&lease(&world)).await.is_some());
}

#[tokio::test]
async fn a_run_that_slept_through_its_term_writes_nothing_more() {
    let world = World::new().await;
    world.configure(|settings| {
        settings.service.push("image = \"service:missing\"".to_owned());
        settings.service.push("image_pull_policy = \"Always\"".to_owned());
    });
    let child = world.start(&["apply", &world.name, "--yes"]);
    world
        .wait_for(&world.deployment(), |deployment| deployment.is_some())
        .await;
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    // Another run waits until the lease expires, takes over the lock, and succeeds.
    let begun = std::time::Instant::now();
    let other = world.destroy().await.expect_code(0);
    assert!(begun.elapsed() > Duration::from_secs(15), "{other:?}");
    kill_process(pid, Signal::CONT).unwrap();
    ended(child).await.expect_code(4).expect_text("Not done: ");
    assert!(world.read(&world.deployment()).await.is_none());
}

/// Loses the lock while a write waits for a retry: the write is not sent, and the JSON output reports the outcome once.
async fn check_not_repeated(world: &World, arguments: &[&str], method: &'static str, text: &'static str) {
    let proxy = Proxy::start(world.client(), Harm::Busy(method, text)).await;
    let kubeconfig = proxy.kubeconfig().to_str().unwrap();
    let flags = [
        world.name.as_str(),
        "--yes",
        "--output",
        "json",
        "--kubeconfig",
        kubeconfig,
    ];
    let child = world.start(&[&arguments[..1], &flags, &arguments[1..]].concat());
    let is_it = |request: &String| {
        request.starts_with(method) && request.contains(text) && !request.contains("dryRun=All")
    };
    proxy.until_seen(is_it).await;
    // The next try comes five seconds after this one; until then the run has found out.
    let taken = json!({"spec": {"holderIdentity": "ann@desk"}});
    world.edit(&lease(world), &taken).await;
    let ended = ended(child)
        .await
        .expect_code(4)
        .expect_text("; retrying in 5000 ms")
        .expect_text(&format!("the lock of `{}` was lost to ann@desk", world.name));
    let sent: Vec<String> = proxy.take().into_iter().filter(is_it).collect();
    assert_eq!(sent.len(), 1, "{sent:#?}");
    let lines = ended.lines();
    let summaries: Vec<&Value> = lines.iter().filter(|line| line["event"] == "summary").collect();
    assert_eq!(summaries, [lines.last().unwrap()]);
    assert_eq!(summaries[0]["outcome"], "locked");
    assert_eq!(summaries[0]["exit_code"], 4);
    assert_eq!(summaries[0]["objects"]["failed"], 1, "{summaries:#?}");
}

#[tokio::test]
async fn a_change_is_not_repeated_after_the_lock_is_lost() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    world.configure(|settings| settings.service.push("image = \"service:next\"".to_owned()));
    let before = world.read(&world.deployment()).await.unwrap();
    check_not_repeated(&world, &["apply"], "PATCH", "/deployments/api?fieldManager=infra").await;
    let after = world.read(&world.deployment()).await.unwrap();
    assert_eq!(before["spec"], after["spec"]);
}

#[tokio::test]
async fn a_deletion_is_not_repeated_after_the_lock_is_lost() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    check_not_repeated(&world, &["destroy"], "DELETE", "/horizontalpodautoscalers/api").await;
    assert!(world.read(&world.autoscaler()).await.is_some());
    assert!(world.read(&world.deployment()).await.is_some());
}

#[tokio::test]
async fn the_hand_over_of_an_adoption_is_not_repeated_after_the_lock_is_lost() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let scripts = format!("/api/v1/namespaces/{}/configmaps", world.database);
    let path = format!("{scripts}/mongodb-scripts");
    world.delete(&path).await;
    let theirs = json!({
        "metadata": {"name": "mongodb-scripts"}, "data": {"users.sh": "exit 1", "left-over.sh": "exit 1"},
    });
    let applied = format!("{scripts}?fieldManager=kubectl-client-side-apply");
    world
        .request("POST", &applied, "application/json", &theirs)
        .await
        .unwrap();
    let arguments = ["apply", "--adopt"];
    check_not_repeated(
        &world,
        &arguments,
        "PATCH",
        "/configmaps/mongodb-scripts?fieldManager=infra",
    )
    .await;
    let live = world.read(&path).await.unwrap();
    assert_eq!(live["data"], theirs["data"]);
    assert!(
        !live["metadata"]["managedFields"].to_string().contains("infra"),
        "{live:#}"
    );
}

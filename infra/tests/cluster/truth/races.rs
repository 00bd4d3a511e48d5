//! Concurrent writes by others, and runs killed at any moment.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt as _};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

use crate::fixture::{Ended, World};
use crate::proxy::{Harm, Held, Proxy, Write, through};

/// Number of runs to kill.
const KILLS: u64 = 20;

/// Number of environments in parallel.
const AT_ONCE: usize = 5;

fn merge(path: &str, body: Value) -> Write {
    Write {
        method: "PATCH",
        path: format!("{path}?fieldManager=somebody"),
        content_type: "application/merge-patch+json",
        body,
    }
}

#[tokio::test]
async fn a_cluster_that_moves_after_the_confirmation_is_said_and_nothing_is_written() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    world.configure(|settings| settings.service.push("image = \"service:next\"".to_owned()));
    let theirs = merge(
        &world.service(),
        json!({"metadata": {"labels": {"app.kubernetes.io/name": "x"}}}),
    );
    // The lock is taken after the confirmation, so its request shows that the plan was confirmed.
    let harm = Harm::Before("POST", "/leases", theirs);
    let proxy = Proxy::start(world.client(), harm).await;
    let before = world.read(&world.deployment()).await.unwrap();
    through(&proxy, &world, &["apply", "--yes"])
        .await
        .expect_code(5)
        .expect_text(&format!(
            "error: the cluster has moved since the plan was shown: Service/{}/api",
            world.app
        ))
        .expect_line("hint: plan again; no object was changed");
    assert_eq!(world.read(&world.deployment()).await.unwrap(), before);
    world.apply().await.expect_code(0).expect_text("2 changed");
    assert!(world.plan().await.last_line().starts_with("No changes."));
}

/// Runs an apply that asks, and answers `yes` on its terminal only after `until` has completed.
async fn answered_late(world: &World, until: impl Future<Output = ()>) -> Ended {
    typed_late(world, "apply", "[y/N] ", "yes", until).await
}

/// Runs a command that asks `question`, and types the answer on its terminal only after `until` has completed.
async fn typed_late(
    world: &World,
    command: &str,
    question: &str,
    answer: &str,
    until: impl Future<Output = ()>,
) -> Ended {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&master).expect("a terminal");
    unlockpt(&master).expect("a terminal");
    let name = ptsname(&master, Vec::new()).expect("a terminal");
    let terminal = rustix::fs::open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty());
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_infra"))
        .args([command, &world.name, "--environments"])
        .arg(world.directory())
        .env_clear()
        .stdin(Stdio::from(terminal.expect("a terminal")))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the binary starts");
    // The question on standard error has no line end.
    let mut stderr = child.stderr.take().expect("it is piped");
    let mut asked = Vec::new();
    while !String::from_utf8_lossy(&asked).contains(question) {
        let count = stderr.read_buf(&mut asked).await.expect("what is asked");
        assert!(count > 0, "{}", String::from_utf8_lossy(&asked));
    }
    until.await;
    File::from(master.try_clone().expect("a terminal"))
        .write_all(format!("{answer}\n").as_bytes())
        .expect("the answer is typed");
    let read = async {
        stderr.read_to_end(&mut asked).await.expect("text");
        child.wait_with_output().await.expect("the binary ends")
    };
    let output = tokio::time::timeout(Duration::from_mins(2), read)
        .await
        .expect("the binary ends in time");
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(asked).expect("text"),
    }
}

#[tokio::test]
async fn an_answer_that_comes_late_is_for_the_plan_that_was_shown_alone() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    world.configure(|settings| settings.service.push("image = \"service:next\"".to_owned()));
    let before = world.read(&world.deployment()).await.unwrap();
    let moves = async {
        world
            .edit(
                &world.service(),
                &json!({"spec": {"sessionAffinity": "ClientIP"}}),
            )
            .await;
        world.delete(&world.autoscaler()).await;
    };
    answered_late(&world, moves)
        .await
        .expect_code(5)
        .expect_text("error: the cluster has moved since the plan was shown: ")
        .expect_text(&format!("HorizontalPodAutoscaler/{}/api", world.app));
    assert_eq!(world.read(&world.deployment()).await.unwrap(), before);
    // Where nothing moves, a late answer is as good as any.
    answered_late(&world, tokio::time::sleep(Duration::from_secs(2)))
        .await
        .expect_code(0);
    assert!(world.plan().await.last_line().starts_with("No changes."));
}

#[tokio::test]
async fn a_destroy_without_a_record_is_for_the_plan_that_was_shown_alone() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    world.delete(&world.record()).await;
    let question = format!("Type `{}` to continue:", world.name);
    let theirs = format!("/api/v1/namespaces/{}/configmaps", world.app);
    let comes = async {
        // A namespace with a foreign object is kept, which the plan that was shown did not say.
        world
            .create(&theirs, &json!({"metadata": {"name": "theirs"}}))
            .await;
    };
    typed_late(&world, "destroy", &question, &world.name, comes)
        .await
        .expect_code(5)
        .expect_text(&format!(
            "error: the cluster has moved since the plan was shown: Namespace/{}",
            world.app
        ));
    assert!(world.read(&world.deployment()).await.is_some());
    assert!(world.read(&world.autoscaler()).await.is_some());
    // A record that came meanwhile may know more than this look did.
    let applies = async {
        world.apply().await.expect_code(0);
    };
    typed_late(&world, "destroy", &question, &world.name, applies)
        .await
        .expect_code(5)
        .expect_text(&format!(
            "error: the cluster has moved since the plan was shown: Secret/infra-system/infra-{}",
            world.name
        ));
    assert!(world.read(&world.deployment()).await.is_some());
}

#[tokio::test]
async fn what_moves_without_touching_the_plan_does_not_stop_it() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    world.configure(|settings| settings.service.push("image = \"service:next\"".to_owned()));
    let theirs = merge(
        &world.service(),
        json!({"metadata": {"annotations": {"theirs": "x"}}}),
    );
    let proxy = Proxy::start(world.client(), Harm::Before("POST", "/leases", theirs)).await;
    through(&proxy, &world, &["apply", "--yes"])
        .await
        .expect_code(0)
        .expect_text("1 changed");
}

#[tokio::test]
async fn an_object_that_somebody_makes_in_the_same_moment_is_given_back() {
    let world = World::new().await;
    let scripts = format!("/api/v1/namespaces/{}/configmaps", world.database);
    let theirs = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mongodb-scripts"}, "data": {"a": "b"}});
    let made = Write {
        method: "POST",
        path: format!("{scripts}?fieldManager=somebody"),
        content_type: "application/json",
        body: theirs.clone(),
    };
    let proxy = Proxy::start(
        world.client(),
        Harm::Before("PATCH", "/configmaps/mongodb-scripts", made),
    )
    .await;
    through(&proxy, &world, &["apply", "--yes"])
        .await
        .expect_code(6)
        .expect_text(&format!(
            "ConfigMap/{}/mongodb-scripts: `somebody` created it at the same time; our changes were undone",
            world.database
        ))
        .expect_text("skipped  StatefulSet");
    let live = world.read(&format!("{scripts}/mongodb-scripts")).await.unwrap();
    assert_eq!(live["data"], theirs["data"]);
    assert!(
        live["metadata"]["labels"].is_null() && live["metadata"]["annotations"].is_null(),
        "{live:#}"
    );
    world.plan().await.expect_code(6).expect_line(&format!(
        "! refuse ConfigMap/{}/mongodb-scripts: it already exists and is not managed by this environment",
        world.database
    ));
    world.delete(&format!("{scripts}/mongodb-scripts")).await;
    world.apply().await.expect_code(0);
    assert!(world.plan().await.last_line().starts_with("No changes."));
}

#[tokio::test]
async fn an_object_that_somebody_makes_otherwise_in_the_same_moment_is_left_alone() {
    let world = World::new().await;
    let scripts = format!("/api/v1/namespaces/{}/configmaps", world.database);
    let theirs = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mongodb-scripts"}, "data": {"users.sh": "theirs"},
    });
    let made = Write {
        method: "POST",
        path: format!("{scripts}?fieldManager=somebody"),
        content_type: "application/json",
        body: theirs.clone(),
    };
    let harm = Harm::Before("PATCH", "/configmaps/mongodb-scripts", made);
    let proxy = Proxy::start(world.client(), harm).await;
    through(&proxy, &world, &["apply", "--yes"])
        .await
        .expect_code(6)
        .expect_text(&format!(
            "ConfigMap/{}/mongodb-scripts: another client created it at the same time; it was left unchanged",
            world.database
        ))
        .expect_text("skipped  StatefulSet");
    let live = world.read(&format!("{scripts}/mongodb-scripts")).await.unwrap();
    assert_eq!(live["data"], theirs["data"]);
    let writers = live["metadata"]["managedFields"].as_array().unwrap();
    assert_eq!(writers.len(), 1, "{writers:#?}");
    assert_eq!(writers[0]["manager"], "somebody");
}

/// A seeded random number generator: the same numbers in every run.
fn roll(seed: u64) -> u64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5eed;
    for _ in 0..4 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    state
}

/// When a run is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// After this percentage of an apply's usual time.
    Time(u64),
    /// When it sends its nth write, which is or is not executed.
    Write(usize, Held),
}

/// Whether to kill a first apply, or one that changes existing objects.
fn is_first(number: u64) -> bool {
    (number / 4).is_multiple_of(2)
}

fn moment(number: u64) -> Moment {
    let dice = roll(number + 1);
    let writes = if is_first(number) { 24 } else { 8 };
    let write = 1 + usize::try_from(dice % writes).unwrap();
    match number % 4 {
        0 | 1 => Moment::Time(dice % 100),
        2 => Moment::Write(write, Held::Undone),
        _ => Moment::Write(write, Held::Done),
    }
}

/// The passwords in the record, if it exists.
async fn credentials(world: &World) -> Option<Value> {
    use base64::Engine as _;
    let secret = world.read(&world.record()).await?;
    let text = secret["data"]["record.json"].as_str().unwrap();
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    let record: Value = serde_json::from_slice(&bytes).unwrap();
    let credentials = json!([
        record["secrets"]["root_password"],
        record["secrets"]["application_password"],
        record["hash_key"]
    ]);
    assert!(
        credentials[0].is_string() && credentials[2].is_string(),
        "the record has credentials"
    );
    Some(credentials)
}

/// Everything that carries the environment's label, by kind and name.
async fn objects(world: &World) -> BTreeSet<String> {
    let mut objects = BTreeSet::new();
    for namespace in [&world.app, &world.database] {
        for list in [
            "/api/v1/@/secrets",
            "/api/v1/@/configmaps",
            "/api/v1/@/services",
            "/api/v1/@/serviceaccounts",
            "/apis/apps/v1/@/deployments",
            "/apis/apps/v1/@/statefulsets",
            "/apis/autoscaling/v2/@/horizontalpodautoscalers",
            "/apis/networking.k8s.io/v1/@/networkpolicies",
            "/apis/policy/v1/@/poddisruptionbudgets",
        ] {
            let path = list.replace('@', &format!("namespaces/{namespace}"));
            let selector = format!(
                "{path}?labelSelector=infra.internal%2Fenvironment%3D{}",
                world.name
            );
            let items = world.read(&selector).await.unwrap()["items"].clone();
            for item in items.as_array().unwrap() {
                objects.insert(format!("{path}/{}", item["metadata"]["name"].as_str().unwrap()));
            }
        }
    }
    objects
}

/// Kills an apply of `world` with SIGKILL.
async fn kill_in(world: &World, moment: Moment, whole: Duration) {
    let harm = match moment {
        Moment::Time(_) => Harm::None,
        Moment::Write(number, held) => Harm::Hold(number, held),
    };
    let proxy = Proxy::start(world.client(), harm).await;
    let kubeconfig = proxy.kubeconfig().to_str().unwrap();
    let mut child = world.start(&["apply", &world.name, "--yes", "--kubeconfig", kubeconfig]);
    match moment {
        Moment::Time(hundredths) => {
            tokio::time::sleep(whole.mul_f64(f64::from(u32::try_from(hundredths).unwrap()) / 100.0)).await;
        }
        // A run with fewer writes ends by itself.
        Moment::Write(..) => {
            tokio::select! {
                () = proxy.until_held() => {}
                _ = child.wait() => {}
            }
        }
    }
    let _ = child.kill().await;
}

/// Kills one apply and checks that the next one recovers.
async fn check_killed(number: u64) {
    let moment = moment(number);
    let world = World::new().await;
    let mut before = None;
    let whole = if is_first(number) {
        Duration::from_secs(4)
    } else {
        // A change of existing objects: some are created, changed and deleted.
        world.configure(|settings| {
            settings.autoscaling = None;
            settings.service.push("replicas = 3".to_owned());
            settings.more.push_str("[mongodb]\ncluster_ip = true\n");
        });
        let begun = Instant::now();
        world.apply().await.expect_code(0);
        before = credentials(&world).await;
        let whole = begun.elapsed();
        world.configure(|settings| settings.service.push("image = \"service:next\"".to_owned()));
        whole
    };
    kill_in(&world, moment, whole).await;
    let after = credentials(&world).await;
    if before.is_some() {
        assert_eq!(before, after, "{number}: {moment:?}");
    }
    let data = world
        .read(&world.claim())
        .await
        .map(|claim| claim["metadata"]["uid"].clone());
    let applied = world.apply_after_a_kill().await;
    assert_eq!(applied.code, Some(0), "{number}: {moment:?}: {applied:#?}");
    let plan = world.plan().await;
    assert!(
        plan.last_line().starts_with("No changes."),
        "{number}: {moment:?}: {plan:#?}"
    );
    let last = credentials(&world).await;
    if after.is_some() {
        assert_eq!(after, last, "{number}: {moment:?}");
    }
    if data.is_some() {
        let claim = world.read(&world.claim()).await.unwrap();
        assert_eq!(
            data.as_ref(),
            Some(&claim["metadata"]["uid"]),
            "{number}: {moment:?}"
        );
    }
    // The namespaces aside, which were looked into.
    let expected = crate::fixture::OBJECTS - 2;
    assert_eq!(objects(&world).await.len(), expected, "{number}: {moment:?}");
    // If nothing was left to write, the killed run's lock stays, and blocks no other run.
    let lease = format!(
        "/apis/coordination.k8s.io/v1/namespaces/infra-system/leases/infra-{}",
        world.name
    );
    let wrote = applied.last_line().starts_with("Applied: ");
    assert!(
        !wrote || world.read(&lease).await.is_none(),
        "{number}: the lock is given back"
    );
}

#[tokio::test]
async fn an_apply_that_is_killed_at_any_moment_is_brought_to_its_end_by_the_next() {
    stream::iter(0..KILLS)
        .for_each_concurrent(AT_ONCE, check_killed)
        .await;
}

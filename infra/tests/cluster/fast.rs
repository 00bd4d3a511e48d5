//! The fast plan equals the thorough one, and needs no request for an unchanged object.

use serde_json::{Value, json};

use crate::fixture::{OBJECTS, World};
use crate::proxy::{Harm, Proxy, through};

#[tokio::test]
async fn a_plan_without_changes_needs_a_list_for_each_kind_and_namespace() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let proxy = Proxy::start(world.client(), Harm::None).await;
    through(&proxy, &world, &["plan"])
        .await
        .expect_code(0)
        .expect_text("No changes.");
    let requests = proxy.take();
    // Nine kinds of the stack and the claims, in two namespaces; Namespaces; the record and kube-system.
    assert_eq!(requests.len(), 10 * 2 + 1 + 2, "{requests:#?}");
    assert!(
        requests.iter().all(|request| request.starts_with("GET ")),
        "{requests:#?}"
    );

    through(&proxy, &world, &["plan", "--thorough"])
        .await
        .expect_code(0);
    let dry_runs = proxy
        .take()
        .iter()
        .filter(|request| request.contains("dryRun=All"))
        .count();
    assert_eq!(dry_runs, OBJECTS);
}

#[tokio::test]
async fn an_apply_without_changes_only_reads() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let proxy = Proxy::start(world.client(), Harm::None).await;
    through(&proxy, &world, &["apply", "--yes"])
        .await
        .expect_code(0)
        .expect_text("No changes.");
    let requests = proxy.take();
    assert!(
        requests.iter().all(|request| request.starts_with("GET ")),
        "{requests:#?}"
    );
}

#[tokio::test]
async fn one_changed_object_costs_one_dry_run() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    world
        .edit(
            &world.service(),
            &json!({"metadata": {"labels": {"app.kubernetes.io/name": "x"}}}),
        )
        .await;
    let proxy = Proxy::start(world.client(), Harm::None).await;
    through(&proxy, &world, &["plan"])
        .await
        .expect_code(0)
        .expect_text("1 to change");
    let dry_runs: Vec<String> = proxy
        .take()
        .into_iter()
        .filter(|request| request.contains("dryRun=All"))
        .collect();
    assert_eq!(dry_runs.len(), 1, "{dry_runs:?}");
}

/// A write by another manager.
struct Write {
    path: String,
    content_type: &'static str,
    body: Value,
}

const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";

/// One foreign write of each kind that we can think of, on every object of the stack.
///
/// Leaves out the three blind spots of the fast plan, which `object::coverage` names.
fn foreign_writes(world: &World) -> Vec<Write> {
    let app = |kind: &str, name: &str| format!("/api/v1/namespaces/{}/{kind}/{name}", world.app);
    let database = |kind: &str, name: &str| format!("/api/v1/namespaces/{}/{kind}/{name}", world.database);
    let scripts = database("configmaps", "mongodb-scripts");
    let namespace = format!("/api/v1/namespaces/{}", world.app);
    let secrets = [world.users(), app("secrets", "api-mongodb")];
    let mut writes = Vec::new();
    let mut add = |path: &str, content_type, body| {
        writes.push(Write {
            path: path.to_owned(),
            content_type,
            body,
        });
    };
    let objects = [
        world.deployment(),
        world.stateful_set(),
        world.service(),
        world.autoscaler(),
        database("services", "mongodb"),
        scripts.clone(),
        namespace.clone(),
    ];
    for object in objects.iter().chain(&secrets) {
        for metadata in metadata_writes() {
            // A namespace that is not ours any more could only be deleted, with all that is in it.
            if *object != namespace || metadata["managedFields"].is_null() {
                add(object, MERGE, json!({"metadata": metadata}));
            }
        }
    }
    for change in container_writes() {
        let body = json!({"spec": {"template": {"spec": {"containers": [change]}}}});
        add(&world.deployment(), STRATEGIC, body);
    }
    for (path, spec) in [
        (
            world.deployment(),
            json!({"strategy": {"rollingUpdate": {"maxSurge": 3}}}),
        ),
        (
            world.deployment(),
            json!({"template": {"spec": {"securityContext": null}}}),
        ),
        (world.deployment(), json!({"revisionHistoryLimit": 3})),
        (format!("{}/scale", world.deployment()), json!({"replicas": 4})),
        (
            world.stateful_set(),
            json!({"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"}}),
        ),
        (world.stateful_set(), json!({"replicas": 0})),
        (world.service(), json!({"selector": {"theirs": "too"}})),
        (world.service(), json!({"externalTrafficPolicy": "Local"})),
        (world.autoscaler(), json!({"maxReplicas": 9})),
        (world.autoscaler(), json!({"minReplicas": null})),
        (world.autoscaler(), json!({"metrics": []})),
    ] {
        add(&path, MERGE, json!({"spec": spec}));
    }
    add(
        &world.service(),
        STRATEGIC,
        json!({"spec": {"ports": [{"port": 5000, "targetPort": 1}]}}),
    );
    for data in [
        json!({"users.js": "// nothing"}),
        json!({"users.sh": null}),
        json!({"theirs": "too"}),
    ] {
        add(&scripts, MERGE, json!({"data": data}));
    }
    for secret in &secrets {
        add(
            secret,
            MERGE,
            json!({"stringData": {"uri": "x", "root-password": "x"}}),
        );
        add(secret, MERGE, json!({"data": {"theirs": "eA=="}}));
        add(secret, MERGE, json!({"data": null}));
    }
    writes
}

fn metadata_writes() -> [Value; 8] {
    [
        json!({"annotations": {"infra.internal/state-hash": null}}),
        json!({"annotations": {"infra.internal/state-hash": "v1:cut"}}),
        json!({"annotations": {"team": "shop"}}),
        json!({"labels": {"app.kubernetes.io/name": "theirs"}}),
        json!({"labels": {"app.kubernetes.io/component": null}}),
        json!({"labels": {"infra.internal/environment": null}}),
        json!({"labels": {"theirs": "too"}}),
        json!({"managedFields": [{}]}),
    ]
}

fn container_writes() -> [Value; 6] {
    [
        json!({"name": "api", "image": "theirs:1"}),
        json!({"name": "api", "resources": {"limits": {"cpu": "900m"}}}),
        json!({"name": "api", "env": [{"name": "THEIRS", "value": "1"}]}),
        json!({"name": "api", "livenessProbe": {"periodSeconds": 99}}),
        json!({"name": "api", "ports": [{"containerPort": 9, "protocol": "UDP"}]}),
        json!({"name": "sidecar", "image": "sidecar:1"}),
    ]
}

/// Numbers that look random and are the same in every run (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }
}

#[tokio::test]
async fn the_fast_plan_says_what_the_thorough_one_says_after_any_foreign_write() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let mut writes = foreign_writes(&world);
    let mut dice = Dice(0x5eed);
    let mut round = 0;
    let mut touched = Vec::new();
    // Every write once, in an order that changes what meets what, one to four at a time.
    while !writes.is_empty() {
        round += 1;
        let mut done = Vec::new();
        for _ in 0..=dice.roll(4).min(writes.len() - 1) {
            let write = writes.swap_remove(dice.roll(writes.len()));
            let path = format!("{}?fieldManager=somebody", write.path);
            // A write that an earlier one of the round made invalid does not count.
            let taken = world
                .request("PATCH", &path, write.content_type, &write.body)
                .await
                .is_some();
            touched.push(write.path.clone());
            done.push(format!(
                "{} {} {}",
                write.path,
                write.body,
                if taken { "" } else { "(refused)" }
            ));
            if writes.is_empty() {
                break;
            }
        }
        let fast = world.plan().await;
        let thorough = world.infra("plan", &["--thorough"]).await;
        assert_eq!(fast.stdout, thorough.stdout, "after {done:#?}");
        assert_eq!(fast.code, thorough.code);
        if round % 3 == 0 {
            converge(&world, &touched).await;
            touched.clear();
        }
    }
}

/// Applies. Objects that have lost every mark of ours after several writes are refused, so they are recreated.
async fn converge(world: &World, touched: &[String]) {
    let applied = world.infra("apply", &["--yes", "--no-wait"]).await;
    if applied.code == Some(6) {
        for path in touched {
            if path.ends_with(&world.app) {
                let label = json!({"metadata": {"labels": {"infra.internal/environment": world.name}}});
                world.edit(path, &label).await;
            } else if !path.ends_with("/scale") {
                world
                    .request("DELETE", path, "application/json", &json!({}))
                    .await;
                world.wait_for(path, |object| object.is_none()).await;
            }
        }
        let again = world.infra("apply", &["--yes", "--no-wait"]).await;
        assert_eq!(again.code, Some(0), "{applied:?} {again:?}");
    }
    let plan = world.plan().await;
    assert!(
        plan.last_line().starts_with("No changes."),
        "{applied:?} {plan:?}"
    );
}

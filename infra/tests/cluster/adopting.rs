//! An existing object that nothing manages is adopted with consent; an object of another environment never is.

use engine_core::observation::adoption::migrated_managers;
use serde_json::{Value, json};

use crate::fixture::{OBJECTS, World};

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Creates an object as `kubectl apply` does: with a copy of it in an annotation, under that manager's name.
async fn kubectl_apply(world: &World, manifest: &Value) -> Value {
    let mut object = manifest.clone();
    object["metadata"]["annotations"][LAST_APPLIED] = json!(manifest.to_string());
    let collection = collection(manifest);
    let path = format!("{collection}?fieldManager=kubectl-client-side-apply");
    world
        .request("POST", &path, "application/json", &object)
        .await
        .expect("the manifest is taken")
}

/// URL of the collection that a manifest belongs to.
fn collection(manifest: &Value) -> String {
    let version = manifest["apiVersion"].as_str().unwrap();
    let root = if version.contains('/') { "apis" } else { "api" };
    let kind = manifest["kind"].as_str().unwrap().to_lowercase();
    let plural = match kind.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{kind}s"),
    };
    match manifest["metadata"]["namespace"].as_str() {
        Some(namespace) => format!("/{root}/{version}/namespaces/{namespace}/{plural}"),
        None => format!("/{root}/{version}/{plural}"),
    }
}

fn path(manifest: &Value) -> String {
    let name = manifest["metadata"]["name"].as_str().unwrap();
    format!("{}/{name}", collection(manifest))
}

/// The manifests that `infra render` prints.
async fn rendered(world: &World) -> Vec<Value> {
    let rendered = world.infra("render", &[]).await.expect_code(0);
    let documents: Vec<Value> = serde_saphyr::from_multiple(&rendered.stdout).unwrap();
    documents.into_iter().filter(Value::is_object).collect()
}

/// One of them, as an object in the environment's file would be.
async fn manifest(world: &World, kind: &str, name: &str) -> Value {
    let all = rendered(world).await;
    all.into_iter()
        .find(|manifest| manifest["kind"] == kind && manifest["metadata"]["name"] == name)
        .unwrap()
}

/// Applies the whole environment, then has another manager recreate one object.
async fn apply_all_but(world: &World, manifest: &Value) {
    world.apply().await.expect_code(0);
    let path = path(manifest);
    world.delete(&path).await;
    world.wait_for(&path, |live| live.is_none()).await;
}

async fn expect_no_changes(world: &World) {
    let planned = world.plan().await.expect_code(0);
    assert!(
        planned.last_line().starts_with("No changes."),
        "{}",
        planned.stdout
    );
    world
        .infra("plan", &["--thorough"])
        .await
        .expect_code(0)
        .expect_text("No changes.");
}

async fn adopt(world: &World) -> crate::fixture::Ended {
    world.infra("apply", &["--yes", "--adopt"]).await
}

async fn pods(world: &World) -> Vec<Value> {
    let mut uids = Vec::new();
    for namespace in [&world.app, &world.database] {
        let pods = world
            .read(&format!("/api/v1/namespaces/{namespace}/pods"))
            .await
            .unwrap();
        let pods = pods["items"].as_array().unwrap().clone();
        uids.extend(pods.iter().map(|pod| pod["metadata"]["uid"].clone()));
    }
    uids
}

#[tokio::test]
async fn what_kubectl_has_applied_becomes_ours_without_a_restart() {
    let world = World::new().await;
    for manifest in rendered(&world).await {
        kubectl_apply(&world, &manifest).await;
    }
    let claim = world.claim();
    world
        .wait_for(&claim, |live| {
            live.is_some_and(|claim| claim["status"]["phase"] == "Bound")
        })
        .await;
    world
        .wait_for(&world.deployment(), |live| {
            live.is_some_and(|live| live["status"]["readyReplicas"].as_i64() == Some(1))
        })
        .await;
    let claim_before = world.read(&claim).await.unwrap()["metadata"]["uid"].clone();
    let before = pods(&world).await;
    world
        .plan()
        .await
        .expect_code(6)
        .expect_text("it already exists and is not managed by this environment")
        .expect_text("adopt it with --adopt");
    assert!(world.read(&world.record()).await.is_none());

    let planned = world.infra("plan", &["--adopt"]).await.expect_code(0);
    let planned = planned
        .expect_text(&format!(
            "Plan: 0 to create, 0 to change, 0 to replace, 0 to delete, 0 unchanged, {OBJECTS} to adopt."
        ))
        .expect_text("data.root-password: nothing -> (not shown)")
        .expect_text("apply removes it: it is a copy of the input of `kubectl apply`");
    assert!(!planned.stdout.contains("restart"), "{}", planned.stdout);
    let applied = adopt(&world).await.expect_code(0);
    assert!(
        applied.last_line().starts_with(&format!(
            "Applied: 0 created, 0 changed, 0 replaced, 0 deleted, 0 unchanged, {OBJECTS} adopted in "
        )),
        "{}",
        applied.last_line()
    );
    expect_no_changes(&world).await;
    assert_eq!(pods(&world).await, before, "no pod was restarted");
    assert_eq!(world.read(&claim).await.unwrap()["metadata"]["uid"], claim_before);
    for manifest in rendered(&world).await {
        let live = world.read(&path(&manifest)).await.unwrap();
        assert!(live["metadata"]["annotations"][LAST_APPLIED].is_null());
        let managers = live["metadata"]["managedFields"].to_string();
        assert!(!managers.contains("kubectl-client-side-apply"), "{managers}");
    }
    // The claim is on record: a database without it is refused from now on.
    let destroyed = world.destroy().await.expect_code(0);
    destroyed.expect_text("holds data");
    assert!(world.read(&claim).await.is_some());
}

#[tokio::test]
async fn what_only_kubectl_has_set_goes_and_what_others_have_set_stays() {
    let world = World::new().await;
    let mut scripts = manifest(&world, "ConfigMap", "mongodb-scripts").await;
    apply_all_but(&world, &scripts).await;
    scripts["data"]["left-over.sh"] = json!("exit 1");
    kubectl_apply(&world, &scripts).await;
    let theirs = json!({"metadata": {"labels": {"team": "storage"}}, "data": {"theirs.sh": "true", "ping.sh": "false"}});
    world.edit(&path(&scripts), &theirs).await;
    world
        .infra("plan", &["--adopt"])
        .await
        .expect_code(0)
        .expect_text("data[\"left-over.sh\"]: \"exit 1\" -> nothing")
        .expect_text("apply removes it: only `kubectl apply` set it, and the configuration lacks it")
        .expect_text("was set by kubectl-edit at ")
        .expect_text("; the configuration now sets it");
    adopt(&world).await.expect_code(0);
    let live = world.read(&path(&scripts)).await.unwrap();
    assert!(live["data"]["left-over.sh"].is_null());
    assert_eq!(live["data"]["theirs.sh"], "true");
    assert_eq!(live["metadata"]["labels"]["team"], "storage");
    assert_eq!(live["data"]["ping.sh"], scripts["data"]["ping.sh"]);
    expect_no_changes(&world).await;
}

#[tokio::test]
async fn a_foreign_field_that_excludes_ours_goes_and_the_restart_is_said() {
    let world = World::new().await;
    let mut deployment = manifest(&world, "Deployment", "api").await;
    apply_all_but(&world, &deployment).await;
    let container = &mut deployment["spec"]["template"]["spec"]["containers"][0];
    container["env"][0] = json!({
        "name": container["env"][0]["name"],
        "valueFrom": {"configMapKeyRef": {"name": "theirs", "key": "k", "optional": true}},
    });
    container["env"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "THEIRS", "value": "1"}));
    deployment["spec"]["replicas"] = json!(3);
    world.create(&collection(&deployment), &deployment).await;
    world
        .infra("plan", &["--adopt"])
        .await
        .expect_code(0)
        .expect_text("env[MONGODB_URI_FILE].valueFrom.configMapKeyRef.name: \"theirs\" -> nothing")
        .expect_text("apply removes it: the configuration sets a field that excludes it")
        .expect_text("rolling restart (3 pods)");
    adopt(&world).await.expect_code(0);
    let live = world.read(&world.deployment()).await.unwrap();
    let env = &live["spec"]["template"]["spec"]["containers"][0]["env"];
    assert_eq!(env.as_array().unwrap().len(), 2, "{env}");
    assert!(
        env[0]["valueFrom"].is_null() && env[0]["value"].is_string(),
        "{env}"
    );
    assert_eq!(env[1]["name"], "THEIRS");
    assert_eq!(
        live["spec"]["replicas"], 3,
        "the autoscaler goes on from the live number"
    );
    expect_no_changes(&world).await;
}

#[tokio::test]
async fn no_copy_of_a_credential_is_left_or_shown() {
    let world = World::new().await;
    let secret = manifest(&world, "Secret", "mongodb-users").await;
    apply_all_but(&world, &secret).await;
    let mut theirs = secret.clone();
    theirs["data"] = json!({"root-password": "aHVudGVyMg==", "application-password": "aHVudGVyMw=="});
    let copy = theirs.to_string();
    theirs["metadata"]["annotations"][LAST_APPLIED] = json!(copy);
    // Not under the name of `kubectl apply`: the copy is removed whoever wrote it.
    world.create(&collection(&theirs), &theirs).await;
    let planned = world
        .infra("plan", &["--adopt", "--verbose"])
        .await
        .expect_code(0);
    let json = world
        .infra("plan", &["--adopt", "--output", "json"])
        .await
        .expect_code(0);
    let diff = world.infra("diff", &["--adopt"]).await.expect_code(0);
    let applied = adopt(&world).await.expect_code(0);
    for printed in [planned, json, diff, applied] {
        assert!(!printed.stdout.contains("aHVudGVyMg") && !printed.stderr.contains("aHVudGVyMg"));
    }
    let live = world.read(&world.users()).await.unwrap();
    assert!(!live.to_string().contains("aHVudGVyMg"), "a copy is left");
    expect_no_changes(&world).await;
}

#[tokio::test]
async fn passwords_that_are_there_are_taken_over_with_their_secret() {
    let world = World::new().await;
    for mut manifest in rendered(&world).await {
        if manifest["metadata"]["name"] == "mongodb-users" {
            manifest["data"] =
                json!({"root-password": "aHVudGVyMg==", "application-password": "aHVudGVyMw=="});
        }
        kubectl_apply(&world, &manifest).await;
    }
    world.wait_for(&world.claim(), |live| live.is_some()).await;
    adopt(&world).await.expect_code(0);
    assert_eq!(world.root_password().await, "aHVudGVyMg==");
    expect_no_changes(&world).await;
}

#[tokio::test]
async fn another_environments_object_and_a_controllers_are_never_adopted() {
    let world = World::new().await;
    let mut scripts = manifest(&world, "ConfigMap", "mongodb-scripts").await;
    apply_all_but(&world, &scripts).await;
    scripts["metadata"]["labels"]["infra.internal/environment"] = json!("another");
    let there = world.create(&collection(&scripts), &scripts).await;
    world
        .infra("plan", &["--adopt"])
        .await
        .expect_code(6)
        .expect_text("it belongs to environment `another`");
    let owner = json!({"metadata": {
        "labels": {"infra.internal/environment": null},
        "ownerReferences": [{
            "apiVersion": "v1", "kind": "Namespace", "name": world.database, "controller": true,
            "uid": world.read(&format!("/api/v1/namespaces/{}", world.database)).await.unwrap()["metadata"]["uid"],
        }],
    }});
    world.edit(&path(&scripts), &owner).await;
    world
        .infra("plan", &["--adopt"])
        .await
        .expect_code(6)
        .expect_text(&format!(
            "cannot be adopted: it is controlled by Namespace/{}",
            world.database
        ));
    let live = world.read(&path(&scripts)).await.unwrap();
    assert_eq!(live["metadata"]["uid"], there["metadata"]["uid"]);
}

#[tokio::test]
async fn a_workload_with_another_selector_is_not_adopted() {
    let world = World::new().await;
    let mut deployment = manifest(&world, "Deployment", "api").await;
    apply_all_but(&world, &deployment).await;
    deployment["spec"]["selector"]["matchLabels"] = json!({"app": "theirs"});
    deployment["spec"]["template"]["metadata"]["labels"] = json!({"app": "theirs"});
    kubectl_apply(&world, &deployment).await;
    world
        .infra("apply", &["--yes", "--adopt", "--replace"])
        .await
        .expect_code(6)
        .expect_text("cannot be adopted: `spec.selector` cannot be changed in place")
        .expect_text("`existing_claim`");
}

#[tokio::test]
async fn a_database_is_not_adopted_away_from_its_data() {
    let world = World::new().await;
    world.configure(|settings| settings.more = "[mongodb]\nexisting_claim = \"new\"\n".to_owned());
    let manifests = rendered(&world).await;
    for mut manifest in manifests {
        if manifest["kind"] == "StatefulSet" {
            let volumes = manifest["spec"]["template"]["spec"]["volumes"]
                .as_array_mut()
                .unwrap();
            let data = volumes
                .iter_mut()
                .find(|volume| volume["name"] == "data")
                .unwrap();
            data["persistentVolumeClaim"]["claimName"] = json!("old");
        }
        kubectl_apply(&world, &manifest).await;
    }
    for name in ["old", "new"] {
        let claim = json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": name, "namespace": world.database},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        });
        world.create(&collection(&claim), &claim).await;
    }
    adopt(&world).await.expect_code(6).expect_text(&format!(
        "refuse StatefulSet/{}/mongodb: the database would start empty: it keeps its data in claim `old`, and would \
         mount claim `new`",
        world.database
    ));
    assert!(world.read(&world.record()).await.is_none());
    // With the claim that it has, it is taken over.
    world.configure(|settings| settings.more = "[mongodb]\nexisting_claim = \"old\"\n".to_owned());
    adopt(&world).await.expect_code(0);
    expect_no_changes(&world).await;
}

#[tokio::test]
async fn a_claim_and_its_volume_are_not_adopted() {
    let world = World::new().await;
    world.configure(|settings| {
        settings.more = "[mongodb.host_path]\npath = \"/var/lib/data\"\nnode = \"sandbox-1\"\n".to_owned();
    });
    let manifests = rendered(&world).await;
    let namespace = manifests
        .iter()
        .find(|manifest| manifest["kind"] == "Namespace" && manifest["metadata"]["name"] == world.database);
    kubectl_apply(&world, namespace.unwrap()).await;
    for manifest in &manifests {
        if ["PersistentVolume", "PersistentVolumeClaim"].contains(&manifest["kind"].as_str().unwrap()) {
            kubectl_apply(&world, manifest).await;
        }
    }
    let refused = world.infra("plan", &["--adopt"]).await.expect_code(6);
    for object in [
        format!("PersistentVolume/{}-mongodb-data", world.name),
        format!("PersistentVolumeClaim/{}/mongodb-data", world.database),
    ] {
        assert!(
            refused.stdout.contains(&format!(
                "! refuse {object}: it already exists and cannot be adopted: it may hold data"
            )),
            "{}",
            refused.stdout
        );
    }
}

#[tokio::test]
async fn an_adoption_that_was_cut_off_is_brought_to_its_end_by_the_next_apply() {
    let world = World::new().await;
    let mut scripts = manifest(&world, "ConfigMap", "mongodb-scripts").await;
    apply_all_but(&world, &scripts).await;
    scripts["data"]["left-over.sh"] = json!("exit 1");
    kubectl_apply(&world, &scripts).await;
    // As it is between the two writes of an adoption: the history is ours, and the content is as it was.
    let mut live = world.read(&path(&scripts)).await.unwrap();
    let managers = migrated_managers(&live, "v1", &[]).unwrap();
    live["metadata"]["managedFields"] = json!(managers);
    world
        .request("PUT", &path(&scripts), "application/json", &live)
        .await
        .unwrap();
    // The label and the hash are those that were rendered, so it counts as ours by now.
    world
        .plan()
        .await
        .expect_code(0)
        .expect_text("data[\"left-over.sh\"]: \"exit 1\" -> nothing");
    world.apply().await.expect_code(0);
    let live = world.read(&path(&scripts)).await.unwrap();
    assert!(live["data"]["left-over.sh"].is_null());
    assert!(live["metadata"]["annotations"][LAST_APPLIED].is_null());
    expect_no_changes(&world).await;
}

#[tokio::test]
async fn what_somebody_has_put_into_an_environment_variable_is_not_shown() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    world.delete(&world.deployment()).await;
    world
        .wait_for(&world.deployment(), |deployment| deployment.is_none())
        .await;
    let labels = json!({"app.kubernetes.io/name": "api", "app.kubernetes.io/instance": world.name});
    let deployments = format!("/apis/apps/v1/namespaces/{}/deployments", world.app);
    let foreign = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"},
        "spec": {"selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels},
            "spec": {"containers": [{
                "name": "api", "image": "theirs:1",
                "env": [{"name": "MONGODB_URI_FILE", "value": "mongodb://root:hunter2@database"}],
            }]},
        }},
    });
    world.create(&deployments, &foreign).await;
    for flags in [
        &["--adopt"][..],
        &["--adopt", "--output", "json"],
        &["--adopt", "-v"],
    ] {
        let plan = world.infra("plan", flags).await.expect_text("MONGODB_URI_FILE");
        assert!(!plan.stdout.contains("hunter2"), "{}", plan.stdout);
        assert!(!plan.stderr.contains("hunter2"), "{}", plan.stderr);
    }
}

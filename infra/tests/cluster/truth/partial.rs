//! A server with partial answers: the gap is reported, the rest is planned, and nothing with an incomplete listing is deleted.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::bed::{Bed, config_map, thing};
use crate::fixture::World;
use crate::proxy::{End, Harm, Proxy, through};

const NOTHING: [String; 0] = [];

/// An environment with an object that its configuration no longer declares.
async fn with_an_orphan() -> World {
    let world = World::new().await;
    world.configure(|settings| settings.more.push_str("[mongodb]\ncluster_ip = true\n"));
    world.apply().await.expect_code(0);
    world.configure(|_| {});
    world
        .plan()
        .await
        .expect_code(0)
        .expect_line(&orphan(&world, "- delete", ""));
    world
}

fn orphan(world: &World, action: &str, why: &str) -> String {
    format!("{action} Service/{}/mongodb-cluster-ip{why}", world.database)
}

async fn orphan_is_there(world: &World) -> bool {
    let path = format!(
        "/api/v1/namespaces/{}/services/mongodb-cluster-ip",
        world.database
    );
    world.read(&path).await.is_some()
}

/// A kind that cannot be listed is reported, nothing is deleted because of it, and the next complete observation finds all.
async fn check_cut_off(end: End) {
    let world = with_an_orphan().await;
    world
        .edit(&world.deployment(), &json!({"spec": {"minReadySeconds": 7}}))
        .await;
    let proxy = Proxy::start(world.client(), Harm::CutOff("/networkpolicies?", end)).await;
    through(&proxy, &world, &["apply", "--yes"])
        .await
        .expect_code(0)
        .expect_text(
            "warning: unwanted objects may be missing from this plan: could not list networkpolicies",
        )
        .expect_text(&orphan(
            &world,
            "keep",
            ": not everything could be listed: could not list networkpolicies",
        ));
    assert!(orphan_is_there(&world).await);
    world.apply().await.expect_code(0).expect_text("1 deleted");
    assert!(!orphan_is_there(&world).await);
    assert!(world.plan().await.last_line().starts_with("No changes."));
}

#[tokio::test]
async fn a_list_whose_connection_breaks_prunes_nothing() {
    check_cut_off(End::Broken).await;
}

#[tokio::test]
async fn a_list_that_ends_in_its_middle_prunes_nothing() {
    check_cut_off(End::Clean).await;
}

#[tokio::test]
async fn claims_that_cannot_be_listed_whole_stop_everything() {
    let world = with_an_orphan().await;
    for end in [End::Broken, End::Clean] {
        let proxy = Proxy::start(world.client(), Harm::CutOff("/persistentvolumeclaims", end)).await;
        through(&proxy, &world, &["apply", "--yes"])
            .await
            .expect_code(1)
            .expect_text("could not list persistentvolumeclaims");
    }
    assert!(orphan_is_there(&world).await);
}

#[tokio::test]
async fn a_group_whose_server_is_down_is_said_and_the_others_are_planned() {
    let world = with_an_orphan().await;
    world
        .edit(
            &world.service(),
            &json!({"metadata": {"labels": {"app.kubernetes.io/name": "x"}}}),
        )
        .await;
    let proxy = Proxy::start(world.client(), Harm::Unavailable("/apis/autoscaling/")).await;
    let before = world.read(&world.service()).await.unwrap();
    through(&proxy, &world, &["apply", "--yes"])
        .await
        .expect_code(1)
        .expect_text(&format!(
            "! refuse HorizontalPodAutoscaler/{}/api: could not read",
            world.app
        ))
        .expect_text(&format!("~ change Service/{}/api", world.app))
        .expect_text(&orphan(
            &world,
            "keep",
            ": not everything could be listed: could not list horizontalpodautoscalers",
        ))
        .expect_text("error: the plan has refused changes; nothing was written");
    assert_eq!(world.read(&world.service()).await.unwrap(), before);
    assert!(orphan_is_there(&world).await);
}

/// A kubeconfig for a user with every permission except these verbs on these resources.
async fn user_without(world: &World, resource: (&str, &str), verbs: &[&str]) -> PathBuf {
    let all = [
        "get",
        "list",
        "watch",
        "create",
        "update",
        "patch",
        "delete",
        "deletecollection",
    ];
    let (group, plural) = resource;
    let left: Vec<&&str> = all.iter().filter(|verb| !verbs.contains(verb)).collect();
    let others: Vec<Value> = [
        (
            "",
            vec![
                "namespaces",
                "secrets",
                "configmaps",
                "services",
                "serviceaccounts",
                "pods",
                "persistentvolumeclaims",
                "persistentvolumes",
                "events",
                "endpoints",
                "resourcequotas",
                "limitranges",
                "nodes",
            ],
        ),
        (
            "apps",
            vec![
                "deployments",
                "statefulsets",
                "replicasets",
                "controllerrevisions",
                "daemonsets",
            ],
        ),
        ("autoscaling", vec!["horizontalpodautoscalers"]),
        ("networking.k8s.io", vec!["networkpolicies", "ingresses"]),
        ("policy", vec!["poddisruptionbudgets"]),
        ("coordination.k8s.io", vec!["leases"]),
        ("discovery.k8s.io", vec!["endpointslices"]),
    ]
    .into_iter()
    .map(|(of, plurals)| {
        let rest: Vec<&str> = plurals
            .into_iter()
            .filter(|one| (of, *one) != (group, plural))
            .collect();
        json!({"apiGroups": [of], "resources": rest, "verbs": ["*"]})
    })
    .chain([json!({"apiGroups": [group], "resources": [plural], "verbs": left})])
    .collect();
    world.user(&others).await
}

#[tokio::test]
async fn a_kind_that_must_not_be_listed_is_read_by_name_and_nothing_is_pruned() {
    let world = with_an_orphan().await;
    let kubeconfig = user_without(&world, ("networking.k8s.io", "networkpolicies"), &["list"]).await;
    let kubeconfig = kubeconfig.to_str().unwrap();
    let policy = format!(
        "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies/api",
        world.app
    );
    world
        .edit(&policy, &json!({"spec": {"policyTypes": ["Ingress"]}}))
        .await;
    for _ in 0..2 {
        world
            .infra("apply", &["--yes", "--kubeconfig", kubeconfig])
            .await
            .expect_code(0)
            .expect_text(
                "warning: unwanted objects may be missing from this plan: could not list networkpolicies",
            )
            .expect_text("is forbidden")
            .expect_text(&orphan(
                &world,
                "keep",
                ": not everything could be listed: could not list networkpolicies",
            ));
    }
    let live = world.read(&policy).await.unwrap();
    assert_ne!(live["spec"]["policyTypes"], json!(["Ingress"]));
    assert!(orphan_is_there(&world).await);
    world.apply().await.expect_code(0).expect_text("1 deleted");
}

#[tokio::test]
async fn a_kind_that_must_not_be_changed_is_refused_before_the_first_write() {
    let world = World::new().await;
    world.apply().await.expect_code(0);
    let kubeconfig = user_without(&world, ("apps", "deployments"), &["patch"]).await;
    let before = world.read(&world.service()).await.unwrap();
    world
        .edit(&world.deployment(), &json!({"spec": {"minReadySeconds": 7}}))
        .await;
    world.configure(|settings| settings.service.push("image = \"service:next\"".to_owned()));
    world
        .infra("apply", &["--yes", "--kubeconfig", kubeconfig.to_str().unwrap()])
        .await
        .expect_code(1)
        .expect_text("cannot patch resource");
    assert_eq!(world.read(&world.service()).await.unwrap(), before);
}

#[tokio::test]
async fn a_right_that_only_the_writes_need_is_named_before_the_first_of_them() {
    let world = with_an_orphan().await;
    let kubeconfig = user_without(&world, ("", "services"), &["delete"]).await;
    let edit = json!({"metadata": {"labels": {"app.kubernetes.io/name": "x"}}});
    world.edit(&world.deployment(), &edit).await;
    let before = world.read(&world.deployment()).await.unwrap();
    world
        .infra("apply", &["--yes", "--kubeconfig", kubeconfig.to_str().unwrap()])
        .await
        .expect_code(1)
        .expect_text(&format!(
            "this user lacks permissions that the plan needs: delete services in `{}`",
            world.database
        ));
    let after = world.read(&world.deployment()).await.unwrap();
    assert_eq!(before["spec"], after["spec"]);
    assert_eq!(before["metadata"]["labels"], after["metadata"]["labels"]);
    assert!(orphan_is_there(&world).await);
}

#[tokio::test]
async fn a_kind_that_the_server_does_not_serve_is_said_and_the_others_are_planned() {
    let bed = Bed::new().await;
    let things = [
        config_map("a", &json!({"a": "b"})),
        thing(
            "none.internal",
            "v1",
            "Nothing",
            "nothings",
            true,
            json!({"metadata": {"name": "a"}}),
        ),
    ];
    let planned = [
        "+ Namespace/shop",
        "+ ConfigMap/shop/a",
        "! Nothing/shop/a: the server does not serve nothings (none.internal/v1)",
    ];
    assert_eq!(bed.lines(&things).await, planned);
    bed.apply(&things[..1]).await;
    assert_eq!(bed.lines(&things).await, planned[2..]);
}

#[tokio::test]
async fn an_object_is_checked_once_its_kind_exists_and_waits_for_it() {
    let bed = Bed::new().await;
    let group = format!("{}.internal", bed.world.name);
    let version = json!({"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
        "type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}},
    }}});
    let mut things = vec![thing(
        "apiextensions.k8s.io",
        "v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        false,
        json!({"metadata": {"name": format!("tools.{group}")}, "spec": {
            "group": group, "scope": "Namespaced", "versions": [version],
            "names": {"plural": "tools", "singular": "tool", "kind": "Tool", "listKind": "ToolList"},
        }}),
    )];
    let tool = |name: String| {
        let json = json!({"metadata": {"name": name}, "spec": {"size": 1}});
        thing(&group, "v1", "Tool", "tools", true, json)
    };
    things.extend((0..3).map(|number| tool(format!("tool-{number}"))));
    let lines = bed.lines(&things).await;
    assert_eq!(
        lines[2..],
        [0, 1, 2].map(|number| format!("+ Tool/shop/tool-{number} (checked once kind `Tool` exists)"))
    );
    bed.apply(&things).await;
    assert_eq!(bed.lines(&things).await, NOTHING);
    // Without its objects, and without the kind itself, both go.
    bed.apply(&[]).await;
    assert!(bed.world.read(&bed.path(&things[0])).await.is_none());
    assert_eq!(bed.lines(&[]).await, NOTHING);
}

/// A definition of tools whose versions of these names are served, or not.
fn definition(group: &str, versions: &[(&str, bool)]) -> Value {
    let storage = versions[0].0;
    let version = |(name, served): &(&str, bool)| {
        json!({"name": name, "served": served, "storage": *name == storage, "schema": {"openAPIV3Schema": {
            "type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}},
        }}})
    };
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("tools.{group}")},
        "spec": {
            "group": group, "scope": "Namespaced", "versions": versions.iter().map(version).collect::<Vec<_>>(),
            "names": {"plural": "tools", "singular": "tool", "kind": "Tool", "listKind": "ToolList"},
        },
    })
}

/// Redefines tools; returns once exactly the given versions are served.
async fn define(world: &World, group: &str, versions: &[(&str, bool)]) {
    let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/tools.{group}");
    let definition = definition(group, versions);
    world.apply_as("somebody", &path, &definition).await;
    for (version, is_served) in versions {
        let tools = format!("/apis/{group}/{version}/tools");
        world.wait_for(&tools, |list| list.is_some() == *is_served).await;
    }
    // Discovery of the group follows a moment later.
    let has_any = versions.iter().any(|(_, is_served)| *is_served);
    world
        .wait_for(&format!("/apis/{group}"), |group| {
            let told =
                |version: &str| group.is_some_and(|group| group["versions"].to_string().contains(version));
            group.is_some() == has_any
                && versions
                    .iter()
                    .all(|(version, is_served)| told(version) == *is_served)
        })
        .await;
}

#[tokio::test]
async fn an_orphan_is_found_in_whichever_version_its_kind_is_served_and_never_taken_for_gone() {
    let bed = Bed::new().await;
    let group = format!("{}.internal", bed.world.name);
    define(&bed.world, &group, &[("v1", true), ("v2", true)]).await;
    let json = json!({"metadata": {"name": "hammer"}, "spec": {"size": 1}});
    let tools = [thing(&group, "v1", "Tool", "tools", true, json)];
    bed.apply(&tools).await;
    // No version is served: remaining objects of the kind cannot be seen, and the plan says so.
    define(&bed.world, &group, &[("v1", false), ("v2", false)]).await;
    let plan = bed.plan(&[]).await;
    assert_eq!(
        plan.gaps,
        [format!(
            "could not list tools ({group}/v1): the kind is defined, but no version of it is served"
        )]
    );
    // A run that cannot see it does not forget it.
    bed.apply(&[]).await;
    define(&bed.world, &group, &[("v1", false), ("v2", true)]).await;
    assert_eq!(bed.lines(&[]).await, ["- Tool/shop/hammer"]);
    bed.apply(&[]).await;
    assert_eq!(bed.lines(&[]).await, NOTHING);
    let hammer = format!("/apis/{group}/v2/namespaces/{}/tools/hammer", bed.namespace);
    assert!(bed.world.read(&hammer).await.is_none());
    // With its definition, every object of the kind is gone.
    bed.apply(&[thing(
        &group,
        "v2",
        "Tool",
        "tools",
        true,
        json!({"metadata": {"name": "saw"}, "spec": {"size": 1}}),
    )])
    .await;
    let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/tools.{group}");
    bed.world.delete(&path).await;
    bed.world.wait_for(&path, |definition| definition.is_none()).await;
    assert_eq!(bed.plan(&[]).await.gaps, NOTHING);
}

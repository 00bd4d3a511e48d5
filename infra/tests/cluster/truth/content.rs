//! The content of objects: written in other forms, dropped, added by others, and the effect of changes on running pods.

use serde_json::{Value, json};

use super::bed::{Bed, Thing, config_map, thing};

const STRATEGIC: &str = "application/strategic-merge-patch+json";

const NOTHING: [String; 0] = [];

fn workload(kind: &str, plural: &str, name: &str, mut spec: Value) -> Thing {
    spec["selector"] = json!({"matchLabels": {"app": name}});
    spec["template"]["metadata"]["labels"] = json!({"app": name});
    if spec["template"]["spec"].is_null() {
        spec["template"]["spec"] = json!({"containers": [{"name": "main", "image": "ours:1"}]});
    }
    thing(
        "apps",
        "v1",
        kind,
        plural,
        true,
        json!({"metadata": {"name": name}, "spec": spec}),
    )
}

fn deployment(name: &str, spec: Value) -> Thing {
    workload("Deployment", "deployments", name, spec)
}

async fn patch(bed: &Bed, thing: &Thing, content_type: &str, patch: &Value) {
    let url = format!("{}?fieldManager=somebody", bed.path(thing));
    let taken = bed.world.request("PATCH", &url, content_type, patch).await;
    assert!(taken.is_some(), "{patch} is taken");
}

#[tokio::test]
async fn a_field_that_the_configuration_drops_is_deleted_or_falls_to_its_default() {
    let bed = Bed::new().await;
    let before = [
        config_map("a", &json!({"kept": "k", "dropped": "d"})),
        deployment(
            "b",
            json!({"replicas": 2, "revisionHistoryLimit": 2, "minReadySeconds": 1}),
        ),
    ];
    bed.apply(&before).await;
    let after = [config_map("a", &json!({"kept": "k"})), deployment("b", json!({}))];
    assert_eq!(
        bed.lines(&after).await,
        [
            r#"~ ConfigMap/shop/a data.dropped: "d" -> nothing (configuration)"#,
            "~ Deployment/shop/b spec.minReadySeconds: 1 -> nothing (configuration) [scale (2 to 1 pods)]",
            "~ Deployment/shop/b spec.replicas: 2 -> 1 (configuration) [scale (2 to 1 pods)]",
            "~ Deployment/shop/b spec.revisionHistoryLimit: 2 -> 10 (configuration) [scale (2 to 1 pods)]",
        ]
    );
    bed.apply(&after).await;
    let live = bed.world.read(&bed.path(&after[0])).await.unwrap();
    assert_eq!(live["data"], json!({"kept": "k"}));
    let live = bed.world.read(&bed.path(&after[1])).await.unwrap();
    assert_eq!(live["spec"]["replicas"], 1);
    assert_eq!(live["spec"]["revisionHistoryLimit"], 10);
    assert_eq!(bed.lines(&after).await, NOTHING);
}

#[tokio::test]
async fn a_dropped_field_that_another_declares_too_stays() {
    let bed = Bed::new().await;
    let before = [config_map("a", &json!({"kept": "k", "shared": "s"}))];
    bed.apply(&before).await;
    let theirs = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"shared": "s"},
    });
    bed.world.apply_as("argocd", &bed.path(&before[0]), &theirs).await;
    let after = [config_map("a", &json!({"kept": "k"}))];
    assert_eq!(
        bed.lines(&after).await,
        ["mark ConfigMap/shop/a: the state hash is of another configuration"]
    );
    bed.apply(&after).await;
    let live = bed.world.read(&bed.path(&after[0])).await.unwrap();
    assert_eq!(live["data"]["shared"], "s");
    assert_eq!(bed.lines(&after).await, NOTHING);
}

/// A Deployment with as many keyed lists as it can have.
fn keyed() -> Thing {
    deployment(
        "keyed",
        json!({"replicas": 0, "template": {"spec": {
            "containers": [
                {
                    "name": "main", "image": "ours:1",
                    "env": [{"name": "A", "value": "a"}, {"name": "B", "value": "b"}],
                    "ports": [{"containerPort": 80}, {"containerPort": 81}],
                    "volumeMounts": [{"name": "one", "mountPath": "/one"}],
                },
                {"name": "second", "image": "ours:2"},
            ],
            "volumes": [{"name": "one", "emptyDir": {"sizeLimit": "1Gi"}}, {"name": "two", "configMap": {"name": "x"}}],
            "tolerations": [{"key": "ours", "operator": "Exists"}],
        }}}),
    )
}

#[tokio::test]
async fn what_others_add_to_keyed_lists_is_left_alone_and_ours_comes_back() {
    let bed = Bed::new().await;
    let things = [keyed()];
    bed.apply(&things).await;
    let pods = |spec: Value| json!({"spec": {"template": {"spec": spec}}});
    let added = pods(json!({
        "containers": [
            {"name": "sidecar", "image": "theirs:1"},
            {"name": "main", "env": [{"name": "C", "value": "c"}], "ports": [{"containerPort": 82}]},
        ],
        "volumes": [{"name": "three", "emptyDir": {}}],
    }));
    patch(&bed, &things[0], STRATEGIC, &added).await;
    assert_eq!(bed.lines(&things).await, NOTHING);
    let removed = pods(json!({
        "containers": [
            {"name": "second", "$patch": "delete"},
            {"name": "main", "env": [{"name": "B", "$patch": "delete"}],
             "ports": [{"containerPort": 81, "$patch": "delete"}]},
        ],
        "volumes": [{"name": "two", "$patch": "delete"}],
    }));
    patch(&bed, &things[0], STRATEGIC, &removed).await;
    let lines = bed.lines(&things).await;
    let paths: Vec<&str> = lines.iter().filter_map(|line| line.split(' ').nth(2)).collect();
    let expected = [
        "spec.template.spec.containers[main].env[B].name:",
        "spec.template.spec.containers[main].env[B].value:",
        "spec.template.spec.containers[main].ports[81/TCP].containerPort:",
        "spec.template.spec.containers[main].ports[81/TCP].protocol:",
        "spec.template.spec.containers[second].image:",
        "spec.template.spec.containers[second].imagePullPolicy:",
        "spec.template.spec.containers[second].name:",
    ];
    for path in expected {
        assert!(paths.contains(&path), "no {path} in {lines:#?}");
    }
    assert!(
        paths.iter().any(|path| path.contains("volumes[two]")),
        "{lines:#?}"
    );
    assert!(
        lines.iter().all(|line| line.ends_with(" (unknown)")),
        "{lines:#?}"
    );
    bed.apply(&things).await;
    assert_eq!(bed.lines(&things).await, NOTHING);
    let live = bed.world.read(&bed.path(&things[0])).await.unwrap();
    let names = |list: &Value| -> Vec<String> {
        let items = list.as_array().unwrap();
        let mut names: Vec<String> = items
            .iter()
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    let spec = &live["spec"]["template"]["spec"];
    assert_eq!(names(&spec["containers"]), ["main", "second", "sidecar"]);
    assert_eq!(names(&spec["volumes"]), ["one", "three", "two"]);
    let main = spec["containers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "main")
        .unwrap();
    assert_eq!(names(&main["env"]), ["A", "B", "C"]);
}

#[tokio::test]
async fn an_atomic_list_is_ours_whole_whoever_adds_removes_or_reorders() {
    let bed = Bed::new().await;
    let things = [deployment(
        "a",
        json!({"replicas": 0, "template": {"spec": {
            "containers": [{"name": "main", "image": "ours:1", "args": ["one", "two"]}],
        }}}),
    )];
    bed.apply(&things).await;
    for (args, expected) in [
        (json!(["one", "two", "three"]), vec![r#"[2]: "three" -> nothing"#]),
        (json!(["one"]), vec![r#"[1]: nothing -> "two""#]),
        (
            json!(["two", "one"]),
            vec![r#"[0]: "two" -> "one""#, r#"[1]: "one" -> "two""#],
        ),
    ] {
        let change =
            json!({"spec": {"template": {"spec": {"containers": [{"name": "main", "args": args}]}}}});
        patch(&bed, &things[0], STRATEGIC, &change).await;
        let expected: Vec<String> = expected
            .iter()
            .map(|item| {
                format!(
                    "~ Deployment/shop/a spec.template.spec.containers[main].args{item} (Update by somebody)"
                )
            })
            .collect();
        assert_eq!(bed.lines(&things).await, expected);
        bed.apply(&things).await;
        assert_eq!(bed.lines(&things).await, NOTHING);
    }
}

#[tokio::test]
async fn what_is_written_otherwise_and_means_the_same_is_no_difference() {
    let bed = Bed::new().await;
    let things = [
        deployment(
            "a",
            json!({"replicas": 0, "strategy": {"rollingUpdate": {"maxSurge": "25%"}}, "template": {"spec": {
                "containers": [{
                    "name": "main", "image": "ours:1",
                    "ports": [{"containerPort": 80}],
                    "env": [{"name": "EMPTY", "value": ""}],
                    "command": [],
                    "resources": {
                        "requests": {"cpu": "1000m", "memory": "1024Mi", "ephemeral-storage": "1000000k"},
                        "limits": {"cpu": "2.50", "memory": "1.5Gi"},
                    },
                    "livenessProbe": {"httpGet": {"path": "/", "port": 80}},
                    "securityContext": {},
                }],
                "volumes": [
                    {"name": "one", "emptyDir": {"sizeLimit": "0.5Gi"}},
                    {"name": "two", "secret": {"secretName": "x"}},
                ],
                "nodeSelector": {},
            }}}),
        ),
        thing(
            "",
            "v1",
            "Service",
            "services",
            true,
            json!({"metadata": {"name": "a"}, "spec": {
                "clusterIP": "None", "selector": {"app": "a"}, "ports": [{"port": 80}],
            }}),
        ),
        thing(
            "",
            "v1",
            "ResourceQuota",
            "resourcequotas",
            true,
            json!({"metadata": {"name": "a"}, "spec": {
                "hard": {"requests.cpu": "4000m", "requests.memory": "2048Mi", "pods": "1e1"},
            }}),
        ),
        thing(
            "",
            "v1",
            "Secret",
            "secrets",
            true,
            json!({
                "metadata": {"name": "a"}, "data": {"a": "b3Vycw=="}, "stringData": {"b": "ours"},
            }),
        ),
        thing(
            "batch",
            "v1",
            "CronJob",
            "cronjobs",
            true,
            json!({"metadata": {"name": "a"}, "spec": {
                "schedule": "@daily", "suspend": true,
                "jobTemplate": {"spec": {"template": {"spec": {
                    "restartPolicy": "Never", "containers": [{"name": "main", "image": "ours:1"}],
                }}}},
            }}),
        ),
    ];
    bed.apply(&things).await;
    assert_eq!(bed.lines(&things).await, NOTHING);
}

#[tokio::test]
async fn what_a_change_means_for_what_runs_is_said_beside_it() {
    let bed = Bed::new().await;
    let things = |image: &str| {
        let template = json!({"spec": {"containers": [{"name": "main", "image": image}]}});
        let set = |name: &str, replicas: u32| {
            let spec = json!({"replicas": replicas, "serviceName": name, "template": template});
            workload("StatefulSet", "statefulsets", name, spec)
        };
        [
            config_map("a", &json!({"image": image})),
            workload("DaemonSet", "daemonsets", "b", json!({"template": template})),
            deployment("c", json!({"replicas": 3, "template": template})),
            deployment(
                "d",
                json!({"replicas": 2, "strategy": {"type": "Recreate"}, "template": template}),
            ),
            deployment("e", json!({"replicas": 0, "template": template})),
            set("f", 1),
            set("g", 2),
        ]
    };
    bed.apply(&things("ours:1")).await;
    let path = format!("/apis/apps/v1/namespaces/{}/daemonsets/b", bed.namespace);
    let pods = |set: Option<&Value>| {
        set.and_then(|set| set["status"]["desiredNumberScheduled"].as_i64())
            .unwrap_or(0)
    };
    bed.world.wait_for(&path, |set| pods(set) > 0).await;
    let daemons = match pods(bed.world.read(&path).await.as_ref()) {
        1 => "1 pod".to_owned(),
        pods => format!("{pods} pods"),
    };
    let image = r#"spec.template.spec.containers[main].image: "ours:1" -> "ours:2" (configuration)"#;
    assert_eq!(
        bed.lines(&things("ours:2")).await,
        [
            r#"~ ConfigMap/shop/a data.image: "ours:1" -> "ours:2" (configuration)"#.to_owned(),
            format!("~ DaemonSet/shop/b {image} [rolling restart ({daemons})]"),
            format!("~ Deployment/shop/c {image} [rolling restart (3 pods)]"),
            format!("~ Deployment/shop/d {image} [outage (its pods end before new ones start)]"),
            format!("~ Deployment/shop/e {image}"),
            format!("~ StatefulSet/shop/f {image} [outage (its pod restarts)]"),
            format!("~ StatefulSet/shop/g {image} [rolling restart (2 pods)]"),
        ]
    );
}

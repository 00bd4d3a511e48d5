//! Every kind of object that an environment can hold, changed by others: drift is found, attributed, and reverted or left alone.

use serde_json::{Value, json};

use super::bed::{Bed, Thing, thing};

/// One object of a kind and what happens to it.
struct Case {
    thing: Thing,
    /// A merge patch that changes fields, and the plan's line for each.
    edit: (Value, &'static [&'static str]),
    /// A merge patch that deletes fields, and the plan's line for each.
    removal: (Value, &'static [&'static str]),
}

const MERGE: &str = "application/merge-patch+json";

/// The annotation that every object has, for kinds whose other fields cannot be changed.
const NOTE: &str = "metadata.annotations.note";

fn cases(name: &str) -> Vec<Case> {
    [
        in_a_namespace(name),
        workloads(),
        of_the_cluster(name),
        admission(name),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn case(
    thing: Thing,
    edit: Value,
    edited: &'static [&'static str],
    removal: Value,
    removed: &'static [&'static str],
) -> Case {
    Case {
        thing,
        edit: (edit, edited),
        removal: (removal, removed),
    }
}

/// An object of a namespaced kind, named `thing`.
fn namespaced(names: [&str; 4], json: Value) -> Thing {
    one(names, true, "thing", json)
}

fn one([group, version, kind, plural]: [&str; 4], is_namespaced: bool, name: &str, mut json: Value) -> Thing {
    json["metadata"]["name"] = json!(name);
    json["metadata"]["annotations"]["note"] = json!("ours");
    json["metadata"]["annotations"]["kept"] = json!("ours");
    thing(group, version, kind, plural, is_namespaced, json)
}

/// A kind of which only metadata is changed.
fn noted(thing: Thing) -> Case {
    case(
        thing,
        json!({"metadata": {"annotations": {"note": "theirs"}}}),
        &[r#"metadata.annotations.note: "theirs" -> "ours""#],
        json!({"metadata": {"annotations": {"kept": null}}}),
        &[r#"metadata.annotations.kept: nothing -> "ours""#],
    )
}

const RIGHTS: &str = "rbac.authorization.k8s.io";

#[expect(clippy::too_many_lines, reason = "it is a table")]
fn in_a_namespace(name: &str) -> Vec<Case> {
    vec![
        case(
            namespaced(
                ["", "v1", "ConfigMap", "configmaps"],
                json!({"data": {"note": "ours", "more": "ours"}}),
            ),
            json!({"data": {"note": "theirs"}}),
            &[r#"data.note: "theirs" -> "ours""#],
            json!({"data": {"more": null}}),
            &[r#"data.more: nothing -> "ours""#],
        ),
        case(
            namespaced(
                ["", "v1", "Secret", "secrets"],
                json!({
                    "type": "Opaque", "data": {"password": "b3Vycw==", "more": "b3Vycw=="},
                }),
            ),
            json!({"stringData": {"password": "theirs"}}),
            &["data.password: secret -> secret"],
            json!({"data": {"more": null}}),
            &["data.more: nothing -> secret"],
        ),
        case(
            namespaced(
                ["", "v1", "ServiceAccount", "serviceaccounts"],
                json!({"automountServiceAccountToken": false}),
            ),
            json!({"automountServiceAccountToken": true}),
            &["automountServiceAccountToken: true -> false"],
            json!({"automountServiceAccountToken": null}),
            &["automountServiceAccountToken: nothing -> false"],
        ),
        case(
            namespaced(
                [RIGHTS, "v1", "Role", "roles"],
                json!({"rules": [
                    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]},
                ]}),
            ),
            json!({"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "delete"]}]}),
            &[r#"rules[0].verbs[1]: "delete" -> nothing"#],
            json!({"rules": null}),
            &[
                r#"rules: nothing -> [{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}] (Update by kubectl-edit)"#,
            ],
        ),
        case(
            namespaced(
                [RIGHTS, "v1", "RoleBinding", "rolebindings"],
                json!({
                    "roleRef": {"apiGroup": RIGHTS, "kind": "Role", "name": "thing"},
                    "subjects": [{"kind": "ServiceAccount", "name": "thing"}],
                }),
            ),
            json!({"subjects": [{"kind": "ServiceAccount", "name": "theirs"}]}),
            &[
                r#"subjects[theirs].kind: "ServiceAccount" -> nothing"#,
                r#"subjects[theirs].name: "theirs" -> nothing"#,
                r#"subjects[thing].kind: nothing -> "ServiceAccount" (Update by kubectl-edit)"#,
                r#"subjects[thing].name: nothing -> "thing" (Update by kubectl-edit)"#,
            ],
            json!({"subjects": null}),
            &[r#"subjects: nothing -> [{"kind":"ServiceAccount","name":"thing"}]"#],
        ),
        case(
            namespaced(
                ["", "v1", "Service", "services"],
                json!({"spec": {
                    "clusterIP": "None", "selector": {"app": "ours"}, "ports": [
                        {"name": "http", "port": 80, "targetPort": 8080}, {"name": "more", "port": 90, "targetPort": 9090},
                    ],
                }}),
            ),
            json!({"spec": {"selector": {"app": "theirs"}}}),
            &[r#"spec.selector.app: "theirs" -> "ours""#],
            json!({"spec": {"ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 8080}]}}),
            &[
                r#"spec.ports[90/TCP].name: nothing -> "more""#,
                "spec.ports[90/TCP].port: nothing -> 90",
                r#"spec.ports[90/TCP].protocol: nothing -> "TCP""#,
                "spec.ports[90/TCP].targetPort: nothing -> 9090",
            ],
        ),
        case(
            namespaced(
                ["discovery.k8s.io", "v1", "EndpointSlice", "endpointslices"],
                json!({
                    "addressType": "IPv4",
                    "endpoints": [{"addresses": ["10.1.2.3"]}],
                    "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
                }),
            ),
            json!({"endpoints": [{"addresses": ["10.1.2.4"], "conditions": {}}]}),
            &[r#"endpoints[0].addresses[0]: "10.1.2.4" -> "10.1.2.3""#],
            json!({"endpoints": []}),
            &[
                r#"endpoints: nothing -> [{"addresses":["10.1.2.3"],"conditions":{}}] (Update by kubectl-edit)"#,
            ],
        ),
        case(
            namespaced(
                ["networking.k8s.io", "v1", "Ingress", "ingresses"],
                json!({"spec": {
                    "ingressClassName": "ours", "defaultBackend": {"service": {"name": "thing", "port": {"number": 80}}},
                }}),
            ),
            json!({"spec": {"defaultBackend": {"service": {"port": {"number": 81}}}}}),
            &["spec.defaultBackend.service.port.number: 81 -> 80"],
            json!({"spec": {"ingressClassName": null}}),
            &[r#"spec.ingressClassName: nothing -> "ours""#],
        ),
        case(
            namespaced(
                ["networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"],
                json!({"spec": {
                    "podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{"from": [{"podSelector": {}}]}],
                }}),
            ),
            json!({"spec": {"policyTypes": ["Egress", "Ingress"]}}),
            &[
                r#"spec.policyTypes[0]: "Egress" -> "Ingress""#,
                r#"spec.policyTypes[1]: "Ingress" -> "Egress""#,
            ],
            json!({"spec": {"ingress": null}}),
            &[r#"spec.ingress: nothing -> [{"from":[{"podSelector":{}}]}]"#],
        ),
        case(
            namespaced(
                ["policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"],
                json!({"spec": {
                    "maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow",
                    "selector": {"matchLabels": {"app": "nothing"}},
                }}),
            ),
            json!({"spec": {"maxUnavailable": 2}}),
            &["spec.maxUnavailable: 2 -> 1"],
            json!({"spec": {"unhealthyPodEvictionPolicy": null}}),
            &[r#"spec.unhealthyPodEvictionPolicy: nothing -> "AlwaysAllow""#],
        ),
        case(
            namespaced(
                [
                    "autoscaling",
                    "v2",
                    "HorizontalPodAutoscaler",
                    "horizontalpodautoscalers",
                ],
                json!({"spec": {
                    "minReplicas": 2, "maxReplicas": 5,
                    "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "nothing"},
                    "metrics": [{"type": "Resource", "resource": {
                        "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70},
                    }}],
                }}),
            ),
            json!({"spec": {"maxReplicas": 9}}),
            &["spec.maxReplicas: 9 -> 5"],
            json!({"spec": {"minReplicas": null}}),
            &["spec.minReplicas: 1 -> 2"],
        ),
        case(
            namespaced(
                ["", "v1", "ResourceQuota", "resourcequotas"],
                json!({"spec": {
                    "hard": {"pods": "10", "services": "50"},
                }}),
            ),
            json!({"spec": {"hard": {"pods": "20"}}}),
            &[r#"spec.hard.pods: "20" -> "10""#],
            json!({"spec": {"hard": {"services": null}}}),
            &[r#"spec.hard.services: nothing -> "50""#],
        ),
        case(
            namespaced(
                ["", "v1", "LimitRange", "limitranges"],
                json!({"spec": {"limits": [
                    {"type": "PersistentVolumeClaim", "max": {"storage": "64Gi"}},
                ]}}),
            ),
            json!({"spec": {"limits": [{"type": "PersistentVolumeClaim", "max": {"storage": "65Gi"}}]}}),
            &[r#"spec.limits[PersistentVolumeClaim].max.storage: "65Gi" -> "64Gi""#],
            json!({"spec": {"limits": []}}),
            &[
                r#"spec.limits: nothing -> [{"max":{"storage":"64Gi"},"type":"PersistentVolumeClaim"}] (Update by kubectl-edit)"#,
            ],
        ),
        case(
            namespaced(
                ["coordination.k8s.io", "v1", "Lease", "leases"],
                json!({"spec": {
                    "leaseDurationSeconds": 15, "holderIdentity": "ours",
                }}),
            ),
            json!({"spec": {"leaseDurationSeconds": 60}}),
            &["spec.leaseDurationSeconds: 60 -> 15"],
            json!({"spec": {"holderIdentity": null}}),
            &[r#"spec.holderIdentity: nothing -> "ours""#],
        ),
        noted(namespaced(
            ["", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"],
            json!({"spec": {
                "accessModes": ["ReadWriteOnce"], "storageClassName": "", "volumeName": name,
                "resources": {"requests": {"storage": "1Gi"}},
            }}),
        )),
    ]
}

const EDITED: &[&str] = &["spec.minReadySeconds: 7 -> 3"];
const REMOVED: &[&str] = &["spec.minReadySeconds: nothing -> 3"];

/// Workloads that run no pods.
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn workloads() -> Vec<Case> {
    let pod = json!({
        "automountServiceAccountToken": false, "terminationGracePeriodSeconds": 5, "nodeSelector": {"none": "none"},
        "containers": [{"name": "main", "image": "ours:1"}],
    });
    let template = json!({"metadata": {"labels": {"app": "thing"}}, "spec": pod});
    let mut job = template.clone();
    job["spec"]["restartPolicy"] = json!("Never");
    let selector = json!({"matchLabels": {"app": "thing"}});
    let edit = json!({"spec": {"minReadySeconds": 7}});
    let removal = json!({"spec": {"minReadySeconds": null}});
    vec![
        case(
            namespaced(
                ["apps", "v1", "Deployment", "deployments"],
                json!({"spec": {
                    "replicas": 0, "revisionHistoryLimit": 2, "minReadySeconds": 3, "selector": selector,
                    "template": template,
                }}),
            ),
            edit.clone(),
            EDITED,
            json!({"spec": {"revisionHistoryLimit": null}}),
            &["spec.revisionHistoryLimit: 10 -> 2"],
        ),
        case(
            namespaced(
                ["apps", "v1", "StatefulSet", "statefulsets"],
                json!({"spec": {
                    "replicas": 0, "serviceName": "thing", "minReadySeconds": 3, "selector": selector,
                    "template": template,
                }}),
            ),
            edit.clone(),
            EDITED,
            removal.clone(),
            REMOVED,
        ),
        case(
            namespaced(
                ["apps", "v1", "DaemonSet", "daemonsets"],
                json!({"spec": {
                    "minReadySeconds": 3, "selector": selector, "template": template,
                }}),
            ),
            edit.clone(),
            EDITED,
            removal.clone(),
            REMOVED,
        ),
        case(
            namespaced(
                ["apps", "v1", "ReplicaSet", "replicasets"],
                json!({"spec": {
                    "replicas": 0, "minReadySeconds": 3,
                    "selector": {"matchLabels": {"app": "set"}},
                    "template": {"metadata": {"labels": {"app": "set"}}, "spec": pod},
                }}),
            ),
            edit,
            EDITED,
            removal,
            REMOVED,
        ),
        case(
            namespaced(
                ["batch", "v1", "Job", "jobs"],
                json!({"spec": {
                    "suspend": true, "backoffLimit": 2, "ttlSecondsAfterFinished": 60, "template": job,
                }}),
            ),
            json!({"spec": {"backoffLimit": 5}}),
            &["spec.backoffLimit: 5 -> 2"],
            json!({"spec": {"ttlSecondsAfterFinished": null}}),
            &["spec.ttlSecondsAfterFinished: nothing -> 60"],
        ),
        case(
            namespaced(
                ["batch", "v1", "CronJob", "cronjobs"],
                json!({"spec": {
                    "suspend": true, "schedule": "0 4 * * *", "timeZone": "Etc/UTC",
                    "jobTemplate": {"spec": {"template": job}},
                }}),
            ),
            json!({"spec": {"schedule": "0 5 * * *"}}),
            &[r#"spec.schedule: "0 5 * * *" -> "0 4 * * *""#],
            json!({"spec": {"timeZone": null}}),
            &[r#"spec.timeZone: nothing -> "Etc/UTC""#],
        ),
        case(
            namespaced(["", "v1", "Pod", "pods"], json!({"spec": pod})),
            json!({"spec": {"containers": [{"name": "main", "image": "theirs:1"}]}}),
            &[r#"spec.containers[main].image: "theirs:1" -> "ours:1""#],
            json!({"metadata": {"annotations": {"kept": null}}}),
            &[r#"metadata.annotations.kept: nothing -> "ours""#],
        ),
        case(
            namespaced(
                ["", "v1", "PodTemplate", "podtemplates"],
                json!({"template": template}),
            ),
            json!({"template": {"spec": {"nodeSelector": {"none": "theirs"}}}}),
            &[r#"template.spec.nodeSelector.none: "theirs" -> "none""#],
            json!({"template": {"spec": {"terminationGracePeriodSeconds": null}}}),
            &["template.spec.terminationGracePeriodSeconds: 30 -> 5"],
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "it is a table")]
fn of_the_cluster(name: &str) -> Vec<Case> {
    let of_cluster = |names: [&str; 4], json: Value| one(names, false, name, json);
    let group = format!("{name}.internal");
    let mut definition = of_cluster(
        [
            "apiextensions.k8s.io",
            "v1",
            "CustomResourceDefinition",
            "customresourcedefinitions",
        ],
        json!({"spec": {
            "group": group, "scope": "Namespaced",
            "names": {
                "plural": "tools", "singular": "tool", "kind": "Tool", "listKind": "ToolList",
                "shortNames": ["ours"], "categories": ["ours"],
            },
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "properties": {"spec": {"type": "object", "properties": {
                    "size": {"type": "integer"}, "steps": {"type": "array", "items": {"type": "string"}},
                }}},
            }}}],
        }}),
    );
    definition.json["metadata"]["name"] = json!(format!("tools.{group}"));
    vec![
        case(
            definition,
            json!({"spec": {"names": {"shortNames": ["theirs"]}}}),
            &[r#"spec.names.shortNames[0]: "theirs" -> "ours""#],
            json!({"spec": {"names": {"categories": null}}}),
            &[r#"spec.names.categories: nothing -> ["ours"]"#],
        ),
        case(
            namespaced(
                [&group, "v1", "Tool", "tools"],
                json!({"spec": {"size": 1, "steps": ["build", "test"]}}),
            ),
            json!({"spec": {"steps": ["test", "build"]}}),
            &[
                r#"spec.steps[0]: "test" -> "build""#,
                r#"spec.steps[1]: "build" -> "test""#,
            ],
            json!({"spec": {"size": null}}),
            &["spec.size: nothing -> 1"],
        ),
        case(
            of_cluster(
                [RIGHTS, "v1", "ClusterRole", "clusterroles"],
                json!({"rules": [
                    {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]},
                ]}),
            ),
            json!({"rules": [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list"]}]}),
            &[r#"rules[0].verbs[1]: "list" -> nothing"#],
            json!({"metadata": {"annotations": {"kept": null}}}),
            &[r#"metadata.annotations.kept: nothing -> "ours""#],
        ),
        noted(of_cluster(
            [RIGHTS, "v1", "ClusterRoleBinding", "clusterrolebindings"],
            json!({
                "roleRef": {"apiGroup": RIGHTS, "kind": "ClusterRole", "name": name},
                "subjects": [{"kind": "User", "apiGroup": RIGHTS, "name": "nobody"}],
            }),
        )),
        case(
            of_cluster(
                ["", "v1", "PersistentVolume", "persistentvolumes"],
                json!({"spec": {
                    "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "",
                    "persistentVolumeReclaimPolicy": "Retain", "hostPath": {"path": "/tmp/nothing"},
                }}),
            ),
            json!({"spec": {"persistentVolumeReclaimPolicy": "Delete"}}),
            &[r#"spec.persistentVolumeReclaimPolicy: "Delete" -> "Retain""#],
            json!({"metadata": {"annotations": {"kept": null}}}),
            &[r#"metadata.annotations.kept: nothing -> "ours""#],
        ),
        case(
            of_cluster(
                ["storage.k8s.io", "v1", "StorageClass", "storageclasses"],
                json!({
                    "provisioner": "none.internal/none", "allowVolumeExpansion": false,
                }),
            ),
            json!({"allowVolumeExpansion": true}),
            &["allowVolumeExpansion: true -> false"],
            json!({"allowVolumeExpansion": null}),
            &["allowVolumeExpansion: nothing -> false"],
        ),
        case(
            of_cluster(
                ["scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses"],
                json!({
                    "value": 7, "description": "ours",
                }),
            ),
            json!({"description": "theirs"}),
            &[r#"description: "theirs" -> "ours""#],
            json!({"description": null}),
            &[r#"description: nothing -> "ours""#],
        ),
        noted(of_cluster(
            ["networking.k8s.io", "v1", "IngressClass", "ingressclasses"],
            json!({
                "spec": {"controller": "none.internal/none"},
            }),
        )),
        noted(of_cluster(
            ["node.k8s.io", "v1", "RuntimeClass", "runtimeclasses"],
            json!({"handler": "none"}),
        )),
    ]
}

const GROUP: &str = "admissionregistration.k8s.io";
const HOOK_EDITED: &[&str] = &["webhooks[none.none.internal].timeoutSeconds: 7 -> 5"];
const HOOK_REMOVED: &[&str] = &["webhooks[none.none.internal].timeoutSeconds: 10 -> 5"];

fn admission(name: &str) -> Vec<Case> {
    let of_cluster = |names: [&str; 4], json: Value| one(names, false, name, json);
    let hook = |timeout: Option<u32>| {
        let mut hook = json!({
            "name": "none.none.internal", "clientConfig": {"url": "https://127.0.0.1:1/"}, "sideEffects": "None",
            "admissionReviewVersions": ["v1"], "failurePolicy": "Ignore",
            "rules": [{
                "operations": ["CREATE"], "apiGroups": ["none.internal"], "apiVersions": ["v1"], "resources": ["nothing"],
            }],
        });
        if let Some(timeout) = timeout {
            hook["timeoutSeconds"] = json!(timeout);
        }
        json!({"webhooks": [hook]})
    };
    let nothing = json!({"resourceRules": [{
        "operations": ["CREATE"], "apiGroups": ["none.internal"], "apiVersions": ["v1"], "resources": ["nothing"],
    }]});
    vec![
        case(
            of_cluster(
                [
                    GROUP,
                    "v1",
                    "ValidatingWebhookConfiguration",
                    "validatingwebhookconfigurations",
                ],
                hook(Some(5)),
            ),
            hook(Some(7)),
            HOOK_EDITED,
            hook(None),
            HOOK_REMOVED,
        ),
        case(
            of_cluster(
                [
                    GROUP,
                    "v1",
                    "MutatingWebhookConfiguration",
                    "mutatingwebhookconfigurations",
                ],
                hook(Some(5)),
            ),
            hook(Some(7)),
            HOOK_EDITED,
            hook(None),
            HOOK_REMOVED,
        ),
        case(
            of_cluster(
                [
                    GROUP,
                    "v1",
                    "ValidatingAdmissionPolicy",
                    "validatingadmissionpolicies",
                ],
                json!({"spec": {
                    "failurePolicy": "Ignore", "matchConstraints": nothing, "validations": [{"expression": "true"}],
                }}),
            ),
            json!({"spec": {"validations": [{"expression": "1 == 1"}]}}),
            &[r#"spec.validations[0].expression: "1 == 1" -> "true""#],
            json!({"spec": {"failurePolicy": null}}),
            &[r#"spec.failurePolicy: "Fail" -> "Ignore""#],
        ),
        case(
            of_cluster(
                [
                    GROUP,
                    "v1",
                    "ValidatingAdmissionPolicyBinding",
                    "validatingadmissionpolicybindings",
                ],
                json!({"spec": {"policyName": name, "validationActions": ["Audit"]}}),
            ),
            json!({"spec": {"validationActions": ["Warn"]}}),
            // It is a set: theirs stays.
            &[r#"spec.validationActions[1]: nothing -> "Audit""#],
            json!({"metadata": {"annotations": {"kept": null}}}),
            &[r#"metadata.annotations.kept: nothing -> "ours""#],
        ),
    ]
}

fn things(cases: &[Case]) -> Vec<Thing> {
    cases.iter().map(|case| case.thing.clone()).collect()
}

/// Applies every kind and checks that the next plan is empty.
async fn applied() -> (Bed, Vec<Case>) {
    let bed = Bed::new().await;
    let cases = cases(&bed.world.name);
    bed.apply(&things(&cases)).await;
    assert_eq!(bed.lines(&things(&cases)).await, <[String; 0]>::default());
    (bed, cases)
}

async fn patch(bed: &Bed, case: &Case, patch: &Value) {
    let url = format!("{}?fieldManager=kubectl-edit", bed.path(&case.thing));
    let taken = bed.world.request("PATCH", &url, MERGE, patch).await;
    assert!(taken.is_some(), "{} takes {patch}", case.thing.kind.kind);
}

/// The lines of a plan that belong to one case, without its name.
fn of<'a>(lines: &'a [String], bed: &Bed, case: &Case) -> Vec<&'a str> {
    let kind = &case.thing.kind;
    let name = case.thing.json["metadata"]["name"]
        .as_str()
        .unwrap()
        .replace(&bed.world.name, "shop");
    let id = if kind.namespaced {
        format!("{}/shop/{name} ", kind.kind)
    } else {
        format!("{}/{name} ", kind.kind)
    };
    let lines = lines
        .iter()
        .filter_map(|line| line.strip_prefix("~ ")?.strip_prefix(id.as_str()));
    lines.collect()
}

/// A line in the form of the plan: a removed field has no author, unless its kind writes an empty list in its place.
fn with_author(field: &str) -> String {
    if field.ends_with(')') {
        field.to_owned()
    } else if field.contains(": nothing -> ") {
        format!("{field} (unknown)")
    } else {
        format!("{field} (Update by kubectl-edit)")
    }
}

/// Has another manager change every kind; the plan must show the changes, and an apply must revert them.
async fn check(change: impl Fn(&Case) -> (&Value, &'static [&'static str])) {
    let (bed, cases) = applied().await;
    for case in &cases {
        patch(&bed, case, change(case).0).await;
    }
    let lines = bed.lines(&things(&cases)).await;
    let mut wrong = Vec::new();
    let mut said_in_all = 0;
    for case in &cases {
        let said = of(&lines, &bed, case);
        said_in_all += said.len();
        let expected: Vec<String> = change(case).1.iter().map(|field| with_author(field)).collect();
        if said != expected {
            wrong.push(format!("{}: {said:#?}, not {expected:#?}", case.thing.kind.kind));
        }
    }
    assert_eq!(wrong.join("\n"), "");
    assert_eq!(lines.len(), said_in_all, "{lines:#?}");
    bed.apply(&things(&cases)).await;
    assert_eq!(bed.lines(&things(&cases)).await, <[String; 0]>::default());
}

#[tokio::test]
async fn an_edited_value_of_any_kind_is_shown_with_its_author_and_reverted() {
    check(|case| (&case.edit.0, case.edit.1)).await;
}

#[tokio::test]
async fn a_deleted_field_of_any_kind_is_shown_and_comes_back() {
    check(|case| (&case.removal.0, case.removal.1)).await;
}

/// A lost mark and the plan's line for it.
fn lost_marks() -> Vec<(Value, &'static str)> {
    let hash = |hash: Value| json!({"metadata": {"annotations": {"infra.internal/state-hash": hash}}});
    vec![
        (
            json!({"metadata": {"managedFields": [{}]}}),
            "field ownership was lost",
        ),
        (hash(Value::Null), "the state hash is missing"),
        (
            hash(json!("v1:cut")),
            "the state hash is of another configuration",
        ),
        (hash(json!("v2:00")), "the state hash is of another configuration"),
        (
            json!({"metadata": {"labels": {"infra.internal/environment": null}}}),
            "a label is missing",
        ),
    ]
}

/// An object without the fields that every write changes.
fn content(mut object: Value) -> Value {
    for field in [
        "managedFields",
        "resourceVersion",
        "generation",
        "annotations",
        "labels",
    ] {
        object["metadata"][field] = Value::Null;
    }
    object["status"] = Value::Null;
    object
}

#[tokio::test]
async fn a_lost_mark_of_any_kind_is_restored_and_nothing_else() {
    let (bed, cases) = applied().await;
    for (change, why) in lost_marks() {
        let mut before = Vec::new();
        for case in &cases {
            patch(&bed, case, &change).await;
            before.push(bed.world.read(&bed.path(&case.thing)).await.map(content));
        }
        let lines = bed.lines(&things(&cases)).await;
        let others: Vec<&String> = lines
            .iter()
            .filter(|line| !line.ends_with(&format!(": {why}")))
            .collect();
        assert_eq!(others, <[&String; 0]>::default());
        assert_eq!(lines.len(), cases.len());
        assert!(lines.iter().all(|line| line.starts_with("mark ")), "{lines:#?}");
        bed.apply(&things(&cases)).await;
        for (case, before) in cases.iter().zip(before) {
            assert_eq!(bed.world.read(&bed.path(&case.thing)).await.map(content), before);
        }
        assert_eq!(bed.lines(&things(&cases)).await, <[String; 0]>::default());
    }
}

#[tokio::test]
async fn a_value_that_was_changed_and_changed_back_is_a_mark_in_any_kind() {
    let (bed, cases) = applied().await;
    for note in ["theirs", "ours"] {
        for case in &cases {
            patch(&bed, case, &json!({"metadata": {"annotations": {"note": note}}})).await;
        }
    }
    let lines = bed.lines(&things(&cases)).await;
    assert_eq!(lines.len(), cases.len(), "{lines:#?}");
    for line in &lines {
        assert!(
            line.starts_with("mark ") && line.ends_with("field ownership was lost"),
            "{line}"
        );
    }
    bed.apply(&things(&cases)).await;
    assert_eq!(bed.lines(&things(&cases)).await, <[String; 0]>::default());
}

#[tokio::test]
async fn what_others_add_to_any_kind_is_left_alone() {
    let (bed, cases) = applied().await;
    let more = json!({"metadata": {"annotations": {"theirs": "theirs"}, "labels": {"theirs": "theirs"}}});
    for case in &cases {
        patch(&bed, case, &more).await;
    }
    assert_eq!(bed.lines(&things(&cases)).await, <[String; 0]>::default());
    // A write of ours leaves it as well.
    for case in &cases {
        patch(
            &bed,
            case,
            &json!({"metadata": {"annotations": {"note": "theirs"}}}),
        )
        .await;
    }
    let lines = bed.lines(&things(&cases)).await;
    assert_eq!(lines.len(), cases.len(), "{lines:#?}");
    assert!(lines.iter().all(|line| line.contains(NOTE)), "{lines:#?}");
    bed.apply(&things(&cases)).await;
    for case in &cases {
        let live = bed.world.read(&bed.path(&case.thing)).await.unwrap();
        assert_eq!(live["metadata"]["annotations"]["theirs"], "theirs");
        assert_eq!(live["metadata"]["annotations"]["note"], "ours");
        assert_eq!(live["metadata"]["labels"]["theirs"], "theirs");
    }
}

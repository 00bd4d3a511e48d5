//! Generates environments of any size from realistic objects, for the engine benchmark and the scale tests.
//!
//! Equal shapes give equal objects. Pure.

use engine_core::object::{HashKey, Kind, KindNames, Object};
use engine_core::record::Record;
use engine_core::stack::{Need, Role, Stack, StackObject, Until};
use infra::resources;
use serde_json::{Value, json};

/// Number of objects outside the repeated mix: two namespaces and a custom resource definition.
const FIXED: usize = 3;

/// The shape of an environment.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// Number of objects, including the namespaces; at least 10.
    pub(crate) objects: usize,
    /// The environment's name.
    pub(crate) environment: String,
    /// The namespaces, which the environment creates.
    pub(crate) namespaces: [String; 2],
    /// The share of objects whose content has changed.
    pub(crate) changed: Changed,
}

/// The share of objects whose content has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    /// None.
    Nothing,
    /// Every hundredth, at least one.
    OnePercent,
}

impl Shape {
    /// An environment and its namespaces, named after it.
    pub(crate) fn new(environment: &str, objects: usize) -> Self {
        Self {
            objects,
            environment: environment.to_owned(),
            namespaces: [format!("{environment}-one"), format!("{environment}-two")],
            changed: Changed::Nothing,
        }
    }

    /// The same environment after a change of its configuration.
    pub(crate) fn one_percent_changed(&self) -> Self {
        Self {
            changed: Changed::OnePercent,
            ..self.clone()
        }
    }

    /// How many objects [`Changed::OnePercent`] changes.
    pub(crate) fn one_percent(&self) -> usize {
        (self.objects - FIXED).div_ceil(100)
    }
}

/// The kinds of objects in the repeated mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    ConfigMap,
    Secret,
    ServiceAccount,
    Role,
    RoleBinding,
    Service,
    Deployment,
    Custom,
}

/// The mix, which repeats every 20 objects; now and then a Deployment replaces one.
const MIX: [Sort; 20] = [
    Sort::ConfigMap,
    Sort::Secret,
    Sort::ServiceAccount,
    Sort::Role,
    Sort::RoleBinding,
    Sort::Service,
    Sort::Custom,
    Sort::ConfigMap,
    Sort::Secret,
    Sort::ConfigMap,
    Sort::Secret,
    Sort::ConfigMap,
    Sort::Custom,
    Sort::ConfigMap,
    Sort::Secret,
    Sort::ServiceAccount,
    Sort::Role,
    Sort::RoleBinding,
    Sort::ConfigMap,
    Sort::Custom,
];

/// One in this many objects is a Deployment: without pods, but its controller still processes each.
const DEPLOYMENTS_EACH: usize = 50;

/// Filler text for configuration.
const LINE: &str =
    "listen 0.0.0.0:8080; workers 4; timeout 30s; log info; upstream http://backend:8080/; retries 3\n";

/// A record for a generated environment, with a key and no secrets.
pub(crate) fn record(shape: &Shape, cluster_id: &str) -> Record {
    let owner = resources::owner(&shape.environment);
    let mut record = Record::new(owner, cluster_id, HashKey::new([7; 32]));
    record.namespaces.extend(shape.namespaces.iter().cloned());
    record.kinds.extend(kinds());
    record
}

/// The kinds that a generated environment uses.
pub(crate) fn kinds() -> Vec<Kind> {
    let mut kinds: Vec<Kind> = MIX.iter().map(|sort| kind_of(*sort)).collect();
    kinds.extend([kind_of(Sort::Deployment), namespace_kind(), definition_kind()]);
    kinds.sort();
    kinds.dedup();
    kinds
}

/// The custom resource definition. It must exist in the cluster before any environment.
///
/// It is not part of the stack: a plan dry-runs each object on the server, which knows no kind before its definition.
pub(crate) fn shared_definition() -> Value {
    definition("generated.internal", "gadgets", "Gadget", &json!({}))
}

/// The desired objects.
pub(crate) fn stack(shape: &Shape, key: &HashKey) -> Stack {
    assert!(shape.objects >= 10, "an environment has at least ten objects");
    let mut stack = Stack {
        namespaces: shape.namespaces.to_vec(),
        objects: Vec::with_capacity(shape.objects),
        ..Stack::default()
    };
    for name in &shape.namespaces {
        let namespace = json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": { "name": name, "labels": labels(shape, "system") },
        });
        add(&mut stack, namespace_kind(), namespace, Vec::new(), key);
    }
    let group = format!("{}.generated.internal", shape.environment);
    let definition = definition(&group, "unused", "Unused", &labels(shape, "definition"));
    add(&mut stack, definition_kind(), definition, Vec::new(), key);
    for index in 0..shape.objects - FIXED {
        let sort = if index % DEPLOYMENTS_EACH == DEPLOYMENTS_EACH - 1 || index == 6 {
            Sort::Deployment
        } else {
            MIX[index % MIX.len()]
        };
        let namespace = &shape.namespaces[index % 2];
        let is_changed = shape.changed == Changed::OnePercent && index % 100 == 0;
        let object = object(sort, index, namespace, is_changed, shape);
        // The namespaces are the first two objects.
        let home = Need {
            id: stack.objects[index % 2].object.id().clone(),
            until: Until::Applied,
        };
        add(&mut stack, kind_of(sort), object, vec![home], key);
    }
    stack
}

fn add(stack: &mut Stack, kind: Kind, json: Value, needs: Vec<Need>, key: &HashKey) {
    // The objects of a kind share its names.
    let mut kinds = stack
        .objects
        .iter()
        .rev()
        .map(|declared| &declared.object.id().kind);
    let kind = kinds.find(|known| **known == kind).cloned().unwrap_or(kind);
    stack.objects.push(StackObject {
        object: Object::from_json(&kind, json, key),
        needs,
        role: Role::Plain,
    });
}

fn kind(group: &str, version: &str, kind: &str, plural: &str, namespaced: bool) -> Kind {
    Kind::from(KindNames {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
        namespaced,
    })
}

fn namespace_kind() -> Kind {
    kind("", "v1", "Namespace", "namespaces", false)
}

fn definition_kind() -> Kind {
    kind(
        "apiextensions.k8s.io",
        "v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        false,
    )
}

fn kind_of(sort: Sort) -> Kind {
    let rights = "rbac.authorization.k8s.io";
    match sort {
        Sort::ConfigMap => kind("", "v1", "ConfigMap", "configmaps", true),
        Sort::Secret => kind("", "v1", "Secret", "secrets", true),
        Sort::ServiceAccount => kind("", "v1", "ServiceAccount", "serviceaccounts", true),
        Sort::Role => kind(rights, "v1", "Role", "roles", true),
        Sort::RoleBinding => kind(rights, "v1", "RoleBinding", "rolebindings", true),
        Sort::Service => kind("", "v1", "Service", "services", true),
        Sort::Deployment => kind("apps", "v1", "Deployment", "deployments", true),
        Sort::Custom => kind("generated.internal", "v1", "Gadget", "gadgets", true),
    }
}

fn labels(shape: &Shape, name: &str) -> Value {
    json!({
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/instance": shape.environment,
        "app.kubernetes.io/component": "part",
        "app.kubernetes.io/part-of": "generated",
        "app.kubernetes.io/managed-by": "infra",
        "infra.internal/environment": shape.environment,
        "infra.internal/stack": resources::STACK,
    })
}

/// A definition whose objects hold a string, a number and an atomic list.
fn definition(group: &str, plural: &str, kind: &str, labels: &Value) -> Value {
    let mut metadata = json!({ "name": format!("{plural}.{group}") });
    if labels.as_object().is_some_and(|labels| !labels.is_empty()) {
        metadata["labels"] = labels.clone();
    }
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": {
            "group": group, "scope": "Namespaced",
            "names": { "plural": plural, "singular": kind.to_lowercase(), "kind": kind, "listKind": format!("{kind}List") },
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": { "openAPIV3Schema": { "type": "object", "properties": { "spec": {
                    "type": "object",
                    "properties": {
                        "text": { "type": "string" },
                        "size": { "type": "integer" },
                        "steps": { "type": "array", "items": { "type": "string" } },
                    },
                } } } },
            }],
        },
    })
}

fn object(sort: Sort, index: usize, namespace: &str, is_changed: bool, shape: &Shape) -> Value {
    let kind = kind_of(sort);
    let name = format!("{}-{index:05}", kind.kind.to_lowercase());
    let labels = labels(shape, &name);
    let note = if is_changed { "after" } else { "before" };
    let mut object = json!({
        "apiVersion": kind.api_version(), "kind": kind.kind,
        "metadata": {
            "name": name, "namespace": namespace, "labels": labels,
            "annotations": { "generated.internal/note": note },
        },
    });
    let content = content(sort, index, &name, note);
    let fields = content.as_object().expect("an object");
    for (field, value) in fields {
        object[field] = value.clone();
    }
    object
}

fn content(sort: Sort, index: usize, name: &str, note: &str) -> Value {
    match sort {
        Sort::ConfigMap => json!({ "data": {
            "server.conf": LINE.repeat(2 + index % 13),
            "index": index.to_string(),
            "note": note,
        } }),
        // The text `generated password` and a text of 64 letters.
        Sort::Secret => json!({ "type": "Opaque", "data": {
            "password": "Z2VuZXJhdGVkIHBhc3N3b3Jk",
            "token": "QUJDRA".repeat(16),
        } }),
        Sort::ServiceAccount => json!({ "automountServiceAccountToken": false }),
        Sort::Role => json!({ "rules": [
            { "apiGroups": [""], "resources": ["configmaps", "secrets"], "verbs": ["get", "list", "watch"] },
            { "apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "patch"] },
        ] }),
        Sort::RoleBinding => json!({
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name },
            "subjects": [
                { "kind": "ServiceAccount", "name": "default" },
                { "kind": "ServiceAccount", "name": "deployer" },
            ],
        }),
        Sort::Service => json!({ "spec": {
            "clusterIP": "None", "type": "ClusterIP",
            "selector": { "app.kubernetes.io/name": name },
            "ports": [
                { "name": "http", "port": 80, "protocol": "TCP", "targetPort": 8080 },
                { "name": "metrics", "port": 9090, "protocol": "TCP", "targetPort": 9090 },
            ],
        } }),
        Sort::Deployment => deployment(name),
        Sort::Custom => json!({ "spec": {
            "text": LINE.repeat(1 + index % 5),
            "size": index,
            "steps": ["fetch", "build", "test", "publish"],
        } }),
    }
}

fn deployment(name: &str) -> Value {
    let selector = json!({ "app.kubernetes.io/name": name });
    json!({ "spec": {
        "replicas": 0,
        "revisionHistoryLimit": 2,
        "selector": { "matchLabels": selector },
        "strategy": { "type": "RollingUpdate", "rollingUpdate": { "maxSurge": 1, "maxUnavailable": 0 } },
        "template": {
            "metadata": { "labels": selector },
            "spec": {
                "automountServiceAccountToken": false,
                "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
                "containers": [{
                    "name": "main", "image": "registry.internal/generated:1.0.0",
                    "args": ["--config", "/etc/generated/server.conf"],
                    "env": [{ "name": "LOG", "value": "info" }, { "name": "REGION", "value": "north" }],
                    "ports": [{ "name": "http", "containerPort": 8080, "protocol": "TCP" }],
                    "resources": { "requests": { "cpu": "100m", "memory": "64Mi" }, "limits": { "memory": "128Mi" } },
                    "readinessProbe": { "httpGet": { "path": "/ready", "port": "http" }, "periodSeconds": 5 },
                    "securityContext": {
                        "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
                        "capabilities": { "drop": ["ALL"] },
                    },
                }],
            },
        },
    } })
}

//! The table of all keys of an environment file. Pure.

use std::ops::RangeInclusive;

use super::node_port::NodePort;
use engine_core::plan::EffectKind;

/// One key of an environment file, which a variable may override.
pub(super) struct Key {
    /// Tables and key, joined by dots.
    pub(super) path: &'static str,
    pub(super) shape: Shape,
    /// The default, written as the value of a variable.
    pub(super) default: Option<&'static str>,
}

/// The values that a key takes.
pub(super) enum Shape {
    Boolean,
    Integer(RangeInclusive<u16>),
    /// A non-empty string, and its meaning.
    Text(&'static str),
    /// A text that only a variable may set and that is never shown, and its meaning.
    Secret(&'static str),
    /// A list of kinds of effects.
    Effects,
}

/// What a path names.
pub(super) enum Named {
    Key(&'static Key),
    Table,
    Nothing,
}

/// Far above any plausible number of pods; catches a typo before the cluster does.
const REPLICAS: Shape = Shape::Integer(1..=1000);
/// Kubernetes sets no upper limit, and more than 100 is common if limits exceed requests.
const PERCENT: Shape = Shape::Integer(1..=1000);
const IMAGE: Shape = Shape::Text("an image such as `mongo:8.0`");
const NAMESPACE: Shape = Shape::Text("a namespace's name such as `app`");
const CPU: Shape = Shape::Text("an amount of CPU such as `500m`");
const BYTES: Shape = Shape::Text("an amount of bytes such as `250Mi`");

pub(super) const KEYS: &[Key] = &[
    key(
        "cluster.context",
        Shape::Text("the name of a context in the kubeconfig"),
        None,
    ),
    key(
        "cluster.kubeconfig",
        Shape::Text("the path of a kubeconfig"),
        None,
    ),
    key(
        "cluster.id",
        Shape::Text("the UID of the namespace `kube-system`"),
        None,
    ),
    key("cluster.protected", Shape::Boolean, Some("false")),
    key("policy.allow", Shape::Effects, None),
    key("record.namespace", NAMESPACE, Some("infra-system")),
    key("namespaces.app", NAMESPACE, Some("app")),
    key("namespaces.database", NAMESPACE, Some("database")),
    key("namespaces.create", Shape::Boolean, Some("true")),
    key("service.image", IMAGE, Some("service:dev")),
    key("service.build", Shape::Boolean, Some("false")),
    key(
        "service.image_pull_policy",
        Shape::Text("`Always`, `IfNotPresent` or `Never`"),
        Some("Never"),
    ),
    key(
        "service.node_port",
        Shape::Integer(NodePort::RANGE),
        Some("30500"),
    ),
    key("service.requests.cpu", CPU, Some("200m")),
    key("service.requests.memory", BYTES, Some("250Mi")),
    key("service.limits.cpu", CPU, Some("500m")),
    key("service.limits.memory", BYTES, Some("500Mi")),
    key("service.replicas", REPLICAS, Some("2")),
    key("service.autoscaling.min_replicas", REPLICAS, Some("2")),
    key("service.autoscaling.max_replicas", REPLICAS, Some("5")),
    key("service.autoscaling.target_cpu_percent", PERCENT, Some("70")),
    key("mongodb.image", IMAGE, Some("mongo:8.0")),
    key("mongodb.requests.cpu", CPU, Some("200m")),
    key("mongodb.requests.memory", BYTES, Some("250Mi")),
    key("mongodb.limits.cpu", CPU, Some("500m")),
    key("mongodb.limits.memory", BYTES, Some("500Mi")),
    key("mongodb.storage", BYTES, Some("1Gi")),
    key(
        "mongodb.storage_class",
        Shape::Text("a storage class's name such as `standard`"),
        None,
    ),
    key(
        "mongodb.existing_claim",
        Shape::Text("the name of a claim in the namespace of the database"),
        None,
    ),
    key(
        "mongodb.host_path.path",
        Shape::Text("an absolute path on a node such as `/srv/mongodb`"),
        None,
    ),
    key(
        "mongodb.host_path.node",
        Shape::Text("the host name of a node such as `minikube`"),
        None,
    ),
    key("mongodb.cluster_ip", Shape::Boolean, Some("false")),
    key(
        "pull_secret.server",
        Shape::Text("a registry such as `registry.example.com`"),
        None,
    ),
    key(
        "pull_secret.username",
        Shape::Text("the name of a user of the registry"),
        None,
    ),
    key(
        "pull_secret.password",
        Shape::Secret("the password of that user"),
        None,
    ),
    key("quota.requests_cpu", CPU, None),
    key("quota.requests_memory", BYTES, None),
    key("quota.limits_cpu", CPU, None),
    key("quota.limits_memory", BYTES, None),
];

const fn key(path: &'static str, shape: Shape, default: Option<&'static str>) -> Key {
    Key { path, shape, default }
}

impl Key {
    /// Whether the value must never be in a file or be printed.
    pub(super) fn is_secret(&self) -> bool {
        matches!(self.shape, Shape::Secret(_))
    }

    /// Whether only a file may set the key: a variable never gives consent.
    pub(super) fn is_of_file_alone(&self) -> bool {
        matches!(self.shape, Shape::Effects)
    }

    /// The variable that overrides the key.
    pub(super) fn variable(&self) -> String {
        format!("INFRA_{}", self.path.replace('.', "__").to_uppercase())
    }
}

impl Shape {
    /// Whether the text is a value of this shape.
    pub(super) fn allows(&self, text: &str) -> bool {
        match self {
            Self::Boolean => matches!(text, "true" | "false"),
            Self::Integer(range) => text.parse().is_ok_and(|number: u16| range.contains(&number)),
            Self::Text(_) | Self::Secret(_) => !text.is_empty(),
            Self::Effects => true,
        }
    }

    /// Completes the sentence "it must be …".
    pub(super) fn expected(&self) -> String {
        match self {
            Self::Boolean => "`true` or `false`".to_owned(),
            Self::Integer(range) => format!("an integer from {} to {}", range.start(), range.end()),
            Self::Text(meaning) | Self::Secret(meaning) => (*meaning).to_owned(),
            Self::Effects => {
                let names = EffectKind::ALL.map(EffectKind::as_str).join("`, `");
                format!("a list of the effects that need no consent: `{names}`")
            }
        }
    }
}

/// Joins the path of a table and a name in it; the top level has the empty path.
pub(super) fn join(table: &str, name: &str) -> String {
    if table.is_empty() {
        name.to_owned()
    } else {
        format!("{table}.{name}")
    }
}

/// Looks up a path.
pub(super) fn named(path: &str) -> Named {
    if let Some(key) = KEYS.iter().find(|key| key.path == path) {
        return Named::Key(key);
    }
    let prefix = format!("{path}.");
    if KEYS.iter().any(|key| key.path.starts_with(&prefix)) {
        Named::Table
    } else {
        Named::Nothing
    }
}

/// Whether a path is the given table or key, or inside it.
pub(super) fn is_within(path: &str, table: &str) -> bool {
    path.strip_prefix(table)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Lists the names that a file may use directly in a table, in the order of [`KEYS`]; the empty path is the top level.
pub(super) fn names_inside(table: &str) -> Vec<&'static str> {
    let mut names: Vec<&str> = Vec::new();
    for key in KEYS.iter().filter(|key| !key.is_secret()) {
        let inside = if table.is_empty() {
            Some(key.path)
        } else {
            key.path
                .strip_prefix(table)
                .and_then(|rest| rest.strip_prefix('.'))
        };
        let name = inside.map(|rest| rest.split_once('.').map_or(rest, |(first, _)| first));
        names.extend(name.filter(|name| !names.contains(name)));
    }
    names
}

/// Lists the tables that have a key of this name.
pub(super) fn tables_with(name: &str) -> Vec<&'static str> {
    let sayable = KEYS.iter().filter(|key| !key.is_secret());
    let split = sayable.filter_map(|key| key.path.rsplit_once('.'));
    split
        .filter(|(_, last)| *last == name)
        .map(|(table, _)| table)
        .collect()
}

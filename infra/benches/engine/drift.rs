//! Seeds drift of every class that the plan must find, written by another manager.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use engine_core::object::{Identity, ObjectId};
use serde_json::{Value, json};

use crate::calls::{self, IsDryRun};
use crate::engine;
use crate::http::{Call, Http, Transport};

/// The classes of drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    ValueChanged,
    SecretChanged,
    ItemAdded,
    ItemRemoved,
    ListReordered,
    LabelRemoved,
    HashCut,
    ManagersCleared,
    Deleted,
    Orphaned,
}

/// All classes; those that need a particular kind come first.
pub(crate) const CLASSES: [Class; 10] = [
    Class::ValueChanged,
    Class::SecretChanged,
    Class::ItemAdded,
    Class::ItemRemoved,
    Class::ListReordered,
    Class::Orphaned,
    Class::LabelRemoved,
    Class::HashCut,
    Class::ManagersCleared,
    Class::Deleted,
];

/// Drift that was seeded into the cluster.
#[derive(Debug, Default)]
pub(crate) struct Seeded {
    /// The actions of an exact plan, by object.
    pub(crate) expected: BTreeMap<String, String>,
    /// URLs of the objects that an exact plan must dry-run.
    pub(crate) tried: Vec<String>,
    /// The calls that revert the drift.
    repairs: Vec<Call>,
}

impl Class {
    /// Whether this drift can be seeded on an object of this kind.
    fn suits(self, kind: &str) -> bool {
        match self {
            Self::ValueChanged => kind == "ConfigMap",
            Self::SecretChanged => kind == "Secret",
            Self::ItemAdded => kind == "Role",
            Self::ItemRemoved => kind == "Service",
            Self::ListReordered => kind == "RoleBinding",
            Self::Orphaned => false,
            Self::LabelRemoved | Self::HashCut | Self::ManagersCleared | Self::Deleted => {
                !matches!(kind, "Namespace" | "CustomResourceDefinition")
            }
        }
    }

    /// The action of an exact plan for this drift.
    fn action(self) -> &'static str {
        match self {
            Self::HashCut | Self::ManagersCleared => "mark",
            Self::Deleted => "create",
            Self::Orphaned => "delete",
            _ => "update",
        }
    }

    /// The write that causes the drift on an existing object.
    fn call(self, path: &str) -> Call {
        let change = match self {
            Self::ValueChanged => json!({"data": {"note": "theirs"}}),
            Self::SecretChanged => json!({"stringData": {"password": "theirs"}}),
            Self::ItemAdded => json!({"rules": [
                {"apiGroups": [""], "resources": ["configmaps", "secrets"], "verbs": ["get", "list", "watch"]},
                {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "patch"]},
                {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
            ]}),
            Self::ItemRemoved => json!({"spec": {"ports": [
                {"name": "http", "port": 80, "protocol": "TCP", "targetPort": 8080},
            ]}}),
            Self::ListReordered => json!({"subjects": [
                {"kind": "ServiceAccount", "name": "deployer"},
                {"kind": "ServiceAccount", "name": "default"},
            ]}),
            Self::LabelRemoved => json!({"metadata": {"labels": {"app.kubernetes.io/name": null}}}),
            Self::HashCut => json!({"metadata": {"annotations": {"infra.internal/state-hash": "v1:cut"}}}),
            Self::ManagersCleared => json!({"metadata": {"managedFields": [{}]}}),
            Self::Deleted | Self::Orphaned => return Call::delete(path),
        };
        Call::edit(path, &change)
    }
}

/// Seeds drift of as many of the wanted classes as there are objects for, one class per object.
///
/// Returns the seeded drift and the remaining classes.
pub(crate) async fn seed<C>(
    http: &Http<C>,
    desired: &[(ObjectId, Vec<u8>)],
    wanted: &[Class],
) -> Result<(Seeded, Vec<Class>)>
where
    C: Transport,
{
    let mut seeded = Seeded::default();
    let mut left = Vec::new();
    let mut used: Vec<&ObjectId> = Vec::new();
    for class in wanted {
        if *class == Class::Orphaned {
            orphan(http, desired, &mut seeded).await?;
            continue;
        }
        // From the end, so that each class also hits objects far from the first ones.
        let free = desired
            .iter()
            .rev()
            .find(|(id, _)| class.suits(&id.kind.kind) && !used.contains(&id));
        let Some((id, body)) = free else {
            left.push(*class);
            continue;
        };
        used.push(id);
        let path = engine::path(id);
        http.ask(&class.call(&path))
            .await?
            .context("the object does not exist")?;
        seeded.expected.insert(id.to_string(), class.action().to_owned());
        seeded
            .repairs
            .push(calls::apply(&path, body.clone(), IsDryRun::No));
        seeded.tried.push(path);
    }
    Ok((seeded, left))
}

/// An object that the environment used to declare.
async fn orphan<C>(http: &Http<C>, desired: &[(ObjectId, Vec<u8>)], seeded: &mut Seeded) -> Result<()>
where
    C: Transport,
{
    let (id, body) = desired
        .iter()
        .find(|(id, _)| id.kind.kind == "ConfigMap")
        .context("there is a ConfigMap")?;
    let id = ObjectId::from(Identity {
        name: "orphan".to_owned(),
        ..Identity::from(id.clone())
    });
    let mut json: Value = serde_json::from_slice(body)?;
    json["metadata"]["name"] = Value::from("orphan");
    let path = engine::path(&id);
    let body = json.to_string().into_bytes();
    http.ask(&calls::apply(&path, body, IsDryRun::No)).await?;
    seeded
        .expected
        .insert(id.to_string(), Class::Orphaned.action().to_owned());
    seeded.repairs.push(Call::delete(path));
    Ok(())
}

impl Seeded {
    /// Reverts the drift.
    pub(crate) async fn repair<C>(&self, http: &Http<C>) -> Result<()>
    where
        C: Transport,
    {
        http.send_all(&self.repairs).await
    }

    /// The errors of a plan; empty if it is exact.
    pub(crate) fn faults(&self, changes: &[(String, String)]) -> Vec<String> {
        let said: BTreeMap<&String, &String> = changes.iter().map(|(id, action)| (id, action)).collect();
        let missed = self
            .expected
            .iter()
            .filter(|(id, action)| said.get(id) != Some(action));
        let invented = said.iter().filter(|(id, _)| !self.expected.contains_key(**id));
        missed
            .map(|(id, action)| format!("{action} {id} is missing"))
            .chain(invented.map(|(id, action)| format!("{action} {id} is wrong")))
            .collect()
    }
}

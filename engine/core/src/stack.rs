//! The desired objects of an environment and the references between them. Pure.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use k8s_openapi::{Resource, ResourceScope};
use serde::Serialize;

use crate::object::owner::Owner;
use crate::object::path::Path;
use crate::object::{HashKey, Identity, Object, ObjectId, kind_of};
use crate::record::Record;
use crate::secret::SecretValue;

/// The desired state of an environment. The default is the empty stack, whose plan is a destroy.
#[derive(Clone, Debug, Default)]
pub struct Stack {
    /// The objects, each after those it refers to.
    pub objects: Vec<StackObject>,
    /// The claims in which the databases of this stack will find their data.
    pub claims: Vec<ExpectedClaim>,
    /// The workloads whose number of replicas belongs to an autoscaler.
    pub autoscaled: Vec<AutoscaledWorkload>,
    /// The namespaces in which the stack has objects, its own ones and given ones.
    pub namespaces: Vec<String>,
    /// The declared secrets, for the record; `None` for those not in use, which the record forgets.
    pub secrets: BTreeMap<String, Option<SecretValue>>,
    /// The fields that a key of the environment's file decides.
    pub settings: Vec<Setting>,
}

/// A field that a key of the environment's file decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The object.
    pub object: ObjectId,
    /// The field, as a plan shows it, with everything below it.
    pub field: &'static str,
    /// Tables and key, joined by dots.
    pub key: &'static str,
}

/// One desired object, its references and its role.
#[derive(Clone, Debug)]
pub struct StackObject {
    /// The object.
    pub object: Object,
    /// What it refers to.
    pub needs: Vec<Need>,
    /// Whether it opens data, so that a prune keeps it as long as the data.
    pub role: Role,
}

/// What the deletion of an object would lose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Nothing: an apply restores it.
    Plain,
    /// The key to data: it is kept as long as the data is.
    OpensData,
}

/// A reference to another object of the stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The object referred to.
    pub id: ObjectId,
    /// How far it must have come.
    pub until: Until,
}

/// How far an object must have come before those that refer to it are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// It is written.
    Applied,
    /// It is ready for use.
    Current,
}

/// A claim that a `StatefulSet` of the stack will mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedClaim {
    /// The `StatefulSet`.
    pub workload: ObjectId,
    /// The claim.
    pub claim: ObjectId,
    /// Where it comes from.
    pub origin: ClaimOrigin,
}

/// Where the claim of a database comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimOrigin {
    /// The environment makes it.
    Ours,
    /// Somebody made it for the environment; it is never deleted.
    Given,
}

/// A workload that never carries `spec.replicas`, because an autoscaler of the stack sets them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AutoscaledWorkload {
    /// The workload.
    pub workload: ObjectId,
    /// The number it starts with.
    pub minimum: i32,
}

/// Proof that an object is in the stack, typed by its kind. A reference to an object requires its handle.
#[derive(Clone)]
pub struct Handle<K> {
    id: ObjectId,
    kind: PhantomData<K>,
}

impl<K> Handle<K> {
    /// The object's identity.
    #[must_use]
    pub fn id(&self) -> &ObjectId {
        &self.id
    }

    /// The object's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.id.name
    }

    /// A reference that is met once the object is written.
    #[must_use]
    pub fn applied(&self) -> Need {
        Need {
            id: self.id.clone(),
            until: Until::Applied,
        }
    }

    /// A reference that is met once the object is ready for use.
    #[must_use]
    pub fn current(&self) -> Need {
        Need {
            id: self.id.clone(),
            until: Until::Current,
        }
    }
}

/// Builds a stack: marks every object with its owner's labels and its state hash.
pub struct StackBuilder {
    stack: Stack,
    owner: Owner,
    key: HashKey,
}

impl StackBuilder {
    /// Begins the stack of the record's owner.
    #[must_use]
    pub fn new(record: &Record) -> Self {
        Self {
            stack: Stack::default(),
            owner: record.owner.clone(),
            key: record.key.clone(),
        }
    }

    /// Adds a typed object and returns the handle by which others refer to it.
    pub fn add<K>(&mut self, resource: &K, needs: Vec<Need>) -> Handle<K>
    where
        K: Resource + Serialize,
        K::Scope: ResourceScope + 'static,
    {
        self.add_as(Role::Plain, resource, needs)
    }

    /// Adds an object that opens data.
    pub fn add_data_key<K>(&mut self, resource: &K, needs: Vec<Need>) -> Handle<K>
    where
        K: Resource + Serialize,
        K::Scope: ResourceScope + 'static,
    {
        self.add_as(Role::OpensData, resource, needs)
    }

    /// Adds a namespace in which the stack has objects, whether it creates the namespace or not.
    pub fn add_namespace(&mut self, name: &str) {
        self.stack.namespaces.push(name.to_owned());
    }

    /// Adds the claim that a `StatefulSet` mounts.
    pub fn add_claim<K>(&mut self, workload: &Handle<K>, claim: ObjectId, origin: ClaimOrigin) {
        let workload = workload.id.clone();
        self.stack.claims.push(ExpectedClaim {
            workload,
            claim,
            origin,
        });
    }

    /// Leaves the number of a workload's replicas to its autoscaler, from `minimum` on.
    pub fn add_autoscaled<K>(&mut self, workload: &Handle<K>, minimum: i32) {
        let workload = workload.id.clone();
        self.stack
            .autoscaled
            .push(AutoscaledWorkload { workload, minimum });
    }

    /// Adds a declared secret for the record; `None` makes the record forget it.
    pub fn add_secret(&mut self, name: &str, value: Option<&SecretValue>) {
        self.stack.secrets.insert(name.to_owned(), value.cloned());
    }

    /// Returns the stack.
    #[must_use]
    pub fn finish(self) -> Stack {
        self.stack
    }

    fn add_as<K>(&mut self, role: Role, resource: &K, needs: Vec<Need>) -> Handle<K>
    where
        K: Resource + Serialize,
        K::Scope: ResourceScope + 'static,
    {
        let mut json = serde_json::to_value(resource).expect("typed resources serialise to JSON");
        self.owner.label(&mut json);
        let object = Object::from_json(&kind_of::<K>(), json, &self.key);
        let id = object.id().clone();
        self.stack.objects.push(StackObject { object, needs, role });
        Handle {
            id,
            kind: PhantomData,
        }
    }
}

impl Stack {
    /// Finds an object of the stack.
    #[must_use]
    pub fn find(&self, id: &ObjectId) -> Option<&StackObject> {
        self.objects.iter().find(|declared| declared.object.id() == id)
    }

    /// The key of the environment's file that decides a field; `None` where it is fixed.
    #[must_use]
    pub fn key_of(&self, id: &ObjectId, field: &Path) -> Option<&'static str> {
        let mut of_object = self
            .settings
            .iter()
            .filter(|setting| setting.object == *id)
            .peekable();
        of_object.peek()?;
        let field = field.to_string();
        let is_meant = |setting: &&Setting| {
            let below = field.strip_prefix(setting.field);
            below.is_some_and(|below| below.is_empty() || below.starts_with(['.', '[']))
        };
        of_object.find(is_meant).map(|setting| setting.key)
    }

    /// The number of replicas with which an autoscaled workload starts; `None` when no autoscaler sets them.
    #[must_use]
    pub fn autoscaled_minimum(&self, id: &ObjectId) -> Option<i32> {
        self.autoscaled
            .iter()
            .find(|relation| relation.workload == *id)
            .map(|relation| relation.minimum)
    }
}

/// Names an object of a typed kind.
#[must_use]
pub fn id_of<K>(namespace: Option<&str>, name: &str) -> ObjectId
where
    K: Resource,
    K::Scope: ResourceScope + 'static,
{
    ObjectId::from(Identity {
        kind: kind_of::<K>(),
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
    })
}

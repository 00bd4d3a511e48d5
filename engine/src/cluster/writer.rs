//! Writes to a cluster, only while the lock is held.

use bytes::Bytes;
use serde_json::{Value, json};

use super::request::Call;
use super::{
    Applied, Cluster, ClusterError, Dependents, Fence, Force, Progress, apply, deletion, deletion_of_version,
    json_patch, replacement,
};
use engine_core::object::{Object, ObjectId, marks};

/// Permission to write, granted by the lock. Every attempt of every write checks its fence first.
#[derive(Clone, Copy)]
pub struct Writer<'lock> {
    cluster: &'lock Cluster,
    fence: &'lock Fence,
}

impl<'lock> Writer<'lock> {
    pub(crate) fn new(cluster: &'lock Cluster, fence: &'lock Fence) -> Self {
        Self { cluster, fence }
    }

    /// Returns the cluster, for reads.
    #[must_use]
    pub fn cluster(&self) -> &'lock Cluster {
        self.cluster
    }

    /// Returns whether a write is still safe.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.fence.is_open()
    }

    fn fenced(&self, mut call: Call) -> Call {
        call.fence = Some(self.fence.clone());
        call
    }

    /// Applies a configuration as `manager`, taking over every field in it, with strict validation.
    ///
    /// # Errors
    /// When the server refuses it or cannot be reached, or the lock is lost.
    pub async fn apply(
        &self,
        id: &ObjectId,
        configuration: &Value,
        manager: &str,
    ) -> Result<Applied, ClusterError> {
        let bytes = Bytes::from(configuration.to_string());
        let call = apply(id, bytes, manager, Force::Yes, "apply");
        self.cluster.send_apply(self.fenced(call)).await
    }

    /// Applies a desired object, as [`Writer::apply`] does.
    ///
    /// # Errors
    /// When the server refuses it or cannot be reached, or the lock is lost.
    pub async fn apply_object(&self, object: &Object) -> Result<Applied, ClusterError> {
        self.send_object(object, Force::Yes).await
    }

    /// Creates a desired object that must not exist yet. One that exists and differs is left unchanged: that is a conflict.
    ///
    /// # Errors
    /// When the server refuses it or cannot be reached, or the lock is lost.
    pub async fn create_object(&self, object: &Object) -> Result<Applied, ClusterError> {
        self.send_object(object, Force::No).await
    }

    async fn send_object(&self, object: &Object, force: Force) -> Result<Applied, ClusterError> {
        let bytes = object.bytes().clone();
        let call = apply(object.id(), bytes, marks::MANAGER, force, "apply");
        self.cluster.send_apply(self.fenced(call)).await
    }

    /// Changes an object with a JSON patch, which contains the UID and version that it is meant for.
    ///
    /// # Errors
    /// When the object has changed since, the server refuses the patch or cannot be reached, or the lock is lost.
    pub async fn patch(&self, id: &ObjectId, operations: &Value) -> Result<Value, ClusterError> {
        self.cluster.send(self.fenced(json_patch(id, operations))).await
    }

    /// Replaces an object; its `resourceVersion` guards against concurrent changes.
    ///
    /// # Errors
    /// When it has changed since, the server refuses it or cannot be reached, or the lock is lost.
    pub async fn replace(&self, id: &ObjectId, object: &Value) -> Result<Value, ClusterError> {
        self.cluster.send(self.fenced(replacement(id, object))).await
    }

    /// Deletes exactly the object with this UID. Succeeds if it is already gone.
    ///
    /// # Errors
    /// When another object now has its name, the server refuses or cannot be reached, or the lock is lost.
    pub async fn delete(
        &self,
        id: &ObjectId,
        uid: &str,
        dependents: Dependents,
    ) -> Result<Progress, ClusterError> {
        let call = deletion(id, &json!({ "uid": uid }), dependents);
        self.cluster.send_deletion(self.fenced(call)).await
    }

    /// Deletes exactly this version of an object. Succeeds if it is already gone.
    ///
    /// # Errors
    /// When it has changed since, the server refuses or cannot be reached, or the lock is lost.
    pub async fn delete_version(&self, id: &ObjectId, live: &Value) -> Result<(), ClusterError> {
        let call = deletion_of_version(id, live);
        self.cluster.send_deletion(self.fenced(call)).await?;
        Ok(())
    }
}

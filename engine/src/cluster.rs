//! The only module that talks to the API server: every request has a deadline, and the few retries are reported.

mod answer;
mod connect;
pub mod error;
mod fence;
mod items;
mod prepare;
mod proxy;
mod request;
mod served;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

pub use connect::{ConnectError, Target};
pub use error::{ClusterError, Status};
pub(crate) use fence::Asked;
pub use fence::Fence;
pub use writer::Writer;

use engine_core::object::{Identity, Kind, Object, ObjectId, kind_of, marks};
use request::{Call, Patch, group_path, item_path, kind_path};
use served::Discovered;

pub use answer::Fold;
pub use request::Representation;

/// Maximum number of requests in flight. More gain nothing on a small API server and multiply the slowest responses.
const IN_FLIGHT: usize = 16;

/// Receives messages for the user while requests are in progress, such as notices of retries.
pub type Notice = Arc<dyn Fn(&str) + Send + Sync>;

/// A connection to one cluster, pinned to one context of one kubeconfig.
#[expect(clippy::disallowed_types, reason = "this is the module that is allowed to")]
pub struct Cluster {
    client: kube::Client,
    server: String,
    /// The proxy in use, without credentials, and the setting that names it.
    proxy: Option<String>,
    /// Whether the server is on this machine.
    is_near: bool,
    slots: Semaphore,
    notice: Notice,
    /// Whether the server has answered yet: until it has, a refused connection is final.
    answered: AtomicBool,
}

/// Whether an apply takes over fields that other field managers own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Force {
    Yes,
    No,
}

/// When a deletion removes the object's dependents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependents {
    /// Before the object, so once the object is gone, everything is.
    First,
    /// In the background, after the object.
    Later,
    /// Never: they stay as orphans.
    Never,
}

/// The progress of a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The object is gone.
    Gone,
    /// The object is terminating, and is removed once its finalizers are.
    Going,
}

/// The API server's response to an apply.
pub struct Applied {
    /// Whether the object was created (201) or already existed (200).
    pub created: bool,
    /// Whether an earlier attempt may have succeeded and its response been lost.
    pub was_repeated: bool,
    attempt: String,
    server: String,
    body: Vec<u8>,
}

impl Applied {
    /// Parses the resulting object; after a dry-run, the object that an apply would produce. Parsing is lazy because most
    /// callers never need it.
    ///
    /// # Errors
    /// When the body is not a valid API response.
    pub fn object(&self) -> Result<Value, ClusterError> {
        serde_json::from_slice(&self.body).map_err(|error| ClusterError::BadAnswer {
            attempt: self.attempt.clone(),
            server: self.server.clone(),
            cause: error.to_string(),
        })
    }
}

/// A list held in memory as a whole, for short lists.
#[derive(Default)]
struct Values(Vec<Value>);

impl Fold for Values {
    fn take(&mut self, item: &[u8]) -> serde_json::Result<()> {
        self.0.push(serde_json::from_slice(item)?);
        Ok(())
    }
}

impl Cluster {
    /// Prepares a connection to the context of `target`. Sends nothing yet.
    ///
    /// # Errors
    /// When the kubeconfig cannot be read, lacks the context, or uses an unsupported setting.
    pub async fn connect(target: &Target, notice: Notice) -> Result<Self, ConnectError> {
        let connection = connect::client(target).await?;
        Ok(Self {
            client: connection.client,
            server: connection.server,
            proxy: connection.proxy,
            is_near: connection.is_near,
            slots: Semaphore::new(IN_FLIGHT),
            notice,
            answered: AtomicBool::new(false),
        })
    }

    /// Returns the API server's URL.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Returns the cluster's identity: the UID of its namespace `kube-system`, which survives changes of name and address.
    ///
    /// # Errors
    /// When the namespace cannot be read. For a user without that permission, [`ClusterError::is_forbidden`] is true.
    pub async fn identity(&self) -> Result<String, ClusterError> {
        let id = ObjectId::from(Identity {
            kind: kind_of::<k8s_openapi::api::core::v1::Namespace>(),
            namespace: None,
            name: "kube-system".to_owned(),
        });
        let namespace = self.read(&id).await?;
        // A server that answers 404 to everything must not pass for an empty cluster.
        match namespace.as_ref().map(marks::uid) {
            Some(uid) if !uid.is_empty() => Ok(uid.to_owned()),
            _ => Err(ClusterError::BadAnswer {
                attempt: "identify the cluster".to_owned(),
                server: self.server.clone(),
                cause: "it has no namespace `kube-system`".to_owned(),
            }),
        }
    }

    /// Reads an object; `None` when it, its namespace or its kind does not exist.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses the request.
    pub async fn read(&self, id: &ObjectId) -> Result<Option<Value>, ClusterError> {
        let call = Call::new(Method::GET, item_path(id), format!("read {id}"));
        match self.send(call).await {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Lists the objects of a kind in full.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses the request.
    pub async fn list(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        selector: &str,
    ) -> Result<Vec<Value>, ClusterError> {
        self.list_as(kind, namespace, selector, Representation::Whole)
            .await
    }

    /// Lists the metadata of the objects of a kind; empty when the server does not serve the kind.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses the request.
    pub async fn list_metadata(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        selector: &str,
    ) -> Result<Vec<Value>, ClusterError> {
        self.list_as(kind, namespace, selector, Representation::Metadata)
            .await
    }

    async fn list_as(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        selector: &str,
        representation: Representation,
    ) -> Result<Vec<Value>, ClusterError> {
        self.list_items(kind, namespace, selector, representation, Values::default)
            .await
            .map(|Values(items)| items)
    }

    /// Folds the items of a list of objects or of their metadata; a kind that the server does not serve has no items.
    ///
    /// # Errors
    /// When the server cannot be reached, refuses the request, or sends an item that the fold rejects.
    pub async fn list_items<T: Fold>(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        selector: &str,
        representation: Representation,
        begin: impl Fn() -> T,
    ) -> Result<T, ClusterError> {
        let listed = self.list_served(kind, namespace, selector, representation, &begin);
        Ok(listed.await?.unwrap_or_else(begin))
    }

    /// Folds a list as [`Cluster::list_items`] does; `None` when the server does not serve this version of the kind.
    ///
    /// # Errors
    /// When the server cannot be reached, refuses the request, or sends an item that the fold rejects.
    pub async fn list_served<T: Fold>(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        selector: &str,
        representation: Representation,
        begin: impl Fn() -> T,
    ) -> Result<Option<T>, ClusterError> {
        let place = namespace.map_or_else(String::new, |namespace| format!(" in `{namespace}`"));
        let mut call = Call::new(
            Method::GET,
            kind_path(kind, namespace),
            format!("list {}{place}", kind.plural),
        );
        call.representation = representation;
        if !selector.is_empty() {
            call.parameter("labelSelector", selector);
        }
        match self.send_for_items(call, begin).await {
            Ok(folded) => Ok(Some(folded)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the served versions of a kind's group, the preferred one first; empty when the server does not know the group.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses the request.
    pub async fn versions(&self, kind: &Kind) -> Result<Vec<String>, ClusterError> {
        if kind.group.is_empty() {
            return Ok(vec![kind.version.clone()]);
        }
        let path = format!("/apis/{}", kind.group);
        let attempt = format!("ask for the versions of {}", kind.group);
        let group = match self.send(Call::new(Method::GET, path, attempt)).await {
            Ok(group) => group,
            Err(error) if error.is_not_found() => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let versions = group["versions"].as_array().into_iter().flatten();
        let names = versions.filter_map(|version| version["version"].as_str());
        Ok(names.map(str::to_owned).collect())
    }

    /// Dry-runs an apply of a configuration: the server does everything except the write.
    ///
    /// # Errors
    /// When the server refuses it or cannot be reached.
    pub async fn dry_run(&self, id: &ObjectId, configuration: &Value) -> Result<Applied, ClusterError> {
        let bytes = Bytes::from(configuration.to_string());
        self.send_apply(dry_run(apply(id, bytes, marks::MANAGER, Force::Yes, "check")))
            .await
    }

    /// Dry-runs an apply of a desired object.
    ///
    /// # Errors
    /// When the server refuses it or cannot be reached.
    pub async fn dry_run_object(&self, object: &Object) -> Result<Applied, ClusterError> {
        let bytes = object.bytes().clone();
        let call = apply(object.id(), bytes, marks::MANAGER, Force::Yes, "check");
        self.send_apply(dry_run(call)).await
    }

    /// Dry-runs a JSON patch of an object.
    ///
    /// # Errors
    /// When the server refuses it or cannot be reached.
    pub async fn dry_run_patch(&self, id: &ObjectId, operations: &Value) -> Result<Value, ClusterError> {
        self.send(dry_run(json_patch(id, operations))).await
    }

    /// Creates an object that must not exist yet. Outside the engine only a [`Writer`] writes; this is for the record and the
    /// lock, which are written before a writer exists.
    ///
    /// # Errors
    /// When it already exists, is refused, or the server cannot be reached.
    pub(crate) async fn create(&self, id: &ObjectId, object: &Value) -> Result<Value, ClusterError> {
        let path = kind_path(&id.kind, id.namespace.as_deref());
        let mut call = Call::new(Method::POST, path, format!("create {id}"));
        call.parameter("fieldManager", marks::MANAGER);
        call.json(object);
        self.send(call).await
    }

    /// Replaces the Lease of a lock; its `resourceVersion` guards against concurrent changes.
    ///
    /// # Errors
    /// When it has changed, is refused, or the server cannot be reached.
    pub(crate) async fn replace(&self, id: &ObjectId, object: &Value) -> Result<Value, ClusterError> {
        self.send(replacement(id, object)).await
    }

    /// Deletes exactly this version of a lock's Lease. Succeeds if it is already gone.
    ///
    /// # Errors
    /// When it has changed since, or the server refuses or cannot be reached.
    pub(crate) async fn delete_version(&self, id: &ObjectId, live: &Value) -> Result<(), ClusterError> {
        self.send_deletion(deletion_of_version(id, live)).await?;
        Ok(())
    }

    async fn send_deletion(&self, call: Call) -> Result<Progress, ClusterError> {
        match self.send(call).await {
            // The response is the remaining object or a success status.
            Ok(answer) if marks::is_terminating(&answer) => Ok(Progress::Going),
            Ok(_) => Ok(Progress::Gone),
            Err(error) if error.is_not_found() => Ok(Progress::Gone),
            Err(error) => Err(error),
        }
    }

    /// Lists every namespaced kind.
    ///
    /// # Errors
    /// When the server cannot be reached, or cannot list the kinds of one of its groups.
    pub async fn namespaced_kinds(&self) -> Result<Vec<Kind>, ClusterError> {
        let mut kinds = Vec::new();
        for root in ["/api", "/apis"] {
            let mut call = Call::new(
                Method::GET,
                root.to_owned(),
                "list the kinds that the server serves".to_owned(),
            );
            call.representation = Representation::Discovery;
            match served::discovered(&self.send(call).await?)? {
                Discovered::Kinds(found) => kinds.extend(found),
                Discovered::GroupVersions(versions) => {
                    for version in versions {
                        let document = self.send(Call::new(
                            Method::GET,
                            group_path(&version.0, &version.1),
                            "list the kinds that the server serves".to_owned(),
                        ));
                        served::add_kinds(&version, &document.await?, &mut kinds)?;
                    }
                }
            }
        }
        Ok(kinds)
    }

    /// Returns whether this user is allowed to perform `verb` on the objects of a kind.
    ///
    /// # Errors
    /// When the server cannot be reached or does not support access reviews.
    pub async fn can_i(
        &self,
        verb: &str,
        kind: &Kind,
        namespace: Option<&str>,
    ) -> Result<bool, ClusterError> {
        let mut call = Call::new(
            Method::POST,
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews".to_owned(),
            format!("ask whether this user may {verb} {}", kind.plural),
        );
        call.json(&json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": { "resourceAttributes": {
                "verb": verb,
                "group": kind.group,
                "version": kind.version,
                "resource": kind.plural,
                "namespace": namespace,
            } },
        }));
        Ok(self.send(call).await?["status"]["allowed"] == true)
    }

    /// Passes a message to the user.
    pub(crate) fn notify(&self, text: &str) {
        (self.notice)(text);
    }

    /// Returns whether the server has answered any request yet.
    fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }
}

/// Builds a server-side apply with strict validation; `verb` completes "could not …".
fn apply(id: &ObjectId, configuration: Bytes, manager: &str, force: Force, verb: &str) -> Call {
    let mut call = Call::new(Method::PATCH, item_path(id), format!("{verb} {id}"));
    call.parameter("fieldManager", manager);
    call.parameter("force", if force == Force::Yes { "true" } else { "false" });
    call.parameter("fieldValidation", "Strict");
    call.bytes(configuration);
    call
}

fn json_patch(id: &ObjectId, operations: &Value) -> Call {
    let mut call = Call::new(Method::PATCH, item_path(id), format!("change {id}"));
    call.patch = Patch::Json;
    call.parameter("fieldManager", marks::MANAGER);
    call.json(operations);
    call
}

fn dry_run(mut call: Call) -> Call {
    call.parameter("dryRun", "All");
    call
}

fn replacement(id: &ObjectId, object: &Value) -> Call {
    let mut call = Call::new(Method::PUT, item_path(id), format!("update {id}"));
    call.parameter("fieldManager", marks::MANAGER);
    call.json(object);
    call
}

fn deletion_of_version(id: &ObjectId, live: &Value) -> Call {
    let version = &live["metadata"]["resourceVersion"];
    let preconditions = json!({ "uid": marks::uid(live), "resourceVersion": version });
    deletion(id, &preconditions, Dependents::Later)
}

fn deletion(id: &ObjectId, preconditions: &Value, dependents: Dependents) -> Call {
    let mut call = Call::new(Method::DELETE, item_path(id), format!("delete {id}"));
    call.json(&json!({
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": match dependents {
            Dependents::First => "Foreground",
            Dependents::Later => "Background",
            Dependents::Never => "Orphan",
        },
        "preconditions": preconditions,
    }));
    call
}

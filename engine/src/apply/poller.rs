//! Reads the objects that a run waits for: a few one by one, many with one LIST.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::cluster::{Cluster, ClusterError, Fold, Representation};
use engine_core::object::owner::Owner;
use engine_core::object::{Kind, ObjectId};
use engine_core::plan::{Action, Change};
use engine_core::stack::Stack;
use engine_core::status;

/// Up to this many objects of one kind in one namespace are read one by one.
const FEW: usize = 4;

/// The objects of one kind in one namespace.
type Group = (Kind, Option<String>);

/// The last LIST of a group.
#[derive(Default)]
struct Look {
    begun: Option<Instant>,
    objects: Objects,
}

/// Objects by name, without their managed fields, which are most of an object and do not show its status.
#[derive(Default)]
struct Objects(HashMap<String, Arc<Value>>);

impl Fold for Objects {
    fn take(&mut self, item: &[u8]) -> serde_json::Result<()> {
        let mut object: Value = serde_json::from_slice(item)?;
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("managedFields");
        }
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        self.0.insert(name, Arc::new(object));
        Ok(())
    }
}

/// Caches the LISTs of groups that are too large to be read one by one.
pub(super) struct Poller {
    selector: String,
    groups: HashMap<Group, Mutex<Look>>,
}

impl Poller {
    /// Prepares for all objects that a plan may have to wait for.
    pub(super) fn new(changes: &[Change], stack: &Stack, owner: &Owner) -> Self {
        let waited_for = stack.objects.iter().map(|declared| declared.object.id());
        let deleted = changes.iter().filter_map(|change| match change.action {
            Action::Delete { .. } => Some(&change.id),
            _ => None,
        });
        let mut sizes: HashMap<Group, usize> = HashMap::new();
        for id in waited_for.filter(|id| status::has_rule(&id.kind)).chain(deleted) {
            *sizes.entry((id.kind.clone(), id.namespace.clone())).or_default() += 1;
        }
        sizes.retain(|_, size| *size > FEW);
        Self {
            selector: owner.selector(),
            groups: sizes.into_keys().map(|group| (group, Mutex::default())).collect(),
        }
    }

    /// Returns an object of the environment as of `since` or later; `None` if it did not exist.
    pub(super) async fn read(
        &self,
        id: &ObjectId,
        since: Instant,
        cluster: &Cluster,
    ) -> Result<Option<Arc<Value>>, ClusterError> {
        let alone = async || Ok(cluster.read(id).await?.map(Arc::new));
        let Some(group) = self.groups.get(&(id.kind.clone(), id.namespace.clone())) else {
            return alone().await;
        };
        // All callers that arrive during a LIST share the next one.
        let mut look = group.lock().await;
        if look.begun.is_none_or(|begun| begun < since) {
            let begun = Instant::now();
            let namespace = id.namespace.as_deref();
            let listed = cluster
                .list_items(
                    &id.kind,
                    namespace,
                    &self.selector,
                    Representation::Whole,
                    Objects::default,
                )
                .await;
            look.objects = match listed {
                Ok(objects) => objects,
                // A user who may not list a kind may still read its objects by name.
                Err(error) if error.is_forbidden() => return alone().await,
                Err(error) => return Err(error),
            };
            look.begun = Some(begun);
        }
        Ok(look.objects.0.get(&id.name).cloned())
    }
}

//! Migrates the managed fields of an object before its adoption, in one write guarded by its version.
//!
//! If a run ends right after that write, the object's content is unchanged, and the next run continues from there.

use serde_json::json;

use super::Run;
use super::summary::ObjectError;
use crate::cluster::Writer;
use engine_core::object::owner::{Ownership, ownership};
use engine_core::object::path::Path;
use engine_core::object::{ObjectId, marks};
use engine_core::observation::adoption::migrated_managers;

/// Maximum number of attempts: controllers update the object's status concurrently.
const TRIES: usize = 8;

/// Moves the planned fields to our managed fields entry, in exactly the object that was planned.
pub(super) async fn take_over(
    id: &ObjectId,
    uid: &str,
    excluded: &[Path],
    writer: Writer<'_>,
    run: &Run<'_>,
) -> Result<(), ObjectError> {
    let mut last = String::new();
    for _ in 0..TRIES {
        let live = match run.cluster.read(id).await {
            Ok(live) => live.filter(|live| marks::uid(live) == uid),
            Err(error) => return Err(ObjectError::Failed(error.to_string())),
        };
        let Some(live) = live else {
            return Err(ObjectError::Failed(
                "the object was replaced after the plan".to_owned(),
            ));
        };
        if let other @ Ownership::Other { .. } = ownership(&live, run.owner) {
            return Err(ObjectError::Foreign(format!(
                "{other} has adopted it in the meantime"
            )));
        }
        let Some(managers) = migrated_managers(&live, &id.kind.api_version(), excluded) else {
            return Ok(());
        };
        let operations = json!([
            {"op": "test", "path": "/metadata/uid", "value": uid},
            {"op": "replace", "path": "/metadata/managedFields", "value": managers},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
        ]);
        match writer.patch(id, &operations).await {
            Ok(_) => return Ok(()),
            Err(error) if error.is_lost_race() => last = error.to_string(),
            Err(error) => return Err(ObjectError::Failed(error.to_string())),
        }
    }
    Err(ObjectError::Failed(last))
}

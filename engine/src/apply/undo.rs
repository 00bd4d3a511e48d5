//! Undoes our changes to an object that another client created at the same time.

use serde_json::json;

use super::summary::ObjectError;
use crate::cluster::{Applied, Writer};
use engine_core::object::field_managers::managers;
use engine_core::object::{Object, marks};

/// Undoes an apply that was meant to create `desired` but changed another client's object.
///
/// Applying an object with nothing but its name removes exactly the fields that our apply added.
pub(super) async fn take_back(desired: &Object, met: &Applied, writer: Writer<'_>) -> ObjectError {
    let id = desired.id();
    let live = met.object().unwrap_or_default();
    // With its UID: an object that has been deleted in the meantime must not be recreated as ours.
    let bare = json!({
        "apiVersion": id.kind.api_version(),
        "kind": id.kind.kind,
        "metadata": { "name": id.name, "namespace": id.namespace, "uid": live["metadata"]["uid"] },
    });
    let other = managers(&live).find(|manager| !manager.is_of_this_program());
    let other = other.map_or_else(
        || "another client".to_owned(),
        |manager| format!("`{}`", manager.name),
    );
    let result = writer.apply(id, &bare, marks::MANAGER).await;
    let Err(error) = result else {
        return ObjectError::Foreign(format!(
            "{other} created it at the same time; our changes were undone"
        ));
    };
    match writer.cluster().read(id).await {
        Ok(now) if now.as_ref().map(marks::uid) != Some(marks::uid(&live)) => ObjectError::Foreign(format!(
            "{other} created it at the same time, and it has been deleted since"
        )),
        _ => ObjectError::Foreign(format!(
            "{other} created it at the same time, and our changes could not be undone: {error}"
        )),
    }
}

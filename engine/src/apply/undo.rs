//! Takes our part back from an object that somebody else made in the moment we did.

use serde_json::json;

use super::summary::ObjectError;
use crate::cluster::{Applied, Writer};
use engine_core::object::field_managers::managers;
use engine_core::object::{Object, marks};

/// Undoes an apply that was meant to create `desired` and met somebody else's object.
///
/// Applying the bare name gives back exactly what our apply added.
pub(super) async fn take_back(desired: &Object, met: &Applied, writer: Writer<'_>) -> ObjectError {
    let id = desired.id();
    let live = met.object().unwrap_or_default();
    // With its UID: an object that was deleted meanwhile must not come back as ours.
    let bare = json!({
        "apiVersion": id.kind.api_version(),
        "kind": id.kind.kind,
        "metadata": { "name": id.name, "namespace": id.namespace, "uid": live["metadata"]["uid"] },
    });
    let other = managers(&live).find(|manager| !manager.is_of_this_program());
    let other = other.map_or("somebody", |manager| manager.name);
    let result = writer.apply(id, &bare, marks::MANAGER).await;
    let Err(error) = result else {
        return ObjectError::Foreign(format!(
            "`{other}` made it in the same moment; our part was taken back"
        ));
    };
    match writer.cluster().read(id).await {
        Ok(now) if now.as_ref().map(marks::uid) != Some(marks::uid(&live)) => ObjectError::Foreign(format!(
            "`{other}` made it in the same moment, and it was deleted again"
        )),
        _ => ObjectError::Foreign(format!(
            "`{other}` made it in the same moment, and our part could not be taken back: {error}"
        )),
    }
}

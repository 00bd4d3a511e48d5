//! Takes our part back from an object that somebody else made in the moment we did.

use serde_json::json;

use super::Run;
use super::outcome::Trouble;
use crate::cluster::{Applied, Mode};
use crate::object::ownership::managers;
use crate::object::{Object, marks};

/// Undoes an apply that was meant to create `desired` and met somebody else's object.
///
/// Applying the bare name gives back exactly what our apply added.
pub(super) async fn take_back(desired: &Object, met: &Applied, run: &Run<'_>) -> Trouble {
    let id = desired.id();
    let bare = json!({
        "apiVersion": id.kind.api_version(),
        "kind": id.kind.kind,
        "metadata": { "name": id.name, "namespace": id.namespace },
    });
    let live = met.object().unwrap_or_default();
    let other = managers(&live).find(|manager| !manager.is_of_this_program());
    let other = other.map_or("somebody", |manager| manager.name);
    let result = run.cluster.apply(id, &bare, marks::MANAGER, Mode::Write).await;
    Trouble::Foreign(match result {
        Ok(_) => format!("`{other}` made it in the same moment; our part was taken back"),
        Err(error) => {
            format!("`{other}` made it in the same moment, and our part could not be taken back: {error}")
        }
    })
}

//! Takes our part back from an object that somebody else made in the moment we did.

use serde_json::{Value, json};

use super::Run;
use super::outcome::Trouble;
use crate::cluster::Mode;
use crate::object::ownership::{Manager, managers};
use crate::object::{Object, marks};

/// Undoes an apply that was meant to create `desired` and met somebody else's object.
///
/// Applying the bare name gives back exactly what our apply added.
pub(super) async fn if_foreign(desired: &Object, live: &Value, run: &Run<'_>) -> Result<(), Trouble> {
    let Some(other) = managers(live).find(|manager| !is_ours_or_a_controller(manager)) else {
        return Ok(());
    };
    let id = desired.id();
    let bare = json!({
        "apiVersion": id.kind.api_version(),
        "kind": id.kind.kind,
        "metadata": { "name": id.name, "namespace": id.namespace },
    });
    let other = other.name;
    match run.cluster.apply(id, &bare, marks::MANAGER, Mode::Write).await {
        Ok(_) => Err(Trouble::Foreign(format!(
            "`{other}` made it in the same moment; our part was taken back"
        ))),
        Err(error) => Err(Trouble::Foreign(format!(
            "`{other}` made it in the same moment, and our part could not be taken back: {error}"
        ))),
    }
}

/// Controllers write into every object soon after its creation.
fn is_ours_or_a_controller(manager: &Manager<'_>) -> bool {
    manager.is_of_this_program()
        || !manager.subresource.is_empty()
        || manager.name == "kube-controller-manager"
}

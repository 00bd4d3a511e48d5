//! Notes about the fields of our objects that other managers own: an apply leaves them alone. Pure.

use super::change::Note;
use crate::observation::Observations;

/// One note for each manager in each object.
pub(super) fn notes(observations: &Observations) -> impl Iterator<Item = Note> {
    let objects = observations.foreign_fields.iter();
    objects.flat_map(|(id, foreign)| {
        foreign.iter().map(|other| Note {
            id: id.clone(),
            text: format!("{} owns {}, which stays", other.author, other.fields.join(", ")),
        })
    })
}

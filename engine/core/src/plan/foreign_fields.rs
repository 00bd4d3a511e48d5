//! Says what others own in our objects: it is left alone. Pure.

use super::change::{Author, Note};
use crate::object::foreign_fields::Other;
use crate::observation::Observations;

/// One note for each of the others in each object.
pub(super) fn notes(observations: &Observations) -> impl Iterator<Item = Note> {
    let named = observations.others.iter();
    named.flat_map(|(id, others)| {
        others.iter().map(|other| Note {
            id: id.clone(),
            text: format!("{} owns {}, which stays", author(other), other.fields.join(", ")),
        })
    })
}

fn author(other: &Other) -> Author {
    Author {
        manager: other.manager.clone(),
        operation: other.operation,
        subresource: other.subresource.clone(),
        time: other.time.clone(),
    }
}

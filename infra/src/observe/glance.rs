//! Whether an object is unchanged for certain, from what a LIST says of it. Pure.

use serde_json::Value;

use crate::object::belonging::{Belonging, belonging};
use crate::object::coverage::covers;
use crate::object::{Object, marks, ownership};

/// Whether a live object is as desired: it has our hash, and every field that we send is still ours.
///
/// Anything else is no more than a suspicion, which a dry-run clears up.
pub(super) fn is_unchanged(object: &Object, live: &Value, environment: &str) -> bool {
    let has_hash = marks::annotation(live, marks::STATE_HASH) == Some(object.hash().to_string().as_str());
    has_hash
        && !marks::is_terminating(live)
        && belonging(live, environment) == Belonging::Ours
        && ownership::ours(live).is_some_and(|ours| covers(ours.fields(), object.json()))
        && (!object.id().kind.is_secret() || live["data"] == object.json()["data"])
}

//! `/data`: the documents of the collection.

mod body;
mod cursor;
mod format;
mod idempotency;
mod insert;
mod list;
mod list_writer;
mod parameters;
mod stream;

pub(crate) use body::{Bodies, BodyRead};
pub(crate) use insert::Insert;
pub(crate) use list::List;

//! `/data`: the documents of the collection.

mod array;
mod body;
mod insert;
mod list;

pub(crate) use body::read_form;
pub(crate) use insert::Insert;
pub(crate) use list::List;

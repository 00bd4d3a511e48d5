//! `/data`: the documents of the collection.

mod body;
mod cursor;
mod form;
mod idempotency;
mod insert;
mod list;
mod parameters;
mod stream;
mod text;

pub(crate) use body::Bodies;
pub use idempotency::KeyFault;
pub(crate) use insert::Insert;
pub(crate) use list::List;
pub use parameters::QueryFault;

//! One file per resource.

mod answer;
mod body;
mod health;
mod insert;
mod list;
mod probes;
mod welcome;

pub(crate) use health::Health;
pub(crate) use insert::Insert;
pub(crate) use list::List;
pub(crate) use probes::{Readyz, livez};
pub(crate) use welcome::greet;

//! What happens around every request, whether a route was found or not; outermost first.

mod access;
mod draining;
mod host;
mod panics;
mod problems;
mod request_id;

pub(crate) use access::log_access;
pub(crate) use draining::CloseWhileDraining;
pub(crate) use host::require_host;
pub(crate) use panics::catch_panics;
pub(crate) use problems::describe_errors;
pub(crate) use request_id::{identify, request_id};

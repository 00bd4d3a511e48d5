//! What happens around every request, whether a route was found or not; outermost first.

mod access;
mod draining;
mod methods;
mod panics;
mod problems;
mod protection;
mod refusals;
mod request_id;
mod requirements;
mod trace;
mod unread;

pub(crate) use access::log_access;
pub(crate) use draining::CloseWhileDraining;
pub(crate) use methods::TellMethods;
pub(crate) use panics::catch_panics;
pub(crate) use problems::describe_errors;
pub(crate) use protection::protect;
pub(crate) use refusals::answer_refusals;
pub(crate) use request_id::{identify, request_id, trace};
pub(crate) use requirements::require_sense;
pub(crate) use trace::Trace;
pub(crate) use unread::{BodyRead, close_unread};

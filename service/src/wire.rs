//! Validates the bytes of a connection before `hyper` parses them.
//!
//! `hyper` answers a malformed head with an empty 400, closes slow connections silently, and accepts input that other
//! programs parse differently, such as two lengths or bare LF line endings, which allows request smuggling past a
//! proxy. [`Guard`] passes only valid heads on. It replaces any other head with an internal request that no client can
//! send, so that the refusal is answered in order, logged and counted like every other request.

mod chunks;
mod filter;
mod guard;
mod head;
mod refusal;

pub(crate) use guard::Guard;
pub(crate) use refusal::Refusal;

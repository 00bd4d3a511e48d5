//! The bytes of a connection, checked before `hyper` reads them.
//!
//! `hyper` answers what it cannot read with an empty 400, closes slow connections without a word, and takes what other
//! programs understand differently: two lengths, lines that end by a bare LF. Requests are smuggled past a proxy that way.
//! [`Guard`] lets only sound heads through. In the place of any other it hands on a request of its own, which no client can
//! send, so that the refusal is answered in its turn, logged and counted like every other request.

mod chunks;
mod filter;
mod guard;
mod head;
mod refusal;

pub(crate) use guard::Guard;
pub(crate) use refusal::Refusal;

//! Converts between JSON and BSON without changing what a client sent, which no library does. Pure: no IO, no clock.
//!
//! To BSON: `$` keys, dotted keys and Extended JSON such as `{"$oid": "…"}` are plain data. Integers become `Int32` if
//! they fit, else `Int64`; numbers with a fraction or an exponent become doubles; the order of keys is kept. `-0` is
//! the integer 0, `-0.0` a double that keeps its sign. A fraction becomes the nearest double, as in every JSON parser.
//! Anything else that BSON cannot represent exactly is refused with its location, never rounded, dropped or merged.
//!
//! To JSON: what came from JSON comes back equal. Types that JSON lacks, which only other programs can have stored, are
//! written as MongoDB's relaxed Extended JSON: `{"$oid": "…"}`, `{"$date": "…"}`, `{"$numberDouble": "NaN"}`.

mod bytes;
mod encoding;
mod keys;
mod literals;
mod location;
mod read;
mod refusal;
mod syntax;
mod tokens;
mod value;
mod write;

pub(crate) use location::Location;
pub(crate) use read::{NewId, document_from_json};
pub(crate) use refusal::{Fault, Refusal};
pub(crate) use write::{Json, WithoutId, id_text};

#[cfg(test)]
mod tests;

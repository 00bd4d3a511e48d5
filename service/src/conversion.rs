//! JSON ↔ BSON, written here because every ready-made way changes what a client sent. Pure: no IO, no clock.
//!
//! Into BSON: `$`-keys, dotted keys and Extended JSON such as `{"$oid": "…"}` are plain data. Integers become `Int32`
//! when they fit and `Int64` otherwise, numbers with a fraction or an exponent become doubles, and the order of keys is
//! kept. `-0` is the integer 0, `-0.0` a double that comes back as it is. A fraction is the nearest double, as for every
//! reader of JSON. What else BSON cannot hold exactly is refused with the place where it stands, never rounded, dropped or
//! merged.
//!
//! Into JSON: what came from JSON comes back equal. Types that JSON lacks, which only other writers can have stored, are
//! written as MongoDB's relaxed Extended JSON: `{"$oid": "…"}`, `{"$date": "…"}`, `{"$numberDouble": "NaN"}`.

mod bytes;
mod encoding;
mod keys;
mod literals;
mod place;
mod read;
mod refusal;
mod syntax;
mod tokens;
mod value;
mod write;

pub use place::Place;
pub use read::{MAXIMUM_DEPTH, MAXIMUM_DOCUMENT_BYTES, MAXIMUM_ID_BYTES, NewId, document_from_json};
pub use refusal::{Fault, Refusal};
pub use write::{Json, WithoutId, id_text};

#[cfg(test)]
mod tests;

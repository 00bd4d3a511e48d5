//! JSON ↔ BSON, written here because every ready-made way changes what a client sent. Pure: no IO, no clock.
//!
//! Into BSON: `$`-keys, dotted keys and Extended JSON such as `{"$oid": "…"}` are plain data. Integers become `Int32`
//! when they fit and `Int64` otherwise, numbers with a fraction or an exponent become doubles, and the order of keys is
//! kept. `-0` is the integer 0, `-0.0` a double that comes back as it is. A fraction is the nearest double, as for every
//! reader of JSON. What else BSON cannot hold exactly is refused with the location where it stands, never rounded, dropped or
//! merged.
//!
//! Into JSON: what came from JSON comes back equal. Types that JSON lacks, which only other writers can have stored, are
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

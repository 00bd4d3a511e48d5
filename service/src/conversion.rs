//! JSON ↔ BSON, written here because every ready-made way changes what a client sent. Pure: no IO, no clock.
//!
//! Into BSON: `$`-keys, dotted keys and Extended JSON such as `{"$oid": "…"}` are plain data. Integers become `Int32`
//! when they fit and `Int64` otherwise, numbers with a fraction or an exponent become doubles, and the order of keys is
//! kept. What BSON cannot hold exactly is refused with the place where it stands, never rounded, dropped or merged.
//!
//! Into JSON: what came from JSON comes back equal. Types that JSON lacks, which only other writers can have stored, are
//! written as MongoDB's relaxed Extended JSON: `{"$oid": "…"}`, `{"$date": "…"}`, `{"$numberDouble": "NaN"}`.

mod numbers;
mod read;
mod refusal;
mod write;

pub use read::{MAXIMUM_DEPTH, document_from_json};
pub use refusal::{Fault, Refusal};
pub use write::{Json, id_text};

#[cfg(test)]
mod tests;

//! Tests with a real control plane and a real MongoDB.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cluster;
mod lifecycle;
mod mongodb;
mod shared;
mod wait;

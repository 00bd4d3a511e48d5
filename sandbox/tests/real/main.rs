//! The sandbox on its real parts: a control plane and a MongoDB that are started, used, killed and stopped.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cluster;
mod lifecycle;
mod mongodb;
mod shared;
mod wait;

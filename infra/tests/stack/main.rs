//! What the stacks of all environments consist of: rendered, hardened, and their database's users made for real.
#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod environments;
mod hardening;
mod identity;
mod mutations;
mod references;
mod rendered;
mod rules;
mod settings;
mod users;

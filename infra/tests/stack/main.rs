//! The stacks of all environments: their manifests, their hardening, and their database users on a real mongod.
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

//! The binary without a cluster: what it prints and how it ends.
#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod binary;
mod completions;
mod help;
mod man;
mod paths;
mod render;
mod validate;
mod variables;

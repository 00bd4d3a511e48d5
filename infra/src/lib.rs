//! Declares a Kubernetes environment in typed code and reconciles it by diff, plan and apply.
//!
//! Data flows through the modules in this order: `environment` (with `image`) reads a file, `resources` declares the stack,
//! the crates `engine-core` and `engine` plan and apply it, and `report` prints the outcome. `commands` ties them together.

pub mod cli;
pub mod commands;
pub mod environment;
pub mod image;
pub mod report;
pub mod resources;

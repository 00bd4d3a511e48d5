//! Declares a Kubernetes environment in typed code and reconciles it by diff, plan and apply.
//!
//! The modules stand in the order in which data goes through them; `ARCHITECTURE.md` draws the way.

pub mod environment;
pub mod object;
pub mod record;
pub mod stack;
pub mod resources;
pub mod status;
pub mod cluster;
pub mod observe;
pub mod plan;
pub mod apply;
pub mod report;
pub mod cli;
pub mod commands;

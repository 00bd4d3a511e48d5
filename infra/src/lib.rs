//! Declares a Kubernetes environment in typed code and reconciles it by diff, plan and apply.
//!
//! The modules stand in the order in which data goes through them; `ARCHITECTURE.md` draws the way.

pub mod apply;
pub mod cli;
pub mod cluster;
pub mod commands;
pub mod environment;
pub mod image;
pub mod object;
pub mod observation;
pub mod observe;
pub mod plan;
pub mod record;
pub mod report;
pub mod resources;
pub mod stack;
pub mod status;

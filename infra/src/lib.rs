//! Declares a Kubernetes environment in typed code and reconciles it by diff, plan and apply.

pub mod environment;

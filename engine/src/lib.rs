//! Compares a stack with a cluster, and applies the plan that follows. Works for any stack.

pub mod apply;
pub mod cluster;
pub mod deployment;
pub mod observe;
pub mod record;

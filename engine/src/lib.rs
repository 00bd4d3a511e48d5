//! Compares any stack with a cluster, plans the changes and applies them.

pub mod apply;
pub mod cluster;
pub mod deployment;
pub mod observe;
pub mod record;

//! What a stack wants, what a cluster holds, and the plan that leads from one to the other.
//!
//! Pure: no clock, no waiting, no network. Data flows through the modules in this order: `object`, `secret` and `status` know
//! nothing of stacks; `record` and `stack` declare what is wanted; `observation` holds what was found; `plan` decides.

pub mod object;
pub mod observation;
pub mod plan;
pub mod record;
pub mod secret;
pub mod stack;
pub mod status;

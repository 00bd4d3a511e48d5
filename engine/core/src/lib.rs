//! What a stack wants, what a cluster holds, and the plan that leads from one to the other.
//!
//! Pure: no clock, no waiting, no network. The modules stand in the order in which data passes through them.

pub mod object;
pub mod observation;
pub mod plan;
pub mod record;
pub mod secret;
pub mod stack;
pub mod status;

//! The binary against a real control plane: what it prints, how it ends, and what is in the cluster afterwards.
#![expect(
    clippy::disallowed_types,
    reason = "the tests act as somebody else in the cluster"
)]
#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod choices;
mod data;
mod diff;
mod drift;
mod errors;
mod fast;
mod faulty_files;
mod fixture;
mod harm;
mod identity;
mod image;
mod json;
mod lifecycle;
mod live;
mod locking;
mod proxy;
mod pruning;
mod readme;
mod refusals;
mod scaling;
mod status;

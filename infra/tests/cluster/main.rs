//! The binary against a real control plane: its output, its exit code, and the resulting cluster state.
#![expect(
    clippy::disallowed_types,
    reason = "the tests act as other clients of the cluster"
)]
#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod accounts;
mod adopting;
mod choices;
mod data;
mod diff;
mod discovery;
mod drift;
#[expect(dead_code, reason = "the benchmark uses more of it")]
#[path = "../../benches/engine/engine.rs"]
mod engine;
mod errors;
mod fast;
mod faulty_files;
mod fixture;
#[path = "../generated/mod.rs"]
mod generated;
mod harm;
mod identity;
mod image;
mod json;
mod lifecycle;
mod live;
mod locking;
mod older_record;
mod policy;
mod proxied;
mod proxy;
mod pruning;
mod readme;
mod refusals;
mod replacing;
mod scale;
mod scaling;
mod second_look;
mod second_stack;
mod status;
mod truth;
mod variables;

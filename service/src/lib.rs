//! The data API: HTTP in front of one MongoDB collection.
//!
//! A request passes `wire`, which rejects malformed HTTP, and `middleware`, reaches `router` and from there a handler in
//! `records`, `probes` or `home`. Handlers call [`database`]. `conversion` translates between JSON and BSON. Every failure is an
//! `error::Error`, which becomes a status and a problem document. [`server`] binds, serves and shuts down; [`start()`] runs it
//! from the environment.

mod accept;
mod answer;
mod assets;
pub mod configuration;
mod conversion;
pub mod database;
mod description;
mod draining;
mod error;
mod home;
mod logging;
mod metrics;
mod middleware;
mod probes;
mod problem;
mod records;
mod request_id;
mod router;
pub mod server;
mod start;
mod trace;
mod wire;

pub use start::{StartError, start};

//! The data API: HTTP in front of one MongoDB collection.
//!
//! A request comes through `wire`, which refuses what is no HTTP, and `hoops` to [`router`], which is the table of contents,
//! and from there to a handler of `records`, `probes` or `home`; those ask [`database`]. JSON becomes BSON and back in
//! [`conversion`]. Every failure is an [`error::Error`], which becomes a status and a problem document. [`server`] starts and
//! stops all of it.

mod accept;
mod answer;
mod assets;
mod clock;
pub mod configuration;
pub mod conversion;
pub mod database;
mod description;
pub mod error;
mod home;
mod hoops;
pub mod logging;
mod metrics;
mod probes;
mod problem;
mod records;
pub mod router;
pub mod server;
mod start;
mod wire;

pub use problem::Problem;
pub use records::{KeyFault, QueryFault};
pub use start::{StartError, start};

//! The data API: HTTP in front of one MongoDB collection.
//!
//! A request goes through [`router`], which is the table of contents, to a handler of `records`, `probes` or `home`, and
//! from there to [`database`];
//! JSON becomes BSON and back in [`conversion`]. Every failure is an [`error::Error`], which becomes a status and a
//! problem document. [`server`] starts and stops all of it.

mod answer;
mod assets;
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

//! The data API against a real MongoDB: in process, over the wire, and as the binary.

mod app;
mod bodies;
mod client;
mod contract;
mod failures;
mod mongo;
mod process;
mod protocol;
mod stopping;
mod wait;

//! Tests the data API with a real MongoDB: in process, over the wire, and as the binary.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on ends by a panic"
)]

mod accept;
mod app;
mod batching;
mod bodies;
mod chromium;
mod client;
mod contract;
mod failures;
mod forms;
mod idempotency;
mod inputs;
mod load;
mod mongo;
mod page;
mod paging;
mod process;
mod property;
mod protocol;
mod proxy;
mod shutdown;
mod telemetry;
mod wait;

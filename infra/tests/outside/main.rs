//! Everything outside the cluster: the image, and the programs that the binary calls.
#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod forward;
mod image;
mod project;
mod repository;

//! What lies outside of the cluster: the image, the programs that are called for it.
#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod forward;
mod image;
mod project;
mod repository;

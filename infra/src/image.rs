//! The image that is built here: which files its Dockerfile copies, and a tag that their content decides.

mod content;
mod dockerfile;
mod read;

pub use content::{ContentTag, Entry, EntryKind};
pub use dockerfile::{DockerfileFault, copied};
pub use read::{ContextError, content_tag};

//! The image that is built here: the files that its Dockerfile copies, and a tag derived from their content.

mod content;
mod dockerfile;
mod read;

pub use content::{ContentTag, Entry, EntryKind};
pub use dockerfile::{DockerfileFault, copied};
pub use read::{ContextError, content_tag};

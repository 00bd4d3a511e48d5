//! Hashes the files of a build context into a tag. Pure.

use std::fmt;

use sha2::{Digest, Sha256};

use engine_core::object::hash::hex;

/// Digits of a tag: at 48 bits collisions within a project are negligible, and a person can still compare two tags.
const DIGITS: usize = 12;

/// One file of a build context.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The path relative to the context, with `/` as separator.
    pub path: String,
    /// The type of the entry.
    pub kind: EntryKind,
    /// The bytes of a file, or the target of a link.
    pub content: Vec<u8>,
}

/// The type of an entry, as far as it matters to an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A file that is not executable.
    File,
    /// A file that its owner can execute.
    Executable,
    /// A symbolic link, which is copied as a link.
    Link,
}

/// 12 hexadecimal digits that identify the content of a build context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentTag(String);

impl ContentTag {
    /// Hashes entries. Their order, timestamps and owners do not matter.
    #[must_use]
    pub fn of(mut entries: Vec<Entry>) -> Self {
        entries.sort();
        let mut hash = Sha256::new_with_prefix("context v1\n");
        for entry in entries {
            let kind = match entry.kind {
                EntryKind::File => "file",
                EntryKind::Executable => "executable",
                EntryKind::Link => "link",
            };
            // The lengths separate each path from its content.
            let head = format!("{kind} {} {}\n", entry.path.len(), entry.content.len());
            hash.update(head);
            hash.update(&entry.path);
            hash.update(&entry.content);
        }
        let mut digits = hex(&hash.finalize());
        digits.truncate(DIGITS);
        Self(digits)
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContentTag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: EntryKind, path: &str, content: &str) -> Entry {
        Entry {
            path: path.to_owned(),
            kind,
            content: content.into(),
        }
    }

    fn file(path: &str, content: &str) -> Entry {
        entry(EntryKind::File, path, content)
    }

    #[test]
    fn the_tag_of_a_context_stays_what_it_is() {
        let tag = ContentTag::of(vec![file("Dockerfile", "FROM scratch\n"), file("a/b", "")]);
        assert_eq!(tag.as_str(), "ed1e3baf8bc3");
    }

    #[test]
    fn the_order_of_reading_does_not_matter() {
        let forwards = ContentTag::of(vec![file("a", "1"), file("b", "2")]);
        let backwards = ContentTag::of(vec![file("b", "2"), file("a", "1")]);
        assert_eq!(forwards, backwards);
    }

    #[test]
    fn whatever_an_image_can_tell_changes_the_tag() {
        let contexts = [
            vec![file("a", "1"), file("b", "2")],
            vec![file("a", "1"), file("b", "3")],
            vec![file("a", "1"), file("c", "2")],
            vec![file("a", "1b"), file("", "2")],
            vec![file("a", "1")],
            vec![file("a", "1"), file("b", "2"), file("c", "")],
            vec![entry(EntryKind::Executable, "a", "1"), file("b", "2")],
            vec![entry(EntryKind::Link, "a", "1"), file("b", "2")],
            vec![],
        ];
        for (number, context) in contexts.iter().enumerate() {
            for other in &contexts[..number] {
                let [tag, other_tag] = [context, other].map(|context| ContentTag::of(context.clone()));
                assert_ne!(tag, other_tag, "{context:?} and {other:?}");
            }
        }
    }
}

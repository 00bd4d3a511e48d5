//! BSON as it grows, byte by byte: a tree of values would take a hundred bytes for each digit that a client sends. Pure.

use std::io::Write as _;

use bson::oid::ObjectId;
use bson::spec::ElementType;

/// A key or a string is preceded by its length; arrays and objects too, which is filled in when they end.
#[derive(Default)]
pub(super) struct Bytes(Vec<u8>);

/// Where an array, an object or an element began.
#[derive(Clone, Copy)]
pub(super) struct Mark(usize);

/// What the first element takes when it is an `_id` that was made here: type, key and twelve bytes.
pub(super) const MADE_ID_BYTES: usize = 1 + b"_id\0".len() + 12;

impl Bytes {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn begin(&mut self) -> Mark {
        let mark = Mark(self.0.len());
        self.0.extend([0; 4]);
        mark
    }

    /// Ends what began at `mark`. Nothing here is as long as 4 GiB: the reader ends it at 16 MiB.
    pub(super) fn end(&mut self, mark: Mark) {
        self.0.push(0);
        let length = u32::try_from(self.0.len() - mark.0).unwrap_or(u32::MAX);
        self.0[mark.0..mark.0 + 4].copy_from_slice(&length.to_le_bytes());
    }

    /// Begins a member of an object; its type follows when the value is known. The key must not hold NUL.
    pub(super) fn key(&mut self, key: &str) -> Mark {
        let mark = Mark(self.0.len());
        self.0.push(0);
        self.0.extend(key.as_bytes());
        self.0.push(0);
        mark
    }

    /// Begins an element of an array, which BSON gives its index as the key.
    pub(super) fn index(&mut self, index: usize) -> Mark {
        let mark = Mark(self.0.len());
        self.0.push(0);
        // Writing into memory cannot fail.
        let _ = write!(self.0, "{index}\0");
        mark
    }

    /// Forgets an element that was begun and does not come.
    pub(super) fn take_back(&mut self, mark: Mark) {
        self.0.truncate(mark.0);
    }

    pub(super) fn set_type(&mut self, mark: Mark, kind: ElementType) {
        self.0[mark.0] = kind as u8;
    }

    pub(super) fn value(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
    }

    pub(super) fn string(&mut self, text: &str) {
        let length = u32::try_from(text.len() + 1).unwrap_or(u32::MAX);
        self.0.extend(length.to_le_bytes());
        self.0.extend(text.as_bytes());
        self.0.push(0);
    }

    /// Writes the `_id` of a document that has just begun.
    pub(super) fn made_id(&mut self, id: ObjectId) {
        let mark = self.key("_id");
        self.set_type(mark, ElementType::ObjectId);
        self.value(&id.bytes());
    }

    /// Takes the `_id` that was made here out again, as the document has brought its own.
    pub(super) fn without_made_id(mut self) -> Vec<u8> {
        self.0.drain(4..4 + MADE_ID_BYTES);
        let length = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0[..4].copy_from_slice(&length.to_le_bytes());
        self.0
    }

    pub(super) fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

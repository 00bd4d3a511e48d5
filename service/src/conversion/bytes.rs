//! Builds BSON directly as bytes: a tree of values would take a hundred bytes for each digit of the input. Pure.

use std::io::Write as _;

use bson::oid::ObjectId;
use bson::spec::ElementType;

/// A BSON buffer. The lengths of arrays and objects are filled in when they end.
#[derive(Default)]
pub(super) struct Bytes(Vec<u8>);

/// Where an array, an object or an element begins.
#[derive(Clone, Copy)]
pub(super) struct Mark(usize);

/// The size of a generated `_id` element: type, key and twelve bytes.
pub(super) const GENERATED_ID_BYTES: usize = 1 + b"_id\0".len() + 12;

impl Bytes {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn begin(&mut self) -> Mark {
        let mark = Mark(self.0.len());
        self.0.extend([0; 4]);
        mark
    }

    /// Ends what began at `mark`. Lengths fit, because the reader stops at 16 MiB.
    pub(super) fn end(&mut self, mark: Mark) {
        self.0.push(0);
        let length = u32::try_from(self.0.len() - mark.0).unwrap_or(u32::MAX);
        self.0[mark.0..mark.0 + 4].copy_from_slice(&length.to_le_bytes());
    }

    /// Begins an object member, whose type is set later. The key must not contain NUL.
    pub(super) fn key(&mut self, key: &str) -> Mark {
        let mark = Mark(self.0.len());
        self.0.push(0);
        self.0.extend(key.as_bytes());
        self.0.push(0);
        mark
    }

    /// Begins an array element; BSON uses its index as the key.
    pub(super) fn index(&mut self, index: usize) -> Mark {
        let mark = Mark(self.0.len());
        self.0.push(0);
        // Writing to memory cannot fail.
        let _ = write!(self.0, "{index}\0");
        mark
    }

    /// Discards an element that has begun.
    pub(super) fn discard(&mut self, mark: Mark) {
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

    /// Writes the generated `_id` at the start of a document.
    pub(super) fn generated_id(&mut self, id: ObjectId) {
        let mark = self.key("_id");
        self.set_type(mark, ElementType::ObjectId);
        self.value(&id.bytes());
    }

    /// Removes the generated `_id` from a document that has its own.
    pub(super) fn without_generated_id(mut self) -> Vec<u8> {
        self.0.drain(4..4 + GENERATED_ID_BYTES);
        let length = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0[..4].copy_from_slice(&length.to_le_bytes());
        self.0
    }

    pub(super) fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

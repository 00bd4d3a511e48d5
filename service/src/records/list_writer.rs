//! Writes documents as a JSON array or as lines. Pure.

use bson::RawBsonRef;

use super::format::Format;
use crate::conversion::WithoutId;

/// A stored document is corrupt, or contains a value that JSON cannot represent.
#[derive(Debug, thiserror::Error)]
#[error("a stored document cannot be written as JSON")]
pub(super) struct SerializationError;

/// The state of a list that is written in parts.
pub(super) struct ListWriter {
    format: Format,
    is_begun: bool,
}

impl ListWriter {
    pub(super) fn new(format: Format) -> Self {
        Self {
            format,
            is_begun: false,
        }
    }

    /// Appends documents with their separators.
    pub(super) fn write<'a>(
        &mut self,
        documents: impl IntoIterator<Item = bson::error::Result<RawBsonRef<'a>>>,
        text: &mut Vec<u8>,
    ) -> Result<(), SerializationError> {
        for document in documents {
            let Ok(RawBsonRef::Document(document)) = document else {
                return Err(SerializationError);
            };
            match self.format {
                Format::Json if self.is_begun => text.push(b','),
                Format::Json => text.push(b'['),
                Format::Ndjson => {}
            }
            self.is_begun = true;
            serde_json::to_writer(&mut *text, &WithoutId(document)).map_err(|_| SerializationError)?;
            if self.format == Format::Ndjson {
                text.push(b'\n');
            }
        }
        Ok(())
    }

    /// Returns the text after the last document.
    pub(super) fn end(&self) -> &'static str {
        match self.format {
            Format::Json if self.is_begun => "]",
            Format::Json => "[]",
            Format::Ndjson => "",
        }
    }
}

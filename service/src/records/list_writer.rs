//! Documents as text: one array, or lines. Pure.

use bson::RawBsonRef;

use super::format::Format;
use crate::conversion::WithoutId;

/// A stored document is damaged, or holds what JSON has no format for.
#[derive(Debug, thiserror::Error)]
#[error("a stored document cannot be written as JSON")]
pub(super) struct SerializationError;

/// What of a list was already written, so that it can go on.
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

    /// Appends documents, each with what belongs before or after it.
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

    /// Returns what stands after the last document.
    pub(super) fn end(&self) -> &'static str {
        match self.format {
            Format::Json if self.is_begun => "]",
            Format::Json => "[]",
            Format::Ndjson => "",
        }
    }
}

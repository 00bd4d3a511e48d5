//! Documents as text: one array, or lines. Pure.

use bson::RawBsonRef;

use super::form::Form;
use crate::conversion::WithoutId;

/// A stored document is damaged, or holds what JSON has no form for.
#[derive(Debug, thiserror::Error)]
#[error("a stored document cannot be written as JSON")]
pub(super) struct Unwritable;

/// What of a list was already written, so that it can go on.
pub(super) struct Text {
    form: Form,
    is_begun: bool,
}

impl Text {
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            is_begun: false,
        }
    }

    /// Appends documents, each with what belongs before or after it.
    pub(super) fn write<'a>(
        &mut self,
        documents: impl IntoIterator<Item = bson::error::Result<RawBsonRef<'a>>>,
        text: &mut Vec<u8>,
    ) -> Result<(), Unwritable> {
        for document in documents {
            let Ok(RawBsonRef::Document(document)) = document else {
                return Err(Unwritable);
            };
            match self.form {
                Form::Array if self.is_begun => text.push(b','),
                Form::Array => text.push(b'['),
                Form::Lines => {}
            }
            self.is_begun = true;
            serde_json::to_writer(&mut *text, &WithoutId(document)).map_err(|_| Unwritable)?;
            if self.form == Form::Lines {
                text.push(b'\n');
            }
        }
        Ok(())
    }

    /// Returns what stands after the last document.
    pub(super) fn end(&self) -> &'static str {
        match self.form {
            Form::Array if self.is_begun => "]",
            Form::Array => "[]",
            Form::Lines => "",
        }
    }
}

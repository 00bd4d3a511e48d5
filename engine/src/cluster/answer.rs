//! Reads response bodies as they arrive: decompresses them, splits them into items and parses them.

use std::io::Write as _;

use flate2::write::GzDecoder;
use http::{HeaderMap, header};
use serde_json::Value;

use super::items::{PackedSplitter, Splitter};
use engine_core::object::packed::{Damaged, MAGIC};

/// Encoding of responses from servers on other machines: a tenth of the bytes, which pays off over any network.
pub(super) const GZIP: &str = "gzip";

/// Consumes the body of a successful response as it arrives.
pub(super) trait Reader {
    type Read;
    fn feed(&mut self, bytes: &[u8]) -> Result<(), String>;
    /// Ends the body and returns its value, or an explanation of why it is invalid.
    fn end(self) -> Result<Self::Read, String>;
}

/// A body that is one JSON value.
#[derive(Default)]
pub(super) struct Whole(Vec<u8>);

impl Reader for Whole {
    type Read = Value;

    fn feed(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn end(self) -> Result<Value, String> {
        serde_json::from_slice(&self.0).map_err(|error| error.to_string())
    }
}

/// A body that is kept unparsed.
#[derive(Default)]
pub(super) struct Unread(Vec<u8>);

impl Reader for Unread {
    type Read = Vec<u8>;

    fn feed(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn end(self) -> Result<Vec<u8>, String> {
        Ok(self.0)
    }
}

/// Folds the items of a list one by one, so that no list is ever held in memory as a whole.
pub trait Fold {
    /// Takes the next item as JSON.
    ///
    /// # Errors
    /// When the item does not have the expected form.
    fn take(&mut self, item: &[u8]) -> serde_json::Result<()>;

    /// Takes the next item, packed. Called only when packed items were requested.
    ///
    /// # Errors
    /// When the item does not have the expected form.
    fn take_packed(&mut self, _: &[u8]) -> Result<(), Damaged> {
        Err(Damaged)
    }
}

pub(super) struct Items<T> {
    splitter: Split,
    folded: T,
}

enum Split {
    Json(Splitter),
    Packed(PackedSplitter),
}

impl<T: Fold> Items<T> {
    pub(super) fn into(folded: T) -> Self {
        Self {
            splitter: Split::Json(Splitter::default()),
            folded,
        }
    }
}

impl<T: Fold> Reader for Items<T> {
    type Read = T;

    fn feed(&mut self, bytes: &[u8]) -> Result<(), String> {
        // The first byte shows the encoding of a list, even if a gateway has changed the headers.
        if let (Split::Json(splitter), Some(first)) = (&self.splitter, bytes.first())
            && splitter.is_new()
            && *first == MAGIC[0]
        {
            self.splitter = Split::Packed(PackedSplitter::default());
        }
        let folded = &mut self.folded;
        match &mut self.splitter {
            Split::Json(splitter) => {
                let taken = splitter.feed(bytes, |item| folded.take(item));
                taken.map_err(|error| error.to_string())
            }
            Split::Packed(splitter) => {
                let taken = splitter.feed(bytes, |item| folded.take_packed(item));
                taken.map_err(|error| error.to_string())
            }
        }
    }

    fn end(self) -> Result<T, String> {
        let ended = match self.splitter {
            Split::Json(splitter) => splitter.end(),
            Split::Packed(splitter) => splitter.end(),
        };
        ended.map_err(|error| error.to_string())?;
        Ok(self.folded)
    }
}

/// A body that may be compressed.
pub(super) struct Unpacked<R> {
    reader: R,
    decoder: Option<Box<GzDecoder<Portions>>>,
}

/// The bytes that were decompressed since the last read.
#[derive(Default)]
struct Portions(Vec<u8>);

impl std::io::Write for Portions {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<R: Reader> Unpacked<R> {
    pub(super) fn new(headers: &HeaderMap, reader: R) -> Self {
        let is_compressed = headers
            .get(header::CONTENT_ENCODING)
            .is_some_and(|encoding| encoding == GZIP);
        Self {
            reader,
            decoder: is_compressed.then(|| Box::new(GzDecoder::new(Portions::default()))),
        }
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<(), String> {
        let Some(decoder) = &mut self.decoder else {
            return self.reader.feed(bytes);
        };
        decoder.write_all(bytes).map_err(|error| error.to_string())?;
        let unpacked = std::mem::take(&mut decoder.get_mut().0);
        self.reader.feed(&unpacked)
    }

    pub(super) fn end(mut self) -> Result<R::Read, String> {
        if let Some(decoder) = self.decoder {
            let rest = decoder.finish().map_err(|error| error.to_string())?;
            self.reader.feed(&rest.0)?;
        }
        self.reader.end()
    }
}

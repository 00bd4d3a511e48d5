//! Cursors of pages: opaque, signed texts that contain the last `_id`. Pure.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bson::{Bson, RawDocumentBuf};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::database::SigningKey;

/// Changes with the layout, so that older cursors are refused instead of misread.
const VERSION: u8 = 1;

/// Half of the HMAC: 128 bits cannot be guessed, and the text stays short.
const SIGNATURE_BYTES: usize = 16;

/// Writes and reads the cursors of one collection.
pub(super) struct Cursors {
    key: SigningKey,
}

impl Cursors {
    pub(super) fn new(key: SigningKey) -> Self {
        Self { key }
    }

    /// Writes the `_id` that the next page starts after.
    pub(super) fn write(&self, id: Bson) -> Option<String> {
        let mut document = bson::Document::new();
        document.insert("", id);
        let document = RawDocumentBuf::try_from(&document).ok()?;
        let signature = self.sign(document.as_bytes())?.finalize().into_bytes();
        let bytes = [&[VERSION], &signature[..SIGNATURE_BYTES], document.as_bytes()].concat();
        Some(BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads only what [`Self::write`] wrote with the same key.
    pub(super) fn read(&self, text: &str) -> Option<Bson> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let (version, bytes) = bytes.split_first()?;
        let (signature, document) = bytes.split_at_checked(SIGNATURE_BYTES)?;
        // Compares in constant time.
        self.sign(document)?.verify_truncated_left(signature).ok()?;
        if *version != VERSION {
            return None;
        }
        let document = RawDocumentBuf::from_bytes(document.to_vec()).ok()?;
        Bson::try_from(document.get("").ok()??).ok()
    }

    fn sign(&self, document: &[u8]) -> Option<Hmac<Sha256>> {
        let mut signature = Hmac::<Sha256>::new_from_slice(self.key.bytes()).ok()?;
        signature.update(&[VERSION]);
        signature.update(document);
        Some(signature)
    }
}

#[cfg(test)]
mod tests {
    use bson::oid::ObjectId;

    use super::*;

    fn cursors(key: u8) -> Cursors {
        Cursors::new(SigningKey::from_bytes([key; 32]))
    }

    #[test]
    fn an_id_of_any_type_comes_back() {
        for id in [
            Bson::ObjectId(ObjectId::from_bytes([7; 12])),
            Bson::String("é".repeat(100)),
            Bson::Int32(-1),
            Bson::Int64(i64::MAX),
            Bson::Double(0.5),
            Bson::Null,
            Bson::Boolean(true),
            Bson::MaxKey,
            bson::doc! { "a": 1 }.into(),
        ] {
            let text = cursors(1).write(id.clone()).unwrap();
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            assert!(text.bytes().all(is_plain), "{text}");
            assert_eq!(cursors(1).read(&text), Some(id));
        }
    }

    #[test]
    fn a_modified_or_foreign_cursor_is_refused() {
        let text = cursors(1).write(Bson::Int32(7)).unwrap();
        assert_eq!(cursors(2).read(&text), None);
        for position in 0..text.len() {
            for change in ["", "A", "B", "-", "=", "é", "AA"] {
                let changed = format!("{}{change}{}", &text[..position], &text[position + 1..]);
                assert!(
                    changed == text || cursors(1).read(&changed).is_none(),
                    "{changed}"
                );
            }
        }
        for other in [
            "",
            "A",
            "AQ",
            &format!("{text}A"),
            &format!("{text}="),
            &format!(" {text}"),
        ] {
            assert_eq!(cursors(1).read(other), None, "{other}");
        }
    }
}

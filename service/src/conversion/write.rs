//! Converts BSON to JSON, directly from the bytes of a reply. Pure.

use bson::raw::RawBsonRef;
use bson::{Bson, RawArray, RawDocument};
use serde::ser::{Error as _, SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

/// A BSON value that serializes as the JSON it came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Json<'a>(pub RawBsonRef<'a>);

/// A document that serializes without its `_id`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WithoutId<'a>(pub &'a RawDocument);

impl Serialize for WithoutId<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_members(self.0, serializer, |key| key != "_id")
    }
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            RawBsonRef::Document(document) => write_members(document, serializer, |_| true),
            RawBsonRef::Array(array) => write_array(array, serializer),
            RawBsonRef::String(text) => serializer.serialize_str(text),
            RawBsonRef::Int32(value) => serializer.serialize_i32(value),
            RawBsonRef::Int64(value) => serializer.serialize_i64(value),
            RawBsonRef::Double(value) if value.is_finite() => serializer.serialize_f64(value),
            RawBsonRef::Boolean(value) => serializer.serialize_bool(value),
            RawBsonRef::Null => serializer.serialize_unit(),
            other => Bson::try_from(other)
                .map_err(S::Error::custom)?
                .into_relaxed_extjson()
                .serialize(serializer),
        }
    }
}

fn write_members<S: Serializer>(
    document: &RawDocument,
    serializer: S,
    is_shown: impl Fn(&str) -> bool,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    for member in document {
        let (key, value) = member.map_err(S::Error::custom)?;
        if is_shown(key.as_str()) {
            map.serialize_entry(key.as_str(), &Json(value))?;
        }
    }
    map.end()
}

fn write_array<S: Serializer>(array: &RawArray, serializer: S) -> Result<S::Ok, S::Error> {
    let mut sequence = serializer.serialize_seq(None)?;
    for element in array {
        sequence.serialize_element(&Json(element.map_err(S::Error::custom)?))?;
    }
    sequence.end()
}

/// Returns an `_id` as the response shows it: 24 hex digits, the string itself, or the value's JSON.
pub(crate) fn id_text(id: &Bson) -> String {
    match id {
        Bson::ObjectId(id) => id.to_hex(),
        Bson::String(text) => text.clone(),
        other => other.clone().into_relaxed_extjson().to_string(),
    }
}

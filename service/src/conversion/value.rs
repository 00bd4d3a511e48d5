//! Converts a JSON value to the bytes of a BSON element, as a visitor of `serde`. Pure.

use std::borrow::Cow;
use std::fmt;

use bson::spec::ElementType;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

use super::bytes::Bytes;
use super::keys::Keys;
use super::literals::{is_zero, number_fault, shorten};
use super::read::{MAXIMUM_DEPTH, Reader};
use super::{Fault, NewId};

/// From 2^63 on, an integer arrives as a double and has lost digits.
const FIRST_UNSAFE_DOUBLE: f64 = 9_223_372_036_854_775_808.0;

/// A key, borrowed from the text unless it contains escapes.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

/// A JSON value inside `depth` arrays and objects. It is written, and its BSON type returned.
pub(super) struct Value<'reader, 'text> {
    pub(super) reader: &'reader mut Reader<'text>,
    pub(super) depth: usize,
}

impl Value<'_, '_> {
    /// Counts and writes a value without children.
    fn scalar<E: serde::de::Error>(
        self,
        kind: ElementType,
        found: &'static str,
        write: impl FnOnce(&mut Bytes),
    ) -> Result<ElementType, E> {
        self.reader.tokens += 1;
        if self.depth == 0 {
            return Err(self.reader.refuse(Fault::NotAnObject { found }));
        }
        write(&mut self.reader.bytes);
        Ok(kind)
    }

    /// Counts an array or object, and returns the depth of its children.
    fn enter<E: serde::de::Error>(&mut self) -> Result<usize, E> {
        self.reader.tokens += 1;
        let depth = self.depth + 1;
        if depth > MAXIMUM_DEPTH {
            let maximum = MAXIMUM_DEPTH;
            return Err(self.reader.refuse(Fault::TooDeep { maximum }));
        }
        Ok(depth)
    }

    /// Stores the smallest type that fits, as MongoDB's Python driver does.
    fn integer<E: serde::de::Error>(self, value: i64) -> Result<ElementType, E> {
        match i32::try_from(value) {
            Ok(value) => self.scalar(ElementType::Int32, "a number", |bytes| {
                bytes.value(&value.to_le_bytes());
            }),
            Err(_) => self.scalar(ElementType::Int64, "a number", |bytes| {
                bytes.value(&value.to_le_bytes());
            }),
        }
    }

    fn double<E: serde::de::Error>(self, value: f64) -> Result<ElementType, E> {
        self.scalar(ElementType::Double, "a number", |bytes| {
            bytes.value(&value.to_le_bytes());
        })
    }

    fn number_refused<E: serde::de::Error>(self, literal: &str) -> E {
        self.reader.tokens += 1;
        self.reader.refuse(number_fault(literal))
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_, '_> {
    type Value = ElementType;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<ElementType, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, '_> {
    type Value = ElementType;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<ElementType, E> {
        self.scalar(ElementType::Null, "null", |_| ())
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<ElementType, E> {
        self.scalar(ElementType::Boolean, "a boolean", |bytes| {
            bytes.value(&[u8::from(value)]);
        })
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<ElementType, E> {
        self.scalar(ElementType::String, "a string", |bytes| bytes.string(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<ElementType, E> {
        self.integer(value)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<ElementType, E> {
        match i64::try_from(value) {
            Ok(value) => self.integer(value),
            Err(_) => Err(self.number_refused(&value.to_string())),
        }
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<ElementType, E> {
        if value != 0.0 && value.abs() < FIRST_UNSAFE_DOUBLE {
            return self.double(value);
        }
        // `serde_json` reports these as doubles, whether they are written as integers or not.
        let literal = self.reader.numbers.literal(self.reader.tokens);
        let is_double = literal.contains(['.', 'e', 'E']);
        if value == 0.0 && !is_zero(literal) {
            Err(self.number_refused(literal))
        } else if is_double {
            self.double(value)
        } else if value == 0.0 {
            self.integer(0)
        } else {
            Err(self.number_refused(literal))
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<ElementType, A::Error> {
        let depth = self.enter()?;
        let reader = self.reader;
        if depth == 1 {
            return Err(reader.refuse(Fault::NotAnObject { found: "an array" }));
        }
        let array = reader.bytes.begin();
        for index in 0_usize.. {
            // Written before the next element is known to exist, and discarded if there is none.
            let element = reader.bytes.index(index);
            let kind = elements.next_element_seed(Value {
                reader: &mut *reader,
                depth,
            })?;
            let Some(kind) = kind else {
                reader.bytes.discard(element);
                break;
            };
            reader.bytes.set_type(element, kind);
            reader.check_size()?;
        }
        reader.bytes.end(array);
        Ok(ElementType::Array)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<ElementType, A::Error> {
        let depth = self.enter()?;
        let reader = self.reader;
        let object = reader.bytes.begin();
        if let (1, NewId::IfMissing(id) | NewId::Required(id)) = (depth, reader.id) {
            reader.bytes.generated_id(id);
        }
        let mut keys = Keys::default();
        while let Some(key) = members.next_key_seed(Key)? {
            reader.tokens += 1;
            if key.contains('\0') {
                return Err(reader.refuse(Fault::NulInKey));
            }
            let is_id = depth == 1 && key == "_id";
            let member = reader.bytes.key(&key);
            let (value, start) = (reader.tokens, reader.bytes.len());
            if let Err(key) = keys.add(key) {
                return Err(reader.refuse(Fault::DuplicateKey { key: shorten(&key) }));
            }
            let kind = members.next_value_seed(Value {
                reader: &mut *reader,
                depth,
            })?;
            reader.bytes.set_type(member, kind);
            if is_id {
                reader.check_id(kind, reader.bytes.len() - start, value)?;
            }
            reader.check_size()?;
        }
        reader.bytes.end(object);
        Ok(ElementType::EmbeddedDocument)
    }
}

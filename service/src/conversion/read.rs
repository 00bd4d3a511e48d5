//! JSON text → BSON document. Pure.

use std::cell::{Cell, RefCell};
use std::fmt;

use bson::{Bson, Document};
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

use super::numbers::Numbers;
use super::{Fault, Refusal};

/// The deepest nesting that is stored: what MongoDB documents as its limit for documents, the outermost one counted.
///
/// It is below the 127 levels where `serde_json` gives up and far below the 500 where decoding overflows a stack.
pub const MAXIMUM_DEPTH: usize = 100;

/// Integers from here on, 2^63, have lost their digits when they arrive as a double.
const FIRST_UNSAFE_DOUBLE: f64 = 9_223_372_036_854_775_808.0;

/// Long literals are cut in messages, as they come from outside.
const LITERAL_CHARACTERS: usize = 40;

/// Converts a JSON object into the document that is stored for it.
///
/// # Errors
/// Refuses what is not a JSON object, and what BSON cannot hold exactly; see [`Fault`].
pub fn document_from_json(text: &[u8]) -> Result<Document, Refusal> {
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(Refusal {
            fault: Fault::Empty,
            pointer: None,
        });
    }
    let context = Context::new(text);
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Value {
        context: &context,
        depth: 0,
    }
    .deserialize(&mut deserializer)
    .and_then(|value| deserializer.end().map(|()| value))
    .map_err(|error| context.refusal(&error))?;
    match value {
        Bson::Document(document) => Ok(document),
        other => Err(Refusal {
            fault: Fault::NotAnObject { found: kind(&other) },
            pointer: None,
        }),
    }
}

/// What the visitors of one text share.
struct Context<'text> {
    numbers: RefCell<Numbers<'text>>,
    numbers_seen: Cell<usize>,
    fault: RefCell<Option<Fault>>,
    /// The way to the fault, innermost first: filled only while an error unwinds, so that it costs nothing else.
    path: RefCell<Vec<String>>,
}

impl<'text> Context<'text> {
    fn new(text: &'text [u8]) -> Self {
        Self {
            numbers: RefCell::new(Numbers::new(text)),
            numbers_seen: Cell::new(0),
            fault: RefCell::new(None),
            path: RefCell::new(Vec::new()),
        }
    }

    /// Records the fault; the error that is returned only unwinds the parser.
    fn refuse<E: serde::de::Error>(&self, fault: Fault) -> E {
        self.fault.replace(Some(fault));
        E::custom("refused")
    }

    fn inside<E>(&self, segment: impl Into<String>) -> impl FnOnce(E) -> E {
        |error| {
            self.path.borrow_mut().push(segment.into());
            error
        }
    }

    fn refusal(&self, error: &serde_json::Error) -> Refusal {
        let fault = self.fault.take().unwrap_or_else(|| syntax(error));
        let path = self.path.take();
        let escape = |segment: &String| segment.replace('~', "~0").replace('/', "~1");
        let segments: Vec<String> = path.iter().rev().map(escape).collect();
        let pointer = (!segments.is_empty()).then(|| format!("/{}", segments.join("/")));
        Refusal { fault, pointer }
    }

    fn count_number(&self) -> usize {
        self.numbers_seen.replace(self.numbers_seen.get() + 1)
    }
}

fn syntax(error: &serde_json::Error) -> Fault {
    let text = error.to_string();
    let message = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(message, _)| message);
    Fault::Syntax {
        message: message.to_owned(),
        line: error.line(),
        column: error.column(),
    }
}

/// One JSON value that stands inside `depth` arrays and objects.
#[derive(Clone, Copy)]
struct Value<'context, 'text> {
    context: &'context Context<'text>,
    depth: usize,
}

impl Value<'_, '_> {
    fn enter<E: serde::de::Error>(self) -> Result<Self, E> {
        let depth = self.depth + 1;
        if depth > MAXIMUM_DEPTH {
            return Err(self.context.refuse(Fault::TooDeep {
                maximum: MAXIMUM_DEPTH,
            }));
        }
        Ok(Self { depth, ..self })
    }

    fn too_big<E: serde::de::Error>(self, literal: &str) -> E {
        let mut literal = literal.to_owned();
        if literal.len() > LITERAL_CHARACTERS {
            literal.truncate(LITERAL_CHARACTERS);
            literal.push('…');
        }
        self.context.refuse(Fault::IntegerTooBig { literal })
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_, '_> {
    type Value = Bson;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Bson, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, '_> {
    type Value = Bson;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Bson, E> {
        Ok(Bson::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Bson, E> {
        Ok(Bson::Boolean(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Bson, E> {
        Ok(Bson::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Bson, E> {
        Ok(Bson::String(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Bson, E> {
        self.context.count_number();
        Ok(integer(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Bson, E> {
        self.context.count_number();
        i64::try_from(value)
            .map(integer)
            .map_err(|_| self.too_big(&value.to_string()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Bson, E> {
        let index = self.context.count_number();
        let negative_zero = value == 0.0 && value.is_sign_negative();
        if !negative_zero && value.abs() < FIRST_UNSAFE_DOUBLE {
            return Ok(Bson::Double(value));
        }
        // `serde_json` gives these as doubles, whether an integer or a double was written.
        let mut numbers = self.context.numbers.borrow_mut();
        match numbers.literal(index) {
            literal if literal.contains(['.', 'e', 'E']) => Ok(Bson::Double(value)),
            _ if negative_zero => Ok(Bson::Int32(0)),
            literal => Err(self.too_big(literal)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Bson, A::Error> {
        let inner = self.enter()?;
        let mut array = Vec::new();
        while let Some(element) = elements
            .next_element_seed(inner)
            .map_err(|error| (self.context.inside(array.len().to_string()))(error))?
        {
            array.push(element);
        }
        Ok(Bson::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Bson, A::Error> {
        let inner = self.enter()?;
        let mut document = Document::new();
        while let Some(key) = members.next_key::<String>()? {
            if key.contains('\0') {
                return Err((self.context.inside(key))(self.context.refuse(Fault::NulInKey)));
            }
            if document.contains_key(&key) {
                let error = self.context.refuse(Fault::DuplicateKey { key: key.clone() });
                return Err((self.context.inside(key))(error));
            }
            match members.next_value_seed(inner) {
                Ok(value) => document.insert(key, value),
                Err(error) => return Err((self.context.inside(key))(error)),
            };
        }
        Ok(Bson::Document(document))
    }
}

/// Stores as few bytes as hold the value, as MongoDB's Python driver does.
fn integer(value: i64) -> Bson {
    i32::try_from(value).map_or(Bson::Int64(value), Bson::Int32)
}

fn kind(value: &Bson) -> &'static str {
    match value {
        Bson::Array(_) => "an array",
        Bson::String(_) => "a string",
        Bson::Boolean(_) => "a boolean",
        Bson::Null => "null",
        _ => "a number",
    }
}

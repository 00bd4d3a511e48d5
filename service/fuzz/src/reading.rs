//! A second, simple JSON reader (RFC 8259), which keeps numbers as written and knows what can be stored.

/// The classification of a text.
#[derive(Debug)]
pub enum Reading {
    /// An object that must be stored and come back equal.
    Storable(Value),
    /// JSON that cannot be stored unchanged.
    JsonOnly,
    /// Not JSON.
    NoJson,
}

#[derive(Debug)]
pub enum Value {
    Plain(&'static str),
    /// As written.
    Number(String),
    String(String),
    Array(Vec<Value>),
    Object(Vec<(String, Value)>),
}

/// Numbers are equal if both are integers of the same value, or both the same double including its sign.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Plain(one), Self::Plain(other)) => one == other,
            (Self::String(one), Self::String(other)) => one == other,
            (Self::Array(one), Self::Array(other)) => one == other,
            (Self::Object(one), Self::Object(other)) => one == other,
            (Self::Number(one), Self::Number(other)) if is_integer(one) || is_integer(other) => {
                one.parse::<i64>().expect("an integer") == other.parse::<i64>().expect("an integer")
            }
            (Self::Number(one), Self::Number(other)) => double(one).to_bits() == double(other).to_bits(),
            _ => false,
        }
    }
}

fn is_integer(literal: &str) -> bool {
    !literal.contains(['.', 'e', 'E'])
}

/// Parses with the standard library, independent of `serde_json`.
fn double(literal: &str) -> f64 {
    literal.parse().expect("a number")
}

pub fn read(text: &[u8]) -> Reading {
    let mut reader = Reader {
        text,
        position: 0,
        storable: true,
    };
    let value = str::from_utf8(text).ok().and_then(|_| {
        let value = reader.value(1)?;
        reader.space();
        (reader.position == text.len()).then_some(value)
    });
    match value {
        None => Reading::NoJson,
        Some(value @ Value::Object(_)) if reader.storable => Reading::Storable(value),
        Some(_) => Reading::JsonOnly,
    }
}

struct Reader<'text> {
    text: &'text [u8],
    position: usize,
    storable: bool,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.position).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.position += 1;
        }
    }

    fn take(&mut self, expected: &str) -> Option<()> {
        let taken = self.text[self.position..].starts_with(expected.as_bytes());
        self.position += if taken { expected.len() } else { 0 };
        taken.then_some(())
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        self.space();
        match self.peek()? {
            b'n' => self.take("null").map(|()| Value::Plain("null")),
            b't' => self.take("true").map(|()| Value::Plain("true")),
            b'f' => self.take("false").map(|()| Value::Plain("false")),
            b'"' => self.string().map(Value::String),
            b'[' => self.array(depth),
            b'{' => self.object(depth),
            _ => self.number(),
        }
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        self.storable &= depth <= 100;
        self.take("[")?;
        let mut elements = Vec::new();
        self.space();
        if self.take("]").is_some() {
            return Some(Value::Array(elements));
        }
        loop {
            elements.push(self.value(depth + 1)?);
            self.space();
            if self.take(",").is_none() {
                self.take("]")?;
                return Some(Value::Array(elements));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.storable &= depth <= 100;
        self.take("{")?;
        let mut members: Vec<(String, Value)> = Vec::new();
        self.space();
        if self.take("}").is_some() {
            return Some(Value::Object(members));
        }
        loop {
            self.space();
            let key = self.string()?;
            self.space();
            self.take(":")?;
            let value = self.value(depth + 1)?;
            self.storable &= !key.contains('\0') && members.iter().all(|(other, _)| *other != key);
            if depth == 1 && key == "_id" {
                self.storable &= match &value {
                    Value::Array(_) | Value::Object(_) => false,
                    Value::String(text) => text.len() <= 1024,
                    _ => true,
                };
            }
            members.push((key, value));
            self.space();
            if self.take(",").is_none() {
                self.take("}")?;
                return Some(Value::Object(members));
            }
        }
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.position;
        while let Some(b'0'..=b'9') = self.peek() {
            self.position += 1;
        }
        (self.position > start).then_some(())
    }

    fn number(&mut self) -> Option<Value> {
        let start = self.position;
        let _ = self.take("-");
        if self.take("0").is_none() {
            self.digits()?;
        }
        if self.take(".").is_some() {
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.position += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.position += 1;
            }
            self.digits()?;
        }
        let literal = str::from_utf8(&self.text[start..self.position]).ok()?.to_owned();
        let has_digits = literal
            .split(['e', 'E'])
            .next()?
            .contains(|digit| ('1'..='9').contains(&digit));
        self.storable &= if is_integer(&literal) {
            literal.parse::<i64>().is_ok()
        } else {
            double(&literal).is_finite() && (double(&literal) != 0.0 || !has_digits)
        };
        Some(Value::Number(literal))
    }

    fn hex(&mut self) -> Option<u16> {
        let digits = self.text.get(self.position..self.position + 4)?;
        self.position += 4;
        let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
        u16::from_str_radix(str::from_utf8(digits).ok()?, 16)
            .ok()
            .filter(|_| is_hex)
    }

    fn string(&mut self) -> Option<String> {
        self.take("\"")?;
        // In UTF-16, because escapes are UTF-16.
        let mut units: Vec<u16> = Vec::new();
        let text = str::from_utf8(self.text).ok()?;
        loop {
            let character = text[self.position..].chars().next()?;
            self.position += character.len_utf8();
            match character {
                '"' => break,
                '\\' => {
                    let escape = self.peek()?;
                    self.position += 1;
                    units.push(match escape {
                        b'"' | b'\\' | b'/' => u16::from(escape),
                        b'b' => 8,
                        b'f' => 12,
                        b'n' => 10,
                        b'r' => 13,
                        b't' => 9,
                        b'u' => self.hex()?,
                        _ => return None,
                    });
                }
                '\0'..='\u{1f}' => return None,
                character => units.extend(character.encode_utf16(&mut [0; 2]).iter()),
            }
        }
        Some(String::from_utf16(&units).unwrap_or_else(|_| {
            self.storable = false;
            String::new()
        }))
    }
}

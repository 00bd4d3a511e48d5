//! Splits a list into its items as it arrives, so that no list is ever held in memory as a whole. Pure.

use engine_core::object::packed::{Damaged, MAGIC, varint};

/// Why the bytes are not a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoList {
    /// The JSON has no list of items.
    #[error("not a list")]
    WithoutItems,
    /// The bytes end before the list does.
    #[error("the list is truncated")]
    CutOff,
}

/// Depth of the list's own fields.
const FIELDS: usize = 1;

/// Depth of the elements of the list's items.
const ITEMS: usize = 2;

/// Splits a JSON list that arrives in chunks of any size.
#[derive(Default)]
pub(super) struct Splitter {
    /// The bytes that may still be needed: of the current item, or of the last field's name.
    buffer: Vec<u8>,
    /// Number of bytes of the buffer that have been scanned.
    seen: usize,
    depth: usize,
    text: Text,
    /// Range of the last complete string in the buffer, which may be a field's name.
    last_text: (usize, usize),
    /// Start of the item that has not ended yet.
    begun: Option<usize>,
    is_in_items: bool,
    has_items: bool,
    has_ended: bool,
}

/// Whether the current position is inside a string.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Text {
    #[default]
    Outside,
    Inside {
        begin: usize,
    },
    AfterBackslash {
        begin: usize,
    },
}

impl Splitter {
    /// Returns whether nothing has been fed yet.
    pub(super) fn is_new(&self) -> bool {
        self.buffer.is_empty() && self.depth == 0 && !self.has_ended
    }

    /// Takes the next bytes and passes on each item that they complete.
    pub(super) fn feed<E>(
        &mut self,
        bytes: &[u8],
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.buffer.extend_from_slice(bytes);
        let mut place = self.seen;
        while place < self.buffer.len() {
            if let Text::Inside { .. } = self.text {
                // Most of a list is strings, of which only the end matters.
                let rest = &self.buffer[place..];
                let ends = |byte: &u8| matches!(byte, b'"' | b'\\');
                place += rest.iter().position(ends).unwrap_or(rest.len());
                if place == self.buffer.len() {
                    break;
                }
            }
            if let Some(begin) = self.look_at(place) {
                take(&self.buffer[begin..=place])?;
            }
            place += 1;
        }
        self.forget();
        Ok(())
    }

    /// Ends the list and checks that it is complete.
    pub(super) fn end(self) -> Result<(), NoList> {
        if !self.has_ended {
            Err(NoList::CutOff)
        } else if !self.has_items {
            Err(NoList::WithoutItems)
        } else {
            Ok(())
        }
    }

    /// Scans one byte; if it completes an item, returns the item's start.
    fn look_at(&mut self, place: usize) -> Option<usize> {
        let byte = self.buffer[place];
        match (self.text, byte) {
            (Text::AfterBackslash { begin }, _) => self.text = Text::Inside { begin },
            (Text::Inside { begin }, b'\\') => self.text = Text::AfterBackslash { begin },
            (Text::Inside { begin }, b'"') => {
                self.text = Text::Outside;
                if self.depth == FIELDS {
                    self.last_text = (begin, place);
                }
            }
            (Text::Outside, b'"') => self.text = Text::Inside { begin: place + 1 },
            (Text::Outside, b'{' | b'[') => {
                if self.depth == FIELDS && byte == b'[' && self.is_at_items() {
                    self.is_in_items = true;
                    self.has_items = true;
                } else if self.depth == ITEMS && self.is_in_items {
                    self.begun = Some(place);
                }
                self.depth += 1;
            }
            (Text::Outside, b'}' | b']') => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == ITEMS && self.is_in_items {
                    return self.begun.take();
                } else if self.depth == FIELDS {
                    self.is_in_items = false;
                } else if self.depth == 0 {
                    self.has_ended = true;
                }
            }
            // Go encodes an empty list as `null`.
            (Text::Outside, b'n') if self.depth == FIELDS && self.is_at_items() => self.has_items = true,
            _ => {}
        }
        None
    }

    fn is_at_items(&self) -> bool {
        let (begin, end) = self.last_text;
        self.buffer[begin..end] == *b"items"
    }

    /// Drops the bytes that are no longer needed.
    fn forget(&mut self) {
        let begin_of_text = match self.text {
            Text::Inside { begin } | Text::AfterBackslash { begin } => begin,
            Text::Outside => self.buffer.len(),
        };
        let keep_from = if self.is_in_items {
            self.begun.unwrap_or(self.buffer.len()).min(begin_of_text)
        } else {
            self.last_text.0.min(begin_of_text)
        };
        self.buffer.drain(..keep_from);
        self.seen = self.buffer.len();
        let moved = |place: usize| place.saturating_sub(keep_from);
        self.last_text = (moved(self.last_text.0), moved(self.last_text.1));
        self.begun = self.begun.map(moved);
        match &mut self.text {
            Text::Inside { begin } | Text::AfterBackslash { begin } => *begin = moved(*begin),
            Text::Outside => {}
        }
    }
}

/// Splits a packed list that arrives in chunks of any size.
#[derive(Default)]
pub(super) struct PackedSplitter {
    /// The bytes that have not been passed on yet.
    buffer: Vec<u8>,
    stage: Stage,
}

/// Which part of a packed list comes next.
#[derive(Default)]
enum Stage {
    /// The magic bytes at the start of every packed response.
    #[default]
    Magic,
    /// A field of the envelope.
    Envelope,
    /// A field of the list, with the number of bytes left in the list.
    List(u64),
    /// Bytes after the list, which do not matter.
    Ended,
}

/// Tag of field 2 with bytes: the list in its envelope, and each item in the list.
const SECOND_FIELD: u64 = 2 << 3 | 2;

impl PackedSplitter {
    /// Takes the next bytes and passes on each item that they complete.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        mut take: impl FnMut(&[u8]) -> Result<(), Damaged>,
    ) -> Result<(), Damaged> {
        self.buffer.extend_from_slice(bytes);
        let mut done = 0;
        while let Some(length) = self.step(done, &mut take)? {
            done += length;
        }
        self.buffer.drain(..done);
        Ok(())
    }

    /// Ends the list and checks that it is complete.
    pub(super) fn end(self) -> Result<(), NoList> {
        match self.stage {
            Stage::Ended | Stage::List(0) => Ok(()),
            _ => Err(NoList::CutOff),
        }
    }

    /// Takes the next part; returns its length, or `None` when it has not fully arrived.
    fn step(
        &mut self,
        from: usize,
        take: &mut impl FnMut(&[u8]) -> Result<(), Damaged>,
    ) -> Result<Option<usize>, Damaged> {
        let rest = &self.buffer[from..];
        if let Stage::Magic = self.stage {
            let Some(magic) = rest.get(..MAGIC.len()) else {
                return Ok(None);
            };
            self.stage = Stage::Envelope;
            return if magic == MAGIC {
                Ok(Some(MAGIC.len()))
            } else {
                Err(Damaged)
            };
        }
        if let Stage::Ended | Stage::List(0) = self.stage {
            self.stage = Stage::Ended;
            return Ok(Some(rest.len()).filter(|length| *length > 0));
        }
        let Some((tag, tag_length)) = varint(rest)? else {
            return Ok(None);
        };
        let Some((size, size_length)) = varint(&rest[tag_length..])? else {
            return Ok(None);
        };
        // Every field of the envelope and of the list holds bytes.
        if tag & 7 != 2 {
            return Err(Damaged);
        }
        let head = tag_length + size_length;
        if let (Stage::Envelope, SECOND_FIELD) = (&self.stage, tag) {
            self.stage = Stage::List(size);
            return Ok(Some(head));
        }
        let length = usize::try_from(size)
            .ok()
            .and_then(|size| size.checked_add(head))
            .ok_or(Damaged)?;
        let Some(field) = rest.get(head..length) else {
            return Ok(None);
        };
        if let Stage::List(left) = &mut self.stage {
            *left = left.checked_sub(length as u64).ok_or(Damaged)?;
            if tag == SECOND_FIELD {
                take(field)?;
            }
        }
        Ok(Some(length))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// Splits a text that arrives in chunks of `size` bytes.
    fn split(text: &str, size: usize) -> Result<Vec<String>, NoList> {
        let mut splitter = Splitter::default();
        let mut items = Vec::new();
        for portion in text.as_bytes().chunks(size) {
            let result = splitter.feed(portion, |item| {
                items.push(String::from_utf8_lossy(item).into_owned());
                Ok::<(), Infallible>(())
            });
            assert!(result.is_ok());
        }
        splitter.end().map(|()| items)
    }

    #[track_caller]
    fn check(text: &str, expected: &Result<Vec<&str>, NoList>) {
        let expected = expected
            .clone()
            .map(|items| items.into_iter().map(str::to_owned).collect::<Vec<_>>());
        for size in [1, 2, 3, 7, text.len()] {
            assert_eq!(split(text, size), expected, "in portions of {size}");
        }
    }

    #[test]
    fn items_come_one_by_one() {
        check(
            r#"{"kind":"List","metadata":{"items":[1]},"items":[{"a":[{}]},{"b":"}]\"{"}]}"#,
            &Ok(vec![r#"{"a":[{}]}"#, r#"{"b":"}]\"{"}"#]),
        );
    }

    #[test]
    fn the_items_may_stand_first() {
        check(
            r#"{"items": [ {"a":1} ], "metadata": {"a": [{}]}, "kind": "List"}"#,
            &Ok(vec![r#"{"a":1}"#]),
        );
    }

    #[test]
    fn an_empty_list_has_no_items() {
        check(r#"{"metadata":{},"items":[]}"#, &Ok(vec![]));
        check(r#"{"items":null}"#, &Ok(vec![]));
    }

    #[test]
    fn a_list_that_is_cut_off_is_found_out() {
        let text = r#"{"items":[{"a":1},{"b":2}]}"#;
        for end in 1..text.len() {
            assert_eq!(split(&text[..end], 4), Err(NoList::CutOff), "{}", &text[..end]);
        }
        assert_eq!(split("{", 1), Err(NoList::CutOff));
    }

    #[test]
    fn what_is_no_list_is_found_out() {
        check(
            r#"{"kind":"Status","message":"items"}"#,
            &Err(NoList::WithoutItems),
        );
        check(r#"{"metadata":{"items":[]}}"#, &Err(NoList::WithoutItems));
    }

    /// Encodes these items as a packed list.
    fn packed(items: &[&[u8]]) -> Vec<u8> {
        let field = |number: u8, bytes: &[u8]| {
            let mut field = vec![number << 3 | 2];
            let mut length = bytes.len();
            while length > 127 {
                field.push(u8::try_from(length & 0x7f | 0x80).unwrap());
                length >>= 7;
            }
            field.push(u8::try_from(length).unwrap());
            field.extend(bytes);
            field
        };
        let mut list = field(1, b"metadata");
        for item in items {
            list.extend(field(2, item));
        }
        [
            MAGIC,
            &field(1, b"type"),
            &field(2, &list),
            &field(3, b""),
            &field(4, b""),
        ]
        .concat()
    }

    fn split_packed(bytes: &[u8], size: usize) -> Result<Vec<Vec<u8>>, String> {
        let mut splitter = PackedSplitter::default();
        let mut items = Vec::new();
        for portion in bytes.chunks(size) {
            let fed = splitter.feed(portion, |item| {
                items.push(item.to_vec());
                Ok(())
            });
            fed.map_err(|error| error.to_string())?;
        }
        splitter.end().map_err(|error| error.to_string())?;
        Ok(items)
    }

    #[test]
    fn packed_items_come_one_by_one() {
        let large = [7; 300];
        let items: [&[u8]; 3] = [b"one", &large, b""];
        let list = packed(&items);
        for size in [1, 2, 3, 100, list.len()] {
            assert_eq!(split_packed(&list, size).unwrap(), items, "in portions of {size}");
            assert!(split_packed(&packed(&[]), size).unwrap().is_empty());
        }
    }

    #[test]
    fn a_packed_list_that_is_cut_off_is_found_out() {
        let list = packed(&[b"one", b"two"]);
        // The envelope's last two fields are empty, so losing them goes unnoticed.
        for end in 1..list.len() - 4 {
            let error = split_packed(&list[..end], 4).unwrap_err();
            assert_eq!(error, NoList::CutOff.to_string(), "{end}");
        }
        assert!(split_packed(b"{\"items\":[]}", 4).is_err());
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i32>().prop_map(Value::from),
            r#"[a"\\{}\[\],:\u{e9}]{0,8}"#.prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-z\"\\\\]{0,5}", inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_items_come_out_as_they_went_in(
            fields in prop::collection::vec(prop::collection::btree_map("[a-z]{1,5}", value(), 0..4), 0..6),
            size in 1_usize..40,
        ) {
            let items: Vec<Value> =
                fields.into_iter().map(|fields| Value::Object(fields.into_iter().collect())).collect();
            let text = json!({"kind": "List", "items": items, "metadata": {"x": [1, {}]}}).to_string();
            let split = split(&text, size).unwrap();
            let split: Vec<Value> = split.iter().map(|item| serde_json::from_str(item).unwrap()).collect();
            prop_assert_eq!(split, items);
        }
    }
}

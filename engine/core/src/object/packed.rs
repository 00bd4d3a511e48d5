//! An object's metadata as API servers pack it (protobuf): a third of the work of JSON, for both sides. Pure.
//!
//! Reads only what a plan needs of every object, as borrowed text. Source: `k8s.io/apimachinery/pkg/apis/meta/v1/generated.proto`.

use super::marks;

/// The first bytes of every packed answer.
pub const MAGIC: &[u8] = b"k8s\0";

/// The metadata of one object.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PackedMetadata<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its namespace; empty for cluster-scoped kinds.
    pub namespace: &'a str,
    /// Its UID.
    pub uid: &'a str,
    /// Its version.
    pub resource_version: &'a str,
    /// Whether it is being deleted.
    pub is_terminating: bool,
    /// Whether a controller owns it.
    pub has_controller: bool,
    /// The environment in its label.
    pub environment: Option<&'a str>,
    /// The stack in its label.
    pub stack: Option<&'a str>,
    /// The state hash in its annotation.
    pub state_hash: Option<&'a str>,
    /// The JSON of the field set of our applied configuration.
    pub ours: Option<&'a [u8]>,
}

/// Bytes that cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the packed list is damaged")]
pub struct Damaged;

/// The content of one field of a message.
enum Payload<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Fixed numbers, of which metadata has none.
    Other,
}

/// The fields of a message, one after the other.
struct Fields<'a>(&'a [u8]);

/// Reads a number of variable length; returns it with how many bytes it takes. `None` when it does not end here.
///
/// # Errors
/// When it is longer than any number.
pub fn varint(bytes: &[u8]) -> Result<Option<(u64, usize)>, Damaged> {
    let mut number = 0_u64;
    for (place, byte) in bytes.iter().enumerate().take(10) {
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok(Some((number, place + 1)));
        }
    }
    if bytes.len() < 10 { Ok(None) } else { Err(Damaged) }
}

impl<'a> Fields<'a> {
    fn number(&mut self) -> Result<u64, Damaged> {
        let (number, length) = varint(self.0)?.ok_or(Damaged)?;
        self.0 = &self.0[length..];
        Ok(number)
    }

    fn bytes(&mut self, length: u64) -> Result<&'a [u8], Damaged> {
        let length = usize::try_from(length).map_err(|_| Damaged)?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(Damaged)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// Reads the next field: its number and content.
    fn next(&mut self) -> Result<Option<(u64, Payload<'a>)>, Damaged> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.number()?;
        let payload = match tag & 7 {
            0 => Payload::Number(self.number()?),
            1 => self.bytes(8).map(|_| Payload::Other)?,
            2 => {
                let length = self.number()?;
                Payload::Bytes(self.bytes(length)?)
            }
            5 => self.bytes(4).map(|_| Payload::Other)?,
            _ => return Err(Damaged),
        };
        Ok(Some((tag >> 3, payload)))
    }
}

fn text(bytes: &[u8]) -> Result<&str, Damaged> {
    std::str::from_utf8(bytes).map_err(|_| Damaged)
}

impl<'a> PackedMetadata<'a> {
    /// Reads a `PartialObjectMetadata`.
    ///
    /// # Errors
    /// When the bytes are not a `PartialObjectMetadata`.
    pub fn read(object: &'a [u8]) -> Result<Self, Damaged> {
        let mut metadata = Self::default();
        let mut fields = Fields(object);
        while let Some((number, payload)) = fields.next()? {
            if let (1, Payload::Bytes(bytes)) = (number, payload) {
                metadata.read_metadata(bytes)?;
            }
        }
        if metadata.name.is_empty() || metadata.uid.is_empty() {
            return Err(Damaged);
        }
        Ok(metadata)
    }

    fn read_metadata(&mut self, metadata: &'a [u8]) -> Result<(), Damaged> {
        let mut fields = Fields(metadata);
        while let Some((number, payload)) = fields.next()? {
            let Payload::Bytes(bytes) = payload else {
                continue;
            };
            match number {
                1 => self.name = text(bytes)?,
                3 => self.namespace = text(bytes)?,
                5 => self.uid = text(bytes)?,
                6 => self.resource_version = text(bytes)?,
                9 => self.is_terminating = true,
                11 => match entry(bytes)? {
                    (key, value) if key == marks::ENVIRONMENT.as_bytes() => {
                        self.environment = Some(text(value)?);
                    }
                    (key, value) if key == marks::STACK.as_bytes() => self.stack = Some(text(value)?),
                    _ => {}
                },
                12 => {
                    let (key, value) = entry(bytes)?;
                    if key == marks::STATE_HASH.as_bytes() {
                        self.state_hash = Some(text(value)?);
                    }
                }
                13 => self.has_controller |= is_controller(bytes)?,
                17 if self.ours.is_none() => self.ours = our_fields(bytes)?,
                _ => {}
            }
        }
        Ok(())
    }
}

/// Key and value of an entry of a map.
fn entry(entry: &[u8]) -> Result<(&[u8], &[u8]), Damaged> {
    let (mut key, mut value): (&[u8], &[u8]) = (&[], &[]);
    let mut fields = Fields(entry);
    while let Some((number, payload)) = fields.next()? {
        match (number, payload) {
            (1, Payload::Bytes(bytes)) => key = bytes,
            (2, Payload::Bytes(bytes)) => value = bytes,
            _ => {}
        }
    }
    Ok((key, value))
}

fn is_controller(owner: &[u8]) -> Result<bool, Damaged> {
    let mut fields = Fields(owner);
    while let Some((number, payload)) = fields.next()? {
        if let (6, Payload::Number(1)) = (number, payload) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The field set of an entry of `managedFields`, if the entry is ours.
fn our_fields(entry: &[u8]) -> Result<Option<&[u8]>, Damaged> {
    let (mut manager, mut operation, mut subresource): (&[u8], &[u8], &[u8]) = (&[], &[], &[]);
    let mut set = None;
    let mut fields = Fields(entry);
    while let Some((number, payload)) = fields.next()? {
        let Payload::Bytes(bytes) = payload else {
            continue;
        };
        match number {
            1 => manager = bytes,
            2 => operation = bytes,
            7 => {
                let mut inside = Fields(bytes);
                while let Some((number, payload)) = inside.next()? {
                    if let (1, Payload::Bytes(bytes)) = (number, payload) {
                        set = Some(bytes);
                    }
                }
            }
            8 => subresource = bytes,
            _ => {}
        }
    }
    let is_ours = marks::is_our_entry(text(manager)?, text(operation)?, text(subresource)?);
    Ok(set.filter(|_| is_ours))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field that holds bytes.
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut message = vec![number << 3 | 2];
        // Field numbers from 16 on take two bytes.
        if number > 15 {
            message = vec![(number << 3 | 2) | 0x80, number >> 4];
        }
        let length = u8::try_from(bytes.len()).unwrap();
        if length > 127 {
            message.extend([length | 0x80, 1]);
        } else {
            message.push(length);
        }
        message.extend(bytes);
        message
    }

    fn entry(key: &str, value: &str) -> Vec<u8> {
        [field(1, key.as_bytes()), field(2, value.as_bytes())].concat()
    }

    fn manager(name: &str, operation: &str, subresource: &str) -> Vec<u8> {
        [
            field(1, name.as_bytes()),
            field(2, operation.as_bytes()),
            field(7, &field(1, b"{}")),
            field(8, subresource.as_bytes()),
        ]
        .concat()
    }

    fn object(more: &[Vec<u8>]) -> Vec<u8> {
        let metadata = [
            field(1, b"api"),
            field(3, b"shop"),
            field(5, b"u"),
            field(6, b"42"),
            field(11, &entry(marks::ENVIRONMENT, "shop")),
            field(11, &entry(marks::STACK, "web")),
            field(11, &entry("other", "x")),
            field(12, &entry(marks::STATE_HASH, "v1:0")),
            // A generation, which is a number.
            vec![7 << 3, 3],
            more.concat(),
        ];
        field(1, &metadata.concat())
    }

    #[test]
    fn metadata_is_read_as_borrowed_text() {
        let object = object(&[field(17, &manager("infra", "Apply", ""))]);
        let expected = PackedMetadata {
            name: "api",
            namespace: "shop",
            uid: "u",
            resource_version: "42",
            environment: Some("shop"),
            stack: Some("web"),
            state_hash: Some("v1:0"),
            ours: Some(b"{}"),
            ..PackedMetadata::default()
        };
        assert_eq!(PackedMetadata::read(&object), Ok(expected));
    }

    #[test]
    fn only_our_applied_configuration_is_ours() {
        for (name, operation, subresource) in [
            ("kubectl", "Apply", ""),
            ("infra", "Update", ""),
            ("infra", "Apply", "status"),
        ] {
            let object = object(&[field(17, &manager(name, operation, subresource))]);
            assert_eq!(
                PackedMetadata::read(&object).unwrap().ours,
                None,
                "{name} {operation}"
            );
        }
    }

    #[test]
    fn a_deletion_and_a_controller_are_seen() {
        let owner = [field(1, b"ReplicaSet"), vec![6 << 3, 1]].concat();
        let object = object(&[field(9, &[8, 1]), field(13, &owner)]);
        let metadata = PackedMetadata::read(&object).unwrap();
        assert!(metadata.is_terminating && metadata.has_controller);
    }

    #[test]
    fn damaged_bytes_are_found_out() {
        let object = object(&[]);
        for end in 1..object.len() {
            assert_eq!(PackedMetadata::read(&object[..end]), Err(Damaged), "{end}");
        }
        assert_eq!(PackedMetadata::read(&[]), Err(Damaged));
        assert_eq!(varint(&[0xff; 11]), Err(Damaged));
    }
}

//! Canonical JSON: keys sorted, no white space. Pure.

use serde_json::Value;

/// Writes `value` as canonical JSON.
///
/// Sorts the keys itself: whether `serde_json` keeps them sorted depends on a feature that any dependency may switch on.
#[must_use]
pub fn canonical_json(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_value(value, &mut bytes);
    bytes
}

fn write_value(value: &Value, bytes: &mut Vec<u8>) {
    match value {
        Value::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            bytes.push(b'{');
            for (position, (name, field)) in sorted.into_iter().enumerate() {
                separate(position, bytes);
                write_scalar(&Value::String(name.clone()), bytes);
                bytes.push(b':');
                write_value(field, bytes);
            }
            bytes.push(b'}');
        }
        Value::Array(items) => {
            bytes.push(b'[');
            for (position, item) in items.iter().enumerate() {
                separate(position, bytes);
                write_value(item, bytes);
            }
            bytes.push(b']');
        }
        scalar => write_scalar(scalar, bytes),
    }
}

fn separate(position: usize, bytes: &mut Vec<u8>) {
    if position > 0 {
        bytes.push(b',');
    }
}

fn write_scalar(scalar: &Value, bytes: &mut Vec<u8>) {
    serde_json::to_writer(bytes, scalar).expect("scalars are always written to memory");
}

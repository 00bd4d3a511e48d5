//! Converts arbitrary bytes to a document and back, and compares with an independent reader.
//!
//! Compiles only the conversion instead of the whole service, so that a build takes seconds.

#![no_main]

mod reading;

/// The service's own files.
#[path = "../../src"]
mod service {
    #[allow(dead_code, unused_imports, reason = "the handlers use the rest")]
    pub mod conversion;
}

use bson::oid::ObjectId;
use bson::{Bson, Document};
use libfuzzer_sys::fuzz_target;

use reading::{Reading, Value};
use service::conversion::{Fault, NewId, Refusal, WithoutId, document_from_json};

const GENERATED: ObjectId = ObjectId::from_bytes([7; 12]);

fuzz_target!(|text: &[u8]| {
    let reading = reading::read(text);
    match document_from_json(text, NewId::IfMissing(GENERATED)) {
        Ok(document) => {
            let Reading::Storable(Value::Object(mut members)) = reading else {
                panic!("stored, but it is {reading:?}");
            };
            // Decoding checks every length and every type.
            let decoded = Document::try_from(&document).expect("it is valid BSON");
            let own = members
                .iter()
                .position(|(key, _)| key == "_id")
                .map(|at| members.remove(at));
            assert_eq!(
                decoded.get("_id") == Some(&Bson::ObjectId(GENERATED)),
                own.is_none()
            );
            let written = serde_json::to_vec(&WithoutId(&document)).expect("it can be written");
            let Reading::Storable(Value::Object(written)) = reading::read(&written) else {
                panic!("what was written cannot be read");
            };
            assert_eq!(written, members);
        }
        Err(refusal) => {
            check_place(text, &refusal);
            let is_json = !matches!(
                refusal.fault,
                Fault::Empty | Fault::Encoding { .. } | Fault::Syntax { .. }
            );
            match reading {
                Reading::Storable(_) => panic!("{refusal}"),
                Reading::JsonOnly => assert!(is_json, "{refusal}"),
                Reading::NoJson => assert!(!is_json, "{refusal}"),
            }
        }
    }
});

/// Asserts that a location is within the text or at its end.
fn check_place(text: &[u8], refusal: &Refusal) {
    let location = &refusal.location;
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    let line = lines.get(location.line - 1).expect("the line exists");
    assert!((1..=line.len() + 1).contains(&location.column), "{refusal}");
    if let Some(pointer) = &location.pointer {
        assert!(pointer.is_empty() || pointer.starts_with('/'), "{pointer}");
        assert!(pointer.len() <= 4096, "{pointer}");
    }
}

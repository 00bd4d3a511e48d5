//! Rejects bodies that are not plain UTF-8. Pure.

use super::{Fault, Location, Refusal};

/// Refuses empty bodies, other encodings and byte order marks.
pub(super) fn check_encoding(text: &[u8]) -> Result<(), Refusal> {
    let refuse = |fault, offset| {
        Err(Refusal {
            fault,
            location: Location::at(text, offset),
        })
    };
    match text {
        _ if text.iter().all(u8::is_ascii_whitespace) => refuse(Fault::Empty, 0),
        [0xef, 0xbb, 0xbf, ..] => refuse(
            Fault::Encoding {
                found: "starts with a byte order mark",
            },
            0,
        ),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, ..] | [_, 0, ..] => refuse(
            Fault::Encoding {
                found: "looks like UTF-16 or UTF-32",
            },
            0,
        ),
        _ => match str::from_utf8(text) {
            Ok(_) => Ok(()),
            Err(error) => refuse(
                Fault::Encoding {
                    found: "contains invalid bytes",
                },
                error.valid_up_to(),
            ),
        },
    }
}

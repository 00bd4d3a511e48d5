//! The file `.env`: read, with errors that name the line and never quote it.

use std::io;
use std::path::{Path, PathBuf};

/// Why the file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum DotenvError {
    /// It is there, but cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line is not `NAME=value`. The line itself may hold a password.
    #[error("line {line} of `{}` cannot be read", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
}

/// Reads all variables of the file; none when there is no such file.
pub(super) fn read(path: &Path) -> Result<Vec<(String, String)>, DotenvError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => {
            return Err(DotenvError::Read {
                path: path.to_owned(),
                source,
            });
        }
    };
    dotenvy::from_read_iter(text.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| DotenvError::Line {
            path: path.to_owned(),
            line: line_of(&error, &text),
        })
}

/// Finds the line that the parser quotes.
fn line_of(error: &dotenvy::Error, text: &str) -> usize {
    let start = match error {
        dotenvy::Error::LineParse(line, _) => text.find(line.trim_end()).unwrap_or_default(),
        _ => 0,
    };
    text[..start].matches('\n').count() + 1
}

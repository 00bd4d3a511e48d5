//! Reads the file `.env`. Errors name the line, but never quote it.

use std::io;
use std::path::{Path, PathBuf};

/// Why `.env` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DotenvError {
    /// The file exists but cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The path of the file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The line is not `NAME=value`. It is not quoted, because it may contain a password.
    #[error("cannot parse line {line} of `{}`", path.display())]
    Line {
        /// The path of the file.
        path: PathBuf,
        /// The line number, starting at 1.
        line: usize,
    },
}

/// Returns the variables of the file; none if it does not exist.
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

/// Finds the line that the parser's error quotes.
fn line_of(error: &dotenvy::Error, text: &str) -> usize {
    let start = match error {
        dotenvy::Error::LineParse(line, _) => text.find(line.trim_end()).unwrap_or_default(),
        _ => 0,
    };
    text[..start].matches('\n').count() + 1
}

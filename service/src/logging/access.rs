//! The access log line, formatted by hand because every request pays for it.

use std::cell::RefCell;
use std::io::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use tracing::level_filters::LevelFilter;

use super::queue::Lines;
use crate::trace::Trace;

/// Longer paths are cut: they match no route, and any client can send them.
const PATH_BYTES: usize = 256;

thread_local! {
    /// Reused for every line.
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Longer methods are cut: clients may invent them.
const METHOD_BYTES: usize = 32;

/// The logged properties of a request. Never the query, the body or a header other than the ids.
pub(crate) struct Access<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) status: u16,
    pub(crate) duration: Duration,
    pub(crate) request_id: &'a str,
    pub(crate) trace: Option<&'a Trace>,
}

impl Access<'_> {
    /// Writes the line, if the log level includes it.
    pub(crate) fn log(&self) {
        let (level, name) = match self.status {
            500.. => (LevelFilter::ERROR, "ERROR"),
            400.. => (LevelFilter::WARN, "WARN"),
            _ => (LevelFilter::INFO, "INFO"),
        };
        if super::LEVEL.get().is_some_and(|maximum| level <= *maximum) {
            LINE.with_borrow_mut(|line| {
                line.clear();
                if self.write(line, name).is_ok() {
                    let _ = Lines.write(line);
                }
            });
        }
    }

    fn write(&self, line: &mut Vec<u8>, level: &str) -> std::io::Result<()> {
        let now = Timestamp::now();
        write!(
            line,
            r#"{{"timestamp":"{now:.6}","level":"{level}","message":"request","method":"#
        )?;
        let end = self.method.floor_char_boundary(METHOD_BYTES);
        serde_json::to_writer(&mut *line, &self.method[..end])?;
        line.extend_from_slice(b",\"path\":");
        let end = self.path.floor_char_boundary(PATH_BYTES);
        serde_json::to_writer(&mut *line, &self.path[..end])?;
        let microseconds = self.duration.as_micros();
        let (milliseconds, rest) = (microseconds / 1000, microseconds % 1000);
        write!(
            line,
            r#","status":{},"duration_ms":{milliseconds}.{rest:03},"request_id":"#,
            self.status
        )?;
        serde_json::to_writer(&mut *line, self.request_id)?;
        if let Some(trace) = self.trace {
            write!(line, ",{trace}")?;
        }
        line.extend_from_slice(b",\"target\":\"access\"}\n");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_json_for_any_input() {
        let access = Access {
            method: "GET",
            path: "/a\"b\\é",
            status: 404,
            duration: Duration::from_micros(12_034),
            request_id: "id",
            trace: None,
        };
        let mut line = Vec::new();
        access.write(&mut line, "WARN").unwrap();
        let text = String::from_utf8(line).unwrap();
        let (_, rest) = text.split_once("Z\",").unwrap();
        assert_eq!(
            rest,
            "\"level\":\"WARN\",\"message\":\"request\",\"method\":\"GET\",\"path\":\"/a\\\"b\\\\é\",\"status\":404,\
             \"duration_ms\":12.034,\"request_id\":\"id\",\"target\":\"access\"}\n"
        );
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }
}

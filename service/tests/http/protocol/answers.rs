//! Parses responses from the wire.

use serde_json::Value;

/// One response, with its body decoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RawAnswer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl RawAnswer {
    pub(super) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map_or("", |(_, value)| value)
    }

    /// Asserts what holds for every response, and for every error.
    pub(super) fn assert_sound(&self, is_head: bool) {
        assert_eq!(self.header("x-content-type-options"), "nosniff", "{self:?}");
        assert_eq!(self.header("cache-control"), "no-store", "{self:?}");
        assert_eq!(self.header("server"), "", "{self:?}");
        assert!(!self.header("date").is_empty(), "{self:?}");
        if self.status < 400 {
            return;
        }
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{self:?}"
        );
        if is_head {
            return;
        }
        let problem: Value =
            serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        assert_eq!(problem["status"], self.status);
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        for member in ["type", "title", "detail"] {
            assert!(
                problem[member].as_str().is_some_and(|text| !text.is_empty()),
                "{self:?}"
            );
        }
        for word in ["hyper", "salvo", "mongodb::", "Kind:", "Os {"] {
            assert!(!self.body.contains(word), "{self:?}");
        }
    }
}

/// Splits everything that a server sent; `is_head` refers to the first response.
pub(super) fn split(text: &str, is_head: bool) -> Vec<RawAnswer> {
    let mut answers = Vec::new();
    let mut rest = text;
    while let Some((head, after)) = rest.split_once("\r\n\r\n") {
        let mut lines = head.split("\r\n");
        let line = lines.next().unwrap();
        assert!(line.starts_with("HTTP/1."), "{line:?} in {text}");
        let headers = lines
            .map(|line| line.split_once(": ").unwrap_or((line, "")))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut answer = RawAnswer {
            status: line[9..12].parse().unwrap(),
            headers,
            body: String::new(),
        };
        rest = after;
        if answer.status < 200 {
            continue;
        }
        if !(is_head && answers.is_empty()) && answer.status != 204 {
            (answer.body, rest) = body(&answer, rest);
        }
        answers.push(answer);
    }
    assert!(rest.is_empty(), "{rest:?} after the last answer of {text}");
    answers
}

fn body<'a>(answer: &RawAnswer, text: &'a str) -> (String, &'a str) {
    if answer.header("transfer-encoding") != "chunked" {
        let length = answer.header("content-length").parse();
        let (body, rest) = text.split_at(length.unwrap_or(text.len()));
        return (body.to_owned(), rest);
    }
    let (mut body, mut rest) = (String::new(), text);
    loop {
        let (size, after) = rest.split_once("\r\n").unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        body.push_str(&after[..size]);
        rest = after[size..].strip_prefix("\r\n").unwrap();
        if size == 0 {
            return (body, rest);
        }
    }
}

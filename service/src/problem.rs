//! Problem documents (RFC 9457): the form of every answer from 400 on.

use salvo::http::{HeaderValue, StatusCode, header};
use salvo::{Depot, Response};
use serde::Serialize;

use crate::conversion::Location;
use crate::request_id::request_id;

/// The content type of a problem document.
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A problem document; members that have nothing to say are left out.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Problem {
    #[serde(rename = "type")]
    kind: String,
    title: String,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

/// A problem document as it is sent.
#[derive(Serialize)]
struct Sent<'a> {
    #[serde(flatten)]
    problem: &'a Problem,
    request_id: &'a str,
}

impl Problem {
    /// Describes a problem that the status says all about.
    pub(crate) fn new(status: StatusCode, detail: String) -> Self {
        Self {
            kind: "about:blank".to_owned(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail,
            pointer: None,
            line: None,
            column: None,
        }
    }

    /// Describes the status of an answer that nobody has given a body, such as 404.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let detail = match status {
            StatusCode::NOT_FOUND => "there is nothing at this path",
            StatusCode::METHOD_NOT_ALLOWED => {
                "this path does not take this method; the header `Allow` lists those it takes"
            }
            _ => status.canonical_reason().unwrap_or("the request failed"),
        };
        Self::new(status, detail.to_owned())
    }

    /// Names the type, for clients that tell problems of one status apart.
    pub(crate) fn of_kind(mut self, name: &str, title: &str) -> Self {
        self.kind = format!("urn:problem-type:{name}");
        title.clone_into(&mut self.title);
        self
    }

    /// Adds the location in the body that is at fault.
    pub(crate) fn at(mut self, location: &Location) -> Self {
        self.pointer.clone_from(&location.pointer);
        self.line = Some(location.line);
        self.column = Some(location.column);
        self
    }

    /// Makes this the answer, with the id of the request that the depot holds.
    pub(crate) fn write_to(&self, depot: &Depot, response: &mut Response) {
        let sent = Sent {
            problem: self,
            request_id: request_id(depot),
        };
        let body = serde_json::to_vec(&sent).unwrap_or_default();
        response.status_code(StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, PROBLEM_JSON);
        // Given here for the answers to HEAD, whose body is dropped.
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        response.body(body);
    }
}

//! Problem documents (RFC 9457), the body of every response with a status of 400 or more.

use salvo::http::{HeaderValue, StatusCode, header};
use salvo::{Depot, Response};
use serde::Serialize;

use crate::conversion::Location;
use crate::request_id::request_id;

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A problem document.
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

/// A problem document with the id of its request.
#[derive(Serialize)]
struct Sent<'a> {
    #[serde(flatten)]
    problem: &'a Problem,
    request_id: &'a str,
}

impl Problem {
    /// Describes a problem of no particular type.
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

    /// Describes an error response that still has no body, such as 404 and 405.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let detail = match status {
            StatusCode::NOT_FOUND => "no resource at this path",
            StatusCode::METHOD_NOT_ALLOWED => {
                "this path does not support this method; `Allow` lists the supported methods"
            }
            _ => status.canonical_reason().unwrap_or("the request failed"),
        };
        Self::new(status, detail.to_owned())
    }

    /// Sets the problem type, for clients that tell problems with the same status apart.
    pub(crate) fn of_kind(mut self, name: &str, title: &str) -> Self {
        self.kind = format!("urn:problem-type:{name}");
        title.clone_into(&mut self.title);
        self
    }

    /// Adds the location of the fault in the body.
    pub(crate) fn at(mut self, location: &Location) -> Self {
        self.pointer.clone_from(&location.pointer);
        self.line = Some(location.line);
        self.column = Some(location.column);
        self
    }

    /// Makes this the response, with the request id from the depot.
    pub(crate) fn write_to(&self, depot: &Depot, response: &mut Response) {
        let sent = Sent {
            problem: self,
            request_id: request_id(depot),
        };
        let body = serde_json::to_vec(&sent).unwrap_or_default();
        response.status_code(StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, PROBLEM_JSON);
        // Set explicitly, because a response to HEAD loses its body.
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        response.body(body);
    }
}

//! The newest documents as a list, and `GET /recent`: the list alone, for a page that is open already.

use std::fmt::Write as _;

use salvo::http::StatusCode;
use salvo::{Request, Response, handler};

use super::entry::write_entry;
use super::page;
use crate::database::{Database, Recent, Window};
use crate::error::Error;

/// How many documents are shown at once.
const DOCUMENTS: u32 = 20;

/// MongoDB walks over what is skipped, so the page does not lead back for ever; `/data` does.
const FURTHEST: u32 = 10_000;

/// Reads from the query how many of the newest documents are left out.
pub(super) fn window(request: &Request) -> Window {
    let query = request.uri().query().unwrap_or_default();
    let skip = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "skip");
    Window {
        skip: skip
            .and_then(|(_, skip)| skip.parse().ok())
            .unwrap_or(0)
            .min(FURTHEST),
        limit: DOCUMENTS,
    }
}

/// Writes the section with the documents; `None` when they could not be read.
pub(super) fn section(window: Window, recent: Option<&Recent>) -> String {
    let mut html = String::from("<section id=\"documents\" aria-labelledby=\"documents-title\">\n");
    let Some(recent) = recent else {
        html.push_str(
            "<h2 id=\"documents-title\">Documents</h2>\n<p class=\"empty\">They show again when MongoDB answers.</p>\n</section>",
        );
        return html;
    };
    let count = recent.count;
    let _ = writeln!(
        html,
        "<h2 id=\"documents-title\">Documents <span id=\"count\">{count}</span></h2>"
    );
    if recent.documents.is_empty() {
        html.push_str(if window.skip == 0 {
            "<p class=\"empty\">None yet. The first one that is added shows here.</p>\n"
        } else {
            "<p class=\"empty\">There are none this far back.</p>\n"
        });
    }
    if window.skip > 0 {
        html.push_str("<p><a href=\"/\">Newest documents</a></p>\n");
    }
    html.push_str("<ol id=\"list\">\n");
    for document in &recent.documents {
        write_entry(&mut html, document);
    }
    html.push_str("</ol>\n");
    let next = window.skip + u32::try_from(recent.documents.len()).unwrap_or(0);
    if recent.more && next <= FURTHEST {
        let _ = writeln!(
            html,
            "<p id=\"more\"><a class=\"button\" rel=\"next\" href=\"/?skip={next}#documents\">Older documents</a></p>"
        );
    } else if recent.more {
        html.push_str("<p id=\"more\">There are more; <a href=\"/data\">all of them as JSON</a>.</p>\n");
    }
    html.push_str("</section>");
    html
}

/// Answers with the list for the query, and with a problem document when it cannot be read.
#[derive(Clone)]
pub(crate) struct RecentDocuments {
    database: Database,
}

impl RecentDocuments {
    pub(crate) fn new(database: Database) -> Self {
        Self { database }
    }
}

#[handler]
impl RecentDocuments {
    async fn handle(&self, request: &mut Request, response: &mut Response) -> Result<(), Error> {
        let window = window(request);
        let recent = self.database.recent(window).await?;
        page::send(response, StatusCode::OK, section(window, Some(&recent)));
        Ok(())
    }
}

//! The list of the newest documents, as part of the page and alone at `GET /recent`.

use std::fmt::Write as _;

use salvo::http::StatusCode;
use salvo::{Request, Response, handler};

use super::entry::write_entry;
use super::page;
use crate::database::{Database, Recent, Window};
use crate::error::Error;

/// The number of documents per page.
const DOCUMENTS: u32 = 20;

/// MongoDB scans the skipped documents, so the page has a limit; `/data` has none.
const MAXIMUM_SKIP: u32 = 10_000;

/// Parses how many of the newest documents to skip.
pub(super) fn window(request: &Request) -> Window {
    let query = request.uri().query().unwrap_or_default();
    let skip = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "skip");
    Window {
        skip: skip
            .and_then(|(_, skip)| skip.parse().ok())
            .unwrap_or(0)
            .min(MAXIMUM_SKIP),
        limit: DOCUMENTS,
    }
}

/// Renders the section with the documents; `None` if they could not be read.
pub(super) fn section(window: Window, recent: Option<&Recent>) -> String {
    let mut html = String::from("<section id=\"documents\" aria-labelledby=\"documents-title\">\n");
    let Some(recent) = recent else {
        html.push_str(
            "<h2 id=\"documents-title\">Documents</h2>\n<p class=\"empty\">The documents reappear once MongoDB is available.</p>\n</section>",
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
            "<p class=\"empty\">No documents yet.</p>\n"
        } else {
            "<p class=\"empty\">No documents this far back.</p>\n"
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
    if recent.more && next <= MAXIMUM_SKIP {
        let _ = writeln!(
            html,
            "<p id=\"more\"><a class=\"button\" rel=\"next\" href=\"/?skip={next}#documents\">Older documents</a></p>"
        );
    } else if recent.more {
        html.push_str(
            "<p id=\"more\">Older documents are only available <a href=\"/data\">as JSON</a>.</p>\n",
        );
    }
    html.push_str("</section>");
    html
}

/// Responds with the list, or with a problem document if it cannot be read.
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

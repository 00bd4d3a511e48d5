//! `GET /livez`, `GET /readyz` and `GET /health`: what Kubernetes, load balancers and the sample's clients ask.

use std::sync::Arc;

use salvo::http::{HeaderValue, StatusCode};
use salvo::{Response, handler};

use crate::answer;
use crate::database::{Database, Readiness};
use crate::error::Error;

const OPENMETRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

const OK: &str = r#"{"status":"ok"}"#;

/// Says that the process runs and nothing else: a restart does not bring MongoDB back.
#[handler]
pub(crate) fn livez(response: &mut Response) {
    answer::complete(response, StatusCode::OK, answer::JSON, OK);
}

/// Says whether requests should be sent here.
#[derive(Clone)]
pub(crate) struct Readyz {
    readiness: Arc<Readiness>,
}

impl Readyz {
    pub(crate) fn new(readiness: Arc<Readiness>) -> Self {
        Self { readiness }
    }
}

#[handler]
impl Readyz {
    async fn handle(&self, response: &mut Response) -> Result<(), Error> {
        if self.readiness.is_draining() {
            return Err(Error::Draining);
        }
        self.readiness.check().await?;
        answer::complete(response, StatusCode::OK, answer::JSON, OK);
        Ok(())
    }
}

/// Says whether MongoDB takes documents, whether this process is about to stop or not.
#[derive(Clone)]
pub(crate) struct Health {
    database: Database,
}

impl Health {
    pub(crate) fn new(database: Database) -> Self {
        Self { database }
    }
}

#[handler]
impl Health {
    async fn handle(&self, response: &mut Response) -> Result<(), Error> {
        self.database.check().await?;
        answer::complete(response, StatusCode::OK, answer::JSON, r#"{"status":"healthy"}"#);
        Ok(())
    }
}

/// Answers with all metrics in the text format of OpenMetrics.
#[handler]
pub(crate) fn metrics(response: &mut Response) -> Result<(), Error> {
    let text = crate::metrics::text().map_err(|_| Error::Internal)?;
    answer::complete(response, StatusCode::OK, OPENMETRICS, text);
    Ok(())
}

//! `/livez`, `/readyz`, `/health` and `/metrics`, for Kubernetes, load balancers, monitoring and the sample's clients.

use salvo::http::{HeaderValue, StatusCode};
use salvo::{Response, handler};

use crate::answer;
use crate::database::Database;
use crate::draining::Draining;
use crate::error::Error;

const OPENMETRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

const OK: &str = r#"{"status":"ok"}"#;

/// Succeeds whenever the process runs: a restart does not fix MongoDB.
#[handler]
pub(crate) fn livez(response: &mut Response) {
    answer::complete(response, StatusCode::OK, answer::JSON, OK);
}

/// Succeeds if MongoDB is available and no shutdown has begun.
#[derive(Clone)]
pub(crate) struct Readyz {
    database: Database,
    draining: Draining,
}

impl Readyz {
    pub(crate) fn new(database: Database, draining: Draining) -> Self {
        Self { database, draining }
    }
}

#[handler]
impl Readyz {
    async fn handle(&self, response: &mut Response) -> Result<(), Error> {
        if self.draining.has_begun() {
            return Err(Error::Draining);
        }
        self.database.check().await?;
        answer::complete(response, StatusCode::OK, answer::JSON, OK);
        Ok(())
    }
}

/// Succeeds if MongoDB is available, even during a shutdown.
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

#[handler]
pub(crate) fn metrics(response: &mut Response) -> Result<(), Error> {
    let text = crate::metrics::text().map_err(|_| Error::Internal)?;
    answer::complete(response, StatusCode::OK, OPENMETRICS, text);
    Ok(())
}

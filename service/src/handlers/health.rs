//! `GET /health`: whether MongoDB answers right now.

use salvo::http::StatusCode;
use salvo::{Response, handler};

use super::answer;
use crate::database::Database;
use crate::error::Error;

/// Pings MongoDB for every request, as the sample does; probes use `/readyz`.
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
        self.database.ping().await?;
        answer::complete(response, StatusCode::OK, answer::JSON, r#"{"status":"healthy"}"#);
        Ok(())
    }
}

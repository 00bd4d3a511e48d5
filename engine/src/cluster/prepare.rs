//! Opens connections ahead of time, so that the first requests need not wait for handshakes.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::Uri;
use tokio::task::JoinHandle;
use tower::{BoxError, Service};

/// Number of connections opened ahead of time: a plan lists about ten kinds at once.
const CONNECTIONS: usize = 8;

/// How long a connection may stay idle. Servers and gateways close idle ones.
const FRESH_FOR: Duration = Duration::from_secs(5);

/// A connection that is being opened.
type Ahead<C> = JoinHandle<Result<<C as Service<Uri>>::Response, <C as Service<Uri>>::Error>>;

/// A connector that uses the connections opened ahead of time first.
pub(super) struct Prepared<C: Service<Uri>> {
    connector: C,
    begun: Instant,
    ahead: Arc<Mutex<Vec<Ahead<C>>>>,
}

impl<C: Service<Uri> + Clone> Clone for Prepared<C> {
    fn clone(&self) -> Self {
        Self {
            connector: self.connector.clone(),
            begun: self.begun,
            ahead: Arc::clone(&self.ahead),
        }
    }
}

impl<C> Prepared<C>
where
    C: Service<Uri> + Clone + Send + 'static,
    C::Response: Send,
    C::Error: Send,
    C::Future: Send,
{
    /// Starts to open connections to a server.
    pub(super) fn to(server: &Uri, connector: C) -> Self {
        let connect = |_| {
            let mut connector = connector.clone();
            let server = server.clone();
            tokio::spawn(async move {
                std::future::poll_fn(|context| connector.poll_ready(context)).await?;
                connector.call(server).await
            })
        };
        let ahead = (0..CONNECTIONS).map(connect).collect();
        Self {
            connector,
            begun: Instant::now(),
            ahead: Arc::new(Mutex::new(ahead)),
        }
    }

    fn take(&self) -> Option<Ahead<C>> {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        if self.begun.elapsed() > FRESH_FOR {
            ahead.clear();
        }
        ahead.pop()
    }
}

impl<C> Service<Uri> for Prepared<C>
where
    C: Service<Uri> + Clone + Send + 'static,
    C::Response: Send,
    C::Error: Into<BoxError> + Send,
    C::Future: Send,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        let ahead = self.take();
        let mut connector = self.connector.clone();
        Box::pin(async move {
            if let Some(ahead) = ahead
                && let Ok(Ok(connection)) = ahead.await
            {
                return Ok(connection);
            }
            std::future::poll_fn(|context| connector.poll_ready(context))
                .await
                .map_err(Into::into)?;
            connector.call(server).await.map_err(Into::into)
        })
    }
}

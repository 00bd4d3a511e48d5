//! Builds an HTTP client from a kubeconfig and the name of a context.

use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ConfigExt as _};
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service, ServiceBuilder};

use super::prepare::Prepared;
use super::proxy::{Protocol, Proxy};

/// Timeout for opening a TCP connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The cluster to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The context's name. The kubeconfig's current context is never used.
    pub context: String,
    /// The kubeconfig; `None` for `KUBECONFIG` or `~/.kube/config`.
    pub kubeconfig: Option<PathBuf>,
}

/// Why no client could be built for a target.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No kubeconfig exists in the expected places.
    #[error("there is no kubeconfig at {places}")]
    Missing {
        /// The paths that were tried.
        places: String,
    },
    /// The kubeconfig cannot be read.
    #[error("kubeconfig {places} cannot be read: {cause}")]
    Unreadable {
        /// The kubeconfig's paths.
        places: String,
        /// The parse or I/O error.
        cause: String,
    },
    /// The kubeconfig has no such context.
    #[error("kubeconfig {places} has no context `{context}`")]
    UnknownContext {
        /// The kubeconfig's paths.
        places: String,
        /// The requested context.
        context: String,
        /// The contexts in the kubeconfig.
        known: Vec<String>,
    },
    /// The context exists but cannot be used.
    #[error("context `{context}` of kubeconfig {places} cannot be used: {cause}")]
    Unusable {
        /// The kubeconfig's paths.
        places: String,
        /// The requested context.
        context: String,
        /// The reason, in words.
        cause: String,
    },
}

impl ConnectError {
    /// Returns what to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Missing { .. } => {
                "start the cluster (`minikube start`, or `just sandbox up` for the sandbox), or name \
                 a kubeconfig with --kubeconfig or KUBECONFIG"
                    .to_owned()
            }
            Self::Unreadable { .. } => "check the file with `kubectl config view`".to_owned(),
            Self::UnknownContext { known, .. } if known.is_empty() => {
                "the kubeconfig has no contexts: start the cluster (`minikube start`, or `just \
                 sandbox up` for the sandbox)"
                    .to_owned()
            }
            Self::UnknownContext { known, .. } => format!(
                "it has: {}; set `context` in the `[cluster]` table, or start the cluster \
                 (`minikube start`, or `just sandbox up` for the sandbox)",
                known.join(", ")
            ),
            Self::Unusable { .. } => "check the context with `kubectl config view`".to_owned(),
        }
    }
}

/// A client and the properties of its server.
#[expect(clippy::disallowed_types, reason = "this is the module that is allowed to")]
pub(super) struct Connection {
    pub(super) client: kube::Client,
    /// The server's URL.
    pub(super) server: String,
    /// The proxy in use, without credentials.
    pub(super) proxy: Option<String>,
    /// Whether the server is on this machine.
    pub(super) is_near: bool,
}

/// Builds the client for a target.
///
/// The service stack is built by hand because `Client::try_from` does not set `TCP_NODELAY`, which costs 40 ms on each new
/// connection, and silently retries up to fifteen times.
#[expect(clippy::disallowed_types, reason = "this is the module that is allowed to")]
pub(super) async fn client(target: &Target) -> Result<Connection, ConnectError> {
    let places = places(target);
    let mut kubeconfig = read(target, &places)?;
    let context = kubeconfig
        .contexts
        .iter()
        .find(|context| context.name == target.context)
        .ok_or_else(|| ConnectError::UnknownContext {
            places: places.clone(),
            context: target.context.clone(),
            known: kubeconfig
                .contexts
                .iter()
                .map(|context| context.name.clone())
                .collect(),
        })?;
    let unusable = |cause: String| ConnectError::Unusable {
        places: places.clone(),
        context: target.context.clone(),
        cause,
    };
    let cluster_name = context.context.as_ref().map(|context| context.cluster.clone());
    // Removed because `kube` would otherwise interpret the proxy variables itself.
    let cluster = kubeconfig
        .clusters
        .iter_mut()
        .find(|named| Some(&named.name) == cluster_name.as_ref())
        .and_then(|named| named.cluster.as_mut());
    let proxy_url = cluster.and_then(|cluster| cluster.proxy_url.take());
    let options = KubeConfigOptions {
        context: Some(target.context.clone()),
        ..KubeConfigOptions::default()
    };
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .map_err(|error| unusable(in_words(&error)))?;
    let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();

    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.enforce_http(false);
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let proxy = Proxy::of(&config.cluster_url, proxy_url.as_deref(), |name| {
        std::env::var(name).ok()
    })
    .map_err(unusable)?;
    let transport = match &proxy {
        None => transport(&config, connector),
        Some(proxy) => match proxy.protocol {
            Protocol::Http => {
                let tunnel = Tunnel::new(proxy.url.clone(), connector);
                transport(
                    &config,
                    proxy.authorization().into_iter().fold(tunnel, Tunnel::with_auth),
                )
            }
            Protocol::Socks5 => {
                let socks = SocksV5::new(proxy.url.clone(), connector);
                let credentials = proxy.credentials().into_iter();
                transport(
                    &config,
                    credentials.fold(socks, |socks, (user, password)| socks.with_auth(user, password)),
                )
            }
        },
    };
    let transport = transport.map_err(|error| unusable(deepest(&error)))?;
    let is_near = is_loopback(config.cluster_url.host().unwrap_or_default());
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer().map_err(|error| unusable(deepest(&error)))?)
        .layer(
            config
                .extra_headers_layer()
                .map_err(|error| unusable(deepest(&error)))?,
        )
        .map_err(BoxError::from)
        .service(transport);
    Ok(Connection {
        client: kube::Client::new(service, config.default_namespace),
        server,
        proxy: proxy.map(|proxy| proxy.to_string()),
        is_near,
    })
}

type Transport = BoxCloneSyncService<http::Request<Body>, http::Response<Incoming>, legacy::Error>;

/// Builds a transport that sends requests over TLS on the connections of `connector`.
fn transport<C>(config: &kube::Config, connector: C) -> Result<Transport, kube::Error>
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: legacy::connect::Connection + Read + Write + Unpin + Send + 'static,
    C::Future: Send + 'static,
    C::Error: Into<BoxError>,
{
    let connector = config.rustls_https_connector_with_connector(connector)?;
    let connector = Prepared::to(&config.cluster_url, connector);
    let client = legacy::Client::builder(TokioExecutor::new()).build::<_, Body>(connector);
    Ok(BoxCloneSyncService::new(client))
}

/// Returns whether a host is this machine.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn read(target: &Target, places: &str) -> Result<Kubeconfig, ConnectError> {
    let read = match &target.kubeconfig {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    };
    read.map_err(|error| match &error {
        KubeconfigError::ReadConfig(io, _) if io.kind() == std::io::ErrorKind::NotFound => {
            ConnectError::Missing {
                places: places.to_owned(),
            }
        }
        KubeconfigError::FindPath => ConnectError::Missing {
            places: places.to_owned(),
        },
        _ => ConnectError::Unreadable {
            places: places.to_owned(),
            cause: in_words(&error),
        },
    })
}

/// Returns the paths of the kubeconfig, as error messages show them.
fn places(target: &Target) -> String {
    match (&target.kubeconfig, std::env::var("KUBECONFIG")) {
        (Some(path), _) => format!("`{}`", path.display()),
        (None, Ok(paths)) if !paths.is_empty() => format!("`{paths}` (from KUBECONFIG)"),
        _ => "`~/.kube/config`".to_owned(),
    }
}

/// Formats the error without the parts that repeat each other.
fn in_words(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::ReadConfig(io, _) => io.to_string(),
        KubeconfigError::Parse(error) => error.to_string(),
        KubeconfigError::LoadContext(name) => format!("context `{name}` has no settings"),
        KubeconfigError::LoadClusterOfContext(name) => format!("its cluster `{name}` is missing"),
        // `kube` reads this variable as well.
        KubeconfigError::ParseProxyUrl(_) => "HTTPS_PROXY is not the URL of a proxy".to_owned(),
        KubeconfigError::MissingClusterUrl => "its cluster has no `server`".to_owned(),
        other => deepest(other),
    }
}

/// Returns the innermost cause, the only one that says what happened.
pub(super) fn deepest(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

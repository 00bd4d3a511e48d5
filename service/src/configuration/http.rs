//! The address of the service, and the limits on requests.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::time::Duration;

use super::{ConfigurationError, Variables};

/// The address and the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Http {
    /// `LISTEN_ADDRESS`, default `0.0.0.0:5000`; port 0 picks a free port.
    pub listen_address: SocketAddr,
    /// `BODY_LIMIT_BYTES`, default 1 MiB: well above what people and forms send, and 1/500 of the container's memory.
    pub body_bytes: usize,
    /// `BODIES_LIMIT_BYTES`, default 128 MiB: the memory budget for all bodies above 16 KiB. A quarter is for reading
    /// them, the rest for the documents made from them and their copies on the way to MongoDB.
    pub bodies_bytes: u32,
    /// `BODY_SECONDS`, default 10: from the end of the head to the end of the body. Longer than a call to MongoDB,
    /// shorter than the grace period.
    pub body_timeout: Duration,
    /// `HEAD_SECONDS`, default 10: from the first to the last byte of a head, and the idle time of a connection.
    pub head_timeout: Duration,
    /// `WRITE_SECONDS`, default 30: how long a client may stop reading its response.
    pub write_timeout: Duration,
    /// `CONNECTION_LIMIT`, default 2000: further connections wait. Each takes about 30 KiB. A lower limit on open files
    /// takes precedence.
    pub connections: usize,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen_address: SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 5000),
            body_bytes: 1024 * 1024,
            bodies_bytes: 128 * 1024 * 1024,
            body_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            connections: 2000,
        }
    }
}

impl Http {
    pub(super) fn from_variables(variables: &Variables) -> Result<Self, ConfigurationError> {
        let default = Self::default();
        let address = "an IP address and a port such as `0.0.0.0:5000`";
        let bytes = "a number of bytes such as `1048576`";
        Ok(Self {
            listen_address: variables
                .parse("LISTEN_ADDRESS", address)?
                .unwrap_or(default.listen_address),
            body_bytes: variables
                .parse("BODY_LIMIT_BYTES", bytes)?
                .unwrap_or(default.body_bytes),
            bodies_bytes: variables
                .parse("BODIES_LIMIT_BYTES", bytes)?
                .unwrap_or(default.bodies_bytes),
            body_timeout: variables.seconds("BODY_SECONDS", default.body_timeout)?,
            head_timeout: variables.seconds("HEAD_SECONDS", default.head_timeout)?,
            write_timeout: variables.seconds("WRITE_SECONDS", default.write_timeout)?,
            connections: variables
                .parse::<NonZeroUsize>("CONNECTION_LIMIT", "a number of connections such as `2000`")?
                .map_or(default.connections, NonZeroUsize::get),
        })
    }
}

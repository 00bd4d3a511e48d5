//! The port that every node opens for a Service. Pure.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::invalid::InvalidValue;

/// A port on every node, from 30000 to 32767.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodePort(u16);

impl NodePort {
    /// The default range of an API server.
    pub const RANGE: RangeInclusive<u16> = 30000..=32767;

    /// The port number.
    #[must_use]
    pub fn number(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for NodePort {
    type Error = InvalidValue;

    fn try_from(number: u16) -> Result<Self, InvalidValue> {
        if Self::RANGE.contains(&number) {
            return Ok(Self(number));
        }
        Err(InvalidValue::new(format!("`{number}` is not a node port")))
    }
}

impl FromStr for NodePort {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let number: u16 = text.parse().map_err(|_| InvalidValue::new("not a port number"))?;
        Self::try_from(number)
    }
}

impl fmt::Display for NodePort {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

//! When a node pulls an image. Pure.

use std::fmt;
use std::str::FromStr;

use super::invalid::{InvalidValue, printable};
use super::nearest::nearest;

/// When a node pulls an image; the variants are those of Kubernetes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImagePullPolicy {
    /// At every start of a container.
    Always,
    /// If the node does not have the image.
    IfNotPresent,
    /// Never; the image must already be on the node.
    Never,
}

impl ImagePullPolicy {
    const ALL: [Self; 3] = [Self::Always, Self::IfNotPresent, Self::Never];

    /// The value in a manifest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Always => "Always",
            Self::IfNotPresent => "IfNotPresent",
            Self::Never => "Never",
        }
    }
}

impl FromStr for ImagePullPolicy {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::ALL
            .into_iter()
            .find(|policy| policy.as_str() == text)
            .ok_or_else(|| {
                let found = printable(text);
                match nearest(text, Self::ALL.map(Self::as_str)) {
                    Some(nearest) => InvalidValue::new(format!("found `{found}`, nearest: `{nearest}`")),
                    None => InvalidValue::new(format!("found `{found}`")),
                }
            })
    }
}

impl fmt::Display for ImagePullPolicy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

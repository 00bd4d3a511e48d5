//! Parses `environments/NAME.toml` into a typed `Environment`. Every name, quantity and port is validated here, so that
//! nothing after it can fail on them. Pure, except for `load`.

mod error;
mod fault;
mod file;
mod image;
mod invalid;
mod keys;
mod layers;
mod load;
mod names;
mod nearest;
mod node_port;
mod parse;
mod policy;
mod pull_policy;
mod quantity;
mod quota;
mod reader;
#[cfg(test)]
mod schema;
mod settings;
mod validate;
mod variables;

#[cfg(test)]
mod location_tests;
#[cfg(test)]
mod tests;

pub use error::EnvironmentError;
pub use fault::Faults;
pub use image::Image;
pub use invalid::InvalidValue;
pub use load::{load_location, names};
pub use names::{
    ClaimName, ClusterId, EnvironmentName, HostDirectory, NamespaceName, NodeName, RegistryServer,
    StorageClassName,
};
pub use node_port::NodePort;
pub use parse::{Located, parse, parse_location};
pub use pull_policy::ImagePullPolicy;
pub use quantity::{ByteQuantity, CpuQuantity};
pub use settings::{
    Autoscaling, ClusterSettings, Environment, Location, MongodbSettings, Namespaces, PullSecret, Quota,
    RecordSettings, ResourceAmounts, Resources, Scale, ServiceSettings, Storage,
};

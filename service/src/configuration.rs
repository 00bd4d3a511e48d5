//! The configuration: one struct per concern, whose fields name their variable and default.

mod dotenv;
mod error;
mod http;
mod logging;
mod mongodb;
mod shutdown;
mod threads;
mod variables;

pub use dotenv::DotenvError;
pub use error::ConfigurationError;
pub use http::Http;
pub use logging::Logging;
pub use mongodb::Mongodb;
pub use shutdown::Shutdown;
pub use threads::Threads;
pub use variables::Variables;

/// The complete configuration.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// The address and the limits on requests.
    pub http: Http,
    /// The MongoDB connection.
    pub mongodb: Mongodb,
    /// The shutdown.
    pub shutdown: Shutdown,
    /// The log.
    pub logging: Logging,
    /// The runtime.
    pub threads: Threads,
}

impl Configuration {
    /// Builds the configuration from variables. Errors name the variable, and quote its value unless it is secret.
    pub(crate) fn from_variables(variables: &Variables) -> Result<Self, ConfigurationError> {
        Ok(Self {
            http: Http::from_variables(variables)?,
            mongodb: Mongodb::from_variables(variables)?,
            shutdown: Shutdown::from_variables(variables)?,
            logging: Logging::from_variables(variables)?,
            threads: Threads::from_variables(variables)?,
        })
    }
}

#[cfg(test)]
mod tests;

//! What differs between installations: one struct per concern, each field with its default and its variable.

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

/// Everything that the service is told from outside.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// How it is reached, and what a request may take.
    pub http: Http,
    /// Where the documents are.
    pub mongodb: Mongodb,
    /// How it stops.
    pub shutdown: Shutdown,
    /// What it says on stdout.
    pub logging: Logging,
    /// What it runs on.
    pub threads: Threads,
}

impl Configuration {
    /// Builds the configuration from variables.
    ///
    /// # Errors
    /// Names the variable that cannot be used; values are only quoted where they are no secrets.
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

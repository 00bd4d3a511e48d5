//! The commands, one file each, and how they end.

mod address;
pub mod apply;
mod deploy;
pub mod destroy;
pub mod diff;
pub mod forward;
pub mod image;
mod interrupt;
mod locate;
pub mod man;
pub mod plan;
mod planning;
mod prompt;
pub mod render;
mod session;
pub mod status;
mod summary;
pub mod validate;

use std::fmt;
use std::sync::Arc;

use crate::cli::{Command, Global, Output};
use crate::report::{Format, Report};

pub use interrupt::Interrupts;

/// The context that every command runs in.
pub struct Context {
    /// The flags of every command.
    pub global: Global,
    /// Prints results, warnings and errors.
    pub report: Report,
    /// Ctrl-C and SIGTERM.
    pub interrupts: Interrupts,
}

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to do.
    Done,
    /// Failed.
    Failed,
    /// Changes are pending, with `--detailed-exitcode`.
    Pending,
    /// Not ready in time, or unable to become ready.
    NotReady,
    /// Another run holds the lock.
    Locked,
    /// The cluster has moved since the plan.
    Moved,
    /// Refused for want of consent.
    Refused,
    /// Usage error.
    Usage,
    /// Ended by Ctrl-C.
    Interrupted,
    /// Ended by SIGTERM.
    Terminated,
}

impl Exit {
    /// The exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Pending => 2,
            Self::NotReady => 3,
            Self::Locked => 4,
            Self::Moved => 5,
            Self::Refused => 6,
            Self::Usage => 64,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// The word for the exit code in JSON output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Pending => "pending",
            Self::NotReady => "not_ready",
            Self::Locked => "locked",
            Self::Moved => "moved",
            Self::Refused => "refused",
            Self::Usage => "usage",
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
        }
    }
}

/// An error, its exit code and the next step.
#[derive(Debug)]
pub struct Failure {
    /// How the command ends.
    pub exit: Exit,
    /// What failed; its causes are printed after it.
    pub error: anyhow::Error,
    /// What to do next.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure with its exit code.
    pub fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self {
            exit,
            error: error.into(),
            hint: None,
        }
    }

    /// Adds the next step.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:#}", self.error)
    }
}

/// The format of a command's result: one document for what only reads, a line per event for what writes.
#[must_use]
pub fn format(command: &Command) -> Format {
    let (output, json) = match command {
        Command::Plan(args) => (&args.output, Format::Document),
        Command::Diff(args) => (&args.output, Format::Document),
        Command::Status(args) => (&args.output, Format::Document),
        Command::Apply(args) => (&args.output, Format::Lines),
        Command::Destroy(args) => (&args.output, Format::Lines),
        _ => return Format::Text,
    };
    match output.output {
        Output::Human => Format::Text,
        Output::Json => json,
    }
}

/// Runs a command.
///
/// # Errors
/// When it does not succeed.
pub async fn run(command: &Command, context: &Arc<Context>) -> Result<Exit, Failure> {
    match command {
        Command::Plan(args) => plan::run(args, context).await,
        Command::Diff(args) => diff::run(args, context).await,
        Command::Apply(args) => Box::pin(apply::run(args, context)).await,
        Command::Destroy(args) => Box::pin(destroy::run(args, context)).await,
        Command::Image(args) => image::run(args, context).await,
        Command::Forward(args) => forward::run(args, context).await,
        Command::Status(args) => status::run(args, context).await,
        Command::Render(args) => render::run(args, context),
        Command::Validate(args) => validate::run(args, context),
        Command::Man(args) => man::run(args, context),
    }
}

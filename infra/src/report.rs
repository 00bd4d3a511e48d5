//! The only writer to stdout and stderr. The result goes to stdout, everything else to stderr.

mod events;
mod manifests;
mod plan_text;
mod style;
mod yaml;

use std::io::{self, IsTerminal as _, Write};
use std::sync::{Mutex, OnceLock, PoisonError};

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};

use crate::apply::Event;
use crate::object::ObjectId;
use crate::plan::Plan;
use crate::stack::Stack;

/// How much is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// The result alone.
    Quiet,
    /// What changes.
    Normal,
    /// Unchanged objects and whole values too.
    Verbose,
}

/// Everything that is printed goes through here.
pub struct Report {
    verbosity: Verbosity,
    result: Mutex<AutoStream<io::Stdout>>,
    aside: Mutex<AutoStream<io::Stderr>>,
    lost: OnceLock<io::Error>,
}

impl Report {
    /// Prepares both outputs. `colour` decides for both; `Auto` looks at each and at `NO_COLOR`.
    #[must_use]
    pub fn new(colour: ColorChoice, verbosity: Verbosity) -> Self {
        Self {
            verbosity,
            result: Mutex::new(AutoStream::new(io::stdout(), colour)),
            aside: Mutex::new(AutoStream::new(io::stderr(), colour)),
            lost: OnceLock::new(),
        }
    }

    /// Prints a part of the result.
    pub fn result(&self, text: &str) {
        if let Err(error) = print(&self.result, text) {
            // The first one tells; what is under way goes on.
            let _ = self.lost.set(error);
        }
    }

    /// Why a part of the result could not be printed, such as a full disk. A reader that has gone away (`| head`) has seen
    /// what it wanted, and is no reason.
    pub fn lost(&self) -> Option<&io::Error> {
        self.lost
            .get()
            .filter(|error| error.kind() != io::ErrorKind::BrokenPipe)
    }

    /// Prints what a person should know and a program need not.
    pub fn aside(&self, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            let _ = print(&self.aside, text);
        }
    }

    /// Prints what a plan would do, without its last line.
    pub fn plan(&self, plan: &Plan) {
        if self.verbosity > Verbosity::Quiet || plan.refusals().next().is_some() {
            let text = plan_text::changes(plan, self.verbosity);
            if !text.is_empty() {
                self.result(&text);
            }
        }
        for gap in &plan.gaps {
            self.warning(&format!(
                "objects that are no longer wanted may be missing here: {gap}"
            ));
        }
    }

    /// Prints objects as manifests.
    pub fn manifests(&self, environment: &str, stack: &Stack) {
        self.result(&manifests::text(environment, stack));
    }

    /// Prints what happens during an apply.
    pub fn event(&self, event: &Event) {
        self.aside(&events::line(event));
    }

    /// Prints something that is not as it should be, and no error.
    pub fn warning(&self, text: &str) {
        let _ = print(&self.aside, &format!("{} {text}", style::warning("warning:")));
    }

    /// Prints an error and what to do next.
    pub fn error(&self, text: &str, hint: Option<&str>) {
        let _ = print(&self.aside, &format!("{} {text}", style::bad("error:")));
        if let Some(hint) = hint {
            self.hint(hint);
        }
    }

    /// Prints what to do next.
    pub fn hint(&self, hint: &str) {
        let _ = print(&self.aside, &format!("{} {hint}", style::hint("hint:")));
    }

    /// Prints text that was laid out elsewhere, such as a fault with its source line.
    pub fn laid_out(&self, plain: &str, coloured: &str) {
        let text = match self.aside.lock() {
            Ok(aside) if aside.current_choice() == ColorChoice::Never => plain,
            _ => coloured,
        };
        let _ = print(&self.aside, text.trim_end());
    }

    /// Prints what stays in the cluster, and why.
    pub fn kept(&self, kept: &[(&ObjectId, &str)]) {
        for (id, why) in kept {
            self.result(&format!("  {} {id}: {why}", style::faint("kept")));
        }
    }

    /// Asks a question; `None` when nobody is there to answer it.
    pub fn ask(&self, question: &str) -> Option<()> {
        if !io::stdin().is_terminal() {
            return None;
        }
        if let Ok(mut aside) = self.aside.lock() {
            let _ = write!(aside, "{question} ");
            let _ = aside.flush();
        }
        Some(())
    }
}

/// Prints a line. What cannot be said on standard error cannot be said at all.
fn print<S: RawStream>(stream: &Mutex<AutoStream<S>>, text: &str) -> io::Result<()>
where
    AutoStream<S>: Write,
{
    let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
    writeln!(stream, "{text}")?;
    stream.flush()
}

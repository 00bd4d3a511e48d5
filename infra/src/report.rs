//! The only writer to stdout and stderr. The result goes to stdout, everything else to stderr.

mod diff;
mod effects;
mod events;
pub mod json;
mod live;
mod manifests;
mod plan_text;
mod status_text;
mod style;
mod wrap;
mod yaml;

use std::io::{self, IsTerminal as _, Write};
use std::pin::pin;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use console::Term;
use serde::Serialize;

use effects::Effects;
use engine::apply::{Event, RunSummary};
use engine_core::object::ObjectId;
use engine_core::plan::Plan;
use engine_core::stack::Stack;
use json::diff::DiffDocument;
use json::lines::Line;
use json::status::StatusDocument;
use json::{Place, PlanDocument};
use live::Live;

pub use json::status::Standing;

/// Work that takes longer shows a progress line. For shorter work the line would only flicker.
const PATIENCE: Duration = Duration::from_secs(1);

/// How much to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Only the result.
    Quiet,
    /// What changes.
    Normal,
    /// Also unchanged objects and full values.
    Verbose,
}

/// The format of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Text for people.
    Text,
    /// One JSON document.
    Document,
    /// JSON Lines: one object per line.
    Lines,
}

/// Prints to stdout and stderr, and shows progress. Every command prints through it.
pub struct Report {
    format: Format,
    verbosity: Verbosity,
    result: Mutex<AutoStream<io::Stdout>>,
    aside: Mutex<AutoStream<io::Stderr>>,
    live: Live,
    lost: OnceLock<io::Error>,
    done: Mutex<Option<RunSummary>>,
}

impl Report {
    /// Prepares both outputs. `colour` decides for both; `Auto` checks each for a terminal, and `NO_COLOR`.
    #[must_use]
    pub fn new(format: Format, colour: ColorChoice, verbosity: Verbosity) -> Self {
        Self {
            format,
            verbosity,
            result: Mutex::new(AutoStream::new(io::stdout(), colour)),
            aside: Mutex::new(AutoStream::new(io::stderr(), colour)),
            live: Live::default(),
            lost: OnceLock::new(),
            done: Mutex::default(),
        }
    }

    /// Whether verbose output was requested.
    pub fn is_verbose(&self) -> bool {
        self.verbosity == Verbosity::Verbose
    }

    /// Prints a part of the result, in text format only.
    pub fn result(&self, text: &str) {
        if self.format == Format::Text {
            self.print_result(text);
        }
    }

    fn print_result(&self, text: &str) {
        if let Err(error) = self.live.above(|| print(&self.result, text)) {
            // Keeps the first error; the command carries on.
            let _ = self.lost.set(error);
        }
    }

    /// The error that kept part of the result from being printed, such as a full disk. A closed pipe (`| head`) does not count:
    /// the reader has seen enough.
    pub fn lost(&self) -> Option<&io::Error> {
        self.lost
            .get()
            .filter(|error| error.kind() != io::ErrorKind::BrokenPipe)
    }

    /// Prints a message for people to stderr, unless quiet.
    pub fn aside(&self, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.print_aside(text);
        }
    }

    fn print_aside(&self, text: &str) {
        let _ = self.live.above(|| print(&self.aside, text));
    }

    /// Starts to show on a terminal what an apply waits for.
    pub fn begin_progress(&self) {
        if self.format == Format::Text && self.verbosity > Verbosity::Quiet {
            self.live.begin();
        }
    }

    /// Runs a future. If it takes long, shows the work, such as `planning sandbox`, on a terminal.
    pub async fn during<T>(&self, work: &str, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        tokio::select! {
            result = &mut future => return result,
            () = tokio::time::sleep(PATIENCE) => {}
        }
        if self.format == Format::Text && self.verbosity > Verbosity::Quiet {
            self.live.begin_work(work, PATIENCE);
        }
        let result = future.await;
        self.live.end();
        result
    }

    /// Clears the progress line.
    pub fn end_progress(&self) {
        self.live.end();
    }

    /// Prints a plan. The text leaves out the last line, which the caller prints; JSON is complete.
    pub fn plan(&self, plan: &Plan, place: &Place) {
        match self.format {
            Format::Text if self.verbosity == Verbosity::Quiet && plan.refusals().next().is_none() => {}
            Format::Text => {
                let text = plan_text::changes(plan, self.verbosity);
                if !text.is_empty() {
                    self.result(&for_terminal(text, &Term::stdout()));
                }
                if let Some(line) = Effects::of(plan).line() {
                    self.result(&for_terminal(line, &Term::stdout()));
                }
            }
            Format::Document => self.document(&PlanDocument::new(plan, place)),
            Format::Lines => self.line(&Line::Plan {
                plan: Box::new(PlanDocument::new(plan, place)),
            }),
        }
        self.gaps(plan);
    }

    /// Prints a plan as a diff.
    pub fn diff(&self, plan: &Plan, place: &Place) {
        if self.format == Format::Text {
            let text = diff::text(plan);
            if !text.is_empty() {
                self.result(&text);
            }
        } else {
            self.document(&DiffDocument::new(plan, place));
        }
        self.gaps(plan);
    }

    fn gaps(&self, plan: &Plan) {
        for gap in &plan.gaps {
            self.warning(&format!("unwanted objects may be missing from this plan: {gap}"));
        }
    }

    /// Prints objects as manifests.
    pub fn manifests(&self, environment: &str, stack: &Stack) {
        self.result(&manifests::text(environment, stack));
    }

    /// Prints the status of an environment.
    pub fn status(&self, standing: &Standing<'_>) {
        if self.format != Format::Text {
            self.document(&StatusDocument::new(standing));
            return;
        }
        let text = status_text::lines(standing.parts);
        if !text.is_empty() {
            self.result(&for_terminal(text, &Term::stdout()));
        }
    }

    /// Prints an event of an apply.
    pub fn event(&self, event: &Event) {
        match self.format {
            Format::Lines => self.line(&Line::of(event)),
            Format::Text | Format::Document if self.live.shows(event) => {}
            Format::Text | Format::Document => {
                self.aside(&for_terminal(events::line(event), &Term::stderr()));
            }
        }
    }

    /// Records the summary of the run for [`Report::ending`].
    pub fn done(&self, outcome: &RunSummary) {
        *self.done.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome.clone());
    }

    /// Prints the last JSON line of an apply: how it ended, and the summary if it got as far as writing. Called once, by the
    /// caller that knows the exit code.
    pub fn ending(&self, word: &'static str, code: u8, error: Option<&str>) {
        if self.format == Format::Lines {
            let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
            self.line(&Line::ending(word, code, error, done.as_ref()));
        }
    }

    fn document(&self, document: &impl Serialize) {
        let text = serde_json::to_string_pretty(document).expect("documents have text as keys");
        self.print_result(&text);
    }

    fn line(&self, line: &Line<'_>) {
        let text = serde_json::to_string(line).expect("lines have text as keys");
        self.print_result(&text);
    }

    /// Prints a warning.
    pub fn warning(&self, text: &str) {
        self.print_aside(&format!("{} {text}", style::warning("warning:")));
    }

    /// Prints an error and a hint.
    pub fn error(&self, text: &str, hint: Option<&str>) {
        self.print_aside(&format!("{} {text}", style::bad("error:")));
        if let Some(hint) = hint {
            self.hint(hint);
        }
    }

    /// Prints a hint: what to do next.
    pub fn hint(&self, hint: &str) {
        self.print_aside(&format!("{} {hint}", style::hint("hint:")));
    }

    /// Prints preformatted text, such as a fault with its source line.
    pub fn laid_out(&self, plain: &str, coloured: &str) {
        let text = match self.aside.lock() {
            Ok(aside) if aside.current_choice() == ColorChoice::Never => plain,
            _ => coloured,
        };
        self.print_aside(text.trim_end());
    }

    /// Prints the objects that stay in the cluster, and why.
    pub fn kept(&self, kept: &[(&ObjectId, &str)]) {
        for (id, why) in kept {
            self.result(&format!("  {} {id}: {why}", style::faint("kept")));
        }
    }

    /// Asks a question; `None` if standard input is not a terminal.
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

/// Wraps long lines if they go to a terminal.
fn for_terminal(text: String, terminal: &Term) -> String {
    if terminal.is_term() {
        wrap::wrap(&text, usize::from(terminal.size().1))
    } else {
        text
    }
}

/// Prints a line. Callers ignore errors of standard error: there is nowhere left to report them.
fn print<S: RawStream>(stream: &Mutex<AutoStream<S>>, text: &str) -> io::Result<()>
where
    AutoStream<S>: Write,
{
    let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
    writeln!(stream, "{text}")?;
    stream.flush()
}

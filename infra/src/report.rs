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

/// What takes longer is said while it does: a line that comes and goes at once would only flicker.
const PATIENCE: Duration = Duration::from_secs(1);

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

/// For whom the result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For programs: one JSON document.
    Document,
    /// For programs: one JSON object on each line.
    Lines,
}

/// Everything that is printed goes through here.
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
    /// Prepares both outputs. `colour` decides for both; `Auto` looks at each and at `NO_COLOR`.
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

    /// Whether more is wanted than what changes.
    pub fn is_verbose(&self) -> bool {
        self.verbosity == Verbosity::Verbose
    }

    /// Prints a part of the result that is for people.
    pub fn result(&self, text: &str) {
        if self.format == Format::Text {
            self.print_result(text);
        }
    }

    fn print_result(&self, text: &str) {
        if let Err(error) = self.live.above(|| print(&self.result, text)) {
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
            self.print_aside(text);
        }
    }

    fn print_aside(&self, text: &str) {
        let _ = self.live.above(|| print(&self.aside, text));
    }

    /// From now on shows on a terminal what is waited for.
    pub fn begin_progress(&self) {
        if self.format == Format::Text && self.verbosity > Verbosity::Quiet {
            self.live.begin();
        }
    }

    /// Does something, and shows on a terminal what, such as `planning sandbox`, once it takes long.
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

    /// Nothing is waited for any more.
    pub fn end_progress(&self) {
        self.live.end();
    }

    /// Prints what a plan would do: for people without its last line, for programs whole.
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

    /// Prints what a plan would do as a diff.
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
            self.warning(&format!(
                "objects that are no longer wanted may be missing here: {gap}"
            ));
        }
    }

    /// Prints objects as manifests.
    pub fn manifests(&self, environment: &str, stack: &Stack) {
        self.result(&manifests::text(environment, stack));
    }

    /// Prints what is there.
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

    /// Prints what happens during an apply.
    pub fn event(&self, event: &Event) {
        match self.format {
            Format::Lines => self.line(&Line::of(event)),
            Format::Text | Format::Document if self.live.shows(event) => {}
            Format::Text | Format::Document => {
                self.aside(&for_terminal(events::line(event), &Term::stderr()));
            }
        }
    }

    /// Takes note of what was done, for [`Report::ending`].
    pub fn done(&self, outcome: &RunSummary) {
        *self.done.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome.clone());
    }

    /// Tells programs how an apply ended, and what was done when anything could be. Said once, by whoever knows the exit code.
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

    /// Prints something that is not as it should be, and no error.
    pub fn warning(&self, text: &str) {
        self.print_aside(&format!("{} {text}", style::warning("warning:")));
    }

    /// Prints an error and what to do next.
    pub fn error(&self, text: &str, hint: Option<&str>) {
        self.print_aside(&format!("{} {text}", style::bad("error:")));
        if let Some(hint) = hint {
            self.hint(hint);
        }
    }

    /// Prints what to do next.
    pub fn hint(&self, hint: &str) {
        self.print_aside(&format!("{} {hint}", style::hint("hint:")));
    }

    /// Prints text that was laid out elsewhere, such as a fault with its source line.
    pub fn laid_out(&self, plain: &str, coloured: &str) {
        let text = match self.aside.lock() {
            Ok(aside) if aside.current_choice() == ColorChoice::Never => plain,
            _ => coloured,
        };
        self.print_aside(text.trim_end());
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

/// Breaks long lines between words, when they go to a terminal.
fn for_terminal(text: String, terminal: &Term) -> String {
    if terminal.is_term() {
        wrap::wrap(&text, usize::from(terminal.size().1))
    } else {
        text
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

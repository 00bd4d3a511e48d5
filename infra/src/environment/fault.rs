//! The faults of an environment file, and how they are shown. Pure.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::keys::is_within;

/// Something wrong with an environment, and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) place: Place,
    pub(super) concern: Concern,
    /// What is wrong.
    pub(super) title: String,
    /// The text beside the caret.
    pub(super) label: String,
    /// The next step, where the label does not say it.
    pub(super) hint: Option<String>,
}

/// What a fault leaves in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Concern {
    /// Where the environment is, or whether it may be destroyed: `[cluster]` and `[record]`.
    Location,
    /// What it consists of: every other table.
    Content,
}

impl Concern {
    /// The concern of a key or table.
    pub(super) fn of(path: &str) -> Self {
        if ["cluster", "record"].iter().any(|table| is_within(path, table)) {
            Self::Location
        } else {
            Self::Content
        }
    }
}

/// The place of a fault. Faults are shown in this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    WholeFile,
    /// A range of bytes of the file: start and end.
    Bytes(usize, usize),
    /// A variable, and its value unless it must not be shown.
    Variable(String, Option<String>),
}

/// All faults of one environment, in the order of the file; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    file: PathBuf,
    text: String,
    found: Vec<Fault>,
}

impl From<Range<usize>> for Place {
    fn from(span: Range<usize>) -> Self {
        Self::Bytes(span.start, span.end)
    }
}

impl Faults {
    pub(super) fn new(file: &Path, text: &str, mut found: Vec<Fault>) -> Self {
        found.sort_by(|one, other| one.place.cmp(&other.place));
        Self {
            file: file.to_owned(),
            text: text.to_owned(),
            found,
        }
    }

    /// The file that the environment was read from.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The faults of the file alone.
    #[must_use]
    pub fn count(&self) -> usize {
        self.found.len() - self.variables().count()
    }

    /// The names of the variables that have a fault, one for each.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.found.iter().filter_map(|fault| match &fault.place {
            Place::Variable(name, _) => Some(name.as_str()),
            Place::WholeFile | Place::Bytes(..) => None,
        })
    }

    /// Shows every fault with its place, as rustc does.
    pub(super) fn render(&self, level: &Level<'static>, renderer: &Renderer) -> String {
        let path = self.file.display().to_string();
        let mut shown = String::new();
        for fault in &self.found {
            let group = fault.group(level, &path, &self.text);
            let _infallible = write!(shown, "{}\n\n", renderer.render(&[group]));
        }
        shown
    }
}

impl Fault {
    fn group<'a>(&'a self, level: &Level<'a>, path: &'a str, text: &'a str) -> Group<'a> {
        let title = level.clone().primary_title(&self.title);
        let group = match &self.place {
            Place::WholeFile => title
                .element(Origin::path(path))
                .element(Level::NOTE.message(&self.label)),
            Place::Bytes(start, end) => {
                let annotation = AnnotationKind::Primary.span(*start..*end).label(&self.label);
                title.element(Snippet::source(text).path(path).annotation(annotation))
            }
            Place::Variable(name, None) => title
                .element(Origin::path(name))
                .element(Level::NOTE.message(&self.label)),
            Place::Variable(name, Some(value)) => {
                let assignment = format!("{name}={value}");
                let span = name.len() + 1..assignment.len();
                let annotation = AnnotationKind::Primary.span(span).label(&self.label);
                let snippet = Snippet::source(assignment)
                    .line_numbering(false)
                    .annotation(annotation);
                title.element(snippet)
            }
        };
        match &self.hint {
            Some(hint) => group.element(Level::HELP.with_name("hint").message(hint)),
            None => group,
        }
    }
}

//! Why an environment could not be loaded, and what to do next. Pure.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use annotate_snippets::{Group, Level, Renderer};

use super::fault::Faults;
use super::invalid::{InvalidValue, printable};
use super::names::EnvironmentName;
use super::nearest::nearest;
use crate::image::ContextError;

/// Why an environment could not be loaded.
///
/// `Display` is one line; [`EnvironmentError::render`] shows every fault.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// The name is not valid.
    #[error("`{}` is not the name of an environment", printable(.name))]
    InvalidName {
        /// The name as it was given.
        name: String,
        /// What is wrong with it.
        source: InvalidValue,
    },
    /// No file has that name.
    #[error("there is no environment `{name}` in `{}`", .directory.display())]
    UnknownEnvironment {
        /// The missing environment.
        name: EnvironmentName,
        /// The directory of environment files.
        directory: PathBuf,
        /// The existing environments, sorted.
        known: Vec<EnvironmentName>,
    },
    /// The directory of environment files could not be listed.
    #[error("the directory of environments `{}` cannot be read", .directory.display())]
    UnreadableDirectory {
        /// The directory of environment files.
        directory: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file exists and could not be read.
    #[error("`{}` cannot be read", .file.display())]
    UnreadableFile {
        /// The environment file.
        file: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file is not text.
    #[error("`{}` is not UTF-8: line {line} holds the first wrong byte", .file.display())]
    FileNotText {
        /// The environment file.
        file: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// A variable is not text.
    #[error("the value of the variable `{}` is not UTF-8", printable(.variable))]
    VariableNotText {
        /// The variable's name.
        variable: String,
    },
    /// The image is built here, and its files cannot be read or understood.
    #[error("`{}` builds its image, and it cannot be told what from", .file.display())]
    Unbuildable {
        /// The environment file.
        file: PathBuf,
        /// What is missing or not understood.
        source: ContextError,
    },
    /// The file, or a variable that overrides it, has faults.
    #[error("{}", counted(.0))]
    Faulty(Box<Faults>),
}

impl EnvironmentError {
    /// The next step, if it is more than correcting the faults shown.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::InvalidName { .. } => {
                "give the name of an environment, such as `minikube`, or the path of its file".to_owned()
            }
            Self::UnknownEnvironment {
                name,
                directory,
                known,
            } => unknown_hint(name, directory, known),
            Self::UnreadableDirectory { .. } => {
                "run above the directory `environments`, or name it with `--environments`".to_owned()
            }
            Self::FileNotText { .. } => "save the file as UTF-8".to_owned(),
            Self::VariableNotText { .. } => "set the variable again, or unset it".to_owned(),
            Self::Unbuildable { .. } => {
                "the `Dockerfile` stands above the directory of environments; or set `build = false` in `[service]`"
                    .to_owned()
            }
            Self::UnreadableFile { .. } | Self::Faulty(_) => return None,
        };
        Some(hint)
    }

    /// Shows every fault with its place, then the error, its causes and the hint.
    #[must_use]
    pub fn render(&self) -> String {
        self.render_with(&Renderer::plain())
    }

    /// The same as [`EnvironmentError::render`] with terminal colours.
    #[must_use]
    pub fn render_coloured(&self) -> String {
        self.render_with(&Renderer::styled())
    }

    /// The faults of a file where only `[cluster]` and `[record]` matter, as warnings for people, without and with
    /// terminal colours.
    #[must_use]
    pub fn render_warnings(&self) -> (String, String) {
        (
            self.warnings(&Renderer::plain()),
            self.warnings(&Renderer::styled()),
        )
    }

    fn warnings(&self, renderer: &Renderer) -> String {
        let faults = match self {
            Self::Faulty(faults) => faults.render(&Level::WARNING, renderer),
            _ => String::new(),
        };
        let message = format!("{self}; a destroy uses `[cluster]` and `[record]` alone");
        let ending = Group::with_title(Level::WARNING.primary_title(message));
        faults + &renderer.render(&[ending])
    }

    fn render_with(&self, renderer: &Renderer) -> String {
        let message = match self.source() {
            Some(cause) => format!("{self}: {cause}"),
            None => self.to_string(),
        };
        let error = Group::with_title(Level::ERROR.primary_title(message));
        let hint = self
            .hint()
            .map(|hint| Group::with_title(Level::HELP.with_name("hint").primary_title(hint)));
        let ending: Vec<String> = [error]
            .into_iter()
            .chain(hint)
            .map(|line| renderer.render(&[line]))
            .collect();
        match self {
            Self::Faulty(faults) => faults.render(&Level::ERROR, renderer) + &ending.join("\n"),
            _ => ending.join("\n"),
        }
    }
}

fn unknown_hint(name: &EnvironmentName, directory: &Path, known: &[EnvironmentName]) -> String {
    let file = directory.join(format!("{name}.toml"));
    let names: Vec<&str> = known.iter().map(EnvironmentName::as_str).collect();
    match (nearest(name.as_str(), names.iter().copied()), names.is_empty()) {
        (_, true) => format!("there is none yet: write `{}`", file.display()),
        (Some(nearest), _) => format!("did you mean `{nearest}`? There are: `{}`", names.join("`, `")),
        (None, _) => format!("there are: `{}`", names.join("`, `")),
    }
}

fn counted(faults: &Faults) -> String {
    let file = faults.file().display();
    let of_file = match faults.count() {
        0 => None,
        1 => Some(format!("`{file}` has 1 fault")),
        count => Some(format!("`{file}` has {count} faults")),
    };
    let variables: Vec<&str> = faults.variables().collect();
    let of_variables = match variables.as_slice() {
        [] => None,
        [one] => Some(format!("the variable `{one}` is not valid")),
        more => Some(format!("the variables `{}` are not valid", more.join("`, `"))),
    };
    let parts: Vec<String> = of_file.into_iter().chain(of_variables).collect();
    parts.join(", and ")
}

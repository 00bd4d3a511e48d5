//! Errors from loading an environment, with hints. Pure.

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
/// `Display` prints one line; [`EnvironmentError::render`] prints every fault.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// The name is not valid.
    #[error("`{}` is not a valid environment name", printable(.name))]
    InvalidName {
        /// The invalid name.
        name: String,
        /// The rule that it breaks.
        source: InvalidValue,
    },
    /// No file has this name.
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
    #[error("cannot read the environments directory `{}`", .directory.display())]
    UnreadableDirectory {
        /// The directory of environment files.
        directory: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file exists but could not be read.
    #[error("cannot read `{}`", .file.display())]
    UnreadableFile {
        /// The environment file.
        file: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file is not UTF-8.
    #[error("`{}` is not UTF-8: the first invalid byte is on line {line}", .file.display())]
    FileNotText {
        /// The environment file.
        file: PathBuf,
        /// The line of the first invalid byte, counted from 1.
        line: usize,
    },
    /// A variable is not UTF-8.
    #[error("the value of the variable `{}` is not UTF-8", printable(.variable))]
    VariableNotText {
        /// The variable's name.
        variable: String,
    },
    /// The image is built here, but its files cannot be read or its Dockerfile is not supported.
    #[error("cannot determine the files that the image of `{}` is built from", .file.display())]
    Unbuildable {
        /// The environment file.
        file: PathBuf,
        /// The missing file or the unsupported instruction.
        source: ContextError,
    },
    /// The file, or a variable that overrides it, has faults.
    #[error("{}", counted(.0))]
    Faulty(Box<Faults>),
}

impl EnvironmentError {
    /// What to do next; `None` if the faults shown say it all.
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
                "run in the directory above `environments`, or pass --environments DIR".to_owned()
            }
            Self::FileNotText { .. } => "save the file as UTF-8".to_owned(),
            Self::VariableNotText { .. } => "set the variable again, or unset it".to_owned(),
            Self::Unbuildable { .. } => {
                "the `Dockerfile` belongs in the directory above the environment files; or set `build = false` in `[service]`"
                    .to_owned()
            }
            Self::UnreadableFile { .. } | Self::Faulty(_) => return None,
        };
        Some(hint)
    }

    /// Formats every fault with its source line, then the error, its cause and the hint.
    #[must_use]
    pub fn render(&self) -> String {
        self.render_with(&Renderer::plain())
    }

    /// Like [`EnvironmentError::render`], with terminal colours.
    #[must_use]
    pub fn render_coloured(&self) -> String {
        self.render_with(&Renderer::styled())
    }

    /// Formats the faults as warnings, for commands that need only `[cluster]` and `[record]`: plain, and with terminal
    /// colours.
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
        let message = format!("{self}; a destroy uses only `[cluster]` and `[record]`");
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
        (_, true) => format!("there are no environments yet: create `{}`", file.display()),
        (Some(nearest), _) => format!("did you mean `{nearest}`? Available: `{}`", names.join("`, `")),
        (None, _) => format!("available: `{}`", names.join("`, `")),
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

//! Reads environment files and variables: the only part of `environment` that touches the system.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::error::EnvironmentError;
use super::names::EnvironmentName;
use super::parse::{name_of, parse};
use super::settings::Environment;
use super::variables::PREFIX;

impl Environment {
    /// Loads `NAME.toml` from a directory, overridden by the `INFRA_…` variables of this process.
    ///
    /// # Errors
    /// When there is no such file, or it is not valid. All faults of the file are in one error.
    pub fn load(directory: &Path, name: &str) -> Result<Self, EnvironmentError> {
        let environment_name = name_of(name)?;
        let file = directory.join(format!("{environment_name}.toml"));
        let bytes = match fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(unknown(directory, environment_name));
            }
            Err(source) => return Err(EnvironmentError::UnreadableFile { file, source }),
        };
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let line = valid.split(|byte| *byte == b'\n').count();
                return Err(EnvironmentError::FileNotText { file, line });
            }
        };
        parse(name, &file, &text, variables()?)
    }
}

/// Lists the environments of a directory, sorted.
///
/// # Errors
/// When the directory cannot be listed.
pub fn names(directory: &Path) -> io::Result<Vec<EnvironmentName>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let file = entry?.file_name();
        let stem = file.to_str().and_then(|file| file.strip_suffix(".toml"));
        names.extend(stem.and_then(|stem| stem.parse::<EnvironmentName>().ok()));
    }
    names.sort();
    Ok(names)
}

fn unknown(directory: &Path, name: EnvironmentName) -> EnvironmentError {
    let directory = directory.to_owned();
    match names(&directory) {
        Ok(known) => EnvironmentError::UnknownEnvironment {
            name,
            directory,
            known,
        },
        Err(source) => EnvironmentError::UnreadableDirectory { directory, source },
    }
}

fn variables() -> Result<Vec<(String, String)>, EnvironmentError> {
    let ours = std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with(PREFIX));
    ours.map(|(name, value)| match (name.into_string(), value.into_string()) {
        (Ok(name), Ok(value)) => Ok((name, value)),
        (Ok(variable), Err(_)) => Err(EnvironmentError::VariableNotText { variable }),
        (Err(name), _) => Err(EnvironmentError::VariableNotText {
            variable: name.to_string_lossy().into_owned(),
        }),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    /// Writes files into a directory of its own, loads one environment and returns what is printed.
    fn check(files: &[(&str, &[u8])], name: &str) -> String {
        let directory = tempfile::tempdir().unwrap();
        for (file, content) in files {
            fs::write(directory.path().join(file), content).unwrap();
        }
        let printed = Environment::load(directory.path(), name)
            .map_or_else(|error| error.render(), |_| "valid".to_owned());
        printed.replace(&directory.path().display().to_string(), "environments")
    }

    #[test]
    fn an_unknown_environment_names_those_that_are_there() {
        let good: &[u8] = b"cluster.context = 'a'";
        let files = [
            ("minikube.toml", good),
            ("eu.toml", good),
            ("Other.toml", good),
            ("notes.md", good),
        ];
        assert_snapshot!(check(&files, "minikub"), @"
        error: there is no environment `minikub` in `environments`
        hint: did you mean `minikube`? There are: `eu`, `minikube`
        ");
        assert_snapshot!(check(&files, "production"), @"
        error: there is no environment `production` in `environments`
        hint: there are: `eu`, `minikube`
        ");
        assert_snapshot!(check(&[], "minikube"), @"
        error: there is no environment `minikube` in `environments`
        hint: there is none yet: write `environments/minikube.toml`
        ");
        assert_snapshot!(check(&files, "eu"), @"valid");
    }

    #[test]
    fn a_path_is_not_a_name() {
        assert_snapshot!(check(&[], "minikube.toml"), @"
        error: `minikube.toml` is not the name of an environment: `.` is not one of `a-z`, `0-9` and `-`
        hint: a name is that of its file, without directory and `.toml`
        ");
        assert_snapshot!(check(&[], "../minikube"), @"
        error: `../minikube` is not the name of an environment: `.` is not one of `a-z`, `0-9` and `-`
        hint: a name is that of its file, without directory and `.toml`
        ");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert_snapshot!(check(&[("eu.toml", b"[cluster]\ncontext = '\xff'")], "eu"), @"
        error: `environments/eu.toml` is not UTF-8: line 2 holds the first wrong byte
        hint: save the file as UTF-8
        ");
        let error = Environment::load(Path::new("no/such/directory"), "eu").unwrap_err();
        assert_snapshot!(error.render(), @"
        error: the directory of environments `no/such/directory` cannot be read: No such file or directory (os error 2)
        hint: run above the directory `environments`, or name it with `--environments`
        ");
    }

    #[test]
    fn the_environments_that_ship_with_the_program_are_valid() {
        let directory = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../environments"));
        let shipped = names(directory).unwrap();
        assert!(!shipped.is_empty());
        for name in shipped {
            let file = directory.join(format!("{name}.toml"));
            let text = fs::read_to_string(&file).unwrap();
            // Without variables: those of whoever runs the tests are not ours.
            let outcome = parse(name.as_str(), &file, &text, []);
            assert!(outcome.is_ok(), "{}", outcome.unwrap_err().render());
        }
    }
}

//! Reads environment files and variables: the only module of `environment` that does IO.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::error::EnvironmentError;
use super::names::EnvironmentName;
use super::parse::{Located, name_of, parse_location};
use super::settings::Environment;
use super::variables::overrides_key;
use crate::image::content_tag;

impl Environment {
    /// Loads `NAME.toml` from a directory and applies the `INFRA_TABLE__KEY` variables of this process. Tags an image that is
    /// built here by its content.
    ///
    /// # Errors
    /// If the file is missing or not valid, or the source files of the image cannot be read. One error holds all faults of
    /// the file.
    ///
    /// # Panics
    /// Never: parsing checks that the tag has room for the content.
    pub fn load(directory: &Path, name: &str) -> Result<Self, EnvironmentError> {
        let mut environment = Self::load_untagged(directory, name)?;
        if let Some(project) = &environment.service.build {
            let content = content_tag(project).map_err(|source| EnvironmentError::Unbuildable {
                file: directory.join(format!("{name}.toml")),
                source,
            })?;
            let image = environment.service.image.with_content(&content);
            environment.service.image =
                image.expect("an image that is built here takes the tag of any content");
        }
        Ok(environment)
    }

    /// Like [`Environment::load`], but keeps the tag in the file for an image that is built here. Needs no Dockerfile.
    ///
    /// # Errors
    /// If the file is missing or not valid.
    pub fn load_untagged(directory: &Path, name: &str) -> Result<Self, EnvironmentError> {
        load_location(directory, name)?.environment
    }
}

/// Loads the location of an environment and tolerates faults outside `[cluster]` and `[record]`. An image that is built here
/// keeps the tag in the file.
///
/// # Errors
/// If the file is missing, or a fault leaves the location or `protected` in doubt.
pub fn load_location(directory: &Path, name: &str) -> Result<Located, EnvironmentError> {
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
    parse_location(name, &file, &text, variables()?)
}

/// Lists the environments of a directory, sorted.
///
/// # Errors
/// If the directory cannot be listed.
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
    let ours = std::env::vars_os().filter(|(name, _)| overrides_key(&name.to_string_lossy()));
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
    use crate::environment::parse;

    /// Writes files into a temporary directory, loads one environment and returns the output.
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
    fn an_unknown_environment_lists_the_existing_ones() {
        let good: &[u8] = b"cluster.context = 'a'";
        let files = [
            ("minikube.toml", good),
            ("eu.toml", good),
            ("Other.toml", good),
            ("notes.md", good),
        ];
        assert_snapshot!(check(&files, "minikub"), @"
        error: there is no environment `minikub` in `environments`
        hint: did you mean `minikube`? Available: `eu`, `minikube`
        ");
        assert_snapshot!(check(&files, "production"), @"
        error: there is no environment `production` in `environments`
        hint: available: `eu`, `minikube`
        ");
        assert_snapshot!(check(&[], "minikube"), @"
        error: there is no environment `minikube` in `environments`
        hint: there are no environments yet: create `environments/minikube.toml`
        ");
        assert_snapshot!(check(&files, "eu"), @"valid");
    }

    #[test]
    fn a_path_is_not_a_name() {
        assert_snapshot!(check(&[], "minikube.toml"), @"
        error: `minikube.toml` is not a valid environment name: `.` is not one of `a-z`, `0-9` and `-`
        hint: give the name of an environment, such as `minikube`, or the path of its file
        ");
        assert_snapshot!(check(&[], "../minikube"), @"
        error: `../minikube` is not a valid environment name: `.` is not one of `a-z`, `0-9` and `-`
        hint: give the name of an environment, such as `minikube`, or the path of its file
        ");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert_snapshot!(check(&[("eu.toml", b"[cluster]\ncontext = '\xff'")], "eu"), @"
        error: `environments/eu.toml` is not UTF-8: the first invalid byte is on line 2
        hint: save the file as UTF-8
        ");
        let error = Environment::load(Path::new("no/such/directory"), "eu").unwrap_err();
        assert_snapshot!(error.render(), @"
        error: cannot read the environments directory `no/such/directory`: No such file or directory (os error 2)
        hint: run in the directory above `environments`, or pass --environments DIR
        ");
    }

    #[test]
    fn an_image_that_is_built_here_is_tagged_by_its_content() {
        let project = tempfile::tempdir().unwrap();
        let environments = project.path().join("environments");
        fs::create_dir(&environments).unwrap();
        let text = "cluster.context = 'a'\nservice.build = true";
        fs::write(environments.join("eu.toml"), text).unwrap();
        let printed = Environment::load(&environments, "eu").unwrap_err().render();
        assert_snapshot!(printed.replace(&project.path().display().to_string(), "."), @"
        error: cannot determine the files that the image of `./environments/eu.toml` is built from: there is no `./Dockerfile`
        hint: the `Dockerfile` belongs in the directory above the environment files; or set `build = false` in `[service]`
        ");
        fs::write(project.path().join("Dockerfile"), "FROM scratch\n").unwrap();
        let image = || {
            Environment::load(&environments, "eu")
                .unwrap()
                .service
                .image
                .to_string()
        };
        let before = image();
        assert!(
            before.starts_with("service:dev-") && before.len() == 24,
            "{before}"
        );
        fs::write(project.path().join("Dockerfile"), "FROM scratch\nUSER 1\n").unwrap();
        assert_ne!(before, image());
    }

    #[test]
    fn the_environments_that_ship_with_the_program_are_valid() {
        let directory = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../environments"));
        let shipped = names(directory).unwrap();
        assert!(!shipped.is_empty());
        for name in shipped {
            let file = directory.join(format!("{name}.toml"));
            let text = fs::read_to_string(&file).unwrap();
            // No variables: those of the user who runs the tests must not interfere.
            let outcome = parse(name.as_str(), &file, &text, []);
            assert!(outcome.is_ok(), "{}", outcome.unwrap_err().render());
        }
    }
}

//! Asks the `minikube` command for its images, and has it build one.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

/// One cluster of minikube.
pub(super) struct Minikube<'a> {
    /// Its profile, which is also the name of its context.
    pub(super) profile: &'a str,
}

/// Why an image is not in minikube.
#[derive(Debug, thiserror::Error)]
pub(super) enum BuildError {
    #[error("there is no `minikube` on PATH")]
    NoMinikube { image: String, directory: PathBuf },
    #[error("minikube does not know the images of profile `{profile}`: {answer}")]
    NoProfile { profile: String, answer: String },
    #[error("`minikube` cannot be started")]
    Start(#[source] io::Error),
    #[error("minikube has not built `{image}`")]
    NotBuilt { image: String, profile: String },
    #[error("the files of the image have changed while it was built")]
    Moved,
}

impl BuildError {
    pub(super) fn hint(&self) -> String {
        match self {
            Self::NoMinikube { image, directory } => format!(
                "build it where the cluster finds it: docker build --tag {image} {}",
                directory.display()
            ),
            Self::NoProfile { profile, .. } | Self::NotBuilt { profile, .. } => {
                format!("is it running? `minikube status --profile {profile}`")
            }
            Self::Start(_) => "is it executable? `minikube version`".to_owned(),
            Self::Moved => "build again, so that the tag fits what is in the image".to_owned(),
        }
    }
}

impl Minikube<'_> {
    /// Whether the image is there.
    pub(super) async fn has(&self, image: &str, directory: &Path) -> Result<bool, BuildError> {
        let output = self.command(&["image", "ls"]).output().await;
        let output = output.map_err(|error| match error.kind() {
            ErrorKind::NotFound => BuildError::NoMinikube {
                image: image.to_owned(),
                directory: shown(directory).to_owned(),
            },
            _ => BuildError::Start(error),
        })?;
        if !output.status.success() {
            let answer = String::from_utf8_lossy(&output.stderr);
            return Err(BuildError::NoProfile {
                profile: self.profile.to_owned(),
                answer: answer
                    .lines()
                    .find(|line| !line.trim().is_empty())
                    .unwrap_or("no answer")
                    .trim()
                    .to_owned(),
            });
        }
        let listed = String::from_utf8_lossy(&output.stdout);
        Ok(listed.lines().any(|line| is_same(line.trim(), image)))
    }

    /// Builds the image of a directory, on every node. What minikube prints goes to standard error.
    pub(super) async fn build(&self, image: &str, directory: &Path) -> Result<(), BuildError> {
        let mut command = self.command(&["image", "build", "--all", "--tag", image, "."]);
        command
            .current_dir(shown(directory))
            .stdout(io::stderr())
            .stderr(Stdio::inherit());
        let status = command.status().await.map_err(BuildError::Start)?;
        // A build that failed ends with 0 in minikube 1.3x, so the image is looked for.
        if status.success() && self.has(image, directory).await? {
            return Ok(());
        }
        Err(BuildError::NotBuilt {
            image: image.to_owned(),
            profile: self.profile.to_owned(),
        })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("minikube");
        command.args(["--profile", self.profile]).args(arguments);
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }
}

/// Whether a listed image is the wanted one: runtimes write out what a short name stands for.
fn is_same(listed: &str, image: &str) -> bool {
    let prefixes = ["", "docker.io/library/", "docker.io/", "localhost/"];
    prefixes
        .iter()
        .any(|prefix| listed.strip_prefix(prefix) == Some(image))
}

/// A directory as a command takes it; the empty path is this one.
fn shown(directory: &Path) -> &Path {
    if directory.as_os_str().is_empty() {
        Path::new(".")
    } else {
        directory
    }
}

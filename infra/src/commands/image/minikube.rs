//! Lists and builds images with the `minikube` command.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

/// A minikube cluster.
pub(super) struct Minikube<'a> {
    /// Its profile; its context has the same name.
    pub(super) profile: &'a str,
}

/// Why an image could not be built into minikube.
#[derive(Debug, thiserror::Error)]
pub(super) enum BuildError {
    #[error("there is no `minikube` on PATH")]
    NoMinikube { image: String, directory: PathBuf },
    #[error("minikube cannot list the images of profile `{profile}`: {answer}")]
    NoProfile { profile: String, answer: String },
    #[error("cannot start `minikube`")]
    Start(#[source] io::Error),
    #[error("minikube did not build `{image}`")]
    NotBuilt { image: String, profile: String },
    #[error("the files of the image changed during the build")]
    Moved,
}

impl BuildError {
    pub(super) fn hint(&self) -> String {
        match self {
            Self::NoMinikube { image, directory } => format!(
                "build it where the cluster can pull it: docker build --tag {image} {}",
                directory.display()
            ),
            Self::NoProfile { profile, .. } | Self::NotBuilt { profile, .. } => {
                format!("is it running? `minikube status --profile {profile}`")
            }
            Self::Start(_) => "is it executable? `minikube version`".to_owned(),
            Self::Moved => "build again, so that the tag matches the content".to_owned(),
        }
    }
}

impl Minikube<'_> {
    /// Whether minikube has the image.
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

    /// Builds the image of a directory on every node. The output of minikube goes to standard error.
    pub(super) async fn build(&self, image: &str, directory: &Path) -> Result<(), BuildError> {
        let mut command = self.command(&["image", "build", "--all", "--tag", image, "."]);
        command
            .current_dir(shown(directory))
            .stdout(io::stderr())
            .stderr(Stdio::inherit());
        let status = command.status().await.map_err(BuildError::Start)?;
        // minikube 1.3x exits with 0 after a failed build, so check for the image.
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

/// Whether a listed image is the one to find: runtimes list short names with a registry prefix.
fn is_same(listed: &str, image: &str) -> bool {
    let prefixes = ["", "docker.io/library/", "docker.io/", "localhost/"];
    prefixes
        .iter()
        .any(|prefix| listed.strip_prefix(prefix) == Some(image))
}

/// A directory as a command argument; the empty path is the current directory.
fn shown(directory: &Path) -> &Path {
    if directory.as_os_str().is_empty() {
        Path::new(".")
    } else {
        directory
    }
}

//! Reads the build context from disk: the only module of `image` that does IO.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::content::{ContentTag, Entry, EntryKind};
use super::dockerfile::{DockerfileFault, copied};

/// The file that defines the image.
const DOCKERFILE: &str = "Dockerfile";
/// Excludes files from the context, so it affects what is copied.
const IGNORED: &str = ".dockerignore";

/// Why the content tag of an image cannot be computed.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// There is nothing to build.
    #[error("there is no `{}`", .0.display())]
    NoDockerfile(PathBuf),
    /// The Dockerfile uses the context in an unsupported way.
    #[error("`{}` {fault}", .file.display())]
    Dockerfile {
        /// The Dockerfile.
        file: PathBuf,
        /// The line and the reason.
        fault: DockerfileFault,
    },
    /// A file of the context could not be read.
    #[error("cannot read `{}`: {source}", .path.display())]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// An entry that no image can hold, such as a socket.
    #[error("`{}` is not a file, directory or symbolic link", .0.display())]
    NoFile(PathBuf),
    /// The name is not UTF-8.
    #[error("the name of `{}` is not UTF-8", .0.display())]
    NameNotText(PathBuf),
}

/// Computes the content tag of the image that is built in a directory, from its Dockerfile and every file that it copies.
///
/// # Errors
/// If the Dockerfile is missing or not supported, or a file cannot be read.
pub fn content_tag(directory: &Path) -> Result<ContentTag, ContextError> {
    let file = directory.join(DOCKERFILE);
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(ContextError::NoDockerfile(file)),
        Err(source) => return Err(ContextError::Unreadable { path: file, source }),
    };
    let sources = copied(&text).map_err(|fault| ContextError::Dockerfile { file, fault })?;
    let mut context = Context {
        directory,
        seen: BTreeSet::new(),
        entries: Vec::new(),
    };
    context.add(DOCKERFILE)?;
    if directory.join(IGNORED).exists() {
        context.add(IGNORED)?;
    }
    for source in &sources {
        context.add(source)?;
    }
    Ok(ContentTag::of(context.entries))
}

struct Context<'a> {
    directory: &'a Path,
    /// The paths added so far: a file that is copied twice counts once.
    seen: BTreeSet<String>,
    entries: Vec<Entry>,
}

impl Context<'_> {
    /// Adds a file, a link or everything in a directory.
    fn add(&mut self, path: &str) -> Result<(), ContextError> {
        let full = self.directory.join(path);
        let unreadable = |source| ContextError::Unreadable {
            path: full.clone(),
            source,
        };
        if !self.seen.insert(path.to_owned()) {
            return Ok(());
        }
        let metadata = fs::symlink_metadata(&full).map_err(unreadable)?;
        if metadata.is_dir() {
            for child in fs::read_dir(&full).map_err(unreadable)? {
                let child = child.map_err(unreadable)?;
                let name = child.file_name();
                let name = name
                    .to_str()
                    .ok_or_else(|| ContextError::NameNotText(child.path()))?;
                // `.dockerignore` excludes hidden files too: files of editors and systems must not change the tag.
                if !name.starts_with('.') {
                    self.add(&if path.is_empty() {
                        name.to_owned()
                    } else {
                        format!("{path}/{name}")
                    })?;
                }
            }
            return Ok(());
        }
        let (kind, content) = if metadata.is_symlink() {
            let target = fs::read_link(&full).map_err(unreadable)?;
            (EntryKind::Link, target.into_os_string().into_encoded_bytes())
        } else if metadata.is_file() {
            (kind_of(&metadata), fs::read(&full).map_err(unreadable)?)
        } else {
            return Err(ContextError::NoFile(full));
        };
        self.entries.push(Entry {
            path: path.to_owned(),
            kind,
            content,
        });
        Ok(())
    }
}

fn kind_of(metadata: &fs::Metadata) -> EntryKind {
    use std::os::unix::fs::PermissionsExt as _;
    if metadata.permissions().mode() & 0o100 == 0 {
        EntryKind::File
    } else {
        EntryKind::Executable
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use tempfile::TempDir;

    use super::*;

    /// A context whose Dockerfile copies the directory `src`.
    fn context() -> TempDir {
        let directory = TempDir::new().unwrap();
        fs::create_dir(directory.path().join("src")).unwrap();
        fs::write(
            directory.path().join("Dockerfile"),
            "FROM scratch\nCOPY src /src\n",
        )
        .unwrap();
        fs::write(directory.path().join("src/a"), "a").unwrap();
        directory
    }

    /// Changes a context and says whether its tag changed.
    fn changes(change: impl FnOnce(&Path)) -> bool {
        let directory = context();
        let before = content_tag(directory.path()).unwrap();
        change(directory.path());
        before != content_tag(directory.path()).unwrap()
    }

    #[test]
    fn a_change_of_what_is_copied_changes_the_tag() {
        assert!(changes(|root| fs::write(root.join("src/a"), "b").unwrap()));
        assert!(changes(|root| fs::write(root.join("src/b"), "").unwrap()));
        assert!(changes(
            |root| fs::rename(root.join("src/a"), root.join("src/b")).unwrap()
        ));
        assert!(changes(|root| fs::write(
            root.join("Dockerfile"),
            "FROM x\nCOPY src /src"
        )
        .unwrap()));
        assert!(changes(|root| fs::write(root.join(".dockerignore"), "a").unwrap()));
        assert!(changes(|root| {
            fs::set_permissions(root.join("src/a"), fs::Permissions::from_mode(0o755)).unwrap();
        }));
        assert!(changes(|root| symlink("a", root.join("src/link")).unwrap()));
    }

    #[test]
    fn nothing_else_changes_the_tag() {
        assert!(!changes(|root| fs::write(root.join("README.md"), "").unwrap()));
        assert!(!changes(
            |root| fs::create_dir_all(root.join("target/debug")).unwrap()
        ));
        assert!(!changes(|root| fs::write(root.join("src/.a.swp"), "").unwrap()));
        assert!(!changes(|root| {
            let file = fs::File::options().write(true).open(root.join("src/a")).unwrap();
            file.set_modified(std::time::UNIX_EPOCH).unwrap();
        }));
        assert!(!changes(|root| {
            fs::set_permissions(root.join("src/a"), fs::Permissions::from_mode(0o600)).unwrap();
        }));
    }

    #[test]
    fn what_is_missing_is_named() {
        let directory = context();
        let check = |expected: &str| {
            let error = content_tag(directory.path()).unwrap_err().to_string();
            let error = error.replace(&directory.path().display().to_string(), "project");
            assert_eq!(error, expected);
        };
        fs::remove_file(directory.path().join("src/a")).unwrap();
        fs::remove_dir(directory.path().join("src")).unwrap();
        check("cannot read `project/src`: No such file or directory (os error 2)");
        fs::write(directory.path().join("Dockerfile"), "ADD a b").unwrap();
        check("`project/Dockerfile` line 1 uses `ADD`: use `COPY` instead");
        fs::remove_file(directory.path().join("Dockerfile")).unwrap();
        check("there is no `project/Dockerfile`");
    }
}

//! Detects and clears the data of an interrupted first start of etcd or MongoDB.
//!
//! A store that is killed during its first start can stay broken. etcd creates its log and then adds itself as the only
//! member: in between, the cluster has no members and never elects a leader. MongoDB creates its files and then writes its
//! feature compatibility version: in between, it rejects its own files. A store that has never answered holds no data worth
//! keeping, so the next start empties its directory.

use std::path::{Path, PathBuf};

use crate::{SandboxError, directory::Directory, files};

/// A component with a data directory.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Store {
    Etcd,
    MongoDb,
}

impl Store {
    /// Empties the directory after an interrupted first start, and marks a first start.
    pub(crate) fn prepare(self, directory: &Directory) -> Result<(), SandboxError> {
        let (data, mark) = (self.data(directory), self.mark(directory));
        if exists(&mark)? {
            std::fs::remove_dir_all(&data).map_err(SandboxError::file("empty", &data))?;
            files::create_private_directory(&data)?;
        } else if !exists(&data.join(self.first_entry()))? {
            files::write_private(&mark, b"")?;
        }
        Ok(())
    }

    /// Removes the mark once the store has answered: from now on its data is kept.
    pub(crate) fn mark_initialized(self, directory: &Directory) -> Result<(), SandboxError> {
        let mark = self.mark(directory);
        match std::fs::remove_file(&mark) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(SandboxError::file("remove", &mark)(error))
            }
            _ => Ok(()),
        }
    }

    fn data(self, directory: &Directory) -> PathBuf {
        match self {
            Self::Etcd => directory.etcd_data(),
            Self::MongoDb => directory.mongodb_data(),
        }
    }

    fn mark(self, directory: &Directory) -> PathBuf {
        match self {
            Self::Etcd => directory.etcd_unfinished(),
            Self::MongoDb => directory.mongodb_unfinished(),
        }
    }

    /// The first entry that the store creates in its directory.
    fn first_entry(self) -> &'static str {
        match self {
            Self::Etcd => "member",
            Self::MongoDb => "WiredTiger",
        }
    }
}

fn exists(path: &Path) -> Result<bool, SandboxError> {
    path.try_exists().map_err(SandboxError::file("access", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_emptied_until_it_has_answered_once() {
        for store in [Store::Etcd, Store::MongoDb] {
            let home = tempfile::tempdir().unwrap();
            let directory = Directory::new(home.path()).unwrap();
            directory.create().unwrap();
            let content = store.data(&directory).join(store.first_entry());
            let start = || {
                store.prepare(&directory).unwrap();
                let kept = content.exists();
                std::fs::create_dir_all(&content).unwrap();
                kept
            };
            assert!(!start());
            assert!(!start(), "{store:?} was killed during its first start");
            store.mark_initialized(&directory).unwrap();
            assert!(start(), "{store:?} has answered");
            store.mark_initialized(&directory).unwrap();
            assert!(start());
        }
    }
}

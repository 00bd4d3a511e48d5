//! The directories of etcd and MongoDB while they are not known to be whole.
//!
//! A store that is ended during its first start can be broken for good. etcd makes its log and then writes itself into it as
//! the only member: in between, it leaves a cluster without members, which never elects a leader. MongoDB makes its files and
//! then writes the version of their features: in between, it leaves files that it refuses. Until a store has answered once,
//! nothing worth keeping can be in it, so such a directory is begun anew.

use std::path::{Path, PathBuf};

use crate::{SandboxError, directory::Directory, files};

/// What keeps data in a directory of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Store {
    Etcd,
    MongoDb,
}

impl Store {
    /// Empties the directory of a first start that did not come to its end, and marks a first start.
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

    /// Says that what the store holds from now on is to be kept: it has answered.
    pub(crate) fn keep(self, directory: &Directory) -> Result<(), SandboxError> {
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

    /// What the store makes before anything else that counts.
    fn first_entry(self) -> &'static str {
        match self {
            Self::Etcd => "member",
            Self::MongoDb => "WiredTiger",
        }
    }
}

fn exists(path: &Path) -> Result<bool, SandboxError> {
    path.try_exists().map_err(SandboxError::file("look at", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_begun_anew_until_it_has_answered_once() {
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
            assert!(!start(), "{store:?} ended during its first start");
            store.keep(&directory).unwrap();
            assert!(start(), "{store:?} has answered");
            store.keep(&directory).unwrap();
            assert!(start());
        }
    }
}

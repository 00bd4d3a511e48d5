//! The cache of executables. Entries are complete or absent, and one process at a time creates them.

use std::{
    env,
    fmt::Write as _,
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use sha2::{Digest as _, Sha256};

use super::task::Task;
use crate::{BinariesError, SandboxError, files};

/// The polling interval while another process holds the lock.
const INTERVAL: Duration = Duration::from_millis(200);
const GIBIBYTE: u64 = 1 << 30;

/// Finds or creates an entry. `make` fills an empty directory, which becomes the entry on success.
pub(super) fn entry(
    name: &str,
    task: &Task<'_>,
    make: impl FnOnce(&Path) -> Result<(), SandboxError>,
) -> Result<PathBuf, SandboxError> {
    let root = root()?;
    // No lock needed: an existing entry is complete.
    if root.join(name).is_dir() {
        return Ok(root.join(name));
    }
    files::create_private_directory(&root)?;
    let _lock = lock(&root.join("lock"), task)?;
    nested(name, make)
}

/// Finds or creates an entry while the caller, which is creating another one, holds the lock.
pub(super) fn nested(
    name: &str,
    make: impl FnOnce(&Path) -> Result<(), SandboxError>,
) -> Result<PathBuf, SandboxError> {
    let root = root()?;
    let target = root.join(name);
    // Another process may have created it while this one waited for the lock.
    if target.is_dir() {
        return Ok(target);
    }
    // Left by an interrupted process; the lock keeps other processes out.
    let unfinished = root.join(format!("{name}.unfinished"));
    if unfinished.exists() {
        std::fs::remove_dir_all(&unfinished).map_err(SandboxError::file("remove", &unfinished))?;
    }
    files::create_private_directory(&unfinished)?;
    make(&unfinished)?;
    std::fs::rename(&unfinished, &target).map_err(SandboxError::file("write", &target))?;
    Ok(target)
}

/// Fails early if the disk has too little space: a full disk would also break the user's other programs.
pub(super) fn require_space(directory: &Path, gibibytes: u64) -> Result<(), SandboxError> {
    let disk = rustix::fs::statvfs(directory)
        .map_err(|error| SandboxError::file("access", directory)(error.into()))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free >= gibibytes * GIBIBYTE {
        return Ok(());
    }
    #[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
    let free_gibibytes = free as f64 / GIBIBYTE as f64;
    Err(BinariesError::DiskFull {
        directory: directory.parent().unwrap_or(directory).to_path_buf(),
        needed_gibibytes: gibibytes,
        free_gibibytes,
    }
    .into())
}

/// Hashes texts to twelve hexadecimal digits.
pub(super) fn key(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.len().to_be_bytes());
        hash.update(text);
    }
    hash.finalize()
        .iter()
        .take(6)
        .fold(String::new(), |mut text, byte| {
            let _infallible = write!(text, "{byte:02x}");
            text
        })
}

fn root() -> Result<PathBuf, SandboxError> {
    let named = env::var_os("XDG_CACHE_HOME")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    let in_home = if cfg!(target_os = "macos") {
        "Library/Caches"
    } else {
        ".cache"
    };
    let root = named
        .or_else(|| env::home_dir().map(|home| home.join(in_home)))
        .ok_or(BinariesError::NoCacheDirectory)?;
    Ok(root.join("infra-sandbox"))
}

fn lock(path: &Path, task: &Task<'_>) -> Result<File, SandboxError> {
    let file = files::append(path)?;
    let mut reported = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(SandboxError::file("lock", path)(error)),
            Err(TryLockError::WouldBlock) => {}
        }
        if !std::mem::replace(&mut reported, true) {
            task.progress
                .task("waiting for another process that builds the sandbox's executables");
        }
        task.check_interrupt()?;
        std::thread::sleep(INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn the_key_depends_on_every_text_and_their_boundaries() {
        let keys = [key(&["a", "b"]), key(&["ab", ""]), key(&["a", "c"])];
        assert_eq!(keys[0].len(), 12);
        assert!(keys[0] != keys[1] && keys[0] != keys[2] && keys[1] != keys[2]);
        assert_eq!(key(&["a", "b"]), keys[0]);
    }
}

//! The lock of a running sandbox. Its supervisor holds it, and the kernel releases it even if the supervisor is killed.

use std::{
    fs::{File, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    path::Path,
    time::{Duration, Instant},
};

use crate::SandboxError;

/// The held lock; dropping it releases it.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Checking for a holder takes the lock briefly, so a single failure is not final.
const TIMEOUT: Duration = Duration::from_secs(1);
const INTERVAL: Duration = Duration::from_millis(20);

impl Lock {
    /// Takes the lock and writes the process id into it, or returns the holder.
    pub(crate) fn acquire(path: &Path) -> Result<Result<Self, Option<u32>>, SandboxError> {
        let mut file = open(path)?;
        let deadline = Instant::now() + TIMEOUT;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    std::thread::sleep(INTERVAL);
                }
                Err(TryLockError::WouldBlock) => return Ok(Err(holder(path)?)),
                Err(TryLockError::Error(error)) => {
                    return Err(SandboxError::file("lock", path)(error));
                }
            }
        }
        let write = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            write!(file, "{}", std::process::id())
        };
        write(&mut file).map_err(SandboxError::file("write", path))?;
        Ok(Ok(Self { _file: file }))
    }
}

/// Returns the process id of the supervisor that holds the lock, 0 if it has not written it yet; `None` without a holder.
pub(crate) fn holder(path: &Path) -> Result<Option<u32>, SandboxError> {
    if !path.exists() {
        return Ok(None);
    }
    let mut file = open(path)?;
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => {
            let mut content = String::new();
            file.read_to_string(&mut content)
                .map_err(SandboxError::file("read", path))?;
            Ok(Some(content.trim().parse().unwrap_or(0)))
        }
        Err(TryLockError::Error(error)) => Err(SandboxError::file("lock", path)(error)),
    }
}

fn open(path: &Path) -> Result<File, SandboxError> {
    File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(SandboxError::file("open", path))
}

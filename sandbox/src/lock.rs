//! The lock that says a sandbox lives: held by its supervisor, released by the kernel however the supervisor ends.

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

/// Who holds the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    Nobody,
    /// The process id of a supervisor; 0 in the instant before it has written it.
    Supervisor(u32),
}

/// A glance at the lock holds it too, for an instant; so one refusal is not final.
const PATIENCE: Duration = Duration::from_secs(1);
const INTERVAL: Duration = Duration::from_millis(20);

impl Lock {
    /// Takes the lock and writes the own process id into it, or says who has it.
    pub(crate) fn acquire(path: &Path) -> Result<Result<Self, Holder>, SandboxError> {
        let mut file = open(path)?;
        let deadline = Instant::now() + PATIENCE;
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

/// Says who holds the lock at this moment.
pub(crate) fn holder(path: &Path) -> Result<Holder, SandboxError> {
    if !path.exists() {
        return Ok(Holder::Nobody);
    }
    let mut file = open(path)?;
    match file.try_lock_shared() {
        Ok(()) => Ok(Holder::Nobody),
        Err(TryLockError::WouldBlock) => {
            let mut content = String::new();
            file.read_to_string(&mut content)
                .map_err(SandboxError::file("read", path))?;
            Ok(Holder::Supervisor(content.trim().parse().unwrap_or(0)))
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

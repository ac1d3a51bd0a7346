//! The lease: one connector is synced by one process at a time. It is a kernel lock on a file, so
//! that it is free the moment its holder dies.

use crate::model::{ConnectorId, Stamp, UserError};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

/// The right to sync a connector; given back when it is dropped.
#[derive(Debug)]
pub struct Lease {
    file: File,
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Closing alone would leave the lock to a child process that is just being started and has
        // not closed its copy of the file yet.
        let _ = self.file.unlock();
    }
}

/// Why a lease was not given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseError {
    /// Somebody else has it.
    Busy(UserError),
    /// The lock file cannot be used.
    Broken(UserError),
}

/// Who holds a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its process, if it told.
    pub process: Option<u32>,
    /// Since when.
    pub since: Option<Stamp>,
}

/// Who syncs a connector now, this process or another one; `None`: nobody. `folder` is the store's
/// folder.
pub fn holder(folder: &Path, connector: ConnectorId) -> Option<Holder> {
    let mut file = File::open(folder.join("locks").join(format!("{connector}.lock"))).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {}
        // Free; closing the file gives the lock back at once.
        Ok(()) | Err(TryLockError::Error(_)) => return None,
    }
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    let mut words = text.split_whitespace();
    let process = words.nth(1).and_then(|word| word.parse().ok());
    Some(Holder { process, since: words.nth(1).and_then(Stamp::parse) })
}

/// Somebody who only asks who holds a lease has it for a moment; so often it is tried again.
const TRIES: u32 = 10;
/// How long that moment is, at most.
const MOMENT: Duration = Duration::from_millis(1);

impl Lease {
    /// Takes the lease of a connector; does not wait. `folder` is the store's folder.
    ///
    /// # Errors
    /// Somebody holds it, or the lock file cannot be made.
    pub fn take(folder: &Path, connector: ConnectorId, name: &str) -> Result<Self, LeaseError> {
        let locks = folder.join("locks");
        let path = locks.join(format!("{connector}.lock"));
        let broken = |error: std::io::Error| {
            LeaseError::Broken(UserError::new(
                format!("The lock of connector \"{name}\" cannot be taken."),
                format!("{}: {error}.", path.display()),
                "Make sure that the data folder can be written.",
            ))
        };
        let mut folders = std::fs::DirBuilder::new();
        folders.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut folders, 0o700);
        folders.create(&locks).map_err(broken)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(broken)?;
        let mut locked = file.try_lock();
        for _ in 0..TRIES {
            if !matches!(locked, Err(TryLockError::WouldBlock)) {
                break;
            }
            std::thread::sleep(MOMENT);
            locked = file.try_lock();
        }
        match locked {
            Ok(()) => {
                // For the message of whoever is refused; the lock itself is the kernel's.
                let holder = format!("process {} since {}", std::process::id(), Stamp::now());
                let noted = file
                    .set_len(0)
                    .and_then(|()| file.seek(SeekFrom::Start(0)).map(|_| ()))
                    .and_then(|()| file.write_all(holder.as_bytes()));
                noted.map_err(broken)?;
                Ok(Self { file })
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                if file.read_to_string(&mut holder).is_err() || holder.is_empty() {
                    holder = "another process".into();
                }
                Err(LeaseError::Busy(UserError::new(
                    format!("Connector \"{name}\" is being synced already."),
                    format!("It is held by {holder}."),
                    "Wait until that sync has ended, or cancel it there.",
                )))
            }
            Err(TryLockError::Error(error)) => Err(broken(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn a_second_taker_is_refused_until_the_first_one_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lease::take(folder.path(), 7, "shop").unwrap();
        let refused = Lease::take(folder.path(), 7, "shop").unwrap_err();
        let LeaseError::Busy(error) = refused else { panic!("{refused:?}") };
        assert!(error.why.contains(&std::process::id().to_string()), "{error}");
        assert!(Lease::take(folder.path(), 8, "other").is_ok());
        drop(first);
        assert!(Lease::take(folder.path(), 7, "shop").is_ok());
    }

    #[test]
    fn whoever_asks_hears_who_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(holder(folder.path(), 7), None);
        let lease = Lease::take(folder.path(), 7, "shop").unwrap();
        let held = holder(folder.path(), 7).unwrap();
        assert_eq!(held.process, Some(std::process::id()));
        assert!(held.since.is_some_and(|at| Stamp::now().since(at) < Duration::from_secs(60)));
        drop(lease);
        assert_eq!(holder(folder.path(), 7), None);
        // Those who ask do not keep anybody from taking it.
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    holder(folder.path(), 7);
                    std::thread::sleep(Duration::from_micros(200));
                }
            });
            let taken = (0..50).filter(|_| Lease::take(folder.path(), 7, "shop").is_ok()).count();
            done.store(true, Ordering::Relaxed);
            assert_eq!(taken, 50);
        });
    }
}

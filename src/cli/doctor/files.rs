//! The folders and files: who may read them, room on the disk, what was left behind.

use super::finding::Finding;
use super::{is_there, size};
use crate::model::UserError;
use crate::paths::Paths;
use crate::secrets::check_permissions;
use crate::store::Inspection;
use std::fs::{File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Less than this is too little for any work.
const LITTLE: u64 = 64 * 1024 * 1024;

/// Rights and owner of every file and folder of ours.
pub fn permissions(paths: &Paths) -> Vec<Finding> {
    let mut all = vec![paths.config.clone(), paths.data.clone(), paths.state.clone()];
    all.extend([paths.store(), paths.key()]);
    for folder in [paths.data.join("locks"), paths.data.join("scratch")] {
        all.extend(entries(&folder));
        all.push(folder);
    }
    all.extend(entries(&paths.data).into_iter().filter(|path| {
        // Copies of the store that were kept.
        path.extension().is_some_and(|e| e == "redb" || e == "new")
    }));
    all.retain(|path| is_there(path));
    all.sort();
    all.dedup();
    let wrong: Vec<Finding> = all
        .iter()
        .filter_map(|path| Some((path, not_ours(path).or_else(|| check_permissions(path))?)))
        .map(|(path, wrong)| {
            Finding::new(format!("permissions of {}", path.display()), Some(wrong))
        })
        .collect();
    if wrong.is_empty() {
        let note = format!("{} files and folders are for their owner alone", all.len());
        return vec![Finding::new("permissions", None).noting(note)];
    }
    wrong
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).collect()
}

/// Says if a file belongs to somebody else, or cannot be written by this user.
fn not_ours(path: &Path) -> Option<UserError> {
    let meta = path.metadata().ok()?;
    let us = rustix::process::geteuid().as_raw();
    if meta.uid() != us {
        return Some(UserError::new(
            format!("{} belongs to another user.", path.display()),
            format!("Its owner is user {}, and SyncDeck runs as user {us}.", meta.uid()),
            format!("Run SyncDeck as its owner, or: chown {us} {}", path.display()),
        ));
    }
    let access =
        rustix::fs::access(path, rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK);
    access.err().map(|error| {
        UserError::new(
            format!("{} cannot be written.", path.display()),
            format!("The operating system says: {}.", std::io::Error::from(error)),
            "Give the user access to it, or mount the disk for writing.",
        )
    })
}

/// Room on the disk: for the store to grow, and for a copy of it when it is brought forward.
pub fn space(paths: &Paths, seen: Option<&Inspection>) -> Finding {
    let folder = paths.data.ancestors().find(|folder| folder.exists()).unwrap_or(&paths.data);
    let Ok(disk) = rustix::fs::statvfs(folder) else {
        return Finding::new("free space", None).noting("unknown");
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let store = seen.map_or(0, |seen| seen.size);
    let note = format!("{} on the disk of {}", size(free), folder.display());
    let problem = (free < LITTLE.max(store)).then(|| {
        UserError::new(
            "The disk is almost full.",
            format!(
                "{} are left for {}; the store has {}, and needs as much again to be brought \
                 forward, and some to grow.",
                size(free),
                folder.display(),
                size(store)
            ),
            "Make room on that disk.",
        )
    });
    Finding::new("free space", problem).noting(note)
}

/// Files of syncs that died. The next sync removes them.
pub fn scratch(paths: &Paths, seen: Option<&Inspection>) -> Finding {
    let left: Vec<_> = entries(&paths.data.join("scratch"));
    let runs = seen.is_some_and(|seen| {
        seen.connectors.iter().any(|c| {
            let lock = paths.data.join("locks").join(format!("{}.lock", c.id));
            holder(&lock).is_some()
        })
    });
    let note = match (left.len(), runs) {
        (0, _) => "none".to_owned(),
        (count, true) => format!("{count} files of a sync that runs"),
        (count, false) => {
            let bytes = left.iter().filter_map(|path| path.metadata().ok()).map(|m| m.len()).sum();
            format!(
                "{count} files, {}, of a sync that died; the next one removes them",
                size(bytes)
            )
        }
    };
    Finding::new("left-overs", None).noting(note)
}

/// Who holds a lock, as the holder wrote; `None`: nobody.
pub fn holder(lock: &Path) -> Option<String> {
    let file = File::open(lock).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {}
        Ok(()) | Err(TryLockError::Error(_)) => return None,
    }
    let text = std::fs::read_to_string(lock).unwrap_or_default();
    Some(if text.is_empty() { "another process".to_owned() } else { text })
}

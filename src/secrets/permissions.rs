//! Who else may read our files.

use crate::model::UserError;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Says if others than the owner may read or write a file of ours, or if it belongs to somebody
/// else. Nothing is said of a file that is not there.
pub fn check_permissions(path: &Path) -> Option<UserError> {
    let meta = std::fs::metadata(path).ok()?;
    let mode = meta.mode() & 0o777;
    let right = if meta.is_dir() { "700" } else { "600" };
    let who = match (mode & 0o070, mode & 0o007) {
        (0, 0) => return None,
        (_, 0) => "its group",
        (0, _) => "everybody",
        _ => "its group and everybody",
    };
    Some(UserError::new(
        format!("{} is open to {who} on this machine.", path.display()),
        format!("Its permissions are {mode:03o}; they should be {right}."),
        format!("chmod {right} {}", path.display()),
    ))
}

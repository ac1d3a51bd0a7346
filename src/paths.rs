//! Where SyncDeck keeps its files: the folders of the XDG base directories, or one folder for all
//! of them.

use crate::model::UserError;
use std::path::{Path, PathBuf};

/// The name of the store file.
const STORE: &str = "syncdeck.redb";

/// The folders of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The key of the secrets, and the program's own settings.
    pub config: PathBuf,
    /// The store, its locks and scratch files.
    pub data: PathBuf,
    /// Logs.
    pub state: PathBuf,
}

impl Paths {
    /// The folders of this user, or this one folder for everything.
    ///
    /// # Errors
    /// The user has no home folder.
    pub fn new(data_dir: Option<&Path>) -> Result<Self, UserError> {
        if let Some(folder) = data_dir {
            // A relative folder stays the same one even if somebody changes directory later.
            let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
            return Ok(Self { config: folder.clone(), data: folder.clone(), state: folder });
        }
        let dirs = directories::ProjectDirs::from("", "", "syncdeck").ok_or_else(|| {
            UserError::new(
                "There is no folder for SyncDeck's files.",
                "This user has no home folder.",
                "Name one with --data-dir DIR, or set HOME.",
            )
        })?;
        let data = dirs.data_dir().to_owned();
        let state = dirs.state_dir().map_or_else(|| data.clone(), Path::to_owned);
        Ok(Self { config: dirs.config_dir().to_owned(), data, state })
    }

    /// The store file.
    pub fn store(&self) -> PathBuf {
        self.data.join(STORE)
    }

    /// The key file of the secrets.
    pub fn key(&self) -> PathBuf {
        self.config.join("syncdeck.key")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_folder_takes_the_place_of_all() {
        let paths = Paths::new(Some(Path::new("/srv/deck"))).unwrap();
        assert_eq!(paths.config, Path::new("/srv/deck"));
        assert_eq!(paths.state, Path::new("/srv/deck"));
        assert_eq!(paths.store(), Path::new("/srv/deck/syncdeck.redb"));
    }
}

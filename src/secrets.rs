//! Secrets at rest: sealed with a key that is kept apart from the store, or references (`env:`,
//! `file:`, `cmd:`) that are read when they are needed.

use crate::model::{SecretText, UserError};
use secrecy::SecretString;
use std::path::Path;

/// Seals and opens secrets.
#[derive(Clone)]
pub struct Vault {
    _private: (),
}

impl Vault {
    /// Takes the key from the systemd credential `syncdeck.key` (`$CREDENTIALS_DIRECTORY`), else
    /// from the key file in the config folder, which is made (mode 0600) if it is not there.
    ///
    /// # Errors
    /// The key file cannot be read, made, or is damaged.
    pub fn open(_config_folder: &Path) -> Result<Self, UserError> {
        unimplemented!()
    }

    /// Seals a clear secret; a reference (`env:NAME`, `file:PATH`, `cmd:COMMAND`) is kept as it is.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn keep(&self, _clear: &str) -> Result<SecretText, UserError> {
        unimplemented!()
    }

    /// The clear text of a kept setting. References are read now.
    ///
    /// # Errors
    /// The reference cannot be read, or the secret was sealed with another key.
    pub fn reveal(&self, _kept: &SecretText) -> Result<SecretString, UserError> {
        unimplemented!()
    }
}

//! The key that seals the secrets: 32 random bytes in a file of their own.

use crate::model::UserError;
use base64::Engine as _;
use ring::rand::{SecureRandom, SystemRandom};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use zeroize::Zeroizing;

/// The name of the key file, and of the systemd credential.
const NAME: &str = "syncdeck.key";
const LENGTH: usize = 32;

/// The key's bytes.
pub(super) type Key = Zeroizing<Vec<u8>>;

/// The key from the systemd credential if there is one, else from the key file, which is made if
/// it is not there.
pub(super) fn load(config_folder: &Path, credentials: Option<&Path>) -> Result<Key, UserError> {
    if let Some(key) = existing(config_folder, credentials)? {
        return Ok(key);
    }
    let path = config_folder.join(NAME);
    make(config_folder, &path).map_err(|error| {
        UserError::new(
            format!("The key file {} could not be made.", path.display()),
            format!("The operating system says: {error}."),
            "Give this user a config folder that it may write.",
        )
    })?;
    read(&path)?.ok_or_else(|| {
        UserError::new(
            format!("The key file {} is gone.", path.display()),
            "It was removed just after it was made.",
            "Start SyncDeck again.",
        )
    })
}

/// The key that is there.
pub(super) fn existing(
    config_folder: &Path,
    credentials: Option<&Path>,
) -> Result<Option<Key>, UserError> {
    if let Some(path) = credentials.map(|folder| folder.join(NAME))
        && let Some(key) = read(&path)?
    {
        return Ok(Some(key));
    }
    read(&config_folder.join(NAME))
}

/// The key in a file: 32 bytes, or their base64 on a line. `None`: there is no such file.
fn read(path: &Path) -> Result<Option<Key>, UserError> {
    let mut bytes = Key::default();
    match File::open(path).and_then(|file| file.take(1024).read_to_end(&mut bytes)) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(UserError::new(
                format!("The key file {} could not be read.", path.display()),
                format!("The operating system says: {error}."),
                "Let this user read it; without it the stored secrets cannot be opened.",
            ));
        }
    }
    if bytes.len() != LENGTH {
        let text = bytes.trim_ascii();
        let decoded = base64::engine::general_purpose::STANDARD.decode(text);
        bytes = Key::new(decoded.unwrap_or_default());
    }
    if bytes.len() != LENGTH {
        return Err(UserError::new(
            format!("The key file {} is damaged.", path.display()),
            format!("It does not hold a key of {LENGTH} bytes."),
            "Restore it from a backup. If there is none, move it away and enter all secrets again.",
        ));
    }
    Ok(Some(bytes))
}

/// Makes the key file. It appears whole or not at all, and of two processes the first one wins.
fn make(folder: &Path, path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut key = Key::new(vec![0; LENGTH]);
    SystemRandom::new().fill(&mut key).map_err(|_| io::Error::other("no randomness"))?;
    let mut suffix = [0; 8];
    SystemRandom::new().fill(&mut suffix).map_err(|_| io::Error::other("no randomness"))?;
    let draft = folder.join(format!(".{NAME}.{:016x}", u64::from_le_bytes(suffix)));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(&draft)?;
    let linked = file
        .write_all(&key)
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::hard_link(&draft, path));
    std::fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

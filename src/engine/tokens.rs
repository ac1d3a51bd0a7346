//! Tokens that services hand out, sealed in the store for every process that uses it.

use crate::model::{ConnectorId, SecretText, Stamp, UserError};
use crate::remote::TokenStore;
use crate::secrets::Vault;
use crate::store::{Batch, Change, Store};
use futures::future::{BoxFuture, FutureExt};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

/// The number of a connector that has not been saved yet.
const NEW: ConnectorId = 0;
/// How often somebody who waits for his turn looks.
const LOOK: Duration = Duration::from_millis(50);
/// How long he waits at most: longer than a renewal takes with all its repetitions.
const PATIENCE: Duration = Duration::from_secs(120);

/// A row: which credentials the tokens belong to, and the tokens, sealed.
#[derive(Serialize, Deserialize)]
struct Row {
    origin: String,
    sealed: String,
}

/// The tokens of one connector.
pub struct StoredTokens {
    store: Store,
    vault: Vault,
    connector: ConnectorId,
}

impl StoredTokens {
    /// The tokens of this connector.
    pub fn new(store: Store, vault: Vault, connector: ConnectorId) -> Self {
        Self { store, vault, connector }
    }

    async fn read(
        &self,
        connector: ConnectorId,
        origin: &str,
    ) -> Result<Option<String>, UserError> {
        let name = tokens_of(connector);
        let fact = self.store.read(move |r| r.fact(&name)).await.map_err(|e| e.user())?;
        let row: Option<Row> = fact.and_then(|text| serde_json::from_str(&text).ok());
        Ok(row.filter(|row| row.origin == origin).map(|row| row.sealed))
    }
}

/// The changes that forget what was kept for a connector.
pub fn forget(connector: ConnectorId, batch: &mut Batch) {
    batch.push(Change::PutFact(tokens_of(connector), None));
    batch.push(Change::PutFact(remark_of(connector), None));
}

fn tokens_of(connector: ConnectorId) -> String {
    format!("tokens/{connector}")
}

fn remark_of(connector: ConnectorId) -> String {
    format!("remark/{connector}")
}

impl TokenStore for StoredTokens {
    fn load<'a>(
        &'a self,
        origin: &'a str,
    ) -> BoxFuture<'a, Result<Option<SecretString>, UserError>> {
        async move {
            let mut sealed = self.read(self.connector, origin).await?;
            if sealed.is_none() && self.connector != NEW {
                // The connection was checked before it was saved; a code works only once.
                sealed = self.read(NEW, origin).await?;
            }
            sealed.map(|text| self.vault.reveal(&SecretText::Sealed(text))).transpose()
        }
        .boxed()
    }

    fn save<'a>(
        &'a self,
        origin: &'a str,
        tokens: &'a SecretString,
    ) -> BoxFuture<'a, Result<(), UserError>> {
        async move {
            let SecretText::Sealed(sealed) = self.vault.keep(tokens.expose_secret())? else {
                return Err(UserError::new("The tokens could not be sealed.", "", "Try again."));
            };
            let row = Row { origin: origin.to_owned(), sealed };
            let text = serde_json::to_string(&row).unwrap_or_default();
            let change = Change::PutFact(tokens_of(self.connector), Some(text));
            self.store.commit(change.into()).await.map(drop).map_err(|e| e.user())
        }
        .boxed()
    }

    fn turn(&self) -> BoxFuture<'_, Result<Box<dyn Any + Send>, UserError>> {
        async move {
            let file = open(self.store.folder(), self.connector)?;
            let begun = Stamp::now();
            loop {
                match file.try_lock() {
                    Ok(()) => return Ok(Box::new(file) as Box<dyn Any + Send>),
                    Err(TryLockError::WouldBlock) if Stamp::now().since(begun) < PATIENCE => {
                        tokio::time::sleep(LOOK).await;
                    }
                    Err(TryLockError::WouldBlock) => {
                        return Err(UserError::new(
                            "The tokens could not be renewed.",
                            "Another process has been renewing them for two minutes.",
                            "End that process if it hangs.",
                        ));
                    }
                    Err(TryLockError::Error(error)) => return Err(broken(&error)),
                }
            }
        }
        .boxed()
    }

    fn remark(&self) -> Option<String> {
        let name = remark_of(self.connector);
        self.store.read_blocking(move |r| r.fact(&name)).ok().flatten()
    }

    fn leave_remark<'a>(&'a self, remark: &'a str) -> BoxFuture<'a, ()> {
        async move {
            let change = Change::PutFact(remark_of(self.connector), Some(remark.to_owned()));
            // It is found out again by whoever needs it.
            let _ = self.store.commit(change.into()).await;
        }
        .boxed()
    }
}

fn open(folder: &Path, connector: ConnectorId) -> Result<File, UserError> {
    let locks = folder.join("locks");
    let mut folders = DirBuilder::new();
    folders.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folders, 0o700);
    folders.create(&locks).map_err(|e| broken(&e))?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(locks.join(format!("{connector}.tokens.lock"))).map_err(|e| broken(&e))
}

fn broken(error: &std::io::Error) -> UserError {
    UserError::new(
        "The lock of the tokens cannot be taken.",
        format!("The operating system says: {error}."),
        "Make sure that the data folder can be written.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house() -> (tempfile::TempDir, Store, Vault) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("syncdeck.redb")).unwrap();
        let vault = Vault::open(folder.path()).unwrap();
        (folder, store, vault)
    }

    #[tokio::test]
    async fn tokens_are_sealed_and_belong_to_their_credentials() {
        let (_folder, store, vault) = house();
        let of = |id| StoredTokens::new(store.clone(), vault.clone(), id);
        let load = async |id, origin| {
            let found = of(id).load(origin).await.unwrap();
            found.map(|s| s.expose_secret().to_owned())
        };
        of(3).save("a", &"{\"refresh\":\"1000.hidden\"}".into()).await.unwrap();
        assert_eq!(load(3, "a").await.as_deref(), Some("{\"refresh\":\"1000.hidden\"}"));
        assert_eq!(load(3, "b").await, None, "other credentials");
        assert_eq!(load(4, "a").await, None, "another connector");
        let kept = store.read_blocking(|r| r.fact("tokens/3")).unwrap().unwrap();
        assert!(!kept.contains("hidden"), "{kept}");
        of(NEW).save("c", &"new".into()).await.unwrap();
        assert_eq!(load(4, "c").await.as_deref(), Some("new"), "checked before it was saved");
        let mut batch = Batch::new();
        forget(3, &mut batch);
        store.commit(batch).await.unwrap();
        assert_eq!(load(3, "a").await, None);
    }

    #[tokio::test]
    async fn one_at_a_time_renews() {
        let (_folder, store, vault) = house();
        let a = StoredTokens::new(store.clone(), vault.clone(), 3);
        let b = StoredTokens::new(store, vault, 3);
        let turn = a.turn().await.unwrap();
        let second = tokio::time::timeout(Duration::from_millis(200), b.turn());
        assert!(second.await.is_err(), "it waits");
        drop(turn);
        assert!(b.turn().await.is_ok());
        b.leave_remark("7700").await;
        assert_eq!(a.remark().as_deref(), Some("7700"));
    }
}

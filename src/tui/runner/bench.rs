//! A real store and what works on it, for the tests of these jobs.

use super::Shared;
use crate::catalog::Catalog;
use crate::engine::Engine;
use crate::model::{Run, RunStatus};
use crate::secrets::Vault;
use crate::store::Store;
use crate::tui::fixture;
use crate::tui::msg::Msg;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::{Receiver, channel};

/// A store in this folder, with a run that has no outcomes yet, and the run's number.
pub fn store_with_run(folder: &Path) -> (Store, u64) {
    let store = Store::open(&folder.join("a.redb")).unwrap();
    let run = fixture::run(0, 1, RunStatus::Completed, "2026-11-21T12:41:00Z");
    let run = Run { modules: BTreeMap::new(), ..run };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let id = runtime.block_on(store.start_run(run)).unwrap();
    (store, id)
}

/// What the jobs share, on this store, and what they say.
pub fn shared(folder: &Path, store: Store) -> (Shared, Receiver<Msg>) {
    let catalog = Arc::new(Catalog::built_in().unwrap());
    let vault = Vault::open(folder).unwrap();
    let engine = Engine::new(store.clone(), vault.clone(), catalog.clone());
    let (messages, heard) = channel();
    let numbers = || AtomicU64::new(7);
    let shared = Shared {
        store,
        engine,
        catalog,
        vault,
        messages,
        arranging: numbers(),
        searching: numbers(),
        filtering: numbers(),
        exporting: numbers(),
        consents: Default::default(),
    };
    (shared, heard)
}

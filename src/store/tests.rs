//! Tests of the store as a whole.

mod batches;
mod compacting;
mod debug_log;
mod disk;
mod generations;
mod history;
mod inspecting;
mod kill;
mod migrating;
mod opening;
mod properties;
mod queue;
mod rows;
mod runs;
mod samples;
mod suspending;

use super::{Batch, Change, Store, StoreError};
use crate::model::UserError;
use tempfile::TempDir;

/// A new store in a new folder.
fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("data/syncdeck.redb")).unwrap();
    (folder, store)
}

/// Commits these changes together.
fn commit(store: &Store, changes: impl IntoIterator<Item = Change>) -> Result<(), StoreError> {
    let changes = changes.into_iter().collect();
    store.commit_blocking(Batch { changes })
}

/// The sentences of an error for people.
fn sentences<T: std::fmt::Debug>(result: Result<T, StoreError>) -> UserError {
    match result.unwrap_err() {
        StoreError::User(error) => error,
        other => panic!("{other:?}"),
    }
}

/// Drives a future without any runtime.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = std::sync::Arc::new(Unpark(std::thread::current())).into();
    let mut context = std::task::Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            std::task::Poll::Ready(output) => return output,
            std::task::Poll::Pending => std::thread::park(),
        }
    }
}

//! Ctrl-Z on a running command: the store is closed before the process stops, so that no other one
//! waits for it.

use crate::job_control;
use crate::store::Store;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// How long a batch that is being written may take to end before the process stops.
const PATIENCE: Duration = Duration::from_secs(3);

/// Hears SIGTSTP from now on, until the runtime ends. Needs a runtime.
pub fn close_store_before_stops(store: &Store) {
    let store = store.clone();
    // A signal that cannot be heard keeps its usual effect.
    let Ok(mut stops) = signal(SignalKind::from_raw(job_control::SIGTSTP)) else { return };
    tokio::spawn(async move {
        while stops.recv().await.is_some() {
            let store = store.clone();
            // Waits, and is stopped, so not on a worker of the runtime.
            let stopped = tokio::task::spawn_blocking(move || {
                store.suspend(PATIENCE);
                job_control::stop();
                store.resume();
            });
            // It does not panic, and is not cancelled before the runtime ends.
            let _ = stopped.await;
        }
    });
}

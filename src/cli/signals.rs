//! SIGINT and SIGTERM.

use super::exit::{Failure, Outcome};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask the program to stop.
pub struct Stops {
    interrupt: Signal,
    terminate: Signal,
}

impl Stops {
    /// Takes the signals over: from now on they do not end the process by themselves.
    pub fn take() -> Outcome<Self> {
        Ok(Self {
            interrupt: taken(SignalKind::interrupt())?,
            terminate: taken(SignalKind::terminate())?,
        })
    }

    /// Takes SIGHUP over, by which a service is told to look at its settings again.
    pub fn hangups() -> Outcome<Signal> {
        taken(SignalKind::hangup())
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

fn taken(kind: SignalKind) -> Outcome<Signal> {
    signal(kind).map_err(|error| {
        Failure::failed(
            "SyncDeck cannot listen for signals.",
            format!("The operating system says: {error}."),
            "Try again.",
        )
    })
}

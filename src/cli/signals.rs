//! The signals by which the program is asked to stop: SIGINT, SIGTERM, and SIGHUP where nobody has a
//! use of its own for it.

use super::exit::{Failure, Outcome};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask the program to stop.
pub struct Stops {
    interrupt: Signal,
    terminate: Signal,
    /// Heard once: the terminal and the shell may both tell that the line broke.
    hangup: Option<Signal>,
}

impl Stops {
    /// Takes the signals over: from now on they do not end the process by themselves.
    pub fn take() -> Outcome<Self> {
        Ok(Self {
            interrupt: taken(SignalKind::interrupt())?,
            terminate: taken(SignalKind::terminate())?,
            hangup: None,
        })
    }

    /// With the end of the terminal, unless the process is to outlive it (`nohup`).
    pub fn or_hangup() -> Outcome<Self> {
        let hangup = if outlives_terminal() { None } else { Some(Self::hangups()?) };
        Ok(Self { hangup, ..Self::take()? })
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
            () = heard(&mut self.hangup) => self.hangup = None,
        }
    }
}

async fn heard(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Whether SIGHUP is ignored. Where the system does not tell, it is left as it is.
fn outlives_terminal() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignores_hangup(&status).unwrap_or(true)
}

/// The mask of ignored signals in the status that Linux tells of a process (proc_pid_status(5)).
fn ignores_hangup(status: &str) -> Option<bool> {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    let mask = u64::from_str_radix(mask.trim(), 16).ok()?;
    Some(mask & 1 == 1)
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

#[cfg(test)]
mod tests {
    use super::ignores_hangup;

    #[test]
    fn the_mask_of_ignored_signals_tells_of_nohup() {
        let status = |mask: &str| format!("Name:\tsyncdeck\nSigBlk:\t0001\nSigIgn:\t{mask}\n");
        assert_eq!(ignores_hangup(&status("0000000000001000")), Some(false));
        assert_eq!(ignores_hangup(&status("0000000000001001")), Some(true));
        assert_eq!(ignores_hangup(&status("?")), None);
        assert_eq!(ignores_hangup(""), None);
    }
}

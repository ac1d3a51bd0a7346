//! Why a sandbox cannot be started.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Why a sandbox cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// Only loopback is served: the data is open to everyone who can read the first line printed.
    #[error("the sandbox listens on loopback addresses only, not on {0}")]
    NotLoopback(SocketAddr),
    /// The address cannot be bound.
    #[error("the sandbox cannot listen on {address}: {why}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        why: String,
    },
    /// The port the folder remembers is taken; another one would change every URL given out.
    #[error(
        "port {port} is taken, and the sandbox kept in {} has given out URLs with it; stop what uses the port, or \
         ask for another one", folder.display()
    )]
    PortTaken {
        /// The port.
        port: u16,
        /// The state folder.
        folder: PathBuf,
    },
    /// Another sandbox serves this folder.
    #[error("another sandbox is running on {}", .0.display())]
    InUse(PathBuf),
    /// The folder belongs to other data.
    #[error(
        "the sandbox kept in {} holds {records} records of seed {seed}; leave both out or use another folder",
        folder.display()
    )]
    OtherData {
        /// The state folder.
        folder: PathBuf,
        /// Its size.
        records: u64,
        /// Its seed.
        seed: u64,
    },
    /// A file of the state folder cannot be used.
    #[error("the sandbox's state in {} cannot be used: {why}", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The embedded descriptions cannot be read: a fault of the build.
    #[error("the sandbox's embedded data is broken: {0}")]
    Assets(String),
}

impl SandboxError {
    pub(super) fn state(path: &Path, error: &std::io::Error) -> Self {
        Self::State { path: path.to_owned(), why: error.to_string() }
    }
}

//! Integration tests of the whole package.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod cli;
mod conformance;
mod model;
mod sandbox_sync;
mod tui_pty;

//! Integration tests of the whole package.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::result_large_err, reason = "errors of remotes are rare and not on a hot path")]

mod cli;
mod cloud;
mod conformance;
mod daemon;
mod deletes;
mod documents;
mod echo;
mod external_id;
mod faults;
mod kill;
mod magento;
mod mapping;
mod reading;
mod requests;
pub mod rest;
mod sandbox_sync;
mod secrets;
mod service_id;
mod stopping;
mod trouble;
mod tui_long_list;
mod tui_mapping;
mod tui_pty;
mod tui_tasks;
mod verify;
mod woo_orders;
mod zoho;

//! SyncDeck keeps the records of a Vtiger CRM in step with other systems: a full-screen console
//! and a command line over one sync engine.
//!
//! The folders, from the bottom up: [`model`] (types without I/O), [`mapping`] and [`catalog`]
//! (how fields travel), [`store`] (redb), [`secrets`] (sealed or read elsewhere), [`settings`]
//! (the settings file and its checks), [`remote`] (HTTP), [`engine`] (the sync), [`tui`] and
//! [`cli`] (the front ends), [`sandbox`] (loopback imitations of the systems).

pub mod catalog;
pub mod cli;
pub mod engine;
pub mod export;
pub mod fault;
mod job_control;
pub mod mapping;
pub mod model;
pub mod paths;
pub mod remote;
pub mod sandbox;
pub mod secrets;
pub mod settings;
pub mod store;
pub mod tui;

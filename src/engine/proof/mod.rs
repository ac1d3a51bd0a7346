//! The proof of the engine: the real engine and the real store (in memory) against two sides in
//! memory, whose users edit at any moment, whose answers get lost, and with a process that dies at
//! any step. Whatever happens, it has to end where it would have ended.
//!
//! - `stories` tells random stories and checks the invariants of `check` at their ends;
//! - `crashes` kills fixed scenarios at every step;
//! - `gate` switches the safeguards off one by one, to see that the stories would notice;
//! - `found` holds the narrow tests of what was found and mended.
//!
//! Everything runs on one thread with a clock of its own, so that a seed always tells the same
//! story. `SYNCDECK_STORIES=50` tells fifty times as many, `SYNCDECK_FROM=n` others,
//! `SYNCDECK_SEED=n` only one.

mod bench;
mod check;
mod crashes;
mod found;
mod gate;
mod remote;
mod setup;
mod stories;
mod world;

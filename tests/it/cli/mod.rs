//! The command line, from outside: the real program, its output, its exit codes.

pub mod bench;
mod demo;
mod guard;
mod mapping;
mod queue;
mod refusals;
mod services;
mod story;
pub mod systems;
mod usage;

//! The command line, from outside: the real program, its output, its exit codes.

mod bench;
mod demo;
mod guard;
mod queue;
mod refusals;
mod story;
mod systems;
mod usage;

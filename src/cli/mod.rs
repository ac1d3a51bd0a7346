//! The command line: one file a subcommand, text or JSON on standard output, messages on standard
//! error, exit codes for scripts.

mod apply;
mod args;
mod check;
mod config;
mod connector;
mod daemon;
mod demo;
mod doctor;
mod exit;
mod files;
mod generate;
mod house;
mod json;
mod links;
mod log;
mod mapping;
mod output;
mod progress;
mod queue;
mod records;
mod rights;
mod sandbox;
mod screen;
mod services;
mod signals;
mod suspend;
mod sync;
mod table;

use args::{Cli, Command};
use clap::Parser as _;
use exit::{Exit, Failure, Outcome};
use house::Context;
use output::Output;
use std::process::ExitCode;

/// Runs the program with the arguments of this process.
pub fn main() -> ExitCode {
    crate::fault::tell_people();
    crate::store::hush_expected_panics();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return wrong_arguments(&error).into(),
    };
    let context = Context::new(&cli.global);
    match run(cli.command, &context) {
        Ok(exit) => exit.into(),
        Err(Failure::NobodyReads) => Exit::Done.into(),
        Err(Failure::Told { error, exit }) => {
            context.out.error(&error);
            exit.into()
        }
    }
}

fn run(command: Option<Command>, context: &Context) -> Outcome {
    match command {
        None => screen::run(context),
        Some(Command::Demo(args)) => demo::run(&args, context),
        Some(Command::Sandbox(args)) => sandbox::run(&args, context),
        Some(Command::Apply(args)) => apply::run(&args, context),
        Some(Command::Config(args)) => config::run(&args, context),
        Some(Command::Check(args)) => check::run(&args, context),
        Some(Command::Sync(args)) => sync::run(&args, context),
        Some(Command::Daemon) => daemon::run(context),
        Some(Command::Log(args)) => log::run(&args, context),
        Some(Command::Records(args)) => records::run(&args, context),
        Some(Command::Queue(args)) => queue::run(&args, context),
        Some(Command::Mapping(args)) => mapping::run(&args, context),
        Some(Command::Links(args)) => links::run(&args, context),
        Some(Command::Connector(args)) => connector::run(&args, context),
        Some(Command::Services(args)) => services::run(&args, context),
        Some(Command::Doctor(args)) => doctor::run(&args, context),
        Some(Command::Completions(args)) => generate::completions(&args, context),
        Some(Command::Man(args)) => generate::man(&args, context),
    }
}

/// Help and version on standard output; anything else is wrong usage.
fn wrong_arguments(error: &clap::Error) -> Exit {
    // Nobody can be told that the output is closed.
    let _ = error.print();
    if !error.use_stderr() {
        return Exit::Done;
    }
    if std::env::args_os().any(|arg| arg == "--json") {
        let text = error.render().to_string();
        let what = text.lines().next().unwrap_or("").trim_start_matches("error: ").to_owned();
        let error = serde_json::json!({"error": {
            "what": what, "why": "", "next": "Look at the usage with: syncdeck --help",
        }});
        let _ = Output::new(true).document(&error);
    }
    Exit::Usage
}

//! `syncdeck links`: the memory of which records belong together.

mod verify;

use super::exit::Outcome;
use super::house::Context;
use clap::{Args, Subcommand};

/// Options of `links`.
#[derive(Debug, Clone, Args)]
pub struct LinksArgs {
    #[command(subcommand)]
    command: LinksCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum LinksCommand {
    /// Check every link against both sides; changes nothing
    Verify(verify::VerifyArgs),
}

/// Does what was asked.
pub fn run(args: &LinksArgs, context: &Context) -> Outcome {
    match &args.command {
        LinksCommand::Verify(args) => verify::run(args, context),
    }
}

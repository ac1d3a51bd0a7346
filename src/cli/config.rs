//! `syncdeck config export`: the settings as a file that `apply` reads, without secrets.

use super::exit::{Exit, Outcome};
use super::files;
use super::house::Context;
use crate::settings::export;
use clap::{Args, Subcommand};
use std::io::Write as _;
use std::path::PathBuf;

/// Options of `config`.
#[derive(Debug, Clone, Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum ConfigCommand {
    /// Write the settings, stored secrets as `keep:`
    Export {
        /// The file; without it, or with -, standard output
        file: Option<PathBuf>,
        /// Overwrite an existing file
        #[arg(long, requires = "file")]
        force: bool,
    },
}

/// Exports.
pub fn run(args: &ConfigArgs, context: &Context) -> Outcome {
    let ConfigCommand::Export { file, force } = &args.command;
    let house = context.open()?;
    let text = export(&house.store, &house.catalog)?;
    match file.as_deref().filter(|file| !files::is_stdout(file)) {
        Some(file) => {
            let mut to = files::create(file, *force)?;
            to.write_all(text.as_bytes()).map_err(|error| files::unwritable(file, &error))?;
            to.finish().map_err(|error| files::unwritable(file, &error))?;
            if context.out.json {
                context.out.document(&serde_json::json!({ "file": file }))?;
            }
        }
        None if context.out.json => {
            context.out.document(&serde_json::json!({ "toml": text }))?;
        }
        None => context.out.text(&text)?,
    }
    Ok(Exit::Done)
}

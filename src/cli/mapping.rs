//! `syncdeck mapping`: a module's own mapping lines written into a file, and read from one.

use super::apply::{read, refused};
use super::exit::{Exit, Failure, Outcome};
use super::files::{create, is_stdout, unwritable};
use super::house::Context;
use super::rights::needs_administrator_to;
use super::table::counted;
use crate::model::Module;
use crate::settings::{export_mapping, read_mapping, with_mapping};
use crate::store::Change;
use clap::{Args, Subcommand};
use std::io::Write as _;
use std::path::PathBuf;

/// Options of `mapping`.
#[derive(Debug, Clone, Args)]
pub struct MappingArgs {
    #[command(subcommand)]
    command: MappingCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum MappingCommand {
    /// Write the lines that were added to the default ones, or take their place
    Export {
        /// The connector
        name: String,
        /// The module
        module: Module,
        /// The file; - is standard output
        file: PathBuf,
        /// Overwrite the file if it is there
        #[arg(long)]
        force: bool,
    },
    /// Put a file's lines in the place of the module's own ones
    Import {
        /// The connector
        name: String,
        /// The module
        module: Module,
        /// The file; - is standard input
        file: PathBuf,
    },
}

/// Does what was asked.
pub fn run(args: &MappingArgs, context: &Context) -> Outcome {
    match &args.command {
        MappingCommand::Export { name, module, file, force } => {
            let house = context.open()?;
            let connector = house.connector(name)?;
            let service = house.catalog.service(&connector.service).ok_or_else(unknown)?;
            let settings = connector.modules.get(module).ok_or_else(|| missing(name, *module))?;
            let text = export_mapping(service, *module, &settings.mapping)?;
            if is_stdout(file) {
                context.out.text(&text)?;
                return Ok(Exit::Done);
            }
            let mut out = create(file, *force)?;
            let written = out.write_all(text.as_bytes()).and_then(|()| out.finish());
            written.map_err(|error| unwritable(file, &error))?;
            told(context, settings.mapping.len(), "written to", &file.display().to_string())
        }
        MappingCommand::Import { name, module, file } => {
            context.may_write("Changing the mapping")?;
            let text = read(file)?;
            let house = context.open()?;
            needs_administrator_to(&house, "The mapping cannot be changed.")?;
            let connector = house.connector(name)?;
            let service = house.catalog.service(&connector.service).ok_or_else(unknown)?;
            let lines = match read_mapping(service, *module, &text, &file.to_string_lossy()) {
                Ok(lines) => lines,
                Err(problems) => return refused(&problems, context),
            };
            let count = lines.len();
            let changed = with_mapping(&house.catalog, &connector, *module, lines)?;
            if changed != connector {
                let change = Change::PutConnector(Box::new(changed));
                house.store.commit_blocking(change.into())?;
            }
            let of = format!("{module} of {}", connector.name);
            told(context, count, "in force for", &of)
        }
    }
}

fn told(context: &Context, lines: usize, what: &str, place: &str) -> Outcome {
    if context.out.json {
        context.out.document(&serde_json::json!({ "lines": lines }))?;
    } else {
        let lines = counted(u64::try_from(lines).unwrap_or(u64::MAX), "own line");
        context.out.text(&format!("{lines} {what} {place}.\n"))?;
    }
    Ok(Exit::Done)
}

fn missing(name: &str, module: Module) -> Failure {
    Failure::usage(
        format!("\"{name}\" has no {module}."),
        "Its service does not offer them.",
        "Name another module; connector list shows them.",
    )
}

fn unknown() -> Failure {
    Failure::failed(
        "The service of this connector is not known.",
        "Its asset is not part of this version of SyncDeck.",
        "Use the version that the connector was made with.",
    )
}

//! The commands and the options that all of them share.

use super::{
    apply, check, config, connector, demo, doctor, generate, links, log, mapping, queue, records,
    sandbox, services, sync,
};
use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  syncdeck                          the full-screen program
  syncdeck demo                     try everything on imitated systems, without an account
  syncdeck apply deck.toml          set up the CRM and the connectors from a file
  syncdeck check                    check all connections
  syncdeck sync shop --preview      show what a sync would do
  syncdeck sync shop                sync now
  syncdeck daemon                   sync as scheduled in the settings, as a service
  syncdeck log shop                 the sync log
  syncdeck records 12 --status skipped --csv skipped.csv

Exit codes:
  0 done   1 failed   2 wrong usage or refused settings   3 done, some records were skipped
  4 a guard holds the run, a decision is needed   5 another process syncs the connector
  130 interrupted";

/// Keeps a Vtiger CRM and other business systems in step.
///
/// Without a command the full-screen program starts.
#[derive(Debug, Parser)]
#[command(name = "syncdeck", version, after_help = EXAMPLES)]
pub struct Cli {
    /// What all commands share.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options of every command.
#[derive(Debug, Clone, Default, Args)]
pub struct Global {
    /// One folder for settings, store and logs, instead of those of the user
    #[arg(long, global = true, value_name = "DIR", env = "SYNCDECK_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// Print one JSON document; messages go to standard error
    #[arg(long, global = true)]
    pub json: bool,
    /// Refuse every command that changes records or settings
    #[arg(long, global = true, env = "SYNCDECK_READ_ONLY", value_parser = FalseyValueParser::new())]
    pub read_only: bool,
    /// Colours in the full-screen program; auto: unless NO_COLOR is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

/// When colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Color {
    /// As the environment asks for it.
    #[default]
    Auto,
    /// Whatever the environment says.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Whether colours are asked for or refused.
    pub fn wish(self) -> Option<bool> {
        match self {
            Self::Auto => None,
            Self::Always => Some(true),
            Self::Never => Some(false),
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Try everything on imitated systems on this machine
    Demo(demo::DemoArgs),
    /// Serve the imitated systems on a loopback address
    Sandbox(sandbox::SandboxArgs),
    /// Set up the CRM and the connectors from a file
    Apply(apply::ApplyArgs),
    /// Write the settings to a file that `apply` reads
    Config(config::ConfigArgs),
    /// Check the connections
    Check(check::CheckArgs),
    /// Sync now, or preview what a sync would do
    Sync(sync::SyncArgs),
    /// Sync as the settings say (frequency, mode, period) until SIGTERM or Ctrl-C
    Daemon,
    /// The sync log
    Log(log::LogArgs),
    /// The records of a run: what was created, updated, deleted, skipped, and why
    Records(records::RecordsArgs),
    /// Records that wait, and skips that stand: list, retry, add, drop
    Queue(queue::QueueArgs),
    /// Write a module's own mapping lines into a file, or read them from one
    Mapping(mapping::MappingArgs),
    /// Decide and check which records belong together
    Links(links::LinksArgs),
    /// List, enable, disable, rename and remove connectors
    Connector(connector::ConnectorArgs),
    /// The services that can be connected
    Services(services::ServicesArgs),
    /// The health of the store, the folders and the clock
    Doctor(doctor::DoctorArgs),
    /// Print completions for a shell
    Completions(generate::CompletionsArgs),
    /// Print the manual page, or write one for each command into a folder
    Man(generate::ManArgs),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_commands_are_well_formed() {
        Cli::command().debug_assert();
    }
}

//! The full-screen console.
//!
//! One thread draws and never waits: a key becomes a command, `update` changes the model and names
//! effects, the effects are run elsewhere and come back as messages, and the screen is drawn once
//! when something changed. An idle screen sends no byte.

mod app;
mod clipboard;
mod commands;
mod config;
mod consent;
mod debug;
mod draw;
#[cfg(test)]
mod fixture;
mod form;
mod history;
mod hyperlinks;
mod jump;
mod keymap;
mod keys;
mod layout;
mod list;
mod log;
mod mapping;
mod model;
mod msg;
mod next;
mod order;
mod queue;
mod runner;
mod sift;
mod terminal;
mod text;
mod theme;
mod update;
mod validate;

pub use config::check as check_config;

use crate::catalog::Catalog;
use crate::engine::Engine;
use crate::model::UserError;
use crate::secrets::Vault;
use crate::store::Store;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::channel;

/// The fact in the store that tells whether the CRM's user is an administrator (`true`, `false`), as
/// the last check found out.
pub const ADMIN_FACT: &str = runner::ADMIN_FACT;

/// What the console works on.
pub struct Context {
    /// The store.
    pub store: Store,
    /// The engine over it.
    pub engine: Engine,
    /// The services there are.
    pub catalog: Arc<Catalog>,
    /// Seals what is entered.
    pub vault: Vault,
    /// The runtime that the engine works on. Its threads are not this one.
    pub runtime: tokio::runtime::Handle,
    /// Everything can be seen, nothing changed.
    pub read_only: bool,
    /// Colours are asked for or refused, whatever environment and file say.
    pub color: Option<bool>,
    /// Where CSV files are written that are named without a folder.
    pub folder: PathBuf,
    /// The folder of the settings, with the file for keys and colours.
    pub config: PathBuf,
    /// What this instance is called in the first line (`demo`).
    pub title: Option<String>,
}

/// Runs the console on the terminal until the user leaves. Syncs that run then are cancelled first:
/// what is in flight is finished.
///
/// # Errors
/// There is no terminal, or it went away.
pub fn run(context: Context) -> Result<(), UserError> {
    let no_terminal = |why: String| {
        UserError::new(
            "The full-screen program could not be shown.",
            why,
            "Run it in a terminal, or use the subcommands: syncdeck --help.",
        )
    };
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(no_terminal("Input or output is not a terminal.".into()));
    }
    let (sender, messages) = channel();
    let size = crossterm::terminal::size().map_err(|e| no_terminal(e.to_string()))?;
    let theme = theme::Theme::from_env(|name| std::env::var(name).ok());
    let zone = jiff::tz::TimeZone::system();
    let mut config = config::read(&context.config, theme);
    config.theme.colour = context.color.unwrap_or(config.theme.colour);
    let mut model = model::Model::new(Arc::clone(&context.catalog), config.theme, zone, size);
    model.keys = Arc::new(config.keys);
    model.mouse = config.mouse;
    if let Some(error) = config::told(&context.config, &config.wrong) {
        model.show_error("Keys and colours", error);
    }
    model.read_only = context.read_only;
    model.title = context.title;
    model.folder = context.folder;
    // Before the terminal is taken: who ends the program then must find it given back.
    app::listen_to_signals(&context.runtime, sender.clone());
    let mut screen = terminal::Tty::take(sender.clone()).map_err(|e| no_terminal(e.to_string()))?;
    app::read_input(sender.clone());
    let Context { store, engine, catalog, vault, runtime, .. } = context;
    let mut runner = runner::LiveRunner::start(store, engine, catalog, vault, runtime, sender);
    if !context.read_only {
        runner.keep_the_schedule();
    }
    let ended = app::run(&mut model, &mut screen, &runner, &messages);
    drop(screen);
    runner.end();
    ended.map_err(|e| no_terminal(e.to_string()))
}

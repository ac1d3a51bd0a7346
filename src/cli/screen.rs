//! The full-screen program.

use super::exit::{Exit, Failure, Outcome};
use super::house::{Context, House, runtime};
use crate::tui;
use std::io::{IsTerminal as _, stdin, stdout};
use std::path::PathBuf;
use tokio::runtime::Runtime;

/// Starts the full-screen program on the store of this user.
pub fn run(context: &Context) -> Outcome {
    needs_terminal()?;
    let house = context.open()?;
    show(&house, context, &runtime()?, None)
}

/// Refuses to draw where nobody can see it.
pub fn needs_terminal() -> Outcome<()> {
    if stdin().is_terminal() && stdout().is_terminal() {
        return Ok(());
    }
    Err(Failure::usage(
        "There is no terminal.",
        "The full-screen program needs one for its input and its output.",
        "Without one use: syncdeck sync, syncdeck log, syncdeck records; see syncdeck --help",
    ))
}

/// Shows the screens until the user quits.
pub fn show(house: &House, context: &Context, runtime: &Runtime, title: Option<&str>) -> Outcome {
    tui::run(tui::Context {
        store: house.store.clone(),
        engine: house.engine.clone(),
        catalog: house.catalog.clone(),
        vault: house.vault.clone(),
        runtime: runtime.handle().clone(),
        read_only: context.read_only,
        color: context.color,
        folder: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
        config: house.config.clone(),
        title: title.map(str::to_owned),
    })?;
    Ok(Exit::Done)
}

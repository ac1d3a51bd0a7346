//! The full-screen program.

use super::exit::{Exit, Failure, Outcome};
use super::house::Context;
use std::io::{IsTerminal as _, stdin, stdout};

/// Starts the full-screen program on the store of this user.
pub fn run(context: &Context) -> Outcome {
    needs_terminal()?;
    let house = context.open()?;
    show(&house, context)
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
pub fn show(_house: &super::house::House, _context: &Context) -> Outcome {
    Ok(Exit::Done)
}

//! `syncdeck completions` and `syncdeck man`: written from the commands themselves.

use super::args::Cli;
use super::exit::{Exit, Failure, Outcome};
use super::house::Context;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use std::path::PathBuf;

/// Options of `completions`.
#[derive(Debug, Clone, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// Options of `man`.
#[derive(Debug, Clone, Args)]
pub struct ManArgs {
    /// A folder that gets a page for each command; without it the main page is printed
    pub dir: Option<PathBuf>,
}

/// Prints the completions for a shell.
pub fn completions(args: &CompletionsArgs, context: &Context) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "syncdeck", &mut script);
    context.out.text(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}

/// Prints the main page, or writes all pages.
pub fn man(args: &ManArgs, context: &Context) -> Outcome {
    let Some(dir) = &args.dir else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut page)?;
        context.out.text(&String::from_utf8_lossy(&page))?;
        return Ok(Exit::Done);
    };
    let written =
        std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(Cli::command(), dir));
    written.map_err(|error| {
        Failure::failed(
            format!("The manual pages could not be written to {}.", dir.display()),
            format!("The operating system says: {error}."),
            "Name a folder that you may write.",
        )
    })?;
    Ok(Exit::Done)
}

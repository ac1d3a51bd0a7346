//! The `syncdeck` program: the command line decides which front end starts.

use std::process::ExitCode;

fn main() -> ExitCode {
    syncdeck::cli::main()
}

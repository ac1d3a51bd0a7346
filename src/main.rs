//! The `syncdeck` program: parses the command line and starts the front end that was asked for.

fn main() {}

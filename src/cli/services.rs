//! `syncdeck services`: the kinds of systems that can be connected.

mod manifest;

use super::exit::{Exit, Outcome};
use super::house::Context;
use crate::catalog::Service;
use clap::{Args, Subcommand};
use manifest::CheckArgs;
use serde::Serialize;

/// Options of `services`.
#[derive(Debug, Clone, Args)]
pub struct ServicesArgs {
    #[command(subcommand)]
    command: ServicesCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum ServicesCommand {
    /// The services there are, their modules and what has to be entered
    List,
    /// Check the manifest of a service, and try one of its requests
    Check(CheckArgs),
}

/// A service: an element of `services list --json`.
#[derive(Debug, Serialize)]
struct ServiceView<'a> {
    name: &'a str,
    label: &'a str,
    description: &'a str,
    modules: Vec<ModuleView>,
    fields: Vec<FieldView<'a>>,
}

#[derive(Debug, Serialize)]
struct ModuleView {
    module: &'static str,
    name: &'static str,
    directions: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct FieldView<'a> {
    name: &'a str,
    label: &'a str,
    help: &'a str,
    required: bool,
    secret: bool,
    default: &'a str,
}

impl<'a> From<&'a Service> for ServiceView<'a> {
    fn from(service: &'a Service) -> Self {
        let modules = service.modules.iter().map(|(module, spec)| ModuleView {
            module: module.label(),
            name: module.key(),
            directions: spec.directions.iter().map(|d| d.key()).collect(),
        });
        let fields = service.form.iter().map(|field| FieldView {
            name: &field.name,
            label: &field.label,
            help: &field.help,
            required: field.required,
            secret: field.secret,
            default: &field.default,
        });
        Self {
            name: &service.name,
            label: &service.label,
            description: &service.description,
            modules: modules.collect(),
            fields: fields.collect(),
        }
    }
}

/// Prints the services.
pub fn run(args: &ServicesArgs, context: &Context) -> Outcome {
    match &args.command {
        ServicesCommand::List => list(context),
        ServicesCommand::Check(args) => manifest::check(args, context),
    }
}

fn list(context: &Context) -> Outcome {
    let catalog = context.catalog_of(&context.paths()?)?;
    if context.out.json {
        context.out.document(&catalog.services().map(ServiceView::from).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    let mut text = String::new();
    for service in catalog.services() {
        text.push_str(&format!("{} ({})\n", service.label, service.name));
        text.push_str(&format!("  {}\n", service.description));
        for (module, spec) in &service.modules {
            let directions: Vec<_> = spec.directions.iter().map(|d| d.key()).collect();
            text.push_str(&format!("  {:<16} {}\n", module.label(), directions.join(", ")));
        }
        let fields: Vec<_> = service.form.iter().map(|field| field.name.as_str()).collect();
        text.push_str(&format!("  credentials: {}\n", fields.join(", ")));
    }
    context.out.text(&text)?;
    Ok(Exit::Done)
}

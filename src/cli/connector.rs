//! `syncdeck connector`: the connected instances of services.

mod authorize;

use self::authorize::AuthorizeArgs;
use super::exit::{Exit, Failure, Outcome};
use super::house::{Context, House, runtime};
use super::log::local;
use super::output::{plain, sentence};
use super::rights::needs_administrator;
use super::table::{Column, Table, counted};
use crate::model::{Connector, Run, Stamp};
use crate::settings::check_field;
use crate::store::{Belongings, Change};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::io::{IsTerminal as _, stdin};

/// Options of `connector`.
#[derive(Debug, Clone, Args)]
pub struct ConnectorArgs {
    #[command(subcommand)]
    command: ConnectorCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum ConnectorCommand {
    /// The connectors there are
    List,
    /// Let a connector be synced
    Enable {
        /// The connector
        name: String,
    },
    /// Keep a connector, but do not sync it
    Disable {
        /// The connector
        name: String,
    },
    /// Give a connector another name
    Rename {
        /// The connector
        name: String,
        /// Its new name
        new: String,
    },
    /// Give the consent that a service wants, once (Zoho CRM)
    ///
    /// Without an option the page that asks is shown, and what it leads to is asked for.
    Authorize(AuthorizeArgs),
    /// Remove a connector with its links, queue and log; records stay on both sides
    Remove {
        /// The connector
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// Does what was asked.
pub fn run(args: &ConnectorArgs, context: &Context) -> Outcome {
    if !matches!(args.command, ConnectorCommand::List) {
        context.may_write("Changing a connector")?;
    }
    let house = context.open()?;
    if !matches!(args.command, ConnectorCommand::List) {
        needs_administrator(&house)?;
    }
    match &args.command {
        ConnectorCommand::List => list(&house, context),
        ConnectorCommand::Enable { name } => switch(&house, context, name, true),
        ConnectorCommand::Disable { name } => switch(&house, context, name, false),
        ConnectorCommand::Rename { name, new } => rename(&house, context, name, new),
        ConnectorCommand::Authorize(args) => authorize::run(args, &house, context),
        ConnectorCommand::Remove { name, yes } => remove(&house, context, name, *yes),
    }
}

/// A connector: an element of `connector list --json`.
#[derive(Debug, Serialize)]
struct ConnectorView<'a> {
    name: &'a str,
    service: &'a str,
    enabled: bool,
    sync_from: &'a str,
    frequency: String,
    conflict: &'static str,
    debug: bool,
    modules: Vec<ModuleView>,
    queue: u64,
    last_run: Option<u64>,
    last_status: Option<&'static str>,
    last_started: Option<Stamp>,
}

#[derive(Debug, Serialize)]
struct ModuleView {
    module: &'static str,
    enabled: bool,
    direction: &'static str,
}

fn view<'a>(connector: &'a Connector, last: Option<&Run>, queue: u64) -> ConnectorView<'a> {
    let modules = connector.modules.iter().map(|(module, settings)| ModuleView {
        module: module.label(),
        enabled: settings.enabled,
        direction: settings.direction.key(),
    });
    ConnectorView {
        name: &connector.name,
        service: &connector.service,
        enabled: connector.enabled,
        sync_from: &connector.sync_from.asked,
        frequency: connector.frequency.to_string(),
        conflict: connector.conflict.key(),
        debug: connector.debug,
        modules: modules.collect(),
        queue,
        last_run: last.map(|run| run.id),
        last_status: last.map(|run| run.status.key()),
        last_started: last.map(|run| run.started),
    }
}

fn list(house: &House, context: &Context) -> Outcome {
    let all = house.store.read_blocking(|r| {
        let mut all = Vec::new();
        for connector in r.connectors()? {
            let last = r.runs_before(Some(connector.id), None, 1)?.pop();
            let queue = r.parked_count(connector.id)?;
            all.push((connector, last, queue));
        }
        Ok(all)
    })?;
    if context.out.json {
        let views: Vec<_> = all.iter().map(|(c, last, q)| view(c, last.as_ref(), *q)).collect();
        context.out.document(&views)?;
        return Ok(Exit::Done);
    }
    if all.is_empty() {
        context.out.text("No connector has been set up yet.\n")?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&[
        Column::Text("Name"),
        Column::Text("Service"),
        Column::Text("State"),
        Column::Text("Frequency"),
        Column::Text("Modules"),
        Column::Number("Queue"),
        Column::Text("Last sync"),
    ]);
    for (connector, last, queue) in &all {
        table.row(cells(house, connector, last.as_ref(), *queue));
    }
    context.out.text(&table.render(0, true))?;
    Ok(Exit::Done)
}

fn cells(house: &House, connector: &Connector, last: Option<&Run>, queue: u64) -> [String; 7] {
    let modules = connector.modules.iter().filter(|(_, settings)| settings.enabled);
    let modules: Vec<_> = modules.map(|(module, _)| module.label()).collect();
    let last = last.map(|run| {
        let [date, time] = local(run.started);
        format!("{date} {time} {}", run.status.key())
    });
    [
        connector.name.clone(),
        house.service_label(&connector.service).to_owned(),
        if connector.enabled { "enabled" } else { "disabled" }.to_owned(),
        connector.frequency.to_string(),
        modules.join(", "),
        queue.to_string(),
        last.unwrap_or_else(|| "never".to_owned()),
    ]
}

fn switch(house: &House, context: &Context, name: &str, enabled: bool) -> Outcome {
    let connector = house.connector(name)?;
    let word = if enabled { "enabled" } else { "disabled" };
    let told = format!("Connector \"{}\" is {word}.", connector.name);
    put(house, Connector { enabled, ..connector })?;
    done(context, &told)
}

fn rename(house: &House, context: &Context, name: &str, new: &str) -> Outcome {
    let connector = house.connector(name)?;
    check_field(&house.catalog, &connector.service, "name", new).map_err(|why| {
        let what = format!("\"{name}\" cannot be renamed.");
        Failure::usage(what, sentence(&why), "Choose another name.")
    })?;
    let other = house.store.read_blocking(|r| r.connector_named(new))?;
    if let Some(other) = other.filter(|other| other.id != connector.id) {
        return Err(Failure::usage(
            format!("\"{name}\" cannot be renamed to \"{new}\"."),
            format!("There is a connector \"{}\" already.", other.name),
            "Choose another name.",
        ));
    }
    let told = format!("Connector \"{}\" is called \"{new}\" now.", connector.name);
    put(house, Connector { name: new.to_owned(), ..connector })?;
    done(context, &told)
}

fn put(house: &House, connector: Connector) -> Outcome<()> {
    Ok(house.store.commit_blocking(Change::PutConnector(Box::new(connector)).into())?)
}

/// The good news: on standard output as text, on standard error beside a JSON document.
fn done(context: &Context, told: &str) -> Outcome {
    if context.out.json {
        context.out.document(&serde_json::json!({ "done": told }))?;
    } else {
        context.out.text(&format!("{}\n", plain(told)))?;
    }
    Ok(Exit::Done)
}

fn remove(house: &House, context: &Context, name: &str, yes: bool) -> Outcome {
    let connector = house.connector(name)?;
    let lost = lost(house, &connector)?;
    if !yes {
        if context.out.json || !stdin().is_terminal() {
            return Err(Failure::usage(
                format!("Connector \"{}\" was not removed.", connector.name),
                format!("{lost} would be lost, and nobody can be asked here."),
                "Add --yes if that is what you want.",
            ));
        }
        context.out.message(&format!(
            "Connector \"{}\" is going to be removed, and with it {lost}.\n\
             The records stay on both sides. A new connector has to match them again.\n\
             Remove it? Type y and Enter; anything else keeps it.",
            plain(&connector.name)
        ));
        let mut answer = String::new();
        let read = stdin().read_line(&mut answer).is_ok();
        if !read || !answer.trim().eq_ignore_ascii_case("y") {
            context.out.message("It was kept.");
            return Ok(Exit::Failed);
        }
    }
    runtime()?.block_on(house.engine.remove(&connector))?;
    done(context, &format!("Connector \"{}\" was removed, and with it {lost}.", connector.name))
}

/// What goes with a connector, in words.
fn lost(house: &House, connector: &Connector) -> Outcome<String> {
    let Belongings { links, queue, runs } =
        house.store.read_blocking(|r| r.belongings(connector.id))?;
    Ok(format!(
        "{}, {} in the queue and {} of the log",
        counted(links, "link"),
        counted(queue, "record"),
        counted(runs, "run")
    ))
}

//! `syncdeck links`: what a person decides of which records belong together, and whether they do.

mod verify;

use super::exit::{Exit, Outcome};
use super::house::{Context, House, runtime};
use super::output::plain;
use super::queue::done;
use super::records::side;
use super::rights::needs_administrator_to;
use super::table::{Column, Table};
use crate::engine::queue::{Difference, LinkPreview};
use crate::model::{Connector, Module, Side};
use clap::{Args, Subcommand};
use serde_json::json;

/// Options of `links`.
#[derive(Debug, Clone, Args)]
pub struct LinksArgs {
    #[command(subcommand)]
    command: LinksCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum LinksCommand {
    /// Link two records that are the same; the next sync makes them equal by the rule
    Set {
        /// The connector
        name: String,
        /// Their module
        module: Module,
        /// The id in Vtiger
        vtiger_id: String,
        /// The id in the service
        service_id: String,
        /// Only show in what they differ, and which side would be written
        #[arg(long)]
        preview: bool,
    },
    /// Create a record on the other side, whatever looks like it there
    New {
        /// The record
        #[command(flatten)]
        record: RecordArgs,
    },
    /// Never sync a record
    Ignore {
        /// The record
        #[command(flatten)]
        record: RecordArgs,
        /// Why; kept with the decision
        #[arg(long, value_name = "TEXT", default_value = "", conflicts_with = "undo")]
        note: String,
        /// Sync it after all
        #[arg(long)]
        undo: bool,
    },
    /// Check every link against both sides; changes nothing
    Verify(verify::VerifyArgs),
}

/// One record.
#[derive(Debug, Clone, Args)]
struct RecordArgs {
    /// The connector
    name: String,
    /// The record's module
    module: Module,
    /// Its id, in Vtiger or in the service
    id: String,
    /// The side that the id belongs to, if both know it
    #[arg(long, value_name = "vtiger|service", value_parser = side)]
    side: Option<Side>,
}

/// Does what was asked.
pub fn run(args: &LinksArgs, context: &Context) -> Outcome {
    match &args.command {
        LinksCommand::Set { name, module, vtiger_id, service_id, preview } => {
            let house = open(context, *preview)?;
            let connector = house.connector(name)?;
            let ids = [vtiger_id.as_str(), service_id.as_str()];
            set(&house, context, &connector, *module, ids, *preview)
        }
        LinksCommand::New { record } => {
            let house = open(context, false)?;
            let connector = house.connector(&record.name)?;
            let RecordArgs { module, id, side, .. } = record;
            let deciding = house.engine.create_new(connector.id, *module, *side, id);
            let (side, name) = runtime()?.block_on(deciding)?;
            let there = label(&house, &connector, side.other());
            done(context, &format!("{name} ({id}) is created in {there} at the next sync."))
        }
        LinksCommand::Ignore { record, note, undo } => {
            let house = open(context, false)?;
            let connector = house.connector(&record.name)?;
            ignore(&house, context, &connector, record, note, *undo)
        }
        LinksCommand::Verify(args) => verify::run(args, context),
    }
}

/// Opens the store for a decision, or only to look.
fn open(context: &Context, look: bool) -> Outcome<House> {
    if look {
        return context.open();
    }
    context.may_write("Deciding on links")?;
    let house = context.open()?;
    needs_administrator_to(&house, "Links cannot be decided on.")?;
    Ok(house)
}

fn label<'a>(house: &'a House, connector: &'a Connector, side: Side) -> &'a str {
    match side {
        Side::Vtiger => "Vtiger",
        Side::Service => house.service_label(&connector.service),
    }
}

fn ignore(
    house: &House,
    context: &Context,
    connector: &Connector,
    record: &RecordArgs,
    note: &str,
    undo: bool,
) -> Outcome {
    let RecordArgs { module, id, side, .. } = record;
    let (engine, runtime) = (&house.engine, runtime()?);
    if undo {
        let taking = engine.take_in(connector.id, *module, *side, id);
        let (_, name) = runtime.block_on(taking)?;
        return done(context, &format!("{name} ({id}) is taken again at the next sync."));
    }
    let leaving = engine.leave_out(connector.id, *module, *side, id, note);
    let (_, name) = runtime.block_on(leaving)?;
    done(
        context,
        &format!(
            "{name} ({id}) is never synced any more. To sync it after all: \
             syncdeck links ignore {} {} {id} --undo",
            connector.name,
            module.key()
        ),
    )
}

fn set(
    house: &House,
    context: &Context,
    connector: &Connector,
    module: Module,
    [vtiger_id, service_id]: [&str; 2],
    preview: bool,
) -> Outcome {
    let linking = house.engine.link_records(connector.id, module, vtiger_id, service_id, preview);
    let told = runtime()?.block_on(linking)?;
    if context.out.json {
        context.out.document(&view(connector, module, &told, preview))?;
    } else {
        context.out.text(&text(house, connector, &told, preview))?;
    }
    Ok(Exit::Done)
}

fn view(
    connector: &Connector,
    module: Module,
    told: &LinkPreview,
    preview: bool,
) -> serde_json::Value {
    let difference = |d: &Difference| {
        json!({ "field": d.field, "vtiger": d.vtiger, "service": d.service,
                "written": d.written.map(Side::key) })
    };
    json!({
        "connector": connector.name,
        "module": module.label(),
        "linked": !preview,
        "vtiger": told.vtiger,
        "service": told.service,
        "differences": told.differences.iter().map(difference).collect::<Vec<_>>(),
    })
}

fn text(house: &House, connector: &Connector, told: &LinkPreview, preview: bool) -> String {
    let service = house.service_label(&connector.service);
    let pair = format!(
        "{} ({}) in Vtiger and {} ({}) in {service}",
        told.vtiger.name, told.vtiger.id, told.service.name, told.service.id
    );
    let mut text = match preview {
        true => format!("{} are not linked yet.\n", plain(&pair)),
        false => format!("{} are linked.\n", plain(&pair)),
    };
    if told.differences.is_empty() {
        text.push_str("They do not differ in any mapped field.\n");
        return text;
    }
    text.push_str("They differ; the next sync writes:\n");
    let mut table = Table::new(&[
        Column::Text("Field"),
        Column::Text("Vtiger"),
        Column::Text("Service"),
        Column::Text("Written to"),
    ]);
    for d in &told.differences {
        let written = d.written.map_or("neither side", |side| label(house, connector, side));
        table.row([d.field.clone(), d.vtiger.clone(), d.service.clone(), written.to_owned()]);
    }
    text.push_str(&table.render(2, true));
    text
}

//! `syncdeck queue`: records that wait to be taken again, and skips that stand, listed, retried, put
//! in and dropped.

use super::exit::{Exit, Failure, Outcome};
use super::house::{Context, House, runtime};
use super::log::local;
use super::output::plain;
use super::records::side;
use super::rights::needs_administrator_to;
use super::table::{Column, Table, counted, cut};
use crate::engine::queue::{Act, Changed, Entry, QueueAt, Select, State, page};
use crate::model::{Candidate, Connector, Module, ReasonCode, Side, Stamp};
use clap::{Args, Subcommand};
use serde::Serialize;

/// How many entries are read at a time.
const PAGE: usize = 500;
/// How many are shown when nothing else is asked for.
const FEW: usize = 200;
/// How wide a name may be in a table.
const NAME: usize = 32;

/// Options of `queue`.
#[derive(Debug, Clone, Args)]
pub struct QueueArgs {
    #[command(subcommand)]
    command: QueueCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum QueueCommand {
    /// What waits, and which skips stand: why, since when, what to do
    List {
        /// The connector
        name: String,
        #[command(flatten)]
        filter: FilterArgs,
        /// Only what waits, without the skips that stand
        #[arg(long)]
        waiting: bool,
        /// At most so many [default: 200; with --json all]
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// Take records at the next sync, though nothing about them changed
    Add {
        /// The connector
        name: String,
        /// The module; without --id every record of it
        #[arg(long, value_name = "MODULE")]
        module: Module,
        /// This record only
        #[arg(long, value_name = "ID")]
        id: Option<String>,
        /// The side that the id belongs to, if both know it
        #[arg(long, value_name = "vtiger|service", value_parser = side, requires = "id")]
        side: Option<Side>,
    },
    /// Try records again at the next sync: those that wait, and those whose skip stands
    Retry {
        /// The connector
        name: String,
        #[command(flatten)]
        filter: FilterArgs,
        /// Everything in the queue
        #[arg(long)]
        all: bool,
    },
    /// Take records out of the queue: they are not tried again until they change
    Drop {
        /// The connector
        name: String,
        #[command(flatten)]
        filter: FilterArgs,
        /// Everything in the queue
        #[arg(long)]
        all: bool,
    },
}

/// Which entries are meant.
#[derive(Debug, Clone, Args)]
struct FilterArgs {
    /// Of this module only
    #[arg(long, value_name = "MODULE")]
    module: Option<Module>,
    /// For this reason only, as the list names it (`ambiguous_match`)
    #[arg(long, value_name = "CODE", value_parser = reason)]
    reason: Option<ReasonCode>,
    /// The record with this id
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// The side that the record is on
    #[arg(long, value_name = "vtiger|service", value_parser = side)]
    side: Option<Side>,
}

impl FilterArgs {
    fn select(&self) -> Select {
        let (module, side, reason) = (self.module, self.side, self.reason);
        Select { module, side, reason, id: self.id.clone(), ..Select::default() }
    }

    fn is_empty(&self) -> bool {
        self.select() == Select::default()
    }
}

fn reason(text: &str) -> Result<ReasonCode, String> {
    let wanted = text.trim().replace([' ', '-'], "_");
    let found = ReasonCode::ALL.into_iter().find(|code| code.key().eq_ignore_ascii_case(&wanted));
    found.ok_or_else(|| {
        let known: Vec<_> = ReasonCode::ALL.iter().map(|code| code.key()).collect();
        format!("the reasons are {}", known.join(", "))
    })
}

/// Does what was asked.
pub fn run(args: &QueueArgs, context: &Context) -> Outcome {
    let changes = !matches!(args.command, QueueCommand::List { .. });
    if changes {
        context.may_write("Changing the queue")?;
    }
    let house = context.open()?;
    if changes {
        needs_administrator_to(&house, "The queue cannot be changed.")?;
    }
    match &args.command {
        QueueCommand::List { name, filter, waiting, limit } => {
            let connector = house.connector(name)?;
            let select = Select { waiting: waiting.then_some(true), ..filter.select() };
            list(&house, context, &connector, &select, *limit)
        }
        QueueCommand::Add { name, module, id, side } => {
            let connector = house.connector(name)?;
            add(&house, context, &connector, *module, id.as_deref(), *side)
        }
        QueueCommand::Retry { name, filter, all } => {
            let connector = house.connector(name)?;
            change(&house, context, &connector, filter, *all, Act::Retry)
        }
        QueueCommand::Drop { name, filter, all } => {
            let connector = house.connector(name)?;
            change(&house, context, &connector, filter, *all, Act::Drop)
        }
    }
}

/// An entry: an element of `queue list --json`.
#[derive(Debug, Serialize)]
struct EntryView<'a> {
    connector: &'a str,
    module: &'static str,
    side: Side,
    /// Empty: every record of the module.
    id: &'a str,
    name: String,
    state: &'static str,
    reason: Option<ReasonView<'a>>,
    next: String,
    decision: Option<DecisionView>,
    candidates: &'a [Candidate],
    tries: u32,
    since: Option<Stamp>,
    next_try: Option<Stamp>,
    run: Option<u64>,
}

#[derive(Debug, Serialize)]
struct ReasonView<'a> {
    code: ReasonCode,
    text: &'a str,
    next: &'a str,
}

#[derive(Debug, Serialize)]
struct DecisionView {
    verdict: &'static str,
    time: Stamp,
}

fn view<'a>(connector: &'a Connector, entry: &'a Entry) -> EntryView<'a> {
    let parked = entry.waiting();
    let run = match &entry.state {
        State::Skipped(skip) if skip.run > 0 => Some(skip.run),
        _ => None,
    };
    EntryView {
        connector: &connector.name,
        module: entry.module.label(),
        side: entry.side(),
        id: entry.id(),
        name: entry.name(),
        state: if parked.is_some() { "waiting" } else { "skipped" },
        reason: entry.reason().map(|r| ReasonView { code: r.code, text: &r.text, next: &r.next }),
        next: entry.next(),
        decision: entry.decided().map(|d| DecisionView { verdict: d.verdict.key(), time: d.at }),
        candidates: entry.candidates(),
        tries: parked.map_or(0, |parked| parked.tries),
        since: entry.since(),
        next_try: parked.map(|parked| parked.next_try),
        run,
    }
}

/// Calls for every entry that is meant, until that says that it is enough.
fn each(
    house: &House,
    connector: &Connector,
    select: &Select,
    mut take: impl FnMut(&Entry) -> Outcome<bool>,
) -> Outcome<()> {
    let mut at = QueueAt::default();
    loop {
        let from = at.clone();
        let page = house.store.read_blocking(|r| page(r, connector.id, select, from, PAGE))?;
        for entry in &page.entries {
            if !take(entry)? {
                return Ok(());
            }
        }
        match page.next {
            Some(next) => at = next,
            None => return Ok(()),
        }
    }
}

fn list(
    house: &House,
    context: &Context,
    connector: &Connector,
    select: &Select,
    limit: Option<usize>,
) -> Outcome {
    if context.out.json {
        let mut array = context.out.array()?;
        let mut left = limit.unwrap_or(usize::MAX);
        each(house, connector, select, |entry| {
            if left > 0 {
                array.push(&view(connector, entry))?;
                left -= 1;
            }
            Ok(left > 0)
        })?;
        array.end()?;
        return Ok(Exit::Done);
    }
    let limit = limit.unwrap_or(FEW);
    let mut entries = Vec::new();
    each(house, connector, select, |entry| {
        entries.push(entry.clone());
        Ok(entries.len() <= limit)
    })?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    context.out.text(&text(house, connector, &entries))?;
    if more {
        let told = format!("There are more than {limit}; --limit N shows more, --json all.");
        context.out.message(&told);
    }
    Ok(Exit::Done)
}

fn text(house: &House, connector: &Connector, entries: &[Entry]) -> String {
    if entries.is_empty() {
        return "Nothing like that waits or is skipped.\n".to_owned();
    }
    let label = house.service_label(&connector.service);
    let place = |side: Side| if side == Side::Vtiger { "Vtiger" } else { label };
    let mut text = String::new();
    let mut told: Vec<(String, String)> = Vec::new();
    for waits in [true, false] {
        let mut table = Table::new(&[
            Column::Text("Module"),
            Column::Text("Record Name"),
            Column::Text("Side"),
            Column::Text("ID"),
            Column::Number("Tries"),
            Column::Text("Next Try"),
            Column::Text("Reason"),
        ]);
        for entry in entries.iter().filter(|entry| entry.waiting().is_some() == waits) {
            let parked = entry.waiting();
            let next = parked.map(|parked| local(parked.next_try).join(" "));
            table.row([
                entry.module.label().to_owned(),
                cut(&entry.name(), NAME),
                place(entry.side()).to_owned(),
                entry.id().to_owned(),
                parked.map(|p| p.tries.to_string()).unwrap_or_default(),
                next.unwrap_or_default(),
                format!("{}: {}", entry.cause(), entry.text()),
            ]);
            let next = (entry.cause(), entry.next());
            if !told.contains(&next) {
                told.push(next);
            }
        }
        if !table.is_empty() {
            let title = if waits { "Waiting to be taken again" } else { "Skips that stand" };
            text.push_str(&format!("{title}\n{}\n", table.render(2, true)));
        }
    }
    text.push_str("What to do\n");
    for (cause, next) in told {
        text.push_str(&format!("  {cause}: {}\n", plain(&next)));
    }
    text
}

fn add(
    house: &House,
    context: &Context,
    connector: &Connector,
    module: Module,
    id: Option<&str>,
    side: Option<Side>,
) -> Outcome {
    let runtime = runtime()?;
    let told = match id {
        Some(id) => {
            let adding = house.engine.queue_record(connector.id, module, side, id);
            let (_, name) = runtime.block_on(adding)?;
            format!("{name} ({id}) is taken again at the next sync.")
        }
        None => {
            if !connector.modules.get(&module).is_some_and(|settings| settings.enabled) {
                return Err(Failure::usage(
                    format!("{module} of \"{}\" cannot be put into the queue.", connector.name),
                    "The module is not enabled, so no sync would take them.",
                    "Enable it in the connector's settings first.",
                ));
            }
            runtime.block_on(house.engine.queue_all(connector.id, module))?;
            format!("All {module} are read and compared at the next sync of {}.", connector.name)
        }
    };
    done(context, &told)
}

/// The good news, as text or JSON.
pub fn done(context: &Context, told: &str) -> Outcome {
    if context.out.json {
        context.out.document(&serde_json::json!({ "done": told }))?;
    } else {
        context.out.text(&format!("{}\n", plain(told)))?;
    }
    Ok(Exit::Done)
}

fn change(
    house: &House,
    context: &Context,
    connector: &Connector,
    filter: &FilterArgs,
    all: bool,
    act: Act,
) -> Outcome {
    let (word, what) = match act {
        Act::Retry => ("retried at the next sync", "retried"),
        Act::Drop => ("taken out of the queue", "dropped"),
    };
    if filter.is_empty() && !all {
        return Err(Failure::usage(
            "It is not said which records are meant.",
            format!("Without a filter everything in the queue would be {what}."),
            "Name --module, --reason or --id, or add --all.",
        ));
    }
    let changing = house.engine.change_queue(connector.id, filter.select(), act);
    let changed = runtime()?.block_on(changing)?;
    if let Some(id) = filter.id.as_ref().filter(|_| changed.done() == 0) {
        let why = changed.left().join(" ");
        let why = if why.is_empty() { "Nothing of it waits or is skipped.".into() } else { why };
        return Err(Failure::failed(
            format!("{id} was not {what}."),
            why,
            format!("Look at the queue with: syncdeck queue list {}", connector.name),
        ));
    }
    if context.out.json {
        context.out.document(&changed_view(&changed))?;
        return Ok(Exit::Done);
    }
    let done = changed.done();
    let verb = if done == 1 { "is" } else { "are" };
    let mut text = format!("{} {verb} {word}.\n", counted(done, "record"));
    for line in changed.left() {
        text.push_str(&format!("{line}\n"));
    }
    context.out.text(&text)?;
    Ok(Exit::Done)
}

fn changed_view(changed: &Changed) -> serde_json::Value {
    let left: Vec<_> = changed.left();
    let all: u64 = changed.counts.values().sum();
    serde_json::json!({ "changed": changed.done(), "left": all - changed.done(), "why": left })
}

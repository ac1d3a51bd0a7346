//! The queue: moving in it, filtering it, and what a person does with its entries, here and in record
//! lists and details.

use super::{Effects, navigate};
use crate::engine::queue::{Act, Entry, Select};
use crate::model::{Item, ItemStatus, Module, ReasonCode, Side, Stamp, Verdict};
use crate::tui::commands::{Id, Place};
use crate::tui::layout;
use crate::tui::model::{Ask, Choice, DetailView, Dialog, Model, Question, Screen, Tone};
use crate::tui::msg::{Effect, QueueDeed, QueueRows};
use crate::tui::text;
use tui_input::Input;

/// A record that is pointed at, wherever that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointed {
    /// The connector.
    pub connector: u32,
    /// The module.
    pub module: Module,
    /// The side that the record is on.
    pub side: Side,
    /// Its id there; empty: every record of the module.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Why it waits or was skipped.
    pub reason: Option<ReasonCode>,
}

/// The record under the cursor: in the queue, in a record list, or the one whose detail is shown.
pub fn pointed(model: &Model) -> Option<Pointed> {
    match model.screens.last() {
        Some(Screen::List(view)) => of_item(&view.list.current()?.item, view.connector),
        Some(Screen::Detail(view)) => of_item(&view.item, view.connector),
        Some(
            Screen::Form(_)
            | Screen::Pair(_)
            | Screen::Exchange(_)
            | Screen::Consent(_)
            | Screen::History(_),
        ) => None,
        None => {
            let entry = model.queue.current()?;
            Some(Pointed {
                connector: model.chosen()?.connector.id,
                module: entry.module,
                side: entry.side(),
                id: entry.id().to_owned(),
                name: entry.name(),
                reason: entry.reason().map(|reason| reason.code),
            })
        }
    }
}

/// A skipped or waiting record of a run. It is told on the side that it did not reach.
fn of_item(item: &Item, connector: u32) -> Option<Pointed> {
    if !matches!(item.status, ItemStatus::Skipped | ItemStatus::Waiting) {
        return None;
    }
    let reason = item.reason.as_ref().map(|reason| reason.code);
    let mut side = item.side.other();
    if reason == Some(ReasonCode::DeleteNotCarriedOver) {
        // The delete would have been done on this side, and the record is still there.
        side = item.side;
    }
    let id_on = |side: Side| match side {
        Side::Vtiger => item.vtiger_id.clone(),
        Side::Service => item.service_id.clone(),
    };
    let (module, name) = (item.module, item.name.clone());
    Some(Pointed { connector, module, side, id: id_on(side), name, reason })
        .filter(|pointed| !pointed.id.is_empty())
}

/// What is known in the queue of the record that is pointed at.
pub fn standing(model: &Model) -> Option<&Entry> {
    match model.screens.last() {
        Some(Screen::Detail(view)) => view.standing.iter().find(|entry| entry.is_undecided()),
        Some(_) => None,
        None => model.queue.current(),
    }
}

/// Does what a key of the queue asks for.
pub fn perform(model: &mut Model, id: Id, effects: &mut Effects) {
    match id {
        Id::Retry => retry(model, effects),
        Id::RetryReason => ask_retry_reason(model),
        Id::RetryShown => ask_retry_shown(model),
        Id::DropEntry => ask_drop(model),
        Id::AddAll => model.dialogs.push(Dialog::AddAll { cursor: module_cursor(model) }),
        Id::Decide => open_decision(model),
        _ => {}
    }
}

fn change(connector: u32, select: Select, act: Act) -> Effect {
    Effect::QueueDo { connector, deed: QueueDeed::Change(select, act) }
}

fn only(pointed: &Pointed) -> Select {
    let id = Some(pointed.id.clone());
    let (module, side) = (Some(pointed.module), Some(pointed.side));
    Select { module, side, id, ..Select::default() }
}

fn retry(model: &mut Model, effects: &mut Effects) {
    if let Some(pointed) = pointed(model) {
        effects.push(change(pointed.connector, only(&pointed), Act::Retry));
    }
}

fn ask(model: &mut Model, ask: Ask, title: String, text: String, yes: &'static str) {
    model.dialogs.push(Dialog::Confirm(Question { ask, title, text, yes, name: None }));
}

fn ask_retry_reason(model: &mut Model) {
    let Some(pointed) = pointed(model) else { return };
    let Some(code) = pointed.reason else { return };
    let select = Select { reason: Some(code), ..Select::default() };
    let known = model.queue.rows.as_ref().filter(|_| model.screens.is_empty());
    let count = known.filter(|rows| !rows.more).map(|rows| {
        let same = rows.entries.iter().filter(|entry| select.takes(entry)).count();
        text::count(u64::try_from(same).unwrap_or(u64::MAX), "record", "records")
    });
    let which = count.unwrap_or_else(|| "all records".into());
    let text = format!(
        "{which} of this connector with the reason \"{}\" are tried again at the next sync, in \
         every module.",
        code.words()
    );
    let title = "Retry all with this reason?".to_owned();
    let deed = QueueDeed::Change(select, Act::Retry);
    ask(model, Ask::Queue(pointed.connector, deed), title, text, "retry them");
}

fn ask_retry_shown(model: &mut Model) {
    let Some(row) = model.chosen() else { return };
    let connector = row.connector.id;
    let rows = model.queue.rows.clone().unwrap_or_default();
    let count = text::count(shown(&rows), "entry", "entries");
    let (count, of) = match (rows.more, model.queue.filter.as_str()) {
        (true, "") => ("everything".to_owned(), String::new()),
        (true, filter) => ("every entry".to_owned(), format!(" with \"{filter}\"")),
        (false, "") => (count, String::new()),
        (false, filter) => (count, format!(" with \"{filter}\"")),
    };
    let text = format!(
        "{count}{of} in the queue: tried again at the next sync. Deletions that are not carried \
         over and records that were left out stay as they are."
    );
    let select = Select { text: model.queue.filter.clone(), ..Select::default() };
    let deed = QueueDeed::Change(select, Act::Retry);
    ask(model, Ask::Queue(connector, deed), "Retry all shown?".into(), text, "retry them");
}

fn shown(rows: &QueueRows) -> u64 {
    u64::try_from(rows.entries.len()).unwrap_or(u64::MAX)
}

fn ask_drop(model: &mut Model) {
    let Some(pointed) = pointed(model) else { return };
    let text = format!(
        "{} {} ({}) is not tried again until it changes. It stays listed with its reason, and {} \
         tries it again.",
        pointed.module,
        pointed.name,
        pointed.id,
        model.key(Id::Retry, Place::Queue)
    );
    let deed = QueueDeed::Change(only(&pointed), Act::Drop);
    let title = "Take it out of the queue?".to_owned();
    ask(model, Ask::Queue(pointed.connector, deed), title, text, "take it out");
}

fn module_cursor(model: &Model) -> usize {
    let focused = model.queue.current().map(|entry| entry.module);
    model.modules().iter().position(|module| Some(*module) == focused).unwrap_or(0)
}

/// Enter in the list of modules: *Add All To Queue* of the chosen one.
pub fn choose_module(model: &mut Model) {
    let Some(Dialog::AddAll { cursor }) = model.dialogs.pop() else { return };
    let Some(module) = model.modules().get(cursor).copied() else { return };
    let Some(connector) = model.chosen().map(|row| row.connector.id) else { return };
    let text = format!(
        "The next sync reads every record of {module} on both sides and compares it, and tries \
         what was skipped again. Nothing is written that does not differ."
    );
    let title = format!("Add all {module} to the queue?");
    ask(model, Ask::Queue(connector, QueueDeed::All(module)), title, text, "add all");
}

fn open_decision(model: &mut Model) {
    let (Some(pointed), Some(entry)) = (pointed(model), standing(model)) else { return };
    let mut choices: Vec<Choice> = entry.candidates().iter().cloned().map(Choice::Link).collect();
    choices.extend([Choice::New, Choice::Never]);
    let choice = Dialog::Decide { record: Box::new(pointed), choices, cursor: 0 };
    model.dialogs.push(choice);
}

/// Enter in the dialog of an ambiguous record.
pub fn choose_decision(model: &mut Model) {
    let Some(Dialog::Decide { record, choices, cursor }) = model.dialogs.pop() else { return };
    let Some(choice) = choices.get(cursor) else { return };
    let there = model.side_label(record.connector, record.side.other()).to_owned();
    let Pointed { connector, module, side, id, name, .. } = *record;
    let (deed, title, text, yes) = match choice {
        Choice::Link(candidate) => {
            let [vtiger_id, service_id] = match side {
                Side::Vtiger => [id.clone(), candidate.id.clone()],
                Side::Service => [candidate.id.clone(), id.clone()],
            };
            let text = format!(
                "{name} ({id}) and {} ({}) in {there} are the same from then on. The next sync \
                 makes them equal by the conflict rule; values that lose are kept as conflicts.",
                candidate.name, candidate.id
            );
            let deed = QueueDeed::Link { module, vtiger_id, service_id };
            (deed, "Link the two?", text, "link them")
        }
        Choice::New => {
            let text = format!(
                "The next sync creates {name} ({id}) in {there}, though records there have the same \
                 key."
            );
            (QueueDeed::New { module, side, id }, "Create it new?", text, "create it")
        }
        Choice::Never => {
            let text = format!(
                "{name} ({id}) is left out of every sync. It stays listed in the queue; {} there \
                 takes it in again.",
                model.key(Id::Retry, Place::Queue)
            );
            (QueueDeed::Never { module, side, id }, "Never sync it?", text, "leave it out")
        }
    };
    ask(model, Ask::Queue(connector, deed), title.into(), text, yes);
}

/// A deed was done, or not.
pub fn done(
    model: &mut Model,
    result: Result<String, crate::model::UserError>,
    effects: &mut Effects,
) {
    match result {
        Ok(told) => model.say(Tone::Good, told),
        Err(error) => model.show_error("The queue was not changed", error),
    }
    navigate::read_queue(model, effects);
    ask_standing(model, effects);
}

/// Asks what the queue knows of the record whose detail is shown.
pub fn ask_standing(model: &Model, effects: &mut Effects) {
    let Some(Screen::Detail(view)) = model.screens.last() else { return };
    if let Some(pointed) = of_item(&view.item, view.connector) {
        let (generation, connector) = (view.generation, pointed.connector);
        effects.push(Effect::Standing { generation, connector, select: only(&pointed) });
    }
}

/// Opens the detail of the entry under the cursor.
pub fn open_detail(model: &mut Model, effects: &mut Effects) {
    let generation = model.next_serial();
    let (Some(row), Some(entry)) = (model.chosen(), model.queue.current()) else { return };
    let connector = row.connector.id;
    let item = item_of(model, connector, entry);
    let standing = vec![entry.clone()];
    effects.push(Effect::Links { generation, connector, item: Box::new(item.clone()) });
    model.screens.push(Screen::Detail(Box::new(DetailView {
        item,
        connector,
        links: None,
        generation,
        scroll: 0,
        standing,
    })));
    ask_standing(model, effects);
}

/// The entry in the shape of a run's item.
fn item_of(model: &Model, connector: u32, entry: &Entry) -> Item {
    let side = entry.side();
    let code = entry.reason().map(|reason| reason.code);
    let deleted = code == Some(ReasonCode::DeleteNotCarriedOver);
    let id = |of: Side| if of == side { entry.id().to_owned() } else { String::new() };
    let spec = model.service(connector).and_then(|s| s.modules.get(&entry.module));
    let source_module = match side {
        Side::Vtiger => entry.module.label().to_owned(),
        Side::Service => spec.map(|spec| spec.source_module.clone()).unwrap_or_default(),
    };
    Item {
        module: entry.module,
        side: if deleted { side } else { side.other() },
        status: if entry.waiting().is_some() { ItemStatus::Waiting } else { ItemStatus::Skipped },
        source_module,
        name: entry.name(),
        vtiger_id: id(Side::Vtiger),
        service_id: id(Side::Service),
        planned: false,
        reason: entry.reason().cloned(),
        changes: Vec::new(),
        conflict: None,
        // Of a skip only its run is known.
        time: entry.since().unwrap_or(Stamp(0)),
    }
}

/// Opens the filter line.
pub fn open_filter(model: &mut Model) {
    model.queue.typing = Some(Input::new(model.queue.filter.clone()));
}

/// The filter that is being typed has changed.
pub fn filter_changed(model: &mut Model, effects: &mut Effects) {
    let Some(input) = &model.queue.typing else { return };
    let text = input.value().to_owned();
    // A lone `!` is the beginning of `!text`.
    set_filter(model, if text == "!" { String::new() } else { text }, effects);
}

/// Shows only the entries with a text.
pub fn show_only(model: &mut Model, text: &str, effects: &mut Effects) {
    model.queue.typing = None;
    set_filter(model, text.to_owned(), effects);
}

/// Takes the filter away. Answers whether there was one.
pub fn clear_filter(model: &mut Model, effects: &mut Effects) -> bool {
    let was = model.queue.typing.take().is_some() || !model.queue.filter.is_empty();
    set_filter(model, String::new(), effects);
    was
}

fn set_filter(model: &mut Model, filter: String, effects: &mut Effects) {
    if filter != model.queue.filter {
        model.queue.filter = filter;
        model.queue.more = 0;
        navigate::read_queue(model, effects);
    }
}

/// Moves the cursor; near the end more entries are read.
pub fn go(model: &mut Model, to: usize, effects: &mut Effects) {
    let height = layout::queue_height(model);
    model.queue.go(to, height);
    if model.queue.wants_more() {
        let read = model.queue.entries().len();
        model.queue.more = model.queue.more.max(read);
        navigate::read_queue(model, effects);
    }
}

/// Why a key of the queue does nothing now.
pub fn why_not(model: &Model, id: Id) -> Option<String> {
    if let Some(why) = model.settings_locked_to("change the queue") {
        return Some(why);
    }
    if id == Id::AddAll {
        let none = model.modules().is_empty();
        return none.then(|| "No module of this connector is enabled.".into());
    }
    let Some(pointed) = pointed(model) else {
        return Some(match model.place() {
            Place::Queue => "There is nothing in the queue.".into(),
            _ => "Only a skipped or waiting record can be put into the queue.".into(),
        });
    };
    let here = model.screens.is_empty().then(|| model.queue.current()).flatten();
    let planned = match model.screens.last() {
        Some(Screen::List(view)) => view.list.current().is_some_and(|row| row.item.planned),
        Some(Screen::Detail(view)) => view.item.planned,
        _ => false,
    };
    if planned {
        return Some("This is only a plan: nothing was skipped yet.".into());
    }
    match id {
        Id::Retry | Id::RetryReason if pointed.reason == Some(ReasonCode::DeleteNotCarriedOver) => {
            Some("A deletion that is not carried over is not tried again.".into())
        }
        Id::RetryReason if pointed.reason.is_none() => {
            Some("No error put it into the queue: there is no reason to go by.".into())
        }
        Id::DropEntry if here.is_some_and(|entry| entry.waiting().is_none()) => {
            Some("It does not wait: it is not tried again until it changes anyway.".into())
        }
        Id::DropEntry if here.and_then(Entry::waiting).is_some_and(|parked| parked.gone) => {
            Some("Its counterpart is to be deleted; to keep it, switch deletes off.".into())
        }
        Id::Decide => match standing(model) {
            Some(entry) if !entry.is_undecided() => Some(undecidable(model, entry)),
            Some(_) => None,
            None => Some("There is nothing to decide about this record (any more).".into()),
        },
        _ => None,
    }
}

fn undecidable(model: &Model, entry: &Entry) -> String {
    match entry.decided().map(|decided| decided.verdict) {
        Some(Verdict::Never) => {
            let key = model.key(Id::Retry, Place::Queue);
            format!("A person left it out; {key} takes it in again.")
        }
        _ => "Only an ambiguous or duplicate record is left to a person.".into(),
    }
}

//! Dialogs: questions, held runs, the CSV file name, the list of services, the palette.

use super::{Effects, act, forms, navigate};
use crate::engine::SyncMode;
use crate::model::{Item, ItemStatus, Module};
use crate::tui::commands::{self, Command, Id, Place};
use crate::tui::draw::{HISTORY_COLUMNS, history_cells};
use crate::tui::model::{
    Ask, CsvDialog, CsvState, Dialog, Entry, HelpView, ListView, Model, Named, Pane, Question,
    Screen, Tab, Tone, held_text,
};
use crate::tui::msg::{ConnectorDeed, Effect, ExportRequest, ExportWhat};
use crate::tui::text;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tui_input::{Input, InputRequest};

/// The commands of dialogs.
pub fn perform(model: &mut Model, id: Id, effects: &mut Effects) {
    if matches!(model.dialogs.last(), Some(Dialog::Mapping(_))) {
        super::mapping::perform_dialog(model, id, effects);
        return;
    }
    match id {
        Id::InputDone | Id::InputCancel if help(model).is_some() => {
            if let Some(help) = help(model) {
                help.typing = false;
                if id == Id::InputCancel {
                    (help.filter, help.cursor) = (Input::default(), 0);
                }
            }
        }
        Id::InputDone => match model.dialogs.last() {
            Some(Dialog::Csv(_)) => write_csv(model, false, effects),
            _ => end_typing(model),
        },
        Id::InputCancel => match model.dialogs.last() {
            Some(Dialog::Csv(_)) => leave_csv(model, effects),
            _ if model.screens.is_empty() && model.tab == Tab::Debug => {
                super::debug::clear_search(model, effects);
            }
            _ if model.screens.is_empty() && model.tab == Tab::Mapping => {
                super::mapping::clear_filter(model);
            }
            _ if model.screens.is_empty() => {
                super::queue::clear_filter(model, effects);
            }
            _ => super::records::clear_filter(model, effects),
        },
        Id::Choose if matches!(model.dialogs.last(), Some(Dialog::Help(_))) => {
            run_from_help(model, effects);
        }
        Id::Choose => choose_command(model, effects),
        Id::Complete => complete(model),
        Id::PickUp | Id::PickDown => pick(model, id == Id::PickDown),
        Id::Close => match help(model).filter(|help| !help.filter.value().is_empty()) {
            Some(help) => (help.filter, help.cursor) = (Input::default(), 0),
            None => drop(model.dialogs.pop()),
        },
        Id::No => answer_no(model),
        Id::Yes | Id::YesNamed => answer_yes(model, effects),
        Id::HeldLook | Id::HeldConfirm | Id::HeldDrop => decide(model, id, effects),
        Id::CopyError => copy_error(model, effects),
        _ => {}
    }
}

fn end_typing(model: &mut Model) {
    if model.screens.is_empty() {
        model.queue.typing = None;
        model.mapping.typing = None;
    }
    if let Some(view) = super::records::top(model) {
        view.typing = None;
    } else {
        model.debug.typing = None;
    }
}

/// Opens the dialog that asks for a CSV file name.
pub fn open_csv(model: &mut Model) {
    let (what, rows, name) = match model.screens.last() {
        Some(Screen::List(view)) => {
            let what = ExportWhat::Records(view.source.clone(), view.list.order().cloned());
            (what, Some(view.list.shown()), list_file_name(model, view))
        }
        Some(Screen::History(view)) => {
            let cells = |(run, item): &(u64, Item)| history_cells(model, view, *run, item).to_vec();
            let rows: Vec<_> = view.rows().iter().map(cells).collect();
            let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
            let name = model.row(view.connector).map(|row| row.connector.name.clone());
            let id = view.ids.iter().find(|id| !id.is_empty()).cloned().unwrap_or_default();
            let words = [&name.unwrap_or_default(), view.module.key(), &id, "history"];
            let what = ExportWhat::Shown(&HISTORY_COLUMNS, Arc::new(rows));
            (what, Some(count), file_name(&words, model))
        }
        _ if model.place() == Place::DebugLog => {
            let Some(row) = model.chosen() else { return };
            let name = row.connector.name.clone();
            let file = file_name(&[&name, "debug-log"], model);
            let found = model.debug.found().map(|found| Arc::new(found.clone()));
            let what = ExportWhat::Debug(row.connector.id, name, found);
            (what, Some(model.debug.shown()), file)
        }
        _ => {
            let Some(row) = model.chosen() else { return };
            let name = row.connector.name.clone();
            let file = file_name(&[&name, "sync-log"], model);
            (ExportWhat::Log(row.connector.id, name), None, file)
        }
    };
    model.dialogs.push(Dialog::Csv(Box::new(CsvDialog {
        what,
        rows,
        input: Input::new(name),
        error: None,
        state: CsvState::Naming,
    })));
}

/// `shop-contacts-created-vtiger-2026-11-21.csv`
fn list_file_name(model: &Model, view: &ListView) -> String {
    let name = model.row(view.connector).map(|r| r.connector.name.clone()).unwrap_or_default();
    let run = format!("run{}", view.source.run);
    let one = match view.source.parts.as_slice() {
        [part] => Some(*part),
        _ => None,
    };
    let words: Vec<&str> = match (one, view.statuses.as_slice()) {
        (Some(part), _) => vec![&name, part.module.key(), part.status.key(), part.side.key()],
        (None, [ItemStatus::Conflict]) => vec![&name, &run, "conflicts"],
        (None, [status]) => vec![&name, &run, status.key()],
        (None, _) => vec![&name, &run, "plan"],
    };
    file_name(&words, model)
}

fn file_name(words: &[&str], model: &Model) -> String {
    let date = text::date(model.now, &model.zone);
    let name: String = format!("{}-{date}.csv", words.join("-"))
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c.to_ascii_lowercase() } else { '-' })
        .collect();
    name
}

/// Edits the file name.
pub fn edit_csv(dialog: &mut CsvDialog, request: InputRequest) {
    if dialog.state == CsvState::Naming {
        dialog.input.handle(request);
        dialog.error = None;
    }
}

fn write_csv(model: &mut Model, replace: bool, effects: &mut Effects) {
    let folder = model.folder.clone();
    let Some(Dialog::Csv(dialog)) = model.dialogs.last_mut() else {
        return;
    };
    if dialog.state != CsvState::Naming {
        return;
    }
    let name = dialog.input.value().trim();
    if name.is_empty() || name.ends_with('/') {
        dialog.error = Some("Write a file name.".into());
        return;
    }
    let request =
        ExportRequest { what: dialog.what.clone(), path: in_folder(&folder, name), replace };
    dialog.state = CsvState::Writing(0);
    effects.push(Effect::Export(request));
}

/// A name without a folder is a file in the given one; `~/` is left for the writer to expand.
pub(super) fn in_folder(folder: &Path, name: &str) -> PathBuf {
    if name.starts_with("~/") { PathBuf::from(name) } else { folder.join(name) }
}

fn leave_csv(model: &mut Model, effects: &mut Effects) {
    if let Some(Dialog::Csv(dialog)) = model.dialogs.pop()
        && dialog.state != CsvState::Naming
    {
        effects.push(Effect::StopExport);
    }
}

/// A file of that name is there.
pub fn ask_to_replace(model: &mut Model, path: &Path) {
    let Some(Dialog::Csv(dialog)) = model.dialogs.last_mut() else {
        return;
    };
    dialog.state = CsvState::Naming;
    model.dialogs.push(Dialog::Confirm(Question {
        ask: Ask::ReplaceFile,
        title: "Replace the file?".into(),
        text: format!("{} is there already. What is in it would be lost.", path.display()),
        yes: "replace it",
        name: None,
    }));
}

fn answer_no(model: &mut Model) {
    model.dialogs.pop();
}

fn answer_yes(model: &mut Model, effects: &mut Effects) {
    let Some(Dialog::Confirm(question)) = model.dialogs.pop() else {
        return;
    };
    match question.ask {
        Ask::LeaveForm => {
            model.screens.pop();
        }
        Ask::QuitWhileSyncing => act::leave_now(model, effects),
        Ask::ConfirmHeld(connector, run) => {
            leave_plan(model, run);
            model.say(Tone::Good, "Confirmed: the sync is planned anew, then done.");
            act::start_sync(model, connector, SyncMode::Confirm(run), effects);
        }
        Ask::DropHeld(run) => {
            leave_plan(model, run);
            effects.push(Effect::DropHeld(run));
        }
        Ask::Remove(connector) => {
            effects.push(Effect::Connector { connector, deed: ConnectorDeed::Remove });
        }
        Ask::ReplaceFile => write_csv(model, true, effects),
        Ask::Mapping(question) => super::mapping::answer(model, question, effects),
        Ask::Queue(connector, deed) => effects.push(Effect::QueueDo { connector, deed }),
    }
}

/// The plan of a held run is decided on: its list goes away, and what lies above it.
fn leave_plan(model: &mut Model, run: u64) {
    let shows = |screen: &Screen| matches!(screen, Screen::List(view) if view.held.as_ref().is_some_and(|h| h.id == run));
    if let Some(at) = model.screens.iter().position(shows) {
        model.screens.truncate(at);
    }
}

/// Enter in a dialog that lists what can be chosen.
pub fn choose_line(model: &mut Model, effects: &mut Effects) {
    match model.dialogs.last() {
        Some(Dialog::Jump { .. }) => super::jump::choose(model, effects),
        Some(Dialog::Decisions { .. }) => super::decisions::choose(model, effects),
        Some(Dialog::AddAll { .. }) => super::queue::choose_module(model),
        _ => super::queue::choose_decision(model),
    }
}

/// `contacts.vtiger.created` in words.
pub fn planned(key: &str) -> String {
    let mut parts = key.splitn(2, '.');
    let name = parts.next().unwrap_or_default();
    let module = name.parse::<Module>().map_or_else(|_| name.to_owned(), |m| m.label().to_owned());
    match parts.next().unwrap_or_default() {
        "changed" => format!("{module} changed"),
        "gone" => format!("{module} gone from one side"),
        "vtiger.created" => format!("{module} to be created in Vtiger"),
        "service.created" => format!("{module} to be created in the service"),
        other => format!("{module} {}", other.replace(['.', '_'], " ")),
    }
}

/// Whether a held run would delete many records.
fn deletes(run: &crate::model::Run) -> bool {
    run.held.as_ref().is_some_and(|held| {
        let gone = held.counts.iter().any(|(what, n)| what.ends_with(".gone") && *n > 0);
        gone || held.guard == "deletes"
    })
}

/// What a held run would do, in numbers.
fn counts_text(run: &crate::model::Run) -> String {
    let held = run.held.iter().flat_map(|held| &held.counts).filter(|(_, count)| **count > 0);
    let counts: Vec<_> =
        held.map(|(what, count)| format!("{} {}", text::number(*count), planned(what))).collect();
    counts.join(", ")
}

/// What to do with a held run: the one asked about, or the one whose plan is shown.
fn decide(model: &mut Model, id: Id, effects: &mut Effects) {
    let run = match (model.dialogs.last(), model.screens.last()) {
        (Some(Dialog::Held(run)), _) => run.clone(),
        (None, Some(Screen::List(view))) => match &view.held {
            Some(run) => run.clone(),
            None => return,
        },
        _ => return,
    };
    model.dialogs.pop();
    let why = run.held.as_ref().map(held_text).unwrap_or_default();
    let counts = counts_text(&run);
    match id {
        Id::HeldLook => navigate::open_plan(model, &run, effects),
        Id::HeldConfirm => {
            let text = format!(
                "{why} In all: {counts}. It is planned anew and goes on only within these numbers."
            );
            model.dialogs.push(Dialog::Confirm(Question {
                ask: Ask::ConfirmHeld(run.connector, run.id),
                title: format!("Do what run {} of {} would do?", run.id, run.connector_name),
                text,
                yes: "do it",
                // Deletions in bulk are not confirmed by one key.
                name: deletes(&run).then(|| Named::new(run.connector_name.clone())),
            }));
        }
        _ => model.dialogs.push(Dialog::Confirm(Question {
            ask: Ask::DropHeld(run.id),
            title: format!("Drop run {} of {}?", run.id, run.connector_name),
            text: format!(
                "Planned were: {counts}. Nothing of it is written. The next sync may be held again."
            ),
            yes: "drop it",
            name: None,
        })),
    }
}

fn copy_error(model: &mut Model, effects: &mut Effects) {
    if let Some(Dialog::Error { title, error, .. }) = model.dialogs.last() {
        let text = format!("{title}\n{}\n{}\n{}\n", error.what, error.why, error.next);
        effects.push(Effect::Copy(text));
        model.say(Tone::Good, "The message was copied.");
    }
}

/// Enter in the list of services.
pub fn choose_service(model: &mut Model, effects: &mut Effects) {
    let Some(Dialog::Services { cursor }) = model.dialogs.pop() else {
        return;
    };
    let service = model.catalog.services().nth(cursor).map(|s| s.name.clone());
    if let Some(service) = service {
        forms::open_new(model, &service, effects);
    }
}

/// A line of the palette.
#[derive(Debug, Clone)]
pub enum PaletteLine {
    /// A command.
    Command(&'static Command),
    /// A connector to go to.
    Connector(u32, String),
    /// Something of a connector, in the words of the command line: `sync shop`.
    Of(u32, Id, String),
}

/// What the command line does with a connector, and the screens do it with.
const VERBS: [(&str, Id); 7] = [
    ("sync", Id::SyncNow),
    ("preview", Id::Preview),
    ("log", Id::TabLog),
    ("settings", Id::TabSettings),
    ("mapping", Id::TabMapping),
    ("queue", Id::TabQueue),
    ("debug", Id::TabDebug),
];

impl PaletteLine {
    /// What it is found by.
    pub fn title(&self) -> String {
        match self {
            Self::Command(command) => command.title.to_owned(),
            Self::Connector(_, name) => format!("go to {name}"),
            Self::Of(_, _, words) => words.clone(),
        }
    }
}

/// The lines that the palette shows for what is typed: every word is in the title or the help.
pub fn palette_lines(model: &Model, place: Place, typed: &str) -> Vec<PaletteLine> {
    let hidden = [Id::Palette, Id::Up, Id::Down, Id::Left, Id::Right, Id::NextPane, Id::PrevPane];
    let commands = commands::at(place)
        .filter(|c| !hidden.contains(&c.id))
        .map(|c| (PaletteLine::Command(c), c.help.to_lowercase()));
    let connectors = model.overview.connectors.iter().map(|row| {
        let connector = &row.connector;
        (PaletteLine::Connector(connector.id, connector.name.clone()), String::new())
    });
    let words: Vec<_> = typed.to_lowercase().split_whitespace().map(str::to_owned).collect();
    // Before something is typed they would only be in the way.
    let rows = model.overview.connectors.iter().filter(|_| !words.is_empty());
    let verbs = rows.flat_map(|row| {
        VERBS.iter().map(|(verb, id)| {
            let connector = &row.connector;
            let words = format!("{verb} {}", connector.name);
            (PaletteLine::Of(connector.id, *id, words), String::new())
        })
    });
    commands
        .chain(connectors)
        .chain(verbs)
        .filter(|(line, help)| {
            let title = line.title().to_lowercase();
            words.iter().all(|word| title.contains(word) || help.contains(word))
        })
        .map(|(line, _)| line)
        .collect()
}

fn help(model: &mut Model) -> Option<&mut HelpView> {
    match model.dialogs.last_mut() {
        Some(Dialog::Help(help)) => Some(help),
        _ => None,
    }
}

/// The commands that the help shows: each word of the filter is in the key, the title or the help.
pub fn help_commands(model: &Model, view: &HelpView) -> Vec<&'static Command> {
    let words: Vec<_> =
        view.filter.value().to_lowercase().split_whitespace().map(str::to_owned).collect();
    commands::at(view.place)
        .filter(|command| {
            let keys = model.keys.keys(command, view.place);
            let keys: Vec<_> = keys.iter().map(|key| key.to_string().to_lowercase()).collect();
            let text = format!("{} {}", command.title, command.help).to_lowercase();
            words.iter().all(|word| text.contains(word) || keys.contains(word))
        })
        .collect()
}

/// Begins to filter the help.
pub fn filter_help(model: &mut Model) {
    if let Some(help) = help(model) {
        help.typing = true;
    }
}

/// Enter in the help.
fn run_from_help(model: &mut Model, effects: &mut Effects) {
    let Some(Dialog::Help(view)) = model.dialogs.last() else { return };
    let Some(command) = help_commands(model, view).get(view.cursor).copied() else {
        model.say(Tone::Warn, "No command has this text.");
        return;
    };
    model.dialogs.pop();
    super::run(model, command.id, effects);
}

/// Writes the whole name of the line that is chosen in the palette.
fn complete(model: &mut Model) {
    let Some(Dialog::Palette { place, input, cursor }) = model.dialogs.last() else { return };
    let title = palette_lines(model, *place, input.value()).get(*cursor).map(PaletteLine::title);
    match (title, model.dialogs.last_mut()) {
        (Some(title), Some(Dialog::Palette { input, cursor, .. })) => {
            (*input, *cursor) = (Input::new(title), 0);
        }
        _ => model.say(Tone::Warn, "No command of that name works here."),
    }
}

/// Opens the palette.
pub fn open_palette(model: &mut Model) {
    let place = model.place();
    model.dialogs.push(Dialog::Palette { place, input: Input::default(), cursor: 0 });
}

fn pick(model: &mut Model, down: bool) {
    let Some(Dialog::Palette { place, input, cursor }) = model.dialogs.last() else {
        return;
    };
    let last = palette_lines(model, *place, input.value()).len().saturating_sub(1);
    let next = if down { (cursor + 1).min(last) } else { cursor.saturating_sub(1) };
    if let Some(Dialog::Palette { cursor, .. }) = model.dialogs.last_mut() {
        *cursor = next;
    }
}

fn choose_command(model: &mut Model, effects: &mut Effects) {
    let Some(Dialog::Palette { place, input, cursor }) = model.dialogs.pop() else {
        return;
    };
    match palette_lines(model, place, input.value()).into_iter().nth(cursor) {
        None => model.say(Tone::Warn, "No command of that name works here."),
        Some(PaletteLine::Command(command)) => super::run(model, command.id, effects),
        Some(PaletteLine::Connector(id, _)) => go_to(model, id, effects),
        Some(PaletteLine::Of(connector, id, _)) => {
            go_to(model, connector, effects);
            super::run(model, id, effects);
        }
    }
}

fn go_to(model: &mut Model, connector: u32, effects: &mut Effects) {
    model.screens.clear();
    model.pane = Pane::Body;
    navigate::choose(model, Entry::Connector(connector), effects);
}

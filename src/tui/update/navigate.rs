//! Going from screen to screen, and back to the same place.

use super::{Effects, consent, debug, dialogs, forms, mapping, queue, records};
use crate::model::{ConnectorId, Item, ItemStatus, Module, Run, RunStatus, Side, Stamp};
use crate::tui::commands::Place;
use crate::tui::layout;
use crate::tui::list::VirtualList;
use crate::tui::log::{self, End, LogView, Window, number};
use crate::tui::model::{Dialog, Entry, ListView, Model, Pane, Screen, Tab};
use crate::tui::msg::{Arrangement, Effect};
use crate::tui::queue::QueueView;

/// Chooses a line of the connectors pane and shows what belongs to it.
pub fn choose(model: &mut Model, entry: Entry, effects: &mut Effects) {
    let before = model.entry;
    model.entry = entry;
    model.scroll = 0;
    if before == entry {
        return;
    }
    model.queue = QueueView::default();
    if let Entry::Connector(id) = entry {
        let generation = model.next_serial();
        model.log = LogView::of(id, generation);
        model.log_top = 0;
        read_log(model, effects);
        read_queue(model, effects);
    }
    debug::choose(model, effects);
    mapping::chosen(model, effects);
}

/// Reads the log of the chosen connector.
pub fn read_log(model: &Model, effects: &mut Effects) {
    if let Entry::Connector(connector) = model.entry {
        let (generation, window) = (model.log.generation, model.log.window);
        effects.push(Effect::Runs { connector, generation, window });
    }
}

/// Reads other runs of the log into memory, and then puts the cursor on an end of them.
pub fn read_runs(model: &mut Model, window: Window, to: Option<End>, effects: &mut Effects) {
    model.log.generation = model.next_serial();
    model.log.window = window;
    model.log.asked = Some(to);
    read_log(model, effects);
}

/// Reads the queue of the chosen connector while it is shown.
pub fn read_queue(model: &Model, effects: &mut Effects) {
    if let (Entry::Connector(connector), Tab::Queue) = (model.entry, model.tab) {
        let (filter, limit) = (model.queue.filter.clone(), model.queue.limit());
        effects.push(Effect::Queue { connector, filter, limit });
    }
}

/// Shows a tab.
pub fn tab(model: &mut Model, tab: Tab, effects: &mut Effects) {
    if model.tab == Tab::Mapping && tab != Tab::Mapping {
        mapping::left(model);
    }
    model.tab = tab;
    model.pane = Pane::Body;
    model.scroll = 0;
    model.debug.typing = None;
    model.mapping.typing = None;
    model.mapping.back = None;
    mapping::read(model, effects);
    read_queue(model, effects);
    debug::read(model, effects);
}

/// Goes to the other pane; in the log the two tables are a stop each.
pub fn next_pane(model: &mut Model, forward: bool) {
    let silent = layout::silent_side(model);
    let in_log = model.pane == Pane::Body && model.place() == Place::Log;
    let side = model.log.side();
    let both = silent.is_none();
    match (model.pane, forward) {
        (Pane::Body, true) if in_log && both && side == Side::Vtiger => {
            model.log.side = Some(Side::Service);
        }
        (Pane::Body, false) if in_log && both && side == Side::Service => {
            model.log.side = Some(Side::Vtiger);
        }
        (Pane::Body, _) => model.pane = Pane::Connectors,
        (Pane::Connectors, forward) => {
            if model.entry == Entry::Add {
                return;
            }
            model.pane = Pane::Body;
            let first = if forward { Side::Vtiger } else { Side::Service };
            model.log.side = Some(silent.map_or(first, Side::other));
        }
    }
}

/// Enter.
pub fn open(model: &mut Model, effects: &mut Effects) {
    match model.place() {
        Place::Connectors => match model.entry {
            Entry::Connector(_) => next_pane(model, true),
            Entry::Crm => model.pane = Pane::Body,
            Entry::Add => super::run(model, crate::tui::commands::Id::Add, effects),
        },
        Place::Services => dialogs::choose_service(model, effects),
        Place::Log => open_number(model, effects),
        Place::List => open_detail(model, effects),
        Place::Queue => queue::open_detail(model, effects),
        Place::Pick => dialogs::choose_line(model, effects),
        Place::History => super::history::open_detail(model, effects),
        Place::DebugLog => debug::open(model, effects),
        _ => {}
    }
}

fn open_number(model: &mut Model, effects: &mut Effects) {
    model.log.newest = false;
    let Some((source, length)) = model.log.number() else {
        open_run(model, effects);
        return;
    };
    let Some(part) = source.parts.first().copied() else {
        return;
    };
    let plan = model.log.run().is_some_and(is_plan);
    let side = model.side_label(model.log.connector, part.side);
    let word = capital(part.status.key());
    let title = if plan {
        format!("Records To Be {word} in {side}")
    } else {
        format!("Records {word} in {side}")
    };
    let view = ListView {
        source,
        title,
        connector: model.log.connector,
        statuses: vec![part.status],
        plan: false,
        held: None,
        list: VirtualList::new(vec![length], model.next_serial()),
        arrangement: Arrangement::default(),
        typing: None,
        making: None,
        rest: Stamp(0),
        again: None,
    };
    push_list(model, view, effects);
}

/// Enter on the line that tells how a run stands.
fn open_run(model: &mut Model, effects: &mut Effects) {
    let Some(run) = model.log.run().cloned() else {
        return;
    };
    match (run.status, &run.error) {
        (RunStatus::Held, _) => model.dialogs.push(Dialog::Held(Box::new(run))),
        (_, Some(error)) => {
            let title = format!("Run {}: {}", run.id, run.status.key());
            model.show_error_of(run.connector, &title, error.clone());
        }
        (RunStatus::Preview, None) => open_plan(model, &run, effects),
        (RunStatus::Dropped, None) => open_plan(model, &run, effects),
        _ => {
            let statuses = ItemStatus::ALL;
            open_all(model, &run, None, &statuses, format!("Records of run {}", run.id), effects);
        }
    }
}

/// Shows what a preview or a held run would do.
pub fn open_plan(model: &mut Model, run: &Run, effects: &mut Effects) {
    let title = format!("Plan of run {}: nothing of it is written yet", run.id);
    open_all(model, run, None, &ItemStatus::ALL, title, effects);
    if let Some(Screen::List(view)) = model.screens.last_mut() {
        view.plan = run.status == RunStatus::Preview;
        view.held = (run.status == RunStatus::Held).then(|| Box::new(run.clone()));
    }
}

/// Lists one status of the module and run under the cursor, of both sides.
pub fn both_sides(model: &mut Model, status: ItemStatus, effects: &mut Effects) {
    let Some(run) = model.log.run().cloned() else {
        return;
    };
    let what = match status {
        ItemStatus::Conflict => "Conflicts",
        ItemStatus::Linked => "Records Linked",
        ItemStatus::Waiting => "Records Waiting",
        _ => "Records",
    };
    let only = model.log.current().and_then(|row| row.module);
    let of = only.map(|module| format!(" of {module}")).unwrap_or_default();
    open_all(model, &run, only, &[status], format!("{what}{of} in run {}", run.id), effects);
}

fn open_all(
    model: &mut Model,
    run: &Run,
    only: Option<Module>,
    statuses: &[ItemStatus],
    title: String,
    effects: &mut Effects,
) {
    let source = log::source(run, only, statuses);
    let lengths = source.parts.iter().map(|part| number(run, *part)).collect();
    let view = ListView {
        source,
        title,
        connector: run.connector,
        statuses: statuses.to_vec(),
        plan: false,
        held: None,
        list: VirtualList::new(lengths, model.next_serial()),
        arrangement: Arrangement::default(),
        typing: None,
        making: None,
        rest: Stamp(0),
        again: None,
    };
    push_list(model, view, effects);
}

fn push_list(model: &mut Model, view: ListView, effects: &mut Effects) {
    model.screens.push(Screen::List(Box::new(view)));
    records::open(model, effects);
}

fn open_detail(model: &mut Model, effects: &mut Effects) {
    let Some(Screen::List(view)) = model.screens.last() else {
        return;
    };
    let Some(row) = view.list.current() else {
        return;
    };
    let (item, connector) = (row.item.clone(), view.connector);
    show_detail(model, item, connector, effects);
}

/// Shows the detail of a record.
pub fn show_detail(model: &mut Model, item: Item, connector: ConnectorId, effects: &mut Effects) {
    let generation = model.next_serial();
    effects.push(Effect::Links { generation, connector, item: Box::new(item.clone()) });
    model.screens.push(Screen::Detail(Box::new(crate::tui::model::DetailView {
        item,
        connector,
        links: None,
        generation,
        scroll: 0,
        standing: Vec::new(),
    })));
    queue::ask_standing(model, effects);
}

/// Esc: one step back, with everything as it was.
pub fn back(model: &mut Model, effects: &mut Effects) {
    if model.place() == Place::Mapping && mapping::back(model) {
        return;
    }
    let searched = model.place() == Place::DebugLog && !model.debug.filter.is_empty();
    match model.screens.last_mut() {
        Some(Screen::List(view))
            if view.busy().is_some() || !view.arrangement.filter.is_empty() =>
        {
            records::clear_filter(model, effects);
        }
        Some(Screen::Form(_)) => forms::close(model),
        Some(Screen::Consent(_)) => consent::back(model, effects),
        Some(Screen::Pair(_)) => super::run(model, crate::tui::commands::Id::PairClose, effects),
        Some(_) => {
            model.screens.pop();
            // What was read while another screen lay above may be old.
            records::refresh(model, effects);
            super::history::read(model, effects);
        }
        None if searched => debug::clear_search(model, effects),
        None => {
            let filtered = model.tab == Tab::Queue && queue::clear_filter(model, effects);
            if !filtered {
                model.pane = Pane::Connectors;
            }
        }
    }
}

fn is_plan(run: &Run) -> bool {
    matches!(run.status, RunStatus::Preview | RunStatus::Held | RunStatus::Dropped)
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

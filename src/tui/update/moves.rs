//! Moving the cursor and scrolling.

use super::{Effects, consent, debug, mapping, navigate, queue, records};
use crate::model::Side;
use crate::tui::commands::{Id, Place};
use crate::tui::layout;
use crate::tui::log::{COLUMNS, End, Window};
use crate::tui::model::{Dialog, Model, Pane, Screen};

/// How far a key moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    By(i64),
    Top,
    Bottom,
}

pub(super) fn step(id: Id, page: usize) -> Step {
    let page = i64::try_from(page).unwrap_or(1).max(1);
    match id {
        Id::Up => Step::By(-1),
        Id::Down => Step::By(1),
        Id::PageUp => Step::By(-page),
        Id::PageDown => Step::By(page),
        Id::HalfUp => Step::By(-(page / 2).max(1)),
        Id::HalfDown => Step::By((page / 2).max(1)),
        Id::Top => Step::Top,
        _ => Step::Bottom,
    }
}

/// An index after a step in a list of this length.
pub(super) fn moved(at: usize, step: Step, length: usize) -> usize {
    let last = length.saturating_sub(1);
    match step {
        Step::Top => 0,
        Step::Bottom => last,
        Step::By(by) => {
            let by = isize::try_from(by).unwrap_or(0);
            at.saturating_add_signed(by).min(last)
        }
    }
}

/// Up, down, pages, ends: whatever has the keyboard.
pub fn vertical(model: &mut Model, id: Id, effects: &mut Effects) {
    model.log.newest = false;
    let page = layout::page(model);
    match model.place() {
        Place::Connectors => connectors(model, step(id, page), effects),
        Place::Log => log(model, step(id, layout::log_height(model)), effects),
        Place::List => list(model, id, effects),
        Place::Detail => {
            let lines = crate::tui::draw::detail_lines(model);
            if let Some(Screen::Detail(view)) = model.screens.last_mut() {
                view.scroll = moved(view.scroll, step(id, page), lines.saturating_sub(page) + 1);
            }
        }
        Place::Services | Place::Pick | Place::Help | Place::Error => dialog(model, step(id, page)),
        Place::Queue => {
            let page = layout::queue_height(model);
            let to = moved(model.queue.cursor, step(id, page), model.queue.entries().len());
            queue::go(model, to, effects);
        }
        Place::DebugLog => debug::vertical(model, id, effects),
        Place::Exchange => debug::scroll(model, id),
        Place::History => super::history::vertical(model, id),
        Place::Consent | Place::ConsentDone => consent::vertical(model, id),
        Place::Mapping => mapping::vertical(model, id),
        Place::FieldPick | Place::Diff => mapping::perform_dialog(model, id, effects),
        Place::Settings => {
            let lines = crate::tui::draw::tab_lines(model);
            let last = lines.saturating_sub(page) + 1;
            model.scroll = moved(model.scroll, step(id, page), last);
        }
        _ => {}
    }
}

fn connectors(model: &mut Model, step: Step, effects: &mut Effects) {
    let entries = model.entries();
    let at = entries.iter().position(|e| *e == model.entry).unwrap_or(0);
    if let Some(entry) = entries.get(moved(at, step, entries.len())) {
        navigate::choose(model, *entry, effects);
    }
}

/// In the log the cursor goes from the last row of the first table to the second table, and back.
fn log(model: &mut Model, step: Step, effects: &mut Effects) {
    let silent = layout::silent_side(model);
    let log = &mut model.log;
    let last = log.rows.len().saturating_sub(1);
    let first_table = log.side() == Side::Vtiger;
    match step {
        Step::By(1) if log.row == last && !log.more && first_table && silent.is_none() => {
            log.side = Some(Side::Service);
            log_end(model, End::Top, effects);
        }
        Step::By(-1) if log.row == 0 && !log.newer && !first_table && silent.is_none() => {
            log.side = Some(Side::Vtiger);
            log_end(model, End::Bottom, effects);
        }
        Step::By(_) => log.row = moved(log.row, step, log.rows.len()),
        Step::Top => log_end(model, End::Top, effects),
        Step::Bottom => log_end(model, End::Bottom, effects),
    }
    follow_log(model);
    if let Some(window) = model.log.wanted() {
        navigate::read_runs(model, window, None, effects);
    }
}

/// Goes to an end of the log, and reads the runs there if they are not in memory.
fn log_end(model: &mut Model, end: End, effects: &mut Effects) {
    let log = &mut model.log;
    let (beyond, window) = match end {
        End::Top => (log.newer, Window::Newest),
        End::Bottom => (log.more, Window::Oldest),
    };
    log.row = if end == End::Top { 0 } else { log.rows.len().saturating_sub(1) };
    if beyond {
        navigate::read_runs(model, window, Some(end), effects);
    }
}

/// Scrolls the log so that the cursor is visible, in the table that can be written.
pub fn follow_log(model: &mut Model) {
    let height = layout::log_height(model);
    let side = model.log.side();
    if layout::silent_side(model) == Some(side) {
        model.log.side = Some(side.other());
    }
    let row = model.log.row;
    let last_top = model.log.rows.len().saturating_sub(height);
    let lowest = (row + 1).saturating_sub(height);
    model.log_top = model.log_top.clamp(lowest, row.max(lowest)).min(last_top.max(lowest));
}

fn list(model: &mut Model, id: Id, effects: &mut Effects) {
    let height = layout::list_height(model);
    if let Some(view) = records::top(model) {
        let page = usize::try_from(height).unwrap_or(1);
        match step(id, page) {
            Step::By(by) => view.list.step(by, height),
            Step::Top => view.list.go(0, height),
            Step::Bottom => view.list.go(u64::MAX, height),
        }
    }
    records::want(model, effects);
}

fn dialog(model: &mut Model, step: Step) {
    let services = model.catalog.services().count();
    let modules = model.modules().len();
    let lines = crate::tui::draw::dialog_lines(model);
    let waiting = super::decisions::waiting(model).len();
    let places = super::jump::places(model).len();
    let commands = match model.dialogs.last() {
        Some(Dialog::Help(view)) => super::dialogs::help_commands(model, view).len(),
        _ => 0,
    };
    match model.dialogs.last_mut() {
        Some(Dialog::Services { cursor }) => *cursor = moved(*cursor, step, services),
        Some(Dialog::Jump { cursor }) => *cursor = moved(*cursor, step, places),
        Some(Dialog::Decisions { cursor }) => *cursor = moved(*cursor, step, waiting),
        Some(Dialog::AddAll { cursor }) => *cursor = moved(*cursor, step, modules),
        Some(Dialog::Decide { cursor, choices, .. }) => {
            *cursor = moved(*cursor, step, choices.len());
        }
        Some(Dialog::Help(view)) => view.cursor = moved(view.cursor, step, commands),
        Some(Dialog::Error { scroll, .. }) => {
            *scroll = moved(*scroll, step, lines + 1);
        }
        _ => {}
    }
}

/// Left: to the number before, then to the connectors.
pub fn left(model: &mut Model) {
    model.log.newest = false;
    if model.place() == Place::Log && model.log.column > 0 {
        model.log.column -= 1;
    } else {
        model.pane = Pane::Connectors;
    }
}

/// Right: to the next number, or from the connectors to what they show.
pub fn right(model: &mut Model) {
    model.log.newest = false;
    if model.place() == Place::Connectors {
        navigate::next_pane(model, true);
    } else if model.log.column + 1 < COLUMNS.len() {
        model.log.column += 1;
    }
}

/// Keeps cursors visible after the terminal got another size, and asks for rows that came to sight.
pub fn resized(model: &mut Model, effects: &mut Effects) {
    follow_log(model);
    queue::go(model, model.queue.cursor, effects);
    records::want(model, effects);
    debug::want(model, effects);
    mapping::follow(model);
}

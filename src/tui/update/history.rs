//! A record's outcomes over all runs: opened from a list or a detail, followed while syncs run.

use super::{Effects, moves, navigate};
use crate::model::{ConnectorId, Item};
use crate::tui::commands::Id;
use crate::tui::history::HistoryView;
use crate::tui::layout;
use crate::tui::model::{Model, Screen};
use crate::tui::msg::Effect;

/// The record that is pointed at.
fn pointed(model: &Model) -> Option<(Item, ConnectorId)> {
    match model.screens.last()? {
        Screen::List(view) => Some((view.list.current()?.item.clone(), view.connector)),
        Screen::Detail(view) => Some((view.item.clone(), view.connector)),
        _ => None,
    }
}

/// Opens it.
pub fn open(model: &mut Model, effects: &mut Effects) {
    let Some((item, connector)) = pointed(model) else { return };
    let view = HistoryView::of(model.next_serial(), connector, &item);
    model.screens.push(Screen::History(Box::new(view)));
    read(model, effects);
}

/// Why there is none.
pub fn why_not(model: &Model) -> Option<String> {
    match pointed(model) {
        None => Some("The row is still being read.".into()),
        Some((item, _)) if item.vtiger_id.is_empty() && item.service_id.is_empty() => {
            Some("The record has no id yet, so nothing can have become of it before.".into())
        }
        Some(_) => None,
    }
}

/// Reads it, or again because the store changed.
pub fn read(model: &Model, effects: &mut Effects) {
    if let Some(Screen::History(view)) = model.screens.last() {
        let (id, connector, module) = (view.id, view.connector, view.module);
        effects.push(Effect::History { id, connector, module, ids: view.ids.clone() });
    }
}

/// It was read; the cursor stays on its outcome.
pub fn take(model: &mut Model, id: u64, rows: Vec<(u64, Item)>) {
    for screen in &mut model.screens {
        let Screen::History(view) = screen else { continue };
        if view.id != id || view.rows.as_ref() == Some(&rows) {
            continue;
        }
        let chosen = view.rows().get(view.cursor).cloned();
        let at = chosen.and_then(|chosen| rows.iter().position(|row| *row == chosen));
        view.cursor = at.unwrap_or(0);
        view.rows = Some(rows);
        model.dirty = true;
        return;
    }
}

/// Moves the cursor.
pub fn vertical(model: &mut Model, id: Id) {
    let page = layout::page(model);
    if let Some(Screen::History(view)) = model.screens.last_mut() {
        view.cursor = moves::moved(view.cursor, moves::step(id, page), view.rows().len());
    }
}

/// Opens the outcome under the cursor.
pub fn open_detail(model: &mut Model, effects: &mut Effects) {
    let Some(Screen::History(view)) = model.screens.last() else { return };
    let Some((_, item)) = view.rows().get(view.cursor) else { return };
    let (item, connector) = (item.clone(), view.connector);
    navigate::show_detail(model, item, connector, effects);
}

//! What waits for a person's decision, wherever it is: held syncs, and records of which SyncDeck
//! cannot tell with what they belong together. One key leads there from every screen.

use super::{Effects, navigate, queue};
use crate::engine::queue::TO_BE_DECIDED;
use crate::model::{ConnectorId, Run};
use crate::tui::model::{Dialog, Entry, Model, Tab};
use crate::tui::text;

/// Something that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waiting {
    /// A sync that a guard holds.
    Held(Box<Run>),
    /// So many records of a connector.
    Records(ConnectorId, u64),
}

/// All that waits; that of the chosen connector first.
pub fn waiting(model: &Model) -> Vec<Waiting> {
    let chosen = model.chosen().map(|row| row.connector.id);
    let mut rows: Vec<_> = model.overview.connectors.iter().collect();
    rows.sort_by_key(|row| Some(row.connector.id) != chosen);
    let held =
        rows.iter().filter_map(|row| row.held.clone().map(|run| Waiting::Held(Box::new(run))));
    let records = rows.iter().filter(|row| row.undecided > 0);
    let records = records.map(|row| Waiting::Records(row.connector.id, row.undecided));
    held.chain(records).collect()
}

/// How many syncs are held, and how many records wait.
pub fn counts(model: &Model) -> (usize, u64) {
    let rows = &model.overview.connectors;
    let held = rows.iter().filter(|row| row.held.is_some()).count();
    (held, rows.iter().map(|row| row.undecided).sum())
}

/// What is said of one.
pub fn words(model: &Model, waiting: &Waiting) -> String {
    match waiting {
        Waiting::Held(run) => {
            let name = model.row(run.connector).map_or("", |row| row.connector.name.as_str());
            format!("The sync of {name} is held (run {})", run.id)
        }
        Waiting::Records(id, count) => {
            let name = model.row(*id).map_or("", |row| row.connector.name.as_str());
            format!("{} of {name} to decide about", text::count(*count, "record", "records"))
        }
    }
}

/// Goes to the only thing that waits, or lists them.
pub fn open(model: &mut Model, effects: &mut Effects) {
    let mut all = waiting(model);
    match (all.pop(), all.is_empty()) {
        (Some(only), true) => go(model, only, effects),
        (Some(_), false) => model.dialogs.push(Dialog::Decisions { cursor: 0 }),
        (None, _) => {}
    }
}

/// Enter in the list of what waits.
pub fn choose(model: &mut Model, effects: &mut Effects) {
    let Some(Dialog::Decisions { cursor }) = model.dialogs.pop() else { return };
    if let Some(chosen) = waiting(model).into_iter().nth(cursor) {
        go(model, chosen, effects);
    }
}

fn go(model: &mut Model, waiting: Waiting, effects: &mut Effects) {
    match waiting {
        Waiting::Held(run) => model.dialogs.push(Dialog::Held(run)),
        Waiting::Records(connector, _) => {
            model.screens.clear();
            navigate::choose(model, Entry::Connector(connector), effects);
            navigate::tab(model, Tab::Queue, effects);
            queue::show_only(model, TO_BE_DECIDED, effects);
        }
    }
}

/// Why the key does nothing now.
pub fn why_not(model: &Model) -> Option<String> {
    let none = waiting(model).is_empty();
    none.then(|| "No sync is held, and no record waits for a decision.".into())
}

//! Why a command cannot be run now. A key that does nothing says so in these words.

use crate::model::{ItemStatus, Side};
use crate::tui::commands::{Id, Place};
use crate::tui::form::CheckState;
use crate::tui::log::COLUMNS;
use crate::tui::model::{Dialog, Entry, Model, Pane, Question, Screen, Tab};
use crate::tui::text;

/// Why a command cannot be run now; `None`: it can.
pub fn why_not(model: &Model, id: Id) -> Option<String> {
    let in_consent =
        model.dialogs.is_empty() && matches!(model.screens.last(), Some(Screen::Consent(_)));
    match id {
        Id::Consent => super::consent::why_not(model),
        _ if in_consent => super::consent::why_not_here(model, id),
        Id::SyncNow | Id::Preview => why_no_sync(model),
        Id::RunIt => why_not_run_it(model),
        Id::Cancel => why_no_cancel(model),
        Id::Open => why_not_open(model),
        Id::Back => why_not_back(model),
        Id::Conflicts => why_none(model, ItemStatus::Conflict, "no conflicts"),
        Id::Linked => why_none(model, ItemStatus::Linked, "no newly linked records"),
        Id::Waiting => why_none(model, ItemStatus::Waiting, "no waiting records"),
        Id::Csv => why_no_csv(model),
        Id::LinkVtiger => why_no_link(model, Side::Vtiger),
        Id::LinkService => why_no_link(model, Side::Service),
        Id::Edit => why_no_edit(model),
        Id::Enable | Id::Remove => super::connectors::why_not(model, id),
        Id::Add => why_no_add(model),
        Id::SortReverse => match list(model) {
            Some(view) if view.arrangement.sort.is_none() => {
                let (left, right) =
                    (model.key(Id::SortLeft, Place::List), model.key(Id::SortRight, Place::List));
                Some(format!("Choose a column to sort by first: {left} or {right}."))
            }
            _ => None,
        },
        Id::TabLog | Id::TabSettings | Id::TabMapping | Id::TabQueue | Id::TabDebug => {
            why_no_tab(model)
        }
        Id::DebugMode => no_connector(model).or_else(|| model.settings_locked().map(str::to_owned)),
        Id::CopyExchange => match model.screens.last() {
            Some(Screen::Exchange(view)) if view.entry.is_none() => {
                Some("There is nothing to copy.".into())
            }
            _ => None,
        },
        Id::YesNamed => why_not_named(model),
        Id::Check | Id::Save | Id::Reveal | Id::SectionNext | Id::SectionPrev => {
            why_not_in_form(model, id)
        }
        id if id.is_of_mapping() => super::mapping::why_not(model, id),
        Id::PairTake | Id::PairTry | Id::PickField | Id::MarkField | Id::DiffSave => {
            super::mapping::why_not(model, id)
        }
        Id::HeldConfirm | Id::HeldDrop => why_no_decision(model),
        Id::History => super::history::why_not(model),
        Id::Mend => super::jump::why_not(model),
        Id::Held => super::decisions::why_not(model),
        Id::Retry | Id::RetryReason | Id::RetryShown | Id::DropEntry | Id::AddAll | Id::Decide => {
            super::queue::why_not(model, id)
        }
        _ => None,
    }
}

fn list(model: &Model) -> Option<&crate::tui::model::ListView> {
    match model.screens.last() {
        Some(Screen::List(view)) => Some(view),
        _ => None,
    }
}

fn no_connector(model: &Model) -> Option<String> {
    match model.entry {
        Entry::Connector(_) => None,
        Entry::Add | Entry::Crm => Some("Choose a connector first.".into()),
    }
}

fn why_no_sync(model: &Model) -> Option<String> {
    if let Some(why) = no_connector(model) {
        return Some(why);
    }
    let row = model.chosen()?;
    let name = &row.connector.name;
    if let Some(why) = model.locked() {
        return Some(why.into());
    }
    if model.running(row.connector.id).is_some() {
        return Some(match why_no_cancel(model) {
            None => {
                let key = model.key(Id::Cancel, Place::Log);
                format!("{name} is being synced already; {key} cancels it.")
            }
            Some(why) => format!("{name} is being synced already. {why}"),
        });
    }
    if model.overview.crm.is_none() {
        return Some(connect_first(model));
    }
    if !row.connector.enabled {
        let key = model.key(Id::Enable, Place::Connectors);
        return Some(format!("{name} is disabled; {key} among the connectors enables it."));
    }
    if model.modules().is_empty() {
        return Some(format!("No module of {name} is enabled."));
    }
    None
}

fn why_not_run_it(model: &Model) -> Option<String> {
    let view = list(model)?;
    if !view.plan {
        return Some("This list is no plan. Sync Now is a key of the sync log.".into());
    }
    if let Some(why) = model.locked() {
        return Some(why.into());
    }
    model.running(view.connector).map(|_| "A sync of this connector runs already.".into())
}

fn why_no_cancel(model: &Model) -> Option<String> {
    if let Some(why) = no_connector(model) {
        return Some(why);
    }
    let id = model.chosen()?.connector.id;
    if model.cancelling.contains(&id) {
        return Some("It is being cancelled: what is in flight is finished first.".into());
    }
    if model.progress.contains_key(&id) || model.started.contains(&id) {
        return None;
    }
    Some(match model.running(id) {
        Some(_) => format!("{} runs this sync{}; cancel it there.", who(model), since(model)),
        None => "No sync runs.".into(),
    })
}

/// The other process that syncs the chosen connector.
fn who(model: &Model) -> String {
    let holder = model.chosen().and_then(|row| row.holder.as_ref());
    match holder.and_then(|holder| holder.process) {
        Some(process) => format!("Process {process}"),
        None => "Another process".into(),
    }
}

fn since(model: &Model) -> String {
    let since = model.chosen().and_then(|row| row.holder.as_ref()?.since);
    since.map(|at| format!(" since {}", text::time(at, &model.zone))).unwrap_or_default()
}

fn why_not_open(model: &Model) -> Option<String> {
    match model.place() {
        Place::Log => {
            let Some(row) = model.log.current() else {
                let (sync, look) =
                    (model.key(Id::SyncNow, Place::Log), model.key(Id::Preview, Place::Log));
                return Some(format!("There is no run yet: {sync} syncs now, {look} previews."));
            };
            let run = model.log.runs.get(row.at)?;
            let Some(module) = row.module else {
                let silent = run.held.is_none() && run.error.is_none();
                return (silent && run.modules.is_empty())
                    .then(|| "This run has no records.".into());
            };
            if let Some(why) = run.modules.get(&module).filter(|m| !m.available) {
                return Some(
                    why.why.clone().unwrap_or_else(|| format!("{module} is not available here.")),
                );
            }
            match model.log.number() {
                Some((_, 0)) => {
                    let word = COLUMNS.get(model.log.column).map_or("listed", |s| s.key());
                    let side = model.side_label(model.log.connector, model.log.side());
                    Some(format!("No {module} were {word} in {side} in this run."))
                }
                _ => None,
            }
        }
        Place::Queue if model.queue.current().is_none() => {
            Some("There is nothing in the queue.".into())
        }
        Place::Queue if model.queue.current().is_some_and(|entry| entry.is_all()) => Some(
            "This stands for every record of the module; there is no single one to show.".into(),
        ),
        Place::List => match list(model) {
            Some(view) if view.list.shown() == 0 => Some("There is nothing in this list.".into()),
            Some(view) if view.list.current().is_none() => {
                Some("The row is still being read.".into())
            }
            _ => None,
        },
        Place::History => match model.screens.last() {
            Some(Screen::History(view)) if view.rows().is_empty() => {
                Some("There is nothing to open.".into())
            }
            _ => None,
        },
        Place::DebugLog if model.debug.chosen().is_none() => Some("The debug log is empty.".into()),
        _ => None,
    }
}

fn why_not_back(model: &Model) -> Option<String> {
    let first = model.screens.is_empty() && model.pane == Pane::Connectors;
    first.then(|| {
        let key = model.key(Id::Quit, Place::Connectors);
        format!("This is the first screen; {key} leaves SyncDeck.")
    })
}

fn why_none(model: &Model, status: ItemStatus, what: &str) -> Option<String> {
    match model.log.both_sides(status) {
        None => Some("There is no run yet.".into()),
        Some((source, 0)) => Some(format!("Run {} has {what}.", source.run)),
        Some(_) => None,
    }
}

fn why_no_csv(model: &Model) -> Option<String> {
    if let Some(Screen::History(view)) = model.screens.last() {
        return view.rows().is_empty().then(|| "There is nothing to write.".into());
    }
    match list(model) {
        Some(view) if view.busy().is_some() => Some("The list is still being filtered.".into()),
        Some(view) if view.list.shown() == 0 => Some("There is nothing to write.".into()),
        Some(_) => None,
        None if model.tab == Tab::Debug && model.pane == Pane::Body => match model.debug.shown() {
            0 => Some("There is nothing to write.".into()),
            _ if model.debug.busy.is_some() => Some("The log is still being searched.".into()),
            _ => None,
        },
        None if model.log.runs.is_empty() => Some("There is no run to write yet.".into()),
        None => None,
    }
}

fn why_no_link(model: &Model, side: Side) -> Option<String> {
    let (item, connector) = match model.screens.last() {
        Some(Screen::Detail(view)) => (&view.item, view.connector),
        Some(Screen::List(view)) => match view.list.current() {
            Some(row) => (&row.item, view.connector),
            None => return Some("The row is still being read.".into()),
        },
        _ => return Some("Choose a record first.".into()),
    };
    let id = match side {
        Side::Vtiger => &item.vtiger_id,
        Side::Service => &item.service_id,
    };
    let label = model.side_label(connector, side);
    if id.is_empty() {
        return Some(format!("The record has no id in {label}, so there is no page of it."));
    }
    match model.screens.last() {
        Some(Screen::Detail(view)) => match &view.links {
            None => Some("The link is still being made.".into()),
            Some(links) if links.side(side).is_none() => {
                Some(format!("{label} has no page for this record."))
            }
            Some(_) => None,
        },
        _ => None,
    }
}

/// What is to be entered before it is done.
fn why_not_named(model: &Model) -> Option<String> {
    match model.dialogs.last() {
        Some(Dialog::Confirm(Question { name: Some(name), .. })) if !name.is_entered() => {
            Some(format!("Type {} first: this cannot be taken back.", name.wanted))
        }
        _ => None,
    }
}

fn why_no_decision(model: &Model) -> Option<String> {
    if list(model).is_some_and(|view| view.held.is_none()) && model.dialogs.is_empty() {
        return Some("This list is not the plan of a held sync.".into());
    }
    model.locked().map(str::to_owned)
}

fn why_no_edit(model: &Model) -> Option<String> {
    match model.entry {
        Entry::Crm => None,
        Entry::Add => Some("Choose a connector first.".into()),
        Entry::Connector(id) if model.service(id).is_none() => {
            Some("This version of SyncDeck does not know the service.".into())
        }
        Entry::Connector(_) => None,
    }
}

fn why_no_add(model: &Model) -> Option<String> {
    if let Some(why) = model.settings_locked() {
        return Some(why.into());
    }
    if model.loaded && model.overview.crm.is_none() {
        return Some(connect_first(model));
    }
    None
}

/// Without the CRM nothing can be done.
pub fn connect_first(model: &Model) -> String {
    format!("Connect Vtiger CRM first: {}.", model.key(Id::Crm, Place::Log))
}

fn why_no_tab(model: &Model) -> Option<String> {
    match model.entry {
        Entry::Connector(_) => None,
        Entry::Add | Entry::Crm => Some("Choose a connector first: the tabs belong to one.".into()),
    }
}

fn why_not_in_form(model: &Model, id: Id) -> Option<String> {
    let Some(Screen::Form(form)) = model.screens.last() else {
        return None;
    };
    if form.saving {
        return Some("The settings are being saved.".into());
    }
    match id {
        Id::Check if form.check == CheckState::Running => Some("The check is running.".into()),
        Id::Reveal => match form.field() {
            Some(field) if !field.secret => Some("This field is no secret.".into()),
            Some(field) if field.text().is_empty() => {
                Some("What is stored is not shown; enter another one to replace it.".into())
            }
            Some(_) => None,
            None => Some("Choose a field first.".into()),
        },
        Id::Save => form.locked.clone(),
        Id::SectionNext | Id::SectionPrev if form.sections().len() < 2 => {
            Some("This form has only one section.".into())
        }
        _ => None,
    }
}

/// Whether something lies over the screens that a finished preview must not push aside.
pub fn is_busy(model: &Model) -> bool {
    let dialog = model.dialogs.last();
    !model.screens.is_empty() || dialog.is_some_and(|d| !matches!(d, Dialog::Help(_)))
}

//! What each command does, once it is known that it can be done.

use super::{
    Effects, consent, debug, decisions, dialogs, forms, mapping, moves, navigate, queue, records,
};
use crate::engine::SyncMode;
use crate::model::{ItemStatus, Side};
use crate::tui::commands::{Id, Place};
use crate::tui::log::Window;
use crate::tui::model::{Ask, Dialog, HelpView, Model, Question, Screen, Tab, Tone};
use crate::tui::msg::Effect;
use tui_input::Input;

/// Does it.
pub fn perform(model: &mut Model, id: Id, effects: &mut Effects) {
    let in_consent =
        model.dialogs.is_empty() && matches!(model.screens.last(), Some(Screen::Consent(_)));
    match id {
        Id::Open
        | Id::Preview
        | Id::Reveal
        | Id::ConsentSend
        | Id::CopyPage
        | Id::CopyCode
        | Id::FormUp
        | Id::FormDown
            if in_consent =>
        {
            consent::perform(model, id, effects);
        }
        Id::Consent => consent::open(model, effects),
        Id::SyncNow => sync(model, SyncMode::Sync, effects),
        Id::Preview => sync(model, SyncMode::Preview, effects),
        Id::RunIt => run_it(model, effects),
        Id::Cancel => cancel(model, effects),
        Id::Open => navigate::open(model, effects),
        Id::Back => navigate::back(model, effects),
        Id::Conflicts => navigate::both_sides(model, ItemStatus::Conflict, effects),
        Id::Linked => navigate::both_sides(model, ItemStatus::Linked, effects),
        Id::Waiting => navigate::both_sides(model, ItemStatus::Waiting, effects),
        Id::Edit => forms::open_chosen(model, effects),
        Id::Crm => forms::open_crm(model, effects),
        Id::Add => model.dialogs.push(Dialog::Services { cursor: 0 }),
        Id::Csv => dialogs::open_csv(model),
        Id::Filter if matches!(model.dialogs.last(), Some(Dialog::Help(_))) => {
            dialogs::filter_help(model);
        }
        Id::Filter if model.screens.is_empty() && model.tab == Tab::Debug => {
            debug::open_search(model)
        }
        Id::Filter if model.screens.is_empty() && model.tab == Tab::Mapping => {
            mapping::open_filter(model);
        }
        Id::Filter if model.screens.is_empty() => queue::open_filter(model),
        Id::Filter => records::open_filter(model),
        Id::Retry | Id::RetryReason | Id::RetryShown | Id::DropEntry | Id::AddAll | Id::Decide => {
            queue::perform(model, id, effects)
        }
        Id::Enable | Id::Remove => super::connectors::perform(model, id, effects),
        Id::History => super::history::open(model, effects),
        Id::Mend => super::jump::open(model, effects),
        Id::Held => decisions::open(model, effects),
        Id::DebugMode => debug::switch(model, effects),
        Id::CopyExchange => debug::copy(model, effects),
        Id::Palette => dialogs::open_palette(model),
        Id::Help => {
            let place = model.place();
            let (filter, typing, cursor) = (Input::default(), false, 0);
            model.dialogs.push(Dialog::Help(HelpView { place, filter, typing, cursor }));
        }
        Id::FieldNext
        | Id::FieldPrev
        | Id::FieldEnter
        | Id::SectionNext
        | Id::SectionPrev
        | Id::Check
        | Id::Save
        | Id::Reveal
        | Id::FormUp
        | Id::FormDown
        | Id::FormClose => forms::perform(model, id, effects),
        id if id.is_of_mapping() => mapping::perform(model, id, effects),
        Id::PairNext
        | Id::PairPrev
        | Id::PairEnter
        | Id::PairTake
        | Id::PairTry
        | Id::PairUp
        | Id::PairDown
        | Id::PairClose => mapping::perform(model, id, effects),
        Id::PickField | Id::MarkField | Id::TryNext | Id::TryPrev | Id::DiffSave => {
            mapping::perform_dialog(model, id, effects);
        }
        Id::InputDone
        | Id::InputCancel
        | Id::Choose
        | Id::Complete
        | Id::YesNamed
        | Id::Close
        | Id::Yes
        | Id::No
        | Id::HeldLook
        | Id::HeldConfirm
        | Id::HeldDrop
        | Id::CopyError
        | Id::PickUp
        | Id::PickDown => {
            dialogs::perform(model, id, effects);
        }
        Id::Mouse => super::mouse::switch(model, effects),
        Id::Redraw => effects.push(Effect::Redraw),
        Id::Suspend => effects.push(Effect::Suspend),
        Id::Quit | Id::Leave => leave(model, effects),
        _ => move_about(model, id, effects),
    }
}

/// The commands that only change what is seen: order, tabs, panes, cursors.
fn move_about(model: &mut Model, id: Id, effects: &mut Effects) {
    match id {
        Id::SortLeft => records::sort(model, false, effects),
        Id::SortRight => records::sort(model, true, effects),
        Id::SortReverse => records::reverse(model, effects),
        Id::LinkVtiger => records::copy_link(model, Side::Vtiger, effects),
        Id::LinkService => records::copy_link(model, Side::Service, effects),
        Id::ModuleLeft => mapping::module(model, false, effects),
        Id::ModuleRight => mapping::module(model, true, effects),
        Id::TabLog => navigate::tab(model, Tab::Log, effects),
        Id::TabSettings => navigate::tab(model, Tab::Settings, effects),
        Id::TabMapping => navigate::tab(model, Tab::Mapping, effects),
        Id::TabQueue => navigate::tab(model, Tab::Queue, effects),
        Id::TabDebug => navigate::tab(model, Tab::Debug, effects),
        Id::NextPane => navigate::next_pane(model, true),
        Id::PrevPane => navigate::next_pane(model, false),
        Id::Up
        | Id::Down
        | Id::PageUp
        | Id::PageDown
        | Id::HalfUp
        | Id::HalfDown
        | Id::Top
        | Id::Bottom => moves::vertical(model, id, effects),
        Id::Left => moves::left(model),
        Id::Right => moves::right(model),
        _ => {}
    }
}

/// Starts a sync or preview of the chosen connector.
fn sync(model: &mut Model, mode: SyncMode, effects: &mut Effects) {
    let Some(row) = model.chosen() else { return };
    let (id, name) = (row.connector.id, row.connector.name.clone());
    model.say(
        Tone::Good,
        match mode {
            SyncMode::Preview => format!("Preview of {name} started; nothing is written."),
            _ => format!("Sync of {name} started."),
        },
    );
    start_sync(model, id, mode, effects);
}

/// Starts a sync of a connector.
pub fn start_sync(model: &mut Model, connector: u32, mode: SyncMode, effects: &mut Effects) {
    model.started.insert(connector);
    if model.log.connector == connector {
        model.log.newest = true;
        if model.log.newer {
            navigate::read_runs(model, Window::Newest, None, effects);
        }
    }
    if mode != SyncMode::Preview && model.screens.is_empty() && model.tab != Tab::Log {
        // What the sync does is seen in the log.
        navigate::tab(model, Tab::Log, effects);
    }
    effects.push(Effect::Sync { connector, mode });
}

/// Leaves the plan and runs the sync it showed.
fn run_it(model: &mut Model, effects: &mut Effects) {
    let Some(Screen::List(view)) = model.screens.last() else {
        return;
    };
    let connector = view.connector;
    navigate::back(model, effects);
    let name = model.row(connector).map(|r| r.connector.name.clone()).unwrap_or_default();
    model.say(Tone::Good, format!("Sync of {name} started."));
    start_sync(model, connector, SyncMode::Sync, effects);
}

fn cancel(model: &mut Model, effects: &mut Effects) {
    let Some(row) = model.chosen() else { return };
    let id = row.connector.id;
    model.cancelling.insert(id);
    effects.push(Effect::CancelSync(id));
}

/// Leaves the program. While syncs of this process run it asks first; asked again, it leaves now.
pub(super) fn leave(model: &mut Model, effects: &mut Effects) {
    if mapping::guard_leaving(model) {
        return;
    }
    let asked = matches!(
        model.dialogs.last(),
        Some(Dialog::Confirm(Question { ask: Ask::QuitWhileSyncing, .. }))
    );
    let ours = model.ours();
    if ours.is_empty() || model.leaving || asked {
        effects.push(Effect::Quit);
        return;
    }
    let names: Vec<_> =
        ours.iter().filter_map(|id| model.row(*id)).map(|row| row.connector.name.clone()).collect();
    model.dialogs.push(Dialog::Confirm(Question {
        ask: Ask::QuitWhileSyncing,
        title: "Leave SyncDeck?".into(),
        text: format!(
            "A sync of {} runs. It is cancelled: what is in flight is finished, the next sync goes \
             on from there. {} leaves at once.",
            names.join(", "),
            model.key(Id::Leave, Place::Confirm)
        ),
        yes: "cancel the sync and leave",
        name: None,
    }));
}

/// Cancels what runs, and leaves as soon as it has ended.
pub fn leave_now(model: &mut Model, effects: &mut Effects) {
    let ours = model.ours();
    if ours.is_empty() {
        effects.push(Effect::Quit);
        return;
    }
    model.leaving = true;
    model.dirty = true;
    // First, so that nothing new begins in between.
    effects.push(Effect::StopSchedule);
    for id in ours {
        model.cancelling.insert(id);
        effects.push(Effect::CancelSync(id));
    }
}

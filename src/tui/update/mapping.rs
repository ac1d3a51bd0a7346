//! The mapping editor's table: cursor, filter, modules, changes that are kept until they are saved.

mod dialogs;
mod line;

pub use dialogs::{edit as edit_dialog, perform as perform_dialog};
pub use line::{edit as edit_line, paste as paste_line};

use super::moves::{Step, moved, step};
use super::{Effects, navigate};
use crate::catalog::ServiceModule;
use crate::model::{ConnectorId, Module, Pair};
use crate::tui::commands::{Id, Place};
use crate::tui::layout;
use crate::tui::mapping::{
    self, Draft, Key, Live, MapAsk, MapDialog, MapNews, MapQuestion, current, editor, shown,
    visible,
};
use crate::tui::model::{self, Ask, Dialog, Model, Question, Screen, Tab, Tone};
use crate::tui::msg::Effect;
use crate::tui::text;
use std::collections::btree_map::Entry;
use tui_input::Input;

/// Why a command of the editor cannot be run now.
pub fn why_not(model: &Model, id: Id) -> Option<String> {
    let locked = || model.settings_locked_to("change the mapping");
    let nothing = || current(model).is_none().then(|| "There is no line here.".to_owned());
    match id {
        Id::MapEdit => nothing(),
        Id::MapAdd => no_module(model).or_else(locked),
        Id::MapImport => no_module(model).or_else(locked),
        Id::MapExport => no_module(model),
        Id::MapToggle => nothing().or_else(locked),
        Id::MapTry => nothing().or_else(|| why_no_try(model)),
        Id::MapSave | Id::MapUndo => locked().or_else(|| {
            let changed = shown(model).is_some_and(|s| is_changed(model, s.key));
            let undone = Id::MapUndo == id && shown(model).is_some_and(|s| can_undo(model, s.key));
            (!changed && !undone).then(|| "Nothing was changed.".to_owned())
        }),
        Id::MapRemove => nothing().or_else(locked).or_else(|| {
            let (_, row) = current(model)?;
            let default = row.origin == editor::Origin::Default;
            default.then(|| {
                let key = model.key(Id::MapToggle, Place::Mapping);
                format!("A default line cannot be removed; {key} switches it off.")
            })
        }),
        Id::MapRestore => no_module(model).or_else(locked).or_else(|| {
            let none = shown(model).is_some_and(|shown| shown.lines.is_empty());
            none.then(|| "There are only default lines here.".to_owned())
        }),
        Id::MapReload => no_module(model).or_else(|| match live(model) {
            Some(Live::Loading) => Some("The fields are being read.".to_owned()),
            _ => None,
        }),
        Id::PairTake | Id::PickField => locked(),
        Id::PairTry => why_no_try(model),
        Id::DiffSave => locked()
            .or_else(|| model.mapping.saving.is_some().then(|| "It is being saved.".to_owned())),
        Id::MarkField => match model.dialogs.last() {
            Some(Dialog::Mapping(dialog)) => match &**dialog {
                MapDialog::Pick(picker) if !picker.service => Some(
                    "A line has one Vtiger field; several service fields can be marked.".into(),
                ),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

fn no_module(model: &Model) -> Option<String> {
    shown(model).is_none().then(|| "There is no module here.".to_owned())
}

fn why_no_try(model: &Model) -> Option<String> {
    let none = model.overview.crm.is_none();
    none.then(|| super::availability::connect_first(model))
}

fn live(model: &Model) -> Option<&Live> {
    model.mapping.live.get(&shown(model)?.key)
}

fn is_changed(model: &Model, key: Key) -> bool {
    model.mapping.drafts.get(&key).is_some_and(Draft::changed)
}

fn can_undo(model: &Model, key: Key) -> bool {
    model.mapping.drafts.get(&key).is_some_and(|draft| !draft.undo.is_empty())
}

/// The commands of the table and of the form of a line.
pub fn perform(model: &mut Model, id: Id, effects: &mut Effects) {
    let Some(key) = shown(model).map(|shown| shown.key) else { return };
    match id {
        Id::MapEdit | Id::MapAdd => line::open(model, id == Id::MapAdd),
        Id::MapToggle => toggle(model, key),
        Id::MapTry => dialogs::open_try(model, effects),
        Id::MapSave => dialogs::open_diff(model, key, effects),
        Id::MapUndo => undo(model, key),
        Id::MapRemove => ask_to_remove(model, key),
        Id::MapRestore => ask_to_restore(model, key),
        Id::MapExport | Id::MapImport => dialogs::open_file(model, key, id == Id::MapImport),
        Id::MapReload => {
            model.mapping.live.remove(&key);
            read(model, effects);
        }
        _ => line::perform(model, id, effects),
    }
}

/// Asks for the live fields of the module on the screen, unless they are known.
pub fn read(model: &mut Model, effects: &mut Effects) {
    let in_editor = model.tab == Tab::Mapping && model.overview.crm.is_some();
    let Some(key) = shown(model).map(|shown| shown.key).filter(|_| in_editor) else { return };
    if let Entry::Vacant(live) = model.mapping.live.entry(key) {
        live.insert(Live::Loading);
        effects.push(Effect::Mapping(MapAsk::Fields(key)));
    }
}

/// Makes a change that is kept until it is saved, and can be undone.
fn change(model: &mut Model, key: Key, edit: impl FnOnce(&ServiceModule, &mut Vec<Pair>)) {
    let Some(shown) = mapping::of(model, key) else { return };
    let (stored, before) = (shown.settings.mapping.clone(), shown.lines.to_vec());
    let mut lines = before.clone();
    edit(shown.spec, &mut lines);
    if lines == before {
        return;
    }
    let fresh = || Draft { known: stored, lines: before.clone(), undo: Vec::new() };
    let draft = model.mapping.drafts.entry(key).or_insert_with(fresh);
    draft.undo.push(before);
    draft.lines = lines;
    model.dirty = true;
    follow(model);
}

fn toggle(model: &mut Model, key: Key) {
    let Some((_, row)) = current(model) else { return };
    change(model, key, |spec, lines| editor::toggle(spec, lines, &row));
    let state = if row.pair.active { "inactive" } else { "active" };
    model.say(Tone::Good, format!("{} is {state} now; not saved yet.", row.pair.vtiger));
}

fn undo(model: &mut Model, key: Key) {
    if let Some(draft) = model.mapping.drafts.get_mut(&key)
        && let Some(before) = draft.undo.pop()
    {
        draft.lines = before;
        if !draft.changed() && draft.undo.is_empty() {
            model.mapping.drafts.remove(&key);
        }
        let unsaved = is_changed(model, key);
        let save = model.key(Id::MapSave, Place::Mapping);
        follow(model);
        let told = match unsaved {
            true => format!("The last change was undone; {save} looks at it and saves it."),
            false => "The last change was undone.".to_owned(),
        };
        model.say(Tone::Good, told);
    }
}

fn ask(model: &mut Model, question: MapQuestion, title: &str, text: String, yes: &'static str) {
    let title = title.to_owned();
    let question = Question { ask: Ask::Mapping(question), title, text, yes, name: None };
    model.dialogs.push(Dialog::Confirm(question));
}

fn ask_to_remove(model: &mut Model, key: Key) {
    let Some((_, row)) = current(model) else { return };
    let Some(line) = row.origin.line() else { return };
    let name = format!("{} ↔ {}", row.pair.vtiger, row.pair.service_label());
    let question = MapQuestion::Remove(key, line);
    match row.origin {
        editor::Origin::Own(_) => {
            let text = format!(
                "The custom line {name} goes. What it has written stays. Nothing is saved yet."
            );
            ask(model, question, "Remove the line?", text, "remove it");
        }
        _ => {
            let text = format!(
                "The changes of {name} go, and the default line is back. Nothing is saved yet."
            );
            ask(model, question, "Give the default line back?", text, "give it back");
        }
    }
}

fn ask_to_restore(model: &mut Model, key: Key) {
    let Some(shown) = shown(model) else { return };
    let rows = shown.rows();
    let own = rows.iter().filter(|row| matches!(row.origin, editor::Origin::Own(_))).count();
    let changed = shown.lines.len().saturating_sub(own);
    let count = |n: usize, one: &str, many: &str| {
        text::count(u64::try_from(n).unwrap_or(u64::MAX), one, many)
    };
    let text = format!(
        "Lost would be {} and {}. The default lines of {} are as delivered then. Nothing is saved \
         yet.",
        count(own, "custom line", "custom lines"),
        count(changed, "changed default line", "changed default lines"),
        key.1
    );
    let question = MapQuestion::Restore(key);
    ask(model, question, "Restore the default lines?", text, "restore them");
}

/// `y` to a question of the editor.
pub fn answer(model: &mut Model, question: MapQuestion, effects: &mut Effects) {
    match question {
        MapQuestion::LeaveLine => drop(model.screens.pop()),
        MapQuestion::Remove(key, line) => {
            change(model, key, |_, lines| editor::remove(lines, line));
            let key = model.key(Id::MapUndo, Place::Mapping);
            model.say(Tone::Good, format!("Removed; not saved yet. {key} undoes it."));
        }
        MapQuestion::Restore(key) => {
            change(model, key, |_, lines| lines.clear());
            let key = model.key(Id::MapUndo, Place::Mapping);
            let told = format!("The default lines are back; not saved yet. {key} undoes it.");
            model.say(Tone::Good, told);
        }
        MapQuestion::ReplaceFile => dialogs::write_file(model, true, effects),
        MapQuestion::Quit => {
            model.mapping.drafts.clear();
            super::act::leave(model, effects);
        }
    }
}

/// Asks before the program is left with something unsaved. Answers whether it did.
pub fn guard_leaving(model: &mut Model) -> bool {
    let asked = matches!(
        model.dialogs.last(),
        Some(Dialog::Confirm(Question { ask: Ask::Mapping(MapQuestion::Quit), .. }))
    );
    let unsaved: Vec<Key> = model.mapping.unsaved().collect();
    if asked || unsaved.is_empty() || model.leaving {
        return false;
    }
    let name = |(id, module): &Key| {
        let name = model.row(*id).map(|row| row.connector.name.clone()).unwrap_or_default();
        format!("{module} of {name}")
    };
    let names: Vec<String> = unsaved.iter().map(name).collect();
    let text = format!(
        "The changed field mapping of {} is not saved, and would be lost.",
        names.join(", ")
    );
    ask(model, MapQuestion::Quit, "Leave without saving?", text, "leave without saving");
    true
}

/// Says that something is left behind unsaved when another tab is shown.
pub fn left(model: &mut Model) {
    let unsaved = shown(model).filter(|shown| is_changed(model, shown.key)).map(|s| s.key.1);
    if let Some(module) = unsaved {
        let key = model.key(Id::TabMapping, Place::Log);
        let text = format!("The mapping of {module} is not saved; {key} goes back to it.");
        model.say(Tone::Warn, text);
    }
}

/// What was read anew may be what was to be saved, and connectors may be gone.
pub fn settle(model: &mut Model, effects: &mut Effects) {
    let keys: Vec<Key> = model.mapping.drafts.keys().copied().collect();
    for key in keys {
        let stored = model.row(key.0).and_then(|row| row.connector.modules.get(&key.1));
        let stored = stored.map(|settings| settings.mapping.clone());
        let draft = model.mapping.drafts.get(&key);
        let over = |draft: &Draft| {
            let same = Some(&draft.lines) == stored.as_ref();
            // Saved, but somebody else has saved other lines since.
            let stale = !draft.changed() && !same && stored.as_ref() != draft.undo.first();
            stale || (same && draft.undo.is_empty())
        };
        if stored.is_none() || draft.is_some_and(over) {
            model.mapping.drafts.remove(&key);
        }
    }
    follow(model);
    read(model, effects);
}

/// Something of the editor came back.
pub fn take(model: &mut Model, news: MapNews, effects: &mut Effects) {
    model.dirty = true;
    match news {
        MapNews::Fields(key, result) => {
            let live = result.map_or_else(Live::Failed, Live::Ready);
            if model.mapping.live.contains_key(&key) {
                model.mapping.live.insert(key, live);
            }
        }
        MapNews::Imported(key, lines) => {
            dialogs::close_file(model);
            let count = text::count(u64::try_from(lines.len()).unwrap_or(0), "line", "lines");
            change(model, key, |_, all| *all = lines);
            let key = |id| model.key(id, Place::Mapping);
            let (save, undo) = (key(Id::MapSave), key(Id::MapUndo));
            let told =
                format!("{count} read; {save} shows what changes, and saves it. {undo} undoes it.");
            model.say(Tone::Good, told);
        }
        MapNews::Saved(key, result) => saved(model, key, result, effects),
        other => dialogs::take(model, other),
    }
}

fn saved(
    model: &mut Model,
    key: Key,
    result: Result<(), crate::model::UserError>,
    effects: &mut Effects,
) {
    model.mapping.saving = None;
    if let Err(error) = result {
        model.show_error("The mapping was not saved", error);
        return;
    }
    model.dialogs.retain(
        |dialog| !matches!(dialog, Dialog::Mapping(d) if matches!(**d, MapDialog::Diff(_))),
    );
    // It stands on the screen as it was saved until the store is read again; what was there before
    // can still be taken back.
    if let Some(draft) = model.mapping.drafts.get_mut(&key) {
        let before = std::mem::replace(&mut draft.known, draft.lines.clone());
        draft.undo = vec![before];
    }
    let preview = model.key(Id::Preview, Place::Mapping);
    let undo = model.key(Id::MapUndo, Place::Mapping);
    let told = format!(
        "The mapping of {} was saved. {preview} previews the next sync, {undo} takes it back.",
        key.1
    );
    model.say(Tone::Good, told);
    super::answers::read_overview(model, effects);
}

/// Up, down, pages, ends.
pub fn vertical(model: &mut Model, id: Id) {
    let page = layout::mapping(model).height;
    let length = length(model);
    model.mapping.cursor = moved(model.mapping.cursor, step(id, usize::from(page)), length);
    follow(model);
}

fn length(model: &Model) -> usize {
    shown(model).map_or(0, |shown| visible(&model.mapping, &shown, &shown.rows()).len())
}

/// Keeps the cursor on a line, and the line in sight.
pub fn follow(model: &mut Model) {
    let (length, height) = (length(model), usize::from(layout::mapping(model).height).max(1));
    let view = &mut model.mapping;
    view.cursor = moved(view.cursor, Step::By(0), length);
    view.top = view.top.clamp((view.cursor + 1).saturating_sub(height), view.cursor);
    view.top = view.top.min(length.saturating_sub(height));
}

/// The mapping of another module.
pub fn module(model: &mut Model, forward: bool, effects: &mut Effects) {
    let all = mapping::modules(model);
    let Some(now) = shown(model).map(|shown| shown.key.1) else { return };
    let at = all.iter().position(|module| *module == now).unwrap_or(0);
    let count = all.len().max(1);
    let next = (at + if forward { 1 } else { count - 1 }) % count;
    model.mapping.module = all.get(next).copied();
    (model.mapping.cursor, model.mapping.top) = (0, 0);
    read(model, effects);
}

/// Opens the filter.
pub fn open_filter(model: &mut Model) {
    model.mapping.typing = Some(Input::new(model.mapping.filter.clone()));
}

/// What is typed filters at once.
pub fn filter_changed(model: &mut Model) {
    let view = &mut model.mapping;
    if let Some(typing) = &view.typing {
        view.filter = typing.value().to_owned();
        (view.cursor, view.top) = (0, 0);
    }
}

/// Takes the filter away; the cursor stays on its line. Answers whether there was one.
pub fn clear_filter(model: &mut Model) -> bool {
    let typed = model.mapping.typing.take().is_some();
    let filtered = !model.mapping.filter.is_empty();
    let at = current(model).map(|(at, _)| at);
    model.mapping.filter.clear();
    if let Some(at) = at.filter(|_| filtered) {
        model.mapping.cursor = at;
    }
    follow(model);
    typed || filtered
}

/// Esc: the filter goes; who came from a record goes back to it. Answers whether that was all.
pub fn back(model: &mut Model) -> bool {
    if clear_filter(model) {
        return true;
    }
    match model.mapping.back.take() {
        Some((tab, screens)) => {
            left(model);
            model.tab = tab;
            model.screens = screens;
            true
        }
        None => false,
    }
}

/// Goes to the line of a field, Vtiger's or the service's: Esc comes back to where it was asked.
pub fn show_line(
    model: &mut Model,
    connector: ConnectorId,
    module: Module,
    field: &str,
    effects: &mut Effects,
) {
    let back = (model.tab, std::mem::take(&mut model.screens));
    navigate::choose(model, model::Entry::Connector(connector), effects);
    model.mapping.module = Some(module);
    model.mapping.filter.clear();
    model.mapping.typing = None;
    navigate::tab(model, Tab::Mapping, effects);
    model.mapping.back = Some(back);
    let Some(shown) = shown(model) else { return };
    let rows = shown.rows();
    let exact = rows.iter().position(|row| row.pair.vtiger == field);
    let begins = |path: &str| path.strip_prefix(field).is_some_and(|rest| rest.starts_with('.'));
    let near = || {
        rows.iter().position(|row| {
            begins(&row.pair.vtiger) || row.pair.service.iter().any(|path| path == field)
        })
    };
    if let Some(at) = exact.or_else(near) {
        model.mapping.cursor = at;
        follow(model);
    } else {
        let key = model.key(Id::MapAdd, Place::Mapping);
        model.say(Tone::Warn, format!("No line has the field {field}; {key} adds one."));
    }
}

/// The screens of a connector go with it.
pub fn chosen(model: &mut Model, effects: &mut Effects) {
    model.mapping.leave();
    read(model, effects);
}

/// The form of a line that is on the screen.
fn form_mut(model: &mut Model) -> Option<&mut mapping::form::PairForm> {
    match model.screens.last_mut() {
        Some(Screen::Pair(form)) => Some(form),
        _ => None,
    }
}

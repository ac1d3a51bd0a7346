//! The dialogs of the mapping editor: choosing a field, the try-out, what would be saved, files.

use super::super::dialogs::in_folder;
use super::super::moves::{Step, moved, step};
use super::{ask, follow, form_mut};
use crate::model::Side;
use crate::tui::commands::Id;
use crate::tui::layout;
use crate::tui::mapping::diff::DiffView;
use crate::tui::mapping::form::Slot;
use crate::tui::mapping::picker::{Picker, found};
use crate::tui::mapping::tryout::{TryState, TryView};
use crate::tui::mapping::{
    self, FileDialog, Key, MapAsk, MapDialog, MapNews, MapQuestion, current, editor, form, shown,
};
use crate::tui::model::{Dialog, Model, Screen, Tone};
use crate::tui::msg::Effect;
use crate::tui::update::Effects;
use tui_input::{Input, InputRequest};

fn push(model: &mut Model, dialog: MapDialog) {
    model.dialogs.push(Dialog::Mapping(Box::new(dialog)));
}

fn top(model: &mut Model) -> Option<&mut MapDialog> {
    match model.dialogs.last_mut() {
        Some(Dialog::Mapping(dialog)) => Some(dialog),
        _ => None,
    }
}

/// Opens the list of fields for the part with the focus.
pub fn open_picker(model: &mut Model) {
    let Some(form) = form(model) else { return };
    let service = form.focus != Slot::Vtiger;
    let in_turn = form.focus == Slot::Fallback;
    let paths = if in_turn { form.advanced.fallback() } else { form.service_paths() };
    let now = if service { paths.first().cloned() } else { Some(form.vtiger.value().to_owned()) };
    let marked = if in_turn || (service && paths.len() > 1) { paths } else { Vec::new() };
    let picker = Picker { service, marked, ..Picker::default() };
    let lines = fields(model, picker.side(), "");
    let cursor = now.and_then(|now| lines.iter().position(|path| *path == now)).unwrap_or(0);
    push(model, MapDialog::Pick(Picker { cursor, ..picker }));
}

/// The paths that a search finds.
fn fields(model: &Model, side: Side, typed: &str) -> Vec<String> {
    let key = form(model).map(|form| form.key);
    let shown = key.and_then(|key| mapping::of(model, key));
    let live = shown.as_ref().and_then(|shown| shown.live);
    let info = live.map(|live| &live.infos[usize::from(side == Side::Service)]);
    found(info, side, typed).iter().map(|found| found.path().to_owned()).collect()
}

/// Opens the try-out of the line under the cursor, or of the one in the form.
pub fn open_try(model: &mut Model, effects: &mut Effects) {
    let (key, row, pair) = match form(model) {
        Some(form) => (form.key, form.row.clone(), form.draft()),
        None => {
            let (Some(shown), Some((_, row))) = (shown(model), current(model)) else { return };
            (shown.key, Some(row.clone()), row.pair)
        }
    };
    if pair.vtiger.is_empty() || pair.service.is_empty() {
        model.say(Tone::Warn, "Choose both fields first.");
        return;
    }
    let Some(shown) = mapping::of(model, key) else { return };
    let mut lines = shown.lines.to_vec();
    editor::put(shown.spec, &mut lines, row.as_ref(), pair.clone());
    let serial = model.next_serial();
    let view = TryView { serial, key, pair: pair.clone(), state: TryState::Loading, at: 0 };
    push(model, MapDialog::Try(Box::new(view)));
    let pair = Box::new(pair);
    effects.push(Effect::Mapping(MapAsk::Try { serial, key, lines, pair }));
}

/// Shows what would be saved; if it cannot be, goes to the line that is wrong.
pub fn open_diff(model: &mut Model, key: Key, effects: &mut Effects) {
    let Some(shown) = shown(model) else { return };
    let rows = shown.rows();
    let wrong = shown.told(&rows).into_iter().find(|told| told.stops);
    if let Some(wrong) = wrong {
        model.mapping.filter.clear();
        model.mapping.cursor = wrong.row.unwrap_or(model.mapping.cursor);
        follow(model);
        model.say(Tone::Warn, format!("It cannot be saved like this: {}", wrong.text));
        return;
    }
    push(model, MapDialog::Diff(DiffView { key, scroll: 0, links: None }));
    effects.push(Effect::Mapping(MapAsk::Count(key)));
}

/// Asks for the name of a file.
pub fn open_file(model: &mut Model, key: Key, import: bool) {
    let name = model.row(key.0).map(|row| row.connector.name.clone()).unwrap_or_default();
    let name = format!("{name}-{}-mapping.toml", key.1.key());
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    let input = Input::new(name.to_ascii_lowercase().chars().map(safe).collect());
    push(model, MapDialog::File(FileDialog { import, input, error: None, busy: false }));
}

/// The commands of the dialogs.
pub fn perform(model: &mut Model, id: Id, effects: &mut Effects) {
    match id {
        Id::PickField => pick(model),
        Id::MarkField => mark(model),
        Id::PickUp => scroll(model, Step::By(-1)),
        Id::PickDown => scroll(model, Step::By(1)),
        Id::TryNext | Id::TryPrev => {
            if let Some(MapDialog::Try(view)) = top(model) {
                view.step(id == Id::TryNext);
            }
        }
        Id::DiffSave => save(model, effects),
        Id::InputDone => write_file(model, false, effects),
        Id::Close | Id::InputCancel => close(model),
        _ => {
            let page = usize::from(layout::field_rows(model)).max(1);
            scroll(model, step(id, page));
        }
    }
}

fn scroll(model: &mut Model, by: Step) {
    let lines = crate::tui::draw::dialog_lines(model);
    let length = match top(model) {
        Some(MapDialog::Pick(picker)) => {
            let (side, typed) = (picker.side(), picker.input.value().to_owned());
            fields(model, side, &typed).len()
        }
        _ => lines + 1,
    };
    match top(model) {
        Some(MapDialog::Pick(picker)) => picker.cursor = moved(picker.cursor, by, length),
        Some(MapDialog::Diff(view)) => view.scroll = moved(view.scroll, by, length),
        _ => {}
    }
}

/// The path under the cursor of the list of fields.
fn pointed(model: &mut Model) -> Option<(Picker, String)> {
    let Some(MapDialog::Pick(picker)) = top(model) else { return None };
    let picker = picker.clone();
    let path = fields(model, picker.side(), picker.input.value()).into_iter().nth(picker.cursor);
    Some((picker, path.unwrap_or_default()))
}

fn pick(model: &mut Model) {
    let Some((picker, path)) = pointed(model) else { return };
    // With some marked, Enter takes those.
    let path = if picker.marked.is_empty() { path } else { String::new() };
    if path.is_empty() && picker.marked.is_empty() {
        model.say(Tone::Warn, "No field is called that.");
        return;
    }
    model.dialogs.pop();
    let key = form(model).map(|form| form.key);
    let live = key.and_then(|key| match model.mapping.live.get(&key) {
        Some(mapping::Live::Ready(live)) => Some(live.clone()),
        _ => None,
    });
    if let Some(form) = form_mut(model) {
        form.take_field(&picker, &path, live.as_deref());
    }
}

fn mark(model: &mut Model) {
    let Some((_, path)) = pointed(model).filter(|(_, path)| !path.is_empty()) else {
        model.say(Tone::Warn, "No field is called that.");
        return;
    };
    if let Some(MapDialog::Pick(picker)) = top(model) {
        let before = picker.marked.len();
        picker.marked.retain(|marked| *marked != path);
        if picker.marked.len() == before {
            picker.marked.push(path);
        }
    }
}

/// What a key does to the text of a dialog.
pub fn edit(model: &mut Model, request: InputRequest) {
    match top(model) {
        Some(MapDialog::Pick(picker)) => {
            picker.input.handle(request);
            picker.cursor = 0;
        }
        Some(MapDialog::File(file)) if !file.busy => {
            file.input.handle(request);
            file.error = None;
        }
        _ => {}
    }
}

/// Closes the dialog; a try-out stays known to the form below it.
fn close(model: &mut Model) {
    if let Some(Dialog::Mapping(dialog)) = model.dialogs.pop()
        && let MapDialog::Try(view) = *dialog
        && let Some(Screen::Pair(form)) = model.screens.last_mut()
    {
        form.trial = Some(*view);
    }
}

fn save(model: &mut Model, effects: &mut Effects) {
    let Some(MapDialog::Diff(view)) = top(model) else { return };
    let key = view.key;
    let Some(draft) = model.mapping.drafts.get(&key) else { return };
    let (known, lines) = (draft.known.clone(), draft.lines.clone());
    model.mapping.saving = Some(key);
    effects.push(Effect::Mapping(MapAsk::Save { key, known, lines }));
}

/// Writes or reads the file that is named.
pub fn write_file(model: &mut Model, replace: bool, effects: &mut Effects) {
    let folder = model.folder.clone();
    let Some(shown) = shown(model) else { return };
    let (key, lines) = (shown.key, shown.lines.to_vec());
    let Some(MapDialog::File(file)) = top(model) else { return };
    if file.busy {
        return;
    }
    let name = file.input.value().trim().to_owned();
    if name.is_empty() || name.ends_with('/') {
        file.error = Some("Write a file name.".into());
        return;
    }
    file.busy = true;
    let path = in_folder(&folder, &name);
    effects.push(Effect::Mapping(if file.import {
        MapAsk::Import { key, path }
    } else {
        MapAsk::Export { key, lines, path, replace }
    }));
}

/// Closes the dialog that asked for a file.
pub fn close_file(model: &mut Model) {
    model.dialogs.retain(
        |dialog| !matches!(dialog, Dialog::Mapping(d) if matches!(**d, MapDialog::File(_))),
    );
}

fn file_mut(model: &mut Model) -> Option<&mut FileDialog> {
    model.dialogs.iter_mut().find_map(|dialog| match dialog {
        Dialog::Mapping(dialog) => match &mut **dialog {
            MapDialog::File(file) => Some(file),
            _ => None,
        },
        _ => None,
    })
}

/// Something for a dialog came back.
pub fn take(model: &mut Model, news: MapNews) {
    match news {
        MapNews::Tried { serial, result } => {
            for dialog in &mut model.dialogs {
                if let Dialog::Mapping(dialog) = dialog
                    && let MapDialog::Try(view) = &mut **dialog
                    && view.serial == serial
                {
                    match result {
                        Ok(records) => view.accept(records),
                        Err(error) => view.state = TryState::Failed(error),
                    }
                    return;
                }
            }
        }
        MapNews::Counted(key, links) => {
            if let Some(MapDialog::Diff(view)) = top(model)
                && view.key == key
            {
                view.links = Some(links);
            }
        }
        MapNews::Exported(Some(path)) => {
            close_file(model);
            model.say(Tone::Good, format!("The mapping was written to {}", path.display()));
        }
        MapNews::Exported(None) => {
            let Some(file) = file_mut(model) else { return };
            file.busy = false;
            let text = format!(
                "{} is there already. What is in it would be lost.",
                file.input.value().trim()
            );
            ask(model, MapQuestion::ReplaceFile, "Replace the file?", text, "replace it");
        }
        MapNews::FileFailed(error) => {
            let Some(file) = file_mut(model) else { return };
            file.busy = false;
            let title = if file.import {
                "The mapping was not read"
            } else {
                "The mapping was not written"
            };
            model.show_error(title, error);
        }
        MapNews::Fields(..) | MapNews::Imported(..) | MapNews::Saved(..) => {}
    }
}

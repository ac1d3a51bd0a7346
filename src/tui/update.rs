//! What every message does to the model, and what it asks of the world. Pure: no I/O, no clock.

mod act;
mod answers;
mod availability;
mod connectors;
mod consent;
mod debug;
mod decisions;
mod dialogs;
mod forms;
mod history;
mod jump;
pub(in crate::tui) mod mapping;
mod mouse;
mod moves;
mod navigate;
mod queue;
mod records;

pub use availability::why_not;
pub use decisions::{counts as decisions, waiting, words as told};
pub use dialogs::{PaletteLine, help_commands, palette_lines, planned};
pub use jump::places;
pub use queue::Pointed;

use super::commands::{Id, Place};
use super::keys::Key;
use super::model::{Dialog, Model, Question, Screen, Tone};
use super::msg::{Effect, Msg};
use crossterm::event::KeyCode;
use tui_input::InputRequest;

/// What update wants to be done.
pub type Effects = Vec<Effect>;

/// Takes a message in.
pub fn update(model: &mut Model, msg: Msg) -> Effects {
    let mut effects = Effects::new();
    expire_toast(model);
    answers::tell_next(model);
    match msg {
        Msg::Key(key) => {
            model.dirty = true;
            match model.awaits_overview() && !key.ctrl {
                true => model.typed_ahead.push(key),
                false => press(model, key, &mut effects),
            }
        }
        Msg::Mouse(mouse) => {
            model.dirty = true;
            mouse::take(model, mouse, &mut effects);
        }
        Msg::Paste(text) => {
            model.dirty = true;
            paste(model, &text, &mut effects);
        }
        Msg::Resize(width, height) => {
            model.size = (width, height);
            model.dirty = true;
            moves::resized(model, &mut effects);
            effects.push(Effect::Redraw);
        }
        Msg::Stop => effects.push(Effect::Suspend),
        Msg::Resumed => effects.push(Effect::Retake),
        Msg::Tick => {
            // A countdown goes on.
            model.dirty |= model.place() == Place::ConsentWait;
            answers::look_after_others(model, &mut effects);
            records::look_again(model, &mut effects);
        }
        Msg::Terminate => act::leave_now(model, &mut effects),
        other => {
            answers::take(model, other, &mut effects);
            if !model.awaits_overview() {
                for key in std::mem::take(&mut model.typed_ahead) {
                    press(model, key, &mut effects);
                }
            }
        }
    }
    effects
}

/// The effects of the start: what the first screen needs.
pub fn start(model: &mut Model) -> Effects {
    let mut effects = Effects::new();
    answers::read_overview(model, &mut effects);
    if model.mouse {
        effects.push(Effect::Mouse(true));
    }
    effects
}

fn expire_toast(model: &mut Model) {
    if model.toast.as_ref().is_some_and(|toast| toast.until <= model.now) {
        model.toast = None;
        model.dirty = true;
    }
}

fn press(model: &mut Model, key: Key, effects: &mut Effects) {
    let place = model.place();
    if let Some(command) = model.keys.by_key(place, key) {
        run(model, command.id, effects);
    } else if place.takes_text()
        && let Some(request) = editing(key)
    {
        edit(model, request, effects);
    }
}

/// Runs a command, or says why it cannot be run now.
pub(super) fn run(model: &mut Model, id: Id, effects: &mut Effects) {
    match why_not(model, id) {
        Some(why) => model.say(Tone::Warn, why),
        None => act::perform(model, id, effects),
    }
}

/// What a key does to a text field.
fn editing(key: Key) -> Option<InputRequest> {
    if let Some(c) = key.typed() {
        return (!c.is_control()).then_some(InputRequest::InsertChar(c));
    }
    Some(match (key.code, key.ctrl) {
        (KeyCode::Backspace, false) | (KeyCode::Char('h'), true) => InputRequest::DeletePrevChar,
        (KeyCode::Delete, false) => InputRequest::DeleteNextChar,
        (KeyCode::Left, false) => InputRequest::GoToPrevChar,
        (KeyCode::Right, false) => InputRequest::GoToNextChar,
        (KeyCode::Home, false) | (KeyCode::Char('a'), true) => InputRequest::GoToStart,
        (KeyCode::End, false) | (KeyCode::Char('e'), true) => InputRequest::GoToEnd,
        (KeyCode::Char('u'), true) => InputRequest::DeleteFromStart,
        (KeyCode::Char('k'), true) => InputRequest::DeleteTillEnd,
        (KeyCode::Char('w'), true) => InputRequest::DeletePrevWord,
        _ => return None,
    })
}

/// Edits the text field with the keyboard.
fn edit(model: &mut Model, request: InputRequest, effects: &mut Effects) {
    match model.dialogs.last_mut() {
        Some(Dialog::Csv(dialog)) => {
            dialogs::edit_csv(dialog, request);
            return;
        }
        Some(Dialog::Mapping(_)) => return mapping::edit_dialog(model, request),
        Some(Dialog::Confirm(Question { name: Some(name), .. })) => {
            name.input.handle(request);
            return;
        }
        Some(Dialog::Help(help)) => {
            help.filter.handle(request);
            help.cursor = 0;
            return;
        }
        Some(Dialog::Palette { input, cursor, .. }) => {
            input.handle(request);
            *cursor = 0;
            return;
        }
        _ => {}
    }
    match model.screens.last_mut() {
        Some(Screen::Form(form)) if !form.saving => {
            if let Err(why) = form.edit(request) {
                model.say(Tone::Warn, why);
            }
        }
        Some(Screen::Consent(view)) => consent::edit(view, request),
        Some(Screen::Pair(_)) => mapping::edit_line(model, request),
        Some(Screen::List(view)) => {
            if let Some(input) = &mut view.typing {
                input.handle(request);
                records::filter_changed(model, effects);
            }
        }
        None => {
            if let Some(input) = &mut model.queue.typing {
                input.handle(request);
                queue::filter_changed(model, effects);
            } else if let Some(input) = &mut model.debug.typing {
                input.handle(request);
                debug::typed(model, effects);
            } else if let Some(input) = &mut model.mapping.typing {
                input.handle(request);
                mapping::filter_changed(model);
            }
        }
        _ => {}
    }
}

/// Pasted text goes into the field with the keyboard; elsewhere it is not taken for keys.
fn paste(model: &mut Model, text: &str, effects: &mut Effects) {
    if model.place() == Place::Form {
        if let Some(Screen::Form(form)) = model.screens.last_mut()
            && !form.saving
        {
            form.paste(text);
        }
        return;
    }
    if model.place() == Place::Pair {
        mapping::paste_line(model, text);
        return;
    }
    if !model.place().takes_text() {
        model.say(Tone::Warn, "Nothing takes text here: what was pasted was left out.");
        return;
    }
    for c in text.trim().chars().filter(|c| !c.is_control()) {
        edit(model, InputRequest::InsertChar(c), effects);
    }
}

#[cfg(test)]
mod tests;

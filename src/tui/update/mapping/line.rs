//! The form of a mapping line.

use super::{change, dialogs, follow, form_mut};
use crate::tui::commands::{Id, Place};
use crate::tui::mapping::form::{PairForm, Slot};
use crate::tui::mapping::{MapQuestion, current, editor, shown};
use crate::tui::model::{Model, Screen, Tone};
use crate::tui::update::Effects;
use tui_input::InputRequest;

/// Opens the form of the line under the cursor, or of a new one.
pub fn open(model: &mut Model, new: bool) {
    let row = current(model).map(|(_, row)| row).filter(|_| !new);
    let locked = model.settings_locked_to("change the mapping");
    let Some(shown) = shown(model) else { return };
    let mut form = PairForm::new(shown.key, row, shown.direction(), shown.label);
    form.locked = locked;
    model.screens.push(Screen::Pair(Box::new(form)));
}

/// The commands of the form.
pub fn perform(model: &mut Model, id: Id, effects: &mut Effects) {
    let Some(form) = form_mut(model) else { return };
    match id {
        Id::PairNext => form.move_focus(true),
        Id::PairPrev => form.move_focus(false),
        Id::PairEnter => match form.focus {
            Slot::Vtiger | Slot::Service | Slot::Fallback => dialogs::open_picker(model),
            Slot::Advanced if !form.advanced.open => {
                form.advanced.open = true;
                form.move_focus(true);
            }
            Slot::Done => super::super::run(model, Id::PairTake, effects),
            _ => form.move_focus(true),
        },
        Id::PairTake => take_over(model),
        Id::PairTry => dialogs::open_try(model, effects),
        Id::PairUp => form.scroll = form.scroll.saturating_sub(5),
        Id::PairDown => {
            let lines = crate::tui::draw::pair_lines(model);
            if let Some(form) = form_mut(model) {
                form.scroll = (form.scroll + 5).min(lines);
            }
        }
        _ => close(model),
    }
}

/// Leaves the form; asks if something in it is not taken over.
pub fn close(model: &mut Model) {
    let Some(form) = form_mut(model) else { return };
    if form.changed() && form.locked.is_none() {
        let text = "What was entered for this line would be lost.".to_owned();
        let title = "Leave the line as it was?";
        super::ask(model, MapQuestion::LeaveLine, title, text, "leave it");
    } else {
        model.screens.pop();
    }
}

/// Takes the line over; it is saved with the others.
fn take_over(model: &mut Model) {
    let Some(form) = form_mut(model) else { return };
    let pair = match form.pair() {
        Ok(pair) => pair,
        Err((slot, why)) => {
            form.go_to(slot);
            form.error = Some((slot, why));
            return;
        }
    };
    let (key, row, changed) = (form.key, form.row.clone(), form.changed());
    model.screens.pop();
    if !changed {
        model.say(Tone::Good, "The line is as it was.");
        return;
    }
    let (vtiger, service) = (pair.vtiger.clone(), pair.service.clone());
    change(model, key, |spec, lines| editor::put(spec, lines, row.as_ref(), pair));
    let Some(shown) = shown(model) else { return };
    let rows = shown.rows();
    // An own line with the fields of a default one stands behind it.
    let at = rows.iter().rposition(|row| row.pair.vtiger == vtiger && row.pair.service == service);
    let told = shown.told(&rows);
    let problem = told.iter().find(|told| told.stops && told.row == at).map(|t| t.text.clone());
    if let Some(at) = at {
        model.mapping.filter.clear();
        model.mapping.cursor = at;
        follow(model);
    }
    match problem {
        Some(why) => model.say(Tone::Warn, format!("It cannot be saved like this: {why}")),
        None => {
            let key = model.key(Id::MapSave, Place::Mapping);
            let told = format!("Taken over, not saved yet: {key} shows it and saves it.");
            model.say(Tone::Good, told);
        }
    }
}

/// What a key does to the form.
pub fn edit(model: &mut Model, request: InputRequest) {
    let why = form_mut(model).and_then(|form| form.edit(request).err());
    if let Some(why) = why {
        model.say(Tone::Warn, why);
    }
}

/// Text is pasted into the form.
pub fn paste(model: &mut Model, text: &str) {
    if let Some(form) = form_mut(model) {
        form.paste(text);
    }
}

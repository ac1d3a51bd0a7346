//! The mouse, where it is wished: the wheel moves, a click presses a key of the last line, chooses a
//! row of a list, or gives a pane the keyboard.

use super::{Effects, navigate, records};
use crate::tui::commands::{self, Id};
use crate::tui::draw::footer_commands;
use crate::tui::layout;
use crate::tui::model::{Entry, Model, Pane, Tone};
use crate::tui::msg::{Effect, Mouse};
use crate::tui::text;
use ratatui::layout::Position;

/// Lines that the wheel moves.
const WHEEL: usize = 3;

/// Leaves the mouse to the terminal, or uses it.
pub fn switch(model: &mut Model, effects: &mut Effects) {
    model.mouse = !model.mouse;
    effects.push(Effect::Mouse(model.mouse));
    model.say(
        Tone::Good,
        match model.mouse {
            true => "The mouse chooses and scrolls; hold Shift to mark text.",
            false => "The mouse is left to the terminal: it marks text.",
        },
    );
}

/// Takes a movement or click in.
pub fn take(model: &mut Model, mouse: Mouse, effects: &mut Effects) {
    match mouse {
        Mouse::Up => wheel(model, [Id::Up, Id::FormUp, Id::PairUp, Id::PickUp], effects),
        Mouse::Down => wheel(model, [Id::Down, Id::FormDown, Id::PairDown, Id::PickDown], effects),
        Mouse::Click(x, y) => click(model, x, y, effects),
    }
}

/// Moves as the keys of the place do.
fn wheel(model: &mut Model, ids: [Id; 4], effects: &mut Effects) {
    let place = model.place();
    let here = |id: &Id| commands::at(place).any(|command| command.id == *id);
    let Some(id) = ids.into_iter().find(here) else { return };
    // A form is turned by five lines at once already.
    let times = if [Id::Up, Id::Down].contains(&id) { WHEEL } else { 1 };
    for _ in 0..times {
        super::run(model, id, effects);
    }
}

fn click(model: &mut Model, x: u16, y: u16, effects: &mut Effects) {
    let areas = layout::areas(model);
    if y == areas.footer.y {
        if let Some(id) = key_at(model, x) {
            super::run(model, id, effects);
        }
        return;
    }
    if !model.dialogs.is_empty() {
        return;
    }
    if !model.screens.is_empty() {
        choose_row(model, y, effects);
        return;
    }
    let at = Position::new(x, y);
    if areas.left.is_some_and(|area| area.contains(at)) {
        model.pane = Pane::Connectors;
    } else if areas.right.is_some_and(|area| area.contains(at)) && model.entry != Entry::Add {
        model.pane = Pane::Body;
        navigate::read_queue(model, effects);
    }
}

/// The command whose key or words stand at a column of the last line.
fn key_at(model: &Model, x: u16) -> Option<Id> {
    let mut from = 1;
    for command in footer_commands(model) {
        let key = model.keys.shown(command, model.place());
        let to = from + text::width(&key) + 1 + text::width(command.title);
        if (from..to).contains(&usize::from(x)) {
            return Some(command.id);
        }
        from = to + 3;
    }
    None
}

/// The row of a record list.
fn choose_row(model: &mut Model, y: u16, effects: &mut Effects) {
    let height = layout::list_height(model);
    let first = layout::inside(layout::areas(model).body).y + 1;
    if let Some(view) = records::top(model)
        && let Some(row) = y.checked_sub(first)
        && u64::from(row) < height
    {
        let index = view.list.top() + u64::from(row);
        if index < view.list.shown() {
            view.list.go(index, height);
        }
    }
    records::want(model, effects);
}

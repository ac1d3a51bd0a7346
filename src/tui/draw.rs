//! Draws the model. Nothing here changes anything: the same model gives the same picture.

mod connectors;
mod consent;
mod debug;
mod detail;
mod dialogs;
mod form;
mod frame;
mod history;
mod list;
mod log;
mod mapping;
mod paint;
mod queue;
mod settings;

pub use frame::footer_commands;
pub use history::{COLUMNS as HISTORY_COLUMNS, cells as history_cells};

use super::layout;
use super::model::{Dialog, Entry, Model, Screen, Tab};
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

/// Draws everything.
pub fn draw(model: &Model, frame: &mut Frame<'_>) {
    let buffer = frame.buffer_mut();
    let cursor = paint_all(model, buffer);
    model.theme.translate(buffer);
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
}

fn paint_all(model: &Model, buffer: &mut Buffer) -> Option<Position> {
    // The terminal may have got smaller since the model heard of its size.
    let fits = buffer.area.width >= model.size.0 && buffer.area.height >= model.size.1;
    if model.too_small() || !fits {
        frame::too_small(model, buffer);
        return None;
    }
    frame::header(model, buffer);
    let cursor = body(model, buffer);
    frame::progress(model, buffer);
    frame::footer(model, buffer);
    match model.dialogs.last() {
        Some(dialog) => {
            under(model, buffer);
            dialogs::draw(model, dialog, buffer)
        }
        None => cursor,
    }
}

/// The dialogs below the topmost one.
fn under(model: &Model, buffer: &mut Buffer) {
    for dialog in model.dialogs.iter().rev().skip(1).rev() {
        dialogs::draw(model, dialog, buffer);
    }
}

fn body(model: &Model, buffer: &mut Buffer) -> Option<Position> {
    let areas = layout::areas(model);
    match model.screens.last() {
        Some(Screen::List(view)) => return list::draw(model, view, areas.body, buffer),
        Some(Screen::History(view)) => {
            history::draw(model, view, areas.body, buffer);
            return None;
        }
        Some(Screen::Detail(_)) => {
            detail::draw(model, areas.body, buffer);
            return None;
        }
        Some(Screen::Exchange(_)) => {
            debug::exchange(model, areas.body, buffer);
            return None;
        }
        Some(Screen::Form(form)) => return form::draw(model, form, areas.body, buffer),
        Some(Screen::Consent(view)) => return consent::draw(model, view, areas.body, buffer),
        Some(Screen::Pair(form)) => return mapping::line(model, form, areas.body, buffer),
        None => {}
    }
    let cursor = areas.right.and_then(|right| tab(model, right, buffer));
    if let Some(left) = areas.left {
        connectors::draw(model, left, buffer);
    }
    cursor
}

/// Draws the tab. Answers where the cursor of a text field in it is.
fn tab(model: &Model, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    frame::tab_border(model, area, buffer);
    let inside = layout::inside(area);
    if model.tab == Tab::Log && model.chosen().is_some() {
        log::draw(model, buffer);
        return None;
    }
    match (model.tab, model.chosen()) {
        (Tab::Queue, Some(row)) => return queue::draw(model, row, inside, buffer),
        (Tab::Debug, Some(row)) => return debug::draw(model, row, inside, buffer),
        (Tab::Mapping, Some(_)) => return mapping::draw(model, buffer),
        _ => {}
    }
    let lines = lines_of_tab(model, usize::from(inside.width));
    paint::scrolled(buffer, inside, &lines, model.scroll);
    None
}

/// The lines of the tabs that only scroll.
fn lines_of_tab(model: &Model, width: usize) -> Vec<Line<'static>> {
    let Some(row) = model.chosen() else {
        return match model.entry {
            Entry::Crm => settings::crm(model, width),
            _ => settings::available(model, width),
        };
    };
    match model.tab {
        Tab::Log | Tab::Mapping | Tab::Queue | Tab::Debug => Vec::new(),
        Tab::Settings => settings::connector(model, row, width),
    }
}

/// How many lines the tab on the screen has.
pub fn tab_lines(model: &Model) -> usize {
    let areas = layout::areas(model);
    let width = layout::inside(areas.right.unwrap_or(areas.body)).width;
    lines_of_tab(model, usize::from(width)).len()
}

/// How many lines the detail on the screen has.
pub fn detail_lines(model: &Model) -> usize {
    let width = usize::from(layout::inside(layout::areas(model).body).width);
    match model.screens.last() {
        Some(Screen::Detail(view)) => detail::lines(model, view, width).len(),
        _ => 0,
    }
}

/// How many lines the consent on the screen has.
pub fn consent_lines(model: &Model) -> usize {
    let width = usize::from(layout::inside(layout::areas(model).body).width);
    match model.screens.last() {
        Some(Screen::Consent(view)) => consent::lines(model, view, width).len(),
        _ => 0,
    }
}

/// How many lines the exchange on the screen has.
pub fn exchange_lines(model: &Model) -> usize {
    let width = usize::from(layout::inside(layout::areas(model).body).width);
    match model.screens.last() {
        Some(Screen::Exchange(view)) => debug::lines(model, view, width).len(),
        _ => 0,
    }
}

/// How many lines the topmost dialog has beyond those that fit.
pub fn dialog_lines(model: &Model) -> usize {
    model.dialogs.last().map_or(0, |dialog: &Dialog| dialogs::overflow(model, dialog))
}

/// How many lines the form on the screen can be scrolled down.
pub fn form_lines(model: &Model) -> usize {
    match model.screens.last() {
        Some(Screen::Form(form)) => form::scrollable(form, layout::areas(model).body),
        _ => 0,
    }
}

/// How many lines the form of a mapping line can be scrolled down.
pub fn pair_lines(model: &Model) -> usize {
    match model.screens.last() {
        Some(Screen::Pair(form)) => mapping::scrollable(model, form, layout::areas(model).body),
        _ => 0,
    }
}

#[cfg(test)]
pub mod tests;

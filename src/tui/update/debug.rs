//! The debug pane: following, searching, opening an exchange, switching Debug Mode.

use super::moves::{Step, moved, step};
use super::{Effects, navigate};
use crate::tui::commands::Id;
use crate::tui::debug::{DebugAsk, DebugNews, DebugView, DebugWanted, ExchangeView};
use crate::tui::layout;
use crate::tui::model::{Entry, Model, Screen, Tab, Tone};
use crate::tui::msg::Effect;
use tui_input::Input;

/// Begins anew for the chosen connector.
pub fn choose(model: &mut Model, effects: &mut Effects) {
    if let Entry::Connector(id) = model.entry {
        let generation = model.next_serial();
        model.debug = DebugView::of(id, generation);
        read(model, effects);
    }
}

/// Reads the visible rows anew while the pane is shown.
pub fn read(model: &Model, effects: &mut Effects) {
    if model.tab == Tab::Debug && model.chosen().is_some() {
        let wanted = model.debug.window(layout::debug_height(model));
        effects.push(page(model, wanted));
    }
}

fn page(model: &Model, wanted: DebugWanted) -> Effect {
    let DebugView { connector, generation, .. } = model.debug;
    Effect::Debug(DebugAsk::Page { connector, generation, wanted })
}

/// Asks for visible rows that are not in memory.
pub fn want(model: &mut Model, effects: &mut Effects) {
    if model.tab != Tab::Debug {
        return;
    }
    let height = layout::debug_height(model);
    if let Some(wanted) = model.debug.want(height) {
        effects.push(page(model, wanted));
    }
}

/// Up, down, pages, ends.
pub fn vertical(model: &mut Model, id: Id, effects: &mut Effects) {
    let height = layout::debug_height(model);
    let last = model.debug.shown().saturating_sub(1);
    let page = usize::try_from(height).unwrap_or(1);
    let index = match step(id, page) {
        Step::By(by) => model.debug.cursor().saturating_add_signed(by),
        Step::Top => 0,
        Step::Bottom => last,
    };
    model.debug.go(index, height);
    want(model, effects);
}

/// Scrolls an exchange.
pub fn scroll(model: &mut Model, id: Id) {
    let page = layout::page(model);
    let last = crate::tui::draw::exchange_lines(model).saturating_sub(page) + 1;
    if let Some(Screen::Exchange(view)) = model.screens.last_mut() {
        view.scroll = moved(view.scroll, step(id, page), last);
    }
}

/// Opens the line where a text is typed.
pub fn open_search(model: &mut Model) {
    model.debug.typing = Some(Input::new(model.debug.filter.clone()));
}

/// The text that is being typed has changed.
pub fn typed(model: &mut Model, effects: &mut Effects) {
    let Some(input) = &model.debug.typing else { return };
    let text = input.value().to_owned();
    // A lone `!` is the beginning of `!text`.
    let text = if text == "!" { String::new() } else { text };
    if text != model.debug.filter {
        search(model, &text, effects);
    }
}

/// Shows everything again.
pub fn clear_search(model: &mut Model, effects: &mut Effects) {
    model.debug.typing = None;
    if !model.debug.filter.is_empty() {
        search(model, "", effects);
    }
}

fn search(model: &mut Model, text: &str, effects: &mut Effects) {
    let generation = model.next_serial();
    let height = layout::debug_height(model);
    if model.debug.search(text, generation, height) {
        let (connector, text) = (model.debug.connector, text.to_owned());
        effects.push(Effect::Debug(DebugAsk::Search { connector, generation, text, above: 0 }));
    } else {
        effects.push(Effect::Debug(DebugAsk::StopSearch));
        read(model, effects);
    }
}

/// Opens the exchange under the cursor.
pub fn open(model: &mut Model, effects: &mut Effects) {
    let Some(number) = model.debug.chosen() else { return };
    let connector = model.debug.connector;
    effects.push(Effect::Debug(DebugAsk::Open { connector, number }));
    model.screens.push(Screen::Exchange(Box::new(ExchangeView {
        connector,
        number,
        entry: None,
        gone: false,
        scroll: 0,
    })));
}

/// Switches Debug Mode of the chosen connector.
pub fn switch(model: &mut Model, effects: &mut Effects) {
    let Some(row) = model.chosen() else { return };
    let (connector, on) = (row.connector.id, !row.connector.debug);
    effects.push(Effect::Debug(DebugAsk::Switch { connector, on }));
}

/// Copies the exchange on the screen.
pub fn copy(model: &mut Model, effects: &mut Effects) {
    if let Some(Screen::Exchange(view)) = model.screens.last()
        && let Some(entry) = &view.entry
    {
        let text = format!(
            "{} {} {}\n{}\n\nHTTP {} after {} ms\n{}\n",
            entry.time,
            entry.system,
            entry.request,
            entry.body,
            entry.status,
            entry.millis,
            entry.answer
        );
        effects.push(Effect::Copy(text));
        model.say(Tone::Good, "The request and its answer were copied.");
    }
}

/// Takes in what was read.
pub fn take(model: &mut Model, news: DebugNews, effects: &mut Effects) {
    let height = layout::debug_height(model);
    match news {
        DebugNews::Page { generation, extent, rows } => {
            if generation != model.debug.generation {
                return;
            }
            model.dirty |= model.debug.accept(extent, rows, height);
        }
        DebugNews::Found { generation, numbers, search } => {
            if generation != model.debug.generation {
                return;
            }
            model.debug.take_found(numbers, search, height);
            model.dirty = true;
        }
        DebugNews::Opened { connector, number, entry } => {
            if let Some(Screen::Exchange(view)) = model.screens.last_mut()
                && (view.connector, view.number) == (connector, number)
            {
                view.gone = entry.is_none();
                view.entry = entry;
                model.dirty = true;
            }
            return;
        }
        DebugNews::Switched { name, on, result } => {
            switched(model, &name, on, result, effects);
            return;
        }
    }
    if let Some(above) = model.debug.search_due() {
        let DebugView { connector, generation, .. } = model.debug;
        let text = model.debug.filter.clone();
        effects.push(Effect::Debug(DebugAsk::Search { connector, generation, text, above }));
    }
    want(model, effects);
}

fn switched(
    model: &mut Model,
    name: &str,
    on: bool,
    result: Result<(), crate::model::UserError>,
    effects: &mut Effects,
) {
    match result {
        Ok(()) if on => model
            .say(Tone::Good, format!("Debug Mode of {name} is on: its next sync is written here.")),
        Ok(()) => model.say(Tone::Good, format!("Debug Mode of {name} is off.")),
        Err(error) => model.show_error("Debug Mode was not switched", error),
    }
    super::answers::read_overview(model, effects);
    navigate::read_log(model, effects);
}

//! Record lists: asking for rows, filtering, sorting, links.

use super::Effects;
use crate::model::{Side, Stamp, UserError};
use crate::tui::layout;
use crate::tui::model::{ListView, Making, Model, Screen, Tone};
use crate::tui::msg::{Arranged, Busy, Effect, Page};
use crate::tui::sift::Sift;
use std::time::Duration;
use tui_input::Input;

/// How long a filtered or sorted list rests at least before rows that came are taken in.
const PAUSE: Duration = Duration::from_secs(2);
/// It rests so many times as long as filtering and sorting took.
const SHARE: u32 = 4;

/// The record list on top.
pub fn top(model: &mut Model) -> Option<&mut ListView> {
    match model.screens.last_mut() {
        Some(Screen::List(view)) => Some(view),
        _ => None,
    }
}

/// Asks for the visible rows if they are not in memory.
pub fn want(model: &mut Model, effects: &mut Effects) {
    let height = layout::list_height(model);
    if let Some(view) = top(model)
        && let Some(request) = view.list.want(&view.source, height)
    {
        effects.push(Effect::Page(request));
    }
}

/// Asks for the rows again, because the store changed.
pub fn refresh(model: &mut Model, effects: &mut Effects) {
    let height = layout::list_height(model);
    if let Some(view) = top(model)
        && view.busy().is_none()
    {
        let request = view.list.refresh(&view.source, height);
        effects.push(Effect::Page(request));
    }
}

/// Takes a page in, whichever list it is for.
pub fn accept(model: &mut Model, page: Page, effects: &mut Effects) {
    let height = layout::list_height(model);
    let asked = model.screens.iter_mut().find_map(|screen| match screen {
        Screen::List(view) if view.list.view() == page.view => Some(view),
        _ => None,
    });
    let changed = asked.is_some_and(|view| view.list.accept(page, height));
    model.dirty |= changed;
    if changed {
        want(model, effects);
        let now = model.now;
        // What is being made now is looked at again when it is there.
        if let Some(view) = top(model)
            && view.making.is_none()
            && view.list.has_outgrown()
        {
            view.again = Some(view.rest.max(now));
        }
        look_again(model, effects);
    }
}

/// Filters and sorts anew once rows have come, but not all the time: a sync adds some with every
/// batch, and a long list takes a while.
pub fn look_again(model: &mut Model, effects: &mut Effects) {
    let now = model.now;
    let Some(view) = top(model) else { return };
    if view.making.is_some() || view.again.is_none_or(|at| at > now) {
        return;
    }
    view.again = None;
    if view.list.has_outgrown() {
        make(view, now, None, effects);
    }
}

/// Opens the filter line.
pub fn open_filter(model: &mut Model) {
    if let Some(view) = top(model) {
        view.typing = Some(Input::new(view.arrangement.filter.clone()));
    }
}

/// The filter that is being typed has changed.
pub fn filter_changed(model: &mut Model, effects: &mut Effects) {
    let (now, zone) = (model.now, model.zone.clone());
    let Some(view) = top(model) else { return };
    let Some(input) = &view.typing else { return };
    let text = input.value().to_owned();
    // A lone `!` is the beginning of `!text`.
    let filter = if text == "!" { String::new() } else { text };
    if filter == view.arrangement.filter {
        return;
    }
    let (sift, _) = Sift::parse(&filter, now, &zone);
    view.arrangement.filter = filter;
    if sift == view.arrangement.sift {
        // A term that is still being typed changes nothing yet.
        return;
    }
    view.arrangement.sift = sift;
    arrange(model, effects);
}

/// Takes the filter away, or gives up what is being made.
pub fn clear_filter(model: &mut Model, effects: &mut Effects) {
    let Some(view) = top(model) else { return };
    let typed = view.typing.take().is_some();
    if view.busy().is_some() && !typed {
        view.arrangement = view.list.arrangement().clone();
    } else if view.arrangement.filter.is_empty() {
        return;
    } else {
        view.arrangement.filter.clear();
        view.arrangement.sift = Sift::default();
    }
    arrange(model, effects);
}

/// Sorts by the column beside the present one; beyond the ends stands the store's order.
pub fn sort(model: &mut Model, right: bool, effects: &mut Effects) {
    let Some(view) = top(model) else { return };
    let columns = view.columns();
    let at = view.arrangement.sort.and_then(|(c, _)| columns.iter().position(|x| *x == c));
    let next = match (at, right) {
        (None, true) => Some(0),
        (None, false) => columns.len().checked_sub(1),
        (Some(at), true) => Some(at + 1),
        (Some(at), false) => at.checked_sub(1),
    };
    view.arrangement.sort = next.and_then(|at| columns.get(at)).map(|column| (*column, false));
    keep_sort(model);
    arrange(model, effects);
}

/// Lists of the same kind are sorted the same from now on.
fn keep_sort(model: &mut Model) {
    let Some(view) = top(model) else { return };
    let (kind, sort) = (view.statuses.clone(), view.arrangement.sort);
    match sort {
        Some(sort) => drop(model.sorts.insert(kind, sort)),
        None => drop(model.sorts.remove(&kind)),
    }
}

/// Reads a list that was just opened: sorted as the last one of its kind. What is there is shown
/// until that is done.
pub fn open(model: &mut Model, effects: &mut Effects) {
    let Some(view) = top(model) else { return };
    let kind = view.statuses.clone();
    let kept = model.sorts.get(&kind).copied();
    let height = layout::list_height(model);
    let Some(view) = top(model) else { return };
    view.arrangement.sort = kept.filter(|_| view.list.total() > 0);
    if view.arrangement.sort.is_some() {
        arrange(model, effects);
    }
    let Some(view) = top(model) else { return };
    let request = view.list.refresh(&view.source, height);
    effects.push(Effect::Page(request));
}

/// Turns the order round.
pub fn reverse(model: &mut Model, effects: &mut Effects) {
    let Some(view) = top(model) else { return };
    if let Some((_, down)) = &mut view.arrangement.sort {
        *down = !*down;
    }
    keep_sort(model);
    arrange(model, effects);
}

/// Begins a new view of the list: with the filter and order that are set now. What is shown stays
/// until it is there.
fn arrange(model: &mut Model, effects: &mut Effects) {
    let height = layout::list_height(model);
    let now = model.now;
    let Some(view) = top(model) else { return };
    let shown = view.arrangement.shows_the_same(view.list.arrangement());
    if shown || view.arrangement.is_natural() {
        view.list.next_view();
        if view.making.take().is_some() {
            effects.push(Effect::StopArranging);
        }
        if !shown {
            view.list.show_all(height);
        }
        want(model, effects);
        return;
    }
    let busy = Busy { done: 0, total: view.list.total(), sorting: false };
    make(view, now, Some(busy), effects);
}

fn make(view: &mut ListView, now: Stamp, busy: Option<Busy>, effects: &mut Effects) {
    view.again = None;
    let generation = view.list.next_view();
    let arrangement = view.arrangement.clone();
    view.making = Some(Making { arrangement: arrangement.clone(), since: now, busy });
    effects.push(Effect::Arrange { source: view.source.clone(), generation, arrangement });
}

/// The view with this number, if it is on top and being made.
fn view_of(model: &mut Model, generation: u64) -> Option<&mut ListView> {
    top(model).filter(|view| view.list.generation() == generation && view.making.is_some())
}

/// Shows how far the making of a view is.
pub fn arranging(model: &mut Model, generation: u64, busy: Busy) {
    if let Some(view) = view_of(model, generation)
        && let Some(told) = view.making.as_mut().and_then(|making| making.busy.as_mut())
    {
        *told = busy;
        model.dirty = true;
    }
}

/// A view is made, or could not be: then what was shown stays.
pub fn arranged(
    model: &mut Model,
    generation: u64,
    made: Result<Arranged, UserError>,
    effects: &mut Effects,
) {
    let height = layout::list_height(model);
    let now = model.now;
    let Some(view) = view_of(model, generation) else {
        return;
    };
    let Some(making) = view.making.take() else { return };
    let took = now.since(making.since);
    view.rest = now.plus(PAUSE.max(took * SHARE));
    match made {
        Ok(made) => view.list.arrange(making.arrangement, made, height),
        Err(error) => {
            view.arrangement = view.list.arrangement().clone();
            model.show_error("The list was not filtered or sorted", error);
        }
    }
    model.dirty = true;
    want(model, effects);
}

/// Copies the link to the record, from its detail or straight from the list.
pub fn copy_link(model: &mut Model, side: Side, effects: &mut Effects) {
    match model.screens.last() {
        Some(Screen::Detail(view)) => {
            let link = view.links.as_ref().and_then(|l| l.side(side)).map(str::to_owned);
            if let Some(link) = link {
                model.say(Tone::Good, format!("Copied: {link}"));
                effects.push(Effect::Copy(link));
            }
        }
        Some(Screen::List(view)) => {
            let Some(row) = view.list.current() else {
                return;
            };
            let (connector, item) = (view.connector, Box::new(row.item.clone()));
            let generation = model.next_serial();
            model.copying = Some((generation, side));
            effects.push(Effect::Links { generation, connector, item });
        }
        _ => {}
    }
}

//! A record list: only the visible rows are built, whatever the length of the list.

use super::paint::{boxed, input, put};
use crate::model::{Item, ItemStatus};
use crate::tui::commands::{Id, Place};
use crate::tui::layout;
use crate::tui::model::{ListView, Model};
use crate::tui::msg::{Busy, Column, Row};
use crate::tui::sift::{HINT, Sift};
use crate::tui::text;
use crate::tui::theme::{BOLD, BUSY, CURSOR, DIM, PLAIN, WARN};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::text::Line;
use std::borrow::Cow;

/// A column and its width.
type Placed = (Column, usize);

/// Draws the list. Answers where the cursor of the filter is.
pub fn draw(model: &Model, view: &ListView, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let title = text::fit(&view.title, usize::from(area.width.saturating_sub(4)));
    boxed(buffer, area, Line::styled(format!(" {title} "), BOLD));
    let inside = layout::inside(area);
    let columns = place(view, usize::from(inside.width));
    heads(model, view, &columns, inside, buffer);
    let height = layout::list_height(model);
    for (y, index) in (inside.y + 1..).zip(view.list.top()..view.list.top() + height) {
        if index >= view.list.shown() {
            break;
        }
        let line = Rect { y, height: 1, ..inside };
        if index == view.list.cursor() {
            buffer.set_style(line, CURSOR);
            put(buffer, inside.x, y, 1, "▸", PLAIN);
        }
        match view.list.visible_row(index) {
            Some(row) => draw_row(model, view, row, &columns, line, buffer),
            None => put(buffer, inside.x + 2, y, 1, "…", PLAIN),
        }
    }
    if view.list.shown() == 0 {
        let text = match (view.busy(), view.arrangement.filter.is_empty()) {
            (Some(_), _) => String::new(),
            (None, true) if view.plan => {
                " A sync would write nothing now: both sides are in step.".to_owned()
            }
            (None, true) => " There is nothing in this list.".to_owned(),
            (None, false) => {
                format!(" No row passes this filter. {} clears it.", model.key_to_clear())
            }
        };
        put(buffer, inside.x, inside.y + 1, inside.width, &text, DIM);
    }
    bottom(model, view, inside, buffer)
}

/// The columns that there is room for, with their widths.
fn place(view: &ListView, width: usize) -> Vec<Placed> {
    let narrow = width < 100;
    let reason = view.columns().contains(&Column::Reason);
    let fixed = |column: Column| match column {
        Column::SourceModule => Some(13),
        Column::Status => Some(if narrow { 18 } else { 22 }),
        Column::VtigerId | Column::ServiceId => Some(if narrow { 9 } else { 12 }),
        Column::Time => Some(if narrow { 5 } else { 19 }),
        Column::Name | Column::Reason => None,
    };
    let mut columns = view.columns();
    let hidden: &[Column] = match (narrow, view.statuses.len() > 1) {
        (true, true) => &[Column::Time, Column::VtigerId, Column::ServiceId],
        (true, false) if reason && width < 72 => &[Column::Time, Column::ServiceId],
        _ => &[],
    };
    columns.retain(|c| !hidden.contains(c));
    // The mark of the cursor, and a blank between columns.
    let used: usize = columns.iter().filter_map(|c| fixed(*c)).sum::<usize>() + columns.len();
    let room = width.saturating_sub(used);
    let name = if reason { (room * 2 / 5).max(8) } else { room };
    let last = room.saturating_sub(name);
    columns
        .into_iter()
        .map(|c| (c, fixed(c).unwrap_or(if c == Column::Name { name } else { last })))
        .collect()
}

fn heads(model: &Model, view: &ListView, columns: &[Placed], inside: Rect, buffer: &mut Buffer) {
    let mut line = String::from(" ");
    for (column, width) in columns {
        let arrow = match view.arrangement.sort {
            Some((sorted, false)) if sorted == *column => "▲",
            Some((sorted, true)) if sorted == *column => "▼",
            _ => "",
        };
        // The arrow stays visible, whatever the width.
        let room = width.saturating_sub(text::width(arrow));
        let head = format!("{}{arrow}", text::fit(&label(model, view, *column), room));
        line.push_str(&text::left(&head, *width));
        line.push(' ');
    }
    line.pop();
    let style = DIM.add_modifier(Modifier::UNDERLINED);
    put(
        buffer,
        inside.x,
        inside.y,
        inside.width,
        &text::left(&line, usize::from(inside.width)),
        style,
    );
}

fn label(model: &Model, view: &ListView, column: Column) -> String {
    match column {
        Column::SourceModule => "Source Module".into(),
        Column::Name => "Record Name".into(),
        Column::Status => "What".into(),
        Column::VtigerId => "Vtiger".into(),
        Column::ServiceId => model.side_label(view.connector, crate::model::Side::Service).into(),
        Column::Time => "Time".into(),
        Column::Reason if view.statuses == [ItemStatus::Conflict] => "Vtiger / service".into(),
        Column::Reason => "Reason".into(),
    }
}

/// Writes the cells of a row. What lies between them stays as it is: blank.
fn draw_row(
    model: &Model,
    view: &ListView,
    row: &Row,
    columns: &[Placed],
    line: Rect,
    buffer: &mut Buffer,
) {
    // The mark of the cursor comes first.
    let mut x = line.x + 1;
    for (column, width) in columns {
        let text = cell(model, view, &row.item, *column, *width);
        let width = u16::try_from(*width).unwrap_or(u16::MAX);
        put(buffer, x, line.y, width.min(line.right().saturating_sub(x)), &text, PLAIN);
        x = x.saturating_add(width).saturating_add(1);
    }
}

fn cell<'a>(
    model: &Model,
    view: &ListView,
    item: &'a Item,
    column: Column,
    width: usize,
) -> Cow<'a, str> {
    match column {
        Column::SourceModule => (&item.source_module).into(),
        Column::Name => (&item.name).into(),
        Column::Status => what(model, view, item).into(),
        Column::VtigerId => (&item.vtiger_id).into(),
        Column::ServiceId => (&item.service_id).into(),
        Column::Time if width < 19 => text::time(item.time, &model.zone).into(),
        Column::Time => text::date_time(item.time, &model.zone).into(),
        Column::Reason => match (&item.reason, &item.conflict) {
            (Some(reason), _) => (&reason.text).into(),
            (None, Some(row)) => format!("{}: {} / {}", row.field, row.vtiger, row.service).into(),
            (None, None) => Cow::Borrowed(""),
        },
    }
}

/// What became of a record, or would, and on which side.
fn what(model: &Model, view: &ListView, item: &Item) -> String {
    match item.status {
        ItemStatus::Linked | ItemStatus::Waiting => status(item).to_owned(),
        _ => format!("{} {}", status(item), model.side_label(view.connector, item.side)),
    }
}

/// What became of a record, or would.
pub fn status(item: &Item) -> &'static str {
    match (item.planned, item.status) {
        (true, ItemStatus::Created) => "create",
        (true, ItemStatus::Updated) => "update",
        (true, ItemStatus::Deleted) => "delete",
        (true, ItemStatus::Skipped) => "skip",
        (true, ItemStatus::Linked) => "link",
        (true, ItemStatus::Waiting) => "wait",
        (_, status) => status.key(),
    }
}

/// The line below the rows: the filter, the count, the order.
fn bottom(model: &Model, view: &ListView, inside: Rect, buffer: &mut Buffer) -> Option<Position> {
    let y = inside.bottom().saturating_sub(1);
    let count = count_text(view);
    let width = u16::try_from(text::width(&count)).unwrap_or(0).min(inside.width);
    let room = inside.width.saturating_sub(width + 1);
    put(
        buffer,
        inside.right() - width,
        y,
        width,
        &count,
        if view.busy().is_some() { BUSY } else { DIM },
    );
    if let Some(typing) = &view.typing {
        put(buffer, inside.x, y, 2, "/", BOLD);
        let area = Rect::new(inside.x + 1, y, room.saturating_sub(1), 1);
        let x = input(buffer, area, typing, false, PLAIN);
        let (_, wrong) = Sift::parse(typing.value(), model.now, &model.zone);
        if typing.value().is_empty() {
            put(buffer, area.x + 2, y, area.width.saturating_sub(2), HINT, DIM);
        } else if let Some(wrong) = wrong {
            let start = x.saturating_sub(inside.x) + 2;
            put(buffer, inside.x + start, y, room.saturating_sub(start), &wrong, WARN);
        }
        return model.dialogs.is_empty().then_some(Position::new(x, y));
    }
    let mut parts = Vec::new();
    if view.busy().is_some() {
        parts.push("Esc gives up".into());
    }
    if !view.arrangement.filter.is_empty() {
        parts.push(format!("/{}", view.arrangement.filter));
    }
    if let Some((column, down)) = view.arrangement.sort {
        let way = if down { "▼" } else { "▲" };
        parts.push(format!("sorted by {} {way}", label(model, view, column)));
    }
    let key = |id, usual| model.key_like(id, Place::List, usual);
    if view.plan {
        let (run, back) = (key(Id::RunIt, ""), key(Id::Back, "esc"));
        parts.push(format!("{run} runs it, {back} leaves it"));
    }
    if view.held.is_some() {
        let (yes, drop) = (key(Id::HeldConfirm, ""), key(Id::HeldDrop, ""));
        let later = key(Id::Back, "esc");
        parts.push(format!("{yes} confirms it, {drop} drops it, {later} decides later"));
    }
    put(buffer, inside.x, y, room, &format!(" {}", parts.join(" · ")), DIM);
    None
}

/// `17/100,234`: shown of all; and where the cursor is.
fn count_text(view: &ListView) -> String {
    let (shown, total) = (view.list.shown(), view.list.total());
    if let Some(Busy { done, total, sorting }) = view.busy() {
        let doing = if sorting { "sorting" } else { "looking through" };
        return format!("{doing} {} of {}… ", text::number(done), text::number(total));
    }
    let row = if shown == 0 { 0 } else { view.list.cursor() + 1 };
    if view.list.order().is_some() && shown != total {
        format!("row {} of {}/{} ", text::number(row), text::number(shown), text::number(total))
    } else {
        format!("row {} of {} ", text::number(row), text::number(total))
    }
}

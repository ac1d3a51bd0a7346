//! A record's outcomes over all runs, newest first.

use super::list::status;
use super::paint::{boxed, put};
use crate::model::{Item, ItemStatus};
use crate::tui::history::{HistoryView, MOST};
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::{BOLD, CURSOR, DIM, PLAIN};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::Line;

/// Draws the screen.
pub fn draw(model: &Model, view: &HistoryView, area: Rect, buffer: &mut Buffer) {
    let title = format!(" All outcomes of {} ", text::clean(&view.name));
    let title = text::fit(&title, usize::from(area.width.saturating_sub(4)));
    boxed(buffer, area, Line::styled(title, BOLD));
    let inside = layout::inside(area);
    let width = usize::from(inside.width);
    let head = row(["Date", "Time", "Run", "What", "Where"], "Fields or reason", width);
    let style = DIM.add_modifier(Modifier::UNDERLINED);
    put(buffer, inside.x, inside.y, inside.width, &format!(" {head}"), style);
    let Some(rows) = &view.rows else {
        put(buffer, inside.x, inside.y + 1, inside.width, " …", DIM);
        return;
    };
    if rows.is_empty() {
        let none = " Nothing became of this record yet, as far as runs are kept.";
        put(buffer, inside.x, inside.y + 1, inside.width, none, DIM);
    }
    let height = usize::from(inside.height.saturating_sub(2)).max(1);
    let top = (view.cursor + 1).saturating_sub(height);
    let visible = rows.iter().enumerate().skip(top).take(height);
    for (y, (at, (run, item))) in (inside.y + 1..).zip(visible) {
        let chosen = at == view.cursor;
        let line = outcome(model, view, *run, item, width);
        let line = format!("{}{line}", if chosen { "▸" } else { " " });
        let style = if chosen { CURSOR } else { PLAIN };
        put(buffer, inside.x, y, inside.width, &text::left(&line, width), style);
    }
    let count = match rows.len() {
        MOST => format!("the newest {MOST} "),
        n => format!("{} ", text::count(n as u64, "outcome", "outcomes")),
    };
    let length = u16::try_from(text::width(&count)).unwrap_or(0).min(inside.width);
    let y = inside.bottom().saturating_sub(1);
    put(buffer, inside.right() - length, y, length, &count, DIM);
}

/// The heads of the columns, in a file.
pub const COLUMNS: [&str; 6] = ["date", "time", "run", "what", "where", "fields_or_reason"];

/// What the columns tell of an outcome, in full.
pub fn cells(model: &Model, view: &HistoryView, run: u64, item: &Item) -> [String; 6] {
    let on_side = !matches!(item.status, ItemStatus::Linked | ItemStatus::Waiting);
    let side = if on_side { model.side_label(view.connector, item.side) } else { "" };
    let about = match (&item.reason, &item.conflict) {
        (Some(reason), _) => reason.text.clone(),
        (None, Some(row)) => format!("{}: {} / {}", row.field, row.vtiger, row.service),
        (None, None) => {
            let fields: Vec<_> = item.changes.iter().map(|change| change.field.as_str()).collect();
            fields.join(", ")
        }
    };
    let date = text::date(item.time, &model.zone);
    let time = text::time(item.time, &model.zone);
    [date, time, run.to_string(), status(item).to_owned(), side.to_owned(), about]
}

fn outcome(model: &Model, view: &HistoryView, run: u64, item: &Item, width: usize) -> String {
    let [date, time, run, what, place, about] = cells(model, view, run, item);
    row([&date, &time, &run, &what, &place], &about, width)
}

fn row(cells: [&str; 5], last: &str, width: usize) -> String {
    let widths = [10, 5, 5, 8, 11];
    let mut line = String::new();
    for (cell, columns) in cells.iter().zip(widths) {
        line.push_str(&text::left(cell, columns));
        line.push(' ');
    }
    let room = width.saturating_sub(text::width(&line) + 1);
    line.push_str(&text::left(last, room));
    line
}

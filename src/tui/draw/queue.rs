//! The queue: records that wait to be taken again, and skips that stand until something changes. Below
//! the list stands what is known of the entry under the cursor, and what to do.

use super::paint::{filter_line, key_words, paragraph, put, put_line};
use crate::engine::queue::Entry;
use crate::model::Side;
use crate::tui::commands::{Id, Place};
use crate::tui::layout;
use crate::tui::model::{Model, Pane};
use crate::tui::msg::ConnectorRow;
use crate::tui::text;
use crate::tui::theme::{BOLD, CURSOR, DIM, PLAIN, WARN};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::text::Line;

/// Draws the pane. Answers where the cursor of the filter is.
pub fn draw(
    model: &Model,
    row: &ConnectorRow,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let width = usize::from(area.width);
    let widths = widths(width);
    let head = cells(["Module", "Record Name", "Reason", "Tries", "Next"], widths);
    let style = DIM.add_modifier(Modifier::UNDERLINED);
    put(buffer, area.x, area.y, area.width, &text::left(&format!(" {head}"), width), style);
    let view = &model.queue;
    let height = layout::queue_height(model);
    let focused = model.pane == Pane::Body;
    for (y, (at, entry)) in
        (area.y + 1..).zip(view.entries().iter().enumerate().skip(view.top).take(height))
    {
        let chosen = at == view.cursor;
        let line =
            format!("{}{}", if chosen { "▸" } else { " " }, entry_cells(model, entry, widths));
        let style = match (chosen, focused) {
            (true, true) => CURSOR,
            (true, false) => BOLD,
            (false, _) => PLAIN,
        };
        put(buffer, area.x, y, area.width, &text::left(&line, width), style);
    }
    if view.entries().is_empty() {
        let told = match (&view.rows, view.filter.is_empty()) {
            (None, _) => " …".to_owned(),
            (Some(_), true) => format!(
                " Nothing waits, and no skip stands. {} adds all of a module.",
                model.key(Id::AddAll, Place::Queue)
            ),
            (Some(_), false) => {
                format!(" No entry has this text. {} clears the filter.", model.key_to_clear())
            }
        };
        put(buffer, area.x, area.y + 1, area.width, &told, DIM);
    }
    let below = area.y + 1 + u16::try_from(height).unwrap_or(0);
    let detail = Rect { y: below, height: area.bottom().saturating_sub(below + 1), ..area };
    if let Some(entry) = view.current() {
        let lines = detail_lines(model, row, entry, width);
        for (y, line) in (detail.y..detail.bottom()).zip(&lines) {
            put_line(buffer, area.x, y, area.width, line);
        }
    }
    bottom(model, area, buffer)
}

/// The columns: module, name, reason, tries, next.
fn widths(width: usize) -> [usize; 5] {
    let wide = width >= 90;
    let (module, reason) = if wide { (15, 24) } else { (10, 17) };
    let fixed = 1 + module + reason + 5 + 10 + 4;
    [module, width.saturating_sub(fixed).max(6), reason, 5, 10]
}

fn cells(texts: [&str; 5], widths: [usize; 5]) -> String {
    let cells = texts.iter().zip(widths).enumerate().map(|(at, (text, width))| match at {
        3 => text::right(text, width),
        _ => text::left(text, width),
    });
    cells.collect::<Vec<_>>().join(" ")
}

fn entry_cells(model: &Model, entry: &Entry, widths: [usize; 5]) -> String {
    let parked = entry.waiting();
    let tries = parked.map(|p| p.tries.to_string()).unwrap_or_default();
    let next = match parked {
        Some(parked) if parked.next_try <= model.now => "next sync".to_owned(),
        Some(parked) => text::when(parked.next_try, model.now, &model.zone),
        None if entry.decided().is_some() => "decided".to_owned(),
        None => "stands".to_owned(),
    };
    let (name, cause) = (entry.name(), entry.cause());
    cells([entry.module.label(), &name, &cause, &tries, &next], widths)
}

/// What is known of an entry: where it is, why, what to do.
fn detail_lines(
    model: &Model,
    row: &ConnectorRow,
    entry: &Entry,
    width: usize,
) -> Vec<Line<'static>> {
    let side = match entry.side() {
        Side::Vtiger => "Vtiger",
        Side::Service => model.side_label(row.connector.id, Side::Service),
    };
    let mut parts = Vec::new();
    if !entry.is_all() {
        parts.push(format!("{side} {}", entry.id()));
    }
    if let Some(since) = entry.since() {
        parts.push(format!("since {}", text::date_time(since, &model.zone)));
    }
    if let Some(parked) = entry.waiting() {
        parts.push(text::count(u64::from(parked.tries), "try", "tries"));
    }
    let mut lines = vec![Line::styled("─".repeat(width), DIM)];
    lines.push(Line::styled(text::fit(&format!(" {}", entry.name()), width), BOLD));
    lines.push(Line::styled(text::fit(&format!(" {}", parts.join(" · ")), width), DIM));
    let short = layout::queue_detail(model) < 9;
    let (most, next) = if short { (1, 1) } else { (3, 2) };
    let cut = |text: &str, style, most: usize| {
        let mut lines = paragraph(" ", 1, text, width.saturating_sub(1), style);
        lines.truncate(most);
        lines
    };
    lines.extend(cut(&entry.text(), WARN, most));
    lines.extend(cut(&entry.next(), PLAIN, next));
    lines
}

/// The line below: the filter, and where the cursor is.
fn bottom(model: &Model, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let view = &model.queue;
    let y = area.bottom().saturating_sub(1);
    let shown = u64::try_from(view.entries().len()).unwrap_or(u64::MAX);
    let at = if shown == 0 { 0 } else { u64::try_from(view.cursor).unwrap_or(0) + 1 };
    let (total, more) = view.rows.as_ref().map_or((0, false), |rows| (rows.total, rows.more));
    let count = match (view.filter.is_empty(), more) {
        (true, _) => format!("entry {} of {} ", text::number(at), text::number(total)),
        (false, false) => {
            format!(
                "entry {} of {}/{} ",
                text::number(at),
                text::number(shown),
                text::number(total)
            )
        }
        (false, true) => format!("entry {} of {}+ ", text::number(at), text::number(shown)),
    };
    let told = match view.filter.is_empty() {
        true => {
            let words = [
                (Id::AddAll, "add all"),
                (Id::RetryReason, "same reason"),
                (Id::RetryShown, "all shown"),
            ];
            key_words(model, Place::Queue, &words)
        }
        false => format!("/{}", view.filter),
    };
    let line = Rect { y, height: 1, ..area };
    let at = filter_line(buffer, line, &count, view.typing.as_ref(), &told)?;
    model.dialogs.is_empty().then_some(at.into())
}

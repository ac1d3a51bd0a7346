//! Small helpers for writing into a frame.

use crate::tui::commands::{Id, Place};
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::{BOLD, DIM, PLAIN};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::symbols::merge::MergeStrategy;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Widget};
use tui_input::Input;

/// Writes a text into so many columns of a line.
pub fn put(buffer: &mut Buffer, x: u16, y: u16, width: u16, content: &str, style: Style) {
    if !buffer.area.contains((x, y).into()) {
        return;
    }
    if content.len() <= usize::from(width) && text::is_plain(content) {
        put_plain(buffer, x, y, content, style);
    } else {
        let cut = text::fit(content, usize::from(width));
        buffer.set_stringn(x, y, cut, usize::from(width), style);
    }
}

/// Writes a text of which every byte is a column.
fn put_plain(buffer: &mut Buffer, x: u16, y: u16, content: &str, style: Style) {
    let room = usize::from(buffer.area.right().saturating_sub(x));
    let start = buffer.index_of(x, y);
    for (cell, byte) in buffer.content[start..].iter_mut().take(room).zip(content.bytes()) {
        cell.set_char(char::from(byte));
        if style != PLAIN {
            cell.set_style(style);
        }
    }
}

/// Writes a line of styled pieces.
pub fn put_line(buffer: &mut Buffer, x: u16, y: u16, width: u16, line: &Line<'_>) {
    if buffer.area.contains((x, y).into()) {
        buffer.set_line(x, y, line, width);
    }
}

/// Writes the visible ones of some lines. A mark in the last line tells that there are more.
pub fn scrolled(buffer: &mut Buffer, area: Rect, lines: &[Line<'static>], scroll: usize) {
    let height = usize::from(area.height);
    for (y, line) in (area.y..area.bottom()).zip(lines.iter().skip(scroll)) {
        put_line(buffer, area.x, y, area.width, line);
    }
    let rest = lines.len().saturating_sub(scroll.saturating_add(height));
    if rest > 0 && area.height > 0 {
        let more = format!(" ▼ {rest} more ");
        let width = u16::try_from(text::width(&more)).unwrap_or(0).min(area.width);
        put(buffer, area.right() - width, area.bottom(), width, &more, DIM);
    }
}

/// A border with a title; borders that share a column are joined.
pub fn boxed(buffer: &mut Buffer, area: Rect, title: Line<'_>) {
    let area = area.intersection(buffer.area);
    if area.width < 2 || area.height < 2 {
        return;
    }
    // A `Block` would style every cell inside, too.
    let (left, right) = (area.x, area.right() - 1);
    let (top, bottom) = (area.y, area.bottom() - 1);
    let mut mark = |x: u16, y: u16, symbol: &str| {
        if let Some(cell) = buffer.cell_mut((x, y)) {
            cell.merge_symbol(symbol, MergeStrategy::Exact);
        }
    };
    for x in left + 1..right {
        mark(x, top, "─");
        mark(x, bottom, "─");
    }
    for y in top + 1..bottom {
        mark(left, y, "│");
        mark(right, y, "│");
    }
    for (x, y, corner) in
        [(left, top, "┌"), (right, top, "┐"), (left, bottom, "└"), (right, bottom, "┘")]
    {
        mark(x, y, corner);
    }
    buffer.set_line(left + 1, top, &title, area.width - 2);
}

/// An empty box with a border over what is there.
pub fn dialog(buffer: &mut Buffer, area: Rect, title: &str) {
    Clear.render(area, buffer);
    let width = usize::from(area.width.saturating_sub(4));
    let title = Line::styled(format!(" {} ", text::fit(title, width)), BOLD);
    Block::bordered().title(title).render(area, buffer);
}

/// A line of one style.
pub fn line(content: impl AsRef<str>, style: Style) -> Line<'static> {
    Line::styled(text::clean(content.as_ref()), style)
}

/// A line of two pieces: a label in columns of a fixed width, and a value.
pub fn pair(label: &str, columns: usize, value: &str, style: Style) -> Line<'static> {
    Line::from(vec![
        Span::styled(text::left(label, columns), DIM),
        Span::styled(text::clean(value), style),
    ])
}

/// Wrapped text after a label that stands beside its first line.
pub fn paragraph(
    label: &str,
    columns: usize,
    value: &str,
    width: usize,
    style: Style,
) -> Vec<Line<'static>> {
    let room = width.saturating_sub(columns).max(8);
    let mut label = label;
    text::wrap(value, room)
        .iter()
        .map(|part| pair(std::mem::take(&mut label), columns, part, style))
        .collect()
}

/// Cells of a table in fixed columns, wrapped, with a blank between them.
pub fn cells(values: &[&str], widths: &[usize], style: Style) -> Vec<Line<'static>> {
    let wrapped: Vec<Vec<String>> =
        values.iter().zip(widths).map(|(value, width)| text::wrap(value, *width)).collect();
    let height = wrapped.iter().map(Vec::len).max().unwrap_or(1).max(1);
    (0..height)
        .map(|at| {
            let parts = wrapped
                .iter()
                .zip(widths)
                .map(|(lines, width)| text::left(lines.get(at).map_or("", String::as_str), *width));
            Line::styled(parts.collect::<Vec<_>>().join(" "), style)
        })
        .collect()
}

/// Draws a text field so that its cursor is visible. Answers the column of the cursor.
pub fn input(buffer: &mut Buffer, area: Rect, input: &Input, masked: bool, style: Style) -> u16 {
    let shown = |text: &str| {
        if masked { "•".repeat(text.chars().count()) } else { text::clean(text) }
    };
    let at: usize =
        input.value().char_indices().nth(input.cursor()).map_or(input.value().len(), |(i, _)| i);
    let before = shown(&input.value()[..at]);
    let whole = shown(input.value());
    let room = usize::from(area.width.saturating_sub(1));
    let mut start = 0;
    while text::width(&before[start..]) > room {
        start += before[start..].chars().next().map_or(1, char::len_utf8);
    }
    let visible = whole.get(start..).unwrap_or_default();
    put(buffer, area.x, area.y, area.width, &text::left(visible, usize::from(area.width)), style);
    area.x + u16::try_from(text::width(&before[start..])).unwrap_or(0).min(area.width)
}

/// The line below a list: at its end the count; before it the filter, while it is typed with its
/// cursor, or else what further keys do. Answers where the cursor is.
pub fn filter_line(
    buffer: &mut Buffer,
    area: Rect,
    count: &str,
    typing: Option<&Input>,
    told: &str,
) -> Option<(u16, u16)> {
    let width = u16::try_from(text::width(count)).unwrap_or(0).min(area.width);
    put(buffer, area.right().saturating_sub(width), area.y, width, count, DIM);
    let room = area.width.saturating_sub(width + 1);
    let Some(typing) = typing else {
        put(buffer, area.x, area.y, room, &format!(" {told}"), DIM);
        return None;
    };
    put(buffer, area.x, area.y, 2, "/", BOLD);
    let field = Rect::new(area.x + 1, area.y, room.saturating_sub(1), 1);
    Some((input(buffer, field, typing, false, Style::new()), area.y))
}

/// What keys do, in a line: `A add all · R same reason`. A command without a key is left out.
pub fn key_words(model: &Model, place: Place, words: &[(Id, &str)]) -> String {
    let told = words.iter().filter_map(|(id, words)| {
        let key = model.keys.of(*id, place);
        (!key.is_empty()).then(|| format!("{key} {words}"))
    });
    told.collect::<Vec<_>>().join(" · ")
}

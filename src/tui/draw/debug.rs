//! The debug pane, and an exchange in full.

use super::paint::{boxed, input, line, pair, paragraph, put, scrolled};
use crate::model::{DebugEntry, readable};
use crate::tui::commands::{Id, Place};
use crate::tui::debug::{DebugRow, DebugView, ExchangeView};
use crate::tui::layout;
use crate::tui::model::{Model, Screen};
use crate::tui::msg::ConnectorRow;
use crate::tui::text;
use crate::tui::theme::{BAD, BOLD, BUSY, CURSOR, DIM, PLAIN, WARN};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::text::Line;

/// Columns of the labels of an exchange.
const LABEL: usize = 10;

/// Draws the pane. Answers where the cursor of the search is.
pub fn draw(
    model: &Model,
    row: &ConnectorRow,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let view = &model.debug;
    if view.total() == 0 {
        let lines = match view.extent {
            None => vec![line("…", DIM)],
            Some(_) => nothing(model, row, usize::from(area.width)),
        };
        scrolled(buffer, area, &lines, 0);
        return None;
    }
    state(model, row, area, buffer);
    heads(area, buffer);
    let height = layout::debug_height(model);
    for (y, index) in (area.y + 2..).zip(view.top()..(view.top() + height).min(view.shown())) {
        let chosen = index == view.cursor();
        let (content, bad) = match view.row(index) {
            Some(row) => (row_text(model, row, area.width), is_bad(row)),
            None => (" …".to_owned(), false),
        };
        let content = format!("{}{content}", if chosen { "▸" } else { " " });
        let style = match (chosen, bad) {
            (true, _) => CURSOR,
            (false, true) => BAD,
            (false, false) => PLAIN,
        };
        let content = text::left(&content, usize::from(area.width));
        put(buffer, area.x, y, area.width, &content, style);
    }
    if view.shown() == 0 && view.busy.is_none() {
        let esc = model.key_to_clear();
        let content = format!(" Nothing has this text. {esc} shows everything again.");
        put(buffer, area.x, area.y + 2, area.width, &content, DIM);
    }
    bottom(model, area, buffer)
}

/// What to do to see something.
fn nothing(model: &Model, row: &ConnectorRow, width: usize) -> Vec<Line<'static>> {
    let name = &row.connector.name;
    let key = model.key(Id::DebugMode, Place::DebugLog);
    if row.connector.debug {
        let content = format!(
            "Debug Mode of {name} is on. What its next sync or check asks the systems, and what \
             they answer, is written here; secrets are masked. {key} switches it off."
        );
        return paragraph("", 0, &content, width, PLAIN);
    }
    let content = format!(
        "Debug Mode of {name} is off: requests and answers are not kept. {key} switches it on; the \
         next sync is then written here, with secrets masked."
    );
    paragraph("", 0, &content, width, PLAIN)
}

/// `Debug Mode is on: d switches it off · 1,234 exchanges, 4.5 MB`
fn state(model: &Model, row: &ConnectorRow, area: Rect, buffer: &mut Buffer) {
    let view = &model.debug;
    let key = model.key(Id::DebugMode, Place::DebugLog);
    let bytes = view.extent.map_or(0, |extent| extent.bytes);
    let kept = text::count(view.total(), "exchange", "exchanges");
    let (mode, style) = match row.connector.debug {
        true => (format!("Debug Mode is on: {key} switches it off"), DIM),
        false => (format!("Debug Mode is off: {key} switches it on"), WARN),
    };
    put(buffer, area.x, area.y, area.width, &format!("{mode} · {kept}, {}", size(bytes)), style);
}

/// Columns of the system, and whether the seconds are shown.
fn system_width(width: u16) -> usize {
    if width < 80 { 7 } else { 11 }
}

fn heads(area: Rect, buffer: &mut Buffer) {
    let content =
        columns(area.width, ["Time", "System", "Request", "Code", "Size", "ms"].map(str::to_owned));
    let style = DIM.add_modifier(Modifier::UNDERLINED);
    put(buffer, area.x, area.y + 1, area.width, &format!(" {content}"), style);
}

fn columns(width: u16, cells: [String; 6]) -> String {
    let system = system_width(width);
    let used = 1 + 9 + system + 1 + 1 + 4 + 1 + 7 + 1 + 6;
    let request = usize::from(width).saturating_sub(used);
    let [time, name, brief, status, size, millis] = cells;
    format!(
        "{} {} {} {} {} {}",
        text::left(&time, 8),
        text::left(&name, system),
        text::left(&brief, request),
        text::right(&status, 4),
        text::right(&size, 7),
        text::right(&millis, 6)
    )
}

fn row_text(model: &Model, row: &DebugRow, width: u16) -> String {
    let time = row.time.timestamp().to_zoned(model.zone.clone()).strftime("%H:%M:%S").to_string();
    if row.remark {
        return format!("{time} {}", row.brief);
    }
    let status = if row.status == 0 { "—".to_owned() } else { row.status.to_string() };
    let cells = [
        time,
        row.system.clone(),
        row.brief.clone(),
        status,
        size(row.received),
        text::number(row.millis),
    ];
    columns(width, cells)
}

/// Whether it did not go well.
fn is_bad(row: &DebugRow) -> bool {
    !(200..400).contains(&row.status)
}

/// A number of bytes in at most seven columns.
fn size(bytes: u64) -> String {
    match bytes {
        0..=999 => format!("{bytes} B"),
        1_000..=99_999 => format!("{}.{} kB", bytes / 1_000, bytes / 100 % 10),
        100_000..=999_999 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

/// The line below the rows: the search, and where the cursor is.
fn bottom(model: &Model, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let view = &model.debug;
    let y = area.bottom().saturating_sub(1);
    let count = count_text(view);
    let width = u16::try_from(text::width(&count)).unwrap_or(0).min(area.width);
    let room = area.width.saturating_sub(width + 1);
    let style = if view.busy.is_some() { BUSY } else { DIM };
    put(buffer, area.right() - width, y, width, &count, style);
    let Some(typing) = &view.typing else {
        if !view.filter.is_empty() {
            put(buffer, area.x, y, room, &format!(" /{}", view.filter), DIM);
        }
        return None;
    };
    put(buffer, area.x, y, 1, "/", BOLD);
    let field = Rect::new(area.x + 1, y, room.saturating_sub(1), 1);
    let x = input(buffer, field, typing, false, PLAIN);
    model.dialogs.is_empty().then_some(Position::new(x, y))
}

fn count_text(view: &DebugView) -> String {
    let n = text::number;
    let (shown, total) = (view.shown(), view.total());
    if let Some((looked, all)) = view.busy {
        return format!("{} found, {} of {} searched… ", n(shown), n(looked), n(all));
    }
    let row = if shown == 0 { 0 } else { view.cursor() + 1 };
    if view.found().is_some() {
        format!("{} of {} found in {} ", n(row), n(shown), n(total))
    } else {
        format!("{} of {} ", n(row), n(total))
    }
}

/// Draws an exchange on top of the screens.
pub fn exchange(model: &Model, area: Rect, buffer: &mut Buffer) {
    let Some(Screen::Exchange(view)) = model.screens.last() else {
        return;
    };
    let title = match &view.entry {
        Some(entry) if entry.is_remark() => "About this log".to_owned(),
        Some(entry) => entry.brief(),
        None => format!("Exchange {}", view.number),
    };
    let title = text::fit(&title, usize::from(area.width.saturating_sub(4)));
    boxed(buffer, area, Line::styled(format!(" {title} "), BOLD));
    let inside = layout::inside(area);
    scrolled(buffer, inside, &lines(model, view, usize::from(inside.width)), view.scroll);
}

/// All lines of an exchange.
pub fn lines(model: &Model, view: &ExchangeView, width: usize) -> Vec<Line<'static>> {
    let Some(entry) = &view.entry else {
        let content = if view.gone {
            "It is not kept any more: it was older, or more, than the retention keeps."
        } else {
            "…"
        };
        return paragraph("", 0, content, width, DIM);
    };
    let mut lines = vec![pair("Time", LABEL, &text::date_time(entry.time, &model.zone), PLAIN)];
    lines.push(pair("System", LABEL, &entry.system, PLAIN));
    lines.push(pair("Made by", LABEL, &made_by(entry), PLAIN));
    if entry.is_remark() {
        lines.extend(paragraph("", LABEL, &entry.request, width, WARN));
        return lines;
    }
    let (status, style) = match entry.status {
        0 => ("no answer".to_owned(), BAD),
        status @ 200..400 => (format!("HTTP {status}"), PLAIN),
        status => (format!("HTTP {status}"), BAD),
    };
    let status = format!("{status} after {} ms", text::number(entry.millis));
    lines.push(pair("Status", LABEL, &status, style));
    let address = entry.request.split('?').next().unwrap_or("");
    lines.extend(paragraph("Request", LABEL, address, width, PLAIN));
    for (name, value) in entry.query() {
        lines.extend(paragraph("", LABEL, &format!("{name} = {value}"), width, PLAIN));
    }
    if !entry.body.is_empty() {
        lines.push(Line::default());
        lines.push(line(format!("Sent ({})", part(&entry.body, entry.sent)), BOLD));
        let form = entry.form();
        for (name, value) in &form {
            lines.extend(paragraph("", 0, &format!("{name} = {value}"), width, PLAIN));
        }
        if form.is_empty() {
            lines.extend(body(&entry.body, width));
        }
    }
    lines.push(Line::default());
    lines.push(match entry.status {
        0 => line("Why there is no answer", BOLD),
        _ => line(format!("Answer ({})", part(&entry.answer, entry.received)), BOLD),
    });
    lines.extend(body(&entry.answer, width));
    lines
}

fn made_by(entry: &DebugEntry) -> String {
    match entry.run {
        Some(run) => format!("run {run}"),
        None => "a check of the connection".to_owned(),
    }
}

/// `70.0 kB, its beginning is kept`
fn part(kept: &str, bytes: u64) -> String {
    let cut = if kept.ends_with('…') { ", its beginning is kept" } else { "" };
    format!("{}{cut}", size(bytes))
}

/// A body: JSON, also one that was cut, with a line for each member; anything else as it is.
fn body(content: &str, width: usize) -> Vec<Line<'static>> {
    let content = &*readable(content);
    if !content.trim_start().starts_with(['{', '[']) {
        return paragraph("", 0, content, width, PLAIN);
    }
    let most = width / 2;
    let lines = members(content).into_iter();
    lines
        .flat_map(|(depth, text)| paragraph("", (2 * depth).min(most), &text, width, PLAIN))
        .collect()
}

/// The lines of JSON, with how deep they stand.
fn members(json: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let (mut depth, mut line, mut quoted, mut escaped) = (0_usize, String::new(), false, false);
    let mut end = |line: &mut String, depth| {
        if !line.trim().is_empty() {
            lines.push((depth, std::mem::take(line).trim().to_owned()));
        }
    };
    let mut letters = json.chars().peekable();
    while let Some(c) = letters.next() {
        if quoted {
            line.push(c);
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '"' => {
                quoted = true;
                line.push(c);
            }
            '{' | '[' => {
                line.push(c);
                // What is empty stays on its line.
                if letters.peek().is_none_or(|next| !matches!(next, '}' | ']')) {
                    end(&mut line, depth);
                }
                depth += 1;
            }
            '}' | ']' => {
                if !line.ends_with(['{', '[']) {
                    end(&mut line, depth);
                }
                depth = depth.saturating_sub(1);
                line.push(c);
            }
            ',' => {
                line.push(c);
                end(&mut line, depth);
            }
            ':' => line.push_str(": "),
            c if c.is_whitespace() => {}
            c => line.push(c),
        }
    }
    end(&mut line, depth);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stands_a_member_a_line_even_if_it_was_cut() {
        let lines = |json: &str| -> Vec<String> {
            members(json).iter().map(|(depth, line)| format!("{depth} {line}")).collect()
        };
        assert_eq!(
            lines("{\"a\":[1, 2],\"b\":{},\"c\":\"x{,\\\"}\" , \"d\":[{\"e\":null}]}"),
            [
                "0 {",
                "1 \"a\": [",
                "2 1,",
                "2 2",
                "1 ],",
                "1 \"b\": {},",
                "1 \"c\": \"x{,\\\"}\",",
                "1 \"d\": [",
                "2 {",
                "3 \"e\": null",
                "2 }",
                "1 ]",
                "0 }"
            ]
        );
        assert_eq!(lines("[{\"a\":\"b…"), ["0 [", "1 {", "2 \"a\": \"b…"]);
        assert_eq!(lines("]]}"), ["0 ]", "0 ]", "0 }"]);
    }

    #[test]
    fn sizes_take_seven_columns() {
        for (bytes, shown) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (70_000, "70.0 kB"),
            (99_999, "99.9 kB"),
            (999_999, "999 kB"),
            (64 << 20, "67.1 MB"),
        ] {
            assert_eq!(size(bytes), shown);
        }
    }
}

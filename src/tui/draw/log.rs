//! The sync log: a table for each side, and what is known about the run under the cursor.

use super::paint::{put, put_line};
use crate::model::{Module, ModuleCounts, Run, RunStatus, Side, Trigger};
use crate::tui::commands::{Id, Place};
use crate::tui::layout::{self, LogArea, TableArea};
use crate::tui::log::{COLUMNS, LogRow, number};
use crate::tui::model::{Model, Pane, held_text};
use crate::tui::msg::Part;
use crate::tui::text;
use crate::tui::theme::{BAD, BOLD, CURSOR, DIM, PLAIN, WARN};
use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

/// Columns of a number, with the blank before it.
const NUMBER: u16 = 8;
/// Columns of date and time, with the blanks after them.
const DATE: u16 = 17;

/// Draws the log.
pub fn draw(model: &Model, buffer: &mut Buffer) {
    let log = layout::log(model);
    for table in log.tables {
        title(model, &log, table, buffer);
        if table.height == 0 {
            nothing_written(model, &log, table, buffer);
            continue;
        }
        heads(&log, table, buffer);
        rows(model, &log, table, buffer);
    }
    info(model, &log, buffer);
}

fn title(model: &Model, log: &LogArea, table: TableArea, buffer: &mut Buffer) {
    let area = log.area;
    let id = model.log.connector;
    let name = match table.side {
        Side::Vtiger => model.catalog.vtiger.label.as_str(),
        Side::Service => model.side_label(id, Side::Service),
    };
    put(buffer, area.x, table.title, area.width, name, BOLD);
    let more = more_text(model, table);
    let end = area.right().saturating_sub(put_right(buffer, area.right(), table.title, &more, DIM));
    let skips: u64 = model.row(id).map_or(0, |row| row.skips.values().sum());
    if table.side == Side::Vtiger && skips > 0 {
        let note = format!("{}: 4 Queue", text::count(skips, "skip stands", "skips stand"));
        put_right(buffer, end, table.title, &note, WARN);
    }
}

/// Writes a text that ends before a column. Answers how many columns it takes.
fn put_right(buffer: &mut Buffer, end: u16, y: u16, content: &str, style: Style) -> u16 {
    let width = u16::try_from(text::width(content)).unwrap_or(0);
    put(buffer, end.saturating_sub(width), y, width, content, style);
    width
}

/// How many rows are below the visible ones.
fn more_text(model: &Model, table: TableArea) -> String {
    let shown = model.log_top + usize::from(table.height);
    let rest = model.log.rows.len().saturating_sub(shown);
    match (table.height, rest, model.log.more) {
        (0, _, _) | (_, 0, false) => String::new(),
        (_, rest, more) => format!("  ▼ {rest}{}", if more { "+" } else { "" }),
    }
}

fn nothing_written(model: &Model, log: &LogArea, table: TableArea, buffer: &mut Buffer) {
    let id = model.log.connector;
    let here = model.side_label(id, table.side);
    let there = model.side_label(id, table.side.other());
    let text = format!("Nothing is written here: every module goes {here} → {there}.");
    put(buffer, log.area.x, table.title + 1, log.area.width, &text, DIM);
}

fn module_width(log: &LogArea) -> u16 {
    // On wide screens the numbers stay near the module they belong to.
    log.area.width.saturating_sub(DATE + 4 * NUMBER).min(24)
}

fn heads(log: &LogArea, table: TableArea, buffer: &mut Buffer) {
    let (x, y) = (log.area.x, table.rows - 1);
    let style = DIM.add_modifier(Modifier::UNDERLINED);
    let module = usize::from(module_width(log));
    let mut line = format!(
        "{} {} {}",
        text::left("Date", 10),
        text::left("Time", 5),
        text::left("Module", module)
    );
    for status in COLUMNS {
        let word = status.key();
        let label = format!("{}{}", word[..1].to_uppercase(), &word[1..]);
        line.push_str(&text::right(&label, usize::from(NUMBER)));
    }
    put(buffer, x, y, log.area.width, &line, style);
}

fn rows(model: &Model, log: &LogArea, table: TableArea, buffer: &mut Buffer) {
    if model.log.rows.is_empty() {
        let key = |id| model.keys.of(id, Place::Log);
        let text = match model.log.loaded {
            true => format!(
                "No run yet. {} syncs now, {} shows first what a sync would do.",
                key(Id::SyncNow),
                key(Id::Preview)
            ),
            false => "…".into(),
        };
        put(buffer, log.area.x, table.rows, log.area.width, &text, DIM);
        return;
    }
    let visible =
        model.log.rows.iter().enumerate().skip(model.log_top).take(usize::from(table.height));
    for (y, (at, row)) in (table.rows..).zip(visible) {
        let Some(run) = model.log.runs.get(row.at) else {
            continue;
        };
        let cursor = at == model.log.row && model.log.side() == table.side;
        row_start(model, log, run, y, buffer);
        if row.module.is_some() {
            numbers(model, log, table.side, run, *row, (y, cursor), buffer);
        } else {
            note(model, log, run, (y, cursor), buffer);
        }
    }
}

fn row_start(model: &Model, log: &LogArea, run: &Run, y: u16, buffer: &mut Buffer) {
    let date = text::date(run.started, &model.zone);
    let time = text::time(run.started, &model.zone);
    put(buffer, log.area.x, y, DATE, &format!("{date} {time}"), PLAIN);
}

fn numbers(
    model: &Model,
    log: &LogArea,
    side: Side,
    run: &Run,
    row: LogRow,
    (y, cursor): (u16, bool),
    buffer: &mut Buffer,
) {
    let Some(module) = row.module else { return };
    let width = module_width(log);
    let x = log.area.x + DATE;
    put(
        buffer,
        x,
        y,
        width,
        module.label(),
        if run.status == RunStatus::Running { BOLD } else { PLAIN },
    );
    if run.modules.get(&module).is_some_and(|m| !m.available) {
        let style = if cursor { CURSOR } else { DIM };
        put(buffer, x + width + 1, y, 4 * NUMBER - 1, "not available here", style);
        return;
    }
    if one_way(model, run, module, side) {
        let style = if cursor { CURSOR } else { DIM };
        let words = text::right("one way", usize::from(4 * NUMBER - 1));
        put(buffer, x + width, y, 4 * NUMBER - 1, &words, style);
        return;
    }
    for (at, status) in COLUMNS.into_iter().enumerate() {
        let value = number(run, Part { module, side, status });
        let digits = text::short_number(value);
        let len = u16::try_from(digits.len()).unwrap_or(0);
        let end = x + width + NUMBER * (u16::try_from(at).unwrap_or(0) + 1) - 1;
        let chosen = cursor && at == model.log.column;
        let style = if value == 0 { DIM } else { PLAIN };
        put(
            buffer,
            end.saturating_sub(len),
            y,
            len,
            &digits,
            if chosen { cell_style(model) } else { style },
        );
        if chosen {
            put(buffer, end.saturating_sub(len + 1), y, 1, "[", cell_style(model));
            put(buffer, end, y, 1, "]", cell_style(model));
        }
    }
}

/// Whether a module's direction keeps it from being written on a side, as the numbers show.
fn one_way(model: &Model, run: &Run, module: Module, side: Side) -> bool {
    let settings = model.row(run.connector).and_then(|row| row.connector.modules.get(&module));
    let never = settings.is_some_and(|settings| !settings.direction.writes(side));
    never && COLUMNS.into_iter().all(|status| number(run, Part { module, side, status }) == 0)
}

fn cell_style(model: &Model) -> Style {
    if model.pane == Pane::Body { CURSOR } else { BOLD }
}

/// The line that tells how a run stands that did not simply complete.
fn note(model: &Model, log: &LogArea, run: &Run, (y, cursor): (u16, bool), buffer: &mut Buffer) {
    let (words, style) = words(model, run);
    let words = if cursor { format!("[{words}]") } else { words };
    let style = if cursor { cell_style(model) } else { style };
    put(buffer, log.area.x + DATE, y, log.area.width.saturating_sub(DATE), &words, style);
}

/// How a run stands, in a line.
fn words(model: &Model, run: &Run) -> (String, Style) {
    let why = run.error.as_ref().map(|e| format!(": {}", e.what)).unwrap_or_default();
    match run.status {
        RunStatus::Failed => (format!("✕ failed{why}"), BAD),
        RunStatus::Held => {
            let why = run.held.as_ref().map(held_text).unwrap_or_default();
            let key = model.key(Id::Open, Place::Log);
            (format!("‖ held, {key} decides. {why}"), WARN)
        }
        RunStatus::Preview => ("preview: the numbers below were not written".into(), PLAIN),
        RunStatus::Dropped => ("○ dropped: the numbers below were not written".into(), PLAIN),
        RunStatus::Cancelled => (format!("○ cancelled, the next sync goes on{why}"), WARN),
        RunStatus::Interrupted => {
            ("✕ interrupted, the next sync settles what was open".into(), WARN)
        }
        RunStatus::Running => (format!("◐ running{why}"), PLAIN),
        RunStatus::Completed => ("completed: nothing to sync".into(), PLAIN),
    }
}

/// What is known about the run and the module under the cursor.
fn info(model: &Model, log: &LogArea, buffer: &mut Buffer) {
    let area = log.area;
    let rule = "─".repeat(usize::from(area.width));
    put(buffer, area.x, log.info, area.width, &rule, DIM);
    let (Some(row), Some(run)) = (model.log.current(), model.log.run()) else {
        return;
    };
    put(buffer, area.x, log.info + 1, area.width, &about_run(run), PLAIN);
    let line = match row.module.and_then(|m| run.modules.get(&m).map(|counts| (m, counts))) {
        Some((_, counts)) if !counts.available => {
            Line::raw(text::clean(counts.why.as_deref().unwrap_or("not available here")))
        }
        Some((module, counts)) => {
            let numbers = about_module(counts);
            let title = format!("{module}: ");
            let fits = text::width(&title) + text::width(&numbers) <= usize::from(area.width);
            let title = if fits { title } else { String::new() };
            Line::from(vec![Span::styled(title, BOLD), Span::raw(numbers)])
        }
        None => {
            let (words, style) = words(model, run);
            Line::styled(text::fit(&words, usize::from(area.width)), style)
        }
    };
    put_line(buffer, area.x, log.info + 2, area.width, &line);
}

/// The numbers of a module that stand in no table, with the keys that list them.
fn about_module(counts: &ModuleCounts) -> String {
    let n = text::short_number;
    let key = |count: u64, key: &str| if count > 0 { format!(" {key}") } else { String::new() };
    format!(
        "linked {}{} · unchanged {} · waiting {}{} · conflicts {}{}",
        n(counts.linked),
        key(counts.linked, "L"),
        n(counts.unchanged),
        n(counts.waiting),
        key(counts.waiting, "W"),
        n(counts.conflicts),
        key(counts.conflicts, "C"),
    )
}

fn about_run(run: &Run) -> String {
    let trigger = match run.trigger {
        Trigger::Manual => "by hand",
        Trigger::Schedule => "by schedule",
        Trigger::Immediate => "at once",
    };
    let took = run.ended.map(|end| match end.since(run.started).as_secs() {
        0 => " in under 1 s".to_owned(),
        secs => format!(" in {}", text::seconds(secs)),
    });
    let requests = if run.requests == 0 {
        String::new()
    } else {
        format!(" · {} requests, {} again", text::number(run.requests), text::number(run.retries))
    };
    format!("Run {} · {} {trigger}{}{requests}", run.id, run.status.key(), took.unwrap_or_default())
}

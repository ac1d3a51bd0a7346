//! Dialogs over the screens.

use super::paint::{dialog as boxed, input, line, paragraph, put, put_line, scrolled};
use crate::model::{Held, Run, UserError};
use crate::tui::commands::{self, Id, Place};
use crate::tui::layout::{centred, inside};
use crate::tui::model::{
    Choice, CsvDialog, CsvState, Dialog, HelpView, Model, Question, held_text,
};
use crate::tui::text;
use crate::tui::theme::{BAD, BOLD, BUSY, CURSOR, DIM, KEY, PLAIN, WARN};
use crate::tui::update::{
    PaletteLine, Pointed, help_commands, palette_lines, places, planned, told, waiting, why_not,
};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use tui_input::Input;

/// Draws a dialog. Answers where its cursor is.
pub fn draw(model: &Model, dialog: &Dialog, buffer: &mut Buffer) -> Option<Position> {
    match dialog {
        Dialog::Services { cursor } => services(model, *cursor, buffer),
        Dialog::AddAll { cursor } => modules(model, *cursor, buffer),
        Dialog::Jump { cursor } => jump(model, *cursor, buffer),
        Dialog::Decisions { cursor } => decisions(model, *cursor, buffer),
        Dialog::Decide { record, choices, cursor } => {
            decide(model, record, choices, *cursor, buffer);
        }
        Dialog::Csv(csv) => return draw_csv(model, csv, buffer),
        Dialog::Mapping(dialog) => return super::mapping::dialog(model, dialog, buffer),
        Dialog::Confirm(question) => return confirm(model, question, buffer),
        Dialog::Held(run) => held(model, run, buffer),
        Dialog::Error { title, error, about, scroll } => {
            draw_error(model, title, error, *scroll, about.is_some(), buffer);
        }
        Dialog::Help(view) => return help(model, view, buffer),
        Dialog::Palette { place, input, cursor } => {
            return palette(model, *place, input, *cursor, buffer);
        }
    }
    None
}

/// How many lines of a dialog do not fit.
pub fn overflow(model: &Model, dialog: &Dialog) -> usize {
    let (lines, area) = match dialog {
        Dialog::Error { error, .. } => {
            let area = error_area(model, error);
            (error_lines(error, usize::from(area.width.saturating_sub(2))).len(), area)
        }
        Dialog::Mapping(dialog) => return super::mapping::overflow(model, dialog),
        _ => return 0,
    };
    (lines + 1).saturating_sub(usize::from(area.height.saturating_sub(2)))
}

fn services(model: &Model, cursor: usize, buffer: &mut Buffer) {
    let lines: Vec<(String, String)> =
        model.catalog.services().map(|s| (s.label.clone(), s.description.clone())).collect();
    let height = u16::try_from(lines.len() * 2 + 2).unwrap_or(u16::MAX);
    let area = centred(model, 70, height);
    boxed(buffer, area, "Add connector");
    let inside = inside(area);
    for (at, (label, description)) in lines.iter().enumerate() {
        let y = inside.y + u16::try_from(at * 2).unwrap_or(0);
        if y + 1 >= inside.bottom() {
            break;
        }
        let chosen = at == cursor;
        let pointer = if chosen { "▸" } else { " " };
        let text = text::left(&format!("{pointer} {label}"), usize::from(inside.width));
        put(buffer, inside.x, y, inside.width, &text, if chosen { CURSOR } else { BOLD });
        put(buffer, inside.x + 2, y + 1, inside.width.saturating_sub(2), description, DIM);
    }
}

/// A line that can be chosen.
fn choice(buffer: &mut Buffer, area: Rect, y: u16, chosen: bool, words: &str) {
    let pointer = if chosen { "▸" } else { " " };
    let text = text::left(&format!("{pointer} {words}"), usize::from(area.width));
    put(buffer, area.x, y, area.width, &text, if chosen { CURSOR } else { PLAIN });
}

fn modules(model: &Model, cursor: usize, buffer: &mut Buffer) {
    let modules = model.modules();
    let height = u16::try_from(modules.len() + 5).unwrap_or(u16::MAX);
    let area = centred(model, 60, height);
    boxed(buffer, area, "Add All To Queue");
    let inside = inside(area);
    put(buffer, inside.x + 1, inside.y, inside.width, "Take every record again of:", PLAIN);
    let rows = usize::from(inside.height.saturating_sub(3));
    let top = (cursor + 1).saturating_sub(rows);
    for (y, (at, module)) in (inside.y + 2..).zip(modules.iter().enumerate().skip(top).take(rows)) {
        choice(buffer, inside, y, at == cursor, module.label());
    }
}

fn decisions(model: &Model, cursor: usize, buffer: &mut Buffer) {
    let all: Vec<_> = waiting(model).iter().map(|one| told(model, one)).collect();
    pick(model, "Waiting for a decision", &all, cursor, buffer);
}

fn jump(model: &Model, cursor: usize, buffer: &mut Buffer) {
    let all: Vec<_> = places(model).into_iter().map(|(words, _)| words).collect();
    pick(model, "Where it is mended", &all, cursor, buffer);
}

/// A box with lines to choose from.
fn pick(model: &Model, title: &str, all: &[String], cursor: usize, buffer: &mut Buffer) {
    let height = u16::try_from(all.len() + 4).unwrap_or(u16::MAX);
    let area = centred(model, 64, height);
    boxed(buffer, area, title);
    let inside = inside(area);
    let rows = usize::from(inside.height.saturating_sub(2));
    let top = (cursor + 1).saturating_sub(rows);
    for (y, (at, words)) in (inside.y + 1..).zip(all.iter().enumerate().skip(top).take(rows)) {
        choice(buffer, inside, y, at == cursor, words);
    }
}

fn decide(model: &Model, record: &Pointed, choices: &[Choice], cursor: usize, buffer: &mut Buffer) {
    let there = model.side_label(record.connector, record.side.other());
    let here = model.side_label(record.connector, record.side);
    let width = 72;
    let room = usize::from(centred(model, width, 5).width.saturating_sub(4));
    let head = format!(
        "{} ({} {}) may be one of several records in {there}. Which one is it?",
        record.name, here, record.id
    );
    let head = text::wrap(&head, room);
    let height = u16::try_from(head.len() + choices.len() + 4).unwrap_or(u16::MAX);
    let area = centred(model, width, height);
    boxed(buffer, area, "Decide");
    let inside = inside(area);
    for (y, text) in (inside.y..).zip(&head) {
        put(buffer, inside.x + 1, y, inside.width.saturating_sub(2), text, PLAIN);
    }
    let first = inside.y + u16::try_from(head.len() + 1).unwrap_or(0);
    let rows = usize::from(inside.bottom().saturating_sub(first));
    let top = (cursor + 1).saturating_sub(rows);
    for (y, (at, one)) in (first..).zip(choices.iter().enumerate().skip(top).take(rows)) {
        let words = match one {
            Choice::Link(candidate) if candidate.name.is_empty() => {
                format!("It is {}", candidate.id)
            }
            Choice::Link(candidate) => format!("It is {} ({})", candidate.name, candidate.id),
            Choice::New => format!("None of them: create it new in {there}"),
            Choice::Never => "Never sync it".to_owned(),
        };
        choice(buffer, inside, y, at == cursor, &words);
    }
}

fn draw_csv(model: &Model, csv: &CsvDialog, buffer: &mut Buffer) -> Option<Position> {
    let area = centred(model, 72, 9);
    boxed(buffer, area, "Download as CSV");
    let inside = inside(area);
    let (x, width) = (inside.x + 1, inside.width.saturating_sub(2));
    let rows = match csv.rows {
        Some(rows) => format!("{} as shown, in UTF-8.", text::count(rows, "row", "rows")),
        None => "All runs of the log, in UTF-8.".to_owned(),
    };
    put(buffer, x, inside.y, width, &rows, PLAIN);
    put(buffer, x, inside.y + 2, width, "File name", DIM);
    let field = Rect::new(x, inside.y + 3, width, 1);
    let cursor = input(buffer, field, &csv.input, false, PLAIN.add_modifier(Modifier::UNDERLINED));
    let (note, style) = match (&csv.error, &csv.state) {
        (Some(error), _) => (format!("✕ {error}"), BAD),
        (None, CsvState::Writing(rows)) => {
            let esc = model.key_like(Id::InputCancel, Place::Csv, "esc");
            (format!("◐ {} written… {esc} stops", text::count(*rows, "row", "rows")), BUSY)
        }
        (None, CsvState::Naming) => {
            (format!("In {} unless a folder is given.", model.folder.display()), DIM)
        }
    };
    put(buffer, x, inside.y + 5, width, &note, style);
    (csv.state == CsvState::Naming).then_some(Position::new(cursor, field.y))
}

fn confirm(model: &Model, question: &Question, buffer: &mut Buffer) -> Option<Position> {
    let width = 64;
    let room = usize::from(centred(model, width, 5).width.saturating_sub(4));
    let lines = text::wrap(&question.text, room);
    let named: u16 = if question.name.is_some() { 2 } else { 0 };
    let height = u16::try_from(lines.len() + 5 + usize::from(named)).unwrap_or(u16::MAX);
    let area = centred(model, width, height);
    boxed(buffer, area, &question.title);
    let inside = inside(area);
    let last = inside.bottom().saturating_sub(1);
    let field = question.name.as_ref().map(|name| {
        let y = last.saturating_sub(2);
        let words = format!("Type {} to do it: ", text::clean(&name.wanted));
        let label = u16::try_from(text::width(&words)).unwrap_or(0).min(inside.width / 2);
        put(buffer, inside.x + 1, y, label, &words, BOLD);
        let area = Rect::new(inside.x + 1 + label, y, inside.width.saturating_sub(label + 2), 1);
        let style = PLAIN.add_modifier(Modifier::UNDERLINED);
        Position::new(input(buffer, area, &name.input, false, style), y)
    });
    let last_text = last.saturating_sub(named);
    for (y, text) in (inside.y + 1..last_text).zip(&lines) {
        put(buffer, inside.x + 1, y, inside.width.saturating_sub(2), text, PLAIN);
    }
    let (id, place) = match question.name {
        Some(_) => (Id::YesNamed, Place::ConfirmName),
        None => (Id::Yes, Place::Confirm),
    };
    let (key, no) = (model.keys.of(id, place), model.key_like(Id::No, place, "esc"));
    choices(buffer, inside.x + 1, last, inside.width, [&key, question.yes, &no]);
    field
}

/// A key does it; the default is to cancel.
fn choices(buffer: &mut Buffer, x: u16, y: u16, width: u16, [key, yes, no]: [&str; 3]) {
    let line = Line::from(vec![
        Span::styled(key.to_owned(), KEY),
        Span::raw(format!(" {yes}    ")),
        Span::styled(format!("[ {no} Cancel ]"), CURSOR),
    ]);
    put_line(buffer, x, y, width.saturating_sub(1), &line);
}

fn held(model: &Model, run: &Run, buffer: &mut Buffer) {
    let mut lines = Vec::new();
    let nothing = Held {
        guard: String::new(),
        counts: std::collections::BTreeMap::new(),
        threshold: String::new(),
    };
    let held = run.held.as_ref().unwrap_or(&nothing);
    let room = usize::from(centred(model, 66, 5).width.saturating_sub(4));
    lines.extend(paragraph("", 0, &held_text(held), room, WARN));
    lines.push(Line::default());
    for (what, count) in held.counts.iter().filter(|(_, count)| **count > 0) {
        lines.push(line(format!("{:>10}  {}", text::number(*count), planned(what)), PLAIN));
    }
    lines.push(Line::default());
    lines.extend(paragraph(
        "",
        0,
        "Nothing was written. Look at the plan before you decide.",
        room,
        PLAIN,
    ));
    lines.push(Line::default());
    let key = |id, words: &'static str| {
        [Span::styled(model.keys.of(id, Place::Held), KEY), Span::raw(words)]
    };
    let keys = [
        key(Id::HeldLook, " look at the plan   "),
        key(Id::HeldConfirm, " confirm   "),
        key(Id::HeldDrop, " drop   "),
    ];
    let mut spans: Vec<Span<'static>> = keys.into_iter().flatten().collect();
    let later = model.key_like(Id::Close, Place::Held, "esc");
    spans.push(Span::styled(format!("[ {later} Decide later ]"), CURSOR));
    lines.push(Line::from(spans));
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let area = centred(model, 66, height);
    boxed(buffer, area, &format!("Run {} of {} is held", run.id, run.connector_name));
    let inside = inside(area);
    let area = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    // The keys stay in sight however long the list of counts is.
    let skip = lines.len().saturating_sub(usize::from(area.height));
    scrolled(buffer, area, &lines, skip);
}

fn error_area(model: &Model, error: &UserError) -> Rect {
    let width = 70;
    let room = usize::from(centred(model, width, 5).width.saturating_sub(2));
    let lines = error_lines(error, room).len();
    centred(model, width, u16::try_from(lines + 3).unwrap_or(u16::MAX))
}

fn error_lines(error: &UserError, width: usize) -> Vec<Line<'static>> {
    let mut lines = vec![Line::default()];
    let parts = [
        ("What", &error.what, BAD),
        ("Why", &error.why, PLAIN),
        ("What to do", &error.next, PLAIN),
    ];
    for (label, text, style) in parts {
        if !text.is_empty() {
            lines.extend(paragraph(&format!(" {label}"), 13, text, width.saturating_sub(1), style));
        }
    }
    lines
}

fn draw_error(
    model: &Model,
    title: &str,
    error: &UserError,
    scroll: usize,
    login: bool,
    buffer: &mut Buffer,
) {
    let area = error_area(model, error);
    boxed(buffer, area, title);
    let inside = inside(area);
    let lines = error_lines(error, usize::from(inside.width));
    scrolled(buffer, Rect { height: inside.height.saturating_sub(1), ..inside }, &lines, scroll);
    let key = |id| Span::styled(model.keys.of(id, Place::Error), KEY);
    let mut keys = Line::from(vec![
        Span::raw(" "),
        key(Id::Close),
        Span::raw(" close   "),
        key(Id::CopyError),
        Span::raw(" copy"),
    ]);
    if login {
        keys.extend([Span::raw("   "), key(Id::Consent), Span::raw(" log in again")]);
    }
    put_line(buffer, inside.x, inside.bottom().saturating_sub(1), inside.width, &keys);
}

fn help_area(model: &Model) -> Rect {
    centred(model, 78, model.size.1.saturating_sub(4))
}

/// The lines of a command in the help.
fn help_lines(
    model: &Model,
    place: Place,
    command: &'static commands::Command,
    width: usize,
    chosen: bool,
) -> Vec<Line<'static>> {
    let keys: Vec<_> = model.keys.keys(command, place).iter().map(ToString::to_string).collect();
    let off = why_not_at(model, place, command.id);
    let text = match &off {
        Some(why) => format!("{} (Now: {why})", command.help),
        None => command.help.to_owned(),
    };
    let keys = format!("{}{}", if chosen { "▸" } else { " " }, keys.join(" "));
    let style = if off.is_some() { DIM } else { PLAIN };
    let lines = paragraph(&keys, 16, &text, width, style);
    if !chosen {
        return lines;
    }
    let words = |line: &Line<'_>| line.spans.iter().map(|s| s.content.as_ref()).collect::<String>();
    lines.iter().map(|one| Line::styled(words(one), CURSOR)).collect()
}

/// Why a command could not be run where the help was opened: the help itself is no reason.
fn why_not_at(model: &Model, place: Place, id: commands::Id) -> Option<String> {
    let mut below = model.clone();
    while below.place() != place && below.dialogs.pop().is_some() {}
    why_not(&below, id)
}

fn help(model: &Model, view: &HelpView, buffer: &mut Buffer) -> Option<Position> {
    let area = help_area(model);
    boxed(buffer, area, "Keys");
    let inside = inside(area);
    let filtered = view.typing || !view.filter.value().is_empty();
    let above = u16::from(filtered);
    let mut cursor = None;
    if filtered {
        put(buffer, inside.x, inside.y, 1, "/", BOLD);
        let field = Rect::new(inside.x + 1, inside.y, inside.width.saturating_sub(1), 1);
        let x = input(buffer, field, &view.filter, false, PLAIN);
        cursor = view.typing.then_some(Position::new(x, inside.y));
    }
    let below = Rect { y: inside.y + above, height: inside.height.saturating_sub(above), ..inside };
    let (mut lines, mut begin, mut end) = (Vec::new(), 0, 0);
    for (at, command) in help_commands(model, view).into_iter().enumerate() {
        let chosen = at == view.cursor;
        begin = if chosen { lines.len() } else { begin };
        lines.extend(help_lines(model, view.place, command, usize::from(inside.width), chosen));
        end = if chosen { lines.len() } else { end };
    }
    if lines.is_empty() {
        lines.push(line(" No command has this text.", DIM));
    }
    let height = usize::from(below.height);
    scrolled(buffer, below, &lines, end.saturating_sub(height).min(begin));
    cursor
}

fn palette(
    model: &Model,
    place: Place,
    typed: &Input,
    cursor: usize,
    buffer: &mut Buffer,
) -> Option<Position> {
    let lines = palette_lines(model, place, typed.value());
    let area = centred(model, 70, 16);
    boxed(buffer, area, "Command");
    let inside = inside(area);
    put(buffer, inside.x, inside.y, 1, ":", BOLD);
    let field = Rect::new(inside.x + 1, inside.y, inside.width.saturating_sub(1), 1);
    let x = input(buffer, field, typed, false, PLAIN);
    let height = usize::from(inside.height.saturating_sub(1));
    let top = (cursor + 1).saturating_sub(height);
    for (y, (at, entry)) in (inside.y + 1..inside.bottom()).zip(lines.iter().enumerate().skip(top))
    {
        let (key, help) = match entry {
            PaletteLine::Command(command) => (model.keys.shown(command, place), command.help),
            PaletteLine::Connector(..) | PaletteLine::Of(..) => (String::new(), ""),
        };
        let pointer = if at == cursor { "▸" } else { " " };
        let text =
            format!("{pointer}{} {} {help}", text::left(&entry.title(), 16), text::left(&key, 6));
        let style = if at == cursor { CURSOR } else { PLAIN };
        put(
            buffer,
            inside.x,
            y,
            inside.width,
            &text::left(&text, usize::from(inside.width)),
            style,
        );
    }
    if lines.is_empty() {
        put(
            buffer,
            inside.x + 1,
            inside.y + 1,
            inside.width,
            "No command of that name works here.",
            DIM,
        );
    }
    Some(Position::new(x, field.y))
}

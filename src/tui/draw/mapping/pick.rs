//! The list of fields to choose from, and the dialog that asks for a file.

use super::super::paint::{dialog as boxed, input, put};
use crate::model::Side;
use crate::tui::commands::{Id, Place};
use crate::tui::layout;
use crate::tui::mapping::picker::{Found, Picker, found};
use crate::tui::mapping::{self, FileDialog, Live, form};
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::{BAD, BOLD, BUSY, CURSOR, DIM, PLAIN, WARN};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

/// Draws the list. Answers where the cursor is.
pub fn draw(model: &Model, picker: &Picker, buffer: &mut Buffer) -> Option<Position> {
    let form = form(model)?;
    let at = usize::from(picker.side() == Side::Service);
    let area = layout::large(model);
    let whose = if picker.service { form.label.as_str() } else { "Vtiger" };
    boxed(buffer, area, &format!("Field of {} in {whose}", form.key.1));
    let inside = layout::inside(area);
    put(buffer, inside.x, inside.y, 1, "/", BOLD);
    let field = Rect::new(inside.x + 1, inside.y, inside.width.saturating_sub(1), 1);
    let x = input(buffer, field, &picker.input, false, PLAIN);
    let live = match model.mapping.live.get(&form.key) {
        Some(Live::Ready(live)) => Some(live.as_ref()),
        _ => None,
    };
    let lines = found(live.map(|live| &live.infos[at]), picker.side(), picker.input.value());
    let widths = widths(usize::from(inside.width));
    let heads = cells(["Label", "Name", "Type", "", "Sample"], widths);
    let style = DIM.add_modifier(Modifier::UNDERLINED);
    put(buffer, inside.x, inside.y + 1, inside.width, &format!("  {heads}"), style);
    let height = usize::from(layout::field_rows(model));
    let top = (picker.cursor + 1).saturating_sub(height);
    let samples = live.map(|live| &live.samples[at]);
    for (y, (n, one)) in (inside.y + 2..).zip(lines.iter().enumerate().skip(top).take(height)) {
        let chosen = n == picker.cursor;
        let marked = picker.marked.iter().any(|path| path == one.path());
        let marks = format!("{}{}", if chosen { "▸" } else { " " }, if marked { "●" } else { " " });
        let words = match one {
            Found::Field(field) => {
                let mark = match (field.mandatory, field.writable) {
                    (true, _) => "*",
                    (false, false) => "r",
                    (false, true) => "",
                };
                let label = if field.label.is_empty() { &field.path } else { &field.label };
                let sample = samples.and_then(|samples| samples.get(&field.path));
                let sample = sample.map_or("", String::as_str);
                cells([label, &field.path, &field.type_name, mark, sample], widths)
            }
            Found::Typed(path) => format!("{path}: take it as typed"),
        };
        let words = text::left(&format!("{marks}{words}"), usize::from(inside.width));
        put(buffer, inside.x, y, inside.width, &words, if chosen { CURSOR } else { PLAIN });
    }
    let (told, style) = below(model, picker, &lines);
    let last = inside.bottom().saturating_sub(1);
    put(buffer, inside.x + 1, last, inside.width.saturating_sub(2), &told, style);
    Some(Position::new(x, field.y))
}

/// Label, name, type, mark, sample.
fn widths(width: usize) -> [usize; 5] {
    let rest = width.saturating_sub(2 + 1 + 4 + 10);
    let (label, name) = (rest * 36 / 100, rest * 34 / 100);
    [label, name, 10, 1, rest.saturating_sub(label + name)]
}

fn cells(texts: [&str; 5], widths: [usize; 5]) -> String {
    let cells = texts.iter().zip(widths).map(|(text, width)| text::left(text, width));
    cells.collect::<Vec<_>>().join(" ")
}

/// The line below: how the fields stand, else what the marks mean and how many there are.
fn below(model: &Model, picker: &Picker, lines: &[Found<'_>]) -> (String, ratatui::style::Style) {
    let key = form(model).map(|form| form.key);
    match key.and_then(|key| model.mapping.live.get(&key)) {
        Some(Live::Loading) => return ("◐ Reading the fields of both systems…".into(), BUSY),
        Some(Live::Failed(error)) => {
            return (format!("! {} Type the name of the field.", error.what), WARN);
        }
        Some(Live::Ready(_)) | None => {}
    }
    let mark = model.key(Id::MarkField, Place::FieldPick);
    let several = if picker.service { format!(" · {mark} marks several") } else { String::new() };
    let at = if lines.is_empty() { 0 } else { picker.cursor + 1 };
    let marked = match picker.marked.len() {
        0 => String::new(),
        marked => format!(" · {marked} marked"),
    };
    let told = format!("* mandatory · r read only{several} · {at} of {}{marked}", lines.len());
    (told, DIM)
}

/// Draws the dialog that asks for a file. Answers where its cursor is.
pub fn file(model: &Model, file: &FileDialog, buffer: &mut Buffer) -> Option<Position> {
    let area = layout::centred(model, 72, 9);
    let title = if file.import { "Import the field mapping" } else { "Export the field mapping" };
    boxed(buffer, area, title);
    let inside = layout::inside(area);
    let (x, width) = (inside.x + 1, inside.width.saturating_sub(2));
    let own = mapping::shown(model).map_or(0, |shown| shown.lines.len());
    let own = text::count(u64::try_from(own).unwrap_or(0), "own line", "own lines");
    let words = match file.import {
        true => format!("The file's lines take the place of {own}. Nothing is saved yet."),
        false => format!("{own}, in the form of the settings file."),
    };
    put(buffer, x, inside.y, width, &words, PLAIN);
    put(buffer, x, inside.y + 2, width, "File name", DIM);
    let field = Rect::new(x, inside.y + 3, width, 1);
    let cursor = input(buffer, field, &file.input, false, PLAIN.add_modifier(Modifier::UNDERLINED));
    let (note, style) = match (&file.error, file.busy) {
        (Some(error), _) => (format!("✕ {error}"), BAD),
        (None, true) => ("◐ …".to_owned(), BUSY),
        (None, false) => (format!("In {} unless a folder is given.", model.folder.display()), DIM),
    };
    put(buffer, x, inside.y + 5, width, &note, style);
    (!file.busy).then_some(Position::new(cursor, field.y))
}

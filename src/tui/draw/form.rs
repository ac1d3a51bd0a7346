//! A connection form: the fields, what is wrong with them, the buttons, what the check said.

use super::paint::{boxed, input, line, pair, paragraph, put, scrolled};
use crate::model::{CheckReport, UserError};
use crate::tui::form::{CheckState, Field, Focus, Form};
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::{BAD, BOLD, BUSY, CURSOR, DIM, GOOD, PLAIN, WARN};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::text::Line;

/// Columns of the labels, with the mark before them.
const LABEL: u16 = 22;

/// Draws the form. Answers where the cursor is.
pub fn draw(model: &Model, form: &Form, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let unsaved = if form.changed() { " · not saved" } else { "" };
    boxed(buffer, area, Line::styled(format!(" {} Connection{unsaved} ", form.title), BOLD));
    let inside = layout::inside(area);
    let mut y = inside.y;
    for text in text::wrap(form.welcome, usize::from(inside.width.saturating_sub(2))) {
        put(buffer, inside.x + 1, y, inside.width.saturating_sub(2), &text, PLAIN);
        y += 1;
    }
    y += u16::from(!form.welcome.is_empty());
    let mut cursor = None;
    for (at, field) in form.fields.iter().enumerate() {
        let focused = form.focus == Focus::Field(at);
        let x = draw_field(field, focused, inside, y, buffer);
        cursor = if focused { Some(Position::new(x, y)) } else { cursor };
        y += 1;
        if let Some(error) = &field.error {
            let x = inside.x + LABEL;
            put(buffer, x, y, inside.width.saturating_sub(LABEL), &format!("✕ {error}"), BAD);
            y += 1;
        }
    }
    y = help(form, inside, y, buffer);
    buttons(form, inside, y, buffer);
    let rest = Rect { y: y + 2, height: inside.bottom().saturating_sub(y + 2), ..inside };
    let lines = check_lines(form, usize::from(inside.width));
    scrolled(buffer, rest, &lines, usize::from(form.scroll));
    cursor.filter(|_| model.dialogs.is_empty())
}

fn draw_field(field: &Field, focused: bool, inside: Rect, y: u16, buffer: &mut Buffer) -> u16 {
    let pointer = if focused { "▸" } else { " " };
    let needed = if field.required { "*" } else { "" };
    let label = format!("{pointer}{}{needed}", field.label);
    put(buffer, inside.x, y, LABEL, &label, if focused { BOLD } else { PLAIN });
    let area = Rect::new(inside.x + LABEL, y, inside.width.saturating_sub(LABEL + 1), 1);
    let style = PLAIN.add_modifier(Modifier::UNDERLINED);
    let x = input(buffer, area, &field.input, field.masked(), style);
    if field.input.value().is_empty() && field.stored {
        let text = match &field.tail {
            Some(tail) => format!("set, ends in …{tail}"),
            None => "set".to_owned(),
        };
        put(buffer, area.x, y, area.width, &text, DIM.add_modifier(Modifier::UNDERLINED));
    }
    x
}

/// The help of the field with the focus stands below the fields.
fn help(form: &Form, inside: Rect, y: u16, buffer: &mut Buffer) -> u16 {
    let width = usize::from(inside.width.saturating_sub(2));
    let text = match (form.focus, form.field()) {
        (_, Some(field)) if !field.help.is_empty() => field.help.clone(),
        (Focus::Check, _) => "Tries the connection with what is entered. Nothing is stored.".into(),
        (Focus::Save, _) => "Stores what is entered; secrets are sealed.".into(),
        _ => String::new(),
    };
    for (line, text) in text::wrap(&text, width).iter().take(2).enumerate() {
        let line = u16::try_from(line).unwrap_or(0);
        put(buffer, inside.x + 1, y + 1 + line, inside.width.saturating_sub(2), text, DIM);
    }
    y + 3
}

fn buttons(form: &Form, inside: Rect, y: u16, buffer: &mut Buffer) {
    let check =
        if form.check == CheckState::Running { "[ Checking… ]" } else { "[ Check connection ]" };
    let save = if form.saving { "[ Saving… ]" } else { "[ Save ]" };
    let style = |focus| if form.focus == focus { CURSOR } else { BOLD };
    put(buffer, inside.x + 1, y, 22, check, style(Focus::Check));
    let x = inside.x + 3 + u16::try_from(text::width(check)).unwrap_or(0);
    put(buffer, x, y, 14, save, style(Focus::Save));
}

/// What the check said.
pub fn check_lines(form: &Form, width: usize) -> Vec<Line<'static>> {
    match &form.check {
        CheckState::None => Vec::new(),
        CheckState::Running => vec![line(" ◐ Signing in and looking at the modules…", BUSY)],
        CheckState::Failed(error) => problem(error, width, BAD),
        CheckState::Done(report) => report_lines(report, width),
    }
}

fn report_lines(report: &CheckReport, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let user = report.user.as_deref().unwrap_or("user not told");
    let version = report.version.as_deref().map(|v| format!(" · version {v}")).unwrap_or_default();
    let admin = match report.admin {
        Some(true) => " · administrator",
        Some(false) => " · no administrator",
        None => "",
    };
    let skew = match report.skew_s {
        Some(0) | None => String::new(),
        Some(skew) => format!(" · clock {skew:+} s"),
    };
    if report.ok {
        lines.push(line(format!(" ✓ Connected: {user}{version}{admin}{skew}"), GOOD));
    } else {
        lines.push(line(" ✕ This connection does not work.", BAD));
    }
    for error in &report.problems {
        lines.extend(problem(error, width, if report.ok { WARN } else { BAD }));
    }
    for check in &report.modules {
        let words = match (check.available, check.read, check.write) {
            (false, _, _) => "not available here",
            (true, true, true) => "read, write",
            (true, true, false) => "read only",
            (true, false, true) => "write only",
            (true, false, false) => "no access",
        };
        let why = check.why.as_deref().map(|w| format!(": {w}")).unwrap_or_default();
        let style = if check.available && check.read { PLAIN } else { WARN };
        lines.push(pair(&format!("   {}", check.module), 20, &format!("{words}{why}"), style));
    }
    lines
}

fn problem(error: &UserError, width: usize, style: ratatui::style::Style) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let parts = [(" ✕", &error.what), ("   Why", &error.why), ("   What to do", &error.next)];
    for (label, text) in parts {
        if !text.is_empty() {
            let columns = if label == " ✕" { 3 } else { 14 };
            let style = if label == " ✕" { style } else { PLAIN };
            lines.extend(paragraph(label, columns, text, width, style));
        }
    }
    lines
}

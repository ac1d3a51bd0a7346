//! A form: the fields section by section, what is wrong with them, the buttons, what the check said.

use super::paint::{boxed, input, line, pair, paragraph, put, put_line};
use crate::model::{CheckReport, UserError};
use crate::tui::form::{CheckState, Field, Focus, Form};
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::{BAD, BOLD, BUSY, CURSOR, DIM, GOOD, PLAIN, WARN};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;

/// Columns of the labels, with the mark before them.
const LABEL: u16 = 28;

/// Lines of the help at the bottom.
const HELP: u16 = 2;

/// A line of a form.
enum Row {
    Text(Line<'static>),
    Field(usize),
    Check,
    Save,
}

/// A form, line by line, and where the parts are.
struct Rows {
    rows: Vec<Row>,
    /// The first line of what the focus is on, and the one after its last.
    focus: (usize, usize),
    /// The heading of its section.
    heading: usize,
}

/// Draws the form. Answers where the cursor is.
pub fn draw(model: &Model, form: &Form, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let unsaved = match (&form.locked, form.changed()) {
        (Some(_), _) => " · read-only",
        (None, true) => " · not saved",
        (None, false) => "",
    };
    boxed(buffer, area, Line::styled(format!(" {} {}{unsaved} ", form.title, form.what()), BOLD));
    let inside = layout::inside(area);
    let view = Rect { height: inside.height.saturating_sub(HELP), ..inside };
    let rows = rows(form, usize::from(inside.width));
    let top = first_visible(form, &rows, usize::from(view.height));
    let mut cursor = None;
    for (y, row) in (view.y..view.bottom()).zip(rows.rows.iter().skip(top)) {
        match row {
            Row::Text(text) => put_line(buffer, view.x, y, view.width, text),
            Row::Field(at) => {
                let focused = form.focus == Focus::Field(*at);
                let Some(field) = form.fields.get(*at) else { continue };
                let x = draw_field(field, focused, view, y, buffer);
                cursor = x.filter(|_| focused).map(|x| Position::new(x, y)).or(cursor);
            }
            Row::Check => {
                let running = form.check == CheckState::Running;
                let label = if running { "[ Checking… ]" } else { "[ Check connection ]" };
                button(label, form.focus == Focus::Check, view, y, buffer);
            }
            Row::Save => {
                let label = if form.saving { "[ Saving… ]" } else { "[ Save ]" };
                button(label, form.focus == Focus::Save, view, y, buffer);
            }
        }
    }
    let rest = rows.rows.len().saturating_sub(top + usize::from(view.height));
    if rest > 0 {
        let more = format!(" ▼ {rest} more ");
        let width = u16::try_from(text::width(&more)).unwrap_or(0).min(area.width);
        put(buffer, inside.right().saturating_sub(width), inside.bottom(), width, &more, DIM);
    }
    help(form, Rect { y: view.bottom(), height: HELP, ..inside }, buffer);
    cursor.filter(|_| model.dialogs.is_empty())
}

fn rows(form: &Form, width: usize) -> Rows {
    let mut all = Rows { rows: Vec::new(), focus: (0, 0), heading: 0 };
    for text in text::wrap(form.welcome, width.saturating_sub(2)) {
        all.rows.push(Row::Text(line(format!(" {text}"), PLAIN)));
    }
    let titled = form.fields.iter().any(|field| field.setting);
    let mut section = None;
    let mut heading = 0;
    for stop in form.stops() {
        let begin = match stop {
            Focus::Field(at) => {
                let Some(field) = form.fields.get(at) else { continue };
                if titled && section != Some(field.section) {
                    section = Some(field.section);
                    if !all.rows.is_empty() {
                        all.rows.push(Row::Text(Line::default()));
                    }
                    heading = all.rows.len();
                    all.rows.push(Row::Text(line(field.section.label(), BOLD)));
                }
                let begin = all.rows.len();
                all.rows.push(Row::Field(at));
                if let Some(error) = &field.error {
                    let room = width.saturating_sub(usize::from(LABEL));
                    for part in text::wrap(&format!("✕ {error}"), room) {
                        let indent = " ".repeat(usize::from(LABEL));
                        all.rows.push(Row::Text(line(format!("{indent}{part}"), BAD)));
                    }
                }
                begin
            }
            Focus::Check => {
                let begin = all.rows.len();
                all.rows.push(Row::Check);
                all.rows.extend(check_lines(form, width).into_iter().map(Row::Text));
                begin
            }
            Focus::Save => {
                all.rows.push(Row::Text(Line::default()));
                all.rows.push(Row::Save);
                all.rows.len() - 1
            }
        };
        if stop == form.focus {
            all.focus = (begin, all.rows.len());
            all.heading = heading;
        }
    }
    all
}

/// The form is turned page by page, so that little moves over a slow line: a page begins with the
/// section of the first field that the page before had no room for.
fn first_visible(form: &Form, rows: &Rows, height: usize) -> usize {
    let (begin, end) = rows.focus;
    let top = if end <= height {
        0
    } else if end.saturating_sub(rows.heading) <= height {
        rows.heading
    } else {
        // A long section, or a long answer of a check.
        let inside = begin.saturating_sub(rows.heading);
        let page = height.saturating_sub(1).max(1);
        let start = rows.heading + inside / page * page;
        if end - start <= height { start } else { begin }
    };
    // The last page is a full one.
    let top = top.min(rows.rows.len().saturating_sub(height));
    (top + form.scroll).min(rows.rows.len().saturating_sub(1))
}

/// How many lines a form can be scrolled down on a screen of this size.
pub fn scrollable(form: &Form, area: Rect) -> usize {
    let inside = layout::inside(area);
    let rows = rows(form, usize::from(inside.width));
    let height = usize::from(inside.height.saturating_sub(HELP));
    let still = Form { scroll: 0, ..form.clone() };
    let top = first_visible(&still, &rows, height);
    rows.rows.len().saturating_sub(top + height)
}

fn draw_field(
    field: &Field,
    focused: bool,
    inside: Rect,
    y: u16,
    buffer: &mut Buffer,
) -> Option<u16> {
    let pointer = if focused { "▸" } else { " " };
    let needed = if field.required { "*" } else { "" };
    let label = format!("{pointer}{}{needed}", field.label);
    put(buffer, inside.x, y, LABEL, &label, if focused { BOLD } else { PLAIN });
    let area = Rect::new(inside.x + LABEL, y, inside.width.saturating_sub(LABEL + 1), 1);
    if !field.choices.is_empty() {
        draw_choice(field, focused, area, buffer);
        return None;
    }
    if field.locked.is_some() {
        put(buffer, area.x, y, area.width, &format!("{} (locked)", field.text()), DIM);
        return None;
    }
    let style = PLAIN.add_modifier(Modifier::UNDERLINED);
    let x = input(buffer, area, &field.input, field.masked(), style);
    if field.input.value().is_empty() && field.stored {
        let text = match &field.tail {
            Some(tail) => format!("set, ends in …{tail}"),
            None => "set".to_owned(),
        };
        put(buffer, area.x, y, area.width, &text, DIM.add_modifier(Modifier::UNDERLINED));
    }
    if field.input.value().is_empty() && !field.unset.is_empty() {
        put(buffer, area.x, y, area.width, field.unset, DIM.add_modifier(Modifier::UNDERLINED));
    }
    Some(x)
}

/// What is chosen, between marks where something else can be.
fn draw_choice(field: &Field, focused: bool, area: Rect, buffer: &mut Buffer) {
    let label = field.chosen().map_or_else(|| field.text().to_owned(), |c| c.label.clone());
    let free = field.choices.iter().filter(|choice| choice.why_not.is_none()).count();
    let shown = match (free > 1, focused) {
        (true, true) => format!("‹ {label} ›"),
        (true, false) => format!("  {label}"),
        (false, _) => format!("  {label} (fixed)"),
    };
    let style = match (focused, free > 1) {
        (true, true) => CURSOR,
        (_, false) => DIM,
        (false, true) => PLAIN,
    };
    put(buffer, area.x, area.y, area.width, &shown, style);
}

/// The help of what has the focus stands at the bottom.
fn help(form: &Form, area: Rect, buffer: &mut Buffer) {
    let width = usize::from(area.width.saturating_sub(2));
    let text = match (form.focus, form.field()) {
        (_, Some(field)) => match &field.locked {
            Some(why) => why.clone(),
            None => field_help(field),
        },
        (Focus::Check, _) => "Tries the connection with what is entered. Nothing is stored.".into(),
        _ => "Stores what is entered; secrets are sealed.".into(),
    };
    for (y, text) in (area.y..area.bottom()).zip(text::wrap(&text, width)) {
        put(buffer, area.x + 1, y, area.width.saturating_sub(2), &text, DIM);
    }
}

/// The help; of a choice also why the others cannot be taken.
fn field_help(field: &Field) -> String {
    match field.choices.iter().find_map(|choice| choice.why_not.as_ref()) {
        Some(why) => why.clone(),
        None => field.help.clone(),
    }
}

fn button(label: &str, focused: bool, view: Rect, y: u16, buffer: &mut Buffer) {
    put(buffer, view.x + 1, y, view.width, label, if focused { CURSOR } else { BOLD });
}

/// What the check said.
fn check_lines(form: &Form, width: usize) -> Vec<Line<'static>> {
    match &form.check {
        CheckState::None => Vec::new(),
        CheckState::Running => vec![line(" ◐ Signing in and looking at the modules…", BUSY)],
        CheckState::Failed(error) => problem(error, " ✕", width, BAD),
        CheckState::Done(report) => report_lines(report, width),
    }
}

/// A report of a check.
pub fn report_lines(report: &CheckReport, width: usize) -> Vec<Line<'static>> {
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
        let (mark, style) = if report.ok { (" !", WARN) } else { (" ✕", BAD) };
        lines.extend(problem(error, mark, width, style));
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

/// `mark`: what stands before it, so that an advice does not look like a failure.
fn problem(error: &UserError, mark: &str, width: usize, style: Style) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let parts = [(mark, &error.what), ("   Why", &error.why), ("   What to do", &error.next)];
    for (label, text) in parts {
        if !text.is_empty() {
            let (columns, style) = if label == mark { (3, style) } else { (14, PLAIN) };
            lines.extend(paragraph(label, columns, text, width, style));
        }
    }
    lines
}

//! What would be saved: each line that differs, and what the next sync makes of it.

use super::super::paint::{dialog as boxed, line, paragraph, put_line, scrolled};
use crate::model::{Direction, Pair};
use crate::tui::commands::{Id, Place};
use crate::tui::layout;
use crate::tui::mapping::diff::{Change, DiffView, Facts, changes, consequences, details};
use crate::tui::mapping::{self, Shown, words};
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::{BAD, BOLD, BUSY, CURSOR, DIM, GOOD, KEY, PLAIN, WARN};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// The box, and the part of it that scrolls.
fn areas(model: &Model, lines: usize) -> (Rect, Rect) {
    let wide = layout::large(model);
    let height = u16::try_from(lines + 4).unwrap_or(u16::MAX).min(wide.height);
    let area = layout::centred(model, wide.width, height);
    let inside = layout::inside(area);
    let view = Rect {
        x: inside.x + 1,
        width: inside.width.saturating_sub(2),
        height: inside.height.saturating_sub(2),
        ..inside
    };
    (area, view)
}

/// Draws the dialog.
pub fn draw(model: &Model, view: &DiffView, buffer: &mut Buffer) {
    let width = usize::from(layout::large(model).width.saturating_sub(4));
    let lines = lines(model, view, width);
    let (area, inside) = areas(model, lines.len());
    boxed(buffer, area, &format!("Save the field mapping of {}?", view.key.1));
    scrolled(buffer, inside, &lines, view.scroll);
    let esc = model.key_like(Id::Close, Place::Diff, "esc");
    let keys = match model.mapping.saving {
        Some(_) => Line::styled("◐ Saving…", BUSY),
        None => Line::from(vec![
            Span::styled(model.key(Id::DiffSave, Place::Diff), KEY),
            Span::raw(" save    "),
            Span::styled(format!("[ {esc} Go on editing ]"), CURSOR),
        ]),
    };
    put_line(buffer, inside.x, area.bottom().saturating_sub(2), inside.width, &keys);
}

/// How many lines do not fit.
pub fn overflow(model: &Model, view: &DiffView) -> usize {
    let width = usize::from(layout::large(model).width.saturating_sub(4));
    let lines = lines(model, view, width).len();
    let (_, inside) = areas(model, lines);
    lines.saturating_sub(usize::from(inside.height))
}

fn lines(model: &Model, view: &DiffView, width: usize) -> Vec<Line<'static>> {
    let (Some(shown), Some(row)) = (mapping::of(model, view.key), model.row(view.key.0)) else {
        return Vec::new();
    };
    let before = &shown.settings.mapping;
    let mut lines = Vec::new();
    for change in changes(shown.spec, before, shown.lines) {
        match change {
            Change::Added(pair) => {
                lines.push(line(text::fit(&format!("+ {}", name(&shown, &pair)), width), GOOD));
                let blank = Pair { active: true, ..Pair::new(&pair.vtiger, "") };
                let blank = Pair { service: pair.service.clone(), ..blank };
                detail(&blank, &pair, false, width, &mut lines);
            }
            Change::Removed(pair) => {
                lines.push(line(text::fit(&format!("- {}", name(&shown, &pair)), width), BAD));
            }
            Change::Changed(old, new) => {
                lines.push(line(text::fit(&format!("~ {}", name(&shown, &new)), width), WARN));
                detail(&old, &new, true, width, &mut lines);
            }
        }
    }
    if lines.is_empty() {
        lines.push(line("Nothing differs from what is saved.", DIM));
    }
    lines.push(Line::default());
    lines.push(line("What it causes", BOLD));
    let facts = Facts {
        module: view.key.1.label(),
        service: shown.label,
        direction: shown.direction(),
        conflict: row.connector.conflict,
        links: view.links,
        skips: row.skips.get(&view.key.1).copied().unwrap_or(0),
        running: model.running(view.key.0).is_some(),
        enabled: shown.settings.enabled && row.connector.enabled,
    };
    for told in consequences(shown.spec, before, shown.lines, &facts) {
        lines.extend(paragraph("•", 2, &told, width, PLAIN));
    }
    lines
}

/// `Last Name (lastname) ↔ last_name`
fn name(shown: &Shown<'_>, pair: &Pair) -> String {
    let [vtiger, service] = shown.names(pair);
    let both = |label: String, path: String| {
        if label == path { path } else { format!("{label} ({path})") }
    };
    let arrow = words::arrow(pair.direction, Direction::Both);
    let state = if pair.active { "" } else { " · inactive" };
    format!(
        "{} {arrow} {}{state}",
        both(vtiger, pair.vtiger.clone()),
        both(service, pair.service_label())
    )
}

/// What differs, part by part; of a new line what it has.
fn detail(old: &Pair, new: &Pair, with_before: bool, width: usize, lines: &mut Vec<Line<'static>>) {
    for (label, before, after) in details(old, new) {
        let words = if with_before { format!("{before} → {after}") } else { after };
        lines.extend(paragraph(&format!("    {label}"), 20, &words, width, PLAIN));
    }
}

//! The detail of a record: where it is, what changed, why, what to do.

use super::list::status;
use super::paint::{boxed, cells, line, pair, paragraph, scrolled};
use crate::model::{Item, ItemStatus, Side, Stamp};
use crate::tui::commands::{Id, Place};
use crate::tui::hyperlinks;
use crate::tui::layout;
use crate::tui::model::{DetailView, Model, Screen};
use crate::tui::text;
use crate::tui::theme::{BOLD, DIM, PLAIN, WARN};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::Line;

/// Columns of the labels.
const LABEL: usize = 14;

/// Draws the detail on top of the screens.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let Some(Screen::Detail(view)) = model.screens.last() else {
        return;
    };
    let name = text::fit(&view.item.name, usize::from(area.width.saturating_sub(4)));
    boxed(buffer, area, Line::styled(format!(" {name} "), BOLD));
    let inside = layout::inside(area);
    scrolled(buffer, inside, &lines(model, view, usize::from(inside.width)), view.scroll);
    let covered = !model.dialogs.is_empty();
    if let Some(links) = view.links.as_ref().filter(|_| model.theme.links && !covered) {
        let label = u16::try_from(LABEL).unwrap_or(0);
        let area =
            Rect { x: inside.x + label, width: inside.width.saturating_sub(label), ..inside };
        for link in [&links.vtiger, &links.service].into_iter().flatten() {
            hyperlinks::mark(buffer, area, link);
        }
    }
}

/// All lines of a detail.
pub fn lines(model: &Model, view: &DetailView, width: usize) -> Vec<Line<'static>> {
    let item = &view.item;
    let mut lines = vec![pair("Outcome", LABEL, &outcome(model, view), BOLD)];
    lines.push(pair(
        "Module",
        LABEL,
        &format!("{} (source: {})", item.module, item.source_module),
        PLAIN,
    ));
    if item.time != Stamp(0) {
        lines.push(pair("Time", LABEL, &text::date_time(item.time, &model.zone), PLAIN));
    }
    for side in Side::BOTH {
        lines.extend(place(model, view, side, width));
    }
    if let Some(reason) = &item.reason {
        lines.push(Line::default());
        lines.extend(paragraph("Why", LABEL, &reason.text, width, WARN));
        if !reason.field.is_empty() {
            lines.push(pair("Field", LABEL, &reason.field, PLAIN));
        }
        lines.extend(paragraph("What to do", LABEL, &reason.next, width, PLAIN));
    }
    queue(model, view, width, &mut lines);
    conflict(model, view, width, &mut lines);
    changes(item, width, &mut lines);
    lines
}

fn outcome(model: &Model, view: &DetailView) -> String {
    let item = &view.item;
    let side = model.side_label(view.connector, item.side);
    let word = status(item);
    if item.planned {
        return format!("would {word} in {side} (only planned, nothing is written)");
    }
    match item.status {
        ItemStatus::Linked => "found on both sides and linked".into(),
        ItemStatus::Waiting => "waits, and is taken again at the next sync".into(),
        ItemStatus::Conflict => format!("conflict: a value lost in {side}"),
        _ => format!("{word} in {side}"),
    }
}

/// Where the record is on one side: its id and its page.
fn place(model: &Model, view: &DetailView, side: Side, width: usize) -> Vec<Line<'static>> {
    let id = match side {
        Side::Vtiger => &view.item.vtiger_id,
        Side::Service => &view.item.service_id,
    };
    let label = model.side_label(view.connector, side);
    if id.is_empty() {
        return vec![pair(label, LABEL, "no id (yet)", DIM)];
    }
    let copies = if side == Side::Vtiger { Id::LinkVtiger } else { Id::LinkService };
    let key = model.keys.of(copies, Place::Detail);
    let mut lines = paragraph(label, LABEL, id, width, PLAIN);
    match view.links.as_ref().map(|links| links.side(side)) {
        None => lines.push(pair("", LABEL, "…", DIM)),
        Some(None) => {}
        Some(Some(link)) => {
            lines.extend(paragraph(&format!("  {key} copies"), LABEL, link, width, PLAIN));
        }
    }
    lines
}

/// How the record stands in the queue now.
fn queue(model: &Model, view: &DetailView, width: usize, lines: &mut Vec<Line<'static>>) {
    for entry in &view.standing {
        let told = match (entry.waiting(), entry.decided()) {
            (Some(parked), _) if parked.next_try <= model.now => {
                format!("waits, {}, next sync", text::count(parked.tries.into(), "try", "tries"))
            }
            (Some(parked), _) => format!(
                "waits, {}, not before {}",
                text::count(parked.tries.into(), "try", "tries"),
                text::date_time(parked.next_try, &model.zone)
            ),
            (None, Some(decided)) => format!(
                "{} ({})",
                decided.verdict.sentence(),
                text::date_time(decided.at, &model.zone)
            ),
            (None, None) => "the skip stands until something changes".into(),
        };
        lines.extend(paragraph("Queue", LABEL, &told, width, PLAIN));
        if !entry.is_undecided() {
            continue;
        }
        for candidate in entry.candidates() {
            let text = format!("{} ({})", candidate.name, candidate.id);
            lines.extend(paragraph("  may be", LABEL, &text, width, PLAIN));
        }
        lines.extend(paragraph(
            &format!("  {} decides", model.key(Id::Decide, Place::Detail)),
            LABEL,
            "link it, create it, or leave it out",
            width,
            DIM,
        ));
    }
}

fn conflict(model: &Model, view: &DetailView, width: usize, lines: &mut Vec<Line<'static>>) {
    let Some(row) = &view.item.conflict else {
        return;
    };
    let service = model.side_label(view.connector, Side::Service);
    let winner = model.side_label(view.connector, row.winner);
    lines.push(Line::default());
    lines.push(line(format!("Conflict in {}", row.field), BOLD));
    let mark = |side| {
        if row.winner == side { " (stays)" } else { " (lost)" }
    };
    let base = row.base.as_deref().unwrap_or("not known");
    lines.extend(paragraph("Before", LABEL, base, width, PLAIN));
    let vtiger = format!("{}{}", row.vtiger, mark(Side::Vtiger));
    lines.extend(paragraph("Vtiger", LABEL, &vtiger, width, PLAIN));
    let other = format!("{}{}", row.service, mark(Side::Service));
    lines.extend(paragraph(service, LABEL, &other, width, PLAIN));
    let rule = match row.rule.as_str() {
        "last-updated" => "the side that was changed last wins",
        "vtiger" => "the Vtiger record wins",
        "service" => "the service record wins",
        "tie" => "changed at the same moment: the Vtiger record wins",
        "first-link" => "the lines were never compared before, and come from the service",
        "one-way" => "the module goes one way only: its source is not written",
        other => other,
    };
    lines.extend(paragraph("Rule", LABEL, &format!("{rule}: {winner}"), width, PLAIN));
}

fn changes(item: &Item, width: usize, lines: &mut Vec<Line<'static>>) {
    lines.push(Line::default());
    if item.changes.is_empty() {
        let text = match item.status {
            ItemStatus::Created | ItemStatus::Updated => "No field by field record was kept.",
            _ => "No field was changed.",
        };
        lines.push(line(text, DIM));
        return;
    }
    let field = (width / 4).clamp(12, 28);
    let from = (width / 5).clamp(10, 28);
    let value = width.saturating_sub(field + from + 3) / 2;
    let widths = [field, value, value, from];
    let heads = ["Field", "Before", "After", "From"];
    lines.extend(cells(&heads, &widths, DIM.add_modifier(Modifier::UNDERLINED)));
    for change in &item.changes {
        let values = [&*change.field, &*change.before, &*change.after, &*change.from];
        lines.extend(cells(&values, &widths, PLAIN));
    }
}

//! The left pane: the connectors with their state, and what can be added.

use super::paint::{boxed, put};
use crate::engine::{Due, Outlook};
use crate::model::{RunStatus, Stamp};
use crate::tui::layout;
use crate::tui::model::{Entry, Model, Pane};
use crate::tui::msg::ConnectorRow;
use crate::tui::text;
use crate::tui::theme::{BAD, BOLD, BUSY, CURSOR, DIM, GOOD, PLAIN, WARN};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

/// The mark, the words and the colour of a connector's state.
pub fn state(model: &Model, row: &ConnectorRow) -> (&'static str, String, Style) {
    let id = row.connector.id;
    if let Some(progress) = model.running(id) {
        let module = progress.module.map(|m| m.label()).unwrap_or_default();
        let words = match progress.total.filter(|t| *t > 0) {
            _ if progress.cancelling || model.cancelling.contains(&id) => "cancelling…".to_owned(),
            Some(total) => format!("{} % {module}", progress.done.min(total) * 100 / total),
            None if module.is_empty() => "running".to_owned(),
            None => format!("running {module}"),
        };
        return ("◐", words, BUSY);
    }
    if !row.connector.enabled {
        return ("○", "disabled".into(), DIM);
    }
    let Some(run) = &row.last else {
        return ("○", "never synced".into(), DIM);
    };
    let at = |stamp: Stamp| text::when(stamp, model.now, &model.zone);
    let when = at(run.ended.unwrap_or(run.started));
    match run.status {
        RunStatus::Completed => ("●", format!("done {when}"), GOOD),
        RunStatus::Preview => ("●", format!("preview {when}"), PLAIN),
        RunStatus::Held => ("‖", "held: decide".into(), WARN),
        RunStatus::Dropped => ("○", format!("dropped {when}"), DIM),
        RunStatus::Cancelled => ("○", format!("cancelled {when}"), WARN),
        RunStatus::Interrupted => ("✕", "interrupted".into(), WARN),
        // Whoever ran it is gone.
        RunStatus::Running => ("✕", "interrupted".into(), WARN),
        RunStatus::Failed => {
            let why = run.error.as_ref().map(|e| e.what.clone()).unwrap_or_default();
            ("✕", format!("failed: {why}"), BAD)
        }
    }
}

/// A line of the pane.
struct PaneLine {
    entry: Entry,
    first: bool,
    mark: &'static str,
    text: String,
    style: Style,
}

fn lines(model: &Model) -> Vec<Option<PaneLine>> {
    let mut lines = Vec::new();
    for row in &model.overview.connectors {
        let entry = Entry::Connector(row.connector.id);
        let (mark, words, style) = state(model, row);
        let name = row.connector.name.clone();
        lines.push(Some(PaneLine { entry, first: true, mark, text: name, style: BOLD }));
        lines.push(Some(PaneLine { entry, first: false, mark: "", text: words, style }));
        if let Some(next) = model.next_words.get(&row.connector.id) {
            let trouble = matches!(
                model.schedule.get(&row.connector.id),
                Some(Outlook::Due(Due { trouble: Some(_), .. }) | Outlook::Held(_))
            );
            let style = if trouble { WARN } else { DIM };
            lines.push(Some(PaneLine { entry, first: false, mark: "", text: next.clone(), style }));
        }
    }
    if !lines.is_empty() {
        lines.push(None);
    }
    let single = |entry, mark, text: &str| {
        Some(PaneLine { entry, first: true, mark, text: text.into(), style: PLAIN })
    };
    lines.push(single(Entry::Add, "+", "Add connector"));
    lines.push(single(
        Entry::Crm,
        if model.overview.crm.is_some() { "●" } else { "○" },
        "Vtiger CRM",
    ));
    lines
}

/// Draws the pane.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let focused = model.pane == Pane::Connectors;
    let title = if focused { "[Connectors]" } else { " Connectors " };
    boxed(buffer, area, Line::styled(title, if focused { CURSOR } else { BOLD }));
    let inside = layout::inside(area);
    let lines = lines(model);
    let height = usize::from(inside.height);
    let at =
        lines.iter().position(|l| l.as_ref().is_some_and(|l| l.entry == model.entry)).unwrap_or(0);
    let mine = lines.iter().filter(|l| l.as_ref().is_some_and(|l| l.entry == model.entry)).count();
    let top = (at + mine.max(2)).saturating_sub(height);
    for (y, line) in (inside.y..inside.bottom()).zip(lines.iter().skip(top)) {
        let Some(line) = line else { continue };
        let chosen = line.entry == model.entry;
        let pointer = if chosen && line.first { "▸" } else { " " };
        let text = match (line.first, line.mark) {
            // "Add connector" needs the last column of the narrowest pane.
            (true, "+") if inside.width < 16 => format!("{pointer}+{}", line.text),
            (true, mark) => format!("{pointer}{mark} {}", line.text),
            (false, _) => format!("   {}", line.text),
        };
        let style = match (chosen && line.first, focused) {
            (true, true) => CURSOR,
            (true, false) => BOLD,
            (false, _) => line.style,
        };
        let text = text::left(&text, usize::from(inside.width));
        put(buffer, inside.x, y, inside.width, &text, style);
    }
}

//! The try-out: what one side holds, and what the other would get.

use super::super::paint::{dialog as boxed, line, paragraph, put, put_line};
use crate::engine::TryRecord;
use crate::mapping::FieldLimits;
use crate::model::{Pair, Side};
use crate::tui::commands::{Id, Place};
use crate::tui::layout;
use crate::tui::mapping::tryout::{TryState, TryView, held, outcomes};
use crate::tui::mapping::{self, Shown, words};
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::{BAD, BOLD, BUSY, DIM, GOOD, PLAIN, WARN};
use ratatui::buffer::Buffer;
use ratatui::style::Style;
use ratatui::text::Line;

/// What is known of the fields of a line.
fn limits(shown: &Shown<'_>, pair: &Pair) -> FieldLimits {
    shown.live.map(|live| live.limits(pair)).unwrap_or_default()
}

fn quoted(text: &str) -> String {
    if text.is_empty() { "(empty)".to_owned() } else { format!("\"{text}\"") }
}

/// A value in at most two lines; of a longer one the beginning, and how long it is.
fn short(text: &str, width: usize) -> String {
    let room = (width * 2).saturating_sub(60).max(20);
    if text::width(text) <= room {
        return quoted(text);
    }
    format!("\"{}\" ({} characters)", text::fit(text, room), text.chars().count())
}

/// A line for each way, for a narrow place: left value → right value, each cut to so many columns.
pub fn outcome_lines(
    shown: &Shown<'_>,
    pair: &Pair,
    record: &TryRecord,
    width: usize,
) -> Vec<(String, Style)> {
    let quoted = |text: &str| quoted(&text::fit(text, width));
    let all = outcomes(pair, shown.direction(), &limits(shown, pair), record);
    all.into_iter()
        .map(|outcome| {
            let to = label(shown, outcome.from.other());
            let from = quoted(&outcome.held);
            match outcome.sent {
                Ok(sent) if sent.is_empty() => (format!("{from} → {to}: left as it is"), DIM),
                Ok(sent) => {
                    let values: Vec<String> = sent.iter().map(|(_, value)| quoted(value)).collect();
                    (format!("{from} → {to} {}", values.join(" + ")), GOOD)
                }
                Err(why) => (format!("✕ {from} → {to}: {why}"), BAD),
            }
        })
        .collect()
}

fn label<'s>(shown: &'s Shown<'_>, side: Side) -> &'s str {
    match side {
        Side::Vtiger => "Vtiger",
        Side::Service => shown.label,
    }
}

/// Draws the dialog.
pub fn draw(model: &Model, view: &TryView, buffer: &mut Buffer) {
    let width = layout::centred(model, 100, 5).width;
    let lines = lines(model, view, usize::from(width.saturating_sub(4)));
    let height = u16::try_from(lines.len() + 3).unwrap_or(u16::MAX);
    let area = layout::centred(model, width, height);
    boxed(buffer, area, "Try out");
    let inside = layout::inside(area);
    let last = inside.bottom().saturating_sub(1);
    for (y, line) in (inside.y..last).zip(&lines) {
        put_line(buffer, inside.x + 1, y, inside.width.saturating_sub(2), line);
    }
    let key = |id, usual| model.key_like(id, Place::TryOut, usual);
    let close = format!("{} close", key(Id::Close, "esc"));
    let keys = match view.count() {
        0 => close,
        count => {
            let (next, before) = (key(Id::TryNext, ""), key(Id::TryPrev, ""));
            let at = view.at + 1;
            format!("{next} next record   {before} record before   {close}     {at} of {count}")
        }
    };
    put(buffer, inside.x + 1, last, inside.width.saturating_sub(2), &keys, DIM);
}

fn lines(model: &Model, view: &TryView, width: usize) -> Vec<Line<'static>> {
    let Some(shown) = mapping::of(model, view.key) else { return Vec::new() };
    let pair = &view.pair;
    let arrow = words::arrow(pair.direction, shown.direction());
    let head = format!("{} {arrow} {} · {}", pair.vtiger, pair.service_label(), words::how(pair));
    let mut lines = vec![line(text::fit(&head, width), DIM)];
    let record = match (&view.state, view.record()) {
        (TryState::Loading, _) => {
            lines.push(line("◐ Reading records of both systems…", BUSY));
            return lines;
        }
        (TryState::Failed(error), _) => {
            for (label, words) in [("✕", &error.what), ("Why", &error.why), ("Next", &error.next)]
            {
                lines.extend(paragraph(
                    label,
                    5,
                    words,
                    width,
                    if label == "✕" { BAD } else { PLAIN },
                ));
            }
            return lines;
        }
        (TryState::Ready(_), None) => {
            lines.push(line("There is no record of this module yet.", WARN));
            return lines;
        }
        (TryState::Ready(_), Some(record)) => record,
    };
    lines.push(line(text::fit(&record.name, width), BOLD));
    if let Some(why) = &record.skipped {
        lines.extend(paragraph("", 0, &format!("It is skipped now: {why}"), width, WARN));
    }
    let columns = text::width(shown.label).max(6) + 2;
    for side in Side::BOTH {
        let of_side = match side {
            Side::Vtiger => &record.vtiger,
            Side::Service => &record.service,
        };
        let words = match of_side {
            Some((id, fields)) => format!("{}   ({id})", short(&held(pair, side, fields), width)),
            None => "no such record there yet".to_owned(),
        };
        lines.extend(paragraph(label(&shown, side), columns, &words, width, PLAIN));
    }
    lines.push(Line::default());
    let all = outcomes(pair, shown.direction(), &limits(&shown, pair), record);
    if all.is_empty() {
        lines.push(line("Nothing travels this way.", WARN));
    }
    for outcome in all {
        let to = outcome.from.other();
        let head = format!("{} → {}", label(&shown, outcome.from), label(&shown, to));
        lines.push(line(head, BOLD));
        match outcome.sent {
            Ok(sent) if sent.is_empty() => {
                lines.extend(paragraph(
                    "  sends",
                    10,
                    "nothing: the target is left as it is",
                    width,
                    DIM,
                ));
            }
            Ok(sent) => {
                for (path, value) in sent {
                    let words = format!("{}   ({path})", short(&value, width));
                    lines.extend(paragraph("  sends", 10, &words, width, GOOD));
                }
            }
            Err(why) => {
                let words = format!("nothing, the record is skipped: {why}");
                lines.extend(paragraph("  sends", 10, &words, width, BAD));
            }
        }
    }
    lines
}

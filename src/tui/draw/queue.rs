//! The queue: records that wait to be taken again, and skips that stand until something changes.

use super::paint::{line, paragraph};
use crate::model::Side;
use crate::tui::model::Model;
use crate::tui::msg::ConnectorRow;
use crate::tui::text;
use crate::tui::theme::{BOLD, DIM, PLAIN, WARN};
use ratatui::text::Line;

/// The lines of the queue.
pub fn lines(model: &Model, row: &ConnectorRow, width: usize) -> Vec<Line<'static>> {
    let Some(queue) = &model.queue else {
        return vec![line("…", DIM)];
    };
    let service = model.side_label(row.connector.id, Side::Service);
    let side = |side: Side| {
        if side == Side::Vtiger { "Vtiger" } else { service }
    };
    let mut lines = Vec::new();
    let waiting = text::count(row.waiting, "record waits", "records wait");
    lines.push(line(format!("Queue: {waiting} to be taken again"), BOLD));
    for (module, parked) in &queue.parked {
        let next = text::date_time(parked.next_try, &model.zone);
        let tries = text::count(u64::from(parked.tries), "try", "tries");
        let head = format!(
            "{module} · {} · {} {} · {tries} · next {next}",
            parked.name,
            side(parked.side),
            parked.id
        );
        lines.push(line(text::fit(&head, width), PLAIN));
        match &parked.reason {
            Some(reason) => lines.extend(paragraph(
                "",
                2,
                &format!("{} {}", reason.text, reason.next),
                width,
                DIM,
            )),
            None => lines.extend(paragraph("", 2, "Taken again at the next sync.", width, DIM)),
        }
    }
    let skips: u64 = row.skips.values().sum();
    lines.push(Line::default());
    let stand = text::count(skips, "skip stands", "skips stand");
    lines.push(line(format!("{stand} until something about them changes"), BOLD));
    for (module, skip) in &queue.skips {
        let head = format!(
            "{module} · {} · {} {} · run {}",
            skip.name,
            side(skip.side),
            skip.id,
            skip.run
        );
        lines.push(line(text::fit(&head, width), PLAIN));
        lines.extend(paragraph("", 2, &skip.reason.text, width, WARN));
        lines.extend(paragraph("", 2, &skip.reason.next, width, DIM));
    }
    let shown = queue.parked.len() + queue.skips.len();
    if queue.total > u64::try_from(shown).unwrap_or(u64::MAX) {
        let text = format!(
            "The first {shown} of {} are shown; the others stand in the lists of their runs.",
            text::number(queue.total)
        );
        lines.push(Line::default());
        lines.extend(paragraph("", 0, &text, width, DIM));
    }
    lines
}

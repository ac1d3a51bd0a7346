//! The consent of a service, step by step: the ways, what to open and paste, a countdown, the
//! result.

use super::form::report_lines;
use super::paint::{boxed, input, line, pair, paragraph, put, scrolled};
use crate::tui::commands::{Id, Place};
use crate::tui::consent::{ConsentView, Facts, Shown, Step, Way};
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::theme::{BOLD, BUSY, CURSOR, DIM, GOOD, PLAIN};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::text::Line;

/// Columns of the labels.
const LABEL: usize = 12;

/// Draws the screen. Answers where the cursor is.
pub fn draw(
    model: &Model,
    view: &ConsentView,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let name = model.row(view.connector).map_or("", |row| row.connector.name.as_str());
    boxed(buffer, area, Line::styled(format!(" Log in to {}: {name} ", view.label), BOLD));
    let inside = layout::inside(area);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    let Step::Paste { input: pasted, revealed } = &view.step else {
        let lines = lines(model, view, usize::from(inside.width));
        scrolled(buffer, inside, &lines, view.scroll);
        return None;
    };
    // What is entered stays in sight, however long the addresses are.
    let field = Rect { y: inside.bottom().saturating_sub(1), height: 1, ..inside };
    let above = Rect { height: inside.height.saturating_sub(2), ..inside };
    scrolled(buffer, above, &lines(model, view, usize::from(inside.width)), view.scroll);
    let label = if view.way == Way::Address { "Address" } else { "Code" };
    let columns = u16::try_from(LABEL).unwrap_or(0);
    put(buffer, field.x, field.y, columns, &format!("▸{label}"), BOLD);
    let entry = Rect { x: field.x + columns, width: field.width.saturating_sub(columns), ..field };
    let x = input(buffer, entry, pasted, !revealed, PLAIN.add_modifier(Modifier::UNDERLINED));
    model.dialogs.is_empty().then_some(Position::new(x, field.y))
}

/// All lines of the present step.
pub fn lines(model: &Model, view: &ConsentView, width: usize) -> Vec<Line<'static>> {
    let waits = |text: &str| vec![line(format!("◐ {text}"), BUSY)];
    match &view.step {
        Step::Ways => ways(view, width),
        Step::Paste { .. } => match (&view.facts, view.way) {
            (None, _) => waits("Reading the settings…"),
            (Some(facts), Way::Address) => by_address(model, facts, width),
            (Some(facts), _) => by_code(model, facts, width),
        },
        Step::Asking => waits("Asking for a code…"),
        Step::Waiting(shown) => by_device(model, shown, width),
        Step::Sending => waits("Handing it in…"),
        Step::Checking => {
            let mut lines = vec![line("✓ The consent was given and is kept.", GOOD)];
            lines.extend(waits("Looking at what the connection can do…"));
            lines
        }
        Step::Done(report) => {
            let mut lines = vec![line("✓ The consent was given and is kept.", GOOD)];
            lines.extend(report_lines(report, width));
            lines.push(Line::default());
            let again = model.key(Id::Consent, Place::Settings);
            let show = model.key(Id::Preview, Place::ConsentDone);
            let on = model.key(Id::Back, Place::ConsentDone);
            let next = match (report.ok, view.new) {
                (false, _) => {
                    format!("Mend what is named above; {again} in the settings logs in again.")
                }
                (true, true) => format!(
                    "{show} shows what a first sync would do; nothing is written. {on} looks \
                     through the settings before."
                ),
                (true, false) => format!(
                    "{show} shows what a sync would do; nothing is written. {on} goes back."
                ),
            };
            lines.extend(paragraph("Next", LABEL, &next, width, PLAIN));
            lines
        }
    }
}

fn ways(view: &ConsentView, width: usize) -> Vec<Line<'static>> {
    let label = &view.label;
    let intro = format!(
        "{label} lets SyncDeck in only with the consent of a person who logs in there. It is given \
         once; no password is entered here. How do you want to give it?"
    );
    let mut lines = paragraph("", 0, &intro, width, PLAIN);
    for way in Way::ALL {
        let what = match way {
            Way::Code => "Generate a code in the console of the service and paste it here.",
            Way::Device => {
                "Open an address on any device, enter the short code that is shown here, and \
                 accept. SyncDeck waits for it."
            }
            Way::Address => {
                "Open a page in any browser, accept, and paste the address that it shows then. For \
                 a server-based client."
            }
        };
        let chosen = way == view.way;
        let pointer = if chosen { "▸" } else { " " };
        lines.push(Line::default());
        let head = format!("{pointer} {} ", way.label());
        lines.push(line(head, if chosen { CURSOR } else { BOLD }));
        lines.extend(paragraph("", 2, what, width, if chosen { PLAIN } else { DIM }));
    }
    lines
}

fn step(lines: &mut Vec<Line<'static>>, number: usize, text: &str, width: usize) {
    lines.extend(paragraph(&format!("{number}"), 3, text, width, PLAIN));
}

fn by_code(model: &Model, facts: &Facts, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    step(
        &mut lines,
        1,
        "Open this in any browser, and there your Self Client, Generate Code:",
        width,
    );
    lines.extend(paragraph("", 3, &facts.console, width, BOLD));
    let copies = model.key(Id::CopyCode, Place::ConsentPaste);
    let text = format!("Enter this scope ({copies} copies it), and any description:");
    step(&mut lines, 2, &text, width);
    lines.extend(paragraph("", 3, &facts.scope, width, BOLD));
    step(
        &mut lines,
        3,
        "Choose 10 minutes, Create, and the organization that is to be synced.",
        width,
    );
    let send = model.key(Id::ConsentSend, Place::ConsentPaste);
    let text = format!("Paste the code here and press {send}. It works only once.");
    step(&mut lines, 4, &text, width);
    lines
}

fn by_address(model: &Model, facts: &Facts, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let copies = model.key(Id::CopyCode, Place::ConsentPaste);
    let text = format!("The client needs this redirect URL in the console ({copies} copies it):");
    step(&mut lines, 1, &text, width);
    lines.extend(paragraph("", 3, &facts.redirect, width, BOLD));
    let copies = model.key(Id::CopyPage, Place::ConsentPaste);
    let text = format!("Open this page in any browser and accept ({copies} copies it):");
    step(&mut lines, 2, &text, width);
    lines.extend(paragraph("", 3, &facts.page, width, PLAIN));
    let text = "The browser then shows a page that cannot be reached: that is right. Copy its whole \
                address.";
    step(&mut lines, 3, text, width);
    let send = model.key(Id::ConsentSend, Place::ConsentPaste);
    step(&mut lines, 4, &format!("Paste the address here and press {send}."), width);
    lines
}

fn by_device(model: &Model, shown: &Shown, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    step(&mut lines, 1, "Open this on any device with a browser:", width);
    lines.extend(paragraph("", 3, &shown.url, width, BOLD));
    step(&mut lines, 2, "Enter this code there, and accept:", width);
    lines.extend(paragraph("", 3, &shown.code, width, BOLD));
    lines.push(Line::default());
    let left = shown.ends.since(model.now).as_millis().div_ceil(1000);
    let left = format!("{}:{:02}", left / 60, left % 60);
    lines.push(line("◐ Waiting until somebody has accepted there…", BUSY));
    lines.push(pair("", 2, &format!("The code works for {left} min more."), DIM));
    lines.push(Line::default());
    if shown.whole != shown.url {
        let key = model.key(Id::CopyPage, Place::ConsentWait);
        let words = format!("{key} copies an address that has the code in it already.");
        lines.push(line(words, DIM));
    }
    lines
}

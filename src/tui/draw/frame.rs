//! What is around every screen: breadcrumbs, tabs, the progress line, the keys.

use super::paint::{boxed, put, put_line};
use crate::model::Progress;
use crate::tui::commands::{self, Id, Place};
use crate::tui::layout;
use crate::tui::model::{Entry, Model, Pane, SMALLEST, Screen, Tab, Tone};
use crate::tui::text;
use crate::tui::theme::{BOLD, BUSY, CURSOR, DIM, GOOD, KEY, PLAIN, WARN};
use crate::tui::update::{decisions, why_not};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Says that the terminal is too small.
pub fn too_small(model: &Model, buffer: &mut Buffer) {
    let area = buffer.area;
    let (need_w, need_h) = SMALLEST;
    let lines = text::wrap(
        &format!(
            "too small (need {need_w}x{need_h}, have {}x{})  {} quit",
            area.width,
            area.height,
            model.key(Id::Quit, Place::TooSmall)
        ),
        usize::from(area.width),
    );
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        put(buffer, area.x, y, area.width, &line, PLAIN);
    }
}

/// ` SyncDeck › shop (WooCommerce) › Sync Log            ● crm.example.com · admin`
pub fn header(model: &Model, buffer: &mut Buffer) {
    let area = layout::areas(model).header;
    let crm = crm_mark(model);
    let right = u16::try_from(text::width(&crm)).unwrap_or(0).min(area.width / 2);
    let waits = decisions_mark(model, area.width);
    let length = u16::try_from(text::width(&waits)).unwrap_or(0);
    if length > 0 {
        let x = area.width.saturating_sub(right + length + 3);
        put(buffer, x, area.y, length, &waits, WARN);
    }
    let room = area.width.saturating_sub(right + 3 + if length > 0 { length + 2 } else { 0 });
    put(buffer, 1, area.y, room, &crumbs(model, usize::from(room)), BOLD);
    let style = if model.overview.crm.is_some() { GOOD } else { WARN };
    put(buffer, area.width.saturating_sub(right + 1), area.y, right, &crm, style);
}

/// How much waits for a decision, and the key that leads there.
fn decisions_mark(model: &Model, width: u16) -> String {
    let (held, records) = decisions(model);
    let total = records + u64::try_from(held).unwrap_or(0);
    let key = model.keys.of(Id::Held, model.place());
    let words = match (held, records) {
        (0, 0) => return String::new(),
        _ if width < 110 => format!("‖ {} to decide", text::short_number(total)),
        (0, n) => format!("‖ {} to decide", text::number(n)),
        (held, 0) => format!("‖ {held} held"),
        (held, n) => format!("‖ {held} held, {} to decide", text::number(n)),
    };
    if key.is_empty() { words } else { format!("{words}: {key}") }
}

fn crm_mark(model: &Model) -> String {
    let Some(crm) = &model.overview.crm else {
        return if model.loaded { "○ no CRM yet".into() } else { String::new() };
    };
    let host = crm.url.split("://").last().unwrap_or(&crm.url);
    let host = text::clean(host.split('/').next().unwrap_or(host));
    let admin = match model.overview.admin {
        Some(true) => " · admin",
        Some(false) => " · no admin",
        None => "",
    };
    let read_only = if model.read_only { " · read-only" } else { "" };
    format!("● {host}{admin}{read_only}")
}

/// Where we are. When there is no room for all, the beginning is left out.
fn crumbs(model: &Model, room: usize) -> String {
    let mut parts = vec![match &model.title {
        Some(title) => format!("SyncDeck ({title})"),
        None => "SyncDeck".to_owned(),
    }];
    match model.entry {
        Entry::Add => parts.push("Add connector".into()),
        Entry::Crm => parts.push("Vtiger CRM".into()),
        Entry::Connector(id) => {
            if let Some(row) = model.row(id) {
                let name = &row.connector.name;
                let label =
                    model.service(id).map(|s| format!(" ({})", s.label)).unwrap_or_default();
                parts.push(format!("{name}{label}"));
                parts.push(model.tab.label().into());
            }
        }
    }
    for screen in &model.screens {
        parts.push(match screen {
            Screen::List(view) => view.title.clone(),
            Screen::Detail(view) => view.item.name.clone(),
            Screen::History(view) => format!("{}: all runs", view.name),
            Screen::Exchange(view) => format!("Exchange {}", text::number(view.number)),
            Screen::Form(form) => format!("{} {}", form.title, form.what()),
            Screen::Consent(view) => format!("Log in to {}", view.label),
            Screen::Pair(form) => form.title(),
        });
    }
    let mut all = parts.join(" › ");
    while text::width(&all) > room && parts.len() > 2 {
        parts.remove(1);
        all = format!("{} › … › {}", parts[0], parts[1..].join(" › "));
    }
    all
}

/// The border of the right pane, with the tabs in it.
pub fn tab_border(model: &Model, area: Rect, buffer: &mut Buffer) {
    if model.chosen().is_none() {
        let title = match model.entry {
            Entry::Crm => " Vtiger CRM ",
            _ => " Available Connectors ",
        };
        boxed(buffer, area, Line::styled(title, BOLD));
        return;
    }
    let wide = area.width >= 72;
    let queue = model.chosen().map_or(0, |row| row.waiting);
    let mut spans = vec![Span::raw(" ")];
    for (number, tab) in (1..).zip(Tab::ALL) {
        let label = match tab {
            Tab::Log if !wide => "Log",
            Tab::Mapping if !wide => "Mapping",
            Tab::Debug if !wide => "Debug",
            tab => tab.label(),
        };
        let count = if tab == Tab::Queue && queue > 0 {
            format!(" {}", text::short_number(queue))
        } else {
            String::new()
        };
        let unsaved = model.mapping.unsaved().any(|(id, _)| model.entry == Entry::Connector(id));
        let count = if tab == Tab::Mapping && unsaved { "*".to_owned() } else { count };
        let chosen = tab == model.tab;
        let label = if chosen {
            format!("[{number} {label}{count}]")
        } else {
            format!("{number} {label}{count}")
        };
        let style = match (chosen, model.pane) {
            (true, Pane::Body) => CURSOR,
            (true, Pane::Connectors) => BOLD,
            (false, _) => PLAIN,
        };
        spans.push(Span::styled(label, style));
        if tab != Tab::Debug {
            spans.push(Span::styled(" │ ", DIM));
        }
    }
    spans.push(Span::raw(" "));
    boxed(buffer, area, Line::from(spans));
}

/// The line above the keys: a toast, or how far a sync is.
pub fn progress(model: &Model, buffer: &mut Buffer) {
    let area = layout::areas(model).progress;
    let room = area.width.saturating_sub(2);
    if let Some(toast) = &model.toast {
        let (mark, style) = match toast.tone {
            Tone::Good => ("✓", GOOD),
            Tone::Warn => ("!", WARN),
        };
        put(buffer, 1, area.y, room, &format!("{mark} {}", toast.text), style);
        return;
    }
    if model.leaving {
        let key = model.key(Id::Leave, model.place());
        let text =
            format!("Leaving as soon as what is in flight is finished. {key} leaves at once.");
        put(buffer, 1, area.y, room, &text, WARN);
        return;
    }
    let Some((name, progress, ours)) = shown_progress(model) else {
        if let Some(notice) = held_notice(model) {
            put(buffer, 1, area.y, room, &notice, WARN);
        }
        return;
    };
    let line = progress_text(&name, &progress, usize::from(area.width) >= 72);
    put(buffer, 1, area.y, room, &line, BUSY);
    if ours && !progress.cancelling {
        let cancel = format!("{} cancel", model.keys.of(Id::Cancel, Place::Log));
        let length = u16::try_from(text::width(&cancel)).unwrap_or(0);
        put(buffer, area.width.saturating_sub(length + 1), area.y, length, &cancel, KEY);
    }
}

/// That a run is held, wherever one is. Its key works wherever keys are not text.
fn held_notice(model: &Model) -> Option<String> {
    let held: Vec<_> = model.overview.connectors.iter().filter(|row| row.held.is_some()).collect();
    let first = held.first()?;
    let run = first.held.as_ref()?.id;
    let more =
        if held.len() > 1 { format!(" (and {} more)", held.len() - 1) } else { String::new() };
    let key = model.keys.of(Id::Held, model.place());
    let key = if key.is_empty() { key } else { format!(" {key} decides.") };
    Some(format!("‖ The sync of {} is held: run {run}{more}.{key}", first.connector.name))
}

fn is_held_plan(model: &Model) -> bool {
    matches!(model.screens.last(), Some(Screen::List(view)) if view.held.is_some())
}

/// The progress of the chosen connector, else of the first one that runs.
fn shown_progress(model: &Model) -> Option<(String, Progress, bool)> {
    let chosen = model.chosen().map(|row| row.connector.id);
    let mut ids: Vec<_> = model.overview.connectors.iter().map(|row| row.connector.id).collect();
    ids.sort_by_key(|id| Some(*id) != chosen);
    ids.into_iter().find_map(|id| {
        let mut progress = model.running(id)?;
        progress.cancelling |= model.cancelling.contains(&id);
        let here = Some(id) == chosen;
        let name =
            if here { String::new() } else { format!("{}: ", model.row(id)?.connector.name) };
        Some((name, progress, here && model.started.contains(&id)))
    })
}

fn progress_text(name: &str, progress: &Progress, bar: bool) -> String {
    if progress.cancelling {
        return format!("◐ {name}cancelling… (finishing what is in flight)");
    }
    let module = progress.module.map(|m| format!("{m}  ")).unwrap_or_default();
    let step = if progress.step.is_empty() { "running" } else { progress.step.as_str() };
    let mut text = format!("◐ {name}{module}{step}");
    if let Some(total) = progress.total.filter(|t| *t > 0) {
        text.push_str(&format!(" {} of {}", text::number(progress.done), text::number(total)));
        if bar {
            let filled = usize::try_from(progress.done.min(total) * 8 / total).unwrap_or(0);
            text.push_str(&format!("  {}{}", "▇".repeat(filled), "▁".repeat(8 - filled)));
        }
    } else if progress.done > 0 {
        text.push_str(&format!(" {}", text::number(progress.done)));
    }
    if progress.rate > 0 {
        text.push_str(&format!("  {}/s", text::number(progress.rate)));
        if let Some(left) = progress.total.and_then(|t| t.checked_sub(progress.done)) {
            text.push_str(&format!("  ~{}", text::seconds(left / progress.rate)));
        }
    }
    text
}

/// From this rank on commands stand at the end of the footer, at any width.
const LAST: u8 = 21;

/// The keys that are most useful for what has the keyboard. One that cannot be used now is dim.
pub fn footer(model: &Model, buffer: &mut Buffer) {
    let area = layout::areas(model).footer;
    let mut spans = vec![Span::raw(" ")];
    for command in footer_commands(model) {
        let off = why_not(model, command.id).is_some();
        let key = model.keys.shown(command, model.place());
        spans.push(Span::styled(key, if off { DIM } else { KEY }));
        spans.push(Span::styled(format!(" {}   ", command.title), if off { DIM } else { PLAIN }));
    }
    put_line(buffer, area.x, area.y, area.width, &Line::from(spans));
}

/// The commands in the footer, as many as there is room for.
pub fn footer_commands(model: &Model) -> Vec<&'static commands::Command> {
    let area = layout::areas(model).footer;
    let place = model.place();
    let mut commands: Vec<_> = commands::at(place).filter(|c| c.footer > 0).collect();
    commands.sort_by_key(|c| c.footer);
    // What cannot be done now gives way to what can, where there is no room for all.
    let rare = [
        Id::RunIt,
        Id::Cancel,
        Id::Retry,
        Id::DropEntry,
        Id::Decide,
        Id::Consent,
        Id::SectionNext,
        Id::MapSave,
        Id::MarkField,
    ];
    commands.retain(|c| !rare.contains(&c.id) || why_not(model, c.id).is_none());
    // The tab that is shown already needs no key.
    commands.retain(|c| place != Place::Settings || c.id != Id::TabSettings);
    let held = [Id::HeldConfirm, Id::HeldDrop];
    commands.retain(|c| place != Place::List || !held.contains(&c.id) || is_held_plan(model));
    let key = |c: &'static commands::Command| model.keys.shown(c, place);
    // What has no key is found in the palette.
    commands.retain(|c| !key(c).is_empty());
    let last: Vec<_> = commands.iter().copied().filter(|c| c.footer >= LAST).collect();
    let width = |c: &'static commands::Command| text::width(&key(c)) + text::width(c.title) + 4;
    let mut room = usize::from(area.width).saturating_sub(1);
    room = room.saturating_sub(last.iter().map(|c| width(c)).sum());
    let mut shown = Vec::new();
    for command in commands.into_iter().filter(|c| c.footer < LAST) {
        if width(command) <= room {
            room -= width(command);
            shown.push(command);
        }
    }
    shown.into_iter().chain(last).collect()
}

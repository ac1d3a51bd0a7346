//! The tabs that tell how a connector is set up: its settings; and what
//! is shown when no connector is chosen.

use super::paint::{line, pair, paragraph};
use crate::catalog::{FormField, ServiceModule};
use crate::engine::{Due, Outlook, effective_mode};
use crate::model::{
    ConflictRule, Connector, Crm, Deletes, Direction, Frequency, Mode, Module, ModuleSettings,
    SecretText,
};
use crate::tui::commands::{Id, Place};
use crate::tui::model::Model;
use crate::tui::msg::ConnectorRow;
use crate::tui::text;
use crate::tui::theme::{BOLD, DIM, GOOD, PLAIN, WARN};
use ratatui::text::Line;

/// Columns of the labels.
const LABEL: usize = 26;

fn heading(lines: &mut Vec<Line<'static>>, title: &str) {
    if !lines.is_empty() {
        lines.push(Line::default());
    }
    lines.push(line(title, BOLD));
}

/// A stored setting without its secret.
fn shown(field: &FormField, value: Option<&SecretText>) -> String {
    match value {
        None => "not set".into(),
        Some(SecretText::Reference(text)) => text.clone(),
        Some(SecretText::Plain(text)) if !field.secret => text.clone(),
        Some(_) => "set (not shown)".into(),
    }
}

/// The CRM's settings.
pub fn crm(model: &Model, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let Some(crm) = &model.overview.crm else {
        lines.extend(paragraph(
            "",
            0,
            "No CRM is connected yet. Press e to enter its address, the user and the access key.",
            width,
            PLAIN,
        ));
        return lines;
    };
    heading(&mut lines, "Connection");
    for field in &model.catalog.vtiger.form {
        let value = crm_value(crm, &field.name);
        lines.extend(paragraph(&field.label, LABEL, &shown(field, Some(&value)), width, PLAIN));
    }
    let (admin, style) = match model.overview.admin {
        Some(true) => ("yes", GOOD),
        Some(false) => ("no: settings of connectors cannot be changed", WARN),
        None => ("not checked yet", PLAIN),
    };
    lines.push(pair("Administrator", LABEL, admin, style));
    lines.push(Line::default());
    let key = model.key(Id::Edit, Place::Settings);
    lines.push(line(format!("{key} edits and checks the connection."), DIM));
    lines
}

fn crm_value(crm: &Crm, name: &str) -> SecretText {
    match name {
        "url" => SecretText::Plain(crm.url.clone()),
        "username" => SecretText::Plain(crm.username.clone()),
        _ => crm.access_key.clone(),
    }
}

/// The services that can be connected.
pub fn available(model: &Model, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for service in model.catalog.services() {
        lines.push(line(&service.label, BOLD));
        lines.extend(paragraph("", 2, &service.description, width, PLAIN));
        let modules: Vec<_> = service.modules.keys().map(|m| m.label()).collect();
        lines.extend(paragraph("", 2, &modules.join(", "), width, DIM));
        lines.push(Line::default());
    }
    let open = model.key_like(Id::Open, Place::Connectors, "enter");
    let add = model.key(Id::Add, Place::Connectors);
    lines.push(line(format!("{open} or {add} adds one."), DIM));
    lines
}

/// A connector's settings.
pub fn connector(model: &Model, row: &ConnectorRow, width: usize) -> Vec<Line<'static>> {
    let connector = &row.connector;
    let mut lines = Vec::new();
    heading(&mut lines, "Connection");
    let service = model.catalog.service(&connector.service);
    let label = service.map_or(connector.service.as_str(), |s| s.label.as_str());
    lines.push(pair("Service", LABEL, label, PLAIN));
    lines.push(pair("Name", LABEL, &connector.name, PLAIN));
    for field in service.map(|s| s.form.as_slice()).unwrap_or_default() {
        let value = shown(field, connector.credentials.get(&field.name));
        lines.extend(paragraph(&field.label, LABEL, &value, width, PLAIN));
    }
    heading(&mut lines, "Pre Sync Settings");
    let from = match connector.sync_from.from {
        Some(at) => format!("{} ({})", connector.sync_from.asked, text::date_time(at, &model.zone)),
        None => connector.sync_from.asked.clone(),
    };
    lines.push(pair("Sync Records From", LABEL, &from, PLAIN));
    system(connector, label, &mut lines);
    next_sync(model, connector, width, &mut lines);
    for (module, settings) in &connector.modules {
        let asset = service.and_then(|s| s.modules.get(module));
        let mode = effective_mode(service, settings);
        module_lines(*module, settings, (mode, connector.frequency), (asset, label), &mut lines);
    }
    advanced(connector, &mut lines);
    lines.push(Line::default());
    let words = if model.settings_locked().is_some() { "shows all of them" } else { "edits them" };
    let key = model.key(Id::Edit, Place::Settings);
    lines.push(line(format!("{key} {words}. A file does it too: syncdeck apply FILE."), DIM));
    lines
}

fn system(connector: &Connector, service: &str, lines: &mut Vec<Line<'static>>) {
    heading(lines, "System Settings");
    let enabled = if connector.enabled { "yes" } else { "no: it is not synced" };
    lines.push(pair("Enabled", LABEL, enabled, PLAIN));
    lines.push(pair("Debug Mode", LABEL, if connector.debug { "on" } else { "off" }, PLAIN));
    lines.push(pair("Background Sync Frequency", LABEL, &connector.frequency.to_string(), PLAIN));
    let rule = match connector.conflict {
        ConflictRule::LastUpdated => "last updated record wins".to_owned(),
        ConflictRule::Vtiger => "Vtiger record wins".to_owned(),
        ConflictRule::Service => format!("{service} record wins"),
    };
    lines.push(pair("Conflict Resolution", LABEL, &rule, PLAIN));
}

/// When it is synced by itself next. Instants, so that the screen stays true.
fn next_sync(model: &Model, connector: &Connector, width: usize, lines: &mut Vec<Line<'static>>) {
    let (text, style) = match model.schedule.get(&connector.id) {
        None | Some(Outlook::Off) => return,
        Some(Outlook::Running) => ("it is being synced".to_owned(), PLAIN),
        Some(Outlook::Held(run)) => {
            let key = model.key(Id::Held, Place::Settings);
            (format!("on hold: run {run} waits for your decision ({key})"), WARN)
        }
        Some(Outlook::Due(due)) => {
            let at = text::date_time(due.at, &model.zone);
            let sooner = if due.watched { ", or as soon as a change is seen" } else { "" };
            (format!("{at}{sooner}"), PLAIN)
        }
    };
    lines.extend(paragraph("Next Sync", LABEL, &text, width, style));
    if let Some(Outlook::Due(Due { trouble: Some(error), .. })) = model.schedule.get(&connector.id)
    {
        let why = format!("It is tried again. {}", error.one_line());
        lines.extend(paragraph("", LABEL, &why, width, WARN));
    }
}

fn module_lines(
    module: Module,
    settings: &ModuleSettings,
    (mode, frequency): (Mode, Frequency),
    (asset, service): (Option<&ServiceModule>, &str),
    lines: &mut Vec<Line<'static>>,
) {
    heading(lines, module.label());
    lines.push(pair("Enable sync", LABEL, if settings.enabled { "yes" } else { "no" }, PLAIN));
    lines.push(pair("Sync Direction", LABEL, &direction(settings.direction, service), PLAIN));
    let mode = match (mode, settings.period, frequency) {
        (Mode::Immediately, Some(period), _) => format!("immediately, and every {period}"),
        (Mode::Immediately, None, _) => "immediately".to_owned(),
        (Mode::Cron, Some(period), _) => format!("cron, every {period}"),
        (Mode::Cron, None, Frequency::Off) => "cron, but the frequency is off".to_owned(),
        (Mode::Cron, None, _) => "cron, at the background sync frequency".to_owned(),
    };
    lines.push(pair("Sync Mode", LABEL, &mode, PLAIN));
    let deletes = match settings.deletes {
        Deletes::Off => "off: a deletion is listed once as skipped",
        Deletes::Carry => "carried over",
    };
    lines.push(pair("Deletes", LABEL, deletes, PLAIN));
    let pairs = asset.map_or(0, |a| a.effective_mapping(&settings.mapping).len());
    let own = match settings.mapping.len() {
        0 => String::new(),
        own => format!(", {own} of them your own"),
    };
    lines.push(pair("Field Mapping", LABEL, &format!("{pairs} pairs{own} (3 shows them)"), PLAIN));
}

fn advanced(connector: &Connector, lines: &mut Vec<Line<'static>>) {
    let settings = &connector.advanced;
    let or_default =
        |n: Option<u32>| n.map_or_else(|| "the service's default".into(), |n| n.to_string());
    heading(lines, "Advanced");
    lines.push(pair("Requests at a time", LABEL, &or_default(settings.concurrency), PLAIN));
    lines.push(pair("Requests a second", LABEL, &or_default(settings.requests_per_second), PLAIN));
    let probe = settings.probe_interval.to_string();
    lines.push(pair("Look for changes every", LABEL, &probe, PLAIN));
    lines.push(pair("Complete listing every", LABEL, &settings.full_scan.to_string(), PLAIN));
    lines.push(pair("Wait for late records", LABEL, &settings.settle_wait.to_string(), PLAIN));
    let guard = format!(
        "deletes {}, changes {}, first creates {}",
        settings.guard_deletes,
        settings.guard_changes,
        text::number(settings.guard_creates)
    );
    lines.push(pair("Held for a decision from", LABEL, &guard, PLAIN));
}

fn direction(direction: Direction, service: &str) -> String {
    match direction {
        Direction::Both => format!("Vtiger ↔ {service}"),
        Direction::ToVtiger => format!("{service} → Vtiger"),
        Direction::ToService => format!("Vtiger → {service}"),
    }
}

//! The JSON that scripts rely on: one shape for runs, one for records, one for checks.

use crate::model::{
    Change, CheckReport, ConflictRow, Counts, Held, Item, ModuleCheck, ModuleCounts, Reason,
    ReasonCode, Run, Side, Stamp, Trigger, UserError,
};
use serde::Serialize;

/// A run: `sync --json`, and an element of `log --json`.
#[derive(Debug, Serialize)]
pub struct RunView<'a> {
    /// Its number; null if it could not start.
    pub run: Option<u64>,
    /// The connector's name at that time.
    pub connector: &'a str,
    /// What started it.
    pub trigger: Trigger,
    /// How it stands.
    pub status: &'static str,
    /// When it began.
    pub started: Stamp,
    /// When it ended.
    pub ended: Option<Stamp>,
    /// What a guard holds it for.
    pub held: Option<&'a Held>,
    /// The numbers of each module, in the order of the run.
    pub modules: Vec<ModuleView<'a>>,
    /// Why it failed.
    pub error: Option<&'a UserError>,
}

/// The numbers of a module.
#[derive(Debug, Serialize)]
pub struct ModuleView<'a> {
    module: &'static str,
    available: bool,
    why: Option<&'a str>,
    vtiger: CountsView,
    service: CountsView,
    linked: u64,
    unchanged: u64,
    waiting: u64,
    conflicts: u64,
    standing_skips: u64,
}

#[derive(Debug, Serialize)]
struct CountsView {
    created: u64,
    updated: u64,
    deleted: u64,
    skipped: u64,
}

impl From<Counts> for CountsView {
    fn from(counts: Counts) -> Self {
        let Counts { created, updated, deleted, skipped } = counts;
        Self { created, updated, deleted, skipped }
    }
}

impl<'a> ModuleView<'a> {
    fn new(module: &'static str, counts: &'a ModuleCounts) -> Self {
        Self {
            module,
            available: counts.available,
            why: counts.why.as_deref(),
            vtiger: counts.vtiger.into(),
            service: counts.service.into(),
            linked: counts.linked,
            unchanged: counts.unchanged,
            waiting: counts.waiting,
            conflicts: counts.conflicts,
            standing_skips: counts.standing_skips,
        }
    }
}

impl<'a> From<&'a Run> for RunView<'a> {
    fn from(run: &'a Run) -> Self {
        let modules = &run.modules;
        Self {
            run: Some(run.id),
            connector: &run.connector_name,
            trigger: run.trigger,
            status: run.status.key(),
            started: run.started,
            ended: run.ended,
            held: run.held.as_ref(),
            modules: modules.iter().map(|(m, counts)| ModuleView::new(m.label(), counts)).collect(),
            error: run.error.as_ref(),
        }
    }
}

/// A record of a run: an element of `records --json`.
#[derive(Debug, Serialize)]
pub struct RecordView<'a> {
    run: u64,
    connector: &'a str,
    module: &'static str,
    source_module: &'a str,
    side: Side,
    status: &'static str,
    planned: bool,
    name: &'a str,
    vtiger_id: Option<&'a str>,
    service_id: Option<&'a str>,
    reason: Option<ReasonView<'a>>,
    changes: Vec<ChangeView<'a>>,
    conflict: Option<ConflictView<'a>>,
    vtiger_url: Option<String>,
    service_url: Option<String>,
    time: Stamp,
}

#[derive(Debug, Serialize)]
struct ReasonView<'a> {
    code: ReasonCode,
    text: &'a str,
    next: &'a str,
}

impl<'a> From<&'a Reason> for ReasonView<'a> {
    fn from(reason: &'a Reason) -> Self {
        Self { code: reason.code, text: &reason.text, next: &reason.next }
    }
}

#[derive(Debug, Serialize)]
struct ChangeView<'a> {
    field: &'a str,
    before: &'a str,
    after: &'a str,
    from: &'a str,
}

impl<'a> From<&'a Change> for ChangeView<'a> {
    fn from(change: &'a Change) -> Self {
        let Change { field, before, after, from } = change;
        Self { field, before, after, from }
    }
}

#[derive(Debug, Serialize)]
struct ConflictView<'a> {
    field: &'a str,
    base: Option<&'a str>,
    vtiger: &'a str,
    service: &'a str,
    rule: &'a str,
    winner: Side,
}

impl<'a> From<&'a ConflictRow> for ConflictView<'a> {
    fn from(row: &'a ConflictRow) -> Self {
        Self {
            field: &row.field,
            base: row.base.as_deref(),
            vtiger: &row.vtiger,
            service: &row.service,
            rule: &row.rule,
            winner: row.winner,
        }
    }
}

impl<'a> RecordView<'a> {
    /// The view of an item; `urls` are the pages of the record in Vtiger and in the service.
    pub fn new(run: &'a Run, item: &'a Item, urls: [Option<String>; 2]) -> Self {
        let id = |id: &'a String| (!id.is_empty()).then_some(id.as_str());
        let [vtiger_url, service_url] = urls;
        Self {
            run: run.id,
            connector: &run.connector_name,
            module: item.module.label(),
            source_module: &item.source_module,
            side: item.side,
            status: item.status.key(),
            planned: item.planned,
            name: &item.name,
            vtiger_id: id(&item.vtiger_id),
            service_id: id(&item.service_id),
            reason: item.reason.as_ref().map(ReasonView::from),
            changes: item.changes.iter().map(ChangeView::from).collect(),
            conflict: item.conflict.as_ref().map(ConflictView::from),
            vtiger_url,
            service_url,
            time: item.time,
        }
    }
}

/// What a check found out: an element of `check --json`.
#[derive(Debug, Serialize)]
pub struct CheckView<'a> {
    target: &'a str,
    ok: bool,
    user: Option<&'a str>,
    version: Option<&'a str>,
    admin: Option<bool>,
    skew_s: Option<i64>,
    modules: Vec<ModuleCheckView<'a>>,
    problems: &'a [UserError],
}

#[derive(Debug, Serialize)]
struct ModuleCheckView<'a> {
    module: &'static str,
    read: bool,
    write: bool,
    available: bool,
    why: Option<&'a str>,
}

impl<'a> From<&'a ModuleCheck> for ModuleCheckView<'a> {
    fn from(check: &'a ModuleCheck) -> Self {
        Self {
            module: check.module.label(),
            read: check.read,
            write: check.write,
            available: check.available,
            why: check.why.as_deref(),
        }
    }
}

impl<'a> From<&'a CheckReport> for CheckView<'a> {
    fn from(report: &'a CheckReport) -> Self {
        Self {
            target: &report.target,
            ok: report.ok,
            user: report.user.as_deref(),
            version: report.version.as_deref(),
            admin: report.admin,
            skew_s: report.skew_s,
            modules: report.modules.iter().map(ModuleCheckView::from).collect(),
            problems: &report.problems,
        }
    }
}

#[cfg(test)]
mod tests;

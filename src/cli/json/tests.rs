//! The keys are a promise to scripts: they are written down here once more.

use super::*;
use crate::model::{ItemStatus, Module, RunStatus};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn run() -> Run {
    let mut counts = ModuleCounts::default();
    counts.count(Side::Vtiger, ItemStatus::Created);
    counts.count(Side::Service, ItemStatus::Skipped);
    counts.count(Side::Service, ItemStatus::Conflict);
    Run {
        id: 7,
        connector: 1,
        connector_name: "shop".into(),
        trigger: Trigger::Manual,
        status: RunStatus::Held,
        started: Stamp::parse("2026-11-21T12:41:00Z").unwrap(),
        ended: None,
        held: Some(Held {
            guard: "deletes".into(),
            counts: BTreeMap::from([("contacts.gone".into(), 12)]),
            threshold: "Contacts: 12".into(),
        }),
        modules: BTreeMap::from([
            (Module::Contacts, ModuleCounts::default()),
            (Module::Products, counts),
        ]),
        error: Some(UserError::new("a", "b", "c")),
        requests: 3,
        retries: 0,
        progress: None,
    }
}

fn value(view: &impl Serialize) -> Value {
    serde_json::to_value(view).unwrap()
}

#[test]
fn a_run_has_exactly_these_keys() {
    let quiet = json!({"created": 0, "updated": 0, "deleted": 0, "skipped": 0});
    let expected = json!({
        "run": 7, "connector": "shop", "trigger": "manual", "status": "held",
        "started": "2026-11-21T12:41:00Z", "ended": null,
        "held": {"guard": "deletes", "counts": {"contacts.gone": 12}, "threshold": "Contacts: 12"},
        "modules": [
            {"module": "Products", "available": true, "why": null,
             "vtiger": {"created": 1, "updated": 0, "deleted": 0, "skipped": 0},
             "service": {"created": 0, "updated": 0, "deleted": 0, "skipped": 1},
             "linked": 0, "unchanged": 0, "waiting": 0, "conflicts": 1, "standing_skips": 0},
            {"module": "Contacts", "available": true, "why": null,
             "vtiger": quiet, "service": quiet,
             "linked": 0, "unchanged": 0, "waiting": 0, "conflicts": 0, "standing_skips": 0},
        ],
        "error": {"what": "a", "why": "b", "next": "c"},
    });
    assert_eq!(value(&RunView::from(&run())), expected);
}

#[test]
fn a_record_has_exactly_these_keys() {
    let item = Item {
        module: Module::SalesOrders,
        side: Side::Service,
        status: ItemStatus::Skipped,
        source_module: "SalesOrder".into(),
        name: "SO7".into(),
        vtiger_id: "5x9".into(),
        service_id: String::new(),
        planned: true,
        reason: Some(Reason::new(ReasonCode::TooLong, "name", "")),
        changes: vec![Change {
            field: "name".into(),
            before: "x".into(),
            after: "y".into(),
            from: "subject".into(),
        }],
        conflict: Some(ConflictRow {
            field: "name".into(),
            base: None,
            vtiger: "x".into(),
            service: "y".into(),
            rule: "last-updated".into(),
            winner: Side::Vtiger,
        }),
        time: Stamp::parse("2026-11-21T12:41:00Z").unwrap(),
    };
    let run = run();
    let expected = json!({
        "run": 7, "connector": "shop", "module": "Sales Orders", "source_module": "SalesOrder",
        "side": "service", "status": "skipped", "planned": true, "name": "SO7",
        "vtiger_id": "5x9", "service_id": null,
        "reason": {"code": "too_long", "text": ReasonCode::TooLong.sentence(),
                   "next": ReasonCode::TooLong.next()},
        "changes": [{"field": "name", "before": "x", "after": "y", "from": "subject"}],
        "conflict": {"field": "name", "base": null, "vtiger": "x", "service": "y",
                     "rule": "last-updated", "winner": "vtiger"},
        "vtiger_url": "http://crm/5x9", "service_url": null, "time": "2026-11-21T12:41:00Z",
    });
    let view = RecordView::new(&run, &item, [Some("http://crm/5x9".into()), None]);
    assert_eq!(value(&view), expected);
}

#[test]
fn a_check_has_exactly_these_keys() {
    let report = CheckReport {
        target: "shop".into(),
        ok: false,
        user: Some("ann".into()),
        version: None,
        admin: None,
        skew_s: Some(-2),
        modules: vec![ModuleCheck {
            module: Module::Contacts,
            read: true,
            write: false,
            available: true,
            why: Some("The key only reads.".into()),
        }],
        problems: vec![UserError::new("a", "b", "c")],
    };
    let expected = json!({
        "target": "shop", "ok": false, "user": "ann", "version": null, "admin": null,
        "skew_s": -2,
        "modules": [{"module": "Contacts", "read": true, "write": false, "available": true,
                     "why": "The key only reads."}],
        "problems": [{"what": "a", "why": "b", "next": "c"}],
    });
    assert_eq!(value(&CheckView::from(&report)), expected);
}

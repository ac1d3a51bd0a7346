//! The log in words.

use super::*;
use crate::model::{Held, ItemStatus, Module, ModuleCounts, Trigger, UserError};

fn run(status: RunStatus) -> Run {
    let mut counts = ModuleCounts { unchanged: 1200, ..ModuleCounts::default() };
    counts.count(Side::Vtiger, ItemStatus::Created);
    counts.count(Side::Service, ItemStatus::Skipped);
    counts.count(Side::Service, ItemStatus::Conflict);
    let gone = ModuleCounts {
        available: false,
        why: Some("Vtiger has no such module.".into()),
        ..ModuleCounts::default()
    };
    Run {
        id: 7,
        connector: 1,
        connector_name: "shop".into(),
        trigger: Trigger::Manual,
        status,
        started: Stamp::from_secs(1_000_000_000),
        ended: Some(Stamp::from_secs(1_000_000_062)),
        held: None,
        modules: BTreeMap::from([(Module::Contacts, counts), (Module::Payments, gone)]),
        error: None,
        requests: 0,
        retries: 0,
        progress: None,
    }
}

#[test]
fn the_two_tables_have_a_row_for_each_module() {
    let run = run(RunStatus::Completed);
    let [date, time] = local(run.started);
    let expected = format!(
        "Vtiger CRM\n  \
           Run  Date        Time   Module    Created  Updated  Deleted  Skipped\n    \
             7  {date}  {time}  Contacts        1        0        0        0\n\
         WooCommerce\n  \
           Run  Date        Time   Module    Created  Updated  Deleted  Skipped\n    \
             7  {date}  {time}  Contacts        0        0        0        1\n"
    );
    assert_eq!(tables("WooCommerce", None, &[&run]), expected);
}

#[test]
fn what_the_numbers_do_not_tell_is_told_beside_them() {
    let expected = "Run 7 completed in 1 min 2 s.\n  \
        beside the numbers: 1,200 unchanged, 1 conflicting value\n  \
        Payments: not available here. Vtiger has no such module.\n";
    assert_eq!(notes(&run(RunStatus::Completed)), expected);
}

#[test]
fn every_ending_is_a_sentence() {
    let mut failed = run(RunStatus::Failed);
    failed.error = Some(UserError::new("No answer.", "The host is unknown.", "Check the URL."));
    assert_eq!(ending(&failed), "failed. No answer. The host is unknown. Check the URL.");
    let mut held = run(RunStatus::Held);
    held.held = Some(Held {
        guard: "deletes".into(),
        counts: BTreeMap::new(),
        threshold: "Contacts: 12 are gone".into(),
    });
    let sentence = "is held: Contacts: 12 are gone. Nothing was written; a decision is needed.";
    assert_eq!(ending(&held), sentence);
}

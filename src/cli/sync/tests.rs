//! How a run ends the program.

use super::*;
use crate::model::{ItemStatus, ModuleCounts, Side, UserError};
use std::collections::BTreeMap;

fn run(status: RunStatus, skip: bool) -> Run {
    let mut counts = ModuleCounts { standing_skips: 5, ..ModuleCounts::default() };
    if skip {
        counts.count(Side::Vtiger, ItemStatus::Skipped);
    }
    Run {
        id: 1,
        connector: 1,
        connector_name: "shop".into(),
        trigger: Trigger::Manual,
        status,
        started: Stamp(0),
        ended: None,
        held: None,
        modules: BTreeMap::from([(Module::Contacts, counts)]),
        error: None,
        requests: 0,
        retries: 0,
        progress: None,
    }
}

#[test]
fn exit_codes_follow_the_run() {
    for (status, skip, exit) in [
        (RunStatus::Completed, false, Exit::Done),
        (RunStatus::Completed, true, Exit::Skipped),
        (RunStatus::Preview, true, Exit::Done),
        (RunStatus::Held, true, Exit::Held),
        (RunStatus::Dropped, false, Exit::Done),
        (RunStatus::Cancelled, true, Exit::Interrupted),
        (RunStatus::Failed, false, Exit::Failed),
    ] {
        assert_eq!(exit_of(&run(status, skip)), exit, "{status:?}");
    }
}

#[test]
fn a_connector_that_could_not_start_has_its_place_in_the_array() {
    let error = UserError::new("Busy.", "", "");
    let one =
        Synced { connector: "shop".into(), started: Stamp(0), result: Err(SyncError::Busy(error)) };
    let value = serde_json::to_value(view(&one)).unwrap();
    assert_eq!(value["run"], serde_json::Value::Null);
    assert_eq!(value["connector"], "shop");
    assert_eq!(value["error"]["what"], "Busy.");
}

//! Rows with something in every field.

use crate::model::*;
use std::collections::BTreeMap;

pub fn stamp(n: i64) -> Stamp {
    Stamp(1_795_000_000_000 + n)
}

pub fn reason() -> Reason {
    Reason {
        code: ReasonCode::TooLong,
        field: "lastname".into(),
        text: "Too long: Ž".into(),
        next: "Cut it.".into(),
        candidates: Vec::new(),
    }
}

pub fn link(vtiger_id: &str, service_id: &str) -> Link {
    Link {
        vtiger_id: vtiger_id.into(),
        service_id: service_id.into(),
        vtiger_print: u128::MAX - 1,
        service_print: 7,
        pairs: vec![
            PairState {
                pair: 4_000_000_000,
                base: Base::Value("Zoë".into()),
                vtiger: None,
                service: Some(u64::MAX),
            },
            PairState { pair: 2, base: Base::Hash(300), vtiger: Some(1), service: None },
            PairState { pair: 3, base: Base::Unknown, vtiger: None, service: None },
        ],
        vtiger_stamp: Some(stamp(0)),
        service_stamp: Some(Stamp(-5)),
        revision: 1_000_000,
        origin: LinkOrigin::Matched,
    }
}

pub fn change() -> Change {
    Change {
        field: "phone".into(),
        before: String::new(),
        after: "+49 1".into(),
        from: "billing.phone".into(),
    }
}

pub fn intent(target: Side, source_id: &str) -> Intent {
    Intent {
        target,
        source_id: source_id.into(),
        kind: IntentKind::Update,
        target_id: "12x4".into(),
        match_key: "a@b.c".into(),
        print: 1 << 100,
        run: 3,
        sent: stamp(1),
        tries: 2,
        name: "Ada".into(),
        changes: vec![change()],
    }
}

pub fn parked(side: Side, id: &str) -> Parked {
    Parked {
        side,
        id: id.into(),
        name: "Ada".into(),
        reason: Some(reason()),
        since: stamp(2),
        tries: 4,
        next_try: stamp(3),
        print: Some(97),
        revision: 300,
        gone: false,
    }
}

pub fn skip(side: Side, id: &str) -> Skip {
    let mut reason = reason();
    reason.candidates.push(Candidate { id: "7".into(), name: "Bo".into() });
    Skip {
        side,
        id: id.into(),
        name: "Ada".into(),
        reason,
        print: 99,
        revision: 5,
        run: 6,
        decided: Some(Decided { verdict: Verdict::CreateNew, at: stamp(6) }),
        stamp: Some(stamp(6)),
    }
}

pub fn tomb(side: Side, id: &str) -> Tomb {
    Tomb {
        side,
        id: id.into(),
        print: 98,
        run: 7,
        values: vec![("lastname".into(), "Byron".into())],
        other: "12x7".into(),
        stays: true,
    }
}

pub fn cursor() -> Cursor {
    Cursor {
        mark: Some("2026-11-21 12:00:00".into()),
        deletions: Some("1795263600".into()),
        last_complete: Some(stamp(4)),
        revision: 8,
    }
}

pub fn debug_entry(request: &str) -> DebugEntry {
    DebugEntry {
        number: 300,
        run: Some(9),
        time: stamp(6),
        system: "Vtiger".into(),
        request: request.into(),
        body: "a=Zoë".into(),
        status: 502,
        answer: "<html>".into(),
        millis: 1_000,
        sent: 6,
        received: 70_000,
    }
}

pub fn item(module: Module, side: Side, status: ItemStatus, name: &str) -> Item {
    Item {
        module,
        side,
        status,
        source_module: "customers".into(),
        name: name.into(),
        vtiger_id: "12x4".into(),
        service_id: "43".into(),
        planned: true,
        reason: Some(reason()),
        changes: vec![change()],
        conflict: Some(ConflictRow {
            field: "phone".into(),
            base: Some("1".into()),
            vtiger: "2".into(),
            service: "3".into(),
            rule: "tie".into(),
            winner: Side::Service,
        }),
        time: stamp(5),
    }
}

/// A run as the engine starts it.
pub fn new_run(connector: ConnectorId) -> Run {
    Run {
        id: 0,
        connector,
        connector_name: "shop".into(),
        trigger: Trigger::Schedule,
        status: RunStatus::Running,
        started: stamp(0),
        ended: None,
        held: None,
        modules: BTreeMap::new(),
        error: None,
        requests: 0,
        retries: 0,
        progress: None,
    }
}

/// A run with something in every field.
pub fn full_run() -> Run {
    let mut counts = ModuleCounts {
        available: false,
        why: Some("no right".into()),
        unchanged: 5,
        standing_skips: 6,
        ..ModuleCounts::default()
    };
    for status in ItemStatus::ALL {
        counts.count(Side::Vtiger, status);
        counts.count(Side::Service, status);
    }
    Run {
        id: 9,
        status: RunStatus::Held,
        ended: Some(stamp(9)),
        held: Some(Held {
            guard: "deletes".into(),
            counts: [("contacts.vtiger".to_owned(), 300)].into(),
            threshold: "10%".into(),
        }),
        modules: [(Module::Contacts, counts)].into(),
        error: Some(UserError::new("what", "why", "next")),
        requests: 1000,
        retries: 1,
        progress: Some(Progress {
            module: Some(Module::Products),
            step: "reading".into(),
            done: 1,
            total: Some(2),
            rate: 3,
            cancelling: true,
        }),
        ..new_run(4)
    }
}

pub fn connector(name: &str) -> Connector {
    let settings = ModuleSettings {
        enabled: true,
        direction: Direction::ToVtiger,
        mode: Some(Mode::Cron),
        period: Some(Period::secs(300)),
        deletes: Deletes::Carry,
        mapping: vec![Pair {
            transform: vec![Transform::Truncate { length: 3 }],
            service: vec!["a".into(), "b".into()],
            ..Pair::new("cf_1", "x")
        }],
    };
    Connector {
        id: 0,
        name: name.into(),
        service: "woocommerce".into(),
        enabled: true,
        credentials: [
            ("key".to_owned(), SecretText::Sealed("v1:x".into())),
            ("url".to_owned(), SecretText::Plain("https://x".into())),
        ]
        .into(),
        sync_from: SyncFrom { asked: "30d".into(), from: Some(stamp(0)) },
        frequency: Frequency::Every(Period::secs(900)),
        conflict: ConflictRule::Service,
        debug: true,
        modules: [(Module::Contacts, settings)].into(),
        advanced: Advanced {
            external_id_fields: [(Module::Contacts, "cf_900".to_owned())].into(),
            service_id_fields: [(Module::Contacts, "Vtiger_ID".to_owned())].into(),
            ..Advanced::default()
        },
    }
}

//! The rows that the store is filled with: outcomes and links as a first sync of customers leaves
//! them.

use std::collections::BTreeMap;
use syncdeck::model::{
    Advanced, Base, Change as Field, ConflictRule, Connector, Counts, Deletes, Direction,
    Frequency, Item, ItemStatus, Link, LinkOrigin, Module, ModuleCounts, ModuleSettings, PairState,
    Run, RunStatus, SecretText, Side, Stamp, SyncFrom, Trigger,
};

/// The names are mixed so that no order of the store is that of a column.
const FIRST: [&str; 12] = [
    "Anna", "Björn", "Çelik", "Dorota", "Émile", "Fatima", "Günther", "Hana", "Íris", "José",
    "Kwame", "Lucía",
];
const LAST: [&str; 12] = [
    "Müller", "Novák", "O'Brien", "Petrov", "Quist", "Rossi", "Şahin", "Tanaka", "Ünal", "Vasquez",
    "Wójcik", "Yılmaz",
];

/// A number that looks like chance.
fn mixed(n: u64) -> u64 {
    let mut x = n.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

fn pick<'a>(from: &[&'a str], n: u64) -> &'a str {
    from[usize::try_from(n % from.len() as u64).unwrap()]
}

/// A connector that never syncs by itself.
pub fn connector() -> Connector {
    let module = ModuleSettings {
        enabled: true,
        direction: Direction::Both,
        mode: None,
        period: None,
        deletes: Deletes::Off,
        mapping: Vec::new(),
    };
    Connector {
        id: 0,
        name: "shop".into(),
        service: "woocommerce".into(),
        enabled: true,
        credentials: BTreeMap::from([(
            "app_url".into(),
            SecretText::Plain("https://shop.example.com".into()),
        )]),
        sync_from: SyncFrom::all(),
        frequency: Frequency::Off,
        conflict: ConflictRule::LastUpdated,
        debug: false,
        modules: BTreeMap::from([(Module::Contacts, module)]),
        advanced: Advanced::default(),
    }
}

/// A run that has not ended.
pub fn run(started: Stamp) -> Run {
    Run {
        id: 0,
        connector: 1,
        connector_name: "shop".into(),
        trigger: Trigger::Manual,
        status: RunStatus::Running,
        started,
        ended: None,
        held: None,
        modules: BTreeMap::from([(Module::Contacts, ModuleCounts::default())]),
        error: None,
        requests: 0,
        retries: 0,
        progress: None,
    }
}

/// A run that ended, with numbers but without rows.
pub fn past_run(n: u64, started: Stamp) -> Run {
    let vtiger = Counts { created: n % 7, updated: n % 13, ..Counts::default() };
    let counts = ModuleCounts { vtiger, unchanged: 1_000, ..ModuleCounts::default() };
    Run {
        status: RunStatus::Completed,
        ended: Some(started),
        modules: BTreeMap::from([(Module::Contacts, counts)]),
        ..run(started)
    }
}

/// What became of a customer: created in Vtiger, with eight fields.
pub fn outcome(n: u64, started: Stamp) -> Item {
    let m = mixed(n);
    let (first, last) = (pick(&FIRST, m), pick(&LAST, m >> 8));
    let field = |field: &str, from: &str, after: String| Field {
        field: field.into(),
        before: String::new(),
        after,
        from: from.into(),
    };
    Item {
        module: Module::Contacts,
        side: Side::Vtiger,
        status: ItemStatus::Created,
        source_module: "customers".into(),
        name: format!("{first} {last} {}", m % 100_000),
        vtiger_id: format!("12x{}", 1_000_000 + n),
        // In another order than the store's, and yet near each other, as ids are.
        service_id: (50_000_000 - n).to_string(),
        planned: false,
        reason: None,
        changes: vec![
            field("firstname", "first_name", first.into()),
            field("lastname", "last_name", last.into()),
            field("email", "email", format!("customer{n}@example.com")),
            field("phone", "billing.phone", format!("+49 30 {:07}", m % 10_000_000)),
            field("mailingstreet", "billing.address_1", format!("Hauptstraße {}", m % 300)),
            field("mailingcity", "billing.city", "Berlin".into()),
            field("mailingzip", "billing.postcode", format!("{:05}", m % 100_000)),
            field("mailingcountry", "billing.country", "Germany".into()),
        ],
        conflict: None,
        time: Stamp(started.0 + i64::try_from(n / 50).unwrap()),
    }
}

/// The link that was made with it.
pub fn link(n: u64, started: Stamp) -> Link {
    let item = outcome(n, started);
    let pairs = item.changes.iter().zip(1..).map(|(change, pair)| PairState {
        pair,
        base: Base::of(&change.after),
        vtiger: None,
        service: None,
    });
    Link {
        vtiger_id: item.vtiger_id.clone(),
        service_id: format!("s{n}"),
        vtiger_print: u128::from(mixed(n)) << 64,
        service_print: u128::from(mixed(n + 1)) << 64,
        pairs: pairs.collect(),
        vtiger_stamp: Some(started),
        service_stamp: Some(started),
        revision: mixed(7),
        origin: LinkOrigin::Created,
    }
}

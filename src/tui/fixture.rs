//! A hand-made model for tests, and a small world that answers its effects.

pub mod consent;
mod debug;
pub mod fields;
mod queue;

pub use queue::queue;

use super::keys::Key;
use super::model::{Model, Pane};
use super::msg::{
    Arranged, ConnectorDeed, ConnectorRow, Effect, Exported, Links, Msg, Overview, Page, Row,
    RowKey, Source,
};
use super::order::Order;
use super::theme::{Palette, Theme};
use super::update::{start, update};
use crate::catalog::Catalog;
use crate::engine::queue::Select;
use crate::model::{
    Advanced, Change, CheckReport, ConflictRow, ConflictRule, Connector, Crm, Deletes, Direction,
    Frequency, Held, Item, ItemStatus, Module, ModuleCheck, ModuleCounts, ModuleSettings, Progress,
    Reason, ReasonCode, Run, RunStatus, SecretText, Side, Stamp, SyncFrom, Trigger, UserError,
};
use crate::store::Belongings;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

/// The present instant of all tests.
pub fn now() -> Stamp {
    at("2026-11-21T12:45:00Z")
}

pub fn at(text: &str) -> Stamp {
    Stamp::parse(text).unwrap()
}

pub fn connector(id: u32, name: &str) -> Connector {
    let module = |direction| ModuleSettings {
        enabled: true,
        direction,
        mode: None,
        period: None,
        deletes: Deletes::Off,
        mapping: Vec::new(),
    };
    Connector {
        id,
        name: name.into(),
        service: "woocommerce".into(),
        enabled: true,
        credentials: BTreeMap::from([
            ("app_url".into(), SecretText::Plain("https://shop.example.com".into())),
            ("consumer_key".into(), SecretText::Reference("env:SHOP_KEY".into())),
            ("consumer_secret".into(), SecretText::Sealed("c2VhbGVk".into())),
        ]),
        sync_from: SyncFrom::all(),
        frequency: Frequency::Off,
        conflict: ConflictRule::LastUpdated,
        debug: false,
        modules: BTreeMap::from([
            (Module::Products, module(Direction::Both)),
            (Module::Contacts, module(Direction::Both)),
        ]),
        advanced: Advanced::default(),
    }
}

pub fn run(id: u64, connector: u32, status: RunStatus, started: &str) -> Run {
    let mut contacts = ModuleCounts { linked: 96, unchanged: 1_204, ..ModuleCounts::default() };
    contacts.vtiger.created = 96;
    contacts.vtiger.updated = 3;
    contacts.vtiger.skipped = 2;
    contacts.service.created = 4;
    contacts.conflicts = 2;
    let mut products = ModuleCounts { unchanged: 100_234, waiting: 1, ..ModuleCounts::default() };
    products.vtiger.created = 12;
    products.service.updated = 1_234_567;
    Run {
        id,
        connector,
        connector_name: "shop".into(),
        trigger: Trigger::Manual,
        status,
        started: at(started),
        ended: Some(at(started).plus(std::time::Duration::from_secs(130))),
        held: None,
        modules: BTreeMap::from([(Module::Products, products), (Module::Contacts, contacts)]),
        error: None,
        requests: 1_310,
        retries: 2,
        progress: None,
    }
}

pub fn auth_error() -> UserError {
    UserError::new(
        "The shop refused the consumer key.",
        "https://shop.example.com answered 401 woocommerce_rest_cannot_view to GET /wp-json/wc/v3/customers.",
        "Make a new key with Read/Write permission under WooCommerce > Settings > Advanced > REST API, and enter it in the connection.",
    )
}

pub fn held_run() -> Run {
    Run {
        held: Some(Held {
            guard: "deletes".into(),
            counts: BTreeMap::from([
                ("contacts.gone".into(), 140),
                ("products.gone".into(), 2_310),
                ("products.vtiger.created".into(), 12),
                ("products.changed".into(), 0),
            ]),
            threshold: "Products: 2310 linked records are gone, 983 are let through".into(),
        }),
        ..run(41, 3, RunStatus::Held, "2026-11-20T23:10:00Z")
    }
}

/// The runs of the first connector.
pub fn runs() -> Vec<Run> {
    let mut failed = run(40, 1, RunStatus::Failed, "2026-11-20T18:00:00Z");
    failed.modules.clear();
    failed.error = Some(auth_error());
    let mut quiet = run(39, 1, RunStatus::Completed, "2026-11-19T12:41:00Z");
    quiet.trigger = Trigger::Schedule;
    for counts in quiet.modules.values_mut() {
        *counts = ModuleCounts { unchanged: 500, ..ModuleCounts::default() };
    }
    vec![
        run(42, 1, RunStatus::Completed, "2026-11-21T12:41:00Z"),
        failed,
        quiet,
        run(38, 1, RunStatus::Preview, "2026-11-18T09:00:00Z"),
    ]
}

pub fn item(key: RowKey, part: super::msg::Part, plan: bool) -> Item {
    let names =
        ["Anna Müller", "山田 太郎", "محمد علي", "Zoë \u{1b}[31m O'Brien", "Łukasz Żółć", "=cmd()"];
    let n = key.position();
    let name = names[usize::try_from(n).unwrap_or(0) % names.len()];
    let waits = matches!(part.status, ItemStatus::Skipped | ItemStatus::Waiting);
    Item {
        module: part.module,
        side: part.side,
        status: part.status,
        source_module: "Customers".into(),
        name: format!("{name} {n}"),
        vtiger_id: if part.side == Side::Vtiger && plan {
            String::new()
        } else {
            format!("12x{n}")
        },
        service_id: format!("{}", n + 1),
        planned: plan,
        reason: waits.then(|| {
            Reason::new(
                ReasonCode::MandatoryFieldEmpty,
                "lastname",
                "lastname (Last Name) is empty in the shop.",
            )
        }),
        changes: vec![
            Change {
                field: "lastname".into(),
                before: String::new(),
                after: name.into(),
                from: "last_name | billing.last_name".into(),
            },
            Change {
                field: "mailingcity".into(),
                before: "Köln".into(),
                after: "東京都千代田区".into(),
                from: "billing.city".into(),
            },
        ],
        conflict: (part.status == ItemStatus::Conflict).then(|| ConflictRow {
            field: "phone".into(),
            base: Some("+49 1".into()),
            vtiger: "+49 2".into(),
            service: "+49 3".into(),
            rule: "last-updated".into(),
            winner: Side::Service,
        }),
        time: now(),
    }
}

/// What the store would say the lengths are.
pub fn lengths(source: &Source) -> Vec<u64> {
    let all = runs().into_iter().chain([held_run()]);
    let run = all
        .into_iter()
        .find(|r| r.id == source.run)
        .unwrap_or_else(|| run(source.run, 1, RunStatus::Preview, "2026-11-21T12:44:00Z"));
    source
        .parts
        .iter()
        .map(|part| match part.status {
            ItemStatus::Conflict if part.module == Module::Contacts => 1,
            ItemStatus::Linked if part.side == Side::Vtiger => run.modules[&part.module].linked,
            ItemStatus::Waiting if part.side == Side::Vtiger => run.modules[&part.module].waiting,
            ItemStatus::Conflict | ItemStatus::Linked | ItemStatus::Waiting => 0,
            _ => super::log::number(&run, *part),
        })
        .collect()
}

pub fn overview() -> Overview {
    let row = |connector, last, waiting| ConnectorRow {
        connector,
        last,
        waiting,
        skips: BTreeMap::new(),
        undecided: 0,
        holder: None,
        held: None,
    };
    let mut failed = run(37, 2, RunStatus::Failed, "2026-11-21T02:00:00Z");
    failed.error = Some(auth_error());
    Overview {
        crm: Some(Crm {
            url: "https://crm.example.com/webservice.php".into(),
            username: "sync".into(),
            access_key: SecretText::Sealed("x".into()),
            allow_http: false,
            ca_file: None,
        }),
        admin: Some(true),
        connectors: vec![
            ConnectorRow {
                skips: BTreeMap::from([(Module::Contacts, 12)]),
                ..row(connector(1, "shop"), runs().into_iter().next(), 3)
            },
            row(connector(2, "outlet"), Some(failed), 0),
            row(connector(3, "wholesale-eu"), Some(held_run()), 0),
            row(connector(4, "new"), None, 0),
        ],
    }
}

/// A model in which a sync of the third connector is held.
pub fn with_held(size: (u16, u16)) -> World {
    let mut world = model(size);
    world.overview.connectors[2].held = Some(held_run());
    world.send(Msg::StoreChanged);
    world
}

pub fn report() -> CheckReport {
    let check =
        |module, write| ModuleCheck { module, read: true, write, available: true, why: None };
    CheckReport {
        target: "vtiger".into(),
        ok: true,
        user: Some("sync".into()),
        version: Some("8.2.0".into()),
        admin: Some(true),
        skew_s: Some(-2),
        modules: vec![
            check(Module::Products, true),
            check(Module::Contacts, false),
            ModuleCheck {
                available: false,
                why: Some("this Vtiger has no Payments".into()),
                ..check(Module::Payments, false)
            },
        ],
        problems: Vec::new(),
    }
}

/// What became of a record in three runs.
pub fn history() -> Vec<(u64, Item)> {
    let of = |run: u64, status, time: &str| {
        let part = super::msg::Part { module: Module::Contacts, side: Side::Vtiger, status };
        (run, Item { time: at(time), ..item(RowKey::new(0, 0), part, false) })
    };
    vec![
        of(42, ItemStatus::Updated, "2026-11-21T12:41:07Z"),
        of(42, ItemStatus::Conflict, "2026-11-21T12:41:06Z"),
        of(39, ItemStatus::Created, "2026-11-19T12:41:30Z"),
        of(36, ItemStatus::Skipped, "2026-11-17T08:00:02Z"),
    ]
}

/// A model before anything was read.
pub fn empty(size: (u16, u16)) -> Model {
    static CATALOG: LazyLock<Arc<Catalog>> =
        LazyLock::new(|| Arc::new(Catalog::built_in().unwrap()));
    let catalog = Arc::clone(&CATALOG);
    let theme = Theme { colour: true, ascii: false, links: false, palette: Palette::USUAL };
    let mut model = Model::new(catalog, theme, TimeZone::UTC, size);
    model.now = now();
    model.folder = PathBuf::from("/home/admin");
    model
}

/// A model over the world of this file.
pub fn model(size: (u16, u16)) -> World {
    let mut world =
        World { model: empty(size), seen: Vec::new(), overview: overview(), debug_log: 1_234 };
    let effects = start(&mut world.model);
    world.answer(effects);
    assert_eq!(world.model.pane, Pane::Body);
    world
}

/// A model at its start over another overview.
pub fn of(size: (u16, u16), overview: Overview) -> World {
    let mut world = World { model: empty(size), seen: Vec::new(), overview, debug_log: 0 };
    let effects = start(&mut world.model);
    world.answer(effects);
    world
}

/// A model, and a world that answers its effects at once.
pub struct World {
    pub model: Model,
    /// The effects so far.
    pub seen: Vec<Effect>,
    /// What the store holds.
    pub overview: Overview,
    /// How long the first connector's debug log is.
    pub debug_log: u64,
}

impl World {
    /// A world in which nothing is set up.
    pub fn blank(size: (u16, u16)) -> Self {
        let mut world = Self {
            model: empty(size),
            seen: Vec::new(),
            overview: Overview::default(),
            debug_log: 0,
        };
        let effects = start(&mut world.model);
        world.answer(effects);
        world
    }

    pub fn send(&mut self, msg: Msg) -> &mut Self {
        let effects = update(&mut self.model, msg);
        self.answer(effects);
        self
    }

    /// Presses keys, given by their names: `"j j enter ctrl-s"`.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        for name in keys.split(' ').filter(|name| !name.is_empty()) {
            let key = Key::parse(name).unwrap_or_else(|| panic!("no key {name}"));
            self.send(Msg::Key(key));
        }
        self
    }

    /// Types text.
    pub fn type_text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            self.send(Msg::Key(Key::char(c)));
        }
        self
    }

    fn answer(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.seen.push(effect.clone());
            if let Some(msg) = self.reply(effect) {
                self.send(msg);
            }
        }
    }

    /// What the world answers. Syncs, checks and saves are left open.
    fn reply(&self, effect: Effect) -> Option<Msg> {
        Some(match effect {
            Effect::Overview => Msg::Overview(Some(Box::new(self.overview.clone()))),
            Effect::Runs { connector, generation, .. } => {
                let runs = match connector {
                    1 => runs(),
                    3 => vec![held_run()],
                    _ => Vec::new(),
                };
                Msg::Runs { connector, generation, runs, more: false }
            }
            Effect::Page(request) => {
                let lengths = lengths(&request.source);
                let (mut from, count, mut around) = (request.from, request.count, None);
                let keys = match &request.order {
                    Some(order) => {
                        if let Some(key) = request.around {
                            let at = order.index_of(key).unwrap();
                            from = at.map_or(0, |at| at.saturating_sub(count as u64 / 2));
                            around = Some((key, at));
                        }
                        order.keys(from, count).unwrap()
                    }
                    None => {
                        let all = lengths
                            .iter()
                            .enumerate()
                            .flat_map(|(p, n)| (0..*n).map(move |at| RowKey::new(p, at)));
                        all.skip(usize::try_from(from).unwrap()).take(count).collect()
                    }
                };
                let plan = request.source.parts.len() > 4;
                let rows = keys.into_iter().map(|key| Row {
                    key,
                    item: item(key, request.source.parts[key.part()], plan),
                });
                Msg::Page(Page { view: request.view, lengths, from, rows: rows.collect(), around })
            }
            Effect::Arrange { source, generation, arrangement } => {
                let lengths = lengths(&source);
                let all = lengths
                    .iter()
                    .enumerate()
                    .flat_map(|(p, n)| (0..*n).map(move |at| RowKey::new(p, at)));
                let plan = source.parts.len() > 4;
                let shown = all.filter(|key| {
                    arrangement.sift.passes(&item(*key, source.parts[key.part()], plan))
                });
                let mut order: Vec<_> = shown.collect();
                if matches!(arrangement.sort, Some((_, true))) {
                    order.reverse();
                }
                let made = Ok(Arranged { lengths, order: Order::of(order) });
                Msg::Arranged { generation, made }
            }
            Effect::Queue { connector, filter, .. } => {
                let mut rows = queue();
                let select = Select { text: filter.clone(), ..Select::default() };
                rows.entries.retain(|entry| select.takes(entry));
                Msg::Queue { connector, filter, rows }
            }
            Effect::Standing { generation, select, .. } => {
                let mut entries = queue().entries;
                entries.retain(|entry| select.takes(entry));
                Msg::Standing { generation, entries }
            }
            Effect::Consent { id, ask } => return consent::reply(id, &ask, self.model.now),
            Effect::History { id, .. } => Msg::History { id, rows: history() },
            Effect::Debug(ask) => return debug::reply(ask, self.debug_log),
            Effect::Mapping(ask) => return fields::reply(ask, &self.overview),
            Effect::Links { generation, item, .. } => {
                let link =
                    |base: &str, id: &str| (!id.is_empty()).then(|| format!("https://{base}{id}"));
                let links = Links {
                    vtiger: link(
                        "crm.example.com/index.php?module=Contacts&view=Detail&record=",
                        item.vtiger_id.trim_start_matches("12x"),
                    ),
                    service: link(
                        "shop.example.com/wp-admin/user-edit.php?user_id=",
                        &item.service_id,
                    ),
                };
                Msg::Links { generation, links }
            }
            Effect::Tails { form, .. } => {
                let tails = ["access_key", "consumer_secret"]
                    .map(|name| (name.to_owned(), "3f".to_owned()));
                Msg::Tails { form, tails: BTreeMap::from(tails) }
            }
            Effect::Connector { connector, deed: ConnectorDeed::Count } => Msg::Belongings {
                connector,
                belongings: Belongings { links: 1_234, queue: 3, runs: 41 },
            },
            Effect::Export(request) if request.replace => {
                Msg::Exported(Exported::Done(request.path, 96))
            }
            Effect::Export(request) => Msg::Exported(Exported::Exists(request.path)),
            _ => return None,
        })
    }

    /// Whether an effect was asked for since the last call that said so.
    pub fn asked(&mut self, wanted: impl Fn(&Effect) -> bool) -> bool {
        let found = self.seen.iter().any(wanted);
        self.seen.clear();
        found
    }
}

pub fn progress() -> Progress {
    Progress {
        module: Some(Module::Products),
        step: "reading".into(),
        done: 4_200,
        total: Some(9_830),
        rate: 812,
        cancelling: false,
    }
}

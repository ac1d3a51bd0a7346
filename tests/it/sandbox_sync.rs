//! The engine over real HTTP: the sandbox's Vtiger and shop are kept in step, edits travel both
//! ways, every number equals its rows and the effects on the other side.

mod queue;

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use syncdeck::catalog::Catalog;
use syncdeck::engine::{Engine, SyncMode, SyncRequest};
use syncdeck::model::{
    Advanced, ConflictRule, Connector, Crm, Deletes, Direction, Frequency, Item, ItemStatus,
    Module, ModuleSettings, Run, RunStatus, SecretText, Side, SyncFrom, Trigger,
};
use syncdeck::sandbox::{self, Sandbox, SandboxOptions};
use syncdeck::secrets::Vault;
use syncdeck::store::{Change, Store};

pub struct Bench {
    pub sandbox: Sandbox,
    pub store: Store,
    pub engine: Engine,
    pub folder: tempfile::TempDir,
}

pub fn plain(text: &str) -> SecretText {
    SecretText::Plain(text.to_owned())
}

pub fn settings(direction: Direction, deletes: Deletes) -> ModuleSettings {
    ModuleSettings {
        enabled: true,
        direction,
        mode: None,
        period: None,
        deletes,
        mapping: Vec::new(),
    }
}

impl Bench {
    pub async fn new(
        records: u64,
        conflict: ConflictRule,
        direction: Direction,
        deletes: Deletes,
    ) -> Self {
        let options = SandboxOptions { records: Some(records), ..SandboxOptions::default() };
        Self::with(options, conflict, direction, deletes, Advanced::default()).await
    }

    pub async fn with(
        options: SandboxOptions,
        conflict: ConflictRule,
        direction: Direction,
        deletes: Deletes,
        advanced: Advanced,
    ) -> Self {
        let modules = BTreeMap::from([
            (Module::Products, settings(direction, deletes)),
            (Module::Contacts, settings(direction, deletes)),
        ]);
        Self::with_modules(options, conflict, modules, advanced).await
    }

    pub async fn with_modules(
        options: SandboxOptions,
        conflict: ConflictRule,
        modules: BTreeMap<Module, ModuleSettings>,
        advanced: Advanced,
    ) -> Self {
        let sandbox = sandbox::start(options).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("syncdeck.redb")).unwrap();
        let keys = sandbox.credentials();
        let crm = Crm {
            url: keys.vtiger.url,
            username: keys.vtiger.username,
            access_key: plain(&keys.vtiger.access_key),
            allow_http: false,
            ca_file: None,
        };
        let credentials = BTreeMap::from([
            ("app_url".to_owned(), plain(&keys.woocommerce.app_url)),
            ("consumer_key".to_owned(), plain(&keys.woocommerce.consumer_key)),
            ("consumer_secret".to_owned(), plain(&keys.woocommerce.consumer_secret)),
        ]);
        let connector = Connector {
            id: 0,
            name: "shop".into(),
            service: "woocommerce".into(),
            enabled: true,
            credentials,
            sync_from: SyncFrom::all(),
            frequency: Frequency::Off,
            conflict,
            debug: false,
            modules,
            advanced,
        };
        store.commit(Change::PutCrm(crm).into()).await.unwrap();
        store.commit(Change::PutConnector(Box::new(connector)).into()).await.unwrap();
        let catalog = Arc::new(Catalog::built_in().unwrap());
        let vault = Vault::open(folder.path()).unwrap();
        let engine = Engine::new(store.clone(), vault, catalog);
        Self { sandbox, store, engine, folder }
    }

    pub async fn sync(&self, mode: SyncMode) -> Run {
        // Stamps have a resolution of a second; the next sync is a minute later.
        self.sandbox.advance_clock(Duration::from_secs(60));
        let request = SyncRequest { trigger: Trigger::Manual, modules: Vec::new(), mode };
        self.engine.sync(1, request).await.unwrap()
    }

    pub fn items(&self, run: &Run, module: Module, side: Side, status: ItemStatus) -> Vec<Item> {
        self.store.read_blocking(|r| r.items(run.id, module, side, status, 0, 100_000)).unwrap()
    }

    pub fn first_link(&self, module: Module) -> (String, String) {
        let links = self.store.read_blocking(|r| r.links_after(1, module, None, 1)).unwrap();
        (links[0].vtiger_id.clone(), links[0].service_id.clone())
    }

    pub fn vtiger(&self, id: &str) -> Value {
        self.sandbox.vtiger("retrieve", &[("id", id)])["result"].clone()
    }

    pub fn shop(&self, path: &str) -> Value {
        self.sandbox.woo("GET", path, &Value::Null).1
    }

    pub fn revise(&self, mut element: Value, id: &str) {
        element["id"] = json!(id);
        let answer = self.sandbox.vtiger("revise", &[("element", &element.to_string())]);
        assert_eq!(answer["success"], json!(true), "{answer}");
    }

    /// How many writes the two systems were asked for.
    pub fn writes(&self) -> u64 {
        let is_write = |name: &str| {
            ["create", "revise", "delete", "POST", "PUT", "DELETE"].iter().any(|w| name.contains(w))
        };
        self.sandbox.requests().iter().filter(|(name, _)| is_write(name)).map(|(_, n)| n).sum()
    }
}

pub fn written(run: &Run) -> u64 {
    run.modules.values().map(|m| m.vtiger.written() + m.service.written()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_sync_brings_both_systems_in_step_and_the_second_writes_nothing() {
    let bench = Bench::new(200, ConflictRule::LastUpdated, Direction::Both, Deletes::Off).await;
    let run = bench.sync(SyncMode::Sync).await;
    assert_eq!(run.status, RunStatus::Completed, "{:?}", run.error);
    for (module, counts) in &run.modules {
        println!("{module}: {counts:?}");
        for side in Side::BOTH {
            let counts = counts.side(side);
            let rows = |status| bench.items(&run, *module, side, status).len() as u64;
            assert_eq!(rows(ItemStatus::Created), counts.created, "{module} {side:?}");
            assert_eq!(rows(ItemStatus::Updated), counts.updated, "{module} {side:?}");
            assert_eq!(rows(ItemStatus::Skipped), counts.skipped, "{module} {side:?}");
            for item in bench.items(&run, *module, side, ItemStatus::Skipped).iter().take(400) {
                println!("  {side:?} {} {:?}", item.name, item.reason.as_ref().map(|r| &r.text));
            }
        }
    }
    for module in [Module::Products, Module::Contacts] {
        let counts = &run.modules[&module];
        assert!(counts.vtiger.created > 0 && counts.service.created > 0, "{counts:?}");
        assert!(counts.vtiger.updated > 0 && counts.service.updated > 0, "{counts:?}");
        assert!(counts.linked > 0 && counts.conflicts > 0, "{counts:?}");
        assert!(counts.vtiger.skipped > 0 && counts.service.skipped > 0, "{counts:?}");
        assert_eq!(counts.waiting, 0, "{counts:?}");
    }
    assert!(run.modules[&Module::Organizations].vtiger.created > 0);
    let before = bench.writes();
    let again = bench.sync(SyncMode::Sync).await;
    assert_eq!(again.status, RunStatus::Completed, "{:?}", again.error);
    for (module, counts) in &again.modules {
        println!("{module}: {counts:?}");
    }
    println!("{:?}", bench.sandbox.requests());
    assert_eq!(written(&again), 0);
    assert_eq!(bench.writes(), before);
    assert!(again.modules[&Module::Contacts].standing_skips > 0);
    assert_eq!(again.modules[&Module::Contacts].vtiger.skipped, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_travel_both_ways_and_a_conflict_follows_the_rule() {
    let bench = Bench::new(60, ConflictRule::Service, Direction::Both, Deletes::Off).await;
    bench.sync(SyncMode::Sync).await;
    let (contact, customer) = bench.first_link(Module::Contacts);
    let path = format!("customers/{customer}");
    bench.sandbox.advance_clock(Duration::from_secs(60));
    bench.revise(json!({"mailingcity": "Győr", "phone": "+36 96 1"}), &contact);
    let (status, _) = bench.sandbox.woo("PUT", &path, &json!({"billing": {"postcode": "9021"}}));
    assert_eq!(status, 200);
    let run = bench.sync(SyncMode::Sync).await;
    let counts = &run.modules[&Module::Contacts];
    assert_eq!((counts.vtiger.updated, counts.service.updated), (1, 1), "{run:?}");
    assert_eq!(bench.vtiger(&contact)["mailingzip"], json!("9021"));
    assert_eq!(bench.shop(&path)["billing"]["city"], json!("Győr"));
    let updated = &bench.items(&run, Module::Contacts, Side::Service, ItemStatus::Updated)[0];
    let fields: Vec<_> =
        updated.changes.iter().map(|c| (c.field.as_str(), c.after.as_str())).collect();
    assert_eq!(fields, [("billing.city", "Győr"), ("billing.phone", "+36 96 1")]);

    bench.sandbox.advance_clock(Duration::from_secs(60));
    bench.revise(json!({"mailingcity": "Wien"}), &contact);
    bench.sandbox.woo("PUT", &path, &json!({"billing": {"city": "Graz"}}));
    let run = bench.sync(SyncMode::Sync).await;
    assert_eq!(bench.vtiger(&contact)["mailingcity"], json!("Graz"));
    let rows = bench.items(&run, Module::Contacts, Side::Vtiger, ItemStatus::Conflict);
    let conflict = rows[0].conflict.as_ref().unwrap();
    assert_eq!((conflict.vtiger.as_str(), conflict.service.as_str()), ("Wien", "Graz"));
    assert_eq!(conflict.base.as_deref(), Some("Győr"));
    assert_eq!(conflict.winner, Side::Service);
    assert_eq!(run.modules[&Module::Contacts].conflicts, 1);
    let quiet = bench.sync(SyncMode::Sync).await;
    assert_eq!(written(&quiet), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delete_is_listed_once_or_carried_over() {
    for deletes in [Deletes::Off, Deletes::Carry] {
        let bench = Bench::new(60, ConflictRule::LastUpdated, Direction::Both, deletes).await;
        bench.sync(SyncMode::Sync).await;
        let (contact, customer) = bench.first_link(Module::Contacts);
        let (product, item) = bench.first_link(Module::Products);
        assert_eq!(bench.sandbox.vtiger("delete", &[("id", &contact)])["success"], json!(true));
        bench.sandbox.woo("DELETE", &format!("products/{item}"), &Value::Null);
        let run = bench.sync(SyncMode::Sync).await;
        assert_eq!(run.status, RunStatus::Completed, "{:?}", run.error);
        let (contacts, products) =
            (&run.modules[&Module::Contacts], &run.modules[&Module::Products]);
        let (status, _) = bench.sandbox.woo("GET", &format!("customers/{customer}"), &Value::Null);
        if deletes == Deletes::Off {
            assert_eq!(
                (contacts.service.skipped, contacts.service.deleted),
                (1, 0),
                "{contacts:?}"
            );
            assert_eq!((products.vtiger.skipped, products.vtiger.deleted), (1, 0), "{products:?}");
            assert_eq!(status, 200);
        } else {
            assert_eq!(
                (contacts.service.skipped, contacts.service.deleted),
                (0, 1),
                "{contacts:?}"
            );
            assert_eq!((products.vtiger.skipped, products.vtiger.deleted), (0, 1), "{products:?}");
            assert_eq!(status, 404);
            assert_eq!(bench.vtiger(&product), Value::Null);
        }
        let quiet = bench.sync(SyncMode::Sync).await;
        let skipped: u64 =
            quiet.modules.values().map(|m| m.vtiger.skipped + m.service.skipped).sum();
        assert_eq!((written(&quiet), skipped), (0, 0), "{quiet:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_writes_nothing_and_lists_what_the_sync_then_does() {
    let bench = Bench::new(60, ConflictRule::LastUpdated, Direction::Both, Deletes::Off).await;
    let plan = bench.sync(SyncMode::Preview).await;
    assert_eq!((plan.status, bench.writes()), (RunStatus::Preview, 0));
    let run = bench.sync(SyncMode::Sync).await;
    for (module, counts) in &run.modules {
        let planned = &plan.modules[module];
        assert_eq!((planned.vtiger, planned.service), (counts.vtiger, counts.service), "{module}");
    }
    assert!(bench.items(&plan, Module::Contacts, Side::Vtiger, ItemStatus::Created)[0].planned);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_one_way_sync_never_writes_its_source() {
    let bench = Bench::new(60, ConflictRule::Vtiger, Direction::ToVtiger, Deletes::Carry).await;
    let run = bench.sync(SyncMode::Sync).await;
    assert_eq!(run.status, RunStatus::Completed, "{:?}", run.error);
    assert!(run.modules[&Module::Contacts].vtiger.created > 0);
    let shop_writes = bench.sandbox.requests().into_iter();
    let shop_writes: Vec<_> = shop_writes
        .filter(|(n, _)| {
            n.starts_with("woocommerce") && !n.contains("GET") && !n.contains("OPTIONS")
        })
        .collect();
    assert!(shop_writes.is_empty(), "{shop_writes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_are_the_same_are_linked_though_a_value_does_not_fit() {
    let bench = Bench::new(0, ConflictRule::Service, Direction::Both, Deletes::Off).await;
    let element = json!({"lastname": "Nagy", "email": "eva@example.test", "assigned_user_id": ""});
    let ask = [("elementType", "Contacts"), ("element", &element.to_string())];
    let made = bench.sandbox.vtiger("create", &ask);
    assert_eq!(made["success"], json!(true), "{made}");
    let contact = made["result"]["id"].as_str().unwrap().to_owned();
    let customer = json!({"email": "eva@example.test", "first_name": "Éva ".repeat(30)});
    let (status, _) = bench.sandbox.woo("POST", "customers", &customer);
    assert_eq!(status, 201);
    let planned = bench.sync(SyncMode::Preview).await;
    let run = bench.sync(SyncMode::Sync).await;
    let counts = &run.modules[&Module::Contacts];
    assert_eq!((counts.linked, counts.vtiger.skipped), (1, 1), "{run:?}");
    let told = &planned.modules[&Module::Contacts];
    assert_eq!((told.linked, told.vtiger.skipped), (1, 1), "{planned:?}");
    assert_eq!(bench.first_link(Module::Contacts).0, contact);
    for _ in 0..2 {
        let quiet = bench.sync(SyncMode::Sync).await;
        let counts = &quiet.modules[&Module::Contacts];
        assert_eq!((written(&quiet), counts.linked, counts.vtiger.skipped), (0, 0, 0));
    }
    // Nothing but the link knows of the customer once the contact is gone.
    assert_eq!(bench.sandbox.vtiger("delete", &[("id", &contact)])["success"], json!(true));
    let run = bench.sync(SyncMode::Sync).await;
    let rows = bench.items(&run, Module::Contacts, Side::Service, ItemStatus::Skipped);
    assert_eq!(rows.len(), 1, "{run:?}");
}

//! Services by manifest: variants of the plain REST service connected by a manifest alone, written
//! here and put into the folder of the settings, and iRujul with all its modules.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use syncdeck::catalog::Catalog;
use syncdeck::engine::{Engine, SyncMode, SyncRequest};
use syncdeck::model::{
    Connector, Crm, Deletes, Item, ItemStatus, Module, Run, RunStatus, SecretText, Side, Trigger,
};
use syncdeck::sandbox::{self, Sandbox, SandboxOptions, Source};
use syncdeck::secrets::Vault;
use syncdeck::settings::{default_connector, read_manifests};
use syncdeck::store::{Change, Store};

/// How a variant authorises.
pub fn auth(kind: &str) -> &'static str {
    match kind {
        "basic" => {
            "kind = \"basic\"\nusername = \"{{config.username}}\"\npassword = \"{{config.password}}\""
        }
        "key" => "kind = \"header\"\nname = \"X-Api-Key\"\nvalue = \"{{config.api_key}}\"",
        "query" => "kind = \"query\"\nname = \"api_key\"\nvalue = \"{{config.api_key}}\"",
        "bearer" => "kind = \"bearer\"\ntoken = \"{{config.api_key}}\"",
        "oauth2" => {
            "kind = \"oauth2\"\ntoken_url = \"oauth/token\"\nclient_id = \"{{config.client_id}}\"\nclient_secret = \"{{config.client_secret}}\""
        }
        "login" => {
            "kind = \"login\"\ntoken = \"session.id\"\nexpires = \"session.ttl\"\nheader = \"X-Session\"\nvalue = \"{{token}}\"\n[api.auth.request]\npath = \"session\"\nmethod = \"POST\"\nbody = { user = \"{{config.username}}\", password = \"{{config.password}}\" }"
        }
        _ => "kind = \"none\"",
    }
}

/// The parameters of a listing, and how it goes on.
fn pages(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "offset" => (
            "offset = \"{{offset}}\", limit = \"{{size}}\"",
            "kind = \"offset\"\nsize = 40\ntotal = \"total\"",
        ),
        "token" => (
            "cursor = \"{{token}}\", limit = \"{{size}}\"",
            "kind = \"token\"\npath = \"next\"\nsize = 40",
        ),
        "link" => ("limit = \"{{size}}\"", "kind = \"link\"\nsize = 40"),
        // More is asked for than a page holds, and nothing tells how many pages there are.
        _ => ("page = \"{{page}}\", per_page = \"{{size}}\"", "kind = \"page\"\nsize = 100"),
    }
}

fn deletions(kind: &str, entity: &str, module: &str) -> String {
    let head = format!("[modules.{module}.api.deleted]\n");
    match kind {
        "flag" => format!("{head}kind = \"flag\"\npath = \"state\"\nvalues = [\"deleted\"]\n"),
        "list" => format!(
            "{head}kind = \"list\"\nrecords = \"data\"\nid = \"ref\"\n\
             [modules.{module}.api.deleted.request]\npath = \"deletions\"\n\
             query = {{ resource = \"{entity}\", since = \"{{{{from}}}}\" }}\n"
        ),
        _ => format!("{head}kind = \"absence\"\n"),
    }
}

/// The manifest of a variant of the plain service.
pub fn manifest(how: [&str; 3]) -> String {
    let [auth_kind, page_kind, deleted] = how;
    let (query, paginate) = pages(page_kind);
    let records = if page_kind == "link" { "" } else { "data" };
    let stream = |module: &str, entity: &str| {
        format!(
            "[modules.{module}.api]\nid = [\"id\"]\nrecords = \"{records}\"\n\
             modified = \"updated_at\"\ncreated = \"created_at\"\nurl = \"show/{entity}/{{{{id}}}}\"\n\
             lift = [{{ from = \"addresses.0\", to = \"address\" }}]\n\
             [modules.{module}.api.request]\npath = \"{entity}\"\n\
             query = {{ updated_since = \"{{{{from}}}}\", {query} }}\n\
             [modules.{module}.api.cursor]\nstart = \"2000-01-01\"\n\
             [modules.{module}.api.get]\nrecord = \"data\"\n\
             [modules.{module}.api.get.request]\npath = \"{entity}/{{{{id}}}}\"\n{}",
            deletions(deleted, entity, module)
        )
    };
    let lines = |module: &str, lines: &[(&str, &str, &str)]| -> String {
        let line = |(vtiger, service, more): &(&str, &str, &str)| {
            format!(
                "[[modules.{module}.mapping]]\nvtiger = \"{vtiger}\"\nservice = \"{service}\"\n{more}\n"
            )
        };
        lines.iter().map(line).collect()
    };
    let form: String = ["username", "password", "api_key", "client_id", "client_secret"]
        .iter()
        .map(|name| {
            let secret = !["username", "client_id"].contains(name);
            format!("[[form]]\nname = \"{name}\"\nlabel = \"{name}\"\nsecret = {secret}\n")
        })
        .collect();
    format!(
        "name = \"plain\"\nlabel = \"Plain\"\ndescription = \"A service by manifest.\"\n\
         [[form]]\nname = \"base_url\"\nlabel = \"Base URL\"\nkind = \"url\"\nrequired = true\n{form}\
         [api]\nerror_text = [\"error.message\"]\n[api.check]\npath = \"me\"\n\
         [api.rate]\nrequests_per_second = 500\nconcurrency = 2\n\
         [api.paginate]\n{paginate}\n[api.auth]\n{}\n\
         [modules.contacts]\nentity = \"customers\"\nsource_module = \"Customers\"\n\
         name = [\"first_name\", \"last_name\"]\nmatch_on = [\"email\"]\n{}{}\
         [modules.products]\nentity = \"products\"\nsource_module = \"Products\"\nname = [\"name\"]\n\
         match_on = [\"productcode\"]\n{}{}",
        auth(auth_kind),
        stream("contacts", "customers"),
        lines(
            "contacts",
            &[
                ("email", "email", "type = \"email\"\nrequired = true"),
                ("firstname", "first_name", ""),
                ("lastname", "last_name", "required = true"),
                ("mailingcity", "address.city", ""),
                ("account_id.accountname", "company.name", "type = \"name\""),
            ],
        ),
        stream("products", "products"),
        lines(
            "products",
            &[
                ("productcode", "sku", "required = true"),
                ("productname", "name", "required = true"),
                ("unit_price", "price", "type = \"number\""),
                ("discontinued", "active", "type = \"boolean\""),
            ],
        ),
    )
}

/// What a variant's connection form is filled with.
pub fn form(sandbox: &Sandbox, how: [&str; 3]) -> BTreeMap<String, String> {
    let mut all = sandbox.credentials().rest;
    let home = all.remove("home").unwrap();
    all.insert("base_url".into(), format!("{home}/{}", how.join("/")));
    all
}

struct Bench {
    sandbox: Sandbox,
    store: Store,
    folder: tempfile::TempDir,
}

fn plain(text: &str) -> SecretText {
    SecretText::Plain(text.to_owned())
}

impl Bench {
    /// A connector to a service of a manifest (or a built-in one), everything switched on.
    async fn new(
        records: u64,
        service: &str,
        manifest: Option<&str>,
        form: impl Fn(&Sandbox) -> BTreeMap<String, String>,
    ) -> Self {
        let options =
            SandboxOptions { records: Some(records), seed: Some(5), ..SandboxOptions::default() };
        let sandbox = sandbox::start(options).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        if let Some(text) = manifest {
            std::fs::create_dir(folder.path().join("services")).unwrap();
            std::fs::write(folder.path().join("services/mine.toml"), text).unwrap();
        }
        let bench =
            Self { store: Store::open(&folder.path().join("d.redb")).unwrap(), sandbox, folder };
        let keys = bench.sandbox.credentials().vtiger;
        let crm = Crm {
            url: keys.url,
            username: keys.username,
            access_key: plain(&keys.access_key),
            allow_http: false,
            ca_file: None,
        };
        let catalog = bench.catalog();
        let mut connector: Connector =
            default_connector(catalog.service(service).unwrap(), "source");
        connector.credentials =
            form(&bench.sandbox).iter().map(|(k, v)| (k.clone(), plain(v))).collect();
        for field in &catalog.service(service).unwrap().form {
            let default = || plain(&field.default);
            connector.credentials.entry(field.name.clone()).or_insert_with(default);
        }
        connector.advanced.requests_per_second = Some(500);
        connector.modules.values_mut().for_each(|settings| settings.deletes = Deletes::Carry);
        bench.store.commit(Change::PutCrm(crm).into()).await.unwrap();
        bench.store.commit(Change::PutConnector(Box::new(connector)).into()).await.unwrap();
        bench
    }

    async fn plain(records: u64, how: [&str; 3]) -> Self {
        let text = manifest(how);
        Self::new(records, "plain", Some(&text), |sandbox| form(sandbox, how)).await
    }

    async fn irujul(records: u64) -> Self {
        Self::new(records, "irujul", None, |sandbox| {
            let keys = sandbox.credentials().irujul;
            let base = keys.base_url.trim_start_matches("http://").to_owned();
            [("base_url", base), ("client_id", keys.client_id), ("secret_key", keys.secret_key)]
                .map(|(name, value)| (name.to_owned(), value))
                .into()
        })
        .await
    }

    /// The built-in services and those in the folder, as the program reads them.
    fn catalog(&self) -> Catalog {
        let mut catalog = Catalog::built_in().unwrap();
        let problems = read_manifests(self.folder.path(), &mut catalog);
        assert!(problems.is_empty(), "{problems:#?}");
        catalog
    }

    async fn sync(&self) -> Run {
        self.sandbox.advance_clock(Duration::from_secs(60));
        let vault = Vault::open(self.folder.path()).unwrap();
        let engine = Engine::new(self.store.clone(), vault, Arc::new(self.catalog()));
        let request =
            SyncRequest { trigger: Trigger::Manual, modules: Vec::new(), mode: SyncMode::Accept };
        engine.sync(1, request).await.unwrap()
    }

    fn links(&self, module: Module) -> BTreeMap<String, String> {
        let links = self.store.read_blocking(|r| r.links_after(1, module, None, 10_000)).unwrap();
        links.into_iter().map(|l| (l.service_id, l.vtiger_id)).collect()
    }

    fn vtiger(&self, id: &str) -> Value {
        self.sandbox.vtiger("retrieve", &[("id", id)])["result"].clone()
    }

    /// Why records were skipped.
    fn skipped(&self, run: &Run, module: Module) -> Vec<String> {
        let items = self.items(run, module, ItemStatus::Skipped).into_iter();
        items.map(|item| format!("{}: {:?}", item.name, item.reason)).collect()
    }

    fn created(&self, run: &Run, module: Module) -> Vec<Item> {
        self.items(run, module, ItemStatus::Created)
    }

    fn items(&self, run: &Run, module: Module, status: ItemStatus) -> Vec<Item> {
        let id = run.id;
        let items =
            self.store.read_blocking(move |r| r.items(id, module, Side::Vtiger, status, 0, 10_000));
        items.unwrap()
    }
}

fn written(run: &Run) -> u64 {
    run.modules.values().map(|m| m.vtiger.written() + m.service.written()).sum()
}

/// First sync creates, second writes nothing, an edit is carried, a new record, and a deletion.
async fn a_variant_syncs_by_its_manifest_alone(how: [&str; 3]) {
    let bench = Bench::plain(330, how).await;
    let run = bench.sync().await;
    assert_eq!(run.status, RunStatus::Completed, "{how:?}: {:?}", run.error);
    for module in [Module::Contacts, Module::Products] {
        let counts = &run.modules[&module];
        let all = counts.vtiger.created + counts.linked + counts.vtiger.skipped;
        assert!(counts.vtiger.created > 20, "{how:?} {module} {counts:?}");
        assert!(all >= 110, "{how:?} {module} {counts:?}: all of 110 were read");
        assert_eq!(counts.service.written(), 0, "a service by manifest is only read");
        let few = bench.skipped(&run, module);
        assert!(few.len() < 10, "{how:?} {module} {few:?}");
    }
    let again = bench.sync().await;
    assert_eq!((again.status, written(&again)), (RunStatus::Completed, 0), "{how:?} {again:?}");

    let links = bench.links(Module::Contacts);
    let mut known = links.iter();
    let (edited, contact) = known.next().unwrap();
    let (deleted, gone) = known.next().unwrap();
    let id = |text: &str| text.parse::<u64>().unwrap();
    let people = "contacts";
    bench.sandbox.put(Source::Rest, people, Some(id(edited)), &json!({"city": "Győr"}));
    let fresh = json!({"first": "Neu", "last": "Ling", "email": "neu.ling@example.test"});
    let made = bench.sandbox.put(Source::Rest, people, None, &fresh).unwrap();
    let run = bench.sync().await;
    let counts = &run.modules[&Module::Contacts].vtiger;
    assert_eq!((counts.updated, counts.created), (1, 1), "{how:?} {run:?}");
    assert_eq!(bench.vtiger(contact)["mailingcity"], "Győr", "{how:?}");
    let made = &bench.links(Module::Contacts)[&made.to_string()];
    assert_eq!(bench.vtiger(made)["email"], "neu.ling@example.test");

    bench.sandbox.remove(Source::Rest, people, id(deleted));
    bench.sandbox.expire_sessions();
    let run = bench.sync().await;
    assert_eq!(run.modules[&Module::Contacts].vtiger.deleted, 1, "{how:?} {run:?}");
    assert_eq!(written(&run), 1, "{how:?}");
    assert_eq!(bench.vtiger(gone), Value::Null, "{how:?}");
    assert_eq!(written(&bench.sync().await), 0, "{how:?}");
}

macro_rules! variants {
    ($($name:ident: $auth:literal $pages:literal $deletions:literal,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                a_variant_syncs_by_its_manifest_alone([$auth, $pages, $deletions]).await;
            }
        )*
    };
}
variants!(
    basic_pages_flag: "basic" "page" "flag",
    key_offset_list: "key" "offset" "list",
    oauth2_token_absence: "oauth2" "token" "absence",
    login_link_flag: "login" "link" "flag",
    bearer_page_list: "bearer" "page" "list",
    query_link_absence: "query" "link" "absence",
    oauth2_offset_flag: "oauth2" "offset" "flag",
    login_token_list: "login" "token" "list",
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_pagination_has_its_own_sentence_and_next_step() {
    // It takes no notice of the page: every one is the first.
    let bench = Bench::plain(330, ["key", "deaf", "flag"]).await;
    let run = bench.sync().await;
    assert_eq!(run.status, RunStatus::Failed);
    let error = run.error.unwrap();
    assert_eq!(
        error.what,
        "The listing of products does not end: Plain sends the same page again."
    );
    assert_eq!(error.why, "Page 2 has the same records as one before it.");
    assert!(error.next.starts_with("Correct the pagination in the manifest: the parameter that takes {{page}} may have another name."), "{error:?}");
    assert!(bench.links(Module::Products).is_empty(), "and nothing was written");
    let asked: u64 = bench
        .sandbox
        .requests()
        .iter()
        .filter(|(n, _)| n.starts_with("rest "))
        .map(|(_, n)| n)
        .sum();
    assert!(asked < 10, "{asked}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn irujul_comes_into_vtiger_with_all_its_modules() {
    let bench = Bench::irujul(120).await;
    // Orders come after their contacts and products, in the same sync.
    let run = bench.sync().await;
    assert_eq!(run.status, RunStatus::Completed, "{:?}", run.error);
    let mut created = BTreeMap::new();
    for (module, counts) in &run.modules {
        created.insert(*module, counts.vtiger.created);
        assert_eq!(counts.service.written(), 0, "{module}: iRujul is only read");
        let skipped = bench.skipped(&run, *module);
        assert!(skipped.len() <= 4, "{module} {skipped:#?}");
        // Where the CRM comes to another total, the record says so.
        for item in bench.created(&run, *module) {
            let total = item.changes.iter().find(|change| change.field == "totals.grand");
            assert!(total.is_none(), "{module} {}: {total:?}", item.name);
        }
    }
    for module in
        [Module::Contacts, Module::Products, Module::SalesOrders, Module::Invoices, Module::Taxes]
    {
        assert!(created[&module] > 0, "{module}: {created:?}");
    }
    assert!(created[&Module::SalesOrders] > 30 && created[&Module::Invoices] > 15, "{created:?}");
    let again = bench.sync().await;
    assert_eq!((again.status, written(&again)), (RunStatus::Completed, 0), "{again:?}");

    // Links by link, totals to the cent.
    let people: Vec<String> = bench.links(Module::Contacts).into_values().collect();
    let orders = bench.links(Module::SalesOrders);
    let mut linked = 0;
    for vtiger_id in orders.values() {
        let order = bench.vtiger(vtiger_id);
        let total = order["hdnGrandTotal"].as_str().and_then(|text| text.parse::<f64>().ok());
        assert!(total.is_some_and(|total| total > 0.0), "{order}");
        linked += usize::from(people.iter().any(|id| order["contact_id"] == **id));
    }
    assert!(linked * 10 >= orders.len() * 8, "{linked} of {}", orders.len());
    for vtiger_id in bench.links(Module::Invoices).values() {
        let order = bench.vtiger(vtiger_id)["salesorder_id"].as_str().unwrap_or("").to_owned();
        assert!(orders.values().any(|id| *id == order), "{order}");
    }

    // An edit of an order of long ago, a cancellation, a new tax, a deleted contact.
    let (first, vtiger_id) = orders.iter().next().unwrap();
    let id: u64 = first.parse().unwrap();
    bench.sandbox.put(
        Source::Irujul,
        "orders",
        Some(id),
        &json!({"remarks": "Call before delivery"}),
    );
    bench.sandbox.put(Source::Irujul, "taxes", None, &json!({"name": "Luxury", "rate": 31}));
    let run = bench.sync().await;
    assert_eq!(run.modules[&Module::SalesOrders].vtiger.updated, 1, "{run:?}");
    assert_eq!(run.modules[&Module::Taxes].vtiger.created, 1, "{run:?}");
    assert_eq!(bench.vtiger(vtiger_id)["description"], "Call before delivery");
    bench.sandbox.put(Source::Irujul, "orders", Some(id), &json!({"status": "cancelled"}));
    bench.sandbox.expire_sessions();
    bench.sync().await;
    assert_eq!(bench.vtiger(vtiger_id)["sostatus"], "Cancelled");
    let (contact, gone) = bench.links(Module::Contacts).into_iter().next_back().unwrap();
    bench.sandbox.remove(Source::Irujul, "contacts", contact.parse().unwrap());
    let run = bench.sync().await;
    assert_eq!(run.modules[&Module::Contacts].vtiger.deleted, 1, "{run:?}");
    assert_eq!(bench.vtiger(&gone), Value::Null);
}

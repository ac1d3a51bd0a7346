//! Magento over real HTTP: the engine keeps the sandbox's Vtiger and Magento in step, and a client
//! with a signature of its own reads the sandbox.

use base64::Engine as _;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use syncdeck::catalog::Catalog;
use syncdeck::engine::{Engine, SyncMode, SyncRequest};
use syncdeck::model::document::{TOTAL, lines_of};
use syncdeck::model::{
    Advanced, ConflictRule, Connector, Crm, Deletes, Direction, Fields, Frequency, Item,
    ItemStatus, Module, ModuleSettings, Run, RunStatus, SecretText, Side, SyncFrom, Trigger,
    UserError,
};
use syncdeck::remote::{
    ConnectOptions, ErrorKind, Next, PageAt, PageRequest, Remote, Scope, Write, connect_service,
};
use syncdeck::sandbox::{
    self, MagentoCredentials, MagentoKey, Sandbox, SandboxOptions, VtigerRelease,
};
use syncdeck::secrets::Vault;
use syncdeck::store::{Change, Store};

fn remote_with(keys: &MagentoCredentials, more: &[(&'static str, &str)]) -> Arc<dyn Remote> {
    let mut all = BTreeMap::from([
        ("base_url", keys.base_url.as_str().into()),
        ("consumer_key", keys.consumer_key.as_str().into()),
        ("consumer_secret", keys.consumer_secret.as_str().into()),
        ("access_token", keys.access_token.as_str().into()),
        ("access_token_secret", keys.access_token_secret.as_str().into()),
    ]);
    for (name, value) in more {
        all.insert(name, (*value).into());
    }
    connect_service("magento", &all, &ConnectOptions::default()).unwrap()
}

pub async fn shop(records: u64) -> (Sandbox, Arc<dyn Remote>) {
    let options = SandboxOptions { records: Some(records), ..SandboxOptions::default() };
    let sandbox = sandbox::start(options).await.unwrap();
    let remote = remote_with(&sandbox.magento_credentials(MagentoKey::Full), &[]);
    (sandbox, remote)
}

fn fields(list: &[(&str, &str)]) -> Fields {
    list.iter().map(|(k, v)| (*k, *v)).collect()
}

fn paths(list: &[&str]) -> Vec<String> {
    list.iter().map(|p| (*p).to_owned()).collect()
}

async fn all(remote: &dyn Remote, entity: &str, wanted: &[&str]) -> Vec<syncdeck::model::Record> {
    let mut at = PageAt::First;
    let mut records = Vec::new();
    loop {
        let fields = paths(wanted).into();
        let request = PageRequest { entity: entity.into(), fields, scope: Scope::All, at };
        let page = remote.page(&request).await.unwrap();
        records.extend(page.records);
        match page.next {
            Next::End => return records,
            Next::After(token) => at = PageAt::After(token),
            Next::Numbered { .. } => panic!("by key"),
        }
    }
}

fn text(record: &syncdeck::model::Record, path: &str) -> String {
    record.fields.get(path).map(|v| v.to_text()).unwrap_or_default()
}

#[tokio::test]
async fn every_order_and_invoice_adds_up() {
    let (_sandbox, remote) = shop(300).await;
    let wanted =
        ["lines", "totals.grand", "contact", "guest.email", "organization_name", "currency"];
    for entity in ["orders", "invoices"] {
        let records = all(&*remote, entity, &wanted).await;
        assert!(records.len() > 100, "{entity}: {}", records.len());
        for record in &records {
            let lines = lines_of(record.fields.get("lines").unwrap());
            let sum: rust_decimal::Decimal = lines.iter().map(|l| l.net() + l.tax).sum();
            assert_eq!(sum.round_dp(2).normalize().to_string(), text(record, TOTAL), "{lines:?}");
            assert!(lines.iter().all(|l| l.kind.key() != "fee"), "{lines:?}");
            let goods = lines.iter().filter(|l| l.kind.key() == "product");
            assert!(goods.clone().count() > 0 && goods.clone().all(|l| !l.product.is_empty()));
            assert_ne!(text(record, "contact").is_empty(), text(record, "guest.email").is_empty());
            assert!(!text(record, "organization_name").is_empty());
            assert_eq!(text(record, "currency"), "EUR");
        }
        let guests = records.iter().filter(|r| text(r, "contact").is_empty()).count();
        assert!(guests > 10 && guests < records.len() / 2, "{entity}: {guests}");
    }
}

#[tokio::test]
async fn a_company_is_one_record_however_many_customers_name_it() {
    let (sandbox, remote) = shop(120).await;
    let companies = all(&*remote, "companies", &["name", "billing.city", "email"]).await;
    let names: BTreeSet<String> =
        companies.iter().map(|c| text(c, "name").to_lowercase()).collect();
    assert_eq!(names.len(), companies.len());
    let customers = all(&*remote, "customers", &["billing.company", "email", "firstname"]).await;
    let shared: Vec<_> =
        customers.iter().filter(|c| !text(c, "billing.company").is_empty()).collect();
    let mut by_name: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for customer in shared {
        by_name.entry(text(customer, "billing.company")).or_default().push(customer);
    }
    let (name, members) = by_name.iter().find(|(_, m)| m.len() >= 2).expect("a company of two");
    let company = companies.iter().find(|c| text(c, "name") == *name).unwrap();
    assert_eq!(text(company, "email"), text(members[0], "email"), "the first customer's values");
    // The second customer is edited: the company is listed, with the first one's values still.
    sandbox.advance_clock(Duration::from_secs(300));
    let mark = {
        let request = PageRequest {
            entity: "companies".into(),
            fields: paths(&["name", "email"]).into(),
            scope: Scope::All,
            at: PageAt::First,
        };
        remote.page(&request).await.unwrap().mark.unwrap()
    };
    sandbox.advance_clock(Duration::from_secs(300));
    let path = format!("customers/{}", members[1].id);
    assert_eq!(sandbox.magento("PUT", &path, &json!({"customer": {"taxvat": "X"}})).0, 200);
    remote.fetch("customers", &[members[0].id.clone()], &[]).await.unwrap();
    let request = PageRequest {
        entity: "companies".into(),
        fields: paths(&["name", "email"]).into(),
        scope: Scope::Changed(syncdeck::remote::Since::Mark(mark)),
        at: PageAt::First,
    };
    let changed = remote.page(&request).await.unwrap().records;
    let again = changed.iter().find(|c| c.id == company.id).expect("the company is listed");
    assert_eq!(text(again, "email"), text(members[0], "email"));
    let person = companies.iter().find(|c| !by_name.contains_key(&text(c, "name"))).unwrap();
    let ids = [company.id.clone(), person.id.clone(), "company:nobody at all".into()];
    let found = remote.fetch("companies", &ids, &paths(&["name", "email"])).await.unwrap();
    assert_eq!(found.len(), 2, "{found:?}");
}

#[tokio::test]
async fn stock_is_read_with_a_list_and_written_with_the_product() {
    let (sandbox, remote) = shop(60).await;
    let qty = "extension_attributes.stock_item.qty";
    let listed = all(&*remote, "products", &["sku", qty]).await;
    assert!(listed.iter().filter(|p| !text(p, qty).is_empty()).count() > 30);
    let some = listed.iter().find(|p| text(p, qty) != "0" && !text(p, qty).is_empty()).unwrap();
    let (_, alone) =
        sandbox.magento("GET", &format!("products/{}", text(some, "sku")), &Value::Null);
    assert_eq!(alone["extension_attributes"]["stock_item"]["qty"].to_string(), text(some, qty));
    sandbox.magento_switches().no_sources.store(true, Ordering::Relaxed);
    let fresh = remote_with(&sandbox.magento_credentials(MagentoKey::Full), &[]);
    assert_eq!(all(&*fresh, "products", &["sku", qty]).await, listed, "one by one: the same");
    let write = Write::Update {
        id: some.id.clone(),
        fields: fields(&[(qty, "0")]),
        unmodified_since: None,
    };
    let done = remote.write("products", &[write], &paths(&[qty])).await.remove(0).unwrap();
    assert_eq!(text(&done.record.unwrap(), qty), "0");
    let (_, alone) =
        sandbox.magento("GET", &format!("products/{}", text(some, "sku")), &Value::Null);
    assert_eq!(alone["extension_attributes"]["stock_item"]["is_in_stock"], false);
}

#[tokio::test]
async fn an_existing_product_is_never_overwritten_by_a_create() {
    let (_sandbox, remote) = shop(20).await;
    let create =
        |name: &str| Write::Create { fields: fields(&[("sku", "Twin-1"), ("name", name)]) };
    let both = futures::join!(
        async { remote.write("products", &[create("A")], &[]).await.remove(0) },
        async { remote.write("products", &[create("B")], &[]).await.remove(0) },
    );
    let (made, refused) = match both {
        (Ok(made), Err(error)) | (Err(error), Ok(made)) => (made, error),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused.kind, ErrorKind::Exists { id: Some(made.id.clone()) });
    let rename =
        Write::Update { id: made.id, fields: fields(&[("sku", "Twin-2")]), unmodified_since: None };
    let error = remote.write("products", &[rename], &[]).await.remove(0).unwrap_err();
    assert!(error.error.why.contains("cannot rename"), "{error}");
}

#[tokio::test]
async fn other_addresses_survive_a_change_of_the_default_one() {
    let (sandbox, remote) = shop(20).await;
    let made = fields(&[
        ("email", "new@x.example"),
        ("firstname", "Anna"),
        ("lastname", "Berg"),
        ("billing.street_1", "Weg 1"),
        ("billing.street_2", "Hof"),
        ("billing.city", "Ulm"),
        ("billing.telephone", "1"),
        ("billing.country_id", "DE"),
        ("billing.region", "BY"),
        ("shipping.street_1", "Ufer 2"),
        ("shipping.city", "Graz"),
        ("shipping.country_id", "AT"),
    ]);
    let wanted = paths(&[
        "billing.city",
        "billing.region",
        "billing.street_2",
        "shipping.city",
        "shipping.telephone",
    ]);
    let created = remote
        .write("customers", &[Write::Create { fields: made }], &wanted)
        .await
        .remove(0)
        .unwrap();
    let shown = |r: &syncdeck::model::Record| wanted.iter().map(|p| text(r, p)).collect::<Vec<_>>();
    assert_eq!(shown(&created.record.unwrap()), ["Ulm", "Bayern", "Hof", "Graz", "1"]);
    let path = format!("customers/{}", created.id);
    let (_, before) = sandbox.magento("GET", &path, &Value::Null);
    let change = Write::Update {
        id: created.id.clone(),
        fields: fields(&[("billing.city", "Bonn"), ("billing.region", "")]),
        unmodified_since: None,
    };
    let changed = remote.write("customers", &[change], &wanted).await.remove(0).unwrap();
    assert_eq!(shown(&changed.record.unwrap()), ["Bonn", "", "Hof", "Graz", "1"]);
    let (_, after) = sandbox.magento("GET", &path, &Value::Null);
    let ids = |c: &Value| {
        c["addresses"].as_array().unwrap().iter().map(|a| a["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&before), ids(&after));
    let blank = [
        "billing.street_1",
        "billing.street_2",
        "billing.city",
        "billing.telephone",
        "billing.region",
        "billing.country_id",
    ];
    let blank: Vec<_> = blank.iter().map(|p| (*p, "")).collect();
    let write = Write::Update { id: created.id, fields: fields(&blank), unmodified_since: None };
    remote.write("customers", &[write], &wanted).await.remove(0).unwrap();
    let (_, last) = sandbox.magento("GET", &path, &Value::Null);
    assert_eq!(last["addresses"].as_array().unwrap().len(), 1, "{last}");
    assert_eq!(last["addresses"][0]["city"], "Graz");
    assert_eq!(
        last["default_shipping"].as_str(),
        last["addresses"][0]["id"].as_u64().map(|n| n.to_string()).as_deref()
    );
}

fn said(problems: &[UserError]) -> String {
    problems.iter().map(UserError::one_line).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_check_tells_what_is_wrong() {
    let (sandbox, _) = shop(20).await;
    let few = remote_with(&sandbox.magento_credentials(MagentoKey::CustomersOnly), &[]);
    let report = few.check("shop").await;
    let module = |m: Module| report.modules.iter().find(|c| c.module == m).unwrap();
    assert!(
        report.ok && module(Module::Contacts).read && !module(Module::Contacts).write,
        "{report:?}"
    );
    assert!(!module(Module::SalesOrders).read && !module(Module::Products).read);
    let told = said(&report.problems);
    assert!(
        told.contains("Magento_Sales::actions_view") && told.contains("Magento_Customer::manage"),
        "{told}"
    );
    let keys = sandbox.magento_credentials(MagentoKey::Full);
    let bad = MagentoCredentials { access_token_secret: "wrong".into(), ..keys.clone() };
    let report = remote_with(&bad, &[]).check("shop").await;
    assert!(!report.ok && said(&report.problems).contains("signing URL"), "{report:?}");
    let view = remote_with(&keys, &[("store_view", "fr")]).check("shop").await;
    assert!(said(&view.problems).contains("store view"), "{view:?}");
    let none =
        remote_with(&keys, &[("signing_url", "https://inner.example/magento")]).check("shop").await;
    assert!(said(&none.problems).contains("does not accept our signature"), "{none:?}");
    sandbox.magento_switches().maintenance.store(true, Ordering::Relaxed);
    let report = remote_with(&keys, &[]).check("shop").await;
    assert!(!report.ok && said(&report.problems).contains("not available"), "{report:?}");
}

const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn enc(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}

/// A client of its own: signs by hand and speaks plain HTTP.
fn signed_get(
    keys: &MagentoCredentials,
    host: &str,
    path: &str,
    query: &[(&str, &str)],
    nonce: &str,
) -> (u16, String) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().to_string();
    let oauth = [
        ("oauth_consumer_key", keys.consumer_key.as_str()),
        ("oauth_nonce", nonce),
        ("oauth_signature_method", "HMAC-SHA256"),
        ("oauth_timestamp", &now),
        ("oauth_token", keys.access_token.as_str()),
    ];
    let mut all: Vec<(String, String)> =
        oauth.iter().chain(query).map(|(k, v)| (enc(k), enc(v))).collect();
    all.sort();
    let joined: Vec<String> = all.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let base = format!("GET&{}&{}", enc(&format!("http://{host}{path}")), enc(&joined.join("&")));
    let secret = format!("{}&{}", keys.consumer_secret, keys.access_token_secret);
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
    let signature =
        base64::engine::general_purpose::STANDARD.encode(ring::hmac::sign(&key, base.as_bytes()));
    let mut header: Vec<String> =
        oauth.iter().map(|(k, v)| format!("{k}=\"{}\"", enc(v))).collect();
    header.push(format!("oauth_signature=\"{}\"", enc(&signature)));
    let target: Vec<String> = query.iter().map(|(k, v)| format!("{}={}", enc(k), enc(v))).collect();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "GET {path}?{} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAuthorization: OAuth {}\r\n\r\n",
        target.join("&"),
        header.join(",")
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_signs_by_itself_reads_the_sandbox() {
    let (sandbox, _) = shop(40).await;
    let keys = sandbox.magento_credentials(MagentoKey::Full);
    let host = sandbox.address().to_string();
    let query = [
        ("searchCriteria[filter_groups][0][filters][0][field]", "lastname"),
        ("searchCriteria[filter_groups][0][filters][0][value]", "% %"),
        ("searchCriteria[filter_groups][0][filters][0][condition_type]", "nlike"),
        ("searchCriteria[pageSize]", "3"),
    ];
    let path = "/magento/rest/default/V1/customers/search";
    let (status, body) = signed_get(&keys, &host, path, &query, "n1");
    assert_eq!(status, 200, "{body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["items"].as_array().unwrap().len(), 3);
    let (status, body) = signed_get(&keys, &host, path, &query, "n1");
    assert!(status == 401 && body.contains("nonce is already being used"), "{body}");
    let wrong = MagentoCredentials { consumer_secret: "x".into(), ..keys };
    let (status, body) = signed_get(&wrong, &host, path, &query, "n2");
    assert!(status == 401 && body.contains("signature is invalid"), "{body}");
}

pub struct Bench {
    pub sandbox: Sandbox,
    pub store: Store,
    pub engine: Engine,
    _folder: tempfile::TempDir,
}

impl Bench {
    /// With these modules, in this direction where they have it.
    async fn new(records: u64, direction: Direction, only: &[Module]) -> Self {
        let options = SandboxOptions { records: Some(records), ..SandboxOptions::default() };
        Self::with(options, direction, only).await
    }

    pub async fn with(options: SandboxOptions, direction: Direction, only: &[Module]) -> Self {
        let sandbox = sandbox::start(options).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("syncdeck.redb")).unwrap();
        let plain = |text: &str| SecretText::Plain(text.to_owned());
        let keys = sandbox.credentials();
        let crm = Crm {
            url: keys.vtiger.url,
            username: keys.vtiger.username,
            access_key: plain(&keys.vtiger.access_key),
            allow_http: false,
            ca_file: None,
        };
        let shop = keys.magento;
        let credentials = [
            ("base_url", &shop.base_url),
            ("consumer_key", &shop.consumer_key),
            ("consumer_secret", &shop.consumer_secret),
            ("access_token", &shop.access_token),
            ("access_token_secret", &shop.access_token_secret),
        ];
        let credentials = credentials.into_iter().map(|(k, v)| (k.to_owned(), plain(v))).collect();
        let catalog = Arc::new(Catalog::built_in().unwrap());
        let service = catalog.service("magento").unwrap();
        let modules = service.modules.iter().map(|(module, spec)| {
            let allowed = spec.directions.contains(&direction);
            let settings = ModuleSettings {
                enabled: only.is_empty() || only.contains(module),
                direction: if allowed { direction } else { spec.directions[0] },
                mode: None,
                period: None,
                deletes: Deletes::Off,
                mapping: Vec::new(),
            };
            (*module, settings)
        });
        let connector = Connector {
            id: 0,
            name: "magento".into(),
            service: "magento".into(),
            enabled: true,
            credentials,
            sync_from: SyncFrom::all(),
            frequency: Frequency::Off,
            conflict: ConflictRule::Service,
            debug: false,
            modules: modules.collect(),
            advanced: Advanced::default(),
        };
        store.commit(Change::PutCrm(crm).into()).await.unwrap();
        store.commit(Change::PutConnector(Box::new(connector)).into()).await.unwrap();
        let vault = Vault::open(folder.path()).unwrap();
        let engine = Engine::new(store.clone(), vault, catalog);
        Self { sandbox, store, engine, _folder: folder }
    }

    /// A sync, however it ends.
    pub async fn try_sync(&self) -> Run {
        self.sandbox.advance_clock(Duration::from_secs(120));
        let request =
            SyncRequest { trigger: Trigger::Manual, modules: Vec::new(), mode: SyncMode::Accept };
        self.engine.sync(1, request).await.unwrap()
    }

    pub async fn sync(&self) -> Run {
        let run = self.try_sync().await;
        assert_eq!(run.status, RunStatus::Completed, "{:?}", run.error);
        run
    }

    fn items(&self, run: &Run, module: Module, side: Side, status: ItemStatus) -> Vec<Item> {
        self.store.read_blocking(|r| r.items(run.id, module, side, status, 0, 100_000)).unwrap()
    }

    fn vtiger_of(&self, module: Module, service: &str) -> Value {
        let id = service.to_owned();
        let link = self.store.read_blocking(move |r| r.link_by_service(1, module, &id)).unwrap();
        let id = link.expect("linked").vtiger_id;
        self.sandbox.vtiger("retrieve", &[("id", &id)])["result"].clone()
    }

    fn writes(&self) -> u64 {
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
async fn a_customer_becomes_organization_and_contact_and_a_later_edit_changes_both() {
    let bench = Bench::new(100, Direction::ToVtiger, &[]).await;
    let run = bench.sync().await;
    for (module, counts) in &run.modules {
        println!("{module}: {counts:?}");
    }
    for module in [Module::Products, Module::Contacts, Module::Organizations] {
        let counts = &run.modules[&module];
        assert!(counts.vtiger.created > 0 && counts.linked > 0, "{module}: {counts:?}");
        assert_eq!(counts.service.written(), 0, "{module}");
        for item in bench.items(&run, module, Side::Vtiger, ItemStatus::Skipped) {
            println!("  {module} {} {:?}", item.name, item.reason.map(|r| r.text));
        }
    }
    let before = bench.writes();
    let again = bench.sync().await;
    assert_eq!((written(&again), bench.writes()), (0, before), "{:?}", again.modules);

    let (_, found) =
        bench.sandbox.magento("GET", "customers/search?searchCriteria[pageSize]=60", &Value::Null);
    let alone = |c: &&Value| c["addresses"][0]["company"].is_null();
    let customer = found["items"].as_array().unwrap().iter().rfind(alone).unwrap().clone();
    let id = customer["id"].to_string();
    let mut address = customer["addresses"][0].clone();
    address["telephone"] = "+49 731 1".into();
    let mut list = customer["addresses"].as_array().unwrap().clone();
    list[0] = address;
    let (status, body) = bench.sandbox.magento(
        "PUT",
        &format!("customers/{id}"),
        &json!({"customer": {"addresses": list}}),
    );
    assert_eq!(status, 200, "{body}");
    let run = bench.sync().await;
    assert_eq!(run.modules[&Module::Contacts].vtiger.updated, 1, "{:?}", run.modules);
    assert_eq!(run.modules[&Module::Organizations].vtiger.updated, 1, "{:?}", run.modules);
    assert_eq!(bench.vtiger_of(Module::Contacts, &id)["phone"], "+49 731 1");
    let name = format!(
        "{} {}",
        customer["firstname"].as_str().unwrap(),
        customer["lastname"].as_str().unwrap()
    );
    let key = format!("company:{}", syncdeck::mapping::folded_name(&name));
    assert_eq!(bench.vtiger_of(Module::Organizations, &key)["phone"], "+49 731 1");

    // Stock moves no stamp, and is seen all the same.
    let (_, products) =
        bench.sandbox.magento("GET", "products?searchCriteria[pageSize]=40", &Value::Null);
    let linked = |p: &&Value| {
        let id = p["id"].to_string();
        bench
            .store
            .read_blocking(move |r| r.link_by_service(1, Module::Products, &id))
            .unwrap()
            .is_some()
    };
    let product = products["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|p| p["type_id"] == "simple")
        .find(linked)
        .unwrap();
    let path = format!("products/{}/stockItems/1", product["sku"].as_str().unwrap());
    bench.sandbox.magento("PUT", &path, &json!({"stockItem": {"qty": 977, "is_in_stock": true}}));
    let run = bench.sync().await;
    assert_eq!(run.modules[&Module::Products].vtiger.updated, 1, "{:?}", run.modules);
    assert_eq!(
        bench.vtiger_of(Module::Products, &product["id"].to_string())["qtyinstock"],
        "977.000"
    );
    assert_eq!(written(&bench.sync().await), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn products_and_contacts_travel_both_ways_and_then_rest() {
    // Organizations apart: customers made of contacts would come back as companies.
    let bench = Bench::new(100, Direction::Both, &[Module::Products, Module::Contacts]).await;
    let run = bench.sync().await;
    for module in [Module::Products, Module::Contacts] {
        let counts = &run.modules[&module];
        println!("{module}: {counts:?}");
        for item in bench.items(&run, module, Side::Service, ItemStatus::Skipped) {
            println!("  {module} {} {:?}", item.name, item.reason.map(|r| (r.code, r.text)));
        }
        assert!(counts.vtiger.created > 0 && counts.service.created > 0, "{module}: {counts:?}");
    }
    let before = bench.writes();
    let again = bench.sync().await;
    assert_eq!((written(&again), bench.writes()), (0, before), "{:?}", again.modules);
    let links = bench.store.read_blocking(|r| r.links_after(1, Module::Contacts, None, 1)).unwrap();
    let element = json!({"id": links[0].vtiger_id, "firstname": "Renamed", "mailingcity": "Győr"});
    let answer = bench.sandbox.vtiger("revise", &[("element", &element.to_string())]);
    assert_eq!(answer["success"], true, "{answer}");
    let run = bench.sync().await;
    assert_eq!(run.modules[&Module::Contacts].service.updated, 1, "{:?}", run.modules);
    let (_, customer) =
        bench.sandbox.magento("GET", &format!("customers/{}", links[0].service_id), &Value::Null);
    assert_eq!(
        (&customer["firstname"], &customer["addresses"][0]["city"]),
        (&json!("Renamed"), &json!("Győr"))
    );
    assert_eq!(written(&bench.sync().await), 0);
}

/// The links of a module, by the service's id.
fn links(bench: &Bench, module: Module) -> BTreeMap<String, String> {
    let all = bench.store.read_blocking(|r| r.links_after(1, module, None, 10_000)).unwrap();
    all.into_iter().map(|link| (link.service_id, link.vtiger_id)).collect()
}

fn amount(value: &Value) -> rust_decimal::Decimal {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.parse::<rust_decimal::Decimal>().unwrap().round_dp(2).normalize()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_invoices_and_rules_arrive_whole_and_the_next_run_writes_nothing() {
    let bench = Bench::new(120, Direction::ToVtiger, &[]).await;
    let run = bench.sync().await;
    let (contacts, products) = (links(&bench, Module::Contacts), links(&bench, Module::Products));
    let services = links(&bench, Module::Services);
    let orders = links(&bench, Module::SalesOrders);
    let mut guests = 0;
    for (module, path) in [(Module::SalesOrders, "orders"), (Module::Invoices, "invoices")] {
        let counts = &run.modules[&module];
        assert!(counts.vtiger.created > 30 && counts.vtiger.skipped == 0, "{module}: {counts:?}");
        for (id, crm) in links(&bench, module) {
            let (_, paper) = bench.sandbox.magento("GET", &format!("{path}/{id}"), &Value::Null);
            let whole = bench.sandbox.vtiger("retrieve", &[("id", &crm)])["result"].clone();
            assert_eq!(amount(&whole["hdnGrandTotal"]), amount(&paper["grand_total"]), "{paper}");
            assert_eq!(whole["subject"], paper["increment_id"]);
            let order = match module {
                Module::Invoices => {
                    let id = paper["order_id"].to_string();
                    assert_eq!(whole["salesorder_id"].as_str(), orders.get(&id).map(|v| &**v));
                    bench.sandbox.magento("GET", &format!("orders/{id}"), &Value::Null).1
                }
                _ => paper,
            };
            let customer = match order["customer_id"].as_u64() {
                Some(id) => id.to_string(),
                None => {
                    guests += 1;
                    let mail = order["customer_email"].as_str().unwrap().to_lowercase();
                    let id = whole["contact_id"].as_str().unwrap();
                    let contact = bench.sandbox.vtiger("retrieve", &[("id", id)]);
                    let found = contact["result"]["email"].as_str().unwrap().to_lowercase();
                    assert_eq!(found, mail, "{contact}");
                    format!("guest:{mail}")
                }
            };
            if let Some(contact) = contacts.get(&customer) {
                assert_eq!(whole["contact_id"], contact.as_str(), "{order}");
            }
            assert!(whole["account_id"].as_str().is_some_and(|id| id.starts_with("11x")));
            for line in whole["LineItems"].as_array().unwrap() {
                let id = line["productid"].as_str().unwrap();
                let known = products.values().chain(services.values()).any(|v| v == id);
                assert!(known, "{line} is a line of no linked product");
            }
        }
        // Those whose product or order is skipped wait, and say for what.
        for item in bench.items(&run, module, Side::Vtiger, ItemStatus::Waiting) {
            let reason = item.reason.unwrap();
            assert_eq!(reason.code.key(), "reference_missing", "{}: {}", item.name, reason.text);
        }
    }
    assert!(guests > 10, "{guests}");
    assert!(run.modules[&Module::Campaigns].vtiger.created > 0);
    let mails: Vec<&String> = contacts.keys().filter(|id| id.starts_with("guest:")).collect();
    assert!(mails.len() > 3 && mails.len() < guests, "a guest who orders twice is one: {mails:?}");

    let before = bench.writes();
    let again = bench.sync().await;
    assert_eq!((written(&again), bench.writes()), (0, before), "{:?}", again.modules);
    let conflicts: u64 = again.modules.values().map(|m| m.conflicts).sum();
    assert_eq!(conflicts, 0, "the stock of the products is what it was: {:?}", again.modules);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_shows_the_orders_that_the_sync_then_creates() {
    let bench = Bench::new(60, Direction::ToVtiger, &[]).await;
    let before = bench.writes();
    let (trigger, modules) = (Trigger::Manual, Vec::new());
    let request = SyncRequest { trigger, modules, mode: SyncMode::Preview };
    let shown = bench.engine.sync(1, request).await.unwrap();
    assert_eq!((shown.status, bench.writes()), (RunStatus::Preview, before));
    let run = bench.sync().await;
    for (module, counts) in &run.modules {
        let planned = &shown.modules[module];
        assert_eq!(planned.vtiger, counts.vtiger, "{module}");
        assert_eq!(planned.waiting, counts.waiting, "{module}: {planned:?} {counts:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crm_that_cannot_create_orders_says_so_for_each_and_nothing_else_stops() {
    let options = SandboxOptions {
        records: Some(60),
        vtiger: VtigerRelease::Shipped,
        ..SandboxOptions::default()
    };
    let bench = Bench::with(options, Direction::ToVtiger, &[]).await;
    let run = bench.sync().await;
    assert!(run.modules[&Module::Contacts].vtiger.created > 0, "the other modules go on");
    let orders = &run.modules[&Module::SalesOrders];
    assert!(orders.vtiger.created == 0 && orders.vtiger.skipped > 10, "{orders:?}");
    for item in bench.items(&run, Module::SalesOrders, Side::Vtiger, ItemStatus::Skipped) {
        let reason = item.reason.unwrap();
        assert!(
            reason.text.contains("cannot create SalesOrder records over its API"),
            "{reason:?}"
        );
        assert!(reason.text.contains("repaired"), "{reason:?}");
    }
    let tried = bench.sandbox.deeds().keys().any(|k| k.starts_with("vtiger SalesOrder"));
    assert!(!tried, "{:?}", bench.sandbox.deeds());
    let again = bench.sync().await;
    assert_eq!(written(&again), 0, "{:?}", again.modules);
    assert_eq!(again.modules[&Module::SalesOrders].vtiger.skipped, 0, "they stand already");
}

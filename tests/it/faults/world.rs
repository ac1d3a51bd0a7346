//! A small sandbox with the real engine on it, and what it looks like from outside.

use crate::sandbox_sync::{Bench, settings};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use syncdeck::engine::{Engine, SyncMode, SyncRequest};
use syncdeck::model::{
    Advanced, ConflictRule, Deletes, Direction, ItemStatus, Module, Parked, ReasonCode, Run,
    RunStatus, Side, Trigger, is_companion_id,
};
use syncdeck::sandbox::{Fault, Sandbox, SandboxOptions};
use syncdeck::store::{Reader, Store};
use tokio::time::Instant;

/// Nothing seeded is younger: worlds that are compared with each other have the same stamps.
const BASE: i64 = 1_760_000_000;

/// No run waits for longer, whatever a system asks for. How long the work takes depends on the
/// machine.
const LONGEST: Duration = Duration::from_secs(900);

/// The fields that both systems keep, in Vtiger's words.
const CONTACT: &str = "select email,firstname,lastname,phone,mailingcity,mailingzip,mailingstreet,\
                       mailingcountry from Contacts";
const PRODUCT: &str = "select productcode,productname,unit_price,description from Products";
const STOCK: &str = "select productcode,qtyinstock from Products";

/// What a world syncs.
#[derive(Clone, Copy, PartialEq)]
pub enum Cast {
    /// People and products.
    People,
    /// Their orders, too.
    Orders,
}

impl Cast {
    fn modules(self) -> &'static [Module] {
        match self {
            Self::People => &[Module::Products, Module::Contacts],
            Self::Orders => &[Module::Products, Module::Contacts, Module::SalesOrders],
        }
    }
}

/// Sandbox, store and engine.
pub struct World {
    pub label: String,
    pub cast: Cast,
    pub sandbox: Sandbox,
    pub store: Store,
    engine: Engine,
    runs: Vec<Run>,
    _folder: tempfile::TempDir,
}

/// Faults as on the command line.
pub fn faults(list: &[&str]) -> Vec<Fault> {
    list.iter().map(|text| text.parse().unwrap()).collect()
}

impl World {
    /// So many people and products; the faults are there from the start.
    pub async fn new(label: &str, cast: Cast, records: u64, seed: u64, faults: Vec<Fault>) -> Self {
        let options = SandboxOptions {
            records: Some(records),
            seed: Some(seed),
            base: Some(BASE),
            faults,
            ..SandboxOptions::default()
        };
        let both = || settings(Direction::Both, Deletes::Carry);
        let modules = cast.modules().iter().map(|module| (*module, both())).collect();
        let (rule, advanced) = (ConflictRule::Vtiger, Advanced::default());
        let bench = Bench::with_modules(options, rule, modules, advanced).await;
        let label = label.to_owned();
        let Bench { sandbox, store, engine, folder } = bench;
        Self { label, cast, sandbox, store, engine, runs: Vec::new(), _folder: folder }
    }

    /// One sync, a minute later on the systems' clocks. It ends after a bounded number of requests
    /// and pauses, with a message if it failed.
    pub async fn sync(&mut self) -> Run {
        self.sandbox.advance_clock(Duration::from_secs(60));
        let request =
            SyncRequest { trigger: Trigger::Manual, modules: Vec::new(), mode: SyncMode::Accept };
        let before = self.requests();
        let begun = Instant::now();
        let run = self.engine.sync(1, request).await.unwrap();
        let label = &self.label;
        let (took, sent) = (begun.elapsed(), self.requests() - before);
        assert!(took < LONGEST, "{label}: a run took {took:?}");
        assert!(sent < 3_000, "{label}: {sent} requests in a run: {:?}", self.sandbox.requests());
        match run.status {
            RunStatus::Completed => assert_eq!(run.error, None, "{label}"),
            RunStatus::Failed => {
                let error = run.error.as_ref().unwrap_or_else(|| panic!("{label}: no message"));
                assert!(!error.what.is_empty() && !error.next.is_empty(), "{label}: {error:?}");
            }
            other => panic!("{label}: {other:?}"),
        }
        self.runs.push(run.clone());
        run
    }

    /// Syncs until one run gets through, at most so often. Answers the messages of the others.
    pub async fn sync_until_done(&mut self, most: usize) -> Vec<String> {
        let mut messages = Vec::new();
        for _ in 0..most {
            let run = self.sync().await;
            match run.error {
                None => break,
                Some(error) => messages.push(error.one_line()),
            }
        }
        messages
    }

    /// All that the runs told of records, for whoever looks for the cause.
    pub fn story(&self) -> String {
        let mut lines = Vec::new();
        for run in &self.runs {
            lines.push(format!("run {}: {:?} {:?}", run.id, run.status, run.error));
            for (module, side) in run.modules.keys().flat_map(|m| Side::BOTH.map(|s| (*m, s))) {
                for status in ItemStatus::ALL {
                    let id = run.id;
                    let items = self
                        .store
                        .read_blocking(move |r| r.items(id, module, side, status, 0, 999));
                    for item in items.unwrap() {
                        let changes: Vec<String> = item
                            .changes
                            .iter()
                            .map(|c| format!("{} {:?}→{:?}", c.field, c.before, c.after))
                            .collect();
                        let why = item.reason.as_ref().map(|reason| &reason.text);
                        lines.push(format!(
                            "  {module} {side:?} {status:?} {} [{} {}] {why:?} {}",
                            item.name,
                            item.vtiger_id,
                            item.service_id,
                            changes.join("; ")
                        ));
                    }
                }
            }
        }
        lines.join("\n")
    }

    fn requests(&self) -> u64 {
        self.sandbox.requests().values().sum()
    }

    /// Everybody and everything on both sides, by what both keep, without ids and stamps.
    pub fn outside(&self) -> BTreeMap<&'static str, Vec<String>> {
        let mut all = BTreeMap::from([
            ("vtiger contacts", self.rows(CONTACT)),
            ("vtiger products", self.rows(PRODUCT)),
            ("vtiger organizations", self.rows("select accountname from Accounts")),
            ("shop customers", self.shop("customers", "&role=all", customer)),
            ("shop products", self.shop("products", "&status=any&context=edit", product)),
        ]);
        if self.cast == Cast::Orders {
            all.insert("vtiger orders", self.vtiger_orders());
            all.insert("vtiger stock", self.rows(STOCK));
            all.insert("shop orders", self.shop("orders", "&status=any", order));
            all.insert("orders that wait", self.waiting());
        }
        all
    }

    /// The orders that wait for a person or product that cannot travel.
    fn waiting(&self) -> Vec<String> {
        let read = |r: &Reader| r.parked_after(1, Module::SalesOrders, None, 1_000);
        let shown = |parked: Parked| {
            let name = parked.name.split('@').next().unwrap_or_default().to_owned();
            let code = parked.reason.map(|reason| reason.code);
            assert_eq!(code, Some(ReasonCode::ReferenceMissing), "{}: {name}", self.label);
            format!("{:?} {name}", parked.side)
        };
        let mut all: Vec<String> =
            self.store.read_blocking(read).unwrap().into_iter().map(shown).collect();
        all.sort();
        all
    }

    /// The CRM's orders with their lines, and with the persons, companies and products by name.
    fn vtiger_orders(&self) -> Vec<String> {
        let name = |id: &Value, field: &str| {
            let found = self.sandbox.vtiger("retrieve", &[("id", id.as_str().unwrap_or_default())]);
            found["result"][field].clone()
        };
        let ids = self.ids("SalesOrder");
        let shown = ids.iter().map(|id| {
            let order = self.sandbox.vtiger("retrieve", &[("id", id)])["result"].clone();
            let lines = order["LineItems"].as_array().cloned().unwrap_or_default();
            let lines: Vec<Value> = lines
                .iter()
                .map(|line| {
                    let product = line["productid"].as_str().unwrap_or_default();
                    let field =
                        if product.starts_with("14x") { "productname" } else { "servicename" };
                    json!([name(&line["productid"], field), line["quantity"], line["listprice"]])
                })
                .collect();
            // The address of the sandbox is another one each time.
            let subject = order["subject"].as_str().unwrap_or_default().split('@').next();
            let (person, company) = (&order["contact_id"], &order["account_id"]);
            let whom = json!([name(person, "email"), name(company, "accountname")]);
            json!([subject, order["sostatus"], order["hdnGrandTotal"], whom, lines]).to_string()
        });
        let mut all: Vec<String> = shown.collect();
        all.sort();
        all
    }

    fn ids(&self, entity: &str) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        loop {
            let from = all.last().map_or(String::new(), |last| format!(" where id > '{last}'"));
            let query = format!("select id from {entity}{from} order by id limit 100;");
            let answer = self.sandbox.vtiger("query", &[("query", &query)]);
            let rows = answer["result"].as_array().unwrap();
            all.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
            if rows.len() < 100 {
                return all;
            }
        }
    }

    fn rows(&self, select: &str) -> Vec<String> {
        let mut all = Vec::new();
        let mut last = String::new();
        loop {
            let from =
                if last.is_empty() { String::new() } else { format!(" where id > '{last}'") };
            let query = format!("{select}{from} order by id limit 100;");
            let answer = self.sandbox.vtiger("query", &[("query", &query)]);
            let rows = answer["result"].as_array().unwrap().clone();
            let Some(row) = rows.last() else { break };
            last = row["id"].as_str().unwrap().to_owned();
            for mut row in rows {
                row.as_object_mut().unwrap().remove("id");
                all.push(row.to_string());
            }
        }
        all.sort();
        all
    }

    fn shop(&self, what: &str, filter: &str, shown: fn(&Value) -> Value) -> Vec<String> {
        let mut all = Vec::new();
        for page in 1.. {
            let path = format!("{what}?per_page=100&page={page}&orderby=id{filter}");
            let (_, rows) = self.sandbox.woo("GET", &path, &Value::Null);
            let rows = rows.as_array().unwrap().clone();
            all.extend(rows.iter().map(|row| shown(row).to_string()));
            if rows.len() < 100 {
                break;
            }
        }
        all.sort();
        all
    }

    /// A user's edit of the contact with this address.
    pub fn revise(&self, email: &str, mut element: Value) {
        element["id"] = self.contact(email).into();
        let answer = self.sandbox.vtiger("revise", &[("element", &element.to_string())]);
        assert_eq!(answer["success"], json!(true), "{}: {answer}", self.label);
    }

    /// Orders that were made in the shop and have a counterpart, in order.
    pub fn seeded_orders(&self) -> Vec<Value> {
        let (_, orders) =
            self.sandbox.woo("GET", "orders?per_page=100&orderby=id&order=asc", &Value::Null);
        let fits =
            |order: &&Value| order["meta_data"] == json!([]) && self.crm_order(order).is_some();
        orders.as_array().unwrap().iter().filter(fits).cloned().collect()
    }

    fn crm_order(&self, order: &Value) -> Option<String> {
        let id = order["id"].to_string();
        let link = self.store.read_blocking(|r| r.link_by_service(1, Module::SalesOrders, &id));
        link.unwrap().map(|link| link.vtiger_id)
    }

    /// A user's edit of the counterpart of an order of the shop.
    pub fn revise_order(&self, order: &Value, mut element: Value) {
        element["id"] = self.crm_order(order).into();
        let answer = self.sandbox.vtiger("revise", &[("element", &element.to_string())]);
        assert_eq!(answer["success"], json!(true), "{}: {answer}", self.label);
    }

    /// The id of the contact with this address.
    pub fn contact(&self, email: &str) -> String {
        let query = format!("select id from Contacts where email = '{email}' order by id;");
        let answer = self.sandbox.vtiger("query", &[("query", &query)]);
        answer["result"][0]["id"].as_str().unwrap_or_default().to_owned()
    }

    /// The number of the customer with this address.
    pub fn customer(&self, email: &str) -> u64 {
        let path = format!("customers?role=all&email={}", email.replace('+', "%2B"));
        self.sandbox.woo("GET", &path, &Value::Null).1[0]["id"].as_u64().unwrap_or(0)
    }

    /// Addresses of people whom both sides have, in order.
    pub fn shared(&self) -> Vec<String> {
        let links = self.store.read_blocking(|r| r.links_after(1, Module::Contacts, None, 1_000));
        let mut emails: Vec<String> = links
            .unwrap()
            .iter()
            .map(|link| {
                let path = format!("customers/{}", link.service_id);
                let customer = self.sandbox.woo("GET", &path, &Value::Null).1;
                customer["email"].as_str().unwrap_or_default().to_owned()
            })
            .filter(|email| !email.is_empty() && email.is_ascii() && !email.contains('\''))
            .collect();
        emails.sort();
        emails
    }

    /// Every link has its two records.
    pub fn no_link_dangles(&self) {
        for module in self.cast.modules().iter().copied() {
            let path = match module {
                Module::Contacts => "customers",
                Module::Products => "products",
                _ => "orders",
            };
            let links = self.store.read_blocking(move |r| r.links_after(1, module, None, 10_000));
            for link in links.unwrap() {
                let label = format!("{}: {module} {link:?}", self.label);
                let there = self.sandbox.vtiger("retrieve", &[("id", &link.vtiger_id)]);
                assert_eq!(there["success"], json!(true), "{label}: {there}");
                if is_companion_id(&link.service_id) {
                    continue;
                }
                let path = format!("{path}/{}", link.service_id);
                assert_eq!(self.sandbox.woo("GET", &path, &Value::Null).0, 200, "{label}");
            }
        }
    }

    /// What the runs say they did is what the systems were made to do.
    pub fn counts_are_effects(&self) {
        let mut told: BTreeMap<String, u64> = BTreeMap::new();
        for run in &self.runs {
            for (module, counts) in &run.modules {
                let names = match module {
                    Module::Contacts => ["vtiger Contacts", "woocommerce customers"],
                    Module::Products => ["vtiger Products", "woocommerce products"],
                    Module::SalesOrders => ["vtiger SalesOrder", "woocommerce orders"],
                    Module::Services => ["vtiger Services", "woocommerce none"],
                    _ => ["vtiger Accounts", "woocommerce none"],
                };
                for (name, counts) in names.into_iter().zip([counts.vtiger, counts.service]) {
                    for (deed, n) in [
                        ("created", counts.created),
                        ("updated", counts.updated),
                        ("deleted", counts.deleted),
                    ] {
                        *told.entry(format!("{name} {deed}")).or_default() += n;
                    }
                }
            }
        }
        told.retain(|_, n| *n > 0);
        let mut done = self.sandbox.deeds();
        if self.cast == Cast::Orders {
            // What a document took from the stock in the CRM is put back, which is no sync of products.
            for all in [&mut told, &mut done] {
                all.remove("vtiger Products updated");
            }
            // An update that clears the reference to a person, and was lost, has arrived for all that
            // can be seen once that person is deleted.
            for updated in ["vtiger SalesOrder updated", "woocommerce orders updated"] {
                if told.get(updated) > done.get(updated) {
                    done.insert(updated.to_owned(), told[updated]);
                }
            }
        }
        if told != done {
            println!("{}", self.story());
        }
        assert_eq!(told, done, "{}: told and done", self.label);
    }

    /// Without faults: a run or two settle everything, the next one writes nothing.
    pub async fn settles(&mut self) {
        self.sandbox.set_faults(&[]);
        for _ in 0..2 {
            let run = self.sync().await;
            assert_eq!(run.status, RunStatus::Completed, "{}: {:?}", self.label, run.error);
        }
        let (before, deeds) = (self.sandbox.writes().borrow().begun, self.sandbox.deeds());
        let quiet = self.sync().await;
        let after = self.sandbox.writes().borrow().begun;
        assert_eq!(deeds, self.sandbox.deeds(), "{}: {:?}", self.label, quiet.modules);
        // An order that waits might be created, so the shop is asked whether it may.
        if self.cast == Cast::People {
            assert_eq!(before, after, "{}: {:?}", self.label, quiet.modules);
        }
        let written: u64 =
            quiet.modules.values().map(|m| m.vtiger.written() + m.service.written()).sum();
        assert_eq!(written, 0, "{}", self.label);
        let open = self.store.read_blocking(|r| r.intents(1)).unwrap();
        assert!(open.is_empty(), "{}: {open:?}", self.label);
        for module in [Module::Contacts, Module::Products] {
            let parked =
                self.store.read_blocking(move |r| r.parked_after(1, module, None, 10)).unwrap();
            assert!(parked.is_empty(), "{}: {parked:?}", self.label);
        }
        self.no_link_dangles();
    }
}

fn customer(row: &Value) -> Value {
    let billing = &row["billing"];
    json!([
        row["email"],
        row["first_name"],
        row["last_name"],
        billing["phone"],
        billing["city"],
        billing["postcode"],
        billing["address_1"],
        billing["company"]
    ])
}

fn product(row: &Value) -> Value {
    json!([row["sku"], row["name"], row["regular_price"], row["description"], row["status"]])
}

fn order(row: &Value) -> Value {
    let lines: Vec<Value> = row["line_items"]
        .as_array()
        .unwrap()
        .iter()
        // Its name is the one that the product had when the order was made.
        .map(|line| json!([line["sku"], line["quantity"], line["total"]]))
        .collect();
    json!([row["status"], row["total"], row["billing"]["email"], row["billing"]["company"], lines])
}

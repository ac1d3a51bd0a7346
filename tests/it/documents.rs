//! Orders, invoices and the other modules of the CRM, against the sandbox's Vtiger: repaired, as
//! 8.4.0 is shipped, and as 7.3.

mod at_once;
mod carts;
mod faults;
mod totals;

use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::time::Duration;
use syncdeck::model::document::{CURRENCY, LINES, Line, LineKind, TOTAL, lines_of, lines_value};
use syncdeck::model::{Fields, Module, Record, UserError, Value};
use syncdeck::remote::{
    ConnectOptions, ErrorKind, Next, PageAt, PageRequest, Remote, RemoteResult, Scope, Write,
    Written, vtiger,
};
use syncdeck::sandbox::{self, Sandbox, SandboxOptions, VtigerRelease};

struct Bench {
    sandbox: Sandbox,
    remote: Arc<dyn Remote>,
}

fn connect(sandbox: &Sandbox) -> Arc<dyn Remote> {
    let crm = sandbox.credentials().vtiger;
    let options = ConnectOptions { concurrency: Some(4), ..ConnectOptions::default() };
    vtiger::connect(&crm.url, &crm.username, &crm.access_key.into(), &options).unwrap()
}

impl Bench {
    async fn new(vtiger: VtigerRelease) -> Self {
        Self::with(SandboxOptions { vtiger, ..SandboxOptions::default() }).await
    }

    /// A CRM without records.
    async fn empty(vtiger: VtigerRelease) -> Self {
        Self::with(SandboxOptions { vtiger, empty_crm: true, ..SandboxOptions::default() }).await
    }

    async fn with(options: SandboxOptions) -> Self {
        let options = SandboxOptions { records: Some(120), seed: Some(5), ..options };
        let sandbox = sandbox::start(options).await.unwrap();
        let remote = connect(&sandbox);
        Self { sandbox, remote }
    }

    fn query(&self, text: &str) -> Vec<Json> {
        let answer = self.sandbox.vtiger("query", &[("query", text)]);
        answer["result"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
    }

    fn ids(&self, module: &str) -> Vec<String> {
        self.some_ids(module, 100)
    }

    fn some_ids(&self, module: &str, count: u32) -> Vec<String> {
        let rows = self.query(&format!("select id from {module} order by id limit {count};"));
        rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    }

    fn whole(&self, id: &str) -> Json {
        self.sandbox.vtiger("retrieve", &[("id", id)])["result"].clone()
    }

    fn asked(&self, operation: &str) -> u64 {
        self.sandbox.requests().get(&format!("vtiger {operation}")).copied().unwrap_or(0)
    }

    async fn write(&self, entity: &str, write: Write) -> RemoteResult<Written> {
        let wanted = paths(&["subject", LINES, TOTAL, CURRENCY]);
        self.remote.write(entity, &[write], &wanted).await.remove(0)
    }

    async fn fetch(&self, entity: &str, id: &str, wanted: &[&str]) -> Record {
        self.remote.fetch(entity, &[id.to_owned()], &paths(wanted)).await.unwrap().remove(0)
    }

    /// An order of these lines, ready to be created.
    fn order(&self, subject: &str, lines: &[Line], currency: &str) -> Fields {
        let account = self.some_ids("Accounts", 1).remove(0);
        let mut fields: Fields = [
            ("subject", subject),
            ("sostatus", "Created"),
            ("invoicestatus", "AutoCreated"),
            ("bill_street", "Ring 1"),
            ("ship_street", "Ring 1"),
            ("account_id", account.as_str()),
            (CURRENCY, currency),
        ]
        .into_iter()
        .collect();
        fields.set(LINES, lines_value(lines));
        fields
    }
}

fn update(id: impl Into<String>, fields: Fields) -> Write {
    Write::Update { id: id.into(), fields, unmodified_since: None }
}

fn paths(list: &[&str]) -> Vec<String> {
    list.iter().map(|path| (*path).to_owned()).collect()
}

fn text(record: &Record, path: &str) -> String {
    record.fields.get(path).map(Value::to_text).unwrap_or_default()
}

fn line(product: &str, quantity: &str, price: &str, rate: &str, tax: &str) -> Line {
    Line {
        product: product.into(),
        name: "Thing".into(),
        quantity: quantity.parse().unwrap(),
        price: price.parse().unwrap(),
        tax: tax.parse().unwrap(),
        rate: Some(rate.parse().unwrap()),
        ..Line::default()
    }
}

fn shipping(price: &str, tax: &str) -> Line {
    Line { kind: LineKind::Shipping, comment: "DHL".into(), ..line("26x3", "1", price, "10", tax) }
}

#[tokio::test]
async fn an_order_is_created_read_and_changed_with_its_lines() {
    let b = Bench::new(VtigerRelease::Repaired).await;
    let product = b.ids("Products").remove(0);
    let lines = [line(&product, "3", "9.99", "10", "3.00"), shipping("4.90", "0.49")];
    let fields = b.order("Shop 4711", &lines, "USD");
    let made = b.write("SalesOrder", Write::Create { fields }).await.unwrap().record.unwrap();
    assert_eq!((text(&made, TOTAL), text(&made, CURRENCY)), ("38.36".into(), "USD".into()));
    let read = lines_of(made.fields.get(LINES).unwrap());
    assert_eq!((read.len(), &read[0].product), (2, &product));
    assert_eq!(read[1].comment, "DHL");
    assert_eq!(b.whole(&made.id)["conversion_rate"], "1.160");
    let sum: String =
        read.iter().map(|l| l.net() + l.tax).sum::<rust_decimal::Decimal>().to_string();
    assert_eq!(sum.trim_end_matches('0'), "38.36", "{read:?}");

    let fewer = lines_value(&[line(&product, "1", "9.99", "10", "1.00")]);
    let fields: Fields = [(LINES, fewer)].into_iter().collect();
    let changed = b.write("SalesOrder", update(made.id.clone(), fields)).await.unwrap();
    let changed = changed.record.unwrap();
    assert_eq!((text(&changed, TOTAL), text(&changed, CURRENCY)), ("10.99".into(), "USD".into()));
    let fields: Fields = [("subject", "Shop 4711 b")].into_iter().collect();
    b.write("SalesOrder", update(made.id.clone(), fields)).await.unwrap();
    let read = b.fetch("SalesOrder", &made.id, &["subject", LINES, TOTAL]).await;
    assert_eq!(
        (text(&read, "subject"), text(&read, TOTAL)),
        ("Shop 4711 b".into(), "10.99".into())
    );
    assert_eq!(lines_of(read.fields.get(LINES).unwrap()).len(), 1);
    let found = b.remote.find("SalesOrder", "subject", &["Shop 4711 b".into()], &[]).await.unwrap();
    assert_eq!(found[0].id, made.id);
}

#[tokio::test]
async fn the_lines_of_every_seeded_document_add_up_to_its_total() {
    let b = Bench::new(VtigerRelease::Repaired).await;
    for entity in ["SalesOrder", "Invoice"] {
        let request = PageRequest {
            entity: entity.into(),
            fields: paths(&["subject", LINES, TOTAL, CURRENCY, "contact_id"]).into(),
            scope: Scope::All,
            at: PageAt::First,
        };
        let page = b.remote.page(&request).await.unwrap();
        assert!(page.records.len() >= 30 && page.next == Next::End);
        for record in &page.records {
            let lines = lines_of(record.fields.get(LINES).unwrap());
            let sum: rust_decimal::Decimal = lines.iter().map(|l| l.net() + l.tax).sum();
            assert_eq!(sum.round_dp(2).normalize().to_string(), text(record, TOTAL), "{record:?}");
            assert!(["EUR", "USD", "GBP"].contains(&text(record, CURRENCY).as_str()));
        }
    }
}

#[tokio::test]
async fn a_document_that_cannot_be_shown_does_not_stop_the_listing() {
    let b = Bench::new(VtigerRelease::Repaired).await;
    let element = json!({
        "subject": "Headless", "sostatus": "Created", "invoicestatus": "Created", "bill_street": "a",
        "ship_street": "b", "account_id": b.ids("Accounts")[0], "productid": b.ids("Products")[0],
        "hdnTaxType": "individual", "LineItems": [{"productid": "14x99999", "quantity": "1"}],
    });
    let all = [("elementType", "SalesOrder"), ("element", &element.to_string())];
    assert_eq!(b.sandbox.vtiger("create", &all)["error"]["code"], "INVALID_ID_ATTRIBUTE");
    let request = PageRequest {
        entity: "SalesOrder".into(),
        fields: paths(&["subject", LINES]).into(),
        scope: Scope::All,
        at: PageAt::First,
    };
    let page = b.remote.page(&request).await.unwrap();
    let headless = page.records.iter().find(|r| text(r, "subject") == "Headless").unwrap();
    assert_eq!(headless.fields.get(LINES), None, "nothing is said about its lines");
    assert!(page.records.iter().filter(|r| r.fields.get(LINES).is_some()).count() >= 60);
}

#[tokio::test]
async fn an_order_with_a_product_that_is_gone_is_looked_up_and_finished() {
    let b = Bench::new(VtigerRelease::Repaired).await;
    let products = b.ids("Products");
    let good = [line(&products[0], "1", "10", "10", "1")];
    let fields = b.order("Good", &good, "EUR");
    b.write("SalesOrder", Write::Create { fields }).await.unwrap();
    b.sandbox.vtiger("delete", &[("id", &products[1])]);
    let fields = b.order("Shop 1", &[line(&products[1], "1", "10", "10", "1")], "EUR");
    let error = b.write("SalesOrder", Write::Create { fields }).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unknown, "{error}");
    assert!(error.error.why.contains(&products[1]), "{error}");
    let wanted = paths(&[TOTAL]);
    let found = b.remote.find("SalesOrder", "subject", &["Shop 1".into()], &wanted).await.unwrap();
    assert_eq!((found.len(), text(&found[0], TOTAL)), (1, "0".into()), "it was left without lines");
    let fields: Fields = [(LINES, lines_value(&good))].into_iter().collect();
    let id = found[0].id.clone();
    let done = b.write("SalesOrder", update(id, fields)).await.unwrap();
    assert_eq!(text(&done.record.unwrap(), TOTAL), "11");
}

#[tokio::test]
async fn the_stock_of_products_stays_what_it_was_whatever_becomes_of_a_document() {
    let b = Bench::new(VtigerRelease::Repaired).await;
    let products: Vec<String> = b.ids("Products").into_iter().take(2).collect();
    let stock = || products.iter().map(|id| b.whole(id)["qtyinstock"].clone()).collect::<Vec<_>>();
    let before = stock();
    let both = [line(&products[0], "3", "10", "10", "3"), line(&products[1], "2", "5", "10", "1")];
    let fields = b.order("Kept", &both, "EUR");
    let made = b.write("SalesOrder", Write::Create { fields }).await.unwrap();
    assert_eq!(stock(), before, "created");
    // One line is dropped, whose goods Vtiger puts back into stock.
    let fields: Fields = [(LINES, lines_value(&both[..1]))].into_iter().collect();
    b.write("SalesOrder", update(made.id.clone(), fields)).await.unwrap();
    assert_eq!(stock(), before, "changed");
    b.write("SalesOrder", Write::Delete { id: made.id }).await.unwrap();
    assert_eq!(stock(), before, "deleted");
    b.sandbox.set_faults(&["vtiger:reset-after=40%".parse().unwrap()]);
    let mut lost = 0;
    for n in 0..12 {
        let fields = b.order(&format!("Order {n}"), &both, "EUR");
        if let Err(error) = b.write("SalesOrder", Write::Create { fields }).await {
            assert_eq!(error.kind, ErrorKind::Unknown, "{error}");
            lost += 1;
        }
    }
    b.sandbox.set_faults(&[]);
    assert!(lost > 1, "{lost}");
    assert_eq!(stock(), before, "created, and the answer was lost");
}

/// The name of an organization that could not be read was taken for empty, and the company of the
/// customer was created and put in its place.
#[tokio::test]
async fn the_name_of_a_record_that_cannot_be_found_is_not_empty() {
    let b = Bench::new(VtigerRelease::Repaired).await;
    let path = "account_id.accountname";
    let request = PageRequest {
        entity: "Contacts".into(),
        fields: paths(&["account_id", path]).into(),
        scope: Scope::All,
        at: PageAt::First,
    };
    for (fault, hidden) in [("vtiger:ghost=70%", true), ("vtiger:ghost=0%", false)] {
        b.sandbox.set_faults(&[fault.parse().unwrap()]);
        let mut unread = 0;
        for _ in 0..12 {
            for record in b.remote.page(&request).await.unwrap().records {
                let belongs = !text(&record, "account_id").is_empty();
                match record.fields.get(path).map(Value::to_text) {
                    Some(name) => assert_eq!(name.is_empty(), !belongs, "{record:?}"),
                    None => unread += 1,
                }
            }
        }
        assert_eq!(unread > 0, hidden, "{fault}: {unread}");
    }
}

fn said(problems: &[UserError]) -> String {
    problems.iter().map(UserError::one_line).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn vtiger_as_it_is_shipped_refuses_orders_and_none_is_spoiled() {
    let b = Bench::new(VtigerRelease::Shipped).await;
    let product = b.ids("Products").remove(0);
    let lines = [line(&product, "1", "10", "10", "1")];
    let before = b.ids("SalesOrder");
    for (n, sent) in [(1, 1), (2, 1)] {
        let fields = b.order(&format!("Shop {n}"), &lines, "EUR");
        let error = b.write("SalesOrder", Write::Create { fields }).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused);
        assert!(error.error.what.contains("cannot create SalesOrder records"), "{error}");
        assert!(error.error.next.contains("repaired"), "{error}");
        assert!(!error.whole, "other modules go on");
        assert_eq!(b.asked("create"), sent, "it is not tried in vain");
    }
    assert_eq!(b.ids("SalesOrder"), before, "nothing was left behind");

    let id = before[0].clone();
    let was = b.whole(&id);
    let fields: Fields = [(LINES, lines_value(&lines))].into_iter().collect();
    let change = update(id.clone(), fields);
    let error = b.write("SalesOrder", change.clone()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    let error =
        connect(&b.sandbox).write("SalesOrder", &[change], &[]).await.remove(0).unwrap_err();
    assert!(error.error.what.contains("were not changed"), "on a new connection: {error}");
    assert_eq!(b.whole(&id), was, "a change of lines would have spoiled the total");
    assert_eq!(b.asked("revise"), 0);
    let fields: Fields = [("subject", "Renamed")].into_iter().collect();
    b.write("SalesOrder", update(id.clone(), fields)).await.unwrap();
    assert_eq!(b.whole(&id)["LineItems"], was["LineItems"]);

    let report = b.remote.check("vtiger").await;
    assert!(report.ok, "{report:?}");
    assert!(said(&report.problems).contains("Orders and invoices probably cannot be written"));
    for check in &report.modules {
        let orders = matches!(check.module, Module::SalesOrders | Module::Invoices);
        let here = check.module != Module::Payments;
        assert_eq!((check.available, check.read, check.write), (here, here, here && !orders));
        assert_eq!(check.why.is_some(), !check.write, "{check:?}");
    }
    let payments = report.modules.iter().find(|m| m.module == Module::Payments).unwrap();
    assert!(payments.why.as_deref().unwrap().contains("Vtiger Cloud"));
}

#[tokio::test]
async fn lines_are_changed_where_orders_once_came_over_the_api() {
    let b = Bench::new(VtigerRelease::Repaired).await;
    let report = b.remote.check("vtiger").await;
    assert!(report.problems.is_empty(), "{report:?}");
    assert!(report.modules.iter().all(|m| m.write || m.module == Module::Payments), "{report:?}");
    let product = b.ids("Products").remove(0);
    let lines = [line(&product, "1", "10", "10", "1")];
    let fields: Fields = [(LINES, lines_value(&lines))].into_iter().collect();
    let change = update(b.ids("SalesOrder").remove(0), fields);
    let error = b.write("SalesOrder", change.clone()).await.unwrap_err();
    assert!(error.error.why.contains("has not shown yet"), "nothing tells yet: {error}");
    let fields = b.order("Shop 1", &lines, "EUR");
    b.write("SalesOrder", Write::Create { fields }).await.unwrap();
    b.write("SalesOrder", change.clone()).await.unwrap();
    let later = connect(&b.sandbox);
    let done = later.write("SalesOrder", &[change], &paths(&[TOTAL])).await.remove(0).unwrap();
    assert_eq!(text(&done.record.unwrap(), TOTAL), "11", "a new connection finds out by reading");
}

#[tokio::test]
async fn version_7_keeps_the_lines_of_what_is_changed() {
    let b = Bench::new(VtigerRelease::Seven).await;
    let wanted = [LINES, TOTAL];
    for (entity, id) in [("SalesOrder", &b.ids("SalesOrder")[3]), ("Invoice", &b.ids("Invoice")[2])]
    {
        let was = b.fetch(entity, id, &wanted).await;
        assert!(lines_of(was.fields.get(LINES).unwrap()).len() >= 2);
        let fields: Fields = [("subject", "Renamed")].into_iter().collect();
        b.write(entity, update(id.clone(), fields)).await.unwrap();
        let is = b.fetch(entity, id, &wanted).await;
        assert_eq!(is.fields, was.fields, "{entity}");
        assert_eq!(b.whole(id)["subject"], "Renamed");
    }
    let id = b.ids("SalesOrder").remove(0);
    let lines = [line(&b.ids("Products")[0], "2", "10", "10", "2")];
    let fields: Fields = [(LINES, lines_value(&lines))].into_iter().collect();
    let done = b.write("SalesOrder", update(id, fields)).await.unwrap();
    assert_eq!(text(&done.record.unwrap(), TOTAL), "22");
}

#[tokio::test]
async fn the_times_of_events_are_instants() {
    let b = Bench::new(VtigerRelease::Repaired).await;
    let fields: Fields = [
        ("subject", "Call"),
        ("start", "2026-03-01T23:30:00+01:00"),
        ("end", "2026-03-02T01:15:00+01:00"),
        ("eventstatus", "Planned"),
        ("activitytype", "Meeting"),
    ]
    .into_iter()
    .collect();
    let wanted = paths(&["subject", "start", "end"]);
    let made =
        b.remote.write("Events", &[Write::Create { fields }], &wanted).await.remove(0).unwrap();
    let made = made.record.unwrap();
    assert_eq!(text(&made, "start"), "2026-03-01T22:30:00Z");
    let whole = b.whole(&made.id);
    assert_eq!(
        (&whole["date_start"], &whole["time_start"]),
        (&json!("2026-03-01"), &json!("22:30:00"))
    );
    assert_eq!(
        (&whole["due_date"], &whole["time_end"]),
        (&json!("2026-03-02"), &json!("00:15:00"))
    );
    assert_eq!((&whole["duration_hours"], &whole["duration_minutes"]), (&json!("1"), &json!("45")));
    let fields: Fields = [("end", "2026-03-02T00:30:00Z")].into_iter().collect();
    let change = update(made.id.clone(), fields);
    b.remote.write("Events", &[change], &wanted).await.remove(0).unwrap();
    let read = b.fetch("Events", &made.id, &["start", "end"]).await;
    let times = (text(&read, "start"), text(&read, "end"));
    assert_eq!(times, ("2026-03-01T22:30:00Z".into(), "2026-03-02T00:30:00Z".into()));
    assert_eq!(read.fields.iter().count(), 2, "the columns behind them are not told: {read:?}");
    assert_eq!(b.whole(&made.id)["duration_hours"], "2", "the duration follows");
    for id in b.ids("Events") {
        let read = b.fetch("Events", &id, &["start", "end"]).await;
        assert!(text(&read, "start") < text(&read, "end"), "{read:?}");
    }
}

#[tokio::test]
async fn a_tax_that_is_made_carries_the_rate_of_later_orders() {
    let b = Bench::new(VtigerRelease::Repaired).await;
    let product = b.ids("Products").remove(0);
    let lines = [line(&product, "1", "100", "19", "19")];
    let fields = b.order("Before", &lines, "EUR");
    let before = b.write("SalesOrder", Write::Create { fields }).await.unwrap();
    assert_eq!(b.whole(&before.id)["LineItems"][0]["tax1"], "19.000", "the first tax carries it");
    let fields: Fields = [("taxlabel", "MwSt 19 %"), ("percentage", "19")].into_iter().collect();
    let wanted = paths(&["taxlabel", "percentage"]);
    let made = b.remote.write("Tax", &[Write::Create { fields }], &wanted).await.remove(0).unwrap();
    let record = made.record.unwrap();
    assert_eq!((text(&record, "taxlabel"), record.trashed), ("MwSt 19 %".into(), false));
    let found = b.remote.find("Tax", "taxlabel", &["MwSt 19 %".into()], &wanted).await.unwrap();
    assert_eq!(found.len(), 1);
    b.sandbox.advance_clock(Duration::from_secs(5));
    let fields = b.order("After", &lines, "EUR");
    let after = b.write("SalesOrder", Write::Create { fields }).await.unwrap();
    let whole = b.whole(&after.id);
    assert_eq!(whole["LineItems"][0]["tax4"], "19.000", "{whole}");
    assert_eq!(whole["hdnGrandTotal"], "119.00000000");
}

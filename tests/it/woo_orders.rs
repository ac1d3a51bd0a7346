//! WooCommerce's orders, variations and taxes over real HTTP: the engine keeps the shop and the CRM
//! in step, both ways, and every total agrees to the cent.

use crate::sandbox_sync::{Bench, settings, written};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::time::Duration;
use syncdeck::engine::{SyncMode, SyncRequest};
use syncdeck::model::{
    Advanced, ConflictRule, Deletes, Direction, ItemStatus, Module, Run, RunStatus, Side, Trigger,
};
use syncdeck::sandbox::{Fault, SandboxOptions};
use syncdeck::store::Change;

/// Contacts and orders, without the products that most orders wait for.
async fn bench_of_orders(direction: Direction, deletes: Deletes) -> Bench {
    let modules = BTreeMap::from([
        (Module::Contacts, settings(direction, Deletes::Off)),
        (Module::SalesOrders, settings(direction, deletes)),
    ]);
    let options = SandboxOptions { records: Some(60), ..SandboxOptions::default() };
    Bench::with_modules(options, ConflictRule::LastUpdated, modules, Advanced::default()).await
}

/// An order of a guest for a service, and its id.
fn guest_order(bench: &Bench, name: &str) -> String {
    let email = format!("{}@guests.example", name.to_lowercase());
    let body = json!({
        "status": "processing", "fee_lines": [{"name": "Engraving", "total": "5.00"}],
        "billing": {"first_name": name, "last_name": "Guest", "email": email},
    });
    let (status, order) = bench.sandbox.woo("POST", "orders", &body);
    assert_eq!(status, 201, "{order}");
    order["id"].to_string()
}

async fn bench(records: u64) -> Bench {
    let options = SandboxOptions { records: Some(records), ..SandboxOptions::default() };
    bench_of(options).await
}

async fn bench_of(options: SandboxOptions) -> Bench {
    let both = || settings(Direction::Both, Deletes::Off);
    let modules = BTreeMap::from([
        (Module::Taxes, settings(Direction::ToVtiger, Deletes::Off)),
        (Module::Products, both()),
        (Module::Contacts, both()),
        (Module::SalesOrders, both()),
    ]);
    Bench::with_modules(options, ConflictRule::LastUpdated, modules, Advanced::default()).await
}

/// The links of a module, by the shop's id.
fn links(bench: &Bench, module: Module) -> BTreeMap<String, String> {
    let links = bench.store.read_blocking(|r| r.links_after(1, module, None, 100_000)).unwrap();
    links.into_iter().map(|link| (link.service_id, link.vtiger_id)).collect()
}

fn amount(value: &Value) -> Decimal {
    value.as_str().unwrap_or_default().parse::<Decimal>().unwrap().round_dp(2)
}

/// What a run says about a module, for a failed test.
fn told(bench: &Bench, run: &Run) -> String {
    let mut out = format!("{:?}\n", run.error);
    for (module, counts) in &run.modules {
        out.push_str(&format!("{module}: {counts:?}\n"));
        for side in Side::BOTH {
            for status in [ItemStatus::Updated, ItemStatus::Skipped, ItemStatus::Waiting] {
                for item in bench.items(run, *module, side, status).iter().take(4) {
                    let reason = item.reason.as_ref().map(|r| &r.text);
                    out.push_str(&format!(
                        "  {side:?} {status:?} {} {reason:?} {:?}\n",
                        item.name, item.changes
                    ));
                }
            }
        }
    }
    out
}

/// An order of the shop as a person sees it there.
fn order_now(bench: &Bench, id: &str) -> Value {
    let order = bench.shop(&format!("orders/{id}"));
    let of = |name: &str| order[name].clone();
    json!([of("total"), of("customer_id"), of("line_items"), of("shipping_lines"), of("fee_lines")])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_that_a_new_store_finds_on_both_sides_are_linked_and_left_alone() {
    let options =
        SandboxOptions { records: Some(120), empty_crm: true, ..SandboxOptions::default() };
    let bench = bench_of(options).await;
    let first = bench.sync(SyncMode::Sync).await;
    assert_eq!(first.status, RunStatus::Completed, "{}", told(&bench, &first));
    for _ in 0..2 {
        bench.sandbox.advance_clock(Duration::from_secs(7_200));
        bench.sync(SyncMode::Sync).await;
    }
    let linked = links(&bench, Module::SalesOrders);
    let before: Vec<Value> = linked.keys().map(|id| order_now(&bench, id)).collect();
    assert!(linked.len() > 50, "{}", linked.len());
    let several = before.iter().filter(|order| order[3].as_array().unwrap().len() > 0);
    assert!(several.count() > 20, "orders with shipping");

    let connector = bench.store.read_blocking(|r| r.connectors()).unwrap().remove(0);
    bench.store.commit(Change::RemoveConnector(1).into()).await.unwrap();
    bench.store.commit(Change::PutConnector(Box::new(connector)).into()).await.unwrap();
    let run = bench.sync(SyncMode::Accept).await;
    assert_eq!(run.status, RunStatus::Completed, "{}", told(&bench, &run));
    let counts = &run.modules[&Module::SalesOrders];
    let writes = (counts.vtiger.written(), counts.service.written());
    assert_eq!(writes, (0, 0), "{}", told(&bench, &run));
    assert_eq!(links(&bench, Module::SalesOrders), linked);
    let after: Vec<Value> = linked.keys().map(|id| order_now(&bench, id)).collect();
    assert_eq!(before, after);
    let quiet = bench.sync(SyncMode::Sync).await;
    assert_eq!(written(&quiet), 0, "{}", told(&bench, &quiet));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_whose_answers_were_lost_are_linked_and_the_shop_is_left_alone() {
    let options =
        SandboxOptions { records: Some(100), empty_crm: true, ..SandboxOptions::default() };
    let bench = bench_of(options).await;
    let of = |modules: &[Module]| SyncRequest {
        trigger: Trigger::Manual,
        modules: modules.to_vec(),
        mode: SyncMode::Sync,
    };
    let others = [Module::Taxes, Module::Products, Module::Contacts];
    bench.engine.sync(1, of(&others)).await.unwrap();
    bench.sandbox.set_faults(&["vtiger:reset-after=0.15".parse().unwrap()]);
    let mut first = bench.engine.sync(1, of(&[Module::SalesOrders])).await.unwrap();
    while first.status != RunStatus::Completed {
        // Too much was lost while it only read.
        first = bench.engine.sync(1, of(&[Module::SalesOrders])).await.unwrap();
    }
    bench.sandbox.set_faults(&[]);
    let open = bench.store.read_blocking(|r| r.intents(1)).unwrap();
    let open = open.iter().filter(|(module, _)| *module == Module::SalesOrders).count();
    assert!(open > 5, "{open}: {}", told(&bench, &first));
    let orders = bench.shop("orders?per_page=100");
    let ids: Vec<String> =
        orders.as_array().unwrap().iter().map(|order| order["id"].to_string()).collect();
    let before: Vec<Value> = ids.iter().map(|id| order_now(&bench, id)).collect();
    for _ in 0..3 {
        let run = bench.sync(SyncMode::Sync).await;
        assert_eq!(run.status, RunStatus::Completed, "{}", told(&bench, &run));
        let counts = &run.modules[&Module::SalesOrders];
        assert_eq!(
            (counts.vtiger.updated, counts.service.written()),
            (0, 0),
            "{}",
            told(&bench, &run)
        );
    }
    let after: Vec<Value> = ids.iter().map(|id| order_now(&bench, id)).collect();
    assert_eq!(before, after);
    let made = bench.sandbox.deeds()["vtiger SalesOrder created"];
    assert_eq!(links(&bench, Module::SalesOrders).len() as u64, made);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_travel_both_ways_to_the_cent_and_then_rest() {
    let bench = bench(120).await;
    let run = bench.sync(SyncMode::Sync).await;
    assert_eq!(run.status, RunStatus::Completed, "{}", told(&bench, &run));
    let counts = &run.modules[&Module::SalesOrders];
    assert!(counts.vtiger.created > 50 && counts.service.created > 40, "{}", told(&bench, &run));
    assert_eq!((counts.vtiger.skipped, counts.service.skipped), (0, 0), "{}", told(&bench, &run));
    for side in Side::BOTH {
        for item in bench.items(&run, Module::SalesOrders, side, ItemStatus::Waiting) {
            let reason = item.reason.unwrap();
            assert_eq!(reason.code.key(), "reference_missing", "{}: {}", item.name, reason.text);
        }
    }
    let taxes = &run.modules[&Module::Taxes];
    assert_eq!((taxes.vtiger.created, taxes.service.written()), (6, 0), "{taxes:?}");
    let rates = bench.sandbox.vtiger("query", &[("query", "select * from Tax;")]);
    let rates: BTreeSet<&str> =
        rates["result"].as_array().unwrap().iter().filter_map(|t| t["taxlabel"].as_str()).collect();
    assert!(rates.contains("MwSt 19") && rates.contains("USt 20"), "{rates:?}");

    let (contacts, products) = (links(&bench, Module::Contacts), links(&bench, Module::Products));
    let services = links(&bench, Module::Services);
    let (mut guests, mut varied, mut agree, mut differ) = (BTreeSet::new(), 0, 0, Vec::new());
    for (id, crm) in links(&bench, Module::SalesOrders) {
        let order = bench.shop(&format!("orders/{id}"));
        let whole = bench.vtiger(&crm);
        let from_crm = !order["meta_data"].as_array().unwrap().is_empty();
        if amount(&whole["hdnGrandTotal"]) == amount(&order["total"]) {
            agree += 1;
        } else {
            // The shop computes the taxes of an order from the CRM by its own rates.
            assert!(from_crm, "an order of the shop has its total: {order}\n{whole}");
            differ.push(crm.clone());
        }
        assert!(whole["account_id"].as_str().is_some_and(|id| id.starts_with("11x")));
        match order["customer_id"].as_u64().unwrap() {
            0 if from_crm => {}
            0 => {
                let mail = order["billing"]["email"].as_str().unwrap().to_lowercase();
                let contact = bench.vtiger(whole["contact_id"].as_str().unwrap());
                assert_eq!(contact["email"].as_str().unwrap().to_lowercase(), mail);
                guests.insert((mail, contact["id"].to_string()));
            }
            customer => {
                let contact = contacts.get(&customer.to_string()).map(String::as_str);
                assert_eq!(whole["contact_id"].as_str(), contact, "{order}");
            }
        }
        let lines = order["line_items"].as_array().unwrap();
        varied += lines.iter().filter(|l| l["variation_id"] != 0).count();
        for line in whole["LineItems"].as_array().unwrap() {
            let id = line["productid"].as_str().unwrap();
            let known = products.values().chain(services.values()).any(|v| v == id);
            assert!(known, "{line} is a line of no linked product");
        }
    }
    println!("{agree} orders agree, {} differ, {varied} variations, {guests:?}", differ.len());
    let mails: BTreeSet<&String> = guests.iter().map(|(mail, _)| mail).collect();
    assert!(
        mails.len() > 5 && mails.len() == guests.len(),
        "one contact for each guest: {guests:?}"
    );
    assert!(varied > 3);
    // Where the shop computes other taxes than the CRM had, the difference is told.
    let items = bench.items(&run, Module::SalesOrders, Side::Service, ItemStatus::Created);
    for item in items {
        let said = item.changes.iter().any(|change| change.field == "totals.grand");
        assert_eq!(said, differ.contains(&item.vtiger_id), "{}: {:?}", item.name, item.changes);
    }

    let before = bench.sandbox.deeds();
    let again = bench.sync(SyncMode::Sync).await;
    assert_eq!((written(&again), bench.sandbox.deeds()), (0, before), "{}", told(&bench, &again));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_difference_of_totals_is_told_though_the_answer_was_lost() {
    let bench = bench(60).await;
    let lossy: Fault = "woocommerce:reset-after=40%".parse().unwrap();
    bench.sandbox.set_faults(&[lossy]);
    let mut runs = Vec::new();
    for n in 0..4 {
        if n == 2 {
            bench.sandbox.set_faults(&[]);
        }
        bench.sandbox.advance_clock(Duration::from_secs(60));
        runs.push(bench.sync(SyncMode::Accept).await);
    }
    assert_eq!(runs[3].status, RunStatus::Completed, "{}", told(&bench, &runs[3]));
    let mut settled = [0, 0];
    for (n, run) in runs.iter().enumerate() {
        for item in bench.items(run, Module::SalesOrders, Side::Service, ItemStatus::Created) {
            let order = bench.shop(&format!("orders/{}", item.service_id));
            let total = amount(&bench.vtiger(&item.vtiger_id)["hdnGrandTotal"]);
            let differs = total != amount(&order["total"]);
            let said = item.changes.iter().any(|change| change.field == "totals.grand");
            assert_eq!(said, differs, "{}: {:?}", item.name, item.changes);
            settled[usize::from(differs)] += usize::from(n > 0);
        }
    }
    assert!(settled[0] > 0 && settled[1] > 0, "answers of both kinds were lost: {settled:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_of_orders_travel_and_cancellations_are_a_status() {
    let bench = bench(60).await;
    bench.sync(SyncMode::Sync).await;
    let orders = links(&bench, Module::SalesOrders);
    let of_shop = |bench: &Bench, wanted: &str| -> (String, String) {
        let fits = |id: &String| {
            let order = bench.shop(&format!("orders/{id}"));
            order["status"] == wanted && order["meta_data"] == json!([])
        };
        let found = orders.iter().find(|(id, _)| fits(id)).expect("an order of the shop");
        (found.0.clone(), found.1.clone())
    };
    // In the shop: an order is refunded whole, another is given a further item.
    let (refunded, refunded_crm) = of_shop(&bench, "completed");
    let total = bench.shop(&format!("orders/{refunded}"))["total"].clone();
    let body = json!({"amount": total, "api_refund": false, "reason": "Broken"});
    let (status, answer) = bench.sandbox.woo("POST", &format!("orders/{refunded}/refunds"), &body);
    assert_eq!(status, 201, "{answer}");
    let (bigger, bigger_crm) = of_shop(&bench, "processing");
    let item = bench.shop(&format!("orders/{bigger}"))["line_items"][0].clone();
    let more = json!({"line_items": [
        {"product_id": item["product_id"], "variation_id": item["variation_id"], "quantity": 2}]});
    let (status, answer) = bench.sandbox.woo("PUT", &format!("orders/{bigger}"), &more);
    assert_eq!(status, 200, "{answer}");
    // In the CRM: an order is delivered.
    let (sent, sent_crm) = of_shop(&bench, "on-hold");
    bench.revise(json!({"sostatus": "Delivered"}), &sent_crm);
    let run = bench.sync(SyncMode::Sync).await;
    assert_eq!(run.status, RunStatus::Completed);
    assert_eq!(bench.vtiger(&refunded_crm)["sostatus"], "Cancelled", "{}", told(&bench, &run));
    assert!(
        bench.vtiger(&refunded_crm)["description"].as_str().unwrap().contains("Refunded: "),
        "{}",
        bench.vtiger(&refunded_crm)
    );
    let whole = bench.vtiger(&bigger_crm);
    let order = bench.shop(&format!("orders/{bigger}"));
    assert_eq!(amount(&whole["hdnGrandTotal"]), amount(&order["total"]), "{}", told(&bench, &run));
    assert_eq!(bench.shop(&format!("orders/{sent}"))["status"], "completed");
    assert_eq!(bench.shop(&format!("orders/{refunded}"))["status"], "refunded", "not cancelled");
    let counts = &run.modules[&Module::SalesOrders];
    assert_eq!((counts.vtiger.updated, counts.service.updated), (2, 1), "{}", told(&bench, &run));
    // What was bought and sent moved the shop's stock, which travels with Products once.
    bench.sync(SyncMode::Sync).await;
    let before = bench.sandbox.deeds();
    let again = bench.sync(SyncMode::Sync).await;
    assert_eq!((written(&again), bench.sandbox.deeds()), (0, before), "{}", told(&bench, &again));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_of_the_crm_arrives_once_even_if_the_answer_is_lost() {
    let bench = bench(40).await;
    bench.sync(SyncMode::Sync).await;
    let orders = links(&bench, Module::SalesOrders);
    let (_, crm) = orders.iter().next().unwrap();
    let mut element = bench.vtiger(crm);
    let product = links(&bench, Module::Products).into_values().next().unwrap();
    element["subject"] = json!("Made in the CRM");
    element["sostatus"] = json!("Created");
    element["invoicestatus"] = json!("AutoCreated");
    element["productid"] = json!(product);
    element["hdnTaxType"] = json!("group");
    element["LineItems"] =
        json!([{"productid": product, "quantity": "2", "listprice": "12.50", "comment": ""}]);
    for name in ["id", "salesorder_no", "createdtime", "modifiedtime"] {
        element.as_object_mut().unwrap().remove(name);
    }
    bench.sandbox.advance_clock(Duration::from_secs(60));
    let parameters = [("elementType", "SalesOrder"), ("element", &*element.to_string())];
    let made = bench.sandbox.vtiger("create", &parameters);
    assert_eq!(made["success"], true, "{made}");
    // The shop creates the order, and its answer gets lost.
    let asked = || bench.sandbox.requests().get("woocommerce POST orders").copied().unwrap_or(0);
    let before = asked();
    bench.sandbox.slow_writes(Duration::from_millis(800));
    let cut = async {
        while asked() == before {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let lost: Fault = "woocommerce:reset-after=1".parse().unwrap();
        bench.sandbox.set_faults(&[lost]);
    };
    tokio::join!(bench.sync(SyncMode::Sync), cut);
    bench.sandbox.set_faults(&[]);
    bench.sandbox.slow_writes(Duration::ZERO);
    assert!(bench.sandbox.faults_given()["woocommerce:reset-after"] > 0);
    for _ in 0..2 {
        bench.sync(SyncMode::Sync).await;
    }
    let id = made["result"]["id"].as_str().unwrap();
    let link = links(&bench, Module::SalesOrders).into_iter().find(|(_, crm)| crm == id);
    let (shop_id, _) = link.expect("it is linked");
    let mut found = Vec::new();
    for page in 1..9 {
        let path = format!("orders?per_page=100&status=any&page={page}");
        found.extend(bench.shop(&path).as_array().unwrap().iter().cloned());
    }
    let marked: Vec<&Value> = found
        .iter()
        .filter(|o| o["meta_data"].as_array().unwrap().iter().any(|m| m["value"] == id))
        .collect();
    assert_eq!(marked.len(), 1, "{marked:?}");
    assert_eq!(marked[0]["id"].to_string(), shop_id);
    assert_eq!(marked[0]["line_items"][0]["quantity"], 2);
    assert_eq!(marked[0]["status"], "pending");
    let before = bench.sandbox.deeds();
    let again = bench.sync(SyncMode::Sync).await;
    assert_eq!((written(&again), bench.sandbox.deeds()), (0, before), "{}", told(&bench, &again));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_shop_is_not_sent_is_no_update() {
    let bench = bench(40).await;
    bench.sync(SyncMode::Sync).await;
    bench.sandbox.advance_clock(Duration::from_secs(7_200));
    bench.sync(SyncMode::Sync).await;
    let orders = links(&bench, Module::SalesOrders);
    let (id, crm) = orders.iter().next().unwrap();
    let mut lines = bench.vtiger(crm)["LineItems"].clone();
    for line in lines.as_array_mut().unwrap() {
        // The shop computes taxes by its own rates, so there is nothing to send.
        line["tax1"] = json!("7.000");
    }
    let before = order_now(&bench, id);
    bench.revise(json!({"hdnTaxType": "group", "LineItems": lines}), crm);
    let updates = || bench.sandbox.deeds().get("woocommerce orders updated").copied();
    let (asked, run) = (updates(), bench.sync(SyncMode::Sync).await);
    assert_eq!(run.status, RunStatus::Completed, "{}", told(&bench, &run));
    let counts = &run.modules[&Module::SalesOrders];
    let writes = (counts.vtiger.written(), counts.service.written());
    assert_eq!(writes, (0, 0), "{}", told(&bench, &run));
    assert_eq!((updates(), order_now(&bench, id)), (asked, before));
    assert!(counts.unchanged > 0, "{counts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_of_a_product_that_is_gone_go_on_to_travel() {
    let bench = bench(60).await;
    bench.sync(SyncMode::Sync).await;
    bench.sandbox.advance_clock(Duration::from_secs(7_200));
    bench.sync(SyncMode::Sync).await;
    let products = links(&bench, Module::Products);
    // Two orders of the shop, each with a line of a product without variations.
    let mut found = links(&bench, Module::SalesOrders).into_iter().filter_map(|(id, crm)| {
        let order = bench.shop(&format!("orders/{id}"));
        let line = order["line_items"].as_array()?.first()?.clone();
        let product = line["product_id"].to_string();
        let plain = line["variation_id"] == 0 && order["meta_data"].as_array()?.is_empty();
        (plain && products.contains_key(&product)).then_some((id, crm, product))
    });
    let trashed = found.next().unwrap();
    let deleted = found.find(|other| other.2 != trashed.2).unwrap();
    let lines = |id: &str| bench.shop(&format!("orders/{id}"))["line_items"].clone();
    let before = [lines(&trashed.0), lines(&deleted.0)];
    let path = format!("products/{}", trashed.2);
    assert_eq!(bench.sandbox.woo("DELETE", &path, &json!({})).0, 200);
    bench.sandbox.vtiger("delete", &[("id", &products[&deleted.2])]);
    let run = bench.sync(SyncMode::Sync).await;
    let orders = &run.modules[&Module::SalesOrders];
    let writes = (orders.vtiger.written(), orders.service.written());
    assert_eq!(writes, (0, 0), "a deletion is no edit: {}", told(&bench, &run));
    for (id, crm, _) in [&trashed, &deleted] {
        let city = json!({"billing": {"city": "Torquay"}});
        assert_eq!(bench.sandbox.woo("PUT", &format!("orders/{id}"), &city).0, 200);
        let run = bench.sync(SyncMode::Sync).await;
        assert_eq!(run.modules[&Module::SalesOrders].vtiger.updated, 1, "{}", told(&bench, &run));
        assert_eq!(bench.vtiger(crm)["bill_city"], "Torquay");
        bench.sandbox.advance_clock(Duration::from_secs(60));
        bench.revise(json!({"ship_city": "Ockham"}), crm);
        let run = bench.sync(SyncMode::Sync).await;
        assert_eq!(run.modules[&Module::SalesOrders].service.updated, 1, "{}", told(&bench, &run));
        assert_eq!(bench.shop(&format!("orders/{id}"))["shipping"]["city"], "Ockham");
    }
    assert_eq!(before, [lines(&trashed.0), lines(&deleted.0)]);
    let quiet = bench.sync(SyncMode::Sync).await;
    assert_eq!(written(&quiet), 0, "{}", told(&bench, &quiet));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prices_of_many_orders_that_change_at_once_leave_lines_and_stock_alone() {
    let bench = bench(60).await;
    bench.sync(SyncMode::Sync).await;
    let products = links(&bench, Module::Products);
    let (product, crm_product) = products
        .iter()
        .find(|(id, _)| {
            let product = bench.shop(&format!("products/{id}"));
            product["type"] == "simple" && product["manage_stock"] == json!(true)
        })
        .expect("a product with a stock");
    let mut made = Vec::new();
    for n in 0..20 {
        let body = json!({
            "status": "processing", "currency": "EUR",
            "billing": {"first_name": "Ada", "last_name": format!("Nr {n}"), "address_1": "Ring 1",
                "city": "Wien", "country": "AT", "email": "ada@example.com"},
            "line_items": [{"product_id": product.parse::<u64>().unwrap(), "quantity": 1}]});
        let (status, answer) = bench.sandbox.woo("POST", "orders", &body);
        assert_eq!(status, 201, "{answer}");
        made.push((answer["id"].to_string(), answer["line_items"][0]["id"].clone()));
    }
    let run = bench.sync(SyncMode::Accept).await;
    let orders = links(&bench, Module::SalesOrders);
    assert!(made.iter().all(|(id, _)| orders.contains_key(id)), "{}", told(&bench, &run));
    for (id, item) in &made {
        let body = json!({"line_items": [{"id": item, "subtotal": "77.00", "total": "77.00"}]});
        let (status, answer) = bench.sandbox.woo("PUT", &format!("orders/{id}"), &body);
        assert_eq!(status, 200, "{answer}");
    }
    let stock = bench.vtiger(crm_product)["qtyinstock"].clone();
    bench.sandbox.slow_writes(Duration::from_millis(60));
    let run = bench.sync(SyncMode::Accept).await;
    bench.sandbox.slow_writes(Duration::ZERO);
    let changed = run.modules[&Module::SalesOrders].vtiger.updated;
    assert!(changed >= 20, "{}", told(&bench, &run));
    for (id, _) in &made {
        let (order, whole) = (bench.shop(&format!("orders/{id}")), bench.vtiger(&orders[id]));
        assert_eq!(amount(&whole["hdnGrandTotal"]), amount(&order["total"]), "{whole}");
        let lines = whole["LineItems"].as_array().unwrap();
        assert!(lines.iter().any(|l| amount(&l["listprice"]) == Decimal::from(77)), "{whole}");
    }
    assert_eq!(bench.vtiger(crm_product)["qtyinstock"], stock);
    let before = bench.sandbox.deeds();
    let again = bench.sync(SyncMode::Sync).await;
    assert_eq!((written(&again), bench.sandbox.deeds()), (0, before), "{}", told(&bench, &again));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
/// A status that a plugin keeps out of searches is left out of `any` where orders are posts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_with_a_status_that_any_leaves_out_is_synced_and_never_taken_for_gone() {
    let bench = bench_of_orders(Direction::ToVtiger, Deletes::Carry).await;
    bench.sandbox.woo_switches().orders_as_posts.store(true, Ordering::Relaxed);
    let ids = [guest_order(&bench, "Ann"), guest_order(&bench, "Ben")];
    let hide = |id: &str| {
        let path = format!("orders/{id}");
        let body = json!({"status": "awaiting-pickup"});
        assert_eq!(bench.sandbox.woo("PUT", &path, &body).0, 200);
        let any = bench.shop(&format!("orders?include={id}&status=any"));
        assert_eq!(any, json!([]));
    };
    // One has it before the first sync, the other one gets it later.
    hide(&ids[0]);
    let run = bench.sync(SyncMode::Sync).await;
    assert_eq!(run.status, RunStatus::Completed, "{}", told(&bench, &run));
    let linked = links(&bench, Module::SalesOrders);
    assert!(ids.iter().all(|id| linked.contains_key(id)), "{ids:?} {}", told(&bench, &run));
    hide(&ids[1]);
    for _ in 0..2 {
        let run = bench.sync(SyncMode::Sync).await;
        assert_eq!(run.status, RunStatus::Completed, "{}", told(&bench, &run));
        let counts = &run.modules[&Module::SalesOrders];
        assert_eq!(counts.vtiger.deleted, 0, "{}", told(&bench, &run));
        assert_eq!(links(&bench, Module::SalesOrders), linked);
        for id in &ids {
            assert_eq!(bench.vtiger(&linked[id])["sostatus"], "Created", "{id}");
        }
    }
    // What is gone is asked for once more, by itself, and only then is it gone.
    let path = format!("orders/{}?force=true", ids[1]);
    assert_eq!(bench.sandbox.woo("DELETE", &path, &Value::Null).0, 200);
    let run = bench.sync(SyncMode::Sync).await;
    assert_eq!(run.modules[&Module::SalesOrders].vtiger.deleted, 1, "{}", told(&bench, &run));
    assert_eq!(bench.vtiger(&linked[&ids[1]]), Value::Null);
}

/// The administrator's account, which is no customer of the shop.
const ADMINISTRATOR: u64 = 1;

/// Nothing refers to the accounts of people who work in the shop, so an order of theirs would wait for
/// ever; it is told as a guest's, and stays theirs in the shop.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_of_a_staff_account_is_told_as_a_guests_and_stays_theirs() {
    let bench = bench_of_orders(Direction::Both, Deletes::Off).await;
    let id = guest_order(&bench, "Carla");
    let path = format!("orders/{id}");
    let (status, _) = bench.sandbox.woo("PUT", &path, &json!({"customer_id": ADMINISTRATOR}));
    assert_eq!(status, 200);
    let before = bench.sandbox.requests();
    let run = bench.sync(SyncMode::Sync).await;
    assert_eq!(run.status, RunStatus::Completed, "{}", told(&bench, &run));
    let asked = |name: &str| {
        let count = |all: &BTreeMap<String, u64>| all.get(name).copied().unwrap_or(0);
        count(&bench.sandbox.requests()) - count(&before)
    };
    // Contacts are two pages at the most and some look-ups; staff five roles, once.
    assert!(asked("woocommerce GET customers") <= 24, "{:?}", bench.sandbox.requests());
    let order = links(&bench, Module::SalesOrders)
        .remove(&id)
        .unwrap_or_else(|| panic!("it does not wait: {}", told(&bench, &run)));
    let contact = bench.vtiger(&order)["contact_id"].as_str().unwrap().to_owned();
    assert_eq!(bench.vtiger(&contact)["lastname"], "Guest");

    // Whatever is changed in the CRM, whose order it is in the shop stays.
    let customers = links(&bench, Module::Contacts);
    let (_, other) = customers.iter().next().unwrap();
    for change in [json!({"sostatus": "Delivered"}), json!({"contact_id": other})] {
        bench.sandbox.advance_clock(Duration::from_secs(60));
        bench.revise(change.clone(), &order);
        let run = bench.sync(SyncMode::Sync).await;
        assert_eq!(run.status, RunStatus::Completed, "{}", told(&bench, &run));
        let now = bench.shop(&path);
        assert_eq!(now["customer_id"], ADMINISTRATOR, "{change} {}", told(&bench, &run));
    }
    assert_eq!(bench.shop(&path)["status"], "completed");
    let run = bench.sync(SyncMode::Sync).await;
    assert_eq!(written(&run), 0, "and then it rests: {}", told(&bench, &run));
}

/// A contact with the e-mail address of somebody who works in the shop is neither linked to that
/// account nor written to it, and waits for nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_account_of_staff_is_never_adopted() {
    let bench = bench_of_orders(Direction::Both, Deletes::Carry).await;
    let path = format!("customers/{ADMINISTRATOR}");
    let before = bench.shop(&path);
    let mut contact = json!({"lastname": "Boss", "firstname": "The", "mailingcity": "Berlin"});
    contact["email"] = before["email"].clone();
    let element = [("elementType", "Contacts"), ("element", &contact.to_string())];
    let made = bench.sandbox.vtiger("create", &element);
    assert_eq!(made["success"], json!(true), "{made}");
    let id = made["result"]["id"].as_str().unwrap().to_owned();
    for round in 0..3 {
        if round == 2 {
            bench.revise(json!({"mailingcity": "Bonn"}), &id);
        }
        let run = bench.sync(SyncMode::Sync).await;
        assert_eq!(run.status, RunStatus::Completed, "{}", told(&bench, &run));
        assert_eq!(bench.shop(&path), before, "{}", told(&bench, &run));
        let linked = bench.store.read_blocking(|r| r.link_by_vtiger(1, Module::Contacts, &id));
        assert!(linked.unwrap().is_none(), "{}", told(&bench, &run));
        let skips = bench.items(&run, Module::Contacts, Side::Service, ItemStatus::Skipped);
        let of_staff = |text: &str| text.contains("staff account of the shop");
        let skipped =
            skips.iter().filter(|i| i.reason.as_ref().is_some_and(|r| of_staff(&r.text))).count();
        // Told once, and again when the contact was changed.
        assert_eq!(skipped, usize::from(round != 1), "{round}: {}", told(&bench, &run));
        assert_eq!(run.modules[&Module::Contacts].waiting, 0, "{}", told(&bench, &run));
    }
    assert_ne!(bench.vtiger(&id), Value::Null, "and nothing of it is deleted");
}

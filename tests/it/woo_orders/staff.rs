//! Orders and accounts of the shop's staff, and statuses that the shop hides.

use super::*;

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

//! Orders of which nothing was edited are not written, whatever happened to the store, the wire or
//! their products.

use super::*;

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
    let several = before.iter().filter(|order| !order[3].as_array().unwrap().is_empty());
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
    let orders = bench.shop("orders?per_page=100");
    for order in orders.as_array().unwrap() {
        // The CRM demands a street, so something stands in for it there.
        let none = json!({"address_1": "", "address_2": ""});
        let none = json!({"billing": none, "shipping": none});
        assert_eq!(bench.sandbox.woo("PUT", &format!("orders/{}", order["id"]), &none).0, 200);
    }
    bench.sandbox.set_faults(&["vtiger:reset-after=0.15".parse().unwrap()]);
    let mut first = bench.engine.sync(1, of(&[Module::SalesOrders])).await.unwrap();
    while first.status != RunStatus::Completed {
        // Too much was lost while it only read.
        first = bench.engine.sync(1, of(&[Module::SalesOrders])).await.unwrap();
    }
    bench.sandbox.set_faults(&[]);
    let open = bench.store.read_blocking(|r| r.intents(1)).unwrap();
    let open = open.iter().filter(|(module, _)| *module == Module::SalesOrders).count();
    assert!(open > 3, "{open}: {}", told(&bench, &first));
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

/// A guest has no account, so no listing of the shop's accounts shows one, which says nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contacts_of_guests_have_no_record_in_the_shop_and_do_not_wait_for_one() {
    let bench = bench(60).await;
    let first = bench.sync(SyncMode::Sync).await;
    assert_eq!(first.status, RunStatus::Completed, "{}", told(&bench, &first));
    let guests = || links(&bench, Module::Contacts).into_iter().filter(|(id, _)| id.contains(':'));
    let linked: Vec<_> = guests().collect();
    assert!(linked.len() > 3, "{linked:?}");
    // One is edited in the CRM: it is compared, and has nowhere to go.
    let mut contact = bench.vtiger(&linked[0].1);
    contact["phone"] = json!("+49 30 1");
    bench.revise(contact, &linked[0].1);
    for _ in 0..3 {
        let run = bench.sync(SyncMode::Sync).await;
        assert_eq!(run.status, RunStatus::Completed, "{}", told(&bench, &run));
        let of = |side| {
            bench.store.read_blocking(move |r| {
                r.parked_of(1, Module::Contacts, side, "")?.collect::<Result<Vec<_>, _>>()
            })
        };
        assert_eq!(Side::BOTH.map(|side| of(side).unwrap()), [vec![], vec![]]);
    }
    assert_eq!(guests().collect::<Vec<_>>(), linked);
}

//! Orders and invoices: lines, totals, and what goes wrong with them.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ask, code, create, query, rows, server, server_like, write};
use crate::sandbox::VtigerRelease;
use crate::sandbox::vtiger::Vtiger;

fn first(server: &Vtiger, module: &str) -> Value {
    rows(&query(server, &format!("select id from {module} limit 1;")))[0]["id"].clone()
}

fn order(server: &Vtiger, lines: &Value, more: &Value) -> Value {
    let product = lines.get(0).map_or(Value::Null, |line| line["productid"].clone());
    let mut element = json!({
        "subject": "Test", "sostatus": "Created", "invoicestatus": "Created", "bill_street": "a",
        "ship_street": "b", "account_id": first(server, "Accounts"), "productid": product,
        "LineItems": lines,
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        element[key] = value.clone();
    }
    element
}

fn retrieve(server: &Vtiger, id: &Value) -> Value {
    ask(server, "retrieve", &[("id", id.as_str().unwrap())])["result"].clone()
}

#[test]
fn an_order_is_created_with_lines_and_totals() {
    let server = server(100);
    let product = first(&server, "Products");
    let name = json!({"id": product, "productname": "Cup & \"Söhne\"", "qtyinstock": "50"});
    let before = write(&server, "revise", &name)["result"].clone();
    server.clock.advance(Duration::from_secs(9));
    let lines = json!([
        {"productid": product, "quantity": "2.0004", "listprice": "10", "discount_amount": "1", "tax1": "4.5"},
        {"productid": "26x3", "quantity": 1, "listprice": 2.55},
    ]);
    let group = json!({"hdnTaxType": "group", "hdnDiscountAmount": "1", "txtAdjustment": "-0.01",
        "hdnGrandTotal": "999", "shipping_&_handling": "8", "shipping_&_handling_shtax1": "4.5",
        "currency_id": "21x2", "conversion_rate": "1.16"});
    let made = create(&server, "SalesOrder", &order(&server, &lines, &group))["result"].clone();
    assert_eq!(made["new"], json!(true));
    assert_eq!(made["hdnSubTotal"], json!(21.55), "{made}");
    // (21.55 − 1) × 1.045 + 8 × 1.045 − 0.01
    assert_eq!(made["hdnGrandTotal"], json!(29.82475));
    assert_eq!(made["invoicestatus"], "", "only orders that recur keep it");
    let kept = retrieve(&server, &made["id"]);
    assert_eq!(kept["hdnGrandTotal"], "29.82475000");
    assert_eq!((&kept["currency_id"], &kept["conversion_rate"]), (&json!("21x2"), &json!("1.160")));
    assert_eq!((&kept["productid"], &kept["hdnS_H_Amount"]), (&product, &json!("8.00000000")));
    assert!(kept.get("new").is_none() && kept.get("quantity").is_none(), "{kept}");
    let items = kept["LineItems"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(items[0]["product_name"], "Cup &amp; &quot;S&ouml;hne&quot;");
    assert_eq!(
        (&items[0]["quantity"], &items[0]["listprice"]),
        (&json!("2.000"), &json!("10.00000000"))
    );
    assert_eq!((&items[0]["tax1"], &items[1]["tax1"]), (&json!("4.500"), &Value::Null));
    assert_eq!(
        (&items[1]["entity_type"], &items[1]["sequence_no"]),
        (&json!("Services"), &json!("2"))
    );
    let line = items[0]["id"].as_str().unwrap();
    assert_eq!(retrieve(&server, &json!(line))["parent_id"], made["id"]);
    let stock = retrieve(&server, &product);
    assert_eq!(stock["qtyinstock"], "48.000");
    assert_eq!(stock["modifiedtime"], before["modifiedtime"], "orders leave no stamp on products");

    let fresh = json!({"id": made["id"], "hdnTaxType": "group", "hdnDiscountAmount": "0",
        "LineItems": {"0": {"productid": product, "quantity": "1", "tax1": "10"}}});
    let price = stock["unit_price"].as_str().unwrap().parse::<f64>().unwrap();
    let revised = write(&server, "revise", &fresh)["result"].clone();
    let total = revised["hdnGrandTotal"].as_str().unwrap().parse::<f64>().unwrap();
    assert!((total - (price * 1.1 + 8.0 - 0.01)).abs() < 1e-6, "{total} of {price}");
    let second = items[1]["id"].as_str().unwrap();
    assert_eq!(code(&ask(&server, "retrieve", &[("id", second)])), "ACCESS_DENIED");
    let kept = write(&server, "revise", &json!({"id": made["id"], "subject": "Other"}));
    assert_eq!(kept["result"]["LineItems"], revised["LineItems"], "no lines sent: none changed");
}

#[test]
fn what_an_order_needs() {
    let server = server(100);
    let product = first(&server, "Products");
    let line = json!([{"productid": product, "quantity": "1", "listprice": "100", "tax1": "10"}]);
    let refused =
        |lines: &Value, more: &Value| create(&server, "SalesOrder", &order(&server, lines, more));
    let none = refused(&json!([]), &json!({}));
    assert_eq!(none["error"]["message"], "Mandatory Fields Missing..");
    let header = refused(&line, &json!({"bill_street": ""}));
    assert_eq!(header["error"]["message"], "bill_street does not have a value");
    let orders = || rows(&query(&server, "select id from SalesOrder;")).len();
    let before = orders();
    assert_eq!(
        code(&refused(&json!([{"quantity": "1"}]), &json!({"productid": product}))),
        "INVALID_ID_ATTRIBUTE"
    );
    assert_eq!(orders(), before);
    let headless = refused(
        &json!([{"productid": "14x99999", "quantity": "1"}]),
        &json!({"hdnTaxType": "individual"}),
    );
    assert_eq!(code(&headless), "INVALID_ID_ATTRIBUTE");
    assert_eq!(orders(), before + 1, "and yet it was saved");
    let left = query(&server, "select id,hdnGrandTotal from SalesOrder where subject='Test';");
    assert_eq!(rows(&left)[0]["hdnGrandTotal"], "0.00000000");
    let dead = ask(&server, "retrieve", &[("id", rows(&left)[0]["id"].as_str().unwrap())]);
    assert_eq!(dead["status"], 500, "{dead}");
    let absent = refused(&line, &json!({}))["result"].clone();
    assert_eq!((&absent["hdnTaxType"], &absent["hdnGrandTotal"]), (&json!(""), &json!(110)));
    let own = refused(
        &json!([{"productid": product, "quantity": "1", "listprice": "100", "tax3": "10"}]),
        &json!({"hdnTaxType": "individual"}),
    );
    assert_eq!(own["result"]["hdnGrandTotal"], json!(100), "the product has no such tax");
}

#[test]
fn a_query_that_names_columns_of_lines_is_a_join() {
    let server = server(200);
    let heads = query(&server, "select subject from SalesOrder order by id limit 3;");
    assert_eq!(rows(&heads).len(), 3);
    let joined = query(&server, "select * from SalesOrder order by id limit 0,4;");
    assert_eq!(rows(&joined).len(), 2, "four lines, of two orders");
    assert!(rows(&joined)[1]["productid"].is_string());
    let next = query(&server, "select subject,quantity from SalesOrder order by id limit 4,4;");
    assert_eq!(rows(&next)[0]["id"], rows(&joined)[1]["id"], "one at the border comes twice");
    let named = query(&server, "select hdnDiscountAmount from SalesOrder limit 1;");
    assert!(rows(&named)[0]["discount_amount"].is_string(), "{named}");
}

#[test]
fn vtiger_as_it_is_shipped_cannot_do_all_this() {
    let server = server_like(100, VtigerRelease::Shipped);
    let product = first(&server, "Products");
    let line = json!([{"productid": product, "quantity": "1", "listprice": "100"}]);
    let before = rows(&query(&server, "select id from SalesOrder;")).len();
    let refused = create(&server, "SalesOrder", &order(&server, &line, &json!({})));
    assert_eq!(
        refused["error"],
        json!({"message": "Id specified is incorrect", "code": "INVALID_ID_ATTRIBUTE"})
    );
    assert_eq!(rows(&query(&server, "select id from SalesOrder;")).len(), before);
    let id = first(&server, "SalesOrder");
    let lines = retrieve(&server, &id)["LineItems"].clone();
    let plain = write(&server, "revise", &json!({"id": id, "subject": "Other"}));
    assert_eq!(plain["result"]["LineItems"], lines);
    assert_eq!(write(&server, "revise", &json!({"id": id, "LineItems": line}))["status"], 500);
    let spoiled = retrieve(&server, &id);
    assert_eq!(spoiled["hdnGrandTotal"], "0.00000000");
    assert_eq!(spoiled["LineItems"].as_array().unwrap().len(), 1);
    let sent = json!({"id": id, "hdnGrandTotal": "110.5", "hdnSubTotal": "100"});
    let healed = write(&server, "revise", &sent)["result"].clone();
    assert_eq!(healed["hdnGrandTotal"], "110.50000000", "without lines it is believed");
    assert_eq!(
        (&healed["hdnSubTotal"], &healed["LineItems"]),
        (&json!("100.00000000"), &spoiled["LineItems"])
    );
    for (operation, parameters) in [
        ("sync", &[("modifiedTime", "1"), ("elementType", "Contacts")][..]),
        ("retrieve_inventory", &[("id", id.as_str().unwrap())][..]),
    ] {
        assert_eq!(ask(&server, operation, parameters)["status"], 500, "{operation}");
    }
    assert_eq!(query(&server, "select count(*) from Contacts;")["result"], json!([]));
}

#[test]
fn version_7_drops_the_lines_of_an_order_that_is_saved_without() {
    let server = server_like(100, VtigerRelease::Seven);
    for (module, left) in [("SalesOrder", 0), ("Invoice", 2)] {
        let id = first(&server, module);
        assert_eq!(retrieve(&server, &id)["LineItems"].as_array().unwrap().len(), 2, "{module}");
        write(&server, "revise", &json!({"id": id, "subject": "Other"}));
        let lines = retrieve(&server, &id)["LineItems"].as_array().unwrap().len();
        assert_eq!(lines, left, "{module}");
    }
}

#[test]
fn what_is_seeded_belongs_together() {
    let server = server(300);
    let all =
        |module: &str| query(&server, &format!("select id from {module} order by id limit 100;"));
    for (module, least) in [
        ("SalesOrder", 100),
        ("Invoice", 75),
        ("Leads", 75),
        ("Events", 75),
        ("Campaigns", 5),
        ("Services", 4),
    ] {
        assert!(rows(&all(module)).len() >= least, "{module}");
    }
    let number = |json: &Value| json.as_str().unwrap_or_default().parse::<f64>().unwrap_or(0.0);
    for id in rows(&all("SalesOrder")).iter().chain(rows(&all("Invoice"))).map(|row| &row["id"]) {
        let paper = retrieve(&server, id);
        let lines = paper["LineItems"].as_array().unwrap();
        assert!(lines.len() >= 2, "{paper}");
        let net: f64 = lines
            .iter()
            .map(|l| {
                number(&l["quantity"]) * number(&l["listprice"]) - number(&l["discount_amount"])
            })
            .sum();
        let rate = number(&lines[0]["tax1"]) + number(&lines[0]["tax2"]);
        let total = number(&paper["hdnGrandTotal"]);
        assert!((net * (1.0 + rate / 100.0) - total).abs() < 1e-6, "{paper}");
        for name in ["account_id", "contact_id", "currency_id"] {
            assert!(paper[name].is_string(), "{name} {paper}");
        }
        assert!(!paper["bill_street"].as_str().unwrap().is_empty());
        let same = json!({"id": id, "hdnTaxType": "group", "LineItems": lines});
        let again = write(&server, "revise", &same)["result"].clone();
        assert_eq!(again["hdnGrandTotal"], paper["hdnGrandTotal"], "the calculator agrees");
    }
    let invoice = retrieve(&server, &first(&server, "Invoice"));
    let of = retrieve(&server, &invoice["salesorder_id"]);
    assert_eq!(
        (&of["contact_id"], &of["hdnGrandTotal"]),
        (&invoice["contact_id"], &invoice["hdnGrandTotal"])
    );
    let event = retrieve(&server, &first(&server, "Events"));
    assert_eq!(event["time_start"].as_str().unwrap().len(), 8, "{event}");
    assert!(event["contact_id"].is_string() && event["subject"].as_str().unwrap().len() > 8);
    let lead = retrieve(
        &server,
        &rows(&query(&server, "select id from Leads where email like '%@%' limit 1;"))[0]["id"],
    );
    let mail = lead["email"].as_str().unwrap();
    let found = query(&server, &format!("select id from Leads where email='{mail}';"));
    assert_eq!(rows(&found)[0]["id"], lead["id"]);
    assert!(
        rows(&query(&server, &format!("select id from Contacts where email='{mail}';"))).is_empty()
    );
}

#[test]
fn a_new_tax_makes_a_column() {
    let server = server(100);
    let made =
        create(&server, "Tax", &json!({"taxlabel": "MwSt", "percentage": "19"}))["result"].clone();
    assert_eq!((&made["taxname"], &made["percentage"]), (&json!("tax4"), &json!("19.000")));
    assert!(made.get("regions").is_none() && made["taxid"] == "4", "{made}");
    for module in ["Products", "SalesOrder", "LineItem"] {
        let described = ask(&server, "describe", &[("elementType", module)]);
        let fields = described["result"]["fields"].as_array().unwrap();
        assert!(fields.iter().any(|f| f["name"] == "tax4" && f["label"] == "MwSt"), "{module}");
    }
    let product = first(&server, "Products");
    let line = json!([{"productid": product, "quantity": "1", "listprice": "100", "tax4": "19"}]);
    let order = order(&server, &line, &json!({"hdnTaxType": "group"}));
    let made = create(&server, "SalesOrder", &order)["result"].clone();
    assert_eq!(made["hdnGrandTotal"], json!(119));
    assert_eq!(retrieve(&server, &made["id"])["LineItems"][0]["tax4"], "19.000");
}

#[test]
fn sync_tells_changes_and_deletions_by_the_second() {
    let server = server(300);
    let ask_sync = |since: &str, module: &str| {
        let all = [("modifiedTime", since), ("elementType", module), ("syncType", "application")];
        ask(&server, "sync", &all)
    };
    assert_eq!(ask_sync("0", "Contacts")["status"], 500);
    assert_eq!(code(&ask_sync("1", "Currency")), "ACCESS_DENIED");
    assert_eq!(ask_sync("1", "Users")["result"]["updated"], json!([]));
    let (mut since, mut seen) = (String::from("1"), Vec::new());
    loop {
        let page = ask_sync(&since, "Contacts")["result"].clone();
        seen.extend(page["updated"].as_array().unwrap().iter().map(|r| r["id"].to_string()));
        since = page["lastModifiedTime"].to_string();
        if page["more"] == json!(false) {
            break;
        }
    }
    let total = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((total, seen.len()), (243, 243));
    let ids = query(&server, "select id from Contacts limit 2;");
    let id = |n: usize| rows(&ids)[n]["id"].as_str().unwrap().to_owned();
    server.clock.advance(Duration::from_secs(60));
    ask(&server, "delete", &[("id", &id(0))]);
    write(&server, "revise", &json!({"id": id(1), "title": "x"}));
    let news = ask_sync(&since, "Contacts")["result"].clone();
    assert_eq!(news["deleted"], json!([id(0)]));
    assert_eq!(news["updated"].as_array().unwrap().len(), 1);
    assert_eq!(news["updated"][0]["title"], "x");
    let counted = query(&server, "select count(*) from Contacts;");
    assert_eq!(counted["result"], json!([{"count": "242"}]));
    // As many as there are in the second of the hundredth one; the page tells that there is more.
    let since = news["lastModifiedTime"].to_string();
    server.clock.advance(Duration::from_secs(60));
    let new = json!({"lastname": "Doe", "assigned_user_id": "19x1"});
    for _ in 0..120 {
        create(&server, "Contacts", &new);
    }
    server.clock.advance(Duration::from_secs(5));
    create(&server, "Contacts", &new);
    let first = ask_sync(&since, "Contacts")["result"].clone();
    let told = first["updated"].as_array().unwrap().len();
    assert!((100..121).contains(&told) && first["more"] == json!(true), "{told} {}", first["more"]);
}

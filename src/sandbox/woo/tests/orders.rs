//! Orders: totals reckoned anew, items by their numbers, coupons, refunds, stock, filters.

use axum::http::Method;
use serde_json::{Value, json};

use super::{ask, get, header, ids, shop};
use crate::sandbox::woo::Woo;

fn product(shop: &Woo, price: &str) -> u64 {
    let body =
        json!({"name": "Cup", "regular_price": price, "manage_stock": true, "stock_quantity": 10});
    ask(shop, "POST", "products", &body).1["id"].as_u64().unwrap()
}

fn stock(shop: &Woo, product: u64) -> Value {
    get(shop, &format!("products/{product}"))["stock_quantity"].clone()
}

#[test]
fn totals_follow_the_items_and_the_rates_of_the_address() {
    let shop = shop(60);
    let cup = product(&shop, "4.00");
    let body = json!({
        "billing": {"country": "DE"}, "customer_id": 3,
        "line_items": [{"product_id": cup, "quantity": 3}],
        "fee_lines": [{"name": "Gift wrap", "total": "2.00"}],
        "shipping_lines": [{"method_id": "flat_rate", "method_title": "Flat", "total": "4.90"}],
    });
    let (status, order) = ask(&shop, "POST", "orders", &body);
    assert_eq!((status, &order["status"]), (201, &json!("pending")), "{order}");
    let line = &order["line_items"][0];
    assert_eq!((&line["subtotal"], &line["total_tax"]), (&json!("12.00"), &json!("2.28")));
    assert_eq!((&line["price"], &line["taxes"][0]["id"]), (&json!(4.0), &json!(1)));
    assert_eq!((&order["total"], &order["total_tax"]), (&json!("22.49"), &json!("3.59")));
    assert_eq!(order["tax_lines"][0]["rate_code"], "DE-MWST 19-1");
    assert_eq!(order["tax_lines"][0]["rate_percent"], 19.0);
    assert!(order["billing"]["email"].as_str().unwrap().contains('@'), "the customer's");
    assert_eq!(order["billing"]["city"], "", "and nothing else of the customer");
    let path = format!("orders/{}", order["id"]);
    let exact = get(&shop, &format!("{path}?dp=6"));
    assert_eq!(exact["line_items"][0]["total"], "12.000000");
    // By its number an item changes what is sent; its total stays.
    let id = &line["id"];
    let (_, more) = ask(&shop, "PUT", &path, &json!({"line_items": [{"id": id, "quantity": 5}]}));
    assert_eq!((&more["line_items"][0]["quantity"], &more["total"]), (&json!(5), &order["total"]));
    let body = json!({"line_items": [{"id": id, "subtotal": "20", "total": "18"}], "fee_lines": [
        {"id": order["fee_lines"][0]["id"], "name": null}]});
    let (_, less) = ask(&shop, "PUT", &path, &body);
    assert_eq!((&less["discount_total"], &less["total"]), (&json!("2.00"), &json!("27.25")));
    assert_eq!(less["fee_lines"], json!([]));
    let (_, none) = ask(&shop, "PUT", &path, &json!({"line_items": [{"id": id, "quantity": 0}]}));
    assert_eq!((&none["line_items"], &none["total"]), (&json!([]), &json!("5.83")));
    let (_, california) = ask(
        &shop,
        "POST",
        "orders",
        &json!({"billing": {"country": "US", "state": "CA"}, "line_items": [{"product_id": cup}]}),
    );
    assert_eq!(california["line_items"][0]["taxes"].as_array().unwrap().len(), 2);
    assert_eq!(california["total"], "4.31");
}

#[test]
fn any_status_leaves_out_what_is_kept_out_of_searches_where_orders_are_posts() {
    use std::sync::atomic::Ordering;
    let shop = shop(60);
    let (_, made) = ask(&shop, "POST", "orders", &json!({"status": "awaiting-pickup"}));
    assert_eq!(made["status"], "awaiting-pickup");
    let id = made["id"].as_u64().unwrap();
    let (_, document) = ask(&shop, "OPTIONS", "orders", &Value::Null);
    let offered = &document["endpoints"][0]["args"]["status"]["items"]["enum"];
    assert!(offered.as_array().unwrap().contains(&json!("awaiting-pickup")), "{offered}");
    let listed =
        |status: &str| ids(&get(&shop, &format!("orders?include={id}&status={status}"))) == [id];
    for (posts, any) in [(false, true), (true, false)] {
        shop.switches.orders_as_posts.store(posts, Ordering::Relaxed);
        assert_eq!((listed("any"), listed("any,awaiting-pickup")), (any, any), "{posts}");
        assert!(listed("awaiting-pickup") && listed("pending,awaiting-pickup"), "{posts}");
        assert_eq!(get(&shop, &format!("orders/{id}"))["id"], id);
    }
}

#[test]
fn orders_are_refused_as_the_shop_does() {
    let shop = shop(60);
    let code = |body: Value| {
        let (status, answer) = ask(&shop, "POST", "orders", &body);
        (status, answer["code"].as_str().unwrap_or_default().to_owned(), answer)
    };
    for (body, wanted) in [
        (json!({"line_items": [{"quantity": 1}]}), "woocommerce_rest_required_product_reference"),
        (json!({"line_items": [{"product_id": 1, "quantity": 1.5}]}), "rest_invalid_param"),
        (
            json!({"line_items": [{"id": 99_999_999, "quantity": 1}]}),
            "woocommerce_rest_invalid_item_id",
        ),
        (json!({"shipping_lines": [{"total": "1"}]}), "woocommerce_rest_invalid_shipping_item"),
        (json!({"fee_lines": [{"total": "1"}]}), "woocommerce_rest_invalid_fee_item"),
        (json!({"coupon_lines": [{"code": "nope"}]}), "woocommerce_rest_invalid_coupon"),
        (json!({"customer_id": 999_999}), "woocommerce_rest_invalid_customer_id"),
        (json!({"status": "wc-processing"}), "rest_invalid_param"),
        (json!({"status": "trash"}), "rest_invalid_param"),
        (json!({"billing": {"email": ""}}), "rest_invalid_param"),
        (json!({"line_items": [{"product_id": 1, "total": 3}]}), "rest_invalid_param"),
    ] {
        let (status, found, _) = code(body.clone());
        assert_eq!((status, found.as_str()), (400, wanted), "{body}");
    }
    let (.., failed) = code(json!({"coupon_lines": [{"code": "nope"}]}));
    let draft = failed["data"]["new_draft_order_id"].as_u64().unwrap();
    assert_eq!(get(&shop, &format!("orders/{draft}"))["status"], "checkout-draft");
    let (status, unknown) = ask(
        &shop,
        "POST",
        "orders",
        &json!({"line_items": [{"product_id": 999_999, "quantity": 1, "total": "5"}]}),
    );
    assert_eq!((status, &unknown["line_items"][0]["name"]), (201, &json!("")), "without a word");
    assert_eq!(ask(&shop, "PUT", "orders/999999", &json!({})).0, 400);
    assert_eq!(ask(&shop, "GET", "orders/999999", &Value::Null).0, 404);
    let (_, batch) = ask(
        &shop,
        "POST",
        "orders/batch",
        &json!({"create": [{"status": "nope"}], "update": [{"id": 999_999}]}),
    );
    assert_eq!(batch["create"][0]["status"], "pending", "a batch checks nothing");
    assert_eq!(batch["update"][0]["error"]["code"], "woocommerce_rest_shop_order_invalid_id");
}

#[test]
fn goods_are_taken_out_of_stock_and_put_back() {
    let shop = shop(60);
    let cup = product(&shop, "4.00");
    let items = json!([{"product_id": cup, "quantity": 3}]);
    let (_, order) = ask(&shop, "POST", "orders", &json!({"line_items": items}));
    assert_eq!(stock(&shop, cup), 10, "nothing is taken for a pending order");
    let path = format!("orders/{}", order["id"]);
    let (_, paid) = ask(&shop, "PUT", &path, &json!({"set_paid": true}));
    assert_eq!((&paid["status"], stock(&shop, cup)), (&json!("processing"), json!(7)));
    assert!(paid["date_paid_gmt"].is_string());
    assert_eq!(paid["line_items"][0]["meta_data"][0]["key"], "_reduced_stock");
    let more = json!({"line_items": [{"id": paid["line_items"][0]["id"], "quantity": 4}]});
    ask(&shop, "PUT", &path, &more);
    assert_eq!(stock(&shop, cup), 6);
    ask(&shop, "PUT", &path, &json!({"status": "cancelled"}));
    assert_eq!(stock(&shop, cup), 10);
    let taken = json!([{"product_id": cup, "quantity": 3,
                        "meta_data": [{"key": "_reduced_stock", "value": 3}]}]);
    let body = json!({"status": "processing", "line_items": taken});
    assert_eq!(ask(&shop, "POST", "orders", &body).0, 201);
    assert_eq!(stock(&shop, cup), 10, "an item that says so is taken already");
}

#[test]
fn coupons_and_refunds() {
    let shop = shop(60);
    let cup = product(&shop, "10.00");
    let body = json!({"billing": {"country": "FR"}, "line_items": [{"product_id": cup, "quantity": 2}],
                      "coupon_lines": [{"code": "Welcome10"}]});
    let (_, order) = ask(&shop, "POST", "orders", &body);
    assert_eq!((&order["total"], &order["discount_total"]), (&json!("18.00"), &json!("2.00")));
    assert_eq!(order["coupon_lines"][0]["discount"], "2");
    let path = format!("orders/{}", order["id"]);
    let refunds = format!("{path}/refunds");
    for body in [json!({"amount": "99", "api_refund": false}), json!({"amount": "1"})] {
        let (status, failed) = ask(&shop, "POST", &refunds, &body);
        assert_eq!((status, &failed["data"]), (500, &json!(500)), "a bare number");
    }
    let (status, part) = ask(
        &shop,
        "POST",
        &refunds,
        &json!({"amount": "3.00", "api_refund": false, "reason": "x"}),
    );
    assert_eq!((status, &part["amount"]), (201, &json!("3.00")));
    let after = get(&shop, &path);
    assert_eq!((&after["status"], &after["total"]), (&json!("pending"), &json!("18.00")));
    assert_eq!(after["refunds"][0]["total"], "-3.00");
    ask(&shop, "POST", &refunds, &json!({"amount": "15", "api_refund": false}));
    assert_eq!(get(&shop, &path)["status"], "refunded");
    assert_eq!(get(&shop, &refunds).as_array().unwrap().len(), 2);
    let one = format!("{refunds}/{}", part["id"]);
    assert_eq!(ask(&shop, "DELETE", &format!("{one}?force=true"), &Value::Null).0, 200);
    assert_eq!(ask(&shop, "GET", &one, &Value::Null).0, 404);
}

#[test]
fn orders_are_listed_by_what_is_asked() {
    let shop = shop(120);
    let page = |path: &str| shop.trusted(&Method::GET, path, &Value::Null);
    let all = page("orders?per_page=100&status=any&orderby=id&order=asc");
    assert_eq!((header(&all, "x-wp-total"), header(&all, "x-wp-totalpages")), ("80", "1"));
    let beyond = page("orders?per_page=100&page=3");
    assert_eq!((header(&beyond, "x-wp-total"), beyond.body.as_str()), ("0", "[]"));
    let guests = get(&shop, "orders?customer=0&per_page=100");
    assert!(guests.as_array().unwrap().len() >= 15);
    assert!(guests.as_array().unwrap().iter().all(|o| o["customer_id"] == 0));
    let done = get(&shop, "orders?status=completed,refunded&per_page=100");
    assert!(done.as_array().unwrap().iter().any(|o| o["refunds"] != json!([])));
    let one = done[0]["id"].as_u64().unwrap();
    let path = format!("orders/{one}");
    let stamp = done[0]["date_modified_gmt"].as_str().unwrap();
    let since = |after: &str| {
        ids(&get(&shop, &format!("orders?modified_after={after}&dates_are_gmt=true&per_page=100")))
    };
    assert!(!since(stamp).contains(&one), "strictly after");
    let (_, same) = ask(&shop, "PUT", &path, &json!({}));
    assert!(same["date_modified_gmt"].as_str() > Some(stamp), "even without a change");
    assert!(since(stamp).contains(&one));
    assert_eq!(ids(&get(&shop, &format!("orders?include={one}"))), [one]);
    assert!(ids(&get(&shop, &format!("orders?search={one}"))).contains(&one));
    assert_eq!(ask(&shop, "GET", "orders?status=nope", &Value::Null).0, 400);
    let (_, trashed) = ask(&shop, "DELETE", &path, &Value::Null);
    assert_eq!(trashed["status"], "trash");
    assert_eq!(ask(&shop, "DELETE", &path, &Value::Null).0, 410);
    assert!(ids(&get(&shop, &format!("orders?include={one}"))).is_empty());
    assert_eq!(ids(&get(&shop, "orders?status=trash")), [one]);
    assert_eq!(get(&shop, &path)["status"], "trash");
    assert_eq!(ask(&shop, "DELETE", &format!("{path}?force=true"), &Value::Null).0, 200);
    assert_eq!(ask(&shop, "GET", &path, &Value::Null).0, 404);
    let customer = get(&shop, "orders?per_page=100")
        .as_array()
        .unwrap()
        .iter()
        .find_map(|o| o["customer_id"].as_u64().filter(|id| *id > 0))
        .unwrap();
    let mine = ids(&get(&shop, &format!("orders?customer={customer}&per_page=100")));
    ask(&shop, "DELETE", &format!("customers/{customer}?force=true"), &Value::Null);
    assert_eq!(get(&shop, &format!("orders/{}", mine[0]))["customer_id"], 0, "a guest's by now");
    let narrow = &get(&shop, "orders?per_page=1&_fields=id,billing.email,line_items.sku")[0];
    assert_eq!(narrow["line_items"], json!([]), "inside lists nothing is chosen");
    assert_eq!(narrow["billing"].as_object().unwrap().len(), 1);
}

use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::*;

const BASE: i64 = 1_700_000_000;

fn shop() -> Magento {
    let world = Arc::new(World::new(1, 100, BASE));
    Magento::new(world, Arc::default(), Arc::default(), &[], "http://h/magento".into())
}

fn ask(shop: &Magento, method: &str, path: &str, body: Value) -> (u16, Value) {
    let reply = shop.trusted(&method.parse().unwrap(), path, &body);
    (reply.status.as_u16(), serde_json::from_str(&reply.body).unwrap())
}

fn get(shop: &Magento, path: &str) -> Value {
    let (status, body) = ask(shop, "GET", path, Value::Null);
    assert_eq!(status, 200, "{path}: {body}");
    body
}

fn anonymous(shop: &Magento, path: &str, headers: &[(&'static str, &str)]) -> (u16, String) {
    let mut all = HeaderMap::new();
    for (name, value) in headers {
        all.insert(*name, value.parse().unwrap());
    }
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let request = Request {
        method: Method::GET,
        path: path.into(),
        query: query.into(),
        headers: all,
        body: Vec::new(),
    };
    let reply = shop.answer(&request);
    (reply.status.as_u16(), reply.body)
}

#[test]
fn records_are_the_same_in_lists_and_alone_and_found_by_key() {
    let shop = shop();
    let customers = get(&shop, "customers/search?searchCriteria[pageSize]=5");
    assert_eq!(customers["total_count"], 80);
    for customer in customers["items"].as_array().unwrap() {
        assert_eq!(*customer, get(&shop, &format!("customers/{}", customer["id"])));
        let path = format!(
            "customers/search?searchCriteria[filter_groups][0][filters][0][field]=email&\
             searchCriteria[filter_groups][0][filters][0][value]={}",
            customer["email"].as_str().unwrap().to_uppercase()
        );
        assert_eq!(get(&shop, &path)["items"][0]["id"], customer["id"]);
    }
    let products = get(&shop, "products?searchCriteria=&fields=items[id,sku],total_count");
    let all = products["items"].as_array().unwrap();
    assert_eq!(all.len() as u64, products["total_count"].as_u64().unwrap());
    for product in all {
        let sku = product["sku"].as_str().unwrap();
        let one = get(&shop, &format!("products/{}", sku.to_lowercase().replace('/', "%2F")));
        assert_eq!(one["id"], product["id"], "{sku}");
    }
}

#[test]
fn totals_are_the_sum_of_their_parts() {
    let shop = shop();
    let orders = get(&shop, "orders?searchCriteria=");
    let (mut children, mut coupons, mut guests) = (0, 0, 0);
    for order in orders["items"].as_array().unwrap() {
        let money = |name: &str| (order[name].as_f64().unwrap() * 100.0).round() as i64;
        let sum = money("subtotal")
            + money("discount_amount")
            + money("shipping_amount")
            + money("tax_amount");
        assert_eq!(sum, money("grand_total"), "{order}");
        let items = order["items"].as_array().unwrap();
        children += items.iter().filter(|i| i["parent_item_id"].is_u64()).count();
        coupons += usize::from(order["coupon_code"] == "TEN");
        guests += usize::from(order["customer_id"].is_null());
    }
    assert!(children > 2 && coupons > 2 && guests > 5, "{children} {coupons} {guests}");
    let invoice = get(&shop, "invoices/5");
    let order = get(&shop, &format!("orders/{}", invoice["order_id"]));
    assert_eq!(invoice["grand_total"], order["grand_total"]);
}

#[test]
fn searches_fail_as_the_tables_do() {
    let shop = shop();
    let filter = |list: &str, column: &str| {
        let path = format!(
            "{list}?searchCriteria[filter_groups][0][filters][0][field]={column}&searchCriteria[filter_groups][0][filters][0][value]=1"
        );
        ask(&shop, "GET", &path, Value::Null).0
    };
    assert_eq!(filter("customers/search", "nothing"), 400);
    assert_eq!(filter("orders", "nothing"), 500);
    assert_eq!(filter("taxRates/search", "id"), 500);
    assert_eq!(ask(&shop, "GET", "orders", Value::Null).0, 400);
    assert_eq!(
        get(&shop, "orders?searchCriteria[currentPage]=99&searchCriteria[pageSize]=5")["items"],
        json!([])
    );
    shop.switches.repeats.store(true, Ordering::Relaxed);
    let again = get(&shop, "orders?searchCriteria[currentPage]=99&searchCriteria[pageSize]=5");
    assert!(!again["items"].as_array().unwrap().is_empty());
    shop.switches.page_limit.store(30, Ordering::Relaxed);
    let (status, body) = ask(&shop, "GET", "orders?searchCriteria[pageSize]=31", Value::Null);
    assert_eq!((status, &body["parameters"]["max"]), (400, &json!(30)));
}

#[test]
fn a_product_is_created_and_overwritten_by_its_sku() {
    let shop = shop();
    let product =
        json!({"product": {"sku": "NEW-1", "name": "A", "attribute_set_id": 4, "price": 5}});
    let (status, made) = ask(&shop, "POST", "products", product);
    assert_eq!((status, &made["price"], &made["status"]), (200, &json!(5), &json!(1)));
    let (_, again) =
        ask(&shop, "POST", "products", json!({"product": {"sku": "new-1", "price": 7.5}}));
    assert_eq!(
        (&again["id"], &again["price"], &again["name"]),
        (&made["id"], &json!(7.5), &json!("A"))
    );
    let clash = json!({"product": {"sku": "NEW-2", "name": "A", "attribute_set_id": 4}});
    assert_eq!(
        ask(&shop, "POST", "products", clash).1["message"],
        "URL key for specified store already exists."
    );
    assert_eq!(
        ask(&shop, "POST", "products", json!({"product": {"sku": "X", "colour": 1}})).0,
        400
    );
    assert_eq!(ask(&shop, "DELETE", "products/NEW-1", Value::Null), (200, json!(true)));
    assert_eq!(ask(&shop, "GET", "products/NEW-1", Value::Null).0, 404);
}

#[test]
fn addresses_replace_each_other_and_are_dropped_in_silence() {
    let shop = shop();
    let address = |city: &str| {
        json!({"firstname": "A", "lastname": "B", "street": ["x 1"], "city": city,
        "telephone": "1", "country_id": "US", "region": {"region_code": "TX"}})
    };
    let body = json!({"customer": {"email": "new@x.example", "firstname": "A", "lastname": "B",
        "addresses": [address("Austin"), {"firstname": "A", "lastname": "B", "city": "Nowhere", "country_id": "ZZ", "street": ["x"], "telephone": "1"}]}});
    let (status, made) = ask(&shop, "POST", "customers", body.clone());
    assert_eq!(status, 200, "{made}");
    assert_eq!(made["addresses"].as_array().unwrap().len(), 1, "the unknown country is dropped");
    assert_eq!(made["addresses"][0]["region"]["region"], Value::Null, "a code alone is lost");
    assert_eq!(ask(&shop, "POST", "customers", body).0, 400);
    let path = format!("customers/{}", made["id"]);
    let mut first = made["addresses"][0].clone();
    first["default_billing"] = true.into();
    first["region_id"] = 57.into();
    let (_, changed) = ask(&shop, "PUT", &path, json!({"customer": {"addresses": [first]}}));
    assert_eq!(changed["addresses"][0]["region"]["region"], "Texas");
    let (status, refused) =
        ask(&shop, "PUT", &path, json!({"customer": {"addresses": [address("Rome")]}}));
    assert_eq!((status, &refused["parameters"]["fieldName"]), (400, &json!("default_billing")));
    let reset = json!({"customer": {"default_billing": null, "default_shipping": null, "addresses": [address("Rome")]}});
    assert_eq!(ask(&shop, "PUT", &path, reset).1["addresses"][0]["city"], "Rome");
    let (_, none) = ask(&shop, "PUT", &path, json!({"customer": {"addresses": []}}));
    assert_eq!(none["addresses"], json!([]));
}

#[test]
fn a_missing_right_and_a_bearer_token_are_refused_alike() {
    let shop = shop();
    let [_, _, token, _] = integration_values(1, MagentoKey::Full);
    let bearer = format!("Bearer {token}");
    let path = "/rest/V1/customers/search?searchCriteria=";
    let nobody = anonymous(&shop, path, &[]);
    assert_eq!(nobody.0, 401);
    assert_eq!(anonymous(&shop, path, &[("authorization", &bearer)]), nobody);
    shop.switches.bearer.store(true, Ordering::Relaxed);
    assert_eq!(anonymous(&shop, path, &[("authorization", &bearer)]).0, 200);
    assert_eq!(anonymous(&shop, "/rest/V1/directory/currency", &[]).0, 200);
    assert_eq!(anonymous(&shop, "/rest/V1/nothing", &[]).0, 404);
    assert_eq!(anonymous(&shop, "/rest/admin/V1/directory/currency", &[]).0, 400);
    shop.switches.maintenance.store(true, Ordering::Relaxed);
    assert!(anonymous(&shop, path, &[]).1.starts_with("<!doctype html>"));
}

#[test]
fn stock_does_not_move_the_stamp_and_every_save_does() {
    let shop = shop();
    let before = get(&shop, "products?searchCriteria[pageSize]=1")["items"][0].clone();
    let sku = before["sku"].as_str().unwrap().to_owned();
    let body = json!({"stockItem": {"qty": 3, "is_in_stock": true}});
    assert_eq!(ask(&shop, "PUT", &format!("products/{sku}/stockItems/1"), body).0, 200);
    let after = get(&shop, &format!("products/{sku}"));
    assert_eq!(after["updated_at"], before["updated_at"]);
    assert_eq!(after["extension_attributes"]["stock_item"]["qty"], 3);
    ask(&shop, "POST", "products", json!({"product": {"sku": sku}}));
    assert_ne!(get(&shop, &format!("products/{sku}"))["updated_at"], before["updated_at"]);
}

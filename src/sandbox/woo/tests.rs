use std::time::Duration;

use axum::http::HeaderMap;
use serde_json::json;

use super::*;
use crate::sandbox::WooKey;

const BASE: i64 = 1_700_000_000;

fn shop(records: u64) -> Woo {
    let world = Arc::new(World::new(1, records, BASE));
    Woo::new(world, Arc::default(), Arc::default(), &[], "http://127.0.0.1:1/shop".into()).unwrap()
}

fn ask(shop: &Woo, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let reply = shop.trusted(&method.parse().unwrap(), path, body);
    (
        reply.status.as_u16(),
        serde_json::from_str(&reply.body).unwrap_or_else(|e| panic!("{e}: {}", reply.body)),
    )
}

fn get(shop: &Woo, path: &str) -> Value {
    let (status, value) = ask(shop, "GET", path, &Value::Null);
    assert_eq!(status, 200, "{path}: {value}");
    value
}

fn header<'a>(reply: &'a Reply, name: &str) -> &'a str {
    reply.headers.iter().find(|(n, _)| *n == name).map_or("", |(_, v)| v)
}

fn ids(list: &Value) -> Vec<u64> {
    list.as_array().unwrap().iter().map(|r| r["id"].as_u64().unwrap()).collect()
}

/// A request with a key, as if its signature had been checked.
fn with_key(shop: &Woo, kind: WooKey, method: &str, path: &str, body: &Value) -> (u16, Value) {
    use crate::sandbox::http::Request;
    let (key, secret) = key_pair(1, kind);
    let now = shop.clock.now();
    let nonce = format!("{kind:?}{method}{path}{body}");
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let encode = |t: &str| {
        percent_encoding::utf8_percent_encode(t, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let strict = |t: &str| {
        encode(t).replace("%2D", "-").replace("%2E", ".").replace("%5F", "_").replace("%7E", "~")
    };
    let mut all = pairs(query);
    all.extend([
        ("oauth_consumer_key".into(), key),
        ("oauth_timestamp".into(), now.to_string()),
        ("oauth_nonce".into(), nonce),
        ("oauth_signature_method".into(), "HMAC-SHA256".into()),
    ]);
    all.sort();
    let joined: Vec<String> =
        all.iter().map(|(k, v)| format!("{}={}", strict(k), strict(v))).collect();
    let url = format!("{}/wp-json/wc/v3/{path}", shop.home);
    let base = format!("{method}&{}&{}", strict(&url), strict(&joined.join("&")));
    let mac = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, format!("{secret}&").as_bytes());
    use base64::Engine;
    let signature =
        base64::engine::general_purpose::STANDARD.encode(ring::hmac::sign(&mac, base.as_bytes()));
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/json".parse().unwrap());
    let reply = shop.answer(&Request {
        method: method.parse().unwrap(),
        path: format!("/wp-json/wc/v3/{path}"),
        query: format!("{}&oauth_signature={}", joined.join("&"), strict(&signature)),
        headers,
        body: body.to_string().into_bytes(),
    });
    (reply.status.as_u16(), serde_json::from_str(&reply.body).unwrap())
}

fn without_key(shop: &Woo, method: &str, path: &str, body: &str) -> (u16, String) {
    use crate::sandbox::http::Request;
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/json".parse().unwrap());
    let reply = shop.answer(&Request {
        method: method.parse().unwrap(),
        path: path.into(),
        query: query.into(),
        headers,
        body: body.as_bytes().to_vec(),
    });
    let value: Value = serde_json::from_str(&reply.body).unwrap_or_default();
    (reply.status.as_u16(), value["code"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn who_is_nobody_sees_only_the_front_door() {
    let shop = shop(100);
    for (method, path, status, code) in [
        ("GET", "/wp-json/", 200, ""),
        ("GET", "/wp-json/wc/v3", 200, ""),
        ("GET", "/index.php/wp-json/wc/v3/", 200, ""),
        ("GET", "/wp-json/wc/v3/customers", 401, "woocommerce_rest_cannot_view"),
        ("GET", "/wp-json/wc/v3/customers/999999", 401, "woocommerce_rest_cannot_view"),
        ("PUT", "/wp-json/wc/v3/customers/5", 401, "woocommerce_rest_cannot_edit"),
        ("DELETE", "/wp-json/wc/v3/products/5", 401, "woocommerce_rest_cannot_delete"),
        ("POST", "/wp-json/wc/v3/products/batch", 401, "woocommerce_rest_cannot_batch"),
        ("POST", "/wp-json/wc/v3/products", 401, "woocommerce_rest_cannot_create"),
        ("GET", "/wp-json/wc/v3/customers?per_page=0", 400, "rest_invalid_param"),
        ("OPTIONS", "/wp-json/wc/v3/customers", 200, ""),
        ("GET", "/wp-json/wc/v3//customers", 404, "rest_no_route"),
        ("GET", "/wp-json/wc/v3/nothing", 404, "rest_no_route"),
        ("GET", "/?rest_route=/wc/v3/customers", 401, "woocommerce_rest_cannot_view"),
        ("POST", "/wp-json/wc/v3/products/5?_method=DELETE", 401, "woocommerce_rest_cannot_delete"),
    ] {
        assert_eq!(
            without_key(&shop, method, path, "{}"),
            (status, code.to_owned()),
            "{method} {path}"
        );
    }
    let broken = without_key(&shop, "POST", "/wp-json/wc/v3/products", "{broken");
    assert_eq!(broken, (400, "rest_invalid_json".to_owned()));
}

#[test]
fn keys_may_what_they_may() {
    let shop = shop(100);
    let customer = format!("customers/{}", ids(&get(&shop, "customers?per_page=1"))[0]);
    let message = |(status, value): (u16, Value)| {
        (status, value["message"].as_str().unwrap_or("fine").to_owned())
    };
    let cannot =
        |what: &str| (401, format!("The API key provided does not have {what} permissions."));
    let fine = (200, "fine".to_owned());
    let nothing = json!({});
    for (kind, method, path, expected) in [
        (WooKey::Read, "GET", "customers?per_page=1", fine.clone()),
        (WooKey::Read, "PUT", customer.as_str(), cannot("write")),
        (WooKey::Read, "POST", "customers/batch", cannot("write")),
        (WooKey::Read, "OPTIONS", "customers", fine.clone()),
        (WooKey::Write, "GET", "customers", cannot("read")),
        (WooKey::Write, "OPTIONS", "customers", fine.clone()),
        (WooKey::Write, "PUT", customer.as_str(), fine.clone()),
        (WooKey::ReadWrite, "GET", "system_status?_fields=environment.version", fine.clone()),
        (WooKey::ShopManager, "PUT", customer.as_str(), fine),
        (
            WooKey::ShopManager,
            "DELETE",
            customer.as_str(),
            (403, "Sorry, you are not allowed to delete this resource.".to_owned()),
        ),
    ] {
        assert_eq!(
            message(with_key(&shop, kind, method, path, &nothing)),
            expected,
            "{kind:?} {method} {path}"
        );
    }
    let (_, seen) = with_key(&shop, WooKey::ShopManager, "GET", &customer, &Value::Null);
    assert!(seen.get("meta_data").is_none(), "a shop manager sees no meta data of people");
    let (_, seen) = with_key(&shop, WooKey::Read, "GET", &customer, &Value::Null);
    assert!(seen["meta_data"].is_array());
}

#[test]
fn pages_have_bounds_headers_and_links() {
    let shop = shop(100);
    let page =
        |query: &str| shop.trusted(&Method::GET, &format!("customers?{query}"), &Value::Null);
    let second = page("per_page=3&orderby=id&page=2");
    assert_eq!((header(&second, "x-wp-total"), header(&second, "x-wp-totalpages")), ("80", "27"));
    let base = "http://127.0.0.1:1/shop/wp-json/wc/v3/customers?per_page=3&orderby=id&page=";
    assert_eq!(
        header(&second, "link"),
        format!("<{base}1>; rel=\"prev\", <{base}3>; rel=\"next\"")
    );
    let all = page("per_page=100");
    assert_eq!(
        header(&all, "link"),
        "<http://127.0.0.1:1/shop/wp-json/>; rel=\"https://api.w.org/\""
    );
    let past = page("per_page=100&page=5");
    assert_eq!((past.body.as_str(), header(&past, "x-wp-total")), ("[]", "80"));
    for bad in [
        "per_page=0",
        "per_page=101",
        "per_page=x",
        "page=0",
        "orderby=total",
        "order=up",
        "email=x",
        "role=x",
    ] {
        assert_eq!(page(bad).status, 400, "{bad}");
    }
    let mut seen = Vec::new();
    for offset in (0..80).step_by(30) {
        seen.extend(ids(&get(
            &shop,
            &format!("customers?orderby=id&per_page=30&offset={offset}&unknown=1"),
        )));
    }
    assert_eq!(seen, (3..83).collect::<Vec<u64>>());
    let down = ids(&get(&shop, "customers?orderby=id&order=desc&per_page=50&page=2"));
    assert_eq!(down, (3..33).rev().collect::<Vec<u64>>());
}

#[test]
fn people_are_found_by_address_role_and_number() {
    let shop = shop(100);
    let one = &get(&shop, "customers?per_page=1&orderby=id")[0];
    let (id, email) = (one["id"].as_u64().unwrap(), one["email"].as_str().unwrap());
    assert_eq!(ids(&get(&shop, &format!("customers?email={}", email.to_uppercase()))), [id]);
    assert_eq!(
        ids(&get(&shop, &format!("customers?search={}", one["username"].as_str().unwrap()))),
        [id]
    );
    assert!(ids(&get(&shop, "customers?email=admin@shop.example")).is_empty());
    let admin = get(&shop, "customers?email=admin@shop.example&role=all");
    assert_eq!(
        (&admin[0]["role"], &admin[0]["date_modified"]),
        (&json!("administrator"), &Value::Null)
    );
    let all = shop.trusted(
        &Method::GET,
        "customers?role=all&orderby=id&per_page=5&_fields=id",
        &Value::Null,
    );
    assert_eq!(
        (header(&all, "x-wp-total"), all.body.as_str()),
        ("82", r#"[{"id":1},{"id":2},{"id":3},{"id":4},{"id":5}]"#)
    );
    assert_eq!(ids(&get(&shop, "customers?include=9,7,1000&orderby=include")), [9, 7]);
    assert_eq!(ids(&get(&shop, "customers?include[]=9&include[]=7&orderby=id")), [7, 9]);
    assert_eq!(
        ids(&get(&shop, "customers?include=&per_page=3")).len(),
        3,
        "an empty list is no filter"
    );
    assert!(ids(&get(&shop, "customers?include=0")).is_empty());
    assert!(!ids(&get(&shop, "customers?exclude=3&orderby=id&per_page=5")).contains(&3));
    let trimmed = get(&shop, "customers?per_page=1&_fields=email,billing.city");
    assert_eq!(trimmed[0].as_object().unwrap().len(), 2);
    assert_eq!(trimmed[0]["billing"].as_object().unwrap().len(), 1);
    let single = get(&shop, &format!("customers/{id}?_fields=id"));
    assert!(single["_links"].is_object(), "a single record keeps its links");
}

#[test]
fn customers_are_created_and_changed_as_wordpress_does() {
    let shop = shop(100);
    let (status, made) = ask(
        &shop,
        "POST",
        "customers",
        &json!({
            "email": "uniq.one+tag@x.example", "first_name": "Tom & <b>Jerry</b>", "last_name": "x\\y",
            "billing": {"first_name": "Tom & Jerry", "city": "Köln"}, "meta_data": [
                {"key": "vtiger_id", "value": 7}, {"key": "_secret", "value": "x"}, {"key": "yes", "value": true},
                {"key": "none", "value": null}],
        }),
    );
    assert_eq!(status, 201);
    assert_eq!(
        (&made["first_name"], &made["last_name"]),
        (&json!("Tom &amp; Jerry"), &json!("xy"))
    );
    assert_eq!(made["billing"]["first_name"], "Tom & Jerry");
    assert_eq!(made["username"], "uniq.onetag");
    let meta = |record: &Value| -> Vec<(String, Value)> {
        let all = record["meta_data"].as_array().unwrap().iter();
        all.map(|m| (m["key"].as_str().unwrap().to_owned(), m["value"].clone())).collect()
    };
    let nag = ("default_password_nag".to_owned(), json!("1"));
    assert_eq!(meta(&made), [nag, ("vtiger_id".into(), json!("7")), ("yes".into(), json!("1"))]);
    let path = format!("customers/{}", made["id"]);
    shop.clock.advance(Duration::from_secs(3));
    let (_, same) = ask(&shop, "PUT", &path, &json!({}));
    assert!(
        same["date_modified_gmt"].as_str() > made["date_modified_gmt"].as_str(),
        "any write moves the stamp"
    );
    let (_, changed) = ask(
        &shop,
        "PUT",
        &path,
        &json!({
            "billing": {"phone": "1"}, "first_name": null, "meta_data": [{"key": "yes", "value": null}, {"key": "vtiger_id", "value": "8"}],
        }),
    );
    assert_eq!(
        (&changed["billing"]["city"], &changed["billing"]["phone"]),
        (&json!("Köln"), &json!("1"))
    );
    assert_eq!(changed["first_name"], "");
    assert_eq!(meta(&changed)[1..], [("vtiger_id".into(), json!("8"))]);
    let local = changed["date_modified"].as_str().unwrap();
    assert_ne!(local, changed["date_modified_gmt"].as_str().unwrap(), "the site is not in UTC");
    // The id in the body wins.
    let other = ids(&get(&shop, "customers?per_page=1&orderby=id"))[0];
    let (_, hit) = ask(&shop, "PUT", &path, &json!({"id": other, "last_name": "Hit"}));
    assert_eq!((&hit["id"], &hit["last_name"]), (&json!(other), &json!("Hit")));
    assert_eq!(ask(&shop, "DELETE", &path, &Value::Null).0, 501);
    assert_eq!(ask(&shop, "DELETE", &format!("{path}?force=true"), &Value::Null).0, 200);
    assert_eq!(ask(&shop, "GET", &path, &Value::Null).0, 404);
    assert_eq!(ask(&shop, "DELETE", "customers/1?force=true", &Value::Null).0, 403);
}

#[test]
fn customers_that_cannot_be_are_refused() {
    let shop = shop(100);
    let one = &get(&shop, "customers?per_page=1&orderby=id")[0];
    let taken = one["email"].as_str().unwrap().to_uppercase();
    let path = format!("customers/{}", one["id"]);
    let second = get(&shop, "customers?per_page=1&orderby=id&page=2")[0]["email"].clone();
    for (method, path, body, status, code) in [
        ("POST", "customers", json!({}), 400, "rest_missing_callback_param"),
        ("POST", "customers", json!({"email": ""}), 400, "registration-error-invalid-email"),
        ("POST", "customers", json!({"email": "x"}), 400, "customer_invalid_email"),
        ("POST", "customers", json!({"email": taken}), 400, "registration-error-email-exists"),
        (
            "POST",
            "customers",
            json!({"email": "admin@shop.example"}),
            400,
            "registration-error-email-exists",
        ),
        (
            "POST",
            "customers",
            json!({"email": "n@x.example", "username": "ADMIN"}),
            400,
            "registration-error-username-exists",
        ),
        (
            "POST",
            "customers",
            json!({"email": "n@x.example", "id": 5}),
            400,
            "woocommerce_rest_customer_exists",
        ),
        (
            "POST",
            "customers",
            json!({"email": "n@x.example", "first_name": 5}),
            400,
            "rest_invalid_param",
        ),
        ("PUT", &path, json!({"billing": {"email": ""}}), 400, "rest_invalid_param"),
        ("PUT", &path, json!({"billing": {"city": null}}), 400, "rest_invalid_param"),
        ("PUT", &path, json!({"email": second}), 400, "woocommerce_rest_customer_invalid_email"),
        (
            "PUT",
            &path,
            json!({"username": "other"}),
            400,
            "woocommerce_rest_customer_invalid_argument",
        ),
        ("PUT", "customers/999999", json!({}), 404, "wc_user_invalid_id"),
    ] {
        let (got, answer) = ask(&shop, method, path, &body);
        assert_eq!((got, answer["code"].as_str()), (status, Some(code)), "{method} {path} {body}");
    }
}

#[test]
fn batches_answer_item_by_item() {
    let shop = shop(100);
    let listed = get(&shop, "customers?per_page=3&orderby=id");
    let first = ids(&listed);
    let (status, done) = ask(
        &shop,
        "POST",
        "customers/batch",
        &json!({
            "create": [{"email": "b1@x.example"}, {"email": "b1@x.example"}, {}],
            "update": [{"id": first[0], "billing": {"email": "", "phone": 5}}, {"id": 999_999}, {"first_name": "x"}],
            "delete": [first[1], 999_998, 0],
        }),
    );
    assert_eq!(status, 200);
    let (create, update) = (&done["create"], &done["update"]);
    assert!(create[0]["id"].as_u64().unwrap() > 80 && create[0]["_links"].is_object());
    assert_eq!(
        (&create[1]["id"], &create[1]["error"]["code"]),
        (&json!(0), &json!("registration-error-email-exists"))
    );
    assert_eq!(create[2]["error"]["data"]["status"], 400);
    assert_eq!(
        (&update[0]["billing"]["email"], &update[0]["billing"]["phone"]),
        (&json!(""), &json!("5"))
    );
    assert_eq!(
        (&update[1]["id"], &update[1]["error"]["code"]),
        (&json!(999_999), &json!("wc_user_invalid_id"))
    );
    assert_eq!(update[2]["id"], Value::Null);
    assert_eq!(done["delete"].as_array().unwrap().len(), 2, "0 is skipped");
    assert_eq!(done["delete"][0]["id"], json!(first[1]), "a delete in a batch is for good");
    assert_eq!(ask(&shop, "GET", &format!("customers/{}", first[1]), &Value::Null).0, 404);
    assert_eq!(ask(&shop, "POST", "customers/batch", &json!({})), (200, json!([])));
    let many: Vec<Value> = (0..101).map(|n| json!({"email": format!("m{n}@x.example")})).collect();
    let (status, refused) = ask(&shop, "POST", "customers/batch", &json!({"create": many}));
    assert_eq!(
        (status, &refused["code"]),
        (413, &json!("woocommerce_rest_request_entity_too_large"))
    );
    assert!(ids(&get(&shop, "customers?email=m0@x.example")).is_empty(), "and nothing ran");
    let (_, product) = ask(
        &shop,
        "POST",
        "products/batch",
        &json!({"create": [{"name": "n", "regular_price": 12.5}]}),
    );
    assert_eq!(product["create"][0]["regular_price"], "12.5", "a number passes");
    assert_eq!(
        ask(&shop, "POST", "products", &json!({"regular_price": 12.5})).0,
        400,
        "but not by itself"
    );
}

#[test]
fn products_keep_prices_stock_and_texts() {
    let shop = shop(100);
    let (status, made) = ask(
        &shop,
        "POST",
        "products",
        &json!({
            "name": "A & <script>B</script>", "sku": "New-1", "regular_price": "1234.5678", "sale_price": "2000",
            "description": "short", "manage_stock": true, "stock_quantity": 0, "weight": "1,5", "tax_class": "nonsense",
        }),
    );
    assert_eq!(status, 201);
    assert_eq!((&made["name"], &made["description"]), (&json!("A &amp; B"), &json!("short")));
    assert_eq!((&made["price"], &made["sale_price"]), (&json!("1234.5678"), &json!("")));
    assert_eq!((&made["stock_quantity"], &made["stock_status"]), (&json!(0), &json!("outofstock")));
    assert_eq!((&made["weight"], &made["tax_class"]), (&json!("15"), &json!("")));
    let path = format!("products/{}", made["id"]);
    assert_eq!(get(&shop, &path)["description"], "<p>short</p>\n", "rendered for viewing");
    assert_eq!(get(&shop, &format!("{path}?context=edit"))["description"], "short");
    let (_, sold) = ask(&shop, "PUT", &path, &json!({"stock_quantity": 4, "sale_price": "12,50"}));
    assert_eq!((&sold["stock_quantity"], &sold["stock_status"]), (&json!(4), &json!("instock")));
    assert_eq!(sold["sale_price"], "", "a comma is dropped and 1250 is more than the price");
    let (_, free) = ask(&shop, "PUT", &path, &json!({"manage_stock": false}));
    assert_eq!(free["stock_quantity"], Value::Null);
    let (_, empty) =
        ask(&shop, "POST", "products", &json!({"date_created": "2020-02-02T02:02:02"}));
    assert_eq!((&empty["name"], &empty["status"]), (&json!("Product"), &json!("publish")));
    assert_eq!(
        empty["date_modified_gmt"], "2020-02-02T02:02:02",
        "an imported product is old at once"
    );
    assert_eq!(ask(&shop, "PUT", "products/999999", &json!({})).0, 400);
    assert_eq!(ask(&shop, "GET", "products/999999", &Value::Null).0, 404);
}

#[test]
fn a_unit_is_kept_by_one_product_even_in_the_trash() {
    let shop = shop(100);
    let one = &get(&shop, "products?per_page=1&orderby=id&order=asc&type=simple")[0];
    let (id, sku) = (one["id"].as_u64().unwrap(), one["sku"].as_str().unwrap());
    let (_, taken) = ask(&shop, "POST", "products", &json!({"sku": sku.to_lowercase()}));
    assert_eq!(taken["code"], "product_invalid_sku");
    assert_eq!(taken["data"]["resource_id"], json!(id));
    assert_eq!(taken["data"]["unique_sku"], json!(format!("{}-1", sku.to_lowercase())));
    let path = format!("products/{id}");
    let (_, trashed) = ask(&shop, "DELETE", &path, &Value::Null);
    assert_eq!(
        (&trashed["status"], trashed["slug"].as_str().unwrap().ends_with("__trashed")),
        (&json!("trash"), true)
    );
    assert_eq!(ask(&shop, "DELETE", &path, &Value::Null).0, 410);
    assert_eq!(get(&shop, &path)["status"], "trash");
    assert!(ids(&get(&shop, &format!("products?include={id}"))).is_empty());
    assert!(ids(&get(&shop, &format!("products?sku={sku}"))).is_empty());
    assert_eq!(ids(&get(&shop, &format!("products?sku={sku}&status=trash"))), [id]);
    assert_eq!(ids(&get(&shop, &format!("products?sku={sku}&include_status=publish,trash"))), [id]);
    let everyone = shop.trusted(&Method::GET, "products?orderby=id&per_page=100", &Value::Null);
    assert_eq!(header(&everyone, "x-wp-total"), "79");
    let (_, blocked) = ask(&shop, "POST", "products", &json!({"sku": sku}));
    assert_eq!(
        (&blocked["code"], &blocked["data"]),
        (&json!("woocommerce_rest_product_not_created"), &json!({"status": 400}))
    );
    let (_, back) = ask(&shop, "PUT", &path, &json!({"status": "publish"}));
    assert_eq!((&back["status"], &back["slug"]), (&json!("publish"), &one["slug"]));
    assert_eq!(ask(&shop, "DELETE", &format!("{path}?force=true"), &Value::Null).0, 200);
    assert_eq!(ask(&shop, "GET", &path, &Value::Null).0, 404);
    assert_eq!(ask(&shop, "POST", "products", &json!({"sku": sku})).0, 201);
}

#[test]
fn variations_belong_to_their_product() {
    let shop = shop(100);
    let parent = &get(&shop, "products?type=variable")[0];
    let list = format!("products/{}/variations", parent["id"]);
    let variations = get(&shop, &list);
    let mut listed = ids(&variations);
    listed.sort_unstable();
    assert_eq!(json!(listed), parent["variations"]);
    let (id, sku) = (variations[0]["id"].as_u64().unwrap(), variations[0]["sku"].as_str().unwrap());
    let found = get(&shop, &format!("products?sku={sku}"));
    assert_eq!((&found[0]["type"], &found[0]["parent_id"]), (&json!("variation"), &parent["id"]));
    assert_eq!(get(&shop, &format!("products/{id}"))["type"], "variation");
    assert_eq!(
        ask(&shop, "PUT", &format!("products/{id}"), &json!({})).1["code"],
        "woocommerce_rest_invalid_product_id"
    );
    let other = format!("products/{}/variations/{id}", parent["id"].as_u64().unwrap() + 1);
    assert_eq!(
        ask(&shop, "GET", &other, &Value::Null).1["code"],
        "woocommerce_rest_product_variation_invalid_id"
    );
    let (status, dearer) =
        ask(&shop, "PUT", &format!("{list}/{id}"), &json!({"regular_price": "3.00"}));
    assert_eq!((status, &dearer["price"]), (200, &json!("3.00")));
    let moved = get(&shop, &format!("products/{}", parent["id"]));
    assert_eq!(moved["price"], "3.00");
    assert!(
        moved["date_modified"].as_str() > parent["date_modified"].as_str(),
        "the product moves with it"
    );
    let (status, more) = ask(&shop, "POST", &list, &json!({"sku": "more", "regular_price": "9"}));
    assert_eq!((status, &more["parent_id"]), (201, &parent["id"]));
    assert_eq!(ids(&get(&shop, &list)).len(), 4);
    assert_eq!(ask(&shop, "POST", "products/999999/variations", &json!({})).0, 500);
}

#[test]
fn what_changed_since_is_found_strictly() {
    let shop = shop(200);
    let (_, made) = ask(&shop, "POST", "products", &json!({"name": "x"}));
    let stamp = made["date_modified_gmt"].as_str().unwrap();
    let since = |after: &str, more: &str| {
        ids(&get(&shop, &format!("products?modified_after={after}{more}&per_page=100")))
    };
    assert!(since(stamp, "&dates_are_gmt=true").is_empty(), "strictly after");
    let before =
        dates::parse(stamp).map(|(at, _)| crate::sandbox::clock::stamp(at - 1, 'T')).unwrap();
    assert_eq!(since(&before, "&dates_are_gmt=true"), [made["id"].as_u64().unwrap()]);
    assert_eq!(since(&format!("{before}Z"), ""), [made["id"].as_u64().unwrap()]);
    assert_eq!(
        since(made["date_created"].as_str().unwrap(), "").len(),
        0,
        "a bare time is the site's"
    );
    assert!(since(&format!("{before}Z"), "&dates_are_gmt=true").is_empty(), "the trap east of UTC");
    assert_eq!(ask(&shop, "GET", "products?modified_after=2026-11-21", &Value::Null).0, 400);
    assert_eq!(
        ids(&get(&shop, &format!("customers?modified_after={stamp}&per_page=100"))).len(),
        100,
        "people: ignored"
    );
    let sorted =
        get(&shop, "products?orderby=modified&order=asc&per_page=100&_fields=date_modified_gmt");
    let stamps: Vec<&str> = sorted
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["date_modified_gmt"].as_str().unwrap())
        .collect();
    assert!(stamps.is_sorted());
    let prices =
        get(&shop, "products?orderby=price&order=desc&min_price=100&per_page=100&_fields=price");
    let prices: Vec<f64> = prices
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["price"].as_str().unwrap().parse().unwrap())
        .collect();
    assert!(prices.is_sorted_by(|a, b| a >= b) && prices.iter().all(|p| *p >= 100.0));
}

#[test]
fn taxes_and_the_rest_of_the_site() {
    let shop = shop(10);
    assert_eq!(get(&shop, "taxes/classes").as_array().unwrap().len(), 3);
    let (status, made) = ask(
        &shop,
        "POST",
        "taxes",
        &json!({"country": "at", "rate": "20", "class": "reduced-rate"}),
    );
    assert_eq!((status, &made["country"], &made["rate"]), (201, &json!("AT"), &json!("20.0000")));
    assert_eq!(ask(&shop, "POST", "taxes", &json!({"class": "nonsense"})).0, 400);
    assert_eq!(get(&shop, "taxes?class=reduced-rate").as_array().unwrap().len(), 2);
    assert_eq!(ask(&shop, "DELETE", "taxes/99?force=true", &Value::Null).0, 400);
    assert_eq!(ask(&shop, "GET", "taxes/99", &Value::Null).0, 404);
    assert_eq!(ask(&shop, "DELETE", &format!("taxes/{}", made["id"]), &Value::Null).0, 501);
    assert_eq!(
        ask(&shop, "DELETE", &format!("taxes/{}?force=true", made["id"]), &Value::Null).0,
        200
    );
    let (status, class) = ask(&shop, "POST", "taxes/classes", &json!({"name": "Very Reduced"}));
    assert_eq!((status, &class["slug"]), (201, &json!("very-reduced")));
    assert_eq!(ask(&shop, "DELETE", "taxes/classes/very-reduced?force=true", &Value::Null).0, 200);
    let told = get(&shop, "system_status?_fields=environment.version,settings.HPOS_enabled");
    assert_eq!(
        told,
        json!({"environment": {"version": "10.0.2"}, "settings": {"HPOS_enabled": true}})
    );
    assert_eq!(get(&shop, "data/currencies/current")["code"], "EUR");
    let (_, options) = ask(&shop, "OPTIONS", "products", &Value::Null);
    assert!(options["endpoints"][0]["args"]["modified_after"].is_object());
    assert_eq!(options["schema"]["title"], "product");
}

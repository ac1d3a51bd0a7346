//! Customers and batches of them.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ask, get, ids, shop};

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

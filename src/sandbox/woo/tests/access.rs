//! Who may what.

use serde_json::{Value, json};

use super::{get, ids, shop, with_key, without_key};
use crate::sandbox::WooKey;

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

//! What the site tells about itself: discovery, index, status, currency.

use serde_json::{Value, json};

/// Routes shown by the index.
const ROUTES: [&str; 22] = [
    "/wc/v3",
    "/wc/v3/customers",
    "/wc/v3/customers/(?P<id>[\\d]+)",
    "/wc/v3/customers/batch",
    "/wc/v3/products",
    "/wc/v3/products/(?P<id>[\\d]+)",
    "/wc/v3/products/batch",
    "/wc/v3/products/(?P<product_id>[\\d]+)/variations",
    "/wc/v3/products/(?P<product_id>[\\d]+)/variations/(?P<id>[\\d]+)",
    "/wc/v3/products/(?P<product_id>[\\d]+)/variations/batch",
    "/wc/v3/orders",
    "/wc/v3/orders/(?P<id>[\\d]+)",
    "/wc/v3/orders/batch",
    "/wc/v3/orders/(?P<order_id>[\\d]+)/refunds",
    "/wc/v3/orders/(?P<order_id>[\\d]+)/refunds/(?P<id>[\\d]+)",
    "/wc/v3/taxes",
    "/wc/v3/taxes/(?P<id>[\\d]+)",
    "/wc/v3/taxes/batch",
    "/wc/v3/taxes/classes",
    "/wc/v3/taxes/classes/(?P<slug>\\w[\\w\\s\\-]*)",
    "/wc/v3/data/currencies/current",
    "/wc/v3/system_status",
];

/// `/wp-json/`.
pub fn discovery(home: &str) -> Value {
    json!({
        "name": "Sandbox Shop",
        "description": "",
        "url": home,
        "home": home,
        "gmt_offset": "5.5",
        "timezone_string": "Asia/Kolkata",
        "page_for_posts": 0,
        "page_on_front": 0,
        "show_on_front": "posts",
        "namespaces": ["oembed/1.0", "wc/v1", "wc/v2", "wc/v3", "wc-analytics", "wc/store", "wc/store/v1", "wp/v2"],
        "authentication": [],
        "routes": routes(home, "/"),
    })
}

/// `/wp-json/wc/v3`.
pub fn index(home: &str) -> Value {
    json!({ "namespace": "wc/v3", "routes": routes(home, "/wc/v3"), "_links": { "up": [{ "href": format!("{home}/wp-json/") }] } })
}

fn routes(home: &str, below: &str) -> Value {
    let route = |path: &&str| {
        let methods = json!(["GET", "POST", "PUT", "PATCH", "DELETE"]);
        let link = json!({ "self": [{ "href": format!("{home}/wp-json{path}") }] });
        (
            (*path).to_owned(),
            json!({ "namespace": "wc/v3", "methods": methods, "endpoints": [], "_links": link }),
        )
    };
    Value::Object(ROUTES.iter().filter(|path| path.starts_with(below)).map(route).collect())
}

/// `/system_status`.
pub fn status(home: &str) -> Value {
    json!({
        "environment": {
            "home_url": home,
            "site_url": home,
            "version": "10.0.2",
            "log_directory_writable": true,
            "wp_version": "6.8.8",
            "wp_multisite": false,
            "wp_memory_limit": 268_435_456,
            "wp_debug_mode": false,
            "wp_cron": true,
            "language": "en_US",
            "server_info": "nginx/1.22.1",
            "php_version": "8.2.29",
            "default_timezone": "UTC",
        },
        "database": { "wc_database_version": "10.0.2", "database_prefix": "wp_" },
        "active_plugins": [],
        "settings": {
            "api_enabled": false,
            "force_ssl": false,
            "currency": "EUR",
            "currency_symbol": "&euro;",
            "currency_position": "left",
            "thousand_separator": ",",
            "decimal_separator": ".",
            "number_of_decimals": 2,
            "HPOS_enabled": true,
            "HPOS_sync_enabled": false,
        },
        "security": { "secure_connection": false, "hide_errors": true },
    })
}

/// `/data/currencies/current`.
pub fn currency(home: &str) -> Value {
    let list = format!("{home}/wp-json/wc/v3/data/currencies");
    json!({
        "code": "EUR",
        "name": "Euro",
        "symbol": "&euro;",
        "_links": {
            "self": [{ "href": format!("{list}/EUR"), "targetHints": { "allow": ["GET"] } }],
            "collection": [{ "href": list }],
        },
    })
}

/// Only the named members (dotted names reach into objects).
pub fn trimmed(value: Value, fields: &[String]) -> Value {
    let Value::Object(map) = value else {
        return value;
    };
    if fields.is_empty() {
        return Value::Object(map);
    }
    let kept = map.into_iter().filter_map(|(key, item)| {
        if fields.contains(&key) {
            return Some((key, item));
        }
        let inner: Vec<String> = fields
            .iter()
            .filter_map(|f| f.strip_prefix(&key)?.strip_prefix('.'))
            .map(str::to_owned)
            .collect();
        match (inner.is_empty(), item) {
            (true, _) => None,
            (false, Value::Array(_)) => Some((key, Value::Array(Vec::new()))),
            (false, item) => Some((key, trimmed(item, &inner))),
        }
    });
    Value::Object(kept.collect())
}

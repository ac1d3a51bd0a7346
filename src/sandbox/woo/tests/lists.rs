//! Pages, filters, order.

use axum::http::Method;
use serde_json::{Value, json};

use super::super::dates;
use super::{ask, get, header, ids, shop};

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

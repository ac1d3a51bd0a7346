//! A shop that says what a test wants, byte for byte.

mod connecting;
mod staff;
mod statuses;

use super::super::http::stub::{Heard, Say, Stub};
use super::super::oauth;
use super::super::{ConnectOptions, ErrorKind, PageAt, PageRequest, Remote, Scope, Write};
use super::connect;
use crate::model::Fields;
use percent_encoding::percent_decode_str;
use std::sync::Arc;

const KEY: &str = "ck_1";
const SECRET: &str = "cs_2";
const UNSEEN: &str = r#"{"code":"woocommerce_rest_cannot_view","message":"Sorry, you cannot list resources.","data":{"status":401}}"#;
const SIGNATURE: &str = r#"{"code":"woocommerce_rest_authentication_error","message":"Invalid signature - provided signature does not match.","data":{"status":401}}"#;
const SITE: &str = r#"{"name":"Shop","url":"http://shop.example.com","home":"http://shop.example.com","namespaces":["wp/v2","wc/v3"]}"#;
const NOT_FOUND: &str = "<html><title>Page not found</title>";

fn options() -> ConnectOptions {
    ConnectOptions::default()
}

fn shop(stub: &Stub) -> Arc<dyn Remote> {
    let url = format!("http://127.0.0.1:{}", stub.port);
    connect(&url, &KEY.into(), &SECRET.into(), &options()).unwrap()
}

fn tls(
    handler: impl Fn(usize, &Heard) -> Say + Send + Sync + 'static,
) -> impl Future<Output = (Stub, Arc<dyn Remote>)> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let cert = params.self_signed(&key).unwrap();
    let der = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], der)
        .unwrap();
    let options = ConnectOptions { ca_pem: Some(cert.pem().into_bytes()), ..options() };
    async move {
        let stub = Stub::tls(config, handler).await;
        let url = format!("https://localhost:{}", stub.port);
        let remote = connect(&url, &KEY.into(), &SECRET.into(), &options).unwrap();
        (stub, remote)
    }
}

fn query(heard: &Heard) -> Vec<(String, String)> {
    let query = heard.target.split_once('?').map_or("", |(_, q)| q);
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(k, v)| {
            let plain = |t: &str| percent_decode_str(t).decode_utf8_lossy().into_owned();
            (plain(k), plain(v))
        })
        .collect()
}

/// Whether a request is signed with this scheme and host, over this path.
fn is_signed(heard: &Heard, origin: &str, path: &str) -> bool {
    let params = query(heard);
    let Some((_, given)) = params.iter().find(|(k, _)| k == "oauth_signature") else {
        return false;
    };
    let unsigned: Vec<_> = params.iter().filter(|(k, _)| k != "oauth_signature").cloned().collect();
    let base = oauth::base_string(&heard.method, &format!("{origin}{path}"), &unsigned, str::cmp);
    *given == oauth::signature(&base, &format!("{SECRET}&"))
}

fn request(scope: Scope) -> PageRequest {
    PageRequest {
        entity: "customers".into(),
        fields: ["email".to_owned()].into(),
        scope,
        at: PageAt::First,
    }
}

fn refused(status: &str, body: &str) -> Say {
    Say::http(status, "Content-Type: application/json\r\n", body)
}

fn fields(list: &[(&str, &str)]) -> Fields {
    list.iter().map(|(k, v)| (*k, *v)).collect()
}

#[tokio::test]
async fn the_items_of_a_batch_have_their_own_results() {
    let stub = Stub::new(|_, heard| {
        if heard.method == "GET" {
            return Say::json(r#"[{"id":9,"email":"taken@b.co","role":"customer"}]"#);
        }
        let body: serde_json::Value = serde_json::from_str(&heard.body).unwrap();
        if body.get("create").is_some() {
            Say::json(
                r#"{"create":[{"id":21,"email":"a@b.co","date_modified_gmt":"2026-11-21T19:22:10","_links":{}},
                {"id":0,"error":{"code":"registration-error-email-exists","message":"<strong>Taken</strong>","data":{"status":400}}}]}"#,
            )
        } else {
            Say::json(
                r#"{"update":[{"id":7,"error":{"code":"wc_user_invalid_id","message":"x","data":{"status":404}}},{"id":8,"email":"h@b.co"}]}"#,
            )
        }
    })
    .await;
    let writes = [
        Write::Update {
            id: "7".into(),
            fields: fields(&[("first_name", "x")]),
            unmodified_since: None,
        },
        Write::Create { fields: fields(&[("email", "a@b.co")]) },
        Write::Create { fields: fields(&[("email", "not one")]) },
        Write::Update {
            id: "8".into(),
            fields: fields(&[("billing.city", "y")]),
            unmodified_since: None,
        },
        Write::Create { fields: fields(&[("email", "taken@b.co")]) },
        Write::Update {
            id: "abc".into(),
            fields: fields(&[("first_name", "x")]),
            unmodified_since: None,
        },
    ];
    let results = shop(&stub).write("customers", &writes, &["email".to_owned()]).await;
    let kind = |n: usize| results[n].as_ref().map_err(|e| e.kind.clone()).map(|w| w.id.clone());
    assert_eq!(kind(0), Err(ErrorKind::NotFound));
    assert_eq!(kind(1), Ok("21".into()));
    assert_eq!(kind(2), Err(ErrorKind::Refused));
    assert_eq!(kind(3), Ok("8".into()));
    assert_eq!(kind(4), Err(ErrorKind::Exists { id: Some("9".into()) }));
    assert_eq!(kind(5), Err(ErrorKind::NotFound));
    let heard = stub.heard();
    assert!(heard[0].target.starts_with("/wp-json/wc/v3/customers/batch?"));
    assert_eq!(heard[0].body, r#"{"create":[{"email":"a@b.co"},{"email":"taken@b.co"}]}"#);
    assert_eq!(
        heard[1].body,
        r#"{"update":[{"first_name":"x","id":7},{"billing":{"city":"y"},"id":8}]}"#
    );
}

#[tokio::test]
async fn an_odd_answer_to_a_batch_leaves_all_of_it_unknown() {
    for say in [
        (|| Say::json("[]")) as fn() -> Say,
        || Say::json(r#"{"create":[]}"#),
        || Say::http("502 Bad Gateway", "", "<h1>502</h1>"),
        || Say::json(r#"{"create":[{"id":1},{"id":"#),
        || {
            refused(
                "500 Internal Server Error",
                r#"{"code":"internal_server_error","message":"<p>x</p>","data":{"status":500}}"#,
            )
        },
        || Say::Close,
    ] {
        let stub = Stub::new(move |_, _| say()).await;
        let writes =
            ["a@b.co", "b@b.co"].map(|m| Write::Create { fields: fields(&[("email", m)]) });
        let results = shop(&stub).write("customers", &writes, &[]).await;
        assert!(
            results.iter().all(|r| r.as_ref().is_err_and(|e| e.kind == ErrorKind::Unknown)),
            "{results:?}"
        );
        assert_eq!(stub.heard().len(), 1);
    }
}

/// A shirt and one of its variations.
fn shirts(heard: &Heard) -> Say {
    let path = heard.target.split('?').next().unwrap_or("");
    if heard.method == "POST" && path.ends_with("/products") {
        return refused(
            "400 Bad Request",
            r#"{"code":"product_invalid_sku","message":"Invalid or duplicated SKU.","data":{"status":400,"resource_id":31,"unique_sku":"V-1-1"}}"#,
        );
    }
    if heard.method == "POST" && path.ends_with("/products/31") {
        return refused(
            "404 Not Found",
            r#"{"code":"woocommerce_rest_invalid_product_id","message":"To manipulate product variations you should use the other endpoint.","data":{"status":404}}"#,
        );
    }
    let variation = r#"{"id":31,"sku":"V-1","name":"Red","type":"variation","parent_id":30,"status":"publish"}"#;
    match path.rsplit("/v3/").next().unwrap_or("") {
        "products/30/variations" => Say::json(format!("[{variation}]")),
        "products/30/variations/31" | "products/31" => Say::json(variation),
        _ if heard.target.contains("include=30") => Say::json(
            r#"[{"id":30,"sku":"V","name":"Shirt","type":"variable","status":"publish","variations":[31]}]"#,
        ),
        _ if heard.target.contains("include=") => Say::json("[]"),
        _ => Say::json(format!("[{variation}]")),
    }
}

#[tokio::test]
async fn a_sku_of_a_variation_is_told_with_it() {
    let stub = Stub::new(|_, heard| shirts(heard)).await;
    let write = Write::Create { fields: fields(&[("name", "X"), ("sku", "V-1")]) };
    let error = shop(&stub).write("products", &[write], &[]).await.remove(0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Exists { id: Some("31".into()) }, "{error}");
}

#[tokio::test]
async fn a_variation_is_changed_below_its_product() {
    let stub = Stub::new(|_, heard| shirts(heard)).await;
    let remote = shop(&stub);
    let wanted = ["name", "sku"].map(str::to_owned);
    let sent = fields(&[("name", "Blue"), ("regular_price", "3")]);
    let write = Write::Update { id: "31".into(), fields: sent, unmodified_since: None };
    let done = remote.write("products", std::slice::from_ref(&write), &wanted).await.remove(0);
    let record = done.unwrap().record.unwrap();
    assert_eq!(record.fields.get("name").unwrap().to_text(), "Shirt - Red");
    let posts = |stub: &Stub| -> Vec<String> {
        let heard = stub.heard();
        let posts = heard.iter().filter(|h| h.method == "POST");
        posts.map(|h| h.target.split('?').next().unwrap_or("").to_owned()).collect()
    };
    let (first, right) = ("/wp-json/wc/v3/products/31", "/wp-json/wc/v3/products/30/variations/31");
    assert_eq!(posts(&stub), [first, right], "the refusal told what it is");
    remote.write("products", &[write], &wanted).await.remove(0).unwrap();
    assert_eq!(posts(&stub), [first, right, right], "and that is remembered");
    assert!(
        stub.heard().iter().all(|h| !h.body.contains("Blue") || h.target.contains("products/31"))
    );
    let sent = fields(&[("name", "Blue")]);
    let write = Write::Update { id: "31".into(), fields: sent, unmodified_since: None };
    remote.write("products", &[write], &wanted).await.remove(0).unwrap();
    assert_eq!(posts(&stub).len(), 3, "its name is made by the shop, so nothing is sent");
}

#[tokio::test]
async fn a_customer_with_the_number_of_a_variation_is_a_customer() {
    let stub = Stub::new(|_, heard| match heard.target.contains("/customers") {
        true if heard.method == "GET" => Say::json(r#"[{"id":31,"email":"a@b.co"}]"#),
        true => Say::json(r#"{"id":31,"email":"c@b.co"}"#),
        false => shirts(heard),
    })
    .await;
    let remote = shop(&stub);
    let id = || "31".to_owned();
    // From now on the connection knows that product 31 is a variation.
    remote.fetch("products", &[id()], &["sku".to_owned()]).await.unwrap();
    let before = stub.heard().len();
    let found = remote.fetch("customers", &[id()], &["email".to_owned()]).await.unwrap();
    assert_eq!(found.len(), 1);
    let sent = fields(&[("email", "c@b.co")]);
    let writes = [
        Write::Update { id: id(), fields: sent, unmodified_since: None },
        Write::Delete { id: id() },
    ];
    for write in writes {
        remote.write("customers", &[write], &[]).await.remove(0).unwrap();
    }
    let heard = stub.heard();
    assert_eq!(heard.len() - before, 3);
    assert!(heard[before..].iter().all(|h| h.target.contains("/wc/v3/customers")), "{heard:?}");
    let pages = ["products", "customers"].map(|entity| remote.record_url(entity, "31").unwrap());
    assert!(pages[0].contains("30") && pages[1].contains("31"), "{pages:?}");
}

#[tokio::test]
async fn what_is_left_of_a_failed_order_is_cleared_away() {
    let stub = Stub::new(|_, heard| match heard.method.as_str() {
        "POST" => refused(
            "400 Bad Request",
            r#"{"code":"woocommerce_rest_invalid_coupon","message":"No such coupon.","data":{"status":400,"new_draft_order_id":77}}"#,
        ),
        _ => Say::json("{}"),
    })
    .await;
    let write = Write::Create { fields: fields(&[("status", "pending")]) };
    let error = shop(&stub).write("orders", &[write], &[]).await.remove(0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused, "{error}");
    let heard = stub.heard();
    assert_eq!(heard.len(), 2);
    assert!(heard[1].method == "DELETE" && heard[1].target.contains("/orders/77?force=true"));
}

#[tokio::test]
async fn carts_are_no_orders_and_marks_are_found_by_time() {
    let rows = r#"[
        {"id":5,"status":"checkout-draft","number":"5","meta_data":[{"key":"_syncdeck_id","value":"13x7"}]},
        {"id":6,"status":"pending","number":"6","meta_data":[{"key":"_syncdeck_id","value":"13x7"}]},
        {"id":7,"status":"pending","number":"7","meta_data":[{"key":"_syncdeck_id","value":"13x8"}]}]"#;
    let stub = Stub::new(move |_, heard| {
        Say::json(if heard.target.contains("status=trash") { "[]" } else { rows })
    })
    .await;
    let remote = shop(&stub);
    let request = PageRequest { entity: "orders".into(), ..request(Scope::All) };
    let listed = remote.page(&request).await.unwrap().records;
    assert_eq!(listed.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["6", "7"]);
    let mark = remote.capabilities("orders").mark.unwrap();
    let found = remote
        .find("orders", mark, &["13x7@1795289065".to_owned()], &[mark.to_owned()])
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].id.as_str(), found[0].fields.len()), ("6", 1));
    assert!(
        stub.heard()[2].target.contains("after=2026-11-21T19%3A14%3A25&dates_are_gmt=true"),
        "{}",
        stub.heard()[2].target
    );
}

#[tokio::test]
async fn a_blocked_delete_goes_another_way() {
    let stub = Stub::new(|_, heard| match heard.method.as_str() {
        "DELETE" => Say::http("405 Not Allowed", "", "<h1>405 Not Allowed</h1>"),
        _ => Say::json(r#"{"id":5}"#),
    })
    .await;
    let remote = shop(&stub);
    let result =
        remote.write("customers", &[Write::Delete { id: "5".into() }], &[]).await.remove(0);
    assert!(result.is_ok(), "{result:?}");
    let last = stub.heard().pop().unwrap();
    assert!(
        last.method == "POST"
            && last.target.contains("_method=DELETE")
            && last.target.contains("force=true")
    );
}

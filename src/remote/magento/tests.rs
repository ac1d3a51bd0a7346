//! A shop that says what a test wants, byte for byte.

use super::super::http::stub::{Heard, Say, Stub};
use super::super::{
    ConnectOptions, ErrorKind, Next, PageAt, PageRequest, Remote, Scope, Since, Write,
};
use super::connect;
use crate::model::{Fields, UserError, Value};
use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;
use std::sync::Arc;

const LIST: &str = r#"{"items":[],"search_criteria":{"page_size":100},"total_count":0}"#;
const DENIED: &str = r#"{"message":"The consumer isn't authorized to access %resources.","parameters":{"resources":"Magento_Customer::customer"}}"#;

fn shop_with(stub: &Stub, more: &[(&str, &str)]) -> Result<Arc<dyn Remote>, UserError> {
    let url = format!("http://127.0.0.1:{}/sub", stub.port);
    let mut all = BTreeMap::from([("base_url", url.into())]);
    for (name, value) in more {
        all.insert(*name, (*value).into());
    }
    connect(&all, &ConnectOptions::default())
}

const FOUR: [(&str, &str); 4] = [
    ("consumer_key", "ckey1234"),
    ("consumer_secret", "csecret1"),
    ("access_token", "atoken12"),
    ("access_token_secret", "asecret1"),
];

fn shop(stub: &Stub) -> Arc<dyn Remote> {
    shop_with(stub, &FOUR).unwrap()
}

fn plain(heard: &Heard) -> String {
    percent_decode_str(&heard.target).decode_utf8_lossy().into_owned()
}

fn request(entity: &str, scope: Scope) -> PageRequest {
    let fields: Vec<String> = vec!["email".into()];
    PageRequest { entity: entity.into(), fields: fields.into(), scope, at: PageAt::First }
}

fn refused(status: &str, body: &str) -> Say {
    Say::http(status, "Content-Type: application/json\r\n", body)
}

#[tokio::test]
async fn requests_are_signed_anew_each_time_and_show_no_secret() {
    let stub = Stub::new(|n, heard| {
        if heard.target.contains("directory") {
            Say::json("{}")
        } else if n < 3 {
            refused("401 Unauthorized", r#"{"message":"The nonce is already being used by the consumer with ID %1","parameters":[2]}"#)
        } else {
            Say::json(LIST)
        }
    })
    .await;
    shop(&stub).page(&request("customers", Scope::All)).await.unwrap();
    let heard = stub.heard();
    let nonce = |h: &Heard| h.head.split("oauth_nonce=\"").nth(1).map(|t| t[..32].to_owned());
    let signed: Vec<String> = heard.iter().filter_map(nonce).collect();
    assert_eq!(signed.len(), 3, "twice refused for its nonce, then accepted");
    assert!(signed[0] != signed[1] && signed[1] != signed[2]);
    assert!(!heard[0].head.to_lowercase().contains("authorization"), "the clock needs no keys");
    let last = heard.last().unwrap();
    assert!(last.target.starts_with("/sub/rest/V1/customers/search?"), "{}", last.target);
    assert!(
        !last.target.contains('+')
            && !last.head.contains("csecret1")
            && !last.head.contains("asecret1")
    );
}

#[tokio::test]
async fn a_smaller_page_limit_is_obeyed() {
    let stub = Stub::new(|_, heard| {
        if plain(heard).contains("[pageSize]=100") {
            refused(
                "400 Bad Request",
                r#"{"message":"Maximum SearchCriteria pageSize is %max","parameters":{"max":30}}"#,
            )
        } else {
            Say::json(LIST)
        }
    })
    .await;
    let remote = shop(&stub);
    remote.page(&request("taxRates", Scope::All)).await.unwrap();
    remote.page(&request("taxRates", Scope::All)).await.unwrap();
    let sizes: Vec<bool> =
        stub.heard().iter().map(|h| plain(h).contains("[pageSize]=30")).collect();
    assert_eq!(sizes, [false, true, true], "learned once");
}

#[tokio::test]
async fn a_window_stays_frozen_over_its_pages() {
    let stub = Stub::new(|_, heard| {
        let target = plain(heard);
        if target.contains("directory") {
            return Say::http("200 OK", "Date: Sun, 22 Nov 2026 00:10:00 GMT\r\n", "{}");
        }
        let from = if target.contains("[value]=2&") { 3 } else { 1 };
        let items: Vec<String> = (from..from + if from == 1 { 2 } else { 1 })
            .map(|id| format!(r#"{{"id":{id},"email":"a{id}@x.example","updated_at":"2026-11-22 00:00:0{id}"}}"#))
            .collect();
        Say::json(format!(r#"{{"items":[{}],"search_criteria":{{"page_size":2}},"total_count":3}}"#, items.join(",")))
    })
    .await;
    let remote = shop(&stub);
    let since = Scope::Changed(Since::Mark("2026-11-21 23:59:00".into()));
    let first = remote.page(&request("customers", since.clone())).await.unwrap();
    let Next::After(token) = first.next.clone() else { panic!("{:?}", first.next) };
    assert_eq!(first.mark.as_deref(), Some("2026-11-22 00:10:00"));
    assert_eq!((first.total, first.records.len()), (Some(3), 2), "the echoed size counts");
    let second = remote
        .page(&PageRequest { at: PageAt::After(token), ..request("customers", since) })
        .await
        .unwrap();
    assert_eq!((second.next, second.mark, second.total), (Next::End, None, None));
    let heard = stub.heard();
    for heard in &heard[1..] {
        let target = plain(heard);
        assert!(
            target.contains("=2026-11-21 23:58:00&") && target.contains("=2026-11-22 00:10:01&"),
            "{target}"
        );
    }
}

#[tokio::test]
async fn a_filter_that_is_ignored_ends_the_listing_with_an_error() {
    let body = r#"{"items":[{"id":7}],"search_criteria":{"page_size":1},"total_count":9}"#;
    let stub = Stub::new(move |_, _| Say::json(body)).await;
    let remote = shop(&stub);
    let first = remote.page(&request("taxRates", Scope::All)).await.unwrap();
    let Next::After(token) = first.next else { panic!() };
    let again = PageRequest { at: PageAt::After(token), ..request("taxRates", Scope::All) };
    let error = remote.page(&again).await.unwrap_err();
    assert!(error.whole && error.error.why.contains("never end"), "{error}");
}

#[tokio::test]
async fn an_unknown_column_is_told_and_not_tried_again() {
    let stub = Stub::new(|_, _| {
        refused("500 Internal Server Error", r#"{"message":"Internal Error. Details are available in Magento log file. Report ID: webapi-6b"}"#)
    })
    .await;
    let remote = shop(&stub);
    let error = remote.find("orders", "colour", &["x".into()], &[]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    assert!(
        error.field.as_deref() == Some("colour") && error.error.what.contains("\"colour\""),
        "{error}"
    );
    assert_eq!(stub.heard().len(), 1);
}

#[tokio::test]
async fn maintenance_is_temporary_for_a_read_and_unknown_for_a_write() {
    let stub = Stub::new(|_, heard| {
        if heard.method == "GET" && heard.target.contains("products") {
            Say::json(LIST)
        } else {
            Say::http(
                "503 Service Unavailable",
                "Content-Type: text/html\r\n",
                "<html><title>Service Temporarily Unavailable</title>",
            )
        }
    })
    .await;
    let remote = shop(&stub);
    let fields: Fields = [("sku", "A"), ("name", "B")].into_iter().collect();
    let error =
        remote.write("products", &[Write::Create { fields }], &[]).await.remove(0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unknown, "{error}");
    let posts = stub.heard().iter().filter(|h| h.method == "POST").count();
    assert_eq!(posts, 1, "a write is not sent twice");
}

#[tokio::test]
async fn a_bearer_token_that_is_not_taken_is_told_with_both_causes() {
    let stub = Stub::new(|_, heard| {
        if heard.target.contains("directory") {
            Say::json("{}")
        } else {
            refused("401 Unauthorized", DENIED)
        }
    })
    .await;
    let remote = shop_with(&stub, &[("bearer_token", "abcdefgh12345678")]).unwrap();
    let report = remote.check("shop").await;
    let said = report.problems[0].one_line();
    assert!(
        !report.ok
            && said.contains("standalone bearer token")
            && said.contains("Magento_Customer::customer"),
        "{said}"
    );
    assert!(!said.contains("abcdefgh"));
    // {"uid":1,"utypid":2,"iat":1600000000,"exp":1600003600}
    let ended =
        "eyJ4IjoxfQ.eyJ1aWQiOjEsInV0eXBpZCI6MiwiaWF0IjoxNjAwMDAwMDAwLCJleHAiOjE2MDAwMDM2MDB9.c2ln";
    let remote = shop_with(&stub, &[("bearer_token", ended)]).unwrap();
    let error = remote.page(&request("customers", Scope::Narrow)).await.unwrap_err();
    assert!(error.kind == ErrorKind::Login && error.error.what.contains("expired"), "{error}");
}

#[tokio::test]
async fn what_is_entered_must_be_complete() {
    let stub = Stub::new(|_, _| Say::json("{}")).await;
    let told = |more: &[(&str, &str)]| {
        shop_with(&stub, more).err().map(|e| e.one_line()).unwrap_or_default()
    };
    assert!(told(&[]).contains("four values"));
    assert!(told(&FOUR[..3]).starts_with("Access Token Secret is missing."));
    assert!(told(&[FOUR[0], ("bearer_token", "x")]).contains("bearer token alone"));
    assert!(told(&[("bearer_token", "a b")]).contains("characters"));
    let with =
        |more: (&'static str, &'static str)| told(&[FOUR[0], FOUR[1], FOUR[2], FOUR[3], more]);
    assert!(with(("store_view", "de/x")).contains("store view"));
    assert!(with(("signing_url", "ftp://x")).contains("signing URL"));
    assert_eq!(with(("admin_path", "/admin_1a2b/")), "");
}

#[tokio::test]
async fn links_lead_into_the_administration() {
    let stub = Stub::new(|_, _| Say::json("{}")).await;
    let mut all = FOUR.to_vec();
    all.push(("admin_path", "/admin_1a2b/"));
    let remote = shop_with(&stub, &all).unwrap();
    let base = format!("http://127.0.0.1:{}/sub/admin_1a2b", stub.port);
    assert_eq!(
        remote.record_url("products", "8"),
        Some(format!("{base}/catalog/product/edit/id/8/"))
    );
    assert_eq!(
        remote.record_url("orders", "5"),
        Some(format!("{base}/sales/order/view/order_id/5/"))
    );
    assert_eq!(remote.record_url("companies", "company:acme"), None);
}

#[tokio::test]
async fn an_address_that_was_dropped_is_told() {
    let stub = Stub::new(|_, heard| {
        if heard.target.contains("countries") {
            Say::json(
                r#"{"id":"DE","available_regions":[{"id":"81","code":"BY","name":"Bayern"}]}"#,
            )
        } else if heard.method == "POST" {
            Say::json(r#"{"id":7,"email":"a@b.co","firstname":"A","lastname":"B","addresses":[]}"#)
        } else {
            Say::json(LIST)
        }
    })
    .await;
    let remote = shop(&stub);
    let full = [
        ("email", "a@b.co"),
        ("firstname", "A"),
        ("lastname", "B"),
        ("billing.street_1", "x 1"),
        ("billing.city", "Ulm"),
        ("billing.telephone", "1"),
        ("billing.country_id", "DE"),
        ("billing.region", "by"),
    ];
    let write = |list: &[(&str, &str)]| Write::Create { fields: list.iter().copied().collect() };
    let error = remote.write("customers", &[write(&full)], &[]).await.remove(0).unwrap_err();
    assert!(error.error.what.contains("without the address"), "{error}");
    let sent = stub.heard().into_iter().find(|h| h.method == "POST").unwrap().body;
    assert!(
        sent.contains(r#""region_id":81"#) && sent.contains(r#""default_billing":true"#),
        "{sent}"
    );
    for (without, word) in [("billing.telephone", "no telephone"), ("billing.city", "no city")] {
        let some: Vec<_> = full.iter().copied().filter(|(k, _)| *k != without).collect();
        let error = remote.write("customers", &[write(&some)], &[]).await.remove(0).unwrap_err();
        assert!(
            error.to_string().contains(word) && error.field.as_deref() == Some(without),
            "{error}"
        );
    }
    let mut odd = full.to_vec();
    odd[7].1 = "Kent";
    let error = remote.write("customers", &[write(&odd)], &[]).await.remove(0).unwrap_err();
    assert!(error.to_string().contains("Bayern"), "{error}");
    assert_eq!(stub.heard().iter().filter(|h| h.method == "POST").count(), 1);
}

#[tokio::test]
async fn numbers_are_exact() {
    let body = r#"{"items":[{"entity_id":1,"grand_total":1234567.89,"items":[],"created_at":"2026-11-22 00:00:00"}],"search_criteria":{"page_size":100},"total_count":1}"#;
    let stub = Stub::new(move |_, heard| {
        if heard.target.contains("directory") { Say::json("{}") } else { Say::json(body) }
    })
    .await;
    let wanted = ["totals.grand".to_owned()];
    let request = PageRequest { fields: wanted.to_vec().into(), ..request("orders", Scope::All) };
    let page = shop(&stub).page(&request).await.unwrap();
    assert_eq!(
        page.records[0].fields.get("totals.grand").map(Value::to_text).as_deref(),
        Some("1234567.89")
    );
}

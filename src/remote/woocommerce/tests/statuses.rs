//! Orders of every status: how they are listed, and when one is gone.

use super::super::super::http::stub::{Heard, Say, Stub};
use super::super::super::{ErrorKind, PageRequest, Scope, Since};
use super::{refused, request, shop};

const OFFERED: &str = r#"{"endpoints":[{"methods":["GET"],"args":{"status":{"type":"array","items":{"enum":["any","trash","auto-draft","pending","at-depot","checkout-draft"]}}}}],"schema":{"properties":{}}}"#;

#[tokio::test]
async fn each_status_of_orders_is_named_and_asked_for_once() {
    let stub =
        Stub::new(|_, heard| Say::json(if heard.method == "OPTIONS" { OFFERED } else { "[]" }))
            .await;
    let asks = || {
        let heard = stub.heard();
        let options = heard.iter().filter(|h| h.method == "OPTIONS").count();
        let lists: Vec<String> =
            heard.iter().filter(|h| h.method == "GET").map(|h| h.target.clone()).collect();
        (options, lists)
    };
    let remote = shop(&stub);
    for scope in [Scope::All, Scope::Changed(Since::Mark("2026-11-21T19:22:10".into()))] {
        remote.page(&PageRequest { entity: "orders".into(), ..request(scope) }).await.unwrap();
    }
    remote.probe("orders", None).await.unwrap();
    let (options, lists) = asks();
    assert_eq!((options, lists.len()), (1, 3), "once for the connection");
    assert!(lists.iter().all(|l| l.contains("status=pending,at-depot&")), "{lists:?}");
    let trash = PageRequest { entity: "orders".into(), ..request(Scope::Trashed(None)) };
    remote.page(&trash).await.unwrap();
    let products = PageRequest { entity: "products".into(), ..request(Scope::All) };
    remote.page(&products).await.unwrap();
    let (_, lists) = asks();
    assert!(lists[3].contains("status=trash&"), "{lists:?}");
    assert!(lists[4].contains("status=any&"), "products take one status only: {lists:?}");
    // Who has read the fields knows them.
    let remote = shop(&stub);
    remote.describe("orders").await.unwrap();
    remote.page(&PageRequest { entity: "orders".into(), ..request(Scope::All) }).await.unwrap();
    let (options, lists) = asks();
    assert!(options == 2 && lists[5].contains("status=pending,at-depot&"), "{lists:?}");
}

#[tokio::test]
async fn any_status_has_to_do_where_a_host_blocks_the_question() {
    for (status, body) in
        [("405 Not Allowed", "<h1>405</h1>"), ("403 Forbidden", r#"{"code":"x","message":"y"}"#)]
    {
        let stub = Stub::new(move |_, heard| match heard.method.as_str() {
            "OPTIONS" if body.starts_with('<') => Say::http(status, "", body),
            "OPTIONS" => refused(status, body),
            _ => Say::json("[]"),
        })
        .await;
        let remote = shop(&stub);
        for _ in 0..2 {
            let orders = PageRequest { entity: "orders".into(), ..request(Scope::All) };
            remote.page(&orders).await.unwrap();
        }
        let heard = stub.heard();
        let (options, lists): (Vec<&Heard>, Vec<&Heard>) = heard
            .iter()
            .filter(|h| h.target.contains("/orders?"))
            .partition(|h| h.method == "OPTIONS");
        assert!(lists.len() == 2 && lists.iter().all(|l| l.target.contains("status=any&")));
        assert_eq!(options.len(), 1, "{status}: {heard:?}");
    }
}

#[tokio::test]
async fn an_order_is_gone_only_if_the_shop_says_so_of_it_alone() {
    let stub = Stub::new(|_, heard| {
        let path = heard.target.split('?').next().unwrap_or_default();
        match path.rsplit('/').next().unwrap_or_default() {
            "5" => Say::json(r#"{"id":5,"status":"of-a-plugin"}"#),
            "6" => refused(
                "404 Not Found",
                r#"{"code":"woocommerce_rest_shop_order_invalid_id","message":"Invalid ID.","data":{"status":404}}"#,
            ),
            "7" => refused("404 Not Found", r#"{"code":"blocked","message":"No.","data":{"status":404}}"#),
            _ if heard.target.contains("status=trash") => Say::json("[]"),
            _ => Say::json(r#"[{"id":4,"status":"pending"}]"#),
        }
    })
    .await;
    let remote = shop(&stub);
    let ids = |list: &[&str]| list.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    let found = remote.fetch("orders", &ids(&["4", "5", "6"]), &[]).await.unwrap();
    assert_eq!(found.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["4", "5"]);
    let alone = |id: &str| {
        let path = format!("/orders/{id}?");
        stub.heard().iter().filter(|h| h.target.contains(&path)).count()
    };
    assert_eq!((alone("4"), alone("5"), alone("6")), (0, 1, 1), "only what was not listed");
    let error = remote.fetch("orders", &ids(&["7"]), &[]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Temporary, "{error}");
}

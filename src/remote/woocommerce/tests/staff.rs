//! People who work in the shop, and their orders.

use super::super::super::http::stub::{Say, Stub};
use super::super::super::{ErrorKind, PageAt, PageRequest, Scope, Write};
use super::{fields, query, refused, request, shop};

#[tokio::test]
async fn who_is_staff_is_asked_once_and_only_for_orders_of_accounts() {
    let stub = Stub::new(|_, heard| {
        let json = match heard.target.split('?').next().unwrap_or_default() {
            path if heard.method == "OPTIONS" || path.ends_with("/batch") => "{}",
            path if path.ends_with("/customers") => {
                match query(heard).iter().find(|(k, _)| k == "role") {
                    Some((_, role)) if role == "administrator" => {
                        r#"[{"id":1,"role":"administrator"}]"#
                    }
                    // The first of several roles is the one that counts.
                    Some((_, role)) if role == "editor" => r#"[{"id":9,"role":"customer"}]"#,
                    Some((_, role)) if role == "author" => {
                        return refused(
                            "400 Bad Request",
                            r#"{"code":"rest_invalid_param","message":"role"}"#,
                        );
                    }
                    _ => "[]",
                }
            }
            path if path.ends_with("/orders/3") => r#"{"id":3,"status":"pending","customer_id":1}"#,
            _ if heard.target.contains("&page=1&") => {
                r#"[{"id":2,"status":"pending","customer_id":0}]"#
            }
            _ => {
                r#"[{"id":3,"status":"pending","customer_id":1,"billing":{"email":"b@b.co"}},
                {"id":4,"status":"pending","customer_id":9,"billing":{"email":"c@b.co"}}]"#
            }
        };
        Say::json(json)
    })
    .await;
    let remote = shop(&stub);
    let asked = || stub.heard().iter().filter(|h| h.target.contains("/customers?")).count();
    let orders = |n| PageRequest {
        entity: "orders".into(),
        fields: ["customer_id".to_owned(), "guest.email".to_owned()].into(),
        at: PageAt::Number(n),
        ..request(Scope::All)
    };
    remote.page(&orders(1)).await.unwrap();
    assert_eq!(asked(), 0, "guests have no accounts");
    for n in 2..4 {
        let records = remote.page(&orders(n)).await.unwrap().records;
        let told: Vec<String> = records
            .iter()
            .flat_map(|r| {
                ["customer_id", "guest.email"].map(|f| r.fields.get(f).unwrap().to_text())
            })
            .collect();
        assert_eq!(told, ["0", "b@b.co", "9", ""], "one of staff, one of a customer");
    }
    assert_eq!(asked(), 5, "a listing for each role, once");
    // Whose order it is in the shop is not changed, neither to another nor to nobody.
    for customer in ["9", ""] {
        let sent = fields(&[("customer_id", customer), ("status", "completed")]);
        let write = Write::Update { id: "3".into(), fields: sent, unmodified_since: None };
        remote.write("orders", &[write], &["customer_id".to_owned()]).await.remove(0).unwrap();
        let heard = stub.heard();
        let body = heard.iter().rfind(|h| h.method == "POST").unwrap().body.clone();
        assert_eq!(body, r#"{"status":"completed"}"#);
    }
    assert_eq!(asked(), 5);
}

#[tokio::test]
async fn staff_is_neither_listed_nor_found_nor_written() {
    let rows = r#"[{"id":1,"email":"boss@b.co","role":"administrator"},{"id":2,"email":"a@b.co","role":"customer"},{"id":3,"email":"s@b.co","role":"subscriber"}]"#;
    let stub = Stub::new(move |_, heard| match heard.method.as_str() {
        "POST" => refused(
            "400 Bad Request",
            r#"{"code":"registration-error-email-exists","message":"Taken","data":{"status":400}}"#,
        ),
        _ => Say::json(rows),
    })
    .await;
    let remote = shop(&stub);
    let page = remote.page(&request(Scope::Narrow)).await.unwrap();
    assert_eq!(page.records.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["2", "3"]);
    let values = ["BOSS@b.co", "a@b.co", "no address"].map(str::to_owned);
    let found = remote.find("customers", "email", &values, &[]).await.unwrap();
    assert_eq!(found.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["2"]);
    assert!(found[0].fields.is_empty(), "the key was not asked for");
    assert_eq!(stub.heard().len(), 3, "what is no address is not asked for");

    // Its address is refused by the shop; that is told as what it is, and nobody's id with it.
    let create = |email: &str| Write::Create { fields: fields(&[("email", email)]) };
    let refused = remote.write("customers", &[create("Boss@b.co")], &[]).await.remove(0);
    let error = refused.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused, "{error}");
    assert!(error.error.what.contains("staff account"), "{error}");
    let twin = remote.write("customers", &[create("a@b.co")], &[]).await.remove(0).unwrap_err();
    assert_eq!(twin.kind, ErrorKind::Exists { id: Some("2".into()) });

    // A link from before, or somebody who has become one of them.
    let before = stub.heard().len();
    let sent = fields(&[("first_name", "New")]);
    let update = Write::Update { id: "1".into(), fields: sent, unmodified_since: None };
    for write in [update, Write::Delete { id: "1".into() }] {
        let error = remote.write("customers", &[write], &[]).await.remove(0).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused, "{error}");
        assert!(error.error.what.contains("staff"), "{error}");
    }
    assert_eq!(stub.heard().len(), before, "nothing was sent");
}

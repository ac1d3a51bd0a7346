//! How a shop is reached: signatures, keys, addresses, clocks.

use super::*;

#[tokio::test]
async fn plain_http_is_signed_and_shows_no_secret() {
    let stub = Stub::new(|_, _| Say::json("[]")).await;
    shop(&stub).page(&request(Scope::Narrow)).await.unwrap();
    let heard = stub.heard();
    let origin = format!("http://127.0.0.1:{}", stub.port);
    assert!(is_signed(&heard[0], &origin, "/wp-json/wc/v3/customers"), "{}", heard[0].target);
    assert!(
        !heard[0].head.contains(SECRET) && !heard[0].head.to_lowercase().contains("authorization")
    );
    assert!(heard[0].target.contains("_fields=id,date_created_gmt,date_modified_gmt,role,email"));
}

#[tokio::test]
async fn the_ladder_is_climbed_until_the_shop_sees_the_keys() {
    let (stub, remote) = tls(|_, heard| {
        let port = heard
            .head
            .lines()
            .find_map(|l| l.to_lowercase().strip_prefix("host: localhost:").map(str::to_owned));
        let origin = format!("http://localhost:{}", port.unwrap_or_default());
        let path = heard.target.split('?').next().unwrap_or("").to_owned();
        if is_signed(heard, &origin, &path) {
            Say::json("[]")
        } else if heard.target.contains("oauth_signature") {
            refused("401 Unauthorized", SIGNATURE)
        } else {
            refused("401 Unauthorized", UNSEEN)
        }
    })
    .await;
    remote.page(&request(Scope::Narrow)).await.unwrap();
    let kinds: Vec<&str> = stub
        .heard()
        .iter()
        .map(|h| {
            if h.head.to_lowercase().contains("authorization: basic") {
                "basic"
            } else if h.target.contains("consumer_secret=cs_2") {
                "query"
            } else {
                "oauth"
            }
        })
        .collect();
    assert_eq!(kinds, ["basic", "query", "oauth", "oauth"]);
    remote.page(&request(Scope::Narrow)).await.unwrap();
    assert_eq!(stub.heard().len(), 5, "what worked is remembered");
}

#[tokio::test]
async fn a_wrong_secret_is_not_tried_in_other_ways() {
    let wrong = r#"{"code":"woocommerce_rest_authentication_error","message":"Consumer secret is invalid.","data":{"status":401}}"#;
    let (stub, remote) = tls(move |_, _| refused("401 Unauthorized", wrong)).await;
    let error = remote.page(&request(Scope::Narrow)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Login);
    assert!(error.whole && error.to_string().contains("Consumer secret is invalid."), "{error}");
    assert_eq!(stub.heard().len(), 1);
}

#[tokio::test]
async fn a_site_known_by_another_name_is_signed_with_that_name() {
    let stub = Stub::new(|_, heard| {
        if heard.target.starts_with("/wp-json/?") {
            return Say::json(SITE);
        }
        if is_signed(heard, "http://shop.example.com", "/wp-json/wc/v3/customers") {
            Say::json("[]")
        } else {
            refused("401 Unauthorized", SIGNATURE)
        }
    })
    .await;
    shop(&stub).page(&request(Scope::Narrow)).await.unwrap();
    assert_eq!(stub.heard().len(), 3);
}

#[tokio::test]
async fn a_clock_that_differs_is_allowed_for() {
    let stub = Stub::new(|n, heard| {
        let stamp: i64 = query(heard).iter().find(|(k, _)| k == "oauth_timestamp").unwrap().1.parse().unwrap();
        let date = "Date: Tue, 01 Jan 2030 00:00:00 GMT\r\nContent-Type: application/json\r\n";
        let right = (stamp - 1_893_456_000).abs() < 900;
        assert_eq!(right, n > 0);
        let bad = r#"{"code":"woocommerce_rest_authentication_error","message":"Invalid timestamp.","data":{"status":401}}"#;
        if right { Say::http("200 OK", date, "[]") } else { Say::http("401 Unauthorized", date, bad) }
    })
    .await;
    shop(&stub).page(&request(Scope::Narrow)).await.unwrap();
    assert_eq!(stub.heard().len(), 2);
}

#[tokio::test]
async fn plain_permalinks_are_served_by_the_detour() {
    let stub = Stub::new(|_, heard| {
        if heard.target.starts_with("/?rest_route=/&") {
            Say::json(SITE)
        } else if heard.target.starts_with("/?rest_route=/wc/v3/customers&x=wp-json/wc/&") {
            let port = heard
                .head
                .lines()
                .find_map(|l| l.to_lowercase().strip_prefix("host: 127.0.0.1:").map(str::to_owned));
            let origin = format!("http://127.0.0.1:{}", port.unwrap_or_default());
            if is_signed(heard, &origin, "") {
                Say::json("[]")
            } else {
                refused("401 No", SIGNATURE)
            }
        } else {
            Say::http("404 Not Found", "", NOT_FOUND)
        }
    })
    .await;
    let remote = shop(&stub);
    remote.page(&request(Scope::Narrow)).await.unwrap();
    remote.page(&request(Scope::Narrow)).await.unwrap();
    let targets: Vec<String> = stub.heard().iter().map(|h| h.target.clone()).collect();
    assert_eq!(targets.len(), 5, "{targets:?}");
    assert!(targets[4].starts_with("/?rest_route=/wc/v3/customers&x=wp-json/wc/&"), "remembered");
}

#[tokio::test]
async fn a_redirect_names_the_right_address_and_nothing_is_written() {
    let stub = Stub::new(|_, _| {
        Say::http(
            "301 Moved",
            "Location: https://www.shop.example.com/wp-json/wc/v3/customers\r\n",
            "",
        )
    })
    .await;
    let remote = shop(&stub);
    let write = Write::Create { fields: fields(&[("email", "a@b.co")]) };
    let error = remote.write("customers", &[write], &[]).await.remove(0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotTheApi);
    assert!(error.error.next.ends_with("https://www.shop.example.com"), "{error}");
    let posts = stub.heard().iter().filter(|h| h.method == "POST").count();
    assert_eq!(posts, 1);
}

#[test]
fn keys_are_looked_at_before_they_are_used() {
    for (key, secret, words) in [
        ("", "cs_1", "is empty"),
        ("cs_1", "ck_1", "interchanged"),
        ("ck_1 x", "cs_1", "characters"),
    ] {
        let error = connect("https://shop.example.com", &key.into(), &secret.into(), &options())
            .err()
            .unwrap();
        assert!(error.what.contains(words), "{error}");
    }
    let open =
        connect("http://shop.example.com", &KEY.into(), &SECRET.into(), &options()).err().unwrap();
    assert!(open.one_line().contains("plain http"), "{open}");
}

#[tokio::test]
async fn a_host_that_blocks_options_is_worked_with_all_the_same() {
    let stub = Stub::new(|_, heard| {
        if heard.method == "OPTIONS" {
            Say::http("405 Method Not Allowed", "Content-Type: text/html\r\n", "<title>No</title>")
        } else {
            Say::json("[]")
        }
    })
    .await;
    let info = shop(&stub).describe("customers").await.unwrap();
    assert!(info.createable && info.fields.is_empty());
}

#[tokio::test]
async fn a_wrong_folder_is_told_with_the_right_address() {
    // The server shows the site in every folder; its short addresses are only where it is.
    let stub = Stub::new(|_, heard| match heard.target.as_str() {
        path if path.contains("rest_route=/&") => Say::json(
            r#"{"name":"Shop","url":"http://127.0.0.1:1","home":"http://127.0.0.1:1","namespaces":["wc/v3"]}"#,
        ),
        path if path.contains("rest_route=/wc/") => refused("401 Unauthorized", SIGNATURE),
        _ => Say::http("404 Not Found", "", NOT_FOUND),
    })
    .await;
    let url = format!("http://127.0.0.1:{}/sub", stub.port);
    let remote = connect(&url, &KEY.into(), &SECRET.into(), &options()).unwrap();
    let report = remote.check("shop").await;
    let told: Vec<String> = report.problems.iter().map(|p| p.one_line()).collect();
    assert!(!report.ok && told.iter().any(|t| t.contains("Enter http://127.0.0.1:1 as App URL")));
    assert!(!told.iter().any(|t| t.contains("permalinks") || t.contains("signature")), "{told:?}");
    let error = remote.page(&request(Scope::Narrow)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Login);
    assert!(error.error.next.contains("http://127.0.0.1:1 as App URL"), "{error}");
}

#[tokio::test]
async fn the_trash_is_no_part_of_what_there_is_to_read() {
    let stub = Stub::new(|_, _| {
        let headers = "Content-Type: application/json\r\nX-WP-Total: 0\r\nX-WP-TotalPages: 0\r\n";
        Say::http("200 OK", headers, "[]")
    })
    .await;
    let remote = shop(&stub);
    for (scope, total) in [(Scope::All, Some(0)), (Scope::Trashed(None), None)] {
        let orders = PageRequest { entity: "orders".into(), ..request(scope) };
        assert_eq!(remote.page(&orders).await.unwrap().total, total);
    }
}

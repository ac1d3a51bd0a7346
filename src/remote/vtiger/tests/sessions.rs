//! Logins and sessions that end, and what is told when a user may not.

use super::*;

#[tokio::test]
async fn a_session_that_is_over_is_replaced_and_the_request_repeated() {
    let (stub, remote) = crm(|_, heard| match param(heard, "sessionName").as_str() {
        "s0" => Say::json(OVER),
        _ => Say::json(ROW),
    })
    .await;
    let write = Write::Create { fields: fields(&[("lastname", "Doe")]) };
    let done = remote.write("Contacts", &[write], &[]).await.remove(0).unwrap();
    assert_eq!(done.id, "12x7");
    let operations: Vec<String> = stub.heard().iter().map(|h| param(h, "operation")).collect();
    assert_eq!(operations, ["getchallenge", "login", "describe", "create", "login", "create"]);
    let element = param(&stub.heard()[5], "element");
    assert_eq!(element, r#"{"assigned_user_id":"19x1","lastname":"Doe"}"#);
}

#[tokio::test]
async fn a_session_that_is_always_over_ends_in_an_error() {
    let (_stub, remote) = crm(|_, _| Say::json(OVER)).await;
    let error = remote.page(&request(&["lastname"])).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Login, "{error}");
}

#[tokio::test]
async fn a_challenge_taken_by_another_program_is_asked_anew() {
    let stub = Stub::new(|n, heard| match (param(heard, "operation").as_str(), n) {
        ("getchallenge", _) => Say::json(r#"{"success":true,"result":{"token":"t"}}"#),
        ("login", 0..=2) => Say::json(WRONG),
        ("login", _) => {
            Say::json(r#"{"success":true,"result":{"sessionName":"s","userId":"19x1"}}"#)
        }
        _ => Say::json(r#"{"success":true,"result":{"types":[]}}"#),
    })
    .await;
    let url = format!("http://127.0.0.1:{}/", stub.port);
    let remote = connect(&url, "admin", &"key".into(), &ConnectOptions::default()).unwrap();
    let report = remote.check("vtiger").await;
    assert_eq!(report.user.as_deref(), Some("admin"));
    let logins = stub.heard().iter().filter(|h| param(h, "operation") == "login").count();
    assert_eq!(logins, 2);
}

#[tokio::test]
async fn logins_that_fail_say_why() {
    for (answer, words) in [
        (WRONG, "does not accept the access key of the user \"admin\""),
        (
            r#"{"success":false,"error":{"code":"INVALID_AUTH_TOKEN","message":"x"}}"#,
            "does not know the user \"admin\"",
        ),
        (
            r#"{"success":false,"error":{"code":"ACCESS_DENIED","message":"username does not exists"}}"#,
            "does not know the user \"admin\"",
        ),
        (
            r#"{"success":false,"error":{"code":"ACCESSKEY_UNDEFINED","message":"x"}}"#,
            "has no access key",
        ),
        (r#"{"success":true,"result":{}}"#, "not as Vtiger does"),
    ] {
        let stub = Stub::new(move |_, heard| match param(heard, "operation").as_str() {
            "getchallenge" if answer.contains("username does not") => Say::json(answer),
            "getchallenge" => Say::json(r#"{"success":true,"result":{"token":"t"}}"#),
            _ => Say::json(answer),
        })
        .await;
        let url = format!("http://127.0.0.1:{}/", stub.port);
        let remote =
            connect(&url, "admin", &"secret key".into(), &ConnectOptions::default()).unwrap();
        let report = remote.check("vtiger").await;
        assert!(!report.ok && report.modules.is_empty());
        assert!(report.problems[0].one_line().contains(words), "{:?}", report.problems);
        assert!(
            !stub.heard().iter().any(|h| h.body.contains("secret")),
            "the key itself is not sent"
        );
    }
}

#[tokio::test]
async fn access_denied_is_told_apart_from_a_deleted_record() {
    for (rows, want) in [
        (NONE, ErrorKind::NotFound),
        // An administrator may do everything: it was only not found just then.
        (r#"{"success":true,"result":[{"id":"12x5"}]}"#, ErrorKind::Temporary),
        (DENIED, ErrorKind::Permission),
        // Nobody knows yet.
        (
            r#"{"success":false,"error":{"code":"QUERY_SYNTAX_ERROR","message":"Syntax Error"}}"#,
            ErrorKind::Temporary,
        ),
    ] {
        let (_stub, remote) = crm(move |operation, _| match operation {
            "query" => Say::json(rows),
            _ => Say::json(DENIED),
        })
        .await;
        let writes = [
            Write::Update {
                id: "12x5".into(),
                fields: fields(&[("lastname", "x")]),
                unmodified_since: None,
            },
            Write::Delete { id: "12x5".into() },
        ];
        for result in remote.write("Contacts", &writes, &[]).await {
            assert_eq!(result.unwrap_err().kind, want);
        }
    }
}

#[tokio::test]
async fn each_session_carries_one_request_at_a_time() {
    let (stub, remote) = crm_of("on", 3, |_, _| Say::json(NONE)).await;
    let wanted = request(&[]);
    let pages = (0..12).map(|_| remote.page(&wanted));
    for page in futures::future::join_all(pages).await {
        page.unwrap();
    }
    let heard = stub.heard();
    let sessions: std::collections::BTreeSet<String> =
        heard.iter().map(|h| param(h, "sessionName")).filter(|s| !s.is_empty()).collect();
    assert!(sessions.len() <= 3, "{sessions:?}");
    let challenges = heard.iter().filter(|h| param(h, "operation") == "getchallenge").count();
    assert_eq!(challenges, 1, "one challenge serves all logins");
}

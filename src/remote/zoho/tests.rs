//! A Zoho that says what a test wants, byte for byte.

use super::super::http::stub::{Heard, Say, Stub};
use super::super::{
    ConnectOptions, Credentials, ErrorKind, PageAt, PageRequest, Remote, Scope, Since, TokenStore,
    Write,
};
use super::{Consent, connect};
use crate::model::{Fields, Stamp, UserError};
use futures::future::{BoxFuture, FutureExt};
use secrecy::{ExposeSecret, SecretString};
use std::any::Any;
use std::sync::{Arc, Mutex};

const FIELDS: &str = r#"{"fields":[{"api_name":"Email","data_type":"email"},{"api_name":"Last_Name","data_type":"text"},{"api_name":"Modified_Time","data_type":"datetime","read_only":true}]}"#;
const MODULES: &str =
    r#"{"modules":[{"api_name":"Contacts","creatable":true,"editable":true,"deletable":true}]}"#;
const ORG: &str = r#"{"org":[{"zgid":"7700","company_name":"Zylker","iso_code":"EUR"}]}"#;

fn credentials(port: u16) -> Credentials<'static> {
    let home = format!("http://127.0.0.1:{port}");
    [
        ("client_id", "1000.A".to_owned()),
        ("client_secret", "topsecret".to_owned()),
        ("token_url", format!("{home}/oauth/v2/token")),
        ("auth_url", format!("{home}/oauth/v2/auth")),
        ("api_url", home),
        ("refresh_token", "1000.refresh".to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name, SecretString::from(value)))
    .collect()
}

fn zoho(stub: &Stub) -> Arc<dyn Remote> {
    connect(&credentials(stub.port), &ConnectOptions::default()).unwrap()
}

fn token(n: usize) -> Say {
    Say::json(format!(r#"{{"access_token":"1000.t{n}","expires_in":3600,"token_type":"Bearer"}}"#))
}

/// What is the same in every test: the description of Contacts.
fn usual(heard: &Heard) -> Option<Say> {
    let path = heard.target.split('?').next().unwrap_or("");
    match path {
        "/crm/v8/settings/fields" => Some(Say::json(FIELDS)),
        "/crm/v8/settings/modules" => Some(Say::json(MODULES)),
        "/crm/v8/org" => Some(Say::json(ORG)),
        _ => None,
    }
}

fn is_token(heard: &Heard) -> bool {
    heard.target.starts_with("/oauth/v2/token")
}

fn request() -> PageRequest {
    PageRequest {
        entity: "Contacts".into(),
        fields: ["Email".to_owned()].into(),
        scope: Scope::Narrow,
        at: PageAt::First,
    }
}

fn error(status: &str, code: &str) -> Say {
    let body = format!(r#"{{"code":"{code}","details":{{}},"message":"m","status":"error"}}"#);
    Say::http(status, "Content-Type: application/json\r\n", body)
}

fn no_content() -> Say {
    Say::http("204 No Content", "", "")
}

/// Tokens kept in memory, for several connections.
#[derive(Default)]
struct Shared {
    kept: Mutex<Option<(String, String)>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl TokenStore for Shared {
    fn load<'a>(
        &'a self,
        origin: &'a str,
    ) -> BoxFuture<'a, Result<Option<SecretString>, UserError>> {
        let kept = self.kept.lock().unwrap().clone();
        async move { Ok(kept.filter(|(o, _)| o == origin).map(|(_, t)| t.into())) }.boxed()
    }

    fn save<'a>(
        &'a self,
        origin: &'a str,
        tokens: &'a SecretString,
    ) -> BoxFuture<'a, Result<(), UserError>> {
        *self.kept.lock().unwrap() = Some((origin.to_owned(), tokens.expose_secret().to_owned()));
        async { Ok(()) }.boxed()
    }

    fn turn(&self) -> BoxFuture<'_, Result<Box<dyn Any + Send>, UserError>> {
        let turn = self.turn.clone();
        async move { Ok(Box::new(turn.lock_owned().await) as Box<dyn Any + Send>) }.boxed()
    }

    fn remark(&self) -> Option<String> {
        None
    }

    fn leave_remark<'a>(&'a self, _remark: &'a str) -> BoxFuture<'a, ()> {
        async {}.boxed()
    }
}

#[tokio::test]
async fn one_token_does_for_all_callers_and_all_processes() {
    let stub = Stub::new(|n, heard| match usual(heard) {
        Some(say) => say,
        None if is_token(heard) => token(n),
        None => no_content(),
    })
    .await;
    let shared: Arc<Shared> = Arc::default();
    let options = || ConnectOptions { tokens: Some(shared.clone()), ..ConnectOptions::default() };
    let two = [0, 1].map(|_| connect(&credentials(stub.port), &options()).unwrap());
    let wanted = request();
    let calls = (0..12).map(|n| two[n % 2].page(&wanted));
    for page in futures::future::join_all(calls).await {
        assert!(page.unwrap().records.is_empty());
    }
    let heard = stub.heard();
    assert_eq!(heard.iter().filter(|h| is_token(h)).count(), 1);
    let api = heard.iter().filter(|h| !is_token(h));
    assert!(api.clone().all(|h| h.head.to_lowercase().contains("zoho-oauthtoken 1000.t")));
    assert!(api.clone().all(|h| !h.target.contains("1000.t") && !h.body.contains("topsecret")));
}

#[tokio::test]
async fn a_token_that_ended_is_renewed_once_and_the_request_repeated() {
    let stub = Stub::new(|n, heard| {
        if let Some(say) = usual(heard) {
            say
        } else if is_token(heard) {
            token(n)
        } else if heard.head.contains("1000.t0") {
            error("401 Unauthorized", "INVALID_TOKEN")
        } else {
            no_content()
        }
    })
    .await;
    let remote = zoho(&stub);
    let calls = (0..4).map(|_| async { remote.page(&request()).await.map(drop) });
    for done in futures::future::join_all(calls).await {
        done.unwrap();
    }
    assert_eq!(stub.heard().iter().filter(|h| is_token(h)).count(), 2);
}

#[tokio::test]
async fn a_token_that_is_never_accepted_is_a_login_and_asked_for_twice_only() {
    let stub = Stub::new(|n, heard| match is_token(heard) {
        true => token(n),
        false => error("401 Unauthorized", "AUTHENTICATION_FAILURE"),
    })
    .await;
    let failed = zoho(&stub).page(&request()).await.unwrap_err();
    assert_eq!(failed.kind, ErrorKind::Login, "{failed}");
    assert_eq!(stub.heard().iter().filter(|h| is_token(h)).count(), 2);
}

#[tokio::test]
async fn a_throttle_is_no_reason_to_log_in_again_and_is_waited_out() {
    let throttle = r#"{"error":"Access Denied","error_description":"You have made too many requests continuously. Please try again after some time.","status":"failure"}"#;
    for status in ["200 OK", "400 Bad Request"] {
        let stub = Stub::new(move |_, _| Say::http(status, "", throttle)).await;
        let remote = zoho(&stub);
        for _ in 0..3 {
            let failed = remote.page(&request()).await.unwrap_err();
            assert!(matches!(failed.kind, ErrorKind::RateLimited { wait: Some(_) }), "{failed}");
            assert!(failed.whole && !failed.error.next.contains("authorize"), "{failed}");
        }
        assert_eq!(stub.heard().len(), 1, "the accounts server is left alone");
    }
}

#[tokio::test]
async fn a_revoked_consent_is_told_whatever_the_status() {
    for status in ["200 OK", "400 Bad Request"] {
        let stub =
            Stub::new(move |_, _| Say::http(status, "", r#"{"error":"invalid_code"}"#)).await;
        let report = zoho(&stub).check("zoho").await;
        assert!(!report.ok);
        let told = report.problems[0].one_line();
        assert!(told.contains("does not accept the stored consent any more"), "{told}");
        assert!(told.contains("connector authorize") && told.contains("data centre us"), "{told}");
        assert!(!told.contains("topsecret") && !told.contains("1000.refresh"), "{told}");
    }
}

#[tokio::test]
async fn a_token_is_not_sent_to_a_host_that_an_answer_names() {
    let stub = Stub::new(|_, _| {
        Say::json(
            r#"{"access_token":"1000.t","api_domain":"https://www.zohoapis.eu","expires_in":3600}"#,
        )
    })
    .await;
    let failed = zoho(&stub).page(&request()).await.unwrap_err();
    assert!(failed.error.what.contains("www.zohoapis.eu"), "{failed}");
    assert_eq!(stub.heard().len(), 1);
}

#[tokio::test]
async fn a_grant_code_is_exchanged_once_and_its_lasting_token_used_from_then_on() {
    let stub = Stub::new(|_, heard| {
        if heard.body.contains("grant_type=authorization%5Fcode") {
            Say::json(r#"{"access_token":"1000.a","refresh_token":"1000.lasting","expires_in":60}"#)
        } else if heard.body.contains("refresh%5Ftoken=1000%2Elasting")
            || heard.body.contains("1000%2Elasting")
        {
            Say::json(r#"{"access_token":"1000.b","expires_in":3600}"#)
        } else if is_token(heard) {
            Say::json(r#"{"error":"invalid_code"}"#)
        } else {
            usual(heard).unwrap_or_else(no_content)
        }
    })
    .await;
    let shared: Arc<Shared> = Arc::default();
    let mut form = credentials(stub.port);
    form.remove("refresh_token");
    form.insert("grant_code", "1000.code".into());
    let options = ConnectOptions { tokens: Some(shared.clone()), ..ConnectOptions::default() };
    // The first token ends at once, so the second connection needs another one.
    let first = connect(&form, &options).unwrap().page(&request()).await;
    assert!(first.is_err(), "a token of a minute is none");
    connect(&form, &options).unwrap().page(&request()).await.unwrap();
    let kept = shared.kept.lock().unwrap().clone().unwrap().1;
    assert!(kept.contains("1000.lasting") && kept.contains("1000.b"), "{kept}");
    let codes = stub.heard().iter().filter(|h| h.body.contains("1000%2Ecode")).count();
    assert_eq!(codes, 1);
}

#[tokio::test(start_paused = true)]
async fn a_device_is_polled_patiently() {
    let stub = Stub::new(|n, heard| {
        if heard.target.ends_with("/device/code") {
            return Say::json(
                r#"{"user_code":"AB12","device_code":"1004.dev","verification_url":"https://x/device","interval":30000,"expires_in":300000}"#,
            );
        }
        match n {
            1 => Say::json(r#"{"error":"authorization_pending"}"#),
            2 => Say::json(r#"{"error":"slow_down"}"#),
            _ => Say::json(r#"{"access_token":"1000.a","refresh_token":"1000.r","expires_in":3600}"#),
        }
    })
    .await;
    let shared: Arc<Shared> = Arc::default();
    let options = ConnectOptions { tokens: Some(shared.clone()), ..ConnectOptions::default() };
    let consent = Consent::new(&credentials(stub.port), &options).unwrap();
    let device = consent.device().await.unwrap();
    assert_eq!((device.user_code(), device.lasts().as_secs()), ("AB12", 300));
    let begun = tokio::time::Instant::now();
    consent.wait_for(&device).await.unwrap();
    assert!(begun.elapsed().as_secs() >= 65, "{:?}", begun.elapsed());
    assert!(shared.kept.lock().unwrap().clone().unwrap().1.contains("1000.r"));
}

#[tokio::test]
async fn results_are_told_apart_in_all_shapes_and_nothing_is_sent_twice() {
    let stub = Stub::new(|n, heard| {
        if let Some(say) = usual(heard) {
            return say;
        }
        if is_token(heard) {
            return token(n);
        }
        match (heard.method.as_str(), heard.body.contains("\"whole\"")) {
            ("POST", true) => error("403 Forbidden", "NO_PERMISSION"),
            ("POST", false) => Say::http(
                "207 Multi-Status",
                "",
                r#"{"data":[
                    {"code":"SUCCESS","details":{"id":"11","Modified_Time":"2026-11-21T12:00:00+05:30"},"status":"success"},
                    {"code":"DUPLICATE_DATA","details":{"api_name":"Email","id":"7"},"message":"duplicate data","status":"error"},
                    {"code":"MANDATORY_NOT_FOUND","details":{"api_name":"Last_Name","json_path":"$.data[2].Last_Name"},"message":"required field not found","status":"error"}]}"#,
            ),
            ("PUT", _) => Say::http("502 Bad Gateway", "", "<html>"),
            _ => no_content(),
        }
    })
    .await;
    let remote = zoho(&stub);
    let create = |name: &str| Write::Create { fields: [("Last_Name", name)].into_iter().collect() };
    let results = remote.write("Contacts", &[create("a"), create("b"), create("c")], &[]).await;
    let made = results[0].as_ref().unwrap();
    assert_eq!(made.id, "11");
    assert_eq!(made.record.as_ref().unwrap().modified, Stamp::parse("2026-11-21T06:30:00Z"));
    assert_eq!(results[1].as_ref().unwrap_err().kind, ErrorKind::Exists { id: Some("7".into()) });
    assert_eq!(results[2].as_ref().unwrap_err().field.as_deref(), Some("Last_Name"));
    let refused = remote.write("Contacts", &[create("whole"), create("x")], &[]).await;
    assert!(refused.iter().all(|r| r.as_ref().unwrap_err().kind == ErrorKind::Permission));
    let fields: Fields = [("Last_Name", "x")].into_iter().collect();
    let since = Stamp::parse("2026-11-21T12:00:00Z");
    let update = Write::Update { id: "11".into(), fields, unmodified_since: since };
    let lost = remote.write("Contacts", &[update], &[]).await;
    assert_eq!(lost[0].as_ref().unwrap_err().kind, ErrorKind::Unknown);
    let puts: Vec<Heard> = stub.heard().into_iter().filter(|h| h.method == "PUT").collect();
    assert_eq!(puts.len(), 1, "an unknown outcome is not repeated");
    assert!(puts[0].head.to_lowercase().contains("if-unmodified-since: 2026-11-21t12:00:00+00:00"));
}

#[tokio::test]
async fn a_record_that_changed_meanwhile_spoils_no_other() {
    let stub = Stub::new(|n, heard| {
        if let Some(say) = usual(heard) {
            return say;
        }
        if is_token(heard) {
            return token(n);
        }
        let both = heard.body.contains("\"11\"") && heard.body.contains("\"12\"");
        match heard.method.as_str() {
            "PUT" if both || heard.body.contains("\"12\"") => {
                error("412 Precondition Failed", "ALREADY_MODIFIED")
            }
            "PUT" => Say::json(
                r#"{"data":[{"code":"SUCCESS","details":{"id":"11"},"status":"success"}]}"#,
            ),
            _ => no_content(),
        }
    })
    .await;
    let since = Stamp::parse("2026-11-21T12:00:00Z");
    let update = |id: &str| Write::Update {
        id: id.into(),
        fields: [("Last_Name", "x")].into_iter().collect(),
        unmodified_since: since,
    };
    let results = zoho(&stub).write("Contacts", &[update("11"), update("12")], &[]).await;
    assert!(results[0].is_ok());
    assert_eq!(results[1].as_ref().unwrap_err().kind, ErrorKind::Precondition);
}

#[tokio::test]
async fn without_the_query_language_lists_do() {
    let stub = Stub::new(|n, heard| {
        if let Some(say) = usual(heard) {
            return say;
        }
        if is_token(heard) {
            return token(n);
        }
        if heard.target.contains("/coql") {
            return error("401 Unauthorized", "OAUTH_SCOPE_MISMATCH");
        }
        if heard.target.contains("page_token=") {
            return Say::json(r#"{"data":[{"id":"12","Modified_Time":"2026-11-21T12:00:01Z"}],"info":{"next_page_token":null}}"#);
        }
        Say::json(r#"{"data":[{"id":"11","Modified_Time":"2026-11-21T12:00:00Z"}],"info":{"next_page_token":"t2"}}"#)
    })
    .await;
    let remote = zoho(&stub);
    let mut wanted = request();
    wanted.scope = Scope::Narrow;
    let first = remote.page(&wanted).await.unwrap();
    let super::super::Next::After(token) = first.next else { panic!("{first:?}") };
    wanted.at = PageAt::After(token);
    let second = remote.page(&wanted).await.unwrap();
    assert_eq!((first.records[0].id.as_str(), second.records[0].id.as_str()), ("11", "12"));
    wanted.at = PageAt::First;
    wanted.scope = Scope::Changed(Since::Mark("2026-11-21T12:01:31+00:00".into()));
    remote.page(&wanted).await.unwrap();
    let last =
        stub.heard().into_iter().rfind(|h| h.head.to_lowercase().contains("if-modified-since"));
    assert!(last.unwrap().head.to_lowercase().contains("2026-11-21t12:00:00+00:00"));
    assert_eq!(stub.heard().iter().filter(|h| h.target.contains("/coql")).count(), 1);
}

#[tokio::test]
async fn many_fields_are_read_in_several_calls() {
    let names: Vec<String> = (0..60).map(|n| format!("F{n}")).collect();
    let described: Vec<String> =
        names.iter().map(|n| format!(r#"{{"api_name":"{n}","data_type":"text"}}"#)).collect();
    let fields = format!(r#"{{"fields":[{}]}}"#, described.join(","));
    let stub = Stub::new(move |n, heard| {
        if heard.target.contains("settings/fields") {
            return Say::json(&fields);
        }
        if let Some(say) = usual(heard) {
            return say;
        }
        if is_token(heard) {
            return token(n);
        }
        let asked = heard
            .target
            .split("fields=")
            .nth(1)
            .unwrap_or("")
            .split('&')
            .next()
            .unwrap_or("")
            .to_owned();
        let members: Vec<String> = asked
            .split(',')
            .filter(|f| f.starts_with('F'))
            .map(|f| format!(r#""{f}":"v{f}""#))
            .collect();
        let members = members.join(",");
        // Another one is deleted between the two calls.
        let other = match asked.split(',').any(|field| field == "F0") {
            true => format!(r#",{{"id":"12",{members}}}"#),
            false => String::new(),
        };
        Say::json(format!(r#"{{"data":[{{"id":"11",{members}}}{other}]}}"#))
    })
    .await;
    let ids = ["11", "12"].map(str::to_owned);
    let found = zoho(&stub).fetch("Contacts", &ids, &names).await.unwrap();
    assert_eq!(found.len(), 1, "half of its fields are not empty, but unknown");
    assert_eq!(found[0].fields.len(), 60);
    let lists: Vec<usize> = stub
        .heard()
        .iter()
        .filter(|h| h.target.contains("ids=11"))
        .map(|h| {
            h.target.split("fields=").nth(1).unwrap().split('&').next().unwrap().split(',').count()
        })
        .collect();
    assert!(lists.len() == 2 && lists.iter().all(|n| *n <= 50), "{lists:?}");
}

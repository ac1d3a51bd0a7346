//! Authentication: keys, logins, tokens.

use super::*;

#[tokio::test]
async fn requests_carry_what_authorises_them() {
    for (auth, want) in [
        ("kind = \"none\"", ""),
        (
            "kind = \"basic\"\nusername = \"{{config.user}}\"\npassword = \"{{config.secret}}\"",
            "authorization: Basic YW5uYTpzJmNyZXQtNjU0MzIx",
        ),
        (
            "kind = \"header\"\nname = \"X-Api-Key\"\nvalue = \"{{config.key}}\"",
            "x-api-key: k-123456",
        ),
        ("kind = \"bearer\"\ntoken = \"{{config.key}}\"", "authorization: Bearer k-123456"),
        (
            "kind = \"query\"\nname = \"api_key\"\nvalue = \"{{config.secret}}\"",
            "?api_key=s%26cret-654321",
        ),
    ] {
        let stub = Stub::new(|_, _| Say::json("[]")).await;
        let remote = service(&stub, &format!("[api.auth]\n{auth}"), "");
        first(&*remote).await.unwrap();
        let heard = &stub.heard()[0];
        assert!(heard.target.starts_with("/api/things"), "{}", heard.target);
        if want.is_empty() {
            assert!(header(heard, "authorization").is_none());
        } else {
            assert!(heard.head.contains(want), "{want}: {}", heard.head);
        }
    }
}

#[tokio::test]
async fn no_secret_is_shown() {
    let stub =
        Stub::new(|_, _| refused("400 Bad Request", "{\"error\":\"bad s&cret-654321\"}")).await;
    let heard: Arc<Mutex<Vec<Exchange>>> = Arc::default();
    let log = heard.clone();
    let options = ConnectOptions {
        tap: Some(Arc::new(move |exchange| log.lock().unwrap().push(exchange))),
        ..quick()
    };
    let api = "error_text = [\"error\"]\n[api.auth]\nkind = \"query\"\nname = \"api_key\"\n\
               value = \"{{config.secret}}\"";
    let remote = service_with(&stub, api, "", &options);
    let error = first(&*remote).await.unwrap_err();
    let all = format!("{error:?} {:?}", heard.lock().unwrap());
    assert!(!all.contains("cret-654321"), "{all}");
    assert!(all.contains("refused to list things") && all.contains("bad •••"), "{all}");
}

/// A login of the service's own kind, as iRujul's.
const LOGIN: &str = "
error_text = [\"error.message\"]
[api.ok]
path = \"status\"
values = [\"200\", \"201\"]
absent = \"error\"
[api.auth]
kind = \"login\"
token = \"Data.access_token\"
expires = \"Data.expires_in\"
[api.auth.request]
path = \"login\"
method = \"POST\"
body = { client_id = \"{{config.user}}\", client_secret = \"{{config.secret}}\" }
";

#[tokio::test]
async fn a_login_gives_a_token_which_is_renewed_once_when_it_is_refused() {
    let stub = Stub::new(|n, heard| match heard.target.as_str() {
        "/api/login" => Say::json(format!(
            "{{\"status\":200,\"Data\":{{\"access_token\":\"token-{n}\",\"expires_in\":\"3600\"}}}}"
        )),
        // The first token is over after one listing.
        _ if n == 2 => refused("401 Unauthorized", "{\"error\":{\"message\":\"Expired\"}}"),
        _ => Say::json("{\"status\":200,\"Data\":[{\"id\":1}]}"),
    })
    .await;
    let remote = service(&stub, LOGIN, "records = \"Data\"");
    for _ in 0..2 {
        assert_eq!(first(&*remote).await.unwrap().records.len(), 1);
    }
    let heard = stub.heard();
    let body: serde_json::Value = serde_json::from_str(&heard[0].body).unwrap();
    assert_eq!(body, serde_json::json!({"client_id": "anna", "client_secret": "s&cret-654321"}));
    let tokens: Vec<_> = heard.iter().map(|h| header(h, "authorization")).collect();
    let [old, new] = [Some("Bearer token-0"), Some("Bearer token-3")];
    assert_eq!(tokens, [None, old, old, None, new]);
}

#[tokio::test]
async fn a_refused_login_says_what_to_check() {
    let stub = Stub::new(|_, _| Say::json("{\"error\":{\"message\":\"Invalid client.\"}}")).await;
    let remote = service(&stub, LOGIN, "");
    let error = first(&*remote).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Login);
    assert_eq!(
        error.error.one_line(),
        "Warehouse refused to log in. It answered (HTTP 200): Invalid client. Check the \
         credentials in the connection's settings."
    );
    let stub = Stub::new(|_, _| Say::json("{\"status\":200,\"Data\":{}}")).await;
    let error = first(&*service(&stub, LOGIN, "")).await.unwrap_err();
    assert!(error.error.why.contains("\"Data.access_token\""), "{error}");
    // A token that is refused again and again ends with the second login.
    let stub = Stub::new(|_, heard| match heard.target.as_str() {
        "/api/login" => Say::json("{\"status\":200,\"Data\":{\"access_token\":\"same-token\"}}"),
        _ => refused("401 Unauthorized", "{\"error\":{\"message\":\"No\"}}"),
    })
    .await;
    let error = first(&*service(&stub, LOGIN, "")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Login, "{error}");
    assert_eq!(stub.heard().len(), 4);
}

fn oauth(more: &str) -> String {
    format!(
        "[api.auth]\nkind = \"oauth2\"\ntoken_url = \"oauth/token\"\n\
         client_id = \"{{{{config.user}}}}\"\nclient_secret = \"{{{{config.secret}}}}\"\n{more}"
    )
}

#[tokio::test]
async fn oauth2_tokens_are_got_by_client_credentials() {
    for (more, form, head) in [
        (
            "scope = \"read all\"",
            "client_id=anna&client_secret=s%26cret-654321&grant_type=client_credentials&scope=read+all",
            None,
        ),
        (
            "credentials = \"basic\"\nextra = { audience = \"x\" }",
            "audience=x&grant_type=client_credentials",
            Some("Basic YW5uYTpzJmNyZXQtNjU0MzIx"),
        ),
    ] {
        let stub = Stub::new(|_, heard| match heard.target.as_str() {
            "/api/oauth/token" => Say::json("{\"access_token\":\"at-12345\",\"expires_in\":3600}"),
            _ => Say::json(things(1..3)),
        })
        .await;
        let remote = service(&stub, &oauth(more), "");
        assert_eq!(first(&*remote).await.unwrap().records.len(), 2);
        let heard = stub.heard();
        assert_eq!(heard[0].body, form);
        assert_eq!(header(&heard[0], "authorization"), head);
        assert_eq!(header(&heard[0], "content-type"), Some("application/x-www-form-urlencoded"));
        assert_eq!(header(&heard[1], "authorization"), Some("Bearer at-12345"));
    }
}

/// A place for tokens in memory.
#[derive(Default)]
struct Keeper(Mutex<Option<(String, String)>>);

impl TokenStore for Keeper {
    fn load<'a>(
        &'a self,
        origin: &'a str,
    ) -> BoxFuture<'a, Result<Option<SecretString>, UserError>> {
        let kept = self.0.lock().unwrap().clone();
        async move { Ok(kept.filter(|(o, _)| o == origin).map(|(_, t)| t.into())) }.boxed()
    }
    fn save<'a>(
        &'a self,
        origin: &'a str,
        tokens: &'a SecretString,
    ) -> BoxFuture<'a, Result<(), UserError>> {
        *self.0.lock().unwrap() = Some((origin.to_owned(), tokens.expose_secret().to_owned()));
        async { Ok(()) }.boxed()
    }
    fn turn(&self) -> BoxFuture<'_, Result<Box<dyn Any + Send>, UserError>> {
        async { Ok(Box::new(()) as Box<dyn Any + Send>) }.boxed()
    }
    fn remark(&self) -> Option<String> {
        None
    }
    fn leave_remark<'a>(&'a self, _: &'a str) -> BoxFuture<'a, ()> {
        async {}.boxed()
    }
}

#[tokio::test]
async fn a_refresh_token_that_is_given_out_anew_is_kept_and_used() {
    // Each refresh token is good once; the first one was entered by hand.
    let last = Arc::new(Mutex::new("k-123456".to_owned()));
    let server = last.clone();
    let stub = Stub::new(move |n, heard| {
        if heard.target != "/api/oauth/token" {
            return Say::json("[]");
        }
        let mut last = server.lock().unwrap();
        if !heard.body.contains(&format!("refresh_token={last}")) {
            return refused("400 Bad Request", "{\"error\":\"invalid_grant\"}");
        }
        *last = format!("rt-{n}-xyz");
        // It is over at once, so that each request asks for a new one.
        Say::json(format!(
            "{{\"access_token\":\"at-{n}-xyz\",\"refresh_token\":\"{last}\",\"expires_in\":61}}"
        ))
    })
    .await;
    let keeper: Arc<Keeper> = Arc::default();
    let options = ConnectOptions { tokens: Some(keeper.clone()), ..quick() };
    let api = oauth("grant = \"refresh-token\"\nrefresh_token = \"{{config.key}}\"");
    let remote = service_with(&stub, &api, "", &options);
    first(&*remote).await.unwrap();
    // Another process, later: the token is over, and the one entered by hand is used up.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let again = service_with(&stub, &api, "", &options);
    first(&*again).await.unwrap();
    let asked = stub.heard().iter().filter(|h| h.target.ends_with("token")).count();
    assert_eq!(asked, 2);
    assert!(keeper.0.lock().unwrap().as_ref().unwrap().1.contains(&*last.lock().unwrap()));
}

#[tokio::test]
async fn tokens_go_to_no_other_host() {
    let stub = Stub::new(|_, _| {
        Say::http(
            "200 OK",
            "Link: <https://evil.example.com/things?page=2>; rel=\"next\"\r\n",
            things(1..3),
        )
    })
    .await;
    let remote = service(&stub, "[api.paginate]\nkind = \"link\"", "");
    let error = list(&*remote, Scope::All).await.unwrap_err();
    assert!(error.error.what.contains("another host: evil.example.com"), "{error}");
    assert_eq!(stub.heard().len(), 1);
}

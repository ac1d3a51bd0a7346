//! A service that says what a test wants, byte for byte, and manifests that describe it.

use super::super::http::stub::{Heard, Say, Stub};
use super::super::{
    ChangeFeed, ConnectOptions, ErrorKind, Exchange, Next, Page, PageAt, PageRequest, Remote,
    RemoteError, Scope, Since, TokenStore,
};
use super::connect;
use crate::model::manifest::{Api, Manifest, Stream};
use crate::model::{Module, Stamp, UserError, Value};
use futures::future::{BoxFuture, FutureExt};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// A listing without anything special; tests add to it.
const PLAIN: &str = "
[stream.request]
path = \"things\"
";

#[derive(Deserialize)]
struct Described {
    api: Api,
    stream: Stream,
}

fn manifest(text: &str) -> Manifest {
    let described: Described = toml::from_str(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    Manifest {
        label: "Warehouse".into(),
        api: described.api,
        streams: BTreeMap::from([("things".to_owned(), described.stream)]),
        modules: BTreeMap::from([(Module::Products, "things".to_owned())]),
        secrets: ["key", "secret"].iter().map(|s| (*s).to_owned()).collect(),
    }
}

fn config(stub: &Stub) -> BTreeMap<String, SecretString> {
    [
        ("base_url", format!("127.0.0.1:{}/api", stub.port)),
        ("user", "anna".to_owned()),
        ("key", "k-123456".to_owned()),
        ("secret", "s&cret-654321".to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.into()))
    .collect()
}

fn quick() -> ConnectOptions {
    ConnectOptions { requests_per_second: Some(1000), ..ConnectOptions::default() }
}

/// `api` is what stands in `[api]`, `stream` what stands in `[stream]`.
fn service(stub: &Stub, api: &str, stream: &str) -> Arc<dyn Remote> {
    service_with(stub, api, stream, &quick())
}

fn service_with(stub: &Stub, api: &str, stream: &str, options: &ConnectOptions) -> Arc<dyn Remote> {
    let request = if stream.contains("[stream.request]") { "" } else { PLAIN };
    let text = format!("[api]\n{api}\n[stream]\nid = [\"id\"]\n{stream}\n{request}");
    connect(manifest(&text), config(stub), options).unwrap()
}

fn request(scope: Scope, at: PageAt) -> PageRequest {
    let fields = ["name".to_owned(), "n".to_owned()].into();
    PageRequest { entity: "things".into(), fields, scope, at }
}

async fn first(remote: &dyn Remote) -> Result<Page, RemoteError> {
    remote.page(&request(Scope::All, PageAt::First)).await
}

/// A whole listing; an error ends it.
async fn list(remote: &dyn Remote, scope: Scope) -> Result<Vec<Page>, RemoteError> {
    let mut pages = vec![remote.page(&request(scope.clone(), PageAt::First)).await?];
    while let Next::After(token) = &pages[pages.len() - 1].next {
        let at = PageAt::After(token.clone());
        pages.push(remote.page(&request(scope.clone(), at)).await?);
        assert!(pages.len() < 1000, "the listing does not end");
    }
    Ok(pages)
}

fn ids(pages: &[Page]) -> Vec<&str> {
    pages.iter().flat_map(|p| &p.records).map(|r| r.id.as_str()).collect()
}

/// The things with these numbers, as a JSON list.
fn things(numbers: std::ops::Range<u64>) -> String {
    let all: Vec<String> =
        numbers.map(|n| format!("{{\"id\":{n},\"name\":\"Thing {n}\"}}")).collect();
    format!("[{}]", all.join(","))
}

fn parameter(heard: &Heard, name: &str) -> Option<String> {
    let url = reqwest::Url::parse(&format!("http://x{}", heard.target)).unwrap();
    url.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned())
}

fn number(heard: &Heard, name: &str) -> u64 {
    parameter(heard, name).unwrap().parse().unwrap()
}

fn header<'h>(heard: &'h Heard, name: &str) -> Option<&'h str> {
    heard.head.lines().find_map(|line| {
        let (n, value) = line.split_once(':')?;
        n.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn refused(status: &str, body: &str) -> Say {
    Say::http(status, "Content-Type: application/json\r\n", body)
}

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

#[tokio::test]
async fn bodies_and_queries_are_filled() {
    let stub = Stub::new(|_, heard| match number(heard, "page") {
        0 => Say::json("{\"rows\":{\"a\":{\"id\":1},\"b\":{\"id\":2}}}"),
        _ => Say::json("{\"rows\":{}}"),
    })
    .await;
    let stream = "
records = \"rows.*\"
partitions = [\"north\", \"so/uth\"]
[stream.request]
path = \"list/{{partition}}\"
method = \"post\"
query = { v = \"2\", page = \"{{page}}\" }
body = { module = \"x\", size = \"{{size}}\", deep = { list = [\"{{config.user}}\"] }, none = \"{{config.nothing}}\" }
[stream.paginate]
kind = \"page\"
first = 0
size = 2
";
    let remote = service(&stub, "headers = { X-Client = \"SyncDeck\" }", stream);
    let pages = list(&*remote, Scope::All).await.unwrap();
    assert_eq!(ids(&pages), ["1", "2", "1", "2"]);
    let targets: Vec<String> = stub.heard().into_iter().map(|h| h.target).collect();
    let want = ["north?page=0", "north?page=1", "so%2Futh?page=0", "so%2Futh?page=1"];
    assert_eq!(targets, want.map(|t| format!("/api/list/{t}&v=2")));
    let heard = &stub.heard()[0];
    let body: serde_json::Value = serde_json::from_str(&heard.body).unwrap();
    let want = serde_json::json!({"module": "x", "size": 2, "deep": {"list": ["anna"]}});
    assert_eq!((heard.method.as_str(), body), ("POST", want));
    assert_eq!(header(heard, "x-client"), Some("SyncDeck"));
}

/// A stream whose request has these parameters, with this pagination.
fn paged(query: &str, paginate: &str) -> String {
    format!(
        "records = \"data\"\n[stream.request]\npath = \"things\"\nquery = {{ {query} }}\n\
         [stream.paginate]\n{paginate}"
    )
}

#[tokio::test]
async fn every_kind_of_pagination_reads_all_and_stops() {
    // Twelve things in pages of five, whatever was asked for.
    let stub = Stub::new(|_, heard| {
        let at = match heard.target.contains("offset=") {
            true => number(heard, "offset"),
            false => match parameter(heard, "token") {
                Some(token) => token.trim_start_matches('t').parse().unwrap(),
                None => (parameter(heard, "page").map_or(1, |p| p.parse().unwrap()) - 1) * 5,
            },
        };
        let (from, to) = (at.min(12), (at + 5).min(12));
        let next = if to < 12 { format!("\"t{to}\"") } else { "null".to_owned() };
        let address = if to < 12 { format!("\"/api/things?token=t{to}\"") } else { "\"\"".into() };
        let link = match to < 12 {
            true => format!("Link: <?token=t{to}>; rel=\"next\", </x>; rel=\"last\"\r\n"),
            false => String::new(),
        };
        let data = things(from..to);
        let more = to < 12;
        let body = format!(
            "{{\"data\":{data},\"pages\":\"3\",\"total\":12,\"more\":{more},\"next\":{next},\
             \"links\":{{\"next\":{address}}}}}"
        );
        Say::http("200 OK", &link, body)
    })
    .await;
    let page = "page = \"{{page}}\", n = \"{{size}}\"";
    let offset = "offset = \"{{offset}}\", n = \"{{size}}\"";
    for (query, paginate, requests) in [
        (page, "kind = \"page\"\nsize = 5\nstop = \"short\"", 3),
        (page, "kind = \"page\"\nsize = 5", 4),
        // It was asked for more than it gives in a page, and nothing is missed.
        (page, "kind = \"page\"\nsize = 100", 4),
        (page, "kind = \"page\"\npages = \"pages\"", 3),
        (page, "kind = \"page\"\ntotal = \"total\"", 3),
        (page, "kind = \"page\"\nmore = \"more\"", 3),
        (offset, "kind = \"offset\"\nsize = 5\nstop = \"short\"", 3),
        (offset, "kind = \"offset\"\nsize = 100", 4),
        (offset, "kind = \"offset\"\ntotal = \"total\"", 3),
        ("token = \"{{token}}\"", "kind = \"token\"\npath = \"next\"", 3),
        ("page = \"1\"", "kind = \"link\"\npath = \"links.next\"", 3),
        ("page = \"1\"", "kind = \"link\"", 3),
    ] {
        let before = stub.heard().len();
        let remote = service(&stub, "", &paged(query, paginate));
        let pages = list(&*remote, Scope::All).await.unwrap();
        let want: Vec<String> = (0..12).map(|n| n.to_string()).collect();
        assert_eq!(ids(&pages), want, "{paginate}");
        assert_eq!(stub.heard().len() - before, requests, "{paginate}");
    }
    // Without pagination one answer is taken for all.
    let remote = service(&stub, "", &paged("page = \"1\"", "kind = \"none\""));
    assert_eq!(ids(&list(&*remote, Scope::All).await.unwrap()).len(), 5);
}

#[tokio::test]
async fn a_listing_that_does_not_end_says_so_and_what_to_mend() {
    // It knows no page: every answer is the first one; or it goes round in a circle of three.
    for circle in [1, 3] {
        let stub = Stub::new(move |n, _| {
            let from = (n as u64 % circle) * 10;
            Say::json(format!(
                "{{\"data\":{},\"next\":\"x\",\"url\":\"/api/things\"}}",
                things(from..from + 10)
            ))
        })
        .await;
        for (query, paginate, words) in [
            (
                "p = \"{{page}}\"",
                "kind = \"page\"",
                "the parameter that takes {{page}} may have another name",
            ),
            ("o = \"{{offset}}\"", "kind = \"offset\"", "takes {{offset}}"),
            ("t = \"{{token}}\"", "kind = \"token\"\npath = \"next\"", "takes {{token}}"),
            ("a = \"1\"", "kind = \"link\"\npath = \"url\"", "the path of the next page's address"),
        ] {
            let before = stub.heard().len();
            let remote = service(&stub, "", &paged(query, paginate));
            let error = list(&*remote, Scope::All).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::NotTheApi);
            let what = "The listing of things does not end: Warehouse sends the same page again.";
            assert_eq!(error.error.what, what);
            assert!(error.error.next.contains(words), "{error}");
            assert!(stub.heard().len() - before < 10);
        }
    }
    // New ids for ever, up to the most that the manifest says there are.
    let stub = Stub::new(|n, _| Say::json(things(n as u64 * 10..n as u64 * 10 + 10))).await;
    let stream = "max_records = 35\n[stream.request]\npath = \"things\"\nquery = { p = \"{{page}}\" }\n\
                  [stream.paginate]\nkind = \"page\"";
    let error = list(&*service(&stub, "", stream), Scope::All).await.unwrap_err();
    assert!(error.error.why.contains("at most 35 records"), "{error}");
    assert_eq!(stub.heard().len(), 4);
}

#[tokio::test]
async fn windows_follow_each_other_and_changes_start_at_the_mark() {
    let stub = Stub::new(|_, heard| {
        let body: serde_json::Value = serde_json::from_str(&heard.body).unwrap();
        let (from, to) = (body["FromDate"].as_str().unwrap(), body["ToDate"].as_str().unwrap());
        // One thing on each first of a month, also where a window ends that day.
        let all = (1..=12).map(|month| (month, format!("2025-{month:02}-01")));
        let rows: Vec<String> = all
            .filter(|(_, day)| from <= day.as_str() && day.as_str() <= to)
            .map(|(n, day)| format!("{{\"id\":\"{n}\",\"day\":\"{day}\"}}"))
            .collect();
        Say::json(format!("[{}]", rows.join(",")))
    })
    .await;
    let stream = "
created = \"day\"
[stream.request]
path = \"things\"
method = \"POST\"
body = { FromDate = \"{{from}}\", ToDate = \"{{to}}\" }
[stream.cursor]
format = \"%Y-%m-%d\"
step_days = 31
lookback = 172800
start = \"2025-01-01\"
silent = true
";
    let api = "[api.values]\nzone = \"Asia/Kolkata\"";
    let remote = service(&stub, api, stream);
    let caps = remote.capabilities("things");
    assert_eq!(caps.changes, ChangeFeed::Filtered);
    assert!(caps.silent && !caps.trash);
    let pages = list(&*remote, Scope::All).await.unwrap();
    let want: Vec<String> = (1..=12).map(|n| n.to_string()).collect();
    assert_eq!(ids(&pages), want, "what lies on a border comes once");
    assert!(pages.iter().any(|p| p.records.is_empty()), "and empty windows do not end it");
    let body =
        |n: usize| -> serde_json::Value { serde_json::from_str(&stub.heard()[n].body).unwrap() };
    assert_eq!(body(0), serde_json::json!({"FromDate": "2025-01-01", "ToDate": "2025-02-01"}));
    assert_eq!(body(1)["FromDate"], "2025-02-01");
    let mark = pages[0].mark.clone().unwrap();
    assert!(pages[1].mark.is_none());
    let asked = stub.heard().len();
    let since = Scope::Changed(Since::Mark("2025-11-03T12:00:00Z".into()));
    assert_eq!(ids(&list(&*remote, since).await.unwrap()), ["11", "12"]);
    assert_eq!(body(asked)["FromDate"], "2025-11-01", "two days are read again");
    let asked = stub.heard().len();
    let instant = Stamp::parse("2025-06-15T20:00:00Z").unwrap();
    list(&*remote, Scope::Changed(Since::Instant(instant))).await.unwrap();
    assert_eq!(body(asked)["FromDate"], "2025-06-16", "the day in the service's zone");
    let back = Stamp::now().since(Stamp::parse(&mark).unwrap()).as_secs();
    assert!((299..400).contains(&back), "without the service's clock: {back}");
}

#[tokio::test]
async fn deletions_are_told_by_a_flag_or_a_list() {
    let stub = Stub::new(|_, heard| match heard.target.split('?').next().unwrap() {
        "/api/gone" => match number(heard, "page") {
            1 => Say::json("{\"ids\":[{\"ref\":7},{\"ref\":8}]}"),
            2 => Say::json("{\"ids\":[{\"ref\":9}]}"),
            _ => Say::json("{\"ids\":[]}"),
        },
        _ => {
            Say::json("[{\"id\":1,\"state\":\"Void\"},{\"id\":2,\"state\":\"open\"},{\"id\":null}]")
        }
    })
    .await;
    let flag = "[stream.deleted]\nkind = \"flag\"\npath = \"state\"\nvalues = [\"void\"]";
    let remote = service(&stub, "", flag);
    let page = first(&*remote).await.unwrap();
    let trashed: Vec<bool> = page.records.iter().map(|r| r.trashed).collect();
    assert_eq!(trashed, [true, false], "and what has no id is no record");
    assert_eq!(ids(&list(&*remote, Scope::Trashed(None)).await.unwrap()), [""; 0]);
    let listed = "[stream.deleted]\nkind = \"list\"\nid = \"ref\"\nrecords = \"ids\"\n\
                  [stream.deleted.request]\npath = \"gone\"\n\
                  query = { since = \"{{from}}\", page = \"{{page}}\" }\n\
                  [stream.deleted.paginate]\nkind = \"page\"";
    let remote = service(&stub, "", listed);
    assert!(remote.capabilities("things").trash);
    let since = Since::Mark("2026-11-21T10:05:00Z".into());
    let pages = list(&*remote, Scope::Trashed(Some(since))).await.unwrap();
    assert_eq!(ids(&pages), ["7", "8", "9"]);
    assert!(pages.iter().flat_map(|p| &p.records).all(|r| r.trashed));
    let asked = stub.heard().into_iter().rfind(|h| h.target.contains("gone")).unwrap();
    assert_eq!(parameter(&asked, "since").as_deref(), Some("2026-11-21T10:00:00Z"));
}

#[tokio::test]
async fn rules_say_what_answers_mean() {
    let rules = "
error_text = [\"error.message\", \"message\"]
[api.ok]
path = \"status\"
values = [\"ok\"]
[[api.errors]]
text = \"no data\"
then = \"empty\"
[[api.errors]]
path = \"code\"
values = [\"E7\"]
then = \"fail\"
say = \"Switch the API on in the service's settings.\"
[[api.errors]]
path = \"busy\"
then = \"retry\"
[[api.errors]]
status = [418]
then = \"slow-down\"
";
    let good = "{\"status\":\"ok\",\"id\":\"1\"}";
    for (answers, want) in [
        (vec![Say::json(good)], Ok(1)),
        (vec![Say::json("{\"status\":\"fail\",\"message\":\"No Data found\"}")], Ok(0)),
        (vec![refused("404 Not Found", "{\"message\":\"no data\"}")], Ok(0)),
        (
            vec![Say::json(
                "{\"status\":\"fail\",\"code\":\"E7\",\"error\":{\"message\":\"Off.\"}}",
            )],
            Err(
                "Warehouse refused to list things. It answered (HTTP 200): Off. Switch the API on in the service's settings.",
            ),
        ),
        (vec![refused("500 Internal Server Error", "{\"busy\":1}"), Say::json(good)], Ok(1)),
        (vec![refused("418 Teapot", "{}"), Say::json(good)], Ok(1)),
        (
            vec![Say::json("{\"status\":\"odd\"}")],
            Err("It answered HTTP 200, but not what the manifest calls a success."),
        ),
        (
            vec![refused("403 Forbidden", "{\"message\":\"Not yours\"}")],
            Err(
                "It answered (HTTP 403): Not yours. Give the user or key of the connection the right to read it.",
            ),
        ),
        (
            vec![refused("401 Unauthorized", "{}")],
            Err("Check the credentials in the connection's settings."),
        ),
        (
            vec![refused("404 Not Found", "{}")],
            Err("Check the base address, and the path in the manifest."),
        ),
        (
            vec![refused("404 Not Found", "<html>nothing</html>")],
            Err("There is no Warehouse API at this address"),
        ),
    ] {
        let answers = Mutex::new(answers.into_iter());
        let stub = Stub::new(move |_, _| answers.lock().unwrap().next().unwrap()).await;
        let got = first(&*service(&stub, rules, "")).await;
        match (got, want) {
            (Ok(page), Ok(count)) => assert_eq!(page.records.len(), count),
            (Err(error), Err(words)) => {
                assert!(error.error.one_line().contains(words), "{words}: {error}");
            }
            (got, want) => panic!("{want:?}: {got:?}"),
        }
    }
}

#[tokio::test]
async fn a_pause_that_the_service_asks_for_is_made() {
    let stub = Stub::new(|n, _| match n {
        0 => Say::http("403 Forbidden", "X-Reset: 1\r\n", "{\"message\":\"rate limit\"}"),
        _ => Say::json("[]"),
    })
    .await;
    let api = "[api.rate]\nwait_header = \"X-Reset\"\n[[api.errors]]\ntext = \"rate limit\"\n\
               then = \"slow-down\"";
    let begun = std::time::Instant::now();
    first(&*service(&stub, api, "")).await.unwrap();
    assert!(begun.elapsed().as_millis() >= 950, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn requests_are_not_sent_faster_than_the_manifest_says() {
    let stub = Stub::new(|_, _| Say::json("[]")).await;
    let options = ConnectOptions::default();
    let remote = service_with(&stub, "[api.rate]\nrequests_per_second = 4", "", &options);
    let begun = std::time::Instant::now();
    for _ in 0..7 {
        first(&*remote).await.unwrap();
    }
    assert!(begun.elapsed().as_millis() >= 500, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn records_are_read_by_id_with_or_without_a_request_for_one() {
    let stub = Stub::new(|_, heard| match heard.target.as_str() {
        "/api/things" => Say::json("[{\"id\":1,\"name\":\"short\"},{\"id\":2,\"name\":\"Two\"}]"),
        "/api/things/1" => Say::json("{\"thing\":{\"id\":1,\"name\":\"One\"}}"),
        // A service that answers another record than the one asked for.
        "/api/things/3" => Say::json("{\"thing\":{\"id\":4,\"name\":\"Four\"}}"),
        _ => refused("404 Not Found", "{}"),
    })
    .await;
    let wanted: Vec<String> = ["1", "3", "9", "a/../b"].iter().map(|s| (*s).to_owned()).collect();
    let fields = ["name".to_owned()];
    let get = "[stream.get]\nrecord = \"thing\"\n[stream.get.request]\npath = \"things/{{id}}\"";
    let remote = service(&stub, "", get);
    let found = remote.fetch("things", &wanted, &fields).await.unwrap();
    let names: Vec<String> =
        found.iter().map(|r| r.fields.get("name").unwrap().to_text()).collect();
    assert_eq!(names, ["One"]);
    assert!(stub.heard().iter().any(|h| h.target == "/api/things/a%2F%2E%2E%2Fb"));
    let remote = service(&stub, "", "");
    let found = remote.fetch("things", &wanted, &fields).await.unwrap();
    assert_eq!(found.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["1"]);
    let found = remote.find("things", "name", &["TWO ".into(), "".into()], &[]).await.unwrap();
    assert_eq!(found.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["2"]);
    // A detail takes the place of what the listing shows.
    let detail = "[stream.detail]\nrecord = \"thing\"\n[stream.detail.request]\npath = \"things/{{parent.id}}\"";
    let page = first(&*service(&stub, "", detail)).await.unwrap();
    assert_eq!(page.records.len(), 1, "the second one went meanwhile");
    assert_eq!(page.records[0].fields.get("name"), Some(&Value::Text("One".into())));
}

#[tokio::test]
async fn fields_are_described_from_samples_and_the_manifest() {
    let stub = Stub::new(|_, _| {
        Say::json(
            "[{\"id\":1,\"name\":null,\"a\":{\"b\":true}},{\"id\":2,\"name\":\"x\",\
             \"list\":[{\"city\":\"Pune\"}]}]",
        )
    })
    .await;
    let stream = "fields = [{ path = \"rare\", label = \"Rare thing\", type = \"date\" }, { path = \"name\", label = \"Name\" }]\n\
                  url = \"show/{{id}}\"\n[stream.lines]\npath = \"list\"\nquantity = \"q\"\nprice = \"p\"";
    let remote = service(&stub, "", stream);
    let info = remote.describe("things").await.unwrap();
    let told: Vec<String> =
        info.fields.iter().map(|f| format!("{}:{}:{}", f.path, f.label, f.type_name)).collect();
    let want = [
        "a.b:a.b:boolean",
        "id:id:number",
        "list:list:list",
        "list.0.city:list.0.city:string",
        "name:Name:string",
        "rare:Rare thing:date",
        "lines:lines:items",
        "totals.grand:totals.grand:number",
        "currency:currency:string",
    ];
    assert_eq!(told, want);
    assert!(!info.createable && info.fields.iter().all(|f| !f.writable));
    assert!(remote.describe("nothings").await.is_err());
    assert!(remote.may_write("things").await.is_err());
    let url = remote.record_url("things", "a b").unwrap();
    assert!(url.ends_with("/api/show/a%20b"), "{url}");
}

#[tokio::test]
async fn a_check_tells_what_is_wrong_with_the_manifest() {
    let stub = Stub::new(|_, _| Say::json("[{\"ID\":1}]")).await;
    let report = service(&stub, "", "").check("w").await;
    assert!(report.ok && report.modules[0].read, "{report:?}");
    assert!(report.problems[0].what.contains("have no id"), "{report:?}");
    let stub = Stub::new(|_, _| refused("404 Not Found", "{\"m\":1}")).await;
    let report = service(&stub, "", "").check("w").await;
    assert!(
        !report.ok && report.problems[0].next.contains("the path in the manifest"),
        "{report:?}"
    );
    let unknown = service(&stub, "[api.values]\nzone = \"UTC\"", "");
    assert_eq!(unknown.requests().0, 0, "nothing is sent on connecting");
}

#[tokio::test]
async fn a_probe_sees_edits_that_move_no_stamp() {
    let name = Arc::new(Mutex::new("one"));
    let told = name.clone();
    let stub = Stub::new(move |_, _| {
        Say::json(format!("[{{\"id\":1,\"name\":\"{}\"}}]", told.lock().unwrap()))
    })
    .await;
    let remote = service(&stub, "", "");
    let first = remote.probe("things", None).await.unwrap();
    assert!(first.changed);
    assert!(!remote.probe("things", Some(&first.memory)).await.unwrap().changed);
    *name.lock().unwrap() = "two";
    assert!(remote.probe("things", Some(&first.memory)).await.unwrap().changed);
}

//! A service that says what a test wants, byte for byte, and manifests that describe it.

mod auth;
mod listing;

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

//! The conformance suite for systems that are only read: what the engine relies on, run against the
//! sandbox's iRujul and variants of its plain REST service.

use crate::rest::{form, manifest};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use syncdeck::catalog::Catalog;
use syncdeck::model::{Fields, Record, Value};
use syncdeck::remote::{
    ChangeFeed, ConnectOptions, ErrorKind, Next, Page, PageAt, PageRequest, Remote, Scope, Since,
    Write, rest,
};
use syncdeck::sandbox::{self, Sandbox, SandboxOptions, Source};
use syncdeck::settings::read_manifest;

/// A connector, one of its entities, and the same in the sandbox.
struct Bench {
    sandbox: Sandbox,
    remote: Arc<dyn Remote>,
    source: Source,
    entity: &'static str,
    table: &'static str,
    key: &'static str,
    /// A field that the table's edits change, and how they call it.
    field: &'static str,
    fact: &'static str,
}

impl Bench {
    /// `irujul ENTITY` or `AUTH/PAGES/DELETIONS ENTITY`.
    async fn new(what: &'static str) -> Self {
        let options = SandboxOptions { records: Some(500), seed: Some(7), ..Default::default() };
        let sandbox = sandbox::start(options).await.unwrap();
        let (how, entity) = what.split_once(' ').unwrap();
        let mut catalog = Catalog::built_in().unwrap();
        let (source, service, config) = if how == "irujul" {
            let keys = sandbox.credentials().irujul;
            let form = [
                ("base_url", keys.base_url),
                ("client_id", keys.client_id),
                ("secret_key", keys.secret_key),
            ];
            (Source::Irujul, "irujul", form.map(|(n, v)| (n.to_owned(), v)).into())
        } else {
            let how: Vec<&'static str> = how.split('/').collect();
            let how: [&str; 3] = how.try_into().unwrap();
            catalog.add(read_manifest("x.toml", &manifest(how), &catalog).unwrap());
            (Source::Rest, "plain", form(&sandbox, how))
        };
        let service = catalog.service(service).unwrap();
        let mut config: BTreeMap<String, String> = config;
        for field in &service.form {
            config.entry(field.name.clone()).or_insert_with(|| field.default.clone());
        }
        let config = config.into_iter().map(|(name, value)| (name, value.into())).collect();
        let options = ConnectOptions { requests_per_second: Some(1000), ..Default::default() };
        let remote = rest::connect(service.manifest().unwrap(), config, &options).unwrap();
        let (table, key, field, fact) = match (source, entity) {
            (Source::Irujul, "contacts") => ("contacts", "Email", "address.City", "city"),
            (Source::Irujul, "products") => ("products", "Code", "Description", "description"),
            (Source::Irujul, _) => ("orders", "TXNNo", "Remarks", "remarks"),
            (Source::Rest, "customers") => ("contacts", "email", "address.city", "city"),
            (Source::Rest, _) => ("products", "sku", "name", "name"),
        };
        Self { sandbox, remote, source, entity, table, key, field, fact }
    }

    fn fields(&self) -> Vec<String> {
        vec![self.key.to_owned(), self.field.to_owned()]
    }

    fn request(&self, scope: Scope, at: PageAt) -> PageRequest {
        PageRequest { entity: self.entity.into(), fields: self.fields().into(), scope, at }
    }

    async fn list(&self, scope: Scope) -> Vec<Page> {
        let mut pages = Vec::new();
        let mut at = PageAt::First;
        loop {
            let page = self.remote.page(&self.request(scope.clone(), at)).await.unwrap();
            let next = page.next.clone();
            pages.push(page);
            at = match next {
                Next::End => return pages,
                Next::After(token) => PageAt::After(token),
                Next::Numbered { .. } => panic!("it goes on by tokens"),
            };
            assert!(pages.len() < 200, "the listing does not end");
        }
    }

    async fn records(&self, scope: Scope) -> Vec<Record> {
        self.list(scope).await.into_iter().flat_map(|p| p.records).collect()
    }

    async fn fetch(&self, ids: &[&str]) -> Vec<Record> {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        self.remote.fetch(self.entity, &ids, &self.fields()).await.unwrap()
    }

    fn put(&self, id: Option<u64>, text: &str) -> String {
        let mut facts = json!({});
        facts[self.fact] = text.into();
        let made = self.sandbox.put(self.source, self.table, id, &facts);
        made.unwrap().to_string()
    }

    fn text(&self, record: &Record, path: &str) -> String {
        record.fields.get(path).map(Value::to_text).unwrap_or_default()
    }
}

fn by_id(records: &[Record]) -> BTreeMap<&str, &Record> {
    records.iter().map(|r| (r.id.as_str(), r)).collect()
}

async fn a_list_holds_what_fetch_returns(b: Bench) {
    for scope in [Scope::All, Scope::Narrow] {
        let listed = b.records(scope).await;
        let ids: Vec<&str> = listed.iter().map(|r| r.id.as_str()).collect();
        let distinct: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!((ids.len(), distinct.len()), (167, 167), "all of them, each once");
        assert_eq!(by_id(&listed), by_id(&b.fetch(&ids).await));
        assert!(listed.iter().all(|r| !r.trashed));
    }
}

async fn changes_are_listed_since_a_mark(b: Bench) {
    let first = b.list(Scope::All).await;
    let mark = first[0].mark.clone().expect("a listing gives a mark");
    assert!(first.iter().skip(1).all(|page| page.mark.is_none()));
    b.sandbox.advance_clock(Duration::from_secs(600));
    let old = first.iter().flat_map(|p| &p.records).nth(3).unwrap().id.clone();
    b.put(old.parse().ok(), "Edited");
    let made = b.put(None, "Made");
    let caps = b.remote.capabilities(b.entity);
    if caps.changes != ChangeFeed::Filtered {
        let all = b.records(Scope::All).await;
        assert_eq!(b.text(by_id(&all)[old.as_str()], b.field), "Edited");
        assert!(by_id(&all).contains_key(made.as_str()));
        return;
    }
    let pages = b.list(Scope::Changed(Since::Mark(mark))).await;
    let changed: Vec<Record> = pages.iter().flat_map(|p| p.records.clone()).collect();
    let changed = by_id(&changed);
    assert!(changed.contains_key(made.as_str()), "{changed:?}");
    assert!(caps.silent || b.text(changed[old.as_str()], b.field) == "Edited");
    assert!(changed.len() < 50, "only what changed: {}", changed.len());
    let far = Since::Instant(syncdeck::model::Stamp::parse("2001-01-01T00:00:00Z").unwrap());
    assert_eq!(b.records(Scope::Changed(far)).await.len(), 168);
}

async fn what_is_unknown_or_deleted_is_not_there(b: Bench) {
    assert!(b.fetch(&["99999999", "nonsense", "", "a/b?c"]).await.is_empty());
    assert!(b.fetch(&[]).await.is_empty());
    b.sandbox.advance_clock(Duration::from_secs(60));
    b.sandbox.remove(b.source, b.table, 5);
    let there = |records: Vec<Record>| records.into_iter().any(|r| r.id == "5" && !r.trashed);
    assert!(!there(b.fetch(&["5"]).await));
    assert!(!there(b.records(Scope::All).await));
    assert!(!there(b.records(Scope::Narrow).await));
    let trash = b.records(Scope::Trashed(None)).await;
    if b.remote.capabilities(b.entity).trash {
        assert!(trash.iter().any(|r| r.id == "5" && r.trashed), "{trash:?}");
    } else {
        assert!(trash.is_empty());
    }
}

async fn records_are_found_by_their_key(b: Bench) {
    let listed = b.records(Scope::All).await;
    let keys: Vec<String> = listed.iter().map(|r| b.text(r, b.key)).take(120).collect();
    let odd = [keys[0].to_uppercase(), "nobody@example.test".to_owned(), String::new()];
    let wanted: Vec<String> = keys.iter().cloned().chain(odd).collect();
    let found = b.remote.find(b.entity, b.key, &wanted, &b.fields()).await.unwrap();
    let held: BTreeSet<String> = found.iter().map(|r| b.text(r, b.key).to_lowercase()).collect();
    assert!(keys.iter().all(|key| held.contains(&key.to_lowercase())));
    assert!(b.remote.find(b.entity, b.key, &[], &[]).await.unwrap().is_empty());
}

async fn nothing_is_written(b: Bench) {
    let info = b.remote.describe(b.entity).await.unwrap();
    assert_eq!(info.name, b.entity);
    assert!(!info.createable && !info.updateable && !info.deleteable);
    for path in b.fields() {
        assert!(info.field(&path).is_some_and(|f| !f.writable), "{path}: {info:?}");
    }
    assert!(b.remote.describe("Nothings").await.is_err());
    let fields: Fields = [(b.key, "x")].into_iter().collect();
    let writes = [Write::Create { fields }, Write::Delete { id: "1".into() }];
    let sent = b.remote.requests().0;
    let results = b.remote.write(b.entity, &writes, &[]).await;
    assert_eq!(results.len(), 2);
    for result in results {
        let error = result.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Permission);
        assert!(error.error.next.contains("direction"), "{error}");
    }
    assert!(b.remote.may_write(b.entity).await.is_err());
    assert_eq!(b.remote.requests().0, sent, "nothing was sent");
}

async fn an_expired_session_is_survived(b: Bench) {
    for _ in 0..2 {
        b.sandbox.expire_sessions();
        assert_eq!(b.records(Scope::All).await.len(), 167);
    }
}

async fn a_probe_sees_what_is_new_and_is_quiet_otherwise(b: Bench) {
    let first = b.remote.probe(b.entity, None).await.unwrap();
    assert!(first.changed);
    // The first answer after a change counts from now on.
    let known = b.remote.probe(b.entity, Some(&first.memory)).await.unwrap().memory;
    let quiet = b.remote.probe(b.entity, Some(&known)).await.unwrap();
    assert!(!quiet.changed, "{known} {quiet:?}");
    b.put(None, "Made");
    b.sandbox.advance_clock(Duration::from_secs(40));
    assert!(b.remote.probe(b.entity, Some(&quiet.memory)).await.unwrap().changed);
}

async fn the_check_finds_nothing_wrong(b: Bench) {
    let report = b.remote.check("source").await;
    assert!(report.ok && report.problems.is_empty(), "{report:?}");
    assert!(report.modules.iter().all(|m| m.read && !m.write && m.available), "{report:?}");
    assert!(report.modules.len() >= 2);
}

async fn wrong_credentials_are_told(b: Bench) {
    let told: Json = json!(b.sandbox.credentials().rest);
    assert!(told.get("api_key").is_some());
    // The same entity with nothing in the form.
    let mut catalog = Catalog::built_in().unwrap();
    let how = ["login", "page", "flag"];
    catalog.add(read_manifest("x.toml", &manifest(how), &catalog).unwrap());
    let mut config = form(&b.sandbox, how);
    config.insert("password".into(), "wrong-password".into());
    let config = config.into_iter().map(|(name, value)| (name, value.into())).collect();
    let service = catalog.service("plain").unwrap().manifest().unwrap();
    let remote = rest::connect(service, config, &ConnectOptions::default()).unwrap();
    let report = remote.check("source").await;
    assert!(!report.ok);
    let problem = report.problems[0].one_line();
    assert_eq!(
        problem,
        "Plain refused to log in. It answered (HTTP 401): User name or password are wrong. Check \
         the credentials in the connection's settings."
    );
}

/// Every test of the suite for one entity of one variant.
macro_rules! reads {
    ($($module:ident: $what:literal,)*) => {
        $(
            mod $module {
                reads!(@tests $what:
                    a_list_holds_what_fetch_returns
                    changes_are_listed_since_a_mark
                    what_is_unknown_or_deleted_is_not_there
                    records_are_found_by_their_key
                    nothing_is_written
                    an_expired_session_is_survived
                    a_probe_sees_what_is_new_and_is_quiet_otherwise
                    the_check_finds_nothing_wrong
                );
            }
        )*
    };
    (@tests $what:literal: $($test:ident)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                super::$test(super::Bench::new($what).await).await;
            }
        )*
    };
}
reads!(
    irujul_contacts: "irujul contacts",
    irujul_products: "irujul products",
    irujul_orders: "irujul sales_orders",
    basic_page_flag: "basic/page/flag customers",
    key_offset_list: "key/offset/list products",
    oauth2_token_absence: "oauth2/token/absence customers",
    login_link_flag: "login/link/flag products",
    query_page_list: "query/page/list customers",
    bearer_link_absence: "bearer/link/absence customers",
);

#[tokio::test]
async fn a_wrong_password_is_told_with_what_to_check() {
    wrong_credentials_are_told(Bench::new("basic/page/flag customers").await).await;
}

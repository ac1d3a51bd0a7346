//! One suite for every connector: what the engine relies on, run against the sandbox. A test asks
//! the capabilities, never the system's name.

use futures::future::BoxFuture;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use syncdeck::model::{CheckReport, Fields, Record, UserError, Value};
use syncdeck::remote::{
    Capabilities, ChangeFeed, ConnectOptions, EntityInfo, ErrorKind, Next, Page, PageAt,
    PageRequest, Remote, RemoteError, RemoteResult, Scope, Since, Write, Written, connect_service,
    vtiger, woocommerce, zoho,
};
use syncdeck::sandbox::{
    self, MagentoCredentials, MagentoKey, Sandbox, SandboxOptions, VtigerRelease, WooKey,
};

/// A connector and one of its entities.
struct Bench {
    sandbox: Sandbox,
    remote: Arc<dyn Remote>,
    entity: &'static str,
    key: &'static str,
    name: &'static str,
    fields: Vec<String>,
}

impl Bench {
    async fn new(entity: &'static str) -> Self {
        // Enough people for several pages of what there is least of.
        let records = match entity {
            // Every fourth person has a lead.
            "Leads" => 800,
            "zoho Leads" => 900,
            "zoho Accounts" => 1900,
            "zoho Contacts" | "zoho Products" => 360,
            "cloud Leads" => 800,
            _ => 260,
        };
        Self::with(entity, records).await
    }

    /// `entity` of a system, or `magento ENTITY`.
    async fn with(entity: &'static str, records: u64) -> Self {
        let vtiger = match entity.starts_with("cloud ") {
            true => VtigerRelease::Cloud,
            false => VtigerRelease::default(),
        };
        let (records, seed) = (Some(records), Some(7));
        let options = SandboxOptions { records, seed, vtiger, ..SandboxOptions::default() };
        let sandbox = sandbox::start(options).await.unwrap();
        let own = entity.strip_prefix("cloud ").unwrap_or(entity);
        let (key, name) = match own {
            "Contacts" | "Leads" => ("email", "lastname"),
            "Products" => ("productcode", "productname"),
            "customers" => ("email", "last_name"),
            "orders" => ("subject", "customer_note"),
            "magento customers" => ("email", "lastname"),
            "zoho Contacts" | "zoho Leads" => ("Email", "Last_Name"),
            "zoho Accounts" => ("Account_Name", "Billing_Street"),
            "zoho Products" => ("Product_Code", "Product_Name"),
            _ => ("sku", "name"),
        };
        let remote = match own {
            "Contacts" | "Products" | "Leads" => vtiger_of(&sandbox),
            _ if entity.starts_with("magento ") => {
                magento_of(&sandbox.magento_credentials(MagentoKey::Full))
            }
            _ if entity.starts_with("zoho ") => zoho_of(&sandbox),
            _ => woo_of(&sandbox, WooKey::ReadWrite),
        };
        let entity = own.strip_prefix("magento ").unwrap_or(own);
        let entity = entity.strip_prefix("zoho ").unwrap_or(entity);
        let fields = vec![key.to_owned(), name.to_owned()];
        Self { sandbox, remote, entity, key, name, fields }
    }

    fn request(&self, scope: Scope, at: PageAt) -> PageRequest {
        PageRequest { entity: self.entity.into(), fields: self.fields.clone().into(), scope, at }
    }

    async fn page(&self, scope: Scope, at: PageAt) -> Page {
        self.remote.page(&self.request(scope, at)).await.unwrap()
    }

    /// A whole listing, page by page.
    async fn list(&self, scope: Scope) -> Vec<Page> {
        let mut pages = vec![self.page(scope.clone(), PageAt::First).await];
        loop {
            let at = match &pages.last().unwrap().next {
                Next::End => return pages,
                Next::After(token) => PageAt::After(token.clone()),
                Next::Numbered { .. } => PageAt::Number(pages.len() as u64 + 1),
            };
            pages.push(self.page(scope.clone(), at).await);
            assert!(pages.len() < 100, "the listing does not end");
        }
    }

    async fn records(&self, scope: Scope) -> Vec<Record> {
        self.list(scope).await.into_iter().flat_map(|p| p.records).collect()
    }

    /// The fields of a new record.
    fn fresh(&self, tag: &str) -> Fields {
        let key = match self.key {
            "email" | "Email" => format!("conformance.{tag}@example.test"),
            _ => format!("CONF-{tag}"),
        };
        let name = format!("O'Brien & \"Söhne\" {tag}");
        let mut fields: Fields = [(self.key, key), (self.name, name)].into_iter().collect();
        if self.name == "lastname" && self.entity == "customers" {
            fields.set("firstname", "Anna");
        }
        fields
    }

    async fn create(&self, tag: &str) -> Record {
        let write = Write::Create { fields: self.fresh(tag) };
        self.write(write).await.unwrap().record.unwrap()
    }

    async fn write(
        &self,
        write: Write,
    ) -> syncdeck::remote::RemoteResult<syncdeck::remote::Written> {
        let mut results = self.remote.write(self.entity, &[write], &self.fields).await;
        assert_eq!(results.len(), 1);
        results.remove(0)
    }

    async fn fetch(&self, ids: &[&str]) -> Vec<Record> {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        self.remote.fetch(self.entity, &ids, &self.fields).await.unwrap()
    }

    async fn find(&self, values: &[&str]) -> Vec<Record> {
        let values: Vec<String> = values.iter().map(|v| (*v).to_owned()).collect();
        self.remote.find(self.entity, self.key, &values, &self.fields).await.unwrap()
    }

    fn text(&self, record: &Record, path: &str) -> String {
        record.fields.get(path).map(Value::to_text).unwrap_or_default()
    }

    /// An id that no record has.
    fn unknown(&self) -> String {
        match (self.remote.label(), self.entity) {
            ("Vtiger", "Contacts") => "12x99999999".into(),
            ("Vtiger", "Leads") => "10x99999999".into(),
            ("Vtiger", _) => "14x99999999".into(),
            _ => "99999999".into(),
        }
    }
}

fn vtiger_of(sandbox: &Sandbox) -> Arc<dyn Remote> {
    let crm = sandbox.credentials().vtiger;
    vtiger::connect(&crm.url, &crm.username, &crm.access_key.into(), &ConnectOptions::default())
        .unwrap()
}

fn woo_of(sandbox: &Sandbox, key: WooKey) -> Arc<dyn Remote> {
    let shop = sandbox.woo_credentials(key);
    let (key, secret) = (shop.consumer_key.into(), shop.consumer_secret.into());
    woocommerce::connect(&shop.app_url, &key, &secret, &ConnectOptions::default()).unwrap()
}

fn magento_of(keys: &MagentoCredentials) -> Arc<dyn Remote> {
    let all = BTreeMap::from([
        ("base_url", keys.base_url.as_str().into()),
        ("consumer_key", keys.consumer_key.as_str().into()),
        ("consumer_secret", keys.consumer_secret.as_str().into()),
        ("access_token", keys.access_token.as_str().into()),
        ("access_token_secret", keys.access_token_secret.as_str().into()),
    ]);
    connect_service("magento", &all, &ConnectOptions::default()).unwrap()
}

fn zoho_of(sandbox: &Sandbox) -> Arc<dyn Remote> {
    let all = sandbox.credentials().zoho;
    let form: BTreeMap<&str, _> =
        all.iter().map(|(name, value)| (name.as_str(), value.as_str().into())).collect();
    zoho::connect(&form, &ConnectOptions::default()).unwrap()
}

fn by_id(records: &[Record]) -> BTreeMap<&str, &Record> {
    records.iter().map(|r| (r.id.as_str(), r)).collect()
}

async fn a_list_holds_what_fetch_returns(b: Bench) {
    let listed = b.records(Scope::All).await;
    let ids: Vec<&str> = listed.iter().map(|r| r.id.as_str()).collect();
    let distinct: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(distinct.len(), ids.len(), "an id came twice");
    assert!(ids.len() > 150, "{}", ids.len());
    let fetched = b.fetch(&ids).await;
    assert_eq!(by_id(&listed), by_id(&fetched));
    assert!(listed.iter().all(|r| r.created.is_some() && !r.trashed));
}

async fn pages_are_bounded_and_progress(b: Bench) {
    for scope in [Scope::All, Scope::Narrow] {
        let pages = b.list(scope).await;
        assert!(pages.len() >= 2);
        let mut seen = BTreeSet::new();
        for page in &pages {
            assert!(page.records.len() <= 200);
            let fresh = page.records.iter().filter(|r| seen.insert(r.id.clone())).count();
            assert!(fresh == page.records.len(), "a page repeats records");
            let totals: BTreeSet<_> = pages.iter().filter_map(|p| p.total).collect();
            assert!(totals.len() <= 1, "the totals agree");
        }
    }
    let narrow = b.records(Scope::Narrow).await;
    let all = b.records(Scope::All).await;
    assert_eq!(narrow.len(), all.len());
    let all = by_id(&all);
    for record in &narrow {
        let full = all[record.id.as_str()];
        assert_eq!(b.text(record, b.key), b.text(full, b.key));
        assert_eq!(record.modified, full.modified);
    }
}

async fn a_created_record_is_found_by_its_key_and_its_id(b: Bench) {
    let made = b.create("One").await;
    let key = b.text(&made, b.key);
    assert_eq!(b.text(&made, b.name), "O'Brien & \"Söhne\" One");
    assert_eq!(b.fetch(&[&made.id]).await, std::slice::from_ref(&made));
    let other = key.to_uppercase();
    for value in [key.as_str(), other.as_str()] {
        let found = b.find(&[value, "nobody@example.test", "", "it's \\ odd"]).await;
        assert_eq!(by_id(&found), by_id(std::slice::from_ref(&made)), "{value}");
    }
    assert!(b.find(&[]).await.is_empty());
    assert!(b.fetch(&[]).await.is_empty());
}

async fn the_stamp_does_not_go_back(b: Bench) {
    let made = b.create("Two").await;
    b.sandbox.advance_clock(Duration::from_secs(5));
    let fields: Fields = [(b.name, "Changed")].into_iter().collect();
    let changed = b
        .write(Write::Update { id: made.id.clone(), fields, unmodified_since: None })
        .await
        .unwrap()
        .record
        .unwrap();
    assert_eq!(changed.id, made.id);
    assert_eq!(b.text(&changed, b.name), "Changed");
    assert_eq!(b.text(&changed, b.key), b.text(&made, b.key), "what was not sent stays");
    assert!(changed.modified > made.modified, "{:?} {:?}", made.modified, changed.modified);
    assert_eq!(b.fetch(&[&made.id]).await, std::slice::from_ref(&changed));
    let same = b
        .write(Write::Update { id: made.id.clone(), fields: Fields::new(), unmodified_since: None })
        .await
        .unwrap();
    assert_eq!(same.record.unwrap().modified, changed.modified, "nothing to change: nothing sent");
}

async fn changes_are_listed_since_a_mark(b: Bench) {
    if b.remote.capabilities(b.entity).changes != ChangeFeed::Filtered {
        return;
    }
    let first = b.page(Scope::All, PageAt::First).await;
    let mark = first.mark.clone().expect("a listing gives a mark");
    b.sandbox.advance_clock(Duration::from_secs(200));
    let made = b.create("Three").await;
    let old = first.records[0].clone();
    let fields: Fields = [(b.name, "Renamed")].into_iter().collect();
    b.write(Write::Update { id: old.id.clone(), fields, unmodified_since: None }).await.unwrap();
    let since = Scope::Changed(Since::Mark(mark));
    let pages = b.list(since).await;
    let changed: Vec<Record> = pages.iter().flat_map(|p| p.records.clone()).collect();
    let changed = by_id(&changed);
    assert!(changed.contains_key(made.id.as_str()) && changed.contains_key(old.id.as_str()));
    assert!(changed.len() < 50, "only what changed: {}", changed.len());
    b.sandbox.advance_clock(Duration::from_secs(200));
    let mark =
        pages[0].mark.clone().into_iter().chain(pages.last().unwrap().mark.clone()).last().unwrap();
    b.create("Four").await;
    let later = b.records(Scope::Changed(Since::Mark(mark))).await;
    assert!(later.iter().any(|r| b.text(r, b.name).ends_with("Four")));
    assert!(later.len() <= 3, "{}", later.len());
    let since = Scope::Changed(Since::Instant(made.modified.unwrap()));
    let from = b.records(since).await;
    assert!(by_id(&from).contains_key(made.id.as_str()));
}

async fn an_unknown_id_has_its_own_class(b: Bench) {
    let id = b.unknown();
    assert!(b.fetch(&[&id, "nonsense", "", "11x"]).await.is_empty());
    let fields = b.fresh("Five");
    let error = b
        .write(Write::Update { id: id.clone(), fields, unmodified_since: None })
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    let error = b.write(Write::Delete { id }).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    assert!(!error.whole);
}

async fn a_deleted_record_is_gone_or_in_the_trash(b: Bench) {
    let made = b.create("Six").await;
    let done = b.write(Write::Delete { id: made.id.clone() }).await.unwrap();
    assert_eq!(done.record, None);
    let listed = b.records(Scope::All).await;
    assert!(!by_id(&listed).contains_key(made.id.as_str()));
    let fetched = b.fetch(&[&made.id]).await;
    let found = b.find(&[&b.text(&made, b.key)]).await;
    if b.remote.capabilities(b.entity).trash {
        // What lies in the trash is marked where it can still be read.
        assert!(fetched.iter().chain(&found).all(|r| r.trashed));
        let trash = b.records(Scope::Trashed(None)).await;
        assert!(by_id(&trash)[made.id.as_str()].trashed);
        let again = b.write(Write::Delete { id: made.id }).await;
        let gone = |error: &RemoteError| error.kind == ErrorKind::NotFound;
        assert!(again.as_ref().err().is_none_or(gone), "it is where it should be: {again:?}");
    } else {
        assert!(fetched.is_empty() && found.is_empty());
        let told = b.records(Scope::Trashed(None)).await;
        let deletions = b.remote.capabilities(b.entity).deletions;
        assert_eq!(by_id(&told).contains_key(made.id.as_str()), deletions);
        assert!(deletions || told.is_empty());
    }
}

async fn deletions_are_told_since_a_mark(b: Bench) {
    b.remote.describe(b.entity).await.unwrap();
    if !b.remote.capabilities(b.entity).deletions {
        return;
    }
    let earlier = b.create("Sixteen").await;
    b.write(Write::Delete { id: earlier.id.clone() }).await.unwrap();
    b.sandbox.advance_clock(Duration::from_secs(10_800));
    let made = b.create("Seventeen").await;
    let mark = b.page(Scope::All, PageAt::First).await.mark.unwrap();
    b.write(Write::Delete { id: made.id.clone() }).await.unwrap();
    let told = b.records(Scope::Trashed(Some(Since::Mark(mark)))).await;
    let told = by_id(&told);
    assert!(told[made.id.as_str()].trashed);
    assert!(!told.contains_key(earlier.id.as_str()), "it was told before");
}

async fn the_failures_of_a_batch_are_told_apart(b: Bench) {
    let made = b.create("Seven").await;
    let caps = b.remote.capabilities(b.entity);
    let fields: Fields = [(b.name, "Batch")].into_iter().collect();
    let writes = [
        Write::Create { fields: b.fresh("Eight") },
        Write::Update { id: b.unknown(), fields: fields.clone(), unmodified_since: None },
        Write::Create { fields: b.fresh("Seven") },
        Write::Update { id: made.id.clone(), fields, unmodified_since: None },
        Write::Create { fields: b.fresh("Nine") },
    ];
    let mut results = Vec::new();
    for piece in writes.chunks(caps.write_batch) {
        results.extend(b.remote.write(b.entity, piece, &b.fields).await);
    }
    assert_eq!(results.len(), 5);
    let name = |n: usize| b.text(results[n].as_ref().unwrap().record.as_ref().unwrap(), b.name);
    assert!(name(0).ends_with("Eight") && name(4).ends_with("Nine"));
    assert_eq!(name(3), "Batch");
    assert_eq!(results[1].as_ref().unwrap_err().kind, ErrorKind::NotFound);
    if caps.unique_key {
        let error = results[2].as_ref().unwrap_err();
        assert_eq!(error.kind, ErrorKind::Exists { id: Some(made.id.clone()) }, "{error}");
    }
}

async fn fields_are_emptied_by_empty_text(b: Bench) {
    let (path, value) = match b.entity {
        "Contacts" if b.key == "Email" => ("Mailing_City", "Köln"),
        "Products" if b.key == "Product_Code" => ("Description", "Köln"),
        "Contacts" => ("mailingcity", "Köln"),
        "Leads" if b.key == "email" => ("city", "Köln"),
        "Products" => ("manufacturer", "AltvetPet Inc."),
        "customers" if b.name == "lastname" => ("taxvat", "DE123"),
        "customers" | "orders" => ("billing.city", "Köln"),
        "products" if b.remote.label() == "Magento" => ("custom_attributes.meta_title", "Cups"),
        "Leads" => ("City", "Köln"),
        "Accounts" => ("Billing_City", "Köln"),
        _ => ("regular_price", "12.50"),
    };
    let wanted = [path.to_owned()];
    let mut fields = b.fresh("Ten");
    fields.set(path, value);
    let made =
        b.remote.write(b.entity, &[Write::Create { fields }], &wanted).await.remove(0).unwrap();
    assert_eq!(b.text(made.record.as_ref().unwrap(), path), value);
    let fields: Fields = [(path, "")].into_iter().collect();
    let done = b
        .remote
        .write(b.entity, &[Write::Update { id: made.id, fields, unmodified_since: None }], &wanted)
        .await
        .remove(0);
    assert_eq!(b.text(done.unwrap().record.as_ref().unwrap(), path), "");
}

async fn an_expired_session_is_survived(b: Bench) {
    let made = b.create("Eleven").await;
    b.sandbox.expire_sessions();
    assert_eq!(b.fetch(&[&made.id]).await.len(), 1);
    b.sandbox.expire_sessions();
    b.create("Twelve").await;
    b.sandbox.expire_sessions();
    assert!(b.records(Scope::All).await.len() > 100);
}

async fn many_records_are_found_and_fetched_at_once(b: Bench) {
    let listed = b.records(Scope::All).await;
    let keys: Vec<String> =
        listed.iter().map(|r| b.text(r, b.key)).filter(|k| !k.is_empty()).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).take(150).collect();
    let found = b.find(&keys).await;
    let held: BTreeSet<String> = found.iter().map(|r| b.text(r, b.key).to_lowercase()).collect();
    for key in &keys {
        assert!(held.contains(&key.to_lowercase()), "{key}");
    }
}

async fn the_description_names_the_fields(b: Bench) {
    let info = b.remote.describe(b.entity).await.unwrap();
    assert_eq!(info.name, b.entity);
    assert!(info.createable && info.updateable);
    for path in &b.fields {
        assert!(info.field(path).is_some_and(|f| f.writable), "{path}");
    }
    let unknown = b.remote.describe("Nothings").await.unwrap_err();
    assert!(!matches!(unknown.kind, ErrorKind::Unknown), "{unknown}");
}

async fn a_record_has_a_page_in_the_system(b: Bench) {
    let made = b.create("Thirteen").await;
    let url = b.remote.record_url(b.entity, &made.id).unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    let number = made.id.rsplit('x').next().unwrap();
    let ends = [format!("={number}"), format!("/{number}")];
    assert!(ends.iter().any(|end| url.contains(end)), "{url}");
}

async fn the_check_finds_nothing_wrong(b: Bench) {
    let report = b.remote.check("target").await;
    assert!(report.ok, "{report:?}");
    assert_eq!(report.problems, [], "{report:?}");
    assert!(report.version.is_some() && report.user.is_some());
    assert!(report.skew_s.unwrap().abs() < 5);
    assert!(report.modules.iter().filter(|m| m.read && m.write).count() >= 2, "{report:?}");
    let (sent, repeated) = b.remote.requests();
    assert!(sent > 0 && repeated == 0);
}

/// Every test of the suite for one entity.
macro_rules! conform {
    ($module:ident, $entity:literal: $($test:ident)*) => {
        mod $module {
            $(
                #[tokio::test]
                async fn $test() {
                    super::$test(super::Bench::new($entity).await).await;
                }
            )*
        }
    };
}
/// Every entity of every connector.
macro_rules! suite {
    ($($test:ident)*) => {
        conform!(vtiger_contacts, "Contacts": $($test)*);
        conform!(vtiger_products, "Products": $($test)*);
        conform!(vtiger_leads, "Leads": $($test)*);
        conform!(cloud_contacts, "cloud Contacts": $($test)*);
        conform!(cloud_products, "cloud Products": $($test)*);
        conform!(cloud_leads, "cloud Leads": $($test)*);
        conform!(woocommerce_customers, "customers": $($test)*);
        conform!(woocommerce_products, "products": $($test)*);
        conform!(magento_customers, "magento customers": $($test)*);
        conform!(magento_products, "magento products": $($test)*);
        conform!(zoho_contacts, "zoho Contacts": $($test)*);
        conform!(zoho_leads, "zoho Leads": $($test)*);
        conform!(zoho_accounts, "zoho Accounts": $($test)*);
        conform!(zoho_products, "zoho Products": $($test)*);
    };
}
// The shop cannot be asked for an order by the name that it has in the CRM; it is found by the shop's
// own number and by the mark it carries, see below.
conform!(woocommerce_orders, "orders":
    a_list_holds_what_fetch_returns
    pages_are_bounded_and_progress
    the_stamp_does_not_go_back
    changes_are_listed_since_a_mark
    an_unknown_id_has_its_own_class
    a_deleted_record_is_gone_or_in_the_trash
    the_failures_of_a_batch_are_told_apart
    fields_are_emptied_by_empty_text
    an_expired_session_is_survived
    many_records_are_found_and_fetched_at_once
    the_description_names_the_fields
    a_record_has_a_page_in_the_system
    a_probe_sees_what_changed_and_is_quiet_otherwise
    a_probe_by_listings_does_where_there_is_no_better_one
    a_marked_record_is_found_by_its_mark
    a_document_keeps_its_lines
    the_check_finds_nothing_wrong
);
suite!(
    a_list_holds_what_fetch_returns
    pages_are_bounded_and_progress
    a_created_record_is_found_by_its_key_and_its_id
    the_stamp_does_not_go_back
    changes_are_listed_since_a_mark
    an_unknown_id_has_its_own_class
    a_deleted_record_is_gone_or_in_the_trash
    deletions_are_told_since_a_mark
    the_failures_of_a_batch_are_told_apart
    fields_are_emptied_by_empty_text
    an_expired_session_is_survived
    many_records_are_found_and_fetched_at_once
    the_description_names_the_fields
    a_record_has_a_page_in_the_system
    a_probe_sees_what_changed_and_is_quiet_otherwise
    a_probe_by_listings_does_where_there_is_no_better_one
    the_check_finds_nothing_wrong
);

async fn a_marked_record_is_found_by_its_mark(b: Bench) {
    let mark = b.remote.capabilities(b.entity).mark.unwrap();
    let now = jiff::Timestamp::now().as_second();
    let mut fields = b.fresh("Marked");
    fields.set(mark, "13x77");
    let made = b.write(Write::Create { fields }).await.unwrap();
    b.create("Unmarked").await;
    let wanted = [mark.to_owned()];
    let find = |value: String| {
        let (remote, entity, wanted) = (b.remote.clone(), b.entity, &wanted);
        async move { remote.find(entity, mark, &[value], wanted).await.unwrap() }
    };
    let found = find(format!("13x77@{now}")).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&found[0].id, b.text(&found[0], mark).as_str()), (&made.id, "13x77"));
    assert!(find(format!("13x78@{now}")).await.is_empty());
    assert!(find(format!("13x77@{}", now + 86_400)).await.is_empty(), "made before");
    b.write(Write::Delete { id: made.id.clone() }).await.unwrap();
    let found = find(format!("13x77@{now}")).await;
    assert!(found.len() == 1 && found[0].trashed, "it was made, and is in the trash: {found:?}");
}

/// Lines are told, written, and changed by their ids; their sum is the total to the cent.
async fn a_document_keeps_its_lines(b: Bench) {
    use rust_decimal::{Decimal, RoundingStrategy};
    use syncdeck::model::document::{
        CURRENCY, LINES, Line, LineKind, TOTAL, lines_of, lines_value,
    };
    let wanted = [LINES, TOTAL, CURRENCY].map(str::to_owned);
    let cents =
        |amount: Decimal| amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    let sum = |record: &Record| -> (Vec<Line>, Decimal) {
        let lines = lines_of(record.fields.get(LINES).unwrap());
        let sum: Decimal = lines.iter().map(|line| line.net() + line.tax).sum();
        (lines, cents(sum))
    };
    let request =
        PageRequest { fields: wanted.clone().into(), ..b.request(Scope::All, PageAt::First) };
    let all = b.remote.page(&request).await.unwrap().records;
    let mut kinds = BTreeSet::new();
    for record in &all {
        let (lines, sum) = sum(record);
        assert_eq!(sum.to_string().parse(), b.text(record, TOTAL).parse::<Decimal>(), "{record:?}");
        assert!(b.text(record, CURRENCY).len() == 3);
        kinds.extend(lines.iter().map(|line| (line.kind, !line.discount.is_zero())));
    }
    assert!(kinds.len() >= 4, "items with and without discount, shipping, fees: {kinds:?}");
    let products =
        PageRequest { entity: "products".into(), ..b.request(Scope::All, PageAt::First) };
    let products = b.remote.page(&products).await.unwrap().records;
    let item = |at: usize, quantity: i64, price: &str| Line {
        product: products[at].id.clone(),
        quantity: Decimal::from(quantity),
        price: price.parse().unwrap(),
        ..Line::default()
    };
    let charge = |kind, name: &str, price: &str| Line {
        kind,
        name: name.into(),
        quantity: Decimal::ONE,
        price: price.parse().unwrap(),
        ..Line::default()
    };
    let mut cup = item(0, 3, "4.5");
    cup.discount = "1.5".parse().unwrap();
    let mut lines = vec![
        cup,
        item(1, 1, "19.99"),
        charge(LineKind::Shipping, "Post", "4.9"),
        charge(LineKind::Fee, "Insurance", "2"),
    ];
    let mut fields = b.fresh("Lines");
    fields.set(LINES, lines_value(&lines));
    let write = Write::Create { fields };
    let made = b.remote.write(b.entity, &[write], &wanted).await.remove(0).unwrap();
    let told = |record: &Record| -> Vec<(String, String, Decimal)> {
        let (lines, total) = sum(record);
        assert_eq!(total.to_string().parse(), b.text(record, TOTAL).parse::<Decimal>());
        let key = |l: Line| (l.product.clone(), l.quantity.normalize().to_string(), cents(l.net()));
        lines.into_iter().map(key).collect()
    };
    let of = |lines: &[Line]| -> Vec<(String, String, Decimal)> {
        let key =
            |l: &Line| (l.product.clone(), l.quantity.normalize().to_string(), cents(l.net()));
        lines.iter().map(key).collect()
    };
    let record = made.record.unwrap();
    assert_eq!(told(&record), of(&lines));
    let ids = |record: &Record| -> Vec<String> {
        sum(record).0.into_iter().map(|line| line.id).collect()
    };
    lines[1].quantity = Decimal::TWO;
    lines.remove(3);
    let fields: Fields = [(LINES, lines_value(&lines))].into_iter().collect();
    let write = Write::Update { id: made.id.clone(), fields, unmodified_since: None };
    let done = b.remote.write(b.entity, &[write], &wanted).await.remove(0).unwrap();
    let changed = done.record.unwrap();
    assert_eq!(told(&changed), of(&lines));
    assert_eq!(ids(&changed), ids(&record)[..3], "lines keep their ids");
    let gone = Line { product: b.unknown(), ..item(0, 1, "1") };
    let fields: Fields = [(LINES, lines_value(&[gone]))].into_iter().collect();
    let error = b.write(Write::Create { fields }).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused, "{error}");
}

#[tokio::test]
async fn variations_are_products_of_their_own() {
    let b = Bench::new("products").await;
    let (_, parents) = b.sandbox.woo("GET", "products?type=variable", &serde_json::Value::Null);
    let parent = &parents[0];
    let all = b.records(Scope::All).await;
    let mut ids = BTreeSet::new();
    for id in parent["variations"].as_array().unwrap() {
        let id = id.to_string();
        let found = all.iter().find(|r| r.id == id).expect("a variation is listed");
        assert!(b.text(found, "name").starts_with(parent["name"].as_str().unwrap()), "{found:?}");
        assert!(!b.text(found, "sku").is_empty());
        ids.insert(found.id.clone());
    }
    assert!(ids.len() > 1);
    let one = all.iter().find(|r| ids.contains(&r.id)).unwrap();
    let fresh = woo_of(&b.sandbox, WooKey::ReadWrite);
    let wanted = ["name", "sku", "regular_price"].map(str::to_owned);
    let fetched = fresh.fetch("products", std::slice::from_ref(&one.id), &b.fields).await.unwrap();
    assert_eq!(fetched, std::slice::from_ref(one), "a connection that never saw it finds it");
    assert_eq!(b.find(&[&b.text(one, "sku")]).await, std::slice::from_ref(one));
    let page = b.page(Scope::All, PageAt::First).await;
    b.sandbox.advance_clock(Duration::from_secs(300));
    let fresh = woo_of(&b.sandbox, WooKey::ReadWrite);
    let fields: Fields = [("regular_price", "77.70"), ("name", "Mine")].into_iter().collect();
    let write = Write::Update { id: one.id.clone(), fields, unmodified_since: None };
    let done = fresh.write("products", &[write], &wanted).await.remove(0).unwrap().record.unwrap();
    assert_eq!(b.text(&done, "regular_price"), "77.70");
    assert_eq!(b.text(&done, "name"), b.text(one, "name"), "the shop makes its name");
    let since = Scope::Changed(Since::Mark(page.mark.unwrap()));
    let changed = b.records(since).await;
    assert!(changed.iter().any(|r| r.id == one.id && r.modified == done.modified), "{changed:?}");
    b.write(Write::Delete { id: one.id.clone() }).await.unwrap();
    assert!(b.records(Scope::Narrow).await.iter().all(|r| r.id != one.id));
    assert!(b.fetch(&[&one.id]).await.iter().all(|r| r.trashed));
    let url = fresh.record_url("products", &one.id).unwrap();
    assert!(url.contains(&format!("post={}&", parent["id"])), "{url}");
}

#[tokio::test]
async fn tax_rates_are_told_once_each_and_never_written() {
    let options = SandboxOptions { records: Some(10), ..SandboxOptions::default() };
    let sandbox = sandbox::start(options).await.unwrap();
    let (status, twin) = sandbox.woo(
        "POST",
        "taxes",
        &serde_json::json!({"country": "LU", "rate": "19.0000", "name": "MwSt 19"}),
    );
    assert_eq!(status, 201);
    let remote = woo_of(&sandbox, WooKey::ReadWrite);
    let fields = ["label", "rate"].map(str::to_owned);
    let request = PageRequest {
        entity: "taxes".into(),
        fields: fields.clone().into(),
        scope: Scope::All,
        at: PageAt::First,
    };
    let page = remote.page(&request).await.unwrap();
    let labels: Vec<String> =
        page.records.iter().map(|r| r.fields.get("label").unwrap().to_text()).collect();
    assert_eq!(labels, ["MwSt 19", "MwSt 7", "Zero", "USt 20", "State Tax", "County Tax"]);
    let twin = twin["id"].to_string();
    assert!(page.records.iter().all(|r| r.id != twin));
    let ids: Vec<String> = page.records.iter().map(|r| r.id.clone()).collect();
    assert_eq!(remote.fetch("taxes", &ids, &fields).await.unwrap(), page.records);
    let found = remote.find("taxes", "label", &["mwst 7".to_owned()], &fields).await.unwrap();
    assert_eq!(found, page.records[1..2]);
    assert!(!remote.describe("taxes").await.unwrap().createable);
    assert!(remote.may_write("taxes").await.is_err());
    let fields: Fields = [("label", "New")].into_iter().collect();
    let error = remote.write("taxes", &[Write::Create { fields }], &[]).await.remove(0);
    assert_eq!(error.unwrap_err().kind, ErrorKind::Permission);
    assert!(!sandbox.deeds().keys().any(|deed| deed.contains("taxes")));
    let memory = remote.probe("taxes", None).await.unwrap().memory;
    assert!(!remote.probe("taxes", Some(&memory)).await.unwrap().changed);
}

/// Probes until one sees a change; a listing without stamps to sort by needs as many as it has pages.
async fn probe(b: &Bench, known: &str) -> (bool, String) {
    let mut known = known.to_owned();
    for _ in 0..4 {
        let probe = b.remote.probe(b.entity, Some(&known)).await.unwrap();
        known = probe.memory;
        if probe.changed {
            return (true, known);
        }
    }
    (false, known)
}

async fn a_probe_sees_what_changed_and_is_quiet_otherwise(b: Bench) {
    let first = b.remote.probe(b.entity, None).await.unwrap();
    assert!(first.changed, "nothing was remembered");
    let sent = b.remote.requests().0;
    let (changed, known) = probe(&b, &first.memory).await;
    assert!(!changed, "{first:?}, {known}");
    assert!(b.remote.requests().0 - sent <= 8, "two requests at most");
    b.sandbox.advance_clock(Duration::from_secs(60));
    assert!(!probe(&b, &known).await.0, "time alone is no change");
    // A probe looks two minutes back; all of this has to happen within them, however slow the
    // machine is.
    let made = b.create("Probed").await;
    b.sandbox.advance_clock(Duration::from_secs(40));
    let (changed, known) = probe(&b, &known).await;
    assert!(changed, "a record was created");
    assert!(!probe(&b, &known).await.0, "our own write is news once");
    let old = b.records(Scope::All).await.into_iter().find(|r| r.id != made.id).unwrap();
    let fields: Fields = [(b.name, "Edited")].into_iter().collect();
    b.write(Write::Update { id: old.id, fields, unmodified_since: None }).await.unwrap();
    b.sandbox.advance_clock(Duration::from_secs(40));
    let (changed, known) = probe(&b, &known).await;
    assert!(changed, "a record was edited");
    assert!(!probe(&b, &known).await.0);
    b.write(Write::Delete { id: made.id }).await.unwrap();
    b.sandbox.advance_clock(Duration::from_secs(40));
    assert!(probe(&b, &known).await.0, "a fresh record was deleted");
}

/// A remote without a probe of its own.
struct Plain(Arc<dyn Remote>);

impl Remote for Plain {
    fn label(&self) -> &str {
        self.0.label()
    }
    fn capabilities(&self, entity: &str) -> Capabilities {
        self.0.capabilities(entity)
    }
    fn check<'a>(&'a self, target: &'a str) -> BoxFuture<'a, CheckReport> {
        self.0.check(target)
    }
    fn describe<'a>(&'a self, entity: &'a str) -> BoxFuture<'a, RemoteResult<EntityInfo>> {
        self.0.describe(entity)
    }
    fn page<'a>(&'a self, request: &'a PageRequest) -> BoxFuture<'a, RemoteResult<Page>> {
        self.0.page(request)
    }
    fn fetch<'a>(
        &'a self,
        entity: &'a str,
        ids: &'a [String],
        fields: &'a [String],
    ) -> BoxFuture<'a, RemoteResult<Vec<Record>>> {
        self.0.fetch(entity, ids, fields)
    }
    fn find<'a>(
        &'a self,
        entity: &'a str,
        field: &'a str,
        values: &'a [String],
        fields: &'a [String],
    ) -> BoxFuture<'a, RemoteResult<Vec<Record>>> {
        self.0.find(entity, field, values, fields)
    }
    fn write<'a>(
        &'a self,
        entity: &'a str,
        writes: &'a [Write],
        fields: &'a [String],
    ) -> BoxFuture<'a, Vec<RemoteResult<Written>>> {
        self.0.write(entity, writes, fields)
    }
    fn record_url(&self, entity: &str, id: &str) -> Option<String> {
        self.0.record_url(entity, id)
    }
    fn requests(&self) -> (u64, u64) {
        self.0.requests()
    }
}

async fn a_probe_by_listings_does_where_there_is_no_better_one(b: Bench) {
    if b.remote.capabilities(b.entity).changes == ChangeFeed::Filtered {
        let remote: Arc<dyn Remote> = Arc::new(Plain(b.remote.clone()));
        a_probe_sees_what_changed_and_is_quiet_otherwise(Bench { remote, ..b }).await;
    }
}

/// What a check of the shop says with this key.
async fn check_with(key: WooKey) -> (CheckReport, Arc<dyn Remote>, Sandbox) {
    let options = SandboxOptions { records: Some(10), ..SandboxOptions::default() };
    let sandbox = sandbox::start(options).await.unwrap();
    let remote = woo_of(&sandbox, key);
    (remote.check("shop").await, remote, sandbox)
}

fn said(report: &CheckReport) -> String {
    report.problems.iter().map(UserError::one_line).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_key_without_write_permission_is_told_and_nothing_is_written() {
    let (report, remote, sandbox) = check_with(WooKey::Read).await;
    assert!(report.ok && report.modules.iter().all(|m| m.read && !m.write), "{report:?}");
    assert!(said(&report).contains("The key may not write. "), "{report:?}");
    assert_eq!(report.problems.len(), 1, "said once: {report:?}");
    let fields: Fields = [("email", "new@example.test")].into_iter().collect();
    let results = remote.write("customers", &[Write::Create { fields }], &[]).await;
    let error = results[0].as_ref().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Permission);
    assert!(error.whole);
    let (_, found) =
        sandbox.woo("GET", "customers?email=new@example.test", &serde_json::Value::Null);
    assert_eq!(found, serde_json::json!([]));
}

#[tokio::test]
async fn a_key_without_read_permission_is_told() {
    let (report, ..) = check_with(WooKey::Write).await;
    assert!(!report.ok && report.modules.iter().all(|m| !m.read), "{report:?}");
    assert!(said(&report).contains("The key may not read. "), "{report:?}");
}

#[tokio::test]
async fn a_weak_role_is_told_when_it_matters() {
    let (report, remote, _sandbox) = check_with(WooKey::ShopManager).await;
    assert!(report.ok && report.modules.iter().all(|m| m.read && m.write), "{report:?}");
    let fields: Fields = [("email", "new@example.test")].into_iter().collect();
    let made = remote.write("customers", &[Write::Create { fields }], &[]).await.remove(0).unwrap();
    let error = remote
        .write("customers", &[Write::Delete { id: made.id }], &[])
        .await
        .remove(0)
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Permission, "{error}");
    assert!(!error.whole, "other writes are allowed");
}

#[tokio::test]
async fn wrong_credentials_are_told() {
    let sandbox = sandbox::start(SandboxOptions { records: Some(10), ..SandboxOptions::default() })
        .await
        .unwrap();
    let all = sandbox.credentials();
    let none = ConnectOptions::default();
    let shop = &all.woocommerce;
    for (key, secret) in
        [("ck_0000", shop.consumer_secret.as_str()), (&shop.consumer_key, "cs_0000")]
    {
        let remote =
            woocommerce::connect(&shop.app_url, &key.into(), &secret.into(), &none).unwrap();
        let report = remote.check("shop").await;
        assert!(!report.ok);
        assert!(said(&report).starts_with("The shop does not accept "), "{report:?}");
    }
    for (user, key, words) in [
        ("admin", "wrong", "does not accept the access key"),
        ("nobody", &all.vtiger.access_key, "does not know the user \"nobody\""),
    ] {
        let remote = vtiger::connect(&all.vtiger.url, user, &key.into(), &none).unwrap();
        let report = remote.check("vtiger").await;
        assert!(!report.ok && said(&report).contains(words), "{report:?}");
    }
    let elsewhere = format!("{}/nothing", all.vtiger.url);
    let remote = vtiger::connect(&elsewhere, "admin", &"x".into(), &none).unwrap();
    let report = remote.check("vtiger").await;
    assert!(said(&report).contains("answered, but not as Vtiger"), "{report:?}");
    let remote = vtiger::connect(&shop.app_url, "admin", &"x".into(), &none).unwrap();
    assert!(!remote.check("vtiger").await.ok);
    let key = (shop.consumer_key.as_str().into(), shop.consumer_secret.as_str().into());
    let remote = woocommerce::connect(&all.vtiger.url, &key.0, &key.1, &none).unwrap();
    let report = remote.check("shop").await;
    assert!(said(&report).contains("WooCommerce"), "{report:?}");
}

#[tokio::test]
async fn the_name_of_a_contacts_company_is_read_through_its_reference() {
    let b = Bench::with("Contacts", 260).await;
    let path = "account_id.accountname".to_owned();
    let fields: Fields = [("accountname", "Bücher & Söhne KG")].into_iter().collect();
    let company =
        b.remote.write("Accounts", &[Write::Create { fields }], &[]).await.remove(0).unwrap();
    let mut fields = b.fresh("Ref");
    fields.set("account_id", company.id);
    let wanted = [path.clone(), "lastname".to_owned()];
    let made =
        b.remote.write("Contacts", &[Write::Create { fields }], &wanted).await.remove(0).unwrap();
    let record = made.record.unwrap();
    assert_eq!(b.text(&record, &path), "Bücher & Söhne KG");
    assert_eq!(b.remote.fetch("Contacts", &[made.id], &wanted).await.unwrap(), [record]);
    let request = PageRequest { fields: wanted.into(), ..b.request(Scope::All, PageAt::First) };
    let page = b.remote.page(&request).await.unwrap();
    assert!(page.records.iter().filter(|r| !b.text(r, &path).is_empty()).count() > 5);
    assert!(page.records.iter().all(|r| r.fields.get(&path).is_some()));
}

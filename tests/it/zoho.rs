//! Zoho: what is special about its connector, against the sandbox; and the engine between the
//! sandbox's Vtiger and Zoho, deletions and tokens included.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use syncdeck::catalog::Catalog;
use syncdeck::engine::{Engine, SyncMode, SyncRequest};
use syncdeck::model::document::{LINES, Line, LineKind, TOTAL, lines_of, lines_value};
use syncdeck::model::{
    Connector, Crm, Deletes, Fields, Module, ModuleSettings, Pair, Record, Run, RunStatus,
    SecretText, Stamp, Trigger, UserError,
};
use syncdeck::remote::{
    ConnectOptions, ErrorKind, PageAt, PageRequest, Remote, RemoteResult, Scope, Since, Write,
    Written, zoho,
};
use syncdeck::sandbox::{self, Sandbox, SandboxOptions, VtigerRelease};
use syncdeck::secrets::Vault;
use syncdeck::settings::default_connector;
use syncdeck::store::{Change, Store};

async fn started(records: u64) -> Sandbox {
    let options =
        SandboxOptions { records: Some(records), seed: Some(5), ..SandboxOptions::default() };
    sandbox::start(options).await.unwrap()
}

/// A connection whose form differs in these fields; an empty text takes one out.
pub fn connect(sandbox: &Sandbox, other: &[(&str, &str)]) -> Arc<dyn Remote> {
    let mut form = sandbox.credentials().zoho;
    for (name, value) in other {
        form.insert((*name).to_owned(), (*value).to_owned());
    }
    let form: BTreeMap<&str, _> =
        form.iter().map(|(name, value)| (name.as_str(), value.as_str().into())).collect();
    zoho::connect(&form, &ConnectOptions::default()).unwrap()
}

fn paths(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

fn text(record: &Record, path: &str) -> String {
    record.fields.get(path).map(syncdeck::model::Value::to_text).unwrap_or_default()
}

async fn write(
    remote: &Arc<dyn Remote>,
    entity: &str,
    write: Write,
    fields: &[String],
) -> RemoteResult<Written> {
    remote.write(entity, &[write], fields).await.remove(0)
}

fn update(id: &str, fields: Fields) -> Write {
    Write::Update { id: id.to_owned(), fields, unmodified_since: None }
}

async fn all(
    remote: &Arc<dyn Remote>,
    entity: &str,
    scope: Scope,
    fields: &[String],
) -> Vec<Record> {
    let mut request =
        PageRequest { entity: entity.into(), fields: fields.into(), scope, at: PageAt::First };
    let mut records = Vec::new();
    loop {
        let page = remote.page(&request).await.unwrap();
        records.extend(page.records);
        match page.next {
            syncdeck::remote::Next::After(token) => request.at = PageAt::After(token),
            _ => return records,
        }
    }
}

#[tokio::test]
async fn meetings_are_written_by_halves_and_their_deletion_is_in_the_feed() {
    let sandbox = started(60).await;
    let remote = connect(&sandbox, &[]);
    let wanted = paths(&[
        "Event_Title",
        "Start_DateTime.date",
        "Start_DateTime.time",
        "End_DateTime.time",
        "Duration.hours",
        "What_Id.account",
        "Who_Id.id",
        "Activity_Type",
    ]);
    let listed = all(&remote, "Events", Scope::All, &wanted).await;
    assert_eq!(listed.len(), 12);
    assert!(listed.iter().all(|r| text(r, "Start_DateTime.date").len() == 10));
    assert!(listed.iter().any(|r| !text(r, "Who_Id.id").is_empty()));
    let account =
        listed.iter().map(|r| text(r, "What_Id.account")).find(|a| !a.is_empty()).unwrap();
    let fields: Fields = [
        ("Event_Title", "Tour"),
        ("Start_DateTime.date", "2026-12-01"),
        ("Start_DateTime.time", "09:05"),
        ("End_DateTime.date", "2026-12-01"),
        ("End_DateTime.time", "11:35:00"),
        ("What_Id.account", account.as_str()),
    ]
    .into_iter()
    .collect();
    let made = write(&remote, "Events", Write::Create { fields }, &wanted).await.unwrap();
    let record = made.record.unwrap();
    assert_eq!(text(&record, "Start_DateTime.time"), "09:05:00");
    assert_eq!(
        (text(&record, "Duration.hours"), text(&record, "Activity_Type")),
        ("2".into(), "Meeting".into())
    );
    assert_eq!(text(&record, "What_Id.account"), account);
    let later: Fields = [("Start_DateTime.time", "10:05:00")].into_iter().collect();
    let moved = write(&remote, "Events", update(&made.id, later), &wanted).await.unwrap();
    let record = moved.record.unwrap();
    assert_eq!(text(&record, "Start_DateTime.date"), "2026-12-01", "the other half stays");
    assert_eq!(text(&record, "Start_DateTime.time"), "10:05:00");
    let found = remote.find("Events", "Event_Title", &paths(&["tour"]), &wanted).await.unwrap();
    assert_eq!(found.len(), 1);
    let mark = Since::Mark(Stamp::now().to_string());
    sandbox.advance_clock(Duration::from_secs(600));
    write(&remote, "Events", Write::Delete { id: made.id.clone() }, &wanted).await.unwrap();
    let gone = all(&remote, "Events", Scope::Trashed(Some(mark.clone())), &wanted).await;
    assert_eq!(
        gone.iter().map(|r| (r.id.as_str(), r.trashed)).collect::<Vec<_>>(),
        [(made.id.as_str(), true)]
    );
    let later = Since::Mark(Stamp::now().plus(Duration::from_secs(900)).to_string());
    assert!(all(&remote, "Events", Scope::Trashed(Some(later)), &wanted).await.is_empty());
}

#[tokio::test]
async fn invoices_keep_their_rows_however_often_they_are_written() {
    let sandbox = started(80).await;
    let remote = connect(&sandbox, &[]);
    let wanted = paths(&["Subject", "Account_Name.id", LINES, TOTAL, "totals.tax", "currency"]);
    let listed = all(&remote, "Invoices", Scope::All, &wanted).await;
    assert_eq!(listed.len(), 20);
    for invoice in &listed {
        let lines = lines_of(invoice.fields.get(LINES).unwrap());
        let sum: rust_decimal::Decimal = lines.iter().map(|l| l.net().round_dp(2) + l.tax).sum();
        assert_eq!(
            sum.normalize().to_string(),
            text(invoice, TOTAL),
            "{}",
            text(invoice, "Subject")
        );
        assert_eq!(text(invoice, "currency"), "EUR");
    }
    let product = lines_of(listed[0].fields.get(LINES).unwrap())[0].product.clone();
    let line = |quantity: i64, rate: i64| Line {
        product: product.clone(),
        name: "Cup".into(),
        quantity: quantity.into(),
        price: rust_decimal::Decimal::new(450, 2),
        tax: (rust_decimal::Decimal::new(450 * quantity * rate, 4)).round_dp(2),
        rate: Some(rate.into()),
        ..Line::default()
    };
    let shipping = Line {
        kind: LineKind::Shipping,
        name: "Parcel".into(),
        quantity: 1.into(),
        price: rust_decimal::Decimal::new(49, 1),
        ..Line::default()
    };
    let mut fields: Fields =
        [("Subject", "Cups"), ("Invoice_Date", "2026-11-21")].into_iter().collect();
    fields.set("Account_Name.id", text(&listed[0], "Account_Name.id"));
    fields.set(LINES, lines_value(&[line(2, 19), line(1, 7), shipping.clone()]));
    let made = write(&remote, "Invoices", Write::Create { fields }, &wanted).await.unwrap();
    let rows = |sandbox: &Sandbox| {
        let whole = sandbox.zoho("GET", &format!("Invoices/{}", made.id), &Value::Null).1;
        let rows = whole["data"][0]["Invoiced_Items"].as_array().unwrap().clone();
        rows.iter().map(|r| r["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // 9.00 + 1.71, 4.50 + 0.32, 4.90.
    assert_eq!(text(made.record.as_ref().unwrap(), TOTAL), "20.43");
    let first = rows(&sandbox);
    for _ in 0..2 {
        let mut fields = Fields::new();
        fields.set(LINES, lines_value(&[line(3, 19), line(1, 7), shipping.clone()]));
        let again = write(&remote, "Invoices", update(&made.id, fields), &wanted).await.unwrap();
        assert_eq!(rows(&sandbox), first, "changed in place");
        assert_eq!(lines_of(again.record.unwrap().fields.get(LINES).unwrap()).len(), 3);
    }
    let mut fields = Fields::new();
    fields.set(LINES, lines_value(&[line(3, 19)]));
    let fewer = write(&remote, "Invoices", update(&made.id, fields), &wanted).await.unwrap();
    assert_eq!(rows(&sandbox), first[..1]);
    assert_eq!(text(&fewer.record.unwrap(), TOTAL), "16.07");
    let mut fields = Fields::new();
    fields.set(LINES, lines_value(&[line(3, 21)]));
    let strange = write(&remote, "Invoices", update(&made.id, fields), &wanted).await.unwrap_err();
    assert!(strange.error.what.contains("no tax of 21 %"), "{strange}");
}

#[tokio::test]
async fn payments_come_from_books_with_the_same_login() {
    let sandbox = started(120).await;
    let remote = connect(&sandbox, &[]);
    let entity = "customerpayments";
    let wanted = paths(&[
        "payment_number",
        "date",
        "amount",
        "customer_name",
        "payment_mode",
        "description",
    ]);
    let request = PageRequest {
        entity: entity.into(),
        fields: wanted.clone().into(),
        scope: Scope::All,
        at: PageAt::First,
    };
    let page = remote.page(&request).await.unwrap();
    assert_eq!(page.records.len(), 20);
    let customer = text(&page.records[0], "customer_name");
    sandbox.advance_clock(Duration::from_secs(7200));
    let fields: Fields = [
        ("date", "2026-11-21"),
        ("amount", "12.50"),
        ("customer_name", customer.as_str()),
        ("payment_mode", "cash"),
    ]
    .into_iter()
    .collect();
    let made = write(&remote, entity, Write::Create { fields }, &wanted).await.unwrap();
    let since = Scope::Changed(Since::Mark(page.mark.unwrap()));
    let changed = all(&remote, entity, since, &wanted).await;
    assert!(changed.iter().any(|r| r.id == made.id) && changed.len() < 20, "{}", changed.len());
    let fields: Fields = [("description", "Thanks")].into_iter().collect();
    let told =
        write(&remote, entity, update(&made.id, fields), &wanted).await.unwrap().record.unwrap();
    assert_eq!(
        (text(&told, "amount"), text(&told, "description")),
        ("12.5".into(), "Thanks".into())
    );
    let found = remote.find(entity, "date", &paths(&["2026-11-21"]), &wanted).await.unwrap();
    assert!(found.iter().any(|r| r.id == made.id));
    let stale = Write::Update {
        id: made.id.clone(),
        fields: [("amount", "1")].into_iter().collect(),
        unmodified_since: Some(Stamp(0)),
    };
    let error = write(&remote, entity, stale, &wanted).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Precondition);
    let fields: Fields = [
        ("date", "2026-11-21"),
        ("amount", "1"),
        ("customer_name", "Nobody Ltd"),
        ("payment_mode", "cash"),
    ]
    .into_iter()
    .collect();
    let error = write(&remote, entity, Write::Create { fields }, &wanted).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("customer_name"), "{error}");
    write(&remote, entity, Write::Delete { id: made.id.clone() }, &wanted).await.unwrap();
    assert!(
        remote.fetch(entity, std::slice::from_ref(&made.id), &wanted).await.unwrap().is_empty()
    );
    let error = write(&remote, entity, Write::Delete { id: made.id }, &wanted).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
}

fn said(problems: &[UserError]) -> String {
    problems.iter().map(UserError::one_line).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_check_names_what_is_wrong() {
    let sandbox = started(20).await;
    let good = connect(&sandbox, &[]).check("zoho").await;
    assert!(good.ok && good.problems.is_empty(), "{good:?}");
    assert_eq!(good.modules.len(), 7);
    assert!(good.modules.iter().all(|m| m.read && m.write), "{good:?}");
    assert_eq!(good.user.as_deref(), Some("ada@zylker.example"));

    let scope = "ZohoCRM.modules.contacts.ALL,ZohoCRM.modules.leads.READ,ZohoCRM.settings.ALL,\
                 ZohoCRM.users.READ,ZohoCRM.org.READ,ZohoCRM.coql.READ";
    let code = sandbox.zoho_code(scope);
    let narrow = connect(&sandbox, &[("grant_code", &code), ("refresh_token", "")]);
    let report = narrow.check("zoho").await;
    let told = said(&report.problems);
    assert!(report.ok, "{report:?}");
    for lost in [
        "Leads cannot be written. The consent does not cover ZohoCRM.modules.leads.ALL",
        "Organizations cannot be read. The consent does not cover ZohoCRM.modules.accounts.READ",
        "Payments cannot be read from Zoho Books.",
    ] {
        assert!(told.contains(lost), "{lost}: {told}");
    }
    assert!(!told.contains("Contacts cannot"), "{told}");
    let described = narrow.describe("Accounts").await;
    assert!(described.is_ok(), "settings are covered");
    let request = PageRequest {
        entity: "Accounts".into(),
        fields: paths(&["Account_Name"]).into(),
        scope: Scope::All,
        at: PageAt::First,
    };
    assert_eq!(narrow.page(&request).await.unwrap_err().kind, ErrorKind::Permission);

    let code = sandbox.zoho_code("ZohoCRM.modules.ALL");
    let article =
        connect(&sandbox, &[("grant_code", &code), ("refresh_token", "")]).check("z").await;
    assert!(
        !article.ok
            && said(&article.problems).contains("lists of modules and fields cannot be read"),
        "{article:?}"
    );

    for (field, value, words) in [
        ("client_id", "1000.NOBODY", "does not know the client id"),
        ("client_secret", "wrong", "does not accept the client secret"),
    ] {
        let report = connect(&sandbox, &[(field, value)]).check("zoho").await;
        let told = said(&report.problems);
        assert!(!report.ok && told.contains(words) && told.contains("data centre"), "{told}");
    }
    let none = connect(&sandbox, &[("grant_code", ""), ("refresh_token", "")]).check("zoho").await;
    assert!(said(&none.problems).contains("Nobody has given Zoho's consent"), "{none:?}");
    sandbox.revoke_zoho();
    let report = connect(&sandbox, &[("grant_code", "")]).check("zoho").await;
    assert!(
        said(&report.problems).contains("does not accept the stored consent any more"),
        "{report:?}"
    );
}

pub struct Bench {
    pub sandbox: Sandbox,
    pub store: Store,
    folder: tempfile::TempDir,
}

fn plain(text: &str) -> SecretText {
    SecretText::Plain(text.to_owned())
}

impl Bench {
    pub async fn new(records: u64, deletes: Deletes, other: &[(&str, &str)]) -> Self {
        Self::of(started(records).await, deletes, other).await
    }

    async fn of(sandbox: Sandbox, deletes: Deletes, other: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("syncdeck.redb")).unwrap();
        let keys = sandbox.credentials();
        let crm = Crm {
            url: keys.vtiger.url,
            username: keys.vtiger.username,
            access_key: plain(&keys.vtiger.access_key),
            allow_http: false,
            ca_file: None,
        };
        let catalog = Catalog::built_in().unwrap();
        let mut connector: Connector = default_connector(catalog.service("zoho").unwrap(), "zoho");
        let mut form = keys.zoho;
        form.remove("accounts_url");
        for (name, value) in other {
            form.insert((*name).to_owned(), (*value).to_owned());
        }
        connector.credentials = form.iter().map(|(k, v)| (k.clone(), plain(v))).collect();
        // The sandbox's CRM has these; a contact's company goes by its name here.
        let by_name =
            Pair { active: false, replaces: true, ..Pair::new("account_id", "Account_Name.id") };
        connector.modules.retain(|module, _| {
            [Module::Organizations, Module::Products, Module::Contacts].contains(module)
        });
        for (module, settings) in &mut connector.modules {
            let mapping =
                if *module == Module::Contacts { vec![by_name.clone()] } else { Vec::new() };
            *settings = ModuleSettings { enabled: true, deletes, mapping, ..settings.clone() };
        }
        store.commit(Change::PutCrm(crm).into()).await.unwrap();
        store.commit(Change::PutConnector(Box::new(connector)).into()).await.unwrap();
        Self { sandbox, store, folder }
    }

    /// With all modules, and a Vtiger of this kind.
    async fn whole(records: u64, vtiger: VtigerRelease) -> Self {
        let options =
            SandboxOptions { records: Some(records), vtiger, ..SandboxOptions::default() };
        let bench = Self::of(sandbox::start(options).await.unwrap(), Deletes::Off, &[]).await;
        let catalog = Catalog::built_in().unwrap();
        let mut connector = bench.store.read_blocking(|r| r.connector(1)).unwrap().unwrap();
        connector.modules = default_connector(catalog.service("zoho").unwrap(), "zoho").modules;
        connector.modules.values_mut().for_each(|settings| settings.enabled = true);
        bench.store.commit(Change::PutConnector(Box::new(connector)).into()).await.unwrap();
        bench
    }

    /// A new engine each time, as in a new process.
    pub async fn sync(&self) -> Run {
        self.sandbox.advance_clock(Duration::from_secs(60));
        let catalog = Arc::new(Catalog::built_in().unwrap());
        let vault = Vault::open(self.folder.path()).unwrap();
        let engine = Engine::new(self.store.clone(), vault, catalog);
        let request =
            SyncRequest { trigger: Trigger::Manual, modules: Vec::new(), mode: SyncMode::Accept };
        engine.sync(1, request).await.unwrap()
    }

    fn first_link(&self, module: Module) -> (String, String) {
        let links = self.store.read_blocking(|r| r.links_after(1, module, None, 1)).unwrap();
        (links[0].vtiger_id.clone(), links[0].service_id.clone())
    }

    fn vtiger(&self, id: &str) -> Value {
        self.sandbox.vtiger("retrieve", &[("id", id)])["result"].clone()
    }

    fn zoho(&self, module: &str, id: &str) -> Value {
        self.sandbox.zoho("GET", &format!("{module}/{id}"), &Value::Null).1["data"][0].clone()
    }

    fn tokens(&self) -> u64 {
        self.sandbox.requests().get("zoho POST oauth/v2/token").copied().unwrap_or_default()
    }
}

pub fn written(run: &Run) -> u64 {
    run.modules.values().map(|m| m.vtiger.written() + m.service.written()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vtiger_and_zoho_are_brought_in_step_and_the_second_sync_writes_nothing() {
    let bench = Bench::new(120, Deletes::Off, &[("refresh_token", "")]).await;
    let run = bench.sync().await;
    assert_eq!(run.status, RunStatus::Completed, "{:?}", run.error);
    for (module, counts) in &run.modules {
        println!("{module}: {counts:?}");
        assert!(counts.vtiger.created > 0 && counts.linked > 0, "{module} {counts:?}");
        let all_known = *module == Module::Organizations;
        assert!(counts.service.created > 0 || all_known, "{module} {counts:?}");
        assert_eq!(counts.waiting, 0, "{module} {counts:?}");
    }
    assert!(run.modules[&Module::Contacts].linked > 20);
    let again = bench.sync().await;
    assert_eq!((again.status, written(&again)), (RunStatus::Completed, 0), "{again:?}");
    assert_eq!(bench.tokens(), 1, "the code was exchanged once, the token kept");

    let (contact, person) = bench.first_link(Module::Contacts);
    let revised = json!({"id": contact, "mailingcity": "Győr"}).to_string();
    bench.sandbox.vtiger("revise", &[("element", &revised)]);
    let body = json!({"data": [{"id": person, "Phone": "+36 96 1"}]});
    assert_eq!(bench.sandbox.zoho("PUT", "Contacts", &body).0, 200);
    let run = bench.sync().await;
    let counts = &run.modules[&Module::Contacts];
    assert_eq!((counts.vtiger.updated, counts.service.updated), (1, 1), "{counts:?}");
    assert_eq!(bench.vtiger(&contact)["phone"], "+36 96 1");
    assert_eq!(bench.zoho("Contacts", &person)["Mailing_City"], "Győr");
    assert_eq!(written(&bench.sync().await), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deletions_are_carried_and_tokens_may_end_in_the_middle() {
    let bench = Bench::new(80, Deletes::Carry, &[]).await;
    let ending = async {
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_millis(120)).await;
            bench.sandbox.expire_sessions();
        }
    };
    let (run, ()) = futures::join!(bench.sync(), ending);
    assert_eq!(run.status, RunStatus::Completed, "{:?}", run.error);
    let (contact, person) = bench.first_link(Module::Contacts);
    let (product, good) = bench.first_link(Module::Products);
    bench.sandbox.zoho("DELETE", &format!("Contacts?ids={person}"), &Value::Null);
    bench.sandbox.vtiger("delete", &[("id", &product)]);
    let run = bench.sync().await;
    assert_eq!(run.modules[&Module::Contacts].vtiger.deleted, 1, "{run:?}");
    assert_eq!(run.modules[&Module::Products].service.deleted, 1, "{run:?}");
    assert_eq!(bench.vtiger(&contact), Value::Null);
    assert_eq!(bench.zoho("Products", &good), Value::Null);
    assert_eq!(written(&bench.sync().await), 0);
    bench.sandbox.revoke_zoho();
    let run = bench.sync().await;
    assert_eq!(run.status, RunStatus::Failed);
    let told = run.error.unwrap().one_line();
    assert!(told.contains("does not accept the stored consent any more"), "{told}");
}

/// The links of a module: the CRM's id by the service's.
fn links(bench: &Bench, module: Module) -> BTreeMap<String, String> {
    let all = bench.store.read_blocking(|r| r.links_after(1, module, None, 10_000)).unwrap();
    all.into_iter().map(|link| (link.service_id, link.vtiger_id)).collect()
}

fn amount(value: &Value) -> rust_decimal::Decimal {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.parse::<rust_decimal::Decimal>().unwrap().round_dp(2).normalize()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_and_invoices_travel_both_ways_with_vtiger_cloud() {
    let bench = Bench::whole(90, VtigerRelease::Cloud).await;
    let run = bench.sync().await;
    assert_eq!(run.status, RunStatus::Completed, "{:?}", run.error);
    for module in [Module::Payments, Module::Invoices] {
        let counts = &run.modules[&module];
        assert!(counts.available && counts.vtiger.created > 5, "{module} {counts:?}");
        assert!(counts.service.created >= 3, "{module} {counts:?}");
    }
    let (mut from_crm, mut sums) = (0, Vec::new());
    for (books, crm) in links(&bench, Module::Payments) {
        let path = format!("books/v3/customerpayments/{books}");
        let theirs = bench.sandbox.zoho("GET", &path, &Value::Null).1["payment"].clone();
        let ours = bench.vtiger(&crm);
        assert_eq!(amount(&ours["amount"]), amount(&theirs["amount"]), "{ours} {theirs}");
        assert_eq!(ours["datereceived"], theirs["date"]);
        let organization = bench.vtiger(ours["relatedorganization"].as_str().unwrap());
        assert_eq!(organization["accountname"], theirs["customer_name"], "{ours}");
        from_crm += u64::from(ours["source"] != "WEBSERVICE");
        sums.push(amount(&ours["amount"]));
    }
    assert!(from_crm == 3 && sums.len() > 10, "{from_crm} {sums:?}");
    let accounts = links(&bench, Module::Organizations);
    for (theirs, ours) in links(&bench, Module::Invoices) {
        let (zoho, crm) = (bench.zoho("Invoices", &theirs), bench.vtiger(&ours));
        assert_eq!(amount(&crm["hdnGrandTotal"]), amount(&zoho["Grand_Total"]), "{crm} {zoho}");
        let account = zoho["Account_Name"]["id"].as_str().unwrap();
        assert_eq!(crm["account_id"].as_str(), accounts.get(account).map(|id| &**id));
    }
    let again = bench.sync().await;
    assert_eq!((again.status, written(&again)), (RunStatus::Completed, 0), "{again:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_are_not_available_where_the_crm_has_none_and_nothing_else_stops() {
    let bench = Bench::whole(60, VtigerRelease::Repaired).await;
    let run = bench.sync().await;
    assert_eq!(run.status, RunStatus::Completed, "{:?}", run.error);
    let payments = &run.modules[&Module::Payments];
    assert!(!payments.available, "{payments:?}");
    let why = payments.why.as_deref().unwrap();
    assert!(why.contains("Vtiger has no Payments"), "{why}");
    assert_eq!((payments.vtiger.written(), payments.service.written()), (0, 0));
    assert!(run.modules[&Module::Events].vtiger.created > 0, "{:?}", run.modules);
}

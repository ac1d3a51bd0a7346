//! How many requests a sync costs: as few as the systems allow, whatever a change of the engine
//! may make of it.

use crate::sandbox_sync::{Bench, settings};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;
use syncdeck::engine::{SyncMode, SyncRequest};
use syncdeck::model::{
    Advanced, ConflictRule, Deletes, Direction, ItemStatus, Module, Run, RunStatus, Side, Stamp,
    SyncFrom, Trigger,
};
use syncdeck::sandbox::SandboxOptions;
use syncdeck::store::{Change, Reader};

/// Records of a page of either system.
const PAGE: u64 = 100;
/// Records that the engine works on at once, at least.
const BATCH: u64 = 100;

/// A shop with most of so many people, and a Vtiger that has none of them.
async fn shop_and_empty_crm(people: u64, latency: Duration) -> Bench {
    let records = Some(people);
    let options = SandboxOptions { records, latency, empty_crm: true, ..SandboxOptions::default() };
    let modules = BTreeMap::from([(Module::Contacts, settings(Direction::ToVtiger, Deletes::Off))]);
    let advanced = Advanced { guard_creates: 10_000, ..Advanced::default() };
    Bench::with_modules(options, ConflictRule::LastUpdated, modules, advanced).await
}

/// A sync, and the requests it took.
async fn counted(bench: &Bench) -> (Run, BTreeMap<String, u64>) {
    let before = bench.sandbox.requests();
    let run = bench.sync(SyncMode::Sync).await;
    assert_eq!(run.status, RunStatus::Completed, "{:?}", run.error);
    let mut requests = bench.sandbox.requests();
    for (name, count) in &before {
        *requests.get_mut(name).unwrap() -= count;
    }
    requests.retain(|_, count| *count > 0);
    // The run says the same as the other side.
    assert_eq!(run.requests, requests.values().sum::<u64>(), "{requests:?}");
    (run, requests)
}

fn of(requests: &BTreeMap<String, u64>, name: &str) -> u64 {
    requests.get(name).copied().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_few_requests_as_the_systems_allow() {
    let bench = shop_and_empty_crm(1_000, Duration::ZERO).await;
    let (run, first) = counted(&bench).await;
    let made = run.modules[&Module::Contacts].vtiger.created;
    let companies = run.modules[&Module::Organizations].vtiger.created;
    let people = made + run.modules[&Module::Contacts].service.skipped;
    assert!(made > 700 && companies > 30, "{made} {companies}");
    let (pages, batches) = (people.div_ceil(PAGE), people.div_ceil(BATCH));
    assert_eq!(of(&first, "vtiger create"), made + companies, "one for each record: {first:?}");
    // Besides the pages, each record is read again before it is written: a hundred at a time.
    assert!(of(&first, "woocommerce GET customers") <= 2 * pages + 2, "{first:?}");
    // People and companies are searched by names and addresses, many at a time.
    assert!(of(&first, "vtiger query") <= 12 * batches + 4, "{batches} batches: {first:?}");

    // What was made lately is read once more; after a rest all is quiet.
    for _ in 0..2 {
        bench.sandbox.advance_clock(Duration::from_secs(7_200));
        counted(&bench).await;
    }
    let (_, quiet) = counted(&bench).await;
    assert!(of(&quiet, "woocommerce GET customers") <= pages + 2, "{quiet:?}");
    let crm: u64 = quiet.iter().filter(|(name, _)| name.contains("vtiger")).map(|(_, n)| n).sum();
    assert!(crm <= 8, "{quiet:?}");

    let edited: Vec<_> = bench
        .store
        .read_blocking(|r| r.links_after(1, Module::Contacts, None, 300))
        .unwrap()
        .into_iter()
        .step_by(30)
        .collect();
    for link in &edited {
        let name = json!({"first_name": "Renamed", "last_name": format!("No {}", link.service_id)});
        let path = format!("customers/{}", link.service_id);
        assert_eq!(bench.sandbox.woo("PUT", &path, &name).0, 200);
    }
    let (run, few) = counted(&bench).await;
    assert_eq!(run.modules[&Module::Contacts].vtiger.updated, edited.len() as u64);
    assert_eq!(of(&few, "vtiger revise"), edited.len() as u64, "{few:?}");
    assert!(of(&few, "woocommerce GET customers") <= pages + 4, "{few:?}");
    assert!(of(&few, "vtiger query") <= 8, "{few:?}");

    // A new store finds everything by keys, in the pages alone.
    let connector = bench.store.read_blocking(|r| r.connectors()).unwrap().remove(0);
    bench.store.commit(Change::RemoveConnector(1).into()).await.unwrap();
    bench.store.commit(Change::PutConnector(Box::new(connector)).into()).await.unwrap();
    let (run, linked) = counted(&bench).await;
    let counts = &run.modules[&Module::Contacts];
    assert_eq!((counts.linked, counts.side(Side::Vtiger).written()), (made, 0));
    assert!(of(&linked, "woocommerce GET customers") <= pages + 2, "{linked:?}");
    // Each page of contacts has one more request for the names of their companies.
    let contacts = made.div_ceil(PAGE);
    assert!(of(&linked, "vtiger query") <= 2 * contacts + 3 * batches + 4, "{linked:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_sync_sends_nothing_more_and_the_next_one_goes_on() {
    let bench = shop_and_empty_crm(100, Duration::ZERO).await;
    bench.sandbox.slow_writes(Duration::from_millis(200));
    let mut writes = bench.sandbox.writes();
    let engine = bench.engine.clone();
    let request =
        SyncRequest { trigger: Trigger::Manual, modules: Vec::new(), mode: SyncMode::Sync };
    let running = tokio::spawn(async move { engine.sync(1, request).await });
    writes.wait_for(|w| w.begun > 20).await.unwrap();
    bench.engine.cancel(1);
    let begun = writes.borrow().begun;
    let run = running.await.unwrap().unwrap();
    assert_eq!(run.status, RunStatus::Cancelled);
    // One may have been on its way when it was called off.
    assert!(writes.borrow().begun <= begun + 1, "{} after {begun}", writes.borrow().begun);
    let open = bench.store.read_blocking(|r| r.intents(1)).unwrap();
    assert_eq!(open, [], "what was announced and not sent is taken back");
    bench.sandbox.slow_writes(Duration::ZERO);
    let again = bench.sync(SyncMode::Sync).await;
    assert_eq!(again.status, RunStatus::Completed, "{:?}", again.error);
    for (module, entity) in [(Module::Contacts, "Contacts"), (Module::Organizations, "Accounts")] {
        let of = |run: &Run| run.modules.get(&module).map_or(0, |m| m.vtiger.created);
        let made = bench.sandbox.deeds()[&format!("vtiger {entity} created")];
        assert_eq!(of(&run) + of(&again), made, "{entity}");
    }
    assert!(run.modules[&Module::Contacts].vtiger.created > 0);
    assert!(again.modules[&Module::Contacts].vtiger.created > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_preview_asks_nothing_more() {
    let bench = shop_and_empty_crm(1_000, Duration::from_millis(30)).await;
    let asked = || of(&bench.sandbox.requests(), "vtiger query");
    let engine = bench.engine.clone();
    let request =
        SyncRequest { trigger: Trigger::Manual, modules: Vec::new(), mode: SyncMode::Preview };
    let mut progress = engine.progress();
    let running = tokio::spawn(async move { engine.sync(1, request).await });
    let comparing = |p: &syncdeck::model::Progress| p.step == "comparing";
    progress.wait_for(|all| all.values().any(comparing)).await.unwrap();
    let before = asked();
    while asked() < before + 2 && !running.is_finished() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    bench.engine.cancel(1);
    let at_once = asked();
    let run = running.await.unwrap().unwrap();
    assert_eq!(run.status, RunStatus::Cancelled);
    // One request of each session may have been on its way.
    assert!(asked() <= at_once + 2, "{} after {at_once}", asked());
    // Whole, it asks for ten times as much; what was cut off is no hindrance for the next one.
    let request =
        SyncRequest { trigger: Trigger::Manual, modules: Vec::new(), mode: SyncMode::Preview };
    let run = bench.engine.sync(1, request).await.unwrap();
    assert_eq!(run.status, RunStatus::Preview, "{:?}", run.error);
    assert!(asked() > at_once + 10);
    assert!(run.modules[&Module::Contacts].vtiger.created > 700);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_sync_does_not_wait_for_an_answer_that_does_not_come() {
    let bench = shop_and_empty_crm(10, Duration::from_secs(600)).await;
    let engine = bench.engine.clone();
    let request =
        SyncRequest { trigger: Trigger::Manual, modules: Vec::new(), mode: SyncMode::Sync };
    let mut progress = engine.progress();
    let running = tokio::spawn(async move { engine.sync(1, request).await });
    progress.wait_for(|all| !all.is_empty()).await.unwrap();
    bench.engine.cancel(1);
    let run = tokio::time::timeout(Duration::from_secs(100), running).await;
    assert_eq!(run.expect("it waits").unwrap().unwrap().status, RunStatus::Cancelled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_into_the_shop_is_fetched_once_more_and_never_again() {
    let options = SandboxOptions { records: Some(300), ..SandboxOptions::default() };
    let modules = BTreeMap::from([(Module::Contacts, settings(Direction::Both, Deletes::Off))]);
    let advanced = Advanced { guard_creates: 10_000, ..Advanced::default() };
    let bench = Bench::with_modules(options, ConflictRule::LastUpdated, modules, advanced).await;
    let (run, _) = counted(&bench).await;
    assert!(run.modules[&Module::Contacts].service.written() > 60, "{run:?}");
    bench.sandbox.advance_clock(Duration::from_secs(7_200));
    let (first, read) = counted(&bench).await;
    bench.sandbox.advance_clock(Duration::from_secs(7_200));
    let (again, quiet) = counted(&bench).await;
    for run in [&first, &again] {
        let counts = &run.modules[&Module::Contacts];
        assert_eq!((counts.vtiger.written(), counts.service.written()), (0, 0), "{run:?}");
        assert!(counts.unchanged > 250, "{run:?}");
    }
    let pages = of(&quiet, "woocommerce GET customers");
    assert!(pages < of(&read, "woocommerce GET customers"), "{read:?} {quiet:?}");
    // Skipped people are still looked at, in one piece at most.
    assert!(pages <= 300_u64.div_ceil(PAGE) + 2, "{quiet:?}");
}

/// What the next sync after a rest asks the shop for, beyond the pages of its customers.
async fn fetched(bench: &Bench) -> (Run, u64) {
    bench.sandbox.advance_clock(Duration::from_secs(7_200));
    let (run, requests) = counted(bench).await;
    let customers = bench.sandbox.woo("GET", "customers?per_page=100&role=all&page=1", &json!({}));
    let shown = customers.1.as_array().unwrap().len() as u64;
    assert!(shown < PAGE, "one page shows all of them: {shown}");
    (run, of(&requests, "woocommerce GET customers") - 1)
}

fn rename(bench: &Bench, id: u64, last_name: &str) {
    let name = json!({ "last_name": last_name, "billing": { "last_name": last_name } });
    assert_eq!(bench.sandbox.woo("PUT", &format!("customers/{id}"), &name).0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_skipped_is_not_fetched_before_it_changes() {
    let bench = shop_and_empty_crm(100, Duration::ZERO).await;
    for id in 10..20 {
        rename(&bench, id, "");
    }
    let (run, _) = counted(&bench).await;
    let skipped = bench.items(&run, Module::Contacts, Side::Vtiger, ItemStatus::Skipped);
    assert!(skipped.len() >= 10, "{run:?}");
    // They were edited just now; from the second look on, their stamps tell.
    fetched(&bench).await;
    let (quiet, more) = fetched(&bench).await;
    assert_eq!(more, 0, "{quiet:?}");
    rename(&bench, 14, "Found");
    let (run, more) = fetched(&bench).await;
    let counts = &run.modules[&Module::Contacts];
    assert_eq!((more, counts.vtiger.created, counts.vtiger.skipped), (1, 1, 0), "{run:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_old_to_be_synced_is_not_fetched() {
    let bench = shop_and_empty_crm(100, Duration::ZERO).await;
    let mut connector = bench.store.read_blocking(|r| r.connectors()).unwrap().remove(0);
    connector.sync_from = SyncFrom { asked: "now".into(), from: Some(Stamp::now()) };
    bench.store.commit(Change::PutConnector(Box::new(connector)).into()).await.unwrap();
    bench.sandbox.advance_clock(Duration::from_secs(60));
    for id in 10..13 {
        rename(&bench, id, "Young");
    }
    let (run, _) = counted(&bench).await;
    assert_eq!(run.modules[&Module::Contacts].vtiger.created, 3, "{run:?}");
    fetched(&bench).await;
    let (quiet, more) = fetched(&bench).await;
    assert_eq!((more, quiet.modules[&Module::Contacts].vtiger.written()), (0, 0), "{quiet:?}");
    rename(&bench, 13, "Younger");
    let (run, more) = fetched(&bench).await;
    assert_eq!((more, run.modules[&Module::Contacts].vtiger.created), (1, 1), "{run:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_nowhere_to_go_is_not_fetched_but_found() {
    let options = SandboxOptions { records: Some(80), ..SandboxOptions::default() };
    let modules =
        BTreeMap::from([(Module::Contacts, settings(Direction::ToService, Deletes::Off))]);
    let advanced = Advanced { guard_creates: 10_000, ..Advanced::default() };
    let bench = Bench::with_modules(options, ConflictRule::LastUpdated, modules, advanced).await;
    let (run, _) = counted(&bench).await;
    assert!(run.modules[&Module::Contacts].linked > 10, "{run:?}");
    // Several contacts with one address are compared with the customer by every sync.
    let skips = bench.store.read_blocking(|r| r.skips_after(1, Module::Contacts, None, 500));
    for skip in skips.unwrap() {
        assert_eq!(skip.side, Side::Vtiger, "of the shop nothing travels: {skip:?}");
        bench.sandbox.vtiger("delete", &[("id", &skip.id)]);
    }
    for _ in 0..2 {
        fetched(&bench).await;
    }
    let (quiet, more) = fetched(&bench).await;
    assert_eq!(more, 0, "{quiet:?}");

    // A contact with the address of a customer that was passed over becomes its partner.
    let customers = bench.sandbox.woo("GET", "customers?per_page=100&role=all", &json!({})).1;
    let linked = bench.store.read_blocking(|r| r.links_after(1, Module::Contacts, None, 500));
    let linked: Vec<String> = linked.unwrap().into_iter().map(|link| link.service_id).collect();
    let alone = customers.as_array().unwrap().iter().find(|customer| {
        customer["role"] == "customer" && !linked.contains(&customer["id"].to_string())
    });
    let alone = alone.unwrap();
    let contact = json!({
        "lastname": "Twin", "email": alone["email"], "assigned_user_id": "19x1",
    });
    let element = contact.to_string();
    let fields = [("elementType", "Contacts"), ("element", element.as_str())];
    let made = bench.sandbox.vtiger("create", &fields);
    assert_eq!(made["success"], json!(true), "{made}");
    let before = bench.sandbox.deeds();
    let (run, _) = fetched(&bench).await;
    let counts = &run.modules[&Module::Contacts];
    assert_eq!((counts.linked, counts.service.created), (1, 0), "{run:?}");
    let created =
        |deeds: &BTreeMap<String, u64>| deeds.get("woocommerce customers created").copied();
    assert_eq!(created(&before), created(&bench.sandbox.deeds()));
    let link = bench.store.read_blocking({
        let id = alone["id"].to_string();
        move |r| r.link_by_service(1, Module::Contacts, &id)
    });
    assert_eq!(link.unwrap().unwrap().vtiger_id, made["result"]["id"].as_str().unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deletes_are_confirmed_together_and_read_again_ten_at_a_time() {
    let modules =
        BTreeMap::from([(Module::Contacts, settings(Direction::ToVtiger, Deletes::Carry))]);
    let options =
        SandboxOptions { records: Some(600), empty_crm: true, ..SandboxOptions::default() };
    let advanced = Advanced { guard_creates: 10_000, ..Advanced::default() };
    let bench = Bench::with_modules(options, ConflictRule::LastUpdated, modules, advanced).await;
    for _ in 0..3 {
        counted(&bench).await;
        bench.sandbox.advance_clock(Duration::from_secs(7_200));
    }
    let (_, quiet) = counted(&bench).await;
    let read = |r: &Reader| r.links_after(1, Module::Contacts, None, 25);
    let links = bench.store.read_blocking(read).unwrap();
    for link in &links {
        let path = format!("customers/{}?force=true", link.service_id);
        assert_eq!(bench.sandbox.woo("DELETE", &path, &json!(null)).0, 200);
    }
    let (run, requests) = counted(&bench).await;
    assert_eq!(run.modules[&Module::Contacts].vtiger.deleted, 25, "{run:?}");
    assert_eq!(of(&requests, "vtiger delete"), 25, "{requests:?}");
    let more = |name: &str| of(&requests, name) - of(&quiet, name);
    // In the shop: whether they are gone, when they are missed, when it is decided what becomes of
    // them, and before each ten.
    assert!(more("woocommerce GET customers") <= 2 + 3, "{quiet:?} {requests:?}");
    // In Vtiger: what they hold, and what their companies are called.
    assert!(more("vtiger query") <= 2 * (1 + 3), "{quiet:?} {requests:?}");
}

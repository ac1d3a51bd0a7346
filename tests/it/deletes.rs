//! Deletes on both sides: found the way each API allows, confirmed by id, carried over only where
//! that was set, and every number is the effect on the other side.

use crate::sandbox_sync::{Bench, plain, written};
use serde_json::{Value, json};
use syncdeck::engine::SyncMode;
use syncdeck::model::{
    ConflictRule, Counts, Deletes, Direction, ItemStatus, Module, ReasonCode, Run, RunStatus, Side,
};
use syncdeck::sandbox::WooKey;
use syncdeck::store::Change;

const CARRY: Deletes = Deletes::Carry;

/// Both systems in step, with everything linked that can be.
async fn in_step(deletes: Deletes) -> Bench {
    let bench = Bench::new(60, ConflictRule::LastUpdated, Direction::Both, deletes).await;
    bench.sync(SyncMode::Sync).await;
    bench
}

async fn next(bench: &Bench) -> Run {
    let run = bench.sync(SyncMode::Sync).await;
    assert_eq!(run.status, RunStatus::Completed, "{:?}", run.error);
    run
}

/// Insists that the next run writes nothing and decides nothing.
async fn is_quiet(bench: &Bench) {
    let before = bench.writes();
    let run = next(bench).await;
    let skipped: u64 = run.modules.values().map(|m| m.vtiger.skipped + m.service.skipped).sum();
    let waiting: u64 = run.modules.values().map(|m| m.waiting).sum();
    assert_eq!((written(&run), skipped, waiting), (0, 0, 0), "{run:?}");
    assert_eq!(bench.writes(), before);
}

fn counts(run: &Run, module: Module, side: Side) -> Counts {
    *run.modules[&module].side(side)
}

impl Bench {
    fn woo_status(&self, path: &str) -> u16 {
        self.sandbox.woo("GET", path, &Value::Null).0
    }

    fn delete_in_vtiger(&self, id: &str) {
        assert_eq!(self.sandbox.vtiger("delete", &[("id", id)])["success"], json!(true));
    }

    /// Deletes in the shop; for good, or into the trash.
    fn delete_in_shop(&self, path: &str, for_good: bool) {
        let path = if for_good { format!("{path}?force=true") } else { path.to_owned() };
        let (status, answer) = self.sandbox.woo("DELETE", &path, &Value::Null);
        assert_eq!(status, 200, "{answer}");
    }

    fn is_linked(&self, module: Module, vtiger_id: &str) -> bool {
        self.store.read_blocking(|r| r.link_by_vtiger(1, module, vtiger_id)).unwrap().is_some()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_deleted_for_good_is_deleted_in_vtiger() {
    let bench = in_step(CARRY).await;
    let (contact, customer) = bench.first_link(Module::Contacts);
    bench.delete_in_shop(&format!("customers/{customer}"), true);
    let run = next(&bench).await;
    assert_eq!(counts(&run, Module::Contacts, Side::Vtiger).deleted, 1, "{run:?}");
    let items = bench.items(&run, Module::Contacts, Side::Vtiger, ItemStatus::Deleted);
    assert_eq!((items.len(), items[0].vtiger_id.as_str()), (1, contact.as_str()));
    assert_eq!(bench.vtiger(&contact), Value::Null);
    assert!(!bench.is_linked(Module::Contacts, &contact));
    is_quiet(&bench).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_product_trashed_or_deleted_for_good_is_deleted_in_vtiger() {
    for for_good in [false, true] {
        let bench = in_step(CARRY).await;
        let (product, item) = bench.first_link(Module::Products);
        bench.delete_in_shop(&format!("products/{item}"), for_good);
        let run = next(&bench).await;
        assert_eq!(counts(&run, Module::Products, Side::Vtiger).deleted, 1, "{for_good}: {run:?}");
        assert_eq!(bench.vtiger(&product), Value::Null, "{for_good}");
        is_quiet(&bench).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_deleted_in_vtiger_go_from_the_shop_into_its_trash_where_there_is_one() {
    let bench = in_step(CARRY).await;
    let (contact, customer) = bench.first_link(Module::Contacts);
    let (product, item) = bench.first_link(Module::Products);
    bench.delete_in_vtiger(&contact);
    bench.delete_in_vtiger(&product);
    let run = next(&bench).await;
    assert_eq!(counts(&run, Module::Contacts, Side::Service).deleted, 1, "{run:?}");
    assert_eq!(counts(&run, Module::Products, Side::Service).deleted, 1, "{run:?}");
    assert_eq!(bench.woo_status(&format!("customers/{customer}")), 404);
    assert_eq!(bench.shop(&format!("products/{item}"))["status"], json!("trash"));
    is_quiet(&bench).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_product_restored_from_the_trash_is_there_once_on_both_sides() {
    for deletes in [Deletes::Off, CARRY] {
        let bench = in_step(deletes).await;
        let (product, item) = bench.first_link(Module::Products);
        let name = bench.vtiger(&product)["productname"].as_str().unwrap().to_owned();
        bench.delete_in_shop(&format!("products/{item}"), false);
        next(&bench).await;
        bench.sandbox.advance_clock(std::time::Duration::from_secs(60));
        let path = format!("products/{item}");
        let (status, _) = bench.sandbox.woo("PUT", &path, &json!({"status": "publish"}));
        assert_eq!(status, 200);
        let run = next(&bench).await;
        let created = counts(&run, Module::Products, Side::Vtiger).created;
        assert_eq!(created, u64::from(deletes == CARRY), "{deletes:?} {run:?}");
        let query = format!("select id from Products where productname = '{name}';");
        let found = bench.sandbox.vtiger("query", &[("query", &query)]);
        assert_eq!(found["result"].as_array().map(Vec::len), Some(1), "{deletes:?} {found}");
        let links = bench.store.read_blocking(|r| r.link_by_service(1, Module::Products, &item));
        assert!(links.unwrap().is_some(), "{deletes:?}");
        is_quiet(&bench).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_beats_a_delete() {
    let bench = in_step(CARRY).await;
    let (contact, customer) = bench.first_link(Module::Contacts);
    let path = format!("customers/{customer}");
    bench.delete_in_vtiger(&contact);
    bench.sandbox.advance_clock(std::time::Duration::from_secs(60));
    bench.sandbox.woo("PUT", &path, &json!({"billing": {"city": "Győr"}}));
    let run = next(&bench).await;
    assert_eq!(counts(&run, Module::Contacts, Side::Service).deleted, 0, "{run:?}");
    assert_eq!(counts(&run, Module::Contacts, Side::Vtiger).created, 1, "{run:?}");
    assert_eq!(bench.woo_status(&path), 200);
    let link = bench.store.read_blocking(|r| r.link_by_service(1, Module::Contacts, &customer));
    let again = link.unwrap().unwrap().vtiger_id;
    assert_ne!(again, contact);
    assert_eq!(bench.vtiger(&again)["mailingcity"], json!("Győr"));
    is_quiet(&bench).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_gone_on_both_sides_is_forgotten_and_not_counted() {
    let bench = in_step(CARRY).await;
    let (contact, customer) = bench.first_link(Module::Contacts);
    let (product, item) = bench.first_link(Module::Products);
    bench.delete_in_vtiger(&contact);
    bench.delete_in_shop(&format!("customers/{customer}"), true);
    bench.delete_in_vtiger(&product);
    bench.delete_in_shop(&format!("products/{item}"), false);
    let run = next(&bench).await;
    assert_eq!(written(&run), 0, "{run:?}");
    assert!(!bench.is_linked(Module::Contacts, &contact));
    assert!(!bench.is_linked(Module::Products, &product));
    is_quiet(&bench).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_manager_may_not_delete_customers_and_that_is_told_once() {
    let bench = in_step(CARRY).await;
    let keys = bench.sandbox.woo_credentials(WooKey::ShopManager);
    let mut connector = bench.store.read_blocking(|r| r.connector(1)).unwrap().unwrap();
    connector.credentials.insert("consumer_key".into(), plain(&keys.consumer_key));
    connector.credentials.insert("consumer_secret".into(), plain(&keys.consumer_secret));
    bench.store.commit(Change::PutConnector(Box::new(connector)).into()).await.unwrap();
    let (contact, customer) = bench.first_link(Module::Contacts);
    bench.delete_in_vtiger(&contact);
    let run = next(&bench).await;
    let told = counts(&run, Module::Contacts, Side::Service);
    assert_eq!((told.deleted, told.skipped), (0, 1), "{run:?}");
    assert_eq!(run.modules[&Module::Contacts].waiting, 0, "{run:?}");
    let items = bench.items(&run, Module::Contacts, Side::Service, ItemStatus::Skipped);
    let reason = items[0].reason.as_ref().unwrap();
    assert_eq!(reason.code, ReasonCode::DeleteNotCarriedOver);
    println!("{} {}", reason.text, reason.next);
    assert!(!reason.next.is_empty());
    assert_eq!(bench.woo_status(&format!("customers/{customer}")), 200);
    is_quiet(&bench).await;
    // It does not come back to Vtiger, whatever happens to the customer.
    bench.sandbox.advance_clock(std::time::Duration::from_secs(60));
    let path = format!("customers/{customer}");
    bench.sandbox.woo("PUT", &path, &json!({"billing": {"city": "Győr"}}));
    is_quiet(&bench).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_way_deletes_go_only_that_way() {
    let bench = Bench::new(60, ConflictRule::LastUpdated, Direction::ToVtiger, CARRY).await;
    bench.sync(SyncMode::Sync).await;
    let (contact, customer) = bench.first_link(Module::Contacts);
    bench.delete_in_vtiger(&contact);
    let run = next(&bench).await;
    assert_eq!(counts(&run, Module::Contacts, Side::Service).deleted, 0, "{run:?}");
    assert_eq!(bench.woo_status(&format!("customers/{customer}")), 200);
    is_quiet(&bench).await;
}

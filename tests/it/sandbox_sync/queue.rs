//! What a person does with the queue, and what the next sync makes of it, over real HTTP.

use super::{Bench, settings, written};
use serde_json::json;
use std::time::Duration;
use syncdeck::engine::queue::{Act, Entry, QueueAt, Select, State, page};
use syncdeck::engine::{SyncError, SyncMode};
use syncdeck::model::{
    ConflictRule, Deletes, Direction, ItemStatus, LinkOrigin, Module, ReasonCode, RunStatus, Side,
    Verdict,
};
use syncdeck::store::Came;

const M: Module = Module::Contacts;
const KEY: &str = "twice@queue.example";

impl Bench {
    async fn in_step(rule: ConflictRule) -> Self {
        let bench = Self::new(40, rule, Direction::Both, Deletes::Off).await;
        let run = bench.sync(SyncMode::Sync).await;
        assert_eq!(run.status, RunStatus::Completed, "{:?}", run.error);
        bench
    }

    fn contact(&self, last: &str, city: &str) -> String {
        let element = json!({
            "firstname": "Ada", "lastname": last, "email": KEY, "mailingcity": city,
            "assigned_user_id": "19x1",
        });
        let pairs = [("elementType", "Contacts"), ("element", &element.to_string())];
        let answer = self.sandbox.vtiger("create", &pairs);
        answer["result"]["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    fn customer(&self, city: &str) -> String {
        let body = json!({
            "email": KEY, "first_name": "Ada", "last_name": "Lovelace",
            "billing": {"first_name": "Ada", "last_name": "Lovelace", "city": city, "email": KEY},
        });
        let (status, answer) = self.sandbox.woo("POST", "customers", &body);
        assert_eq!(status, 201, "{answer}");
        answer["id"].to_string()
    }

    /// Two contacts and a customer with one key; the sync leaves them to a person.
    async fn ambiguous(&self) -> (String, String, String) {
        let (one, two) = (self.contact("Lovelace", "London"), self.contact("King", "Ockham"));
        let customer = self.customer("Paris");
        let run = self.sync(SyncMode::Sync).await;
        assert_eq!(written(&run), 0, "{run:?}");
        assert_eq!(run.modules[&M].vtiger.skipped, 1, "{run:?}");
        assert_eq!(run.modules[&M].service.skipped, 2, "{run:?}");
        (one, two, customer)
    }

    fn queue(&self, select: &Select) -> Vec<Entry> {
        let mut all = Vec::new();
        let mut at = QueueAt::default();
        loop {
            let from = at.clone();
            let page = self.store.read_blocking(|r| page(r, 1, select, from, 7)).unwrap();
            all.extend(page.entries);
            match page.next {
                Some(next) => at = next,
                None => return all,
            }
        }
    }

    fn of(&self, id: &str) -> Vec<Entry> {
        self.queue(&Select { id: Some(id.into()), ..Select::default() })
    }
}

fn why(error: SyncError) -> String {
    match error {
        SyncError::Busy(error) | SyncError::Failed(error) => error.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ambiguous_record_names_its_candidates_and_is_linked_to_one_by_hand() {
    let bench = Bench::in_step(ConflictRule::Service).await;
    let (one, two, customer) = bench.ambiguous().await;
    let entry = bench.of(&customer).pop().unwrap();
    let ids: Vec<_> = entry.candidates().iter().map(|c| c.id.as_str()).collect();
    assert_eq!(ids, [one.as_str(), two.as_str()]);
    assert!(entry.candidates()[1].name.contains("King") && entry.is_undecided(), "{entry:?}");
    assert!(entry.text().contains(&two), "{}", entry.text());

    let preview = bench.engine.link_records(1, M, &two, &customer, true).await.unwrap();
    let city = preview.differences.iter().find(|d| d.field == "mailingcity").unwrap();
    assert_eq!((city.vtiger.as_str(), city.service.as_str()), ("Ockham", "Paris"));
    assert_eq!(city.written, Some(Side::Vtiger));
    assert_eq!(bench.store.read_blocking(|r| r.link_by_vtiger(1, M, &two)).unwrap(), None);

    bench.engine.link_records(1, M, &two, &customer, false).await.unwrap();
    let run = bench.sync(SyncMode::Sync).await;
    assert_eq!(run.status, RunStatus::Completed, "{:?}", run.error);
    assert_eq!(bench.vtiger(&two)["mailingcity"], json!("Paris"));
    assert_eq!(bench.vtiger(&one)["mailingcity"], json!("London"));
    let rows = bench.items(&run, M, Side::Vtiger, ItemStatus::Conflict);
    let lost = rows.iter().filter_map(|i| i.conflict.as_ref()).find(|c| c.field == "mailingcity");
    assert_eq!(lost.unwrap().vtiger, "Ockham");
    let link = bench.store.read_blocking(|r| r.link_by_vtiger(1, M, &two)).unwrap().unwrap();
    assert_eq!((link.origin, link.service_id.as_str()), (LinkOrigin::Person, customer.as_str()));
    // The other contact is told once that its counterpart belongs to somebody else.
    let left = bench.of(&one).pop().unwrap();
    assert_eq!(left.reason().unwrap().code, ReasonCode::DuplicateInSource);
    let quiet = bench.sync(SyncMode::Sync).await;
    assert_eq!(written(&quiet), 0, "{quiet:?}");

    let linked = bench.engine.link_records(1, M, &one, &customer, false).await.unwrap_err();
    assert!(why(linked).contains(&two));
    let gone = bench.engine.link_records(1, M, &one, "987654", false).await.unwrap_err();
    assert!(why(gone).contains("987654"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_is_created_new_only_because_a_person_says_so() {
    let bench = Bench::in_step(ConflictRule::LastUpdated).await;
    let (one, two, customer) = bench.ambiguous().await;
    bench.engine.create_new(1, M, None, &customer).await.unwrap();
    let run = bench.sync(SyncMode::Sync).await;
    assert_eq!(run.status, RunStatus::Completed, "{:?}", run.error);
    assert_eq!((written(&run), run.modules[&M].vtiger.created), (1, 1), "{run:?}");
    let link = bench.store.read_blocking(|r| r.link_by_service(1, M, &customer)).unwrap().unwrap();
    assert!(![one.as_str(), two.as_str()].contains(&link.vtiger_id.as_str()));
    assert_eq!(bench.of(&customer), []);
    let quiet = bench.sync(SyncMode::Sync).await;
    assert_eq!(written(&quiet), 0, "{quiet:?}");
    // A shop refuses a second customer with the same address: told, and asked again.
    bench.engine.create_new(1, M, None, &one).await.unwrap();
    let run = bench.sync(SyncMode::Sync).await;
    assert_eq!((written(&run), run.modules[&M].service.skipped), (0, 1), "{run:?}");
    assert_eq!(bench.of(&one).pop().unwrap().decided(), None);
    let refused = bench.engine.create_new(1, M, None, &link.vtiger_id).await.unwrap_err();
    assert!(why(refused).contains("not left to a decision"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_is_left_out_never_travels_until_it_is_taken_in() {
    let bench = Bench::in_step(ConflictRule::LastUpdated).await;
    let (one, two, customer) = bench.ambiguous().await;
    bench.engine.leave_out(1, M, None, &one, "An old twin.").await.unwrap();
    let run = bench.sync(SyncMode::Sync).await;
    assert_eq!(run.modules[&M].linked, 1, "{run:?}");
    let link = bench.store.read_blocking(|r| r.link_by_service(1, M, &customer)).unwrap().unwrap();
    assert_eq!(link.vtiger_id, two);
    bench.revise(json!({"mailingcity": "Elsewhere"}), &one);
    bench.engine.queue_all(1, M).await.unwrap();
    let quiet = bench.sync(SyncMode::Sync).await;
    assert_eq!((written(&quiet), quiet.modules[&M].service.skipped), (0, 0), "{quiet:?}");
    let entry = bench.of(&one).pop().unwrap();
    assert_eq!(entry.decided().unwrap().verdict, Verdict::Never);
    assert!(entry.text().contains("An old twin."), "{}", entry.text());

    // A linked pair rests as long as one of its ends is left out.
    bench.engine.leave_out(1, M, Some(Side::Service), &customer, "").await.unwrap();
    bench.revise(json!({"mailingcity": "Torquay"}), &two);
    assert_eq!(written(&bench.sync(SyncMode::Sync).await), 0);
    bench.engine.take_in(1, M, None, &customer).await.unwrap();
    let run = bench.sync(SyncMode::Sync).await;
    assert_eq!(run.modules[&M].service.updated, 1, "{run:?}");
    assert_eq!(bench.shop(&format!("customers/{customer}"))["billing"]["city"], json!("Torquay"));
    assert!(bench.engine.take_in(1, M, None, &customer).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_in_a_row_that_rest_do_not_hide_the_one_behind_them() {
    let bench = Bench::new(250, ConflictRule::LastUpdated, Direction::Both, Deletes::Off).await;
    assert_eq!(bench.sync(SyncMode::Sync).await.status, RunStatus::Completed);
    let mut links = bench.store.read_blocking(|r| r.links_after(1, M, None, 1_000)).unwrap();
    // Units come by Vtiger id: the youngest contact is the last.
    links.sort_by_key(|link| link.vtiger_id[3..].parse::<u64>().unwrap());
    let last = links.pop().unwrap();
    assert!(links.len() > 110, "more than a batch: {}", links.len());
    for entry in bench.queue(&Select { module: Some(M), ..Select::default() }) {
        bench.engine.leave_out(1, M, Some(entry.side()), entry.id(), "").await.unwrap();
    }
    for link in &links {
        let id = &link.service_id;
        bench.engine.leave_out(1, M, Some(Side::Service), id, "").await.unwrap();
        bench.revise(json!({"mailingcity": "Elsewhere"}), &link.vtiger_id);
    }
    bench.revise(json!({"mailingcity": "Torquay"}), &last.vtiger_id);
    let run = bench.sync(SyncMode::Sync).await;
    assert_eq!((run.modules[&M].service.updated, written(&run)), (1, 1), "{run:?}");
    let customer = bench.shop(&format!("customers/{}", last.service_id));
    assert_eq!(customer["billing"]["city"], json!("Torquay"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_records_of_a_module_are_compared_again_and_skips_are_tried() {
    let bench = Bench::in_step(ConflictRule::LastUpdated).await;
    let skips = bench.queue(&Select { module: Some(M), ..Select::default() }).len();
    assert!(skips > 0);
    bench.sync(SyncMode::Sync).await;
    bench.engine.queue_all(1, M).await.unwrap();
    let waiting = Select { waiting: Some(true), ..Select::default() };
    let all = bench.queue(&waiting);
    assert_eq!((all.len(), all[0].is_all(), all[0].name()), (1, true, "all Contacts".into()));
    let before: u64 = bench.sandbox.requests().values().sum();
    let preview = bench.sync(SyncMode::Preview).await;
    assert_eq!(bench.queue(&waiting).len(), 1, "a preview leaves it: {preview:?}");
    let run = bench.sync(SyncMode::Sync).await;
    assert_eq!((run.status, written(&run)), (RunStatus::Completed, 0), "{run:?}");
    let links = bench.store.read_blocking(|r| r.link_count(1, M)).unwrap();
    assert_eq!(run.modules[&M].unchanged, 2 * links, "{run:?}");
    assert!(bench.sandbox.requests().values().sum::<u64>() > before);
    assert_eq!(bench.queue(&waiting), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn skips_are_retried_by_reason_and_a_deletion_is_not() {
    let bench = Bench::in_step(ConflictRule::LastUpdated).await;
    let (contact, customer) = bench.first_link(M);
    bench.sandbox.vtiger("delete", &[("id", &contact)]);
    bench.sync(SyncMode::Sync).await;
    let deleted = bench.of(&customer).pop().unwrap();
    assert_eq!(deleted.reason().unwrap().code, ReasonCode::DeleteNotCarriedOver);
    let all = bench.queue(&Select::default());
    let changed = bench.engine.change_queue(1, Select::default(), Act::Retry).await.unwrap();
    assert_eq!(changed.of(Came::Deletion), 1, "{changed:?}");
    assert_eq!(changed.done(), all.len() as u64 - 1, "{changed:?}");
    let run = bench.sync(SyncMode::Sync).await;
    assert_eq!(written(&run), 0, "{run:?}");
    let again: u64 = run.modules.values().map(|m| m.vtiger.skipped + m.service.skipped).sum();
    assert_eq!(again, changed.done(), "{run:?}");
    assert_eq!(bench.queue(&Select::default()).len(), all.len());
    // Only on purpose is it brought back.
    bench.engine.create_new(1, M, None, &customer).await.unwrap();
    let run = bench.sync(SyncMode::Sync).await;
    assert_eq!(run.modules[&M].vtiger.created, 1, "{run:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_record_is_put_into_the_queue_and_taken_out_again() {
    let bench = Bench::in_step(ConflictRule::LastUpdated).await;
    let (contact, _) = bench.first_link(M);
    let (side, name) = bench.engine.queue_record(1, M, None, &contact).await.unwrap();
    assert_eq!(side, Side::Vtiger);
    let entry = bench.of(&contact).pop().unwrap();
    assert!(matches!(&entry.state, State::Waiting(parked) if parked.name == name));
    assert_eq!(entry.cause(), "added by hand");
    let run = bench.sync(SyncMode::Sync).await;
    assert_eq!(written(&run), 0, "{run:?}");
    assert_eq!(bench.of(&contact), []);
    bench.engine.queue_record(1, M, None, &contact).await.unwrap();
    let select = Select { id: Some(contact.clone()), ..Select::default() };
    let changed = bench.engine.change_queue(1, select, Act::Drop).await.unwrap();
    assert_eq!((changed.done(), bench.of(&contact)), (1, vec![]));
    let missing = bench.engine.queue_record(1, M, None, "12x99999").await.unwrap_err();
    assert!(why(missing).contains("12x99999"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_are_set_only_while_no_sync_runs() {
    let bench = Bench::in_step(ConflictRule::LastUpdated).await;
    let (_, two, customer) = bench.ambiguous().await;
    let lock = std::fs::read_dir(bench.store.folder().join("locks")).unwrap();
    let lock = lock.map(|entry| entry.unwrap().path()).next().unwrap();
    let holder = std::fs::File::options().write(true).open(lock).unwrap();
    holder.lock().unwrap();
    let busy = bench.engine.link_records(1, M, &two, &customer, false).await;
    assert!(matches!(busy, Err(SyncError::Busy(_))), "{busy:?}");
    // What does not depend on the run is possible all the same.
    bench.engine.leave_out(1, M, None, &customer, "").await.unwrap();
    bench.engine.link_records(1, M, &two, &customer, true).await.unwrap();
    drop(holder);
    tokio::time::sleep(Duration::from_millis(10)).await;
    bench.engine.link_records(1, M, &two, &customer, false).await.unwrap();
    assert_eq!(bench.of(&customer).len(), 1, "linked by hand, it is not left out any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_module_that_goes_one_way_creates_nothing_on_its_source() {
    let bench = Bench::in_step(ConflictRule::LastUpdated).await;
    let (one, ..) = bench.ambiguous().await;
    let mut connector = bench.store.read_blocking(|r| r.connector(1)).unwrap().unwrap();
    connector.modules.insert(M, settings(Direction::ToVtiger, Deletes::Off));
    let put = syncdeck::store::Change::PutConnector(Box::new(connector));
    bench.store.commit(put.into()).await.unwrap();
    let refused = bench.engine.create_new(1, M, None, &one).await.unwrap_err();
    assert!(why(refused).contains("direction"));
}

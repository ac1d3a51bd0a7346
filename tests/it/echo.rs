//! One customer is a contact, a lead and an organization. A customer whom SyncDeck has made from a
//! contact of the CRM does not come back as the other two, whatever happens in between; one who
//! registered in the shop does.

use crate::magento::{self, Bench};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use syncdeck::engine::{SyncMode, SyncRequest};
use syncdeck::model::{Direction, Link, LinkOrigin, Module, RunStatus, Trigger};
use syncdeck::sandbox::{SandboxOptions, VtigerRelease};

async fn bench(records: u64) -> Bench {
    let vtiger = VtigerRelease::Cloud;
    let options = SandboxOptions { records: Some(records), vtiger, ..SandboxOptions::default() };
    let people = [Module::Organizations, Module::Contacts, Module::Leads];
    Bench::with(options, Direction::Both, &people).await
}

fn links(bench: &Bench, module: Module) -> Vec<Link> {
    bench.store.read_blocking(|r| r.links_after(1, module, None, 10_000)).unwrap()
}

/// The customers that were made from contacts, and the others.
fn customers(bench: &Bench) -> [BTreeSet<String>; 2] {
    let all = links(bench, Module::Contacts);
    let (sent, other): (Vec<Link>, Vec<Link>) =
        all.into_iter().partition(|link| link.origin == LinkOrigin::Sent);
    [sent, other].map(|links| links.into_iter().map(|link| link.service_id).collect())
}

/// The names of the organizations and leads in the CRM.
fn in_the_crm(bench: &Bench, entity: &str, field: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut after = "1x0".to_owned();
    loop {
        let query =
            format!("select {field} from {entity} where id > '{after}' order by id limit 100;");
        let answer = bench.sandbox.vtiger("query", &[("query", &query)]);
        let rows = answer["result"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
        names.extend(rows.iter().filter_map(|row| row[field].as_str().map(str::to_owned)));
        match rows.last() {
            Some(last) if rows.len() == 100 => after = last["id"].as_str().unwrap().to_owned(),
            _ => return names,
        }
    }
}

fn edit(bench: &Bench, customer: &str, change: Value) {
    let path = format!("customers/{customer}");
    let (status, answer) = bench.sandbox.magento("PUT", &path, &json!({ "customer": change }));
    assert_eq!(status, 200, "{answer}");
}

/// No customer that was sent is a lead or an organization; all others are leads.
fn check(bench: &Bench) {
    let [sent, others] = customers(bench);
    let leads: BTreeSet<String> =
        links(bench, Module::Leads).into_iter().map(|link| link.service_id).collect();
    assert_eq!(leads.intersection(&sent).count(), 0, "leads nobody asked for");
    assert_eq!(others.difference(&leads).count(), 0, "leads that are missing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_made_from_a_contact_does_not_come_back_as_lead_and_organization() {
    let bench = bench(100).await;
    let first = bench.sync().await;
    assert!(first.modules[&Module::Contacts].service.created > 5, "{:?}", first.modules);
    check(&bench);
    let before = ["Leads", "Accounts"].map(|entity| {
        in_the_crm(&bench, entity, if entity == "Leads" { "lastname" } else { "accountname" })
    });
    for _ in 0..2 {
        let again = bench.sync().await;
        assert_eq!(magento::written(&again), 0, "{:?}", again.modules);
        for (module, counts) in &again.modules {
            assert_eq!(counts.vtiger.skipped + counts.waiting, 0, "{module}: {counts:?}");
        }
    }
    // One that was sent is edited in the shop: its contact follows, and nothing else comes of it.
    let [sent, others] = customers(&bench);
    edit(&bench, sent.first().unwrap(), json!({"lastname": "Renamed-Ours"}));
    edit(&bench, others.first().unwrap(), json!({"lastname": "Renamed-Theirs"}));
    let run = bench.sync().await;
    assert_eq!(run.modules[&Module::Contacts].vtiger.updated, 2, "{:?}", run.modules);
    assert_eq!(run.modules[&Module::Leads].vtiger.updated, 1, "{:?}", run.modules);
    assert_eq!(run.modules[&Module::Leads].vtiger.created, 0, "{:?}", run.modules);
    check(&bench);
    let names = in_the_crm(&bench, "Accounts", "accountname");
    assert!(!names.iter().any(|name| name.contains("Renamed-Ours")), "{names:?}");
    let leads = in_the_crm(&bench, "Leads", "lastname");
    assert_eq!(leads.difference(&before[0]).collect::<Vec<_>>(), ["Renamed-Theirs"]);
    // Everything is taken anew: still nobody asked for them.
    bench.engine.queue_all(1, Module::Leads).await.unwrap();
    bench.engine.queue_all(1, Module::Organizations).await.unwrap();
    let run = bench.sync().await;
    assert_eq!(magento::written(&run), 0, "{:?}", run.modules);
    check(&bench);
    // Somebody asks for one.
    let id = sent.last().unwrap();
    bench.engine.queue_record(1, Module::Leads, None, id).await.unwrap();
    let run = bench.sync().await;
    assert_eq!(run.modules[&Module::Leads].vtiger.created, 1, "{:?}", run.modules);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_when_the_answer_to_its_create_was_lost() {
    let bench = bench(60).await;
    bench.sandbox.set_faults(&["magento:reset-after=25%".parse().unwrap()]);
    let mut open = Vec::new();
    for _ in 0..6 {
        bench.try_sync().await;
        let intents = bench.store.read_blocking(|r| r.intents(1)).unwrap();
        open = intents.into_iter().filter(|(module, _)| *module == Module::Contacts).collect();
        if !open.is_empty() {
            break;
        }
    }
    assert!(!open.is_empty(), "no answer was lost");
    bench.sandbox.set_faults(&[]);
    // Only the leads are synced: what was made of contacts has to be known all the same.
    let modules = vec![Module::Leads];
    let request = SyncRequest { trigger: Trigger::Manual, modules, mode: SyncMode::Accept };
    let run = bench.engine.sync(1, request).await.unwrap();
    assert_eq!(run.status, RunStatus::Completed, "{:?}", run.error);
    let [sent, _] = customers(&bench);
    assert!(!sent.is_empty());
    let intents = bench.store.read_blocking(|r| r.intents(1)).unwrap();
    assert!(intents.iter().all(|(module, _)| *module != Module::Contacts), "{intents:?}");
    check_no_echo(&bench);
    bench.sync().await;
    bench.sync().await;
    check(&bench);
    let run = bench.sync().await;
    assert_eq!(magento::written(&run), 0, "{:?}", run.modules);
}

fn check_no_echo(bench: &Bench) {
    let [sent, _] = customers(bench);
    let leads = links(bench, Module::Leads);
    assert!(!leads.iter().any(|link| sent.contains(&link.service_id)));
}

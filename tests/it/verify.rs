//! Links checked against both sides: what is wrong is found, and nothing is changed.

use crate::cli::bench::{Deck, Sandbox, Settings};
use crate::cli::systems::CrmUser;
use crate::sandbox_sync::Bench;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use syncdeck::engine::{LinkFinding, Problem, SyncMode};
use syncdeck::model::{ConflictRule, Deletes, Direction, Link, Module, Side};
use tokio_util::sync::CancellationToken;

async fn findings(bench: &Bench, modules: &[Module]) -> BTreeMap<String, LinkFinding> {
    let before = bench.writes();
    let verified = bench.engine.verify_links(1, modules, CancellationToken::new()).await.unwrap();
    assert_eq!(bench.writes(), before);
    for module in &verified {
        let there = bench.store.read_blocking(|r| r.link_count(1, module.module)).unwrap();
        assert_eq!((module.links, &module.unavailable), (there, &None), "{}", module.module);
    }
    let all = verified.into_iter().flat_map(|module| module.findings);
    all.map(|finding| (finding.vtiger_id.clone(), finding)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_of_trouble_is_found_and_the_next_sync_mends_it() {
    let bench = Bench::new(150, ConflictRule::LastUpdated, Direction::Both, Deletes::Carry).await;
    bench.sync(SyncMode::Sync).await;
    assert_eq!(findings(&bench, &[]).await, BTreeMap::new());
    let links = |module| bench.store.read_blocking(|r| r.links_after(1, module, None, 9)).unwrap();
    let (people, products): (Vec<Link>, Vec<Link>) =
        (links(Module::Contacts), links(Module::Products));
    let delete = |id: &str| {
        assert_eq!(bench.sandbox.vtiger("delete", &[("id", id)])["success"], json!(true))
    };
    let shop = |method: &str, path: String, body: Value| {
        let (status, answer) = bench.sandbox.woo(method, &path, &body);
        assert_eq!(status, 200, "{answer}");
    };
    bench.sandbox.advance_clock(Duration::from_secs(60));
    delete(&people[0].vtiger_id);
    shop("DELETE", format!("customers/{}?force=true", people[1].service_id), Value::Null);
    delete(&people[2].vtiger_id);
    shop("DELETE", format!("customers/{}?force=true", people[2].service_id), Value::Null);
    bench.revise(json!({"mailingcity": "Győr"}), &people[3].vtiger_id);
    bench.revise(json!({"email": "somebody.else@example.com"}), &people[4].vtiger_id);
    shop("DELETE", format!("products/{}", products[0].service_id), Value::Null);
    let found = findings(&bench, &[]).await;
    let problem = |link: &Link| found.get(&link.vtiger_id).map(|f| f.problem);
    assert_eq!(problem(&people[0]), Some(Problem::Missing(Side::Vtiger)));
    assert_eq!(problem(&people[1]), Some(Problem::Missing(Side::Service)));
    assert_eq!(problem(&people[2]), Some(Problem::MissingOnBoth));
    assert_eq!(problem(&people[3]), Some(Problem::ValuesDiffer));
    assert_eq!(problem(&people[4]), Some(Problem::KeysDiffer));
    assert_eq!(problem(&products[0]), Some(Problem::Trashed(Side::Service)));
    assert_eq!(found.len(), 6, "{found:#?}");
    let differs = &found[&people[3].vtiger_id].differs;
    assert_eq!((differs.len(), differs[0].vtiger_field.as_str()), (1, "mailingcity"));
    assert_eq!(differs[0].vtiger, "Győr");
    let only = findings(&bench, &[Module::Products]).await;
    assert_eq!(only.keys().collect::<Vec<_>>(), [&products[0].vtiger_id]);
    bench.sync(SyncMode::Accept).await;
    assert_eq!(findings(&bench, &[]).await, BTreeMap::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_company_that_is_gone_is_found() {
    let bench = Bench::new(150, ConflictRule::LastUpdated, Direction::Both, Deletes::Off).await;
    bench.sync(SyncMode::Sync).await;
    let (company, _) = bench.first_link(Module::Organizations);
    bench.sandbox.vtiger("delete", &[("id", &company)]);
    let found = findings(&bench, &[Module::Organizations]).await;
    assert_eq!(found[&company].problem, Problem::Missing(Side::Vtiger));
    assert_eq!(found.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_can_be_stopped() {
    let bench = Bench::new(60, ConflictRule::LastUpdated, Direction::Both, Deletes::Off).await;
    bench.sync(SyncMode::Sync).await;
    let cancel = CancellationToken::new();
    cancel.cancel();
    assert!(bench.engine.verify_links(1, &[], cancel).await.is_err());
    assert!(bench.engine.progress().borrow().is_empty());
}

#[test]
fn the_command_lists_what_it_found_and_tells_by_its_exit_code() {
    let sandbox = Sandbox::start(&["--records", "60"]);
    let deck = Deck::new();
    deck.apply(&Settings::of(&sandbox).text()).exits(0);
    deck.run(&["sync", "shop", "--yes"]).exits(3);
    let fine = deck.run(&["links", "verify", "shop"]).exits(0);
    assert!(fine.out.contains("Every link is fine."), "{fine:?}");
    let checked = deck.run(&["links", "verify", "shop", "--json"]).exits(0).json();
    assert_eq!(checked["findings"], json!([]));
    let item = deck.run(&["records", "1", "--status", "linked", "--module", "contacts", "--json"]);
    let contact = item.exits(0).json()[0]["vtiger_id"].as_str().unwrap().to_owned();
    CrmUser::login(&sandbox).revise(&contact, json!({"mailingcity": "Győr"}));
    let found = deck.run(&["links", "verify", "shop"]).exits(3).out;
    println!("{found}");
    for words in ["mailingcity \"Győr\"", "1 finding", "The next sync brings it in step"] {
        assert!(found.contains(words), "{words}: {found}");
    }
    let found = deck.run(&["links", "verify", "shop", "--module", "contacts", "--json"]).exits(3);
    let found = found.json();
    assert_eq!(found["findings"][0]["problem"], "values_differ", "{found}");
    assert_eq!(found["findings"][0]["vtiger_id"], contact.as_str());
    deck.run(&["links", "verify", "nobody"]).exits(2);
}

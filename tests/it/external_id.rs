//! A field of the CRM that carries the service's id: a create whose answer is lost is found again by
//! it, whatever the record holds by then, and not repeated.

use crate::sandbox_sync::Bench;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use syncdeck::engine::SyncMode;
use syncdeck::model::{Advanced, ConflictRule, Deletes, Direction, Module, RunStatus};
use syncdeck::sandbox::SandboxOptions;

/// Module, entity, the field, and the key by which records are recognised otherwise.
const FIELDS: [(Module, &str, &str, &str); 2] = [
    (Module::Contacts, "Contacts", "cf_851", "email"),
    (Module::Products, "Products", "cf_861", "productcode"),
];

/// The CRM's records that carry an id: record by id, those that carry one twice among them.
fn carriers(bench: &Bench, entity: &str, field: &str) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    loop {
        let after = all.last().map_or("1x0".to_owned(), |(id, _)| id.clone());
        let query =
            format!("select id,{field} from {entity} where id > '{after}' order by id limit 100;");
        let answer = bench.sandbox.vtiger("query", &[("query", &query)]);
        let rows = answer["result"].as_array().unwrap().clone();
        let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        all.extend(rows.iter().map(|row| (text(row, "id"), text(row, field))));
        if rows.len() < 100 {
            all.retain(|(_, carried)| !carried.is_empty());
            return all;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_whose_answer_is_lost_is_found_by_the_id_it_carries() {
    let external_id_fields =
        FIELDS.iter().map(|(module, _, field, _)| (*module, (*field).to_owned())).collect();
    let advanced = Advanced { external_id_fields, ..Advanced::default() };
    let options = SandboxOptions { records: Some(90), ..SandboxOptions::default() };
    let (rule, way) = (ConflictRule::LastUpdated, Direction::ToVtiger);
    let bench = Bench::with(options, rule, way, Deletes::Off, advanced).await;
    let seeded: BTreeMap<&str, BTreeSet<String>> = FIELDS
        .iter()
        .map(|(_, entity, field, _)| {
            (*entity, carriers(&bench, entity, field).into_iter().map(|(id, _)| id).collect())
        })
        .collect();
    bench.sandbox.set_faults(&["vtiger:reset-after=10%".parse().unwrap()]);
    let run = bench.sync(SyncMode::Sync).await;
    bench.sandbox.set_faults(&[]);
    println!("{:?} {:?}", run.status, bench.sandbox.faults_given());
    let linked = |module: Module, id: &str| {
        bench.store.read_blocking(|r| r.link_by_vtiger(1, module, id)).unwrap().is_some()
    };
    // What arrived without our knowing it; somebody changes it so much that no key shows it.
    let mut lost = Vec::new();
    for (module, entity, field, key) in FIELDS {
        for (id, carried) in carriers(&bench, entity, field) {
            if !seeded[entity].contains(&id) && !linked(module, &id) {
                let changed = format!("changed.{}@crm.example", id);
                bench.revise(json!({ (key): changed }), &id);
                lost.push((module, id, carried));
            }
        }
    }
    assert!(lost.len() >= 2, "{lost:?}");
    for _ in 0..2 {
        let run = bench.sync(SyncMode::Sync).await;
        assert_eq!(run.status, RunStatus::Completed, "{:?}", run.error);
    }
    for (module, id, carried) in &lost {
        let link = bench.store.read_blocking(|r| r.link_by_service(1, *module, carried)).unwrap();
        assert_eq!(link.map(|link| link.vtiger_id).as_ref(), Some(id), "{module} {carried}");
    }
    for (_, entity, field, _) in FIELDS {
        let ours = carriers(&bench, entity, field);
        let ours: Vec<_> = ours.iter().filter(|(id, _)| !seeded[entity].contains(id)).collect();
        let ids: BTreeSet<&String> = ours.iter().map(|(_, carried)| carried).collect();
        assert_eq!(ids.len(), ours.len(), "{entity}: each id once");
    }
}

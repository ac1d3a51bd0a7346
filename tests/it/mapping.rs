//! The live fields of every service of the sandbox, and what they say to the default mappings.

use serde_json::Value;
use std::sync::Arc;
use syncdeck::catalog::Catalog;
use syncdeck::engine::{Engine, SyncMode, SyncRequest};
use syncdeck::model::{Module, Pair, Side, Stamp, Transform, Trigger};
use syncdeck::sandbox::{self, Sandbox, SandboxOptions, VtigerRelease};
use syncdeck::secrets::Vault;
use syncdeck::settings::{LivePair, apply, live_problems};
use syncdeck::store::Store;

struct House {
    _sandbox: Sandbox,
    store: Store,
    engine: Engine,
    catalog: Arc<Catalog>,
    _folder: tempfile::TempDir,
}

/// Every service of the sandbox, with all its modules.
async fn house() -> House {
    let options = SandboxOptions {
        records: Some(60),
        vtiger: VtigerRelease::Cloud,
        ..SandboxOptions::default()
    };
    let sandbox = sandbox::start(options).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("syncdeck.redb")).unwrap();
    let catalog = Arc::new(Catalog::built_in().unwrap());
    let vault = Vault::open(folder.path()).unwrap();
    let mut text = String::new();
    let credentials = serde_json::to_value(sandbox.credentials()).unwrap();
    let quoted = |value: &Value| toml::Value::from(value.as_str().unwrap()).to_string();
    for (system, values) in credentials.as_object().unwrap() {
        let values = values.as_object().unwrap();
        if system == "vtiger" {
            let lines = values.iter().map(|(name, value)| format!("{name} = {}\n", quoted(value)));
            text.insert_str(0, &format!("[crm]\n{}\n", lines.collect::<String>()));
            continue;
        }
        let Some(service) = catalog.service(system) else { continue };
        let known = values.iter().filter(|(name, _)| service.form.iter().any(|f| f.name == **name));
        let known: Vec<_> = known.map(|(name, v)| format!("{name} = {}", quoted(v))).collect();
        let start = format!("[[connector]]\nname = \"{system}\"\nservice = \"{system}\"\n");
        text.push_str(&format!("{start}credentials = {{ {} }}\n", known.join(", ")));
        for module in service.modules.keys() {
            text.push_str(&format!("[connector.modules.{}]\nenabled = true\n", module.key()));
        }
    }
    apply(&store, &vault, &catalog, &text, "test", None, Stamp::now()).unwrap();
    let engine = Engine::new(store.clone(), vault, catalog.clone());
    House { _sandbox: sandbox, store, engine, catalog, _folder: folder }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_live_fields_have_nothing_against_the_default_mappings() {
    let house = house().await;
    let connectors = house.store.read_blocking(|r| r.connectors()).unwrap();
    assert_eq!(connectors.len(), 4);
    let mut told = Vec::new();
    for connector in connectors {
        let service = house.catalog.service(&connector.service).unwrap();
        for (module, settings) in &connector.modules {
            let live = house.engine.live_fields(connector.id, *module).await.unwrap();
            assert!(!live.infos[0].fields.is_empty(), "{} {module}", connector.name);
            let spec = &service.modules[module];
            assert!(live.samples.iter().any(|s| !s.is_empty()), "{} {module}", connector.name);
            let lines: Vec<_> = spec
                .mapping
                .iter()
                .map(|pair| LivePair {
                    pair,
                    samples: [Side::Vtiger, Side::Service].map(|side| live.sample(pair, side)),
                    own: false,
                })
                .collect();
            let labels = ["Vtiger", service.label.as_str()];
            for (line, _, text) in live_problems(&lines, settings.direction, &live.infos, labels) {
                let line = line.map(|at| spec.mapping[at].vtiger.clone());
                told.push(format!("{} {module} {line:?}: {text}", connector.name));
            }
        }
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_is_tried_on_records_that_are_there() {
    let house = house().await;
    let shop = house.store.read_blocking(|r| r.connector_named("woocommerce")).unwrap().unwrap();
    let mut pair = Pair::new("lastname", "last_name");
    pair.replaces = true;
    pair.transform = vec![Transform::Truncate { length: 2 }];
    let records = || house.engine.try_records(shop.id, Module::Contacts, vec![pair.clone()], &pair);
    let before = records().await.unwrap();
    assert!(
        before.iter().any(|r| r.vtiger.is_some()) && before.iter().any(|r| r.service.is_some())
    );
    assert!(before.iter().all(|r| r.vtiger.is_none() || r.service.is_none()), "nothing is linked");
    let request = SyncRequest {
        trigger: Trigger::Manual,
        modules: vec![Module::Contacts],
        mode: SyncMode::Accept,
    };
    house.engine.sync(shop.id, request).await.unwrap();
    let after = records().await.unwrap();
    let linked = after.iter().find(|r| r.vtiger.is_some() && r.service.is_some()).unwrap();
    assert!(linked.vtiger.as_ref().unwrap().1.get("lastname").is_some());
    assert!(linked.service.as_ref().unwrap().1.get("last_name").is_some());
}

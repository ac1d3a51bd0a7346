//! Connections that cannot work: each failure has its own sentence, and nothing is written.

use super::bench::{Deck, Sandbox, Settings};
use super::systems::CrmUser;
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::TcpListener;

/// A port on which nobody listens.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What `check` and `sync` say of these settings: the sentences of `check` for this target.
fn told(settings: &Settings, target: &str) -> Value {
    let deck = Deck::new();
    deck.apply(&settings.text()).exits(0);
    let reports = deck.run(&["check", "--json"]).exits(1).json();
    let report = reports.as_array().unwrap().iter().find(|r| r["target"] == target).unwrap();
    assert_eq!(report["ok"], false, "{report}");
    let problem = report["problems"][0].clone();
    for part in ["what", "why", "next"] {
        assert!(problem[part].as_str().is_some_and(|text| !text.is_empty()), "{part}: {report}");
    }
    let run = deck.run(&["sync", "shop", "--json"]).exits(1);
    assert!(run.err.contains("error: ") && run.err.contains("next: "), "{run:?}");
    let run = run.json();
    assert_eq!(run["status"], "failed", "{run}");
    for part in ["what", "why", "next"] {
        assert!(run["error"][part].as_str().is_some_and(|text| !text.is_empty()), "{part}: {run}");
    }
    let id = run["run"].to_string();
    assert_eq!(deck.run(&["records", &id, "--json"]).exits(0).json(), serde_json::json!([]));
    for text in [problem.to_string(), run.to_string()] {
        assert!(!text.contains(&settings.access_key) && !text.contains(&settings.consumer_secret));
    }
    problem
}

fn all_different(problems: &[Value]) {
    let sentences: BTreeSet<_> =
        problems.iter().map(|p| format!("{} {}", p["what"], p["why"])).collect();
    assert_eq!(sentences.len(), problems.len(), "{problems:#?}");
}

#[test]
fn each_failure_of_the_crm_has_its_own_sentence() {
    let sandbox = Sandbox::start(&["--records", "10"]);
    let good = || Settings::of(&sandbox);
    let host = sandbox.host();
    let problems = [
        told(&Settings { access_key: "WrongKeyWrongKey".into(), ..good() }, "vtiger"),
        told(&Settings { url: "https://no-such-host.invalid".into(), ..good() }, "vtiger"),
        told(&Settings { url: format!("http://127.0.0.1:{}", closed_port()), ..good() }, "vtiger"),
        told(&Settings { url: format!("http://{host}/vtiger/portal"), ..good() }, "vtiger"),
        told(&Settings { url: format!("http://{host}/elsewhere"), ..good() }, "vtiger"),
    ];
    all_different(&problems);
}

#[test]
fn each_failure_of_the_shop_has_its_own_sentence() {
    let sandbox = Sandbox::start(&["--records", "10"]);
    let crm = CrmUser::login(&sandbox);
    let before = crm.count("Contacts");
    let good = || Settings::of(&sandbox);
    let host = sandbox.host();
    let problems = [
        told(&Settings { consumer_secret: "cs_wrong".into(), ..good() }, "shop"),
        told(&Settings { app_url: "https://no-such-host.invalid".into(), ..good() }, "shop"),
        told(
            &Settings { app_url: format!("http://127.0.0.1:{}", closed_port()), ..good() },
            "shop",
        ),
        told(&Settings { app_url: format!("http://{host}/vtiger"), ..good() }, "shop"),
        told(&Settings { app_url: format!("http://{host}/elsewhere"), ..good() }, "shop"),
    ];
    all_different(&problems);
    assert_eq!(crm.count("Contacts"), before);
}

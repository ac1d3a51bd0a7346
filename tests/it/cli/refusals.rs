//! Connections that cannot work: each failure has its own sentence, and nothing is written.

use super::bench::{Deck, Sandbox, Settings};
use super::systems::CrmUser;
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::PrivateKeyDer;
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::Arc;
use syncdeck::sandbox::{SandboxOptions, WooKey, start};
use tokio_rustls::TlsAcceptor;

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

/// A server whose certificate nobody has signed but itself.
async fn self_signed() -> u16 {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move { acceptor.accept(stream).await.is_ok() });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_nobody_signed_is_told() {
    let port = self_signed().await;
    let sandbox = Sandbox::start(&["--records", "10"]);
    let address = format!("https://localhost:{port}");
    let crm = told(&Settings { url: address.clone(), ..Settings::of(&sandbox) }, "vtiger");
    let shop = told(&Settings { app_url: address, ..Settings::of(&sandbox) }, "shop");
    for problem in [crm, shop] {
        assert!(problem.to_string().contains("certificate"), "{problem}");
        assert!(problem["next"].as_str().unwrap().contains("ca_file"), "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_only_reads_is_told() {
    let options = SandboxOptions { records: Some(10), ..SandboxOptions::default() };
    let sandbox = start(options).await.unwrap();
    let reader = sandbox.woo_credentials(WooKey::Read);
    let vtiger = sandbox.credentials().vtiger;
    let settings = Settings {
        url: vtiger.url,
        username: vtiger.username,
        access_key: vtiger.access_key,
        app_url: reader.app_url,
        consumer_key: reader.consumer_key,
        consumer_secret: reader.consumer_secret,
        conflict: "last-updated",
        advanced: "",
    };
    let problem = told(&settings, "shop");
    assert_eq!(problem["what"], "The key may not write.");
    let requests = sandbox.requests();
    let wrote = |name: &&String| name.starts_with("vtiger create") || name.contains(" PUT ");
    assert_eq!(requests.keys().find(wrote), None, "{requests:?}");
    let one_way = settings.text().replace(
        "contacts]\nenabled = true",
        "contacts]\nenabled = true\ndirection = \"to-vtiger\"",
    );
    let deck = Deck::new();
    deck.apply(&one_way).exits(0);
    deck.run(&["check", "shop"]).exits(1);
    let run = deck.run(&["sync", "shop", "--module", "contacts", "--json"]);
    assert_eq!(run.json()["status"], "completed", "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_with_nothing_to_write_sends_no_write() {
    let options = SandboxOptions { records: Some(60), ..SandboxOptions::default() };
    let sandbox = start(options).await.unwrap();
    let (vtiger, shop) = (sandbox.credentials().vtiger, sandbox.credentials().woocommerce);
    let settings = Settings {
        url: vtiger.url,
        username: vtiger.username,
        access_key: vtiger.access_key,
        app_url: shop.app_url,
        consumer_key: shop.consumer_key,
        consumer_secret: shop.consumer_secret,
        conflict: "last-updated",
        advanced: "",
    };
    let deck = Deck::new();
    deck.apply(&settings.text()).exits(0);
    deck.run(&["sync", "shop", "--yes"]).exits(3);
    let writes = || {
        let requests = sandbox.requests();
        let reads = |name: &str| {
            [
                "GET",
                "OPTIONS",
                "query",
                "login",
                "challenge",
                "describe",
                "retrieve",
                "listtypes",
                "sync",
            ]
            .iter()
            .any(|word| name.contains(word))
        };
        requests.into_iter().filter(|(name, _)| !reads(name)).collect::<Vec<_>>()
    };
    let before = writes();
    deck.run(&["sync", "shop"]).exits(0);
    deck.run(&["sync", "shop", "--yes"]).exits(0);
    assert_eq!(writes(), before);
}

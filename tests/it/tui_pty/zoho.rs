//! Zoho is authorised from nothing: the CRM, the connection, the consent, the first preview.

use super::Term;
use std::collections::BTreeMap;
use std::time::Duration;
use syncdeck::sandbox::{self, Sandbox, SandboxOptions};

/// Text as a terminal passes a paste on.
fn pasted(text: &str) -> String {
    format!("\x1b[200~{text}\x1b[201~")
}

async fn started() -> Sandbox {
    let options = SandboxOptions { records: Some(20), seed: Some(5), ..SandboxOptions::default() };
    sandbox::start(options).await.unwrap()
}

/// Connects the CRM of the sandbox in the form of the first start.
fn connect_the_crm(term: &mut Term, sandbox: &Sandbox) {
    let vtiger = sandbox.credentials().vtiger;
    term.wait_for("Welcome to SyncDeck");
    let fields = [vtiger.url.as_str(), &vtiger.username, &vtiger.access_key];
    term.press(&fields.map(pasted).join("\t"));
    term.press("\x14");
    term.wait_for("✓ Connected");
    term.press("\x13");
    term.wait_for("Shops on WordPress");
}

/// Fills the form of a new Zoho connector and saves it.
fn connect_zoho(term: &mut Term, zoho: &BTreeMap<String, String>) {
    term.press("G\r");
    term.wait_for("Client Secret");
    // Past the name and the data centre; auth and token URL follow the client's two fields.
    term.press("\t\t");
    let fields = ["client_id", "client_secret", "auth_url", "token_url"];
    term.press(&fields.map(|name| pasted(&zoho[name])).join("\t"));
    term.press("\x13");
    term.wait_for("Log in to Zoho CRM: zoho");
}

/// The address that the browser of a person shows who opens the page and accepts.
async fn accept_in_a_browser(page: &str) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = client.get(page).send().await.unwrap();
    answer.headers()["location"].to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zoho_is_authorised_from_nothing_to_a_first_preview() {
    let sandbox = started().await;
    let zoho = sandbox.credentials().zoho;
    let mut term = Term::start(&[]);
    connect_the_crm(&mut term, &sandbox);
    connect_zoho(&mut term, &zoho);

    // A code that Zoho does not know is refused, and another way can be taken.
    term.press("\r");
    term.wait_for("Paste the code here");
    term.press(&pasted("1000.nonsense"));
    let screen = term.wait_for("•••••");
    assert!(!screen.contains("nonsense"), "{screen}");
    term.press("\r");
    term.wait_for("Zoho does not accept the code");
    term.press("\x1b");
    term.wait("the page again", |screen| !screen.contains("does not accept"));
    term.press("\x1b");
    term.wait_for("Device code");

    // A code for another device: the sandbox's person accepts after the first look.
    term.press("j\r");
    term.wait_for("Waiting until somebody has accepted");
    term.wait_for("The code works for 4:5");
    // A frame may come in pieces.
    let screen = term.wait("the result", |screen| {
        ["✓ Connected", "The consent was given and is kept", "read, write"]
            .iter()
            .all(|text| screen.contains(text))
    });
    assert!(screen.contains("Contacts") && screen.contains("read, write"), "{screen}");
    assert!(!screen.contains("1000."), "no token is shown: {screen}");
    term.press("p");
    term.wait_for("Plan of run");
    term.wait_for("create");

    // Later somebody logs in again, by a browser; the answer belongs to the page that was shown.
    term.press("\x1b");
    term.wait_for("[1 Log]");
    term.press("2L");
    term.wait_for("Browser address");
    term.press("jj\r");
    term.wait_for("Paste the address here");
    let page = format!(
        "{}?client_id={}&redirect_uri={}&scope={}&state=another",
        zoho["auth_url"],
        zoho["client_id"],
        "http%3A%2F%2Flocalhost%3A8080%2Fsyncdeck",
        "ZohoCRM.modules.ALL"
    );
    let foreign = accept_in_a_browser(&page).await;
    term.press(&pasted(&foreign));
    term.press("\r");
    term.wait_for("belongs to another consent");
    term.press("\x1b");
    term.wait("the page again", |screen| !screen.contains("another consent"));
    let screen = term.screen();
    let state = screen
        .lines()
        .map(|line| line.trim_matches(['│', ' ']))
        .collect::<String>()
        .split("state=")
        .nth(1)
        .unwrap()
        .chars()
        .take_while(char::is_ascii_hexdigit)
        .take(24)
        .collect::<String>();
    let answer =
        accept_in_a_browser(&page.replace("state=another", &format!("state={state}"))).await;
    term.press(&pasted(&answer));
    term.press("\r");
    // The scope of this consent is narrow, and what is missing is named.
    let screen = term.wait_for("What to do");
    assert!(screen.contains("The consent was given and is kept"), "{screen}");
    term.press("q");
    term.wait_for("2 Settings");
    tokio::time::sleep(Duration::from_millis(100)).await;
    term.press("q");
    assert_eq!(term.ended(), 0);
    assert!(term.is_whole());
}

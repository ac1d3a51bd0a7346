//! No secret is found where none belongs. Real syncs run with Debug Mode on against the sandbox,
//! behind a mirror that now and then answers with a page that repeats the whole request in every
//! notation; with stored, `env:`, `file:` and `cmd:` secrets, and with wrong ones. Then all that was
//! written and printed is searched for every piece of every secret that was in use, and of the
//! sessions, hashes and signatures that were seen on the wire.

mod mirror;
mod needles;

use crate::cli::bench::{Deck, Ran, Sandbox};
use mirror::Mirror;
use needles::Needles;
use std::fs;
use std::path::Path;
use syncdeck::fault;

/// The credentials of one deck, as they are and as they stand in its settings file.
struct Keys {
    clear: [String; 3],
    written: [String; 3],
}

impl Keys {
    /// Sealed in the store.
    fn sealed(clear: [&str; 3]) -> Self {
        let clear = clear.map(str::to_owned);
        Self { written: clear.clone(), clear }
    }

    /// Kept elsewhere: in the environment, in a file, behind a command.
    fn elsewhere(clear: [&str; 3], deck: &Deck) -> Self {
        let clear = clear.map(str::to_owned);
        let file = deck.path("secret.txt");
        fs::write(&file, format!("{}\n", clear[1])).unwrap();
        let script = deck.path("give.sh");
        fs::write(&script, format!("echo asking >&2\nprintf %s '{}'\n", clear[2])).unwrap();
        let written = [
            "env:SYNCDECK_TEST_KEY".to_owned(),
            format!("file:{}", file.display()),
            format!("cmd:sh {}", script.display()),
        ];
        Self { clear, written }
    }
}

fn settings(crm: &str, shop: &str, keys: &Keys, advanced: &str) -> String {
    let [access_key, consumer_key, consumer_secret] = &keys.written;
    format!(
        "[crm]\nurl = '''{crm}'''\nusername = \"admin\"\naccess_key = '''{access_key}'''\n\n\
         [[connector]]\nname = \"shop\"\nservice = \"woocommerce\"\nsync_from = \"all\"\n\
         debug = true\n\
         credentials = {{ app_url = '''{shop}''', consumer_key = '''{consumer_key}''', \
         consumer_secret = '''{consumer_secret}''' }}\n\
         [connector.modules.contacts]\nenabled = true\n\
         [connector.modules.products]\nenabled = true\n\
         [connector.advanced]\n{advanced}\n"
    )
}

/// A deck, and all that its commands printed.
struct Watched {
    deck: Deck,
    key: String,
    printed: Vec<(String, String)>,
}

impl Watched {
    fn new(deck: Deck, keys: &Keys) -> Self {
        Self { deck, key: keys.clear[0].clone(), printed: Vec::new() }
    }

    fn run(&mut self, args: &[&str]) -> Ran {
        let mut command = self.deck.command(args);
        command.env("SYNCDECK_TEST_KEY", &self.key);
        let ran = Ran::of(command.output().unwrap());
        self.printed.push((format!("{args:?} stdout"), ran.out.clone()));
        self.printed.push((format!("{args:?} stderr"), ran.err.clone()));
        ran
    }

    fn apply(&mut self, text: &str) -> Ran {
        let file = self.deck.path("deck.toml");
        fs::write(&file, text).unwrap();
        self.run(&["apply", file.to_str().unwrap()])
    }

    /// Every command that shows something.
    fn look_around(&mut self) {
        let csv = self.deck.path("csv");
        fs::create_dir_all(&csv).unwrap();
        let file = |name: &str| csv.join(name).to_str().unwrap().to_owned();
        let runs = self.run(&["log", "--limit", "9", "--json"]).json();
        for run in runs.as_array().unwrap() {
            let id = run["run"].to_string();
            self.run(&["records", &id]);
            self.run(&["records", &id, "--json"]);
            self.run(&["records", &id, "--csv", &file(&format!("records-{id}.csv")), "--force"]);
        }
        let (log, debug) = (file("log.csv"), file("debug.csv"));
        let commands: &[&[&str]] = &[
            &["log", "shop"],
            &["log", "--csv", &log, "--force"],
            &["log", "--debug", "--limit", "100000"],
            &["log", "--debug", "--limit", "100000", "--json"],
            &["log", "shop", "--debug", "--grep", "e", "--csv", &debug, "--force"],
            &["config", "export"],
            &["doctor"],
            &["doctor", "--json"],
            &["connector", "list", "--json"],
            &["check"],
            &["check", "--json"],
        ];
        for args in commands {
            self.run(args);
        }
    }

    /// All that was printed, and all files but those that have to hold a secret.
    fn everything(&self) -> Vec<(String, Vec<u8>)> {
        let printed = self.printed.iter().map(|(what, text)| (what.clone(), text.clone().into()));
        let mut all: Vec<_> = printed.collect();
        files(&self.deck.path("data"), &mut all);
        files(&self.deck.path("csv"), &mut all);
        assert!(all.iter().any(|(what, _)| what.ends_with("syncdeck.redb")));
        all
    }
}

fn files(folder: &Path, all: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, all);
        } else if path.file_name().is_some_and(|name| name != "syncdeck.key") {
            all.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
}

fn sandbox() -> Sandbox {
    Sandbox::start(&["--records", "30"])
}

fn own_keys(sandbox: &Sandbox) -> [&str; 3] {
    [sandbox.vtiger("access_key"), sandbox.shop("consumer_key"), sandbox.shop("consumer_secret")]
}

/// Syncs and looks around; answers what there is to search, the needles, and the debug log.
fn story(watched: &mut Watched, mirror: &Mirror, keys: &Keys) -> (Needles, serde_json::Value) {
    watched.run(&["check"]);
    watched.run(&["sync", "shop", "--preview"]);
    for _ in 0..3 {
        watched.run(&["sync", "shop", "--yes", "--json"]);
    }
    watched.run(&["sync"]);
    watched.look_around();
    let debug = watched.run(&["log", "--debug", "--limit", "100000", "--json"]).exits(0).json();
    let mut needles = Needles::default();
    keys.clear.iter().for_each(|secret| needles.secret(secret));
    mirror.seen().iter().for_each(|secret| needles.seen(secret));
    (needles, debug)
}

fn nothing_leaks(watched: &Watched, needles: &Needles) {
    for (what, bytes) in watched.everything() {
        if let Some(found) = needles.find(&bytes) {
            panic!("{found} in {what}");
        }
    }
}

#[test]
fn a_sync_through_a_mirror_leaves_no_secret_anywhere() {
    let sandbox = sandbox();
    let mirror = Mirror::before(sandbox.host(), 9);
    for way in ["sealed", "elsewhere"] {
        let deck = Deck::new();
        let keys = match way {
            "sealed" => Keys::sealed(own_keys(&sandbox)),
            _ => Keys::elsewhere(own_keys(&sandbox), &deck),
        };
        let crm = mirror.url("/vtiger");
        let text = settings(&crm, &mirror.url("/shop"), &keys, "requests_per_second = 1000");
        let mut watched = Watched::new(deck, &keys);
        watched.apply(&text).exits(0);
        let (needles, debug) = story(&mut watched, &mirror, &keys);
        // There was something to hide: sessions, hashes and signatures, and pages that show them.
        assert!(needles.len() > 1_000, "{}", needles.len());
        let debug = debug.as_array().unwrap();
        let told = |text: &str| debug.iter().filter(|e| e.to_string().contains(text)).count();
        assert!(debug.len() > 40, "{} exchanges", debug.len());
        assert!(told("The mirror was asked") > 5, "{}", told("The mirror was asked"));
        assert!(told("sessionName=•••") > 5 && told("oauth_signature=•••") > 5);
        assert!(told("\"system\":\"Vtiger\"") > 5 && told("\"system\":\"WooCommerce\"") > 5);
        assert!(debug.iter().any(|entry| entry["run"].is_null()), "the check is there");
        assert!(debug.iter().any(|entry| entry["run"].is_u64()), "the runs are there");
        nothing_leaks(&watched, &needles);
        // The search finds what is there: the settings file, and what went over the wire.
        let found = needles.find(&fs::read(watched.deck.path("deck.toml")).unwrap());
        assert_eq!(found.is_some(), way == "sealed", "{found:?}");
        assert!(needles.find(mirror.seen()[0].as_bytes()).is_some());
    }
}

#[test]
fn wrong_keys_and_foreign_pages_leave_no_secret_anywhere() {
    let sandbox = sandbox();
    let odd = "p/ss+w=rd&%\"<ü>\\ 1234567";
    let [_, consumer_key, consumer_secret] = own_keys(&sandbox);
    let wrong = "cs_77aa77bb77cc77dd77ee77ff88aa88bb88cc88dd";
    let through = Mirror::before(sandbox.host(), usize::MAX);
    let always = Mirror::before(sandbox.host(), 1);
    let tls = Mirror::with_tls();
    let (direct, page) = (through.url("/vtiger"), always.url("/vtiger"));
    let (shop, shop_page, shop_tls) = (through.url("/shop"), always.url("/shop"), tls.url("/shop"));
    let ca = format!("ca_file = '''{}'''\nrequests_per_second = 1000", tls.ca_file().display());
    let cases: [(&str, &str, &str, [&str; 3], &str); 5] = [
        ("a refused login", &direct, &shop, [odd, consumer_key, consumer_secret], ""),
        ("a refused key", &direct, &shop, [own_keys(&sandbox)[0], consumer_key, wrong], ""),
        ("a page for a login", &page, &shop, [odd, consumer_key, wrong], ""),
        ("a page for a key", &direct, &shop_page, [own_keys(&sandbox)[0], consumer_key, wrong], ""),
        ("a page, by Basic", &direct, &shop_tls, [own_keys(&sandbox)[0], consumer_key, wrong], &ca),
    ];
    for (what, crm, shop, clear, advanced) in cases {
        let keys = Keys::sealed(clear);
        let mut watched = Watched::new(Deck::new(), &keys);
        watched.apply(&settings(crm, shop, &keys, advanced)).exits(0);
        let checked = watched.run(&["check"]);
        assert_eq!(checked.code, 1, "{what}: {checked:?}");
        let synced = watched.run(&["sync", "shop"]);
        assert_eq!(synced.code, 1, "{what}: {synced:?}");
        watched.look_around();
        let debug = watched.run(&["log", "--debug", "--json"]).exits(0).json();
        assert!(!debug.as_array().unwrap().is_empty(), "{what}");
        let mut needles = Needles::default();
        keys.clear.iter().for_each(|secret| needles.secret(secret));
        for mirror in [&through, &always, &tls] {
            mirror.seen().iter().for_each(|secret| needles.seen(secret));
        }
        nothing_leaks(&watched, &needles);
        // A settings file that is refused is quoted, without what stands in it.
        let broken = settings(crm, shop, &keys, "guard_deletes = 5").replace("admin\"", "admin");
        watched.apply(&broken).exits(2);
        watched.run(&["sync", "shop", "--module", "nothing"]);
        nothing_leaks(&watched, &needles);
    }
    assert!(tls.seen().iter().any(|seen| seen.len() > 80), "HTTP Basic was tried");
}

#[test]
fn a_fault_is_told_without_what_it_quotes() {
    let secret = "ü-secret-0123456789-abcdefghij";
    let mut needles = Needles::default();
    needles.secret(secret);
    let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let heard = told.clone();
    let here = std::thread::current().id();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == here {
            heard.lock().unwrap().push(fault::told(info));
        } else {
            before(info);
        }
    }));
    let faults: [Box<dyn Fn()>; 3] = [
        Box::new(|| drop(std::hint::black_box(secret)[1..].to_owned())),
        Box::new(|| {
            let refused: Result<(), String> = std::hint::black_box(Err(secret.to_owned()));
            refused.unwrap();
        }),
        Box::new(|| panic!("the key is {secret:?}")),
    ];
    for fault in &faults {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(fault)).unwrap_err();
    }
    let told = told.lock().unwrap().join("\n");
    assert_eq!(needles.find(told.as_bytes()), None, "{told}");
    assert_eq!(told.matches("secrets.rs").count(), 3, "each says where: {told}");
}

#[test]
fn types_that_hold_secrets_do_not_show_them() {
    use secrecy::SecretString;
    use syncdeck::model::{Crm, SecretText};
    use syncdeck::remote::ConnectOptions;
    let secret = "s3cret-0123456789-abcdefghij";
    let folder = tempfile::tempdir().unwrap();
    let vault = syncdeck::secrets::Vault::open(folder.path()).unwrap();
    let sealed = vault.keep(secret).unwrap();
    let catalog = syncdeck::catalog::Catalog::built_in().unwrap();
    let service = catalog.services().next().unwrap();
    let mut connector = syncdeck::settings::default_connector(service, "shop");
    connector.credentials.insert("consumer_key".into(), SecretText::Plain(secret.into()));
    let crm = Crm {
        url: "https://crm.example.com".into(),
        username: "admin".into(),
        access_key: SecretText::Plain(secret.into()),
        allow_http: false,
        ca_file: None,
    };
    let key = vault.reveal(&sealed).unwrap();
    let refused = syncdeck::remote::vtiger::connect(
        &format!("https://admin:{secret}@crm.example.com"),
        "admin",
        &SecretString::from(secret),
        &ConnectOptions::default(),
    );
    let shown = format!(
        "{crm:?} {connector:?} {vault:?} {sealed:?} {key:?} {:?}",
        refused.err().expect("a password in the address")
    );
    let mut needles = Needles::default();
    needles.secret(secret);
    assert_eq!(needles.find(shown.as_bytes()), None, "{shown}");
}

//! The real program, killed again and again in the middle of its writes; afterwards everything is
//! where it would have been. And two of them at once.
//!
//! `SYNCDECK_KILLS=1000` makes it longer, `SYNCDECK_SEED=N` repeats the choices of a run.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use syncdeck::model::{Intent, Module};
use syncdeck::sandbox::{self, Fault, Sandbox, SandboxOptions};
use syncdeck::store::Store;

const PROGRAM: &str = env!("CARGO_BIN_EXE_syncdeck");
/// So many stores are worked on side by side.
const LANES: u64 = 4;
/// People and products at the beginning.
const RECORDS: u64 = 24;
/// No more records are made by users than so many.
const MOST_MADE: u64 = 400;

/// A sandbox in this process, and the program with a store of its own.
struct Bench {
    sandbox: Sandbox,
    folder: tempfile::TempDir,
    dice: Dice,
    made: u64,
    /// The first sync got to its end.
    first_done: bool,
}

/// Numbers that follow from the seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % limit.max(1)
    }
}

fn seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let fresh = now.map_or(1, |t| u64::from(t.subsec_micros()) + 1);
    std::env::var("SYNCDECK_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(fresh)
}

fn faults(list: &[&str]) -> Vec<Fault> {
    list.iter().map(|text| text.parse().unwrap()).collect()
}

impl Bench {
    async fn new(seed: u64) -> Self {
        let options = SandboxOptions {
            records: Some(RECORDS),
            seed: Some(seed),
            ..SandboxOptions::default()
        };
        let sandbox = sandbox::start(options).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let keys = sandbox.credentials();
        let text = format!(
            "[crm]\nurl = \"{}\"\nusername = \"{}\"\naccess_key = \"{}\"\n\n\
             [[connector]]\nname = \"shop\"\nservice = \"woocommerce\"\nsync_from = \"all\"\n\
             conflict = \"vtiger\"\n\
             credentials = {{ app_url = \"{}\", consumer_key = \"{}\", consumer_secret = \"{}\" }}\n\
             [connector.modules.contacts]\nenabled = true\ndeletes = \"carry\"\n\
             [connector.modules.products]\nenabled = true\ndeletes = \"carry\"\n\
             [connector.advanced]\nsettle_wait = \"0s\"\n",
            keys.vtiger.url,
            keys.vtiger.username,
            keys.vtiger.access_key,
            keys.woocommerce.app_url,
            keys.woocommerce.consumer_key,
            keys.woocommerce.consumer_secret,
        );
        let file = folder.path().join("deck.toml");
        std::fs::write(&file, text).unwrap();
        let bench = Self { sandbox, folder, dice: Dice(seed | 1), made: 0, first_done: false };
        let applied = bench.command(&["apply", file.to_str().unwrap()]).output().unwrap();
        assert!(applied.status.success(), "{applied:?}");
        bench
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.env_remove("SYNCDECK_DATA_DIR").env_remove("CREDENTIALS_DIRECTORY");
        command.env("TZ", "UTC").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.arg("--data-dir").arg(self.folder.path().join("data")).args(args);
        command
    }

    fn store(&self) -> Store {
        let data = self.folder.path().join("data");
        Store::open(&find(&data).unwrap_or_else(|| panic!("no store below {data:?}"))).unwrap()
    }

    /// Starts a sync and kills it: when a write begins, when it is applied, or a little later.
    /// Answers whether a write was in flight; `None` if it ended before it could be killed.
    async fn kill_one(&mut self) -> Option<bool> {
        self.sandbox.advance_clock(Duration::from_secs(30));
        let mut writes = self.sandbox.writes();
        writes.mark_unchanged();
        let before = *writes.borrow();
        // Deletes come last in a run: some get that far.
        let far = if self.dice.below(5) == 0 { 8 + self.dice.below(20) } else { 0 };
        let more = 1 + (self.dice.below(4) + far) as u64;
        let at = self.dice.below(10);
        let wait = Duration::from_millis(self.dice.below(30) as u64);
        let mut command = self.command(&["sync", "shop", "--yes", "--json"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let reached = tokio::select! {
            () = ended(&mut child) => false,
            _ = writes.wait_for(|w| match at {
                // Some anywhere, before any write too.
                0 => true,
                1..=5 => w.begun >= before.begun + more,
                _ => w.applied >= before.applied + more,
            }) => true,
        };
        if !reached {
            return None;
        }
        let wait = if at == 0 { wait * 12 } else { wait };
        tokio::time::sleep(wait).await;
        let _ = child.kill();
        // Still under way once the process is dead: it was killed in the middle of it.
        let in_flight = self.sandbox.writes_in_flight() > 0;
        let status = child.wait().unwrap();
        // A write that came in is done even if nobody waits for it any more.
        while self.sandbox.writes_in_flight() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        (status.code().is_none()).then_some(in_flight)
    }

    /// Runs syncs, faults and all, until one gets through.
    async fn sync_somehow(&mut self) {
        for _ in 0..10 {
            let mut command = self.command(&["sync", "shop", "--yes"]);
            self.sandbox.advance_clock(Duration::from_secs(60));
            let ran = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
            if matches!(ran.status.code(), Some(0 | 3)) {
                self.first_done = true;
                return;
            }
        }
        panic!("ten syncs in a row failed");
    }

    /// Runs a sync to its end.
    async fn sync(&mut self) -> Value {
        self.sandbox.advance_clock(Duration::from_secs(60));
        let mut command = self.command(&["sync", "shop", "--yes", "--json"]);
        let ran = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert!(matches!(ran.status.code(), Some(0 | 3)), "{ran:?}");
        serde_json::from_slice(&ran.stdout).unwrap()
    }

    /// What users do meanwhile, on both sides.
    fn edit(&mut self) {
        let people = self.people();
        for _ in 0..2 + self.dice.below(3) {
            let n = self.dice.0 % 100_000;
            let who = &people[self.dice.below(people.len())];
            match self.dice.below(24) {
                0..=4 => self.change_contact(who, json!({"mailingcity": format!("City {n}")})),
                5..=7 => self.change_contact(who, json!({"phone": format!("+36 {n}")})),
                8..=13 => self.change_customer(
                    who,
                    &json!({"billing": {"address_1": format!("Street {n}")}}),
                ),
                14 | 15 => self.make_contact(),
                16 | 17 => self.make_customer(),
                18 => self.make_product(),
                _ => self.delete(who),
            }
        }
    }

    fn change_contact(&self, email: &str, mut element: Value) {
        let field = element.as_object().and_then(|o| o.keys().next().cloned()).unwrap_or_default();
        let open = self.open_writes();
        for id in self.contacts(email).into_iter().filter(|id| !is_all_of(&open, id, &field)) {
            element["id"] = id.into();
            let _ = self.sandbox.vtiger("revise", &[("element", &element.to_string())]);
        }
    }

    fn change_customer(&self, email: &str, body: &Value) {
        let open = self.open_writes();
        let whole = |id: &u64| is_all_of(&open, &id.to_string(), "billing.address_1");
        for id in self.customers(email).into_iter().filter(|id| !whole(id)) {
            let _ = self.sandbox.woo("PUT", &format!("customers/{id}"), body);
        }
    }

    fn make_contact(&mut self) {
        if self.made < MOST_MADE {
            self.made += 1;
            let n = self.made;
            let element = json!({"lastname": format!("Contact {n}"), "email": format!("c{n}@made.example"),
                "mailingcity": "Graz"});
            let element = element.to_string();
            self.sandbox.vtiger("create", &[("elementType", "Contacts"), ("element", &element)]);
        }
    }

    fn make_customer(&mut self) {
        if self.made < MOST_MADE {
            self.made += 1;
            let n = self.made;
            let body = json!({"last_name": format!("Customer {n}"), "email": format!("s{n}@made.example"),
                "billing": {"city": "Linz", "company": format!("Company {}", n % 7)}});
            self.sandbox.woo("POST", "customers", &body);
        }
    }

    fn make_product(&mut self) {
        if self.made < MOST_MADE {
            self.made += 1;
            let n = self.made;
            let body = json!({"name": format!("Thing {n}"), "sku": format!("MADE-{n}"), "regular_price": "3.50"});
            self.sandbox.woo("POST", "products", &body);
        }
    }

    /// Deletes somebody on one side, if both sides have them. Nobody whose write is open: that it
    /// arrived could not be told any more, and the numbers would be short of it.
    fn delete(&mut self, email: &str) {
        let (contacts, customers) = (self.contacts(email), self.customers(email));
        let ([contact], [customer]) = (contacts.as_slice(), customers.as_slice()) else { return };
        let open = self.open_writes();
        let ids = [contact.clone(), customer.to_string()];
        if open.iter().any(|i| ids.contains(&i.source_id) || ids.contains(&i.target_id)) {
            return;
        }
        if self.dice.below(2) == 0 {
            self.sandbox.vtiger("delete", &[("id", contact)]);
        } else {
            self.sandbox.woo("DELETE", &format!("customers/{customer}?force=true"), &Value::Null);
        }
    }

    fn open_writes(&self) -> Vec<Intent> {
        let open = self.store().read_blocking(|r| r.intents(1)).unwrap();
        open.into_iter().map(|(_, intent)| intent).collect()
    }

    fn contacts(&self, email: &str) -> Vec<String> {
        let query = format!("select id from Contacts where email = '{email}' order by id;");
        let answer = self.sandbox.vtiger("query", &[("query", &query)]);
        let rows = answer["result"].as_array().cloned().unwrap_or_default();
        rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    }

    fn customers(&self, email: &str) -> Vec<u64> {
        let path = format!("customers?email={}", email.replace('+', "%2B"));
        let (_, rows) = self.sandbox.woo("GET", &path, &Value::Null);
        rows.as_array().into_iter().flatten().filter_map(|row| row["id"].as_u64()).collect()
    }

    /// Addresses of all customers.
    fn people(&self) -> Vec<String> {
        let emails = self.all_customers().into_iter();
        let emails = emails.map(|row| row["email"].as_str().unwrap_or_default().to_owned());
        emails.filter(|email| email.is_ascii() && !email.contains('\'')).collect()
    }

    fn all_customers(&self) -> Vec<Value> {
        self.listed("customers", "&orderby=id")
    }

    fn listed(&self, what: &str, filter: &str) -> Vec<Value> {
        let mut all = Vec::new();
        for page in 1.. {
            let path = format!("{what}?per_page=100&page={page}{filter}");
            let rows = self.sandbox.woo("GET", &path, &Value::Null).1;
            let rows = rows.as_array().unwrap().clone();
            let full = rows.len() == 100;
            all.extend(rows);
            if !full {
                return all;
            }
        }
        all
    }

    fn queried(&self, select: &str) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::new();
        loop {
            let from = match all.last() {
                Some(row) => format!(" where id > {}", row["id"].to_string().replace('"', "'")),
                None => String::new(),
            };
            let query = format!("{select}{from} order by id limit 100;");
            let answer = self.sandbox.vtiger("query", &[("query", &query)]);
            let rows = answer["result"].as_array().unwrap();
            if rows.is_empty() {
                return all;
            }
            all.extend(rows.iter().cloned());
        }
    }

    /// Compared from outside: the same people and things on both sides, each once, with the same
    /// values, and every link whole.
    fn both_sides_agree(&self, at_first: &Outside) {
        let contacts = self
            .queried("select email,lastname,mailingcity,mailingstreet,phone from Contacts")
            .into_iter()
            .map(|row| (text(&row["email"]).to_lowercase(), row));
        let contacts = once("contacts", contacts, &at_first.contacts_twice);
        let customers =
            self.all_customers().into_iter().map(|row| (text(&row["email"]).to_lowercase(), row));
        let customers = once("customers", customers, &BTreeSet::new());
        let linked = self.links(Module::Contacts);
        for (vtiger, service) in &linked {
            let contact = contacts.values().find(|row| row["id"] == json!(vtiger));
            let contact = contact.unwrap_or_else(|| panic!("{vtiger} of a link is gone"));
            let customer =
                customers.values().find(|row| row["id"].as_u64() == service.parse().ok());
            let customer = customer.unwrap_or_else(|| panic!("{service} of a link is gone"));
            let billing = &customer["billing"];
            for (here, there) in [
                (&contact["email"], &customer["email"]),
                (&contact["mailingcity"], &billing["city"]),
                (&contact["mailingstreet"], &billing["address_1"]),
                (&contact["phone"], &billing["phone"]),
            ] {
                let (here, there) = (text(here).to_lowercase(), text(there).to_lowercase());
                // A second line of the shop's address is a second line of the CRM's street.
                let here = here.lines().next().unwrap_or_default();
                // The CRM's tables hold nothing above U+FFFF.
                let wide = |c: char| if c > '\u{FFFF}' { '\u{FFFD}' } else { c };
                let there: String = there.chars().map(wide).collect();
                let story = || self.story_of(vtiger, service);
                assert_eq!(here.trim(), there.trim(), "{vtiger} and {service}:\n{}", story());
            }
        }
        let linked: BTreeSet<&String> = linked.iter().map(|(_, service)| service).collect();
        for (email, customer) in &customers {
            let expected = email.ends_with("@made.example") || at_first.linked.contains(email);
            let is = linked.contains(&customer["id"].to_string());
            assert!(is || !expected, "the customer {email} is not linked");
        }
        let products = self
            .queried("select productcode,productname from Products")
            .into_iter()
            .map(|row| (text(&row["productcode"]), row));
        let products = once("products", products, &at_first.products_twice);
        let goods = self.listed("products", "&status=any").into_iter();
        let goods = once("goods", goods.map(|row| (text(&row["sku"]), row)), &BTreeSet::new());
        for sku in goods.keys().filter(|sku| sku.starts_with("MADE-")) {
            assert!(products.contains_key(sku), "{sku} is not in the CRM");
        }
        for (vtiger, service) in self.links(Module::Products) {
            assert!(products.values().any(|row| row["id"] == json!(vtiger)), "{vtiger} is gone");
            assert!(
                goods.values().any(|row| row["id"].as_u64() == service.parse().ok()),
                "{service} is gone"
            );
        }
    }

    fn links(&self, module: Module) -> Vec<(String, String)> {
        let links = self.store().read_blocking(move |r| r.links_after(1, module, None, 10_000));
        links.unwrap().into_iter().map(|l| (l.vtiger_id, l.service_id)).collect()
    }

    /// The records of a run, for whoever looks for the cause.
    fn records(&self, run: &Value) -> String {
        let ran = self.command(&["records", &run["run"].to_string()]).output().unwrap();
        String::from_utf8_lossy(&ran.stdout).into_owned()
    }

    /// All that runs told of a pair, for whoever looks for the cause.
    fn story_of(&self, vtiger: &str, service: &str) -> String {
        let log = self.command(&["log", "shop", "--json", "--limit", "100000"]).output().unwrap();
        let runs: Value = serde_json::from_slice(&log.stdout).unwrap();
        let mut lines = Vec::new();
        for run in runs.as_array().unwrap().iter().rev() {
            let id = run["run"].to_string();
            let rows = self.command(&["records", &id, "--json"]).output().unwrap();
            let rows: Value = serde_json::from_slice(&rows.stdout).unwrap();
            for row in rows.as_array().unwrap() {
                if row["vtiger_id"] == vtiger || row["service_id"] == service {
                    lines.push(row.to_string());
                }
            }
        }
        let id = service.to_owned();
        let link = self.store().read_blocking(move |r| r.link_by_service(1, Module::Contacts, &id));
        format!("{}\n{link:?}", lines.join("\n"))
    }

    /// What all runs say they did is what the systems were made to do.
    fn counts_are_effects(&self) {
        let log = self.command(&["log", "shop", "--json", "--limit", "100000"]).output().unwrap();
        let runs: Value = serde_json::from_slice(&log.stdout).unwrap();
        let mut told: BTreeMap<String, u64> = BTreeMap::new();
        for run in runs.as_array().unwrap() {
            for module in run["modules"].as_array().unwrap() {
                let names = match module["module"].as_str().unwrap() {
                    "Contacts" => ["vtiger Contacts", "woocommerce customers"],
                    "Products" => ["vtiger Products", "woocommerce products"],
                    _ => ["vtiger Accounts", "woocommerce none"],
                };
                for (name, side) in names.into_iter().zip(["vtiger", "service"]) {
                    for deed in ["created", "updated", "deleted"] {
                        *told.entry(format!("{name} {deed}")).or_default() +=
                            module[side][deed].as_u64().unwrap();
                    }
                }
            }
        }
        told.retain(|_, n| *n > 0);
        assert_eq!(told, self.sandbox.deeds(), "told and done");
    }
}

/// What was so before anything was killed.
struct Outside {
    linked: BTreeSet<String>,
    contacts_twice: BTreeSet<String>,
    products_twice: BTreeSet<String>,
}

impl Outside {
    /// Seeded records have twins on purpose; no others may come to them.
    fn of(bench: &Bench) -> Self {
        let twice = |select: &str, field: &str| {
            let mut seen = BTreeMap::new();
            for row in bench.queried(select) {
                *seen.entry(text(&row[field]).to_lowercase()).or_insert(0) += 1;
            }
            seen.into_iter().filter(|(_, n)| *n > 1).map(|(key, _)| key).collect()
        };
        Self {
            linked: BTreeSet::new(),
            contacts_twice: twice("select email from Contacts", "email"),
            products_twice: twice("select productcode from Products", "productcode"),
        }
    }
}

/// Whether an open update of a record is of one field only. If that field is edited now, nothing is
/// left by which anybody could tell that the update arrived, and the numbers would be short of it.
fn is_all_of(open: &[Intent], id: &str, field: &str) -> bool {
    open.iter().any(|i| i.target_id == id && i.changes.iter().all(|c| c.field.starts_with(field)))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The records by their key, which no two share (but those in `twice`, and those without one).
fn once(
    what: &str,
    rows: impl Iterator<Item = (String, Value)>,
    twice: &BTreeSet<String>,
) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for (n, (key, row)) in rows.enumerate() {
        let free = key.is_empty() || twice.contains(&key) || twice.contains(&key.to_lowercase());
        let name = if free { format!("{key} #{n}") } else { key.clone() };
        let other = all.insert(name, row);
        assert!(other.is_none(), "{what}: {key} is there twice: {other:?}");
    }
    all
}

fn find(folder: &Path) -> Option<std::path::PathBuf> {
    std::fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
        let path = entry.path();
        if path.is_dir() {
            find(&path)
        } else {
            path.file_name()?.to_str()?.ends_with("syncdeck.redb").then_some(path)
        }
    })
}

async fn ended(child: &mut Child) {
    while child.try_wait().is_ok_and(|status| status.is_none()) {
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_it_ends_where_it_would_have_ended() {
    let seed = seed();
    let kills: usize =
        std::env::var("SYNCDECK_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(200);
    println!("SYNCDECK_SEED={seed} SYNCDECK_KILLS={kills}");
    // The time goes into starting and waiting, so several are killed side by side.
    let lanes = (0..LANES).map(|lane| tokio::spawn(killed(seed + lane, kills.div_ceil(4))));
    let mut deeds: BTreeMap<String, u64> = BTreeMap::new();
    for lane in futures::future::join_all(lanes).await {
        for (deed, n) in lane.unwrap() {
            *deeds.entry(deed).or_default() += n;
        }
    }
    for side in ["vtiger Contacts", "woocommerce customers"] {
        for deed in ["created", "updated", "deleted"] {
            let n = deeds.get(&format!("{side} {deed}")).copied().unwrap_or(0);
            assert!(n > 0, "nothing was {deed} in {side}: {deeds:?}");
        }
    }
}

/// One sandbox and one store, killed so often; what was done in it by syncs that were killed.
async fn killed(seed: u64, wanted: usize) -> BTreeMap<String, u64> {
    let begun = Instant::now();
    let mut bench = Bench::new(seed).await;
    let before = Outside::of(&bench);
    bench.sandbox.slow_writes(Duration::from_millis(50));
    bench.sandbox.set_faults(&faults(&["reset-after=2%", "500=2%", "html=1%"]));
    let (mut kills, mut in_flight, mut ended) = (0, 0, 0);
    while kills < wanted || in_flight < wanted * 3 / 4 {
        match bench.kill_one().await {
            Some(true) => (kills, in_flight) = (kills + 1, in_flight + 1),
            Some(false) => kills += 1,
            None => {
                ended += 1;
                assert!(ended < wanted * 2, "seed {seed}: it cannot be killed");
            }
        }
        // A third of the kills goes into the first sync, the others into those after it.
        if kills >= wanted / 3 && !bench.first_done {
            bench.sync_somehow().await;
        }
        // Some are edited whose writes are open: they are settled with the edit. An edit within
        // the second of the write could not be told from it.
        bench.sandbox.advance_clock(Duration::from_secs(2));
        bench.edit();
    }
    println!(
        "seed {seed}: {kills} kills, {in_flight} with a write in flight, {ended} ran to their end, \
         {:?}, {:?}, {:?}",
        bench.sandbox.faults_given(),
        bench.sandbox.deeds(),
        begun.elapsed()
    );
    let deeds = bench.sandbox.deeds();
    bench.sandbox.set_faults(&[]);
    bench.sandbox.slow_writes(Duration::ZERO);
    let settled = bench.sync().await;
    assert_eq!(settled["status"], "completed", "seed {seed}: {settled}");
    let quiet_before = bench.sandbox.writes().borrow().begun;
    let quiet = bench.sync().await;
    let told = || format!("seed {seed}:\n{}\n{}", bench.records(&settled), bench.records(&quiet));
    assert_eq!(bench.sandbox.writes().borrow().begun, quiet_before, "{}", told());
    bench.both_sides_agree(&before);
    bench.counts_are_effects();
    println!("seed {seed}: {:?}", begun.elapsed());
    deeds
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_processes_one_works_and_the_other_says_who_does() {
    let bench = Bench::new(7).await;
    // Slow until the second one has ended, however long that takes on a busy machine.
    bench.sandbox.slow_writes(Duration::from_secs(3));
    let mut writes = bench.sandbox.writes();
    let first = bench.command(&["sync", "shop", "--yes", "--json"]).spawn().unwrap();
    let holder = first.id();
    writes.wait_for(|w| w.begun > 0).await.unwrap();
    let mut second = bench.command(&["sync", "shop", "--yes", "--json"]);
    let second = tokio::task::spawn_blocking(move || second.output().unwrap()).await.unwrap();
    assert_eq!(second.status.code(), Some(5), "{second:?}");
    let told: Value = serde_json::from_slice(&second.stdout).unwrap();
    let why = told["error"]["why"].as_str().unwrap();
    assert!(why.contains(&format!("process {holder}")), "{told}");
    assert!(bench.sandbox.writes_in_flight() > 0 || bench.sandbox.in_flight() > 0);
    bench.sandbox.slow_writes(Duration::ZERO);
    let done =
        tokio::task::spawn_blocking(move || first.wait_with_output().unwrap()).await.unwrap();
    assert!(matches!(done.status.code(), Some(0 | 3)), "{done:?}");
    bench.counts_are_effects();
}

//! The fault matrix: the real engine over HTTP against a sandbox that misbehaves. Whatever goes
//! wrong, the sync gets through or stops with a message; once nothing goes wrong any more, both
//! sides are as if nothing ever had.

mod orders;
mod world;

use futures::StreamExt;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use world::{Cast, World, faults};

type Outside = BTreeMap<&'static str, Vec<String>>;

/// What users do between the syncs; by e-mail address, since ids differ from world to world.
fn edit(world: &World, emails: &[String]) {
    world.sandbox.advance_clock(Duration::from_secs(60));
    world.revise(&emails[0], json!({"mailingcity": "Győr", "phone": "+36 96 1"}));
    world.revise(&emails[1], json!({"mailingstreet": "Fő tér 1 & 2"}));
    let put = |email: &str, body: Value| {
        let path = format!("customers/{}", world.customer(email));
        let (status, answer) = world.sandbox.woo("PUT", &path, &body);
        assert_eq!(status, 200, "{}: {answer}", world.label);
    };
    put(&emails[2], json!({"billing": {"city": "Pécs", "phone": "0676 1"}}));
    put(&emails[3], json!({"first_name": "Zoë", "billing": {"postcode": "7621"}}));
    let gone = world.contact(&emails[4]);
    assert_eq!(world.sandbox.vtiger("delete", &[("id", &gone)])["success"], json!(true));
    let gone = format!("customers/{}?force=true", world.customer(&emails[5]));
    assert_eq!(world.sandbox.woo("DELETE", &gone, &Value::Null).0, 200);
    let fresh = json!({"lastname": "Fresh", "email": "fresh@crm.example"}).to_string();
    let fresh = [("elementType", "Contacts"), ("element", fresh.as_str())];
    assert_eq!(world.sandbox.vtiger("create", &fresh)["success"], json!(true));
    let fresh = json!({"email": "fresh@shop.example", "last_name": "Fresh"});
    assert_eq!(world.sandbox.woo("POST", "customers", &fresh).0, 201);
    let fresh = json!({"name": "Fresh", "sku": "FRESH-1", "regular_price": "7.50"});
    assert_eq!(world.sandbox.woo("POST", "products", &fresh).0, 201);
}

/// The end of the same story without a fault, and the people who are edited in it.
async fn clean(cast: Cast, records: u64, seed: u64) -> (Outside, Vec<String>) {
    let mut world = World::new("clean", cast, records, seed, Vec::new()).await;
    assert!(world.sync_until_done(1).await.is_empty());
    world.settles().await;
    let emails = world.shared();
    edit(&world, &emails);
    if cast == Cast::Orders {
        orders::edit(&world);
    }
    world.settles().await;
    world.counts_are_effects();
    (world.outside(), emails)
}

/// How a story is judged.
#[derive(Clone, Copy, PartialEq)]
enum Judge {
    /// Both sides end as without faults, and the numbers are what was done.
    Exact,
    /// As exact; some of the many faults may be too rare to happen.
    Mixed,
    /// Values were lost on purpose: everybody is there once, the values may differ.
    Lossy,
}

/// The story with faults: a first sync and edits among them, then peace.
async fn story(
    cast: Cast,
    list: &[&str],
    records: u64,
    seed: u64,
    judge: Judge,
    want: &(Outside, Vec<String>),
) {
    let label = format!("{} (SYNCDECK_SEED={seed})", list.join(" "));
    println!("{label}");
    let on = faults(list);
    let mut world = World::new(&label, cast, records, seed, on.clone()).await;
    let mut messages = world.sync_until_done(4).await;
    // Whom the edits concern must be there on both sides.
    world.sandbox.set_faults(&[]);
    for _ in 0..2 {
        world.sync().await;
    }
    world.sandbox.set_faults(&on);
    edit(&world, &want.1);
    if cast == Cast::Orders {
        orders::edit(&world);
    }
    messages.extend(world.sync_until_done(3).await);
    messages.extend(world.sync_until_done(1).await);
    world.settles().await;
    let given = world.sandbox.faults_given();
    println!("{label}: {given:?} {messages:?}");
    assert!(!given.is_empty(), "{label}: nothing ever happened");
    for fault in list.iter().filter(|_| judge != Judge::Mixed) {
        let name = fault.split('=').next().unwrap();
        let n: u64 = given.iter().filter(|(k, _)| k.ends_with(name)).map(|(_, n)| n).sum();
        assert!(n > 0, "{label}: {name} never happened: {given:?}");
    }
    let got = world.outside();
    if judge != Judge::Lossy && got != want.0 {
        println!("{label}:\n{}", world.story());
    }
    for (what, rows) in &want.0 {
        match judge {
            Judge::Exact | Judge::Mixed => same(&label, what, &got[what], rows),
            Judge::Lossy => assert_eq!(got[what].len(), rows.len(), "{label}: {what}"),
        }
    }
    world.counts_are_effects();
    world.sandbox.stop().await;
}

fn same(label: &str, what: &str, got: &[String], want: &[String]) {
    let missing: Vec<_> = want.iter().filter(|row| !got.contains(row)).collect();
    let extra: Vec<_> = got.iter().filter(|row| !want.contains(row)).collect();
    assert!(
        missing.is_empty() && extra.is_empty() && got.len() == want.len(),
        "{label}: {what}: {} for {}\nmissing {missing:#?}\nextra {extra:#?}",
        got.len(),
        want.len()
    );
}

async fn stories(cast: Cast, all: &[(&[&str], Judge)], records: u64, seed: u64) {
    let want = clean(cast, records, seed).await;
    let want = &want;
    futures::stream::iter(all)
        .map(|(list, judge)| story(cast, list, records, seed, *judge, want))
        .buffer_unordered(6)
        .collect::<Vec<()>>()
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_connections_and_lost_answers() {
    stories(
        Cast::People,
        &[
            (&["delay=10%"], Judge::Exact),
            (&["500=5%"], Judge::Exact),
            (&["502=5%"], Judge::Exact),
            (&["html=5%"], Judge::Exact),
            (&["empty=5%"], Judge::Exact),
            (&["truncated=5%"], Judge::Exact),
            (&["reset-before=5%"], Judge::Exact),
            (&["reset-after=5%"], Judge::Exact),
            (&["huge=1%"], Judge::Exact),
        ],
        40,
        11,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_are_not_quite_json() {
    stories(
        Cast::People,
        &[
            (&["control-chars=20%"], Judge::Exact),
            (&["php-notice=20%"], Judge::Exact),
            (&["bad-utf8=5%"], Judge::Exact),
        ],
        40,
        12,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_that_are_not_the_ones_asked_for() {
    stories(
        Cast::People,
        &[
            (&["duplicate-page=20%"], Judge::Exact),
            (&["ignored-page=20%"], Judge::Exact),
            (&["page-drift=30%"], Judge::Exact),
            (&["changing-totals=30%"], Judge::Exact),
        ],
        450,
        13,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_and_sessions_that_are_not_what_they_were() {
    stories(
        Cast::People,
        &[
            (&["ghost=5%"], Judge::Exact),
            (&["expired-session=10%"], Judge::Exact),
            (&["exists=20%"], Judge::Exact),
            (&["woocommerce:local-time=30%"], Judge::Exact),
            (&["lossy=10%"], Judge::Lossy),
        ],
        40,
        14,
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn requests_to_slow_down() {
    let want = clean(Cast::People, 40, 15).await;
    for list in [["429=5%"], ["429-date=5%"], ["429-absurd=3%"], ["429-bare=5%"]] {
        story(Cast::People, &list, 40, 15, Judge::Exact, &want).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_in_another_zone() {
    let want = clean(Cast::People, 40, 16).await;
    let mut world =
        World::new("vtiger:local-time", Cast::People, 40, 16, faults(&["vtiger:local-time=1"]))
            .await;
    assert_eq!(world.sandbox.faults_given()["vtiger:local-time"], 1);
    assert!(world.sync_until_done(1).await.is_empty());
    world.settles().await;
    edit(&world, &want.1);
    world.settles().await;
    for (what, rows) in &want.0 {
        same(&world.label, what, &world.outside()[what], rows);
    }
    world.counts_are_effects();
}

/// The record that was created again was deleted on the other side in the end, because the deletes
/// of a run come last and looked at the new link with what was known of the old one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_beats_a_delete_to_the_end_of_the_run() {
    let mut world = World::new("edit and delete", Cast::People, 40, 17, Vec::new()).await;
    world.settles().await;
    let emails = world.shared();
    world.sandbox.advance_clock(Duration::from_secs(60));
    let contact = world.contact(&emails[0]);
    world.revise(&emails[0], json!({"mailingcity": "Győr"}));
    let gone = format!("customers/{}?force=true", world.customer(&emails[0]));
    assert_eq!(world.sandbox.woo("DELETE", &gone, &Value::Null).0, 200);
    world.sync().await;
    assert_eq!(world.contact(&emails[0]), contact, "the edited one stays");
    let customer = format!("customers/{}", world.customer(&emails[0]));
    let customer = world.sandbox.woo("GET", &customer, &Value::Null).1;
    assert_eq!(customer["billing"]["city"], "Győr", "{customer}");
    let deeds = world.sandbox.deeds();
    assert!(deeds.keys().all(|deed| !deed.ends_with("deleted")), "{deeds:?}");
    world.settles().await;
    world.counts_are_effects();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_mixed() {
    mixed(Cast::People, 40, 4).await;
}

/// Everything at once, at random. `SYNCDECK_STORIES` makes it longer.
async fn mixed(cast: Cast, records: u64, times: u64) {
    const KINDS: [&str; 16] = [
        "delay",
        "500",
        "502",
        "html",
        "empty",
        "truncated",
        "control-chars",
        "php-notice",
        "reset-before",
        "reset-after",
        "duplicate-page",
        "ignored-page",
        "page-drift",
        "ghost",
        "expired-session",
        "exists",
    ];
    let more: u64 =
        std::env::var("SYNCDECK_STORIES").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let first = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |t| u64::from(t.subsec_millis()));
    let first: u64 =
        std::env::var("SYNCDECK_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(first);
    futures::stream::iter(first..first + times * more)
        .map(|seed| async move {
            let want = clean(cast, records, seed).await;
            let mut draw = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            let mut list = Vec::new();
            // A company that is asked for twice and not found either time is not named in an order, and
            // nothing tells of it later.
            let kinds = KINDS.into_iter().filter(|k| cast == Cast::People || *k != "ghost");
            for kind in kinds {
                draw ^= draw << 13;
                draw ^= draw >> 7;
                draw ^= draw << 17;
                let rate = draw % 4;
                if rate > 0 {
                    list.push(format!("{kind}={rate}%"));
                }
            }
            let list: Vec<&str> = list.iter().map(String::as_str).collect();
            story(cast, &list, records, seed, Judge::Mixed, &want).await;
        })
        .buffer_unordered(4)
        .collect::<Vec<()>>()
        .await;
}

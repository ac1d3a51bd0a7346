use std::collections::{HashMap, HashSet};

use super::*;
use crate::sandbox::text::fold;

const BASE: i64 = 1_795_000_000;

fn text(world: &World, kind: Kind, id: u64, fact: Fact, side: Side) -> String {
    let mut out = String::new();
    let facts = world.facts(kind, id).unwrap();
    if facts.write(fact, side, &mut out) { out } else { String::from("∅") }
}

/// Key → the facts that both sides have, for every record with that key.
fn by_key(
    world: &World,
    kind: Kind,
    side: Side,
    key: Fact,
    facts: &[Fact],
) -> HashMap<String, Vec<Vec<String>>> {
    let mut all: HashMap<String, Vec<Vec<String>>> = HashMap::new();
    for id in world.ids(kind) {
        let values = facts.iter().map(|f| text(world, kind, id, *f, side)).collect();
        all.entry(fold(&text(world, kind, id, key, side))).or_default().push(values);
    }
    all
}

fn proportions(world: &World, kinds: (Kind, Kind), key: Fact, facts: &[Fact]) {
    let n = usize::try_from(world.records).unwrap();
    let vtiger = by_key(world, kinds.0, Side::Vtiger, key, facts);
    let woo = by_key(world, kinds.1, Side::Woo, key, facts);
    let both: Vec<&String> =
        vtiger.keys().filter(|k| !k.is_empty() && woo.contains_key(*k)).collect();
    assert!(both.len() * 100 >= n * 58, "on both sides: {} of {n}", both.len());
    let differing = both.iter().filter(|k| vtiger[**k][0] != woo[**k][0]).count();
    assert!(
        (both.len() * 30..=both.len() * 40).contains(&(differing * 100)),
        "{differing} of {} differ",
        both.len()
    );
    for (here, there) in [(&vtiger, &woo), (&woo, &vtiger)] {
        let alone = here.keys().filter(|k| !there.contains_key(*k)).count();
        assert!((n * 17..=n * 21).contains(&(alone * 100)), "{alone} of {n} on one side only");
    }
    let twins = both.iter().filter(|k| vtiger[**k].len() == 2).count();
    assert_eq!(twins * 100, n, "ambiguous keys");
    assert_eq!(vtiger[""].len() * 100, n, "records without a key");
    for (key, records) in &woo {
        assert!(key.is_empty() || records.len() == 1, "the shop's keys are unique: {key}");
    }
}

#[test]
fn people_are_spread_over_both_sides_as_promised() {
    for seed in [1, 7] {
        let world = World::new(seed, 1000, BASE);
        let facts = [
            Fact::First,
            Fact::Last,
            Fact::Phone,
            Fact::City,
            Fact::Street,
            Fact::Zip,
            Fact::Company,
        ];
        let shared = &facts[..6];
        proportions(&world, (Kind::Contacts, Kind::Customers), Fact::Email, shared);
        let customers: Vec<u64> = world.ids(Kind::Customers).collect();
        let woo = |id: u64, fact: Fact| text(&world, Kind::Customers, id, fact, Side::Woo);
        let nameless = customers.iter().filter(|id| woo(**id, Fact::First).is_empty()).count();
        let long =
            customers.iter().filter(|id| woo(**id, Fact::First).chars().count() > 40).count();
        let long_city =
            customers.iter().filter(|id| woo(**id, Fact::City).chars().count() > 40).count();
        let emoji = customers
            .iter()
            .filter(|id| woo(**id, Fact::First).chars().any(|c| c > '\u{ffff}'))
            .count();
        let entities = customers.iter().filter(|id| woo(**id, Fact::First).contains('&')).count();
        assert_eq!([nameless, long, long_city, emoji, entities], [10; 5]);
        let companies = customers.iter().filter(|id| !woo(**id, Fact::Company).is_empty()).count();
        assert!(
            (200..340).contains(&companies),
            "about a third have a company: {companies} of 800"
        );
        for id in world.ids(Kind::Contacts) {
            let text = text(&world, Kind::Contacts, id, Fact::First, Side::Vtiger);
            assert!(text.chars().all(|c| c <= '\u{ffff}'), "Vtiger cannot hold {text}");
        }
    }
}

#[test]
fn products_are_spread_over_both_sides_as_promised() {
    let world = World::new(3, 1000, BASE);
    let facts = [Fact::Name, Fact::Stock, Fact::Price, Fact::Description];
    proportions(&world, (Kind::Products, Kind::Goods), Fact::Sku, &facts);
    let goods: Vec<u64> = world.ids(Kind::Goods).collect();
    let woo = |id: u64, fact: Fact| text(&world, Kind::Goods, id, fact, Side::Woo);
    let long = goods.iter().filter(|id| woo(**id, Fact::Name).chars().count() > 255).count();
    let keyless = goods.iter().filter(|id| woo(**id, Fact::Sku).is_empty()).count();
    let variable = goods.iter().filter(|id| woo(**id, Fact::ProductType) == "variable").count();
    let foreign = goods
        .iter()
        .filter(|id| woo(**id, Fact::Name).chars().any(|c| matches!(c, 'α'..='я' | '抹')));
    assert_eq!([long, keyless, variable], [10; 3]);
    assert!(foreign.count() >= 10);
    assert_eq!(world.ids(Kind::Variations).count(), 30);
}

#[test]
fn accounts_exist_for_some_companies_and_are_shared() {
    let world = World::new(5, 1000, BASE);
    let mut members: HashMap<String, usize> = HashMap::new();
    for id in world.ids(Kind::Contacts) {
        let account = text(&world, Kind::Contacts, id, Fact::Account, Side::Vtiger);
        *members.entry(account).or_default() += 1;
    }
    members.remove("∅");
    assert!(members.values().any(|n| *n >= 3), "several people share a company");
    let known: HashSet<String> = world
        .ids(Kind::Accounts)
        .map(|id| text(&world, Kind::Accounts, id, Fact::Name, Side::Vtiger))
        .collect();
    assert_eq!(known.len() as u64, world.ids(Kind::Accounts).end - world.ids(Kind::Accounts).start);
    let asked: HashSet<String> = world
        .ids(Kind::Customers)
        .map(|id| text(&world, Kind::Customers, id, Fact::Company, Side::Woo))
        .filter(|c| !c.is_empty())
        .collect();
    assert!(asked.iter().any(|c| known.contains(c)) && asked.iter().any(|c| !known.contains(c)));
}

#[test]
fn keys_lead_back_to_their_records() {
    let world = World::new(9, 12_000, BASE);
    for (kind, fact, side) in [
        (Kind::Contacts, Fact::Email, Side::Vtiger),
        (Kind::Customers, Fact::Email, Side::Woo),
        (Kind::Customers, Fact::Username, Side::Woo),
        (Kind::Products, Fact::Sku, Side::Vtiger),
        (Kind::Goods, Fact::Sku, Side::Woo),
        (Kind::Variations, Fact::Sku, Side::Woo),
        (Kind::Accounts, Fact::Name, Side::Vtiger),
        (Kind::Accounts, Fact::Email, Side::Vtiger),
    ] {
        let mut names: HashMap<String, usize> = HashMap::new();
        for id in world.ids(kind) {
            let key = fold(&text(&world, kind, id, fact, side));
            if !key.is_empty() {
                assert!(world.find(kind, fact, &key).contains(&id), "{kind:?} {key}");
                *names.entry(key).or_default() += 1;
            }
        }
        let most = names.values().max().copied().unwrap_or(0);
        assert!(most <= if side == Side::Vtiger { 2 } else { 1 }, "{kind:?}");
    }
    for nonsense in
        ["", "nobody@example", "x99999999999999999999999@y", "a-b-c", "Nordwind", "tls-99999999"]
    {
        for (kind, fact) in
            [(Kind::Contacts, Fact::Email), (Kind::Goods, Fact::Sku), (Kind::Accounts, Fact::Name)]
        {
            assert!(world.find(kind, fact, nonsense).is_empty(), "{kind:?} {nonsense}");
        }
    }
}

#[test]
fn stamps_lie_in_the_two_years_before_the_base() {
    let world = World::new(2, 500, BASE);
    let mut ties = 0;
    for kind in [
        Kind::Contacts,
        Kind::Customers,
        Kind::Products,
        Kind::Goods,
        Kind::Accounts,
        Kind::Variations,
    ] {
        let side =
            if matches!(kind, Kind::Customers | Kind::Goods) { Side::Woo } else { Side::Vtiger };
        for id in world.ids(kind) {
            let modified = world.facts(kind, id).unwrap().modified(side);
            assert!((world.dawn()..BASE).contains(&modified));
            let [created, modified] =
                [Fact::Created, Fact::Modified].map(|f| text(&world, kind, id, f, side));
            assert!(created <= modified);
        }
    }
    for id in world.ids(Kind::Customers) {
        let email = text(&world, Kind::Customers, id, Fact::Email, Side::Woo);
        for other in world.find(Kind::Contacts, Fact::Email, &email) {
            let [here, there] =
                [(Kind::Customers, id, Side::Woo), (Kind::Contacts, other, Side::Vtiger)]
                    .map(|(kind, id, side)| world.facts(kind, id).unwrap().modified(side));
            ties += usize::from(here == there);
        }
    }
    assert_eq!(ties, 25, "five in a hundred were modified in the same second");
}

#[test]
fn the_same_seed_gives_the_same_world() {
    let facts = [Fact::First, Fact::Last, Fact::Email, Fact::Phone, Fact::Modified];
    let all = |seed: u64| -> Vec<String> {
        let world = World::new(seed, 100, BASE);
        world
            .ids(Kind::Customers)
            .flat_map(|id| facts.map(|f| text(&world, Kind::Customers, id, f, Side::Woo)))
            .collect()
    };
    assert_eq!(all(4), all(4));
    assert_ne!(all(4), all(5));
}

#[test]
fn worlds_of_any_size_can_be_made() {
    for n in [0, 1, 2, 3, 10, 99, 101] {
        let world = World::new(1, n, BASE);
        for kind in [
            Kind::Accounts,
            Kind::Contacts,
            Kind::Products,
            Kind::Customers,
            Kind::Goods,
            Kind::Variations,
        ] {
            for id in world.ids(kind) {
                assert!(world.facts(kind, id).is_some());
            }
            assert!(world.facts(kind, world.ids(kind).end).is_none());
        }
    }
}

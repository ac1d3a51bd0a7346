//! The invariants, each by its name.
//!
//! I1 after edits stop, every linked pair agrees within two runs · I2 the next run writes nothing
//! and its plan is empty · I3 every edit is live, superseded by somebody who saw it, or recorded ·
//! I4 no two records on a side from one source, no create while a record with the same key exists
//! (checked at the write) · I5 a write of ours never causes a write (that is I2 after I1) · I6
//! deletes only as configured and confirmed (at the write) · I7 one-way: not one write to the
//! source (at the write) · I8 links are one to one, none dangles · I9 counts = rows in the lists =
//! effects on the other side · I10 the cursor never passes an unsettled record · I11 same input,
//! same plan · I12 killed anywhere, the end is the same (`crashes`) · I13 losing values can be
//! read back (also at the write).

use super::bench::Bench;
use super::remote::{COUNTED, OVERLAP};
use super::setup::BEGIN;
use super::world::{Effects, OneSide, Person, at, cut, id_of, number};
use crate::model::{
    ConflictRow, Direction, Intent, Item, ItemStatus, Module, Pair, Parked, Run, RunStatus, Side,
    Skip, fingerprint, id_key,
};
use crate::store::Store;
use std::collections::{BTreeMap, BTreeSet};

const M: Module = Module::Contacts;
const MODULES: [Module; 2] = [Module::Contacts, Module::Organizations];

/// All runs, oldest first.
pub fn runs(store: &Store) -> Vec<Run> {
    let mut runs = store.read_blocking(|r| r.runs_before(Some(1), None, 1_000)).unwrap();
    runs.reverse();
    runs
}

/// One list of a run.
fn items(store: &Store, run: u64, m: Module, side: Side, status: ItemStatus) -> Vec<Item> {
    store.read_blocking(|r| r.items(run, m, side, status, 0, 10_000)).unwrap()
}

/// All conflict rows that tell of something that happened.
pub fn conflicts(store: &Store) -> Vec<ConflictRow> {
    let mut all = Vec::new();
    let has = |run: &Run| run.modules.get(&M).is_some_and(|counts| counts.conflicts > 0);
    for run in runs(store).into_iter().filter(has) {
        for side in Side::BOTH {
            let rows = items(store, run.id, M, side, ItemStatus::Conflict);
            all.extend(rows.into_iter().filter(|i| !i.planned).filter_map(|i| i.conflict));
        }
    }
    all
}

pub fn parked(store: &Store) -> Vec<Parked> {
    store.read_blocking(|r| r.parked_after(1, M, None, 1_000)).unwrap()
}

pub fn skips(store: &Store) -> Vec<Skip> {
    store.read_blocking(|r| r.skips_after(1, M, None, 1_000)).unwrap()
}

/// Everything that the engine goes by.
fn memory(store: &Store) -> String {
    let links = store.read_blocking(|r| r.links_after(1, M, None, 1_000)).unwrap();
    let companies =
        store.read_blocking(|r| r.links_after(1, Module::Organizations, None, 1_000)).unwrap();
    let open = store.read_blocking(|r| r.intents(1)).unwrap();
    let cursors = Side::BOTH.map(|side| store.read_blocking(|r| r.cursor(1, M, side)).unwrap());
    let tombs = store.read_blocking(|r| r.tombs_after(1, M, None, 1_000)).unwrap();
    format!(
        "{links:?}{companies:?}{open:?}{cursors:?}{tombs:?}{:?}{:?}",
        parked(store),
        skips(store)
    )
}

/// The plan of a preview or a held run, line by line.
pub fn plan_of(store: &Store, run: &Run) -> Vec<String> {
    let mut lines = Vec::new();
    for m in MODULES {
        for side in Side::BOTH {
            for status in ItemStatus::ALL {
                for mut item in items(store, run.id, m, side, status) {
                    item.time = crate::model::Stamp(0);
                    lines.push(format!("{item:?}"));
                }
            }
        }
    }
    lines
}

/// Announced writes.
pub fn open(store: &Store) -> Vec<(Module, Intent)> {
    store.read_blocking(|r| r.intents(1)).unwrap()
}

/// Writes left open by the last run whose outcome cannot be told for certain any more: a user has
/// changed the record that was written, or the one it was written from.
pub fn uncertain(bench: &Bench, open: &[(Module, Intent)]) -> u64 {
    let world = bench.world();
    let count = open.iter().filter(|(module, intent)| {
        if *module == Module::Organizations {
            return world.touched.iter().any(|(side, _)| *side == 2);
        }
        let target = at(intent.target);
        let touched = |n: u64| world.touched.contains(&(target, n));
        touched(number(&intent.target_id))
            || world.touched.contains(&(1 - target, number(&intent.source_id)))
            || (intent.target_id.is_empty()
                && world.ours.iter().any(|(side, n)| *side == target && touched(*n)))
    });
    count.count() as u64
}

/// What has to be true after every run, however it ended.
pub fn after_run(bench: &mut Bench, run: Option<&Run>, before: &Effects) {
    let mut bad = Vec::new();
    let last = bench.store.read_blocking(|r| r.runs_before(Some(1), None, 3)).unwrap();
    let running = last.iter().filter(|r| r.status == RunStatus::Running).count();
    if running > usize::from(run.is_none()) {
        bad.push(format!("I12: {running} runs are called running"));
    }
    if let Some(run) = run {
        let now = bench.effects();
        let idle = matches!(run.status, RunStatus::Preview | RunStatus::Held | RunStatus::Dropped);
        if idle && now != *before {
            bad.push(format!("I6: a run that is {} wrote", run.status.key()));
        }
        rows(&bench.store, run, &mut bad);
        if run.status == RunStatus::Completed {
            cursor(bench, &mut bad);
        }
    }
    bench.world().violations.extend(bad);
}

/// I9: the counts of a run are the rows in its lists.
fn rows(store: &Store, run: &Run, bad: &mut Vec<String>) {
    let lists = store.read_blocking(|r| {
        let fresh = r.run(run.id)?.unwrap_or_else(|| run.clone());
        let mut lists = Vec::new();
        for (m, counts) in &fresh.modules {
            for side in Side::BOTH {
                let of = counts.side(side);
                let told = [of.created, of.updated, of.deleted, of.skipped];
                for (told, status) in told.into_iter().zip(STATUSES) {
                    let listed = r.items(run.id, *m, side, status, 0, 10_000)?.len() as u64;
                    lists.push((*m, side, status, told, listed));
                }
            }
        }
        Ok(lists)
    });
    for (m, side, status, told, listed) in lists.unwrap() {
        if told != listed {
            bad.push(format!("I9: {told} told, {listed} listed: {m} {side:?} {status:?}"));
        }
    }
}

/// The statuses that have numbers.
const STATUSES: [ItemStatus; 4] =
    [ItemStatus::Created, ItemStatus::Updated, ItemStatus::Deleted, ItemStatus::Skipped];

/// I10: what lies before the cursor is linked as it is, skipped, parked or announced.
fn cursor(bench: &Bench, bad: &mut Vec<String>) {
    let store = &bench.store;
    let world = bench.world();
    let mark = store.read_blocking(|r| r.cursor(1, M, Side::Vtiger)).unwrap().mark;
    let Some(mark) = mark.and_then(|m| m.parse::<i64>().ok()) else { return };
    let settled = set_aside(store);
    for (n, person) in &world.sides[0].people {
        let id = id_of(0, *n);
        let old = world.setup.sync_from && person.modified < BEGIN;
        if person.modified >= mark - OVERLAP || old || settled.contains(&(0, id.clone())) {
            continue;
        }
        let link = store.read_blocking(|r| r.link_by_vtiger(1, M, &id)).unwrap();
        let Some(link) = link else {
            // Its counterpart stands aside, and brings it along when it comes back.
            let brought = world.sides[1].people.iter().any(|(n, other)| {
                other.email.eq_ignore_ascii_case(&person.email)
                    && settled.contains(&(1, id_of(1, *n)))
            });
            if world.setup.direction.writes(Side::Service) && !brought {
                bad.push(format!("I10: {id} is not linked, and the cursor has passed it"));
            }
            continue;
        };
        if settled.contains(&(1, link.service_id.clone())) {
            continue;
        }
        let fields = [
            ("firstname", "first_name", &person.first),
            ("lastname", "last_name", &person.last),
            ("phone", "billing.phone", &person.phone),
        ];
        let mapped = if world.phone { 3 } else { 2 };
        for (vtiger, service, value) in fields.into_iter().take(mapped) {
            let pair = Pair::new(vtiger, service).id();
            let state = link.pairs.iter().find(|state| state.pair == pair);
            if state.is_some_and(|state| state.vtiger_hash() != Some(fingerprint(value))) {
                bad.push(format!("I10: the cursor has passed {value} of {id}"));
            }
        }
    }
}

/// Records that stand aside: skipped, parked, or with an open write.
fn set_aside(store: &Store) -> BTreeSet<(usize, String)> {
    let mut all: BTreeSet<(usize, String)> =
        skips(store).into_iter().map(|s| (at(s.side), s.id)).collect();
    all.extend(parked(store).into_iter().map(|p| (at(p.side), p.id)));
    for (_, intent) in store.read_blocking(|r| r.intents(1)).unwrap() {
        all.insert((at(intent.target.other()), intent.source_id));
        all.insert((at(intent.target), intent.target_id));
    }
    all
}

/// I1: every linked pair agrees.
pub fn agreed(bench: &Bench) {
    let mut bad = Vec::new();
    let links = bench.links();
    let aside: BTreeSet<(usize, String)> =
        skips(&bench.store).into_iter().map(|s| (at(s.side), s.id)).collect();
    let rows = conflicts(&bench.store);
    let mut world = bench.world();
    for link in &links {
        let v = world.sides[0].people.get(&number(&link.vtiger_id));
        let s = world.sides[1].people.get(&number(&link.service_id));
        let (Some(v), Some(s)) = (v, s) else { continue };
        if aside.contains(&(0, link.vtiger_id.clone()))
            || aside.contains(&(1, link.service_id.clone()))
        {
            continue;
        }
        let phone = |p: &Person| {
            if world.setup.lossy { cut(&p.phone).to_owned() } else { p.phone.clone() }
        };
        let company = |side: usize, p: &Person| world.company(side, p).trim().to_lowercase();
        let fields = [
            (v.email.to_lowercase(), s.email.to_lowercase()),
            (v.first.clone(), s.first.clone()),
            (v.last.clone(), s.last.clone()),
            (phone(v), phone(s)),
            (company(0, v), company(1, s)),
        ];
        for (v, s) in fields.into_iter().filter(|(v, s)| v != s) {
            // What may not travel stays different, and a row tells of it.
            let told = rows.iter().any(|row| {
                let same = |a: &str, b: &str| cut(a).eq_ignore_ascii_case(cut(b));
                same(&row.vtiger, &v) || same(&row.service, &s)
            });
            if world.setup.direction == Direction::Both || !told {
                let (a, b) = (&link.vtiger_id, &link.service_id);
                bad.push(format!("I1: {a} has \"{v}\" and {b} has \"{s}\""));
            }
        }
    }
    for what in bad {
        world.bad(what);
    }
}

/// Everything that has to be true when nobody has acted for a while.
pub fn at_rest(bench: &mut Bench) {
    agreed(bench);
    let mut bad = Vec::new();
    linked(bench, &mut bad);
    kept(bench, &mut bad);
    counted(bench, &mut bad);
    bench.world().violations.extend(bad);
}

/// I8, and that nobody was forgotten.
fn linked(bench: &Bench, bad: &mut Vec<String>) {
    let links = bench.links();
    let by_service = bench.store.read_blocking(|r| r.service_ids_after(1, M, None, 1_000)).unwrap();
    let mut there: Vec<(String, String)> =
        links.iter().map(|l| (l.service_id.clone(), l.vtiger_id.clone())).collect();
    there.sort_by_key(|(service, _)| id_key(service));
    if there != by_service {
        bad.push(format!("I8: {there:?} by Vtiger's id, {by_service:?} by the service's"));
    }
    let aside = set_aside(&bench.store);
    let world = bench.world();
    let [v, s] = &world.sides;
    for link in &links {
        let alive = |side: &OneSide, id: &str| side.people.contains_key(&number(id));
        if !alive(v, &link.vtiger_id) || !alive(s, &link.service_id) {
            bad.push(format!("I8: {} - {} dangles", link.vtiger_id, link.service_id));
        }
    }
    let known: BTreeSet<(usize, &str)> = links
        .iter()
        .flat_map(|l| [(0, l.vtiger_id.as_str()), (1, l.service_id.as_str())])
        .collect();
    for (side, of) in [(0, Side::Vtiger), (1, Side::Service)] {
        if !world.setup.direction.writes(of.other()) {
            continue;
        }
        for (n, person) in &world.sides[side].people {
            let id = id_of(side, *n);
            let old = world.setup.sync_from && person.modified < BEGIN;
            let known = known.contains(&(side, id.as_str()));
            if !known && !aside.contains(&(side, id.clone())) && !old {
                bad.push(format!("I3: {id} on {side} is neither linked nor skipped"));
            }
        }
    }
}

/// I3 and I13: every value is live, superseded by somebody who saw it, or can be read back.
fn kept(bench: &Bench, bad: &mut Vec<String>) {
    let rows = conflicts(&bench.store);
    let tombs = bench.store.read_blocking(|r| r.tombs_after(1, M, None, 10_000)).unwrap();
    let world = bench.world();
    // A value may have been written on the side that cuts it.
    let people = world.sides.iter().flat_map(|s| s.people.values());
    let live: BTreeSet<&str> = people.flat_map(Person::values).map(|v| cut(v)).collect();
    let recorded: BTreeSet<&str> = rows
        .iter()
        .flat_map(|row| [&row.vtiger, &row.service])
        .chain(tombs.iter().flat_map(|t| t.values.iter().map(|(_, value)| value)))
        .map(|value| cut(value))
        .collect();
    for token in world.tokens() {
        let there = live.contains(cut(&token)) || recorded.contains(cut(&token));
        if !world.superseded.contains(&token) && !there {
            bad.push(format!("I3: the edit {token} is lost"));
        }
    }
    for (side, n) in &world.deleted {
        let id = id_of(*side, *n);
        if !tombs.iter().any(|t| at(t.side) == *side && t.id == id) {
            bad.push(format!("I13: {id} was deleted on {side} and nothing tells of it"));
        }
    }
}

/// I9: over all runs, what was counted is what happened.
fn counted(bench: &Bench, bad: &mut Vec<String>) {
    let mut told: BTreeMap<(Module, usize), [u64; 3]> = BTreeMap::new();
    for run in runs(&bench.store) {
        for m in MODULES {
            for side in Side::BOTH {
                for (at_status, status) in COUNTED.into_iter().enumerate() {
                    let Some(counts) = run.modules.get(&m).map(|counts| counts.side(side)) else {
                        continue;
                    };
                    if [counts.created, counts.updated, counts.deleted][at_status] == 0 {
                        continue;
                    }
                    let list = items(&bench.store, run.id, m, side, status);
                    let real = list.iter().filter(|item| !item.planned).count() as u64;
                    told.entry((m, at(side))).or_default()[at_status] += real;
                }
            }
        }
    }
    told.retain(|_, counts| *counts != [0; 3]);
    let world = bench.world();
    if bench.uncertain == 0 && told != world.effects {
        bad.push(format!("I9: {told:?} was told, {:?} happened", world.effects));
    }
    let total = |counts: &BTreeMap<_, [u64; 3]>| counts.values().flatten().sum::<u64>();
    if total(&told).abs_diff(total(&world.effects)) > bench.uncertain {
        let (told, happened, most) = (total(&told), total(&world.effects), bench.uncertain);
        bad.push(format!("I9: {told} told, {happened} happened, {most} uncertain"));
    }
}

/// I2: the plan is empty. (The last run of settling has written nothing.)
pub fn nothing_left(bench: &mut Bench) {
    let plan = bench.preview();
    let writes =
        |line: &&String| COUNTED.iter().any(|status| line.contains(&format!("status: {status:?}")));
    if let Some(write) = plan.iter().find(writes) {
        bench.world().bad(format!("I2: there is still something to write: {write}"));
    }
}

/// I11: two previews plan the same, whatever the size of the pages, and change nothing.
pub fn same_plan(bench: &mut Bench) {
    let (setup, busy, faults) = {
        let mut world = bench.world();
        world.frozen = true;
        (world.setup, world.busy, world.faults)
    };
    bench.quiet();
    let before = memory(&bench.store);
    let first = bench.preview();
    {
        let mut world = bench.world();
        (world.setup.page, world.setup.parallel) = (setup.page % 4 + 1, setup.parallel % 3 + 1);
    }
    let second = bench.preview();
    let same = memory(&bench.store) == before;
    let mut world = bench.world();
    (world.setup, world.frozen, world.busy, world.faults) = (setup, false, busy, faults);
    if first != second {
        world.bad(format!("I11: two plans: {first:#?} {second:#?}"));
    }
    if !same {
        world.bad("I11: a preview changed what the engine goes by".into());
    }
}

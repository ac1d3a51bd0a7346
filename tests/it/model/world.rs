//! Two remote sides in memory: records with one-second stamps, users who edit them at any moment,
//! lost answers, refused writes and a crash at a chosen step.

use futures::future::BoxFuture;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use syncdeck::model::{CheckReport, Fields, Record, Side, Stamp, UserError, Value};
use syncdeck::remote::{
    Capabilities, ChangeFeed, EntityInfo, ErrorKind, FieldInfo, Next, Page, PageAt, PageRequest,
    Remote, RemoteError, RemoteResult, Scope, Since, Write, Written,
};
use tokio_util::sync::CancellationToken;

/// A small deterministic generator (xorshift).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub email: String,
    pub first: String,
    pub last: String,
    pub modified: i64,
}

#[derive(Default)]
pub struct OneSide {
    pub people: BTreeMap<u64, Person>,
    pub next: u64,
    pub creates: u64,
    pub updates: u64,
    pub deletes: u64,
}

/// What kind of request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    List,
    /// Reading or searching again, just before a write.
    Fetch,
    Write,
}

pub struct World {
    pub dice: Dice,
    pub now: i64,
    pub sides: [OneSide; 2],
    pub busy: bool,
    pub faults: bool,
    pub user_deletes: bool,
    pub crash_at: Option<u64>,
    pub steps: u64,
    pub crash: CancellationToken,
    /// Every value a user wrote, and those that were overwritten by somebody who saw them.
    pub tokens: BTreeSet<String>,
    pub superseded: BTreeSet<String>,
    pub violations: Vec<String>,
    /// No user acts between reading a record again and writing it: that window cannot be closed
    /// without a precondition in the API, and is documented.
    atomic: bool,
    last: Op,
    /// The record that the engine made on a side from a record of the other one.
    made: BTreeMap<(usize, String), u64>,
    requests: [u64; 2],
    skew: [i64; 2],
}

pub fn at(side: Side) -> usize {
    usize::from(side == Side::Service)
}

pub fn id_of(side: Side, n: u64) -> String {
    if side == Side::Vtiger { format!("12x{n}") } else { n.to_string() }
}

fn number(id: &str) -> u64 {
    id.rsplit('x').next().and_then(|n| n.parse().ok()).unwrap_or(0)
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let skew = [0, dice.below(5) as i64 - 2];
        let side = || OneSide { next: 1, ..OneSide::default() };
        Self {
            dice,
            now: 1_700_000_000,
            sides: [side(), side()],
            busy: false,
            faults: false,
            user_deletes: false,
            crash_at: None,
            steps: 0,
            crash: CancellationToken::new(),
            tokens: BTreeSet::new(),
            superseded: BTreeSet::new(),
            violations: Vec::new(),
            atomic: false,
            last: Op::List,
            made: BTreeMap::new(),
            requests: [0, 0],
            skew,
        }
    }

    fn stamp(&self, side: usize) -> i64 {
        self.now + self.skew[side]
    }

    fn token(&mut self) -> String {
        let token = format!("e{}", self.tokens.len());
        self.tokens.insert(token.clone());
        token
    }

    /// A user creates, edits or deletes something somewhere.
    pub fn user(&mut self) {
        self.now += [0, 0, 1, 1, 2, 5][self.dice.below(6) as usize];
        let side = self.dice.below(2) as usize;
        let stamp = self.stamp(side);
        let ids: Vec<u64> = self.sides[side].people.keys().copied().collect();
        let roll = self.dice.below(100);
        if roll < 35 || ids.is_empty() {
            let email = format!("p{}@example.test", self.dice.below(7));
            if self.sides[side].people.values().any(|p| p.email == email) {
                return;
            }
            let (first, last) = (self.token(), self.token());
            let side = &mut self.sides[side];
            side.people.insert(side.next, Person { email, first, last, modified: stamp });
            side.next += 1;
        } else if roll < 88 || !self.user_deletes {
            let id = ids[self.dice.below(ids.len() as u64) as usize];
            let token = self.token();
            let first = self.dice.chance(50);
            let Some(person) = self.sides[side].people.get_mut(&id) else { return };
            let field = if first { &mut person.first } else { &mut person.last };
            let old = std::mem::replace(field, token);
            person.modified = stamp;
            self.superseded.insert(old);
        } else {
            let id = ids[self.dice.below(ids.len() as u64) as usize];
            if let Some(person) = self.sides[side].people.remove(&id) {
                self.superseded.extend([person.first, person.last]);
            }
        }
    }

    /// Every request and answer passes here.
    fn step(&mut self) {
        self.steps += 1;
        if self.busy && !self.atomic && self.dice.chance(25) {
            self.user();
        }
        if self.dice.chance(50) {
            self.now += self.dice.below(3) as i64;
        }
        if self.crash_at == Some(self.steps) {
            self.crash.cancel();
        }
    }
}

/// One side of a world as the engine sees it.
pub struct MemoryRemote {
    pub world: Arc<Mutex<World>>,
    pub side: Side,
}

impl MemoryRemote {
    fn record(&self, world: &World, n: u64, fields: &[String]) -> Option<Record> {
        let person = world.sides[at(self.side)].people.get(&n)?;
        let all = |path: &str| match path {
            "email" => Some(&person.email),
            "firstname" | "first_name" => Some(&person.first),
            "lastname" | "last_name" => Some(&person.last),
            _ => None,
        };
        let fields: Fields = fields
            .iter()
            .filter_map(|path| Some((path.as_str(), Value::from(all(path)?.as_str()))))
            .collect();
        Some(Record {
            id: id_of(self.side, n),
            modified: Some(Stamp::from_secs(person.modified)),
            created: None,
            trashed: false,
            fields,
        })
    }

    /// A request: a step before, the effect, a step after; a crash in either never answers.
    async fn call<T>(&self, op: Op, effect: impl FnOnce(&mut World) -> T) -> T {
        let (crash, result) = {
            let mut world = self.world.lock().unwrap();
            if op == Op::List || (op == Op::Fetch && world.last != Op::Fetch) {
                world.atomic = false;
            }
            world.last = op;
            world.requests[at(self.side)] += 1;
            world.step();
            let crash = world.crash.clone();
            if crash.is_cancelled() {
                (crash, None)
            } else {
                let result = effect(&mut world);
                world.atomic |= op == Op::Fetch;
                world.step();
                (crash, Some(result))
            }
        };
        match result {
            Some(result) if !crash.is_cancelled() => result,
            _ => std::future::pending().await,
        }
    }

    fn write_one(
        &self,
        world: &mut World,
        write: &Write,
        fields: &[String],
    ) -> RemoteResult<Written> {
        let side = at(self.side);
        let stamp = world.stamp(side);
        let text = |fields: &Fields, path: &str| fields.get(path).map(Value::to_text);
        let id = match write {
            Write::Create { fields } => {
                let email = text(fields, "email").unwrap_or_default();
                if world.sides[side].people.values().any(|p| p.email == email) {
                    if self.side == Side::Service {
                        return Err(error(ErrorKind::Exists { id: None }));
                    }
                    world.violations.push(format!("duplicate {email} made on {side}"));
                }
                let first = text(fields, "firstname").or_else(|| text(fields, "first_name"));
                let last = text(fields, "lastname").or_else(|| text(fields, "last_name"));
                let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
                let here = &mut world.sides[side];
                let id = here.next;
                here.next += 1;
                here.creates += 1;
                here.people
                    .insert(id, Person { email: email.clone(), first, last, modified: stamp });
                if let Some(twin) = world.made.insert((side, email), id)
                    && world.sides[side].people.contains_key(&twin)
                {
                    world.violations.push(format!("twin of {twin} made on {side}"));
                }
                id
            }
            Write::Update { id, fields, .. } => {
                let n = number(id);
                let Some(person) = world.sides[side].people.get_mut(&n) else {
                    return Err(error(ErrorKind::NotFound));
                };
                for (path, value) in fields.iter() {
                    match path {
                        "firstname" | "first_name" => person.first = value.to_text(),
                        "lastname" | "last_name" => person.last = value.to_text(),
                        "email" => person.email = value.to_text(),
                        other => panic!("unknown field {other}"),
                    }
                }
                person.modified = stamp;
                world.sides[side].updates += 1;
                n
            }
            Write::Delete { id } => {
                let gone = world.sides[side].people.remove(&number(id));
                let Some(person) = gone else { return Err(error(ErrorKind::NotFound)) };
                world.superseded.extend([person.first, person.last]);
                world.sides[side].deletes += 1;
                return Ok(Written { id: id.clone(), record: None });
            }
        };
        Ok(Written { id: id_of(self.side, id), record: self.record(world, id, fields) })
    }
}

fn error(kind: ErrorKind) -> RemoteError {
    RemoteError::new(kind, UserError::new("It failed.", "The test wants it.", ""))
}

impl Remote for MemoryRemote {
    fn label(&self) -> &str {
        if self.side == Side::Vtiger { "Vtiger" } else { "WooCommerce" }
    }

    fn capabilities(&self, _: &str) -> Capabilities {
        let vtiger = self.side == Side::Vtiger;
        Capabilities {
            changes: if vtiger { ChangeFeed::Filtered } else { ChangeFeed::NarrowScan },
            silent: false,
            trash: false,
            write_batch: if vtiger { 1 } else { 3 },
            parallel: 2,
            serial_creates: vtiger,
            unique_key: !vtiger,
            bmp_only: vtiger,
            resolution: Duration::from_secs(1),
            mark: None,
        }
    }

    fn check<'a>(&'a self, _: &'a str) -> BoxFuture<'a, CheckReport> {
        unreachable!("the engine does not check")
    }

    fn describe<'a>(&'a self, entity: &'a str) -> BoxFuture<'a, RemoteResult<EntityInfo>> {
        let names: &[&str] = match self.side {
            Side::Vtiger => &["email", "firstname", "lastname"],
            Side::Service => &["email", "first_name", "last_name"],
        };
        let field = |name: &&str| FieldInfo {
            path: (*name).to_owned(),
            label: (*name).to_owned(),
            type_name: "string".into(),
            mandatory: *name == "lastname",
            writable: true,
            max_length: None,
            choices: Vec::new(),
            refers_to: Vec::new(),
        };
        let fields = names.iter().map(field).collect();
        let name = entity.to_owned();
        let info =
            EntityInfo { name, createable: true, updateable: true, deleteable: true, fields };
        Box::pin(async move { Ok(info) })
    }

    fn page<'a>(&'a self, request: &'a PageRequest) -> BoxFuture<'a, RemoteResult<Page>> {
        Box::pin(self.call(Op::List, move |world| {
            let side = at(self.side);
            let here = &world.sides[side];
            let server_time = Some(Stamp::from_secs(world.stamp(side)));
            if self.side == Side::Vtiger {
                // A keyset by (modified, id), or by id.
                let changed = matches!(request.scope, Scope::Changed(_));
                let from = match &request.scope {
                    Scope::Changed(Since::Mark(mark)) => mark.parse::<i64>().unwrap_or(0) - 6,
                    _ => i64::MIN,
                };
                let mut rows: Vec<(i64, u64)> =
                    here.people.iter().map(|(n, p)| (p.modified, *n)).collect();
                rows.retain(|(modified, _)| *modified >= from);
                if !changed {
                    rows = rows.into_iter().map(|(_, n)| (0, n)).collect();
                }
                rows.sort_unstable();
                if let PageAt::After(token) = &request.at {
                    let (m, n) = token.split_once(' ').unwrap_or_default();
                    let last = (m.parse().unwrap_or(0), n.parse().unwrap_or(0));
                    rows.retain(|row| *row > last);
                }
                rows.truncate(3);
                let next = rows.last().map_or(Next::End, |(m, n)| Next::After(format!("{m} {n}")));
                let first = request.at == PageAt::First;
                let newest = here.people.values().map(|p| p.modified).max();
                let mark = match (changed, rows.last()) {
                    (true, Some((modified, _))) => Some(modified.to_string()),
                    (false, _) if first => Some(newest.unwrap_or(0).to_string()),
                    _ => None,
                };
                let records =
                    rows.iter().filter_map(|(_, n)| self.record(world, *n, &request.fields));
                return Ok(Page {
                    records: records.collect(),
                    next,
                    total: None,
                    mark,
                    server_time,
                });
            }
            let number = match request.at {
                PageAt::Number(number) => number,
                _ => 1,
            };
            let ids: Vec<u64> = here.people.keys().copied().collect();
            let pages = (ids.len() as u64).div_ceil(3).max(1);
            let from = (number as usize - 1) * 3;
            let page = ids.iter().skip(from).take(3);
            let records = page.filter_map(|n| self.record(world, *n, &request.fields)).collect();
            let total = Some(ids.len() as u64);
            Ok(Page { records, next: Next::Numbered { pages }, total, mark: None, server_time })
        }))
    }

    fn fetch<'a>(
        &'a self,
        _: &'a str,
        ids: &'a [String],
        fields: &'a [String],
    ) -> BoxFuture<'a, RemoteResult<Vec<Record>>> {
        Box::pin(self.call(Op::Fetch, move |world| {
            Ok(ids.iter().filter_map(|id| self.record(world, number(id), fields)).collect())
        }))
    }

    fn find<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
        values: &'a [String],
        fields: &'a [String],
    ) -> BoxFuture<'a, RemoteResult<Vec<Record>>> {
        Box::pin(self.call(Op::Fetch, move |world| {
            let people = &world.sides[at(self.side)].people;
            let hits = people.iter().filter(|(_, p)| values.contains(&p.email)).map(|(n, _)| *n);
            let hits: Vec<u64> = hits.collect();
            Ok(hits.into_iter().filter_map(|n| self.record(world, n, fields)).collect())
        }))
    }

    fn write<'a>(
        &'a self,
        _: &'a str,
        writes: &'a [Write],
        fields: &'a [String],
    ) -> BoxFuture<'a, Vec<RemoteResult<Written>>> {
        Box::pin(self.call(Op::Write, move |world| {
            let mut results = Vec::new();
            for write in writes {
                if world.faults && world.dice.chance(6) {
                    results.push(Err(error(ErrorKind::RateLimited { wait: None })));
                    continue;
                }
                let result = self.write_one(world, write, fields);
                let lost = world.faults && world.dice.chance(6);
                results.push(if lost { Err(error(ErrorKind::Unknown)) } else { result });
            }
            results
        }))
    }

    fn record_url(&self, _: &str, _: &str) -> Option<String> {
        None
    }

    fn requests(&self) -> (u64, u64) {
        (self.world.lock().unwrap().requests[at(self.side)], 0)
    }
}

//! The two sides of a story, their users, and what happens to requests on the way.

mod users;

use super::setup::{BEGIN, Setup};
use crate::model::{Module, Side, Stamp, clock};
use crate::store::Store;
use crate::store::memory::Moment;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tokio_util::sync::CancellationToken;

/// A small deterministic generator (xorshift).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
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

/// A contact or customer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person {
    pub email: String,
    pub first: String,
    pub last: String,
    pub phone: String,
    /// The service's company; in Vtiger the number of an account, as text.
    pub company: String,
    /// The field that carries the other side's id.
    pub external: String,
    pub modified: i64,
    pub created: i64,
    /// Who it is: the same on both sides.
    pub who: u64,
}

impl Person {
    /// The values that are worth remembering: each was written by a user, once.
    pub fn values(&self) -> [&String; 3] {
        [&self.first, &self.last, &self.phone]
    }
}

/// One side.
#[derive(Debug, Default)]
pub struct OneSide {
    pub people: BTreeMap<u64, Person>,
    pub trash: BTreeMap<u64, Person>,
    pub accounts: BTreeMap<u64, String>,
    pub next: u64,
}

/// What kind of request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    List,
    /// Reading or searching again, just before a write.
    Fetch,
    Write,
}

/// What the engine did to a side, by module and side: created, updated, deleted.
pub type Effects = BTreeMap<(Module, usize), [u64; 3]>;

/// What a user does.
pub type Act = fn(&mut World);
/// A write under way.
pub type Late = Box<dyn FnOnce(&mut World) + Send>;

/// How likely a request goes wrong, in percent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// A read fails, and with it the run.
    pub read: u64,
    /// A write is told to wait.
    pub slow: u64,
    /// A write is refused for good.
    pub refused: u64,
    /// An answer is lost before the write is applied.
    pub lost_before: u64,
    /// An answer is lost after it.
    pub lost_after: u64,
    /// The other system is gone, for all of this request.
    pub unreachable: u64,
}

impl Faults {
    pub const NONE: Self =
        Self { read: 0, slow: 0, refused: 0, lost_before: 0, lost_after: 0, unreachable: 0 };
    pub const SOME: Self =
        Self { read: 1, slow: 5, refused: 2, lost_before: 3, lost_after: 5, unreachable: 1 };
}

/// Two sides and everything that happens to them.
pub struct World {
    pub setup: Setup,
    pub dice: Dice,
    /// Seconds, on our clock.
    pub now: i64,
    pub sides: [OneSide; 2],
    /// Users act while the engine works.
    pub busy: bool,
    pub faults: Faults,
    pub crash_at: Option<u64>,
    pub cancel_at: Option<u64>,
    pub cancel: Option<Box<dyn Fn() + Send>>,
    pub steps: u64,
    pub crash: CancellationToken,
    /// Writes that the other system refused.
    pub refusals: u64,
    /// What a user does at a step of the next run.
    pub act_at: Option<(u64, Act)>,
    /// Even between reading again and writing.
    pub act_anyhow: bool,
    /// The telephone number is mapped.
    pub phone: bool,
    /// Requests take no time.
    pub steady: bool,
    /// Time stands still, and nobody acts.
    pub frozen: bool,
    /// The next create outlives its client by so many seconds: the process dies when it is sent.
    pub late_by: Option<i64>,
    /// Writes under way without a client, and when they land.
    pub late: Vec<(i64, Late)>,
    /// Values that were overwritten by somebody who saw them.
    pub superseded: BTreeSet<String>,
    pub violations: Vec<String>,
    pub effects: Effects,
    /// Records that users touched since the last run began, and those that the engine made.
    pub touched: BTreeSet<(usize, u64)>,
    pub ours: BTreeSet<(usize, u64)>,
    /// Records that the engine deleted.
    pub deleted: BTreeSet<(usize, u64)>,
    pub store: Option<Store>,
    pub requests: [u64; 2],
    /// What happened, for people who look for a fault.
    pub log: Option<Vec<String>>,
    /// No user acts between reading a record again and writing it: that window cannot be closed
    /// without a precondition in the API, and is documented.
    atomic: bool,
    last: Op,
    owner: HashMap<String, u64>,
    made: HashMap<(usize, u64), u64>,
    tokens: u64,
    people: u64,
    skew: [i64; 2],
}

pub fn at(side: Side) -> usize {
    usize::from(side == Side::Service)
}

pub fn id_of(side: usize, n: u64) -> String {
    if side == 0 { format!("12x{n}") } else { n.to_string() }
}

pub fn number(id: &str) -> u64 {
    id.rsplit('x').next().and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// What is left of a phone number in a service that cuts it.
pub fn cut(text: &str) -> &str {
    text.split('~').next().unwrap_or_default()
}

impl World {
    pub fn new(seed: u64, setup: Setup) -> Self {
        let mut dice = Dice::new(seed);
        let skew = [0, dice.below(5) as i64 - 2];
        let side = || OneSide { next: 1, ..OneSide::default() };
        let world = Self {
            setup,
            dice,
            now: BEGIN - 100,
            sides: [side(), side()],
            busy: false,
            faults: Faults::NONE,
            crash_at: None,
            cancel_at: None,
            cancel: None,
            steps: 0,
            crash: CancellationToken::new(),
            refusals: 0,
            act_at: None,
            act_anyhow: false,
            phone: true,
            steady: false,
            frozen: false,
            late_by: None,
            late: Vec::new(),
            superseded: BTreeSet::new(),
            violations: Vec::new(),
            effects: Effects::new(),
            touched: BTreeSet::new(),
            ours: BTreeSet::new(),
            deleted: BTreeSet::new(),
            store: None,
            requests: [0, 0],
            log: std::env::var_os("SYNCDECK_SEED").map(|_| Vec::new()),
            atomic: false,
            last: Op::List,
            owner: HashMap::new(),
            made: HashMap::new(),
            tokens: 0,
            people: 0,
            skew,
        };
        world.set_clock();
        world
    }

    fn set_clock(&self) {
        clock::set(Some(Stamp::from_secs(self.now)));
    }

    /// Lets time pass.
    pub fn pass(&mut self, secs: i64) {
        self.now += secs;
        self.set_clock();
    }

    pub fn note(&mut self, line: impl FnOnce() -> String) {
        let (step, now) = (self.steps, self.now - BEGIN);
        if let Some(log) = &mut self.log {
            log.push(format!("{now:>5} {step:>3} {}", line()));
        }
    }

    /// A side's clock.
    pub fn stamp(&self, side: usize) -> i64 {
        self.now + self.skew[side]
    }

    pub fn bad(&mut self, what: String) {
        self.note(|| format!("!!! {what}"));
        self.violations.push(what);
    }

    /// A value that nobody wrote before.
    fn token(&mut self, who: u64) -> String {
        self.tokens += 1;
        let token = format!("e{}~x", self.tokens);
        self.owner.insert(token.clone(), who);
        token
    }

    /// All values that users wrote.
    pub fn tokens(&self) -> impl Iterator<Item = String> + use<> {
        (1..=self.tokens).map(|n| format!("e{n}~x"))
    }

    /// Every request, answer and commit passes here. `false`: the process is dead.
    pub fn step(&mut self) -> bool {
        if self.frozen {
            return true;
        }
        self.steps += 1;
        self.land();
        let (now, may) = (self.steps, !self.atomic || self.act_anyhow);
        if let Some((_, act)) = self.act_at.take_if(|(step, _)| *step <= now && may) {
            act(self);
        }
        if self.busy && !self.atomic && self.dice.chance(25) {
            self.user();
        }
        if !self.steady && self.dice.chance(50) {
            let secs = self.dice.below(3) as i64;
            self.pass(secs);
        }
        if self.cancel_at == Some(self.steps)
            && let Some(cancel) = &self.cancel
        {
            cancel();
            self.note(|| "cancel".into());
        }
        if self.crash_at == Some(self.steps) {
            self.crash.cancel();
            self.note(|| "crash".into());
        }
        !self.crash.is_cancelled()
    }

    /// Whoever waits puts the clock forward; writes whose time has come take effect.
    fn land(&mut self) {
        if let Some(waited) = clock::now() {
            self.now = self.now.max(waited.0.div_euclid(1000));
        }
        let now = self.now;
        let (due, later) = std::mem::take(&mut self.late).into_iter().partition(|l| l.0 <= now);
        self.late = later;
        let due: Vec<(i64, Late)> = due;
        for (_, write) in due {
            write(self);
        }
    }

    /// A commit of the store.
    pub fn commits(&mut self, moment: Moment) -> bool {
        if moment == Moment::Before && self.last == Op::Write {
            // The writes of a batch are all answered.
            self.atomic = false;
        }
        self.step()
    }

    /// A request begins. `false`: the process is dead.
    pub fn begin(&mut self, op: Op, side: usize) -> bool {
        if op == Op::List || (op == Op::Fetch && self.last != Op::Fetch) {
            self.atomic = false;
        }
        self.last = op;
        self.requests[side] += 1;
        self.step()
    }

    /// Its effect is there, its answer is on its way.
    pub fn answers(&mut self, op: Op) -> bool {
        self.atomic |= op == Op::Fetch;
        self.step()
    }

    /// The engine did something: counts it.
    pub fn effect(&mut self, module: Module, side: usize, what: usize, id: &str) {
        if let Some(kinds) = self.effects.entry((module, side)).or_default().get_mut(what) {
            *kinds += 1;
        }
        self.note(|| format!("engine {} {module} {id}", ["creates", "updates", "deletes"][what]));
    }

    /// How much the engine wrote.
    pub fn written(&self) -> u64 {
        self.effects.values().flatten().sum()
    }

    /// Whose values these are.
    pub fn owner_of(&self, person: &Person) -> Option<u64> {
        person.values().into_iter().find_map(|v| self.owner.get(v)).copied()
    }

    /// The engine made a record from the same person on a side: the one before, if it is alive and
    /// still shows whose it is. (Its create may have lost its answer, and users have changed every value
    /// and the key since.)
    pub fn made(&mut self, side: usize, person: &Person, n: u64) -> Option<u64> {
        let before = self.made.insert((side, person.who), n)?;
        let there = self.sides[side].people.get(&before)?;
        let held = |value: &&String| !value.is_empty() && person.values().contains(value);
        let shows =
            there.email.eq_ignore_ascii_case(&person.email) || there.values().iter().any(held);
        shows.then_some(before)
    }
}

//! The row of a run.

use super::{counts_from_v1, counts_to_v1};
use crate::model::{
    Held, ItemStatus, Module, ModuleCounts, Progress, Remedy, Run, RunStatus, Side, Stamp, Trigger,
};
use crate::store::StoreResult;
use crate::store::codec::{Code, Row, pack, unpack};
use crate::store::tables::shapes::UserErrorV1;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Two sides, seven statuses.
type Lengths = [u64; 14];

/// A run and the lengths of its lists of items. The counts of a module put both sides' conflicts
/// and waiting records together, so they do not tell the next place in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct StoredRun {
    pub(in crate::store) run: Run,
    pub(super) lengths: BTreeMap<Module, Lengths>,
}

fn place(side: Side, status: ItemStatus) -> usize {
    usize::from(side.code() - 1) * 7 + usize::from(status.code() - 1)
}

impl StoredRun {
    pub(in crate::store) fn new(run: Run) -> Self {
        Self { run, lengths: BTreeMap::new() }
    }

    /// How many items a list has.
    pub(in crate::store) fn length(&self, m: Module, side: Side, status: ItemStatus) -> u64 {
        self.lengths.get(&m).map_or(0, |l| l[place(side, status)])
    }

    /// The length of a list, to be changed.
    pub(in crate::store) fn length_mut(
        &mut self,
        m: Module,
        side: Side,
        status: ItemStatus,
    ) -> &mut u64 {
        &mut self.lengths.entry(m).or_default()[place(side, status)]
    }
}

#[derive(Serialize, Deserialize)]
struct RunV1<'a> {
    id: u64,
    connector: u32,
    connector_name: &'a str,
    trigger: u8,
    status: u8,
    started: i64,
    ended: Option<i64>,
    #[serde(borrow)]
    held: Option<HeldV1<'a>>,
    #[serde(borrow)]
    modules: Vec<ModuleV1<'a>>,
    #[serde(borrow)]
    error: Option<UserErrorV1<'a>>,
    requests: u64,
    retries: u64,
    #[serde(borrow)]
    progress: Option<ProgressV1<'a>>,
    lengths: Vec<(u8, Lengths)>,
}

#[derive(Serialize, Deserialize)]
struct HeldV1<'a> {
    guard: &'a str,
    #[serde(borrow)]
    counts: Vec<(&'a str, u64)>,
    threshold: &'a str,
}

#[derive(Serialize, Deserialize)]
struct ModuleV1<'a> {
    module: u8,
    available: bool,
    why: Option<&'a str>,
    vtiger: [u64; 4],
    service: [u64; 4],
    linked: u64,
    unchanged: u64,
    waiting: u64,
    conflicts: u64,
    standing_skips: u64,
}

#[derive(Serialize, Deserialize)]
struct ProgressV1<'a> {
    module: Option<u8>,
    step: &'a str,
    done: u64,
    total: Option<u64>,
    rate: u64,
    cancelling: bool,
}

impl<'a> From<&'a Held> for HeldV1<'a> {
    fn from(held: &'a Held) -> Self {
        Self {
            guard: &held.guard,
            counts: held.counts.iter().map(|(k, n)| (k.as_str(), *n)).collect(),
            threshold: &held.threshold,
        }
    }
}

impl From<HeldV1<'_>> for Held {
    fn from(v1: HeldV1<'_>) -> Self {
        Self {
            guard: v1.guard.to_owned(),
            counts: v1.counts.into_iter().map(|(k, n)| (k.to_owned(), n)).collect(),
            threshold: v1.threshold.to_owned(),
        }
    }
}

impl<'a> From<(Module, &'a ModuleCounts)> for ModuleV1<'a> {
    fn from((module, counts): (Module, &'a ModuleCounts)) -> Self {
        Self {
            module: module.code(),
            available: counts.available,
            why: counts.why.as_deref(),
            vtiger: counts_to_v1(counts.vtiger),
            service: counts_to_v1(counts.service),
            linked: counts.linked,
            unchanged: counts.unchanged,
            waiting: counts.waiting,
            conflicts: counts.conflicts,
            standing_skips: counts.standing_skips,
        }
    }
}

impl ModuleV1<'_> {
    fn into_counts(self) -> StoreResult<(Module, ModuleCounts)> {
        let module = Module::read(self.module, StoredRun::TABLE)?;
        let counts = ModuleCounts {
            available: self.available,
            why: self.why.map(str::to_owned),
            vtiger: counts_from_v1(self.vtiger),
            service: counts_from_v1(self.service),
            linked: self.linked,
            unchanged: self.unchanged,
            waiting: self.waiting,
            conflicts: self.conflicts,
            standing_skips: self.standing_skips,
        };
        Ok((module, counts))
    }
}

impl<'a> From<&'a Progress> for ProgressV1<'a> {
    fn from(progress: &'a Progress) -> Self {
        Self {
            module: progress.module.map(Code::code),
            step: &progress.step,
            done: progress.done,
            total: progress.total,
            rate: progress.rate,
            cancelling: progress.cancelling,
        }
    }
}

impl From<ProgressV1<'_>> for Progress {
    fn from(v1: ProgressV1<'_>) -> Self {
        Self {
            module: v1.module.and_then(Module::from_code),
            step: v1.step.to_owned(),
            done: v1.done,
            total: v1.total,
            rate: v1.rate,
            cancelling: v1.cancelling,
        }
    }
}

impl RunV1<'_> {
    fn into_stored(self) -> StoreResult<StoredRun> {
        let modules = self.modules.into_iter().map(ModuleV1::into_counts);
        let lengths =
            self.lengths.into_iter().map(|(m, l)| Ok((Module::read(m, StoredRun::TABLE)?, l)));
        Ok(StoredRun {
            run: Run {
                id: self.id,
                connector: self.connector,
                connector_name: self.connector_name.to_owned(),
                trigger: Trigger::read(self.trigger, StoredRun::TABLE)?,
                status: RunStatus::read(self.status, StoredRun::TABLE)?,
                started: Stamp(self.started),
                ended: self.ended.map(Stamp),
                held: self.held.map(Held::from),
                modules: modules.collect::<StoreResult<_>>()?,
                error: self.error.map(Into::into),
                requests: self.requests,
                retries: self.retries,
                progress: self.progress.map(Progress::from),
            },
            lengths: lengths.collect::<StoreResult<_>>()?,
        })
    }
}

/// A run whose error names what mends it.
#[derive(Serialize, Deserialize)]
struct RunV2<'a> {
    #[serde(borrow)]
    run: RunV1<'a>,
    remedy: u8,
}

impl RunV2<'_> {
    fn into_stored(self) -> StoreResult<StoredRun> {
        let mut stored = self.run.into_stored()?;
        let remedy = Remedy::read(self.remedy, StoredRun::TABLE)?;
        stored.run.error = stored.run.error.map(|error| error.mended_by(remedy));
        Ok(stored)
    }
}

impl Row for StoredRun {
    const TABLE: &'static str = "runs";

    fn encode(&self) -> StoreResult<Vec<u8>> {
        let run = &self.run;
        let v1 = RunV1 {
            id: run.id,
            connector: run.connector,
            connector_name: &run.connector_name,
            trigger: run.trigger.code(),
            status: run.status.code(),
            started: run.started.0,
            ended: run.ended.map(|at| at.0),
            held: run.held.as_ref().map(HeldV1::from),
            modules: run.modules.iter().map(|(m, c)| (*m, c).into()).collect(),
            error: run.error.as_ref().map(UserErrorV1::from),
            requests: run.requests,
            retries: run.retries,
            progress: run.progress.as_ref().map(ProgressV1::from),
            lengths: self.lengths.iter().map(|(m, l)| (m.code(), *l)).collect(),
        };
        // Most runs are told by the older shape.
        match run.error.as_ref().and_then(|error| error.remedy) {
            None => pack(Self::TABLE, 1, &v1),
            Some(remedy) => pack(Self::TABLE, 2, &RunV2 { run: v1, remedy: remedy.code() }),
        }
    }

    fn decode_version(version: u8, bytes: &[u8]) -> Option<StoreResult<Self>> {
        match version {
            1 => Some(unpack::<RunV1<'_>>(Self::TABLE, bytes).and_then(RunV1::into_stored)),
            2 => Some(unpack::<RunV2<'_>>(Self::TABLE, bytes).and_then(RunV2::into_stored)),
            _ => None,
        }
    }
}

//! Applying: batches of units are planned against what both sides hold now, announced, sent, and
//! remembered. The outcome of one batch is committed while the next one is looked up and planned,
//! and before its intents are.

use super::companions::Companions;
use super::context::{Context, Step, Stop};
use super::lookup::{read_again, search_new};
use super::matching::Match;
use super::module::{ModuleWork, at};
use super::outcome::finish;
use super::plan::{Decided, Job, Plan, plan, reason_item};
use super::references::linked_since;
use super::remember::{announce, forget, id_of, met, park, plan_items, put_only, remember, skip};
use super::safeguards;
use super::send::send;
use super::units::{SideNow, Unit, Units};
use crate::model::{ItemStatus, Link, Reason, ReasonCode, Record, Side, Skip};
use crate::store::{Batch, Change};
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

/// So long what was looked up for a batch counts as young.
const YOUNG: Duration = Duration::from_secs(2);
/// How often progress is told that comes with no outcome.
const TELL: Duration = Duration::from_millis(250);
/// Why a record waits whose counterpart was not found.
const NOT_FOUND: &str = "The other side did not find its counterpart by its id, although it was \
                         not shown to be gone. The next complete listing decides.";

/// Carries out the creates and updates of a module (or, in a dry run, only lists them).
///
/// # Errors
/// A system or the store cannot be used, or the run was cancelled. What was done is recorded.
pub async fn apply(
    context: &Context,
    work: &mut ModuleWork,
    companions: &mut Companions,
) -> Step<()> {
    let total = work.linked.pushed() + work.fresh.pushed();
    let step = if context.dry { "comparing" } else { "writing" };
    context.begin(work.module, step, Some(total));
    let mut units = Units::new(context, work).await?;
    let mut size = if context.dry { safeguards::dry_batch() } else { safeguards::batch() };
    let mut told = Instant::now();
    loop {
        // Announced, sent and remembered in one piece, even if the process is to be stopped.
        let _section = context.store.section().await;
        let next = match context.go_on() {
            Ok(()) => units.next(context, work, size).await,
            Err(stop) => Err(stop),
        };
        let mut batch = match next {
            Ok(batch) if !batch.is_empty() => batch,
            end => {
                context.commit(Batch::new()).await?;
                return end.map(drop);
            }
        };
        let count = batch.len() as u64;
        let begun = Instant::now();
        let mut outcome = Batch::new();
        // Records that turn out to exist come round once more as matched pairs.
        for _ in 0..3 {
            if batch.is_empty() {
                break;
            }
            let done = run_batch(context, work, companions, batch, outcome).await?;
            outcome = done.outcome;
            batch = done.again;
            if let Some(stop) = done.stop {
                context.commit(outcome).await?;
                return Err(stop);
            }
        }
        set_by(context, work, batch, &mut outcome).await?;
        context.advance(count + units.passed(), None);
        if !outcome.is_empty() || told.elapsed() >= TELL {
            told = Instant::now();
            outcome.push(context.progress_change());
            context.begin_commit(outcome).await?;
        }
        if !context.dry {
            let large = safeguards::large_batch();
            let young = is_young(count, begun.elapsed(), large);
            size = if young { large } else { safeguards::batch() };
        }
    }
}

/// Whether a large batch would still be young when its last unit is sent, after one of so many units
/// took so long. The larger a batch, the fewer requests and commits, but the older what was looked up
/// for it.
fn is_young(units: u64, took: Duration, large: usize) -> bool {
    took.as_secs_f64() * large as f64 <= YOUNG.as_secs_f64() * units.max(1) as f64
}

/// Units that came round again and again: they are looked at by the next run.
async fn set_by(
    context: &Context,
    work: &ModuleWork,
    units: Vec<Unit>,
    batch: &mut Batch,
) -> Step<()> {
    for unit in units {
        let (side, record, link) = match unit {
            Unit::Linked { link, now } => {
                let [vtiger, service] = *now;
                match (vtiger, service) {
                    (SideNow::Present(record), _) => (Side::Vtiger, record, Some(link)),
                    (_, SideNow::Present(record)) => (Side::Service, record, Some(link)),
                    _ => continue,
                }
            }
            Unit::Match(found) => match *found {
                Match::New { side, record }
                | Match::Skip { side, record, .. }
                | Match::Later { side, record } => (side, record, None),
                Match::Pair { vtiger, .. } => (Side::Vtiger, vtiger, None),
            },
        };
        if !context.dry {
            let detail = "It kept changing while it was being synced.";
            let reason = Reason::new(ReasonCode::ApiError, "", detail);
            park(context, work, side, &record, link.as_deref(), reason, batch).await?;
        }
    }
    Ok(())
}

/// What a batch leaves behind.
struct Done {
    /// Outcomes that are not committed yet.
    outcome: Batch,
    /// Units to be looked at once more.
    again: Vec<Unit>,
    /// The run cannot go on.
    stop: Option<Stop>,
}

async fn run_batch(
    context: &Context,
    work: &mut ModuleWork,
    companions: &mut Companions,
    mut units: Vec<Unit>,
    mut commit: Batch,
) -> Step<Done> {
    if let Err(stop) = linked_since(context, work, &mut units, &companions.planned).await {
        return stop_after(context, commit, stop).await;
    }
    let looking = look_again(context, work, units);
    let (units, mut again) = match context.until_cancelled(looking).await {
        Ok(looked) => looked,
        Err(stop) => return stop_after(context, commit, stop).await,
    };
    let mut jobs = Vec::new();
    for (unit, decided) in units {
        let new = new_one(&unit);
        match plan(context, work, unit, decided) {
            Plan::Job(job) => jobs.push(*job),
            Plan::Nothing if !context.dry => {
                // It has nowhere to go, so it waits for nothing.
                commit.changes.extend(
                    new.map(|(side, id)| Change::DropParked(context.id(), work.module, side, id)),
                );
            }
            Plan::Nothing | Plan::Delete(..) => {}
            other => note(context, work, other, &mut commit, &mut again).await?,
        }
    }
    hold_back(context, work, &mut jobs, &mut commit).await?;
    let before = context.requests();
    if let Err(stop) = companions.resolve(context, work, &mut jobs, &mut commit).await {
        return stop_after(context, commit, stop).await;
    }
    if !context.dry && context.requests() != before {
        match still_true(context, work, jobs, &mut again).await {
            Ok(kept) => jobs = kept,
            Err(stop) => return stop_after(context, commit, stop).await,
        }
    }
    if context.dry {
        for job in &jobs {
            plan_items(context, work, job, &mut commit);
        }
        companions.planned.add(work.module, &jobs)?;
        return Ok(Done { outcome: commit, again, stop: None });
    }
    let (jobs, settled): (Vec<Job>, Vec<Job>) =
        jobs.into_iter().partition(|j| !j.writes.is_empty());
    for job in settled {
        remember(context, work, job, &mut commit);
    }
    for job in &jobs {
        announce(context, work, job, &mut commit);
    }
    if jobs.is_empty() && commit.changes.iter().all(is_of_linked) {
        // Nothing has to be announced.
        return Ok(Done { outcome: commit, again, stop: None });
    }
    context.commit(commit).await?;
    work.recent = Default::default();
    let results = send(context, work, &jobs).await;
    let mut outcomes = Batch::new();
    let mut stop = None;
    for (job, results) in jobs.into_iter().zip(results) {
        let outcome = finish(context, work, job, results, &mut outcomes).await;
        match outcome {
            Ok(Some(unit)) => again.push(unit),
            Ok(None) => {}
            Err(error) => stop = Some(error),
        }
    }
    Ok(Done { outcome: outcomes, again, stop })
}

/// Whether a change only tells of records that were linked: what the next batch has to know of it
/// stands in [`ModuleWork::recent`] too.
fn is_of_linked(change: &Change) -> bool {
    matches!(
        change,
        Change::PutLink(..)
            | Change::DropParked(..)
            | Change::DropSkip(..)
            | Change::AddItem(..)
            | Change::Progress { .. }
    )
}

/// Takes out of the jobs the writes whose source stands skipped as it is: what was refused is not
/// sent again and again just because the target is looked at.
async fn hold_back(
    context: &Context,
    work: &ModuleWork,
    jobs: &mut Vec<Job>,
    batch: &mut Batch,
) -> Step<()> {
    let (connector, module) = (context.id(), work.module);
    let mut sources = Vec::new();
    for job in jobs.iter().filter(|job| job.link.is_some()) {
        for write in &job.writes {
            let side = write.side.other();
            sources.extend(job.records[at(side)].as_ref().map(|r| (side, r.id.clone())));
        }
    }
    if sources.is_empty() {
        return Ok(());
    }
    let skips: HashMap<(Side, String), Skip> = context
        .read(move |r| {
            let mut skips = HashMap::new();
            for (side, id) in sources {
                // Somebody has put it into the queue: it is tried again.
                let queued = r.parked(connector, module, side, &id)?.is_some();
                if let Some(skip) = r.skip(connector, module, side, &id)?.filter(|_| !queued) {
                    skips.insert((side, id), skip);
                }
            }
            Ok(skips)
        })
        .await?;
    let stands = |record: &Record, side: Side| {
        skips.get(&(side, record.id.clone())).is_some_and(|skip| {
            let print = work.mapping.print_of(side, &record.fields);
            skip.print == print && skip.revision == work.mapping.revision()
        })
    };
    for job in jobs.iter_mut().filter(|job| job.link.is_some()) {
        let before = job.writes.len();
        let records = &job.records;
        job.writes.retain(|write| {
            let side = write.side.other();
            !records[at(side)].as_ref().is_some_and(|record| stands(record, side))
        });
        job.partial = job.writes.len() < before;
    }
    for job in jobs.iter().filter(|job| job.partial && job.writes.is_empty() && !context.dry) {
        // The skip looks after both records: neither of them waits for anything.
        for side in Side::BOTH {
            if let Some(link) = &job.link {
                batch.push(Change::DropParked(connector, module, side, id_of(link, side)));
            }
        }
    }
    jobs.retain(|job| !(job.partial && job.writes.is_empty()));
    Ok(())
}

/// Looking for companions and making them takes requests, in which somebody may have edited what
/// the jobs were planned with. Those jobs come round again.
async fn still_true(
    context: &Context,
    work: &ModuleWork,
    jobs: Vec<Job>,
    again: &mut Vec<Unit>,
) -> Step<Vec<Job>> {
    let mut planned = Vec::new();
    let mut kept = Vec::new();
    for job in jobs {
        match unit_of(&job) {
            Some(unit) if !job.writes.is_empty() => planned.push((unit, job)),
            _ => kept.push(job),
        }
    }
    let units = planned.iter().map(|(unit, _)| unit.clone()).collect();
    let (mut now, new) = look_again(context, work, units).await?;
    again.extend(new);
    for (unit, job) in planned {
        if let Some(at) = now.iter().position(|(now, _)| *now == unit) {
            now.swap_remove(at);
            kept.push(job);
        }
    }
    again.extend(now.into_iter().map(|(unit, _)| unit));
    Ok(kept)
}

/// The unit that a job was planned from.
fn unit_of(job: &Job) -> Option<Unit> {
    let [vtiger, service] = job.records.clone();
    if let Some(link) = &job.link {
        let now = [vtiger, service].map(|r| r.map_or(SideNow::AsLinked, SideNow::Present));
        return Some(Unit::Linked { link: Box::new(link.clone()), now: Box::new(now) });
    }
    let found = match (vtiger, service) {
        (Some(vtiger), Some(service)) => Match::Pair { vtiger, service },
        (Some(record), None) => Match::New { side: Side::Vtiger, record },
        (None, Some(record)) => Match::New { side: Side::Service, record },
        (None, None) => return None,
    };
    Some(Unit::Match(Box::new(found)))
}

/// A unit, and what was made out of it.
type Looked = (Unit, Option<Decided>);

/// Searches and reads again. The second list is of records that turned out to be new, or to have
/// other keys, only then: they have to be searched first.
async fn look_again(
    context: &Context,
    work: &ModuleWork,
    units: Vec<Unit>,
) -> Step<(Vec<Looked>, Vec<Unit>)> {
    let units = search_new(context, work, units).await?;
    let searched: HashSet<(Side, String)> = units.iter().filter_map(new_one).collect();
    let mut now = Vec::with_capacity(units.len());
    let mut again = Vec::new();
    for (unit, decided) in read_again(context, work, units).await? {
        match new_one(&unit) {
            Some(new) if !searched.contains(&new) => again.push(unit),
            _ if same_key(work, &unit) => now.push((unit, decided)),
            _ => again.extend(apart(unit)),
        }
    }
    Ok((now, again))
}

fn new_one(unit: &Unit) -> Option<(Side, String)> {
    match unit {
        Unit::Match(found) => match found.as_ref() {
            Match::New { side, record } => Some((*side, record.id.clone())),
            _ => None,
        },
        Unit::Linked { .. } => None,
    }
}

/// Whether two matched records still have one key.
fn same_key(work: &ModuleWork, unit: &Unit) -> bool {
    let Unit::Match(found) = unit else { return true };
    let Match::Pair { vtiger, service } = found.as_ref() else { return true };
    let key = |side: Side, record: &Record| work.mapping.match_key(side, &record.fields);
    key(Side::Vtiger, vtiger) == key(Side::Service, service)
}

/// Two records that were matched, each for itself.
fn apart(unit: Unit) -> Vec<Unit> {
    let Unit::Match(found) = unit else { return Vec::new() };
    let Match::Pair { vtiger, service } = *found else { return Vec::new() };
    let each = [(Side::Vtiger, vtiger), (Side::Service, service)];
    let new = |(side, record)| Unit::Match(Box::new(Match::New { side, record }));
    each.into_iter().map(new).collect()
}

/// Stops, but not before what was done is recorded.
async fn stop_after(context: &Context, done: Batch, stop: Stop) -> Step<Done> {
    context.commit(done).await?;
    Err(stop)
}

/// Skips, deletions that are not carried over, records that come back, links to forget.
async fn note(
    context: &Context,
    work: &mut ModuleWork,
    plan: Plan,
    batch: &mut Batch,
    again: &mut Vec<Unit>,
) -> Step<()> {
    let (connector, module) = (context.id(), work.module);
    match plan {
        Plan::Skip { side, record, link, reason } => {
            left_out(context, work, side, &record, link.as_deref(), reason, batch).await?;
        }
        Plan::Unfit { job, side, reason } => {
            let link = met(&job);
            if let Some(link) = link.clone().filter(|_| !context.dry) {
                put_only(context, work, link, batch);
            }
            for item in job.items {
                batch.push(Change::AddItem(context.run, Box::new(item)));
            }
            if let Some(record) = &job.records[at(side)] {
                left_out(context, work, side, record, link.as_ref(), reason, batch).await?;
            }
        }
        Plan::Keep(side, why, link, record) => {
            let id = id_of(&link, side);
            let record = record.map_or_else(|| Record { id, ..Record::default() }, |r| *r);
            forget(context, work, &link, side.other(), true, batch);
            skip(context, work, side, &record, Some(&link), why.reason(), batch).await?;
        }
        Plan::Revive(side, link, record) => {
            forget(context, work, &link, side.other(), true, batch);
            if !context.dry {
                // The link must be gone before the record is looked up as a new one.
                context.commit(std::mem::take(batch)).await?;
            }
            again.push(Unit::Match(Box::new(Match::New { side, record: *record })));
        }
        Plan::Later(link, records) if !context.dry => {
            for (side, record) in records {
                let reason = Reason::new(ReasonCode::ApiError, "", NOT_FOUND);
                park(context, work, side, &record, link.as_deref(), reason, batch).await?;
            }
        }
        Plan::Forget(link) if !context.dry => {
            batch.push(Change::DropLink(connector, module, link.vtiger_id.clone()));
            for side in Side::BOTH {
                batch.push(Change::DropParked(connector, module, side, id_of(&link, side)));
                batch.push(Change::DropSkip(connector, module, side, id_of(&link, side)));
            }
        }
        _ => {}
    }
    Ok(())
}

/// A record that does not travel. Where another one is missing that it refers to, its turn comes when
/// that is there.
async fn left_out(
    context: &Context,
    work: &mut ModuleWork,
    side: Side,
    record: &Record,
    link: Option<&Link>,
    reason: Reason,
    batch: &mut Batch,
) -> Step<()> {
    if reason.code != ReasonCode::ReferenceMissing {
        return skip(context, work, side, record, link, reason, batch).await;
    }
    if !context.dry {
        return park(context, work, side, record, link, reason, batch).await;
    }
    let item = reason_item(context, work, side, record, link, ItemStatus::Waiting, reason);
    batch.push(Change::AddItem(context.run, Box::new(item)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_large_only_where_they_stay_young() {
        for (units, millis, young) in
            [(100, 1_000, true), (100, 1_001, false), (200, 2_000, true), (3, 150, false)]
        {
            assert_eq!(is_young(units, Duration::from_millis(millis), 200), young, "{units}");
        }
    }
}

//! Applying: batches of units are planned against what both sides hold now, announced, sent, and
//! remembered. The outcome of one batch and the intents of the next are one commit.

use super::companions::Companions;
use super::context::{Context, Step, Stop};
use super::links::link_after;
use super::lookup::{links, read_again, search, search_new};
use super::matching::{Match, duplicate_of};
use super::module::{ModuleWork, at};
use super::plan::{Job, Plan, PlannedWrite, item, plan, reason_item};
use super::send::send;
use super::units::{Unit, Units};
use crate::model::{
    Intent, IntentKind, Item, ItemStatus, Link, Parked, Reason, ReasonCode, Record, Side, Skip,
    Stamp, Tomb,
};
use crate::remote::{ErrorKind, RemoteError, RemoteResult, Written};
use crate::store::{Batch, Change};

/// Units in a batch: few enough for a commit of some milliseconds, enough to fill a request.
const BATCH: usize = 100;

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
    let mut units = Units::new(work)?;
    let mut carry = Batch::new();
    loop {
        let stopped = context.go_on();
        let mut batch = match stopped {
            Ok(()) => units.next(context, work, BATCH).await?,
            Err(stop) => {
                context.commit(carry).await?;
                return Err(stop);
            }
        };
        if batch.is_empty() {
            break;
        }
        let count = batch.len() as u64;
        // Records that turn out to exist come round once more as matched pairs.
        for _ in 0..3 {
            if batch.is_empty() {
                break;
            }
            let done = run_batch(context, work, companions, batch, carry).await?;
            carry = done.carry;
            batch = done.again;
            if let Some(stop) = done.stop {
                context.commit(carry).await?;
                return Err(stop);
            }
        }
        context.advance(count, None);
        carry.push(context.progress_change());
    }
    context.commit(carry).await
}

/// What a batch leaves behind.
struct Done {
    /// Outcomes, committed with the next batch's intents.
    carry: Batch,
    /// Units to be looked at once more.
    again: Vec<Unit>,
    /// The run cannot go on.
    stop: Option<Stop>,
}

async fn run_batch(
    context: &Context,
    work: &mut ModuleWork,
    companions: &mut Companions,
    units: Vec<Unit>,
    mut commit: Batch,
) -> Step<Done> {
    let units = search_new(context, work, units).await?;
    let units = read_again(context, work, units).await?;
    let mut jobs = Vec::new();
    let mut again = Vec::new();
    for unit in units {
        match plan(context, work, unit) {
            Plan::Job(job) => jobs.push(*job),
            Plan::Nothing | Plan::Delete(..) => {}
            other => note(context, work, other, &mut commit, &mut again).await?,
        }
    }
    companions.resolve(context, work, &mut jobs, &mut commit).await?;
    if context.dry {
        for job in &jobs {
            plan_items(context, work, job, &mut commit);
        }
        context.commit(commit).await?;
        return Ok(Done { carry: Batch::new(), again, stop: None });
    }
    let (jobs, settled): (Vec<Job>, Vec<Job>) =
        jobs.into_iter().partition(|j| !j.writes.is_empty());
    for job in settled {
        remember(context, work, job, &mut commit);
    }
    for job in &jobs {
        announce(context, work, job, &mut commit);
    }
    context.commit(commit).await?;
    let results = send(context, work, &jobs).await;
    let mut carry = Batch::new();
    let mut stop = None;
    for (job, results) in jobs.into_iter().zip(results) {
        let outcome = finish(context, work, job, results, &mut carry).await;
        match outcome {
            Ok(Some(unit)) => again.push(unit),
            Ok(None) => {}
            Err(error) => stop = Some(error),
        }
    }
    Ok(Done { carry, again, stop })
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
            skip(context, work, side, &record, link.as_deref(), reason, batch).await?;
        }
        Plan::Keep(side, link, record) => {
            let id = id_of(&link, side);
            let record = record.map_or_else(|| Record { id, ..Record::default() }, |r| *r);
            let reason = Reason::new(ReasonCode::DeleteNotCarriedOver, "", "");
            forget(context, work, &link, Some(side.other()), batch);
            skip(context, work, side, &record, Some(&link), reason, batch).await?;
        }
        Plan::Revive(side, link, record) => {
            forget(context, work, &link, Some(side.other()), batch);
            if !context.dry {
                // The link must be gone before the record is looked up as a new one.
                context.commit(std::mem::take(batch)).await?;
            }
            again.push(Unit::Match(Box::new(Match::New { side, record: *record })));
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

fn id_of(link: &Link, side: Side) -> String {
    match side {
        Side::Vtiger => link.vtiger_id.clone(),
        Side::Service => link.service_id.clone(),
    }
}

/// Drops a link of which one side is gone, and remembers what is gone.
fn forget(
    context: &Context,
    work: &ModuleWork,
    link: &Link,
    gone: Option<Side>,
    batch: &mut Batch,
) {
    if context.dry {
        return;
    }
    let (connector, module) = (context.id(), work.module);
    batch.push(Change::DropLink(connector, module, link.vtiger_id.clone()));
    for side in Side::BOTH {
        batch.push(Change::DropParked(connector, module, side, id_of(link, side)));
    }
    if let Some(side) = gone {
        let print = if side == Side::Vtiger { link.vtiger_print } else { link.service_print };
        let known = link.pairs.iter().filter_map(|state| {
            let pair = work.mapping.pairs().iter().find(|p| p.id() == state.pair)?;
            Some((pair.vtiger.clone(), state.base.value()?.to_owned()))
        });
        let values = known.collect();
        let tomb = Tomb { side, id: id_of(link, side), print, run: context.run, values };
        batch.push(Change::PutTomb(connector, module, tomb));
    }
}

/// Records a skip, unless just this skip stands already.
async fn skip(
    context: &Context,
    work: &mut ModuleWork,
    side: Side,
    record: &Record,
    link: Option<&Link>,
    reason: Reason,
    batch: &mut Batch,
) -> Step<()> {
    let (connector, module) = (context.id(), work.module);
    let id = record.id.clone();
    let standing = context.read(move |r| r.skip(connector, module, side, &id)).await?;
    let print = work.mapping.project(side, &record.fields).print;
    let revision = work.mapping.revision();
    let same =
        |s: &Skip| s.reason.code == reason.code && s.print == print && s.revision == revision;
    if standing.as_ref().is_some_and(same) {
        return Ok(());
    }
    let name = work.name_of(side, record);
    let mut item =
        reason_item(context, work, side, record, link, ItemStatus::Skipped, reason.clone());
    if reason.code == ReasonCode::DeleteNotCarriedOver {
        // What was not carried over is the delete, and it would have been done on this side.
        item.side = side;
        item.source_module.clone_from(&work.source_module[at(side.other())]);
    }
    batch.push(Change::AddItem(context.run, Box::new(item)));
    if !context.dry {
        let id = record.id.clone();
        let skip = Skip { side, id: id.clone(), name, reason, print, revision, run: context.run };
        batch.push(Change::PutSkip(connector, module, skip));
        batch.push(Change::DropParked(connector, module, side, id));
    }
    Ok(())
}

/// In a dry run: the items that a job would make.
fn plan_items(context: &Context, work: &ModuleWork, job: &Job, batch: &mut Batch) {
    for item in &job.items {
        batch.push(Change::AddItem(context.run, Box::new(item.clone())));
    }
    for write in &job.writes {
        let item = written_item(context, work, job, write, write.changes.clone());
        batch.push(Change::AddItem(context.run, Box::new(item)));
    }
}

fn written_item(
    context: &Context,
    work: &ModuleWork,
    job: &Job,
    write: &PlannedWrite,
    changes: Vec<crate::model::Change>,
) -> Item {
    let status = match write.kind {
        IntentKind::Create => ItemStatus::Created,
        IntentKind::Update => ItemStatus::Updated,
        IntentKind::Delete => ItemStatus::Deleted,
    };
    Item { changes, ..item(context, work, job, write.side, status) }
}

/// A job without writes: link what was matched, or remember what both sides look like now.
fn remember(context: &Context, work: &ModuleWork, job: Job, batch: &mut Batch) {
    let now = [job.records[0].as_ref(), job.records[1].as_ref()];
    if let Some(link) = link_after(work, &job, now) {
        put_link(context, work, link, batch);
    }
    for item in job.items {
        batch.push(Change::AddItem(context.run, Box::new(item)));
    }
}

fn put_link(context: &Context, work: &ModuleWork, link: Link, batch: &mut Batch) {
    let (connector, module) = (context.id(), work.module);
    for side in Side::BOTH {
        batch.push(Change::DropParked(connector, module, side, id_of(&link, side)));
        batch.push(Change::DropSkip(connector, module, side, id_of(&link, side)));
    }
    batch.push(Change::PutLink(connector, module, link));
}

/// Announces a job's writes, and records what its conflicts will destroy.
fn announce(context: &Context, work: &ModuleWork, job: &Job, batch: &mut Batch) {
    for write in &job.writes {
        let source = write.side.other();
        let record = job.records[at(source)].as_ref();
        let key = record
            .map(|r| work.mapping.project(source, &r.fields))
            .and_then(|values| work.mapping.match_key(&values));
        let intent = Intent {
            target: write.side,
            source_id: record.map(|r| r.id.clone()).unwrap_or_default(),
            kind: write.kind,
            target_id: write.id.clone(),
            match_key: key.unwrap_or_default(),
            print: write.expected,
            run: context.run,
            sent: Stamp::now(),
            tries: 0,
            name: job.name.clone(),
            changes: write.changes.clone(),
        };
        batch.push(Change::PutIntent(context.id(), work.module, intent));
    }
    for item in &job.items {
        batch.push(Change::AddItem(context.run, Box::new(item.clone())));
    }
}

/// Remembers what became of a job. A unit that turned out to exist already comes round again.
async fn finish(
    context: &Context,
    work: &mut ModuleWork,
    mut job: Job,
    results: Vec<RemoteResult<Written>>,
    batch: &mut Batch,
) -> Step<Option<Unit>> {
    let writes = std::mem::take(&mut job.writes);
    let mut now = job.records.clone();
    let mut failed = Vec::new();
    let mut written = Vec::new();
    for (write, result) in writes.into_iter().zip(results) {
        match result {
            Ok(answer) => {
                let before = now[at(write.side)].take();
                let record =
                    answer.record.or(before).map(|r| Record { id: answer.id.clone(), ..r });
                now[at(write.side)] = record;
                written.push(write);
            }
            Err(error) => failed.push((write, error)),
        }
    }
    let (connector, module) = (context.id(), work.module);
    for write in written {
        let source_id = source_id(&job, &write);
        let job_now = Job { records: now.clone(), ..job.clone() };
        let changes = answered(work, &write, now[at(write.side)].as_ref());
        let item = written_item(context, work, &job_now, &write, changes);
        batch.push(Change::AddItem(context.run, Box::new(item)));
        batch.push(Change::DropIntent(connector, module, write.side, source_id));
    }
    if failed.is_empty() {
        if let Some(link) = link_after(work, &job, [now[0].as_ref(), now[1].as_ref()]) {
            put_link(context, work, link, batch);
        }
        return Ok(None);
    }
    let mut again = None;
    for (write, error) in failed {
        if let Some(unit) = failed_write(context, work, &job, &write, error, batch).await? {
            again = Some(unit);
        }
    }
    Ok(again)
}

fn source_id(job: &Job, write: &PlannedWrite) -> String {
    job.records[at(write.side.other())].as_ref().map(|r| r.id.clone()).unwrap_or_default()
}

/// The changes with what the system answered in the place of what was sent.
fn answered(
    work: &ModuleWork,
    write: &PlannedWrite,
    record: Option<&Record>,
) -> Vec<crate::model::Change> {
    let mut changes = write.changes.clone();
    if let Some(record) = record {
        for (change, pair) in changes.iter_mut().zip(&write.pairs) {
            change.after = work.mapping.shown(*pair, write.side, &record.fields);
        }
    }
    changes
}

/// What a failed write means: look again, wait, skip, or stop the run.
async fn failed_write(
    context: &Context,
    work: &mut ModuleWork,
    job: &Job,
    write: &PlannedWrite,
    error: RemoteError,
    batch: &mut Batch,
) -> Step<Option<Unit>> {
    let (connector, module) = (context.id(), work.module);
    let source = write.side.other();
    let Some(record) = job.records[at(source)].clone() else { return Ok(None) };
    let drop_intent = Change::DropIntent(connector, module, write.side, record.id.clone());
    match &error.kind {
        ErrorKind::Unknown => {
            // The intent stays; the next run looks for the outcome before anything else.
            park(context, work, source, &record, job.link.as_ref(), error.reason(), batch).await?;
            return stop_if_whole(context, &error, batch).await;
        }
        ErrorKind::Exists { id } if write.kind == IntentKind::Create => {
            batch.push(drop_intent);
            let hit = existing(context, work, write.side, id.as_deref(), source, &record).await?;
            let reason = match hit {
                Some((other, None)) => {
                    let found = match source {
                        Side::Vtiger => Match::Pair { vtiger: record, service: other },
                        Side::Service => Match::Pair { vtiger: other, service: record },
                    };
                    return Ok(Some(Unit::Match(Box::new(found))));
                }
                Some((_, Some(link))) => duplicate_of(&id_of(&link, source)),
                None => error.reason(),
            };
            skip(context, work, source, &record, None, reason, batch).await?;
        }
        ErrorKind::NotFound => {
            batch.push(drop_intent);
            park(context, work, source, &record, job.link.as_ref(), error.reason(), batch).await?;
        }
        _ if error.is_passing() => {
            batch.push(drop_intent);
            park(context, work, source, &record, job.link.as_ref(), error.reason(), batch).await?;
            return stop_if_whole(context, &error, batch).await;
        }
        _ => {
            batch.push(drop_intent);
            if error.whole {
                return stop_if_whole(context, &error, batch).await;
            }
            skip(context, work, source, &record, job.link.as_ref(), error.reason(), batch).await?;
        }
    }
    Ok(None)
}

async fn stop_if_whole(
    context: &Context,
    error: &RemoteError,
    batch: &mut Batch,
) -> Step<Option<Unit>> {
    if error.stops_the_run() {
        context.commit(std::mem::take(batch)).await?;
        return Err(Stop::Failed(error.error.clone()));
    }
    Ok(None)
}

/// The record that is in the way of a create, with its link.
async fn existing(
    context: &Context,
    work: &ModuleWork,
    target: Side,
    id: Option<&str>,
    source: Side,
    record: &Record,
) -> Step<Option<(Record, Option<Link>)>> {
    if let Some(id) = id {
        let ids = [id.to_owned()];
        let entity = &work.entity[at(target)];
        let found = context.remote(target).fetch(entity, &ids, &work.paths(target)).await?;
        if let Some(hit) = found.into_iter().find(|r| !r.trashed) {
            let link = links(context, work, target, ids.to_vec()).await?.remove(id);
            return Ok(Some((hit, link)));
        }
    }
    let values = work.mapping.project(source, &record.fields);
    let (Some(key), Some(value)) =
        (work.mapping.match_key(&values), work.mapping.key_value(source, &record.fields))
    else {
        return Ok(None);
    };
    let mut found = search(context, work, target, &[value]).await?;
    let mut hits = found.remove(&key).unwrap_or_default();
    hits.retain(|(hit, _)| !hit.trashed);
    Ok(if hits.len() == 1 { hits.pop() } else { None })
}

/// Puts a record into the queue.
async fn park(
    context: &Context,
    work: &ModuleWork,
    side: Side,
    record: &Record,
    link: Option<&Link>,
    reason: Reason,
    batch: &mut Batch,
) -> Step<()> {
    let (connector, module) = (context.id(), work.module);
    let id = record.id.clone();
    let before = context.read(move |r| r.parked(connector, module, side, &id)).await?;
    let tries = before.as_ref().map_or(0, |p| p.tries) + 1;
    let parked = Parked {
        side,
        id: record.id.clone(),
        name: work.name_of(side, record),
        reason: Some(reason.clone()),
        since: before.map_or_else(Stamp::now, |p| p.since),
        tries,
        next_try: context.next_try(tries),
    };
    let item = reason_item(context, work, side, record, link, ItemStatus::Waiting, reason);
    batch.push(Change::PutParked(connector, module, parked));
    batch.push(Change::AddItem(context.run, Box::new(item)));
    Ok(())
}

/// Carries out the deletes of a module: after all modules are written, in reversed order.
///
/// # Errors
/// As [`apply`].
pub async fn apply_deletes(context: &Context, work: &mut ModuleWork) -> Step<()> {
    let mut units = Units::new(work)?;
    let mut carry = Batch::new();
    loop {
        context.go_on()?;
        let batch = units.next(context, work, BATCH).await?;
        if batch.is_empty() {
            return context.commit(carry).await;
        }
        let gone = |u: &Unit| matches!(u, Unit::Linked { now, .. } if now.contains(&super::units::SideNow::Gone));
        let batch = read_again(context, work, batch.into_iter().filter(gone).collect()).await?;
        let mut deletes = Vec::new();
        for unit in batch {
            if let Plan::Delete(side, link, record) = plan(context, work, unit) {
                deletes.push((side, *link, record.map(|r| *r)));
            }
        }
        for (side, link, record) in deletes {
            delete_one(context, work, side, link, record, &mut carry).await?;
        }
        context.commit(std::mem::take(&mut carry)).await?;
    }
}

async fn delete_one(
    context: &Context,
    work: &mut ModuleWork,
    side: Side,
    link: Link,
    record: Option<Record>,
    carry: &mut Batch,
) -> Step<()> {
    let id = id_of(&link, side);
    let record = record.unwrap_or_else(|| Record { id: id.clone(), ..Record::default() });
    let mut records = [None, None];
    let name = work.name_of(side, &record);
    records[at(side)] = Some(record.clone());
    let origin = link.origin;
    let job = Job {
        link: Some(link.clone()),
        origin,
        records,
        writes: Vec::new(),
        items: Vec::new(),
        name,
    };
    let deleted = item(context, work, &job, side, ItemStatus::Deleted);
    if context.dry {
        carry.push(Change::AddItem(context.run, Box::new(deleted)));
        return Ok(());
    }
    let (connector, module) = (context.id(), work.module);
    let gone = id_of(&link, side.other());
    let intent = Intent {
        target: side,
        source_id: gone.clone(),
        kind: IntentKind::Delete,
        target_id: id.clone(),
        match_key: String::new(),
        print: 0,
        run: context.run,
        sent: Stamp::now(),
        tries: 0,
        name: job.name.clone(),
        changes: Vec::new(),
    };
    let mut before = std::mem::take(carry);
    before.push(Change::PutIntent(connector, module, intent));
    context.commit(before).await?;
    let writes = [crate::remote::Write::Delete { id }];
    let entity = &work.entity[at(side)];
    let mut results = context.remote(side).write(entity, &writes, &work.paths(side)).await;
    match results.pop() {
        Some(Err(error)) if error.kind != ErrorKind::NotFound => {
            if error.kind != ErrorKind::Unknown {
                carry.push(Change::DropIntent(connector, module, side, gone));
            }
            park(context, work, side, &record, Some(&link), error.reason(), carry).await?;
            if error.stops_the_run() {
                context.commit(std::mem::take(carry)).await?;
                return Err(Stop::Failed(error.error));
            }
        }
        _ => {
            carry.push(Change::DropIntent(connector, module, side, gone));
            carry.push(Change::AddItem(context.run, Box::new(deleted)));
            forget(context, work, &link, Some(side), carry);
            forget(context, work, &link, Some(side.other()), carry);
        }
    }
    Ok(())
}

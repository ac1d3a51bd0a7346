//! Outcomes: what the answers to the writes of a unit mean.

use super::context::{Context, Step, Stop};
use super::decisions::{candidate, is_left_out};
use super::links::{link_written, note_pairs, note_print};
use super::lookup::{links, search};
use super::matching::{Match, duplicate_of, left_out_there};
use super::module::{ModuleWork, at};
use super::plan::{Job, PlannedWrite};
use super::remember::{id_of, met, park, put_link, put_only, queue, skip, written_item};
use super::safeguards::{Safeguard, on};
use super::units::{SideNow, Unit};
use crate::model::document::TOTAL;
use crate::model::{self, IntentKind, Link, Record, Side, Skip, Verdict};
use crate::remote::{ErrorKind, RemoteError, RemoteResult, Written};
use crate::store::{Batch, Change};
use rust_decimal::Decimal;

/// Remembers what became of a job. A unit that turned out to exist already comes round again.
pub async fn finish(
    context: &Context,
    work: &mut ModuleWork,
    mut job: Job,
    results: Vec<RemoteResult<Written>>,
    batch: &mut Batch,
) -> Step<Option<Unit>> {
    let writes = std::mem::take(&mut job.writes);
    if !on(Safeguard::ConflictFirst) {
        let items = job.items.iter().cloned().map(Box::new);
        items.for_each(|item| batch.push(Change::AddItem(context.run, item)));
    }
    let mut now = job.records.clone();
    let mut failed = Vec::new();
    let mut written = Vec::new();
    let mut idle = Vec::new();
    for (write, result) in writes.into_iter().zip(results) {
        match result {
            Ok(answer) => {
                let before = now[at(write.side)].take();
                // A system that holds the values already is not sent them: nothing was updated.
                let same = answer.record.is_some() && answer.record == before;
                idle.push(same && write.kind == IntentKind::Update);
                let record =
                    answer.record.or(before).map(|r| Record { id: answer.id.clone(), ..r });
                now[at(write.side)] = record;
                written.push(write);
            }
            Err(error) => failed.push((write, error)),
        }
    }
    let (connector, module) = (context.id(), work.module);
    for (write, idle) in written.iter().zip(idle) {
        let source_id = source_id(&job, write);
        if idle {
            let run = context.run;
            let unchanged = Change::AddUnchanged { run, module, unchanged: 1, standing_skips: 0 };
            batch.push(unchanged);
            batch.push(Change::DropIntent(connector, module, write.side, source_id));
            continue;
        }
        let mut changes = answered(work, write, now[at(write.side)].as_ref());
        let lines = work.items_path(write.side).is_some_and(|p| write.fields.get(p).is_some());
        if lines {
            let source = job.records[at(write.side.other())].as_ref();
            changes.extend(total_difference(source, now[at(write.side)].as_ref()));
        }
        let mut item = written_item(context, work, &job, write, changes);
        if let Some(record) = &now[at(write.side)] {
            match write.side {
                Side::Vtiger => item.vtiger_id.clone_from(&record.id),
                Side::Service => item.service_id.clone_from(&record.id),
            }
        }
        batch.push(Change::AddItem(context.run, Box::new(item)));
        batch.push(Change::DropIntent(connector, module, write.side, source_id));
    }
    if failed.is_empty() && !job.partial {
        if let Some(link) = link_written(work, &job, &written, [now[0].as_ref(), now[1].as_ref()]) {
            put_link(context, work, link, batch);
        }
        return Ok(None);
    }
    half_done(context, work, &job, &written, &now, batch).await?;
    let mut again = None;
    for (write, error) in failed {
        if let Some(unit) = failed_write(context, work, &job, &write, error, batch).await? {
            again = Some(unit);
        }
    }
    Ok(again)
}

/// Not all was written. What was, the link remembers, so that an edit of the source in between is not
/// taken for a conflict with our own write.
async fn half_done(
    context: &Context,
    work: &mut ModuleWork,
    job: &Job,
    written: &[PlannedWrite],
    now: &[Option<Record>; 2],
    batch: &mut Batch,
) -> Step<()> {
    if job.link.is_some() && written.is_empty() {
        return Ok(());
    }
    let Some(mut link) = job.link.clone().or_else(|| met(job)) else { return Ok(()) };
    for write in written {
        let source = write.side.other();
        let (Some(holds), Some(from)) = (&now[at(write.side)], &job.records[at(source)]) else {
            continue;
        };
        let holds = work.mapping.project(write.side, &holds.fields);
        let sent = work.mapping.project(source, &from.fields);
        note_pairs(work, &mut link, write.side, write.pairs.iter().copied(), &holds, &sent);
        note_print(work, &mut link, write.side, &holds);
        // A skip of the written record goes on to stand: what changed was not its cause.
        let (connector, module, side, id) =
            (context.id(), work.module, write.side, write.id.clone());
        let skip = context.read(move |r| r.skip(connector, module, side, &id)).await?;
        let before = job.records[at(side)].as_ref();
        let before = before.map(|record| work.mapping.print_of(side, &record.fields));
        if let Some(skip) = skip.filter(|skip| Some(skip.print) == before) {
            let skip = Skip { print: holds.print, stamp: None, ..skip };
            batch.push(Change::PutSkip(connector, module, skip));
        }
    }
    put_only(context, work, link, batch);
    Ok(())
}

fn source_id(job: &Job, write: &PlannedWrite) -> String {
    job.records[at(write.side.other())].as_ref().map(|r| r.id.clone()).unwrap_or_default()
}

/// The changes with what the system answered in the place of what was sent.
fn answered(
    work: &ModuleWork,
    write: &PlannedWrite,
    record: Option<&Record>,
) -> Vec<model::Change> {
    let mut changes = write.changes.clone();
    if let Some(record) = record {
        for (change, pair) in changes.iter_mut().zip(&write.pairs) {
            change.after = work.mapping.shown(*pair, write.side, &record.fields);
        }
    }
    changes
}

/// The difference between the total of a document and that of the one its lines were written to, if
/// there is one: it is told, never hidden.
pub fn total_difference(source: Option<&Record>, target: Option<&Record>) -> Option<model::Change> {
    let amount = |record: &Record| -> Option<Decimal> {
        let amount: Decimal = record.fields.get(TOTAL)?.to_text().trim().parse().ok()?;
        Some(amount.round_dp(2))
    };
    let (wanted, is) = (amount(source?)?, amount(target?)?);
    (wanted != is).then(|| model::Change {
        field: TOTAL.to_owned(),
        before: wanted.to_string(),
        after: is.to_string(),
        from: format!("the totals differ by {}", is - wanted),
    })
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
    let (id, verdict) = (record.id.clone(), Some(Verdict::CreateNew));
    let not_sent = Change::NoteCreate(connector, module, source, id, verdict);
    match &error.kind {
        ErrorKind::Unknown => {
            // The intent stays; the next run looks for the outcome before anything else.
            wait(context, work, job, write, &error, batch).await?;
            return stop_if_whole(context, &error, batch).await;
        }
        ErrorKind::Exists { id } if write.kind == IntentKind::Create => {
            batch.push(drop_intent);
            let hit = existing(context, work, write.side, id.as_deref(), source, &record).await?;
            let left_out = match &hit {
                Some((hit, _)) => is_left_out(context, work, write.side, &hit.id).await?,
                None => false,
            };
            let reason = match hit {
                Some((other, _)) if left_out => {
                    left_out_there(&[candidate(work, write.side, &other)])
                }
                Some((other, None)) => {
                    let found = match source {
                        Side::Vtiger => Match::Pair { vtiger: record, service: other },
                        Side::Service => Match::Pair { vtiger: other, service: record },
                    };
                    return Ok(Some(Unit::Match(Box::new(found))));
                }
                Some((_, Some(link))) => duplicate_of(&id_of(&link, source)),
                // It is said to exist, and nobody can find it: perhaps it shows by the next sync.
                None if id.is_none() => {
                    park(context, work, source, &record, None, error.reason(), batch).await?;
                    return Ok(None);
                }
                None => error.reason(),
            };
            skip(context, work, source, &record, None, reason, batch).await?;
        }
        ErrorKind::Precondition if write.kind == IntentKind::Update && job.link.is_some() => {
            // Somebody was faster: both sides are read and planned again.
            batch.push(drop_intent);
            let Some(link) = job.link.clone().map(Box::new) else { return Ok(None) };
            let now = job.records.clone().map(|r| r.map_or(SideNow::AsLinked, SideNow::Present));
            return Ok(Some(Unit::Linked { link, now: Box::new(now) }));
        }
        ErrorKind::Stopped => {
            // The cursor stays, so the next run finds the record again.
            batch.push(drop_intent);
            batch.push(not_sent);
        }
        ErrorKind::NotFound => {
            batch.push(drop_intent);
            batch.push(not_sent);
            wait(context, work, job, write, &error, batch).await?;
        }
        _ if error.is_passing() => {
            batch.push(drop_intent);
            batch.push(not_sent);
            wait(context, work, job, write, &error, batch).await?;
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

/// Puts the source of a write into the queue, and the target too if no link leads from one to the
/// other yet.
async fn wait(
    context: &Context,
    work: &ModuleWork,
    job: &Job,
    write: &PlannedWrite,
    error: &RemoteError,
    batch: &mut Batch,
) -> Step<()> {
    let (link, source) = (job.link.as_ref(), write.side.other());
    if let Some(record) = &job.records[at(source)] {
        park(context, work, source, record, link, error.reason(), batch).await?;
    }
    let travels = work.writes(write.side.other());
    if let (None, true, Some(record)) = (link, travels, &job.records[at(write.side)]) {
        queue(context, work, write.side, record, Some(error.reason()), batch).await?;
    }
    Ok(())
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
        // What stands in the way for another reason than its key is not the same record.
        let same = |hit: &Record| {
            let key = |side, fields| work.mapping.match_key(side, fields);
            key(target, &hit.fields) == key(source, &record.fields)
        };
        if let Some(hit) = found.into_iter().find(|hit| !hit.trashed && same(hit)) {
            let link = links(context, work, target, ids.to_vec()).await?.remove(id);
            return Ok(Some((hit, link)));
        }
    }
    let (Some(key), Some(value)) = (
        work.mapping.match_key(source, &record.fields),
        work.mapping.key_value(source, &record.fields),
    ) else {
        return Ok(None);
    };
    let mut found = search(context, work, target, &[value]).await?;
    let mut hits = found.remove(&key).unwrap_or_default();
    hits.retain(|(hit, _)| !hit.trashed);
    Ok(if hits.len() == 1 { hits.pop() } else { None })
}

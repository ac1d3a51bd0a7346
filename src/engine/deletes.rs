//! Deletes: carried over after all modules are written, in the reversed order of the modules.

use super::context::{Context, Step, Stop};
use super::lookup::read_again;
use super::module::{ModuleWork, at};
use super::plan::{Job, Plan, item, plan};
use super::remember::{forget, id_of, park, queue, skip};
use super::safeguards;
use super::units::{SideNow, Unit, Units};
use crate::model::{
    Intent, IntentKind, Item, ItemStatus, Link, Reason, ReasonCode, Record, Side, Stamp, UserError,
};
use crate::remote::{ErrorKind, RemoteError, RemoteResult, Write, Written};
use crate::store::{Batch, Change};

/// So many records are read again and deleted in one go: the more, the fewer requests, but the longer
/// somebody may have edited one that was read.
const AT_ONCE: usize = 10;

/// A record that is to go, its link, and what it held just before.
struct Doomed {
    side: Side,
    link: Link,
    record: Record,
}

/// Carries out the deletes of a module: after all modules are written, in reversed order.
///
/// # Errors
/// A system or the store cannot be used, or the run was cancelled. What was done is recorded.
pub async fn apply_deletes(context: &Context, work: &mut ModuleWork) -> Step<()> {
    if !work.gone {
        return Ok(());
    }
    let mut units = Units::new(context, work).await?;
    let size = safeguards::batch().min(AT_ONCE);
    let mut gone = Vec::new();
    loop {
        let batch = units.next_linked(context, work, safeguards::batch()).await?;
        let ends = batch.is_empty();
        let is_gone =
            |u: &Unit| matches!(u, Unit::Linked { now, .. } if now.contains(&SideNow::Gone));
        gone.extend(batch.into_iter().filter(is_gone));
        while gone.len() >= size || (ends && !gone.is_empty()) {
            let some = gone.drain(..gone.len().min(size)).collect();
            delete_some(context, work, some).await?;
        }
        // Before the end, too: called off in the last of them, the run has not come to its end.
        context.go_on()?;
        if ends {
            return Ok(());
        }
    }
}

async fn delete_some(context: &Context, work: &mut ModuleWork, units: Vec<Unit>) -> Step<()> {
    // Announced, sent and remembered in one piece, even if the process is to be stopped.
    let _section = context.store.section().await;
    context.go_on()?;
    let mut doomed = Vec::new();
    let mut batch = Batch::new();
    for (unit, decided) in read_again(context, work, units).await? {
        let gone = gone_in(&unit);
        match plan(context, work, unit, decided) {
            Plan::Delete(side, link, record) => {
                let id = id_of(&link, side);
                let record = record.map_or_else(|| Record { id, ..Record::default() }, |r| *r);
                doomed.push(Doomed { side, link: *link, record });
            }
            // That a companion has no record in the service means nothing.
            Plan::Job(_) => {}
            // Its counterpart changed or vanished a moment ago, of which the next sync hears. Not
            // every system tells it then once more that this one is gone.
            _ if !context.dry => {
                for (side, record) in gone {
                    queue(context, work, side, &record, None, &mut batch).await?;
                }
            }
            _ => {}
        }
    }
    if doomed.is_empty() {
        return context.commit(batch).await;
    }
    if context.dry {
        for one in &doomed {
            batch.push(Change::AddItem(context.run, Box::new(told(context, work, one))));
        }
        return context.commit(batch).await;
    }
    for one in &doomed {
        batch.push(Change::PutIntent(context.id(), work.module, intent(context, work, one)));
    }
    context.commit(batch).await?;
    let mut outcome = Batch::new();
    let mut stop = None;
    for side in Side::BOTH {
        let here: Vec<&Doomed> = doomed.iter().filter(|one| one.side == side).collect();
        let delete = |one: &&Doomed| Write::Delete { id: one.record.id.clone() };
        let writes: Vec<Write> = here.iter().map(delete).collect();
        if writes.is_empty() {
            continue;
        }
        let (remote, entity, paths) =
            (context.remote(side), work.entity[at(side)].clone(), work.paths(side));
        let results = remote.write_until(&entity, &writes, &paths, &context.cancel).await;
        let unanswered = || Err(RemoteError::unanswered());
        let results = results.into_iter().chain(std::iter::repeat_with(unanswered));
        for (one, result) in here.into_iter().zip(results) {
            stop = finish(context, work, one, result, &mut outcome).await?.or(stop);
        }
    }
    context.commit(outcome).await?;
    stop.map_or(Ok(()), |error| Err(Stop::Failed(error)))
}

/// The records of a pair that are gone.
fn gone_in(unit: &Unit) -> Vec<(Side, Record)> {
    let Unit::Linked { link, now } = unit else { return Vec::new() };
    let gone = Side::BOTH.into_iter().filter(|side| now[at(*side)] == SideNow::Gone);
    gone.map(|side| (side, Record::gone(id_of(link, side)))).collect()
}

/// The row of a delete.
fn told(context: &Context, work: &ModuleWork, one: &Doomed) -> Item {
    let mut records = [None, None];
    let name = work.name_of(one.side, &one.record);
    records[at(one.side)] = Some(one.record.clone());
    let job = Job::telling(Some(&one.link), records, name);
    item(context, work, &job, one.side, ItemStatus::Deleted)
}

fn intent(context: &Context, work: &ModuleWork, one: &Doomed) -> Intent {
    Intent {
        target: one.side,
        source_id: id_of(&one.link, one.side.other()),
        kind: IntentKind::Delete,
        target_id: one.record.id.clone(),
        match_key: String::new(),
        print: 0,
        run: context.run,
        sent: Stamp::now(),
        tries: 0,
        name: work.name_of(one.side, &one.record),
        changes: Vec::new(),
    }
}

/// Remembers what became of a delete. The answer says why the run cannot go on, if it cannot.
async fn finish(
    context: &Context,
    work: &mut ModuleWork,
    one: &Doomed,
    result: RemoteResult<Written>,
    batch: &mut Batch,
) -> Step<Option<UserError>> {
    let (connector, module, side) = (context.id(), work.module, one.side);
    let gone = id_of(&one.link, side.other());
    let drop_intent = Change::DropIntent(connector, module, side, gone.clone());
    let error = match result {
        Ok(_) => {
            batch.push(drop_intent);
            batch.push(Change::AddItem(context.run, Box::new(told(context, work, one))));
            forget_both(context, work, &one.link, batch);
            return Ok(None);
        }
        Err(error) => error,
    };
    match error.kind {
        // Somebody else was faster: there is nothing of ours to count.
        ErrorKind::NotFound => {
            batch.push(drop_intent);
            forget_both(context, work, &one.link, batch);
            return Ok(None);
        }
        ErrorKind::Unknown => {}
        // The cursor stays, so the next run finds it again.
        ErrorKind::Stopped => {
            batch.push(drop_intent);
            return Ok(None);
        }
        _ => batch.push(drop_intent),
    }
    if error.stops_the_run() || error.is_passing() {
        // It is the record that is gone that brings this up again.
        let absent = Record::gone(gone);
        let name = work.name_of(side, &one.record);
        let why = error.reason();
        let text = format!("It was deleted, and its counterpart {name} is to be. {}", why.text);
        let reason = Reason { text, ..why };
        park(context, work, side.other(), &absent, Some(&one.link), reason, batch).await?;
    } else {
        refused(context, work, one, &error, batch).await?;
    }
    Ok(error.stops_the_run().then_some(error.error))
}

fn forget_both(context: &Context, work: &ModuleWork, link: &Link, batch: &mut Batch) {
    for side in Side::BOTH {
        forget(context, work, link, side, false, batch);
    }
}

/// A delete that the other side will not do: the record stays, as where deletes are not carried
/// over, and is not created anew on the side that deleted it.
async fn refused(
    context: &Context,
    work: &mut ModuleWork,
    one: &Doomed,
    error: &RemoteError,
    batch: &mut Batch,
) -> Step<()> {
    let Doomed { side, link, record } = one;
    let reason = Reason {
        next: error.error.next.clone(),
        ..Reason::new(ReasonCode::DeleteNotCarriedOver, "", error.error.one_line())
    };
    forget(context, work, link, side.other(), true, batch);
    skip(context, work, *side, record, Some(link), reason, batch).await
}

//! Deletes: carried over after all modules are written, in the reversed order of the modules.

use super::context::{Context, Step, Stop};
use super::lookup::read_again;
use super::module::{ModuleWork, at};
use super::plan::{Job, Plan, item, plan};
use super::remember::{forget, id_of, park, skip};
use super::safeguards;
use super::units::{SideNow, Unit, Units};
use crate::model::{Intent, IntentKind, ItemStatus, Link, Reason, ReasonCode, Record, Side, Stamp};
use crate::remote::{ErrorKind, RemoteError, Write};
use crate::store::{Batch, Change};

/// Carries out the deletes of a module: after all modules are written, in reversed order.
///
/// # Errors
/// A system or the store cannot be used, or the run was cancelled. What was done is recorded.
pub async fn apply_deletes(context: &Context, work: &mut ModuleWork) -> Step<()> {
    if !work.gone {
        return Ok(());
    }
    let mut units = Units::new(context, work).await?;
    let mut carry = Batch::new();
    loop {
        let _section = context.store.section().await;
        context.go_on()?;
        let batch = units.next_linked(context, work, safeguards::batch()).await?;
        if batch.is_empty() {
            return context.commit(carry).await;
        }
        let gone = |u: &Unit| matches!(u, Unit::Linked { now, .. } if now.contains(&SideNow::Gone));
        let batch = read_again(context, work, batch.into_iter().filter(gone).collect()).await?;
        let mut deletes = Vec::new();
        for (unit, decided) in batch {
            if let Plan::Delete(side, link, record) = plan(context, work, unit, decided) {
                deletes.push((side, *link, record.map(|r| *r)));
            }
        }
        for (side, link, record) in deletes {
            if let Err(stop) = context.go_on() {
                context.commit(std::mem::take(&mut carry)).await?;
                return Err(stop);
            }
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
    let job = Job::telling(Some(&link), records, name);
    let told = item(context, work, &job, side, ItemStatus::Deleted);
    if context.dry {
        carry.push(Change::AddItem(context.run, Box::new(told)));
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
    let writes = [Write::Delete { id }];
    let entity = &work.entity[at(side)];
    let mut results = context.remote(side).write(entity, &writes, &work.paths(side)).await;
    let deleted = match results.pop().unwrap_or_else(|| Err(RemoteError::unanswered())) {
        Ok(_) => true,
        // Somebody else was faster: there is nothing of ours to count.
        Err(error) if error.kind == ErrorKind::NotFound => false,
        Err(error) => {
            if error.kind != ErrorKind::Unknown {
                carry.push(Change::DropIntent(connector, module, side, gone.clone()));
            }
            if error.stops_the_run() || error.is_passing() {
                // It is the record that is gone that brings this up again.
                let absent = Record { id: gone, ..Record::default() };
                let reason = error.reason();
                park(context, work, side.other(), &absent, Some(&link), reason, carry).await?;
            } else {
                refused(context, work, side, &record, &link, &error, carry).await?;
            }
            if error.stops_the_run() {
                context.commit(std::mem::take(carry)).await?;
                return Err(Stop::Failed(error.error));
            }
            return Ok(());
        }
    };
    carry.push(Change::DropIntent(connector, module, side, gone));
    if deleted {
        carry.push(Change::AddItem(context.run, Box::new(told)));
    }
    forget(context, work, &link, side, false, carry);
    forget(context, work, &link, side.other(), false, carry);
    Ok(())
}

/// A delete that the other side will not do: the record stays, as where deletes are not carried
/// over, and is not created anew on the side that deleted it.
async fn refused(
    context: &Context,
    work: &mut ModuleWork,
    side: Side,
    record: &Record,
    link: &Link,
    error: &RemoteError,
    batch: &mut Batch,
) -> Step<()> {
    let reason = Reason {
        next: error.error.next.clone(),
        ..Reason::new(ReasonCode::DeleteNotCarriedOver, "", error.error.one_line())
    };
    forget(context, work, link, side.other(), true, batch);
    skip(context, work, side, record, Some(link), reason, batch).await
}

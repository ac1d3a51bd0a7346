//! Remembering: what is stored of a unit: intents, links, skips, queue entries, and the items that
//! tell people of it.

use super::context::{Context, Step};
use super::links::link_after;
use super::module::{ModuleWork, at};
use super::plan::{Job, PlannedWrite, item, reason_item};
use super::safeguards::{Safeguard, on};
use crate::model::{
    Intent, IntentKind, Item, ItemStatus, Link, Parked, Reason, ReasonCode, Record, Side, Skip,
    Stamp, Tomb, Verdict,
};
use crate::store::{Batch, Change};

/// Records a skip, unless just this skip stands already.
pub async fn skip(
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
    if !context.dry {
        // It waits no longer, on neither side: the skip looks after both.
        batch.push(Change::DropParked(connector, module, side, record.id.clone()));
        let other = link.map(|link| id_of(link, side.other()));
        if let Some(id) = other {
            batch.push(Change::DropParked(connector, module, side.other(), id));
        }
    }
    let print = work.mapping.print_of(side, &record.fields);
    let revision = work.mapping.revision();
    let same =
        |s: &Skip| s.reason.code == reason.code && s.print == print && s.revision == revision;
    // A decision to create it that came to nothing is told like a new skip.
    let told = standing.filter(|s| same(s) && s.verdict() != Some(Verdict::CreateSent));
    if let Some(standing) = told {
        if !context.dry && standing.reason.candidates != reason.candidates {
            batch.push(Change::PutSkip(connector, module, Skip { reason, ..standing }));
        }
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
        let (run, decided) = (context.run, None);
        let stamp = work.settled_stamp(side, record);
        let skip = Skip { side, id, name, reason, print, revision, run, decided, stamp };
        batch.push(Change::PutSkip(connector, module, skip));
    }
    Ok(())
}

/// Drops a link of which a side is gone, and remembers what is gone. `stays`: the other side is there
/// and remains.
pub fn forget(
    context: &Context,
    work: &ModuleWork,
    link: &Link,
    gone: Side,
    stays: bool,
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
    // Whatever kept it from travelling, it is not there any more.
    batch.push(Change::DropSkip(connector, module, gone, id_of(link, gone)));
    let known = link.pairs.iter().filter_map(|state| {
        let pair = work.mapping.pairs().iter().find(|p| p.id() == state.pair)?;
        Some((pair.vtiger.clone(), state.base.value()?.to_owned()))
    });
    let values: Vec<(String, String)> = known.collect();
    let tomb = |side: Side, values| Tomb {
        side,
        id: id_of(link, side),
        print: if side == Side::Vtiger { link.vtiger_print } else { link.service_print },
        run: context.run,
        values,
        other: if stays { id_of(link, side.other()) } else { String::new() },
        stays: side != gone,
    };
    batch.push(Change::PutTomb(connector, module, tomb(gone, values)));
    if stays {
        // What refers to the one that stays refers to the other one, too.
        batch.push(Change::PutTomb(connector, module, tomb(gone.other(), Vec::new())));
    }
}

/// Puts a record into the queue.
pub async fn park(
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
        print: Some(work.mapping.print_of(side, &record.fields)),
        revision: work.mapping.revision(),
        gone: record.trashed,
    };
    let item = reason_item(context, work, side, record, link, ItemStatus::Waiting, reason);
    if on(Safeguard::Parking) {
        batch.push(Change::PutParked(connector, module, parked));
    }
    batch.push(Change::AddItem(context.run, Box::new(item)));
    Ok(())
}

/// Puts a record into the queue to be compared at the next sync, without a row that tells of it.
pub async fn queue(
    context: &Context,
    work: &ModuleWork,
    side: Side,
    record: &Record,
    reason: Option<Reason>,
    batch: &mut Batch,
) -> Step<()> {
    let (connector, module) = (context.id(), work.module);
    let id = record.id.clone();
    let before = context.read(move |r| r.parked(connector, module, side, &id)).await?;
    if before.as_ref().is_some_and(|before| before.gone || !record.trashed) {
        return Ok(());
    }
    let now = Stamp::now();
    let fresh = || Parked {
        side,
        id: record.id.clone(),
        name: work.name_of(side, record),
        reason,
        since: now,
        tries: 0,
        next_try: now,
        print: None,
        revision: 0,
        gone: false,
    };
    let parked = before.unwrap_or_else(fresh);
    let parked = Parked { next_try: now, gone: record.trashed, ..parked };
    if on(Safeguard::Parking) {
        batch.push(Change::PutParked(connector, module, parked));
    }
    Ok(())
}

pub fn put_link(context: &Context, work: &mut ModuleWork, link: Link, batch: &mut Batch) {
    let (connector, module) = (context.id(), work.module);
    for side in Side::BOTH {
        batch.push(Change::DropParked(connector, module, side, id_of(&link, side)));
        batch.push(Change::DropSkip(connector, module, side, id_of(&link, side)));
    }
    put_only(context, work, link, batch);
}

/// The link of two records that were just matched and are not in step yet: the one that was not written
/// has nothing else that would bring it up again once the other one is gone. `None` if the job has
/// only one.
pub fn met(job: &Job) -> Option<Link> {
    let [Some(vtiger), Some(service)] = &job.records else { return None };
    Some(Link::bare(&vtiger.id, &service.id, job.origin))
}

/// Puts a link, and leaves its records in the queue or skipped as they are.
pub fn put_only(context: &Context, work: &mut ModuleWork, link: Link, batch: &mut Batch) {
    for side in Side::BOTH {
        work.recent[at(side)].insert(id_of(&link, side), link.clone());
    }
    batch.push(Change::PutLink(context.id(), work.module, link));
}

/// A job without writes: link what was matched, or remember what both sides look like now.
pub fn remember(context: &Context, work: &mut ModuleWork, job: Job, batch: &mut Batch) {
    let now = [job.records[0].as_ref(), job.records[1].as_ref()];
    if let Some(link) = link_after(work, &job, now) {
        put_link(context, work, link, batch);
    }
    for item in job.items {
        batch.push(Change::AddItem(context.run, Box::new(item)));
    }
}

/// Announces a job's writes, and records what its conflicts will destroy.
pub fn announce(context: &Context, work: &ModuleWork, job: &Job, batch: &mut Batch) {
    for write in &job.writes {
        let source = write.side.other();
        let record = job.records[at(source)].as_ref();
        let key = record.and_then(|r| work.mapping.match_key(source, &r.fields));
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
        if write.kind == IntentKind::Create {
            let (id, verdict) = (intent.source_id.clone(), Some(Verdict::CreateSent));
            batch.push(Change::NoteCreate(context.id(), work.module, source, id, verdict));
        }
        batch.push(Change::PutIntent(context.id(), work.module, intent));
    }
    if on(Safeguard::ConflictFirst) {
        for item in &job.items {
            batch.push(Change::AddItem(context.run, Box::new(item.clone())));
        }
    }
}

pub fn id_of(link: &Link, side: Side) -> String {
    match side {
        Side::Vtiger => link.vtiger_id.clone(),
        Side::Service => link.service_id.clone(),
    }
}

pub fn written_item(
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

/// In a dry run: the items that a job would make.
pub fn plan_items(context: &Context, work: &ModuleWork, job: &Job, batch: &mut Batch) {
    for item in &job.items {
        batch.push(Change::AddItem(context.run, Box::new(item.clone())));
    }
    for write in &job.writes {
        let item = written_item(context, work, job, write, write.changes.clone());
        batch.push(Change::AddItem(context.run, Box::new(item)));
    }
}

//! Settling: writes that a crash or a lost answer left open are looked up before anything else. A
//! create that arrived is linked and counted; one that did not is planned anew.

use super::companions;
use super::context::{Context, Step};
use super::lookup::{links, search};
use super::matching::create_lost;
use super::module::{ModuleWork, at};
use super::outcome::total_difference;
use super::plan::{Job, item, reason_item};
use super::remember::forget;
use super::safeguards::{Safeguard, on};
use super::sent::Sent;
use crate::model::{
    Decided, Intent, IntentKind, Item, ItemStatus, Parked, Reason, ReasonCode, Record, Side, Skip,
    Stamp, Verdict,
};
use crate::store::{Batch, Change};

/// Settles the open writes of a module. `companion` ones are those of names.
///
/// # Errors
/// A system or the store cannot be used.
pub async fn settle(context: &Context, work: &ModuleWork, intents: Vec<Intent>) -> Step<()> {
    for intent in intents {
        context.go_on()?;
        let mut batch = Batch::new();
        match intent.kind {
            IntentKind::Create => settle_create(context, work, &intent, &mut batch).await?,
            IntentKind::Update => settle_update(context, work, &intent, &mut batch).await?,
            IntentKind::Delete => settle_delete(context, work, &intent, &mut batch).await?,
        }
        batch.push(Change::DropIntent(
            context.id(),
            work.module,
            intent.target,
            intent.source_id.clone(),
        ));
        context.commit(batch).await?;
    }
    Ok(())
}

/// Settles the open creates of companions.
///
/// # Errors
/// As [`settle`].
pub async fn settle_companions(context: &Context, intents: Vec<Intent>) -> Step<()> {
    for intent in intents {
        companions::settle(context, &intent).await?;
    }
    Ok(())
}

async fn fetch_one(
    context: &Context,
    work: &ModuleWork,
    side: Side,
    id: &str,
) -> Step<Option<Record>> {
    let ids = [id.to_owned()];
    let entity = &work.entity[at(side)];
    // What is decided here is final, so that one "not found" is not enough.
    for _ in 0..2 {
        let found = context.remote(side).fetch(entity, &ids, &work.paths(side)).await?;
        if let Some(record) = found.into_iter().find(|r| r.id == id) {
            return Ok(Some(record).filter(|r| !r.trashed));
        }
    }
    Ok(None)
}

async fn settle_create(
    context: &Context,
    work: &ModuleWork,
    intent: &Intent,
    batch: &mut Batch,
) -> Step<()> {
    let source_side = intent.target.other();
    park(context, work, source_side, &intent.source_id, &intent.name, batch).await?;
    let known = links(context, work, source_side, vec![intent.source_id.clone()]).await?;
    if !known.is_empty() {
        return Ok(());
    }
    let source = fetch_one(context, work, source_side, &intent.source_id).await?;
    let sent = Sent::new(work, intent);
    // Nothing or several: the record is parked, and the search before the next create decides, unless
    // it could find nothing either.
    let hit = match by_external_id(context, work, intent).await? {
        Some(hit) => hit,
        None => match by_key(context, work, intent, &sent, source.as_ref()).await? {
            Some(hit) => hit,
            None => {
                let lost = source.filter(|s| !can_be_found(work, intent, &sent, Some(s)));
                if let Some(source) = lost {
                    leave_to_a_person(context, work, intent, &source, batch);
                }
                return Ok(());
            }
        },
    };
    let sent = sent.seen_on(work, intent, &hit);
    let now = source.as_ref().map(|source| work.mapping.project(source_side, &source.fields));
    let mut records = [None, None];
    let bare = Record { id: intent.source_id.clone(), ..Record::default() };
    records[at(source_side)] = Some(source.unwrap_or(bare));
    let link = sent.created(work, intent, &hit, now.as_ref());
    records[at(intent.target)] = Some(hit);
    // Whatever a person decided about creating it has come true.
    let (id, source_id) = (context.id(), intent.source_id.clone());
    batch.push(Change::DropSkip(id, work.module, source_side, source_id));
    batch.push(Change::PutLink(id, work.module, link));
    let [from, made] = [source_side, intent.target].map(|side| records[at(side)].as_ref());
    let mut changes = intent.changes.clone();
    changes.extend(total_difference(from, made).filter(|_| has_items(work, intent)));
    let job = Job::telling(None, records, intent.name.clone());
    let created = Item { changes, ..item(context, work, &job, intent.target, ItemStatus::Created) };
    batch.push(Change::AddItem(context.run, Box::new(created)));
    Ok(())
}

/// The field of the target that carries the id of the record's source.
fn carrier<'w>(work: &'w ModuleWork, intent: &Intent) -> Option<&'w str> {
    let named = work.id_fields[at(intent.target)].as_deref();
    let mark = work.capabilities[at(intent.target)].mark;
    named.filter(|_| on(Safeguard::CarriedIds)).or(mark)
}

/// The key by which the target is searched: what was sent counts, for the source's key may have
/// changed since.
fn searched(
    work: &ModuleWork,
    intent: &Intent,
    sent: &Sent,
    source: Option<&Record>,
) -> Option<String> {
    let now = || work.mapping.key_value(intent.target.other(), &source?.fields);
    let value = sent.key_value(work, intent).or_else(now)?;
    (!intent.match_key.is_empty()).then_some(value)
}

/// Whether a search can tell that a create did not arrive.
fn can_be_found(work: &ModuleWork, intent: &Intent, sent: &Sent, source: Option<&Record>) -> bool {
    carrier(work, intent).is_some() || searched(work, intent, sent, source).is_some()
}

/// Nobody can tell whether the create arrived, so it is not sent again by itself.
fn leave_to_a_person(
    context: &Context,
    work: &ModuleWork,
    intent: &Intent,
    source: &Record,
    batch: &mut Batch,
) {
    let side = intent.target.other();
    let (connector, module, id) = (context.id(), work.module, source.id.clone());
    let item = reason_item(context, work, side, source, None, ItemStatus::Skipped, create_lost());
    batch.push(Change::AddItem(context.run, Box::new(item)));
    batch.push(Change::DropParked(connector, module, side, id.clone()));
    let skip = Skip {
        side,
        id,
        name: work.name_of(side, source),
        reason: create_lost(),
        print: work.mapping.print_of(side, &source.fields),
        revision: work.mapping.revision(),
        run: context.run,
        decided: Some(Decided { verdict: Verdict::Lost, at: intent.sent }),
        stamp: work.settled_stamp(side, source),
    };
    batch.push(Change::PutSkip(connector, module, skip));
}

/// Whether lines of a document were sent.
fn has_items(work: &ModuleWork, intent: &Intent) -> bool {
    let items = work.items_path(intent.target);
    items.is_some_and(|path| intent.changes.iter().any(|change| change.field == path))
}

/// The one unlinked record with the key that was sent that holds what was sent. There may be others
/// with that key: somebody may have made them meanwhile.
async fn by_key(
    context: &Context,
    work: &ModuleWork,
    intent: &Intent,
    sent: &Sent,
    source: Option<&Record>,
) -> Step<Option<Record>> {
    let Some(value) = searched(work, intent, sent, source) else { return Ok(None) };
    let mut found = search(context, work, intent.target, &[value]).await?;
    let is_ours = |hit: &Record| {
        let holds = work.mapping.project(intent.target, &hit.fields);
        let edited = hit.created.is_some() && hit.created != hit.modified;
        sent.clone().seen_on(work, intent, hit).mostly_held(work, &holds, edited)
    };
    let hits = found.remove(&intent.match_key).unwrap_or_default().into_iter();
    let mut ours = hits
        .filter(|(hit, link)| link.is_none() && !hit.trashed && is_ours(hit))
        .map(|(hit, _)| hit);
    let first = ours.next();
    Ok(first.filter(|_| ours.next().is_none()))
}

/// The unlinked record that carries the id of an intent's source.
async fn by_external_id(
    context: &Context,
    work: &ModuleWork,
    intent: &Intent,
) -> Step<Option<Record>> {
    let target = intent.target;
    let Some(field) = carrier(work, intent) else { return Ok(None) };
    let value = if work.capabilities[at(target)].mark == Some(field) {
        format!("{}@{}", intent.source_id, intent.sent.0.div_euclid(1000))
    } else {
        intent.source_id.clone()
    };
    let mut paths = work.paths(target).to_vec();
    paths.push(field.to_owned());
    let remote = context.remote(target);
    let mut hits = remote.find(&work.entity[at(target)], field, &[value], &paths).await?;
    hits.retain(|hit| hit.fields.get(field).is_some_and(|v| v.to_text() == intent.source_id));
    if hits.len() != 1 {
        return Ok(None);
    }
    let hit = hits.remove(0);
    let linked = links(context, work, target, vec![hit.id.clone()]).await?;
    Ok(linked.is_empty().then_some(hit))
}

async fn settle_update(
    context: &Context,
    work: &ModuleWork,
    intent: &Intent,
    batch: &mut Batch,
) -> Step<()> {
    let source_side = intent.target.other();
    park(context, work, source_side, &intent.source_id, &intent.name, batch).await?;
    let Some(target) = fetch_one(context, work, intent.target, &intent.target_id).await? else {
        return Ok(());
    };
    let sent = Sent::new(work, intent).seen_on(work, intent, &target);
    let holds = work.mapping.project(intent.target, &target.fields);
    if !sent.arrived(&holds) {
        return Ok(());
    }
    let known = links(context, work, intent.target, vec![intent.target_id.clone()]).await?;
    if let Some(mut link) = known.get(&intent.target_id).cloned() {
        sent.updated(work, intent.target, &mut link, &holds);
        batch.push(Change::PutLink(context.id(), work.module, link));
    }
    let mut changes = intent.changes.clone();
    if has_items(work, intent) {
        let source = fetch_one(context, work, source_side, &intent.source_id).await?;
        changes.extend(total_difference(source.as_ref(), Some(&target)));
    }
    let mut records = [None, None];
    records[at(source_side)] = Some(Record { id: intent.source_id.clone(), ..Record::default() });
    records[at(intent.target)] = Some(target);
    let job = Job::telling(None, records, intent.name.clone());
    let updated = Item { changes, ..item(context, work, &job, intent.target, ItemStatus::Updated) };
    batch.push(Change::AddItem(context.run, Box::new(updated)));
    Ok(())
}

async fn settle_delete(
    context: &Context,
    work: &ModuleWork,
    intent: &Intent,
    batch: &mut Batch,
) -> Step<()> {
    let there = fetch_one(context, work, intent.target, &intent.target_id).await?;
    let known = links(context, work, intent.target, vec![intent.target_id.clone()]).await?;
    let Some(link) = known.get(&intent.target_id) else { return Ok(()) };
    if there.is_some() {
        // It did not arrive: the pair is looked at again.
        return park(context, work, intent.target, &intent.target_id, &intent.name, batch).await;
    }
    let mut records = [None, None];
    records[at(intent.target)] = Some(Record { id: intent.target_id.clone(), ..Record::default() });
    let job = Job::telling(Some(link), records, intent.name.clone());
    let deleted = item(context, work, &job, intent.target, ItemStatus::Deleted);
    batch.push(Change::AddItem(context.run, Box::new(deleted)));
    for side in Side::BOTH {
        forget(context, work, link, side, false, batch);
    }
    Ok(())
}

/// Puts a record into the queue to be compared now; how often it was tried is remembered.
async fn park(
    context: &Context,
    work: &ModuleWork,
    side: Side,
    id: &str,
    name: &str,
    batch: &mut Batch,
) -> Step<()> {
    let (connector, module, key) = (context.id(), work.module, id.to_owned());
    let before = context.read(move |r| r.parked(connector, module, side, &key)).await?;
    let now = Stamp::now();
    let reason = Reason {
        text: "A write of it was interrupted, or its answer was lost.".into(),
        next: "It is compared again at the next sync; nothing is repeated blindly.".into(),
        ..Reason::new(ReasonCode::OutcomeUnknown, "", "")
    };
    let parked = Parked {
        side,
        id: id.to_owned(),
        name: name.to_owned(),
        reason: Some(reason),
        since: before.as_ref().map_or(now, |p| p.since),
        tries: before.map_or(0, |p| p.tries),
        next_try: now,
        print: None,
        revision: 0,
        gone: false,
    };
    if on(Safeguard::Parking) {
        batch.push(Change::PutParked(connector, module, parked));
    }
    Ok(())
}

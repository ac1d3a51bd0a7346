//! Settling: writes that a crash or a lost answer left open are looked up before anything else. A
//! create that arrived is linked and counted; one that did not is planned anew.

use super::companions;
use super::context::{Context, Step};
use super::links::link_after;
use super::lookup::{links, search};
use super::module::{ModuleWork, at};
use super::plan::{Job, item};
use super::safeguards::{Safeguard, on};
use crate::model::{Intent, IntentKind, Item, ItemStatus, LinkOrigin, Parked, Record, Side, Stamp};
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
    let found = context.remote(side).fetch(entity, &ids, &work.paths(side)).await?;
    Ok(found.into_iter().find(|r| r.id == id && !r.trashed))
}

async fn settle_create(
    context: &Context,
    work: &ModuleWork,
    intent: &Intent,
    batch: &mut Batch,
) -> Step<()> {
    let source_side = intent.target.other();
    park(context, work, source_side, &intent.source_id, &intent.name, batch);
    let Some(source) = fetch_one(context, work, source_side, &intent.source_id).await? else {
        return Ok(());
    };
    let linked = links(context, work, source_side, vec![source.id.clone()]).await?;
    let values = work.mapping.project(source_side, &source.fields);
    let key = if intent.match_key.is_empty() {
        work.mapping.match_key(&values)
    } else {
        Some(intent.match_key.clone())
    };
    let (Some(key), Some(value)) = (key, work.mapping.key_value(source_side, &source.fields))
    else {
        return Ok(());
    };
    if !linked.is_empty() {
        return Ok(());
    }
    let mut found = search(context, work, intent.target, &[value]).await?;
    let hits = found.remove(&key).unwrap_or_default();
    let ours = by_external_id(context, work, intent).await?;
    // Nothing or several: the record is parked, and the search before the next create decides.
    let hit = match (ours, hits.as_slice()) {
        (Some(hit), _) => hit,
        (None, [(hit, None)]) => hit.clone(),
        _ => return Ok(()),
    };
    let print = work.mapping.project(intent.target, &hit.fields).print;
    if print != intent.print {
        return Ok(());
    }
    let mut records = [None, None];
    records[at(source_side)] = Some(source);
    records[at(intent.target)] = Some(hit.clone());
    let job = Job {
        origin: LinkOrigin::Created,
        ..Job::telling(None, records.clone(), intent.name.clone())
    };
    // What the target holds is what was sent, so it is what both agree on; the source may have been
    // edited since, and is compared with that.
    if let Some(mut link) = link_after(work, &job, [records[0].as_ref(), records[1].as_ref()]) {
        let sent = work.mapping.project(intent.target, &hit.fields);
        link.pairs = work.mapping.states(&sent, &sent);
        link.vtiger_print = sent.print;
        link.service_print = sent.print;
        batch.push(Change::PutLink(context.id(), work.module, link));
    }
    let created = Item {
        changes: intent.changes.clone(),
        ..item(context, work, &job, intent.target, ItemStatus::Created)
    };
    batch.push(Change::AddItem(context.run, Box::new(created)));
    Ok(())
}

/// The unlinked record of the CRM that carries the id of an intent's source.
async fn by_external_id(
    context: &Context,
    work: &ModuleWork,
    intent: &Intent,
) -> Step<Option<Record>> {
    let (Side::Vtiger, Some(field)) = (intent.target, &work.external_id) else { return Ok(None) };
    let mut paths = work.paths(Side::Vtiger).to_vec();
    paths.push(field.clone());
    let values = [intent.source_id.clone()];
    let remote = context.remote(Side::Vtiger);
    let mut hits = remote.find(&work.entity[0], field, &values, &paths).await?;
    hits.retain(|hit| hit.fields.get(field).is_some_and(|v| v.to_text() == intent.source_id));
    if hits.len() != 1 {
        return Ok(None);
    }
    let hit = hits.remove(0);
    let linked = links(context, work, Side::Vtiger, vec![hit.id.clone()]).await?;
    Ok(linked.is_empty().then_some(hit))
}

async fn settle_update(
    context: &Context,
    work: &ModuleWork,
    intent: &Intent,
    batch: &mut Batch,
) -> Step<()> {
    let source_side = intent.target.other();
    park(context, work, source_side, &intent.source_id, &intent.name, batch);
    let Some(target) = fetch_one(context, work, intent.target, &intent.target_id).await? else {
        return Ok(());
    };
    if work.mapping.project(intent.target, &target.fields).print != intent.print {
        return Ok(());
    }
    let mut records = [None, None];
    records[at(source_side)] = Some(Record { id: intent.source_id.clone(), ..Record::default() });
    records[at(intent.target)] = Some(target);
    let job = Job::telling(None, records, intent.name.clone());
    let updated = Item {
        changes: intent.changes.clone(),
        ..item(context, work, &job, intent.target, ItemStatus::Updated)
    };
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
        park(context, work, intent.target, &intent.target_id, &intent.name, batch);
        return Ok(());
    }
    let mut records = [None, None];
    records[at(intent.target)] = Some(Record { id: intent.target_id.clone(), ..Record::default() });
    let job = Job::telling(Some(link), records, intent.name.clone());
    let deleted = item(context, work, &job, intent.target, ItemStatus::Deleted);
    batch.push(Change::AddItem(context.run, Box::new(deleted)));
    batch.push(Change::DropLink(context.id(), work.module, link.vtiger_id.clone()));
    Ok(())
}

fn park(context: &Context, work: &ModuleWork, side: Side, id: &str, name: &str, batch: &mut Batch) {
    let now = Stamp::now();
    let parked = Parked {
        side,
        id: id.to_owned(),
        name: name.to_owned(),
        reason: None,
        since: now,
        tries: 0,
        next_try: now,
    };
    if on(Safeguard::Parking) {
        batch.push(Change::PutParked(context.id(), work.module, parked));
    }
}

//! What no listing of changes shows: linked records that are gone, those in the trash, and those
//! that wait in the queue or whose skip may be mended on the other side.

use super::context::{Context, Step};
use super::module::{ModuleWork, at};
use super::pull::{CHUNK, Listing, known, run_listing, stage, take};
use crate::model::{
    Cursor, Parked, Reason, ReasonCode, Record, Side, Skip, Stamp, id_key, is_companion_id,
};
use crate::remote::{Scope, Since};
use crate::store::{Batch, Change, Reader, StoreResult};
use std::collections::HashSet;

/// Why a record that waited still waits.
const NOT_FOUND: &str = "It was not found by its id. It is forgotten if the next sync does not \
                         find it either.";

/// Linked records that a complete listing does not show: asked for by id, and staged as gone if
/// they are.
pub async fn stage_absent(
    context: &Context,
    work: &mut ModuleWork,
    side: Side,
    listing: &mut Listing,
) -> Step<()> {
    let Some(seen) = &mut listing.seen else { return Ok(()) };
    let mut seen = seen.iter()?.peekable();
    let (connector, module) = (context.id(), work.module);
    let mut after: Option<String> = None;
    loop {
        context.go_on()?;
        let from = after.clone();
        let ids: Vec<String> = context
            .read(move |r| {
                Ok(match side {
                    Side::Vtiger => {
                        let links = r.links_after(connector, module, from.as_deref(), 1_000)?;
                        links.into_iter().map(|link| link.vtiger_id).collect()
                    }
                    Side::Service => {
                        let ids = r.service_ids_after(connector, module, from.as_deref(), 1_000)?;
                        ids.into_iter().map(|(service, _)| service).collect::<Vec<_>>()
                    }
                })
            })
            .await?;
        let Some(last) = ids.last() else { return Ok(()) };
        after = Some(last.clone());
        let mut absent = Vec::new();
        for id in ids {
            let key = id_key(&id);
            while let Some(Ok((next, ()))) = seen.peek()
                && next.as_slice() < key.as_bytes()
            {
                seen.next();
            }
            match seen.peek() {
                Some(Ok((next, ()))) if next == key.as_bytes() => {}
                Some(Err(error)) => return Err(error.clone().into()),
                _ => absent.push(id),
            }
        }
        if side == Side::Service {
            absent = without_companions(context, work, absent).await?;
        }
        for chunk in absent.chunks(CHUNK) {
            let records = fetch_all(context, work, side, chunk).await?;
            take(context, work, side, records).await?;
        }
    }
}

/// The ids without those of companions (a company that only an order names): no listing of the
/// module ever shows them, so their absence says nothing. A companion that the module has shown once
/// is compared like any record: its link remembers what the service held.
async fn without_companions(
    context: &Context,
    work: &ModuleWork,
    ids: Vec<String>,
) -> Step<Vec<String>> {
    let companions: Vec<String> = context
        .catalog
        .vtiger
        .companions
        .iter()
        .filter(|c| c.module == work.module)
        .map(|c| format!("{}:", c.key))
        .collect();
    if companions.is_empty() {
        return Ok(ids);
    }
    let (connector, module) = (context.id(), work.module);
    context
        .read(move |r| {
            let mut kept = Vec::with_capacity(ids.len());
            for id in ids {
                let named = companions.iter().any(|prefix| id.starts_with(prefix.as_str()));
                let link = if named { r.link_by_service(connector, module, &id)? } else { None };
                if link.is_none_or(|link| link.has_met_service()) {
                    kept.push(id);
                }
            }
            Ok(kept)
        })
        .await
}

/// Those of the records with these ids that are found.
async fn fetch_some(
    context: &Context,
    work: &ModuleWork,
    side: Side,
    ids: &[String],
) -> Step<Vec<Record>> {
    let entity = &work.entity[at(side)];
    Ok(context.remote(side).fetch(entity, ids, &work.paths(side)).await?)
}

/// The records with these ids; one that is gone counts as trashed.
async fn fetch_all(
    context: &Context,
    work: &ModuleWork,
    side: Side,
    ids: &[String],
) -> Step<Vec<Record>> {
    let mut records = fetch_some(context, work, side, ids).await?;
    let there: HashSet<String> = records.iter().map(|r| r.id.clone()).collect();
    let gone = ids.iter().filter(|id| !there.contains(*id));
    records.extend(gone.map(Record::gone));
    Ok(records)
}

/// Stages the records that went into the trash, or were deleted, since the last time.
pub async fn stage_trashed(
    context: &Context,
    work: &mut ModuleWork,
    side: Side,
    cursor: &Cursor,
) -> Step<Listing> {
    let mut listing = Listing::new(context, false);
    let can = work.capabilities[at(side)];
    if (can.trash || can.deletions) && work.links > 0 {
        let since = cursor.deletions.as_ref().or(cursor.mark.as_ref());
        let scope = Scope::Trashed(since.cloned().map(Since::Mark));
        run_listing(context, work, side, scope, &mut listing).await?;
    }
    Ok(listing)
}

/// Records of the queue, and those whose skip may be mended on the other side: taken again though
/// nothing shows that they changed.
pub async fn stage_waiting(context: &Context, work: &mut ModuleWork, side: Side) -> Step<()> {
    let (connector, module) = (context.id(), work.module);
    let (manual, now) = (context.manual, Stamp::now());
    for gone in [false, true] {
        let due = |p: &Parked| p.gone == gone && (manual || p.next_try <= now);
        let waiting = |r: &Reader, after: &str| {
            let rows = r.parked_of(connector, module, side, after)?;
            let due = rows.filter(|p| p.as_ref().map_or(true, due));
            due.map(|p| Ok(p?.id)).take(CHUNK).collect()
        };
        take_all_again(context, work, side, gone, waiting).await?;
    }
    let skipped = |r: &Reader, after: &str| {
        let rows = r.skips_of(connector, module, side, after)?;
        let soft = rows.filter(|s| s.as_ref().map_or(true, Skip::may_be_mended));
        soft.map(|s| Ok(s?.id)).take(CHUNK).collect()
    };
    take_all_again(context, work, side, false, skipped).await
}

/// `next` answers the ids that follow one, at most [`CHUNK`].
async fn take_all_again(
    context: &Context,
    work: &mut ModuleWork,
    side: Side,
    gone: bool,
    next: impl Fn(&Reader, &str) -> StoreResult<Vec<String>>,
) -> Step<()> {
    let mut after = Some(String::new());
    while let Some(from) = &after {
        let ids = context.read(|r| next(r, from)).await?;
        take_again(context, work, side, &ids, gone).await?;
        after = ids.get(CHUNK - 1).cloned();
    }
    Ok(())
}

/// The other sides of linked records that waited.
pub async fn stage_partners(context: &Context, work: &mut ModuleWork) -> Step<()> {
    // What is staged here names its own partner once more.
    let [vtiger, service] = &mut work.partners;
    let partners = [vtiger.iter()?, service.iter()?];
    for (side, partners) in Side::BOTH.into_iter().zip(partners) {
        let id = |(key, ()): (Vec<u8>, ())| String::from_utf8_lossy(&key).into_owned();
        let is_record = |id: &StoreResult<String>| {
            side == Side::Vtiger || !id.as_ref().is_ok_and(|id| is_companion_id(id))
        };
        let mut ids = partners.map(|entry| entry.map(id)).filter(is_record);
        loop {
            context.go_on()?;
            let ids: Vec<String> = ids.by_ref().take(CHUNK).collect::<StoreResult<_>>()?;
            if ids.is_empty() {
                break;
            }
            // One that is not found proves nothing: only a complete listing does.
            let records = fetch_some(context, work, side, &ids).await?;
            let known = known(context, work, side, &records).await?;
            for (record, known) in records.into_iter().zip(known) {
                stage(context, work, side, record, &known, true)?;
            }
        }
    }
    Ok(())
}

fn forget_waiting(
    context: &Context,
    work: &ModuleWork,
    side: Side,
    id: String,
    forget: &mut Batch,
) {
    let (connector, module) = (context.id(), work.module);
    forget.push(Change::DropParked(connector, module, side, id.clone()));
    forget.push(Change::DropSkip(connector, module, side, id));
}

/// Records that wait and are not found. A linked one is gone only when a complete listing shows it;
/// an unlinked one is forgotten when two syncs in a row have not found it.
async fn note_missing(
    context: &Context,
    work: &ModuleWork,
    side: Side,
    ids: Vec<String>,
    batch: &mut Batch,
) -> Step<()> {
    let (connector, module) = (context.id(), work.module);
    if ids.is_empty() {
        return Ok(());
    }
    let waiting = context
        .read(move |r| {
            let of = |id: String| {
                let link = match side {
                    Side::Vtiger => r.link_by_vtiger(connector, module, &id)?,
                    Side::Service => r.link_by_service(connector, module, &id)?,
                };
                let parked = r.parked(connector, module, side, &id)?;
                let skip = r.skip(connector, module, side, &id)?;
                Ok((id, link.is_some(), parked, skip))
            };
            ids.into_iter().map(of).collect::<Result<Vec<_>, _>>()
        })
        .await?;
    for (id, linked, parked, skip) in waiting {
        let again = parked
            .as_ref()
            .and_then(|p| p.reason.as_ref())
            .is_some_and(|r| r.text.ends_with(NOT_FOUND));
        if linked {
            continue;
        }
        if again {
            forget_waiting(context, work, side, id, batch);
            continue;
        }
        let name = parked.as_ref().map(|p| p.name.clone()).or(skip.map(|s| s.name));
        // What it held when it was put there: an edit since then is still told from it.
        let print = parked.as_ref().and_then(|p| p.print);
        let revision = parked.as_ref().map_or(0, |p| p.revision);
        let waits = Parked {
            side,
            name: name.unwrap_or_default(),
            reason: Some(Reason::new(ReasonCode::ApiError, "", NOT_FOUND)),
            since: parked.map_or_else(Stamp::now, |p| p.since),
            tries: 1,
            next_try: context.next_try(1),
            print,
            revision,
            gone: false,
            id,
        };
        batch.push(Change::PutParked(connector, module, waits));
    }
    Ok(())
}

/// At most [`CHUNK`] of them. `gone`: they were shown to be gone, which nothing tells a second time.
async fn take_again(
    context: &Context,
    work: &mut ModuleWork,
    side: Side,
    ids: &[String],
    gone: bool,
) -> Step<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let records = match gone {
        true => fetch_all(context, work, side, ids).await?,
        false => fetch_some(context, work, side, ids).await?,
    };
    let known = known(context, work, side, &records).await?;
    let mut forget = Batch::new();
    let there: HashSet<&str> = records.iter().map(|r| r.id.as_str()).collect();
    let missing = ids.iter().filter(|id| !there.contains(id.as_str()));
    let missing: Vec<String> = missing.cloned().collect();
    note_missing(context, work, side, missing, &mut forget).await?;
    for (record, known) in records.into_iter().zip(known) {
        if known.link.is_none() {
            let (id, connector, module) = (record.id.clone(), context.id(), work.module);
            let ends = known.skip.as_ref().is_some_and(Skip::is_final);
            // Nothing comes of it by itself, or nothing could.
            if record.trashed {
                forget_waiting(context, work, side, id, &mut forget);
            } else if ends || !work.writes(side.other()) {
                forget.push(Change::DropParked(connector, module, side, id));
            }
        }
        stage(context, work, side, record, &known, true)?;
    }
    if !context.dry {
        context.commit(forget).await?;
    }
    Ok(())
}

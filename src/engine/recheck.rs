//! What no listing of changes shows: linked records that are gone, those in the trash, and those
//! that wait in the queue or whose skip may be mended on the other side.

use super::context::{Context, Step};
use super::module::{ModuleWork, at};
use super::pull::{CHUNK, Listing, known, run_listing, stage, take};
use crate::model::{Cursor, ReasonCode, Record, Side, Skip, Stamp, id_key, is_companion_id};
use crate::remote::{Scope, Since};
use crate::store::{Batch, Change};
use std::collections::HashSet;

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
        // Companions have no record in the service that could be absent.
        for id in ids.into_iter().filter(|id| side == Side::Vtiger || !is_companion_id(id)) {
            let key = id_key(&id).into_bytes();
            while let Some(Ok((next, ()))) = seen.peek()
                && *next < key
            {
                seen.next();
            }
            match seen.peek() {
                Some(Ok((next, ()))) if *next == key => {}
                Some(Err(error)) => return Err(error.clone().into()),
                _ => absent.push(id),
            }
        }
        for chunk in absent.chunks(CHUNK) {
            let records = fetch_all(context, work, side, chunk).await?;
            take(context, work, side, records).await?;
        }
    }
}

/// The records with these ids; one that is gone counts as trashed.
async fn fetch_all(
    context: &Context,
    work: &ModuleWork,
    side: Side,
    ids: &[String],
) -> Step<Vec<Record>> {
    let entity = &work.entity[at(side)];
    let mut records = context.remote(side).fetch(entity, ids, &work.paths(side)).await?;
    let there: HashSet<String> = records.iter().map(|r| r.id.clone()).collect();
    let gone = ids.iter().filter(|id| !there.contains(*id));
    records.extend(gone.map(|id| Record { id: id.clone(), trashed: true, ..Record::default() }));
    Ok(records)
}

/// Records that went into the trash since the last time.
pub async fn stage_trashed(
    context: &Context,
    work: &mut ModuleWork,
    side: Side,
    cursor: &Cursor,
) -> Step<()> {
    if !work.capabilities[at(side)].trash || work.links == 0 {
        return Ok(());
    }
    let scope = Scope::Trashed(cursor.mark.clone().map(Since::Mark));
    let mut listing = Listing::new(context, false);
    run_listing(context, work, side, scope, &mut listing).await
}

/// Records of the queue, and those whose skip may be mended on the other side: taken again though
/// nothing shows that they changed.
pub async fn stage_waiting(context: &Context, work: &mut ModuleWork, side: Side) -> Step<()> {
    let (connector, module) = (context.id(), work.module);
    let manual = context.manual;
    let now = Stamp::now();
    let mut after = String::new();
    loop {
        let from = after.clone();
        let waiting = context
            .read(move |r| r.parked_after(connector, module, Some((side, &from)), 1_000))
            .await?;
        let Some(last) = waiting.last() else { break };
        let done = last.side != side;
        after.clone_from(&last.id);
        let due = waiting.iter().filter(|p| p.side == side && (manual || p.next_try <= now));
        let ids: Vec<String> = due.map(|p| p.id.clone()).collect();
        take_again(context, work, side, &ids).await?;
        if done {
            break;
        }
    }
    let mut after = String::new();
    loop {
        let from = after.clone();
        let skips = context
            .read(move |r| r.skips_after(connector, module, Some((side, &from)), 1_000))
            .await?;
        let Some(last) = skips.last() else { return Ok(()) };
        let done = last.side != side;
        after.clone_from(&last.id);
        let soft = |s: &&Skip| {
            let code = s.reason.code;
            let soft = matches!(code, ReasonCode::AmbiguousMatch | ReasonCode::DuplicateInSource);
            s.side == side && soft
        };
        let ids: Vec<String> = skips.iter().filter(soft).map(|s| s.id.clone()).collect();
        take_again(context, work, side, &ids).await?;
        if done {
            return Ok(());
        }
    }
}

/// The other sides of linked records that waited.
pub async fn stage_partners(context: &Context, work: &mut ModuleWork) -> Step<()> {
    let partners = std::mem::take(&mut work.partners);
    for (side, mut ids) in Side::BOTH.into_iter().zip(partners) {
        ids.retain(|id| side == Side::Vtiger || !is_companion_id(id));
        for chunk in ids.chunks(CHUNK) {
            let records = fetch_all(context, work, side, chunk).await?;
            let known = known(context, work, side, &records).await?;
            for (record, known) in records.into_iter().zip(known) {
                stage(context, work, side, record, &known, true)?;
            }
        }
    }
    Ok(())
}

async fn take_again(
    context: &Context,
    work: &mut ModuleWork,
    side: Side,
    ids: &[String],
) -> Step<()> {
    for chunk in ids.chunks(CHUNK) {
        let records = fetch_all(context, work, side, chunk).await?;
        let known = known(context, work, side, &records).await?;
        let mut forget = Batch::new();
        for (record, known) in records.into_iter().zip(known) {
            if record.trashed && known.link.is_none() {
                let (id, connector, module) = (record.id.clone(), context.id(), work.module);
                forget.push(Change::DropParked(connector, module, side, id.clone()));
                forget.push(Change::DropSkip(connector, module, side, id));
            }
            stage(context, work, side, record, &known, true)?;
        }
        if !context.dry {
            context.commit(forget).await?;
        }
    }
    Ok(())
}

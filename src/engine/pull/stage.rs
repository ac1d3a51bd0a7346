//! Comparing a record with what the store knows of it, and staging it if it has to be looked at.

use crate::engine::context::{Context, Step};
use crate::engine::echo::{is_echo, source_of};
use crate::engine::module::{ModuleWork, at};
use crate::engine::staged::Staged;
use crate::model::{Link, LinkHead, Parked, Record, Side, Skip, Stamp, Verdict, id_key};
use crate::remote::ChangeFeed;
use crate::store::{Batch, Change, StoreResult};

/// What the store knows of a record.
pub struct Known {
    /// Its link.
    pub link: Option<LinkHead>,
    /// Its standing skip.
    pub skip: Option<Skip>,
    /// Its place in the queue.
    pub parked: Option<Parked>,
    /// The record that it is linked with is skipped or waits.
    pub other_waits: bool,
    /// It is made of a record that we ourselves have made in the service.
    pub echo: bool,
}

pub async fn known(
    context: &Context,
    work: &ModuleWork,
    side: Side,
    records: &[Record],
) -> Step<Vec<Known>> {
    let ids: Vec<(String, Option<String>)> =
        records.iter().map(|r| (r.id.clone(), source_of(work, side, r))).collect();
    let (connector, module) = (context.id(), work.module);
    let from = work.comes_from.as_ref().map(|from| from.module);
    context
        .read(move |r| {
            let skips = r.skip_count(connector, module)? > 0;
            let queued = r.parked_count_of(connector, module)? > 0;
            ids.iter()
                .map(|(id, source)| {
                    let link = r.link_head(connector, module, side, id)?;
                    let skip = |side, id: &str| match skips {
                        true => r.skip(connector, module, side, id),
                        false => Ok(None),
                    };
                    let parked = |side, id: &str| match queued {
                        true => r.parked(connector, module, side, id),
                        false => Ok(None),
                    };
                    let other_waits = match &link {
                        Some(link) => {
                            let (other, id) = (side.other(), link.id_on(side.other()));
                            skip(other, id)?.is_some() || parked(other, id)?.is_some()
                        }
                        None => false,
                    };
                    let (skip, parked) = (skip(side, id)?, parked(side, id)?);
                    let echo = match (from, source) {
                        (Some(from), Some(source)) => {
                            let origin = link.as_ref().map(|link| link.origin);
                            is_echo(r, connector, from, source, origin)?
                        }
                        _ => false,
                    };
                    Ok(Known { link, skip, parked, other_waits, echo })
                })
                .collect()
        })
        .await
}

/// Compares full records with their links and stages what differs.
pub async fn take(
    context: &Context,
    work: &mut ModuleWork,
    side: Side,
    records: Vec<Record>,
) -> Step<()> {
    let known = known(context, work, side, &records).await?;
    for (record, known) in records.into_iter().zip(known) {
        stage(context, work, side, record, &known, false)?;
    }
    settle_stamps(context, work, side).await
}

/// Remembers the stamps of records that turned out not to have changed. What we wrote ourselves has
/// none in its link: it was too fresh then to tell of a further edit. Without this, every narrow
/// listing would have it fetched whole once more.
async fn settle_stamps(context: &Context, work: &mut ModuleWork, side: Side) -> Step<()> {
    let unsettled = std::mem::take(&mut work.unsettled);
    if context.dry || unsettled.is_empty() {
        return Ok(());
    }
    let (connector, module) = (context.id(), work.module);
    let links = context
        .read(move |r| {
            let settled = |(vtiger_id, stamp): (String, Stamp)| {
                let link = r.link_by_vtiger(connector, module, &vtiger_id)?;
                Ok(link.map(|link| match side {
                    Side::Vtiger => Link { vtiger_stamp: Some(stamp), ..link },
                    Side::Service => Link { service_stamp: Some(stamp), ..link },
                }))
            };
            unsettled.into_iter().map(settled).collect::<StoreResult<Vec<_>>>()
        })
        .await?;
    let mut batch = Batch::new();
    for link in links.into_iter().flatten() {
        batch.push(Change::PutLink(connector, module, link));
    }
    context.begin_commit(batch).await
}

/// Stages a record if it differs from what the store knows. `again`: even if it does not.
pub fn stage(
    context: &Context,
    work: &mut ModuleWork,
    side: Side,
    record: Record,
    known: &Known,
    again: bool,
) -> Step<()> {
    // What somebody put into the queue is asked for.
    if known.echo && !again && !record.trashed {
        work.unchanged += 1;
        return Ok(());
    }
    let print = work.mapping.print_of(side, &record.fields);
    let revision = work.mapping.revision();
    let stands_for_good = known.skip.as_ref().is_some_and(Skip::is_final);
    let same = |skip: &Skip| skip.print == print && skip.revision == revision;
    let stands = stands_for_good || (work.all.is_none() && known.skip.as_ref().is_some_and(same));
    if !again && known.parked.as_ref().is_some_and(|p| sleeps(context, work, print, p)) {
        return Ok(());
    }
    if let Some(link) = &known.link {
        if known.skip.as_ref().and_then(Skip::verdict) == Some(Verdict::Never) {
            return Ok(());
        }
        if record.trashed {
            let gone = work.staging.gone(side, record.id, link);
            return push_linked(work, link, gone);
        }
        let unchanged = link.prints[at(side)] == print && link.revision == revision;
        if !again && (stands || (unchanged && known.skip.is_none())) {
            work.unchanged += u64::from(!stands);
            let narrow = work.capabilities[at(side)].changes == ChangeFeed::NarrowScan;
            let settled = work.settled_stamp(side, &record).filter(|_| narrow && !stands);
            if let Some(stamp) = settled.filter(|stamp| link.stamps[at(side)] != Some(*stamp)) {
                work.unsettled.push((link.vtiger_id.clone(), stamp));
            }
            return Ok(());
        }
        let older = link.revision != revision && !work.lists_all[at(side.other())];
        if again || known.skip.is_some() || known.other_waits || older {
            // One of them waited, or the link remembers other fields than the mapping has: the
            // cursor has passed what only the record on the other side itself can tell.
            let partner = link.id_on(side.other());
            work.partners[at(side.other())].push(partner.as_bytes(), &())?;
        }
        let changed = work.staging.linked(side, record, link);
        return push_linked(work, link, changed);
    }
    if record.trashed {
        return Ok(());
    }
    if stands_for_good || (!again && stands) {
        return Ok(());
    }
    let age = record.modified.or(record.created);
    let outside =
        matches!((context.connector.sync_from.from, age), (Some(from), Some(age)) if age < from);
    if outside && !again {
        return Ok(());
    }
    let key = work.mapping.match_key(side, &record.fields);
    let key = fresh_key(key.as_deref(), side, &record.id);
    // Its key may change while it is listed: it is then staged under both, and the later one counts.
    let place = [&[at(side) as u8][..], id_key(&record.id).as_bytes(), b"\0", &key].concat();
    work.fresh_keys.push(&place, &work.fresh.pushed())?;
    work.fresh.push(&key, &work.staging.fresh(side, record))?;
    Ok(())
}

/// Whether a record of the queue, shown by a listing once more, is left alone: its time has not
/// come, and nobody has edited it since it waits.
fn sleeps(context: &Context, work: &ModuleWork, print: u128, parked: &Parked) -> bool {
    let same = parked.print == Some(print) && parked.revision == work.mapping.revision();
    !context.manual && work.all.is_none() && same && parked.next_try > Stamp::now()
}

fn push_linked(work: &mut ModuleWork, link: &LinkHead, staged: Staged) -> Step<()> {
    let mut key = id_key(&link.vtiger_id).into_bytes();
    key.extend([0, at(staged.side) as u8]);
    Ok(work.linked.push(&key, &staged)?)
}

/// Sorts unlinked records by match key, then side, then id; those without a key come last.
fn fresh_key(key: Option<&str>, side: Side, id: &str) -> Vec<u8> {
    let mut bytes = match key {
        Some(key) => [b"k", key.as_bytes()].concat(),
        None => [b"z", id_key(id).as_bytes()].concat(),
    };
    bytes.extend([0, at(side) as u8]);
    bytes.extend(id_key(id).as_bytes());
    bytes
}

//! Comparing a record with what the store knows of it, and staging it if it has to be looked at.

use crate::engine::context::{Context, Step};
use crate::engine::echo::{is_echo, source_of};
use crate::engine::module::{ModuleWork, at};
use crate::engine::staged::Staged;
use crate::model::{LinkHead, Parked, Record, Side, Skip, Stamp, Verdict, id_key};
use crate::remote::ChangeFeed;
use crate::store::Change;

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
    let (connector, module) = (context.id(), work.module);
    let from = work.comes_from.as_ref().map(|from| from.module);
    context
        .read(|r| {
            let linked = r.link_count(connector, module)? > 0;
            let skips = r.skip_count(connector, module)? > 0;
            let queued = r.parked_count_of(connector, module)? > 0;
            let known = |record: &Record| {
                let id = record.id.as_str();
                let link = match linked {
                    true => r.link_head(connector, module, side, id)?,
                    false => None,
                };
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
                let echo = match (from, source_of(work, side, record)) {
                    (Some(from), Some(source)) => {
                        let origin = link.as_ref().map(|link| link.origin);
                        is_echo(r, connector, from, &source, origin)?
                    }
                    _ => false,
                };
                Ok(Known { link, skip, parked, other_waits, echo })
            };
            records.iter().map(known).collect()
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
    if work.settled.is_empty() {
        return Ok(());
    }
    context.begin_commit(std::mem::take(&mut work.settled)).await
}

/// Notes the stamp at which a record turned out not to have changed, where the next narrow listing
/// has nothing else to tell that by: without it, the record would be fetched whole by every sync.
/// What we wrote ourselves has no stamp in its link, since it was too fresh then to tell of a further
/// edit.
fn settle(context: &Context, work: &mut ModuleWork, side: Side, record: &Record, known: &Known) {
    let narrow = work.capabilities[at(side)].changes == ChangeFeed::NarrowScan;
    let Some(stamp) = work.settled_stamp(side, record).filter(|_| narrow && !context.dry) else {
        return;
    };
    let (connector, module) = (context.id(), work.module);
    match (&known.skip, &known.link) {
        (Some(skip), _) if skip.stamp != Some(stamp) && !skip.is_final() => {
            let id = record.id.clone();
            work.settled.push(Change::SettleSkip(connector, module, side, id, stamp));
        }
        (None, Some(link)) if link.stamps[at(side)] != Some(stamp) => {
            let id = link.vtiger_id.clone();
            work.settled.push(Change::SettleLink(connector, module, side, id, stamp));
        }
        _ => {}
    }
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
    // Of a record that nothing is known of, there is nothing to compare it with.
    let is_known = known.link.is_some() || known.skip.is_some() || known.parked.is_some();
    let print = is_known.then(|| work.mapping.print_of(side, &record.fields));
    let revision = work.mapping.revision();
    let stands_for_good = known.skip.as_ref().is_some_and(Skip::is_final);
    let same = |skip: &Skip| Some(skip.print) == print && skip.revision == revision;
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
        let unchanged = Some(link.prints[at(side)]) == print && link.revision == revision;
        if !again && (stands || (unchanged && known.skip.is_none())) {
            work.unchanged += u64::from(!stands);
            settle(context, work, side, &record, known);
            return Ok(());
        }
        let older = link.revision != revision && !work.lists_all[at(side.other())];
        if again || known.skip.is_some() || known.other_waits || older {
            // One of them waited, or the link remembers other fields than the mapping has: the
            // cursor has passed what only the record on the other side itself can tell.
            let partner = link.id_on(side.other());
            work.partners[at(side.other())].push(partner.as_bytes(), &())?;
        }
        let changed = work.staging.linked(side, record, link)?;
        return push_linked(work, link, changed);
    }
    if record.trashed {
        return Ok(());
    }
    if stands_for_good || (!again && stands) {
        settle(context, work, side, &record, known);
        return Ok(());
    }
    if is_outside(context, &record) && !again {
        return Ok(());
    }
    let key = work.mapping.match_key(side, &record.fields);
    work.fresh.push(key.as_deref(), &work.staging.fresh(side, record)?)
}

/// Whether a record was changed last before the time from which records are synced.
pub fn is_outside(context: &Context, record: &Record) -> bool {
    let age = record.modified.or(record.created);
    matches!((context.connector.sync_from.from, age), (Some(from), Some(age)) if age < from)
}

/// Whether a record of the queue, shown by a listing once more, is left alone: its time has not
/// come, and nobody has edited it since it waits.
fn sleeps(context: &Context, work: &ModuleWork, print: Option<u128>, parked: &Parked) -> bool {
    let same = parked.print.is_some()
        && parked.print == print
        && parked.revision == work.mapping.revision();
    !context.manual && work.all.is_none() && same && parked.next_try > Stamp::now()
}

fn push_linked(work: &mut ModuleWork, link: &LinkHead, staged: Staged) -> Step<()> {
    work.gone |= staged.is_gone();
    let key = [id_key(&link.vtiger_id).as_bytes(), &[0, at(staged.side) as u8]].concat();
    Ok(work.linked.push(&key, &staged)?)
}

//! What a link remembers after a unit was carried out: the fingerprints of the *answers*.

use super::module::{ModuleWork, at};
use super::plan::{Job, PlannedWrite};
use crate::mapping::Projection;
use crate::model::{Base, Link, PairState, Record, Side, fingerprint};
use std::borrow::Cow;

/// The link of two records as both sides hold them now. A side that was not read stays as the old
/// link remembers it; `None` if there is no old link to remember it.
pub fn link_after(work: &ModuleWork, job: &Job, now: [Option<&Record>; 2]) -> Option<Link> {
    link_of(work, job, now, &projected(work, job, now))
}

/// The mapped values of what both sides hold now: those that the job was planned with, as long as
/// the record is the same.
fn projected<'j>(
    work: &ModuleWork,
    job: &'j Job,
    now: [Option<&Record>; 2],
) -> [Option<Cow<'j, Projection>>; 2] {
    Side::BOTH.map(|side| {
        let record = now[at(side)]?;
        match (&job.records[at(side)], &job.values[at(side)]) {
            (Some(before), Some(values)) if before == record => Some(Cow::Borrowed(values)),
            _ => Some(Cow::Owned(work.mapping.project(side, &record.fields))),
        }
    })
}

fn link_of(
    work: &ModuleWork,
    job: &Job,
    now: [Option<&Record>; 2],
    values: &[Option<Cow<'_, Projection>>; 2],
) -> Option<Link> {
    let old = job.link.as_ref();
    let id = |side: Side, linked: Option<&String>| {
        now[at(side)].map(|r| r.id.clone()).or_else(|| linked.cloned())
    };
    let pairs = match (values[0].as_deref(), values[1].as_deref()) {
        (Some(vtiger), Some(service)) => work.mapping.states(vtiger, service),
        (Some(values), None) => one_side(work, old?, Side::Vtiger, values),
        (None, Some(values)) => one_side(work, old?, Side::Service, values),
        (None, None) => return None,
    };
    let print =
        |side: Side, known: Option<u128>| values[at(side)].as_ref().map(|p| p.print).or(known);
    let stamp = |side: Side, known| now[at(side)].map_or(known, |r| work.settled_stamp(side, r));
    Some(Link {
        vtiger_id: id(Side::Vtiger, old.map(|l| &l.vtiger_id))?,
        service_id: id(Side::Service, old.map(|l| &l.service_id))?,
        vtiger_print: print(Side::Vtiger, old.map(|l| l.vtiger_print))?,
        service_print: print(Side::Service, old.map(|l| l.service_print))?,
        pairs,
        vtiger_stamp: stamp(Side::Vtiger, old.and_then(|l| l.vtiger_stamp)),
        service_stamp: stamp(Side::Service, old.and_then(|l| l.service_stamp)),
        revision: work.mapping.revision(),
        origin: old.map_or(job.origin, |l| l.origin),
    })
}

/// The states when only one side was read: the other one's are kept.
fn one_side(work: &ModuleWork, old: &Link, side: Side, values: &Projection) -> Vec<PairState> {
    let mut states = old.pairs.clone();
    for (id, value) in work.mapping.pair_ids().iter().copied().zip(&values.values) {
        let hash = fingerprint(value.as_deref().unwrap_or_default());
        match states.iter_mut().find(|state| state.pair == id) {
            Some(state) => {
                let now = (state.base.hash() != Some(hash)).then_some(hash);
                match side {
                    Side::Vtiger => state.vtiger = now,
                    Side::Service => state.service = now,
                }
            }
            None => {
                let (vtiger, service) = match side {
                    Side::Vtiger => (Some(hash), None),
                    Side::Service => (None, Some(hash)),
                };
                states.push(PairState { pair: id, base: Base::Unknown, vtiger, service });
            }
        }
    }
    states
}

/// The link of a job whose writes were all done. A pair that was not written counts as it was read
/// before: if the answer shows something else, somebody has edited it at the same moment, and the
/// next sync has to see that.
pub fn link_written(
    work: &ModuleWork,
    job: &Job,
    writes: &[PlannedWrite],
    now: [Option<&Record>; 2],
) -> Option<Link> {
    let mut known = projected(work, job, now);
    let mut link = link_of(work, job, now, &known)?;
    let mut edited = [false, false];
    for write in writes {
        let side = at(write.side);
        let (Some(before), Some(answer)) = (&job.records[side], &mut known[side]) else {
            continue;
        };
        let before = match &job.values[side] {
            Some(values) => Cow::Borrowed(values),
            None => Cow::Owned(work.mapping.project(write.side, &before.fields)),
        };
        for (pair, value) in before.values.iter().enumerate() {
            if !write.pairs.contains(&pair) && answer.values[pair] != *value {
                answer.to_mut().values[pair].clone_from(value);
                edited[side] = true;
            }
        }
        if edited[side] {
            let print = work.mapping.print(&answer.values);
            answer.to_mut().print = print;
        }
    }
    if edited == [false, false] {
        return Some(link);
    }
    if let [Some(vtiger), Some(service)] = &known {
        link.pairs = work.mapping.states(vtiger, service);
    }
    if let (true, Some(vtiger)) = (edited[0], &known[0]) {
        (link.vtiger_print, link.vtiger_stamp) = (vtiger.print, None);
    }
    if let (true, Some(service)) = (edited[1], &known[1]) {
        (link.service_print, link.service_stamp) = (service.print, None);
    }
    Some(link)
}

/// Remembers that some pairs were written to a side: `sent` is what they were written from. The
/// rest of the link stays as it was, so that everything else is still looked at.
pub fn note_pairs(
    work: &ModuleWork,
    link: &mut Link,
    target: Side,
    pairs: impl IntoIterator<Item = usize>,
    holds: &Projection,
    sent: &Projection,
) {
    for pair in pairs {
        let text = |values: &Projection| values.values[pair].clone().unwrap_or_default();
        let (holds, sent) = (text(holds), text(sent));
        let (vtiger, service) = match target {
            Side::Vtiger => (holds, sent),
            Side::Service => (sent, holds),
        };
        let state = PairState::of(work.mapping.pair_ids()[pair], None, &vtiger, &service);
        match link.pairs.iter_mut().find(|known| known.pair == state.pair) {
            Some(known) => *known = state,
            None => link.pairs.push(state),
        }
    }
}

/// If a side holds nothing but what the link remembers, its fingerprint is that of the record: our
/// own write is not to look like an edit.
pub fn note_print(work: &ModuleWork, link: &mut Link, side: Side, holds: &Projection) {
    let known = work.mapping.pair_ids().iter().zip(&holds.values).all(|(id, value)| {
        let state = link.pairs.iter().find(|state| state.pair == *id);
        let hash = state.and_then(|state| match side {
            Side::Vtiger => state.vtiger_hash(),
            Side::Service => state.service_hash(),
        });
        hash == Some(fingerprint(value.as_deref().unwrap_or_default()))
    });
    if known && link.revision == work.mapping.revision() {
        match side {
            Side::Vtiger => (link.vtiger_print, link.vtiger_stamp) = (holds.print, None),
            Side::Service => (link.service_print, link.service_stamp) = (holds.print, None),
        }
    }
}

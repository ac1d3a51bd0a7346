//! What a link remembers after a unit was carried out: the fingerprints of the *answers*.

use super::module::{ModuleWork, at};
use super::plan::Job;
use crate::mapping::Projection;
use crate::model::{Base, Link, PairState, Record, Side, fingerprint};

/// The link of two records as both sides hold them now. A side that was not read stays as the old
/// link remembers it; `None` if there is no old link to remember it.
pub fn link_after(work: &ModuleWork, job: &Job, now: [Option<&Record>; 2]) -> Option<Link> {
    let values =
        Side::BOTH.map(|side| now[at(side)].map(|r| work.mapping.project(side, &r.fields)));
    let old = job.link.as_ref();
    let id = |side: Side, linked: Option<&String>| {
        now[at(side)].map(|r| r.id.clone()).or_else(|| linked.cloned())
    };
    let pairs = match (&values[0], &values[1]) {
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

//! One for one: whatever was edited, linked or made meanwhile, a record is in one unit only, and of
//! several with one key none is taken for another.

use super::{Found, decisions_of, links, new_on, search};
use crate::engine::context::{Context, Step};
use crate::engine::decisions::verdicts;
use crate::engine::matching::{Match, duplicate_of};
use crate::engine::module::{ModuleWork, at};
use crate::engine::units::Unit;
use crate::model::Verdict::{self, CreateNew};
use crate::model::{Reason, ReasonCode, Record, Side};
use std::collections::{HashMap, HashSet};

/// A record whose key was edited while it was read can be new under one key and be found under the
/// other: it is in one unit only, and what was found counts, because it is the younger knowledge.
pub fn each_once(units: Vec<Unit>) -> Vec<Unit> {
    let mut paired: HashSet<(Side, String)> = HashSet::new();
    let mut once = Vec::with_capacity(units.len());
    for unit in units {
        if let Unit::Match(found) = &unit
            && let Match::Pair { vtiger, service } = found.as_ref()
        {
            let ids = [(Side::Vtiger, vtiger.id.clone()), (Side::Service, service.id.clone())];
            if ids.iter().any(|id| paired.contains(id)) {
                // Whoever is left over is looked at again by the next sync.
                let left = ids.into_iter().zip([vtiger, service]);
                for ((side, _), record) in left.filter(|(id, _)| !paired.contains(id)) {
                    let reason = Reason::new(ReasonCode::AmbiguousMatch, "", "");
                    let skip = Match::Skip { side, record: record.clone(), reason };
                    once.push(Unit::Match(Box::new(skip)));
                }
                continue;
            }
            paired.extend(ids);
        }
        once.push(unit);
    }
    once.retain(|unit| {
        !Side::BOTH.into_iter().any(|side| {
            new_on(unit, side).is_some_and(|record| paired.contains(&(side, record.id.clone())))
        })
    });
    once
}

/// Matched records of which one got a link since they were staged: the other one is a new record.
pub async fn still_unlinked(
    context: &Context,
    work: &ModuleWork,
    units: Vec<Unit>,
) -> Step<Vec<Unit>> {
    let mut ids: [Vec<String>; 2] = [Vec::new(), Vec::new()];
    for unit in &units {
        if let Unit::Match(found) = unit
            && let Match::Pair { vtiger, service } = found.as_ref()
        {
            ids[0].push(vtiger.id.clone());
            ids[1].push(service.id.clone());
        }
    }
    let [vtiger, service] = ids;
    let linked = [
        links(context, work, Side::Vtiger, vtiger).await?,
        links(context, work, Side::Service, service).await?,
    ];
    let unlinked = |unit: Unit| {
        let Unit::Match(found) = &unit else { return Some(unit) };
        let Match::Pair { vtiger, service } = found.as_ref() else { return Some(unit) };
        let taken = [linked[0].contains_key(&vtiger.id), linked[1].contains_key(&service.id)];
        let new = match taken {
            [false, false] => return Some(unit),
            [true, true] => return None,
            [true, false] => Match::New { side: Side::Service, record: service.clone() },
            [false, true] => Match::New { side: Side::Vtiger, record: vtiger.clone() },
        };
        Some(Unit::Match(Box::new(new)))
    };
    Ok(units.into_iter().filter_map(unlinked).collect())
}

/// Two matched records are the same only if no third one has their key: where not all keys of a
/// side were read, it is searched.
pub async fn only_pairs(
    context: &Context,
    work: &ModuleWork,
    mut units: Vec<Unit>,
) -> Step<Vec<Unit>> {
    for side in Side::BOTH.into_iter().filter(|side| !all_known(context, work, *side)) {
        units = only_pairs_on(context, work, side, units, &HashSet::new()).await?;
    }
    Ok(units)
}

/// Whether a third record with the key of two would have been noticed: all keys of the side were read,
/// and none was passed over since it is too old or stands skipped, unless a key can be there only once.
pub fn all_known(context: &Context, work: &ModuleWork, side: Side) -> bool {
    let passed_over = context.connector.sync_from.from.is_some() || work.skips;
    work.all_keys[at(side)] && (work.capabilities[at(side)].unique_key || !passed_over)
}

/// The pairs among the units, by their Vtiger id.
pub fn pairs_of(units: &[Unit]) -> HashSet<String> {
    units.iter().filter_map(pair_of).map(|(vtiger, _)| vtiger.id.clone()).collect()
}

fn pair_of(unit: &Unit) -> Option<(&Record, &Record)> {
    match unit {
        Unit::Match(found) => match found.as_ref() {
            Match::Pair { vtiger, service } => Some((vtiger, service)),
            _ => None,
        },
        Unit::Linked { .. } => None,
    }
}

/// [`only_pairs`] on one side, for all pairs but those that were looked at before.
pub async fn only_pairs_on(
    context: &Context,
    work: &ModuleWork,
    side: Side,
    units: Vec<Unit>,
    before: &HashSet<String>,
) -> Step<Vec<Unit>> {
    fn new_pair<'u>(unit: &'u Unit, before: &HashSet<String>) -> Option<(&'u Record, &'u Record)> {
        pair_of(unit).filter(|(vtiger, _)| !before.contains(&vtiger.id))
    }
    let key_of = |record: &Record| work.mapping.match_key(Side::Vtiger, &record.fields);
    let values: Vec<String> = units
        .iter()
        .filter_map(|unit| new_pair(unit, before))
        .filter_map(|(vtiger, service)| {
            let record = if side == Side::Vtiger { vtiger } else { service };
            work.mapping.key_value(side, &record.fields)
        })
        .collect();
    if values.is_empty() {
        return Ok(units);
    }
    let mut found = search(context, work, side, &values).await?;
    // What a person has left out of the sync, or wants created, is not meant.
    let mut ids = [Vec::new(), Vec::new()];
    ids[at(side)] = found.values().flatten().map(|(hit, _)| hit.id.clone()).collect();
    let decided = verdicts(context, work, ids).await?;
    for hits in found.values_mut() {
        hits.retain(|(hit, _)| {
            !matches!(decided[at(side)].get(&hit.id), Some(Verdict::Never | CreateNew))
        });
    }
    let mut checked = Vec::with_capacity(units.len());
    for unit in units {
        let several = new_pair(&unit, before).filter(|(vtiger, _)| {
            let hits = key_of(vtiger).and_then(|key| found.get(&key));
            hits.is_some_and(|hits| hits.len() > 1)
        });
        let Some((vtiger, service)) = several.map(|(v, s)| (v.clone(), s.clone())) else {
            checked.push(unit);
            continue;
        };
        for (side, record) in [(Side::Vtiger, vtiger), (Side::Service, service)] {
            if work.writes(side.other()) {
                let detail = "More records on the other side or here have the same key.";
                let reason = Reason::new(ReasonCode::AmbiguousMatch, "", detail);
                checked.push(Unit::Match(Box::new(Match::Skip { side, record, reason })));
            }
        }
    }
    Ok(checked)
}

/// Records that lost their links in this batch come round one by one, and may share a key: the
/// first one travels, the others are duplicates of it.
pub async fn one_of_each(
    context: &Context,
    work: &ModuleWork,
    source: Side,
    units: Vec<Unit>,
) -> Step<Vec<Unit>> {
    let decided = decisions_of(context, work, source, &units, &Found::new()).await?;
    let mut first: HashMap<String, String> = HashMap::new();
    let one = |unit: Unit| {
        let Some(record) = new_on(&unit, source) else { return unit };
        if decided[at(source)].get(&record.id) == Some(&CreateNew) {
            return unit;
        }
        let Some(key) = work.mapping.match_key(source, &record.fields) else { return unit };
        let id = first.entry(key).or_insert_with(|| record.id.clone());
        if *id == record.id {
            return unit;
        }
        let (record, reason) = (record.clone(), duplicate_of(id));
        Unit::Match(Box::new(Match::Skip { side: source, record, reason }))
    };
    Ok(units.into_iter().map(one).collect())
}

/// The keys that several unlinked records of a side share.
pub fn several_on(work: &ModuleWork, source: Side, units: &[Unit]) -> HashSet<String> {
    let keys = units.iter().filter_map(|unit| match unit {
        Unit::Match(found) => match found.as_ref() {
            Match::Skip { side, record, reason }
                if *side == source && reason.code == ReasonCode::DuplicateInSource =>
            {
                work.mapping.match_key(source, &record.fields)
            }
            _ => None,
        },
        Unit::Linked { .. } => None,
    });
    keys.collect()
}

/// One of several with the same key is not the one that the search has found: all of them are left
/// to a person, as if the hit had been read with them.
pub fn one_of_several(
    work: &ModuleWork,
    source: Side,
    unit: Unit,
    several: &HashSet<String>,
    found: &Found,
) -> Unit {
    let Unit::Match(inner) = &unit else { return unit };
    let record = match (inner.as_ref(), source) {
        (Match::Pair { vtiger, .. }, Side::Vtiger) => vtiger,
        (Match::Pair { service, .. }, Side::Service) => service,
        (Match::Skip { side, record, reason }, _)
            if *side == source && reason.code == ReasonCode::DuplicateInSource =>
        {
            record
        }
        _ => return unit,
    };
    let key = work.mapping.match_key(source, &record.fields);
    let key = key.filter(|key| several.contains(key));
    let hits = key
        .and_then(|key| found.get(&key))
        .map_or(0, |hits| if hits.iter().any(|(_, link)| link.is_some()) { 0 } else { hits.len() });
    if hits == 0 {
        return unit;
    }
    let detail = format!("Several here and {hits} on the other side have the same key.");
    let reason = Reason::new(ReasonCode::AmbiguousMatch, "", detail);
    Unit::Match(Box::new(Match::Skip { side: source, record: record.clone(), reason }))
}

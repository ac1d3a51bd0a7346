//! Looking again before writing: new records are searched on the other side, targets are read
//! anew.

mod twins;

use super::context::{Context, Step};
use super::decisions::{Verdicts, candidate, may_come_from, verdicts};
use super::matching::{Match, create_lost, duplicate_of, left_out_there, may_be_ours};
use super::module::{ModuleWork, at};
use super::plan::{Decided, decide};
use super::reconcile::Decision;
use super::safeguards::{Safeguard, on};
use super::units::{SideNow, Unit};
use crate::model::Verdict::{self, CreateNew};
use crate::model::{Candidate, Link, Reason, ReasonCode, Record, Side, is_companion_id};
use std::collections::{BTreeMap, HashMap, HashSet};
use twins::{
    all_known, each_once, one_of_each, one_of_several, only_pairs, only_pairs_on, pairs_of,
    several_on, still_unlinked,
};

/// What a search on a side found for a key: records with their links.
type Found = BTreeMap<String, Vec<(Record, Option<Link>)>>;

/// Searches the other side for every record that would be created: nothing found, create; one
/// unlinked, adopt; linked elsewhere, skip; several, leave it to a person.
///
/// # Errors
/// The other side cannot be searched.
pub async fn search_new(
    context: &Context,
    work: &ModuleWork,
    mut units: Vec<Unit>,
) -> Step<Vec<Unit>> {
    units = still_unlinked(context, work, units).await?;
    units = only_pairs(context, work, units).await?;
    for target in Side::BOTH.into_iter().filter(|side| work.writes(*side)) {
        // All keys are known, and nothing was linked or skipped: there is nobody to be found.
        let known = work.capabilities[at(target)].unique_key
            && work.all_keys[at(target)]
            && work.links == 0
            && !work.skips;
        let known = known || !on(Safeguard::SearchBeforeCreate);
        let source = target.other();
        units = one_of_each(context, work, source, units).await?;
        let mut values = Vec::new();
        for unit in &units {
            if let Some(record) = new_on(unit, source)
                && let Some(value) = work.mapping.key_value(source, &record.fields)
            {
                values.push(value);
            }
        }
        let found = if known || values.is_empty() {
            Found::new()
        } else {
            search(context, work, target, &values).await?
        };
        let taken = links_of_new(context, work, source, &units).await?;
        let several = several_on(work, source, &units);
        let decided = decisions_of(context, work, source, &units, &found).await?;
        let before = pairs_of(&units);
        units = units
            .into_iter()
            .filter_map(|unit| match new_on(&unit, source).cloned() {
                None => Some(unit),
                Some(record) if taken.contains_key(&record.id) => None,
                // A person knows what looks like it there, and wants it created all the same.
                Some(record) if decided[at(source)].get(&record.id) == Some(&CreateNew) => {
                    Some(unit)
                }
                Some(record) if decided[at(source)].get(&record.id) == Some(&Verdict::Lost) => {
                    let reason = create_lost();
                    Some(Unit::Match(Box::new(Match::Skip { side: source, record, reason })))
                }
                Some(record) => Some(judge(work, source, record, &found, &decided[at(target)])),
            })
            .map(|unit| one_of_several(work, source, unit, &several, &found))
            .collect();
        // What was found may be meant by another one on this side, which nothing has shown.
        let shown = work.capabilities[at(source)].unique_key || all_known(context, work, source);
        if !shown && on(Safeguard::SearchBeforeCreate) {
            units = only_pairs_on(context, work, source, units, &before).await?;
        }
        units = maybe_ours(context, work, source, units).await?;
    }
    Ok(each_once(units))
}

/// A new record without a key may be what a create has made whose answer was lost: it does not
/// travel back before a person decides.
async fn maybe_ours(
    context: &Context,
    work: &ModuleWork,
    source: Side,
    units: Vec<Unit>,
) -> Step<Vec<Unit>> {
    let decided = decisions_of(context, work, source, &units, &Found::new()).await?;
    let mut all = Vec::with_capacity(units.len());
    for unit in units {
        let new = new_on(&unit, source)
            .filter(|r| decided[at(source)].get(&r.id) != Some(&CreateNew))
            .cloned();
        let Some(record) = new else {
            all.push(unit);
            continue;
        };
        let sources = may_come_from(context, work, source, &record).await?;
        if sources.is_empty() {
            all.push(unit);
        } else {
            let reason = may_be_ours(&sources);
            all.push(Unit::Match(Box::new(Match::Skip { side: source, record, reason })));
        }
    }
    Ok(all)
}

/// What a person decided of the new records, and of what was found for them.
async fn decisions_of(
    context: &Context,
    work: &ModuleWork,
    source: Side,
    units: &[Unit],
    found: &Found,
) -> Step<Verdicts> {
    let mut ids = [Vec::new(), Vec::new()];
    ids[at(source)] =
        units.iter().filter_map(|unit| new_on(unit, source)).map(|r| r.id.clone()).collect();
    ids[at(source.other())] = found.values().flatten().map(|(hit, _)| hit.id.clone()).collect();
    verdicts(context, work, ids).await
}

fn new_on(unit: &Unit, source: Side) -> Option<&Record> {
    match unit {
        Unit::Match(found) => match found.as_ref() {
            Match::New { side, record } if *side == source => Some(record),
            _ => None,
        },
        Unit::Linked { .. } => None,
    }
}

/// Links that records got since they were staged.
async fn links_of_new(
    context: &Context,
    work: &ModuleWork,
    source: Side,
    units: &[Unit],
) -> Step<HashMap<String, Link>> {
    let ids: Vec<String> =
        units.iter().filter_map(|u| new_on(u, source)).map(|r| r.id.clone()).collect();
    links(context, work, source, ids).await
}

/// The links of records, by id.
pub async fn links(
    context: &Context,
    work: &ModuleWork,
    side: Side,
    ids: Vec<String>,
) -> Step<HashMap<String, Link>> {
    let (connector, module) = (context.id(), work.module);
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut recent = HashMap::new();
    for id in &ids {
        if let Some(link) = work.recent[at(side)].get(id) {
            recent.insert(id.clone(), link.clone());
        }
    }
    context
        .read(move |r| {
            let mut links = recent;
            for id in ids {
                if links.contains_key(&id) {
                    continue;
                }
                let link = match side {
                    Side::Vtiger => r.link_by_vtiger(connector, module, &id)?,
                    Side::Service => r.link_by_service(connector, module, &id)?,
                };
                if let Some(link) = link {
                    links.insert(id, link);
                }
            }
            Ok(links)
        })
        .await
}

/// Searches a side for records by key values.
pub async fn search(
    context: &Context,
    work: &ModuleWork,
    target: Side,
    values: &[String],
) -> Step<Found> {
    let mut found = Found::new();
    let Some(path) = work.mapping.key_path(target) else { return Ok(found) };
    let entity = &work.entity[at(target)];
    let records = context.remote(target).find(entity, path, values, &work.paths(target)).await?;
    let ids = records.iter().map(|r| r.id.clone()).collect();
    let mut links = links(context, work, target, ids).await?;
    let mut seen = HashSet::new();
    for record in records {
        if let Some(key) = work.mapping.match_key(target, &record.fields)
            && seen.insert(record.id.clone())
        {
            // A guest who has registered: the companion's link makes room for the real one.
            let link = links.remove(&record.id).filter(|link| !is_companion_id(&link.service_id));
            found.entry(key).or_default().push((record, link));
        }
    }
    for hits in found.values_mut() {
        // What lies in the trash matters only where nothing else has the key.
        if hits.iter().any(|(hit, _)| !hit.trashed) {
            hits.retain(|(hit, _)| !hit.trashed);
        }
    }
    Ok(found)
}

/// What a search result means for a record that would be created.
fn judge(
    work: &ModuleWork,
    side: Side,
    record: Record,
    found: &Found,
    decided: &HashMap<String, Verdict>,
) -> Unit {
    let all = work.mapping.match_key(side, &record.fields).and_then(|key| found.get(&key));
    let all = all.map(Vec::as_slice).unwrap_or_default();
    let named = |hits: &[&(Record, Option<Link>)]| -> Vec<Candidate> {
        let first = hits.iter().take(Reason::CANDIDATES);
        first.map(|(hit, _)| candidate(work, side.other(), hit)).collect()
    };
    let left_out = |hit: &Record| decided.get(&hit.id) == Some(&Verdict::Never);
    let hits: Vec<&(Record, Option<Link>)> = all.iter().filter(|(h, _)| !left_out(h)).collect();
    let unit = match hits.as_slice() {
        [] if !all.is_empty() => {
            let reason = left_out_there(&named(&all.iter().collect::<Vec<_>>()));
            Match::Skip { side, record, reason }
        }
        [] => Match::New { side, record },
        [(hit, None)] if hit.trashed => {
            let detail = format!("{} with the same key lies in the other side's trash.", hit.id);
            Match::Skip { side, record, reason: Reason::new(ReasonCode::Refused, "", detail) }
        }
        [(hit, None)] => {
            let hit = hit.clone();
            match side {
                Side::Vtiger => Match::Pair { vtiger: record, service: hit },
                Side::Service => Match::Pair { vtiger: hit, service: record },
            }
        }
        hits => {
            let linked = hits.iter().find_map(|(_, link)| link.as_ref());
            let reason = match linked {
                Some(link) => duplicate_of(match side {
                    Side::Vtiger => &link.vtiger_id,
                    Side::Service => &link.service_id,
                }),
                None => {
                    let detail =
                        format!("{} records on the other side have the same key.", hits.len());
                    Reason::new(ReasonCode::AmbiguousMatch, "", detail)
                        .with_candidates(&named(hits), hits.len())
                }
            };
            Match::Skip { side, record, reason }
        }
    };
    let travels = work.writes(side.other());
    let unit = match unit {
        // What has nowhere to go is not kept from going there.
        Match::Skip { side, record, .. } if !travels => Match::New { side, record },
        unit => unit,
    };
    Unit::Match(Box::new(unit))
}

/// Reads the targets of all planned writes again, and the records that a decision needs to know.
/// What changed in between is simply planned anew.
///
/// # Errors
/// A side cannot be read.
pub async fn read_again(
    context: &Context,
    work: &ModuleWork,
    mut units: Vec<Unit>,
) -> Step<Vec<(Unit, Option<Decided>)>> {
    let mut fresh: Vec<[bool; 2]> = units.iter().map(trusted).collect();
    let mut decided: Vec<Option<Decided>> = units.iter().map(|_| None).collect();
    // Twice is enough: after it every side that is written has been read.
    for _ in 0..2 {
        let mut wanted: [Vec<String>; 2] = [Vec::new(), Vec::new()];
        for ((unit, fresh), decided) in units.iter().zip(&fresh).zip(&mut decided) {
            if decided.is_none() {
                *decided = decided_now(work, unit);
            }
            for side in needed(decided.as_ref().map(|(decision, _)| decision)) {
                if !fresh[at(side)] {
                    wanted[at(side)].extend(id_on(unit, side));
                }
            }
        }
        if wanted.iter().all(Vec::is_empty) {
            break;
        }
        for side in Side::BOTH {
            let ids = &wanted[at(side)];
            if ids.is_empty() {
                continue;
            }
            let entity = &work.entity[at(side)];
            let records = context.remote(side).fetch(entity, ids, &work.paths(side)).await?;
            let mut records: HashMap<String, Record> =
                records.into_iter().filter(|r| !r.trashed).map(|r| (r.id.clone(), r)).collect();
            let asked: HashSet<&String> = ids.iter().collect();
            for ((unit, fresh), decided) in units.iter_mut().zip(&mut fresh).zip(&mut decided) {
                if let Some(id) = id_on(unit, side)
                    && asked.contains(&id)
                {
                    put(unit, side, records.remove(&id));
                    fresh[at(side)] = true;
                    *decided = None;
                }
            }
        }
    }
    Ok(units.into_iter().zip(decided).collect())
}

/// The sides of a unit that need not be read again: none.
fn trusted(unit: &Unit) -> [bool; 2] {
    let read = match unit {
        Unit::Linked { now, .. } => [now[0].record().is_some(), now[1].record().is_some()],
        Unit::Match(_) => [true, true],
    };
    read.map(|read| read && !on(Safeguard::ReadAgain))
}

/// What is to be done with the records of a unit as it is now.
fn decided_now(work: &ModuleWork, unit: &Unit) -> Option<Decided> {
    match unit {
        Unit::Linked { link, now } => Some(decide(work, Some(link), now)),
        Unit::Match(found) => match found.as_ref() {
            Match::Pair { vtiger, service } => {
                let now = [SideNow::Present(vtiger.clone()), SideNow::Present(service.clone())];
                Some(decide(work, None, &now))
            }
            Match::New { .. } | Match::Skip { .. } | Match::Later { .. } => None,
        },
    }
}

/// The sides that have to be known for certain before a unit is carried out.
fn needed(decision: Option<&Decision>) -> Vec<Side> {
    let Some(decision) = decision else { return Vec::new() };
    match decision {
        Decision::Write { vtiger, service, lost } => {
            let mut sides = Vec::new();
            if !vtiger.is_empty() || !lost.is_empty() {
                sides.push(Side::Vtiger);
            }
            if !service.is_empty() || !lost.is_empty() {
                sides.push(Side::Service);
            }
            sides
        }
        // What is gone may have been restored since it was looked for.
        Decision::Delete(_) | Decision::Keep(..) | Decision::Revive(_) | Decision::Forget => {
            Side::BOTH.to_vec()
        }
    }
}

fn id_on(unit: &Unit, side: Side) -> Option<String> {
    match unit {
        Unit::Linked { link, .. } => Some(match side {
            Side::Vtiger => link.vtiger_id.clone(),
            Side::Service => link.service_id.clone(),
        }),
        Unit::Match(found) => match (found.as_ref(), side) {
            (Match::Pair { vtiger, .. }, Side::Vtiger) => Some(vtiger.id.clone()),
            (Match::Pair { service, .. }, Side::Service) => Some(service.id.clone()),
            _ => None,
        },
    }
}

fn put(unit: &mut Unit, side: Side, record: Option<Record>) {
    match unit {
        Unit::Linked { now, .. } => {
            // Only a complete listing and a look by id together tell that a record is gone.
            let missing =
                if now[at(side)] == SideNow::Gone { SideNow::Gone } else { SideNow::Missing };
            now[at(side)] = record.map_or(missing, SideNow::Present);
        }
        Unit::Match(found) => {
            let (vtiger, service) = match found.as_ref() {
                Match::Pair { vtiger, service } => (vtiger.clone(), service.clone()),
                _ => return,
            };
            **found = match (side, record) {
                (Side::Vtiger, Some(vtiger)) => Match::Pair { vtiger, service },
                (Side::Service, Some(service)) => Match::Pair { vtiger, service },
                // The other one may not be created in its place: it may only not be found.
                (Side::Vtiger, None) => Match::Later { side: Side::Service, record: service },
                (Side::Service, None) => Match::Later { side: Side::Vtiger, record: vtiger },
            };
        }
    }
}

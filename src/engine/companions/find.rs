//! Finding companions: by link, by the record that brings them along, by their key field.

use super::{AllWanted, Answer, Answers, filled, remove_paths, write_of, write_of_mut};
use crate::catalog::Companion;
use crate::engine::context::{Context, Step};
use crate::engine::plan::Job;
use crate::mapping::folded_name;
use crate::model::{Link, Record, Side, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The entity of a companion's module in the CRM.
pub fn entity(context: &Context, companion: &Companion) -> Option<String> {
    context.catalog.vtiger_module(companion.module).map(|m| m.entity.clone())
}

/// Companions that are linked already and still carry the name.
pub async fn linked(context: &Context, companion: &Companion, wanted: &AllWanted) -> Step<Answers> {
    let (connector, module) = (context.id(), companion.module);
    let keys: Vec<(String, String)> =
        wanted.keys().map(|key| (key.clone(), companion.service_id(key))).collect();
    let links: Vec<(String, Link)> = context
        .read(move |r| {
            let mut links = Vec::new();
            for (key, service_id) in keys {
                if let Some(link) = r.link_by_service(connector, module, &service_id)? {
                    links.push((key, link));
                }
            }
            Ok(links)
        })
        .await?;
    let Some(entity) = entity(context, companion).filter(|_| !links.is_empty()) else {
        return Ok(Answers::new());
    };
    let ids: Vec<String> = links.iter().map(|(_, link)| link.vtiger_id.clone()).collect();
    let fields = [companion.field.clone()];
    let there = context.remote(Side::Vtiger).fetch(&entity, &ids, &fields).await?;
    let names: HashMap<String, String> = there
        .into_iter()
        .filter(|r| !r.trashed)
        .map(|r| (r.id.clone(), name(&r, companion)))
        .collect();
    let current = |(key, link): (String, Link)| {
        let name = names.get(&link.vtiger_id)?;
        (folded_name(name) == key).then_some((key, Answer::Id(link.vtiger_id)))
    };
    Ok(links.into_iter().filter_map(current).collect())
}

fn name(record: &Record, companion: &Companion) -> String {
    record.fields.get(&companion.field).map(Value::to_text).unwrap_or_default()
}

/// Records of the CRM with these names, by folded name.
pub async fn found(
    context: &Context,
    companion: &Companion,
    names: &[String],
) -> Step<BTreeMap<String, Vec<Record>>> {
    let mut found: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    let Some(entity) = entity(context, companion) else { return Ok(found) };
    let fields = [companion.field.clone()];
    let remote = context.remote(Side::Vtiger);
    for hit in remote.find(&entity, &companion.field, names, &fields).await? {
        if hit.trashed {
            continue;
        }
        let hits = found.entry(folded_name(&name(&hit, companion))).or_default();
        if !hits.iter().any(|known| known.id == hit.id) {
            hits.push(hit);
        }
    }
    Ok(found)
}

/// Takes the companion from the record that another reference of the same write points to: the
/// organization of a known contact.
pub async fn through(context: &Context, jobs: &mut [Job], companion: &Companion) -> Step<()> {
    let Some(path) = &companion.through else { return Ok(()) };
    let persons: BTreeSet<String> = jobs
        .iter()
        .filter_map(write_of)
        .filter(|write| filled(&write.fields, &companion.path).is_some())
        .filter_map(|write| filled(&write.fields, path))
        .collect();
    let bringer = context.catalog.vtiger.companions.iter().find(|c| c.reference == *path);
    let Some(entity) = bringer.and_then(|c| entity(context, c)).filter(|_| !persons.is_empty())
    else {
        return Ok(());
    };
    let ids: Vec<String> = persons.into_iter().collect();
    let fields = [companion.reference.clone()];
    let there = context.remote(Side::Vtiger).fetch(&entity, &ids, &fields).await?;
    let brought: HashMap<String, String> = there
        .into_iter()
        .filter(|r| !r.trashed)
        .filter_map(|r| Some((r.id.clone(), filled(&r.fields, &companion.reference)?)))
        .collect();
    for write in jobs.iter_mut().filter_map(write_of_mut) {
        let person = filled(&write.fields, path);
        if let Some(id) = person.and_then(|person| brought.get(&person)) {
            remove_paths(&mut write.fields, companion);
            write.fields.set(companion.reference.as_str(), id.as_str());
        }
    }
    Ok(())
}

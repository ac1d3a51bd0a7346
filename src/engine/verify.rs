//! Checking links: every link of a connector against what both sides hold now. Changes nothing.
//!
//! Links are walked in small groups, each side is asked for the group's records by their ids, and
//! the next group is asked for while this one is compared. What is kept are the findings.

use super::context::{Context, Step};
use super::module::{ModuleWork, Prepared, at, prepare};
use crate::catalog::Companion;
use crate::model::{Link, LinkOrigin, Module, Record, Side, fingerprint};
use crate::store::{Reader, StoreResult};
use std::collections::HashMap;

/// Links that are asked for at a time.
const GROUP: usize = 100;

/// What is wrong with a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// Neither record is there any more.
    MissingOnBoth,
    /// The record of this side is not there any more.
    Missing(Side),
    /// The record of this side lies in the trash.
    Trashed(Side),
    /// Two links tie one record, or the store's index does not know this one.
    TiedTwice,
    /// The two records have different match keys, and no person linked them.
    KeysDiffer,
    /// Mapped values differ in a way that the link does not remember.
    ValuesDiffer,
}

impl Problem {
    /// The key in JSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::MissingOnBoth => "missing_on_both",
            Self::Missing(Side::Vtiger) => "missing_in_vtiger",
            Self::Missing(Side::Service) => "missing_in_service",
            Self::Trashed(Side::Vtiger) => "trashed_in_vtiger",
            Self::Trashed(Side::Service) => "trashed_in_service",
            Self::TiedTwice => "tied_twice",
            Self::KeysDiffer => "keys_differ",
            Self::ValuesDiffer => "values_differ",
        }
    }
}

/// A pair of fields whose values differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differs {
    /// The Vtiger field.
    pub vtiger_field: String,
    /// The service's field.
    pub service_field: String,
    /// What Vtiger holds.
    pub vtiger: String,
    /// What the service holds.
    pub service: String,
}

/// A link with which something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkFinding {
    /// The module.
    pub module: Module,
    /// The Vtiger record.
    pub vtiger_id: String,
    /// The service record.
    pub service_id: String,
    /// The record's name, as far as a side has it.
    pub name: String,
    /// What is wrong.
    pub problem: Problem,
    /// The fields that differ.
    pub differs: Vec<Differs>,
}

/// What was found out about a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedModule {
    /// The module.
    pub module: Module,
    /// Links that were checked.
    pub links: u64,
    /// Why none could be.
    pub unavailable: Option<String>,
    /// What is wrong.
    pub findings: Vec<LinkFinding>,
}

/// Checks the links of these modules; of all that are switched on, if none is named.
///
/// # Errors
/// A system cannot be asked, the store cannot be read, or a person stopped it.
pub async fn verify(context: &Context, only: &[Module]) -> Step<Vec<VerifiedModule>> {
    let catalog = context.catalog.clone();
    let mut verified = Vec::new();
    for module in Module::ALL {
        if !only.is_empty() && !only.contains(&module) {
            continue;
        }
        let enabled = context.connector.modules.get(&module).filter(|m| m.enabled);
        let spec = catalog.service(&context.connector.service).and_then(|s| s.modules.get(&module));
        let companion = catalog.vtiger.companions.iter().find(|c| c.module == module);
        let outcome = match (enabled, catalog.vtiger_module(module), spec, companion) {
            (Some(settings), Some(crm), Some(spec), _) => {
                match prepare(context, module, settings, crm, spec).await? {
                    Prepared::Ready(work) => walk(context, Walk::Module(&work)).await?,
                    Prepared::Unavailable(why) => VerifiedModule {
                        module,
                        links: 0,
                        unavailable: Some(why),
                        findings: Vec::new(),
                    },
                }
            }
            (_, Some(crm), None, Some(companion)) => {
                walk(context, Walk::Companion(companion, &crm.entity)).await?
            }
            _ => continue,
        };
        verified.push(outcome);
    }
    Ok(verified)
}

/// Whose links are walked.
#[derive(Clone, Copy)]
enum Walk<'a> {
    /// Those of a module.
    Module(&'a ModuleWork),
    /// Those of records that only Vtiger has (companies), and what Vtiger calls them.
    Companion(&'a Companion, &'a str),
}

impl Walk<'_> {
    fn module(&self) -> Module {
        match self {
            Self::Module(work) => work.module,
            Self::Companion(companion, _) => companion.module,
        }
    }
}

/// Links with what the store says of their index, and the records of both sides.
struct Group {
    links: Vec<(Link, bool)>,
    records: [HashMap<String, Record>; 2],
}

async fn walk(context: &Context, walk: Walk<'_>) -> Step<VerifiedModule> {
    let (id, module) = (context.id(), walk.module());
    let total = context.read(move |r| r.link_count(id, module)).await?;
    context.begin(module, "checking the links", Some(total));
    let mut verified = VerifiedModule { module, links: 0, unavailable: None, findings: Vec::new() };
    let mut group = next(context, walk, None).await?;
    while let Some(last) = group.links.last().map(|(link, _)| link.vtiger_id.clone()) {
        context.go_on()?;
        let (following, findings) =
            futures::join!(next(context, walk, Some(last)), judge(context, walk, &group));
        verified.findings.extend(findings?);
        verified.links += group.links.len() as u64;
        context.advance(group.links.len() as u64, None);
        group = following?;
    }
    Ok(verified)
}

/// The links after one, and their records.
async fn next(context: &Context, walk: Walk<'_>, after: Option<String>) -> Step<Group> {
    let (id, module) = (context.id(), walk.module());
    let links = context
        .read(move |r| {
            let links = r.links_after(id, module, after.as_deref(), GROUP)?;
            links.into_iter().map(|link| indexed(r, id, module, link)).collect()
        })
        .await?;
    let links: Vec<(Link, bool)> = links;
    let records = records(context, walk, links.iter().map(|(link, _)| link)).await?;
    Ok(Group { links, records })
}

/// A link, and whether the index of the service's ids leads back to it.
fn indexed(r: &Reader, id: u32, module: Module, link: Link) -> StoreResult<(Link, bool)> {
    let back = r.vtiger_id_of(id, module, &link.service_id)?;
    let fits = back.as_deref() == Some(link.vtiger_id.as_str());
    Ok((link, fits))
}

/// The records of links on both sides; what is gone is not among them.
async fn records<'a>(
    context: &Context,
    walk: Walk<'_>,
    links: impl Iterator<Item = &'a Link>,
) -> Step<[HashMap<String, Record>; 2]> {
    let (vtiger, service): (Vec<String>, Vec<String>) =
        links.map(|link| (link.vtiger_id.clone(), link.service_id.clone())).unzip();
    if vtiger.is_empty() {
        return Ok([HashMap::new(), HashMap::new()]);
    }
    let by_id = |records: Vec<Record>| records.into_iter().map(|r| (r.id.clone(), r)).collect();
    let [v, s] = [context.remote(Side::Vtiger), context.remote(Side::Service)];
    match walk {
        Walk::Module(work) => {
            let paths = Side::BOTH.map(|side| work.paths(side));
            let (v, s) = futures::join!(
                v.fetch(&work.entity[0], &vtiger, &paths[0]),
                s.fetch(&work.entity[1], &service, &paths[1])
            );
            Ok([by_id(v?), by_id(s?)])
        }
        Walk::Companion(companion, entity) => {
            let fields = [companion.field.clone()];
            Ok([by_id(v.fetch(entity, &vtiger, &fields).await?), HashMap::new()])
        }
    }
}

/// What is wrong in a group. What seems wrong is looked at once more, because a sync may be at work
/// on it.
async fn judge(context: &Context, walk: Walk<'_>, group: &Group) -> Step<Vec<LinkFinding>> {
    let suspects: Vec<&Link> = group
        .links
        .iter()
        .filter(|(link, fits)| look(walk, link, *fits, &group.records).is_some())
        .map(|(link, _)| link)
        .collect();
    if suspects.is_empty() {
        return Ok(Vec::new());
    }
    let (id, module) = (context.id(), walk.module());
    let ids: Vec<String> = suspects.iter().map(|link| link.vtiger_id.clone()).collect();
    let links: Vec<(Link, bool)> = context
        .read(move |r| {
            let mut links = Vec::new();
            for vtiger_id in ids {
                if let Some(link) = r.link_by_vtiger(id, module, &vtiger_id)? {
                    links.push(indexed(r, id, module, link)?);
                }
            }
            Ok(links)
        })
        .await?;
    let records = records(context, walk, links.iter().map(|(link, _)| link)).await?;
    let found = links.iter().filter_map(|(link, fits)| look(walk, link, *fits, &records));
    Ok(found.collect())
}

/// What is wrong with a link.
fn look(
    walk: Walk<'_>,
    link: &Link,
    indexed: bool,
    records: &[HashMap<String, Record>; 2],
) -> Option<LinkFinding> {
    let there = [records[0].get(&link.vtiger_id), records[1].get(&link.service_id)];
    let name = match walk {
        Walk::Module(work) => {
            let of = |side: Side| there[at(side)].map(|r| work.name_of(side, r));
            of(Side::Vtiger).or_else(|| of(Side::Service)).unwrap_or_default()
        }
        Walk::Companion(companion, _) => there[0]
            .and_then(|r| r.fields.get(&companion.field))
            .map(crate::model::Value::to_text)
            .unwrap_or_default(),
    };
    let found = |problem, differs| {
        Some(LinkFinding {
            module: walk.module(),
            vtiger_id: link.vtiger_id.clone(),
            service_id: link.service_id.clone(),
            name: name.clone(),
            problem,
            differs,
        })
    };
    if !indexed {
        return found(Problem::TiedTwice, Vec::new());
    }
    let Walk::Module(work) = walk else {
        return match there[0] {
            None => found(Problem::Missing(Side::Vtiger), Vec::new()),
            Some(record) if record.trashed => found(Problem::Trashed(Side::Vtiger), Vec::new()),
            Some(_) => None,
        };
    };
    let (vtiger, service) = match there {
        [None, None] => return found(Problem::MissingOnBoth, Vec::new()),
        [None, _] => return found(Problem::Missing(Side::Vtiger), Vec::new()),
        [_, None] => return found(Problem::Missing(Side::Service), Vec::new()),
        [Some(vtiger), Some(service)] => (vtiger, service),
    };
    for (side, record) in [(Side::Vtiger, vtiger), (Side::Service, service)] {
        if record.trashed {
            return found(Problem::Trashed(side), Vec::new());
        }
    }
    let differs = differing(work, link, vtiger, service);
    if link.origin != LinkOrigin::Person && keys_differ(work, vtiger, service) {
        return found(Problem::KeysDiffer, differs);
    }
    if differs.is_empty() { None } else { found(Problem::ValuesDiffer, differs) }
}

fn keys_differ(work: &ModuleWork, vtiger: &Record, service: &Record) -> bool {
    let key = |side, record: &Record| work.mapping.match_key(side, &record.fields);
    match (key(Side::Vtiger, vtiger), key(Side::Service, service)) {
        (Some(vtiger), Some(service)) => vtiger != service,
        _ => false,
    }
}

/// The pairs whose values differ in another way than the link remembers.
fn differing(work: &ModuleWork, link: &Link, vtiger: &Record, service: &Record) -> Vec<Differs> {
    let v = work.mapping.project(Side::Vtiger, &vtiger.fields);
    let s = work.mapping.project(Side::Service, &service.fields);
    let mut differs = Vec::new();
    for (pair, id) in work.mapping.pair_ids().iter().enumerate() {
        let (Some(left), Some(right)) = (v.values[pair].as_deref(), s.values[pair].as_deref())
        else {
            continue;
        };
        let now = (fingerprint(left), fingerprint(right));
        let remembered = link.pairs.iter().find(|state| state.pair == *id).is_some_and(|state| {
            (state.vtiger_hash(), state.service_hash()) == (Some(now.0), Some(now.1))
        });
        if now.0 == now.1 || remembered {
            continue;
        }
        differs.push(Differs {
            vtiger_field: work.mapping.pairs()[pair].vtiger.clone(),
            service_field: work.mapping.pairs()[pair].service_label(),
            vtiger: work.mapping.shown(pair, Side::Vtiger, &vtiger.fields),
            service: work.mapping.shown(pair, Side::Service, &service.fields),
        });
    }
    differs
}

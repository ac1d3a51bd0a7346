//! The live fields of a module on both sides, with values that stand in them, and real records to
//! try a mapping line on. Nothing is written.

use super::context::{Context, OnProgress, Stop};
use super::handle::Engine;
use super::module::{Prepared, limits, prepare};
use super::references::referring;
use super::remotes::Connections;
use crate::mapping::FieldLimits;
use crate::model::{ConnectorId, Fields, Module, Pair, Side, UserError, is_companion_id};
use crate::remote::{EntityInfo, PageAt, PageRequest, Remote, Scope};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// How many linked records are offered to try a line on.
const LINKED: usize = 8;
/// How many records that are skipped because of the line are offered, and among how many they are
/// looked for.
const SKIPPED: usize = 4;
const SKIPS: usize = 500;

/// The fields of a module on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LiveFields {
    /// Vtiger's and the service's.
    pub infos: [EntityInfo; 2],
    /// A value for each path that is filled somewhere, Vtiger's and the service's.
    pub samples: [BTreeMap<String, String>; 2],
    /// Characters above U+FFFF cannot be stored in the CRM.
    pub bmp_only: bool,
}

impl LiveFields {
    /// What is known of the fields of a line.
    pub fn limits(&self, pair: &Pair) -> FieldLimits {
        limits(pair, &self.infos, self.bmp_only)
    }

    /// A value of a line's field on a side.
    pub fn sample(&self, pair: &Pair, side: Side) -> Option<&str> {
        let path = match side {
            Side::Vtiger => &pair.vtiger,
            Side::Service => pair.service.first()?,
        };
        self.samples[usize::from(side == Side::Service)].get(path).map(String::as_str)
    }
}

/// A record to try a line on, as far as each side has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TryRecord {
    /// Its name.
    pub name: String,
    /// Its id and its fields in Vtiger.
    pub vtiger: Option<(String, Fields)>,
    /// In the service.
    pub service: Option<(String, Fields)>,
    /// Why it is skipped, if it is.
    pub skipped: Option<String>,
}

impl Engine {
    /// Asks both systems for the fields of a module, and reads a page of each for samples.
    ///
    /// # Errors
    /// A system cannot be asked.
    pub async fn live_fields(
        &self,
        connector: ConnectorId,
        module: Module,
    ) -> Result<LiveFields, UserError> {
        let (context, _connections) = self.onlooker(connector, None).await?;
        let entity = entities(&context, module)?;
        let mut live = LiveFields::default();
        for (at, side) in Side::BOTH.into_iter().enumerate() {
            let remote = context.remote(side);
            live.infos[at] = remote.describe(&entity[at]).await.map_err(|e| e.error)?;
            live.samples[at] = samples(remote, &entity[at], &live.infos[at]).await;
        }
        live.bmp_only = context.remote(Side::Vtiger).capabilities(&entity[0]).bmp_only;
        Ok(live)
    }

    /// Reads real records with the fields of a line: those that are skipped because of
    /// it first, then linked ones, else the first ones of the side that gives. `lines` are the administrator's lines with
    /// which they are read.
    ///
    /// # Errors
    /// A system cannot be asked.
    pub async fn try_records(
        &self,
        connector: ConnectorId,
        module: Module,
        lines: Vec<Pair>,
        pair: &Pair,
    ) -> Result<Vec<TryRecord>, UserError> {
        let (mut context, _connections) = self.onlooker(connector, Some((module, lines))).await?;
        let catalog = Arc::clone(&context.catalog);
        let entity = entities(&context, module)?;
        let settings = context.connector.modules.get(&module).cloned();
        let crm = catalog.vtiger_module(module);
        let service = catalog.service(&context.connector.service);
        let spec = service.and_then(|service| service.modules.get(&module));
        let (Some(settings), Some(crm), Some(spec)) = (settings, crm, spec) else {
            return Err(unknown(module));
        };
        let work = match prepare(&context, module, &settings, crm, spec).await.map_err(told)? {
            Prepared::Ready(work) => *work,
            Prepared::Unavailable(why) => {
                return Err(UserError::new(
                    format!("{module} cannot be read."),
                    why,
                    "Check the connection.",
                ));
            }
        };
        let mut paths = Side::BOTH
            .map(|side| -> BTreeSet<String> { work.paths(side).iter().cloned().collect() });
        paths[0].insert(pair.vtiger.clone());
        paths[1].extend(pair.service.iter().chain(&pair.fallback).cloned());
        let paths = paths.map(|paths| paths.into_iter().collect::<Vec<String>>());
        let named = catalog.vtiger_module(Module::Services).map(|m| m.entity.clone());
        let works = [work];
        let (store, id) = (context.store.clone(), context.id());
        context.remotes =
            referring(&context.remotes, &store, id, &works, &named.unwrap_or_default());
        let [work] = works;
        let wanted = wanted(&context, module, pair).await?;
        let mut found = Vec::new();
        for (at, side) in Side::BOTH.into_iter().enumerate() {
            let remote = context.remote(side);
            let ids: Vec<String> = wanted.iter().filter_map(|one| one.ids[at].clone()).collect();
            let records = if !ids.is_empty() {
                remote.fetch(&entity[at], &ids, &paths[at]).await.map_err(|e| e.error)?
            } else if wanted.is_empty() {
                let request = PageRequest {
                    entity: entity[at].clone(),
                    fields: paths[at].clone().into(),
                    scope: Scope::All,
                    at: PageAt::First,
                };
                let page = remote.page(&request).await.map_err(|e| e.error)?;
                page.records.into_iter().take(LINKED).collect()
            } else {
                Vec::new()
            };
            found.push(records);
        }
        let named = |side, record: &crate::model::Record| work.name_of(side, record);
        if wanted.is_empty() {
            return Ok(alone(found, named));
        }
        let pick = |at: usize, id: &Option<String>| {
            let id = id.as_ref()?;
            found.get(at)?.iter().find(|record| record.id == *id).cloned()
        };
        let records = wanted.into_iter().filter_map(|one| {
            let (vtiger, service) = (pick(0, &one.ids[0]), pick(1, &one.ids[1]));
            let name = vtiger
                .as_ref()
                .map(|record| named(Side::Vtiger, record))
                .or_else(|| service.as_ref().map(|record| named(Side::Service, record)))?;
            let part = |record: crate::model::Record| (record.id, record.fields);
            Some(TryRecord {
                name,
                vtiger: vtiger.map(part),
                service: service.map(part),
                skipped: one.skipped,
            })
        });
        Ok(records.collect())
    }

    /// The surroundings for a look at a connector, switched on or not; perhaps with other lines.
    async fn onlooker(
        &self,
        id: ConnectorId,
        lines: Option<(Module, Vec<Pair>)>,
    ) -> Result<(Context, Connections), UserError> {
        let read = self.store().read(move |r| Ok((r.crm()?, r.connector(id)?)));
        let (crm, connector) = read.await.map_err(|error| error.user())?;
        let (Some(crm), Some(mut connector)) = (crm, connector) else {
            return Err(UserError::new(
                "The fields cannot be read.",
                "The CRM or the connector is not set up.",
                "Connect both first.",
            ));
        };
        if let Some((module, lines)) = lines
            && let Some(settings) = connector.modules.get_mut(&module)
        {
            settings.mapping = lines;
        }
        let connections = self.connections(&crm, &connector)?;
        let nobody: OnProgress = Arc::new(|_| {});
        let (store, catalog) = (self.store().clone(), self.catalog());
        let (remotes, cancel) = (connections.remotes.clone(), CancellationToken::new());
        let mut context = Context::new(store, connector, catalog, remotes, cancel, nobody);
        context.dry = true;
        Ok((context, connections))
    }
}

/// What both systems call a module.
fn entities(context: &Context, module: Module) -> Result<[String; 2], UserError> {
    let crm = context.catalog.vtiger_module(module).map(|m| m.entity.clone());
    let service = context.catalog.service(&context.connector.service);
    let service = service.and_then(|s| s.modules.get(&module)).map(|m| m.entity.clone());
    match (crm, service) {
        (Some(crm), Some(service)) => Ok([crm, service]),
        _ => Err(unknown(module)),
    }
}

fn unknown(module: Module) -> UserError {
    UserError::new(
        format!("{module} cannot be read."),
        "The service does not offer them.",
        "Choose another module.",
    )
}

fn told(stop: Stop) -> UserError {
    match stop {
        Stop::Failed(error) => error,
        Stop::Cancelled => UserError::new("The look was stopped.", "", ""),
    }
}

/// The first value of each path in one page. A system that does not answer gives none: the fields
/// can be chosen all the same.
async fn samples(remote: &dyn Remote, entity: &str, info: &EntityInfo) -> BTreeMap<String, String> {
    let fields: Vec<String> = info.fields.iter().map(|field| field.path.clone()).collect();
    let request = PageRequest {
        entity: entity.to_owned(),
        fields: fields.into(),
        scope: Scope::All,
        at: PageAt::First,
    };
    let Ok(page) = remote.page(&request).await else { return BTreeMap::new() };
    let mut samples = BTreeMap::new();
    for record in page.records.iter().filter(|record| !record.trashed) {
        for (path, value) in record.fields.iter().filter(|(_, value)| !value.is_empty()) {
            if !samples.contains_key(path) {
                samples.insert(path.to_owned(), value.to_text());
            }
        }
    }
    samples
}

/// A record that is to be read.
struct Wanted {
    ids: [Option<String>; 2],
    skipped: Option<String>,
}

/// The records that are skipped because of a line, then linked ones.
async fn wanted(context: &Context, module: Module, pair: &Pair) -> Result<Vec<Wanted>, UserError> {
    let id = context.id();
    let fields: Vec<String> = std::iter::once(&pair.vtiger).chain(&pair.service).cloned().collect();
    let read = context.store.read(move |reader| {
        let mut wanted = Vec::new();
        let skips = reader.skips_after(id, module, None, SKIPS)?.into_iter();
        for skip in skips.filter(|skip| fields.contains(&skip.reason.field)).take(SKIPPED) {
            let link = match skip.side {
                Side::Vtiger => reader.link_by_vtiger(id, module, &skip.id)?,
                Side::Service => reader.link_by_service(id, module, &skip.id)?,
            };
            let (own, at) = (skip.id, usize::from(skip.side == Side::Service));
            let mut ids = match link {
                Some(link) => [Some(link.vtiger_id), Some(link.service_id)],
                None => [None, None],
            };
            ids[at] = Some(own);
            wanted.push(Wanted { ids, skipped: Some(skip.reason.text) });
        }
        for link in reader.links_after(id, module, None, LINKED)? {
            // A companion has no record of its own in the service.
            let service = Some(link.service_id).filter(|id| !is_companion_id(id));
            wanted.push(Wanted { ids: [Some(link.vtiger_id), service], skipped: None });
        }
        Ok(wanted)
    });
    read.await.map_err(|error| error.user())
}

/// Records that have no counterpart yet.
fn alone(
    found: Vec<Vec<crate::model::Record>>,
    named: impl Fn(Side, &crate::model::Record) -> String,
) -> Vec<TryRecord> {
    let mut records = Vec::new();
    for (side, of_side) in Side::BOTH.into_iter().zip(found) {
        for record in of_side {
            let name = named(side, &record);
            let held = Some((record.id, record.fields));
            let (vtiger, service) = if side == Side::Vtiger { (held, None) } else { (None, held) };
            records.push(TryRecord { name, vtiger, service, skipped: None });
        }
    }
    records
}

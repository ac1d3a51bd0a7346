//! One module in one run: its mapping made ready from the live fields of both systems, and where
//! what was read is staged.

use super::context::{Context, Step, Stop};
use super::decisions::LostCreate;
use super::external_ids;
use super::fresh::Fresh;
use super::reconcile::Rules;
use super::staged::{Paths, Staged};
use crate::catalog::{ComesFrom, ServiceModule, VtigerModule};
use crate::mapping::{FieldLimits, ModuleMapping};
use crate::model::{
    Cursor, Link, Module, ModuleSettings, Pair, PairKind, Parked, Record, Side, Stamp,
};
use crate::remote::{Capabilities, EntityInfo, ErrorKind};
use crate::store::Batch;
use crate::store::scratch::Scratch;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// One module in one run.
pub struct ModuleWork {
    /// The module.
    pub module: Module,
    /// What each side's API calls it.
    pub entity: [String; 2],
    /// What the source is called in items, by side.
    pub source_module: [String; 2],
    /// The fields of the record's name, by side.
    pub name: [Vec<String>; 2],
    /// The mapping.
    pub mapping: ModuleMapping,
    /// Vtiger's fields that must be filled when a record is created: path and label.
    pub mandatory: Vec<(String, String)>,
    /// The field of each side that carries the other side's id, if the administrator named one.
    pub id_fields: [Option<String>; 2],
    /// The module whose records these are made of in the service.
    pub comes_from: Option<ComesFrom>,
    /// What is read of the service's records.
    service_paths: Arc<[String]>,
    /// What reconciling depends on.
    pub rules: Rules,
    /// What each side can do.
    pub capabilities: [Capabilities; 2],
    /// Each side's clock minus ours, in milliseconds.
    pub skew: [i64; 2],
    /// When this run began to read each side, on our clock.
    pub begun: [Stamp; 2],
    /// How records are staged.
    pub staging: Paths,
    /// Changed records that are linked, by Vtiger id.
    pub linked: Scratch<Staged>,
    /// One of those is gone.
    pub gone: bool,
    /// Unlinked records, by match key.
    pub fresh: Fresh,
    /// Links made since the last commit that was waited for, by the id on each side: the store may
    /// not show them yet.
    pub recent: [HashMap<String, Link>; 2],
    /// Records without a link that have nowhere to go, by match key as in `fresh`: of them only keys
    /// were read.
    pub passed_over: Scratch<(Side, String)>,
    /// Linked records whose other side is looked at once more, so that they are compared with what
    /// it holds now.
    pub partners: [Scratch<()>; 2],
    /// A side is listed whole in this run, with all fields.
    pub lists_all: [bool; 2],
    /// All unlinked keys of a side were read in this run.
    pub all_keys: [bool; 2],
    /// A complete listing of a side was empty.
    pub empty: [bool; 2],
    /// Where each side is to be read from next time.
    pub cursors: [Option<Cursor>; 2],
    /// Stamps of records that turned out not to have changed, which tell it next time.
    pub settled: Batch,
    /// Records read that had not changed.
    pub unchanged: u64,
    /// Links at the beginning.
    pub links: u64,
    /// Records stood skipped at the beginning: a listing does not show them again.
    pub skips: bool,
    /// Every record is taken again, as a person asked for at this time.
    pub all: Option<Stamp>,
    /// A listing slipped, so that not every record may have been seen.
    pub slipped: bool,
    /// Creates that were sent and cannot be looked for, once somebody has asked for them.
    pub lost: OnceLock<Vec<LostCreate>>,
}

/// The index of a side in pairs of things.
pub fn at(side: Side) -> usize {
    usize::from(side == Side::Service)
}

/// Whether a module can be worked on.
pub enum Prepared {
    /// It can.
    Ready(Box<ModuleWork>),
    /// One of the systems does not have it: why.
    Unavailable(String),
}

/// Reads the live fields of both systems and makes a module ready.
///
/// # Errors
/// A system cannot be asked.
pub async fn prepare(
    context: &Context,
    module: Module,
    settings: &ModuleSettings,
    crm: &VtigerModule,
    service: &ServiceModule,
) -> Step<Prepared> {
    let entity = [crm.entity.clone(), service.entity.clone()];
    let mut infos = Vec::new();
    for side in Side::BOTH {
        let remote = context.remote(side);
        match remote.describe(&entity[at(side)]).await {
            Ok(info) => infos.push(info),
            Err(error) if !error.whole && is_missing(&error.kind) => {
                let why = format!(
                    "{} has no {module} for this user: {}",
                    remote.label(),
                    error.error.why
                );
                return Ok(Prepared::Unavailable(why));
            }
            Err(error) => return Err(Stop::from(error)),
        }
    }
    let pairs = service.effective_mapping(&settings.mapping);
    let pairs = usable_references(pairs, |m| {
        context.connector.modules.get(&m).is_some_and(|settings| settings.enabled)
    });
    let known: Vec<Pair> = pairs.into_iter().filter(|p| exists(&infos[0], &p.vtiger)).collect();
    let capabilities = [
        context.remote(Side::Vtiger).capabilities(&entity[0]),
        context.remote(Side::Service).capabilities(&entity[1]),
    ];
    let mapping =
        ModuleMapping::new(known, &service.match_on, [&crm.name, &service.name], |pair| {
            limits(pair, &infos, capabilities[0].bmp_only)
        });
    let tolerance = capabilities[0].resolution.max(capabilities[1].resolution);
    let folder = context.store.folder().join("scratch");
    let id = context.id();
    let (links, skips, all) = context
        .read(move |r| {
            let all = r.parked(id, module, Side::Vtiger, Parked::ALL)?;
            let skips = r.skip_count(id, module)? > 0;
            Ok((r.link_count(id, module)?, skips, all.map(|all| all.since)))
        })
        .await?;
    let service_paths = with_source(&mapping, service.comes_from.as_ref());
    Ok(Prepared::Ready(Box::new(ModuleWork {
        module,
        source_module: [module.label().to_owned(), service.source_module.clone()],
        name: [crm.name.clone(), service.name.clone()],
        mandatory: mandatory(&infos[0]),
        id_fields: [
            id_field(context, settings, module, Side::Vtiger, &infos[0])?,
            id_field(context, settings, module, Side::Service, &infos[1])?,
        ],
        entity,
        comes_from: service.comes_from.clone(),
        staging: Paths::new([&mapping.paths(Side::Vtiger), &service_paths]),
        service_paths,
        mapping,
        rules: Rules {
            direction: settings.direction,
            conflict: context.connector.conflict,
            deletes: settings.deletes,
            tolerance,
        },
        capabilities,
        skew: [0, 0],
        begun: [Stamp::now(); 2],
        linked: Scratch::new(&folder),
        gone: false,
        fresh: Fresh::new(&folder),
        recent: [HashMap::new(), HashMap::new()],
        passed_over: Scratch::new(&folder),
        partners: [Scratch::new(&folder), Scratch::new(&folder)],
        settled: Batch::new(),
        lists_all: [false, false],
        all_keys: [false, false],
        empty: [false, false],
        cursors: [None, None],
        unchanged: 0,
        links,
        skips,
        all,
        slipped: false,
        lost: OnceLock::new(),
    })))
}

/// A reference travels by link, so it takes part only where its module is synced; then nothing else
/// writes the same field. A line that names the referred record takes part otherwise, and those
/// that are used once fill in where a reference is empty.
fn usable_references(pairs: Vec<Pair>, synced: impl Fn(Module) -> bool) -> Vec<Pair> {
    let usable = |pair: &Pair| pair.active && pair.module.is_some_and(&synced);
    let by_link: Vec<String> = pairs
        .iter()
        .filter(|pair| pair.kind == PairKind::Reference && usable(pair))
        .map(|pair| format!("{}.", pair.vtiger))
        .collect();
    let takes_part = |pair: &Pair| match pair.kind {
        PairKind::Reference => usable(pair),
        _ => pair.once || !by_link.iter().any(|beginning| pair.vtiger.starts_with(beginning)),
    };
    pairs.into_iter().filter(takes_part).collect()
}

fn is_missing(kind: &ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::Permission | ErrorKind::Refused)
}

/// Whether the CRM has the field of a path; of `account_id.accountname` the reference counts.
fn exists(info: &EntityInfo, path: &str) -> bool {
    let field = path.split('.').next().unwrap_or(path);
    info.field(path).is_some() || info.field(field).is_some()
}

/// What the descriptions of both sides tell of the fields of a pair.
pub fn limits(pair: &Pair, infos: &[EntityInfo], bmp_only: bool) -> FieldLimits {
    let base = pair.vtiger.split('.').next().unwrap_or(&pair.vtiger);
    let direct = infos[0].field(&pair.vtiger);
    let vtiger = direct.or_else(|| infos[0].field(base));
    let service: Vec<_> = pair.service.iter().filter_map(|path| infos[1].field(path)).collect();
    FieldLimits {
        vtiger_mandatory: vtiger.is_some_and(|f| f.mandatory),
        vtiger_length: direct.and_then(|f| f.max_length),
        vtiger_choices: direct.map(|f| f.choices.clone()).unwrap_or_default(),
        vtiger_read_only: vtiger.is_some_and(|f| !f.writable),
        bmp_only,
        service_mandatory: service.iter().any(|f| f.mandatory),
        service_read_only: !service.is_empty() && service.iter().all(|f| !f.writable),
    }
}

/// The field that carries the other side's id; one that cannot stops the run, because records would
/// be created without it.
fn id_field(
    context: &Context,
    settings: &ModuleSettings,
    module: Module,
    side: Side,
    info: &EntityInfo,
) -> Step<Option<String>> {
    let connector = &context.connector;
    let Some(field) = external_ids::field_of(connector, side, module) else { return Ok(None) };
    match external_ids::unfit(&context.catalog, connector, side, module, field, info) {
        None => Ok(Some(field.clone())),
        Some(_) if !settings.direction.writes(side) => Ok(None),
        Some(why) => Err(Stop::Failed(why)),
    }
}

/// The paths of the mapping, and the one that tells what a record is made of.
fn with_source(mapping: &ModuleMapping, comes_from: Option<&ComesFrom>) -> Arc<[String]> {
    let paths = mapping.paths(Side::Service);
    match comes_from.and_then(|from| from.id.as_ref()) {
        Some(id) if !paths.contains(id) => paths.iter().chain([id]).cloned().collect(),
        _ => paths,
    }
}

/// The fields that a new record of the CRM must have. The owner is set by the connection.
fn mandatory(info: &EntityInfo) -> Vec<(String, String)> {
    info.fields
        .iter()
        .filter(|f| f.mandatory && f.writable && f.path != "assigned_user_id")
        .map(|f| (f.path.clone(), f.label.clone()))
        .collect()
}

impl ModuleWork {
    /// The paths to read on a side.
    pub fn paths(&self, side: Side) -> Arc<[String]> {
        match side {
            Side::Vtiger => self.mapping.paths(side),
            Side::Service => self.service_paths.clone(),
        }
    }

    /// The field of a side that holds the lines of a document, if the module is one of documents.
    pub fn items_path(&self, side: Side) -> Option<&str> {
        let items = self.mapping.pairs().iter().find(|pair| pair.kind == PairKind::Items)?;
        match side {
            Side::Vtiger => Some(&items.vtiger),
            Side::Service => items.service.first().map(String::as_str),
        }
    }

    /// The name of a record.
    pub fn name_of(&self, side: Side, record: &Record) -> String {
        self.mapping.name(side, &self.name[at(side)], record)
    }

    /// Whether the module's direction lets a side be written.
    pub fn writes(&self, side: Side) -> bool {
        self.rules.direction.writes(side)
    }

    /// The stamp by which a later listing can tell that a record did not change. None if it was
    /// fresh when the record may have been read: somebody may have edited it once more within the
    /// same tick of that side's clock.
    pub fn settled_stamp(&self, side: Side, record: &Record) -> Option<Stamp> {
        let stamp = record.modified?;
        let there = Stamp(self.begun[at(side)].0 + self.skew[at(side)]);
        let tick = self.capabilities[at(side)].resolution + Duration::from_secs(1);
        (stamp < there.minus(tick)).then_some(stamp)
    }

    /// A record's modification stamp on our clock.
    pub fn our_stamp(&self, side: Side, record: &Record) -> Option<Stamp> {
        record.modified.map(|stamp| Stamp(stamp.0 - self.skew[at(side)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_takes_part_where_its_module_is_synced() {
        let mut by_link = Pair::new("account_id", "Account_Name.id");
        by_link.kind = PairKind::Reference;
        by_link.module = Some(Module::Organizations);
        let by_name = Pair::new("account_id.accountname", "Account_Name.name");
        let once = Pair { once: true, ..Pair::new("account_id.phone", "phone") };
        let all = vec![by_link, by_name, once, Pair::new("lastname", "Last_Name")];
        let names = |on: bool| -> Vec<String> {
            let kept = usable_references(all.clone(), |_| on);
            kept.into_iter().map(|pair| pair.vtiger).collect()
        };
        assert_eq!(names(true), ["account_id", "account_id.phone", "lastname"]);
        assert_eq!(names(false), ["account_id.accountname", "account_id.phone", "lastname"]);
    }
}

//! The fields of either side that carry the other side's id, as *check connection* sees them: one
//! that is set has to be fit for it, and where none is set, those that could carry it are offered.
//! With such a field a create whose answer was lost is found again for certain.

use crate::catalog::Catalog;
use crate::model::{Connector, Module, Side, UserError};
use crate::remote::{EntityInfo, Remote};
use std::collections::BTreeMap;

/// How long a text a field must hold at least; ids are shorter.
const LONG_ENOUGH: usize = 20;
/// How many fields of a module are named.
const NAMED: usize = 3;

/// What a look at both systems found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What keeps a sync from starting.
    pub wrong: Vec<UserError>,
    /// What could be set.
    pub offers: Vec<UserError>,
}

/// Asks both systems for the fields of the modules that are created in them. One that cannot be
/// asked is told by its own check.
pub async fn look(catalog: &Catalog, connector: &Connector, remotes: [&dyn Remote; 2]) -> Found {
    let mut all = Found::default();
    for (side, remote) in Side::BOTH.into_iter().zip(remotes) {
        let mut infos = BTreeMap::new();
        for (module, entity) in created_on(catalog, connector, side) {
            if let Ok(info) = remote.describe(&entity).await {
                infos.insert(module, info);
            }
        }
        let found = found(catalog, connector, side, &infos);
        all.wrong.extend(found.wrong);
        all.offers.extend(found.offers);
    }
    all
}

/// The modules whose records are created on a side and can carry an id there.
fn created_on(catalog: &Catalog, connector: &Connector, side: Side) -> Vec<(Module, String)> {
    let service = catalog.service(&connector.service);
    let entity = |module: &Module| match side {
        Side::Vtiger => catalog.vtiger_module(*module).map(|asset| asset.entity.clone()),
        Side::Service => {
            let spec = service?.modules.get(module).filter(|spec| spec.id_field)?;
            Some(spec.entity.clone())
        }
    };
    let modules = connector.modules.iter();
    modules
        .filter(|(_, settings)| settings.enabled && settings.direction.writes(side))
        .filter_map(|(module, _)| Some((*module, entity(module)?)))
        .collect()
}

fn found(
    catalog: &Catalog,
    connector: &Connector,
    side: Side,
    infos: &BTreeMap<Module, EntityInfo>,
) -> Found {
    let mut found = Found::default();
    let mut free = Vec::new();
    for (module, info) in infos {
        match field_of(connector, side, *module) {
            Some(field) => {
                found.wrong.extend(unfit(catalog, connector, side, *module, field, info));
            }
            None => free.extend(offered(catalog, connector, side, *module, info)),
        }
    }
    if !free.is_empty() {
        let [here, there] = [side, side.other()].map(|side| label(catalog, connector, side));
        let (setting, heading) = setting_of(side);
        found.offers.push(UserError::new(
            format!("A field of {here} could carry the id that a record has in {there}."),
            format!(
                "A create whose answer was lost would then be found again for certain. Free are: {}.",
                free.join("; ")
            ),
            format!(
                "If one is meant for it, name it under Advanced in the settings ({heading}), or as \
                 {setting} in the settings file."
            ),
        ));
    }
    found
}

/// What the settings call the field, in the file and on the screen.
fn setting_of(side: Side) -> (&'static str, &'static str) {
    match side {
        Side::Vtiger => ("external_id_fields", "Id field"),
        Side::Service => ("service_id_fields", "Vtiger id"),
    }
}

fn label<'c>(catalog: &'c Catalog, connector: &Connector, side: Side) -> &'c str {
    match side {
        Side::Vtiger => "Vtiger",
        Side::Service => {
            catalog.service(&connector.service).map_or("the service", |s| s.label.as_str())
        }
    }
}

/// The field that an administrator named.
pub fn field_of(connector: &Connector, side: Side, module: Module) -> Option<&String> {
    match side {
        Side::Vtiger => connector.advanced.external_id_fields.get(&module),
        Side::Service => connector.advanced.service_id_fields.get(&module),
    }
}

/// Why a field cannot carry an id, if that is so.
pub fn unfit(
    catalog: &Catalog,
    connector: &Connector,
    side: Side,
    module: Module,
    field: &str,
    info: &EntityInfo,
) -> Option<UserError> {
    let [here, there] = [side, side.other()].map(|side| label(catalog, connector, side));
    let (setting, _) = setting_of(side);
    let other = format!("name another one in {setting}.");
    let (what, next) = match info.field(field) {
        None => (
            format!("{here}'s {module} have no field {field}."),
            format!("Create the field in {here}, or correct {setting}."),
        ),
        Some(known) if !known.writable => (
            format!("{here}'s field {field} of {module} cannot be written."),
            format!("Let the connection's user write it, or {other}"),
        ),
        Some(known) if known.max_length.is_some_and(|length| length < LONG_ENOUGH) => (
            format!("{here}'s field {field} of {module} is too short for an id."),
            format!("Make it hold {LONG_ENOUGH} characters, or {other}"),
        ),
        Some(_) if is_mapped(catalog, connector, side, module, field) => (
            format!("{here}'s field {field} of {module} is written by the field mapping too."),
            format!("Take it out of the mapping, or {other}"),
        ),
        // The CRM finds records by each of its fields.
        Some(_) if side == Side::Service && !info.id_fields.iter().any(|f| f == field) => (
            format!("{here} does not find {module} by {field}."),
            format!("Create a text field of your own there, or {other}"),
        ),
        Some(_) => return None,
    };
    Some(UserError::new(what, format!("It is set as the field that carries {there}'s id."), next))
}

fn is_mapped(
    catalog: &Catalog,
    connector: &Connector,
    side: Side,
    module: Module,
    field: &str,
) -> bool {
    let spec = catalog.service(&connector.service).and_then(|s| s.modules.get(&module));
    let (Some(spec), Some(settings)) = (spec, connector.modules.get(&module)) else { return false };
    let pairs = spec.effective_mapping(&settings.mapping);
    pairs.iter().filter(|pair| pair.active).any(|pair| match side {
        Side::Vtiger => pair.vtiger == field,
        Side::Service => pair.service.iter().any(|path| path == field),
    })
}

/// `Contacts cf_851 (Shop id)`
fn offered(
    catalog: &Catalog,
    connector: &Connector,
    side: Side,
    module: Module,
    info: &EntityInfo,
) -> Option<String> {
    let fields = info.id_fields.iter().filter_map(|path| info.field(path));
    let fit =
        fields.filter(|field| unfit(catalog, connector, side, module, &field.path, info).is_none());
    let names: Vec<_> =
        fit.take(NAMED).map(|field| format!("{} ({})", field.path, field.label)).collect();
    (!names.is_empty()).then(|| format!("{module} {}", names.join(", ")))
}

#[cfg(test)]
mod tests;

//! The CRM's fields that carry the other side's id, as *check connection* sees them: one that is set
//! has to be there, and where none is set, those that could carry it are offered. With such a field
//! a create whose answer was lost is found again for certain.

use crate::catalog::Catalog;
use crate::model::{Connector, Module, Side, UserError};
use crate::remote::{EntityInfo, FieldInfo, Remote};
use std::collections::BTreeMap;

/// How long a text a field must hold at least; ids of services are shorter.
const LONG_ENOUGH: usize = 20;
/// How many fields of a module are named.
const NAMED: usize = 3;

/// What a look at the CRM found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What keeps a sync from starting.
    pub wrong: Vec<UserError>,
    /// What could be set.
    pub offer: Option<UserError>,
}

/// Asks the CRM for the fields of the modules that are created in it. A CRM that cannot be asked is
/// told by its own check.
pub async fn look(catalog: &Catalog, connector: &Connector, crm: &dyn Remote) -> Found {
    let mut infos = BTreeMap::new();
    for module in created_in_vtiger(connector) {
        let Some(asset) = catalog.vtiger_module(module) else { continue };
        if let Ok(info) = crm.describe(&asset.entity).await {
            infos.insert(module, info);
        }
    }
    found(catalog, connector, &infos)
}

fn created_in_vtiger(connector: &Connector) -> impl Iterator<Item = Module> + '_ {
    let modules = connector.modules.iter();
    modules
        .filter(|(_, s)| s.enabled && s.direction.writes(Side::Vtiger))
        .map(|(module, _)| *module)
}

fn found(catalog: &Catalog, connector: &Connector, infos: &BTreeMap<Module, EntityInfo>) -> Found {
    let mut found = Found::default();
    let mut free = Vec::new();
    for (module, info) in infos {
        match connector.advanced.external_id_fields.get(module) {
            Some(field) => found.wrong.extend(unusable(*module, field, info)),
            None => free.extend(offered(catalog, connector, *module, info)),
        }
    }
    let label = catalog.service(&connector.service).map_or("the service", |s| s.label.as_str());
    found.offer = (!free.is_empty()).then(|| {
        UserError::new(
            format!("A field of Vtiger could carry the id that a record has in {label}."),
            format!(
                "A create whose answer was lost would then be found again for certain. Free are: {}.",
                free.join("; ")
            ),
            "If one is meant for it, name it under Advanced in the settings (Id field), or as \
             external_id_fields in the settings file.",
        )
    });
    found
}

fn unusable(module: Module, field: &str, info: &EntityInfo) -> Option<UserError> {
    let (what, next) = match info.field(field) {
        None => (
            format!("Vtiger's {module} have no field {field}."),
            "Create the field in Vtiger, or correct external_id_fields.",
        ),
        Some(known) if !known.writable => (
            format!("Vtiger's field {field} of {module} cannot be written."),
            "Let the CRM's user write it, or name another one in external_id_fields.",
        ),
        Some(_) => return None,
    };
    Some(UserError::new(what, "It is set as the field that carries the service's id.", next))
}

/// `Contacts cf_851 (Shop id)`
fn offered(
    catalog: &Catalog,
    connector: &Connector,
    module: Module,
    info: &EntityInfo,
) -> Option<String> {
    let spec = catalog.service(&connector.service)?.modules.get(&module)?;
    let settings = connector.modules.get(&module)?;
    let mapped = spec.effective_mapping(&settings.mapping);
    let free = |field: &&FieldInfo| {
        field.path.starts_with("cf_")
            && field.type_name == "string"
            && field.writable
            && field.choices.is_empty()
            && field.max_length.is_none_or(|length| length >= LONG_ENOUGH)
            && !mapped.iter().any(|pair| pair.vtiger == field.path)
    };
    let names: Vec<_> = info
        .fields
        .iter()
        .filter(free)
        .take(NAMED)
        .map(|field| format!("{} ({})", field.path, field.label))
        .collect();
    (!names.is_empty()).then(|| format!("{module} {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::default_connector;

    fn field(path: &str, type_name: &str) -> FieldInfo {
        FieldInfo {
            path: path.into(),
            label: "Shop id".into(),
            type_name: type_name.into(),
            mandatory: false,
            writable: true,
            max_length: Some(100),
            choices: Vec::new(),
            refers_to: Vec::new(),
        }
    }

    fn contacts(fields: Vec<FieldInfo>) -> BTreeMap<Module, EntityInfo> {
        let info = EntityInfo { fields, ..EntityInfo::default() };
        BTreeMap::from([(Module::Contacts, info)])
    }

    fn shop() -> (Catalog, Connector) {
        let catalog = Catalog::built_in().unwrap();
        let shop = default_connector(catalog.service("woocommerce").unwrap(), "shop");
        (catalog, shop)
    }

    #[test]
    fn only_free_text_fields_of_the_crm_s_own_making_are_offered() {
        let (catalog, mut shop) = shop();
        let short = FieldInfo { max_length: Some(5), ..field("cf_3", "string") };
        let fixed = FieldInfo { writable: false, ..field("cf_4", "string") };
        let fields = vec![
            field("lastname", "string"),
            field("cf_1", "string"),
            field("cf_2", "date"),
            short,
            fixed,
        ];
        let offer = found(&catalog, &shop, &contacts(fields.clone())).offer.unwrap();
        assert!(offer.why.ends_with("Free are: Contacts cf_1 (Shop id)."), "{offer}");
        shop.advanced.external_id_fields.insert(Module::Contacts, "cf_1".into());
        assert_eq!(found(&catalog, &shop, &contacts(fields)), Found::default());
    }

    #[test]
    fn a_field_that_is_set_must_be_there_and_writable() {
        let (catalog, mut shop) = shop();
        shop.advanced.external_id_fields.insert(Module::Contacts, "cf_9".into());
        let wrong = found(&catalog, &shop, &contacts(Vec::new())).wrong;
        assert!(wrong[0].what.contains("no field cf_9"), "{wrong:?}");
        let fixed = FieldInfo { writable: false, ..field("cf_9", "string") };
        let wrong = found(&catalog, &shop, &contacts(vec![fixed])).wrong;
        assert!(wrong[0].what.contains("cannot be written"), "{wrong:?}");
    }
}

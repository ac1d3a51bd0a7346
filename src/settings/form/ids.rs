//! The fields of either side that carry the other side's id, one setting for each module.

use super::{NONE, Section, Setting, text};
use crate::catalog::Service;
use crate::model::{Advanced, Module};
use crate::settings::fields::{has_id_field, service_field, vtiger_field};

/// The settings of a module: the CRM's field, and the service's where it can have one.
pub(super) fn settings(service: &Service, module: Module, advanced: &Advanced) -> Vec<Setting> {
    let mut all = vec![in_vtiger(module, advanced)];
    if has_id_field(service, module).is_ok() {
        all.push(in_service(service, module, advanced));
    }
    all
}

/// Names the field of a module; an empty text: none.
pub(super) fn put(
    service: &Service,
    advanced: &mut Advanced,
    setting: &str,
    module: Module,
    field: &str,
) -> Result<(), String> {
    let check = if setting == "service_id_fields" { service_field } else { vtiger_field };
    if setting == "service_id_fields" {
        has_id_field(service, module)?;
    }
    let fields = match setting {
        "service_id_fields" => &mut advanced.service_id_fields,
        _ => &mut advanced.external_id_fields,
    };
    if field.is_empty() {
        fields.remove(&module);
    } else {
        check(field)?;
        fields.insert(module, field.to_owned());
    }
    Ok(())
}

fn in_vtiger(module: Module, advanced: &Advanced) -> Setting {
    let value = advanced.external_id_fields.get(&module).cloned().unwrap_or_default();
    let path = format!("advanced.external_id_fields.{}", module.key());
    let help = format!(
        "A Vtiger field of {module}, such as cf_900, that carries the other side's id. A create \
         whose answer was lost is found again by it. Empty: none."
    );
    let label = match module {
        Module::Contacts => "Id field of Contacts",
        Module::Organizations => "Id field of Organizations",
        Module::Leads => "Id field of Leads",
        Module::Products => "Id field of Products",
        Module::Services => "Id field of Services",
        Module::SalesOrders => "Id field of Sales Orders",
        Module::Invoices => "Id field of Invoices",
        Module::Taxes => "Id field of Taxes",
        Module::Campaigns => "Id field of Campaigns",
        Module::Events => "Id field of Events",
        Module::Payments => "Id field of Payments",
    };
    Setting { unset: NONE, ..text(&path, Section::Advanced, label, value, &help) }
}

fn in_service(service: &Service, module: Module, advanced: &Advanced) -> Setting {
    let value = advanced.service_id_fields.get(&module).cloned().unwrap_or_default();
    let path = format!("advanced.service_id_fields.{}", module.key());
    let help = format!(
        "A text field of {module} in {} that carries Vtiger's id; check names those that could. A \
         create whose answer was lost is found again by it. Empty: none.",
        service.label
    );
    let label = match module {
        Module::Contacts => "Vtiger id of Contacts",
        Module::Organizations => "Vtiger id of Organizations",
        Module::Leads => "Vtiger id of Leads",
        Module::Products => "Vtiger id of Products",
        Module::Services => "Vtiger id of Services",
        Module::SalesOrders => "Vtiger id of Sales Orders",
        Module::Invoices => "Vtiger id of Invoices",
        Module::Taxes => "Vtiger id of Taxes",
        Module::Campaigns => "Vtiger id of Campaigns",
        Module::Events => "Vtiger id of Events",
        Module::Payments => "Vtiger id of Payments",
    };
    Setting { unset: NONE, ..text(&path, Section::Advanced, label, value, &help) }
}

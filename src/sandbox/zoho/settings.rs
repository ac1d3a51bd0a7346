//! The organisation, its users, modules and taxes.

use serde_json::{Value, json};

use super::store::{BASE, OFFSET, TABLES, Table};

/// The organisation's number in web addresses.
pub const ZGID: &str = "60012345678";
/// The organisation's number in Books.
pub const BOOKS: &str = "60098765432";
/// The user.
pub const USER: &str = "ada@zylker.example";

fn user_id() -> String {
    (BASE + 101).to_string()
}

/// The user as records tell him.
pub fn owner() -> Value {
    json!({"name": "Ada Zylker", "id": user_id(), "email": USER})
}

/// `GET /org`.
pub fn org() -> Value {
    json!({"org": [{
        "id": (BASE + 1).to_string(), "zgid": ZGID, "domain_name": format!("org{ZGID}"),
        "company_name": "Zylker", "primary_email": USER, "time_zone": "Asia/Kolkata",
        "iso_code": "EUR", "currency": "Euro", "currency_symbol": "€", "currency_locale": "de_DE",
        "country_code": "DE", "mc_status": false, "type": "production", "employee_count": "20",
        "license_details": {"paid": true, "paid_type": "enterprise", "users_license_purchased": 20,
            "trial_expiry": null, "trial_type": null, "trial_action": null, "paid_expiry": null}
    }]})
}

/// `GET /users`.
pub fn users() -> Value {
    json!({
        "users": [{
            "id": user_id(), "full_name": "Ada Zylker", "first_name": "Ada", "last_name": "Zylker",
            "email": USER, "status": "active", "zuid": "60011111111", "confirm": true,
            "time_zone": "Asia/Kolkata", "offset": OFFSET * 1000,
            "profile": {"name": "Administrator", "id": (BASE + 102).to_string()},
            "role": {"name": "CEO", "id": (BASE + 103).to_string()}
        }],
        "info": {"per_page": 200, "count": 1, "page": 1, "more_records": false}
    })
}

/// `GET /settings/modules`.
pub fn modules() -> Value {
    let label = |table: Table| if table == Table::Events { "Meetings" } else { table.name() };
    let module = |(n, table): (usize, Table)| {
        json!({
            "api_name": table.name(), "module_name": label(table), "singular_label": label(table),
            "plural_label": label(table), "generated_type": "default", "api_supported": true,
            "viewable": true, "visible": true, "show_as_tab": true, "creatable": true,
            "editable": true, "deletable": true, "convertable": table == Table::Leads,
            "global_search_supported": true, "presence_sub_menu": true, "quick_create": true,
            "sequence_number": n + 1, "status": "visible",
            "id": (BASE + 200 + n as u64).to_string(), "modified_time": null, "modified_by": null,
            "profiles": [], "parent_module": {}
        })
    };
    let mut all: Vec<Value> =
        TABLES.into_iter().filter(|t| *t != Table::Payments).enumerate().map(module).collect();
    all.push(json!({
        "api_name": "Invoiced_Items", "module_name": "Invoiced Items", "singular_label": "Invoiced Item",
        "plural_label": "Invoiced Items", "generated_type": "subform", "api_supported": true,
        "viewable": true, "visible": true, "show_as_tab": false, "creatable": false, "editable": false,
        "deletable": false, "id": (BASE + 299).to_string(), "status": "visible", "sequence_number": 99,
        "modified_time": null, "modified_by": null, "profiles": [], "parent_module": {}
    }));
    json!({ "modules": all })
}

/// `GET /org/taxes`.
pub fn taxes() -> Value {
    json!({"org_taxes": {
        "taxes": [
            {"name": "VAT", "display_label": "VAT", "value": 19, "sequence_number": 1, "id": (BASE + 301).to_string()},
            {"name": "Reduced VAT", "display_label": "Reduced VAT", "value": 7, "sequence_number": 2, "id": (BASE + 302).to_string()}
        ],
        "preference": {"auto_populate_tax": false, "modify_tax_rates": true},
        "id": (BASE + 300).to_string()
    }})
}

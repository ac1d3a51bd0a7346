//! What the shop tells about itself: attributes, store views, currency.

use serde_json::{Value, json};

/// Attributes of customers: code, label, input, required.
pub const CUSTOMER: [(&str, &str, &str, bool); 19] = [
    ("website_id", "Associate to Website", "select", true),
    ("store_id", "Create In", "select", true),
    ("created_in", "Created From", "text", false),
    ("group_id", "Group", "select", true),
    (
        "disable_auto_group_change",
        "Disable Automatic Group Change Based on VAT ID",
        "boolean",
        false,
    ),
    ("prefix", "Name Prefix", "text", false),
    ("firstname", "First Name", "text", true),
    ("middlename", "Middle Name/Initial", "text", false),
    ("lastname", "Last Name", "text", true),
    ("suffix", "Name Suffix", "text", false),
    ("email", "Email", "text", true),
    ("password_hash", "", "hidden", false),
    ("default_billing", "Default Billing Address", "text", false),
    ("default_shipping", "Default Shipping Address", "text", false),
    ("created_at", "Created At", "date", false),
    ("updated_at", "Updated At", "date", false),
    ("dob", "Date of Birth", "date", false),
    ("taxvat", "Tax/VAT Number", "text", false),
    ("gender", "Gender", "select", false),
];

/// The attributes of customers that a module of the shop's own has added: code and label.
pub const OWN: [(&str, &str); 1] = [("vtiger_id", "Vtiger ID")];

/// `/V1/attributeMetadata/customer`.
pub fn customer_attributes() -> Value {
    let one = |(code, label, input, required): &(&str, &str, &str, bool)| {
        let options = match *code {
            "gender" => json!([
                { "label": " ", "value": "" }, { "label": "Male", "value": "1" },
                { "label": "Female", "value": "2" }, { "label": "Not Specified", "value": "3" },
            ]),
            _ => json!([]),
        };
        json!({
            "attribute_code": code, "frontend_input": input, "frontend_label": label,
            "store_label": label, "required": required, "visible": true, "options": options,
            "user_defined": false, "system": *code != "gender" && *code != "dob",
            "backend_type": "static", "validation_rules": [], "multiline_count": 0,
        })
    };
    let own = OWN.iter().map(|(code, label)| {
        let mut attribute = one(&(code, label, "text", false));
        attribute["user_defined"] = true.into();
        attribute["system"] = false.into();
        attribute["backend_type"] = "varchar".into();
        attribute
    });
    CUSTOMER.iter().map(one).chain(own).collect()
}

/// `/V1/products/attributes`, all of them.
pub fn product_attributes() -> Vec<Value> {
    let own = [
        ("name", "Product Name", "text", true),
        ("sku", "SKU", "text", true),
        ("price", "Price", "price", true),
        ("status", "Enable Product", "select", false),
        ("visibility", "Visibility", "select", false),
        ("weight", "Weight", "weight", false),
    ];
    let more = super::write::ATTRIBUTES.iter().map(|code| (*code, *code, "text", false));
    let all = own.into_iter().chain(more).zip(73..);
    all.map(|((code, label, input, required), id)| {
        json!({
            "attribute_id": id, "attribute_code": code, "default_frontend_label": label,
            "frontend_input": input, "is_required": required, "is_user_defined": code == "material",
            "scope": "store", "entity_type_id": "4", "options": [], "is_unique": if code == "sku" { "1" } else { "0" },
        })
    })
    .collect()
}

/// The codes of the store views; `admin` cannot be used in an address.
pub const VIEWS: [&str; 2] = ["default", "de"];

/// `/V1/store/storeViews`.
pub fn views() -> Value {
    json!([
        { "id": 1, "code": "default", "name": "Default Store View", "website_id": 1, "store_group_id": 1, "is_active": 1 },
        { "id": 2, "code": "de", "name": "Deutsch", "website_id": 1, "store_group_id": 1, "is_active": 1 },
        { "id": 0, "code": "admin", "name": "Admin", "website_id": 0, "store_group_id": 0, "is_active": 1 },
    ])
}

/// `/V1/store/websites`.
pub fn websites() -> Value {
    json!([
        { "id": 1, "code": "base", "name": "Main Website", "default_group_id": 1 },
        { "id": 0, "code": "admin", "name": "Admin", "default_group_id": 0 },
    ])
}

/// `/V1/store/storeConfigs`.
pub fn configs(home: &str) -> Value {
    json!([{
        "id": 1, "code": "default", "website_id": 1, "locale": "en_US", "base_currency_code": "EUR",
        "default_display_currency_code": "EUR", "timezone": "America/New_York", "weight_unit": "kgs",
        "base_url": format!("{home}/"), "base_link_url": format!("{home}/"),
        "secure_base_url": format!("{home}/"), "secure_base_link_url": format!("{home}/"),
    }])
}

/// `/V1/directory/currency`.
pub fn currency() -> Value {
    json!({
        "base_currency_code": "EUR", "base_currency_symbol": "€",
        "default_display_currency_code": "EUR", "default_display_currency_symbol": "€",
        "available_currency_codes": ["EUR"], "exchange_rates": [{ "currency_to": "EUR", "rate": 1 }],
    })
}

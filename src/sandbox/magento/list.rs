//! Lists: which records a search finds, in which order.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::criteria::{Criteria, Filter, compare};
use super::fail::Failure;
use super::meta;
use super::store::{Store, Table};
use crate::sandbox::clock::stamp;

/// Columns of the flat tables; any other makes the database fail.
const SALES: [&str; 14] = [
    "entity_id",
    "increment_id",
    "status",
    "state",
    "store_id",
    "customer_id",
    "customer_email",
    "created_at",
    "updated_at",
    "order_id",
    "grand_total",
    "coupon_code",
    "customer_is_guest",
    "billing_address_id",
];
const TAXES: [&str; 6] =
    ["tax_calculation_rate_id", "code", "rate", "tax_country_id", "tax_region_id", "tax_postcode"];
const RULES: [&str; 6] = ["rule_id", "name", "is_active", "from_date", "to_date", "sort_order"];
/// What the search of customers joins from the default billing address.
const BILLING: [(&str, &str); 6] = [
    ("billing_postcode", "postcode"),
    ("billing_city", "city"),
    ("billing_telephone", "telephone"),
    ("billing_region", "region"),
    ("billing_country_id", "country_id"),
    ("company", "company"),
];

/// Answers a list. `repeats`: a page past the end is the last page again, as in old versions.
pub fn list(
    store: &Store,
    table: Table,
    criteria: &Criteria,
    repeats: bool,
) -> Result<Value, Failure> {
    for filter in criteria.groups.iter().flatten() {
        check_column(table, &filter.field)?;
    }
    for (column, _) in &criteria.sort {
        let ignored = table == Table::Customers || table == Table::Products;
        if !ignored {
            check_column(table, column)?;
        }
    }
    let mut ids = candidates(store, table, criteria);
    for group in &criteria.groups {
        ids.retain(|id| group.iter().any(|filter| holds(store, table, *id, filter)));
    }
    sort(store, table, criteria, &mut ids);
    let total = ids.len();
    let size = if criteria.size == 0 { total.max(1) } else { criteria.size };
    let last = total.div_ceil(size).max(1);
    let page = if repeats { criteria.page.min(last) } else { criteria.page };
    let shown = ids.into_iter().skip((page - 1).saturating_mul(size)).take(size);
    let items = shown.filter_map(|id| store.get(table, id)).map(|mut item| {
        if table == Table::Products
            && let Some(more) = item["extension_attributes"].as_object_mut()
        {
            more.remove("stock_item");
        }
        item
    });
    Ok(criteria.answer(items.collect(), total))
}

fn check_column(table: Table, column: &str) -> Result<(), Failure> {
    let flat: &[&str] = match table {
        Table::Customers => {
            let known = column == "entity_id"
                || column == "name"
                || BILLING.iter().any(|(name, _)| *name == column)
                || meta::CUSTOMER.iter().any(|(code, ..)| *code == column)
                || meta::OWN.iter().any(|(code, _)| *code == column);
            return if known { Ok(()) } else { Err(invalid(column)) };
        }
        Table::Products => {
            let own = [
                "entity_id",
                "sku",
                "name",
                "price",
                "status",
                "visibility",
                "type_id",
                "attribute_set_id",
                "created_at",
                "updated_at",
                "weight",
            ];
            let known = own.contains(&column) || super::write::ATTRIBUTES.contains(&column);
            return if known { Ok(()) } else { Err(invalid(column)) };
        }
        Table::Orders | Table::Invoices => &SALES,
        Table::Taxes => &TAXES,
        Table::Rules => &RULES,
    };
    if flat.contains(&column) { Ok(()) } else { Err(Failure::internal()) }
}

fn invalid(column: &str) -> Failure {
    Failure::new(400, "Invalid attribute name: %1").with(json!([column]))
}

/// The ids that may be found: by key where a group asks for keys, else all from the lowest that a
/// group allows.
fn candidates(store: &Store, table: Table, criteria: &Criteria) -> Vec<u64> {
    let mut from = 1;
    for group in &criteria.groups {
        let key = |f: &Filter| {
            let column = match table {
                Table::Customers => "email",
                Table::Products => "sku",
                _ => return false,
            };
            f.field == column && matches!(f.condition.as_str(), "" | "eq" | "in")
        };
        let number = |f: &Filter| {
            f.field == table.column() && matches!(f.condition.as_str(), "" | "eq" | "in")
        };
        let values = || {
            group.iter().flat_map(|f| {
                let list: Vec<&str> =
                    if f.condition == "in" { f.value.split(',').collect() } else { vec![&f.value] };
                list
            })
        };
        let found: BTreeSet<u64> = if group.iter().all(key) {
            values().flat_map(|v| store.by_key(table, v)).collect()
        } else if group.iter().all(number) {
            values().filter_map(|v| v.parse().ok()).filter(|id| store.exists(table, *id)).collect()
        } else {
            if let [only] = group.as_slice()
                && only.field == table.column()
                && only.condition == "gt"
            {
                from = from.max(only.value.parse::<u64>().unwrap_or(0) + 1);
            }
            continue;
        };
        return found.into_iter().collect();
    }
    store.ids(table, from)
}

fn holds(store: &Store, table: Table, id: u64, filter: &Filter) -> bool {
    let column = filter.field.as_str();
    if column == table.column() {
        return filter.holds(Some(&id.to_string()));
    }
    if column == "updated_at" || column == "created_at" {
        let (created, updated) = store.stamps(table, id);
        return filter
            .holds(Some(&stamp(if column == "created_at" { created } else { updated }, ' ')));
    }
    let held = store.get(table, id).and_then(|document| column_of(&document, column));
    filter.holds(held.as_deref())
}

fn column_of(document: &Value, column: &str) -> Option<String> {
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Bool(on) => Some(i32::from(*on).to_string()),
        other => Some(other.to_string()),
    };
    if let Some((_, member)) = BILLING.iter().find(|(name, _)| *name == column) {
        let default = document["default_billing"].as_str()?;
        let list = document["addresses"].as_array()?;
        let address = list.iter().find(|a| a["id"].as_u64() == default.parse().ok())?;
        return match &address[*member] {
            Value::Object(region) => region.get("region").and_then(text),
            other => text(other),
        };
    }
    if column == "name" && document["firstname"].is_string() {
        let part = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
        return Some(format!("{} {}", part("firstname"), part("lastname")));
    }
    let attribute = || {
        let list = document["custom_attributes"].as_array()?;
        text(&list.iter().find(|e| e["attribute_code"] == column)?["value"])
    };
    text(&document[column]).or_else(attribute)
}

fn sort(store: &Store, table: Table, criteria: &Criteria, ids: &mut [u64]) {
    let Some((column, down)) = criteria.sort.first() else { return };
    let known = check_column(table, column).is_ok();
    if column == table.column() {
        // They are in order already.
    } else if !known {
        return;
    } else {
        let key = |id: &u64| {
            let (created, updated) = store.stamps(table, *id);
            match column.as_str() {
                "updated_at" => stamp(updated, ' '),
                "created_at" => stamp(created, ' '),
                _ => store.get(table, *id).and_then(|d| column_of(&d, column)).unwrap_or_default(),
            }
        };
        let mut keyed: Vec<(String, u64)> = ids.iter().map(|id| (key(id), *id)).collect();
        keyed.sort_by(|(a, x), (b, y)| compare(a, b).then_with(|| x.cmp(y)));
        for (slot, (_, id)) in ids.iter_mut().zip(keyed) {
            *slot = id;
        }
    }
    if *down {
        ids.reverse();
    }
}

//! What the shop answers as records: members by dotted path, attributes by code, and the paths that
//! this connector makes of what Magento keeps elsewhere.

use super::entity::{Entity, Kind};
use super::products::Stock;
use super::{companies, customers, documents};
use crate::model::{Fields, Record, Stamp, Value};
use jiff::civil::DateTime;
use jiff::tz::Offset;
use std::collections::HashMap;

/// The list whose entries are found by their code.
const ATTRIBUTES: &str = "custom_attributes";

/// What was read beside the records, for the paths that need it.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    /// Host and folder of the shop, for references that no other shop has.
    pub(crate) shop: String,
    /// Stock by SKU.
    pub(crate) stock: HashMap<String, Stock>,
    /// Customers by e-mail address, for the orders of guests.
    pub(crate) customers: HashMap<String, String>,
    /// Orders by id, for invoices.
    pub(crate) orders: HashMap<String, Fields>,
    /// Products by SKU, for lines that do not tell the id.
    pub(crate) products: HashMap<String, String>,
}

/// A record of the answer. `None`: it has no id.
pub(crate) fn record(
    entity: &Entity,
    row: &Fields,
    wanted: &[String],
    beside: &Beside,
) -> Option<Record> {
    let id = match entity.kind {
        Kind::Companies => companies::id_of(row)?,
        _ => row.get(entity.id).map(Value::to_text).filter(|id| !id.is_empty() && id != "0")?,
    };
    let fields = wanted
        .iter()
        .filter_map(|path| Some((path.as_str(), value(entity, row, path, beside)?)))
        .collect();
    let created = row.get("created_at").and_then(stamp);
    let modified = row.get("updated_at").and_then(stamp).or(created);
    Some(Record { id, modified, created, trashed: false, fields })
}

/// The value at a path.
fn value(entity: &Entity, row: &Fields, path: &str, beside: &Beside) -> Option<Value> {
    let made = match entity.kind {
        Kind::Customers => customers::value(row, path),
        Kind::Companies => companies::value(row, path).or_else(|| customers::value(row, path)),
        Kind::Products => super::products::value(row, path, beside),
        Kind::Orders => documents::order_value(row, path, beside),
        Kind::Invoices => documents::invoice_value(row, path, beside),
        Kind::TaxRates | Kind::SalesRules => None,
    };
    made.or_else(|| member(row, path))
}

/// The member at a dotted path; below `custom_attributes` the value of the attribute.
pub(crate) fn member(row: &Fields, path: &str) -> Option<Value> {
    if let Some(code) = path.strip_prefix(ATTRIBUTES).and_then(|rest| rest.strip_prefix('.')) {
        return attribute(row, code);
    }
    match path.split_once('.') {
        None => row.get(path).cloned(),
        Some((first, rest)) => match row.get(first) {
            Some(Value::Object(below)) => member(below, rest),
            _ => None,
        },
    }
}

/// The text at a dotted path; empty if there is none.
pub(crate) fn text(row: &Fields, path: &str) -> String {
    member(row, path).map(|v| v.to_text()).unwrap_or_default()
}

fn attribute(row: &Fields, code: &str) -> Option<Value> {
    let Some(Value::List(list)) = row.get(ATTRIBUTES) else { return None };
    list.iter().find_map(|entry| match entry {
        Value::Object(entry) if entry.get("attribute_code")?.to_text() == code => {
            entry.get("value").cloned()
        }
        _ => None,
    })
}

/// The top members that the paths need, for `fields`.
pub(crate) fn members(entity: &Entity, wanted: &[String]) -> Vec<String> {
    let mut names: Vec<String> =
        [entity.id, "created_at", "updated_at"].map(str::to_owned).to_vec();
    if matches!(entity.kind, Kind::TaxRates | Kind::SalesRules) {
        names.truncate(1);
    }
    if entity.kind == Kind::Companies {
        names.extend(["firstname", "lastname", "default_billing", "addresses"].map(str::to_owned));
    }
    if entity.kind == Kind::Products {
        names.push("sku".into());
    }
    for path in wanted {
        for name in needed(entity, path) {
            if !names.iter().any(|n| n == name) && is_plain(name) {
                names.push(name.to_owned());
            }
        }
    }
    names
}

/// The members behind a path.
fn needed<'p>(entity: &Entity, path: &'p str) -> Vec<&'p str> {
    let top = path.split('.').next().unwrap_or(path);
    let made = match entity.kind {
        Kind::Customers | Kind::Companies => customers::needed(path),
        Kind::Orders => documents::needed(path),
        Kind::Invoices => documents::invoice_needed(path),
        Kind::Products | Kind::TaxRates | Kind::SalesRules => None,
    };
    made.map_or_else(|| vec![top], <[&str]>::to_vec)
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// `2026-11-21 19:22:10`, in UTC whatever the shop's time zone.
pub(crate) fn stamp(value: &Value) -> Option<Stamp> {
    let Value::Text(text) = value else { return None };
    read_stamp(text)
}

/// Reads [`show_stamp`].
pub(crate) fn read_stamp(text: &str) -> Option<Stamp> {
    let local: DateTime = text.trim().replacen(' ', "T", 1).parse().ok()?;
    let at = Offset::UTC.to_timestamp(local).ok()?;
    Some(Stamp(at.as_millisecond()))
}

/// An instant as the shop's filters want it. Any other notation matches everything in silence.
pub(crate) fn show_stamp(at: Stamp) -> String {
    at.timestamp().strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::super::entity::named;
    use super::*;
    use syncdeck_records::project;

    fn row(json: &str) -> Fields {
        match project::value(json) {
            Value::Object(fields) => fields,
            _ => Fields::new(),
        }
    }

    #[test]
    fn paths_reach_into_objects_and_attributes() {
        let row = row(
            r#"{"id":8,"sku":"P1","created_at":"2026-11-21 19:28:29","extension_attributes":{"website_ids":[1]},
            "custom_attributes":[{"attribute_code":"url_key","value":"prod-1"},{"attribute_code":"category_ids","value":["3","4"]}]}"#,
        );
        let products = named("products").unwrap();
        let wanted: Vec<String> = [
            "sku",
            "custom_attributes.url_key",
            "custom_attributes.none",
            "extension_attributes.website_ids",
        ]
        .map(str::to_owned)
        .to_vec();
        let record = record(products, &row, &wanted, &Beside::default()).unwrap();
        assert_eq!(record.id, "8");
        assert_eq!(record.modified, Stamp::parse("2026-11-21T19:28:29Z"), "never saved since");
        assert_eq!(record.fields.len(), 3);
        assert_eq!(record.fields.get("custom_attributes.url_key"), Some(&Value::from("prod-1")));
        assert_eq!(
            members(products, &wanted),
            ["id", "created_at", "updated_at", "sku", "custom_attributes", "extension_attributes"]
        );
    }

    #[test]
    fn stamps_are_utc_without_a_zone() {
        let at = Stamp::parse("2026-11-21T19:22:10.900Z").unwrap();
        assert_eq!(show_stamp(at), "2026-11-21 19:22:10");
        assert_eq!(read_stamp("2026-11-21 19:22:10"), Stamp::parse("2026-11-21T19:22:10Z"));
        assert_eq!(read_stamp("soon"), None);
    }
}

//! What the shop answers as records.

use super::entity::{Entity, STAFF, Special};
use super::{orders, variations};
use crate::model::{Fields, Record, Stamp, Value};
use jiff::civil::DateTime;
use jiff::tz::Offset;
use syncdeck_records::project::{Projected, Projection};

/// What the connector reads for itself, in this order.
const ID: usize = 0;
const MODIFIED: usize = 1;
const CREATED: usize = 2;
const STATE: usize = 3;
const TYPE: usize = 4;
/// Statuses of orders that were not placed: left by a checkout, or by a create that failed.
pub(crate) const CARTS: [&str; 2] = ["checkout-draft", "auto-draft"];
/// An item of a batch that failed.
pub(crate) const ERROR: usize = 5;

/// Takes the wanted fields out of records of this kind, and what they are made of.
pub(crate) fn projection(entity: &Entity, wanted: &[String]) -> Projection {
    let slots = ["id", "date_modified_gmt", "date_created_gmt", entity.state, "type", "error"];
    let projection = Projection::new(sources(entity, wanted.iter().map(String::as_str)), &slots);
    // The price of an order's line is a number with a fraction; all other amounts are texts.
    match entity.special {
        Special::Orders => projection.with_care(),
        _ => projection,
    }
}

/// The paths of the shop that wanted ones are made of.
fn sources<'a>(entity: &Entity, wanted: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut paths: Vec<&'a str> = entity.own().to_vec();
    for path in wanted {
        match entity.behind(path) {
            Some(behind) => paths.extend(behind),
            None => paths.push(path),
        }
    }
    paths.sort_unstable();
    paths.dedup();
    paths
}

/// The value of `_fields`: the top members of the wanted paths, and those we need.
pub(crate) fn members<'a>(entity: &Entity, wanted: impl IntoIterator<Item = &'a str>) -> String {
    let mut names = vec!["id"];
    if entity.special != Special::Taxes {
        names.extend(["date_created_gmt", "date_modified_gmt", entity.state]);
    }
    names.extend(entity.own());
    for path in wanted.into_iter().flat_map(|path| sources(entity, [path])) {
        let top = path.split('.').next().unwrap_or(path);
        if !names.contains(&top) && is_plain(top) {
            names.push(top);
        }
    }
    names.join(",")
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// A record of the answer. `None`: it has no id.
pub(crate) fn record(entity: &Entity, mut row: Projected) -> Option<Record> {
    let created = std::mem::take(&mut row.slots[CREATED]);
    let mut record = head(row)?;
    record.created = stamp(&created);
    // A customer who was never saved since the registration has no stamp of change.
    record.modified = record.modified.or(record.created);
    for path in entity.escaped {
        if let Some(Value::Text(text)) = record.fields.get(path)
            && text.contains('&')
        {
            let plain = html_escape::decode_html_entities(text).into_owned();
            record.fields.set(*path, plain);
        }
    }
    Some(record)
}

/// What a narrow listing shows of a record: [`record`] without the time it was made. `None`: it has
/// no id.
pub(crate) fn head(mut row: Projected) -> Option<Record> {
    let id = std::mem::take(&mut row.slots[ID]).into_text();
    if id.is_empty() || id == "0" {
        return None;
    }
    Some(Record {
        id,
        modified: stamp(&row.slots[MODIFIED]).or_else(|| stamp(&row.slots[CREATED])),
        created: None,
        trashed: is_trashed(&row),
        fields: row.fields,
    })
}

/// The record with the paths that were wanted, and no others.
pub(crate) fn made(
    entity: &Entity,
    row: Projected,
    wanted: &[String],
    shop: &str,
) -> Option<Record> {
    let mut record = record(entity, row)?;
    match entity.special {
        Special::None => return Some(record),
        Special::Orders => orders::fill(&mut record, wanted, shop),
        Special::Products => variations::settle(&mut record.fields),
        Special::Taxes => {}
    }
    trimmed(&mut record.fields, wanted);
    Some(record)
}

/// Takes out what nobody asked for.
pub(crate) fn trimmed(fields: &mut Fields, wanted: &[String]) {
    let extra: Vec<String> = fields
        .iter()
        .filter(|(path, _)| !wanted.iter().any(|w| w == path))
        .map(|(path, _)| path.to_owned())
        .collect();
    for path in extra {
        fields.remove(&path);
    }
}

/// The value at a dotted path of nested fields.
pub(crate) fn member<'a>(row: &'a Fields, path: &str) -> Option<&'a Value> {
    if let Some(value) = row.get(path) {
        return Some(value);
    }
    let (first, rest) = path.split_once('.')?;
    match row.get(first) {
        Some(Value::Object(below)) => member(below, rest),
        _ => None,
    }
}

/// The text at a dotted path; empty if there is none.
pub(crate) fn text(row: &Fields, path: &str) -> String {
    member(row, path).map(Value::to_text).unwrap_or_default()
}

/// Whether a row is one of those that are not synced: staff, and carts that are no orders yet.
pub(crate) fn is_left_out(row: &Projected) -> bool {
    is_staff(row) || is_cart(row)
}

/// Whether a row is the account of somebody who works in the shop.
pub(crate) fn is_staff(row: &Projected) -> bool {
    matches!(&row.slots[STATE], Value::Text(role) if STAFF.contains(&role.as_str()))
}

/// Whether a row is an order that was begun and never placed.
pub(crate) fn is_cart(row: &Projected) -> bool {
    matches!(&row.slots[STATE], Value::Text(state) if CARTS.contains(&state.as_str()))
}

/// Whether a row is a product with variations.
pub(crate) fn is_variable(row: &Projected) -> bool {
    matches!(row.fields.get("variations"), Some(Value::List(list)) if !list.is_empty())
        && matches!(&row.slots[TYPE], Value::Text(kind) if kind.contains("variable"))
}

/// The id of a row.
pub(crate) fn id_of(row: &Projected) -> String {
    row.slots[ID].to_text()
}

/// Whether a row is a variation of a product.
pub(crate) fn is_variation(row: &Projected) -> bool {
    matches!(&row.slots[TYPE], Value::Text(kind) if kind == "variation")
}

fn is_trashed(row: &Projected) -> bool {
    matches!(&row.slots[STATE], Value::Text(state) if state == "trash")
}

/// `2026-11-21T19:22:10`, in UTC.
fn stamp(value: &Value) -> Option<Stamp> {
    let Value::Text(text) = value else {
        return None;
    };
    let local: DateTime = text.trim_end_matches('Z').parse().ok()?;
    let at = Offset::UTC.to_timestamp(local).ok()?;
    Some(Stamp(at.as_millisecond()))
}

/// An instant as the shop's filters want it: UTC without a zone.
pub(crate) fn bare_utc(at: Stamp) -> String {
    at.timestamp().strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// Reads [`bare_utc`].
pub(crate) fn read_bare(text: &str) -> Option<Stamp> {
    stamp(&Value::from(text))
}

#[cfg(test)]
mod tests {
    use super::super::entity::named;
    use super::*;

    fn of(entity: &str, wanted: &[&str], json: &str) -> Option<Record> {
        let entity = named(entity).unwrap();
        let wanted: Vec<String> = wanted.iter().map(|w| (*w).to_owned()).collect();
        record(entity, projection(entity, &wanted).take(json).unwrap())
    }

    #[test]
    fn records_have_ids_stamps_and_plain_names() {
        let json = r#"{"id":2,"date_created_gmt":"2026-11-21T19:22:10","date_modified_gmt":null,
            "role":"customer","first_name":"Tom &amp; Jerry","billing":{"first_name":"Tom &amp; J"}}"#;
        let record = of("customers", &["first_name", "billing.first_name"], json).unwrap();
        assert_eq!(record.id, "2");
        assert_eq!(record.created, Stamp::parse("2026-11-21T19:22:10Z"));
        assert_eq!(record.modified, record.created, "never saved since");
        assert_eq!(record.fields.get("first_name"), Some(&Value::from("Tom & Jerry")));
        assert_eq!(record.fields.get("billing.first_name"), Some(&Value::from("Tom &amp; J")));
        assert!(of("customers", &[], r#"{"id":0}"#).is_none());
        assert!(of("products", &[], r#"{"id":7,"status":"trash"}"#).unwrap().trashed);
    }

    #[test]
    fn only_the_needed_members_are_asked_for() {
        let entity = named("customers").unwrap();
        assert_eq!(
            members(entity, ["email", "billing.city", "billing.phone", "meta_data.x.y", "ä&b"]),
            "id,date_created_gmt,date_modified_gmt,role,email,billing,meta_data"
        );
    }

    #[test]
    fn marks_are_bare_utc() {
        let at = Stamp::parse("2026-11-21T19:22:10.900Z").unwrap();
        assert_eq!(bare_utc(at), "2026-11-21T19:22:10");
        assert_eq!(read_bare("2026-11-21T19:22:10"), Stamp::parse("2026-11-21T19:22:10Z"));
    }
}

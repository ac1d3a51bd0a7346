//! Makes records of what a service answers: lifts members, reads ids and times, tells the lines of
//! documents.

use super::path;
use crate::model::document::{CURRENCY, LINES, Line, LineKind, TOTAL, lines_value};
use crate::model::manifest::{Deleted, Lines, Stream, ValueRules};
use crate::model::{Fields, Record, Stamp, Value};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json};
use std::str::FromStr;

/// A record with its members lifted.
pub(crate) fn lifted(stream: &Stream, mut json: Json) -> Json {
    for lift in &stream.lift {
        let Some(found) = path::at(&json, &lift.from).cloned() else { continue };
        let Json::Object(record) = &mut json else { break };
        match (found, lift.to.is_empty()) {
            (Json::Object(members), true) => {
                let members: Map<String, Json> = members;
                for (key, value) in members {
                    // What is there already stays: two objects may have members of one name.
                    record.entry(key).or_insert(value);
                }
            }
            (found, false) => {
                record.insert(lift.to.clone(), found);
            }
            _ => {}
        }
    }
    json
}

/// A lifted record as the engine takes it. `None`: it has no id.
pub(crate) fn record(
    stream: &Stream,
    rules: &ValueRules,
    json: &Json,
    wanted: &[String],
) -> Option<Record> {
    let id = id(stream, json)?;
    let stamp = |path: &Option<String>| {
        let text = path::text(json, path.as_deref()?)?;
        instant(&text, rules)
    };
    let created = stamp(&stream.created);
    let mut fields = Fields::new();
    for name in wanted {
        if let Some(value) = field(stream, rules, json, name) {
            fields.set(name.as_str(), value);
        }
    }
    Some(Record {
        id,
        modified: stamp(&stream.modified).or(created),
        created,
        trashed: is_deleted(stream, json),
        fields,
    })
}

/// The id of a record.
pub(crate) fn id(stream: &Stream, json: &Json) -> Option<String> {
    let parts: Option<Vec<String>> = stream
        .id
        .iter()
        .map(|path| path::text(json, path).filter(|text| !text.trim().is_empty()))
        .collect();
    parts.filter(|parts| !parts.is_empty()).map(|parts| parts.join("-"))
}

fn is_deleted(stream: &Stream, json: &Json) -> bool {
    match &stream.deleted {
        Some(Deleted::Flag { path, values }) => path::text(json, path)
            .is_some_and(|text| values.iter().any(|v| v.eq_ignore_ascii_case(text.trim()))),
        _ => false,
    }
}

fn field(stream: &Stream, rules: &ValueRules, json: &Json, name: &str) -> Option<Value> {
    if let Some(spec) = &stream.lines {
        match name {
            LINES => return Some(lines_value(&lines(spec, json))),
            TOTAL => return total(spec, json).map(Value::Number),
            CURRENCY => return Some(Value::Text(currency(spec, json))),
            _ => {}
        }
    }
    let found = path::at(json, name)?;
    let value = path::value(found, &rules.empty);
    match &value {
        Value::Text(text) if !rules.dates.is_empty() => Some(dated(text, rules).unwrap_or(value)),
        _ => Some(value),
    }
}

/// A date or time in one of the service's notations, as 2026-12-31 or an instant.
fn dated(text: &str, rules: &ValueRules) -> Option<Value> {
    let text = text.trim();
    rules.dates.iter().find_map(|format| {
        if let Ok(at) = DateTime::strptime(format, text) {
            let at = at.to_zoned(zone(rules)).ok()?;
            return Some(Value::Text(at.timestamp().to_string()));
        }
        Date::strptime(format, text).ok().map(|date| Value::Text(date.to_string()))
    })
}

fn zone(rules: &ValueRules) -> TimeZone {
    let named = rules.zone.as_deref().and_then(|name| TimeZone::get(name).ok());
    named.unwrap_or(TimeZone::UTC)
}

/// An instant in any of the notations: those of the manifest, RFC 3339, Unix time, a date.
pub(crate) fn instant(text: &str, rules: &ValueRules) -> Option<Stamp> {
    let text = text.trim();
    let local = |at: DateTime| {
        let at = at.to_zoned(zone(rules)).ok()?;
        Some(Stamp(at.timestamp().as_millisecond()))
    };
    for format in &rules.dates {
        if let Ok(at) = DateTime::strptime(format, text) {
            return local(at);
        }
        if let Ok(date) = Date::strptime(format, text) {
            return local(date.to_datetime(jiff::civil::Time::midnight()));
        }
    }
    if let Some(stamp) = Stamp::parse(text) {
        return Some(stamp);
    }
    if text.len() >= 9 && text.bytes().all(|b| b.is_ascii_digit()) {
        let number: i64 = text.parse().ok()?;
        // Thirteen digits are milliseconds.
        return Some(Stamp(if text.len() >= 12 { number } else { number * 1000 }));
    }
    if let Ok(at) = text.replacen(' ', "T", 1).parse::<DateTime>() {
        return local(at);
    }
    local(text.parse::<Date>().ok()?.to_datetime(jiff::civil::Time::midnight()))
}

fn number(json: &Json, path: &str) -> Option<Decimal> {
    if path.is_empty() {
        return None;
    }
    let text = path::text(json, path)?;
    let text = text.trim();
    Decimal::from_str(text).or_else(|_| Decimal::from_scientific(text)).ok()
}

fn total(spec: &Lines, json: &Json) -> Option<Decimal> {
    number(json, &spec.total).map(|total| total.round_dp(2).normalize())
}

fn currency(spec: &Lines, json: &Json) -> String {
    let told = (!spec.currency.is_empty()).then(|| path::text(json, &spec.currency)).flatten();
    told.filter(|text| !text.trim().is_empty()).unwrap_or_else(|| spec.default_currency.clone())
}

/// The lines of a document. What its total has beyond them becomes a line of its own.
fn lines(spec: &Lines, json: &Json) -> Vec<Line> {
    let text = |item: &Json, path: &str| {
        if path.is_empty() { String::new() } else { path::text(item, path).unwrap_or_default() }
    };
    let mut lines: Vec<Line> = path::records(json, &spec.path)
        .iter()
        .map(|item| {
            let mut line = Line {
                kind: LineKind::Product,
                product: text(item, &spec.product),
                sku: text(item, &spec.sku),
                name: text(item, &spec.name),
                quantity: number(item, &spec.quantity).unwrap_or(Decimal::ONE),
                price: number(item, &spec.price).unwrap_or_default(),
                discount: number(item, &spec.discount).unwrap_or_default(),
                rate: number(item, &spec.rate),
                ..Line::default()
            };
            let computed = line.rate.map(|rate| line.net() * rate / Decimal::ONE_HUNDRED);
            let tax = number(item, &spec.tax).or(computed).unwrap_or_default();
            line.tax = tax.round_dp(2);
            line
        })
        .collect();
    let extra = |kind, name: &str, price| Line {
        kind,
        name: name.to_owned(),
        quantity: Decimal::ONE,
        price,
        ..Line::default()
    };
    if let Some(shipping) = number(json, &spec.shipping).filter(|amount| !amount.is_zero()) {
        lines.push(extra(LineKind::Shipping, "Shipping", shipping));
    }
    let sum: Decimal = lines.iter().map(|line| line.net() + line.tax).sum();
    if let Some(total) = total(spec, json) {
        let rest = total - sum.round_dp(2);
        if !rest.is_zero() {
            lines.push(extra(LineKind::Fee, "Other", rest));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn stream(text: &str) -> Stream {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn members_are_lifted_and_ids_composed() {
        let stream = stream(
            "id = [\"Company\", \"ID\"]\nmodified = \"TXNDate\"\n[request]\npath = \"x\"\n\
             [[lift]]\nfrom = \"Header\"\n[[lift]]\nfrom = \"Address.0\"\nto = \"address\"\n\
             [deleted]\nkind = \"flag\"\npath = \"Status\"\nvalues = [\"cancelled\"]",
        );
        let answer = json!({
            "Company": 7,
            "Header": {"ID": "12", "TXNDate": "2026-11-21", "Status": "Cancelled"},
            "Address": [{"City": "Pune"}]
        });
        let json = lifted(&stream, answer);
        let wanted = ["address.City".to_owned(), "Status".to_owned()];
        let record = record(&stream, &ValueRules::default(), &json, &wanted).unwrap();
        assert_eq!(record.id, "7-12");
        assert!(record.trashed);
        assert_eq!(record.fields.get("address.City"), Some(&"Pune".into()));
        assert_eq!(record.modified, Stamp::parse("2026-11-21T00:00:00Z"));
    }

    #[test]
    fn times_are_read_in_many_notations() {
        let rules = ValueRules {
            dates: vec!["%d/%m/%Y %H:%M".into(), "%d/%m/%Y".into()],
            zone: Some("Asia/Kolkata".into()),
            ..ValueRules::default()
        };
        for (text, want) in [
            ("21/11/2026 10:00", "2026-11-21T04:30:00Z"),
            ("21/11/2026", "2026-11-20T18:30:00Z"),
            ("2026-11-21T10:00:00+02:00", "2026-11-21T08:00:00Z"),
            ("1795289215", "2026-11-21T20:06:55Z"),
            ("2026-11-21 10:00:00", "2026-11-21T04:30:00Z"),
        ] {
            assert_eq!(instant(text, &rules), Stamp::parse(want), "{text}");
        }
        assert_eq!(instant("soon", &rules), None);
    }

    #[test]
    fn lines_add_up_to_the_total() {
        let spec = "path = \"Line\"\nquantity = \"Qty\"\nprice = \"Price\"\nrate = \"Tax\"\n\
                    total = \"Total\"\nproduct = \"ItemID\"\ndefault_currency = \"INR\"";
        let spec: Lines = toml::from_str(spec).unwrap();
        let order = json!({
            "Total": "238.00",
            "Line": [{"ItemID": "5", "Qty": "2", "Price": "100", "Tax": "18"}]
        });
        let lines = lines(&spec, &order);
        assert_eq!(lines[0].tax, Decimal::from(36));
        assert_eq!((lines[1].kind, lines[1].net()), (LineKind::Fee, Decimal::from(2)));
        assert_eq!(currency(&spec, &order), "INR");
    }
}

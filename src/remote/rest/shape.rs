//! Makes records of what a service answers: lifts members, reads ids and times, tells the lines of
//! documents.

use super::path;
use super::rules::{Rules, plain_number};
use crate::model::document::{CURRENCY, LINES, Line, LineKind, TOTAL, lines_value};
use crate::model::manifest::{Deleted, Lines, Stream};
use crate::model::{Fields, Record, Value};
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json};

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
    rules: &Rules,
    json: &Json,
    wanted: &[String],
) -> Option<Record> {
    let id = id(stream, json)?;
    let stamp = |path: &Option<String>| rules.instant(&path::text(json, path.as_deref()?)?);
    let mut fields = Fields::new();
    for name in wanted {
        if let Some(value) = field(stream, rules, json, name) {
            fields.set(name.as_str(), value);
        }
    }
    Some(Record {
        id,
        modified: stamp(&stream.modified),
        created: stamp(&stream.created),
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

fn field(stream: &Stream, rules: &Rules, json: &Json, name: &str) -> Option<Value> {
    if let Some(spec) = &stream.lines {
        match name {
            LINES => return Some(lines_value(&lines(spec, rules, json))),
            TOTAL => return total(spec, rules, json).map(Value::Number),
            CURRENCY => return Some(Value::from(currency(spec, json))),
            _ => {}
        }
    }
    let kind = stream.fields.iter().find(|f| f.path == name).and_then(|f| f.kind);
    let one = |found| rules.read(path::value(found, &rules.empty), kind);
    if name.split('.').any(|part| part == "*") {
        return Some(Value::List(path::all(json, name).into_iter().map(one).collect()));
    }
    path::at(json, name).map(one)
}

fn number(json: &Json, path: &str, rules: &Rules) -> Option<Decimal> {
    if path.is_empty() {
        return None;
    }
    match path::at(json, path)? {
        Json::Number(number) => plain_number(&number.to_string()),
        Json::String(text) => rules.number(text),
        _ => None,
    }
}

fn total(spec: &Lines, rules: &Rules, json: &Json) -> Option<Decimal> {
    number(json, &spec.total, rules).map(|total| total.round_dp(2).normalize())
}

fn currency(spec: &Lines, json: &Json) -> String {
    let told = (!spec.currency.is_empty()).then(|| path::text(json, &spec.currency)).flatten();
    told.filter(|text| !text.trim().is_empty()).unwrap_or_else(|| spec.default_currency.clone())
}

/// The lines of a document. What its total has beyond them becomes a line of its own.
fn lines(spec: &Lines, rules: &Rules, json: &Json) -> Vec<Line> {
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
                quantity: number(item, &spec.quantity, rules).unwrap_or(Decimal::ONE),
                price: number(item, &spec.price, rules).unwrap_or_default(),
                discount: number(item, &spec.discount, rules).unwrap_or_default(),
                rate: number(item, &spec.rate, rules),
                ..Line::default()
            };
            let computed = line.rate.map(|rate| line.net() * rate / Decimal::ONE_HUNDRED);
            let tax = number(item, &spec.tax, rules).or(computed).unwrap_or_default();
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
    if let Some(shipping) = number(json, &spec.shipping, rules).filter(|amount| !amount.is_zero()) {
        lines.push(extra(LineKind::Shipping, "Shipping", shipping));
    }
    let sum: Decimal = lines.iter().map(|line| line.net() + line.tax).sum();
    if let Some(total) = total(spec, rules, json) {
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
    use crate::model::Stamp;
    use serde_json::json;

    fn rules() -> Rules {
        Rules::new(&crate::model::manifest::ValueRules::default(), "").unwrap()
    }

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
        let record = record(&stream, &rules(), &json, &wanted).unwrap();
        assert_eq!(record.id, "7-12");
        assert!(record.trashed);
        assert_eq!(record.fields.get("address.City"), Some(&"Pune".into()));
        assert_eq!(record.modified, Stamp::parse("2026-11-21T00:00:00Z"));
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
        let lines = lines(&spec, &rules(), &order);
        assert_eq!(lines[0].tax, Decimal::from(36));
        assert_eq!((lines[1].kind, lines[1].net()), (LineKind::Fee, Decimal::from(2)));
        assert_eq!(currency(&spec, &order), "INR");
    }
}

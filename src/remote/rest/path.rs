//! Paths into JSON: members by dots, items by number, `*` for all of them.

use crate::model::{Fields, Value};
use rust_decimal::Decimal;
use serde_json::Value as Json;

/// The value at a path; the first one where `*` names several. An empty path is the value itself.
pub(crate) fn at<'j>(json: &'j Json, path: &str) -> Option<&'j Json> {
    all(json, path).into_iter().next()
}

/// Every value at a path.
pub(crate) fn all<'j>(json: &'j Json, path: &str) -> Vec<&'j Json> {
    let mut found = vec![json];
    for part in path.split('.').filter(|part| !part.is_empty()) {
        found = found
            .into_iter()
            .flat_map(|json| match (json, part) {
                (Json::Array(items), "*") => items.iter().collect::<Vec<_>>(),
                (Json::Object(members), "*") => members.values().collect(),
                (Json::Array(items), n) => {
                    n.parse::<usize>().ok().and_then(|n| items.get(n)).into_iter().collect()
                }
                (Json::Object(members), name) => members.get(name).into_iter().collect(),
                _ => Vec::new(),
            })
            .collect();
    }
    found
}

/// The text at a path: numbers and booleans too, null as nothing.
pub(crate) fn text(json: &Json, path: &str) -> Option<String> {
    match at(json, path)? {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(on) => Some(on.to_string()),
        _ => None,
    }
}

/// The records that an answer holds at a path. A single object is one record.
pub(crate) fn records(json: &Json, path: &str) -> Vec<Json> {
    let mut records = Vec::new();
    for found in all(json, path) {
        match found {
            Json::Array(items) => records.extend(items.iter().filter(|i| i.is_object()).cloned()),
            Json::Object(_) => records.push(found.clone()),
            _ => {}
        }
    }
    records
}

/// A JSON value as ours; texts that mean nothing are null.
pub(crate) fn value(json: &Json, empty: &[String]) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(on) => Value::Bool(*on),
        Json::Number(number) => {
            let text = number.to_string();
            let exact = Decimal::from_str_exact(&text).or_else(|_| Decimal::from_scientific(&text));
            exact.map_or(Value::from(text), Value::Number)
        }
        Json::String(text) if empty.iter().any(|e| e == text) => Value::Null,
        Json::String(text) => Value::from(text.clone()),
        Json::Array(items) => Value::List(items.iter().map(|item| value(item, empty)).collect()),
        Json::Object(members) => {
            let fields: Fields =
                members.iter().map(|(key, item)| (key.clone(), value(item, empty))).collect();
            Value::Object(fields)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_go_down_objects_and_lists() {
        let answer = json!({"data": [{"id": 1, "a": {"b": "x"}}, {"id": 2}], "next": null});
        assert_eq!(text(&answer, "data.0.a.b").as_deref(), Some("x"));
        assert_eq!(text(&answer, "data.1.id").as_deref(), Some("2"));
        assert_eq!(text(&answer, "next"), None);
        assert_eq!(all(&answer, "data.*.id").len(), 2);
        assert_eq!(records(&answer, "data").len(), 2);
        assert_eq!(records(&answer, "data.0").len(), 1);
        assert_eq!(records(&json!([{"id": 1}, 5]), "").len(), 1);
        assert_eq!(value(&json!("null"), &["null".into()]), Value::Null);
    }
}

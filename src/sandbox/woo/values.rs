//! What the shop makes of the values it is sent.

use serde_json::{Map, Value, json};

use super::render::wp_json;
use super::store::Store;
use crate::sandbox::text::{push_specialchars, strip_tags};

/// A value as text, the way PHP turns it into one.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(true) => "1".into(),
        Value::Array(_) | Value::Object(_) => "Array".into(),
        Value::Bool(false) | Value::Null => String::new(),
    }
}

/// Backslashes are eaten.
pub fn unslashed(value: &Value) -> String {
    let raw = text(value);
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            _ => out.push(c),
        }
    }
    out
}

/// A person's name: no tags, single blanks, special characters escaped.
pub fn person_name(value: &Value) -> String {
    let plain = strip_tags(&unslashed(value));
    let single: Vec<&str> = plain.split_whitespace().collect();
    let mut out = String::new();
    push_specialchars(&mut out, &single.join(" "));
    out
}

/// A product's name or description: scripts filtered, a lone `&` escaped.
pub fn rich_text(value: &Value) -> String {
    let mut raw = unslashed(value);
    while let Some(at) = raw
        .to_ascii_lowercase()
        .find("<script")
        .or_else(|| raw.to_ascii_lowercase().find("</script"))
    {
        let end = raw[at..].find('>').map_or(raw.len(), |end| at + end + 1);
        raw.replace_range(at..end, "");
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw.as_str();
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let word_end = rest[at..].find(';').map_or(rest.len(), |end| at + end + 1).min(rest.len());
        let mut escaped = String::new();
        push_specialchars(&mut escaped, &rest[at..word_end]);
        if escaped == rest[at..word_end] && word_end > at + 1 {
            out.push_str(&rest[at..word_end]);
            rest = &rest[word_end..];
        } else {
            out.push_str("&amp;");
            rest = &rest[at + 1..];
        }
    }
    out.push_str(rest);
    out
}

/// A price: a decimal comma is not understood but dropped, and so is everything else.
pub fn money(value: &Value) -> String {
    let kept: String =
        text(value).chars().filter(|c| c.is_ascii_digit() || matches!(c, '.' | '-')).collect();
    if kept.parse::<f64>().is_ok() { kept } else { String::new() }
}

/// Yes or no as "1" or "0".
pub fn yes(value: &Value) -> String {
    let on = match value {
        Value::Bool(yes) => *yes,
        Value::String(text) => matches!(text.to_lowercase().as_str(), "true" | "1" | "yes"),
        Value::Number(number) => number.as_f64() != Some(0.0),
        _ => false,
    };
    String::from(if on { "1" } else { "0" })
}

/// A whole number; null stays null.
pub fn whole(value: &Value) -> Option<String> {
    let number = super::schema::number(value)?;
    Some(format!("{:.0}", number.trunc()))
}

/// The meta data after a write: by id, else the first of that key; null deletes.
pub fn meta(store: &mut Store, stored: &str, given: &Value, hidden: bool) -> String {
    let mut all: Vec<Value> = serde_json::from_str(stored).unwrap_or_default();
    for entry in given.as_array().map(Vec::as_slice).unwrap_or_default() {
        let key = entry.get("key").and_then(Value::as_str).unwrap_or_default();
        if hidden && key.starts_with('_') {
            continue;
        }
        let by_id = entry.get("id").and_then(Value::as_u64);
        let at = match by_id.filter(|id| *id > 0) {
            Some(id) => all.iter().position(|m| m["id"].as_u64() == Some(id)),
            None => all.iter().position(|m| m["key"] == key),
        };
        match (at, meta_value(entry.get("value"))) {
            (Some(at), None) => {
                all.remove(at);
            }
            (Some(at), Some(value)) => {
                if !key.is_empty() {
                    all[at]["key"] = json!(key);
                }
                all[at]["value"] = value;
            }
            (None, Some(value)) if !key.is_empty() => {
                let id = store.next_meta();
                all.push(json!({ "id": id, "key": key, "value": value }));
            }
            (None, _) => {}
        }
    }
    wp_json(&Value::Array(all))
}

fn meta_value(value: Option<&Value>) -> Option<Value> {
    match value? {
        Value::Null => None,
        Value::String(_) => value.map(|v| Value::String(unslashed(v))),
        Value::Number(number) => Some(Value::String(number.to_string())),
        Value::Bool(yes) => Some(Value::String(if *yes { "1".into() } else { String::new() })),
        structured => Some(structured.clone()),
    }
}

/// The members of an object, none for anything else.
pub fn members(value: Option<&Value>) -> Map<String, Value> {
    value.and_then(Value::as_object).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        for (given, kept) in [
            ("Tom & Jerry", "Tom &amp; Jerry"),
            ("  a <b>b</b>  c ", "a b c"),
            ("a < b", "a &lt; b"),
            ("x\\y", "xy"),
            ("x\\\\y", "x\\y"),
            ("O'Brien \"Q\" Müller", "O'Brien \"Q\" Müller"),
        ] {
            assert_eq!(person_name(&json!(given)), kept, "{given}");
        }
        for (given, kept) in [
            ("Salt & Pepper", "Salt &amp; Pepper"),
            ("Salt &amp; Pepper", "Salt &amp; Pepper"),
            ("<b>x</b><script>y</script>", "<b>x</b>y"),
            ("a & b; c", "a &amp; b; c"),
        ] {
            assert_eq!(rich_text(&json!(given)), kept, "{given}");
        }
    }

    #[test]
    fn prices() {
        for (given, kept) in [
            (json!("5.00"), "5.00"),
            (json!("1234.5678"), "1234.5678"),
            (json!("12,50"), "1250"),
            (json!("abc"), ""),
            (json!(12.5), "12.5"),
            (json!(""), ""),
        ] {
            assert_eq!(money(&given), kept, "{given}");
        }
    }
}

//! Values as the shop wants them, checked before they are sent: Magento takes a negative price and
//! an unknown status without a word.

use super::super::{ErrorKind, RemoteError, RemoteResult};
use super::entity::Entity;
use crate::model::{UserError, Value};
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json};
use std::str::FromStr;
use syncdeck_records::UNREADABLE;

/// The list whose entries are set by their code.
const ATTRIBUTES: &str = "custom_attributes.";

/// What a value must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any text.
    Text,
    /// An e-mail address that cannot be emptied.
    Email,
    /// A number that is not negative.
    Money,
    /// A number.
    Number,
    /// A whole number.
    Whole,
    /// Yes or no.
    Switch,
    /// One of these numbers.
    OneOf(&'static [&'static str]),
    /// Set by the shop.
    ReadOnly,
}

/// The value as JSON; `None`: nothing to send.
pub(crate) fn checked(
    entity: &Entity,
    path: &str,
    kind: Kind,
    value: &Value,
) -> RemoteResult<Option<Json>> {
    let text = value.to_text();
    if text.contains(UNREADABLE) {
        return Err(super::super::vtiger::unreadable(path));
    }
    let trimmed = text.trim();
    let refuse = |why: String| Err(bad(entity, path, &why));
    if trimmed.is_empty() {
        return match kind {
            Kind::Text => Ok(Some("".into())),
            Kind::Email => refuse("Magento does not let it be empty.".into()),
            Kind::Money if path == "price" => refuse("Magento does not let it be empty.".into()),
            _ => Ok(None),
        };
    }
    Ok(Some(match kind {
        Kind::ReadOnly => return refuse("Magento sets it itself.".into()),
        Kind::Email if !is_email(trimmed) => {
            return refuse(format!("\"{trimmed}\" is not an e-mail address."));
        }
        Kind::Email => trimmed.into(),
        Kind::Money | Kind::Number => match number(trimmed) {
            Some(n) if kind == Kind::Number || !n.is_sign_negative() => json_number(n),
            Some(_) => return refuse(format!("{trimmed} is negative.")),
            None => return refuse(format!("\"{trimmed}\" is not a number such as 12.50.")),
        },
        Kind::Whole => match number(trimmed).filter(|n| n.fract().is_zero()) {
            Some(n) => json_number(n),
            None => return refuse(format!("\"{trimmed}\" is not a whole number.")),
        },
        Kind::OneOf(words) if !words.contains(&trimmed) => {
            return refuse(format!("\"{trimmed}\" is none of: {}.", words.join(", ")));
        }
        Kind::OneOf(_) => number(trimmed).map_or_else(|| trimmed.into(), json_number),
        Kind::Switch => match trimmed.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => true.into(),
            "0" | "false" | "no" | "off" => false.into(),
            _ => return refuse(format!("\"{trimmed}\" is neither yes nor no.")),
        },
        Kind::Text => json(value),
    }))
}

fn number(text: &str) -> Option<Decimal> {
    Decimal::from_str(text).ok()
}

fn json_number(number: Decimal) -> Json {
    if number.scale() == 0
        && let Ok(whole) = i64::try_from(number)
    {
        return whole.into();
    }
    let float = number.to_string().parse::<f64>().ok().and_then(serde_json::Number::from_f64);
    float.map_or_else(|| number.to_string().into(), Json::Number)
}

/// A value of ours as JSON; lists and objects keep their types.
pub(crate) fn json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(on) => (*on).into(),
        Value::Number(number) => json_number(*number),
        Value::Text(text) => text.as_str().into(),
        Value::List(items) => Json::Array(items.iter().map(json).collect()),
        Value::Object(fields) => {
            Json::Object(fields.iter().map(|(k, v)| (k.to_owned(), json(v))).collect())
        }
    }
}

/// Sets the member at a dotted path; below `custom_attributes` the attribute of that code.
pub(crate) fn put(body: &mut Map<String, Json>, path: &str, value: Json) {
    if let Some(code) = path.strip_prefix(ATTRIBUTES) {
        let entry = serde_json::json!({ "attribute_code": code, "value": value });
        match body.entry("custom_attributes").or_insert_with(|| Json::Array(Vec::new())) {
            Json::Array(list) => list.push(entry),
            other => *other = Json::Array(vec![entry]),
        }
        return;
    }
    match path.split_once('.') {
        None => {
            body.insert(path.to_owned(), value);
        }
        Some((first, rest)) => {
            let below = body.entry(first).or_insert_with(|| Json::Object(Map::new()));
            if !below.is_object() {
                *below = Json::Object(Map::new());
            }
            if let Json::Object(below) = below {
                put(below, rest, value);
            }
        }
    }
}

/// Whether a text is an e-mail address as Magento accepts it.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let local_ok = !local.is_empty()
        && !local.contains('@')
        && !local.starts_with('.')
        && !local.ends_with('.')
        && local.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c));
    let labels: Vec<&str> = domain.split('.').collect();
    let label_ok = |label: &&str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    local_ok && labels.len() >= 2 && labels.iter().all(label_ok)
}

/// Whether a text can be the id of a record.
pub(crate) fn is_id(id: &str) -> bool {
    id.parse::<u64>().is_ok_and(|n| n > 0 && n <= i32::MAX as u64)
}

/// A value that is not sent.
pub(crate) fn bad(entity: &Entity, path: &str, why: &str) -> RemoteError {
    let mut error = RemoteError::new(
        ErrorKind::Refused,
        UserError::new(
            format!("The {} was not sent: the value for \"{path}\" does not fit.", entity.one),
            why,
            "Correct the value in the record it comes from, or the mapping.",
        ),
    );
    error.field = Some(path.to_owned());
    error
}

/// A record that is not there.
pub(crate) fn gone(entity: &Entity, id: &str) -> RemoteError {
    RemoteError::new(
        ErrorKind::NotFound,
        UserError::new(
            format!("The {} {id} is not in the shop.", entity.one),
            "It was deleted.",
            "",
        ),
    )
}

/// An answer without the record.
pub(crate) fn no_answer(entity: &Entity) -> RemoteError {
    RemoteError::new(
        ErrorKind::Unknown,
        UserError::new(
            format!("Magento answered without the {} it was asked to write.", entity.one),
            "Whether the write was done is not known.",
            "The record is looked up before anything is repeated.",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_addresses_are_checked_as_magento_does() {
        for good in
            ["a@b.co", "anna.berg1@kunde.example", "o'neil+x@a-b.example", "jürgen@bücher.example"]
        {
            assert!(is_email(good), "{good}");
        }
        for bad in
            ["", "a", "a@b", "@b.co", "a@-b.co", "a@b..co", "a b@c.co", ".a@b.co", "a@b@c.co"]
        {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn paths_become_nested_json() {
        let mut body = Map::new();
        put(&mut body, "a.b.c", 1.into());
        put(&mut body, "a.d", "x".into());
        put(&mut body, "custom_attributes.one.two", "v".into());
        assert_eq!(
            Json::Object(body).to_string(),
            r#"{"a":{"b":{"c":1},"d":"x"},"custom_attributes":[{"attribute_code":"one.two","value":"v"}]}"#
        );
    }
}

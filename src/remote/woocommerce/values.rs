//! Values as the shop wants them, checked before they are sent: the batch endpoints check nothing,
//! and the shop misreads some values in silence (`12,50` becomes `1250`).

use super::super::{ErrorKind, RemoteError, RemoteResult};
use super::entity::{Entity, Kind};
use crate::model::{Fields, UserError, Value};
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json};
use syncdeck_records::UNREADABLE;

/// The list whose entries are set by key.
const META: &str = "meta_data.";

/// The JSON of a record to be written.
#[derive(Debug, PartialEq)]
pub(crate) struct Body {
    /// The members.
    pub(crate) json: Map<String, Json>,
    /// It empties an e-mail address of a record, which only the batch endpoint accepts.
    pub(crate) batch_only: bool,
}

/// Builds the JSON of a record. An `id` is never in it: in a body it beats the one of the address.
pub(crate) fn body(entity: &Entity, fields: &Fields, create: bool) -> RemoteResult<Body> {
    let mut json = Map::new();
    let mut batch_only = false;
    if create {
        for required in entity.required {
            if fields.get(required).is_none_or(Value::is_empty) {
                return Err(bad(entity, required, "It is empty, and the shop needs it."));
            }
        }
    }
    for (path, value) in fields.iter() {
        let kind = entity.kind(path);
        let Some(value) = checked(entity, path, kind, value)? else {
            continue;
        };
        let empties_mail = kind == Kind::EmailOrEmpty && value == "";
        if empties_mail && create {
            continue;
        }
        batch_only |= empties_mail;
        put(&mut json, path, value);
    }
    Ok(Body { json, batch_only })
}

/// The value as JSON; `None`: nothing to send.
fn checked(entity: &Entity, path: &str, kind: Kind, value: &Value) -> RemoteResult<Option<Json>> {
    if value.to_text().contains(UNREADABLE) {
        return Err(super::super::vtiger::unreadable(path));
    }
    let refuse = |why: &str| Err(bad(entity, path, why));
    let text = value.to_text();
    let trimmed = text.trim();
    Ok(Some(match kind {
        Kind::ReadOnly => return refuse("The shop sets it itself."),
        Kind::Email if trimmed.is_empty() => return refuse("The shop does not let it be empty."),
        Kind::Email | Kind::EmailOrEmpty => {
            if !trimmed.is_empty() && !is_email(trimmed) {
                return refuse(&format!("\"{trimmed}\" is not an e-mail address."));
            }
            trimmed.into()
        }
        Kind::Money if trimmed.is_empty() => "".into(),
        Kind::Money => match decimal(trimmed) {
            Some(number) => number.into(),
            None => return refuse(&format!("\"{trimmed}\" is not a number such as 12.50.")),
        },
        Kind::Whole if trimmed.is_empty() => return Ok(None),
        Kind::Whole => match whole(trimmed) {
            Some(number) => number.into(),
            None => return refuse(&format!("\"{trimmed}\" is not a whole number.")),
        },
        Kind::Switch if trimmed.is_empty() => return Ok(None),
        Kind::Switch => match trimmed.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => true.into(),
            "0" | "false" | "no" | "off" => false.into(),
            _ => return refuse(&format!("\"{trimmed}\" is neither yes nor no.")),
        },
        Kind::OneOf(_) if trimmed.is_empty() => return Ok(None),
        Kind::OneOf(words) if !words.contains(&trimmed) => {
            return refuse(&format!("\"{trimmed}\" is none of: {}.", words.join(", ")));
        }
        Kind::OneOf(_) => trimmed.into(),
        Kind::Text => json(value),
    }))
}

fn decimal(text: &str) -> Option<String> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'));
    let number: Decimal = text.parse().ok().filter(|_| plain)?;
    let mut written = if text.starts_with('.') || text.starts_with("-.") {
        number.to_string()
    } else {
        text.to_owned()
    };
    // As it was written, but without the zeros that databases add (12.50000000).
    if let Some(point) = written.find('.') {
        while written.len() > point + 3 && written.ends_with('0') {
            written.pop();
        }
    }
    Some(written)
}

fn whole(text: &str) -> Option<i64> {
    let number: Decimal = text.parse().ok()?;
    (number.fract().is_zero()).then(|| i64::try_from(number.trunc()).ok())?
}

/// Text members want text; what is nothing is empty text, since the shop refuses null inside
/// addresses. Lists and objects keep their types.
fn json(value: &Value) -> Json {
    match value {
        Value::List(items) => Json::Array(items.iter().map(typed).collect()),
        Value::Object(_) => typed(value),
        other => other.to_text().into(),
    }
}

fn typed(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(on) => (*on).into(),
        Value::Number(number) => match i64::try_from(*number) {
            Ok(whole) if number.fract().is_zero() => whole.into(),
            _ => number.to_string().into(),
        },
        Value::Text(text) => text.as_str().into(),
        Value::List(items) => Json::Array(items.iter().map(typed).collect()),
        Value::Object(fields) => {
            Json::Object(fields.iter().map(|(k, v)| (k.to_owned(), typed(v))).collect())
        }
    }
}

fn put(json: &mut Map<String, Json>, path: &str, value: Json) {
    if let Some(key) = path.strip_prefix(META) {
        let entry = serde_json::json!({ "key": key, "value": value });
        match json.entry("meta_data").or_insert_with(|| Json::Array(Vec::new())) {
            Json::Array(list) => list.push(entry),
            other => *other = Json::Array(vec![entry]),
        }
        return;
    }
    match path.split_once('.') {
        None => {
            json.insert(path.to_owned(), value);
        }
        Some((first, rest)) => {
            let below = json.entry(first).or_insert_with(|| Json::Object(Map::new()));
            if !below.is_object() {
                *below = Json::Object(Map::new());
            }
            if let Json::Object(below) = below {
                put(below, rest, value);
            }
        }
    }
}

fn bad(entity: &Entity, path: &str, why: &str) -> RemoteError {
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

/// Whether WordPress takes a text for an e-mail address (its `is_email`).
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let local_ok = !local.is_empty()
        && local.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~.-".contains(&b));
    let labels: Vec<&str> = domain.split('.').collect();
    let label_ok = |label: &&str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    text.len() >= 6 && local_ok && labels.len() >= 2 && labels.iter().all(label_ok)
}

#[cfg(test)]
mod tests {
    use super::super::entity::named;
    use super::*;

    fn build(entity: &str, create: bool, fields: &[(&str, Value)]) -> RemoteResult<String> {
        let fields: Fields = fields.iter().map(|(k, v)| (*k, v.clone())).collect();
        body(named(entity).unwrap(), &fields, create).map(|b| Json::Object(b.json).to_string())
    }

    #[test]
    fn paths_become_nested_json() {
        let built = build(
            "customers",
            true,
            &[
                ("email", "a@b.co".into()),
                ("billing.city", "Köln".into()),
                ("billing.email", "".into()),
                ("billing.phone", Value::Null),
                ("meta_data.vat.id", "DE1".into()),
                ("meta_data.n", Value::from(7)),
            ],
        );
        assert_eq!(
            built.unwrap(),
            r#"{"billing":{"city":"Köln","phone":""},"email":"a@b.co","meta_data":[{"key":"n","value":"7"},{"key":"vat.id","value":"DE1"}]}"#
        );
    }

    #[test]
    fn types_are_what_the_shop_wants() {
        let built = build(
            "products",
            true,
            &[
                ("name", "X".into()),
                ("regular_price", "12.50000000".into()),
                ("weight", ".5".into()),
                ("sale_price", "".into()),
                ("stock_quantity", "12.000".into()),
                ("menu_order", "".into()),
                ("manage_stock", "1".into()),
                (
                    "categories",
                    Value::List(vec![Value::Object(
                        [("id", Value::from(16))].into_iter().collect(),
                    )]),
                ),
            ],
        );
        assert_eq!(
            built.unwrap(),
            r#"{"categories":[{"id":16}],"manage_stock":true,"name":"X","regular_price":"12.50","sale_price":"","stock_quantity":12,"weight":"0.5"}"#
        );
    }

    #[test]
    fn what_the_shop_would_misread_is_refused() {
        for (entity, create, path, value) in [
            ("products", false, "regular_price", "12,50"),
            ("products", false, "regular_price", "1,234.50"),
            ("products", false, "regular_price", "abc"),
            ("products", false, "regular_price", "1e3"),
            ("products", false, "weight", "1 kg"),
            ("products", false, "stock_quantity", "1.5"),
            ("products", false, "stock_quantity", "many"),
            ("products", false, "manage_stock", "maybe"),
            ("products", false, "status", "nope"),
            ("products", false, "type", "variation"),
            ("products", false, "id", "3"),
            ("products", false, "price", "3"),
            ("products", true, "name", ""),
            ("customers", false, "email", ""),
            ("customers", false, "email", "not an address"),
            ("customers", false, "billing.email", "x@"),
        ] {
            let error = build(entity, create, &[(path, value.into())]).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Refused);
            assert_eq!(error.field.as_deref(), Some(path), "{value}");
        }
        assert!(build("products", true, &[("sku", "A".into())]).is_err(), "no name");
        let spoiled = [("first_name", "M\u{FFFD}\u{FDD1}ller".into())];
        let error = build("customers", false, &spoiled).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Temporary, "perhaps it was spoiled on its way");
    }

    #[test]
    fn an_address_is_emptied_by_the_batch_endpoint_only() {
        let fields: Fields = [("billing.email", "")].into_iter().collect();
        let built = body(named("customers").unwrap(), &fields, false).unwrap();
        assert!(built.batch_only);
        assert_eq!(Json::Object(built.json).to_string(), r#"{"billing":{"email":""}}"#);
    }

    #[test]
    fn addresses_are_told_as_wordpress_does() {
        for good in
            ["a@b.co", "uniq.one+tag@example.test", "o'brien@x-y.example.com", "A_B@EXAMPLE.COM"]
        {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "", "a", "a@b", "a@b.c d", "@b.co", "a@", "a@-b.co", "a@b..co", "ä@b.co", "a@b@c.co",
            "a b@c.co",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}

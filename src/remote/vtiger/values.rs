//! Values as Vtiger wants them, checked before they are sent: Vtiger ignores fields it does not
//! have, reads `1,234.50` as 1 and `true` as no, and drops a date it cannot read, all in silence.

use super::super::{ErrorKind, RemoteError, RemoteResult};
use super::call::refused;
use super::describe::Described;
use crate::model::{Fields, Value};
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json};
use syncdeck_records::UNREADABLE;

/// Between the values of a multi-select list.
const MANY: &str = " |##| ";
/// Can be written although `describe` does not name it.
const UNNAMED: [&str; 1] = ["currency_id"];

/// The JSON of a record to be written: all texts, without characters that Vtiger's tables or its
/// own JSON cannot hold.
pub(crate) fn element(module: &Described, values: &Fields) -> RemoteResult<Map<String, Json>> {
    let mut element = Map::new();
    for (path, value) in values.iter() {
        let field = module.info.field(path);
        let known = field.is_some() || UNNAMED.contains(&path);
        if !super::vtql::is_name(path) || !known || matches!(value, Value::Object(_)) {
            return Err(not_writable(&module.info.name, path));
        }
        let text = text(value);
        if text.contains(UNREADABLE) {
            return Err(unreadable(path));
        }
        let kind = field.map_or("", |f| f.type_name.as_str());
        let text = typed(path, kind, &text)?;
        element.insert(path.to_owned(), storable(&text).into());
    }
    Ok(element)
}

fn text(value: &Value) -> String {
    match value {
        Value::Bool(on) => if *on { "1" } else { "0" }.to_owned(),
        Value::List(items) => items.iter().map(text).collect::<Vec<_>>().join(MANY),
        other => other.to_text(),
    }
}

/// The text as a field of this type takes it.
fn typed(path: &str, kind: &str, text: &str) -> RemoteResult<String> {
    let trimmed = text.trim();
    let bad = |what: &str| Err(misread(path, trimmed, what));
    match kind {
        "boolean" => match trimmed.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Ok("1".to_owned()),
            "" | "0" | "false" | "no" | "off" => Ok("0".to_owned()),
            _ => bad("yes or no"),
        },
        _ if trimmed.is_empty() => Ok(text.to_owned()),
        "integer" | "double" | "currency" if !is_number(trimmed) => bad("a number such as 12.50"),
        "integer" | "double" | "currency" => Ok(trimmed.to_owned()),
        "date" if trimmed.parse::<Date>().is_err() => bad("a date such as 2026-01-31"),
        "reference" if !is_id(trimmed) => bad("the id of a record"),
        _ => Ok(text.to_owned()),
    }
}

fn is_number(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_digit() || matches!(b, b'.' | b'-');
    text.bytes().all(plain) && text.parse::<Decimal>().is_ok()
}

fn is_id(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    text.split_once('x').is_some_and(|(kind, number)| digits(kind) && digits(number))
}

/// The text without control characters, and with U+FFFD for what lies above U+FFFF: the tables are
/// MySQL's three-byte utf8 and would hold question marks.
pub(crate) fn storable(text: &str) -> String {
    text.chars()
        .filter(|c| *c >= ' ' || matches!(c, '\t' | '\n' | '\r'))
        .map(|c| if (c as u32) > 0xFFFF { '\u{FFFD}' } else { c })
        .collect()
}

fn not_writable(entity: &str, path: &str) -> RemoteError {
    let mut error = refused(
        format!("The field \"{path}\" of {entity} cannot be written."),
        "It is not a field of the record itself, or the user may not see it.",
        "Take the line out of the mapping, or let it go the other way only.",
    );
    error.field = Some(path.to_owned());
    error
}

fn misread(path: &str, text: &str, what: &str) -> RemoteError {
    let mut error = refused(
        format!("The value for \"{path}\" was not sent to Vtiger."),
        format!("\"{text}\" is not {what}, and Vtiger would misread it."),
        "Correct the value in the record it comes from, or the mapping.",
    );
    error.field = Some(path.to_owned());
    error
}

/// The refusal of a text that could not be read where it comes from.
pub(crate) fn unreadable(path: &str) -> RemoteError {
    let mut error = refused(
        format!("The value for \"{path}\" was not sent."),
        "It holds bytes that could not be read as text (not UTF-8) where it comes from.",
        "If it goes on, enter the text anew in the record it comes from.",
    );
    // It may have been spoiled on its way to us.
    error.kind = ErrorKind::Temporary;
    error.field = Some(path.to_owned());
    error
}

#[cfg(test)]
mod tests {
    use super::super::super::{EntityInfo, ErrorKind, FieldInfo};
    use super::*;

    fn module(fields: &[(&str, &str)]) -> Described {
        let field = |(path, kind): &(&str, &str)| FieldInfo {
            path: (*path).to_owned(),
            label: String::new(),
            type_name: (*kind).to_owned(),
            mandatory: false,
            writable: true,
            max_length: None,
            choices: Vec::new(),
            refers_to: Vec::new(),
        };
        Described {
            info: EntityInfo {
                id_fields: Vec::new(),
                name: "Contacts".into(),
                fields: fields.iter().map(field).collect(),
                ..EntityInfo::default()
            },
            prefix: "12".into(),
            readable: true,
            unique: Vec::new(),
        }
    }

    fn contacts() -> Described {
        module(&[
            ("lastname", "string"),
            ("donotcall", "boolean"),
            ("portal", "boolean"),
            ("emailoptout", "boolean"),
            ("email", "email"),
            ("unit_price", "currency"),
            ("reorderlevel", "integer"),
            ("birthday", "date"),
            ("account_id", "reference"),
            ("cf_1", "multipicklist"),
        ])
    }

    #[test]
    fn values_are_sent_as_vtiger_wants_them() {
        let fields: Fields = [
            ("lastname", Value::from("O'Br\u{7}ien 😀\n")),
            ("donotcall", Value::Bool(false)),
            ("portal", Value::from("true")),
            ("emailoptout", Value::from("")),
            ("email", Value::Null),
            ("unit_price", Value::Number("12.50".parse().unwrap())),
            ("reorderlevel", Value::from("")),
            ("birthday", Value::from("1999-12-31")),
            ("account_id", Value::from("11x3")),
            ("cf_1", Value::List(vec!["a".into(), "b".into()])),
            ("currency_id", Value::from("21x1")),
        ]
        .into_iter()
        .collect();
        assert_eq!(
            Json::Object(element(&contacts(), &fields).unwrap()).to_string(),
            r#"{"account_id":"11x3","birthday":"1999-12-31","cf_1":"a |##| b","currency_id":"21x1","donotcall":"0","email":"","emailoptout":"0","lastname":"O'Brien �\n","portal":"1","reorderlevel":"","unit_price":"12.50"}"#
        );
    }

    #[test]
    fn what_vtiger_would_misread_is_refused() {
        for (path, value) in [
            ("account_id.accountname", Value::from("x")),
            ("nothing", Value::from("x")),
            ("lastname", Value::Object(Fields::new())),
            ("unit_price", Value::from("1,234.50")),
            ("unit_price", Value::from("12,50")),
            ("reorderlevel", Value::from("many")),
            ("donotcall", Value::from("maybe")),
            ("birthday", Value::from("31/12/1999")),
            ("account_id", Value::from("0")),
            ("account_id", Value::from("Acme")),
        ] {
            let fields: Fields = [(path, value)].into_iter().collect();
            let error = element(&contacts(), &fields).unwrap_err();
            assert_eq!(error.field.as_deref(), Some(path));
            assert_eq!(error.kind, ErrorKind::Refused);
        }
        let spoiled = [("lastname", Value::from("M\u{FFFD}\u{FDD1}ller"))].into_iter().collect();
        let error = element(&contacts(), &spoiled).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Temporary, "perhaps it was spoiled on its way");
    }
}

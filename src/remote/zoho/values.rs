//! Values as Zoho wants them, by the types that it describes.

use super::super::{ErrorKind, RemoteError, RemoteResult};
use super::describe::Described;
use super::entity::Entity;
use super::lines::json_number;
use super::virtuals::{ABOUT_ACCOUNT, Half, SE_MODULE, half};
use crate::model::document::LINES;
use crate::model::{Fields, Stamp, UserError, Value};
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::str::FromStr;
use syncdeck_records::UNREADABLE;

/// The members of a record to be written. `held` is what the record holds now, as far as a value
/// is put together from it. Lines are not among them.
pub(crate) fn members(
    entity: &Entity,
    described: &Described,
    fields: &Fields,
    held: Option<&Fields>,
) -> RemoteResult<Map<String, Json>> {
    let mut json = Map::new();
    let mut instants: BTreeMap<&str, [Option<String>; 2]> = BTreeMap::new();
    for (path, value) in fields.iter().filter(|(path, _)| *path != LINES) {
        let text = value.to_text();
        if text.contains(UNREADABLE) {
            return Err(super::super::vtiger::unreadable(path));
        }
        if path == ABOUT_ACCOUNT {
            let empty = text.trim().is_empty();
            json.insert("What_Id".into(), if empty { Json::Null } else { reference(text.trim()) });
            if !empty {
                json.insert(SE_MODULE.into(), "Accounts".into());
            }
            continue;
        }
        if let Some((field, part)) = half(path, |f| described.is_instant(f)) {
            instants.entry(field).or_default()[usize::from(part == Half::Time)] = Some(text);
            continue;
        }
        let info = described.info.field(path);
        if info.is_some_and(|f| !f.writable) {
            return Err(bad(entity, path, "Zoho sets it itself."));
        }
        let (field, part) = path.split_once('.').unwrap_or((path, ""));
        let kind = described.type_of(field);
        match (kind, part) {
            ("", _) => return Err(bad(entity, path, "Zoho has no such field.")),
            (_, "id") if text.trim().is_empty() => {
                json.insert(field.into(), Json::Null);
            }
            (_, "id") => {
                json.insert(field.into(), reference(text.trim()));
            }
            (kind, "") => {
                let written = checked(kind, value).map_err(|why| bad(entity, path, &why))?;
                json.insert(field.into(), written);
            }
            _ => return Err(bad(entity, path, "Only the id of a reference can be written.")),
        }
    }
    for (field, halves) in instants {
        let value = instant(field, halves, held).map_err(|why| bad(entity, field, &why))?;
        json.insert(field.into(), value);
    }
    Ok(json)
}

/// The fields of which only one half is written: the other one is taken from what is held.
pub(crate) fn half_written(described: &Described, fields: &Fields) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (path, _) in fields.iter() {
        if let Some((field, _)) = half(path, |f| described.is_instant(f)) {
            *seen.entry(field.to_owned()).or_default() += 1;
        }
    }
    seen.into_iter().filter(|(_, n)| *n == 1).map(|(field, _)| field).collect()
}

fn reference(id: &str) -> Json {
    serde_json::json!({ "id": id })
}

/// The value as JSON, or why it does not fit. What is empty clears the field.
fn checked(kind: &str, value: &Value) -> Result<Json, String> {
    let text = value.to_text();
    let trimmed = text.trim();
    if kind == "boolean" {
        return match trimmed.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Ok(true.into()),
            "0" | "false" | "no" | "off" | "" => Ok(false.into()),
            _ => Err(format!("\"{trimmed}\" is neither yes nor no.")),
        };
    }
    if trimmed.is_empty() {
        return Ok(Json::Null);
    }
    Ok(match kind {
        "integer" => match Decimal::from_str(trimmed).ok().filter(Decimal::is_integer) {
            Some(number) => json_number(number),
            None => return Err(format!("\"{trimmed}\" is not a whole number.")),
        },
        "double" | "currency" | "percent" => match Decimal::from_str(trimmed) {
            Ok(number) => json_number(number),
            Err(_) => return Err(format!("\"{trimmed}\" is not a number such as 12.50.")),
        },
        "date" => match trimmed.get(..10).and_then(|d| d.parse::<jiff::civil::Date>().ok()) {
            Some(date) => date.to_string().into(),
            None => return Err(format!("\"{trimmed}\" is not a date such as 2026-11-21.")),
        },
        "datetime" => match Stamp::parse(trimmed).or_else(|| Stamp::parse(&as_utc(trimmed))) {
            Some(at) => super::call::written(at).into(),
            None => {
                return Err(format!("\"{trimmed}\" is not a time such as 2026-11-21T12:00:00Z."));
            }
        },
        "multiselectpicklist" => {
            let parts = trimmed.split([',', ';']).map(str::trim).filter(|p| !p.is_empty());
            Json::Array(parts.map(Into::into).collect())
        }
        _ => trimmed.replace("\r\n", "\n").into(),
    })
}

/// `2026-11-21 12:00:00` without a zone is UTC.
fn as_utc(text: &str) -> String {
    format!("{}Z", text.replacen(' ', "T", 1))
}

fn instant(
    field: &str,
    [date, time]: [Option<String>; 2],
    held: Option<&Fields>,
) -> Result<Json, String> {
    let now = held.and_then(|h| match h.get(field) {
        Some(Value::Text(text)) => Stamp::parse(text),
        _ => None,
    });
    let of_now = |format: &str| now.map(|at| at.timestamp().strftime(format).to_string());
    let date = date.filter(|d| !d.trim().is_empty()).or_else(|| of_now("%Y-%m-%d"));
    let Some(date) = date else { return Ok(Json::Null) };
    let time = time.filter(|t| !t.trim().is_empty()).or_else(|| of_now("%H:%M:%S"));
    let time = time.unwrap_or_else(|| "00:00:00".to_owned());
    let whole = format!("{}T{}Z", date.trim(), padded(time.trim()));
    match Stamp::parse(&whole) {
        Some(at) => Ok(super::call::written(at).into()),
        None => Err(format!("\"{} {}\" is not a date with a time.", date.trim(), time.trim())),
    }
}

/// `9:05` is `09:05:00`.
fn padded(time: &str) -> String {
    let mut parts: Vec<String> = time.split(':').map(|part| format!("{part:0>2}")).collect();
    while parts.len() < 3 {
        parts.push("00".to_owned());
    }
    parts.join(":")
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_follow_the_described_types() {
        for (kind, text, want) in [
            ("text", " a\r\nb ", json!("a\nb")),
            ("text", "", Json::Null),
            ("boolean", "1", json!(true)),
            ("boolean", "", json!(false)),
            ("integer", "12.00", json!(12)),
            ("currency", "12.50", json!(12.5)),
            ("date", "2026-11-21T10:00:00Z", json!("2026-11-21")),
            ("datetime", "2026-11-21 10:00:00", json!("2026-11-21T10:00:00+00:00")),
            ("multiselectpicklist", "a, b", json!(["a", "b"])),
            ("bigint", "5545974000000123001", json!("5545974000000123001")),
        ] {
            assert_eq!(checked(kind, &text.into()).unwrap(), want, "{kind} {text}");
        }
        for (kind, text) in [
            ("integer", "1.5"),
            ("currency", "12,50"),
            ("date", "21.11.2026"),
            ("boolean", "maybe"),
        ] {
            assert!(checked(kind, &text.into()).is_err(), "{kind} {text}");
        }
    }

    #[test]
    fn halves_of_an_instant_are_put_together() {
        let held: Fields = [("S", "2026-11-21T15:30:00+05:30")].into_iter().collect();
        let some = |text: &str| Some(text.to_owned());
        let made = |date, time, held| instant("S", [date, time], held).unwrap();
        assert_eq!(
            made(some("2026-12-01"), some("9:05"), None),
            json!("2026-12-01T09:05:00+00:00")
        );
        assert_eq!(made(None, some("11:00:00"), Some(&held)), json!("2026-11-21T11:00:00+00:00"));
        assert_eq!(made(some("2026-12-01"), None, Some(&held)), json!("2026-12-01T10:00:00+00:00"));
        assert_eq!(made(some("2026-12-01"), None, None), json!("2026-12-01T00:00:00+00:00"));
        assert_eq!(made(None, None, None), Json::Null);
        assert!(instant("S", [some("tomorrow"), None], None).is_err());
    }
}

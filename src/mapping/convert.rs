//! Converting: what the target is *sent* for a pair, or the reason why the record cannot travel.

use super::canonical::{boolean, items, parse_decimal, raw_text, storable};
use super::country::country_code;
use super::module_mapping::FieldLimits;
use super::transform::transformed;
use crate::model::document::{Line, lines_of, lines_value};
use crate::model::{EmptyRule, Fields, Pair, PairKind, Reason, ReasonCode, Side, UNLINKED, Value};

/// Whether the record is new on the target side, or has a value there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// It is going to be created.
    New,
    /// It exists.
    Existing,
}

/// The fields to send for a pair: path and value. Empty: nothing is to be sent.
pub type Written = Vec<(String, Value)>;

/// What Vtiger is sent for a pair of a service record.
///
/// # Errors
/// The reason why the record has to be skipped.
pub fn to_vtiger(
    pair: &Pair,
    limits: &FieldLimits,
    service: &Fields,
    target: Target,
) -> Result<Written, Reason> {
    if limits.vtiger_read_only {
        return Ok(Vec::new());
    }
    if pair.kind == PairKind::Items {
        return document(pair, Side::Service, service, &pair.vtiger);
    }
    let Some(raw) = raw_text(pair, Side::Service, service) else {
        return Ok(Vec::new());
    };
    let none = pair.kind == PairKind::Reference && pair.zero_is_empty && raw.trim() == "0";
    let text = if none { "".into() } else { transformed(pair, Side::Vtiger, &raw) };
    let text = filled(pair, text.trim());
    if text.is_empty() {
        let mandatory = pair.required || limits.vtiger_mandatory;
        return emptied(pair, mandatory, &pair.service_label(), target, || {
            vec![(pair.vtiger.clone(), Value::from(""))]
        });
    }
    let field = pair.vtiger.as_str();
    linked(pair, text, &pair.service_label())?;
    let text = match pair.kind {
        PairKind::Number => decimal(text, &pair.service_label())?.to_string(),
        PairKind::Integer => whole(text, &pair.service_label())?.to_string(),
        PairKind::Boolean => boolean(text)
            .ok_or_else(|| mismatch(&pair.service_label(), text, "yes or no"))?
            .to_owned(),
        PairKind::Date => day(text).to_owned(),
        _ => storable(text.into(), limits).into_owned(),
    };
    if let Some(length) = limits.vtiger_length {
        let has = text.chars().count();
        if has > length {
            let detail =
                format!("{} has {has} characters, {field} holds {length}.", pair.service_label());
            return Err(Reason::new(ReasonCode::TooLong, field, detail));
        }
    }
    if !limits.vtiger_choices.is_empty() && !limits.vtiger_choices.contains(&text) {
        let detail = format!("{field} has no value \"{text}\".");
        return Err(Reason::new(ReasonCode::UnknownPicklistValue, field, detail));
    }
    Ok(vec![(pair.vtiger.clone(), Value::from(text))])
}

/// What the service is sent for a pair of a Vtiger record.
///
/// # Errors
/// The reason why the record has to be skipped.
pub fn to_service(
    pair: &Pair,
    limits: &FieldLimits,
    vtiger: &Fields,
    target: Target,
) -> Result<Written, Reason> {
    if limits.service_read_only {
        return Ok(Vec::new());
    }
    if let (PairKind::Items, Some(path)) = (pair.kind, pair.service.first()) {
        return document(pair, Side::Vtiger, vtiger, path);
    }
    let raw = raw_text(pair, Side::Vtiger, vtiger).unwrap_or_default();
    let zero = pair.zero_is_empty && parse_decimal(&raw).is_some_and(|n| n.is_zero());
    let text = if zero { "".into() } else { transformed(pair, Side::Service, &raw) };
    let text = filled(pair, text.trim());
    let paths = &pair.service;
    if text.is_empty() {
        let mandatory = pair.required || limits.service_mandatory;
        return emptied(pair, mandatory, &pair.vtiger, target, || {
            paths.iter().map(|path| (path.clone(), Value::from(""))).collect()
        });
    }
    linked(pair, text, &pair.vtiger)?;
    let mut written: Written = match pair.kind {
        PairKind::Lines if paths.len() > 1 => address_lines(paths, text),
        _ if paths.len() > 1 => parts(paths, text),
        kind => {
            let Some(path) = paths.first() else {
                return Ok(Vec::new());
            };
            vec![(path.clone(), service_value(kind, pair, text)?)]
        }
    };
    written.extend(pair.with.iter().map(|(path, on)| (path.clone(), Value::Bool(*on))));
    Ok(written)
}

fn service_value(kind: PairKind, pair: &Pair, text: &str) -> Result<Value, Reason> {
    let mapped = pair.transform.iter().any(|t| matches!(t, crate::model::Transform::Map { .. }));
    Ok(match kind {
        PairKind::Number => Value::from(decimal(text, &pair.vtiger)?.to_string()),
        PairKind::Integer => Value::Number(whole(text, &pair.vtiger)?),
        PairKind::Boolean if mapped => Value::from(text),
        PairKind::Boolean => {
            let yes = boolean(text).ok_or_else(|| mismatch(&pair.vtiger, text, "yes or no"))?;
            Value::Bool(yes == "1")
        }
        PairKind::Country => {
            let code = country_code(text)
                .ok_or_else(|| mismatch(&pair.vtiger, text, "a country that SyncDeck knows"))?;
            Value::from(code)
        }
        _ => Value::from(text.replace("\r\n", "\n")),
    })
}

/// One part to each field, the rest to the last one.
fn parts(paths: &[String], text: &str) -> Written {
    let mut parts = text.splitn(paths.len(), '\n').map(str::trim);
    let mut part = || Value::from(parts.next().unwrap_or_default().to_owned());
    paths.iter().map(|path| (path.clone(), part())).collect()
}

/// A reference can travel only when the record it points to is linked.
fn linked(pair: &Pair, text: &str, field: &str) -> Result<(), Reason> {
    match (pair.kind, text.strip_prefix(UNLINKED)) {
        (PairKind::Reference, Some(id)) => Err(missing(pair, field, id)),
        _ => Ok(()),
    }
}

fn missing(pair: &Pair, field: &str, id: &str) -> Reason {
    let module = pair.module.map_or_else(String::new, |module| format!(" of {module}"));
    let detail = format!("{field} points to record {id}{module}.");
    Reason::new(ReasonCode::ReferenceMissing, &pair.vtiger, detail)
}

/// The lines of a document, once all their products are linked. A line is known to its own side
/// only, so its id stays behind.
fn document(pair: &Pair, from: Side, fields: &Fields, path: &str) -> Result<Written, Reason> {
    let Some(value) = items(pair, from, fields) else { return Ok(Vec::new()) };
    let mut lines = lines_of(value);
    if let Some(line) = lines.iter().find(|line| line.product.starts_with(UNLINKED)) {
        let field = format!("The line \"{}\"", line.name);
        return Err(missing(pair, &field, line.product.trim_start_matches(UNLINKED)));
    }
    for line in &mut lines {
        *line = Line { id: String::new(), ..std::mem::take(line) };
    }
    Ok(vec![(path.to_owned(), lines_value(&lines))])
}

/// The first line to the first field, all others to the second one.
fn address_lines(paths: &[String], text: &str) -> Written {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default().to_owned();
    let rest = lines.collect::<Vec<_>>().join(", ");
    let mut parts = [first, rest].into_iter();
    paths.iter().map(|path| (path.clone(), Value::from(parts.next().unwrap_or_default()))).collect()
}

fn filled<'a>(pair: &'a Pair, text: &'a str) -> &'a str {
    if text.is_empty() { pair.default.as_str() } else { text }
}

/// What an empty source means for the target.
fn emptied(
    pair: &Pair,
    mandatory: bool,
    source: &str,
    target: Target,
    clear: impl Fn() -> Written,
) -> Result<Written, Reason> {
    if mandatory {
        let detail = format!("{source} is empty.");
        return Err(Reason::new(ReasonCode::MandatoryFieldEmpty, &pair.vtiger, detail));
    }
    match (target, pair.empty) {
        (Target::New, _) | (_, EmptyRule::Keep) => Ok(Vec::new()),
        (Target::Existing, EmptyRule::Clear) => Ok(clear()),
    }
}

/// The day of a date with a time behind it.
fn day(text: &str) -> &str {
    let is_day = |day: &str| {
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        day.split('-').map(str::len).eq([4, 2, 2]) && day.split('-').all(digits)
    };
    text.get(..10).filter(|day| is_day(day)).unwrap_or(text)
}

fn decimal(text: &str, field: &str) -> Result<rust_decimal::Decimal, Reason> {
    parse_decimal(text).map(|n| n.normalize()).ok_or_else(|| mismatch(field, text, "a number"))
}

fn whole(text: &str, field: &str) -> Result<rust_decimal::Decimal, Reason> {
    let number = decimal(text, field)?;
    if number.is_integer() {
        Ok(number.trunc())
    } else {
        Err(mismatch(field, text, "a whole number"))
    }
}

fn mismatch(field: &str, text: &str, wanted: &str) -> Reason {
    let shown: String = text.chars().take(60).collect();
    let detail = format!("{field} holds \"{shown}\", which is not {wanted}.");
    Reason::new(ReasonCode::TypeMismatch, field, detail)
}

#[cfg(test)]
mod tests;

//! Canonical values: what is *compared*. Two sides agree on a pair when their canonical values are
//! the same text. What is *sent* is the value itself (`convert.rs`).

use super::country::country_code;
use super::module_mapping::FieldLimits;
use super::transform::transformed;
use crate::model::document::{Line, canonical_lines, lines_of};
use crate::model::{Fields, Pair, PairKind, Side, Stamp, Value};
use rust_decimal::Decimal;
use std::borrow::Cow;
use std::str::FromStr;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{decompose_canonical, is_combining_mark};

/// The canonical value of one pair on one side. `None`: that side has no opinion (a null that
/// means *not managed here*).
pub type Canonical = Option<String>;

/// The values of a pair as one text, as that side holds them: several service fields one under the
/// other, fallbacks where the main fields are empty.
pub fn raw_text<'f>(pair: &Pair, side: Side, fields: &'f Fields) -> Option<Cow<'f, str>> {
    if pair.kind == PairKind::Items {
        let lines = lines_of(items(pair, side, fields)?);
        return Some(lines.iter().map(Line::shown).collect::<Vec<_>>().join("\n").into());
    }
    match side {
        Side::Vtiger => Some(fields.get(&pair.vtiger).map(Value::text).unwrap_or_default()),
        Side::Service => {
            let null = |path: &String| matches!(fields.get(path), None | Some(Value::Null));
            if pair.null_is_silent && pair.service.iter().all(null) {
                return None;
            }
            let main = join_lines(pair.service.iter().filter_map(|path| fields.get(path)));
            if !main.is_empty() {
                return Some(main);
            }
            let fallback = pair.fallback.iter().filter_map(|path| fields.get(path));
            let found = fallback.map(Value::text).find(|text| !text.trim().is_empty());
            Some(found.unwrap_or(main))
        }
    }
}

/// The lines that a side holds; `None` if it tells none.
pub fn items<'f>(pair: &Pair, side: Side, fields: &'f Fields) -> Option<&'f Value> {
    let path = match side {
        Side::Vtiger => &pair.vtiger,
        Side::Service => pair.service.first()?,
    };
    fields.get(path).filter(|value| matches!(value, Value::List(_)))
}

/// The texts that are not blank, one under the other.
fn join_lines<'f>(values: impl Iterator<Item = &'f Value>) -> Cow<'f, str> {
    let mut joined = Cow::Borrowed("");
    for text in values.map(Value::text).filter(|text| !text.trim().is_empty()) {
        if joined.is_empty() {
            joined = text;
            continue;
        }
        let mut all = match joined {
            Cow::Owned(all) => all,
            Cow::Borrowed(first) => {
                let mut all = String::with_capacity(first.len() + 1 + text.len());
                all.push_str(first);
                all
            }
        };
        all.push('\n');
        all.push_str(&text);
        joined = all.into();
    }
    joined
}

/// The canonical value of a pair on one side, in the CRM's terms. `None` as in [`Canonical`].
pub fn canonical<'f>(
    pair: &Pair,
    side: Side,
    fields: &'f Fields,
    limits: &FieldLimits,
) -> Option<Cow<'f, str>> {
    if pair.once {
        return None;
    }
    if pair.kind == PairKind::Items {
        return items(pair, side, fields).map(|lines| canonical_lines(lines).into());
    }
    let raw = raw_text(pair, side, fields)?;
    let raw = match side {
        Side::Service if !pair.transform.is_empty() => {
            Cow::Owned(transformed(pair, Side::Vtiger, &raw).into_owned())
        }
        _ => raw,
    };
    Some(canonical_text(pair, raw, limits))
}

/// Makes a text of a pair canonical.
fn canonical_text<'t>(pair: &Pair, text: Cow<'t, str>, limits: &FieldLimits) -> Cow<'t, str> {
    let text = match pair.kind {
        PairKind::Text => storable(trimmed(text), limits),
        PairKind::Lines => lines(text, pair.service.len() > 1, limits),
        PairKind::Name => return folded(storable(trimmed(text), limits)),
        PairKind::Email => lower(trimmed(text)),
        PairKind::Number | PairKind::Integer => return number(&text, pair.zero_is_empty).into(),
        PairKind::Boolean => return boolean(&text).map_or_else(|| trimmed(text), Cow::Borrowed),
        PairKind::Date => return first_bytes(trimmed(text), 10),
        PairKind::DateTime => {
            let text = text.trim();
            let instant = Stamp::parse(text).map(|at| at.to_string());
            return instant.unwrap_or_else(|| text.replacen(' ', "T", 1)).into();
        }
        PairKind::Reference if pair.zero_is_empty && text.trim() == "0" => return "".into(),
        PairKind::Reference => return trimmed(text),
        PairKind::Items => return text,
        PairKind::Country => {
            let text = trimmed(text);
            return match country_code(&text) {
                Some(code) => code.into(),
                None => lower(text),
            };
        }
    };
    cut(text, limits.vtiger_length)
}

/// The text without white space at its ends.
fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => text.trim().into(),
        Cow::Owned(owned) if owned.trim().len() == owned.len() => owned.into(),
        Cow::Owned(owned) => owned.trim().to_owned().into(),
    }
}

/// The text up to a byte, if it can be cut there.
fn first_bytes(text: Cow<'_, str>, end: usize) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => text.get(..end).unwrap_or(text).into(),
        Cow::Owned(owned) => owned.get(..end).map(str::to_owned).unwrap_or(owned).into(),
    }
}

fn lower(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.is_ascii() && !text.bytes().any(|b| b.is_ascii_uppercase()) {
        return text;
    }
    text.to_lowercase().into()
}

/// The text without characters that the CRM cannot hold: control characters go, characters above
/// U+FFFF become U+FFFD, line ends are one kind.
pub fn storable<'t>(text: Cow<'t, str>, limits: &FieldLimits) -> Cow<'t, str> {
    let fits = |c: char| match c {
        '\n' | '\t' => true,
        c if c.is_control() => false,
        c => !limits.bmp_only || u32::from(c) <= 0xFFFF,
    };
    if text.chars().all(fits) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                out.push('\n');
            }
            '\n' | '\t' => out.push(c),
            c if c.is_control() => {}
            c if limits.bmp_only && u32::from(c) > 0xFFFF => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out.into()
}

/// The first line, and the others behind it: joined by commas where they share one field.
fn lines<'t>(text: Cow<'t, str>, two_fields: bool, limits: &FieldLimits) -> Cow<'t, str> {
    let text = storable(text, limits);
    if !text.contains('\n') {
        return trimmed(text);
    }
    let tidy = text.split('\n').all(|line| !line.is_empty() && line.trim() == line);
    if tidy && (!two_fields || text.matches('\n').count() == 1) {
        return text;
    }
    let kept: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let lines = match kept.split_first() {
        None => String::new(),
        Some((first, [])) => (*first).to_owned(),
        Some((first, rest)) if two_fields => format!("{first}\n{}", rest.join(", ")),
        Some(_) => kept.join("\n"),
    };
    lines.into()
}

fn cut(text: Cow<'_, str>, length: Option<usize>) -> Cow<'_, str> {
    // A text has no more characters than bytes.
    let end = match length.filter(|length| text.len() > *length) {
        Some(length) => text.char_indices().nth(length).map(|(at, _)| at),
        None => None,
    };
    match (end, text) {
        (None, text) => text,
        (Some(end), Cow::Borrowed(text)) => text[..end].trim_end().into(),
        (Some(end), Cow::Owned(text)) => text[..end].trim_end().to_owned().into(),
    }
}

/// A number without needless zeros and signs; what is no number stays as it is.
fn number(text: &str, zero_is_empty: bool) -> String {
    match parse_decimal(text) {
        Some(n) if n.is_zero() && zero_is_empty => String::new(),
        Some(n) if n.is_zero() => "0".into(),
        Some(n) => n.normalize().to_string(),
        None => text.trim().to_owned(),
    }
}

/// Reads a decimal number as the APIs write it: a dot, no grouping.
pub fn parse_decimal(text: &str) -> Option<Decimal> {
    let text = text.trim();
    Decimal::from_str(text).or_else(|_| Decimal::from_scientific(text)).ok()
}

/// `1` or `0` for the ways in which systems write yes and no.
pub fn boolean(text: &str) -> Option<&'static str> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "on" | "yes" => Some("1"),
        "0" | "false" | "off" | "no" | "" => Some("0"),
        _ => None,
    }
}

/// A name as the CRM's database compares it: without case, accents and white space at its ends.
pub fn folded_name(text: &str) -> String {
    folded(text.into()).into_owned()
}

/// [`folded_name`] without a copy of what is folded already.
pub fn folded(text: Cow<'_, str>) -> Cow<'_, str> {
    let text = trimmed(text);
    if text.is_ascii() {
        return lower(text);
    }
    if text.chars().any(grows) {
        return text.to_lowercase().into();
    }
    let folded = text.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    let folded: String = folded.collect();
    // A mark that stood alone leaves the blank before it behind.
    folded.nfc().collect::<String>().trim().replace('ß', "s").into()
}

/// Whether a character that the CRM can hold has parts that it cannot (compatibility ideographs
/// are such): taken apart, a name would change when it is folded twice.
fn grows(c: char) -> bool {
    let mut high = false;
    decompose_canonical(c, |part| high |= u32::from(part) > 0xFFFF);
    high && u32::from(c) <= 0xFFFF
}

#[cfg(test)]
mod tests;

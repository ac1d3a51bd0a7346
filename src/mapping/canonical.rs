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
pub fn raw_text(pair: &Pair, side: Side, fields: &Fields) -> Option<String> {
    if pair.kind == PairKind::Items {
        let lines = lines_of(items(pair, side, fields)?);
        return Some(lines.iter().map(Line::shown).collect::<Vec<_>>().join("\n"));
    }
    match side {
        Side::Vtiger => Some(fields.get(&pair.vtiger).map(Value::to_text).unwrap_or_default()),
        Side::Service => {
            let values: Vec<_> = pair.service.iter().map(|path| fields.get(path)).collect();
            let all_null = values.iter().all(|v| matches!(v, None | Some(Value::Null)));
            if pair.null_is_silent && all_null {
                return None;
            }
            let main = join_lines(values.into_iter().flatten().map(Value::to_text));
            if !main.trim().is_empty() {
                return Some(main);
            }
            let fallback = pair.fallback.iter().filter_map(|path| fields.get(path));
            let found = fallback.map(Value::to_text).find(|text| !text.trim().is_empty());
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

fn join_lines(texts: impl Iterator<Item = String>) -> String {
    let filled: Vec<String> = texts.filter(|text| !text.trim().is_empty()).collect();
    filled.join("\n")
}

/// The canonical value of a pair on one side, in the CRM's terms.
pub fn canonical(pair: &Pair, side: Side, fields: &Fields, limits: &FieldLimits) -> Canonical {
    if pair.once {
        return None;
    }
    if pair.kind == PairKind::Items {
        return items(pair, side, fields).map(canonical_lines);
    }
    let raw = raw_text(pair, side, fields)?;
    let text = match side {
        Side::Vtiger => Cow::Borrowed(raw.as_str()),
        Side::Service => transformed(pair, Side::Vtiger, &raw),
    };
    Some(canonical_text(pair, &text, limits))
}

/// Makes a text of a pair canonical.
fn canonical_text(pair: &Pair, text: &str, limits: &FieldLimits) -> String {
    let text = match pair.kind {
        PairKind::Text => storable(text.trim(), limits),
        PairKind::Lines => lines(text, pair.service.len() > 1, limits),
        PairKind::Name => return folded_name(&storable(text.trim(), limits)),
        PairKind::Email => text.trim().to_lowercase(),
        PairKind::Number | PairKind::Integer => return number(text, pair.zero_is_empty),
        PairKind::Boolean => return boolean(text).unwrap_or(text.trim()).to_owned(),
        PairKind::Date => return text.trim().get(..10).unwrap_or(text.trim()).to_owned(),
        PairKind::DateTime => {
            let text = text.trim();
            let instant = Stamp::parse(text).map(|at| at.to_string());
            return instant.unwrap_or_else(|| text.replacen(' ', "T", 1));
        }
        PairKind::Reference if pair.zero_is_empty && text.trim() == "0" => return String::new(),
        PairKind::Reference => return text.trim().to_owned(),
        PairKind::Items => return text.to_owned(),
        PairKind::Country => {
            let text = text.trim();
            return country_code(text).map_or_else(|| text.to_lowercase(), str::to_owned);
        }
    };
    cut(text, limits.vtiger_length)
}

/// The text without characters that the CRM cannot hold: control characters go, characters above
/// U+FFFF become U+FFFD, line ends are one kind.
pub fn storable(text: &str, limits: &FieldLimits) -> String {
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
    out
}

/// The first line, and the others behind it: joined by commas where they share one field.
fn lines(text: &str, two_fields: bool, limits: &FieldLimits) -> String {
    let text = storable(text, limits);
    let kept: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    match kept.split_first() {
        None => String::new(),
        Some((first, [])) => (*first).to_owned(),
        Some((first, rest)) if two_fields => format!("{first}\n{}", rest.join(", ")),
        Some(_) => kept.join("\n"),
    }
}

fn cut(text: String, length: Option<usize>) -> String {
    match length.and_then(|length| text.char_indices().nth(length)) {
        Some((at, _)) => text[..at].trim_end().to_owned(),
        None => text,
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
    let text = text.trim();
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    if text.chars().any(grows) {
        return text.to_lowercase();
    }
    let folded = text.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    let folded: String = folded.collect();
    // A mark that stood alone leaves the blank before it behind.
    folded.nfc().collect::<String>().trim().replace('ß', "s")
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

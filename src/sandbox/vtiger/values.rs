//! What Vtiger's database makes of a value.

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::Value as Json;

use super::registry::{Column, Type};
use crate::sandbox::clock::parse_date;
use crate::sandbox::patch::Value;
use crate::sandbox::text::cut;

/// The value as it reads back.
pub fn normal(column: &Column, value: &Json) -> Value {
    let text = match value {
        Json::String(text) => text.clone(),
        Json::Bool(true) => "true".into(),
        Json::Bool(false) | Json::Null => String::new(),
        Json::Number(number) => number.to_string(),
        Json::Array(_) | Json::Object(_) => "Array".into(),
    };
    Some(match column.kind {
        Type::Boolean => {
            let on = *value == Json::Bool(true) || text == "1" || text == "on";
            if on { "1".into() } else { "0".into() }
        }
        Type::Integer => decimal(&text, 0, 0),
        Type::Decimal => decimal(&text, column.decimals.0, column.decimals.1),
        Type::Date => date(&text),
        _ => three_bytes(match column.size {
            Some(size) => cut(&text, size),
            None => &text,
        }),
    })
}

/// The tables are 3-byte utf8: each byte of a longer character becomes a question mark.
fn three_bytes(text: &str) -> String {
    if text.chars().all(|c| c <= '\u{ffff}') {
        return text.to_owned();
    }
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if c > '\u{ffff}' {
            out.push_str("????");
        } else {
            out.push(c);
        }
        out
    })
}

/// The number a text begins with, rounded and shown with a fixed number of decimals.
fn decimal(text: &str, kept: usize, shown: usize) -> String {
    let text = text.trim();
    let end = text
        .char_indices()
        .find(|(i, c)| !(c.is_ascii_digit() || *c == '.' || (*i == 0 && matches!(c, '-' | '+'))))
        .map_or(text.len(), |(i, _)| i);
    let number = text[..end].trim_end_matches('.').parse::<Decimal>().unwrap_or_default();
    let digits = u32::try_from(kept).unwrap_or(0);
    let rounded = number.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero);
    let mut out = rounded.normalize().to_string();
    if shown > 0 {
        let have = out.split_once('.').map_or(0, |(_, d)| d.len());
        if have == 0 {
            out.push('.');
        }
        out.extend(std::iter::repeat_n('0', shown.saturating_sub(have)));
    }
    out
}

/// A date in one of the orders that are understood, else none.
fn date(text: &str) -> String {
    let text = text.trim();
    let parts: Vec<&str> = text.split(['-', '/', '.']).collect();
    let iso = match parts.as_slice() {
        [year, month, day] if year.len() == 4 => format!("{year}-{month:0>2}-{day:0>2}"),
        [day, month, year] if year.len() == 4 => format!("{year}-{month:0>2}-{day:0>2}"),
        _ => return String::new(),
    };
    if parse_date(&iso).is_some() { iso } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (text, kept, shown, stored) in [
            ("1234.567891", 5, 8, "1234.56789000"),
            ("4", 5, 8, "4.00000000"),
            ("1.2345", 2, 3, "1.230"),
            ("1,234.50", 5, 8, "1.00000000"),
            ("12.6", 0, 0, "13"),
            ("-2.5", 0, 0, "-3"),
            ("abc", 2, 3, "0.000"),
            ("", 0, 0, "0"),
        ] {
            assert_eq!(decimal(text, kept, shown), stored, "{text}");
        }
    }

    #[test]
    fn dates_and_emoji() {
        assert_eq!(date("2026-1-5"), "2026-01-05");
        assert_eq!(date("31/12/1999"), "1999-12-31");
        assert_eq!(date("31-12-1999"), "1999-12-31");
        assert_eq!(date("2026-02-30"), "");
        assert_eq!(date("soon"), "");
        assert_eq!(three_bytes("Zoë 🎉"), "Zoë ????");
    }
}

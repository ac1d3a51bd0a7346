//! Transforms: changes that a pair makes to a text on its way to one side.

use crate::model::{Pair, Part, Side, Transform};
use jiff::civil::Date;
use std::borrow::Cow;

/// A text after the pair's transforms on the way to a side. What a transform cannot read passes as
/// it is, and is judged by the target field.
pub fn transformed<'a>(pair: &Pair, target: Side, text: &'a str) -> Cow<'a, str> {
    let mut text = Cow::Borrowed(text);
    for transform in &pair.transform {
        if let Some(changed) = step(transform, target, &text, pair.service.len()) {
            text = Cow::Owned(changed);
        }
    }
    text
}

/// What a transform makes of a text; `None`: it stays.
fn step(transform: &Transform, target: Side, text: &str, fields: usize) -> Option<String> {
    match (transform, target) {
        (Transform::Truncate { length }, _) => {
            text.char_indices().nth(*length).map(|(at, _)| text[..at].to_owned())
        }
        (Transform::Lowercase, _) => Some(text.to_lowercase()),
        (Transform::Uppercase, _) => Some(text.to_uppercase()),
        (Transform::Map { to_vtiger, otherwise, .. }, Side::Vtiger) => {
            to_vtiger.get(text.trim()).or(otherwise.as_ref()).cloned()
        }
        (Transform::Map { to_service, .. }, Side::Service) => to_service.get(text.trim()).cloned(),
        (Transform::Constant { to_vtiger, .. }, Side::Vtiger) => to_vtiger.clone(),
        (Transform::Constant { to_service, .. }, Side::Service) => to_service.clone(),
        (Transform::Join { separator }, Side::Vtiger) => Some(text.replace('\n', separator)),
        (Transform::Join { separator }, Side::Service) => {
            Some(text.replacen(separator.as_str(), "\n", fields.saturating_sub(1)))
        }
        (Transform::Split { separator, part }, Side::Vtiger) => Some(split(text, separator, *part)),
        (Transform::DateFormat { service }, Side::Vtiger) => {
            Date::strptime(service, text.trim()).ok().map(|date| date.to_string())
        }
        (Transform::DateFormat { service }, Side::Service) => {
            let date: Date = text.trim().get(..10)?.parse().ok()?;
            jiff::fmt::strtime::format(service, date).ok()
        }
        (Transform::NumberFormat { decimal, thousands }, Side::Vtiger) => {
            let plain = if thousands.is_empty() {
                text.to_owned()
            } else {
                text.replace(thousands.as_str(), "")
            };
            Some(plain.replacen(decimal.as_str(), ".", 1))
        }
        (Transform::NumberFormat { decimal, .. }, Side::Service) => {
            Some(text.replacen('.', decimal, 1))
        }
        (Transform::HtmlToText, Side::Vtiger) => Some(plain_text(text)),
        (Transform::Split { .. } | Transform::HtmlToText, Side::Service) => None,
    }
}

fn split(text: &str, separator: &str, part: Part) -> String {
    let text = text.trim();
    let found = match part {
        Part::First => text.split(separator).next(),
        Part::Rest => text.split_once(separator).map(|(_, rest)| rest),
        Part::Last => text.rsplit(separator).next(),
    };
    found.unwrap_or_default().trim().to_owned()
}

/// HTML as plain text: block elements end lines, tags go, entities are decoded.
fn plain_text(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        let tag = &rest[open..];
        let starts_tag =
            tag[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
        let end = tag.find('>').filter(|_| starts_tag);
        let Some(end) = end else {
            out.push('<');
            rest = &tag[1..];
            continue;
        };
        if ends_line(&tag[1..end]) && !out.ends_with('\n') {
            out.push('\n');
        }
        rest = &tag[end + 1..];
    }
    out.push_str(rest);
    let decoded = html_escape::decode_html_entities(&out).replace('\u{a0}', " ");
    decoded.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim().to_owned()
}

fn ends_line(tag: &str) -> bool {
    let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
    let blocks =
        ["br", "p", "div", "li", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6"];
    blocks.iter().any(|block| name.eq_ignore_ascii_case(block))
}

/// Whether a notation can write a date and read it again.
pub fn is_date_format(format: &str) -> bool {
    let date = jiff::civil::date(2026, 12, 31);
    jiff::fmt::strtime::format(format, date)
        .ok()
        .and_then(|text| Date::strptime(format, text).ok())
        .is_some_and(|again| again == date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(transform: Transform, fields: usize) -> Pair {
        let mut pair = Pair::new("v", "s");
        pair.service = (0..fields).map(|n| format!("s{n}")).collect();
        pair.transform = vec![transform];
        pair
    }

    #[test]
    fn each_transform_does_what_its_name_says() {
        use Transform as T;
        let map = T::Map {
            to_vtiger: [("a".to_owned(), "A".to_owned())].into(),
            to_service: [("A".to_owned(), "a".to_owned())].into(),
            otherwise: Some("Other".into()),
        };
        let constant = T::Constant { to_vtiger: Some("Shop".into()), to_service: None };
        let join = T::Join { separator: " ".into() };
        let part = |part| T::Split { separator: " ".into(), part };
        let date = T::DateFormat { service: "%d/%m/%Y".into() };
        let number = T::NumberFormat { decimal: ",".into(), thousands: ".".into() };
        let table: &[(T, usize, Side, &str, &str)] = &[
            (T::Truncate { length: 3 }, 1, Side::Vtiger, "äöüß", "äöü"),
            (T::Lowercase, 1, Side::Vtiger, "ÄB", "äb"),
            (T::Uppercase, 1, Side::Service, "äb", "ÄB"),
            (map.clone(), 1, Side::Vtiger, " a ", "A"),
            (map.clone(), 1, Side::Vtiger, "x", "Other"),
            (map.clone(), 1, Side::Service, "A", "a"),
            (map, 1, Side::Service, "x", "x"),
            (constant.clone(), 1, Side::Vtiger, "", "Shop"),
            (constant, 1, Side::Service, "x", "x"),
            (join.clone(), 2, Side::Vtiger, "Anna\nvon Berg", "Anna von Berg"),
            (join, 2, Side::Service, "Anna von Berg", "Anna\nvon Berg"),
            (part(Part::First), 1, Side::Vtiger, "Anna von Berg", "Anna"),
            (part(Part::Rest), 1, Side::Vtiger, "Anna von Berg", "von Berg"),
            (part(Part::Rest), 1, Side::Vtiger, "Anna", ""),
            (part(Part::Last), 1, Side::Vtiger, "Anna von Berg", "Berg"),
            (date.clone(), 1, Side::Vtiger, "31/12/2026", "2026-12-31"),
            (date.clone(), 1, Side::Service, "2026-12-31", "31/12/2026"),
            (date, 1, Side::Vtiger, "soon", "soon"),
            (number.clone(), 1, Side::Vtiger, "1.234,50", "1234.50"),
            (number, 1, Side::Service, "1234.50", "1234,50"),
            (
                T::HtmlToText,
                1,
                Side::Vtiger,
                "<p>A &amp; B</p><ul><li>1 < 2</li></ul>",
                "A & B\n1 < 2",
            ),
            (T::HtmlToText, 1, Side::Service, "A < B", "A < B"),
        ];
        for (transform, fields, target, text, expected) in table {
            let pair = pair(transform.clone(), *fields);
            assert_eq!(transformed(&pair, *target, text), *expected, "{transform:?} {text}");
        }
    }

    #[test]
    fn a_notation_must_hold_the_whole_date() {
        assert!(is_date_format("%d.%m.%Y"));
        assert!(!is_date_format("%d.%m."));
        assert!(!is_date_format("%Q"));
    }
}

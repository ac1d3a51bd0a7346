//! The parts of a line in words.

use crate::model::{Direction, EmptyRule, Pair, PairKind, Part, Transform};

/// Every type that a line can have, with its name in files and on the screen.
pub const KINDS: [(PairKind, &str, &str); 12] = [
    (PairKind::Text, "text", "text"),
    (PairKind::Lines, "lines", "text of several lines"),
    (PairKind::Name, "name", "name: case and accents do not count"),
    (PairKind::Email, "email", "e-mail: case does not count"),
    (PairKind::Number, "number", "number"),
    (PairKind::Integer, "integer", "whole number"),
    (PairKind::Boolean, "boolean", "yes or no"),
    (PairKind::Date, "date", "date"),
    (PairKind::DateTime, "date-time", "date and time"),
    (PairKind::Country, "country", "country"),
    (PairKind::Reference, "reference", "reference to another record"),
    (PairKind::Items, "items", "lines of an order or invoice"),
];

/// The name of a type.
pub fn kind(kind: PairKind) -> &'static str {
    KINDS.iter().find(|(k, ..)| *k == kind).map_or("", |(_, name, _)| name)
}

/// The arrow of a line, Vtiger on the left, as far as the module lets it travel.
pub fn arrow(pair: Direction, module: Direction) -> &'static str {
    match (pair, module) {
        (Direction::Both, Direction::Both) => "↔",
        (Direction::ToVtiger, _) | (Direction::Both, Direction::ToVtiger) => "←",
        (Direction::ToService, _) | (Direction::Both, Direction::ToService) => "→",
    }
}

/// A direction in words.
pub fn way(direction: Direction, service: &str) -> String {
    match direction {
        Direction::Both => format!("Vtiger ↔ {service}"),
        Direction::ToVtiger => format!("{service} → Vtiger"),
        Direction::ToService => format!("Vtiger → {service}"),
    }
}

/// A transform in a word or two.
pub fn step(step: &Transform) -> String {
    match step {
        Transform::Truncate { length } => format!("cut to {length}"),
        Transform::Map { to_vtiger, to_service, .. } => {
            format!("table of {}", to_vtiger.len() + to_service.len())
        }
        Transform::Lowercase => "lower case".into(),
        Transform::Uppercase => "upper case".into(),
        Transform::Constant { to_vtiger, to_service } => {
            let values: Vec<_> =
                to_vtiger.iter().chain(to_service).map(|v| format!("\"{v}\"")).collect();
            format!("always {}", values.join(" / "))
        }
        Transform::Join { separator } => format!("joined by \"{separator}\""),
        Transform::Split { separator, part } => {
            let part = match part {
                Part::First => "first",
                Part::Rest => "rest",
                Part::Last => "last",
            };
            format!("{part} part at \"{separator}\"")
        }
        Transform::DateFormat { service } => format!("date as {service}"),
        Transform::NumberFormat { decimal, thousands } => {
            format!("number as 1{thousands}234{decimal}5")
        }
        Transform::HtmlToText => "HTML to text".into(),
    }
}

/// All transforms of a line.
pub fn steps(pair: &Pair) -> String {
    if pair.transform.is_empty() {
        return "none".into();
    }
    pair.transform.iter().map(step).collect::<Vec<_>>().join(", then ")
}

/// What the table shows of type and transforms.
pub fn how(pair: &Pair) -> String {
    let kind = kind(pair.kind);
    match pair.transform.as_slice() {
        [] => kind.to_owned(),
        [one] if pair.kind == PairKind::Text => step(one),
        _ => format!("{kind} +{}", pair.transform.len()),
    }
}

/// What an empty source does.
pub fn empty(rule: EmptyRule) -> &'static str {
    match rule {
        EmptyRule::Clear => "clears the target",
        EmptyRule::Keep => "leaves the target as it is",
    }
}

/// What few lines have: that which stands under *Advanced*.
pub fn advanced(pair: &Pair) -> Vec<String> {
    let mut all = Vec::new();
    if !pair.fallback.is_empty() {
        all.push(format!("else read from {}", pair.fallback.join(", ")));
    }
    if pair.once {
        all.push("used only when a record is created".to_owned());
    }
    if pair.zero_is_empty {
        all.push("zero counts as empty".to_owned());
    }
    if pair.null_is_silent {
        all.push("where the service says nothing, nothing is compared".to_owned());
    }
    for (path, on) in &pair.with {
        all.push(format!("{path} is set to {} with it", if *on { "yes" } else { "no" }));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_the_name_of_the_file() {
        for (kind, name, _) in KINDS {
            assert_eq!(serde_json::to_value(kind).unwrap(), name);
        }
    }

    #[test]
    fn the_arrow_is_within_the_module() {
        use Direction::{Both, ToService, ToVtiger};
        for (pair, module, shown) in [
            (Both, Both, "↔"),
            (Both, ToVtiger, "←"),
            (Both, ToService, "→"),
            (ToVtiger, Both, "←"),
            (ToService, Both, "→"),
        ] {
            assert_eq!(arrow(pair, module), shown);
        }
    }
}

//! Choosing a field: fuzzy search over the labels and names of the live fields.

use crate::model::{PairKind, Side};
use crate::remote::{EntityInfo, FieldInfo};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use tui_input::Input;

/// The list of fields to choose from.
#[derive(Debug, Clone, Default)]
pub struct Picker {
    /// Whose fields; `None`: Vtiger's.
    pub service: bool,
    /// What is typed.
    pub input: Input,
    /// The chosen line.
    pub cursor: usize,
    /// Service fields that are marked to be taken together.
    pub marked: Vec<String>,
}

impl Picker {
    /// Whose fields.
    pub fn side(&self) -> Side {
        if self.service { Side::Service } else { Side::Vtiger }
    }
}

/// A line of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    /// A field that the system describes.
    Field(&'a FieldInfo),
    /// What is typed, as it is: services have fields that they do not describe.
    Typed(&'a str),
}

impl Found<'_> {
    /// The path that is taken.
    pub fn path(&self) -> &str {
        match self {
            Self::Field(field) => &field.path,
            Self::Typed(path) => path,
        }
    }
}

/// The fields that what is typed finds, the best first; with nothing typed all, as the system tells
/// them. At the end what is typed itself, where it could be a path.
pub fn found<'a>(info: Option<&'a EntityInfo>, side: Side, typed: &'a str) -> Vec<Found<'a>> {
    let typed = typed.trim();
    let fields = info.map(|info| info.fields.as_slice()).unwrap_or_default();
    let mut lines: Vec<Found<'a>> = if typed.is_empty() {
        fields.iter().map(Found::Field).collect()
    } else {
        ranked(fields, typed)
    };
    let known = fields.iter().any(|field| field.path == typed);
    // Vtiger describes all its fields; only paths through a reference are not among them.
    let closed = side == Side::Vtiger && !fields.is_empty() && !typed.contains('.');
    if !known && !closed && is_path(typed) {
        lines.push(Found::Typed(typed));
    }
    lines
}

fn ranked<'a>(fields: &'a [FieldInfo], typed: &str) -> Vec<Found<'a>> {
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
    let mut buffer = Vec::new();
    let mut score = |text: &str| pattern.score(Utf32Str::new(text, &mut buffer), &mut matcher);
    let mut scored: Vec<(u32, usize)> = fields
        .iter()
        .enumerate()
        .filter_map(|(at, field)| {
            // A hit in the label or the name is worth more than one across both.
            let alone = score(&field.label).max(score(&field.path)).map(|score| score + 20);
            let both = || score(&format!("{} {}", field.label, field.path));
            Some((alone.or_else(both)?, at))
        })
        .collect();
    scored.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
    scored.into_iter().map(|(_, at)| Found::Field(&fields[at])).collect()
}

/// Whether a text could be the path of a field.
fn is_path(text: &str) -> bool {
    !text.is_empty()
        && text.split('.').all(|part| {
            !part.is_empty() && !part.chars().any(|c| c.is_control() || c.is_whitespace())
        })
}

/// The type that suits two fields, judged by what both systems call theirs.
pub fn suited(vtiger: Option<&FieldInfo>, service: Option<&FieldInfo>) -> PairKind {
    let name = |field: Option<&FieldInfo>| {
        field.map(|field| field.type_name.to_ascii_lowercase()).unwrap_or_default()
    };
    let (ours, theirs) = (name(vtiger), name(service));
    for one in [ours.as_str(), theirs.as_str()] {
        let kind = match one {
            "double" | "currency" | "decimal" | "percent" | "float" | "number" => PairKind::Number,
            "integer" | "bigint" | "int" => PairKind::Integer,
            "boolean" | "checkbox" => PairKind::Boolean,
            "date" => PairKind::Date,
            "datetime" | "date-time" | "instant" => PairKind::DateTime,
            "email" => PairKind::Email,
            "reference" | "lookup" => PairKind::Reference,
            "items" | "lines" => PairKind::Items,
            // A text field takes anything that the other side calls by a type of its own.
            "text" | "textarea" if one == ours => PairKind::Lines,
            _ if one == ours && !one.is_empty() => PairKind::Text,
            _ => continue,
        };
        return kind;
    }
    PairKind::Text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::fixture::fields::field;

    fn info() -> EntityInfo {
        EntityInfo {
            fields: vec![
                field("salutationtype", "Salutation", "string"),
                field("lastname", "Last Name", "string"),
                field("mailingstreet", "Mailing Street", "text"),
                field("mailingcity", "Mailing City", "string"),
                field("cf_854", "VAT Number", "string"),
                field("modifiedtime", "Modified Time", "datetime"),
                field("straße", "Straße", "string"),
            ],
            ..EntityInfo::default()
        }
    }

    #[test]
    fn the_best_hit_stands_first() {
        let info = info();
        for (typed, first) in [
            ("", "salutationtype"),
            ("last", "lastname"),
            ("lname", "lastname"),
            ("vat", "cf_854"),
            ("cf854", "cf_854"),
            ("mail city", "mailingcity"),
            ("MCITY", "mailingcity"),
            ("mtime", "modifiedtime"),
            ("street mail", "mailingstreet"),
            ("strasse", "straße"),
        ] {
            let found = found(Some(&info), Side::Service, typed);
            assert_eq!(found[0].path(), first, "{typed}: {found:?}");
        }
        assert_eq!(found(Some(&info), Side::Service, "").len(), 7);
    }

    #[test]
    fn a_path_that_nobody_describes_can_be_taken_as_typed() {
        let info = info();
        let last = |typed| found(Some(&info), Side::Service, typed).last().copied();
        assert_eq!(last("meta_data.vat"), Some(Found::Typed("meta_data.vat")));
        assert_eq!(last("lastname").map(|f| matches!(f, Found::Typed(_))), Some(false));
        assert_eq!(last("two words.x"), None);
        assert_eq!(last("a..b"), None);
        let ours = |typed| found(Some(&info), Side::Vtiger, typed).len();
        assert_eq!((ours("cf_999x"), ours("account_id.phone")), (0, 1));
        assert_eq!(found(None, Side::Vtiger, "billing.city"), [Found::Typed("billing.city")]);
    }

    #[test]
    fn types_are_suited_to_both_fields() {
        for (ours, theirs, kind) in [
            ("string", "string", PairKind::Text),
            ("double", "string", PairKind::Number),
            ("string", "integer", PairKind::Text),
            ("boolean", "string", PairKind::Boolean),
            ("date", "date-time", PairKind::Date),
            ("email", "email", PairKind::Email),
            ("text", "string", PairKind::Lines),
            ("", "number", PairKind::Number),
            ("", "", PairKind::Text),
        ] {
            let (ours, theirs) = (field("v", "V", ours), field("s", "S", theirs));
            assert_eq!(suited(Some(&ours), Some(&theirs)), kind);
        }
    }
}

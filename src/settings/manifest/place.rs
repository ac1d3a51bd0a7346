//! Where in a manifest's text something stands.

use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The places of a manifest's entries.
pub(super) struct Places<'t> {
    table: Option<Spanned<DeTable<'t>>>,
}

impl<'t> Places<'t> {
    /// The places of this text; none if it is no TOML.
    pub(super) fn of(text: &'t str) -> Self {
        Self { table: DeTable::parse(text).ok() }
    }

    /// Where the entry at this path stands; of what is missing, where it would stand.
    pub(super) fn at(&self, path: &[&str]) -> Range<usize> {
        let Some(table) = &self.table else { return 0..0 };
        let mut table = table.get_ref();
        let mut place = 0..0;
        for (n, name) in path.iter().enumerate() {
            let Some((key, value)) = table.iter().find(|(key, _)| key.get_ref() == name) else {
                return place;
            };
            place = key.span();
            match value.get_ref() {
                DeValue::Table(below) => table = below,
                // The line of a mapping is named by its Vtiger field.
                DeValue::Array(items) => {
                    let Some(named) = path.get(n + 1) else { return place };
                    let line = items.iter().find(|item| {
                        let vtiger = item.get_ref().get("vtiger");
                        vtiger.and_then(|v| v.get_ref().as_str()) == Some(named)
                    });
                    return line.map_or(place, Spanned::span);
                }
                _ => return place,
            }
        }
        place
    }

    /// The place that a message of the parser is about. Of an entry inside a table whose kind is
    /// read first, the parser only knows the table.
    pub(super) fn blamed(
        &self,
        text: &str,
        message: &str,
        span: Option<Range<usize>>,
    ) -> Range<usize> {
        let span = span.unwrap_or(0..0);
        let mut quoted = message.split('`').skip(1).step_by(2);
        let Some(name) = quoted.next().filter(|_| message.starts_with("unknown")) else {
            return span;
        };
        if text.get(span.clone()).is_some_and(|t| t.trim_start_matches('"').starts_with(name)) {
            return span;
        }
        let from = span.start.min(text.len());
        let rest = text.get(from..).unwrap_or("");
        let found = rest.match_indices(name).find(|(at, _)| {
            let before = rest[..*at].trim_end_matches(['"', '\'']).chars().next_back();
            let after = rest[at + name.len()..].trim_start_matches(['"', '\'']).trim_start();
            let alone = before.is_none_or(|c| c.is_whitespace() || ",{.[".contains(c));
            alone && after.starts_with(['=', '.', ']'])
        });
        let value = || {
            let quoted = format!("\"{name}\"");
            rest.find(&quoted).map(|at| (at, name))
        };
        found.or_else(value).map_or(span, |(at, name)| from + at..from + at + name.len())
    }
}

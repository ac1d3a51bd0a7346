//! Queries in Vtiger's query language, built by code only.
//!
//! A query that MySQL refuses is answered with *success* and no rows, which looks like absence. So
//! no query is ever put together by hand: names are checked against a strict pattern, and every
//! value is quoted.

use std::fmt::Write as _;

/// The most rows of one answer.
pub(crate) const LIMIT: usize = 100;
/// The longest query, encoded for an address, with room for the rest of a request line of 8 kB.
pub(crate) const LONGEST: usize = 6_500;

/// How a field is compared.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Op {
    /// Equal (Vtiger ignores case, accents and trailing spaces).
    Eq,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
}

/// A query under construction.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    text: String,
    conditions: usize,
}

impl Query {
    /// `SELECT fields FROM module`. Names that are no names are left out; `id` always comes along.
    pub(crate) fn select<'a>(module: &str, fields: impl IntoIterator<Item = &'a str>) -> Self {
        let names: Vec<&str> = fields.into_iter().filter(|f| is_name(f)).collect();
        let list = if names.is_empty() { "id".to_owned() } else { names.join(",") };
        let module = if is_name(module) { module } else { "Unknown" };
        Self { text: format!("select {list} from {module}"), conditions: 0 }
    }

    /// A condition, joined to those before by AND.
    pub(crate) fn and(self, field: &str, op: Op, value: &str) -> Self {
        self.condition("and", field, op, value)
    }

    /// A condition, joined to those before by OR, which binds less tightly than AND.
    pub(crate) fn or(self, field: &str, op: Op, value: &str) -> Self {
        self.condition("or", field, op, value)
    }

    fn condition(mut self, join: &str, field: &str, op: Op, value: &str) -> Self {
        let op = match op {
            Op::Eq => "=",
            Op::Gt => ">",
            Op::Ge => ">=",
        };
        self.begin(join, field);
        let _ = write!(self.text, " {op} {}", quoted(value));
        self
    }

    /// `field IN (values)`, joined by AND.
    pub(crate) fn among<'a>(
        mut self,
        field: &str,
        values: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let list: Vec<String> = values.into_iter().map(quoted).collect();
        self.begin("and", field);
        let _ = write!(self.text, " in ({})", list.join(","));
        self
    }

    fn begin(&mut self, join: &str, field: &str) {
        let join = if self.conditions == 0 { "where" } else { join };
        let field = if is_name(field) { field } else { "id" };
        let _ = write!(self.text, " {join} {field}");
        self.conditions += 1;
    }

    /// `ORDER BY`, ascending, with the largest page.
    pub(crate) fn ordered(self, by: &str) -> String {
        format!("{} order by {by} limit {LIMIT};", self.text)
    }

    /// `ORDER BY … DESC`, with the largest page.
    pub(crate) fn latest(self, by: &str) -> String {
        format!("{} order by {by} desc limit {LIMIT};", self.text)
    }
}

/// Whether a text can stand in a query as a field's or module's name.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A value in quotes. The empty text cannot be written in this language; a blank stands for it,
/// which MySQL's comparison takes for the same.
pub(crate) fn quoted(value: &str) -> String {
    if value.is_empty() {
        return "' '".to_owned();
    }
    let mut out = String::with_capacity(value.len() + 2);
    out.push('\'');
    for c in value.chars() {
        match c {
            '\'' => out.push_str("''"),
            '\\' => out.push_str("\\\\"),
            c if (c as u32) < 0x20 && !matches!(c, '\t' | '\n' | '\r') => {}
            // The tables hold no characters above U+FFFF; a query with one finds nothing.
            c if (c as u32) > 0xFFFF => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// How long a text is in an address.
pub(crate) fn encoded_len(text: &str) -> usize {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'*' | b' ') {
                1
            } else {
                3
            }
        })
        .sum()
}

/// Splits values into pieces of at most `most`, so short that a query with them fits an address
/// after `used` bytes.
pub(crate) fn pieces<'a>(values: &[&'a str], most: usize, used: usize) -> Vec<Vec<&'a str>> {
    let room = LONGEST.saturating_sub(used).max(500);
    let mut all: Vec<Vec<&str>> = Vec::new();
    let mut length = 0;
    for value in values {
        let size = encoded_len(&quoted(value)) + 3;
        match all.last_mut() {
            Some(piece) if piece.len() < most && length + size <= room => {
                piece.push(value);
                length += size;
            }
            _ => {
                all.push(vec![value]);
                length = size;
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted() {
        for (value, want) in [
            ("O'Brien", "'O''Brien'"),
            ("a\\b", "'a\\\\b'"),
            ("a\\", "'a\\\\'"),
            ("''", "''''''"),
            ("", "' '"),
            ("100% _x", "'100% _x'"),
            ("a;b\"c select", "'a;b\"c select'"),
            ("Größe €", "'Größe €'"),
            ("smile 😀!", "'smile \u{FFFD}!'"),
            ("bell\u{7}\u{0}", "'bell'"),
            ("two\nlines", "'two\nlines'"),
        ] {
            assert_eq!(quoted(value), want);
        }
    }

    #[test]
    fn queries_are_built_whole() {
        let query = Query::select("Contacts", ["lastname", "email", "bad name;", "account_id.x"])
            .and("modifiedtime", Op::Gt, "2026-11-21 19:24:00")
            .or("modifiedtime", Op::Eq, "2026-11-21 19:24:00")
            .and("id", Op::Gt, "12x5")
            .ordered("modifiedtime, id");
        assert_eq!(
            query,
            "select lastname,email from Contacts where modifiedtime > '2026-11-21 19:24:00' \
             or modifiedtime = '2026-11-21 19:24:00' and id > '12x5' order by modifiedtime, id limit 100;"
        );
        assert_eq!(
            Query::select("Accounts", []).among("id", ["11x2", "11x'3"]).ordered("id"),
            "select id from Accounts where id in ('11x2','11x''3') order by id limit 100;"
        );
        assert_eq!(
            Query::select("A; drop", ["x"]).latest("modifiedtime"),
            "select x from Unknown order by modifiedtime desc limit 100;"
        );
    }

    #[test]
    fn values_are_split_to_fit_an_address() {
        let many: Vec<String> = (0..1000).map(|n| format!("customer{n}+ö@example.com")).collect();
        let refs: Vec<&str> = many.iter().map(String::as_str).collect();
        let pieces = pieces(&refs, 80, 400);
        assert_eq!(pieces.iter().map(Vec::len).sum::<usize>(), 1000);
        for piece in &pieces {
            let query = Query::select("Contacts", ["email"]).among("email", piece.iter().copied());
            assert!(piece.len() <= 80);
            assert!(encoded_len(&query.ordered("id")) < LONGEST);
        }
    }
}

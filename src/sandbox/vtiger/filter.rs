//! The conditions of a query, made ready: literals unescaped as MySQL does, folded once, and
//! looked through for what narrows the search.

use std::cmp::Ordering;

use super::fail::Failure;
use super::registry::{Module, Type};
use super::store::{Row, Store};
use super::vtql::{Condition, Op, Operand};
use crate::sandbox::clock::{parse_date, parse_stamp};
use crate::sandbox::text::fold;

/// Alternatives of tests that must all hold; no alternative at all lets everything through.
#[derive(Debug, Clone)]
pub struct Filter {
    any: Vec<Vec<Test>>,
}

#[derive(Debug, Clone)]
struct Test {
    column: u8,
    op: Op,
    with: With,
    /// The column is the record's own id.
    id: bool,
    /// A modification time.
    stamp: bool,
    indexed: bool,
}

#[derive(Debug, Clone)]
enum With {
    /// Record numbers.
    Ids(Vec<u64>),
    /// Numbers.
    Numbers(Vec<f64>),
    /// Folded texts.
    Texts(Vec<String>),
    /// A pattern of LIKE, folded.
    Pattern(Vec<Piece>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    One(char),
    AnyOne,
    Any,
}

/// Makes conditions ready. `None` is a condition whose SQL would fail.
pub fn compile(module: &Module, any: &[Vec<Condition>]) -> Result<Option<Filter>, Failure> {
    let mut filter = Filter { any: Vec::with_capacity(any.len()) };
    for all in any {
        let mut tests = Vec::with_capacity(all.len());
        for condition in all {
            match test(module, condition)? {
                Some(test) => tests.push(test),
                None => return Ok(None),
            }
        }
        filter.any.push(tests);
    }
    Ok(Some(filter))
}

fn test(module: &Module, condition: &Condition) -> Result<Option<Test>, Failure> {
    let Some(column) = module.column(&condition.field) else {
        return Ok(None);
    };
    let spec = module.at(column);
    let op = condition.op;
    let with = match &spec.kind {
        Type::Id => ids(&condition.values).map(With::Ids),
        Type::Reference(_) => {
            let references =
                condition.values.iter().map(reference).collect::<Result<Vec<u64>, _>>()?;
            Some(With::Ids(references))
        }
        Type::Owner => ids(&condition.values).map(With::Ids),
        _ if op == Op::Like => {
            literals(&condition.values).map(|texts| With::Pattern(pattern(&texts[0])))
        }
        Type::Boolean | Type::Integer | Type::Decimal => {
            let texts = literals_or_digits(&condition.values);
            texts.map(|t| With::Numbers(t.iter().map(|t| leading_number(t)).collect()))
        }
        _ => literals_or_digits(&condition.values)
            .map(|t| With::Texts(t.iter().map(|t| fold(t)).collect())),
    };
    let stamp = spec.name == "modifiedtime";
    let id = spec.kind == Type::Id;
    Ok(with.map(|with| Test { column, op, with, id, stamp, indexed: spec.indexed }))
}

/// Ids must be quoted and look like ids, or the SQL fails.
fn ids(values: &[Operand]) -> Option<Vec<u64>> {
    values
        .iter()
        .map(|value| match value {
            Operand::Quoted(text) => text.split_once('x')?.1.parse().ok(),
            Operand::Bare(text) => text.split_once('x')?.1.parse().ok(),
        })
        .collect()
}

fn reference(value: &Operand) -> Result<u64, Failure> {
    let (Operand::Quoted(text) | Operand::Bare(text)) = value;
    let number = text.split_once('x').and_then(|(_, n)| n.parse().ok());
    number.ok_or_else(Failure::bad_id)
}

/// Quoted values as MySQL reads them; a bare word is an unknown column there.
fn literals(values: &[Operand]) -> Option<Vec<String>> {
    values
        .iter()
        .map(|value| match value {
            Operand::Quoted(text) => unescape(text),
            Operand::Bare(_) => None,
        })
        .collect()
}

fn literals_or_digits(values: &[Operand]) -> Option<Vec<String>> {
    values
        .iter()
        .map(|value| match value {
            Operand::Quoted(text) => unescape(text),
            Operand::Bare(text) => text.parse::<i64>().is_ok().then(|| text.clone()),
        })
        .collect()
}

/// MySQL's backslashes. `None` when one would swallow a quote, which breaks the statement.
fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next()? {
            '\'' => return None,
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            '0' => out.push('\0'),
            'b' => out.push('\u{8}'),
            'Z' => out.push('\u{1a}'),
            wild @ ('%' | '_') => {
                out.push('\\');
                out.push(wild);
            }
            other => out.push(other),
        }
    }
    Some(out)
}

fn leading_number(text: &str) -> f64 {
    let text = text.trim_start();
    let end = text
        .char_indices()
        .find(|(i, c)| !(c.is_ascii_digit() || *c == '.' || (*i == 0 && matches!(c, '-' | '+'))))
        .map_or(text.len(), |(i, _)| i);
    text[..end].parse().unwrap_or(0.0)
}

fn pattern(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut chars = text.chars();
    let folded = |c: char, pieces: &mut Vec<Piece>| {
        if c == ' ' {
            pieces.push(Piece::One(' '));
        } else {
            pieces.extend(fold(c.encode_utf8(&mut [0; 4])).chars().map(Piece::One));
        }
    };
    while let Some(c) = chars.next() {
        match c {
            '%' => pieces.push(Piece::Any),
            '_' => pieces.push(Piece::AnyOne),
            '\\' => match chars.next() {
                Some(escaped) => folded(escaped, &mut pieces),
                None => pieces.push(Piece::One('\\')),
            },
            _ => folded(c, &mut pieces),
        }
    }
    pieces
}

/// Whether the text has the pattern's shape, by the usual greedy walk with one way back.
fn like(pieces: &[Piece], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    loop {
        match pieces.get(p) {
            Some(Piece::Any) => {
                back = Some((p, t));
                p += 1;
                continue;
            }
            Some(Piece::AnyOne) if t < text.len() => (p, t) = (p + 1, t + 1),
            Some(Piece::One(c)) if text.get(t) == Some(c) => (p, t) = (p + 1, t + 1),
            None if t == text.len() => return true,
            _ => match back {
                Some((any, from)) if from < text.len() => {
                    back = Some((any, from + 1));
                    (p, t) = (any + 1, from + 1);
                }
                _ => return false,
            },
        }
    }
}

impl Filter {
    /// Whether records are asked for by their ids.
    pub fn names_ids(&self) -> bool {
        let named = |test: &Test| test.id && matches!(test.op, Op::In | Op::Eq);
        self.any.iter().flatten().any(named)
    }

    /// Everything is let through.
    pub fn any(&self) -> bool {
        self.any.is_empty()
    }

    /// Whether the row is let through.
    pub fn holds(&self, row: &Row<'_>, scratch: &mut String) -> bool {
        self.any.is_empty()
            || self.any.iter().any(|all| all.iter().all(|test| test.holds(row, scratch)))
    }

    /// The few ids that can be meant, when every alternative names ids or values of an index.
    pub fn points(&self, store: &Store, at: usize) -> Option<Vec<u64>> {
        if self.any.is_empty() {
            return None;
        }
        let mut found = Vec::new();
        for all in &self.any {
            found.extend(all.iter().find_map(|test| test.points(store, at))?);
        }
        found.sort_unstable();
        found.dedup();
        Some(found)
    }

    /// No row with a smaller id is let through.
    pub fn first_id(&self) -> Option<u64> {
        self.lowest(|test| match (&test.with, test.op) {
            (With::Ids(ids), Op::Gt | Op::Ge) if test.id => ids.first().copied(),
            _ => None,
        })
    }

    /// No row modified earlier is let through.
    pub fn first_stamp(&self) -> Option<i64> {
        self.lowest(|test| match (&test.with, test.op) {
            (With::Texts(texts), Op::Gt | Op::Ge | Op::Eq) if test.stamp => {
                let text = texts.first()?;
                parse_stamp(text).or_else(|| parse_date(text))
            }
            _ => None,
        })
    }

    fn lowest<T: Ord>(&self, bound: impl Fn(&Test) -> Option<T>) -> Option<T> {
        let bounds: Option<Vec<T>> =
            self.any.iter().map(|all| all.iter().filter_map(&bound).max()).collect();
        bounds?.into_iter().min()
    }
}

impl Test {
    fn points(&self, store: &Store, at: usize) -> Option<Vec<u64>> {
        if !matches!(self.op, Op::Eq | Op::In) {
            return None;
        }
        match &self.with {
            With::Ids(ids) if self.id => Some(ids.clone()),
            With::Texts(texts) if self.indexed => {
                Some(texts.iter().flat_map(|text| store.with_key(at, self.column, text)).collect())
            }
            _ => None,
        }
    }

    fn holds(&self, row: &Row<'_>, scratch: &mut String) -> bool {
        scratch.clear();
        if self.id {
            let With::Ids(ids) = &self.with else {
                return false;
            };
            return compare(self.op, |id| row.id.partial_cmp(id), ids);
        }
        if !row.read(self.column, scratch) {
            return false;
        }
        match &self.with {
            With::Ids(ids) => {
                let number =
                    scratch.rsplit('x').next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
                compare(self.op, |id| number.partial_cmp(id), ids)
            }
            With::Numbers(numbers) => {
                let number = leading_number(scratch);
                compare(self.op, |other| number.partial_cmp(other), numbers)
            }
            With::Texts(texts) => {
                let text = fold(scratch);
                compare(self.op, |other| text.partial_cmp(other), texts)
            }
            With::Pattern(pieces) => {
                let text: Vec<char> = like_text(scratch).chars().collect();
                like(pieces, &text)
            }
        }
    }
}

/// LIKE does not ignore trailing blanks.
fn like_text(text: &str) -> String {
    let blanks = text.len() - text.trim_end_matches(' ').len();
    let mut folded = fold(text);
    folded.extend(std::iter::repeat_n(' ', blanks));
    folded
}

fn compare<T>(op: Op, order: impl Fn(&T) -> Option<Ordering>, values: &[T]) -> bool {
    let first = || values.first().and_then(&order);
    match op {
        Op::Eq | Op::Like => first() == Some(Ordering::Equal),
        Op::Ne => first().is_some_and(|o| o != Ordering::Equal),
        Op::Lt => first() == Some(Ordering::Less),
        Op::Le => first().is_some_and(|o| o != Ordering::Greater),
        Op::Gt => first() == Some(Ordering::Greater),
        Op::Ge => first().is_some_and(|o| o != Ordering::Less),
        Op::In => values.iter().any(|v| order(v) == Some(Ordering::Equal)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let matches = |p: &str, t: &str| {
            let text: Vec<char> = like_text(t).chars().collect();
            like(&pattern(p), &text)
        };
        for (p, t) in [
            ("a%", "Ábc"),
            ("%b%", "abc"),
            ("a_c", "aéc"),
            ("%", ""),
            ("100\\%", "100%"),
            ("%x%y", "axbxy"),
            ("\\\\", "\\"),
            ("a ", "a "),
        ] {
            assert!(matches(p, t), "{t} like {p}");
        }
        for (p, t) in [("a", "ab"), ("100\\%", "100x"), ("_", ""), ("a ", "a"), ("%x%y", "xyz")] {
            assert!(!matches(p, t), "{t} not like {p}");
        }
    }

    #[test]
    fn backslashes_as_mysql_reads_them() {
        assert_eq!(unescape("a\\\\b").as_deref(), Some("a\\b"));
        assert_eq!(unescape("50\\%").as_deref(), Some("50\\%"));
        assert_eq!(unescape("a\\"), None);
        assert_eq!(unescape("a\\'b"), None);
        assert!((leading_number("12.5x") - 12.5).abs() < f64::EPSILON);
    }
}

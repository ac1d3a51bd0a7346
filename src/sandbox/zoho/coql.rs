//! The query language: `select … from … where … order by … limit …`, as far as it is documented.

use std::cmp::Ordering;

use super::store::{Record, Store, Table, parse_time, plain};
use crate::sandbox::text::fold;

/// A parsed query.
#[derive(Debug)]
pub struct Query {
    /// The columns.
    pub columns: Vec<String>,
    /// The table.
    pub table: Table,
    condition: Condition,
    order: Vec<(String, bool)>,
    limit: usize,
    offset: usize,
}

#[derive(Debug)]
enum Condition {
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Test { field: String, op: String, values: Vec<String> },
}

/// Why a query is refused: code and message.
pub type Refusal = (&'static str, String);

#[derive(Debug, Clone, PartialEq)]
enum Word {
    Name(String),
    Text(String),
    Sign(String),
}

fn syntax(near: &str) -> Refusal {
    ("SYNTAX_ERROR", format!("error occured while parsing the query near {near}"))
}

fn words(text: &str) -> Result<Vec<Word>, Refusal> {
    let mut words = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => {}
            '\'' | '"' => {
                let mut out = String::new();
                loop {
                    match chars.next() {
                        None => return Err(syntax("the end")),
                        Some('\\') => out.extend(chars.next()),
                        Some(end) if end == c => break,
                        Some(other) => out.push(other),
                    }
                }
                words.push(Word::Text(out));
            }
            '(' | ')' | ',' => words.push(Word::Sign(c.to_string())),
            '<' | '>' | '=' | '!' => {
                let mut sign = c.to_string();
                sign.extend(chars.next_if_eq(&'='));
                words.push(Word::Sign(sign));
            }
            c if c.is_alphanumeric() || matches!(c, '_' | '$' | '-') => {
                let mut name = c.to_string();
                while let Some(c) = chars.next_if(|c| {
                    c.is_alphanumeric() || matches!(c, '_' | '.' | '$' | '-' | ':' | '+')
                }) {
                    name.push(c);
                }
                words.push(Word::Name(name));
            }
            other => return Err(syntax(&other.to_string())),
        }
    }
    Ok(words)
}

struct Parser {
    words: std::vec::IntoIter<Word>,
    next: Option<Word>,
}

impl Parser {
    fn new(text: &str) -> Result<Self, Refusal> {
        let mut words = words(text)?.into_iter();
        let next = words.next();
        Ok(Self { words, next })
    }

    fn take(&mut self) -> Option<Word> {
        std::mem::replace(&mut self.next, self.words.next())
    }

    fn is(&self, wanted: &str) -> bool {
        match &self.next {
            Some(Word::Name(name)) => name.eq_ignore_ascii_case(wanted),
            Some(Word::Sign(sign)) => sign == wanted,
            _ => false,
        }
    }

    fn eat(&mut self, wanted: &str) -> bool {
        let found = self.is(wanted);
        if found {
            self.take();
        }
        found
    }

    fn must(&mut self, wanted: &str) -> Result<(), Refusal> {
        if self.eat(wanted) { Ok(()) } else { Err(syntax(wanted)) }
    }

    fn name(&mut self) -> Result<String, Refusal> {
        match self.take() {
            Some(Word::Name(name)) => Ok(name),
            _ => Err(syntax("a name")),
        }
    }

    fn value(&mut self) -> Result<String, Refusal> {
        match self.take() {
            Some(Word::Name(text) | Word::Text(text)) => Ok(text),
            _ => Err(syntax("a value")),
        }
    }

    fn number(&mut self) -> Result<usize, Refusal> {
        self.name()?.parse().map_err(|_| syntax("limit"))
    }

    /// Two conditions at most; more have to be put into brackets.
    fn condition(&mut self) -> Result<Condition, Refusal> {
        let first = self.primary()?;
        let both = if self.eat("and") {
            Condition::And(Box::new(first), Box::new(self.primary()?))
        } else if self.eat("or") {
            Condition::Or(Box::new(first), Box::new(self.primary()?))
        } else {
            return Ok(first);
        };
        if self.is("and") || self.is("or") { Err(syntax("and")) } else { Ok(both) }
    }

    fn primary(&mut self) -> Result<Condition, Refusal> {
        if self.eat("(") {
            let inner = self.condition()?;
            self.must(")")?;
            return Ok(inner);
        }
        let field = self.name()?;
        let op = match self.take() {
            Some(Word::Sign(sign))
                if ["=", "!=", "<", "<=", ">", ">="].contains(&sign.as_str()) =>
            {
                sign
            }
            Some(Word::Name(word)) => word.to_ascii_lowercase(),
            _ => return Err(syntax(&field)),
        };
        let values = match op.as_str() {
            "is" => {
                let not = self.eat("not");
                self.must("null")?;
                let op = if not { "is not" } else { "is" }.to_owned();
                return Ok(Condition::Test { field, op, values: Vec::new() });
            }
            "in" => {
                self.must("(")?;
                let mut values = vec![self.value()?];
                while self.eat(",") {
                    values.push(self.value()?);
                }
                self.must(")")?;
                values
            }
            "=" | "!=" | "<" | "<=" | ">" | ">=" | "like" => vec![self.value()?],
            other => return Err(syntax(other)),
        };
        if values.len() > 50 {
            return Err(("LIMIT_EXCEEDED", "in: at most 50 values".to_owned()));
        }
        Ok(Condition::Test { field, op, values })
    }
}

/// Reads a query.
pub fn parse(text: &str) -> Result<Query, Refusal> {
    let mut parser = Parser::new(text)?;
    parser.must("select")?;
    let mut columns = vec![parser.name()?];
    while parser.eat(",") {
        columns.push(parser.name()?);
    }
    if columns.len() > 50 {
        return Err(("LIMIT_EXCEEDED", "at most 50 columns".to_owned()));
    }
    parser.must("from")?;
    let module = parser.name()?;
    let table =
        Table::module(&module).ok_or(("INVALID_QUERY", format!("invalid module {module}")))?;
    if !parser.eat("where") {
        return Err(("SYNTAX_ERROR", "missing clause: where".to_owned()));
    }
    let condition = parser.condition()?;
    let mut order = Vec::new();
    if parser.eat("order") {
        parser.must("by")?;
        loop {
            let field = parser.name()?;
            let down = parser.eat("desc");
            if !down {
                parser.eat("asc");
            }
            order.push((field, down));
            if !parser.eat(",") {
                break;
            }
        }
    }
    let (mut limit, mut offset) = (200, 0);
    if parser.eat("limit") {
        limit = parser.number()?;
        if parser.eat(",") {
            offset = limit;
            limit = parser.number()?;
        }
    }
    if parser.eat("offset") {
        offset = parser.number()?;
    }
    if limit > 2000 {
        return Err(("LIMIT_EXCEEDED", "limit: at most 2000".to_owned()));
    }
    match parser.next {
        None => Ok(Query { columns, table, condition, order, limit, offset }),
        Some(word) => Err(syntax(&format!("{word:?}"))),
    }
}

/// Makes values of a field comparable: numbers, instants, texts without case.
fn compare(field: &str, held: &str, wanted: &str) -> Ordering {
    if field == "id" || field.ends_with(".id") {
        return held.parse::<u64>().ok().cmp(&wanted.parse().ok());
    }
    if let (Some(a), Some(b)) = (parse_time(held), parse_time(wanted)) {
        return a.cmp(&b);
    }
    if let (Ok(a), Ok(b)) = (held.parse::<f64>(), wanted.parse::<f64>()) {
        return a.total_cmp(&b);
    }
    fold(held).cmp(&fold(wanted))
}

impl Condition {
    fn holds(&self, get: &impl Fn(&str) -> String) -> bool {
        match self {
            Self::And(a, b) => a.holds(get) && b.holds(get),
            Self::Or(a, b) => a.holds(get) || b.holds(get),
            Self::Test { field, op, values } => {
                let held = get(field);
                let than =
                    |n: usize| values.get(n).map_or(Ordering::Equal, |v| compare(field, &held, v));
                match op.as_str() {
                    "is" => held.is_empty(),
                    "is not" => !held.is_empty(),
                    "in" => (0..values.len()).any(|n| than(n).is_eq()),
                    "=" => than(0).is_eq(),
                    "!=" => than(0).is_ne(),
                    _ if held.is_empty() => false,
                    "<" => than(0).is_lt(),
                    "<=" => than(0).is_le(),
                    ">" => than(0).is_gt(),
                    ">=" => than(0).is_ge(),
                    "like" => {
                        let pattern = values.first().map(|v| fold(v)).unwrap_or_default();
                        let (a, b) = (pattern.starts_with('%'), pattern.ends_with('%'));
                        let bare = pattern.trim_matches('%');
                        let held = fold(&held);
                        match (a, b) {
                            (true, true) => held.contains(bare),
                            (true, false) => held.ends_with(bare),
                            (false, true) => held.starts_with(bare),
                            (false, false) => held == bare,
                        }
                    }
                    _ => false,
                }
            }
        }
    }

    /// Fields that are known without making the record.
    fn is_cheap(&self) -> bool {
        match self {
            Self::And(a, b) | Self::Or(a, b) => a.is_cheap() && b.is_cheap(),
            Self::Test { field, .. } => matches!(field.as_str(), "id" | "Modified_Time"),
        }
    }
}

impl Query {
    /// The numbers of the records, and whether there are more.
    pub fn run(&self, store: &Store) -> (Vec<u64>, bool) {
        let mut found: Vec<u64> = match &self.condition {
            Condition::Test { field, op, values } if op == "in" || op == "=" => {
                let mut all: Vec<u64> =
                    values.iter().flat_map(|v| store.with(self.table, field, v)).collect();
                if field == "id" {
                    all =
                        values.iter().filter_map(|v| self.table.number(v.parse().ok()?)).collect();
                    all.retain(|n| store.get(self.table, *n).is_some());
                }
                all.sort_unstable();
                all.dedup();
                all
            }
            condition => {
                let cheap = condition.is_cheap();
                let mut all = store.numbers(self.table);
                all.retain(|n| {
                    let record = (!cheap).then(|| store.get(self.table, *n)).flatten();
                    condition.holds(&|field| value(store, self.table, *n, record.as_deref(), field))
                });
                all
            }
        };
        if self.order.iter().any(|(field, down)| field != "id" || *down) {
            let keys = |n: &u64| -> Vec<String> {
                let deep =
                    self.order.iter().any(|(f, _)| !matches!(f.as_str(), "id" | "Modified_Time"));
                let record = deep.then(|| store.get(self.table, *n)).flatten();
                self.order
                    .iter()
                    .map(|(f, _)| value(store, self.table, *n, record.as_deref(), f))
                    .collect()
            };
            let mut keyed: Vec<(Vec<String>, u64)> = found.iter().map(|n| (keys(n), *n)).collect();
            keyed.sort_by(|(a, _), (b, _)| {
                let mut order = Ordering::Equal;
                for (at, (field, down)) in self.order.iter().enumerate() {
                    let by = compare(field, &a[at], &b[at]);
                    order = order.then(if *down { by.reverse() } else { by });
                }
                order
            });
            found = keyed.into_iter().map(|(_, n)| n).collect();
        }
        let more = found.len() > self.offset + self.limit;
        (found.into_iter().skip(self.offset).take(self.limit).collect(), more)
    }
}

fn value(store: &Store, table: Table, n: u64, record: Option<&Record>, field: &str) -> String {
    match field {
        "id" => table.id(n).to_string(),
        "Modified_Time" => super::store::time(store.modified(table, n)),
        field => record.and_then(|r| r.get(field)).map(plain).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_conditions_need_brackets() {
        assert_eq!(parse("select id from Leads").unwrap_err().0, "SYNTAX_ERROR");
        assert!(parse("select id from Leads where (a = 1 and b = 2 and c = 3)").is_err());
        assert!(parse("select id from Leads where ((a = 1 and b = 2) and c = 3) limit 5").is_ok());
        assert!(parse("select id from Nothings where id is not null").is_err());
        let quoted =
            parse(r"select id from Accounts where Account_Name in ('O\'Brien', 'x')").unwrap();
        assert!(format!("{quoted:?}").contains("O'Brien"));
    }
}

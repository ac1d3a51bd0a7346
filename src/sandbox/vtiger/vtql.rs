//! Vtiger's query language: a lexer and a parser for the whole of it.
//!
//! ```text
//! SELECT ( * | count(*) | f1,f2,... ) FROM Module
//!   [WHERE cond {AND|OR cond}]  [ORDER BY f1,f2,... [ASC|DESC]]  [LIMIT n | LIMIT offset,n] ;
//! cond := field ( = | != | < | <= | > | >= | LIKE ) value  |  field IN ( value {, value} )
//! value := 'text'  |  bare word of [A-Za-z0-9_]  |  +-digits
//! ```
//! AND binds tighter than OR, so a WHERE is kept as alternatives of conditions that must all hold.

/// A query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select {
    /// What is asked for.
    pub columns: Columns,
    /// From which module.
    pub module: String,
    /// Alternatives, each a list of conditions that must all hold; empty without WHERE.
    pub any: Vec<Vec<Condition>>,
    /// Columns to sort by.
    pub order: Vec<String>,
    /// The last of them downwards.
    pub descending: bool,
    /// Offset and number of rows, as written.
    pub limit: Option<(Option<Operand>, Operand)>,
}

/// The columns of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Columns {
    /// `*`
    All,
    /// `count(*)`
    Count,
    /// A list.
    Named(Vec<String>),
}

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The column.
    pub field: String,
    /// How it is compared.
    pub op: Op,
    /// With what; several for IN.
    pub values: Vec<Operand>,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Like,
    In,
}

/// A value in a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// In quotes, with `''` undone.
    Quoted(String),
    /// Without quotes.
    Bare(String),
}

/// Why a text is no query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bad {
    /// A character no token begins with, or an empty string: Vtiger's lexer throws.
    Lexer,
    /// Tokens in the wrong order.
    Syntax(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Number(String),
    Quoted(String),
    Symbol(&'static str),
}

const SYMBOLS: [&str; 11] = ["!=", "<=", ">=", "<", ">", "=", "(", ")", ",", "*", ";"];

/// Reads a query.
pub fn parse(text: &str) -> Result<Select, Bad> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0 };
    let select = parser.select()?;
    match parser.tokens.get(parser.at) {
        None => Ok(select),
        Some(_) => Err(parser.unexpected("end of input")),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, Bad> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first == '\'' {
            let (string, length) = quoted(rest)?;
            tokens.push(Token::Quoted(string));
            length
        } else if let Some(symbol) = SYMBOLS.iter().find(|s| rest.starts_with(**s)) {
            tokens.push(Token::Symbol(symbol));
            symbol.len()
        } else {
            let (token, length) = word(rest).ok_or(Bad::Lexer)?;
            tokens.push(token);
            length
        };
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

/// A string from its opening quote on: its text and its length in the query.
fn quoted(rest: &str) -> Result<(String, usize), Bad> {
    let mut text = String::new();
    let mut from = 1;
    loop {
        let end = from + rest[from..].find('\'').ok_or(Bad::Lexer)?;
        text.push_str(&rest[from..end]);
        if rest[end + 1..].starts_with('\'') {
            text.push('\'');
            from = end + 2;
        } else if end == 1 {
            return Err(Bad::Lexer);
        } else {
            return Ok((text, end + 1));
        }
    }
}

fn word(rest: &str) -> Option<(Token, usize)> {
    let signed = rest.strip_prefix(['+', '-']);
    if let Some(digits) = signed {
        let length = digits.bytes().take_while(u8::is_ascii_digit).count();
        return (length > 0).then(|| (Token::Number(rest[..=length].to_owned()), length + 1));
    }
    let length = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    let text = &rest[..length];
    match length {
        0 => None,
        _ if text.bytes().all(|b| b.is_ascii_digit()) => {
            Some((Token::Number(text.to_owned()), length))
        }
        _ => Some((Token::Word(text.to_owned()), length)),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn select(&mut self) -> Result<Select, Bad> {
        self.keyword("SELECT")?;
        let columns = self.columns()?;
        self.keyword("FROM")?;
        let module = self.name("module name")?;
        let any = if self.try_keyword("WHERE") { self.alternatives()? } else { Vec::new() };
        let (mut order, mut descending) = (Vec::new(), false);
        if self.try_keyword("ORDER") {
            self.keyword("BY")?;
            order = self.names()?;
            descending = self.try_keyword("DESC");
            if !descending {
                self.try_keyword("ASC");
            }
        }
        let limit = if self.try_keyword("LIMIT") { Some(self.limit()?) } else { None };
        self.symbol(";")?;
        Ok(Select { columns, module, any, order, descending, limit })
    }

    fn columns(&mut self) -> Result<Columns, Bad> {
        if self.try_symbol("*") {
            return Ok(Columns::All);
        }
        let count = matches!(self.peek(), Some(Token::Word(w)) if w.eq_ignore_ascii_case("count"));
        if count && self.tokens.get(self.at + 1) == Some(&Token::Symbol("(")) {
            self.at += 1;
            for symbol in ["(", "*", ")"] {
                self.symbol(symbol)?;
            }
            return Ok(Columns::Count);
        }
        self.names().map(Columns::Named)
    }

    fn alternatives(&mut self) -> Result<Vec<Vec<Condition>>, Bad> {
        let mut any = vec![vec![self.condition()?]];
        loop {
            if self.try_keyword("AND") {
                let condition = self.condition()?;
                if let Some(all) = any.last_mut() {
                    all.push(condition);
                }
            } else if self.try_keyword("OR") {
                any.push(vec![self.condition()?]);
            } else {
                return Ok(any);
            }
        }
    }

    fn condition(&mut self) -> Result<Condition, Bad> {
        let field = self.name("column name")?;
        if self.try_keyword("IN") {
            self.symbol("(")?;
            let mut values = vec![self.operand()?];
            while self.try_symbol(",") {
                values.push(self.operand()?);
            }
            self.symbol(")")?;
            return Ok(Condition { field, op: Op::In, values });
        }
        let op = if self.try_keyword("LIKE") {
            Op::Like
        } else {
            let ops = [
                ("=", Op::Eq),
                ("!=", Op::Ne),
                ("<", Op::Lt),
                ("<=", Op::Le),
                (">", Op::Gt),
                (">=", Op::Ge),
            ];
            let found = ops.into_iter().find(|(symbol, _)| self.try_symbol(symbol));
            found.ok_or_else(|| self.unexpected("=, !=, <, <=, >, >=, LIKE, IN"))?.1
        };
        Ok(Condition { field, op, values: vec![self.operand()?] })
    }

    fn limit(&mut self) -> Result<(Option<Operand>, Operand), Bad> {
        let first = self.operand()?;
        if self.try_symbol(",") { Ok((Some(first), self.operand()?)) } else { Ok((None, first)) }
    }

    fn operand(&mut self) -> Result<Operand, Bad> {
        let operand = match self.peek() {
            Some(Token::Quoted(text)) => Operand::Quoted(text.clone()),
            Some(Token::Word(text) | Token::Number(text)) if !is_keyword(text) => {
                Operand::Bare(text.clone())
            }
            _ => return Err(self.unexpected("VALUE")),
        };
        self.at += 1;
        Ok(operand)
    }

    fn names(&mut self) -> Result<Vec<String>, Bad> {
        let mut names = vec![self.name("column name")?];
        while self.try_symbol(",") {
            names.push(self.name("column name")?);
        }
        Ok(names)
    }

    fn name(&mut self, what: &str) -> Result<String, Bad> {
        match self.peek() {
            Some(Token::Word(word)) if !is_keyword(word) => {
                let word = word.clone();
                self.at += 1;
                Ok(word)
            }
            _ => Err(self.unexpected(what)),
        }
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn try_keyword(&mut self, keyword: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(w)) if w.eq_ignore_ascii_case(keyword));
        self.at += usize::from(found);
        found
    }

    fn try_symbol(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Symbol(s)) if *s == symbol);
        self.at += usize::from(found);
        found
    }

    fn keyword(&mut self, keyword: &str) -> Result<(), Bad> {
        if self.try_keyword(keyword) { Ok(()) } else { Err(self.unexpected(keyword)) }
    }

    fn symbol(&mut self, symbol: &str) -> Result<(), Bad> {
        if self.try_symbol(symbol) { Ok(()) } else { Err(self.unexpected(symbol)) }
    }

    fn unexpected(&self, expected: &str) -> Bad {
        let found = match self.peek() {
            None => "end of input",
            Some(Token::Word(t) | Token::Number(t) | Token::Quoted(t)) => t,
            Some(Token::Symbol(s)) => s,
        };
        Bad::Syntax(format!(
            "Syntax Error on line 1: token '{found}' unexpected, expected one of: {expected}"
        ))
    }
}

fn is_keyword(word: &str) -> bool {
    ["select", "from", "where", "and", "or", "order", "by", "asc", "desc", "limit", "in", "like"]
        .iter()
        .any(|k| word.eq_ignore_ascii_case(k))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted_value(query: &str) -> String {
        match &parse(query).unwrap().any[0][0].values[0] {
            Operand::Quoted(text) => text.clone(),
            Operand::Bare(text) => panic!("{text} is bare"),
        }
    }

    #[test]
    fn whole_queries_are_read() {
        let q = parse(
            "select firstname , email from Contacts where lastname like 'a%' or id > '12x5' AND email IN ('x', b,+3)\n\
             order by modifiedtime,id DESC limit 10 , 20 ;",
        )
        .unwrap();
        assert_eq!(q.columns, Columns::Named(vec!["firstname".into(), "email".into()]));
        assert_eq!(q.any.len(), 2, "AND binds tighter");
        assert_eq!(q.any[1].len(), 2);
        assert_eq!(q.any[1][1].op, Op::In);
        assert_eq!(q.any[1][1].values[2], Operand::Bare("+3".into()));
        assert_eq!(q.order, ["modifiedtime", "id"]);
        assert!(q.descending);
        assert_eq!(q.limit, Some((Some(Operand::Bare("10".into())), Operand::Bare("20".into()))));
        assert_eq!(parse("SELECT COUNT(*) FROM Contacts;").unwrap().columns, Columns::Count);
        assert_eq!(parse("select * from Contacts limit 5;").unwrap().columns, Columns::All);
    }

    #[test]
    fn strings_are_unquoted() {
        for (query, text) in [
            ("select id from C where a='O''Brien';", "O'Brien"),
            ("select id from C where a='''x';", "'x"),
            ("select id from C where a='x''';", "x'"),
            ("select id from C where a='''';", "'"),
            ("select id from C where a='a;b where';", "a;b where"),
            ("select id from C where a='ünï ☃';", "ünï ☃"),
            ("select id from C where a='back\\\\slash';", "back\\\\slash"),
            ("select id from C where a=' ';", " "),
        ] {
            assert_eq!(quoted_value(query), text, "{query}");
        }
    }

    #[test]
    fn what_is_not_there_is_refused() {
        for query in [
            "select id from C",
            "select id from C where (a='1');",
            "select id from C where a not in ('1');",
            "select id from C where a <> '1';",
            "select id from C where a is null;",
            "select id from C where a between '1';",
            "select distinct a from C;",
            "select count(id) from C;",
            "select a as b from C;",
            "select a from C order by a desc, b;",
            "select id from C; select id from C;",
            "select id from C where a='1' and;",
            "",
        ] {
            assert!(matches!(parse(query), Err(Bad::Syntax(_))), "{query}");
        }
        for query in [
            "select id from C where a='';",
            "select id from C where a=\"1\";",
            "select a.b from C;",
            "select id from C where a=x@y;",
            "select id from C where a='open;",
        ] {
            assert_eq!(parse(query), Err(Bad::Lexer), "{query}");
        }
    }
}

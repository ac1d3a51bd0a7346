//! Transforms as they are entered: a kind and a text for each parameter.

use crate::model::{Part, Transform};
use std::collections::BTreeMap;

/// A parameter of a transform.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    /// Its label.
    pub label: &'static str,
    /// What can be entered.
    pub help: &'static str,
    /// What can be chosen: in the file and on the screen. Empty: any text.
    pub choices: &'static [(&'static str, &'static str)],
}

/// A kind of transform.
#[derive(Debug, Clone, Copy)]
pub struct StepKind {
    /// The name in files.
    pub key: &'static str,
    /// The label.
    pub label: &'static str,
    /// What it does.
    pub help: &'static str,
    /// Its parameters.
    pub params: &'static [Param],
}

const fn text(label: &'static str, help: &'static str) -> Param {
    Param { label, help, choices: &[] }
}

const TABLE: &str = "Value = other value; the next = its other value. What is not in the table \
                     passes as it is. Quote what has = or ; in it.";

/// Every kind.
pub const STEPS: &[StepKind] = &[
    StepKind {
        key: "truncate",
        label: "cut the text",
        help: "Cuts to a number of characters.",
        params: &[text("characters", "The longest text that passes, such as 100.")],
    },
    StepKind {
        key: "map",
        label: "table of values",
        help: "Replaces whole values by a table for each way.",
        params: &[
            text("for Vtiger", TABLE),
            text("for the service", TABLE),
            text(
                "else for Vtiger",
                "What Vtiger gets for a value that is not in the table; empty: the value.",
            ),
        ],
    },
    StepKind { key: "lowercase", label: "lower case", help: "Turns to lower case.", params: &[] },
    StepKind { key: "uppercase", label: "upper case", help: "Turns to upper case.", params: &[] },
    StepKind {
        key: "constant",
        label: "fixed value",
        help: "A fixed value, whatever the source holds.",
        params: &[
            text("for Vtiger", "What Vtiger always gets; empty: the value of the service."),
            text("for the service", "What the service always gets; empty: Vtiger's value."),
        ],
    },
    StepKind {
        key: "join",
        label: "join fields",
        help: "Joins several service fields into Vtiger's one, and splits it on the way back.",
        params: &[text("between them", "What stands between the parts, such as \" \" or \", \".")],
    },
    StepKind {
        key: "split",
        label: "part of the text",
        help: "Takes one part of the service's text. It cannot travel back.",
        params: &[
            text("split at", "What stands between the parts, such as \" \"."),
            Param {
                label: "which part",
                help: "Which part Vtiger gets.",
                choices: &[
                    ("first", "the first"),
                    ("rest", "all behind the first"),
                    ("last", "the last"),
                ],
            },
        ],
    },
    StepKind {
        key: "date-format",
        label: "notation of dates",
        help: "The service writes dates in this notation.",
        params: &[text("in the service", "Such as %d/%m/%Y: day, month, year.")],
    },
    StepKind {
        key: "number-format",
        label: "notation of numbers",
        help: "The service writes numbers with these signs.",
        params: &[
            text("decimal sign", "Such as \",\"."),
            text("between thousands", "Such as \".\"; may be empty."),
        ],
    },
    StepKind {
        key: "html-to-text",
        label: "HTML to plain text",
        help: "Turns the service's HTML into plain text. It cannot travel back.",
        params: &[],
    },
];

/// A kind by its name in files.
pub fn kind(key: &str) -> Option<&'static StepKind> {
    STEPS.iter().find(|kind| kind.key == key)
}

/// The texts of a transform, in the order of its parameters.
pub fn texts(step: &Transform) -> Vec<String> {
    let maybe = |text: &Option<String>| match text.as_deref() {
        None => String::new(),
        Some("") => "\"\"".to_owned(),
        Some(text) => quoted(text),
    };
    match step {
        Transform::Truncate { length } => vec![length.to_string()],
        Transform::Map { to_vtiger, to_service, otherwise } => {
            vec![table(to_vtiger), table(to_service), maybe(otherwise)]
        }
        Transform::Lowercase | Transform::Uppercase | Transform::HtmlToText => Vec::new(),
        Transform::Constant { to_vtiger, to_service } => vec![maybe(to_vtiger), maybe(to_service)],
        Transform::Join { separator } => vec![quoted(separator)],
        Transform::Split { separator, part } => {
            let part = match part {
                Part::First => "first",
                Part::Rest => "rest",
                Part::Last => "last",
            };
            vec![quoted(separator), part.to_owned()]
        }
        Transform::DateFormat { service } => vec![quoted(service)],
        Transform::NumberFormat { decimal, thousands } => vec![quoted(decimal), quoted(thousands)],
    }
}

/// The texts of a new transform of a kind.
pub fn fresh(kind: &StepKind) -> Vec<String> {
    let first = |param: &Param| param.choices.first().map_or("", |(value, _)| value).to_owned();
    kind.params.iter().map(first).collect()
}

/// Reads a transform.
///
/// # Errors
/// The number of the parameter that cannot be read, and a sentence.
pub fn read(key: &str, texts: &[String]) -> Result<Transform, (usize, String)> {
    let text = |at: usize| texts.get(at).map_or("", String::as_str);
    let plain = |at: usize| unquoted(text(at));
    let maybe = |at: usize| (!text(at).trim().is_empty()).then(|| plain(at));
    let entries = |at: usize| read_table(text(at)).map_err(|why| (at, why));
    Ok(match key {
        "truncate" => match text(0).trim().parse() {
            Ok(length) if length > 0 => Transform::Truncate { length },
            _ => return Err((0, "Enter a number of characters, such as 100.".into())),
        },
        "map" => {
            let (to_vtiger, to_service) = (entries(0)?, entries(1)?);
            Transform::Map { to_vtiger, to_service, otherwise: maybe(2) }
        }
        "lowercase" => Transform::Lowercase,
        "uppercase" => Transform::Uppercase,
        "constant" => Transform::Constant { to_vtiger: maybe(0), to_service: maybe(1) },
        "join" => Transform::Join { separator: plain(0) },
        "split" => {
            let part = match text(1) {
                "rest" => Part::Rest,
                "last" => Part::Last,
                _ => Part::First,
            };
            Transform::Split { separator: plain(0), part }
        }
        "date-format" => Transform::DateFormat { service: plain(0) },
        "number-format" => Transform::NumberFormat { decimal: plain(0), thousands: plain(1) },
        _ => Transform::HtmlToText,
    })
}

/// A text in quotes, where its ends would not be seen or its signs would mean something.
fn quoted(text: &str) -> String {
    let plain = text.trim() == text && !text.contains(['"', ';', '=']);
    if plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\\\"")) }
}

fn unquoted(text: &str) -> String {
    let text = text.trim();
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.map_or_else(|| text.to_owned(), |inner| inner.replace("\\\"", "\""))
}

fn table(entries: &BTreeMap<String, String>) -> String {
    let entry = |(from, to): (&String, &String)| {
        let to = if to.is_empty() { "\"\"".to_owned() } else { quoted(to) };
        format!("{} = {to}", quoted(from))
    };
    entries.iter().map(entry).collect::<Vec<_>>().join("; ")
}

/// Splits at a sign that is not within quotes.
fn split_at(text: &str, sign: char) -> Vec<&str> {
    let (mut parts, mut start, mut inside, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            '\\' if inside => escaped = !escaped,
            '"' if !escaped => inside = !inside,
            c if c == sign && !inside => {
                parts.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
        escaped &= c == '\\';
    }
    parts.push(&text[start..]);
    parts
}

fn read_table(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut entries = BTreeMap::new();
    for entry in split_at(text, ';').into_iter().filter(|entry| !entry.trim().is_empty()) {
        let parts = split_at(entry, '=');
        let [from, to] = parts.as_slice() else {
            return Err(format!("\"{}\" is not of the form value = other value.", entry.trim()));
        };
        if entries.insert(unquoted(from), unquoted(to)).is_some() {
            return Err(format!("{} stands twice in the table.", from.trim()));
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    #[test]
    fn what_is_shown_is_read_again() {
        let all = [
            Transform::Truncate { length: 20 },
            Transform::Map {
                to_vtiger: entries(&[("publish", "1"), ("a;b", "x=y"), ("say \"hi\"", "")]),
                to_service: entries(&[("1", " draft ")]),
                otherwise: Some(String::new()),
            },
            Transform::Lowercase,
            Transform::Uppercase,
            Transform::Constant { to_vtiger: Some("Shop".into()), to_service: None },
            Transform::Join { separator: " ".into() },
            Transform::Split { separator: ", ".into(), part: Part::Last },
            Transform::DateFormat { service: "%d/%m/%Y".into() },
            Transform::NumberFormat { decimal: ",".into(), thousands: String::new() },
            Transform::HtmlToText,
        ];
        assert_eq!(all.len(), STEPS.len());
        for step in all {
            let shown = texts(&step);
            let kind = kind(step.key()).unwrap();
            assert_eq!(shown.len(), kind.params.len(), "{}", kind.key);
            assert_eq!(fresh(kind).len(), kind.params.len());
            assert_eq!(read(step.key(), &shown), Ok(step.clone()), "{shown:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_names_the_parameter() {
        let texts = |list: &[&str]| list.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        for (key, entered, at, why) in [
            ("truncate", texts(&["ten"]), 0, "a number of characters"),
            ("truncate", texts(&["0"]), 0, "a number of characters"),
            ("map", texts(&["a", "", ""]), 0, "value = other value"),
            ("map", texts(&["", "a = b; a = c", ""]), 1, "stands twice"),
            ("map", texts(&["a = b = c", "", ""]), 0, "value = other value"),
        ] {
            let (found, told) = read(key, &entered).unwrap_err();
            assert_eq!(found, at);
            assert!(told.contains(why), "{told}");
        }
    }
}

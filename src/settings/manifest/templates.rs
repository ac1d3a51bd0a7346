//! Which names the templates of a manifest may use where.

use crate::model::manifest::{NAMES, Request};
use crate::settings::problem::did_you_mean;

/// What templates can name in one place.
#[derive(Clone, Copy)]
pub(super) struct Allowed<'a> {
    /// The fields of the connection form.
    pub(super) form: &'a [&'a str],
    /// The names without a dot.
    pub(super) values: &'a [&'a str],
    /// The answer of the login.
    pub(super) login: bool,
    /// The record that a detail is asked for.
    pub(super) parent: bool,
}

impl Allowed<'_> {
    /// What is wrong with a text, and what to do.
    pub(super) fn problem(&self, text: &str) -> Option<(String, String)> {
        if text.matches("{{").count() != text.matches("}}").count() {
            let next = "Write {{ and }} around each name.".to_owned();
            return Some(("a template is opened and not closed".to_owned(), next));
        }
        names(text).into_iter().find_map(|name| self.wrong(&name))
    }

    fn wrong(&self, name: &str) -> Option<(String, String)> {
        let unknown = format!("{{{{{name}}}}} stands for nothing here");
        match name.split_once('.') {
            Some(("config", field)) if self.form.contains(&field) => None,
            Some(("config", field)) => {
                let message = format!("the connection form has no field \"{field}\"");
                let guess = did_you_mean(field, self.form.iter().copied());
                let next = format!("Add it under [[form]], or correct the name. {guess}");
                Some((message, next.trim_end().to_owned()))
            }
            Some(("login", _)) if self.login => None,
            Some(("parent", _)) if self.parent => None,
            Some(_) => Some((unknown, self.known())),
            None if self.values.contains(&name) => None,
            None if NAMES.contains(&name) => {
                let next = match name {
                    "page" | "offset" | "token" | "size" => {
                        "Choose the pagination kind that gives it, or take it out."
                    }
                    "from" | "to" => "Add a [cursor] to the module, or take it out.",
                    "partition" => "Name the partitions of the module, or take it out.",
                    _ => "Take it out.",
                };
                Some((unknown, next.to_owned()))
            }
            None => Some((unknown, self.known())),
        }
    }

    fn known(&self) -> String {
        let mut known: Vec<String> = self.values.iter().map(|v| format!("{{{{{v}}}}}")).collect();
        known.extend(self.form.iter().map(|field| format!("{{{{config.{field}}}}}")));
        format!("Here you can use {}.", known.join(", "))
    }
}

/// The names in a text.
fn names(text: &str) -> Vec<String> {
    let parts = text.split("{{").skip(1);
    parts.filter_map(|part| Some(part.split_once("}}")?.0.trim().to_owned())).collect()
}

/// The texts of a body.
pub(super) fn texts(value: &toml::Value) -> Vec<&str> {
    match value {
        toml::Value::String(text) => vec![text],
        toml::Value::Array(items) => items.iter().flat_map(texts).collect(),
        toml::Value::Table(table) => table.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// All names that a request uses.
pub(super) fn of_request(request: &Request) -> Vec<String> {
    let mut all = names(&request.path);
    for text in request.query.values().chain(request.headers.values()) {
        all.extend(names(text));
    }
    all.extend(request.body.iter().flat_map(texts).flat_map(names));
    all
}

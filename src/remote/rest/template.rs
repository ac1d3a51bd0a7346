//! Templates of a manifest: `{{name}}` in texts and in the texts of a JSON body.

use super::path as json_path;
use crate::model::UserError;
use crate::model::manifest::NAMES as KNOWN;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// What templates can name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names<'a> {
    /// The fields of the connection form.
    pub(crate) config: Option<&'a BTreeMap<String, SecretString>>,
    /// The answer of the login.
    pub(crate) login: Option<&'a Json>,
    /// The record that a detail is asked for.
    pub(crate) parent: Option<&'a Json>,
    /// `page`, `from` and so on.
    pub(crate) values: Vec<(&'static str, String)>,
}

impl Names<'_> {
    /// The value of a name. `Ok(None)`: it has none now, and what holds it is left out.
    fn get(&self, name: &str) -> Result<Option<String>, UserError> {
        let of = |json: Option<&Json>, rest: &str| {
            json.and_then(|json| json_path::text(json, rest)).filter(|text| !text.is_empty())
        };
        match name.split_once('.') {
            Some(("config", rest)) => {
                let value = self.config.and_then(|config| config.get(rest));
                Ok(value.map(|value| value.expose_secret().trim().to_owned()))
            }
            Some(("login", rest)) => Ok(of(self.login, rest)),
            Some(("parent", rest)) => Ok(of(self.parent, rest)),
            Some(_) => Err(unknown(name)),
            None if KNOWN.contains(&name) => {
                Ok(self.values.iter().find(|(n, _)| *n == name).map(|(_, value)| value.clone()))
            }
            None => Err(unknown(name)),
        }
    }
}

fn unknown(name: &str) -> UserError {
    UserError::new(
        format!("The manifest names {{{{{name}}}}}, which nothing stands for."),
        format!("Known are {}, config.NAME, login.PATH and parent.PATH.", KNOWN.join(", ")),
        "Correct the manifest.",
    )
}

/// Fills a text. `None`: it names something that has no value now.
///
/// # Errors
/// It names something that does not exist, or a brace is not closed.
pub(crate) fn fill(text: &str, names: &Names<'_>) -> Result<Option<String>, UserError> {
    filled(text, names, |_, value| value)
}

/// Fills the path of a request: a value takes no part in its structure, except those of the
/// connection form, which may be folders or whole addresses.
///
/// # Errors
/// As [`fill`].
pub(crate) fn path(text: &str, names: &Names<'_>) -> Result<Option<String>, UserError> {
    filled(text, names, |name, value| {
        if name.starts_with("config.") {
            return value;
        }
        utf8_percent_encode(&value, NON_ALPHANUMERIC).to_string()
    })
}

fn filled(
    text: &str,
    names: &Names<'_>,
    coded: impl Fn(&str, String) -> String,
) -> Result<Option<String>, UserError> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else {
            return Err(UserError::new(
                format!("The manifest's text \"{text}\" opens {{{{ and does not close it."),
                "",
                "Correct the manifest.",
            ));
        };
        out.push_str(before);
        match names.get(name.trim())? {
            Some(value) => out.push_str(&coded(name.trim(), value)),
            None => return Ok(None),
        }
        rest = behind;
    }
    out.push_str(rest);
    Ok(Some(out))
}

/// Fills the texts of a body. Members whose value is missing are left out; a text that is nothing
/// but `{{page}}`, `{{offset}}` or `{{size}}` becomes a number.
///
/// # Errors
/// As [`fill`].
pub(crate) fn body(value: &toml::Value, names: &Names<'_>) -> Result<Option<Json>, UserError> {
    Ok(Some(match value {
        toml::Value::String(text) => {
            let Some(filled) = fill(text, names)? else { return Ok(None) };
            let number = ["{{page}}", "{{offset}}", "{{size}}"].contains(&text.trim());
            match filled.parse::<u64>() {
                Ok(n) if number => n.into(),
                _ => filled.into(),
            }
        }
        toml::Value::Integer(n) => (*n).into(),
        toml::Value::Float(n) => (*n).into(),
        toml::Value::Boolean(on) => (*on).into(),
        toml::Value::Datetime(at) => at.to_string().into(),
        toml::Value::Array(items) => {
            let mut list = Vec::new();
            for item in items {
                list.extend(body(item, names)?);
            }
            Json::Array(list)
        }
        toml::Value::Table(table) => {
            let mut members = serde_json::Map::new();
            for (key, value) in table {
                if let Some(value) = body(value, names)? {
                    members.insert(key.clone(), value);
                }
            }
            Json::Object(members)
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names<'a>(login: &'a Json) -> Names<'a> {
        Names {
            login: Some(login),
            values: vec![("page", "2".into()), ("from", "2026-01-01".into())],
            ..Names::default()
        }
    }

    #[test]
    fn texts_and_bodies_are_filled() {
        let login = serde_json::json!({"Data": {"access_token": "t"}});
        let names = names(&login);
        assert_eq!(fill("p={{page}}&f={{ from }}", &names).unwrap().unwrap(), "p=2&f=2026-01-01");
        assert_eq!(
            fill("Bearer {{login.Data.access_token}}", &names).unwrap().unwrap(),
            "Bearer t"
        );
        assert_eq!(fill("{{token}}", &names).unwrap(), None);
        assert!(fill("{{nothing}}", &names).is_err());
        assert!(fill("{{page", &names).is_err());
        let ids = Names { values: vec![("id", "a/b?c".into())], ..Names::default() };
        assert_eq!(path("x/{{id}}", &ids).unwrap().unwrap(), "x/a%2Fb%3Fc");
        let template: toml::Value = toml::from_str(
            "module = \"x\"\npage = \"{{page}}\"\ntoken = \"{{token}}\"\nall = true",
        )
        .unwrap();
        let filled = body(&template, &names).unwrap().unwrap();
        assert_eq!(filled, serde_json::json!({"module": "x", "page": 2, "all": true}));
    }
}

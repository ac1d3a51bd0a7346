//! Parameters as PHP sees them.

use serde_json::{Map, Value};

/// The parameters of a query string or form: the last one of a name wins, `a[]` and `a[k]` make
/// arrays and objects.
pub fn parameters(pairs: &[(String, String)]) -> Map<String, Value> {
    let mut all = Map::new();
    for (key, value) in pairs {
        let (name, path) = split(key);
        let slot = all.entry(name).or_insert(Value::Null);
        put(slot, &path, value);
    }
    for value in all.values_mut() {
        lists(value);
    }
    all
}

/// `a[b][]` as `a` and its path.
fn split(key: &str) -> (String, Vec<String>) {
    match key.split_once('[') {
        Some((name, rest)) if !name.is_empty() && rest.ends_with(']') => {
            let path = rest[..rest.len() - 1].split("][").map(str::to_owned).collect();
            (name.replace(['.', ' '], "_"), path)
        }
        _ => (key.replace(['.', ' '], "_"), Vec::new()),
    }
}

fn put(slot: &mut Value, path: &[String], text: &str) {
    let Some((first, rest)) = path.split_first() else {
        *slot = Value::String(text.to_owned());
        return;
    };
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    if let Value::Object(map) = slot {
        let key = if first.is_empty() { map.len().to_string() } else { first.clone() };
        put(map.entry(key).or_insert(Value::Null), rest, text);
    }
}

/// Objects whose keys are 0, 1, 2 … are lists.
fn lists(value: &mut Value) {
    if let Value::Object(map) = value {
        map.values_mut().for_each(lists);
        let listed = (0..map.len()).all(|i| map.contains_key(&i.to_string()));
        if listed {
            let items = (0..map.len()).filter_map(|i| map.remove(&i.to_string())).collect();
            *value = Value::Array(items);
        }
    }
}

/// The flat names and texts of parameters, arrays as `a[0]`, for signing and for links.
pub fn flat(parameters: &Map<String, Value>) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for (key, value) in parameters {
        flatten(key, value, &mut out);
    }
    out
}

fn flatten(key: &str, value: &Value, out: &mut Vec<(String, String)>) {
    match value {
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                flatten(&format!("{key}[{i}]"), item, out);
            }
        }
        Value::Object(map) => {
            for (name, item) in map {
                flatten(&format!("{key}[{name}]"), item, out);
            }
        }
        Value::String(text) => out.push((key.to_owned(), text.clone())),
        other => out.push((key.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::http::pairs;
    use serde_json::json;

    #[test]
    fn names_make_arrays() {
        let parse = |q: &str| Value::Object(parameters(&pairs(q)));
        assert_eq!(parse("include=3&include=4"), json!({"include": "4"}));
        assert_eq!(parse("include[]=3&include[]=4"), json!({"include": ["3", "4"]}));
        assert_eq!(parse("include[0]=3&include[1]=4"), json!({"include": ["3", "4"]}));
        assert_eq!(parse("billing[city]=K%C3%B6ln"), json!({"billing": {"city": "Köln"}}));
        let flat = flat(&parameters(&pairs("a[]=1&a[]=2&b=x")));
        assert_eq!(
            flat,
            [("a[0]".into(), "1".into()), ("a[1]".into(), "2".into()), ("b".into(), "x".into())]
        );
    }
}

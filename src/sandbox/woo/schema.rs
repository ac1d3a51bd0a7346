//! What the routes accept, read from the documents OPTIONS answers with, and the check of
//! parameters against it.

use serde_json::{Map, Value, json};

use super::fail::Failure;

/// A resource's document.
#[derive(Debug)]
pub struct Schema {
    /// As OPTIONS answers it.
    pub document: Value,
    /// Arguments of the list.
    pub list: Map<String, Value>,
    /// Arguments of a write.
    pub write: Map<String, Value>,
}

impl Schema {
    /// Reads an embedded document.
    pub fn load(text: &str) -> Result<Self, serde_json::Error> {
        let document: Value = serde_json::from_str(text)?;
        let args =
            |n: usize| document["endpoints"][n]["args"].as_object().cloned().unwrap_or_default();
        let (list, write) = (args(0), args(1));
        Ok(Self { document, list, write })
    }
}

/// Checks what is given against the arguments; `required` ones must be there.
pub fn check(
    args: &Map<String, Value>,
    given: &Map<String, Value>,
    required: bool,
) -> Result<(), Failure> {
    if required {
        let missing: Vec<&String> = args
            .iter()
            .filter(|(k, a)| a["required"] == true && !given.contains_key(*k))
            .map(|(k, _)| k)
            .collect();
        if !missing.is_empty() {
            let names: Vec<&str> = missing.iter().map(|s| s.as_str()).collect();
            let message = format!("Missing parameter(s): {}", names.join(", "));
            return Err(Failure::new(400, "rest_missing_callback_param", message)
                .with("params", json!(names)));
        }
    }
    let (mut params, mut details) = (Map::new(), Map::new());
    for (name, value) in given {
        // A null is not looked at; inside an object it is.
        let Some(arg) = args.get(name).filter(|_| !value.is_null()) else {
            continue;
        };
        if let Err((code, message)) = fits(arg, value, name) {
            details.insert(name.clone(), json!({ "code": code, "message": message, "data": null }));
            params.insert(name.clone(), Value::String(message));
        }
    }
    if params.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = params.keys().map(String::as_str).collect();
    let message = format!("Invalid parameter(s): {}", names.join(", "));
    let failure = Failure::new(400, "rest_invalid_param", message);
    Err(failure.with("params", Value::Object(params)).with("details", Value::Object(details)))
}

type Misfit = (&'static str, String);

fn fits(arg: &Value, value: &Value, name: &str) -> Result<(), Misfit> {
    let kinds: Vec<&str> = match &arg["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return Ok(()),
    };
    let typed = kinds.iter().any(|kind| is_of(kind, value));
    if !typed {
        return Err(("rest_invalid_type", format!("{name} is not of type {}.", kinds.join(","))));
    }
    if let Some(choice) = arg["enum"].as_array().filter(|choice| !choice.contains(value)) {
        let message = format!("{name} is not one of {}.", listing(choice));
        return Err(("rest_not_in_enum", message));
    }
    match kinds.first() {
        Some(&"integer" | &"number") => in_range(arg, value, name),
        Some(&"array") => {
            let items = items(value);
            items
                .iter()
                .enumerate()
                .try_for_each(|(i, item)| fits(&arg["items"], item, &format!("{name}[{i}]")))
        }
        Some(&"object") => {
            let empty = Map::new();
            let members = value.as_object().unwrap_or(&empty);
            members.iter().try_for_each(|(key, item)| {
                fits(&arg["properties"][key], item, &format!("{name}[{key}]"))
            })
        }
        _ => of_format(arg, value),
    }
}

fn is_of(kind: &str, value: &Value) -> bool {
    match (kind, value) {
        ("null", Value::Null) | ("boolean", Value::Bool(_)) | ("object", Value::Object(_)) => true,
        ("object", Value::Array(items)) => items.is_empty(),
        ("object", Value::String(text)) => text.is_empty(),
        ("boolean", Value::String(text)) => {
            matches!(text.to_lowercase().as_str(), "true" | "false" | "0" | "1" | "")
        }
        ("boolean", Value::Number(n)) => matches!(n.as_u64(), Some(0 | 1)),
        ("integer", _) => number(value).is_some_and(|n| n.fract() == 0.0),
        ("number", _) => number(value).is_some(),
        ("array", Value::Array(_) | Value::String(_)) => true,
        ("array", Value::Number(_)) => true,
        ("string" | "date-time" | "mixed", Value::String(_)) => true,
        ("mixed", _) => true,
        _ => false,
    }
}

/// The number in a JSON number or a text.
pub fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => n.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|n: &f64| n.is_finite()),
        _ => None,
    }
}

/// The items of a list, which may come as `1,2,3`.
pub fn items(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        Value::String(text) => text
            .split([',', ' '])
            .map(str::trim)
            .filter(|t| !t.is_empty())
            .map(|t| Value::String(t.to_owned()))
            .collect(),
        other => vec![other.clone()],
    }
}

fn in_range(arg: &Value, value: &Value, name: &str) -> Result<(), Misfit> {
    let Some(number) = number(value) else {
        return Ok(());
    };
    let (low, high) = (arg["minimum"].as_f64(), arg["maximum"].as_f64());
    let message = match (low, high) {
        (Some(low), Some(high)) if number < low || number > high => {
            format!("{name} must be between {low} (inclusive) and {high} (inclusive)")
        }
        (Some(low), None) if number < low => {
            format!("{name} must be greater than or equal to {low}")
        }
        (None, Some(high)) if number > high => {
            format!("{name} must be less than or equal to {high}")
        }
        _ => return Ok(()),
    };
    Err(("rest_out_of_bounds", message))
}

fn of_format(arg: &Value, value: &Value) -> Result<(), Misfit> {
    let text = value.as_str().unwrap_or_default();
    match arg["format"].as_str() {
        Some("email") if !value.is_null() && !is_email(text) => {
            Err(("rest_invalid_email", "Invalid email address.".into()))
        }
        Some("date-time") if !value.is_null() && super::dates::parse(text).is_none() => {
            Err(("rest_invalid_date", "Invalid date.".into()))
        }
        _ => Ok(()),
    }
}

fn listing(choice: &[Value]) -> String {
    let mut names: Vec<&str> = choice.iter().filter_map(Value::as_str).collect();
    let last = names.pop().unwrap_or_default();
    if names.is_empty() { last.to_owned() } else { format!("{}, and {last}", names.join(", ")) }
}

/// WordPress's `is_email`.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let local_fine = !local.is_empty()
        && local.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~.-".contains(&b));
    let parts: Vec<&str> = domain.split('.').collect();
    let part_fine = |part: &&str| {
        !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    text.len() >= 6 && local_fine && parts.len() >= 2 && parts.iter().all(part_fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn bounds_types_and_choices() {
        let args = map(json!({
            "per_page": {"type": "integer", "minimum": 1, "maximum": 100},
            "orderby": {"type": "string", "enum": ["id", "name", "date"]},
            "include": {"type": "array", "items": {"type": "integer"}},
            "billing": {"type": "object", "properties": {
                "city": {"type": "string"}, "email": {"type": "string", "format": "email"}}},
            "email": {"type": "string", "required": true},
        }));
        let ok = |given: Value| check(&args, &map(given), false).is_ok();
        assert!(ok(json!({"per_page": "100", "include": "3,4", "unknown": "x"})));
        assert!(ok(json!({"include": "", "billing": {"city": "X", "more": 1}})));
        for bad in [
            json!({"per_page": "0"}),
            json!({"per_page": "101"}),
            json!({"per_page": "x"}),
            json!({"orderby": "total"}),
            json!({"include": "3,x"}),
            json!({"billing": {"city": null}}),
            json!({"billing": {"email": ""}}),
            json!({"email": 5}),
        ] {
            let failure = check(&args, &map(bad.clone()), false).unwrap_err();
            assert_eq!(
                (failure.status, failure.code.as_str()),
                (400, "rest_invalid_param"),
                "{bad}"
            );
        }
        let failure = check(&args, &Map::new(), true).unwrap_err();
        assert_eq!(failure.code, "rest_missing_callback_param");
        assert_eq!(failure.data["params"], json!(["email"]));
        let failure = check(&args, &map(json!({"orderby": "x"})), false).unwrap_err();
        assert_eq!(failure.data["params"]["orderby"], "orderby is not one of id, name, and date.");
    }

    #[test]
    fn addresses() {
        for good in ["a@b.example", "uniq.one+tag@x.example", "o'b@x-y.example"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["", "a", "a@b", "a b@c.example", "a@b..example", "é@b.example", "@b.example"] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}

//! The fields of an entity, from the JSON schema that OPTIONS answers.

use super::super::http::Plan;
use super::super::{EntityInfo, ErrorKind, FieldInfo, RemoteResult};
use super::Woo;
use super::call::Ask;
use super::entity::{Entity, Kind, Special};
use super::orders;
use reqwest::Method;
use serde_json::Value as Json;

impl Woo {
    pub(crate) async fn schema(&self, entity: &'static Entity) -> RemoteResult<EntityInfo> {
        let what = format!("describe {}", entity.name);
        let mut ask = Ask::get(entity.name, what.as_str()).planned(Plan::FIRST);
        ask.method = Method::OPTIONS;
        let parse = |body: &str| serde_json::from_str::<Json>(body);
        match self.call(&ask, parse).await {
            Ok((json, _)) => {
                self.note_statuses(entity, &json);
                Ok(read(entity, &json))
            }
            Err(error) if error.kind == ErrorKind::NotTheApi => {
                // Some hosts block OPTIONS and let everything else pass. The schema only helps to
                // refuse early; the shop itself refuses what does not fit.
                let ask = Ask::get(entity.name, what).with("per_page", "1").with("_fields", "id");
                match self.call(&ask.planned(Plan::BRIEF), parse).await {
                    Ok(_) => {
                        self.note_statuses(entity, &Json::Null);
                        Ok(read(entity, &Json::Null))
                    }
                    Err(_) => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }
}

fn read(entity: &Entity, json: &Json) -> EntityInfo {
    let mut fields = Vec::new();
    if let Some(properties) = json.pointer("/schema/properties") {
        flatten(entity, "", properties, false, &mut fields);
    }
    fields.extend(made(entity));
    EntityInfo {
        id_fields: Vec::new(),
        name: entity.name.to_owned(),
        createable: entity.writable,
        updateable: entity.writable,
        deleteable: entity.writable,
        fields,
    }
}

/// The fields that the shop does not have by itself.
fn made(entity: &Entity) -> Vec<FieldInfo> {
    let own: &[(&str, &str, &str, bool)] = match entity.special {
        Special::Orders => &orders::VIRTUAL,
        Special::Taxes => &[("label", "Name that no other tax has", "string", false)],
        Special::None | Special::Products => &[],
    };
    let field = |(path, label, kind, writable): &(&str, &str, &str, bool)| FieldInfo {
        path: (*path).to_owned(),
        label: (*label).to_owned(),
        type_name: (*kind).to_owned(),
        mandatory: false,
        writable: *writable,
        max_length: None,
        choices: Vec::new(),
        refers_to: Vec::new(),
    };
    own.iter().map(field).collect()
}

fn flatten(
    entity: &Entity,
    above: &str,
    properties: &Json,
    fixed: bool,
    fields: &mut Vec<FieldInfo>,
) {
    for (name, schema) in properties.as_object().into_iter().flatten() {
        let path = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
        let fixed = fixed || schema.get("readonly") == Some(&Json::Bool(true));
        if let Some(below) = schema.get("properties") {
            flatten(entity, &path, below, fixed, fields);
        } else if name != "meta_data" {
            // Entries of meta_data are named by the mapping: `meta_data.KEY`.
            fields.push(field(entity, path, schema, fixed));
        }
    }
}

fn field(entity: &Entity, path: String, schema: &Json, fixed: bool) -> FieldInfo {
    let choices = schema.get("enum").and_then(Json::as_array);
    FieldInfo {
        label: schema.get("description").and_then(Json::as_str).unwrap_or(&path).to_owned(),
        type_name: type_name(schema),
        mandatory: entity.required.contains(&path.as_str()),
        writable: !fixed && entity.kind(&path) != Kind::ReadOnly,
        max_length: None,
        choices: choices
            .into_iter()
            .flatten()
            .filter_map(|c| c.as_str().map(str::to_owned))
            .collect(),
        refers_to: Vec::new(),
        path,
    }
}

/// `string`, `email`, `date-time`, …; a type may be a list with `null` in it.
fn type_name(schema: &Json) -> String {
    if let Some(format) = schema.get("format").and_then(Json::as_str) {
        return format.to_owned();
    }
    match schema.get("type") {
        Some(Json::String(name)) => name.clone(),
        Some(Json::Array(names)) => {
            names.iter().filter_map(Json::as_str).find(|n| *n != "null").unwrap_or("").to_owned()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::entity::named;
    use super::*;
    use serde_json::json;

    #[test]
    fn the_schema_is_flattened() {
        let info = read(
            named("customers").unwrap(),
            &json!({"schema": {"properties": {
                "id": {"type": "integer", "readonly": true, "description": "Unique identifier"},
                "email": {"type": "string", "format": "email", "description": "Mail"},
                "billing": {"type": "object", "properties": {
                    "city": {"type": "string", "description": "City name."},
                    "low": {"type": ["integer", "null"], "enum": ["a", "b"]}
                }},
                "meta_data": {"type": "array", "items": {"type": "object", "properties": {"key": {}}}}
            }}}),
        );
        let paths: Vec<&str> = info.fields.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(paths.len(), 4);
        let field = |path: &str| info.field(path).unwrap();
        assert!(field("email").mandatory && field("email").type_name == "email");
        assert!(!field("id").writable && field("billing.city").writable);
        assert_eq!(field("billing.low").type_name, "integer");
        assert_eq!(field("billing.low").choices, ["a", "b"]);
    }
}

//! The fields of an entity: those that a sample of its records has, and those the manifest names.

use super::super::http::Plan;
use super::super::{EntityInfo, FieldInfo, Probe, RemoteResult, probe};
use super::template::Names;
use super::{Rest, path, shape};
use crate::model::document::{CURRENCY, LINES, TOTAL};
use crate::model::manifest::FieldType;
use serde_json::Value as Json;
use std::collections::BTreeMap;

impl Rest {
    /// Reads a sample and tells its fields.
    pub(crate) async fn fields_of(&self, entity: &str) -> RemoteResult<EntityInfo> {
        let sample = self.sample(entity, Plan::FIRST).await?;
        self.fields_of_sample(entity, &sample)
    }

    /// The fields of these records, and those that the manifest names.
    pub(crate) fn fields_of_sample(
        &self,
        entity: &str,
        sample: &[Json],
    ) -> RemoteResult<EntityInfo> {
        let stream = self.stream(entity)?;
        let mut seen: BTreeMap<String, &'static str> = BTreeMap::new();
        for json in sample {
            flatten(json, "", &mut seen);
        }
        for field in &stream.fields {
            let kind = field.kind.map(FieldType::key);
            let known = seen.entry(field.path.clone()).or_insert(kind.unwrap_or("string"));
            *known = kind.unwrap_or(*known);
        }
        let label = |path: &str| {
            let named = stream.fields.iter().find(|f| f.path == path && !f.label.is_empty());
            named.map_or_else(|| path.to_owned(), |f| f.label.clone())
        };
        let mut fields: Vec<FieldInfo> =
            seen.iter().map(|(path, kind)| info(path, &label(path), kind)).collect();
        if stream.lines.is_some() {
            let documents = [(LINES, "items"), (TOTAL, "number"), (CURRENCY, "string")];
            fields.extend(documents.map(|(path, kind)| info(path, path, kind)));
        }
        Ok(EntityInfo {
            id_fields: Vec::new(),
            name: entity.to_owned(),
            createable: false,
            updateable: false,
            deleteable: false,
            fields,
        })
    }

    /// Some lifted records: the first page.
    pub(crate) async fn sample(&self, entity: &str, plan: Plan) -> RemoteResult<Vec<Json>> {
        let stream = self.stream(entity)?;
        let names = Names { values: self.sample_values(stream), ..Names::default() };
        let what = format!("list {entity}");
        let answered = self.ask(&stream.request, &names, &what, plan).await?;
        let most = usize::try_from(stream.sample).unwrap_or(50);
        let raw = path::records(&answered.json, &stream.records).into_iter().take(most);
        let mut sample: Vec<Json> = raw.map(|json| shape::lifted(stream, json)).collect();
        // A detail has the fields that the listing leaves out; one of them tells which.
        if let (Some(detail), Some(first)) = (&stream.detail, sample.first().cloned()) {
            let id = shape::id(stream, &first);
            let mut names = Names { parent: Some(&first), ..names };
            names.values.extend(id.map(|id| ("id", id)));
            let answered = self.ask(&detail.request, &names, &what, plan).await?;
            let found = path::records(&answered.json, &detail.record).into_iter().next();
            sample[0] = found.map_or(first.clone(), |found| shape::lifted(stream, found));
        }
        Ok(sample)
    }

    /// Whether the newest records are what they were. Where they have stamps, the listing of
    /// changes tells it; else the answer itself is compared.
    pub(crate) async fn probe_entity(
        &self,
        entity: &str,
        known: Option<&str>,
    ) -> RemoteResult<Probe> {
        let stream = self.stream(entity)?;
        if stream.cursor.is_some() && stream.modified.is_some() {
            return probe::by_listing(self, entity, known).await;
        }
        let names = Names { values: self.newest_values(stream), ..Names::default() };
        let what = format!("list {entity}");
        let answered = self.ask(&stream.request, &names, &what, Plan::READ).await?;
        let records = Json::Array(path::records(&answered.json, &stream.records));
        let print = xxhash_rust::xxh3::xxh3_64(records.to_string().as_bytes());
        Ok(Probe::of(format!("{print:016x}"), known))
    }
}

fn info(path: &str, label: &str, kind: &str) -> FieldInfo {
    FieldInfo {
        path: path.to_owned(),
        label: label.to_owned(),
        type_name: kind.to_owned(),
        mandatory: false,
        writable: false,
        max_length: None,
        choices: Vec::new(),
        refers_to: Vec::new(),
    }
}

/// The leaves of a record by path.
fn flatten(json: &Json, above: &str, seen: &mut BTreeMap<String, &'static str>) {
    let Json::Object(members) = json else { return };
    for (name, value) in members {
        // A name with a dot cannot be told from a path.
        if name.contains('.') || name.is_empty() {
            continue;
        }
        let path = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
        let kind = match value {
            Json::Object(_) => {
                flatten(value, &path, seen);
                continue;
            }
            Json::Array(items) => {
                // The first one can be mapped by its number.
                if let Some(first @ Json::Object(_)) = items.first() {
                    flatten(first, &format!("{path}.0"), seen);
                }
                "list"
            }
            Json::Bool(_) => "boolean",
            Json::Number(_) => "number",
            Json::String(_) => "string",
            Json::Null => "unknown",
        };
        match seen.get(&path) {
            Some(&"unknown") | None => drop(seen.insert(path, kind)),
            Some(_) => {}
        }
    }
}

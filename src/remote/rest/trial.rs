//! A test call: one request of a manifest, and all that came of it, without secrets.

use super::super::http::Plan;
use super::super::{ConnectOptions, Exchange};
use super::{Rest, path, shape};
use crate::model::UserError;
use crate::model::document::{CURRENCY, LINES, TOTAL};
use crate::model::manifest::Manifest;
use crate::model::{Record, Value};
use secrecy::SecretString;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What came of a test call.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The requests that were sent, logins first, and their answers.
    pub exchanges: Vec<Exchange>,
    /// How many records the answer holds.
    pub records: usize,
    /// The first one as the service sent it, with its members lifted.
    pub first: Option<Json>,
    /// The same as a sync takes it, with the fields that are mapped; `None`: it has no id.
    pub read: Option<Record>,
    /// The paths that the records have: path, type, and a value.
    pub fields: Vec<(String, String, String)>,
    /// Mapped paths that none of the records has.
    pub missing: Vec<String>,
    /// What went wrong.
    pub error: Option<UserError>,
}

/// Sends the first request of a listing. `mapped`: the paths that the mapping reads.
///
/// # Errors
/// The connection cannot be made as it is described. What the service says stands in the trial.
pub async fn try_out(
    manifest: Manifest,
    config: BTreeMap<String, SecretString>,
    options: &ConnectOptions,
    entity: &str,
    mapped: &[String],
) -> Result<Trial, UserError> {
    let heard: Arc<Mutex<Vec<Exchange>>> = Arc::default();
    let log = heard.clone();
    let tap = move |exchange| log.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
    let options = ConnectOptions { tap: Some(Arc::new(tap)), ..options.clone() };
    let rest = Rest::new(manifest, config, &options)?;
    let mut trial = rest.trial(entity, mapped).await;
    trial.exchanges = std::mem::take(&mut *heard.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(trial)
}

impl Rest {
    async fn trial(&self, entity: &str, mapped: &[String]) -> Trial {
        let mut trial = Trial {
            exchanges: Vec::new(),
            records: 0,
            first: None,
            read: None,
            fields: Vec::new(),
            missing: Vec::new(),
            error: None,
        };
        let (stream, sample) = match (self.stream(entity), self.sample(entity, Plan::BRIEF).await) {
            (Ok(stream), Ok(sample)) => (stream, sample),
            (Err(error), _) | (_, Err(error)) => {
                trial.error = Some(error.error);
                return trial;
            }
        };
        trial.records = sample.len();
        let shown = |json: &Json| {
            let mut text = match json {
                Json::String(text) => text.clone(),
                other => other.to_string(),
            };
            if let Some((at, _)) = text.char_indices().nth(60) {
                text.truncate(at);
                text.push('…');
            }
            self.http.hidden(&text)
        };
        if let Ok(info) = self.fields_of_sample(entity, &sample) {
            for field in info.fields {
                let value = sample.iter().find_map(|json| {
                    path::at(json, &field.path).filter(|json| !json.is_null()).map(shown)
                });
                trial.fields.push((field.path, field.type_name, value.unwrap_or_default()));
            }
        }
        let virtuals = [LINES, TOTAL, CURRENCY];
        let has = |path: &String| {
            (stream.lines.is_some() && virtuals.contains(&path.as_str()))
                || sample.iter().any(|json| path::at(json, path).is_some())
        };
        if !sample.is_empty() {
            trial.missing = mapped.iter().filter(|path| !has(path)).cloned().collect();
        }
        trial.read = sample.first().and_then(|json| {
            let mut record = shape::record(stream, &self.rules, json, mapped)?;
            record.fields = record
                .fields
                .iter()
                .map(|(path, value)| match value {
                    Value::Text(text) => (path, Value::from(self.http.hidden(text))),
                    other => (path, other.clone()),
                })
                .collect();
            Some(record)
        });
        trial.first = sample.into_iter().next().map(|json| {
            serde_json::from_str(&self.http.hidden(&json.to_string())).unwrap_or(Json::Null)
        });
        trial
    }
}

//! Writes: up to a hundred records in one request, a result for each. An answer holds only ids and
//! stamps, so what was written is read back.

use super::super::http::Plan;
use super::super::{ErrorKind, RemoteError, RemoteResult, Write, Written};
use super::Zoho;
use super::call::Ask;
use super::describe::Described;
use super::entity::Entity;
use super::errors::{self, ApiError, Asked};
use super::lines;
use super::records::{Reading, is_id};
use super::values;
use crate::model::document::{LINES, lines_of};
use crate::model::{Fields, Record, Stamp, UserError, Value};
use reqwest::Method;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// Records in one request.
pub(crate) const BATCH: usize = 100;

/// A write that has been checked, with its place in the call.
struct Item<'a> {
    at: usize,
    id: Option<&'a str>,
    json: Map<String, Json>,
    sent: &'a Fields,
    since: Option<Stamp>,
}

/// One result for each write.
type Results = Vec<Option<RemoteResult<Written>>>;

impl Zoho {
    pub(crate) async fn write_all(
        &self,
        entity: &'static Entity,
        writes: &[Write],
        fields: &[String],
    ) -> Vec<RemoteResult<Written>> {
        let described = match self.described(entity).await {
            Ok(described) => described,
            Err(error) => return writes.iter().map(|_| Err(error.clone())).collect(),
        };
        let mut results: Results = writes.iter().map(|_| None).collect();
        let held = self.held(entity, &described, writes).await;
        let (mut creates, mut updates, mut deletes) = (Vec::new(), Vec::new(), Vec::new());
        for (at, write) in writes.iter().enumerate() {
            let (id, sent, since) = match write {
                Write::Delete { id } if is_id(id) => {
                    deletes.push((at, id.as_str()));
                    continue;
                }
                Write::Update { fields, .. } if fields.is_empty() => continue,
                Write::Update { id, fields, unmodified_since } if is_id(id) => {
                    (Some(id.as_str()), fields, *unmodified_since)
                }
                Write::Create { fields } => (None, fields, None),
                Write::Update { id, .. } | Write::Delete { id } => {
                    results[at] = Some(Err(gone(entity, id)));
                    continue;
                }
            };
            match self.body(entity, &described, id, sent, &held).await {
                Ok(json) => {
                    let list = if id.is_some() { &mut updates } else { &mut creates };
                    list.push(Item { at, id, json, sent, since });
                }
                Err(error) => results[at] = Some(Err(error)),
            }
        }
        for items in creates.chunks(BATCH).chain(updates.chunks(BATCH)) {
            self.send(entity, items, &mut results).await;
        }
        for piece in deletes.chunks(BATCH) {
            self.delete(entity, piece, &mut results).await;
        }
        self.read_back(entity, &described, writes, fields, &mut results).await;
        results
            .into_iter()
            .map(|result| result.unwrap_or_else(|| Err(RemoteError::unanswered())))
            .collect()
    }

    /// What the updated records hold, as far as something is put together from it: the other half
    /// of an instant, the rows of a document.
    async fn held(
        &self,
        entity: &'static Entity,
        described: &Described,
        writes: &[Write],
    ) -> RemoteResult<BTreeMap<String, Fields>> {
        let mut ids = Vec::new();
        let mut paths: Vec<String> = Vec::new();
        for write in writes {
            let Write::Update { id, fields, .. } = write else { continue };
            let mut needed = values::half_written(described, fields);
            if fields.get(LINES).is_some() {
                needed.extend(entity.lines.map(str::to_owned));
            }
            if !needed.is_empty() {
                ids.push(id.clone());
                paths.extend(needed);
            }
        }
        paths.sort();
        paths.dedup();
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.raw(entity, described, &ids, &paths).await
    }

    async fn body(
        &self,
        entity: &'static Entity,
        described: &Described,
        id: Option<&str>,
        sent: &Fields,
        held: &RemoteResult<BTreeMap<String, Fields>>,
    ) -> RemoteResult<Map<String, Json>> {
        let composed =
            sent.get(LINES).is_some() || !values::half_written(described, sent).is_empty();
        let held = match (id.filter(|_| composed), held) {
            (None, _) => None,
            (Some(_), Err(error)) => return Err(error.clone()),
            (Some(id), Ok(held)) => Some(held.get(id).ok_or_else(|| gone(entity, id))?),
        };
        let mut json = values::members(entity, described, sent, held)?;
        if let (Some(value), Some(rows)) = (sent.get(LINES), entity.lines) {
            let ids: Vec<String> = match held.and_then(|h| h.get(rows)) {
                Some(Value::List(rows)) => rows.iter().filter_map(row_id).collect(),
                _ => Vec::new(),
            };
            let lines = lines_of(value);
            let taxes = self.taxes(lines.iter().any(|l| !l.tax.is_zero())).await?;
            json.extend(lines::members(rows, &lines, &ids, &taxes)?);
        }
        if let Some(id) = id {
            json.insert("id".into(), id.into());
        }
        Ok(json)
    }

    async fn send(&self, entity: &'static Entity, items: &[Item<'_>], results: &mut Results) {
        let create = items.iter().all(|i| i.id.is_none());
        let list: Vec<Json> = items.iter().map(|i| Json::Object(i.json.clone())).collect();
        let mut body = json!({ "data": list });
        if let (false, Some(body)) = (self.settings.automations, body.as_object_mut()) {
            body.insert("trigger".into(), json!([]));
        }
        let verb = if create { "create" } else { "change" };
        let what = match items {
            [one] => match one.id {
                Some(id) => format!("change {} {id}", entity.one),
                None => format!("create a {}", entity.one),
            },
            _ => format!("{verb} {} {}", items.len(), entity.name),
        };
        let method = if create { Method::POST } else { Method::PUT };
        let plan = if items.len() > 1 { Plan::BATCH } else { Plan::WRITE };
        let mut ask = Ask::get(entity.name, what.as_str()).sending(method, &body).writing(plan);
        // One instant for all: what was read before any of them was changed last is not younger
        // than the youngest stamp.
        let since = items.iter().map(|i| i.since).collect::<Option<Vec<Stamp>>>();
        if let Some(since) = since.and_then(|all| all.into_iter().max()) {
            ask = ask.since("if-unmodified-since", since);
        }
        let answers = match self.answers(&ask).await {
            Ok(answers) => answers,
            Err(error) if error.kind == ErrorKind::Precondition && items.len() > 1 => {
                // The whole request was refused for one of them.
                for item in items {
                    Box::pin(self.send(entity, std::slice::from_ref(item), results)).await;
                }
                return;
            }
            Err(error) => return spread(items, &error, results),
        };
        if answers.1.len() != items.len() {
            return spread(items, &RemoteError::unanswered(), results);
        }
        for (item, answer) in items.iter().zip(&answers.1) {
            let what = match item.id {
                Some(id) => format!("change {} {id}", entity.one),
                None => format!("create a {}", entity.one),
            };
            results[item.at] = Some(one_result(answers.0, answer, &what).map(|done| Written {
                id: done.id.clone(),
                // If it cannot be read back, what was sent is all that is known.
                record: Some(Record {
                    id: done.id,
                    modified: done.modified,
                    created: done.created,
                    trashed: false,
                    fields: item.sent.clone(),
                }),
            }));
        }
    }

    /// The status, and the results of the records.
    async fn answers(&self, ask: &Ask) -> RemoteResult<(u16, Vec<Json>)> {
        #[derive(serde::Deserialize)]
        struct Answers {
            data: Vec<Json>,
        }
        let parse = |body: &str| serde_json::from_str::<Answers>(body);
        let (answers, _) = self.call(ask, parse).await?;
        // Items tell their own codes; the status of the whole says nothing more.
        Ok((207, answers.map(|a| a.data).unwrap_or_default()))
    }

    async fn delete(
        &self,
        entity: &'static Entity,
        items: &[(usize, &str)],
        results: &mut Results,
    ) {
        let ids: Vec<&str> = items.iter().map(|(_, id)| *id).collect();
        let mut ask = Ask::get(entity.name, format!("delete {} {}", items.len(), entity.name))
            .with("ids", ids.join(","))
            .writing(Plan::BATCH);
        ask.method = Method::DELETE;
        if !self.settings.automations {
            ask = ask.with("wf_trigger", "false");
        }
        let answers = self.answers(&ask).await;
        for (n, (at, id)) in items.iter().enumerate() {
            results[*at] = Some(match &answers {
                Ok((status, answers)) if answers.len() == items.len() => {
                    let what = format!("delete {} {id}", entity.one);
                    one_result(*status, &answers[n], &what)
                        .map(|_| Written { id: (*id).to_owned(), record: None })
                }
                Ok(_) => Err(RemoteError::unanswered()),
                Err(error) => Err(error.clone()),
            });
        }
    }

    /// Reads what was written, and what had nothing to be written.
    async fn read_back(
        &self,
        entity: &'static Entity,
        described: &Described,
        writes: &[Write],
        fields: &[String],
        results: &mut Results,
    ) {
        let mut ids: Vec<String> = Vec::new();
        for (write, result) in writes.iter().zip(results.iter()) {
            match (write, result) {
                (Write::Update { id, .. }, None) => ids.push(id.clone()),
                (Write::Create { .. } | Write::Update { .. }, Some(Ok(done))) => {
                    ids.push(done.id.clone());
                }
                _ => {}
            }
        }
        let read = self.read_ids(&Reading::new(entity, described, fields), &ids).await;
        for (write, result) in writes.iter().zip(results.iter_mut()) {
            let find = |id: &str| {
                read.as_ref().ok().and_then(|all| all.iter().find(|r| r.id == id)).cloned()
            };
            match (write, result) {
                (Write::Update { id, .. }, empty @ None) => {
                    *empty = Some(match (&read, find(id)) {
                        (Ok(_), Some(record)) => {
                            Ok(Written { id: id.clone(), record: Some(record) })
                        }
                        (Ok(_), None) => Err(gone(entity, id)),
                        (Err(error), _) => Err(error.clone()),
                    });
                }
                (Write::Create { .. } | Write::Update { .. }, Some(Ok(done))) => {
                    if let Some(record) = find(&done.id) {
                        done.record = Some(record);
                    }
                }
                _ => {}
            }
        }
    }
}

fn row_id(row: &Value) -> Option<String> {
    match row {
        Value::Object(row) => row.get("id").map(Value::to_text),
        _ => None,
    }
}

fn spread(items: &[Item<'_>], error: &RemoteError, results: &mut Results) {
    for item in items {
        results[item.at] = Some(Err(error.clone()));
    }
}

/// What a record's result says.
struct Done {
    id: String,
    modified: Option<Stamp>,
    created: Option<Stamp>,
}

fn one_result(status: u16, answer: &Json, what: &str) -> RemoteResult<Done> {
    let details = answer.get("details").cloned().unwrap_or_default();
    if answer.get("status").and_then(Json::as_str) == Some("success") {
        let time = |name: &str| details.get(name).and_then(Json::as_str).and_then(Stamp::parse);
        let id = match details.get("id") {
            Some(Json::String(id)) => id.clone(),
            Some(Json::Number(id)) => id.to_string(),
            _ => return Err(RemoteError::unanswered()),
        };
        return Ok(Done { id, modified: time("Modified_Time"), created: time("Created_Time") });
    }
    let api = ApiError::read(status, answer).unwrap_or_default();
    Err(errors::explain(&api, Asked { what, write: true, item: true }))
}

/// A record that is not there.
pub(crate) fn gone(entity: &Entity, id: &str) -> RemoteError {
    RemoteError::new(
        ErrorKind::NotFound,
        UserError::new(
            format!("Zoho has no {} {id}.", entity.one),
            "It was deleted, or never was there.",
            "",
        ),
    )
}

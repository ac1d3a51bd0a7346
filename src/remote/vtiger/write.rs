//! Creates (`create`), changes (`revise`) and deletes (`delete`), one record at a time. What their
//! answers refer to is looked up once for all of them.

use super::super::{ErrorKind, RemoteError, RemoteResult, Write, Written};
use super::Vtiger;
use super::call::{Operation, refused};
use super::columns::{self, Columns};
use super::describe::Described;
use super::values::element;
use super::vtql::{Op, Query};
use crate::model::document::LINES;
use crate::model::{Fields, UserError, Value};
use serde_json::{Map, Value as Json};
use std::marker::PhantomData;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The most writes of one call.
pub(crate) const BATCH: usize = 200;

/// Where writes go: the module, and what of it the answers are to tell.
struct Target {
    module: Arc<Described>,
    columns: Columns,
}

impl Vtiger {
    /// Sends writes one after the other, until `stop` is cancelled.
    pub(crate) async fn write_all(
        &self,
        entity: &str,
        writes: &[Write],
        wanted: &[String],
        stop: &CancellationToken,
    ) -> Vec<RemoteResult<Written>> {
        let mut results = Vec::with_capacity(writes.len());
        let mut answered = Vec::new();
        let mut target: Option<Target> = None;
        for write in writes {
            if stop.is_cancelled() {
                answered.push(false);
                results.push(Err(RemoteError::stopped()));
                continue;
            }
            // A description that could not be read may be there by the next one.
            let result = match self.target(&mut target, entity, wanted).await {
                Ok(target) => self.write_in_turn(target, write, wanted, stop).await,
                Err(error) => Err(error),
            };
            answered.push(match (write, &result) {
                (Write::Create { .. }, Ok(_)) => true,
                (Write::Update { fields, .. }, Ok(_)) => !fields.is_empty(),
                _ => false,
            });
            results.push(result);
        }
        if let Some(target) = target {
            self.complete(&target.columns, &mut results, &answered).await;
        }
        results
    }

    /// The description and the columns, made by the first write that comes to need them.
    async fn target<'t>(
        &self,
        target: &'t mut Option<Target>,
        entity: &str,
        wanted: &[String],
    ) -> RemoteResult<&'t Target> {
        let ready = match target.take() {
            Some(ready) => ready,
            None => {
                let module = self.described(entity).await?;
                Target { columns: Columns::new(&module, wanted), module }
            }
        };
        Ok(target.insert(ready))
    }

    /// Writes that send lines or move stock follow one another, whoever sends them.
    async fn write_in_turn(
        &self,
        target: &Target,
        write: &Write,
        wanted: &[String],
        stop: &CancellationToken,
    ) -> RemoteResult<Written> {
        let sends_lines = match write {
            Write::Update { fields, .. } => {
                fields.get(LINES).is_some() || (self.is_before_8() && !fields.is_empty())
            }
            Write::Create { .. } | Write::Delete { .. } => true,
        };
        let _turn = match target.module.has_lines() && sends_lines {
            true => Some(self.documents.turn().await),
            false => None,
        };
        match stop.is_cancelled() {
            true => Err(RemoteError::stopped()),
            false => self.write_one(target, write, wanted).await,
        }
    }

    async fn write_one(
        &self,
        target: &Target,
        write: &Write,
        wanted: &[String],
    ) -> RemoteResult<Written> {
        match write {
            Write::Create { fields } => self.create(target, fields).await,
            Write::Update { id, fields, .. } if fields.is_empty() => {
                self.untouched(&target.module.info.name, id, wanted).await
            }
            Write::Update { id, fields, .. } => self.revise(target, id, fields).await,
            Write::Delete { id } => self.delete(&target.module, id).await,
        }
    }

    /// Adds to the answers what they refer to.
    async fn complete(
        &self,
        columns: &Columns,
        results: &mut [RemoteResult<Written>],
        answered: &[bool],
    ) {
        let mut places = Vec::new();
        let mut records = Vec::new();
        for (place, (result, answered)) in results.iter_mut().zip(answered).enumerate() {
            if let (true, Ok(written)) = (*answered, result)
                && let Some(record) = written.record.take()
            {
                places.push(place);
                records.push(record);
            }
        }
        // They are written; a failed look-up must not make that unknown.
        if self.fill(&mut records, columns).await.is_err() {
            for record in &mut records {
                for one in columns.refs.iter().filter(|r| r.hidden) {
                    record.fields.remove(&one.base);
                }
                for name in &columns.hidden {
                    record.fields.remove(name);
                }
            }
        }
        for (place, record) in places.into_iter().zip(records) {
            if let Ok(written) = &mut results[place] {
                written.record = Some(record);
            }
        }
    }

    async fn create(&self, target: &Target, values: &Fields) -> RemoteResult<Written> {
        let module = &*target.module;
        let entity = module.info.name.as_str();
        let (plain, members) = self.document_members(module, values, true).await?;
        let mut element = element(module, &plain)?;
        element.extend(members);
        if module.has("assigned_user_id")
            && element.get("assigned_user_id").is_none_or(|v| v == "")
            && let Some(who) = self.who().await?
        {
            element.insert("assigned_user_id".into(), who.user_id.clone().into());
        }
        let json = text_of(&element)?;
        let op = Operation::post("create", format!("create a record in {entity}"))
            .with("elementType", entity)
            .with("element", &json);
        let stock = self.stock_of(&element).await?;
        let result = self.written(&target.columns, op).await;
        self.keep_stock(stock, &result).await;
        self.forget_lists(entity);
        match self.document_created(module, &element, result).await {
            Err(mut error) if matches!(error.kind, ErrorKind::Exists { .. }) => {
                error.kind = ErrorKind::Exists { id: self.twin(module, values).await };
                Err(error)
            }
            other => other,
        }
    }

    async fn revise(&self, target: &Target, id: &str, values: &Fields) -> RemoteResult<Written> {
        let module = &*target.module;
        let entity = module.info.name.as_str();
        let (plain, members) = self.document_members(module, values, false).await?;
        let mut element = element(module, &plain)?;
        element.extend(members);
        self.kept_lines(module, id, &mut element).await?;
        self.kept_duration(module, id, &mut element).await?;
        element.insert("id".into(), id.into());
        let stock = self.stock_around(module, id, Some(&element)).await?;
        let trial = self.trial(id, values, &element);
        let element = text_of(&element)?;
        let op =
            Operation::post("revise", format!("change {id} in {entity}")).with("element", &element);
        let result = self.written(&target.columns, op).await;
        self.keep_stock(stock, &result).await;
        let result = match trial {
            Some(trial) => self.tried(&trial, &target.columns, result).await,
            None => result,
        };
        match result {
            Err(error) => Err(self.told_apart(module, id, error).await),
            done => done,
        }
    }

    async fn delete(&self, module: &Described, id: &str) -> RemoteResult<Written> {
        let entity = module.info.name.as_str();
        let stock = self.stock_around(module, id, None).await?;
        let op = Operation::post("delete", format!("delete {id} in {entity}")).with("id", id);
        let result = self.call(op, PhantomData::<Json>).await;
        self.keep_stock(stock, &result).await;
        match result {
            Ok(_) => Ok(Written { id: id.to_owned(), record: None }),
            Err(error) => Err(self.told_apart(module, id, error).await),
        }
    }

    /// An update without a change is not sent: Vtiger would stamp the record and run its workflows.
    async fn untouched(&self, entity: &str, id: &str, wanted: &[String]) -> RemoteResult<Written> {
        let found = self.fetch_ids(entity, &[id.to_owned()], wanted).await?;
        match found.into_iter().next() {
            Some(record) => Ok(Written { id: id.to_owned(), record: Some(record) }),
            None => Err(gone(entity, id)),
        }
    }

    /// Sends a write and reads the record that it answers.
    pub(super) async fn written(
        &self,
        columns: &Columns,
        op: Operation<'_>,
    ) -> RemoteResult<Written> {
        let what = op.what.clone();
        let (row, date) = self.call(op, columns.projection.record()).await?;
        if let Value::Text(modified) = &row.slots[1] {
            let now = date.unwrap_or_else(|| self.sessions.server_now());
            self.zone.learn(modified, now);
        }
        let Some(record) = columns::record(row, &self.zone) else {
            return Err(no_record(&what));
        };
        Ok(Written { id: record.id.clone(), record: Some(record) })
    }

    /// Vtiger answers ACCESS_DENIED for a deleted record too; a query tells.
    pub(super) async fn told_apart(
        &self,
        module: &Described,
        id: &str,
        error: RemoteError,
    ) -> RemoteError {
        let temporary = |error| RemoteError { kind: ErrorKind::Temporary, ..error };
        let unclear = error.kind == ErrorKind::Permission
            || (error.kind == ErrorKind::Refused && !super::refs::is_id_of(id, &module.prefix));
        if !unclear {
            return error;
        }
        match self.fetch_ids(&module.info.name, &[id.to_owned()], &[]).await {
            Ok(found) if found.is_empty() => gone(&module.info.name, id),
            // An administrator may do everything: the record was only not found just now.
            Ok(_) if self.sees_all() => temporary(error),
            // It could not be asked for, so nobody knows yet.
            Err(asked) if asked.kind != ErrorKind::Permission => temporary(error),
            _ => error,
        }
    }

    /// The record that has the same unique fields, if there is just one.
    async fn twin(&self, module: &Described, values: &Fields) -> Option<String> {
        let mut query = Query::select(&module.info.name, ["id"]);
        let mut asked = false;
        for field in &module.unique {
            let value = values.get(field).map(Value::to_text).unwrap_or_default();
            if !value.is_empty() {
                query = query.and(field, Op::Eq, value.trim_end());
                asked = true;
            }
        }
        if !asked {
            return None;
        }
        let query = query.ordered("id");
        let columns = Columns::new(module, &[]);
        let op =
            Operation::get("query", "look for the record with the same key").with("query", &query);
        let (mut rows, _) = self.call(op, columns.projection.records()).await.ok()?;
        match rows.len() {
            1 => Some(std::mem::take(&mut rows[0].slots[0]).into_text()),
            _ => None,
        }
    }
}

/// An element as JSON.
fn text_of(element: &Map<String, Json>) -> RemoteResult<String> {
    serde_json::to_string(element)
        .map_err(|e| refused("A record cannot be sent to Vtiger.", format!("{e}."), ""))
}

/// The error of a record that is not there.
pub(super) fn gone(entity: &str, id: &str) -> RemoteError {
    RemoteError::new(
        ErrorKind::NotFound,
        UserError::new(
            format!("The record {id} is not in Vtiger's {entity}."),
            "It was deleted, or the user may not see it.",
            "",
        ),
    )
}

fn no_record(what: &str) -> RemoteError {
    RemoteError::new(
        ErrorKind::Unknown,
        UserError::new(
            format!("Vtiger was asked to {what}, and answered without a record."),
            "Whether it was done is not known.",
            "The record is looked up before anything is repeated.",
        ),
    )
}

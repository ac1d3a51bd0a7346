//! Writes: creates and updates by the batch endpoints, deletes one by one.
//!
//! A batch is no transaction: each item succeeds or fails for itself, inside an answer of 200. Its
//! deletes would go past the trash, so they are not used. A single record goes to its own address,
//! where the shop checks the values too; by POST, which hosts do not block as they do PUT. So do
//! all orders. Variations go to the route below their product.

mod batch;

use super::super::http::Plan;
use super::super::{ErrorKind, RemoteError, RemoteResult, Write, Written};
use super::Woo;
use super::call::Ask;
use super::entity::{Entity, Special};
use super::records;
use super::staff;
use super::values::{self, Body};
use super::variations;
use crate::model::{Fields, UserError, Value};
use reqwest::Method;
use serde::de::IgnoredAny;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use syncdeck_records::project::Projected;

/// A write that has been checked, with its place in the call.
struct Item<'a> {
    at: usize,
    id: Option<&'a str>,
    body: Body,
}

/// One result for each write.
pub(crate) type Results = Vec<Option<RemoteResult<Written>>>;

impl Woo {
    pub(crate) async fn write_all(
        &self,
        entity: &'static Entity,
        writes: &[Write],
        fields: &[String],
    ) -> Vec<RemoteResult<Written>> {
        if !entity.writable {
            return writes.iter().map(|_| Err(only_read(entity))).collect();
        }
        let mut results: Results = writes.iter().map(|_| None).collect();
        self.spare_staff(entity, writes, &mut results);
        let made;
        let writes = if entity.special == Special::Orders {
            made = self.order_writes(entity, writes, &mut results).await;
            made.as_slice()
        } else {
            writes
        };
        let (creates, updates, deletes) = sorted(entity, writes, &mut results);
        for piece in pieces(creates, entity.creates) {
            self.send(entity, entity.name, piece, fields, &mut results).await;
        }
        self.change(entity, updates, fields, &mut results).await;
        if entity.special == Special::Products {
            self.change_variations(entity, writes, fields, &mut results).await;
        }
        for (at, id) in deletes {
            results[at] = Some(self.delete(entity, id).await);
        }
        self.name_twins(entity, writes, &mut results).await;
        results.into_iter().map(|result| result.unwrap_or_else(|| Err(no_answer(entity)))).collect()
    }

    /// Sends updates, those of variations to the routes below their products.
    async fn change(
        &self,
        entity: &'static Entity,
        updates: Vec<Item<'_>>,
        fields: &[String],
        results: &mut Results,
    ) {
        let mut routes: BTreeMap<String, Vec<Item<'_>>> = BTreeMap::new();
        let mut unchanged = Vec::new();
        for mut item in updates {
            let parent = item.id.and_then(|id| self.parent_of(entity, id));
            if parent.is_some() {
                item.body.json = variations::body(item.body.json);
            }
            if item.body.json.is_empty() {
                unchanged.push(item);
                continue;
            }
            let route = parent.map_or_else(|| entity.name.to_owned(), |p| variations::route(&p));
            routes.entry(route).or_default().push(item);
        }
        self.untouched(entity, &unchanged, fields, results).await;
        for (route, items) in routes {
            for piece in pieces(items, entity.updates) {
                self.send(entity, &route, piece, fields, results).await;
            }
        }
    }

    /// A product that the shop does not know by this route may be a variation, which was never seen
    /// on this connection. The refusal is certain, so it is sent again.
    async fn change_variations(
        &self,
        entity: &'static Entity,
        writes: &[Write],
        fields: &[String],
        results: &mut Results,
    ) {
        let mut lost = Vec::new();
        for (at, write) in writes.iter().enumerate() {
            if let (Write::Update { id, .. }, Some(Err(error))) = (write, &results[at])
                && error.kind == ErrorKind::NotFound
                && self.parent_of(entity, id).is_none()
            {
                lost.push((at, id.clone()));
            }
        }
        let ids: Vec<String> = lost.iter().map(|(_, id)| id.clone()).collect();
        if ids.is_empty() || self.fetch_ids(entity, &ids, &[]).await.is_err() {
            return;
        }
        lost.retain(|(_, id)| self.parent_of(entity, id).is_some());
        let mut items = Vec::new();
        for (at, id) in &lost {
            let Write::Update { fields: sent, .. } = &writes[*at] else { continue };
            if let Ok(body) = values::body(entity, sent, false) {
                items.push(Item { at: *at, id: Some(id), body });
            }
        }
        self.change(entity, items, fields, results).await;
    }

    async fn send(
        &self,
        entity: &'static Entity,
        route: &str,
        items: Vec<Item<'_>>,
        fields: &[String],
        results: &mut Results,
    ) {
        match items.as_slice() {
            [] => {}
            [item] if !item.body.batch_only => {
                results[item.at] = Some(self.send_one(entity, route, item, fields).await);
            }
            _ => self.send_batch(entity, route, &items, fields, results).await,
        }
    }

    async fn send_one(
        &self,
        entity: &'static Entity,
        route: &str,
        item: &Item<'_>,
        fields: &[String],
    ) -> RemoteResult<Written> {
        let (path, what) = match item.id {
            Some(id) => (format!("{route}/{id}"), format!("change {} {id}", entity.one)),
            None => (route.to_owned(), format!("create a {}", entity.one)),
        };
        let body = Json::Object(item.body.json.clone()).to_string().into_bytes();
        let mut ask = Ask::post(path, what, body);
        for (name, value) in entity.always.iter().filter(|(name, _)| *name == "dp") {
            ask = ask.with(name, *value);
        }
        let projection = records::projection(entity, fields);
        let parse = |body: &str| projection.take(body);
        let mut row = match self.ask(&ask, parse).await? {
            Ok((row, _)) => row,
            Err(api) => {
                if let Some(draft) = &api.draft {
                    self.drop_draft(entity, draft).await;
                }
                return Err(self.explained(&api, &ask));
            }
        };
        if self.apart(entity, std::slice::from_mut(&mut row)).await.is_err() {
            // It is written; what it is now is read at the next sync.
            let written = self.written(entity, row, item.id, fields)?;
            return Ok(Written { record: None, ..written });
        }
        let written = self.written(entity, row, item.id, fields)?;
        if self.parent_of(entity, &written.id).is_none() {
            return Ok(written);
        }
        self.told_whole(entity, written, fields).await
    }

    /// The answer to a change of a variation has neither its product's name nor its SKU.
    async fn told_whole(
        &self,
        entity: &'static Entity,
        written: Written,
        fields: &[String],
    ) -> RemoteResult<Written> {
        let id = written.id.clone();
        match self.of_families(entity, std::slice::from_ref(&id), fields).await {
            Ok(mut found) if !found.is_empty() => Ok(Written { id, record: Some(found.remove(0)) }),
            // It is written; what it is now is read at the next sync.
            _ => Ok(written),
        }
    }

    /// An order that could not be created whole is left as a draft.
    async fn drop_draft(&self, entity: &'static Entity, id: &str) {
        let mut ask = Ask::get(format!("{}/{id}", entity.name), format!("delete draft {id}"))
            .planned(Plan::WRITE)
            .with("force", "true");
        ask.method = Method::DELETE;
        // It is no order, and the shop clears drafts away by itself.
        let _ = self.ask(&ask, |body: &str| serde_json::from_str::<IgnoredAny>(body)).await;
    }

    /// Into the trash where there is one. Customers can only be deleted for good.
    async fn delete(&self, entity: &'static Entity, id: &str) -> RemoteResult<Written> {
        let parent = self.parent_of(entity, id);
        let result = self.delete_at(entity, parent.as_deref(), id).await;
        let lost = result.as_ref().is_err_and(|error| error.kind == ErrorKind::Temporary);
        match self.parent_of(entity, id) {
            // It turned out to be a variation.
            Some(found) if lost && parent.is_none() => {
                self.delete_at(entity, Some(&found), id).await
            }
            _ => result,
        }
    }

    async fn delete_at(
        &self,
        entity: &'static Entity,
        parent: Option<&str>,
        id: &str,
    ) -> RemoteResult<Written> {
        let route = parent.map_or_else(|| entity.name.to_owned(), variations::route);
        let mut ask = Ask::get(format!("{route}/{id}"), format!("delete {} {id}", entity.one))
            .planned(Plan::WRITE);
        ask.method = Method::DELETE;
        if !entity.trash {
            ask = ask.with("force", "true");
        }
        let done = Ok(Written { id: id.to_owned(), record: None });
        let parse = |body: &str| serde_json::from_str::<IgnoredAny>(body);
        let mut answer = self.ask(&ask, parse).await;
        if answer.as_ref().is_err_and(is_blocked) {
            // Some hosts block the method; the API takes it as a parameter too.
            ask.method = Method::POST;
            ask = ask.with("_method", "DELETE");
            answer = self.ask(&ask, parse).await;
        }
        match answer? {
            Ok(_) => done,
            Err(api) if api.status == 410 => done,
            Err(api) => {
                let error = self.explained(&api, &ask);
                Err(self.surely_gone(entity, id, error).await)
            }
        }
    }

    /// A record that is said to be gone and can still be read is not gone: it is tried again later.
    async fn surely_gone(
        &self,
        entity: &'static Entity,
        id: &str,
        mut error: RemoteError,
    ) -> RemoteError {
        if error.kind == ErrorKind::NotFound {
            match self.fetch_ids(entity, &[id.to_owned()], &[]).await {
                Ok(found) if found.is_empty() => {}
                _ => error.kind = ErrorKind::Temporary,
            }
        }
        error
    }

    /// Updates without a change are not sent: the shop would stamp the record.
    async fn untouched(
        &self,
        entity: &'static Entity,
        items: &[Item<'_>],
        fields: &[String],
        results: &mut Results,
    ) {
        let ids: Vec<String> = items.iter().filter_map(|i| i.id.map(str::to_owned)).collect();
        if ids.is_empty() {
            return;
        }
        let found = self.fetch_ids(entity, &ids, fields).await;
        for item in items {
            let Some(id) = item.id else { continue };
            results[item.at] = Some(match &found {
                Ok(records) => match records.iter().find(|r| r.id == id) {
                    Some(record) => Ok(Written { id: id.into(), record: Some(record.clone()) }),
                    None => Err(gone(entity, id)),
                },
                Err(error) => Err(error.clone()),
            });
        }
    }

    fn written(
        &self,
        entity: &Entity,
        row: Projected,
        id: Option<&str>,
        wanted: &[String],
    ) -> RemoteResult<Written> {
        match records::made(entity, row, wanted, &self.shop()) {
            Some(record) if id.is_none_or(|id| id == record.id) => {
                Ok(Written { id: record.id.clone(), record: Some(record) })
            }
            _ => Err(no_answer(entity)),
        }
    }

    /// Finds the records that have the keys already, where the shop does not name them.
    async fn name_twins(&self, entity: &'static Entity, writes: &[Write], results: &mut Results) {
        let mut keys: Vec<(usize, String)> = Vec::new();
        for (at, result) in results.iter().enumerate() {
            if let Some(Err(error)) = result
                && let ErrorKind::Exists { .. } = error.kind
                && let Some(key) = key_of(entity, &writes[at])
            {
                keys.push((at, key));
            }
        }
        if keys.is_empty() {
            return;
        }
        let values: Vec<String> = keys.iter().map(|(_, key)| key.clone()).collect();
        let fields = [entity.key.to_owned()];
        let found = self.holders(entity, entity.key, &values, &fields).await;
        let Ok(found) = found else {
            for (at, _) in keys {
                if let Some(Err(error)) = &mut results[at] {
                    // Which record has the key is not certain.
                    error.kind = ErrorKind::Exists { id: None };
                }
            }
            return;
        };
        for (at, key) in keys {
            let twin = found.iter().find(|r| {
                let held = r.fields.get(entity.key).map(Value::to_text).unwrap_or_default();
                held.trim().to_lowercase() == key.trim().to_lowercase()
            });
            if let Some(Err(error)) = &mut results[at] {
                error.kind = match twin {
                    Some(twin) if entity.special == Special::None && self.staff.has(&twin.id) => {
                        error.error = staff::is_taken();
                        error.field = Some(entity.key.to_owned());
                        ErrorKind::Refused
                    }
                    Some(twin) => ErrorKind::Exists { id: Some(twin.id.clone()) },
                    None => ErrorKind::Exists { id: None },
                };
                if twin.is_some_and(|t| t.trashed) {
                    error.error.next =
                        "Restore the product from the shop's trash, or delete it there \
                                        for good."
                            .to_owned();
                }
            }
        }
    }
}

type Sorted<'a> = (Vec<Item<'a>>, Vec<Item<'a>>, Vec<(usize, &'a str)>);

/// The writes by kind; those that cannot be sent have their result already.
fn sorted<'a>(entity: &Entity, writes: &'a [Write], results: &mut Results) -> Sorted<'a> {
    let mut sorted: Sorted<'a> = Default::default();
    for (at, write) in writes.iter().enumerate() {
        if results[at].is_some() {
            continue;
        }
        let (id, fields) = match write {
            Write::Delete { id } if is_id(id) => {
                sorted.2.push((at, id));
                continue;
            }
            Write::Update { id, fields, .. } if is_id(id) => (Some(id.as_str()), fields),
            Write::Create { fields } => (None, fields),
            Write::Update { id, .. } | Write::Delete { id } => {
                results[at] = Some(Err(gone(entity, id)));
                continue;
            }
        };
        match values::body(entity, fields, id.is_none()) {
            Ok(body) if id.is_none() => sorted.0.push(Item { at, id, body }),
            Ok(body) => sorted.1.push(Item { at, id, body }),
            Err(error) => results[at] = Some(Err(error)),
        }
    }
    sorted
}

fn pieces(items: Vec<Item<'_>>, size: usize) -> Vec<Vec<Item<'_>>> {
    let mut all: Vec<Vec<Item<'_>>> = Vec::new();
    for item in items {
        match all.last_mut() {
            Some(piece) if piece.len() < size => piece.push(item),
            _ => all.push(vec![item]),
        }
    }
    all
}

fn is_id(id: &str) -> bool {
    id.parse::<u64>().is_ok_and(|n| n > 0)
}

fn key_of(entity: &Entity, write: &Write) -> Option<String> {
    let fields: &Fields = match write {
        Write::Create { fields } | Write::Update { fields, .. } => fields,
        Write::Delete { .. } => return None,
    };
    let key = fields.get(entity.key)?.to_text();
    (!key.is_empty()).then_some(key)
}

/// Refused by the web server before WordPress saw it.
fn is_blocked(error: &RemoteError) -> bool {
    matches!(error.kind, ErrorKind::NotTheApi | ErrorKind::Refused)
}

fn gone(entity: &Entity, id: &str) -> RemoteError {
    RemoteError::new(
        ErrorKind::NotFound,
        UserError::new(
            format!("The {} {id} is not in the shop.", entity.one),
            "It was deleted.",
            "",
        ),
    )
}

/// SyncDeck reads these records only.
pub(crate) fn only_read(entity: &Entity) -> RemoteError {
    RemoteError::new(
        ErrorKind::Permission,
        UserError::new(
            format!("SyncDeck does not write the shop's {}.", entity.name),
            "They travel from WooCommerce to the CRM only.",
            "Change them in WooCommerce, Settings, Tax.",
        ),
    )
}

fn no_answer(entity: &Entity) -> RemoteError {
    unknown(format!("The shop answered without the {} it was asked to write.", entity.one))
}

fn unknown(what: String) -> RemoteError {
    RemoteError::new(
        ErrorKind::Unknown,
        UserError::new(
            what,
            "Whether the write was done is not known.",
            "The record is looked up before anything is repeated.",
        ),
    )
}

//! Records by id. A list gives at most fifty fields at a time, so more are read in several calls
//! and put together; what lists leave out is read record by record.

use super::super::http::Plan;
use super::super::{ErrorKind, RemoteResult};
use super::Zoho;
use super::call::{Ask, Rows};
use super::describe::Described;
use super::entity::Entity;
use super::lines;
use super::virtuals;
use crate::model::document::{CURRENCY, LINES, TOTAL, TOTAL_TAX};
use crate::model::{Fields, Record, Stamp, Value};
use futures::future::{BoxFuture, FutureExt};
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::{BTreeMap, BTreeSet};
use syncdeck_records::project::{Projected, Projection};

/// Ids in one request.
const IDS: usize = 100;
/// Fields in one request; three are the connector's own.
const FIELDS: usize = 47;
/// What the connector reads for itself, in this order.
const SLOTS: [&str; 3] = ["id", "Modified_Time", "Created_Time"];

/// What has to be read for the wanted paths.
pub(crate) struct Reading<'a> {
    /// The kind of records.
    pub(crate) entity: &'static Entity,
    described: &'a Described,
    wanted: &'a [String],
    paths: Vec<String>,
    /// Only the single record shows all of it.
    alone: bool,
}

impl<'a> Reading<'a> {
    /// What these paths need. Fields that the organisation does not have are left out.
    pub(crate) fn new(
        entity: &'static Entity,
        described: &'a Described,
        wanted: &'a [String],
    ) -> Self {
        let is_instant = |field: &str| described.is_instant(field);
        let mut paths = virtuals::sources(entity, wanted, is_instant);
        let document = entity.lines.filter(|_| paths.iter().any(|p| is_of_document(p)));
        paths.retain(|path| {
            let top = top(path);
            !described.type_of(top).is_empty() || entity.hidden.contains(&top)
        });
        if let Some(rows) = document {
            paths.push(rows.to_owned());
            paths.extend(lines::MEMBERS.map(str::to_owned));
            paths.sort();
            paths.dedup();
        }
        let alone = document.is_some() || paths.iter().any(|path| described.is_alone(top(path)));
        Self { entity, described, wanted, paths, alone }
    }

    /// The lists of fields to ask for, one for each call.
    fn calls(&self) -> Vec<Vec<String>> {
        let tops: BTreeSet<String> = self.paths.iter().map(|p| top(p).to_owned()).collect();
        let tops: Vec<String> = tops.into_iter().filter(|t| !SLOTS.contains(&t.as_str())).collect();
        let mut calls: Vec<Vec<String>> = tops.chunks(FIELDS).map(<[String]>::to_vec).collect();
        if calls.is_empty() {
            calls.push(Vec::new());
        }
        for call in &mut calls {
            call.extend(SLOTS.map(str::to_owned));
        }
        calls
    }

    fn projection(&self) -> Projection {
        Projection::new(self.paths.iter().map(String::as_str), &SLOTS)
    }

    /// The record that a row tells; `None`: it has no id.
    fn record(&self, row: Projected, currency: &str) -> Option<Record> {
        let [id, modified, created, ..] = &row.slots;
        let id = id.to_text();
        if id.is_empty() {
            return None;
        }
        let is_instant = |field: &str| self.described.is_instant(field);
        let mut fields = virtuals::derive(self.entity, self.wanted, &row.fields, is_instant);
        if let Some(rows) = self.entity.lines.filter(|_| self.alone) {
            let document = lines::document(rows, &row.fields, currency);
            for (path, value) in document.iter() {
                if self.wanted.iter().any(|w| w == path) {
                    fields.set(path, value.clone());
                }
            }
        }
        Some(Record {
            id,
            modified: stamp(modified),
            created: stamp(created),
            trashed: false,
            fields,
        })
    }
}

fn is_of_document(path: &str) -> bool {
    [LINES, TOTAL, TOTAL_TAX, CURRENCY].contains(&path)
}

fn top(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}

/// An instant with an offset.
pub(crate) fn stamp(value: &Value) -> Option<Stamp> {
    match value {
        Value::Text(text) => Stamp::parse(text),
        _ => None,
    }
}

/// Whether a text can be an id: a number of 64 bits.
pub(crate) fn is_id(text: &str) -> bool {
    text.parse::<u64>().is_ok_and(|n| n > 0)
}

impl Zoho {
    /// The records with these ids, in their order; those that are gone are left out.
    pub(crate) async fn read_ids(
        &self,
        reading: &Reading<'_>,
        ids: &[String],
    ) -> RemoteResult<Vec<Record>> {
        let mut seen = BTreeSet::new();
        let ids: Vec<&String> = ids.iter().filter(|id| is_id(id) && seen.insert(*id)).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let currency = match reading.entity.lines.filter(|_| reading.alone) {
            Some(_) => self.organisation(Plan::READ).await?.currency.clone(),
            None => String::new(),
        };
        let rows = if reading.alone {
            let one = |id: &&String| self.read_one(reading, (*id).clone()).boxed();
            let all: Vec<BoxFuture<'_, RemoteResult<Option<Projected>>>> =
                ids.iter().map(one).collect();
            let rows: Vec<Option<Projected>> =
                stream::iter(all).buffered(self.parallel).try_collect().await?;
            rows.into_iter().flatten().collect()
        } else {
            let mut all: Vec<BoxFuture<'_, RemoteResult<Vec<Projected>>>> = Vec::new();
            for piece in ids.chunks(IDS) {
                let list: Vec<String> = piece.iter().map(|id| (*id).clone()).collect();
                all.push(self.read_piece(reading, list).boxed());
            }
            let rows: Vec<Vec<Projected>> =
                stream::iter(all).buffered(self.parallel).try_collect().await?;
            rows.into_iter().flatten().collect::<Vec<_>>()
        };
        Ok(rows.into_iter().filter_map(|row| reading.record(row, &currency)).collect())
    }

    /// Up to a hundred records, in as many calls as their fields need.
    async fn read_piece(
        &self,
        reading: &Reading<'_>,
        ids: Vec<String>,
    ) -> RemoteResult<Vec<Projected>> {
        let entity = reading.entity;
        let projection = reading.projection();
        let mut whole: BTreeMap<String, Projected> = BTreeMap::new();
        for (n, fields) in reading.calls().into_iter().enumerate() {
            let mut shown = BTreeSet::new();
            let mut ask = Ask::get(entity.name, format!("read {}", entity.name))
                .with("ids", ids.join(","))
                .with("fields", fields.join(","))
                .with("per_page", "200");
            for (name, value) in entity.always {
                ask = ask.with(name, *value);
            }
            let rows = Rows { list: "data", projection: &projection };
            let (listed, _) = self.call(&ask, |body| rows.parse(body)).await?;
            let listed = listed.unwrap_or_default();
            for row in listed.rows {
                let id = row.slots[0].to_text();
                shown.insert(id.clone());
                match whole.get_mut(&id) {
                    // A server that ignores the filter must not answer with others.
                    None if n == 0 && ids.contains(&id) => {
                        whole.insert(id, row);
                    }
                    None => {}
                    // The later call's stamp: what it shows is at least as old as that.
                    Some(held) => merge(held, row),
                }
            }
            // One that was deleted between two calls is gone, and not one with empty fields.
            whole.retain(|id, _| shown.contains(id));
        }
        Ok(ids.iter().filter_map(|id| whole.remove(id)).collect())
    }

    /// One record with all its fields.
    async fn read_one(&self, reading: &Reading<'_>, id: String) -> RemoteResult<Option<Projected>> {
        let entity = reading.entity;
        let what = format!("read {} {id}", entity.one);
        let ask = Ask::get(format!("{}/{id}", entity.name), what);
        let projection = reading.projection();
        let rows = Rows { list: "data", projection: &projection };
        match self.call(&ask, |body| rows.parse(body)).await {
            Ok((listed, _)) => Ok(listed.and_then(|l| l.rows.into_iter().next())),
            // Zoho answers an unknown id with nothing, or so.
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Puts the fields of a further call to those of the first one. If the record was changed in
/// between, the older stamp stays: the record is then read again.
fn merge(held: &mut Projected, row: Projected) {
    let all: Vec<(String, Value)> =
        row.fields.iter().map(|(path, value)| (path.to_owned(), value.clone())).collect();
    for (path, value) in all {
        held.fields.set(path, value);
    }
}

impl Zoho {
    /// The values of some members of records, by id, as Zoho tells them.
    pub(crate) async fn raw(
        &self,
        entity: &'static Entity,
        described: &Described,
        ids: &[String],
        paths: &[String],
    ) -> RemoteResult<BTreeMap<String, Fields>> {
        let reading = Reading {
            entity,
            described,
            wanted: paths,
            paths: paths.to_vec(),
            alone: paths.iter().any(|p| described.is_alone(top(p))),
        };
        let mut all = BTreeMap::new();
        if reading.alone {
            for id in ids.iter().filter(|id| is_id(id)) {
                if let Some(row) = self.read_one(&reading, id.clone()).await? {
                    all.insert(id.clone(), row.fields);
                }
            }
            return Ok(all);
        }
        for piece in ids.chunks(IDS) {
            let list = piece.iter().filter(|id| is_id(id)).cloned().collect::<Vec<_>>();
            if list.is_empty() {
                continue;
            }
            for row in self.read_piece(&reading, list).await? {
                all.insert(row.slots[0].to_text(), row.fields);
            }
        }
        Ok(all)
    }
}

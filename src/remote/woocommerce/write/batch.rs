//! The batch endpoints: one request for many records, one result for each of them.

use super::super::call::Ask;
use super::super::entity::Entity;
use super::super::errors::{self, ApiError, Asked};
use super::super::{Woo, records};
use super::{Item, Results, unknown};
use crate::model::Value;
use crate::remote::http::Plan;
use crate::remote::{RemoteError, RemoteResult, Written};
use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value as Json};
use std::fmt;
use syncdeck_records::project::{self, Projected, Projection};

impl Woo {
    pub(super) async fn send_batch(
        &self,
        entity: &'static Entity,
        route: &str,
        items: &[Item<'_>],
        fields: &[String],
        results: &mut Results,
    ) {
        let creates = items.iter().all(|i| i.id.is_none());
        let list: Vec<Json> = items.iter().map(|i| item_json(&i.body.json, i.id)).collect();
        let (member, verb) = if creates { ("create", "create") } else { ("update", "change") };
        let body = serde_json::json!({ member: list }).to_string().into_bytes();
        let what = format!("{verb} {} {}", items.len(), entity.name);
        let ask = Ask::post(format!("{route}/batch"), what, body).planned(Plan::BATCH);
        let projection = records::projection(entity, fields);
        let parse = |body: &str| project::parse(body, Batch { member, projection: &projection });
        let mut rows = match self.call(&ask, parse).await {
            Ok((rows, _)) if rows.len() == items.len() => rows,
            Ok(_) => return spread(items, &odd_batch(entity), results),
            Err(error) => return spread(items, &error, results),
        };
        let apart = self.apart(entity, &mut rows).await;
        for (item, row) in items.iter().zip(rows) {
            let mut result = self.batch_result(entity, route, item, row, fields);
            if let (Ok(written), Err(_)) = (&mut result, &apart) {
                // It is written; what it is now is read at the next sync.
                written.record = None;
            }
            results[item.at] = Some(result);
        }
        let whole: Vec<(usize, String)> = items
            .iter()
            .filter_map(|item| {
                Some((item.at, item.id.filter(|_| route != entity.name)?.to_owned()))
            })
            .filter(|(at, _)| matches!(results[*at], Some(Ok(_))))
            .collect();
        let ids: Vec<String> = whole.iter().map(|(_, id)| id.clone()).collect();
        if ids.is_empty() {
            return;
        }
        let found = self.of_families(entity, &ids, fields).await.unwrap_or_default();
        for (at, id) in whole {
            if let Some(record) = found.iter().find(|record| record.id == id) {
                results[at] = Some(Ok(Written { id, record: Some(record.clone()) }));
            }
        }
    }

    fn batch_result(
        &self,
        entity: &'static Entity,
        route: &str,
        item: &Item<'_>,
        mut row: Projected,
        fields: &[String],
    ) -> RemoteResult<Written> {
        let Value::Object(error) = std::mem::take(&mut row.slots[records::ERROR]) else {
            return self.written(entity, row, item.id, fields);
        };
        let what = match item.id {
            Some(id) => format!("change {} {id}", entity.one),
            None => format!("create a {}", entity.one),
        };
        let api = ApiError::read(200, &error).unwrap_or_default();
        let asked = Asked { what: &what, write: true, known: true, item: true };
        let mut error = errors::explain(&api, asked);
        error.request = format!("POST {}wp-json/wc/v3/{route}/batch", self.site);
        Err(self.http.discreet(error))
    }
}

fn item_json(body: &Map<String, Json>, id: Option<&str>) -> Json {
    let mut json = body.clone();
    if let Some(number) = id.and_then(|id| id.parse::<u64>().ok()) {
        json.insert("id".into(), number.into());
    }
    Json::Object(json)
}

fn spread(items: &[Item<'_>], error: &RemoteError, results: &mut Results) {
    for item in items {
        results[item.at] = Some(Err(error.clone()));
    }
}

fn odd_batch(entity: &Entity) -> RemoteError {
    unknown(format!("The shop answered for other {} than those it was sent.", entity.name))
}

/// Parses the answer of a batch: the list of one member.
struct Batch<'a> {
    member: &'a str,
    projection: &'a Projection,
}

impl<'de> DeserializeSeed<'de> for Batch<'_> {
    type Value = Vec<Projected>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Batch<'_> {
    type Value = Vec<Projected>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer of a batch")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut rows = None;
        while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            if name == self.member {
                rows = Some(map.next_value_seed(self.projection.records())?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        rows.ok_or_else(|| serde::de::Error::custom("the batch's member is missing"))
    }
}

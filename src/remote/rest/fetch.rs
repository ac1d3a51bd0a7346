//! Records by id and by value. A service without a request for one record is listed whole and
//! searched; that is slow, and happens only when somebody has to know for certain.

use super::super::http::Plan;
use super::super::{ErrorKind, Next, PageAt, PageRequest, RemoteResult, Scope};
use super::template::Names;
use super::{Rest, path, shape};
use crate::model::{Record, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

impl Rest {
    /// The records with these ids.
    pub(crate) async fn fetch_ids(
        &self,
        entity: &str,
        ids: &[String],
        fields: &[String],
    ) -> RemoteResult<Vec<Record>> {
        let wanted: BTreeSet<&String> = ids.iter().collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let stream = self.stream(entity)?;
        let Some(get) = &stream.get else {
            return self.search(entity, fields, |record| wanted.contains(&record.id)).await;
        };
        let mut found = Vec::new();
        for id in wanted {
            let names = Names { values: vec![("id", id.clone())], ..Names::default() };
            let what = format!("read {id} of {entity}");
            let answered = match self.ask(&get.request, &names, &what, Plan::READ).await {
                Ok(answered) => answered,
                Err(error) if error.kind == ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let json = path::records(&answered.json, &get.record).into_iter().next();
            let record = json.and_then(|json| {
                let json = shape::lifted(stream, json);
                shape::record(stream, &self.rules, &json, fields)
            });
            // A service that answers something else must not pass for the record.
            found.extend(record.filter(|record| record.id == *id));
        }
        Ok(found)
    }

    /// The records whose field holds one of these values.
    pub(crate) async fn find_values(
        &self,
        entity: &str,
        field: &str,
        values: &[String],
        fields: &[String],
    ) -> RemoteResult<Vec<Record>> {
        let wanted: BTreeSet<String> = values.iter().map(|v| v.trim().to_lowercase()).collect();
        let mut paths = fields.to_vec();
        if !paths.iter().any(|path| path == field) {
            paths.push(field.to_owned());
        }
        self.search(entity, &paths, |record| {
            let held = record.fields.get(field).map(Value::to_text).unwrap_or_default();
            wanted.contains(&held.trim().to_lowercase())
        })
        .await
    }

    async fn search(
        &self,
        entity: &str,
        fields: &[String],
        wanted: impl Fn(&Record) -> bool + Send,
    ) -> RemoteResult<Vec<Record>> {
        let fields: Arc<[String]> = fields.to_vec().into();
        let mut at = PageAt::First;
        let mut found: Vec<Record> = Vec::new();
        loop {
            let request = PageRequest {
                entity: entity.to_owned(),
                fields: fields.clone(),
                scope: Scope::All,
                at,
            };
            let page = self.list(&request).await?;
            for record in page.records.into_iter().filter(&wanted) {
                found.retain(|known| known.id != record.id);
                found.push(record);
            }
            match page.next {
                Next::After(token) => at = PageAt::After(token),
                _ => return Ok(found),
            }
        }
    }
}

//! Listings. What changed, and everything, is listed by key with the query language; the fields of
//! a page's records are then read by id. A consent that does not cover the query language has
//! lists with page tokens instead. Deletions come from a feed of their own, which reaches back 60
//! days; the engine compares all ids once a day.

use super::super::http::Plan;
use super::super::{Next, Page, PageAt, PageRequest, RemoteResult, Scope, Since};
use super::Zoho;
use super::call::{Ask, Meta, Rows, written};
use super::coql::{From, ROWS, is_closed, page_query};
use super::entity::Entity;
use super::records::{Reading, stamp};
use crate::model::{Fields, Record, Stamp, Value};
use serde_json::Value as Json;
use std::sync::atomic::Ordering;
use std::time::Duration;
use syncdeck_records::project::Projection;

/// What commits late shows late; so much is read again.
const OVERLAP: Duration = Duration::from_secs(90);
/// What begins the token of a page that the query language made, and of one from a list.
const BY_KEY: &str = "k:";
const BY_TOKEN: &str = "p:";

/// Ids with their stamps, and where to go on.
#[derive(Default)]
struct Ids {
    rows: Vec<Record>,
    next: Option<String>,
    meta: Meta,
}

impl Zoho {
    pub(crate) async fn list(
        &self,
        entity: &'static Entity,
        request: &PageRequest,
    ) -> RemoteResult<Page> {
        if let Scope::Trashed(since) = &request.scope {
            return self.deleted(entity, since.as_ref(), &request.at).await;
        }
        let described = self.described(entity).await?;
        let narrow = request.scope == Scope::Narrow;
        let ids = self.ids(entity, request, narrow).await?;
        let records = if narrow {
            ids.rows
        } else {
            let list: Vec<String> = ids.rows.into_iter().map(|r| r.id).collect();
            self.read_ids(&Reading::new(entity, &described, &request.fields), &list).await?
        };
        Ok(Page {
            records,
            next: ids.next.map_or(Next::End, Next::After),
            total: None,
            mark: mark(&ids.meta, &request.at),
            server_time: ids.meta.server_time,
        })
    }

    async fn ids(
        &self,
        entity: &'static Entity,
        request: &PageRequest,
        narrow: bool,
    ) -> RemoteResult<Ids> {
        let token = match &request.at {
            PageAt::After(token) => Some(token.as_str()),
            PageAt::First | PageAt::Number(_) => None,
        };
        let by_list = token.is_some_and(|t| t.starts_with(BY_TOKEN))
            || (token.is_none() && self.no_queries.load(Ordering::Relaxed));
        let since = start(&request.scope);
        if by_list {
            return self.ids_by_list(entity, since, token, narrow).await;
        }
        let from = match (token.and_then(read_token), since) {
            (Some(from), _) => from,
            (None, Some(since)) => From::Since(since),
            (None, None) => From::Start,
        };
        match self.ids_by_key(entity, &from, narrow).await {
            Err(error) if token.is_none() && is_closed(&error.kind) => {
                // The same refusal for a list tells that it is not about the query language.
                let ids = self.ids_by_list(entity, since, None, narrow).await?;
                self.no_queries.store(true, Ordering::Relaxed);
                Ok(ids)
            }
            other => other,
        }
    }

    async fn ids_by_key(
        &self,
        entity: &'static Entity,
        from: &From,
        narrow: bool,
    ) -> RemoteResult<Ids> {
        let columns: &[&str] = if narrow { &[entity.key] } else { &[] };
        let projection =
            Projection::new(columns.iter().copied(), &["id", "Modified_Time", "Created_Time"]);
        let query = page_query(entity, columns, from);
        let (rows, meta) = self.query(entity, &query, &projection).await?;
        let full = rows.len() >= ROWS;
        let rows: Vec<Record> = rows.into_iter().filter_map(narrow_record).collect();
        let next = rows.last().filter(|_| full).and_then(|last| match from {
            From::Start | From::Id(_) => Some(format!("{BY_KEY}{}", last.id)),
            From::Since(_) | From::After(..) => {
                Some(format!("{BY_KEY}{}|{}", written(last.modified?), last.id))
            }
        });
        Ok(Ids { rows, next, meta })
    }

    async fn ids_by_list(
        &self,
        entity: &'static Entity,
        since: Option<Stamp>,
        token: Option<&str>,
        narrow: bool,
    ) -> RemoteResult<Ids> {
        let columns: &[&str] = if narrow { &[entity.key] } else { &[] };
        let slots = ["id", "Modified_Time", "Created_Time"];
        let projection = Projection::new(columns.iter().copied(), &slots);
        let fields: Vec<&str> = slots.iter().chain(columns).copied().collect();
        let mut ask = Ask::get(entity.name, format!("list {}", entity.name))
            .with("fields", fields.join(","))
            .with("per_page", ROWS.to_string())
            .with("sort_by", "id")
            .with("sort_order", "asc");
        for (name, value) in entity.always {
            ask = ask.with(name, *value);
        }
        if let Some(token) = token.and_then(|t| t.strip_prefix(BY_TOKEN)) {
            ask = ask.with("page_token", token);
        }
        if let Some(since) = since {
            // What was changed in that very second belongs to it.
            ask = ask.since("if-modified-since", since.minus(Duration::from_secs(1)));
        }
        let rows = Rows { list: "data", projection: &projection };
        let (listed, meta) = self.call(&ask, |body| rows.parse(body)).await?;
        let listed = listed.unwrap_or_default();
        Ok(Ids {
            next: next_token(&listed.info).map(|t| format!("{BY_TOKEN}{t}")),
            rows: listed.rows.into_iter().filter_map(narrow_record).collect(),
            meta,
        })
    }

    /// Records that were deleted.
    async fn deleted(
        &self,
        entity: &'static Entity,
        since: Option<&Since>,
        at: &PageAt,
    ) -> RemoteResult<Page> {
        let mut ask = Ask::get(
            format!("{}/deleted", entity.name),
            format!("list the deleted {}", entity.name),
        )
        .with("type", "all")
        .with("per_page", ROWS.to_string())
        .planned(Plan::READ);
        let number = match at {
            PageAt::After(token) if token.starts_with(BY_TOKEN) => {
                ask = ask.with("page_token", &token[BY_TOKEN.len()..]);
                0
            }
            PageAt::After(token) => token.parse().unwrap_or(1),
            PageAt::First | PageAt::Number(_) => 1u64,
        };
        if number > 0 {
            ask = ask.with("page", number.to_string());
        }
        if let Some(from) = since.and_then(since_instant) {
            ask = ask.since("if-modified-since", from);
        }
        let projection = Projection::new([], &["id", "deleted_time"]);
        let rows = Rows { list: "data", projection: &projection };
        let (listed, meta) = self.call(&ask, |body| rows.parse(body)).await?;
        let listed = listed.unwrap_or_default();
        let records = listed.rows.iter().filter_map(|row| {
            let id = row.slots[0].to_text();
            let modified = stamp(&row.slots[1]);
            let gone = Record { modified, ..Record::gone(id) };
            (!gone.id.is_empty()).then_some(gone)
        });
        let more = listed.info.get("more_records").and_then(Json::as_bool).unwrap_or(false);
        let next = match next_token(&listed.info) {
            Some(token) => Next::After(format!("{BY_TOKEN}{token}")),
            None if more && number > 0 => Next::After((number + 1).to_string()),
            None => Next::End,
        };
        Ok(Page {
            records: records.collect(),
            next,
            total: None,
            mark: mark(&meta, at),
            server_time: meta.server_time,
        })
    }
}

fn narrow_record(row: syncdeck_records::project::Projected) -> Option<Record> {
    let [id, modified, created, ..] = &row.slots;
    let (id, modified, created) = (id.to_text(), stamp(modified), stamp(created));
    let fields: Fields = row.fields;
    (!id.is_empty()).then_some(Record { id, modified, created, trashed: false, fields })
}

fn next_token(info: &Json) -> Option<String> {
    info.get("next_page_token").and_then(Json::as_str).map(str::to_owned)
}

/// Where a listing of changes starts.
fn start(scope: &Scope) -> Option<Stamp> {
    match scope {
        Scope::Changed(since) => since_instant(since),
        Scope::All | Scope::Narrow | Scope::Trashed(_) => None,
    }
}

fn since_instant(since: &Since) -> Option<Stamp> {
    match since {
        Since::Mark(mark) => Some(Stamp::parse(mark)?.minus(OVERLAP)),
        Since::Instant(at) => Some(*at),
    }
}

fn read_token(token: &str) -> Option<From> {
    let key = token.strip_prefix(BY_KEY)?;
    match key.split_once('|') {
        Some((at, id)) => Some(From::After(stamp(&Value::from(at))?, id.to_owned())),
        None => Some(From::Id(key.to_owned())),
    }
}

/// The clock of the server when the listing began; later pages have none, so that it stays so.
fn mark(meta: &Meta, at: &PageAt) -> Option<String> {
    let fallback = || Stamp::now().minus(Duration::from_secs(300));
    (*at == PageAt::First).then(|| written(meta.asked_at.unwrap_or_else(fallback)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_say_where_to_go_on() {
        assert_eq!(read_token("k:77"), Some(From::Id("77".into())));
        let at = Stamp::parse("2026-11-21T12:00:05Z").unwrap();
        assert_eq!(
            read_token("k:2026-11-21T12:00:05+00:00|77"),
            Some(From::After(at, "77".into()))
        );
        assert_eq!(read_token("p:abc"), None);
    }

    #[test]
    fn a_mark_is_read_with_an_overlap() {
        let mark = Since::Mark("2026-11-21T12:01:30+00:00".into());
        assert_eq!(since_instant(&mark), Stamp::parse("2026-11-21T12:00:00Z"));
    }
}

//! Listings: windows of time, partitions and pages, one request after the other. Where a listing
//! stands is told by a token, so that the engine drives it like any other.

use super::super::http::Plan;
use super::super::{ErrorKind, Next, Page, PageAt, PageRequest, RemoteError, RemoteResult, Scope, Since};
use super::call::{Answered, broken};
use super::template::Names;
use super::{Rest, path, shape};
use crate::model::manifest::{Cursor, Deleted, Paginate, Stream};
use crate::model::{Record, Stamp, UserError};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::time::Duration;

/// Pages of one window: more than that is a service that never ends.
const MOST_PAGES: u64 = 100_000;
/// A clock that nobody tells is taken to be so far off.
const UNSURE: Duration = Duration::from_secs(300);

/// Where a listing stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct At {
    /// The partition.
    #[serde(default)]
    part: usize,
    /// The beginning of the window, in milliseconds; absent: there are no windows.
    #[serde(default)]
    from: Option<i64>,
    /// Where the first window began; each partition begins there.
    #[serde(default)]
    start: Option<i64>,
    /// The end of the whole listing.
    #[serde(default)]
    until: Option<i64>,
    /// Pages read in this window.
    #[serde(default)]
    pages: u64,
    /// Records read in all.
    #[serde(default)]
    records: u64,
    /// The token or address of the next page.
    #[serde(default)]
    token: Option<String>,
    /// A fingerprint of the last page's ids: the same again means that the page is ignored.
    #[serde(default)]
    last: u64,
    /// The mark for the next listing, found at the beginning.
    #[serde(default)]
    mark: Option<String>,
}

impl Rest {
    /// One page of a listing.
    pub(crate) async fn list(&self, request: &PageRequest) -> RemoteResult<Page> {
        let stream = self.stream(&request.entity)?;
        if let Scope::Trashed(since) = &request.scope {
            return self.list_deleted(stream, since.as_ref(), &request.entity).await;
        }
        let at = match &request.at {
            PageAt::After(token) => serde_json::from_str(token).map_err(|_| bad_token(token))?,
            _ => self.beginning(stream, &request.scope),
        };
        self.page_at(stream, request, at).await
    }

    fn beginning(&self, stream: &Stream, scope: &Scope) -> At {
        let now = Stamp::now();
        let mark = Some(now.minus(UNSURE).to_string());
        let Some(cursor) = &stream.cursor else { return At { mark, ..At::default() } };
        let start = || shape::instant(&cursor.start, &self.api.values).unwrap_or(Stamp(0));
        let from = match scope {
            Scope::Changed(Since::Mark(text)) => Stamp::parse(text)
                .map_or_else(start, |at| at.minus(Duration::from_secs(cursor.lookback))),
            Scope::Changed(Since::Instant(at)) => *at,
            _ => start(),
        };
        At { from: Some(from.0), start: Some(from.0), until: Some(now.0), mark, ..At::default() }
    }

    async fn page_at(&self, stream: &Stream, request: &PageRequest, at: At) -> RemoteResult<Page> {
        let paginate = stream.paginate.as_ref().unwrap_or(&self.api.paginate);
        let names = Names { values: self.values(stream, paginate, &at), ..Names::default() };
        let what = format!("list {}", request.entity);
        let answered = match (&at.token, paginate) {
            (Some(address), Paginate::Link { .. }) => {
                let follow = crate::model::manifest::Request {
                    path: address.clone(),
                    query: Default::default(),
                    ..stream.request.clone()
                };
                self.ask(&follow, &names, &what, Plan::READ).await?
            }
            _ => self.ask(&stream.request, &names, &what, Plan::READ).await?,
        };
        let raw = path::records(&answered.json, &stream.records);
        let count = raw.len() as u64;
        let mut lifted: Vec<Json> = Vec::with_capacity(raw.len());
        for json in raw {
            let json = shape::lifted(stream, json);
            lifted.push(match &stream.detail {
                Some(detail) if request.scope != Scope::Narrow => {
                    let names = Names { parent: Some(&json), ..names.clone() };
                    let answer = self.ask(&detail.request, &names, &what, Plan::READ).await?;
                    let found = path::records(&answer.json, &detail.record).into_iter().next();
                    found.map_or(json, |found| shape::lifted(stream, found))
                }
                _ => json,
            });
        }
        let print = fingerprint(stream, &lifted);
        // The same ids again: the service ignores where we are.
        let again = count > 0 && at.pages > 0 && print == at.last;
        let records: Vec<Record> = if again {
            Vec::new()
        } else {
            let read = |json: &Json| shape::record(stream, &self.api.values, json, &request.fields);
            lifted.iter().filter_map(read).collect()
        };
        let first = request.at == PageAt::First;
        let mark = match (first, answered.date) {
            (true, Some(date)) => Some(date.to_string()),
            (true, None) => at.mark.clone(),
            _ => None,
        };
        let server_time = answered.date;
        let more = !again && self.has_more(paginate, &at, &answered, count);
        let next = self.after(stream, paginate, at, &answered, count, print, more)?;
        Ok(Page { records, next, total: None, mark, server_time })
    }

    /// The values of the templates on this page.
    fn values(
        &self,
        stream: &Stream,
        paginate: &Paginate,
        at: &At,
    ) -> Vec<(&'static str, String)> {
        let mut values = Vec::new();
        match paginate {
            Paginate::None => {}
            Paginate::Page { first, size, .. } => {
                values.push(("page", (first + at.pages).to_string()));
                values.push(("size", size.to_string()));
            }
            Paginate::Offset { size } => {
                values.push(("offset", (at.pages * size).to_string()));
                values.push(("size", size.to_string()));
            }
            Paginate::Token { size, .. } | Paginate::Link { size, .. } => {
                values.push(("size", size.to_string()));
                values.extend(at.token.clone().map(|token| ("token", token)));
            }
        }
        if let (Some(cursor), Some(from)) = (&stream.cursor, at.from) {
            values.push(("from", self.written(cursor, Stamp(from))));
            if !cursor.open {
                values.push(("to", self.written(cursor, window_end(cursor, at))));
            }
        }
        values.extend(stream.partitions.get(at.part).map(|part| ("partition", part.clone())));
        values
    }

    /// The window of everything, for a sample.
    pub(crate) fn window(&self, stream: &Stream) -> Vec<(&'static str, String)> {
        let at = self.beginning(stream, &Scope::All);
        let (Some(cursor), Some(from)) = (&stream.cursor, at.from) else { return Vec::new() };
        let from = if cursor.step_days == 0 {
            Stamp(from)
        } else {
            // The newest window: the oldest ones are likely to be empty.
            let step = Duration::from_secs(u64::from(cursor.step_days) * 86_400);
            Stamp::now().minus(step)
        };
        let mut values = vec![("from", self.written(cursor, from))];
        if !cursor.open {
            values.push(("to", self.written(cursor, Stamp::now())));
        }
        values
    }

    /// An instant in the notation of the cursor, in the service's zone.
    fn written(&self, cursor: &Cursor, at: Stamp) -> String {
        if cursor.format == "%s" {
            return at.0.div_euclid(1000).to_string();
        }
        let zone = self.api.values.zone.as_deref().and_then(|name| TimeZone::get(name).ok());
        // A notation that says Z means UTC, whatever the zone of the service.
        let zone = zone.filter(|_| !cursor.format.ends_with('Z')).unwrap_or(TimeZone::UTC);
        let zoned = at.timestamp().to_zoned(zone);
        jiff::fmt::strtime::format(&cursor.format, &zoned).unwrap_or_else(|_| at.to_string())
    }

    fn has_more(&self, paginate: &Paginate, at: &At, answered: &Answered, count: u64) -> bool {
        match paginate {
            Paginate::None => false,
            Paginate::Page { size, total, more, first } => {
                let number = |at: &String| path::text(&answered.json, at)?.parse::<u64>().ok();
                let told = more.as_ref().and_then(|at| path::text(&answered.json, at));
                match (told, total.as_ref().and_then(number)) {
                    (Some(told), _) => matches!(told.as_str(), "true" | "1"),
                    // A total counts pages or records; both are reached at the latest by a short page.
                    (None, Some(total)) => {
                        count > 0 && (at.pages + 1) < total && (count >= *size || *first > total)
                    }
                    (None, None) => count >= *size,
                }
            }
            Paginate::Offset { size } => count >= *size,
            Paginate::Token { path: at, .. } => {
                path::text(&answered.json, at).is_some_and(|token| !token.trim().is_empty())
            }
            Paginate::Link { path: at, .. } => next_address(at.as_deref(), answered).is_some(),
        }
    }

    /// Where the listing goes on: the next page, the next window, the next partition, or nowhere.
    #[allow(clippy::too_many_arguments, reason = "the state of one step of a listing")]
    fn after(
        &self,
        stream: &Stream,
        paginate: &Paginate,
        mut at: At,
        answered: &Answered,
        count: u64,
        print: u64,
        more: bool,
    ) -> RemoteResult<Next> {
        at.records += count;
        at.pages += 1;
        at.last = print;
        if stream.max_records.is_some_and(|most| at.records >= most) {
            return Ok(Next::End);
        }
        if more {
            if at.pages >= MOST_PAGES {
                return Err(endless(&self.label));
            }
            at.token = match paginate {
                Paginate::Token { path: at, .. } => path::text(&answered.json, at),
                Paginate::Link { path: at, .. } => next_address(at.as_deref(), answered),
                _ => None,
            };
            return Ok(Next::After(token(&at)));
        }
        (at.pages, at.token, at.last) = (0, None, 0);
        if let (Some(cursor), Some(until)) = (&stream.cursor, at.until) {
            let end = window_end(cursor, &at);
            if end.0 < until {
                at.from = Some(end.0);
                return Ok(Next::After(token(&at)));
            }
        }
        if at.part + 1 < stream.partitions.len() {
            (at.part, at.from) = (at.part + 1, at.start);
            return Ok(Next::After(token(&at)));
        }
        Ok(Next::End)
    }

    async fn list_deleted(
        &self,
        stream: &Stream,
        since: Option<&Since>,
        entity: &str,
    ) -> RemoteResult<Page> {
        let Some(Deleted::List { request, records, id }) = &stream.deleted else {
            let nothing = Vec::new();
            return Ok(Page { records: nothing, next: Next::End, total: None, mark: None, server_time: None });
        };
        let cursor = stream.cursor.clone().unwrap_or_else(whole);
        let from = match since {
            Some(Since::Mark(text)) => Stamp::parse(text),
            Some(Since::Instant(at)) => Some(*at),
            None => shape::instant(&cursor.start, &self.api.values),
        };
        let from = from.unwrap_or(Stamp(0)).minus(Duration::from_secs(cursor.lookback));
        let mut names = Names::default();
        names.values.push(("from", self.written(&cursor, from)));
        names.values.push(("to", self.written(&cursor, Stamp::now())));
        let what = format!("list what was deleted in {entity}");
        let answered = self.ask(request, &names, &what, Plan::READ).await?;
        let gone = path::records(&answered.json, records);
        let records = gone.iter().filter_map(|json| {
            let id = path::text(json, id)?;
            Some(Record { id, trashed: true, ..Record::default() })
        });
        let records = records.collect();
        Ok(Page { records, next: Next::End, total: None, mark: None, server_time: answered.date })
    }
}

fn whole() -> Cursor {
    Cursor {
        format: "%Y-%m-%dT%H:%M:%SZ".into(),
        step_days: 0,
        lookback: 300,
        start: "2000-01-01".into(),
        open: false,
    }
}

/// The end of the window that begins where the listing stands.
fn window_end(cursor: &Cursor, at: &At) -> Stamp {
    let until = Stamp(at.until.unwrap_or_else(|| Stamp::now().0));
    match (cursor.step_days, at.from) {
        (0, _) | (_, None) => until,
        (days, Some(from)) => {
            let end = Stamp(from).plus(Duration::from_secs(u64::from(days) * 86_400));
            if end.0 > until.0 { until } else { end }
        }
    }
}

fn next_address(at: Option<&str>, answered: &Answered) -> Option<String> {
    let text = match at {
        Some(at) => path::text(&answered.json, at),
        None => answered.link.clone(),
    };
    text.filter(|text| !text.trim().is_empty())
}

fn fingerprint(stream: &Stream, records: &[Json]) -> u64 {
    let ids: Vec<String> = records.iter().filter_map(|json| shape::id(stream, json)).collect();
    xxhash_rust::xxh3::xxh3_64(ids.join("\n").as_bytes())
}

fn token(at: &At) -> String {
    serde_json::to_string(at).unwrap_or_default()
}

fn bad_token(token: &str) -> RemoteError {
    broken(UserError::new(
        "A listing cannot go on from where it stopped.",
        format!("\"{token}\" is not a position that it gave."),
        "Start the listing from the beginning.",
    ))
}

fn endless(label: &str) -> RemoteError {
    RemoteError::new(
        ErrorKind::NotTheApi,
        UserError::new(
            format!("A listing of {label} does not end."),
            format!("It had {MOST_PAGES} pages, and there were still more."),
            "Check the pagination in the manifest: the service may not know the parameter.",
        ),
    )
}

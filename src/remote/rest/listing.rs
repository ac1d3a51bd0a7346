//! Listings: windows of time, partitions and pages, one request after the other. Where a listing
//! stands is told by a token, so that the engine drives it like any other.

use super::super::http::Plan;
use super::super::{
    ErrorKind, Next, Page, PageAt, PageRequest, RemoteError, RemoteResult, Scope, Since,
};
use super::call::{Answered, broken};
use super::template::Names;
use super::window::{At, window_end};
use super::{Rest, path, shape};
use crate::model::manifest::{Deleted, Paginate, Request, Stop, Stream};
use crate::model::{Record, Stamp, UserError};
use serde_json::Value as Json;
use std::time::Duration;
use xxhash_rust::xxh3::xxh3_64;

/// Pages of one window: more than that is a service that never ends.
const MOST_PAGES: u64 = 100_000;
/// A clock that nobody tells is taken to be so far off.
const UNSURE: Duration = Duration::from_secs(300);

/// What is listed: the records of a stream, or what was deleted of them.
struct Feed<'s> {
    request: &'s Request,
    records: &'s str,
    paginate: &'s Paginate,
    /// The id's path in an entry, for a list of deletions.
    gone: Option<&'s str>,
}

impl Rest {
    /// One page of a listing.
    pub(crate) async fn list(&self, request: &PageRequest) -> RemoteResult<Page> {
        let stream = self.stream(&request.entity)?;
        let feed = match (&request.scope, &stream.deleted) {
            (Scope::Trashed(_), Some(Deleted::List { request, records, id, paginate })) => {
                Feed { request, records, paginate, gone: Some(id) }
            }
            (Scope::Trashed(_), _) => return Ok(nothing()),
            _ => Feed {
                request: &stream.request,
                records: &stream.records,
                paginate: self.paginate(stream),
                gone: None,
            },
        };
        let at = match &request.at {
            PageAt::First => self.beginning(stream, &request.scope),
            PageAt::After(token) => serde_json::from_str(token).map_err(|_| bad_token(token))?,
            PageAt::Number(number) => return Err(bad_token(&number.to_string())),
        };
        self.page_at(stream, &feed, request, at).await
    }

    /// How a stream's listing goes on.
    pub(crate) fn paginate<'s>(&'s self, stream: &'s Stream) -> &'s Paginate {
        stream.paginate.as_ref().unwrap_or(&self.api.paginate)
    }

    /// Where a listing begins.
    fn beginning(&self, stream: &Stream, scope: &Scope) -> At {
        let now = Stamp::now();
        let since = match scope {
            Scope::Changed(since) | Scope::Trashed(Some(since)) => Some(since),
            _ => None,
        };
        let lookback = stream.cursor.as_ref().map_or(UNSURE.as_secs(), |c| c.lookback);
        let start = || {
            let start = stream.cursor.as_ref().and_then(|c| self.rules.instant(&c.start));
            start.unwrap_or(Stamp(0))
        };
        let from = match since {
            Some(Since::Mark(text)) => {
                Stamp::parse(text).map_or_else(start, |at| at.minus(Duration::from_secs(lookback)))
            }
            Some(Since::Instant(at)) => *at,
            None => start(),
        };
        // Deletions come in one window, whatever the stream has.
        let deletions = matches!(scope, Scope::Trashed(_));
        if stream.cursor.is_none() && !deletions {
            return At { until: now.0, ..At::default() };
        }
        let step = stream.cursor.as_ref().map_or(0, |c| c.step_days);
        let step = if deletions { 0 } else { step };
        At { from: Some(from.0), start: from.0, until: now.0, step, ..At::default() }
    }

    async fn page_at(
        &self,
        stream: &Stream,
        feed: &Feed<'_>,
        request: &PageRequest,
        mut at: At,
    ) -> RemoteResult<Page> {
        let names = Names { values: self.values(stream, feed.paginate, &at), ..Names::default() };
        let what = match feed.gone {
            Some(_) => format!("list what was deleted in {}", request.entity),
            None => format!("list {}", request.entity),
        };
        let next = at.token.as_deref().filter(|_| matches!(feed.paginate, Paginate::Link { .. }));
        let answered = self.ask_at(feed.request, next, &names, &what, Plan::READ).await?;
        let raw = path::records(&answered.json, feed.records);
        let count = raw.len() as u64;
        let records = match feed.gone {
            Some(id) => raw.iter().filter_map(|json| gone(json, id)).collect(),
            None => self.records_of(stream, request, &names, &what, raw).await?,
        };
        let print = print(&records);
        if count > 0 && at.has_seen(print) {
            return Err(repeats(&self.label, &request.entity, at.pages, feed.paginate));
        }
        at.note(print, count);
        if let Some(most) = stream.max_records.filter(|most| at.records > *most) {
            let why = format!("The manifest says that there are at most {most} records.");
            return Err(endless(&self.label, &request.entity, why));
        }
        let more = has_more(feed.paginate, &at, &answered, count);
        let mark = (request.at == PageAt::First).then(|| {
            // The listing goes up to our clock, the stamps are of theirs: the earlier one is safe.
            let until = Stamp(at.until);
            answered.date.map_or(until.minus(UNSURE), |date| date.min(until)).to_string()
        });
        let server_time = answered.date;
        let records = at.without_known(records);
        let next = self.after(stream, feed, at, &answered, more, &request.entity)?;
        Ok(Page { records, next, total: None, mark, server_time })
    }

    /// The records of an answer, with their details where those are asked for one by one.
    async fn records_of(
        &self,
        stream: &Stream,
        request: &PageRequest,
        names: &Names<'_>,
        what: &str,
        raw: Vec<Json>,
    ) -> RemoteResult<Vec<Record>> {
        let mut records = Vec::with_capacity(raw.len());
        for json in raw {
            let mut json = shape::lifted(stream, json);
            if let Some(detail) = stream.detail.as_ref().filter(|_| request.scope != Scope::Narrow)
            {
                let id = shape::id(stream, &json);
                let mut names = Names { parent: Some(&json), ..names.clone() };
                names.values.extend(id.map(|id| ("id", id)));
                let answer = match self.ask(&detail.request, &names, what, Plan::READ).await {
                    Ok(answer) => answer,
                    // It went since it was listed.
                    Err(error) if error.kind == ErrorKind::NotFound => continue,
                    Err(error) => return Err(error),
                };
                let found = path::records(&answer.json, &detail.record).into_iter().next();
                json = found.map_or(json.clone(), |found| shape::lifted(stream, found));
            }
            records.extend(shape::record(stream, &self.rules, &json, &request.fields));
        }
        Ok(records)
    }

    /// The values of the templates on this page.
    fn values(&self, stream: &Stream, paginate: &Paginate, at: &At) -> Vec<(&'static str, String)> {
        let mut values = Vec::new();
        values.extend(paginate.size().map(|size| ("size", size.to_string())));
        match paginate {
            Paginate::None | Paginate::Link { .. } => {}
            Paginate::Page { first, .. } => {
                values.push(("page", first.saturating_add(at.pages).to_string()));
            }
            Paginate::Offset { .. } => values.push(("offset", at.taken.to_string())),
            Paginate::Token { .. } => {
                values.extend(at.token.clone().map(|token| ("token", token)));
            }
        }
        values.extend(self.window(stream, at));
        values.extend(stream.partitions.get(at.part).map(|part| ("partition", part.clone())));
        values
    }

    /// The values of templates for the first page of everything, for a look at some records.
    pub(crate) fn sample_values(&self, stream: &Stream) -> Vec<(&'static str, String)> {
        let paginate = self.paginate(stream);
        let mut at = self.beginning(stream, &Scope::All);
        if at.step > 0 {
            // The newest window: the oldest ones are likely to be empty.
            let step = Duration::from_secs(u64::from(at.step) * 86_400);
            at.from = Some(Stamp(at.until).minus(step).0);
        }
        self.values(stream, paginate, &at)
    }

    /// The same for the newest records only.
    pub(crate) fn newest_values(&self, stream: &Stream) -> Vec<(&'static str, String)> {
        let mut at = self.beginning(stream, &Scope::All);
        if let (Some(cursor), Some(_)) = (&stream.cursor, at.from) {
            at.from = Some(Stamp(at.until).minus(Duration::from_secs(cursor.lookback)).0);
        }
        self.values(stream, self.paginate(stream), &at)
    }

    /// Where the listing goes on: the next page, the next window, the next partition, or nowhere.
    fn after(
        &self,
        stream: &Stream,
        feed: &Feed<'_>,
        mut at: At,
        answered: &Answered,
        more: bool,
        entity: &str,
    ) -> RemoteResult<Next> {
        if more {
            if at.pages >= MOST_PAGES {
                let why = format!("It had {MOST_PAGES} pages, and there were still more.");
                return Err(endless(&self.label, entity, why));
            }
            at.token = next_token(feed.paginate, answered);
            return Ok(Next::After(at.token_text()));
        }
        if at.next_window() {
            return Ok(Next::After(at.token_text()));
        }
        if feed.gone.is_none() && at.part + 1 < stream.partitions.len() {
            at.next_part();
            return Ok(Next::After(at.token_text()));
        }
        Ok(Next::End)
    }
}

impl Rest {
    /// `from` and `to` of the window in which a listing stands.
    fn window(&self, stream: &Stream, at: &At) -> Vec<(&'static str, String)> {
        let Some(from) = at.from else { return Vec::new() };
        let format = stream.cursor.as_ref().map_or("%Y-%m-%dT%H:%M:%SZ", |c| c.format.as_str());
        let written = |at| self.rules.written(format, at);
        vec![("from", written(Stamp(from))), ("to", written(window_end(at)))]
    }
}

fn nothing() -> Page {
    Page { records: Vec::new(), next: Next::End, total: None, mark: None, server_time: None }
}

fn gone(json: &Json, id: &str) -> Option<Record> {
    let id = path::text(json, id).filter(|id| !id.trim().is_empty())?;
    Some(Record::gone(id))
}

fn has_more(paginate: &Paginate, at: &At, answered: &Answered, count: u64) -> bool {
    let number = |path: &Option<String>| {
        let text = path::text(&answered.json, path.as_deref()?)?;
        text.trim().parse::<u64>().ok()
    };
    let told = |path: &Option<String>| {
        let text = path::text(&answered.json, path.as_deref()?)?;
        Some(matches!(text.trim().to_lowercase().as_str(), "true" | "1" | "yes" | "y"))
    };
    let by_length = |stop: &Stop, size: u64| match stop {
        Stop::Empty => count > 0,
        Stop::Short => count >= size,
    };
    match paginate {
        Paginate::None => false,
        Paginate::Page { size, pages, total, more, stop, .. } => told(more)
            .or_else(|| number(pages).map(|pages| at.pages < pages))
            .or_else(|| number(total).map(|total| count > 0 && at.taken < total))
            .unwrap_or_else(|| by_length(stop, *size)),
        Paginate::Offset { size, total, more, stop } => told(more)
            .or_else(|| number(total).map(|total| count > 0 && at.taken < total))
            .unwrap_or_else(|| by_length(stop, *size)),
        Paginate::Token { .. } | Paginate::Link { .. } => next_token(paginate, answered).is_some(),
    }
}

/// The token or address of the next page.
fn next_token(paginate: &Paginate, answered: &Answered) -> Option<String> {
    let text = match paginate {
        Paginate::Token { path, .. } | Paginate::Link { path: Some(path), .. } => {
            path::text(&answered.json, path)
        }
        Paginate::Link { path: None, .. } => answered.link.clone(),
        _ => None,
    };
    text.filter(|text| !text.trim().is_empty())
}

fn print(records: &[Record]) -> u64 {
    let ids: Vec<&str> = records.iter().map(|record| record.id.as_str()).collect();
    xxh3_64(ids.join("\n").as_bytes())
}

fn bad_token(token: &str) -> RemoteError {
    broken(UserError::new(
        "A listing cannot go on from where it stopped.",
        format!("\"{token}\" is not a position that it gave."),
        "Start the listing from the beginning.",
    ))
}

/// The same records on two pages: going on would never end, and stopping would miss the rest.
fn repeats(label: &str, entity: &str, pages: u64, paginate: &Paginate) -> RemoteError {
    let next = match paginate.needs() {
        Some(name) => format!(
            "Correct the pagination in the manifest: the parameter that takes {{{{{name}}}}} may \
             have another name. If one answer holds everything, it is kind = \"none\"; if the last \
             page is repeated past the end, name its `total`, `pages` or `more`."
        ),
        None => "Correct the path of the next page's address in the manifest.".to_owned(),
    };
    RemoteError::new(
        ErrorKind::NotTheApi,
        UserError::new(
            format!("The listing of {entity} does not end: {label} sends the same page again."),
            format!("Page {} has the same records as one before it.", pages + 1),
            next,
        ),
    )
}

fn endless(label: &str, entity: &str, why: String) -> RemoteError {
    RemoteError::new(
        ErrorKind::NotTheApi,
        UserError::new(
            format!("The listing of {entity} of {label} does not end."),
            why,
            "Check the pagination in the manifest: the service may not know the parameter.",
        ),
    )
}

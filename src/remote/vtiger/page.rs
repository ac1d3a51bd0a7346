//! Listings, by keyset: `id > last` for everything, `(modifiedtime, id) > last` for changes.
//!
//! Offsets would shift when records come and go. For a user who does not see all records, Vtiger
//! takes rows away after it has limited them, so a short page is the last one for administrators
//! only; others read until a page is empty.

use super::super::{Next, Page, PageAt, PageRequest, RemoteResult, Scope, Since};
use super::Vtiger;
use super::call::{Operation, refused};
use super::columns::{self, Columns};
use super::describe::Described;
use super::time::Mark;
use super::vtql::{LIMIT, Op, Query};
use crate::model::{Stamp, Value};

/// Between the parts of a token; none of them holds it.
const BAR: char = '|';

/// Where a page starts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct At {
    /// The stamp of the last record, in a listing of changes.
    stamp: String,
    /// The id of the last record; empty at the beginning.
    id: String,
    /// The mark of the listing so far.
    mark: Option<Mark>,
    /// Records before this instant are left out.
    from: Option<Stamp>,
    /// The mark is the last one that it may have: what changes while the pages are read may change
    /// once more in the same second, on a page that was read already.
    is_final: bool,
}

impl At {
    fn token(&self) -> String {
        let mark = self.mark.as_ref().map(Mark::to_string).unwrap_or_default();
        let from = self.from.map(|f| f.0.to_string()).unwrap_or_default();
        let is_final = if self.is_final { "final" } else { "" };
        [self.stamp.as_str(), &self.id, &mark, &from, is_final].join(&BAR.to_string())
    }

    fn read(token: &str) -> Option<Self> {
        let mut parts = token.split(BAR);
        let stamp = parts.next()?.to_owned();
        let id = parts.next()?.to_owned();
        let mark = Some(parts.next()?).filter(|m| !m.is_empty()).map(Mark::read);
        let from = parts.next()?.parse().ok().map(Stamp);
        let is_final = parts.next().is_some_and(|part| !part.is_empty());
        Some(Self { stamp, id, mark, from, is_final })
    }
}

impl Vtiger {
    pub(crate) async fn list(&self, request: &PageRequest) -> RemoteResult<Page> {
        match self.list_once(request).await {
            Err(error) if self.is_outdated(&request.entity, &error) => {
                self.list_once(request).await
            }
            other => other,
        }
    }

    /// The page with what its records refer to. A narrow one and one of deletions need nothing.
    pub(crate) async fn fill_page(
        &self,
        request: &PageRequest,
        mut page: Page,
    ) -> RemoteResult<Page> {
        if !matches!(request.scope, Scope::Narrow | Scope::Trashed(_)) && !page.records.is_empty() {
            let module = self.described(&request.entity).await?;
            let columns = Columns::new(&module, &request.fields);
            self.fill_all(&mut page.records, &columns).await?;
        }
        Ok(page)
    }

    async fn list_once(&self, request: &PageRequest) -> RemoteResult<Page> {
        let module = self.described(&request.entity).await?;
        match &request.scope {
            Scope::Trashed(since) if self.deletions.work() && module.has("modifiedtime") => {
                self.deleted(&module, since.as_ref(), &request.at).await
            }
            // The recycle bin itself cannot be listed.
            Scope::Trashed(_) => Ok(empty()),
            Scope::Changed(since) if module.has("modifiedtime") => {
                self.changes(request, &module, since).await
            }
            _ => self.everything(request, &module).await,
        }
    }

    async fn everything(&self, request: &PageRequest, module: &Described) -> RemoteResult<Page> {
        let at = match self.position(request)? {
            Some(at) => at,
            // Read before the first page, so that nothing that changes from now on is missed.
            None => At { mark: self.latest(module).await?, ..At::default() },
        };
        let columns = Columns::new(module, &request.fields);
        let mut query = Query::select(&request.entity, columns.select.iter().map(String::as_str));
        if !at.id.is_empty() {
            query = query.and("id", Op::Gt, &at.id);
        }
        self.rows(request, module, &columns, &query.ordered("id"), at).await
    }

    async fn changes(
        &self,
        request: &PageRequest,
        module: &Described,
        since: &Since,
    ) -> RemoteResult<Page> {
        let at = match self.position(request)? {
            Some(at) => at,
            None => self.beginning(since)?,
        };
        let columns = Columns::new(module, &request.fields);
        let mut query = Query::select(&request.entity, columns.select.iter().map(String::as_str));
        query = if at.id.is_empty() {
            query.and("modifiedtime", Op::Ge, &at.stamp)
        } else {
            query.and("modifiedtime", Op::Gt, &at.stamp).or("modifiedtime", Op::Eq, &at.stamp).and(
                "id",
                Op::Gt,
                &at.id,
            )
        };
        self.rows(request, module, &columns, &query.ordered("modifiedtime, id"), at).await
    }

    /// Where the first page of a listing of changes starts.
    fn beginning(&self, since: &Since) -> RemoteResult<At> {
        match since {
            Since::Mark(text) => {
                let mark = Mark::read(text);
                self.zone.hint(mark.offset);
                let stamp = mark.start().ok_or_else(|| bad_token(text))?;
                Ok(At { stamp, mark: Some(mark), ..At::default() })
            }
            Since::Instant(from) => {
                let known = self.zone.known().is_some();
                Ok(At {
                    stamp: self.zone.not_after(*from),
                    from: Some(*from).filter(|_| known),
                    ..At::default()
                })
            }
        }
    }

    fn position(&self, request: &PageRequest) -> RemoteResult<Option<At>> {
        match &request.at {
            PageAt::First => Ok(None),
            PageAt::After(token) => At::read(token).map(Some).ok_or_else(|| bad_token(token)),
            PageAt::Number(n) => Err(bad_token(&n.to_string())),
        }
    }

    async fn rows(
        &self,
        request: &PageRequest,
        module: &Described,
        columns: &Columns,
        query: &str,
        mut at: At,
    ) -> RemoteResult<Page> {
        let op = Operation::get("query", format!("list {}", request.entity)).with("query", query);
        let (rows, server_time) = self.call(op, columns.projection.records()).await?;
        let count = rows.len();
        let changes = matches!(request.scope, Scope::Changed(_));
        let first = at.id.is_empty();
        if changes
            && first
            && let (Some(mark), Some(now)) = (&mut at.mark, server_time)
        {
            mark.asked_again(now);
        }
        if count == 0 && !changes && first {
            self.surely_empty(&request.entity, &[]).await?;
        }
        if let Some(last) = rows.last() {
            at.id = last.slots[0].to_text();
            at.stamp = if changes { last.slots[1].to_text() } else { String::new() };
        }
        let all_seen = self.sees_all() && count < LIMIT;
        let ends = count == 0 || all_seen;
        // There is another page, or has been one before.
        let goes_on = count == LIMIT || !(first || ends);
        if changes && goes_on && !at.is_final {
            let latest = self.latest(module).await?;
            let later = |mark: &Mark| at.mark.as_ref().is_none_or(|held| mark.stamp > held.stamp);
            if latest.as_ref().is_some_and(later) {
                at.mark = latest;
            }
            at.is_final = true;
        } else if changes && !at.is_final {
            let latest = rows.iter().map(|r| &r.slots[1]).filter_map(stamp).max();
            self.advance(&mut at, latest, server_time);
        }
        let records: Vec<_> = rows
            .into_iter()
            .filter_map(|row| columns::record(row, &self.zone))
            .filter(|r| at.from.is_none_or(|from| r.modified.is_none_or(|m| m >= from)))
            .collect();
        let next = if ends { Next::End } else { Next::After(at.token()) };
        let mark = at.mark.as_ref().map(Mark::to_string);
        Ok(Page { records, next, total: None, mark, server_time })
    }

    fn advance(&self, at: &mut At, latest: Option<&str>, server_time: Option<Stamp>) {
        let known = self.zone.known();
        match (&mut at.mark, latest) {
            // Stamps of this shape compare as text.
            (Some(mark), latest) if latest.is_none_or(|latest| latest <= mark.stamp.as_str()) => {
                mark.offset = known.or(mark.offset);
            }
            (mark, Some(latest)) => {
                let offset = known.or(mark.as_ref().and_then(|m| m.offset));
                *mark = Some(Mark::new(latest, offset, server_time));
            }
            (_, None) => {}
        }
    }

    /// The highest stamp of a module, where its next listing of changes starts.
    async fn latest(&self, module: &Described) -> RemoteResult<Option<Mark>> {
        if !module.has("modifiedtime") {
            return Ok(None);
        }
        let name = &module.info.name;
        let columns = Columns::new(module, &[]);
        let query = Query::select(name, ["modifiedtime"]).latest("modifiedtime");
        let op = Operation::get("query", format!("list {name}")).with("query", &query);
        let (rows, server_time) = self.call(op, columns.projection.records()).await?;
        let latest = rows.iter().map(|r| &r.slots[1]).find_map(stamp);
        Ok(latest.map(|stamp| Mark::new(stamp, self.zone.known(), server_time)))
    }

    /// Whether the user sees every record, so that a short page is the last one.
    pub(crate) fn sees_all(&self) -> bool {
        self.sessions.who().is_some_and(|who| who.admin == Some(true))
    }
}

fn stamp(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) if text.len() == 19 && text.starts_with(|c: char| c.is_ascii_digit()) => {
            Some(text)
        }
        _ => None,
    }
}

fn empty() -> Page {
    Page { records: Vec::new(), next: Next::End, total: None, mark: None, server_time: None }
}

fn bad_token(token: &str) -> super::super::RemoteError {
    refused(
        "A listing of Vtiger cannot go on from where it stopped.",
        format!("\"{token}\" is not a position that it gave."),
        "Start the listing from the beginning.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_as_written() {
        for at in [
            At::default(),
            At {
                id: "12x5".into(),
                mark: Some(Mark::read("2026-11-21 19:24:00@0")),
                ..At::default()
            },
            At {
                stamp: "2026-11-21 19:24:00".into(),
                id: "12x5".into(),
                mark: Some(Mark::read("2026-11-21 19:24:00")),
                from: Some(Stamp(-5)),
                is_final: true,
            },
        ] {
            assert_eq!(At::read(&at.token()), Some(at));
        }
        assert_eq!(At::read("x"), None);
    }
}

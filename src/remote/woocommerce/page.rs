//! Listings, by id in ascending order, a hundred records a page.
//!
//! New records land behind and changed ones do not move, so only a deletion shifts a listing; it shows
//! in [`Page::total`], which falls. Variations come with their products. Customers cannot be listed by
//! change: their narrow listing has id and stamps.

use super::super::{Next, Page, PageAt, PageRequest, RemoteResult, Scope, Since};
use super::Woo;
use super::call::{Ask, Meta};
use super::entity::{Entity, Special};
use super::records::{self, bare_utc, read_bare};
use crate::model::Stamp;
use std::time::Duration;

/// Records of a page.
const SIZE: usize = 100;
/// A write shows only after its transaction; so much is read again.
const OVERLAP: Duration = Duration::from_secs(60);

impl Woo {
    pub(crate) async fn list(&self, request: &PageRequest) -> RemoteResult<Page> {
        let entity = self.entity(&request.entity)?;
        if matches!(request.scope, Scope::Trashed(_)) && !entity.trash {
            return Ok(nothing());
        }
        if entity.special == Special::Taxes {
            let (records, meta) = self.taxes(entity, &request.fields).await?;
            let total = Some(records.len() as u64);
            let mark = mark(&meta, 1);
            return Ok(Page {
                records,
                next: Next::End,
                total,
                mark,
                server_time: meta.server_time,
            });
        }
        let number = number(&request.at);
        let mut ask = Ask::get(entity.name, format!("list {}", entity.name))
            .with("per_page", SIZE.to_string())
            .with("page", number.to_string())
            .with("orderby", "id")
            .with("order", "asc");
        for (name, value) in entity.always {
            ask = ask.with(name, *value);
        }
        ask = scoped(ask, entity, &request.scope, self.any_status(entity).await?);
        let narrow = request.scope == Scope::Narrow;
        let mut wanted: Vec<String> = request.fields.to_vec();
        if narrow {
            let cheap =
                |path: &String| path == entity.key || entity.narrow.contains(&path.as_str());
            wanted.retain(cheap);
        }
        ask = ask.with("_fields", records::members(entity, wanted.iter().map(String::as_str)));
        let projection = records::projection(entity, &wanted);
        let parse = |body: &str| projection.take_all(body);
        let (mut rows, meta) = self.call(&ask, parse).await?;
        self.apart(entity, &mut rows).await?;
        let count = rows.len();
        let rows = rows.into_iter().filter(|row| !records::is_left_out(row));
        let records = match entity.special {
            Special::Products => self.with_variations(entity, rows.collect(), &wanted).await?,
            Special::None if narrow => rows.filter_map(records::head).collect(),
            _ => {
                let shop = self.shop();
                rows.filter_map(|row| records::made(entity, row, &wanted, &shop)).collect()
            }
        };
        Ok(Page {
            records,
            next: next(&meta, number, count),
            // What is in the trash is no part of what there is to read.
            total: meta.total.filter(|_| !matches!(request.scope, Scope::Trashed(_))),
            mark: mark(&meta, number),
            server_time: meta.server_time,
        })
    }
}

fn nothing() -> Page {
    Page { records: Vec::new(), next: Next::End, total: None, mark: None, server_time: None }
}

fn number(at: &PageAt) -> u64 {
    match at {
        PageAt::First => 1,
        PageAt::Number(n) => (*n).max(1),
        PageAt::After(token) => token.parse().unwrap_or(1),
    }
}

fn scoped(ask: Ask, entity: &Entity, scope: &Scope, any: &str) -> Ask {
    let since = match scope {
        Scope::Changed(since) => Some(since),
        Scope::Trashed(since) => since.as_ref(),
        Scope::All | Scope::Narrow => None,
    };
    let ask = match scope {
        Scope::Trashed(_) => ask.with("status", "trash"),
        _ if entity.trash => ask.with("status", any),
        _ => ask,
    };
    // Customers have no such filter, and ignore it without a word.
    match since.and_then(start).filter(|_| entity.trash) {
        Some(from) => ask.with("modified_after", from).with("dates_are_gmt", "true"),
        None => ask,
    }
}

/// The value of `modified_after`, which is strict: earlier by the overlap, or by a second.
fn start(since: &Since) -> Option<String> {
    let from = match since {
        Since::Mark(mark) => read_bare(mark)?.minus(OVERLAP),
        Since::Instant(at) => at.minus(Duration::from_secs(1)),
    };
    Some(bare_utc(from))
}

fn next(meta: &Meta, number: u64, count: usize) -> Next {
    match meta.pages {
        Some(pages) if count > 0 && number < pages => Next::Numbered { pages },
        // A proxy took the totals away, or they are not right: on while this page is full.
        _ if count >= SIZE => Next::After((number + 1).to_string()),
        _ => Next::End,
    }
}

/// The clock of the server when the listing began; later pages have none, so that it stays so.
fn mark(meta: &Meta, number: u64) -> Option<String> {
    let fallback = || Stamp::now().minus(Duration::from_secs(300));
    (number == 1).then(|| bare_utc(meta.asked_at.unwrap_or_else(fallback)))
}

#[cfg(test)]
mod tests {
    use super::super::entity::named;
    use super::*;

    fn query(entity: &str, scope: &Scope) -> String {
        let ask = scoped(Ask::get("x", "x"), named(entity).unwrap(), scope, "any");
        ask.query.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("&")
    }

    #[test]
    fn scopes_become_filters() {
        let mark = Since::Mark("2026-11-21T19:22:10".into());
        let instant = Since::Instant(Stamp::parse("2026-11-21T00:00:00Z").unwrap());
        for (entity, scope, want) in [
            ("products", Scope::All, "status=any"),
            (
                "products",
                Scope::Changed(mark.clone()),
                "status=any&modified_after=2026-11-21T19:21:10&dates_are_gmt=true",
            ),
            (
                "products",
                Scope::Changed(instant),
                "status=any&modified_after=2026-11-20T23:59:59&dates_are_gmt=true",
            ),
            ("products", Scope::Trashed(None), "status=trash"),
            (
                "products",
                Scope::Trashed(Some(mark.clone())),
                "status=trash&modified_after=2026-11-21T19:21:10&dates_are_gmt=true",
            ),
            ("customers", Scope::Changed(mark), ""),
            ("customers", Scope::Narrow, ""),
        ] {
            assert_eq!(query(entity, &scope), want);
        }
    }

    #[test]
    fn pages_end() {
        let meta = |pages| Meta { pages, ..Meta::default() };
        assert_eq!(next(&meta(Some(3)), 1, 100), Next::Numbered { pages: 3 });
        assert_eq!(next(&meta(Some(3)), 3, 7), Next::End);
        assert_eq!(next(&meta(Some(0)), 9, 0), Next::End);
        assert_eq!(next(&meta(Some(9)), 4, 0), Next::End);
        assert_eq!(next(&meta(None), 1, 100), Next::After("2".into()));
        assert_eq!(next(&meta(None), 2, 99), Next::End);
        assert!(mark(&meta(None), 2).is_none() && mark(&meta(None), 1).is_some());
    }
}

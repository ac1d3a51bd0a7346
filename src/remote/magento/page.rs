//! Listings by key: records above the last id, sorted by id, in a window of time that stays as it
//! was when the listing began.
//!
//! A record that changes meanwhile leaves the window and is met in the next one, so nothing slips
//! over a page border; the next window begins a minute before the end of this one, for what was
//! being written then.

use super::super::http::Plan;
use super::super::{
    ChangeFeed, ErrorKind, Next, Page, PageAt, PageRequest, RemoteError, RemoteResult, Scope, Since,
};
use super::Magento;
use super::call::Ask;
use super::companies;
use super::entity::{Entity, Kind};
use super::records::{self, members, read_stamp, show_stamp, text};
use super::search::{Filter, Search};
use crate::model::{Fields, Record, Stamp, UserError};
use std::collections::{HashMap, HashSet};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// A write shows only after its transaction; so much is read again.
const OVERLAP: Duration = Duration::from_secs(60);
/// What is known of the shop's clock holds so long.
const FRESH: Duration = Duration::from_secs(10);
/// Listings of companies whose names are remembered at the same time.
const LISTINGS: usize = 8;

/// Where a listing is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Place {
    /// The window, in the shop's notation; empty: open.
    from: String,
    to: String,
    /// The last id so far.
    last: u64,
    /// The number of a listing of companies.
    listing: u64,
}

impl Place {
    fn token(&self) -> String {
        format!("{}|{}|{}|{}", self.from, self.to, self.last, self.listing)
    }

    fn read(token: &str) -> Option<Self> {
        let mut parts = token.split('|');
        let mut part = || parts.next().map(str::to_owned);
        Some(Self {
            from: part()?,
            to: part()?,
            last: part()?.parse().ok()?,
            listing: part()?.parse().ok()?,
        })
    }
}

/// Companies met in listings, by the listing's number.
#[derive(Debug, Default)]
pub(crate) struct Met {
    next: u64,
    lists: Vec<(u64, HashSet<String>)>,
}

impl Met {
    fn begin(&mut self) -> u64 {
        self.next += 1;
        if self.lists.len() >= LISTINGS {
            self.lists.remove(0);
        }
        self.lists.push((self.next, HashSet::new()));
        self.next
    }

    /// Whether a company is met for the first time in a listing.
    fn is_new(&mut self, listing: u64, id: &str) -> bool {
        match self.lists.iter_mut().find(|(number, _)| *number == listing) {
            Some((_, met)) => met.insert(id.to_owned()),
            None => true,
        }
    }

    fn end(&mut self, listing: u64) {
        self.lists.retain(|(number, _)| *number != listing);
    }
}

impl Magento {
    pub(crate) async fn list(&self, request: &PageRequest) -> RemoteResult<Page> {
        let entity = self.entity(&request.entity)?;
        let narrow = request.scope == Scope::Narrow;
        let (mut place, mark) = match (&request.at, &request.scope) {
            (_, Scope::Trashed(_)) => return Ok(nothing()),
            (PageAt::After(token), _) => {
                (Place::read(token).ok_or_else(|| bad_token(entity))?, None)
            }
            (_, scope) => self.begin(entity, scope).await?,
        };
        let mut wanted: Vec<String> = request.fields.to_vec();
        if narrow {
            wanted.retain(|path| path == entity.key || entity.columns.contains(&path.as_str()));
        }
        let first = place.last == 0;
        let search = window(entity, &place, self.page_size.load(Ordering::Relaxed))
            .only(members(entity, &wanted));
        let rows = self.rows(entity, &search, Plan::READ).await?;
        let full = rows.items.len() >= rows.size;
        let ids = rows.items.iter().filter_map(|row| text(row, entity.id).parse::<u64>().ok());
        let last = ids.max().unwrap_or(0);
        if !rows.items.is_empty() && last <= place.last {
            return Err(no_progress(entity));
        }
        place.last = last;
        let next = if full { Next::After(place.token()) } else { Next::End };
        let (total, server_time) = (rows.total.filter(|_| first), rows.server_time);
        let records = if entity.kind == Kind::Companies {
            self.met_companies(entity, rows.items, &wanted, &request.scope, &place, !full).await?
        } else {
            self.records(entity, &rows.items, &wanted).await?
        };
        let total = total.filter(|_| entity.kind != Kind::Companies);
        Ok(Page { records, next, total, mark, server_time })
    }

    /// The window of a listing, and the mark for the next one.
    async fn begin(&self, entity: &Entity, scope: &Scope) -> RemoteResult<(Place, Option<String>)> {
        let mut place = Place::default();
        if entity.kind == Kind::Companies {
            place.listing = self.met.lock().unwrap_or_else(PoisonError::into_inner).begin();
        }
        if entity.changes == ChangeFeed::FullScan {
            return Ok((place, None));
        }
        let now = self.server_now().await?;
        if let Scope::Changed(since) = scope {
            place.from = from(since);
            // The second that is just running belongs to it.
            place.to = show_stamp(now.plus(Duration::from_secs(1)));
        }
        Ok((place, Some(show_stamp(now))))
    }

    /// The shop's clock. It is asked when the last answer is too old to tell.
    pub(crate) async fn server_now(&self) -> RemoteResult<Stamp> {
        let known = *self.clock_read.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_none_or(|at: Instant| at.elapsed() > FRESH) {
            self.call(&clock().planned(Plan::FIRST)).await?;
        }
        Ok(Stamp(Stamp::now().0 + self.auth.skew_ms()))
    }

    /// Records of these rows, with what has to be read beside them.
    pub(crate) async fn records(
        &self,
        entity: &Entity,
        rows: &[Fields],
        wanted: &[String],
    ) -> RemoteResult<Vec<Record>> {
        let beside = self.beside(entity, rows, wanted).await?;
        Ok(rows.iter().filter_map(|row| records::record(entity, row, wanted, &beside)).collect())
    }

    /// The companies that these customers name, each once, with the values of the first customer
    /// who names it.
    async fn met_companies(
        &self,
        entity: &Entity,
        rows: Vec<Fields>,
        wanted: &[String],
        scope: &Scope,
        place: &Place,
        last: bool,
    ) -> RemoteResult<Vec<Record>> {
        let mut fresh: Vec<(String, Fields)> = Vec::new();
        {
            let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
            for row in rows {
                if let Some(id) = companies::id_of(&row)
                    && met.is_new(place.listing, &id)
                {
                    fresh.push((id, row));
                }
            }
            if last {
                met.end(place.listing);
            }
        }
        let mut firsts: HashMap<String, Fields> = HashMap::new();
        if matches!(scope, Scope::Changed(_)) {
            // In a complete listing the first one met is the first one there is.
            let ids: Vec<String> = fresh.iter().map(|(id, _)| id.clone()).collect();
            firsts = self.first_of(&ids, wanted).await?;
        }
        let rows: Vec<Fields> =
            fresh.into_iter().map(|(id, row)| firsts.remove(&id).unwrap_or(row)).collect();
        self.records(entity, &rows, wanted).await
    }
}

/// The cheapest request there is; it needs no keys.
pub(crate) fn clock() -> Ask {
    Ask::get("directory/currency", "read the clock").open()
}

fn nothing() -> Page {
    Page { records: Vec::new(), next: Next::End, total: None, mark: None, server_time: None }
}

/// Where a window begins.
fn from(since: &Since) -> String {
    match since {
        Since::Instant(at) => show_stamp(*at),
        // A mark that cannot be read would match everything in silence, which is slow but right.
        Since::Mark(mark) => {
            read_stamp(mark).map(|at| show_stamp(at.minus(OVERLAP))).unwrap_or_default()
        }
    }
}

fn window(entity: &Entity, place: &Place, size: u32) -> Search {
    let mut search = Search::sorted(entity.column, size);
    if place.last > 0 {
        search = search.and(Filter::new(entity.column, "gt", place.last.to_string()));
    }
    if !place.from.is_empty() {
        search = search.and(Filter::new("updated_at", "gteq", place.from.as_str()));
    }
    if !place.to.is_empty() {
        search = search.and(Filter::new("updated_at", "lteq", place.to.as_str()));
    }
    search
}

fn bad_token(entity: &Entity) -> RemoteError {
    RemoteError::new(
        ErrorKind::Refused,
        UserError::new(
            format!("The listing of {} cannot go on.", entity.many),
            "Its place is not one that this connector gave.",
            "Sync again.",
        ),
    )
}

fn no_progress(entity: &Entity) -> RemoteError {
    let mut error = RemoteError::new(
        ErrorKind::NotTheApi,
        UserError::new(
            format!("Magento sent {} that were asked for before.", entity.many),
            "It does not heed the filter of the search, so the listing would never end.",
            "Look for a cache or an extension that changes the API's searches.",
        ),
    );
    error.whole = true;
    error
}

#[cfg(test)]
mod tests {
    use super::super::entity::named;
    use super::*;

    #[test]
    fn a_place_survives_its_token() {
        let place = Place {
            from: "2026-11-21 19:22:10".into(),
            to: "2026-11-21 19:30:00".into(),
            last: 77,
            listing: 3,
        };
        assert_eq!(Place::read(&place.token()), Some(place));
        assert_eq!(Place::read("x"), None);
    }

    #[test]
    fn windows_become_filters() {
        let place = Place { from: "a".into(), to: "b".into(), last: 7, listing: 0 };
        let ask = window(named("orders").unwrap(), &place, 50).put(Ask::get("orders", "x"));
        let shown: Vec<&str> = ask.query.iter().map(|(_, v)| v.as_str()).collect();
        assert_eq!(
            shown,
            [
                "entity_id",
                "7",
                "gt",
                "updated_at",
                "a",
                "gteq",
                "updated_at",
                "b",
                "lteq",
                "entity_id",
                "ASC",
                "50"
            ]
        );
        let open = window(named("taxRates").unwrap(), &Place::default(), 50);
        assert!(open.filters().next().is_none());
    }

    #[test]
    fn a_window_begins_before_the_mark_and_at_the_instant() {
        assert_eq!(from(&Since::Mark("2026-11-21 19:22:10".into())), "2026-11-21 19:21:10");
        let instant = Stamp::parse("2026-11-21T19:22:10Z").unwrap();
        assert_eq!(from(&Since::Instant(instant)), "2026-11-21 19:22:10");
    }

    #[test]
    fn a_company_is_met_once_in_a_listing() {
        let mut met = Met::default();
        let (a, b) = (met.begin(), met.begin());
        assert!(met.is_new(a, "company:x") && !met.is_new(a, "company:x"));
        assert!(met.is_new(b, "company:x"), "another listing");
        met.end(a);
        assert!(met.is_new(a, "company:x"), "forgotten with its listing");
    }
}

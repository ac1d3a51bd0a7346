//! Whether records of the shop changed.
//!
//! *Products* and *orders*: one request for the twenty that were modified last; with their number, so that a
//! record that came with an old stamp or went away shows too. Tax rates are listed.
//!
//! *Customers* can be neither filtered nor sorted by change. Up to a hundred are listed, narrowly,
//! with one request. Of more, each probe lists those who registered last and one further page of a
//! hundred, so that an edit is seen after as many probes as there are pages; new and removed
//! customers show at once, in the number.

use super::super::http::Plan;
use super::super::probe::{Probe, Seen, newest, print, warm};
use super::super::{ErrorKind, RemoteResult};
use super::Woo;
use super::call::{Ask, Meta};
use super::entity::{Entity, Special};
use super::records;
use super::statuses::ANY;
use crate::model::{Record, Stamp};
use std::time::Duration;

/// Records changed last that are looked at.
const LATEST: usize = 20;
/// Customers of a page.
const PAGE: u64 = 100;
/// A stamp further in the future than this is no news; it would be one for ever.
const FUTURE: Duration = Duration::from_secs(300);
/// What was changed so shortly before a probe may have been changed after it.
const TICK: Duration = Duration::from_secs(2);

impl Woo {
    pub(crate) async fn probe_once(
        &self,
        entity: &'static Entity,
        known: Option<&str>,
    ) -> RemoteResult<Probe> {
        match entity.special {
            Special::Products | Special::Orders => self.by_stamp(entity, known).await,
            Special::None => self.around(entity, known).await,
            Special::Taxes => super::super::probe::by_listing(self, entity.name, known).await,
        }
    }

    /// A probe of records that can be sorted by change.
    async fn by_stamp(&self, entity: &'static Entity, known: Option<&str>) -> RemoteResult<Probe> {
        let status = self.any_status(entity).await?;
        // A status may be gone since: this connection is kept from look to look. Before WooCommerce
        // 4.4 the newest and their number have to do.
        let mut ladder = vec![(status, "modified"), (ANY, "modified"), (ANY, "date")];
        ladder.dedup();
        let mut looked = None;
        for (at, (status, by)) in ladder.iter().enumerate() {
            let ask = look(entity, LATEST as u64)
                .with("status", *status)
                .with("orderby", *by)
                .with("order", "desc");
            match self.looked(entity, &ask).await {
                Err(error) if error.kind == ErrorKind::Refused && at + 1 < ladder.len() => {}
                other => {
                    looked = Some(other?);
                    break;
                }
            }
        }
        let (rows, meta) = looked.unwrap_or_default();
        let warm = warm(rows.iter().filter_map(|r| r.modified).max(), meta.server_time);
        let full = rows.len() >= LATEST;
        let memory = format!("{}{} {warm}", newest(seen(&rows), full), total(&meta));
        Ok(Probe::of(memory.trim_end().to_owned(), known))
    }

    /// A probe of records that can only be listed one page after the other.
    async fn around(&self, entity: &'static Entity, known: Option<&str>) -> RemoteResult<Probe> {
        let known_round = known.and_then(Round::read);
        let page = known_round.as_ref().map_or(1, |round| round.page);
        let narrow = look(entity, PAGE)
            .with("orderby", "id")
            .with("order", "asc")
            .with("page", page.to_string());
        let (rows, meta) = self.looked(entity, &narrow).await?;
        let clock = meta.asked_at.unwrap_or_else(Stamp::now);
        let pages = meta.total.map_or(meta.pages.unwrap_or(1), |total| total.div_ceil(PAGE));
        if page == 1 && pages <= 1 {
            let warm = warm(rows.iter().filter_map(|r| r.modified).max(), meta.server_time);
            let memory = format!("all {}{} {warm}", print(&seen(&rows)), total(&meta));
            return Ok(Probe::of(memory.trim_end().to_owned(), known));
        }
        let latest =
            look(entity, LATEST as u64).with("orderby", "registered_date").with("order", "desc");
        let (new, meta) = self.looked(entity, &latest).await?;
        let top = format!("{}{}", newest(seen(&new), new.len() >= LATEST), total(&meta));
        let next = if page >= pages { 1 } else { page + 1 };
        match known_round {
            Some(round) if round.top == top && !round.is_passed(&rows, clock) => {
                let memory = Round { page: next, ..round }.write();
                Ok(Probe { changed: false, memory })
            }
            _ => {
                let memory = Round { since: clock.minus(TICK), page: next, top }.write();
                Ok(Probe { changed: true, memory })
            }
        }
    }

    async fn looked(&self, entity: &Entity, ask: &Ask) -> RemoteResult<(Vec<Record>, Meta)> {
        let projection = records::projection(entity, &[]);
        let parse = |body: &str| projection.take_all(body);
        let (rows, meta) = self.call(ask, parse).await?;
        let rows = rows.into_iter().filter(|row| !records::is_left_out(row));
        Ok((rows.filter_map(|row| records::record(entity, row)).collect(), meta))
    }
}

/// A narrow listing of so many records.
fn look(entity: &Entity, size: u64) -> Ask {
    let mut ask = Ask::get(entity.name, format!("look for changed {}", entity.name))
        .planned(Plan::READ)
        .with("per_page", size.to_string())
        .with("_fields", records::members(entity, []));
    for (name, value) in entity.always {
        ask = ask.with(name, *value);
    }
    ask
}

fn seen(rows: &[Record]) -> Vec<Seen> {
    let stamp = |at: Option<Stamp>| at.map(records::bare_utc).unwrap_or_default();
    rows.iter().map(|r| (r.id.clone(), stamp(r.modified))).collect()
}

fn total(meta: &Meta) -> String {
    meta.total.map(|total| format!(" of {total}")).unwrap_or_default()
}

/// Where the round over all pages is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Round {
    /// What was changed from this instant of the shop's clock on is news.
    since: Stamp,
    /// The next page.
    page: u64,
    /// Those who registered last, and how many there are.
    top: String,
}

impl Round {
    fn write(&self) -> String {
        format!("round {} {} {}", self.since.0, self.page, self.top)
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("round ")?.splitn(3, ' ');
        let since = Stamp(parts.next()?.parse().ok()?);
        let page = parts.next()?.parse().ok().filter(|page| *page > 0)?;
        Some(Self { since, page, top: parts.next()?.to_owned() })
    }

    /// Whether one of these records was changed since.
    fn is_passed(&self, rows: &[Record], clock: Stamp) -> bool {
        let news = self.since..=clock.plus(FUTURE);
        rows.iter().any(|record| record.modified.is_some_and(|at| news.contains(&at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_is_read_as_written() {
        let round = Round { since: Stamp(12_345), page: 7, top: "a b of 9".into() };
        assert_eq!(Round::read(&round.write()), Some(round));
        for bad in ["", "all 3:ff of 3", "round x 1 a", "round 5 0 a", "round 5 1"] {
            assert_eq!(Round::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn stamps_since_then_are_news_and_absurd_ones_are_not() {
        let round = Round { since: Stamp(10_000), page: 1, top: String::new() };
        let record = |at| Record { modified: at, ..Record::default() };
        let clock = Stamp(20_000);
        assert!(round.is_passed(&[record(None), record(Some(Stamp(10_000)))], clock));
        assert!(!round.is_passed(&[record(None), record(Some(Stamp(9_999)))], clock));
        assert!(
            !round.is_passed(&[record(Some(Stamp(9_000_000)))], clock),
            "in the future for ever"
        );
    }
}

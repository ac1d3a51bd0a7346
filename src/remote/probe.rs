//! Probes: has anything changed since the last time? Asked every few seconds by *Immediately*, so
//! one or two small requests have to do, and an answer that is wrong now and then is no harm: the
//! sync itself finds out what changed, and a sync by the clock finds what a probe cannot see.

use super::{ChangeFeed, Next, Page, PageAt, PageRequest, Remote, RemoteResult, Scope, Since};
use crate::model::Stamp;
use std::time::Duration;
use xxhash_rust::xxh3::Xxh3;

/// A write becomes visible after its stamp was made; so much is looked at again.
const OVERLAP: Duration = Duration::from_secs(120);
/// The same where the system does not tell its clock.
const UNSURE: Duration = Duration::from_secs(3_600);
/// A record that was changed in the last moments may change once more under the same stamp.
const WARM: i64 = 2_000;

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Something changed since what was remembered, or nothing was remembered.
    pub changed: bool,
    /// What to remember for the next probe. After a change it counts from now on: it is to be kept
    /// once a sync that began after this probe has gone through.
    pub memory: String,
}

impl Probe {
    /// The answer of a probe whose memory is all there is to compare.
    pub(crate) fn of(memory: String, known: Option<&str>) -> Self {
        Self { changed: known != Some(memory.as_str()), memory }
    }
}

/// A record in a probe's listing: its id, and its stamp in a form that sorts.
pub(crate) type Seen = (String, String);

/// A fingerprint of the records that were changed last. `full`: there may be more with the oldest
/// of these stamps; which of them a system shows is up to chance, so they are left out.
pub(crate) fn newest(mut seen: Vec<Seen>, full: bool) -> String {
    seen.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let top = seen.first().map(|(_, stamp)| stamp.clone()).unwrap_or_default();
    if full && let Some(oldest) = seen.last().map(|(_, stamp)| stamp.clone()) {
        seen.retain(|(_, stamp)| *stamp != oldest);
    }
    format!("{top} {}", print(&seen))
}

/// A fingerprint of records in the order in which they are shown.
pub(crate) fn print(seen: &[Seen]) -> String {
    let mut hash = Xxh3::new();
    for (id, stamp) in seen {
        hash.update(id.as_bytes());
        hash.update(&[0]);
        hash.update(stamp.as_bytes());
        hash.update(&[1]);
    }
    format!("{}:{:016x}", seen.len(), hash.digest())
}

/// What makes an answer differ from the next one while its newest stamp is so fresh that a further
/// edit would not show.
pub(crate) fn warm(newest: Option<Stamp>, clock: Option<Stamp>) -> String {
    match (newest, clock) {
        (Some(newest), Some(clock)) if (clock.0 - newest.0).abs() <= WARM => {
            format!(" warm {}", clock.0 / 1000)
        }
        _ => String::new(),
    }
}

/// A probe by the listings that every remote has: what changed since an instant shortly before the
/// last change, or, where there is no such listing, the first page of everything.
pub(super) async fn by_listing<R: Remote + ?Sized>(
    remote: &R,
    entity: &str,
    known: Option<&str>,
) -> RemoteResult<Probe> {
    if remote.capabilities(entity).changes != ChangeFeed::Filtered {
        let page = first(remote, entity, Scope::Narrow).await?;
        return Ok(Probe::of(of_page(&page), known));
    }
    let mut clock = None;
    if let Some((since, _)) = known.and_then(|k| k.split_once(' ')) {
        let from = Stamp(since.parse().unwrap_or(0));
        let page = first(remote, entity, Scope::Changed(Since::Instant(from))).await?;
        let memory = format!("{since} {}", of_page(&page));
        // More pages than we may look at, and no number of them: anything may have happened there.
        let all = page.next == Next::End || page.total.is_some();
        if all && known == Some(memory.as_str()) {
            return Ok(Probe { changed: false, memory });
        }
        clock = page.server_time;
    }
    let back = if clock.is_some() { OVERLAP } else { UNSURE };
    let from = clock.unwrap_or_else(Stamp::now).minus(back);
    let page = first(remote, entity, Scope::Changed(Since::Instant(from))).await?;
    Ok(Probe { changed: true, memory: format!("{} {}", from.0, of_page(&page)) })
}

async fn first<R: Remote + ?Sized>(remote: &R, entity: &str, scope: Scope) -> RemoteResult<Page> {
    let fields = [].into();
    let request = PageRequest { entity: entity.to_owned(), fields, scope, at: PageAt::First };
    remote.page(&request).await
}

fn of_page(page: &Page) -> String {
    let stamp = |at: Option<Stamp>| at.map(|at| at.0.to_string()).unwrap_or_default();
    let records = page.records.iter();
    let seen: Vec<Seen> = records.map(|r| (r.id.clone(), stamp(r.modified))).collect();
    let total = page.total.map(|n| n.to_string()).unwrap_or_default();
    format!("{} {total}", print(&seen))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(list: &[(&str, &str)]) -> Vec<Seen> {
        list.iter().map(|(id, stamp)| ((*id).to_owned(), (*stamp).to_owned())).collect()
    }

    #[test]
    fn an_edit_shows_in_the_newest_and_chance_does_not() {
        let quiet = newest(seen(&[("1", "12:00"), ("2", "11:00"), ("3", "10:00")]), false);
        let turned = newest(seen(&[("3", "10:00"), ("1", "12:00"), ("2", "11:00")]), false);
        assert_eq!(quiet, turned);
        for other in [
            seen(&[("1", "12:01"), ("2", "11:00"), ("3", "10:00")]),
            seen(&[("1", "12:00"), ("4", "12:00"), ("2", "11:00"), ("3", "10:00")]),
            seen(&[("2", "11:00"), ("3", "10:00")]),
        ] {
            assert_ne!(newest(other, false), quiet);
        }
        // A full page: which of those with its oldest stamp are shown says nothing.
        let one = newest(seen(&[("1", "12:00"), ("2", "11:00"), ("3", "11:00")]), true);
        let other = newest(seen(&[("1", "12:00"), ("4", "11:00"), ("5", "11:00")]), true);
        assert_eq!(one, other);
        let all_alike = newest(seen(&[("4", "11:00"), ("5", "11:00")]), true);
        assert_eq!(all_alike, newest(seen(&[("6", "11:00"), ("7", "11:00")]), true));
        assert_ne!(all_alike, newest(seen(&[("6", "11:01"), ("7", "11:01")]), true));
    }

    #[test]
    fn only_a_fresh_stamp_is_warm() {
        let at = |ms| Some(Stamp(ms));
        assert_eq!(warm(at(10_000), at(60_000)), "");
        assert_eq!(warm(at(3_600_000), at(10_000)), "", "another zone is not warm for ever");
        assert_ne!(warm(at(10_000), at(11_000)), warm(at(10_000), at(12_000)));
        assert_eq!(warm(None, at(1)), "");
        assert_eq!(warm(at(1), None), "");
    }
}

//! Pulling: reads what changed on one side, compares each record with its link at once, and stages
//! those that have to be looked at.

use super::context::{Context, Step, Stop};
use super::echo::{is_echo, source_of};
use super::module::{ModuleWork, Staged, at};
use super::recheck::{stage_absent, stage_trashed, stage_waiting};
use super::safeguards;
use crate::model::{
    Cursor, LinkHead, Parked, Record, Side, Skip, Stamp, UserError, Verdict, fingerprint, id_key,
};
use crate::remote::{ChangeFeed, Next, Page, PageAt, PageRequest, Remote, Scope, Since};
use crate::store::scratch::Scratch;
use futures::StreamExt;
use std::collections::HashSet;
use std::fmt::Write;
use std::time::Duration;

/// How many ids are looked up or fetched at once.
pub const CHUNK: usize = 100;
/// How often a page is asked for again that was sent in the place of another one.
const REPEATED: usize = 3;

/// Reads one side of a module.
///
/// # Errors
/// The side cannot be read, the store cannot be used, or the run was cancelled.
pub async fn pull(context: &Context, work: &mut ModuleWork, side: Side) -> Step<()> {
    let (id, module) = (context.id(), work.module);
    let cursor = context.read(move |r| r.cursor(id, module, side)).await?;
    let label = context.remote(side).label().to_owned();
    context.begin(module, &format!("reading {label}"), None);
    let begun = Stamp::now();
    work.begun[at(side)] = begun;
    let other = side.other();
    let there = context.read(move |r| r.cursor(id, module, other)).await?;
    let scope_there = scope_now(context, work, other, &there, begun);
    work.lists_all[at(other)] = scope_there == Scope::All;
    let deletions = work.capabilities[at(side)].deletions;
    let told = if deletions { stage_trashed(context, work, side, &cursor).await? } else { 0 };
    // A mass of deletions is believed only with a complete listing beside it.
    let mass = told > 0 && told.saturating_mul(2) >= work.links;
    let due = mass || full_due(context, work, side, &cursor, begun);
    let scope = match mass && work.capabilities[at(side)].silent {
        true => Scope::All,
        false => scope_now(context, work, side, &cursor, begun),
    };
    let complete_scope = matches!(scope, Scope::All | Scope::Narrow);
    let mut listing = Listing::new(context, due && work.links > 0);
    run_listing(context, work, side, scope, &mut listing).await?;
    if due && work.links > 0 && !complete_scope {
        // The changes do not show what is gone: list all ids too.
        listing.start_over_with_ids();
        run_listing(context, work, side, Scope::Narrow, &mut listing).await?;
    }
    let complete = (complete_scope || listing.ids_only) && listing.consistent;
    work.all_keys[at(side)] = complete_scope && complete;
    work.empty[at(side)] = complete && listing.records == 0 && work.links > 0;
    if complete && work.links > 0 {
        stage_absent(context, work, side, &mut listing).await?;
    }
    if !deletions {
        stage_trashed(context, work, side, &cursor).await?;
    }
    stage_waiting(context, work, side).await?;
    work.slipped |= !listing.consistent;
    let mut next = Cursor { revision: work.mapping.revision(), ..cursor };
    if listing.consistent {
        next.mark = listing.mark.or(next.mark);
    }
    if complete {
        next.last_complete = Some(begun);
    }
    work.cursors[at(side)] = Some(next);
    Ok(())
}

/// What is to be listed of a side now.
fn scope_now(
    context: &Context,
    work: &ModuleWork,
    side: Side,
    cursor: &Cursor,
    now: Stamp,
) -> Scope {
    let due = full_due(context, work, side, cursor, now);
    if due && work.links > 0 && work.capabilities[at(side)].silent {
        // What moves no stamp shows only when everything is read and compared.
        return Scope::All;
    }
    scope(context, work, side, cursor)
}

/// Whether a side is to be listed completely now. One that tells its deletions is not listed just
/// because that is cheap.
fn full_due(context: &Context, work: &ModuleWork, side: Side, cursor: &Cursor, now: Stamp) -> bool {
    let links = if work.capabilities[at(side)].deletions { u64::MAX } else { work.links };
    is_due(cursor, now, context.connector.advanced.full_scan.0, links)
}

/// Whether it is time to look for what is gone by a complete listing.
fn is_due(cursor: &Cursor, now: Stamp, every: Duration, links: u64) -> bool {
    let last = cursor.last_complete;
    links <= safeguards::few_links() || last.is_none_or(|last| now.since(last) >= every)
}

/// What a listing has shown so far.
pub struct Listing {
    mark: Option<String>,
    records: u64,
    consistent: bool,
    first_total: Option<u64>,
    /// Ids seen, for absence; kept only when somebody will ask.
    pub seen: Option<Scratch<()>>,
    ids_only: bool,
    /// Fingerprints of the pages of this listing.
    pages: HashSet<u64>,
    /// Ids of records that only their stamps tell to have changed: fetched when there are enough.
    changed: Vec<String>,
}

impl Listing {
    /// Nothing shown yet. `absence`: the ids are kept, because somebody will ask which are missing.
    pub fn new(context: &Context, absence: bool) -> Self {
        let folder = context.store.folder().join("scratch");
        Self::of(absence.then(|| Scratch::new(&folder)))
    }

    fn of(seen: Option<Scratch<()>>) -> Self {
        Self {
            mark: None,
            records: 0,
            consistent: true,
            first_total: None,
            seen,
            ids_only: false,
            pages: HashSet::new(),
            changed: Vec::new(),
        }
    }

    /// How many records it has shown.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// A second listing, of ids only: its pages and totals have nothing to do with the first one's.
    fn start_over_with_ids(&mut self) {
        self.ids_only = true;
        self.first_total = None;
        self.pages.clear();
    }

    /// Whether a page was sent before, although another one was asked for.
    fn repeats(&self, page: &Page) -> bool {
        !page.records.is_empty() && self.pages.contains(&page_print(page))
    }

    /// Takes note of a page.
    fn note(&mut self, page: &Page) -> Step<()> {
        self.pages.insert(page_print(page));
        if let (Some(first), Some(total)) = (self.first_total, page.total)
            && total < first
        {
            // A record left the listing: the next one slipped over a page border unseen.
            self.consistent = false;
        }
        self.first_total = self.first_total.or(page.total);
        if page.mark.is_some() && !self.ids_only {
            self.mark.clone_from(&page.mark);
        }
        self.records += page.records.len() as u64;
        if let Some(seen) = &mut self.seen {
            for record in page.records.iter().filter(|r| !r.trashed) {
                seen.push(id_key(&record.id).as_bytes(), &())?;
            }
        }
        Ok(())
    }
}

/// A record that was edited meanwhile may rightly be shown once more, even alone on its page: its
/// stamp tells.
fn page_print(page: &Page) -> u64 {
    let mut text = String::new();
    for record in &page.records {
        let stamp = record.modified.map_or(i64::MIN, |stamp| stamp.0);
        // Writing into a string does not fail.
        let _ = writeln!(text, "{}@{stamp}", record.id);
    }
    fingerprint(&text)
}

fn scope(context: &Context, work: &ModuleWork, side: Side, cursor: &Cursor) -> Scope {
    let again = work.all.is_some() || cursor.revision != work.mapping.revision();
    match work.capabilities[at(side)].changes {
        ChangeFeed::Filtered => match (&cursor.mark, context.connector.sync_from.from) {
            (Some(mark), _) if !again => Scope::Changed(Since::Mark(mark.clone())),
            (None, Some(from)) => Scope::Changed(Since::Instant(from)),
            _ => Scope::All,
        },
        ChangeFeed::NarrowScan if again || work.links == 0 => Scope::All,
        ChangeFeed::NarrowScan => Scope::Narrow,
        ChangeFeed::FullScan => Scope::All,
    }
}

pub async fn run_listing(
    context: &Context,
    work: &mut ModuleWork,
    side: Side,
    scope: Scope,
    listing: &mut Listing,
) -> Step<()> {
    take_pages(context, work, side, scope, listing).await?;
    let changed = std::mem::take(&mut listing.changed);
    fetch_and_take(context, work, side, &changed).await
}

async fn take_pages(
    context: &Context,
    work: &mut ModuleWork,
    side: Side,
    scope: Scope,
    listing: &mut Listing,
) -> Step<()> {
    let narrow = scope == Scope::Narrow;
    let mut request = PageRequest {
        entity: work.entity[at(side)].clone(),
        fields: work.paths(side),
        scope,
        at: PageAt::First,
    };
    let remote = context.remotes[at(side)].clone();
    let mut page = remote.page_begun(&request).await?;
    if let Some(time) = page.server_time {
        work.skew[at(side)] = time.0 - Stamp::now().0;
    }
    if let Next::Numbered { pages } = page.next {
        page = remote.filled(&request, page).await?;
        take_page(context, work, side, page, narrow, listing).await?;
        let parallel = work.capabilities[at(side)].parallel.max(1);
        let first = request.clone();
        let numbered = |number| PageRequest { at: PageAt::Number(number), ..first.clone() };
        let remote = &remote;
        let mut rest = futures::stream::iter((2..=pages).map(numbered))
            .map(|request| async move { (remote.page_begun(&request).await, request) })
            .buffered(parallel);
        let mut next = Next::End;
        while let Some((page, request)) = rest.next().await {
            context.go_on()?;
            let page = other_page(remote.as_ref(), &request, page?, listing).await?;
            let page = remote.filled(&request, page).await?;
            next = page.next.clone();
            take_page(context, work, side, page, narrow, listing).await?;
        }
        // The last page was full after all: there may be more than the first one knew of.
        let Next::After(token) = next else { return Ok(()) };
        request.at = PageAt::After(token);
        page = remote.page_begun(&request).await?;
    }
    loop {
        context.go_on()?;
        page = other_page(remote.as_ref(), &request, page, listing).await?;
        let now = request.clone();
        let Next::After(token) = page.next.clone() else {
            let page = remote.filled(&now, page).await?;
            return take_page(context, work, side, page, narrow, listing).await;
        };
        request.at = PageAt::After(token);
        // The next page is on its way while this one is filled and compared.
        let (next, taken) = futures::join!(remote.page_begun(&request), async {
            let page = remote.filled(&now, page).await?;
            take_page(context, work, side, page, narrow, listing).await
        });
        taken?;
        page = next?;
    }
}

/// The page, asked for again if it is one that was sent before.
async fn other_page(
    remote: &dyn Remote,
    request: &PageRequest,
    mut page: Page,
    listing: &Listing,
) -> Step<Page> {
    for _ in 0..REPEATED {
        if !listing.repeats(&page) {
            return Ok(page);
        }
        page = remote.page_begun(request).await?;
    }
    if !listing.repeats(&page) {
        return Ok(page);
    }
    Err(Stop::Failed(UserError::new(
        format!("{} sent the same page of {} again and again.", remote.label(), request.entity),
        "It ignores which page is asked for, so the listing would never end.",
        "Look for a cache or a plugin between SyncDeck and that system.",
    )))
}

async fn take_page(
    context: &Context,
    work: &mut ModuleWork,
    side: Side,
    page: Page,
    narrow: bool,
    listing: &mut Listing,
) -> Step<()> {
    listing.note(&page)?;
    context.advance(page.records.len() as u64, page.total);
    if listing.ids_only {
        return Ok(());
    }
    if narrow {
        take_narrow(context, work, side, page.records, listing).await
    } else {
        take(context, work, side, page.records).await
    }
}

/// What the store knows of a record.
pub struct Known {
    /// Its link.
    pub link: Option<LinkHead>,
    /// Its standing skip.
    pub skip: Option<Skip>,
    /// Its place in the queue.
    pub parked: Option<Parked>,
    /// The record that it is linked with is skipped or waits.
    pub other_waits: bool,
    /// It is made of a record that we ourselves have made in the service.
    pub echo: bool,
}

pub async fn known(
    context: &Context,
    work: &ModuleWork,
    side: Side,
    records: &[Record],
) -> Step<Vec<Known>> {
    let ids: Vec<(String, Option<String>)> =
        records.iter().map(|r| (r.id.clone(), source_of(work, side, r))).collect();
    let (connector, module) = (context.id(), work.module);
    let from = work.comes_from.as_ref().map(|from| from.module);
    context
        .read(move |r| {
            let skips = r.skip_count(connector, module)? > 0;
            let queued = r.parked_count_of(connector, module)? > 0;
            ids.iter()
                .map(|(id, source)| {
                    let link = r.link_head(connector, module, side, id)?;
                    let skip = |side, id: &str| match skips {
                        true => r.skip(connector, module, side, id),
                        false => Ok(None),
                    };
                    let parked = |side, id: &str| match queued {
                        true => r.parked(connector, module, side, id),
                        false => Ok(None),
                    };
                    let other_waits = match &link {
                        Some(link) => {
                            let (other, id) = (side.other(), link.id_on(side.other()));
                            skip(other, id)?.is_some() || parked(other, id)?.is_some()
                        }
                        None => false,
                    };
                    let (skip, parked) = (skip(side, id)?, parked(side, id)?);
                    let echo = match (from, source) {
                        (Some(from), Some(source)) => {
                            let origin = link.as_ref().map(|link| link.origin);
                            is_echo(r, connector, from, source, origin)?
                        }
                        _ => false,
                    };
                    Ok(Known { link, skip, parked, other_waits, echo })
                })
                .collect()
        })
        .await
}

/// Compares full records with their links and stages what differs.
pub async fn take(
    context: &Context,
    work: &mut ModuleWork,
    side: Side,
    records: Vec<Record>,
) -> Step<()> {
    let known = known(context, work, side, &records).await?;
    for (record, known) in records.into_iter().zip(known) {
        stage(context, work, side, record, &known, false)?;
    }
    Ok(())
}

/// Stages a record if it differs from what the store knows. `again`: even if it does not.
pub fn stage(
    context: &Context,
    work: &mut ModuleWork,
    side: Side,
    record: Record,
    known: &Known,
    again: bool,
) -> Step<()> {
    // What somebody put into the queue is asked for.
    if known.echo && !again && !record.trashed {
        work.unchanged += 1;
        return Ok(());
    }
    let print = work.mapping.print_of(side, &record.fields);
    let revision = work.mapping.revision();
    let stands_for_good = known.skip.as_ref().is_some_and(Skip::is_final);
    let same = |skip: &Skip| skip.print == print && skip.revision == revision;
    let stands = stands_for_good || (work.all.is_none() && known.skip.as_ref().is_some_and(same));
    if !again && known.parked.as_ref().is_some_and(|p| sleeps(context, work, print, p)) {
        return Ok(());
    }
    if let Some(link) = &known.link {
        if known.skip.as_ref().and_then(Skip::verdict) == Some(Verdict::Never) {
            return Ok(());
        }
        if record.trashed {
            return push_linked(work, link, Staged::gone(side, record.id, link));
        }
        let unchanged = link.prints[at(side)] == print && link.revision == revision;
        if !again && (stands || (unchanged && known.skip.is_none())) {
            work.unchanged += u64::from(!stands);
            return Ok(());
        }
        let older = link.revision != revision && !work.lists_all[at(side.other())];
        if again || known.skip.is_some() || known.other_waits || older {
            // One of them waited, or the link remembers other fields than the mapping has: the
            // cursor has passed what only the record on the other side itself can tell.
            work.partners[at(side.other())].push(link.id_on(side.other()).to_owned());
        }
        return push_linked(work, link, Staged::linked(side, record, link));
    }
    if record.trashed {
        return Ok(());
    }
    if stands_for_good || (!again && stands) {
        return Ok(());
    }
    let age = record.modified.or(record.created);
    let outside =
        matches!((context.connector.sync_from.from, age), (Some(from), Some(age)) if age < from);
    if outside && !again {
        return Ok(());
    }
    let key = work.mapping.match_key(side, &record.fields);
    let key = fresh_key(key.as_deref(), side, &record.id);
    // Its key may change while it is listed: it is then staged under both, and the later one counts.
    let place = [&[at(side) as u8][..], id_key(&record.id).as_bytes(), b"\0", &key].concat();
    work.fresh_keys.push(&place, &work.fresh.pushed())?;
    work.fresh.push(&key, &Staged::fresh(side, record))?;
    Ok(())
}

/// Whether a record of the queue, shown by a listing once more, is left alone: its time has not
/// come, and nobody has edited it since it waits.
fn sleeps(context: &Context, work: &ModuleWork, print: u128, parked: &Parked) -> bool {
    let same = parked.print == Some(print) && parked.revision == work.mapping.revision();
    !context.manual && work.all.is_none() && same && parked.next_try > Stamp::now()
}

/// Compares stamps only, and fetches the records whose stamp is not the known one.
async fn take_narrow(
    context: &Context,
    work: &mut ModuleWork,
    side: Side,
    records: Vec<Record>,
    listing: &mut Listing,
) -> Step<()> {
    let known = known(context, work, side, &records).await?;
    let revision = work.mapping.revision();
    for (record, known) in records.into_iter().zip(known) {
        let stamp = known.link.as_ref().and_then(|link| link.stamps[at(side)]);
        let current = known.link.as_ref().is_some_and(|link| link.revision == revision);
        if current && stamp.is_some() && stamp == record.modified {
            work.unchanged += 1;
        } else {
            listing.changed.push(record.id);
        }
    }
    if listing.changed.len() < CHUNK {
        return Ok(());
    }
    let changed = std::mem::take(&mut listing.changed);
    fetch_and_take(context, work, side, &changed).await
}

async fn fetch_and_take(
    context: &Context,
    work: &mut ModuleWork,
    side: Side,
    ids: &[String],
) -> Step<()> {
    for chunk in ids.chunks(CHUNK) {
        let entity = work.entity[at(side)].clone();
        let fields = work.paths(side);
        let records = context.remote(side).fetch(&entity, chunk, &fields).await?;
        take(context, work, side, records).await?;
    }
    Ok(())
}

fn push_linked(work: &mut ModuleWork, link: &LinkHead, staged: Staged) -> Step<()> {
    let mut key = id_key(&link.vtiger_id).into_bytes();
    key.extend([0, at(staged.side) as u8]);
    Ok(work.linked.push(&key, &staged)?)
}

/// Sorts unlinked records by match key, then side, then id; those without a key come last.
fn fresh_key(key: Option<&str>, side: Side, id: &str) -> Vec<u8> {
    let mut bytes = match key {
        Some(key) => [b"k", key.as_bytes()].concat(),
        None => [b"z", id_key(id).as_bytes()].concat(),
    };
    bytes.extend([0, at(side) as u8]);
    bytes.extend(id_key(id).as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Record;

    #[test]
    fn many_links_are_looked_for_at_the_interval_only() {
        let day = Duration::from_secs(86_400);
        let few = safeguards::few_links();
        let now = Stamp(1_795_000_000_000);
        let last = |ago: u64| Cursor {
            last_complete: Some(now.minus(Duration::from_secs(ago))),
            ..Cursor::default()
        };
        for (cursor, links, due) in [
            (last(86_399), few + 1, false),
            (last(86_400), few + 1, true),
            (last(60), few, true),
            (Cursor::default(), 1_000_000, true),
        ] {
            assert_eq!(is_due(&cursor, now, day, links), due, "{cursor:?} {links}");
        }
    }

    fn page(ids: &[&str], total: Option<u64>) -> Page {
        let record = |id: &&str| Record { id: (*id).to_owned(), ..Record::default() };
        let records = ids.iter().map(record).collect();
        Page { records, next: Next::End, total, mark: None, server_time: None }
    }

    #[test]
    fn a_listing_that_shrinks_meanwhile_proves_nothing() {
        let mut listing = Listing::of(None);
        listing.note(&page(&["1", "2"], Some(4))).unwrap();
        assert!(listing.consistent);
        // One of the first page was deleted; the third slipped onto it, unseen.
        listing.note(&page(&["4"], Some(3))).unwrap();
        assert!(!listing.consistent);
        let mut grows = Listing::of(None);
        grows.note(&page(&["1"], Some(1))).unwrap();
        grows.note(&page(&["2"], Some(2))).unwrap();
        assert!(grows.consistent, "new records land behind");
        assert!(grows.repeats(&page(&["2"], Some(2))), "the same page twice");
    }
}

//! Listings: pages in order, each compared at once, and what they prove together.

use super::CHUNK;
use super::stage::{is_outside, take};
use crate::engine::context::{Context, Step, Stop};
use crate::engine::fresh::{fresh_key, group_of};
use crate::engine::module::{ModuleWork, at};
use crate::model::{Record, Side, Skip, Stamp, UserError, id_key};
use crate::remote::{Next, Page, PageAt, PageRequest, Remote, Scope};
use crate::store::scratch::Scratch;
use crate::store::{Reader, StoreResult};
use futures::StreamExt;
use std::collections::HashSet;
use xxhash_rust::xxh3::Xxh3;

/// How often a page is asked for again that was sent in the place of another one.
const REPEATED: usize = 3;
/// So many records of a narrow listing are compared at once: each time costs a look at the file of the
/// store.
const COMPARED: usize = 500;

/// What a listing has shown so far.
pub struct Listing {
    pub(super) mark: Option<String>,
    records: u64,
    pub(super) consistent: bool,
    first_total: Option<u64>,
    /// Ids seen, for absence; kept only when somebody will ask.
    pub seen: Option<Scratch<()>>,
    pub(super) ids_only: bool,
    /// Fingerprints of the pages of this listing.
    pages: HashSet<u64>,
    /// Records of a narrow listing that are to be compared.
    shown: Vec<Record>,
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
            shown: Vec::new(),
            changed: Vec::new(),
        }
    }

    /// How many records it has shown.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// A second listing, of ids only: its pages and totals have nothing to do with the first one's.
    pub(super) fn start_over_with_ids(&mut self) {
        self.ids_only = true;
        self.first_total = None;
        self.pages.clear();
    }

    /// Whether a page is another one than those before, as was asked for. Remembers it.
    fn is_other(&mut self, page: &Page) -> bool {
        self.pages.insert(page_print(page)) || page.records.is_empty()
    }

    /// Takes note of a page.
    fn note(&mut self, page: &Page) -> Step<()> {
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
    let mut print = Xxh3::new();
    for record in &page.records {
        let stamp = record.modified.map_or(i64::MIN, |stamp| stamp.0);
        print.update(&(record.id.len() as u64).to_le_bytes());
        print.update(record.id.as_bytes());
        print.update(&stamp.to_le_bytes());
    }
    print.digest()
}

pub async fn run_listing(
    context: &Context,
    work: &mut ModuleWork,
    side: Side,
    scope: Scope,
    listing: &mut Listing,
) -> Step<()> {
    take_pages(context, work, side, scope, listing).await?;
    compare_shown(context, work, side, listing).await?;
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
    let fields = match narrow {
        false => work.paths(side),
        true if work.writes(side.other()) => [].into(),
        // Of records that have nowhere to go, the keys tell whether they are looked for.
        true => work.mapping.key_paths(side).into(),
    };
    let mut request =
        PageRequest { entity: work.entity[at(side)].clone(), fields, scope, at: PageAt::First };
    let remote = context.remotes[at(side)].clone();
    let mut page = remote.page_begun(&request).await?;
    if let Some(time) = page.server_time {
        work.skew[at(side)] = time.0 - Stamp::now().0;
    }
    if let Next::Numbered { pages } = page.next {
        page = other_page(remote.as_ref(), &request, page, listing).await?;
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
    listing: &mut Listing,
) -> Step<Page> {
    for _ in 0..REPEATED {
        if listing.is_other(&page) {
            return Ok(page);
        }
        page = remote.page_begun(request).await?;
    }
    if listing.is_other(&page) {
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
    if !narrow {
        return take(context, work, side, page.records).await;
    }
    listing.shown.extend(page.records);
    if listing.shown.len() < COMPARED {
        return Ok(());
    }
    compare_shown(context, work, side, listing).await
}

/// Compares the stamps of what a narrow listing has shown, and fetches the records whose stamp is not
/// the known one.
async fn compare_shown(
    context: &Context,
    work: &mut ModuleWork,
    side: Side,
    listing: &mut Listing,
) -> Step<()> {
    if listing.shown.is_empty() {
        return Ok(());
    }
    let (connector, module, revision) = (context.id(), work.module, work.mapping.revision());
    let compare = |r: &Reader| {
        let ids = listing.shown.iter().map(|record| record.id.as_str());
        let marks = r.link_marks(connector, module, side, ids)?;
        let skips = r.skip_count(connector, module)? > 0;
        for (record, mark) in listing.shown.drain(..).zip(marks) {
            let current = mark.filter(|mark| mark.revision == revision && mark.stamp.is_some());
            if current.is_some_and(|mark| mark.stamp == record.modified) {
                work.unchanged += 1;
                continue;
            }
            if mark.is_none() && (is_outside(context, &record) || pass_over(work, side, &record)?) {
                continue;
            }
            let skip = if skips { r.skip(connector, module, side, &record.id)? } else { None };
            if !skip.is_some_and(|skip| stands(&skip, record.modified, revision)) {
                listing.changed.push(record.id);
            }
        }
        Ok(())
    };
    context.read(compare).await?;
    if listing.changed.len() < CHUNK {
        return Ok(());
    }
    let changed = std::mem::take(&mut listing.changed);
    fetch_and_take(context, work, side, &changed).await
}

/// Passes over a record without a link that has nowhere to go: it is read only if a record on the
/// other side turns up with its key. `false`: it has somewhere to go, or shows no key.
fn pass_over(work: &mut ModuleWork, side: Side, record: &Record) -> StoreResult<bool> {
    if work.writes(side.other()) {
        return Ok(false);
    }
    let Some(key) = work.mapping.match_key(side, &record.fields) else { return Ok(false) };
    let key = fresh_key(Some(&key), side, &record.id);
    work.passed_over.push(&key, &(side, record.id.clone()))?;
    Ok(true)
}

/// Reads the records that were passed over and have the key of one that was staged.
///
/// # Errors
/// They cannot be read, or the store cannot be used.
pub async fn stage_passed_over(context: &Context, work: &mut ModuleWork) -> Step<()> {
    if work.passed_over.pushed() == 0 {
        return Ok(());
    }
    let mut fresh = work.fresh.entries()?.peekable();
    let mut wanted = [Vec::new(), Vec::new()];
    for entry in work.passed_over.iter()? {
        let (key, (side, id)) = entry?;
        let group = group_of(&key);
        while matches!(fresh.peek(), Some(Ok(staged)) if group_of(staged.key()) < group) {
            fresh.next();
        }
        match fresh.peek() {
            Some(Ok(staged)) if group_of(staged.key()) == group => {}
            Some(Err(error)) => return Err(error.clone().into()),
            _ => continue,
        }
        wanted[at(side)].push(id);
        if wanted[at(side)].len() == CHUNK {
            fetch_and_take(context, work, side, &std::mem::take(&mut wanted[at(side)])).await?;
        }
    }
    for side in Side::BOTH {
        fetch_and_take(context, work, side, &wanted[at(side)]).await?;
    }
    Ok(())
}

/// Whether a skip stands for a record that has this stamp, whatever else the record holds.
fn stands(skip: &Skip, stamp: Option<Stamp>, revision: u64) -> bool {
    let same = skip.stamp.is_some() && skip.stamp == stamp && skip.revision == revision;
    skip.is_final() || same
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

#[cfg(test)]
mod tests {
    use super::*;

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
    }

    #[test]
    fn a_page_that_comes_again_is_no_other_one() {
        let mut listing = Listing::of(None);
        assert!(listing.is_other(&page(&["1"], None)));
        assert!(listing.is_other(&page(&["2"], None)));
        assert!(!listing.is_other(&page(&["1"], None)));
        assert!(listing.is_other(&page(&[], None)) && listing.is_other(&page(&[], None)));
        listing.start_over_with_ids();
        assert!(listing.is_other(&page(&["1"], None)));
    }
}

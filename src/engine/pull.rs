//! Pulling: reads what changed on one side, compares each record with its link at once, and stages
//! those that have to be looked at.

mod listing;
mod stage;

pub use listing::{Listing, run_listing, stage_passed_over};
pub use stage::{known, stage, take};

use super::context::{Context, Step};
use super::module::{ModuleWork, at};
use super::recheck::{stage_absent, stage_trashed, stage_waiting};
use super::safeguards;
use crate::model::{Cursor, Side, Stamp};
use crate::remote::{ChangeFeed, Scope, Since};
use std::time::Duration;

/// How many ids are looked up or fetched at once.
pub const CHUNK: usize = 100;

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
    let mut scope = scope_now(context, work, side, &cursor, begun);
    let from_now = context.remote(side).deletions_from_now().filter(|_| deletions);
    // A complete listing shows what is gone: what was deleted need not be told beside it, if that can
    // begin anew afterwards.
    let anew = from_now.is_some();
    let mut due = full_due(context, work, side, &cursor, begun) || (anew && is_complete(&scope));
    let mut told = None;
    if deletions && !(anew && due) {
        let listing = stage_trashed(context, work, side, &cursor).await?;
        // A mass of deletions is believed only with a complete listing beside it.
        if listing.records() > 0 && listing.records().saturating_mul(2) >= work.links {
            due = true;
            if work.capabilities[at(side)].silent {
                scope = Scope::All;
            }
        }
        told = listing.mark.filter(|_| listing.consistent);
    }
    let complete_scope = is_complete(&scope);
    let mut listing = Listing::new(context, due && work.links > 0);
    run_listing(context, work, side, scope, &mut listing).await?;
    if due && work.links > 0 && !complete_scope {
        // The changes do not show what is gone: list all ids too.
        listing.start_over_with_ids();
        run_listing(context, work, side, Scope::Narrow, &mut listing).await?;
    }
    let complete = (complete_scope || listing.ids_only) && listing.consistent;
    work.all_keys[at(side)] = complete_scope && complete;
    work.empty[at(side)] = complete && listing.records() == 0 && work.links > 0;
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
    let from_now = from_now.filter(|_| (due && complete) || work.links == 0);
    next.deletions = told.or(from_now).or(next.deletions);
    if complete {
        next.last_complete = Some(begun);
    }
    work.cursors[at(side)] = Some(next);
    Ok(())
}

fn is_complete(scope: &Scope) -> bool {
    matches!(scope, Scope::All | Scope::Narrow)
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

#[cfg(test)]
mod tests {
    use super::*;

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
}

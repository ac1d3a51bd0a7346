//! What a person decided of records, as a run honours it: left out, created new, or dropped from the
//! queue until something changes.

use super::context::{Context, Step};
use super::module::{ModuleWork, at};
use super::units::SideNow;
use crate::model::{Candidate, Link, Record, Side, Skip, Stamp, Verdict};
use std::collections::HashMap;
use std::time::Duration;

/// The decisions about records of both sides, by id.
pub type Verdicts = [HashMap<String, Verdict>; 2];

/// The decisions about these records.
///
/// # Errors
/// The store cannot be read.
pub async fn verdicts(
    context: &Context,
    work: &ModuleWork,
    ids: [Vec<String>; 2],
) -> Step<Verdicts> {
    let (connector, module) = (context.id(), work.module);
    if ids.iter().all(Vec::is_empty) {
        return Ok(Verdicts::default());
    }
    context
        .read(move |r| {
            let mut verdicts = Verdicts::default();
            if r.skip_count(connector, module)? == 0 {
                return Ok(verdicts);
            }
            for (side, ids) in Side::BOTH.into_iter().zip(ids) {
                for id in ids {
                    let skip = r.skip(connector, module, side, &id)?;
                    if let Some(verdict) = skip.and_then(|skip| skip.verdict()) {
                        verdicts[at(side)].insert(id, verdict);
                    }
                }
            }
            Ok(verdicts)
        })
        .await
}

/// Whether a person left a record out.
///
/// # Errors
/// As [`verdicts`].
pub async fn is_left_out(context: &Context, work: &ModuleWork, side: Side, id: &str) -> Step<bool> {
    let mut ids = [Vec::new(), Vec::new()];
    ids[at(side)].push(id.to_owned());
    let verdicts = verdicts(context, work, ids).await?;
    Ok(verdicts[at(side)].get(id) == Some(&Verdict::Never))
}

/// A create that was sent, whose answer was lost, and which nobody can look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostCreate {
    /// The side of its source.
    side: Side,
    /// When it was sent, on our clock.
    sent: Stamp,
    source: Candidate,
}

/// How much later than it says a record may have been made.
const LATE: Duration = Duration::from_secs(10);

/// The lost creates that a new record without a key may have come from.
///
/// # Errors
/// The store cannot be read.
pub async fn may_come_from(
    context: &Context,
    work: &ModuleWork,
    side: Side,
    record: &Record,
) -> Step<Vec<Candidate>> {
    if work.mapping.match_key(side, &record.fields).is_some() {
        return Ok(Vec::new());
    }
    if work.lost.get().is_none() {
        let _ = work.lost.set(lost_creates(context, work).await?);
    }
    let made = record.created.map(|made| Stamp(made.0 - work.skew[at(side)]).plus(LATE));
    let since = |lost: &&LostCreate| made.is_none_or(|made| made >= lost.sent);
    let lost = work.lost.get().into_iter().flatten().filter(|lost| lost.side != side);
    Ok(lost.filter(since).map(|lost| lost.source.clone()).collect())
}

async fn lost_creates(context: &Context, work: &ModuleWork) -> Step<Vec<LostCreate>> {
    const PAGE: usize = 1_000;
    let (connector, module) = (context.id(), work.module);
    context
        .read(move |r| {
            let mut lost = Vec::new();
            let mut after: Option<(Side, String)> = None;
            loop {
                let at = after.as_ref().map(|(side, id)| (*side, id.as_str()));
                let skips = r.skips_after(connector, module, at, PAGE)?;
                after = skips.last().map(|skip| (skip.side, skip.id.clone()));
                let full = skips.len() == PAGE;
                lost.extend(skips.into_iter().filter_map(|skip| {
                    let sent = skip.decided.filter(|d| d.verdict == Verdict::Lost)?.at;
                    let source = Candidate { id: skip.id, name: skip.name };
                    Some(LostCreate { side: skip.side, sent, source })
                }));
                if !full {
                    return Ok(lost);
                }
            }
        })
        .await
}

/// Whether a linked pair rests: a person left one of its records out, or dropped what was to be
/// done after the other one was deleted, and the record is still as it was then.
pub fn rests(
    work: &ModuleWork,
    link: &Link,
    now: &[SideNow; 2],
    skips: &[Option<Skip>; 2],
) -> bool {
    Side::BOTH.into_iter().any(|side| {
        let Some(skip) = &skips[at(side)] else { return false };
        match skip.verdict() {
            Some(Verdict::Never) => true,
            Some(Verdict::Dropped) if now[at(side.other())] == SideNow::Gone => {
                let print = match &now[at(side)] {
                    SideNow::Present(record) => work.mapping.print_of(side, &record.fields),
                    SideNow::AsLinked if side == Side::Vtiger => link.vtiger_print,
                    SideNow::AsLinked => link.service_print,
                    SideNow::Gone | SideNow::Missing => return false,
                };
                skip.print == print && skip.revision == work.mapping.revision()
            }
            _ => false,
        }
    })
}

/// The record as one of those that may be meant.
pub fn candidate(work: &ModuleWork, side: Side, record: &Record) -> Candidate {
    Candidate { id: record.id.clone(), name: work.name_of(side, record) }
}

//! The units of work of a module in a fixed order: linked pairs by Vtiger id, then unlinked records
//! by match key. The same staged records give the same units, however often they are read.

use super::context::{Context, Step};
use super::decisions::{Verdicts, candidate, rests, verdicts};
use super::fresh::{group_of, side_of};
use super::matching::{Match, match_group};
use super::module::{ModuleWork, at};
use super::plan::could_travel;
use super::reconcile::Seen;
use super::remember::id_of;
use super::staged::Staged;
use crate::mapping::Projection;
use crate::model::{Candidate, Link, Reason, ReasonCode, Record, Side, Verdict};
use crate::store::scratch::{ScratchEntries, ScratchEntry};
use std::collections::HashSet;
use std::iter::Peekable;
use std::sync::Arc;

/// What a unit knows of one side of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SideNow {
    /// Not read: as the link remembers it.
    AsLinked,
    /// Read.
    Present(Record),
    /// Gone.
    Gone,
    /// Asked for by its id and not found, although no listing has shown that it is gone.
    Missing,
}

impl SideNow {
    /// The record, if it was read and is there.
    pub fn record(&self) -> Option<&Record> {
        match self {
            Self::Present(record) => Some(record),
            Self::AsLinked | Self::Gone | Self::Missing => None,
        }
    }
}

/// A unit of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unit {
    /// A linked pair of which something changed.
    Linked {
        /// The link.
        link: Box<Link>,
        /// What both sides hold.
        now: Box<[SideNow; 2]>,
    },
    /// Unlinked records.
    Match(Box<Match>),
}

/// Reads the units of a module.
pub struct Units {
    linked: Peekable<ScratchEntries<Staged>>,
    fresh: Peekable<ScratchEntries<Staged>>,
    /// Keys under which records were staged before theirs changed.
    stale: Arc<HashSet<Vec<u8>>>,
    /// Records wait in the queue: one that has nowhere to go may be among them, and is to leave it.
    queued: bool,
    /// Records that were passed over.
    passed: u64,
}

impl Units {
    /// From the beginning.
    ///
    /// # Errors
    /// The scratch files or the store cannot be read.
    pub async fn new(context: &Context, work: &mut ModuleWork) -> Step<Self> {
        let (connector, module) = (context.id(), work.module);
        let queued = context.read(move |r| r.parked_count_of(connector, module)).await?;
        Ok(Self {
            stale: work.fresh.stale()?,
            linked: work.linked.entries()?.peekable(),
            fresh: work.fresh.entries()?.peekable(),
            queued: queued > 0,
            passed: 0,
        })
    }

    /// How many records were passed over since this was asked last, because they have nowhere to
    /// go.
    pub fn passed(&mut self) -> u64 {
        std::mem::take(&mut self.passed)
    }

    /// The next units, about so many; none at the end.
    ///
    /// # Errors
    /// The scratch files or the store cannot be read, or the run was cancelled.
    pub async fn next(
        &mut self,
        context: &Context,
        work: &ModuleWork,
        count: usize,
    ) -> Step<Vec<Unit>> {
        let units = self.next_linked(context, work, count).await?;
        if units.is_empty() { self.next_fresh(context, work, count).await } else { Ok(units) }
    }

    /// The next linked pairs of which something changed; none at the end of them.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub async fn next_linked(
        &mut self,
        context: &Context,
        work: &ModuleWork,
        count: usize,
    ) -> Step<Vec<Unit>> {
        // Of many in a row nothing may be left to do: that is not the end.
        while self.linked.peek().is_some() {
            context.go_on()?;
            let units = self.some_linked(context, work, count).await?;
            if !units.is_empty() {
                return Ok(units);
            }
        }
        Ok(Vec::new())
    }

    async fn some_linked(
        &mut self,
        context: &Context,
        work: &ModuleWork,
        count: usize,
    ) -> Step<Vec<Unit>> {
        let mut groups: Vec<(String, [Option<Staged>; 2])> = Vec::new();
        while groups.len() < count {
            let mut both = [None, None];
            let mut id = String::new();
            for entry in next_key(&mut self.linked)? {
                let staged = entry.value()?;
                id.clone_from(&staged.link);
                let side = at(staged.side);
                both[side] = Some(staged);
            }
            if both == [None, None] {
                break;
            }
            groups.push((id, both));
        }
        let (connector, module) = (context.id(), work.module);
        let ids: Vec<String> = groups.iter().map(|(id, _)| id.clone()).collect();
        let links = context
            .read(move |r| {
                let skip = |side, id: &str| r.skip(connector, module, side, id);
                let known = |id: &String| {
                    let Some(link) = r.link_by_vtiger(connector, module, id)? else {
                        return Ok(None);
                    };
                    let skips = [
                        skip(Side::Vtiger, &link.vtiger_id)?,
                        skip(Side::Service, &link.service_id)?,
                    ];
                    Ok(Some((link, skips)))
                };
                ids.iter().map(known).collect::<Result<Vec<_>, _>>()
            })
            .await?;
        let mut units = Vec::new();
        for ((_, both), known) in groups.into_iter().zip(links) {
            let Some((link, skips)) = known else { continue };
            let [vtiger, service] = both;
            let now = [
                now_of(work, &link, Side::Vtiger, vtiger)?,
                now_of(work, &link, Side::Service, service)?,
            ];
            // The record has another counterpart by now: what was staged says nothing of it.
            let moot = now.iter().all(|side| *side == SideNow::AsLinked);
            if !moot && !rests(work, &link, &now, &skips) {
                units.push(Unit::Linked { link: Box::new(link), now: Box::new(now) });
            }
        }
        Ok(units)
    }

    async fn next_fresh(
        &mut self,
        context: &Context,
        work: &ModuleWork,
        count: usize,
    ) -> Step<Vec<Unit>> {
        let mut units = Vec::new();
        while units.len() < count && self.fresh.peek().is_some() {
            context.go_on()?;
            // Of many in a row nothing may become: whoever calls the run off is heard all the same.
            tokio::task::yield_now().await;
            let groups = self.next_groups(work, count - units.len())?;
            let ids = |side: Side| {
                let records = groups.iter().flat_map(|group| &group.sides[at(side)]);
                records.map(|record| record.id.clone()).collect()
            };
            let decided = verdicts(context, work, Side::BOTH.map(ids)).await?;
            for group in groups {
                units.extend(group.matches(work, &decided).map(|m| Unit::Match(Box::new(m))));
            }
        }
        Ok(units)
    }

    /// The next unlinked records that share a key, up to so many groups of them.
    fn next_groups(&mut self, work: &ModuleWork, count: usize) -> Step<Vec<Group>> {
        let mut groups = Vec::new();
        for _ in 0..count {
            let mut entries = next_key(&mut self.fresh)?;
            entries.retain(|entry| !self.stale.contains(entry.key()));
            let Some(first) = entries.first() else { continue };
            if !self.queued && goes_nowhere(work, &entries) {
                self.passed += entries.len() as u64;
                continue;
            }
            let key = std::str::from_utf8(group_of(first.key())).ok();
            let key = key.and_then(|text| text.strip_prefix('k')).map(str::to_owned);
            let mut sides: [Vec<Record>; 2] = [Vec::new(), Vec::new()];
            for entry in entries {
                let staged = entry.value()?;
                sides[at(staged.side)].extend(work.staging.record(staged)?);
            }
            groups.push(Group { key, sides });
        }
        Ok(groups)
    }
}

/// What was staged under the next key, of both sides; nothing at the end.
fn next_key(entries: &mut Peekable<ScratchEntries<Staged>>) -> Step<Vec<ScratchEntry<Staged>>> {
    let Some(first) = entries.next() else { return Ok(Vec::new()) };
    let mut same = vec![first?];
    while let Some(Ok(next)) = entries.peek()
        && group_of(next.key()) == group_of(same[0].key())
        && let Some(next) = entries.next()
    {
        same.push(next?);
    }
    Ok(same)
}

/// Whether records with one key are all on a side from which nothing travels: with none on the
/// other side, nothing becomes of them, whatever they hold.
fn goes_nowhere(work: &ModuleWork, entries: &[ScratchEntry<Staged>]) -> bool {
    let is_on = |side: Side| entries.iter().all(|entry| side_of(entry.key()) == Some(side));
    Side::BOTH.into_iter().any(|side| !work.writes(side.other()) && is_on(side))
}

/// Unlinked records that share a key.
struct Group {
    key: Option<String>,
    sides: [Vec<Record>; 2],
}

impl Group {
    /// What is to become of them. What a person decided comes first: one that is left out takes no
    /// part, and one that is to be created new is. The others are matched as if it were still open,
    /// and again by the next run, when it is linked.
    fn matches(self, work: &ModuleWork, decided: &Verdicts) -> impl Iterator<Item = Match> + use<> {
        let verdict = |side: Side, record: &Record| decided[at(side)].get(&record.id).copied();
        let mut sides = self.sides;
        let mut alone = [HashSet::new(), HashSet::new()];
        for side in Side::BOTH {
            let records = &mut sides[at(side)];
            records.retain(|record| verdict(side, record) != Some(Verdict::Never));
            let new = records.iter().filter(|r| verdict(side, r) == Some(Verdict::CreateNew));
            alone[at(side)] = new.map(|record| record.id.clone()).collect();
        }
        // Of several that only one side has, it is the first one that can travel which does: the
        // others would take its place one after the other.
        for side in Side::BOTH {
            if sides[at(side.other())].is_empty() && sides[at(side)].len() > 1 {
                sides[at(side)].sort_by_cached_key(|record| !could_travel(work, side, record));
            }
        }
        let decides = alone.iter().any(|ids| !ids.is_empty());
        let lengths = [sides[0].len(), sides[1].len()];
        let asks = lengths[0].min(lengths[1]) > 0 && (decides || lengths != [1, 1]);
        let candidates = Side::BOTH.map(|side| -> Vec<Candidate> {
            let first = sides[at(side)].iter().take(if asks { Reason::CANDIDATES } else { 0 });
            first.map(|record| candidate(work, side, record)).collect()
        });
        let [vtiger, service] = sides;
        let writes = Side::BOTH.map(|side| work.writes(side));
        let found = match_group(self.key.as_deref(), vtiger, service, |side| writes[at(side)]);
        let found = found.into_iter().flat_map(move |found| {
            if decides { set_apart(found, &alone, writes) } else { vec![found] }
        });
        found.map(move |found| match found {
            Match::Skip { side, record, reason } if reason.code == ReasonCode::AmbiguousMatch => {
                let there = at(side.other());
                let reason = reason.with_candidates(&candidates[there], lengths[there]);
                Match::Skip { side, record, reason }
            }
            found => found,
        })
    }
}

/// Takes those records out of a match that a person wants created new.
fn set_apart(found: Match, alone: &[HashSet<String>; 2], writes: [bool; 2]) -> Vec<Match> {
    let is_alone = |side: Side, record: &Record| alone[at(side)].contains(&record.id);
    match found {
        Match::Skip { side, record, .. } | Match::New { side, record }
            if is_alone(side, &record) =>
        {
            vec![Match::New { side, record }]
        }
        Match::Pair { vtiger, service } => {
            let [v, s] = [is_alone(Side::Vtiger, &vtiger), is_alone(Side::Service, &service)];
            if !v && !s {
                return vec![Match::Pair { vtiger, service }];
            }
            let each = [(Side::Vtiger, vtiger, v), (Side::Service, service, s)];
            let travels = each.into_iter().filter(|(side, ..)| writes[at(side.other())]);
            let one = |(side, record, alone)| match alone {
                true => Match::New { side, record },
                false => Match::Skip { side, record, reason: waits_for_decision() },
            };
            travels.map(one).collect()
        }
        found => vec![found],
    }
}

fn waits_for_decision() -> Reason {
    let detail = "A person decided that the one on the other side is another record.";
    Reason::new(ReasonCode::AmbiguousMatch, "", detail)
}

/// What was staged of one side of a link. The link may be younger than that: when a record was
/// created again because an edit beats a delete, the deleted one is none of its business.
fn now_of(work: &ModuleWork, link: &Link, side: Side, staged: Option<Staged>) -> Step<SideNow> {
    Ok(match staged {
        Some(staged) if staged.id == id_of(link, side) => {
            work.staging.record(staged)?.map_or(SideNow::Gone, SideNow::Present)
        }
        _ => SideNow::AsLinked,
    })
}

/// What reconciling sees of a side.
pub fn seen<'a>(
    work: &ModuleWork,
    side: Side,
    now: &SideNow,
    values: Option<&'a Projection>,
) -> Seen<'a> {
    match (now, values) {
        (SideNow::Gone, _) => Seen::Gone,
        (SideNow::Present(record), Some(values)) => {
            Seen::Present { values, stamp: work.our_stamp(side, record) }
        }
        _ => Seen::AsLinked,
    }
}

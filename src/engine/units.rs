//! The units of work of a module in a fixed order: linked pairs by Vtiger id, then unlinked records
//! by match key. The same staged records give the same units, however often they are read.

use super::context::{Context, Step};
use super::matching::{Match, match_group};
use super::module::{ModuleWork, Staged, at};
use super::reconcile::Seen;
use crate::mapping::Projection;
use crate::model::{Link, Record, Side};
use crate::store::scratch::ScratchIter;
use std::collections::HashSet;
use std::iter::Peekable;

/// What a unit knows of one side of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SideNow {
    /// Not read: as the link remembers it.
    AsLinked,
    /// Read.
    Present(Record),
    /// Gone.
    Gone,
}

impl SideNow {
    /// The record, if it was read and is there.
    pub fn record(&self) -> Option<&Record> {
        match self {
            Self::Present(record) => Some(record),
            Self::AsLinked | Self::Gone => None,
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
    linked: Peekable<ScratchIter<Staged>>,
    fresh: Peekable<ScratchIter<Staged>>,
    /// Keys under which records were staged before theirs changed.
    stale: HashSet<Vec<u8>>,
}

impl Units {
    /// From the beginning.
    ///
    /// # Errors
    /// The scratch files cannot be read.
    pub fn new(work: &mut ModuleWork) -> Step<Self> {
        Ok(Self {
            stale: stale_keys(work)?,
            linked: work.linked.iter()?.peekable(),
            fresh: work.fresh.iter()?.peekable(),
        })
    }

    /// The next units, about so many; none at the end.
    ///
    /// # Errors
    /// The scratch files or the store cannot be read.
    pub async fn next(
        &mut self,
        context: &Context,
        work: &ModuleWork,
        count: usize,
    ) -> Step<Vec<Unit>> {
        let units = self.next_linked(context, work, count).await?;
        if units.is_empty() { self.next_fresh(work, count) } else { Ok(units) }
    }

    async fn next_linked(
        &mut self,
        context: &Context,
        work: &ModuleWork,
        count: usize,
    ) -> Step<Vec<Unit>> {
        let mut groups: Vec<(String, [SideNow; 2])> = Vec::new();
        while let Some(next) = self.linked.peek() {
            let full = groups.len() >= count;
            let same =
                matches!((groups.last(), next), (Some((id, _)), Ok((_, s))) if *id == s.link);
            if full && !same {
                break;
            }
            let Some(next) = self.linked.next() else { break };
            let (_, staged) = next?;
            if !same {
                groups.push((staged.link, [SideNow::AsLinked, SideNow::AsLinked]));
            }
            if let Some((_, now)) = groups.last_mut() {
                now[at(staged.side)] = staged.record.map_or(SideNow::Gone, SideNow::Present);
            }
        }
        let (connector, module) = (context.id(), work.module);
        let ids: Vec<String> = groups.iter().map(|(id, _)| id.clone()).collect();
        let links = context
            .read(move |r| {
                ids.iter()
                    .map(|id| r.link_by_vtiger(connector, module, id))
                    .collect::<Result<Vec<_>, _>>()
            })
            .await?;
        let with_links = groups.into_iter().zip(links);
        Ok(with_links
            .filter_map(|((_, now), link)| {
                Some(Unit::Linked { link: Box::new(link?), now: Box::new(now) })
            })
            .collect())
    }

    fn next_fresh(&mut self, work: &ModuleWork, count: usize) -> Step<Vec<Unit>> {
        let mut units = Vec::new();
        while units.len() < count {
            let Some(first) = self.fresh.next() else { break };
            let (key, staged) = first?;
            if self.stale.contains(&key) {
                continue;
            }
            let group = group_of(&key).to_vec();
            let mut sides: [Vec<Record>; 2] = [Vec::new(), Vec::new()];
            sides[at(staged.side)].extend(staged.record);
            while let Some(Ok((next, _))) = self.fresh.peek()
                && group_of(next) == group
            {
                let Some(next) = self.fresh.next() else { break };
                let (key, staged) = next?;
                if self.stale.contains(&key) {
                    continue;
                }
                sides[at(staged.side)].extend(staged.record);
            }
            let key = std::str::from_utf8(&group).ok().and_then(|text| text.strip_prefix('k'));
            let [vtiger, service] = sides;
            let found = match_group(key, vtiger, service, |side| work.writes(side));
            units.extend(found.into_iter().map(|m| Unit::Match(Box::new(m))));
        }
        Ok(units)
    }
}

/// Keys under which records were staged that have another key by now.
fn stale_keys(work: &mut ModuleWork) -> Step<HashSet<Vec<u8>>> {
    let mut stale = HashSet::new();
    let mut last: Option<(Vec<u8>, Vec<u8>, u64)> = None;
    for entry in work.fresh_keys.iter()? {
        let (place, order) = entry?;
        let end = place.iter().skip(1).position(|b| *b == 0).map_or(place.len(), |at| at + 1);
        let (record, key) = place.split_at(end);
        let key = key.get(1..).unwrap_or_default().to_vec();
        let mut now = (record.to_vec(), key, order);
        if let Some(before) = last.take().filter(|before| before.0 == now.0) {
            let older = if before.2 > now.2 { std::mem::replace(&mut now, before) } else { before };
            stale.insert(older.1);
        }
        last = Some(now);
    }
    Ok(stale)
}

/// The part of a key that the records of a group share: all before the last zero byte.
fn group_of(key: &[u8]) -> &[u8] {
    let end = key.iter().rposition(|b| *b == 0).unwrap_or(key.len());
    // The byte after the zero tells the side (0 or 1): a zero there is not the separator.
    let end = if end > 0 && key[end - 1] == 0 { end - 1 } else { end };
    &key[..end]
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

#[cfg(test)]
mod tests {
    use super::group_of;

    #[test]
    fn the_group_is_what_stands_before_the_side() {
        assert_eq!(group_of(b"kanna@b\0\x005"), b"kanna@b");
        assert_eq!(group_of(b"kanna@b\0\x015"), b"kanna@b");
        assert_eq!(group_of(b"k\0\x01"), b"k");
    }
}

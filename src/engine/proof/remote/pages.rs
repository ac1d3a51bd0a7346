//! What a side lists: page by page as its feed does, and what lies in its trash.

use super::{MemoryRemote, OVERLAP};
use crate::engine::proof::world::{World, at, id_of};
use crate::model::{Record, Stamp};
use crate::remote::{ChangeFeed, Next, Page, PageAt, PageRequest, Scope, Since};

impl MemoryRemote {
    pub(super) fn list(&self, world: &World, request: &PageRequest) -> Page {
        let side = at(self.side);
        let here = &world.sides[side];
        let size = world.setup.page;
        let server_time = Some(Stamp::from_secs(world.stamp(side)));
        if matches!(request.scope, Scope::Trashed(_)) && world.setup.deletions && side == 0 {
            return deleted(world, request, server_time);
        }
        if matches!(request.scope, Scope::Trashed(_)) {
            let ids = here.trash.keys().filter(|_| world.setup.trash);
            let records = ids.filter_map(|n| self.record(world, *n, &request.fields)).collect();
            return Page { records, next: Next::End, total: None, mark: None, server_time };
        }
        if side == 0 || world.setup.feed == ChangeFeed::Filtered {
            return self.keyset(world, request, server_time);
        }
        let number = match request.at {
            PageAt::Number(number) => number,
            _ => 1,
        };
        let ids: Vec<u64> = here.people.keys().copied().collect();
        let pages = (ids.len() as u64).div_ceil(size as u64).max(1);
        let from = (number as usize - 1) * size;
        let page = ids.iter().skip(from).take(size);
        let records = page.filter_map(|n| self.record(world, *n, &request.fields)).collect();
        let total = Some(ids.len() as u64);
        Page { records, next: Next::Numbered { pages }, total, mark: None, server_time }
    }

    /// A listing by (modified, id), or by id.
    fn keyset(&self, world: &World, request: &PageRequest, server_time: Option<Stamp>) -> Page {
        let here = &world.sides[at(self.side)];
        let changed = matches!(request.scope, Scope::Changed(_));
        let from = match &request.scope {
            Scope::Changed(Since::Mark(mark)) => mark.parse::<i64>().unwrap() - OVERLAP,
            Scope::Changed(Since::Instant(from)) => from.0 / 1000,
            _ => i64::MIN,
        };
        let mut rows: Vec<(i64, u64)> = here.people.iter().map(|(n, p)| (p.modified, *n)).collect();
        rows.retain(|(modified, _)| *modified >= from);
        if !changed {
            rows = rows.into_iter().map(|(_, n)| (0, n)).collect();
        }
        rows.sort_unstable();
        let newest = here.people.values().map(|p| p.modified).max().unwrap_or(0);
        let first = request.at == PageAt::First;
        // What changes while the pages are read may change once more in the same second, on a page
        // that was read already: the mark is that of the beginning.
        let mut mark = first.then_some(newest);
        if let PageAt::After(token) = &request.at {
            let mut parts = token.split(' ').map(|part| part.parse().unwrap());
            let [last, n, begun] = [(); 3].map(|()| parts.next().unwrap());
            mark = changed.then_some(begun);
            rows.retain(|row| *row > (last, n as u64));
        }
        rows.truncate(world.setup.page);
        let begun = mark.unwrap_or(0);
        let next = rows.last().map_or(Next::End, |(m, n)| Next::After(format!("{m} {n} {begun}")));
        // Where nothing is shown, the mark stays where it was.
        let mark = mark.filter(|_| !changed || !rows.is_empty()).map(|mark| mark.to_string());
        let records = rows.iter().filter_map(|(_, n)| self.record(world, *n, &request.fields));
        Page { records: records.collect(), next, total: None, mark, server_time }
    }
}

/// What was deleted in Vtiger: page by page of all that happened there, each up to the end of a second.
fn deleted(world: &World, request: &PageRequest, server_time: Option<Stamp>) -> Page {
    let here = &world.sides[0];
    let mark = match &request.scope {
        Scope::Trashed(Some(Since::Mark(mark))) => mark.parse().unwrap(),
        _ => i64::MIN,
    };
    let from = match &request.at {
        PageAt::After(token) => token.parse().unwrap(),
        _ => mark.saturating_sub(OVERLAP),
    };
    let all = here.people.values().chain(here.trash.values());
    let mut seconds: Vec<i64> = all.map(|p| p.modified).filter(|at| *at > from).collect();
    seconds.sort_unstable();
    let latest = seconds.last().copied().unwrap_or(from);
    let end = seconds.get(world.setup.page - 1).copied().unwrap_or(latest);
    let gone = here.trash.iter().filter(|(_, p)| p.modified > from && p.modified <= end);
    let gone = gone.map(|(n, _)| Record::gone(id_of(0, *n)));
    let next = if end < latest { Next::After(end.to_string()) } else { Next::End };
    let mark = Some(mark.max(end).to_string());
    Page { records: gone.collect(), next, total: None, mark, server_time }
}

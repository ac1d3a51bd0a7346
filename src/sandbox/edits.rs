//! One table's edits over the generated records: changed ones, new ones, deleted ones.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use super::patch::Patch;

/// What became of a record.
#[derive(Debug, Clone)]
pub enum Edit {
    /// It was created or changed; the number is its modification stamp.
    Row(Patch, i64),
    /// It was deleted for good.
    Gone,
}

/// The edits of a table.
#[derive(Debug, Default)]
pub struct Edits {
    rows: BTreeMap<u64, Edit>,
    generated: Range<u64>,
    /// Generated records that are gone.
    lost: BTreeSet<u64>,
    /// Created records that are there.
    created: BTreeSet<u64>,
    by_time: BTreeSet<(i64, u64)>,
    by_key: HashMap<(u8, String), Vec<u64>>,
}

impl Edits {
    /// No edits over these generated ids.
    pub fn over(generated: Range<u64>) -> Self {
        Self { generated, ..Self::default() }
    }

    /// The ids that are computed, edited or not.
    pub fn generated(&self) -> Range<u64> {
        self.generated.clone()
    }

    /// The edit of a record, if it has one.
    pub fn get(&self, id: u64) -> Option<&Edit> {
        self.rows.get(&id)
    }

    /// The edited columns of a record.
    pub fn patch(&self, id: u64) -> Option<&Patch> {
        match self.rows.get(&id) {
            Some(Edit::Row(patch, _)) => Some(patch),
            _ => None,
        }
    }

    /// Whether the record is there.
    pub fn exists(&self, id: u64) -> bool {
        match self.rows.get(&id) {
            Some(edit) => matches!(edit, Edit::Row(..)),
            None => self.generated.contains(&id),
        }
    }

    /// How many records there are.
    pub fn len(&self) -> u64 {
        self.generated.end - self.generated.start - self.lost.len() as u64
            + self.created.len() as u64
    }

    /// Keeps a record's new patch. `keys` are the folded values of the key columns it wrote.
    pub fn put(
        &mut self,
        id: u64,
        patch: Patch,
        stamp: i64,
        keys: impl IntoIterator<Item = (u8, String)>,
    ) {
        for key in keys {
            let ids = self.by_key.entry(key).or_default();
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        self.forget_time(id);
        self.by_time.insert((stamp, id));
        if self.generated.contains(&id) {
            self.lost.remove(&id);
        } else {
            self.created.insert(id);
        }
        self.rows.insert(id, Edit::Row(patch, stamp));
    }

    /// Deletes a record for good.
    pub fn remove(&mut self, id: u64) {
        self.forget_time(id);
        if self.generated.contains(&id) {
            self.lost.insert(id);
        } else {
            self.created.remove(&id);
        }
        self.rows.insert(id, Edit::Gone);
    }

    fn forget_time(&mut self, id: u64) {
        if let Some(Edit::Row(_, stamp)) = self.rows.get(&id) {
            self.by_time.remove(&(*stamp, id));
        }
    }

    /// Edited records that once had this key; whoever asks looks whether they still have it.
    pub fn with_key(&self, column: u8, folded: &str) -> &[u64] {
        self.by_key.get(&(column, folded.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// The ids from `from` on, in order.
    pub fn ids_from(&self, from: u64) -> impl DoubleEndedIterator<Item = u64> + '_ {
        let start = from.clamp(self.generated.start, self.generated.end);
        let any_lost = !self.lost.is_empty();
        let generated =
            (start..self.generated.end).filter(move |id| !any_lost || !self.lost.contains(id));
        generated.chain(self.created.range(from..).copied())
    }

    /// The ids from the `offset`-th on, in order, as if the hidden ones were not there.
    pub fn ids_at<'a>(
        &'a self,
        offset: u64,
        hidden: &'a BTreeSet<u64>,
    ) -> impl Iterator<Item = u64> + 'a {
        let range = self.generated.clone();
        let mut lost = self.lost.iter().peekable();
        let mut unseen = hidden.range(range.clone()).peekable();
        let kept = range.end - range.start - self.lost.len() as u64;
        let kept = kept - hidden.range(range.clone()).count() as u64;
        let mut first = range.start + offset.min(kept);
        loop {
            let next = match (lost.peek(), unseen.peek()) {
                (Some(a), Some(b)) if a < b => lost.next(),
                (_, Some(_)) => unseen.next(),
                (_, None) => lost.next(),
            };
            match next {
                Some(gone) if *gone <= first => first += 1,
                _ => break,
            }
        }
        let shown = |id: &u64| !self.lost.contains(id) && !hidden.contains(id);
        let generated = (first.min(range.end)..range.end).filter(shown);
        let later = usize::try_from(offset.saturating_sub(kept)).unwrap_or(usize::MAX);
        let created = self.created.iter().filter(|id| !hidden.contains(id)).copied().skip(later);
        generated.chain(created)
    }

    /// Edited records by modification stamp, from `from` on.
    pub fn by_time(&self, from: i64) -> impl DoubleEndedIterator<Item = (i64, u64)> + '_ {
        self.by_time.range((from, 0)..).copied()
    }

    /// Created records, in order.
    pub fn created(&self) -> &BTreeSet<u64> {
        &self.created
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Edits {
        let mut edits = Edits::over(10..20);
        edits.put(25, Patch::default(), 100, [(1, "a".to_owned())]);
        edits.put(12, Patch::default(), 90, []);
        edits.remove(10);
        edits.remove(15);
        edits.put(30, Patch::default(), 95, []);
        edits.remove(30);
        edits
    }

    #[test]
    fn ids_come_in_order_without_the_deleted() {
        let edits = table();
        let all: Vec<u64> = edits.ids_from(0).collect();
        assert_eq!(all, [11, 12, 13, 14, 16, 17, 18, 19, 25]);
        assert_eq!(edits.len(), 9);
        assert_eq!(edits.ids_from(14).collect::<Vec<_>>(), [14, 16, 17, 18, 19, 25]);
        assert_eq!(edits.ids_from(0).next_back(), Some(25));
        for hidden in [vec![], vec![11], vec![14, 16], vec![13, 25], all.clone()] {
            let hidden: BTreeSet<u64> = hidden.into_iter().collect();
            let rest: Vec<u64> = all.iter().copied().filter(|id| !hidden.contains(id)).collect();
            for offset in 0..=rest.len() {
                let found: Vec<u64> = edits.ids_at(offset as u64, &hidden).collect();
                assert_eq!(found, rest[offset..], "offset {offset} without {hidden:?}");
            }
            assert_eq!(edits.ids_at(100, &hidden).count(), 0);
        }
    }

    #[test]
    fn keys_and_times_are_found() {
        let mut edits = table();
        assert_eq!(edits.with_key(1, "a"), [25]);
        assert_eq!(edits.by_time(91).collect::<Vec<_>>(), [(100, 25)]);
        edits.put(12, Patch::default(), 120, []);
        assert_eq!(edits.by_time(0).collect::<Vec<_>>(), [(100, 25), (120, 12)]);
        assert!(edits.exists(13) && !edits.exists(15) && !edits.exists(30) && !edits.exists(20));
    }
}

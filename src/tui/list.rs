//! A list of any length of which only the rows around the cursor are in memory. It knows where the
//! cursor is, which rows it has, and which it must ask for; the cursor follows the row's key.

use super::msg::{Page, PageRequest, Row, RowKey, Source, Wanted};
use std::sync::Arc;

/// The state of such a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VirtualList {
    lengths: Vec<u64>,
    order: Option<Arc<Vec<RowKey>>>,
    cursor: u64,
    key: Option<RowKey>,
    top: u64,
    from: u64,
    rows: Vec<Row>,
    /// Rows of the view before, shown until the first page of the new one is there.
    stale: Vec<Row>,
    generation: u64,
    asked: Option<(u64, usize)>,
}

impl VirtualList {
    /// A list whose parts have these lengths, as far as is known.
    pub fn new(lengths: Vec<u64>) -> Self {
        Self { lengths, ..Self::default() }
    }

    /// How many rows are shown, all in all.
    pub fn shown(&self) -> u64 {
        match &self.order {
            Some(order) => len(order),
            None => self.total(),
        }
    }

    /// How many rows there are without a filter.
    pub fn total(&self) -> u64 {
        self.lengths.iter().sum()
    }

    /// The index of the row under the cursor.
    pub fn cursor(&self) -> u64 {
        self.cursor
    }

    /// The index of the first visible row.
    pub fn top(&self) -> u64 {
        self.top
    }

    /// The number of the present view; answers to older ones are dropped.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The order of an arranged list.
    pub fn order(&self) -> Option<&Arc<Vec<RowKey>>> {
        self.order.as_ref()
    }

    /// The row at an index, if it is in memory.
    pub fn row(&self, index: u64) -> Option<&Row> {
        let at = usize::try_from(index.checked_sub(self.from)?).ok()?;
        self.rows.get(at)
    }

    /// The row to draw at an index: while a new view is being read, what stood there before.
    pub fn visible_row(&self, index: u64) -> Option<&Row> {
        self.row(index).or_else(|| {
            let at = usize::try_from(index.checked_sub(self.top)?).ok()?;
            self.stale.get(at)
        })
    }

    /// The row under the cursor, if it is in memory.
    pub fn current(&self) -> Option<&Row> {
        self.row(self.cursor)
    }

    /// Moves the cursor by so many rows, and keeps it visible in a window of this height.
    pub fn step(&mut self, by: i64, height: u64) {
        self.go(self.cursor.saturating_add_signed(by), height);
    }

    /// Moves the cursor to an index.
    pub fn go(&mut self, index: u64, height: u64) {
        self.cursor = index.min(self.shown().saturating_sub(1));
        self.key = self.key_at(self.cursor);
        self.scroll(height);
    }

    fn scroll(&mut self, height: u64) {
        let height = height.max(1);
        let last_top = self.shown().saturating_sub(height);
        let lowest = self.cursor.saturating_sub(height - 1);
        self.top = self.top.clamp(lowest, self.cursor).min(last_top);
    }

    /// What to ask for so that the visible rows are in memory; `None` if they are, or if they were
    /// asked for already.
    pub fn want(&mut self, source: &Source, height: u64) -> Option<PageRequest> {
        self.scroll(height);
        let end = (self.top + height).min(self.shown());
        let have = self.from..self.from + u64::try_from(self.rows.len()).unwrap_or(0);
        if end <= self.top || (have.contains(&self.top) && end <= have.end) {
            return None;
        }
        let from = self.top.saturating_sub(height);
        let count = (end + height).min(self.shown()) - from;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if self.asked == Some((from, count)) {
            return None;
        }
        self.asked = Some((from, count));
        Some(self.request(source, from, count))
    }

    /// Asks for the present rows again, because the store changed.
    pub fn refresh(&mut self, source: &Source, height: u64) -> PageRequest {
        let from = self.top.saturating_sub(height);
        let count = usize::try_from(height.saturating_mul(3)).unwrap_or(usize::MAX);
        self.asked = Some((from, count));
        self.request(source, from, count)
    }

    fn request(&self, source: &Source, from: u64, count: usize) -> PageRequest {
        let wanted = match &self.order {
            None => Wanted::Range(from, count),
            Some(order) => {
                let start = usize::try_from(from).unwrap_or(usize::MAX).min(order.len());
                let end = start.saturating_add(count).min(order.len());
                Wanted::Picked(from, order[start..end].to_vec())
            }
        };
        PageRequest { source: source.clone(), generation: self.generation, wanted }
    }

    /// Takes a page in, unless it answers an older view. Answers whether anything changed.
    pub fn accept(&mut self, page: Page, height: u64) -> bool {
        if page.generation != self.generation {
            return false;
        }
        self.asked = None;
        self.stale.clear();
        let same = self.from == page.from && self.rows == page.rows && self.lengths == page.lengths;
        if same {
            return false;
        }
        self.lengths = page.lengths;
        self.from = page.from;
        self.rows = page.rows;
        self.follow(height, self.cursor);
        true
    }

    /// A new view begins: another filter or order is being made. What is shown stays until it is
    /// there. Answers the number of the view.
    pub fn next_view(&mut self) -> u64 {
        self.generation += 1;
        self.asked = None;
        self.generation
    }

    /// Shows the list in another order (`None`: the store's), with the cursor on the same row if it
    /// is still shown.
    pub fn arrange(
        &mut self,
        lengths: Option<Vec<u64>>,
        order: Option<Arc<Vec<RowKey>>>,
        height: u64,
    ) {
        if let Some(lengths) = lengths {
            self.lengths = lengths;
        }
        let skip = usize::try_from(self.top.saturating_sub(self.from)).unwrap_or(0);
        self.stale = self.rows.drain(..).skip(skip).collect();
        self.order = order;
        self.from = 0;
        self.asked = None;
        self.follow(height, 0);
    }

    /// Puts the cursor where its row is now, or on another index if it is gone.
    fn follow(&mut self, height: u64, otherwise: u64) {
        let at = self.key.and_then(|key| self.index_of(key));
        let offset = self.cursor.saturating_sub(self.top);
        let index = at.unwrap_or(otherwise);
        self.top = index.saturating_sub(offset);
        self.go(index, height);
    }

    fn key_at(&self, index: u64) -> Option<RowKey> {
        if let Some(order) = &self.order {
            return order.get(usize::try_from(index).ok()?).copied();
        }
        let mut rest = index;
        for (part, length) in self.lengths.iter().enumerate() {
            if rest < *length {
                return Some(RowKey::new(part, rest));
            }
            rest -= length;
        }
        None
    }

    fn index_of(&self, key: RowKey) -> Option<u64> {
        if let Some(order) = &self.order {
            let at = order.iter().position(|k| *k == key)?;
            return u64::try_from(at).ok();
        }
        let length = self.lengths.get(key.part())?;
        let before: u64 = self.lengths[..key.part()].iter().sum();
        (key.position() < *length).then(|| before + key.position())
    }
}

fn len<T>(items: &[T]) -> u64 {
    u64::try_from(items.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;

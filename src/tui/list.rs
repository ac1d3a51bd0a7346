//! A list of any length of which only the rows around the cursor are in memory. It knows where the
//! cursor is, which rows it has, and which it must ask for; the cursor follows the row's key.
//!
//! In the store's order a row's index is a sum. In another order (filtered, sorted) nothing here
//! knows which row is where before its page is read: after such an order came, the row under the
//! cursor is looked for where pages are read, and the cursor goes there.

use super::msg::{Arranged, Arrangement, Page, PageRequest, Row, RowKey, Source};
use super::order::Order;

/// The state of such a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VirtualList {
    lengths: Vec<u64>,
    order: Option<Order>,
    /// How many rows there were when the order was made.
    ordered: u64,
    /// Filter and order of what is shown.
    shown: Arrangement,
    cursor: u64,
    key: Option<RowKey>,
    /// The row that the cursor is to be put on when it is found in a new order.
    sought: Option<RowKey>,
    top: u64,
    from: u64,
    rows: Vec<Row>,
    /// Rows of the view before, shown until the first page of the new one is there.
    stale: Vec<Row>,
    /// The last number given to a view, shown or being made.
    generation: u64,
    /// The view that is shown.
    view: u64,
    asked: Option<(u64, usize)>,
}

/// How many rows above and below the visible ones are read with them. Few: a jump pays for all of
/// them, and reading a row takes some microseconds.
fn margin(height: u64) -> u64 {
    height / 4 + 1
}

impl VirtualList {
    /// A list whose parts have these lengths, as far as is known. The numbers of its views begin with
    /// this one, which no other list has: an answer belongs to one list only.
    pub fn new(lengths: Vec<u64>, number: u64) -> Self {
        let first = number << 32;
        Self { lengths, generation: first, view: first, ..Self::default() }
    }

    /// How many rows are shown, all in all.
    pub fn shown(&self) -> u64 {
        match &self.order {
            Some(order) => order.len(),
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

    /// The number of the newest view, which may still be in the making.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The number of the view that is shown; pages of other ones are dropped.
    pub fn view(&self) -> u64 {
        self.view
    }

    /// The order of an arranged list.
    pub fn order(&self) -> Option<&Order> {
        self.order.as_ref()
    }

    /// Filter and order of what is shown; others may be in the making.
    pub fn arrangement(&self) -> &Arrangement {
        &self.shown
    }

    /// Whether rows have come since the order was made.
    pub fn has_outgrown(&self) -> bool {
        self.order.is_some() && self.ordered != self.total()
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
        self.sought = None;
        self.scroll(height);
    }

    fn scroll(&mut self, height: u64) {
        let height = height.max(1);
        let last_top = self.shown().saturating_sub(height);
        let lowest = self.cursor.saturating_sub(height - 1);
        self.top = self.top.clamp(lowest, self.cursor).min(last_top);
    }

    /// Whether visible rows are not in memory, and were asked for.
    pub fn awaits_rows(&self, height: u64) -> bool {
        self.asked.is_some() && !self.has_visible(height)
    }

    fn has_visible(&self, height: u64) -> bool {
        let end = (self.top + height).min(self.shown());
        let have = self.from..self.from + u64::try_from(self.rows.len()).unwrap_or(0);
        end <= self.top || (have.contains(&self.top) && end <= have.end && self.sought.is_none())
    }

    /// What to ask for so that the visible rows are in memory; `None` if they are, or if they were
    /// asked for already.
    pub fn want(&mut self, source: &Source, height: u64) -> Option<PageRequest> {
        self.scroll(height);
        if self.has_visible(height) {
            return None;
        }
        let end = (self.top + height).min(self.shown());
        let from = self.top.saturating_sub(margin(height));
        let count = (end + margin(height)).min(self.shown()) - from;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if self.asked == Some((from, count)) {
            return None;
        }
        Some(self.request(source, from, count))
    }

    /// Asks for the present rows again, because the store changed.
    pub fn refresh(&mut self, source: &Source, height: u64) -> PageRequest {
        let from = self.top.saturating_sub(margin(height));
        let count = usize::try_from(height + 2 * margin(height)).unwrap_or(usize::MAX);
        self.request(source, from, count)
    }

    fn request(&mut self, source: &Source, from: u64, count: usize) -> PageRequest {
        self.asked = Some((from, count));
        PageRequest {
            source: source.clone(),
            order: self.order.clone(),
            view: self.view,
            from,
            count,
            around: self.sought,
        }
    }

    /// Takes a page in, unless it answers an older view. Answers whether anything changed.
    pub fn accept(&mut self, page: Page, height: u64) -> bool {
        if page.view != self.view {
            return false;
        }
        self.asked = None;
        let found = page.around.filter(|(key, _)| self.sought == Some(*key));
        let waited = !std::mem::take(&mut self.stale).is_empty();
        let same = self.from == page.from && self.rows == page.rows && self.lengths == page.lengths;
        if same && found.is_none() && !waited {
            return false;
        }
        self.lengths = page.lengths;
        self.from = page.from;
        self.rows = page.rows;
        match (found, &self.order) {
            (Some((_, at)), _) => self.put_cursor(at.unwrap_or(0), height),
            (None, None) => self.follow(height, self.cursor),
            // The order stands still, and the cursor in it.
            (None, Some(_)) => self.key = self.key_at(self.cursor).or(self.key),
        }
        true
    }

    /// A new view is begun: another filter or order is being made. What is shown stays until it is
    /// there. Answers the number of the view.
    pub fn next_view(&mut self) -> u64 {
        self.generation += 1;
        self.generation
    }

    /// Shows the newest view, which is in the store's order and has all rows.
    pub fn show_all(&mut self, height: u64) {
        self.change_view(Arrangement::default(), None);
        self.sought = None;
        self.follow(height, 0);
    }

    /// Shows the newest view, which was made for this arrangement, with the cursor on the same row
    /// if it is still shown.
    pub fn arrange(&mut self, shown: Arrangement, made: Arranged, height: u64) {
        self.lengths = made.lengths;
        self.ordered = self.total();
        self.change_view(shown, Some(made.order));
        self.sought = self.key;
        self.cursor = self.cursor.min(self.shown().saturating_sub(1));
        self.scroll(height);
    }

    fn change_view(&mut self, shown: Arrangement, order: Option<Order>) {
        let skip = usize::try_from(self.top.saturating_sub(self.from)).unwrap_or(0);
        if !self.rows.is_empty() {
            self.stale = self.rows.drain(..).skip(skip).collect();
        }
        self.shown = shown;
        self.order = order;
        self.view = self.generation;
        self.from = 0;
        self.asked = None;
    }

    /// Puts the cursor where its row is now, or on another index if it is gone.
    fn follow(&mut self, height: u64, otherwise: u64) {
        let at = self.key.and_then(|key| self.index_of(key));
        self.put_cursor(at.unwrap_or(otherwise), height);
    }

    /// Puts the cursor on an index, as far below the first visible row as it was.
    fn put_cursor(&mut self, index: u64, height: u64) {
        let offset = self.cursor.saturating_sub(self.top);
        self.top = index.saturating_sub(offset);
        self.go(index, height);
    }

    fn key_at(&self, index: u64) -> Option<RowKey> {
        if self.order.is_some() {
            return self.row(index).map(|row| row.key);
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

    /// The index of a row in the store's order.
    fn index_of(&self, key: RowKey) -> Option<u64> {
        let length = self.lengths.get(key.part())?;
        let before: u64 = self.lengths[..key.part()].iter().sum();
        (key.position() < *length).then(|| before + key.position())
    }
}

#[cfg(test)]
mod tests;

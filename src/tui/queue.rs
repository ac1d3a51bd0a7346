//! The queue of the chosen connector as its pane shows it: the entries read so far, the cursor that
//! follows its entry, the filter.

use super::msg::QueueRows;
use crate::engine::queue::Entry;
use crate::model::{Module, Side};
use tui_input::Input;

/// How many entries are read at first, and how many more when the cursor nears the end.
pub const ENTRIES: usize = 200;

/// Which entry: it stays the same while the queue changes around it.
type EntryKey = (Module, Side, String, bool);

/// The state of the pane.
#[derive(Debug, Clone, Default)]
pub struct QueueView {
    /// What was read; `None`: nothing yet.
    pub rows: Option<QueueRows>,
    /// The entry with the cursor.
    pub cursor: usize,
    /// The first visible entry.
    pub top: usize,
    /// Only entries with this text; with a `!` before it, the others.
    pub filter: String,
    /// The filter while it is being typed.
    pub typing: Option<Input>,
    /// How many entries are wanted beyond the first ones.
    pub more: usize,
}

fn key(entry: &Entry) -> EntryKey {
    (entry.module, entry.side(), entry.id().to_owned(), entry.waiting().is_some())
}

impl QueueView {
    /// The entries in memory.
    pub fn entries(&self) -> &[Entry] {
        self.rows.as_ref().map(|rows| rows.entries.as_slice()).unwrap_or_default()
    }

    /// The entry under the cursor.
    pub fn current(&self) -> Option<&Entry> {
        self.entries().get(self.cursor)
    }

    /// How many entries to read.
    pub fn limit(&self) -> usize {
        ENTRIES + self.more
    }

    /// Whether more should be read for the cursor to go on.
    pub fn wants_more(&self) -> bool {
        let near = self.cursor + ENTRIES / 4 >= self.entries().len();
        near && self.rows.as_ref().is_some_and(|rows| rows.more)
    }

    /// Takes newly read entries in; the cursor follows its entry. Answers whether anything changed.
    pub fn accept(&mut self, rows: QueueRows, height: usize) -> bool {
        if self.rows.as_ref() == Some(&rows) {
            return false;
        }
        let before = self.current().map(key);
        let found = before.and_then(|k| rows.entries.iter().position(|entry| key(entry) == k));
        let offset = self.cursor.saturating_sub(self.top);
        let at = found.unwrap_or(self.cursor);
        self.rows = Some(rows);
        self.top = at.saturating_sub(offset);
        self.go(at, height);
        true
    }

    /// Moves the cursor to an entry and keeps it visible in a window of this height.
    pub fn go(&mut self, to: usize, height: usize) {
        let height = height.max(1);
        let length = self.entries().len();
        self.cursor = to.min(length.saturating_sub(1));
        let lowest = (self.cursor + 1).saturating_sub(height);
        self.top = self.top.clamp(lowest, self.cursor.max(lowest));
        self.top = self.top.min(length.saturating_sub(height));
    }
}

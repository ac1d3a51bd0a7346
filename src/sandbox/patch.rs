//! A record's edited columns, packed.
//!
//! The sandbox computes its records and remembers only what was changed, so a patch is small: one
//! text with all values behind each other and one mark for each column, ordered by column.

/// A value to be written: `None` is the database's null.
pub type Value = Option<String>;
/// Columns with their new values.
pub type Changes = Vec<(u8, Value)>;

/// The edited columns of one record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patch {
    text: Box<str>,
    marks: Box<[Mark]>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    column: u8,
    null: bool,
    end: u32,
}

impl Patch {
    /// The column's value if it was edited: `Some(None)` is an edit to null.
    pub fn get(&self, column: u8) -> Option<Option<&str>> {
        let at = self.marks.binary_search_by_key(&column, |m| m.column).ok()?;
        Some(self.value(at))
    }

    /// All edited columns in order.
    pub fn iter(&self) -> impl Iterator<Item = (u8, Option<&str>)> {
        (0..self.marks.len()).map(|at| (self.marks[at].column, self.value(at)))
    }

    /// This patch with newer changes over it.
    #[must_use]
    pub fn merged(&self, changes: &[(u8, Value)]) -> Self {
        let mut all: Vec<(u8, Option<&str>)> = self.iter().collect();
        for (column, value) in changes {
            match all.binary_search_by_key(column, |(c, _)| *c) {
                Ok(at) => all[at].1 = value.as_deref(),
                Err(at) => all.insert(at, (*column, value.as_deref())),
            }
        }
        let mut text = String::new();
        let mut marks = Vec::with_capacity(all.len());
        for (column, value) in all {
            text.push_str(value.unwrap_or_default());
            let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
            marks.push(Mark { column, null: value.is_none(), end });
        }
        Self { text: text.into_boxed_str(), marks: marks.into_boxed_slice() }
    }

    fn value(&self, at: usize) -> Option<&str> {
        let mark = &self.marks[at];
        let from = if at == 0 { 0 } else { self.marks[at - 1].end as usize };
        (!mark.null).then(|| &self.text[from..mark.end as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_changes_win_and_nulls_are_kept_apart() {
        let text = |t: &str| Some(t.to_owned());
        let patch = Patch::default().merged(&[(9, text("nine")), (2, text("two")), (5, None)]);
        let patch = patch.merged(&[(2, text("deux")), (7, text(""))]);
        assert_eq!(patch.get(2), Some(Some("deux")));
        assert_eq!(patch.get(5), Some(None));
        assert_eq!(patch.get(7), Some(Some("")));
        assert_eq!(patch.get(3), None);
        let columns: Vec<u8> = patch.iter().map(|(c, _)| c).collect();
        assert_eq!(columns, [2, 5, 7, 9]);
    }
}

//! Tables in plain text, numbers to the right, columns as wide as what is in them.

use super::output::plain;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Text, to the left.
    Text(&'static str),
    /// A number, to the right.
    Number(&'static str),
}

impl Column {
    fn head(self) -> &'static str {
        match self {
            Self::Text(head) | Self::Number(head) => head,
        }
    }
}

/// Rows under heads.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row, a cell for each column.
    pub fn row<I: IntoIterator<Item = String>>(&mut self, cells: I) {
        self.rows.push(cells.into_iter().map(|cell| plain(&cell)).collect());
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table, each line indented; with or without its heads.
    pub fn render(&self, indent: usize, heads: bool) -> String {
        let heading: Vec<String> = self.columns.iter().map(|c| c.head().to_owned()).collect();
        let widths = self.widths();
        let mut text = String::new();
        for row in heads.then_some(&heading).into_iter().chain(&self.rows) {
            let mut line = " ".repeat(indent);
            for (at, (cell, column)) in row.iter().zip(&self.columns).enumerate() {
                let pad = " ".repeat(widths[at].saturating_sub(cell.width()));
                match column {
                    Column::Text(_) => line.extend([cell.as_str(), &pad]),
                    Column::Number(_) => line.extend([pad.as_str(), cell]),
                }
                line.push_str("  ");
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    fn widths(&self) -> Vec<usize> {
        let cells = |at: usize| self.rows.iter().filter_map(move |row| row.get(at));
        let widest = |(at, column): (usize, &Column)| {
            cells(at).map(|cell| cell.width()).fold(column.head().width(), usize::max)
        };
        self.columns.iter().enumerate().map(widest).collect()
    }
}

/// As much of a text as fits into so many columns, with a mark where it was cut.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut left = width.saturating_sub(1);
    let fits = |c: &char| {
        let wide = c.width().unwrap_or(0);
        let fits = wide <= left;
        left = left.saturating_sub(wide);
        fits
    };
    let mut cut: String = text.chars().take_while(fits).collect();
    cut.push('…');
    cut
}

/// A number with its thousands apart: `12,345`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun: `1 record`, `2 records`.
pub fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", thousands(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let mut table = Table::new(&[Column::Text("Name"), Column::Number("Created")]);
        table.row(["東京".into(), "1".into()]);
        table.row(["Bob\u{7}".into(), "12".into()]);
        let expected = "  Name  Created\n  東京        1\n  Bob\u{fffd}       12\n";
        assert_eq!(table.render(2, true), expected);
    }

    #[test]
    fn long_text_is_cut_with_a_mark() {
        assert_eq!(cut("ab東京", 6), "ab東京");
        assert_eq!(cut("ab東京", 5), "ab東…");
        assert_eq!(cut("ab東京", 4), "ab…");
    }

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1234567, "1,234,567")] {
            assert_eq!(thousands(number), text);
        }
        assert_eq!(counted(1, "record"), "1 record");
        assert_eq!(counted(1200, "record"), "1,200 records");
    }
}

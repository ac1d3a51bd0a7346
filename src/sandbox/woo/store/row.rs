//! Reading a record: the generated values under what was changed.

use super::{Row, Seed, Table};
use crate::sandbox::clock::parse_stamp;
use crate::sandbox::seed::deck::Side;
use crate::sandbox::seed::{Fact, Facts};
use crate::sandbox::text::push_specialchars;
use crate::sandbox::woo::shape::Default;

impl Row<'_> {
    /// Appends the column's value; `false` is null.
    pub fn read(&self, column: u8, out: &mut String) -> bool {
        match self.patch.and_then(|p| p.get(column)) {
            Some(Some(text)) => {
                out.push_str(text);
                true
            }
            Some(None) => false,
            None => self.computed(column, out),
        }
    }

    fn computed(&self, column: u8, out: &mut String) -> bool {
        let Some((name, fact, default)) = self.table.entity().columns.get(usize::from(column))
        else {
            return false;
        };
        if self.table == Table::Orders
            && let Some(seed) = Seed::of(self.world, self.id)
        {
            out.push_str(&seed.column(name));
            return true;
        }
        match (&self.facts, fact, default) {
            (Some(facts), Some(fact), Default::Escaped) => {
                let from = out.len();
                let known = facts.write(*fact, Side::Woo, out);
                if out.as_bytes()[from..].iter().any(|b| matches!(b, b'&' | b'<' | b'>')) {
                    let raw = out.split_off(from);
                    push_specialchars(out, &raw);
                }
                known
            }
            (Some(facts), Some(Fact::Description), _) if self.variation().is_some() => {
                let _ = facts;
                true
            }
            (Some(facts), Some(fact), _) => facts.write(*fact, Side::Woo, out),
            (_, _, Default::Text(text)) => {
                out.push_str(text);
                true
            }
            (_, _, Default::Escaped) => true,
            (_, _, Default::Null) => false,
        }
    }

    /// The column's text by name; nothing for null.
    pub fn get(&self, name: &str) -> String {
        let mut out = String::new();
        self.read(self.table.entity().column(name), &mut out);
        out
    }

    /// Whether the column of that name says yes.
    pub fn is(&self, name: &str) -> bool {
        self.get(name) == "1"
    }

    /// The instant in a column of that name.
    pub fn instant(&self, name: &str) -> Option<i64> {
        self.instant_at(self.table.entity().column(name))
    }

    /// The instant in a column; that of a generated record is not written out and read again.
    pub fn instant_at(&self, column: u8) -> Option<i64> {
        if let Some(text) = self.patch.and_then(|p| p.get(column)) {
            return text.and_then(parse_stamp);
        }
        if self.table == Table::Orders {
            let (created, modified) = Seed::of(self.world, self.id)?.stamps();
            let is_created = column == self.table.entity().column("date_created");
            return Some(if is_created { created } else { modified });
        }
        let fact = self.table.entity().columns.get(usize::from(column))?.1?;
        let (created, modified) = self.facts.as_ref()?.stamps(Side::Woo);
        Some(if fact == Fact::Created { created } else { modified })
    }

    /// When it was last modified.
    pub fn modified(&self) -> Option<i64> {
        self.instant("date_modified")
    }

    /// The number among all seeded products, of a product with variations.
    pub(super) fn seeded_number(&self) -> Option<u64> {
        match &self.facts {
            Some(Facts::Product(p)) if p.varies() => Some(p.number),
            _ => None,
        }
    }

    /// Which of the seeded variations this is.
    pub fn variation(&self) -> Option<usize> {
        match &self.facts {
            Some(Facts::Product(p)) => p.variation,
            _ => None,
        }
    }

    /// The product a variation belongs to, 0 for what is none.
    pub fn parent(&self) -> u64 {
        match (&self.facts, self.table) {
            (Some(Facts::Product(p)), Table::Variations) => self.world.good_id(p.number),
            _ => self.get("parent_id").parse().unwrap_or(0),
        }
    }
}

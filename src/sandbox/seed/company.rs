//! Companies: Vtiger's organizations; in the shop only a name in an address.

use super::Fact;
use super::mix::{Dice, mix};
use super::world::World;
use crate::sandbox::clock::push_stamp;
use crate::sandbox::text::{fold, push_number};

const COMPANY: u64 = 0x434f;

/// One company.
#[derive(Debug, Clone, Copy)]
pub struct Company<'w> {
    world: &'w World,
    /// The number among all companies.
    pub number: u64,
}

impl<'w> Company<'w> {
    /// The company with that number.
    pub fn new(world: &'w World, number: u64) -> Self {
        Self { world, number }
    }

    /// Appends the name: stem, trade, a number from the second round on, legal form.
    pub fn name(&self, out: &mut String) {
        let tables = &self.world.tables;
        let combinations = (tables.stems.len() * tables.trades.len()) as u64;
        let round = self.number / combinations;
        let at =
            (self.number % combinations * STEP + self.world.seed % combinations) % combinations;
        let at = usize::try_from(at).unwrap_or(0);
        let (stem, form) = tables.stems[at % tables.stems.len()];
        out.push_str(stem);
        out.push(' ');
        out.push_str(tables.trades[at / tables.stems.len()]);
        if round > 0 {
            out.push(' ');
            push_number(out, round + 1);
        }
        out.push(' ');
        out.push_str(form);
    }

    /// The number of the company with this name, compared as Vtiger compares.
    pub fn find(world: &'w World, folded: &str) -> Option<u64> {
        let tables = &world.tables;
        let stems = tables.stems.len();
        let (stem, rest) = tables.stems.iter().enumerate().find_map(|(i, (stem, _))| {
            Some((i, folded.strip_prefix(fold(stem).as_str())?.strip_prefix(' ')?))
        })?;
        let (trade, rest) = tables.trades.iter().enumerate().find_map(|(i, trade)| {
            Some((i, rest.strip_prefix(fold(trade).as_str())?.strip_prefix(' ')?))
        })?;
        let round = rest
            .split(' ')
            .next()
            .and_then(|w| w.parse::<u64>().ok())
            .map_or(0, |n| n.saturating_sub(1));
        let combinations = (stems * tables.trades.len()) as u64;
        let shifted = (trade * stems + stem) as u64 + combinations - world.seed % combinations;
        let number =
            (0..combinations).find(|k| k * STEP % combinations == shifted % combinations)?;
        let company = Self::new(world, round * combinations + number);
        let mut name = String::new();
        company.name(&mut name);
        (company.number < world.companies() && fold(&name) == folded).then_some(company.number)
    }

    /// When the organization was created and last modified.
    pub fn stamps(&self) -> (i64, i64) {
        self.world.stamps(COMPANY, self.number)
    }

    /// See [`super::Facts::write`].
    pub fn write(&self, fact: Fact, out: &mut String) -> bool {
        let mut dice = Dice::new(self.world.seed, COMPANY + 1, self.number);
        let locale = &self.world.tables.locales[dice.below(self.world.tables.locales.len())];
        let (name, code, state) = locale.city[dice.below(locale.city.len())];
        let street = locale.street[dice.below(locale.street.len())];
        match fact {
            Fact::Name => self.name(out),
            Fact::Phone => {
                out.push_str(locale.dial);
                push_number(
                    out,
                    100_000_000 + mix(self.world.seed, COMPANY + 2, self.number) % 900_000_000,
                );
            }
            Fact::Email => {
                out.push_str("office");
                push_number(out, self.number + 1);
                out.push('@');
                out.push_str(locale.host);
            }
            Fact::Website => {
                out.push_str("https://company");
                push_number(out, self.number + 1);
                out.push_str(".example");
            }
            Fact::Industry => {
                out.push_str(
                    ["", "Retail", "Manufacturing", "Technology", "Shipping"][dice.below(5)],
                );
            }
            Fact::Employees => push_number(out, 1 + dice.below(400) as u64),
            Fact::Street => {
                out.push_str(street);
                out.push(' ');
                push_number(out, 1 + dice.below(180) as u64);
            }
            Fact::City => out.push_str(name),
            Fact::Zip => out.push_str(code),
            Fact::State => out.push_str(state),
            Fact::Country => out.push_str(locale.country),
            Fact::Created => push_stamp(out, self.stamps().0, ' '),
            Fact::Modified => push_stamp(out, self.stamps().1, ' '),
            _ => {}
        }
        true
    }
}

/// Neighbouring numbers get unlike names; without a common factor with the number of
/// combinations no name comes twice.
const STEP: u64 = 337;

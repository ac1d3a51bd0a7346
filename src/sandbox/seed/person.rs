//! People: Vtiger's contacts, the shop's customers.

use super::Fact;
use super::company::Company;
use super::deck::{Side, Slot, Trait};
use super::mix::{Dice, mix};
use super::tables::{Locale, Pair};
use super::world::World;
use crate::sandbox::clock::push_stamp;
use crate::sandbox::text::push_number;

const PERSON: u64 = 0x5045;
const OTHER: u64 = 0x4f54;

/// What differs on the shop's side, as bits.
const PHONE: usize = 1;
const PLACE: usize = 2;
const COMPANY: usize = 4;
const FIRST: usize = 8;

const TITLES: [&str; 8] = [
    "",
    "",
    "",
    "Buyer",
    "Head of Purchasing",
    "Geschäftsführerin",
    "Responsable des achats",
    "CTO",
];
const DEPARTMENTS: [&str; 5] = ["", "", "Purchasing", "Logistics", "Verkauf"];
const LEAD_SOURCES: [&str; 5] = ["", "", "Cold Call", "Existing Customer", "Trade Show"];

/// One person.
#[derive(Debug, Clone, Copy)]
pub struct Person<'w> {
    world: &'w World,
    /// The number among all people.
    pub number: u64,
    twin: bool,
    slot: Slot,
    locale: &'w Locale,
    first: Pair,
    last: Pair,
    company: Option<u64>,
    differs: usize,
    home: Place,
    /// Whether a separate shipping address is kept (it is the same one).
    ships: bool,
}

/// Where somebody lives: which of the locale's streets and cities, and what is drawn next.
#[derive(Debug, Clone, Copy)]
struct Place {
    street: usize,
    city: usize,
    next: Dice,
}

impl Place {
    /// Everybody has two: who is known at both sides may have moved.
    fn new(world: &World, locale: &Locale, number: u64, moved: bool) -> Self {
        let mut next = Dice::new(world.seed, OTHER + 3 + u64::from(moved), number);
        let street = next.below(locale.street.len());
        let city = next.below(locale.city.len());
        Self { street, city, next }
    }
}

impl<'w> Person<'w> {
    /// Draws the person's facts.
    pub fn new(world: &'w World, number: u64, twin: bool) -> Self {
        let slot = world.deck.slot(number);
        let mut dice = Dice::new(world.seed, PERSON, number);
        let tables = &world.tables;
        let any = dice.below(tables.locales.len());
        let foreign = tables.foreign[dice.below(tables.foreign.len())];
        let locale = &tables.locales[if slot.special == Trait::Script { foreign } else { any }];
        let first = locale.first[dice.below(locale.first.len())];
        let last = locale.last[dice.below(locale.last.len())];
        let differs = match slot.special {
            Trait::Differs | Trait::Ties => difference(&mut dice),
            _ => 0,
        };
        let company = (dice.below(3) == 0 && slot.special != Trait::NoName).then(|| {
            let companies = world.companies();
            let draw = dice.below(usize::try_from(companies).unwrap_or(usize::MAX)) as u64;
            // Vtiger knows every second company; who is in Vtiger belongs to one of those.
            if slot.vtiger { draw / 2 * 2 } else { draw }
        });
        let home = Place::new(world, locale, number, false);
        let ships = draw(world, number, 2) == 0 && slot.special != Trait::NoName;
        Self { world, number, twin, slot, locale, first, last, company, differs, home, ships }
    }

    /// When the side's record was created and last modified.
    pub fn stamps(&self, side: Side) -> (i64, i64) {
        let side = if self.slot.special == Trait::Ties { Side::Vtiger } else { side };
        self.world
            .stamps(PERSON + u64::from(self.twin) * 2 + u64::from(side == Side::Woo), self.number)
    }

    /// The e-mail address, without which a person has no key.
    pub fn email(&self, out: &mut String) {
        out.push_str(self.first.1);
        out.push('.');
        out.push_str(self.last.1);
        push_number(out, self.number + 1);
        out.push('@');
        out.push_str(self.locale.host);
    }

    /// The number of the person whose address this could be.
    pub fn number_in_email(email: &str) -> Option<u64> {
        let local = email.split_once('@')?.0;
        let digits = local.trim_start_matches(|c: char| !c.is_ascii_digit());
        digits.parse::<u64>().ok()?.checked_sub(1)
    }

    /// See [`super::Facts::write`].
    pub fn write(&self, fact: Fact, side: Side, out: &mut String) -> bool {
        let shop = side == Side::Woo;
        let nameless = shop && self.slot.special == Trait::NoName;
        match fact {
            Fact::First | Fact::Last if nameless => {}
            Fact::First => self.first_name(shop, out),
            Fact::Last => out.push_str(self.last.0),
            Fact::Email => self.email_of(side, out),
            Fact::Username => {
                let from = out.len();
                self.email(out);
                let end = out[from..].find('@').map_or(out.len(), |at| from + at);
                out.truncate(end);
            }
            Fact::Phone => self.phone(shop, out),
            Fact::Mobile if !self.slot.woo && self.draw(3) == 0 => {
                out.push_str(self.locale.dial);
                push_number(
                    out,
                    700_000_000 + mix(self.world.seed, OTHER, self.number) % 99_999_999,
                );
            }
            Fact::Company | Fact::ShipCompany => self.company_name(fact, shop, out),
            Fact::Account => return self.account(out),
            Fact::Created | Fact::Modified => {
                let (created, modified) = self.stamps(side);
                push_stamp(out, if fact == Fact::Created { created } else { modified }, ' ');
            }
            Fact::Title => out.push_str(TITLES[self.draw(TITLES.len())]),
            Fact::Department => out.push_str(DEPARTMENTS[self.draw(DEPARTMENTS.len())]),
            Fact::LeadSource => out.push_str(LEAD_SOURCES[self.draw(LEAD_SOURCES.len())]),
            Fact::Newsletter => out.push(if self.draw(4) == 1 { '1' } else { '0' }),
            Fact::Paying => out.push(if self.draw(2) == 1 { '1' } else { '0' }),
            _ => self.address(fact, shop, out),
        }
        true
    }

    fn email_of(&self, side: Side, out: &mut String) {
        if side == Side::Vtiger && self.slot.special == Trait::NoKey {
            return;
        }
        let from = out.len();
        self.email(out);
        // Some typed it with a capital: still the same address.
        if side == Side::Vtiger && self.differs & COMPANY != 0 && self.draw(4) == 0 {
            out[from..=from].make_ascii_uppercase();
        }
    }

    fn first_name(&self, shop: bool, out: &mut String) {
        let others = &self.locale.first;
        let other = || others[(self.draw(others.len()) + 1) % others.len()].0;
        let changed = shop && self.differs & FIRST != 0;
        out.push_str(if changed { other() } else { self.first.0 });
        match self.slot.special {
            Trait::Long if shop => {
                let other = other();
                let mut length = self.first.0.chars().count();
                while length <= 48 {
                    out.push(' ');
                    out.push_str(other);
                    length += 1 + other.chars().count();
                }
            }
            Trait::Emoji if shop => out.push_str(" 🎉"),
            Trait::Entities => {
                out.push_str(" & ");
                out.push_str(other());
            }
            _ => {}
        }
    }

    fn phone(&self, shop: bool, out: &mut String) {
        let changed = u64::from(shop && self.differs & PHONE != 0);
        let digits = mix(self.world.seed, OTHER + 1 + changed, self.number) % 900_000_000;
        out.push_str(self.locale.dial);
        push_number(out, 100_000_000 + digits);
    }

    fn company_of(&self, shop: bool) -> Option<u64> {
        let changed = shop && self.differs & COMPANY != 0;
        self.company.map(|k| if changed { (k + 1) % self.world.companies() } else { k })
    }

    fn company_name(&self, fact: Fact, shop: bool, out: &mut String) {
        if fact == Fact::ShipCompany && !self.ships {
            return;
        }
        if let Some(k) = self.company_of(shop) {
            Company::new(self.world, k).name(out);
        }
    }

    fn account(&self, out: &mut String) -> bool {
        let Some(id) = self.company.and_then(|k| self.world.account_id(k)) else {
            return false;
        };
        out.push_str("11x");
        push_number(out, id);
        true
    }

    fn address(&self, fact: Fact, shop: bool, out: &mut String) {
        let home = match fact {
            Fact::ShipFirst => Fact::First,
            Fact::ShipLast => Fact::Last,
            Fact::ShipStreet => Fact::Street,
            Fact::ShipStreet2 => Fact::Street2,
            Fact::ShipCity => Fact::City,
            Fact::ShipState => Fact::State,
            Fact::ShipZip => Fact::Zip,
            Fact::ShipCountry => Fact::Country,
            other => other,
        };
        if home != fact && !self.ships {
            return;
        }
        let Place { street, city, mut next } = if shop && self.differs & PLACE != 0 {
            Place::new(self.world, self.locale, self.number, true)
        } else {
            self.home
        };
        let (name, code, state) = self.locale.city[city];
        match home {
            Fact::First => self.first_name(shop, out),
            Fact::Last => out.push_str(self.last.0),
            Fact::Street => {
                self.street(self.locale.street[street], 1 + next.below(180) as u64, shop, out)
            }
            Fact::Street2 if !self.slot.vtiger && next.below(10) == 0 => {
                out.push_str("c/o ");
                out.push_str(self.last.0);
            }
            Fact::City => {
                let from = out.len();
                out.push_str(name);
                if shop && self.slot.special == Trait::Long {
                    while out[from..].chars().count() <= 60 {
                        out.push_str(" bei ");
                        out.push_str(name);
                    }
                }
            }
            Fact::State => out.push_str(state),
            Fact::Zip => out.push_str(code),
            Fact::Country => out.push_str(self.locale.country),
            _ => {}
        }
    }

    fn street(&self, street: &str, number: u64, shop: bool, out: &mut String) {
        if self.locale.number_first {
            push_number(out, number);
            out.push(' ');
            out.push_str(street);
        } else {
            out.push_str(street);
            out.push(' ');
            push_number(out, number);
        }
        if shop && self.slot.special == Trait::Emoji {
            out.push_str(" 🏠");
        }
    }

    fn draw(&self, limit: usize) -> usize {
        draw(self.world, self.number, limit)
    }
}

/// A draw of a person's that does not depend on the order of asking.
fn draw(world: &World, number: u64, limit: usize) -> usize {
    usize::try_from(mix(world.seed, OTHER + 9 + limit as u64, number) >> 20).unwrap_or(0)
        % limit.max(1)
}

/// At least the phone or the place differs, so that a company that is not there changes nothing.
fn difference(dice: &mut Dice) -> usize {
    let bits = 1 + dice.below(15);
    if bits & (PHONE | PLACE | FIRST) == 0 { bits | PHONE } else { bits }
}

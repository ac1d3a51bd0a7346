//! Products, on both sides.

use super::Fact;
use super::deck::{Side, Slot, Trait};
use super::mix::{Dice, mix};
use super::tables::Good;
use super::world::World;
use crate::sandbox::clock::push_stamp;
use crate::sandbox::text::push_number;

const PRODUCT: u64 = 0x5052;

/// What differs on the shop's side, as bits.
const PRICE: usize = 1;
const STOCK: usize = 2;
const TEXT: usize = 4;
const NAME: usize = 8;

/// The sizes a product with variations comes in.
pub const SIZES: [&str; 3] = ["S", "M", "L"];

/// One product, or one of its variations.
#[derive(Debug, Clone, Copy)]
pub struct Product<'w> {
    world: &'w World,
    /// The number among all products.
    pub number: u64,
    twin: bool,
    /// What is special about it.
    pub slot: Slot,
    good: &'w Good,
    adjective: &'static str,
    detail: &'static str,
    text: &'static str,
    differs: usize,
    /// Which variation this is.
    pub variation: Option<usize>,
}

impl<'w> Product<'w> {
    /// Draws the product's facts.
    pub fn new(world: &'w World, number: u64, twin: bool) -> Self {
        let slot = world.deck.slot(number);
        let tables = &world.tables;
        let mut dice = Dice::new(world.seed, PRODUCT, number);
        let foreign = 23 + dice.below(3);
        let any = dice.below(tables.goods.len());
        let pick =
            if slot.special == Trait::Script { foreign.min(tables.goods.len() - 1) } else { any };
        let good = &tables.goods[pick];
        let adjective = tables.adjectives[dice.below(tables.adjectives.len())];
        let detail = tables.details[dice.below(tables.details.len())];
        let text = tables.texts[dice.below(tables.texts.len())];
        let differs = match slot.special {
            Trait::Differs | Trait::Ties => 1 + dice.below(15),
            _ => 0,
        };
        Self { world, number, twin, slot, good, adjective, detail, text, differs, variation: None }
    }

    /// One of its variations.
    #[must_use]
    pub fn vary(self, variation: usize) -> Self {
        Self { variation: Some(variation), ..self }
    }

    /// Whether it is a product with variations.
    pub fn varies(&self) -> bool {
        self.kind() == "variable"
    }

    /// When the side's record was created and last modified.
    pub fn stamps(&self, side: Side) -> (i64, i64) {
        let side = if self.slot.special == Trait::Ties { Side::Vtiger } else { side };
        self.world
            .stamps(PRODUCT + u64::from(self.twin) * 2 + u64::from(side == Side::Woo), self.number)
    }

    /// The number of the product whose stock keeping unit this could be, and the variation.
    pub fn number_in_sku(sku: &str) -> Option<(u64, Option<usize>)> {
        let mut parts = sku.split('-').skip(1);
        let number = parts.next()?.parse::<u64>().ok()?.checked_sub(1)?;
        let size = parts.next().map(|p| SIZES.iter().position(|s| s.eq_ignore_ascii_case(p)));
        match size {
            None => Some((number, None)),
            Some(size) => Some((number, Some(size?))),
        }
    }

    /// See [`super::Facts::write`].
    pub fn write(&self, fact: Fact, side: Side, out: &mut String) -> bool {
        let shop = side == Side::Woo;
        match fact {
            Fact::Name => self.name(shop, out),
            Fact::Sku => self.sku(shop, out),
            Fact::Price => return self.price(shop, 2, out),
            Fact::LongPrice => return self.price(shop, 8, out),
            Fact::SalePrice
                if !self.slot.vtiger && self.variation.is_none() && self.draw(10) == 0 =>
            {
                self.push_money(self.cents(true) * 4 / 5, 2, out);
            }
            Fact::Stock if shop && !self.manages_stock() => return false,
            Fact::Stock => push_number(out, self.stock(shop)),
            Fact::LongStock => {
                push_number(out, self.stock(shop));
                out.push_str(".000");
            }
            Fact::Active => out.push(if self.active() { '1' } else { '0' }),
            Fact::Status => out.push_str(if self.active() { "publish" } else { "draft" }),
            Fact::ProductType => out.push_str(self.kind()),
            Fact::ManageStock => out.push(if self.manages_stock() { '1' } else { '0' }),
            Fact::StockStatus => {
                let empty = self.manages_stock() && self.stock(shop) == 0;
                out.push_str(if empty { "outofstock" } else { "instock" });
            }
            Fact::Weight => push_number(out, 1 + self.draw(12) as u64),
            Fact::Slug => {
                out.push_str("product-");
                push_number(out, self.number + 1);
            }
            Fact::Description => self.description(shop, out),
            Fact::Category => out.push_str(["", "Hardware", "Software"][self.draw(3)]),
            Fact::Created => push_stamp(out, self.stamps(side).0, ' '),
            Fact::Modified => push_stamp(out, self.stamps(side).1, ' '),
            _ => {}
        }
        true
    }

    fn kind(&self) -> &'static str {
        match (self.variation, self.slot.special) {
            (Some(_), _) => "variation",
            (None, Trait::Variable) => "variable",
            _ => "simple",
        }
    }

    fn name(&self, shop: bool, out: &mut String) {
        if let Some(size) = self.variation {
            out.push_str(SIZES[size]);
            return;
        }
        let from = out.len();
        let changed = shop && self.differs & NAME != 0;
        out.push_str(if changed { "New: " } else { "" });
        out.push_str(self.adjective);
        out.push(' ');
        out.push_str(self.good.noun);
        match self.slot.special {
            Trait::Entities => out.push_str(" & Case"),
            Trait::Emoji if shop => out.push_str(" 🎁"),
            Trait::Long if shop => {
                while out[from..].chars().count() <= 270 {
                    out.push_str(", ");
                    out.push_str(self.good.noun);
                }
            }
            _ => {}
        }
        out.push_str(", ");
        out.push_str(self.detail);
    }

    fn sku(&self, shop: bool, out: &mut String) {
        let missing = if shop { Trait::NoName } else { Trait::NoKey };
        if self.slot.special == missing {
            return;
        }
        out.push_str(self.good.prefix);
        out.push('-');
        for limit in [10_000, 1_000, 100, 10] {
            if self.number + 1 < limit {
                out.push('0');
            }
        }
        push_number(out, self.number + 1);
        if let Some(size) = self.variation {
            out.push('-');
            out.push_str(SIZES[size]);
        }
    }

    fn cents(&self, shop: bool) -> u64 {
        let (low, high) = self.good.cents;
        let changed = u64::from(shop && self.differs & PRICE != 0);
        let draw = low + mix(self.world.seed, PRODUCT + 5, self.number) % (high - low).max(1);
        // Ten cents more or less is what a forgotten price change looks like.
        draw / 10 * 10 + changed * 50
    }

    fn price(&self, shop: bool, decimals: usize, out: &mut String) -> bool {
        if self.kind() != "variable" {
            self.push_money(self.cents(shop), decimals, out);
        }
        true
    }

    fn push_money(&self, cents: u64, decimals: usize, out: &mut String) {
        push_number(out, cents / 100);
        out.push('.');
        push_number(out, cents / 10 % 10);
        push_number(out, cents % 10);
        out.extend(std::iter::repeat_n('0', decimals - 2));
    }

    fn stock(&self, shop: bool) -> u64 {
        let changed = u64::from(shop && self.differs & STOCK != 0);
        mix(self.world.seed, PRODUCT + 6, self.number) % 250 + changed * 3
    }

    fn manages_stock(&self) -> bool {
        match self.kind() {
            "variable" => false,
            _ => self.slot.vtiger || self.draw(5) != 0,
        }
    }

    fn active(&self) -> bool {
        (self.slot.vtiger && self.slot.woo) || self.draw(16) != 0
    }

    fn description(&self, shop: bool, out: &mut String) {
        out.push_str(self.text);
        if shop && self.differs & (TEXT | NAME) == TEXT {
            out.push_str(" Now with a better handle.");
        }
    }

    fn draw(&self, limit: usize) -> usize {
        let draw = mix(self.world.seed, PRODUCT + 9 + limit as u64, self.number) >> 20;
        usize::try_from(draw).unwrap_or(0) % limit.max(1)
    }
}

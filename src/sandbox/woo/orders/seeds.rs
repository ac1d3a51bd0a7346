//! The orders that are there from the beginning: of customers and of guests, with coupons, fees,
//! shipping, several rates, prices with tax, two currencies, refunds, and carts that were never
//! placed.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::reckon::{Rate, kept, reckon, round};
use crate::sandbox::clock::stamp;
use crate::sandbox::seed::deck::Side;
use crate::sandbox::seed::person::Person;
use crate::sandbox::seed::{Fact, Facts, Kind, World, mix};

const ORDER: u64 = 0x574f;
/// Item numbers of an order.
const ITEMS: u64 = 20;
/// The rates every shop of the sandbox has: country, state, rate, name, class, priority, shipping.
pub const RATES: [(&str, &str, &str, &str, &str, u64, bool); 6] = [
    ("DE", "", "19.0000", "MwSt 19", "standard", 1, true),
    ("DE", "", "7.0000", "MwSt 7", "reduced-rate", 1, false),
    ("DE", "", "0.0000", "Zero", "zero-rate", 1, true),
    ("AT", "", "20.0000", "USt 20", "standard", 1, true),
    ("US", "CA", "6.2500", "State Tax", "standard", 1, false),
    ("US", "CA", "1.5000", "County Tax", "standard", 2, false),
];
/// Coupons: code, percent or a fixed amount, how much.
pub const COUPONS: [(&str, &str, i64); 3] =
    [("welcome10", "percent", 10), ("half", "percent", 50), ("save5", "fixed_cart", 5)];

/// How many orders there are.
fn count(world: &World) -> u64 {
    match world.ids(Kind::Customers).is_empty() {
        true => 0,
        false => world.records * 2 / 3,
    }
}

/// Their ids, behind those of products and variations.
pub fn ids(world: &World) -> std::ops::Range<u64> {
    let start = world.ids(Kind::Goods).end.max(world.ids(Kind::Variations).end);
    start..start + count(world)
}

/// The first number for an item of a new order.
pub fn items_end(world: &World) -> u64 {
    count(world) * ITEMS + ITEMS
}

/// The rates at the beginning.
pub fn rates() -> Vec<Rate> {
    let numbered = RATES.iter().zip(1_u64..);
    numbered
        .map(|((country, state, percent, label, class, priority, shipping), id)| Rate {
            id,
            country: (*country).into(),
            state: (*state).into(),
            percent: percent.parse().unwrap_or_default(),
            label: (*label).into(),
            class: (*class).into(),
            priority: *priority,
            shipping: *shipping,
        })
        .collect()
}

/// An order by its place.
#[derive(Clone, Copy)]
pub struct Seed<'w> {
    world: &'w World,
    at: u64,
}

impl<'w> Seed<'w> {
    /// The seed of an id, if it is one.
    pub fn of(world: &'w World, id: u64) -> Option<Self> {
        let ids = ids(world);
        ids.contains(&id).then(|| Self { world, at: id - ids.start })
    }

    fn dice(&self, what: u64, sides: u64) -> u64 {
        mix(self.world.seed ^ ORDER, what, self.at) % sides.max(1)
    }

    /// When it was made and last changed.
    pub fn stamps(&self) -> (i64, i64) {
        let span =
            u64::try_from((self.world.base - self.world.dawn() - 86_400).max(1)).unwrap_or(1);
        let signed = |n: u64| i64::try_from(n).unwrap_or(0);
        let created = self.world.dawn() + signed(self.dice(1, span));
        (created, created + signed(self.dice(2, 36_000)))
    }

    /// The status.
    pub fn status(&self) -> &'static str {
        const ALL: [&str; 12] = [
            "completed",
            "completed",
            "completed",
            "completed",
            "processing",
            "processing",
            "processing",
            "on-hold",
            "pending",
            "cancelled",
            "refunded",
            "failed",
        ];
        if self.at % 41 == 40 {
            return "checkout-draft";
        }
        ALL[usize::try_from(self.dice(3, 12)).unwrap_or(0)]
    }

    /// The customer, or 0 for a guest.
    pub fn customer(&self) -> u64 {
        let ids = self.world.ids(Kind::Customers);
        if self.at % 4 == 3 { 0 } else { ids.start + self.dice(4, ids.end - ids.start) }
    }

    /// A column of the database.
    pub fn column(&self, name: &str) -> String {
        let (created, modified) = self.stamps();
        match name {
            "status" => self.status().into(),
            "date_created" => stamp(created, ' '),
            "date_modified" => stamp(modified, ' '),
            "customer_id" => self.customer().to_string(),
            _ => String::new(),
        }
    }

    fn fact(facts: &Facts<'_>, fact: Fact) -> String {
        let mut out = String::new();
        facts.write(fact, Side::Woo, &mut out);
        out
    }

    fn person(&self) -> Facts<'w> {
        let known = self.world.facts(Kind::Customers, self.customer());
        // A guest comes twice.
        let guest = self.world.records * 3 + self.at / 8;
        known.unwrap_or_else(|| Facts::Person(Person::new(self.world, guest, false)))
    }

    fn addresses(&self) -> (Value, Value) {
        let person = self.person();
        let of = |fact: Fact| Self::fact(&person, fact);
        let billing = json!({
            "first_name": of(Fact::First), "last_name": of(Fact::Last),
            "company": of(Fact::Company), "address_1": of(Fact::Street),
            "address_2": of(Fact::Street2), "city": of(Fact::City), "state": of(Fact::State),
            "postcode": of(Fact::Zip), "country": of(Fact::Country), "email": of(Fact::Email),
            "phone": of(Fact::Phone),
        });
        let mut shipping = billing.clone();
        if let Value::Object(members) = &mut shipping {
            members.remove("email");
            members.insert("phone".into(), json!(""));
            if self.dice(5, 6) == 0 {
                // Nothing is sent of what is downloaded.
                members.values_mut().for_each(|value| *value = json!(""));
            }
        }
        (billing, shipping)
    }

    /// A line item of some product, its price in the shop's prices.
    fn item(&self, n: u64) -> Option<(Map<String, Value>, Decimal)> {
        let goods = self.world.ids(Kind::Goods);
        let some = |ids: &std::ops::Range<u64>| ids.start + self.dice(100 + n, ids.end - ids.start);
        let mut id = some(&goods);
        let mut variation = None;
        let ids = self.world.ids(Kind::Variations);
        if !ids.is_empty() && self.dice(120 + n, 5) == 0 {
            let chosen = some(&ids);
            let facts = self.world.facts(Kind::Variations, chosen)?;
            let Facts::Product(of) = &facts else { return None };
            id = self.world.good_id(of.number);
            variation = Some((chosen, facts));
        }
        let product = self.world.facts(Kind::Goods, id)?;
        if variation.is_none() && matches!(&product, Facts::Product(of) if of.varies()) {
            // What has variations is sold as one of them.
            return None;
        }
        let sold = variation.as_ref().map_or(&product, |(_, facts)| facts);
        let price: Decimal = Self::fact(sold, Fact::Price).parse().ok()?;
        let quantity = 1 + self.dice(140 + n, 4);
        let item = json!({
            "name": Self::fact(sold, Fact::Name), "product_id": id,
            "variation_id": variation.as_ref().map_or(0, |(id, _)| *id), "quantity": quantity,
            "tax_class": if self.dice(160 + n, 4) == 0 { "reduced-rate" } else { "" },
            "sku": Self::fact(sold, Fact::Sku), "meta_data": [],
        });
        Some((item.as_object().cloned()?, price * Decimal::from(quantity)))
    }

    /// The order as it is kept.
    pub fn order(&self) -> Map<String, Value> {
        let mut next = (self.at + 1) * ITEMS;
        let mut number = || {
            next += 1;
            json!(next)
        };
        let (billing, shipping) = self.addresses();
        let with_tax = self.dice(6, 3) == 0 && shipping["country"] == "DE";
        let coupon = match self.dice(7, 5) {
            0 => Some(COUPONS[0]),
            1 if self.dice(8, 3) == 0 => Some(COUPONS[1]),
            _ => None,
        };
        let mut goods = Vec::new();
        let mut reduced = Decimal::ZERO;
        for n in 0..1 + self.dice(9, 4) {
            let Some((mut item, mut price)) = self.item(n) else { continue };
            if with_tax {
                let percent = if item["tax_class"] == "" { 119 } else { 107 };
                price = price * Decimal::ONE_HUNDRED / Decimal::from(percent);
            }
            let off = coupon.map_or(0, |(_, _, percent)| percent);
            let total = price - round(price * Decimal::from(off) / Decimal::ONE_HUNDRED, 2);
            reduced += price - total;
            item.insert("id".into(), number());
            item.insert("subtotal".into(), kept(price));
            item.insert("total".into(), kept(total));
            goods.push(Value::Object(item));
        }
        let sent = (shipping["country"] != "").then(|| {
            let (title, method, cost) =
                [("Flat rate", "flat_rate", "4.90"), ("Free shipping", "free_shipping", "0.00")]
                    [usize::from(self.dice(10, 3) == 0)];
            json!({ "id": number(), "method_title": title, "method_id": method,
                    "instance_id": "1", "total": cost, "meta_data": [] })
        });
        let fee = (self.dice(11, 7) == 0).then(|| {
            json!({ "id": number(), "name": "Gift wrap", "tax_class": "",
                    "tax_status": "taxable", "amount": "", "total": "2.00", "meta_data": [] })
        });
        let coupon = coupon.map(|(code, kind, much)| {
            json!({ "id": number(), "code": code, "discount": kept(reduced), "discount_tax": "0",
                    "discount_type": kind, "nominal_amount": much, "free_shipping": false,
                    "meta_data": [] })
        });
        let status = self.status();
        let (created, modified) = self.stamps();
        let paid = matches!(status, "processing" | "completed" | "refunded");
        let when = |yes: bool| if yes { json!(stamp(created, ' ')) } else { Value::Null };
        let bank = self.dice(12, 2) == 0;
        let mut order = json!({
            "parent_id": 0, "currency": if self.dice(13, 9) == 0 { "USD" } else { "EUR" },
            "prices_include_tax": with_tax, "billing": billing, "shipping": shipping,
            "payment_method": if bank { "bacs" } else { "cod" },
            "payment_method_title":
                if bank { "Direct bank transfer" } else { "Cash on delivery" },
            "transaction_id": "", "created_via": "checkout",
            "customer_note": if self.dice(14, 6) == 0 { "Please ring twice." } else { "" },
            "order_key": format!("wc_order_{:013x}", mix(self.world.seed, ORDER, self.at) >> 12),
            "meta_data": [], "line_items": goods, "shipping_lines": Vec::from_iter(sent),
            "fee_lines": Vec::from_iter(fee), "coupon_lines": Vec::from_iter(coupon),
            "tax_lines": [], "refunds": [], "date_paid": when(paid),
            "date_completed": if status == "completed" { json!(stamp(modified, ' ')) } else { Value::Null },
        })
        .as_object()
        .cloned()
        .unwrap_or_default();
        reckon(&mut order, &rates(), &|_| String::new());
        let total = order["total"].clone();
        for line in order["tax_lines"].as_array_mut().into_iter().flatten() {
            line["id"] = number();
        }
        let part = self.dice(15, 20) == 0 && paid;
        if status == "refunded" || part {
            let amount = if status == "refunded" { total } else { json!("1.00") };
            order.insert(
                "refunds".into(),
                json!([{ "id": 10_000_000 + self.at, "reason": "Returned", "amount": amount,
                         "date_created": stamp(modified, ' ') }]),
            );
        }
        order
    }
}

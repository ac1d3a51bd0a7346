//! Orders made by a calculator of the tests' own, after the rules of a shop's carts: prices with or
//! without tax, taxes rounded by line or at the end, coupons, shipping, fees, several rates.

use super::super::entity::named;
use super::super::records;
use super::*;
use crate::model::document::lines_of;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn read(order: &Json, wanted: &[&str]) -> Record {
    let entity = named("orders").unwrap();
    let wanted: Vec<String> = wanted.iter().map(|w| (*w).to_owned()).collect();
    let row = records::projection(entity, &wanted).take(&order.to_string()).unwrap();
    records::made(entity, row, &wanted, "shop.example").unwrap()
}

fn lines_read(order: &Json) -> Vec<Line> {
    lines_of(read(order, &[LINES]).fields.get(LINES).unwrap())
}

/// Dice that fall the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides) as usize
    }

    fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.roll(list.len() as u64)]
    }
}

/// How a shop computes.
#[derive(Debug, Clone, Copy)]
struct Shop {
    prices_with_tax: bool,
    round_at_the_end: bool,
    decimals: u32,
}

/// Rates by id; a class may have two at once (state and county).
const RATES: [(u64, &str, &str); 6] = [
    (1, "19", "MwSt 19"),
    (2, "7", "MwSt 7"),
    (3, "8.1", "MWST"),
    (4, "6.25", "State"),
    (5, "1.5", "County"),
    (6, "0", "Zero"),
];
const CLASSES: [&[usize]; 5] = [&[0], &[1], &[2], &[3, 4], &[5]];

fn at(amount: Decimal, places: u32) -> Decimal {
    amount.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}

impl Shop {
    fn tax_rounded(self, tax: Decimal) -> Decimal {
        if self.round_at_the_end {
            return tax;
        }
        let half = RoundingStrategy::MidpointTowardZero;
        let up = RoundingStrategy::MidpointAwayFromZero;
        tax.round_dp_with_strategy(self.decimals, if self.prices_with_tax { half } else { up })
    }

    /// The stored net amount and its taxes of a price.
    fn split(self, amount: Decimal, class: &[usize]) -> (Decimal, Vec<(u64, Decimal)>) {
        let rates: Vec<(u64, Decimal)> =
            class.iter().map(|r| (RATES[*r].0, dec(RATES[*r].1) / Decimal::ONE_HUNDRED)).collect();
        let all: Decimal = rates.iter().map(|(_, r)| *r).sum();
        let net = if self.prices_with_tax { amount / (Decimal::ONE + all) } else { amount };
        let taxes = rates.into_iter().map(|(id, rate)| (id, at(net * rate, 6))).collect();
        (at(net, 6), taxes)
    }
}

/// An item with amounts, as the API shows it.
fn item_json(net: Decimal, taxes: &[(u64, Decimal)], shop: Shop) -> (Json, Decimal) {
    let tax: Decimal = taxes.iter().map(|(_, t)| shop.tax_rounded(*t)).sum();
    let list: Vec<Json> = taxes
        .iter()
        .map(|(id, t)| json!({"id": id, "total": format!("{t:.6}"), "subtotal": ""}))
        .collect();
    (json!({"total": format!("{net:.6}"), "total_tax": format!("{tax:.6}"), "taxes": list}), tax)
}

struct Made {
    order: Json,
    /// Net and tax of each line.
    amounts: Vec<(Decimal, Decimal)>,
    grand: Decimal,
    shop: Shop,
}

fn cart(dice: &mut Dice) -> Made {
    let (currency, decimals) = dice.one_of(&[("EUR", 2), ("USD", 2), ("CHF", 2), ("JPY", 0)]);
    let shop =
        Shop { prices_with_tax: dice.roll(2) == 0, round_at_the_end: dice.roll(3) == 0, decimals };
    let coupon = dice.one_of(&[0_u64, 0, 0, 5, 10, 15, 33]);
    let mut amounts = Vec::new();
    let (mut net_sum, mut tax_sum) = (Decimal::ZERO, Decimal::ZERO);
    let mut by_rate: BTreeMap<u64, Decimal> = BTreeMap::new();
    let item_rounded = |net: Decimal| if shop.round_at_the_end { net } else { at(net, decimals) };
    let mut goods = Vec::new();
    for n in 0..1 + dice.roll(7) {
        let price = Decimal::new(1 + dice.roll(40_000) as i64, if decimals == 0 { 0 } else { 2 });
        let quantity = Decimal::from(1 + dice.roll(9) as u64);
        let class = CLASSES[dice.roll(5)];
        let (before, _) = shop.split(price * quantity, class);
        let off = price * quantity * Decimal::from(coupon) / Decimal::ONE_HUNDRED;
        let (net, taxes) = shop.split(price * quantity - at(off, decimals.max(2)), class);
        let (mut item, tax) = item_json(net, &taxes, shop);
        item["id"] = json!(n + 1);
        item["name"] = json!(format!("Thing {n} &amp; more"));
        item["product_id"] = json!(100 + n);
        item["variation_id"] = json!(if dice.roll(3) == 0 { 500 + n } else { 0 });
        item["quantity"] = json!(quantity.to_string().parse::<u64>().unwrap());
        item["subtotal"] = json!(format!("{before:.6}"));
        item["sku"] = json!(format!("T-{n}"));
        for (id, t) in &taxes {
            *by_rate.entry(*id).or_default() += shop.tax_rounded(*t);
        }
        net_sum += item_rounded(net);
        tax_sum += tax;
        amounts.push((net, tax));
        goods.push(item);
    }
    let mut charges = [Vec::new(), Vec::new()];
    let mut shipping_tax = Decimal::ZERO;
    for (list, title) in [(0, "method_title"), (1, "name")] {
        for n in 0..dice.one_of(&[0, 1, 1, 2]) {
            let most = if list == 0 { 3_000 } else { 900 };
            let price = Decimal::new(dice.roll(most) as i64, if decimals == 0 { 0 } else { 2 });
            // A fee may be a reduction.
            let price = if list == 1 && dice.roll(4) == 0 {
                -at(price / Decimal::TEN, decimals)
            } else {
                price
            };
            let class = CLASSES[dice.roll(3)];
            let net = at(price, 6);
            let taxes: Vec<(u64, Decimal)> = class
                .iter()
                .map(|r| (RATES[*r].0, at(net * dec(RATES[*r].1) / Decimal::ONE_HUNDRED, 6)))
                .collect();
            let (mut item, tax) = item_json(net, &taxes, shop);
            item["id"] = json!(50 + n + list * 10);
            item[title] = json!(format!("Charge {list} {n}"));
            net_sum += if list == 0 { at(net, decimals) } else { net };
            if list == 0 {
                shipping_tax += tax;
            } else {
                tax_sum += tax;
            }
            if !net.is_zero() || !tax.is_zero() {
                amounts.push((net, tax));
            }
            charges[list].push(item);
        }
    }
    let taxes = at(tax_sum, decimals) + at(shipping_tax, decimals);
    let grand = at(net_sum + taxes, decimals);
    let tax_lines: Vec<Json> = RATES
        .iter()
        .map(|(id, rate, label)| {
            json!({"rate_id": id, "label": label, "rate_percent": rate.parse::<f64>().unwrap()})
        })
        .collect();
    let [shipping_lines, fee_lines] = charges;
    let order = json!({
        "id": 67, "number": "67", "status": "processing", "currency": currency, "customer_id": 0,
        "total": format!("{grand:.6}"), "total_tax": format!("{taxes:.6}"), "line_items": goods,
        "shipping_lines": shipping_lines, "fee_lines": fee_lines, "tax_lines": tax_lines,
    });
    Made { order, amounts, grand, shop }
}

#[test]
fn thousands_of_carts_agree_with_their_totals_to_the_cent() {
    let mut dice = Dice(20_261_122);
    let (mut with_rest, mut at_the_end, count) = (0, 0, 6_000);
    for n in 0..count {
        let made = cart(&mut dice);
        let lines = lines_read(&made.order);
        assert_eq!(cents(sum(&lines)), cents(made.grand), "{n}: {lines:?}\n{}", made.order);
        let extra = lines.len() - made.amounts.len();
        assert!(extra <= 1, "{n}: {lines:?}");
        if extra == 1 {
            // What is left over by rounding has a line of its own, which says so.
            let rest = lines.last().unwrap();
            assert_eq!((rest.kind, rest.name.as_str()), (LineKind::Fee, ROUNDING), "{n}");
            with_rest += 1;
            at_the_end += usize::from(made.shop.round_at_the_end);
        }
        let unit = if made.shop.decimals == 0 { Decimal::ONE } else { dec("0.01") };
        for (line, (net, tax)) in lines.iter().zip(&made.amounts) {
            assert!((line.net() - net).abs() < unit, "{n}: {line:?} {net}");
            assert!((line.tax - tax).abs() < unit + unit, "{n}: {line:?} {tax}");
        }
    }
    assert!(with_rest * 100 <= count, "{with_rest} of {count} ({at_the_end} rounded at the end)");
}

/// An order that a shop answered, with a coupon, a variation and a fee.
const SAMPLE: &str = r#"{"id":67,"status":"processing","currency":"EUR","total":"40.72",
    "total_tax":"6.50","customer_id":2,"number":"67","billing":{"first_name":"Anna",
    "last_name":"Müller","company":"","email":"cust00@example.test"},
    "line_items":[
    {"id":1,"name":"Artikel 00 äöü","product_id":10,"variation_id":0,"quantity":1,"subtotal":"4.00",
     "total":"3.60","total_tax":"0.68","taxes":[{"id":1,"total":"0.68"}],"sku":"SKU-000"},
    {"id":2,"name":"Shirt 0 - Red, S","product_id":34,"variation_id":35,"quantity":2,
     "subtotal":"31.80","total":"28.62","total_tax":"5.44","taxes":[{"id":1,"total":"5.44"}]}],
    "tax_lines":[{"rate_id":1,"label":"MwSt 19","rate_percent":19}],
    "shipping_lines":[{"id":9,"method_title":"Free shipping","total":"0.00","total_tax":"0.00"}],
    "fee_lines":[{"id":3,"name":"Gift wrap","total":"2.00","total_tax":"0.38",
     "taxes":[{"id":1,"total":"0.38"}]}],
    "coupon_lines":[{"id":5,"code":"welcome10","discount":"3.58"}],
    "refunds":[{"id":87,"reason":"scratch","total":"-1.00"},{"id":88,"total":"-2.50"}]}"#;

#[test]
fn an_order_is_told_as_lines() {
    let order: Json = serde_json::from_str(SAMPLE).unwrap();
    let lines = lines_read(&order);
    let told: Vec<String> = lines.iter().map(Line::shown).collect();
    assert_eq!(
        told,
        [
            "1 × Artikel 00 äöü (SKU-000) at 4, less 0.4, 19 % tax",
            "2 × Shirt 0 - Red, S at 15.9, less 3.18, 19 % tax",
            "1 × Gift wrap at 2, 19 % tax",
        ]
    );
    let products: Vec<&str> = lines.iter().map(|l| l.product.as_str()).collect();
    assert_eq!(products, ["10", "35", ""], "the variation is what was sold");
    assert_eq!(lines[0].tax_name, "MwSt 19");
    assert_eq!(sum(&lines), dec("40.72"));
}

#[test]
fn what_a_plugin_adds_has_a_name() {
    let mut order: Json = serde_json::from_str(SAMPLE).unwrap();
    for (total, name, price) in
        [("40.74", ROUNDING, "0.02"), ("35.72", LESS, "-5"), ("50.72", MORE, "10")]
    {
        order["total"] = json!(total);
        let lines = lines_read(&order);
        let last = lines.last().unwrap();
        assert_eq!((last.kind, last.name.as_str(), last.price), (LineKind::Fee, name, dec(price)));
        assert_eq!(sum(&lines), dec(total));
    }
}

#[test]
fn people_and_names_are_told() {
    let mut order: Json = serde_json::from_str(SAMPLE).unwrap();
    let paths = [
        SUBJECT,
        TOTAL,
        TOTAL_TAX,
        ORGANIZATION,
        "guest.email",
        "guest.last_name",
        COUPONS,
        REFUNDED,
        SHIPPING,
        "status",
        "billing.email",
    ];
    let told = |order: &Json| -> Vec<String> {
        let record = read(order, &paths);
        assert_eq!(record.fields.len(), paths.len(), "{record:?}");
        paths.iter().map(|path| text(&record.fields, path)).collect()
    };
    let mut want = vec![
        "67@shop.example",
        "40.72",
        "6.5",
        "Anna Müller",
        "",
        "",
        "welcome10",
        "Refunded: 3.50 EUR",
        "Free shipping",
        "processing",
        "cust00@example.test",
    ];
    want[2] = "6.50";
    assert_eq!(told(&order), want);
    order["customer_id"] = json!(0);
    order["billing"]["last_name"] = json!("");
    order["billing"]["company"] = json!("Müller & Co.");
    order["meta_data"] = json!([{"id": 1, "key": "_syncdeck_subject", "value": "Big order"}]);
    let guest = told(&order);
    assert_eq!(guest[0], "Big order");
    assert_eq!(guest[3..6], ["Müller & Co.", "cust00@example.test", "Anna"]);
    assert_eq!(number_in("67@Shop.example", "shop.example"), Some("67"));
    assert_eq!(number_in("67@other.example", "shop.example"), None);
}

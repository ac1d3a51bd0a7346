//! Orders from the CRM as the shop takes them. The shop computes the taxes by its own rates.
//!
//! The stock of the shop stays what it was: the CRM has taken the goods of its orders out of stock
//! itself, and its stock travels with Products. So the items of a new order say that theirs is taken.
//!
//! Lines are addressed by their ids: one that means the same keeps its id, and one that did not
//! change is not sent, so that what the shop knows of it (options chosen, stock taken) stays.

use super::super::super::http::url;
use super::super::super::{ErrorKind, RemoteError, RemoteResult, Write};
use super::super::Woo;
use super::super::entity::{self, Entity};
use super::super::records::{self, text};
use super::super::staff::CUSTOMER;
use super::super::write::Results;
use super::{
    LINES, MARK, NAMED, ORGANIZATION, STORED, SUBJECT, VIRTUAL, cents, id, is_rest, money,
    number_in, objects,
};
use crate::model::document::{CURRENCY, Line, LineKind, lines_of};
use crate::model::{Fields, UserError, Value};
use rust_decimal::Decimal;
use std::collections::{HashMap, HashSet};

/// Where an item keeps how much of it was taken out of stock. The shop takes no more.
const TAKEN: &str = "_reduced_stock";
/// The way of shipping that no plugin computes again.
const METHOD: &str = "other";
/// What a guest is told by, and where the order keeps it.
const GUEST: [(&str, &str); 4] = [
    ("guest.email", "billing.email"),
    ("guest.first_name", "billing.first_name"),
    ("guest.last_name", "billing.last_name"),
    ("guest.phone", "billing.phone"),
];

/// The parents of products that are variations.
type Parents = HashMap<String, String>;

impl Woo {
    /// Host and folder: what tells this shop's order numbers from another's.
    pub(crate) fn shop(&self) -> String {
        let host = url::host(&self.site);
        let host = host.strip_prefix("www.").unwrap_or(&host);
        format!("{host}{}", self.site.path().trim_end_matches('/'))
    }

    /// The writes as the shop takes them; those that cannot be sent have their result.
    pub(crate) async fn order_writes(
        &self,
        entity: &'static Entity,
        writes: &[Write],
        results: &mut Results,
    ) -> Vec<Write> {
        let known = self.before(entity, writes).await;
        let products = self.sold(writes).await;
        let mut sent = writes.to_vec();
        for (at, write) in sent.iter_mut().enumerate() {
            let (id, fields) = match write {
                Write::Create { fields } => (None, fields),
                Write::Update { id, fields, .. } => (Some(id.clone()), fields),
                Write::Delete { .. } => continue,
            };
            match self.order_fields(id.as_deref(), fields, &known, &products) {
                Ok(made) => *fields = made,
                Err(error) => results[at] = Some(Err(error)),
            }
        }
        sent
    }

    /// The orders whose lines or customers are to be changed, as they are now.
    async fn before(
        &self,
        entity: &'static Entity,
        writes: &[Write],
    ) -> RemoteResult<HashMap<String, Fields>> {
        let ids: Vec<String> = writes
            .iter()
            .filter_map(|write| match write {
                Write::Update { id, fields, .. } => {
                    fields.get(LINES).or(fields.get(CUSTOMER)).map(|_| id.clone())
                }
                Write::Create { .. } | Write::Delete { .. } => None,
            })
            .collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let fields = ["line_items", "shipping_lines", "fee_lines", CUSTOMER].map(str::to_owned);
        let found = self.fetch_ids(entity, &ids, &fields).await?;
        Ok(found.into_iter().map(|record| (record.id, record.fields)).collect())
    }

    /// The products of the lines that are in the shop, each with its parent if it is a variation:
    /// an order with an unknown product is accepted without a word.
    async fn sold(&self, writes: &[Write]) -> RemoteResult<(HashSet<String>, Parents)> {
        let mut ids: Vec<String> = writes
            .iter()
            .filter_map(|write| match write {
                Write::Create { fields } | Write::Update { fields, .. } => fields.get(LINES),
                Write::Delete { .. } => None,
            })
            .flat_map(|lines| lines_of(lines).into_iter().map(|line| line.product))
            .filter(|id| !id.is_empty())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let Some(products) = entity::named("products").filter(|_| !ids.is_empty()) else {
            return Ok(Default::default());
        };
        let found = self.fetch_ids(products, &ids, &[]).await?;
        let there: HashSet<String> = found.into_iter().map(|record| record.id).collect();
        let parent = |id: &String| Some((id.clone(), self.parent_of(products, id)?));
        Ok((there, ids.iter().filter_map(parent).collect()))
    }

    fn order_fields(
        &self,
        id: Option<&str>,
        fields: &Fields,
        known: &RemoteResult<HashMap<String, Fields>>,
        products: &RemoteResult<(HashSet<String>, Parents)>,
    ) -> RemoteResult<Fields> {
        let mut out = fields.clone();
        for (path, ..) in VIRTUAL {
            out.remove(path);
        }
        if let Some(subject) = fields.get(SUBJECT).map(Value::to_text) {
            let own = number_in(&subject, &self.shop()).is_some();
            if id.is_some() || !own {
                out.set(NAMED, if own { String::new() } else { subject });
            }
        }
        if id.is_none() {
            new_order(&mut out, fields);
        } else if fields.get(CUSTOMER).is_some_and(Value::is_empty) {
            out.set(CUSTOMER, 0);
        }
        if let (Some(id), true) = (id, fields.get(CUSTOMER).is_some()) {
            known.as_ref().map_err(Clone::clone)?;
            if self.staff.has_order(id) {
                // It was told as a guest's, which it is not in the shop.
                out.remove(CUSTOMER);
            }
        }
        let Some(value) = fields.get(LINES) else { return Ok(out) };
        let lines = lines_of(value);
        let known = known.as_ref().map_err(Clone::clone)?;
        let (there, parents) = products.as_ref().map_err(Clone::clone)?;
        let gone = |line: &&Line| !line.product.is_empty() && !there.contains(&line.product);
        if let Some(line) = lines.iter().find(gone) {
            return Err(not_sold(line));
        }
        let nothing = Fields::new();
        let now = match id {
            Some(id) => known.get(id).ok_or_else(|| gone_order(id))?,
            None => &nothing,
        };
        for (list, items) in items(&lines, now, parents) {
            if !items.is_empty() {
                out.set(list, Value::List(items));
            }
        }
        Ok(out)
    }

    /// Finds orders by the ids of their sources. They can be listed from the instant on before which
    /// none of them was made, and are told by what they carry.
    pub(crate) async fn marked(
        &self,
        entity: &'static Entity,
        values: &[String],
        wanted: &[String],
    ) -> RemoteResult<Vec<crate::model::Record>> {
        let asked: Vec<(&str, i64)> = values
            .iter()
            .filter_map(|value| value.rsplit_once('@'))
            .filter_map(|(id, seconds)| Some((id, seconds.parse().ok()?)))
            .collect();
        let Some(first) = asked.iter().map(|(_, seconds)| *seconds).min() else {
            return Ok(Vec::new());
        };
        let from = crate::model::Stamp((first + self.auth.skew_s() - SLACK) * 1000);
        let mut fields = wanted.to_vec();
        fields.push(MARK.to_owned());
        let mut all = Vec::new();
        for trash in [false, true] {
            for page in 1_u64.. {
                let ask = self
                    .reading(entity, &fields, trash)
                    .await?
                    .with("after", records::bare_utc(from))
                    .with("dates_are_gmt", "true")
                    .with("page", page.to_string());
                let rows = self.rows(entity, &ask, &fields).await?;
                let full = rows.len() >= 100;
                let made = rows.into_iter().filter(|row| !records::is_cart(row));
                all.extend(
                    made.filter_map(|row| records::made(entity, row, &fields, &self.shop())),
                );
                if !full {
                    break;
                }
            }
        }
        all.retain(|record| asked.iter().any(|(id, _)| *id == text(&record.fields, MARK)));
        for record in &mut all {
            records::trimmed(&mut record.fields, wanted);
        }
        Ok(all)
    }
}

/// The clocks of both sides may differ, and the shop writes its stamp after it has begun.
const SLACK: i64 = 600;

/// What a new order has beside its mapped fields.
fn new_order(out: &mut Fields, fields: &Fields) {
    let of = |out: &Fields, path: &str| text(out, path).trim().to_owned();
    for (path, held) in GUEST {
        let told = of(fields, path);
        if !told.is_empty() && of(out, held).is_empty() {
            out.set(held, told);
        }
    }
    let names = ["billing.first_name", "billing.last_name"].map(|path| of(out, path));
    let company = of(fields, ORGANIZATION);
    let is_person = company.eq_ignore_ascii_case(names.join(" ").trim());
    if !company.is_empty() && !is_person && of(out, "billing.company").is_empty() {
        out.set("billing.company", company);
    }
    let shipped =
        out.iter().any(|(path, value)| path.starts_with("shipping.") && !value.is_empty());
    if shipped {
        let parts = ["first_name", "last_name", "company"];
        for part in parts {
            let held = of(out, &format!("billing.{part}"));
            let path = format!("shipping.{part}");
            if !held.is_empty() && of(out, &path).is_empty() {
                out.set(path, held);
            }
        }
    }
    if out.get(CUSTOMER).is_some_and(Value::is_empty) {
        out.remove(CUSTOMER);
    }
    if out.get(CURRENCY).is_some_and(Value::is_empty) {
        out.remove(CURRENCY);
    }
}

/// An item in the JSON of the shop.
fn item<'a>(members: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    Value::Object(members.into_iter().collect())
}

fn number(id: &str) -> Value {
    id.parse::<i64>().map_or_else(|_| Value::from(id), Value::from)
}

fn sum(amount: Decimal) -> Decimal {
    amount.round_dp(STORED).normalize()
}

fn written(amount: Decimal) -> Value {
    Value::from(sum(amount).to_string())
}

/// A line as one of the three lists has it.
struct Wanted {
    product: String,
    name: String,
    quantity: Decimal,
    before: Decimal,
    after: Decimal,
    taxed: bool,
}

/// The items to be sent, by list.
fn items(lines: &[Line], now: &Fields, parents: &Parents) -> [(&'static str, Vec<Value>); 3] {
    let mut wanted: [Vec<Wanted>; 3] = Default::default();
    for line in lines {
        let list = match line.kind {
            LineKind::Product if !line.product.is_empty() => 0,
            LineKind::Shipping => 1,
            LineKind::Product | LineKind::Fee => 2,
        };
        if line.quantity.is_zero() && line.net().is_zero() {
            continue;
        }
        if is_rest(line) && !has_fee(now, &line.name) {
            // The shop adds what it adds by itself.
            continue;
        }
        wanted[list].push(want(line, list));
    }
    let [goods, shipping, fees] = wanted;
    [
        ("line_items", goods_items(&goods, now, parents)),
        ("shipping_lines", charges(&shipping, now, "shipping_lines", "method_title")),
        ("fee_lines", charges(&fees, now, "fee_lines", "name")),
    ]
}

fn has_fee(now: &Fields, name: &str) -> bool {
    objects(now.get("fee_lines")).iter().any(|fee| text(fee, "name").trim() == name.trim())
}

/// Quantities of the shop are whole: another one becomes one of so much.
fn want(line: &Line, list: usize) -> Wanted {
    let whole = line.quantity.fract().is_zero() && line.quantity > Decimal::ZERO;
    let mut name = line.name.trim().to_owned();
    if line.quantity != Decimal::ONE && (list > 0 || !whole) {
        name = format!("{} × {name}", line.quantity.normalize());
    }
    Wanted {
        product: line.product.clone(),
        name,
        quantity: if whole { line.quantity } else { Decimal::ONE },
        before: sum(line.quantity * line.price),
        after: sum(line.net()),
        taxed: !line.tax.is_zero(),
    }
}

/// Whether an item is the one for a line.
type Test<'t> = &'t dyn Fn(&Wanted, &Fields) -> bool;

/// For each wanted line the item that it is now: the first one that is the same, else one that is
/// alike. An item is taken once.
fn paired<'a>(
    wanted: &[Wanted],
    now: &[&'a Fields],
    same: impl Fn(&Wanted, &Fields) -> bool,
    alike: impl Fn(&Wanted, &Fields) -> bool,
) -> (Vec<Option<&'a Fields>>, Vec<&'a Fields>) {
    let mut left: Vec<&'a Fields> = now.to_vec();
    let mut found: Vec<Option<&'a Fields>> = vec![None; wanted.len()];
    let tests: [Test<'_>; 2] = [&same, &alike];
    for test in tests {
        for (want, slot) in wanted.iter().zip(&mut found) {
            if slot.is_none()
                && let Some(at) = left.iter().position(|item| test(want, item))
            {
                *slot = Some(left.remove(at));
            }
        }
    }
    (found, left)
}

fn goods_items(wanted: &[Wanted], now: &Fields, parents: &Parents) -> Vec<Value> {
    let held = objects(now.get("line_items"));
    let product = |item: &Fields| {
        let ids = [id(item, "variation_id"), id(item, "product_id")];
        ids.into_iter().find(|id| !id.is_empty()).unwrap_or_default()
    };
    let is = |want: &Wanted, item: &Fields| {
        want.product == product(item)
            && want.quantity == money(item, "quantity")
            && cents(want.before) == cents(money(item, "subtotal"))
            && cents(want.after) == cents(money(item, "total"))
    };
    let (found, left) =
        paired(wanted, &held, is, |want, item: &Fields| want.product == product(item));
    let mut items = Vec::new();
    for (want, found) in wanted.iter().zip(&found) {
        if found.is_some_and(|item| is(want, item)) {
            continue;
        }
        let mut members = vec![
            ("quantity", Value::Number(want.quantity)),
            ("subtotal", written(want.before)),
            ("total", written(want.after)),
        ];
        match (found, parents.get(&want.product)) {
            (Some(item), _) => members.push(("id", number(&text(item, "id")))),
            (None, Some(parent)) => {
                members.push(("product_id", number(parent)));
                members.push(("variation_id", number(&want.product)));
            }
            (None, None) => members.push(("product_id", number(&want.product))),
        }
        if now.is_empty() {
            let taken =
                item([("key", Value::from(TAKEN)), ("value", Value::Number(want.quantity))]);
            members.push(("meta_data", Value::List(vec![taken])));
        }
        if want.name.contains(" × ") && found.is_none() {
            members.push(("name", Value::from(want.name.clone())));
        }
        items.push(item(members));
    }
    for gone in left {
        // What was not told because it costs nothing stays.
        if !(money(gone, "quantity").is_zero() && money(gone, "total").is_zero()) {
            items.push(item([("id", number(&text(gone, "id"))), ("quantity", Value::from(0))]));
        }
    }
    items
}

/// Shipping or fees.
fn charges(wanted: &[Wanted], now: &Fields, list: &str, title: &'static str) -> Vec<Value> {
    let shipping = list == "shipping_lines";
    let held: Vec<&Fields> = objects(now.get(list))
        .into_iter()
        .filter(|item| !money(item, "total").is_zero() || !money(item, "total_tax").is_zero())
        .collect();
    let named = |want: &Wanted, item: &Fields| {
        let name = super::plain(&text(item, title));
        want.name == name.trim() || (name.trim().is_empty() && want.name.is_empty())
    };
    // Shipping is shipping, whatever the CRM calls it.
    let (found, left) = paired(wanted, &held, named, |_, _| shipping);
    let mut items = Vec::new();
    for (want, found) in wanted.iter().zip(&found) {
        let keeps = found.is_some_and(|item| cents(want.after) == cents(money(item, "total")));
        if keeps && found.is_some_and(|item| shipping || named(want, item)) {
            continue;
        }
        let mut members = vec![("total", written(want.after))];
        match found {
            Some(item) => members.push(("id", number(&text(item, "id")))),
            None => {
                members.push((title, Value::from(want.name.clone())));
                if shipping {
                    members.push(("method_id", Value::from(METHOD)));
                } else {
                    let taxed = if want.taxed { "taxable" } else { "none" };
                    members.push(("tax_status", Value::from(taxed)));
                }
            }
        }
        items.push(item(members));
    }
    let key = if shipping { "method_id" } else { "name" };
    for gone in left {
        items.push(item([("id", number(&text(gone, "id"))), (key, Value::Null)]));
    }
    items
}

fn not_sold(line: &Line) -> RemoteError {
    let mut error = RemoteError::new(
        ErrorKind::Refused,
        UserError::new(
            "The order was not sent: one of its products is not in the shop.",
            format!("The line \"{}\" is product {} there, which is gone.", line.name, line.product),
            "Restore the product in the shop, or take the line out of the order.",
        ),
    );
    error.field = Some(LINES.to_owned());
    error
}

fn gone_order(id: &str) -> RemoteError {
    RemoteError::new(
        ErrorKind::NotFound,
        UserError::new(format!("The order {id} is not in the shop."), "It was deleted.", ""),
    )
}

#[cfg(test)]
mod tests;

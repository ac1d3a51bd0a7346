//! Searching: which records a list is asked for, and in which order.

use std::collections::HashSet;

use super::dates::bound;
use super::list::{Ask, table_of, whole};
use super::orders::reckon::items as items_of;
use super::orders::{OF_A_PLUGIN, mentions};
use super::render::price;
use super::schema::items;
use super::store::{Row, Store, Table};
use super::values::text;
use crate::sandbox::text::fold;

/// All ids that pass the filters, in the order asked for.
pub fn found(store: &Store, table: Table, ask: &Ask<'_>) -> Vec<u64> {
    let include = ask.ids("include");
    let asked = ask.parameters.get("include").is_some_and(|v| !items(v).is_empty());
    let exclude: HashSet<u64> = ask.ids("exclude").into_iter().collect();
    let test = Test::new(store, table, ask);
    let candidates = if asked { include.clone() } else { candidates(store, table, ask) };
    let mut seen = HashSet::new();
    let mut ids: Vec<u64> = candidates
        .into_iter()
        .filter(|id| !exclude.contains(id) && (!asked || seen.insert(*id)))
        .filter(|id| {
            store.row(table_of(store, table, *id), *id).is_some_and(|row| test.passes(&row))
        })
        .collect();
    sort(store, table, ask, &include, &mut ids);
    ids
}

/// The records that can be meant at all.
fn candidates(store: &Store, table: Table, ask: &Ask<'_>) -> Vec<u64> {
    match table {
        Table::Variations => return store.variations(ask.parent.unwrap_or(0)),
        Table::Products => {
            if let Some(skus) = ask.text("sku") {
                let keys = skus.split(',').map(|sku| fold(sku.trim())).filter(|s| !s.is_empty());
                return keys
                    .flat_map(|sku| {
                        let mut ids = store.with_key(Table::Products, "sku", &sku);
                        ids.extend(store.with_key(Table::Variations, "sku", &sku));
                        ids
                    })
                    .collect();
            }
        }
        Table::Customers => {
            let staff = store.table(Table::Staff).ids_from(0);
            if let Some(email) = ask.text("email").filter(|e| !e.contains('*')) {
                return staff
                    .chain(store.with_key(Table::Customers, "email", &fold(email)))
                    .collect();
            }
            return staff.chain(store.table(table).ids_from(0)).collect();
        }
        _ => {}
    }
    store.table(table).ids_from(0).collect()
}

/// The filters of a list.
struct Test<'a> {
    ask: &'a Ask<'a>,
    table: Table,
    modified: (Option<i64>, Option<i64>),
    created: (Option<i64>, Option<i64>),
    statuses: Vec<&'a str>,
    store: &'a Store,
}

impl<'a> Test<'a> {
    fn new(store: &'a Store, table: Table, ask: &'a Ask<'a>) -> Self {
        let bounds = |after: &str, before: &str| {
            (bound(ask.parameters, after), bound(ask.parameters, before))
        };
        let mut statuses: Vec<&str> =
            ask.text("include_status").map(|s| s.split(',').collect()).unwrap_or_default();
        if statuses.is_empty() {
            let asked = ask.text("status").unwrap_or("any");
            statuses.extend(if table == Table::Orders {
                asked.split(',').collect()
            } else {
                vec![asked]
            });
        }
        let dated = table != Table::Customers && table != Table::Taxes;
        let nothing = (None, None);
        Self {
            ask,
            table,
            modified: if dated { bounds("modified_after", "modified_before") } else { nothing },
            created: if dated { bounds("after", "before") } else { nothing },
            statuses,
            store,
        }
    }

    fn passes(&self, row: &Row<'_>) -> bool {
        match self.table {
            Table::Customers => self.customer(row),
            Table::Products | Table::Variations => self.product(row),
            Table::Orders => self.order(row),
            Table::Taxes => self.ask.text("class").is_none_or(|class| row.get("class") == class),
            Table::Staff | Table::Classes => true,
        }
    }

    fn customer(&self, row: &Row<'_>) -> bool {
        let role = self.ask.text("role").unwrap_or("customer");
        let like = |pattern: &str, text: &str| match pattern.split_once('*') {
            Some((head, tail)) => {
                text.len() >= head.len() + tail.len()
                    && text.starts_with(head)
                    && text.ends_with(tail)
            }
            None => text == pattern,
        };
        (role == "all" || row.get("role") == role)
            && self
                .ask
                .text("email")
                .is_none_or(|email| like(&fold(email), &fold(&row.get("email"))))
            && self.ask.text("search").is_none_or(|word| {
                let word = fold(word.trim_matches('*'));
                fold(&row.get("email")).contains(&word)
                    || fold(&row.get("username")).contains(&word)
            })
    }

    /// Whether the stamps pass.
    fn dated(&self, row: &Row<'_>) -> bool {
        let within = |(after, before): (Option<i64>, Option<i64>), at: Option<i64>| {
            let at = at.unwrap_or(0);
            after.is_none_or(|a| at > a) && before.is_none_or(|b| at < b)
        };
        (self.modified == (None, None) || within(self.modified, row.modified()))
            && (self.created == (None, None) || within(self.created, row.instant("date_created")))
    }

    fn order(&self, row: &Row<'_>) -> bool {
        if !self.dated(row) {
            return false;
        }
        let status = row.get("status");
        // WordPress searches posts, and "any" leaves out what is kept out of searches.
        let hidden = status == "trash" || (self.ask.posts && status == OF_A_PLUGIN);
        let any = self.statuses.contains(&"any");
        let shown = if any { !hidden } else { self.statuses.contains(&status.as_str()) };
        let customer = |id: &str| row.get("customer_id") == id;
        if !shown || !self.ask.text("customer").is_none_or(customer) {
            return false;
        }
        let (product, word) = (self.ask.text("product"), self.ask.text("search"));
        let via = self.ask.text("created_via");
        if product.is_none() && word.is_none() && via.is_none() {
            return true;
        }
        let Some(order) = self.store.order(row.id) else { return false };
        let sold = |id: &str| {
            let has = |item: &serde_json::Value| {
                ["product_id", "variation_id"].iter().any(|name| text(&item[*name]) == id)
            };
            items_of(&order, "line_items").iter().any(has)
        };
        product.is_none_or(sold)
            && word.is_none_or(|word| mentions(&order, row.id, word))
            && via.is_none_or(|via| order.get("created_via").is_some_and(|v| v == via))
    }

    fn product(&self, row: &Row<'_>) -> bool {
        if !self.dated(row) {
            return false;
        }
        let status = row.get("status");
        let shown = |wanted: &&str| *wanted == status || (*wanted == "any" && status != "trash");
        let excluded =
            self.ask.text("exclude_status").is_some_and(|s| s.split(',').any(|s| s == status));
        let same = |parameter: &str, column: &str| {
            self.ask.text(parameter).is_none_or(|v| row.get(column) == v)
        };
        self.statuses.iter().any(shown)
            && !excluded
            && same("type", "type")
            && same("slug", "slug")
            && same("stock_status", "stock_status")
            && self
                .ask
                .text("tax_class")
                .is_none_or(|class| row.get("tax_class") == class.replace("standard", ""))
            && self
                .ask
                .text("featured")
                .is_none_or(|f| row.is("featured") == matches!(f, "true" | "1"))
            && self.priced(row)
            && self.ask.text("search").is_none_or(|word| {
                fold(&row.get("name")).contains(&fold(word))
                    || fold(&row.get("description")).contains(&fold(word))
            })
    }

    fn priced(&self, row: &Row<'_>) -> bool {
        let bound = |name: &str| self.ask.text(name).and_then(|t| t.parse::<f64>().ok());
        let (low, high) = (bound("min_price"), bound("max_price"));
        if low.is_none() && high.is_none() {
            return true;
        }
        let price = price(self.store, row).parse::<f64>().unwrap_or(0.0);
        low.is_none_or(|l| price >= l) && high.is_none_or(|h| price <= h)
    }
}

fn sort(store: &Store, table: Table, ask: &Ask<'_>, include: &[u64], ids: &mut [u64]) {
    let (by, downwards) = match table {
        Table::Customers => ("name", false),
        Table::Taxes => ("order", false),
        _ => ("date", true),
    };
    let by = ask.text("orderby").unwrap_or(by);
    let downwards = ask.text("order").map_or(downwards, |order| order == "desc");
    let row = |id: u64| store.row(table_of(store, table, id), id);
    let stamp =
        |id: u64| {
            row(id).and_then(|r| {
                if by == "modified" { r.modified() } else { r.instant("date_created") }
            })
        };
    let text = |id: u64, name: &str| row(id).map(|r| fold(&r.get(name))).unwrap_or_default();
    match by {
        "include" | "post__in" => ids.sort_by_key(|id| include.iter().position(|i| i == id)),
        "date" | "registered_date" | "modified" => ids.sort_by_cached_key(|id| (stamp(*id), *id)),
        "title" => ids.sort_by_cached_key(|id| (text(*id, "name"), *id)),
        "name" => ids.sort_by_cached_key(|id| (text(*id, "username"), *id)),
        "slug" => ids.sort_by_cached_key(|id| (text(*id, "slug"), *id)),
        "price" => ids.sort_by_cached_key(|id| {
            let price = row(*id).and_then(|r| price(store, &r).parse::<f64>().ok()).unwrap_or(0.0);
            (whole(price * 100.0), *id)
        }),
        _ => ids.sort_unstable(),
    }
    if downwards && !matches!(by, "include" | "post__in") {
        ids.reverse();
    }
}

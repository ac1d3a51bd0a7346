//! Lists: filters, order, pages and the headers that go with them.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};

use super::dates::bound;
use super::fail::json_reply;
use super::php;
use super::render::{Plan, View, price};
use super::schema::{items, number};
use super::store::{Row, Store, Table};
use crate::sandbox::http::Reply;
use crate::sandbox::text::fold;

/// How many lists are kept, so that the pages of one listing are not searched for again.
const KEPT: usize = 4;

/// Parameters that choose no record.
const PAGING: [&str; 10] = [
    "page",
    "per_page",
    "offset",
    "_fields",
    "context",
    "_envelope",
    "consumer_key",
    "consumer_secret",
    "_method",
    "_locale",
];

/// Lists found lately.
#[derive(Debug, Default)]
pub struct Kept {
    lists: Mutex<Vec<Found>>,
}

/// A list found: good as long as the store has not changed.
#[derive(Debug)]
struct Found {
    generation: u64,
    /// Table and parameters.
    name: String,
    ids: Arc<Vec<u64>>,
}

/// A page to be shown.
#[derive(Debug, Clone, Copy)]
struct Page {
    number: u64,
    size: u64,
    offset: u64,
}

/// What a list is asked with.
pub struct Ask<'a> {
    /// Where the shop is.
    pub home: &'a str,
    /// The path of the list below `wc/v3`.
    pub path: &'a str,
    /// The query string as it came.
    pub query: &'a str,
    /// All parameters, checked.
    pub parameters: &'a Map<String, Value>,
    /// What the reader sees.
    pub view: View,
    /// The product whose variations are listed.
    pub parent: Option<u64>,
}

impl Ask<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.parameters
            .get(name)
            .and_then(Value::as_str)
            .filter(|t| !t.is_empty())
    }

    fn ids(&self, name: &str) -> Vec<u64> {
        let list = self.parameters.get(name).map(items).unwrap_or_default();
        list.iter()
            .filter_map(number)
            .filter(|n| *n >= 0.0)
            .map(whole)
            .collect()
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.parameters.get(name).and_then(number).map(whole)
    }

    /// The parameters that choose and sort records.
    fn choice(&self) -> Vec<(&String, &Value)> {
        let chooses = |name: &str| !PAGING.contains(&name) && !name.starts_with("oauth_");
        self.parameters
            .iter()
            .filter(|(name, _)| chooses(name))
            .collect()
    }
}

/// A number without its fraction.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn whole(number: f64) -> u64 {
    number as u64
}

/// Answers a list.
pub fn list(store: &Store, kept: &Kept, table: Table, ask: &Ask<'_>) -> Reply {
    let size = ask.number("per_page").unwrap_or(10);
    let number = ask.number("page").unwrap_or(1);
    let offset = ask.number("offset").unwrap_or((number - 1) * size);
    let page = Page {
        number,
        size,
        offset,
    };
    let (ids, total) = match straight(store, table, ask, page) {
        Some(found) => found,
        None => {
            let all = kept.get(store, table, ask);
            let from = usize::try_from(offset).unwrap_or(usize::MAX).min(all.len());
            let to = from
                .saturating_add(usize::try_from(size).unwrap_or(0))
                .min(all.len());
            (all[from..to].to_vec(), all.len() as u64)
        }
    };
    let mut body = String::with_capacity(ids.len() * 1500 + 2);
    body.push('[');
    let mut plans: [Option<Plan>; 2] = [None, None];
    for id in ids {
        let table = table_of(store, table, id);
        let Some(row) = store.row(table, id) else {
            continue;
        };
        if body.len() > 1 {
            body.push(',');
        }
        let shown = if table == Table::Variations && ask.parent.is_none() {
            1
        } else {
            0
        };
        let plan = plans[shown].get_or_insert_with(|| {
            Plan::new(if shown == 1 { Table::Products } else { table }, &ask.view)
        });
        plan.push(&mut body, store, &row, ask.home);
    }
    body.push(']');
    with_headers(json_reply(200, body), total, page, ask)
}

/// The table of a record in a list that may hold records of two.
fn table_of(store: &Store, table: Table, id: u64) -> Table {
    match table {
        Table::Customers if store.table(Table::Staff).exists(id) => Table::Staff,
        Table::Products if store.table(Table::Variations).exists(id) => Table::Variations,
        other => other,
    }
}

/// The page of a list of everything by id, which needs no search.
fn straight(store: &Store, table: Table, ask: &Ask<'_>, page: Page) -> Option<(Vec<u64>, u64)> {
    let mut choice = ask.choice();
    choice.retain(|(name, value)| match name.as_str() {
        "include" | "exclude" => !items(value).is_empty(),
        "status" => value.as_str() != Some("any"),
        _ => true,
    });
    let wanted = |name: &str| {
        choice
            .iter()
            .find(|(n, _)| *n == name)
            .and_then(|(_, v)| v.as_str())
    };
    let all = wanted("role") == Some("all");
    let plain = choice.iter().all(|(name, value)| {
        matches!(
            (name.as_str(), value.as_str()),
            ("order", _) | ("orderby", Some("id")) | ("role", Some("all" | "customer"))
        )
    });
    let in_table = matches!(table, Table::Customers | Table::Products | Table::Taxes);
    if !plain || wanted("orderby") != Some("id") || !in_table {
        return None;
    }
    let staff: Vec<u64> = if all {
        store.table(Table::Staff).ids_from(0).collect()
    } else {
        Vec::new()
    };
    let rows = store.table(table);
    let nothing = BTreeSet::new();
    let hidden = if table == Table::Products {
        &store.trashed
    } else {
        &nothing
    };
    let total = rows.len() + staff.len() as u64 - hidden.len() as u64;
    let descending = match wanted("order") {
        Some(order) => order == "desc",
        None => table == Table::Products,
    };
    let left = total.saturating_sub(page.offset).min(page.size);
    let from = if descending {
        total.saturating_sub(page.offset + left)
    } else {
        page.offset
    };
    let skipped = from.saturating_sub(staff.len() as u64);
    let first = staff
        .iter()
        .copied()
        .skip(usize::try_from(from).unwrap_or(usize::MAX));
    let mut ids: Vec<u64> = first
        .chain(rows.ids_at(skipped, hidden))
        .take(usize::try_from(left).unwrap_or(0))
        .collect();
    if descending {
        ids.reverse();
    }
    Some((ids, total))
}

impl Kept {
    /// The whole list of ids, found now or lately.
    fn get(&self, store: &Store, table: Table, ask: &Ask<'_>) -> Arc<Vec<u64>> {
        // A look-up of a few would only push out the long lists.
        if ["include", "sku", "email"]
            .iter()
            .any(|name| ask.text(name).is_some())
        {
            return Arc::new(found(store, table, ask));
        }
        let mut name = format!("{table:?} {:?}", ask.parent);
        for (key, value) in ask.choice() {
            name.push_str(&format!(" {key}={value}"));
        }
        let same = |list: &&Found| list.generation == store.generation && list.name == name;
        if let Some(found) = self.locked().iter().find(same) {
            return Arc::clone(&found.ids);
        }
        let ids = Arc::new(found(store, table, ask));
        let mut lists = self.locked();
        lists.retain(|list| list.generation == store.generation);
        if lists.len() >= KEPT {
            lists.remove(0);
        }
        lists.push(Found {
            generation: store.generation,
            name,
            ids: Arc::clone(&ids),
        });
        ids
    }

    fn locked(&self) -> MutexGuard<'_, Vec<Found>> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All ids that pass the filters, in the order asked for.
fn found(store: &Store, table: Table, ask: &Ask<'_>) -> Vec<u64> {
    let include = ask.ids("include");
    let asked = ask
        .parameters
        .get("include")
        .is_some_and(|v| !items(v).is_empty());
    let exclude: HashSet<u64> = ask.ids("exclude").into_iter().collect();
    let test = Test::new(store, table, ask);
    let candidates = if asked {
        include.clone()
    } else {
        candidates(store, table, ask)
    };
    let mut seen = HashSet::new();
    let mut ids: Vec<u64> = candidates
        .into_iter()
        .filter(|id| !exclude.contains(id) && (!asked || seen.insert(*id)))
        .filter(|id| {
            store
                .row(table_of(store, table, *id), *id)
                .is_some_and(|row| test.passes(&row))
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
                let keys = skus
                    .split(',')
                    .map(|sku| fold(sku.trim()))
                    .filter(|s| !s.is_empty());
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
        let mut statuses: Vec<&str> = ask
            .text("include_status")
            .map(|s| s.split(',').collect())
            .unwrap_or_default();
        if statuses.is_empty() {
            statuses.push(ask.text("status").unwrap_or("any"));
        }
        let dated = table != Table::Customers && table != Table::Taxes;
        let nothing = (None, None);
        Self {
            ask,
            table,
            modified: if dated {
                bounds("modified_after", "modified_before")
            } else {
                nothing
            },
            created: if dated {
                bounds("after", "before")
            } else {
                nothing
            },
            statuses,
            store,
        }
    }

    fn passes(&self, row: &Row<'_>) -> bool {
        match self.table {
            Table::Customers => self.customer(row),
            Table::Products | Table::Variations => self.product(row),
            Table::Taxes => self
                .ask
                .text("class")
                .is_none_or(|class| row.get("class") == class),
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

    fn product(&self, row: &Row<'_>) -> bool {
        let within = |(after, before): (Option<i64>, Option<i64>), at: Option<i64>| {
            let at = at.unwrap_or(0);
            after.is_none_or(|a| at > a) && before.is_none_or(|b| at < b)
        };
        if self.modified != (None, None) && !within(self.modified, row.modified()) {
            return false;
        }
        if self.created != (None, None) && !within(self.created, row.instant("date_created")) {
            return false;
        }
        let status = row.get("status");
        let shown = |wanted: &&str| *wanted == status || (*wanted == "any" && status != "trash");
        let excluded = self
            .ask
            .text("exclude_status")
            .is_some_and(|s| s.split(',').any(|s| s == status));
        let same = |parameter: &str, column: &str| {
            self.ask
                .text(parameter)
                .is_none_or(|v| row.get(column) == v)
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
    let stamp = |id: u64| {
        row(id).and_then(|r| {
            if by == "modified" {
                r.modified()
            } else {
                r.instant("date_created")
            }
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
            let price = row(*id)
                .and_then(|r| price(store, &r).parse::<f64>().ok())
                .unwrap_or(0.0);
            (whole(price * 100.0), *id)
        }),
        _ => ids.sort_unstable(),
    }
    if downwards && !matches!(by, "include" | "post__in") {
        ids.reverse();
    }
}

fn with_headers(reply: Reply, total: u64, page: Page, ask: &Ask<'_>) -> Reply {
    let pages = total.div_ceil(page.size);
    let url = |number: u64| {
        // As PHP rebuilds it: each name once, in the order of its first appearance.
        let mut parts: Vec<(&str, String)> = Vec::new();
        for part in ask.query.split('&').filter(|p| !p.is_empty()) {
            let name = part.split('=').next().unwrap_or(part);
            match parts
                .iter_mut()
                .find(|(n, _)| *n == name && !n.ends_with("[]"))
            {
                Some(known) => known.1 = part.to_owned(),
                None => parts.push((name, part.to_owned())),
            }
        }
        match parts.iter_mut().find(|(n, _)| *n == "page") {
            Some(part) => part.1 = format!("page={number}"),
            None => parts.push(("page", format!("page={number}"))),
        }
        let query: Vec<String> = parts.into_iter().map(|(_, part)| part).collect();
        format!(
            "{}/wp-json/wc/v3/{}?{}",
            ask.home,
            ask.path,
            query.join("&")
        )
    };
    let mut links = Vec::new();
    if page.number > 1 {
        links.push(format!(
            "<{}>; rel=\"prev\"",
            url((page.number - 1).min(pages.max(1)))
        ));
    }
    if pages > page.number {
        links.push(format!("<{}>; rel=\"next\"", url(page.number + 1)));
    }
    if links.is_empty() {
        links.push(format!(
            "<{}/wp-json/>; rel=\"https://api.w.org/\"",
            ask.home
        ));
    }
    reply
        .with("x-wp-total", total.to_string())
        .with("x-wp-totalpages", pages.to_string())
        .with("link", links.join(", "))
        .with("allow", "GET, POST")
}

/// The names of `_fields`.
pub fn fields(parameters: &Map<String, Value>) -> Vec<String> {
    let list = parameters.get("_fields").map(items).unwrap_or_default();
    let mut names: Vec<String> = list
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    if names.is_empty() {
        names.extend(
            php::flat(parameters)
                .into_iter()
                .filter(|(k, _)| k.starts_with("_fields["))
                .map(|(_, v)| v),
        );
    }
    names
}

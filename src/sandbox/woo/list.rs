//! Lists: pages and the headers that go with them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};

use super::fail::json_reply;
use super::find::found;
use super::render::{Plan, View, wp_json};
use super::schema::{items, number};
use super::store::{Store, Table};
use super::{orders, php};
use crate::sandbox::faults::FaultKind;
use crate::sandbox::gate::Line;
use crate::sandbox::http::Reply;

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
    /// Orders are kept as posts, not in tables of their own.
    pub posts: bool,
    /// What may go wrong.
    pub line: Line<'a>,
}

impl Ask<'_> {
    /// A text that is not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).and_then(Value::as_str).filter(|t| !t.is_empty())
    }

    /// A list of ids.
    pub fn ids(&self, name: &str) -> Vec<u64> {
        let list = self.parameters.get(name).map(items).unwrap_or_default();
        list.iter().filter_map(number).filter(|n| *n >= 0.0).map(whole).collect()
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.parameters.get(name).and_then(number).map(whole)
    }

    /// The parameters that choose and sort records.
    fn choice(&self) -> Vec<(&String, &Value)> {
        let chooses = |name: &str| !PAGING.contains(&name) && !name.starts_with("oauth_");
        self.parameters.iter().filter(|(name, _)| chooses(name)).collect()
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
    let page = Page { number, size, offset: wrong_offset(ask, number, size, offset) };
    let drifted = page.offset == offset + 1;
    let (mut ids, mut total) = match straight(store, table, ask, page) {
        Some(found) => found,
        None => {
            let all = kept.get(store, table, ask);
            let from = usize::try_from(page.offset).unwrap_or(usize::MAX).min(all.len());
            let to = from.saturating_add(usize::try_from(size).unwrap_or(0)).min(all.len());
            (all[from..to].to_vec(), all.len() as u64)
        }
    };
    if ask.text("include").is_some() && !ids.is_empty() && ask.line.strikes(FaultKind::Ghost) {
        let one = ask.line.below(ids.len() as u64);
        ids.remove(usize::try_from(one).unwrap_or(0));
        total -= 1;
    }
    total = wrong_total(ask, total - u64::from(drifted && total > 0), size);
    let mut body = String::with_capacity(ids.len() * 1500 + 2);
    body.push('[');
    let mut plans: [Option<Plan>; 2] = [None, None];
    if table == Table::Orders && ids.is_empty() && number > 1 && !ask.posts {
        // Beyond the last page of orders in tables of their own nothing is counted.
        total = 0;
    }
    for id in ids {
        let table = table_of(store, table, id);
        let Some(row) = store.row(table, id) else {
            continue;
        };
        if body.len() > 1 {
            body.push(',');
        }
        if table == Table::Orders {
            let shown = orders::show::shown(store, &row, &ask.view, ask.home, ask.view.places);
            body.push_str(&wp_json(&shown));
            continue;
        }
        let shown = if table == Table::Variations && ask.parent.is_none() { 1 } else { 0 };
        let look = if shown == 1 { Table::Products } else { table };
        let plan = plans[shown].get_or_insert_with(|| Plan::new(look, &ask.view, ask.home));
        plan.push(&mut body, store, &row);
    }
    body.push(']');
    with_headers(json_reply(200, body), total, page, ask)
}

/// Where a page starts that is not the one asked for: a cache knows another one, or a record of a
/// page before has just gone.
fn wrong_offset(ask: &Ask<'_>, number: u64, size: u64, right: u64) -> u64 {
    if number < 2 {
        right
    } else if ask.line.strikes(FaultKind::DuplicatePage) {
        right.saturating_sub(size)
    } else if ask.line.strikes(FaultKind::IgnoredPage) {
        0
    } else if ask.line.strikes(FaultKind::PageDrift) {
        right + 1
    } else {
        right
    }
}

/// A total that was counted before or after something came or went.
fn wrong_total(ask: &Ask<'_>, right: u64, size: u64) -> u64 {
    if !ask.line.strikes(FaultKind::ChangingTotals) {
        return right;
    }
    let by = 1 + ask.line.below(size + size / 2);
    if ask.line.below(2) == 0 { right + by } else { right.saturating_sub(by) }
}

/// The table of a record in a list that may hold records of two.
pub fn table_of(store: &Store, table: Table, id: u64) -> Table {
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
    let given = |name: &str| choice.iter().find(|(n, _)| *n == name);
    let wanted = |name: &str| given(name).and_then(|(_, value)| value.as_str());
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
    let staff: Vec<u64> =
        if all { store.table(Table::Staff).ids_from(0).collect() } else { Vec::new() };
    let rows = store.table(table);
    let nothing = BTreeSet::new();
    let hidden = if table == Table::Products { &store.trashed } else { &nothing };
    let total = rows.len() + staff.len() as u64 - hidden.len() as u64;
    let descending = match wanted("order") {
        Some(order) => order == "desc",
        None => table == Table::Products,
    };
    let left = total.saturating_sub(page.offset).min(page.size);
    let from = if descending { total.saturating_sub(page.offset + left) } else { page.offset };
    let skipped = from.saturating_sub(staff.len() as u64);
    let first = staff.iter().copied().skip(usize::try_from(from).unwrap_or(usize::MAX));
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
        if ["include", "sku", "email"].iter().any(|name| ask.text(name).is_some()) {
            return Arc::new(found(store, table, ask));
        }
        let mut name = format!("{table:?} {:?} {}", ask.parent, ask.posts);
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
        lists.push(Found { generation: store.generation, name, ids: Arc::clone(&ids) });
        ids
    }

    fn locked(&self) -> MutexGuard<'_, Vec<Found>> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn with_headers(reply: Reply, total: u64, page: Page, ask: &Ask<'_>) -> Reply {
    let pages = total.div_ceil(page.size);
    let url = |number: u64| {
        // As PHP rebuilds it: each name once, in the order of its first appearance.
        let mut parts: Vec<(&str, String)> = Vec::new();
        for part in ask.query.split('&').filter(|p| !p.is_empty()) {
            let name = part.split('=').next().unwrap_or(part);
            match parts.iter_mut().find(|(n, _)| *n == name && !n.ends_with("[]")) {
                Some(known) => known.1 = part.to_owned(),
                None => parts.push((name, part.to_owned())),
            }
        }
        match parts.iter_mut().find(|(n, _)| *n == "page") {
            Some(part) => part.1 = format!("page={number}"),
            None => parts.push(("page", format!("page={number}"))),
        }
        let query: Vec<String> = parts.into_iter().map(|(_, part)| part).collect();
        format!("{}/wp-json/wc/v3/{}?{}", ask.home, ask.path, query.join("&"))
    };
    let mut links = Vec::new();
    if page.number > 1 {
        links.push(format!("<{}>; rel=\"prev\"", url((page.number - 1).min(pages.max(1)))));
    }
    if pages > page.number {
        links.push(format!("<{}>; rel=\"next\"", url(page.number + 1)));
    }
    if links.is_empty() {
        links.push(format!("<{}/wp-json/>; rel=\"https://api.w.org/\"", ask.home));
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
    let mut names: Vec<String> = list.iter().filter_map(Value::as_str).map(str::to_owned).collect();
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

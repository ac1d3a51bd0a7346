//! Creating, changing and deleting products and variations.

use serde_json::{Map, Value, json};

use super::dates;
use super::fail::Failure;
use super::render::{slug, wp_json};
use super::store::{Store, Table};
use super::values::{members, meta, money, rich_text, text, unslashed, whole, yes};
use crate::sandbox::clock::stamp;
use crate::sandbox::faults::FaultKind;
use crate::sandbox::faults::spoil::lossy;
use crate::sandbox::gate::Line;
use crate::sandbox::patch::Changes;

/// How the members are taken.
const TEXTS: [&str; 13] = [
    "type",
    "status",
    "catalog_visibility",
    "tax_status",
    "backorders",
    "stock_status",
    "external_url",
    "button_text",
    "purchase_note",
    "shipping_class",
    "post_password",
    "global_unique_id",
    "sku",
];
const RICH: [&str; 3] = ["name", "description", "short_description"];
const MONEY: [&str; 3] = ["regular_price", "sale_price", "weight"];
const YES: [&str; 6] =
    ["featured", "virtual", "downloadable", "manage_stock", "sold_individually", "reviews_allowed"];
const WHOLE: [&str; 5] =
    ["low_stock_amount", "download_limit", "download_expiry", "menu_order", "parent_id"];
const LISTS: [&str; 9] = [
    "downloads",
    "upsell_ids",
    "cross_sell_ids",
    "grouped_products",
    "tags",
    "brands",
    "images",
    "attributes",
    "default_attributes",
];

/// Creates a product (or, with a parent, a variation) and gives its number.
pub fn create(
    store: &mut Store,
    table: Table,
    parent: Option<u64>,
    body: &Map<String, Value>,
    now: i64,
    line: Line<'_>,
) -> Result<u64, Failure> {
    if body.get("id").is_some_and(|id| !text(id).is_empty() && text(id) != "0") {
        return Err(Failure::new(
            400,
            "woocommerce_rest_product_exists",
            "Cannot create existing product.",
        ));
    }
    let mut body = body.clone();
    if table == Table::Products && body.get("name").map(text).unwrap_or_default().is_empty() {
        body.insert("name".into(), json!("Product"));
    }
    free_sku(store, None, &body)?;
    let sku = body.get("sku").map(unslashed).unwrap_or_default();
    if !sku.is_empty() && line.strikes(FaultKind::Exists) {
        return Err(in_lookup_table(&sku));
    }
    let id = store.next_id(table);
    let mut changes = changes(store, table, None, &body, now);
    lose(&mut changes, line);
    let entity = table.entity();
    let created = date_created(&body).unwrap_or(now);
    let stamps = [("date_created", created), ("date_modified", created)];
    changes.retain(|(c, _)| stamps.iter().all(|(name, _)| *c != entity.column(name)));
    changes.extend(stamps.map(|(name, at)| (entity.column(name), Some(stamp(at, ' ')))));
    if !body.contains_key("slug") {
        let name = slug(&body.get("name").map(text).unwrap_or_default());
        changes.push((entity.column("slug"), Some(format!("{name}-{id}"))));
    }
    if let Some(parent) = parent {
        changes.retain(|(c, _)| *c != entity.column("parent_id"));
        changes.push((entity.column("parent_id"), Some(parent.to_string())));
        changes.push((entity.column("type"), Some("variation".into())));
    }
    store.write(table, id, &changes);
    Ok(id)
}

/// Changes a product; only what is sent changes, and the stamp moves in any case.
pub fn update(
    store: &mut Store,
    table: Table,
    id: u64,
    body: &Map<String, Value>,
    now: i64,
    line: Line<'_>,
) -> Result<(), Failure> {
    if !store.table(table).exists(id) {
        if table == Table::Products && store.table(Table::Variations).exists(id) {
            let message = "To manipulate product variations you should use the /products/&lt;product_id&gt;/variations/&lt;id&gt; endpoint.";
            return Err(Failure::new(404, "woocommerce_rest_invalid_product_id", message));
        }
        return Err(Failure::new(400, invalid(table), "Invalid ID."));
    }
    free_sku(store, Some(id), body)?;
    let mut changes = changes(store, table, Some(id), body, now);
    lose(&mut changes, line);
    store.write(table, id, &changes);
    Ok(())
}

/// The code for an id that is not there.
pub fn invalid(table: Table) -> &'static str {
    match table {
        Table::Variations => "woocommerce_rest_product_variation_invalid_id",
        _ => "woocommerce_rest_product_invalid_id",
    }
}

/// The refusal of a stock keeping unit that does not tell who has it.
fn in_lookup_table(sku: &str) -> Failure {
    let message = format!(
        "The product with SKU ({sku}) you are trying to insert is already present in the lookup table"
    );
    Failure::new(400, "woocommerce_rest_product_not_created", message)
}

/// Texts for people may lose something when they are stored; stock keeping units never do.
fn lose(changes: &mut Changes, line: Line<'_>) {
    let entity = &super::shape::PRODUCTS;
    let may = |column: u8| RICH.contains(&entity.columns[usize::from(column)].0);
    lossy(changes, may, line);
}

/// A stock keeping unit may be used once; one in the trash is found only by the lookup table.
fn free_sku(store: &Store, own: Option<u64>, body: &Map<String, Value>) -> Result<(), Failure> {
    let sku = body.get("sku").map(unslashed).unwrap_or_default();
    let taken = if sku.is_empty() { None } else { store.post_by_sku(&sku) };
    let Some((table, id)) = taken.filter(|(_, id)| Some(*id) != own) else {
        return Ok(());
    };
    let trashed = store.row(table, id).is_some_and(|row| row.get("status") == "trash");
    if trashed {
        return Err(in_lookup_table(&sku));
    }
    let free = (1..).map(|n| format!("{sku}-{n}")).find(|s| store.post_by_sku(s).is_none());
    let failure = Failure::new(400, "product_invalid_sku", "Invalid or duplicated SKU.");
    Err(failure.with("resource_id", json!(id)).with("unique_sku", json!(free)))
}

fn changes(
    store: &mut Store,
    table: Table,
    id: Option<u64>,
    body: &Map<String, Value>,
    now: i64,
) -> Changes {
    let entity = table.entity();
    let mut changes = Changes::new();
    let mut put = |name: &str, value: Option<String>| changes.push((entity.column(name), value));
    for (name, value) in body {
        match name.as_str() {
            n if RICH.contains(&n) => put(n, Some(rich_text(value))),
            n if TEXTS.contains(&n) => put(n, Some(unslashed(value))),
            n if MONEY.contains(&n) => put(n, Some(money(value))),
            n if YES.contains(&n) => put(n, Some(yes(value))),
            n if WHOLE.contains(&n) => put(n, whole(value)),
            n if LISTS.contains(&n) => put(n, Some(list(n, value))),
            "categories" => put("categories", Some(categories(value))),
            "slug" => put("slug", Some(slug(&text(value)))),
            "tax_class" => {
                let known = matches!(text(value).as_str(), "reduced-rate" | "zero-rate") || {
                    store.has_class(&text(value))
                };
                put("tax_class", Some(if known { text(value) } else { String::new() }));
            }
            "dimensions" => {
                for (side, length) in members(Some(value)) {
                    let column = format!("dimensions.{side}");
                    if entity.column(&column) != u8::MAX {
                        put(&column, Some(money(&length)));
                    }
                }
            }
            "date_on_sale_from_gmt" | "date_on_sale_to_gmt" => {
                let at = dates::parse(&text(value)).map(|(clock, _)| stamp(clock, ' '));
                put(name.trim_end_matches("_gmt"), at);
            }
            _ => {}
        }
    }
    if let Some(at) = date_created(body) {
        put("date_created", Some(stamp(at, ' ')));
    }
    put("date_modified", Some(stamp(now, ' ')));
    let stored = id
        .and_then(|id| store.row(table, id))
        .map_or_else(|| "[]".into(), |row| row.get("meta_data"));
    if let Some(given) = body.get("meta_data") {
        let all = meta(store, &stored, given, false);
        changes.push((entity.column("meta_data"), Some(all)));
    }
    settle(store, table, id, body, &mut changes);
    changes
}

/// What follows from the values together: stock, prices, a slug taken back from the trash.
fn settle(
    store: &Store,
    table: Table,
    id: Option<u64>,
    body: &Map<String, Value>,
    changes: &mut Changes,
) {
    let entity = table.entity();
    let row = id.and_then(|id| store.row(table, id));
    let now = |name: &str, changes: &Changes| {
        let column = entity.column(name);
        let sent = changes.iter().rev().find(|(c, _)| *c == column);
        match (sent, &row) {
            (Some((_, value)), _) => value.clone().unwrap_or_default(),
            (None, Some(row)) => row.get(name),
            (None, None) => String::new(),
        }
    };
    let price = |name: &str| now(name, changes).parse::<f64>().ok();
    let prices = price("regular_price").zip(price("sale_price"));
    if prices.is_some_and(|(regular, sale)| sale > regular) {
        changes.push((entity.column("sale_price"), Some(String::new())));
    }
    let managed = now("manage_stock", changes) == "1";
    if !managed {
        if body.contains_key("manage_stock") {
            changes.push((entity.column("stock_quantity"), None));
        }
    } else if let Some(given) = body.get("stock_quantity").or(body.get("manage_stock")) {
        let quantity = match body.get("stock_quantity") {
            Some(_) => whole(given).unwrap_or_else(|| "0".into()),
            None => Some(now("stock_quantity", changes))
                .filter(|q| !q.is_empty())
                .unwrap_or_else(|| "0".into()),
        };
        let empty = quantity.parse::<i64>().unwrap_or(0) <= 0;
        let status = match (empty, now("backorders", changes).as_str()) {
            (false, _) => "instock",
            (true, "no" | "") => "outofstock",
            (true, _) => "onbackorder",
        };
        changes.push((entity.column("stock_quantity"), Some(quantity)));
        changes.push((entity.column("stock_status"), Some(status.into())));
    }
    let was_trashed = row.as_ref().is_some_and(|row| row.get("status") == "trash");
    if was_trashed && now("status", changes) != "trash" && !body.contains_key("slug") {
        let slug = now("slug", changes).trim_end_matches("__trashed").to_owned();
        changes.push((entity.column("slug"), Some(slug)));
    }
}

/// A creation date is taken as UTC, with or without `_gmt` in its name.
fn date_created(body: &Map<String, Value>) -> Option<i64> {
    let given = body.get("date_created_gmt").or(body.get("date_created"))?;
    dates::parse(given.as_str()?).map(|(clock, _)| clock)
}

fn list(name: &str, value: &Value) -> String {
    let items = value.as_array().cloned().unwrap_or_default();
    let items = items.into_iter().enumerate().map(|(i, item)| match (name, item) {
        ("attributes", Value::Object(mut item)) => {
            item.entry("id").or_insert(json!(0));
            item.entry("position").or_insert(json!(i));
            Value::Object(item)
        }
        ("images", Value::Object(mut item)) => {
            item.entry("id").or_insert(json!(i + 1));
            Value::Object(item)
        }
        ("tags" | "brands", item) => term(&item, "Tag"),
        (_, item) => item,
    });
    wp_json(&Value::Array(items.collect()))
}

fn categories(value: &Value) -> String {
    let items = value.as_array().cloned().unwrap_or_default();
    if items.is_empty() {
        return String::new();
    }
    wp_json(&Value::Array(items.iter().map(|item| term(item, "Category")).collect()))
}

fn term(item: &Value, word: &str) -> Value {
    let id = item.get("id").and_then(super::schema::number).unwrap_or(0.0);
    let name = match (word, text(&item["id"]).as_str()) {
        ("Category", "15") => "Uncategorized".to_owned(),
        (word, id) => format!("{word} {id}"),
    };
    json!({ "id": super::list::whole(id), "name": name, "slug": slug(&name) })
}

/// Puts a product into the trash, or deletes it for good.
pub fn delete(
    store: &mut Store,
    table: Table,
    id: u64,
    force: bool,
    now: i64,
) -> Result<(), Failure> {
    let row =
        store.row(table, id).ok_or_else(|| Failure::new(404, invalid(table), "Invalid ID."))?;
    let (status, slug) = (row.get("status"), row.get("slug"));
    let variations = if table == Table::Products { store.variations(id) } else { Vec::new() };
    if force {
        for variation in variations {
            store.remove(Table::Variations, variation);
        }
        store.remove(table, id);
        return Ok(());
    }
    if status == "trash" {
        let message = "The product has already been deleted.";
        return Err(Failure::new(410, "woocommerce_rest_already_trashed", message));
    }
    let entity = table.entity();
    let trash = |slug: String| -> Changes {
        vec![
            (entity.column("status"), Some("trash".into())),
            (entity.column("slug"), Some(format!("{slug}__trashed"))),
            (entity.column("date_modified"), Some(stamp(now, ' '))),
        ]
    };
    for variation in variations {
        store.write(Table::Variations, variation, &trash(format!("variation-{variation}")));
    }
    store.write(table, id, &trash(slug));
    Ok(())
}

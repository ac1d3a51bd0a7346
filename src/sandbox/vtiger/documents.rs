//! Orders and invoices: their lines, their totals, and what goes wrong with them.
//!
//! Lines are rows of the actor type LineItem. A write with lines throws the old ones away and makes
//! new ones with new ids; one whose id is there by then, since another write took it, is lost without
//! a word. Lines stand in `retrieve` and in the answers of writes; a query that names
//! a column of theirs is a join, whose rows are lines.

use rust_decimal::Decimal;
use serde_json::{Map, Value as Json};

use super::Release;
use super::fail::Failure;
use super::registry::{Column, Module};
use super::store::{Row, Store};
use super::totals::{Header, Line, compute};
use super::values::normal;
use super::write::{self, Way, Writer};
use super::{registry, taxes};
use crate::sandbox::patch::Changes;
use crate::sandbox::text::{fold, push_htmlentities, push_vtiger_json};

/// The modules.
const DOCUMENTS: [&str; 2] = ["SalesOrder", "Invoice"];
/// Columns of the lines beside the taxes.
const OF_LINES: [&str; 8] = [
    "productid",
    "quantity",
    "listprice",
    "comment",
    "discount_amount",
    "discount_percent",
    "image",
    "purchase_cost",
];
/// The document's discount comes back under the name of the line's.
const MISNAMED: [(&str, &str); 2] = [
    ("hdnDiscountAmount", "\"discount_amount\":"),
    ("hdnDiscountPercent", "\"discount_percent\":"),
];
/// The totals, which the create answers as numbers.
const NUMBERS: [&str; 3] = ["hdnGrandTotal", "hdnSubTotal", "pre_tax_total"];
const LINES: &str = "LineItems";

/// Whether a module's records are documents.
pub fn is(module: &str) -> bool {
    DOCUMENTS.contains(&module)
}

/// Whether a document's column is one of its lines.
pub fn of_lines(name: &str) -> bool {
    OF_LINES.contains(&name) || taxes::is(name)
}

/// What a document's column holds when nothing is said.
pub fn default(name: &str) -> Option<&'static str> {
    Some(match name {
        "hdnGrandTotal" | "hdnSubTotal" | "pre_tax_total" | "txtAdjustment"
        | "hdnDiscountAmount" | "hdnS_H_Amount" | "received" | "balance" => "0.00000000",
        "hdnDiscountPercent" | "hdnS_H_Percent" | "salescommission" | "exciseduty" => "0.000",
        "conversion_rate" => "1.000",
        _ => return None,
    })
}

/// Whether naming a column in a query joins the lines.
pub fn joins(module: &Module, column: &Column) -> bool {
    is(&module.name) && (column.of_lines || MISNAMED.iter().any(|(name, _)| *name == column.name))
}

/// The key under which a query answers a column.
pub fn query_key<'a>(module: &Module, column: &'a Column) -> &'a str {
    let misnamed = MISNAMED.iter().find(|(name, _)| is(&module.name) && *name == column.name);
    misnamed.map_or(column.key.as_str(), |(_, key)| *key)
}

/// `create`. What has no id yet breaks the code of 8.4.0 as it is shipped.
pub fn create(
    store: &mut Store,
    by: Writer<'_>,
    at: usize,
    element: &Map<String, Json>,
) -> Result<String, Failure> {
    let lines = sent(element).unwrap_or_default();
    if lines.is_empty() {
        let message = "Mandatory Fields Missing..";
        return Err(Failure::new("MANDATORY_FIELDS_MISSING", message));
    }
    if store.release == Release::Shipped {
        return Err(Failure::bad_id());
    }
    let mut changes = write::changes(store, at, element, Way::Create)?;
    let module = &store.registry.modules[at];
    if let Some(missing) = write::missing(module, &changes, Way::Create) {
        return Err(missing);
    }
    let products: Option<Vec<&str>> =
        lines.iter().map(|line| line.get("productid")?.as_str()).collect();
    let products = products.ok_or_else(Failure::bad_id)?;
    let known = products.iter().all(|id| sold(store, id).is_some());
    let id = store.next_id(at);
    write::first_values(store, at, id, by, element, &mut changes);
    store.write(at, id, &changes);
    no_status(store, at, id);
    if !known {
        // The document is there by now, without lines and totals.
        return Err(Failure::bad_id());
    }
    rewrite(store, by, (at, id), element, &lines);
    for line in &lines {
        move_stock(store, line, -Decimal::ONE);
    }
    write::owner_exists(store, at, &changes)?;
    let mut answer = write::record(store, at, id)?;
    let row = store.row(at, id).ok_or_else(Failure::denied)?;
    for name in NUMBERS {
        let mut text = String::new();
        row.named(name, &mut text);
        let number = text.parse::<Decimal>().unwrap_or_default().normalize();
        answer = answer.replace(&format!("\"{name}\":\"{text}\""), &format!("\"{name}\":{number}"));
    }
    answer.pop();
    answer.push_str(",\"new\":true}");
    Ok(answer)
}

/// What a change means for the lines; called when the header is written.
pub fn changed(
    store: &mut Store,
    by: Writer<'_>,
    at: usize,
    id: u64,
    element: &Map<String, Json>,
) -> Result<(), Failure> {
    let registry = store.registry.clone();
    let module = &registry.modules[at];
    if !is(&module.name) {
        return Ok(());
    }
    no_status(store, at, id);
    let Some(lines) = sent(element) else {
        // Totals are not computed then, and those that are sent are believed.
        for name in NUMBERS.into_iter().filter(|name| element.contains_key(*name)) {
            let amount = number(element, name).round_dp(8);
            set(store, at, id, &[(name, format!("{amount:.8}"))]);
        }
        // Before 8 the lines of an order are rewritten from what is not there; invoices are guarded.
        if store.release == Release::Seven && module.name == "SalesOrder" {
            drop_lines(store, at, id);
        }
        return Ok(());
    };
    for old in lines_of(store, module.prefix, id) {
        let line = line_element(store, old);
        move_stock(store, &line, Decimal::ONE);
    }
    rewrite(store, by, (at, id), element, &lines);
    if store.release.loses_totals() {
        let nothing = NUMBERS.map(|name| (name, "0.00000000".to_owned()));
        set(store, at, id, &nothing);
        return Err(Failure::Fatal);
    }
    Ok(())
}

/// What the end of a document means for its goods: they are in stock again.
pub fn removed(store: &mut Store, at: usize, id: u64) {
    let registry = store.registry.clone();
    let module = &registry.modules[at];
    if !is(&module.name) {
        return;
    }
    for line in lines_of(store, module.prefix, id) {
        let line = line_element(store, line);
        move_stock(store, &line, Decimal::ONE);
    }
}

/// The lines that an element carries: a list, or an object with the keys 0, 1, 2.
fn sent(element: &Map<String, Json>) -> Option<Vec<Map<String, Json>>> {
    let object = |json: &Json| json.as_object().cloned();
    match element.get(LINES)? {
        Json::Array(items) => Some(items.iter().filter_map(object).collect()),
        Json::Object(items) => Some(items.values().filter_map(object).collect()),
        _ => None,
    }
}

/// The product or service with this id.
fn sold(store: &Store, id: &str) -> Option<(usize, u64)> {
    let (prefix, number) = Store::id_parts(id).ok()?;
    let at = store.registry.by_prefix(prefix)?;
    let goods = matches!(store.registry.modules[at].name.as_str(), "Products" | "Services");
    (goods && store.table(at).exists(number)).then_some((at, number))
}

/// An order's invoice status is kept only for those that recur.
fn no_status(store: &mut Store, at: usize, id: u64) {
    let mut recurring = String::new();
    let Some(row) = store.row(at, id) else { return };
    row.named("enable_recurring", &mut recurring);
    if store.registry.modules[at].name == "SalesOrder" && recurring != "1" {
        set(store, at, id, &[("invoicestatus", String::new())]);
    }
}

fn set(store: &mut Store, at: usize, id: u64, values: &[(&str, String)]) {
    let module = &store.registry.modules[at];
    let changes: Changes = values
        .iter()
        .filter_map(|(name, value)| Some((module.column(name)?, Some(value.clone()))))
        .collect();
    store.write(at, id, &changes);
}

/// The ids of a document's lines, in their order.
pub fn lines_of(store: &Store, prefix: u64, id: u64) -> Vec<u64> {
    let Some(table) = store.registry.find("LineItem") else {
        return Vec::new();
    };
    let parent = store.registry.modules[table].column("parent_id").unwrap_or(0);
    store.with_key(table, parent, &fold(&format!("{prefix}x{id}")))
}

fn drop_lines(store: &mut Store, at: usize, id: u64) {
    let prefix = store.registry.modules[at].prefix;
    let Some(table) = store.registry.find("LineItem") else { return };
    for line in lines_of(store, prefix, id) {
        store.remove(table, line);
    }
}

fn number(element: &Map<String, Json>, name: &str) -> Decimal {
    match element.get(name) {
        Some(Json::String(text)) => text.trim().parse().unwrap_or_default(),
        Some(Json::Number(number)) => number.to_string().parse().unwrap_or_default(),
        _ => Decimal::ZERO,
    }
}

/// Puts these lines in the place of those that are there, and computes the totals.
fn rewrite(
    store: &mut Store,
    by: Writer<'_>,
    (at, id): (usize, u64),
    element: &Map<String, Json>,
    lines: &[Map<String, Json>],
) {
    drop_lines(store, at, id);
    if !element.contains_key("hdnTaxType") {
        set(store, at, id, &[("hdnTaxType", String::new())]);
    }
    let Some(table) = store.registry.find("LineItem") else { return };
    let first = by.lines_from.unwrap_or_else(|| store.number_after(table));
    let mut counted = Vec::with_capacity(lines.len());
    for ((place, line), number) in lines.iter().enumerate().zip(first..) {
        if !store.table(table).exists(number) {
            counted.push(write_line(store, (at, id), (table, number), place, line));
        }
    }
    let Some(header) = header(store, at, id, element) else { return };
    let totals = compute(&counted, &header);
    let text = |amount: Decimal| format!("{:.8}", amount.round_dp(8));
    set(
        store,
        at,
        id,
        &[
            ("hdnSubTotal", text(totals.sub)),
            ("pre_tax_total", text(totals.before_tax)),
            ("hdnGrandTotal", text(totals.grand)),
            ("hdnS_H_Amount", text(header.shipping)),
            ("shipping_&_handling", format!("{:.5}", header.shipping)),
        ],
    );
}

/// Keeps a line under this number and answers what of it counts.
fn write_line(
    store: &mut Store,
    (at, id): (usize, u64),
    (table, line_id): (usize, u64),
    place: usize,
    line: &Map<String, Json>,
) -> Line {
    let registry = store.registry.clone();
    let module = &registry.modules[table];
    let mut line = line.clone();
    let product = line.get("productid").and_then(Json::as_str).and_then(|id| sold(store, id));
    let row = product.and_then(|(at, id)| store.row(at, id));
    if !line.contains_key("listprice") {
        let mut price = String::new();
        if let Some(row) = &row {
            row.named("unit_price", &mut price);
        }
        line.insert("listprice".into(), price.into());
    }
    let own = row.map(|row| taxes::of(&row)).unwrap_or_default();
    let given: Vec<(String, Decimal)> = line
        .keys()
        .filter(|name| {
            taxes::is(name) && !line[name.as_str()].is_null() && line[name.as_str()] != ""
        })
        .map(|name| (name.clone(), number(&line, name).round_dp(3)))
        .collect();
    let mut changes: Changes = module
        .all()
        .filter(|(_, spec)| !matches!(spec.name.as_str(), "id" | "parent_id" | "sequence_no"))
        .filter_map(|(column, spec)| {
            let value = line.get(&spec.name).filter(|v| !v.is_null() && **v != "")?;
            let text = matches!(spec.kind, registry::Type::Reference(_))
                .then(|| value.as_str().map(str::to_owned));
            Some((column, text.unwrap_or_else(|| normal(spec, value))))
        })
        .collect();
    let parent = format!("{}x{id}", registry.modules[at].prefix);
    for (name, value) in [("parent_id", parent), ("sequence_no", (place + 1).to_string())] {
        if let Some(column) = module.column(name) {
            changes.push((column, Some(value)));
        }
    }
    store.write(table, line_id, &changes);
    let gross = number(&line, "quantity").round_dp(3) * number(&line, "listprice").round_dp(8);
    let rate = number(&line, "discount_percent");
    let discount = if rate.is_zero() {
        number(&line, "discount_amount")
    } else {
        gross * rate / Decimal::ONE_HUNDRED
    };
    Line { net: gross - discount, given: (!given.is_empty()).then_some(given), own }
}

/// What of the document itself counts: as it is kept, and the charges as they are sent.
fn header(store: &Store, at: usize, id: u64, element: &Map<String, Json>) -> Option<Header> {
    let row = store.row(at, id)?;
    let text = |name: &str| {
        let mut text = String::new();
        row.named(name, &mut text);
        text
    };
    let held = |name: &str| text(name).parse::<Decimal>().unwrap_or_default();
    let charge = "shipping_&_handling";
    let shipping =
        if element.contains_key(charge) { number(element, charge) } else { held("hdnS_H_Amount") };
    let rates = (1..=3).map(|n| number(element, &format!("{charge}_shtax{n}")));
    Some(Header {
        individual: text("hdnTaxType") == "individual",
        discount_percent: held("hdnDiscountPercent"),
        discount: held("hdnDiscountAmount"),
        shipping,
        shipping_rate: rates.sum(),
        adjustment: held("txtAdjustment"),
    })
}

/// Orders take goods out of stock, without a new stamp on the product. Later edits put them back
/// and do not take them out again.
fn move_stock(store: &mut Store, line: &Map<String, Json>, sign: Decimal) {
    let product = line.get("productid").and_then(Json::as_str).and_then(|id| sold(store, id));
    let Some((at, id)) = product else { return };
    let (mut stock, mut stamp) = (String::new(), String::new());
    let Some(row) = store.row(at, id) else { return };
    row.named("qtyinstock", &mut stock);
    row.named("modifiedtime", &mut stamp);
    if store.registry.modules[at].column("qtyinstock").is_none() {
        return;
    }
    let stock =
        stock.parse::<Decimal>().unwrap_or_default() + sign * number(line, "quantity").round_dp(3);
    let values = [("qtyinstock", format!("{stock:.3}")), ("modifiedtime", stamp)];
    set(store, at, id, &values);
}

/// A line that is kept, as it was sent.
fn line_element(store: &Store, id: u64) -> Map<String, Json> {
    let mut element = Map::new();
    let row = store.registry.find("LineItem").and_then(|table| store.row(table, id));
    for name in ["productid", "quantity"] {
        let mut text = String::new();
        if let Some(row) = &row {
            row.named(name, &mut text);
        }
        element.insert(name.into(), text.into());
    }
    element
}

/// Whether a column stands in no answer that shows a whole record.
pub fn hides(module: &Module, column: &Column) -> bool {
    (is(&module.name) && column.of_lines)
        || (module.name == "Tax" && matches!(column.name.as_str(), "compoundon" | "regions"))
}

/// Appends what a document's whole record has beside its columns; the text ends with a comma before
/// and after. PHP dies of a document that is taxed by lines and has none.
pub fn extend(store: &Store, row: &Row<'_>, out: &mut String) -> Result<(), Failure> {
    if row.module.name == "Tax" {
        out.push_str(&format!("\"taxid\":\"{}\",", row.id));
    }
    if !is(&row.module.name) {
        return Ok(());
    }
    let lines = lines_of(store, row.module.prefix, row.id);
    let (mut kind, mut total) = (String::new(), String::new());
    row.named("hdnTaxType", &mut kind);
    row.named("hdnGrandTotal", &mut total);
    if lines.is_empty() && kind == "individual" {
        return Err(Failure::Fatal);
    }
    let table = store.registry.find("LineItem").ok_or(Failure::Fatal)?;
    out.push_str("\"productid\":");
    let mut product = String::new();
    if let Some(first) = lines.first().and_then(|id| store.row(table, *id)) {
        first.named("productid", &mut product);
    }
    push_vtiger_json(out, &product);
    out.push_str(",\"LineItems\":[");
    for (n, line) in lines.iter().filter_map(|id| store.row(table, *id)).enumerate() {
        if n > 0 {
            out.push(',');
        }
        push_line(store, &line, out);
    }
    out.push_str("],\"LineItems_FinalDetails\":{\"1\":{\"final_details\":{\"grandTotal\":");
    push_vtiger_json(out, &total);
    out.push_str("}}},");
    Ok(())
}

fn push_line(store: &Store, line: &Row<'_>, out: &mut String) {
    out.push('{');
    let made = |name: &str| {
        let number = name.strip_prefix("tax").and_then(|n| n.parse::<u64>().ok());
        let table = store.registry.find("Tax");
        number.is_none_or(|n| table.is_some_and(|at| store.table(at).exists(n)))
    };
    for (column, spec) in line.module.all().filter(|(_, spec)| made(&spec.name)) {
        let mut text = String::new();
        let known = line.read(column, &mut text);
        out.push_str(&spec.key);
        if known && !(text.is_empty() && taxes::is(&spec.name)) {
            push_vtiger_json(out, &text);
        } else {
            out.push_str("null");
        }
        out.push(',');
    }
    let mut product = String::new();
    line.named("productid", &mut product);
    let sold = sold(store, &product).and_then(|(at, id)| store.row(at, id));
    let (name, entity) = sold.map_or((String::new(), ""), |row| {
        (row.label(), if row.module.name == "Services" { "Services" } else { "Products" })
    });
    let mut escaped = String::new();
    push_htmlentities(&mut escaped, &name);
    out.push_str("\"product_name\":");
    push_vtiger_json(out, &escaped);
    out.push_str(&format!(",\"entity_type\":\"{entity}\",\"deleted\":\"0\"}}"));
}

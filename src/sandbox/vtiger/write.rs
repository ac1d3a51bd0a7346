//! Creating, changing and deleting records, with what the database makes of the values.

use serde_json::{Map, Value as Json};

use super::documents;
use super::fail::Failure;
use super::registry::{Module, Type};
use super::store::{GROUPS, Row, Store, USERS};
use super::values::normal;
use crate::sandbox::clock::stamp;
use crate::sandbox::faults::FaultKind;
use crate::sandbox::faults::spoil::lossy;
use crate::sandbox::gate::Line;
use crate::sandbox::patch::{Changes, Value};
use crate::sandbox::text::{fold, push_htmlentities, push_vtiger_json};

/// Who writes, and when.
#[derive(Debug, Clone, Copy)]
pub struct Writer<'a> {
    /// The user.
    pub user: u64,
    /// Seconds since 1970, as the database's clock shows them.
    pub now: i64,
    /// What may go wrong.
    pub line: Line<'a>,
    /// The number of its first order line, if that was taken when the request came in.
    pub lines_from: Option<u64>,
}

/// What kind of write it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names are the operations'
pub enum Way {
    Create,
    Update,
    Revise,
}

const NO_OWNER: Failure = Failure::Plain("Sorry! Attempt to access restricted file.");

/// `create`: the JSON text of the new record.
pub fn create(
    store: &mut Store,
    by: Writer<'_>,
    module: &str,
    element: &str,
) -> Result<String, Failure> {
    let element = match serde_json::from_str::<Json>(element) {
        _ if element.is_empty() => return Err(Failure::Fatal),
        Ok(Json::Object(element)) => element,
        Ok(Json::Array(list)) if list.is_empty() => Map::new(),
        Ok(_) => return Err(Failure::Fatal),
        Err(_) => return Err(Failure::internal()),
    };
    let at = store.registry.find(module).ok_or_else(Failure::denied)?;
    writable(&store.registry.modules[at])?;
    if documents::is(module) {
        return documents::create(store, by, at, &element);
    }
    let mut changes = changes(store, at, &element, Way::Create)?;
    if let Some(missing) = missing(&store.registry.modules[at], &changes, Way::Create) {
        return Err(missing);
    }
    duplicate(store, at, None, &changes)?;
    if by.line.strikes(FaultKind::Exists) {
        return Err(Failure::Duplicate);
    }
    lose(store, at, &mut changes, by.line);
    let id = store.next_id(at);
    first_values(store, at, id, by, &element, &mut changes);
    store.write(at, id, &changes);
    owner_exists(store, at, &changes)?;
    record(store, at, id)
}

/// `update`: every mandatory field must be there; what is not sent stays.
pub fn update(store: &mut Store, by: Writer<'_>, element: &str) -> Result<String, Failure> {
    change(store, by, element, Way::Update)
}

/// `revise`: only what is sent changes.
pub fn revise(store: &mut Store, by: Writer<'_>, element: &str) -> Result<String, Failure> {
    change(store, by, element, Way::Revise)
}

fn change(store: &mut Store, by: Writer<'_>, element: &str, way: Way) -> Result<String, Failure> {
    let element = match serde_json::from_str::<Json>(element) {
        Ok(Json::Object(element)) => element,
        Err(_) if !element.is_empty() => return Err(Failure::internal()),
        _ => Map::new(),
    };
    let id = element.get("id").and_then(Json::as_str).ok_or_else(Failure::bad_id)?;
    let (at, id) = locate(store, id)?;
    if by.line.strikes(FaultKind::Ghost) {
        return Err(Failure::denied());
    }
    writable(&store.registry.modules[at])?;
    let mut changes = changes(store, at, &element, way)?;
    if let Some(missing) = missing(&store.registry.modules[at], &changes, way) {
        return Err(missing);
    }
    duplicate(store, at, Some(id), &changes)?;
    lose(store, at, &mut changes, by.line);
    let module = &store.registry.modules[at];
    for (name, value) in
        [("modifiedtime", stamp(by.now, ' ')), ("modifiedby", format!("{USERS}x{}", by.user))]
    {
        if let Some(column) = module.column(name) {
            changes.push((column, Some(value)));
        }
    }
    store.write(at, id, &changes);
    documents::changed(store, by, at, id, &element)?;
    owner_exists(store, at, &changes)?;
    record(store, at, id)
}

/// `retrieve`: the JSON text of a record.
pub fn retrieve(store: &Store, line: Line<'_>, id: &str) -> Result<String, Failure> {
    let (at, id) = locate(store, id)?;
    if line.strikes(FaultKind::Ghost) {
        return Err(Failure::denied());
    }
    record(store, at, id)
}

/// `delete`. The record's own stamp becomes the time of its deletion.
pub fn delete(store: &mut Store, by: Writer<'_>, id: &str) -> Result<String, Failure> {
    let (at, id) = locate(store, id)?;
    if by.line.strikes(FaultKind::Ghost) {
        return Err(Failure::denied());
    }
    writable(&store.registry.modules[at])?;
    if let Some(column) = store.registry.modules[at].column("modifiedtime") {
        store.write(at, id, &vec![(column, Some(stamp(by.now, ' ')))]);
    }
    documents::removed(store, at, id);
    store.remove(at, id);
    Ok("{\"status\":\"successful\"}".into())
}

/// The table and number of an id that is there.
fn locate(store: &Store, id: &str) -> Result<(usize, u64), Failure> {
    let (prefix, number) = Store::id_parts(id)?;
    let at = store.registry.by_prefix(prefix).ok_or_else(Failure::denied)?;
    if store.table(at).exists(number) {
        return Ok((at, number));
    }
    let other = store.registry.modules[at].entity && store.module_of(number).is_some();
    Err(if other { Failure::bad_id() } else { Failure::denied() })
}

/// Users and groups are not changed through the webservice here.
fn writable(module: &Module) -> Result<(), Failure> {
    if matches!(module.prefix, USERS | GROUPS) { Err(Failure::denied()) } else { Ok(()) }
}

/// The element's values as the database takes them. References are checked on the way.
pub fn changes(
    store: &Store,
    at: usize,
    element: &Map<String, Json>,
    way: Way,
) -> Result<Changes, Failure> {
    let module = &store.registry.modules[at];
    let mut changes = Changes::new();
    for (column, spec) in module.all() {
        let Some(value) = element.get(&spec.name) else {
            continue;
        };
        let source = spec.name == "source" && way == Way::Create;
        if spec.system || (spec.name == "source" && !source) {
            continue;
        }
        let value = match &spec.kind {
            Type::Reference(modules) => match reference(store, spec.name.as_str(), value, modules)?
            {
                Some(id) => Some(id),
                None if way == Way::Update && *value != Json::Null => continue,
                None => None,
            },
            Type::Owner => match owner(store, value) {
                Some(id) => Some(id),
                None => continue,
            },
            _ => normal(spec, value),
        };
        changes.push((column, value));
    }
    price(module, element, &mut changes);
    Ok(changes)
}

/// What a database or a plugin may take away from a value: its end, or blanks in it. Fields that
/// are looked up or must be unique stay whole.
fn lose(store: &Store, at: usize, changes: &mut Changes, line: Line<'_>) {
    let module = &store.registry.modules[at];
    let may = |column: u8| {
        let spec = module.at(column);
        spec.kind == Type::Text && !spec.unique && !spec.indexed && !spec.mandatory
    };
    lossy(changes, may, line);
}

/// A currency without a price makes the price 0.
fn price(module: &Module, element: &Map<String, Json>, changes: &mut Changes) {
    let alone = element.contains_key("currency_id") && !element.contains_key("unit_price");
    if let Some(column) = module.column("unit_price").filter(|_| alone) {
        changes.push((column, Some("0.00000000".into())));
    }
}

fn reference(
    store: &Store,
    field: &str,
    value: &Json,
    modules: &[String],
) -> Result<Value, Failure> {
    let text = match value {
        Json::Null => return Ok(None),
        Json::String(text) if text.is_empty() => return Ok(None),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let (prefix, number) = text
        .split_once('x')
        .and_then(|(prefix, number)| {
            Some((prefix.parse::<u64>().ok()?, number.parse::<u64>().ok()?))
        })
        .ok_or_else(Failure::bad_id)?;
    let at = store.registry.by_prefix(prefix).ok_or_else(Failure::denied)?;
    let module = &store.registry.modules[at];
    if !modules.contains(&module.name) {
        return Err(Failure::new(
            "REFERENCE_INVALID",
            format!("Invalid reference specified for {field}"),
        ));
    }
    // Users, currencies and the like have numbers of their own.
    if module.entity && store.module_of(number).is_some_and(|other| other != at) {
        return Err(Failure::bad_id());
    }
    Ok(Some(format!("{prefix}x{number}")))
}

/// An owner as `19x1`; a bare number is taken as it is.
fn owner(store: &Store, value: &Json) -> Option<String> {
    let text = match value {
        Json::String(text) if !text.is_empty() => text.clone(),
        Json::Number(number) => number.to_string(),
        _ => return None,
    };
    if text.contains('x') {
        return Some(text);
    }
    let group = store
        .registry
        .by_prefix(GROUPS)
        .is_some_and(|at| text.parse().is_ok_and(|id| store.table(at).exists(id)));
    Some(format!("{}x{text}", if group { GROUPS } else { USERS }))
}

/// The first mandatory field without a value.
pub fn missing(module: &Module, changes: &Changes, way: Way) -> Option<Failure> {
    let mandatory = module.all().filter(|(_, c)| c.mandatory && c.kind != Type::Owner);
    for (column, spec) in mandatory {
        let sent = changes.iter().find(|(c, _)| *c == column);
        let fine = match sent {
            Some((_, value)) => value.as_deref().is_some_and(|v| !v.is_empty()),
            None => way == Way::Revise,
        };
        if !fine {
            let message = format!("{} does not have a value", spec.name);
            return Some(Failure::new("MANDATORY_FIELDS_MISSING", message));
        }
    }
    None
}

fn duplicate(store: &Store, at: usize, own: Option<u64>, changes: &Changes) -> Result<(), Failure> {
    let module = &store.registry.modules[at];
    for (column, value) in changes.iter().filter(|(c, _)| module.at(*c).unique) {
        let Some(text) = value.as_deref().filter(|t| !t.is_empty()) else {
            continue;
        };
        if store.with_key(at, *column, &fold(text)).into_iter().any(|id| Some(id) != own) {
            return Err(Failure::Duplicate);
        }
    }
    Ok(())
}

/// What the system itself writes into a new record.
pub fn first_values(
    store: &Store,
    at: usize,
    id: u64,
    by: Writer<'_>,
    element: &Map<String, Json>,
    changes: &mut Changes,
) {
    let module = &store.registry.modules[at];
    let user = format!("{USERS}x{}", by.user);
    let now = stamp(by.now, ' ');
    let sent = |column: u8, changes: &Changes| changes.iter().any(|(c, _)| *c == column);
    let mut defaults = vec![
        ("createdtime", now.clone()),
        ("modifiedtime", now),
        ("modifiedby", user.clone()),
        ("assigned_user_id", user),
    ];
    if element.get("source").and_then(Json::as_str).unwrap_or_default().is_empty() {
        changes.retain(|(c, _)| module.at(*c).name != "source");
        defaults.push(("source", "WEBSERVICE".into()));
    }
    if module.name == "Tax" {
        defaults.push(("taxname", format!("tax{id}")));
        defaults.push(("deleted", "0".into()));
    }
    for (name, value) in defaults {
        if let Some(column) = module.column(name).filter(|c| !sent(*c, changes)) {
            changes.push((column, Some(value)));
        }
    }
    if let Some((column, prefix)) = &module.number {
        let table = store.table(at);
        let generated = table.generated();
        let number = generated.end - generated.start + table.created().len() as u64 + 1;
        changes.push((*column, Some(format!("{prefix}{number}"))));
    }
}

/// A record whose owner does not exist is saved, and then PHP stumbles.
pub fn owner_exists(store: &Store, at: usize, changes: &Changes) -> Result<(), Failure> {
    let module = &store.registry.modules[at];
    let owners = changes.iter().filter(|(c, _)| module.at(*c).kind == Type::Owner);
    for text in owners.filter_map(|(_, value)| value.as_deref()) {
        let found = Store::id_parts(text)
            .ok()
            .and_then(|(prefix, id)| Some((store.registry.by_prefix(prefix)?, id)));
        if !found.is_some_and(|(at, id)| store.table(at).exists(id)) {
            return Err(NO_OWNER);
        }
    }
    Ok(())
}

/// A whole record as retrieve and the writes answer it.
pub fn record(store: &Store, at: usize, id: u64) -> Result<String, Failure> {
    let row = store.row(at, id).ok_or_else(Failure::denied)?;
    let module = row.module;
    let mut out = String::with_capacity(2048);
    let mut text = String::new();
    out.push('{');
    for (column, spec) in module.all().filter(|(_, spec)| !documents::hides(module, spec)) {
        text.clear();
        let known = row.read(column, &mut text);
        if !spec.queryable && !pseudo(&mut out, &row, &spec.name, &text) {
            continue;
        }
        if spec.queryable {
            out.push_str(&spec.key);
            match (known, &spec.kind) {
                (true, _) => push_vtiger_json(&mut out, &text),
                (false, Type::Date) => out.push_str("\"\""),
                (false, Type::Reference(_)) if module.name == "Events" => out.push_str("\"\""),
                (false, _) => out.push_str("null"),
            }
        }
        out.push(',');
    }
    documents::extend(store, &row, &mut out)?;
    if module.entity {
        out.push_str("\"label\":");
        let mut label = String::new();
        push_htmlentities(&mut label, &row.label());
        push_vtiger_json(&mut out, &label);
    } else {
        out.pop();
    }
    out.push('}');
    Ok(out)
}

/// A product's pseudo fields: taxes it has, its currency, its price in that currency (a number).
fn pseudo(out: &mut String, row: &Row<'_>, name: &str, text: &str) -> bool {
    if let Some(currency) = name.strip_prefix("currency").filter(|n| *n != "_id") {
        let (mut price, mut of) = (String::new(), String::new());
        row.named("currency_id", &mut of);
        // Only the price in the product's own currency is set.
        if of == format!("21x{currency}") || (of.is_empty() && currency == "1") {
            row.named("unit_price", &mut price);
        }
        let number = price.parse::<f64>().unwrap_or(0.0);
        out.push_str(&format!("\"{name}\":{number}"));
        return true;
    }
    let value = match (name, text) {
        ("currency_id", "") => "21x1",
        (_, "") => return false,
        (_, text) => text,
    };
    out.push('"');
    out.push_str(name);
    out.push_str("\":");
    push_vtiger_json(out, value);
    true
}

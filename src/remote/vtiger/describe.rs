//! What a module looks like, from `describe`, remembered for a while.

use super::super::http::Plan;
use super::super::{EntityInfo, FieldInfo, RemoteResult};
use super::Vtiger;
use super::call::Operation;
use super::documents::VIRTUAL;
use super::events;
use super::lengths;
use serde_json::Value as Json;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long a description is used without looking again.
const FRESH: Duration = Duration::from_secs(600);

/// Fields of a line of an order or invoice: naming one in a query joins the table of lines, and
/// the rows are lines then.
const LINE_FIELDS: [&str; 12] = [
    "productid",
    "quantity",
    "listprice",
    "comment",
    "discount_percent",
    "discount_amount",
    "image",
    "purchase_cost",
    "margin",
    "hdnDiscountAmount",
    "hdnDiscountPercent",
    "section_name",
];
/// Fields of an event that are written with its beginning and end.
const TIMES: [&str; 5] = ["date_start", "time_start", "due_date", "time_end", "duration_hours"];
/// What can be written of a tax.
const TAX: [&str; 2] = ["taxlabel", "percentage"];
/// Modules with lines.
const WITH_LINES: [&str; 4] = ["SalesOrder", "Invoice", "Quotes", "PurchaseOrder"];
/// Set by Vtiger itself, whatever `describe` says.
const OWN: [&str; 4] = ["id", "createdtime", "modifiedtime", "modifiedby"];

/// A module as it is described.
#[derive(Debug)]
pub(crate) struct Described {
    /// In our words.
    pub(crate) info: EntityInfo,
    /// The number before the `x` of its ids.
    pub(crate) prefix: String,
    /// Records can be read.
    pub(crate) readable: bool,
    /// Fields that must be unique together.
    pub(crate) unique: Vec<String>,
}

impl Described {
    /// Whether a field can stand in a query.
    pub(crate) fn can_select(&self, field: &str) -> bool {
        let pseudo = ["tax", "currency"].iter().any(|start| {
            field
                .strip_prefix(start)
                .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
        });
        let priced = matches!(self.info.name.as_str(), "Products" | "Services");
        let lines = WITH_LINES.contains(&self.info.name.as_str());
        super::vtql::is_name(field)
            && self.info.field(field).is_some()
            && !(pseudo && (priced || lines))
            && !(priced && field == "currency_id")
            && !(lines && LINE_FIELDS.contains(&field))
            && !(lines && VIRTUAL.iter().any(|(path, ..)| *path == field))
            && !(super::events::has_times(&self.info.name) && matches!(field, "start" | "end"))
    }

    /// Whether its records are documents with lines.
    pub(crate) fn has_lines(&self) -> bool {
        WITH_LINES.contains(&self.info.name.as_str())
    }

    /// Whether the module has this field.
    pub(crate) fn has(&self, field: &str) -> bool {
        self.info.field(field).is_some()
    }
}

/// Descriptions by module.
#[derive(Default)]
pub(crate) struct Known(Mutex<HashMap<String, (Instant, Arc<Described>)>>);

impl Known {
    fn get(&self, module: &str) -> Option<Arc<Described>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, described) = known.get(module)?;
        (at.elapsed() < FRESH).then(|| Arc::clone(described))
    }

    fn put(&self, module: &str, described: &Arc<Described>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(module.to_owned(), (Instant::now(), Arc::clone(described)));
    }

    /// Forgets a module, so that it is looked at again.
    pub(crate) fn forget(&self, module: &str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(module);
    }
}

impl Vtiger {
    /// A module's description, from memory if it is fresh.
    pub(crate) async fn described(&self, module: &str) -> RemoteResult<Arc<Described>> {
        match self.known.get(module) {
            Some(described) => Ok(described),
            None => self.describe_now(module, Plan::READ).await,
        }
    }

    /// A module's description, asked anew.
    pub(crate) async fn describe_now(
        &self,
        module: &str,
        plan: Plan,
    ) -> RemoteResult<Arc<Described>> {
        let op = Operation::get("describe", format!("describe the module {module}"))
            .with("elementType", module)
            .planned(plan);
        let (result, _) = self.call(op, PhantomData::<Json>).await?;
        let described = Arc::new(read(module, &result));
        self.known.put(module, &described);
        Ok(described)
    }
}

/// Reads a description. Flags are loose: `true`, `1`, `"1"`, `""` and missing all occur.
fn read(module: &str, result: &Json) -> Described {
    let list = result.get("fields").and_then(Json::as_array);
    let fields: Vec<&Json> = list.into_iter().flatten().collect();
    let unique =
        fields.iter().filter(|f| flag(f.get("isunique"))).map(|f| text(f, "name")).collect();
    let all: Vec<FieldInfo> =
        fields.iter().map(|f| field(module, f)).chain(virtual_fields(module)).collect();
    let own = |f: &&FieldInfo| {
        f.path.starts_with("cf_") && f.type_name == "string" && f.writable && f.choices.is_empty()
    };
    let info = EntityInfo {
        id_fields: all.iter().filter(own).map(|f| f.path.clone()).collect(),
        name: module.to_owned(),
        createable: flag(result.get("createable")),
        updateable: flag(result.get("updateable")),
        deleteable: flag(result.get("deleteable")),
        fields: all,
    };
    Described {
        info,
        prefix: text(result, "idPrefix"),
        readable: flag(result.get("retrieveable")),
        unique,
    }
}

fn field(module: &str, json: &Json) -> FieldInfo {
    let name = text(json, "name");
    let kind = json.get("type").unwrap_or(&Json::Null);
    let type_name = text(kind, "name");
    let strings = |list: Option<&Json>, pick: fn(&Json) -> Option<&Json>| {
        list.and_then(Json::as_array)
            .into_iter()
            .flatten()
            .filter_map(|item| pick(item)?.as_str().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    FieldInfo {
        label: text(json, "label"),
        // What belongs to the lines is written with them.
        mandatory: flag(json.get("mandatory"))
            && !(WITH_LINES.contains(&module) && LINE_FIELDS.contains(&name.as_str()))
            && !(events::has_times(module) && TIMES.contains(&name.as_str())),
        // A tax says that nothing of it can be written, and yet it can be made.
        writable: !OWN.contains(&name.as_str())
            && (flag(json.get("editable")) || (module == "Tax" && TAX.contains(&name.as_str()))),
        max_length: lengths::of(module, &name),
        choices: strings(kind.get("picklistValues"), |item| item.get("value")),
        refers_to: strings(kind.get("refersTo"), |item| Some(item)),
        path: name,
        type_name,
    }
}

/// The paths by which the lines and totals of documents are reached.
fn virtual_fields(module: &str) -> Vec<FieldInfo> {
    let field = |(path, label, kind, writable): &(&str, &str, &str, bool)| FieldInfo {
        path: (*path).to_owned(),
        label: (*label).to_owned(),
        type_name: (*kind).to_owned(),
        mandatory: false,
        writable: *writable,
        max_length: None,
        choices: Vec::new(),
        refers_to: Vec::new(),
    };
    if WITH_LINES.contains(&module) {
        VIRTUAL.iter().map(field).collect()
    } else if events::has_times(module) {
        let times = events::VIRTUAL.iter().map(|(path, label, _)| (*path, *label, "instant", true));
        times.map(|time| field(&time)).collect()
    } else {
        Vec::new()
    }
}

fn text(json: &Json, name: &str) -> String {
    match json.get(name) {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn flag(json: Option<&Json>) -> bool {
    match json {
        Some(Json::Bool(on)) => *on,
        Some(Json::String(text)) => matches!(text.as_str(), "1" | "true" | "on"),
        Some(Json::Number(number)) => number.as_i64() == Some(1),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn descriptions_are_read_loosely() {
        let described = read(
            "Products",
            &json!({
                "label": "Products", "name": "Products", "createable": true, "updateable": "1",
                "deleteable": false, "retrieveable": 1, "idPrefix": "14",
                "fields": [
                    {"name": "productname", "label": "Product Name", "mandatory": true, "editable": true,
                     "isunique": true, "type": {"name": "string"}},
                    {"name": "vendor_id", "label": "Vendor", "mandatory": false, "editable": true,
                     "type": {"name": "reference", "refersTo": ["Vendors"]}},
                    {"name": "glacct", "label": "GL", "mandatory": "", "editable": "1",
                     "type": {"name": "picklist", "picklistValues": [{"label": "A", "value": "a"}]}},
                    {"name": "tax1", "label": "VAT", "mandatory": "", "editable": "1", "type": {"name": "double"}},
                    {"name": "taxclass", "label": "Class", "editable": true, "type": {"name": "string"}},
                    {"name": "modifiedtime", "label": "M", "editable": true, "type": {"name": "datetime"}}
                ]
            }),
        );
        assert!(described.info.createable && described.info.updateable && described.readable);
        assert!(!described.info.deleteable);
        assert_eq!(described.prefix, "14");
        assert_eq!(described.unique, ["productname"]);
        let field = |name: &str| described.info.field(name).unwrap();
        assert_eq!(field("vendor_id").refers_to, ["Vendors"]);
        assert_eq!(field("glacct").choices, ["a"]);
        assert_eq!(field("productname").max_length, Some(255));
        assert!(!field("modifiedtime").writable && !field("tax1").mandatory);
        assert!(described.can_select("taxclass") && described.can_select("vendor_id"));
        for not in ["tax1", "currency_id", "nothing", "a b"] {
            assert!(!described.can_select(not), "{not}");
        }
    }
}

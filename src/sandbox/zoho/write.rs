//! Writing: insert, update, upsert and delete, with a result for each record.

use serde_json::{Map, Value, json};

use super::Zoho;
use super::fail::{fail, item, json_reply};
use super::fields::Field;
use super::read::Params;
use super::store::{Record, Store, Table, parse_time, plain, time};
use super::totals;
use crate::sandbox::http::{Reply, Request};

/// Records in one request.
const MOST: usize = 100;

/// What a record is written for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A new one.
    Insert,
    /// One that is there.
    Update,
    /// Either, by its key.
    Upsert,
}

impl Zoho {
    /// `POST` and `PUT` of records.
    pub fn write(
        &self,
        store: &mut Store,
        table: Table,
        kind: Kind,
        id: Option<&str>,
        request: &Request,
    ) -> Reply {
        let body: Value = match serde_json::from_slice(&request.body) {
            Ok(body) => body,
            Err(_) => {
                return fail(
                    400,
                    "INVALID_DATA",
                    "body",
                    json!({"expected_data_type": "jsonobject"}),
                );
            }
        };
        let list = body.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
        if list.is_empty() {
            return fail(
                400,
                "INVALID_DATA",
                "invalid data",
                json!({"expected_data_type": "jsonarray", "api_name": "data", "json_path": "$.data"}),
            );
        }
        if list.len() > MOST {
            return fail(
                400,
                "INVALID_DATA",
                "invalid data",
                json!({"maximum_length": MOST, "api_name": "data", "json_path": "$.data"}),
            );
        }
        let since = request.header("if-unmodified-since").and_then(parse_time);
        let keys: Vec<String> = body
            .get("duplicate_check_fields")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|v| v.as_str().map(str::to_owned))
            .collect();
        let results: Vec<Value> = list
            .iter()
            .enumerate()
            .map(|(at, given)| {
                let Value::Object(given) = given else {
                    return item(
                        "INVALID_DATA",
                        "invalid data",
                        json!({"expected_data_type": "jsonobject"}),
                    );
                };
                let mut given = given.clone();
                if let Some(id) = id {
                    given.insert("id".into(), id.into());
                }
                self.one(store, table, kind, &given, at, since, &keys).unwrap_or_else(|error| error)
            })
            .collect();
        answer(results, if kind == Kind::Insert { 201 } else { 200 })
    }

    #[allow(clippy::too_many_arguments)]
    fn one(
        &self,
        store: &mut Store,
        table: Table,
        kind: Kind,
        given: &Map<String, Value>,
        at: usize,
        since: Option<i64>,
        keys: &[String],
    ) -> Result<Value, Value> {
        let now = self.clock.now();
        let mut action = json!({});
        let target = match kind {
            Kind::Insert => None,
            Kind::Update => {
                let id = given.get("id").map(plain).unwrap_or_default();
                let n = id.parse().ok().and_then(|id| table.number(id));
                let n = n.filter(|n| store.get(table, *n).is_some());
                Some(n.ok_or_else(|| {
                    item(
                        "INVALID_DATA",
                        "the id given seems to be invalid",
                        json!({"api_name": "id", "json_path": format!("$.data[{at}].id")}),
                    )
                })?)
            }
            Kind::Upsert => {
                let usual = if table == Table::Contacts || table == Table::Leads {
                    "Email"
                } else {
                    table.title()
                };
                let names: Vec<&str> = if keys.is_empty() {
                    vec![usual]
                } else {
                    keys.iter().map(String::as_str).collect()
                };
                let found = names.iter().find_map(|name| {
                    let value = plain(given.get(*name)?);
                    let n = *store.with(table, name, &value).first()?;
                    (!value.is_empty()).then_some((n, *name))
                });
                action = match found {
                    Some((_, name)) => json!({"action": "update", "duplicate_field": name}),
                    None => json!({"action": "insert", "duplicate_field": null}),
                };
                found.map(|(n, _)| n)
            }
        };
        let old = target.and_then(|n| store.get(table, n));
        if let (Some(n), Some(since)) = (target, since)
            && store.modified(table, n) > since
        {
            let details = json!({"id": table.id(n).to_string(), "Modified_Time": time(store.modified(table, n))});
            return Err(item("ALREADY_MODIFIED", "the record has been already modified", details));
        }
        let mut record: Record = old.as_deref().cloned().unwrap_or_default();
        self.merge(store, table, &mut record, given, at)?;
        for field in self.fields.of(table.name()).iter().filter(|f| f.mandatory) {
            let empty = match record.get(field.name) {
                None | Some(Value::Null) => true,
                Some(Value::String(text)) => text.is_empty(),
                Some(Value::Array(rows)) => rows.is_empty(),
                Some(_) => false,
            };
            if empty {
                let details = json!({"api_name": field.name, "json_path": format!("$.data[{at}].{}", field.name)});
                return Err(item("MANDATORY_NOT_FOUND", "required field not found", details));
            }
        }
        self.unique(store, table, &record, target, at)?;
        let n = target.unwrap_or_else(|| store.next(table));
        let created = old.as_ref().and_then(|r| r.get("Created_Time").cloned());
        let created = created.unwrap_or_else(|| time(now).into());
        if matches!(table, Table::Contacts | Table::Leads) {
            let part = |name: &str| record.get(name).map(plain).unwrap_or_default();
            let full = format!("{} {}", part("First_Name"), part("Last_Name"));
            record.insert("Full_Name".into(), full.trim().into());
        }
        if table == Table::Invoices {
            record
                .entry("Invoice_Number")
                .or_insert_with(|| super::seed::table_number(table, n).into());
            totals::complete(&mut record);
        }
        record.insert("id".into(), table.id(n).to_string().into());
        record.insert("Created_Time".into(), created.clone());
        record.insert("Modified_Time".into(), time(now).into());
        for member in ["Owner", "Created_By", "Modified_By"] {
            record.entry(member).or_insert_with(super::settings::owner);
        }
        store.write(table, n, record);
        let mut done = json!({
            "code": "SUCCESS",
            "details": {"id": table.id(n).to_string(), "Created_Time": created, "Modified_Time": time(now),
                "Created_By": super::settings::owner(), "Modified_By": super::settings::owner()},
            "message": if old.is_some() { "record updated" } else { "record added" },
            "status": "success"
        });
        if let (Some(done), Some(action)) = (done.as_object_mut(), action.as_object()) {
            done.extend(action.clone());
        }
        Ok(done)
    }

    fn unique(
        &self,
        store: &Store,
        table: Table,
        record: &Record,
        own: Option<u64>,
        at: usize,
    ) -> Result<(), Value> {
        for field in self.fields.of(table.name()).iter().filter(|f| f.unique) {
            let value = record.get(field.name).map(plain).unwrap_or_default();
            if value.is_empty() {
                continue;
            }
            if let Some(other) =
                store.with(table, field.name, &value).into_iter().find(|n| Some(*n) != own)
            {
                let id = table.id(other).to_string();
                let details = json!({
                    "api_name": field.name, "json_path": format!("$.data[{at}].{}", field.name), "id": id,
                    "duplicate_record": {"id": id, "Owner": super::settings::owner(),
                        "module": {"api_name": table.name(), "id": "1"}}
                });
                return Err(item("DUPLICATE_DATA", "duplicate data", details));
            }
        }
        Ok(())
    }

    fn merge(
        &self,
        store: &mut Store,
        table: Table,
        record: &mut Record,
        given: &Map<String, Value>,
        at: usize,
    ) -> Result<(), Value> {
        for (name, value) in given {
            if name == "$se_module" {
                record.insert(name.clone(), value.clone());
                continue;
            }
            // What Zoho does not know or computes itself is passed over in silence.
            let Some(field) = self.fields.get(table.name(), name).filter(|f| !f.read_only) else {
                continue;
            };
            let bad = |expected: &str| {
                let details = json!({"api_name": name, "json_path": format!("$.data[{at}].{name}"), "expected_data_type": expected});
                item("INVALID_DATA", "invalid data", details)
            };
            let written = match field.kind {
                "subform" => self.rows(store, record.get(name), value, at)?,
                "lookup" => {
                    let module = given.get("$se_module").or_else(|| record.get("$se_module"));
                    let module = module.and_then(Value::as_str).unwrap_or_default();
                    let to = if field.extra == "se_module" { module } else { field.extra };
                    lookup(store, to, value).map_err(|()| bad("bigint"))?
                }
                _ => checked(field, value).map_err(|expected| match expected {
                    Problem::Kind(kind) => bad(kind),
                    Problem::Long => {
                        let details = json!({"api_name": name, "json_path": format!("$.data[{at}].{name}"), "maximum_length": field.length});
                        item("INVALID_DATA", "invalid data", details)
                    }
                })?,
            };
            record.insert(name.clone(), written);
        }
        Ok(())
    }

    /// Rows with an id are changed, those without are added, `_delete` takes one away, and those
    /// that are not mentioned stay.
    fn rows(
        &self,
        store: &mut Store,
        held: Option<&Value>,
        given: &Value,
        at: usize,
    ) -> Result<Value, Value> {
        let Value::Array(given) = given else {
            return Err(item(
                "INVALID_DATA",
                "invalid data",
                json!({"api_name": "Invoiced_Items", "expected_data_type": "jsonarray"}),
            ));
        };
        let mut rows = held.and_then(Value::as_array).cloned().unwrap_or_default();
        if given.is_empty() {
            rows.clear();
        }
        for (n, row) in given.iter().enumerate() {
            let Value::Object(row) = row else { continue };
            let id = row.get("id").map(plain).unwrap_or_default();
            let place = rows
                .iter()
                .position(|r| !id.is_empty() && r.get("id").map(plain).as_deref() == Some(&id));
            if row.contains_key("_delete") {
                place.map(|p| rows.remove(p));
                continue;
            }
            let fresh =
                json!({"id": store.row_id(), "Discount": 0, "Line_Tax": [], "Description": null});
            let mut merged = place.map_or(fresh, |p| rows[p].clone());
            let Some(members) = merged.as_object_mut() else { continue };
            for (name, value) in row.iter().filter(|(name, _)| *name != "id") {
                if name == "Product_Name" {
                    let path = format!("$.data[{at}].Invoiced_Items[{n}].Product_Name");
                    let product = lookup(store, "Products", value).ok().filter(|p| !p.is_null());
                    let mut product = product.ok_or_else(|| {
                        item(
                            "INVALID_DATA",
                            "invalid data",
                            json!({"api_name": "Product_Name", "json_path": path}),
                        )
                    })?;
                    let number = product
                        .get("id")
                        .map(plain)
                        .and_then(|id| Table::Products.number(id.parse().ok()?));
                    let code = number
                        .and_then(|n| store.get(Table::Products, n)?.get("Product_Code").cloned());
                    if let Some(product) = product.as_object_mut() {
                        product.insert("Product_Code".into(), code.unwrap_or_default());
                    }
                    members.insert(name.clone(), product);
                } else {
                    members.insert(name.clone(), value.clone());
                }
            }
            if !members.contains_key("Product_Name") {
                let path = format!("$.data[{at}].Invoiced_Items[{n}].Product_Name");
                return Err(item(
                    "MANDATORY_NOT_FOUND",
                    "required field not found",
                    json!({"api_name": "Product_Name", "json_path": path}),
                ));
            }
            match place {
                Some(p) => rows[p] = merged,
                None => rows.push(merged),
            }
        }
        Ok(rows.into())
    }

    /// `DELETE /{module}` and `DELETE /{module}/{id}`.
    pub fn remove(
        &self,
        store: &mut Store,
        table: Table,
        id: Option<&str>,
        request: &Request,
    ) -> Reply {
        let params = Params::of(request);
        let ids = id.or_else(|| params.get("ids")).unwrap_or_default().to_owned();
        let ids: Vec<&str> = ids.split(',').map(str::trim).filter(|i| !i.is_empty()).collect();
        if ids.is_empty() || ids.len() > MOST {
            return fail(
                400,
                "REQUIRED_PARAM_MISSING",
                "One of the expected parameter is missing",
                json!({"param_name": "ids"}),
            );
        }
        let results = ids
            .iter()
            .map(|id| {
                let n = id.parse().ok().and_then(|id| table.number(id));
                match n.filter(|n| store.get(table, *n).is_some()) {
                    Some(n) => {
                        store.delete(table, n, self.clock.now());
                        json!({"code": "SUCCESS", "details": {"id": id}, "message": "record deleted", "status": "success"})
                    }
                    None => item("INVALID_DATA", "the id given seems to be invalid", json!({"id": id})),
                }
            })
            .collect();
        answer(results, 200)
    }
}

/// All good, mixed, or all failed.
fn answer(results: Vec<Value>, good: u16) -> Reply {
    let failed = results.iter().filter(|r| r["status"] == "error").count();
    let stale = results.iter().all(|r| r["code"] == "ALREADY_MODIFIED");
    let status = match failed {
        0 => good,
        n if n < results.len() => 207,
        _ if stale => 412,
        _ => 400,
    };
    json_reply(status, &json!({ "data": results }))
}

enum Problem {
    Kind(&'static str),
    Long,
}

fn lookup(store: &Store, module: &str, value: &Value) -> Result<Value, ()> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let id = value.get("id").map(plain).ok_or(())?;
    let id: u64 = id.parse().map_err(drop)?;
    match Table::module(module) {
        Some(table) => {
            let n = table.number(id).ok_or(())?;
            store.get(table, n).map(|_| store.reference(table, n)).ok_or(())
        }
        // A module that is not imitated.
        None => Ok(json!({"name": null, "id": id.to_string()})),
    }
}

fn checked(field: &Field, value: &Value) -> Result<Value, Problem> {
    if value.is_null() {
        return Ok(if field.kind == "boolean" { false.into() } else { Value::Null });
    }
    match field.kind {
        "boolean" if value.is_boolean() => Ok(value.clone()),
        "boolean" => Err(Problem::Kind("boolean")),
        "integer" if value.is_i64() || value.is_u64() => Ok(value.clone()),
        "integer" => Err(Problem::Kind("integer")),
        "double" | "currency" if value.is_number() => Ok(value.clone()),
        "double" | "currency" => Err(Problem::Kind("double")),
        "date" => match value.as_str().and_then(|t| t.parse::<jiff::civil::Date>().ok()) {
            Some(_) => Ok(value.clone()),
            None => Err(Problem::Kind("date")),
        },
        "datetime" => match value.as_str().and_then(parse_time) {
            Some(at) => Ok(time(at).into()),
            None => Err(Problem::Kind("datetime")),
        },
        "email" => match value.as_str() {
            Some(text) if text.contains('@') && !text.contains(char::is_whitespace) => {
                Ok(value.clone())
            }
            _ => Err(Problem::Kind("email")),
        },
        "text" | "phone" | "website" | "textarea" | "picklist" => match value.as_str() {
            Some(text) if text.chars().count() as u64 > field.length => Err(Problem::Long),
            Some("") => Ok(Value::Null),
            Some(_) => Ok(value.clone()),
            None => Err(Problem::Kind("text")),
        },
        _ => Ok(value.clone()),
    }
}

//! Tax management: a new tax makes a column in every module that has taxes.

use rust_decimal::Decimal;

use super::registry::{Column, Module};
use super::store::{Row, Store};
use crate::sandbox::text::push_vtiger_json;

/// The taxes that are there from the start have columns of their own.
const FIRST: u64 = 4;
/// There is room for so many.
const MOST: u64 = 40;

/// Whether a column holds a rate.
pub fn is(name: &str) -> bool {
    let digits = name.strip_prefix("tax").unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// The columns of taxes that may be made later.
pub fn reserved(columns: &[Column]) -> Vec<Column> {
    let Some(first) = columns.iter().find(|c| c.name == "tax1") else {
        return Vec::new();
    };
    let column = |n: u64| Column {
        name: format!("tax{n}"),
        key: format!("\"tax{n}\":"),
        queryable: false,
        fact: None,
        ..first.clone()
    };
    (FIRST..=MOST).map(column).collect()
}

/// A module's description, with the taxes that were made.
pub fn describe(store: &Store, module: &Module) -> String {
    const AFTER: &str = "], \"idPrefix\"";
    let at = module.describe.find(AFTER).filter(|_| module.column("tax4").is_some());
    let (Some(at), Some(taxes)) = (at, store.registry.find("Tax")) else {
        return module.describe.clone();
    };
    let mut fields = String::new();
    for id in store.table(taxes).ids_from(FIRST) {
        let Some(row) = store.row(taxes, id) else { continue };
        let (mut label, mut rate) = (String::new(), String::new());
        row.named("taxlabel", &mut label);
        row.named("percentage", &mut rate);
        fields.push_str(&format!(", {{\"name\": \"tax{id}\", \"label\": "));
        push_vtiger_json(&mut fields, &label);
        fields.push_str(&format!(
            ", \"type\": {{\"name\": \"double\"}}, \"nullable\": \"1\", \"editable\": \"1\", \
             \"mandatory\": \"\", \"default\": \"{rate}\"}}"
        ));
    }
    let (before, after) = module.describe.split_at(at);
    format!("{before}{fields}{after}")
}

/// The taxes that a record carries, by column.
pub fn of(row: &Row<'_>) -> Vec<(String, Decimal)> {
    let mut taxes = Vec::new();
    for (column, spec) in row.module.all().filter(|(_, spec)| is(&spec.name)) {
        let mut text = String::new();
        if row.read(column, &mut text)
            && let Ok(rate) = text.parse()
        {
            taxes.push((spec.name.clone(), rate));
        }
    }
    taxes
}

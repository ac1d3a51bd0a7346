//! Reading and writing the lines of orders and invoices. Lines are not in queries, so each document
//! whose lines are wanted is retrieved.
//!
//! Whether Vtiger can write them at all is a matter of `orders`.

use super::super::{ErrorKind, RemoteResult};
use super::Vtiger;
use super::call::{Operation, refused};
use super::columns::Columns;
use super::describe::Described;
use super::document::{self, Tax};
use crate::model::document::{CURRENCY, LINES, TOTAL, lines_of, lines_value};
use crate::model::{Fields, Record, Value};
use futures::StreamExt;
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::MutexGuard;

/// Virtual paths of a document: path, label, type.
pub(crate) const VIRTUAL: [(&str, &str, &str, bool); 3] = [
    (LINES, "Line Items", "items", true),
    (TOTAL, "Grand Total", "currency", false),
    (CURRENCY, "Currency (code)", "string", true),
];

/// What of a document counts for its totals.
const WITH_TOTALS: [&str; 8] = [
    "LineItems",
    "hdnTaxType",
    "productid",
    "hdnDiscountAmount",
    "hdnDiscountPercent",
    "hdnS_H_Amount",
    "hdnS_H_Percent",
    "txtAdjustment",
];

/// A currency of the CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Currency {
    id: String,
    code: String,
    rate: String,
}

/// What is remembered of a CRM's documents, and whose turn it is to write one.
#[derive(Default)]
pub(crate) struct Documents {
    state: Mutex<State>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
pub(crate) struct State {
    currencies: Option<Arc<Vec<Currency>>>,
    taxes: Option<Arc<Vec<Tax>>>,
    /// Whether documents can be created, as a create of this connection has shown.
    pub(crate) creates: Option<bool>,
    /// Whether lines can be changed, as a change of this connection has shown.
    pub(crate) changes: Option<bool>,
    /// The modules that were looked at, and whether one of their documents came over the API and has
    /// a total.
    pub(crate) ours: BTreeMap<String, bool>,
    /// Whether `retrieve_inventory` works.
    pub(crate) inventory: Option<bool>,
}

impl Documents {
    /// Looks at what is remembered, or changes it.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until no document is written with lines. Vtiger numbers lines by the highest number
    /// there is: of two documents at once one loses lines, without a word. And what a document takes
    /// out of stock can be told only where no other does so in between.
    pub(crate) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }
}

/// What of a document is wanted that no query has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Extra {
    /// Its lines.
    pub(crate) lines: bool,
    /// Its total.
    pub(crate) total: bool,
    /// Its currency's code.
    pub(crate) currency: bool,
}

impl Extra {
    /// What of these paths a module with lines tells.
    pub(crate) fn of(module: &Described, wanted: &[String]) -> Self {
        let has = |path: &str| module.has_lines() && wanted.iter().any(|w| w == path);
        Self { lines: has(LINES), total: has(TOTAL), currency: has(CURRENCY) }
    }

    /// The columns it needs.
    pub(crate) fn columns(self) -> impl Iterator<Item = &'static str> {
        let total = self.total.then_some("hdnGrandTotal");
        total.into_iter().chain(self.currency.then_some("currency_id"))
    }
}

impl Vtiger {
    /// Fills the virtual paths of events and documents, which no query has. A document that Vtiger cannot show has no
    /// lines then, which means that nothing is said about them.
    pub(crate) async fn fill_documents(
        &self,
        records: &mut [Record],
        columns: &Columns,
    ) -> RemoteResult<()> {
        let extra = columns.extra;
        for record in records.iter_mut() {
            super::events::fill(record, &columns.times);
        }
        if records.is_empty() || (extra == Extra::default() && columns.hidden.is_empty()) {
            return Ok(());
        }
        if extra.currency {
            let currencies = self.currencies().await?;
            for record in records.iter_mut() {
                let id = record.fields.get("currency_id").map(Value::to_text).unwrap_or_default();
                let code = currencies.iter().find(|c| c.id == id).map(|c| c.code.as_str());
                record.fields.set(CURRENCY, code.unwrap_or_default());
            }
        }
        if extra.total {
            for record in records.iter_mut() {
                let amount = record.fields.get("hdnGrandTotal").cloned().unwrap_or_default();
                record.fields.set(TOTAL, document::total(&amount));
            }
        }
        for record in records.iter_mut() {
            for name in &columns.hidden {
                record.fields.remove(name);
            }
        }
        if extra.lines {
            let ids: Vec<String> = records.iter().map(|r| r.id.clone()).collect();
            let documents: Vec<RemoteResult<Option<Json>>> = futures::stream::iter(ids)
                .map(|id| async move { self.retrieve(&id).await })
                .buffered(self.size.max(1))
                .collect()
                .await;
            for (record, document) in records.iter_mut().zip(documents) {
                if let Some(document) = document? {
                    let lines = document::lines(&document);
                    record.fields.set(LINES, lines_value(&lines));
                }
            }
        }
        Ok(())
    }

    /// A document whole. `None`: it is gone, or Vtiger fails to show it (a document of the other
    /// kind of tax without any line does that).
    pub(super) async fn retrieve(&self, id: &str) -> RemoteResult<Option<Json>> {
        let op = Operation::get("retrieve", format!("read {id}"))
            .with("id", id)
            .planned(super::super::http::Plan::BRIEF);
        match self.call(op, PhantomData::<Json>).await {
            Ok((document, _)) => Ok(Some(document)),
            Err(error)
                if matches!(
                    error.kind,
                    ErrorKind::Permission | ErrorKind::NotFound | ErrorKind::Temporary
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn rows_of(&self, entity: &'static str) -> RemoteResult<Vec<Json>> {
        let query = format!("select * from {entity};");
        let op = Operation::get("query", format!("read {entity}")).with("query", &query);
        let (rows, _) = self.call(op, PhantomData::<Json>).await?;
        Ok(match rows {
            Json::Array(rows) => rows,
            _ => Vec::new(),
        })
    }

    async fn currencies(&self) -> RemoteResult<Arc<Vec<Currency>>> {
        if let Some(known) = self.documents.with(|state| state.currencies.clone()) {
            return Ok(known);
        }
        let rows = self.rows_of("Currency").await?;
        let currencies = rows.iter().filter(|row| !is_deleted(row)).map(|row| Currency {
            id: member(row, "id"),
            code: member(row, "currency_code"),
            rate: member(row, "conversion_rate"),
        });
        let known: Arc<Vec<Currency>> = Arc::new(currencies.collect());
        self.documents.with(|state| state.currencies = Some(known.clone()));
        Ok(known)
    }

    /// Taxes and currencies are read anew after one was written.
    pub(crate) fn forget_lists(&self, entity: &str) {
        if matches!(entity, "Tax" | "Currency") {
            self.documents.with(|state| (state.taxes, state.currencies) = (None, None));
        }
    }

    async fn taxes(&self) -> RemoteResult<Arc<Vec<Tax>>> {
        if let Some(known) = self.documents.with(|state| state.taxes.clone()) {
            return Ok(known);
        }
        let rows = self.rows_of("Tax").await?;
        let taxes = rows.iter().filter(|row| !is_deleted(row)).filter_map(|row| {
            let rate = Decimal::from_str(&member(row, "percentage")).ok()?;
            Some(Tax { name: member(row, "taxname"), rate: rate.normalize() })
        });
        let mut taxes: Vec<Tax> = taxes.filter(|tax| tax.name.starts_with("tax")).collect();
        taxes.sort_by(|a, b| a.name.len().cmp(&b.name.len()).then(a.name.cmp(&b.name)));
        let known = Arc::new(taxes);
        self.documents.with(|state| state.taxes = Some(known.clone()));
        Ok(known)
    }

    /// Takes the virtual paths out of a write and answers the members that carry them.
    pub(crate) async fn document_members(
        &self,
        module: &Described,
        values: &Fields,
        new: bool,
    ) -> RemoteResult<(Fields, Map<String, Json>)> {
        let mut rest = values.clone();
        let mut members = super::events::members(module, &mut rest)?;
        if !module.has_lines() {
            return Ok((rest, members));
        }
        rest.remove(TOTAL);
        let currency = rest.remove(CURRENCY).map(|v| v.to_text()).unwrap_or_default();
        if !currency.trim().is_empty() || new {
            members.extend(self.currency_members(currency.trim()).await?);
        }
        if let Some(value) = rest.remove(LINES) {
            if new {
                self.may_create(module)?;
            } else {
                self.may_change_lines(module).await?;
            }
            let taxes = self.taxes().await?;
            let made = document::element(&lines_of(&value), &taxes).map_err(|why| {
                let mut error = refused(
                    "The lines of the document were not sent to Vtiger.",
                    why,
                    "Correct the document in the system it comes from, or the CRM's settings.",
                );
                error.field = Some(LINES.to_owned());
                error
            })?;
            members.extend(made);
        }
        Ok((rest, members))
    }

    async fn currency_members(&self, code: &str) -> RemoteResult<Vec<(String, Json)>> {
        let currencies = self.currencies().await?;
        let found = if code.is_empty() {
            currencies.first()
        } else {
            currencies.iter().find(|c| c.code.eq_ignore_ascii_case(code))
        };
        let Some(found) = found else {
            let mut error = refused(
                format!("The CRM has no currency {code}."),
                "A document's amounts would be taken for amounts in another currency.",
                format!("Add {code} in Vtiger under Settings > Currencies, then retry."),
            );
            error.field = Some(CURRENCY.to_owned());
            return Err(error);
        };
        Ok(vec![
            ("currency_id".to_owned(), found.id.clone().into()),
            ("conversion_rate".to_owned(), found.rate.clone().into()),
        ])
    }

    /// For updates without lines: Vtiger before 8 drops the lines of a document that is saved
    /// without them, so they are sent along.
    pub(crate) async fn kept_lines(
        &self,
        module: &Described,
        id: &str,
        members: &mut Map<String, Json>,
    ) -> RemoteResult<()> {
        if !module.has_lines() || members.contains_key("LineItems") || !self.is_before_8() {
            return Ok(());
        }
        let document = self.retrieve(id).await?;
        let Some(Json::Object(document)) = document else { return Ok(()) };
        // With lines everything that the totals are computed from has to be there.
        for (name, value) in document {
            if WITH_TOTALS.contains(&name.as_str()) || name.starts_with("shipping_&_handling") {
                members.entry(name).or_insert(value);
            }
        }
        Ok(())
    }
}

pub(crate) fn member(row: &Json, name: &str) -> String {
    match row.get(name) {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn is_deleted(row: &Json) -> bool {
    member(row, "deleted") == "1"
}

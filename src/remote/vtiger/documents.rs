//! Reading and writing the lines of orders and invoices. Lines are not in queries, so each document
//! whose lines are wanted is retrieved.
//!
//! Whether Vtiger can write them at all is a matter of `orders`.

use super::super::http::Plan;
use super::super::{ErrorKind, RemoteError, RemoteResult};
use super::Vtiger;
use super::call::{Operation, refused};
use super::columns::Columns;
use super::describe::Described;
use super::document::{self, Tax};
use super::write::gone;
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

const TAX_TYPE: &str = "hdnTaxType";
const SUBTOTAL: &str = "hdnSubTotal";

/// A currency of the CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Currency {
    id: String,
    code: String,
    rate: String,
}

/// What Vtiger shows of a document.
pub(super) enum Shown {
    /// All of it.
    Whole(Json),
    /// It is not there any more.
    Gone,
    /// The user may list it, and not see it.
    Hidden(RemoteError),
    /// It has no lines, for which Vtiger fails.
    WithoutLines,
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
    /// Fills the virtual paths of events and documents, which no query has. A document that Vtiger
    /// cannot show has no lines then, which means that nothing is said about them.
    ///
    /// Gives the ids of those that are gone by now.
    pub(crate) async fn fill_documents(
        &self,
        records: &mut [Record],
        columns: &Columns,
    ) -> RemoteResult<Vec<String>> {
        let mut gone = Vec::new();
        let extra = columns.extra;
        for record in records.iter_mut() {
            super::events::fill(record, &columns.times);
        }
        if records.is_empty() || (extra == Extra::default() && columns.hidden.is_empty()) {
            return Ok(gone);
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
            let module = self.described(&columns.entity).await?;
            let module = &*module;
            let documents: Vec<RemoteResult<Shown>> = futures::stream::iter(ids)
                .map(|id| async move { self.retrieve(module, &id).await })
                .buffered(self.size.max(1))
                .collect()
                .await;
            for (record, document) in records.iter_mut().zip(documents) {
                match document? {
                    Shown::Whole(document) => {
                        record.fields.set(LINES, lines_value(&document::lines(&document)));
                    }
                    Shown::Gone => gone.push(record.id.clone()),
                    Shown::Hidden(_) | Shown::WithoutLines => {}
                }
            }
        }
        Ok(gone)
    }

    /// A document whole.
    ///
    /// # Errors
    /// It cannot be read just now: nobody may take that for a document without lines.
    pub(super) async fn retrieve(&self, module: &Described, id: &str) -> RemoteResult<Shown> {
        // Some fail for good, so that patience is for those only that should not.
        let mut error = match self.retrieve_once(id, Plan::BRIEF).await {
            Ok(document) => return Ok(Shown::Whole(document)),
            Err(error) => Box::pin(self.told_apart(module, id, error)).await,
        };
        if error.kind == ErrorKind::Temporary {
            if Box::pin(self.has_no_lines(module, id)).await? {
                return Ok(Shown::WithoutLines);
            }
            error = match self.retrieve_once(id, Plan::READ).await {
                Ok(document) => return Ok(Shown::Whole(document)),
                Err(error) => Box::pin(self.told_apart(module, id, error)).await,
            };
        }
        match error.kind {
            ErrorKind::NotFound => Ok(Shown::Gone),
            ErrorKind::Permission => Ok(Shown::Hidden(error)),
            _ => Err(error),
        }
    }

    async fn retrieve_once(&self, id: &str, plan: Plan) -> RemoteResult<Json> {
        let op = Operation::get("retrieve", format!("read {id}")).with("id", id).planned(plan);
        Ok(self.call(op, PhantomData::<Json>).await?.0)
    }

    /// Whether it is one that Vtiger 8.4.0 fails to show: with taxes of its lines, and without any.
    async fn has_no_lines(&self, module: &Described, id: &str) -> RemoteResult<bool> {
        let fields = [TAX_TYPE, SUBTOTAL].map(str::to_owned);
        let found = self.fetch_ids(&module.info.name, &[id.to_owned()], &fields).await?;
        let Some(found) = found.first() else { return Ok(false) };
        let told = |name: &str| found.fields.get(name).map(Value::to_text);
        let of_lines = told(TAX_TYPE).is_none_or(|kind| kind == "individual");
        let nothing = told(SUBTOTAL).and_then(|sum| Decimal::from_str(&sum).ok());
        Ok(of_lines && nothing.is_none_or(|sum| sum.is_zero()))
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
        let document = match self.retrieve(module, id).await? {
            Shown::Whole(Json::Object(document)) => document,
            Shown::Hidden(error) => return Err(error),
            Shown::Gone => return Err(gone(&module.info.name, id)),
            Shown::Whole(_) | Shown::WithoutLines => return Ok(()),
        };
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

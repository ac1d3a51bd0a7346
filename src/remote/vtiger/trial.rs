//! The first change of lines of a connection is a trial. Vtiger 8.4.0 as it is shipped replaces the
//! lines, dies, and leaves the document with a total of nothing; hosts repair that, or only the
//! creation of documents, and nothing that is read tells. So the document is read back once: if its
//! total is gone, it is put back at once by a change without lines, which Vtiger stores as it is
//! sent, and no lines are changed after that.

use super::super::{ErrorKind, RemoteError, RemoteResult, Written};
use super::Vtiger;
use super::call::{Operation, refused};
use super::columns::Columns;
use super::document::{items, number};
use crate::model::Fields;
use crate::model::document::{LINES, Line, lines_of};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Map, Value as Json, json};
use std::marker::PhantomData;

/// How often a total is put back until it is told that it cannot be.
const TRIES: usize = 3;

/// What a document is to hold when its lines are changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trial {
    /// The document.
    id: String,
    /// What its lines cost without tax.
    net: Decimal,
    /// Its total.
    grand: Decimal,
}

impl Trial {
    /// Of a change that carries lines. `None`: it carries none, or their total is nothing anyway.
    fn of(id: &str, values: &Fields, element: &Map<String, Json>) -> Option<Self> {
        let lines = lines_of(values.get(LINES)?);
        let sum: Decimal = lines.iter().map(|line: &Line| line.net() + line.tax).sum();
        let grand = sum.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
        let net = net(items(element.get("LineItems")?));
        (!grand.is_zero()).then(|| Self { id: id.to_owned(), net, grand })
    }
}

/// What lines cost without tax, as they are sent and as they are read.
fn net(items: Vec<&Json>) -> Decimal {
    let of = |item: &Json| {
        number(item, "quantity") * number(item, "listprice") - number(item, "discount_amount")
    };
    items.into_iter().map(of).sum::<Decimal>().round_dp(6)
}

impl Vtiger {
    /// Whether this change is a trial: where nobody knows yet what becomes of the total.
    pub(crate) fn trial(
        &self,
        id: &str,
        values: &Fields,
        element: &Map<String, Json>,
    ) -> Option<Trial> {
        let known = self.documents.with(|state| state.changes.is_some()) || self.is_before_8();
        if known { None } else { Trial::of(id, values, element) }
    }

    /// What the outcome of a trial means, and puts the total back if it was lost.
    pub(crate) async fn tried(
        &self,
        trial: &Trial,
        columns: &Columns,
        result: RemoteResult<Written>,
    ) -> RemoteResult<Written> {
        if result.as_ref().is_err_and(|error| error.kind != ErrorKind::Unknown) {
            return result;
        }
        let op = Operation::get("retrieve", format!("read {}", trial.id)).with("id", &trial.id);
        let Ok((document, _)) = self.call(op, PhantomData::<Json>).await else { return result };
        if !number(&document, "hdnGrandTotal").is_zero() {
            if result.is_ok() {
                self.documents.with(|state| state.changes = Some(true));
            }
            return result;
        }
        let kept = document.get("LineItems").map(items).unwrap_or_default();
        if net(kept) != trial.net {
            // Other lines than those that were sent: the request has not arrived.
            return result;
        }
        self.documents.with(|state| state.changes = Some(false));
        self.put_total_back(trial, columns).await
    }

    async fn put_total_back(&self, trial: &Trial, columns: &Columns) -> RemoteResult<Written> {
        let (net, grand) = (trial.net.normalize().to_string(), trial.grand.normalize().to_string());
        let element = json!({
            "id": trial.id, "hdnGrandTotal": grand, "hdnSubTotal": net, "pre_tax_total": net,
        });
        let element = element.to_string();
        let mut why = String::new();
        for _ in 0..TRIES {
            let op = Operation::post("revise", format!("put the total of {} back", trial.id))
                .with("element", &element);
            match self.written(columns, op).await {
                Ok(written) => return Ok(written),
                Err(RemoteError { error, .. }) => why = error.one_line(),
            }
        }
        Err(refused(
            format!("The document {} has its new lines in Vtiger, but a total of 0.", trial.id),
            format!(
                "This Vtiger empties the total when lines are changed over its API, as 8.4.0 does as \
                 it is shipped, and the total could not be put back: {why}"
            ),
            format!(
                "Open the document in Vtiger and save it there, which computes the total anew; it \
                 is to be {grand}. Then have the CRM's inventory web service repaired \
                 (include/Webservices in Vtiger)."
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::document::lines_value;

    #[test]
    fn a_trial_knows_what_the_document_is_to_hold() {
        let dec = |text: &str| text.parse::<Decimal>().unwrap();
        let line = Line {
            product: "14x3".into(),
            quantity: dec("3"),
            price: dec("10.005"),
            discount: dec("1"),
            tax: dec("2.9015"),
            ..Line::default()
        };
        let of = |lines: &[Line]| {
            let values: Fields = [(LINES, lines_value(lines))].into_iter().collect();
            let element = super::super::document::element(lines, &[]).unwrap_or_default();
            Trial::of("6x1", &values, &element)
        };
        let untaxed = Line { tax: Decimal::ZERO, ..line.clone() };
        let expected = Trial { id: "6x1".into(), net: dec("29.015"), grand: dec("29.02") };
        assert_eq!(of(&[untaxed]), Some(expected));
        let free =
            Line { price: Decimal::ZERO, discount: Decimal::ZERO, tax: Decimal::ZERO, ..line };
        assert_eq!(of(&[free]), None, "its total is nothing anyway");
        assert_eq!(Trial::of("6x1", &Fields::new(), &Map::new()), None, "no lines are sent");
        let read =
            json!([{"quantity": "3.000", "listprice": "10.00500000", "discount_amount": "1"}]);
        assert_eq!(net(items(&read)), dec("29.015"));
    }
}

//! The stock of products stays what it was. Vtiger takes the goods of every document out of stock
//! that is saved with lines, and moves stock to and fro when lines are changed, without a new stamp
//! on the product. The other system has counted these goods itself, and its stock travels with
//! Products: what a document took is put back.
//!
//! The stock is read before and after. Putting it back is an edit, with a stamp of its own, so this
//! holds only while no other document with lines is written: see `Documents::turn`.

use super::super::{ErrorKind, RemoteResult};
use super::Vtiger;
use super::call::Operation;
use super::columns::Columns;
use super::describe::Described;
use super::documents::member;
use super::refs::is_id_of;
use super::vtql::{self, LIMIT, Query};
use crate::model::Value;
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

const PRODUCTS: &str = "Products";
const STOCK: &str = "qtyinstock";

/// The stock of products, and the stamps they had.
pub(crate) type Stock = BTreeMap<String, (String, String)>;

impl Vtiger {
    /// The stock of the products in the lines of an element, before it is sent.
    pub(crate) async fn stock_of(&self, element: &Map<String, Json>) -> Stock {
        // Where products may not be read, they may not be written either.
        self.stock(&products_of(element)).await.unwrap_or_default()
    }

    /// The stock of all products that lose or get lines when a document that is there is changed to
    /// this element or, without one, deleted.
    pub(crate) async fn stock_around(
        &self,
        module: &Described,
        id: &str,
        element: Option<&Map<String, Json>>,
    ) -> Stock {
        let mut ids = element.map(products_of).unwrap_or_default();
        if !module.has_lines() || (element.is_some() && ids.is_empty()) {
            return Stock::new();
        }
        if let Ok(Some(Json::Object(document))) = self.retrieve(id).await {
            ids.extend(products_of(&document));
        }
        self.stock(&ids).await.unwrap_or_default()
    }

    async fn stock(&self, ids: &BTreeSet<String>) -> RemoteResult<Stock> {
        let mut stock = Stock::new();
        if ids.is_empty() {
            return Ok(stock);
        }
        let module = self.described(PRODUCTS).await?;
        let ids: Vec<&str> =
            ids.iter().map(String::as_str).filter(|id| is_id_of(id, &module.prefix)).collect();
        if !module.can_select(STOCK) || !module.has("modifiedtime") {
            return Ok(stock);
        }
        let columns = Columns::new(&module, &[STOCK.to_owned()]);
        for piece in vtql::pieces(&ids, LIMIT, 300) {
            let query = Query::select(PRODUCTS, [STOCK, "modifiedtime"])
                .among("id", piece.iter().copied())
                .ordered("id");
            let op = Operation::get("query", "look at the stock").with("query", &query);
            let (rows, _) = self.call(op, columns.projection.records()).await?;
            for row in rows {
                let quantity = row.fields.get(STOCK).map(Value::to_text).unwrap_or_default();
                stock.insert(row.slots[0].to_text(), (quantity, row.slots[1].to_text()));
            }
        }
        Ok(stock)
    }

    /// Puts back what a document has taken, and takes what it has put back; after a lost answer too,
    /// since the document may be there. A product with a new stamp was edited by somebody.
    pub(crate) async fn keep_stock<T>(&self, before: Stock, written: &RemoteResult<T>) {
        let refused = written.as_ref().is_err_and(|error| error.kind != ErrorKind::Unknown);
        if refused || before.is_empty() {
            return;
        }
        let ids: BTreeSet<String> = before.keys().cloned().collect();
        let Ok(now) = self.stock(&ids).await else { return };
        for (id, (quantity, stamp)) in before {
            let moved = now.get(&id).is_some_and(|(q, s)| *q != quantity && *s == stamp);
            if !moved {
                continue;
            }
            let element = json!({ "id": id, STOCK: quantity }).to_string();
            let op = Operation::post("revise", format!("put the stock of {id} back"))
                .with("element", &element);
            // The document is written; a stock that stays low is told by the next comparison.
            let _ = self.call(op, PhantomData::<Json>).await;
        }
    }
}

/// The products that an element has lines of.
fn products_of(element: &Map<String, Json>) -> BTreeSet<String> {
    let items = element.get("LineItems").and_then(Json::as_array);
    items.into_iter().flatten().map(|item| member(item, "productid")).collect()
}

//! The stock of products stays what it was. Vtiger takes the goods of every document out of stock
//! that is saved with lines, and moves stock to and fro when lines are changed, without a new stamp
//! on the product. The other system has counted these goods itself, and its stock travels with
//! Products: what a document took is put back.
//!
//! The stock is read before and after. Putting it back is an edit, with a stamp of its own, so this
//! holds only while no other document with lines is written: see `Documents::turn`.

use super::super::http::Plan;
use super::super::{ErrorKind, RemoteResult};
use super::Vtiger;
use super::call::Operation;
use super::columns::Columns;
use super::describe::Described;
use super::documents::{Shown, member};
use super::refs::is_id_of;
use super::vtql::{self, LIMIT, Query};
use super::write::gone;
use crate::model::Value;
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use tokio::time::sleep;

const PRODUCTS: &str = "Products";
const STOCK: &str = "qtyinstock";

/// The stock of products, and the stamps they had.
pub(crate) type Stock = BTreeMap<String, (String, String)>;

impl Vtiger {
    /// The stock of the products in the lines of an element, before it is sent. What cannot be told
    /// just now cannot be put back, so an error that may pass keeps the element from being sent.
    pub(crate) async fn stock_of(&self, element: &Map<String, Json>) -> RemoteResult<Stock> {
        if_readable(self.stock(&products_of(element)).await)
    }

    /// The stock of all products that lose or get lines when a document that is there is changed to
    /// this element or, without one, deleted. Errors as [`Self::stock_of`].
    pub(crate) async fn stock_around(
        &self,
        module: &Described,
        id: &str,
        element: Option<&Map<String, Json>>,
    ) -> RemoteResult<Stock> {
        let mut ids = element.map(products_of).unwrap_or_default();
        if !module.has_lines() || (element.is_some() && ids.is_empty()) {
            return Ok(Stock::new());
        }
        match self.retrieve(module, id).await? {
            Shown::Whole(Json::Object(document)) => ids.extend(products_of(&document)),
            Shown::Gone => return Err(gone(&module.info.name, id)),
            Shown::Whole(_) | Shown::Hidden(_) | Shown::WithoutLines => {}
        }
        if_readable(self.stock(&ids).await)
    }

    async fn stock(&self, ids: &BTreeSet<String>) -> RemoteResult<Stock> {
        let mut stock = Stock::new();
        if ids.is_empty() {
            return Ok(stock);
        }
        let module = self.described(PRODUCTS).await?;
        let mut ids: Vec<&str> =
            ids.iter().map(String::as_str).filter(|id| is_id_of(id, &module.prefix)).collect();
        if !module.can_select(STOCK) || !module.has("modifiedtime") {
            return Ok(stock);
        }
        let columns = Columns::new(&module, &[STOCK.to_owned()]);
        // One that is not found may be there all the same.
        for _ in 0..2 {
            ids.retain(|id| !stock.contains_key(*id));
            self.read_stock(&columns, &ids, &mut stock).await?;
        }
        Ok(stock)
    }

    async fn read_stock(
        &self,
        columns: &Columns,
        ids: &[&str],
        stock: &mut Stock,
    ) -> RemoteResult<()> {
        for piece in vtql::pieces(ids, LIMIT, 300) {
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
        Ok(())
    }

    /// Puts back what a document has taken, and takes what it has put back; after a lost answer too,
    /// since the document may be there. A product with a new stamp was edited by somebody.
    pub(crate) async fn keep_stock<T>(&self, before: Stock, written: &RemoteResult<T>) {
        let refused = written.as_ref().is_err_and(|error| error.kind != ErrorKind::Unknown);
        if refused || before.is_empty() {
            return;
        }
        let (mut left, mut pauses) = (before, Plan::READ.pauses());
        loop {
            left = self.put_back_all(left).await;
            match pauses.next() {
                Some(pause) if !left.is_empty() => sleep(pause).await,
                // The document is written; a stock that stays low is told by the next comparison.
                _ => return,
            }
        }
    }

    /// Puts back what has moved. Gives what may not be in its place yet.
    async fn put_back_all(&self, before: Stock) -> Stock {
        let ids: BTreeSet<String> = before.keys().cloned().collect();
        let Ok(now) = self.stock(&ids).await else { return before };
        let mut unsure = Stock::new();
        for (id, (quantity, stamp)) in before {
            let done = match now.get(&id) {
                Some((q, s)) if *q != quantity && *s == stamp => {
                    self.put_back(&id, &quantity).await.map_err(|error| error.is_passing())
                }
                Some(_) => Ok(()),
                None => Err(true),
            };
            if done == Err(true) {
                unsure.insert(id, (quantity, stamp));
            }
        }
        unsure
    }

    async fn put_back(&self, id: &str, quantity: &str) -> RemoteResult<()> {
        let element = json!({ "id": id, STOCK: quantity }).to_string();
        let op = Operation::post("revise", format!("put the stock of {id} back"))
            .with("element", &element);
        match self.call(op, PhantomData::<Json>).await {
            Err(error) => {
                let module = self.described(PRODUCTS).await?;
                Err(self.told_apart(&module, id, error).await)
            }
            Ok(_) => Ok(()),
        }
    }
}

/// What was read, or nothing: where products may not be read, they may not be written either.
fn if_readable<T: Default>(read: RemoteResult<T>) -> RemoteResult<T> {
    match read {
        Err(error) if !error.is_passing() && !error.whole => Ok(T::default()),
        read => read,
    }
}

/// The products that an element has lines of.
fn products_of(element: &Map<String, Json>) -> BTreeSet<String> {
    let items = element.get("LineItems").and_then(Json::as_array);
    items.into_iter().flatten().map(|item| member(item, "productid")).collect()
}

//! Records by id and by match key, and what has to be read beside the records themselves.

use super::super::http::Plan;
use super::super::{ErrorKind, RemoteError, RemoteResult};
use super::Magento;
use super::companies;
use super::documents;
use super::entity::{Entity, Kind, customers, named};
use super::products::{lists, wants_stock};
use super::records::{Beside, member, members, text};
use super::search::{Filter, Search};
use super::values::is_id;
use crate::model::document::LINES;
use crate::model::{Fields, Record, UserError, Value};
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::Ordering;

/// Ids in one request.
const IDS: usize = 100;
/// Keys in one request.
const KEYS: usize = 50;

impl Magento {
    /// The records with these ids.
    pub(crate) async fn fetch_ids(
        &self,
        entity: &'static Entity,
        ids: &[String],
        wanted: &[String],
    ) -> RemoteResult<Vec<Record>> {
        if entity.kind == Kind::Companies {
            let ids: BTreeSet<&String> = ids.iter().filter(|id| !id.is_empty()).collect();
            let ids: Vec<String> = ids.into_iter().cloned().collect();
            let rows: Vec<Fields> = self.first_of(&ids, wanted).await?.into_values().collect();
            return self.records(entity, &rows, wanted).await;
        }
        let ids: BTreeSet<u64> =
            ids.iter().filter(|id| is_id(id)).filter_map(|id| id.parse().ok()).collect();
        let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
        let rows = self.by_column(entity, entity.column, &ids, wanted).await?;
        let rows: Vec<Fields> =
            rows.into_iter().filter(|row| ids.contains(&text(row, entity.id))).collect();
        self.records(entity, &rows, wanted).await
    }

    /// The records whose field is one of these values.
    pub(crate) async fn find_values(
        &self,
        entity: &'static Entity,
        field: &str,
        values: &[String],
        wanted: &[String],
    ) -> RemoteResult<Vec<Record>> {
        let values: BTreeSet<&str> =
            values.iter().map(|v| v.trim()).filter(|v| !v.is_empty()).collect();
        let values: Vec<String> = values.into_iter().map(str::to_owned).collect();
        if entity.kind == Kind::Companies {
            if field != "name" {
                return Err(no_search(entity, field));
            }
            let ids: Vec<String> = values.iter().filter_map(|v| companies::id_of_name(v)).collect();
            return self.fetch_ids(entity, &ids, wanted).await;
        }
        let (column, searched) = self.column_of(entity, field, &values)?;
        let mut needed = wanted.to_vec();
        needed.push(field.to_owned());
        let rows = self.by_column(entity, &column, &searched, &needed).await?;
        let found = self.records(entity, &rows, &needed).await?;
        let lower: BTreeSet<String> = values.iter().map(|v| v.to_lowercase()).collect();
        let keeps = |record: &Record| {
            let held = record.fields.get(field).map(Value::to_text).unwrap_or_default();
            lower.contains(&held.trim().to_lowercase())
        };
        let mut found: Vec<Record> = found.into_iter().filter(keeps).collect();
        if !wanted.iter().any(|path| path == field) {
            for record in &mut found {
                record.fields.remove(field);
            }
        }
        Ok(found)
    }

    /// The column that a field is searched by, and the values as it holds them.
    fn column_of(
        &self,
        entity: &Entity,
        field: &str,
        values: &[String],
    ) -> RemoteResult<(String, Vec<String>)> {
        let own = |column: &str| (column.to_owned(), values.to_vec());
        if let Some(code) = field.strip_prefix("custom_attributes.") {
            return Ok(own(code));
        }
        match field {
            "reference" => {
                let end = format!("@{}", self.shop);
                let numbers = values.iter().filter_map(|v| v.strip_suffix(end.as_str()));
                Ok(("increment_id".to_owned(), numbers.map(str::to_owned).collect()))
            }
            _ if field == entity.id => Ok(own(entity.column)),
            _ if field.contains('.') || ["lines", "phase", "contact"].contains(&field) => {
                Err(no_search(entity, field))
            }
            _ => Ok(own(field)),
        }
    }

    /// Rows whose column holds one of these values.
    async fn by_column(
        &self,
        entity: &Entity,
        column: &str,
        values: &[String],
        wanted: &[String],
    ) -> RemoteResult<Vec<Fields>> {
        let most = if column == entity.column { IDS } else { KEYS };
        let mut all = Vec::new();
        for list in lists(values, most) {
            let mut after = 0_u64;
            loop {
                let size = self.page_size.load(Ordering::Relaxed);
                let mut search = Search::sorted(entity.column, size)
                    .and(Filter::new(column, list.condition, list.value.as_str()))
                    .only(members(entity, wanted));
                if after > 0 {
                    search = search.and(Filter::new(entity.column, "gt", after.to_string()));
                }
                let rows = self.rows(entity, &search, Plan::READ).await?;
                let full = rows.items.len() >= rows.size;
                let ids = rows.items.iter().filter_map(|r| text(r, entity.id).parse::<u64>().ok());
                let last = ids.max().unwrap_or(0);
                all.extend(rows.items);
                if !full || last <= after {
                    break;
                }
                after = last;
            }
        }
        Ok(all)
    }

    /// What these paths need beside the rows.
    pub(crate) async fn beside(
        &self,
        entity: &Entity,
        rows: &[Fields],
        wanted: &[String],
    ) -> RemoteResult<Beside> {
        let mut beside = Beside { shop: self.shop.clone(), ..Beside::default() };
        match entity.kind {
            Kind::Products if wants_stock(wanted) => {
                let bare = |row: &&Fields| member(row, "extension_attributes.stock_item").is_none();
                let skus: Vec<String> =
                    rows.iter().filter(bare).map(|row| text(row, "sku")).collect();
                if !skus.is_empty() {
                    beside.stock = self.stock_of(&skus).await?;
                }
            }
            Kind::Orders => self.beside_orders(rows.iter().collect(), wanted, &mut beside).await?,
            Kind::Invoices if wanted.iter().any(|path| documents::of_order(path)) => {
                beside.orders = self.orders_of(rows, wanted).await?;
                let orders = beside.orders.clone();
                self.beside_orders(orders.values().collect(), wanted, &mut beside).await?;
            }
            _ => {}
        }
        Ok(beside)
    }

    async fn beside_orders(
        &self,
        orders: Vec<&Fields>,
        wanted: &[String],
        beside: &mut Beside,
    ) -> RemoteResult<()> {
        let people = |path: &String| path == "contact" || path.starts_with("guest.");
        if wanted.iter().any(people) {
            let mails: BTreeSet<String> =
                orders.iter().filter_map(|row| documents::guest_of(row)).collect();
            let mails: Vec<String> = mails.into_iter().collect();
            beside.customers = self.customers_of(&mails).await?;
        }
        if wanted.iter().any(|path| path == LINES) {
            let skus: BTreeSet<String> = orders
                .iter()
                .flat_map(|row| documents::nameless(row))
                .filter(|sku| !sku.is_empty())
                .collect();
            let skus: Vec<String> = skus.into_iter().collect();
            for row in self.by_sku(&skus).await? {
                beside.products.insert(text(&row, "sku").to_lowercase(), text(&row, "id"));
            }
        }
        Ok(())
    }

    /// Guests who have an account by now are that customer: their ids by address.
    async fn customers_of(&self, mails: &[String]) -> RemoteResult<HashMap<String, String>> {
        if mails.is_empty() {
            return Ok(HashMap::new());
        }
        let fields = ["email".to_owned()];
        match self.by_column(customers(), "email", mails, &fields).await {
            Ok(rows) => {
                let pairs =
                    rows.iter().map(|row| (text(row, "email").to_lowercase(), text(row, "id")));
                Ok(pairs.collect())
            }
            // Without the right to read customers, every guest is one.
            Err(error) if error.kind == ErrorKind::Permission => Ok(HashMap::new()),
            Err(error) => Err(error),
        }
    }

    /// The orders of invoices, by id.
    async fn orders_of(
        &self,
        invoices: &[Fields],
        wanted: &[String],
    ) -> RemoteResult<HashMap<String, Fields>> {
        let Some(orders) = named("orders") else { return Ok(HashMap::new()) };
        let ids: BTreeSet<String> =
            invoices.iter().map(|row| text(row, "order_id")).filter(|id| is_id(id)).collect();
        let ids: Vec<String> = ids.into_iter().collect();
        let of_order = wanted.iter().filter(|path| documents::of_order(path));
        let paths: Vec<String> =
            of_order.map(|path| path.strip_prefix("order.").unwrap_or(path).to_owned()).collect();
        let rows = self.by_column(orders, "entity_id", &ids, &paths).await?;
        Ok(rows.into_iter().map(|row| (text(&row, "entity_id"), row)).collect())
    }
}

fn no_search(entity: &Entity, field: &str) -> RemoteError {
    let mut error = RemoteError::new(
        ErrorKind::Refused,
        UserError::new(
            format!("Magento cannot look up {} by \"{field}\".", entity.many),
            "It is no column of its own.",
            format!("Use {} as the match key in the mapping.", entity.key),
        ),
    );
    error.field = Some(field.to_owned());
    error
}

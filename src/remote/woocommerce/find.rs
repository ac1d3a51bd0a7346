//! Records by id and by match key, trashed ones included.

use super::super::{ErrorKind, RemoteError, RemoteResult};
use super::Woo;
use super::call::Ask;
use super::entity::{Entity, Special};
use super::values::is_email;
use super::{orders, records, taxes};
use crate::model::{Record, UserError, Value};
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::BTreeSet;
use syncdeck_records::project::Projected;

/// Ids in one request, and records in one answer.
const IDS: usize = 100;
/// Keys in one request.
const KEYS: usize = 50;
/// The longest list of keys in an address.
const LONGEST: usize = 4_000;

impl Woo {
    /// The records with these ids. What is not among them is gone for certain.
    pub(crate) async fn fetch_ids(
        &self,
        entity: &'static Entity,
        ids: &[String],
        fields: &[String],
    ) -> RemoteResult<Vec<Record>> {
        let (mut all, missing) = self.listed_ids(entity, ids, fields).await?;
        if entity.special == Special::Orders {
            let reads = missing.into_iter().map(|id| self.order_alone(entity, id, fields));
            let alone: Vec<Option<Record>> =
                stream::iter(reads).buffered(self.parallel).try_collect().await?;
            all.extend(alone.into_iter().flatten());
        }
        Ok(all)
    }

    /// An order by itself, or nothing if it is gone. A listing proves nothing about one: it leaves out
    /// what has a status that the shop does not offer, and what a plugin hides. An order that went back
    /// to the checkout is there too, though no listing tells it.
    async fn order_alone(
        &self,
        entity: &'static Entity,
        id: u64,
        fields: &[String],
    ) -> RemoteResult<Option<Record>> {
        let mut ask =
            Ask::get(format!("{}/{id}", entity.name), format!("read {} {id}", entity.one))
                .with("_fields", records::members(entity, fields.iter().map(String::as_str)));
        for (name, value) in entity.always {
            ask = ask.with(name, *value);
        }
        let projection = records::projection(entity, fields);
        let parse = |body: &str| projection.take(body);
        match self.ask(&ask, parse).await? {
            Ok((mut row, _)) => {
                self.apart(entity, std::slice::from_mut(&mut row)).await?;
                Ok(records::made(entity, row, fields, &self.shop()))
            }
            Err(api) if api.status == 404 && api.code.ends_with("_invalid_id") => Ok(None),
            Err(api) => {
                let mut error = self.explained(&api, &ask);
                if error.kind == ErrorKind::NotFound {
                    // Somebody else than the shop said so, a plugin for instance.
                    error.kind = ErrorKind::Temporary;
                }
                Err(error)
            }
        }
    }

    /// The records with these ids that listings show, and the ids of the others. An empty list is never
    /// sent: the shop takes it for no filter.
    async fn listed_ids(
        &self,
        entity: &'static Entity,
        ids: &[String],
        fields: &[String],
    ) -> RemoteResult<(Vec<Record>, Vec<u64>)> {
        let ids: BTreeSet<u64> =
            ids.iter().filter_map(|id| id.parse().ok()).filter(|n| *n > 0).collect();
        let ids: Vec<u64> = ids.into_iter().collect();
        if entity.special == Special::Taxes {
            let (mut all, _) = self.taxes(entity, fields).await?;
            all.retain(|tax| tax.id.parse().is_ok_and(|id| ids.contains(&id)));
            return Ok((all, Vec::new()));
        }
        let mut all = Vec::with_capacity(ids.len());
        let mut unseen = Vec::new();
        for piece in ids.chunks(IDS) {
            // A variation that was seen is asked for below its product.
            let (below, piece): (Vec<u64>, Vec<u64>) =
                piece.iter().partition(|id| self.parent_of(entity, &id.to_string()).is_some());
            let mut missing = piece;
            for trash in [false, true] {
                if missing.is_empty() || (trash && !entity.trash) {
                    break;
                }
                let found = self.included(entity, &missing, fields, trash).await?;
                missing.retain(|id| !found.iter().any(|r| r.id == id.to_string()));
                all.extend(found);
            }
            missing.extend(below);
            if entity.special == Special::Products && !missing.is_empty() {
                all.extend(self.variations_of_ids(entity, &missing, fields).await?);
            } else {
                unseen.extend(missing);
            }
        }
        Ok((all, unseen))
    }

    pub(crate) async fn included(
        &self,
        entity: &'static Entity,
        ids: &[u64],
        fields: &[String],
        trash: bool,
    ) -> RemoteResult<Vec<Record>> {
        let list: Vec<String> = ids.iter().map(u64::to_string).collect();
        let shop = self.shop();
        let ask = self.reading(entity, fields, trash).await?.with("include", list.join(","));
        let rows = self.rows(entity, &ask, fields).await?;
        Ok(rows
            .into_iter()
            .filter(|row| !records::is_variation(row) && !records::is_cart(row))
            .filter_map(|row| records::made(entity, row, fields, &shop))
            // A server that ignores the filter must not answer with others.
            .filter(|r| list.contains(&r.id))
            .collect())
    }

    /// The records whose match key is one of these values. Staff is nobody's match: its accounts are not
    /// to be written.
    pub(crate) async fn find_values(
        &self,
        entity: &'static Entity,
        field: &str,
        values: &[String],
        fields: &[String],
    ) -> RemoteResult<Vec<Record>> {
        let mut found = self.holders(entity, field, values, fields).await?;
        if entity.special == Special::None {
            found.retain(|record| !self.staff.has(&record.id));
        }
        Ok(found)
    }

    /// Who has one of these values as match key, staff included: no customer can get the address of one.
    pub(crate) async fn holders(
        &self,
        entity: &'static Entity,
        field: &str,
        values: &[String],
        fields: &[String],
    ) -> RemoteResult<Vec<Record>> {
        if entity.mark == Some(field) {
            return self.marked(entity, values, fields).await;
        }
        if field != entity.key {
            return Err(no_search(entity, field));
        }
        let values: BTreeSet<&str> =
            values.iter().map(|v| v.trim()).filter(|v| !v.is_empty()).collect();
        let mut wanted = fields.to_vec();
        let hidden = !wanted.iter().any(|f| f == field);
        if hidden {
            wanted.push(field.to_owned());
        }
        let mut found = match entity.special {
            Special::None => self.by_email(entity, &values, &wanted).await?,
            Special::Products => self.by_sku(entity, &values, &wanted).await?,
            Special::Orders => self.by_number(entity, &values, &wanted).await?,
            Special::Taxes => {
                let (mut all, _) = self.taxes(entity, &wanted).await?;
                all.retain(|tax| values.iter().any(|v| taxes::has(&tax.fields, field, v)));
                all
            }
        };
        if hidden {
            for record in &mut found {
                record.fields.remove(field);
            }
        }
        Ok(found)
    }

    /// One by one: the filter takes a single address.
    async fn by_email(
        &self,
        entity: &'static Entity,
        values: &BTreeSet<&str>,
        fields: &[String],
    ) -> RemoteResult<Vec<Record>> {
        let asks: Vec<_> = values
            .iter()
            .filter(|v| is_email(v))
            .map(|v| self.one_email(entity, v, fields))
            .collect();
        stream::iter(asks).buffered(self.parallel).try_concat().await
    }

    async fn one_email(
        &self,
        entity: &'static Entity,
        email: &str,
        fields: &[String],
    ) -> RemoteResult<Vec<Record>> {
        let ask = self.reading(entity, fields, false).await?.with("email", email);
        match self.rows(entity, &ask, fields).await {
            Ok(rows) => Ok(rows
                .into_iter()
                .filter_map(|row| records::record(entity, row))
                // A star in an address is a wildcard for the shop.
                .filter(|r| {
                    key(r, entity).eq_ignore_ascii_case(email)
                        || key(r, entity).to_lowercase() == email.to_lowercase()
                })
                .collect()),
            // The shop is stricter about addresses than we are; there can be no such customer.
            Err(error) if error.kind == ErrorKind::Refused && !error.whole => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    async fn by_sku(
        &self,
        entity: &'static Entity,
        values: &BTreeSet<&str>,
        fields: &[String],
    ) -> RemoteResult<Vec<Record>> {
        let mut all = Vec::new();
        for piece in pieces(values) {
            let found = self.some_skus(entity, &piece, fields, false).await?;
            let missing: Vec<&str> = piece
                .into_iter()
                .filter(|sku| !found.iter().any(|r| same(&key(r, entity), sku)))
                .collect();
            all.extend(found);
            // A product in the trash still holds its SKU.
            if !missing.is_empty() {
                all.extend(self.some_skus(entity, &missing, fields, true).await?);
            }
        }
        Ok(all)
    }

    async fn some_skus(
        &self,
        entity: &'static Entity,
        skus: &[&str],
        fields: &[String],
        trash: bool,
    ) -> RemoteResult<Vec<Record>> {
        let ask = self.reading(entity, fields, trash).await?.with("sku", skus.join(","));
        let mut all = Vec::new();
        for page in 1.. {
            let ask = ask.clone().with("page", page.to_string());
            let rows = self.rows(entity, &ask, fields).await?;
            let full = rows.len() >= IDS;
            let mut found = self.found_variations(entity, &rows, fields).await?;
            let products = rows.into_iter().filter(|row| !records::is_variation(row));
            found.extend(products.filter_map(|row| records::made(entity, row, fields, "")));
            all.extend(
                found.into_iter().filter(|r| skus.iter().any(|sku| same(&key(r, entity), sku))),
            );
            if !full {
                break;
            }
        }
        Ok(all)
    }

    /// Orders by their numbers: the number is the id, unless a plugin counts them.
    async fn by_number(
        &self,
        entity: &'static Entity,
        values: &BTreeSet<&str>,
        fields: &[String],
    ) -> RemoteResult<Vec<Record>> {
        let shop = self.shop();
        let numbers: Vec<&str> =
            values.iter().filter_map(|value| orders::number_in(value, &shop)).collect();
        let ids: Vec<String> =
            numbers.iter().filter(|n| n.parse::<u64>().is_ok()).map(|n| (*n).to_owned()).collect();
        let is = |record: &Record| values.iter().any(|v| same(&key(record, entity), v));
        // Whether the others are gone is not asked: they are searched by number.
        let (mut all, _) = self.listed_ids(entity, &ids, fields).await?;
        all.retain(is);
        let told = |number: &str| {
            let subject = format!("{number}@{shop}");
            all.iter().any(|record| same(&key(record, entity), &subject))
        };
        let missing: Vec<&str> = numbers.into_iter().filter(|n| !told(n)).collect();
        let asks: Vec<_> =
            missing.into_iter().map(|number| self.searched(entity, number, fields)).collect();
        let found: Vec<Record> = stream::iter(asks).buffered(self.parallel).try_concat().await?;
        all.extend(found.into_iter().filter(is));
        Ok(all)
    }

    async fn searched(
        &self,
        entity: &'static Entity,
        number: &str,
        fields: &[String],
    ) -> RemoteResult<Vec<Record>> {
        let ask = self.reading(entity, fields, false).await?.with("search", number);
        let shop = self.shop();
        let rows = self.rows(entity, &ask, fields).await?.into_iter();
        let rows = rows.filter(|row| !records::is_cart(row));
        Ok(rows.filter_map(|row| records::made(entity, row, fields, &shop)).collect())
    }

    /// A read of full records, the largest page.
    pub(crate) async fn reading(
        &self,
        entity: &Entity,
        fields: &[String],
        trash: bool,
    ) -> RemoteResult<Ask> {
        let mut ask = Ask::get(entity.name, format!("read {}", entity.name))
            .with("per_page", IDS.to_string())
            .with("orderby", "id")
            .with("order", "asc");
        for (name, value) in entity.always {
            ask = ask.with(name, *value);
        }
        if entity.trash {
            let status = if trash { "trash" } else { self.any_status(entity).await? };
            ask = ask.with("status", status);
        }
        Ok(ask.with("_fields", records::members(entity, fields.iter().map(String::as_str))))
    }

    pub(crate) async fn rows(
        &self,
        entity: &Entity,
        ask: &Ask,
        fields: &[String],
    ) -> RemoteResult<Vec<Projected>> {
        let projection = records::projection(entity, fields);
        let parse = |body: &str| projection.take_all(body);
        let (mut rows, _) = self.call(ask, parse).await?;
        // Orders ask who is staff, which is a reading of customers.
        Box::pin(self.apart(entity, &mut rows)).await?;
        Ok(rows)
    }

    /// The answer of a read of one record.
    pub(crate) async fn row(
        &self,
        entity: &Entity,
        ask: &Ask,
        fields: &[String],
    ) -> RemoteResult<Projected> {
        let projection = records::projection(entity, fields);
        let parse = |body: &str| projection.take(body);
        Ok(self.call(ask, parse).await?.0)
    }
}

fn key(record: &Record, entity: &Entity) -> String {
    record.fields.get(entity.key).map(Value::to_text).unwrap_or_default()
}

fn same(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

/// Lists of keys for one request each. A key with a comma goes alone: the shop splits the list, and
/// looks for the whole of it too.
fn pieces<'a>(values: &BTreeSet<&'a str>) -> Vec<Vec<&'a str>> {
    let (alone, many): (Vec<&str>, Vec<&str>) = values.iter().partition(|v| v.contains(','));
    let mut all: Vec<Vec<&str>> = Vec::new();
    let mut length = 0;
    for value in many {
        let size = value.len() * 3 + 1;
        match all.last_mut() {
            Some(piece) if piece.len() < KEYS && length + size <= LONGEST => {
                piece.push(value);
                length += size;
            }
            _ => {
                all.push(vec![value]);
                length = size;
            }
        }
    }
    all.extend(alone.into_iter().map(|v| vec![v]));
    all
}

fn no_search(entity: &Entity, field: &str) -> RemoteError {
    let mut error = RemoteError::new(
        ErrorKind::Refused,
        UserError::new(
            format!("WooCommerce cannot look up {} by \"{field}\".", entity.name),
            format!("Its API finds them by {} only.", entity.key),
            format!("Use {} as the match key in the mapping.", entity.key),
        ),
    );
    error.field = Some(field.to_owned());
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_split_into_requests() {
        let many: Vec<String> = (0..120).map(|n| format!("SKU-{n:03}")).collect();
        let mut values: BTreeSet<&str> = many.iter().map(String::as_str).collect();
        values.insert("a,b");
        let pieces = pieces(&values);
        assert_eq!(pieces.iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 20, 1]);
        assert_eq!(pieces[3], ["a,b"]);
        let long = "x".repeat(1000);
        let values: BTreeSet<&str> = [long.as_str(), "y", "z"].into();
        assert_eq!(super::pieces(&values).iter().map(Vec::len).sum::<usize>(), 3);
    }
}

//! Fills paths through references: `account_id.accountname` is looked up in `Accounts`, a hundred
//! ids at a time.

use super::super::RemoteResult;
use super::Vtiger;
use super::call::Operation;
use super::columns::{Columns, RefPath};
use super::vtql::{self, LIMIT, Query};
use crate::model::{Record, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use syncdeck_records::project::Projection;

/// Values of referenced records: by id, then by field.
type Found = HashMap<String, HashMap<String, Value>>;

impl Vtiger {
    /// Fills what no query has: paths through references, and what belongs to documents. Gives the
    /// ids of documents that are gone by now.
    pub(crate) async fn fill(
        &self,
        records: &mut [Record],
        columns: &Columns,
    ) -> RemoteResult<Vec<String>> {
        let gone = self.fill_documents(records, columns).await?;
        self.fill_refs(records, &columns.refs).await?;
        Ok(gone)
    }

    /// Fills them, and leaves out what is gone by now.
    pub(crate) async fn fill_all(
        &self,
        records: &mut Vec<Record>,
        columns: &Columns,
    ) -> RemoteResult<()> {
        let gone = self.fill(records, columns).await?;
        records.retain(|record| !gone.contains(&record.id));
        Ok(())
    }

    /// Fills the reference paths of records; empty text where nothing is referred to. Where the
    /// record that is referred to cannot be found, nothing is said: its name is not empty.
    async fn fill_refs(&self, records: &mut [Record], refs: &[RefPath]) -> RemoteResult<()> {
        if refs.is_empty() || records.is_empty() {
            return Ok(());
        }
        let found = self.look_up(records, refs).await?;
        for record in records {
            for one in refs {
                let id = reference(record, &one.base);
                match found.get(&id).and_then(|fields| fields.get(&one.field)) {
                    Some(value) => record.fields.set(one.path.as_str(), value.clone()),
                    None if id.is_empty() => record.fields.set(one.path.as_str(), ""),
                    None => {
                        record.fields.remove(&one.path);
                    }
                }
            }
            for one in refs.iter().filter(|r| r.hidden) {
                record.fields.remove(&one.base);
            }
        }
        Ok(())
    }

    async fn look_up(&self, records: &[Record], refs: &[RefPath]) -> RemoteResult<Found> {
        let mut wanted: BTreeMap<&str, (BTreeSet<String>, BTreeSet<&str>)> = BTreeMap::new();
        for one in refs {
            for module in &one.modules {
                let entry = wanted.entry(module).or_default();
                entry.1.insert(&one.field);
                entry.0.extend(records.iter().map(|r| reference(r, &one.base)));
            }
        }
        let mut found = Found::new();
        for (module, (ids, fields)) in wanted {
            let described = self.described(module).await?;
            let of_module = |id: &&String| is_id_of(id, &described.prefix);
            let ids: Vec<&str> = ids.iter().filter(of_module).map(String::as_str).collect();
            let fields: Vec<&str> =
                fields.into_iter().filter(|f| described.can_select(f)).collect();
            if fields.is_empty() {
                continue;
            }
            for piece in vtql::pieces(&ids, LIMIT, 400) {
                self.look_up_piece(module, &piece, &fields, &mut found).await?;
            }
            // One "not found" is not enough where the record itself names another one.
            let missing: Vec<&str> =
                ids.into_iter().filter(|id| !found.contains_key(*id)).collect();
            for piece in vtql::pieces(&missing, LIMIT, 400) {
                self.look_up_piece(module, &piece, &fields, &mut found).await?;
            }
        }
        Ok(found)
    }

    async fn look_up_piece(
        &self,
        module: &str,
        ids: &[&str],
        fields: &[&str],
        found: &mut Found,
    ) -> RemoteResult<()> {
        let query = Query::select(module, fields.iter().copied())
            .among("id", ids.iter().copied())
            .ordered("id");
        let projection = Projection::new(fields.iter().copied(), &["id"]);
        let op = Operation::get("query", format!("read {module}")).with("query", &query);
        let (rows, _) = self.call(op, projection.records()).await?;
        for mut row in rows {
            let id = std::mem::take(&mut row.slots[0]).into_text();
            let values = row.fields.iter().map(|(k, v)| (k.to_owned(), v.clone())).collect();
            found.insert(id, values);
        }
        Ok(())
    }
}

fn reference(record: &Record, base: &str) -> String {
    record.fields.get(base).map(Value::to_text).unwrap_or_default()
}

/// Whether an id is well formed and of the module with this prefix.
pub(crate) fn is_id_of(id: &str, prefix: &str) -> bool {
    id.split_once('x').is_some_and(|(kind, number)| {
        kind == prefix
            && !number.is_empty()
            && number.len() <= 19
            && number.bytes().all(|b| b.is_ascii_digit())
    })
}

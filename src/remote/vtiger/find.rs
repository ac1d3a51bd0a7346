//! Records by id and by the value of a field.

use super::super::RemoteResult;
use super::Vtiger;
use super::call::{Operation, refused};
use super::columns::{self, Columns};
use super::describe::Described;
use super::refs::is_id_of;
use super::vtql::{self, LIMIT, Op, Query};
use crate::model::Record;
use std::collections::BTreeSet;

/// How many values are asked for at a time.
const VALUES: usize = 80;

impl Vtiger {
    /// The records with these ids. Ids of other modules are not found: Vtiger itself does not
    /// look at the part before the `x`.
    pub(crate) async fn fetch_ids(
        &self,
        entity: &str,
        ids: &[String],
        fields: &[String],
    ) -> RemoteResult<Vec<Record>> {
        let module = self.described(entity).await?;
        let wanted: BTreeSet<&str> =
            ids.iter().map(String::as_str).filter(|id| is_id_of(id, &module.prefix)).collect();
        let wanted: Vec<&str> = wanted.into_iter().collect();
        let columns = Columns::new(&module, fields);
        let mut all = Vec::with_capacity(wanted.len());
        for piece in vtql::pieces(&wanted, LIMIT, used(&columns)) {
            let query = Query::select(entity, columns.select.iter().map(String::as_str))
                .among("id", piece.iter().copied())
                .ordered("id");
            let found = self.found(entity, &columns, &query).await?;
            all.extend(found.into_iter().filter(|r| piece.contains(&r.id.as_str())));
        }
        self.fill(&mut all, &columns.refs).await?;
        Ok(all)
    }

    /// The records whose field holds one of these values, as Vtiger compares: without case,
    /// accents and trailing blanks.
    pub(crate) async fn find_values(
        &self,
        entity: &str,
        field: &str,
        values: &[String],
        fields: &[String],
    ) -> RemoteResult<Vec<Record>> {
        let module = self.described(entity).await?;
        if !module.can_select(field) {
            return Err(no_field(entity, field));
        }
        let wanted: BTreeSet<&str> =
            values.iter().map(|v| v.trim_end()).filter(|v| !v.is_empty()).collect();
        let wanted: Vec<&str> = wanted.into_iter().collect();
        let columns = Columns::new(&module, fields);
        let mut all = Vec::new();
        for piece in vtql::pieces(&wanted, VALUES, used(&columns)) {
            self.find_piece(&module, field, &piece, &columns, &mut all).await?;
        }
        self.fill(&mut all, &columns.refs).await?;
        Ok(all)
    }

    /// Many records may hold one value, so each piece is paged until nothing comes.
    async fn find_piece(
        &self,
        module: &Described,
        field: &str,
        values: &[&str],
        columns: &Columns,
        all: &mut Vec<Record>,
    ) -> RemoteResult<()> {
        let entity = &module.info.name;
        let mut last: Option<String> = None;
        loop {
            let mut query = Query::select(entity, columns.select.iter().map(String::as_str))
                .among(field, values.iter().copied());
            if let Some(id) = &last {
                query = query.and("id", Op::Gt, id);
            }
            let found = self.found(entity, columns, &query.ordered("id")).await?;
            let next = found.last().map(|r| r.id.clone());
            let short = found.len() < LIMIT;
            all.extend(found);
            match next {
                Some(next) if !short && last.as_ref() != Some(&next) => last = Some(next),
                _ => return Ok(()),
            }
        }
    }

    async fn found(
        &self,
        entity: &str,
        columns: &Columns,
        query: &str,
    ) -> RemoteResult<Vec<Record>> {
        let op = Operation::get("query", format!("read {entity}")).with("query", query);
        let (rows, _) = self.call(op, columns.projection.records()).await?;
        Ok(rows.into_iter().filter_map(|row| columns::record(row, &self.zone)).collect())
    }
}

/// How much of an address the names of the columns take.
fn used(columns: &Columns) -> usize {
    columns.select.iter().map(|s| s.len() + 3).sum::<usize>() + 200
}

pub(crate) fn no_field(entity: &str, field: &str) -> super::super::RemoteError {
    let mut error = refused(
        format!("Vtiger's {entity} cannot be searched by \"{field}\"."),
        "The module has no such field, or the user may not see it.",
        "Check the match key in the mapping, and the field's permissions in Vtiger.",
    );
    error.field = Some(field.to_owned());
    error
}

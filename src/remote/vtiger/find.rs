//! Records by id and by the value of a field.

use super::super::{ErrorKind, RemoteError, RemoteResult};
use super::Vtiger;
use super::call::{Operation, refused};
use super::columns::{self, Columns};
use super::describe::Described;
use super::refs::is_id_of;
use super::vtql::{self, LIMIT, Op, Query};
use crate::model::{Record, UserError};
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};
use std::collections::BTreeSet;
use syncdeck_records::project::Projection;

/// How many values are asked for at a time.
const VALUES: usize = 80;

/// A piece of a question, on its way.
type Asked<'a> = BoxFuture<'a, RemoteResult<Vec<Record>>>;

impl Vtiger {
    /// The records with these ids. Ids of other modules are not found: Vtiger itself does not
    /// look at the part before the `x`.
    pub(crate) async fn fetch_ids(
        &self,
        entity: &str,
        ids: &[String],
        fields: &[String],
    ) -> RemoteResult<Vec<Record>> {
        match self.fetch_once(entity, ids, fields).await {
            Err(error) if self.is_outdated(entity, &error) => {
                self.fetch_once(entity, ids, fields).await
            }
            other => other,
        }
    }

    async fn fetch_once(
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
        let columns = &columns;
        let mut asked: Vec<Asked<'_>> = Vec::new();
        for piece in vtql::pieces(&wanted, LIMIT, used(columns)) {
            asked.push(Box::pin(async move {
                let query = Query::select(entity, columns.select.iter().map(String::as_str))
                    .among("id", piece.iter().copied())
                    .ordered("id");
                let mut found = self.found(entity, columns, &query).await?;
                if found.is_empty() && columns.select.len() > 1 {
                    self.surely_empty(entity, &piece).await?;
                }
                found.retain(|r| piece.contains(&r.id.as_str()));
                Ok(found)
            }));
        }
        let mut all = self.at_once(asked).await?;
        self.fill_all(&mut all, columns).await?;
        Ok(all)
    }

    /// What pieces of a question find, in their order; as many at a time as there are sessions.
    async fn at_once(&self, asked: Vec<Asked<'_>>) -> RemoteResult<Vec<Record>> {
        let mut answers = stream::iter(asked).buffered(self.size.max(1));
        let mut all = Vec::new();
        while let Some(found) = answers.next().await {
            all.extend(found?);
        }
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
        let (module, columns) = (&module, &columns);
        let mut asked: Vec<Asked<'_>> = Vec::new();
        for piece in vtql::pieces(&wanted, VALUES, used(columns)) {
            asked.push(Box::pin(async move {
                let mut all = Vec::new();
                self.find_piece(module, field, &piece, columns, &mut all).await?;
                Ok(all)
            }));
        }
        let mut all = self.at_once(asked).await?;
        self.fill_all(&mut all, columns).await?;
        Ok(all)
    }

    /// Makes sure that a query without rows was not one that the database refused, which Vtiger
    /// answers alike: the plainest query must be empty too.
    pub(crate) async fn surely_empty(&self, entity: &str, ids: &[&str]) -> RemoteResult<()> {
        let mut query = Query::select(entity, ["id"]);
        if !ids.is_empty() {
            query = query.among("id", ids.iter().copied());
        }
        let query = query.ordered("id");
        let op = Operation::get("query", format!("read {entity}")).with("query", &query);
        let projection = Projection::new([], &["id"]);
        let (rows, _) = self.call(op, projection.records()).await?;
        if rows.is_empty() {
            return Ok(());
        }
        self.known.forget(entity);
        Err(RemoteError::new(
            ErrorKind::Temporary,
            UserError::new(
                format!("Vtiger kept the records of {entity} back."),
                "It answered a query with nothing, as it does when its database refuses the query.",
                "If it goes on, look into Vtiger's logs, and leave custom fields out of the mapping \
                 one by one.",
            ),
        ))
    }

    /// Whether an error says that a field has vanished since the module was described; it is
    /// described anew then.
    pub(crate) fn is_outdated(&self, entity: &str, error: &RemoteError) -> bool {
        let outdated = error.kind == ErrorKind::Permission && error.field.is_some();
        if outdated {
            self.known.forget(entity);
        }
        outdated
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

fn no_field(entity: &str, field: &str) -> RemoteError {
    let mut error = refused(
        format!("Vtiger's {entity} cannot be searched by \"{field}\"."),
        "The module has no such field, or the user may not see it.",
        "Check the match key in the mapping, and the field's permissions in Vtiger.",
    );
    error.field = Some(field.to_owned());
    error
}

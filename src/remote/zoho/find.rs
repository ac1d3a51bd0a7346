//! Records by the value of a field: with the query language, which sees what was written a moment
//! ago; the search index, which lags, is only asked where a query is refused.

use super::super::{ErrorKind, RemoteResult};
use super::Zoho;
use super::call::{Ask, Rows};
use super::coql::{ROWS, find_query, is_closed};
use super::entity::Entity;
use super::records::Reading;
use super::virtuals::half;
use crate::model::{Record, UserError, Value};
use std::collections::BTreeSet;
use syncdeck_records::project::Projection;

/// Values in one query.
const VALUES: usize = 50;
/// The longest list of values, in bytes.
const LONGEST: usize = 4_000;

impl Zoho {
    pub(crate) async fn find_values(
        &self,
        entity: &'static Entity,
        field: &str,
        values: &[String],
        fields: &[String],
    ) -> RemoteResult<Vec<Record>> {
        let described = self.described(entity).await?;
        if half(field, |f| described.is_instant(f)).is_some() || field.contains('.') {
            return Err(no_search(entity, field));
        }
        let values: BTreeSet<&str> =
            values.iter().map(|v| v.trim()).filter(|v| !v.is_empty()).collect();
        let mut ids: BTreeSet<String> = BTreeSet::new();
        for piece in pieces(&values) {
            match self.ids_with(entity, field, &piece).await {
                Ok(found) => ids.extend(found),
                Err(error) if is_closed(&error.kind) => {
                    for value in piece {
                        ids.extend(self.searched(entity, field, value).await?);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        let ids: Vec<String> = ids.into_iter().collect();
        self.read_ids(&Reading::new(entity, &described, fields), &ids).await
    }

    /// By query. A full answer is followed by further ones with fewer values each.
    async fn ids_with(
        &self,
        entity: &'static Entity,
        field: &str,
        values: &[&str],
    ) -> RemoteResult<Vec<String>> {
        let mut waiting = vec![values.to_vec()];
        let mut ids = Vec::new();
        while let Some(values) = waiting.pop() {
            let projection = Projection::new([], &["id"]);
            let query = find_query(entity, field, &values);
            let (rows, _) = self.query(entity, &query, &projection).await?;
            if rows.len() >= ROWS && values.len() > 1 {
                let (a, b) = values.split_at(values.len() / 2);
                waiting.extend([a.to_vec(), b.to_vec()]);
                continue;
            }
            ids.extend(rows.iter().map(|row| row.slots[0].to_text()));
        }
        Ok(ids)
    }

    async fn searched(
        &self,
        entity: &'static Entity,
        field: &str,
        value: &str,
    ) -> RemoteResult<Vec<String>> {
        let ask = Ask::get(format!("{}/search", entity.name), format!("search {}", entity.name))
            .with("criteria", format!("({field}:equals:{})", escaped(value)))
            .with("fields", format!("id,{field}"))
            .with("per_page", ROWS.to_string());
        let projection = Projection::new([field], &["id"]);
        let rows = Rows { list: "data", projection: &projection };
        let (listed, _) = self.call(&ask, |body| rows.parse(body)).await?;
        // "equals" is more generous than it says.
        let same = |held: Option<&Value>| {
            held.is_some_and(|v| v.to_text().trim().to_lowercase() == value.to_lowercase())
        };
        let rows = listed.unwrap_or_default().rows;
        Ok(rows
            .into_iter()
            .filter(|row| same(row.fields.get(field)))
            .map(|row| row.slots[0].to_text())
            .collect())
    }
}

/// A value in a search criterion.
fn escaped(value: &str) -> String {
    let mut out = String::new();
    for c in value.chars() {
        if matches!(c, '(' | ')' | ',' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn pieces<'a>(values: &BTreeSet<&'a str>) -> Vec<Vec<&'a str>> {
    let mut all: Vec<Vec<&str>> = Vec::new();
    let mut length = 0;
    for value in values {
        match all.last_mut() {
            Some(piece) if piece.len() < VALUES && length + value.len() <= LONGEST => {
                piece.push(value);
                length += value.len();
            }
            _ => {
                all.push(vec![value]);
                length = value.len();
            }
        }
    }
    all
}

fn no_search(entity: &Entity, field: &str) -> super::super::RemoteError {
    let mut error = super::super::RemoteError::new(
        ErrorKind::Refused,
        UserError::new(
            format!("Zoho cannot look up {} by \"{field}\".", entity.name),
            "It is only a part of a field.",
            "Use a whole field as the match key in the mapping.",
        ),
    );
    error.field = Some(field.to_owned());
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn criteria_are_escaped() {
        assert_eq!(escaped("Burns, B (jr) \\"), "Burns\\, B \\(jr\\) \\\\");
    }

    #[test]
    fn values_are_split_into_queries() {
        let many: Vec<String> = (0..120).map(|n| format!("v{n:03}")).collect();
        let values: BTreeSet<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(pieces(&values).iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 20]);
    }
}

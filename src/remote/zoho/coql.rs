//! Zoho's query language: the ids of what changed, page by page by key, so that nothing slips
//! between two pages whatever is edited or deleted meanwhile.

use super::super::{ErrorKind, RemoteResult};
use super::Zoho;
use super::call::{Ask, Meta, Rows, written};
use super::entity::Entity;
use crate::model::Stamp;
use reqwest::Method;
use serde_json::json;
use syncdeck_records::project::{Projected, Projection};

/// Rows of a page: one credit.
pub(crate) const ROWS: usize = 200;

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum From {
    /// Everything, by id.
    Start,
    /// Everything behind this id.
    Id(String),
    /// Changed at this instant or later, by stamp and id.
    Since(Stamp),
    /// Behind this stamp and id.
    After(Stamp, String),
}

impl From {
    /// The condition, in brackets by pairs as Zoho wants it.
    fn condition(&self) -> String {
        match self {
            Self::Start => "id is not null".to_owned(),
            Self::Id(id) => format!("id > '{id}'"),
            Self::Since(at) => format!("Modified_Time >= '{}'", written(*at)),
            Self::After(at, id) => {
                let at = written(*at);
                format!("(Modified_Time > '{at}' or (Modified_Time = '{at}' and id > '{id}'))")
            }
        }
    }

    fn order(&self) -> &'static str {
        match self {
            Self::Start | Self::Id(_) => "id asc",
            Self::Since(_) | Self::After(..) => "Modified_Time asc, id asc",
        }
    }
}

/// The query for a page of ids, stamps and these further columns.
pub(crate) fn page_query(entity: &Entity, columns: &[&str], from: &From) -> String {
    let mut names = vec!["id", "Modified_Time", "Created_Time"];
    names.extend(columns.iter().filter(|c| !["id", "Modified_Time", "Created_Time"].contains(c)));
    format!(
        "select {} from {} where {} order by {} limit {ROWS}",
        names.join(", "),
        entity.name,
        from.condition(),
        from.order()
    )
}

/// The query for records whose field holds one of these values.
pub(crate) fn find_query(entity: &Entity, field: &str, values: &[&str]) -> String {
    let quoted: Vec<String> = values.iter().map(|v| quote(v)).collect();
    format!(
        "select id, {field} from {} where {field} in ({}) order by id asc limit {ROWS}",
        entity.name,
        quoted.join(", ")
    )
}

fn quote(value: &str) -> String {
    let mut out = String::from("'");
    for c in value.chars() {
        if matches!(c, '\'' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('\'');
    out
}

impl Zoho {
    /// The rows of a query, read by a projection.
    pub(crate) async fn query(
        &self,
        entity: &Entity,
        query: &str,
        projection: &Projection,
    ) -> RemoteResult<(Vec<Projected>, Meta)> {
        let ask = Ask::get("coql", format!("list {}", entity.name))
            .sending(Method::POST, &json!({"select_query": query}));
        let rows = Rows { list: "data", projection };
        let (listed, meta) = self.call(&ask, |body| rows.parse(body)).await?;
        Ok((listed.unwrap_or_default().rows, meta))
    }
}

/// Whether an error says that the query language itself cannot be used, so that lists have to do.
pub(crate) fn is_closed(kind: &ErrorKind) -> bool {
    matches!(kind, ErrorKind::Permission | ErrorKind::Refused)
}

#[cfg(test)]
mod tests {
    use super::super::entity::named;
    use super::*;

    #[test]
    fn pages_follow_each_other_by_key() {
        let at = Stamp::parse("2026-11-21T12:00:05Z").unwrap();
        let query = |from: From| page_query(named("Leads").unwrap(), &["Email"], &from);
        assert_eq!(
            query(From::Start),
            "select id, Modified_Time, Created_Time, Email from Leads where id is not null order by id asc limit 200"
        );
        assert!(query(From::Id("7".into())).contains("where id > '7' order by id asc"));
        assert!(query(From::Since(at)).contains(
            "where Modified_Time >= '2026-11-21T12:00:05+00:00' order by Modified_Time asc, id asc"
        ));
        assert!(query(From::After(at, "7".into())).contains(
            "where (Modified_Time > '2026-11-21T12:00:05+00:00' or (Modified_Time = '2026-11-21T12:00:05+00:00' and id > '7'))"
        ));
    }

    #[test]
    fn values_are_quoted() {
        assert_eq!(
            find_query(named("Accounts").unwrap(), "Account_Name", &["O'Brien \\ Co", "x"]),
            "select id, Account_Name from Accounts where Account_Name in ('O\\'Brien \\\\ Co', 'x') order by id asc limit 200"
        );
    }
}

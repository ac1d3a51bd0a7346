//! Companies: what customers name in their billing address, and the persons who name none. Magento
//! has no records for them; here a company is one record, however many customers name it.
//!
//! Its id is made of its name, so that it stays the same whichever customer is read, and it is the
//! very key under which the engine links a company that is known by name only. Its values are those
//! of the first customer (the lowest id) who names it; the others are the same company and add
//! nothing. So it is created once, and edits of several customers do not fight.

use super::super::RemoteResult;
use super::super::http::Plan;
use super::Magento;
use super::customers::{Which, address_value, default_address, full_name};
use super::entity::{self, Entity};
use super::records::{members, text};
use super::search::{Filter, Search};
use crate::mapping::folded_name;
use crate::model::{Fields, Value};
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::{BTreeMap, HashMap};

/// The first part of a company's id: the key of the CRM's companions of that kind.
pub(crate) const PREFIX: &str = "company:";
/// Customers of a page when somebody is looked for.
const PAGE: u32 = 100;

/// The name of a customer's company, or the person's own.
pub(crate) fn name_of(row: &Fields) -> String {
    let address = default_address(row, Which::Billing);
    let company = address.and_then(|a| address_value(a, "company"));
    let company = company.map(|c| c.to_text().trim().to_owned()).unwrap_or_default();
    if company.is_empty() {
        full_name(&text(row, "firstname"), &text(row, "lastname"))
    } else {
        company
    }
}

/// The id of a customer's company; `None`: the customer has no name at all.
pub(crate) fn id_of(row: &Fields) -> Option<String> {
    id_of_name(&name_of(row))
}

/// The id of a company of this name.
pub(crate) fn id_of_name(name: &str) -> Option<String> {
    let folded = folded_name(name);
    (!folded.is_empty()).then(|| format!("{PREFIX}{folded}"))
}

/// A path that is the company's own.
pub(crate) fn value(row: &Fields, path: &str) -> Option<Value> {
    (path == "name").then(|| Value::from(name_of(row)))
}

impl Magento {
    /// For each of these companies the first customer who names it, by company id.
    pub(crate) async fn first_of(
        &self,
        ids: &[String],
        fields: &[String],
    ) -> RemoteResult<HashMap<String, Fields>> {
        let asks: Vec<_> = ids.iter().map(|id| self.first_who(id, fields)).collect();
        let found: Vec<Option<Fields>> =
            stream::iter(asks).buffered(self.parallel).try_collect().await?;
        Ok(ids.iter().cloned().zip(found).filter_map(|(id, row)| Some((id, row?))).collect())
    }

    async fn first_who(&self, id: &str, fields: &[String]) -> RemoteResult<Option<Fields>> {
        let Some(name) = id.strip_prefix(PREFIX) else { return Ok(None) };
        // The name in the address is searchable; a person's name is tried in all its divisions.
        let by_company = vec![vec![Filter::new("company", "eq", name)]];
        let mut searches = vec![by_company];
        let words: Vec<&str> = name.split(' ').filter(|w| !w.is_empty()).collect();
        if (2..=6).contains(&words.len()) {
            let part = |column, words: &[&str]| Filter::new(column, "eq", words.join(" "));
            let first = (1..words.len()).map(|n| part("firstname", &words[..n])).collect();
            let last = (1..words.len()).map(|n| part("lastname", &words[n..])).collect();
            searches.push(vec![first, last]);
        } else if words.len() == 1 {
            searches.push(vec![vec![
                Filter::new("firstname", "eq", name),
                Filter::new("lastname", "eq", name),
            ]]);
        }
        let mut best: BTreeMap<u64, Fields> = BTreeMap::new();
        for groups in searches {
            if let Some((number, row)) = self.first_match(id, groups, fields).await? {
                best.insert(number, row);
            }
        }
        Ok(best.into_values().next())
    }

    /// The first customer of a search who really belongs to the company.
    async fn first_match(
        &self,
        id: &str,
        groups: Vec<Vec<Filter>>,
        fields: &[String],
    ) -> RemoteResult<Option<(u64, Fields)>> {
        let companies: &Entity = entity::named("companies").unwrap_or(entity::customers());
        let mut after = 0_u64;
        loop {
            let mut search = Search::sorted("entity_id", PAGE).only(members(companies, fields));
            for group in &groups {
                search = search.and_any(group.clone());
            }
            if after > 0 {
                search = search.and(Filter::new("entity_id", "gt", after.to_string()));
            }
            let rows = self.rows(entity::customers(), &search, Plan::READ).await?;
            let full = rows.items.len() >= rows.size;
            let mut last = after;
            for row in rows.items {
                let number = text(&row, "id").parse().unwrap_or(0);
                last = last.max(number);
                if id_of(&row).as_deref() == Some(id) {
                    return Ok(Some((number, row)));
                }
            }
            if !full || last <= after {
                return Ok(None);
            }
            after = last;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syncdeck_records::project;

    fn customer(json: &str) -> Fields {
        match project::value(json) {
            Value::Object(fields) => fields,
            _ => Fields::new(),
        }
    }

    #[test]
    fn a_company_is_known_by_its_name_and_a_person_without_one_by_theirs() {
        let acme = customer(
            r#"{"id":1,"firstname":"A","lastname":"B","addresses":[{"id":3,"company":" Ácme "}]}"#,
        );
        let other = customer(
            r#"{"id":2,"firstname":"C","lastname":"D","addresses":[{"id":4,"company":"ACME"}]}"#,
        );
        assert_eq!(id_of(&acme).as_deref(), Some("company:acme"));
        assert_eq!(id_of(&acme), id_of(&other));
        assert_eq!(value(&acme, "name"), Some(Value::from("Ácme")));
        let alone = customer(r#"{"id":3,"firstname":"Anna","lastname":"von Berg","addresses":[]}"#);
        assert_eq!(id_of(&alone).as_deref(), Some("company:anna von berg"));
        assert_eq!(id_of(&customer(r#"{"id":4}"#)), None);
    }
}

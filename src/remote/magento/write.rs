//! Writes: one record at a time, since Magento has no batch that answers.

use super::super::{ErrorKind, RemoteError, RemoteResult, Write, Written};
use super::Magento;
use super::addresses::{self, Changes};
use super::call::Ask;
use super::customers::Which;
use super::entity::{self, Entity, Kind as Of};
use super::records::{self, Beside, text};
use super::values::{self, Kind, bad, gone, is_id, put};
use crate::model::{Fields, UserError, Value};
use reqwest::Method;
use serde_json::{Map, Value as Json};

/// Members of a customer that older versions want back with every change.
const WHOLE: [&str; 10] = [
    "email",
    "firstname",
    "lastname",
    "website_id",
    "store_id",
    "group_id",
    "middlename",
    "prefix",
    "suffix",
    "taxvat",
];

impl Magento {
    pub(crate) async fn write_all(
        &self,
        entity: &'static Entity,
        writes: &[Write],
        fields: &[String],
    ) -> Vec<RemoteResult<Written>> {
        let mut results = Vec::with_capacity(writes.len());
        for write in writes {
            results.push(self.write_one(entity, write, fields).await);
        }
        results
    }

    async fn write_one(
        &self,
        entity: &'static Entity,
        write: &Write,
        wanted: &[String],
    ) -> RemoteResult<Written> {
        match write {
            Write::Update { id, fields, .. } if fields.is_empty() => {
                let found = self.fetch_ids(entity, std::slice::from_ref(id), wanted).await?;
                let record = found.into_iter().next().ok_or_else(|| gone(entity, id))?;
                Ok(Written { id: id.clone(), record: Some(record) })
            }
            _ if !entity.writable => Err(read_only(entity)),
            Write::Create { fields } if entity.kind == Of::Products => {
                self.create_product(fields, wanted).await
            }
            Write::Update { id, fields, .. } if entity.kind == Of::Products => {
                self.update_product(id, fields, wanted).await
            }
            Write::Delete { id } if entity.kind == Of::Products => self.delete_product(id).await,
            Write::Create { fields } => self.create_customer(fields, wanted).await,
            Write::Update { id, fields, .. } => self.update_customer(id, fields, wanted).await,
            Write::Delete { id } => self.delete_customer(id).await,
        }
    }

    async fn create_customer(&self, fields: &Fields, wanted: &[String]) -> RemoteResult<Written> {
        let customers = entity::customers();
        for required in ["email", "firstname", "lastname"] {
            if fields.get(required).is_none_or(Value::is_empty) {
                return Err(bad(customers, required, "It is empty, and Magento needs it."));
            }
        }
        let email = fields.get("email").map(Value::to_text).unwrap_or_default();
        let what = format!("create the customer {email}");
        let none = Fields::new();
        let sent = self.send_customer(Method::POST, "customers", what, &none, fields, wanted);
        match sent.await {
            // The text may be translated, so whether the address is taken is looked up.
            Err(error) if error.kind == ErrorKind::Refused && !error.whole => {
                let keys = ["email".to_owned()];
                let there = self.find_values(customers, "email", &[email], &keys).await;
                let twin = there.ok().and_then(|found| found.into_iter().next());
                match twin {
                    Some(twin) => Err(exists(error, twin.id)),
                    None => Err(error),
                }
            }
            other => other,
        }
    }

    async fn update_customer(
        &self,
        id: &str,
        fields: &Fields,
        wanted: &[String],
    ) -> RemoteResult<Written> {
        let customers = entity::customers();
        if !is_id(id) {
            return Err(gone(customers, id));
        }
        let ask = Ask::get(format!("customers/{id}"), format!("read the customer {id}"));
        let (row, _) = self.call(&ask).await?;
        let Value::Object(row) = row else { return Err(gone(customers, id)) };
        let what = format!("change the customer {id}");
        let path = format!("customers/{id}");
        self.send_customer(Method::PUT, &path, what, &row, fields, wanted).await
    }

    async fn delete_customer(&self, id: &str) -> RemoteResult<Written> {
        if !is_id(id) {
            return Err(gone(entity::customers(), id));
        }
        let what = format!("delete the customer {id}");
        let ask = Ask::write(Method::DELETE, format!("customers/{id}"), what, None);
        self.call(&ask).await?;
        Ok(Written { id: id.to_owned(), record: None })
    }

    /// Sends a customer; `row` is what Magento has now.
    async fn send_customer(
        &self,
        method: Method,
        path: &str,
        what: String,
        row: &Fields,
        fields: &Fields,
        wanted: &[String],
    ) -> RemoteResult<Written> {
        let customers = entity::customers();
        let (mut body, changes) = customer_body(fields)?;
        for name in WHOLE {
            if let Some(value) = row.get(name).filter(|v| !v.is_empty()) {
                body.entry(name).or_insert_with(|| values::json(value));
            }
        }
        let person = addresses::person(row, fields);
        let mut plan = addresses::plan(row, (&person.0, &person.1), &changes);
        if let Some(plan) = &mut plan {
            self.settle_addresses(plan).await?;
            body.insert("addresses".into(), Json::Array(plan.addresses.clone()));
            if plan.reset {
                // Without this, Magento refuses a list that lacks the stored default.
                for which in Which::BOTH {
                    body.insert(which.mark().into(), Json::Null);
                }
            }
        }
        let body = serde_json::json!({ "customer": body }).to_string().into_bytes();
        let (answer, _) = self.call(&Ask::write(method, path, what, Some(body))).await?;
        let Value::Object(answer) = answer else { return Err(values::no_answer(customers)) };
        let kept = plan.map(|plan| plan.kept).unwrap_or_default();
        if !addresses::arrived(&answer, &kept) {
            return Err(dropped(&text(&answer, "id")));
        }
        match records::record(customers, &answer, wanted, &Beside::default()) {
            Some(record) => Ok(Written { id: record.id.clone(), record: Some(record) }),
            None => Err(values::no_answer(customers)),
        }
    }
}

/// The members of a customer, and the changes of its addresses.
fn customer_body(fields: &Fields) -> RemoteResult<(Map<String, Json>, Changes)> {
    let customers = entity::customers();
    let mut body = Map::new();
    let mut changes = Changes::new();
    for (path, value) in fields.iter() {
        if let Some((which, member)) = Which::split(path) {
            let Some(checked) = values::checked(customers, path, Kind::Text, value)? else {
                continue;
            };
            let text = checked.as_str().map_or_else(|| value.to_text(), str::to_owned);
            changes.push((which, member.to_owned(), text));
            continue;
        }
        let kind = match path {
            "email" => Kind::Email,
            "gender" => Kind::OneOf(&["1", "2", "3"]),
            "group_id" | "store_id" | "website_id" | "disable_auto_group_change" => Kind::Whole,
            "extension_attributes.is_subscribed" => Kind::Switch,
            "id" | "created_at" | "updated_at" | "created_in" | "addresses" => Kind::ReadOnly,
            _ => Kind::Text,
        };
        let required = ["firstname", "lastname"].contains(&path);
        if required && value.to_text().trim().is_empty() {
            return Err(bad(customers, path, "Magento does not let it be empty."));
        }
        if let Some(value) = values::checked(customers, path, kind, value)? {
            put(&mut body, path, value);
        }
    }
    Ok((body, changes))
}

fn exists(error: RemoteError, id: String) -> RemoteError {
    RemoteError { kind: ErrorKind::Exists { id: Some(id) }, ..error }
}

fn read_only(entity: &Entity) -> RemoteError {
    RemoteError::new(
        ErrorKind::Refused,
        UserError::new(
            format!("SyncDeck does not write {} in Magento.", entity.many),
            "They are made by the shop.",
            "Choose the direction Magento → Vtiger.",
        ),
    )
}

fn dropped(id: &str) -> RemoteError {
    RemoteError::new(
        ErrorKind::Refused,
        UserError::new(
            format!("Magento stored the customer {id} without the address it was sent."),
            "It drops an address it cannot use, and says nothing.",
            "Complete the address (street, city, telephone, country) in the record it comes from.",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customers_members_and_addresses_are_kept_apart() {
        let fields: Fields = [
            ("email", "a@b.co"),
            ("firstname", "A"),
            ("gender", "2"),
            ("billing.city", "Köln"),
            ("shipping.street_1", "x"),
            ("extension_attributes.is_subscribed", "1"),
            ("custom_attributes.vat_code", "DE1"),
        ]
        .into_iter()
        .collect();
        let (body, changes) = customer_body(&fields).unwrap();
        assert_eq!(
            Json::Object(body).to_string(),
            r#"{"custom_attributes":[{"attribute_code":"vat_code","value":"DE1"}],"email":"a@b.co","extension_attributes":{"is_subscribed":true},"firstname":"A","gender":2}"#
        );
        assert_eq!(changes.len(), 2);
        for (path, value) in [("email", "x"), ("lastname", " "), ("gender", "f"), ("id", "3")] {
            let fields: Fields = [(path, value)].into_iter().collect();
            assert_eq!(customer_body(&fields).unwrap_err().field.as_deref(), Some(path));
        }
    }
}

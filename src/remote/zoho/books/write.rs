//! Writing payments: Books takes what a change does not repeat for removed, and knows customers by
//! its own ids only.

use super::super::Zoho;
use super::super::lines::json_number;
use super::super::records::is_id;
use super::{FIELDS, PAYMENTS, no_payment, one};
use crate::model::{Fields, Stamp, UserError, Value};
use crate::remote::http::Plan;
use crate::remote::{ErrorKind, RemoteError, RemoteResult, Write, Written};
use reqwest::Method;
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json, json};
use std::str::FromStr;

impl Zoho {
    pub(crate) async fn write_payments(
        &self,
        writes: &[Write],
        fields: &[String],
    ) -> Vec<RemoteResult<Written>> {
        let mut results = Vec::with_capacity(writes.len());
        for write in writes {
            results.push(self.write_payment(write, fields).await);
        }
        results
    }

    async fn write_payment(&self, write: &Write, fields: &[String]) -> RemoteResult<Written> {
        let (method, path, what, body) = match write {
            Write::Create { fields } => {
                let mut body = members(fields)?;
                self.name_customer(fields, &mut body).await?;
                (Method::POST, PAYMENTS.to_owned(), "create a payment".to_owned(), body)
            }
            Write::Update { id, .. } | Write::Delete { id } if !is_id(id) => {
                return Err(no_payment(id));
            }
            Write::Update { id, fields: changed, unmodified_since } => {
                let held = self.payment(id).await?;
                if changed.is_empty() {
                    let record = one(&held, fields).ok_or_else(|| no_payment(id))?;
                    return Ok(Written { id: id.clone(), record: Some(record) });
                }
                let now =
                    held.get("last_modified_time").and_then(Json::as_str).and_then(Stamp::parse);
                if let (Some(now), Some(since)) = (now, unmodified_since)
                    && now > *since
                {
                    return Err(changed_meanwhile(id));
                }
                let mut body = kept(&held);
                body.extend(members(changed)?);
                self.name_customer(changed, &mut body).await?;
                (Method::PUT, format!("{PAYMENTS}/{id}"), format!("change the payment {id}"), body)
            }
            Write::Delete { id } => {
                let what = format!("delete the payment {id}");
                let mut ask = self.books_ask(format!("{PAYMENTS}/{id}"), &what).await?;
                ask.method = Method::DELETE;
                self.json(&ask.planned(Plan::WRITE)).await?;
                return Ok(Written { id: id.clone(), record: None });
            }
        };
        let ask = self.books_ask(path, &what).await?;
        let ask = ask.sending(method, &Json::Object(body)).planned(Plan::WRITE);
        let json = self.json(&ask).await?;
        let record = json.get("payment").and_then(|p| one(p, fields));
        let record = record.ok_or_else(RemoteError::unanswered)?;
        Ok(Written { id: record.id.clone(), record: Some(record) })
    }

    /// Books wants the customer's id; mappings have the name.
    async fn name_customer(
        &self,
        fields: &Fields,
        body: &mut Map<String, Json>,
    ) -> RemoteResult<()> {
        body.remove("customer_name");
        let name = fields.get("customer_name").map(Value::to_text).unwrap_or_default();
        let name = name.trim();
        if name.is_empty() || fields.get("customer_id").is_some_and(|id| !id.is_empty()) {
            return Ok(());
        }
        let ask = self
            .books_ask("contacts".to_owned(), "look up a customer in Books")
            .await?
            .with("contact_name", name);
        let json = self.json(&ask).await?;
        let all = json.get("contacts").and_then(Json::as_array).into_iter().flatten();
        let text = |c: &Json, n: &str| c.get(n).and_then(Json::as_str).map(str::to_owned);
        let same = |c: &&Json| {
            text(c, "contact_name").is_some_and(|n| n.trim().to_lowercase() == name.to_lowercase())
        };
        let found: Vec<String> = all.filter(same).filter_map(|c| text(c, "contact_id")).collect();
        match found.as_slice() {
            [id] => {
                body.insert("customer_id".into(), id.as_str().into());
                Ok(())
            }
            [] => Err(customer_problem(name, "There is no customer of this name in Zoho Books.")),
            _ => Err(customer_problem(name, "Several customers in Zoho Books have this name.")),
        }
    }
}

/// What a change has to repeat, because Books takes what is missing for removed.
fn kept(held: &Json) -> Map<String, Json> {
    let mut body = Map::new();
    for name in ["customer_id", "payment_mode", "amount", "date", "reference_number", "description"]
    {
        if let Some(value) = held.get(name).filter(|v| !v.is_null()) {
            body.insert(name.to_owned(), value.clone());
        }
    }
    let invoices = held.get("invoices").and_then(Json::as_array).into_iter().flatten();
    let applied: Vec<Json> = invoices
        .filter_map(|i| Some(json!({"invoice_id": i.get("invoice_id")?, "amount_applied": i.get("amount_applied")?})))
        .collect();
    if !applied.is_empty() {
        body.insert("invoices".to_owned(), applied.into());
    }
    body
}

fn members(fields: &Fields) -> RemoteResult<Map<String, Json>> {
    let mut body = Map::new();
    for (path, value) in fields.iter() {
        let text = value.to_text();
        let text = text.trim();
        let known = FIELDS.iter().find(|(name, ..)| *name == path);
        match known {
            Some((_, _, "currency", true, _)) => {
                let number = Decimal::from_str(text).map_err(|_| {
                    bad(path, &format!("\"{text}\" is not a number such as 12.50."))
                })?;
                body.insert(path.to_owned(), json_number(number));
            }
            Some((.., true, mandatory)) => {
                if *mandatory && text.is_empty() {
                    return Err(bad(path, "It is empty, and Books needs it."));
                }
                body.insert(path.to_owned(), text.into());
            }
            Some(_) => return Err(bad(path, "Books sets it itself.")),
            None => return Err(bad(path, "Books has no such field.")),
        }
    }
    Ok(body)
}

fn bad(path: &str, why: &str) -> RemoteError {
    let mut error = RemoteError::new(
        ErrorKind::Refused,
        UserError::new(
            format!("The payment was not sent: the value for \"{path}\" does not fit."),
            why,
            "Correct the value in the record it comes from, or the mapping.",
        ),
    );
    error.field = Some(path.to_owned());
    error
}

fn customer_problem(name: &str, why: &str) -> RemoteError {
    let mut error = RemoteError::new(
        ErrorKind::Refused,
        UserError::new(
            format!("The payment of \"{name}\" was not sent."),
            why,
            "Books syncs its customers with Zoho CRM by itself (Settings, Integrations, Zoho CRM); \
             or create the customer there.",
        ),
    );
    error.field = Some("customer_name".to_owned());
    error
}

fn changed_meanwhile(id: &str) -> RemoteError {
    RemoteError::new(
        ErrorKind::Precondition,
        UserError::new(
            format!("The payment {id} was not changed: somebody has just changed it."),
            "",
            "It is read and compared again.",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_repeats_what_it_must_not_lose() {
        let held = json!({"payment_id": "1", "customer_id": "9", "payment_mode": "cash", "amount": 10, "date": "2026-11-01",
            "description": null, "invoices": [{"invoice_id": "5", "amount_applied": 10, "invoice_number": "INV-1"}]});
        let mut body = kept(&held);
        let changed: Fields = [("amount", "12.50")].into_iter().collect();
        body.extend(members(&changed).unwrap());
        assert_eq!(
            Json::Object(body),
            json!({"customer_id": "9", "payment_mode": "cash", "amount": 12.5, "date": "2026-11-01",
                "invoices": [{"invoice_id": "5", "amount_applied": 10}]})
        );
        for (path, value) in
            [("amount", "12,50"), ("date", ""), ("payment_number", "1"), ("nothing", "1")]
        {
            let fields: Fields = [(path, value)].into_iter().collect();
            assert_eq!(members(&fields).unwrap_err().field.as_deref(), Some(path));
        }
    }
}

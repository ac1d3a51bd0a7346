//! Customer payments, which Zoho keeps in Books: the same login, another API with envelopes and
//! errors of its own.
//!
//! Zoho Books API v3: Organizations, Customer Payments, Contacts. Payments have no filter by
//! change: they are listed by it, the youngest first, until what is known already.

mod write;

use super::super::http::Plan;
use super::super::{
    EntityInfo, ErrorKind, FieldInfo, Next, Page, PageAt, PageRequest, RemoteError, RemoteResult,
    Scope, Since,
};
use super::Zoho;
use super::call::{Ask, Meta, Rows, written};
use super::records::{is_id, stamp};
use crate::model::{Module, ModuleCheck, Record, Stamp, UserError, Value};
use rust_decimal::Decimal;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::Duration;
use syncdeck_records::project::{Projected, Projection};

/// The entity, which is its path too.
pub(crate) const PAYMENTS: &str = "customerpayments";
/// Payments of a page.
const SIZE: usize = 200;
/// A page that shifts while another payment is deleted hides one; so much is read again.
const OVERLAP: Duration = Duration::from_secs(3600);
const SLOTS: [&str; 3] = ["payment_id", "last_modified_time", "created_time"];

/// Path, label, type, whether it can be written, whether it must not be empty.
const FIELDS: [(&str, &str, &str, bool, bool); 11] = [
    ("payment_number", "Payment number", "text", false, false),
    ("date", "Date", "date", true, true),
    ("amount", "Amount", "currency", true, true),
    ("customer_name", "Customer", "text", true, true),
    ("customer_id", "Customer (id in Books)", "text", true, false),
    ("payment_mode", "Payment mode", "text", true, true),
    ("reference_number", "Reference number", "text", true, false),
    ("description", "Description", "text", true, false),
    ("currency_code", "Currency", "text", false, false),
    ("invoice_numbers", "Invoices", "text", false, false),
    ("unused_amount", "Unused amount", "currency", false, false),
];

impl Zoho {
    /// The organisation in Books, found once for each connection.
    async fn books_organisation(&self) -> RemoteResult<&str> {
        let found = self
            .books
            .get_or_try_init(|| async {
                if let Some(id) = &self.settings.books_organization {
                    return Ok(id.clone());
                }
                let ask = Ask::get("organizations", "read the organisations of Books")
                    .for_books()
                    .planned(Plan::FIRST);
                let json = self.json(&ask).await?;
                let all: Vec<&Json> = json
                    .get("organizations")
                    .and_then(Json::as_array)
                    .into_iter()
                    .flatten()
                    .collect();
                let is_default = |o: &&&Json| o.get("is_default_org") == Some(&Json::Bool(true));
                let chosen = all.iter().find(is_default).or_else(|| all.first());
                let id = chosen.and_then(|o| o.get("organization_id")).and_then(|id| match id {
                    Json::String(id) => Some(id.clone()),
                    Json::Number(id) => Some(id.to_string()),
                    _ => None,
                });
                id.ok_or_else(no_organisation)
            })
            .await?;
        Ok(found)
    }

    async fn books_ask(&self, path: String, what: &str) -> RemoteResult<Ask> {
        let organisation = self.books_organisation().await?;
        Ok(Ask::get(path, what).for_books().with("organization_id", organisation))
    }

    pub(crate) async fn describe_payments(&self) -> RemoteResult<EntityInfo> {
        self.books_organisation().await?;
        let field =
            |(path, label, kind, writable, mandatory): &(&str, &str, &str, bool, bool)| FieldInfo {
                path: (*path).to_owned(),
                label: (*label).to_owned(),
                type_name: (*kind).to_owned(),
                mandatory: *mandatory,
                writable: *writable,
                max_length: None,
                choices: Vec::new(),
                refers_to: Vec::new(),
            };
        Ok(EntityInfo {
            id_fields: Vec::new(),
            name: PAYMENTS.to_owned(),
            createable: true,
            updateable: true,
            deleteable: true,
            fields: FIELDS.iter().map(field).collect(),
        })
    }

    pub(crate) async fn check_payments(
        &self,
        refusals: &mut Vec<UserError>,
    ) -> RemoteResult<ModuleCheck> {
        let mut check = ModuleCheck {
            module: Module::Payments,
            read: false,
            write: false,
            available: true,
            why: None,
        };
        let tried = async {
            let ask = self.books_ask(PAYMENTS.to_owned(), "read the customer payments").await?;
            self.json(&ask.with("per_page", "1").planned(Plan::BRIEF)).await
        };
        match tried.await {
            Ok(_) => (check.read, check.write) = (true, true),
            Err(error) if error.kind == ErrorKind::Permission => {
                let scopes = "ZohoBooks.customerpayments.ALL and ZohoBooks.settings.READ";
                let told = super::check::lost(scopes, "Payments cannot be read from Zoho Books.");
                check.why = Some(told.one_line());
                refusals.push(told);
            }
            // An organisation without Books has no payments, which is nothing wrong.
            Err(error)
                if matches!(
                    error.kind,
                    ErrorKind::Refused | ErrorKind::NotFound | ErrorKind::NotTheApi
                ) =>
            {
                check.available = false;
                check.why = Some(error.error.one_line());
            }
            Err(error) => return Err(error),
        }
        Ok(check)
    }

    pub(crate) async fn list_payments(&self, request: &PageRequest) -> RemoteResult<Page> {
        if matches!(request.scope, Scope::Trashed(_)) {
            return Ok(Page {
                records: Vec::new(),
                next: Next::End,
                total: None,
                mark: None,
                server_time: None,
            });
        }
        let page: u64 = match &request.at {
            PageAt::After(token) => token.parse().unwrap_or(1),
            PageAt::Number(n) => (*n).max(1),
            PageAt::First => 1,
        };
        let since = match &request.scope {
            Scope::Changed(Since::Mark(mark)) => Stamp::parse(mark).map(|at| at.minus(OVERLAP)),
            Scope::Changed(Since::Instant(at)) => Some(*at),
            _ => None,
        };
        // New ones land behind, except where the youngest are wanted first.
        let (column, order) =
            if since.is_some() { ("last_modified_time", "D") } else { ("created_time", "A") };
        let ask = self
            .books_ask(PAYMENTS.to_owned(), "list the customer payments")
            .await?
            .with("page", page.to_string())
            .with("per_page", SIZE.to_string())
            .with("sort_column", column)
            .with("sort_order", order);
        let (rows, more, meta) = self.payment_rows(&ask, &request.fields).await?;
        let mut records: Vec<Record> = rows.into_iter().filter_map(record).collect();
        let read = records.len();
        if let Some(since) = since {
            records.retain(|r| r.modified.is_none_or(|at| at >= since));
        }
        let on = more && records.len() == read;
        let fallback = || Stamp::now().minus(Duration::from_secs(300));
        Ok(Page {
            records,
            next: if on { Next::After((page + 1).to_string()) } else { Next::End },
            total: None,
            mark: (page == 1).then(|| written(meta.asked_at.unwrap_or_else(fallback))),
            server_time: meta.server_time,
        })
    }

    async fn payment_rows(
        &self,
        ask: &Ask,
        fields: &[String],
    ) -> RemoteResult<(Vec<Projected>, bool, Meta)> {
        let projection = Projection::new(fields.iter().map(String::as_str), &SLOTS);
        let rows = Rows { list: PAYMENTS, projection: &projection };
        let (listed, meta) = self.call(ask, |body| rows.parse(body)).await?;
        let listed = listed.unwrap_or_default();
        let more = listed.info.get("has_more_page").and_then(Json::as_bool).unwrap_or(false);
        Ok((listed.rows, more, meta))
    }

    pub(crate) async fn fetch_payments(
        &self,
        ids: &[String],
        fields: &[String],
    ) -> RemoteResult<Vec<Record>> {
        let ids: BTreeSet<&String> = ids.iter().filter(|id| is_id(id)).collect();
        let mut all = Vec::new();
        for id in ids {
            match self.payment(id).await {
                Ok(json) => all.extend(one(&json, fields)),
                Err(error) if error.kind == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }

    async fn payment(&self, id: &str) -> RemoteResult<Json> {
        let what = format!("read the payment {id}");
        let ask = self.books_ask(format!("{PAYMENTS}/{id}"), &what).await?;
        let json = self.json(&ask).await?;
        json.get("payment").cloned().ok_or_else(|| no_payment(id))
    }

    pub(crate) async fn find_payments(
        &self,
        field: &str,
        values: &[String],
        fields: &[String],
    ) -> RemoteResult<Vec<Record>> {
        if !["date", "reference_number", "customer_name", "amount", "payment_mode"].contains(&field)
        {
            let mut error = RemoteError::new(
                ErrorKind::Refused,
                UserError::new(
                    format!("Zoho Books cannot look up payments by \"{field}\"."),
                    "Its API filters by date, amount, customer, payment mode and reference number.",
                    "Use one of these as the first match key.",
                ),
            );
            error.field = Some(field.to_owned());
            return Err(error);
        }
        let values: BTreeSet<&str> =
            values.iter().map(|v| v.trim()).filter(|v| !v.is_empty()).collect();
        let mut wanted = fields.to_vec();
        if !wanted.iter().any(|f| f == field) {
            wanted.push(field.to_owned());
        }
        let mut all = Vec::new();
        for value in values {
            for page in 1.. {
                let ask = self
                    .books_ask(PAYMENTS.to_owned(), "search the customer payments")
                    .await?
                    .with(field, value)
                    .with("page", page.to_string())
                    .with("per_page", SIZE.to_string());
                let (rows, more, _) = self.payment_rows(&ask, &wanted).await?;
                let same = |r: &Record| {
                    let held = r.fields.get(field).map(Value::to_text).unwrap_or_default();
                    held.trim().eq_ignore_ascii_case(value)
                        || Decimal::from_str(&held)
                            .ok()
                            .is_some_and(|h| Decimal::from_str(value).ok() == Some(h))
                };
                let found = rows.into_iter().filter_map(record).filter(same);
                all.extend(found.map(|mut r| {
                    if !fields.iter().any(|f| f == field) {
                        r.fields.remove(field);
                    }
                    r
                }));
                if !more {
                    break;
                }
            }
        }
        Ok(all)
    }

    /// The page of a payment in Books.
    pub(crate) fn payment_url(&self, id: &str) -> Option<String> {
        let web = match self.settings.api_url.as_ref().filter(|_| self.settings.is_here()) {
            Some(api) => api.as_str().trim_end_matches('/').to_owned(),
            None => format!("https://{}", self.settings.center.web.replacen("crm.", "books.", 1)),
        };
        let organisation = self.books.get().or(self.settings.books_organization.as_ref())?;
        Some(format!("{web}/app/{organisation}#/paymentsreceived/{id}"))
    }
}

fn record(row: Projected) -> Option<Record> {
    let [id, modified, created, ..] = &row.slots;
    let (id, modified, created) = (id.to_text(), stamp(modified), stamp(created));
    let modified = modified.or(created);
    (!id.is_empty()).then_some(Record { id, modified, created, trashed: false, fields: row.fields })
}

fn one(payment: &Json, fields: &[String]) -> Option<Record> {
    let projection = Projection::new(fields.iter().map(String::as_str), &SLOTS);
    record(projection.take(&payment.to_string()).ok()?)
}

fn no_payment(id: &str) -> RemoteError {
    RemoteError::new(
        ErrorKind::NotFound,
        UserError::new(
            format!("Zoho Books has no payment {id}."),
            "It was deleted, or never was there.",
            "",
        ),
    )
}

fn no_organisation() -> RemoteError {
    RemoteError::new(
        ErrorKind::Refused,
        UserError::new(
            "There is no organisation in Zoho Books for this login.",
            "Payments live in Zoho Books; Zoho CRM has none.",
            "Open Zoho Books once with this user to make one, or switch Payments off.",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn payments_have_stamps_with_offsets_of_four_digits() {
        let json = json!({"payment_id": "7", "last_modified_time": "2026-11-21T17:30:00+0530", "amount": 3.5});
        let record = one(&json, &["amount".to_owned()]).unwrap();
        assert_eq!(record.modified, Stamp::parse("2026-11-21T12:00:00Z"));
        assert_eq!(record.fields.get("amount").map(Value::to_text).as_deref(), Some("3.5"));
    }
}

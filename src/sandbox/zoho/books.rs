//! Zoho Books: its organisations, customers (the CRM's accounts) and customer payments.

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::Zoho;
use super::fail::{books_fail, json_reply};
use super::read::Params;
use super::seed::books_time;
use super::settings::BOOKS;
use super::store::{Record, Store, Table, plain};
use crate::sandbox::http::{Reply, Request};
use crate::sandbox::text::fold;

const TABLE: Table = Table::Payments;

impl Zoho {
    /// Answers a request below `/books/v3`.
    pub fn books(&self, store: &mut Store, path: &str, request: &Request) -> Reply {
        let params = Params::of(request);
        if path == "organizations" {
            return json_reply(
                200,
                &json!({"code": 0, "message": "success", "organizations": [{
                    "organization_id": BOOKS, "name": "Zylker", "is_default_org": true,
                    "currency_code": "EUR", "time_zone": "Asia/Kolkata"
                }]}),
            );
        }
        if params.get("organization_id") != Some(BOOKS) {
            return books_fail(
                400,
                6041,
                "This user is not associated with the CompanyID/CompanyName.",
            );
        }
        let parts: Vec<&str> = path.split('/').collect();
        match (&request.method, parts.as_slice()) {
            (&Method::GET, ["contacts"]) => self.customers(store, &params),
            (&Method::GET, ["customerpayments"]) => self.payments(store, &params),
            (&Method::GET, ["customerpayments", id]) => match self.found(store, TABLE, id) {
                Some(payment) => {
                    json_reply(200, &json!({"code": 0, "message": "success", "payment": *payment}))
                }
                None => missing(),
            },
            (&Method::POST, ["customerpayments"]) => self.pay(store, None, request),
            (&Method::PUT, ["customerpayments", id]) => {
                match id
                    .parse()
                    .ok()
                    .and_then(|id| TABLE.number(id))
                    .filter(|n| store.get(TABLE, *n).is_some())
                {
                    Some(n) => self.pay(store, Some(n), request),
                    None => missing(),
                }
            }
            (&Method::DELETE, ["customerpayments", id]) => {
                match id
                    .parse()
                    .ok()
                    .and_then(|id| TABLE.number(id))
                    .filter(|n| store.get(TABLE, *n).is_some())
                {
                    Some(n) => {
                        store.delete(TABLE, n, self.clock.now());
                        json_reply(
                            200,
                            &json!({"code": 0, "message": "The payment has been deleted."}),
                        )
                    }
                    None => missing(),
                }
            }
            _ => books_fail(404, 5, "Invalid URL Passed"),
        }
    }

    fn customers(&self, store: &Store, params: &Params) -> Reply {
        let name = params.get("contact_name").unwrap_or_default();
        let found = store.with(Table::Accounts, "Account_Name", name);
        let contacts: Vec<Value> = found
            .iter()
            .take(200)
            .filter_map(|n| store.get(Table::Accounts, *n))
            .map(|a| json!({"contact_id": a["id"], "contact_name": a["Account_Name"], "contact_type": "customer"}))
            .collect();
        json_reply(
            200,
            &json!({"code": 0, "message": "success", "contacts": contacts,
            "page_context": {"page": 1, "per_page": 200, "has_more_page": false}}),
        )
    }

    fn payments(&self, store: &Store, params: &Params) -> Reply {
        let number = |name: &str, usual: usize| {
            params.get(name).and_then(|v| v.parse::<usize>().ok()).unwrap_or(usual).max(1)
        };
        let (page, per_page) = (number("page", 1), number("per_page", 200).min(200));
        let filters = ["date", "reference_number", "customer_name", "amount", "payment_mode"];
        let fits = |p: &Record| {
            filters.iter().filter_map(|f| Some((*f, params.get(f)?))).all(|(f, wanted)| {
                let held = p.get(f).map(plain).unwrap_or_default();
                fold(&held) == fold(wanted)
                    || matches!((held.parse::<f64>(), wanted.parse::<f64>()), (Ok(a), Ok(b)) if a == b)
            })
        };
        let mut all: Vec<u64> = store.numbers(TABLE);
        all.retain(|n| store.get(TABLE, *n).is_some_and(|p| fits(&p)));
        match params.get("sort_column") {
            Some("last_modified_time") => all.sort_by_key(|n| (store.modified(TABLE, *n), *n)),
            _ => all.sort_unstable(),
        }
        if params.get("sort_order") == Some("D") {
            all.reverse();
        }
        let found = all.len();
        let list: Vec<Value> = all
            .into_iter()
            .skip((page - 1) * per_page)
            .take(per_page)
            .filter_map(|n| store.get(TABLE, n))
            .map(|p| Value::Object((*p).clone()))
            .collect();
        let more = found > (page - 1) * per_page + list.len();
        json_reply(
            200,
            &json!({"code": 0, "message": "success", "customerpayments": list,
            "page_context": {"page": page, "per_page": per_page, "has_more_page": more, "report_name": "Customer Payments"}}),
        )
    }

    fn pay(&self, store: &mut Store, n: Option<u64>, request: &Request) -> Reply {
        let body: Map<String, Value> = match serde_json::from_slice(&request.body) {
            Ok(Value::Object(body)) => body,
            _ => return books_fail(400, 4, "Invalid value passed for JSONString"),
        };
        for needed in ["customer_id", "payment_mode", "amount", "date"] {
            if body.get(needed).is_none_or(|v| plain(v).is_empty()) {
                return books_fail(400, 2, &format!("{needed} is mandatory"));
            }
        }
        let customer = plain(&body["customer_id"]);
        let account = customer.parse().ok().and_then(|id| Table::Accounts.number(id));
        let Some(account) = account.and_then(|n| store.get(Table::Accounts, n)) else {
            return books_fail(400, 1002, "Customer does not exist.");
        };
        let now = books_time(self.clock.now());
        let number = n.unwrap_or_else(|| store.next(TABLE));
        // What a change does not repeat is gone.
        let held = store.get(TABLE, number);
        let created = held.as_ref().and_then(|p| p.get("created_time").cloned());
        let mut payment = Record::new();
        for name in [
            "customer_id",
            "payment_mode",
            "amount",
            "date",
            "reference_number",
            "description",
            "invoices",
        ] {
            payment.insert(
                name.to_owned(),
                body.get(name)
                    .cloned()
                    .unwrap_or_else(|| if name == "invoices" { json!([]) } else { json!("") }),
            );
        }
        for (name, value) in [
            ("payment_id", json!(TABLE.id(number).to_string())),
            ("payment_number", json!(number.to_string())),
            ("customer_name", account.get("Account_Name").cloned().unwrap_or_default()),
            ("unused_amount", body["amount"].clone()),
            ("currency_code", json!("EUR")),
            ("invoice_numbers", json!("")),
            ("created_time", created.unwrap_or_else(|| json!(now))),
            ("last_modified_time", json!(now)),
        ] {
            payment.insert(name.to_owned(), value);
        }
        store.write(TABLE, number, payment.clone());
        let status = if n.is_some() { 200 } else { 201 };
        json_reply(
            status,
            &json!({"code": 0, "message": "The payment from the customer has been recorded", "payment": payment}),
        )
    }
}

fn missing() -> Reply {
    books_fail(404, 1002, "Resource does not exist.")
}

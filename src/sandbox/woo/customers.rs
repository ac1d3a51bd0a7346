//! Creating, changing and deleting customers.

use serde_json::{Map, Value, json};

use super::fail::Failure;
use super::schema::is_email;
use super::store::{Store, Table};
use super::values::{members, meta, person_name, text, unslashed};
use crate::sandbox::clock::stamp;
use crate::sandbox::faults::FaultKind;
use crate::sandbox::faults::spoil::lossy;
use crate::sandbox::gate::Line;
use crate::sandbox::patch::Changes;

const ADDRESS: [&str; 11] = [
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "postcode",
    "country",
    "state",
    "email",
    "phone",
];

/// Creates a customer and gives its number.
pub fn create(
    store: &mut Store,
    body: &Map<String, Value>,
    now: i64,
    line: Line<'_>,
) -> Result<u64, Failure> {
    if body.get("id").is_some_and(|id| !text(id).is_empty() && text(id) != "0") {
        return Err(Failure::new(
            400,
            "woocommerce_rest_customer_exists",
            "Cannot create existing resource.",
        ));
    }
    let email = free_email(store, body, line)?;
    let username = username(store, body, &email)?;
    let entity = Table::Customers.entity();
    let mut changes: Changes = vec![
        (entity.column("email"), Some(email)),
        (entity.column("username"), Some(username)),
        (entity.column("date_created"), Some(stamp(now, ' '))),
        (entity.column("is_paying_customer"), Some("0".into())),
    ];
    let mut given = body.clone();
    given.remove("email");
    if body.get("password").map(text).unwrap_or_default().is_empty() {
        let mut entries =
            given.get("meta_data").and_then(Value::as_array).cloned().unwrap_or_default();
        entries.insert(0, json!({ "key": "default_password_nag", "value": "1" }));
        given.insert("meta_data".into(), Value::Array(entries));
    }
    fill(store, "[]", &given, now, &mut changes)?;
    lose(&mut changes, line);
    let id = store.next_id(Table::Customers);
    store.write(Table::Customers, id, &changes);
    Ok(id)
}

/// The address of a new customer, which nobody may have.
fn free_email(store: &Store, body: &Map<String, Value>, line: Line<'_>) -> Result<String, Failure> {
    let email = body.get("email").map(text).unwrap_or_default();
    if email.is_empty() {
        let message = "Please provide a valid email address.";
        return Err(Failure::new(400, "registration-error-invalid-email", message));
    }
    if !is_email(&email) {
        return Err(Failure::new(400, "customer_invalid_email", "Invalid email address"));
    }
    if store.user_by("email", &email).is_some() || line.strikes(FaultKind::Exists) {
        let message = format!(
            "An account is already registered with {email}. <a href=\"#\" class=\"showlogin\">Please log in.</a>"
        );
        return Err(Failure::new(400, "registration-error-email-exists", message));
    }
    Ok(email)
}

/// The name asked for, or one made of the e-mail address.
fn username(store: &Store, body: &Map<String, Value>, email: &str) -> Result<String, Failure> {
    let asked = body.get("username").map(text).unwrap_or_default();
    if !asked.is_empty() {
        if store.user_by("username", &asked).is_some() {
            let message =
                "An account is already registered with that username. Please choose another.";
            return Err(Failure::new(400, "registration-error-username-exists", message));
        }
        return Ok(asked);
    }
    let local = email.split('@').next().unwrap_or_default().to_lowercase();
    let kept: String = local
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        .collect();
    let mut name = kept.clone();
    let mut n = 1;
    while store.user_by("username", &name).is_some() {
        n += 1;
        name = format!("{kept}-{n:04}");
    }
    Ok(name)
}

/// Changes a customer; only what is sent changes, and the stamp moves in any case.
pub fn update(
    store: &mut Store,
    id: u64,
    body: &Map<String, Value>,
    now: i64,
    line: Line<'_>,
) -> Result<Table, Failure> {
    let table = find(store, id)?;
    let row = store.row(table, id).ok_or_else(missing)?;
    let (email, username, meta) = (row.get("email"), row.get("username"), row.get("meta_data"));
    let mut changes = Changes::new();
    if let Some(new) = body.get("email").map(text).filter(|e| !e.is_empty()) {
        if !is_email(&new) {
            return Err(Failure::new(400, "customer_invalid_email", "Invalid email address"));
        }
        if store.user_by("email", &new).is_some_and(|(_, other)| other != id) {
            return Err(Failure::new(
                400,
                "woocommerce_rest_customer_invalid_email",
                "Email address is invalid.",
            ));
        }
        if table == Table::Staff && !new.eq_ignore_ascii_case(&email) {
            return Err(Failure::new(
                403,
                "woocommerce_rest_cannot_edit",
                "You cannot edit the email of this user.",
            ));
        }
        changes.push((table.entity().column("email"), Some(new)));
    }
    if body.get("username").is_some_and(|u| text(u) != username) {
        return Err(Failure::new(
            400,
            "woocommerce_rest_customer_invalid_argument",
            "Username isn't editable.",
        ));
    }
    fill(store, &meta, body, now, &mut changes)?;
    lose(&mut changes, line);
    store.write(table, id, &changes);
    Ok(table)
}

/// Addresses and names may lose something when they are stored; e-mail addresses never do.
fn lose(changes: &mut Changes, line: Line<'_>) {
    let entity = Table::Customers.entity();
    let may = |column: u8| {
        let name = entity.columns[usize::from(column)].0;
        let part = name.rsplit('.').next().unwrap_or(name);
        ADDRESS.contains(&part) && part != "email"
    };
    lossy(changes, may, line);
}

/// What create and update have in common.
fn fill(
    store: &mut Store,
    stored_meta: &str,
    body: &Map<String, Value>,
    now: i64,
    changes: &mut Changes,
) -> Result<(), Failure> {
    let entity = Table::Customers.entity();
    for name in ["first_name", "last_name"] {
        if let Some(value) = body.get(name) {
            changes.push((entity.column(name), Some(person_name(value))));
        }
    }
    for part in ["billing", "shipping"] {
        let given = members(body.get(part));
        for name in ADDRESS {
            let column = entity.column(&format!("{part}.{name}"));
            let Some(value) = given.get(name).filter(|_| column != u8::MAX) else {
                continue;
            };
            let value = unslashed(value);
            if name == "email" && !value.is_empty() && !is_email(&value) {
                let message = "Invalid billing email address";
                return Err(Failure::new(400, "customer_invalid_billing_email", message));
            }
            changes.push((column, Some(value)));
        }
    }
    if let Some(given) = body.get("meta_data") {
        let all = meta(store, stored_meta, given, true);
        changes.push((entity.column("meta_data"), Some(all)));
    }
    changes.push((entity.column("date_modified"), Some(stamp(now, ' '))));
    Ok(())
}

/// The table of a user.
pub fn find(store: &Store, id: u64) -> Result<Table, Failure> {
    [Table::Customers, Table::Staff]
        .into_iter()
        .find(|t| store.table(*t).exists(id))
        .ok_or_else(missing)
}

/// Deletes a customer, for good; there is no trash for people.
pub fn delete(store: &mut Store, id: u64, force: bool) -> Result<(), Failure> {
    let table = find(store, id)?;
    if !force {
        let message = "Customers do not support trashing.";
        return Err(Failure::new(501, "woocommerce_rest_trash_not_supported", message));
    }
    if table == Table::Staff {
        let message = "Sorry, you are not allowed to delete this resource.";
        return Err(Failure::new(403, "woocommerce_rest_cannot_delete", message));
    }
    store.remove(table, id);
    Ok(())
}

/// Nobody has that number.
pub fn missing() -> Failure {
    Failure::new(404, "wc_user_invalid_id", "Invalid user ID.")
}

//! The computed records: the same people, companies and products as in the shop, and leads,
//! meetings, invoices and payments of their own.

use serde_json::{Value, json};

use super::store::{Record, Table, time};
use crate::sandbox::clock;
use crate::sandbox::seed::company::Company;
use crate::sandbox::seed::deck::Side;
use crate::sandbox::seed::person::Person;
use crate::sandbox::seed::{Fact, Facts, Kind, World, mix};
use crate::sandbox::text::fold;

const DRAW: u64 = 0x5a4f_484f;
const DAY: i64 = 86_400;
/// Percent.
const VAT: u64 = 19;

/// How many records of a table are computed.
pub fn count(world: &World, table: Table) -> u64 {
    let len = |kind| {
        let ids = world.ids(kind);
        ids.end - ids.start
    };
    match table {
        Table::Contacts => len(Kind::Customers),
        Table::Accounts => world.companies(),
        Table::Products => len(Kind::Goods),
        Table::Leads => world.records / 4,
        Table::Events => world.records / 5,
        Table::Invoices => world.records / 4,
        Table::Payments => world.records / 6,
    }
}

fn draw(world: &World, table: Table, n: u64, what: u64, limit: u64) -> u64 {
    mix(world.seed, DRAW + table as u64 * 64 + what, n) % limit.max(1)
}

fn facts(world: &World, table: Table, n: u64) -> Option<Facts<'_>> {
    let nth = |kind| world.facts(kind, world.ids(kind).start + n - 1);
    match table {
        Table::Contacts => nth(Kind::Customers),
        Table::Products => nth(Kind::Goods),
        Table::Accounts => Some(Facts::Company(Company::new(world, n - 1))),
        // People whom nobody else knows.
        Table::Leads => Some(Facts::Person(Person::new(world, world.records + n - 1, false))),
        _ => None,
    }
}

/// When a computed record was created and last modified.
pub fn stamps(world: &World, table: Table, n: u64) -> (i64, i64) {
    if let Some(facts) = facts(world, table, n) {
        return facts.stamps(Side::Woo);
    }
    let span = 200 * DAY;
    let created =
        world.base - span + i64::try_from(draw(world, table, n, 1, 190 * 86_400)).unwrap_or(0);
    let later = u64::try_from(world.base - 60 - created).unwrap_or(1);
    (created, created + i64::try_from(draw(world, table, n, 2, later)).unwrap_or(0))
}

/// A computed record.
pub fn record(world: &World, table: Table, n: u64) -> Record {
    let mut record = Record::new();
    match table {
        Table::Contacts | Table::Leads => person(world, table, n, &mut record),
        Table::Accounts => company(world, n, &mut record),
        Table::Products => product(world, n, &mut record),
        Table::Events => event(world, n, &mut record),
        Table::Invoices => invoice(world, n, &mut record),
        Table::Payments => {
            payment(world, n, &mut record);
            return record;
        }
    }
    let (created, modified) = stamps(world, table, n);
    record.insert("id".into(), table.id(n).to_string().into());
    record.insert("Created_Time".into(), time(created).into());
    record.insert("Modified_Time".into(), time(modified).into());
    for member in ["Owner", "Created_By", "Modified_By"] {
        record.insert(member.into(), super::settings::owner());
    }
    record
}

/// Puts a fact into a record; an empty one is null.
fn put(record: &mut Record, name: &str, facts: &Facts<'_>, fact: Fact) {
    let mut text = String::new();
    facts.write(fact, Side::Woo, &mut text);
    let value = if text.is_empty() { Value::Null } else { text.into() };
    record.insert(name.to_owned(), value);
}

fn number(facts: &Facts<'_>, fact: Fact) -> Value {
    let mut text = String::new();
    if !facts.write(fact, Side::Woo, &mut text) {
        return Value::Null;
    }
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

fn person(world: &World, table: Table, n: u64, record: &mut Record) {
    let Some(facts) = facts(world, table, n) else { return };
    let lead = table == Table::Leads;
    put(record, "First_Name", &facts, Fact::First);
    put(record, "Last_Name", &facts, Fact::Last);
    let nameless = record.get("Last_Name").is_none_or(Value::is_null);
    if nameless {
        // Zoho does not let a person be without a name; the shop's nameless ones have this one.
        record.insert("Last_Name".into(), "Unknown".into());
    }
    if lead || !nameless {
        // Nobody knows whose contact it is without a name: it has no address either.
        put(record, "Email", &facts, Fact::Email);
    }
    put(record, "Phone", &facts, Fact::Phone);
    put(record, "Mobile", &facts, Fact::Mobile);
    put(record, if lead { "Designation" } else { "Title" }, &facts, Fact::Title);
    let name = |part: &str| record.get(part).and_then(Value::as_str).unwrap_or_default();
    let full = format!("{} {}", name("First_Name"), name("Last_Name"));
    record.insert("Full_Name".into(), full.trim().into());
    record.insert("Email_Opt_Out".into(), false.into());
    let address: [(&str, &str, Fact); 5] = [
        ("Street", "Mailing_Street", Fact::Street),
        ("City", "Mailing_City", Fact::City),
        ("State", "Mailing_State", Fact::State),
        ("Zip_Code", "Mailing_Zip", Fact::Zip),
        ("Country", "Mailing_Country", Fact::Country),
    ];
    for (of_lead, of_contact, fact) in address {
        put(record, if lead { of_lead } else { of_contact }, &facts, fact);
    }
    if lead {
        let status = ["Not Contacted", "Contacted", "Attempted to Contact", "Pre-Qualified"];
        let at = usize::try_from(draw(world, table, n, 3, 4)).unwrap_or(0);
        record.insert("Lead_Status".into(), status[at].into());
        put(record, "Company", &facts, Fact::Company);
        return;
    }
    put(record, "Department", &facts, Fact::Department);
    let mut name = String::new();
    facts.write(Fact::Company, Side::Woo, &mut name);
    let company = (!name.is_empty()).then(|| Company::find(world, &fold(&name))).flatten();
    let account =
        company.map(|k| json!({"name": name, "id": Table::Accounts.id(k + 1).to_string()}));
    record.insert("Account_Name".into(), account.unwrap_or_default());
}

fn company(world: &World, n: u64, record: &mut Record) {
    let Some(facts) = facts(world, Table::Accounts, n) else { return };
    for (name, fact) in [
        ("Account_Name", Fact::Name),
        ("Phone", Fact::Phone),
        ("Website", Fact::Website),
        ("Billing_Street", Fact::Street),
        ("Billing_City", Fact::City),
        ("Billing_State", Fact::State),
        ("Billing_Code", Fact::Zip),
        ("Billing_Country", Fact::Country),
    ] {
        put(record, name, &facts, fact);
    }
    record.insert("Employees".into(), number(&facts, Fact::Employees));
    record.insert("Account_Type".into(), "Customer".into());
}

fn product(world: &World, n: u64, record: &mut Record) {
    let Some(facts) = facts(world, Table::Products, n) else { return };
    put(record, "Product_Name", &facts, Fact::Name);
    put(record, "Product_Code", &facts, Fact::Sku);
    put(record, "Description", &facts, Fact::Description);
    record.insert("Unit_Price".into(), number(&facts, Fact::Price));
    record.insert("Qty_in_Stock".into(), number(&facts, Fact::Stock));
    record.insert("Taxable".into(), true.into());
    let mut active = String::new();
    facts.write(Fact::Active, Side::Woo, &mut active);
    record.insert("Product_Active".into(), (active == "1").into());
    record.insert("Tax".into(), json!([]));
    if n.is_multiple_of(3) {
        // What only people who sell know.
        let (created, _) = stamps(world, Table::Products, n);
        let day: String = time(created).chars().take(10).collect();
        record.insert("Sales_Start_Date".into(), day.into());
    }
}

/// A reference to a computed record.
fn reference(world: &World, table: Table, n: u64) -> Value {
    let record = record(world, table, n);
    json!({"name": record.get(table.title()).cloned().unwrap_or_default(), "id": table.id(n).to_string()})
}

fn event(world: &World, n: u64, record: &mut Record) {
    let what = ["Demo", "Review", "Kick-off", "Visit", "Training"];
    let at = usize::try_from(draw(world, Table::Events, n, 3, 5)).unwrap_or(0);
    let hours = i64::try_from(draw(world, Table::Events, n, 4, 20 * 24)).unwrap_or(0);
    let start = world.base / 3600 * 3600 + (hours - 240) * 3600;
    let length = [1, 2, 1, 3][usize::try_from(draw(world, Table::Events, n, 5, 4)).unwrap_or(0)];
    record.insert("Event_Title".into(), format!("{} {n}", what[at]).into());
    record.insert("Start_DateTime".into(), time(start).into());
    record.insert("End_DateTime".into(), time(start + length * 3600).into());
    record.insert("All_day".into(), false.into());
    record.insert("Venue".into(), ["Office", "Online", "At the customer's"][at % 3].into());
    record.insert("Participants".into(), json!([]));
    let contacts = count(world, Table::Contacts);
    if contacts > 0 && !n.is_multiple_of(3) {
        let contact = 1 + draw(world, Table::Events, n, 6, contacts);
        record.insert("Who_Id".into(), reference(world, Table::Contacts, contact));
    }
    if n.is_multiple_of(4) {
        let account = 1 + draw(world, Table::Events, n, 7, world.companies());
        record.insert("What_Id".into(), reference(world, Table::Accounts, account));
        record.insert("$se_module".into(), "Accounts".into());
    }
}

fn invoice(world: &World, n: u64, record: &mut Record) {
    let account = 1 + draw(world, Table::Invoices, n, 3, world.companies());
    let date = stamps(world, Table::Invoices, n).0;
    let day = |secs: i64| clock::stamp(secs, 'T').get(..10).unwrap_or_default().to_owned();
    let status = ["Created", "Approved", "Delivered"];
    let at = usize::try_from(draw(world, Table::Invoices, n, 4, 3)).unwrap_or(0);
    record.insert("Subject".into(), format!("Invoice Z-{n:05}").into());
    record.insert("Invoice_Number".into(), table_number(Table::Invoices, n).into());
    record.insert("Account_Name".into(), reference(world, Table::Accounts, account));
    record.insert("Invoice_Date".into(), day(date).into());
    record.insert("Due_Date".into(), day(date + 14 * DAY).into());
    record.insert("Status".into(), status[at].into());
    let company = Facts::Company(Company::new(world, account - 1));
    for (names, fact) in [
        (["Billing_Street", "Shipping_Street"], Fact::Street),
        (["Billing_City", "Shipping_City"], Fact::City),
        (["Billing_State", "Shipping_State"], Fact::State),
        (["Billing_Code", "Shipping_Code"], Fact::Zip),
        (["Billing_Country", "Shipping_Country"], Fact::Country),
    ] {
        for name in names {
            put(record, name, &company, fact);
        }
    }
    let mut rows = Vec::new();
    let goods = count(world, Table::Products);
    for line in 0..(1 + draw(world, Table::Invoices, n, 5, 3)).min(goods) {
        let product = 1 + draw(world, Table::Invoices, n, 10 + line, goods);
        let of = record_of_product(world, product);
        let quantity = 1 + draw(world, Table::Invoices, n, 20 + line, 5);
        let price = of.get("Unit_Price").and_then(Value::as_f64).unwrap_or(9.5);
        let taxed = draw(world, Table::Invoices, n, 30 + line, 4) > 0;
        let discount = if draw(world, Table::Invoices, n, 40 + line, 5) == 0 { 1.5 } else { 0.0 };
        rows.push(json!({
            "id": (Table::Invoices.id(n) + 100_000_000 + line * 10_000_000).to_string(),
            "Product_Name": {"name": of.get("Product_Name"), "id": Table::Products.id(product).to_string(),
                "Product_Code": of.get("Product_Code")},
            "Quantity": quantity,
            "List_Price": price,
            "Discount": discount,
            "Line_Tax": if taxed { json!([{"name": "VAT", "percentage": VAT}]) } else { json!([]) },
            "Description": null,
        }));
    }
    record.insert("Invoiced_Items".into(), rows.into());
    record.insert("$line_tax".into(), json!([]));
    super::totals::complete(record);
}

fn record_of_product(world: &World, n: u64) -> Record {
    record(world, Table::Products, n)
}

/// The number that Zoho gives a document.
pub fn table_number(table: Table, n: u64) -> String {
    (table.id(n) - super::store::BASE).to_string()
}

fn payment(world: &World, n: u64, record: &mut Record) {
    let account = 1 + draw(world, Table::Payments, n, 3, world.companies());
    let customer = reference(world, Table::Accounts, account);
    let (created, modified) = stamps(world, Table::Payments, n);
    let cents = 500 + draw(world, Table::Payments, n, 4, 90_000);
    let mode = ["banktransfer", "cash", "creditcard"];
    let at = usize::try_from(draw(world, Table::Payments, n, 5, 3)).unwrap_or(0);
    let day = clock::stamp(created, 'T').get(..10).unwrap_or_default().to_owned();
    let amount = cents as f64 / 100.0;
    for (name, value) in [
        ("payment_id", json!(Table::Payments.id(n).to_string())),
        ("payment_number", json!(n.to_string())),
        ("customer_id", customer["id"].clone()),
        ("customer_name", customer["name"].clone()),
        ("payment_mode", json!(mode[at])),
        ("date", json!(day)),
        ("amount", json!(amount)),
        ("unused_amount", json!(amount)),
        ("reference_number", json!(format!("REF-{n}"))),
        ("description", json!("")),
        ("currency_code", json!("EUR")),
        ("invoice_numbers", json!("")),
        ("invoices", json!([])),
        ("created_time", json!(books_time(created))),
        ("last_modified_time", json!(books_time(modified))),
    ] {
        record.insert(name.to_owned(), value);
    }
}

/// An instant as Books tells it.
pub fn books_time(secs: i64) -> String {
    time(secs).replace("+05:30", "+0530")
}

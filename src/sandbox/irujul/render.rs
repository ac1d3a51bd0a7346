//! Records as iRujul tells them: all values as text, dates as `yyyy-MM-dd` in India's time.

use serde_json::{Value, json};

use crate::sandbox::clock::stamp;
use crate::sandbox::shelf::{Row, Shelf, Table, money};

/// India is so far from UTC, in seconds.
const INDIA: i64 = 19_800;

/// The day of an instant.
pub fn day(at: i64) -> String {
    let mut text = stamp(at + INDIA, ' ');
    text.truncate(10);
    text
}

/// A record.
pub fn record(shelf: &Shelf, table: Table, row: &Row) -> Value {
    match table {
        Table::Contacts => contact(row),
        Table::Products => json!({
            "ID": row.id.to_string(), "Code": row.text("sku"), "Name": row.text("name"),
            "Category": row.text("category"), "CategoryID": "1", "Brand": "null", "BrandID": "0",
            "ItemModel": "", "Unit": "NOS", "HSNCode": "", "TaxRate": "18",
            "Price": money(row.number("price")), "StockQty": row.text("stock"),
            "IsActive": if row.text("active") == "true" { "1" } else { "0" },
            "Description": row.text("description"),
        }),
        Table::Orders | Table::Invoices => document(shelf, table, row),
        Table::Taxes => json!({
            "ID": row.id.to_string(), "Code": format!("T{}", row.id), "Name": row.text("name"),
            "TaxRate": row.text("rate"),
        }),
    }
}

fn contact(row: &Row) -> Value {
    let name = format!("{} {}", row.text("first"), row.text("last"));
    json!({
        "Contact": {
            "ID": row.id.to_string(), "Name": name.trim(), "FirstName": row.text("first"),
            "LastName": row.text("last"), "Gender": "", "DOB": "null",
            "MobileNo": row.text("phone"), "PhoneNo": "", "Email": row.text("email"),
            "CompanyName": row.text("company"),
        },
        "Address": [{
            "ID": row.id.to_string(), "Address1": row.text("street"),
            "Address2": row.text("street2"), "City": row.text("city"), "CityID": "0",
            "StateName": row.text("state"), "StateID": "0", "ZipCode": row.text("zip"),
            "CountryName": row.text("country"),
        }],
    })
}

fn document(shelf: &Shelf, table: Table, row: &Row) -> Value {
    let invoice = table == Table::Invoices;
    let person = shelf.row(Table::Contacts, u64::try_from(row.number("contact")).unwrap_or(0));
    let known = |name: &str| person.as_ref().map(|p| p.text(name)).unwrap_or_default();
    let status = match (row.gone, row.text("status").as_str()) {
        (true, _) => "Deleted",
        (_, "open") => "Open",
        (_, "approved") => "Approved",
        (_, "delivered") => "Delivered",
        (_, "paid") => "Paid",
        _ => "Cancelled",
    };
    let lines = shelf.lines(row);
    let each = lines.iter().enumerate().map(|(place, line)| {
        let product = shelf.row(Table::Products, line.product);
        let of = |name: &str| product.as_ref().map(|p| p.text(name)).unwrap_or_default();
        json!({
            "TXNID": row.id.to_string(), "LineNo": (place + 1).to_string(),
            "ItemID": line.product.to_string(), "ItemName": of("name"), "ItemCode": of("sku"),
            "Category": of("category"), "ItemModel": "", "Qty": line.quantity.to_string(),
            "Price": money(line.price), "Discount": money(line.discount),
            "TaxRate": row.text("rate"), "TaxAmount": money(line.tax),
            "Amount": money(line.total()),
        })
    });
    let each: Vec<Value> = each.collect();
    let tax: i64 = lines.iter().map(|line| line.tax).sum();
    let total = shelf.total(row);
    let name = format!("{} {}", known("first"), known("last"));
    let mut header = json!({
        "ID": row.id.to_string(), "TXNName": if invoice { "Invoice" } else { "Sales Order" },
        "TXNNo": row.text("number"), "TXNDate": day(row.created),
        "DueDate": day(row.created + 14 * 86_400), "BranchName": "Main",
        "CustomerID": row.text("contact"), "CustomerName": name.trim(),
        "CompanyName": known("company"), "CustomerMobile": known("phone"),
        "CustomerEmail": known("email"), "Status": status, "VendorID": "0",
        "Address1": known("street"), "Address2": known("street2"), "City": known("city"),
        "StateName": known("state"), "ZipCode": known("zip"), "CountryName": known("country"), "ShipAddress1": "",
        "ShipAddress2": "", "ShipCity": "", "Remarks": row.text("remarks"), "Currency": "EUR",
        "SubTotal": money(total - tax - row.number("shipping")), "TaxAmount": money(tax),
        "Freight": money(row.number("shipping")), "Amount": money(total),
    });
    if invoice {
        header["OrderID"] = row.text("order").into();
    }
    json!({ "Header": header, "Line": each, "FollowUpLine": [] })
}

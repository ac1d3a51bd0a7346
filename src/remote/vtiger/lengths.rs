//! The sizes of Vtiger's columns, in characters. `describe` does not tell them, and longer text is
//! cut without a word.

/// Module, field, size. Vtiger 8.4; 7.x is the same.
const SIZES: [(&str, &str, usize); 60] = [
    ("Contacts", "firstname", 40),
    ("Contacts", "lastname", 80),
    ("Contacts", "email", 100),
    ("Contacts", "phone", 50),
    ("Contacts", "mobile", 50),
    ("Contacts", "mailingstreet", 250),
    ("Contacts", "mailingcity", 40),
    ("Contacts", "mailingstate", 30),
    ("Contacts", "mailingzip", 30),
    ("Contacts", "mailingcountry", 40),
    ("Contacts", "otherstreet", 250),
    ("Contacts", "othercity", 40),
    ("Contacts", "otherstate", 30),
    ("Contacts", "otherzip", 30),
    ("Contacts", "othercountry", 40),
    ("Leads", "firstname", 40),
    ("Leads", "lastname", 80),
    ("Leads", "company", 100),
    ("Leads", "email", 100),
    ("Accounts", "accountname", 100),
    ("Accounts", "email1", 100),
    ("Accounts", "phone", 30),
    ("Accounts", "website", 100),
    ("Accounts", "bill_street", 250),
    ("Accounts", "bill_city", 30),
    ("Accounts", "bill_state", 30),
    ("Accounts", "bill_code", 30),
    ("Accounts", "bill_country", 30),
    ("Accounts", "ship_street", 250),
    ("Accounts", "ship_city", 30),
    ("Accounts", "ship_state", 30),
    ("Accounts", "ship_code", 30),
    ("Accounts", "ship_country", 30),
    ("Products", "productname", 255),
    ("Products", "productcode", 40),
    ("Products", "serial_no", 200),
    ("Products", "website", 100),
    ("SalesOrder", "subject", 100),
    ("SalesOrder", "vtiger_purchaseorder", 200),
    ("SalesOrder", "customerno", 100),
    ("SalesOrder", "bill_street", 250),
    ("SalesOrder", "bill_city", 30),
    ("SalesOrder", "bill_state", 30),
    ("SalesOrder", "bill_code", 30),
    ("SalesOrder", "bill_country", 30),
    ("SalesOrder", "ship_street", 250),
    ("SalesOrder", "ship_city", 30),
    ("SalesOrder", "ship_state", 30),
    ("SalesOrder", "ship_code", 30),
    ("SalesOrder", "ship_country", 30),
    ("Invoice", "subject", 100),
    ("Invoice", "customerno", 100),
    ("Invoice", "bill_street", 250),
    ("Invoice", "bill_city", 30),
    ("Invoice", "bill_state", 30),
    ("Invoice", "bill_code", 30),
    ("Invoice", "bill_country", 30),
    ("Invoice", "ship_street", 250),
    ("Invoice", "ship_city", 30),
    ("Invoice", "ship_country", 30),
];

/// How many characters a field holds, where that is known.
pub(crate) fn of(module: &str, field: &str) -> Option<usize> {
    SIZES
        .iter()
        .find(|(m, f, _)| *m == module && *f == field)
        .map(|(_, _, size)| *size)
}

//! What differs between the kinds of records: a table, so that a further one is a further row.

/// A kind of records.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entity {
    /// Its API name, which is its path too.
    pub(crate) name: &'static str,
    /// One of them, for people.
    pub(crate) one: &'static str,
    /// Its name in scopes.
    pub(crate) scope: &'static str,
    /// Its match key.
    pub(crate) key: &'static str,
    /// Its name in the web interface's addresses.
    pub(crate) tab: &'static str,
    /// The field with the lines of a document.
    pub(crate) lines: Option<&'static str>,
    /// Parameters of every list.
    pub(crate) always: &'static [(&'static str, &'static str)],
    /// Members that lists have and the description does not name.
    pub(crate) hidden: &'static [&'static str],
}

const PLAIN: Entity = Entity {
    name: "",
    one: "",
    scope: "",
    key: "",
    tab: "",
    lines: None,
    always: &[],
    hidden: &[],
};

/// Every kind of the CRM.
pub(crate) static ALL: [Entity; 6] = [
    Entity {
        name: "Contacts",
        one: "contact",
        scope: "contacts",
        key: "Email",
        tab: "Contacts",
        ..PLAIN
    },
    Entity {
        name: "Leads",
        one: "lead",
        scope: "leads",
        key: "Email",
        tab: "Leads",
        // A converted lead is not gone.
        always: &[("converted", "both")],
        ..PLAIN
    },
    Entity {
        name: "Accounts",
        one: "account",
        scope: "accounts",
        key: "Account_Name",
        tab: "Accounts",
        ..PLAIN
    },
    Entity {
        name: "Products",
        one: "product",
        scope: "products",
        key: "Product_Code",
        tab: "Products",
        ..PLAIN
    },
    Entity {
        name: "Events",
        one: "event",
        scope: "events",
        key: "Event_Title",
        tab: "Events",
        hidden: &[super::virtuals::SE_MODULE],
        ..PLAIN
    },
    Entity {
        name: "Invoices",
        one: "invoice",
        scope: "invoices",
        key: "Subject",
        tab: "Invoices",
        lines: Some("Invoiced_Items"),
        ..PLAIN
    },
];

/// The kind with this name.
pub(crate) fn named(name: &str) -> Option<&'static Entity> {
    ALL.iter().find(|e| e.name == name)
}

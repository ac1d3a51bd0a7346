//! What differs between the kinds of records: a table, so that a further one is a further row.

use super::super::ChangeFeed;

/// What the connector does with a kind of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Customers with their addresses.
    Customers,
    /// The companies that customers name, told by name; not a kind of Magento's own.
    Companies,
    /// Products.
    Products,
    /// Orders, read only.
    Orders,
    /// Invoices, read only.
    Invoices,
    /// Tax rates, read only.
    TaxRates,
    /// Cart price rules, read only.
    SalesRules,
}

/// A kind of records.
#[derive(Debug)]
pub(crate) struct Entity {
    /// What the connector does with it.
    pub(crate) kind: Kind,
    /// Its name.
    pub(crate) name: &'static str,
    /// Many of them, for people.
    pub(crate) many: &'static str,
    /// One of them, for people.
    pub(crate) one: &'static str,
    /// The path of its list.
    pub(crate) list: &'static str,
    /// The member that holds the id.
    pub(crate) id: &'static str,
    /// The column by which a list is sorted and continued; often another name than the member's.
    pub(crate) column: &'static str,
    /// How changes are found.
    pub(crate) changes: ChangeFeed,
    /// Some changes do not move `updated_at`: addresses, stock, prices.
    pub(crate) silent: bool,
    /// It can be written.
    pub(crate) writable: bool,
    /// The match key.
    pub(crate) key: &'static str,
    /// Columns that are known to be searchable; a search by another may end in a 500.
    pub(crate) columns: &'static [&'static str],
    /// It keeps its values by attributes, so an unknown column is an ordinary refusal.
    pub(crate) attributes: bool,
    /// The page in the shop's administration, before the id and after it.
    pub(crate) admin: Option<(&'static str, &'static str)>,
}

const CUSTOMERS: Entity = Entity {
    kind: Kind::Customers,
    name: "customers",
    many: "customers",
    one: "customer",
    list: "customers/search",
    id: "id",
    column: "entity_id",
    changes: ChangeFeed::Filtered,
    silent: true,
    writable: true,
    key: "email",
    columns: &["entity_id", "email", "firstname", "lastname", "created_at", "updated_at"],
    attributes: true,
    admin: Some(("customer/index/edit/id/", "/")),
};

/// Products.
pub(crate) const PRODUCTS: &Entity = &Entity {
    kind: Kind::Products,
    name: "products",
    many: "products",
    one: "product",
    list: "products",
    key: "sku",
    columns: &["entity_id", "sku", "name", "created_at", "updated_at"],
    admin: Some(("catalog/product/edit/id/", "/")),
    ..CUSTOMERS
};

/// Every kind of records.
pub(crate) const ALL: [&Entity; 7] = [
    &CUSTOMERS,
    &Entity {
        kind: Kind::Companies,
        name: "companies",
        many: "companies",
        one: "company",
        writable: false,
        key: "name",
        admin: None,
        ..CUSTOMERS
    },
    PRODUCTS,
    &ORDERS,
    &Entity {
        kind: Kind::Invoices,
        name: "invoices",
        many: "invoices",
        one: "invoice",
        list: "invoices",
        columns: &["entity_id", "increment_id", "order_id", "created_at", "updated_at"],
        admin: Some(("sales/invoice/view/invoice_id/", "/")),
        ..ORDERS
    },
    &Entity {
        kind: Kind::TaxRates,
        name: "taxRates",
        many: "tax rates",
        one: "tax rate",
        list: "taxRates/search",
        id: "id",
        column: "tax_calculation_rate_id",
        changes: ChangeFeed::FullScan,
        key: "code",
        columns: &["tax_calculation_rate_id", "code"],
        admin: Some(("tax/rate/edit/rate/", "/")),
        ..ORDERS
    },
    &Entity {
        kind: Kind::SalesRules,
        name: "salesRules",
        many: "price rules",
        one: "price rule",
        list: "salesRules/search",
        id: "rule_id",
        column: "rule_id",
        changes: ChangeFeed::FullScan,
        key: "name",
        columns: &["rule_id", "name"],
        admin: Some(("sales_rule/promo_quote/edit/id/", "/")),
        ..ORDERS
    },
];

const ORDERS: Entity = Entity {
    kind: Kind::Orders,
    name: "orders",
    many: "orders",
    one: "order",
    list: "orders",
    id: "entity_id",
    column: "entity_id",
    changes: ChangeFeed::Filtered,
    silent: false,
    writable: false,
    key: "increment_id",
    columns: &[
        "entity_id",
        "increment_id",
        "customer_email",
        "customer_id",
        "created_at",
        "updated_at",
    ],
    attributes: false,
    admin: Some(("sales/order/view/order_id/", "/")),
};

/// The kind with this name.
pub(crate) fn named(name: &str) -> Option<&'static Entity> {
    ALL.into_iter().find(|e| e.name == name)
}

impl Entity {
    /// Whether a search by this column is known to be safe.
    pub(crate) fn knows(&self, column: &str) -> bool {
        self.attributes || self.columns.contains(&column)
    }
}

/// Customers, whose members companies share.
pub(crate) fn customers() -> &'static Entity {
    &CUSTOMERS
}

//! What differs between the kinds of records: a table, so that a further one is a further row.
//!
//! WooCommerce REST API v3: Customers, Products, Product variations, Orders, Tax rates.

use super::super::ChangeFeed;
use super::orders;

/// What a value must look like before it is sent. The batch endpoints do not check it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any text.
    Text,
    /// An e-mail address that cannot be emptied.
    Email,
    /// An e-mail address that may be empty.
    EmailOrEmpty,
    /// A decimal number as text, with a point.
    Money,
    /// A whole number.
    Whole,
    /// Yes or no.
    Switch,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Set by the shop.
    ReadOnly,
}

/// What a kind of records needs beside the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Special {
    /// Nothing.
    None,
    /// Products bring their variations along, which have routes of their own.
    Products,
    /// Orders are told as documents.
    Orders,
    /// Rates that mean the same tax are one record.
    Taxes,
}

/// A kind of records.
#[derive(Debug)]
pub(crate) struct Entity {
    /// Its name, which is its path too.
    pub(crate) name: &'static str,
    /// One of them, for people.
    pub(crate) one: &'static str,
    /// What it needs beside this table.
    pub(crate) special: Special,
    /// How changes are found.
    pub(crate) changes: ChangeFeed,
    /// Some changes do not move its stamp.
    pub(crate) silent: bool,
    /// It has a trash.
    pub(crate) trash: bool,
    /// The shop refuses a second record with the same match key.
    pub(crate) unique: bool,
    /// Where a record that we create carries the id of its source.
    pub(crate) mark: Option<&'static str>,
    /// SyncDeck writes it.
    pub(crate) writable: bool,
    /// The match key.
    pub(crate) key: &'static str,
    /// Further top members of a narrow listing.
    pub(crate) narrow: &'static [&'static str],
    /// Parameters of every read.
    pub(crate) always: &'static [(&'static str, &'static str)],
    /// The member that tells trashed products and staff among the customers.
    pub(crate) state: &'static str,
    /// Members that the API escapes for HTML.
    pub(crate) escaped: &'static [&'static str],
    /// Creates in one request (a customer takes 0.12 s: its password is hashed).
    pub(crate) creates: usize,
    /// Updates in one request.
    pub(crate) updates: usize,
    /// Members that must not be empty.
    pub(crate) required: &'static [&'static str],
    /// What values must look like; others are text.
    pub(crate) kinds: &'static [(&'static str, Kind)],
    /// The page in the shop's administration, before the id and after it.
    pub(crate) admin: (&'static str, &'static str),
}

/// Roles of people who work in the shop. They are users like customers, and not listed.
pub(crate) const STAFF: [&str; 5] =
    ["administrator", "shop_manager", "editor", "author", "contributor"];

const CUSTOMERS: Entity = Entity {
    name: "customers",
    one: "customer",
    special: Special::None,
    changes: ChangeFeed::NarrowScan,
    silent: false,
    trash: false,
    unique: true,
    mark: None,
    writable: true,
    key: "email",
    narrow: &[],
    always: &[("role", "all")],
    state: "role",
    escaped: &["first_name", "last_name"],
    creates: 25,
    updates: 100,
    required: &["email"],
    kinds: &[
        ("email", Kind::Email),
        ("billing.email", Kind::EmailOrEmpty),
        ("id", Kind::ReadOnly),
        ("role", Kind::ReadOnly),
        ("date_created", Kind::ReadOnly),
        ("date_created_gmt", Kind::ReadOnly),
        ("date_modified", Kind::ReadOnly),
        ("date_modified_gmt", Kind::ReadOnly),
        ("is_paying_customer", Kind::ReadOnly),
        ("avatar_url", Kind::ReadOnly),
    ],
    admin: ("wp-admin/user-edit.php?user_id=", ""),
};

const PRODUCTS: Entity = Entity {
    name: "products",
    one: "product",
    special: Special::Products,
    changes: ChangeFeed::Filtered,
    silent: false,
    trash: true,
    unique: true,
    mark: None,
    writable: true,
    key: "sku",
    narrow: &["name"],
    always: &[("context", "edit")],
    state: "status",
    escaped: &["name"],
    creates: 50,
    updates: 100,
    required: &["name"],
    kinds: &[
        ("regular_price", Kind::Money),
        ("sale_price", Kind::Money),
        ("weight", Kind::Money),
        ("dimensions.length", Kind::Money),
        ("dimensions.width", Kind::Money),
        ("dimensions.height", Kind::Money),
        ("stock_quantity", Kind::Whole),
        ("low_stock_amount", Kind::Whole),
        ("menu_order", Kind::Whole),
        ("parent_id", Kind::Whole),
        ("download_limit", Kind::Whole),
        ("download_expiry", Kind::Whole),
        ("type", Kind::OneOf(&["simple", "grouped", "external", "variable"])),
        ("status", Kind::OneOf(&["draft", "pending", "private", "publish", "future"])),
        ("catalog_visibility", Kind::OneOf(&["visible", "catalog", "search", "hidden"])),
        ("tax_status", Kind::OneOf(&["taxable", "shipping", "none"])),
        ("stock_status", Kind::OneOf(&["instock", "outofstock", "onbackorder"])),
        ("backorders", Kind::OneOf(&["no", "notify", "yes"])),
        ("featured", Kind::Switch),
        ("virtual", Kind::Switch),
        ("downloadable", Kind::Switch),
        ("manage_stock", Kind::Switch),
        ("sold_individually", Kind::Switch),
        ("reviews_allowed", Kind::Switch),
        ("id", Kind::ReadOnly),
        ("permalink", Kind::ReadOnly),
        ("price", Kind::ReadOnly),
        ("price_html", Kind::ReadOnly),
        ("on_sale", Kind::ReadOnly),
        ("purchasable", Kind::ReadOnly),
        ("total_sales", Kind::ReadOnly),
        ("date_modified", Kind::ReadOnly),
        ("date_modified_gmt", Kind::ReadOnly),
        ("variations", Kind::ReadOnly),
        ("related_ids", Kind::ReadOnly),
        ("average_rating", Kind::ReadOnly),
        ("rating_count", Kind::ReadOnly),
        ("has_options", Kind::ReadOnly),
    ],
    admin: ("wp-admin/post.php?post=", "&action=edit"),
};

/// Orders. A batch of them is not faster than as many requests, and is not checked by the shop.
const ORDERS: Entity = Entity {
    name: "orders",
    one: "order",
    special: Special::Orders,
    changes: ChangeFeed::Filtered,
    // With orders as posts, an edit of addresses moves no stamp; a deleted refund never does.
    silent: true,
    trash: true,
    unique: false,
    mark: Some(orders::MARK),
    writable: true,
    key: orders::SUBJECT,
    narrow: &["number", "status"],
    // Amounts as they are stored: rounded ones do not add up.
    always: &[("dp", "6")],
    state: "status",
    escaped: &[],
    creates: 1,
    updates: 1,
    required: &[],
    kinds: &[
        ("billing.email", Kind::EmailOrEmpty),
        ("customer_id", Kind::Whole),
        ("parent_id", Kind::Whole),
        ("id", Kind::ReadOnly),
        ("number", Kind::ReadOnly),
        ("order_key", Kind::ReadOnly),
        ("version", Kind::ReadOnly),
        ("prices_include_tax", Kind::ReadOnly),
        ("date_created", Kind::ReadOnly),
        ("date_created_gmt", Kind::ReadOnly),
        ("date_modified", Kind::ReadOnly),
        ("date_modified_gmt", Kind::ReadOnly),
        ("date_paid", Kind::ReadOnly),
        ("date_paid_gmt", Kind::ReadOnly),
        ("date_completed", Kind::ReadOnly),
        ("date_completed_gmt", Kind::ReadOnly),
        ("total", Kind::ReadOnly),
        ("total_tax", Kind::ReadOnly),
        ("cart_tax", Kind::ReadOnly),
        ("discount_total", Kind::ReadOnly),
        ("discount_tax", Kind::ReadOnly),
        ("shipping_total", Kind::ReadOnly),
        ("shipping_tax", Kind::ReadOnly),
        ("tax_lines", Kind::ReadOnly),
        ("refunds", Kind::ReadOnly),
        ("set_paid", Kind::ReadOnly),
        ("payment_url", Kind::ReadOnly),
        ("is_editable", Kind::ReadOnly),
        ("needs_payment", Kind::ReadOnly),
        ("needs_processing", Kind::ReadOnly),
        ("currency_symbol", Kind::ReadOnly),
        ("cart_hash", Kind::ReadOnly),
        ("customer_ip_address", Kind::ReadOnly),
        ("customer_user_agent", Kind::ReadOnly),
    ],
    admin: ("wp-admin/post.php?post=", "&action=edit"),
};

/// Tax rates, from the shop only.
const TAXES: Entity = Entity {
    name: "taxes",
    one: "tax rate",
    special: Special::Taxes,
    changes: ChangeFeed::FullScan,
    silent: false,
    trash: false,
    unique: false,
    mark: None,
    writable: false,
    key: "label",
    narrow: &["rate"],
    always: &[],
    state: "",
    escaped: &[],
    creates: 1,
    updates: 1,
    required: &[],
    kinds: &[("rate", Kind::Money)],
    admin: ("wp-admin/admin.php?page=wc-settings&tab=tax&section=standard&rate=", ""),
};

/// Every kind of records.
pub(crate) const ALL: [&Entity; 4] = [&CUSTOMERS, &PRODUCTS, &ORDERS, &TAXES];

/// The kind with this name.
pub(crate) fn named(name: &str) -> Option<&'static Entity> {
    ALL.into_iter().find(|e| e.name == name)
}

impl Entity {
    /// The paths behind a path that the shop itself does not have.
    pub(crate) fn behind(&self, path: &str) -> Option<&'static [&'static str]> {
        match self.special {
            Special::Orders => orders::behind(path),
            Special::Taxes if path == self.key => Some(&["name", "rate"]),
            _ => None,
        }
    }

    /// What is read whatever is wanted.
    pub(crate) fn own(&self) -> &'static [&'static str] {
        match self.special {
            Special::Products => {
                &["type", "name", "sku", "parent_id", "variations", "manage_stock"]
            }
            Special::Taxes => &["name", "rate"],
            Special::None | Special::Orders => &[],
        }
    }

    /// What a value at this path must look like.
    pub(crate) fn kind(&self, path: &str) -> Kind {
        self.kinds.iter().find(|(p, _)| *p == path).map_or(Kind::Text, |(_, kind)| *kind)
    }
}

//! What differs between the kinds of records: a table, so that a further one is a further row.
//!
//! WooCommerce REST API v3: Customers, Products.

use super::super::ChangeFeed;

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

/// A kind of records.
#[derive(Debug)]
pub(crate) struct Entity {
    /// Its name, which is its path too.
    pub(crate) name: &'static str,
    /// One of them, for people.
    pub(crate) one: &'static str,
    /// How changes are found.
    pub(crate) changes: ChangeFeed,
    /// It has a trash.
    pub(crate) trash: bool,
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
    changes: ChangeFeed::NarrowScan,
    trash: false,
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
    changes: ChangeFeed::Filtered,
    trash: true,
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

/// Every kind of records.
pub(crate) const ALL: [&Entity; 2] = [&CUSTOMERS, &PRODUCTS];

/// The kind with this name.
pub(crate) fn named(name: &str) -> Option<&'static Entity> {
    ALL.into_iter().find(|e| e.name == name)
}

impl Entity {
    /// What a value at this path must look like.
    pub(crate) fn kind(&self, path: &str) -> Kind {
        self.kinds.iter().find(|(p, _)| *p == path).map_or(Kind::Text, |(_, kind)| *kind)
    }
}

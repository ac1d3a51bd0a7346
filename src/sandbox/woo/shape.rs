//! What the shop's records look like: their columns in the database and their members in JSON.

use crate::sandbox::seed::{Fact, Kind};

/// A column: its name in the journal, what a generated record has there, what any other has.
pub type Column = (&'static str, Option<Fact>, Default);

/// What a column holds when nobody wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Default {
    /// A text.
    Text(&'static str),
    /// A generated text in which `&`, `<` and `>` are stored escaped.
    Escaped,
    /// Nothing.
    Null,
}

/// A member of a record in JSON.
pub type Member = (&'static str, Shape);

/// How a member is written.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// The record's number.
    Id,
    /// A text of that column.
    Text(&'static str),
    /// A text that is rendered as HTML for viewing.
    Html(&'static str),
    /// `true` for "1".
    Bool(&'static str),
    /// A number as it stands, or null.
    Number(&'static str),
    /// An instant in the site's time.
    Local(&'static str),
    /// An instant in UTC.
    Gmt(&'static str),
    /// JSON as it stands.
    Json(&'static str),
    /// The same JSON in every record.
    Always(&'static str),
    /// Members within.
    Object(&'static [Member]),
    /// Computed from other columns.
    Made(Made),
    /// Only for administrators: JSON as it stands.
    Private(&'static str),
    /// Only when the record is read for editing.
    Edit(Made),
}

/// Members that are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names are those of the members
pub enum Made {
    Avatar,
    Permalink,
    Price,
    OnSale,
    Purchasable,
    PriceHtml,
    Variations,
    HasOptions,
    Attributes,
    StockQuantity,
    BackordersAllowed,
    ShippingRequired,
    AverageRating,
    ParentId,
    PermalinkTemplate,
    GeneratedSlug,
    Categories,
}

/// A kind of record.
#[derive(Debug)]
pub struct Entity {
    /// Its table in the journal and in counters.
    pub name: &'static str,
    /// Its path below `wc/v3`, for links.
    pub path: &'static str,
    /// The generated records.
    pub seeds: Option<Kind>,
    /// The database.
    pub columns: &'static [Column],
    /// The JSON.
    pub members: &'static [Member],
}

impl Entity {
    /// The place of a column, which must be one of this table's.
    pub fn column(&self, name: &str) -> u8 {
        let at = self.columns.iter().position(|(n, _, _)| *n == name);
        at.and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX)
    }
}

const fn text(name: &'static str, fact: Fact) -> Column {
    (name, Some(fact), Default::Text(""))
}

const fn plain(name: &'static str, default: &'static str) -> Column {
    (name, None, Default::Text(default))
}

const fn null(name: &'static str) -> Column {
    (name, None, Default::Null)
}

/// Customers, and the staff whose accounts look the same.
pub static CUSTOMERS: Entity = Entity {
    name: "customers",
    path: "customers",
    seeds: Some(Kind::Customers),
    columns: &[
        text("email", Fact::Email),
        text("username", Fact::Username),
        plain("role", "customer"),
        ("first_name", Some(Fact::First), Default::Escaped),
        ("last_name", Some(Fact::Last), Default::Escaped),
        ("date_created", Some(Fact::Created), Default::Null),
        ("date_modified", Some(Fact::Modified), Default::Null),
        ("is_paying_customer", Some(Fact::Paying), Default::Text("0")),
        text("billing.first_name", Fact::First),
        text("billing.last_name", Fact::Last),
        text("billing.company", Fact::Company),
        text("billing.address_1", Fact::Street),
        text("billing.address_2", Fact::Street2),
        text("billing.city", Fact::City),
        text("billing.postcode", Fact::Zip),
        text("billing.country", Fact::Country),
        text("billing.state", Fact::State),
        text("billing.email", Fact::Email),
        text("billing.phone", Fact::Phone),
        text("shipping.first_name", Fact::ShipFirst),
        text("shipping.last_name", Fact::ShipLast),
        text("shipping.company", Fact::ShipCompany),
        text("shipping.address_1", Fact::ShipStreet),
        text("shipping.address_2", Fact::ShipStreet2),
        text("shipping.city", Fact::ShipCity),
        text("shipping.postcode", Fact::ShipZip),
        text("shipping.country", Fact::ShipCountry),
        text("shipping.state", Fact::ShipState),
        plain("shipping.phone", ""),
        plain("meta_data", "[]"),
    ],
    members: &[
        ("id", Shape::Id),
        ("date_created", Shape::Local("date_created")),
        ("date_created_gmt", Shape::Gmt("date_created")),
        ("date_modified", Shape::Local("date_modified")),
        ("date_modified_gmt", Shape::Gmt("date_modified")),
        ("email", Shape::Text("email")),
        ("first_name", Shape::Text("first_name")),
        ("last_name", Shape::Text("last_name")),
        ("role", Shape::Text("role")),
        ("username", Shape::Text("username")),
        (
            "billing",
            Shape::Object(&[
                ("first_name", Shape::Text("billing.first_name")),
                ("last_name", Shape::Text("billing.last_name")),
                ("company", Shape::Text("billing.company")),
                ("address_1", Shape::Text("billing.address_1")),
                ("address_2", Shape::Text("billing.address_2")),
                ("city", Shape::Text("billing.city")),
                ("postcode", Shape::Text("billing.postcode")),
                ("country", Shape::Text("billing.country")),
                ("state", Shape::Text("billing.state")),
                ("email", Shape::Text("billing.email")),
                ("phone", Shape::Text("billing.phone")),
            ]),
        ),
        (
            "shipping",
            Shape::Object(&[
                ("first_name", Shape::Text("shipping.first_name")),
                ("last_name", Shape::Text("shipping.last_name")),
                ("company", Shape::Text("shipping.company")),
                ("address_1", Shape::Text("shipping.address_1")),
                ("address_2", Shape::Text("shipping.address_2")),
                ("city", Shape::Text("shipping.city")),
                ("postcode", Shape::Text("shipping.postcode")),
                ("country", Shape::Text("shipping.country")),
                ("state", Shape::Text("shipping.state")),
                ("phone", Shape::Text("shipping.phone")),
            ]),
        ),
        ("is_paying_customer", Shape::Bool("is_paying_customer")),
        ("avatar_url", Shape::Made(Made::Avatar)),
        ("meta_data", Shape::Private("meta_data")),
    ],
};

const PRODUCT_COLUMNS: &[Column] = &[
    ("name", Some(Fact::Name), Default::Escaped),
    text("slug", Fact::Slug),
    ("type", Some(Fact::ProductType), Default::Text("simple")),
    ("status", Some(Fact::Status), Default::Text("publish")),
    text("description", Fact::Description),
    plain("short_description", ""),
    text("sku", Fact::Sku),
    text("regular_price", Fact::Price),
    text("sale_price", Fact::SalePrice),
    ("manage_stock", Some(Fact::ManageStock), Default::Text("0")),
    ("stock_quantity", Some(Fact::Stock), Default::Null),
    ("stock_status", Some(Fact::StockStatus), Default::Text("instock")),
    text("weight", Fact::Weight),
    ("date_created", Some(Fact::Created), Default::Null),
    ("date_modified", Some(Fact::Modified), Default::Null),
    plain("featured", "0"),
    plain("catalog_visibility", "visible"),
    null("date_on_sale_from"),
    null("date_on_sale_to"),
    plain("virtual", "0"),
    plain("downloadable", "0"),
    plain("downloads", "[]"),
    plain("download_limit", "-1"),
    plain("download_expiry", "-1"),
    plain("external_url", ""),
    plain("button_text", ""),
    plain("tax_status", "taxable"),
    plain("tax_class", ""),
    plain("backorders", "no"),
    null("low_stock_amount"),
    plain("sold_individually", "0"),
    plain("dimensions.length", ""),
    plain("dimensions.width", ""),
    plain("dimensions.height", ""),
    plain("shipping_class", ""),
    plain("reviews_allowed", "1"),
    plain("upsell_ids", "[]"),
    plain("cross_sell_ids", "[]"),
    plain("parent_id", "0"),
    plain("purchase_note", ""),
    plain("categories", ""),
    plain("brands", "[]"),
    plain("tags", "[]"),
    plain("images", "[]"),
    plain("attributes", ""),
    plain("default_attributes", "[]"),
    plain("grouped_products", "[]"),
    plain("menu_order", "0"),
    plain("meta_data", "[]"),
    plain("post_password", ""),
    plain("global_unique_id", ""),
];

const DIMENSIONS: Shape = Shape::Object(&[
    ("length", Shape::Text("dimensions.length")),
    ("width", Shape::Text("dimensions.width")),
    ("height", Shape::Text("dimensions.height")),
]);

/// Products.
pub static PRODUCTS: Entity = Entity {
    name: "products",
    path: "products",
    seeds: Some(Kind::Goods),
    columns: PRODUCT_COLUMNS,
    members: &[
        ("id", Shape::Id),
        ("name", Shape::Text("name")),
        ("slug", Shape::Text("slug")),
        ("permalink", Shape::Made(Made::Permalink)),
        ("date_created", Shape::Local("date_created")),
        ("date_created_gmt", Shape::Gmt("date_created")),
        ("date_modified", Shape::Local("date_modified")),
        ("date_modified_gmt", Shape::Gmt("date_modified")),
        ("type", Shape::Text("type")),
        ("status", Shape::Text("status")),
        ("featured", Shape::Bool("featured")),
        ("catalog_visibility", Shape::Text("catalog_visibility")),
        ("description", Shape::Html("description")),
        ("short_description", Shape::Html("short_description")),
        ("sku", Shape::Text("sku")),
        ("price", Shape::Made(Made::Price)),
        ("regular_price", Shape::Text("regular_price")),
        ("sale_price", Shape::Text("sale_price")),
        ("date_on_sale_from", Shape::Local("date_on_sale_from")),
        ("date_on_sale_from_gmt", Shape::Gmt("date_on_sale_from")),
        ("date_on_sale_to", Shape::Local("date_on_sale_to")),
        ("date_on_sale_to_gmt", Shape::Gmt("date_on_sale_to")),
        ("on_sale", Shape::Made(Made::OnSale)),
        ("purchasable", Shape::Made(Made::Purchasable)),
        ("total_sales", Shape::Always("0")),
        ("virtual", Shape::Bool("virtual")),
        ("downloadable", Shape::Bool("downloadable")),
        ("downloads", Shape::Json("downloads")),
        ("download_limit", Shape::Number("download_limit")),
        ("download_expiry", Shape::Number("download_expiry")),
        ("external_url", Shape::Text("external_url")),
        ("button_text", Shape::Text("button_text")),
        ("tax_status", Shape::Text("tax_status")),
        ("tax_class", Shape::Text("tax_class")),
        ("manage_stock", Shape::Bool("manage_stock")),
        ("stock_quantity", Shape::Made(Made::StockQuantity)),
        ("backorders", Shape::Text("backorders")),
        ("backorders_allowed", Shape::Made(Made::BackordersAllowed)),
        ("backordered", Shape::Always("false")),
        ("low_stock_amount", Shape::Number("low_stock_amount")),
        ("sold_individually", Shape::Bool("sold_individually")),
        ("weight", Shape::Text("weight")),
        ("dimensions", DIMENSIONS),
        ("shipping_required", Shape::Made(Made::ShippingRequired)),
        ("shipping_taxable", Shape::Made(Made::ShippingRequired)),
        ("shipping_class", Shape::Text("shipping_class")),
        ("shipping_class_id", Shape::Always("0")),
        ("reviews_allowed", Shape::Bool("reviews_allowed")),
        ("average_rating", Shape::Made(Made::AverageRating)),
        ("rating_count", Shape::Always("0")),
        ("upsell_ids", Shape::Json("upsell_ids")),
        ("cross_sell_ids", Shape::Json("cross_sell_ids")),
        ("parent_id", Shape::Made(Made::ParentId)),
        ("purchase_note", Shape::Text("purchase_note")),
        ("categories", Shape::Made(Made::Categories)),
        ("brands", Shape::Json("brands")),
        ("tags", Shape::Json("tags")),
        ("images", Shape::Json("images")),
        ("attributes", Shape::Made(Made::Attributes)),
        ("default_attributes", Shape::Json("default_attributes")),
        ("variations", Shape::Made(Made::Variations)),
        ("grouped_products", Shape::Json("grouped_products")),
        ("menu_order", Shape::Number("menu_order")),
        ("price_html", Shape::Made(Made::PriceHtml)),
        ("related_ids", Shape::Always("[]")),
        ("meta_data", Shape::Json("meta_data")),
        ("stock_status", Shape::Text("stock_status")),
        ("has_options", Shape::Made(Made::HasOptions)),
        ("post_password", Shape::Text("post_password")),
        ("global_unique_id", Shape::Text("global_unique_id")),
        ("permalink_template", Shape::Edit(Made::PermalinkTemplate)),
        ("generated_slug", Shape::Edit(Made::GeneratedSlug)),
    ],
};

/// Variations, seen below their product.
pub static VARIATIONS: Entity = Entity {
    name: "variations",
    path: "products",
    seeds: Some(Kind::Variations),
    columns: PRODUCT_COLUMNS,
    members: &[
        ("id", Shape::Id),
        ("type", Shape::Always("\"variation\"")),
        ("date_created", Shape::Local("date_created")),
        ("date_created_gmt", Shape::Gmt("date_created")),
        ("date_modified", Shape::Local("date_modified")),
        ("date_modified_gmt", Shape::Gmt("date_modified")),
        ("description", Shape::Html("description")),
        ("permalink", Shape::Made(Made::Permalink)),
        ("sku", Shape::Text("sku")),
        ("global_unique_id", Shape::Text("global_unique_id")),
        ("price", Shape::Made(Made::Price)),
        ("regular_price", Shape::Text("regular_price")),
        ("sale_price", Shape::Text("sale_price")),
        ("date_on_sale_from", Shape::Local("date_on_sale_from")),
        ("date_on_sale_from_gmt", Shape::Gmt("date_on_sale_from")),
        ("date_on_sale_to", Shape::Local("date_on_sale_to")),
        ("date_on_sale_to_gmt", Shape::Gmt("date_on_sale_to")),
        ("on_sale", Shape::Made(Made::OnSale)),
        ("status", Shape::Text("status")),
        ("purchasable", Shape::Made(Made::Purchasable)),
        ("virtual", Shape::Bool("virtual")),
        ("downloadable", Shape::Bool("downloadable")),
        ("downloads", Shape::Json("downloads")),
        ("download_limit", Shape::Number("download_limit")),
        ("download_expiry", Shape::Number("download_expiry")),
        ("tax_status", Shape::Text("tax_status")),
        ("tax_class", Shape::Text("tax_class")),
        ("manage_stock", Shape::Bool("manage_stock")),
        ("stock_quantity", Shape::Made(Made::StockQuantity)),
        ("stock_status", Shape::Text("stock_status")),
        ("backorders", Shape::Text("backorders")),
        ("backorders_allowed", Shape::Made(Made::BackordersAllowed)),
        ("backordered", Shape::Always("false")),
        ("low_stock_amount", Shape::Number("low_stock_amount")),
        ("weight", Shape::Text("weight")),
        ("dimensions", DIMENSIONS),
        ("shipping_class", Shape::Text("shipping_class")),
        ("shipping_class_id", Shape::Always("0")),
        ("image", Shape::Always("null")),
        ("attributes", Shape::Made(Made::Attributes)),
        ("menu_order", Shape::Number("menu_order")),
        ("meta_data", Shape::Json("meta_data")),
        ("name", Shape::Text("name")),
        ("parent_id", Shape::Made(Made::ParentId)),
    ],
};

/// Orders: what they are found and sorted by, and the rest as one document.
pub static ORDERS: Entity = Entity {
    name: "orders",
    path: "orders",
    seeds: None,
    columns: &[
        plain("status", "pending"),
        null("date_created"),
        null("date_modified"),
        plain("customer_id", "0"),
        plain("document", ""),
    ],
    members: &[],
};

/// Tax rates.
pub static TAXES: Entity = Entity {
    name: "taxes",
    path: "taxes",
    seeds: None,
    columns: &[
        plain("country", ""),
        plain("state", ""),
        plain("postcode", ""),
        plain("city", ""),
        plain("rate", "0.0000"),
        plain("name", "Tax"),
        plain("priority", "1"),
        plain("compound", "0"),
        plain("shipping", "1"),
        plain("order", "0"),
        plain("class", "standard"),
        plain("postcodes", "[]"),
        plain("cities", "[]"),
    ],
    members: &[
        ("id", Shape::Id),
        ("country", Shape::Text("country")),
        ("state", Shape::Text("state")),
        ("postcode", Shape::Text("postcode")),
        ("city", Shape::Text("city")),
        ("rate", Shape::Text("rate")),
        ("name", Shape::Text("name")),
        ("priority", Shape::Number("priority")),
        ("compound", Shape::Bool("compound")),
        ("shipping", Shape::Bool("shipping")),
        ("order", Shape::Number("order")),
        ("class", Shape::Text("class")),
        ("postcodes", Shape::Json("postcodes")),
        ("cities", Shape::Json("cities")),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    fn columns_of(members: &[Member]) -> Vec<&'static str> {
        members
            .iter()
            .flat_map(|(_, shape)| match shape {
                Shape::Text(c) | Shape::Html(c) | Shape::Bool(c) | Shape::Number(c) => vec![*c],
                Shape::Local(c) | Shape::Gmt(c) | Shape::Json(c) | Shape::Private(c) => vec![*c],
                Shape::Object(inner) => columns_of(inner),
                _ => vec![],
            })
            .collect()
    }

    #[test]
    fn every_member_has_its_column() {
        for entity in [&CUSTOMERS, &PRODUCTS, &VARIATIONS, &TAXES] {
            for name in columns_of(entity.members) {
                assert_ne!(entity.column(name), u8::MAX, "{} {name}", entity.name);
            }
        }
    }
}

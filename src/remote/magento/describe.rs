//! The fields of a kind of records: Magento's own list of attributes where it has one, and what its
//! API's records hold besides.

use super::super::http::Plan;
use super::super::{EntityInfo, ErrorKind, FieldInfo, RemoteResult};
use super::Magento;
use super::call::Ask;
use super::entity::{Entity, Kind};
use super::records::text;
use super::search::Search;
use crate::model::{Fields, Value};
use std::collections::HashSet;
use std::sync::atomic::Ordering;

/// Pages of attributes at the most.
const PAGES: u32 = 50;

/// Members of an address: name, label, type.
const ADDRESS: [(&str, &str, &str); 16] = [
    ("firstname", "First Name", "text"),
    ("lastname", "Last Name", "text"),
    ("prefix", "Name Prefix", "text"),
    ("middlename", "Middle Name", "text"),
    ("suffix", "Name Suffix", "text"),
    ("company", "Company", "text"),
    ("street_1", "Street, first line", "text"),
    ("street_2", "Street, second line", "text"),
    ("city", "City", "text"),
    ("region", "State/Province", "text"),
    ("region_code", "State/Province, code", "text"),
    ("postcode", "Zip/Postal Code", "text"),
    ("country_id", "Country", "text"),
    ("telephone", "Phone Number", "text"),
    ("fax", "Fax", "text"),
    ("vat_id", "VAT Number", "text"),
];

/// Members of a customer that are no attributes: path, label, type, writable.
const CUSTOMER: &[(&str, &str, &str, bool)] = &[
    ("id", "ID", "number", false),
    ("extension_attributes.is_subscribed", "Newsletter", "boolean", true),
];

const PRODUCT: &[(&str, &str, &str, bool)] = &[
    ("id", "ID", "number", false),
    ("attribute_set_id", "Attribute Set", "number", true),
    ("type_id", "Type", "text", false),
    ("created_at", "Created At", "datetime", false),
    ("updated_at", "Updated At", "datetime", false),
    ("extension_attributes.stock_item.qty", "Quantity", "number", true),
    ("extension_attributes.stock_item.is_in_stock", "In Stock", "boolean", true),
    ("extension_attributes.website_ids", "Websites", "list", false),
];

/// Members of a product that stand beside its attributes.
const PRODUCT_OWN: [&str; 7] =
    ["sku", "name", "price", "status", "visibility", "weight", "attribute_set_id"];

const ORDER: &[(&str, &str, &str, bool)] = &[
    ("entity_id", "ID", "number", false),
    ("increment_id", "Order Number", "text", false),
    ("reference", "Order Number with the shop", "text", false),
    ("status", "Status", "text", false),
    ("state", "State", "text", false),
    ("phase", "Status, or the state behind a status of the shop's own", "text", false),
    ("created_at", "Order Date", "datetime", false),
    ("updated_at", "Updated At", "datetime", false),
    ("customer_id", "Customer ID", "number", false),
    ("customer_email", "Customer Email", "text", false),
    ("customer_firstname", "Customer First Name", "text", false),
    ("customer_lastname", "Customer Last Name", "text", false),
    ("customer_note", "Customer Note", "text", false),
    ("contact", "Customer", "reference", false),
    ("organization", "Company", "reference", false),
    ("organization_name", "Company, or the person's name", "text", false),
    ("guest.email", "Guest, Email", "text", false),
    ("guest.first_name", "Guest, First Name", "text", false),
    ("guest.last_name", "Guest, Last Name", "text", false),
    ("guest.phone", "Guest, Phone", "text", false),
    ("guest.company", "Guest, Company", "text", false),
    ("guest.street_1", "Guest, Street, first line", "text", false),
    ("guest.street_2", "Guest, Street, second line", "text", false),
    ("guest.city", "Guest, City", "text", false),
    ("guest.region", "Guest, State/Province", "text", false),
    ("guest.postcode", "Guest, Zip/Postal Code", "text", false),
    ("guest.country_id", "Guest, Country", "text", false),
    ("store_id", "Store View ID", "number", false),
    ("store_name", "Store", "text", false),
    ("shipping_description", "Shipping Method", "text", false),
    ("payment.method", "Payment Method, code", "text", false),
    ("payment_title", "Payment Method", "text", false),
    ("coupon_code", "Coupon Code", "text", false),
    ("subtotal", "Subtotal", "number", false),
    ("discount_amount", "Discount", "number", false),
    ("shipping_amount", "Shipping", "number", false),
    ("tax_amount", "Tax", "number", false),
    ("grand_total", "Grand Total", "number", false),
    ("base_grand_total", "Grand Total (base currency)", "number", false),
    ("total_paid", "Total Paid", "number", false),
    ("total_due", "Total Due", "number", false),
    ("total_refunded", "Total Refunded", "number", false),
    ("order_currency_code", "Currency", "text", false),
    ("base_currency_code", "Base Currency", "text", false),
    ("base_to_order_rate", "Exchange Rate", "number", false),
    ("currency", "Currency", "text", false),
    ("lines", "Items, shipping and fees", "items", false),
    ("totals.grand", "Grand Total", "number", false),
    ("totals.tax", "Tax", "number", false),
];

const INVOICE: &[(&str, &str, &str, bool)] = &[
    ("entity_id", "ID", "number", false),
    ("increment_id", "Invoice Number", "text", false),
    ("reference", "Invoice Number with the shop", "text", false),
    ("order_id", "Order ID", "reference", false),
    ("order.increment_id", "Order Number", "text", false),
    ("order.status", "Order Status", "text", false),
    ("order.payment_title", "Payment Method", "text", false),
    ("order.shipping_description", "Shipping Method", "text", false),
    ("order.customer_email", "Customer Email", "text", false),
    ("contact", "Customer", "reference", false),
    ("organization", "Company", "reference", false),
    ("organization_name", "Company, or the person's name", "text", false),
    ("state", "State", "number", false),
    ("created_at", "Invoice Date", "datetime", false),
    ("updated_at", "Updated At", "datetime", false),
    ("subtotal", "Subtotal", "number", false),
    ("discount_amount", "Discount", "number", false),
    ("shipping_amount", "Shipping", "number", false),
    ("tax_amount", "Tax", "number", false),
    ("grand_total", "Grand Total", "number", false),
    ("order_currency_code", "Currency", "text", false),
    ("base_to_order_rate", "Exchange Rate", "number", false),
    ("currency", "Currency", "text", false),
    ("lines", "Items, shipping and fees", "items", false),
    ("totals.grand", "Grand Total", "number", false),
    ("totals.tax", "Tax", "number", false),
];

const TAX_RATE: &[(&str, &str, &str, bool)] = &[
    ("id", "ID", "number", false),
    ("code", "Tax Identifier", "text", false),
    ("rate", "Rate Percent", "number", false),
    ("tax_country_id", "Country", "text", false),
    ("tax_region_id", "State, number", "number", false),
    ("region_name", "State", "text", false),
    ("tax_postcode", "Zip/Post Code", "text", false),
    ("zip_is_range", "Zip/Post is Range", "boolean", false),
    ("zip_from", "Range From", "number", false),
    ("zip_to", "Range To", "number", false),
];

const SALES_RULE: &[(&str, &str, &str, bool)] = &[
    ("rule_id", "ID", "number", false),
    ("name", "Rule Name", "text", false),
    ("description", "Description", "text", false),
    ("from_date", "From", "date", false),
    ("to_date", "To", "date", false),
    ("is_active", "Active", "boolean", false),
    ("uses_per_customer", "Uses per Customer", "number", false),
    ("uses_per_coupon", "Uses per Coupon", "number", false),
    ("times_used", "Times Used", "number", false),
    ("sort_order", "Priority", "number", false),
    ("simple_action", "Apply", "text", false),
    ("discount_amount", "Discount Amount", "number", false),
    ("discount_qty", "Maximum Qty Discount is Applied To", "number", false),
    ("coupon_type", "Coupon", "text", false),
];

impl Magento {
    pub(crate) async fn describe_now(&self, entity: &'static Entity) -> RemoteResult<EntityInfo> {
        // The lists of attributes are open to everybody: whether the records may be read shows here.
        let search = Search::unsorted(1).only(vec![entity.id.to_owned()]);
        self.rows(entity, &search, Plan::FIRST).await?;
        let mut fields = match entity.kind {
            Kind::Customers => self.customer_fields().await?,
            Kind::Companies => {
                let mut fields = self.customer_fields().await?;
                for field in &mut fields {
                    field.writable = false;
                    field.mandatory = false;
                }
                fields.push(field("name", "Company, or the person's name", "text", false));
                fields
            }
            Kind::Products => self.product_fields().await?,
            Kind::Orders => fixed(ORDER),
            Kind::Invoices => fixed(INVOICE),
            Kind::TaxRates => fixed(TAX_RATE),
            Kind::SalesRules => fixed(SALES_RULE),
        };
        if matches!(entity.kind, Kind::Orders | Kind::Invoices) {
            fields.extend(address_fields(false));
        }
        // Products are found by their SKU, which no two of them share.
        let own = |f: &&FieldInfo| {
            f.writable && f.type_name == "text" && f.path.starts_with("custom_attributes.")
        };
        let id_fields = match entity.kind {
            Kind::Customers => fields.iter().filter(own).map(|f| f.path.clone()).collect(),
            _ => Vec::new(),
        };
        Ok(EntityInfo {
            id_fields,
            name: entity.name.to_owned(),
            createable: entity.writable,
            updateable: entity.writable,
            deleteable: entity.writable,
            fields,
        })
    }

    async fn customer_fields(&self) -> RemoteResult<Vec<FieldInfo>> {
        let ask = Ask::get("attributeMetadata/customer", "read the attributes of customers");
        let (answer, _) = self.call(&ask.planned(Plan::FIRST)).await?;
        let mut fields = fixed(CUSTOMER);
        if let Value::List(attributes) = answer {
            fields.extend(attributes.iter().filter_map(customer_field));
        }
        fields.extend(address_fields(true));
        Ok(fields)
    }

    /// The list of attributes needs a right of its own; without it, products can be synced all the
    /// same.
    async fn product_fields(&self) -> RemoteResult<Vec<FieldInfo>> {
        let mut fields = fixed(PRODUCT);
        let mut seen: HashSet<String> = fields.iter().map(|f| f.path.clone()).collect();
        let size = self.page_size.load(Ordering::Relaxed);
        for page in 1..=PAGES {
            let ask = Search::unsorted(size)
                .put(Ask::get("products/attributes", "read the attributes of products"))
                .with("searchCriteria[currentPage]", page.to_string())
                .planned(Plan::FIRST);
            let answer = match self.call(&ask).await {
                Ok((Value::Object(answer), _)) => answer,
                Ok(_) => break,
                Err(error) if error.kind == ErrorKind::Permission => break,
                Err(error) => return Err(error),
            };
            let Some(Value::List(items)) = answer.get("items") else { break };
            let mut news = 0;
            for found in items.iter().filter_map(product_field) {
                if seen.insert(found.path.clone()) {
                    fields.push(found);
                    news += 1;
                }
            }
            // Older versions repeat the last page for ever.
            if news == 0 || items.len() < size as usize {
                break;
            }
        }
        for (path, label) in [
            ("sku", "SKU"),
            ("name", "Product Name"),
            ("price", "Price"),
            ("status", "Enable Product"),
        ] {
            if seen.insert(path.to_owned()) {
                let mandatory = path == "sku" || path == "name";
                fields.push(FieldInfo { mandatory, ..field(path, label, "text", true) });
            }
        }
        Ok(fields)
    }
}

fn field(path: &str, label: &str, type_name: &str, writable: bool) -> FieldInfo {
    FieldInfo {
        path: path.to_owned(),
        label: label.to_owned(),
        type_name: type_name.to_owned(),
        mandatory: false,
        writable,
        max_length: None,
        choices: Vec::new(),
        refers_to: Vec::new(),
    }
}

fn fixed(list: &[(&str, &str, &str, bool)]) -> Vec<FieldInfo> {
    list.iter().map(|(path, label, kind, writable)| field(path, label, kind, *writable)).collect()
}

fn address_fields(writable: bool) -> Vec<FieldInfo> {
    let of = |prefix: &'static str, word: &'static str| {
        ADDRESS.iter().map(move |(name, label, kind)| {
            let writable = writable && *name != "region_code";
            field(&format!("{prefix}.{name}"), &format!("{word} Address, {label}"), kind, writable)
        })
    };
    of("billing", "Billing").chain(of("shipping", "Shipping")).collect()
}

/// An attribute of customers. Those of the shop's own stand below `custom_attributes`.
fn customer_field(entry: &Value) -> Option<FieldInfo> {
    let Value::Object(entry) = entry else { return None };
    let code = text(entry, "attribute_code");
    let hidden = [
        "password_hash",
        "rp_token",
        "rp_token_created_at",
        "failures_num",
        "first_failure",
        "lock_expires",
    ];
    if code.is_empty() || hidden.contains(&code.as_str()) {
        return None;
    }
    let own = is_yes(entry, "user_defined") && !is_yes(entry, "system");
    let fixed = [
        "created_at",
        "updated_at",
        "created_in",
        "confirmation",
        "default_billing",
        "default_shipping",
    ];
    let path = if own { format!("custom_attributes.{code}") } else { code.clone() };
    let label = [text(entry, "frontend_label"), text(entry, "store_label"), code.clone()];
    let label = label.into_iter().find(|l| !l.is_empty()).unwrap_or_default();
    // The shop gives new customers its own website and store.
    let given = ["website_id", "store_id", "group_id"].contains(&code.as_str());
    Some(FieldInfo {
        mandatory: is_yes(entry, "required") && !given,
        max_length: own_length(&code),
        choices: choices(entry),
        ..field(&path, &label, &text(entry, "frontend_input"), !fixed.contains(&code.as_str()))
    })
}

fn product_field(entry: &Value) -> Option<FieldInfo> {
    let Value::Object(entry) = entry else { return None };
    let code = text(entry, "attribute_code");
    if code.is_empty() {
        return None;
    }
    let own = PRODUCT_OWN.contains(&code.as_str());
    let path = if own { code.clone() } else { format!("custom_attributes.{code}") };
    let label = text(entry, "default_frontend_label");
    let label = if label.is_empty() { code.clone() } else { label };
    let mandatory = ["sku", "name"].contains(&code.as_str());
    Some(FieldInfo {
        mandatory,
        max_length: own_length(&code),
        choices: choices(entry),
        ..field(&path, &label, &text(entry, "frontend_input"), true)
    })
}

fn own_length(code: &str) -> Option<usize> {
    match code {
        "sku" => Some(64),
        "firstname" | "lastname" | "email" | "name" | "middlename" | "taxvat" => Some(255),
        _ => None,
    }
}

fn choices(entry: &Fields) -> Vec<String> {
    let Some(Value::List(options)) = entry.get("options") else { return Vec::new() };
    options
        .iter()
        .filter_map(|option| match option {
            Value::Object(option) => Some(text(option, "value")).filter(|v| !v.trim().is_empty()),
            _ => None,
        })
        .collect()
}

fn is_yes(entry: &Fields, name: &str) -> bool {
    matches!(text(entry, name).as_str(), "true" | "1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use syncdeck_records::project::value;

    #[test]
    fn attributes_of_the_shop_stand_below_their_list() {
        let of = |json: &str| customer_field(&value(json));
        let gender = of(r#"{"attribute_code":"gender","frontend_input":"select","frontend_label":"Gender","required":false,"system":false,"user_defined":false,"options":[{"label":" ","value":""},{"label":"Male","value":"1"}]}"#).unwrap();
        assert_eq!((gender.path.as_str(), gender.choices), ("gender", vec!["1".to_owned()]));
        let own = of(r#"{"attribute_code":"vat_code","frontend_input":"text","store_label":"VAT","required":true,"system":false,"user_defined":true}"#).unwrap();
        assert_eq!(
            (own.path.as_str(), own.label.as_str(), own.mandatory),
            ("custom_attributes.vat_code", "VAT", true)
        );
        assert!(of(r#"{"attribute_code":"password_hash"}"#).is_none());
        let product = product_field(&value(
            r#"{"attribute_code":"sku","is_required":true,"default_frontend_label":"SKU"}"#,
        ))
        .unwrap();
        assert!(product.mandatory && product.path == "sku" && product.max_length == Some(64));
        let text = product_field(&value(r#"{"attribute_code":"description"}"#)).unwrap();
        assert_eq!(text.path, "custom_attributes.description");
    }
}

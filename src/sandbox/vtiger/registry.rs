//! Which modules the imitated Vtiger has, read from describe documents.
//!
//! Each module is one asset file: the answer of `describe` as it is sent, and beside it what the
//! database knows and `describe` does not tell (column sizes, decimals, indexed keys). Another
//! module is another file and a line in [`ASSETS`].

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{documents, facts, taxes};
use crate::sandbox::seed::{Fact, Kind};

const ASSETS: [&str; 14] = [
    include_str!("../../../assets/sandbox/vtiger/Accounts.json"),
    include_str!("../../../assets/sandbox/vtiger/Contacts.json"),
    include_str!("../../../assets/sandbox/vtiger/Products.json"),
    include_str!("../../../assets/sandbox/vtiger/Users.json"),
    include_str!("../../../assets/sandbox/vtiger/Groups.json"),
    include_str!("../../../assets/sandbox/vtiger/Currency.json"),
    include_str!("../../../assets/sandbox/vtiger/Tax.json"),
    include_str!("../../../assets/sandbox/vtiger/Services.json"),
    include_str!("../../../assets/sandbox/vtiger/Leads.json"),
    include_str!("../../../assets/sandbox/vtiger/Campaigns.json"),
    include_str!("../../../assets/sandbox/vtiger/SalesOrder.json"),
    include_str!("../../../assets/sandbox/vtiger/Invoice.json"),
    include_str!("../../../assets/sandbox/vtiger/Events.json"),
    include_str!("../../../assets/sandbox/vtiger/LineItem.json"),
];

/// What only Vtiger Cloud has.
const CLOUD: &str = include_str!("../../../assets/sandbox/vtiger/Payments.json");

/// What kind of values a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // the names are describe's
pub enum Type {
    Text,
    Boolean,
    Integer,
    Decimal,
    Date,
    DateTime,
    Reference(Vec<String>),
    Owner,
    Id,
}

/// A column of a module.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The name as a JSON key with its colon.
    pub key: String,
    /// What it holds.
    pub kind: Type,
    /// The same in describe's word.
    pub type_name: String,
    /// A record needs a value.
    pub mandatory: bool,
    /// No two records may share a value.
    pub unique: bool,
    /// Written by the system only.
    pub system: bool,
    /// VTQL knows it.
    pub queryable: bool,
    /// It belongs to the lines of a document, which a query joins when it names it.
    pub of_lines: bool,
    /// Longest text.
    pub size: Option<usize>,
    /// Decimals kept and shown.
    pub decimals: (usize, usize),
    /// What a new record has when nothing is said.
    pub default: &'static str,
    /// Searches by this column use an index.
    pub indexed: bool,
    /// What a generated record has here.
    pub fact: Option<Fact>,
}

/// A module.
#[derive(Debug)]
pub struct Module {
    /// Its name.
    pub name: String,
    /// Its label and the singular.
    pub labels: (String, String),
    /// The number before the `x` of its ids.
    pub prefix: u64,
    /// Records of the CRM, not of the system.
    pub entity: bool,
    /// `describe`'s result as it is sent.
    pub describe: String,
    /// The columns, in the order of the form.
    pub columns: Vec<Column>,
    /// The columns whose values make the label.
    pub label_columns: Vec<u8>,
    /// The column and prefix of the running number.
    pub number: Option<(u8, String)>,
    /// The generated records.
    pub seeds: Option<Kind>,
    /// Records that are there from the start.
    pub rows: Vec<HashMap<String, serde_json::Value>>,
    by_name: HashMap<String, u8>,
}

impl Module {
    /// The place of a column.
    pub fn column(&self, name: &str) -> Option<u8> {
        self.by_name.get(name).copied()
    }

    /// A column by its place.
    pub fn at(&self, column: u8) -> &Column {
        &self.columns[usize::from(column)]
    }

    /// All columns with their places.
    pub fn all(&self) -> impl Iterator<Item = (u8, &Column)> {
        (0u8..).zip(&self.columns)
    }
}

/// All modules.
#[derive(Debug)]
pub struct Registry {
    /// In the order of their files.
    pub modules: Vec<Module>,
}

impl Registry {
    /// Reads the embedded files, with those of Vtiger Cloud or without.
    pub fn load(cloud: bool) -> Result<Self, serde_json::Error> {
        let more = cloud.then_some(CLOUD);
        let modules = ASSETS.into_iter().chain(more).map(read).collect::<Result<_, _>>()?;
        Ok(Self { modules })
    }

    /// The place of a module; names are case-sensitive.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.modules.iter().position(|m| m.name == name)
    }

    /// The place of the module with this id prefix.
    pub fn by_prefix(&self, prefix: u64) -> Option<usize> {
        self.modules.iter().position(|m| m.prefix == prefix)
    }
}

#[derive(Deserialize)]
struct Asset {
    describe: Box<RawValue>,
    singular: String,
    sizes: HashMap<String, usize>,
    decimals: HashMap<String, (usize, usize)>,
    keys: Vec<String>,
    number: Option<(String, String)>,
    #[serde(default)]
    unqueryable: Vec<String>,
    #[serde(default)]
    rows: Vec<HashMap<String, serde_json::Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    name: String,
    label: String,
    fields: Vec<Field>,
    id_prefix: String,
    is_entity: bool,
    label_fields: String,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    mandatory: serde_json::Value,
    #[serde(rename = "type")]
    kind: FieldType,
    #[serde(default)]
    isunique: bool,
}

#[derive(Deserialize)]
struct FieldType {
    name: String,
    #[serde(rename = "refersTo", default)]
    refers_to: Vec<String>,
}

const SYSTEM: [&str; 17] = [
    "id",
    "createdtime",
    "modifiedtime",
    "modifiedby",
    "tags",
    "contact_no",
    "account_no",
    "product_no",
    "lead_no",
    "service_no",
    "campaign_no",
    "salesorder_no",
    "invoice_no",
    "paymentsno",
    // Computed from the lines.
    "hdnGrandTotal",
    "hdnSubTotal",
    "pre_tax_total",
];

fn read(text: &str) -> Result<Module, serde_json::Error> {
    let asset: Asset = serde_json::from_str(text)?;
    let describe: Describe = serde_json::from_str(asset.describe.get())?;
    let seeds = seeds_of(&describe.name);
    let mut columns: Vec<Column> =
        describe.fields.iter().map(|field| column(&describe.name, field, &asset)).collect();
    for name in asset.unqueryable.iter().filter(|n| !describe.fields.iter().any(|f| f.name == **n))
    {
        let kind = FieldType { name: "reference".into(), refers_to: vec!["Currency".into()] };
        let field = Field { name: name.clone(), mandatory: false.into(), kind, isunique: false };
        columns.push(column(&describe.name, &field, &asset));
    }
    columns.extend(taxes::reserved(&columns));
    let by_name: HashMap<String, u8> =
        columns.iter().zip(0u8..).map(|(c, i)| (c.name.clone(), i)).collect();
    let label_columns =
        describe.label_fields.split(',').filter_map(|n| by_name.get(n).copied()).collect();
    let number = asset.number.and_then(|(name, prefix)| Some((*by_name.get(&name)?, prefix)));
    Ok(Module {
        labels: (describe.label, asset.singular),
        prefix: describe.id_prefix.parse().unwrap_or(0),
        entity: describe.is_entity,
        describe: compact(asset.describe.get())?,
        name: describe.name,
        columns,
        label_columns,
        number,
        seeds,
        rows: asset.rows,
        by_name,
    })
}

/// The document without the line breaks of the file.
fn compact(text: &str) -> Result<String, serde_json::Error> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let joined = lines.concat();
    serde_json::from_str::<serde::de::IgnoredAny>(&joined).map(|_| joined)
}

fn seeds_of(module: &str) -> Option<Kind> {
    match module {
        "Accounts" => Some(Kind::Accounts),
        "Contacts" => Some(Kind::Contacts),
        "Products" => Some(Kind::Products),
        other => facts::seeds_of(other),
    }
}

fn column(module: &str, field: &Field, asset: &Asset) -> Column {
    let kind = match field.kind.name.as_str() {
        "boolean" => Type::Boolean,
        "integer" => Type::Integer,
        "double" | "currency" => Type::Decimal,
        "date" => Type::Date,
        "datetime" => Type::DateTime,
        "reference" => Type::Reference(field.kind.refers_to.clone()),
        "owner" => Type::Owner,
        "autogenerated" => Type::Id,
        _ => Type::Text,
    };
    let text_size = if field.kind.name == "text" { None } else { Some(100) };
    let pseudo = asset.unqueryable.contains(&field.name);
    Column {
        key: format!("\"{}\":", field.name),
        mandatory: field.mandatory.as_bool().unwrap_or(false),
        unique: field.isunique,
        system: SYSTEM.contains(&field.name.as_str()),
        queryable: !pseudo,
        of_lines: documents::is(module) && documents::of_lines(&field.name),
        size: asset.sizes.get(&field.name).copied().or(text_size).filter(|_| kind == Type::Text),
        decimals: asset.decimals.get(&field.name).copied().unwrap_or((3, 3)),
        default: default(&field.name, &kind, pseudo),
        indexed: asset.keys.contains(&field.name),
        fact: fact(module, &field.name),
        type_name: field.kind.name.clone(),
        name: field.name.clone(),
        kind,
    }
}

fn default(name: &str, kind: &Type, pseudo: bool) -> &'static str {
    match (name, kind) {
        _ if pseudo => "",
        ("discontinued", _) => "1",
        ("source", _) => "CRM",
        ("unit_price" | "purchase_cost" | "annual_revenue", _) => "0.00000000",
        ("commissionrate" | "qtyinstock", _) => "0.000",
        ("qty_per_unit", _) => "0.00",
        _ if documents::default(name).is_some() => documents::default(name).unwrap_or_default(),
        (_, Type::Boolean | Type::Integer) => "0",
        _ => "",
    }
}

fn fact(module: &str, name: &str) -> Option<Fact> {
    if let Some(fact) = facts::of(module, name) {
        return Some(fact);
    }
    Some(match (module, name) {
        (_, "createdtime") => Fact::Created,
        (_, "modifiedtime") => Fact::Modified,
        ("Contacts", "contact_no") | ("Accounts", "account_no") | ("Products", "product_no") => {
            Fact::Number
        }
        ("Contacts", _) => contact_fact(name)?,
        ("Accounts", "accountname") => Fact::Name,
        ("Accounts", "phone") => Fact::Phone,
        ("Accounts", "website") => Fact::Website,
        ("Accounts", "email1") => Fact::Email,
        ("Accounts", "industry") => Fact::Industry,
        ("Accounts", "employees") => Fact::Employees,
        ("Accounts", "bill_street") => Fact::Street,
        ("Accounts", "bill_city") => Fact::City,
        ("Accounts", "bill_state") => Fact::State,
        ("Accounts", "bill_code") => Fact::Zip,
        ("Accounts", "bill_country") => Fact::Country,
        ("Products", "productname") => Fact::Name,
        ("Products", "productcode") => Fact::Sku,
        ("Products", "unit_price") => Fact::LongPrice,
        ("Products", "qtyinstock") => Fact::LongStock,
        ("Products", "discontinued") => Fact::Active,
        ("Products", "description") => Fact::Description,
        ("Products", "productcategory") => Fact::Category,
        _ => return None,
    })
}

fn contact_fact(name: &str) -> Option<Fact> {
    Some(match name {
        "firstname" => Fact::First,
        "lastname" => Fact::Last,
        "email" => Fact::Email,
        "phone" => Fact::Phone,
        "mobile" => Fact::Mobile,
        "account_id" => Fact::Account,
        "title" => Fact::Title,
        "department" => Fact::Department,
        "leadsource" => Fact::LeadSource,
        "cf_853" => Fact::Newsletter,
        "mailingstreet" => Fact::Street,
        "mailingpobox" => Fact::Street2,
        "mailingcity" => Fact::City,
        "mailingstate" => Fact::State,
        "mailingzip" => Fact::Zip,
        "mailingcountry" => Fact::Country,
        "otherstreet" => Fact::ShipStreet,
        "otherpobox" => Fact::ShipStreet2,
        "othercity" => Fact::ShipCity,
        "otherstate" => Fact::ShipState,
        "otherzip" => Fact::ShipZip,
        "othercountry" => Fact::ShipCountry,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_modules_are_complete() {
        let registry = Registry::load(true).unwrap();
        assert_eq!(registry.modules.len(), ASSETS.len() + 1);
        assert!(Registry::load(false).unwrap().find("Payments").is_none());
        for module in &registry.modules {
            assert!(module.columns.len() < 250 && module.column("id").is_some(), "{}", module.name);
            let labelled = !module.label_columns.is_empty() || module.name == "LineItem";
            assert!(labelled, "{}", module.name);
        }
        let contacts = &registry.modules[registry.find("Contacts").unwrap()];
        assert_eq!(contacts.at(contacts.column("firstname").unwrap()).size, Some(40));
        assert_eq!(contacts.at(contacts.column("description").unwrap()).size, None);
        assert!(contacts.at(contacts.column("lastname").unwrap()).mandatory);
        assert!(registry.find("contacts").is_none());
    }
}

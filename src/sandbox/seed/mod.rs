//! The seeded data: people, companies, products and what they have to do with each other,
//! computed from (seed, number).
//!
//! Nothing is stored. A record's facts are drawn when somebody looks, and every key (e-mail
//! address, stock keeping unit, company name) holds the number it was made from, so that a search
//! by key computes its answer as well. `deck` says which record is on which side and what is
//! special about it; the systems add their edits on top.

pub mod company;
pub mod dates;
pub mod deck;
mod mix;
pub mod papers;
mod parts;
pub mod person;
pub mod product;
mod tables;
mod world;

pub use mix::mix;
pub use parts::Part;
pub use world::{Kind, World};

use deck::Side;

/// Something that can be said about a person, a company or a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names say it
pub enum Fact {
    First,
    Last,
    Email,
    Username,
    Phone,
    Mobile,
    Company,
    /// The Vtiger id of the company, `11x5`.
    Account,
    Street,
    Street2,
    City,
    State,
    Zip,
    Country,
    ShipFirst,
    ShipLast,
    ShipCompany,
    ShipStreet,
    ShipStreet2,
    ShipCity,
    ShipState,
    ShipZip,
    ShipCountry,
    Title,
    Department,
    LeadSource,
    Newsletter,
    Paying,
    Name,
    Website,
    Industry,
    Employees,
    Sku,
    /// With two decimals, as the shop writes it.
    Price,
    /// The price a sale offers, empty without a sale.
    SalePrice,
    /// With eight decimals, as Vtiger writes it.
    LongPrice,
    Stock,
    /// With three decimals.
    LongStock,
    Active,
    Status,
    ProductType,
    ManageStock,
    StockStatus,
    Weight,
    Slug,
    Description,
    Category,
    /// A number of the record in its module (`CON12`).
    Number,
    Created,
    Modified,
    /// Of a document, its lines, a campaign or an event.
    Part(Part),
}

/// The facts of one record, drawn once.
#[derive(Debug, Clone, Copy)]
pub enum Facts<'w> {
    /// A contact or customer.
    Person(person::Person<'w>),
    /// An organization.
    Company(company::Company<'w>),
    /// A product.
    Product(product::Product<'w>),
    /// An order or invoice.
    Paper(papers::Paper<'w>),
    /// A line of one.
    Line(papers::Line<'w>),
    /// A campaign or an event.
    Date(dates::Date<'w>),
}

impl Facts<'_> {
    /// Appends the fact as the side holds it; `false` means null. A fact that the record does not
    /// have is an empty text.
    pub fn write(&self, fact: Fact, side: Side, out: &mut String) -> bool {
        match self {
            Self::Person(p) => p.write(fact, side, out),
            Self::Company(c) => c.write(fact, out),
            Self::Product(p) => p.write(fact, side, out),
            Self::Paper(p) => p.write(fact, out),
            Self::Line(l) => l.write(fact, out),
            Self::Date(d) => d.write(fact, out),
        }
    }

    /// When the side's record was created and last modified.
    pub fn stamps(&self, side: Side) -> (i64, i64) {
        match self {
            Self::Person(p) => p.stamps(side),
            Self::Company(c) => c.stamps(),
            Self::Product(p) => p.stamps(side),
            Self::Paper(p) => p.stamps(),
            Self::Line(_) => (0, 0),
            Self::Date(d) => d.stamps(),
        }
    }

    /// When the side's record was last modified.
    pub fn modified(&self, side: Side) -> i64 {
        self.stamps(side).1
    }
}

#[cfg(test)]
mod tests;

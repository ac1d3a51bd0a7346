//! What can be said about a document, its lines, a campaign or an event.

/// A part of one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names say it
pub enum Part {
    Subject,
    Class,
    Status,
    Contact,
    /// The organization.
    Account,
    /// The order that an invoice bills.
    Order,
    Carrier,
    Date,
    Due,
    Time,
    TimeEnd,
    Currency,
    /// How many of the currency are one of the CRM's own.
    Rate,
    TaxType,
    /// Without taxes.
    Net,
    Total,
    Received,
    Balance,
    /// The document of a line.
    Parent,
    Product,
    Sequence,
    Quantity,
    ListPrice,
    Discount,
    Tax1,
    Tax2,
}

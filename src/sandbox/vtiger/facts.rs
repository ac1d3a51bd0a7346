//! Which seeded fact stands in which column, for the modules beside people and products.

use crate::sandbox::seed::{Fact, Kind, Part};

/// The seeded records of a module.
pub fn seeds_of(module: &str) -> Option<Kind> {
    Some(match module {
        "Leads" => Kind::Leads,
        "Campaigns" => Kind::Campaigns,
        "SalesOrder" => Kind::Orders,
        "Invoice" => Kind::Invoices,
        "Events" => Kind::Events,
        "LineItem" => Kind::Lines,
        _ => return None,
    })
}

/// The fact in a column.
pub fn of(module: &str, name: &str) -> Option<Fact> {
    match (module, name) {
        (
            "Leads" | "Campaigns" | "SalesOrder" | "Invoice",
            "lead_no" | "campaign_no" | "salesorder_no" | "invoice_no",
        ) => Some(Fact::Number),
        ("Leads", _) => lead(name),
        ("Campaigns", _) => campaign(name).map(Fact::Part),
        ("Events", "location") => Some(Fact::City),
        ("Events", _) => event(name).map(Fact::Part),
        ("LineItem", _) => line(name).map(Fact::Part),
        ("SalesOrder" | "Invoice", _) => document(module, name),
        _ => None,
    }
}

fn lead(name: &str) -> Option<Fact> {
    Some(match name {
        "firstname" => Fact::First,
        "lastname" => Fact::Last,
        "company" => Fact::Company,
        "email" => Fact::Email,
        "phone" => Fact::Phone,
        "mobile" => Fact::Mobile,
        "designation" => Fact::Title,
        "leadsource" => Fact::LeadSource,
        "lane" => Fact::Street,
        "city" => Fact::City,
        "state" => Fact::State,
        "code" => Fact::Zip,
        "country" => Fact::Country,
        _ => return None,
    })
}

fn campaign(name: &str) -> Option<Part> {
    Some(match name {
        "campaignname" => Part::Subject,
        "campaigntype" => Part::Class,
        "campaignstatus" => Part::Status,
        "closingdate" => Part::Date,
        "product_id" => Part::Product,
        "expectedrevenue" => Part::Total,
        _ => return None,
    })
}

fn event(name: &str) -> Option<Part> {
    Some(match name {
        "subject" => Part::Subject,
        "activitytype" => Part::Class,
        "eventstatus" => Part::Status,
        "date_start" => Part::Date,
        "due_date" => Part::Due,
        "time_start" => Part::Time,
        "time_end" => Part::TimeEnd,
        "duration_hours" => Part::Quantity,
        "contact_id" => Part::Contact,
        "parent_id" => Part::Account,
        _ => return None,
    })
}

fn line(name: &str) -> Option<Part> {
    Some(match name {
        "parent_id" => Part::Parent,
        "productid" => Part::Product,
        "sequence_no" => Part::Sequence,
        "quantity" => Part::Quantity,
        "listprice" => Part::ListPrice,
        "discount_amount" => Part::Discount,
        "tax1" => Part::Tax1,
        "tax2" => Part::Tax2,
        _ => return None,
    })
}

fn document(module: &str, name: &str) -> Option<Fact> {
    let invoice = module == "Invoice";
    let part = match name {
        "subject" => Part::Subject,
        "contact_id" => Part::Contact,
        "account_id" => Part::Account,
        "sostatus" => Part::Status,
        "invoicestatus" if invoice => Part::Status,
        "carrier" => Part::Carrier,
        "invoicedate" => Part::Date,
        "duedate" => Part::Due,
        "currency_id" => Part::Currency,
        "conversion_rate" => Part::Rate,
        "hdnTaxType" => Part::TaxType,
        "hdnSubTotal" | "pre_tax_total" => Part::Net,
        "hdnGrandTotal" => Part::Total,
        "salesorder_id" => Part::Order,
        "received" => Part::Received,
        "balance" => Part::Balance,
        _ => {
            return Some(match name {
                "bill_street" | "ship_street" => Fact::Street,
                "bill_city" | "ship_city" => Fact::City,
                "bill_state" | "ship_state" => Fact::State,
                "bill_code" | "ship_code" => Fact::Zip,
                "bill_country" | "ship_country" => Fact::Country,
                _ => return None,
            });
        }
    };
    Some(Fact::Part(part))
}

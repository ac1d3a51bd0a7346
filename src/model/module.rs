//! Sides, modules and directions: which records travel, and which way.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// One of the two systems that a connector keeps in step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The CRM.
    Vtiger,
    /// The outside service.
    Service,
}

impl Side {
    /// The opposite side.
    pub fn other(self) -> Self {
        match self {
            Self::Vtiger => Self::Service,
            Self::Service => Self::Vtiger,
        }
    }

    /// The name used on the command line and in JSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::Vtiger => "vtiger",
            Self::Service => "service",
        }
    }

    /// Both sides, Vtiger first.
    pub const BOTH: [Self; 2] = [Self::Vtiger, Self::Service];
}

/// A kind of record, in Vtiger's words. The order is the order in which a run takes them: what is
/// referred to comes before what refers to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Module {
    /// Tax rates.
    Taxes = 1,
    /// Companies (`Accounts` in the API).
    Organizations = 2,
    /// Products.
    Products = 3,
    /// Services, among them shipping and fees of orders.
    Services = 4,
    /// Persons.
    Contacts = 5,
    /// Persons who are not customers yet.
    Leads = 6,
    /// Campaigns and price rules.
    Campaigns = 7,
    /// Orders.
    SalesOrders = 8,
    /// Invoices.
    Invoices = 9,
    /// Payments.
    Payments = 10,
    /// Calendar events.
    Events = 11,
}

impl Module {
    /// Every module, in the order of a run.
    pub const ALL: [Self; 11] = [
        Self::Taxes,
        Self::Organizations,
        Self::Products,
        Self::Services,
        Self::Contacts,
        Self::Leads,
        Self::Campaigns,
        Self::SalesOrders,
        Self::Invoices,
        Self::Payments,
        Self::Events,
    ];

    /// The key used in files, JSON keys and on the command line.
    pub fn key(self) -> &'static str {
        match self {
            Self::Taxes => "taxes",
            Self::Organizations => "organizations",
            Self::Products => "products",
            Self::Services => "services",
            Self::Contacts => "contacts",
            Self::Leads => "leads",
            Self::Campaigns => "campaigns",
            Self::SalesOrders => "sales_orders",
            Self::Invoices => "invoices",
            Self::Payments => "payments",
            Self::Events => "events",
        }
    }

    /// The label shown to people and used as `module` in JSON.
    pub fn label(self) -> &'static str {
        match self {
            Self::Taxes => "Taxes",
            Self::Organizations => "Organizations",
            Self::Products => "Products",
            Self::Services => "Services",
            Self::Contacts => "Contacts",
            Self::Leads => "Leads",
            Self::Campaigns => "Campaigns",
            Self::SalesOrders => "Sales Orders",
            Self::Invoices => "Invoices",
            Self::Payments => "Payments",
            Self::Events => "Calendar Events",
        }
    }

    /// The number that stands for the module in the store's keys. It never changes.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The module with this number, if there is one.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.number() == number)
    }
}

impl fmt::Display for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl FromStr for Module {
    type Err = String;

    /// Takes the key or the label, in any case.
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|m| m.key().eq_ignore_ascii_case(text) || m.label().eq_ignore_ascii_case(text))
            .ok_or_else(|| {
                let known: Vec<_> = Self::ALL.iter().map(|m| m.key()).collect();
                format!("there is no module \"{text}\"; the modules are {}", known.join(", "))
            })
    }
}

/// Which way records, or one field, may travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Both ways.
    Both,
    /// Service → Vtiger.
    ToVtiger,
    /// Vtiger → service.
    ToService,
}

impl Direction {
    /// Whether this direction writes to `side`.
    pub fn writes(self, side: Side) -> bool {
        match self {
            Self::Both => true,
            Self::ToVtiger => side == Side::Vtiger,
            Self::ToService => side == Side::Service,
        }
    }

    /// The name used in files and JSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::ToVtiger => "to-vtiger",
            Self::ToService => "to-service",
        }
    }
}

//! Customers as a mapping sees them: the default billing and shipping addresses stand at
//! `billing.…` and `shipping.…`, although Magento keeps a list of addresses.

use super::records::{member, text};
use crate::model::{Fields, Value};

/// Which of the default addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// The default billing address.
    Billing,
    /// The default shipping address.
    Shipping,
}

impl Which {
    /// The first part of its paths.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Billing => "billing",
            Self::Shipping => "shipping",
        }
    }

    /// The member that marks it.
    pub(crate) fn mark(self) -> &'static str {
        match self {
            Self::Billing => "default_billing",
            Self::Shipping => "default_shipping",
        }
    }

    /// Both.
    pub(crate) const BOTH: [Self; 2] = [Self::Billing, Self::Shipping];

    /// The address and the member that a path names.
    pub(crate) fn split(path: &str) -> Option<(Self, &str)> {
        Self::BOTH
            .into_iter()
            .find_map(|which| Some((which, path.strip_prefix(which.prefix())?.strip_prefix('.')?)))
    }
}

/// A value that stands elsewhere than its path says.
pub(crate) fn value(row: &Fields, path: &str) -> Option<Value> {
    let (which, name) = Which::split(path)?;
    address_value(default_address(row, which)?, name)
}

/// The members behind a path.
pub(crate) fn needed(path: &str) -> Option<&'static [&'static str]> {
    Which::split(path).map(|(which, _)| match which {
        Which::Billing => ["addresses", "default_billing"].as_slice(),
        Which::Shipping => ["addresses", "default_shipping"].as_slice(),
    })
}

/// The addresses of a customer.
pub(crate) fn addresses(row: &Fields) -> Vec<&Fields> {
    match row.get("addresses") {
        Some(Value::List(list)) => list
            .iter()
            .filter_map(|entry| match entry {
                Value::Object(address) => Some(address),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// One of the default addresses. A customer without a default billing address has the first one:
/// it is the one that Magento would offer.
pub(crate) fn default_address(row: &Fields, which: Which) -> Option<&Fields> {
    let all = addresses(row);
    let id = text(row, which.mark());
    let marked = |address: &Fields| matches!(address.get(which.mark()), Some(Value::Bool(true)));
    let found = all
        .iter()
        .find(|a| !id.is_empty() && text(a, "id") == id)
        .or_else(|| all.iter().find(|a| marked(a)));
    let first = || all.first().filter(|_| which == Which::Billing);
    found.or_else(first).copied()
}

/// A member of an address, of a customer or of an order alike: the region is an object in the one
/// and a text in the other; the street is a list of lines.
pub(crate) fn address_value(address: &Fields, name: &str) -> Option<Value> {
    let line = |from: usize, all: bool| -> Option<Value> {
        let lines: Vec<String> = match address.get("street")? {
            Value::List(lines) => lines.iter().map(Value::to_text).collect(),
            other => other.to_text().lines().map(str::to_owned).collect(),
        };
        let lines: Vec<&str> =
            lines.iter().skip(from).map(|l| l.trim()).filter(|l| !l.is_empty()).collect();
        let kept = if all { lines.join(", ") } else { (*lines.first()?).to_owned() };
        (!kept.is_empty()).then_some(Value::from(kept))
    };
    match (name, address.get("region")) {
        ("street_1", _) => line(0, false),
        ("street_2", _) => line(1, true),
        ("region" | "region_code" | "region_id", Some(Value::Object(region))) => {
            region.get(name).filter(|v| v.to_text() != "0").cloned()
        }
        _ => member(address, name),
    }
}

/// A person's name in full.
pub(crate) fn full_name(first: &str, last: &str) -> String {
    format!("{} {}", first.trim(), last.trim()).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use syncdeck_records::project;

    fn customer(json: &str) -> Fields {
        match project::value(json) {
            Value::Object(fields) => fields,
            _ => Fields::new(),
        }
    }

    const TWO: &str = r#"{"id":7,"default_shipping":"6","addresses":[
        {"id":5,"region":{"region_code":"TX","region":"Texas","region_id":57},"country_id":"US","street":["x 1","Apt 2","c/o B"],"city":"Austin","telephone":"1"},
        {"id":6,"region":{"region_code":"Kent","region":"Kent","region_id":0},"country_id":"GB","street":["y 2"],"city":"Dover","default_shipping":true}]}"#;

    #[test]
    fn default_addresses_stand_at_paths_of_their_own() {
        let row = customer(TWO);
        let of = |path: &str| value(&row, path).map(|v| v.to_text()).unwrap_or_default();
        assert_eq!(
            (of("billing.street_1"), of("billing.street_2")),
            ("x 1".into(), "Apt 2, c/o B".into())
        );
        assert_eq!((of("billing.region"), of("billing.region_id")), ("Texas".into(), "57".into()));
        assert_eq!(of("billing.city"), "Austin", "no default: the first one");
        assert_eq!((of("shipping.city"), of("shipping.region")), ("Dover".into(), "Kent".into()));
        assert_eq!(of("shipping.region_id"), "", "free text has no id");
        assert_eq!(value(&row, "email"), None);
        let none = customer(r#"{"id":1,"addresses":[]}"#);
        assert_eq!(value(&none, "billing.city"), None);
    }

    #[test]
    fn an_address_is_not_taken_for_shipping_unless_it_is_marked() {
        let row = customer(
            r#"{"id":1,"default_billing":"5","addresses":[{"id":4,"city":"a"},{"id":5,"city":"b"}]}"#,
        );
        assert_eq!(value(&row, "billing.city"), Some(Value::from("b")));
        assert_eq!(value(&row, "shipping.city"), None);
    }
}

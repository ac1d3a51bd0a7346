//! The routes below `wc/v3`.

use super::store::Table;

/// A route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// `/`
    Discovery,
    /// `/wc/v3`
    Index,
    /// A list.
    List(Resource),
    /// A record.
    One(Resource, u64),
    /// A batch.
    Batch(Resource),
    /// The refunds of an order, or one of them.
    Refunds(u64, Option<u64>),
    /// Tax classes.
    Classes,
    /// A tax class.
    Class(String),
    /// The state of the site.
    Status,
    /// The currency.
    Currency,
}

/// What a list or batch is of; variations have their product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Resource {
    Customers,
    Products,
    Variations(u64),
    Taxes,
    Orders,
}

impl Resource {
    /// Its table.
    pub fn table(self) -> Table {
        match self {
            Self::Customers => Table::Customers,
            Self::Products => Table::Products,
            Self::Variations(_) => Table::Variations,
            Self::Taxes => Table::Taxes,
            Self::Orders => Table::Orders,
        }
    }

    /// The product, of variations.
    pub fn parent(self) -> Option<u64> {
        match self {
            Self::Variations(parent) => Some(parent),
            _ => None,
        }
    }

    /// Its path below `wc/v3`.
    pub fn path(self) -> String {
        match self {
            Self::Variations(parent) => format!("products/{parent}/variations"),
            other => other.table().entity().path.to_owned(),
        }
    }
}

impl Route {
    /// The route of a path, upper and lower case alike, with or without a final slash.
    pub fn parse(path: &str) -> Option<Self> {
        let path = path.strip_suffix('/').unwrap_or(path).to_lowercase();
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let id = |text: &str| text.parse::<u64>().ok();
        let resource = |name: &str| match name {
            "customers" => Some(Resource::Customers),
            "products" => Some(Resource::Products),
            "taxes" => Some(Resource::Taxes),
            "orders" => Some(Resource::Orders),
            _ => None,
        };
        match parts.as_slice() {
            [] => Some(Self::Discovery),
            ["wc", "v3"] => Some(Self::Index),
            ["wc", "v3", "system_status"] => Some(Self::Status),
            ["wc", "v3", "data", "currencies", "current"] => Some(Self::Currency),
            ["wc", "v3", "taxes", "classes"] => Some(Self::Classes),
            ["wc", "v3", "taxes", "classes", slug] => Some(Self::Class((*slug).to_owned())),
            ["wc", "v3", name] => resource(name).map(Self::List),
            ["wc", "v3", name, "batch"] => resource(name).map(Self::Batch),
            ["wc", "v3", name, number] => Some(Self::One(resource(name)?, id(number)?)),
            ["wc", "v3", "orders", order, "refunds"] => Some(Self::Refunds(id(order)?, None)),
            ["wc", "v3", "orders", order, "refunds", refund] => {
                Some(Self::Refunds(id(order)?, Some(id(refund)?)))
            }
            ["wc", "v3", "products", parent, "variations"] => {
                Some(Self::List(Resource::Variations(id(parent)?)))
            }
            ["wc", "v3", "products", parent, "variations", "batch"] => {
                Some(Self::Batch(Resource::Variations(id(parent)?)))
            }
            ["wc", "v3", "products", parent, "variations", number] => {
                Some(Self::One(Resource::Variations(id(parent)?), id(number)?))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_found_whatever_their_case() {
        assert_eq!(Route::parse("/"), Some(Route::Discovery));
        assert_eq!(Route::parse(""), Some(Route::Discovery));
        assert_eq!(Route::parse("/wc/v3/"), Some(Route::Index));
        assert_eq!(Route::parse("/WC/V3/Customers/"), Some(Route::List(Resource::Customers)));
        assert_eq!(Route::parse("/wc/v3/products/12"), Some(Route::One(Resource::Products, 12)));
        assert_eq!(Route::parse("/wc/v3/taxes/classes"), Some(Route::Classes));
        assert_eq!(
            Route::parse("/wc/v3/products/5/variations/6"),
            Some(Route::One(Resource::Variations(5), 6))
        );
        assert_eq!(Route::parse("/wc/v3//customers"), None, "a double slash is no route");
        assert_eq!(Route::parse("/wc/v3/orders/7/refunds"), Some(Route::Refunds(7, None)));
        assert_eq!(Route::parse("/wc/v3/webhooks"), None);
    }
}

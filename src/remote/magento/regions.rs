//! Countries and their regions, which Magento knows by number: in countries that have a list, any
//! other text for a region is lost.

use super::super::oauth::encode;
use super::super::{ErrorKind, RemoteResult};
use super::Magento;
use super::call::Ask;
use super::records::text;
use crate::mapping::folded_name;
use crate::model::Value;
use std::sync::{Arc, PoisonError};

/// A region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Region {
    /// Its number.
    pub(crate) id: i64,
    /// Its code (`TX`).
    pub(crate) code: String,
    /// Its name.
    pub(crate) name: String,
}

/// The regions of a country; `None`: Magento does not know the country.
pub(crate) type Regions = Option<Arc<Vec<Region>>>;

impl Magento {
    /// The regions of a country, asked for once.
    pub(crate) async fn regions(&self, country: &str) -> RemoteResult<Regions> {
        let code = country.trim().to_ascii_uppercase();
        let known =
            self.countries.lock().unwrap_or_else(PoisonError::into_inner).get(&code).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let path = format!("directory/countries/{}", encode(&code));
        let ask = Ask::get(path, format!("read the regions of {code}")).open();
        let found: Regions = match self.call(&ask).await {
            Ok((Value::Object(country), _)) => {
                Some(Arc::new(read(country.get("available_regions"))))
            }
            Ok(_) => None,
            Err(error) if error.kind == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let mut known = self.countries.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(code, found.clone());
        Ok(found)
    }
}

fn read(list: Option<&Value>) -> Vec<Region> {
    let Some(Value::List(list)) = list else { return Vec::new() };
    list.iter()
        .filter_map(|entry| {
            let Value::Object(entry) = entry else { return None };
            let id = text(entry, "id").parse().ok()?;
            Some(Region { id, code: text(entry, "code"), name: text(entry, "name") })
        })
        .collect()
}

/// The region that a text means: by name, by code, or by the part of a code behind its hyphen
/// (`DE-BY`).
pub(crate) fn find<'r>(regions: &'r [Region], wanted: &str) -> Option<&'r Region> {
    let wanted = folded_name(wanted);
    let is = |text: &str| folded_name(text) == wanted;
    regions
        .iter()
        .find(|r| is(&r.name))
        .or_else(|| regions.iter().find(|r| is(&r.code)))
        .or_else(|| regions.iter().find(|r| r.code.split_once('-').is_some_and(|(_, end)| is(end))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_found_by_name_and_by_code() {
        let regions = [
            Region { id: 57, code: "TX".into(), name: "Texas".into() },
            Region { id: 81, code: "DE-BY".into(), name: "Bayern".into() },
            Region { id: 9, code: "SP".into(), name: "São Paulo".into() },
        ];
        let id = |text: &str| find(&regions, text).map(|r| r.id);
        assert_eq!((id("texas"), id(" TX "), id("by")), (Some(57), Some(57), Some(81)));
        assert_eq!(id("Sao Paulo"), Some(9));
        assert_eq!((id("Kent"), id("")), (None, None));
    }
}

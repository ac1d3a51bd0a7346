//! Countries and their regions.

use serde_json::{Map, Value, json};

const COUNTRIES: &str = include_str!("../../../assets/countries.txt");

/// Regions with their numbers; countries that are not here take any text.
const REGIONS: [(&str, u64, &str, &str); 31] = [
    ("US", 12, "CA", "California"),
    ("US", 23, "IL", "Illinois"),
    ("US", 32, "MA", "Massachusetts"),
    ("US", 43, "NY", "New York"),
    ("US", 49, "OR", "Oregon"),
    ("US", 57, "TX", "Texas"),
    ("CA", 67, "BC", "British Columbia"),
    ("CA", 74, "ON", "Ontario"),
    ("CA", 76, "QC", "Quebec"),
    ("DE", 81, "BY", "Bayern"),
    ("DE", 82, "BE", "Berlin"),
    ("DE", 85, "HH", "Hamburg"),
    ("DE", 88, "NW", "Nordrhein-Westfalen"),
    ("ES", 130, "C", "A Coruña"),
    ("ES", 140, "CA", "Cádiz"),
    ("ES", 155, "LE", "León"),
    ("ES", 161, "M", "Madrid"),
    ("ES", 162, "MA", "Málaga"),
    ("IT", 870, "AQ", "L'Aquila"),
    ("IT", 889, "FC", "Forlì-Cesena"),
    ("IT", 902, "MI", "Milano"),
    ("IT", 905, "NA", "Napoli"),
    ("IT", 950, "TO", "Torino"),
    ("BR", 491, "DF", "Distrito Federal"),
    ("BR", 493, "GO", "Goiás"),
    ("BR", 498, "PA", "Pará"),
    ("BR", 508, "SC", "Santa Catarina"),
    ("BR", 509, "SP", "São Paulo"),
    ("IN", 545, "KA", "Karnataka"),
    ("IN", 549, "MH", "Maharashtra"),
    ("IN", 563, "TN", "Tamil Nadu"),
];

/// Whether the country is known.
pub fn is_country(code: &str) -> bool {
    code.len() == 2 && COUNTRIES.lines().any(|line| line.split(';').next() == Some(code))
}

/// A country as the directory answers it.
pub fn country(code: &str) -> Option<Value> {
    if !is_country(code) {
        return None;
    }
    let mut country = json!({
        "id": code, "two_letter_abbreviation": code, "three_letter_abbreviation": code,
        "full_name_locale": code, "full_name_english": code,
    });
    let regions: Vec<Value> = REGIONS
        .iter()
        .filter(|(c, ..)| *c == code)
        .map(|(_, id, code, name)| json!({ "id": id.to_string(), "code": code, "name": name }))
        .collect();
    if !regions.is_empty() {
        country["available_regions"] = regions.into();
    }
    Some(country)
}

/// The region of a number, in a country.
pub fn region(country: &str, id: u64) -> Option<(&'static str, &'static str)> {
    let found = REGIONS.iter().find(|(c, n, ..)| *c == country && *n == id);
    found.map(|(_, _, code, name)| (*code, *name))
}

/// Whether a country has a list of regions.
pub fn has_regions(country: &str) -> bool {
    REGIONS.iter().any(|(c, ..)| *c == country)
}

/// The number and name of the region with this code.
pub fn by_code(country: &str, code: &str) -> Option<(u64, &'static str)> {
    let found = REGIONS.iter().find(|(c, _, k, _)| *c == country && *k == code);
    found.map(|(_, id, _, name)| (*id, *name))
}

/// Puts the region into a customer's address.
pub fn put_region(address: &mut Map<String, Value>, country: &str, state: &str) {
    let (code, name, id) = match by_code(country, state) {
        Some((id, name)) => (state.to_owned(), name.to_owned(), id),
        None => (state.to_owned(), state.to_owned(), 0),
    };
    if state.is_empty() {
        address.insert(
            "region".into(),
            json!({ "region_code": null, "region": null, "region_id": 0 }),
        );
    } else {
        address.insert(
            "region".into(),
            json!({ "region_code": code, "region": name, "region_id": id }),
        );
    }
    address.insert("region_id".into(), id.into());
}

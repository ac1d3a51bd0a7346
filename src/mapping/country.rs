//! Countries: from what people write into a CRM to the ISO 3166 alpha-2 code that shops want.

use super::canonical::{folded, folded_name};
use std::collections::HashMap;
use std::sync::OnceLock;

/// The ISO 3166 alpha-2 code of a country given by code or by name (English, the country's own
/// languages, and some more). `None` if it is not recognised.
pub fn country_code(text: &str) -> Option<&'static str> {
    table().get(&*folded(text.into())).copied()
}

fn table() -> &'static HashMap<String, &'static str> {
    static TABLE: OnceLock<HashMap<String, &'static str>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table = HashMap::new();
        let lines = include_str!("../../assets/countries.txt").lines();
        for line in lines.clone() {
            for name in line.split(';').skip(1) {
                let code = line.split(';').next().unwrap_or_default();
                table.entry(folded_name(name)).or_insert(code);
            }
        }
        // A code always means itself, whatever name reads the same.
        for code in lines.filter_map(|line| line.split(';').next()) {
            table.insert(code.to_lowercase(), code);
        }
        table
    })
}

#[cfg(test)]
mod tests {
    use super::country_code;

    #[test]
    fn codes_and_names_are_recognised() {
        for (text, code) in [
            ("DE", "DE"),
            ("de", "DE"),
            ("Germany", "DE"),
            (" deutschland ", "DE"),
            ("Österreich", "AT"),
            ("ITALIA", "IT"),
            ("USA", "US"),
            ("Ελλάδα", "GR"),
            ("Россия", "RU"),
            ("日本", "JP"),
            ("UK", "GB"),
        ] {
            assert_eq!(country_code(text), Some(code), "{text}");
        }
        for text in ["", "Atlantis", "XX"] {
            assert_eq!(country_code(text), None, "{text}");
        }
    }
}

//! The words the seeded data is made of, read from the asset files.

const PEOPLE: &str = include_str!("../../../assets/sandbox/people.txt");
const COMPANIES: &str = include_str!("../../../assets/sandbox/companies.txt");
const PRODUCTS: &str = include_str!("../../../assets/sandbox/products.txt");

/// A word and what goes with it (letters for a mail address, a legal form).
pub type Pair = (&'static str, &'static str);

/// A country and its people.
#[derive(Debug, Default)]
pub struct Locale {
    /// ISO code.
    pub country: &'static str,
    /// Dialling code with `+`.
    pub dial: &'static str,
    /// Where its people have their mail.
    pub host: &'static str,
    /// The house number stands before the street.
    pub number_first: bool,
    /// First names.
    pub first: Vec<Pair>,
    /// Last names.
    pub last: Vec<Pair>,
    /// Streets.
    pub street: Vec<&'static str>,
    /// City, postcode, state.
    pub city: Vec<(&'static str, &'static str, &'static str)>,
}

/// A kind of product.
#[derive(Debug)]
pub struct Good {
    /// Three letters of the stock keeping unit.
    pub prefix: &'static str,
    /// Its name.
    pub noun: &'static str,
    /// Lowest and highest price in cents.
    pub cents: (u64, u64),
}

/// All words.
#[derive(Debug, Default)]
pub struct Tables {
    /// Countries.
    pub locales: Vec<Locale>,
    /// Those that do not write in Latin letters.
    pub foreign: Vec<usize>,
    /// Stems of company names with their legal form.
    pub stems: Vec<Pair>,
    /// What companies do.
    pub trades: Vec<&'static str>,
    /// What products are like.
    pub adjectives: Vec<&'static str>,
    /// What products are.
    pub goods: Vec<Good>,
    /// Sizes, colours.
    pub details: Vec<&'static str>,
    /// Sentences for descriptions.
    pub texts: Vec<&'static str>,
}

impl Tables {
    /// Reads the embedded files. Lines that make no sense are left out; a test sees that none is.
    pub fn load() -> Self {
        let mut tables = Self::default();
        for line in PEOPLE.lines() {
            read_people(&mut tables.locales, line);
        }
        tables.foreign =
            (0..tables.locales.len()).filter(|i| is_foreign(&tables.locales[*i])).collect();
        for line in COMPANIES.lines().chain(PRODUCTS.lines()) {
            match line.split_once(": ") {
                Some(("stem", rest)) => {
                    tables.stems = items(rest).filter_map(|i| i.split_once('=')).collect()
                }
                Some(("trade", rest)) => tables.trades = items(rest).collect(),
                Some(("adjective", rest)) => tables.adjectives = items(rest).collect(),
                Some(("noun", rest)) => tables.goods = items(rest).filter_map(good).collect(),
                Some(("detail", rest)) => tables.details = items(rest).collect(),
                Some(("text", rest)) => tables.texts = items(rest).collect(),
                _ => {}
            }
        }
        tables
    }
}

fn items(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split(';').map(str::trim).filter(|i| !i.is_empty())
}

fn is_foreign(locale: &Locale) -> bool {
    locale.first.first().is_some_and(|(name, _)| name.chars().next().is_some_and(|c| c > '\u{24f}'))
}

fn read_people(locales: &mut Vec<Locale>, line: &'static str) {
    if let Some((country, rest)) = line.strip_prefix('[').and_then(|l| l.split_once(']')) {
        let mut words = rest.split_whitespace();
        let (dial, host) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let number_first = words.next() == Some("before");
        locales.push(Locale { country, dial, host, number_first, ..Locale::default() });
        return;
    }
    let (Some(locale), Some((key, rest))) = (locales.last_mut(), line.split_once(": ")) else {
        return;
    };
    match key {
        "first" => locale.first = items(rest).filter_map(|i| i.split_once('=')).collect(),
        "last" => locale.last = items(rest).filter_map(|i| i.split_once('=')).collect(),
        "street" => locale.street = items(rest).collect(),
        "city" => locale.city = items(rest).filter_map(city).collect(),
        _ => {}
    }
}

fn city(item: &'static str) -> Option<(&'static str, &'static str, &'static str)> {
    let (name, rest) = item.split_once('|')?;
    let (code, state) = rest.split_once('|')?;
    Some((name, code, state))
}

fn good(item: &'static str) -> Option<Good> {
    let (prefix, rest) = item.split_once('|')?;
    let (noun, range) = rest.split_once('|')?;
    let (low, high) = range.split_once("..")?;
    Some(Good { prefix, noun, cents: (low.parse().ok()?, high.parse().ok()?) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::text::fold;

    #[test]
    fn the_files_are_complete() {
        let tables = Tables::load();
        assert!(tables.locales.len() >= 20 && tables.foreign.len() >= 6);
        for locale in &tables.locales {
            let lists = [locale.first.len(), locale.last.len()];
            assert_eq!(lists, [10, 10], "{}", locale.country);
            assert_eq!((locale.street.len(), locale.city.len()), (5, 5), "{}", locale.country);
            assert!(locale.dial.starts_with('+') && locale.host.ends_with(".example"));
            for (_, letters) in locale.first.iter().chain(&locale.last) {
                assert!(letters.bytes().all(|b| b.is_ascii_lowercase()), "{letters}");
            }
        }
        assert!(
            tables.trades.len() >= 20 && tables.adjectives.len() >= 20 && tables.goods.len() >= 20
        );
    }

    #[test]
    fn company_names_can_be_read_back() {
        let tables = Tables::load();
        let heads = |word: &str| format!("{} ", fold(word));
        for (i, (a, _)) in tables.stems.iter().enumerate() {
            for (b, _) in &tables.stems[i + 1..] {
                assert!(
                    !heads(a).starts_with(&heads(b)) && !heads(b).starts_with(&heads(a)),
                    "{a} {b}"
                );
            }
        }
        for (i, a) in tables.trades.iter().enumerate() {
            assert!(
                tables.trades[i + 1..]
                    .iter()
                    .all(|b| !heads(a).starts_with(&heads(b)) && !heads(b).starts_with(&heads(a)))
            );
        }
    }
}

//! Search criteria: groups that all hold, of filters of which one holds; pages; and the `fields`
//! parameter that trims answers.

use std::cmp::Ordering;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::fail::Failure;
use crate::sandbox::text::fold;

/// A filter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The column.
    pub field: String,
    /// The value.
    pub value: String,
    /// The condition.
    pub condition: String,
}

/// What is searched for.
#[derive(Debug, Clone, Default)]
pub struct Criteria {
    /// Groups of filters.
    pub groups: Vec<Vec<Filter>>,
    /// Columns to sort by, and whether downwards.
    pub sort: Vec<(String, bool)>,
    /// Records of a page; 0 is all.
    pub size: usize,
    /// The page, from 1.
    pub page: usize,
    /// As it is echoed.
    echo: Map<String, Value>,
}

/// The pairs of a query, decoded as PHP does.
pub fn query_pairs(query: &str) -> Vec<(String, String)> {
    let plain = |t: &str| percent_decode_str(&t.replace('+', " ")).decode_utf8_lossy().into_owned();
    query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (plain(name), plain(value)))
        .collect()
}

impl Criteria {
    /// Reads the criteria; `most` is the largest page, where the shop has one.
    pub fn read(query: &str, most: Option<usize>) -> Result<Self, Failure> {
        let mut criteria = Self { page: 1, ..Self::default() };
        let mut groups: Vec<(String, Vec<(String, Filter)>)> = Vec::new();
        let mut sort: Vec<(String, String, bool)> = Vec::new();
        let mut seen = false;
        let mut size = None;
        for (name, value) in query_pairs(query) {
            let parts: Vec<String> =
                name.split(['[', ']']).filter(|p| !p.is_empty()).map(snake).collect();
            let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
            let Some(("search_criteria", rest)) = parts.split_first().map(|(f, r)| (*f, r)) else {
                continue;
            };
            seen = true;
            match rest {
                ["filter_groups", g, "filters", f, what] => {
                    let group = slot(&mut groups, g);
                    let filter = slot(group, f);
                    match *what {
                        "field" => filter.field = value,
                        "value" => filter.value = value,
                        "condition_type" => filter.condition = value,
                        _ => {}
                    }
                }
                ["sort_orders", n, what] => {
                    let at = sort.iter().position(|(k, ..)| k == n).unwrap_or_else(|| {
                        sort.push(((*n).to_owned(), String::new(), false));
                        sort.len() - 1
                    });
                    match *what {
                        "field" => sort[at].1 = value,
                        "direction" => sort[at].2 = value.eq_ignore_ascii_case("desc"),
                        _ => {}
                    }
                }
                ["page_size"] => size = Some(whole("pageSize", &value)?),
                ["current_page"] => criteria.page = whole("currentPage", &value)?.max(1),
                _ => {}
            }
        }
        if !seen {
            return Err(Failure::required("searchCriteria"));
        }
        criteria.size = match (size, most) {
            (Some(size), Some(most)) if size > most => {
                return Err(Failure::new(400, "Maximum SearchCriteria pageSize is %max")
                    .with(json!({ "max": most })));
            }
            (None, Some(_)) => 20,
            (size, _) => size.unwrap_or(0),
        };
        criteria.groups =
            groups.into_iter().map(|(_, g)| g.into_iter().map(|(_, f)| f).collect()).collect();
        criteria.sort = sort.into_iter().map(|(_, field, down)| (field, down)).collect();
        criteria.remember();
        Ok(criteria)
    }

    fn remember(&mut self) {
        let group = |filters: &Vec<Filter>| {
            let shown: Vec<Value> = filters
                .iter()
                .map(|f| {
                    let condition = if f.condition.is_empty() { "eq" } else { &f.condition };
                    json!({ "field": f.field, "value": f.value, "condition_type": condition })
                })
                .collect();
            json!({ "filters": shown })
        };
        let groups: Vec<Value> = self.groups.iter().map(group).collect();
        self.echo.insert("filter_groups".into(), groups.into());
        if !self.sort.is_empty() {
            let orders = self.sort.iter().map(|(field, down)| {
                json!({ "field": field, "direction": if *down { "DESC" } else { "ASC" } })
            });
            self.echo.insert("sort_orders".into(), orders.collect::<Vec<_>>().into());
        }
        if self.size > 0 {
            self.echo.insert("page_size".into(), self.size.into());
        }
    }

    /// The answer of a list.
    pub fn answer(&self, items: Vec<Value>, total: usize) -> Value {
        json!({ "items": items, "search_criteria": self.echo, "total_count": total })
    }
}

fn slot<'v, T: Default>(list: &'v mut Vec<(String, T)>, key: &str) -> &'v mut T {
    let at = list.iter().position(|(k, _)| k == key).unwrap_or_else(|| {
        list.push((key.to_owned(), T::default()));
        list.len() - 1
    });
    &mut list[at].1
}

fn whole(name: &str, text: &str) -> Result<usize, Failure> {
    let number = text.parse::<i64>().map_err(|_| {
        let message = "Error occurred during \"%fieldName\" processing. The \"%value\" value's type \
                       is invalid. The \"int\" type was expected. Verify and try again.";
        Failure::new(400, message).with(json!({ "fieldName": name, "value": text }))
    })?;
    Ok(usize::try_from(number).unwrap_or(0))
}

/// `filterGroups` and `filter_groups` are the same.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

impl Filter {
    /// Whether a value of the column passes. A condition that is not known acts as `eq`.
    pub fn holds(&self, held: Option<&str>) -> bool {
        let condition = self.condition.as_str();
        match (condition, held) {
            ("null", held) => return held.is_none(),
            ("notnull", held) => return held.is_some(),
            (_, None) => return false,
            _ => {}
        }
        let held = held.unwrap_or_default();
        let one_of = || self.value.split(',').any(|v| compare(held, v).is_eq());
        let order = || compare(held, &self.value);
        match condition {
            "neq" => order().is_ne(),
            "gt" => order().is_gt(),
            "gteq" | "moreq" | "from" => order().is_ge(),
            "lt" => order().is_lt(),
            "lteq" | "to" => order().is_le(),
            "in" => one_of(),
            "nin" => !one_of(),
            "like" => like(held, &self.value),
            "nlike" => !like(held, &self.value),
            "finset" => held.split(',').any(|part| compare(part, &self.value).is_eq()),
            "nfinset" => !held.split(',').any(|part| compare(part, &self.value).is_eq()),
            _ => order().is_eq(),
        }
    }
}

/// As the database compares: numbers as numbers, texts without case and accents.
pub fn compare(a: &str, b: &str) -> Ordering {
    if let (Ok(x), Ok(y)) = (a.parse::<f64>(), b.parse::<f64>()) {
        return x.total_cmp(&y);
    }
    fold(a).cmp(&fold(b))
}

fn like(held: &str, pattern: &str) -> bool {
    let (held, pattern) = (fold(held), fold(pattern));
    let parts: Vec<&str> = pattern.split('%').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return held == pattern };
    let Some(mut rest) = held.strip_prefix(first) else { return false };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Trims an answer to what `fields` names: `items[id,addresses[city]],total_count`.
pub fn trim(value: Value, fields: &str) -> Value {
    let names = parse_fields(&mut fields.chars().peekable());
    keep(value, &names)
}

/// Names with what is wanted below each; nothing below means all of it.
#[derive(Debug, Default)]
struct Wanted(Vec<(String, Wanted)>);

fn parse_fields(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Wanted {
    let mut wanted = Wanted::default();
    let mut name = String::new();
    let mut below = Wanted::default();
    loop {
        match chars.next() {
            Some('[') => below = parse_fields(chars),
            Some(',') => wanted.0.push((std::mem::take(&mut name), std::mem::take(&mut below))),
            Some(']') | None => {
                wanted.0.push((name, below));
                return wanted;
            }
            Some(c) => name.push(c),
        }
    }
}

fn keep(value: Value, wanted: &Wanted) -> Value {
    match value {
        _ if wanted.0.is_empty() => value,
        Value::Array(items) => items.into_iter().map(|item| keep(item, wanted)).collect(),
        Value::Object(map) => {
            let kept = map.into_iter().filter_map(|(name, value)| {
                let (_, below) = wanted.0.iter().find(|(n, _)| *n == name)?;
                Some((name, keep(value, below)))
            });
            Value::Object(kept.collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn criteria_are_read_in_both_spellings() {
        let query = "searchCriteria[filterGroups][0][filters][0][field]=entity_id&\
                     search_criteria%5Bfilter_groups%5D%5B0%5D%5Bfilters%5D%5B0%5D%5Bvalue%5D=7&\
                     searchCriteria[filterGroups][0][filters][0][conditionType]=gt&\
                     searchCriteria[pageSize]=2&searchCriteria[sortOrders][0][field]=a";
        let criteria = Criteria::read(query, None).unwrap();
        let filter = &criteria.groups[0][0];
        assert_eq!((filter.field.as_str(), filter.value.as_str()), ("entity_id", "7"));
        assert!(filter.holds(Some("10")) && !filter.holds(Some("7")));
        assert_eq!((criteria.size, criteria.page), (2, 1));
        assert!(Criteria::read("fields=x", None).is_err());
        assert!(Criteria::read("searchCriteria[pageSize]=abc", None).is_err());
        assert!(Criteria::read("searchCriteria[pageSize]=301", Some(300)).is_err());
        assert_eq!(Criteria::read("searchCriteria=", Some(300)).unwrap().size, 20);
    }

    #[test]
    fn conditions_compare_as_the_database_does() {
        let holds = |condition: &str, value: &str, held: &str| {
            let filter =
                Filter { condition: condition.into(), value: value.into(), ..Filter::default() };
            filter.holds(Some(held))
        };
        assert!(holds("eq", "ÁCME", "acme") && holds("in", "a,B", "b"));
        assert!(holds("like", "%cm%", "ACME") && !holds("like", "cm%", "ACME"));
        assert!(holds("gteq", "2026-01-01 00:00:00", "2026-01-01 00:00:00"));
        assert!(holds("sideways", "x", "X"), "unknown: eq");
    }

    #[test]
    fn answers_are_trimmed() {
        let value = json!({"items": [{"id": 1, "a": {"b": 1, "c": 2}, "d": [{"e": 1, "f": 2}]}], "total_count": 9});
        let trimmed = trim(value, "items[id,a[b],d[e]],total_count");
        assert_eq!(
            trimmed,
            json!({"items": [{"id": 1, "a": {"b": 1}, "d": [{"e": 1}]}], "total_count": 9})
        );
    }
}

//! Tax rates. A shop has one for each country, state or postal code; the CRM's tax management knows
//! taxes by their label only. So rates of the same name and percentage are one record, which has the
//! id of the first of them.

use super::super::RemoteResult;
use super::Woo;
use super::call::{Ask, Meta};
use super::entity::Entity;
use super::records::{self, text};
use crate::model::{Fields, Record, Value};
use rust_decimal::Decimal;
use std::collections::HashMap;
use std::str::FromStr;

/// Rates in one answer.
const SIZE: usize = 100;
/// The name of a rate without one.
const NAMELESS: &str = "Tax";

impl Woo {
    /// All taxes, and the shop's clock.
    pub(crate) async fn taxes(
        &self,
        entity: &'static Entity,
        wanted: &[String],
    ) -> RemoteResult<(Vec<Record>, Meta)> {
        let projection = records::projection(entity, wanted);
        let parse = |body: &str| projection.take_all(body);
        let mut rates = Vec::new();
        let mut first = Meta::default();
        for page in 1_u64.. {
            let ask = Ask::get(entity.name, format!("list {}", entity.name))
                .with("per_page", SIZE.to_string())
                .with("page", page.to_string())
                .with("orderby", "id")
                .with("order", "asc")
                .with("_fields", records::members(entity, wanted.iter().map(String::as_str)));
            let (rows, meta) = self.call(&ask, parse).await?;
            if page == 1 {
                first = meta;
            }
            let count = rows.len();
            rates.extend(rows.into_iter().filter_map(|row| records::record(entity, row)));
            if count < SIZE {
                break;
            }
        }
        let mut taxes = grouped(rates, entity.key);
        for tax in &mut taxes {
            records::trimmed(&mut tax.fields, wanted);
        }
        Ok((taxes, first))
    }
}

/// One record for each name and percentage, with a label that no other has.
fn grouped(mut rates: Vec<Record>, label: &str) -> Vec<Record> {
    rates.sort_by_key(|rate| rate.id.parse::<u64>().unwrap_or(u64::MAX));
    let name = |rate: &Record| match text(&rate.fields, "name").trim() {
        "" => NAMELESS.to_owned(),
        name => name.to_owned(),
    };
    let percent =
        |rate: &Record| Decimal::from_str(text(&rate.fields, "rate").trim()).unwrap_or_default();
    let mut names: HashMap<String, Vec<Decimal>> = HashMap::new();
    rates.retain(|rate| {
        let known = names.entry(name(rate).to_lowercase()).or_default();
        let new = !known.contains(&percent(rate));
        if new {
            known.push(percent(rate));
        }
        new
    });
    for rate in &mut rates {
        let own = name(rate);
        let alone = names.get(&own.to_lowercase()).is_none_or(|all| all.len() == 1);
        let text = if alone { own } else { format!("{own} {} %", percent(rate).normalize()) };
        rate.fields.set(label, Value::from(text));
    }
    rates
}

/// Whether a record is told by this value of a field.
pub(crate) fn has(fields: &Fields, field: &str, value: &str) -> bool {
    text(fields, field).trim().to_lowercase() == value.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_that_mean_the_same_tax_are_one() {
        let rate = |id: &str, name: &str, rate: &str| Record {
            id: id.to_owned(),
            fields: [("name", name), ("rate", rate)].into_iter().collect(),
            ..Record::default()
        };
        let taxes = grouped(
            vec![
                rate("10", "Sales tax", "6.0000"),
                rate("2", "MwSt 19", "19.0000"),
                rate("3", "MwSt 19", "19.0"),
                rate("9", "sales tax", "8.2500"),
                rate("11", "Sales tax", "6"),
                rate("12", "", "1.5000"),
            ],
            "label",
        );
        let told: Vec<(&str, String)> =
            taxes.iter().map(|t| (t.id.as_str(), text(&t.fields, "label"))).collect();
        assert_eq!(
            told,
            [
                ("2", "MwSt 19".to_owned()),
                ("9", "sales tax 8.25 %".to_owned()),
                ("10", "Sales tax 6 %".to_owned()),
                ("12", "Tax".to_owned()),
            ]
        );
    }
}

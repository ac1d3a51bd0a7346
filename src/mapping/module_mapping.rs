//! The mapping of one module, made ready for a run: active pairs, what is known of their fields,
//! the paths to read on each side, the match key.

use super::canonical::{Canonical, canonical, folded, raw_text};
use crate::model::document::{CURRENCY, TOTAL};
use crate::model::{Fields, Pair, PairKind, PairState, Record, Side};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use xxhash_rust::xxh3::Xxh3;

/// What is known of the two fields of a pair.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldLimits {
    /// The Vtiger field must not be empty.
    pub vtiger_mandatory: bool,
    /// The longest text it holds, in characters.
    pub vtiger_length: Option<usize>,
    /// The values of its picklist, if it is one.
    pub vtiger_choices: Vec<String>,
    /// Vtiger cannot hold characters above U+FFFF.
    pub bmp_only: bool,
    /// The Vtiger field can be written.
    pub vtiger_read_only: bool,
    /// The service field must not be empty.
    pub service_mandatory: bool,
    /// The service field can only be read.
    pub service_read_only: bool,
}

/// The mapped values of one record: canonical, one for each pair, and their fingerprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection {
    /// The canonical value of each pair.
    pub values: Vec<Canonical>,
    /// The fingerprint of all of them.
    pub print: u128,
}

/// The mapping of a module, ready to use.
#[derive(Debug, Clone)]
pub struct ModuleMapping {
    pairs: Vec<Pair>,
    ids: Vec<u32>,
    limits: Vec<FieldLimits>,
    match_on: Vec<usize>,
    paths: [Arc<[String]>; 2],
    revision: u64,
}

impl ModuleMapping {
    /// Takes the active pairs. `match_on` names the Vtiger fields that recognise a record, `extra`
    /// are further paths to read on each side (the fields of the record's name).
    pub fn new(
        pairs: Vec<Pair>,
        match_on: &[String],
        extra: [&[String]; 2],
        limits: impl Fn(&Pair) -> FieldLimits,
    ) -> Self {
        let pairs: Vec<Pair> = pairs.into_iter().filter(|p| p.active).collect();
        let limits: Vec<_> = pairs.iter().map(limits).collect();
        let match_on = match_on
            .iter()
            .filter_map(|field| pairs.iter().position(|p| p.vtiger == *field))
            .collect();
        let mut vtiger: BTreeSet<String> = extra[0].iter().cloned().collect();
        let mut service: BTreeSet<String> = extra[1].iter().cloned().collect();
        for pair in &pairs {
            vtiger.insert(pair.vtiger.clone());
            service.extend(pair.service.iter().chain(&pair.fallback).cloned());
            if pair.kind == PairKind::Items {
                // Totals are compared after each write of a document.
                for side in [&mut vtiger, &mut service] {
                    side.extend([TOTAL, CURRENCY].map(str::to_owned));
                }
            }
        }
        let revision = revision(&pairs, &limits);
        Self {
            paths: [vtiger.into_iter().collect(), service.into_iter().collect()],
            ids: pairs.iter().map(Pair::id).collect(),
            pairs,
            limits,
            match_on,
            revision,
        }
    }

    /// The pairs.
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// The numbers under which links remember the pairs, in the same order.
    pub fn pair_ids(&self) -> &[u32] {
        &self.ids
    }

    /// What is known of the fields of a pair.
    pub fn limits(&self, pair: usize) -> &FieldLimits {
        &self.limits[pair]
    }

    /// A number that changes when anything changes that canonical values depend on.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The paths to read on a side.
    pub fn paths(&self, side: Side) -> Arc<[String]> {
        self.paths[usize::from(side == Side::Service)].clone()
    }

    /// The path by which a side is searched for a record with the same key: that of the first match
    /// field.
    pub fn key_path(&self, side: Side) -> Option<&str> {
        let pair = &self.pairs[*self.match_on.first()?];
        match side {
            Side::Vtiger => Some(&pair.vtiger),
            Side::Service => pair.service.first().map(String::as_str),
        }
    }

    /// The paths of a side that the match key is made of.
    pub fn key_paths(&self, side: Side) -> Vec<String> {
        let paths = |pair: &Pair| match side {
            Side::Vtiger => vec![pair.vtiger.clone()],
            Side::Service => pair.service.clone(),
        };
        self.match_pairs().flat_map(paths).collect()
    }

    /// The pairs of the match key.
    pub fn match_pairs(&self) -> impl Iterator<Item = &Pair> {
        self.match_on.iter().map(|&at| &self.pairs[at])
    }

    /// Whether a pair is part of the match key.
    pub fn is_match_pair(&self, pair: usize) -> bool {
        self.match_on.contains(&pair)
    }

    /// The canonical values of a record.
    pub fn project(&self, side: Side, fields: &Fields) -> Projection {
        let values: Vec<Canonical> = self
            .pairs
            .iter()
            .zip(&self.limits)
            .map(|(pair, limits)| canonical(pair, side, fields, limits).map(Cow::into_owned))
            .collect();
        let print = self.print(&values);
        Projection { values, print }
    }

    /// The fingerprint that [`Self::project`] gives a record, without its values.
    pub fn print_of(&self, side: Side, fields: &Fields) -> u128 {
        let mut hash = Xxh3::new();
        for (pair, limits) in self.pairs.iter().zip(&self.limits) {
            add(&mut hash, canonical(pair, side, fields, limits).as_deref());
        }
        hash.digest128()
    }

    /// The fingerprint of canonical values.
    pub fn print(&self, values: &[Canonical]) -> u128 {
        let mut hash = Xxh3::new();
        for value in values {
            add(&mut hash, value.as_deref());
        }
        hash.digest128()
    }

    /// The match key of a record, case and accents folded as the CRM compares; `None` if a part of
    /// it is empty.
    pub fn match_key(&self, side: Side, fields: &Fields) -> Option<String> {
        if self.match_on.is_empty() {
            return None;
        }
        let mut key = String::new();
        for &at in &self.match_on {
            let part = canonical(&self.pairs[at], side, fields, &self.limits[at])?;
            if part.is_empty() {
                return None;
            }
            if !key.is_empty() {
                key.push('\u{1f}');
            }
            key.push_str(&folded(part));
        }
        Some(key)
    }

    /// The value by which a side is searched: the first match field as that side holds it.
    pub fn key_value(&self, side: Side, fields: &Fields) -> Option<String> {
        let pair = &self.pairs[*self.match_on.first()?];
        let text = raw_text(pair, side, fields)?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The text of a pair as a side holds it, for people.
    pub fn shown(&self, pair: usize, side: Side, fields: &Fields) -> String {
        raw_text(&self.pairs[pair], side, fields).unwrap_or_default().into_owned()
    }

    /// What a link remembers of the pairs when both sides look like this.
    pub fn states(&self, vtiger: &Projection, service: &Projection) -> Vec<PairState> {
        let values = vtiger.values.iter().zip(&service.values);
        self.ids
            .iter()
            .zip(values)
            .map(|(id, (v, s))| {
                let (v, s) = (v.as_deref().unwrap_or_default(), s.as_deref().unwrap_or_default());
                PairState::of(*id, None, v, s)
            })
            .collect()
    }

    /// The name of a record: its name fields, else its match key, else its id.
    pub fn name(&self, side: Side, fields: &[String], record: &Record) -> String {
        let parts: Vec<String> = fields
            .iter()
            .filter_map(|path| record.fields.get(path))
            .map(|value| value.to_text().trim().to_owned())
            .filter(|text| !text.is_empty())
            .collect();
        if parts.is_empty() {
            self.key_value(side, &record.fields).unwrap_or_else(|| record.id.clone())
        } else {
            parts.join(" ")
        }
    }
}

/// Adds a canonical value to a fingerprint.
fn add(hash: &mut Xxh3, value: Option<&str>) {
    match value {
        Some(text) => {
            hash.update(&(text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        None => hash.update(&u64::MAX.to_le_bytes()),
    }
}

fn revision(pairs: &[Pair], limits: &[FieldLimits]) -> u64 {
    // Descriptions may change without changing what is compared.
    let parts: Vec<String> = pairs
        .iter()
        .zip(limits)
        .map(|(pair, limits)| {
            let pair = Pair { description: String::new(), ..pair.clone() };
            let lines = (pair.kind == PairKind::Items).then(|| pair.id());
            let lines = lines.map(|id| id.to_string()).unwrap_or_default();
            format!("{pair:?}{:?}{}{lines}", limits.vtiger_length, limits.bmp_only)
        })
        .collect();
    xxhash_rust::xxh3::xxh3_64(parts.join("\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::model::{Module, Value};

    #[test]
    fn comparing_a_record_costs_next_to_no_allocations() {
        let catalog = Catalog::built_in().unwrap();
        let contacts = &catalog.service("woocommerce").unwrap().modules[&Module::Contacts];
        let pairs = contacts.effective_mapping(&[]);
        let mapping = ModuleMapping::new(pairs, &contacts.match_on, [&[], &[]], |_| FieldLimits {
            vtiger_length: Some(100),
            bmp_only: true,
            ..FieldLimits::default()
        });
        for side in Side::BOTH {
            let paths = mapping.paths(side);
            let fields: Fields =
                paths.iter().map(|path| (path.as_str(), Value::from("some text"))).collect();
            // The table of countries is made when it is first needed.
            let mut print = mapping.print_of(side, &fields);
            let info = allocation_counter::measure(|| print = mapping.print_of(side, &fields));
            assert_eq!(print, mapping.project(side, &fields).print);
            // Two streets of two lines each are joined in the shop; countries are folded.
            let most = if side == Side::Service { 12 } else { 6 };
            assert!(info.count_total <= most, "{side:?}: {}", info.count_total);
            let info = allocation_counter::measure(|| drop(fields.clone()));
            assert_eq!(info.count_total, 0, "a copy shares its fields");
        }
    }
}

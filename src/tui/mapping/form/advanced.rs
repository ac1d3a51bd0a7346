//! What few lines need, under *Advanced*: fields that are read in turn, what counts as empty or as
//! no opinion, a line that is used only once, and switches that are set together with it.

use super::super::words;
use super::{PairForm, Slot};
use crate::model::Pair;
use std::collections::BTreeMap;
use tui_input::Input;

/// What stands between fields and switches.
const AND: char = ',';

/// Those parts as they are entered.
#[derive(Debug, Clone)]
pub struct Advanced {
    /// They are shown.
    pub open: bool,
    /// Service fields that are read in turn, with commas between them.
    pub fallback: Input,
    /// It is used when a record is created.
    pub once: bool,
    /// A zero counts as empty.
    pub zero: bool,
    /// Nothing on the service's side is no opinion.
    pub silent: bool,
    /// Switches of the service that are set with it: `manage_stock = yes`.
    pub with: Input,
}

impl Advanced {
    /// Those of a line.
    pub fn of(pair: &Pair) -> Self {
        let with = pair.with.iter().map(|(path, on)| format!("{path} = {}", yes_no(*on)));
        Self {
            open: false,
            fallback: Input::new(pair.fallback.join(", ")),
            once: pair.once,
            zero: pair.zero_is_empty,
            silent: pair.null_is_silent,
            with: Input::new(with.collect::<Vec<_>>().join(", ")),
        }
    }

    /// The fields that are read in turn.
    pub fn fallback(&self) -> Vec<String> {
        parts(self.fallback.value()).map(str::to_owned).collect()
    }

    /// The switches that are set with the line.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn with(&self) -> Result<BTreeMap<String, bool>, String> {
        let mut with = BTreeMap::new();
        for part in parts(self.with.value()) {
            let (path, on) = part.split_once('=').unwrap_or((part, "yes"));
            let (path, on) = (path.trim(), on.trim().to_lowercase());
            let on = match on.as_str() {
                "yes" | "true" | "1" => true,
                "no" | "false" | "0" => false,
                _ => return Err(format!("Write {path} = yes, or {path} = no.")),
            };
            if path.is_empty() {
                return Err("Write a field before = yes or = no.".into());
            }
            if with.insert(path.to_owned(), on).is_some() {
                return Err(format!("{path} stands twice."));
            }
        }
        Ok(with)
    }

    /// The line with these parts, as far as they can be read.
    pub fn put(&self, pair: Pair) -> Pair {
        let with = self.with().unwrap_or_else(|_| pair.with.clone());
        Pair {
            fallback: self.fallback(),
            once: self.once,
            zero_is_empty: self.zero,
            null_is_silent: self.silent,
            with,
            ..pair
        }
    }
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(AND).map(str::trim).filter(|part| !part.is_empty())
}

fn yes_no(on: bool) -> &'static str {
    if on { "yes" } else { "no" }
}

impl Slot {
    /// The parts that are shown only when *Advanced* is open.
    pub const ADVANCED: [Self; 5] =
        [Self::Fallback, Self::Once, Self::Zero, Self::Silent, Self::With];
}

impl PairForm {
    /// What is set under *Advanced*, in a line.
    pub fn advanced_words(&self) -> String {
        let all = words::advanced(&self.draft());
        if all.is_empty() { "nothing set".into() } else { all.join("; ") }
    }

    /// Shows the part, if it is one that is hidden.
    pub(super) fn uncover(&mut self, slot: Slot) {
        self.advanced.open |= Slot::ADVANCED.contains(&slot);
    }
}

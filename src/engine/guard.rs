//! The guard: looks at the whole plan before the first write and holds a run that would do damage
//! if it were a mistake.

use crate::model::{Advanced, Held, Module, Side};
use std::collections::BTreeMap;

/// What a run is going to do with one module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Links there are.
    pub links: u64,
    /// Linked records that changed on a side.
    pub changed: u64,
    /// Linked records that are gone on a side.
    pub gone: u64,
    /// Records to be created in Vtiger.
    pub creates_vtiger: u64,
    /// Records to be created in the service.
    pub creates_service: u64,
    /// Records found on both sides for the first time.
    pub pairs: u64,
    /// A complete listing of a side with links was empty.
    pub empty_side: Option<Side>,
}

impl Tally {
    /// Whether the run may write anything of this module.
    pub fn plans_writes(&self) -> bool {
        let creates = self.creates_vtiger + self.creates_service;
        self.changed + self.gone + self.pairs + creates > 0
    }
}

/// Below this many records nothing is a mass.
const FEW: u64 = 10;

/// Whether so many staged records, linked and unlinked ones, could pass a limit at all, whatever is
/// to become of them.
pub fn may_be_held(limits: &Advanced, links: u64, [linked, fresh]: [u64; 2]) -> bool {
    let lowest = limits.guard_deletes.0.min(limits.guard_changes.0);
    linked > share(links, lowest) || (links == 0 && fresh > limits.guard_creates)
}

/// So many records of a module may be touched by a percentage.
fn share(links: u64, percent: u8) -> u64 {
    FEW.max(links * u64::from(percent) / 100)
}

/// Holds the run if a limit is passed. `confirmed` are the counts that a person has agreed to.
pub fn hold(
    tallies: &BTreeMap<Module, Tally>,
    limits: &Advanced,
    confirmed: Option<&BTreeMap<String, u64>>,
) -> Option<Held> {
    let counts = counts(tallies);
    if let Some(confirmed) = confirmed {
        let more = counts.iter().find(|(key, n)| **n > confirmed.get(*key).copied().unwrap_or(0));
        return more.map(|(key, n)| {
            let was = confirmed.get(key).copied().unwrap_or(0);
            held("confirmed", &counts, format!("{key}: {was} were confirmed, {n} are planned now"))
        });
    }
    tallies.iter().find_map(|(module, tally)| {
        if let Some(side) = tally.empty_side {
            let text = format!(
                "{module}: no record is left in {}, {} are linked",
                side.key(),
                tally.links
            );
            return Some(held("empty_side", &counts, text));
        }
        let most = share(tally.links, limits.guard_deletes.0);
        if tally.gone > most {
            let text =
                format!("{module}: {} linked records are gone, {most} are let through", tally.gone);
            return Some(held("deletes", &counts, text));
        }
        let most = share(tally.links, limits.guard_changes.0);
        if tally.changed > most {
            let text = format!(
                "{module}: {} linked records changed, {most} are let through",
                tally.changed
            );
            return Some(held("changes", &counts, text));
        }
        let creates = tally.creates_vtiger.max(tally.creates_service);
        if tally.links == 0 && creates > limits.guard_creates {
            let most = limits.guard_creates;
            let text = format!(
                "{module}: the first sync would create {creates} records, {most} are let through"
            );
            return Some(held("creates", &counts, text));
        }
        None
    })
}

fn held(guard: &str, counts: &BTreeMap<String, u64>, threshold: String) -> Held {
    Held { guard: guard.to_owned(), counts: counts.clone(), threshold }
}

fn counts(tallies: &BTreeMap<Module, Tally>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for (module, tally) in tallies {
        let key = module.key();
        counts.insert(format!("{key}.changed"), tally.changed);
        counts.insert(format!("{key}.gone"), tally.gone);
        counts.insert(format!("{key}.vtiger.created"), tally.creates_vtiger);
        counts.insert(format!("{key}.service.created"), tally.creates_service);
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_pass_a_limit_is_not_counted() {
        let limits = Advanced::default();
        for links in [0, 5, 1_000, 50_000] {
            for staged in [0, 9, 11, 60, 400, 60_000] {
                // The worst that can become of them.
                let worst = [
                    Tally { links, changed: staged, ..Tally::default() },
                    Tally { links, gone: staged, ..Tally::default() },
                ];
                for tally in worst {
                    let tallies = BTreeMap::from([(Module::Contacts, tally)]);
                    let held = hold(&tallies, &limits, None).is_some();
                    assert!(!held || may_be_held(&limits, links, [staged, 0]), "{tally:?}");
                }
                let tally = Tally { links, creates_vtiger: staged, ..Tally::default() };
                let tallies = BTreeMap::from([(Module::Contacts, tally)]);
                let held = hold(&tallies, &limits, None).is_some();
                assert!(!held || may_be_held(&limits, links, [0, staged]), "{tally:?}");
            }
        }
        assert!(!may_be_held(&limits, 0, [0, 60]));
        assert!(!may_be_held(&limits, 1_000, [9, 60_000]));
    }

    fn guard_of(tally: Tally) -> Option<String> {
        let tallies = BTreeMap::from([(Module::Contacts, tally)]);
        hold(&tallies, &Advanced::default(), None).map(|held| held.guard)
    }

    #[test]
    fn masses_are_held_and_a_few_are_not() {
        let few = Tally { links: 12, gone: 10, changed: 10, ..Tally::default() };
        assert_eq!(guard_of(few), None);
        let deletes = Tally { links: 1000, gone: 101, ..Tally::default() };
        assert_eq!(guard_of(deletes).as_deref(), Some("deletes"));
        assert_eq!(guard_of(Tally { gone: 100, ..deletes }), None);
        let changes = Tally { links: 1000, changed: 501, ..Tally::default() };
        assert_eq!(guard_of(changes).as_deref(), Some("changes"));
        let creates = Tally { creates_vtiger: 50_001, ..Tally::default() };
        assert_eq!(guard_of(creates).as_deref(), Some("creates"));
        assert_eq!(guard_of(Tally { links: 1, ..creates }), None);
        let empty = Tally { links: 3, empty_side: Some(Side::Vtiger), ..Tally::default() };
        assert_eq!(guard_of(empty).as_deref(), Some("empty_side"));
    }

    #[test]
    fn a_confirmed_run_goes_on_only_within_what_was_confirmed() {
        let tallies = |gone| {
            BTreeMap::from([(Module::Contacts, Tally { links: 100, gone, ..Tally::default() })])
        };
        let confirmed = hold(&tallies(50), &Advanced::default(), None).unwrap().counts;
        assert_eq!(hold(&tallies(50), &Advanced::default(), Some(&confirmed)), None);
        assert_eq!(hold(&tallies(49), &Advanced::default(), Some(&confirmed)), None);
        assert!(hold(&tallies(51), &Advanced::default(), Some(&confirmed)).is_some());
    }
}

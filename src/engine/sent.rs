//! What an announced write was to leave on its target, read back from its intent: so that a write
//! whose answer was lost is recognised even if somebody has edited the record since.

use super::links::{note_pairs, note_print};
use super::module::ModuleWork;
use super::plan::expected;
use crate::mapping::Projection;
use crate::model::{Fields, Intent, Link, LinkOrigin, PairState, Record, Side, Value};

/// The pairs that a write changed, and what they were and became.
#[derive(Clone)]
pub struct Sent {
    /// Pair numbers, with what the target held before (canonical).
    pairs: Vec<(usize, String)>,
    /// What was sent, as the target would hold it; empty where nothing was sent.
    values: Projection,
    /// The fields that were sent.
    fields: Fields,
    /// The fingerprint of the intent vouches for the values.
    told: bool,
}

impl Sent {
    /// Reads an intent. Pairs that the mapping does not have any more are left out.
    pub fn new(work: &ModuleWork, intent: &Intent) -> Self {
        let side = intent.target;
        let all = work.mapping.pairs();
        let mut pairs = Vec::new();
        let (mut before, mut fields) = (Fields::new(), Fields::new());
        for change in &intent.changes {
            let at = all.iter().position(|pair| match side {
                Side::Vtiger => pair.vtiger == change.field,
                Side::Service => pair.service_label() == change.field,
            });
            let Some(at) = at else { continue };
            let path = match side {
                Side::Vtiger => Some(&all[at].vtiger),
                Side::Service => all[at].service.first(),
            };
            let Some(path) = path else { continue };
            before.set(path.as_str(), change.before.as_str());
            fields.set(path.as_str(), change.after.as_str());
            pairs.push(at);
        }
        let whole = pairs.len() == intent.changes.len();
        let told = whole && expected(work, side, &fields, &pairs) == intent.print;
        let before = work.mapping.project(side, &before);
        let was = |at: usize| before.values[at].clone().unwrap_or_default();
        Self {
            pairs: pairs.into_iter().map(|at| (at, was(at))).collect(),
            values: work.mapping.project(side, &fields),
            fields,
            told,
        }
    }

    /// If a record holds just what was sent, it shows what that was, even where the text that people
    /// are told of it does not.
    pub fn seen_on(mut self, work: &ModuleWork, intent: &Intent, record: &Record) -> Self {
        let pairs: Vec<usize> = self.pairs.iter().map(|(pair, _)| *pair).collect();
        let whole = pairs.len() == intent.changes.len();
        if whole && expected(work, intent.target, &record.fields, &pairs) == intent.print {
            let holds = work.mapping.project(intent.target, &record.fields);
            for pair in pairs {
                self.values.values[pair].clone_from(&holds.values[pair]);
            }
            self.told = true;
        }
        self
    }

    fn sent(&self, pair: usize) -> &str {
        self.values.values[pair].as_deref().unwrap_or_default()
    }

    /// The key by which the target can be searched, as it was sent.
    pub fn key_value(&self, work: &ModuleWork, intent: &Intent) -> Option<String> {
        let text = self.fields.get(work.mapping.key_path(intent.target)?).map(Value::to_text)?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Whether the target holds what was sent in a pair, maybe cut.
    fn holds(&self, pair: usize, holds: &Projection) -> bool {
        let held = holds.values[pair].as_deref().unwrap_or_default();
        let sent = self.sent(pair);
        held == sent || (!held.is_empty() && sent.starts_with(held))
    }

    /// Whether most of what was sent, the key aside, is there: so it is the record that was made,
    /// and not somebody else's with the same key. `edited`: somebody has changed it since it was
    /// made, so that half of it is enough.
    pub fn mostly_held(&self, work: &ModuleWork, holds: &Projection, edited: bool) -> bool {
        let telling = self.pairs.iter().map(|(pair, _)| *pair);
        let telling: Vec<usize> = telling
            .filter(|at| !work.mapping.is_match_pair(*at) && !self.sent(*at).is_empty())
            .collect();
        let held = telling.iter().filter(|at| self.holds(**at, holds)).count();
        // With nothing but the key there is nothing that could tell otherwise.
        let least = if edited { telling.len().div_ceil(2) } else { telling.len() / 2 + 1 };
        self.told && (telling.is_empty() || held >= least)
    }

    /// Whether an update arrived: a write is done whole or not at all, so one pair that was changed
    /// and holds what was sent tells for all, unless another one is as it was.
    pub fn arrived(&self, holds: &Projection) -> bool {
        let held = |pair: usize| holds.values[pair].as_deref().unwrap_or_default();
        let mut changed = self.pairs.iter().filter(|(pair, before)| self.sent(*pair) != before);
        let untouched = changed.clone().any(|(pair, before)| held(*pair) == before);
        self.told && !untouched && changed.any(|(pair, _)| self.holds(*pair, holds))
    }

    /// What the target is known to have held right after the write: where it holds something else
    /// now, somebody has edited it, and it is what was sent that both sides agreed on.
    fn left(&self, pair: usize, holds: &Projection) -> String {
        let held = holds.values[pair].clone().unwrap_or_default();
        if self.holds(pair, holds) { held } else { self.sent(pair).to_owned() }
    }

    /// The link of a record that was made. `now`: what the source holds now, if it is there.
    pub fn created(
        &self,
        work: &ModuleWork,
        intent: &Intent,
        hit: &Record,
        now: Option<&Projection>,
    ) -> Link {
        let holds = work.mapping.project(intent.target, &hit.fields);
        // What was not sent the target has filled by itself, unless somebody has edited it since.
        let untouched = hit.created.is_some() && hit.created == hit.modified;
        let mut known: [bool; 2] = [true, now.is_some()];
        let mut states = Vec::new();
        for (pair, number) in work.mapping.pair_ids().iter().enumerate() {
            let was_sent = self.pairs.iter().any(|(at, _)| *at == pair);
            if was_sent && !self.told {
                // Nothing is known of it: the two are compared as if they met for the first time.
                known = [false, false];
                continue;
            }
            let held = holds.values[pair].clone().unwrap_or_default();
            if !was_sent && !work.mapping.pairs()[pair].direction.writes(intent.target) {
                // It travels the other way only: as they are they belong together, unless somebody
                // has edited the target since.
                match now.filter(|_| untouched) {
                    Some(now) => {
                        let source = now.values[pair].as_deref().unwrap_or_default();
                        states.push(state(*number, intent.target, &held, source));
                    }
                    None => known = [false, false],
                }
                continue;
            }
            let filled = untouched && !was_sent;
            let (left, sent) =
                (if filled { held.clone() } else { self.left(pair, &holds) }, self.sent(pair));
            known[0] &= held == left;
            known[1] &=
                now.is_none_or(|now| now.values[pair].as_deref().unwrap_or_default() == sent);
            states.push(state(*number, intent.target, &left, sent));
        }
        // A fingerprint that fits nothing: the record was edited since, and is compared anew.
        let target = if known[0] { holds.print } else { 0 };
        let source = now.filter(|_| known[1]).map_or(0, |now| now.print);
        let (id, source_id) = (hit.id.clone(), intent.source_id.clone());
        let (vtiger_id, service_id, vtiger_print, service_print) = match intent.target {
            Side::Vtiger => (id, source_id, target, source),
            Side::Service => (source_id, id, source, target),
        };
        Link {
            vtiger_id,
            service_id,
            vtiger_print,
            service_print,
            pairs: states,
            vtiger_stamp: None,
            service_stamp: None,
            revision: work.mapping.revision(),
            origin: LinkOrigin::created_on(intent.target),
        }
    }

    /// Takes an update that arrived into the link.
    pub fn updated(&self, work: &ModuleWork, target: Side, link: &mut Link, holds: &Projection) {
        let mut left = holds.clone();
        for (pair, _) in &self.pairs {
            left.values[*pair] = Some(self.left(*pair, holds));
        }
        let pairs = self.pairs.iter().map(|(pair, _)| *pair);
        note_pairs(work, link, target, pairs, &left, &self.values);
        note_print(work, link, target, holds);
    }
}

/// What is remembered of a pair whose target holds `held`, written from `sent`.
fn state(pair: u32, target: Side, held: &str, sent: &str) -> PairState {
    match target {
        Side::Vtiger => PairState::of(pair, None, held, sent),
        Side::Service => PairState::of(pair, None, sent, held),
    }
}

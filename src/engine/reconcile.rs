//! Reconciling: what is to be done with one linked (or newly matched) pair of records. A pure
//! function of the link, what both sides hold now, and the settings.
//!
//! Each side is compared only with what *it* looked like after the last sync, pair by pair. Stamps
//! decide nothing but who was later when both changed the same pair.

use crate::mapping::{ModuleMapping, Projection};
use crate::model::{
    ConflictRule, Deletes, Direction, Link, LinkOrigin, Pair, PairKind, PairState, Reason,
    ReasonCode, Side, Stamp, fingerprint,
};
use std::time::Duration;

/// The settings that reconciling depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The module's direction.
    pub direction: Direction,
    /// Who wins when both sides changed the same pair.
    pub conflict: ConflictRule,
    /// Whether deletions are carried over.
    pub deletes: Deletes,
    /// Stamps closer than this are a tie: the coarser resolution of the two.
    pub tolerance: Duration,
}

/// What one side holds now.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'a> {
    /// It was read.
    Present {
        /// Its mapped values.
        values: &'a Projection,
        /// When it was changed last, on our clock (the side's skew taken off).
        stamp: Option<Stamp>,
    },
    /// It was not read: taken to be as the link remembers it.
    AsLinked,
    /// It is gone.
    Gone,
}

/// A pair in which a value lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The pair.
    pub pair: usize,
    /// The side whose value stays.
    pub winner: Side,
    /// The rule that decided: `last-updated`, `vtiger`, `service`, `tie`, or `first-link` (of lines
    /// that were never compared before, the service's count).
    pub rule: &'static str,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Both sides exist: write these pairs to each side (possibly none), and record what lost.
    Write {
        /// The pairs to be written to Vtiger.
        vtiger: Vec<usize>,
        /// The pairs to be written to the service.
        service: Vec<usize>,
        /// Values that lose, or that stay though the source says otherwise.
        lost: Vec<Lost>,
    },
    /// One side is gone and the other one did not change: delete it there too.
    Delete(Side),
    /// One side is gone, and the deletion is not carried over: the record on this side stays.
    Keep(Side, Kept),
    /// One side is gone, but this one was edited since: an edit beats a delete.
    Revive(Side),
    /// Both are gone: forget the link.
    Forget,
}

/// Why a record stays whose counterpart is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Deletions do not travel to this side.
    NotCarried,
    /// It was edited since, and the edit may not travel.
    Edited,
    /// It has values in fields that nobody has compared yet: they may have been edited since.
    NeverCompared,
}

impl Kept {
    /// What a person is told about it.
    pub fn reason(self) -> Reason {
        let reason = Reason::new(ReasonCode::DeleteNotCarriedOver, "", "");
        let (text, next) = match self {
            Self::NotCarried => return reason,
            Self::Edited => (
                "The record was deleted on one side, but edited on the other since.",
                "Delete it by hand if it may go; it is not changed any more.",
            ),
            Self::NeverCompared => (
                "The record was deleted on one side; the other has values in fields mapped only since.",
                "Delete it by hand if these values may go, or create it again from the Queue.",
            ),
        };
        Reason { text: text.into(), next: next.into(), ..reason }
    }
}

/// Reconciles one pair of records. `link` is `None` for two records that were just matched.
pub fn reconcile(
    mapping: &ModuleMapping,
    rules: &Rules,
    link: Option<&Link>,
    vtiger: Seen<'_>,
    service: Seen<'_>,
) -> Decision {
    match (vtiger, service) {
        (Seen::Gone, Seen::Gone) => Decision::Forget,
        (Seen::Gone, survivor) => after_delete(mapping, rules, link, Side::Service, survivor),
        (survivor, Seen::Gone) => after_delete(mapping, rules, link, Side::Vtiger, survivor),
        _ => both_present(mapping, rules, link, vtiger, service),
    }
}

fn after_delete(
    mapping: &ModuleMapping,
    rules: &Rules,
    link: Option<&Link>,
    survivor: Side,
    seen: Seen<'_>,
) -> Decision {
    let carried = rules.deletes == Deletes::Carry && rules.direction.writes(survivor);
    if !carried {
        return Decision::Keep(survivor, Kept::NotCarried);
    }
    match edited_since(mapping, link, survivor, seen) {
        Some(true) if rules.direction.writes(survivor.other()) => Decision::Revive(survivor),
        Some(true) => Decision::Keep(survivor, Kept::Edited),
        Some(false) => Decision::Delete(survivor),
        None => Decision::Keep(survivor, Kept::NeverCompared),
    }
}

/// Whether a record differs from what its link remembers; `None`: it cannot be told, since it has
/// values that were mapped later only.
fn edited_since(
    mapping: &ModuleMapping,
    link: Option<&Link>,
    side: Side,
    seen: Seen<'_>,
) -> Option<bool> {
    let (Seen::Present { values, .. }, Some(link)) = (seen, link) else { return Some(false) };
    if link.revision == mapping.revision() {
        let known = match side {
            Side::Vtiger => link.vtiger_print,
            Side::Service => link.service_print,
        };
        return Some(values.print != known);
    }
    // The fingerprint is one of other pairs: only those that both mappings have can tell.
    let mut certain = true;
    for (at, (pair, id)) in mapping.pairs().iter().zip(mapping.pair_ids()).enumerate() {
        let Some(now) = now(at, seen, state_of(link, at, *id), side) else { continue };
        match now.changed {
            Some(true) => return Some(true),
            Some(false) => {}
            None => certain &= now.hash == fingerprint("") || !is_gap(pair, now),
        }
    }
    certain.then_some(false)
}

fn both_present(
    mapping: &ModuleMapping,
    rules: &Rules,
    link: Option<&Link>,
    vtiger: Seen<'_>,
    service: Seen<'_>,
) -> Decision {
    let later = later_side(rules, stamp(vtiger), stamp(service));
    let mut to_vtiger = Vec::new();
    let mut to_service = Vec::new();
    let mut lost = Vec::new();
    for (at, pair) in mapping.pairs().iter().enumerate() {
        let id = mapping.pair_ids()[at];
        let state = link.and_then(|link| state_of(link, at, id));
        let (Some(v), Some(s)) =
            (now(at, vtiger, state, Side::Vtiger), now(at, service, state, Side::Service))
        else {
            continue;
        };
        let direction = narrowed(rules.direction, pair.direction);
        if is_guests(pair, link) && s.hash == fingerprint("") {
            continue;
        }
        let (target, loser) = decide_pair(rules, pair, direction, later, v, s);
        match target {
            Some(Side::Vtiger) => to_vtiger.push(at),
            Some(Side::Service) => to_service.push(at),
            None => {}
        }
        if let Some((winner, rule)) = loser {
            lost.push(Lost { pair: at, winner, rule });
        }
    }
    Decision::Write { vtiger: to_vtiger, service: to_service, lost }
}

/// What a link remembers of a pair. As a rule it stands where the mapping has it.
fn state_of(link: &Link, at: usize, id: u32) -> Option<&PairState> {
    let usual = link.pairs.get(at).filter(|state| state.pair == id);
    usual.or_else(|| link.pairs.iter().find(|state| state.pair == id))
}

/// The direction that both the module and the pair allow; `None`: neither way.
fn narrowed(module: Direction, pair: Direction) -> Option<Direction> {
    match (module, pair) {
        (Direction::Both, other) | (other, Direction::Both) => Some(other),
        (a, b) if a == b => Some(a),
        _ => None,
    }
}

/// What is known of one pair on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Now {
    /// The fingerprint of the value now.
    hash: u64,
    /// It differs from what the link remembers; `None`: the link remembers nothing of this pair.
    changed: Option<bool>,
}

fn now(at: usize, seen: Seen<'_>, state: Option<&PairState>, side: Side) -> Option<Now> {
    let known = state.and_then(|state| match side {
        Side::Vtiger => state.vtiger_hash(),
        Side::Service => state.service_hash(),
    });
    match seen {
        Seen::Present { values, .. } => {
            let hash = fingerprint(values.values[at].as_deref()?);
            Some(Now { hash, changed: known.map(|known| known != hash) })
        }
        Seen::AsLinked => known.map(|hash| Now { hash, changed: Some(false) }),
        Seen::Gone => None,
    }
}

type Winner = (Side, &'static str);

/// Where the pair is to be written, and who won if a value loses.
fn decide_pair(
    rules: &Rules,
    pair: &Pair,
    direction: Option<Direction>,
    later: Option<Side>,
    v: Now,
    s: Now,
) -> (Option<Side>, Option<Winner>) {
    let Some(direction) = direction else {
        return (None, None);
    };
    if v.hash == s.hash {
        return (None, None);
    }
    let empty = fingerprint("");
    let writable = |target: Side| direction.writes(target).then_some(target);
    match (v.changed, s.changed) {
        (None, _) | (_, None) if s.hash == empty && !is_gap(pair, v) => (None, None),
        // Never compared before: a filled value fills an empty one, nobody has cleared it.
        (None, _) | (_, None) if v.hash == empty => fill(rules, direction, Side::Vtiger),
        (None, _) | (_, None) if s.hash == empty => fill(rules, direction, Side::Service),
        (Some(false), Some(false)) => (None, None),
        (Some(true), Some(false)) => one_side(rules, direction, Side::Vtiger),
        (Some(false), Some(true)) => one_side(rules, direction, Side::Service),
        // Lines that meet for the first time: the CRM's are the later ones just because they were
        // copied there.
        (None, _) | (_, None)
            if pair.kind == PairKind::Items
                && direction == Direction::Both
                && rules.conflict == ConflictRule::LastUpdated =>
        {
            (Some(Side::Vtiger), Some((Side::Service, "first-link")))
        }
        _ => {
            let (winner, rule) = winner(rules, later);
            let target = winner.other();
            (writable(target), Some((winner, rule)))
        }
    }
}

/// Whether a pair is the customer of an order that the service has made itself: where it is empty,
/// the order is a guest's, and stays so, even if the guest's contact becomes a customer later.
fn is_guests(pair: &Pair, link: Option<&Link>) -> bool {
    let ours = LinkOrigin::created_on(Side::Service);
    let theirs = link.is_none_or(|link| link.origin != ours);
    pair.kind == PairKind::Reference && pair.zero_is_empty && theirs
}

/// Whether a value that the service does not have is to be filled in there: what stands in the CRM
/// just because it demands something is none.
fn is_gap(pair: &Pair, vtiger: Now) -> bool {
    let default = pair.default.trim();
    let stands_in = !default.is_empty() && fingerprint(default) == vtiger.hash;
    !stands_in
}

/// `side` is empty and the other one is not. Where it may not be filled, the other value stays, and
/// is told of: the first value from the source will overwrite it.
fn fill(rules: &Rules, direction: Direction, side: Side) -> (Option<Side>, Option<Winner>) {
    if direction.writes(side) {
        (Some(side), None)
    } else {
        (None, Some((side.other(), rules.conflict.key())))
    }
}

/// Only `edited` changed. Where its edit may not travel, it stays or is overwritten by the rule.
fn one_side(rules: &Rules, direction: Direction, edited: Side) -> (Option<Side>, Option<Winner>) {
    if direction.writes(edited.other()) {
        return (Some(edited.other()), None);
    }
    let source_wins = match rules.conflict {
        ConflictRule::LastUpdated => false,
        ConflictRule::Vtiger => edited == Side::Service,
        ConflictRule::Service => edited == Side::Vtiger,
    };
    let rule = rules.conflict.key();
    if source_wins {
        (Some(edited), Some((edited.other(), rule)))
    } else {
        (None, Some((edited, rule)))
    }
}

/// Who wins when both changed.
fn winner(rules: &Rules, later: Option<Side>) -> Winner {
    match rules.conflict {
        ConflictRule::Vtiger => (Side::Vtiger, "vtiger"),
        ConflictRule::Service => (Side::Service, "service"),
        ConflictRule::LastUpdated => match later {
            Some(side) => (side, "last-updated"),
            None => (Side::Vtiger, "tie"),
        },
    }
}

fn stamp(seen: Seen<'_>) -> Option<Stamp> {
    match seen {
        Seen::Present { stamp, .. } => stamp,
        Seen::AsLinked | Seen::Gone => None,
    }
}

/// The side that was changed later; `None`: it cannot be told.
fn later_side(rules: &Rules, vtiger: Option<Stamp>, service: Option<Stamp>) -> Option<Side> {
    match (vtiger, service) {
        (Some(v), Some(s)) if v.since(s) > rules.tolerance => Some(Side::Vtiger),
        (Some(v), Some(s)) if s.since(v) > rules.tolerance => Some(Side::Service),
        (Some(_), Some(_)) | (None, None) => None,
        (Some(_), None) => Some(Side::Vtiger),
        (None, Some(_)) => Some(Side::Service),
    }
}

#[cfg(test)]
mod tests;

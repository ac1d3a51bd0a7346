//! Matching: which unlinked records of the two sides are the same, by their key. A pure function
//! of all unlinked records with one key; never the first of many.

use crate::model::{Candidate, Reason, ReasonCode, Record, Side};

/// What is to become of an unlinked record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// These two are the same.
    Pair {
        /// Vtiger's.
        vtiger: Record,
        /// The service's.
        service: Record,
    },
    /// Nothing with its key was read on the other side.
    New {
        /// The side it is on.
        side: Side,
        /// It.
        record: Record,
    },
    /// It cannot travel.
    Skip {
        /// The side it is on.
        side: Side,
        /// It.
        record: Record,
        /// Why.
        reason: Reason,
    },
    /// Its counterpart was there and is not found any more: it waits for the next sync.
    Later {
        /// The side it is on.
        side: Side,
        /// It.
        record: Record,
    },
}

/// Matches the unlinked records that share a key. `writes` says which sides may be written: a
/// record is skipped only where it could have travelled.
pub fn match_group(
    key: Option<&str>,
    vtiger: Vec<Record>,
    service: Vec<Record>,
    writes: impl Fn(Side) -> bool,
) -> Vec<Match> {
    if key.is_none() {
        return each(Side::Vtiger, vtiger).chain(each(Side::Service, service)).collect();
    }
    match (vtiger.len(), service.len()) {
        (1, 1) => {
            let pairs = vtiger.into_iter().zip(service);
            pairs.map(|(vtiger, service)| Match::Pair { vtiger, service }).collect()
        }
        (_, 0) => first_of(Side::Vtiger, vtiger, writes(Side::Service)),
        (0, _) => first_of(Side::Service, service, writes(Side::Vtiger)),
        (v, s) => {
            let skips_v = vtiger.into_iter().map(|r| ambiguous(Side::Vtiger, r, s, v));
            let skips_s = service.into_iter().map(|r| ambiguous(Side::Service, r, v, s));
            skips_v
                .chain(skips_s)
                .filter(|m| matches!(m, Match::Skip { side, .. } if writes(side.other())))
                .collect()
        }
    }
}

fn each(side: Side, records: Vec<Record>) -> impl Iterator<Item = Match> {
    records.into_iter().map(move |record| Match::New { side, record })
}

/// Several records of one side with one key and none on the other: one travels, the others are
/// duplicates of it, where they could travel.
fn first_of(side: Side, records: Vec<Record>, travels: bool) -> Vec<Match> {
    let mut records = records.into_iter();
    let Some(first) = records.next() else { return Vec::new() };
    let id = first.id.clone();
    let mut all = vec![Match::New { side, record: first }];
    let rest = records.filter(|_| travels);
    all.extend(rest.map(|record| Match::Skip { side, record, reason: duplicate_of(&id) }));
    all
}

/// The reason of a record whose counterpart belongs to another one.
pub fn duplicate_of(id: &str) -> Reason {
    Reason::new(ReasonCode::DuplicateInSource, "", format!("It has the same key as {id}."))
}

/// The reason of a record whose only counterparts were left out by a person.
pub fn left_out_there(candidates: &[Candidate]) -> Reason {
    let detail = "What has the same key on the other side was left out of the sync by a person.";
    Reason::new(ReasonCode::AmbiguousMatch, "", detail)
        .with_candidates(candidates, candidates.len())
}

/// The reason of a record whose create was sent: the answer was lost, and it cannot be looked for.
pub fn create_lost() -> Reason {
    Reason {
        text:
            "The answer to its create was lost, and it has no key by which it could be found: it \
               may be there already."
                .into(),
        next:
            "Look on the other side, then decide in the Queue: link it, or create it new. A field \
               that carries ids (check names them) spares you this."
                .into(),
        ..Reason::new(ReasonCode::AmbiguousMatch, "", "")
    }
}

/// The reason of a record without a key that may be what a lost create has made.
pub fn may_be_ours(sources: &[Candidate]) -> Reason {
    let detail = "It has none, and may be what SyncDeck made when the answer was lost.";
    Reason::new(ReasonCode::AmbiguousMatch, "", detail).with_candidates(sources, sources.len())
}

fn ambiguous(side: Side, record: Record, there: usize, here: usize) -> Match {
    let detail = format!("{here} here and {there} on the other side have the same key.");
    Match::Skip { side, record, reason: Reason::new(ReasonCode::AmbiguousMatch, "", detail) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(prefix: &str, count: usize) -> Vec<Record> {
        let make = |n| Record { id: format!("{prefix}{n}"), ..Record::default() };
        (0..count).map(make).collect()
    }

    fn summary(v: usize, s: usize) -> Vec<String> {
        let found = match_group(Some("k"), records("v", v), records("s", s), |_| true);
        let line = |m: Match| match m {
            Match::Pair { vtiger, service } => format!("{}={}", vtiger.id, service.id),
            Match::New { record, .. } => format!("new {}", record.id),
            Match::Skip { record, reason, .. } => format!("{} {}", reason.code.key(), record.id),
            Match::Later { record, .. } => format!("later {}", record.id),
        };
        found.into_iter().map(line).collect()
    }

    #[test]
    fn one_and_one_are_the_same_and_many_are_left_to_a_person() {
        assert_eq!(summary(1, 1), ["v0=s0"]);
        assert_eq!(summary(1, 0), ["new v0"]);
        assert_eq!(summary(0, 2), ["new s0", "duplicate_in_source s1"]);
        assert_eq!(
            summary(2, 1),
            ["ambiguous_match v0", "ambiguous_match v1", "ambiguous_match s0"]
        );
        assert!(summary(0, 0).is_empty());
    }

    #[test]
    fn records_without_a_key_are_never_matched_and_read_only_targets_skip_nothing() {
        let found = match_group(None, records("v", 1), records("s", 1), |_| true);
        assert!(found.iter().all(|m| matches!(m, Match::New { .. })));
        let one_way = |side| side == Side::Vtiger;
        let found = match_group(Some("k"), records("v", 2), Vec::new(), one_way);
        assert_eq!(found.len(), 1, "a duplicate that goes nowhere is none of anybody's business");
        let found = match_group(Some("k"), records("v", 2), records("s", 1), one_way);
        assert_eq!(found.len(), 1);
        assert!(matches!(&found[0], Match::Skip { side: Side::Service, .. }));
    }
}

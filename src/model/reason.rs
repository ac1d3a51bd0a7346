//! Why a record was skipped or waits: a closed list, each with a sentence and a next step.

use serde::{Deserialize, Serialize};

/// The code of a reason. The list is closed; scripts may rely on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the sentence of each code says what it means")]
pub enum ReasonCode {
    MandatoryFieldEmpty,
    TypeMismatch,
    TooLong,
    UnknownPicklistValue,
    ReferenceMissing,
    AmbiguousMatch,
    DuplicateInSource,
    AlreadyLinked,
    SideIsReadOnly,
    DeleteNotCarriedOver,
    NoPermission,
    Refused,
    TooLarge,
    OutsidePeriod,
    Filtered,
    ConflictTie,
    RateLimited,
    OutcomeUnknown,
    ApiError,
    LeftOut,
}

impl ReasonCode {
    /// Every code.
    pub const ALL: [Self; 20] = [
        Self::MandatoryFieldEmpty,
        Self::TypeMismatch,
        Self::TooLong,
        Self::UnknownPicklistValue,
        Self::ReferenceMissing,
        Self::AmbiguousMatch,
        Self::DuplicateInSource,
        Self::AlreadyLinked,
        Self::SideIsReadOnly,
        Self::DeleteNotCarriedOver,
        Self::NoPermission,
        Self::Refused,
        Self::TooLarge,
        Self::OutsidePeriod,
        Self::Filtered,
        Self::ConflictTie,
        Self::RateLimited,
        Self::OutcomeUnknown,
        Self::ApiError,
        Self::LeftOut,
    ];

    /// The code as written in JSON and on the command line.
    pub fn key(self) -> &'static str {
        self.parts().0
    }

    /// What happened, in a sentence without the detail.
    pub fn sentence(self) -> &'static str {
        self.parts().1
    }

    /// What the user can do.
    pub fn next(self) -> &'static str {
        self.parts().2
    }

    /// Whether the cause may pass by itself, so that the record is taken again at the next sync.
    pub fn is_passing(self) -> bool {
        matches!(
            self,
            Self::ReferenceMissing | Self::RateLimited | Self::OutcomeUnknown | Self::ApiError
        )
    }

    #[rustfmt::skip]
    fn parts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::MandatoryFieldEmpty => ("mandatory_field_empty", "A mandatory field is empty.",
                "Fill the field in the source record, or give the pair a default value in the field mapping."),
            Self::TypeMismatch => ("type_mismatch", "The value does not fit the type of the target field.",
                "Correct the value in the source record, or change the pair in the field mapping."),
            Self::TooLong => ("too_long", "The text is longer than the target field can hold.",
                "Shorten the text in the source record, or add a truncate transform to the pair."),
            Self::UnknownPicklistValue => ("unknown_picklist_value", "The target's picklist does not have this value.",
                "Add the value to the picklist, or map it to one that is there."),
            Self::ReferenceMissing => ("reference_missing", "A record that this one refers to is not linked yet.",
                "It is taken again at the next sync, when the other record is there."),
            Self::AmbiguousMatch => ("ambiguous_match", "Several records have the same key, so SyncDeck cannot tell which one is meant.",
                "Decide in the Queue: link it to one of them, create it new, or never sync it. Or merge the records."),
            Self::DuplicateInSource => ("duplicate_in_source", "Another record with the same key is already linked to it.",
                "Merge the two records in the source, or give them different keys."),
            Self::AlreadyLinked => ("already_linked", "The record is already linked to another one.",
                "Remove the other link first if this one is right."),
            Self::SideIsReadOnly => ("side_is_read_only", "The sync direction does not allow writing to this side.",
                "Choose another direction in the module's settings if it should be written."),
            Self::DeleteNotCarriedOver => ("delete_not_carried_over", "The record was deleted on one side; deletions are not carried over.",
                "Delete it by hand on the other side, or set Deletes to carry for this module."),
            Self::NoPermission => ("no_permission", "The user of the connection may not do this.",
                "Give the user or key the right to change these records, then retry."),
            Self::Refused => ("refused", "The other system refused the record.",
                "Correct what its message names, then retry."),
            Self::TooLarge => ("too_large", "The record is too large.",
                "Shorten its longest fields, or take them out of the mapping."),
            Self::OutsidePeriod => ("outside_period", "The record is older than the period that is synced.",
                "Nothing to do, unless the period was chosen wrongly."),
            Self::Filtered => ("filtered", "A filter leaves the record out.",
                "Change the filter if the record should travel."),
            Self::ConflictTie => ("conflict_tie", "Both sides were changed at the same moment.",
                "The Vtiger record won; look at the conflict if that is wrong."),
            Self::RateLimited => ("rate_limited", "The other system asked us to slow down.",
                "It is taken again at the next sync."),
            Self::OutcomeUnknown => ("outcome_unknown", "The answer to the write was lost, and the record cannot be found yet.",
                "It is looked up again at the next sync before anything is repeated."),
            Self::ApiError => ("api_error", "The other system answered with an error.",
                "It is taken again at the next sync; look at the other system if it goes on."),
            Self::LeftOut => ("left_out", "A person decided that this record is never synced.",
                "Nothing to do. To sync it after all, retry it in the Queue."),
        }
    }
}

/// Why one record was skipped or waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The code.
    pub code: ReasonCode,
    /// The field concerned (a Vtiger or service path), empty if none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub field: String,
    /// What happened, with the detail (field, value, the other system's text).
    pub text: String,
    /// What to do next.
    pub next: String,
    /// The records on the other side that may be meant. Kept with the standing skip only; the text
    /// names the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Candidate>,
}

/// A record on the other side that may be the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

impl Reason {
    /// A reason whose sentence is followed by a detail.
    pub fn new(code: ReasonCode, field: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let text = if detail.is_empty() {
            code.sentence().to_owned()
        } else {
            format!("{} {detail}", code.sentence())
        };
        let (field, next) = (field.to_owned(), code.next().to_owned());
        Self { code, field, text, next, candidates: Vec::new() }
    }

    /// The most candidates that are kept.
    pub const CANDIDATES: usize = 20;

    /// The same reason with the records that may be meant, out of so many: the first ones are kept,
    /// and the very first are named in the text.
    pub fn with_candidates(mut self, candidates: &[Candidate], total: usize) -> Self {
        self.candidates = candidates.iter().take(Self::CANDIDATES).cloned().collect();
        let named = self.candidates.iter().take(3).map(|c| match c.name.is_empty() {
            true => c.id.clone(),
            false => format!("{} ({})", c.id, c.name),
        });
        let named: Vec<_> = named.collect();
        if !named.is_empty() {
            let rest = total.saturating_sub(named.len());
            let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
            self.text = format!("{} Candidates: {}{rest}.", self.text, named.join(", "));
        }
        self
    }
}

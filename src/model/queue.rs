//! What the engine keeps between runs besides links: announced writes, records to be taken again,
//! decided skips, cursors.

use super::{Change, Reason, ReasonCode, Side, Stamp};
use serde::{Deserialize, Serialize};

/// What an announced write does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IntentKind {
    /// Creates a record on the target side.
    Create,
    /// Updates one.
    Update,
    /// Deletes one.
    Delete,
}

/// A write that was announced in the store before it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The side that is written.
    pub target: Side,
    /// The id of the record on the other side.
    pub source_id: String,
    /// What it does.
    pub kind: IntentKind,
    /// The id on the target side; empty for a create.
    pub target_id: String,
    /// The match key of the record, canonical; empty if it has none.
    pub match_key: String,
    /// Fingerprint of all mapped values as the target will hold them after the write.
    pub print: u128,
    /// The run that announced it.
    pub run: u64,
    /// When it was announced.
    pub sent: Stamp,
    /// How often its outcome was looked for in vain.
    pub tries: u32,
    /// The record's name, for the item that tells of it when it is settled later.
    pub name: String,
    /// What it changes field by field, for that item.
    pub changes: Vec<Change>,
}

/// A record that is taken again though nothing shows that it changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// The side and id of the record.
    pub side: Side,
    /// The id there.
    pub id: String,
    /// A name for people.
    pub name: String,
    /// Why it waits; `None`: added by hand, or gone and to be looked at once more.
    pub reason: Option<Reason>,
    /// Since when.
    pub since: Stamp,
    /// How often it was tried.
    pub tries: u32,
    /// Not before.
    pub next_try: Stamp,
    /// Fingerprint of the record's mapped values when it was tried last; `None`: not known.
    pub print: Option<u128>,
    /// The mapping revision then.
    pub revision: u64,
    /// It was shown to be gone; what waits is what follows from that on the other side.
    pub gone: bool,
}

impl Parked {
    /// The id of the entry that stands for every record of its module, on both sides.
    pub const ALL: &'static str = "";

    /// Whether it stands for every record of its module.
    pub fn is_all(&self) -> bool {
        self.id == Self::ALL
    }
}

/// What a person decided of a record that does not travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Taken out of the queue: not tried again until it changes.
    Dropped,
    /// Never synced.
    Never,
    /// To be created on the other side, whatever looks like it there.
    CreateNew,
    /// As before, and the create was sent: until its outcome is known it is not sent again.
    CreateSent,
    /// Not a decision yet: a create was sent whose answer was lost, and nothing can tell whether it
    /// arrived. It is not sent again before a person decides.
    Lost,
}

impl Verdict {
    /// The word used in JSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::Dropped => "dropped",
            Self::Never => "never",
            Self::CreateNew => "create_new",
            Self::CreateSent => "create_sent",
            Self::Lost => "create_lost",
        }
    }

    /// What was decided, in a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Dropped => {
                "Taken out of the queue by a person: not tried again until it changes."
            }
            Self::Never => "A person decided that it is never synced.",
            Self::CreateNew => "A person decided that it is created new; the next sync does it.",
            Self::CreateSent => {
                "A person decided that it is created new. The create was sent, and its answer was \
                 lost: look whether it is there, then decide again."
            }
            Self::Lost => "It is not sent again before a person decides.",
        }
    }
}

/// A person's decision, and when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// What.
    pub verdict: Verdict,
    /// When.
    pub at: Stamp,
}

/// A skip that stands: looked at again only when the record, the mapping or the cause changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skip {
    /// The side and id of the record that is not carried over.
    pub side: Side,
    /// The id there.
    pub id: String,
    /// A name for people.
    pub name: String,
    /// Why.
    pub reason: Reason,
    /// Fingerprint of the record's mapped values when it was decided.
    pub print: u128,
    /// The mapping revision then.
    pub revision: u64,
    /// The run that decided it; 0: a person did, outside of a run.
    pub run: u64,
    /// What a person decided of it.
    pub decided: Option<Decided>,
    /// The record's stamp of change then, on its system's clock; `None`: it was still warm, or there
    /// is none.
    pub stamp: Option<Stamp>,
}

impl Skip {
    /// What a person decided of it, without the time.
    pub fn verdict(&self) -> Option<Verdict> {
        self.decided.map(|decided| decided.verdict)
    }

    /// Whether a person has yet to decide with what the record belongs together.
    pub fn waits_for_decision(&self) -> bool {
        self.decided.is_none() && self.is_about_a_match()
    }

    /// Whether a change on the other side may end it.
    pub fn may_be_mended(&self) -> bool {
        self.is_about_a_match() || self.verdict() == Some(Verdict::CreateNew)
    }

    fn is_about_a_match(&self) -> bool {
        [ReasonCode::AmbiguousMatch, ReasonCode::DuplicateInSource].contains(&self.reason.code)
    }

    /// Whether it stands whatever becomes of the record: a deletion that is not carried over, or a
    /// record that a person left out.
    pub fn is_final(&self) -> bool {
        match self.verdict() {
            Some(Verdict::Never) => true,
            Some(Verdict::CreateNew) => false,
            _ => self.reason.code == ReasonCode::DeleteNotCarriedOver,
        }
    }
}

/// An end of a link that was dropped because a record is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tomb {
    /// The side and id.
    pub side: Side,
    /// The id there.
    pub id: String,
    /// Fingerprint of its mapped values when it was seen last.
    pub print: u128,
    /// The run that recorded it.
    pub run: u64,
    /// The values that went with it, for undo and for people.
    pub values: Vec<(String, String)>,
    /// The record that it was linked with, if one of the two stays: what refers to the one that is
    /// gone goes on to mean that one. Else empty.
    pub other: String,
    /// This is the one that stays.
    pub stays: bool,
}

/// How far one side of a module has been read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cursor {
    /// The high mark in the remote's own notation; `None`: never read.
    pub mark: Option<String>,
    /// The same of what was deleted, where the remote tells that; `None`: goes by [`Self::mark`].
    pub deletions: Option<String>,
    /// When the last complete listing was finished.
    pub last_complete: Option<Stamp>,
    /// The revision of the mapping at the last pull; another one means that every record is read
    /// again.
    pub revision: u64,
}

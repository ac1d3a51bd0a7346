//! What the engine keeps between runs besides links: announced writes, records to be taken again,
//! decided skips, cursors.

use super::{Change, Reason, Side, Stamp};
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
    /// Why it waits; `None`: added by hand or to be compared again.
    pub reason: Option<Reason>,
    /// Since when.
    pub since: Stamp,
    /// How often it was tried.
    pub tries: u32,
    /// Not before.
    pub next_try: Stamp,
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
    /// The run that decided it.
    pub run: u64,
}

/// A record that is gone, so that it is not brought back.
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
}

/// How far one side of a module has been read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cursor {
    /// The high mark in the remote's own notation; `None`: never read.
    pub mark: Option<String>,
    /// When the last complete listing was finished.
    pub last_complete: Option<Stamp>,
    /// The revision of the mapping at the last pull; another one means that every record is read
    /// again.
    pub revision: u64,
}

//! How rows become bytes: one version byte, then postcard of a private shape.
//!
//! The shapes (`LinkV1` …) are apart from the model's types, so that those can change while old
//! rows stay readable. Enumerations are stored as the numbers below, which never change.

use super::{StoreError, StoreResult};
use crate::model::{
    IntentKind, ItemStatus, LinkOrigin, Module, ReasonCode, Remedy, RunStatus, Side, Trigger,
    UserError, Verdict,
};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::marker::PhantomData;

/// A value that is stored as versioned bytes.
pub(super) trait Row: Sized {
    /// The table, for messages.
    const TABLE: &'static str;

    /// The bytes in the newest version.
    fn encode(&self) -> StoreResult<Vec<u8>>;

    /// Reads the bytes of one version, without the version byte. `None`: not a known version.
    fn decode_version(version: u8, bytes: &[u8]) -> Option<StoreResult<Self>>;

    /// Reads bytes of any known version.
    fn decode(bytes: &[u8]) -> StoreResult<Self> {
        decode(Self::TABLE, bytes, Self::decode_version)
    }
}

/// Reads bytes of a row, of any version that `read` knows.
pub(super) fn decode<T>(
    table: &str,
    bytes: &[u8],
    read: impl FnOnce(u8, &[u8]) -> Option<StoreResult<T>>,
) -> StoreResult<T> {
    let (version, rest) = bytes.split_first().ok_or_else(|| damaged(table))?;
    read(*version, rest).unwrap_or_else(|| {
        Err(StoreError::User(UserError::new(
            "A row of the store cannot be read.",
            format!(
                "The table {table} holds a row of version {version}, which this program does not \
                 know. Nothing was changed."
            ),
            "Use the newest SyncDeck with this store.",
        )))
    })
}

/// The version byte and postcard of a shape.
pub(super) fn pack<T: Serialize>(table: &str, version: u8, shape: &T) -> StoreResult<Vec<u8>> {
    postcard::to_extend(shape, vec![version]).map_err(|error| {
        StoreError::User(UserError::new(
            "A row could not be stored.",
            format!("Table {table}: {error}."),
            "This is a fault of SyncDeck; please report it.",
        ))
    })
}

/// A shape from its bytes, all of them.
pub(super) fn unpack<'a, T: Deserialize<'a>>(table: &str, bytes: &'a [u8]) -> StoreResult<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((shape, [])) => Ok(shape),
        _ => Err(damaged(table)),
    }
}

/// A list in a row that nobody asked for: read through, because its length in bytes is not stored,
/// and not kept.
pub(super) struct PassedOver<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for PassedOver<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(PassedOver(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for PassedOver<T> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<T>()?.is_some() {}
        Ok(self)
    }
}

/// The error for bytes that make no sense.
pub(super) fn damaged(table: &str) -> StoreError {
    StoreError::User(UserError::new(
        "A row of the store is damaged.",
        format!("A row of the table {table} cannot be read."),
        "Restore the store from a backup. Check the disk.",
    ))
}

/// An enumeration that is stored as a number.
pub(super) trait Code: Copy {
    /// The number.
    fn code(self) -> u8;
    /// The value with this number.
    fn from_code(code: u8) -> Option<Self>;

    /// [`Self::from_code`] for a row of a table.
    fn read(code: u8, table: &str) -> StoreResult<Self> {
        Self::from_code(code).ok_or_else(|| damaged(table))
    }
}

macro_rules! codes {
    ($($kind:ident { $($variant:ident = $number:literal),* $(,)? })*) => { $(
        impl Code for $kind {
            fn code(self) -> u8 {
                match self { $(Self::$variant => $number),* }
            }
            fn from_code(code: u8) -> Option<Self> {
                match code { $($number => Some(Self::$variant),)* _ => None }
            }
        }
    )* };
}

codes! {
    Remedy { LogIn = 1 }
    Side { Vtiger = 1, Service = 2 }
    LinkOrigin { Created = 1, Matched = 2, Person = 3, Sent = 4 }
    IntentKind { Create = 1, Update = 2, Delete = 3 }
    Verdict { Dropped = 1, Never = 2, CreateNew = 3, CreateSent = 4, Lost = 5 }
    Trigger { Manual = 1, Schedule = 2, Immediate = 3 }
    RunStatus {
        Running = 1, Completed = 2, Preview = 3, Held = 4, Dropped = 5, Cancelled = 6, Failed = 7,
        Interrupted = 8,
    }
    ItemStatus {
        Created = 1, Updated = 2, Deleted = 3, Skipped = 4, Conflict = 5, Linked = 6, Waiting = 7,
    }
    ReasonCode {
        MandatoryFieldEmpty = 1, TypeMismatch = 2, TooLong = 3, UnknownPicklistValue = 4,
        ReferenceMissing = 5, AmbiguousMatch = 6, DuplicateInSource = 7, AlreadyLinked = 8,
        SideIsReadOnly = 9, DeleteNotCarriedOver = 10, NoPermission = 11, Refused = 12,
        TooLarge = 13, OutsidePeriod = 14, Filtered = 15, ConflictTie = 16, RateLimited = 17,
        OutcomeUnknown = 18, ApiError = 19, LeftOut = 20,
    }
}

impl Code for Module {
    fn code(self) -> u8 {
        self.number()
    }
    fn from_code(code: u8) -> Option<Self> {
        Self::from_number(code)
    }
}

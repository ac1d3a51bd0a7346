//! The memory that a Vtiger record and a service record are the same.

use super::{Side, Stamp};
use serde::{Deserialize, Serialize};

/// How a link came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkOrigin {
    /// We created one side from the other: Vtiger's from the service's, unless it is older than
    /// [`Self::Sent`].
    Created,
    /// We created the service's record from Vtiger's.
    Sent,
    /// Both were there and had the same key.
    Matched,
    /// A person said so.
    Person,
}

impl LinkOrigin {
    /// That of a link which we make by creating a record on a side.
    pub fn created_on(side: Side) -> Self {
        match side {
            Side::Vtiger => Self::Created,
            Side::Service => Self::Sent,
        }
    }
}

/// The first parts of the ids that stand for companions in links: records of the CRM without a
/// record of their own in the service.
pub const COMPANIONS: [&str; 3] = ["company", "guest", "item"];

/// Whether an id on the service's side stands for a companion.
pub fn is_companion_id(id: &str) -> bool {
    id.split_once(':').is_some_and(|(key, _)| COMPANIONS.contains(&key))
}

/// The value both sides agreed on last: itself when short, else its fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Base {
    /// The canonical value.
    Value(String),
    /// The fingerprint of a long canonical value.
    Hash(u64),
    /// They have never agreed.
    Unknown,
}

impl Base {
    /// Longer canonical values (in bytes) are remembered by fingerprint only.
    pub const LONGEST: usize = 256;

    /// Remembers a canonical value.
    pub fn of(canonical: &str) -> Self {
        if canonical.len() <= Self::LONGEST {
            Self::Value(canonical.to_owned())
        } else {
            Self::Hash(fingerprint(canonical))
        }
    }

    /// The value, if it is known in full.
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::Value(v) => Some(v),
            Self::Hash(_) | Self::Unknown => None,
        }
    }

    /// The fingerprint of the value, if there is one.
    pub fn hash(&self) -> Option<u64> {
        match self {
            Self::Value(v) => Some(fingerprint(v)),
            Self::Hash(h) => Some(*h),
            Self::Unknown => None,
        }
    }
}

/// The fingerprint of one canonical value.
pub fn fingerprint(canonical: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(canonical.as_bytes())
}

/// What a link remembers of one pair: the agreed value, and what each side holds where that is
/// something else (the side rounds, cuts or escapes, or the pair travels one way only).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairState {
    /// The pair's number ([`super::Pair::id`]).
    pub pair: u32,
    /// What both agreed on.
    pub base: Base,
    /// Fingerprint of what Vtiger holds; `None`: the base.
    pub vtiger: Option<u64>,
    /// Fingerprint of what the service holds; `None`: the base.
    pub service: Option<u64>,
}

impl PairState {
    /// A state from the canonical values on both sides after a sync, and the value they agreed on.
    pub fn of(pair: u32, agreed: Option<&str>, vtiger: &str, service: &str) -> Self {
        let base = match agreed {
            Some(value) => Base::of(value),
            None if vtiger == service => Base::of(vtiger),
            None => Base::Unknown,
        };
        let agreed_hash = base.hash();
        let unless_base = |canonical: &str| {
            let hash = fingerprint(canonical);
            (Some(hash) != agreed_hash).then_some(hash)
        };
        Self { pair, vtiger: unless_base(vtiger), service: unless_base(service), base }
    }

    /// The fingerprint of what Vtiger held after the last sync.
    pub fn vtiger_hash(&self) -> Option<u64> {
        self.vtiger.or_else(|| self.base.hash())
    }

    /// The fingerprint of what the service held after the last sync.
    pub fn service_hash(&self) -> Option<u64> {
        self.service.or_else(|| self.base.hash())
    }
}

/// A Vtiger record and a service record that are the same, with what both looked like after the
/// last sync.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The id in Vtiger.
    pub vtiger_id: String,
    /// The id in the service, or the key of a companion (`company:…`).
    pub service_id: String,
    /// Fingerprint of all mapped values on Vtiger's side.
    pub vtiger_print: u128,
    /// Fingerprint of all mapped values on the service's side.
    pub service_print: u128,
    /// The state of each pair.
    pub pairs: Vec<PairState>,
    /// Vtiger's modification stamp at that time.
    pub vtiger_stamp: Option<Stamp>,
    /// The service's modification stamp at that time.
    pub service_stamp: Option<Stamp>,
    /// The revision of the mapping that the prints were made with.
    pub revision: u64,
    /// How the link came about.
    pub origin: LinkOrigin,
}

/// A link without what it remembers of the single pairs: enough to see whether a record changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkHead {
    /// The id in Vtiger.
    pub vtiger_id: String,
    /// The id in the service, or the key of a companion.
    pub service_id: String,
    /// Fingerprints of all mapped values, Vtiger's first.
    pub prints: [u128; 2],
    /// The modification stamps at that time, Vtiger's first.
    pub stamps: [Option<Stamp>; 2],
    /// The revision of the mapping that the prints were made with.
    pub revision: u64,
    /// How the link came about.
    pub origin: LinkOrigin,
}

impl LinkHead {
    /// The id on a side.
    pub fn id_on(&self, side: Side) -> &str {
        match side {
            Side::Vtiger => &self.vtiger_id,
            Side::Service => &self.service_id,
        }
    }
}

impl Link {
    /// The id on a side.
    pub fn id_on(&self, side: Side) -> &str {
        match side {
            Side::Vtiger => &self.vtiger_id,
            Side::Service => &self.service_id,
        }
    }

    /// Whether the service has shown its record: a companion that only a document names has none.
    pub fn has_met_service(&self) -> bool {
        self.pairs.iter().any(|state| state.service_hash().is_some())
    }

    /// The link of two records of which nothing is known but that they belong together: the next sync
    /// compares them like records that were just matched.
    pub fn bare(vtiger_id: &str, service_id: &str, origin: LinkOrigin) -> Self {
        Self {
            vtiger_id: vtiger_id.to_owned(),
            service_id: service_id.to_owned(),
            vtiger_print: 0,
            service_print: 0,
            pairs: Vec::new(),
            vtiger_stamp: None,
            service_stamp: None,
            revision: 0,
            origin,
        }
    }

    /// The link of two records that a person says are the same.
    pub fn by_hand(vtiger_id: &str, service_id: &str) -> Self {
        Self::bare(vtiger_id, service_id, LinkOrigin::Person)
    }
}

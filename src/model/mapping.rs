//! One line of a field mapping: which Vtiger field and which service field hold the same thing.

use super::{Direction, Module};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How the two values of a pair are made comparable, and what may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum PairKind {
    /// Text, compared without white space at its ends.
    #[default]
    Text,
    /// Text of several lines. With two service fields the first line goes to the first field, the
    /// rest to the second.
    Lines,
    /// A name that the CRM treats as equal whatever its case, accents and trailing spaces.
    Name,
    /// An e-mail address, compared without regard to case.
    Email,
    /// A decimal number.
    Number,
    /// A whole number.
    Integer,
    /// Yes or no.
    Boolean,
    /// A date.
    Date,
    /// An instant.
    DateTime,
    /// A country: an ISO 3166 alpha-2 code for the service, code or name in the CRM.
    Country,
    /// The id of a record of the pair's module; it travels as the id of the linked record.
    Reference,
    /// The lines of an order or invoice ([`super::document`]).
    Items,
}

/// The mark before a reference whose record is not linked: nothing on the other side stands for it.
pub const UNLINKED: char = '?';

/// What an empty source does to the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum EmptyRule {
    /// It clears the target.
    #[default]
    Clear,
    /// It leaves the target as it is.
    Keep,
}

/// A change made to a value on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Transform {
    /// Cuts to this many characters.
    Truncate {
        /// The longest text that passes, in characters.
        length: usize,
    },
    /// Replaces whole values by a table for each way. A value that is not in the table passes
    /// unchanged, unless `otherwise` names what takes its place.
    Map {
        /// Service value → Vtiger value.
        #[serde(default)]
        to_vtiger: BTreeMap<String, String>,
        /// Vtiger value → service value.
        #[serde(default)]
        to_service: BTreeMap<String, String>,
        /// What the CRM gets for a service value that is not in the table.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        otherwise: Option<String>,
    },
    /// Turns to lower case.
    Lowercase,
    /// Turns to upper case.
    Uppercase,
    /// A fixed value for each way, whatever the source holds.
    Constant {
        /// What the CRM gets.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to_vtiger: Option<String>,
        /// What the service gets.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to_service: Option<String>,
    },
    /// Joins several service fields into the CRM's one, and splits it again on the way back: each
    /// field takes one part, the last field the rest.
    Join {
        /// What stands between the parts.
        separator: String,
    },
    /// Takes one part of the service's text for the CRM. It cannot travel back.
    Split {
        /// What stands between the parts.
        separator: String,
        /// Which part.
        part: Part,
    },
    /// The service writes dates in this notation (`%d/%m/%Y`); the CRM as 2026-12-31.
    DateFormat {
        /// The notation, as of strftime.
        service: String,
    },
    /// The service writes numbers with these signs.
    NumberFormat {
        /// The decimal sign.
        decimal: String,
        /// The sign between thousands; may be empty.
        #[serde(default)]
        thousands: String,
    },
    /// Turns the service's HTML into plain text for the CRM.
    HtmlToText,
}

/// A part of a text that is split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// What stands before the first separator.
    First,
    /// What stands behind it.
    Rest,
    /// What stands behind the last one; all of the text if there is none.
    Last,
}

impl Transform {
    /// The name in files.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Truncate { .. } => "truncate",
            Self::Map { .. } => "map",
            Self::Lowercase => "lowercase",
            Self::Uppercase => "uppercase",
            Self::Constant { .. } => "constant",
            Self::Join { .. } => "join",
            Self::Split { .. } => "split",
            Self::DateFormat { .. } => "date-format",
            Self::NumberFormat { .. } => "number-format",
            Self::HtmlToText => "html-to-text",
        }
    }
}

/// A line of a mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// The Vtiger field; `account_id.accountname` reads and writes through a reference.
    pub vtiger: String,
    /// The service field or fields, by dotted path. `meta_data.KEY` is the entry with that key.
    #[serde(with = "one_or_many")]
    pub service: Vec<String>,
    /// Service fields read in turn when the first ones are empty. Never written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<String>,
    /// Which way it may travel, within the module's direction.
    #[serde(default = "both")]
    pub direction: Direction,
    /// How values are compared.
    #[serde(default, rename = "type")]
    pub kind: PairKind,
    /// The module that a reference points to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<Module>,
    /// Whether the line takes part.
    #[serde(default = "yes")]
    pub active: bool,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// A record in which it is empty is skipped.
    #[serde(default)]
    pub required: bool,
    /// What an empty source does.
    #[serde(default)]
    pub empty: EmptyRule,
    /// What an empty source is taken to be when the other side's field gets a value.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub default: String,
    /// Changes on the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transform: Vec<Transform>,
    /// A null on the service's side means that the service has no opinion: nothing is compared.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub null_is_silent: bool,
    /// A zero means that nothing is set: it counts as empty.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub zero_is_empty: bool,
    /// Constant service fields written whenever this pair is written to the service.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub with: BTreeMap<String, bool>,
    /// It is used when a record is created, and never compared afterwards.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub once: bool,
    /// It takes the place of the default line with the same target.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replaces: bool,
    /// Added by an administrator, not by the service's asset.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub custom: bool,
}

impl Pair {
    /// The number under which links remember this pair. It depends on the two fields only; that of
    /// lines also on the way in which lines are compared, so that what an older program remembers of
    /// them is not taken for an edit.
    pub fn id(&self) -> u32 {
        let mut text = format!("{}\n{}", self.vtiger, self.service.join("\n"));
        if self.kind == PairKind::Items {
            text.push_str("\nlabels and the sum of taxes");
        }
        let hash = xxhash_rust::xxh3::xxh3_64(text.as_bytes());
        u32::try_from(hash >> 32).unwrap_or(0)
    }

    /// The service field as shown to people.
    pub fn service_label(&self) -> String {
        self.service.join(" + ")
    }

    /// A line with two fields and the defaults for all else.
    pub fn new(vtiger: &str, service: &str) -> Self {
        Self {
            vtiger: vtiger.to_owned(),
            service: vec![service.to_owned()],
            fallback: Vec::new(),
            direction: Direction::Both,
            kind: PairKind::Text,
            module: None,
            active: true,
            description: String::new(),
            required: false,
            empty: EmptyRule::Clear,
            default: String::new(),
            transform: Vec::new(),
            null_is_silent: false,
            zero_is_empty: false,
            with: BTreeMap::new(),
            once: false,
            replaces: false,
            custom: false,
        }
    }
}

fn both() -> Direction {
    Direction::Both
}

fn yes() -> bool {
    true
}

/// `service = "name"` and `service = ["line_1", "line_2"]` are both accepted.
mod one_or_many {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }

    pub fn serialize<S: Serializer>(paths: &[String], serializer: S) -> Result<S::Ok, S::Error> {
        match paths {
            [one] => one.serialize(serializer),
            many => many.serialize(serializer),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<String>, D::Error> {
        Ok(match OneOrMany::deserialize(deserializer)? {
            OneOrMany::One(path) => vec![path],
            OneOrMany::Many(paths) => paths,
        })
    }
}

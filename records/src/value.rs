//! Values and fields of a record, as one side holds them.

use compact_str::CompactString;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, LazyLock};

/// A value as read from or sent to a system, before it is made canonical.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub enum Value {
    /// Absent or null.
    #[default]
    Null,
    /// A JSON boolean.
    Bool(bool),
    /// A JSON number, exact.
    Number(#[serde(with = "rust_decimal::serde::str")] Decimal),
    /// Text. Most systems send numbers and dates as text too, and most of it is short.
    Text(CompactString),
    /// A list.
    List(Vec<Value>),
    /// A nested object.
    Object(Fields),
}

impl Value {
    /// The value as text: numbers without needless zeros are kept as they came, null is empty.
    pub fn to_text(&self) -> String {
        self.text().into_owned()
    }

    /// [`Self::to_text`] without a copy of what is text already.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Null => "".into(),
            Self::Bool(true) => "true".into(),
            Self::Bool(false) => "false".into(),
            Self::Number(n) => n.to_string().into(),
            Self::Text(t) => t.as_str().into(),
            Self::List(items) => {
                items.iter().map(Self::to_text).collect::<Vec<_>>().join(", ").into()
            }
            Self::Object(fields) => fields
                .iter()
                .map(|(k, v)| format!("{k}: {}", v.text()))
                .collect::<Vec<_>>()
                .join(", ")
                .into(),
        }
    }

    /// [`Self::to_text`] of a value that is not needed any more.
    pub fn into_text(self) -> String {
        match self {
            Self::Text(text) => text.into_string(),
            other => other.to_text(),
        }
    }

    /// Whether there is nothing in it: null, empty text, empty list or object.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(t) => t.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Object(fields) => fields.is_empty(),
            Self::Bool(_) | Self::Number(_) => false,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Self::Number(n.into())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

/// The fields of a record by dotted path (`billing.city`), sorted by path, each path once.
///
/// Only the paths that somebody asked for are in it; a path that the record does not have is
/// absent. A copy shares them until one of the two is changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fields(Arc<Vec<(Arc<str>, Value)>>);

/// Shared by all that are empty: a listing that only looks for changes makes one for each record.
static NONE: LazyLock<Fields> = LazyLock::new(|| Fields(Arc::default()));

impl Default for Fields {
    fn default() -> Self {
        NONE.clone()
    }
}

impl Fields {
    /// No fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Of fields in ascending order of their paths, each path once.
    pub fn sorted(fields: impl Iterator<Item = (Arc<str>, Value)>) -> Self {
        // There are seldom much fewer than there may be.
        let mut all = Vec::with_capacity(fields.size_hint().1.unwrap_or(0));
        all.extend(fields);
        if all.is_empty() {
            return Self::new();
        }
        debug_assert!(all.is_sorted_by(|a, b| a.0 < b.0));
        Self(Arc::new(all))
    }

    /// The value at a path; `None` if the record does not have it.
    pub fn get(&self, path: &str) -> Option<&Value> {
        // There are few of them, and texts of different lengths are told apart at once.
        self.0.iter().find(|(known, _)| **known == *path).map(|(_, value)| value)
    }

    /// Sets the value at a path.
    pub fn set(&mut self, path: impl Into<Arc<str>>, value: impl Into<Value>) {
        let path = path.into();
        let place = self.position(&path);
        let all = Arc::make_mut(&mut self.0);
        match place {
            Ok(at) => all[at].1 = value.into(),
            Err(at) => all.insert(at, (path, value.into())),
        }
    }

    /// Takes a path out.
    pub fn remove(&mut self, path: &str) -> Option<Value> {
        let at = self.position(path).ok()?;
        Some(Arc::make_mut(&mut self.0).remove(at).1)
    }

    /// Path and value of each field, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(k, v)| (&**k, v))
    }

    /// [`Self::iter`] with the paths as they are shared.
    pub(crate) fn shared(&self) -> impl Iterator<Item = &(Arc<str>, Value)> {
        self.0.iter()
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn position(&self, path: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(k, _)| (**k).cmp(path))
    }
}

impl<K: Into<Arc<str>>, V: Into<Value>> FromIterator<(K, V)> for Fields {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(iter: I) -> Self {
        let all = iter.into_iter().map(|(path, value)| (path.into(), value.into()));
        let all: Vec<(Arc<str>, Value)> = all.collect();
        if all.is_sorted_by(|a, b| a.0 < b.0) {
            return Self(Arc::new(all));
        }
        let mut fields = Self::new();
        for (path, value) in all {
            fields.set(path, value);
        }
        fields
    }
}

impl IntoIterator for Fields {
    type Item = (Arc<str>, Value);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    /// Path and value of each field, by path.
    fn into_iter(self) -> Self::IntoIter {
        Arc::unwrap_or_clone(self.0).into_iter()
    }
}

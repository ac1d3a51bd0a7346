//! Takes the wanted fields out of a JSON record while it is being parsed, and steps over the rest.
//!
//! The wanted paths form a small trie. A path goes down nested objects by dots (`billing.city`);
//! `meta_data.KEY` finds the entry with that key in a list of `{key, value}` objects, the first one
//! if there are several, and the key may contain dots itself. A path that names a list or an object
//! takes it whole. Numbers become exact decimals, whatever their length or notation.

use crate::{Fields, UNREADABLE, Value};
use compact_str::{CompactString, ToCompactString};
use memchr::memchr;
use rust_decimal::Decimal;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// How many members a connector can have for itself (id, stamps, status …).
pub const SLOTS: usize = 6;

/// The list of objects whose entries are found by key.
const KEYED: &str = "meta_data";

/// Which members of a record are wanted.
#[derive(Debug, Default)]
pub struct Projection {
    root: Node,
    /// In ascending order, as a record has them.
    paths: Vec<Arc<str>>,
    /// How lists are read at first.
    how: How,
}

/// What was taken out of a record.
#[derive(Debug, Default, PartialEq)]
pub struct Projected {
    /// The wanted fields that the record has.
    pub fields: Fields,
    /// What the connector wanted for itself.
    pub slots: [Value; SLOTS],
}

#[derive(Debug, Default)]
struct Node {
    /// Where its path stands among all.
    wanted: Option<usize>,
    slot: Option<usize>,
    keyed: bool,
    /// What tells the names of the children apart.
    heads: Vec<[u64; 2]>,
    children: Vec<(Box<str>, Node)>,
}

impl Projection {
    /// The fields at `paths`, and for the connector itself the top members `slots`.
    pub fn new<'a>(paths: impl IntoIterator<Item = &'a str>, slots: &[&str]) -> Self {
        let mut root = Node::default();
        let mut paths: Vec<Arc<str>> = paths.into_iter().map(Arc::from).collect();
        paths.sort_unstable();
        paths.dedup();
        for (n, path) in paths.iter().enumerate() {
            root.insert(path).wanted = Some(n);
        }
        for (n, name) in slots.iter().take(SLOTS).enumerate() {
            if !name.is_empty() {
                root.child(name).slot = Some(n);
            }
        }
        Self { root, paths, how: How::Quick }
    }

    /// The same for lists that are known to hold fractions.
    #[must_use]
    pub fn with_care(self) -> Self {
        Self { how: How::WithCare, ..self }
    }

    /// What to parse one record with, which is part of something larger.
    pub fn record(&self) -> RecordSeed<'_> {
        RecordSeed { projection: self, how: How::WithCare }
    }

    /// What to parse a list of records with, which is part of something larger.
    pub fn records(&self) -> ListSeed<'_> {
        ListSeed { projection: self, how: How::WithCare }
    }

    /// Parses a text that is a list of records: in one go, and once more [with care](Self::with_care)
    /// if a number has a fraction or a text half of a surrogate pair.
    ///
    /// # Errors
    /// It is something else.
    pub fn take_all(&self, json: &str) -> serde_json::Result<Vec<Projected>> {
        match parse(json, ListSeed { projection: self, how: self.how }) {
            Err(_) if self.how == How::Quick => parse(json, self.records()),
            taken => taken,
        }
    }

    /// Parses a text that is one record.
    ///
    /// # Errors
    /// It is something else.
    pub fn take(&self, json: &str) -> serde_json::Result<Projected> {
        parse(json, self.record())
    }
}

/// Parses a whole text with a seed.
pub fn parse<'de, S: DeserializeSeed<'de>>(
    text: &'de str,
    seed: S,
) -> serde_json::Result<S::Value> {
    let mut de = serde_json::Deserializer::from_str(text);
    let value = seed.deserialize(&mut de)?;
    de.end().map(|()| value)
}

impl Node {
    fn insert(&mut self, path: &str) -> &mut Self {
        match path.split_once('.') {
            Some((KEYED, key)) => {
                let list = self.child(KEYED);
                list.keyed = true;
                list.child(key)
            }
            Some((first, rest)) => self.child(first).insert(rest),
            None => self.child(path),
        }
    }

    fn child(&mut self, name: &str) -> &mut Self {
        let known = self.children.iter().position(|(child, _)| **child == *name);
        let at = known.unwrap_or_else(|| {
            self.heads.push(head(name));
            self.children.push((name.into(), Self::default()));
            self.children.len() - 1
        });
        &mut self.children[at].1
    }

    fn get(&self, name: &str) -> Option<&Self> {
        // There are few of them, and their heads tell all but long names apart.
        let (wanted, is_long) = (head(name), name.len() > 16);
        let alike = self.heads.iter().zip(&self.children).filter(|(head, _)| **head == wanted);
        let mut alike =
            alike.map(|(_, child)| child).filter(|(child, _)| child.len() == name.len());
        alike.find(|(child, _)| !is_long || **child == *name).map(|(_, node)| node)
    }

    fn is_leaf(&self) -> bool {
        self.wanted.is_some() || self.slot.is_some()
    }

    /// Whether a whole number here is an id: a text to us, whatever it is to others.
    fn is_id(&self) -> bool {
        self.slot.is_some() && self.wanted.is_none()
    }

    fn keep_raw(&self, raw: &str, out: &mut Found) {
        let is_id = self.is_id() && raw.bytes().all(|b| b.is_ascii_digit());
        self.keep(if is_id { Value::from(raw) } else { value(raw) }, out);
    }

    fn keep(&self, value: Value, out: &mut Found) {
        match (self.slot, self.wanted) {
            (Some(slot), None) => out.slots[slot] = value,
            (slot, Some(wanted)) => {
                if let Some(slot) = slot {
                    out.slots[slot] = value.clone();
                }
                out.values[wanted] = Some(value);
            }
            (None, None) => {}
        }
    }
}

/// The first and the last eight bytes of a name, or all of a shorter one: two different names of the
/// same length, up to sixteen bytes, have different ones.
fn head(name: &str) -> [u64; 2] {
    let bytes = name.as_bytes();
    match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => [first, last].map(|half| u64::from_be_bytes(*half)),
        _ => [bytes.iter().fold(0, |all, b| all << 8 | u64::from(*b)), 0],
    }
}

/// What was found of a record so far.
#[derive(Default)]
struct Found {
    /// By the places of their paths.
    values: Vec<Option<Value>>,
    slots: [Value; SLOTS],
}

/// How values are read.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
enum How {
    /// By the parser, which fails at what it would not keep as it is.
    #[default]
    Quick,
    /// By us, from their place in the text.
    WithCare,
}

/// Parses one record.
#[derive(Clone, Copy)]
pub struct RecordSeed<'a> {
    projection: &'a Projection,
    how: How,
}

impl<'de> DeserializeSeed<'de> for RecordSeed<'_> {
    type Value = Projected;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Projected, D::Error> {
        let Projection { root, paths, .. } = self.projection;
        let mut out = Found { values: paths.iter().map(|_| None).collect(), ..Found::default() };
        deserializer.deserialize_map(Members { node: root, how: self.how, out: &mut out })?;
        let found = paths.iter().zip(out.values);
        let fields = Fields::sorted(found.filter_map(|(path, value)| Some((path.clone(), value?))));
        Ok(Projected { fields, slots: out.slots })
    }
}

/// Parses a list of records.
#[derive(Clone, Copy)]
pub struct ListSeed<'a> {
    projection: &'a Projection,
    how: How,
}

impl<'de> DeserializeSeed<'de> for ListSeed<'_> {
    type Value = Vec<Projected>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ListSeed<'_> {
    type Value = Vec<Projected>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let Self { projection, how } = self;
        let mut all = Vec::with_capacity(100);
        while let Some(record) = seq.next_element_seed(RecordSeed { projection, how })? {
            all.push(record);
        }
        Ok(all)
    }
}

/// Walks through the members of an object.
struct Members<'a, 'o> {
    node: &'a Node,
    how: How,
    out: &'o mut Found,
}

impl<'de> Visitor<'de> for Members<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(found) = map.next_key_seed(Name(self.node))? {
            match found {
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
                Some(node) if !node.is_leaf() => {
                    map.next_value_seed(Below { node, how: self.how, out: self.out })?;
                }
                Some(node) if self.how == How::Quick && node.children.is_empty() => {
                    let value = map.next_value_seed(Quick { is_id: node.is_id() })?;
                    node.keep(value, self.out);
                }
                Some(node) => {
                    let raw: &RawValue = map.next_value()?;
                    node.keep_raw(raw.get(), self.out);
                    if !node.children.is_empty() {
                        let mut de = serde_json::Deserializer::from_str(raw.get());
                        let below = Below { node, how: self.how, out: self.out };
                        below.deserialize(&mut de).map_err(serde::de::Error::custom)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Finds the node of a member's name without copying the name.
struct Name<'a>(&'a Node);

impl<'de, 'a> DeserializeSeed<'de> for Name<'a> {
    type Value = Option<&'a Node>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Name<'a> {
    type Value = Option<&'a Node>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.get(name))
    }
}

/// What stands below a node: an object, a list of `{key, value}`, or anything else, which has none
/// of the wanted paths.
struct Below<'a, 'o> {
    node: &'a Node,
    how: How,
    out: &'o mut Found,
}

impl<'de> DeserializeSeed<'de> for Below<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Values that hold none of the wanted paths.
macro_rules! nothing_in {
    ($($method:ident($kind:ty)),*) => { $(
        fn $method<E>(self, _: $kind) -> Result<(), E> { Ok(()) }
    )* };
}

impl<'de> Visitor<'de> for Below<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    nothing_in!(visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_str(&str));

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        Members { node: self.node, how: self.how, out: self.out }.visit_map(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        if !self.node.keyed {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        while let Some(raw) = seq.next_element::<&RawValue>()? {
            if !raw.get().starts_with('{') {
                continue;
            }
            let entry: Entry<'_> =
                serde_json::from_str(raw.get()).map_err(serde::de::Error::custom)?;
            let (Some(key), Some(raw)) = (entry.key, entry.value) else {
                continue;
            };
            let node = self.node.get(&value(key.get()).to_text());
            if let Some(node) = node
                && node.wanted.is_some_and(|wanted| self.out.values[wanted].is_none())
            {
                node.keep_raw(raw.get(), self.out);
            }
        }
        Ok(())
    }
}

/// Reads a value as the parser gives it. What that would not keep exactly is an error: numbers with
/// a fraction or an exponent, or greater than 64 bits, and halves of surrogate pairs.
struct Quick {
    /// A whole number becomes a text.
    is_id: bool,
}

impl Quick {
    const INSIDE: Self = Self { is_id: false };
}

impl<'de> DeserializeSeed<'de> for Quick {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Quick {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value without a fraction")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, yes: bool) -> Result<Value, E> {
        Ok(Value::Bool(yes))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(match self.is_id {
            true => Value::Text(number.to_compact_string()),
            false => Value::Number(number.into()),
        })
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Self::INSIDE)? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            members.push((name, map.next_value_seed(Self::INSIDE)?));
        }
        Ok(Value::Object(members.into_iter().collect()))
    }
}

/// An entry of `meta_data`.
#[derive(serde::Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    key: Option<&'a RawValue>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
}

/// A JSON value as ours. The text is valid JSON.
pub fn value(raw: &str) -> Value {
    match raw.as_bytes().first() {
        Some(b'"') => Value::Text(text(raw)),
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(raw).unwrap_or_default();
            Value::List(items.into_iter().map(|item| value(item.get())).collect())
        }
        Some(b'{') => Value::Object(object(raw)),
        Some(b'-' | b'0'..=b'9') => number(raw),
        _ => Value::Null,
    }
}

fn number(raw: &str) -> Value {
    let exact = if raw.contains(['e', 'E']) {
        Decimal::from_scientific(raw)
    } else {
        Decimal::from_str_exact(raw)
    };
    // A number that no decimal holds is kept as it was written.
    exact.map_or_else(|_| Value::from(raw), Value::Number)
}

fn text(raw: &str) -> CompactString {
    let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or("");
    match memchr(b'\\', inner.as_bytes()) {
        None => inner.into(),
        Some(first) => unescaped(inner, first).into(),
    }
}

/// A JSON text without its escapes, of which the first stands at `first`. Half a surrogate pair,
/// which is unreadable for everybody, becomes [`UNREADABLE`].
fn unescaped(text: &str, first: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut plain, mut rest) = text.split_at(first);
    loop {
        out.push_str(plain);
        let mut chars = rest.chars();
        let escape = match (chars.next(), chars.next()) {
            (Some(_), Some(escape)) => escape,
            _ => return out,
        };
        rest = chars.as_str();
        match escape {
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'u' => match code_point(rest) {
                Some((c, length)) => {
                    out.push(c);
                    rest = &rest[length..];
                }
                None => {
                    out.push_str(UNREADABLE);
                    rest = rest.get(4..).unwrap_or("");
                }
            },
            itself => out.push(itself),
        }
        (plain, rest) = rest.split_at(memchr(b'\\', rest.as_bytes()).unwrap_or(rest.len()));
    }
}

/// What the hexadecimal digits behind `\u` stand for, with the other half of a surrogate pair, and
/// how long that is.
fn code_point(rest: &str) -> Option<(char, usize)> {
    let unit = |at: usize| u32::from_str_radix(rest.get(at..at + 4)?, 16).ok();
    let high = unit(0)?;
    if let Some(c) = char::from_u32(high) {
        return Some((c, 4));
    }
    if !(0xD800..0xDC00).contains(&high) || rest.get(4..6) != Some("\\u") {
        return None;
    }
    let low = unit(6).filter(|low| (0xDC00..0xE000).contains(low))?;
    char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)).map(|c| (c, 10))
}

fn object(raw: &str) -> Fields {
    let members: Vec<(String, &RawValue)> =
        serde_json::from_str::<Pairs<'_>>(raw).map(|pairs| pairs.0).unwrap_or_default();
    members.into_iter().map(|(name, raw)| (name, value(raw.get()))).collect()
}

/// The members of an object in order.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de> serde::Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Pairs<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    all.push(pair);
                }
                Ok(Pairs(all))
            }
        }
        deserializer.deserialize_map(All)
    }
}

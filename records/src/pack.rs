//! Fields as bytes, for records of which many are put aside for a while: their paths are the same, so
//! only the values are written, one behind the other in the order of the paths.

use crate::{Fields, Value};
use postcard::ser_flavors::Flavor;
use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// Room for the values of most records.
const ROOM: usize = 320;

/// The paths that records share, in ascending order.
#[derive(Debug, Clone)]
pub struct Layout(Vec<Arc<str>>);

/// The values of one record. Only the layout they were packed with can read them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed(Vec<u8>);

impl Layout {
    /// Of these paths, in any order.
    pub fn new<'a>(paths: impl IntoIterator<Item = &'a str>) -> Self {
        let mut paths: Vec<Arc<str>> = paths.into_iter().map(Arc::from).collect();
        paths.sort_unstable();
        paths.dedup();
        Self(paths)
    }

    /// Packs fields. Those that stand at other paths are written with them.
    ///
    /// # Errors
    /// A value cannot be written; there is none that cannot.
    pub fn pack(&mut self, fields: &Fields) -> postcard::Result<Packed> {
        let mut out = Vec::with_capacity(ROOM);
        let mut others = Vec::new();
        let mut places = self.0.iter_mut().peekable();
        // Both are in ascending order.
        for field in fields.shared() {
            let (path, value) = field;
            let known = loop {
                let Some(place) = places.peek_mut() else { break false };
                // The records of a connector share their paths with each other.
                if Arc::ptr_eq(place, path) {
                    break true;
                }
                match (***place).cmp(&**path) {
                    Ordering::Less => {
                        places.next();
                        put(&None::<Value>, &mut out)?;
                    }
                    Ordering::Greater => break false,
                    Ordering::Equal => {
                        place.clone_from(path);
                        break true;
                    }
                }
            };
            if known {
                places.next();
                put(&Some(value), &mut out)?;
            } else {
                others.push(field);
            }
        }
        for _ in places {
            put(&None::<Value>, &mut out)?;
        }
        put(&others, &mut out)?;
        Ok(Packed(out))
    }

    /// The fields as they were.
    ///
    /// # Errors
    /// The bytes are not those that were written.
    pub fn unpack(&self, packed: &Packed) -> postcard::Result<Fields> {
        let mut rest = packed.0.as_slice();
        let mut wrong = None;
        let known = self.0.iter().filter_map(|path| {
            match postcard::take_from_bytes::<Option<Value>>(rest) {
                Ok((value, after)) => {
                    rest = after;
                    Some((Arc::clone(path), value?))
                }
                Err(error) => {
                    wrong = Some(error);
                    None
                }
            }
        });
        let mut fields = Fields::sorted(known);
        if let Some(error) = wrong {
            return Err(error);
        }
        let others: Vec<(Arc<str>, Value)> = postcard::from_bytes(rest)?;
        for (path, value) in others {
            fields.set(path, value);
        }
        Ok(fields)
    }
}

/// Writes a value behind what is there.
fn put(value: &impl Serialize, out: &mut Vec<u8>) -> postcard::Result<()> {
    postcard::serialize_with_flavor(value, Behind(out))
}

/// Lets a value be written behind what is there already.
pub struct Behind<'a>(pub &'a mut Vec<u8>);

impl Flavor for Behind<'_> {
    type Output = ();

    fn try_extend(&mut self, data: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(data);
        Ok(())
    }

    fn try_push(&mut self, data: u8) -> postcard::Result<()> {
        self.0.push(data);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

impl Serialize for Packed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Packed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(Bytes)
    }
}

struct Bytes;

impl Visitor<'_> for Bytes {
    type Value = Packed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Packed, E> {
        Ok(Packed(bytes.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_packed_comes_back_as_it_was(
            known in prop::collection::vec("[a-e]{1,2}", 0..6),
            held in prop::collection::vec(("[a-f]{1,2}", prop::option::of("[x-z]{0,2}")), 0..8),
        ) {
            let mut layout = Layout::new(known.iter().map(String::as_str));
            let value = |text: Option<String>| text.map_or(Value::Null, Value::from);
            let fields: Fields = held.into_iter().map(|(path, text)| (path, value(text))).collect();
            let packed = layout.pack(&fields).unwrap();
            prop_assert_eq!(layout.unpack(&packed).unwrap(), fields);
        }
    }

    fn record() -> (Layout, Fields) {
        let names: Vec<String> = (0..20).map(|n| format!("billing.field_number_{n:02}")).collect();
        let fields = names.iter().map(|name| (name.as_str(), Value::from("value"))).collect();
        (Layout::new(names.iter().map(String::as_str)), fields)
    }

    #[test]
    fn names_are_not_written_and_short_texts_not_allocated() {
        let (mut layout, fields) = record();
        let packed = layout.pack(&fields).unwrap();
        assert!(packed.0.len() < 200, "{} bytes for a hundred of values", packed.0.len());
        let info = allocation_counter::measure(|| drop(layout.pack(&fields)));
        assert_eq!(info.count_total, 1);
        // The fields, and what shares them.
        let info = allocation_counter::measure(|| drop(layout.unpack(&packed)));
        assert!(info.count_total <= 2, "{}", info.count_total);
    }

    #[test]
    fn what_was_cut_off_or_damaged_is_an_error() {
        let (mut layout, fields) = record();
        let packed = layout.pack(&fields).unwrap();
        for length in 0..packed.0.len() {
            assert!(layout.unpack(&Packed(packed.0[..length].to_vec())).is_err(), "{length}");
        }
        let mut damaged = packed;
        damaged.0[0] = 7;
        assert!(layout.unpack(&damaged).is_err());
    }
}

//! Records on their way through the scratch files. The paths of their fields are the same for all
//! records of a side, so only the values are written.

use super::module::at;
use crate::model::{Fields, LinkHead, Record, Side, Stamp, Value};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::sync::Arc;

/// A record that was read and has to be looked at, or that is gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Staged {
    /// The side it is on.
    pub side: Side,
    /// Its id there.
    pub id: String,
    /// The Vtiger id of its link; empty if it has none.
    pub link: String,
    packed: Option<Packed>,
}

impl Staged {
    /// Whether the record is gone.
    pub fn is_gone(&self) -> bool {
        self.packed.is_none()
    }
}

/// A record without its id and its paths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Packed {
    modified: Option<Stamp>,
    created: Option<Stamp>,
    trashed: bool,
    /// The values at the known paths, in their order.
    values: Vec<Option<Value>>,
    /// What stands at other paths.
    others: Fields,
}

/// The paths that the records of each side have, in ascending order.
#[derive(Debug, Clone)]
pub struct Paths([Vec<Arc<str>>; 2]);

impl Paths {
    /// Of these paths of Vtiger and of the service, in any order.
    pub fn new(paths: [&[String]; 2]) -> Self {
        Self(paths.map(|paths| {
            let mut paths: Vec<Arc<str>> = paths.iter().map(|path| path.as_str().into()).collect();
            paths.sort_unstable();
            paths.dedup();
            paths
        }))
    }

    /// A linked record that changed.
    pub fn linked(&mut self, side: Side, record: Record, link: &LinkHead) -> Staged {
        Staged { link: link.vtiger_id.clone(), ..self.fresh(side, record) }
    }

    /// A linked record that is gone.
    pub fn gone(&self, side: Side, id: String, link: &LinkHead) -> Staged {
        Staged { side, id, link: link.vtiger_id.clone(), packed: None }
    }

    /// An unlinked record.
    pub fn fresh(&mut self, side: Side, record: Record) -> Staged {
        let paths = &mut self.0[at(side)];
        let mut values: Vec<Option<Value>> = Vec::with_capacity(paths.len());
        let mut others = Fields::new();
        // Both are in ascending order.
        let Record { id, modified, created, trashed, fields } = record;
        for (path, value) in fields {
            let known = loop {
                let Some(known) = paths.get_mut(values.len()) else { break false };
                // The records of a connector share their paths with each other.
                if Arc::ptr_eq(known, &path) {
                    break true;
                }
                match (**known).cmp(&*path) {
                    Ordering::Less => values.push(None),
                    Ordering::Greater => break false,
                    Ordering::Equal => {
                        known.clone_from(&path);
                        break true;
                    }
                }
            };
            if known {
                values.push(Some(value));
            } else {
                others.set(path, value);
            }
        }
        let packed = Packed { modified, created, trashed, values, others };
        Staged { side, id, link: String::new(), packed: Some(packed) }
    }

    /// The record as it was; `None`: it is gone.
    pub fn record(&self, staged: Staged) -> Option<Record> {
        let Packed { modified, created, trashed, values, others } = staged.packed?;
        let known = self.0[at(staged.side)].iter().zip(values);
        let known = known.filter_map(|(path, value)| Some((Arc::clone(path), value?)));
        let mut fields = Fields::sorted(known);
        for (path, value) in others {
            fields.set(path, value);
        }
        Some(Record { id: staged.id, modified, created, trashed, fields })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_staged_comes_back_as_it_was(
            known in prop::collection::vec("[a-e]{1,2}", 0..6),
            held in prop::collection::vec(("[a-f]{1,2}", "[x-z]{0,2}"), 0..8),
            service: bool,
        ) {
            let side = if service { Side::Service } else { Side::Vtiger };
            let mut paths = Paths::new([&known, &known]);
            let record = Record {
                id: "12x7".into(),
                modified: Some(Stamp(5)),
                fields: held.into_iter().collect(),
                ..Record::default()
            };
            let staged = paths.fresh(side, record.clone());
            let bytes = postcard::to_stdvec(&staged).unwrap();
            let read: Staged = postcard::from_bytes(&bytes).unwrap();
            prop_assert_eq!(&read, &staged);
            prop_assert_eq!(paths.record(read), Some(record));
        }
    }

    #[test]
    fn one_that_is_gone_has_no_record() {
        let link = LinkHead {
            vtiger_id: "12x7".into(),
            service_id: "4".into(),
            prints: [1, 2],
            stamps: [None, None],
            revision: 3,
            origin: crate::model::LinkOrigin::Matched,
        };
        let paths = Paths::new([&[], &[]]);
        let staged = paths.gone(Side::Service, "4".into(), &link);
        assert_eq!(staged.link, "12x7");
        assert_eq!(paths.record(staged), None);
    }

    #[test]
    fn what_is_staged_costs_its_values_and_no_names() {
        let names: Vec<String> = (0..20).map(|n| format!("billing.field_number_{n:02}")).collect();
        let mut paths = Paths::new([&names, &names]);
        let fields = names.iter().map(|name| (name.as_str(), Value::from("value"))).collect();
        let record = Record { id: "43".into(), fields, ..Record::default() };
        let bytes = postcard::to_stdvec(&paths.fresh(Side::Service, record)).unwrap();
        assert!(bytes.len() < 200, "{} bytes for a hundred of values", bytes.len());
        let info = allocation_counter::measure(|| {
            let staged: Staged = postcard::from_bytes(&bytes).unwrap();
            assert!(paths.record(staged).is_some());
        });
        // The id, the values, the fields, and what shares them and the others.
        assert!(info.count_total <= 6, "{}", info.count_total);
    }
}

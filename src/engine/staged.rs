//! Records on their way through the scratch files. The paths of their fields are the same for all
//! records of a side, so only the values are written.

use super::module::at;
use crate::model::{LinkHead, Record, Side, Stamp};
use crate::store::StoreResult;
use crate::store::scratch::bad_value;
use serde::{Deserialize, Serialize};
use syncdeck_records::pack::{Layout, Packed};

/// A record that was read and has to be looked at, or that is gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Staged {
    /// The side it is on.
    pub side: Side,
    /// Its id there.
    pub id: String,
    /// The Vtiger id of its link; empty if it has none.
    pub link: String,
    held: Option<Held>,
}

impl Staged {
    /// Whether the record is gone.
    pub fn is_gone(&self) -> bool {
        self.held.is_none()
    }
}

/// A record without its id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Held {
    modified: Option<Stamp>,
    created: Option<Stamp>,
    trashed: bool,
    fields: Packed,
}

/// The paths that the records of each side have.
#[derive(Debug, Clone)]
pub struct Paths([Layout; 2]);

impl Paths {
    /// Of these paths of Vtiger and of the service, in any order.
    pub fn new(paths: [&[String]; 2]) -> Self {
        Self(paths.map(|paths| Layout::new(paths.iter().map(String::as_str))))
    }

    /// A linked record that changed.
    ///
    /// # Errors
    /// As [`Self::fresh`].
    pub fn linked(&mut self, side: Side, record: Record, link: &LinkHead) -> StoreResult<Staged> {
        Ok(Staged { link: link.vtiger_id.clone(), ..self.fresh(side, record)? })
    }

    /// A linked record that is gone.
    pub fn gone(&self, side: Side, id: String, link: &LinkHead) -> Staged {
        Staged { side, id, link: link.vtiger_id.clone(), held: None }
    }

    /// An unlinked record.
    ///
    /// # Errors
    /// It cannot be put aside.
    pub fn fresh(&mut self, side: Side, record: Record) -> StoreResult<Staged> {
        let Record { id, modified, created, trashed, fields } = record;
        let fields = self.0[at(side)].pack(&fields).map_err(|error| bad_value(&error))?;
        let held = Held { modified, created, trashed, fields };
        Ok(Staged { side, id, link: String::new(), held: Some(held) })
    }

    /// The record as it was; `None`: it is gone.
    ///
    /// # Errors
    /// What was put aside is damaged.
    pub fn record(&self, staged: Staged) -> StoreResult<Option<Record>> {
        let Some(Held { modified, created, trashed, fields }) = staged.held else {
            return Ok(None);
        };
        let fields = self.0[at(staged.side)].unpack(&fields).map_err(|error| bad_value(&error))?;
        Ok(Some(Record { id: staged.id, modified, created, trashed, fields }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Fields, LinkOrigin};

    fn paths(names: &[String]) -> Paths {
        Paths::new([names, names])
    }

    #[test]
    fn what_is_staged_comes_back_as_it_was() {
        let mut paths = paths(&["b".into(), "a".into()]);
        let fields: Fields = [("a", "1"), ("c", "3")].into_iter().collect();
        let (modified, created) = (Some(Stamp(5)), Some(Stamp(3)));
        let record = Record { id: "12x7".into(), modified, created, trashed: true, fields };
        for side in Side::BOTH {
            let staged = paths.fresh(side, record.clone()).unwrap();
            let bytes = postcard::to_stdvec(&staged).unwrap();
            let read: Staged = postcard::from_bytes(&bytes).unwrap();
            assert_eq!(read, staged);
            assert_eq!(paths.record(read).unwrap(), Some(record.clone()));
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
            origin: LinkOrigin::Matched,
        };
        let paths = paths(&[]);
        let staged = paths.gone(Side::Service, "4".into(), &link);
        assert_eq!(staged.link, "12x7");
        assert_eq!(paths.record(staged).unwrap(), None);
    }

    #[test]
    fn what_comes_back_from_disk_costs_few_allocations() {
        let names: Vec<String> = (0..20).map(|n| format!("billing.field_number_{n:02}")).collect();
        let mut paths = paths(&names);
        let fields = names.iter().map(|name| (name.as_str(), "value")).collect();
        let record = Record { id: "43".into(), fields, ..Record::default() };
        let bytes = postcard::to_stdvec(&paths.fresh(Side::Service, record).unwrap()).unwrap();
        let info = allocation_counter::measure(|| {
            let staged: Staged = postcard::from_bytes(&bytes).unwrap();
            assert!(paths.record(staged).unwrap().is_some());
        });
        // The id, the bytes, the fields, and what shares them.
        assert!(info.count_total <= 4, "{}", info.count_total);
    }
}

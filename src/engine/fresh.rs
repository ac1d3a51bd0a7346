//! Staged records without a link, by match key. A record whose key changes while it is listed is
//! staged under both keys, and the later one counts.

use super::context::Step;
use super::module::at;
use super::staged::Staged;
use crate::model::{Side, id_key};
use crate::store::scratch::{Scratch, ScratchEntries};
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

/// The staged records of both sides that have no link.
pub struct Fresh {
    staged: Scratch<Staged>,
    /// The greatest id of each side so far, as long as each one is greater than those before it:
    /// none is staged twice then.
    greatest: Option<[Vec<u8>; 2]>,
    /// Otherwise, under which keys records were staged: by side and id, with the order of staging.
    keys: Scratch<u64>,
    /// The keys that are no longer theirs, and how many were staged when that was found out.
    stale: Option<(u64, Arc<HashSet<Vec<u8>>>)>,
}

impl Fresh {
    /// None, to be gathered in this folder.
    pub fn new(folder: &Path) -> Self {
        Self {
            staged: Scratch::new(folder),
            greatest: Some([Vec::new(), Vec::new()]),
            keys: Scratch::new(folder),
            stale: None,
        }
    }

    /// Adds a record with its match key.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn push(&mut self, match_key: Option<&str>, record: &Staged) -> Step<()> {
        let key = fresh_key(match_key, record.side, &record.id);
        let id = id_of(&key);
        match &mut self.greatest {
            Some(greatest) if greatest[at(record.side)].as_slice() < id => {
                let last = &mut greatest[at(record.side)];
                last.clear();
                last.extend_from_slice(id);
            }
            // Nobody asks for the order of those that were all staged once.
            Some(_) => {
                self.greatest = None;
                for entry in self.staged.entries()? {
                    self.keys.push(&place(entry?.key()), &0)?;
                }
                self.keys.push(&place(&key), &self.staged.pushed())?;
            }
            None => self.keys.push(&place(&key), &self.staged.pushed())?,
        }
        Ok(self.staged.push(&key, record)?)
    }

    /// How many were added (one that was staged twice counts twice).
    pub fn pushed(&self) -> u64 {
        self.staged.pushed()
    }

    /// All of them in the order of their keys, also under [those that are stale](Self::stale).
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn entries(&mut self) -> Step<ScratchEntries<Staged>> {
        Ok(self.staged.entries()?)
    }

    /// The keys under which records were staged that have another key by now.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn stale(&mut self) -> Step<Arc<HashSet<Vec<u8>>>> {
        let pushed = self.keys.pushed();
        if let Some((_, known)) = self.stale.as_ref().filter(|(of, _)| *of == pushed) {
            return Ok(known.clone());
        }
        let mut stale = HashSet::new();
        let mut last: Option<(Vec<u8>, Vec<u8>, u64)> = None;
        for entry in self.keys.iter()? {
            let (place, order) = entry?;
            let end = place.iter().skip(1).position(|b| *b == 0).map_or(place.len(), |at| at + 1);
            let (record, key) = place.split_at(end);
            let key = key.get(1..).unwrap_or_default().to_vec();
            let mut now = (record.to_vec(), key, order);
            if let Some(before) = last.take().filter(|before| before.0 == now.0) {
                let older =
                    if before.2 > now.2 { std::mem::replace(&mut now, before) } else { before };
                stale.insert(older.1);
            }
            last = Some(now);
        }
        let stale = Arc::new(stale);
        self.stale = Some((pushed, stale.clone()));
        Ok(stale)
    }
}

/// Sorts unlinked records by match key, then side, then id; those without a key come last.
pub fn fresh_key(key: Option<&str>, side: Side, id: &str) -> Vec<u8> {
    let id = id_key(id);
    let first = if key.is_some() { b"k" } else { b"z" };
    let key = key.unwrap_or(&id).as_bytes();
    [first, key, &[0, at(side) as u8], id.as_bytes()].concat()
}

/// The part of a key that the records of a group share: all before the last zero byte.
pub fn group_of(key: &[u8]) -> &[u8] {
    let end = key.iter().rposition(|b| *b == 0).unwrap_or(key.len());
    // The byte after the zero tells the side (0 or 1): a zero there is not the separator.
    let end = if end > 0 && key[end - 1] == 0 { end - 1 } else { end };
    &key[..end]
}

/// The side that a key tells.
pub fn side_of(key: &[u8]) -> Option<Side> {
    match key.get(group_of(key).len() + 1)? {
        0 => Some(Side::Vtiger),
        _ => Some(Side::Service),
    }
}

/// The id that a key tells, as it sorts.
fn id_of(key: &[u8]) -> &[u8] {
    key.get(group_of(key).len() + 2..).unwrap_or_default()
}

/// The same with the record before the key.
fn place(key: &[u8]) -> Vec<u8> {
    let side = key.get(group_of(key).len() + 1).copied().unwrap_or_default();
    [&[side], id_of(key), b"\0", key].concat()
}

#[cfg(test)]
mod tests;

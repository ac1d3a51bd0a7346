//! Which Vtiger record and which service record are the same, found from either id. Both
//! directions are written in one transaction, and an id is in one link at most.
//!
//! The index by service ids also has what a narrow listing is compared with, in the order of such a
//! listing, so that nobody opens a hundred links to see that nothing changed.

use super::counters::Counter;
use crate::model::{
    Base, ConnectorId, Link, LinkHead, LinkOrigin, Module, PairState, Side, Stamp, id_key,
    is_companion_id,
};
use crate::store::codec::{Code, PassedOver, Row, decode, pack, unpack};
use crate::store::reader::Reader;
use crate::store::writing::Writing;
use crate::store::{StoreError, StoreResult};
use compact_str::CompactString;
use redb::{ReadableTable, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::ops::Bound;

/// Connector, module, id.
pub(in crate::store) type Key = (u32, u8, &'static str);
/// Service id, Vtiger id, the service's stamp, the revision of the mapping.
pub(in crate::store) type BySidValue = (&'static str, &'static str, Option<i64>, u64);

pub(in crate::store) const LINKS: TableDefinition<'static, Key, &'static [u8]> =
    TableDefinition::new("links");
pub(in crate::store) const LINKS_BY_SID: TableDefinition<'static, Key, BySidValue> =
    TableDefinition::new("links_by_service");
/// The index up to schema 2: ids only.
const IDS_BY_SID: TableDefinition<'static, Key, (&'static str, &'static str)> =
    TableDefinition::new("links_by_sid");

/// `P`: the pairs, or that they are passed over.
#[derive(Serialize, Deserialize)]
#[serde(bound(deserialize = "P: Deserialize<'de>"))]
struct LinkV1<'a, P = Vec<PairV1<'a>>> {
    vtiger_id: &'a str,
    service_id: &'a str,
    vtiger_print: u128,
    service_print: u128,
    pairs: P,
    vtiger_stamp: Option<i64>,
    service_stamp: Option<i64>,
    revision: u64,
    origin: u8,
}

#[derive(Serialize, Deserialize)]
struct PairV1<'a> {
    pair: u32,
    #[serde(borrow)]
    base: BaseV1<'a>,
    vtiger: Option<u64>,
    service: Option<u64>,
}

#[derive(Serialize, Deserialize)]
enum BaseV1<'a> {
    Value(&'a str),
    Hash(u64),
    Unknown,
}

impl<'a> From<&'a PairState> for PairV1<'a> {
    fn from(state: &'a PairState) -> Self {
        Self {
            pair: state.pair,
            base: match &state.base {
                Base::Value(text) => BaseV1::Value(text),
                Base::Hash(hash) => BaseV1::Hash(*hash),
                Base::Unknown => BaseV1::Unknown,
            },
            vtiger: state.vtiger,
            service: state.service,
        }
    }
}

impl From<PairV1<'_>> for PairState {
    fn from(v1: PairV1<'_>) -> Self {
        Self {
            pair: v1.pair,
            base: match v1.base {
                BaseV1::Value(text) => Base::Value(text.to_owned()),
                BaseV1::Hash(hash) => Base::Hash(hash),
                BaseV1::Unknown => Base::Unknown,
            },
            vtiger: v1.vtiger,
            service: v1.service,
        }
    }
}

impl LinkV1<'_> {
    fn into_link(self) -> StoreResult<Link> {
        Ok(Link {
            vtiger_id: self.vtiger_id.to_owned(),
            service_id: self.service_id.to_owned(),
            vtiger_print: self.vtiger_print,
            service_print: self.service_print,
            pairs: self.pairs.into_iter().map(PairState::from).collect(),
            vtiger_stamp: self.vtiger_stamp.map(Stamp),
            service_stamp: self.service_stamp.map(Stamp),
            revision: self.revision,
            origin: LinkOrigin::read(self.origin, Link::TABLE)?,
        })
    }
}

impl Row for Link {
    const TABLE: &'static str = "links";

    fn encode(&self) -> StoreResult<Vec<u8>> {
        let v1: LinkV1<'_> = LinkV1 {
            vtiger_id: &self.vtiger_id,
            service_id: &self.service_id,
            vtiger_print: self.vtiger_print,
            service_print: self.service_print,
            pairs: self.pairs.iter().map(PairV1::from).collect(),
            vtiger_stamp: self.vtiger_stamp.map(|at| at.0),
            service_stamp: self.service_stamp.map(|at| at.0),
            revision: self.revision,
            origin: self.origin.code(),
        };
        pack(Self::TABLE, 1, &v1)
    }

    fn decode_version(version: u8, bytes: &[u8]) -> Option<StoreResult<Self>> {
        (version == 1).then(|| unpack::<LinkV1<'_>>(Self::TABLE, bytes).and_then(LinkV1::into_link))
    }
}

/// The head of a link from the bytes of its row.
fn head(row: &[u8]) -> StoreResult<LinkHead> {
    type HeadV1<'a> = LinkV1<'a, PassedOver<PairV1<'a>>>;
    let head = |v1: HeadV1<'_>| {
        Ok(LinkHead {
            vtiger_id: v1.vtiger_id.to_owned(),
            service_id: v1.service_id.to_owned(),
            prints: [v1.vtiger_print, v1.service_print],
            stamps: [v1.vtiger_stamp.map(Stamp), v1.service_stamp.map(Stamp)],
            revision: v1.revision,
            origin: LinkOrigin::read(v1.origin, Link::TABLE)?,
        })
    };
    decode(Link::TABLE, row, |version, bytes| {
        (version == 1).then(|| unpack::<HeadV1<'_>>(Link::TABLE, bytes).and_then(head))
    })
}

/// The two ids of a link.
pub(in crate::store) struct Ends {
    pub(in crate::store) vtiger: String,
    pub(in crate::store) service: String,
}

impl Writing<'_> {
    /// The ids of the link that a record is in.
    pub(in crate::store) fn ends(
        &mut self,
        c: ConnectorId,
        m: Module,
        side: Side,
        id: &str,
    ) -> StoreResult<Option<Ends>> {
        let key = id_key(id);
        if side == Side::Service {
            let ids = self.links_by_sid.open()?.get((c, m.code(), key.as_str()))?;
            let vtiger = |ids: &str| Ends { vtiger: ids.to_owned(), service: id.to_owned() };
            return Ok(ids.map(|ids| vtiger(ids.value().1)));
        }
        let row = self.links.open()?.get((c, m.code(), key.as_str()))?;
        let link = row.map(|row| Link::decode(row.value())).transpose()?;
        Ok(link.map(|link| Ends { vtiger: link.vtiger_id, service: link.service_id }))
    }

    /// Adds or replaces a link; refuses one that would tie a record twice.
    pub(in crate::store) fn put_link(
        &mut self,
        c: ConnectorId,
        m: Module,
        link: &Link,
    ) -> StoreResult<()> {
        let vid = id_key(&link.vtiger_id);
        let sid = id_key(&link.service_id);
        let back = indexed(link);
        let by_sid = self.links_by_sid.open()?;
        // Whether the index has this link already, and just as it is.
        let (mut tied, mut same) = (false, false);
        if let Some(found) = by_sid.get((c, m.code(), sid.as_str()))? {
            let found = found.value();
            if found.1 != link.vtiger_id {
                let other = found.1.to_owned();
                return Err(StoreError::AlreadyLinked(link.service_id.clone(), other));
            }
            (tied, same) = (true, found == back);
        }
        let bytes = link.encode()?;
        let old = self.links.open()?.insert((c, m.code(), vid.as_str()), bytes.as_slice())?;
        let is_new = old.is_none();
        // A guest who has registered: the companion's key makes room.
        let companion = match old.filter(|_| !tied) {
            Some(old) => {
                let old = Link::decode(old.value())?;
                if !is_companion_id(&old.service_id) {
                    return Err(StoreError::AlreadyLinked(link.vtiger_id.clone(), old.service_id));
                }
                Some(id_key(&old.service_id))
            }
            None => None,
        };
        if let Some(key) = companion {
            by_sid.remove((c, m.code(), key.as_str()))?;
        }
        if !same {
            by_sid.insert((c, m.code(), sid.as_str()), back)?;
        }
        if is_new {
            self.count(Counter::Links, c, m, 1);
        }
        Ok(())
    }

    /// Remembers at which stamp a record of a link was compared, if the link is still there.
    pub(in crate::store) fn settle_link(
        &mut self,
        c: ConnectorId,
        m: Module,
        side: Side,
        vtiger_id: &str,
        stamp: Stamp,
    ) -> StoreResult<()> {
        let row = self.links.open()?.get((c, m.code(), id_key(vtiger_id).as_str()))?;
        let link = row.map(|row| Link::decode(row.value())).transpose()?;
        let Some(mut link) = link else { return Ok(()) };
        match side {
            Side::Vtiger => link.vtiger_stamp = Some(stamp),
            Side::Service => link.service_stamp = Some(stamp),
        }
        self.put_link(c, m, &link)
    }

    /// Removes a link by its Vtiger id.
    pub(in crate::store) fn drop_link(
        &mut self,
        c: ConnectorId,
        m: Module,
        vtiger_id: &str,
    ) -> StoreResult<()> {
        let vid = id_key(vtiger_id);
        let old = self.links.open()?.remove((c, m.code(), vid.as_str()))?;
        let old = old.map(|row| Link::decode(row.value())).transpose()?;
        if let Some(link) = old {
            let sid = id_key(&link.service_id);
            self.links_by_sid.open()?.remove((c, m.code(), sid.as_str()))?;
            self.count(Counter::Links, c, m, -1);
        }
        Ok(())
    }

    /// Removes the links of a connector.
    pub(super) fn clear_links(&mut self, c: ConnectorId) -> StoreResult<()> {
        let all = (c, 0, "")..(c + 1, 0, "");
        self.links.open()?.retain_in::<(u32, u8, &str), _>(all.clone(), |_, _| false)?;
        self.links_by_sid.open()?.retain_in::<(u32, u8, &str), _>(all, |_, _| false)?;
        Ok(())
    }
}

/// What the index by service ids has of a link.
pub(in crate::store) fn indexed(link: &Link) -> (&str, &str, Option<i64>, u64) {
    (&link.service_id, &link.vtiger_id, link.service_stamp.map(|at| at.0), link.revision)
}

/// Makes the index by service ids anew, with stamps and revisions: what a store of schema 2 needs.
pub(in crate::store) fn index_stamps(txn: &WriteTransaction) -> StoreResult<()> {
    let links = txn.open_table(LINKS)?;
    let mut index = txn.open_table(LINKS_BY_SID)?;
    for row in links.iter()? {
        let row = row?;
        // A link that cannot be read is told by the inspection, not here.
        if let Ok(link) = Link::decode(row.1.value()) {
            let (c, m, _) = row.0.value();
            index.insert((c, m, id_key(&link.service_id).as_str()), indexed(&link))?;
        }
    }
    txn.delete_table(IDS_BY_SID)?;
    Ok(())
}

/// What a link remembers of one of its records, as far as a narrow listing can be compared with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkMark {
    /// The record's stamp; `None`: it was still warm.
    pub stamp: Option<Stamp>,
    /// The revision of the mapping that it was compared with.
    pub revision: u64,
}

type Range<'a> = (Bound<(u32, u8, &'a str)>, Bound<(u32, u8, &'a str)>);

/// The keys of a module after one.
fn after(c: ConnectorId, m: Module, key: Option<&str>) -> Range<'_> {
    let start = match key {
        Some(key) => Bound::Excluded((c, m.code(), key)),
        None => Bound::Included((c, m.code(), "")),
    };
    (start, Bound::Excluded((c, m.code() + 1, "")))
}

impl Reader {
    /// The link of a Vtiger record.
    pub fn link_by_vtiger(&self, c: ConnectorId, m: Module, id: &str) -> StoreResult<Option<Link>> {
        let key = id_key(id);
        self.links
            .open(&self.txn)?
            .get((c, m.code(), key.as_str()))?
            .map(|row| Link::decode(row.value()))
            .transpose()
    }

    /// The link of a service record.
    pub fn link_by_service(
        &self,
        c: ConnectorId,
        m: Module,
        id: &str,
    ) -> StoreResult<Option<Link>> {
        match self.vtiger_id_of(c, m, id)? {
            Some(vtiger_id) => self.link_by_vtiger(c, m, &vtiger_id),
            None => Ok(None),
        }
    }

    /// The link of a record without its pairs.
    pub fn link_head(
        &self,
        c: ConnectorId,
        m: Module,
        side: Side,
        id: &str,
    ) -> StoreResult<Option<LinkHead>> {
        let links = self.links.open(&self.txn)?;
        let key = id_key(id);
        let row = match side {
            Side::Vtiger => links.get((c, m.code(), key.as_str()))?,
            Side::Service => {
                let ids = self.links_by_sid.open(&self.txn)?.get((c, m.code(), key.as_str()))?;
                let Some(ids) = ids else { return Ok(None) };
                links.get((c, m.code(), id_key(ids.value().1).as_str()))?
            }
        };
        row.map(|row| head(row.value())).transpose()
    }

    /// What the links of records remember of them, in the order of these ids; `None`: that one is
    /// not linked. Ids of a service in ascending order that stand close together, like those of a
    /// page of a listing, are one walk through the index.
    pub fn link_marks<'i>(
        &self,
        c: ConnectorId,
        m: Module,
        side: Side,
        ids: impl Iterator<Item = &'i str>,
    ) -> StoreResult<Vec<Option<LinkMark>>> {
        if side == Side::Vtiger {
            let of = |link: LinkHead| LinkMark { stamp: link.stamps[0], revision: link.revision };
            return ids.map(|id| Ok(self.link_head(c, m, side, id)?.map(of))).collect();
        }
        let table = self.links_by_sid.open(&self.txn)?;
        let mark = |(_, _, stamp, revision): (&str, &str, Option<i64>, u64)| LinkMark {
            stamp: stamp.map(Stamp),
            revision,
        };
        let keys: Vec<CompactString> = ids.map(id_key).collect();
        let mut marks: Vec<Option<LinkMark>> = Vec::with_capacity(keys.len());
        if let (Some(first), Some(last)) = (keys.first(), keys.last())
            && keys.is_sorted()
        {
            // Many links in between are links of records that the listing does not show.
            let steps = keys.len().saturating_mul(2);
            let all = (c, m.code(), first.as_str())..=(c, m.code(), last.as_str());
            let mut walk = table.range::<(u32, u8, &str)>(all)?.take(steps);
            let mut next = walk.next().transpose()?;
            'keys: for key in &keys {
                marks.push(loop {
                    // What stands behind the end of the walk is looked up below.
                    let Some(row) = &next else { break 'keys };
                    match row.0.value().2.cmp(key.as_str()) {
                        Ordering::Less => next = walk.next().transpose()?,
                        Ordering::Equal => break Some(mark(row.1.value())),
                        Ordering::Greater => break None,
                    }
                });
            }
        }
        for key in &keys[marks.len()..] {
            let found = table.get((c, m.code(), key.as_str()))?;
            marks.push(found.map(|row| mark(row.value())));
        }
        Ok(marks)
    }

    /// The Vtiger id that a service record is linked to.
    pub fn vtiger_id_of(&self, c: ConnectorId, m: Module, id: &str) -> StoreResult<Option<String>> {
        let key = id_key(id);
        let ids = self.links_by_sid.open(&self.txn)?.get((c, m.code(), key.as_str()))?;
        Ok(ids.map(|ids| ids.value().1.to_owned()))
    }

    /// Links in the order of their Vtiger ids, after one, at most so many.
    pub fn links_after(
        &self,
        c: ConnectorId,
        m: Module,
        after_id: Option<&str>,
        limit: usize,
    ) -> StoreResult<Vec<Link>> {
        let key = after_id.map(id_key);
        self.links
            .open(&self.txn)?
            .range::<(u32, u8, &str)>(after(c, m, key.as_deref()))?
            .take(limit)
            .map(|row| Link::decode(row?.1.value()))
            .collect()
    }

    /// Service id and Vtiger id of links in the order of the service ids, after one.
    pub fn service_ids_after(
        &self,
        c: ConnectorId,
        m: Module,
        after_id: Option<&str>,
        limit: usize,
    ) -> StoreResult<Vec<(String, String)>> {
        let key = after_id.map(id_key);
        self.links_by_sid
            .open(&self.txn)?
            .range::<(u32, u8, &str)>(after(c, m, key.as_deref()))?
            .take(limit)
            .map(|row| {
                let row = row?;
                let (service_id, vtiger_id, ..) = row.1.value();
                Ok((service_id.to_owned(), vtiger_id.to_owned()))
            })
            .collect()
    }

    /// How many links a module has. Does not scan.
    pub fn link_count(&self, c: ConnectorId, m: Module) -> StoreResult<u64> {
        self.counter(Counter::Links, c, m)
    }
}

//! How far each side of each module has been read.

use crate::model::{ConnectorId, Cursor, Module, Side, Stamp};
use crate::store::StoreResult;
use crate::store::codec::{Code, Row, pack, unpack};
use crate::store::reader::Reader;
use crate::store::writing::Writing;
use redb::TableDefinition;
use serde::{Deserialize, Serialize};

/// Connector, module, side.
pub(in crate::store) type Key = (u32, u8, u8);

pub(in crate::store) const CURSORS: TableDefinition<'static, Key, &'static [u8]> =
    TableDefinition::new("cursors");

#[derive(Serialize, Deserialize)]
struct CursorV1<'a> {
    mark: Option<&'a str>,
    last_complete: Option<i64>,
    revision: u64,
}

#[derive(Serialize, Deserialize)]
struct CursorV2<'a> {
    #[serde(borrow)]
    v1: CursorV1<'a>,
    deletions: Option<&'a str>,
}

impl From<CursorV1<'_>> for Cursor {
    fn from(v1: CursorV1<'_>) -> Self {
        Self {
            mark: v1.mark.map(str::to_owned),
            deletions: None,
            last_complete: v1.last_complete.map(Stamp),
            revision: v1.revision,
        }
    }
}

impl From<CursorV2<'_>> for Cursor {
    fn from(v2: CursorV2<'_>) -> Self {
        Self { deletions: v2.deletions.map(str::to_owned), ..v2.v1.into() }
    }
}

impl Row for Cursor {
    const TABLE: &'static str = "cursors";

    fn encode(&self) -> StoreResult<Vec<u8>> {
        let v1 = CursorV1 {
            mark: self.mark.as_deref(),
            last_complete: self.last_complete.map(|at| at.0),
            revision: self.revision,
        };
        pack(Self::TABLE, 2, &CursorV2 { v1, deletions: self.deletions.as_deref() })
    }

    fn decode_version(version: u8, bytes: &[u8]) -> Option<StoreResult<Self>> {
        match version {
            1 => Some(unpack::<CursorV1<'_>>(Self::TABLE, bytes).map(Self::from)),
            2 => Some(unpack::<CursorV2<'_>>(Self::TABLE, bytes).map(Self::from)),
            _ => None,
        }
    }
}

impl Writing<'_> {
    /// Moves a cursor.
    pub(in crate::store) fn put_cursor(
        &mut self,
        (c, m, side): (ConnectorId, Module, Side),
        cursor: &Cursor,
    ) -> StoreResult<()> {
        let bytes = cursor.encode()?;
        self.cursors.open()?.insert((c, m.code(), side.code()), bytes.as_slice())?;
        Ok(())
    }

    /// Removes the cursors of a connector.
    pub(super) fn clear_cursors(&mut self, c: ConnectorId) -> StoreResult<()> {
        self.cursors.open()?.retain_in((c, 0, 0)..(c + 1, 0, 0), |_, _| false)?;
        Ok(())
    }
}

impl Reader {
    /// A cursor; the default one if it was never set.
    pub fn cursor(&self, c: ConnectorId, m: Module, side: Side) -> StoreResult<Cursor> {
        match self.cursors.open(&self.txn)?.get((c, m.code(), side.code()))? {
            Some(row) => Cursor::decode(row.value()),
            None => Ok(Cursor::default()),
        }
    }
}

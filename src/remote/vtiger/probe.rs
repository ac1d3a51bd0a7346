//! Whether a module changed: one query for the hundred records that were modified last.
//!
//! It sees what was created or edited, and a deletion if the record was among those hundred. It
//! does not see other deletions, nor what Vtiger changes without a new stamp (stock by orders).

use super::super::RemoteResult;
use super::super::probe::{Probe, by_listing, newest, warm};
use super::Vtiger;
use super::call::Operation;
use super::columns::Columns;
use super::vtql::{LIMIT, Query};

impl Vtiger {
    pub(crate) async fn probe_once(
        &self,
        entity: &str,
        known: Option<&str>,
    ) -> RemoteResult<Probe> {
        let module = self.described(entity).await?;
        if !module.has("modifiedtime") {
            return by_listing(self, entity, known).await;
        }
        let columns = Columns::new(&module, &[]);
        let query = Query::select(entity, ["modifiedtime"]).latest("modifiedtime");
        let op =
            Operation::get("query", format!("look for changed {entity}")).with("query", &query);
        let (rows, clock) = self.call(op, columns.projection.records()).await?;
        // Stamps as Vtiger writes them: an offset learned meanwhile changes nothing.
        let seen: Vec<_> =
            rows.iter().map(|row| (row.slots[0].to_text(), row.slots[1].to_text())).collect();
        let latest = seen.iter().map(|(_, stamp)| stamp).max();
        let warm = warm(latest.and_then(|stamp| self.zone.instant(stamp)), clock);
        let full = seen.len() >= LIMIT;
        Ok(Probe::of(newest(seen, full) + &warm, known))
    }
}

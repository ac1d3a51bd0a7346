//! Carries out a batch inside a write transaction.

use super::writing::Writing;
use super::{Batch, Change, StoreResult};

impl Writing<'_> {
    /// Carries out all changes of a batch, in order.
    pub(super) fn apply(&mut self, batch: Batch) -> StoreResult<()> {
        for change in batch.changes {
            self.visible |= !matches!(change, Change::PutIntent(..) | Change::DropIntent(..));
            self.apply_one(change)?;
        }
        Ok(())
    }

    fn apply_one(&mut self, change: Change) -> StoreResult<()> {
        match change {
            Change::PutCrm(crm) => self.put_crm(&crm),
            Change::PutConnector(connector) => self.put_connector(&connector),
            Change::RemoveConnector(c) => self.remove_connector(c),
            Change::PutRetention(retention) => self.put_retention(&retention),
            Change::PutFact(name, fact) => self.put_fact(&name, fact.as_deref()),
            Change::PutLink(c, m, link) => self.put_link(c, m, &link),
            Change::DropLink(c, m, id) => self.drop_link(c, m, &id),
            Change::PutIntent(c, m, intent) => self.put_intent(c, m, &intent),
            Change::DropIntent(c, m, side, id) => self.drop_intent((c, m, side, &id)),
            Change::PutParked(c, m, parked) => self.put_parked(c, m, &parked),
            Change::DropParked(c, m, side, id) => self.drop_parked((c, m, side, &id)),
            Change::PutSkip(c, m, skip) => self.decide_skip(c, m, skip),
            Change::DropSkip(c, m, side, id) => self.end_skip((c, m, side, &id)),
            Change::NoteCreate(c, m, side, id, verdict) => {
                self.note_create((c, m, side, &id), verdict)
            }
            Change::SettleLink(c, m, side, id, stamp) => self.settle_link(c, m, side, &id, stamp),
            Change::SettleSkip(c, m, side, id, stamp) => self.settle_skip((c, m, side, &id), stamp),
            Change::EndAll(c, m, since) => self.end_all(c, m, since),
            Change::PutTomb(c, m, tomb) => self.put_tomb(c, m, &tomb),
            Change::PutCursor(c, m, side, cursor) => self.put_cursor((c, m, side), &cursor),
            Change::AddDebug(c, entries) => self.add_debug(c, entries),
            Change::AddItem(run, item) => self.add_item(run, &item),
            Change::ClearItems(run) => self.clear_items(run),
            Change::Progress { run, progress, requests, retries } => {
                self.set_progress(run, progress, requests, retries)
            }
            Change::AddUnchanged { run, module, unchanged, standing_skips } => {
                self.add_unchanged(run, module, unchanged, standing_skips)
            }
            Change::ModuleRow { run, module, available, why } => {
                self.module_row(run, module, available, why)
            }
            Change::EndRun { run, status, ended, held, error } => {
                self.end_run(run, status, ended, held, error)
            }
        }
    }
}

//! The queue: reading what its pane shows, and doing what a person decided.

use super::Shared;
use crate::engine::queue::{Act, Changed, Entry, QueueAt, Select, page};
use crate::engine::{Engine, SyncError};
use crate::model::{ConnectorId, Module, UserError};
use crate::tui::msg::{Msg, QueueDeed, QueueRows};
use crate::tui::text;

/// Entries read in one transaction.
const CHUNK: usize = 500;

/// Reads the first entries that have a text.
pub fn rows(shared: &Shared, connector: ConnectorId, filter: String, limit: usize) {
    let select = Select { text: filter.clone(), ..Select::default() };
    let Some(total) = shared.read(|reader| {
        let mut total = reader.parked_count(connector)?;
        for module in Module::ALL {
            total += reader.skip_count(connector, module)?;
        }
        Ok(total)
    }) else {
        return;
    };
    let Some((entries, more)) = entries(shared, connector, &select, limit) else { return };
    let rows = QueueRows { entries, total, more };
    shared.send(Msg::Queue { connector, filter, rows });
}

/// The first entries of a selection, and whether there are more.
fn entries(
    shared: &Shared,
    connector: ConnectorId,
    select: &Select,
    limit: usize,
) -> Option<(Vec<Entry>, bool)> {
    let mut entries = Vec::new();
    let mut at = QueueAt::default();
    while entries.len() <= limit {
        let from = std::mem::take(&mut at);
        let page = shared.read(|reader| page(reader, connector, select, from, CHUNK))?;
        entries.extend(page.entries);
        match page.next {
            Some(next) => at = next,
            None => break,
        }
    }
    let more = entries.len() > limit;
    entries.truncate(limit);
    Some((entries, more))
}

/// What the queue knows of a record.
pub fn standing(shared: &Shared, generation: u64, connector: ConnectorId, select: &Select) {
    if let Some((entries, _)) = entries(shared, connector, select, CHUNK) {
        shared.send(Msg::Standing { generation, entries });
    }
}

/// Does what was asked, and answers what to say.
pub async fn deed(
    engine: &Engine,
    connector: ConnectorId,
    deed: QueueDeed,
) -> Result<String, UserError> {
    done(engine, connector, deed).await.map_err(|error| match error {
        SyncError::Busy(error) | SyncError::Failed(error) => error,
    })
}

async fn done(
    engine: &Engine,
    connector: ConnectorId,
    deed: QueueDeed,
) -> Result<String, SyncError> {
    Ok(match deed {
        QueueDeed::Change(select, act) => {
            let named = select.id.is_some();
            changed(&engine.change_queue(connector, select, act).await?, act, named)?
        }
        QueueDeed::All(module) => {
            engine.queue_all(connector, module).await?;
            format!("All {module} are read and compared at the next sync.")
        }
        QueueDeed::Link { module, vtiger_id, service_id } => {
            let linking = engine.link_records(connector, module, &vtiger_id, &service_id, false);
            let differ = linking.await?.differences.len();
            let differ = u64::try_from(differ).unwrap_or(u64::MAX);
            match differ {
                0 => "Linked; they do not differ.".into(),
                n => format!(
                    "Linked; they differ in {}, settled by the next sync.",
                    text::count(n, "field", "fields")
                ),
            }
        }
        QueueDeed::New { module, side, id } => {
            let (_, name) = engine.create_new(connector, module, Some(side), &id).await?;
            format!("{name} is created at the next sync.")
        }
        QueueDeed::Never { module, side, id } => {
            let (_, name) = engine.leave_out(connector, module, Some(side), &id, "").await?;
            format!("{name} is left out from now on.")
        }
    })
}

fn changed(changed: &Changed, act: Act, named: bool) -> Result<String, SyncError> {
    let left = changed.left().join(" ");
    if named && changed.done() == 0 {
        let why = if left.is_empty() { "Nothing of it waits or is skipped.".into() } else { left };
        let error = UserError::new("The record was left as it is.", why, "");
        return Err(SyncError::Failed(error));
    }
    let count = text::count(changed.done(), "record", "records");
    let word = match act {
        Act::Retry => "tried again at the next sync",
        Act::Drop => "taken out of the queue",
    };
    let left = if left.is_empty() { String::new() } else { format!(" {left}") };
    Ok(format!("{count} {word}.{left}"))
}

//! Connectors as a whole: switched on and off, removed.

use super::Shared;
use crate::engine::SyncError;
use crate::model::{Connector, ConnectorId, UserError};
use crate::store::Change;
use crate::tui::msg::{ConnectorDeed, Msg};
use std::sync::Arc;

/// Does what is asked of a connector.
pub async fn deed(shared: Arc<Shared>, connector: ConnectorId, deed: ConnectorDeed) {
    let result = match deed {
        ConnectorDeed::Count => return count(&shared, connector),
        ConnectorDeed::Enable(on) => enable(&shared, connector, on),
        ConnectorDeed::Remove => remove(&shared, connector).await,
    };
    shared.send(Msg::ConnectorDone(result));
}

/// The stored settings of a connector.
pub(super) fn stored(shared: &Shared, connector: ConnectorId) -> Result<Connector, UserError> {
    let stored = shared.store.read_blocking(|reader| reader.connector(connector));
    stored.map_err(|error| error.user())?.ok_or_else(|| {
        UserError::new("There is no such connector.", "It was removed.", "Choose another one.")
    })
}

fn count(shared: &Shared, connector: ConnectorId) {
    if let Some(belongings) = shared.read(|reader| reader.belongings(connector)) {
        shared.send(Msg::Belongings { connector, belongings });
    }
}

fn enable(shared: &Shared, connector: ConnectorId, on: bool) -> Result<String, UserError> {
    let connector = Connector { enabled: on, ..stored(shared, connector)? };
    let name = connector.name.clone();
    let change = Change::PutConnector(Box::new(connector));
    shared.store.commit_blocking(change.into()).map_err(|error| error.user())?;
    Ok(match on {
        true => format!("{name} is enabled."),
        false => format!("{name} is disabled: it is not synced until it is enabled again."),
    })
}

async fn remove(shared: &Shared, connector: ConnectorId) -> Result<String, UserError> {
    let connector = stored(shared, connector)?;
    match shared.engine.remove(&connector).await {
        Ok(()) => Ok(format!("{} was removed. The records stay on both sides.", connector.name)),
        Err(SyncError::Busy(error) | SyncError::Failed(error)) => Err(error),
    }
}

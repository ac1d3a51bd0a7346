//! Echoes: where the service makes records of several modules of one of its own (a customer is a
//! contact, a lead and an organization), one that we have made there from a record of the CRM must
//! not come back as another record of the CRM. Nobody has asked for that one.
//!
//! Such a record travels nowhere, so it is neither planned nor skipped: it counts as read and
//! unchanged. Whoever wants it all the same puts it into the queue.

use super::module::ModuleWork;
use crate::model::{ConnectorId, LinkOrigin, Module, ReasonCode, Record, Side, Value};
use crate::store::{Reader, StoreResult};

/// The id of the record that a record of the service is made of.
pub fn source_of(work: &ModuleWork, side: Side, record: &Record) -> Option<String> {
    let from = work.comes_from.as_ref().filter(|_| side == Side::Service)?;
    match &from.id {
        Some(path) => record.fields.get(path).map(Value::to_text),
        None => Some(record.id.clone()),
    }
}

/// Whether a record is made of one that was sent to the service: nobody there has asked for it. A
/// link that a person made counts all the same.
pub fn is_echo(
    r: &Reader,
    connector: ConnectorId,
    from: Module,
    source: &str,
    link: Option<LinkOrigin>,
) -> StoreResult<bool> {
    if link == Some(LinkOrigin::Person) {
        return Ok(false);
    }
    if let Some(sent) = r.link_by_service(connector, from, source)? {
        return Ok(sent.origin == LinkOrigin::Sent);
    }
    // The CRM's record was deleted since, and what was made of it stays.
    let kept = r.skip(connector, from, Side::Service, source)?;
    Ok(link.is_none() && kept.is_some_and(|s| s.reason.code == ReasonCode::DeleteNotCarriedOver))
}

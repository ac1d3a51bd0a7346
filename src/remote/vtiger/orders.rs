//! Whether this Vtiger can write orders and invoices over its API.
//!
//! An unmodified Vtiger 8.4.0 cannot create them, and an update with lines leaves one without
//! totals. Hosts repair that, so nothing is inferred from the version alone: a create is tried, which
//! does no harm; lines are changed only where a create has worked, or where a document shows that it
//! once did. What was found out is remembered for the connection.

use super::super::http::Plan;
use super::super::{ErrorKind, RemoteError, RemoteResult, Written};
use super::Vtiger;
use super::call::Operation;
use super::columns::Columns;
use super::describe::Described;
use super::documents::member;
use super::vtql::{Op, Query};
use crate::model::UserError;
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;
use std::marker::PhantomData;

impl Vtiger {
    /// Whether documents seem to be writable; `None`: nothing tells. Writes nothing. Two things
    /// together speak for it: a document that came over the API and has a total, and
    /// `retrieve_inventory`, which fails where the inventory code has the fault of 8.4.0.
    pub(crate) async fn can_write_documents(&self, module: &str) -> RemoteResult<Option<bool>> {
        let (works, seems) = self.documents.with(|state| (state.works, state.seems));
        if works.or(seems).is_some() {
            return Ok(works.or(seems));
        }
        if self.is_before_8() {
            return Ok(Some(true));
        }
        let ours = self.some_document(module, true).await?;
        let any = match &ours {
            Some(id) => Some(id.clone()),
            None => self.some_document(module, false).await?,
        };
        let Some(id) = any else { return Ok(None) };
        let op = Operation::get("retrieve_inventory", format!("read {id}"))
            .with("id", &id)
            .planned(Plan { tries: 1, ..Plan::BRIEF });
        let seems = match self.call(op, PhantomData::<Json>).await {
            Ok(_) => ours.is_some().then_some(true),
            Err(error) if error.kind == ErrorKind::Temporary => Some(false),
            Err(_) => None,
        };
        self.documents.with(|state| state.seems = seems);
        Ok(seems)
    }

    /// A document: one that was created over the API and has a total, or any.
    async fn some_document(&self, module: &str, ours: bool) -> RemoteResult<Option<String>> {
        let described = self.described(module).await?;
        let mut query = Query::select(module, ["id"]);
        if ours {
            if !described.has("source") {
                return Ok(None);
            }
            query = query.and("source", Op::Eq, "WEBSERVICE").and("hdnGrandTotal", Op::Gt, "0");
        }
        let query = query.latest("id");
        let op = Operation::get("query", format!("look at {module}")).with("query", &query);
        let columns = Columns::new(&described, &[]);
        let (mut rows, _) = self.call(op, columns.projection.records()).await?;
        Ok(rows.first_mut().map(|row| std::mem::take(&mut row.slots[0]).into_text()))
    }

    /// Refuses a create that is known to be refused by Vtiger.
    pub(crate) fn may_create(&self, module: &Described) -> RemoteResult<()> {
        match self.documents.with(|state| state.works) {
            Some(false) => {
                Err(RemoteError::new(ErrorKind::Refused, cannot_create(&module.info.name)))
            }
            _ => Ok(()),
        }
    }

    /// Lines are changed only where it is known that Vtiger computes the totals anew; else the
    /// document would be left with a total of nothing.
    pub(crate) async fn may_change_lines(&self, module: &Described) -> RemoteResult<()> {
        if self.can_write_documents(&module.info.name).await? == Some(true) {
            return Ok(());
        }
        let error = UserError::new(
            format!("The lines of {} were not changed in Vtiger.", module.info.name),
            "Vtiger 8.4.0 as it is shipped empties a document's total when its lines are changed \
             over the API, and this Vtiger has not shown yet that it does not.",
            "Change the lines in Vtiger by hand, or have the CRM repaired (see the documentation of \
             orders).",
        );
        Err(RemoteError::new(ErrorKind::Refused, error))
    }

    pub(crate) fn is_before_8(&self) -> bool {
        let who = self.sessions.who();
        let major = who.and_then(|who| who.version.split('.').next()?.parse::<u32>().ok());
        major.is_some_and(|major| major < 8)
    }

    /// What the outcome of a document's create means. Where every id that was sent exists and
    /// Vtiger still complains of one, it can create no documents at all; where one is gone, a
    /// document without totals may have been left behind.
    pub(crate) async fn document_created(
        &self,
        module: &Described,
        element: &Map<String, Json>,
        result: RemoteResult<Written>,
    ) -> RemoteResult<Written> {
        match result {
            Err(error) if module.has_lines() && is_bad_id(&error) => {
                if let Some(id) = self.missing_product(element).await {
                    let told = UserError::new(
                        format!("Vtiger could not finish a record in {}.", module.info.name),
                        format!("Its product {id} is not in the CRM any more."),
                        "It is looked up before anything is repeated.",
                    );
                    return Err(RemoteError::new(ErrorKind::Unknown, told));
                }
                match self.can_write_documents(&module.info.name).await {
                    Ok(Some(true)) => return Err(error),
                    // Refused by a create, and by what is only read.
                    Ok(Some(false)) => self.documents.with(|state| state.works = Some(false)),
                    _ => {}
                }
                Err(RemoteError { error: cannot_create(&module.info.name), ..error })
            }
            Ok(written) => {
                if module.has_lines() {
                    self.documents.with(|state| state.works = Some(true));
                }
                Ok(written)
            }
            other => other,
        }
    }

    /// A product or service of the lines that is not in the CRM.
    async fn missing_product(&self, element: &Map<String, Json>) -> Option<String> {
        let items = element.get("LineItems")?.as_array()?;
        let ids: BTreeSet<String> = items.iter().map(|item| member(item, "productid")).collect();
        for entity in ["Products", "Services"] {
            let prefix = self.described(entity).await.ok()?.prefix.clone();
            let of: Vec<String> =
                ids.iter().filter(|id| super::refs::is_id_of(id, &prefix)).cloned().collect();
            let there = self.fetch_ids(entity, &of, &[]).await.ok()?;
            if let Some(id) = of.into_iter().find(|id| !there.iter().any(|r| r.id == *id)) {
                return Some(id);
            }
        }
        None
    }
}

/// What is said where orders and invoices cannot be created.
pub(crate) fn cannot_create(module: &str) -> UserError {
    UserError::new(
        format!("This Vtiger cannot create {module} records over its API."),
        "It answers \"Id specified is incorrect\" to every one of them, as Vtiger 8.4.0 does as it \
         is shipped; nothing was created.",
        "Have the CRM's inventory web service repaired (include/Webservices in Vtiger), or switch \
         the module off in the connector's settings. The records wait and are taken on retry.",
    )
}

fn is_bad_id(error: &RemoteError) -> bool {
    error.kind == ErrorKind::Refused && error.error.why.contains("INVALID_ID_ATTRIBUTE")
}

//! Whether this Vtiger can write orders and invoices over its API.
//!
//! An unmodified Vtiger 8.4.0 cannot create them, and an update with lines leaves one without
//! totals: two faults, and hosts repair both, or one. So nothing is inferred from the version alone. A
//! create is tried, which does no harm. Lines are changed only where documents can be created, and the
//! first change is a trial (`trial`). What was found out is remembered for the connection.

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

/// The version that cannot create documents as it is shipped.
const DOUBTFUL: &str = "8.4.0";

impl Vtiger {
    /// Whether documents can be created; `None`: nothing tells. Writes nothing. A document that came
    /// over the API and has a total speaks for it. Where there is none, `retrieve_inventory` speaks
    /// against it, which fails with the inventory code of 8.4.0; it fails on newer versions of PHP
    /// for a reason of its own too, so it tells nothing where documents of ours are there.
    pub(crate) async fn can_create(&self, module: &str) -> RemoteResult<Option<bool>> {
        let shown = self.documents.with(|state| state.creates);
        if shown.is_some() {
            return Ok(shown);
        }
        if self.is_before_8() || self.has_ours(module).await? {
            return Ok(Some(true));
        }
        let works = self.inventory_works(module).await?;
        Ok(works.filter(|works| !works))
    }

    /// Whether nothing at all tells if documents can be created, in the version that cannot as it is
    /// shipped.
    pub(crate) fn is_unknown(&self, can_create: Option<bool>) -> bool {
        let who = self.sessions.who();
        let doubtful = who.is_some_and(|who| who.version == DOUBTFUL);
        let read = self.documents.with(|state| state.inventory.is_some());
        can_create.is_none() && doubtful && !read
    }

    /// Whether a document came over the API and has a total.
    async fn has_ours(&self, module: &str) -> RemoteResult<bool> {
        let (any, looked) = self.documents.with(|state| {
            (state.ours.values().any(|found| *found), state.ours.contains_key(module))
        });
        if any || looked {
            return Ok(any);
        }
        let found = self.some_document(module, true).await?.is_some();
        self.documents.with(|state| state.ours.insert(module.to_owned(), found));
        Ok(found)
    }

    /// Whether `retrieve_inventory` works; `None`: there is no document to try it with.
    async fn inventory_works(&self, module: &str) -> RemoteResult<Option<bool>> {
        let known = self.documents.with(|state| state.inventory);
        if known.is_some() {
            return Ok(known);
        }
        let Some(id) = self.some_document(module, false).await? else { return Ok(None) };
        let op = Operation::get("retrieve_inventory", format!("read {id}"))
            .with("id", &id)
            .planned(Plan { tries: 1, ..Plan::BRIEF });
        let works = match self.call(op, PhantomData::<Json>).await {
            Ok(_) => Some(true),
            Err(error) if error.kind == ErrorKind::Temporary => Some(false),
            Err(_) => None,
        };
        self.documents.with(|state| state.inventory = works);
        Ok(works)
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
        match self.documents.with(|state| state.creates) {
            Some(false) => {
                Err(RemoteError::new(ErrorKind::Refused, cannot_create(&module.info.name)))
            }
            _ => Ok(()),
        }
    }

    /// Lines are changed only where a change has worked, or where documents can be created and a
    /// trial may show it; else the document would be left with a total of nothing.
    pub(crate) async fn may_change_lines(&self, module: &Described) -> RemoteResult<()> {
        let (changes, creates) = self.documents.with(|state| (state.changes, state.creates));
        let may = match changes {
            Some(known) => known,
            None if creates == Some(true) || self.is_before_8() => true,
            None => self.has_ours(&module.info.name).await?,
        };
        if may {
            return Ok(());
        }
        let shown = match changes {
            Some(_) => "and this Vtiger did so when it was tried",
            None => "and this Vtiger has not shown yet that it does not",
        };
        let error = UserError::new(
            format!("The lines of {} were not changed in Vtiger.", module.info.name),
            format!(
                "Vtiger 8.4.0 as it is shipped empties a document's total when its lines are changed \
                 over the API, {shown}."
            ),
            "Change the lines in Vtiger by hand, or have the CRM's inventory web service repaired \
             (include/Webservices in Vtiger) and retry.",
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
                let shown = self.documents.with(|state| state.creates);
                match self.can_create(&module.info.name).await {
                    Ok(Some(true)) if shown.is_some() || self.is_before_8() => return Err(error),
                    // It could once: it may have been replaced by a version that cannot.
                    Ok(Some(true)) => return Err(or_cannot_create(error)),
                    // Refused by a create, and by what is only read.
                    Ok(Some(false)) => self.documents.with(|state| state.creates = Some(false)),
                    _ => {}
                }
                Err(RemoteError { error: cannot_create(&module.info.name), ..error })
            }
            Ok(written) => {
                if module.has_lines() {
                    self.documents.with(|state| state.creates = Some(true));
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

/// A refusal that may mean that no document can be created, where one was once.
fn or_cannot_create(mut error: RemoteError) -> RemoteError {
    error.error.next = "Look whether the records that it refers to still exist. If all orders and \
                        invoices are refused so, this Vtiger cannot create them over its API any \
                        more, as 8.4.0 cannot as it is shipped: have its inventory web service \
                        repaired (include/Webservices in Vtiger)."
        .to_owned();
    error
}

fn is_bad_id(error: &RemoteError) -> bool {
    error.kind == ErrorKind::Refused && error.error.why.contains("INVALID_ID_ATTRIBUTE")
}

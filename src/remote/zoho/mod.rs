//! Zoho CRM over its REST API v8, and the customer payments of Zoho Books with the same login.
//!
//! Zoho CRM API v8: OAuth, Multi DC, Modules, Fields, Records, COQL, Deleted Records; Zoho Books
//! API v3: Organizations, Customer Payments. What differs between kinds of records stands in one
//! table (`entity`); fields are read at run time.

mod accounts;
mod books;
mod call;
mod centers;
mod check;
mod connect;
mod consent;
mod coql;
mod describe;
mod entity;
mod errors;
mod find;
mod lines;
mod organisation;
mod page;
mod records;
mod settings;
#[cfg(test)]
mod tests;
mod token;
mod values;
mod virtuals;
mod write;

pub use centers::{CENTERS, Center, named as center};
pub use connect::connect;
pub use consent::{Consent, Device};
pub use settings::{REDIRECT, SCOPE, check_fields, defaults};

use super::http::{Http, Plan};
use super::{
    Capabilities, ChangeFeed, EntityInfo, ErrorKind, Page, PageRequest, Remote, RemoteError,
    RemoteResult, Write, Written,
};
use crate::model::{CheckReport, Record, UserError};
use describe::Described;
use entity::Entity;
use futures::future::{BoxFuture, FutureExt};
use lines::Tax;
use organisation::Organisation;
use records::Reading;
use settings::Settings;
use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use token::Tokens;
use tokio::sync::OnceCell;

/// A connected organisation.
pub(crate) struct Zoho {
    settings: Arc<Settings>,
    tokens: Tokens,
    http: Http,
    parallel: usize,
    known: Mutex<HashMap<&'static str, Arc<Described>>>,
    organisation: OnceCell<Organisation>,
    taxes: OnceCell<Vec<Tax>>,
    books: OnceCell<String>,
    /// The consent does not cover the query language.
    no_queries: AtomicBool,
}

/// What a name stands for.
enum Kind {
    Crm(&'static Entity),
    Payments,
}

impl Zoho {
    fn kind(&self, name: &str) -> RemoteResult<Kind> {
        if name == books::PAYMENTS {
            return Ok(Kind::Payments);
        }
        entity::named(name).map(Kind::Crm).ok_or_else(|| {
            let known: Vec<_> = entity::ALL.iter().map(|e| e.name).collect();
            RemoteError::new(
                ErrorKind::Refused,
                UserError::new(
                    format!("SyncDeck does not know the Zoho records \"{name}\"."),
                    "",
                    format!("Use one of {} or {}.", known.join(", "), books::PAYMENTS),
                ),
            )
        })
    }
}

impl Remote for Zoho {
    fn label(&self) -> &str {
        "Zoho CRM"
    }

    fn capabilities(&self, entity: &str) -> Capabilities {
        let payments = entity == books::PAYMENTS;
        Capabilities {
            changes: ChangeFeed::Filtered,
            trash: !payments,
            deletions: false,
            write_batch: if payments { 1 } else { write::BATCH },
            one_request: true,
            parallel: self.parallel,
            serial_creates: false,
            unique_key: false,
            bmp_only: false,
            resolution: Duration::from_secs(1),
            mark: None,
            silent: false,
        }
    }

    fn check<'a>(&'a self, target: &'a str) -> BoxFuture<'a, CheckReport> {
        self.check_all(target).boxed()
    }

    fn describe<'a>(&'a self, entity: &'a str) -> BoxFuture<'a, RemoteResult<EntityInfo>> {
        async move {
            match self.kind(entity)? {
                Kind::Crm(entity) => Ok(self.describe_now(entity, Plan::FIRST).await?.info.clone()),
                Kind::Payments => self.describe_payments().await,
            }
        }
        .boxed()
    }

    fn may_write<'a>(&'a self, entity: &'a str) -> BoxFuture<'a, RemoteResult<()>> {
        async move {
            match self.kind(entity)? {
                Kind::Crm(entity) => self.may_write_to(entity).await,
                Kind::Payments => self.describe_payments().await.map(drop),
            }
        }
        .boxed()
    }

    fn page<'a>(&'a self, request: &'a PageRequest) -> BoxFuture<'a, RemoteResult<Page>> {
        async move {
            match self.kind(&request.entity)? {
                Kind::Crm(entity) => self.list(entity, request).await,
                Kind::Payments => self.list_payments(request).await,
            }
        }
        .boxed()
    }

    fn fetch<'a>(
        &'a self,
        entity: &'a str,
        ids: &'a [String],
        fields: &'a [String],
    ) -> BoxFuture<'a, RemoteResult<Vec<Record>>> {
        async move {
            match self.kind(entity)? {
                Kind::Crm(entity) => {
                    let described = self.described(entity).await?;
                    self.read_ids(&Reading::new(entity, &described, fields), ids).await
                }
                Kind::Payments => self.fetch_payments(ids, fields).await,
            }
        }
        .boxed()
    }

    fn find<'a>(
        &'a self,
        entity: &'a str,
        field: &'a str,
        values: &'a [String],
        fields: &'a [String],
    ) -> BoxFuture<'a, RemoteResult<Vec<Record>>> {
        async move {
            match self.kind(entity)? {
                Kind::Crm(entity) => self.find_values(entity, field, values, fields).await,
                Kind::Payments => self.find_payments(field, values, fields).await,
            }
        }
        .boxed()
    }

    fn write<'a>(
        &'a self,
        entity: &'a str,
        writes: &'a [Write],
        fields: &'a [String],
    ) -> BoxFuture<'a, Vec<RemoteResult<Written>>> {
        async move {
            match self.kind(entity) {
                Ok(Kind::Crm(entity)) => self.write_all(entity, writes, fields).await,
                Ok(Kind::Payments) => self.write_payments(writes, fields).await,
                Err(error) => writes.iter().map(|_| Err(error.clone())).collect(),
            }
        }
        .boxed()
    }

    fn record_url(&self, entity: &str, id: &str) -> Option<String> {
        if !records::is_id(id) {
            return None;
        }
        if entity == books::PAYMENTS {
            return self.payment_url(id);
        }
        let tab = entity::named(entity)?.tab;
        let known = self.organisation.get().map(|org| org.zgid.clone());
        let zgid = known.or_else(|| self.tokens.store()?.remark()).filter(|z| !z.is_empty())?;
        let web = match self.settings.api_url.as_ref().filter(|_| self.settings.is_here()) {
            Some(api) => api.as_str().trim_end_matches('/').to_owned(),
            None => format!("https://{}", self.settings.center.web),
        };
        Some(format!("{web}/crm/org{zgid}/tab/{tab}/{id}"))
    }

    fn requests(&self) -> (u64, u64) {
        let (api, accounts) = (self.http.requests(), self.tokens.requests());
        (api.0 + accounts.0, api.1 + accounts.1)
    }
}

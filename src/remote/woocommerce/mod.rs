//! WooCommerce over its REST API v3 (WooCommerce 3.5 and later): customers, products with their
//! variations, orders and tax rates.
//!
//! WooCommerce REST API v3 documentation: Authentication, Pagination, Customers, Products, Product
//! variations, Orders, Tax rates, Batch.
//! What differs between kinds of records stands in one table (`entity`). Text that the shop
//! stores loses its backslashes and its tags; the answer to a write shows what became of it.

mod auth;
mod call;
mod check;
mod connect;
mod describe;
mod entity;
mod errors;
mod find;
mod oauth;
mod orders;
mod page;
mod probe;
mod records;
mod site;
mod staff;
mod statuses;
mod taxes;
#[cfg(test)]
mod tests;
mod url;
mod values;
mod variations;
mod write;

pub use connect::connect;

use super::http::Http;
use super::{
    Capabilities, ChangeFeed, EntityInfo, ErrorKind, Page, PageRequest, Probe, Remote, RemoteError,
    RemoteResult, Write, Written,
};
use crate::model::{CheckReport, Record, UserError};
use auth::Auth;
use entity::Entity;
use futures::future::{BoxFuture, FutureExt};
use reqwest::Url;
use site::Site;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::sync::OnceCell;

/// A connected shop.
pub(crate) struct Woo {
    site: Url,
    http: Http,
    auth: Auth,
    plain: AtomicBool,
    known: Mutex<Option<Site>>,
    parallel: usize,
    key_end: String,
    families: Mutex<variations::Families>,
    statuses: OnceCell<String>,
    staff: staff::Staff,
}

impl Woo {
    fn entity(&self, name: &str) -> RemoteResult<&'static Entity> {
        entity::named(name).ok_or_else(|| {
            RemoteError::new(
                ErrorKind::Refused,
                UserError::new(
                    format!("SyncDeck does not know the WooCommerce records \"{name}\"."),
                    "",
                    "Use customers, products, orders or taxes.",
                ),
            )
        })
    }
}

impl Remote for Woo {
    fn label(&self) -> &str {
        "WooCommerce"
    }

    fn capabilities(&self, entity: &str) -> Capabilities {
        let known = entity::named(entity);
        Capabilities {
            changes: known.map_or(ChangeFeed::FullScan, |e| e.changes),
            silent: known.is_some_and(|e| e.silent),
            trash: known.is_some_and(|e| e.trash),
            deletions: false,
            write_batch: 100,
            one_request: true,
            parallel: self.parallel,
            serial_creates: false,
            unique_key: known.is_none_or(|e| e.unique),
            bmp_only: false,
            resolution: Duration::from_secs(1),
            mark: known.and_then(|e| e.mark),
        }
    }

    fn check<'a>(&'a self, target: &'a str) -> BoxFuture<'a, CheckReport> {
        self.check_all(target).boxed()
    }

    fn describe<'a>(&'a self, entity: &'a str) -> BoxFuture<'a, RemoteResult<EntityInfo>> {
        async move { self.schema(self.entity(entity)?).await }.boxed()
    }

    fn may_write<'a>(&'a self, entity: &'a str) -> BoxFuture<'a, RemoteResult<()>> {
        async move {
            let entity = self.entity(entity)?;
            if !entity.writable {
                return Err(write::only_read(entity));
            }
            self.tried(&check::empty_batch(entity)).await
        }
        .boxed()
    }

    fn page<'a>(&'a self, request: &'a PageRequest) -> BoxFuture<'a, RemoteResult<Page>> {
        self.list(request).boxed()
    }

    fn probe<'a>(
        &'a self,
        entity: &'a str,
        known: Option<&'a str>,
    ) -> BoxFuture<'a, RemoteResult<Probe>> {
        async move { self.probe_once(self.entity(entity)?, known).await }.boxed()
    }

    fn fetch<'a>(
        &'a self,
        entity: &'a str,
        ids: &'a [String],
        fields: &'a [String],
    ) -> BoxFuture<'a, RemoteResult<Vec<Record>>> {
        async move { self.fetch_ids(self.entity(entity)?, ids, fields).await }.boxed()
    }

    fn find<'a>(
        &'a self,
        entity: &'a str,
        field: &'a str,
        values: &'a [String],
        fields: &'a [String],
    ) -> BoxFuture<'a, RemoteResult<Vec<Record>>> {
        async move { self.find_values(self.entity(entity)?, field, values, fields).await }.boxed()
    }

    fn write<'a>(
        &'a self,
        entity: &'a str,
        writes: &'a [Write],
        fields: &'a [String],
    ) -> BoxFuture<'a, Vec<RemoteResult<Written>>> {
        async move {
            match self.entity(entity) {
                Ok(entity) => self.write_all(entity, writes, fields).await,
                Err(error) => writes.iter().map(|_| Err(error.clone())).collect(),
            }
        }
        .boxed()
    }

    fn record_url(&self, entity: &str, id: &str) -> Option<String> {
        let entity = entity::named(entity)?;
        let id: u64 = id.parse().ok()?;
        // A variation is edited on the page of its product.
        let id = self.parent_of(entity, &id.to_string()).and_then(|p| p.parse().ok()).unwrap_or(id);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let site = known.as_ref().map(|s| s.url.clone()).filter(|u| u.starts_with("http"));
        let site = site.unwrap_or_else(|| self.site.to_string());
        let (before, after) = entity.admin;
        Some(format!("{}/{before}{id}{after}", site.trim_end_matches('/')))
    }

    fn requests(&self) -> (u64, u64) {
        self.http.requests()
    }
}

//! Magento 2 and Adobe Commerce over their REST API (2.0 and later): customers and the companies
//! they name, products, orders, invoices, price rules, tax rates.
//!
//! What differs between kinds of records stands in one table (`entity`). Lists are read by key in a
//! frozen window of time. Some changes do not move a record's stamp (addresses, stock, prices), so
//! a complete listing has to be compared now and then ([`Capabilities::silent`]).

mod addresses;
mod auth;
mod call;
mod check;
mod companies;
mod connect;
mod customers;
mod describe;
mod documents;
mod entity;
mod errors;
mod find;
mod oauth;
mod page;
mod products;
mod records;
mod regions;
mod search;
#[cfg(test)]
mod tests;
mod url;
mod values;
mod write;

pub use connect::connect;

use super::http::Http;
use super::{
    Capabilities, ChangeFeed, EntityInfo, ErrorKind, Page, PageRequest, Remote, RemoteError,
    RemoteResult, Write, Written,
};
use crate::model::{CheckReport, Record, UserError};
use auth::Auth;
use entity::{Entity, Kind};
use futures::future::{BoxFuture, FutureExt};
use regions::Regions;
use reqwest::Url;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::time::{Duration, Instant};

/// A connected shop.
pub(crate) struct Magento {
    site: Url,
    /// Host and folder, for references that no other shop has.
    shop: String,
    http: Http,
    auth: Auth,
    /// The store view of the settings, and the same as a part of the path.
    view: String,
    view_part: String,
    /// The path of the administration.
    admin: String,
    parallel: usize,
    /// Records of a page.
    page_size: AtomicU32,
    /// The credentials have worked.
    known: AtomicBool,
    /// The shop has no list of stock by source.
    no_sources: AtomicBool,
    /// When the shop's clock was last heard.
    clock_read: Mutex<Option<Instant>>,
    countries: Mutex<HashMap<String, Regions>>,
    met: Mutex<page::Met>,
    /// Held while a product is created.
    creating: tokio::sync::Mutex<()>,
}

impl Magento {
    fn entity(&self, name: &str) -> RemoteResult<&'static Entity> {
        entity::named(name).ok_or_else(|| {
            let known: Vec<&str> = entity::ALL.iter().map(|e| e.name).collect();
            RemoteError::new(
                ErrorKind::Refused,
                UserError::new(
                    format!("SyncDeck does not know the Magento records \"{name}\"."),
                    "",
                    format!("Use one of {}.", known.join(", ")),
                ),
            )
        })
    }
}

impl Remote for Magento {
    fn label(&self) -> &str {
        "Magento"
    }

    fn capabilities(&self, entity: &str) -> Capabilities {
        let known = entity::named(entity);
        Capabilities {
            changes: known.map_or(ChangeFeed::FullScan, |e| e.changes),
            silent: known.is_some_and(|e| e.silent),
            trash: false,
            deletions: false,
            write_batch: 1,
            one_request: false,
            parallel: self.parallel,
            serial_creates: known.is_some_and(|e| e.kind == Kind::Products),
            unique_key: known.is_some_and(|e| e.writable),
            bmp_only: false,
            resolution: Duration::from_secs(1),
            mark: None,
        }
    }

    fn check<'a>(&'a self, target: &'a str) -> BoxFuture<'a, CheckReport> {
        self.check_all(target).boxed()
    }

    fn describe<'a>(&'a self, entity: &'a str) -> BoxFuture<'a, RemoteResult<EntityInfo>> {
        async move { self.describe_now(self.entity(entity)?).await }.boxed()
    }

    fn may_write<'a>(&'a self, entity: &'a str) -> BoxFuture<'a, RemoteResult<()>> {
        async move { self.may_write_now(self.entity(entity)?).await }.boxed()
    }

    fn page<'a>(&'a self, request: &'a PageRequest) -> BoxFuture<'a, RemoteResult<Page>> {
        self.list(request).boxed()
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
        let (before, after) = entity.admin?;
        Some(format!("{}{}/{before}{id}{after}", self.site, self.admin))
    }

    fn requests(&self) -> (u64, u64) {
        self.http.requests()
    }
}

//! Vtiger CRM over its web service, `webservice.php` (Vtiger 7 and 8, open source), or over the
//! REST API of Vtiger Cloud (`cloud`).
//!
//! Vtiger REST/web service manual: challenge login, `describe`, `query` (VTQL), `create`, `revise`,
//! `delete`. One session carries one request at a time (`session`); listings go by keyset
//! (`page`); what Vtiger says in errors is put into classes in `errors`.

mod call;
mod check;
mod cloud;
mod columns;
mod deletions;
mod describe;
mod document;
mod documents;
mod envelope;
mod errors;
mod events;
mod find;
mod lengths;
mod orders;
mod page;
mod probe;
mod refs;
mod session;
mod stock;
#[cfg(test)]
mod tests;
mod time;
mod totals;
mod trial;
mod url;
mod values;
mod vtql;
mod write;

pub use connect::connect;
pub(crate) use values::unreadable;

mod connect;

use super::http::{Http, Plan};
use super::{
    Capabilities, ChangeFeed, EntityInfo, Page, PageRequest, Probe, Remote, RemoteResult, Write,
    Written,
};
use crate::model::{CheckReport, Record};
use deletions::Deletions;
use describe::Known;
use documents::Documents;
use futures::future::{BoxFuture, FutureExt};
use reqwest::Url;
use session::{Sessions, Who};
use std::sync::Arc;
use std::time::Duration;
use time::{Mark, Zone};
use tokio_util::sync::CancellationToken;

/// A connected Vtiger.
pub(crate) struct Vtiger {
    url: Url,
    http: Http,
    sessions: Sessions,
    /// The REST API of Vtiger Cloud; `None`: the web service.
    cloud: Option<cloud::Cloud>,
    size: usize,
    known: Known,
    zone: Zone,
    documents: Documents,
    deletions: Deletions,
}

impl Vtiger {
    /// Who we are; logs in if that has not happened yet.
    async fn who(&self) -> RemoteResult<Option<Arc<Who>>> {
        if self.sessions.who().is_none() {
            match &self.cloud {
                Some(cloud) => self.meet(cloud, Plan::READ).await?,
                None => self.sessions.take(&self.http, &self.url, Plan::READ).await?.done(),
            }
        }
        Ok(self.sessions.who())
    }
}

/// Currencies and taxes have no stamps.
fn has_no_stamps(entity: &str) -> bool {
    matches!(entity, "Tax" | "Currency" | "Groups")
}

impl Remote for Vtiger {
    fn label(&self) -> &str {
        "Vtiger"
    }

    fn capabilities(&self, entity: &str) -> Capabilities {
        Capabilities {
            changes: match has_no_stamps(entity) {
                true => ChangeFeed::FullScan,
                false => ChangeFeed::Filtered,
            },
            silent: false,
            trash: false,
            deletions: self.deletions.work() && !has_no_stamps(entity),
            // Sent one by one; what the answers refer to is looked up for all of them at once.
            write_batch: write::BATCH,
            one_request: false,
            parallel: self.size,
            serial_creates: true,
            unique_key: false,
            bmp_only: true,
            resolution: Duration::from_secs(1),
            mark: None,
        }
    }

    fn check<'a>(&'a self, target: &'a str) -> BoxFuture<'a, CheckReport> {
        self.check_all(target).boxed()
    }

    fn describe<'a>(&'a self, entity: &'a str) -> BoxFuture<'a, RemoteResult<EntityInfo>> {
        async move {
            let described = self.describe_now(entity, Plan::FIRST).await?;
            self.try_deletions(&described).await;
            Ok(described.info.clone())
        }
        .boxed()
    }

    fn page<'a>(&'a self, request: &'a PageRequest) -> BoxFuture<'a, RemoteResult<Page>> {
        async move { self.fill_page(request, self.list(request).await?).await }.boxed()
    }

    fn page_begun<'a>(&'a self, request: &'a PageRequest) -> BoxFuture<'a, RemoteResult<Page>> {
        self.list(request).boxed()
    }

    fn filled<'a>(
        &'a self,
        request: &'a PageRequest,
        page: Page,
    ) -> BoxFuture<'a, RemoteResult<Page>> {
        self.fill_page(request, page).boxed()
    }

    fn deletions_from_now(&self) -> Option<String> {
        self.deletion_mark_of_now()
    }

    fn refined(&self, mark: &str) -> String {
        let mark = Mark::read(mark);
        Mark { offset: self.zone.known().or(mark.offset), ..mark }.to_string()
    }

    fn probe<'a>(
        &'a self,
        entity: &'a str,
        known: Option<&'a str>,
    ) -> BoxFuture<'a, RemoteResult<Probe>> {
        self.probe_once(entity, known).boxed()
    }

    fn fetch<'a>(
        &'a self,
        entity: &'a str,
        ids: &'a [String],
        fields: &'a [String],
    ) -> BoxFuture<'a, RemoteResult<Vec<Record>>> {
        self.fetch_ids(entity, ids, fields).boxed()
    }

    fn find<'a>(
        &'a self,
        entity: &'a str,
        field: &'a str,
        values: &'a [String],
        fields: &'a [String],
    ) -> BoxFuture<'a, RemoteResult<Vec<Record>>> {
        self.find_values(entity, field, values, fields).boxed()
    }

    fn write<'a>(
        &'a self,
        entity: &'a str,
        writes: &'a [Write],
        fields: &'a [String],
    ) -> BoxFuture<'a, Vec<RemoteResult<Written>>> {
        async move { self.write_all(entity, writes, fields, &CancellationToken::new()).await }
            .boxed()
    }

    fn write_until<'a>(
        &'a self,
        entity: &'a str,
        writes: &'a [Write],
        fields: &'a [String],
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Vec<RemoteResult<Written>>> {
        self.write_all(entity, writes, fields, stop).boxed()
    }

    fn record_url(&self, entity: &str, id: &str) -> Option<String> {
        let (_, number) = id.split_once('x')?;
        let plain = vtql::is_name(entity) && vtql::is_name(number);
        plain.then(|| url::page(&self.url, entity, number))
    }

    fn requests(&self) -> (u64, u64) {
        self.http.requests()
    }
}

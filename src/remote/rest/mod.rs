//! Any REST service, driven by a manifest ([`crate::model::manifest`]): requests, authorisation,
//! pagination, changes and deletions are data. Records are read, never written.

mod auth;
mod call;
mod check;
mod connect;
mod describe;
mod fetch;
mod judge;
mod listing;
mod path;
mod rules;
mod shape;
mod template;
mod trial;
mod window;

pub use connect::connect;
pub use trial::{Trial, try_out};

use super::http::Http;
use super::{
    Capabilities, ChangeFeed, EntityInfo, ErrorKind, Page, PageRequest, Probe, Remote, RemoteError,
    RemoteResult, TokenStore, Write, Written,
};
use crate::model::manifest::{Api, Deleted, Stream};
use crate::model::{CheckReport, Module, Record, UserError};
use auth::{Login, Tokens};
use futures::future::{BoxFuture, FutureExt};
use reqwest::Url;
use rules::Rules;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A connected service.
pub(crate) struct Rest {
    label: String,
    api: Api,
    streams: BTreeMap<String, Stream>,
    modules: BTreeMap<Module, String>,
    base: Url,
    http: Http,
    config: BTreeMap<String, SecretString>,
    rules: Rules,
    tokens: Option<Tokens>,
    login: tokio::sync::Mutex<Option<Login>>,
    keeper: Option<Arc<dyn TokenStore>>,
    parallel: usize,
}

impl Rest {
    fn stream(&self, entity: &str) -> RemoteResult<&Stream> {
        self.streams.get(entity).ok_or_else(|| {
            RemoteError::new(
                ErrorKind::NotFound,
                UserError::new(
                    format!("The manifest of {} does not know \"{entity}\".", self.label),
                    "",
                    "Correct the manifest.",
                ),
            )
        })
    }
}

impl Remote for Rest {
    fn label(&self) -> &str {
        &self.label
    }

    fn capabilities(&self, entity: &str) -> Capabilities {
        let stream = self.streams.get(entity);
        let filtered = stream.is_some_and(|s| s.cursor.is_some());
        let listed = |s: &Stream| matches!(s.deleted, Some(Deleted::List { .. }));
        Capabilities {
            changes: if filtered { ChangeFeed::Filtered } else { ChangeFeed::FullScan },
            deletions: stream.is_some_and(listed),
            silent: stream.and_then(|s| s.cursor.as_ref()).is_some_and(|c| c.silent),
            trash: stream.is_some_and(listed),
            write_batch: 1,
            one_request: false,
            parallel: self.parallel,
            serial_creates: true,
            unique_key: false,
            bmp_only: false,
            resolution: Duration::from_secs(1),
            mark: None,
        }
    }

    fn check<'a>(&'a self, target: &'a str) -> BoxFuture<'a, CheckReport> {
        self.check_all(target).boxed()
    }

    fn describe<'a>(&'a self, entity: &'a str) -> BoxFuture<'a, RemoteResult<EntityInfo>> {
        self.fields_of(entity).boxed()
    }

    fn may_write<'a>(&'a self, entity: &'a str) -> BoxFuture<'a, RemoteResult<()>> {
        async move { Err(self.read_only(entity)) }.boxed()
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
        _: &'a [String],
    ) -> BoxFuture<'a, Vec<RemoteResult<Written>>> {
        async move { writes.iter().map(|_| Err(self.read_only(entity))).collect() }.boxed()
    }

    fn probe<'a>(
        &'a self,
        entity: &'a str,
        known: Option<&'a str>,
    ) -> BoxFuture<'a, RemoteResult<Probe>> {
        self.probe_entity(entity, known).boxed()
    }

    fn record_url(&self, entity: &str, id: &str) -> Option<String> {
        let url = self.streams.get(entity)?.url.as_ref()?;
        let names = template::Names {
            config: Some(&self.config),
            values: vec![("id", id.to_owned())],
            ..template::Names::default()
        };
        let path = template::path(url, &names).ok()??;
        self.address(&path, true).ok().map(String::from)
    }

    fn requests(&self) -> (u64, u64) {
        self.http.requests()
    }
}

impl Rest {
    fn read_only(&self, entity: &str) -> RemoteError {
        RemoteError::new(
            ErrorKind::Permission,
            UserError::new(
                format!("{entity} of {} are not written.", self.label),
                "A service that is connected by a manifest is only read.",
                "Choose the direction to Vtiger.",
            ),
        )
    }
}

#[cfg(test)]
mod tests;

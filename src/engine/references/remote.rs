//! [`Referring`] as a remote: records are told on their way in, writes are turned back on their way
//! out; the rest goes through.

use super::Referring;
use crate::model::{CheckReport, Record};
use crate::remote::{
    Capabilities, EntityInfo, Page, PageRequest, Remote, RemoteResult, Write, Written,
};
use futures::future::BoxFuture;
use std::borrow::Cow;
use tokio_util::sync::CancellationToken;

impl Remote for Referring {
    fn label(&self) -> &str {
        self.inner.label()
    }

    fn capabilities(&self, entity: &str) -> Capabilities {
        self.inner.capabilities(entity)
    }

    fn check<'a>(&'a self, target: &'a str) -> BoxFuture<'a, CheckReport> {
        self.inner.check(target)
    }

    fn describe<'a>(&'a self, entity: &'a str) -> BoxFuture<'a, RemoteResult<EntityInfo>> {
        self.inner.describe(entity)
    }

    fn may_write<'a>(&'a self, entity: &'a str) -> BoxFuture<'a, RemoteResult<()>> {
        self.inner.may_write(entity)
    }

    fn page<'a>(&'a self, request: &'a PageRequest) -> BoxFuture<'a, RemoteResult<Page>> {
        Box::pin(async move {
            let mut page = self.inner.page(request).await?;
            page.records = self.told(&request.entity, page.records).await?;
            Ok(page)
        })
    }

    fn deletions_from_now(&self) -> Option<String> {
        self.inner.deletions_from_now()
    }

    fn refined(&self, mark: &str) -> String {
        self.inner.refined(mark)
    }

    fn page_begun<'a>(&'a self, request: &'a PageRequest) -> BoxFuture<'a, RemoteResult<Page>> {
        self.inner.page_begun(request)
    }

    fn filled<'a>(
        &'a self,
        request: &'a PageRequest,
        page: Page,
    ) -> BoxFuture<'a, RemoteResult<Page>> {
        Box::pin(async move {
            let mut page = self.inner.filled(request, page).await?;
            page.records = self.told(&request.entity, page.records).await?;
            Ok(page)
        })
    }

    fn fetch<'a>(
        &'a self,
        entity: &'a str,
        ids: &'a [String],
        fields: &'a [String],
    ) -> BoxFuture<'a, RemoteResult<Vec<Record>>> {
        Box::pin(async move {
            let records = self.inner.fetch(entity, ids, fields).await?;
            self.told(entity, records).await
        })
    }

    fn find<'a>(
        &'a self,
        entity: &'a str,
        field: &'a str,
        values: &'a [String],
        fields: &'a [String],
    ) -> BoxFuture<'a, RemoteResult<Vec<Record>>> {
        Box::pin(async move {
            let records = self.inner.find(entity, field, values, fields).await?;
            self.told(entity, records).await
        })
    }

    fn write<'a>(
        &'a self,
        entity: &'a str,
        writes: &'a [Write],
        fields: &'a [String],
    ) -> BoxFuture<'a, Vec<RemoteResult<Written>>> {
        Box::pin(async move {
            self.write_native(entity, writes, fields, &CancellationToken::new()).await
        })
    }

    fn write_until<'a>(
        &'a self,
        entity: &'a str,
        writes: &'a [Write],
        fields: &'a [String],
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Vec<RemoteResult<Written>>> {
        Box::pin(self.write_native(entity, writes, fields, stop))
    }

    fn record_url(&self, entity: &str, id: &str) -> Option<String> {
        self.inner.record_url(entity, id)
    }

    fn requests(&self) -> (u64, u64) {
        self.inner.requests()
    }
}

impl Referring {
    async fn write_native(
        &self,
        entity: &str,
        writes: &[Write],
        fields: &[String],
        stop: &CancellationToken,
    ) -> Vec<RemoteResult<Written>> {
        let refers = self.entities.contains_key(entity);
        let native = match refers {
            true => match self.native(entity, writes).await {
                Ok(native) => Cow::Owned(native),
                Err(error) => return writes.iter().map(|_| Err(error.clone())).collect(),
            },
            false => Cow::Borrowed(writes),
        };
        let mut results = self.inner.write_until(entity, &native, fields, stop).await;
        for result in results.iter_mut().filter(|_| refers) {
            let Ok(written) = result else { continue };
            let Some(record) = written.record.take() else { continue };
            // The write is done: what cannot be told of its answer is read by the next run.
            let told = self.told(entity, vec![record]).await.unwrap_or_default();
            written.record = told.into_iter().next();
        }
        results
    }
}

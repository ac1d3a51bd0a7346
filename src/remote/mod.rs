//! The one seam to the outside: every system speaks through [`Remote`], and nobody but this folder
//! knows HTTP. The engine asks [`Capabilities`], never the system's name.

mod error;
mod http;
pub mod magento;
mod oauth;
mod probe;
pub mod rest;
mod tokens;
pub mod vtiger;
pub mod woocommerce;
pub mod zoho;

mod services;

pub use error::{ErrorKind, RemoteError};
pub use probe::Probe;
pub use services::{Credentials, begin_consent, check_credentials, connect_service};
pub use tokens::TokenStore;
pub use zoho::{Consent, Device};

use crate::model::{CheckReport, Fields, Record, Stamp};
use futures::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What came back from a remote call.
pub type RemoteResult<T> = Result<T, RemoteError>;

/// A connected system: Vtiger or a service.
///
/// All calls may run at the same time; the remote itself bounds concurrency and rate, retries reads
/// (with backoff, `Retry-After` obeyed) and logs in again on an expired session. A write is sent at
/// most once unless it certainly did not arrive; when its outcome is not known the error says
/// [`ErrorKind::Unknown`].
pub trait Remote: Send + Sync {
    /// The system in the words of the user: `Vtiger`, `WooCommerce`.
    fn label(&self) -> &str;

    /// What the system can do with this entity.
    fn capabilities(&self, entity: &str) -> Capabilities;

    /// Finds out who we are, which version it is, what may be read and written, and what is wrong.
    /// Never fails: problems stand in the report.
    fn check<'a>(&'a self, target: &'a str) -> BoxFuture<'a, CheckReport>;

    /// The fields of an entity as the system describes them now.
    fn describe<'a>(&'a self, entity: &'a str) -> BoxFuture<'a, RemoteResult<EntityInfo>>;

    /// Whether this user may create and change records of an entity; an error says what is missing.
    /// Writes nothing.
    fn may_write<'a>(&'a self, entity: &'a str) -> BoxFuture<'a, RemoteResult<()>> {
        Box::pin(async move {
            let info = self.describe(entity).await?;
            if info.createable && info.updateable {
                return Ok(());
            }
            let error = crate::model::UserError::new(
                format!("{} does not let its user write {entity}.", self.label()),
                "The user may not create or change these records.",
                "Give the user that right, or choose a direction that does not write there.",
            );
            Err(RemoteError::new(ErrorKind::Permission, error))
        })
    }

    /// One page of a listing.
    fn page<'a>(&'a self, request: &'a PageRequest) -> BoxFuture<'a, RemoteResult<Page>>;

    /// [`Self::page`] as far as its own request goes: what takes further ones is left to
    /// [`Self::filled`], so that the next page can be on its way meanwhile. Ids, stamps and
    /// everything but the records' fields are whole.
    fn page_begun<'a>(&'a self, request: &'a PageRequest) -> BoxFuture<'a, RemoteResult<Page>> {
        self.page(request)
    }

    /// A begun page with all that its records need.
    fn filled<'a>(
        &'a self,
        _request: &'a PageRequest,
        page: Page,
    ) -> BoxFuture<'a, RemoteResult<Page>> {
        Box::pin(std::future::ready(Ok(page)))
    }

    /// The mark from which on [`Scope::Trashed`] tells what is deleted from now on; `None`: it goes
    /// by the mark of the changes.
    fn deletions_from_now(&self) -> Option<String> {
        None
    }

    /// The mark of a listing with what was learned since about the system, so that the next process
    /// knows it from the start.
    fn refined(&self, mark: &str) -> String {
        mark.to_owned()
    }

    /// Whether an entity changed since what an earlier probe remembered; `None`: nothing is
    /// remembered, which counts as changed. One or two small reads; it may miss what only a sync
    /// finds (deletions, changes without a stamp).
    fn probe<'a>(
        &'a self,
        entity: &'a str,
        known: Option<&'a str>,
    ) -> BoxFuture<'a, RemoteResult<Probe>> {
        Box::pin(probe::by_listing(self, entity, known))
    }

    /// The records with these ids, in any order; those that are gone are left out, those in the
    /// trash are marked. Any number of ids: the remote splits them as it must.
    fn fetch<'a>(
        &'a self,
        entity: &'a str,
        ids: &'a [String],
        fields: &'a [String],
    ) -> BoxFuture<'a, RemoteResult<Vec<Record>>>;

    /// The records whose `field` holds one of these values (compared as the system compares; the
    /// caller checks again), in any order, trashed ones marked. Any number of values.
    fn find<'a>(
        &'a self,
        entity: &'a str,
        field: &'a str,
        values: &'a [String],
        fields: &'a [String],
    ) -> BoxFuture<'a, RemoteResult<Vec<Record>>>;

    /// Sends writes, at most [`Capabilities::write_batch`] of them. The answer has one result for
    /// each, in order; an error of the whole call stands in each of them.
    fn write<'a>(
        &'a self,
        entity: &'a str,
        writes: &'a [Write],
        fields: &'a [String],
    ) -> BoxFuture<'a, Vec<RemoteResult<Written>>>;

    /// As [`Self::write`], but when `stop` is cancelled nothing more is sent: the rest is answered
    /// with [`ErrorKind::Stopped`]. A request that is under way is waited for.
    fn write_until<'a>(
        &'a self,
        entity: &'a str,
        writes: &'a [Write],
        fields: &'a [String],
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Vec<RemoteResult<Written>>> {
        if stop.is_cancelled() {
            let results = writes.iter().map(|_| Err(RemoteError::stopped())).collect();
            return Box::pin(std::future::ready(results));
        }
        self.write(entity, writes, fields)
    }

    /// The page of a record in the system's own web interface.
    fn record_url(&self, entity: &str, id: &str) -> Option<String>;

    /// Requests sent so far, and how many of them were repetitions.
    fn requests(&self) -> (u64, u64);
}

/// How a system shows what has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeFeed {
    /// It can list what changed since a mark.
    Filtered,
    /// It can only list everything; a narrow listing ([`Scope::Narrow`]) has ids and stamps, and
    /// match keys where they are asked for.
    NarrowScan,
    /// It can only list everything, and has no stamps.
    FullScan,
}

/// What a system can do with an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// How changes are found.
    pub changes: ChangeFeed,
    /// Some changes do not move a record's stamp (stock, addresses): besides the changes, everything
    /// has to be read and compared now and then.
    pub silent: bool,
    /// It has a trash that can be listed ([`Scope::Trashed`]).
    pub trash: bool,
    /// It tells which records were deleted since a mark ([`Scope::Trashed`]), so that all ids have
    /// to be listed now and then only.
    pub deletions: bool,
    /// The most writes in one [`Remote::write`] call.
    pub write_batch: usize,
    /// Such a call is one request, however many writes it has.
    pub one_request: bool,
    /// Calls that may run at the same time.
    pub parallel: usize,
    /// Creates of one entity are sent one after the other (Vtiger numbers records twice otherwise).
    pub serial_creates: bool,
    /// The system itself refuses a second record with the same match key.
    pub unique_key: bool,
    /// Names and texts above U+FFFF cannot be stored (MySQL's three-byte utf8).
    pub bmp_only: bool,
    /// Resolution of its modification stamps.
    pub resolution: Duration,
    /// Where a record that we create can carry the id of its source, so that it is found again when
    /// the answer to the create was lost. [`Remote::find`] takes this path with values
    /// `ID@SECONDS`: the id, and the Unix time before which the record cannot have been created.
    pub mark: Option<&'static str>,
}

/// Which records a listing shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All of them, with all fields asked for.
    All,
    /// Changed since a mark that an earlier listing gave ([`Page::mark`]), or, for the first
    /// listing of a period, since an instant. The remote subtracts its own overlap from a mark.
    Changed(Since),
    /// All of them, with id, stamps and, of the fields asked for, those that are cheap to have (at
    /// least the match key).
    Narrow,
    /// Those in the trash, or deleted, since a mark; `None`: all.
    Trashed(Option<Since>),
}

/// Where a listing of changes starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// A mark of an earlier listing, in the remote's own notation.
    Mark(String),
    /// An instant (the period of *Sync Records From*).
    Instant(Stamp),
}

/// Which page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageAt {
    /// The first one.
    First,
    /// The one after a token of the page before.
    After(String),
    /// By number, from 2 on, when the first page said [`Next::Numbered`].
    Number(u64),
}

/// A request for one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// The entity (`Contacts`, `customers`).
    pub entity: String,
    /// The paths wanted. The remote adds what it needs for id and stamps.
    pub fields: Arc<[String]>,
    /// Which records.
    pub scope: Scope,
    /// Which page.
    pub at: PageAt,
}

/// What comes after a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nothing: it was the last one.
    End,
    /// The page after this token.
    After(String),
    /// There are so many pages in all, and they can be asked for at the same time.
    Numbered {
        /// How many pages there are.
        pages: u64,
    },
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The records.
    pub records: Vec<Record>,
    /// What comes next.
    pub next: Next,
    /// How many records the listing has in all, where the system says so.
    pub total: Option<u64>,
    /// Where the next listing of changes has to start when everything up to and including this page
    /// is settled.
    pub mark: Option<String>,
    /// The system's clock when it answered.
    pub server_time: Option<Stamp>,
}

/// A write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Creates a record with these fields.
    Create {
        /// By dotted path, as the mapping writes them.
        fields: Fields,
    },
    /// Changes these fields of a record; an empty text clears a field.
    Update {
        /// The id.
        id: String,
        /// The changed fields only.
        fields: Fields,
        /// The stamp of the record that the change was planned from. A system with preconditions
        /// refuses the change if the record is younger ([`ErrorKind::Precondition`]).
        unmodified_since: Option<Stamp>,
    },
    /// Deletes a record, into the trash where there is one.
    Delete {
        /// The id.
        id: String,
    },
}

/// What a write did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The id of the record.
    pub id: String,
    /// The record as the system answered, with the fields asked for; `None` after a delete.
    pub record: Option<Record>,
}

/// The fields of an entity.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EntityInfo {
    /// The entity.
    pub name: String,
    /// Records can be created by this user.
    pub createable: bool,
    /// Records can be changed by this user.
    pub updateable: bool,
    /// Records can be deleted by this user.
    pub deleteable: bool,
    /// The fields.
    pub fields: Vec<FieldInfo>,
    /// The paths of text fields of an administrator's own making by which [`Remote::find`] finds a
    /// record as soon as it was made: they may carry the id of another system's record.
    pub id_fields: Vec<String>,
}

impl EntityInfo {
    /// The field with this path.
    pub fn field(&self, path: &str) -> Option<&FieldInfo> {
        self.fields.iter().find(|f| f.path == path)
    }
}

/// A field as the system describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldInfo {
    /// Dotted path.
    pub path: String,
    /// Label for people.
    pub label: String,
    /// The system's own word for its type.
    pub type_name: String,
    /// It must not be empty.
    pub mandatory: bool,
    /// It can be written.
    pub writable: bool,
    /// The longest text it holds, in characters, where that is known.
    pub max_length: Option<usize>,
    /// The values it may have, if the list is closed.
    pub choices: Vec<String>,
    /// The entities it may refer to.
    pub refers_to: Vec<String>,
}

/// How a remote is to behave: limits and switches of the connection.
#[derive(Clone, Default)]
pub struct ConnectOptions {
    /// Requests at a time; `None`: the system's safe default.
    pub concurrency: Option<usize>,
    /// Requests a second; `None`: the system's safe default.
    pub requests_per_second: Option<u32>,
    /// Plain http to other hosts than this machine is accepted.
    pub allow_http: bool,
    /// A further certificate authority: the PEM text.
    pub ca_pem: Option<Vec<u8>>,
    /// Hears of every request and its answer, secrets masked. Debug Mode.
    pub tap: Option<Tap>,
    /// Keeps the tokens that the system gives out; `None`: they last as long as the connection.
    pub tokens: Option<Arc<dyn TokenStore>>,
}

/// Hears of requests and answers.
pub type Tap = Arc<dyn Fn(Exchange) + Send + Sync>;

/// One request and its answer, secrets masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// When it was sent.
    pub time: Stamp,
    /// The system.
    pub system: String,
    /// Method and address, secrets masked, cut to a few kilobytes.
    pub request: String,
    /// The body sent, secrets masked, cut to a few kilobytes.
    pub body: String,
    /// The HTTP status, or 0 if there was no answer.
    pub status: u16,
    /// The answer or the error, secrets masked, cut to a few kilobytes.
    pub answer: String,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// The whole length of the body sent, in bytes.
    pub sent: u64,
    /// The whole length of the answer, in bytes.
    pub received: u64,
}

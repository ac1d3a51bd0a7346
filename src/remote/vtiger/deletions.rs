//! What was deleted, by the operation `sync`, where it works.
//!
//! Vtiger as it is shipped dies of `sync` (8.4.0, and 7.x on PHP from 7.1 on); hosts repair it. So it
//! is tried once for each connection, and where it fails deleted records are found by listing all
//! ids, as without it. Only an administrator is told of other users' records.

use super::super::http::Plan;
use super::super::{Next, Page, PageAt, RemoteResult, Since};
use super::Vtiger;
use super::call::{Operation, refused};
use super::describe::Described;
use super::time::Mark;
use crate::model::{Record, Stamp};
use serde::Deserialize;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU8, Ordering};

/// In the token of a listing of what was deleted.
const TOKEN: &str = "deleted since ";
/// `sync` leaves the second out that it is asked for.
const BACK_S: i64 = 1;
/// The earliest time that it takes.
const EARLIEST: i64 = 1;

/// Whether `sync` works, as far as that is known.
#[derive(Debug, Default)]
pub(crate) struct Deletions(AtomicU8);

const WORKS: u8 = 1;
const FAILS: u8 = 2;

impl Deletions {
    /// It answered.
    pub(crate) fn work(&self) -> bool {
        self.0.load(Ordering::Relaxed) == WORKS
    }

    fn known(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }

    fn learn(&self, works: bool) {
        self.0.store(if works { WORKS } else { FAILS }, Ordering::Relaxed);
    }
}

/// What is read of the answer; the changed records are passed over.
#[derive(Deserialize)]
struct Fed {
    deleted: Vec<String>,
    #[serde(default)]
    more: bool,
    #[serde(rename = "lastModifiedTime")]
    last: i64,
}

impl Vtiger {
    /// Tries the operation once, on a module that has stamps.
    pub(crate) async fn try_deletions(&self, module: &Described) {
        if self.deletions.known() || !module.has("modifiedtime") {
            return;
        }
        if !self.sees_all() {
            return self.deletions.learn(false);
        }
        let now = self.sessions.server_now().0.div_euclid(1000);
        let plan = Plan { tries: 1, ..Plan::BRIEF };
        let fed = self.deleted_since(&module.info.name, now - BACK_S, plan).await;
        self.deletions.learn(fed.is_ok());
    }

    async fn deleted_since(&self, module: &str, since: i64, plan: Plan) -> RemoteResult<Fed> {
        let since = since.max(EARLIEST).to_string();
        let op = Operation::get("sync", format!("ask what was deleted in {module}"))
            .with("modifiedTime", &since)
            .with("elementType", module)
            .with("syncType", "application")
            .planned(plan);
        Ok(self.call(op, PhantomData::<Fed>).await?.0)
    }

    /// A page of what was deleted since a mark.
    pub(crate) async fn deleted(
        &self,
        module: &Described,
        since: Option<&Since>,
        at: &PageAt,
    ) -> RemoteResult<Page> {
        let from = match at {
            PageAt::First => since.map_or(EARLIEST, |since| self.seconds(since)),
            PageAt::After(token) => match token.strip_prefix(TOKEN).map(str::parse) {
                Some(Ok(from)) => from,
                _ => return Err(bad_token(token)),
            },
            PageAt::Number(n) => return Err(bad_token(&n.to_string())),
        };
        let name = &module.info.name;
        let Ok(fed) = self.deleted_since(name, from - BACK_S, Plan::READ).await else {
            // What it would have told shows in the listing of all ids.
            self.deletions.learn(false);
            return Ok(page(Vec::new(), Next::End));
        };
        let gone = |id: String| Record { id, trashed: true, ..Record::default() };
        let next = match fed.more && fed.last > from {
            true => Next::After(format!("{TOKEN}{}", fed.last)),
            false => Next::End,
        };
        Ok(page(fed.deleted.into_iter().map(gone).collect(), next))
    }

    /// The second from which on to ask; too early where the server's zone is not known.
    fn seconds(&self, since: &Since) -> i64 {
        let at = match since {
            Since::Instant(at) => Some(*at),
            Since::Mark(mark) => {
                let mark = Mark::read(mark);
                self.zone.hint(mark.offset);
                mark.start().and_then(|stamp| self.zone.surely_before(&stamp))
            }
        };
        at.map_or(EARLIEST, |Stamp(ms)| ms.div_euclid(1000))
    }
}

fn page(records: Vec<Record>, next: Next) -> Page {
    Page { records, next, total: None, mark: None, server_time: None }
}

fn bad_token(token: &str) -> super::super::RemoteError {
    refused(
        "A listing of what was deleted in Vtiger cannot go on from where it stopped.",
        format!("\"{token}\" is not a position that it gave."),
        "Start the listing from the beginning.",
    )
}

//! What was deleted, by the operation `sync`, where it works.
//!
//! Vtiger as it is shipped dies of `sync` (8.4.0, and 7.x on PHP from 7.1 on); hosts repair it. So it
//! is tried once for each connection, and where it fails deleted records are found by listing all
//! ids, as without it. Only an administrator is told of other users' records.
//!
//! It tells what was changed too, in full, so each listing starts as late as it may: at the latest
//! second that the one before has told, as the server itself counts it.

use super::super::http::Plan;
use super::super::{Next, Page, PageAt, RemoteResult, Since};
use super::Vtiger;
use super::call::{Operation, refused};
use super::describe::Described;
use super::time::Mark;
use crate::model::{Record, Stamp};
use serde::Deserialize;
use serde::de::IgnoredAny;
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

/// What is read of the answer; the changed records are only counted.
#[derive(Deserialize)]
struct Fed {
    #[serde(default)]
    updated: Vec<IgnoredAny>,
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
        let now = self.now();
        let plan = Plan { tries: 1, ..Plan::BRIEF };
        let fed = self.deleted_since(&module.info.name, now - BACK_S, plan).await;
        self.deletions.learn(fed.is_ok());
    }

    async fn deleted_since(
        &self,
        module: &str,
        since: i64,
        plan: Plan,
    ) -> RemoteResult<(Fed, Option<Stamp>)> {
        let since = since.max(EARLIEST).to_string();
        let op = Operation::get("sync", format!("ask what was deleted in {module}"))
            .with("modifiedTime", &since)
            .with("elementType", module)
            .with("syncType", "application")
            .planned(plan);
        self.call(op, PhantomData::<Fed>).await
    }

    /// A page of what was deleted since a mark: one of an earlier listing of this kind, or one of the
    /// changes.
    pub(crate) async fn deleted(
        &self,
        module: &Described,
        since: Option<&Since>,
        at: &PageAt,
    ) -> RemoteResult<Page> {
        let At { from, mut mark } = match at {
            PageAt::First => self.first(since),
            PageAt::After(token) => At::read(token).ok_or_else(|| bad_token(token))?,
            PageAt::Number(n) => return Err(bad_token(&n.to_string())),
        };
        let name = &module.info.name;
        let Ok((fed, server_time)) = self.deleted_since(name, from - BACK_S, Plan::READ).await
        else {
            // What it would have told shows in the listing of all ids.
            self.deletions.learn(false);
            return Ok(page(Vec::new(), Next::End, None));
        };
        let empty = fed.updated.is_empty() && fed.deleted.is_empty();
        let server_time = server_time.unwrap_or_else(|| self.sessions.server_now());
        match &mut mark {
            Some(mark) if empty || mark.second() >= Some(fed.last) => mark.asked_again(server_time),
            mark => {
                let latest = if empty { from } else { fed.last };
                *mark = Some(Mark::new(&latest.to_string(), self.zone.known(), Some(server_time)));
            }
        }
        let told = mark.as_ref().map(Mark::to_string);
        let next = match fed.more && fed.last > from {
            true => Next::After(At { from: fed.last, mark }.token()),
            false => Next::End,
        };
        Ok(page(fed.deleted.into_iter().map(Record::gone).collect(), next, told))
    }

    /// What is deleted from now on, if `sync` works.
    pub(crate) fn deletion_mark_of_now(&self) -> Option<String> {
        let now = Some(self.sessions.server_now());
        let mark = || Mark::new(&self.now().to_string(), self.zone.known(), now).to_string();
        self.deletions.work().then(mark)
    }

    /// The server's clock, in Unix seconds.
    fn now(&self) -> i64 {
        self.sessions.server_now().0.div_euclid(1000)
    }

    /// Where a listing starts; too early where nothing of the kind was listed before.
    fn first(&self, since: Option<&Since>) -> At {
        let mark = match since {
            None => return At { from: EARLIEST, mark: None },
            Some(Since::Instant(at)) => {
                return At { from: at.0.div_euclid(1000), mark: None };
            }
            Some(Since::Mark(mark)) => Mark::read(mark),
        };
        self.zone.hint(mark.offset);
        if let Some(from) = mark.start_second() {
            return At { from, mark: Some(mark) };
        }
        let from = mark.start().and_then(|stamp| self.zone.surely_before(&stamp));
        At { from: from.map_or(EARLIEST, |at| at.0.div_euclid(1000)), mark: None }
    }
}

/// Where a listing has come.
#[derive(Debug, PartialEq)]
struct At {
    /// The second that the next page starts at.
    from: i64,
    mark: Option<Mark>,
}

impl At {
    fn token(&self) -> String {
        let mark = self.mark.as_ref().map(Mark::to_string).unwrap_or_default();
        format!("{TOKEN}{} {mark}", self.from)
    }

    fn read(token: &str) -> Option<Self> {
        let (from, mark) = token.strip_prefix(TOKEN)?.split_once(' ')?;
        let mark = Some(mark).filter(|mark| !mark.is_empty()).map(Mark::read);
        Some(Self { from: from.parse().ok()?, mark })
    }
}

fn page(records: Vec<Record>, next: Next, mark: Option<String>) -> Page {
    Page { records, next, total: None, mark, server_time: None }
}

fn bad_token(token: &str) -> super::super::RemoteError {
    refused(
        "A listing of what was deleted in Vtiger cannot go on from where it stopped.",
        format!("\"{token}\" is not a position that it gave."),
        "Start the listing from the beginning.",
    )
}

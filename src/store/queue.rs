//! What people do with the queue. Each change looks first and is made in the same transaction, so
//! that it is safe while a sync works on the same record, in this process or another one.

use super::tables::links::Ends;
use super::writing::Writing;
use super::{Store, StoreError, StoreResult};
use crate::model::{
    ConnectorId, Decided, Link, Module, Parked, Reason, ReasonCode, Side, Skip, Stamp, Verdict,
};
use std::collections::HashSet;
use tokio::sync::oneshot;

/// What is done with a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Try it again: one that waits is due now, one whose skip stands is put into the queue.
    /// `named`: the person named this very record, so that one that was left out comes back.
    Retry {
        /// The record was named.
        named: bool,
    },
    /// Take it out of the queue: it is not tried again until it changes.
    Leave,
    /// Put it into the queue under this name.
    Add(String),
    /// Never sync it: its name and the reason.
    Never(String, Reason),
    /// Create it on the other side, whatever looks like it there.
    CreateNew,
}

/// A deed and the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueChange {
    /// The module.
    pub module: Module,
    /// The side and id of the record.
    pub side: Side,
    /// The id there.
    pub id: String,
    /// What is done.
    pub deed: Deed,
}

/// What came of a deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Came {
    /// It was done.
    Done,
    /// There is nothing of the record in the queue and no skip: it was settled meanwhile.
    Nothing,
    /// The outcome of a write of it is still open: the next sync looks it up first.
    Open,
    /// It was not looked at since it was put into the queue, so nobody could tell when it changes.
    Unseen,
    /// The record was deleted, and what waits is the delete of its counterpart.
    Gone,
    /// A deletion is not carried over: trying again would bring the record back.
    Deletion,
    /// A person left it out.
    LeftOut,
    /// It is taken again at the next sync anyway.
    Anyway,
}

type Key<'a> = (ConnectorId, Module, Side, &'a str);

impl Store {
    /// Does these deeds in one transaction, and answers what came of each.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub async fn change_queue(
        &self,
        c: ConnectorId,
        changes: Vec<QueueChange>,
        now: Stamp,
    ) -> StoreResult<Vec<Came>> {
        let (tell, told) = oneshot::channel();
        let work = Box::new(move |writing: &mut Writing<'_>| {
            let open = writing.open_writes(c)?;
            let mut came = Vec::with_capacity(changes.len());
            for change in &changes {
                came.push(writing.change_queue(c, change, &open, now)?);
            }
            writing.visible |= came.contains(&Came::Done);
            // Whoever asked may have gone; the work is done all the same.
            drop(tell.send(came));
            Ok(0)
        });
        self.write(work).await?;
        told.await.map_err(|_| super::threads::gave_up())
    }

    /// Links two records of these names as a person says, and puts both into the queue.
    ///
    /// # Errors
    /// One of them is linked to another record, or has an open write; else as [`Store::commit`].
    pub async fn link_by_hand(
        &self,
        c: ConnectorId,
        m: Module,
        link: Link,
        names: [String; 2],
        now: Stamp,
    ) -> StoreResult<()> {
        let work = Box::new(move |writing: &mut Writing<'_>| {
            let open = writing.open_writes(c)?;
            for (side, name) in Side::BOTH.into_iter().zip(&names) {
                let id = link.id_on(side);
                if open.contains(&(m, side, id.to_owned())) {
                    return Err(StoreError::new(
                        format!("{id} cannot be linked now."),
                        "The answer to a write of it was lost, and its outcome is still open.",
                        "Sync once: that looks the outcome up. Then link it.",
                    ));
                }
                let key = (c, m, side, id);
                writing.drop_skip(key)?;
                // Both are read by the next sync, which compares them with nothing behind them.
                writing.put_parked(c, m, &fresh(key, name, now))?;
            }
            writing.put_link(c, m, &link)?;
            writing.visible = true;
            Ok(0)
        });
        self.write(work).await.map(drop)
    }
}

impl Writing<'_> {
    /// The records that have a write whose outcome is open, on either end.
    fn open_writes(&mut self, c: ConnectorId) -> StoreResult<HashSet<(Module, Side, String)>> {
        let mut open = HashSet::new();
        for (module, intent) in self.intents_of(c)? {
            open.insert((module, intent.target.other(), intent.source_id));
            if !intent.target_id.is_empty() {
                open.insert((module, intent.target, intent.target_id));
            }
        }
        Ok(open)
    }

    fn change_queue(
        &mut self,
        c: ConnectorId,
        change: &QueueChange,
        open: &HashSet<(Module, Side, String)>,
        now: Stamp,
    ) -> StoreResult<Came> {
        let QueueChange { module, side, id, deed } = change;
        let key = (c, *module, *side, id.as_str());
        match deed {
            Deed::Retry { named } => self.retry(key, *named, now),
            Deed::Leave if open.contains(&(*module, *side, id.clone())) => Ok(Came::Open),
            Deed::Leave => self.leave(key, now),
            Deed::Add(name) => self.add(key, name, now),
            Deed::Never(name, reason) => self.never(key, name, reason, now),
            Deed::CreateNew => self.create_new(key, now),
        }
    }

    fn retry(&mut self, key: Key<'_>, named: bool, now: Stamp) -> StoreResult<Came> {
        let parked = self.parked_at(key)?;
        let skip = self.skip_at(key)?;
        let verdict = skip.as_ref().and_then(Skip::verdict);
        match (&skip, verdict) {
            (Some(_), Some(Verdict::CreateNew | Verdict::Lost)) => return Ok(Came::Anyway),
            (Some(_), Some(Verdict::Never)) if !named => return Ok(Came::LeftOut),
            (Some(_), Some(Verdict::Never)) => self.park_other_end(key, now)?,
            (Some(skip), _) if skip.is_final() => return Ok(Came::Deletion),
            _ => {}
        }
        match (parked, skip) {
            (None, None) => return Ok(Came::Nothing),
            (Some(parked), _) => {
                self.put_parked(key.0, key.1, &Parked { next_try: now, ..parked })?;
            }
            (None, Some(skip)) => {
                let reason = (verdict != Some(Verdict::Never)).then_some(skip.reason);
                let (print, revision) = (Some(skip.print), skip.revision);
                let parked = Parked { reason, print, revision, ..fresh(key, &skip.name, now) };
                self.put_parked(key.0, key.1, &parked)?;
            }
        }
        self.drop_skip(key)?;
        Ok(Came::Done)
    }

    /// A record that was left out and is linked: what the other side changed meanwhile was passed
    /// by, so that one is looked at again too.
    fn park_other_end(&mut self, (c, m, side, id): Key<'_>, now: Stamp) -> StoreResult<()> {
        if let Some(Ends { vtiger, service }) = self.ends(c, m, side, id)? {
            let other = if side == Side::Vtiger { service } else { vtiger };
            let key = (c, m, side.other(), other.as_str());
            if self.parked_at(key)?.is_none() {
                self.put_parked(c, m, &fresh(key, &other, now))?;
            }
        }
        Ok(())
    }

    fn leave(&mut self, key: Key<'_>, now: Stamp) -> StoreResult<Came> {
        let Some(parked) = self.parked_at(key)? else {
            let skip = self.skip_at(key)?;
            return Ok(if skip.is_some() { Came::Anyway } else { Came::Nothing });
        };
        if parked.gone {
            // The next complete listing would bring it up again.
            return Ok(Came::Gone);
        }
        let Some(reason) = parked.reason else {
            // Added by hand: the wish is taken back.
            self.drop_parked(key)?;
            return Ok(Came::Done);
        };
        let Some(print) = parked.print else { return Ok(Came::Unseen) };
        // One that is left to a person goes on being looked at: without it, the others with its
        // key would look like the only ones.
        let asks =
            matches!(reason.code, ReasonCode::AmbiguousMatch | ReasonCode::DuplicateInSource);
        let decided = (!asks).then_some(Decided { verdict: Verdict::Dropped, at: now });
        let skip = Skip {
            side: key.2,
            id: parked.id,
            name: parked.name,
            reason,
            print,
            revision: parked.revision,
            run: 0,
            decided,
            stamp: None,
        };
        self.put_skip(key.0, key.1, &skip)?;
        self.drop_parked(key)?;
        Ok(Came::Done)
    }

    fn add(&mut self, key: Key<'_>, name: &str, now: Stamp) -> StoreResult<Came> {
        if let Some(skip) = self.skip_at(key)?.filter(Skip::is_final) {
            let left_out = skip.verdict() == Some(Verdict::Never);
            return Ok(if left_out { Came::LeftOut } else { Came::Deletion });
        }
        let parked = match self.parked_at(key)? {
            Some(parked) if !parked.is_all() => Parked { next_try: now, ..parked },
            _ => fresh(key, name, now),
        };
        self.put_parked(key.0, key.1, &parked)?;
        Ok(Came::Done)
    }

    fn never(&mut self, key: Key<'_>, name: &str, why: &Reason, now: Stamp) -> StoreResult<Came> {
        let skip = Skip {
            side: key.2,
            id: key.3.to_owned(),
            name: name.to_owned(),
            reason: why.clone(),
            print: 0,
            revision: 0,
            run: 0,
            decided: Some(Decided { verdict: Verdict::Never, at: now }),
            stamp: None,
        };
        self.put_skip(key.0, key.1, &skip)?;
        self.drop_parked(key)?;
        Ok(Came::Done)
    }

    fn create_new(&mut self, key: Key<'_>, now: Stamp) -> StoreResult<Came> {
        let Some(mut skip) = self.skip_at(key)? else { return Ok(Came::Nothing) };
        if skip.verdict() == Some(Verdict::Never) {
            return Ok(Came::LeftOut);
        }
        skip.decided = Some(Decided { verdict: Verdict::CreateNew, at: now });
        self.put_skip(key.0, key.1, &skip)?;
        Ok(Came::Done)
    }
}

/// An entry made by hand, due now.
fn fresh((_, _, side, id): Key<'_>, name: &str, now: Stamp) -> Parked {
    Parked {
        side,
        id: id.to_owned(),
        name: name.to_owned(),
        reason: None,
        since: now,
        tries: 0,
        next_try: now,
        print: None,
        revision: 0,
        gone: false,
    }
}

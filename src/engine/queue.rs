//! The queue as people see and change it: records that wait to be taken again, and skips that stand
//! until something changes. What is changed here is safe while a sync runs.

mod by_hand;
mod change;

pub use by_hand::{Difference, LinkPreview};
pub use change::{Act, Changed};

use crate::model::{
    Candidate, ConnectorId, Decided, Module, Parked, Reason, ReasonCode, Side, Skip, Stamp, Verdict,
};
use crate::store::{Reader, StoreResult};

/// Rows looked at in one transaction at most.
const SCAN: usize = 1_000;

/// What happened to a record that was deleted while its counterpart was edited.
const GONE: &str = "It is gone. Its counterpart changed before the delete was carried over, so both \
                    are looked at once more.";

/// The text by which the entries are found that wait for a decision.
pub const TO_BE_DECIDED: &str = "to be decided";

/// Which entries are meant. What is not named is not asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Select {
    /// Of this module.
    pub module: Option<Module>,
    /// Of this side.
    pub side: Option<Side>,
    /// For this reason.
    pub reason: Option<ReasonCode>,
    /// The record with this id.
    pub id: Option<String>,
    /// Only those that wait (`true`), or only standing skips.
    pub waiting: Option<bool>,
    /// With this text in the name, id, module or cause; with a `!` before it, without it.
    pub text: String,
}

/// How a record stands in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It waits to be taken again.
    Waiting(Parked),
    /// Its skip stands until something changes.
    Skipped(Skip),
}

/// An entry of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The module.
    pub module: Module,
    /// How it stands.
    pub state: State,
}

impl Entry {
    /// The side that the record is on.
    pub fn side(&self) -> Side {
        match &self.state {
            State::Waiting(parked) => parked.side,
            State::Skipped(skip) => skip.side,
        }
    }

    /// Its id there; empty: every record of the module.
    pub fn id(&self) -> &str {
        match &self.state {
            State::Waiting(parked) => &parked.id,
            State::Skipped(skip) => &skip.id,
        }
    }

    /// Whether it stands for every record of its module.
    pub fn is_all(&self) -> bool {
        self.id() == Parked::ALL
    }

    /// The record's name.
    pub fn name(&self) -> String {
        match &self.state {
            State::Waiting(parked) if parked.is_all() => format!("all {}", self.module),
            State::Waiting(parked) => parked.name.clone(),
            State::Skipped(skip) => skip.name.clone(),
        }
    }

    /// Why it waits or is skipped; `None`: a person put it into the queue, or it is gone.
    pub fn reason(&self) -> Option<&Reason> {
        match &self.state {
            State::Waiting(parked) => parked.reason.as_ref(),
            State::Skipped(skip) => Some(&skip.reason),
        }
    }

    /// What a person decided of it.
    pub fn decided(&self) -> Option<Decided> {
        match &self.state {
            State::Waiting(_) => None,
            State::Skipped(skip) => skip.decided,
        }
    }

    /// The queue entry, if it waits.
    pub fn waiting(&self) -> Option<&Parked> {
        match &self.state {
            State::Waiting(parked) => Some(parked),
            State::Skipped(_) => None,
        }
    }

    /// The records on the other side that may be meant.
    pub fn candidates(&self) -> &[Candidate] {
        self.reason().map(|reason| reason.candidates.as_slice()).unwrap_or_default()
    }

    /// Whether it waits because it was shown to be gone.
    fn is_gone(&self) -> bool {
        self.waiting().is_some_and(|parked| parked.gone)
    }

    /// Whether a person may decide with what it belongs together.
    pub fn is_undecided(&self) -> bool {
        let code = self.reason().map(|reason| reason.code);
        let open = matches!(code, Some(ReasonCode::AmbiguousMatch | ReasonCode::DuplicateInSource));
        let decided = self.decided().map(|decided| decided.verdict);
        open && matches!(self.state, State::Skipped(_)) && decided != Some(Verdict::Never)
    }

    /// Whether a person has not decided about it yet.
    pub fn waits_for_decision(&self) -> bool {
        matches!(&self.state, State::Skipped(skip) if skip.waits_for_decision())
    }

    /// The cause in two or three words.
    pub fn cause(&self) -> String {
        match (self.decided().map(|d| d.verdict), self.reason()) {
            (Some(Verdict::CreateNew), _) => "to be created new".into(),
            (_, Some(reason)) => reason.code.words(),
            (_, None) if self.is_gone() => "gone".into(),
            (_, None) => "added by hand".into(),
        }
    }

    /// What happened, in a sentence.
    pub fn text(&self) -> String {
        let text = match (self.reason(), self.is_all()) {
            (Some(reason), _) => reason.text.clone(),
            (None, true) => "Every record of the module is compared again.".into(),
            (None, false) if self.is_gone() => GONE.into(),
            (None, false) => "It was put into the queue by hand.".into(),
        };
        match self.decided().map(|decided| decided.verdict) {
            Some(verdict) if verdict != Verdict::Never => format!("{text} {}", verdict.sentence()),
            _ => text,
        }
    }

    /// What happens next, or what to do.
    pub fn next(&self) -> String {
        match (self.decided().map(|d| d.verdict), self.reason()) {
            (Some(Verdict::CreateNew), _) => "It is created at the next sync.".into(),
            (Some(Verdict::Dropped), _) => {
                "Change the record, or retry it, if it should travel after all.".into()
            }
            (_, Some(reason)) => reason.next.clone(),
            (_, None) => "It is taken again at the next sync.".into(),
        }
    }

    /// Since when it waits or when a person decided it.
    pub fn since(&self) -> Option<Stamp> {
        match &self.state {
            State::Waiting(parked) => Some(parked.since),
            State::Skipped(skip) => skip.decided.map(|decided| decided.at),
        }
    }
}

impl ReasonCode {
    /// The code in plain words: `ambiguous match`.
    pub fn words(self) -> String {
        self.key().replace('_', " ")
    }
}

impl Select {
    /// Whether an entry is meant.
    pub fn takes(&self, entry: &Entry) -> bool {
        let waits = matches!(entry.state, State::Waiting(_));
        self.module.is_none_or(|module| module == entry.module)
            && self.side.is_none_or(|side| side == entry.side())
            && self.id.as_ref().is_none_or(|id| id == entry.id())
            && self.waiting.is_none_or(|waiting| waiting == waits)
            && self.reason.is_none_or(|code| entry.reason().is_some_and(|r| r.code == code))
            && self.text_takes(entry)
    }

    fn text_takes(&self, entry: &Entry) -> bool {
        let text = self.text.trim().to_lowercase();
        let (text, wanted) = match text.strip_prefix('!') {
            Some(rest) => (rest.to_owned(), false),
            None => (text, true),
        };
        if text.is_empty() {
            return true;
        }
        let parts = [
            entry.name(),
            entry.id().to_owned(),
            entry.module.label().to_owned(),
            entry.cause(),
            entry.text(),
            if entry.waits_for_decision() { TO_BE_DECIDED.to_owned() } else { String::new() },
        ];
        parts.iter().any(|part| part.to_lowercase().contains(&text)) == wanted
    }
}

/// Where a page of the queue begins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueueAt {
    module: usize,
    skips: bool,
    after: Option<(Side, String)>,
}

/// A piece of the queue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueuePage {
    /// The entries: of each module those that wait, then the skips that stand.
    pub entries: Vec<Entry>,
    /// Where the next page begins; `None`: this was the last one.
    pub next: Option<QueueAt>,
}

/// Reads a piece of a connector's queue: at most so many entries, and never more than a thousand rows
/// in one go, so that a page may be short, or even empty, though there are more.
///
/// # Errors
/// The store cannot be read.
pub fn page(
    reader: &Reader,
    c: ConnectorId,
    select: &Select,
    mut at: QueueAt,
    limit: usize,
) -> StoreResult<QueuePage> {
    if let Some(id) = &select.id {
        return named(reader, c, select, id);
    }
    let mut entries = Vec::new();
    let mut left = SCAN;
    while let Some(module) = Module::ALL.get(at.module).copied() {
        let asked = select.module.is_none_or(|m| m == module)
            && select.waiting.is_none_or(|waiting| waiting != at.skips);
        let wanted = left.min(limit - entries.len());
        if wanted == 0 {
            return Ok(QueuePage { entries, next: Some(at) });
        }
        let rows = if asked { rows(reader, c, module, &at, wanted)? } else { Vec::new() };
        left -= rows.len();
        let last = rows.len() < wanted;
        at.after = rows.last().map(|entry| (entry.side(), entry.id().to_owned()));
        entries.extend(rows.into_iter().filter(|entry| select.takes(entry)));
        if last {
            at.after = None;
            at.module += usize::from(at.skips);
            at.skips = !at.skips;
        }
    }
    Ok(QueuePage { entries, next: None })
}

fn rows(
    reader: &Reader,
    c: ConnectorId,
    module: Module,
    at: &QueueAt,
    limit: usize,
) -> StoreResult<Vec<Entry>> {
    let after = at.after.as_ref().map(|(side, id)| (*side, id.as_str()));
    let entry = |state| Entry { module, state };
    Ok(if at.skips {
        let skips = reader.skips_after(c, module, after, limit)?;
        skips.into_iter().map(|skip| entry(State::Skipped(skip))).collect()
    } else {
        let parked = reader.parked_after(c, module, after, limit)?;
        parked.into_iter().map(|parked| entry(State::Waiting(parked))).collect()
    })
}

/// What there is of the record with this id.
fn named(reader: &Reader, c: ConnectorId, select: &Select, id: &str) -> StoreResult<QueuePage> {
    let mut entries = Vec::new();
    for module in Module::ALL {
        for side in Side::BOTH {
            let parked = reader.parked(c, module, side, id)?.map(State::Waiting);
            let skip = reader.skip(c, module, side, id)?.map(State::Skipped);
            entries.extend(parked.into_iter().chain(skip).map(|state| Entry { module, state }));
        }
    }
    entries.retain(|entry| select.takes(entry));
    Ok(QueuePage { entries, next: None })
}

#[cfg(test)]
mod tests;

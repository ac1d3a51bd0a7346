//! Planning: turns a unit into the writes it needs, with every field's before and after, or into
//! the reason why it is skipped. No I/O.

use super::context::Context;
use super::matching::Match;
use super::module::{ModuleWork, at};
use super::reconcile::{Decision, Kept, Lost, reconcile};
use super::remember::id_of;
use super::units::{SideNow, Unit, seen};
use crate::mapping::{Projection, Target, to_service, to_vtiger};
use crate::model::document::with_products_of;
use crate::model::{
    Change, ConflictRow, Fields, IntentKind, Item, ItemStatus, Link, LinkOrigin, Reason,
    ReasonCode, Record, Side, Stamp, Value, is_companion_id,
};

/// A write that is planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedWrite {
    /// The side that is written.
    pub side: Side,
    /// Create or update.
    pub kind: IntentKind,
    /// The id on that side; empty for a create.
    pub id: String,
    /// What is sent.
    pub fields: Fields,
    /// What changes field by field.
    pub changes: Vec<Change>,
    /// The pairs it writes, one for each change.
    pub pairs: Vec<usize>,
    /// Fingerprint of what the target will hold of these pairs.
    pub expected: u128,
}

/// A unit on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The link there was.
    pub link: Option<Link>,
    /// How the link comes about, if there was none.
    pub origin: LinkOrigin,
    /// What both sides hold before the writes; `None` for one that is created or was not read.
    pub records: [Option<Record>; 2],
    /// Their mapped values, where they were needed to plan.
    pub values: [Option<Projection>; 2],
    /// The writes, at most one for each side.
    pub writes: Vec<PlannedWrite>,
    /// Conflict and link items, recorded with the intents.
    pub items: Vec<Item>,
    /// The record's name.
    pub name: String,
    /// A write that is needed is held back: not everything is settled when the others are done.
    pub partial: bool,
}

impl Job {
    /// A job that writes nothing: it only tells of what was found or done.
    pub fn telling(link: Option<&Link>, records: [Option<Record>; 2], name: String) -> Self {
        Self {
            link: link.cloned(),
            origin: LinkOrigin::Matched,
            records,
            values: [None, None],
            writes: Vec::new(),
            items: Vec::new(),
            name,
            partial: false,
        }
    }
}

/// What is to be done with a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Write, link, or only remember.
    Job(Box<Job>),
    /// The record on `side` cannot travel.
    Skip {
        /// The side it is on.
        side: Side,
        /// It.
        record: Box<Record>,
        /// Its link, if it has one.
        link: Option<Box<Link>>,
        /// Why.
        reason: Reason,
    },
    /// Link two records that were matched; what the one on `side` has does not fit into the other.
    Unfit {
        /// What it was to be.
        job: Box<Job>,
        /// The side from which nothing travels.
        side: Side,
        /// Why.
        reason: Reason,
    },
    /// Delete the record on this side (done after all modules are written).
    Delete(Side, Box<Link>, Option<Box<Record>>),
    /// The other side's record is gone; this one stays, and is not carried back.
    Keep(Side, Kept, Box<Link>, Option<Box<Record>>),
    /// The other side's record is gone, this one was edited since: it is to be created again.
    Revive(Side, Box<Link>, Box<Record>),
    /// Both are gone.
    Forget(Box<Link>),
    /// One of them is not found, and may not be gone: what is known of the other waits for the next
    /// sync.
    Later(Option<Box<Link>>, Vec<(Side, Record)>),
    /// Nothing to do.
    Nothing,
}

/// What is to be done with two records, and their mapped values.
pub type Decided = (Decision, [Option<Projection>; 2]);

/// Reconciles a linked unit, or two records that were matched.
pub fn decide(work: &ModuleWork, link: Option<&Link>, now: &[SideNow; 2]) -> Decided {
    let values = Side::BOTH.map(|side| {
        let record = now[at(side)].record()?;
        let there = now[at(side.other())].record();
        let told = there.and_then(|there| with_products(work, side, record, there));
        Some(work.mapping.project(side, told.as_ref().unwrap_or(&record.fields)))
    });
    let companion = link.is_some_and(|link| is_companion_id(&link.service_id));
    if companion && now[1].record().is_none() {
        // There is nothing on the other side that could be written or deleted.
        let nothing = Decision::Write { vtiger: Vec::new(), service: Vec::new(), lost: Vec::new() };
        let gone = now[0] == SideNow::Gone;
        return (if gone { Decision::Forget } else { nothing }, values);
    }
    let decision = reconcile(
        &work.mapping,
        &work.rules,
        link,
        seen(work, Side::Vtiger, &now[0], values[0].as_ref()),
        seen(work, Side::Service, &now[1], values[1].as_ref()),
    );
    (decision, values)
}

/// The fields of a document, with the other side's word for lines whose product is gone on this
/// side: that a product was deleted is no edit of every document that has it. `None`: as they are.
fn with_products(work: &ModuleWork, side: Side, record: &Record, there: &Record) -> Option<Fields> {
    let (here, other) = (work.items_path(side)?, work.items_path(side.other())?);
    let lines = with_products_of(record.fields.get(here)?, there.fields.get(other)?)?;
    let mut fields = record.fields.clone();
    fields.set(here, lines);
    Some(fields)
}

/// Plans a unit. `decided`: what was made out of it as it is.
pub fn plan(context: &Context, work: &ModuleWork, unit: Unit, decided: Option<Decided>) -> Plan {
    match unit {
        Unit::Linked { link, now } => plan_linked(context, work, *link, *now, decided),
        Unit::Match(found) => match *found {
            Match::Pair { vtiger, service } => {
                let now = [SideNow::Present(vtiger), SideNow::Present(service)];
                let decided = decided.unwrap_or_else(|| decide(work, None, &now));
                plan_writes(context, work, None, now, decided)
            }
            Match::New { side, record } => plan_create(work, side, record),
            Match::Skip { side, record, reason } => {
                Plan::Skip { side, record: Box::new(record), link: None, reason }
            }
            // What may not travel has nothing to wait for.
            Match::Later { side, record } if work.writes(side.other()) => {
                Plan::Later(None, vec![(side, record)])
            }
            Match::Later { .. } => Plan::Nothing,
        },
    }
}

fn plan_linked(
    context: &Context,
    work: &ModuleWork,
    link: Link,
    now: [SideNow; 2],
    decided: Option<Decided>,
) -> Plan {
    if now.contains(&SideNow::Missing) {
        // That one is gone is not told again by every system.
        let known = |side: Side| match &now[at(side)] {
            SideNow::Present(record) => Some((side, record.clone())),
            SideNow::Gone => Some((side, Record::gone(id_of(&link, side)))),
            SideNow::AsLinked | SideNow::Missing => None,
        };
        let known = Side::BOTH.into_iter().filter_map(known).collect();
        return Plan::Later(Some(Box::new(link)), known);
    }
    let (decision, values) = decided.unwrap_or_else(|| decide(work, Some(&link), &now));
    let record = |side: Side| now[at(side)].record().cloned().map(Box::new);
    match decision {
        Decision::Forget => Plan::Forget(Box::new(link)),
        Decision::Delete(side) => Plan::Delete(side, Box::new(link), record(side)),
        Decision::Keep(side, why) => Plan::Keep(side, why, Box::new(link), record(side)),
        Decision::Revive(side) => match record(side) {
            Some(record) => Plan::Revive(side, Box::new(link), record),
            None => Plan::Nothing,
        },
        decision @ Decision::Write { .. } => {
            plan_writes(context, work, Some(link), now, (decision, values))
        }
    }
}

fn plan_writes(
    context: &Context,
    work: &ModuleWork,
    link: Option<Link>,
    now: [SideNow; 2],
    (decision, values): Decided,
) -> Plan {
    let Decision::Write { vtiger, service, lost } = decision else { return Plan::Nothing };
    let records = now.map(|side| match side {
        SideNow::Present(record) => Some(record),
        SideNow::AsLinked | SideNow::Gone | SideNow::Missing => None,
    });
    let name = name(work, &records);
    let mut writes = Vec::new();
    let mut unfit = None;
    for (target, pairs) in [(Side::Vtiger, vtiger), (Side::Service, service)] {
        if pairs.is_empty() {
            continue;
        }
        let (Some(from), Some(to)) = (&records[at(target.other())], &records[at(target)]) else {
            return Plan::Nothing;
        };
        match update(work, target, from, to, &pairs) {
            Ok(write) if write.fields.is_empty() => {}
            Ok(write) => writes.push(write),
            Err(reason) => {
                let side = target.other();
                if let Some(link) = link {
                    let (record, link) = (Box::new(from.clone()), Some(Box::new(link)));
                    return Plan::Skip { side, record, link, reason };
                }
                unfit = Some((side, reason));
                writes.clear();
                break;
            }
        }
    }
    let mut job = Job {
        origin: LinkOrigin::Matched,
        link,
        records,
        values,
        writes,
        items: Vec::new(),
        name,
        partial: false,
    };
    // Where nothing is written, nothing is lost.
    let lost = lost.iter().filter(|_| unfit.is_none());
    let mut items: Vec<Item> =
        lost.filter_map(|lost| conflict_item(context, work, &job, lost)).collect();
    if job.link.is_none() {
        items.push(item(context, work, &job, Side::Vtiger, ItemStatus::Linked));
    }
    job.items = items;
    let job = Box::new(job);
    match unfit {
        Some((side, reason)) => Plan::Unfit { job, side, reason },
        None => Plan::Job(job),
    }
}

fn name(work: &ModuleWork, records: &[Option<Record>; 2]) -> String {
    let of = |side: Side| records[at(side)].as_ref().map(|r| work.name_of(side, r));
    of(Side::Vtiger).or_else(|| of(Side::Service)).unwrap_or_default()
}

fn update(
    work: &ModuleWork,
    target: Side,
    from: &Record,
    to: &Record,
    pairs: &[usize],
) -> Result<PlannedWrite, Reason> {
    let (fields, changes, pairs) = convert(work, target, from, Some(to), pairs.iter().copied())?;
    Ok(PlannedWrite {
        side: target,
        kind: IntentKind::Update,
        id: to.id.clone(),
        expected: expected(work, target, &fields, &pairs),
        fields,
        changes,
        pairs,
    })
}

/// The fingerprint of what the target holds of these pairs once the fields are written. Pairs that
/// are not written do not count: the target fills them as it likes.
pub fn expected(work: &ModuleWork, target: Side, fields: &Fields, pairs: &[usize]) -> u128 {
    let values = work.mapping.project(target, fields).values;
    let written: Vec<_> = pairs.iter().filter_map(|at| values.get(*at).cloned()).collect();
    work.mapping.print(&written)
}

type Converted = (Fields, Vec<Change>, Vec<usize>);

fn convert(
    work: &ModuleWork,
    target: Side,
    from: &Record,
    to: Option<&Record>,
    pairs: impl Iterator<Item = usize>,
) -> Result<Converted, Reason> {
    let kind = if to.is_some() { Target::Existing } else { Target::New };
    let mut fields = Fields::new();
    let mut changes = Vec::new();
    let mut written_pairs = Vec::new();
    for index in pairs {
        let pair = &work.mapping.pairs()[index];
        let limits = work.mapping.limits(index);
        let written = match target {
            Side::Vtiger => to_vtiger(pair, limits, &from.fields, kind)?,
            Side::Service => to_service(pair, limits, &from.fields, kind)?,
        };
        let stands_there = |(path, value): &(String, Value)| {
            to.and_then(|to| to.fields.get(path)).is_some_and(|held| held == value)
        };
        if written.iter().all(stands_there) {
            continue;
        }
        let (field, source) = match target {
            Side::Vtiger => (pair.vtiger.clone(), pair.service_label()),
            Side::Service => (pair.service_label(), pair.vtiger.clone()),
        };
        let before = to.map(|to| work.mapping.shown(index, target, &to.fields)).unwrap_or_default();
        let after: Fields = written.iter().cloned().collect();
        let after = work.mapping.shown(index, target, &after);
        changes.push(Change { field, before, after, from: source });
        written_pairs.push(index);
        for (path, value) in written {
            fields.set(path, value);
        }
    }
    Ok((fields, changes, written_pairs))
}

/// Plans the creation of a record on the other side.
fn plan_create(work: &ModuleWork, side: Side, record: Record) -> Plan {
    let target = side.other();
    if !work.writes(target) {
        return Plan::Nothing;
    }
    let allowed = |pair: &crate::model::Pair| pair.direction.writes(target);
    let pairs =
        work.mapping.pairs().iter().enumerate().filter(|(_, p)| allowed(p)).map(|(at, _)| at);
    let converted = convert(work, target, &record, None, pairs)
        .and_then(|converted| mandatory(work, target, &converted.0).map(|()| converted));
    let (mut fields, changes, pairs) = match converted {
        Ok(converted) => converted,
        Err(reason) => return Plan::Skip { side, record: Box::new(record), link: None, reason },
    };
    let name = work.name_of(side, &record);
    let mut records = [None, None];
    records[at(side)] = Some(record);
    let expected = expected(work, target, &fields, &pairs);
    let named = work.id_fields[at(target)].as_deref();
    for path in named.into_iter().chain(work.capabilities[at(target)].mark) {
        let id = records[at(side)].as_ref().map(|r| r.id.clone()).unwrap_or_default();
        fields.set(path, id);
    }
    let write = PlannedWrite {
        side: target,
        kind: IntentKind::Create,
        id: String::new(),
        expected,
        fields,
        changes,
        pairs,
    };
    let origin = LinkOrigin::created_on(target);
    Plan::Job(Box::new(Job {
        link: None,
        origin,
        records,
        values: [None, None],
        writes: vec![write],
        items: Vec::new(),
        name,
        partial: false,
    }))
}

/// Whether a record has all that its counterpart on the other side needs.
pub fn could_travel(work: &ModuleWork, side: Side, record: &Record) -> bool {
    matches!(plan_create(work, side, record.clone()), Plan::Job(_))
}

/// Whether a new record of the CRM has all its mandatory fields.
fn mandatory(work: &ModuleWork, target: Side, fields: &Fields) -> Result<(), Reason> {
    if target == Side::Service {
        return Ok(());
    }
    let empty = |path: &str| {
        let reference = format!("{path}.");
        let through = fields.iter().any(|(p, v)| p.starts_with(&reference) && !v.is_empty());
        !through && fields.get(path).is_none_or(Value::is_empty)
    };
    match work.mandatory.iter().find(|(path, _)| empty(path)) {
        None => Ok(()),
        Some((path, label)) => {
            let detail = format!("Vtiger demands \"{label}\" ({path}).");
            Err(Reason::new(ReasonCode::MandatoryFieldEmpty, path, detail))
        }
    }
}

/// An item of a job.
pub fn item(
    context: &Context,
    work: &ModuleWork,
    job: &Job,
    side: Side,
    status: ItemStatus,
) -> Item {
    let id = |of: Side| {
        let record = job.records[at(of)].as_ref().map(|r| r.id.clone());
        let linked = job.link.as_ref().map(|link| match of {
            Side::Vtiger => link.vtiger_id.clone(),
            Side::Service => link.service_id.clone(),
        });
        record.or(linked).unwrap_or_default()
    };
    Item {
        module: work.module,
        side,
        status,
        source_module: work.source_module[at(side.other())].clone(),
        name: job.name.clone(),
        vtiger_id: id(Side::Vtiger),
        service_id: id(Side::Service),
        planned: context.dry,
        reason: None,
        changes: Vec::new(),
        conflict: None,
        time: Stamp::now(),
    }
}

fn conflict_item(context: &Context, work: &ModuleWork, job: &Job, lost: &Lost) -> Option<Item> {
    let pair = &work.mapping.pairs()[lost.pair];
    let shown = |side: Side| {
        job.records[at(side)].as_ref().map(|r| work.mapping.shown(lost.pair, side, &r.fields))
    };
    let state = job.link.as_ref().and_then(|l| l.pairs.iter().find(|s| s.pair == pair.id()));
    let mut item = item(context, work, job, lost.winner.other(), ItemStatus::Conflict);
    item.conflict = Some(ConflictRow {
        field: pair.vtiger.clone(),
        base: state.and_then(|s| s.base.value()).map(str::to_owned),
        vtiger: shown(Side::Vtiger)?,
        service: shown(Side::Service)?,
        rule: lost.rule.to_owned(),
        winner: lost.winner,
    });
    Some(item)
}

/// An item that says why a record was skipped or waits. It stands in the table of the side that it
/// did not reach.
pub fn reason_item(
    context: &Context,
    work: &ModuleWork,
    side: Side,
    record: &Record,
    link: Option<&Link>,
    status: ItemStatus,
    reason: Reason,
) -> Item {
    let mut records = [None, None];
    records[at(side)] = Some(record.clone());
    let job = Job::telling(link, records, work.name_of(side, record));
    Item { reason: Some(reason), ..item(context, work, &job, side.other(), status) }
}

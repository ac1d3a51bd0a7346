//! Companions: referenced records without a module of their own in the service (a customer's
//! company, a guest's contact). Each is found before it is created, by its key field, and has
//! intent, link and outcome like any record.
//!
//! A write names a companion by paths through a reference: `account_id.accountname` is its key
//! field, other paths with the same beginning (`contact_id.lastname`) are what it gets when it has
//! to be created.

mod create;
mod find;
mod services;

pub use create::settle;

use super::context::{Context, Step};
use super::module::ModuleWork;
use super::plan::{Job, PlannedWrite, reason_item};
use super::planned::Planned;
use super::references::ITEM;
use crate::catalog::Companion;
use crate::mapping::folded_name;
use crate::model::{Fields, ItemStatus, Parked, Reason, ReasonCode, Side, Stamp, Value};
use crate::store::{Batch, Change};
use std::collections::{BTreeMap, HashMap};

/// The companions of a run.
pub struct Companions {
    /// What a dry run has listed already.
    pub planned: Planned,
}

/// A companion wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    /// The value of its key field.
    name: String,
    /// What it gets when it is created, the key field among it.
    fields: Fields,
}

/// Those wanted, by folded name.
type AllWanted = BTreeMap<String, Wanted>;

/// What became of one.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    Id(String),
    Reason(Reason),
}

/// What became of all, by folded name.
type Answers = HashMap<String, Answer>;

impl Companions {
    /// Replaces the names in the jobs' writes to Vtiger by the ids of the records they mean; these
    /// are found, or created. A job whose companion cannot be had loses its writes and is skipped
    /// or parked in `batch`.
    ///
    /// # Errors
    /// Vtiger or the store cannot be used.
    pub async fn resolve(
        &mut self,
        context: &Context,
        work: &ModuleWork,
        jobs: &mut Vec<Job>,
        batch: &mut Batch,
    ) -> Step<()> {
        self.ensure_services(context, work, jobs, batch).await?;
        let all: Vec<&Companion> =
            context.catalog.vtiger.companions.iter().filter(|c| c.key != ITEM).collect();
        for companion in &all {
            take_references(jobs, companion);
        }
        // A person who is known brings the organization along, so persons are looked for first; and
        // a new one is to belong to the organization, so they are created last.
        for companion in all.iter().filter(|c| c.through.is_none()) {
            let wanted = wanted(jobs, companion);
            let answers = self.known(context, companion, &wanted, batch).await?;
            settle_jobs(context, work, jobs, companion, &answers, batch).await?;
        }
        for companion in all.iter().filter(|c| c.through.is_some()) {
            find::through(context, jobs, companion).await?;
            self.create(context, work, jobs, companion, batch).await?;
        }
        for companion in all.iter().filter(|c| c.through.is_none()) {
            self.create(context, work, jobs, companion, batch).await?;
        }
        for job in jobs.iter_mut() {
            drop_paths(job, &all);
        }
        Ok(())
    }

    /// The answers for those that are there already.
    async fn known(
        &mut self,
        context: &Context,
        companion: &Companion,
        wanted: &AllWanted,
        batch: &mut Batch,
    ) -> Step<Answers> {
        if wanted.is_empty() {
            return Ok(Answers::new());
        }
        let mut answers = find::linked(context, companion, wanted).await?;
        // Those that are records of a module, too, which a dry run has listed there.
        for key in wanted.keys() {
            let own = companion.service_id(key);
            if let Some(id) = self.planned.linked(companion.module, Side::Service, &own)? {
                answers.insert(key.clone(), Answer::Id(id));
            }
        }
        let missing: Vec<String> = wanted
            .iter()
            .filter(|(key, _)| !answers.contains_key(*key))
            .map(|(_, wanted)| wanted.name.clone())
            .collect();
        if missing.is_empty() {
            return Ok(answers);
        }
        for (key, hits) in find::found(context, companion, &missing).await? {
            let Some(wanted) = wanted.get(&key) else { continue };
            let answer = match hits.as_slice() {
                [] => continue,
                [hit] => {
                    let adopted = create::Made { companion, key: &key, wanted, id: &hit.id };
                    if !context.dry || self.planned.add_companion(adopted.service_id())? {
                        create::adopt(context, &adopted, batch).await?;
                    }
                    Answer::Id(hit.id.clone())
                }
                hits => {
                    let detail = format!(
                        "{} {} have {} \"{}\".",
                        hits.len(),
                        companion.module,
                        companion.field,
                        wanted.name
                    );
                    Answer::Reason(Reason::new(ReasonCode::AmbiguousMatch, &companion.path, detail))
                }
            };
            answers.insert(key, answer);
        }
        Ok(answers)
    }

    /// Finds those that are wanted still, or creates them.
    async fn create(
        &mut self,
        context: &Context,
        work: &ModuleWork,
        jobs: &mut Vec<Job>,
        companion: &Companion,
        batch: &mut Batch,
    ) -> Step<()> {
        let wanted = wanted(jobs, companion);
        if wanted.is_empty() {
            return Ok(());
        }
        let mut answers = self.known(context, companion, &wanted, batch).await?;
        let missing: Vec<(String, Wanted)> =
            wanted.into_iter().filter(|(key, _)| !answers.contains_key(key)).collect();
        if context.dry {
            for (key, wanted) in missing {
                let made = create::Made { companion, key: &key, wanted: &wanted, id: "" };
                if self.planned.add_companion(made.service_id())? {
                    let item = create::item(context, &made, ItemStatus::Created);
                    batch.push(Change::AddItem(context.run, Box::new(item)));
                }
                answers.insert(key, Answer::Id(String::new()));
            }
        } else {
            create::create_all(context, companion, missing, batch, &mut answers).await?;
        }
        settle_jobs(context, work, jobs, companion, &answers, batch).await?;
        Ok(())
    }
}

fn write_of(job: &Job) -> Option<&PlannedWrite> {
    job.writes.iter().find(|w| w.side == Side::Vtiger)
}

fn write_of_mut(job: &mut Job) -> Option<&mut PlannedWrite> {
    job.writes.iter_mut().find(|w| w.side == Side::Vtiger)
}

fn filled(fields: &Fields, path: &str) -> Option<String> {
    let text = fields.get(path)?.to_text();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A write that has the reference itself needs no companion; a name that is empty clears it.
fn take_references(jobs: &mut [Job], companion: &Companion) {
    for write in jobs.iter_mut().filter_map(write_of_mut) {
        let has = filled(&write.fields, &companion.reference).is_some();
        if has {
            remove_paths(&mut write.fields, companion);
        } else if write.fields.get(&companion.path).is_some()
            && filled(&write.fields, &companion.path).is_none()
        {
            remove_paths(&mut write.fields, companion);
            write.fields.set(companion.reference.as_str(), "");
        }
    }
}

fn remove_paths(fields: &mut Fields, companion: &Companion) {
    let beginning = format!("{}.", companion.reference);
    let paths: Vec<String> =
        fields.iter().filter(|(p, _)| p.starts_with(&beginning)).map(|(p, _)| p.into()).collect();
    for path in paths {
        fields.remove(&path);
    }
}

/// Paths that belong to no companion that was wanted, such as the name of one without a key.
fn drop_paths(job: &mut Job, all: &[&Companion]) {
    if let Some(write) = write_of_mut(job) {
        for companion in all {
            remove_paths(&mut write.fields, companion);
        }
    }
}

fn wanted(jobs: &[Job], companion: &Companion) -> AllWanted {
    let beginning = format!("{}.", companion.reference);
    let mut all = AllWanted::new();
    for write in jobs.iter().filter_map(write_of) {
        let Some(name) = filled(&write.fields, &companion.path) else { continue };
        all.entry(folded_name(&name)).or_insert_with(|| {
            let mut fields: Fields = write
                .fields
                .iter()
                .filter_map(|(path, value)| {
                    let field = path.strip_prefix(&beginning)?;
                    (!value.is_empty()).then(|| (field.to_owned(), value.clone()))
                })
                .collect();
            for path in &companion.shares {
                if let Some(text) = filled(&write.fields, path) {
                    fields.set(path.as_str(), text);
                }
            }
            Wanted { name, fields }
        });
    }
    all
}

/// Puts the ids that are known in the places of the names; jobs whose companion cannot be had are
/// set aside.
async fn settle_jobs(
    context: &Context,
    work: &ModuleWork,
    jobs: &mut Vec<Job>,
    companion: &Companion,
    answers: &Answers,
    batch: &mut Batch,
) -> Step<()> {
    let mut kept = Vec::with_capacity(jobs.len());
    for mut job in jobs.drain(..) {
        match put_id(&mut job, companion, answers) {
            None => kept.push(job),
            Some(reason) => set_aside(context, work, &job, reason, batch).await?,
        }
    }
    *jobs = kept;
    Ok(())
}

/// Puts the id in the place of the name. A reason: it could not be had.
fn put_id(job: &mut Job, companion: &Companion, answers: &Answers) -> Option<Reason> {
    let write = write_of_mut(job)?;
    let name = filled(&write.fields, &companion.path)?;
    match answers.get(&folded_name(&name))? {
        Answer::Id(id) => {
            remove_paths(&mut write.fields, companion);
            write.fields.set(companion.reference.as_str(), Value::from(id.clone()));
            None
        }
        Answer::Reason(reason) => Some(reason.clone()),
    }
}

/// A job without its companion: skipped, or parked when the cause may pass.
async fn set_aside(
    context: &Context,
    work: &ModuleWork,
    job: &Job,
    reason: Reason,
    batch: &mut Batch,
) -> Step<()> {
    let side = Side::Service;
    let Some(record) = &job.records[1] else { return Ok(()) };
    let passing = reason.code.is_passing();
    let status = if passing { ItemStatus::Waiting } else { ItemStatus::Skipped };
    let link = job.link.as_ref();
    let item = reason_item(context, work, side, record, link, status, reason.clone());
    batch.push(Change::AddItem(context.run, Box::new(item)));
    if context.dry {
        return Ok(());
    }
    let (connector, module, id) = (context.id(), work.module, record.id.clone());
    let before = context.read(move |r| r.parked(connector, module, side, &id)).await?;
    let tries = before.as_ref().map_or(0, |p| p.tries) + 1;
    // Parked either way: the cause lies with another record, so this one never shows that it is
    // mended.
    let parked = Parked {
        side,
        id: record.id.clone(),
        name: job.name.clone(),
        reason: Some(reason),
        since: before.map_or_else(Stamp::now, |p| p.since),
        tries,
        next_try: context.next_try(tries),
        print: Some(work.mapping.print_of(side, &record.fields)),
        revision: work.mapping.revision(),
        gone: false,
    };
    batch.push(Change::PutParked(connector, module, parked));
    Ok(())
}

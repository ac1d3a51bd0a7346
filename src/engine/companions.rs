//! Companions: referenced records without a module of their own in the service (a customer's
//! company). Each is found before it is created, by name, and has intent, link and outcome like any
//! record.

use super::context::{Context, Step};
use super::module::ModuleWork;
use super::plan::{Job, reason_item};
use crate::catalog::Companion;
use crate::mapping::folded_name;
use crate::model::{
    Change as FieldChange, Fields, Intent, IntentKind, Item, ItemStatus, Link, LinkOrigin, Parked,
    Reason, ReasonCode, Record, Side, Stamp, Value,
};
use crate::remote::{ErrorKind, RemoteError, Write};
use crate::store::{Batch, Change};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The companions of a run.
#[derive(Default)]
pub struct Companions {
    /// Names that a dry run has listed already, folded.
    planned: HashSet<String>,
}

/// A name wanted, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    Id(String),
    Reason(Reason),
}

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
        for companion in &context.catalog.vtiger.companions {
            let mut wanted: BTreeMap<String, String> = BTreeMap::new();
            for job in jobs.iter() {
                if let Some(name) = wanted_name(job, companion) {
                    wanted.entry(folded_name(&name)).or_insert(name);
                }
            }
            let answers = if wanted.is_empty() {
                HashMap::new()
            } else {
                self.answers(context, companion, &wanted, batch).await?
            };
            let mut kept = Vec::with_capacity(jobs.len());
            for mut job in jobs.drain(..) {
                match put_id(&mut job, companion, &answers) {
                    None => kept.push(job),
                    Some(reason) => set_aside(context, work, &job, reason, batch),
                }
            }
            *jobs = kept;
        }
        Ok(())
    }

    /// The id, or the reason why there is none, for each name.
    async fn answers(
        &mut self,
        context: &Context,
        companion: &Companion,
        wanted: &BTreeMap<String, String>,
        batch: &mut Batch,
    ) -> Step<HashMap<String, Answer>> {
        let mut answers = linked(context, companion, wanted).await?;
        let missing: BTreeMap<&String, &String> =
            wanted.iter().filter(|(key, _)| !answers.contains_key(*key)).collect();
        if missing.is_empty() {
            return Ok(answers);
        }
        let names: Vec<String> = missing.values().map(|name| (*name).clone()).collect();
        let found = found(context, companion, &names).await?;
        let mut create = Vec::new();
        for (key, name) in missing {
            match found.get(key).map(Vec::as_slice) {
                None | Some([]) => create.push((key.clone(), name.clone())),
                Some([hit]) => {
                    answers.insert(key.clone(), Answer::Id(hit.id.clone()));
                    let item = item(context, companion, ItemStatus::Linked, name, &hit.id, key);
                    batch.push(Change::AddItem(context.run, Box::new(item)));
                    remember(context, companion, key, &hit.id, LinkOrigin::Matched, batch);
                }
                Some(hits) => {
                    let detail = format!("{} organizations are called \"{name}\".", hits.len());
                    let reason = Reason::new(ReasonCode::AmbiguousMatch, &companion.path, detail);
                    answers.insert(key.clone(), Answer::Reason(reason));
                }
            }
        }
        if context.dry {
            self.plan(context, companion, create, batch, &mut answers);
        } else {
            create_all(context, companion, create, batch, &mut answers).await?;
        }
        Ok(answers)
    }

    fn plan(
        &mut self,
        context: &Context,
        companion: &Companion,
        create: Vec<(String, String)>,
        batch: &mut Batch,
        answers: &mut HashMap<String, Answer>,
    ) {
        for (key, name) in create {
            if self.planned.insert(key.clone()) {
                let item = item(context, companion, ItemStatus::Created, &name, "", &key);
                batch.push(Change::AddItem(context.run, Box::new(item)));
            }
            answers.insert(key, Answer::Id(String::new()));
        }
    }
}

fn service_key(companion: &Companion, key: &str) -> String {
    format!("{}:{key}", companion.key)
}

fn wanted_name(job: &Job, companion: &Companion) -> Option<String> {
    let write = job.writes.iter().find(|w| w.side == Side::Vtiger)?;
    let name = write.fields.get(&companion.path)?.to_text();
    (!name.trim().is_empty()).then(|| name.trim().to_owned())
}

/// Puts the id in the place of the name. A reason: it could not be had.
fn put_id(
    job: &mut Job,
    companion: &Companion,
    answers: &HashMap<String, Answer>,
) -> Option<Reason> {
    let name = wanted_name(job, companion);
    let write = job.writes.iter_mut().find(|w| w.side == Side::Vtiger)?;
    write.fields.remove(&companion.path)?;
    let Some(name) = name else {
        write.fields.set(companion.reference.as_str(), "");
        return None;
    };
    match answers.get(&folded_name(&name)) {
        Some(Answer::Id(id)) => {
            write.fields.set(companion.reference.as_str(), id.as_str());
            None
        }
        Some(Answer::Reason(reason)) => Some(reason.clone()),
        None => Some(Reason::new(ReasonCode::ReferenceMissing, &companion.path, "")),
    }
}

/// A job without its companion: skipped, or parked when the cause may pass.
fn set_aside(context: &Context, work: &ModuleWork, job: &Job, reason: Reason, batch: &mut Batch) {
    let side = Side::Service;
    let Some(record) = &job.records[1] else { return };
    let passing = reason.code.is_passing();
    let status = if passing { ItemStatus::Waiting } else { ItemStatus::Skipped };
    let link = job.link.as_ref();
    let item = reason_item(context, work, side, record, link, status, reason.clone());
    batch.push(Change::AddItem(context.run, Box::new(item)));
    if context.dry {
        return;
    }
    // Parked either way: the cause lies with another record, so this one never shows that it is
    // mended.
    let parked = Parked {
        side,
        id: record.id.clone(),
        name: job.name.clone(),
        reason: Some(reason),
        since: Stamp::now(),
        tries: 1,
        next_try: context.next_try(1),
        print: Some(work.mapping.project(side, &record.fields).print),
        revision: work.mapping.revision(),
    };
    batch.push(Change::PutParked(context.id(), work.module, parked));
}

/// Companions that are linked already and still carry the name.
async fn linked(
    context: &Context,
    companion: &Companion,
    wanted: &BTreeMap<String, String>,
) -> Step<HashMap<String, Answer>> {
    let (connector, module) = (context.id(), companion.module);
    let keys: Vec<(String, String)> =
        wanted.keys().map(|key| (key.clone(), service_key(companion, key))).collect();
    let links: Vec<(String, Link)> = context
        .read(move |r| {
            let mut links = Vec::new();
            for (key, service_id) in keys {
                if let Some(link) = r.link_by_service(connector, module, &service_id)? {
                    links.push((key, link));
                }
            }
            Ok(links)
        })
        .await?;
    if links.is_empty() {
        return Ok(HashMap::new());
    }
    let Some(entity) = entity(context, companion) else { return Ok(HashMap::new()) };
    let ids: Vec<String> = links.iter().map(|(_, link)| link.vtiger_id.clone()).collect();
    let fields = [companion.field.clone()];
    let there = context.remote(Side::Vtiger).fetch(&entity, &ids, &fields).await?;
    let names: HashMap<String, String> = there
        .into_iter()
        .map(|r| {
            (r.id.clone(), r.fields.get(&companion.field).map(Value::to_text).unwrap_or_default())
        })
        .collect();
    let current = |(key, link): (String, Link)| {
        let name = names.get(&link.vtiger_id)?;
        (folded_name(name) == key).then_some((key, Answer::Id(link.vtiger_id)))
    };
    Ok(links.into_iter().filter_map(current).collect())
}

fn entity(context: &Context, companion: &Companion) -> Option<String> {
    context.catalog.vtiger_module(companion.module).map(|m| m.entity.clone())
}

/// Records of the CRM with these names, by folded name.
async fn found(
    context: &Context,
    companion: &Companion,
    names: &[String],
) -> Step<HashMap<String, Vec<Record>>> {
    let mut found: HashMap<String, Vec<Record>> = HashMap::new();
    let Some(entity) = entity(context, companion) else { return Ok(found) };
    let fields = [companion.field.clone()];
    let remote = context.remote(Side::Vtiger);
    for hit in remote.find(&entity, &companion.field, names, &fields).await? {
        let name = hit.fields.get(&companion.field).map(Value::to_text).unwrap_or_default();
        let hits = found.entry(folded_name(&name)).or_default();
        if !hits.iter().any(|known| known.id == hit.id) {
            hits.push(hit);
        }
    }
    Ok(found)
}

fn item(
    context: &Context,
    companion: &Companion,
    status: ItemStatus,
    name: &str,
    id: &str,
    key: &str,
) -> Item {
    let changes = match status {
        ItemStatus::Created => vec![FieldChange {
            field: companion.field.clone(),
            before: String::new(),
            after: name.to_owned(),
            from: companion.path.clone(),
        }],
        _ => Vec::new(),
    };
    Item {
        module: companion.module,
        side: Side::Vtiger,
        status,
        source_module: companion.module.label().to_owned(),
        name: name.to_owned(),
        vtiger_id: id.to_owned(),
        service_id: service_key(companion, key),
        planned: context.dry,
        reason: None,
        changes,
        conflict: None,
        time: Stamp::now(),
    }
}

/// Links a name with its record; another name the record was known by is forgotten.
fn remember(
    context: &Context,
    companion: &Companion,
    key: &str,
    id: &str,
    origin: LinkOrigin,
    batch: &mut Batch,
) {
    if context.dry {
        return;
    }
    let (connector, module) = (context.id(), companion.module);
    let link = Link {
        vtiger_id: id.to_owned(),
        service_id: service_key(companion, key),
        vtiger_print: 0,
        service_print: 0,
        pairs: Vec::new(),
        vtiger_stamp: None,
        service_stamp: None,
        revision: 0,
        origin,
    };
    batch.push(Change::DropLink(connector, module, id.to_owned()));
    batch.push(Change::PutLink(connector, module, link));
}

/// Creates the records that are missing, one announced commit for all of them.
async fn create_all(
    context: &Context,
    companion: &Companion,
    create: Vec<(String, String)>,
    batch: &mut Batch,
    answers: &mut HashMap<String, Answer>,
) -> Step<()> {
    let Some(entity) = entity(context, companion) else { return Ok(()) };
    let (connector, module) = (context.id(), companion.module);
    if create.is_empty() {
        return Ok(());
    }
    let mut announced = std::mem::take(batch);
    for (key, name) in &create {
        let intent = Intent {
            target: Side::Vtiger,
            source_id: service_key(companion, key),
            kind: IntentKind::Create,
            target_id: String::new(),
            match_key: name.clone(),
            print: 0,
            run: context.run,
            sent: Stamp::now(),
            tries: 0,
            name: name.clone(),
            changes: item(context, companion, ItemStatus::Created, name, "", key).changes,
        };
        announced.push(Change::PutIntent(connector, module, intent));
    }
    context.commit(announced).await?;
    let fields = [companion.field.clone()];
    let remote = context.remote(Side::Vtiger);
    for (key, name) in create {
        let write = Write::Create {
            fields: Fields::from_iter([(companion.field.as_str(), name.as_str())]),
        };
        let mut results = remote.write(&entity, &[write], &fields).await;
        let drop_intent =
            Change::DropIntent(connector, module, Side::Vtiger, service_key(companion, &key));
        match results.pop() {
            Some(Ok(written)) => {
                let item = item(context, companion, ItemStatus::Created, &name, &written.id, &key);
                batch.push(drop_intent);
                batch.push(Change::AddItem(context.run, Box::new(item)));
                remember(context, companion, &key, &written.id, LinkOrigin::Created, batch);
                answers.insert(key, Answer::Id(written.id));
            }
            Some(Err(error)) => {
                let answer = refused(context, companion, &key, &name, &error, batch).await?;
                if error.kind != ErrorKind::Unknown {
                    batch.push(drop_intent);
                }
                answers.insert(key, answer);
                if error.stops_the_run() {
                    context.commit(std::mem::take(batch)).await?;
                    return Err(error.into());
                }
            }
            None => {}
        }
    }
    Ok(())
}

/// A create that failed: if the name exists by now it is taken, else the reason is told.
async fn refused(
    context: &Context,
    companion: &Companion,
    key: &str,
    name: &str,
    error: &RemoteError,
    batch: &mut Batch,
) -> Step<Answer> {
    if matches!(error.kind, ErrorKind::Exists { .. }) {
        let mut hits = found(context, companion, &[name.to_owned()]).await?;
        if let Some([hit]) = hits.remove(key).as_deref() {
            remember(context, companion, key, &hit.id, LinkOrigin::Matched, batch);
            return Ok(Answer::Id(hit.id.clone()));
        }
    }
    let reason = if error.is_passing() {
        Reason::new(ReasonCode::ReferenceMissing, &companion.path, error.error.one_line())
    } else {
        Reason { field: companion.path.clone(), ..error.reason() }
    };
    Ok(Answer::Reason(reason))
}

/// Settles the open create of a companion: found by name, it is linked and counted.
///
/// # Errors
/// Vtiger or the store cannot be used.
pub async fn settle(context: &Context, intent: &Intent) -> Step<()> {
    let mut batch = Batch::new();
    let prefix = intent.source_id.split(':').next().unwrap_or_default();
    let companion = context.catalog.vtiger.companions.iter().find(|c| c.key == prefix);
    if let Some(companion) = companion {
        let key = folded_name(&intent.match_key);
        let mut hits = found(context, companion, std::slice::from_ref(&intent.match_key)).await?;
        if let Some([hit]) = hits.remove(&key).as_deref() {
            let item = item(context, companion, ItemStatus::Created, &intent.name, &hit.id, &key);
            batch.push(Change::AddItem(context.run, Box::new(item)));
            remember(context, companion, &key, &hit.id, LinkOrigin::Created, &mut batch);
        }
        let side = intent.target;
        batch.push(Change::DropIntent(
            context.id(),
            companion.module,
            side,
            intent.source_id.clone(),
        ));
    }
    context.commit(batch).await
}

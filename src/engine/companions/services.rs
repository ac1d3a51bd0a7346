//! Shipping, fees and lines without a product: in the CRM's documents they are lines of a service,
//! found by its name or created once.

use super::create::{self, Made};
use super::{AllWanted, Answer, Companions, Wanted, set_aside, write_of};
use crate::catalog::Companion;
use crate::engine::context::{Context, Step};
use crate::engine::module::ModuleWork;
use crate::engine::plan::Job;
use crate::engine::references::{ITEM, SERVICES, service_of};
use crate::model::document::lines_of;
use crate::model::{Fields, ItemStatus, PairKind, Side, id_key};
use crate::store::{Batch, Change};
use std::collections::BTreeSet;

/// The companions that lines of a job need: the second part of their links' keys.
fn needed(work: &ModuleWork, job: &Job) -> BTreeSet<String> {
    let items = work.mapping.pairs().iter().filter(|pair| pair.kind == PairKind::Items);
    let Some(write) = write_of(job) else { return BTreeSet::new() };
    items
        .filter_map(|pair| write.fields.get(&pair.vtiger))
        .flat_map(lines_of)
        .filter_map(|line| service_of(line.kind, &line.product))
        .filter_map(|key| key.strip_prefix(ITEM).map(|key| key.trim_start_matches(':').to_owned()))
        .collect()
}

/// What the service is called in the CRM.
fn name(key: &str) -> &'static str {
    let known = SERVICES.iter().find(|(kind, _)| *kind == key);
    known.or(SERVICES.last()).map_or("", |(_, name)| name)
}

impl Companions {
    /// Makes sure that the CRM has the services that the lines of the jobs need.
    pub(super) async fn ensure_services(
        &mut self,
        context: &Context,
        work: &ModuleWork,
        jobs: &mut Vec<Job>,
        batch: &mut Batch,
    ) -> Step<()> {
        let all: BTreeSet<String> = jobs.iter().flat_map(|job| needed(work, job)).collect();
        let companions = &context.catalog.vtiger.companions;
        let Some(companion) = companions.iter().find(|c| c.key == ITEM) else { return Ok(()) };
        let missing = not_linked(context, companion, all).await?;
        if missing.is_empty() {
            return Ok(());
        }
        let wanted: AllWanted = missing
            .into_iter()
            .map(|key| {
                let name = name(&key);
                let fields = Fields::from_iter([(companion.field.as_str(), name)]);
                (key, Wanted { name: name.to_owned(), fields })
            })
            .collect();
        let mut answers = super::Answers::new();
        let mut create = Vec::new();
        for (key, wanted) in wanted {
            let names = [wanted.name.clone()];
            let hits = super::find::found(context, companion, &names).await?;
            // Any service of that name will do; the oldest is taken.
            match hits.into_values().flatten().map(|hit| hit.id).min_by_key(|id| id_key(id)) {
                Some(id) => {
                    let made = Made { companion, key: &key, wanted: &wanted, id: &id };
                    if !context.dry || self.planned.add_companion(made.service_id())? {
                        create::adopt(context, &made, batch).await?;
                    }
                    answers.insert(key, Answer::Id(id));
                }
                None => create.push((key, wanted)),
            }
        }
        if context.dry {
            for (key, wanted) in &create {
                let made = Made { companion, key, wanted, id: "" };
                if self.planned.add_companion(made.service_id())? {
                    let item = create::item(context, &made, ItemStatus::Created);
                    batch.push(Change::AddItem(context.run, Box::new(item)));
                }
            }
            return Ok(());
        }
        create::create_all(context, companion, create, batch, &mut answers).await?;
        // The lines are given their services by link, so the links must be there.
        context.commit(std::mem::take(batch)).await?;
        let mut kept = Vec::with_capacity(jobs.len());
        for job in jobs.drain(..) {
            let refused = needed(work, &job).into_iter().find_map(|key| match answers.get(&key) {
                Some(Answer::Reason(reason)) => Some(reason.clone()),
                _ => None,
            });
            match refused {
                None => kept.push(job),
                Some(reason) => set_aside(context, work, &job, reason, batch).await?,
            }
        }
        *jobs = kept;
        Ok(())
    }
}

/// Those of the keys that have no link yet, or whose service is gone.
async fn not_linked(
    context: &Context,
    companion: &Companion,
    keys: BTreeSet<String>,
) -> Step<Vec<String>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let (connector, module) = (context.id(), companion.module);
    let with_ids: Vec<(String, String)> =
        keys.into_iter().map(|key| (key.clone(), companion.service_id(&key))).collect();
    let linked: Vec<(String, Option<String>)> = context
        .read(move |r| {
            let mut found = Vec::new();
            for (key, id) in with_ids {
                let link = r.link_by_service(connector, module, &id)?;
                found.push((key, link.map(|link| link.vtiger_id)));
            }
            Ok(found)
        })
        .await?;
    let ids: Vec<String> = linked.iter().filter_map(|(_, id)| id.clone()).collect();
    let there: BTreeSet<String> = match super::find::entity(context, companion) {
        Some(entity) if !ids.is_empty() => {
            let fields = [companion.field.clone()];
            let found = context.remote(Side::Vtiger).fetch(&entity, &ids, &fields).await?;
            found.into_iter().filter(|r| !r.trashed).map(|r| r.id).collect()
        }
        _ => BTreeSet::new(),
    };
    let missing =
        linked.into_iter().filter(|(_, id)| !id.as_ref().is_some_and(|id| there.contains(id)));
    Ok(missing.map(|(key, _)| key).collect())
}

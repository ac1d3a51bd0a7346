//! Creating companions, and settling creates that a crash or a lost answer left open.

use super::{Answer, Answers, Wanted, find};
use crate::catalog::Companion;
use crate::engine::context::{Context, Step};
use crate::mapping::folded_name;
use crate::model::{
    Change as FieldChange, Intent, IntentKind, Item, ItemStatus, Link, LinkOrigin, Reason,
    ReasonCode, Side, Stamp, is_companion_id,
};
use crate::remote::{ErrorKind, RemoteError, Write};
use crate::store::{Batch, Change};

/// Why a record waits whose companion may have been created.
const UNSURE: &str = "Whether it was created a moment ago is not known.";

/// A companion that was found, made or planned.
pub struct Made<'a> {
    /// What it is.
    pub companion: &'a Companion,
    /// Its folded name.
    pub key: &'a str,
    /// What was wanted.
    pub wanted: &'a Wanted,
    /// Its id in the CRM; empty while it is only planned.
    pub id: &'a str,
}

impl Made<'_> {
    /// What its link calls it on the service's side.
    pub fn service_id(&self) -> String {
        self.companion.service_id(self.key)
    }
}

/// What a companion is called in lists.
fn shown(companion: &Companion, wanted: &Wanted) -> String {
    let parts: Vec<String> = companion
        .names
        .iter()
        .filter_map(|field| wanted.fields.get(field))
        .map(|value| value.to_text())
        .filter(|text| !text.is_empty())
        .collect();
    if parts.is_empty() { wanted.name.clone() } else { parts.join(" ") }
}

fn changes(companion: &Companion, wanted: &Wanted) -> Vec<FieldChange> {
    let change = |(field, value): (&str, &crate::model::Value)| FieldChange {
        field: field.to_owned(),
        before: String::new(),
        after: value.to_text(),
        from: format!("{}.{field}", companion.reference),
    };
    wanted.fields.iter().map(change).collect()
}

/// The item that tells of a companion.
pub fn item(context: &Context, made: &Made<'_>, status: ItemStatus) -> Item {
    let changes = match status {
        ItemStatus::Created => changes(made.companion, made.wanted),
        _ => Vec::new(),
    };
    Item {
        module: made.companion.module,
        side: Side::Vtiger,
        status,
        source_module: made.companion.module.label().to_owned(),
        name: shown(made.companion, made.wanted),
        vtiger_id: made.id.to_owned(),
        service_id: made.service_id(),
        planned: context.dry,
        reason: None,
        changes,
        conflict: None,
        time: Stamp::now(),
    }
}

/// Links one that was found, and says so. A record that is linked with a record of the service
/// keeps that link: it is found by its key field each time.
pub async fn adopt(context: &Context, made: &Made<'_>, batch: &mut Batch) -> Step<()> {
    if is_of_service(context, made).await? {
        return Ok(());
    }
    batch.push(Change::AddItem(context.run, Box::new(item(context, made, ItemStatus::Linked))));
    remember(context, made, LinkOrigin::Matched, batch);
    Ok(())
}

/// Whether it is linked with a record of the service.
async fn is_of_service(context: &Context, made: &Made<'_>) -> Step<bool> {
    let (connector, module) = (context.id(), made.companion.module);
    let id = made.id.to_owned();
    let link = context.read(move |r| r.link_by_vtiger(connector, module, &id)).await?;
    Ok(link.is_some_and(|link| !is_companion_id(&link.service_id)))
}

/// Links a name with its record; another name the record was known by is forgotten.
fn remember(context: &Context, made: &Made<'_>, origin: LinkOrigin, batch: &mut Batch) {
    if context.dry {
        return;
    }
    let (connector, module) = (context.id(), made.companion.module);
    let link = Link::bare(made.id, &made.service_id(), origin);
    batch.push(Change::DropLink(connector, module, made.id.to_owned()));
    batch.push(Change::PutLink(connector, module, link));
}

/// Creates the records that are missing, one announced commit for all of them.
pub async fn create_all(
    context: &Context,
    companion: &Companion,
    create: Vec<(String, Wanted)>,
    batch: &mut Batch,
    answers: &mut Answers,
) -> Step<()> {
    let Some(entity) = find::entity(context, companion) else { return Ok(()) };
    let (connector, module) = (context.id(), companion.module);
    if create.is_empty() {
        return Ok(());
    }
    // One whose create was lost in this run may be on its way still: the next run looks for it.
    let open = context.read(move |r| r.intents(connector)).await?;
    let is_open = |(key, _): &(String, Wanted)| {
        let id = companion.service_id(key);
        open.iter().any(|(of, intent)| *of == module && intent.source_id == id)
    };
    let (unsure, create): (Vec<_>, Vec<_>) = create.into_iter().partition(is_open);
    for (key, _) in unsure {
        let reason = Reason::new(ReasonCode::ReferenceMissing, &companion.path, UNSURE);
        answers.insert(key, Answer::Reason(reason));
    }
    let mut announced = std::mem::take(batch);
    for (key, wanted) in &create {
        let intent = Intent {
            target: Side::Vtiger,
            source_id: companion.service_id(key),
            kind: IntentKind::Create,
            target_id: String::new(),
            match_key: wanted.name.clone(),
            print: 0,
            run: context.run,
            sent: Stamp::now(),
            tries: 0,
            name: shown(companion, wanted),
            changes: changes(companion, wanted),
        };
        announced.push(Change::PutIntent(connector, module, intent));
    }
    context.commit(announced).await?;
    let fields = [companion.field.clone()];
    let remote = context.remote(Side::Vtiger);
    for (key, wanted) in create {
        if context.cancel.is_cancelled() {
            let source = companion.service_id(&key);
            batch.push(Change::DropIntent(connector, module, Side::Vtiger, source));
            continue;
        }
        let write = Write::Create { fields: wanted.fields.clone() };
        let mut results = remote.write(&entity, &[write], &fields).await;
        let drop_intent =
            Change::DropIntent(connector, module, Side::Vtiger, companion.service_id(&key));
        match results.pop() {
            Some(Ok(written)) => {
                let made = Made { companion, key: &key, wanted: &wanted, id: &written.id };
                let item = item(context, &made, ItemStatus::Created);
                batch.push(drop_intent);
                batch.push(Change::AddItem(context.run, Box::new(item)));
                remember(context, &made, LinkOrigin::Created, batch);
                answers.insert(key, Answer::Id(written.id));
            }
            Some(Err(error)) => {
                let answer = refused(context, companion, &key, &wanted, &error, batch).await?;
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
    context.go_on()
}

/// A create that failed: if the record exists by now it is taken, else the reason is told.
async fn refused(
    context: &Context,
    companion: &Companion,
    key: &str,
    wanted: &Wanted,
    error: &RemoteError,
    batch: &mut Batch,
) -> Step<Answer> {
    if matches!(error.kind, ErrorKind::Exists { .. }) {
        let names = [wanted.name.clone()];
        let mut hits = find::found(context, companion, &names).await?;
        if let Some([hit]) = hits.remove(key).as_deref() {
            adopt(context, &Made { companion, key, wanted, id: &hit.id }, batch).await?;
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

/// Settles the open create of a companion: found by its key field, it is linked and counted.
///
/// # Errors
/// Vtiger or the store cannot be used.
pub async fn settle(context: &Context, intent: &Intent) -> Step<()> {
    let mut batch = Batch::new();
    if let Some(companion) = context.catalog.vtiger.companion_of(&intent.source_id) {
        let key = folded_name(&intent.match_key);
        let names = std::slice::from_ref(&intent.match_key);
        let mut hits = find::found(context, companion, names).await?;
        if let Some([hit]) = hits.remove(&key).as_deref() {
            let fields = intent
                .changes
                .iter()
                .map(|change| (change.field.as_str(), change.after.as_str()))
                .collect();
            let wanted = Wanted { name: intent.match_key.clone(), fields };
            let made = Made { companion, key: &key, wanted: &wanted, id: &hit.id };
            let item = item(context, &made, ItemStatus::Created);
            batch.push(Change::AddItem(context.run, Box::new(item)));
            if !is_of_service(context, &made).await? {
                remember(context, &made, LinkOrigin::Created, &mut batch);
            }
        }
        batch.push(Change::DropIntent(
            context.id(),
            companion.module,
            intent.target,
            intent.source_id.clone(),
        ));
    }
    context.commit(batch).await
}

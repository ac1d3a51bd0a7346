//! What a person decides of single records: put into the queue, linked, created new, left out.

use super::{Entry, QueueAt, Select, page};
use crate::engine::context::{Context, Stop};
use crate::engine::handle::{Engine, SyncError};
use crate::engine::lease::Lease;
use crate::engine::module::{ModuleWork, Prepared, at, prepare};
use crate::engine::plan::decide;
use crate::engine::queue::change::why_left;
use crate::engine::reconcile::Decision;
use crate::engine::units::SideNow;
use crate::model::{
    Candidate, ConnectorId, Link, Module, Reason, ReasonCode, Record, Side, Stamp, UserError,
};
use crate::store::{Came, Deed, QueueChange};

/// A field in which two records differ that are to be linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The Vtiger field.
    pub field: String,
    /// Vtiger's value.
    pub vtiger: String,
    /// The service's value.
    pub service: String,
    /// The side that is written by the next sync; `None`: both stay as they are.
    pub written: Option<Side>,
}

/// Two records that are to be linked, and what the next sync makes of their differences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkPreview {
    /// Vtiger's record.
    pub vtiger: Candidate,
    /// The service's record.
    pub service: Candidate,
    /// Where they differ.
    pub differences: Vec<Difference>,
}

fn failed(what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> SyncError {
    SyncError::Failed(UserError::new(what, why, next))
}

impl From<Stop> for SyncError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Cancelled => failed("It was cancelled.", "", ""),
            Stop::Failed(error) => Self::Failed(error),
        }
    }
}

/// A module made ready outside of a run, to look at single records.
struct Desk {
    context: Context,
    work: ModuleWork,
}

impl Desk {
    async fn open(
        engine: &Engine,
        connector: ConnectorId,
        module: Module,
    ) -> Result<Self, SyncError> {
        let context = engine.outside(connector).await?;
        let catalog = context.catalog.clone();
        let settings = context.connector.modules.get(&module).cloned();
        let service = catalog.service(&context.connector.service);
        let spec = service.and_then(|service| service.modules.get(&module));
        let (Some(settings), Some(crm), Some(spec)) =
            (settings, catalog.vtiger_module(module), spec)
        else {
            return Err(failed(
                format!("Connector \"{}\" has no {module}.", context.connector.name),
                "The module was never switched on, or the service does not have it.",
                "Look at the modules with: syncdeck services list",
            ));
        };
        match prepare(&context, module, &settings, crm, spec).await? {
            Prepared::Ready(work) => Ok(Self { context, work: *work }),
            Prepared::Unavailable(why) => Err(failed(
                format!("{module} are not available here."),
                why,
                "Look at the connection with: syncdeck check",
            )),
        }
    }

    /// The record with this id, unless it is gone.
    async fn fetch(&self, side: Side, id: &str) -> Result<Option<Record>, SyncError> {
        let remote = self.context.remote(side);
        let entity = &self.work.entity[at(side)];
        let found = remote.fetch(entity, &[id.to_owned()], &self.work.paths(side)).await;
        match found {
            Ok(found) => Ok(found.into_iter().find(|r| r.id == id && !r.trashed)),
            // An id that this side cannot even have.
            Err(error) if !error.whole && !error.is_passing() => Ok(None),
            Err(error) => Err(SyncError::Failed(error.error)),
        }
    }

    async fn must_fetch(&self, side: Side, id: &str) -> Result<Record, SyncError> {
        let label = self.context.remote(side).label().to_owned();
        let module = self.work.module;
        self.fetch(side, id).await?.ok_or_else(|| {
            failed(
                format!("There is no {module} record {id} in {label}."),
                "It was deleted, lies in the trash, or never had this id.",
                "Look the id up in the queue or the record list.",
            )
        })
    }

    fn candidate(&self, side: Side, record: &Record) -> Candidate {
        Candidate { id: record.id.clone(), name: self.work.name_of(side, record) }
    }
}

impl Engine {
    /// What the queue and the skips know of a record.
    async fn entries(
        &self,
        connector: ConnectorId,
        module: Module,
        side: Option<Side>,
        id: &str,
    ) -> Result<Vec<Entry>, SyncError> {
        let select =
            Select { module: Some(module), side, id: Some(id.to_owned()), ..Select::default() };
        let read = move |r: &crate::store::Reader| {
            page(r, connector, &select, QueueAt::default(), usize::MAX)
        };
        Ok(self.store().read(read).await?.entries)
    }

    /// The side and name of a record: as the queue knows it, else as the systems do.
    async fn find_record(
        &self,
        connector: ConnectorId,
        module: Module,
        side: Option<Side>,
        id: &str,
    ) -> Result<(Side, String), SyncError> {
        let known = self.entries(connector, module, side, id).await?;
        if let Some(first) = known.first()
            && known.iter().all(|entry| entry.side() == first.side())
        {
            return Ok((first.side(), first.name()));
        }
        let desk = Desk::open(self, connector, module).await?;
        let mut found = Vec::new();
        for asked in Side::BOTH.into_iter().filter(|s| side.is_none_or(|side| side == *s)) {
            if let Some(record) = desk.fetch(asked, id).await? {
                found.push((asked, desk.work.name_of(asked, &record)));
            }
        }
        match (found.pop(), found.is_empty()) {
            (Some(one), true) => Ok(one),
            (Some(_), false) => Err(failed(
                format!("Both sides have a {module} record {id}."),
                "It cannot be told which one is meant.",
                "Name the side: --side vtiger or --side service.",
            )),
            (None, _) => Err(failed(
                format!("There is no {module} record {id}."),
                "It was deleted, lies in the trash, or never had this id.",
                "Look the id up in the queue or the record list.",
            )),
        }
    }

    async fn one(
        &self,
        connector: ConnectorId,
        change: QueueChange,
        what: &str,
    ) -> Result<(), SyncError> {
        let id = change.id.clone();
        let came = self.store().change_queue(connector, vec![change], Stamp::now()).await?;
        match came.first().copied().unwrap_or(Came::Nothing) {
            Came::Done => Ok(()),
            other => {
                let mut why = why_left(other).to_owned();
                if let Some(first) = why.get_mut(..1) {
                    first.make_ascii_uppercase();
                }
                Err(failed(format!("{id} was not {what}."), why, ""))
            }
        }
    }

    /// Puts one record into the queue: the next sync takes it again. Answers its side and name.
    ///
    /// # Errors
    /// There is no such record, or a decision stands against it.
    pub async fn queue_record(
        &self,
        connector: ConnectorId,
        module: Module,
        side: Option<Side>,
        id: &str,
    ) -> Result<(Side, String), SyncError> {
        let (side, name) = self.find_record(connector, module, side, id).await?;
        let deed = Deed::Add(name.clone());
        let change = QueueChange { module, side, id: id.to_owned(), deed };
        self.one(connector, change, "put into the queue").await?;
        Ok((side, name))
    }

    /// Leaves a record out of the sync for good, for this reason. Answers its side and name.
    ///
    /// # Errors
    /// There is no such record.
    pub async fn leave_out(
        &self,
        connector: ConnectorId,
        module: Module,
        side: Option<Side>,
        id: &str,
        note: &str,
    ) -> Result<(Side, String), SyncError> {
        let (side, name) = self.find_record(connector, module, side, id).await?;
        let deed = Deed::Never(name.clone(), Reason::new(ReasonCode::LeftOut, "", note.trim()));
        let change = QueueChange { module, side, id: id.to_owned(), deed };
        self.one(connector, change, "left out").await?;
        Ok((side, name))
    }

    /// Takes a record in again that was left out.
    ///
    /// # Errors
    /// Nobody left it out.
    pub async fn take_in(
        &self,
        connector: ConnectorId,
        module: Module,
        side: Option<Side>,
        id: &str,
    ) -> Result<(Side, String), SyncError> {
        let known = self.entries(connector, module, side, id).await?;
        let left_out =
            |entry: &&Entry| entry.reason().is_some_and(|r| r.code == ReasonCode::LeftOut);
        let Some(entry) = known.iter().find(left_out) else {
            return Err(failed(
                format!("{module} record {id} was not left out."),
                "No such decision is stored.",
                "Look at them with: syncdeck queue list NAME --reason left_out",
            ));
        };
        let (side, deed) = (entry.side(), Deed::Retry { named: true });
        let change = QueueChange { module, side, id: id.to_owned(), deed };
        self.one(connector, change, "taken in again").await?;
        Ok((side, entry.name()))
    }

    /// Lets the next sync create a record on the other side, whatever looks like it there.
    ///
    /// # Errors
    /// The record is not one that a person decides of, or that side is never written.
    pub async fn create_new(
        &self,
        connector: ConnectorId,
        module: Module,
        side: Option<Side>,
        id: &str,
    ) -> Result<(Side, String), SyncError> {
        let known = self.entries(connector, module, side, id).await?;
        let decides = |entry: &&Entry| {
            let code = entry.reason().map(|reason| reason.code);
            let open = matches!(
                code,
                Some(
                    ReasonCode::AmbiguousMatch
                        | ReasonCode::DuplicateInSource
                        | ReasonCode::DeleteNotCarriedOver
                )
            );
            open && entry.waiting().is_none()
        };
        let Some(entry) = known.iter().find(decides) else {
            return Err(failed(
                format!("{module} record {id} is not left to a decision."),
                "Only a record that is skipped as ambiguous, as a duplicate, or as deleted on the \
                 other side can be created new.",
                "Look at them with: syncdeck queue list NAME --reason ambiguous_match",
            ));
        };
        let side = entry.side();
        let settings = self.store().read(move |r| r.connector(connector)).await?;
        let settings = settings.and_then(|c| c.modules.get(&module).cloned());
        if !settings.is_some_and(|settings| settings.direction.writes(side.other())) {
            return Err(failed(
                format!("{id} cannot be created on the other side."),
                format!("The direction of {module} does not allow writing there."),
                "Choose another direction in the module's settings first.",
            ));
        }
        let change = QueueChange { module, side, id: id.to_owned(), deed: Deed::CreateNew };
        self.one(connector, change, "decided").await?;
        Ok((side, entry.name()))
    }

    /// Links two records that a person says are the same; with `preview` only tells what the next
    /// sync would make of their differences. They are reconciled by the next sync like a first
    /// match, with conflict rows.
    ///
    /// # Errors
    /// One of them is gone, linked already, or has an open write; a sync runs; a system cannot be
    /// asked.
    pub async fn link_records(
        &self,
        connector: ConnectorId,
        module: Module,
        vtiger_id: &str,
        service_id: &str,
        preview: bool,
    ) -> Result<LinkPreview, SyncError> {
        let desk = Desk::open(self, connector, module).await?;
        // A sync that runs could link one of them elsewhere between the look and the link.
        let _lease = match preview {
            true => None,
            false => {
                Some(Lease::take(self.store().folder(), connector, &desk.context.connector.name)?)
            }
        };
        self.must_be_free(connector, module, [vtiger_id, service_id]).await?;
        let vtiger = desk.must_fetch(Side::Vtiger, vtiger_id).await?;
        let service = desk.must_fetch(Side::Service, service_id).await?;
        let told = LinkPreview {
            vtiger: desk.candidate(Side::Vtiger, &vtiger),
            service: desk.candidate(Side::Service, &service),
            differences: differences(&desk.work, vtiger, service),
        };
        if !preview {
            let link = Link::by_hand(vtiger_id, service_id);
            let names = [told.vtiger.name.clone(), told.service.name.clone()];
            self.store().link_by_hand(connector, module, link, names, Stamp::now()).await?;
        }
        Ok(told)
    }

    /// Refuses records that are in a link.
    async fn must_be_free(
        &self,
        connector: ConnectorId,
        module: Module,
        [vtiger_id, service_id]: [&str; 2],
    ) -> Result<(), SyncError> {
        let (v, s) = (vtiger_id.to_owned(), service_id.to_owned());
        let links = self.store().read(move |r| {
            let vtiger = r.link_by_vtiger(connector, module, &v)?;
            Ok([vtiger, r.link_by_service(connector, module, &s)?])
        });
        let Some(link) = links.await?.into_iter().flatten().next() else { return Ok(()) };
        let why = if link.vtiger_id == vtiger_id && link.service_id == service_id {
            "They are linked with each other already.".to_owned()
        } else {
            format!("{} and {} are linked with each other.", link.vtiger_id, link.service_id)
        };
        Err(failed(
            format!("{vtiger_id} and {service_id} were not linked."),
            why,
            "A record is in one link at most. Choose records that are not linked.",
        ))
    }
}

/// Where two records differ, and which side the next sync writes.
fn differences(work: &ModuleWork, vtiger: Record, service: Record) -> Vec<Difference> {
    let now = [SideNow::Present(vtiger), SideNow::Present(service)];
    let (decision, _) = decide(work, None, &now);
    let Decision::Write { vtiger, service, lost } = decision else { return Vec::new() };
    let mut pairs: Vec<(usize, Option<Side>)> =
        vtiger.iter().map(|pair| (*pair, Some(Side::Vtiger))).collect();
    pairs.extend(service.iter().map(|pair| (*pair, Some(Side::Service))));
    let written = |pair: usize| vtiger.contains(&pair) || service.contains(&pair);
    pairs.extend(lost.iter().filter(|l| !written(l.pair)).map(|l| (l.pair, None)));
    pairs.sort_by_key(|(pair, _)| *pair);
    let shown = |pair: usize, side: Side| {
        let record = now[at(side)].record();
        record.map(|r| work.mapping.shown(pair, side, &r.fields)).unwrap_or_default()
    };
    let difference = |(pair, written): (usize, Option<Side>)| Difference {
        field: work.mapping.pairs()[pair].vtiger.clone(),
        vtiger: shown(pair, Side::Vtiger),
        service: shown(pair, Side::Service),
        written,
    };
    pairs.into_iter().map(difference).collect()
}

//! References travel by link, never by name. [`Referring`] stands before a remote and tells the ids
//! of referred records as the CRM's ids, on both sides: so they compare like any other value, and
//! one whose record is not linked carries the mark [`UNLINKED`]. On the way to the service the ids
//! are turned back.

mod remote;
#[cfg(test)]
mod tests;

use super::context::{Context, Step};
use super::matching::Match;
use super::module::{ModuleWork, at};
use super::planned::Planned;
use super::units::{SideNow, Unit};
use crate::model::document::{Line, LineKind, lines_of, lines_value};
use crate::model::{
    ConnectorId, Fields, Link, LinkOrigin, Module, PairKind, Record, Side, Tomb, UNLINKED, Value,
    is_companion_id,
};
use crate::remote::{ErrorKind, Remote, RemoteError, RemoteResult, Write};
use crate::store::Store;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// What stands for a line that has no product of its own.
pub const ITEM: &str = "item";

/// The paths of an entity that hold references.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Paths {
    /// Path and module of each reference.
    single: Vec<(String, Module)>,
    /// Paths of documents' lines.
    items: Vec<String>,
}

impl Paths {
    /// Takes those of a module's mapping on a side.
    fn add(&mut self, work: &ModuleWork, side: Side) {
        for pair in work.mapping.pairs() {
            let path = match side {
                Side::Vtiger => Some(&pair.vtiger),
                Side::Service => pair.service.first(),
            };
            match (pair.kind, pair.module, path) {
                (PairKind::Reference, Some(module), Some(path)) => {
                    self.single.push((path.clone(), module));
                }
                (PairKind::Items, _, Some(path)) => self.items.push(path.clone()),
                _ => {}
            }
        }
    }
}

/// A remote whose references are told as the CRM's ids.
pub struct Referring {
    inner: Arc<dyn Remote>,
    side: Side,
    store: Store,
    connector: ConnectorId,
    entities: HashMap<String, Paths>,
    /// What the CRM calls its services.
    services: String,
}

/// Both remotes of a run, with the references of its modules translated.
pub fn referring(
    remotes: &[Arc<dyn Remote>; 2],
    store: &Store,
    connector: ConnectorId,
    modules: &[ModuleWork],
    services: &str,
) -> [Arc<dyn Remote>; 2] {
    Side::BOTH.map(|side| {
        let mut entities: HashMap<String, Paths> = HashMap::new();
        for work in modules {
            entities.entry(work.entity[at(side)].clone()).or_default().add(work, side);
        }
        entities.retain(|_, paths| *paths != Paths::default());
        let inner = remotes[at(side)].clone();
        if entities.is_empty() {
            return inner;
        }
        let (store, services) = (store.clone(), services.to_owned());
        Arc::new(Referring { inner, side, store, connector, entities, services }) as Arc<dyn Remote>
    })
}

/// Links by module and by the id on one side.
type Known = HashMap<(Module, String), Option<Link>>;

impl Referring {
    /// Reads the links of these records of a module, by the ids of `side`.
    async fn links(&self, side: Side, wanted: BTreeSet<(Module, String)>) -> RemoteResult<Known> {
        if wanted.is_empty() {
            return Ok(Known::new());
        }
        let connector = self.connector;
        let read = self.store.read(move |r| {
            let mut known = Known::new();
            for (module, id) in wanted {
                let link = match side {
                    Side::Vtiger => r.link_by_vtiger(connector, module, &id)?,
                    Side::Service => r.link_by_service(connector, module, &id)?,
                };
                let link = match link {
                    Some(link) => Some(link),
                    // What names a record that is gone goes on to mean the one that stayed.
                    None => r.tomb(connector, module, side, &id)?.and_then(once_linked),
                };
                known.insert((module, id), link);
            }
            Ok(known)
        });
        read.await.map_err(|error| {
            let error = RemoteError::new(ErrorKind::Temporary, error.user());
            RemoteError { whole: true, ..error }
        })
    }

    async fn told(&self, entity: &str, mut records: Vec<Record>) -> RemoteResult<Vec<Record>> {
        let Some(paths) = self.entities.get(entity) else { return Ok(records) };
        let mut wanted = BTreeSet::new();
        for record in &records {
            collect(self.side, paths, &record.fields, &mut wanted);
        }
        let known = self.links(self.side, wanted).await?;
        let services = self.services_of(paths, &records, &known).await?;
        for record in &mut records {
            without_services(paths, &mut record.fields, &services);
            tell(self.side, paths, &mut record.fields, &known);
        }
        Ok(records)
    }

    /// Of the lines' products that are not linked, those that are services of the CRM, with their
    /// names: no record of the other side ever stands for them.
    async fn services_of(
        &self,
        paths: &Paths,
        records: &[Record],
        known: &Known,
    ) -> RemoteResult<HashMap<String, String>> {
        let linked = |id: &String| {
            SOLD.iter().any(|module| known.get(&(*module, id.clone())).is_some_and(Option::is_some))
        };
        let items = records.iter().flat_map(|r| paths.items.iter().map(|path| r.fields.get(path)));
        let products = items.flatten().flat_map(lines_of).map(|line| line.product);
        let ids: BTreeSet<String> = products.filter(|id| !id.is_empty() && !linked(id)).collect();
        if self.side == Side::Service || ids.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<String> = ids.into_iter().collect();
        let fields = [SERVICE_NAME.to_owned()];
        let found = match self.inner.fetch(&self.services, &ids, &fields).await {
            Ok(found) => found,
            // Who may not see services does not sell them.
            Err(error) if !error.whole && !error.is_passing() => Vec::new(),
            Err(error) => return Err(error),
        };
        let name = |record: &Record| record.fields.get(SERVICE_NAME).map(Value::to_text);
        Ok(found.into_iter().map(|r| (r.id.clone(), name(&r).unwrap_or_default())).collect())
    }

    /// The fields of a write in the ids of this side.
    async fn native(&self, entity: &str, writes: &[Write]) -> RemoteResult<Vec<Write>> {
        let mut writes = writes.to_vec();
        let Some(paths) = self.entities.get(entity) else { return Ok(writes) };
        if self.side == Side::Vtiger {
            self.give_services(paths, &mut writes).await?;
            return Ok(writes);
        }
        let mut wanted = BTreeSet::new();
        for fields in writes.iter_mut().filter_map(fields_of) {
            collect(Side::Vtiger, paths, fields, &mut wanted);
        }
        let known = self.links(Side::Vtiger, wanted).await?;
        for fields in writes.iter_mut().filter_map(fields_of) {
            turn_back(paths, fields, &known);
        }
        Ok(writes)
    }

    /// Lines without a product of their own are lines of a service in the CRM.
    async fn give_services(&self, paths: &Paths, writes: &mut [Write]) -> RemoteResult<()> {
        let mut wanted = BTreeSet::new();
        let each = |fields: &mut Fields, give: &mut dyn FnMut(&mut Line)| {
            for path in &paths.items {
                let Some(value) = fields.get(path) else { continue };
                let mut lines = lines_of(value);
                lines.iter_mut().for_each(&mut *give);
                fields.set(path.as_str(), lines_value(&lines));
            }
        };
        for fields in writes.iter_mut().filter_map(fields_of) {
            each(fields, &mut |line| {
                if let Some(key) = service_of(line.kind, &line.product) {
                    wanted.insert((Module::Services, key));
                }
            });
        }
        let known = self.links(Side::Service, wanted).await?;
        for fields in writes.iter_mut().filter_map(fields_of) {
            each(fields, &mut |line| {
                let Some(key) = service_of(line.kind, &line.product) else { return };
                // The service's name says only what kind of line it is.
                (line.comment, line.name) = (line.label(), String::new());
                if let Some(Some(link)) = known.get(&(Module::Services, key)) {
                    line.product.clone_from(&link.vtiger_id);
                }
            });
        }
        Ok(())
    }
}

/// The two records that were linked until one of them went, if the other one stayed. It tells ids
/// only, and none of a record of the CRM that is gone.
fn once_linked(tomb: Tomb) -> Option<Link> {
    if tomb.other.is_empty() {
        return None;
    }
    let (vtiger_id, service_id) = match tomb.side {
        Side::Vtiger => (tomb.id, tomb.other),
        Side::Service if tomb.stays => (String::new(), tomb.id),
        Side::Service => (tomb.other, tomb.id),
    };
    Some(Link::bare(&vtiger_id, &service_id, LinkOrigin::Matched))
}

/// The companion that a line is in the CRM, if it has no product of its own.
pub fn service_of(kind: LineKind, product: &str) -> Option<String> {
    match kind {
        LineKind::Shipping | LineKind::Fee => Some(format!("{ITEM}:{}", kind.key())),
        LineKind::Product if product.is_empty() => Some(format!("{ITEM}:other")),
        LineKind::Product => None,
    }
}

fn fields_of(write: &mut Write) -> Option<&mut Fields> {
    match write {
        Write::Create { fields } | Write::Update { fields, .. } => Some(fields),
        Write::Delete { .. } => None,
    }
}

/// A reference that points somewhere.
fn reference(fields: &Fields, path: &str) -> Option<String> {
    let text = fields.get(path)?.to_text();
    let text = text.trim();
    (!text.is_empty() && text != "0").then(|| text.to_owned())
}

/// The services that stand for lines without a product: the second part of their links' keys, and
/// what they are called in the CRM.
pub const SERVICES: [(&str, &str); 3] =
    [("shipping", "Shipping"), ("fee", "Fee"), ("other", "Other item")];

/// Tells a line of one of [`SERVICES`] as what it was before it was given that: what it is called
/// stands in its remark.
fn stands_for_itself(line: &mut Line, kind: &str) {
    line.product.clear();
    line.kind = match kind {
        "shipping" => LineKind::Shipping,
        "fee" => LineKind::Fee,
        _ => LineKind::Product,
    };
    if !line.comment.trim().is_empty() {
        line.name = std::mem::take(&mut line.comment);
    }
}

/// The field that holds a service's name in the CRM.
const SERVICE_NAME: &str = "servicename";

/// Tells lines of services as lines without a product.
fn without_services(paths: &Paths, fields: &mut Fields, services: &HashMap<String, String>) {
    for path in &paths.items {
        let Some(value @ Value::List(_)) = fields.get(path) else { continue };
        let mut lines = lines_of(value);
        let mut any = false;
        for line in &mut lines {
            let Some(name) = services.get(&line.product) else { continue };
            let name = name.trim().to_lowercase();
            match SERVICES.iter().find(|(_, known)| known.to_lowercase() == name) {
                Some((kind, _)) => stands_for_itself(line, kind),
                None => {
                    line.product.clear();
                    line.kind = LineKind::Product;
                }
            }
            any = true;
        }
        if any {
            fields.set(path.as_str(), lines_value(&lines));
        }
    }
}

/// The modules that a line's product may be of.
const SOLD: [Module; 2] = [Module::Products, Module::Services];

fn collect(side: Side, paths: &Paths, fields: &Fields, wanted: &mut BTreeSet<(Module, String)>) {
    for (path, module) in &paths.single {
        wanted.extend(reference(fields, path).map(|id| (*module, id)));
    }
    for path in &paths.items {
        for line in fields.get(path).map(lines_of).unwrap_or_default() {
            if !line.product.is_empty() {
                let modules = if side == Side::Vtiger { &SOLD[..] } else { &SOLD[..1] };
                wanted.extend(modules.iter().map(|m| (*m, line.product.clone())));
            }
        }
    }
}

/// Tells the references of a record as the CRM's ids.
fn tell(side: Side, paths: &Paths, fields: &mut Fields, known: &Known) {
    for (path, module) in &paths.single {
        let Some(id) = reference(fields, path) else { continue };
        let link = known.get(&(*module, id.clone())).and_then(Option::as_ref);
        let text = match (side, link) {
            // A guest has no record in the service: there the reference is empty.
            (Side::Vtiger, Some(link)) if is_companion_id(&link.service_id) => String::new(),
            (_, Some(link)) if !link.vtiger_id.is_empty() => link.vtiger_id.clone(),
            _ => format!("{UNLINKED}{id}"),
        };
        fields.set(path.as_str(), text);
    }
    for path in &paths.items {
        let Some(value @ Value::List(_)) = fields.get(path) else { continue };
        let mut lines = lines_of(value);
        for line in &mut lines {
            let link = SOLD.iter().find_map(|module| {
                known.get(&(*module, line.product.clone())).and_then(Option::as_ref)
            });
            let Some(link) = link else {
                if !line.product.is_empty() {
                    line.product.insert(0, UNLINKED);
                }
                continue;
            };
            match link.service_id.strip_prefix("item:") {
                Some(kind) => stands_for_itself(line, kind),
                None => line.product.clone_from(&link.vtiger_id),
            }
        }
        fields.set(path.as_str(), lines_value(&lines));
    }
}

/// What a dry run would have linked by now: the Vtiger ids, by module and own id.
type WouldBeLinked = HashMap<(Module, String), String>;

/// The modules that records of a module may refer to.
pub fn referred_modules(work: &ModuleWork) -> Vec<Module> {
    let mut all = Paths::default();
    Side::BOTH.into_iter().for_each(|side| all.add(work, side));
    let sold = SOLD.into_iter().filter(|_| !all.items.is_empty());
    all.single.iter().map(|(_, module)| *module).chain(sold).collect()
}

/// Looks again at references whose records were not linked when they were read: all modules are
/// read before the first one is written, and an order's customer may have been created since.
///
/// # Errors
/// The store cannot be read.
pub async fn linked_since(
    context: &Context,
    work: &ModuleWork,
    units: &mut [Unit],
    planned: &Planned,
) -> Step<()> {
    for side in Side::BOTH {
        let mut paths = Paths::default();
        paths.add(work, side);
        let mut marked = BTreeSet::new();
        for record in units.iter_mut().filter_map(|unit| record_of(unit, side)) {
            marks(&paths, &record.fields, &mut marked);
        }
        if marked.is_empty() {
            continue;
        }
        let mut would_be = WouldBeLinked::new();
        for (module, id) in &marked {
            let vtiger_id = planned.linked(*module, side, id)?;
            would_be.extend(vtiger_id.map(|found| ((*module, id.clone()), found)));
        }
        let connector = context.id();
        let known = context
            .read(move |r| {
                let mut known = Known::new();
                for (module, id) in marked {
                    let link = match side {
                        Side::Vtiger => r.link_by_vtiger(connector, module, &id)?,
                        Side::Service => r.link_by_service(connector, module, &id)?,
                    };
                    known.insert((module, id), link);
                }
                Ok(known)
            })
            .await?;
        for record in units.iter_mut().filter_map(|unit| record_of(unit, side)) {
            tell_again(&paths, &mut record.fields, &known, &would_be);
        }
    }
    Ok(())
}

fn record_of(unit: &mut Unit, of: Side) -> Option<&mut Record> {
    match unit {
        Unit::Linked { now, .. } => match &mut now[at(of)] {
            SideNow::Present(record) => Some(record),
            SideNow::AsLinked | SideNow::Gone | SideNow::Missing => None,
        },
        Unit::Match(found) => match found.as_mut() {
            Match::Pair { vtiger, service } => {
                Some(if of == Side::Vtiger { vtiger } else { service })
            }
            Match::New { side, record }
            | Match::Skip { side, record, .. }
            | Match::Later { side, record, .. } => (*side == of).then_some(record),
        },
    }
}

/// The references that carry the mark.
fn marks(paths: &Paths, fields: &Fields, marked: &mut BTreeSet<(Module, String)>) {
    for (path, module) in &paths.single {
        let text = fields.get(path).map(Value::to_text).unwrap_or_default();
        marked.extend(text.strip_prefix(UNLINKED).map(|id| (*module, id.to_owned())));
    }
    for path in &paths.items {
        for line in fields.get(path).map(lines_of).unwrap_or_default() {
            if let Some(id) = line.product.strip_prefix(UNLINKED) {
                marked.extend(SOLD.iter().map(|module| (*module, id.to_owned())));
            }
        }
    }
}

/// Tells those that are linked by now; of a dry run, also those that would be.
fn tell_again(paths: &Paths, fields: &mut Fields, known: &Known, would_be: &WouldBeLinked) {
    let found = |module: Module, id: &str| {
        let own = (module, id.to_owned());
        let link = known.get(&own).and_then(Option::as_ref);
        link.map(|link| link.vtiger_id.clone()).or_else(|| would_be.get(&own).cloned())
    };
    for (path, module) in &paths.single {
        let text = fields.get(path).map(Value::to_text).unwrap_or_default();
        if let Some(id) = text.strip_prefix(UNLINKED).and_then(|id| found(*module, id)) {
            fields.set(path.as_str(), id);
        }
    }
    for path in &paths.items {
        let Some(value @ Value::List(_)) = fields.get(path) else { continue };
        let mut lines = lines_of(value);
        for line in &mut lines {
            let Some(id) = line.product.strip_prefix(UNLINKED) else { continue };
            if let Some(id) = SOLD.iter().find_map(|module| found(*module, id)) {
                line.product = id;
            }
        }
        fields.set(path.as_str(), lines_value(&lines));
    }
}

/// Turns the CRM's ids in a write to the service into the service's own.
fn turn_back(paths: &Paths, fields: &mut Fields, known: &Known) {
    let service_id = |module: Module, id: &str| {
        let link = known.get(&(module, id.to_owned()))?.as_ref()?;
        (!is_companion_id(&link.service_id)).then(|| link.service_id.clone())
    };
    for (path, module) in &paths.single {
        let Some(id) = reference(fields, path) else { continue };
        match service_id(*module, &id) {
            Some(id) => fields.set(path.as_str(), id),
            None => drop(fields.remove(path)),
        }
    }
    for path in &paths.items {
        let Some(value) = fields.get(path) else { continue };
        let mut lines = lines_of(value);
        for line in &mut lines {
            line.product = service_id(Module::Products, &line.product).unwrap_or_default();
        }
        fields.set(path.as_str(), lines_value(&lines));
    }
}

//! One side of a world as the engine sees it, with the checks that can be made only at the moment
//! of a write.

mod pages;

use super::setup::EXTERNAL_ID;
use super::world::{Op, Person, World, at, cut, id_of, number};
use crate::model::{
    CheckReport, Deletes, Fields, ItemStatus, Module, Record, Side, Stamp, UserError, Value,
};
use crate::remote::{
    Capabilities, ChangeFeed, EntityInfo, ErrorKind, FieldInfo, Page, PageRequest, Remote,
    RemoteError, RemoteResult, Write, Written,
};
use futures::future::BoxFuture;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What Vtiger calls organizations.
const ACCOUNTS: &str = "Accounts";
/// The remote subtracts so many seconds from a mark.
pub const OVERLAP: i64 = 6;

/// One side of a world.
pub struct MemoryRemote {
    pub world: Arc<Mutex<World>>,
    pub side: Side,
}

pub fn error(kind: ErrorKind) -> RemoteError {
    RemoteError::new(kind, UserError::new("It failed.", "The test wants it.", ""))
}

fn value_of(world: &World, side: usize, person: &Person, path: &str) -> Option<String> {
    Some(match path {
        "email" => person.email.clone(),
        "firstname" | "first_name" => person.first.clone(),
        "lastname" | "last_name" => person.last.clone(),
        "phone" | "billing.phone" => person.phone.clone(),
        "account_id.accountname" | "billing.company" => world.company(side, person),
        EXTERNAL_ID => person.external.clone(),
        _ => return None,
    })
}

impl MemoryRemote {
    fn record(&self, world: &World, n: u64, fields: &[String]) -> Option<Record> {
        let side = at(self.side);
        let (person, trashed) = match world.sides[side].people.get(&n) {
            Some(person) => (person, false),
            None if side == 1 && world.setup.trash => (world.sides[1].trash.get(&n)?, true),
            None => return None,
        };
        Some(Record {
            id: id_of(side, n),
            modified: Some(Stamp::from_secs(person.modified)),
            created: Some(Stamp::from_secs(person.created)),
            trashed,
            fields: fields
                .iter()
                .filter_map(|path| Some((path.as_str(), value_of(world, side, person, path)?)))
                .collect(),
        })
    }

    fn account(world: &World, n: u64) -> Option<Record> {
        let name = world.sides[0].accounts.get(&n)?;
        let fields = Fields::from_iter([("accountname", name.as_str())]);
        Some(Record { id: format!("11x{n}"), fields, ..Record::default() })
    }

    /// A request: a step before, the effect, a step after; a dead process hears no answer.
    async fn call<T>(&self, op: Op, effect: impl FnOnce(&mut World) -> T) -> T {
        let result = {
            let mut world = self.world.lock().unwrap();
            if world.begin(op, at(self.side)) {
                let result = effect(&mut world);
                world.answers(op).then_some(result)
            } else {
                None
            }
        };
        match result {
            Some(result) => result,
            None => std::future::pending().await,
        }
    }

    /// A read, which may fail.
    async fn read<T>(&self, op: Op, effect: impl FnOnce(&mut World) -> T) -> RemoteResult<T> {
        self.call(op, |world| {
            let percent = world.faults.read;
            if percent > 0 && world.dice.chance(percent) {
                world.note(|| "a read fails".into());
                return Err(error(ErrorKind::Temporary));
            }
            Ok(effect(world))
        })
        .await
    }

    fn write_one(
        &self,
        world: &mut World,
        entity: &str,
        write: &Write,
        fields: &[String],
    ) -> RemoteResult<Written> {
        if entity == ACCOUNTS {
            return Ok(create_account(world, write));
        }
        let side = at(self.side);
        if !world.setup.direction.writes(self.side) {
            world.bad(format!("I7: {write:?} was sent to the source of a one-way sync"));
        }
        let id = match write {
            Write::Create { fields } => self.create(world, fields)?,
            Write::Update { id, fields, .. } => {
                let n = number(id);
                self.update(world, n, fields)?;
                n
            }
            Write::Delete { id } => {
                self.delete(world, number(id))?;
                return Ok(Written { id: id.clone(), record: None });
            }
        };
        Ok(Written { id: id_of(side, id), record: self.record(world, id, fields) })
    }

    /// Whether the process dies now, and the writes land without it.
    fn outlives(
        &self,
        world: &mut World,
        entity: &str,
        writes: &[Write],
        fields: &[String],
    ) -> bool {
        let creates = matches!(writes, [Write::Create { .. }, ..]);
        let Some(secs) = world.late_by.take_if(|_| creates) else { return false };
        world.note(|| format!("it dies, and its writes land in {secs} seconds"));
        world.crash.cancel();
        let remote = Self { world: self.world.clone(), side: self.side };
        let (entity, writes, fields) = (entity.to_owned(), writes.to_vec(), fields.to_vec());
        let land = move |world: &mut World| {
            for write in &writes {
                let landed = remote.write_one(world, &entity, write, &fields);
                world.note(|| format!("landed: {}", landed.is_ok()));
            }
        };
        world.late.push((world.now + secs, Box::new(land)));
        true
    }

    fn create(&self, world: &mut World, fields: &Fields) -> RemoteResult<u64> {
        let side = at(self.side);
        let mut person = Person::default();
        for (path, value) in fields.iter() {
            set(world, side, &mut person, path, value);
        }
        let same = |p: &Person| !p.email.is_empty() && p.email.eq_ignore_ascii_case(&person.email);
        let taken = world.sides[side].people.iter().find(|(_, p)| same(p)).map(|(n, _)| *n);
        if let Some(n) = taken {
            if side == 1 && world.setup.unique {
                let id = (n % 2 == 0).then(|| id_of(side, n));
                return Err(error(ErrorKind::Exists { id }));
            }
            world.bad(format!("I4: {} was made on {side} while {n} has it", person.email));
        }
        person.who = world.owner_of(&person).unwrap_or(0);
        person.modified = world.stamp(side);
        person.created = person.modified;
        let n = world.sides[side].next;
        world.sides[side].next += 1;
        if let Some(twin) = world.made(side, &person, n) {
            world.bad(format!("I4: {} was made on {side} though {twin} was", id_of(side, n)));
        }
        world.sides[side].people.insert(n, person);
        world.ours.insert((side, n));
        let shown = world.sides[side].people.get(&n).cloned().unwrap_or_default();
        let shown = format!("{} {} {}", id_of(side, n), shown.email, shown.last);
        world.effect(Module::Contacts, side, 0, &shown);
        Ok(n)
    }

    fn update(&self, world: &mut World, n: u64, fields: &Fields) -> RemoteResult<()> {
        let side = at(self.side);
        let before = world.sides[side].people.get(&n).cloned().ok_or(error(ErrorKind::NotFound))?;
        let mut person = before.clone();
        for (path, value) in fields.iter() {
            set(world, side, &mut person, path, value);
        }
        let unique = side == 1 && world.setup.unique;
        let moved = !person.email.eq_ignore_ascii_case(&before.email);
        if unique && moved && world.is_known(side, &person.email) {
            world.refusals += 1;
            world.note(|| "refused: it is taken".into());
            return Err(error(ErrorKind::Refused));
        }
        for (old, new) in before.values().into_iter().zip(person.values()) {
            let gone = old != new && old.ends_with("~x") && !world.superseded.contains(old);
            if gone && !recorded(world, old) {
                let id = id_of(side, n);
                world.bad(format!("I13: {old} of {id} was overwritten before it was recorded"));
            }
        }
        person.modified = world.stamp(side);
        world.sides[side].people.insert(n, person);
        world.effect(Module::Contacts, side, 1, &format!("{} {fields:?}", id_of(side, n)));
        Ok(())
    }

    fn delete(&self, world: &mut World, n: u64) -> RemoteResult<()> {
        let side = at(self.side);
        let person = world.sides[side].people.remove(&n).ok_or(error(ErrorKind::NotFound))?;
        if world.setup.deletes == Deletes::Off {
            world.bad(format!("I6: {} was deleted though deletes are off", id_of(side, n)));
        }
        let id = id_of(side, n);
        let link = world.store.as_ref().and_then(|store| {
            let m = Module::Contacts;
            let read = store.read_blocking(|r| match self.side {
                Side::Vtiger => r.link_by_vtiger(1, m, &id),
                Side::Service => r.link_by_service(1, m, &id),
            });
            read.unwrap()
        });
        let other = link.map(|l| if side == 0 { l.service_id } else { l.vtiger_id });
        match other {
            Some(other) if !world.sides[1 - side].people.contains_key(&number(&other)) => {}
            other => world.bad(format!("I6: {id} was deleted, but {other:?} is there")),
        }
        if !world.phone {
            // What is not mapped goes with the record.
            world.supersede(&person.phone);
        }
        let person = Person { modified: world.stamp(side), ..person };
        world.sides[side].trash.insert(n, person);
        world.deleted.insert((side, n));
        world.effect(Module::Contacts, side, 2, &id);
        Ok(())
    }
}

fn create_account(world: &mut World, write: &Write) -> Written {
    let Write::Create { fields } = write else { panic!("{write:?}") };
    let name = fields.get("accountname").map(Value::to_text).unwrap();
    if world.sides[0].accounts.values().any(|known| known.eq_ignore_ascii_case(&name)) {
        world.bad(format!("I4: the organization {name} was made twice"));
    }
    let n = world.sides[0].accounts.len() as u64 + 1;
    world.sides[0].accounts.insert(n, name);
    world.ours.insert((2, n));
    let id = format!("11x{n}");
    world.effect(Module::Organizations, 0, 0, &id);
    Written { record: MemoryRemote::account(world, n), id }
}

fn set(world: &World, side: usize, person: &mut Person, path: &str, value: &Value) {
    let text = value.to_text();
    match path {
        "email" => person.email = text,
        "firstname" | "first_name" => person.first = text,
        "lastname" | "last_name" => person.last = text,
        "phone" | "billing.phone" => person.phone = world.held(side, &text),
        "billing.company" => person.company = text,
        "account_id" => {
            person.company = if text.is_empty() { text } else { number(&text).to_string() };
        }
        EXTERNAL_ID => person.external = text,
        other => panic!("unknown field {other}"),
    }
}

/// Whether a conflict row keeps a value.
fn recorded(world: &World, value: &str) -> bool {
    let Some(store) = &world.store else { return true };
    let same = |text: &str| cut(text) == cut(value);
    super::check::conflicts(store).iter().any(|c| same(&c.vtiger) || same(&c.service))
}

impl Remote for MemoryRemote {
    fn label(&self) -> &str {
        if self.side == Side::Vtiger { "Vtiger" } else { "WooCommerce" }
    }

    fn capabilities(&self, _: &str) -> Capabilities {
        let setup = self.world.lock().unwrap().setup;
        let vtiger = self.side == Side::Vtiger;
        Capabilities {
            changes: if vtiger { ChangeFeed::Filtered } else { setup.feed },
            trash: !vtiger && setup.trash,
            deletions: vtiger && setup.deletions,
            write_batch: if vtiger { 1 } else { setup.write_batch },
            one_request: !vtiger,
            parallel: setup.parallel,
            serial_creates: vtiger,
            unique_key: !vtiger && setup.unique,
            bmp_only: vtiger,
            resolution: Duration::from_secs(1),
            mark: None,
            silent: false,
        }
    }

    fn deletions_from_now(&self) -> Option<String> {
        let world = self.world.lock().unwrap();
        Some(world.stamp(at(self.side)).to_string()).filter(|_| self.side == Side::Vtiger)
    }

    fn check<'a>(&'a self, _: &'a str) -> BoxFuture<'a, CheckReport> {
        unreachable!("the engine does not check")
    }

    fn describe<'a>(&'a self, entity: &'a str) -> BoxFuture<'a, RemoteResult<EntityInfo>> {
        let names: &[&str] = match self.side {
            Side::Vtiger => &["email", "firstname", "lastname", "phone", "account_id", EXTERNAL_ID],
            Side::Service => &[
                "email",
                "first_name",
                "last_name",
                "billing.phone",
                "billing.company",
                EXTERNAL_ID,
            ],
        };
        let field = |name: &&str| FieldInfo {
            path: (*name).to_owned(),
            label: (*name).to_owned(),
            type_name: "string".into(),
            mandatory: *name == "lastname",
            writable: true,
            max_length: None,
            choices: Vec::new(),
            refers_to: Vec::new(),
        };
        let fields = names.iter().map(field).collect();
        let name = entity.to_owned();
        let info = EntityInfo {
            name,
            createable: true,
            updateable: true,
            deleteable: true,
            fields,
            id_fields: vec![EXTERNAL_ID.to_owned()],
        };
        Box::pin(async move { Ok(info) })
    }

    fn page<'a>(&'a self, request: &'a PageRequest) -> BoxFuture<'a, RemoteResult<Page>> {
        Box::pin(self.read(Op::List, move |world| {
            world.note(|| format!("  {} lists {:?} {:?}", self.label(), request.scope, request.at));
            self.list(world, request)
        }))
    }

    fn fetch<'a>(
        &'a self,
        entity: &'a str,
        ids: &'a [String],
        fields: &'a [String],
    ) -> BoxFuture<'a, RemoteResult<Vec<Record>>> {
        Box::pin(self.read(Op::Fetch, move |world| {
            world.note(|| format!("  {} fetches {entity} {ids:?}", self.label()));
            let ids = ids.iter().map(|id| number(id));
            if entity == ACCOUNTS {
                return ids.filter_map(|n| Self::account(world, n)).collect();
            }
            ids.filter_map(|n| self.record(world, n, fields)).collect()
        }))
    }

    fn find<'a>(
        &'a self,
        entity: &'a str,
        field: &'a str,
        values: &'a [String],
        fields: &'a [String],
    ) -> BoxFuture<'a, RemoteResult<Vec<Record>>> {
        Box::pin(self.read(Op::Fetch, move |world| {
            world.note(|| format!("  {} finds {entity} {field} {values:?}", self.label()));
            let wanted = |text: &str| values.iter().any(|v| v.eq_ignore_ascii_case(text));
            let here = &world.sides[at(self.side)];
            if entity == ACCOUNTS {
                let hits = here.accounts.iter().filter(|(_, name)| wanted(name));
                return hits.filter_map(|(n, _)| Self::account(world, *n)).collect();
            }
            let all = here.people.iter().chain(&here.trash);
            let hits = all.filter(|(_, p)| {
                value_of(world, at(self.side), p, field).is_some_and(|text| wanted(&text))
            });
            let hits: Vec<u64> = hits.map(|(n, _)| *n).collect();
            hits.into_iter().filter_map(|n| self.record(world, n, fields)).collect()
        }))
    }

    fn write<'a>(
        &'a self,
        entity: &'a str,
        writes: &'a [Write],
        fields: &'a [String],
    ) -> BoxFuture<'a, Vec<RemoteResult<Written>>> {
        Box::pin(self.call(Op::Write, move |world| {
            if self.outlives(world, entity, writes, fields) {
                return Vec::new();
            }
            let faults = world.faults;
            let fails = |world: &mut World, percent| percent > 0 && world.dice.chance(percent);
            if fails(world, faults.unreachable) {
                world.note(|| "unreachable".into());
                return writes.iter().map(|_| Err(error(ErrorKind::Unreachable))).collect();
            }
            let one = |write: &Write| {
                let kind = if fails(world, faults.slow) {
                    Some(ErrorKind::RateLimited { wait: None })
                } else if fails(world, faults.refused) {
                    Some(ErrorKind::Refused)
                } else if fails(world, faults.lost_before) {
                    Some(ErrorKind::Unknown)
                } else {
                    None
                };
                if let Some(kind) = kind {
                    world.note(|| format!("{kind:?} for {write:?}"));
                    return Err(error(kind));
                }
                let result = self.write_one(world, entity, write, fields);
                if fails(world, faults.lost_after) {
                    world.note(|| "its answer is lost".into());
                    return Err(error(ErrorKind::Unknown));
                }
                result
            };
            writes.iter().map(one).collect()
        }))
    }

    fn record_url(&self, _: &str, _: &str) -> Option<String> {
        None
    }

    fn requests(&self) -> (u64, u64) {
        (self.world.lock().unwrap().requests[at(self.side)], 0)
    }
}

/// The statuses that are counted as effects, in the order of [`super::world::Effects`].
pub const COUNTED: [ItemStatus; 3] =
    [ItemStatus::Created, ItemStatus::Updated, ItemStatus::Deleted];

//! An imitation of Vtiger CRM 8.4's webservice (`webservice.php`).
//!
//! It answers what 8.4.0 answers, its quirks included: HTTP 200 for errors, values as strings,
//! `label` HTML-escaped, SQL errors as empty results, unknown operations dying with an empty 500.
//! What 8.4.0 cannot do as it is shipped (create orders, `sync`), it can here unless asked to be
//! like that ([`Release`]). It was written from observation of the real server and
//! shares no code with the connector, so that the two can disagree.

mod cloud;
mod documents;
mod facts;
mod fail;
mod filter;
mod pages;
mod query;
mod registry;
mod session;
mod store;
mod sync;
mod taxes;
mod totals;
mod values;
mod vtql;
mod write;

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use axum::http::Method;
use md5::{Digest, Md5};

use self::fail::{Failure, json};
use self::pages::Pages;
use self::registry::{Module, Registry};
use self::session::{Session, Sessions, TOKEN_LIFE};
use self::store::{Store, USERS};
use self::write::Writer;
use super::SandboxError;
use super::clock::Clock;
use super::faults::FaultKind;
use super::gate::{Deed, Line};
use super::http::{Reply, Request, last, pairs};
use super::journal::{Entry, Journal};
use super::seed::{World, mix};
use super::text::push_vtiger_json;

/// The administrator.
pub const USERNAME: &str = "admin";

/// Which Vtiger is imitated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Release {
    /// 8.4.0, repaired: orders and invoices can be created and changed, `sync` works.
    #[default]
    Repaired,
    /// 8.4.0 as it is shipped: orders cannot be created, a change of their lines leaves a total of
    /// nothing and no answer, `sync` and counting do not work.
    Shipped,
    /// 8.4.0, repaired as well, on a PHP with which `retrieve_inventory` dies of something else.
    Php8,
    /// 8.4.0, of which only the creation of orders was repaired.
    CreatesOnly,
    /// Vtiger Cloud: the REST API beside the web service, and Payments.
    Cloud,
    /// 7.3: a change of an order without its lines drops them; `sync` does not work.
    Seven,
}

impl Release {
    /// What it says of itself.
    pub fn version(self) -> &'static str {
        match self {
            Self::Seven => "7.3.0",
            Self::Cloud => "11.0.0",
            Self::Repaired | Self::Shipped | Self::Php8 | Self::CreatesOnly => "8.4.0",
        }
    }

    /// Whether `sync` works.
    fn has_sync(self) -> bool {
        matches!(self, Self::Repaired | Self::Php8 | Self::Cloud)
    }

    /// Whether `retrieve_inventory` works.
    fn has_inventory(self) -> bool {
        matches!(self, Self::Repaired | Self::Cloud | Self::Seven)
    }

    /// Whether a change of an order's lines dies before the totals are computed.
    fn loses_totals(self) -> bool {
        matches!(self, Self::Shipped | Self::CreatesOnly)
    }
}

/// The imitated server.
#[derive(Debug)]
pub struct Vtiger {
    clock: Arc<Clock>,
    /// The zone of the database: seconds east of UTC.
    zone: i64,
    seed: u64,
    registry: Arc<Registry>,
    store: RwLock<Store>,
    sessions: Sessions,
    pages: Pages,
}

/// The parameters of a request, kept apart as Vtiger does.
struct Parameters {
    query: Vec<(String, String)>,
    form: Vec<(String, String)>,
    /// The cookie of a browser that is logged in.
    cookie: Option<String>,
}

const GETS: [&str; 7] =
    ["getchallenge", "listtypes", "describe", "retrieve", "query", "sync", "retrieve_inventory"];
const POSTS: [&str; 7] =
    ["login", "logout", "extendsession", "create", "update", "revise", "delete"];

impl Vtiger {
    /// A server over the seeded data and the edits of the journal.
    pub fn new(
        world: Arc<World>,
        (clock, zone): (Arc<Clock>, i64),
        journal: Arc<Journal>,
        entries: &[Entry],
        release: Release,
    ) -> Result<Self, SandboxError> {
        let registry = Registry::load(release == Release::Cloud);
        let registry = Arc::new(registry.map_err(|e| SandboxError::Assets(e.to_string()))?);
        let seed = world.seed;
        let mut store = Store::new(world, Arc::clone(&registry), journal, zone);
        store.release = release;
        for entry in entries {
            let table = entry.table.strip_prefix("vtiger ").and_then(|name| registry.find(name));
            if let Some(at) = table {
                store.replay(at, entry);
            }
        }
        let (store, sessions, pages) = (RwLock::new(store), Sessions::default(), Pages::default());
        Ok(Self { clock, zone, seed, registry, store, sessions, pages })
    }

    /// The access key of a user, which its preferences would show.
    pub fn access_key(seed: u64, user: u64) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
        (0..16)
            .map(|i| {
                let draw = mix(seed, 0x00ac_ce55 + user, i) >> 16;
                char::from(LETTERS[usize::try_from(draw).unwrap_or(0) % LETTERS.len()])
            })
            .collect()
    }

    /// Takes a record out of the recycle bin.
    pub fn restore(&self, id: &str) -> bool {
        let Ok((prefix, number)) = Store::id_parts(id) else { return false };
        let at = self.registry.by_prefix(prefix);
        let now = self.clock.now() + self.zone;
        at.is_some_and(|at| self.change().restore(at, number, now))
    }

    /// Ends all sessions.
    pub fn expire_sessions(&self) {
        self.sessions.expire_all();
    }

    /// The operation a request names, for counting.
    pub fn operation(request: &Request) -> String {
        let (query, form) = (pairs(&request.query), request.form());
        last(&form, "operation")
            .or_else(|| last(&query, "operation"))
            .unwrap_or("none")
            .to_ascii_lowercase()
    }

    /// Whether an operation changes records.
    pub fn writes(operation: &str) -> bool {
        matches!(operation, "create" | "update" | "revise" | "delete")
    }

    /// The number of the first line that a request writes, if it writes any. It is the highest there
    /// is and one, asked for when the request comes in: two requests at once get the same.
    pub fn lines_from(&self, operation: &str, request: &Request) -> Option<u64> {
        if !Self::writes(operation) {
            return None;
        }
        let form = request.form();
        let has_lines = last(&form, "element").is_some_and(|text| text.contains("\"LineItems\""));
        let table = self.registry.find("LineItem").filter(|_| has_lines)?;
        Some(self.read().number_after(table))
    }

    /// Answers a request to `webservice.php`; lines that it writes are numbered from `lines_from`.
    pub async fn answer(
        &self,
        request: &Request,
        line: Line<'_>,
        lines_from: Option<u64>,
    ) -> Reply {
        let parameters = Parameters {
            query: pairs(&request.query),
            form: request.form(),
            cookie: request.header("cookie").and_then(session_cookie).map(str::to_owned),
        };
        envelope(self.serve(&parameters, &request.method, line, lines_from).await)
    }

    /// Does an operation as the administrator, without a session.
    pub fn trusted(&self, operation: &str, parameters: &[(&str, &str)]) -> Reply {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let values: Vec<(String, String)> = parameters.iter().map(owned).collect();
        let session = Session::of(1);
        let given = Given { operation, values: &values };
        envelope(self.perform(&given, &session, &Method::POST, (Line::own(), None)))
    }

    async fn serve(
        &self,
        parameters: &Parameters,
        method: &Method,
        line: Line<'_>,
        lines_from: Option<u64>,
    ) -> Result<String, Failure> {
        let operation = parameters.either("operation").unwrap_or_default().to_ascii_lowercase();
        let form = POSTS.contains(&operation.as_str());
        let format = parameters.either("format").unwrap_or("json");
        if !(form || GETS.contains(&operation.as_str())) || !format.eq_ignore_ascii_case("json") {
            return Err(Failure::Fatal);
        }
        let given = Given {
            operation: &operation,
            values: if form { &parameters.form } else { &parameters.query },
        };
        match operation.as_str() {
            "getchallenge" => return self.challenge(&given),
            "login" => return self.login(&given),
            _ => {}
        }
        let name = parameters
            .either("sessionName")
            .filter(|n| !n.is_empty() && !n.eq_ignore_ascii_case("null"));
        if operation == "extendsession" {
            let name = name.or(parameters.cookie.as_deref());
            let session = name.and_then(|n| self.sessions.resume(n, self.clock.now()).ok());
            let failure = || Failure::new("AUTHENTICATION_FAILURE", "Authentication failed");
            return session.map(|s| self.identity(&s)).ok_or_else(failure);
        }
        let name =
            name.ok_or_else(|| Failure::new("AUTHENTICATION_REQUIRED", "Authencation required"))?;
        if line.strikes(FaultKind::ExpiredSession) {
            self.sessions.close(name);
        }
        let session = self.sessions.resume(name, self.clock.now())?;
        let _turn = session.turn.lock().await;
        self.perform(&given, &session, method, (line, lines_from))
    }

    fn perform(
        &self,
        given: &Given<'_>,
        session: &Session,
        method: &Method,
        (line, lines_from): (Line<'_>, Option<u64>),
    ) -> Result<String, Failure> {
        let now = self.clock.now() + self.zone;
        let by = Writer { user: session.user, now, line, lines_from };
        match given.operation {
            "logout" if *method != Method::POST => {
                Err(Failure::new("OPERATION_NOT_SUPPORTED", "Operation not supported"))
            }
            "logout" => {
                self.sessions.close(&session.name);
                Ok("{\"message\":\"successfull\"}".into())
            }
            "listtypes" => self.list_types(given.get("fieldTypeList")),
            "describe" => {
                let at =
                    self.registry.find(given.need("elementType")?).ok_or_else(Failure::denied)?;
                Ok(taxes::describe(&self.read(), &self.registry.modules[at]))
            }
            "retrieve" => write::retrieve(&self.read(), line, given.need("id")?),
            "query" => {
                let text = given.need("query")?;
                let shown = query::run(&self.read(), text, line)?;
                Ok(self.pages.sent(text, shown, line))
            }
            "create" => {
                let module = given.need("elementType")?;
                let element = given.get("element").unwrap_or_default();
                write::create(&mut self.change(), by, module, element)
                    .inspect(|_| line.did(module, Deed::Created))
            }
            "update" | "revise" => {
                let element = given.get("element").unwrap_or_default();
                let change =
                    if given.operation == "update" { write::update } else { write::revise };
                change(&mut self.change(), by, element)
                    .inspect(|_| line.did(self.module_named(element), Deed::Updated))
            }
            "delete" => {
                let id = given.need("id")?;
                write::delete(&mut self.change(), by, id)
                    .inspect(|_| line.did(self.module_of(id), Deed::Deleted))
            }
            "sync" if self.read().release.has_sync() => sync::run(
                &self.read(),
                session,
                given.get("modifiedTime"),
                given.get("elementType"),
                given.get("syncType"),
            ),
            "retrieve_inventory" if self.read().release.has_inventory() => {
                write::retrieve(&self.read(), line, given.need("id")?)
            }
            _ => Err(Failure::Fatal),
        }
    }

    /// The name of the module that an id belongs to.
    fn module_of(&self, id: &str) -> &str {
        let prefix = Store::id_parts(id).ok().map(|(prefix, _)| prefix);
        let at = prefix.and_then(|prefix| self.registry.by_prefix(prefix));
        at.map_or("", |at| self.registry.modules[at].name.as_str())
    }

    /// The same for the id in an element.
    fn module_named(&self, element: &str) -> &str {
        let element: serde_json::Value = serde_json::from_str(element).unwrap_or_default();
        self.module_of(element["id"].as_str().unwrap_or_default())
    }

    fn challenge(&self, given: &Given<'_>) -> Result<String, Failure> {
        let now = self.clock.now();
        let name = given.need("username")?;
        if self.user(name).is_none() {
            return Err(Failure::new("ACCESS_DENIED", "username does not exists"));
        }
        let token = self.sessions.challenge(name, now);
        let end = now + TOKEN_LIFE;
        Ok(format!("{{\"token\":\"{token}\",\"serverTime\":{now},\"expireTime\":{end}}}"))
    }

    fn login(&self, given: &Given<'_>) -> Result<String, Failure> {
        let name = given.get("username").unwrap_or_default();
        let now = self.clock.now();
        let expired =
            || Failure::new("INVALID_AUTH_TOKEN", "Specified token is invalid or expired");
        let token = self.sessions.token(name, now).ok_or_else(expired)?;
        let user = self.user(name).ok_or_else(expired)?;
        let digest =
            Md5::digest(format!("{token}{}", Self::access_key(self.seed, user)).as_bytes());
        let expected = digest.iter().map(|b| format!("{b:02x}")).collect::<String>();
        if given.get("accessKey") != Some(expected.as_str()) {
            return Err(Failure::new("INVALID_USER_CREDENTIALS", "Invalid username or password"));
        }
        let session = self.sessions.open(user, now);
        self.welcome(&session)
    }

    /// The number of an active user.
    fn user(&self, name: &str) -> Option<u64> {
        let store = self.read();
        let at = self.registry.by_prefix(USERS)?;
        let column = self.registry.modules[at].column("user_name")?;
        store.table(at).ids_from(0).find(|id| {
            let mut text = String::new();
            store.row(at, *id).is_some_and(|row| row.read(column, &mut text))
                && text.eq_ignore_ascii_case(name)
        })
    }

    fn welcome(&self, session: &Session) -> Result<String, Failure> {
        let store = self.read();
        if store.release == Release::Seven {
            drop(store);
            return Ok(self.identity(session));
        }
        let at = self.registry.by_prefix(USERS).ok_or(Failure::Fatal)?;
        let row = store.row(at, session.user).ok_or(Failure::Fatal)?;
        let mut out = String::from("{");
        for (key, name) in [
            ("username", "user_name"),
            ("first_name", "first_name"),
            ("last_name", "last_name"),
            ("email", "email1"),
            ("time_zone", "time_zone"),
            ("hour_format", "hour_format"),
            ("date_format", "date_format"),
            ("is_admin", "is_admin"),
        ] {
            let mut text = String::new();
            if let Some(column) = row.module.column(name) {
                row.read(column, &mut text);
            }
            out.push_str(&format!("\"{key}\":"));
            push_vtiger_json(&mut out, &text);
            out.push(',');
        }
        out.push_str("\"call_duration\":\"5\",\"other_event_duration\":\"5\",");
        drop(store);
        out.push_str(&self.identity(session)[1..]);
        Ok(out)
    }

    fn identity(&self, session: &Session) -> String {
        format!(
            "{{\"sessionName\":\"{}\",\"userId\":\"{USERS}x{}\",\"version\":\"0.22\",\"vtigerVersion\":\"{}\"}}",
            session.name,
            session.user,
            self.read().release.version()
        )
    }

    fn list_types(&self, field_types: Option<&str>) -> Result<String, Failure> {
        let wanted: Option<Vec<String>> =
            match field_types.filter(|t| !t.is_empty() && *t != "null") {
                None => None,
                Some(text) => Some(serde_json::from_str(text).map_err(|_| Failure::internal())?),
            };
        let wanted = wanted.unwrap_or_default();
        let has = |module: &Module| {
            wanted.is_empty() || module.columns.iter().any(|c| wanted.contains(&c.type_name))
        };
        let (mut types, mut information) = (String::new(), String::new());
        for module in self.registry.modules.iter().filter(|m| has(m)) {
            let comma = if types.is_empty() { "" } else { "," };
            let (label, singular) = &module.labels;
            types.push_str(&format!("{comma}\"{}\"", module.name));
            information.push_str(&format!(
                "{comma}\"{}\":{{\"isEntity\":{},\"label\":\"{label}\",\"singular\":\"{singular}\"}}",
                module.name, module.entity
            ));
        }
        Ok(format!("{{\"types\":[{types}],\"information\":{{{information}}}}}"))
    }

    fn read(&self) -> RwLockReadGuard<'_, Store> {
        self.store.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, Store> {
        self.store.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn envelope(result: Result<String, Failure>) -> Reply {
    match result {
        Ok(result) => {
            let mut body = String::with_capacity(result.len() + 32);
            body.push_str("{\"success\":true,\"result\":");
            body.push_str(&result);
            body.push('}');
            json(body)
        }
        Err(failure) => failure.reply(),
    }
}

fn session_cookie(header: &str) -> Option<&str> {
    header.split(';').find_map(|cookie| cookie.trim().strip_prefix("PHPSESSID="))
}

impl Parameters {
    fn either(&self, key: &str) -> Option<&str> {
        last(&self.form, key).or_else(|| last(&self.query, key))
    }
}

/// What an operation was given, from the one place it reads.
struct Given<'a> {
    operation: &'a str,
    values: &'a [(String, String)],
}

impl Given<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        last(self.values, key)
    }

    fn need(&self, key: &str) -> Result<&str, Failure> {
        self.get(key).ok_or_else(|| {
            let message =
                format!("Permission to perform the operation is denied for {}", self.operation);
            Failure::new("ACCESS_DENIED", message)
        })
    }
}

#[cfg(test)]
mod tests;

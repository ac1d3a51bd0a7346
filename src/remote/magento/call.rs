//! Requests to the API: the right address and scope, the keys, and the two kinds of answers.

use super::super::http::{Answer, Call, Fault, Plan};
use super::super::oauth;
use super::super::{ErrorKind, RemoteError, RemoteResult};
use super::Magento;
use super::entity::Entity;
use super::errors::{self, ApiError, Asked};
use super::search::Search;
use crate::model::{Fields, Stamp, UserError, Value};
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use serde_json::value::RawValue;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Instant;
use syncdeck_records::project::value;

/// A difference of the clocks that spoils a signature, in milliseconds.
const CLOCK_MS: i64 = 60_000;

/// Which store view a request goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// The one of the settings, or the default one.
    Own,
    /// All of them: values written here are those of every view that has none of its own.
    All,
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    /// The method.
    pub(crate) method: Method,
    /// The path below `V1/`, encoded.
    pub(crate) path: String,
    /// The store view.
    pub(crate) view: View,
    /// The query.
    pub(crate) query: Vec<(String, String)>,
    /// The JSON body.
    pub(crate) body: Option<Vec<u8>>,
    /// How patient.
    pub(crate) plan: Plan,
    /// What it does, for people.
    pub(crate) what: String,
    /// It is searched by this column, which the shop may not be able to.
    pub(crate) risky: Option<String>,
    /// It needs no keys.
    pub(crate) open: bool,
}

impl Ask {
    /// A read.
    pub(crate) fn get(path: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            view: View::Own,
            query: Vec::new(),
            body: None,
            plan: Plan::READ,
            what: what.into(),
            risky: None,
            open: false,
        }
    }

    /// A write.
    pub(crate) fn write(
        method: Method,
        path: impl Into<String>,
        what: impl Into<String>,
        body: Option<Vec<u8>>,
    ) -> Self {
        Self { method, body, plan: Plan::WRITE, ..Self::get(path, what) }
    }

    /// With a parameter.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// With this patience.
    pub(crate) fn planned(mut self, plan: Plan) -> Self {
        self.plan = plan;
        self
    }

    /// Through this store view.
    pub(crate) fn through(mut self, view: View) -> Self {
        self.view = view;
        self
    }

    /// Without keys.
    pub(crate) fn open(mut self) -> Self {
        self.open = true;
        self
    }
}

/// What came with a result.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Meta {
    /// The server's clock when it answered.
    pub(crate) server_time: Option<Stamp>,
}

/// A page of a list.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    /// The records.
    pub(crate) items: Vec<Fields>,
    /// How many there are for this search.
    pub(crate) total: Option<u64>,
    /// How many a page may have.
    pub(crate) size: usize,
    /// The server's clock.
    pub(crate) server_time: Option<Stamp>,
}

/// A result or the API's refusal.
enum Reply {
    Done(Value, Meta),
    Refused(ApiError),
}

impl Magento {
    /// Sends a request; refusals are errors.
    pub(crate) async fn call(&self, ask: &Ask) -> RemoteResult<(Value, Meta)> {
        self.ask(ask).await?.map_err(|api| self.explained(&api, ask))
    }

    /// Sends a request.
    ///
    /// # Errors
    /// The inner one is the API's own refusal.
    pub(crate) async fn ask(&self, ask: &Ask) -> RemoteResult<Result<(Value, Meta), ApiError>> {
        let mut reset = false;
        loop {
            let allowed = self.auth.allowance_ms();
            let reply = self.http.run(ask.plan, || self.make(ask), |a| self.read(a, ask)).await?;
            match reply {
                Reply::Done(value, meta) => {
                    if !ask.open {
                        self.known.store(true, Ordering::Relaxed);
                    }
                    return Ok(Ok((value, meta)));
                }
                Reply::Refused(api) => {
                    let clock = (self.auth.allowance_ms() - allowed).abs() > CLOCK_MS;
                    if api.is_time() && clock && !reset {
                        // The signature bore another time than the shop's, which we know now.
                        reset = true;
                        continue;
                    }
                    return Ok(Err(api));
                }
            }
        }
    }

    /// A page of a list. A shop that allows smaller pages only says so, and gets those.
    pub(crate) async fn rows(
        &self,
        entity: &Entity,
        search: &Search,
        plan: Plan,
    ) -> RemoteResult<Rows> {
        loop {
            let size = search.size().min(self.page_size.load(Ordering::Relaxed));
            let what = format!("read {}", entity.many);
            let mut ask = search.sized(size).put(Ask::get(entity.list, what)).planned(plan);
            ask.risky = search.filters().find(|c| !entity.knows(c)).map(str::to_owned);
            if entity.kind == super::entity::Kind::Products {
                ask.view = self.product_view();
            }
            match self.ask(&ask).await? {
                Ok((answer, meta)) => {
                    return rows_of(answer, meta, size).ok_or_else(|| no_list(entity));
                }
                Err(api) => match api.most {
                    Some(most) if api.status == 400 && most < size => {
                        self.page_size.store(most, Ordering::Relaxed);
                    }
                    _ => return Err(self.explained(&api, &ask)),
                },
            }
        }
    }

    /// The error for the API's refusal.
    pub(crate) fn explained(&self, api: &ApiError, ask: &Ask) -> RemoteError {
        let known = self.known.load(Ordering::Relaxed);
        let asked = Asked { what: &ask.what, known, bearer: self.auth.is_bearer() };
        let mut error = errors::explain(api, asked);
        let ended = self.auth.expires().filter(|at| *at <= Stamp::now());
        if api.status == 401
            && let Some(ended) = ended
        {
            error = token_ended(ended);
        }
        error.request = format!("{} {}rest/V1/{}", ask.method, self.site, ask.path);
        error
    }

    fn make(&self, ask: &Ask) -> Call {
        let code = match ask.view {
            View::All => "all/",
            View::Own => self.view_part.as_str(),
        };
        let mut url = self.site.clone();
        url.set_path(&format!("{}rest/{code}V1/{}", self.site.path(), ask.path));
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if !ask.open
            && let Some(value) = self.auth.header(ask.method.as_str(), &self.site, &url, &ask.query)
        {
            headers.insert(AUTHORIZATION, value);
        }
        if !ask.query.is_empty() {
            let pairs: Vec<String> = ask
                .query
                .iter()
                .map(|(name, value)| format!("{}={}", oauth::encode(name), oauth::encode(value)))
                .collect();
            url.set_query(Some(&pairs.join("&")));
        }
        Call {
            method: ask.method.clone(),
            url,
            headers,
            body: ask.body.clone().map(|body| ("application/json", body)),
        }
    }

    fn read(&self, answer: &Answer, ask: &Ask) -> Result<Reply, Fault> {
        if let Some(time) = answer.server_time() {
            self.auth.learn_skew(time.0 - Stamp::now().0);
            let mut read = self.clock_read.lock().unwrap_or_else(PoisonError::into_inner);
            *read = Some(Instant::now());
        }
        let body = answer.json(json);
        if (200..300).contains(&answer.status) {
            let result = body.ok_or_else(|| answer.not_the_api())?;
            return Ok(Reply::Done(result, Meta { server_time: answer.server_time() }));
        }
        let Some(body) = body else { return Err(answer.not_the_api()) };
        match (answer.status, &body) {
            (500, Value::Object(said)) if ask.risky.is_some() => {
                let field = ask.risky.as_deref().unwrap_or_default();
                let said = errors::message_of(said);
                Err(errors::unknown_column(&ask.what, field, &said).into())
            }
            (500..=599, Value::Object(said)) => {
                let why = format!("HTTP {}: {}", answer.status, errors::message_of(said));
                Err(answer.passing("had an internal error", why.trim_end_matches([':', ' '])))
            }
            _ => match ApiError::read(answer.status, &body) {
                Some(api) if api.is_nonce() => Err(nonce_again(&api)),
                Some(api) => Ok(Reply::Refused(api)),
                None => Err(answer.not_the_api()),
            },
        }
    }
}

/// A body as a value, its numbers exact.
pub(crate) fn json(body: &str) -> serde_json::Result<Value> {
    let raw: &RawValue = serde_json::from_str(body)?;
    Ok(value(raw.get()))
}

fn rows_of(answer: Value, meta: Meta, asked: u32) -> Option<Rows> {
    let Value::Object(mut answer) = answer else { return None };
    let number = |value: Option<&Value>| value.and_then(|v| v.to_text().parse::<u64>().ok());
    let echoed = match answer.get("search_criteria") {
        Some(Value::Object(criteria)) => number(criteria.get("page_size")),
        _ => None,
    };
    let total = number(answer.get("total_count"));
    let items = match answer.remove("items") {
        Some(Value::List(items)) => items,
        // PHP writes an empty list as null here and there.
        Some(Value::Null) | None if total.is_some() => Vec::new(),
        _ => return None,
    };
    let items = items.into_iter().filter_map(|item| match item {
        Value::Object(fields) => Some(fields),
        _ => None,
    });
    let size = echoed.filter(|n| *n > 0).map_or(u64::from(asked), |n| n.min(u64::from(asked)));
    Some(Rows {
        items: items.collect(),
        total,
        size: usize::try_from(size).unwrap_or(1),
        server_time: meta.server_time,
    })
}

fn no_list(entity: &Entity) -> RemoteError {
    RemoteError::new(
        ErrorKind::NotTheApi,
        UserError::new(
            format!("What answered to a list of {} is not Magento's list.", entity.many),
            "It has neither items nor a total.",
            "Check the shop URL.",
        ),
    )
}

/// Nothing was done: the next try has another nonce.
fn nonce_again(api: &ApiError) -> Fault {
    let error = UserError::new(
        "Magento took our signature for one it had seen.",
        format!("It answered 401: {}.", api.message.trim_end_matches('.')),
        "It is sent again with another one; if it goes on, look for a proxy that repeats requests.",
    );
    Fault::new(ErrorKind::Temporary, error)
}

fn token_ended(at: Stamp) -> RemoteError {
    RemoteError::new(
        ErrorKind::Login,
        UserError::new(
            "The bearer token has expired.",
            format!("It is an administrator's token, which lasts an hour; it ended at {at}."),
            "Enter the values of an integration (System, Integrations): they do not expire.",
        ),
    )
}

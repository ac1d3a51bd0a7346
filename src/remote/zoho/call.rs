//! Requests to the API: the token, the right address, and the kinds of answers.

use super::super::http::{Answer, Call, Fault, Plan};
use super::super::{ErrorKind, RemoteError, RemoteResult};
use super::Zoho;
use super::errors::{self, ApiError, Asked};
use super::token::Access;
use crate::model::Stamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use secrecy::ExposeSecret;
use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde_json::Value as Json;
use std::fmt;
use syncdeck_records::project::{Projected, Projection};

/// Which of Zoho's programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// The CRM, API v8.
    Crm,
    /// Books, API v3.
    Books,
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    program: Program,
    /// The method.
    pub(crate) method: Method,
    /// The path below the API's version.
    pub(crate) path: String,
    query: Vec<(String, String)>,
    headers: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
    /// How patient.
    pub(crate) plan: Plan,
    /// What it does, for people.
    pub(crate) what: String,
    /// Its answer has a result for each record, whatever the status.
    items: bool,
}

impl Ask {
    /// A read.
    pub(crate) fn get(path: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            program: Program::Crm,
            method: Method::GET,
            path: path.into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            plan: Plan::READ,
            what: what.into(),
            items: false,
        }
    }

    /// With this method and JSON body.
    pub(crate) fn sending(mut self, method: Method, body: &Json) -> Self {
        self.method = method;
        self.body = Some(body.to_string().into_bytes());
        self
    }

    /// A write that answers for each record.
    pub(crate) fn writing(mut self, plan: Plan) -> Self {
        self.plan = plan;
        self.items = true;
        self
    }

    /// To Books.
    pub(crate) fn for_books(mut self) -> Self {
        self.program = Program::Books;
        self
    }

    /// With a parameter.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// With a header that holds an instant.
    pub(crate) fn since(mut self, name: &'static str, at: Stamp) -> Self {
        self.headers.push((name, written(at)));
        self
    }

    /// With this patience.
    pub(crate) fn planned(mut self, plan: Plan) -> Self {
        self.plan = plan;
        self
    }
}

/// An instant as Zoho wants it: whole seconds with an offset.
pub(crate) fn written(at: Stamp) -> String {
    at.timestamp().strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// What came with a result.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Meta {
    /// The server's clock when the request came in.
    pub(crate) asked_at: Option<Stamp>,
    /// The server's clock when it answered.
    pub(crate) server_time: Option<Stamp>,
}

/// A result (none: there is nothing), or the API's refusal.
enum Reply<T> {
    Done(Option<T>, Meta),
    Refused(ApiError),
}

impl Zoho {
    /// Sends a request; refusals are errors.
    pub(crate) async fn call<T: Send>(
        &self,
        ask: &Ask,
        parse: impl Fn(&str) -> serde_json::Result<T> + Send + Sync,
    ) -> RemoteResult<(Option<T>, Meta)> {
        self.ask(ask, parse).await?.map_err(|api| self.explained(&api, ask))
    }

    /// Sends a request and gives back its JSON; null: there is nothing.
    pub(crate) async fn json(&self, ask: &Ask) -> RemoteResult<Json> {
        let parse = |body: &str| serde_json::from_str::<Json>(body);
        Ok(self.call(ask, parse).await?.0.unwrap_or_default())
    }

    /// Sends a request. A token that the API does not know any more is renewed once.
    ///
    /// # Errors
    /// The inner one is the API's own refusal.
    pub(crate) async fn ask<T: Send>(
        &self,
        ask: &Ask,
        parse: impl Fn(&str) -> serde_json::Result<T> + Send + Sync,
    ) -> RemoteResult<Result<(Option<T>, Meta), ApiError>> {
        let mut refused = None;
        loop {
            let access = self.tokens.access(refused.as_ref()).await?;
            let make = || self.make(ask, &access);
            let read = |answer: &Answer| read(answer, ask.items, &parse);
            let api = match self.http.run(ask.plan, make, read).await {
                Ok(Reply::Done(result, meta)) => return Ok(Ok((result, meta))),
                Ok(Reply::Refused(api)) => api,
                Err(error) => return Err(with_credits(error)),
            };
            if !api.is_token() || refused.is_some() {
                return Ok(Err(api));
            }
            refused = Some(access.token);
        }
    }

    /// The error for the API's refusal.
    pub(crate) fn explained(&self, api: &ApiError, ask: &Ask) -> RemoteError {
        let asked = Asked { what: &ask.what, write: ask.plan.write, item: false };
        let mut error = errors::explain(api, asked);
        error.request = format!("{} {}", ask.method, ask.path);
        error
    }

    fn make(&self, ask: &Ask, access: &Access) -> Call {
        let mut url = self.base(ask.program, &access.api);
        url.set_path(&format!("{}/{}", url.path().trim_end_matches('/'), ask.path));
        if !ask.query.is_empty() {
            let encode = |text: &str| {
                utf8_percent_encode(text, NON_ALPHANUMERIC)
                    .to_string()
                    .replace("%2C", ",")
                    .replace("%5F", "_")
            };
            let pairs: Vec<String> =
                ask.query.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
            url.set_query(Some(&pairs.join("&")));
        }
        let mut headers = HeaderMap::new();
        let token = format!("Zoho-oauthtoken {}", access.token.expose_secret());
        if let Ok(mut value) = HeaderValue::from_str(&token) {
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        for (name, text) in &ask.headers {
            if let Ok(value) = HeaderValue::from_str(text) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        let body = ask.body.clone().map(|body| ("application/json", body));
        Call { method: ask.method.clone(), url, headers, body }
    }

    fn base(&self, program: Program, api: &Url) -> Url {
        let (mut url, folder) = match (program, &self.settings.books_url) {
            (Program::Crm, _) => (api.clone(), "crm/v8"),
            (Program::Books, Some(books)) => (books.clone(), "books/v3"),
            (Program::Books, None) => (api.clone(), "books/v3"),
        };
        url.set_path(&format!("{}/{folder}", url.path().trim_end_matches('/')));
        url
    }
}

fn read<T>(
    answer: &Answer,
    items: bool,
    parse: &(impl Fn(&str) -> serde_json::Result<T> + Sync),
) -> Result<Reply<T>, Fault> {
    let server_time = answer.server_time();
    let meta = Meta { asked_at: server_time.map(|t| t.minus(answer.took)), server_time };
    let empty = answer.body.iter().all(u8::is_ascii_whitespace);
    if matches!(answer.status, 204 | 304) && empty {
        return Ok(Reply::Done(None, meta));
    }
    let good = (200..300).contains(&answer.status);
    let refusal = || {
        let json = answer.json(|body| serde_json::from_str::<Json>(body))?;
        ApiError::read(answer.status, &json)
    };
    if good || (items && matches!(answer.status, 400 | 412)) {
        // Books answers errors with 200 now and then, and says code 0 for good answers.
        let parsed = answer.json(parse);
        if let Some(result) = parsed {
            return Ok(Reply::Done(Some(result), meta));
        }
        if good {
            return match refusal() {
                Some(api) if api.code != "0" => Ok(Reply::Refused(api)),
                _ => Err(answer.not_the_api()),
            };
        }
    }
    match refusal() {
        Some(api) if answer.status >= 500 => {
            let why = format!("HTTP {} {}: {}", answer.status, api.code, api.message);
            Err(answer.passing("had an internal error", why.trim_end_matches([':', ' '])))
        }
        Some(api) => Ok(Reply::Refused(api)),
        None => Err(answer.not_the_api()),
    }
}

/// The same status stands for too much at a time (seconds) and for spent credits (hours).
fn with_credits(mut error: RemoteError) -> RemoteError {
    if let ErrorKind::RateLimited { .. } = error.kind
        && error.error.what.ends_with("asked us to slow down.")
    {
        error.error.next =
            "Nothing to do if it passes. If it goes on for hours, the organisation's \
                            daily API credits are spent: see Setup, Developer Hub, APIs & SDKs in \
                            Zoho, and sync less often."
                .to_owned();
    }
    error
}

/// A page of records: `data` (or another list) and `info` (or `page_context`).
pub(crate) struct Rows<'a> {
    /// The name of the list.
    pub(crate) list: &'static str,
    /// What is taken of each record.
    pub(crate) projection: &'a Projection,
}

/// What [`Rows`] reads.
#[derive(Default)]
pub(crate) struct Listed {
    /// The records.
    pub(crate) rows: Vec<Projected>,
    /// What is said of the list.
    pub(crate) info: Json,
}

impl Rows<'_> {
    /// Reads a body. One without the list is an error.
    pub(crate) fn parse(&self, body: &str) -> serde_json::Result<Listed> {
        let mut de = serde_json::Deserializer::from_str(body);
        let found = de.deserialize_map(self)?;
        de.end()?;
        Ok(found)
    }
}

impl<'de> Visitor<'de> for &Rows<'_> {
    type Value = Listed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Listed, A::Error> {
        let mut rows = None;
        let mut info = Json::Null;
        while let Some(name) = map.next_key::<String>()? {
            if name == self.list {
                rows = Some(map.next_value_seed(Rest(self.projection))?);
            } else if name == "info" || name == "page_context" {
                info = map.next_value()?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        let rows = rows.ok_or_else(|| serde::de::Error::missing_field("data"))?;
        Ok(Listed { rows, info })
    }
}

struct Rest<'a>(&'a Projection);

impl<'de> DeserializeSeed<'de> for Rest<'_> {
    type Value = Vec<Projected>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.0.records().deserialize(deserializer)
    }
}

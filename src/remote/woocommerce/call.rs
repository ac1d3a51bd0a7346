//! Requests to the API: the right address, the keys, and the two kinds of answers.

use super::super::http::{Answer, Call, Fault, Plan};
use super::super::oauth::RESERVED;
use super::super::{ErrorKind, RemoteError, RemoteResult};
use super::Woo;
use super::auth::Way;
use super::errors::{self, ApiError, Asked};
use crate::model::Stamp;
use percent_encoding::{AsciiSet, utf8_percent_encode};
use reqwest::Method;
use syncdeck_records::project::Projection;

/// What is encoded in the value of a parameter.
const READABLE: &AsciiSet = &RESERVED.remove(b'/').remove(b',');
/// A difference of the clocks that spoils a signature, in milliseconds.
const CLOCK_MS: i64 = 60_000;

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    /// The method.
    pub(crate) method: Method,
    /// The path below `wc/v3/`.
    pub(crate) path: String,
    /// The query.
    pub(crate) query: Vec<(String, String)>,
    /// The JSON body.
    pub(crate) body: Option<Vec<u8>>,
    /// How patient.
    pub(crate) plan: Plan,
    /// What it does, for people.
    pub(crate) what: String,
}

impl Ask {
    /// A read.
    pub(crate) fn get(path: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            query: Vec::new(),
            body: None,
            plan: Plan::READ,
            what: what.into(),
        }
    }

    /// A write with a body.
    pub(crate) fn post(path: impl Into<String>, what: impl Into<String>, body: Vec<u8>) -> Self {
        Self { method: Method::POST, body: Some(body), plan: Plan::WRITE, ..Self::get(path, what) }
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
}

/// What came with a result.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Meta {
    /// `X-WP-Total`.
    pub(crate) total: Option<u64>,
    /// `X-WP-TotalPages`.
    pub(crate) pages: Option<u64>,
    /// The server's clock when the request came in.
    pub(crate) asked_at: Option<Stamp>,
    /// The server's clock when it answered.
    pub(crate) server_time: Option<Stamp>,
}

/// A result or the API's refusal.
enum Reply<T> {
    Done(T, Meta),
    Refused(ApiError),
}

impl Woo {
    /// Sends a request; refusals are errors.
    pub(crate) async fn call<T: Send>(
        &self,
        ask: &Ask,
        parse: impl Fn(&str) -> serde_json::Result<T> + Send + Sync,
    ) -> RemoteResult<(T, Meta)> {
        self.ask(ask, parse).await?.map_err(|api| self.explained(&api, ask))
    }

    /// Sends a request, climbing the ladder of authentications until one works.
    ///
    /// # Errors
    /// The inner one is the API's own refusal.
    pub(crate) async fn ask<T: Send>(
        &self,
        ask: &Ask,
        parse: impl Fn(&str) -> serde_json::Result<T> + Send + Sync,
    ) -> RemoteResult<Result<(T, Meta), ApiError>> {
        let mut at = self.auth.current();
        let mut telling: Option<ApiError> = None;
        let mut looked = false;
        let mut reset = false;
        while let Some(way) = self.auth.way(at) {
            let make = || self.make(ask, &way);
            let read = |answer: &Answer| self.read(answer, &parse);
            let allowed = self.auth.allowance_ms();
            let api = match self.http.run(ask.plan, make, read).await {
                Ok(Reply::Done(result, meta)) => {
                    if ask.method != Method::OPTIONS {
                        // OPTIONS is answered without keys too.
                        self.auth.settle(at);
                    }
                    return Ok(Ok((result, meta)));
                }
                Ok(Reply::Refused(api)) => api,
                Err(error)
                    if error.kind == ErrorKind::NotTheApi && !looked && !self.auth.settled() =>
                {
                    // Plain permalinks, perhaps: nothing was done at that address.
                    looked = true;
                    if self.http_is_plain(ask.plan).await {
                        continue;
                    } else {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            };
            let clock = (self.auth.allowance_ms() - allowed).abs() > CLOCK_MS;
            if api.status == 401 && clock && !reset && matches!(way, Way::OAuth(_)) {
                // The signature bore another time than the shop's, which we know now.
                reset = true;
                continue;
            }
            if api.status != 401 || self.auth.settled() {
                // Parameters are checked before the keys are: only 403 proves that they are known.
                if api.status == 403 {
                    self.auth.settle(at);
                }
                return Ok(Err(api));
            }
            let last = self.is_last(&way, &api);
            // Of several refusals, the one that names the key tells most.
            if telling.as_ref().is_none_or(|t| !names_key(t)) {
                telling = Some(api);
            }
            if last {
                break;
            }
            at += 1;
            if self.auth.way(at).is_none() && !looked {
                looked = true;
                let _ = self.discover(Plan { write: false, ..ask.plan }).await;
            }
        }
        Ok(Err(telling.unwrap_or_default()))
    }

    /// Whether the site has plain permalinks, found out now.
    async fn http_is_plain(&self, plan: Plan) -> bool {
        let before = self.route();
        let plan = Plan { write: false, ..plan };
        self.discover(plan).await.is_ok() && self.route() != before
    }

    /// The keys were recognised and found wrong; another way cannot mend that.
    fn is_last(&self, way: &Way, api: &ApiError) -> bool {
        names_key(api) && matches!(way, Way::Basic | Way::Query)
    }

    /// The error for the API's refusal.
    pub(crate) fn explained(&self, api: &ApiError, ask: &Ask) -> RemoteError {
        let asked = Asked {
            what: &ask.what,
            write: ask.plan.write,
            known: self.auth.settled(),
            item: false,
        };
        let mut error = errors::explain(api, asked);
        if error.kind == ErrorKind::Login
            && let Some(wrong) = self.wrong_folder()
        {
            error.error = wrong;
        }
        error.request = format!("{} {}wp-json/wc/v3/{}", ask.method, self.site, ask.path);
        self.http.discreet(error)
    }

    fn make(&self, ask: &Ask, way: &Way) -> Call {
        let (mut url, mut params) = self.address(&ask.path);
        params.extend(ask.query.iter().cloned());
        let (params, headers) = self.auth.apply(way, ask.method.as_str(), url.path(), params);
        if !params.is_empty() {
            url.set_query(Some(&query(&params)));
        }
        Call {
            method: ask.method.clone(),
            url,
            headers,
            body: ask.body.clone().map(|body| ("application/json", body)),
        }
    }

    fn read<T>(
        &self,
        answer: &Answer,
        parse: &(impl Fn(&str) -> serde_json::Result<T> + Sync),
    ) -> Result<Reply<T>, Fault> {
        if let Some(time) = answer.server_time() {
            self.auth.learn_skew(time.0 - Stamp::now().0);
        }
        if (200..300).contains(&answer.status) {
            let result = answer.json(parse).ok_or_else(|| answer.not_the_api())?;
            let server_time = answer.server_time();
            let meta = Meta {
                total: answer.number("x-wp-total"),
                pages: answer.number("x-wp-totalpages"),
                asked_at: server_time.map(|t| t.minus(answer.took)),
                server_time,
            };
            return Ok(Reply::Done(result, meta));
        }
        let projection = Projection::new(["code", "message", "data"], &[]);
        let found = answer.json(|body| projection.take(body));
        let api = found.and_then(|f| ApiError::read(answer.status, &f.fields));
        match api {
            Some(api) if answer.status >= 500 && answer.status != 501 => {
                let why = format!("HTTP {} {}: {}", answer.status, api.code, api.message);
                Err(answer.passing("had an internal error", why.trim_end_matches([':', ' '])))
            }
            Some(api) => Ok(Reply::Refused(api)),
            None => Err(answer.not_the_api()),
        }
    }
}

/// Whether an error says that the key was found.
fn names_key(api: &ApiError) -> bool {
    api.code.starts_with("woocommerce_rest_authentication")
}

/// Encoded so that slashes and commas stay as they are: the text `wp-json/wc/` must be readable in
/// the address, and lists are joined by commas.
fn query(params: &[(String, String)]) -> String {
    let mut query = String::new();
    for (name, value) in params {
        query.extend((!query.is_empty()).then_some("&"));
        query.extend(utf8_percent_encode(name, RESERVED));
        query.push('=');
        query.extend(utf8_percent_encode(value, READABLE));
    }
    query
}

//! Requests of a manifest: filled, authorised, sent, and judged by the manifest's rules.

use super::super::http::{Answer, Call, Fault, Plan};
use super::super::{ErrorKind, RemoteError, RemoteResult};
use super::template::{self, Names};
use super::{Rest, path};
use crate::model::manifest::{Auth, ErrorRule, Request, Success, Then};
use crate::model::{Stamp, UserError};
use base64::Engine;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde_json::Value as Json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A token is used no longer than this before its end.
const MARGIN: Duration = Duration::from_secs(60);
/// How long a token is used whose life nobody tells.
const UNTOLD: Duration = Duration::from_secs(1_800);

/// A login that is remembered.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    answer: Arc<Json>,
    token: String,
    until: Instant,
}

/// An answer: the JSON, the address of the next page in the `Link` header, the server's clock.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) json: Json,
    pub(crate) link: Option<String>,
    pub(crate) date: Option<Stamp>,
}

/// What stands for an answer while it is judged.
enum Judged {
    Good(Answered),
    /// The login is over.
    LogIn(Box<RemoteError>),
}

impl Rest {
    /// Sends a request; logs in first where that is needed, and once more if the login is over.
    pub(crate) async fn ask(
        &self,
        request: &Request,
        names: &Names<'_>,
        what: &str,
        plan: Plan,
    ) -> RemoteResult<Answered> {
        let login = self.logged_in(plan, None).await?;
        match self.send(request, names, login.as_ref(), what, plan).await? {
            Judged::Good(answered) => Ok(answered),
            Judged::LogIn(error) => {
                let Some(stale) = login else { return Err(*error) };
                let fresh = self.logged_in(plan, Some(&stale.token)).await?;
                match self.send(request, names, fresh.as_ref(), what, plan).await? {
                    Judged::Good(answered) => Ok(answered),
                    Judged::LogIn(error) => Err(*error),
                }
            }
        }
    }

    async fn send(
        &self,
        request: &Request,
        names: &Names<'_>,
        login: Option<&Login>,
        what: &str,
        plan: Plan,
    ) -> RemoteResult<Judged> {
        let answer = login.map(|login| login.answer.clone());
        let mut names = names.clone();
        names.config = Some(&self.config);
        names.login = names.login.or(answer.as_deref());
        let parts = self.parts(request, &names).map_err(broken)?;
        let parts = self.authorised(parts, login).map_err(broken)?;
        let make = || parts.call();
        let read = |answer: &Answer| self.judge(answer, what);
        let mut plan = plan;
        plan.answer = plan.answer.min(Duration::from_secs(self.api.timeout.max(1)));
        self.http.run(plan, make, read).await
    }

    /// The filled parts of a request.
    fn parts(&self, request: &Request, names: &Names<'_>) -> Result<Parts, UserError> {
        let whole = |text: &str| template::fill(text, names);
        let path = whole(&request.path)?.ok_or_else(|| missing(&request.path))?;
        let mut url = self.address(&path)?;
        let mut query: Vec<(String, String)> = Vec::new();
        for (name, text) in &request.query {
            query.extend(whole(text)?.map(|value| (name.clone(), value)));
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(&query);
        }
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        for (name, text) in self.api.headers.iter().chain(&request.headers) {
            if let Some(value) = whole(text)? {
                put(&mut headers, name, &value)?;
            }
        }
        let body = match &request.body {
            None => None,
            Some(template) => {
                let json = template::body(template, names)?.unwrap_or(Json::Null);
                Some(if request.form { form(&json) } else { ("application/json", json.to_string()) })
            }
        };
        let method = Method::from_bytes(request.method.to_ascii_uppercase().as_bytes())
            .map_err(|_| missing(&request.method))?;
        Ok(Parts { method, url, headers, body })
    }

    /// The address of a path: below the base address, or itself if it is one of the same host.
    pub(crate) fn address(&self, path: &str) -> Result<Url, UserError> {
        let lower = path.to_ascii_lowercase();
        if lower.starts_with("http://") || lower.starts_with("https://") {
            let url = Url::parse(path).map_err(|_| missing(path))?;
            // Keys and tokens go to no other host.
            if url.origin() != self.base.origin() {
                return Err(UserError::new(
                    format!("The service names an address of another host: {url}."),
                    "Keys and tokens are sent to the host of the base address only.",
                    "Correct the base address, or the manifest.",
                ));
            }
            return Ok(url);
        }
        let base = self.base.as_str().trim_end_matches('/');
        let full = format!("{base}/{}", path.trim_start_matches('/'));
        Url::parse(&full).map_err(|_| missing(path))
    }

    fn authorised(&self, mut parts: Parts, login: Option<&Login>) -> Result<Parts, UserError> {
        let mut names = Names { config: Some(&self.config), ..Names::default() };
        let answer = login.map(|login| login.answer.clone());
        names.login = answer.as_deref();
        if let Some(login) = login {
            names.values.push(("token", login.token.clone()));
        }
        let whole = |text: &str| -> Result<String, UserError> {
            Ok(template::fill(text, &names)?.unwrap_or_default())
        };
        match &self.api.auth {
            Auth::None => {}
            Auth::Basic { username, password } => {
                let pair = format!("{}:{}", whole(username)?, whole(password)?);
                let coded = base64::engine::general_purpose::STANDARD.encode(pair);
                put(&mut parts.headers, AUTHORIZATION.as_str(), &format!("Basic {coded}"))?;
            }
            Auth::Header { name, value } => put(&mut parts.headers, name, &whole(value)?)?,
            Auth::Query { name, value } => {
                let value = whole(value)?;
                parts.url.query_pairs_mut().append_pair(name, &value);
            }
            Auth::Login { header, value, query, .. } => match query {
                Some(name) => {
                    let token = login.map(|login| login.token.clone()).unwrap_or_default();
                    parts.url.query_pairs_mut().append_pair(name, &token);
                }
                None => put(&mut parts.headers, header, &whole(value)?)?,
            },
        }
        Ok(parts)
    }

    /// The login, made or renewed. `stale`: the token that was refused. Callers wait for the one
    /// that logs in.
    async fn logged_in(&self, plan: Plan, stale: Option<&str>) -> RemoteResult<Option<Login>> {
        let Auth::Login { request, token, expires, lifetime, .. } = &self.api.auth else {
            return Ok(None);
        };
        let mut known = self.login.lock().await;
        if let Some(login) = known.as_ref()
            && login.until > Instant::now()
            && stale != Some(login.token.as_str())
        {
            return Ok(Some(login.clone()));
        }
        let names = Names { config: Some(&self.config), ..Names::default() };
        let parts = self.parts(request, &names).map_err(broken)?;
        let make = || parts.call();
        let read = |answer: &Answer| self.judge(answer, "log in");
        let plan = Plan { write: false, ..plan };
        let answered = match self.http.run(plan, make, read).await {
            Ok(Judged::Good(answered)) => answered,
            Ok(Judged::LogIn(error)) => return Err(login_refused(*error)),
            Err(error) if error.kind == ErrorKind::Refused => return Err(login_refused(error)),
            Err(error) => return Err(error),
        };
        let text = path::text(&answered.json, token).filter(|text| !text.trim().is_empty());
        let Some(text) = text else { return Err(no_token(&self.label, token)) };
        let told = expires.as_deref().and_then(|path| path::text(&answered.json, path));
        let life = told.and_then(|text| text.trim().parse::<f64>().ok()).map(|s| s as u64);
        let life = life.or(*lifetime).map_or(UNTOLD, Duration::from_secs);
        self.http.conceal(&text);
        let until = Instant::now() + life.saturating_sub(MARGIN).max(Duration::from_secs(1));
        let login = Login { answer: Arc::new(answered.json), token: text, until };
        *known = Some(login.clone());
        Ok(Some(login))
    }

    /// What an answer means, by HTTP status, the manifest's rules and its test of success.
    fn judge(&self, answer: &Answer, what: &str) -> Result<Judged, Fault> {
        let json = answer.json(|body| serde_json::from_slice::<Json>(body));
        if answer.status == 204 {
            return Ok(Judged::Good(good(answer, Json::Null)));
        }
        let fine = (200..300).contains(&answer.status)
            && json.as_ref().is_some_and(|json| is_success(self.api.ok.as_ref(), json));
        if fine && let Some(json) = json {
            return Ok(Judged::Good(good(answer, json)));
        }
        let nothing = Json::Null;
        let body = json.as_ref().unwrap_or(&nothing);
        let rule = self.api.errors.iter().find(|rule| fits(rule, answer, body));
        let text = self.api.error_text.iter().find_map(|at| path::text(body, at));
        let error = |kind| {
            let why = match (&text, answer.status) {
                (Some(text), status) => format!("It answered (HTTP {status}): {}.", text.trim()),
                (None, status) => format!("It answered HTTP {status}."),
            };
            let next = rule.and_then(|rule| rule.say.clone()).unwrap_or_else(|| {
                "Look at the service's own logs, or try the request with the manifest's test call."
                    .to_owned()
            });
            let what = format!("{} refused to {what}.", self.label);
            RemoteError::new(kind, UserError::new(what, why, next))
        };
        match rule.map(|rule| rule.then) {
            Some(Then::Retry) => return Err(Fault::from(error(ErrorKind::Temporary))),
            Some(Then::SlowDown) => {
                return Err(Fault::from(error(ErrorKind::RateLimited { wait: None })));
            }
            Some(Then::Empty) => return Ok(Judged::Good(good(answer, Json::Null))),
            Some(Then::Login) => return Ok(Judged::LogIn(Box::new(error(ErrorKind::Login)))),
            Some(Then::Fail) => return Err(Fault::from(error(ErrorKind::Refused))),
            None => {}
        }
        match (answer.status, json.is_some()) {
            (401, true) => Ok(Judged::LogIn(Box::new(error(ErrorKind::Login)))),
            (403, true) => Err(Fault::from(error(ErrorKind::Permission))),
            (404 | 410, true) => Err(Fault::from(error(ErrorKind::NotFound))),
            (500..=599, true) => Err(Fault::from(error(ErrorKind::Temporary))),
            (_, true) => Err(Fault::from(error(ErrorKind::Refused))),
            // Without JSON it is not the API that answers.
            (401, false) if matches!(self.api.auth, Auth::Login { .. }) => {
                Ok(Judged::LogIn(Box::new(error(ErrorKind::Login))))
            }
            (_, false) => Err(answer.not_the_api()),
        }
    }
}

fn good(answer: &Answer, json: Json) -> Answered {
    let link = answer.header("link").and_then(next_link).map(str::to_owned);
    Answered { json, link, date: answer.server_time() }
}

/// The address with `rel="next"` in a `Link` header.
fn next_link(header: &str) -> Option<&str> {
    header.split(',').find_map(|part| {
        let (address, rest) = part.trim().strip_prefix('<')?.split_once('>')?;
        let next = rest.split(';').any(|p| p.trim().replace('"', "").eq_ignore_ascii_case("rel=next"));
        next.then_some(address)
    })
}

fn is_success(test: Option<&Success>, json: &Json) -> bool {
    let Some(test) = test else { return true };
    if let Some(absent) = &test.absent
        && path::at(json, absent).is_some_and(|found| !found.is_null())
    {
        return false;
    }
    match &test.path {
        Some(at) => path::text(json, at).is_some_and(|text| test.values.contains(&text)),
        None => true,
    }
}

fn fits(rule: &ErrorRule, answer: &Answer, body: &Json) -> bool {
    let status = rule.status.is_empty() || rule.status.contains(&answer.status);
    let at = rule.path.as_ref().is_none_or(|at| match path::text(body, at) {
        Some(text) => rule.values.is_empty() || rule.values.contains(&text),
        None => rule.values.is_empty() && path::at(body, at).is_some_and(|found| !found.is_null()),
    });
    let text = rule.text.as_ref().is_none_or(|text| {
        let held = String::from_utf8_lossy(&answer.body).to_lowercase();
        held.contains(&text.to_lowercase())
    });
    status && at && text
}

/// A request that is ready to be sent, again and again.
struct Parts {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<(&'static str, String)>,
}

impl Parts {
    fn call(&self) -> Call {
        Call {
            method: self.method.clone(),
            url: self.url.clone(),
            headers: self.headers.clone(),
            body: self.body.as_ref().map(|(kind, text)| (*kind, text.clone().into_bytes())),
        }
    }
}

fn form(json: &Json) -> (&'static str, String) {
    let mut coded = reqwest::Url::parse("http://x/").ok();
    if let (Some(url), Json::Object(members)) = (&mut coded, json) {
        let mut pairs = url.query_pairs_mut();
        for (name, value) in members {
            let text = match value {
                Json::String(text) => text.clone(),
                other => other.to_string(),
            };
            pairs.append_pair(name, &text);
        }
    }
    let text = coded.and_then(|url| url.query().map(str::to_owned)).unwrap_or_default();
    ("application/x-www-form-urlencoded", text)
}

fn put(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), UserError> {
    let bad = || {
        UserError::new(
            format!("The header \"{name}\" cannot be sent."),
            "Its name or value holds characters that headers cannot have.",
            "Check what was entered in the connection's settings, and the manifest.",
        )
    };
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
    let mut value = HeaderValue::from_str(value).map_err(|_| bad())?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

/// A request that cannot be made as the manifest has it.
pub(crate) fn broken(error: UserError) -> RemoteError {
    RemoteError { whole: true, ..RemoteError::new(ErrorKind::Refused, error) }
}

fn missing(text: &str) -> UserError {
    UserError::new(
        format!("The manifest's \"{text}\" cannot be used in a request."),
        "It names something that has no value, or is no address or method.",
        "Correct the manifest, or fill the field in the connection's settings.",
    )
}

fn login_refused(error: RemoteError) -> RemoteError {
    let mut told = RemoteError::new(ErrorKind::Login, error.error.clone());
    told.error.next = "Check the credentials in the connection's settings.".to_owned();
    RemoteError { request: error.request, tries: error.tries, ..told }
}

fn no_token(label: &str, at: &str) -> RemoteError {
    RemoteError::new(
        ErrorKind::Login,
        UserError::new(
            format!("{label} answered the login without a token."),
            format!("There is nothing at \"{at}\" in its answer."),
            "Check the credentials; if they are right, correct the token's path in the manifest.",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_next_page_is_found_in_the_header() {
        let header = "<https://a.example/x?page=1>; rel=\"prev\", <https://a.example/x?page=3>; rel=\"next\"";
        assert_eq!(next_link(header), Some("https://a.example/x?page=3"));
        assert_eq!(next_link("<https://a.example/x>; rel=\"last\""), None);
    }

    #[test]
    fn success_is_told_by_the_body() {
        let test = Success {
            path: Some("status".into()),
            values: vec!["200".into(), "201".into()],
            absent: Some("error".into()),
        };
        assert!(is_success(Some(&test), &json!({"status": 200, "Data": []})));
        assert!(!is_success(Some(&test), &json!({"status": 400})));
        assert!(!is_success(Some(&test), &json!({"status": 200, "error": {"message": "x"}})));
        assert!(is_success(None, &json!([])));
    }

    #[test]
    fn forms_are_encoded() {
        let (_, text) = form(&json!({"a": "x y&z", "n": 5}));
        assert_eq!(text, "a=x+y%26z&n=5");
    }
}

//! Authorisation of requests, and the login that some services want first.
//!
//! A token is used until shortly before its end by all callers; one of them renews it. What renews
//! it without the credentials (a refresh token) is kept sealed, because the service may give out a
//! new one each time and take no old one.

use super::super::http::{Answer, Plan};
use super::super::{ErrorKind, RemoteError, RemoteResult};
use super::call::{Judged, Parts, broken, put};
use super::template::{self, Names};
use super::{Rest, path};
use crate::model::manifest::{Auth, Carry, Grant, Request};
use crate::model::{Stamp, UserError};
use base64::Engine;
use reqwest::header::AUTHORIZATION;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A token is not used any more so long before its end.
const MARGIN: Duration = Duration::from_secs(60);
/// How long a token is used whose life nobody tells.
const UNTOLD: Duration = Duration::from_secs(1_800);

/// A login that is remembered.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) answer: Arc<Json>,
    pub(crate) token: String,
    until: Stamp,
}

/// What is kept of a login, sealed.
#[derive(Serialize, Deserialize)]
struct Kept {
    answer: Json,
    until: Stamp,
}

/// How tokens are got and carried.
pub(crate) struct Tokens {
    request: Request,
    refresh: Option<Request>,
    token: String,
    expires: Option<String>,
    lifetime: Option<u64>,
    header: String,
    value: String,
    query: Option<String>,
    /// The API's own test of success does not hold for a token endpoint.
    foreign: bool,
}

impl Tokens {
    /// The tokens of a manifest; `None`: its requests need none.
    pub(crate) fn of(auth: &Auth) -> Option<Self> {
        match auth {
            Auth::Login { request, token, expires, lifetime, header, value, query, refresh } => {
                Some(Self {
                    request: request.clone(),
                    refresh: refresh.clone(),
                    token: token.clone(),
                    expires: expires.clone(),
                    lifetime: *lifetime,
                    header: header.clone(),
                    value: value.clone(),
                    query: query.clone(),
                    foreign: false,
                })
            }
            Auth::Oauth2 { grant, .. } => Some(Self {
                request: token_request(auth, false)?,
                refresh: (*grant == Grant::RefreshToken)
                    .then(|| token_request(auth, true))
                    .flatten(),
                token: "access_token".into(),
                expires: Some("expires_in".into()),
                lifetime: None,
                header: AUTHORIZATION.as_str().into(),
                value: "Bearer {{token}}".into(),
                query: None,
                foreign: true,
            }),
            _ => None,
        }
    }
}

/// The request of an OAuth2 token; `again`: with the refresh token of the last answer.
fn token_request(auth: &Auth, again: bool) -> Option<Request> {
    let Auth::Oauth2 {
        token_url,
        grant,
        client_id,
        client_secret,
        credentials,
        scope,
        refresh_token,
        extra,
    } = auth
    else {
        return None;
    };
    let mut body = toml::Table::new();
    let mut set = |name: &str, value: &str| {
        if !value.is_empty() {
            body.insert(name.into(), value.into());
        }
    };
    match grant {
        Grant::ClientCredentials => set("grant_type", "client_credentials"),
        Grant::RefreshToken => {
            set("grant_type", "refresh_token");
            set("refresh_token", if again { "{{login.refresh_token}}" } else { refresh_token });
        }
    }
    set("scope", scope);
    if *credentials == Carry::Form {
        set("client_id", client_id);
        set("client_secret", client_secret);
    }
    for (name, value) in extra {
        set(name, value);
    }
    Some(Request {
        path: token_url.clone(),
        method: "POST".into(),
        query: BTreeMap::new(),
        body: Some(body.into()),
        form: true,
        headers: BTreeMap::new(),
    })
}

impl Rest {
    /// A request with what authorises it.
    pub(crate) fn authorised(
        &self,
        mut parts: Parts,
        login: Option<&Login>,
    ) -> Result<Parts, UserError> {
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
                let pair = basic(&whole(username)?, &whole(password)?);
                put(&mut parts.headers, AUTHORIZATION.as_str(), &pair)?;
            }
            Auth::Header { name, value } => put(&mut parts.headers, name, &whole(value)?)?,
            Auth::Query { name, value } => with_query(&mut parts, name, &whole(value)?),
            Auth::Bearer { token } => {
                let value = format!("Bearer {}", whole(token)?);
                put(&mut parts.headers, AUTHORIZATION.as_str(), &value)?;
            }
            Auth::Login { .. } | Auth::Oauth2 { .. } => {
                let (Some(tokens), Some(login)) = (&self.tokens, login) else { return Ok(parts) };
                match &tokens.query {
                    Some(name) => with_query(&mut parts, name, &login.token),
                    None => put(&mut parts.headers, &tokens.header, &whole(&tokens.value)?)?,
                }
            }
        }
        Ok(parts)
    }

    /// The login, made or renewed; `None`: none is needed. `stale`: the token that was refused.
    /// Callers wait for the one that logs in.
    pub(crate) async fn logged_in(
        &self,
        plan: Plan,
        stale: Option<&str>,
    ) -> RemoteResult<Option<Login>> {
        let Some(tokens) = &self.tokens else { return Ok(None) };
        let good = |login: &Login| login.until > Stamp::now() && stale != Some(&*login.token);
        let mut known = self.login.lock().await;
        if let Some(login) = known.as_ref().filter(|login| good(login)) {
            return Ok(Some(login.clone()));
        }
        let keeper = self.keeper.as_ref().filter(|_| tokens.refresh.is_some());
        let _turn = match keeper {
            Some(keeper) => Some(keeper.turn().await.map_err(own)?),
            None => None,
        };
        if let Some(keeper) = keeper
            && let Some(text) = keeper.load(&self.origin()).await.map_err(own)?
            && let Ok(kept) = serde_json::from_str::<Kept>(text.expose_secret())
            && let Some(token) = path::text(&kept.answer, &tokens.token)
        {
            self.conceal(&kept.answer);
            let login = Login { answer: Arc::new(kept.answer), token, until: kept.until };
            *known = Some(login.clone());
            if good(&login) {
                return Ok(Some(login));
            }
        }
        let login = self.log_in(tokens, known.as_ref(), plan).await?;
        *known = Some(login.clone());
        if let Some(keeper) = keeper {
            let kept = Kept { answer: (*login.answer).clone(), until: login.until };
            let text = serde_json::to_string(&kept).unwrap_or_default();
            keeper.save(&self.origin(), &text.into()).await.map_err(own)?;
        }
        Ok(Some(login))
    }

    /// Renews the login that was, or logs in anew.
    async fn log_in(
        &self,
        tokens: &Tokens,
        last: Option<&Login>,
        plan: Plan,
    ) -> RemoteResult<Login> {
        if let (Some(refresh), Some(last)) = (&tokens.refresh, last) {
            match self.log_in_by(tokens, refresh, Some(last), plan).await {
                Ok(login) => return Ok(login),
                // It is over; the credentials may still do.
                Err(error) if error.kind == ErrorKind::Login => {}
                Err(error) => return Err(error),
            }
        }
        self.log_in_by(tokens, &tokens.request, None, plan).await
    }

    async fn log_in_by(
        &self,
        tokens: &Tokens,
        request: &Request,
        last: Option<&Login>,
        plan: Plan,
    ) -> RemoteResult<Login> {
        let names = Names {
            config: Some(&self.config),
            login: last.map(|last| &*last.answer),
            ..Names::default()
        };
        let mut parts = self.parts(request, &names, true).map_err(broken)?;
        if let Auth::Oauth2 { client_id, client_secret, credentials: Carry::Basic, .. } =
            &self.api.auth
        {
            let whole = |text: &str| template::fill(text, &names).map(Option::unwrap_or_default);
            let id = whole(client_id).map_err(broken)?;
            let pair = basic(&id, &whole(client_secret).map_err(broken)?);
            put(&mut parts.headers, AUTHORIZATION.as_str(), &pair).map_err(broken)?;
        }
        let test = self.api.ok.as_ref().filter(|_| !tokens.foreign);
        let make = || parts.call();
        let read = |answer: &Answer| self.judge(test, answer, "log in");
        let answered = match self.http.run(plan, make, read).await {
            Ok(Judged::Good(answered)) => answered,
            Ok(Judged::LogIn(error)) => return Err(self.http.discreet(login_refused(*error))),
            Err(error) if matches!(error.kind, ErrorKind::Refused | ErrorKind::Permission) => {
                return Err(login_refused(error));
            }
            Err(error) => return Err(error),
        };
        let mut json = answered.json;
        let text = path::text(&json, &tokens.token).filter(|text| !text.trim().is_empty());
        let Some(token) = text else { return Err(no_token(&self.label, &tokens.token)) };
        let told = tokens.expires.as_deref().and_then(|path| path::text(&json, path));
        let life = told.and_then(|text| text.trim().parse::<f64>().ok()).map(|s| s as u64);
        let life = life.or(tokens.lifetime).map_or(UNTOLD, Duration::from_secs);
        // Many endpoints give out a refresh token once only.
        if let (Some(last), Json::Object(members)) = (last, &mut json)
            && let Some(old) = last.answer.get("refresh_token")
        {
            members.entry("refresh_token").or_insert_with(|| old.clone());
        }
        self.conceal(&json);
        self.http.conceal(&token);
        let until = Stamp::now().plus(life.saturating_sub(MARGIN).max(Duration::from_secs(1)));
        Ok(Login { answer: Arc::new(json), token, until })
    }

    /// Takes the tokens of a login's answer out of all that is shown.
    fn conceal(&self, answer: &Json) {
        match answer {
            Json::Object(members) => {
                for (name, value) in members {
                    let secret = ["token", "secret", "session", "password", "key"];
                    match value {
                        Json::String(text)
                            if text.len() > 7
                                && secret.iter().any(|s| name.to_lowercase().contains(s))
                                && !name.to_lowercase().contains("type") =>
                        {
                            self.http.conceal(text);
                        }
                        other => self.conceal(other),
                    }
                }
            }
            Json::Array(items) => items.iter().for_each(|item| self.conceal(item)),
            _ => {}
        }
    }

    /// What tokens depend on: with other credentials there are none yet.
    fn origin(&self) -> String {
        let mut all = self.base.to_string();
        for (name, value) in &self.config {
            all.push_str(&format!("\n{name}={}", value.expose_secret()));
        }
        format!("{:032x}", xxhash_rust::xxh3::xxh3_128(all.as_bytes()))
    }
}

/// The value of an `Authorization` header of HTTP Basic.
pub(crate) fn basic(username: &str, password: &str) -> String {
    let pair = format!("{username}:{password}");
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

/// Adds a parameter; the address of a next page may have it already.
fn with_query(parts: &mut Parts, name: &str, value: &str) {
    if !parts.url.query_pairs().any(|(known, _)| known == name) {
        parts.url.query_pairs_mut().append_pair(name, value);
    }
}

/// Where tokens come from, as the manifest has it: a path, an address or a template of one.
pub(crate) fn endpoint_of(auth: &Auth) -> Option<&str> {
    match auth {
        Auth::Oauth2 { token_url, .. } => Some(token_url),
        Auth::Login { request, .. } => Some(request.path.as_str()),
        _ => None,
    }
}

fn own(error: UserError) -> RemoteError {
    RemoteError { whole: true, ..RemoteError::new(ErrorKind::Login, error) }
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

//! Requests of a manifest: filled, authorised and sent.

use super::super::http::{Answer, Call, Plan, url};
use super::super::{ErrorKind, RemoteError, RemoteResult};
use super::Rest;
use super::auth::Login;
use super::template::{self, Names};
use crate::model::manifest::Request;
use crate::model::{Stamp, UserError};
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde_json::Value as Json;
use std::time::Duration;

/// An answer: the JSON, the address of the next page in the `Link` header, the server's clock.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) json: Json,
    pub(crate) link: Option<String>,
    pub(crate) date: Option<Stamp>,
}

/// What stands for an answer while it is judged.
pub(crate) enum Judged {
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
        self.ask_at(request, None, names, what, plan).await
    }

    /// The same at another address, which an answer named for its next page.
    pub(crate) async fn ask_at(
        &self,
        request: &Request,
        next: Option<&str>,
        names: &Names<'_>,
        what: &str,
        plan: Plan,
    ) -> RemoteResult<Answered> {
        let login = self.logged_in(plan, None).await?;
        match self.send(request, next, names, login.as_ref(), what, plan).await? {
            Judged::Good(answered) => Ok(answered),
            Judged::LogIn(error) => {
                let Some(stale) = login else { return Err(*error) };
                let fresh = self.logged_in(plan, Some(&stale.token)).await?;
                match self.send(request, next, names, fresh.as_ref(), what, plan).await? {
                    Judged::Good(answered) => Ok(answered),
                    Judged::LogIn(error) => Err(*error),
                }
            }
        }
    }

    async fn send(
        &self,
        request: &Request,
        next: Option<&str>,
        names: &Names<'_>,
        login: Option<&Login>,
        what: &str,
        plan: Plan,
    ) -> RemoteResult<Judged> {
        let answer = login.map(|login| login.answer.clone());
        let mut names = names.clone();
        names.config = Some(&self.config);
        names.login = names.login.or(answer.as_deref());
        let own = |error| self.http.discreet(broken(error));
        let mut parts = self.parts(request, &names, false).map_err(own)?;
        if let Some(address) = next {
            parts.url = self.next_address(&parts.url, address).map_err(own)?;
        }
        let parts = self.authorised(parts, login).map_err(own)?;
        let make = || parts.call();
        let read = |answer: &Answer| self.judge(self.api.ok.as_ref(), answer, what);
        let mut plan = plan;
        plan.answer = plan.answer.min(Duration::from_secs(self.api.timeout.max(1)));
        self.http.run(plan, make, read).await
    }

    /// The filled parts of a request. `elsewhere`: it may go to another host that the manifest
    /// names, as that of a token endpoint.
    pub(crate) fn parts(
        &self,
        request: &Request,
        names: &Names<'_>,
        elsewhere: bool,
    ) -> Result<Parts, UserError> {
        let whole = |text: &str| template::fill(text, names);
        let path = template::path(&request.path, names)?.ok_or_else(|| missing(&request.path))?;
        let mut url = self.address(&path, elsewhere)?;
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
                Some(if request.form {
                    form(&json)
                } else {
                    ("application/json", json.to_string())
                })
            }
        };
        let method = Method::from_bytes(request.method.to_ascii_uppercase().as_bytes())
            .map_err(|_| missing(&request.method))?;
        Ok(Parts { method, url, headers, body })
    }

    /// The address of a path: below the base address, or itself if it is one.
    pub(crate) fn address(&self, path: &str, elsewhere: bool) -> Result<Url, UserError> {
        if url::is_address(path) {
            let address = Url::parse(path).map_err(|_| missing(path))?;
            return if elsewhere { Ok(address) } else { self.at_home(address) };
        }
        let base = self.base.as_str().trim_end_matches('/');
        let full = match path.trim_start_matches('/') {
            "" => base.to_owned(),
            path => format!("{base}/{path}"),
        };
        Url::parse(&full).map_err(|_| missing(path))
    }

    /// The address that an answer names for its next page; it may be told without the host.
    fn next_address(&self, listing: &Url, address: &str) -> Result<Url, UserError> {
        let next = listing.join(address.trim()).map_err(|_| {
            UserError::new(
                format!("{} names a next page that is no address: \"{address}\".", self.label),
                "The manifest says that the address of the next page stands there.",
                "Correct the path of the link in the manifest, or choose another pagination kind.",
            )
        })?;
        self.at_home(next)
    }

    /// Keys and tokens go to no other host.
    fn at_home(&self, address: Url) -> Result<Url, UserError> {
        if address.origin() == self.base.origin() {
            return Ok(address);
        }
        Err(UserError::new(
            format!("{} names an address of another host: {}.", self.label, url::host(&address)),
            "Keys and tokens are sent to the host of the base address only.",
            "Correct the base address (the scheme, too), or the manifest.",
        ))
    }
}

pub(crate) fn good(answer: &Answer, json: Json) -> Answered {
    let link = answer.header("link").and_then(next_link).map(str::to_owned);
    Answered { json, link, date: answer.server_time() }
}

/// The address with `rel="next"` in a `Link` header.
fn next_link(header: &str) -> Option<&str> {
    header.split('<').skip(1).find_map(|part| {
        let (address, rest) = part.split_once('>')?;
        let mut rest = rest.split([';', ',']).map(|p| p.trim().replace(['"', ' '], ""));
        rest.any(|p| p.eq_ignore_ascii_case("rel=next")).then_some(address)
    })
}

/// A request that is ready to be sent, again and again.
pub(crate) struct Parts {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<(&'static str, String)>,
}

impl Parts {
    pub(crate) fn call(&self) -> Call {
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

pub(crate) fn put(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), UserError> {
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

pub(crate) fn missing(text: &str) -> UserError {
    UserError::new(
        format!("The manifest's \"{text}\" cannot be used in a request."),
        "It names something that has no value, or is no address or method.",
        "Correct the manifest, or fill the field in the connection's settings.",
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
        let odd = "</x?ids=1,2&page=2>; title=\"a\"; rel = next";
        assert_eq!(next_link(odd), Some("/x?ids=1,2&page=2"));
    }

    #[test]
    fn forms_are_encoded() {
        let (_, text) = form(&json!({"a": "x y&z", "n": 5}));
        assert_eq!(text, "a=x+y%26z&n=5");
    }
}

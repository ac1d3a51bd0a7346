//! Operations of the webservice: sent on a session of the pool, with one new login if the session
//! is over.

use super::super::http::{Answer, Call, Fault, Plan};
use super::super::{ErrorKind, RemoteError, RemoteResult};
use super::Vtiger;
use super::envelope::{self, Reply};
use super::errors::{self, Asked};
use crate::model::Stamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::HeaderMap;
use reqwest::{Method, Url};
use serde::de::DeserializeSeed;

/// How often an operation logs in anew. A session that is over refuses before anything is done.
const RENEWALS: usize = 3;
const FORM: &str = "application/x-www-form-urlencoded";
/// As PHP reads it; blanks become `+` afterwards.
const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b' ');

/// An operation.
#[derive(Debug, Clone)]
pub(crate) struct Operation<'a> {
    /// Its parameters, `operation` first.
    pub(crate) params: Vec<(&'static str, &'a str)>,
    /// Sent as a form; Vtiger reads POST operations from there only, and GET ones from the query.
    pub(crate) post: bool,
    /// How patient.
    pub(crate) plan: Plan,
    /// What it does, for people.
    pub(crate) what: String,
}

impl<'a> Operation<'a> {
    /// A GET operation.
    pub(crate) fn get(name: &'a str, what: impl Into<String>) -> Self {
        Self { params: vec![("operation", name)], post: false, plan: Plan::READ, what: what.into() }
    }

    /// A POST operation that changes something.
    pub(crate) fn post(name: &'a str, what: impl Into<String>) -> Self {
        Self { post: true, plan: Plan::WRITE, ..Self::get(name, what) }
    }

    /// With a parameter.
    pub(crate) fn with(mut self, name: &'static str, value: &'a str) -> Self {
        self.params.push((name, value));
        self
    }

    /// With this patience.
    pub(crate) fn planned(mut self, plan: Plan) -> Self {
        self.plan = plan;
        self
    }
}

/// An answer: the result and the server's clock.
pub(crate) type Answered<T> = (Reply<T>, Option<Stamp>);

impl Vtiger {
    /// Sends an operation; refusals are errors.
    pub(crate) async fn call<S, T>(
        &self,
        op: Operation<'_>,
        seed: S,
    ) -> RemoteResult<(T, Option<Stamp>)>
    where
        S: for<'de> DeserializeSeed<'de, Value = T> + Copy + Send + Sync,
        T: Send,
    {
        let asked = Asked { what: &op.what, write: op.plan.write };
        match self.reply(&op, seed).await? {
            (Reply::Done(result), date) => Ok((result, date)),
            (Reply::Failed(failure), _) => {
                let mut error = errors::explain(&failure, asked);
                error.request = self.shown(&op);
                Err(self.http.discreet(error))
            }
        }
    }

    async fn reply<S, T>(&self, op: &Operation<'_>, seed: S) -> RemoteResult<Answered<T>>
    where
        S: for<'de> DeserializeSeed<'de, Value = T> + Copy + Send + Sync,
        T: Send,
    {
        let mut session = self.sessions.take(&self.http, &self.url, op.plan).await?;
        let mut answered = self.send(op, &session.name, seed).await?;
        for _ in 0..RENEWALS {
            let Reply::Failed(failure) = &answered.0 else { break };
            if !errors::is_session_over(failure) {
                break;
            }
            self.sessions.renew(&mut session, &self.http, &self.url, op.plan).await?;
            answered = self.send(op, &session.name, seed).await?;
        }
        session.done();
        Ok(answered)
    }

    async fn send<S, T>(
        &self,
        op: &Operation<'_>,
        session: &str,
        seed: S,
    ) -> RemoteResult<Answered<T>>
    where
        S: for<'de> DeserializeSeed<'de, Value = T> + Copy + Send + Sync,
        T: Send,
    {
        let make = || {
            let mut params = op.params.clone();
            params.push(("sessionName", session));
            if op.post {
                post(&self.url, &params)
            } else {
                let mut url = self.url.clone();
                url.set_query(Some(&encoded(&params)));
                Call::get(url)
            }
        };
        let read = |answer: &Answer| read(answer, seed, op);
        self.http.run(op.plan, make, read).await
    }

    fn shown(&self, op: &Operation<'_>) -> String {
        let name = op.params.first().map_or("", |(_, name)| name);
        let method = if op.post { "POST" } else { "GET" };
        format!("{method} {}?operation={name}", self.url)
    }
}

fn read<S, T>(answer: &Answer, seed: S, op: &Operation<'_>) -> Result<Answered<T>, Fault>
where
    S: for<'de> DeserializeSeed<'de, Value = T> + Copy,
{
    let reply =
        answer.json(|body| envelope::parse(body, seed)).ok_or_else(|| answer.not_the_api())?;
    if let Reply::Failed(failure) = &reply
        && errors::is_stumble(failure)
        && !op.plan.write
    {
        let asked = Asked { what: &op.what, write: false };
        return Err(errors::explain(failure, asked).into());
    }
    Ok((reply, answer.server_time()))
}

/// A form.
pub(crate) fn post(url: &Url, params: &[(&str, &str)]) -> Call {
    Call {
        method: Method::POST,
        url: url.clone(),
        headers: HeaderMap::new(),
        body: Some((FORM, encoded(params).into_bytes())),
    }
}

fn encoded(params: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (name, value) in params {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(name);
        out.push('=');
        for part in utf8_percent_encode(value, ENCODED) {
            out.push_str(part);
        }
    }
    out.replace(' ', "+")
}

/// An error about one record or request.
pub(crate) fn refused(
    what: impl Into<String>,
    why: impl Into<String>,
    next: impl Into<String>,
) -> RemoteError {
    RemoteError::new(ErrorKind::Refused, crate::model::UserError::new(what, why, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_encoded_as_php_reads_them() {
        assert_eq!(
            encoded(&[("operation", "query"), ("query", "select * from A where x='a+b&ö%';")]),
            "operation=query&query=select+*+from+A+where+x%3D%27a%2Bb%26%C3%B6%25%27%3B"
        );
    }
}

//! Vtiger Cloud's REST API, the second dialect: the same operations and records, each operation a
//! path of its own, with Basic authentication instead of sessions, and an HTTP status for refusals.
//!
//! Vtiger's Rest API Manual. A refusal's words may stand in the status line only, so that nothing is
//! read from a body that is not the envelope.

use super::super::http::{Answer, Call, Fault, Plan};
use super::super::{RemoteError, RemoteResult};
use super::Vtiger;
use super::call::{Answered, Operation, encoded, read};
use super::envelope::{self, Failure, Reply};
use super::session::Who;
use super::url;
use crate::model::{Stamp, UserError};
use base64::Engine as _;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeSeed;
use serde_json::Value as Json;
use std::marker::PhantomData;

/// How the REST API is entered.
pub(crate) struct Cloud {
    authorization: HeaderValue,
    /// Who we are is asked once, however many ask at the same time.
    meeting: tokio::sync::Mutex<()>,
}

impl Cloud {
    /// With a user's name and access key, and what of them must not be shown.
    pub(crate) fn new(username: &str, key: &SecretString) -> Result<(Self, String), UserError> {
        let pair = format!("{username}:{}", key.expose_secret());
        let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
        let mut authorization =
            HeaderValue::from_str(&format!("Basic {encoded}")).map_err(|error| {
                UserError::new(
                    "The user name or the access key of Vtiger cannot be sent.",
                    format!("{error}."),
                    "Enter them again.",
                )
            })?;
        authorization.set_sensitive(true);
        Ok((Self { authorization, meeting: tokio::sync::Mutex::default() }, encoded))
    }
}

impl Vtiger {
    /// Whether it is Vtiger Cloud's REST API that we talk to.
    pub(crate) fn is_cloud(&self) -> bool {
        self.cloud.is_some()
    }

    /// Sends an operation; before the first one it is asked who we are.
    pub(crate) async fn reply_cloud<S, T>(
        &self,
        cloud: &Cloud,
        op: &Operation<'_>,
        seed: S,
    ) -> RemoteResult<Answered<T>>
    where
        S: for<'de> DeserializeSeed<'de, Value = T> + Copy + Send + Sync,
        T: Send,
    {
        self.meet(cloud, op.plan).await?;
        let make = || self.cloud_call(cloud, op);
        self.http.run(op.plan, make, |answer: &Answer| read(answer, seed, op, refusal)).await
    }

    /// Finds out who we are, if that is not known.
    pub(crate) async fn meet(&self, cloud: &Cloud, plan: Plan) -> RemoteResult<()> {
        if self.sessions.who().is_some() {
            return Ok(());
        }
        let _one = cloud.meeting.lock().await;
        if self.sessions.who().is_some() {
            return Ok(());
        }
        let op = Operation::get("me", "log in").planned(Plan { write: false, ..plan });
        let read_me = |answer: &Answer| {
            let (reply, at) = read(answer, PhantomData::<Json>, &op, refusal)?;
            let version = answer.header("x-vtiger-version").unwrap_or_default().to_owned();
            Ok::<_, Fault>((reply, at, version, answer.status))
        };
        let make = || self.cloud_call(cloud, &op);
        let (reply, at, version, status) = self.http.run(op.plan, make, read_me).await?;
        let me = match reply {
            Reply::Done(me) => me,
            Reply::Failed(failure) => {
                let failure = match status {
                    401 => Failure { code: "INVALID_USER_CREDENTIALS".into(), ..failure },
                    _ => failure,
                };
                return Err(self.http.discreet(self.sessions.refused(&failure)));
            }
        };
        let text = |name: &str| me.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        let user_id = [text("id"), text("userId")].into_iter().find(|id| !id.is_empty());
        let admin = match me.get("is_admin") {
            Some(Json::Bool(admin)) => Some(*admin),
            Some(Json::String(text)) => Some(matches!(text.as_str(), "on" | "1" | "true")),
            _ => None,
        };
        let skew = at.map_or(0, |at| at.0 - Stamp::now().0);
        let user_id = user_id.unwrap_or_default();
        self.sessions.met(Who { user_id, version, admin, skew_s: skew / 1000 }, skew);
        Ok(())
    }

    fn cloud_call(&self, cloud: &Cloud, op: &Operation<'_>) -> Call {
        let name = op.params.first().map_or("", |(_, name)| name);
        let mut url = url::operation(&self.url, name);
        let params = &op.params[1..];
        let mut call = if op.post {
            super::call::post(&url, params)
        } else {
            if !params.is_empty() {
                url.set_query(Some(&encoded(params)));
            }
            Call::get(url)
        };
        call.headers.insert(AUTHORIZATION, cloud.authorization.clone());
        call
    }

    /// Whether the REST API is at an address that does not answer as `webservice.php`; asked without
    /// the key.
    pub(crate) async fn is_at_cloud(&self) -> Option<String> {
        let base = url::cloud(&self.url);
        let make = || Call::get(url::operation(&base, "me"));
        let read = |answer: &Answer| {
            let known = answer.header("x-vtiger-version").is_some();
            let asks = answer.json(|body| envelope::parse(body, PhantomData::<Json>)).is_some();
            Ok::<_, Fault>(known || asks)
        };
        let there = self.http.run(Plan { tries: 1, ..Plan::BRIEF }, make, read).await;
        there.unwrap_or(false).then(|| base.to_string())
    }
}

/// What an answer that is not the envelope refuses.
fn refusal(answer: &Answer) -> Option<Failure> {
    let code = match answer.status {
        401 => "INVALID_USER_CREDENTIALS",
        403 => "ACCESS_DENIED",
        400 | 409 | 422 => "REFUSED",
        _ => return None,
    };
    let body = String::from_utf8_lossy(&answer.body);
    let text = body.trim();
    let message = if text.len() > 300 || text.starts_with('<') { "" } else { text };
    let code = if code == "REFUSED" { meant(message) } else { code };
    Some(Failure { code: code.to_owned(), message: message.to_owned() })
}

/// The code of a refusal that tells its words only.
fn meant(message: &str) -> &'static str {
    const WORDS: [(&str, &str); 5] = [
        ("ermission", "ACCESS_DENIED"),
        ("uplicate", "0"),
        ("does not have a value", "MANDATORY_FIELDS_MISSING"),
        ("Id specified is incorrect", "INVALID_ID_ATTRIBUTE"),
        ("not found", "RECORD_NOT_FOUND"),
    ];
    WORDS.iter().find(|(words, _)| message.contains(words)).map_or("REFUSED", |(_, code)| code)
}

/// What is said where the web service is entered and the REST API is there.
pub(crate) fn rather(address: &str, error: &RemoteError) -> UserError {
    UserError::new(
        "This is Vtiger Cloud, which has no webservice.php.",
        format!("Its REST API answers at {address}. {}", error.error.why),
        "Set api = \"cloud\" below [crm] in the settings file, or enter that address.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_without_an_envelope_are_told_by_their_words() {
        for (message, code) in [
            ("Permission to perform the operation is denied", "ACCESS_DENIED"),
            ("Duplicate(s) detected!", "0"),
            ("lastname does not have a value", "MANDATORY_FIELDS_MISSING"),
            ("Record you are trying to access is not found", "RECORD_NOT_FOUND"),
            ("", "REFUSED"),
        ] {
            assert_eq!(meant(message), code, "{message}");
        }
    }
}

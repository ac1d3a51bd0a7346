//! What an answer means: by HTTP status, the manifest's rules and its test of success.

use super::super::http::{Answer, Fault};
use super::super::{ErrorKind, RemoteError};
use super::call::{Judged, good};
use super::{Rest, path};
use crate::model::manifest::{Auth, ErrorRule, Success, Then};
use crate::model::{Stamp, UserError};
use serde_json::Value as Json;
use std::time::Duration;

/// No longer pause is obeyed at once.
const LONGEST: Duration = Duration::from_secs(300);

impl Rest {
    /// What an answer means, by HTTP status, the manifest's rules and its test of success.
    pub(crate) fn judge(
        &self,
        test: Option<&Success>,
        answer: &Answer,
        what: &str,
    ) -> Result<Judged, Fault> {
        let json = answer.json(|body| serde_json::from_str::<Json>(body));
        if answer.status == 204 {
            return Ok(Judged::Good(good(answer, Json::Null)));
        }
        let fine = (200..300).contains(&answer.status)
            && json.as_ref().is_some_and(|json| is_success(test, json));
        if fine && let Some(json) = json {
            return Ok(Judged::Good(good(answer, json)));
        }
        let nothing = Json::Null;
        let body = json.as_ref().unwrap_or(&nothing);
        let rule = self.api.errors.iter().find(|rule| fits(rule, answer, body));
        let text = self.api.error_text.iter().find_map(|at| path::text(body, at));
        let error = |kind| {
            let status = answer.status;
            let why = match text.as_deref().map(|text| text.trim().trim_end_matches('.')) {
                Some(text) if !text.is_empty() => {
                    format!("It answered (HTTP {status}): {}.", shortened(text))
                }
                _ if (200..300).contains(&status) => {
                    format!("It answered HTTP {status}, but not what the manifest calls a success.")
                }
                _ => format!("It answered HTTP {status}."),
            };
            let next = rule.and_then(|rule| rule.say.clone());
            let next = next.unwrap_or_else(|| next_step(&kind).to_owned());
            let what = format!("{} refused to {what}.", self.label);
            RemoteError::new(kind, UserError::new(what, why, next))
        };
        match rule.map(|rule| rule.then) {
            Some(Then::Retry) => return Err(Fault::from(error(ErrorKind::Temporary))),
            Some(Then::SlowDown) => {
                let wait = asked_wait(&self.api.rate.wait_header, answer);
                return Err(Fault::from(error(ErrorKind::RateLimited { wait })));
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
            (401, false) if matches!(self.api.auth, Auth::Login { .. } | Auth::Oauth2 { .. }) => {
                Ok(Judged::LogIn(Box::new(error(ErrorKind::Login))))
            }
            (_, false) => Err(answer.not_the_api()),
        }
    }
}

/// How long the service asks to wait, in the manifest's header.
fn asked_wait(header: &str, answer: &Answer) -> Option<Duration> {
    let number: i64 = answer.header(header)?.trim().parse().ok()?;
    let now = answer.server_time().unwrap_or_else(Stamp::now).0 / 1000;
    // So many seconds would be years: it is the Unix time of the end.
    let seconds = if number > 1_000_000_000 { number - now } else { number };
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)).min(LONGEST))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(300) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn next_step(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Login => "Check the credentials in the connection's settings.",
        ErrorKind::Permission => "Give the user or key of the connection the right to read it.",
        ErrorKind::NotFound => "Check the base address, and the path in the manifest.",
        ErrorKind::Temporary | ErrorKind::RateLimited { .. } => {
            "It is tried again; if it goes on, look into the service's own logs."
        }
        _ => {
            "Compare the request with the service's documentation; syncdeck services check FILE \
             --call shows what comes back."
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
}

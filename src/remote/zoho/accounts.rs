//! Zoho's accounts server: what it answers to a request for a token, told by the body. Errors come
//! with 200 as well as with 400.

use super::super::http::{Answer, Call, Fault, Http, Mask, Plan};
use super::super::{ConnectOptions, ErrorKind, RemoteError, RemoteResult};
use super::settings::Settings;
use crate::model::{Remedy, UserError};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::HeaderMap;
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::time::Duration;

/// How long nothing is asked after a throttle: ten tokens in ten minutes are the limit.
pub(crate) const REST: Duration = Duration::from_secs(300);
/// Asking for a token again does no harm but counts.
const RENEW: Plan = Plan {
    write: false,
    tries: 3,
    total: Duration::from_secs(60),
    answer: Duration::from_secs(30),
};
/// A code works once: whether it was used is not known when the answer is lost.
const ONCE: Plan =
    Plan { write: true, tries: 2, total: Duration::from_secs(60), answer: Duration::from_secs(30) };

/// What the accounts server answers.
#[derive(Default, Deserialize)]
pub(crate) struct Grant {
    access_token: Option<String>,
    refresh_token: Option<String>,
    api_domain: Option<String>,
    expires_in: Option<f64>,
    expires_in_sec: Option<f64>,
    error: Option<String>,
    error_description: Option<String>,
    user_location: Option<String>,
    user_code: Option<String>,
    device_code: Option<String>,
    verification_url: Option<String>,
    verification_uri_complete: Option<String>,
    interval: Option<f64>,
    status: Option<String>,
}

/// Tokens as they were given out.
pub(crate) struct Given {
    /// For the API, for an hour.
    pub(crate) access: SecretString,
    /// For further ones; a renewal brings none.
    pub(crate) refresh: Option<SecretString>,
    /// Where the API is.
    pub(crate) api_domain: Option<Url>,
    /// How long the access token works.
    pub(crate) lasts: Duration,
}

/// What a device shows while it waits for consent.
pub(crate) struct DeviceCode {
    /// For polling.
    pub(crate) device: SecretString,
    /// What the person enters.
    pub(crate) user: String,
    /// Where.
    pub(crate) url: String,
    /// The same with the code in it.
    pub(crate) whole_url: Option<String>,
    /// How long to wait between two polls.
    pub(crate) interval: Duration,
    /// How long the code works.
    pub(crate) lasts: Duration,
}

/// Why the accounts server gave nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Too many requests; asking on makes it worse.
    Throttled,
    /// The code or token is wrong, used, expired or revoked.
    Code,
    /// The client is not known here.
    Client,
    /// Its secret is another one.
    Secret,
    /// The redirect address is not the registered one.
    Redirect,
    /// A scope does not exist or is not allowed to this client.
    Scope,
    /// The person has not answered yet.
    Pending,
    /// The same, and polls come too fast.
    SlowDown,
    /// The person refused.
    Denied,
    /// The person took too long.
    Expired,
    /// The account lives in another data centre.
    OtherCenter(String),
    /// Anything else, in the server's words.
    Other(String),
}

/// A client of the accounts server.
pub(crate) struct Accounts {
    http: Http,
}

impl Accounts {
    /// A client for these settings; `secrets` are masked besides those of the settings.
    pub(crate) fn new(
        settings: &Settings,
        options: &ConnectOptions,
        secrets: &[&str],
    ) -> Result<Self, UserError> {
        let stored = [&settings.grant_code, &settings.refresh_token];
        let mut all: Vec<&str> = vec![settings.client_secret.expose_secret()];
        all.extend(stored.into_iter().flatten().map(|s| s.expose_secret()));
        all.extend(secrets);
        let mask = Mask::new(all);
        let options = ConnectOptions { requests_per_second: None, ..options.clone() };
        Ok(Self { http: Http::new("Zoho", &settings.token_url, &options, 1, mask)? })
    }

    /// Requests sent, and how many of them were repetitions.
    pub(crate) fn requests(&self) -> (u64, u64) {
        self.http.requests()
    }

    /// Exchanges a code for tokens.
    pub(crate) async fn exchange(
        &self,
        settings: &Settings,
        code: &str,
        redirect: Option<&str>,
    ) -> RemoteResult<Result<Given, Refusal>> {
        let mut form = vec![("grant_type", "authorization_code"), ("code", code)];
        form.extend(redirect.map(|url| ("redirect_uri", url)));
        Ok(given(self.post(settings, &settings.token_url, form, true, ONCE).await?))
    }

    /// A new access token.
    pub(crate) async fn renew(
        &self,
        settings: &Settings,
        refresh: &str,
    ) -> RemoteResult<Result<Given, Refusal>> {
        let form = vec![("grant_type", "refresh_token"), ("refresh_token", refresh)];
        Ok(given(self.post(settings, &settings.token_url, form, true, RENEW).await?))
    }

    /// Asks for a code to show on a device.
    pub(crate) async fn device(
        &self,
        settings: &Settings,
    ) -> RemoteResult<Result<DeviceCode, Refusal>> {
        let form = vec![
            ("grant_type", "device_request"),
            ("scope", settings.scope.as_str()),
            ("access_type", "offline"),
            ("prompt", "consent"),
        ];
        let url = settings.accounts("/oauth/v3/device/code");
        let grant = self.post(settings, &url, form, false, RENEW).await?;
        let (Some(device), Some(user)) = (grant.device_code.clone(), grant.user_code.clone())
        else {
            return Ok(Err(refusal(&grant)));
        };
        // Both times are in milliseconds here, in seconds everywhere else.
        let millis = |n: Option<f64>, usual: u64| match n {
            Some(n) if n >= 1000.0 => Duration::from_millis(n as u64),
            Some(n) if n > 0.0 => Duration::from_secs(n as u64),
            _ => Duration::from_secs(usual),
        };
        Ok(Ok(DeviceCode {
            device: device.into(),
            user,
            url: grant.verification_url.unwrap_or_default(),
            whole_url: grant.verification_uri_complete,
            interval: millis(grant.interval, 5)
                .clamp(Duration::from_secs(5), Duration::from_secs(60)),
            lasts: millis(grant.expires_in, 300).min(Duration::from_secs(900)),
        }))
    }

    /// Whether the person has answered.
    pub(crate) async fn poll(
        &self,
        settings: &Settings,
        device: &str,
    ) -> RemoteResult<Result<Given, Refusal>> {
        let form = vec![("grant_type", "device_token"), ("code", device)];
        let url = settings.accounts("/oauth/v3/device/token");
        Ok(given(self.post(settings, &url, form, true, RENEW).await?))
    }

    /// Takes a lasting token back. Answers whether the server did.
    pub(crate) async fn revoke(&self, settings: &Settings, token: &str) -> RemoteResult<bool> {
        let url = settings.accounts("/oauth/v2/token/revoke");
        let grant = self.post(settings, &url, vec![("token", token)], false, RENEW).await?;
        Ok(grant.status.as_deref() == Some("success"))
    }

    async fn post(
        &self,
        settings: &Settings,
        url: &Url,
        mut form: Vec<(&str, &str)>,
        with_secret: bool,
        plan: Plan,
    ) -> RemoteResult<Grant> {
        form.push(("client_id", &settings.client_id));
        if with_secret {
            form.push(("client_secret", settings.client_secret.expose_secret()));
        }
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pairs: Vec<String> = form.iter().map(|(k, v)| format!("{k}={}", encode(v))).collect();
        let body = pairs.join("&").into_bytes();
        let make = || Call {
            method: Method::POST,
            url: url.clone(),
            headers: HeaderMap::new(),
            body: Some(("application/x-www-form-urlencoded", body.clone())),
        };
        self.http.run(plan, make, read).await
    }
}

/// The JSON of any status; a page is not the accounts server's.
fn read(answer: &Answer) -> Result<Grant, Fault> {
    let grant = answer.json(|body| serde_json::from_str::<Grant>(body));
    match grant {
        Some(grant) if answer.status < 500 || grant.error.is_some() => Ok(grant),
        _ => Err(answer.not_the_api()),
    }
}

fn given(grant: Grant) -> Result<Given, Refusal> {
    let Some(access) = grant.access_token.clone() else { return Err(refusal(&grant)) };
    // Old answers count in milliseconds, and give the seconds under another name.
    let seconds = grant.expires_in_sec.or(grant.expires_in).unwrap_or(3600.0).clamp(0.0, 86_400.0);
    Ok(Given {
        access: access.into(),
        refresh: grant.refresh_token.map(Into::into),
        api_domain: grant.api_domain.and_then(|text| text.parse().ok()),
        lasts: Duration::from_secs(seconds as u64),
    })
}

fn refusal(grant: &Grant) -> Refusal {
    let error = grant.error.as_deref().unwrap_or_default();
    let told = grant.error_description.as_deref().unwrap_or_default();
    if error.eq_ignore_ascii_case("access denied") || told.contains("too many requests") {
        return Refusal::Throttled;
    }
    match error {
        "invalid_code" | "invalid_grant" => Refusal::Code,
        "invalid_client" => Refusal::Client,
        "invalid_client_secret" => Refusal::Secret,
        "invalid_redirect_uri" | "redirect_uri_mismatch" => Refusal::Redirect,
        "invalid_scope" | "invalid_oauthscope" => Refusal::Scope,
        "authorization_pending" => Refusal::Pending,
        "slow_down" => Refusal::SlowDown,
        "access_denied" => Refusal::Denied,
        "expired" | "expired_token" => Refusal::Expired,
        "other_dc" => Refusal::OtherCenter(grant.user_location.clone().unwrap_or_default()),
        "" => Refusal::Other("neither a token nor an error".to_owned()),
        other => Refusal::Other(other.to_owned()),
    }
}

/// The error to tell of a refusal. `renewing`: the consent was given before.
pub(crate) fn explain(refusal: &Refusal, settings: &Settings, renewing: bool) -> RemoteError {
    let console = format!("https://{}", settings.center.console);
    let center = settings.center.key;
    let (what, why, next) = match refusal {
        Refusal::Throttled => return throttled(),
        Refusal::Code if renewing => (
            "Zoho does not accept the stored consent any more.".to_owned(),
            "It was revoked in Zoho, or replaced by newer ones (20 per user).".to_owned(),
            "Give the consent again: syncdeck connector authorize NAME".to_owned(),
        ),
        Refusal::Code => (
            "Zoho does not accept the code.".to_owned(),
            "A code works once and for a few minutes; it was used, has expired, or is of another \
             data centre."
                .to_owned(),
            format!("Make a new one at {console} and enter it at once."),
        ),
        Refusal::Client => (
            "Zoho does not know the client id.".to_owned(),
            format!("It is not registered in the data centre {center}, or not enabled for it."),
            format!(
                "Look it up at {console}; if the account lives elsewhere, choose its data centre."
            ),
        ),
        Refusal::Secret => (
            "Zoho does not accept the client secret.".to_owned(),
            "It belongs to another client, or to another data centre.".to_owned(),
            format!("Copy it again from {console}."),
        ),
        Refusal::Redirect => (
            "Zoho does not accept the redirect URL.".to_owned(),
            "It has to be the very one that is registered with the client.".to_owned(),
            format!("Enter {} at {console}, or correct the setting.", settings.redirect_url),
        ),
        Refusal::Scope => (
            "Zoho does not accept the scope.".to_owned(),
            "It holds a name that does not exist, or that this client may not ask for.".to_owned(),
            "Correct the scope, or empty the field to have the usual one.".to_owned(),
        ),
        Refusal::Pending | Refusal::SlowDown | Refusal::Expired => (
            "The consent was not given in time.".to_owned(),
            "The code that was shown works for some minutes.".to_owned(),
            "Begin again.".to_owned(),
        ),
        Refusal::Denied => (
            "The consent was refused in Zoho.".to_owned(),
            "Somebody chose Reject there.".to_owned(),
            "Begin again, and accept.".to_owned(),
        ),
        Refusal::OtherCenter(at) => (
            "The Zoho account lives in another data centre.".to_owned(),
            format!("Zoho names \"{at}\"; the settings say {center}."),
            "Choose that data centre in the settings.".to_owned(),
        ),
        Refusal::Other(text) => (
            "Zoho's accounts server gave no token.".to_owned(),
            format!("It answered: {text}."),
            "Check data centre, client id and scope.".to_owned(),
        ),
    };
    let told = UserError::new(what, why, next);
    let again = renewing && matches!(refusal, Refusal::Code);
    let told = if again { told.mended_by(Remedy::LogIn) } else { told };
    RemoteError::new(ErrorKind::Login, told)
}

/// The accounts server wants a pause; the consent is as good as before.
pub(crate) fn throttled() -> RemoteError {
    let mut error = RemoteError::new(
        ErrorKind::RateLimited { wait: Some(REST) },
        UserError::new(
            "Zoho gives no token for now: too many were asked for.",
            "Ten in ten minutes are the limit for one consent, counting all programs that use it.",
            "Nothing to do: it works again in some minutes. Do not give the consent anew.",
        ),
    );
    error.whole = true;
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Result<Given, Refusal> {
        given(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn refusals_are_told_by_the_body() {
        let throttle = r#"{"error":"Access Denied","error_description":"You have made too many requests continuously. Please try again after some time.","status":"failure"}"#;
        for (body, want) in [
            (throttle, Refusal::Throttled),
            (r#"{"error":"invalid_code"}"#, Refusal::Code),
            (r#"{"error":"invalid_client"}"#, Refusal::Client),
            (r#"{"error":"access_denied"}"#, Refusal::Denied),
            (r#"{"error":"other_dc","user_location":"eu"}"#, Refusal::OtherCenter("eu".into())),
            (r#"{"error":"general_error"}"#, Refusal::Other("general_error".into())),
            ("{}", Refusal::Other("neither a token nor an error".into())),
        ] {
            assert_eq!(of(body).err(), Some(want), "{body}");
        }
    }

    #[test]
    fn times_are_read_in_both_units() {
        let lasts = |json: &str| of(json).ok().map(|g| g.lasts.as_secs());
        assert_eq!(lasts(r#"{"access_token":"1","expires_in":3600}"#), Some(3600));
        assert_eq!(
            lasts(r#"{"access_token":"1","expires_in":3600000,"expires_in_sec":3600}"#),
            Some(3600)
        );
        assert_eq!(lasts(r#"{"access_token":"1"}"#), Some(3600));
    }
}

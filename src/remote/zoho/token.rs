//! The access token: kept sealed and shared, renewed by one caller for all, in this process and in
//! others.
//!
//! Ten tokens in ten minutes is all that a consent gives, and only fifteen live at a time. So a
//! token is used until shortly before its end, whoever got it; a throttle is remembered for all.

use super::super::{ConnectOptions, ErrorKind, RemoteError, RemoteResult, TokenStore};
use super::accounts::{self, Accounts, Given, REST, Refusal};
use super::settings::Settings;
use crate::model::{Remedy, Stamp, UserError};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// A token is renewed so long before its end.
const EARLY: Duration = Duration::from_secs(90);

/// A token for the API, and where it may be sent.
#[derive(Clone)]
pub(crate) struct Access {
    /// The token.
    pub(crate) token: SecretString,
    /// The API.
    pub(crate) api: Url,
}

/// What is kept, as JSON, sealed.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    refresh: String,
    access: String,
    /// When the access token ends, in milliseconds.
    ends: i64,
    api: String,
    /// Until when the accounts server is left alone.
    rest: i64,
}

/// The tokens of a connection.
pub(crate) struct Tokens {
    settings: Arc<Settings>,
    accounts: Accounts,
    store: Option<Arc<dyn TokenStore>>,
    held: Mutex<Kept>,
}

impl Tokens {
    /// Tokens for these settings; nothing is asked yet.
    pub(crate) fn new(
        settings: Arc<Settings>,
        options: &ConnectOptions,
    ) -> Result<Self, UserError> {
        let accounts = Accounts::new(&settings, options, &[])?;
        let store = options.tokens.clone();
        Ok(Self { settings, accounts, store, held: Mutex::default() })
    }

    /// Requests sent to the accounts server.
    pub(crate) fn requests(&self) -> (u64, u64) {
        self.accounts.requests()
    }

    /// Where tokens are kept.
    pub(crate) fn store(&self) -> Option<&dyn TokenStore> {
        self.store.as_deref()
    }

    /// A token that works. `refused`: the API has just refused this one.
    pub(crate) async fn access(&self, refused: Option<&SecretString>) -> RemoteResult<Access> {
        let mut held = self.held.lock().await;
        if let Some(access) = self.good(&held, refused) {
            return Ok(access);
        }
        let _turn = match &self.store {
            Some(store) => Some(store.turn().await.map_err(own)?),
            None => None,
        };
        self.reload(&mut held).await?;
        if let Some(access) = self.good(&held, refused) {
            return Ok(access);
        }
        if Stamp::now().0 < held.rest {
            return Err(accounts::throttled());
        }
        let given = match self.get(&held).await? {
            Ok(given) => given,
            Err((Refusal::Throttled, _)) => {
                held.rest = Stamp::now().plus(REST).0;
                // Whoever comes next finds it out for himself if this cannot be kept.
                let _ = self.keep(&held).await;
                return Err(accounts::throttled());
            }
            Err((refusal, renewing)) => {
                return Err(accounts::explain(&refusal, &self.settings, renewing));
            }
        };
        self.take(&mut held, &given)?;
        self.keep(&held).await?;
        self.good(&held, refused).ok_or_else(short_lived)
    }

    /// Takes tokens that a consent has just brought, and keeps them.
    pub(crate) async fn adopt(&self, given: &Given) -> RemoteResult<()> {
        let mut held = self.held.lock().await;
        if given.refresh.is_none() {
            return Err(no_lasting_token());
        }
        let _turn = match &self.store {
            Some(store) => Some(store.turn().await.map_err(own)?),
            None => None,
        };
        held.rest = 0;
        self.take(&mut held, given)?;
        self.keep(&held).await
    }

    async fn reload(&self, held: &mut Kept) -> RemoteResult<()> {
        let Some(store) = &self.store else { return Ok(()) };
        let Some(text) = store.load(&self.settings.origin()).await.map_err(own)? else {
            return Ok(());
        };
        // What cannot be read is as good as nothing.
        if let Ok(kept) = serde_json::from_str(text.expose_secret()) {
            *held = kept;
        }
        Ok(())
    }

    async fn keep(&self, held: &Kept) -> RemoteResult<()> {
        let Some(store) = &self.store else { return Ok(()) };
        let text = serde_json::to_string(held).unwrap_or_default();
        store.save(&self.settings.origin(), &text.into()).await.map_err(own)
    }

    /// Asks for a token: by the consent that is there, else by the code that was entered.
    async fn get(&self, held: &Kept) -> RemoteResult<Result<Given, (Refusal, bool)>> {
        let entered = self.settings.refresh_token.as_ref().map(|s| s.expose_secret());
        let refresh = Some(held.refresh.as_str()).filter(|t| !t.is_empty()).or(entered);
        if let Some(refresh) = refresh {
            let answer = self.accounts.renew(&self.settings, refresh).await?;
            return Ok(answer.map_err(|refusal| (refusal, true)));
        }
        let Some(code) = &self.settings.grant_code else { return Err(no_consent()) };
        let answer = self.accounts.exchange(&self.settings, code.expose_secret(), None).await?;
        match answer {
            Ok(given) if given.refresh.is_none() => Err(no_lasting_token()),
            other => Ok(other.map_err(|refusal| (refusal, false))),
        }
    }

    fn take(&self, held: &mut Kept, given: &Given) -> RemoteResult<()> {
        if let Some(api) = &given.api_domain {
            if !self.settings.may_send_to(api) {
                return Err(foreign_domain(api, &self.settings));
            }
            held.api = api.to_string();
        }
        if let Some(refresh) = &given.refresh {
            held.refresh = refresh.expose_secret().to_owned();
        } else if held.refresh.is_empty()
            && let Some(entered) = &self.settings.refresh_token
        {
            held.refresh = entered.expose_secret().to_owned();
        }
        held.access = given.access.expose_secret().to_owned();
        held.ends = Stamp::now().plus(given.lasts).0;
        Ok(())
    }

    fn good(&self, held: &Kept, refused: Option<&SecretString>) -> Option<Access> {
        let is_refused = refused.is_some_and(|t| t.expose_secret() == held.access);
        let early = i64::try_from(EARLY.as_millis()).unwrap_or(0);
        if held.access.is_empty() || is_refused || held.ends - early <= Stamp::now().0 {
            return None;
        }
        let told: Option<Url> = held.api.parse().ok();
        let usual = || self.settings.center.api_url().parse().ok();
        let api = self.settings.api_url.clone().or(told).or_else(usual)?;
        self.settings.may_send_to(&api).then(|| Access { token: held.access.clone().into(), api })
    }
}

/// The program's own fault, not Zoho's.
fn own(error: UserError) -> RemoteError {
    let mut error = RemoteError::new(ErrorKind::Login, error);
    error.whole = true;
    error
}

fn no_consent() -> RemoteError {
    RemoteError::new(
        ErrorKind::Login,
        UserError::new(
            "Nobody has given Zoho's consent for this connector yet.",
            "Neither a grant code nor a refresh token is set, and none was exchanged before.",
            "Give it with: syncdeck connector authorize NAME",
        )
        .mended_by(Remedy::LogIn),
    )
}

fn no_lasting_token() -> RemoteError {
    RemoteError::new(
        ErrorKind::Login,
        UserError::new(
            "Zoho gave no lasting token.",
            "The consent was given for an hour only, or had been given before.",
            "Begin again with: syncdeck connector authorize NAME",
        )
        .mended_by(Remedy::LogIn),
    )
}

fn short_lived() -> RemoteError {
    RemoteError::new(
        ErrorKind::Login,
        UserError::new(
            "Zoho gave a token that has ended already.",
            "This machine's clock may be wrong.",
            "Set the clock by NTP.",
        ),
    )
}

fn foreign_domain(api: &Url, settings: &Settings) -> RemoteError {
    let host = api.host_str().unwrap_or("?");
    RemoteError::new(
        ErrorKind::Login,
        UserError::new(
            format!("Zoho names {host} as the API's host, which is not used."),
            format!("It is no API host of the data centre {}.", settings.center.key),
            "Choose the data centre in which the Zoho account lives.",
        ),
    )
}

//! The three ways to give consent from a terminal: a code of Zoho's console, a code shown for
//! another device, an address pasted from a browser. Each ends with tokens that are kept.

use super::super::{ConnectOptions, Credentials, ErrorKind, RemoteError, RemoteResult};
use super::accounts::{self, Accounts, DeviceCode, Given, Refusal};
use super::centers::Center;
use super::settings::{FieldProblem, Settings};
use super::token::Tokens;
use crate::model::UserError;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use reqwest::Url;
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A consent that is being given.
pub struct Consent {
    settings: Arc<Settings>,
    options: ConnectOptions,
    tokens: Tokens,
    state: String,
}

/// What to show a person who gives consent on another device.
pub struct Device {
    code: DeviceCode,
}

impl Device {
    /// The code to enter.
    pub fn user_code(&self) -> &str {
        &self.code.user
    }

    /// Where to enter it.
    pub fn url(&self) -> &str {
        &self.code.url
    }

    /// The same address with the code in it.
    pub fn whole_url(&self) -> Option<&str> {
        self.code.whole_url.as_deref()
    }

    /// How long the code works.
    pub fn lasts(&self) -> Duration {
        self.code.lasts
    }
}

impl Consent {
    /// Begins, with the fields of the form and the place where tokens are kept.
    ///
    /// # Errors
    /// The fields are not right.
    pub fn new(credentials: &Credentials<'_>, options: &ConnectOptions) -> Result<Self, UserError> {
        let settings = Arc::new(Settings::read(credentials).map_err(first)?);
        let tokens = Tokens::new(settings.clone(), options)?;
        let mut random = [0; 12];
        SystemRandom::new().fill(&mut random).map_err(|_| {
            UserError::new(
                "No consent can be begun.",
                "The system gave no randomness.",
                "Try again.",
            )
        })?;
        let state = random.iter().map(|b| format!("{b:02x}")).collect();
        Ok(Self { settings, options: options.clone(), tokens, state })
    }

    /// The data centre, whose console makes codes.
    pub fn center(&self) -> &'static Center {
        self.settings.center
    }

    /// The scope that is asked for, to copy into the console.
    pub fn scope(&self) -> &str {
        &self.settings.scope
    }

    /// Where the browser is sent after the consent, as it has to be registered with the client.
    pub fn redirect_url(&self) -> &str {
        &self.settings.redirect_url
    }

    /// The page that asks the person, for a browser anywhere.
    pub fn auth_url(&self) -> String {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        format!(
            "{}?response_type=code&client_id={}&scope={}&redirect_uri={}&access_type=offline&\
             prompt=consent&state={}",
            self.settings.auth_url,
            encode(&self.settings.client_id),
            encode(&self.settings.scope),
            encode(&self.settings.redirect_url),
            self.state
        )
    }

    /// First way: a code that the console generated for a self client.
    ///
    /// # Errors
    /// Zoho does not accept it, or the tokens cannot be kept.
    pub async fn grant_code(&self, code: &str) -> RemoteResult<()> {
        self.exchange(code.trim(), None).await
    }

    /// Second way: asks for a code to show.
    ///
    /// # Errors
    /// Zoho gives none.
    pub async fn device(&self) -> RemoteResult<Device> {
        let accounts = Accounts::new(&self.settings, &self.options, &[]).map_err(own)?;
        match accounts.device(&self.settings).await? {
            Ok(code) => Ok(Device { code }),
            Err(refusal) => Err(accounts::explain(&refusal, &self.settings, false)),
        }
    }

    /// Waits until the person has answered. It may be dropped at any time.
    ///
    /// # Errors
    /// The person refused or took too long, or the tokens cannot be kept.
    pub async fn wait_for(&self, device: &Device) -> RemoteResult<()> {
        let code = device.code.device.expose_secret();
        let accounts = Accounts::new(&self.settings, &self.options, &[code]).map_err(own)?;
        let end = Instant::now() + device.code.lasts;
        let mut interval = device.code.interval;
        loop {
            match accounts.poll(&self.settings, code).await? {
                Ok(given) => return self.adopt(&given).await,
                Err(Refusal::Pending) => {}
                Err(Refusal::SlowDown) => interval += Duration::from_secs(5),
                Err(refusal) => return Err(accounts::explain(&refusal, &self.settings, false)),
            }
            if Instant::now() + interval > end {
                return Err(accounts::explain(&Refusal::Expired, &self.settings, false));
            }
            sleep(interval).await;
        }
    }

    /// Third way: the whole address that the browser showed after the consent. `any_state`: the
    /// page was opened from another run of the program.
    ///
    /// # Errors
    /// It is no such address, Zoho does not accept its code, or the tokens cannot be kept.
    pub async fn redirected(&self, address: &str, any_state: bool) -> RemoteResult<()> {
        let state = (!any_state).then_some(self.state.as_str());
        let code = read_redirect(address, &self.settings, state).map_err(own)?;
        self.exchange(code.expose_secret(), Some(&self.settings.redirect_url)).await
    }

    /// Takes the consent back in Zoho; `false`: Zoho knew nothing of it.
    ///
    /// # Errors
    /// Zoho cannot be asked.
    pub async fn revoke(&self, refresh_token: &SecretString) -> RemoteResult<bool> {
        let token = refresh_token.expose_secret();
        let accounts = Accounts::new(&self.settings, &self.options, &[token]).map_err(own)?;
        accounts.revoke(&self.settings, token).await
    }

    async fn exchange(&self, code: &str, redirect: Option<&str>) -> RemoteResult<()> {
        let accounts = Accounts::new(&self.settings, &self.options, &[code]).map_err(own)?;
        match accounts.exchange(&self.settings, code, redirect).await? {
            Ok(given) => self.adopt(&given).await,
            Err(refusal) => Err(accounts::explain(&refusal, &self.settings, false)),
        }
    }

    async fn adopt(&self, given: &Given) -> RemoteResult<()> {
        self.tokens.adopt(given).await
    }
}

fn own(error: UserError) -> RemoteError {
    RemoteError::new(ErrorKind::Login, error)
}

/// The first problem of several, for where there is no form.
pub(crate) fn first(problems: Vec<FieldProblem>) -> UserError {
    let unknown = || UserError::new("The connection's settings are not right.", "", "");
    problems.into_iter().next().map_or_else(unknown, |(_, error)| error)
}

/// The code in a redirected address.
fn read_redirect(
    address: &str,
    settings: &Settings,
    state: Option<&str>,
) -> Result<SecretString, UserError> {
    let next = "Copy the whole address out of the browser's address line, even if the page says \
                that it cannot be reached.";
    let url: Url = address.trim().parse().map_err(|_| {
        UserError::new("This is not the address of a page.", "It has to begin with http.", next)
    })?;
    let query: Vec<(String, String)> = url
        .query()
        .unwrap_or("")
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(k, v)| {
            let plain = |t: &str| percent_decode_str(t).decode_utf8_lossy().into_owned();
            (plain(k), plain(v))
        })
        .collect();
    let value = |name: &str| query.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
    if let Some(error) = value("error") {
        return Err(UserError::new(
            "The consent was not given.",
            format!("Zoho says: {error}."),
            "Open the page again and accept.",
        ));
    }
    let Some(code) = value("code") else {
        return Err(UserError::new(
            "There is no code in this address.",
            "Zoho adds ?code=… when the consent was given.",
            next,
        ));
    };
    if let Some(state) = state
        && value("state").is_some_and(|given| given != state)
    {
        return Err(UserError::new(
            "This address belongs to another consent.",
            "Its state is not the one that was sent along.",
            "Open the page that is shown now, and paste the address that follows.",
        ));
    }
    if let Some(server) = value("accounts-server").and_then(|text| text.parse::<Url>().ok())
        && !settings.center.has_accounts(&server)
        && !settings.is_here()
    {
        let host = server.host_str().unwrap_or("?").to_owned();
        return Err(UserError::new(
            "The Zoho account lives in another data centre.",
            format!("Zoho names {host}; the settings say {}.", settings.center.accounts),
            "Choose that data centre in the settings, then begin again.",
        ));
    }
    Ok(code.to_owned().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        let all: Credentials<'_> = [
            ("data_center", "eu".into()),
            ("client_id", "1000.A".into()),
            ("client_secret", "secret".into()),
        ]
        .into_iter()
        .collect();
        Settings::read(&all).map_err(first).unwrap()
    }

    #[test]
    fn a_pasted_address_is_read_with_care() {
        let read = |text: &str| {
            read_redirect(text, &settings(), Some("st"))
                .map(|code| code.expose_secret().to_owned())
                .map_err(|error| error.what)
        };
        let good = "http://localhost:8080/syncdeck?state=st&code=1000.ab%2Ecd&location=eu&accounts-server=https%3A%2F%2Faccounts.zoho.eu";
        assert_eq!(read(good).unwrap(), "1000.ab.cd");
        assert_eq!(
            read(&good.replace("state=st", "state=other")).unwrap_err(),
            "This address belongs to another consent."
        );
        assert_eq!(
            read(&good.replace("zoho.eu", "zoho.in")).unwrap_err(),
            "The Zoho account lives in another data centre."
        );
        assert_eq!(
            read("http://localhost:8080/?error=access_denied").unwrap_err(),
            "The consent was not given."
        );
        assert_eq!(
            read("http://localhost:8080/").unwrap_err(),
            "There is no code in this address."
        );
        assert_eq!(read("1000.abc").unwrap_err(), "This is not the address of a page.");
    }

    #[test]
    fn the_page_asks_for_a_lasting_consent() {
        let options = ConnectOptions::default();
        let all: Credentials<'_> =
            [("client_id", "1000.A".into()), ("client_secret", "s".into())].into_iter().collect();
        let url = Consent::new(&all, &options).unwrap().auth_url();
        assert!(
            url.starts_with(
                "https://accounts.zoho.com/oauth/v2/auth?response_type=code&client_id=1000%2EA&"
            ),
            "{url}"
        );
        assert!(url.contains("access_type=offline&prompt=consent&state="), "{url}");
    }
}

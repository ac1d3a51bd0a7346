//! What an administrator enters for Zoho, read and checked: each problem belongs to a field.

use super::super::Credentials;
use super::super::http;
use super::centers::{self, CENTERS, Center};
use crate::model::UserError;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;

/// The scope that reads and writes every module.
pub const SCOPE: &str = "ZohoCRM.modules.ALL,ZohoCRM.settings.ALL,ZohoCRM.users.READ,\
ZohoCRM.org.READ,ZohoCRM.coql.READ,ZohoSearch.securesearch.READ,ZohoBooks.customerpayments.ALL,\
ZohoBooks.contacts.READ,ZohoBooks.settings.READ";
/// Where Zoho sends the browser after the consent, unless another address is set. Nobody needs to
/// listen there: the address that the browser then shows is pasted.
pub const REDIRECT: &str = "http://localhost:8080/syncdeck";
/// A client id begins so if it belongs to a device without a browser or to any other client.
const CLIENT: &str = "1000.";
const DEVICE: &str = "1004.";

/// The settings of a connection.
pub struct Settings {
    /// The data centre.
    pub center: &'static Center,
    /// The client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// Where people give their consent.
    pub auth_url: Url,
    /// Where tokens are given out.
    pub token_url: Url,
    /// What is asked for.
    pub scope: String,
    /// Where the browser goes after the consent.
    pub redirect_url: String,
    /// A code of the console, good for one exchange.
    pub grant_code: Option<SecretString>,
    /// A lasting token.
    pub refresh_token: Option<SecretString>,
    /// Where the API is; `None`: what the token says.
    pub api_url: Option<Url>,
    /// Where Books' API is; `None`: where the CRM's is.
    pub books_url: Option<Url>,
    /// The organisation in Books; `None`: the default one.
    pub books_organization: Option<String>,
    /// Workflows of Zoho run for what we write.
    pub automations: bool,
}

/// A problem, and the field it belongs to.
pub type FieldProblem = (&'static str, UserError);

/// The values that the form is filled with for a data centre: auth URL, token URL, scope, redirect
/// URL.
pub fn defaults(center: &Center) -> [(&'static str, String); 4] {
    [
        ("auth_url", center.auth_url()),
        ("token_url", center.token_url()),
        ("scope", SCOPE.to_owned()),
        ("redirect_url", REDIRECT.to_owned()),
    ]
}

impl Settings {
    /// Reads the fields of the form.
    ///
    /// # Errors
    /// What is wrong, field by field.
    pub fn read(credentials: &Credentials<'_>) -> Result<Self, Vec<FieldProblem>> {
        let text = |name: &str| {
            let text = credentials.get(name).map(|s| s.expose_secret().trim()).unwrap_or("");
            (!text.is_empty()).then(|| text.to_owned())
        };
        let mut problems = Vec::new();
        let plain: BTreeMap<&str, String> =
            credentials.keys().filter_map(|name| Some((*name, text(name)?))).collect();
        let addresses = Addresses::read(&plain, &mut problems);
        let mut needed = |name: &'static str, label: &str, next: &str| {
            text(name).unwrap_or_else(|| {
                let what = format!("The {label} is empty.");
                problems
                    .push((name, UserError::new(what, "Zoho tells programs apart by it.", next)));
                String::new()
            })
        };
        let next = "Copy it from Zoho's API console.";
        let client_id = needed("client_id", "client id", next);
        let client_secret = needed("client_secret", "client secret", next);
        if client_id.contains(char::is_whitespace) || client_id.contains('@') {
            problems.push((
                "client_id",
                UserError::new(
                    "The client id is not one of Zoho's.",
                    format!("It begins with {CLIENT} or {DEVICE} and has no blanks."),
                    next,
                ),
            ));
        }
        let automations = match text("run_automations").as_deref() {
            None => true,
            Some(word) if is_yes(word) => true,
            Some(word) if is_no(word) => false,
            Some(word) => {
                problems.push(("run_automations", not_a_switch(word)));
                true
            }
        };
        let Some(addresses) = addresses.filter(|_| problems.is_empty()) else {
            return Err(problems);
        };
        Ok(Self {
            center: addresses.center,
            client_id,
            client_secret: client_secret.into(),
            auth_url: addresses.auth,
            token_url: addresses.token,
            scope: text("scope").map_or_else(|| SCOPE.to_owned(), |s| commas(&s)),
            redirect_url: text("redirect_url").unwrap_or_else(|| REDIRECT.to_owned()),
            grant_code: text("grant_code").map(Into::into),
            refresh_token: text("refresh_token").map(Into::into),
            api_url: addresses.api,
            books_url: addresses.books,
            books_organization: text("books_organization_id"),
            automations,
        })
    }

    /// Whether everything is on this machine, as with the sandbox.
    pub(crate) fn is_here(&self) -> bool {
        http::url::is_loopback(&self.token_url)
    }

    /// Whether a token may be sent to an address.
    pub(crate) fn may_send_to(&self, url: &Url) -> bool {
        self.center.has_api(url) || centers::both_here(&self.token_url, url)
    }

    /// An address on the accounts server, beside the token URL.
    pub(crate) fn accounts(&self, path: &str) -> Url {
        let mut url = self.token_url.clone();
        let before = url.path().trim_end_matches('/').to_owned();
        let folder = before.strip_suffix("/oauth/v2/token").unwrap_or("");
        url.set_path(&format!("{folder}{path}"));
        url
    }

    /// What stands for the credentials that tokens were got with; it tells nothing of them.
    pub(crate) fn origin(&self) -> String {
        let secret = |s: &Option<SecretString>| {
            s.as_ref().map(|s| s.expose_secret().to_owned()).unwrap_or_default()
        };
        let all = [
            self.client_id.clone(),
            self.token_url.to_string(),
            secret(&self.grant_code),
            secret(&self.refresh_token),
        ];
        format!("{:032x}", xxhash_rust::xxh3::xxh3_128(all.join("\n").as_bytes()))
    }
}

/// What is wrong with the plain fields of a form, field by field. Secrets need not be given.
pub fn check_fields(values: &BTreeMap<&str, String>) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    Addresses::read(values, &mut problems);
    if let Some(word) = values.get("run_automations").filter(|w| !is_yes(w) && !is_no(w)) {
        problems.push(("run_automations", not_a_switch(word)));
    }
    problems
}

struct Addresses {
    center: &'static Center,
    auth: Url,
    token: Url,
    api: Option<Url>,
    books: Option<Url>,
}

impl Addresses {
    fn read(values: &BTreeMap<&str, String>, problems: &mut Vec<FieldProblem>) -> Option<Self> {
        let entered = |name: &'static str, problems: &mut Vec<FieldProblem>| {
            let text = values.get(name).filter(|t| !t.trim().is_empty())?;
            http::url::read(text, name).map_err(|error| problems.push((name, error))).ok()
        };
        let auth = entered("auth_url", problems);
        let token = entered("token_url", problems);
        let api = entered("api_url", problems);
        let books = entered("books_url", problems);
        let center = match values.get("data_center").map(|t| t.trim()).filter(|t| !t.is_empty()) {
            Some(key) => match centers::named(key) {
                Some(center) => center,
                None => {
                    problems.push(("data_center", no_center(key)));
                    return None;
                }
            },
            // Not entered: the addresses tell, else it is the one in the US.
            None => [&token, &auth]
                .into_iter()
                .flatten()
                .find_map(centers::of_accounts)
                .unwrap_or(&CENTERS[0]),
        };
        let auth = auth.or_else(|| center.auth_url().parse().ok())?;
        let token = token.or_else(|| center.token_url().parse().ok())?;
        let fits = |url: &Url| center.has_accounts(url) || http::url::is_loopback(url);
        let (auth_of, token_of) = (centers::of_accounts(&auth), centers::of_accounts(&token));
        if let (Some(a), Some(t)) = (auth_of, token_of)
            && a != t
        {
            let field = if values.contains_key("token_url") { "token_url" } else { "auth_url" };
            problems.push((field, two_centers(a, t)));
        } else {
            for (name, url) in [("auth_url", &auth), ("token_url", &token)] {
                if !fits(url) {
                    problems.push((name, other_host(url, center)));
                }
            }
        }
        for (name, url) in [("api_url", &api), ("books_url", &books)] {
            if let Some(url) = url
                && !center.has_api(url)
                && !centers::both_here(&token, url)
            {
                problems.push((name, foreign_api(url, center)));
            }
        }
        Some(Self { center, auth, token, api, books })
    }
}

fn is_yes(word: &str) -> bool {
    matches!(word.trim().to_ascii_lowercase().as_str(), "" | "yes" | "true" | "1" | "on")
}

fn is_no(word: &str) -> bool {
    matches!(word.trim().to_ascii_lowercase().as_str(), "no" | "false" | "0" | "off")
}

fn not_a_switch(word: &str) -> UserError {
    UserError::new(
        format!("\"{word}\" is neither yes nor no."),
        "It says whether Zoho's workflows run for what is written.",
        "Enter yes or no.",
    )
}

/// Scopes are joined by commas; people join them by blanks too.
fn commas(scope: &str) -> String {
    let parts = scope.split([',', ' ', '\n', '\t']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(",")
}

fn no_center(key: &str) -> UserError {
    let known: Vec<_> = CENTERS.iter().map(|c| c.key).collect();
    UserError::new(
        format!("Zoho has no data centre \"{key}\" with a CRM API."),
        format!("There are: {}.", known.join(", ")),
        "Take the one in the address that the browser shows in Zoho CRM: crm.zoho.eu is eu.",
    )
}

fn two_centers(auth: &Center, token: &Center) -> UserError {
    UserError::new(
        "The Auth URL and the Token URL belong to different data centres.",
        format!(
            "One is {} ({}), the other {} ({}).",
            auth.accounts, auth.key, token.accounts, token.key
        ),
        "Use the same data centre in both: the one where the Zoho account lives.",
    )
}

fn other_host(url: &Url, center: &Center) -> UserError {
    let host = http::url::host(url);
    let why = match centers::of_accounts(url) {
        Some(other) => format!("It is the accounts server of the data centre {}.", other.key),
        None => "It is none of Zoho's accounts servers.".to_owned(),
    };
    UserError::new(
        format!("{host} is not the accounts server of the data centre {}.", center.key),
        why,
        format!("Use https://{}, or choose the other data centre.", center.accounts),
    )
}

fn foreign_api(url: &Url, center: &Center) -> UserError {
    UserError::new(
        format!("{} is not an API host of the data centre {}.", http::url::host(url), center.key),
        "Tokens are sent to the hosts of their own data centre only.",
        format!("Use {}, or leave the field empty.", center.api_url()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[(&'static str, &str)]) -> Result<Settings, Vec<FieldProblem>> {
        let mut all: Credentials<'_> =
            [("client_id", "1000.A".into()), ("client_secret", "s".into())].into_iter().collect();
        all.extend(values.iter().map(|(k, v)| (*k, SecretString::from(*v))));
        Settings::read(&all)
    }

    fn at(values: &[(&'static str, &str)]) -> Vec<&'static str> {
        read(values).err().unwrap_or_default().iter().map(|(field, _)| *field).collect()
    }

    #[test]
    fn addresses_follow_the_data_centre() {
        let eu = read(&[("data_center", "eu")]).unwrap();
        assert_eq!(eu.token_url.as_str(), "https://accounts.zoho.eu/oauth/v2/token");
        assert_eq!(eu.accounts("/oauth/v3/device/code").path(), "/oauth/v3/device/code");
        let told = read(&[("token_url", "accounts.zoho.com.au/oauth/v2/token")]).unwrap();
        assert_eq!(
            (told.center.key, told.auth_url.host_str()),
            ("au", Some("accounts.zoho.com.au"))
        );
        let here = read(&[
            ("token_url", "http://127.0.0.1:1/zoho/oauth/v2/token"),
            ("api_url", "http://127.0.0.1:1/zoho"),
        ])
        .unwrap();
        assert!(here.is_here());
        assert_eq!(here.accounts("/oauth/v3/device/code").path(), "/zoho/oauth/v3/device/code");
        assert_eq!(read(&[("scope", "A.b, C.d E.f")]).unwrap().scope, "A.b,C.d,E.f");
    }

    #[test]
    fn what_does_not_fit_is_refused_at_its_field() {
        let auth_eu = ("auth_url", "https://accounts.zoho.eu/oauth/v2/auth");
        let token_us = ("token_url", "https://accounts.zoho.com/oauth/v2/token");
        assert_eq!(at(&[auth_eu, token_us]), ["token_url"]);
        assert_eq!(at(&[("data_center", "uk")]), ["data_center"]);
        assert_eq!(at(&[("data_center", "in"), auth_eu]), ["auth_url"]);
        assert_eq!(
            at(&[("token_url", "https://accounts.example.com/oauth/v2/token")]),
            ["token_url"]
        );
        assert_eq!(at(&[("api_url", "https://www.zohoapis.eu")]), ["api_url"]);
        assert_eq!(
            at(&[("api_url", "http://127.0.0.1:1")]),
            ["api_url"],
            "the token is not from here"
        );
        assert_eq!(at(&[("run_automations", "perhaps")]), ["run_automations"]);
        assert_eq!(at(&[("client_id", "")]), ["client_id"]);
        let two = BTreeMap::from([
            ("auth_url", auth_eu.1.to_owned()),
            ("token_url", token_us.1.to_owned()),
        ]);
        assert_eq!(check_fields(&two)[0].0, "token_url");
    }

    #[test]
    fn the_origin_changes_with_the_credentials_and_tells_none() {
        let a = read(&[("grant_code", "1000.secret")]).unwrap().origin();
        let b = read(&[("grant_code", "1000.other")]).unwrap().origin();
        assert!(a != b && a.len() == 32 && !a.contains("secret"));
    }
}

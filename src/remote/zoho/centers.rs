//! Zoho's data centres: an account lives in exactly one of them, and a token of it is sent to that
//! one's hosts only.
//!
//! Zoho CRM API v8, Multi DC; Zoho's Python SDK 8.0, `dc`.

use super::super::http;
use reqwest::Url;

/// A data centre.
#[derive(Debug, PartialEq, Eq)]
pub struct Center {
    /// Its name in settings: `us`, `eu`.
    pub key: &'static str,
    /// The accounts server.
    pub accounts: &'static str,
    /// The domain below which `www`, `sandbox` and `developer` are the API's hosts.
    pub api: &'static str,
    /// The host of the web interface.
    pub web: &'static str,
    /// Where clients are registered.
    pub console: &'static str,
}

const fn center(
    key: &'static str,
    accounts: &'static str,
    api: &'static str,
    web: &'static str,
    console: &'static str,
) -> Center {
    Center { key, accounts, api, web, console }
}

/// All data centres.
pub static CENTERS: [Center; 8] = [
    center("us", "accounts.zoho.com", "zohoapis.com", "crm.zoho.com", "api-console.zoho.com"),
    center("eu", "accounts.zoho.eu", "zohoapis.eu", "crm.zoho.eu", "api-console.zoho.eu"),
    center("in", "accounts.zoho.in", "zohoapis.in", "crm.zoho.in", "api-console.zoho.in"),
    center(
        "au",
        "accounts.zoho.com.au",
        "zohoapis.com.au",
        "crm.zoho.com.au",
        "api-console.zoho.com.au",
    ),
    center("jp", "accounts.zoho.jp", "zohoapis.jp", "crm.zoho.jp", "api-console.zoho.jp"),
    center(
        "cn",
        "accounts.zoho.com.cn",
        "zohoapis.com.cn",
        "crm.zoho.com.cn",
        "api-console.zoho.com.cn",
    ),
    center(
        "ca",
        "accounts.zohocloud.ca",
        "zohoapis.ca",
        "crm.zohocloud.ca",
        "api-console.zohocloud.ca",
    ),
    center("sa", "accounts.zoho.sa", "zohoapis.sa", "crm.zoho.sa", "api-console.zoho.sa"),
];

/// The parts of the API's hosts before the domain: production, sandbox, developer organisation.
const ENVIRONMENTS: [&str; 3] = ["www.", "sandbox.", "developer."];

/// The data centre with this name.
pub fn named(key: &str) -> Option<&'static Center> {
    CENTERS.iter().find(|c| c.key.eq_ignore_ascii_case(key.trim()))
}

/// The data centre of an accounts server.
pub(crate) fn of_accounts(url: &Url) -> Option<&'static Center> {
    let host = url.host_str()?;
    CENTERS.iter().find(|c| c.accounts == host)
}

impl Center {
    /// Where people give their consent.
    pub fn auth_url(&self) -> String {
        format!("https://{}/oauth/v2/auth", self.accounts)
    }

    /// Where tokens are given out.
    pub fn token_url(&self) -> String {
        format!("https://{}/oauth/v2/token", self.accounts)
    }

    /// Where the API is, unless a token names another environment.
    pub fn api_url(&self) -> String {
        format!("https://www.{}", self.api)
    }

    /// Whether this data centre's tokens may be sent to an address.
    pub(crate) fn has_api(&self, url: &Url) -> bool {
        let bare = url.host_str().unwrap_or("");
        let host = ENVIRONMENTS.iter().find_map(|e| bare.strip_prefix(e));
        url.scheme() == "https" && url.port().is_none() && host == Some(self.api)
    }

    /// Whether an address is this data centre's accounts server.
    pub(crate) fn has_accounts(&self, url: &Url) -> bool {
        url.scheme() == "https" && url.port().is_none() && url.host_str() == Some(self.accounts)
    }
}

/// Whether a token may travel from one address to another on this machine, as in a sandbox.
pub(crate) fn both_here(a: &Url, b: &Url) -> bool {
    http::url::is_loopback(a) && http::url::is_loopback(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_to_the_hosts_of_its_own_centre_only() {
        let eu = named("EU").unwrap();
        let may = |text: &str| eu.has_api(&Url::parse(text).unwrap());
        for good in [
            "https://www.zohoapis.eu",
            "https://sandbox.zohoapis.eu/",
            "https://developer.zohoapis.eu",
        ] {
            assert!(may(good), "{good}");
        }
        for bad in [
            "http://www.zohoapis.eu",
            "https://www.zohoapis.com",
            "https://zohoapis.eu",
            "https://www.zohoapis.eu.example.com",
            "https://www.zohoapis.eu:8443",
            "https://evilwww.zohoapis.eu",
            "https://a.www.zohoapis.eu",
            "https://www.zohoapis.eu@example.com",
        ] {
            assert!(!may(bad), "{bad}");
        }
    }

    #[test]
    fn every_centre_is_found_by_its_accounts_server() {
        for center in &CENTERS {
            let token = Url::parse(&center.token_url()).unwrap();
            assert_eq!(of_accounts(&token), Some(center));
            assert!(center.has_accounts(&token));
            assert!(center.has_api(&Url::parse(&center.api_url()).unwrap()));
        }
        assert!(named("uk").is_none());
    }
}

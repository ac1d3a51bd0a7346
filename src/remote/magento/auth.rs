//! How requests are authenticated: signed with the four values of an integration, or with one
//! token as bearer, which a shop has to allow (since Magento 2.4.4 it does not by default).

use super::oauth::{self, Keys};
use crate::model::Stamp;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Url;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use std::sync::atomic::{AtomicI64, Ordering};

/// A clock that differs more than this is allowed for in signatures, in milliseconds.
const SKEW_MS: i64 = 60_000;

/// The credentials.
pub(crate) enum Secret {
    /// The four values of an integration.
    OAuth {
        /// Consumer key.
        key: SecretString,
        /// Consumer secret.
        secret: SecretString,
        /// Access token.
        token: SecretString,
        /// Access token secret.
        token_secret: SecretString,
    },
    /// A token alone.
    Bearer(SecretString),
}

/// The credentials, and what is known about the shop's clock.
pub(crate) struct Auth {
    secret: Secret,
    /// The address that Magento has in mind for itself, if it is another one than ours.
    signing: Option<Url>,
    skew_ms: AtomicI64,
}

impl Auth {
    /// Signs with the address of `signing`, where there is one.
    pub(crate) fn new(secret: Secret, signing: Option<Url>) -> Self {
        Self { secret, signing, skew_ms: AtomicI64::new(0) }
    }

    /// Whether it is a bearer token.
    pub(crate) fn is_bearer(&self) -> bool {
        matches!(self.secret, Secret::Bearer(_))
    }

    /// The end of the key, to tell it from others.
    pub(crate) fn key_end(&self) -> String {
        let (Secret::OAuth { key: text, .. } | Secret::Bearer(text)) = &self.secret;
        let tail: Vec<char> = text.expose_secret().chars().rev().take(4).collect();
        tail.into_iter().rev().collect()
    }

    /// When the token ends by its own account: an administrator's token (a JWT) does, an
    /// integration's does not.
    pub(crate) fn expires(&self) -> Option<Stamp> {
        let Secret::Bearer(token) = &self.secret else { return None };
        let claims = token.expose_secret().split('.').nth(1)?;
        let json = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
        let claims: serde_json::Value = serde_json::from_slice(&json).ok()?;
        claims.get("exp")?.as_i64().map(Stamp::from_secs)
    }

    /// The server's clock minus ours.
    pub(crate) fn learn_skew(&self, millis: i64) {
        self.skew_ms.store(millis, Ordering::Relaxed);
    }

    /// The server's clock minus ours, in milliseconds.
    pub(crate) fn skew_ms(&self) -> i64 {
        self.skew_ms.load(Ordering::Relaxed)
    }

    /// What the server's clock is taken to be ahead of ours in signatures.
    pub(crate) fn allowance_ms(&self) -> i64 {
        let skew = self.skew_ms();
        if skew.abs() > SKEW_MS { skew } else { 0 }
    }

    /// The `Authorization` header of a request to `url` (without its query).
    pub(crate) fn header(
        &self,
        method: &str,
        site: &Url,
        url: &Url,
        query: &[(String, String)],
    ) -> Option<HeaderValue> {
        let text = match &self.secret {
            Secret::Bearer(token) => format!("Bearer {}", token.expose_secret()),
            Secret::OAuth { key, secret, token, token_secret } => {
                let keys = Keys {
                    key: key.expose_secret(),
                    secret: secret.expose_secret(),
                    token: token.expose_secret(),
                    token_secret: token_secret.expose_secret(),
                };
                let now = (Stamp::now().0 + self.allowance_ms()) / 1000;
                oauth::header(method, &self.signed_address(site, url), query, &keys, now)
            }
        };
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The address that is signed: ours, or the same path below the signing address.
    fn signed_address(&self, site: &Url, url: &Url) -> String {
        let base = self.signing.as_ref().unwrap_or(site);
        let below = url.path().strip_prefix(site.path()).unwrap_or(url.path());
        let path = oauth::normal_path(&format!("{}{below}", base.path()));
        format!("{}{path}", base.origin().ascii_serialization())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oauth(signing: Option<&str>) -> Auth {
        let secret = Secret::OAuth {
            key: "ck".into(),
            secret: "cs".into(),
            token: "at".into(),
            token_secret: "ts".into(),
        };
        Auth::new(secret, signing.map(|s| Url::parse(s).unwrap()))
    }

    #[test]
    fn the_signing_address_takes_the_place_of_ours() {
        let site = Url::parse("https://shop.example.com/sub/").unwrap();
        let url = site.join("rest/V1/products/a%2Fb").unwrap();
        let of = |signing| oauth(signing).signed_address(&site, &url);
        assert_eq!(of(None), "https://shop.example.com/sub/rest/V1/products/a/b");
        assert_eq!(of(Some("http://inner:8080/")), "http://inner:8080/rest/V1/products/a/b");
    }

    #[test]
    fn an_administrators_token_tells_when_it_ends() {
        // {"uid":1,"utypid":2,"iat":1795289065,"exp":1795292665}
        let claims = "eyJ1aWQiOjEsInV0eXBpZCI6MiwiaWF0IjoxNzk1Mjg5MDY1LCJleHAiOjE3OTUyOTI2NjV9";
        let token = format!("eyJraWQiOiIxIn0.{claims}.c2ln");
        let auth = Auth::new(Secret::Bearer(token.into()), None);
        assert_eq!(auth.expires(), Some(Stamp::from_secs(1_795_292_665)));
        let plain = Auth::new(Secret::Bearer("abcdefgh12345678".into()), None);
        assert_eq!(plain.expires(), None);
        assert_eq!(plain.key_end(), "5678");
        assert_eq!(oauth(None).expires(), None);
    }
}

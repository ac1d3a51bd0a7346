//! How requests are authenticated: a ladder of ways, climbed until one works.
//!
//! WooCommerce takes HTTP Basic over https only, and only if PHP sees that it is https and gets the
//! header; keys in the query if the header is stripped; OAuth 1.0a always, signed with the address
//! that the *site* has in mind: `http` behind a proxy that PHP does not know of, and the host of its
//! settings. 401 means that the keys were not recognised, so nothing was done and the next way may
//! be tried, for writes too.

use super::oauth;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

/// A clock that differs more than this is allowed for in signatures, in milliseconds.
const SKEW_MS: i64 = 60_000;

/// One way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Way {
    /// The Authorization header.
    Basic,
    /// Key and secret in the query.
    Query,
    /// Signed, with this scheme and host.
    OAuth(String),
}

/// The keys, and what is known about the way.
pub(crate) struct Auth {
    key: SecretString,
    secret: SecretString,
    ways: RwLock<Vec<Way>>,
    at: AtomicUsize,
    settled: AtomicBool,
    skew_ms: AtomicI64,
}

impl Auth {
    /// The ladder for a site.
    pub(crate) fn new(site: &Url, key: SecretString, secret: SecretString) -> Self {
        let origin = site.origin().ascii_serialization();
        let ways = if site.scheme() == "https" {
            let as_http = origin.replacen("https://", "http://", 1);
            vec![Way::Basic, Way::Query, Way::OAuth(origin), Way::OAuth(as_http)]
        } else {
            vec![Way::OAuth(origin)]
        };
        Self {
            key,
            secret,
            ways: RwLock::new(ways),
            at: AtomicUsize::new(0),
            settled: AtomicBool::new(false),
            skew_ms: AtomicI64::new(0),
        }
    }

    /// The way to use now, and its place on the ladder.
    pub(crate) fn current(&self) -> usize {
        self.at.load(Ordering::Relaxed)
    }

    /// The way at a place; `None`: the ladder ends.
    pub(crate) fn way(&self, at: usize) -> Option<Way> {
        let ways = self.ways.read().unwrap_or_else(PoisonError::into_inner);
        ways.get(at).cloned()
    }

    /// This way works.
    pub(crate) fn settle(&self, at: usize) {
        self.at.store(at, Ordering::Relaxed);
        self.settled.store(true, Ordering::Relaxed);
    }

    /// Whether a way is known to work.
    pub(crate) fn settled(&self) -> bool {
        self.settled.load(Ordering::Relaxed)
    }

    /// The site calls itself by another host: signatures with that one are worth a try.
    /// `true`: this is news.
    pub(crate) fn add_home(&self, home: &Url) -> bool {
        let origin = home.origin().ascii_serialization();
        let mut ways = self.ways.write().unwrap_or_else(PoisonError::into_inner);
        let mut news = false;
        let mut add = |way: Way| {
            if !ways.contains(&way) {
                ways.push(way);
                news = true;
            }
        };
        if let Some((_, host)) = origin.split_once("://") {
            if home.scheme() == "https" {
                add(Way::OAuth(origin.clone()));
            }
            add(Way::OAuth(format!("http://{host}")));
        }
        news
    }

    /// The server's clock minus ours.
    pub(crate) fn learn_skew(&self, millis: i64) {
        self.skew_ms.store(millis, Ordering::Relaxed);
    }

    /// The server's clock minus ours, in seconds.
    pub(crate) fn skew_s(&self) -> i64 {
        self.skew_ms.load(Ordering::Relaxed) / 1000
    }

    /// What the server's clock is taken to be ahead of ours in signatures, in milliseconds.
    pub(crate) fn allowance_ms(&self) -> i64 {
        let skew = self.skew_ms.load(Ordering::Relaxed);
        if skew.abs() > SKEW_MS { skew } else { 0 }
    }

    /// Adds the keys to a request: its parameters, and its headers.
    pub(crate) fn apply(
        &self,
        way: &Way,
        method: &str,
        path: &str,
        params: Vec<(String, String)>,
    ) -> (Vec<(String, String)>, HeaderMap) {
        let mut headers = HeaderMap::new();
        let (key, secret) = (self.key.expose_secret(), self.secret.expose_secret());
        let mut params = params;
        match way {
            Way::Basic => {
                let token = format!("Basic {}", STANDARD.encode(format!("{key}:{secret}")));
                if let Ok(mut value) = HeaderValue::from_str(&token) {
                    value.set_sensitive(true);
                    headers.insert(AUTHORIZATION, value);
                }
            }
            Way::Query => {
                params.push(("consumer_key".into(), key.to_owned()));
                params.push(("consumer_secret".into(), secret.to_owned()));
            }
            Way::OAuth(origin) => {
                let address = format!("{origin}{}", path.trim_end_matches('/'));
                params = oauth::sign(method, &address, params, key, secret, self.time_s());
            }
        }
        (params, headers)
    }

    /// The time for a signature; the shop accepts 15 minutes of difference to its own clock.
    fn time_s(&self) -> i64 {
        (crate::model::Stamp::now().0 + self.allowance_ms()) / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::oauth::{base_string, signature};
    use super::*;

    fn auth(site: &str) -> Auth {
        Auth::new(&Url::parse(site).unwrap(), "ck_1".into(), "cs_2".into())
    }

    fn ways(auth: &Auth) -> Vec<Way> {
        (0..).map_while(|at| auth.way(at)).collect()
    }

    #[test]
    fn the_ladder_depends_on_the_scheme() {
        assert_eq!(
            ways(&auth("https://shop.example.com/a/")),
            [
                Way::Basic,
                Way::Query,
                Way::OAuth("https://shop.example.com".into()),
                Way::OAuth("http://shop.example.com".into())
            ]
        );
        let plain = auth("http://127.0.0.1:8080/");
        assert_eq!(ways(&plain), [Way::OAuth("http://127.0.0.1:8080".into())]);
        assert!(plain.add_home(&Url::parse("http://www.shop.example.com").unwrap()));
        assert!(!plain.add_home(&Url::parse("http://127.0.0.1:8080/").unwrap()));
        assert_eq!(plain.way(1), Some(Way::OAuth("http://www.shop.example.com".into())));
    }

    #[test]
    fn keys_are_put_where_the_way_wants_them() {
        let auth = auth("https://shop.example.com/");
        let params = vec![("a".to_owned(), "1".to_owned())];
        let (query, headers) = auth.apply(&Way::Basic, "GET", "/p", params.clone());
        assert_eq!(query, params);
        assert_eq!(headers[AUTHORIZATION], "Basic Y2tfMTpjc18y");
        assert!(!format!("{headers:?}").contains("Y2tf"), "not shown");
        let (query, headers) = auth.apply(&Way::Query, "GET", "/p", params.clone());
        assert_eq!(query[1], ("consumer_key".to_owned(), "ck_1".to_owned()));
        assert!(headers.is_empty());
        let (query, _) = auth.apply(&Way::OAuth("http://h".into()), "GET", "/", params);
        let given = |name: &str| query.iter().find(|(k, _)| k == name).unwrap().1.clone();
        let unsigned: Vec<_> =
            query.iter().filter(|(k, _)| k != "oauth_signature").cloned().collect();
        let base = base_string("GET", "http://h", &unsigned, str::cmp);
        assert_eq!(given("oauth_signature"), signature(&base, "cs_2&"));
    }
}

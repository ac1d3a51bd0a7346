//! The way into this folder.

use super::super::http::{self, Http, Mask};
use super::super::{ConnectOptions, Remote};
use super::Rest;
use super::auth::{self, Tokens};
use super::rules::Rules;
use super::template::{self, Names};
use crate::model::UserError;
use crate::model::manifest::{Auth, Manifest};
use secrecy::{ExposeSecret, SecretString};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// The most requests at a time.
const MOST: usize = 16;

/// A connection to a service by its manifest. Nothing is sent yet.
///
/// # Errors
/// The address is no web address, is plain http without permission, or a field is missing.
pub fn connect(
    manifest: Manifest,
    config: BTreeMap<String, SecretString>,
    options: &ConnectOptions,
) -> Result<Arc<dyn Remote>, UserError> {
    Ok(Arc::new(Rest::new(manifest, config, options)?))
}

impl Rest {
    pub(crate) fn new(
        manifest: Manifest,
        config: BTreeMap<String, SecretString>,
        options: &ConnectOptions,
    ) -> Result<Self, UserError> {
        let Manifest { label, api, streams, modules, secrets } = manifest;
        let names = Names { config: Some(&config), ..Names::default() };
        let whole = |text: &str| -> Result<String, UserError> {
            Ok(template::fill(text, &names)?.unwrap_or_default())
        };
        let base = http::url::read(&whole(&api.base_url)?, "base URL")?;
        http::url::permit(&base, options)?;
        if let Some(endpoint) = auth::endpoint_of(&api.auth) {
            let endpoint = whole(endpoint)?;
            if http::url::is_address(&endpoint) {
                http::url::permit(&http::url::read(&endpoint, "token URL")?, options)?;
            }
        }
        let rules = Rules::new(&api.values, &whole(&api.values.zone)?)?;
        let parallel = options.concurrency.unwrap_or(api.rate.concurrency).clamp(1, MOST);
        let rate = options.requests_per_second.unwrap_or(api.rate.requests_per_second);
        let options = ConnectOptions {
            requests_per_second: Some(rate).filter(|rate| *rate > 0),
            ..options.clone()
        };
        let hidden = config.iter().filter(|(name, _)| secrets.contains(*name));
        let mut all: Vec<String> =
            hidden.map(|(_, value)| value.expose_secret().trim().to_owned()).collect();
        if let Auth::Basic { username, password } = &api.auth {
            let coded = auth::basic(&whole(username)?, &whole(password)?);
            all.extend(coded.split(' ').nth(1).map(str::to_owned));
        }
        let mask = Mask::new(all.iter().map(String::as_str));
        let http = Http::new(kept(&label), &base, &options, parallel, mask)?;
        let tokens = Tokens::of(&api.auth);
        let login = tokio::sync::Mutex::default();
        let keeper = options.tokens.clone();
        Ok(Self {
            label,
            api,
            streams,
            modules,
            base,
            http,
            config,
            rules,
            tokens,
            login,
            keeper,
            parallel,
        })
    }
}

/// A label that lives as long as the program. Each is kept once.
fn kept(label: &str) -> &'static str {
    static LABELS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut labels = LABELS.lock().unwrap_or_else(PoisonError::into_inner);
    match labels.get(label) {
        Some(known) => known,
        None => {
            let kept: &'static str = Box::leak(label.to_owned().into_boxed_str());
            labels.insert(kept);
            kept
        }
    }
}

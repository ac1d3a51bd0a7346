//! The way into this folder.

use super::super::http::{self, Http, Mask};
use super::super::{ConnectOptions, Remote};
use super::template::{self, Names};
use super::{Manifest, Rest};
use crate::model::UserError;
use crate::model::manifest::{Auth, Paginate, Stream};
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
    let Manifest { label, api, streams, modules } = manifest;
    let names = Names { config: Some(&config), ..Names::default() };
    let base = template::fill(&api.base_url, &names)?.unwrap_or_default();
    let base = http::url::read(&base, "base URL")?;
    http::url::permit(&base, options)?;
    let parallel = options.concurrency.unwrap_or(api.rate.concurrency).clamp(1, MOST);
    let options = ConnectOptions {
        requests_per_second: options
            .requests_per_second
            .or(Some(api.rate.requests_per_second))
            .filter(|n| *n > 0),
        ..options.clone()
    };
    // The address is no secret, and masking it would make every message unreadable.
    let secrets = config.iter().filter(|(name, _)| !api.base_url.contains(name.as_str()));
    let mut all: Vec<String> = secrets.map(|(_, v)| v.expose_secret().trim().to_owned()).collect();
    if let Auth::Basic { username, password } = &api.auth {
        use base64::Engine;
        let whole = |text: &str| template::fill(text, &names).map(Option::unwrap_or_default);
        let pair = format!("{}:{}", whole(username)?, whole(password)?);
        all.push(base64::engine::general_purpose::STANDARD.encode(pair));
    }
    let mask = Mask::new(all.iter().map(String::as_str));
    let http = Http::new(kept(&label), &base, &options, parallel, mask)?;
    let login = tokio::sync::Mutex::default();
    Ok(Arc::new(Rest { label, api, streams, modules, base, http, config, login, parallel }))
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

impl Rest {
    /// The values of templates for the first page of everything.
    pub(crate) fn sample_values(&self, stream: &Stream) -> Vec<(&'static str, String)> {
        let paginate = stream.paginate.as_ref().unwrap_or(&self.api.paginate);
        let few = stream.sample.max(1).to_string();
        let mut values = match paginate {
            Paginate::None => Vec::new(),
            Paginate::Page { first, .. } => vec![("page", first.to_string()), ("size", few)],
            Paginate::Offset { .. } => vec![("offset", "0".to_owned()), ("size", few)],
            Paginate::Token { .. } | Paginate::Link { .. } => vec![("size", few)],
        };
        values.extend(self.window(stream));
        values.extend(stream.partitions.first().map(|part| ("partition", part.clone())));
        values
    }
}

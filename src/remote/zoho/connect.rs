//! The way into this folder.

use super::super::http::{Http, Mask};
use super::super::{ConnectOptions, Credentials, Remote, http};
use super::Zoho;
use super::consent::first;
use super::settings::Settings;
use super::token::Tokens;
use crate::model::UserError;
use reqwest::Url;
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Requests at a time, unless the options say otherwise: the smallest edition bears five.
const PARALLEL: usize = 4;
/// Above ten at a time Zoho refuses in every edition.
const MOST: usize = 10;

/// A connection to Zoho. Nothing is sent yet.
///
/// # Errors
/// A field is missing, or does not fit the data centre.
pub fn connect(
    credentials: &Credentials<'_>,
    options: &ConnectOptions,
) -> Result<Arc<dyn Remote>, UserError> {
    let settings = Arc::new(Settings::read(credentials).map_err(first)?);
    let addresses = [&settings.api_url, &settings.books_url];
    for url in addresses.into_iter().flatten().chain([&settings.token_url]) {
        http::url::permit(url, options)?;
    }
    let parallel = options.concurrency.unwrap_or(PARALLEL).clamp(1, MOST);
    let stored = [&settings.grant_code, &settings.refresh_token];
    let mut secrets = vec![settings.client_secret.expose_secret()];
    secrets.extend(stored.into_iter().flatten().map(|s| s.expose_secret()));
    let usual: Option<Url> = settings.center.api_url().parse().ok();
    let base = match &settings.api_url {
        Some(url) => url.clone(),
        None if settings.is_here() => settings.token_url.clone(),
        None => usual.unwrap_or_else(|| settings.token_url.clone()),
    };
    let http = Http::new("Zoho", &base, options, parallel, Mask::new(secrets))?;
    let tokens = Tokens::new(settings.clone(), options)?;
    Ok(Arc::new(Zoho {
        settings,
        tokens,
        http,
        parallel,
        known: Default::default(),
        organisation: Default::default(),
        taxes: Default::default(),
        books: Default::default(),
        no_queries: AtomicBool::new(false),
    }))
}

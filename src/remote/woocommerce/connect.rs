//! The way into this folder.

use super::super::http::{self, Http, Mask};
use super::super::{ConnectOptions, Remote};
use super::auth::Auth;
use super::staff::Staff;
use super::{Woo, url};
use crate::model::UserError;
use secrecy::{ExposeSecret, SecretString};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use tokio::sync::OnceCell;

/// Requests at a time, unless the options say otherwise: shops are slow, and more do not help.
const PARALLEL: usize = 3;
/// The most requests at a time.
const MOST: usize = 16;

/// A connection to a shop. Nothing is sent yet.
///
/// # Errors
/// The address is no web address, is plain http without permission, or the keys are not keys.
pub fn connect(
    app_url: &str,
    consumer_key: &SecretString,
    consumer_secret: &SecretString,
    options: &ConnectOptions,
) -> Result<Arc<dyn Remote>, UserError> {
    let site = url::site(app_url)?;
    http::url::permit(&site, options)?;
    let key = consumer_key.expose_secret().trim();
    let secret = consumer_secret.expose_secret().trim();
    check_keys(key, secret)?;
    let parallel = options.concurrency.unwrap_or(PARALLEL).clamp(1, MOST);
    let http = Http::new("WooCommerce", &site, options, parallel, Mask::new([key, secret]))?;
    let auth = Auth::new(&site, key.to_owned().into(), secret.to_owned().into());
    let tail: Vec<char> = key.chars().rev().take(4).collect();
    Ok(Arc::new(Woo {
        site,
        http,
        auth,
        plain: AtomicBool::new(false),
        known: Mutex::default(),
        parallel,
        key_end: tail.into_iter().rev().collect(),
        families: Mutex::default(),
        statuses: OnceCell::new(),
        staff: Staff::default(),
    }))
}

fn check_keys(key: &str, secret: &str) -> Result<(), UserError> {
    let next = "Copy both from WooCommerce, Settings, Advanced, REST API: the key begins with ck_, the \
                secret with cs_.";
    if key.is_empty() || secret.is_empty() {
        return Err(UserError::new("The consumer key or the consumer secret is empty.", "", next));
    }
    if key.starts_with("cs_") && secret.starts_with("ck_") {
        return Err(UserError::new(
            "The consumer key and the consumer secret are interchanged.",
            "",
            next,
        ));
    }
    let odd =
        |text: &str| text.chars().any(|c| c.is_whitespace() || c.is_control() || !c.is_ascii());
    if odd(key) || odd(secret) {
        return Err(UserError::new(
            "The consumer key or the consumer secret holds characters that do not belong there.",
            "Blanks or signs came along when it was copied.",
            next,
        ));
    }
    Ok(())
}

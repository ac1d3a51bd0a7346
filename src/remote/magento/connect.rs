//! The way into this folder.

use super::super::http::{self, Http, Mask};
use super::super::{ConnectOptions, Credentials, Remote};
use super::auth::{Auth, Secret};
use super::{Magento, url};
use crate::model::UserError;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32};

/// Requests at a time, unless the options say otherwise: Magento is slow, and more do not help.
const PARALLEL: usize = 3;
/// The most requests at a time.
const MOST: usize = 16;
/// Records of a page; a shop that allows fewer says so.
const PAGE: u32 = 100;

/// The names of the four values, with their labels.
const FOUR: [(&str, &str); 4] = [
    ("consumer_key", "Consumer Key"),
    ("consumer_secret", "Consumer Secret"),
    ("access_token", "Access Token"),
    ("access_token_secret", "Access Token Secret"),
];

/// A connection to a shop. Nothing is sent yet.
///
/// # Errors
/// An address is no web address or plain http without permission, or the keys are not complete.
pub fn connect(
    credentials: &Credentials<'_>,
    options: &ConnectOptions,
) -> Result<Arc<dyn Remote>, UserError> {
    let text = |name: &str| {
        credentials.get(name).map(|s| s.expose_secret().trim().to_owned()).unwrap_or_default()
    };
    let site = url::site(&text("base_url"), "shop URL")?;
    http::url::permit(&site, options)?;
    let signing = Some(text("signing_url")).filter(|t| !t.is_empty());
    let signing: Option<Url> = signing.map(|t| url::site(&t, "signing URL")).transpose()?;
    let secret = secret(credentials)?;
    let view = text("store_view");
    let odd = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    if view.contains(odd) {
        return Err(UserError::new(
            format!("\"{view}\" is not the code of a store view."),
            "A code has letters, digits and underscores only.",
            "The codes stand in Stores, All Stores. Leave it empty for the default view.",
        ));
    }
    let admin = text("admin_path");
    let admin = admin.trim_matches('/');
    let parallel = options.concurrency.unwrap_or(PARALLEL).clamp(1, MOST);
    let hidden: Vec<String> = FOUR
        .iter()
        .map(|(name, _)| text(name))
        .chain([text("bearer_token")])
        .filter(|t| !t.is_empty())
        .collect();
    let mask = Mask::new(hidden.iter().map(String::as_str));
    let http = Http::new("Magento", &site, options, parallel, mask)?;
    Ok(Arc::new(Magento {
        shop: shop(&site),
        site,
        http,
        auth: Auth::new(secret, signing),
        view_part: if view.is_empty() { view.clone() } else { format!("{view}/") },
        view,
        admin: if admin.is_empty() { "admin".to_owned() } else { admin.to_owned() },
        parallel,
        page_size: AtomicU32::new(PAGE),
        known: AtomicBool::new(false),
        no_sources: AtomicBool::new(false),
        clock_read: std::sync::Mutex::default(),
        countries: std::sync::Mutex::default(),
        met: std::sync::Mutex::default(),
        creating: tokio::sync::Mutex::default(),
    }))
}

/// Host and folder: what tells this shop's order numbers from another's.
fn shop(site: &Url) -> String {
    let path = site.path().trim_end_matches("index.php/").trim_end_matches('/');
    format!("{}{path}", http::url::host(site))
}

/// The credentials: the four values, or a token.
fn secret(credentials: &Credentials<'_>) -> Result<Secret, UserError> {
    let filled = |name: &str| -> Option<SecretString> {
        let text = credentials.get(name)?.expose_secret().trim();
        (!text.is_empty()).then(|| text.to_owned().into())
    };
    let all = [filled(FOUR[0].0), filled(FOUR[1].0), filled(FOUR[2].0), filled(FOUR[3].0)];
    for name in FOUR.iter().map(|(name, _)| *name).chain(["bearer_token"]) {
        let odd = |c: char| c.is_whitespace() || c.is_control() || !c.is_ascii();
        if filled(name).is_some_and(|text| text.expose_secret().contains(odd)) {
            return Err(UserError::new(
                format!("{} holds characters that do not belong there.", label(name)),
                "Blanks or signs came along when it was copied.",
                "Copy it again from System, Integrations.",
            ));
        }
    }
    let missing: Vec<&str> = FOUR
        .iter()
        .zip(&all)
        .filter(|(_, value)| value.is_none())
        .map(|((_, label), _)| *label)
        .collect();
    match (all, filled("bearer_token")) {
        ([Some(key), Some(secret), Some(token), Some(token_secret)], _) => {
            Ok(Secret::OAuth { key, secret, token, token_secret })
        }
        (_, Some(token)) if missing.len() == FOUR.len() => Ok(Secret::Bearer(token)),
        (_, token) => Err(UserError::new(
            format!("{} is missing.", missing.join(", ")),
            match token {
                Some(_) => {
                    "Either all four values of the integration are needed, or the bearer token \
                            alone."
                }
                None => "Magento needs the four values of an integration, or a bearer token.",
            },
            "They are shown in System, Integrations, when the integration is activated.",
        )),
    }
}

fn label(name: &str) -> &str {
    FOUR.iter().find(|(n, _)| *n == name).map_or("Bearer Token", |(_, label)| *label)
}

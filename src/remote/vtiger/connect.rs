//! The way into this folder.

use super::super::http::{self, Http, Mask};
use super::super::{ConnectOptions, Remote};
use super::cloud::Cloud;
use super::deletions::Deletions;
use super::describe::Known;
use super::documents::Documents;
use super::session::Sessions;
use super::time::Zone;
use super::{Vtiger, url};
use crate::model::UserError;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;

/// Sessions at a time, unless the options say otherwise.
const SESSIONS: usize = 2;
/// The most sessions at a time.
const MOST: usize = 8;

/// A connection to a Vtiger. Nothing is sent yet.
///
/// # Errors
/// The address is no web address, is plain http without permission, or the credentials are empty.
pub fn connect(
    address: &str,
    username: &str,
    access_key: &SecretString,
    options: &ConnectOptions,
) -> Result<Arc<dyn Remote>, UserError> {
    let url = url::complete(address)?;
    http::url::permit(&url, options)?;
    let username = username.trim();
    let key = access_key.expose_secret().trim();
    if username.is_empty() || key.is_empty() {
        return Err(UserError::new(
            "The user name or the access key of Vtiger is empty.",
            "",
            "Enter the user name of the login page and the access key from the user's preferences.",
        ));
    }
    let size = options.concurrency.unwrap_or(SESSIONS).clamp(1, MOST);
    let secret = SecretString::from(key.to_owned());
    let (cloud, encoded) = match url::is_cloud(&url) {
        true => Cloud::new(username, &secret).map(|(cloud, encoded)| (Some(cloud), encoded))?,
        false => (None, String::new()),
    };
    let mask = Mask::new([key, encoded.as_str()].into_iter().filter(|text| !text.is_empty()));
    let http = Http::new("Vtiger", &url, options, size, mask)?;
    let sessions = Sessions::new(username, secret, size);
    let (known, zone, documents) = (Known::default(), Zone::new(), Documents::default());
    let deletions = Deletions::default();
    if cloud.is_some() {
        // Its inventory code is not the one of the open source edition.
        documents.with(|state| (state.creates, state.changes) = (Some(true), Some(true)));
    }
    Ok(Arc::new(Vtiger { url, http, sessions, cloud, size, known, zone, documents, deletions }))
}

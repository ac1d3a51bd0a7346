//! The list of services: from the name in an asset to the connector that speaks with it.

use super::{ConnectOptions, Consent, Remote, magento, woocommerce, zoho};
use crate::model::UserError;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The opened fields of a connection form, by name.
pub type Credentials<'a> = BTreeMap<&'a str, SecretString>;

/// A connection to a service. Nothing is sent yet.
///
/// # Errors
/// The service is not known, a field is missing, or what was entered cannot be right.
pub fn connect_service(
    service: &str,
    credentials: &Credentials<'_>,
    options: &ConnectOptions,
) -> Result<Arc<dyn Remote>, UserError> {
    let field = |name: &str| {
        credentials.get(name).ok_or_else(|| {
            UserError::new(
                format!("{name} is not set."),
                "The connection needs it.",
                "Enter it in the connection's settings.",
            )
        })
    };
    let plain = |name: &str| field(name).map(secrecy::ExposeSecret::expose_secret);
    match service {
        "magento" => magento::connect(credentials, options),
        "woocommerce" => woocommerce::connect(
            plain("app_url")?,
            field("consumer_key")?,
            field("consumer_secret")?,
            options,
        ),
        "zoho" => zoho::connect(credentials, options),
        other => Err(UserError::new(
            format!("The service \"{other}\" is not known."),
            "This version of SyncDeck has no connector for it.",
            "Choose one of the available services.",
        )),
    }
}

/// What is wrong with the fields of a connection form taken together: the field, and what to say of
/// it. Secrets and references need not be given.
pub fn check_credentials(
    service: &str,
    values: &BTreeMap<&str, String>,
) -> Vec<(&'static str, UserError)> {
    match service {
        "zoho" => zoho::check_fields(values),
        _ => Vec::new(),
    }
}

/// Begins to ask a person for consent, for a service that wants one; `None`: it wants none.
///
/// # Errors
/// As for a connection.
pub fn begin_consent(
    service: &str,
    credentials: &Credentials<'_>,
    options: &ConnectOptions,
) -> Result<Option<Consent>, UserError> {
    match service {
        "zoho" => Consent::new(credentials, options).map(Some),
        _ => Ok(None),
    }
}

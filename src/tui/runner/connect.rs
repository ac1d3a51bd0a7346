//! Connections: how stored secrets end, checks, saving.

use super::{ADMIN_FACT, Shared};
use crate::catalog::{FieldKind, FormField};
use crate::model::{CheckReport, Connector, Crm, SecretText, Stamp, UserError};
use crate::secrets::is_reference;
use crate::settings::{crm_address, default_connector, forbidden_http, put_setting, web_address};
use crate::store::{Batch, Change};
use crate::tui::msg::{Draft, Entered, Msg, Target};
use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A secret shorter than this does not even show its end.
const LONG_ENOUGH: usize = 8;

/// Finds how the stored secrets of a form end. References are not read for it.
pub fn tails(shared: Arc<Shared>, form: u64, target: Target) -> impl FnOnce() + Send + 'static {
    move || {
        let kept = shared.read(|reader| {
            Ok(match target {
                Target::Crm => reader
                    .crm()?
                    .map(|crm| BTreeMap::from([("access_key".to_owned(), crm.access_key)])),
                Target::Connector(id) => reader.connector(id)?.map(|c| c.credentials),
                Target::New => None,
            })
        });
        let sealed = kept.flatten().unwrap_or_default().into_iter().filter_map(|(name, kept)| {
            matches!(kept, SecretText::Sealed(_))
                .then(|| tail(&shared, &kept))?
                .map(|tail| (name, tail))
        });
        let tails = sealed.collect();
        shared.send(Msg::Tails { form, tails });
    }
}

fn tail(shared: &Shared, kept: &SecretText) -> Option<String> {
    let clear = shared.vault.reveal(kept).ok()?;
    let clear = clear.expose_secret();
    let length = clear.chars().count();
    (length >= LONG_ENOUGH).then(|| clear.chars().skip(length - 2).collect())
}

/// Checks the connection with what is entered.
pub async fn check(shared: Arc<Shared>, form: u64, draft: Draft) {
    let built = match draft.target {
        Target::Crm => crm(&shared, &draft).map(|crm| (Some(crm), None)),
        Target::Connector(_) | Target::New => {
            connector(&shared, &draft).map(|connector| (None, Some(connector)))
        }
    };
    let report = match built {
        Err(error) => Err(error),
        Ok((Some(crm), _)) => {
            let report = shared.engine.check_crm(&crm).await;
            let (shared, found) = (Arc::clone(&shared), report.clone());
            // The store blocks; a check that cannot be remembered is still shown.
            let _ = tokio::task::spawn_blocking(move || remember(&shared, &crm, &found)).await;
            Ok(Box::new(report))
        }
        Ok((None, Some(connector))) => {
            Ok(Box::new(shared.engine.check_connector(&connector).await))
        }
        Ok((None, None)) => return,
    };
    shared.send(Msg::Checked { form, report });
}

/// Stores what is entered.
pub fn save(shared: &Shared, form: u64, draft: &Draft) {
    let result = batch(shared, draft)
        .and_then(|batch| shared.store.commit_blocking(batch).map_err(|error| error.user()));
    shared.send(Msg::Saved { form, result });
}

fn batch(shared: &Shared, draft: &Draft) -> Result<Batch, UserError> {
    if draft.target != Target::Crm {
        return Ok(Change::PutConnector(Box::new(connector(shared, draft)?)).into());
    }
    let mut batch = Batch::from(Change::PutCrm(crm(shared, draft)?));
    // What was found out about another user is forgotten.
    batch.push(admin_fact(draft.admin));
    Ok(batch)
}

fn admin_fact(admin: Option<bool>) -> Change {
    Change::PutFact(ADMIN_FACT.into(), admin.map(|admin| admin.to_string()))
}

/// Remembers what a check of the stored CRM found out about its user.
fn remember(shared: &Shared, crm: &Crm, report: &CheckReport) {
    let stored = shared.read(|reader| reader.crm()).flatten();
    if !report.ok || report.admin.is_none() || stored.as_ref() != Some(crm) {
        return;
    }
    match shared.store.commit_blocking(admin_fact(report.admin).into()) {
        Ok(()) => shared.send(Msg::StoreChanged),
        Err(error) => shared.send(Msg::Failed(error.user())),
    }
}

fn read<T>(
    shared: &Shared,
    read: impl FnOnce(&crate::store::Reader) -> crate::store::StoreResult<T>,
) -> Result<T, UserError> {
    shared.store.read_blocking(read).map_err(|error| error.user())
}

/// The CRM's settings as entered.
fn crm(shared: &Shared, draft: &Draft) -> Result<Crm, UserError> {
    let stored = read(shared, |reader| reader.crm())?;
    let text = |name: &str| match draft.values.get(name) {
        Some(Entered::Text(text, _)) => text.clone(),
        _ => String::new(),
    };
    let access_key = match (draft.values.get("access_key"), &stored) {
        (Some(Entered::Text(text, _)), _) => shared.vault.keep(text)?,
        (_, Some(stored)) => stored.access_key.clone(),
        (_, None) => SecretText::Plain(String::new()),
    };
    Ok(Crm {
        url: crm_address(&text("url")).map_err(|why| bad_address(&why))?,
        username: text("username"),
        access_key,
        allow_http: stored.as_ref().is_some_and(|crm| crm.allow_http),
        ca_file: stored.and_then(|crm| crm.ca_file),
    })
}

/// A connector's settings as entered; a new one gets the usual ones for all else.
fn connector(shared: &Shared, draft: &Draft) -> Result<Connector, UserError> {
    let service = shared.catalog.service(&draft.service).ok_or_else(|| {
        UserError::new(
            format!("The service {} is not known.", draft.service),
            "Its asset is not part of this version of SyncDeck.",
            "Use the version that the connector was made with.",
        )
    })?;
    let stored = match draft.target {
        Target::Connector(id) => read(shared, |reader| reader.connector(id))?,
        Target::Crm | Target::New => None,
    };
    let mut connector = match stored {
        Some(stored) => stored,
        None => default_connector(service, &draft.name),
    };
    connector.name.clone_from(&draft.name);
    for field in &service.form {
        let Some(Entered::Text(text, _)) = draft.values.get(&field.name) else {
            continue;
        };
        if field.secret && text.is_empty() {
            // Nothing is no secret: it would look as if there were one.
            connector.credentials.remove(&field.name);
            continue;
        }
        let kept = keep(shared, field, text)?;
        connector.credentials.insert(field.name.clone(), kept);
    }
    for (path, value) in &draft.settings {
        put_setting(service, &mut connector, path, value, Stamp::now()).map_err(|why| {
            UserError::new(format!("{path} cannot be \"{value}\"."), why, "Correct it in the form.")
        })?;
    }
    if let Some(address) = forbidden_http(&shared.catalog, &connector) {
        return Err(UserError::new(
            format!("{address} is plain http."),
            "Passwords and records would travel readable.",
            "Use https. For a network that you trust, choose yes at Allow plain http, under Advanced.",
        ));
    }
    Ok(connector)
}

fn bad_address(why: &str) -> UserError {
    UserError::new("The address cannot be used.", why, "Correct it in the form.")
}

fn keep(shared: &Shared, field: &FormField, text: &str) -> Result<SecretText, UserError> {
    if is_reference(text) || field.secret {
        return shared.vault.keep(text);
    }
    let plain = match field.kind {
        FieldKind::Url if !text.is_empty() => web_address(text).map_err(|why| bad_address(&why))?,
        _ => text.to_owned(),
    };
    Ok(SecretText::Plain(plain))
}

//! Puts a settings file into the store: all of it or nothing.

use super::SettingsProblem;
use super::file::parse;
use super::problem::Problems;
use super::validate::{Known, Plan, Wanted, validate};
use crate::catalog::Catalog;
use crate::model::{Connector, ConnectorId, SecretText, Stamp, UserError};
use crate::secrets::Vault;
use crate::store::{Batch, Change, Store, StoreResult};
use secrecy::ExposeSecret;
use std::collections::BTreeMap;

/// What applying a file did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Applied {
    /// What was added or changed: `CRM`, `retention`, names of connectors.
    pub changed: Vec<String>,
    /// How many parts of the file the store had already.
    pub unchanged: usize,
    /// The connectors that were removed.
    pub removed: Vec<String>,
    /// What the user should know all the same.
    pub warnings: Vec<String>,
}

/// Asked for each connector before it is removed.
pub type MayRemove<'a> = &'a mut dyn FnMut(&Connector) -> Result<(), UserError>;

/// Checks a settings file and puts it into the store. With `prune`, connectors that it does not
/// name are removed, if it says yes to each of them. Applying it again changes nothing. Blocks.
///
/// # Errors
/// Everything that is wrong with it; nothing was stored.
pub fn apply(
    store: &Store,
    vault: &Vault,
    catalog: &Catalog,
    text: &str,
    file_name: &str,
    prune: Option<MayRemove<'_>>,
    now: Stamp,
) -> Result<Applied, Vec<SettingsProblem>> {
    let mut problems = Problems::new(file_name, text);
    let fail = |error: &UserError| {
        let mut problems = Problems::new(file_name, text);
        problems.whole(error);
        problems.into_found()
    };
    let Some(file) = parse(text, &mut problems) else {
        return Err(problems.into_found());
    };
    let known = store.read_blocking(known).map_err(|error| fail(&error.user()))?;
    let plan = validate(file, catalog, &known, now, &mut problems);
    if !problems.is_empty() {
        return Err(problems.into_found());
    }
    let (batch, mut applied) = changes(plan, &known, vault, prune).map_err(|e| fail(&e))?;
    store.commit_blocking(batch).map_err(|error| fail(&error.user()))?;
    applied.warnings.sort();
    Ok(applied)
}

/// What the store has.
pub(super) fn known(reader: &crate::store::Reader) -> StoreResult<Known> {
    Ok(Known {
        crm: reader.crm()?,
        connectors: reader.connectors()?,
        retention: reader.retention()?,
    })
}

/// The writes that bring the store to what the file asks for.
fn changes(
    plan: Plan,
    known: &Known,
    vault: &Vault,
    prune: Option<MayRemove<'_>>,
) -> Result<(Batch, Applied), UserError> {
    let mut applied = Applied { warnings: plan.warnings, ..Applied::default() };
    let mut batch = Batch::new();
    let mut put = |name: &str, change: Option<Change>| match change {
        Some(change) => {
            applied.changed.push(name.to_owned());
            batch.push(change);
        }
        None => applied.unchanged += 1,
    };
    let mut files = Vec::new();
    if let Some((mut crm, key)) = plan.crm {
        crm.access_key = seal(vault, key)?;
        files.extend(crm.ca_file.clone());
        let differs = known.crm.as_ref() != Some(&crm);
        put("CRM", differs.then_some(Change::PutCrm(crm)));
    }
    if let Some(retention) = plan.retention {
        let differs = known.retention != retention;
        put("retention", differs.then_some(Change::PutRetention(retention)));
    }
    let mut named: Vec<ConnectorId> = Vec::new();
    for (mut connector, credentials) in plan.connectors {
        connector.credentials = seal_all(vault, credentials)?;
        files.extend(connector.advanced.ca_file.clone());
        named.push(connector.id);
        let name = connector.name.clone();
        let differs = !known.connectors.contains(&connector);
        put(&name, differs.then(|| Change::PutConnector(Box::new(connector))));
    }
    applied.warnings.extend(files.iter().filter_map(|file| unreadable(file)));
    if let Some(may_remove) = prune {
        for other in known.connectors.iter().filter(|known| !named.contains(&known.id)) {
            may_remove(other)?;
            batch.changes.insert(0, Change::RemoveConnector(other.id));
            applied.removed.push(other.name.clone());
        }
    }
    Ok((batch, applied))
}

fn seal_all(
    vault: &Vault,
    credentials: BTreeMap<String, Wanted>,
) -> Result<BTreeMap<String, SecretText>, UserError> {
    credentials.into_iter().map(|(name, wanted)| Ok((name, seal(vault, wanted)?))).collect()
}

/// A clear secret that the store has sealed already stays as it is.
fn seal(vault: &Vault, wanted: Wanted) -> Result<SecretText, UserError> {
    match wanted {
        Wanted::Kept(text) => Ok(text),
        Wanted::Clear(clear, stored) => {
            let same = stored.filter(|stored| {
                matches!(stored, SecretText::Sealed(_))
                    && vault.reveal(stored).is_ok_and(|old| old.expose_secret() == clear.as_str())
            });
            match same {
                Some(stored) => Ok(stored),
                None => vault.keep(&clear),
            }
        }
    }
}

fn unreadable(file: &str) -> Option<String> {
    let error = std::fs::File::open(file).err()?;
    Some(format!("The certificate file {file} cannot be read now: {error}."))
}

//! Only an administrator of the CRM changes settings and connectors. Administrator means that the
//! stored CRM user is one, as the last check found out.

use super::exit::{Failure, Outcome};
use super::house::House;
use crate::model::{CheckReport, Crm};
use crate::store::Change;
use crate::tui::ADMIN_FACT;

/// Remembers what a check of the CRM found out about its user.
pub fn remember(house: &House, report: &CheckReport) -> Outcome<()> {
    let Some(admin) = report.admin else { return Ok(()) };
    let (admin, known) = (admin.to_string(), house.store.read_blocking(|r| r.fact(ADMIN_FACT))?);
    if known.as_ref() == Some(&admin) {
        return Ok(());
    }
    Ok(house.store.commit_blocking(Change::PutFact(ADMIN_FACT.into(), Some(admin)).into())?)
}

/// Forgets it: the CRM's connection is another one now.
pub fn forget(house: &House) -> Outcome<()> {
    Ok(house.store.commit_blocking(Change::PutFact(ADMIN_FACT.into(), None).into())?)
}

/// Refuses if the CRM's user is known not to be an administrator.
pub fn needs_administrator(house: &House) -> Outcome<()> {
    needs_administrator_to(house, "Settings and connectors cannot be changed.")
}

/// Refuses, with this sentence, if the CRM's user is known not to be an administrator.
pub fn needs_administrator_to(house: &House, cannot: &str) -> Outcome<()> {
    match house.store.read_blocking(|r| r.fact(ADMIN_FACT))?.as_deref() {
        Some("false") => Err(Failure::usage(
            cannot,
            "The user of the CRM's connection is not an administrator of the CRM.",
            "Connect the CRM with an administrator's access key. If the user has become one, run: \
             syncdeck check",
        )),
        _ => Ok(()),
    }
}

/// Refuses a settings file that changes more than the CRM's connection, unless the file itself
/// brings another user.
pub fn may_apply(house: &House, text: &str, prune: bool) -> Outcome<()> {
    let crm = house.store.read_blocking(|r| r.crm())?;
    let more = prune || changes_more(text, crm.as_ref());
    if more { needs_administrator(house) } else { Ok(()) }
}

/// Whether a file has more than the CRM's connection, and keeps the user.
fn changes_more(text: &str, crm: Option<&Crm>) -> bool {
    // A file that cannot be read is refused later, with its line.
    let Ok(file) = text.parse::<toml::Table>() else { return false };
    let more = file.keys().any(|key| key != "crm");
    let user = file.get("crm").and_then(|c| c.get("username")).and_then(|name| name.as_str());
    let same = user.is_none_or(|user| crm.is_some_and(|crm| crm.username == user));
    more && same
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SecretText;

    #[test]
    fn a_file_may_mend_the_connection_of_the_crm() {
        let crm = Crm {
            url: "https://crm/webservice.php".into(),
            username: "ann".into(),
            access_key: SecretText::Plain("x".into()),
            allow_http: false,
            ca_file: None,
        };
        let more = |text| changes_more(text, Some(&crm));
        assert!(!more("[crm]\nusername = \"ann\""));
        assert!(!more("[crm]\nusername = \"bob\"\n[retention]\nruns = \"1d\""));
        assert!(more("[crm]\nusername = \"ann\"\n[retention]\nruns = \"1d\""));
        assert!(more("[retention]\nruns = \"1d\""));
    }
}

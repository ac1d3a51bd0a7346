//! What a field of a connection form accepts. The rules are those of the settings file; here they
//! get what only a form knows: the other connectors' names, and that a secret is stored already.

use super::form::{Field, NAME};
use crate::catalog::Catalog;
use crate::settings::{check_field, check_setting};

/// What the CRM is called where a service could be named.
pub const CRM: &str = "vtiger";

/// Checks one field of a service's form.
///
/// # Errors
/// What is wrong with it, in a sentence.
pub fn field(
    catalog: &Catalog,
    service: &str,
    field: &Field,
    taken: &[String],
) -> Result<(), String> {
    let text = field.text();
    if text.is_empty() && field.stored {
        return Ok(());
    }
    if field.name == NAME && taken.iter().any(|name| name == text) {
        return Err(format!("There is a connector {text} already."));
    }
    if let Some(service) = catalog.service(service).filter(|_| field.setting) {
        let unlocked = field.locked.is_none() && field.changed();
        return match unlocked {
            true => check_setting(service, &field.name, text).map_err(|why| sentence(&why)),
            false => Ok(()),
        };
    }
    check_field(catalog, service, &field.name, text).map_err(|why| sentence(&why))
}

/// With a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().collect::<String>()).unwrap_or_default();
    let end = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_sentences() {
        assert_eq!(sentence("the name is empty"), "The name is empty.");
        assert_eq!(sentence("Done."), "Done.");
    }
}

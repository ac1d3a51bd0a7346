//! The address of `webservice.php` from what a person enters.

use super::super::http;
use crate::model::UserError;
use reqwest::Url;

const SCRIPT: &str = "webservice.php";

/// Completes an address: `crm.example.com` becomes `https://crm.example.com/webservice.php`; an
/// address copied from the browser (`…/index.php?module=Home`) works too.
///
/// # Errors
/// It is no web address.
pub(crate) fn complete(text: &str) -> Result<Url, UserError> {
    let mut url = http::url::read(text, "Vtiger URL")?;
    let path = url.path().to_owned();
    let lower = path.to_ascii_lowercase();
    let cut = [SCRIPT, "index.php", "restapi/"].iter().filter_map(|mark| lower.find(mark)).min();
    let folder = match cut {
        Some(at) => path[..at].to_owned(),
        None if path.ends_with('/') => path,
        None => path + "/",
    };
    url.set_path(&format!("{}{SCRIPT}", folder.replace("//", "/")));
    Ok(url)
}

/// The address of Vtiger's own web pages.
pub(crate) fn site(webservice: &Url) -> String {
    let text = webservice.as_str();
    text.strip_suffix(SCRIPT).unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_completed() {
        for (text, want) in [
            ("crm.example.com", "https://crm.example.com/webservice.php"),
            ("https://crm.example.com/", "https://crm.example.com/webservice.php"),
            ("https://crm.example.com/vtiger", "https://crm.example.com/vtiger/webservice.php"),
            ("https://crm.example.com/vtiger//", "https://crm.example.com/vtiger/webservice.php"),
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000/webservice.php"),
            (
                "https://crm.example.com/v/webservice.php?operation=x",
                "https://crm.example.com/v/webservice.php",
            ),
            (
                "https://crm.example.com/v/index.php?module=Home&view=DashBoard",
                "https://crm.example.com/v/webservice.php",
            ),
            ("localhost:8080/crm", "http://localhost:8080/crm/webservice.php"),
        ] {
            let url = complete(text).unwrap();
            assert_eq!(url.as_str(), want, "{text}");
            assert_eq!(complete(url.as_str()).unwrap(), url, "completed twice");
        }
        assert!(complete("").is_err());
        let url = complete("crm.example.com/v").unwrap();
        assert_eq!(site(&url), "https://crm.example.com/v/");
    }
}

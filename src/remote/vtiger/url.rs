//! The address of `webservice.php` from what a person enters.

use super::super::http;
use crate::model::UserError;
use reqwest::Url;

const SCRIPT: &str = "webservice.php";
/// Where Vtiger Cloud's REST API begins.
const CLOUD: &str = "restapi/v1/vtiger/default";
/// Where Vtiger Cloud's instances live.
const HOSTS: &str = ".vtiger.com";

/// Completes an address: `crm.example.com` becomes `https://crm.example.com/webservice.php`; an
/// address copied from the browser (`…/index.php?module=Home`) works too.
///
/// # Errors
/// It is no web address.
pub(crate) fn complete(text: &str) -> Result<Url, UserError> {
    let mut url = http::url::read(text, "Vtiger URL")?;
    let path = url.path().to_owned();
    let lower = path.to_ascii_lowercase();
    let hosted = url.host_str().is_some_and(|host| host.ends_with(HOSTS));
    if lower.contains("restapi/") || (hosted && !lower.contains(SCRIPT)) {
        if hosted {
            // An instance is a host; what stands behind it is a page.
            url.set_path("");
        }
        return Ok(cloud(&url));
    }
    let cut = [SCRIPT, "index.php"].iter().filter_map(|mark| lower.find(mark)).min();
    let folder = match cut {
        Some(at) => path[..at].to_owned(),
        None if path.ends_with('/') => path,
        None => path + "/",
    };
    url.set_path(&format!("{}{SCRIPT}", folder.replace("//", "/")));
    Ok(url)
}

/// The address of the REST API of the instance that an address belongs to.
pub(crate) fn cloud(url: &Url) -> Url {
    let mut url = url.clone();
    let path = url.path().to_owned();
    let lower = path.to_ascii_lowercase();
    let cut = [SCRIPT, "index.php", "restapi"].iter().filter_map(|mark| lower.find(mark)).min();
    let folder = path[..cut.unwrap_or(path.len())].trim_end_matches('/').to_owned();
    url.set_query(None);
    url.set_path(&format!("{folder}/{CLOUD}"));
    url
}

/// Whether an address is the REST API's.
pub(crate) fn is_cloud(url: &Url) -> bool {
    url.path().ends_with(CLOUD)
}

/// The address of an operation of the REST API.
pub(crate) fn operation(base: &Url, name: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{name}", base.path()));
    url
}

/// The address of Vtiger's own web pages.
fn site(webservice: &Url) -> String {
    let text = webservice.as_str();
    let folder = text.strip_suffix(SCRIPT).or_else(|| text.strip_suffix(CLOUD));
    folder.unwrap_or(text).to_owned()
}

/// The address of the page in Vtiger that shows a record, by the number in its id. Taxes have no page of
/// their own: they are listed in the settings.
pub(crate) fn page(webservice: &Url, entity: &str, number: &str) -> String {
    let query = match entity {
        "Tax" => "module=Vtiger&parent=Settings&view=TaxIndex".to_owned(),
        _ => format!("module={entity}&view=Detail&record={number}"),
    };
    format!("{}index.php?{query}", site(webservice))
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
            (
                "https://acme.od2.vtiger.com/view/list?module=Home",
                "https://acme.od2.vtiger.com/restapi/v1/vtiger/default",
            ),
            ("acme.od2.vtiger.com", "https://acme.od2.vtiger.com/restapi/v1/vtiger/default"),
            ("acme.od2.vtiger.com/webservice.php", "https://acme.od2.vtiger.com/webservice.php"),
            ("crm.example.com/restapi/v1/", "https://crm.example.com/restapi/v1/vtiger/default"),
        ] {
            let url = complete(text).unwrap();
            assert_eq!(url.as_str(), want, "{text}");
            assert_eq!(complete(url.as_str()).unwrap(), url, "completed twice");
        }
        assert!(complete("").is_err());
        let url = complete("crm.example.com/v").unwrap();
        assert_eq!(site(&url), "https://crm.example.com/v/");
    }

    #[test]
    fn a_record_is_shown_by_its_page_and_a_tax_by_the_settings() {
        let url = complete("crm.example.com/v").unwrap();
        for (entity, query) in [
            ("Contacts", "module=Contacts&view=Detail&record=7"),
            ("Tax", "module=Vtiger&parent=Settings&view=TaxIndex"),
        ] {
            let want = format!("https://crm.example.com/v/index.php?{query}");
            assert_eq!(page(&url, entity, "7"), want);
        }
    }
}

//! Addresses as people type them, completed.

use reqwest::Url;
use std::net::IpAddr;

/// A web address, completed with `https://` if the scheme was left out.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn web_address(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.chars().any(char::is_whitespace) {
        return Err(format!("\"{text}\" is not a web address: it has a blank in it"));
    }
    let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url: Url = whole
        .parse()
        .map_err(|_| format!("\"{text}\" is not a web address such as https://shop.example.com"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("\"{text}\" begins with neither https:// nor http://"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(format!("\"{text}\" names no host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the address must not carry a user or password; they have fields of their own"
            .to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("\"{text}\" goes on after the address (? or #); leave that out"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Where Vtiger Cloud's REST API begins.
const CLOUD: &str = "restapi/v1/vtiger/default";

/// The address of the CRM's `webservice.php`, or of the REST API where the address is one of Vtiger
/// Cloud: a bare host or folder is completed, and the address of a page, as a browser shows it, is
/// cut.
///
/// # Errors
/// As [`web_address`], but the address may go on with `?` or `#`.
pub fn crm_address(text: &str) -> Result<String, String> {
    let page = text.trim().split(['?', '#']).next().unwrap_or_default();
    let address = web_address(page)?;
    let url = address.parse::<Url>().ok();
    let hosted = url.as_ref().filter(|u| u.host_str().is_some_and(|h| h.ends_with(".vtiger.com")));
    if let Some(url) = hosted.filter(|_| !address.contains("/webservice.php")) {
        // An instance is a host; what stands behind it is a page.
        return Ok(crm_address_of(&url.origin().ascii_serialization(), true));
    }
    Ok(crm_address_of(&address, address.contains("/restapi")))
}

/// The address of the one or the other API of the CRM that an address belongs to.
pub fn crm_address_of(address: &str, cloud: bool) -> String {
    let marks = ["/webservice.php", "/index.php", "/restapi"];
    let cut = marks.iter().filter_map(|mark| address.find(mark)).min().unwrap_or(address.len());
    let folder = address[..cut].trim_end_matches('/');
    format!("{folder}/{}", if cloud { CLOUD } else { "webservice.php" })
}

/// Whether an address is plain http to a host that is not this machine.
pub fn is_plain_http(address: &str) -> bool {
    let Ok(url) = address.parse::<Url>() else {
        return false;
    };
    let host = url.host_str().unwrap_or("").trim_matches(['[', ']']);
    let here = host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    url.scheme() == "http" && !here
}

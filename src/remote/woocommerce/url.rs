//! The address of a shop from what a person enters.

use super::super::http;
use crate::model::UserError;
use reqwest::Url;

/// Where a pasted address is cut: what follows is not the site's.
const CUTS: [&str; 6] =
    ["/wp-json", "/wp-admin", "/wp-login.php", "/index.php", "/wc-api", "/xmlrpc.php"];

/// The site's address with a final slash: `shop.example.com` becomes `https://shop.example.com/`,
/// a pasted `…/wp-json/wc/v3` is cut, a subfolder stays.
///
/// # Errors
/// It is no web address.
pub(crate) fn site(text: &str) -> Result<Url, UserError> {
    let mut url = http::url::read(text, "App URL")?;
    let path = url.path().to_owned();
    let lower = path.to_ascii_lowercase();
    let cut = CUTS.iter().filter_map(|mark| lower.find(mark)).min();
    let path = &path[..cut.unwrap_or(path.len())];
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    let clean = if parts.is_empty() { "/".to_owned() } else { format!("/{}/", parts.join("/")) };
    url.set_path(&clean);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_normalised() {
        for (text, want) in [
            ("shop.example.com", "https://shop.example.com/"),
            ("https://shop.example.com", "https://shop.example.com/"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
            ("shop.example.com/store//", "https://shop.example.com/store/"),
            (
                "https://shop.example.com/store/wp-json/wc/v3/customers?per_page=1",
                "https://shop.example.com/store/",
            ),
            ("https://shop.example.com/index.php/wp-json/wc/v3", "https://shop.example.com/"),
            (
                "https://shop.example.com/wp-admin/admin.php?page=wc-settings",
                "https://shop.example.com/",
            ),
            ("SHOP.example.com/WP-JSON/", "https://shop.example.com/"),
        ] {
            let url = site(text).unwrap();
            assert_eq!(url.as_str(), want, "{text}");
            assert_eq!(site(url.as_str()).unwrap(), url, "normalised twice");
        }
        assert!(site(" ").is_err());
    }
}

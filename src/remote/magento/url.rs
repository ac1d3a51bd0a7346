//! The address of a shop from what a person enters.

use super::super::http;
use crate::model::UserError;
use reqwest::Url;

/// Where a pasted address is cut: what follows is not the shop's.
const CUTS: [&str; 3] = ["/rest", "/graphql", "/soap"];

/// The shop's address with a final slash; a pasted `…/rest/V1/…` is cut, a subfolder and
/// `/index.php/` (for servers without rewriting) stay.
///
/// # Errors
/// It is no web address.
pub(crate) fn site(text: &str, field: &str) -> Result<Url, UserError> {
    let mut url = http::url::read(text, field)?;
    let path = url.path().to_owned();
    let lower = path.to_ascii_lowercase();
    let ends =
        |at: &usize, mark: &str| matches!(lower.as_bytes().get(at + mark.len()), None | Some(b'/'));
    let cut = CUTS.iter().filter_map(|mark| lower.find(mark).filter(|at| ends(at, mark))).min();
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
            ("https://shop.example.com/rest/V1/orders?x=1", "https://shop.example.com/"),
            ("shop.example.com/store//rest/", "https://shop.example.com/store/"),
            ("shop.example.com/index.php/rest/default/V1", "https://shop.example.com/index.php/"),
            ("shop.example.com/restore", "https://shop.example.com/restore/"),
            ("http://127.0.0.1:8080/magento", "http://127.0.0.1:8080/magento/"),
        ] {
            let url = site(text, "shop URL").unwrap();
            assert_eq!(url.as_str(), want, "{text}");
            assert_eq!(site(url.as_str(), "shop URL").unwrap(), url, "normalised twice");
        }
        assert!(site(" ", "shop URL").is_err());
    }
}

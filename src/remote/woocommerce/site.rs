//! What a site says about itself without keys (WordPress REST API, discovery), and the two shapes
//! of its addresses.

use super::super::RemoteResult;
use super::super::http::{Answer, Call, Fault, Plan};
use super::Woo;
use crate::model::UserError;
use reqwest::Url;
use serde::Deserialize;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

/// What `/wp-json/` says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Site {
    /// Its title.
    pub(crate) name: String,
    /// Where WordPress lives.
    pub(crate) url: String,
    /// Where its visitors come in; what it signs with.
    pub(crate) home: String,
    /// The APIs it has.
    pub(crate) namespaces: Vec<String>,
}

impl Site {
    /// WooCommerce is active and new enough.
    pub(crate) fn has_woocommerce(&self) -> bool {
        self.namespaces.iter().any(|n| n == "wc/v3")
    }

    /// Its own address, if that is another folder than this one. A server may answer for folders that
    /// are none: it shows the site there, and refuses what is signed for an address that is not its own.
    fn elsewhere(&self, entered: &Url) -> Option<&str> {
        let home = Url::parse(&self.home).ok()?;
        let folder = |url: &Url| url.path().trim_matches('/').to_owned();
        (folder(&home) != folder(entered)).then_some(self.home.as_str())
    }
}

/// The shape of the API's addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/wp-json/wc/v3/…`.
    Pretty,
    /// `/?rest_route=/wc/v3/…`, for sites with plain permalinks. WooCommerce looks at the keys only
    /// if the address holds the text `wp-json/wc/`, so a parameter carries it.
    Plain,
}

impl Woo {
    /// The shape in use.
    pub(crate) fn route(&self) -> Route {
        if self.plain.load(Ordering::Relaxed) { Route::Plain } else { Route::Pretty }
    }

    /// Where the site says that it is, if the folder of the App URL is another one.
    pub(crate) fn wrong_folder(&self) -> Option<UserError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let home = known.as_ref()?.elsewhere(&self.site)?;
        Some(UserError::new(
            format!("The shop is not at {}.", self.site),
            format!("WordPress says that its address is {home}."),
            format!("Enter {home} as App URL."),
        ))
    }

    /// The address of a path of the API without the query, and the parameters that belong to it.
    pub(crate) fn address(&self, path: &str) -> (Url, Vec<(String, String)>) {
        let mut url = self.site.clone();
        match self.route() {
            Route::Pretty => {
                url.set_path(&format!("{}wp-json/wc/v3/{path}", self.site.path()));
                (url, Vec::new())
            }
            Route::Plain => {
                let route = ("rest_route".to_owned(), format!("/wc/v3/{path}"));
                (url, vec![route, ("x".to_owned(), "wp-json/wc/".to_owned())])
            }
        }
    }

    /// Asks the site about itself, first by pretty, then by plain address. Remembers which works.
    ///
    /// # Errors
    /// The one of the pretty address, if neither works.
    pub(crate) async fn discover(&self, plan: Plan) -> RemoteResult<Site> {
        let mut pretty = self.site.clone();
        pretty.set_path(&format!("{}wp-json/", self.site.path()));
        pretty.set_query(Some("_fields=name,url,home,namespaces"));
        let error = match self.ask_site(pretty, plan).await {
            Ok(site) => return Ok(site),
            Err(error) => error,
        };
        if error.kind != super::super::ErrorKind::NotTheApi {
            return Err(error);
        }
        let mut plain = self.site.clone();
        plain.set_query(Some("rest_route=/&_fields=name,url,home,namespaces"));
        match self.ask_site(plain, plan).await {
            Ok(site) => {
                self.plain.store(true, Ordering::Relaxed);
                Ok(site)
            }
            Err(_) => Err(error),
        }
    }

    async fn ask_site(&self, url: Url, plan: Plan) -> RemoteResult<Site> {
        let site = self.http.run(plan, || Call::get(url.clone()), read).await?;
        if let Ok(home) = Url::parse(&site.home) {
            self.auth.add_home(&home);
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some(site.clone());
        Ok(site)
    }
}

fn read(answer: &Answer) -> Result<Site, Fault> {
    let site: Option<Site> = answer.json(|body| serde_json::from_str(body));
    match site {
        Some(site) if answer.status == 200 && !site.namespaces.is_empty() => Ok(site),
        _ => Err(answer.not_the_api().at_once()),
    }
}

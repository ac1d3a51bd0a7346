//! How the requests of a manifest are authorised.

use super::Request;
use serde::Deserialize;
use std::collections::BTreeMap;

/// How requests are authorised.
#[derive(Debug, Clone, PartialEq, Deserialize, Default)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[allow(clippy::large_enum_variant, reason = "there is one for each service")]
pub enum Auth {
    /// Not at all.
    #[default]
    None,
    /// HTTP Basic.
    Basic {
        /// The user.
        username: String,
        /// The password.
        #[serde(default)]
        password: String,
    },
    /// A header, such as `X-Api-Key: …`.
    Header {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// A parameter of the query.
    Query {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// A token that does not end: `Authorization: Bearer …`.
    Bearer {
        /// The token.
        token: String,
    },
    /// A token from an OAuth2 token endpoint.
    Oauth2 {
        /// The endpoint: a path below the base address, or an address of its own.
        token_url: String,
        /// What is handed in for a token.
        #[serde(default)]
        grant: Grant,
        /// The client.
        client_id: String,
        /// Its secret.
        client_secret: String,
        /// Where the two stand.
        #[serde(default)]
        credentials: Carry,
        /// What is asked for.
        #[serde(default)]
        scope: String,
        /// The refresh token, for that grant.
        #[serde(default)]
        refresh_token: String,
        /// Further members of the form (`audience`, `resource`).
        #[serde(default)]
        extra: BTreeMap<String, String>,
    },
    /// A token from a login request of the service's own kind.
    Login {
        /// The request.
        request: Request,
        /// Where the token stands in the answer.
        token: String,
        /// Where its life in seconds stands.
        #[serde(default)]
        expires: Option<String>,
        /// Its life in seconds where the answer does not tell it.
        #[serde(default)]
        lifetime: Option<u64>,
        /// The header that carries it.
        #[serde(default = "authorization")]
        header: String,
        /// The header's value; `{{login.PATH}}` reads the answer.
        #[serde(default = "bearer")]
        value: String,
        /// The token stands in this parameter of the query instead.
        #[serde(default)]
        query: Option<String>,
        /// What renews it without a new login; `{{login.PATH}}` reads the answer before.
        #[serde(default)]
        refresh: Option<Request>,
    },
}

fn authorization() -> String {
    "Authorization".to_owned()
}

fn bearer() -> String {
    "Bearer {{token}}".to_owned()
}

/// What is handed in for an OAuth2 token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Grant {
    /// The client's own credentials.
    #[default]
    ClientCredentials,
    /// A refresh token that a person has been given. One that the endpoint gives out anew is used
    /// from then on.
    RefreshToken,
}

/// Where an OAuth2 client's credentials stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Carry {
    /// In the form.
    #[default]
    Form,
    /// In the `Authorization` header, as HTTP Basic.
    Basic,
}

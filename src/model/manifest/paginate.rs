//! How the listings of a manifest go on from page to page.

use serde::Deserialize;

/// How a listing goes on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Paginate {
    /// One answer is all.
    #[default]
    None,
    /// By page number: put `{{page}}` into the request, and `{{size}}` if the API knows it.
    Page {
        /// The first page's number.
        #[serde(default = "one")]
        first: u64,
        /// Records in a page.
        #[serde(default = "hundred")]
        size: u64,
        /// Where the number of pages stands in the answer.
        #[serde(default)]
        pages: Option<String>,
        /// Where the number of records stands.
        #[serde(default)]
        total: Option<String>,
        /// Where it stands whether there is more.
        #[serde(default)]
        more: Option<String>,
        /// What ends the listing where none of these tells.
        #[serde(default)]
        stop: Stop,
    },
    /// By offset: put `{{offset}}` into the request, and `{{size}}` if the API knows it.
    Offset {
        /// Records in a page.
        #[serde(default = "hundred")]
        size: u64,
        /// Where the number of records stands in the answer.
        #[serde(default)]
        total: Option<String>,
        /// Where it stands whether there is more.
        #[serde(default)]
        more: Option<String>,
        /// What ends the listing where none of these tells.
        #[serde(default)]
        stop: Stop,
    },
    /// By a token of the answer: put `{{token}}` into the request; it is left out of the first.
    Token {
        /// Where the token stands; a page without one is the last.
        path: String,
        /// Records in a page.
        #[serde(default = "hundred")]
        size: u64,
    },
    /// By the address of the next page, in the body or in the `Link` header.
    Link {
        /// Where it stands in the body; none: the header with `rel="next"`.
        #[serde(default)]
        path: Option<String>,
        /// Records in a page.
        #[serde(default = "hundred")]
        size: u64,
    },
}

/// What ends a listing that does not tell its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// A page without records. It costs one request more, and nothing is missed where the service
    /// sends fewer records in a page than it was asked for.
    #[default]
    Empty,
    /// A page with fewer records than were asked for.
    Short,
}

impl Paginate {
    /// The names of which the request has to hold one, so that it goes on at all.
    pub fn needs(&self) -> Option<&'static str> {
        match self {
            Self::None | Self::Link { .. } => None,
            Self::Page { .. } => Some("page"),
            Self::Offset { .. } => Some("offset"),
            Self::Token { .. } => Some("token"),
        }
    }

    /// Records asked for in a page.
    pub fn size(&self) -> Option<u64> {
        match self {
            Self::None => None,
            Self::Page { size, .. }
            | Self::Offset { size, .. }
            | Self::Token { size, .. }
            | Self::Link { size, .. } => Some(*size),
        }
    }
}

fn one() -> u64 {
    1
}

fn hundred() -> u64 {
    100
}

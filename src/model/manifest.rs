//! The manifest of a REST service: how its API is asked and read, as data. iRujul is one; an
//! administrator can write others.
//!
//! Texts may hold templates: `{{page}}`, `{{offset}}`, `{{size}}`, `{{token}}`, `{{from}}`,
//! `{{to}}`, `{{id}}`, `{{partition}}`, `{{config.NAME}}` (a field of the connection form),
//! `{{login.PATH}}` (the login's answer) and `{{parent.PATH}}` (the record a detail is asked for).
//! Paths go down objects by dots; `0` names an item of a list, `*` all of them.

mod auth;
mod paginate;

pub use auth::{Auth, Carry, Grant};
pub use paginate::{Paginate, Stop};

use super::Module;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// The names without a dot that templates know.
pub const NAMES: [&str; 8] = ["page", "offset", "size", "token", "from", "to", "id", "partition"];

/// All that a connection to a service by manifest needs to know.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The service's label.
    pub label: String,
    /// How it is reached.
    pub api: Api,
    /// How its entities are read.
    pub streams: BTreeMap<String, Stream>,
    /// Our modules and the entities they are read from.
    pub modules: BTreeMap<Module, String>,
    /// The fields of the connection form that are secrets.
    pub secrets: BTreeSet<String>,
}

/// How a whole service is reached.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Api {
    /// The address below which all paths are. The scheme may be left out.
    #[serde(default = "config_base_url")]
    pub base_url: String,
    /// Headers of every request.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// How long the first byte of an answer may take, in seconds.
    #[serde(default = "thirty")]
    pub timeout: u64,
    /// How requests are authorised.
    #[serde(default)]
    pub auth: Auth,
    /// What a successful answer's body holds, beyond the HTTP status.
    #[serde(default)]
    pub ok: Option<Success>,
    /// Where an error's text stands in the body.
    #[serde(default)]
    pub error_text: Vec<String>,
    /// What certain answers mean; the first rule that fits counts.
    #[serde(default)]
    pub errors: Vec<ErrorRule>,
    /// How fast the service may be asked.
    #[serde(default)]
    pub rate: Rate,
    /// How values are read.
    #[serde(default)]
    pub values: ValueRules,
    /// How listings go on, unless a module says otherwise.
    #[serde(default)]
    pub paginate: Paginate,
    /// A request that tells whether the connection works; without one, a module is asked.
    #[serde(default)]
    pub check: Option<Request>,
}

fn config_base_url() -> String {
    "{{config.base_url}}".to_owned()
}

fn thirty() -> u64 {
    30
}

/// A request.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The path below the base address; an address with a scheme stands for itself.
    pub path: String,
    /// GET, POST, …
    #[serde(default = "get")]
    pub method: String,
    /// Its query.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// Its JSON body.
    #[serde(default)]
    pub body: Option<toml::Value>,
    /// The body is sent as a form instead.
    #[serde(default)]
    pub form: bool,
    /// Further headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

fn get() -> String {
    "GET".to_owned()
}

/// What a body must hold to be a success.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Success {
    /// A path …
    #[serde(default)]
    pub path: Option<String>,
    /// … and the values that mean success.
    #[serde(default)]
    pub values: Vec<String>,
    /// A path that stands in failures only.
    #[serde(default)]
    pub absent: Option<String>,
}

/// What is to be done about an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// Ask again after a pause.
    Retry,
    /// Give up.
    Fail,
    /// It stands for an empty listing.
    Empty,
    /// Log in again, once.
    Login,
    /// Slow down, then ask again.
    SlowDown,
}

/// A rule for answers that are no success.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorRule {
    /// HTTP statuses; none: any.
    #[serde(default)]
    pub status: Vec<u16>,
    /// A path in the body …
    #[serde(default)]
    pub path: Option<String>,
    /// … with one of these values; none: it is there.
    #[serde(default)]
    pub values: Vec<String>,
    /// A text that the body contains, whatever its case.
    #[serde(default)]
    pub text: Option<String>,
    /// What is done.
    pub then: Then,
    /// What is said to people.
    #[serde(default)]
    pub say: Option<String>,
}

/// How fast a service may be asked.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rate {
    /// Requests a second.
    pub requests_per_second: u32,
    /// Requests at a time.
    pub concurrency: usize,
    /// The header that tells how long to wait when it was too fast: seconds, or the Unix time of the
    /// end. `Retry-After` is obeyed in any case.
    pub wait_header: String,
}

impl Default for Rate {
    fn default() -> Self {
        Self { requests_per_second: 2, concurrency: 1, wait_header: String::new() }
    }
}

/// How values are read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct ValueRules {
    /// Texts that mean that nothing is there (`null`, `N/A`).
    pub empty: Vec<String>,
    /// Dates and times come in these notations, as of strptime.
    pub dates: Vec<String>,
    /// The zone of times that tell none (`Asia/Kolkata`); UTC if it is not said.
    pub zone: String,
    /// The decimal sign of numbers that come as text; a point if it is not said.
    pub decimal: String,
    /// The sign between their thousands.
    pub thousands: String,
    /// Texts that mean yes, beside `1`, `true` and `yes`.
    pub yes: Vec<String>,
    /// Texts that mean no, beside `0`, `false` and `no`.
    pub no: Vec<String>,
}

/// How the records of one module are read.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// The listing.
    pub request: Request,
    /// Where the records stand in the answer; empty: the answer itself.
    #[serde(default)]
    pub records: String,
    /// The paths that make the id, joined by `-`.
    pub id: Vec<String>,
    /// Objects whose members are lifted to the top, or under another name.
    #[serde(default)]
    pub lift: Vec<Lift>,
    /// The lines of a document.
    #[serde(default)]
    pub lines: Option<Lines>,
    /// When a record was changed.
    #[serde(default)]
    pub modified: Option<String>,
    /// When it was made.
    #[serde(default)]
    pub created: Option<String>,
    /// How changes are asked for; none: the API cannot tell them.
    #[serde(default)]
    pub cursor: Option<Cursor>,
    /// How the listing goes on.
    #[serde(default)]
    pub paginate: Option<Paginate>,
    /// A further request for each record of the listing, whose answer takes its place.
    #[serde(default)]
    pub detail: Option<Detail>,
    /// One record by its id.
    #[serde(default)]
    pub get: Option<Detail>,
    /// The listing is made once for each of these.
    #[serde(default)]
    pub partitions: Vec<String>,
    /// How deletions are told; none: by absence from a complete listing.
    #[serde(default)]
    pub deleted: Option<Deleted>,
    /// Further fields for the mapping, beside those seen in records.
    #[serde(default)]
    pub fields: Vec<ExtraField>,
    /// So many records are looked at for the list of fields.
    #[serde(default = "fifty")]
    pub sample: u64,
    /// A listing with more records than these is an error: it does not end.
    #[serde(default)]
    pub max_records: Option<u64>,
    /// The record's page in the service's own web interface.
    #[serde(default)]
    pub url: Option<String>,
}

fn fifty() -> u64 {
    50
}

/// Members of an object that are lifted.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lift {
    /// The object (`Header`, `Address.0`).
    pub from: String,
    /// The name it gets; empty: its members come to the top.
    #[serde(default)]
    pub to: String,
}

/// Where the parts of a document's lines stand, and its totals.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lines {
    /// The list.
    pub path: String,
    /// The product's id in a line.
    #[serde(default)]
    pub product: String,
    /// Its code.
    #[serde(default)]
    pub sku: String,
    /// The line's text.
    #[serde(default)]
    pub name: String,
    /// How many.
    pub quantity: String,
    /// Net price of one.
    pub price: String,
    /// What is taken off the whole line.
    #[serde(default)]
    pub discount: String,
    /// The line's tax.
    #[serde(default)]
    pub tax: String,
    /// Its rate in percent; the tax is computed from it where the line does not tell the tax.
    #[serde(default)]
    pub rate: String,
    /// The document's total.
    #[serde(default)]
    pub total: String,
    /// Its currency.
    #[serde(default)]
    pub currency: String,
    /// The currency where the document tells none.
    #[serde(default)]
    pub default_currency: String,
    /// What shipping costs, without tax.
    #[serde(default)]
    pub shipping: String,
}

/// How changes are asked for: put `{{from}}` and `{{to}}` into the request.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// The notation of the two, as of strftime; `%s` is Unix time.
    #[serde(default = "rfc3339")]
    pub format: String,
    /// Windows of so many days; 0: one window up to now.
    #[serde(default)]
    pub step_days: u32,
    /// So much is read again each time, in seconds.
    #[serde(default = "lookback")]
    pub lookback: u64,
    /// Where a first sync of everything starts.
    #[serde(default = "long_ago")]
    pub start: String,
    /// Edits of older records do not show in a window (it goes by the date of a document, say):
    /// besides the changes, everything is read and compared now and then.
    #[serde(default)]
    pub silent: bool,
}

fn rfc3339() -> String {
    "%Y-%m-%dT%H:%M:%SZ".to_owned()
}

fn lookback() -> u64 {
    300
}

fn long_ago() -> String {
    "2000-01-01".to_owned()
}

/// A request for one record.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detail {
    /// The request.
    pub request: Request,
    /// Where the record stands in the answer; empty: the answer itself.
    #[serde(default)]
    pub record: String,
}

/// How deletions are told.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[allow(clippy::large_enum_variant, reason = "there is one for each module")]
pub enum Deleted {
    /// By a field of the record.
    Flag {
        /// Its path.
        path: String,
        /// The values that mean deleted.
        values: Vec<String>,
    },
    /// By a listing of their own.
    List {
        /// The request; `{{from}}` is where the last one ended.
        request: Request,
        /// Where the entries stand.
        #[serde(default)]
        records: String,
        /// Where the deleted record's id stands in an entry.
        id: String,
        /// How this listing goes on.
        #[serde(default)]
        paginate: Paginate,
    },
    /// By absence from a complete listing.
    Absence,
}

/// How the texts of a field are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// As they are, even if they look like a date.
    Text,
    /// As numbers, with the signs of the value rules.
    Number,
    /// As yes or no, with the words of the value rules.
    Boolean,
    /// As dates and times, in the notations of the value rules.
    Date,
}

impl FieldType {
    /// The name in files.
    pub fn key(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Date => "date",
        }
    }
}

/// A field that samples may not show, or that is read in a certain way.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtraField {
    /// Its path.
    pub path: String,
    /// Its label.
    #[serde(default)]
    pub label: String,
    /// How its texts are read.
    #[serde(default, rename = "type")]
    pub kind: Option<FieldType>,
}

//! The answer to a request, and what to say when it is not the API's.

use super::super::ErrorKind;
use super::fault::Fault;
use super::{body, retry};
use crate::model::{Stamp, UserError};
use reqwest::header::HeaderMap;
use std::time::Duration;

/// WordPress says ten minutes while it updates itself, which takes seconds.
const MAINTENANCE: Duration = Duration::from_secs(60);

/// An answer, whole. It has no `Debug`: sessions and tokens may stand in it.
pub(crate) struct Answer {
    /// The system, for people.
    pub(crate) system: &'static str,
    /// Its host, for people.
    pub(crate) host: String,
    /// The HTTP status.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body, decompressed.
    pub(crate) body: Vec<u8>,
    /// It answers a write.
    pub(crate) write: bool,
    /// The API has answered properly before on this connection.
    pub(crate) worked_before: bool,
    /// How long it took.
    pub(crate) took: Duration,
}

impl Answer {
    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A header as a number.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.header(name)?.trim().parse().ok()
    }

    /// The server's clock when it answered.
    pub(crate) fn server_time(&self) -> Option<Stamp> {
        retry::http_date(self.header("date")?)
    }

    /// Parses the JSON in it, tolerantly.
    pub(crate) fn json<T>(&self, parse: impl Fn(&str) -> serde_json::Result<T>) -> Option<T> {
        body::parse(&self.body, parse)
    }

    /// What every connector says alike: redirects and requests to slow down.
    ///
    /// # Errors
    /// The fault, if it is one of these.
    pub(crate) fn screen(&self) -> Result<(), Fault> {
        match self.status {
            // Nothing has changed since a time that was named in the request.
            304 => Ok(()),
            300..=399 => Err(self.redirect()),
            429 => Err(self.slow_down()),
            _ => Ok(()),
        }
    }

    fn redirect(&self) -> Fault {
        let target = self.header("location").unwrap_or("").to_owned();
        let next = if target.is_empty() {
            "Enter the address that the browser shows after opening it.".to_owned()
        } else {
            format!("Use this address instead: {}", use_this(&target))
        };
        Fault::new(
            ErrorKind::NotTheApi,
            UserError::new(
                format!("{} sends us to another address (HTTP {}).", self.host, self.status),
                "Redirects are not followed, because keys and writes get lost on the way.",
                next,
            ),
        )
    }

    fn slow_down(&self) -> Fault {
        let wait = self.asked_wait();
        let why = match wait {
            Some(wait) => format!("It asked for a pause of {} s (HTTP 429).", wait.as_secs()),
            None => "It answers HTTP 429, too many requests.".to_owned(),
        };
        Fault::new(
            ErrorKind::RateLimited { wait },
            UserError::new(
                format!("{} asked us to slow down.", self.host),
                why,
                "Nothing to do now; if it goes on, lower the requests per second in the advanced \
                 settings.",
            ),
        )
    }

    /// What to say of an answer that is not the API's, by status and body.
    pub(crate) fn not_the_api(&self) -> Fault {
        match self.status {
            401 => self.web_server_login(),
            403 | 406 => self.firewall(),
            408 => self.passing("took too long", "HTTP 408, request time-out."),
            413 | 414 => self.too_large(),
            500..=599 => self.server_error(),
            200..=299 if self.body.iter().all(u8::is_ascii_whitespace) => self.passing(
                "answered with nothing",
                "The answer is empty, as when its PHP program dies.",
            ),
            200..=299 => self.page(),
            _ => self.no_such_path(),
        }
    }

    /// A failure that may pass: temporary for a read, unknown for a write.
    pub(crate) fn passing(&self, what: &str, why: &str) -> Fault {
        if self.write {
            Fault::new(
                ErrorKind::Unknown,
                UserError::new(
                    format!("{} {what}; whether the write was done is not known.", self.host),
                    why,
                    "The record is looked up before anything is repeated.",
                ),
            )
        } else {
            let fault = Fault::new(
                ErrorKind::Temporary,
                UserError::new(
                    format!("{} {what}.", self.host),
                    why,
                    "It is tried again; if it goes on, look into the server's error log.",
                ),
            );
            if self.status == 503 {
                fault.slowly(self.asked_wait().map(|wait| wait.min(MAINTENANCE)))
            } else {
                fault
            }
        }
    }

    /// `Retry-After`.
    fn asked_wait(&self) -> Option<Duration> {
        let now = self.server_time().unwrap_or_else(Stamp::now);
        let asked = self.header("retry-after").and_then(|text| retry::retry_after(text, now));
        asked.or_else(|| self.window_ends(now))
    }

    /// The end of Vtiger Cloud's window of a minute: in seconds, or as an instant.
    fn window_ends(&self, now: Stamp) -> Option<Duration> {
        let reset = self.number("x-floodcontrol-minutelimit-reset")?;
        let at = i64::try_from(reset).unwrap_or(i64::MAX);
        let seconds = if at > 1_000_000_000 { at - now.0.div_euclid(1000) } else { at };
        Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0).min(60)))
    }

    fn server_error(&self) -> Fault {
        let why = match self.titled() {
            Some(title) => format!("HTTP {}: {title}.", self.status),
            None => format!("HTTP {} with an empty answer.", self.status),
        };
        let what = match self.status {
            503 => "is not available for now",
            502 | 504 => "did not get an answer from its own server",
            _ => "had an internal error",
        };
        self.passing(what, &why)
    }

    fn page(&self) -> Fault {
        let why = match self.titled() {
            Some(title) if body::is_html(&self.body) => {
                format!("It is a web page titled \"{title}\".")
            }
            Some(text) => format!("It begins \"{text}\"."),
            None => "It is not the API's JSON.".to_owned(),
        };
        if self.write || self.worked_before {
            return self.passing("answered with something else than the API's JSON", &why);
        }
        let next = "Check the address; a login page, maintenance page or security plugin may also \
                    stand in front of the API.";
        let what = format!("{} answered, but not as {}.", self.host, self.system);
        Fault::new(ErrorKind::NotTheApi, UserError::new(what, why, next)).again()
    }

    fn no_such_path(&self) -> Fault {
        let title = self.titled().map(|t| format!(" (\"{t}\")")).unwrap_or_default();
        Fault::new(
            ErrorKind::NotTheApi,
            UserError::new(
                format!("There is no {} API at this address of {}.", self.system, self.host),
                format!("The server answers HTTP {}{title}.", self.status),
                "Check the path of the address: it may be missing a folder, or have one too many.",
            ),
        )
    }

    fn web_server_login(&self) -> Fault {
        let title = self.titled().map(|t| format!(" (\"{t}\")")).unwrap_or_default();
        Fault::new(
            ErrorKind::Login,
            UserError::new(
                format!("{} demands a login before its API is reached.", self.host),
                format!("The web server itself answers HTTP 401{title}, not {}.", self.system),
                "Let the web server admit the API's path without its own password.",
            ),
        )
    }

    fn firewall(&self) -> Fault {
        let title = self.titled().map(|t| format!(" (\"{t}\")")).unwrap_or_default();
        let error = UserError::new(
            format!("{} refused the request before {} saw it.", self.host, self.system),
            format!(
                "The answer is HTTP {}{title}, as from a firewall or security plugin.",
                self.status
            ),
            "Admit this program (its address or the API's path) in the firewall or plugin.",
        );
        if self.write {
            Fault::new(ErrorKind::Refused, error)
        } else if self.worked_before {
            Fault::new(ErrorKind::Temporary, error)
        } else {
            Fault::new(ErrorKind::NotTheApi, error)
        }
    }

    fn too_large(&self) -> Fault {
        Fault::new(
            ErrorKind::TooLarge,
            UserError::new(
                format!("{} refused the request as too large.", self.host),
                format!("HTTP {}.", self.status),
                "Raise the size limit of the web server, or shorten the record's longest fields.",
            ),
        )
    }

    fn titled(&self) -> Option<String> {
        body::title(&self.body)
    }
}

/// The part of a redirect's target that a person can enter.
fn use_this(target: &str) -> &str {
    let cut = ["/wp-json", "/webservice.php", "/?", "?"]
        .iter()
        .filter_map(|mark| target.find(mark))
        .min()
        .unwrap_or(target.len());
    if cut == 0 { target } else { &target[..cut] }
}

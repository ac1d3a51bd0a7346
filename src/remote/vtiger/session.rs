//! Logins and sessions.
//!
//! PHP locks a session for the whole of a request, so each session carries one request at a time
//! and a small pool of them is kept. Vtiger keeps one challenge for each user: a second login that
//! asks for one makes the first one fail. So logins follow one another, one challenge serves
//! several logins, and a login that fails for its credentials is repeated with a new challenge
//! before they are called wrong, because another program may have taken the challenge away.

use super::super::http::{Answer, Call, Fault, Http, Plan};
use super::super::{ErrorKind, RemoteError, RemoteResult};
use super::envelope::{self, Failure, Reply};
use crate::model::{Stamp, UserError};
use backon::{BackoffBuilder, ExponentialBuilder};
use md5::{Digest, Md5};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value as Json;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep};

/// How often a login is tried with a new challenge.
const LOGINS: usize = 3;
/// A challenge lives five minutes; it is not used in its last one.
const CHALLENGE: Duration = Duration::from_secs(240);

/// Who logged in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Who {
    /// Webservice id of the user (`19x1`).
    pub(crate) user_id: String,
    /// Vtiger's version.
    pub(crate) version: String,
    /// Whether the user is an administrator, where Vtiger says so (8.x).
    pub(crate) admin: Option<bool>,
    /// The server's clock minus ours, in seconds.
    pub(crate) skew_s: i64,
}

/// The sessions of one connection.
pub(crate) struct Sessions {
    username: String,
    access_key: SecretString,
    places: Semaphore,
    idle: Mutex<Vec<String>>,
    challenge: tokio::sync::Mutex<Option<(String, Instant)>>,
    skew_ms: AtomicI64,
    who: Mutex<Option<Arc<Who>>>,
}

/// A session in use. Dropped without [`Session::done`], it is not used again: its request may still
/// be running.
pub(crate) struct Session<'a> {
    pub(crate) name: String,
    pool: &'a Sessions,
    _place: Option<SemaphorePermit<'a>>,
}

impl Session<'_> {
    /// The request has ended; others may use the session.
    pub(crate) fn done(self) {
        self.pool.idle().push(self.name.clone());
    }
}

impl Sessions {
    /// A pool of at most `size` sessions.
    pub(crate) fn new(username: &str, access_key: SecretString, size: usize) -> Self {
        Self {
            username: username.to_owned(),
            access_key,
            places: Semaphore::new(size.max(1)),
            idle: Mutex::default(),
            challenge: tokio::sync::Mutex::default(),
            skew_ms: AtomicI64::new(0),
            who: Mutex::default(),
        }
    }

    /// Who logged in last.
    pub(crate) fn who(&self) -> Option<Arc<Who>> {
        self.who.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes note of who we are where there are no sessions.
    pub(crate) fn met(&self, who: Who, skew_ms: i64) {
        self.skew_ms.store(skew_ms, Ordering::Relaxed);
        *self.who.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(who));
    }

    /// The server's clock now, as it was at the login.
    pub(crate) fn server_now(&self) -> Stamp {
        Stamp(Stamp::now().0 + self.skew_ms.load(Ordering::Relaxed))
    }

    /// The user's name.
    pub(crate) fn username(&self) -> &str {
        &self.username
    }

    /// A session that nobody else uses; logs in if there is none.
    pub(crate) async fn take(
        &self,
        http: &Http,
        url: &Url,
        plan: Plan,
    ) -> RemoteResult<Session<'_>> {
        let place = self.places.acquire().await.ok();
        let known = self.idle().pop();
        let name = match known {
            Some(name) => name,
            None => self.log_in(http, url, plan).await?,
        };
        Ok(Session { name, pool: self, _place: place })
    }

    /// Replaces a session that is over. The others of its age are over too.
    pub(crate) async fn renew(
        &self,
        session: &mut Session<'_>,
        http: &Http,
        url: &Url,
        plan: Plan,
    ) -> RemoteResult<()> {
        self.idle().clear();
        session.name = self.log_in(http, url, plan).await?;
        Ok(())
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn log_in(&self, http: &Http, url: &Url, plan: Plan) -> RemoteResult<String> {
        let plan = Plan { write: false, ..plan };
        let mut challenge = self.challenge.lock().await;
        let mut pauses = ExponentialBuilder::new()
            .with_jitter()
            .with_min_delay(Duration::from_millis(150))
            .with_max_times(LOGINS - 1)
            .build();
        loop {
            let token = match challenge.take() {
                Some((token, at)) if at.elapsed() < CHALLENGE => token,
                _ => self.ask_challenge(http, url, plan).await?,
            };
            let reply = self.answer_challenge(http, url, plan, &token).await?;
            let failure = match reply {
                Reply::Done((session, who)) => {
                    http.conceal(&session);
                    *challenge = Some((token, Instant::now()));
                    let mut last = self.who.lock().unwrap_or_else(PoisonError::into_inner);
                    *last = Some(Arc::new(who));
                    return Ok(session);
                }
                Reply::Failed(failure) => failure,
            };
            let may_be_a_race =
                matches!(failure.code.as_str(), "INVALID_USER_CREDENTIALS" | "INVALID_AUTH_TOKEN");
            match pauses.next() {
                Some(pause) if may_be_a_race => sleep(pause).await,
                _ => return Err(http.discreet(self.refused(&failure))),
            }
        }
    }

    async fn ask_challenge(&self, http: &Http, url: &Url, plan: Plan) -> RemoteResult<String> {
        let make = || {
            let mut url = url.clone();
            url.query_pairs_mut()
                .append_pair("operation", "getchallenge")
                .append_pair("username", &self.username);
            Call::get(url)
        };
        let reply = http.run(plan, make, read_json).await?;
        if let Reply::Done(result) = &reply
            && let Some(time) = result.get("serverTime").and_then(Json::as_i64)
        {
            let skew = Stamp::from_secs(time).0 - Stamp::now().0;
            self.skew_ms.store(skew, Ordering::Relaxed);
        }
        match reply {
            Reply::Done(result) => match result.get("token").and_then(Json::as_str) {
                Some(token) => Ok(token.to_owned()),
                None => Err(odd_login()),
            },
            Reply::Failed(failure) => Err(http.discreet(self.refused(&failure))),
        }
    }

    async fn answer_challenge(
        &self,
        http: &Http,
        url: &Url,
        plan: Plan,
        token: &str,
    ) -> RemoteResult<Reply<(String, Who)>> {
        let digest = Md5::new()
            .chain_update(token.as_bytes())
            .chain_update(self.access_key.expose_secret().as_bytes())
            .finalize();
        let hex: String = digest.iter().map(|b| format!("{b:02x}")).collect();
        http.conceal(&hex);
        let make = || {
            let form = [
                ("operation", "login"),
                ("username", self.username.as_str()),
                ("accessKey", hex.as_str()),
            ];
            super::call::post(url, &form)
        };
        let reply = http.run(plan, make, read_json).await?;
        let skew_s = self.skew_ms.load(Ordering::Relaxed) / 1000;
        match reply {
            Reply::Done(result) => match logged_in(&result, skew_s) {
                Some(found) => Ok(Reply::Done(found)),
                None => Err(odd_login()),
            },
            Reply::Failed(failure) => Ok(Reply::Failed(failure)),
        }
    }

    /// Why the login failed, for people.
    pub(crate) fn refused(&self, failure: &Failure) -> RemoteError {
        let user = &self.username;
        // So it answers a challenge for a name it does not know.
        let nobody =
            failure.code == "ACCESS_DENIED" && failure.message.contains("username does not");
        let code = if nobody { "INVALID_AUTH_TOKEN" } else { failure.code.as_str() };
        let (what, why, next) = match code {
            "INVALID_USER_CREDENTIALS" => (
                format!("Vtiger does not accept the access key of the user \"{user}\"."),
                "The key is wrong, or the user is inactive.".to_owned(),
                "Copy the access key from the user's preferences in Vtiger (My Preferences, \
                 Access Key); it is not the password.",
            ),
            "INVALID_AUTH_TOKEN" => (
                format!("Vtiger does not know the user \"{user}\"."),
                match nobody {
                    true => "It answered that there is no such user.".to_owned(),
                    false => "It answered that there is no challenge for this name.".to_owned(),
                },
                "Check the user name: it is the one of the login page, not the e-mail address.",
            ),
            "ACCESSKEY_UNDEFINED" => (
                format!("The user \"{user}\" has no access key in Vtiger."),
                String::new(),
                "Save the user's preferences in Vtiger once; that makes a key.",
            ),
            _ => (
                format!("Vtiger refused the login of the user \"{user}\"."),
                format!("It answered {}: {}.", failure.code, failure.message.trim_end_matches('.')),
                "Check the user and its access key in Vtiger.",
            ),
        };
        RemoteError::new(ErrorKind::Login, UserError::new(what, why, next))
    }
}

/// The envelope with any result.
fn read_json(answer: &Answer) -> Result<Reply<Json>, Fault> {
    answer.json(|body| envelope::parse(body, PhantomData)).ok_or_else(|| answer.not_the_api())
}

fn odd_login() -> RemoteError {
    RemoteError::new(
        ErrorKind::NotTheApi,
        UserError::new(
            "The address answered the login, but not as Vtiger does.",
            "The token or the session is missing from the answer.",
            "Check that the address is the one of Vtiger's webservice.php.",
        ),
    )
}

fn logged_in(result: &Json, skew_s: i64) -> Option<(String, Who)> {
    let text = |name: &str| result.get(name).and_then(Json::as_str).unwrap_or("").to_owned();
    let session = text("sessionName");
    let user_id = text("userId");
    if session.is_empty() || user_id.is_empty() {
        return None;
    }
    let admin = match text("is_admin").as_str() {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    };
    let who = Who { user_id, version: text("vtigerVersion"), admin, skew_s };
    Some((session, who))
}

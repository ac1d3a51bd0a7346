//! Challenge tokens and sessions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::fail::Failure;
use crate::sandbox::seed::mix;

/// A token lives so long.
pub const TOKEN_LIFE: i64 = 300;
/// A session nobody uses is collected after so long.
const IDLE: i64 = 1440;

/// A login.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its name.
    pub name: String,
    /// Who it is.
    pub user: u64,
    /// PHP locks the session's file: one request at a time holds this.
    pub turn: Arc<tokio::sync::Mutex<()>>,
    used: i64,
}

impl Session {
    /// A session that no one opened, for work inside the process.
    pub fn of(user: u64) -> Self {
        Self { name: String::new(), user, turn: Arc::default(), used: 0 }
    }
}

#[derive(Debug, Default)]
struct Inner {
    /// One live token for each user name.
    tokens: HashMap<String, (String, i64)>,
    sessions: HashMap<String, Session>,
    drawn: u64,
}

/// All sessions of the server.
#[derive(Debug, Default)]
pub struct Sessions {
    inner: Mutex<Inner>,
}

impl Sessions {
    /// Makes a token for a user; a former one is void.
    pub fn challenge(&self, user: &str, now: i64) -> String {
        self.with(|inner| {
            let token = format!("{:x}{:05x}", now, inner.draw() & 0xf_ffff);
            inner.tokens.insert(user.to_owned(), (token.clone(), now + TOKEN_LIFE));
            token
        })
    }

    /// The live token of a user.
    pub fn token(&self, user: &str, now: i64) -> Option<String> {
        self.with(|inner| {
            inner.tokens.get(user).filter(|(_, end)| now <= *end).map(|(token, _)| token.clone())
        })
    }

    /// Begins a session.
    pub fn open(&self, user: u64, now: i64) -> Session {
        self.with(|inner| {
            let name = format!(
                "{:08x}{now:08x}{:05x}",
                inner.draw() & 0xffff_ffff,
                inner.draw() & 0xf_ffff
            );
            let session = Session { name: name.clone(), user, turn: Arc::default(), used: now };
            inner.sessions.insert(name, session.clone());
            session
        })
    }

    /// A live session, which counts as used now.
    pub fn resume(&self, name: &str, now: i64) -> Result<Session, Failure> {
        self.with(|inner| {
            inner.sessions.retain(|_, s| now - s.used < IDLE);
            let session = inner.sessions.get_mut(name)?;
            session.used = now;
            Some(session.clone())
        })
        .ok_or_else(|| Failure::new("INVALID_SESSIONID", "Session Identifier provided is Invalid"))
    }

    /// Ends a session.
    pub fn close(&self, name: &str) {
        self.with(|inner| inner.sessions.remove(name));
    }

    /// Ends all sessions, as if nobody had used them for long.
    pub fn expire_all(&self) {
        self.with(|inner| inner.sessions.clear());
    }

    fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        act(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Inner {
    /// A number nobody has had before, in this process or the last.
    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.subsec_nanos());
        mix(u64::from(nanos), u64::from(std::process::id()), self.drawn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_live_token_for_each_user() {
        let sessions = Sessions::default();
        let first = sessions.challenge("admin", 1000);
        let second = sessions.challenge("admin", 1001);
        assert_ne!(first, second);
        assert_eq!(sessions.token("admin", 1002), Some(second.clone()));
        assert_eq!(sessions.token("admin", 1301), Some(second));
        assert_eq!(sessions.token("admin", 1302), None);
        assert_eq!(sessions.token("other", 1002), None);
    }

    #[test]
    fn sessions_end_when_idle() {
        let sessions = Sessions::default();
        let name = sessions.open(1, 0).name;
        assert!(sessions.resume(&name, 1439).is_ok());
        assert!(sessions.resume(&name, 1439 + 1439).is_ok(), "every use keeps it alive");
        assert!(sessions.resume(&name, 2878 + 1440).is_err());
        let other = sessions.open(1, 0).name;
        sessions.expire_all();
        assert!(sessions.resume(&other, 0).is_err());
    }
}

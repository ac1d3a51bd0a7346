//! The accounts server: consent, codes, tokens, and their limits.
//!
//! Lasting tokens and used codes are kept in the journal; access tokens end with the sandbox, as
//! all of them do within the hour.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::json;

use super::fail::{fail, json_reply};
use crate::sandbox::clock::Clock;
use crate::sandbox::http::{Reply, Request, last, pairs};
use crate::sandbox::journal::{Entry, Journal};
use crate::sandbox::seed::mix;

/// What the usual consent covers.
pub const SCOPE: &str = "ZohoCRM.modules.ALL,ZohoCRM.settings.ALL,ZohoCRM.users.READ,\
ZohoCRM.org.READ,ZohoCRM.coql.READ,ZohoSearch.securesearch.READ,ZohoCRM.notifications.ALL,\
ZohoCRM.bulk.ALL,ZohoBooks.customerpayments.ALL,ZohoBooks.contacts.READ,ZohoBooks.settings.READ";
/// Seconds that an access token works.
const HOUR: i64 = 3600;
/// Seconds that a code works.
const CODE: i64 = 180;
/// Access tokens in ten minutes, and at a time, for one lasting token.
const IN_TEN_MINUTES: usize = 10;
const AT_A_TIME: usize = 15;
/// Milliseconds between two polls of a device.
const INTERVAL: i64 = 5000;
const TABLE: &str = "zoho oauth";

#[derive(Debug, Clone)]
struct Code {
    scope: String,
    redirect: Option<String>,
    ends: i64,
}

#[derive(Debug, Clone)]
struct Lasting {
    scope: String,
    given: Vec<i64>,
}

#[derive(Debug, Clone)]
struct Token {
    scope: String,
    ends: i64,
    of: String,
}

#[derive(Debug)]
struct DeviceCode {
    scope: String,
    polls: u32,
    ends: i64,
}

/// The accounts server.
#[derive(Debug)]
pub struct Accounts {
    seed: u64,
    clock: Arc<Clock>,
    journal: Arc<Journal>,
    home: String,
    codes: HashMap<String, Code>,
    lasting: HashMap<String, Lasting>,
    tokens: HashMap<String, Token>,
    devices: HashMap<String, DeviceCode>,
    made: u64,
    written: u64,
}

impl Accounts {
    /// The server, at `home`.
    pub fn new(seed: u64, clock: Arc<Clock>, journal: Arc<Journal>, home: String) -> Self {
        let mut accounts = Self {
            seed,
            clock,
            journal,
            home,
            codes: HashMap::new(),
            lasting: HashMap::new(),
            tokens: HashMap::new(),
            devices: HashMap::new(),
            made: 0,
            written: 0,
        };
        let scope = SCOPE.to_owned();
        let code = Code { scope: scope.clone(), redirect: None, ends: i64::MAX };
        accounts.codes.insert(grant_code(seed), code);
        accounts.lasting.insert(refresh_token(seed), Lasting { scope, given: Vec::new() });
        accounts
    }

    /// Takes one line of the journal.
    pub fn replay(&mut self, entry: &Entry) {
        self.written = self.written.max(entry.id + 1);
        let set = entry.set.iter().flatten();
        let all: HashMap<&str, &str> =
            set.filter_map(|(k, v)| Some((k.as_str(), v.as_deref()?))).collect();
        if let Some(code) = all.get("used") {
            self.codes.remove(*code);
        }
        if let Some(token) = all.get("revoked") {
            self.lasting.remove(*token);
        }
        if let (Some(token), Some(scope)) = (all.get("refresh"), all.get("scope")) {
            let lasting = Lasting { scope: (*scope).to_owned(), given: Vec::new() };
            self.lasting.insert((*token).to_owned(), lasting);
            self.made += 1;
        }
    }

    fn note(&mut self, set: &[(&str, &str)]) {
        let set = set.iter().map(|(k, v)| ((*k).to_owned(), Some((*v).to_owned()))).collect();
        self.journal.append(&Entry { table: TABLE.to_owned(), id: self.written, set: Some(set) });
        self.written += 1;
    }

    /// A secret text of this server, another one each time.
    fn secret(&mut self, what: u64) -> String {
        self.made += 1;
        let now = u64::try_from(self.clock.now()).unwrap_or(0);
        format!("1000.{}", hex(self.seed ^ now, 0x1000 + what, self.made))
    }

    /// The scope of an access token that works.
    pub fn scope_of(&self, token: &str) -> Option<&str> {
        let token = self.tokens.get(token)?;
        (token.ends > self.clock.now()).then_some(token.scope.as_str())
    }

    /// Ends all access tokens.
    pub fn expire(&mut self) {
        self.tokens.clear();
    }

    /// Takes every consent back, as a user can do in Zoho.
    pub fn revoke_all(&mut self) {
        let all: Vec<String> = self.lasting.drain().map(|(token, _)| token).collect();
        for token in all {
            self.note(&[("revoked", &token)]);
        }
        self.tokens.clear();
    }

    /// A new code of the console with this scope.
    pub fn console_code(&mut self, scope: &str) -> String {
        let code = self.secret(1);
        let ends = self.clock.now() + CODE;
        self.codes.insert(code.clone(), Code { scope: scope.to_owned(), redirect: None, ends });
        code
    }

    /// Answers a request below `/oauth`.
    pub fn answer(&mut self, path: &str, request: &Request) -> Reply {
        let mut fields = pairs(&request.query);
        fields.extend(request.form());
        let get = |name: &str| last(&fields, name).unwrap_or_default();
        match path {
            "/oauth/v2/auth" => self.auth(&get),
            "/oauth/v2/token" => self.token(&get),
            "/oauth/v2/token/revoke" => self.revoke(get("token")),
            "/oauth/v3/device/code" => self.device_code(&get),
            "/oauth/v3/device/token" => self.device_token(&get),
            "/oauth/serverinfo" => {
                json_reply(200, &json!({"result": "success", "locations": {"us": self.home}}))
            }
            _ => fail(
                404,
                "INVALID_URL_PATTERN",
                "Please check if the URL trying to access is a correct one",
                json!({}),
            ),
        }
    }

    /// The page that asks for consent; here it is always given.
    fn auth<'a>(&mut self, get: &impl Fn(&str) -> &'a str) -> Reply {
        let page = |title: &str| {
            Reply::new(
                400,
                "text/html; charset=UTF-8",
                format!("<html><title>{title}</title></html>"),
            )
        };
        if get("client_id") != client_id(self.seed) {
            return page("Invalid Client");
        }
        let redirect = get("redirect_uri");
        if !redirect.starts_with("http") {
            return page("Invalid Redirect Uri");
        }
        let code = self.secret(2);
        let ends = self.clock.now() + CODE;
        let kept =
            Code { scope: get("scope").to_owned(), redirect: Some(redirect.to_owned()), ends };
        self.codes.insert(code.clone(), kept);
        let encode = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
                .to_string()
        };
        let sign = if redirect.contains('?') { '&' } else { '?' };
        let target = format!(
            "{redirect}{sign}state={}&code={}&location=us&accounts-server={}",
            encode(get("state")),
            encode(&code),
            encode(&self.home)
        );
        Reply::new(302, "text/html; charset=UTF-8", String::new()).with("location", target)
    }

    fn client_error<'a>(&self, get: &impl Fn(&str) -> &'a str) -> Option<Reply> {
        if get("client_id") != client_id(self.seed) {
            return Some(refused("invalid_client"));
        }
        (get("client_secret") != client_secret(self.seed)).then(|| refused("invalid_client_secret"))
    }

    fn token<'a>(&mut self, get: &impl Fn(&str) -> &'a str) -> Reply {
        if let Some(error) = self.client_error(get) {
            return error;
        }
        match get("grant_type") {
            "authorization_code" => self.exchange(get("code"), get("redirect_uri")),
            "refresh_token" => self.renew(get("refresh_token")),
            "client_credentials" => {
                let soid = format!("ZohoCRM.{}", super::settings::ZGID);
                if get("soid") != soid {
                    return refused("invalid_soid");
                }
                let token = self.give(get("scope"), "client");
                self.grant(&token, None)
            }
            _ => refused("general_error"),
        }
    }

    fn exchange(&mut self, code: &str, redirect: &str) -> Reply {
        let now = self.clock.now();
        let Some(known) = self.codes.get(code).filter(|c| c.ends > now).cloned() else {
            return refused("invalid_code");
        };
        if known.redirect.as_deref().is_some_and(|uri| uri != redirect) {
            return refused("invalid_redirect_uri");
        }
        self.codes.remove(code);
        self.note(&[("used", code)]);
        self.consent(&known.scope)
    }

    /// A lasting token and a first access token.
    fn consent(&mut self, scope: &str) -> Reply {
        let refresh = self.secret(3);
        self.note(&[("refresh", &refresh), ("scope", scope)]);
        let lasting = Lasting { scope: scope.to_owned(), given: vec![self.clock.now()] };
        self.lasting.insert(refresh.clone(), lasting);
        let access = self.give(scope, &refresh);
        self.grant(&access, Some(&refresh))
    }

    fn renew(&mut self, refresh: &str) -> Reply {
        let now = self.clock.now();
        let Some(lasting) = self.lasting.get_mut(refresh) else { return refused("invalid_code") };
        lasting.given.retain(|at| *at > now - 600);
        if lasting.given.len() >= IN_TEN_MINUTES {
            return json_reply(
                400,
                &json!({
                    "error_description": "You have made too many requests continuously. Please try again after some time.",
                    "error": "Access Denied",
                    "status": "failure"
                }),
            );
        }
        lasting.given.push(now);
        let scope = lasting.scope.clone();
        let access = self.give(&scope, refresh);
        self.grant(&access, None)
    }

    fn give(&mut self, scope: &str, of: &str) -> String {
        let access = self.secret(4);
        let ends = self.clock.now() + HOUR;
        let mut live: Vec<(i64, String)> = self
            .tokens
            .iter()
            .filter(|(_, t)| t.of == of)
            .map(|(token, t)| (t.ends, token.clone()))
            .collect();
        live.sort();
        if live.len() >= AT_A_TIME
            && let Some((_, oldest)) = live.first()
        {
            self.tokens.remove(oldest);
        }
        let token = Token { scope: scope.to_owned(), ends, of: of.to_owned() };
        self.tokens.insert(access.clone(), token);
        access
    }

    fn grant(&self, access: &str, refresh: Option<&str>) -> Reply {
        let mut body = json!({
            "access_token": access, "api_domain": self.home, "token_type": "Bearer", "expires_in": HOUR
        });
        if let (Some(refresh), Some(body)) = (refresh, body.as_object_mut()) {
            body.insert("refresh_token".into(), refresh.into());
        }
        json_reply(200, &body)
    }

    fn revoke(&mut self, token: &str) -> Reply {
        if self.lasting.remove(token).is_none() {
            return refused("invalid_code");
        }
        self.note(&[("revoked", token)]);
        self.tokens.retain(|_, t| t.of != token);
        json_reply(200, &json!({"status": "success"}))
    }

    fn device_code<'a>(&mut self, get: &impl Fn(&str) -> &'a str) -> Reply {
        if get("client_id") != client_id(self.seed) {
            return refused("invalid_client");
        }
        if get("grant_type") != "device_request" {
            return refused("general_error");
        }
        let device = self.secret(5);
        let user = device.get(5..11).unwrap_or("AAAAAA").to_uppercase();
        let ends = self.clock.now() + 300;
        let kept = DeviceCode { scope: get("scope").to_owned(), polls: 0, ends };
        self.devices.insert(device.clone(), kept);
        let page = format!("{}/device", self.home);
        json_reply(
            200,
            &json!({
                "user_code": user, "device_code": device, "verification_url": page,
                "verification_uri_complete": format!("{page}?user_code={user}"),
                "interval": INTERVAL, "expires_in": 300_000
            }),
        )
    }

    /// The first poll finds nobody; then the person has accepted.
    fn device_token<'a>(&mut self, get: &impl Fn(&str) -> &'a str) -> Reply {
        if let Some(error) = self.client_error(get) {
            return error;
        }
        let now = self.clock.now();
        let code = get("code").to_owned();
        let Some(device) = self.devices.get_mut(&code) else { return refused("invalid_code") };
        if device.ends <= now {
            return refused("expired");
        }
        device.polls += 1;
        if device.polls == 1 {
            return refused("authorization_pending");
        }
        let scope = device.scope.clone();
        self.devices.remove(&code);
        self.consent(&scope)
    }
}

/// The accounts server refuses with 200.
fn refused(error: &str) -> Reply {
    json_reply(200, &json!({ "error": error }))
}

/// Whether a scope covers one of the needed names.
pub fn covers(scope: &str, needed: &[String]) -> bool {
    scope.split([',', ' ']).any(|held| needed.iter().any(|n| n.eq_ignore_ascii_case(held)))
}

/// The names that cover an operation on a module.
pub fn module_scopes(module: &str, operation: &str) -> Vec<String> {
    let module = module.to_ascii_lowercase().replace('_', "");
    let mut all = vec!["ZohoCRM.modules.ALL".to_owned(), format!("ZohoCRM.modules.{operation}")];
    all.extend(["ALL", operation].map(|op| format!("ZohoCRM.modules.{module}.{op}")));
    if matches!(operation, "CREATE" | "UPDATE") {
        all.push(format!("ZohoCRM.modules.{module}.WRITE"));
    }
    all
}

fn hex(seed: u64, what: u64, n: u64) -> String {
    format!("{:016x}{:016x}", mix(seed, what, n), mix(seed, what + 1, n))
}

/// The client.
pub fn client_id(seed: u64) -> String {
    format!("1000.{}", hex(seed, 0x21, 0).to_uppercase())
}

/// Its secret.
pub fn client_secret(seed: u64) -> String {
    hex(seed, 0x23, 0)
}

/// A code of the console, good for one exchange.
pub fn grant_code(seed: u64) -> String {
    format!("1000.{}", hex(seed, 0x25, 0))
}

/// A lasting token.
pub fn refresh_token(seed: u64) -> String {
    format!("1000.{}", hex(seed, 0x27, 0))
}

/// What the settings form asks for.
pub fn credentials(seed: u64, home: &str) -> BTreeMap<String, String> {
    let all = [
        ("data_center", "us".to_owned()),
        ("client_id", client_id(seed)),
        ("client_secret", client_secret(seed)),
        ("auth_url", format!("{home}/oauth/v2/auth")),
        ("token_url", format!("{home}/oauth/v2/token")),
        ("scope", SCOPE.to_owned()),
        ("redirect_url", "http://localhost:8080/syncdeck".to_owned()),
        ("grant_code", grant_code(seed)),
        ("refresh_token", refresh_token(seed)),
        ("accounts_url", home.to_owned()),
        ("api_url", home.to_owned()),
        ("books_url", home.to_owned()),
    ];
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

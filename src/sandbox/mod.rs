//! Loopback imitations of the systems SyncDeck connects, for trying the program and testing it.
//!
//! The records are computed from a seed and only edits are kept, so a sandbox of a million records
//! starts at once and stays small. All systems answer on one port of a loopback address, each
//! below its own path. The sandbox is written from what the real systems were seen to do and uses
//! nothing of the connectors or the engine: a misreading must not pass on both sides.

mod clock;
mod edits;
mod error;
mod faults;
mod gate;
mod http;
mod irujul;
mod journal;
mod magento;
mod patch;
mod rest;
mod seed;
mod server;
mod shelf;
mod text;
mod vtiger;
mod wire;
mod woo;
mod zoho;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

pub use self::error::SandboxError;
pub use self::faults::{BadFault, Fault, FaultKind};
pub use self::gate::{System, Writes};
pub use self::magento::Switches as MagentoSwitches;
use self::server::App;
pub use self::vtiger::Release as VtigerRelease;
pub use self::woo::Switches as WooSwitches;

/// How a sandbox is to be.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// Where to listen; port 0 takes the port the state folder remembers, or a free one.
    pub listen: SocketAddr,
    /// How many distinct people, and how many distinct products; by default what the state folder
    /// remembers, or 200.
    pub records: Option<u64>,
    /// The seed of the data; by default what the state folder remembers, or 1.
    pub seed: Option<u64>,
    /// The instant (Unix seconds) nothing seeded is younger than; by default the time of the first
    /// start.
    pub base: Option<i64>,
    /// Every request takes so much longer.
    pub latency: Duration,
    /// What goes wrong, and how often.
    pub faults: Vec<Fault>,
    /// A folder that keeps edits and port, so that a restarted sandbox goes on where it was.
    pub state_dir: Option<PathBuf>,
    /// Which Vtiger it has.
    pub vtiger: VtigerRelease,
    /// Vtiger holds no records at first.
    pub empty_crm: bool,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            records: None,
            seed: None,
            base: None,
            latency: Duration::ZERO,
            faults: Vec::new(),
            state_dir: None,
            vtiger: VtigerRelease::default(),
            empty_crm: false,
        }
    }
}

/// How the imitated systems are reached, with the names of their settings forms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Credentials {
    /// Vtiger.
    pub vtiger: VtigerCredentials,
    /// WooCommerce.
    pub woocommerce: WooCredentials,
    /// Magento.
    pub magento: MagentoCredentials,
    /// Zoho, by the names of its settings form, and what clients of other makes need.
    pub zoho: BTreeMap<String, String>,
    /// iRujul.
    pub irujul: IrujulCredentials,
    /// The plain REST service: `base_url` is one of its variants, `home` the address above all of
    /// them, and what each of them may want.
    pub rest: BTreeMap<String, String>,
}

/// How the imitated iRujul is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IrujulCredentials {
    /// The address above `apis`.
    pub base_url: String,
    /// The client.
    pub client_id: String,
    /// Its key.
    pub secret_key: String,
}

/// A system that is only read, and edited by tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// iRujul.
    Irujul,
    /// The plain REST service.
    Rest,
}

/// How the imitated Vtiger is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VtigerCredentials {
    /// The URL below which `webservice.php` is.
    pub url: String,
    /// The user.
    pub username: String,
    /// Its access key.
    pub access_key: String,
}

/// How the imitated shop is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WooCredentials {
    /// The shop's home.
    pub app_url: String,
    /// The key.
    pub consumer_key: String,
    /// The key's secret.
    pub consumer_secret: String,
}

/// How the imitated Magento is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MagentoCredentials {
    /// The shop's address.
    pub base_url: String,
    /// The first of the four values of the integration.
    pub consumer_key: String,
    /// The second one.
    pub consumer_secret: String,
    /// The third one.
    pub access_token: String,
    /// The fourth one.
    pub access_token_secret: String,
}

/// What an integration of the imitated Magento may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MagentoKey {
    /// Everything: the one in the credentials.
    Full,
    /// Read customers, and nothing else.
    CustomersOnly,
}

/// What a key of the shop may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WooKey {
    /// An administrator's key for reading and writing: the one in the credentials.
    ReadWrite,
    /// An administrator's key for reading.
    Read,
    /// An administrator's key for writing.
    Write,
    /// A shop manager's key for reading and writing.
    ShopManager,
}

/// A running sandbox.
#[derive(Debug)]
pub struct Sandbox {
    app: Arc<App>,
    address: SocketAddr,
    traffic: Arc<wire::Traffic>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Starts a sandbox; it serves when this returns.
pub async fn start(options: SandboxOptions) -> Result<Sandbox, SandboxError> {
    server::start(options).await
}

impl Sandbox {
    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// URLs and keys of all systems.
    pub fn credentials(&self) -> Credentials {
        Credentials {
            vtiger: VtigerCredentials {
                url: format!("http://{}/vtiger{}", self.address, self.app.vtiger.address()),
                username: vtiger::USERNAME.to_owned(),
                access_key: vtiger::Vtiger::access_key(self.app.world.seed, 1),
            },
            woocommerce: self.woo_credentials(WooKey::ReadWrite),
            magento: self.magento_credentials(MagentoKey::Full),
            zoho: zoho::accounts::credentials(
                self.app.world.seed,
                &format!("http://{}/zoho", self.address),
            ),
            irujul: self.irujul_credentials(),
            rest: rest::credentials(self.app.world.seed, &format!("http://{}/rest", self.address)),
        }
    }

    fn irujul_credentials(&self) -> IrujulCredentials {
        let (client_id, secret_key) = irujul::client(self.app.world.seed);
        let base_url = format!("http://{}/irujul", self.address);
        IrujulCredentials { base_url, client_id, secret_key }
    }

    fn shelf(&self, source: Source) -> &shelf::Shelf {
        match source {
            Source::Irujul => &self.app.irujul.shelf,
            Source::Rest => &self.app.rest.shelf,
        }
    }

    /// Changes a record of a system that is only read, or makes one: its number. `table` is
    /// `contacts`, `products`, `orders`, `invoices` or `taxes`; the facts are those of the seeded
    /// records (`first`, `city`, `price` in cents).
    pub fn put(&self, source: Source, table: &str, id: Option<u64>, facts: &Value) -> Option<u64> {
        let table = shelf::Table::named(table)?;
        Some(self.shelf(source).put(table, id, facts, self.app.clock.now()))
    }

    /// Deletes a record of a system that is only read.
    pub fn remove(&self, source: Source, table: &str, id: u64) {
        if let Some(table) = shelf::Table::named(table) {
            self.shelf(source).remove(table, id, self.app.clock.now());
        }
    }

    /// Magento's credentials with one of its integrations.
    pub fn magento_credentials(&self, key: MagentoKey) -> MagentoCredentials {
        let [consumer_key, consumer_secret, access_token, access_token_secret] =
            magento::integration_values(self.app.world.seed, key);
        MagentoCredentials {
            base_url: format!("http://{}/magento", self.address),
            consumer_key,
            consumer_secret,
            access_token,
            access_token_secret,
        }
    }

    /// How the imitated Magento is configured; can be changed while it runs.
    pub fn magento_switches(&self) -> &MagentoSwitches {
        &self.app.magento.switches
    }

    /// How the imitated shop differs from others; can be changed while it runs.
    pub fn woo_switches(&self) -> &WooSwitches {
        &self.app.woo.switches
    }

    /// Does a request to Magento's `V1` with all rights, past signature and network:
    /// `magento("PUT", "customers/12", &json!({…}))`. The path may have a query string.
    pub fn magento(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let method = method.parse().unwrap_or(Method::GET);
        let reply = self.app.magento.trusted(&method, path, body);
        (reply.status.as_u16(), serde_json::from_str(&reply.body).unwrap_or(Value::Null))
    }

    /// The shop's credentials with one of its other keys.
    pub fn woo_credentials(&self, key: WooKey) -> WooCredentials {
        let (consumer_key, consumer_secret) = woo::key_pair(self.app.world.seed, key);
        WooCredentials {
            app_url: format!("http://{}/shop", self.address),
            consumer_key,
            consumer_secret,
        }
    }

    /// The seed of the data.
    pub fn seed(&self) -> u64 {
        self.app.world.seed
    }

    /// How many distinct people, and how many distinct products, were seeded.
    pub fn records(&self) -> u64 {
        self.app.world.records
    }

    /// How many requests came for each operation, by `vtiger query`, `woocommerce GET customers`.
    pub fn requests(&self) -> BTreeMap<String, u64> {
        self.app.gate.counts()
    }

    /// How many requests are being served right now.
    pub fn in_flight(&self) -> u64 {
        self.app.gate.in_flight()
    }

    /// How many records requests created, changed and deleted, by `vtiger Contacts created`. What
    /// was done past the network ([`Sandbox::vtiger`], [`Sandbox::woo`]) is not in it.
    pub fn deeds(&self) -> BTreeMap<String, u64> {
        self.app.gate.deeds()
    }

    /// The write requests as they begin, are applied, and are answered: wait for the next step with
    /// `changed()`.
    pub fn writes(&self) -> watch::Receiver<Writes> {
        self.app.gate.writes()
    }

    /// How many write requests have begun and are not answered yet.
    pub fn writes_in_flight(&self) -> u64 {
        self.app.gate.writes().borrow().in_flight()
    }

    /// Makes every write take so much longer, half of it before and half after it is applied.
    pub fn slow_writes(&self, by: Duration) {
        self.app.gate.slow_writes(by);
    }

    /// From now on these faults and no others.
    pub fn set_faults(&self, faults: &[Fault]) {
        self.app.gate.faults.set(faults);
    }

    /// How often each fault was given so far, by `system:kind`.
    pub fn faults_given(&self) -> BTreeMap<String, u64> {
        self.app.gate.faults.counts()
    }

    /// Moves the systems' clocks forward, so that a test need not sleep between two stamps.
    pub fn advance_clock(&self, by: Duration) {
        self.app.clock.advance(by);
    }

    /// Ends all of Vtiger's sessions, as idling does, and all tokens of the others.
    pub fn expire_sessions(&self) {
        self.app.irujul.expire_tokens();
        self.app.rest.expire_tokens();
        self.app.vtiger.expire_sessions();
        self.app.zoho.expire_tokens();
    }

    /// Takes every consent back that was given in Zoho.
    pub fn revoke_zoho(&self) {
        self.app.zoho.revoke_consent();
    }

    /// A grant code of Zoho's console with this scope, good for one exchange.
    pub fn zoho_code(&self, scope: &str) -> String {
        self.app.zoho.console_code(scope)
    }

    /// Does a request to Zoho's `crm/v8` as its user, past tokens and network:
    /// `zoho("PUT", "Contacts/12", &json!({"data": […]}))`; a path below `books/v3/` goes to Books.
    pub fn zoho(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let method = method.parse().unwrap_or(Method::GET);
        let reply = self.app.zoho.trusted(&method, path, body);
        (reply.status.as_u16(), serde_json::from_str(&reply.body).unwrap_or(Value::Null))
    }

    /// Does a Vtiger operation as the administrator, past login and network, and gives back the
    /// envelope; null when PHP would have died.
    pub fn vtiger(&self, operation: &str, parameters: &[(&str, &str)]) -> Value {
        let reply = self.app.vtiger.trusted(operation, parameters);
        serde_json::from_str(&reply.body).unwrap_or(Value::Null)
    }

    /// Takes a record of Vtiger out of its recycle bin, as a person does; false: it is not there.
    pub fn vtiger_restore(&self, id: &str) -> bool {
        self.app.vtiger.restore(id)
    }

    /// Does a request to the shop's `wc/v3` as the administrator, past keys and network:
    /// `woo("PUT", "customers/12", &json!({…}))`. The path may have a query string.
    pub fn woo(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let method = method.parse().unwrap_or(Method::GET);
        let reply = self.app.woo.trusted(&method, path, body);
        (reply.status.as_u16(), serde_json::from_str(&reply.body).unwrap_or(Value::Null))
    }

    /// Bytes that came in and went out over the network, heads of requests and answers included.
    pub fn bytes(&self) -> (u64, u64) {
        self.traffic.bytes()
    }

    /// Stops serving; requests under way are finished first.
    pub async fn stop(self) {
        let Self { stop, mut task, .. } = self;
        let _ = stop.send(());
        if tokio::time::timeout(Duration::from_secs(5), &mut task).await.is_err() {
            task.abort();
        }
    }

    /// Serves until the server ends by itself, which it does not.
    pub async fn wait(self) {
        let _keep = self.stop;
        let _ = self.task.await;
    }
}

#[cfg(test)]
mod tests;

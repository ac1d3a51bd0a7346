//! HTTP for the connectors: bounded, paced, patient with reads, careful with writes, and silent
//! about secrets.
//!
//! A connector hands [`Http::run`] a [`Plan`], a closure that makes the request (anew for each try,
//! so that signatures are fresh) and one that reads the answer. Redirects are never followed.
//! Reads are repeated with growing pauses; a write is repeated only when it certainly was not
//! applied (no connection came about, or the server said 429).

mod answer;
mod body;
mod fault;
mod mask;
mod pace;
mod retry;
mod transport;
pub(crate) mod url;

#[cfg(test)]
pub(crate) mod stub;
#[cfg(test)]
mod tests;

pub(crate) use answer::Answer;
pub(crate) use fault::Fault;
pub(crate) use mask::Mask;
pub(crate) use retry::Plan;

use super::{ConnectOptions, ErrorKind, Exchange, RemoteError, RemoteResult, Tap};
use crate::model::{Stamp, UserError};
use pace::Pace;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Certificate, Client, Method, Request, Url, redirect};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// The largest answer that is read.
const BODY_LIMIT: usize = 64 << 20;
/// So much room is made at once for an answer that announces its length.
const ROOM: usize = 1 << 20;
/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);
/// How long the next piece of an answer may take.
const IDLE: Duration = Duration::from_secs(30);
/// Connections are closed before the usual 5 s of web servers end, so that a write does not meet a
/// connection that is just being closed.
const POOL_IDLE: Duration = Duration::from_secs(4);
/// How much of a body the debug log keeps.
const TAP_LIMIT: usize = 4096;

/// How much of a request an error shows, in characters.
const SHOWN: usize = 160;

/// A request. It has no `Debug`: keys may stand in its address, headers and body.
pub(crate) struct Call {
    /// The method.
    pub(crate) method: Method,
    /// The address, with its query.
    pub(crate) url: Url,
    /// Headers.
    pub(crate) headers: HeaderMap,
    /// Content type and body.
    pub(crate) body: Option<(&'static str, Vec<u8>)>,
}

impl Call {
    /// A GET of this address.
    pub(crate) fn get(url: Url) -> Self {
        Self { method: Method::GET, url, headers: HeaderMap::new(), body: None }
    }
}

/// What was seen of an answer, also of one that broke off.
#[derive(Default)]
struct Seen {
    status: u16,
    bytes: u64,
}

/// The HTTP client of one connection.
pub(crate) struct Http {
    system: &'static str,
    client: Client,
    pace: Pace,
    mask: Mask,
    tap: Option<Tap>,
    sent: AtomicU64,
    repeated: AtomicU64,
    worked: AtomicBool,
    limit: usize,
}

impl Http {
    /// A client for a system at `base`.
    ///
    /// # Errors
    /// The certificate authority in the options is not readable.
    pub(crate) fn new(
        system: &'static str,
        base: &Url,
        options: &ConnectOptions,
        at_a_time: usize,
        mask: Mask,
    ) -> Result<Self, UserError> {
        Ok(Self {
            system,
            client: client(base, options)?,
            pace: Pace::new(at_a_time, options.requests_per_second),
            mask,
            tap: options.tap.clone(),
            sent: AtomicU64::new(0),
            repeated: AtomicU64::new(0),
            worked: AtomicBool::new(false),
            limit: BODY_LIMIT,
        })
    }

    /// Requests sent, and how many of them were repetitions.
    pub(crate) fn requests(&self) -> (u64, u64) {
        (self.sent.load(Ordering::Relaxed), self.repeated.load(Ordering::Relaxed))
    }

    /// Takes what turned out to be a secret (a session, a token) out of all that is shown from now
    /// on.
    pub(crate) fn conceal(&self, secret: &str) {
        self.mask.learn(secret);
    }

    /// A text without secrets.
    pub(crate) fn hidden(&self, text: &str) -> String {
        self.mask.text(text)
    }

    /// An error without secrets, for those that are made of an answer after [`Self::run`].
    pub(crate) fn discreet(&self, mut error: RemoteError) -> RemoteError {
        for part in [&mut error.error.what, &mut error.error.why, &mut error.error.next] {
            *part = self.mask.text(part);
        }
        error
    }

    /// Whether the API has answered properly on this connection.
    pub(crate) fn worked(&self) -> bool {
        self.worked.load(Ordering::Relaxed)
    }

    /// Sends a request until it succeeds, fails for good, or the plan's patience ends.
    ///
    /// # Errors
    /// The last failure.
    pub(crate) async fn run<T: Send>(
        &self,
        plan: Plan,
        make: impl Fn() -> Call + Send + Sync,
        read: impl Fn(&Answer) -> Result<T, Fault> + Send + Sync,
    ) -> RemoteResult<T> {
        let mut found = None;
        let mut keep = |answer: &Answer| {
            found = Some(read(answer)?);
            Ok(())
        };
        self.repeat(plan, &make, &mut keep).await?;
        found.ok_or_else(RemoteError::unanswered)
    }

    /// [`Self::run`] without the types of its caller: dozens of them share one such loop.
    async fn repeat(
        &self,
        plan: Plan,
        make: &(dyn Fn() -> Call + Send + Sync),
        read: &mut (dyn FnMut(&Answer) -> Result<(), Fault> + Send),
    ) -> RemoteResult<()> {
        let start = Instant::now();
        let mut pauses = plan.pauses();
        let mut tries = 0;
        loop {
            let left = plan.total.saturating_sub(start.elapsed());
            let outcome = self.once(make(), &plan, tries, left).await;
            tries += 1;
            let fault = match outcome.and_then(|answer| read(&answer)) {
                Ok(()) => {
                    self.worked.store(true, Ordering::Relaxed);
                    self.pace.went_well();
                    return Ok(());
                }
                Err(fault) => fault,
            };
            if let Some(wait) = fault.slow {
                self.pace.complained(wait);
            }
            let pause = pauses.next().map(|p| p.max(fault.wait().unwrap_or_default()));
            match pause {
                Some(pause) if fault.again && start.elapsed() + pause < plan.total => {
                    sleep(pause).await;
                }
                _ => {
                    let shown = self.shown_short(&make());
                    return Err(self.finished(*fault.error, shown, tries, start.elapsed()));
                }
            }
        }
    }

    fn finished(
        &self,
        mut error: RemoteError,
        request: String,
        tries: u32,
        elapsed: Duration,
    ) -> RemoteError {
        error.request = request;
        error.tries = tries;
        error.elapsed = elapsed;
        self.discreet(error)
    }

    async fn once(
        &self,
        call: Call,
        plan: &Plan,
        tries: u32,
        left: Duration,
    ) -> Result<Answer, Fault> {
        let Ok(_turn) = timeout(left, self.pace.turn()).await else {
            return Err(self.no_turn());
        };
        self.sent.fetch_add(1, Ordering::Relaxed);
        if tries > 0 {
            self.repeated.fetch_add(1, Ordering::Relaxed);
        }
        let time = Stamp::now();
        let start = Instant::now();
        let heard = self.tap.as_ref().map(|_| (self.tapped(&call), self.shown_body(&call)));
        if self.tap.is_some() {
            self.learn_from(&call);
        }
        let sent = call.body.as_ref().map_or(0, |(_, body)| body.len() as u64);
        let mut seen = Seen::default();
        let result = self.exchange(call, plan, &mut seen).await;
        if let (Some(tap), Some((request, body))) = (&self.tap, heard) {
            let answer = match &result {
                Ok(answer) => self.mask.body(&answer.body, TAP_LIMIT),
                Err(fault) => self.mask.text(&fault.error.error.one_line()),
            };
            tap(Exchange {
                time,
                system: self.system.to_owned(),
                request,
                body,
                status: seen.status,
                answer,
                millis: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
                sent,
                received: seen.bytes,
            });
        }
        let answer = result?;
        answer.screen()?;
        Ok(answer)
    }

    async fn exchange(&self, call: Call, plan: &Plan, seen: &mut Seen) -> Result<Answer, Fault> {
        let url = call.url.clone();
        let write = plan.write;
        let start = Instant::now();
        let sent = timeout(plan.answer, self.client.execute(request(call)));
        let mut response = match sent.await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(transport::fault(&error, &url, write)),
            Err(_) => return Err(transport::timed_out(&url, write)),
        };
        seen.status = response.status().as_u16();
        let announced = response.content_length().and_then(|n| usize::try_from(n).ok());
        let mut answer = Answer {
            system: self.system,
            host: url::host(&url),
            status: seen.status,
            headers: std::mem::take(response.headers_mut()),
            body: Vec::with_capacity(announced.unwrap_or(0).min(ROOM)),
            write,
            worked_before: self.worked(),
            took: Duration::ZERO,
        };
        let deadline = start + plan.answer + IDLE;
        loop {
            let wait = IDLE.min(deadline.saturating_duration_since(Instant::now()));
            match timeout(wait, response.chunk()).await {
                Ok(Ok(Some(piece))) if answer.body.len() + piece.len() <= self.limit => {
                    seen.bytes += piece.len() as u64;
                    answer.body.extend_from_slice(&piece);
                }
                Ok(Ok(Some(_))) => return Err(self.endless(&answer)),
                Ok(Ok(None)) => break,
                Ok(Err(error)) => return Err(transport::fault(&error, &url, write)),
                Err(_) => return Err(transport::timed_out(&url, write)),
            }
        }
        answer.took = start.elapsed();
        Ok(answer)
    }

    fn no_turn(&self) -> Fault {
        Fault::new(
            ErrorKind::RateLimited { wait: None },
            UserError::new(
                format!("No request to {} could be sent in time.", self.system),
                "The system asked for a pause that is not over yet.",
                "It is tried again at the next sync.",
            ),
        )
        .at_once()
    }

    fn endless(&self, answer: &Answer) -> Fault {
        // Where the API has answered before, it is an accident and no wrong address.
        let kind = match (answer.write, answer.worked_before) {
            (true, _) => ErrorKind::Unknown,
            (false, true) => ErrorKind::Temporary,
            (false, false) => ErrorKind::NotTheApi,
        };
        let fault = Fault::new(
            kind,
            UserError::new(
                format!("{} sent an answer without end.", answer.host),
                format!("It was cut off at {} MiB.", self.limit >> 20),
                format!("Check that the address is the one of {}.", self.system),
            ),
        );
        if answer.worked_before { fault } else { fault.at_once() }
    }

    /// The request in an error: its beginning, since a query may be long.
    fn shown_short(&self, call: &Call) -> String {
        let shown = self.shown(call);
        match shown.char_indices().nth(SHOWN) {
            Some((at, _)) => format!("{}…", &shown[..at]),
            None => shown,
        }
    }

    /// The secrets that this one request carries.
    fn learn_from(&self, call: &Call) {
        self.mask.learn_from(call.url.as_str());
        if let Some((_, body)) = &call.body {
            let head = &body[..body.len().min(TAP_LIMIT)];
            self.mask.learn_from(&String::from_utf8_lossy(head));
        }
    }

    /// The request in the debug log: a query may be as long as a body.
    fn tapped(&self, call: &Call) -> String {
        self.mask.body(format!("{} {}", call.method, call.url).as_bytes(), TAP_LIMIT)
    }

    fn shown(&self, call: &Call) -> String {
        self.mask.text(&format!("{} {}", call.method, call.url))
    }

    fn shown_body(&self, call: &Call) -> String {
        match &call.body {
            Some((_, body)) => self.mask.body(body, TAP_LIMIT),
            None => String::new(),
        }
    }
}

fn request(call: Call) -> Request {
    let mut request = Request::new(call.method, call.url);
    *request.headers_mut() = call.headers;
    if let Some((kind, body)) = call.body {
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        *request.body_mut() = Some(body.into());
    }
    request
}

fn client(base: &Url, options: &ConnectOptions) -> Result<Client, UserError> {
    // Another part of the process may have installed one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut extra = Vec::new();
    if let Some(pem) = &options.ca_pem {
        extra = Certificate::from_pem_bundle(pem).map_err(|e| no_authority(&e.to_string()))?;
        if extra.is_empty() {
            return Err(no_authority("there is no CERTIFICATE block in it"));
        }
    }
    let builder = || {
        let builder = Client::builder()
            .user_agent(concat!("SyncDeck/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT)
            .pool_idle_timeout(POOL_IDLE)
            .tcp_nodelay(true);
        if url::is_loopback(base) { builder.no_proxy() } else { builder }
    };
    if base.scheme() == "http" {
        // No certificates are needed, and reading the machine's takes time.
        return builder().tls_certs_only([]).build().map_err(|e| no_client(&e));
    }
    if !extra.is_empty() {
        let alone = builder().tls_certs_only(extra.clone()).build();
        alone.map_err(|e| no_authority(&e.to_string()))?;
    }
    builder()
        .tls_certs_merge(extra.clone())
        .build()
        // A machine without any certificates of its own still has the authority it was given.
        .or_else(|_| builder().tls_certs_only(extra).build())
        .map_err(|e| no_client(&e))
}

fn no_authority(why: &str) -> UserError {
    UserError::new(
        "The file with the certificate authority (ca_file) cannot be used.",
        format!("{why}."),
        "It must hold one or more certificates in PEM, beginning with -----BEGIN CERTIFICATE-----.",
    )
}

fn no_client(error: &reqwest::Error) -> UserError {
    UserError::new(
        "The HTTP client could not be set up.",
        format!("{error}."),
        "Check the machine's certificates and the ca_file setting.",
    )
}

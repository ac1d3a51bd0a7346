//! The server in front of the imitations: one port, a path for each system.

use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, Response, header::DATE};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::clock::Clock;
use super::gate::{Gate, System};
use super::http::{Reply, Request};
use super::journal::{Entry, Journal, Origin};
use super::magento::Magento;
use super::seed::World;
use super::vtiger::Vtiger;
use super::woo::Woo;
use super::zoho::Zoho;
use super::{Sandbox, SandboxError, SandboxOptions};

const BODY_LIMIT: usize = 64 << 20;

/// What web servers accept as an address without being told otherwise.
const URI_LIMIT: usize = 8190;

/// Everything that serves.
#[derive(Debug)]
pub struct App {
    pub(super) world: Arc<World>,
    pub(super) clock: Arc<Clock>,
    pub(super) gate: Gate,
    pub(super) vtiger: Vtiger,
    pub(super) woo: Woo,
    pub(super) magento: Magento,
    pub(super) zoho: Zoho,
}

/// What a state folder gave.
struct Kept {
    origin: Option<Origin>,
    journal: Journal,
    entries: Vec<Entry>,
}

pub(super) async fn start(options: SandboxOptions) -> Result<Sandbox, SandboxError> {
    if !is_loopback(options.listen.ip()) {
        return Err(SandboxError::NotLoopback(options.listen));
    }
    let folder = options.state_dir.as_deref();
    let kept = folder.map_or_else(|| Ok(Kept::nothing()), Kept::open)?;
    let clock = Arc::new(Clock::default());
    let mut origin = origin(&options, &kept, clock.now())?;
    let listener = listen(&options, origin.port).await?;
    let address = listener
        .local_addr()
        .map_err(|e| SandboxError::Listen { address: options.listen, why: e.to_string() })?;
    origin.port = address.port();
    if let Some(folder) = folder {
        origin.write(folder)?;
    }
    let world = Arc::new(World::new(origin.seed, origin.records, origin.base));
    let journal = Arc::new(kept.journal);
    let vtiger =
        Vtiger::new(Arc::clone(&world), Arc::clone(&clock), Arc::clone(&journal), &kept.entries)?
            .like(options.vtiger);
    let home = format!("http://{address}/shop");
    let (of_woo, of_magento) = (Arc::clone(&journal), Arc::clone(&journal));
    let woo = Woo::new(Arc::clone(&world), Arc::clone(&clock), of_woo, &kept.entries, home)?;
    let home = format!("http://{address}/magento");
    let (shared, time) = (Arc::clone(&world), Arc::clone(&clock));
    let magento = Magento::new(shared, time, of_magento, &kept.entries, home);
    let home = format!("http://{address}/zoho");
    let zoho = Zoho::new(Arc::clone(&world), Arc::clone(&clock), journal, &kept.entries, home);
    let gate = Gate::new(options.latency);
    let app = Arc::new(App { world, clock, gate, vtiger, woo, magento, zoho });
    let router = Router::new().fallback(serve).with_state(Arc::clone(&app));
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(async move {
        let listener = listener.tap_io(|socket| {
            let _ = socket.set_nodelay(true);
        });
        let served = axum::serve(listener, router).with_graceful_shutdown(async move {
            let _ = stopped.await;
        });
        if let Err(e) = served.await {
            eprintln!("sandbox: {e}");
        }
    });
    Ok(Sandbox { app, address, stop, task })
}

fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

impl Kept {
    fn nothing() -> Self {
        Self { origin: None, journal: Journal::default(), entries: Vec::new() }
    }

    fn open(folder: &Path) -> Result<Self, SandboxError> {
        fs::create_dir_all(folder).map_err(|e| SandboxError::state(folder, &e))?;
        let origin = Origin::read(folder)?;
        let (journal, entries) = Journal::open(folder)?;
        Ok(Self { origin, journal, entries })
    }
}

/// The kept start, or a new one; asking for other data than the folder's is refused.
fn origin(options: &SandboxOptions, kept: &Kept, now: i64) -> Result<Origin, SandboxError> {
    match (&kept.origin, &options.state_dir) {
        (Some(origin), Some(folder)) => {
            let same = options.records.is_none_or(|n| n == origin.records)
                && options.seed.is_none_or(|s| s == origin.seed);
            if !same {
                let (records, seed) = (origin.records, origin.seed);
                return Err(SandboxError::OtherData { folder: folder.clone(), records, seed });
            }
            Ok(origin.clone())
        }
        _ => Ok(Origin {
            seed: options.seed.unwrap_or(1),
            records: options.records.unwrap_or(200),
            base: options.base.unwrap_or(now).min(now),
            port: 0,
        }),
    }
}

async fn listen(options: &SandboxOptions, kept_port: u16) -> Result<TcpListener, SandboxError> {
    let mut address = options.listen;
    let kept = address.port() == 0 && kept_port != 0;
    if kept {
        address.set_port(kept_port);
    }
    TcpListener::bind(address).await.map_err(|e| match &options.state_dir {
        Some(folder) if kept => SandboxError::PortTaken { port: kept_port, folder: folder.clone() },
        _ => SandboxError::Listen { address, why: e.to_string() },
    })
}

async fn serve(State(app): State<Arc<App>>, request: axum::extract::Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    if parts.uri.path_and_query().is_some_and(|uri| uri.as_str().len() > URI_LIMIT) {
        return respond(html(414, "Request-URI Too Large"));
    }
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return respond(html(413, "Request Entity Too Large"));
    };
    let request = Request {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: body.to_vec(),
    };
    let mut response = respond(app.route(request).await);
    if let Some(date) = http_date(app.clock.now()) {
        response.headers_mut().insert(DATE, date);
    }
    response
}

/// The systems' own clock, as every answer of theirs tells it.
fn http_date(secs: i64) -> Option<HeaderValue> {
    let now = jiff::Timestamp::from_second(secs).ok()?;
    let text = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).ok()?;
    HeaderValue::from_str(&text).ok()
}

impl App {
    async fn route(&self, mut request: Request) -> Reply {
        if let Some(rest) = below(&request.path, "/vtiger") {
            if rest != "/webservice.php" {
                return html(200, "Vtiger");
            }
            let _pass = self.gate.enter(System::Vtiger, Vtiger::operation(&request)).await;
            return self.vtiger.answer(&request).await;
        }
        if let Some(rest) = below(&request.path, "/shop") {
            request.path = rest.to_owned();
            let _pass = self.gate.enter(System::WooCommerce, Woo::operation(&request)).await;
            return self.woo.answer(&request);
        }
        if let Some(rest) = below(&request.path, "/magento") {
            request.path = rest.to_owned();
            let _pass = self.gate.enter(System::Magento, Magento::operation(&request)).await;
            return self.magento.answer(&request);
        }
        if let Some(rest) = below(&request.path, "/zoho") {
            request.path = rest.to_owned();
            let _pass = self.gate.enter(System::Zoho, Zoho::operation(&request)).await;
            return self.zoho.answer(&request);
        }
        html(404, "Not Found")
    }
}

/// The rest of a path below a folder.
fn below<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    path.strip_prefix(folder).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn html(status: u16, title: &str) -> Reply {
    let body = format!(
        "<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    );
    Reply::new(status, "text/html; charset=UTF-8", body)
}

fn respond(reply: Reply) -> Response<Body> {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = reply.status;
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    response
}

//! The server in front of the imitations: one port, a path for each system.

use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderValue, Method, Response, header::DATE};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::clock::Clock;
use super::faults::spoil::{self, page, respond};
use super::faults::{FaultKind, Faults};
use super::gate::{Gate, Line, System};
use super::http::{Reply, Request};
use super::irujul::Irujul;
use super::journal::{Entry, Journal, Origin};
use super::magento::Magento;
use super::rest::Rest;
use super::seed::World;
use super::vtiger::Vtiger;
use super::wire::{Cut, Traffic, Wires};
use super::woo::Woo;
use super::zoho::Zoho;
use super::{Sandbox, SandboxError, SandboxOptions};

const BODY_LIMIT: usize = 64 << 20;

/// What web servers accept as an address without being told otherwise.
const URI_LIMIT: usize = 8190;

/// Where Vtiger's database has another zone, it is this far from UTC.
const WEST: i64 = -5 * 3_600;

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
    pub(super) irujul: Irujul,
    pub(super) rest: Rest,
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
    let world = World::new(origin.seed, origin.records, origin.base);
    let world = Arc::new(if origin.empty_crm { world.with_empty_crm() } else { world });
    let journal = Arc::new(kept.journal);
    let gate = Gate::new(options.latency, Faults::new(origin.seed, &options.faults));
    let zone = if gate.faults.strikes(System::Vtiger, FaultKind::LocalTime) { WEST } else { 0 };
    let clocks = (Arc::clone(&clock), zone);
    let (shared, of_vtiger) = (Arc::clone(&world), Arc::clone(&journal));
    let vtiger = Vtiger::new(shared, clocks, of_vtiger, &kept.entries, options.vtiger)?;
    let home = format!("http://{address}/shop");
    let (of_woo, of_magento) = (Arc::clone(&journal), Arc::clone(&journal));
    let woo = Woo::new(Arc::clone(&world), Arc::clone(&clock), of_woo, &kept.entries, home)?;
    let home = format!("http://{address}/magento");
    let (shared, time) = (Arc::clone(&world), Arc::clone(&clock));
    let magento = Magento::new(shared, time, of_magento, &kept.entries, home);
    let home = format!("http://{address}/zoho");
    let zoho = Zoho::new(Arc::clone(&world), Arc::clone(&clock), journal, &kept.entries, home);
    let irujul = Irujul::new(Arc::clone(&world), Arc::clone(&clock));
    let home = format!("http://{address}/rest");
    let rest = Rest::new(Arc::clone(&world), Arc::clone(&clock), home);
    let app = Arc::new(App { world, clock, gate, vtiger, woo, magento, zoho, irujul, rest });
    let router = Router::new().fallback(serve).with_state(Arc::clone(&app));
    let router = router.into_make_service_with_connect_info::<Cut>();
    let traffic = Arc::new(Traffic::default());
    let wires = Wires { listener, traffic: Arc::clone(&traffic) };
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(async move {
        let served = axum::serve(wires, router).with_graceful_shutdown(async move {
            let _ = stopped.await;
        });
        if let Err(e) = served.await {
            eprintln!("sandbox: {e}");
        }
    });
    Ok(Sandbox { app, address, traffic, stop, task })
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
                && options.seed.is_none_or(|s| s == origin.seed)
                && (origin.empty_crm || !options.empty_crm);
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
            empty_crm: options.empty_crm,
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

async fn serve(
    State(app): State<Arc<App>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: axum::extract::Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    if parts.uri.path_and_query().is_some_and(|uri| uri.as_str().len() > URI_LIMIT) {
        return respond(page(414, "Request-URI Too Large"));
    }
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return respond(page(413, "Request Entity Too Large"));
    };
    let request = Request {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: body.to_vec(),
    };
    let mut response = app.route(request, &cut).await;
    // The systems' own clock, as every answer of theirs tells it.
    let now = spoil::http_date(app.clock.now());
    if let Some(date) = now.and_then(|text| HeaderValue::from_str(&text).ok()) {
        response.headers_mut().insert(DATE, date);
    }
    response
}

impl App {
    async fn route(&self, mut request: Request, cut: &Cut) -> Response<Body> {
        if let Some(rest) = below(&request.path, "/vtiger") {
            let line = self.gate.line(System::Vtiger);
            if let Some(operation) = self.vtiger.cloud_operation(rest) {
                let write = Vtiger::writes(&operation);
                let serve = async { self.vtiger.answer_cloud(&request, &operation, line) };
                return self.pass(System::Vtiger, operation.clone(), write, cut, serve).await;
            }
            if rest != "/webservice.php" || self.vtiger.is_cloud() {
                return respond(page(200, "Vtiger"));
            }
            let operation = Vtiger::operation(&request);
            let write = Vtiger::writes(&operation);
            let lines_from = self.vtiger.lines_from(&operation, &request);
            let serve = self.vtiger.answer(&request, line, lines_from);
            return self.pass(System::Vtiger, operation, write, cut, serve).await;
        }
        if let Some(rest) = below(&request.path, "/shop") {
            request.path = rest.to_owned();
            let operation = Woo::operation(&request);
            let write = Woo::writes(&request);
            let line = self.gate.line(System::WooCommerce);
            let serve = async { self.woo.answer(&request, line) };
            return self.pass(System::WooCommerce, operation, write, cut, serve).await;
        }
        if let Some(rest) = below(&request.path, "/magento") {
            request.path = rest.to_owned();
            let operation = Magento::operation(&request);
            let write = request.method != Method::GET;
            let serve = async { self.magento.answer(&request) };
            return self.pass(System::Magento, operation, write, cut, serve).await;
        }
        if let Some(rest) = below(&request.path, "/zoho") {
            request.path = rest.to_owned();
            let operation = Zoho::operation(&request);
            let write = request.method != Method::GET;
            let serve = async { self.zoho.answer(&request) };
            return self.pass(System::Zoho, operation, write, cut, serve).await;
        }
        if let Some(rest) = below(&request.path, "/irujul") {
            request.path = rest.to_owned();
            let operation = Irujul::operation(&request);
            let serve = async { self.irujul.answer(&request) };
            return self.pass(System::Irujul, operation, false, cut, serve).await;
        }
        if let Some(rest) = below(&request.path, "/rest") {
            request.path = rest.to_owned();
            let operation = Rest::operation(&request);
            let serve = async { self.rest.answer(&request) };
            return self.pass(System::Rest, operation, false, cut, serve).await;
        }
        respond(page(404, "Not Found"))
    }

    /// Takes a request through the gate, to its system and back, with what may go wrong on the way.
    async fn pass(
        &self,
        system: System,
        operation: String,
        write: bool,
        cut: &Cut,
        serve: impl Future<Output = Reply>,
    ) -> Response<Body> {
        let mut pass = self.gate.enter(system, operation, write).await;
        let line = self.gate.line(system);
        let fault = self.gate.faults.on_the_way(system);
        match fault {
            Some(FaultKind::ResetBefore) => {
                cut.now();
                return Response::default();
            }
            Some(
                kind @ (FaultKind::TooMany
                | FaultKind::TooManyDate
                | FaultKind::TooManyAbsurd
                | FaultKind::TooManyBare),
            ) => return respond(spoil::turned_away(kind, self.clock.now())),
            Some(FaultKind::Delay) => sleep(spoil::delay(&line)).await,
            _ => {}
        }
        let lost = write && fault.is_some_and(FaultKind::hides) && line.below(2) == 0;
        let reply = if lost { nothing() } else { serve.await };
        pass.leave().await;
        sent(fault, reply, &line, cut)
    }
}

/// The reply as it goes out.
fn sent(fault: Option<FaultKind>, reply: Reply, line: &Line<'_>, cut: &Cut) -> Response<Body> {
    match fault {
        Some(FaultKind::ResetAfter) => {
            cut.now();
            Response::default()
        }
        Some(kind) => spoil::spoiled(kind, reply, line),
        None => respond(reply),
    }
}

/// What a system that did nothing would have begun to answer.
fn nothing() -> Reply {
    Reply::new(200, "application/json", "{\"".into())
}

/// The rest of a path below a folder.
fn below<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    path.strip_prefix(folder).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

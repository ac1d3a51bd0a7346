//! A server in front of the sandbox that now and then answers with a page that repeats the whole
//! request in every notation, and remembers every session, hash and signature that passes.

use percent_encoding::percent_decode_str;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Parameters that are secrets of their own.
const TELLING: [&str; 3] = ["sessionName", "accessKey", "oauth_signature"];

pub struct Mirror {
    address: SocketAddr,
    inner: Arc<Inner>,
    ca: Option<(tempfile::TempDir, PathBuf)>,
}

struct Inner {
    upstream: Option<String>,
    every: usize,
    count: AtomicUsize,
    seen: Mutex<BTreeSet<String>>,
}

impl Mirror {
    /// In front of a host; every so many-th request is answered with a page.
    pub fn before(host: &str, every: usize) -> Self {
        let inner = Inner::new(Some(host.to_owned()), every);
        let (listener, address) = listen();
        let shared = inner.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = shared.clone();
                std::thread::spawn(move || shared.serve(stream));
            }
        });
        Self { address, inner, ca: None }
    }

    /// With TLS, and nothing but pages.
    pub fn with_tls() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, certificate.pem()).unwrap();
        let der = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], der)
            .unwrap();
        let config = Arc::new(config);
        let inner = Inner::new(None, 1);
        let (listener, address) = listen();
        let shared = inner.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let connection = rustls::ServerConnection::new(config.clone()).unwrap();
                let shared = shared.clone();
                std::thread::spawn(move || {
                    let mut stream = rustls::StreamOwned::new(connection, stream);
                    shared.serve(&mut stream);
                    stream.conn.send_close_notify();
                    let _ = stream.flush();
                });
            }
        });
        Self { address, inner, ca: Some((folder, file)) }
    }

    pub fn url(&self, path: &str) -> String {
        match self.ca {
            Some(_) => format!("https://localhost:{}{path}", self.address.port()),
            None => format!("http://{}{path}", self.address),
        }
    }

    pub fn ca_file(&self) -> &PathBuf {
        &self.ca.as_ref().unwrap().1
    }

    /// The sessions, hashes, signatures and headers that were seen.
    pub fn seen(&self) -> Vec<String> {
        self.inner.seen.lock().unwrap().iter().cloned().collect()
    }
}

fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

impl Inner {
    fn new(upstream: Option<String>, every: usize) -> Arc<Self> {
        let seen = Mutex::default();
        Arc::new(Self { upstream, every, count: AtomicUsize::new(0), seen })
    }

    /// Serves one request, then the connection ends.
    fn serve(&self, mut stream: impl Read + Write) {
        let Some((head, body)) = receive(&mut stream) else { return };
        self.remember(&head, &body);
        let count = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        let answer = match &self.upstream {
            Some(host) if !count.is_multiple_of(self.every) => forward(host, &head, &body),
            _ => page(&head, &body, count),
        };
        let _ = stream.write_all(&answer);
        let _ = stream.flush();
    }

    fn remember(&self, head: &str, body: &str) {
        let line = head.lines().next().unwrap_or("");
        let query = line.split(' ').nth(1).and_then(|target| target.split_once('?'));
        let query = query.map_or("", |(_, query)| query);
        let pairs = query.split('&').chain(body.split('&')).filter_map(|pair| pair.split_once('='));
        let mut seen = self.seen.lock().unwrap();
        for (_, value) in pairs.filter(|(name, _)| TELLING.contains(name)) {
            seen.insert(percent_decode_str(value).decode_utf8_lossy().into_owned());
        }
        for header in head.lines().filter(|line| line.to_lowercase().starts_with("authorization")) {
            seen.insert(header.split(' ').next_back().unwrap_or("").to_owned());
        }
    }
}

/// Head and body of a request.
fn receive(stream: &mut impl Read) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(0, |(_, value)| value.trim().parse::<usize>().unwrap());
            if bytes.len() >= end + 4 + length {
                let body = String::from_utf8_lossy(&bytes[end + 4..]).into_owned();
                return Some((head, body));
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&piece[..read]),
        }
    }
}

fn forward(host: &str, head: &str, body: &str) -> Vec<u8> {
    let mut upstream = TcpStream::connect(host).unwrap();
    let kept = head.lines().filter(|line| !line.to_lowercase().starts_with("connection"));
    let head = kept.collect::<Vec<_>>().join("\r\n");
    write!(upstream, "{head}\r\nConnection: close\r\n\r\n{body}").unwrap();
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer).unwrap();
    answer
}

/// The request once more, as servers, proxies and debug pages write it.
fn page(head: &str, body: &str, count: usize) -> Vec<u8> {
    let line = head.lines().next().unwrap_or("");
    let whole = format!("{head}\n\n{body}");
    let decoded = percent_decode_str(&whole).decode_utf8_lossy().into_owned();
    let values: Vec<String> = whole
        .split(['&', '?', '\n', ' '])
        .filter_map(|pair| pair.split_once('='))
        .flat_map(|(name, value)| {
            let value = percent_decode_str(value).decode_utf8_lossy();
            [format!("[{name}] => {value}"), format!("({})", value)]
        })
        .collect();
    let json = serde_json::to_string(&decoded).unwrap();
    let escaped = html_escape::encode_text(&decoded);
    let values = values.join("\n");
    let content = format!(
        "<html><head><title>{line}</title></head><body>The mirror was asked\n{values}\n{decoded}\n\
         {whole}\n{json}\n{escaped}\n</body></html>"
    );
    let status = if count.is_multiple_of(2) { "200 OK" } else { "500 Internal Server Error" };
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{content}",
        content.len()
    )
    .into_bytes()
}

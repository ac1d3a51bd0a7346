//! A server on loopback that says what a test wants, byte for byte.

use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

/// A request as it arrived.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// What the server does.
pub(crate) enum Say {
    /// These bytes, then the end of the connection.
    Raw(Vec<u8>),
    /// The end of the connection at once.
    Close,
    /// Nothing for a long time.
    Hang,
    /// A head, then a body without end.
    Endless,
}

impl Say {
    /// An answer with a status line, headers and a body.
    pub(crate) fn http(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut raw = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n",
            body.len()
        )
        .into_bytes();
        raw.extend_from_slice(body);
        Self::Raw(raw)
    }

    /// JSON with 200.
    pub(crate) fn json(body: impl AsRef<[u8]>) -> Self {
        Self::http("200 OK", "Content-Type: application/json\r\n", body)
    }
}

/// A running stub.
pub(crate) struct Stub {
    pub(crate) port: u16,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Stub {
    /// Starts a server; the handler gets the number of the request, from 0, and the request.
    pub(crate) async fn new(
        handler: impl Fn(usize, &Heard) -> Say + Send + Sync + 'static,
    ) -> Self {
        Self::start(None, handler).await
    }

    /// The same over TLS.
    pub(crate) async fn tls(
        config: rustls::ServerConfig,
        handler: impl Fn(usize, &Heard) -> Say + Send + Sync + 'static,
    ) -> Self {
        Self::start(Some(tokio_rustls::TlsAcceptor::from(Arc::new(config))), handler).await
    }

    async fn start(
        tls: Option<tokio_rustls::TlsAcceptor>,
        handler: impl Fn(usize, &Heard) -> Say + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard: Arc<Mutex<Vec<Heard>>> = Arc::default();
        let log = Arc::clone(&heard);
        let handler = Arc::new(handler);
        tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    break;
                };
                let (tls, log, handler) = (tls.clone(), Arc::clone(&log), Arc::clone(&handler));
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, &log, &*handler).await;
                            }
                        }
                        None => serve(stream, &log, &*handler).await,
                    }
                });
            }
        });
        Self { port, heard }
    }

    /// The requests so far.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    log: &Mutex<Vec<Heard>>,
    handler: &(impl Fn(usize, &Heard) -> Say + Sync),
) {
    let Some(heard) = read(&mut stream).await else {
        return;
    };
    let n = {
        let mut log = log.lock().unwrap();
        log.push(heard.clone());
        log.len() - 1
    };
    match handler(n, &heard) {
        Say::Raw(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Say::Close => {}
        Say::Hang => tokio::time::sleep(Duration::from_secs(600)).await,
        Say::Endless => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[").await;
            while stream.write_all(&[b' '; 65536]).await.is_ok() {}
        }
    }
}

async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> Option<Heard> {
    let mut bytes = Vec::new();
    let mut buffer = [0u8; 8192];
    let end = loop {
        let n = stream.read(&mut buffer).await.ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&buffer[..n]);
        if bytes[0] == 0x16 {
            // A TLS greeting on a port without TLS.
            return Some(Heard::default());
        }
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length: usize = head
        .lines()
        .find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok())
        .unwrap_or(0);
    while bytes.len() < end + length {
        let n = stream.read(&mut buffer).await.ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&buffer[..n]);
    }
    let mut first = head.lines().next()?.split(' ');
    Some(Heard {
        method: first.next()?.to_owned(),
        target: first.next()?.to_owned(),
        body: String::from_utf8_lossy(&bytes[end..]).into_owned(),
        head,
    })
}

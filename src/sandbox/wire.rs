//! Connections that are counted, and can be cut: the client gets a reset in the place of a reply.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// A listener whose connections can be cut.
pub struct Wires {
    /// It.
    pub listener: TcpListener,
    /// What goes through its connections.
    pub traffic: Arc<Traffic>,
}

/// How many bytes went through all connections.
#[derive(Debug, Default)]
pub struct Traffic {
    came: AtomicU64,
    went: AtomicU64,
}

impl Traffic {
    /// Bytes in, bytes out.
    pub fn bytes(&self) -> (u64, u64) {
        (self.came.load(Ordering::Relaxed), self.went.load(Ordering::Relaxed))
    }

    fn out(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &written {
            self.went.fetch_add(*bytes as u64, Ordering::Relaxed);
        }
        written
    }
}

/// A connection.
pub struct Wire {
    stream: TcpStream,
    cut: Cut,
    traffic: Arc<Traffic>,
}

/// What a handler holds of its connection.
#[derive(Debug, Clone, Default)]
pub struct Cut(Arc<AtomicBool>);

impl Cut {
    /// Nothing more goes out; the connection ends with a reset as soon as something should.
    pub fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Listener for Wires {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        let _ = stream.set_nodelay(true);
        (Wire { stream, cut: Cut::default(), traffic: Arc::clone(&self.traffic) }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

impl Connected<IncomingStream<'_, Wires>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Wires>) -> Self {
        stream.io().cut.clone()
    }
}

impl Wire {
    /// An error once the connection is cut. Closed without lingering, it sends a reset.
    fn still(&self) -> io::Result<()> {
        if !self.cut.0.load(Ordering::Relaxed) {
            return Ok(());
        }
        let _ = self.stream.set_zero_linger();
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        let came = buf.filled().len() - before;
        self.traffic.came.fetch_add(came as u64, Ordering::Relaxed);
        read
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.still()?;
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.traffic.out(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.still()?;
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.traffic.out(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.still()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.still()?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

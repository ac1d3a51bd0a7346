//! Why a request got no answer, in words: unknown host, refused connection, certificate, time-out.

use super::super::ErrorKind;
use super::fault::Fault;
use crate::model::UserError;
use reqwest::Url;
use rustls::CertificateError;
use std::error::Error;
use std::io;

/// How far a request got before it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reached {
    /// It was never sent.
    Nothing,
    /// It was sent, or may have been.
    Sent,
}

/// What went wrong on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Cause {
    UnknownHost,
    Refused,
    Unroutable,
    Certificate(&'static str, &'static str),
    NoTls,
    Tls(String),
    TimedOut,
    Reset,
    Other(String),
}

/// The fault of a failed exchange.
pub(crate) fn fault(error: &reqwest::Error, url: &Url, write: bool) -> Fault {
    let reached =
        if error.is_connect() || error.is_builder() { Reached::Nothing } else { Reached::Sent };
    explain(&cause(error), reached, url, write)
}

/// The fault of an answer that did not come in time.
pub(crate) fn timed_out(url: &Url, write: bool) -> Fault {
    explain(&Cause::TimedOut, Reached::Sent, url, write)
}

fn explain(cause: &Cause, reached: Reached, url: &Url, write: bool) -> Fault {
    let user = words(cause, reached, &super::url::host(url), url.scheme() == "https");
    let kind = match (reached, write) {
        (Reached::Nothing, _) => ErrorKind::Unreachable,
        (Reached::Sent, false) => ErrorKind::Temporary,
        (Reached::Sent, true) => ErrorKind::Unknown,
    };
    let fault = Fault::new(kind, user);
    match cause {
        // These do not mend themselves within seconds.
        Cause::Certificate(..) | Cause::NoTls => fault.at_once(),
        _ => fault,
    }
}

fn words(cause: &Cause, reached: Reached, host: &str, https: bool) -> UserError {
    let lost = matches!(reached, Reached::Sent);
    match cause {
        Cause::UnknownHost => UserError::new(
            format!("The host {host} was not found."),
            "No address belongs to this name, or this machine has no name resolution right now.",
            "Check the address for typing errors, then this machine's network.",
        ),
        Cause::Refused => UserError::new(
            format!("{host} refused the connection."),
            "The machine is there, but nothing listens on this port.",
            "Check the port and scheme of the address, and whether the web server runs.",
        ),
        Cause::Unroutable => UserError::new(
            format!("{host} cannot be reached."),
            "There is no way to it from this network.",
            "Check this machine's network, VPN and firewall.",
        ),
        Cause::Certificate(why, next) => {
            UserError::new(format!("The certificate of {host} is not accepted."), *why, *next)
        }
        Cause::NoTls => UserError::new(
            format!("{host} does not speak TLS on this port."),
            "The address says https, but the answer was not encrypted.",
            "Check the port; if the system really has no https, enter the address with http://.",
        ),
        Cause::Tls(text) => UserError::new(
            format!("No secure connection to {host} came about."),
            format!("TLS says: {text}."),
            "Check the web server's TLS settings; TLS 1.2 or 1.3 is needed.",
        ),
        Cause::TimedOut if lost => UserError::new(
            format!("{host} did not answer in time."),
            "The connection stands, but the answer did not come.",
            "Look whether the server is overloaded; it is tried again.",
        ),
        Cause::TimedOut => UserError::new(
            format!("{host} did not accept the connection in time."),
            "Nothing came back, as when a firewall drops the packets or the machine is off.",
            "Check host and port, and firewalls between this machine and it.",
        ),
        // The connection was accepted, and ended before it was secured.
        Cause::Reset if https && !lost => UserError::new(
            format!("{host} closed the connection before it was secured."),
            "The address says https; the port may speak plain http.",
            "Check the port; if the system really has no https, enter the address with http://. Else \
             look into the web server's error log.",
        ),
        Cause::Reset => UserError::new(
            format!("{host} closed the connection in the middle."),
            if https {
                "The connection broke before the answer was complete."
            } else {
                "The connection broke before the answer was complete; the port may also want https."
            },
            "It is tried again; if it goes on, look into the web server's error log.",
        ),
        Cause::Other(text) => UserError::new(
            format!("The request to {host} failed."),
            format!("{text}."),
            "It is tried again; if it goes on, check the network and the web server.",
        ),
    }
}

/// Looks through the chain of causes.
fn cause(error: &reqwest::Error) -> Cause {
    if error.is_timeout() {
        return Cause::TimedOut;
    }
    let mut last = String::new();
    let mut next: Option<&(dyn Error + 'static)> = error.source();
    let mut dns = false;
    while let Some(at) = next {
        last = at.to_string();
        dns |= last.contains("dns error") || last.contains("failed to lookup address");
        if dns {
            return Cause::UnknownHost;
        }
        if let Some(found) = known(at) {
            return found;
        }
        // An io::Error hides its inner error from `source`.
        next = match at.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => at.source(),
        };
    }
    if last.contains("connection closed") || last.contains("unexpected EOF") {
        return Cause::Reset;
    }
    Cause::Other(if last.is_empty() { error.to_string() } else { last })
}

fn known(error: &(dyn Error + 'static)) -> Option<Cause> {
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return Some(of_tls(tls));
    }
    let io = error.downcast_ref::<io::Error>()?;
    Some(match io.kind() {
        io::ErrorKind::ConnectionRefused => Cause::Refused,
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => Cause::Unroutable,
        io::ErrorKind::TimedOut => Cause::TimedOut,
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => Cause::Reset,
        _ => return None,
    })
}

fn of_tls(error: &rustls::Error) -> Cause {
    match error {
        rustls::Error::InvalidCertificate(problem) => of_certificate(problem),
        rustls::Error::InvalidMessage(_) => Cause::NoTls,
        other => Cause::Tls(other.to_string()),
    }
}

fn of_certificate(problem: &CertificateError) -> Cause {
    use CertificateError as E;
    let text = problem.to_string();
    match problem {
        E::Expired | E::ExpiredContext { .. } => Cause::Certificate(
            "It has expired.",
            "Renew it on the web server; if it is valid, check this machine's clock.",
        ),
        E::NotValidYet | E::NotValidYetContext { .. } => Cause::Certificate(
            "It is not valid yet.",
            "Check this machine's clock, then the certificate.",
        ),
        E::NotValidForName | E::NotValidForNameContext { .. } => Cause::Certificate(
            "It is made out to another host name.",
            "Use the host name that the certificate names, or give the web server one for this name.",
        ),
        E::Revoked => Cause::Certificate("It was revoked.", "Give the web server a new one."),
        E::UnknownIssuer => Cause::Certificate(SELF_SIGNED.0, SELF_SIGNED.1),
        _ if text.contains("CaUsedAsEndEntity") || text.contains("self-signed") => {
            Cause::Certificate(SELF_SIGNED.0, SELF_SIGNED.1)
        }
        _ => Cause::Tls(text),
    }
}

const SELF_SIGNED: (&str, &str) = (
    "It is self-signed, or signed by an authority that this machine does not know.",
    "Name the authority's certificate (PEM) as ca_file in the settings, install it on this \
     machine, or give the web server a certificate of a public authority.",
);

//! What a service tells systemd: datagrams of `NAME=value` lines to the socket that it names in the
//! environment (`man sd_notify`). Without such a socket nothing is told.

use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// Tells the service manager.
#[derive(Debug, Default)]
pub struct Notifier {
    socket: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

impl Notifier {
    /// The one that the environment names.
    pub fn from_env() -> Self {
        let var = |name: &str| std::env::var(name).ok();
        Self::new(var("NOTIFY_SOCKET").as_deref(), |name| var(name), std::process::id())
    }

    fn new(path: Option<&str>, var: impl Fn(&str) -> Option<String>, pid: u32) -> Self {
        let Some(address) = path.and_then(address) else { return Self::default() };
        let Ok(socket) = UnixDatagram::unbound() else { return Self::default() };
        // Whoever does not read must not stop us.
        if socket.set_nonblocking(true).is_err() {
            return Self::default();
        }
        // The time may be meant for another process of the service.
        let ours = var("WATCHDOG_PID").is_none_or(|text| text.trim() == pid.to_string());
        let micros = var("WATCHDOG_USEC").and_then(|text| text.trim().parse::<u64>().ok());
        let watchdog = micros.filter(|micros| ours && *micros > 1).map(Duration::from_micros);
        Self { socket: Some((socket, address)), watchdog }
    }

    /// How often [`Self::alive`] is wanted: at half of the time after which we count as dead.
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog.map(|time| time / 2)
    }

    /// The service is ready.
    pub fn ready(&self, status: &str) {
        self.send(&format!("READY=1\nSTATUS={}", one_line(status)));
    }

    /// What it does.
    pub fn status(&self, status: &str) {
        self.send(&format!("STATUS={}", one_line(status)));
    }

    /// It is alive.
    pub fn alive(&self) {
        self.send("WATCHDOG=1");
    }

    /// It is about to end.
    pub fn stopping(&self, status: &str) {
        self.send(&format!("STOPPING=1\nSTATUS={}", one_line(status)));
    }

    fn send(&self, message: &str) {
        if let Some((socket, address)) = &self.socket {
            // A service manager that went away cannot be told anything.
            let _ = socket.send_to_addr(message.as_bytes(), address);
        }
    }
}

/// The address of a path, or of a name that begins with `@` (Linux' abstract namespace).
fn address(path: &str) -> Option<SocketAddr> {
    match path.strip_prefix('@') {
        #[cfg(target_os = "linux")]
        Some(name) => {
            <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(name).ok()
        }
        #[cfg(not(target_os = "linux"))]
        Some(_) => None,
        None if path.starts_with('/') => SocketAddr::from_pathname(path).ok(),
        None => None,
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn heard(socket: &UnixDatagram) -> String {
        let mut buffer = [0; 512];
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    fn notifier(path: &str, vars: &[(&str, &str)]) -> Notifier {
        let vars: BTreeMap<_, _> = vars.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect();
        Notifier::new(Some(path), |name| vars.get(name).map(|v| (*v).to_owned()), 42)
    }

    #[test]
    fn a_socket_with_a_path_hears() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let notifier = notifier(path.to_str().unwrap(), &[]);
        notifier.ready("a\nb");
        assert_eq!(heard(&socket), "READY=1\nSTATUS=a b");
        notifier.alive();
        assert_eq!(heard(&socket), "WATCHDOG=1");
        notifier.stopping("bye");
        assert_eq!(heard(&socket), "STOPPING=1\nSTATUS=bye");
        drop(socket);
        notifier.status("nobody hears");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_abstract_socket_hears() {
        use std::os::linux::net::SocketAddrExt;
        let name = format!("syncdeck-test-{}", std::process::id());
        let socket =
            UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        notifier(&format!("@{name}"), &[]).status("here");
        assert_eq!(heard(&socket), "STATUS=here");
    }

    #[test]
    fn the_watchdog_is_fed_at_half_its_time() {
        let of = |vars: &[(&str, &str)]| notifier("/nowhere", vars).watchdog();
        assert_eq!(of(&[("WATCHDOG_USEC", "30000000")]), Some(Duration::from_secs(15)));
        assert!(of(&[("WATCHDOG_USEC", "30000000"), ("WATCHDOG_PID", "42")]).is_some());
        assert_eq!(of(&[("WATCHDOG_USEC", "30000000"), ("WATCHDOG_PID", "43")]), None);
        for none in ["", "0", "soon"] {
            assert_eq!(of(&[("WATCHDOG_USEC", none)]), None);
        }
        assert!(Notifier::new(None, |_| Some("30000000".into()), 1).watchdog().is_none());
        assert!(Notifier::new(Some("relative"), |_| None, 1).socket.is_none());
    }
}

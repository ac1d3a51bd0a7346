use super::stub::{Say, Stub};
use super::*;
use serde_json::Value as Json;
use std::sync::{Arc, Mutex};

/// Little patience, so that tests are quick.
const READ: Plan = Plan { tries: 2, answer: Duration::from_millis(400), ..Plan::READ };
const WRITE: Plan = Plan { write: true, ..READ };

fn http(url: &str, options: &ConnectOptions) -> (Http, Url) {
    let url = Url::parse(url).unwrap();
    let mask = Mask::new(["cs_hidden"]);
    let mut http = Http::new("Vtiger", &url, options, 2, mask).unwrap();
    http.limit = 1 << 20;
    (http, url)
}

async fn send(http: &Http, url: &Url, plan: Plan) -> RemoteResult<Json> {
    let make = || Call {
        method: if plan.write { Method::POST } else { Method::GET },
        body: plan.write.then(|| ("application/json", b"{}".to_vec())),
        ..Call::get(url.clone())
    };
    let read = |answer: &Answer| {
        let json = answer.json(|b| serde_json::from_str::<Json>(b));
        json.filter(|_| answer.status == 200).ok_or_else(|| answer.not_the_api())
    };
    http.run(plan, make, read).await
}

async fn against(stub: &Stub, plan: Plan) -> RemoteResult<Json> {
    let (http, url) =
        http(&format!("http://127.0.0.1:{}/x", stub.port), &ConnectOptions::default());
    send(&http, &url, plan).await
}

async fn failed(plan: Plan, say: impl Fn() -> Say + Send + Sync + 'static) -> (RemoteError, usize) {
    let stub = Stub::new(move |_, _| say()).await;
    let error = against(&stub, plan).await.unwrap_err();
    (error, stub.heard().len())
}

#[tokio::test]
async fn reads_are_repeated_and_writes_are_not() {
    for (say, read, write) in [
        (say_500 as fn() -> Say, ErrorKind::Temporary, ErrorKind::Unknown),
        (say_nothing, ErrorKind::Temporary, ErrorKind::Unknown),
        (say_close, ErrorKind::Temporary, ErrorKind::Unknown),
        (say_hang, ErrorKind::Temporary, ErrorKind::Unknown),
        (say_cut, ErrorKind::Temporary, ErrorKind::Unknown),
        (say_page, ErrorKind::NotTheApi, ErrorKind::Unknown),
    ] {
        let (error, tries) = failed(READ, say).await;
        assert_eq!((error.kind.clone(), tries), (read, 2), "{error}");
        assert_eq!(error.tries, 2);
        let (error, tries) = failed(WRITE, say).await;
        assert_eq!((error.kind.clone(), tries), (write, 1), "{error}");
        assert!(error.error.what.contains("127.0.0.1"), "{error}");
    }
}

fn say_500() -> Say {
    Say::http("500 Internal Server Error", "", "")
}
fn say_nothing() -> Say {
    Say::json("")
}
fn say_close() -> Say {
    Say::Close
}
fn say_hang() -> Say {
    Say::Hang
}
fn say_cut() -> Say {
    Say::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\nConnection: close\r\n\r\n{\"a\":".to_vec())
}
fn say_page() -> Say {
    Say::http("200 OK", "Content-Type: text/html\r\n", "<html><title>Maintenance</title>")
}

#[tokio::test]
async fn a_read_succeeds_when_the_trouble_passes() {
    let stub =
        Stub::new(|n, _| if n < 1 { say_500() } else { Say::json("\u{feff}{\"a\":\"x\u{1}\"}") })
            .await;
    let (http, url) = http(&format!("http://127.0.0.1:{}/", stub.port), &ConnectOptions::default());
    assert_eq!(send(&http, &url, READ).await.unwrap()["a"], "x");
    assert_eq!(http.requests(), (2, 1));
    assert!(http.worked());
}

#[tokio::test]
async fn what_is_not_the_api_is_told_in_its_own_sentence() {
    for (status, headers, body, kind, words) in [
        (
            "200 OK",
            "",
            "<html><title>Log in &amp; go</title>",
            ErrorKind::NotTheApi,
            "titled \"Log in & go\"",
        ),
        ("404 Not Found", "", "<h1>Not here</h1>", ErrorKind::NotTheApi, "HTTP 404 (\"Not here\")"),
        ("401 Unauthorized", "", "", ErrorKind::Login, "demands a login"),
        ("403 Forbidden", "", "<title>Blocked</title>", ErrorKind::NotTheApi, "firewall"),
        (
            "301 Moved Permanently",
            "Location: https://www.example.com/shop/wp-json/wc/v3/x?consumer_key=ck_1\r\n",
            "",
            ErrorKind::NotTheApi,
            "Use this address instead: https://www.example.com/shop",
        ),
        ("308 Permanent Redirect", "", "", ErrorKind::NotTheApi, "HTTP 308"),
        ("414 URI Too Long", "", "", ErrorKind::TooLarge, "too large"),
        (
            "502 Bad Gateway",
            "",
            "<h1>502 Bad Gateway</h1>",
            ErrorKind::Temporary,
            "HTTP 502: 502 Bad Gateway",
        ),
    ] {
        let plan = Plan { tries: 1, ..READ };
        let (error, tries) = failed(plan, move || Say::http(status, headers, body)).await;
        assert_eq!((error.kind.clone(), tries), (kind, 1), "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(!error.to_string().contains("ck_1"), "{error}");
        assert!(!error.error.next.is_empty(), "{error}");
    }
}

#[tokio::test]
async fn requests_to_slow_down_are_obeyed() {
    let stub = Stub::new(|n, _| match n {
        0 => Say::http("429 Too Many Requests", "Retry-After: 1\r\n", "<html>"),
        _ => Say::json("{}"),
    })
    .await;
    for plan in [READ, WRITE] {
        let start = Instant::now();
        assert!(against(&stub, plan).await.is_ok(), "a write that was not done may be repeated");
        let waited = start.elapsed() >= Duration::from_millis(950);
        assert_eq!(waited, !plan.write, "the second one meets no 429");
    }
    for header in
        ["Retry-After: 999999999999\r\n", "Retry-After: Tue, 01 Jan 2999 00:00:00 GMT\r\n"]
    {
        let plan = Plan { total: Duration::from_secs(5), ..READ };
        let (error, tries) = failed(plan, move || Say::http("429 Slow", header, "")).await;
        assert_eq!(tries, 1, "the pause is longer than our patience");
        let wait = Some(Duration::from_secs(300));
        assert_eq!(error.kind, ErrorKind::RateLimited { wait });
    }
}

#[tokio::test]
async fn an_endless_answer_is_stopped() {
    let (error, _) = failed(READ, || Say::Endless).await;
    assert!(error.to_string().contains("without end"), "{error}");
    assert_eq!(error.kind, ErrorKind::NotTheApi);
}

#[tokio::test]
async fn unreachable_hosts_have_their_own_sentences() {
    let refused = TcpPort::closed().await;
    for (url, words) in [
        (format!("http://127.0.0.1:{refused}/"), "refused the connection"),
        ("http://no-such-host.invalid/".to_owned(), "was not found"),
    ] {
        let (http, url) = http(&url, &ConnectOptions::default());
        for plan in [READ, WRITE] {
            let error = send(&http, &url, Plan { tries: 2, ..plan }).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
            assert!(error.to_string().contains(words), "{error}");
            assert_eq!(error.tries, 2, "nothing was sent, so it may be repeated");
            assert!(error.whole);
        }
    }
}

#[tokio::test]
async fn a_port_that_speaks_plain_http_is_guessed_from_a_handshake_that_ends() {
    // As a server does that reads no HTTP in a greeting of TLS.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 4096]).await;
        }
    });
    let (https, url) = http(&format!("https://127.0.0.1:{port}/"), &ConnectOptions::default());
    for plan in [READ, WRITE] {
        let error = send(&https, &url, Plan { tries: 1, ..plan }).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
        assert!(error.to_string().contains("the port may speak plain http"), "{error}");
    }
    let (plain, url) = http(&format!("http://127.0.0.1:{port}/"), &ConnectOptions::default());
    let error = send(&plain, &url, Plan { tries: 1, ..READ }).await.unwrap_err();
    assert!(error.to_string().contains("the port may also want https"), "{error}");
}

struct TcpPort;

impl TcpPort {
    async fn closed() -> u16 {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    }
}

fn certificate(name: &str, expired: bool) -> (rustls::ServerConfig, String) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    if expired {
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(2002, 1, 1);
    }
    let key = rcgen::KeyPair::generate().unwrap();
    let cert = params.self_signed(&key).unwrap();
    let pem = cert.pem();
    let der = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], der)
        .unwrap();
    (config, pem)
}

#[tokio::test]
async fn certificates_that_are_not_accepted_are_explained() {
    for (name, expired, trusted, words) in [
        ("localhost", false, false, "self-signed"),
        ("other.example.com", false, true, "another host name"),
        ("localhost", true, true, "expired"),
    ] {
        let (config, pem) = certificate(name, expired);
        let stub = Stub::tls(config, |_, _| Say::json("{}")).await;
        let options = ConnectOptions {
            ca_pem: trusted.then(|| pem.into_bytes()),
            ..ConnectOptions::default()
        };
        let (http, url) = http(&format!("https://localhost:{}/", stub.port), &options);
        let error = send(&http, &url, READ).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!((error.kind.clone(), error.tries), (ErrorKind::Unreachable, 1), "{error}");
    }
    let (config, pem) = certificate("localhost", false);
    let stub = Stub::tls(config, |_, _| Say::json("{\"a\":1}")).await;
    let options = ConnectOptions { ca_pem: Some(pem.into_bytes()), ..ConnectOptions::default() };
    let (http, url) = http(&format!("https://localhost:{}/", stub.port), &options);
    assert_eq!(send(&http, &url, READ).await.unwrap()["a"], 1);
}

#[tokio::test]
async fn a_port_without_tls_is_told() {
    let stub = Stub::new(|_, _| Say::json("{}")).await;
    let (http, url) =
        http(&format!("https://127.0.0.1:{}/", stub.port), &ConnectOptions::default());
    let error = send(&http, &url, READ).await.unwrap_err();
    assert!(error.to_string().contains("TLS"), "{error}");
    assert_eq!(error.kind, ErrorKind::Unreachable);
}

#[test]
fn a_bad_authority_file_is_told() {
    let url = Url::parse("https://x.example").unwrap();
    for pem in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "nothing"] {
        let options = ConnectOptions { ca_pem: Some(pem.into()), ..ConnectOptions::default() };
        let made = Http::new("Vtiger", &url, &options, 1, Mask::default());
        assert!(made.err().is_some_and(|e| e.what.contains("ca_file")), "{pem}");
    }
}

#[tokio::test]
async fn the_debug_log_hears_everything_but_secrets() {
    let heard: Arc<Mutex<Vec<Exchange>>> = Arc::default();
    let log = Arc::clone(&heard);
    let options = ConnectOptions {
        tap: Some(Arc::new(move |exchange| log.lock().unwrap().push(exchange))),
        ..ConnectOptions::default()
    };
    let stub = Stub::new(|n, _| match n {
        0 => Say::http("500 Oops", "", "cs_hidden is wrong"),
        1 => Say::Close,
        2 => Say::http("429 Slow", "Retry-After: 0\r\n", "cs_hidden is too fast"),
        _ => Say::json("{\"sessionName\":\"abc\",\"x\":1}"),
    })
    .await;
    let base = format!("http://127.0.0.1:{}/a?consumer_secret=cs_hidden&b=1", stub.port);
    let (http, url) = http(&base, &options);
    assert!(send(&http, &url, Plan { tries: 4, ..READ }).await.is_ok());
    let heard = heard.lock().unwrap();
    let status: Vec<u16> = heard.iter().map(|e| e.status).collect();
    assert_eq!(status, [500, 0, 429, 200]);
    let received: Vec<u64> = heard.iter().map(|e| e.received).collect();
    assert_eq!(received, [18, 0, 21, 27]);
    assert_eq!(heard[2].answer, "••• is too fast");
    assert!(heard[0].request.ends_with("/a?consumer_secret=•••&b=1"), "{}", heard[0].request);
    assert_eq!(heard[3].answer, "{\"sessionName\":\"•••\",\"x\":1}");
    assert!(heard.iter().all(|e| !format!("{e:?}").contains("cs_hidden")));
}

#[tokio::test]
async fn a_rate_is_kept() {
    let stub = Stub::new(|_, _| Say::json("{}")).await;
    let options = ConnectOptions { requests_per_second: Some(10), ..ConnectOptions::default() };
    let (http, url) = http(&format!("http://127.0.0.1:{}/", stub.port), &options);
    let start = Instant::now();
    for _ in 0..6 {
        send(&http, &url, READ).await.unwrap();
    }
    assert!(start.elapsed() >= Duration::from_millis(450), "{:?}", start.elapsed());
}

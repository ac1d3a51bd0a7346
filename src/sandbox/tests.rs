use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

async fn started(options: SandboxOptions) -> Sandbox {
    start(options).await.unwrap()
}

/// One plain request; the whole answer.
async fn fetch(address: SocketAddr, path: &str) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn the_first_line_names_every_system() {
    let sandbox = started(SandboxOptions { seed: Some(3), ..SandboxOptions::default() }).await;
    let line = serde_json::to_value(sandbox.credentials()).unwrap();
    let port = sandbox.address().port();
    assert_eq!(line["vtiger"]["url"], format!("http://127.0.0.1:{port}/vtiger"));
    assert_eq!(line["vtiger"]["username"], "admin");
    assert_eq!(line["woocommerce"]["app_url"], format!("http://127.0.0.1:{port}/shop"));
    assert!(line["woocommerce"]["consumer_key"].as_str().unwrap().starts_with("ck_"));
    let other = started(SandboxOptions { seed: Some(3), ..SandboxOptions::default() }).await;
    assert_eq!(other.credentials().vtiger.access_key, sandbox.credentials().vtiger.access_key);
    assert_eq!(
        other.credentials().woocommerce.consumer_key,
        sandbox.credentials().woocommerce.consumer_key
    );
    other.stop().await;
    sandbox.stop().await;
}

#[tokio::test]
async fn it_serves_over_http_and_counts() {
    let sandbox = started(SandboxOptions::default()).await;
    let answer =
        fetch(sandbox.address(), "/vtiger/webservice.php?operation=getchallenge&username=admin")
            .await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"token\":"), "{answer}");
    let answer = fetch(sandbox.address(), "/shop/wp-json/").await;
    assert!(answer.contains("\"wc\\/v3\""), "{answer}");
    let answer = fetch(sandbox.address(), "/shop/wp-json/wc/v3/customers/5").await;
    assert!(
        answer.starts_with("HTTP/1.1 401") && answer.contains("woocommerce_rest_cannot_view"),
        "{answer}"
    );
    assert!(fetch(sandbox.address(), "/elsewhere").await.starts_with("HTTP/1.1 404"));
    let counts = sandbox.requests();
    assert_eq!(counts["vtiger getchallenge"], 1);
    assert_eq!(counts["woocommerce GET customers/{id}"], 1);
    assert_eq!(sandbox.in_flight(), 0);
    sandbox.stop().await;
}

#[tokio::test]
async fn only_loopback_is_served() {
    let listen = "0.0.0.0:0".parse().unwrap();
    let refused = start(SandboxOptions { listen, ..SandboxOptions::default() }).await;
    assert!(matches!(refused, Err(SandboxError::NotLoopback(_))));
}

#[tokio::test]
async fn it_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let options =
        || SandboxOptions { state_dir: Some(folder.path().into()), ..SandboxOptions::default() };
    let sandbox = started(SandboxOptions { records: Some(100), seed: Some(5), ..options() }).await;
    let credentials = sandbox.credentials();
    let (_, customer) = sandbox.woo(
        "POST",
        "customers",
        &json!({"email": "kept@x.example", "first_name": "A & B"}),
    );
    let (_, edited) = sandbox.woo(
        "PUT",
        "products/15",
        &json!({"regular_price": "7.00", "meta_data": [{"key": "k", "value": "v"}]}),
    );
    sandbox.woo("DELETE", "products/16?force=true", &Value::Null);
    sandbox.woo("DELETE", "products/17", &Value::Null);
    let element = json!({"lastname": "Kept 'é", "cf_851": "x1"}).to_string();
    let contact = sandbox.vtiger("create", &[("elementType", "Contacts"), ("element", &element)]);
    let id = contact["result"]["id"].as_str().unwrap().to_owned();
    let gone = sandbox.vtiger("query", &[("query", "select id from Contacts limit 1;")])["result"]
        [0]["id"]
        .clone();
    sandbox.vtiger("delete", &[("id", gone.as_str().unwrap())]);
    let base = fetch(sandbox.address(), "/shop/wp-json/").await.len();
    assert!(base > 0);
    sandbox.stop().await;

    let sandbox = started(options()).await;
    assert_eq!(sandbox.credentials(), credentials, "same port, same keys");
    assert_eq!((sandbox.records(), sandbox.seed()), (100, 5));
    assert_eq!(
        sandbox.woo("GET", &format!("customers/{}", customer["id"]), &Value::Null).1["email"],
        "kept@x.example"
    );
    let (_, product) = sandbox.woo("GET", "products/15?context=edit", &Value::Null);
    assert_eq!(
        (&product["regular_price"], &product["meta_data"]),
        (&edited["regular_price"], &edited["meta_data"])
    );
    assert_eq!(sandbox.woo("GET", "products/16", &Value::Null).0, 404);
    assert_eq!(sandbox.woo("GET", "products/17", &Value::Null).1["status"], "trash");
    assert_eq!(sandbox.vtiger("retrieve", &[("id", &id)])["result"], contact["result"]);
    assert_eq!(sandbox.vtiger("retrieve", &[("id", gone.as_str().unwrap())])["success"], false);
    let next = sandbox.vtiger("create", &[("elementType", "Contacts"), ("element", &element)]);
    let number = |id: &Value| id.as_str().unwrap()[3..].parse::<u64>().unwrap();
    assert_eq!(number(&next["result"]["id"]), number(&contact["result"]["id"]) + 1);
    let (_, later) =
        sandbox.woo("POST", "products", &json!({"meta_data": [{"key": "k", "value": "w"}]}));
    assert!(later["meta_data"][0]["id"].as_u64() > product["meta_data"][0]["id"].as_u64());

    let twice = start(options()).await;
    assert!(matches!(twice, Err(SandboxError::InUse(_))));
    let address = sandbox.address();
    sandbox.stop().await;
    let other = start(SandboxOptions { seed: Some(6), ..options() }).await;
    assert!(matches!(other, Err(SandboxError::OtherData { seed: 5, .. })));
    let squatter = std::net::TcpListener::bind(address).unwrap();
    let taken = start(options()).await;
    assert!(matches!(taken, Err(SandboxError::PortTaken { .. })));
    drop(squatter);
}

#[tokio::test]
async fn latency_does_not_queue_requests() {
    let latency = Duration::from_millis(150);
    let sandbox = started(SandboxOptions { latency, ..SandboxOptions::default() }).await;
    let before = std::time::Instant::now();
    let path = "/shop/wp-json/";
    let all = (0..8).map(|_| fetch(sandbox.address(), path));
    futures::future::join_all(all).await;
    let took = before.elapsed();
    assert!((latency..latency * 6).contains(&took), "{took:?}");
    sandbox.stop().await;
}

/// The bytes of an answer; an error where the connection broke.
async fn raw(address: SocketAddr, request: &str) -> std::io::Result<Vec<u8>> {
    let mut socket = TcpStream::connect(address).await?;
    socket.write_all(request.as_bytes()).await?;
    let mut answer = vec![0; 100_000];
    let mut length = 0;
    loop {
        match socket.read(&mut answer[length..]).await? {
            0 => break,
            n => length += n,
        }
        if length == answer.len() {
            break;
        }
    }
    answer.truncate(length);
    Ok(answer)
}

fn get_of(address: SocketAddr) -> String {
    format!("GET /shop/wp-json/ HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")
}

#[tokio::test]
async fn faults_of_the_way_are_given_and_counted() {
    let sandbox = started(SandboxOptions::default()).await;
    let address = sandbox.address();
    let whole = String::from_utf8(raw(address, &get_of(address)).await.unwrap()).unwrap();
    for (kind, shows) in [
        ("429", "retry-after: 1\r\n"),
        ("429-date", "GMT\r\n"),
        ("429-absurd", "retry-after: 31536000"),
        ("429-bare", "HTTP/1.1 429"),
        ("500", "HTTP/1.1 500"),
        ("502", "<h1>502 Bad Gateway</h1>"),
        ("html", "<h1>Just a moment...</h1>"),
        ("empty", "content-length: 0\r\n"),
        ("php-notice", "<b>Notice</b>:"),
        ("control-chars", "\u{1}\u{1f}"),
        ("delay", "\"wc\\/v3\""),
    ] {
        let fault: Fault = format!("woocommerce:{kind}=1").parse().unwrap();
        sandbox.set_faults(&[fault]);
        let answer = raw(address, &get_of(address)).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.contains(shows), "{kind}: {answer}");
        assert_eq!(sandbox.faults_given()[&format!("woocommerce:{kind}")], 1);
    }
    for (kind, check) in [
        ("bad-utf8", (|b, _| std::str::from_utf8(b).is_err()) as fn(&[u8], &str) -> bool),
        ("truncated", |b, whole| b.len() < whole.len()),
        ("huge", |b, _| b.len() == 100_000),
    ] {
        sandbox.set_faults(&[kind_of(kind)]);
        let answer = raw(address, &get_of(address)).await.unwrap();
        assert!(check(&answer, &whole), "{kind}: {}", answer.len());
    }
    for kind in ["reset-before", "reset-after"] {
        sandbox.set_faults(&[kind_of(kind)]);
        let broken = raw(address, &get_of(address)).await.unwrap_err();
        assert_eq!(broken.kind(), std::io::ErrorKind::ConnectionReset, "{kind}");
    }
    sandbox.set_faults(&[]);
    let answer = raw(address, &get_of(address)).await.unwrap();
    assert_eq!(answer.len(), whole.len());
    sandbox.stop().await;
}

fn kind_of(kind: &str) -> Fault {
    format!("{kind}=100%").parse().unwrap()
}

/// A write by the network: a challenge costs nothing and `create` without a session is refused, so
/// only what the gate says of it is looked at.
#[tokio::test]
async fn writes_are_told_while_they_are_under_way() {
    let sandbox = started(SandboxOptions::default()).await;
    let address = sandbox.address();
    sandbox.slow_writes(Duration::from_millis(200));
    let mut writes = sandbox.writes();
    let body = "operation=create&elementType=Contacts&element=%7B%7D";
    let request = format!(
        "POST /vtiger/webservice.php HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let sent = tokio::spawn(async move { raw(address, &request).await });
    writes.wait_for(|w| w.begun == 1).await.unwrap();
    assert_eq!(sandbox.writes_in_flight(), 1);
    writes.wait_for(|w| w.applied == 1).await.unwrap();
    assert_eq!(sandbox.writes_in_flight(), 1);
    writes.wait_for(|w| w.answered == 1).await.unwrap();
    assert_eq!(sandbox.writes_in_flight(), 0);
    sent.await.unwrap().unwrap();
    assert!(sandbox.deeds().is_empty(), "it was refused: {:?}", sandbox.deeds());
    sandbox.stop().await;
}

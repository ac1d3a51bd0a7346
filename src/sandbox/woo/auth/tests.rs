use axum::http::{HeaderMap, Method};

use super::*;
use crate::sandbox::http::pairs;

const HOME: &str = "http://127.0.0.1:8080/shop";
const NOW: i64 = 1_795_289_065;

fn keys() -> Keys {
    Keys::new(1, HOME.to_owned())
}

/// A request signed the way the official clients do it.
struct Signed {
    method: Method,
    algorithm: &'static str,
    parameters: Vec<(String, String)>,
    secret: String,
    url: String,
}

fn signed(query: &[(&str, &str)]) -> Signed {
    let (key, secret) = pair(1, WooKey::ReadWrite);
    let mut parameters: Vec<(String, String)> =
        query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    for (name, value) in [
        ("oauth_consumer_key", key.as_str()),
        ("oauth_timestamp", "1795289065"),
        ("oauth_nonce", "63b9"),
        ("oauth_signature_method", "HMAC-SHA256"),
    ] {
        parameters.push((name.to_owned(), value.to_owned()));
    }
    let url = format!("{HOME}/wp-json/wc/v3/customers");
    Signed { method: Method::GET, algorithm: "HMAC-SHA256", parameters, secret, url }
}

impl Signed {
    fn set(mut self, name: &str, value: &str) -> Self {
        self.parameters.retain(|(k, _)| k != name);
        if !value.is_empty() {
            self.parameters.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    fn signature(&self) -> String {
        let mut sorted: Vec<String> =
            self.parameters.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
        sorted.sort();
        let base = format!("{}&{}&{}", self.method, encode(&self.url), encode(&sorted.join("&")));
        let algorithm = match self.algorithm {
            "HMAC-SHA1" => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            _ => hmac::HMAC_SHA256,
        };
        let key = hmac::Key::new(algorithm, format!("{}&", self.secret).as_bytes());
        STANDARD.encode(hmac::sign(&key, base.as_bytes()))
    }

    fn request(&self) -> Request {
        let mut all = self.parameters.clone();
        all.push(("oauth_signature".into(), self.signature()));
        let query: Vec<String> =
            all.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
        Request {
            method: self.method.clone(),
            path: "/wp-json/wc/v3/customers".into(),
            query: query.join("&"),
            headers: HeaderMap::new(),
            body: Vec::new(),
        }
    }
}

fn outcome(keys: &Keys, request: &Request) -> String {
    let query = php::parameters(&pairs(&request.query));
    match keys.identify(request, &query, NOW) {
        Ok(Some(key)) => format!("{:?}", key.kind),
        Ok(None) => "nobody".into(),
        Err(failure) => format!("{} {}", failure.status, failure.message),
    }
}

#[test]
fn keys_come_from_the_seed() {
    let (key, secret) = pair(1, WooKey::ReadWrite);
    assert_eq!((key.len(), secret.len()), (43, 43));
    assert!(key.starts_with("ck_") && secret.starts_with("cs_"));
    assert_eq!(pair(1, WooKey::ReadWrite), (key.clone(), secret));
    assert_ne!(pair(2, WooKey::ReadWrite).0, key);
    assert_ne!(pair(1, WooKey::Read).0, key);
}

#[test]
fn the_base_string_is_the_documented_one() {
    let given = php::parameters(&pairs(
        "per_page=1&oauth_consumer_key=ck_1&_fields=id&oauth_timestamp=1795289065&oauth_nonce=63b9\
         &oauth_signature_method=HMAC-SHA1&oauth_signature=x",
    ));
    assert_eq!(
        base_string("GET", "http://shop.example.com/wp-json/wc/v3/customers", &given),
        "GET&http%3A%2F%2Fshop.example.com%2Fwp-json%2Fwc%2Fv3%2Fcustomers&_fields%3Did%26oauth_consumer_key%3Dck_1\
         %26oauth_nonce%3D63b9%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D1795289065%26per_page%3D1"
    );
}

#[test]
fn signatures_are_checked_to_the_letter() {
    let good = [
        signed(&[]),
        signed(&[("email", "a+b@x.example"), ("search", "Ünï ☃ 100% ~")]),
        signed(&[("include[0]", "3"), ("include[1]", "4")]),
        Signed { algorithm: "HMAC-SHA1", ..signed(&[]).set("oauth_signature_method", "HMAC-SHA1") },
        signed(&[]).set("oauth_version", "1.0"),
        signed(&[]).set("oauth_timestamp", "1795288200"),
    ];
    for case in good {
        assert_eq!(outcome(&keys(), &case.request()), "ReadWrite", "{:?}", case.parameters);
    }
    let mismatch = "401 Invalid signature - provided signature does not match.";
    let (other, _) = pair(9, WooKey::ReadWrite);
    let bad = [
        (Signed { secret: "cs_wrong".into(), ..signed(&[]) }, mismatch),
        (
            Signed {
                url: "http://localhost:8080/shop/wp-json/wc/v3/customers".into(),
                ..signed(&[])
            },
            mismatch,
        ),
        (signed(&[("include[]", "3"), ("include[]", "4")]), mismatch),
        (signed(&[("include", "3"), ("include", "4")]), mismatch),
        (
            signed(&[]).set("oauth_signature_method", "PLAINTEXT"),
            "401 Invalid signature - signature method is invalid.",
        ),
        (signed(&[]).set("oauth_consumer_key", &other), "401 Consumer key is invalid."),
        (signed(&[]).set("oauth_timestamp", "1795288164"), "401 Invalid timestamp."),
        (signed(&[]).set("oauth_timestamp", "1795289966"), "401 Invalid timestamp."),
        (signed(&[]).set("oauth_nonce", ""), "401 Missing OAuth parameter oauth_nonce"),
        (
            signed(&[]).set("oauth_nonce", "").set("oauth_timestamp", ""),
            "401 Missing OAuth parameters oauth_timestamp, oauth_nonce",
        ),
    ];
    for (case, expected) in bad {
        assert_eq!(outcome(&keys(), &case.request()), expected, "{:?}", case.parameters);
    }
}

#[test]
fn a_nonce_is_good_once_but_only_one_a_second_is_remembered() {
    let keys = keys();
    let nonce = |n: &str| outcome(&keys, &signed(&[]).set("oauth_nonce", n).request());
    assert_eq!(nonce("n1"), "ReadWrite");
    assert_eq!(nonce("n1"), "401 Invalid nonce - nonce has already been used.");
    assert_eq!(nonce("n2"), "ReadWrite");
    assert_eq!(nonce("n1"), "ReadWrite", "n2 took its place in that second");
}

#[test]
fn the_header_form_works_and_other_ways_are_not_looked_at() {
    let case = signed(&[("per_page", "1")]);
    let mut request = case.request();
    request.query = "per_page=1".into();
    let oauth: Vec<String> = case
        .parameters
        .iter()
        .filter(|(k, _)| k.starts_with("oauth_"))
        .chain([&("oauth_signature".to_owned(), case.signature())])
        .map(|(k, v)| format!("{k}=\"{}\"", encode(v)))
        .collect();
    request.headers.insert("authorization", format!("OAuth {}", oauth.join(", ")).parse().unwrap());
    assert_eq!(outcome(&keys(), &request), "ReadWrite");

    let (key, secret) = pair(1, WooKey::ReadWrite);
    let basic = STANDARD.encode(format!("{key}:{secret}"));
    request.headers.insert("authorization", format!("Basic {basic}").parse().unwrap());
    assert_eq!(outcome(&keys(), &request), "nobody", "Basic is for https");
    request.headers.clear();
    request.query = format!("consumer_key={key}&consumer_secret={secret}");
    assert_eq!(outcome(&keys(), &request), "nobody", "so are keys in the query");
}

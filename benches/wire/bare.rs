//! The bare client: the same requests as the program's, as many at a time, parsed into typed
//! structs and counted, and nothing else. And the load: more at a time, and not even parsed.

use super::child::fail;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::{StreamExt, TryStreamExt};
use md5::{Digest, Md5};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, Response, Url};
use ring::hmac;
use serde::Deserialize;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::time::{Duration, Instant, SystemTime};

/// Requests to the shop at a time, as the connector has them.
const SHOP: u64 = 3;
/// Requests at a time that bring the sandbox to its limit.
const LOAD: usize = 16;
/// Records of a page.
const PAGE: u64 = 100;
/// The members that the connector asks for when it reads everything.
const WHOLE: &str =
    "id,date_created_gmt,date_modified_gmt,role,billing,email,first_name,last_name,shipping";
/// The members that it asks for when it only looks for changes.
const NARROW: &str = "id,date_created_gmt,date_modified_gmt,role";
/// The columns of contacts that it asks for.
const COLUMNS: &str = "id,modifiedtime,createdtime,account_id,email,firstname,lastname,mailingcity,\
                       mailingcountry,mailingstate,mailingstreet,mailingzip,othercity,othercountry,\
                       otherphone,otherstate,otherstreet,otherzip,phone";
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Reads or writes, as the first argument says; the second one is the sandbox's credentials.
pub fn run(arguments: &[String]) {
    let [what, keys] = arguments else { fail("--bare WHAT KEYS") };
    let keys: Value = serde_json::from_str(keys).unwrap_or_else(|e| fail(&e.to_string()));
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().unwrap_or_else(|e| fail(&e.to_string()));
    let (records, took) = runtime.block_on(async {
        match what.as_str() {
            "create" => create(&keys, 1).await,
            "creates" => create(&keys, LOAD).await,
            "pages" => load_pages(&keys).await,
            "narrow" => read_customers(&keys, NARROW).await,
            "whole" => read_customers(&keys, WHOLE).await,
            _ => {
                let (customers, a) = read_customers(&keys, WHOLE).await;
                let (contacts, b) = read_contacts(&keys).await;
                (customers + contacts, a + b)
            }
        }
    });
    println!("{}", json!({ "records": records, "millis": took.as_secs_f64() * 1000.0 }));
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Customer<'a> {
    id: u64,
    #[serde(borrow)]
    date_created_gmt: Option<Cow<'a, str>>,
    #[serde(borrow)]
    date_modified_gmt: Option<Cow<'a, str>>,
    #[serde(borrow)]
    role: Cow<'a, str>,
    #[serde(borrow, default)]
    email: Cow<'a, str>,
    #[serde(borrow, default)]
    first_name: Cow<'a, str>,
    #[serde(borrow, default)]
    last_name: Cow<'a, str>,
    #[serde(borrow)]
    billing: Option<Address<'a>>,
    #[serde(borrow)]
    shipping: Option<Address<'a>>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Address<'a> {
    #[serde(borrow)]
    company: Cow<'a, str>,
    #[serde(borrow)]
    address_1: Cow<'a, str>,
    #[serde(borrow)]
    address_2: Cow<'a, str>,
    #[serde(borrow)]
    city: Cow<'a, str>,
    #[serde(borrow)]
    postcode: Cow<'a, str>,
    #[serde(borrow)]
    country: Cow<'a, str>,
    #[serde(borrow)]
    state: Cow<'a, str>,
    #[serde(borrow, default)]
    phone: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    success: bool,
    #[serde(borrow)]
    result: Vec<Contact<'a>>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Contact<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    modifiedtime: Option<Cow<'a, str>>,
    #[serde(borrow)]
    createdtime: Option<Cow<'a, str>>,
    #[serde(borrow)]
    account_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    email: Option<Cow<'a, str>>,
    #[serde(borrow)]
    firstname: Option<Cow<'a, str>>,
    #[serde(borrow)]
    lastname: Option<Cow<'a, str>>,
    #[serde(borrow)]
    mailingcity: Option<Cow<'a, str>>,
    #[serde(borrow)]
    mailingcountry: Option<Cow<'a, str>>,
    #[serde(borrow)]
    mailingstate: Option<Cow<'a, str>>,
    #[serde(borrow)]
    mailingstreet: Option<Cow<'a, str>>,
    #[serde(borrow)]
    mailingzip: Option<Cow<'a, str>>,
    #[serde(borrow)]
    othercity: Option<Cow<'a, str>>,
    #[serde(borrow)]
    othercountry: Option<Cow<'a, str>>,
    #[serde(borrow)]
    otherphone: Option<Cow<'a, str>>,
    #[serde(borrow)]
    otherstate: Option<Cow<'a, str>>,
    #[serde(borrow)]
    otherstreet: Option<Cow<'a, str>>,
    #[serde(borrow)]
    otherzip: Option<Cow<'a, str>>,
    #[serde(borrow)]
    phone: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Created {
    success: bool,
    result: Option<NewId>,
}

#[derive(Deserialize)]
struct NewId {
    id: String,
}

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder().no_proxy().tcp_nodelay(true).tls_certs_only([]);
    builder.build().unwrap_or_else(|e| fail(&e.to_string()))
}

fn text<'a>(keys: &'a Value, system: &str, key: &str) -> &'a str {
    keys[system][key].as_str().unwrap_or("")
}

/// The shop, with its keys.
struct Shop<'a> {
    client: Client,
    address: String,
    key: &'a str,
    signer: hmac::Key,
    members: &'a str,
    /// The shop's clock is so many seconds ahead.
    ahead: u64,
}

impl<'a> Shop<'a> {
    fn new(keys: &'a Value, members: &'a str) -> Self {
        let secret = text(keys, "woocommerce", "consumer_secret");
        Self {
            client: client(),
            address: format!("{}/wp-json/wc/v3/customers", text(keys, "woocommerce", "app_url")),
            key: text(keys, "woocommerce", "consumer_key"),
            signer: hmac::Key::new(hmac::HMAC_SHA256, format!("{secret}&").as_bytes()),
            members,
            ahead: keys["ahead"].as_u64().unwrap_or(0),
        }
    }

    /// A page, and how many there are.
    async fn page(&self, number: u64) -> reqwest::Result<(Vec<u8>, u64)> {
        let answer = self.answer(number).await?;
        let pages = total(&answer, "x-wp-totalpages");
        Ok((answer.bytes().await?.to_vec(), pages))
    }

    async fn answer(&self, number: u64) -> reqwest::Result<Response> {
        self.client.get(self.signed(number)).send().await?.error_for_status()
    }

    fn signed(&self, number: u64) -> String {
        let encode = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        // By name, as they are signed.
        let query = format!(
            "_fields={}&oauth_consumer_key={}&oauth_nonce={}{number}\
             &oauth_signature_method=HMAC-SHA256&oauth_timestamp={}&order=asc&orderby=id&page={number}\
             &per_page={PAGE}&role=all",
            encode(self.members),
            self.key,
            now.as_nanos(),
            now.as_secs() + self.ahead,
        );
        let base = format!("GET&{}&{}", encode(&self.address), encode(&query));
        let signature = STANDARD.encode(hmac::sign(&self.signer, base.as_bytes()));
        format!("{}?{query}&oauth_signature={}", self.address, encode(&signature))
    }
}

fn total(answer: &Response, name: &str) -> u64 {
    let number = answer.headers().get(name).and_then(|v| v.to_str().ok());
    number.and_then(|v| v.parse().ok()).unwrap_or(0)
}

fn customers(body: &[u8]) -> Vec<Customer<'_>> {
    serde_json::from_slice(body).unwrap_or_else(|e| fail(&e.to_string()))
}

async fn read_customers(keys: &Value, members: &str) -> (u64, Duration) {
    let shop = Shop::new(keys, members);
    let start = Instant::now();
    let read = async {
        let (first, pages) = shop.page(1).await?;
        let first = customers(&first).len() as u64;
        let shop = &shop;
        let rest = futures::stream::iter(2..=pages)
            .map(|number| async move {
                let (body, _) = shop.page(number).await?;
                Ok::<u64, reqwest::Error>(customers(&body).len() as u64)
            })
            .buffered(usize::try_from(SHOP).unwrap_or(1));
        rest.try_fold(first, |sum, n| async move { Ok(sum + n) }).await
    };
    let records = read.await.unwrap_or_else(|e| fail(&e.to_string()));
    (records, start.elapsed())
}

/// Fetches all pages and looks at none.
async fn load_pages(keys: &Value) -> (u64, Duration) {
    let shop = Shop::new(keys, WHOLE);
    let start = Instant::now();
    let read = async {
        let first = shop.answer(1).await?;
        let (pages, records) = (total(&first, "x-wp-totalpages"), total(&first, "x-wp-total"));
        first.bytes().await?;
        let shop = &shop;
        let rest = futures::stream::iter(2..=pages)
            .map(|number| async move { shop.answer(number).await?.bytes().await });
        rest.buffer_unordered(LOAD).try_for_each(|_| async { Ok(()) }).await?;
        Ok::<u64, reqwest::Error>(records)
    };
    let records = read.await.unwrap_or_else(|e| fail(&e.to_string()));
    (records, start.elapsed())
}

/// Vtiger with a session.
struct Crm {
    client: Client,
    url: Url,
    session: String,
}

impl Crm {
    async fn log_in(keys: &Value) -> Self {
        let client = client();
        let url = format!("{}/webservice.php", text(keys, "vtiger", "url"));
        let url: Url = url.parse().unwrap_or_else(|_| fail("no address"));
        let user = text(keys, "vtiger", "username");
        let asked: reqwest::Result<Value> = async {
            let mut challenge = url.clone();
            challenge.set_query(Some(&format!("operation=getchallenge&username={user}")));
            let answer = client.get(challenge).send().await?.bytes().await?;
            let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
            let token = answer["result"]["token"].as_str().unwrap_or("");
            let key = format!("{token}{}", text(keys, "vtiger", "access_key"));
            let key = Md5::digest(key.as_bytes());
            let key: String = key.iter().map(|b| format!("{b:02x}")).collect();
            let form = format!("operation=login&username={user}&accessKey={key}");
            let answer = post(&client, &url, form).await?;
            Ok(serde_json::from_slice(&answer).unwrap_or_default())
        }
        .await;
        let answer = asked.unwrap_or_else(|e| fail(&e.to_string()));
        let Some(session) = answer["result"]["sessionName"].as_str() else {
            fail(&format!("no session: {answer}"));
        };
        Self { client, url, session: session.to_owned() }
    }
}

async fn post(client: &Client, url: &Url, form: String) -> reqwest::Result<Vec<u8>> {
    let request = client.post(url.clone());
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    Ok(request.send().await?.error_for_status()?.bytes().await?.to_vec())
}

/// Reads all contacts, each page from where the one before ended.
async fn read_contacts(keys: &Value) -> (u64, Duration) {
    let crm = Crm::log_in(keys).await;
    let start = Instant::now();
    let (mut records, mut last) = (0, String::new());
    loop {
        let after = if last.is_empty() { String::new() } else { format!("where id > '{last}' ") };
        let query = format!("select {COLUMNS} from Contacts {after}order by id limit 100;");
        let mut url = crm.url.clone();
        url.query_pairs_mut()
            .append_pair("operation", "query")
            .append_pair("query", &query)
            .append_pair("sessionName", &crm.session);
        let answer = async { crm.client.get(url).send().await?.bytes().await }.await;
        let answer = answer.unwrap_or_else(|e| fail(&e.to_string()));
        let page: Envelope<'_> =
            serde_json::from_slice(&answer).unwrap_or_else(|e| fail(&e.to_string()));
        if !page.success {
            fail("Vtiger refused the query");
        }
        records += page.result.len() as u64;
        match page.result.last() {
            Some(contact) if page.result.len() as u64 == PAGE => last = contact.id.to_string(),
            _ => break,
        }
    }
    (records, start.elapsed())
}

/// Creates a contact of each customer, so many at a time. Reading them does not count.
async fn create(keys: &Value, at_a_time: usize) -> (u64, Duration) {
    let shop = Shop::new(keys, WHOLE);
    // One session, as the connector has, which sends one create at a time: two at once get the same
    // number. The load does not mind.
    let crm = &Crm::log_in(keys).await;
    let (mut records, mut took) = (0, Duration::ZERO);
    let mut number = 1;
    loop {
        let (body, pages) = shop.page(number).await.unwrap_or_else(|e| fail(&e.to_string()));
        let forms: Vec<String> = customers(&body).iter().filter_map(form).collect();
        let start = Instant::now();
        records += forms.len() as u64;
        let creates =
            futures::stream::iter(forms).for_each_concurrent(at_a_time, |form| async move {
                let form = format!("{form}&sessionName={}", crm.session);
                let answer = post(&crm.client, &crm.url, form).await;
                let answer = answer.unwrap_or_else(|e| fail(&e.to_string()));
                let answer: Created =
                    serde_json::from_slice(&answer).unwrap_or_else(|e| fail(&e.to_string()));
                if !answer.success || answer.result.is_none_or(|r| r.id.is_empty()) {
                    fail("Vtiger refused a contact");
                }
            });
        creates.await;
        took += start.elapsed();
        number += 1;
        if number > pages {
            return (records, took);
        }
    }
}

/// What the connector sends for a customer; nothing for one without a name.
fn form(customer: &Customer<'_>) -> Option<String> {
    if customer.last_name.is_empty() {
        return None;
    }
    let street = |a: &Address<'_>| {
        let lines = [a.address_1.as_ref(), a.address_2.as_ref()];
        lines.iter().filter(|line| !line.is_empty()).copied().collect::<Vec<_>>().join("\n")
    };
    let (billing, shipping) = (customer.billing.as_ref()?, customer.shipping.as_ref()?);
    // Vtiger keeps forty characters of a name, and cannot hold signs above U+FFFF.
    let cut = |text: &str| -> String {
        text.chars().map(|c| if u32::from(c) > 0xFFFF { '\u{FFFD}' } else { c }).take(40).collect()
    };
    let element = json!({
        "firstname": cut(&customer.first_name),
        "lastname": cut(&customer.last_name),
        "email": customer.email,
        "phone": billing.phone,
        "mailingstreet": street(billing),
        "mailingcity": billing.city,
        "mailingzip": billing.postcode,
        "mailingstate": billing.state,
        "mailingcountry": billing.country,
        "otherphone": shipping.phone,
        "otherstreet": street(shipping),
        "othercity": shipping.city,
        "otherzip": shipping.postcode,
        "otherstate": shipping.state,
        "othercountry": shipping.country,
        "assigned_user_id": "19x1",
    });
    let element = utf8_percent_encode(&element.to_string(), RESERVED).to_string();
    Some(format!("operation=create&elementType=Contacts&element={element}"))
}

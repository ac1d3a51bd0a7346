//! Requests and replies as the imitated systems see them, free of the server that carries them,
//! so that tests can hand one in without a socket.

use axum::http::{HeaderMap, Method, StatusCode};
use percent_encoding::percent_decode_str;

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path as it came, still encoded.
    pub path: String,
    /// The query string as it came, still encoded.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// A header's text, if it is there and readable.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// The media type without parameters, in lower case.
    pub fn media_type(&self) -> String {
        let value = self.header("content-type").unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The fields of a form body, url-encoded or multipart.
    pub fn form(&self) -> Vec<(String, String)> {
        match self.media_type().as_str() {
            "application/x-www-form-urlencoded" => pairs(&String::from_utf8_lossy(&self.body)),
            "multipart/form-data" => self.multipart().unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    fn multipart(&self) -> Option<Vec<(String, String)>> {
        let value = self.header("content-type")?;
        let boundary = value.split(';').find_map(|p| p.trim().strip_prefix("boundary="))?;
        let delimiter = format!("--{}", boundary.trim_matches('"'));
        let body = String::from_utf8_lossy(&self.body);
        let mut fields = Vec::new();
        for part in body.split(delimiter.as_str()).skip(1) {
            let Some((head, content)) = part.trim_start_matches("\r\n").split_once("\r\n\r\n")
            else {
                continue;
            };
            let name = head.split("name=\"").nth(1).and_then(|n| n.split('"').next());
            if let Some(name) = name.filter(|_| !head.contains("filename=")) {
                fields.push((
                    name.to_owned(),
                    content.strip_suffix("\r\n").unwrap_or(content).to_owned(),
                ));
            }
        }
        Some(fields)
    }
}

/// A reply.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// Headers besides the content's length.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

impl Reply {
    /// A reply with a body of that type.
    pub fn new(status: u16, content_type: &str, body: String) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, headers: vec![("content-type", content_type.to_owned())], body }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// The pairs of an encoded query string or form, in order, decoded.
pub fn pairs(encoded: &str) -> Vec<(String, String)> {
    encoded
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        })
        .collect()
}

/// Decodes `+` and `%XX`.
pub fn decode(text: &str) -> String {
    if text.contains('+') {
        percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
    } else {
        percent_decode_str(text).decode_utf8_lossy().into_owned()
    }
}

/// The last value of a key, as PHP keeps it.
pub fn last<'a>(pairs: &'a [(String, String)], key: &str) -> Option<&'a str> {
    pairs.iter().rev().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(content_type: &str, body: &str) -> Request {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", content_type.parse().unwrap());
        Request {
            method: Method::POST,
            path: "/".into(),
            query: String::new(),
            headers,
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn forms_come_in_two_kinds() {
        let plain =
            request("application/x-www-form-urlencoded; charset=utf-8", "a=1+2&b=%C3%A9&a=3&c");
        assert_eq!(last(&plain.form(), "a"), Some("3"));
        assert_eq!(last(&plain.form(), "b"), Some("é"));
        assert_eq!(last(&plain.form(), "c"), Some(""));
        let parts = "--xx\r\nContent-Disposition: form-data; name=\"element\"\r\n\r\n{\"a\":\r\n1}\r\n--xx--\r\n";
        let multi = request("multipart/form-data; boundary=xx", parts);
        assert_eq!(last(&multi.form(), "element"), Some("{\"a\":\r\n1}"));
        assert!(request("application/json", "a=1").form().is_empty());
    }
}

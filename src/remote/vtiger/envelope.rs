//! The envelope of every answer: `{"success":true,"result":…}` or
//! `{"success":false,"error":{"code":…,"message":…}}`, both with HTTP 200.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value as Json;
use std::fmt;

/// What the API answered.
#[derive(Debug, PartialEq)]
pub(crate) enum Reply<T> {
    /// The result.
    Done(T),
    /// A refusal.
    Failed(Failure),
}

/// A refusal in Vtiger's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The code; duplicates come as the number 0.
    pub(crate) code: String,
    /// The message.
    pub(crate) message: String,
}

/// Parses an answer whose result is parsed by a seed.
pub(crate) fn parse<'de, S: DeserializeSeed<'de>>(
    body: &'de str,
    seed: S,
) -> serde_json::Result<Reply<S::Value>> {
    let mut de = serde_json::Deserializer::from_str(body);
    let reply = de.deserialize_map(Envelope(seed))?;
    de.end()?;
    Ok(reply)
}

struct Envelope<S>(S);

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for Envelope<S> {
    type Value = Reply<S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an answer of Vtiger")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut seed = Some(self.0);
        let mut success = None;
        let mut result = None;
        let mut failure = None;
        while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            match &*name {
                "success" => success = Some(map.next_value::<bool>()?),
                "result" if success != Some(false) => match seed.take() {
                    Some(seed) => result = Some(map.next_value_seed(seed)?),
                    None => return Err(serde::de::Error::duplicate_field("result")),
                },
                "error" => failure = Some(failed(&map.next_value()?)),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        match (success, result, failure) {
            (Some(true), Some(result), _) => Ok(Reply::Done(result)),
            (Some(false), _, Some(failure)) => Ok(Reply::Failed(failure)),
            _ => Err(serde::de::Error::custom("neither a result nor an error")),
        }
    }
}

fn failed(error: &Json) -> Failure {
    let text = |name: &str| match error.get(name) {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    Failure {
        code: text("code"),
        message: html_escape::decode_html_entities(&text("message")).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::marker::PhantomData;

    fn reply(body: &str) -> Option<Reply<Json>> {
        parse(body, PhantomData).ok()
    }

    #[test]
    fn answers_are_told_apart() {
        assert_eq!(
            reply(r#"{"success":true,"result":[]}"#),
            Some(Reply::Done(Json::Array(vec![])))
        );
        let failed = |code: &str, message: &str| {
            Some(Reply::Failed(Failure { code: code.into(), message: message.into() }))
        };
        assert_eq!(
            reply(
                r#"{"success":false,"error":{"message":"Session Identifier provided is Invalid","code":"INVALID_SESSIONID"}}"#
            ),
            failed("INVALID_SESSIONID", "Session Identifier provided is Invalid")
        );
        assert_eq!(
            reply(r#"{"success":false,"error":{"code":0,"message":"Duplicate(s) detected!"}}"#),
            failed("0", "Duplicate(s) detected!")
        );
        for other in
            ["{}", "[]", r#"{"success":true}"#, r#"{"success":false}"#, r#"{"a":1}"#, "<html>"]
        {
            assert_eq!(reply(other), None, "{other}");
        }
    }
}

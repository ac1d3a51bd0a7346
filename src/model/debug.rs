//! What Debug Mode keeps of a request and its answer.

use super::Stamp;

/// A request to one of the systems, and its answer. Secrets were taken out before it was made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DebugEntry {
    /// Its number in its connector's log: dense, the newest has the highest. The store gives it.
    pub number: u64,
    /// The run it belongs to; `None`: it was made to check the connection.
    pub run: Option<u64>,
    /// When it was sent.
    pub time: Stamp,
    /// The system it was sent to; [`DebugEntry::OURSELVES`] in a remark about the log itself.
    pub system: String,
    /// Method and address.
    pub request: String,
    /// The beginning of what was sent.
    pub body: String,
    /// The HTTP status; 0 if there was no answer.
    pub status: u16,
    /// The beginning of the answer, or why there was none.
    pub answer: String,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// How much was sent as a body, in bytes.
    pub sent: u64,
    /// How much came back, in bytes.
    pub received: u64,
}

impl DebugEntry {
    /// The system of a remark that the log makes about itself.
    pub const OURSELVES: &'static str = "SyncDeck";

    /// A remark about the log itself.
    pub fn remark(run: Option<u64>, text: impl Into<String>) -> Self {
        Self {
            run,
            time: Stamp::now(),
            system: Self::OURSELVES.to_owned(),
            request: text.into(),
            ..Self::default()
        }
    }

    /// Whether it is such a remark.
    pub fn is_remark(&self) -> bool {
        self.system == Self::OURSELVES
    }

    /// Whether a text stands in it, in any case.
    pub fn holds(&self, lowercase: &str) -> bool {
        let status = self.status.to_string();
        let texts = [&self.request, &self.body, &self.answer, &self.system, &status];
        texts.iter().any(|text| holds(text, lowercase))
    }
}

/// Whether a text holds another one, which is in lower case. ASCII, as most bodies are, is not
/// copied for it.
fn holds(text: &str, lowercase: &str) -> bool {
    if !text.is_ascii() {
        return text.to_lowercase().contains(lowercase);
    }
    let (text, wanted) = (text.as_bytes(), lowercase.as_bytes());
    wanted.is_empty() || text.windows(wanted.len()).any(|w| w.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_in_any_case_and_in_every_part() {
        let entry = DebugEntry {
            request: "GET /Customers".into(),
            body: "Zoë ÄRGER".into(),
            status: 404,
            answer: "Not Found".into(),
            system: "Vtiger".into(),
            ..DebugEntry::default()
        };
        for text in ["customers", "ärger", "404", "not f", "vtiger", ""] {
            assert!(entry.holds(text), "{text}");
        }
        assert!(!entry.holds("customerss") && !entry.holds("found not"));
    }
}

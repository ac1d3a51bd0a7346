//! Takes secrets out of everything that is shown or logged.
//!
//! Two nets, one behind the other: values whose *name* says that they are secrets, wherever such a
//! pair may stand (addresses, forms, headers, JSON, HTML, and each of them encoded once more); and
//! the secrets of the connection themselves, in every form in which they travel.

mod forms;
mod names;
#[cfg(test)]
mod tests;

use forms::{cut_partial, forms};
use percent_encoding::percent_decode_str;
use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

/// What stands in place of a secret.
const STARS: &str = "•••";
/// A shorter secret would take harmless text away, and protects nothing.
const SHORTEST: usize = 4;
/// How many secrets of each kind that turned up on the way (sessions, signatures) are remembered.
const LEARNED: usize = 32;

/// Knows the secrets of one connection.
#[derive(Clone, Default)]
pub(crate) struct Mask {
    secrets: Vec<String>,
    learned: Arc<RwLock<Learned>>,
}

/// Secrets that turned up on the way, each in all its forms, the oldest first.
#[derive(Default)]
struct Learned {
    /// Those that serve many requests.
    lasting: VecDeque<Vec<String>>,
    /// Those of single requests.
    passing: VecDeque<Vec<String>>,
}

impl Learned {
    fn iter(&self) -> impl Iterator<Item = &String> {
        self.lasting.iter().chain(&self.passing).flatten()
    }
}

impl Mask {
    /// A mask for these secrets.
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let long = secrets.into_iter().filter(|secret| secret.len() >= SHORTEST);
        let mut all: Vec<String> = long.flat_map(forms).collect();
        // A form that holds another one goes first, so that nothing of it is left.
        all.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        all.dedup();
        Self { secrets: all, learned: Arc::default() }
    }

    /// Another secret turned up: a session, a token, a hash that logs in. Those of long ago are
    /// forgotten; they are over.
    pub(crate) fn learn(&self, secret: &str) {
        if secret.len() < SHORTEST {
            return;
        }
        let mut learned = self.learned.write().unwrap_or_else(PoisonError::into_inner);
        remember(&mut learned.lasting, forms(secret));
    }

    /// The secrets that a request carries by name (its signature, say) are masked wherever its
    /// answer repeats them, also without their names.
    pub(crate) fn learn_from(&self, request: &str) {
        for value in names::values(request) {
            let value = percent_decode_str(value).decode_utf8_lossy();
            if value.len() >= SHORTEST && !self.secrets.iter().any(|known| *known == value) {
                let mut learned = self.learned.write().unwrap_or_else(PoisonError::into_inner);
                remember(&mut learned.passing, forms(&value));
            }
        }
    }

    /// The text without secrets.
    pub(crate) fn text(&self, text: &str) -> String {
        let mut out = text.to_owned();
        let learned = self.learned.read().unwrap_or_else(PoisonError::into_inner);
        for secret in self.secrets.iter().chain(learned.iter()) {
            if out.contains(secret.as_str()) {
                out = out.replace(secret.as_str(), STARS);
            }
        }
        // Last, because it takes an encoded & inside a secret for its end.
        names::masked(&out)
    }

    /// The beginning of a body, without secrets, at most `limit` bytes.
    pub(crate) fn body(&self, body: &[u8], limit: usize) -> String {
        // Masked before it is cut, so that no half of a secret stands at the end. What masking
        // makes shorter may bring the end of the piece into sight, so it must not end in one either.
        let head = &body[..body.len().min(limit.saturating_mul(2))];
        let mut head = String::from_utf8_lossy(head).into_owned();
        let cut = head.len() < body.len();
        if cut {
            let learned = self.learned.read().unwrap_or_else(PoisonError::into_inner);
            cut_partial(&mut head, self.secrets.iter().chain(learned.iter()));
        }
        let mut text = self.text(&head);
        if text.len() > limit {
            let mut at = limit;
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            text.truncate(at);
            text.push('…');
        } else if cut {
            text.push('…');
        }
        text
    }
}

fn remember(all: &mut VecDeque<Vec<String>>, forms: Vec<String>) {
    if all.contains(&forms) {
        return;
    }
    if all.len() == LEARNED {
        all.pop_front();
    }
    all.push_back(forms);
}

//! A record as one side holds it.

use super::{Fields, Stamp};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// What one side holds of a record: the id, the stamps and the fields that were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Record {
    /// The id in that system, as text (`12x287`, `43`).
    pub id: String,
    /// When it was last changed, if the system says so.
    pub modified: Option<Stamp>,
    /// When it was made, if the system says so.
    pub created: Option<Stamp>,
    /// It lies in the system's trash: gone for users, though it can still be read by id.
    pub trashed: bool,
    /// The fields by path.
    pub fields: Fields,
}

impl Record {
    /// All that is known of a record that is gone.
    pub fn gone(id: impl Into<String>) -> Self {
        Self { id: id.into(), trashed: true, ..Self::default() }
    }
}

/// A sort key for an id: runs of digits compare as numbers, so `11x9` stands before `11x10`.
///
/// Different ids have different keys.
pub fn id_key(id: &str) -> CompactString {
    let mut key = CompactString::with_capacity(id.len() + 4);
    let mut rest = id;
    while let Some(first) = rest.chars().next() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            let length = u32::try_from(digits).unwrap_or(u32::MAX).min(0x3000);
            key.push('\u{1}');
            key.push(char::from_u32(0x20 + length).unwrap_or('\u{3020}'));
            key.push_str(&rest[..digits]);
            rest = &rest[digits..];
        } else {
            key.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_in_ids_sort_as_numbers() {
        let mut ids = vec!["11x10", "11x9", "12x1", "2x100", "abc", "11x009"];
        ids.sort_by_key(|id| id_key(id));
        assert_eq!(ids, ["2x100", "11x9", "11x10", "11x009", "12x1", "abc"]);
    }

    proptest! {
        #[test]
        fn different_ids_have_different_keys(a in "[0-9a-z:\u{1}]{0,12}", b in "[0-9a-z:\u{1}]{0,12}") {
            prop_assert_eq!(a == b, id_key(&a) == id_key(&b));
        }
        #[test]
        fn plain_numbers_keep_their_order(a in 0u64..u64::MAX, b in 0u64..u64::MAX) {
            prop_assert_eq!(a.cmp(&b), id_key(&a.to_string()).cmp(&id_key(&b.to_string())));
        }
    }
}

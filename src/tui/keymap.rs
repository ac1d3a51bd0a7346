//! Which key means which command: that of the command table, unless the administrator's file says
//! otherwise.

use super::commands::{self, Command, Id, Place};
use super::keys::Key;
use std::collections::HashMap;

/// The keys that differ from the command table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keymap {
    changed: HashMap<(Id, Place), Vec<Key>>,
}

impl Keymap {
    /// The keys of a command at a place; the first one is shown.
    pub fn keys(&self, command: &'static Command, place: Place) -> Vec<Key> {
        match self.changed.get(&(command.id, place)) {
            None => command.keys.iter().filter_map(|name| Key::parse(name)).collect(),
            // A command may stand in several lines; its own keys belong to the first one.
            Some(keys) => {
                let first = commands::at(place).find(|c| c.id == command.id);
                let is_first = first.is_some_and(|first| std::ptr::eq(first, command));
                if is_first { keys.clone() } else { Vec::new() }
            }
        }
    }

    /// The command that a key means at a place.
    pub fn by_key(&self, place: Place, key: Key) -> Option<&'static Command> {
        commands::at(place).find(|command| self.keys(command, place).contains(&key))
    }

    /// The key that is shown for a command; empty: it has none.
    pub fn shown(&self, command: &'static Command, place: Place) -> String {
        self.keys(command, place).first().map(ToString::to_string).unwrap_or_default()
    }

    /// The same for a command by its name; empty also where it does not apply.
    pub fn of(&self, id: Id, place: Place) -> String {
        let command = commands::at(place).find(|command| command.id == id);
        command.map(|command| self.shown(command, place)).unwrap_or_default()
    }

    /// The key to name in a sentence: the usual one while it still means this, else the first one.
    /// A command without a key is found by its name.
    pub fn told(&self, id: Id, place: Place, usual: &str) -> String {
        let Some(command) = commands::at(place).find(|command| command.id == id) else {
            return String::new();
        };
        let usual = Key::parse(usual);
        let mut all = commands::at(place).filter(|command| command.id == id);
        let still = all.any(|one| usual.is_some_and(|key| self.keys(one, place).contains(&key)));
        match (usual.filter(|_| still), self.of(id, place)) {
            (Some(usual), _) => usual.to_string(),
            (None, key) if key.is_empty() => format!(":{}", command.title),
            (None, key) => key,
        }
    }

    /// Gives commands other keys: name, or `name@place`, and the keys. Answers what cannot be done,
    /// in sentences; all else is.
    pub fn rebind<'a>(
        &mut self,
        wishes: impl IntoIterator<Item = (&'a str, Vec<String>)>,
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        for (name, keys) in wishes {
            if let Err(why) = self.rebind_one(name, &keys, &mut wrong) {
                wrong.push(why);
            }
        }
        self.settle_conflicts(&mut wrong);
        wrong
    }

    fn rebind_one(
        &mut self,
        wish: &str,
        names: &[String],
        wrong: &mut Vec<String>,
    ) -> Result<(), String> {
        let (name, at) = wish.split_once('@').map_or((wish, None), |(n, p)| (n, Some(p)));
        let known = commands::COMMANDS.iter().find(|command| commands::name(command.id) == name);
        let id = known
            .map(|command| command.id)
            .ok_or_else(|| format!("There is no command \"{name}\"; docs/keys.md lists them."))?;
        let mut places: Vec<Place> = commands::COMMANDS
            .iter()
            .filter(|command| command.id == id)
            .flat_map(|command| command.places)
            .copied()
            .filter(|place| at.is_none_or(|at| commands::place_name(*place) == at))
            .collect();
        places.sort_by_key(|place| commands::place_name(*place));
        places.dedup();
        if places.is_empty() {
            return Err(format!("\"{name}\" has no key at \"{}\".", at.unwrap_or_default()));
        }
        let mut keys = Vec::new();
        for name in names {
            let key = Key::parse(name).ok_or_else(|| {
                format!("{wish}: \"{name}\" is no key; write f5, ctrl-s, enter, G or another one.")
            })?;
            keys.push(key);
        }
        if keys.is_empty() && id == Id::Leave {
            return Err("\"leave\" needs a key: without one nobody could end the program.".into());
        }
        let careless = ["enter", "space"].iter().filter_map(|name| Key::parse(name));
        if id == Id::Yes && careless.into_iter().any(|key| keys.contains(&key)) {
            return Err(
                "\"yes\" cannot be Enter or Space: danger is not confirmed by habit.".into()
            );
        }
        for place in places {
            let typed = keys.iter().find(|key| place.takes_text() && key.typed().is_some());
            match typed {
                Some(key) => wrong.push(format!(
                    "{wish}: {key} would be typed into the field at \"{}\".",
                    commands::place_name(place)
                )),
                None => drop(self.changed.insert((id, place), keys.clone())),
            }
        }
        Ok(())
    }

    /// A key means one thing: of two commands that want it the changed one goes back to its usual
    /// keys.
    fn settle_conflicts(&mut self, wrong: &mut Vec<String>) {
        while let Some((place, key, [one, other])) = self.conflict() {
            let back = if self.changed.contains_key(&(other, place)) { other } else { one };
            let stays = if back == other { one } else { other };
            wrong.push(format!(
                "{key} at \"{}\" is {} already, so {} keeps its usual keys there.",
                commands::place_name(place),
                commands::name(stays),
                commands::name(back)
            ));
            self.changed.remove(&(back, place));
        }
    }

    fn conflict(&self) -> Option<(Place, Key, [Id; 2])> {
        for place in commands::ANYWHERE {
            let mut meant: HashMap<Key, Id> = HashMap::new();
            for command in commands::at(*place) {
                for key in self.keys(command, *place) {
                    match meant.insert(key, command.id) {
                        Some(id) if id != command.id => {
                            return Some((*place, key, [id, command.id]));
                        }
                        _ => {}
                    }
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rebound(wishes: &[(&str, &[&str])]) -> (Keymap, Vec<String>) {
        let mut keymap = Keymap::default();
        let owned = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
        let wrong = keymap.rebind(wishes.iter().map(|(name, keys)| (*name, owned(keys))));
        (keymap, wrong)
    }

    fn means(keymap: &Keymap, place: Place, key: &str) -> Option<Id> {
        keymap.by_key(place, Key::parse(key).unwrap()).map(|command| command.id)
    }

    #[test]
    fn a_command_gets_other_keys_everywhere_or_at_one_place() {
        let (keymap, wrong) = rebound(&[("sync-now", &["f5", "s"]), ("retry@queue", &["u"])]);
        assert_eq!(wrong, Vec::<String>::new());
        assert_eq!(means(&keymap, Place::Log, "f5"), Some(Id::SyncNow));
        assert_eq!(means(&keymap, Place::Log, "s"), Some(Id::SyncNow));
        assert_eq!(keymap.of(Id::SyncNow, Place::Log), "F5");
        assert_eq!(means(&keymap, Place::Queue, "u"), Some(Id::Retry));
        assert_eq!(means(&keymap, Place::Queue, "r"), None);
        assert_eq!(means(&keymap, Place::List, "r"), Some(Id::Retry), "only at the queue");
    }

    #[test]
    fn two_commands_can_change_places() {
        let (keymap, wrong) = rebound(&[("sync-now", &["p"]), ("preview", &["s"])]);
        // On the log in the result the preview's usual key is s as well: nothing else wants it.
        assert_eq!(wrong, Vec::<String>::new());
        assert_eq!(means(&keymap, Place::Log, "p"), Some(Id::SyncNow));
        assert_eq!(means(&keymap, Place::Log, "s"), Some(Id::Preview));
    }

    #[test]
    fn conflicts_and_what_is_unknown_are_told_and_left_out() {
        for (wish, keys, told) in [
            ("sync-nwo", &["s"][..], "no command \"sync-nwo\""),
            ("retry@log", &["u"], "has no key at \"log\""),
            ("sync-now", &["ctrl-alt-x"], "is no key"),
            ("sync-now", &["p"], "p at \"connectors\" is preview already"),
            ("save", &["s"], "would be typed into the field at \"form\""),
            ("yes", &["enter"], "danger is not confirmed by habit"),
            ("leave", &[], "nobody could end the program"),
        ] {
            let (keymap, wrong) = rebound(&[(wish, keys)]);
            assert!(wrong.iter().any(|text| text.contains(told)), "{wish}: {wrong:?}");
            assert_eq!(keymap, Keymap::default(), "{wish}");
            assert_eq!(keymap.conflict(), None);
        }
    }

    #[test]
    fn a_command_without_a_key_is_still_in_the_palette() {
        let (keymap, wrong) = rebound(&[("remove", &[])]);
        assert_eq!(wrong, Vec::<String>::new());
        assert_eq!(keymap.of(Id::Remove, Place::Connectors), "");
        assert_eq!(means(&keymap, Place::Connectors, "X"), None);
    }
}

//! The users of a world: what they create, edit, delete and restore.

use super::{Person, World, at, cut, id_of};
use crate::model::Intent;

impl World {
    /// A user replaces a value that he sees.
    pub fn supersede(&mut self, old: &str) {
        if !old.is_empty() {
            self.superseded.insert(format!("{}~x", cut(old)));
        }
    }

    pub fn is_known(&self, side: usize, email: &str) -> bool {
        let people = &self.sides[side].people;
        people.values().any(|p| p.email.eq_ignore_ascii_case(email))
    }

    /// A user creates a record.
    pub fn create(&mut self, side: usize, email: &str) -> u64 {
        self.people += 1;
        let who = self.people;
        let stamp = self.stamp(side);
        let mut person = Person {
            email: email.to_owned(),
            first: self.token(who),
            last: self.token(who),
            modified: stamp,
            created: stamp,
            who,
            ..Person::default()
        };
        if self.setup.habits.companies && self.dice.chance(60) {
            person.company = self.some_company(side);
        }
        let n = self.sides[side].next;
        self.sides[side].next += 1;
        self.sides[side].people.insert(n, person);
        self.touched.insert((side, n));
        self.note(|| format!("user creates {} {email}", id_of(side, n)));
        n
    }

    /// A company as a side holds it: a name, or the number of an account.
    fn some_company(&mut self, side: usize) -> String {
        let name = ["Acme", "ACME", "Bolt", "Crown"][self.dice.below(4) as usize];
        if side == 1 {
            return name.to_owned();
        }
        self.account(name)
    }

    /// The account with a name, made by a user if need be.
    pub fn account(&mut self, name: &str) -> String {
        let same = |known: &String| known.eq_ignore_ascii_case(name);
        let found = self.sides[0].accounts.iter().find(|(_, known)| same(known)).map(|(n, _)| *n);
        let n = found.unwrap_or_else(|| {
            let n = self.sides[0].accounts.len() as u64 + 1;
            self.sides[0].accounts.insert(n, name.to_owned());
            self.touched.insert((2, n));
            n
        });
        n.to_string()
    }

    /// The company's name of a person.
    pub fn company(&self, side: usize, person: &Person) -> String {
        if side == 1 {
            return person.company.clone();
        }
        let account = person.company.parse().ok().and_then(|n: u64| self.sides[0].accounts.get(&n));
        account.cloned().unwrap_or_default()
    }

    /// A user writes something new into a field: 0 first name, 1 last name, 2 phone.
    pub fn edit(&mut self, side: usize, n: u64, field: u64) {
        let Some(who) = self.sides[side].people.get(&n).map(|p| p.who) else { return };
        let token = self.token(who);
        let token = if field == 2 { self.held(side, &token) } else { token };
        self.put(side, n, field, token);
    }

    /// What a side makes of a phone number.
    pub fn held(&self, side: usize, phone: &str) -> String {
        if side == 1 && self.setup.lossy { cut(phone).to_owned() } else { phone.to_owned() }
    }

    /// A user puts a text into a field.
    pub fn put(&mut self, side: usize, n: u64, field: u64, text: String) {
        let stamp = self.stamp(side);
        let Some(person) = self.sides[side].people.get_mut(&n) else { return };
        let slot = match field {
            0 => &mut person.first,
            1 => &mut person.last,
            2 => &mut person.phone,
            _ => &mut person.company,
        };
        let old = std::mem::replace(slot, text.clone());
        person.modified = stamp;
        if field < 3 && old != text {
            self.supersede(&old);
        }
        self.touched.insert((side, n));
        self.note(|| format!("user edits {} {field}: {old} -> {text}", id_of(side, n)));
    }

    /// A user changes the e-mail address.
    pub fn put_email(&mut self, side: usize, n: u64, email: &str) {
        let stamp = self.stamp(side);
        if let Some(person) = self.sides[side].people.get_mut(&n) {
            person.email = email.to_owned();
            person.modified = stamp;
        }
        self.excuse(side, n);
        self.touched.insert((side, n));
        self.note(|| format!("user edits {} email {email}", id_of(side, n)));
    }

    /// A record that we made gets another key before the lost answer to its create was made up
    /// for: without an external id nobody can tell that it is ours, and a second one is no fault.
    fn excuse(&mut self, side: usize, n: u64) {
        if self.setup.external_id || !self.ours.contains(&(side, n)) {
            return;
        }
        let open = self.store.as_ref().map(|store| store.read_blocking(|r| r.intents(1)).unwrap());
        let here = |intent: &Intent| at(intent.target) == side && intent.target_id.is_empty();
        if open.is_some_and(|open| open.iter().any(|(_, intent)| here(intent))) {
            self.made.retain(|(on, _), made| *on != side || *made != n);
        }
    }

    /// A user deletes a record.
    pub fn delete(&mut self, side: usize, n: u64) {
        let stamp = self.stamp(side);
        let Some(mut person) = self.sides[side].people.remove(&n) else { return };
        for value in person.clone().values() {
            self.supersede(value);
        }
        person.modified = stamp;
        self.sides[side].trash.insert(n, person);
        self.touched.insert((side, n));
        self.note(|| format!("user deletes {}", id_of(side, n)));
    }

    /// A user takes a record out of the trash.
    pub fn restore(&mut self, side: usize, n: u64) {
        let stamp = self.stamp(side);
        let Some(mut person) = self.sides[side].trash.remove(&n) else { return };
        // A life of its own: what was made from it before is not its twin.
        self.people += 1;
        person.who = self.people;
        person.modified = stamp;
        for value in person.values().into_iter().filter(|value| !value.is_empty()) {
            self.owner.insert(value.clone(), person.who);
        }
        self.sides[side].people.insert(n, person);
        self.touched.insert((side, n));
        // It is there as if nobody had deleted it: where our answer was lost, nobody can tell.
        self.deleted.remove(&(side, n));
        self.note(|| format!("user restores {}", id_of(side, n)));
    }

    /// A user does something somewhere.
    pub fn user(&mut self) {
        let secs = [0, 0, 1, 1, 2, 5][self.dice.below(6) as usize];
        self.pass(secs);
        let habits = self.setup.habits;
        let side = self.dice.below(2) as usize;
        let ids: Vec<u64> = self.sides[side].people.keys().copied().collect();
        let email = format!("p{}@example.test", self.dice.below(7));
        let twins = habits.twins && (side == 0 || !self.setup.unique) && self.dice.chance(30);
        let free = twins || !self.is_known(side, &email);
        let roll = self.dice.below(100);
        if roll < 30 || ids.is_empty() {
            if free {
                self.create(side, &email);
            }
            return;
        }
        let n = ids[self.dice.below(ids.len() as u64) as usize];
        if self.ours.contains(&(side, n)) && self.sides[side].people[&n].created == self.stamp(side)
        {
            // Nobody opens and saves a record in the second in which it was made; where its own
            // system does, that is what it has filled by itself.
            self.pass(1);
        }
        match roll {
            30..40 if habits.deletes => self.delete(side, n),
            40..46 if habits.key_edits && free => self.put_email(side, n, &email),
            46..52 if habits.clears => {
                let field = self.dice.below(3);
                self.put(side, n, field, String::new());
            }
            52..62 if habits.companies => {
                let company =
                    if self.dice.chance(20) { String::new() } else { self.some_company(side) };
                self.put(side, n, 3, company);
            }
            62..68 if habits.restores => {
                let trash = &self.sides[side].trash;
                let back = trash.iter().find(|(_, p)| !self.is_known(side, &p.email));
                if let Some(n) = back.map(|(n, _)| *n) {
                    self.restore(side, n);
                }
            }
            // Saved without a change.
            68..71 => {
                let stamp = self.stamp(side);
                self.sides[side].people.entry(n).and_modify(|p| p.modified = stamp);
            }
            _ => {
                let field = self.dice.below(3);
                self.edit(side, n, field);
            }
        }
    }
}

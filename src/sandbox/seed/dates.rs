//! Vtiger's campaigns and the events of its calendar.

use super::deck::{Side, Trait};
use super::mix::mix;
use super::person::Person;
use super::world::{Kind, World};
use super::{Fact, Part};
use crate::sandbox::clock::push_stamp;
use crate::sandbox::text::push_number;

const DATE: u64 = 0x4441;
const DAY: i64 = 86_400;

/// A campaign, or an event.
#[derive(Debug, Clone, Copy)]
pub struct Date<'w> {
    world: &'w World,
    /// [`Kind::Campaigns`] or [`Kind::Events`].
    kind: Kind,
    number: u64,
}

impl<'w> Date<'w> {
    /// The one with that number.
    pub fn new(world: &'w World, kind: Kind, number: u64) -> Self {
        Self { world, kind, number }
    }

    fn stream(&self) -> u64 {
        DATE + u64::from(self.kind == Kind::Events) * 0x100
    }

    fn draw(&self, what: u64, limit: usize) -> usize {
        let draw = mix(self.world.seed, self.stream() + what, self.number) >> 20;
        usize::try_from(draw).unwrap_or(0) % limit.max(1)
    }

    /// When the record was made and last modified.
    pub fn stamps(&self) -> (i64, i64) {
        self.world.stamps(self.stream(), self.number)
    }

    /// Whom an event is with: the index among the contacts.
    fn contact(&self) -> u64 {
        let plain = |special| !matches!(special, Trait::NoKey | Trait::Twin);
        self.world.pick(Kind::Contacts, self.number * 7, plain)
    }

    fn person(&self) -> Person<'w> {
        let (p, twin) = self.world.deck.at(Side::Vtiger, self.contact());
        Person::new(self.world, p, twin)
    }

    /// The day, as seconds: up to a month before and after the base.
    fn day(&self) -> i64 {
        let days = i64::try_from(self.draw(1, 60)).unwrap_or(0) - 30;
        self.world.base.div_euclid(DAY) * DAY + days * DAY
    }

    fn minutes(&self) -> i64 {
        480 + i64::try_from(self.draw(2, 32)).unwrap_or(0) * 15
    }

    fn time(&self, after: i64, out: &mut String) {
        let from = out.len();
        push_stamp(out, (self.minutes() + after) * 60, ' ');
        out.replace_range(from..from + 11, "");
    }

    /// See [`super::Facts::write`].
    pub fn write(&self, fact: Fact, out: &mut String) -> bool {
        let part = match fact {
            Fact::Part(part) => part,
            Fact::Created => {
                push_stamp(out, self.stamps().0, ' ');
                return true;
            }
            Fact::Modified => {
                push_stamp(out, self.stamps().1, ' ');
                return true;
            }
            other => return self.person().write(other, Side::Vtiger, out),
        };
        let event = self.kind == Kind::Events;
        let call = self.draw(3, 2) == 0;
        match part {
            Part::Subject if event => {
                out.push_str(if call { "Call " } else { "Meeting with " });
                self.person().write(Fact::First, Side::Vtiger, out);
                out.push(' ');
                self.person().write(Fact::Last, Side::Vtiger, out);
            }
            Part::Subject => {
                let all = ["Spring Sale", "Newsletter", "Trade Fair", "Loyalty Bonus"];
                out.push_str(all[self.draw(4, all.len())]);
                out.push(' ');
                push_number(out, self.number + 1);
            }
            Part::Class if event => out.push_str(if call { "Call" } else { "Meeting" }),
            Part::Class => out.push_str(["Email", "Trade Show", "Advertisement"][self.draw(5, 3)]),
            Part::Status if event => {
                out.push_str(if self.day() < self.world.base { "Held" } else { "Planned" });
            }
            Part::Status => out.push_str(["Planning", "Active", "Completed"][self.draw(6, 3)]),
            Part::Date | Part::Due => {
                push_stamp(out, self.day(), ' ');
                out.truncate(out.len() - 9);
            }
            Part::Time => self.time(0, out),
            Part::TimeEnd => self.time(if call { 60 } else { 120 }, out),
            Part::Quantity => out.push(if call { '1' } else { '2' }),
            Part::Contact => self.world.push_id(Kind::Contacts, self.contact(), out),
            Part::Account => return self.person().write(Fact::Account, Side::Vtiger, out),
            Part::Product => self.world.push_id(
                Kind::Products,
                self.number % self.world.count(Kind::Products).max(1),
                out,
            ),
            Part::Total => {
                push_number(out, 1 + self.draw(7, 90) as u64);
                out.push_str("00.00000000");
            }
            _ => {}
        }
        true
    }
}

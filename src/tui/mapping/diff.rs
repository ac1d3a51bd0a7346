//! What would be saved: the lines that differ, and what the next sync makes of them.

use super::editor::rows;
use super::{Key, words};
use crate::catalog::ServiceModule;
use crate::mapping::{FieldLimits, ModuleMapping};
use crate::model::{ConflictRule, Direction, Pair, Side};
use crate::tui::text;

/// The dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffView {
    /// Connector and module.
    pub key: Key,
    /// First visible line.
    pub scroll: usize,
    /// How many links the module has, once that is known.
    pub links: Option<u64>,
}

/// A line that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added(Pair),
    /// It goes.
    Removed(Pair),
    /// It is another one.
    Changed(Pair, Pair),
}

/// The lines that differ between two states of the own lines, in the order of the table.
pub fn changes(spec: &ServiceModule, before: &[Pair], after: &[Pair]) -> Vec<Change> {
    let plain = |lines: &[Pair]| -> Vec<Pair> {
        let all = rows(spec, lines).into_iter();
        all.map(|row| Pair { replaces: false, custom: false, ..row.pair }).collect()
    };
    let (old, new) = (plain(before), plain(after));
    let mut gone: Vec<Option<&Pair>> =
        old.iter().map(|pair| (!new.contains(pair)).then_some(pair)).collect();
    let mut changes = Vec::new();
    let fresh: Vec<&Pair> = new.iter().filter(|pair| !old.contains(pair)).collect();
    // A line is the same one while one of its fields is.
    let kin: [fn(&Pair, &Pair) -> bool; 3] = [
        |a, b| a.vtiger == b.vtiger && a.service == b.service,
        |a, b| a.vtiger == b.vtiger,
        |a, b| a.service.iter().any(|path| b.service.contains(path)),
    ];
    let mut partner: Vec<Option<&Pair>> = vec![None; fresh.len()];
    for same in kin {
        for (at, pair) in fresh.iter().enumerate().filter(|(_, p)| p.active || same(p, p)) {
            if partner[at].is_some() {
                continue;
            }
            let found = gone.iter_mut().find(|one| one.is_some_and(|one| same(one, pair)));
            partner[at] = found.and_then(Option::take);
        }
    }
    for (pair, before) in fresh.into_iter().zip(partner) {
        changes.push(match before {
            Some(before) => Change::Changed(before.clone(), pair.clone()),
            None => Change::Added(pair.clone()),
        });
    }
    changes.extend(gone.into_iter().flatten().cloned().map(Change::Removed));
    changes
}

/// What differs between two lines: label, before, after.
pub fn details(before: &Pair, after: &Pair) -> Vec<(&'static str, String, String)> {
    let yes = |on: bool| if on { "yes" } else { "no" }.to_owned();
    let quoted = |text: &str| {
        if text.is_empty() { "none".to_owned() } else { format!("\"{text}\"") }
    };
    let status = |on: bool| if on { "active" } else { "inactive" }.to_owned();
    let way = |direction: Direction| words::arrow(direction, Direction::Both).to_owned();
    let listed = |texts: &[String]| {
        if texts.is_empty() { "none".to_owned() } else { texts.join(", ") }
    };
    let once = |once: bool| if once { "when a record is created" } else { "always" }.to_owned();
    let with = |pair: &Pair| -> Vec<String> {
        pair.with.iter().map(|(path, on)| format!("{path} = {}", yes(*on))).collect()
    };
    let all = |pair: &Pair| {
        vec![
            ("Vtiger field", pair.vtiger.clone()),
            ("Service field", pair.service_label()),
            ("Direction", way(pair.direction)),
            ("Type", words::kind(pair.kind).to_owned()),
            ("Refers to", pair.module.map_or("none".to_owned(), |m| m.label().to_owned())),
            ("Transform", words::steps(pair)),
            ("Default value", quoted(&pair.default)),
            ("Empty source", words::empty(pair.empty).to_owned()),
            ("Required", yes(pair.required)),
            ("Status", status(pair.active)),
            ("Description", quoted(&pair.description)),
            ("Else read from", listed(&pair.fallback)),
            ("Used", once(pair.once)),
            ("A zero", if pair.zero_is_empty { "counts as empty" } else { "is a number" }.into()),
            ("A null", if pair.null_is_silent { "no opinion" } else { "counts as empty" }.into()),
            ("Set with it", listed(&with(pair))),
        ]
    };
    let (before, after) = (all(before), all(after));
    let both = before.into_iter().zip(after);
    both.filter(|((_, a), (_, b))| a != b).map(|((label, a), (_, b))| (label, a, b)).collect()
}

/// What the consequences depend on.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// What is changed, in the words of the screen.
    pub module: &'a str,
    /// What the service is called.
    pub service: &'a str,
    /// The module's direction.
    pub direction: Direction,
    /// Whose value counts where both differ.
    pub conflict: ConflictRule,
    /// How many links there are, if that is known.
    pub links: Option<u64>,
    /// How many skips stand.
    pub skips: u64,
    /// A sync runs now.
    pub running: bool,
    /// The module is synced.
    pub enabled: bool,
}

/// Whether a change makes records be compared again. Descriptions do not, nor does a line that is
/// inactive before and after.
pub fn compares_again(spec: &ServiceModule, before: &[Pair], after: &[Pair]) -> bool {
    let revision = |lines: &[Pair]| {
        let pairs = spec
            .effective_mapping(lines)
            .into_iter()
            .map(|pair| Pair { replaces: false, custom: false, ..pair })
            .collect();
        ModuleMapping::new(pairs, &spec.match_on, [&[], &[]], |_| FieldLimits::default()).revision()
    };
    revision(before) != revision(after)
}

/// What the next sync makes of it, in sentences.
pub fn consequences(
    spec: &ServiceModule,
    before: &[Pair],
    after: &[Pair],
    facts: &Facts<'_>,
) -> Vec<String> {
    let Facts { module, service, .. } = facts;
    if !facts.enabled {
        return vec![format!("{module} are not synced now: nothing happens before they are.")];
    }
    if !compares_again(spec, before, after) {
        return vec!["Nothing is compared again: no value travels in another way.".to_owned()];
    }
    let linked = match facts.links {
        Some(links) => format!(" ({} linked)", text::number(links)),
        None => String::new(),
    };
    let mut told =
        vec![format!("All records of {module} are compared again at the next sync{linked}.")];
    let changes = changes(spec, before, after);
    let now_active = changes.iter().any(|change| match change {
        Change::Added(pair) => pair.active,
        Change::Changed(old, new) => new.active && (!old.active || old.id() != new.id()),
        Change::Removed(_) => false,
    });
    let both = facts.direction == Direction::Both;
    if now_active && both {
        let winner = match facts.conflict {
            ConflictRule::LastUpdated => "the last updated record wins".to_owned(),
            ConflictRule::Vtiger => "the Vtiger record wins".to_owned(),
            ConflictRule::Service => format!("the {service} record wins"),
        };
        told.push(format!(
            "Where both sides hold something else in a new line, {winner}; the other value is kept \
             in the log."
        ));
    } else if now_active {
        let target = if facts.direction.writes(Side::Vtiger) { "Vtiger" } else { service };
        told.push(format!("A new line writes its value into {target} wherever it differs there."));
    }
    let leaves = changes.iter().any(|change| match change {
        Change::Removed(pair) => pair.active,
        Change::Changed(old, new) => old.active && (!new.active || old.id() != new.id()),
        Change::Added(_) => false,
    });
    if leaves {
        told.push("What a line has written stays; it is no longer kept in step.".to_owned());
    }
    if facts.skips > 0 {
        let skips = text::count(facts.skips, "skipped record is", "skipped records are");
        told.push(format!("{skips} looked at again."));
    }
    if facts.running {
        told.push("A sync runs now: it goes on with the mapping that was saved before.".to_owned());
    }
    told.push("Preview shows record by record what the sync would write.".to_owned());
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::model::{Module, Transform};
    use crate::tui::mapping::editor;

    fn spec() -> ServiceModule {
        let catalog = Catalog::built_in().unwrap();
        catalog.service("woocommerce").unwrap().modules[&Module::Contacts].clone()
    }

    fn short(changes: &[Change]) -> Vec<String> {
        let name = |pair: &Pair| format!("{}|{}", pair.vtiger, pair.service_label());
        let one = |change: &Change| match change {
            Change::Added(pair) => format!("+ {}", name(pair)),
            Change::Removed(pair) => format!("- {}", name(pair)),
            Change::Changed(a, b) => format!("~ {} > {}", name(a), name(b)),
        };
        changes.iter().map(one).collect()
    }

    fn facts() -> Facts<'static> {
        Facts {
            module: "Contacts",
            service: "WooCommerce",
            direction: Direction::Both,
            conflict: ConflictRule::LastUpdated,
            links: Some(4_200),
            skips: 0,
            running: false,
            enabled: true,
        }
    }

    #[test]
    fn each_change_is_told_once() {
        let spec = spec();
        let row = |lines: &[Pair], name: &str| {
            editor::rows(&spec, lines).into_iter().find(|r| r.pair.vtiger == name).unwrap()
        };
        let mut lines = Vec::new();
        editor::put(&spec, &mut lines, None, Pair::new("cf_1", "meta_data.a"));
        assert_eq!(short(&changes(&spec, &[], &lines)), ["+ cf_1|meta_data.a"]);
        assert_eq!(short(&changes(&spec, &lines, &[])), ["- cf_1|meta_data.a"]);
        let before = lines.clone();
        let phone = row(&lines, "phone");
        let cut = Pair { transform: vec![Transform::Truncate { length: 9 }], ..phone.pair.clone() };
        editor::put(&spec, &mut lines, Some(&phone), cut);
        assert_eq!(
            short(&changes(&spec, &before, &lines)),
            ["~ phone|billing.phone > phone|billing.phone"]
        );
        // Taking another line's field pushes that line out.
        let mut lines = Vec::new();
        let phone = row(&lines, "phone");
        editor::put(&spec, &mut lines, Some(&phone), Pair::new("phone", "shipping.phone"));
        let found = short(&changes(&spec, &[], &lines));
        assert_eq!(
            found,
            ["~ phone|billing.phone > phone|shipping.phone", "- otherphone|shipping.phone"]
        );
        assert_eq!(changes(&spec, &lines, &lines), []);
    }

    #[test]
    fn details_name_what_differs() {
        let before = Pair::new("phone", "billing.phone");
        let mut after = before.clone();
        after.active = false;
        after.default = "none".into();
        after.direction = Direction::ToVtiger;
        let told = details(&before, &after);
        let short: Vec<String> = told.iter().map(|(l, a, b)| format!("{l}: {a} > {b}")).collect();
        assert_eq!(
            short,
            ["Direction: ↔ > ←", "Default value: none > \"none\"", "Status: active > inactive"]
        );
        assert_eq!(details(&before, &before), []);
        // Nothing that a line can hold is left out.
        let mut after = before.clone();
        after.fallback = vec!["shipping.phone".into(), "phone".into()];
        after.once = true;
        after.zero_is_empty = true;
        after.null_is_silent = true;
        after.with.insert("manage".into(), false);
        let told: Vec<String> =
            details(&before, &after).iter().map(|(l, a, b)| format!("{l}: {a} > {b}")).collect();
        assert_eq!(
            told,
            [
                "Else read from: none > shipping.phone, phone",
                "Used: always > when a record is created",
                "A zero: is a number > counts as empty",
                "A null: counts as empty > no opinion",
                "Set with it: none > manage = no",
            ]
        );
    }

    /// What is changed, what is known, and what is told.
    #[test]
    fn consequences_are_exact() {
        let spec = spec();
        let own = Pair::new("cf_1", "meta_data.a");
        let off = Pair { active: false, ..own.clone() };
        let described = Pair { description: "x".into(), ..own.clone() };
        let told = |before: &[Pair], after: &[Pair], facts: &Facts<'_>| {
            consequences(&spec, before, after, facts).join(" | ")
        };
        let one = std::slice::from_ref(&own);
        let all = told(&[], one, &facts());
        assert!(all.starts_with("All records of Contacts are compared again at the next sync (4,200 linked). | Where both sides hold something else in a new line, the last updated record wins;"), "{all}");
        assert!(all.ends_with("Preview shows record by record what the sync would write."));
        assert!(!all.contains("stays"));
        let all = told(one, &[], &facts());
        assert!(all.contains("What a line has written stays") && !all.contains("Where both"));
        for (before, after) in
            [(one, std::slice::from_ref(&described)), (&[], std::slice::from_ref(&off))]
        {
            assert_eq!(
                told(before, after, &facts()),
                "Nothing is compared again: no value travels in another way."
            );
        }
        let one_way = Facts {
            direction: Direction::ToVtiger,
            skips: 12,
            running: true,
            links: None,
            ..facts()
        };
        let all = told(&[], one, &one_way);
        assert!(all.contains("writes its value into Vtiger wherever"), "{all}");
        assert!(all.contains("12 skipped records are looked at again."));
        assert!(all.contains("A sync runs now"));
        let disabled = Facts { enabled: false, ..facts() };
        assert_eq!(
            told(&[], one, &disabled),
            "Contacts are not synced now: nothing happens before they are."
        );
    }
}

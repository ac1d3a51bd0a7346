//! What a story is told with: rules, directions, and what the two systems are like.

use super::world::Dice;
use crate::model::{
    Advanced, ConflictRule, Connector, Deletes, Direction, Frequency, Module, ModuleSettings, Pair,
    PairKind, Period, Ratio, Stamp, SyncFrom,
};
use crate::remote::ChangeFeed;
use std::collections::BTreeMap;

/// The field of each side that carries the other side's id, where a setup has one.
pub const EXTERNAL_ID: &str = "cf_900";
/// When the stories begin; the period of *Sync Records From* begins here too.
pub const BEGIN: i64 = 1_700_000_000;

/// What the users do besides creating and editing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Habits {
    pub deletes: bool,
    pub restores: bool,
    pub key_edits: bool,
    /// Several records with one key on a side.
    pub twins: bool,
    /// Emptied fields, also mandatory ones.
    pub clears: bool,
    pub companies: bool,
}

/// Rules, directions, and what the two systems are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setup {
    pub direction: Direction,
    pub conflict: ConflictRule,
    pub deletes: Deletes,
    pub habits: Habits,
    pub external_id: bool,
    /// People without an e-mail address travel, too.
    pub keyless: bool,
    /// How the service shows changes.
    pub feed: ChangeFeed,
    /// The service refuses a second record with the same e-mail address.
    pub unique: bool,
    /// The service has a trash.
    pub trash: bool,
    /// Vtiger tells what was deleted.
    pub deletions: bool,
    /// The service cuts phone numbers.
    pub lossy: bool,
    pub sync_from: bool,
    /// Complete listings are made only now and then.
    pub rare_scans: bool,
    pub guard_creates: u64,
    /// Which way the telephone number travels, where it is mapped.
    pub phone: Direction,
    pub page: usize,
    pub write_batch: usize,
    pub parallel: usize,
    pub batch: usize,
    /// Commits beside the work are seen at once, else as late as they may be.
    pub eagerly: bool,
}

impl Setup {
    /// A plain one: both ways, the later edit wins, deletes stay.
    pub fn plain() -> Self {
        Self {
            direction: Direction::Both,
            conflict: ConflictRule::LastUpdated,
            deletes: Deletes::Off,
            habits: Habits::default(),
            external_id: false,
            keyless: false,
            feed: ChangeFeed::NarrowScan,
            unique: true,
            trash: false,
            deletions: false,
            lossy: false,
            sync_from: false,
            rare_scans: false,
            guard_creates: 50_000,
            phone: Direction::Both,
            page: 3,
            write_batch: 3,
            parallel: 2,
            batch: 100,
            eagerly: false,
        }
    }

    /// All rules × directions × deletes.
    pub fn rules() -> Vec<Self> {
        let mut all = Vec::new();
        for direction in [Direction::Both, Direction::ToVtiger, Direction::ToService] {
            for conflict in [ConflictRule::LastUpdated, ConflictRule::Vtiger, ConflictRule::Service]
            {
                for deletes in [Deletes::Off, Deletes::Carry] {
                    all.push(Self { direction, conflict, deletes, ..Self::plain() });
                }
            }
        }
        all
    }

    /// The systems of a story, thrown with dice.
    pub fn thrown(self, dice: &mut Dice) -> Self {
        let feeds = [ChangeFeed::NarrowScan, ChangeFeed::FullScan, ChangeFeed::Filtered];
        let thrown = Self {
            external_id: dice.chance(40),
            feed: feeds[dice.below(3) as usize],
            unique: dice.chance(60),
            trash: dice.chance(30),
            lossy: dice.chance(25),
            sync_from: dice.chance(15),
            rare_scans: dice.chance(30),
            guard_creates: if dice.chance(20) { 1 } else { 50_000 },
            page: 1 + dice.below(4) as usize,
            write_batch: 1 + dice.below(3) as usize,
            parallel: 1 + dice.below(3) as usize,
            batch: [1, 2, 3, 100][dice.below(4) as usize],
            ..self
        };
        let (eagerly, deletions) = (thrown.page.is_multiple_of(2), thrown.parallel == 3);
        Self { eagerly, deletions, ..thrown }
    }

    /// The settings of the connector. `phone`: the telephone number is mapped.
    pub fn connector(&self, phone: bool) -> Connector {
        let pair = Pair::new("phone", "billing.phone");
        let pair = Pair { replaces: true, active: phone, direction: self.phone, ..pair };
        let as_shipped = phone && self.phone == Direction::Both;
        let keyless = self.keyless.then(|| Pair {
            replaces: true,
            required: false,
            kind: PairKind::Email,
            ..Pair::new("email", "email")
        });
        let contacts = ModuleSettings {
            enabled: true,
            direction: self.direction,
            mode: None,
            period: None,
            deletes: self.deletes,
            mapping: (!as_shipped).then_some(pair).into_iter().chain(keyless).collect(),
        };
        // What Vtiger tells has to be enough. Of the shop all is listed each time.
        let told = self.deletions && !self.rare_scans;
        let from = Some(Stamp::from_secs(BEGIN)).filter(|_| self.sync_from);
        let fields = self.external_id.then(|| (Module::Contacts, EXTERNAL_ID.to_owned()));
        let fields: BTreeMap<_, _> = fields.into_iter().collect();
        Connector {
            id: 1,
            name: "shop".into(),
            service: "woocommerce".into(),
            enabled: true,
            credentials: BTreeMap::new(),
            sync_from: SyncFrom { asked: "all".into(), from },
            frequency: Frequency::Off,
            conflict: self.conflict,
            debug: false,
            modules: BTreeMap::from([(Module::Contacts, contacts)]),
            advanced: Advanced {
                guard_deletes: Ratio(100),
                guard_changes: Ratio(100),
                guard_creates: self.guard_creates,
                full_scan: Period::secs(if told { 8_640_000 } else { 3_600 }),
                external_id_fields: fields.clone(),
                service_id_fields: fields,
                ..Advanced::default()
            },
        }
    }
}

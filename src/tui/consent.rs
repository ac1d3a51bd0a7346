//! The consent that a service asks of a person: three ways to give it, and how far it is. Codes and
//! addresses that hold one are masked; tokens never come here.

use crate::model::{CheckReport, ConnectorId, Stamp};
use std::fmt;
use std::time::Duration;
use tui_input::Input;

/// A way to give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A code that the service's console generates for a self client.
    Code,
    /// A code to be entered on another device.
    Device,
    /// The address that a browser shows afterwards.
    Address,
}

impl Way {
    /// All of them, the simplest first.
    pub const ALL: [Self; 3] = [Self::Code, Self::Device, Self::Address];

    /// What it is called.
    pub fn label(self) -> &'static str {
        match self {
            Self::Code => "Self client",
            Self::Device => "Device code",
            Self::Address => "Browser address",
        }
    }
}

/// What a person needs to know to give it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The address of the console, where clients are registered and codes are generated.
    pub console: String,
    /// What the consent covers.
    pub scope: String,
    /// The page that asks for it.
    pub page: String,
    /// Where that page sends the browser afterwards.
    pub redirect: String,
}

/// What is shown while a person accepts on another device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The code to enter.
    pub code: String,
    /// Where.
    pub url: String,
    /// The same with the code in it, or again without.
    pub whole: String,
    /// When the code stops working.
    pub ends: Stamp,
}

/// A pasted code or address. It may be worth a token, so it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Pasted(pub String);

impl fmt::Debug for Pasted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// What is asked of the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsentAsk {
    /// Begin, for this connector.
    Begin(ConnectorId),
    /// Hand in a code of the console.
    Code(Pasted),
    /// Hand in the address that the browser shows.
    Address(Pasted),
    /// Get a code for another device, and wait.
    Device,
    /// Wait no longer.
    Stop,
}

/// What comes of it.
#[derive(Debug, Clone)]
pub enum ConsentNews {
    /// It can be given.
    Begun(Facts),
    /// A code for another device is there.
    Shown(Shown),
    /// It was given, and is kept.
    Given,
    /// What the connection can do with it.
    Checked(Box<CheckReport>),
    /// It cannot be given so.
    Failed(crate::model::UserError),
}

/// How far it is.
#[derive(Clone)]
pub enum Step {
    /// A way is chosen.
    Ways,
    /// A code or an address is pasted.
    Paste {
        /// What is entered.
        input: Input,
        /// It is shown.
        revealed: bool,
    },
    /// A code for another device is asked for.
    Asking,
    /// A person accepts on another device.
    Waiting(Shown),
    /// What was pasted is on its way.
    Sending,
    /// It was given; the connection is tried.
    Checking,
    /// What the connection can do.
    Done(Box<CheckReport>),
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ways => f.write_str("Ways"),
            Self::Paste { input, revealed } => {
                write!(f, "Paste({}/{}, {revealed})", input.cursor(), input.value().len())
            }
            Self::Asking => f.write_str("Asking"),
            Self::Waiting(shown) => write!(f, "Waiting({shown:?})"),
            Self::Sending => f.write_str("Sending"),
            Self::Checking => f.write_str("Checking"),
            Self::Done(report) => write!(f, "Done({report:?})"),
        }
    }
}

/// The screen.
#[derive(Debug, Clone)]
pub struct ConsentView {
    /// Tells its answers from those for an older one.
    pub id: u64,
    /// The connector.
    pub connector: ConnectorId,
    /// What the service is called.
    pub label: String,
    /// It belongs to a connector that was just added: its settings come next.
    pub new: bool,
    /// What a person needs to know, once it is there.
    pub facts: Option<Facts>,
    /// The chosen way.
    pub way: Way,
    /// How far it is.
    pub step: Step,
    /// First visible line.
    pub scroll: usize,
}

impl ConsentView {
    /// At its beginning.
    pub fn new(id: u64, connector: ConnectorId, label: String, new: bool) -> Self {
        let (way, step) = (Way::Code, Step::Ways);
        Self { id, connector, label, new, facts: None, way, step, scroll: 0 }
    }

    /// Goes to another step.
    pub fn go(&mut self, step: Step) {
        self.step = step;
        self.scroll = 0;
    }

    /// How long until the shown countdown is another one.
    pub fn next_tick(&self, now: Stamp) -> Option<Duration> {
        let Step::Waiting(shown) = &self.step else { return None };
        let left = shown.ends.since(now);
        let rest = Duration::from_micros(u64::from(left.subsec_micros()));
        (!left.is_zero()).then_some(if rest.is_zero() { Duration::from_secs(1) } else { rest })
    }
}

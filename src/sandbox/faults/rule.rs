//! Faults as they are written on the command line: `[SYSTEM:]KIND=RATE`.

use std::str::FromStr;

use super::FaultKind;
use crate::sandbox::gate::System;

/// A fault that is switched on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fault {
    /// In this system only; none: in all that can misbehave so.
    pub system: Option<System>,
    /// What happens.
    pub kind: FaultKind,
    /// To which share of the requests or records, from 0 to 1.
    pub rate: f64,
}

/// Why a text is no fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadFault {
    /// It has no rate.
    #[error("There is no rate behind the kind")]
    NoRate,
    /// There is no such system.
    #[error("There is no system \"{0}\"; there are {systems}", systems = systems())]
    System(String),
    /// There is no such kind.
    #[error("There is no kind \"{0}\"; there are {kinds}", kinds = kinds())]
    Kind(String),
    /// The system never misbehaves so.
    #[error("\"{kind}\" cannot happen in {system}")]
    NeverThere {
        /// The kind.
        kind: &'static str,
        /// The system.
        system: &'static str,
    },
    /// The rate is no share.
    #[error("\"{0}\" is no share of the requests; it is written 2% or 0.02")]
    Rate(String),
}

fn systems() -> String {
    System::ALL.map(System::name).join(", ")
}

fn kinds() -> String {
    FaultKind::ALL.map(|(_, name)| name).join(", ")
}

impl FromStr for Fault {
    type Err = BadFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, rate) = text.rsplit_once('=').ok_or(BadFault::NoRate)?;
        let (system, name) = match name.split_once(':') {
            Some((system, name)) => {
                let known = System::ALL.into_iter().find(|s| s.name() == system.trim());
                (Some(known.ok_or_else(|| BadFault::System(system.to_owned()))?), name)
            }
            None => (None, name),
        };
        let kind = FaultKind::ALL.iter().find(|(_, known)| *known == name.trim());
        let (kind, name) = kind.copied().ok_or_else(|| BadFault::Kind(name.to_owned()))?;
        if let Some(system) = system.filter(|s| !kind.happens_in(*s)) {
            return Err(BadFault::NeverThere { kind: name, system: system.name() });
        }
        Ok(Self { system, kind, rate: share(rate.trim())? })
    }
}

fn share(text: &str) -> Result<f64, BadFault> {
    let bad = || BadFault::Rate(text.to_owned());
    let (number, whole) = match text.strip_suffix('%') {
        Some(percent) => (percent.trim_end(), 100.0),
        None => (text, 1.0),
    };
    // `parse` also takes "inf" and "1e9".
    if !number.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err(bad());
    }
    let rate = number.parse::<f64>().map_err(|_| bad())? / whole;
    if (0.0..=1.0).contains(&rate) { Ok(rate) } else { Err(bad()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read() {
        for (text, system, kind, rate) in [
            ("500=2%", None, FaultKind::Broken, 0.02),
            ("vtiger:reset-after=0.5", Some(System::Vtiger), FaultKind::ResetAfter, 0.5),
            ("woocommerce:429-date=100%", Some(System::WooCommerce), FaultKind::TooManyDate, 1.0),
            ("lossy=0.25%", None, FaultKind::Lossy, 0.0025),
            ("ghost=0", None, FaultKind::Ghost, 0.0),
        ] {
            assert_eq!(text.parse(), Ok(Fault { system, kind, rate }), "{text}");
        }
    }

    #[test]
    fn nonsense_is_told_apart() {
        for (text, says) in [
            ("reset", "no rate"),
            (
                "shop:500=1%",
                "no system \"shop\"; there are vtiger, woocommerce, magento, zoho, irujul, rest",
            ),
            ("reset=5%", "no kind \"reset\"; there are delay, 429, 429-date"),
            ("vtiger:page-drift=5%", "cannot happen in vtiger"),
            ("woocommerce:expired-session=5%", "cannot happen in woocommerce"),
            ("zoho:lossy=5%", "cannot happen in zoho"),
            ("500=2", "\"2\" is no share"),
            ("500=101%", "\"101%\" is no share"),
            ("500=-1%", "no share"),
            ("500=inf", "no share"),
            ("500=NaN", "no share"),
            ("500=", "no share"),
            ("500=%", "no share"),
        ] {
            let told = text.parse::<Fault>().unwrap_err().to_string();
            assert!(told.contains(says), "{text}: {told}");
        }
    }
}

//! When the settings of a connector want it to be synced.

use crate::catalog::{Catalog, Service};
use crate::model::{Connector, Frequency, Mode, Module, ModuleSettings};
use std::collections::BTreeMap;
use std::time::Duration;

/// When one module is to be synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timed {
    /// Whether probes look for changes.
    pub mode: Mode,
    /// How often by the clock. A module in the mode *Immediately* has a clock too, for what a probe
    /// cannot see.
    pub every: Duration,
}

/// When a connector is to be synced.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timing {
    /// The modules that are synced by themselves.
    pub modules: BTreeMap<Module, Timed>,
    /// How often probes look for changes.
    pub probe: Duration,
}

/// The mode of a module: its own, else the service's.
pub fn effective_mode(service: Option<&Service>, settings: &ModuleSettings) -> Mode {
    settings.mode.or(service.map(|service| service.mode)).unwrap_or_default()
}

impl Timing {
    /// What the settings ask for. A module's own period or mode counts although the connector's
    /// frequency is off; a disabled connector is never synced.
    pub fn of(connector: &Connector, catalog: &Catalog) -> Self {
        let service = catalog.service(&connector.service);
        let known = |module: &Module| {
            catalog.vtiger_module(*module).is_some()
                && service.is_some_and(|service| service.modules.contains_key(module))
        };
        let frequency = match connector.frequency {
            Frequency::Off => None,
            Frequency::Every(period) => Some(period),
        };
        let timed = |settings: &ModuleSettings| {
            let mode = effective_mode(service, settings);
            let clock = settings.period.or(frequency);
            let every = match mode {
                Mode::Cron => clock?,
                Mode::Immediately => clock.unwrap_or(connector.advanced.full_scan),
            };
            Some(Timed { mode, every: every.0 })
        };
        let modules = connector
            .modules
            .iter()
            .filter(|(module, settings)| connector.enabled && settings.enabled && known(module))
            .filter_map(|(module, settings)| Some((*module, timed(settings)?)))
            .collect();
        Self { modules, probe: connector.advanced.probe_interval.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Period;
    use crate::settings::default_connector;

    fn connector() -> (Catalog, Connector) {
        let catalog = Catalog::built_in().unwrap();
        let mut connector = default_connector(catalog.service("woocommerce").unwrap(), "shop");
        connector.modules.retain(|m, _| matches!(m, Module::Products | Module::Contacts));
        (catalog, connector)
    }

    /// The modules with their mode and their clock in seconds.
    fn told(catalog: &Catalog, connector: &Connector) -> Vec<(Module, Mode, u64)> {
        let timing = Timing::of(connector, catalog);
        timing.modules.iter().map(|(m, t)| (*m, t.mode, t.every.as_secs())).collect()
    }

    #[test]
    fn a_period_of_a_module_goes_before_the_frequency() {
        let (catalog, mut connector) = connector();
        assert!(told(&catalog, &connector).is_empty(), "off is the default");
        connector.frequency = Frequency::Every(Period::secs(900));
        let both = [(Module::Products, Mode::Cron, 900), (Module::Contacts, Mode::Cron, 900)];
        assert_eq!(told(&catalog, &connector), both);
        let contacts = connector.modules.get_mut(&Module::Contacts).unwrap();
        contacts.period = Some(Period::secs(300));
        assert_eq!(told(&catalog, &connector)[1].2, 300);
        connector.frequency = Frequency::Off;
        assert_eq!(told(&catalog, &connector), [(Module::Contacts, Mode::Cron, 300)]);
    }

    #[test]
    fn immediately_has_a_clock_for_what_probes_do_not_see() {
        let (catalog, mut connector) = connector();
        let contacts = connector.modules.get_mut(&Module::Contacts).unwrap();
        contacts.mode = Some(Mode::Immediately);
        let day = [(Module::Contacts, Mode::Immediately, 86_400)];
        assert_eq!(told(&catalog, &connector), day, "the complete listing's");
        connector.frequency = Frequency::Every(Period::secs(900));
        assert_eq!(told(&catalog, &connector)[1], (Module::Contacts, Mode::Immediately, 900));
    }

    #[test]
    fn what_is_switched_off_is_never_due() {
        let (catalog, mut connector) = connector();
        connector.frequency = Frequency::Every(Period::secs(900));
        connector.modules.get_mut(&Module::Contacts).unwrap().enabled = false;
        assert_eq!(told(&catalog, &connector).len(), 1);
        connector.service = "unheard of".into();
        assert!(told(&catalog, &connector).is_empty(), "a run would leave its modules out");
        connector.service = "woocommerce".into();
        connector.enabled = false;
        assert!(told(&catalog, &connector).is_empty());
    }

    #[test]
    fn a_service_may_be_immediate_by_itself() {
        let (catalog, connector) = connector();
        let mut service = catalog.service("woocommerce").unwrap().clone();
        service.mode = Mode::Immediately;
        let settings = &connector.modules[&Module::Contacts];
        assert_eq!(effective_mode(Some(&service), settings), Mode::Immediately);
        let own = ModuleSettings { mode: Some(Mode::Cron), ..settings.clone() };
        assert_eq!(effective_mode(Some(&service), &own), Mode::Cron);
        assert_eq!(effective_mode(None, settings), Mode::Cron);
    }
}

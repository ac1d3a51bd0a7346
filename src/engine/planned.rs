//! What a dry run has planned so far: what comes later in the plan would find it linked.

use super::context::Step;
use super::module::{ModuleWork, at};
use super::plan::Job;
use super::references::referred_modules;
use crate::model::{Module, Side, is_companion_id};
use crate::store::scratch::Texts;
use std::collections::BTreeSet;
use std::path::Path;

/// Records and companions that a dry run has listed.
pub struct Planned {
    /// The modules that records of this run refer to.
    referred: BTreeSet<Module>,
    linked: Texts,
    companions: Texts,
}

impl Planned {
    /// Nothing yet, of a run of these modules.
    pub fn new(folder: &Path, modules: &[ModuleWork]) -> Self {
        let referred = modules.iter().flat_map(referred_modules).collect();
        Self { referred, linked: Texts::new(folder), companions: Texts::new(folder) }
    }

    /// Remembers the records that jobs would link, by module and by their id on each side, as far as
    /// anything can ask for them.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn add(&mut self, module: Module, jobs: &[Job]) -> Step<()> {
        let referred = self.referred.contains(&module);
        let new = jobs.iter().filter(|job| job.link.is_none());
        let entries = new.flat_map(|job| {
            let id = |side: Side| job.records[at(side)].as_ref().map(|record| record.id.clone());
            Side::BOTH.into_iter().filter_map(move |side| {
                let own = id(side).filter(|own| referred || is_companion_id(own))?;
                Some((key(module, side, &own), id(Side::Vtiger).unwrap_or(own)))
            })
        });
        Ok(self.linked.put(entries)?)
    }

    /// The Vtiger id that a record would be linked with; its own id where that record is to be
    /// created.
    ///
    /// # Errors
    /// The disk is broken.
    pub fn linked(&self, module: Module, side: Side, id: &str) -> Step<Option<String>> {
        Ok(self.linked.get(&key(module, side, id))?)
    }

    /// Remembers a companion. Whether it was not listed yet.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn add_companion(&mut self, service_id: String) -> Step<bool> {
        let new = self.companions.get(&service_id)?.is_none();
        if new {
            self.companions.put([(service_id, String::new())])?;
        }
        Ok(new)
    }
}

fn key(module: Module, side: Side, id: &str) -> String {
    format!("{} {} {id}", module.key(), side.key())
}

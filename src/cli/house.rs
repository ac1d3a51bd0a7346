//! What commands work with: the folders, the output, and the opened store with everything on it.

use super::args::Global;
use super::exit::{Failure, Outcome};
use super::output::{Output, plain};
use crate::catalog::Catalog;
use crate::engine::Engine;
use crate::model::{Connector, Run, UserError};
use crate::paths::Paths;
use crate::secrets::{Vault, check_permissions};
use crate::settings::read_manifests;
use crate::store::Store;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// What the options that all commands share ask for.
#[derive(Debug)]
pub struct Context {
    /// Where output goes.
    pub out: Output,
    /// Nothing may be changed.
    pub read_only: bool,
    /// Whether colours are asked for or refused.
    pub color: Option<bool>,
    /// The one folder for everything, if one was named.
    pub data_dir: Option<PathBuf>,
}

/// The store, opened, with everything that works on it.
pub struct House {
    /// The store.
    pub store: Store,
    /// Opens and seals secrets.
    pub vault: Vault,
    /// What services there are.
    pub catalog: Arc<Catalog>,
    /// The engine.
    pub engine: Engine,
    /// The folder of the settings.
    pub config: std::path::PathBuf,
}

impl Context {
    /// The context of a command.
    pub fn new(global: &Global) -> Self {
        Self {
            out: Output::new(global.json),
            read_only: global.read_only,
            color: global.color.wish(),
            data_dir: global.data_dir.clone(),
        }
    }

    /// The folders.
    pub fn paths(&self) -> Result<Paths, UserError> {
        Paths::new(self.data_dir.as_deref())
    }

    /// Refuses a command that changes something if `--read-only` was given.
    pub fn may_write(&self, doing: &str) -> Outcome<()> {
        if !self.read_only {
            return Ok(());
        }
        Err(Failure::usage(
            format!("{doing} is not possible with --read-only."),
            "It would change records or settings.",
            "Leave --read-only out if that is what you want.",
        ))
    }

    /// The built-in services and those of the administrator's manifests. A manifest that cannot be
    /// used is told, and the others are there all the same.
    pub fn catalog_of(&self, paths: &Paths) -> Outcome<Catalog> {
        let mut catalog = catalog()?;
        for problem in read_manifests(&paths.config, &mut catalog) {
            self.out.message(&format!("warning: {}", plain(&problem.user().one_line())));
        }
        Ok(catalog)
    }

    /// Opens the store of these folders, or makes one.
    pub fn open(&self) -> Outcome<House> {
        self.open_at(self.paths()?)
    }

    /// Opens the store in these folders, or makes one.
    pub fn open_at(&self, paths: Paths) -> Outcome<House> {
        let file = paths.store();
        if self.read_only && !file.exists() {
            return Err(Failure::failed(
                format!("There is no store {}.", file.display()),
                "Nothing was set up in this folder, and with --read-only none is made.",
                "Name the folder with --data-dir DIR.",
            ));
        }
        let store = Store::open(&file)?;
        crate::fault::report_into(&paths.state);
        let vault = Vault::open(&paths.config)?;
        for file in [&file, &paths.key()] {
            if let Some(warning) = check_permissions(file) {
                self.out.message(&format!("warning: {}", warning.one_line()));
            }
        }
        let catalog = Arc::new(self.catalog_of(&paths)?);
        let engine = Engine::new(store.clone(), vault.clone(), catalog.clone());
        Ok(House { store, vault, catalog, engine, config: paths.config })
    }
}

/// The built-in catalog.
pub fn catalog() -> Result<Catalog, UserError> {
    Catalog::built_in().map_err(|why| {
        UserError::new("This SyncDeck is broken.", why, "Install it again, from another build.")
    })
}

/// The runtime that the engine works on.
pub fn runtime() -> Outcome<Runtime> {
    // One thread for the engine's tasks beside the screen's: what waits for the wire gains nothing
    // by more, and waking each other costs them several times what a request does.
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().map_err(|error| {
        Failure::failed(
            "SyncDeck could not start its threads.",
            format!("The operating system says: {error}."),
            "Raise the limit on processes (ulimit -u), then try again.",
        )
    })
}

impl House {
    /// The connector of this name.
    pub fn connector(&self, name: &str) -> Outcome<Connector> {
        let found =
            self.store.read_blocking(|r| Ok((r.connector_named(name)?, r.connectors()?)))?;
        let (found, all) = found;
        found.ok_or_else(|| {
            let names: Vec<_> = all.iter().map(|c| c.name.as_str()).collect();
            let why = match names.as_slice() {
                [] => "No connector has been set up yet.".to_owned(),
                names => format!("The connectors are: {}.", names.join(", ")),
            };
            Failure::usage(
                format!("There is no connector \"{name}\"."),
                why,
                "List them with: syncdeck connector list",
            )
        })
    }

    /// The run with this number.
    pub fn run(&self, id: u64) -> Outcome<Run> {
        self.store.read_blocking(|r| r.run(id))?.ok_or_else(|| {
            Failure::usage(
                format!("There is no run {id}."),
                "It was never made, or it is older than what is kept.",
                "Look at the runs with: syncdeck log",
            )
        })
    }

    /// What people call a service.
    pub fn service_label<'a>(&'a self, service: &'a str) -> &'a str {
        self.catalog.service(service).map_or(service, |s| s.label.as_str())
    }
}

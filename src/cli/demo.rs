//! `syncdeck demo`: everything on imitated systems, in a store of its own, ready to press keys.

use super::exit::{Exit, Failure, Outcome};
use super::house::{Context, House, runtime};
use super::sandbox::begin;
use super::{screen, sync};
use crate::catalog::Catalog;
use crate::engine::{SyncMode, SyncRequest};
use crate::model::{Connector, Direction, Stamp, Trigger};
use crate::paths::Paths;
use crate::sandbox::{Sandbox, SandboxOptions, VtigerRelease};
use crate::settings::apply;
use clap::Args;
use serde_json::Value;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use toml::Table;

/// What the sandbox calls the CRM.
const CRM: &str = "vtiger";

/// How often all connectors are synced at the most, until all systems are in step.
const ROUNDS: usize = 5;

/// Options of `demo`.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Sync until all is in step and print the log of each connector's first sync, without a screen
    #[arg(long)]
    pub headless: bool,
    /// How many people, and how many products, there are
    #[arg(long, value_name = "N")]
    pub records: Option<u64>,
    /// Other records for another seed, always the same ones for the same
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
}

/// Shows or syncs the demo.
pub fn run(args: &DemoArgs, context: &Context) -> Outcome {
    context.may_write("The demo")?;
    if !args.headless {
        screen::needs_terminal()?;
    }
    let folder = Folder::of(context)?;
    let runtime = runtime()?;
    let options = SandboxOptions {
        records: args.records,
        seed: args.seed,
        // The edition that has all modules.
        vtiger: VtigerRelease::Cloud,
        state_dir: folder.keeps.then(|| folder.path.join("sandbox")),
        ..SandboxOptions::default()
    };
    let sandbox = runtime.block_on(begin(options))?;
    let house = context.open_at(Paths::new(Some(&folder.path))?)?;
    set_up(&house, &sandbox)?;
    let ended = if args.headless {
        headless(&house, context, &runtime)
    } else {
        screen::show(&house, context, &runtime, Some("demo"))
    };
    drop(house);
    runtime.block_on(sandbox.stop());
    ended
}

/// The folder of the demo: one that was named and is kept, or one that goes with the demo.
struct Folder {
    path: PathBuf,
    keeps: bool,
}

impl Folder {
    fn of(context: &Context) -> Outcome<Self> {
        let Some(path) = &context.data_dir else { return Self::temporary() };
        let store = Paths::new(Some(path))?.store();
        if store.exists() && !path.join("sandbox").exists() {
            return Err(Failure::usage(
                format!("There is no demo in {}.", path.display()),
                "The store in it belongs to a real set-up, which the demo would overwrite.",
                "Name another folder with --data-dir, or none.",
            ));
        }
        let mut folder = DirBuilder::new();
        folder.recursive(true).mode(0o700);
        folder.create(path).map_err(|error| unusable(path, &error))?;
        Ok(Self { path: path.clone(), keeps: true })
    }

    fn temporary() -> Outcome<Self> {
        let name = format!("syncdeck-demo-{}-{:x}", std::process::id(), Stamp::now().0);
        let path = std::env::temp_dir().join(name);
        let made = DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|error| unusable(&path, &error))?;
        Ok(Self { path, keeps: false })
    }
}

fn unusable(folder: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(
        format!("The folder {} could not be made.", folder.display()),
        format!("The operating system says: {error}."),
        "Name a folder for the demo with --data-dir DIR.",
    )
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.keeps {
            // What cannot be removed is left to whoever cleans the temporary folder.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// Connects the CRM and every service of the sandbox that is not connected yet, by the same way as
/// a settings file.
fn set_up(house: &House, sandbox: &Sandbox) -> Outcome<()> {
    let known = house.store.read_blocking(|r| r.connectors())?;
    let credentials = serde_json::to_value(sandbox.credentials());
    let text = credentials
        .map_err(|error| error.to_string())
        .and_then(|credentials| document(&credentials, &house.catalog, &known))
        .map_err(broken)?;
    let (store, vault, catalog) = (&house.store, &house.vault, &house.catalog);
    let applied = apply(store, vault, catalog, &text, "demo", None, Stamp::now());
    applied.map(drop).map_err(|problems| {
        broken(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
    })
}

fn broken(why: String) -> Failure {
    Failure::failed("The demo could not be set up.", why, "This is a fault of SyncDeck.")
}

/// The settings file of the demo.
fn document(credentials: &Value, catalog: &Catalog, known: &[Connector]) -> Result<String, String> {
    let mut file = Table::new();
    let mut connectors = Vec::new();
    for (system, values) in credentials.as_object().into_iter().flatten() {
        let values = Table::try_from(values).map_err(|error| error.to_string())?;
        if system == CRM {
            file.insert("crm".into(), values.into());
            continue;
        }
        let Some(service) = catalog.service(system) else {
            continue;
        };
        // The sandbox also tells what clients of other makes need.
        let mut values = values;
        values.retain(|name, _| service.form.iter().any(|field| field.name == *name));
        if known.iter().any(|connector| connector.name == *system) {
            continue;
        }
        let mut modules = Table::new();
        for (module, spec) in &service.modules {
            let mut settings = Table::new();
            settings.insert("enabled".into(), true.into());
            // Everything that is possible is shown.
            let both = spec.directions.contains(&Direction::Both);
            let way = if both { Some(&Direction::Both) } else { spec.directions.first() };
            settings.extend(way.map(|way| ("direction".to_owned(), way.key().into())));
            // In a demo nothing moves before a key is pressed.
            settings.insert("mode".into(), "cron".into());
            modules.insert(module.key().into(), settings.into());
        }
        let mut connector = Table::new();
        connector.insert("name".into(), system.as_str().into());
        connector.insert("service".into(), system.as_str().into());
        connector.insert("sync_from".into(), "all".into());
        connector.insert("credentials".into(), values.into());
        connector.insert("modules".into(), modules.into());
        if service.api.is_some() {
            // Nobody has to be spared here.
            let mut advanced = Table::new();
            advanced.insert("requests_per_second".into(), 100.into());
            connector.insert("advanced".into(), advanced.into());
        }
        connectors.push(toml::Value::from(connector));
    }
    file.insert("connector".into(), connectors.into());
    toml::to_string(&file).map_err(|error| error.to_string())
}

/// Syncs every connector until all systems are in step, and prints the log of the first round.
fn headless(house: &House, context: &Context, runtime: &tokio::runtime::Runtime) -> Outcome {
    let connectors = house.store.read_blocking(|r| r.connectors())?;
    // The guards protect real systems; here they would only stop a demo with many records.
    let request =
        SyncRequest { trigger: Trigger::Manual, modules: Vec::new(), mode: SyncMode::Accept };
    let rounds =
        runtime.block_on(sync::sync_rounds(house, context, &connectors, &request, ROUNDS))?;
    let Some((first, more)) = rounds.split_first() else { return Ok(Exit::Failed) };
    let exit = sync::print_all(house, context, first)?;
    let later: u64 = more.iter().map(|round| sync::written(round)).sum();
    if later > 0 {
        context.out.message(&format!(
            "Then {later} records were written to bring each system what the others had brought \
             after its turn; the log has these syncs, too."
        ));
    }
    let went = more.iter().all(|round| sync::all_went(round));
    Ok(if went { exit } else { exit.and(Exit::Failed) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Global;

    #[test]
    fn the_demo_file_connects_what_is_not_connected_yet() {
        let catalog = Catalog::built_in().unwrap();
        let credentials = serde_json::json!({
            "vtiger": {"url": "http://127.0.0.1:1/vtiger", "username": "a", "access_key": "b"},
            "woocommerce": {"app_url": "http://127.0.0.1:1/shop", "consumer_key": "c",
                            "consumer_secret": "d"},
            "irujul": {"base_url": "127.0.0.1:1/irujul", "client_id": "e", "secret_key": "f"},
            "unheard_of": {"url": "x"},
        });
        let text = document(&credentials, &catalog, &[]).unwrap();
        let file: Table = text.parse().unwrap();
        assert_eq!(file["crm"]["username"].as_str(), Some("a"));
        let all = file["connector"].as_array().unwrap();
        assert_eq!(all.len(), 2);
        let shop = all.iter().find(|c| c["name"].as_str() == Some("woocommerce")).unwrap();
        assert_eq!(shop["credentials"]["consumer_key"].as_str(), Some("c"));
        assert_eq!(shop["modules"]["contacts"]["enabled"].as_bool(), Some(true));
        let service = catalog.service("woocommerce").unwrap();
        let known = crate::settings::default_connector(service, "woocommerce");
        let again: Table = document(&credentials, &catalog, &[known]).unwrap().parse().unwrap();
        assert_eq!(again["connector"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn a_temporary_folder_goes_with_the_demo() {
        let folder = Folder::of(&Context::new(&Global::default())).unwrap();
        let path = folder.path.clone();
        assert!(path.is_dir() && path.starts_with(std::env::temp_dir()));
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn a_real_store_is_not_taken_for_a_demo() {
        let real = tempfile::tempdir().unwrap();
        std::fs::write(real.path().join("syncdeck.redb"), "x").unwrap();
        let global = Global { data_dir: Some(real.path().to_owned()), ..Global::default() };
        assert!(Folder::of(&Context::new(&global)).is_err());
    }
}

//! Tests of the settings file as a whole.

mod applying;
mod fields;
mod refusing;
mod round_trip;

use super::{Applied, SettingsProblem, apply};
use crate::catalog::Catalog;
use crate::model::{Connector, Stamp};
use crate::secrets::Vault;
use crate::store::Store;
use tempfile::TempDir;

/// A store, a key and the built-in catalog.
struct World {
    _folder: TempDir,
    store: Store,
    vault: Vault,
    catalog: Catalog,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            store: Store::open(&folder.path().join("syncdeck.redb")).unwrap(),
            vault: Vault::open(folder.path()).unwrap(),
            catalog: Catalog::built_in().unwrap(),
            _folder: folder,
        }
    }

    fn apply_at(&self, text: &str, now: i64) -> Result<Applied, Vec<SettingsProblem>> {
        let (store, vault, catalog) = (&self.store, &self.vault, &self.catalog);
        apply(store, vault, catalog, text, "shop.toml", None, Stamp::from_secs(now))
    }

    fn apply(&self, text: &str) -> Result<Applied, Vec<SettingsProblem>> {
        self.apply_at(text, NOW)
    }

    fn connector(&self, name: &str) -> Connector {
        self.store.read_blocking(|r| r.connector_named(name)).unwrap().unwrap()
    }

    fn generation(&self) -> u64 {
        self.store.read_blocking(|r| r.generation()).unwrap()
    }
}

const NOW: i64 = 1_795_000_000;

/// Everything that can be set, as in the documentation.
const FULL: &str = r#"
[crm]
url = "crm.example.com"
username = "sync"
access_key = "very-secret-1"

[[connector]]
name = "shop"
service = "woocommerce"
credentials = { app_url = "https://shop.example.com/", consumer_key = "ck_secret", consumer_secret = "env:CS" }
sync_from = "30d"
frequency = "15m"
conflict = "service"
debug = true

[connector.modules.contacts]
direction = "to-vtiger"
mode = "cron"
period = "5m"
deletes = "carry"

[[connector.modules.contacts.mapping]]
vtiger = "cf_854"
service = "meta_data.vat_number"
direction = "both"
active = true
description = "VAT number of the company"
required = false
empty = "keep"
default = ""
transform = [{ kind = "truncate", length = 20 }, { kind = "map", to_vtiger = { a = "b" } }]

[connector.modules."Products"]
enabled = false

[connector.advanced]
concurrency = 2
requests_per_second = 5
probe_interval = "45s"
full_scan = "12h"
settle_wait = "0s"
guard_deletes = "20%"
guard_changes = "60%"
guard_creates = 500
external_id_fields = { contacts = "cf_900" }
allow_http = false

[[connector]]
name = "Second shop"
service = "woocommerce"
credentials = { app_url = "shop2.example.com", consumer_key = "file:/k", consumer_secret = "cmd:pass show x" }

[retention]
runs = "100d"
debug_size = "1GB"
"#;

/// A connector with this in addition.
fn shop(more: &str) -> String {
    format!(
        "[[connector]]\nname = \"shop\"\nservice = \"woocommerce\"\n\
         credentials = {{ app_url = \"https://shop\", consumer_key = \"env:CK\", \
         consumer_secret = \"env:CS\" }}\n{more}\n"
    )
}

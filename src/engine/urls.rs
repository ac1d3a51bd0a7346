//! The pages of records in the web interfaces of both sides, for front ends that show many.

use crate::catalog::{Catalog, Service};
use crate::model::{Module, Side};
use crate::remote::Remote;
use std::sync::Arc;

/// Knows the web pages of the records of one connector. Making it opens the secrets once; asking it
/// makes no request.
pub struct RecordUrls {
    catalog: Arc<Catalog>,
    service: Option<String>,
    remotes: [Option<Arc<dyn Remote>>; 2],
}

impl RecordUrls {
    /// The pages in the CRM and in an instance of this service, as far as they are connected.
    pub(super) fn new(
        catalog: Arc<Catalog>,
        service: Option<String>,
        remotes: [Option<Arc<dyn Remote>>; 2],
    ) -> Self {
        Self { catalog, service, remotes }
    }

    /// The page of a record; `None` without an id.
    pub fn of(&self, module: Module, side: Side, id: &str) -> Option<String> {
        if id.is_empty() {
            return None;
        }
        let [vtiger, service] = &self.remotes;
        match side {
            Side::Vtiger => {
                vtiger.as_ref()?.record_url(&self.catalog.vtiger_module(module)?.entity, id)
            }
            Side::Service => {
                let spec: &Service = self.catalog.service(self.service.as_ref()?)?;
                service.as_ref()?.record_url(&spec.modules.get(&module)?.entity, id)
            }
        }
    }
}

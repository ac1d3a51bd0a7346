//! The organisation: its number for web addresses, its currency, its taxes, its edition.

use super::super::http::Plan;
use super::super::{ErrorKind, RemoteResult};
use super::Zoho;
use super::call::Ask;
use super::lines::Tax;
use rust_decimal::Decimal;
use serde_json::Value as Json;
use std::str::FromStr;

/// What is known of the organisation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Organisation {
    /// Its number in web addresses.
    pub(crate) zgid: String,
    /// Its name.
    pub(crate) name: String,
    /// Its own currency.
    pub(crate) currency: String,
    /// What it pays for.
    pub(crate) edition: String,
}

impl Zoho {
    /// The organisation, asked once for each connection.
    pub(crate) async fn organisation(&self, plan: Plan) -> RemoteResult<&Organisation> {
        self.organisation
            .get_or_try_init(|| async {
                let json =
                    self.json(&Ask::get("org", "read the organisation").planned(plan)).await?;
                let org = json.pointer("/org/0").cloned().unwrap_or_default();
                let found = read(&org);
                if let Some(store) = self.tokens.store()
                    && !found.zgid.is_empty()
                    && store.remark().as_deref() != Some(found.zgid.as_str())
                {
                    store.leave_remark(&found.zgid).await;
                }
                Ok(found)
            })
            .await
    }

    /// The taxes that lines can bear; asked only if there is one to be borne.
    pub(crate) async fn taxes(&self, needed: bool) -> RemoteResult<Vec<Tax>> {
        if !needed {
            return Ok(Vec::new());
        }
        let taxes = self
            .taxes
            .get_or_try_init(|| async {
                let ask = Ask::get("org/taxes", "read the taxes of the organisation");
                match self.json(&ask).await {
                    Ok(json) => Ok(read_taxes(&json)),
                    // No tax was ever set up.
                    Err(error) if error.kind == ErrorKind::NotFound => Ok(Vec::new()),
                    Err(error) => Err(error),
                }
            })
            .await?;
        Ok(taxes.clone())
    }
}

fn read(org: &Json) -> Organisation {
    let text = |pointer: &str| match org.pointer(pointer) {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    Organisation {
        zgid: text("/zgid"),
        name: text("/company_name"),
        currency: text("/iso_code"),
        edition: text("/license_details/paid_type"),
    }
}

fn read_taxes(json: &Json) -> Vec<Tax> {
    let lists = ["/org_taxes/taxes", "/taxes", "/org_taxes"];
    let list = lists.iter().find_map(|p| json.pointer(p).and_then(Json::as_array));
    list.into_iter()
        .flatten()
        .filter_map(|tax| {
            let rate = tax.get("value").or_else(|| tax.get("percentage"))?;
            let rate = match rate {
                Json::String(text) => Decimal::from_str(text.trim()).ok()?,
                other => Decimal::from_str(&other.to_string()).ok()?,
            };
            let name = tax.get("name").and_then(Json::as_str)?.to_owned();
            Some(Tax { name, rate })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn organisation_and_taxes_are_read() {
        let org = read(&json!({"zgid": "7700", "company_name": "Zylker", "iso_code": "EUR",
            "license_details": {"paid_type": "enterprise"}}));
        assert_eq!((org.zgid.as_str(), org.currency.as_str()), ("7700", "EUR"));
        let taxes = read_taxes(
            &json!({"org_taxes": {"taxes": [{"name": "VAT", "value": 19.0, "id": "1"}]}}),
        );
        assert_eq!(taxes[0], Tax { name: "VAT".into(), rate: Decimal::from(19) });
    }
}

//! What Zoho computes of a document: totals of its rows and of the whole, to the cent.

use serde_json::{Value, json};

use super::store::Record;

fn number(value: Option<&Value>) -> f64 {
    match value {
        Some(Value::Number(n)) => n.as_f64().unwrap_or(0.0),
        Some(Value::String(text)) => text.trim().parse().unwrap_or(0.0),
        _ => 0.0,
    }
}

/// To the cent.
fn cents(amount: f64) -> f64 {
    (amount * 100.0 + amount.signum() * 1e-6).round() / 100.0
}

/// Fills in what is computed.
pub fn complete(invoice: &mut Record) {
    let mut sub_total = 0.0;
    if let Some(rows) = invoice.get_mut("Invoiced_Items").and_then(Value::as_array_mut) {
        for (n, row) in rows.iter_mut().enumerate() {
            let Some(row) = row.as_object_mut() else { continue };
            let total = cents(number(row.get("Quantity")) * number(row.get("List_Price")));
            let discount = match row.get("Discount") {
                Some(Value::String(text)) if text.ends_with('%') => {
                    cents(total * text.trim_end_matches('%').trim().parse().unwrap_or(0.0) / 100.0)
                }
                other => number(other),
            };
            let after = cents(total - discount);
            let rates = row.get("Line_Tax").and_then(Value::as_array).into_iter().flatten();
            let rate: f64 = rates.map(|t| number(t.get("percentage"))).sum();
            let tax = cents(after * rate / 100.0);
            let net = cents(after + tax);
            sub_total += net;
            for (name, value) in [
                ("Total", total),
                ("Total_After_Discount", after),
                ("Tax", tax),
                ("Net_Total", net),
            ] {
                row.insert(name.to_owned(), json!(value));
            }
            row.insert("Sequence_Number".to_owned(), json!(n + 1));
        }
    }
    let sub_total = cents(sub_total);
    let amount = |name: &str| number(invoice.get(name));
    let grand = cents(sub_total - amount("Discount") + amount("Tax") + amount("Adjustment"));
    invoice.insert("Sub_Total".into(), json!(sub_total));
    invoice.insert("Grand_Total".into(), json!(grand));
    for name in ["Discount", "Tax", "Adjustment"] {
        if invoice.get(name).is_none_or(Value::is_null) {
            invoice.insert(name.into(), json!(0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_right_to_the_cent() {
        let Value::Object(mut invoice) = json!({
            "Invoiced_Items": [
                {"Quantity": 3, "List_Price": 3.35, "Discount": "10%", "Line_Tax": [{"name": "VAT", "percentage": 19}]},
                {"Quantity": 2, "List_Price": 1.005, "Discount": 0}
            ],
            "Adjustment": 4.9, "Discount": 1
        }) else {
            panic!()
        };
        complete(&mut invoice);
        // 10.05 - 1.01 = 9.04, tax 1.72; 2.01.
        assert_eq!(invoice["Invoiced_Items"][0]["Net_Total"], json!(10.76));
        assert_eq!(invoice["Sub_Total"], json!(12.77));
        assert_eq!(invoice["Grand_Total"], json!(16.67));
    }
}

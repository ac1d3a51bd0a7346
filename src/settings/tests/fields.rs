//! Tests of the checks that forms share with the file.

use crate::catalog::Catalog;
use crate::settings::{check_field, crm_address, is_plain_http, web_address};

#[test]
fn fields_are_checked_as_in_the_file() {
    let catalog = Catalog::built_in().unwrap();
    let check =
        |service: &str, field: &str, text: &str| check_field(&catalog, service, field, text);
    for (service, field, text) in [
        ("woocommerce", "app_url", "shop.example.com"),
        ("woocommerce", "app_url", "env:URL"),
        ("woocommerce", "consumer_key", "keep:"),
        ("vtiger", "url", "crm.example.com/vtigercrm"),
        ("vtiger", "access_key", "cmd:pass show vtiger"),
        ("woocommerce", "frequency", "off"),
        ("woocommerce", "sync_from", "30d"),
        ("woocommerce", "name", "Shop 2 (Zürich)"),
        ("woocommerce", "guard_creates", "0"),
        ("", "debug_size", "1 gb"),
    ] {
        assert_eq!(check(service, field, text), Ok(()), "{field} {text}");
    }
    for (service, field, text) in [
        ("woocommerce", "app_url", ""),
        ("woocommerce", "app_url", "https://u:p@shop"),
        ("woocommerce", "app_url", "https://shop?x=1"),
        ("woocommerce", "consumer_key", "a\nb"),
        ("vtiger", "url", "env:URL"),
        ("vtiger", "username", "  "),
        ("woocommerce", "concurrency", "99"),
        ("woocommerce", "guard_changes", "10"),
        ("", "debug_size", "0"),
        ("", "runs", "0d"),
    ] {
        assert!(check(service, field, text).is_err(), "{field} {text}");
    }
}

#[test]
fn addresses_are_completed() {
    for (text, crm) in [
        ("crm.example.com", "https://crm.example.com/webservice.php"),
        ("acme.od2.vtiger.com", "https://acme.od2.vtiger.com/restapi/v1/vtiger/default"),
        ("crm.example.com/restapi/v1", "https://crm.example.com/restapi/v1/vtiger/default"),
        ("https://crm.example.com/", "https://crm.example.com/webservice.php"),
        ("http://h:81/vt/", "http://h:81/vt/webservice.php"),
        ("https://h/vt/index.php", "https://h/vt/webservice.php"),
        ("https://h/vt/webservice.php", "https://h/vt/webservice.php"),
        ("http://h:81/index.php?module=Home&view=DashBoard", "http://h:81/webservice.php"),
        ("h/vt/index.php?module=Contacts&view=List&viewname=7#top", "https://h/vt/webservice.php"),
        ("http://h/vt/?x=1", "http://h/vt/webservice.php"),
        (
            "https://acme.od2.vtiger.com/view/list?module=Home",
            "https://acme.od2.vtiger.com/restapi/v1/vtiger/default",
        ),
    ] {
        assert_eq!(crm_address(text).as_deref(), Ok(crm));
        assert_eq!(crm_address(crm).as_deref(), Ok(crm));
    }
    assert_eq!(web_address(" localhost:8080 ").as_deref(), Ok("https://localhost:8080"));
    assert_eq!(web_address("https://h/shop/").as_deref(), Ok("https://h/shop"));
    assert!(crm_address("https://u:p@h/index.php?module=Home").is_err());
    assert!(crm_address("?module=Home").is_err());
    for bad in ["", "https://", "ftp://h", "a b", "http//x y", "https://h/#a"] {
        assert!(web_address(bad).is_err(), "{bad}");
    }
}

#[test]
fn plain_http_is_told_from_loopback() {
    for plain in ["http://shop", "http://10.0.0.1", "http://localhost.evil.com"] {
        assert!(is_plain_http(plain), "{plain}");
    }
    for fine in ["https://shop", "http://127.0.0.9:1/x", "http://[::1]", "http://a.localhost"] {
        assert!(!is_plain_http(fine), "{fine}");
    }
}

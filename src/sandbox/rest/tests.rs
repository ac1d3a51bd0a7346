use super::*;
use axum::http::HeaderMap;

fn service() -> Rest {
    let world = Arc::new(World::new(3, 360, 1_790_000_000));
    Rest::new(world, Arc::default(), "http://h/rest".into())
}

fn get(service: &Rest, path: &str) -> (u16, Value, Option<String>) {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let reply = service.answer(&Request {
        method: "GET".parse().unwrap(),
        path: format!("/{path}"),
        query: query.to_owned(),
        headers: HeaderMap::new(),
        body: Vec::new(),
    });
    let link = reply.headers.iter().find(|(name, _)| *name == "link").map(|(_, v)| v.clone());
    (reply.status.as_u16(), serde_json::from_str(&reply.body).unwrap(), link)
}

fn ids(value: &Value) -> Vec<u64> {
    value.as_array().unwrap().iter().map(|r| r["id"].as_u64().unwrap()).collect()
}

#[test]
fn every_way_of_paging_shows_all_once() {
    let service = service();
    let want: Vec<u64> = (1..=120).collect();
    let mut seen = Vec::new();
    for page in 1..=3 {
        let (_, answer, _) =
            get(&service, &format!("open/page/flag/customers?page={page}&per_page=90"));
        assert_eq!(answer["pages"], 3, "a page holds fifty at most");
        seen.extend(ids(&answer["data"]));
    }
    assert_eq!(seen, want);
    let mut next = "open/link/flag/customers?limit=50".to_owned();
    let mut seen = Vec::new();
    loop {
        let (_, answer, link) = get(&service, &next);
        seen.extend(ids(&answer));
        let Some(link) = link else { break };
        let (_, rest) = link.rsplit_once("<http://h/rest/").unwrap();
        next = rest.split_once('>').unwrap().0.to_owned();
    }
    assert_eq!(seen, want);
    let (_, answer, _) = get(&service, "open/token/flag/customers?cursor=after-100&limit=50");
    assert_eq!((ids(&answer["data"]).len(), &answer["next"]), (20, &Value::Null));
    let (_, first, _) = get(&service, "open/deaf/flag/customers?page=1");
    assert_eq!(get(&service, "open/deaf/flag/customers?page=2").1, first);
}

#[test]
fn deletions_are_told_in_three_ways() {
    let service = service();
    let now = service.clock.now();
    service.shelf.remove(Table::Contacts, 7, now);
    let at = render::time(now);
    let (_, flagged, _) = get(&service, &format!("open/page/flag/customers?updated_since={at}"));
    assert_eq!((ids(&flagged["data"]), &flagged["data"][0]["state"]), (vec![7], &json!("deleted")));
    let (_, listed, _) =
        get(&service, &format!("open/page/list/deletions?resource=customers&since={at}"));
    assert_eq!(listed["data"][0]["ref"], 7);
    for way in ["list", "absence"] {
        assert_eq!(get(&service, &format!("open/page/{way}/customers/7")).0, 404);
        assert_eq!(get(&service, &format!("open/page/{way}/customers/8")).0, 200);
    }
}

#[test]
fn nobody_reads_without_credentials() {
    let service = service();
    for auth in ["basic", "key", "query", "bearer", "oauth2", "login", "nonsense"] {
        assert_eq!(get(&service, &format!("{auth}/page/flag/customers")).0, 401, "{auth}");
    }
    let key = credentials(3, "")["api_key"].clone();
    assert_eq!(get(&service, &format!("query/page/flag/customers?api_key={key}")).0, 200);
}

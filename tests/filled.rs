//! Objects with every field filled in are no news to the schema rules.

use std::fs;
use std::path::Path;

use kubeready::catalogue;
use kubeready::check::{Request, check};
use kubeready::host::MemHost;
use kubeready::settings::Settings;

#[test]
fn objects_with_every_field_have_no_schema_finding() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/filled");
    let schema: Vec<_> =
        catalogue::rules().filter(|(_, rule)| rule.topic == "schema").map(|(id, _)| id).collect();
    assert!(schema.len() > 5, "{schema:?}");
    let mut objects = 0;
    for entry in fs::read_dir(folder).expect("tests/data/filled") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a text");
        let host = MemHost::with([("objects.yaml", text)]);
        let request = Request { paths: vec!["/".into()], ..Request::default() };
        let report = check(&host, &request, &Settings::only(&schema));
        let messages: Vec<_> = report.findings.iter().map(|f| &f.message).collect();
        assert!(messages.is_empty(), "{}: {messages:#?}", path.display());
        assert!(report.problems.is_empty(), "{}: {:#?}", path.display(), report.problems);
        objects += report.summary.objects;
    }
    assert!(objects >= 20, "{objects} objects");
}

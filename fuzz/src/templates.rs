//! Templates: alone, and as charts that are rendered and judged.

use std::path::Path;
use std::sync::Arc;

use kubeready::host::MemHost;
use kubeready::load::World;
use kubeready::render::helm::{self, Chart};
use kubeready_manifest::source::{SourceId, Span};
use kubeready_manifest::yaml::Tree;
use kubeready_template::{Engine, Limits, Map, Output, Parsed, Text, Val, with_stack};

use crate::chance::{dice, is_turn};
use crate::judged::{every_rule, judge};
use crate::rendered::{self, faults_hold, origins_hold, reads_back};
use crate::repository::{halves, unpacked};

/// What is executed goes far in so many steps, and no run takes seconds.
const LIMITS: Limits = Limits { depth: 200, steps: 50_000, output: 1 << 18 };

const CHART: &[u8] = b"apiVersion: v2\nname: shop\nversion: 1.0.0\nappVersion: '2'\n";

/// A repository with charts ([`crate::repository::unpacked`]); else values and, behind a line `%%%`, the
/// template of a small chart.
pub fn templates(data: &[u8]) {
    let dice = dice(data);
    if let Some(host) = unpacked(data) {
        charts(&host, dice);
        return;
    }
    let (values, template) = halves(data);
    let host = MemHost::with([
        ("shop/Chart.yaml", CHART),
        ("shop/values.yaml", values),
        ("shop/templates/t.yaml", template),
    ]);
    if is_turn(dice, 9, 16) {
        charts(&host, dice);
    } else {
        alone(&host, &String::from_utf8_lossy(template));
    }
}

/// Renders every chart, looks where all of it came from, and judges the repository.
fn charts(host: &MemHost, dice: u64) {
    let loaded = rendered::read(host);
    let world = World::new(Path::new("/"), &loaded);
    for directory in world.charts() {
        let Ok(chart) = Chart::read(&world, directory) else { continue };
        let Some(release) = helm::plain(&world, directory, 35) else { continue };
        let build = helm::render(&chart, &release);
        faults_hold(&build.faults, &loaded);
        let values = build.resources.iter().map(|resource| &resource.value);
        let tree = Tree::rendered(SourceId(loaded.len() as u32), values);
        origins_hold(&tree, &loaded);
        reads_back(&tree);
        for (_, span) in &build.undefined {
            assert!(span.start <= span.end);
        }
    }
    if is_turn(dice, 10, 2) {
        judge(host, every_rule(), dice);
    }
}

/// Executes one template by itself: every byte that it prints knows a place in its own text, or in the
/// values.
fn alone(host: &MemHost, template: &str) {
    const TEMPLATE: SourceId = SourceId(99);
    let Ok(parsed) = Parsed::parse(template, TEMPLATE) else { return };
    let parsed = Arc::new(parsed);
    let loaded = rendered::read(host);
    let world = World::new(Path::new("/"), &loaded);
    let done = with_stack(|| {
        let directory = Path::new("/shop");
        let chart = Chart::read(&world, directory).ok()?;
        let release = helm::plain(&world, directory, 35)?;
        let run = || {
            let (values, _) = helm::values(&chart, &release);
            let dot = Map::new();
            dot.set("Values", Val::map(values));
            let mut engine = Engine::new(LIMITS);
            engine.add("t.yaml", Arc::clone(&parsed), Text::plain(template));
            engine.execute("t.yaml", Val::map(dot))
        };
        let (first, second) = (run(), run());
        let holds = |span: Span| match span.source {
            TEMPLATE => template.get(span.start as usize..span.end as usize).is_some(),
            source => kubeready::load::by_source(&loaded, source)
                .is_some_and(|f| f.text().get(span.start as usize..span.end as usize).is_some()),
        };
        match (first, second) {
            (Ok(first), Ok(second)) => {
                assert_eq!(first.text.as_str(), second.text.as_str(), "printed twice");
                sound(&first, &holds);
            }
            (Err(first), Err(second)) => {
                assert_eq!(first.message, second.message, "failed twice");
                assert!(first.at.is_none_or(holds), "{first:?} is outside of the text");
            }
            (first, second) => panic!("{first:?}, then {second:?}"),
        }
        Some(())
    });
    done.expect("a stack");
}

fn sound(output: &Output, holds: &dyn Fn(Span) -> bool) {
    let text = output.text.as_str();
    let mut end = 0;
    for (range, origin) in output.text.runs() {
        assert!(range.start >= end && text.get(range.clone()).is_some(), "{range:?} {origin:?}");
        end = range.end;
        let spans = origin.value.iter().map(|value| value.span).chain(origin.template);
        for span in spans {
            assert!(holds(span), "{origin:?} is outside of its text");
        }
    }
    for offer in &output.offers {
        assert!(offer.at <= text.len(), "{offer:?} is behind the end");
    }
}

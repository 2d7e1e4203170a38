//! Every recorded case that has a binding comes out as TensorFlow recorded it, in the areas where that is so: `layers`
//! has cases to come.

use std::path::Path;

use gradus_conformance::area;
use gradus_conformance::golden::GoldenSet;
use gradus_conformance::registry::Area;
use gradus_conformance::runner::{Tally, Verdict, judge};

fn run(area: Area) -> Tally {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let set = GoldenSet::read(&directory, area).unwrap();
    let registry = area::registry();
    let mut tally = Tally::default();
    let mut lines = Vec::new();
    for case in &set.cases {
        let verdict = judge(&registry, case);
        tally.count(&verdict);
        if let Verdict::Failed(differences) = verdict {
            lines.extend(differences.iter().map(|d| format!("{} ({}): {d}", case.name(), case.op())));
        }
    }
    assert!(lines.is_empty(), "{area}: {tally}\n{}", lines.join("\n"));
    assert_eq!(tally.passed + tally.not_implemented, set.cases.len());
    tally
}

macro_rules! areas {
    ($($name:ident => $area:ident),* $(,)?) => {$(
        #[test]
        fn $name() {
            println!("{}: {}", Area::$area, run(Area::$area));
        }
    )*};
}

areas! {
    tensor_ops => TensorOps,
    gradients => Gradients,
    initializers => Initializers,
    losses_metrics => LossesMetrics,
    optimizers => Optimizers,
    models => Models,
    structures => Structures,
    pipelines => TfData,
    image => Image,
}

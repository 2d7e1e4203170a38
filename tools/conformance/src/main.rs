//! `gradus-conformance [AREA...]`: runs golden cases and reports.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use gradus_conformance::golden::GoldenSet;
use gradus_conformance::runner::{Tally, Verdict, judge};
use gradus_conformance::{Area, area};

/// Runs cases recorded from TensorFlow and Keras against Gradus.
///
/// Exit status 0 when nothing failed (with --strict: and nothing is unimplemented).
#[derive(Parser)]
struct Arguments {
    /// Areas to run; all when none is named.
    #[arg(value_name = "AREA", value_parser = parse_area)]
    areas: Vec<Area>,
    /// Directory with <area>.json and <area>.safetensors.
    #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/golden"))]
    golden: PathBuf,
    /// Run only cases whose name or operation contains this text.
    #[arg(long, value_name = "TEXT")]
    case: Option<String>,
    /// Name every case, and every operation that is not implemented.
    #[arg(long)]
    verbose: bool,
    /// Count what is not implemented as failed.
    #[arg(long)]
    strict: bool,
}

fn parse_area(name: &str) -> Result<Area, String> {
    Area::from_name(name).ok_or_else(|| {
        let names: Vec<_> = Area::ALL.iter().map(|a| a.name()).collect();
        format!("no such area; there are {}", names.join(", "))
    })
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // A panic is one line of the report, not a backtrace between two cases.
    std::panic::set_hook(Box::new(|_| {}));
    let registry = area::registry();
    let areas = if arguments.areas.is_empty() { Area::ALL.to_vec() } else { arguments.areas.clone() };
    let mut total = Tally::default();
    for area in areas {
        let set = match GoldenSet::read(&arguments.golden, area) {
            Ok(set) => set,
            Err(message) => {
                eprintln!("{message}");
                return ExitCode::FAILURE;
            }
        };
        let mut tally = Tally::default();
        let mut missing = BTreeMap::<String, usize>::new();
        for case in &set.cases {
            let wanted =
                |text: &String| case.name().contains(text.as_str()) || case.op().contains(text.as_str());
            if !arguments.case.as_ref().is_none_or(wanted) {
                continue;
            }
            let verdict = judge(&registry, case);
            tally.count(&verdict);
            match verdict {
                Verdict::Passed if arguments.verbose => println!("{area}/{}: passed", case.name()),
                Verdict::Passed => {}
                Verdict::Failed(lines) => {
                    for line in lines {
                        println!("{area}/{} ({}): {line}", case.name(), case.op());
                    }
                }
                Verdict::NotImplemented(what) => *missing.entry(what).or_default() += 1,
            }
        }
        if arguments.verbose && !missing.is_empty() {
            let list: Vec<_> = missing.iter().map(|(what, n)| format!("{what} ({n})")).collect();
            println!("{area}: not implemented: {}", list.join(", "));
        }
        println!("{area}: {tally}");
        total.add(tally);
    }
    println!("total: {total}");
    if total.failed > 0 || (arguments.strict && total.not_implemented > 0) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
